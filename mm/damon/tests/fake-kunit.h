/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture of the suite "damon": an address space without memory behind it, in
 * which an oracle says what each sample finds out, and bounded waiting.
 *
 * Cases run one after another and share the state below, which is cleared
 * before each of them.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "../looking.h"

/* How long anything may take in the slowest of guests. */
#define PATIENCE_MS	20000

#define NR_LOGGED	256

/* What an action was carried out on. */
struct fake_action {
	struct damon_target *t;
	struct damos *s;
	struct damon_addr_range ar;
};

static struct {
	/* what a sample at an address says; NULL: nothing is ever accessed */
	enum damon_answer (*oracle)(unsigned long addr);
	unsigned long nth_sample;	/* of all that there were, for oracles */
	bool invalid;			/* no target is valid */
	struct damon_target *invalid_target;
	unsigned int applied_percent;	/* what an action succeeds on */
	unsigned int passed_percent;	/* what passes filters in it */
	unsigned int apply_us;		/* time that an action takes */

	atomic_t nr_inits;
	atomic_t nr_updates;
	atomic_t nr_prepares;
	atomic_t nr_checks;
	atomic_t nr_cleanups;
	bool prepared_before_init;

	struct fake_action log[NR_LOGGED];
	unsigned int nr_actions;	/* also those beyond the log */
	unsigned long sz_actions;
} fake;

static int nr_running_before;

/* the operations set */

static void fake_init(struct damon_ctx *ctx)
{
	atomic_inc(&fake.nr_inits);
}

static void fake_update(struct damon_ctx *ctx)
{
	atomic_inc(&fake.nr_updates);
}

/* Each region has a sample in each interval. */
static void fake_prepare(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	if (!atomic_read(&fake.nr_inits))
		fake.prepared_before_init = true;
	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			if (!damon_sample_pending(r))
				r->sampling_addr = damon_rand(ctx, r->ar.start,
							      r->ar.end);
	atomic_inc(&fake.nr_prepares);
}

static enum damon_answer fake_answer(enum damon_answer (*oracle)(unsigned long addr),
				     unsigned long addr)
{
	return oracle ? oracle(addr) : DAMON_NOT_ACCESSED;
}

static unsigned int fake_check(struct damon_ctx *ctx)
{
	enum damon_answer (*oracle)(unsigned long addr) = READ_ONCE(fake.oracle);
	struct damon_looks looks;
	struct damon_target *t;
	struct damon_region *r;
	struct damon_spot *spot;

	damon_looks_begin(&looks, ctx);
	looks.all = true;
	damon_for_each_target(t, ctx) {
		damon_begin_suspects(t, looks.turn);
		while ((spot = damon_next_suspect(t, ULONG_MAX)))
			damon_look_again(t, spot, fake_answer(oracle, spot->addr));
		damon_for_each_region(r, t) {
			if (!damon_sample_pending(r))
				continue;
			damon_look_count(&looks, t, r, fake_answer(oracle, r->sampling_addr));
			r->sampling_addr = DAMON_NO_SAMPLE;
		}
	}
	fake.nth_sample++;
	atomic_inc(&fake.nr_checks);
	return 0;
}

/* A page that is known to differ from its region. */
static void note_spot(struct damon_target *t, unsigned long addr, bool hot)
{
	struct damon_spot spot = { .addr = addr, .hot = hot };

	damon_note_spot(t, &spot);
}

static unsigned long fake_apply(struct damon_ctx *ctx, struct damon_target *t,
				struct damon_region *r, struct damos *s,
				unsigned long *sz_filter_passed)
{
	unsigned long sz = damon_sz_region(r);

	if (fake.nr_actions < NR_LOGGED) {
		fake.log[fake.nr_actions].t = t;
		fake.log[fake.nr_actions].s = s;
		fake.log[fake.nr_actions].ar = r->ar;
	}
	fake.nr_actions++;
	fake.sz_actions += sz;
	if (fake.apply_us)
		fsleep(fake.apply_us);
	*sz_filter_passed += sz * fake.passed_percent / 100;
	return sz * fake.applied_percent / 100;
}

