/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of DAMON_RECLAIM, part of reclaim.c: the scheme that its parameters
 * ask for.
 */
#include <kunit/test.h>

/* The only scheme of @ctx, which has been built. */
static struct damos *build_scheme(struct kunit *test, struct damon_ctx *ctx)
{
	KUNIT_ASSERT_EQ(test, build(&reclaim, ctx), 0);
	KUNIT_ASSERT_TRUE(test, list_is_singular(&ctx->schemes));
	return list_first_entry(&ctx->schemes, struct damos, list);
}

static void drop_ctx(void *data)
{
	damon_destroy_ctx(data);
}

static struct damon_ctx *new_ctx(struct kunit *test)
{
	struct damon_ctx *ctx = damon_new_ctx();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, drop_ctx, ctx), 0);
	return ctx;
}

static void reclaim_defaults(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = build_scheme(test, ctx);

	KUNIT_EXPECT_EQ(test, s->action, DAMOS_PAGEOUT);
	KUNIT_EXPECT_EQ(test, s->apply_interval_us, 0);
	KUNIT_EXPECT_EQ(test, s->pattern.min_sz_region, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, s->pattern.max_sz_region, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, s->pattern.min_nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, s->pattern.max_nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, s->pattern.min_age_region, 1200);
	KUNIT_EXPECT_EQ(test, s->quota.ms, 10);
	KUNIT_EXPECT_EQ(test, s->quota.sz, 128UL << 20);
	KUNIT_EXPECT_EQ(test, s->quota.reset_interval, 1000);
	KUNIT_EXPECT_EQ(test, s->quota.weight_sz, 0);
	KUNIT_EXPECT_EQ(test, s->quota.weight_nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, s->quota.weight_age, 1);
	KUNIT_EXPECT_EQ(test, s->wmarks.metric, DAMOS_WMARK_FREE_MEM_RATE);
	KUNIT_EXPECT_EQ(test, s->wmarks.interval, 5000000);
	KUNIT_EXPECT_EQ(test, s->wmarks.high, 500);
	KUNIT_EXPECT_EQ(test, s->wmarks.mid, 400);
	KUNIT_EXPECT_EQ(test, s->wmarks.low, 200);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->quota.goals));
	KUNIT_EXPECT_TRUE(test, list_empty(&s->core_filters));
	KUNIT_EXPECT_TRUE(test, list_empty(&s->ops_filters));
}

static void reclaim_goals(struct kunit *test)
{
	struct damos_quota_goal *first, *second;
	struct damos *s;

	quota_mem_pressure_us = 3000;
	quota_autotune_feedback = 12345;
	s = build_scheme(test, new_ctx(test));
	KUNIT_ASSERT_EQ(test, list_count_nodes(&s->quota.goals), 2);
	first = list_first_entry(&s->quota.goals, struct damos_quota_goal, list);
	second = list_next_entry(first, list);
	KUNIT_EXPECT_EQ(test, first->metric, DAMOS_QUOTA_SOME_MEM_PSI_US);
	KUNIT_EXPECT_EQ(test, first->target_value, 3000);
	KUNIT_EXPECT_EQ(test, second->metric, DAMOS_QUOTA_USER_INPUT);
	KUNIT_EXPECT_EQ(test, second->target_value, 10000);
	KUNIT_EXPECT_EQ(test, second->current_value, 12345);

	quota_mem_pressure_us = 0;
	s = build_scheme(test, new_ctx(test));
	KUNIT_ASSERT_EQ(test, list_count_nodes(&s->quota.goals), 1);
	first = list_first_entry(&s->quota.goals, struct damos_quota_goal, list);
	KUNIT_EXPECT_EQ(test, first->metric, DAMOS_QUOTA_USER_INPUT);
}

static void reclaim_skip_anon(struct kunit *test)
{
	struct damos_filter *f;
	struct damos *s;

	skip_anon = true;
	s = build_scheme(test, new_ctx(test));
	KUNIT_ASSERT_TRUE(test, list_is_singular(&s->ops_filters));
	f = list_first_entry(&s->ops_filters, struct damos_filter, list);
	KUNIT_EXPECT_EQ(test, f->type, DAMOS_FILTER_TYPE_ANON);
	KUNIT_EXPECT_TRUE(test, f->matching);
	KUNIT_EXPECT_FALSE(test, f->allow);
}

