/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about the schedule of a kdamond: that it lets itself be put off by nothing,
 * and what becomes of results when it has been.
 */

/* what an operations set waits for does not concern others */

static struct completion init_may_end;
static atomic_t nr_in_init;

static void wait_in_init(struct damon_ctx *ctx)
{
	atomic_inc(&nr_in_init);
	while (!kthread_should_stop() && !completion_done(&init_may_end))
		schedule_timeout_idle(1);
	atomic_dec(&nr_in_init);
	fake_init(ctx);
}

static void start_waits_for_nobody(struct kunit *test)
{
	struct damon_ctx *stuck = new_ctx(test), *other = new_ctx(test);
	struct job *job;

	init_completion(&init_may_end);
	atomic_set(&nr_in_init, 0);
	stuck->ops.init = wait_in_init;
	add_space(test, stuck, 0, 300);
	add_space(test, other, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, stuck), 0);
	wait_until(test, atomic_read(&nr_in_init) == 1);
	KUNIT_EXPECT_EQ(test, start(test, other), 0);
	KUNIT_EXPECT_EQ(test, call(test, other, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, stop(test, other), 0);
	/* it can be ended, and then has called nothing */
	job = begin_call(test, stuck, do_nothing, NULL);
	wait_until(test, nr_queued(stuck) == 1);
	KUNIT_EXPECT_EQ(test, stop(test, stuck), 0);
	KUNIT_EXPECT_EQ(test, finish(test, job), -ECANCELED);

	/* otherwise requests wait until it is ready */
	atomic_set(&fake.nr_prepares, 0);
	add_space(test, stuck, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, stuck), 0);
	job = begin_call(test, stuck, do_nothing, NULL);
	wait_until(test, nr_queued(stuck) == 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_prepares), 0);
	complete_all(&init_may_end);
	KUNIT_EXPECT_EQ(test, finish(test, job), 0);
}

/* requests */

static void free_slowly(struct damon_target *t)
{
	msleep(50);
	fake_cleanup(t);
}

/* Who finds that a context has ended may start it again, or take its targets. */
static void refused_means_stopped(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_call_control repeat = { .fn = do_nothing, .repeat = true };
	unsigned int i;

	ctx->ops.cleanup_target = free_slowly;
	for (i = 0; i < 4; i++) {
		add_space(test, ctx, 0, 300);
		/* from the beginning, or later */
		WRITE_ONCE(fake.invalid, i % 2);
		KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
		WRITE_ONCE(fake.invalid, true);
		if (i / 2) {
			while (!damon_call(ctx, &repeat)) {
				wait_until(test, READ_ONCE(repeat.canceled));
				repeat.canceled = false;
			}
		} else {
			while (!call(test, ctx, do_nothing, NULL))
				;
		}
		KUNIT_EXPECT_FALSE(test, damon_is_running(ctx));
		KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	}
}

static bool callers_go_on;

static int take_a_while(void *data)
{
	fsleep(2000);
	return 0;
}

static int run_calls(struct job *job)
{
	int ret = 0;

	while (READ_ONCE(callers_go_on) && !ret) {
		struct damon_call_control control = { .fn = take_a_while };

		ret = damon_call(job->ctx, &control);
	}
	return ret;
}

/* Several who call again and again, so that there is always somebody who waits. */
static void calls_put_off_nothing(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct job *jobs[4];
	unsigned int i;
	int nr;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	WRITE_ONCE(callers_go_on, true);
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = new_job(test, ctx, run_calls);
		begin(test, jobs[i]);
	}
	nr = atomic_read(&fake.nr_checks);
	wait_until(test, atomic_read(&fake.nr_checks) > nr + 100);
	WRITE_ONCE(callers_go_on, false);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		KUNIT_EXPECT_EQ(test, finish(test, jobs[i]), 0);
}

/* breaks */

static int look_old(void *data)
{
	struct damon_ctx *ctx = data;

	damon_first_region(nth_target(ctx, 0))->age = 1000;
	set_always_off(list_first_entry(&ctx->schemes, struct damos, list),
		       3600 * USEC_PER_SEC);
	return 0;
}

static int get_age(void *data)
{
	return damon_first_region(nth_target(data, 0))->age;
}

/* While watermarks keep a context off, nobody knows what becomes cold. */
static void breaks_end_ages(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct job *job;

	change_attrs(test, ctx, 1000, 3600 * USEC_PER_SEC);
	add_space(test, ctx, 0, 300);
	add_scheme(test, ctx, DAMOS_STAT);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_ASSERT_EQ(test, call(test, ctx, look_old, ctx), 0);
	/* that it is canceled shows that the break has begun */
	KUNIT_EXPECT_EQ(test, walk_nothing(test, ctx), -ECANCELED);
	KUNIT_ASSERT_EQ(test, call(test, ctx, switch_on, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_prepares) > 1);
	job = begin_call(test, ctx, get_age, ctx);
	KUNIT_EXPECT_EQ(test, finish(test, job), 0);
	KUNIT_EXPECT_EQ(test, job->call.return_code, 0);
}