static bool fake_target_valid(struct damon_target *t)
{
	return !READ_ONCE(fake.invalid) && t != READ_ONCE(fake.invalid_target);
}

static void fake_cleanup(struct damon_target *t)
{
	put_pid(t->pid);
	t->pid = NULL;
	atomic_inc(&fake.nr_cleanups);
}

static const struct damon_operations fake_ops = {
	.id = DAMON_OPS_PADDR,
	.init = fake_init,
	.update = fake_update,
	.prepare_access_checks = fake_prepare,
	.check_accesses = fake_check,
	.apply_scheme = fake_apply,
	.target_valid = fake_target_valid,
	.cleanup_target = fake_cleanup,
};

/* oracles */

static enum damon_answer always_accessed(unsigned long addr)
{
	return DAMON_ACCESSED;
}

static enum damon_answer never_known(unsigned long addr)
{
	return DAMON_UNKNOWN;
}

/* waiting */

#define wait_until(test, cond)						\
do {									\
	ktime_t give_up = ktime_add_ms(ktime_get(), PATIENCE_MS);	\
	bool holds;							\
									\
	while (!(holds = (cond)) && ktime_before(ktime_get(), give_up))	\
		fsleep(500);						\
	KUNIT_ASSERT_TRUE_MSG(test, holds, "still not: %s", #cond);	\
} while (0)

/*
 * Something that may block for ever if it is broken, done by somebody else.
 * What it needs is in here, and is left alone if it never ends.
 */
struct job {
	struct work_struct work;
	struct completion done;
	int (*run)(struct job *job);
	struct damon_ctx *ctx;
	struct damon_call_control call;
	struct damos_walk_control walk;
	bool exclusive;
	int ret;
};

static void do_job(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	job->ret = job->run(job);
	complete_all(&job->done);
}

static void queue_job(struct job *job)
{
	init_completion(&job->done);
	INIT_WORK(&job->work, do_job);
	queue_work(system_dfl_wq, &job->work);
}

static bool job_done(struct job *job)
{
	return wait_for_completion_timeout(&job->done,
					   msecs_to_jiffies(PATIENCE_MS));
}

static void free_job(void *data)
{
	struct job *job = data;

	if (!job_done(job))
		return;
	flush_work(&job->work);
	kfree(job);
}

/* Freed at the end of the case, after it has ended. */
static struct job *new_job(struct kunit *test, struct damon_ctx *ctx,
			   int (*run)(struct job *job))
{
	struct job *job = kzalloc_obj(*job);

	KUNIT_ASSERT_NOT_NULL(test, job);
	job->ctx = ctx;
	job->run = run;
	return job;
}

static void begin(struct kunit *test, struct job *job)
{
	queue_job(job);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, free_job, job));
}

static int finish(struct kunit *test, struct job *job)
{
	KUNIT_ASSERT_TRUE_MSG(test, job_done(job), "%ps() does not end", job->run);
	return job->ret;
}

static int run_call(struct job *job)
{
	return damon_call(job->ctx, &job->call);
}

static int run_walk(struct job *job)
{
	return damos_walk(job->ctx, &job->walk);
}

static int run_start(struct job *job)
{
	return damon_start(&job->ctx, 1, job->exclusive);
}

static int run_stop(struct job *job)
{
	return damon_stop(&job->ctx, 1);
}

static struct job *begin_call(struct kunit *test, struct damon_ctx *ctx,
			      int (*fn)(void *data), void *data)
{
	struct job *job = new_job(test, ctx, run_call);

	job->call.fn = fn;
	job->call.data = data;
	begin(test, job);
	return job;
}

/* damon_call() that does not hang the suite. */
static int call(struct kunit *test, struct damon_ctx *ctx,
		int (*fn)(void *data), void *data)
{
	return finish(test, begin_call(test, ctx, fn, data));
}

static int do_nothing(void *data)
{
	return 0;
}

static int start(struct kunit *test, struct damon_ctx *ctx)
{
	struct job *job = new_job(test, ctx, run_start);

	begin(test, job);
	return finish(test, job);
}

static int stop(struct kunit *test, struct damon_ctx *ctx)
{
	struct job *job = new_job(test, ctx, run_stop);

	begin(test, job);
	return finish(test, job);
}

