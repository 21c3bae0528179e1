/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of DAMON_LRU_SORT, part of lru_sort.c: the schemes that its
 * parameters ask for.
 */
#include <kunit/test.h>

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

/* The two schemes of a context that is built. */
static void build_schemes(struct kunit *test, struct damos **hot,
			  struct damos **cold)
{
	struct damon_ctx *ctx = new_ctx(test);

	KUNIT_ASSERT_EQ(test, build(&lru_sort, ctx), 0);
	KUNIT_ASSERT_EQ(test, list_count_nodes(&ctx->schemes), 2);
	*hot = list_first_entry(&ctx->schemes, struct damos, list);
	*cold = list_next_entry(*hot, list);
}

static void expect_common(struct kunit *test, struct damos *s)
{
	KUNIT_EXPECT_EQ(test, s->apply_interval_us, 0);
	KUNIT_EXPECT_EQ(test, s->pattern.min_sz_region, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, s->pattern.max_sz_region, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, s->pattern.max_age_region, UINT_MAX);
	KUNIT_EXPECT_EQ(test, s->quota.ms, 5);
	KUNIT_EXPECT_EQ(test, s->quota.sz, 0);
	KUNIT_EXPECT_EQ(test, s->quota.reset_interval, 1000);
	KUNIT_EXPECT_EQ(test, s->quota.weight_sz, 0);
	KUNIT_EXPECT_EQ(test, s->quota.weight_nr_accesses, 1);
	KUNIT_EXPECT_EQ(test, s->quota.weight_age, 1);
	KUNIT_EXPECT_EQ(test, s->wmarks.metric, DAMOS_WMARK_FREE_MEM_RATE);
	KUNIT_EXPECT_EQ(test, s->wmarks.interval, 5000000);
	KUNIT_EXPECT_EQ(test, s->wmarks.high, 200);
	KUNIT_EXPECT_EQ(test, s->wmarks.mid, 150);
	KUNIT_EXPECT_EQ(test, s->wmarks.low, 50);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->quota.goals));
	KUNIT_EXPECT_TRUE(test, list_empty(&s->core_filters));
	KUNIT_EXPECT_TRUE(test, list_empty(&s->ops_filters));
}

static void lru_sort_defaults(struct kunit *test)
{
	struct damos *hot, *cold;

	build_schemes(test, &hot, &cold);
	KUNIT_EXPECT_EQ(test, hot->action, DAMOS_LRU_PRIO);
	KUNIT_EXPECT_EQ(test, hot->pattern.min_nr_accesses, 10);
	KUNIT_EXPECT_EQ(test, hot->pattern.max_nr_accesses, UINT_MAX);
	KUNIT_EXPECT_EQ(test, hot->pattern.min_age_region, 0);
	expect_common(test, hot);
	KUNIT_EXPECT_EQ(test, cold->action, DAMOS_LRU_DEPRIO);
	KUNIT_EXPECT_EQ(test, cold->pattern.min_nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, cold->pattern.max_nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, cold->pattern.min_age_region, 1200);
	expect_common(test, cold);
}

/* Hot memory may be all memory; that does not make it cold. */
static void lru_sort_all_hot(struct kunit *test)
{
	struct damos *hot, *cold;

	lru_sort.params.hot_permil = 0;
	build_schemes(test, &hot, &cold);
	KUNIT_EXPECT_EQ(test, hot->pattern.min_nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, hot->pattern.max_nr_accesses, UINT_MAX);
	KUNIT_EXPECT_EQ(test, hot->pattern.min_age_region, 0);
}

/* Little time is not all of the time. */
static void lru_sort_quota(struct kunit *test)
{
	static const unsigned long cases[][2] = {
		{ 0, 0 }, { 1, 1 }, { 2, 1 }, { 3, 2 }, { 10, 5 },
		{ ULONG_MAX, ULONG_MAX / 2 + 1 },
	};
	struct damos *hot, *cold;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		lru_sort.params.quota_ms = cases[i][0];
		build_schemes(test, &hot, &cold);
		KUNIT_EXPECT_EQ(test, hot->quota.ms, cases[i][1]);
		KUNIT_EXPECT_EQ(test, cold->quota.ms, cases[i][1]);
	}
}

