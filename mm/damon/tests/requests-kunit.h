/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about requests to kdamonds: damon_call() and damos_walk(), in every
 * state that a context can be in.
 */

/* What a called function leaves behind. */
struct call_log {
	struct damon_ctx *ctx;
	struct task_struct *task;
	struct completion begun;
	struct completion go_on;
	atomic_t nr;
	int order[8];
	int ret;
};

static void init_call_log(struct call_log *log, struct damon_ctx *ctx)
{
	memset(log, 0, sizeof(*log));
	log->ctx = ctx;
	init_completion(&log->begun);
	init_completion(&log->go_on);
}

static struct call_log *new_call_log(struct kunit *test, struct damon_ctx *ctx)
{
	struct call_log *log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, log);
	init_call_log(log, ctx);
	return log;
}

static int note_call(void *data)
{
	struct call_log *log = data;

	log->task = current;
	atomic_inc(&log->nr);
	return log->ret;
}

static void call_runs_in_kdamond(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	struct job *job;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	log->ret = -ENODATA;
	job = begin_call(test, ctx, note_call, log);
	KUNIT_EXPECT_EQ(test, finish(test, job), 0);
	KUNIT_EXPECT_EQ(test, job->call.return_code, -ENODATA);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->nr), 1);
	KUNIT_EXPECT_EQ(test, task_pid_nr(log->task), damon_kdamond_pid(ctx));
	/* what it returns does not matter to the kdamond */
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, call(test, ctx, note_call, log), 0);
}

static void call_needs_running(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	struct damon_call_control repeat = {
		.fn = note_call, .data = log, .repeat = true,
	};

	KUNIT_EXPECT_EQ(test, call(test, ctx, note_call, log), -ECANCELED);
	KUNIT_EXPECT_EQ(test, damon_call(ctx, &repeat), -ECANCELED);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, note_call, log), -ECANCELED);
	KUNIT_EXPECT_EQ(test, damon_call(ctx, &repeat), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->nr), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->calls));

	/* what was refused is not run later */
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->nr), 0);
}

static int wait_in_call(void *data)
{
	struct call_log *log = data;

	complete(&log->begun);
	wait_for_completion_timeout(&log->go_on, msecs_to_jiffies(PATIENCE_MS));
	return 0;
}

static unsigned int nr_queued(struct damon_ctx *ctx)
{
	guard(mutex)(&ctx->lock);
	return list_count_nodes(&ctx->calls);
}

struct ordered_call {
	struct call_log *log;
	int id;
};

static int note_order(void *data)
{
	struct ordered_call *call = data;
	int nth = atomic_inc_return(&call->log->nr);

	if (nth <= ARRAY_SIZE(call->log->order))
		call->log->order[nth - 1] = call->id;
	return 0;
}

static void call_in_order(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	struct ordered_call *calls;
	struct job *jobs[5], *first;
	int i;

	calls = kunit_kcalloc(test, 5, sizeof(*calls), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, calls);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	first = begin_call(test, ctx, wait_in_call, log);
	wait_until(test, completion_done(&log->begun));
	for (i = 0; i < 5; i++) {
		calls[i].log = log;
		calls[i].id = i;
		jobs[i] = begin_call(test, ctx, note_order, &calls[i]);
		wait_until(test, nr_queued(ctx) == i + 1);
	}
	complete(&log->go_on);
	KUNIT_EXPECT_EQ(test, finish(test, first), 0);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, finish(test, jobs[i]), 0);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, log->order[i], i);
}

struct call_counts {
	struct call_log *logs[3];
	int nr[3];
};

/* In the kdamond, so that no turn comes in between. */
static int read_counts(void *data)
{
	struct call_counts *counts = data;
	int i;

	for (i = 0; i < 3; i++)
		counts->nr[i] = atomic_read(&counts->logs[i]->nr);
	return 0;
}