/* contexts, targets, schemes */

static void drop_ctx(void *data)
{
	struct job *job = kzalloc_obj(*job);
	struct damon_ctx *ctx = data;

	if (!job)
		return;
	job->ctx = ctx;
	job->run = run_stop;
	queue_job(job);
	if (!job_done(job)) {
		pr_err("a context does not stop\n");
		return;
	}
	flush_work(&job->work);
	kfree(job);
	damon_destroy_ctx(ctx);
}

/*
 * A context with the fake operations set and a grain of one.  It samples each
 * millisecond, and a window has ten samples.
 */
static struct damon_ctx *new_ctx(struct kunit *test)
{
	struct damon_attrs attrs = {
		.sample_interval = 1000,
		.aggr_interval = 10000,
		.ops_update_interval = 20000,
		.min_nr_regions = 3,
		.max_nr_regions = 1000,
	};
	struct damon_ctx *ctx = damon_new_ctx();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, drop_ctx, ctx));
	ctx->ops = fake_ops;
	ctx->min_region_sz = 1;
	KUNIT_ASSERT_EQ(test, 0, damon_set_attrs(ctx, &attrs));
	ctx->next_aggregation_ns = damon_us_to_ns(attrs.aggr_interval);
	return ctx;
}

static void change_attrs(struct kunit *test, struct damon_ctx *ctx,
			 unsigned long sample_us, unsigned long aggr_us)
{
	struct damon_attrs attrs = ctx->attrs;

	attrs.sample_interval = sample_us;
	attrs.aggr_interval = aggr_us;
	attrs.aggr_samples = 0;
	KUNIT_ASSERT_EQ(test, 0, damon_set_attrs(ctx, &attrs));
}

static struct damon_target *add_target(struct kunit *test, struct damon_ctx *ctx)
{
	struct damon_target *t = damon_new_target();

	KUNIT_ASSERT_NOT_NULL(test, t);
	damon_add_target(ctx, t);
	return t;
}

/* Arrays of ranges end with an empty one. */
static unsigned int count_ranges(const struct damon_addr_range *ranges)
{
	unsigned int nr = 0;

	while (ranges[nr].end)
		nr++;
	return nr;
}

static int set_ranges(struct damon_target *t, struct damon_addr_range *ranges,
		      unsigned long min_region_sz)
{
	return damon_set_regions(t, ranges, count_ranges(ranges), min_region_sz);
}

static struct damon_target *add_space(struct kunit *test, struct damon_ctx *ctx,
				      unsigned long start, unsigned long end)
{
	struct damon_addr_range ranges[] = { { start, end }, {} };
	struct damon_target *t = add_target(test, ctx);

	KUNIT_ASSERT_EQ(test, 0, set_ranges(t, ranges, 1));
	return t;
}

/* Adjacent regions from 0 on, one range each. */
static struct damon_target *add_regions(struct kunit *test,
					struct damon_ctx *ctx, unsigned int nr,
					unsigned long sz)
{
	struct damon_target *t = add_target(test, ctx);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct damon_region *r = damon_new_region(i * sz, (i + 1) * sz);

		KUNIT_ASSERT_NOT_NULL(test, r);
		damon_add_region(r, t);
	}
	return t;
}

static struct damon_region *nth_region(struct damon_target *t, unsigned int n)
{
	struct damon_region *r;

	damon_for_each_region(r, t)
		if (!n--)
			return r;
	return NULL;
}

/* Bit fields have no address, and KUnit wants to take one. */
static unsigned int rate_of(const struct damon_region *r)
{
	return r->rate;
}

static unsigned int worth_of(const struct damon_region *r)
{
	return r->worth;
}

static struct damon_target *nth_target(struct damon_ctx *ctx, unsigned int n)
{
	struct damon_target *t;

	damon_for_each_target(t, ctx)
		if (!n--)
			return t;
	return NULL;
}

static unsigned int count_regions(struct damon_ctx *ctx)
{
	struct damon_target *t;
	unsigned int nr = 0;

	damon_for_each_target(t, ctx)
		nr += damon_nr_regions(t);
	return nr;
}