/* A limit in bytes, whatever the unit of addresses; some is never none. */
static void reclaim_quota_unit(struct kunit *test)
{
	static const unsigned long cases[][3] = {
		/* bytes, unit, limit in units */
		{ 8192, 16, 512 }, { 8193, 16, 513 }, { 1, 4096, 1 },
		{ 0, 4096, 0 }, { ULONG_MAX, 2, ULONG_MAX / 2 + 1 },
		{ ULONG_MAX, 1, ULONG_MAX },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct damon_ctx *ctx = new_ctx(test);

		quota_sz = cases[i][0];
		ctx->addr_unit = cases[i][1];
		KUNIT_EXPECT_EQ(test, build_scheme(test, ctx)->quota.sz,
				cases[i][2]);
	}
}

/* What may be taken when it was halved twice, and when none of it may. */
static void reclaim_backs_off(struct kunit *test)
{
	u64 all = (u64)totalram_pages() << PAGE_SHIFT;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos_quota quota = {};

	damon_backoff_restart(&backoff);
	limit_quota(&quota, SZ_1M, ctx);
	KUNIT_EXPECT_EQ(test, quota.sz, SZ_1M);
	limit_quota(&quota, 0, ctx);
	KUNIT_EXPECT_EQ(test, quota.sz, 0);

	backoff.halvings = 2;
	limit_quota(&quota, SZ_1M, ctx);
	KUNIT_EXPECT_EQ(test, quota.sz, SZ_256K);
	limit_quota(&quota, 0, ctx);
	KUNIT_EXPECT_EQ(test, quota.sz, min(all, ULONG_MAX) / 4);
	ctx->addr_unit = 16;
	limit_quota(&quota, 0, ctx);
	KUNIT_EXPECT_EQ(test, quota.sz, min(all / 16, ULONG_MAX) / 4);

	backoff.held = true;
	limit_quota(&quota, SZ_1M, ctx);
	KUNIT_EXPECT_LT(test, quota.sz, ctx->min_region_sz);
	KUNIT_EXPECT_NE(test, quota.sz, 0);
	damon_backoff_restart(&backoff);
}

/* It begins anew with each run, and not with each commit. */
static void reclaim_forgets_backoff(struct kunit *test)
{
	backoff.halvings = 3;
	backoff_halvings = 3;
	next_look_ns = U64_MAX;
	counted_sz = reclaim.stats[0].sz_applied + 1;
	build_scheme(test, new_ctx(test));
	KUNIT_EXPECT_EQ(test, backoff.halvings, 0);
	KUNIT_EXPECT_EQ(test, backoff_halvings, 0);
	KUNIT_EXPECT_EQ(test, next_look_ns, 0);
	KUNIT_EXPECT_EQ(test, counted_sz, reclaim.stats[0].sz_applied);
}

static unsigned long old_sz, old_pressure, old_feedback;
static bool old_skip_anon;

/* At boot nobody else writes parameters. */
static int reclaim_test_init(struct kunit *test)
{
	old_sz = quota_sz;
	old_pressure = quota_mem_pressure_us;
	old_feedback = quota_autotune_feedback;
	old_skip_anon = skip_anon;
	return 0;
}

static void reclaim_test_exit(struct kunit *test)
{
	quota_sz = old_sz;
	quota_mem_pressure_us = old_pressure;
	quota_autotune_feedback = old_feedback;
	skip_anon = old_skip_anon;
}

static struct kunit_case reclaim_test_cases[] = {
	KUNIT_CASE(reclaim_defaults),
	KUNIT_CASE(reclaim_goals),
	KUNIT_CASE(reclaim_skip_anon),
	KUNIT_CASE(reclaim_quota_unit),
	KUNIT_CASE(reclaim_backs_off),
	KUNIT_CASE(reclaim_forgets_backoff),
	{ }
};

static struct kunit_suite reclaim_test_suite = {
	.name = "damon-reclaim",
	.init = reclaim_test_init,
	.exit = reclaim_test_exit,
	.test_cases = reclaim_test_cases,
};

kunit_test_suite(reclaim_test_suite);