static void call_repeated(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_call_control controls[3] = {};
	struct call_counts counts;
	struct call_log **logs = counts.logs;
	int i, nr;

	for (i = 0; i < 3; i++) {
		logs[i] = new_call_log(test, ctx);
		logs[i]->ret = -i;
		controls[i].fn = note_call;
		controls[i].data = logs[i];
		controls[i].repeat = true;
	}
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, damon_call(ctx, &controls[i]), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, read_counts, &counts), 0);
	for (i = 0; i < 3; i++)
		wait_until(test, atomic_read(&logs[i]->nr) >= 10);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);

	nr = atomic_read(&logs[0]->nr) - counts.nr[0];
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, controls[i].canceled);
		KUNIT_EXPECT_EQ(test, controls[i].return_code, -i);
		/* all of them once per turn */
		KUNIT_EXPECT_EQ(test, atomic_read(&logs[i]->nr) - counts.nr[i], nr);
	}
	/* once per sample, not more often */
	KUNIT_EXPECT_LE(test, atomic_read(&logs[0]->nr),
			atomic_read(&fake.nr_checks));
}

/* Others that are served in between do not make a repeated call run more often. */
static void call_repeated_once_per_sample(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	struct damon_call_control repeat = {
		.fn = note_call, .data = log, .repeat = true,
	};
	int i;

	change_attrs(test, ctx, 3600 * USEC_PER_SEC, 3600 * USEC_PER_SEC);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, damon_call(ctx, &repeat), 0);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->nr), 0);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_TRUE(test, repeat.canceled);
}

/* The kdamond frees the control when it ends; kmemleak and KASAN watch. */
static void call_freed_on_cancel(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	int i;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	for (i = 0; i < 3; i++) {
		struct damon_call_control *control = kzalloc_obj(*control);

		KUNIT_ASSERT_NOT_NULL(test, control);
		control->fn = note_call;
		control->data = log;
		control->repeat = true;
		control->dealloc_on_cancel = true;
		KUNIT_EXPECT_EQ(test, damon_call(ctx, control), 0);
	}
	wait_until(test, atomic_read(&log->nr) >= 9);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->calls));
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->repeated));
}

struct nested_call {
	struct damon_call_control control;
	struct call_log *log;
	int ret;
};

static int call_again(void *data)
{
	struct nested_call *nested = data;

	nested->ret = damon_call(nested->log->ctx, &nested->control);
	return 0;
}

static void call_from_call(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct nested_call nested = { .log = new_call_log(test, ctx) };

	nested.control.fn = note_call;
	nested.control.data = nested.log;
	nested.control.repeat = true;
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, call_again, &nested), 0);
	KUNIT_EXPECT_EQ(test, nested.ret, 0);
	wait_until(test, atomic_read(&nested.log->nr) >= 3);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_TRUE(test, nested.control.canceled);
}

/* Nobody waits for the end of a long sampling interval. */
static void call_served_promptly(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	ktime_t begin;
	int i;

	change_attrs(test, ctx, 3600 * USEC_PER_SEC, 3600 * USEC_PER_SEC);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	begin = ktime_get();
	for (i = 0; i < 50; i++)
		KUNIT_ASSERT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), begin), PATIENCE_MS / 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_checks), 0);
}

static int set_pause(void *data)
{
	struct damon_ctx *ctx = data;

	ctx->pause = true;
	return 0;
}

static int end_pause(void *data)
{
	struct damon_ctx *ctx = data;

	ctx->pause = false;
	return 0;
}

static int walk_nothing(struct kunit *test, struct damon_ctx *ctx);

static void pause_and_resume(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	struct call_log *log = new_call_log(test, ctx);
	struct damon_call_control repeat = {
		.fn = note_call, .data = log, .repeat = true,
	};
	unsigned long nr_tried;
	int nr_checks, nr;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_ASSERT_EQ(test, damon_call(ctx, &repeat), 0);
	KUNIT_ASSERT_EQ(test, call(test, ctx, set_pause, ctx), 0);
	/* that a walk is canceled shows that the pause has begun */
	KUNIT_EXPECT_EQ(test, walk_nothing(test, ctx), -ECANCELED);
	nr_checks = atomic_read(&fake.nr_checks);
	nr_tried = READ_ONCE(s->stat.nr_tried);
	nr = atomic_read(&log->nr);
	/* requests are served meanwhile, also the repeated ones */
	wait_until(test, atomic_read(&log->nr) > nr + 10);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_checks), nr_checks);
	KUNIT_EXPECT_EQ(test, READ_ONCE(s->stat.nr_tried), nr_tried);
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctx));

	KUNIT_ASSERT_EQ(test, call(test, ctx, end_pause, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_checks) > nr_checks + 10);
	wait_until(test, READ_ONCE(s->stat.nr_tried) > nr_tried);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
}