static void expect_ranges(struct kunit *test, struct damon_target *t,
			  const struct damon_addr_range *want)
{
	unsigned int i = 0, nr = count_ranges(want);
	struct damon_region *r;

	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), nr);
	damon_for_each_region(r, t) {
		if (i == nr)
			break;
		KUNIT_EXPECT_EQ(test, r->ar.start, want[i].start);
		KUNIT_EXPECT_EQ(test, r->ar.end, want[i].end);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, nr);
}

/* Regions side by side from @start to @end, with borders in the grain. */
static void expect_cover(struct kunit *test, struct damon_target *t,
			 unsigned long start, unsigned long end,
			 unsigned long grain)
{
	unsigned long pos = start;
	struct damon_region *r;
	unsigned int nr = 0;

	damon_for_each_region(r, t) {
		KUNIT_EXPECT_EQ(test, r->ar.start, pos);
		KUNIT_EXPECT_GT(test, r->ar.end, r->ar.start);
		KUNIT_EXPECT_EQ(test, r->ar.start % grain, 0);
		pos = r->ar.end;
		nr++;
	}
	KUNIT_EXPECT_EQ(test, pos, end);
	KUNIT_EXPECT_EQ(test, nr, damon_nr_regions(t));
}

static const struct damos_access_pattern any_pattern = {
	.max_sz_region = ULONG_MAX,
	.max_nr_accesses = UINT_MAX,
	.max_age_region = UINT_MAX,
};

/* A scheme for all regions, without limits, once per aggregation interval. */
static struct damos *new_scheme(struct kunit *test, enum damos_action action)
{
	struct damos_access_pattern pattern = any_pattern;
	struct damos_watermarks wmarks = {};
	struct damos_quota quota = {};
	struct damos *s = damon_new_scheme(&pattern, action, 0, &quota, &wmarks,
					   NUMA_NO_NODE);

	KUNIT_ASSERT_NOT_NULL(test, s);
	return s;
}

static struct damos *add_scheme(struct kunit *test, struct damon_ctx *ctx,
				enum damos_action action)
{
	struct damos *s = new_scheme(test, action);

	damon_add_scheme(ctx, s);
	return s;
}

static unsigned int count_schemes(struct damon_ctx *ctx)
{
	return list_count_nodes(&ctx->schemes);
}

/* One pass of the schemes of a context without a kdamond, @ms later. */
static void pass_after(struct damon_ctx *ctx, unsigned int ms)
{
	ctx->now += ms * NSEC_PER_MSEC;
	damos_apply_schemes(ctx);
	if (damon_window_ended(ctx))
		damon_advance(ctx, &ctx->next_aggregation_ns,
			      damon_us_to_ns(ctx->attrs.aggr_interval));
}

/* To be asked in repeated calls: is this the end of a window? */
static bool at_window_end(struct damon_ctx *ctx)
{
	return ctx->now >= ctx->next_aggregation_ns;
}

/* A process id that nobody else knows. */
static int never_run(void *data)
{
	return 0;
}

static void end_process(void *data)
{
	kthread_stop(data);
}

static unsigned int pid_refs(struct pid *pid)
{
	return refcount_read(&pid->count);
}

/* kthreadd, which makes it, lets go of it a moment after the task is there. */
static struct pid *new_pid(struct kunit *test)
{
	struct task_struct *task = kthread_create(never_run, NULL, "damon-kunit");
	int patience = 500;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, end_process, task));
	while (pid_refs(task_pid(task)) > 1 && patience--)
		msleep(20);
	return task_pid(task);
}

/* before and after each case */

static void expect_none_left(void *data)
{
	struct kunit *test = data;

	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before);
}

static int fake_setup(struct kunit *test)
{
	if (!damon_initialized())
		kunit_skip(test, "no memory for regions");
	memset(&fake, 0, sizeof(fake));
	fake.applied_percent = 100;
	fake.passed_percent = 100;
	nr_running_before = damon_nr_running_ctxs();
	/* the first to be added is the last to run: contexts are gone by then */
	return kunit_add_action(test, expect_none_left, test);
}

static void needs_nobody_else(struct kunit *test)
{
	if (nr_running_before)
		kunit_skip(test, "somebody else runs a context");
}
