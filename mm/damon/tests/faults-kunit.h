/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about memory that runs out: each allocation of an operation fails in
 * its turn.
 */
#include "failslab-kunit.h"

#define MAX_ALLOCATIONS	1000

static void fault_in_new(struct kunit *test)
{
	struct damos_access_pattern pattern = any_pattern;
	struct damos_watermarks wmarks = {};
	struct damos_quota quota = {};
	struct damos_quota_goal *goal;
	struct damos_filter *f;
	struct damon_region *r;
	struct damon_target *t;
	struct damon_ctx *ctx;
	struct damos *s;

	needs_failslab(test);
	fail_allocation(1);
	ctx = damon_new_ctx();
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_NULL(test, ctx);

	fail_allocation(1);
	t = damon_new_target();
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_NULL(test, t);

	fail_allocation(1);
	r = damon_new_region(0, 1);
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_NULL(test, r);

	fail_allocation(1);
	s = damon_new_scheme(&pattern, DAMOS_STAT, 0, &quota, &wmarks, 0);
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_NULL(test, s);

	fail_allocation(1);
	f = damos_new_filter(DAMOS_FILTER_TYPE_ANON, true, true);
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_NULL(test, f);

	fail_allocation(1);
	goal = damos_new_quota_goal(DAMOS_QUOTA_USER_INPUT, 1);
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_NULL(test, goal);
}

/*
 * What fails need not be an allocation of ours: checkers of memory allocate for
 * each of ours, too, and go on without.  So an operation that has succeeded
 * although something failed says nothing, and each attempt starts afresh.
 */
static void fault_in_set_regions(struct kunit *test)
{
	struct damon_addr_range old[] = { { 0, 10 }, { 20, 30 }, {} };
	struct damon_addr_range new[] = { { 5, 40 }, { 50, 60 }, { 70, 80 }, {} };
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int nth, nr_failed = 0;
	bool failed = true;

	needs_failslab(test);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		struct damon_target *t = add_target(test, ctx);
		int ret;

		KUNIT_ASSERT_EQ(test, set_ranges(t, old, 1), 0);
		fail_allocation(nth);
		ret = set_ranges(t, new, 1);
		failed = allocation_failed();
		if (ret) {
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			expect_ranges(test, t, old);
			nr_failed++;
		} else {
			KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 5);
		}
	}
	KUNIT_EXPECT_FALSE(test, failed);
	/* one for the hole, two for the new ranges */
	KUNIT_EXPECT_EQ(test, nr_failed, 3);
}

/* Without memory for cuts, nothing outside of a limit is acted on. */
static void fault_in_quota_cut(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 30, 10);
	struct damon_target *t = add_space(test, ctx, 0, 100);

	needs_failslab(test);
	fail_allocation(1);
	pass_after(ctx, 10);
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 0);
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 0);
	expect_cover(test, t, 0, 100, 1);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 30);
}

/* Nor anything that a filter keeps out. */
static void fault_in_filter_cut(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);
	struct damon_target *t = add_space(test, ctx, 0, 100);

	needs_failslab(test);
	damon_first_region(t)->age = 3;
	add_addr_filter(test, s, true, false, 40, 60);
	fail_allocation(1);
	pass_after(ctx, 10);
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 0);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 0);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->age, 3);
	expect_cover(test, t, 0, 100, 1);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 80);
}

static void fault_in_cuts(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, 10, 100);
	unsigned int nth;

	needs_failslab(test);
	for (nth = 1; nth < 20; nth++) {
		note_spot(t, nth * 50, true);
		fail_allocation(nth);
		damon_cut_regions(ctx);
		allocation_failed();
		expect_cover(test, t, 0, 1000, 1);

		ctx->attrs.min_nr_regions = 10 * nth;
		fail_allocation(nth);
		damon_enforce_min_nr_regions(ctx);
		allocation_failed();
		expect_cover(test, t, 0, 1000, 1);
	}
}

/* Everything that a commit can do, so that everything in it can fail. */
static struct damon_ctx *new_rich_src(struct kunit *test, struct damon_ctx *dst,
				      struct pid *pid)
{
	struct damon_ctx *src = new_src(test, dst);
	struct damon_addr_range ranges[] = { { 5, 40 }, { 500, 600 }, {} };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct damon_target *t = add_process(test, src, pid);

		KUNIT_ASSERT_EQ(test, set_ranges(t, ranges, 1), 0);
		damon_add_scheme(src, full_scheme(test, DAMOS_COLD, i + 1));
	}
	src->attrs.aggr_interval *= 2;
	src->pause = true;
	return src;
}