static void start_paused(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	ctx->pause = true;
	change_attrs(test, ctx, 3600 * USEC_PER_SEC, 3600 * USEC_PER_SEC);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_prepares), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, end_pause, ctx), 0);
	/* resumed at once, not at the end of the interval */
	wait_until(test, atomic_read(&fake.nr_prepares));
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
}

/* Requests of several kinds while somebody stops the kdamond. */
static void call_races_with_stop(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	unsigned int i, j, nr_done = 0;

	for (i = 0; i < 60; i++) {
		struct job *jobs[3];

		add_space(test, ctx, 0, 300);
		KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
		for (j = 0; j < 3; j++)
			jobs[j] = begin_call(test, ctx, note_call, log);
		if (i % 3)
			fsleep(i % 3 * 100);
		KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
		for (j = 0; j < 3; j++) {
			int ret = finish(test, jobs[j]);

			KUNIT_EXPECT_TRUE(test, !ret || ret == -ECANCELED);
			nr_done += !ret;
		}
		/* those, and only those, have been run */
		KUNIT_ASSERT_EQ(test, atomic_read(&log->nr), nr_done);
		KUNIT_ASSERT_TRUE(test, list_empty(&ctx->calls));
	}
}

static void call_races_with_end(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	unsigned int i, j, nr_done = 0;

	for (i = 0; i < 60; i++) {
		struct job *jobs[3];

		WRITE_ONCE(fake.invalid, false);
		add_space(test, ctx, 0, 300);
		KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
		for (j = 0; j < 3; j++) {
			jobs[j] = begin_call(test, ctx, note_call, log);
			if (j == i % 3)
				WRITE_ONCE(fake.invalid, true);
		}
		for (j = 0; j < 3; j++)
			nr_done += !finish(test, jobs[j]);
		wait_until(test, !damon_is_running(ctx));
		KUNIT_ASSERT_EQ(test, atomic_read(&log->nr), nr_done);
	}
}

/* walks */

struct walk_log {
	struct damon_ctx *ctx;
	unsigned long sz[2];		/* per scheme */
	unsigned int nr[2];
	struct damon_target *t;
	unsigned long passed;
	unsigned long pos;		/* end of the last region */
	bool unordered;
	bool other_ctx;
	bool other_task;
};

static void note_walk(void *data, struct damon_ctx *ctx, struct damon_target *t,
		      struct damon_region *r, struct damos *s,
		      unsigned long sz_filter_passed)
{
	struct walk_log *log = data;
	unsigned int i = !list_is_first(&s->list, &ctx->schemes);

	log->nr[i]++;
	log->sz[i] += damon_sz_region(r);
	log->passed += sz_filter_passed;
	log->other_ctx |= ctx != log->ctx;
	log->other_task |= ctx->kdamond != current;
	if (!i) {
		log->unordered |= log->t == t && log->pos > r->ar.start;
		log->t = t;
		log->pos = r->ar.end;
	}
}

static struct walk_log *new_walk_log(struct kunit *test, struct damon_ctx *ctx)
{
	struct walk_log *log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, log);
	log->ctx = ctx;
	return log;
}

static struct job *begin_walk(struct kunit *test, struct damon_ctx *ctx,
			      struct walk_log *log)
{
	struct job *job = new_job(test, ctx, run_walk);

	job->walk.walk_fn = note_walk;
	job->walk.data = log;
	begin(test, job);
	return job;
}

static int walk_nothing(struct kunit *test, struct damon_ctx *ctx)
{
	return finish(test, begin_walk(test, ctx, new_walk_log(test, ctx)));
}

static void walk_complete(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *slow = new_scheme(test, DAMOS_STAT);
	unsigned int i;

	add_scheme(test, ctx, DAMOS_STAT);
	slow->apply_interval_us = 35000;
	damon_add_scheme(ctx, slow);
	add_space(test, ctx, 0, 3000);
	add_space(test, ctx, 1000, 1500);
	fake.passed_percent = 100;
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	for (i = 0; i < 10; i++) {
		struct walk_log *log = new_walk_log(test, ctx);

		KUNIT_ASSERT_EQ(test, finish(test, begin_walk(test, ctx, log)), 0);
		/* one pass of each: everything, once */
		KUNIT_EXPECT_EQ(test, log->sz[0], 3500);
		KUNIT_EXPECT_EQ(test, log->sz[1], 3500);
		KUNIT_EXPECT_EQ(test, log->passed, 7000);
		KUNIT_EXPECT_GE(test, log->nr[0], 2);
		KUNIT_EXPECT_FALSE(test, log->unordered);
		KUNIT_EXPECT_FALSE(test, log->other_ctx);
		KUNIT_EXPECT_FALSE(test, log->other_task);
	}
}