static void expect_goal(struct kunit *test, struct damos *s,
			enum damos_quota_goal_metric metric,
			unsigned long target)
{
	struct damos_quota_goal *goal;

	KUNIT_ASSERT_TRUE(test, list_is_singular(&s->quota.goals));
	goal = list_first_entry(&s->quota.goals, struct damos_quota_goal, list);
	KUNIT_EXPECT_EQ(test, goal->metric, metric);
	KUNIT_EXPECT_EQ(test, goal->target_value, target);
}

static void lru_sort_goals(struct kunit *test)
{
	struct damos *hot, *cold;

	active_mem_bp = 6000;
	build_schemes(test, &hot, &cold);
	expect_goal(test, hot, DAMOS_QUOTA_ACTIVE_MEM_BP, 6000);
	expect_goal(test, cold, DAMOS_QUOTA_INACTIVE_MEM_BP, 4002);
	active_mem_bp = 10000;
	build_schemes(test, &hot, &cold);
	expect_goal(test, hot, DAMOS_QUOTA_ACTIVE_MEM_BP, 10000);
	expect_goal(test, cold, DAMOS_QUOTA_INACTIVE_MEM_BP, 2);
}

static void expect_filter(struct kunit *test, struct damos *s, bool matching)
{
	struct damos_filter *f;

	KUNIT_ASSERT_TRUE(test, list_is_singular(&s->ops_filters));
	f = list_first_entry(&s->ops_filters, struct damos_filter, list);
	KUNIT_EXPECT_EQ(test, f->type, DAMOS_FILTER_TYPE_YOUNG);
	KUNIT_EXPECT_EQ(test, f->matching, matching);
	KUNIT_EXPECT_FALSE(test, f->allow);
}

static void lru_sort_filters(struct kunit *test)
{
	struct damos *hot, *cold;

	filter_young_pages = true;
	build_schemes(test, &hot, &cold);
	expect_filter(test, hot, false);
	expect_filter(test, cold, true);
}

static void lru_sort_refusals(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	active_mem_bp = 10001;
	KUNIT_EXPECT_EQ(test, build(&lru_sort, ctx), -EINVAL);
	active_mem_bp = 0;
	lru_sort.params.hot_permil = 1001;
	KUNIT_EXPECT_EQ(test, build(&lru_sort, ctx), -EINVAL);
	lru_sort.params.hot_permil = 1000;
	lru_sort.params.sample_interval = 0;
	KUNIT_EXPECT_EQ(test, build(&lru_sort, ctx), -EINVAL);
	lru_sort.params.sample_interval = 1;
	KUNIT_EXPECT_EQ(test, build(&lru_sort, ctx), 0);
}

static unsigned long old_active;
static bool old_filter;
static struct damon_module_params old_params;

/* At boot nobody else writes parameters. */
static int lru_sort_test_init(struct kunit *test)
{
	old_active = active_mem_bp;
	old_filter = filter_young_pages;
	old_params = lru_sort.params;
	return 0;
}

static void lru_sort_test_exit(struct kunit *test)
{
	active_mem_bp = old_active;
	filter_young_pages = old_filter;
	lru_sort.params = old_params;
}

static struct kunit_case lru_sort_test_cases[] = {
	KUNIT_CASE(lru_sort_defaults),
	KUNIT_CASE(lru_sort_all_hot),
	KUNIT_CASE(lru_sort_quota),
	KUNIT_CASE(lru_sort_goals),
	KUNIT_CASE(lru_sort_filters),
	KUNIT_CASE(lru_sort_refusals),
	{ }
};

static struct kunit_suite lru_sort_test_suite = {
	.name = "damon-lru-sort",
	.init = lru_sort_test_init,
	.exit = lru_sort_test_exit,
	.test_cases = lru_sort_test_cases,
};

kunit_test_suite(lru_sort_test_suite);