static void fault_in_commit(struct kunit *test)
{
	struct pid *pid = new_pid(test);
	unsigned int nth, nr_failed = 0;
	bool failed = true;

	needs_failslab(test);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		struct damon_ctx *dst = new_busy_ctx(test, pid);
		struct damon_ctx *src = new_rich_src(test, dst, pid);
		struct ctx_image *before = take_image(test, dst, pid);
		int ret;

		fail_allocation(nth);
		ret = damon_commit_ctx(dst, src);
		failed = allocation_failed();
		if (ret) {
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			expect_unchanged(test, dst, before, pid);
			nr_failed++;
		} else {
			KUNIT_EXPECT_EQ(test, count_schemes(dst), 4);
			KUNIT_EXPECT_NOT_NULL(test, nth_target(dst, 3));
			KUNIT_EXPECT_TRUE(test, dst->pause);
		}
		kunit_kfree(test, before);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	/* targets, ranges, regions, schemes and 12 objects of each of these */
	KUNIT_EXPECT_GT(test, nr_failed, 10 + 4 * 12);
}

struct failing_commit {
	struct online_commit commit;
	unsigned int nth;
	bool failed;
};

static int do_failing_commit(void *data)
{
	struct failing_commit *f = data;
	int ret;

	fail_allocation(f->nth);
	ret = do_commit(&f->commit);
	f->failed = allocation_failed();
	return ret;
}

/* A kdamond survives commits for which there is no memory. */
static void fault_in_commit_online(struct kunit *test)
{
	struct pid *pid = new_pid(test);
	unsigned int nr_failed = 0;
	struct failing_commit *f;

	needs_failslab(test);
	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f);
	do {
		struct damon_ctx *dst = new_busy_ctx(test, pid);
		struct job *job;
		int ret;

		f->commit.dst = dst;
		f->commit.src = new_rich_src(test, dst, pid);
		f->nth++;
		KUNIT_ASSERT_EQ(test, start(test, dst), 0);
		job = begin_call(test, dst, do_failing_commit, f);
		KUNIT_ASSERT_EQ(test, finish(test, job), 0);
		ret = job->call.return_code;
		KUNIT_EXPECT_TRUE(test, !ret || (f->failed && ret == -ENOMEM));
		nr_failed += !!ret;
		KUNIT_ASSERT_TRUE(test, damon_is_running(dst));
		KUNIT_EXPECT_EQ(test, call(test, dst, do_nothing, NULL), 0);
		KUNIT_EXPECT_EQ(test, stop(test, dst), 0);
		KUNIT_EXPECT_EQ(test, count_schemes(dst), ret ? 2 : 4);
	} while (f->failed && f->nth < MAX_ALLOCATIONS);
	KUNIT_EXPECT_FALSE(test, f->failed);
	KUNIT_EXPECT_GT(test, nr_failed, 10 + 4 * 12);
}

static void fault_in_commit_goals(struct kunit *test)
{
	struct damos *dst = new_filtered(test), *src = new_filtered(test);
	unsigned int nth, nr_failed = 0;
	bool failed = true;

	needs_failslab(test);
	furnish(test, dst, 1);
	furnish(test, src, 2);
	give_goal(test, src, DAMOS_QUOTA_SOME_MEM_PSI_US, 5);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		struct owned_image *before, *after;
		int ret;

		before = kunit_kzalloc(test, sizeof(*before), GFP_KERNEL);
		after = kunit_kzalloc(test, sizeof(*after), GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, before && after);
		add_to_image(test, before, dst);
		fail_allocation(nth);
		ret = damos_commit_quota_goals(&dst->quota, &src->quota);
		failed = allocation_failed();
		if (ret) {
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			add_to_image(test, after, dst);
			KUNIT_EXPECT_MEMEQ(test, after, before, sizeof(*after));
			nr_failed++;
		} else {
			expect_same_goals(test, &dst->quota, &src->quota);
		}
		kunit_kfree(test, before);
		kunit_kfree(test, after);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_EQ(test, nr_failed, 3);
}

/* No thread: nothing runs, and everything can be tried again. */
static void fault_in_start(struct kunit *test)
{
	struct damon_ctx *ctxs[] = { new_ctx(test), new_ctx(test) };
	unsigned int nth, nr_failed = 0;
	bool failed = true;

	needs_failslab(test);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		int ret;

		add_space(test, ctxs[0], 0, 300);
		add_space(test, ctxs[1], 0, 300);
		fail_allocation(nth);
		ret = damon_start(ctxs, 2, false);
		failed = allocation_failed();
		if (ret) {
			KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
			KUNIT_EXPECT_FALSE(test, damon_is_running(ctxs[0]));
			KUNIT_EXPECT_FALSE(test, damon_is_running(ctxs[1]));
			nr_failed++;
		} else {
			KUNIT_EXPECT_TRUE(test, damon_is_running(ctxs[1]));
			KUNIT_EXPECT_EQ(test, damon_stop(ctxs, 2), 0);
		}
		KUNIT_ASSERT_EQ(test, damon_nr_running_ctxs(), nr_running_before);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	/* at least one for each thread */
	KUNIT_EXPECT_GE(test, nr_failed, 2);
}