/* Only what a scheme is applied to is shown. */
static void walk_shows_tried(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	struct walk_log *log = new_walk_log(test, ctx);

	s->pattern.min_nr_accesses = 1;
	add_space(test, ctx, 0, 3000);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, finish(test, begin_walk(test, ctx, log)), 0);
	KUNIT_EXPECT_EQ(test, log->nr[0], 0);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 0);
}

static bool walk_installed(struct damon_ctx *ctx)
{
	guard(mutex)(&ctx->walk_lock);
	return ctx->walk;
}

/* A context whose second scheme is not due for an hour. */
static struct damon_ctx *start_slow_walks(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *slow = new_scheme(test, DAMOS_STAT);

	add_scheme(test, ctx, DAMOS_STAT);
	slow->apply_interval_us = 3600 * USEC_PER_SEC;
	damon_add_scheme(ctx, slow);
	add_space(test, ctx, 0, 3000);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	return ctx;
}

static void walk_one_at_a_time(struct kunit *test)
{
	struct damon_ctx *ctx = start_slow_walks(test);
	struct job *job = begin_walk(test, ctx, new_walk_log(test, ctx));

	wait_until(test, walk_installed(ctx));
	KUNIT_EXPECT_EQ(test, walk_nothing(test, ctx), -EBUSY);
	KUNIT_EXPECT_TRUE(test, walk_installed(ctx));
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, finish(test, job), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, walk_installed(ctx));
}

static void walk_needs_schemes(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	KUNIT_EXPECT_EQ(test, walk_nothing(test, ctx), -ECANCELED);
	add_space(test, ctx, 0, 3000);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, walk_nothing(test, ctx), -ECANCELED);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, walk_nothing(test, ctx), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, walk_installed(ctx));
}

static int make_slow_fast(void *data)
{
	struct damon_ctx *ctx = data;
	struct damos *s = list_last_entry(&ctx->schemes, struct damos, list);

	s->apply_interval_us = 1000;
	s->next_apply_ns = ctx->now;
	ctx->pause = false;
	return 0;
}

/* What a canceled walk has seen must not be left out of the next one. */
static void walk_starts_over(struct kunit *test)
{
	struct damon_ctx *ctx = start_slow_walks(test);
	struct walk_log *log = new_walk_log(test, ctx);
	struct job *job = begin_walk(test, ctx, log);

	wait_until(test, READ_ONCE(log->sz[0]) >= 3000);
	KUNIT_EXPECT_EQ(test, call(test, ctx, set_pause, ctx), 0);
	KUNIT_EXPECT_EQ(test, finish(test, job), -ECANCELED);
	KUNIT_EXPECT_EQ(test, log->sz[0], 3000);
	KUNIT_EXPECT_EQ(test, log->sz[1], 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, make_slow_fast, ctx), 0);

	log = new_walk_log(test, ctx);
	KUNIT_EXPECT_EQ(test, finish(test, begin_walk(test, ctx, log)), 0);
	KUNIT_EXPECT_EQ(test, log->sz[0], 3000);
	KUNIT_EXPECT_EQ(test, log->sz[1], 3000);
}

static void walk_races_with_stop(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int i;

	add_scheme(test, ctx, DAMOS_STAT);
	for (i = 0; i < 60; i++) {
		struct walk_log *log = new_walk_log(test, ctx);
		struct job *job;
		int ret;

		add_space(test, ctx, 0, 3000);
		KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
		job = begin_walk(test, ctx, log);
		if (i % 4)
			fsleep(i % 4 * 4000);
		KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
		ret = finish(test, job);
		KUNIT_EXPECT_TRUE(test, !ret || ret == -ECANCELED);
		KUNIT_EXPECT_EQ(test, log->sz[0], ret ? 0 : 3000);
		KUNIT_ASSERT_FALSE(test, walk_installed(ctx));
	}
}