/* What a commit has left half changed is not looked at, not even at the end of a pause. */
static void damage_is_left_alone(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, DAMOS_STAT);
	u64 next;

	s->apply_interval_us = 3600 * USEC_PER_SEC;
	damon_add_scheme(ctx, s);
	add_space(test, ctx, 0, 300);
	ctx->pause = true;
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_ASSERT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	next = READ_ONCE(s->next_apply_ns);
	fsleep(2000);
	KUNIT_EXPECT_EQ(test, call(test, ctx, mark_corrupted, ctx), 0);
	wait_until(test, !damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, s->next_apply_ns, next);
}

/* sleeping and sampling */

static unsigned int slow_check(struct damon_ctx *ctx)
{
	mdelay(3);
	return fake_check(ctx);
}

/*
 * Who waits for all tasks to have slept, as tracing and BPF do, must not wait for ever,
 * though samples take longer than the interval.
 */
static void sleeps_when_overloaded(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct task_struct *task;
	unsigned long nr_slept;
	int nr;

	ctx->ops.check_accesses = slow_check;
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	task = find_kdamond(ctx);
	KUNIT_ASSERT_NOT_NULL(test, task);
	wait_until(test, atomic_read(&fake.nr_checks) > 3);
	nr = atomic_read(&fake.nr_checks);
	nr_slept = READ_ONCE(task->nvcsw);
	wait_until(test, atomic_read(&fake.nr_checks) > nr + 20);
	KUNIT_EXPECT_GE(test, READ_ONCE(task->nvcsw), nr_slept + 10);
	put_task_struct(task);
	synchronize_rcu_tasks();
}

/* A kdamond that waits for its next interval is no load of the machine. */
static void sleeps_are_no_load(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct task_struct *task;

	change_attrs(test, ctx, 3600 * USEC_PER_SEC, 3600 * USEC_PER_SEC);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	task = find_kdamond(ctx);
	KUNIT_ASSERT_NOT_NULL(test, task);
	wait_until(test, atomic_read(&fake.nr_prepares));
	/* as all that are idle */
	wait_until(test, (READ_ONCE(task->__state) & TASK_IDLE) == TASK_IDLE);
	put_task_struct(task);
}

/* A deadline that no ktime_t can hold is never, and not long ago. */
static void longest_interval_is_never(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	change_attrs(test, ctx, ULONG_MAX, ULONG_MAX);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_prepares));
	fsleep(20000);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_checks), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_checks), 0);
}

static u64 sample_begun, shortest_sample;
static unsigned int nr_overlong;
static bool pass_was_long;

static void prepare_noted(struct damon_ctx *ctx)
{
	struct damon_region *r;

	damon_for_each_region(r, nth_target(ctx, 0))
		if (pass_was_long && damon_sample_pending(r))
			nr_overlong++;
	pass_was_long = false;
	sample_begun = ktime_get_ns();
	damon_note_samples(ctx);
	fake_prepare(ctx);
}

/* The next samples are begun at once. */
static unsigned int check_and_arm(struct damon_ctx *ctx)
{
	shortest_sample = min(shortest_sample, ktime_get_ns() - sample_begun);
	fake_check(ctx);
	fake_prepare(ctx);
	return 0;
}

static unsigned long apply_for_long(struct damon_ctx *ctx, struct damon_target *t,
				    struct damon_region *r, struct damos *s,
				    unsigned long *sz_filter_passed)
{
	if (r != damon_first_region(t))
		return 0;
	if (s->stat.nr_snapshots % 2) {
		pass_was_long = true;
		fsleep(12000);
	} else {
		/* nearly an interval */
		fsleep(9500);
	}
	return 0;
}

/* Whatever comes between, a sample lasts an interval, or is none. */
static void samples_last_an_interval(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	ctx->ops.prepare_access_checks = prepare_noted;
	ctx->ops.check_accesses = check_and_arm;
	ctx->ops.apply_scheme = apply_for_long;
	change_attrs(test, ctx, 10000, 20000);
	add_space(test, ctx, 0, 300);
	add_scheme(test, ctx, DAMOS_STAT);
	shortest_sample = U64_MAX;
	nr_overlong = 0;
	pass_was_long = false;
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_checks) > 30);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	/* as exactly as the timer is */
	KUNIT_EXPECT_GE(test, shortest_sample, 10000 * NSEC_PER_USEC / 64 * 63);
	KUNIT_EXPECT_EQ(test, nr_overlong, 0);
}
