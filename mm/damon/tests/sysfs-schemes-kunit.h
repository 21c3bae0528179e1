/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of the sysfs interface, second part: schemes, with their filters,
 * goals and destinations, and memory that runs out.
 */
#include <linux/memcontrol.h>
#include <linux/numa.h>

#include "failslab-kunit.h"

/* One context for physical memory, with schemes. */
static void stage_schemes(struct kunit *test, const char *nr)
{
	struct sysfs_fixture *f = test->priv;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, f->c->schemes, "nr_schemes", nr, 0);
}

/* The first scheme of what is built. */
static struct damos *build_scheme(struct kunit *test, struct damon_ctx **ctx)
{
	*ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(*ctx));
	KUNIT_ASSERT_FALSE(test, list_empty(&(*ctx)->schemes));
	return list_first_entry(&(*ctx)->schemes, struct damos, list);
}

/* Files */

static void expect_initial_filter(struct kunit *test,
				  struct damon_sysfs_node *filters,
				  const char *type)
{
	struct damon_sysfs_node *filter;

	EXPECT_GET(test, filters, "nr_filters", "0\n");
	EXPECT_PUT(test, filters, "nr_filters", "1", 0);
	filter = filters->children[0];
	EXPECT_GET(test, filter, "type", type);
	EXPECT_GET(test, filter, "matching", "N\n");
	EXPECT_GET(test, filter, "allow", "N\n");
	EXPECT_GET(test, filter, "memcg_path", "\n");
	EXPECT_GET(test, filter, "addr_start", "0\n");
	EXPECT_GET(test, filter, "addr_end", "0\n");
	EXPECT_GET(test, filter, "min", "0\n");
	EXPECT_GET(test, filter, "max", "0\n");
	EXPECT_GET(test, filter, "damon_target_idx", "0\n");
}

static void test_initial_scheme(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_scheme *s;
	struct damon_sysfs_node *goal, *dest;

	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "1", 0);
	s = scheme_dir(f->c, 0);
	EXPECT_GET(test, &s->node, "action", "stat\n");
	EXPECT_GET(test, &s->node, "target_nid", "-1\n");
	EXPECT_GET(test, &s->stats->node, "sz_ops_filter_passed", "0\n");
	EXPECT_GET(test, &s->stats->node, "max_nr_snapshots", "0\n");
	EXPECT_GET(test, &s->tried_regions->node, "total_bytes", "0\n");
	EXPECT_GET(test, &s->quotas->node, "effective_bytes", "0\n");
	EXPECT_GET(test, &s->quotas->node, "goal_tuner", "consist\n");
	EXPECT_GET(test, &s->quotas->node, "fail_charge_num", "0\n");
	EXPECT_GET(test, &s->quotas->node, "fail_charge_denom", "0\n");

	EXPECT_PUT(test, s->quotas->goals, "nr_goals", "1", 0);
	goal = s->quotas->goals->children[0];
	EXPECT_GET(test, goal, "target_metric", "user_input\n");
	EXPECT_GET(test, goal, "target_value", "0\n");
	EXPECT_GET(test, goal, "current_value", "0\n");
	EXPECT_GET(test, goal, "nid", "0\n");
	EXPECT_GET(test, goal, "path", "\n");

	EXPECT_PUT(test, s->dests, "nr_dests", "1", 0);
	dest = s->dests->children[0];
	EXPECT_GET(test, dest, "id", "0\n");
	EXPECT_GET(test, dest, "weight", "0\n");

	expect_initial_filter(test, s->filters, "anon\n");
	expect_initial_filter(test, s->core_filters, "addr\n");
	expect_initial_filter(test, s->ops_filters, "anon\n");
}

/* Words in the order of the values that they stand for. */
static void expect_words(struct kunit *test, struct damon_sysfs_node *node,
			 const char *name, const int *value,
			 const char *const *words, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		EXPECT_PUT(test, node, name, words[i], 0);
		KUNIT_EXPECT_EQ(test, *value, i);
	}
	EXPECT_PUT(test, node, name, "foo", -EINVAL);
}

static void test_actions(struct kunit *test)
{
	static const char *const words[NR_DAMOS_ACTIONS] = {
		"willneed", "cold", "pageout", "hugepage", "nohugepage",
		"collapse", "lru_prio", "lru_deprio", "migrate_hot",
		"migrate_cold", "stat",
	};
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_scheme *s;

	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "1", 0);
	s = scheme_dir(f->c, 0);
	expect_words(test, &s->node, "action", (int *)&s->action, words,
		     ARRAY_SIZE(words));
}

static struct damon_sysfs_goal *goal_dir(struct damon_sysfs_scheme *s,
					 unsigned int i)
{
	return damon_sysfs_child(s->quotas->goals, i, struct damon_sysfs_goal);
}

static void test_metrics(struct kunit *test)
{
	static const char *const words[NR_DAMOS_QUOTA_GOAL_METRICS] = {
		"user_input", "some_mem_psi_us", "node_mem_used_bp",
		"node_mem_free_bp", "node_memcg_used_bp", "node_memcg_free_bp",
		"active_mem_bp", "inactive_mem_bp", "node_eligible_mem_bp",
	};
	static const char *const tuners[] = { "consist", "temporal" };
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_quotas *quotas;
	struct damon_sysfs_goal *goal;

	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "1", 0);
	quotas = scheme_dir(f->c, 0)->quotas;
	EXPECT_PUT(test, quotas->goals, "nr_goals", "1", 0);
	goal = goal_dir(scheme_dir(f->c, 0), 0);
	expect_words(test, &goal->node, "target_metric",
		     (int *)&goal->target_metric, words, ARRAY_SIZE(words));
	expect_words(test, &quotas->node, "goal_tuner",
		     (int *)&quotas->goal_tuner, tuners, ARRAY_SIZE(tuners));
}

static void test_filter_types(struct kunit *test)
{
	static const char *const words[NR_DAMOS_FILTER_TYPES] = {
		"anon", "active", "memcg", "young", "hugepage_size", "unmapped",
		"addr", "target",
	};
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *all, *core, *ops;
	struct damon_sysfs_scheme *s;

	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "1", 0);
	s = scheme_dir(f->c, 0);
	EXPECT_PUT(test, s->filters, "nr_filters", "1", 0);
	EXPECT_PUT(test, s->core_filters, "nr_filters", "1", 0);
	EXPECT_PUT(test, s->ops_filters, "nr_filters", "1", 0);
	all = s->filters->children[0];
	core = s->core_filters->children[0];
	ops = s->ops_filters->children[0];
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		bool for_ops = damos_filter_for_ops(i);

		EXPECT_PUT(test, all, "type", words[i], 0);
		KUNIT_EXPECT_EQ(test, container_of(all, struct damon_sysfs_filter,
						   node)->type, i);
		EXPECT_PUT(test, core, "type", words[i], for_ops ? -EINVAL : 0);
		EXPECT_PUT(test, ops, "type", words[i], for_ops ? 0 : -EINVAL);
	}
	EXPECT_GET(test, core, "type", "target\n");
	EXPECT_GET(test, ops, "type", "unmapped\n");
}

/* Building schemes */

static void stage_bounds(struct kunit *test, struct damon_sysfs_range *range,
			 unsigned long min, unsigned long max)
{
	KUNIT_EXPECT_EQ(test, put_ul(&range->node, "min", min), 0);
	KUNIT_EXPECT_EQ(test, put_ul(&range->node, "max", max), 0);
}

static void stage_scheme(struct kunit *test, struct damon_sysfs_scheme *s)
{
	/* What truncation would make zero, where there is anything to truncate. */
	unsigned long beyond = min_t(u64, UINT_MAX + 1ULL, ULONG_MAX);

	stage_bounds(test, s->access_pattern->sz, 8192, ULONG_MAX);
	stage_bounds(test, s->access_pattern->nr_accesses, beyond, UINT_MAX);
	stage_bounds(test, s->access_pattern->age, 3, ULONG_MAX);
	EXPECT_PUT(test, &s->node, "apply_interval_us", "77", 0);
	EXPECT_PUT(test, &s->node, "action", "migrate_cold", 0);
	EXPECT_PUT(test, &s->node, "target_nid", "12", 0);
	EXPECT_PUT(test, &s->stats->node, "max_nr_snapshots", "21", 0);
	EXPECT_PUT(test, &s->quotas->node, "goal_tuner", "temporal", 0);
	EXPECT_PUT(test, &s->quotas->node, "fail_charge_num", "13", 0);
	EXPECT_PUT(test, &s->quotas->node, "fail_charge_denom", "14", 0);
	EXPECT_PUT(test, &s->quotas->node, "ms", "5", 0);
	EXPECT_PUT(test, &s->quotas->node, "bytes", "6", 0);
	KUNIT_EXPECT_EQ(test, put_ul(&s->quotas->node, "reset_interval_ms",
				     ULONG_MAX), 0);
	EXPECT_PUT(test, &s->quotas->weights->node, "sz_permil", "1", 0);
	EXPECT_PUT(test, &s->quotas->weights->node, "nr_accesses_permil", "2", 0);
	EXPECT_PUT(test, &s->quotas->weights->node, "age_permil", "3000", 0);
	EXPECT_PUT(test, &s->watermarks->node, "metric", "free_mem_rate", 0);
	EXPECT_PUT(test, &s->watermarks->node, "interval_us", "9", 0);
	EXPECT_PUT(test, &s->watermarks->node, "high", "1", 0);
	EXPECT_PUT(test, &s->watermarks->node, "mid", "2", 0);
	EXPECT_PUT(test, &s->watermarks->node, "low", "3", 0);
}

static void test_build_scheme(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_ctx *ctx;
	struct damos *s;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "2", 0);
	EXPECT_GET(test, &scheme_dir(f->c, 1)->node, "action", "stat\n");
	stage_scheme(test, scheme_dir(f->c, 1));
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));

	s = list_first_entry(&ctx->schemes, struct damos, list);
	KUNIT_EXPECT_EQ(test, s->action, DAMOS_STAT);
	KUNIT_EXPECT_EQ(test, s->pattern.max_sz_region, 0);
	KUNIT_EXPECT_EQ(test, s->target_nid, NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, s->max_nr_snapshots, 0);
	KUNIT_EXPECT_EQ(test, s->migrate_dests.nr_dests, 0);
	KUNIT_EXPECT_EQ(test, s->quota.goal_tuner,
			DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->quota.goals));
	KUNIT_EXPECT_TRUE(test, list_empty(&s->core_filters));
	KUNIT_EXPECT_TRUE(test, list_empty(&s->ops_filters));

	s = list_last_entry(&ctx->schemes, struct damos, list);
	KUNIT_EXPECT_EQ(test, s->pattern.min_sz_region, 8192);
	KUNIT_EXPECT_EQ(test, s->pattern.max_sz_region, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, s->pattern.min_nr_accesses, UINT_MAX);
	KUNIT_EXPECT_EQ(test, s->pattern.max_nr_accesses, UINT_MAX);
	KUNIT_EXPECT_EQ(test, s->pattern.min_age_region, 3);
	KUNIT_EXPECT_EQ(test, s->pattern.max_age_region, UINT_MAX);
	KUNIT_EXPECT_EQ(test, s->apply_interval_us, 77);
	KUNIT_EXPECT_EQ(test, s->action, DAMOS_MIGRATE_COLD);
	KUNIT_EXPECT_EQ(test, s->target_nid, 12);
	KUNIT_EXPECT_EQ(test, s->max_nr_snapshots, 21);
	KUNIT_EXPECT_EQ(test, s->quota.goal_tuner,
			DAMOS_QUOTA_GOAL_TUNER_TEMPORAL);
	KUNIT_EXPECT_EQ(test, s->quota.fail_charge_num, 13);
	KUNIT_EXPECT_EQ(test, s->quota.fail_charge_denom, 14);
	KUNIT_EXPECT_EQ(test, s->quota.ms, 5);
	KUNIT_EXPECT_EQ(test, s->quota.sz, 6);
	KUNIT_EXPECT_EQ(test, s->quota.reset_interval, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, s->quota.weight_sz, 1);
	KUNIT_EXPECT_EQ(test, s->quota.weight_nr_accesses, 2);
	KUNIT_EXPECT_EQ(test, s->quota.weight_age, 3000);
	KUNIT_EXPECT_EQ(test, s->wmarks.metric, DAMOS_WMARK_FREE_MEM_RATE);
	KUNIT_EXPECT_EQ(test, s->wmarks.interval, 9);
	KUNIT_EXPECT_EQ(test, s->wmarks.high, 1);
	KUNIT_EXPECT_EQ(test, s->wmarks.mid, 2);
	KUNIT_EXPECT_EQ(test, s->wmarks.low, 3);
	damon_destroy_ctx(ctx);
}

/* Actions that the operations set does not have are accepted. */
static void test_build_action(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_ctx *ctx;
	struct damos *s;

	stage_schemes(test, "1");
	EXPECT_PUT(test, &scheme_dir(f->c, 0)->node, "action", "collapse", 0);
	s = build_scheme(test, &ctx);
	KUNIT_EXPECT_EQ(test, s->action, DAMOS_COLLAPSE);
	damon_destroy_ctx(ctx);
}

static void stage_goal_metric(struct kunit *test, unsigned int i,
			      const char *metric)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *goal = &goal_dir(scheme_dir(f->c, 0), i)->node;

	EXPECT_PUT(test, goal, "target_metric", metric, 0);
	EXPECT_PUT(test, goal, "target_value", "100", 0);
	EXPECT_PUT(test, goal, "current_value", "55", 0);
	EXPECT_PUT(test, goal, "nid", "-3", 0);
}

static void expect_goal(struct kunit *test, struct damos_quota_goal *goal,
			enum damos_quota_goal_metric metric,
			unsigned long current_value, int nid)
{
	KUNIT_EXPECT_EQ(test, goal->metric, metric);
	KUNIT_EXPECT_EQ(test, goal->target_value, 100);
	KUNIT_EXPECT_EQ(test, goal->current_value, current_value);
	KUNIT_EXPECT_EQ(test, goal->nid, nid);
	KUNIT_EXPECT_EQ(test, goal->memcg_id, 0);
}

/* In their order, without those that have no target. */
static void test_build_goals(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damos_quota_goal *goal;
	struct damon_ctx *ctx;
	struct damos *s;

	stage_schemes(test, "1");
	EXPECT_PUT(test, scheme_dir(f->c, 0)->quotas->goals, "nr_goals", "5", 0);
	stage_goal_metric(test, 0, "node_eligible_mem_bp");
	stage_goal_metric(test, 1, "node_memcg_used_bp");
	EXPECT_PUT(test, &goal_dir(scheme_dir(f->c, 0), 1)->node,
		   "target_value", "0", 0);
	stage_goal_metric(test, 2, "user_input");
	stage_goal_metric(test, 3, "node_mem_free_bp");
	stage_goal_metric(test, 4, "active_mem_bp");
	s = build_scheme(test, &ctx);
	KUNIT_ASSERT_EQ(test, list_count_nodes(&s->quota.goals), 4);
	goal = list_first_entry(&s->quota.goals, struct damos_quota_goal, list);
	expect_goal(test, goal, DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP, 0, -3);
	goal = list_next_entry(goal, list);
	expect_goal(test, goal, DAMOS_QUOTA_USER_INPUT, 55, 0);
	goal = list_next_entry(goal, list);
	expect_goal(test, goal, DAMOS_QUOTA_NODE_MEM_FREE_BP, 0, -3);
	goal = list_next_entry(goal, list);
	expect_goal(test, goal, DAMOS_QUOTA_ACTIVE_MEM_BP, 0, 0);
	damon_destroy_ctx(ctx);
}

static void test_build_bad_goals(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *goal;

	stage_schemes(test, "1");
	EXPECT_PUT(test, scheme_dir(f->c, 0)->quotas->goals, "nr_goals", "1", 0);
	goal = &goal_dir(scheme_dir(f->c, 0), 0)->node;
	stage_goal_metric(test, 0, "node_memcg_free_bp");
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	EXPECT_PUT(test, goal, "path", "/no/such/cgroup", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_build(test, true), -EINVAL);
	EXPECT_PUT(test, goal, "target_value", "0", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);

	stage_goal_metric(test, 0, "node_eligible_mem_bp");
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
	if (!damon_is_registered_ops(DAMON_OPS_VADDR))
		return;
	EXPECT_PUT(test, &f->c->node, "operations", "vaddr", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_build(test, true), -EINVAL);
	EXPECT_PUT(test, &f->c->node, "operations", "fvaddr", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
}

/* Gives every file of a filter a value of its own. */
static void stage_filter(struct kunit *test, struct damon_sysfs_node *filter,
			 const char *type, unsigned long base)
{
	EXPECT_PUT(test, filter, "type", type, 0);
	KUNIT_EXPECT_EQ(test, put_ul(filter, "addr_start", base), 0);
	KUNIT_EXPECT_EQ(test, put_ul(filter, "addr_end", base + 1), 0);
	KUNIT_EXPECT_EQ(test, put_ul(filter, "min", base + 2), 0);
	KUNIT_EXPECT_EQ(test, put_ul(filter, "max", base + 3), 0);
	KUNIT_EXPECT_EQ(test, put_ul(filter, "damon_target_idx", base + 4), 0);
}

static void stage_filters(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_scheme *s;

	stage_schemes(test, "1");
	s = scheme_dir(f->c, 0);
	EXPECT_PUT(test, s->filters, "nr_filters", "3", 0);
	stage_filter(test, s->filters->children[0], "target", 10);
	stage_filter(test, s->filters->children[1], "young", 20);
	stage_filter(test, s->filters->children[2], "addr", 30);
	EXPECT_PUT(test, s->filters->children[1], "matching", "Y", 0);
	EXPECT_PUT(test, s->core_filters, "nr_filters", "1", 0);
	stage_filter(test, s->core_filters->children[0], "addr", 40);
	EXPECT_PUT(test, s->core_filters->children[0], "allow", "Y", 0);
	EXPECT_PUT(test, s->ops_filters, "nr_filters", "2", 0);
	stage_filter(test, s->ops_filters->children[0], "hugepage_size", 50);
	stage_filter(test, s->ops_filters->children[1], "unmapped", 60);
}

/* First those of core_filters, then of ops_filters, then of filters. */
static void test_build_filters(struct kunit *test)
{
	struct damos_filter *filter;
	struct damon_ctx *ctx;
	struct damos *s;

	stage_filters(test);
	s = build_scheme(test, &ctx);
	KUNIT_ASSERT_EQ(test, list_count_nodes(&s->core_filters), 3);
	filter = list_first_entry(&s->core_filters, struct damos_filter, list);
	KUNIT_EXPECT_EQ(test, filter->type, DAMOS_FILTER_TYPE_ADDR);
	KUNIT_EXPECT_TRUE(test, filter->allow);
	KUNIT_EXPECT_FALSE(test, filter->matching);
	KUNIT_EXPECT_EQ(test, filter->addr_range.start, 40);
	KUNIT_EXPECT_EQ(test, filter->addr_range.end, 41);
	filter = list_next_entry(filter, list);
	KUNIT_EXPECT_EQ(test, filter->type, DAMOS_FILTER_TYPE_TARGET);
	KUNIT_EXPECT_FALSE(test, filter->allow);
	KUNIT_EXPECT_EQ(test, filter->target_idx, 14);
	filter = list_next_entry(filter, list);
	KUNIT_EXPECT_EQ(test, filter->addr_range.start, 30);

	KUNIT_ASSERT_EQ(test, list_count_nodes(&s->ops_filters), 3);
	filter = list_first_entry(&s->ops_filters, struct damos_filter, list);
	KUNIT_EXPECT_EQ(test, filter->type, DAMOS_FILTER_TYPE_HUGEPAGE_SIZE);
	KUNIT_EXPECT_EQ(test, filter->sz_range.min, 52);
	KUNIT_EXPECT_EQ(test, filter->sz_range.max, 53);
	filter = list_next_entry(filter, list);
	KUNIT_EXPECT_EQ(test, filter->type, DAMOS_FILTER_TYPE_UNMAPPED);
	filter = list_next_entry(filter, list);
	KUNIT_EXPECT_EQ(test, filter->type, DAMOS_FILTER_TYPE_YOUNG);
	KUNIT_EXPECT_TRUE(test, filter->matching);
	damon_destroy_ctx(ctx);
}

/* Ranges that end before they begin.  Empty ones are fine. */
static void test_build_bad_filters(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *filter;

	stage_schemes(test, "1");
	EXPECT_PUT(test, scheme_dir(f->c, 0)->filters, "nr_filters", "1", 0);
	filter = scheme_dir(f->c, 0)->filters->children[0];
	EXPECT_PUT(test, filter, "addr_start", "8192", 0);
	EXPECT_PUT(test, filter, "addr_end", "8191", 0);
	EXPECT_PUT(test, filter, "min", "8192", 0);
	EXPECT_PUT(test, filter, "max", "8191", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);

	EXPECT_PUT(test, filter, "type", "addr", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_build(test, true), -EINVAL);
	EXPECT_PUT(test, filter, "addr_end", "8192", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);

	EXPECT_PUT(test, filter, "type", "hugepage_size", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_build(test, true), -EINVAL);
	EXPECT_PUT(test, filter, "max", "8192", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);

	EXPECT_PUT(test, filter, "type", "target", 0);
	EXPECT_PUT(test, filter, "damon_target_idx", "-1", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
}

/* 0: there are no memory cgroups. */
static u64 root_memcg_id(void)
{
#ifdef CONFIG_MEMCG
	return mem_cgroup_disabled() ? 0 : mem_cgroup_id(root_mem_cgroup);
#else
	return 0;
#endif
}

static void test_build_memcg(struct kunit *test)
{
	static const char *const bad[] = {
		"", "\n", "//", "/ ", "/no/such", "no", "/\n\n",
	};
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *filter;
	struct damos_filter *built;
	struct damon_ctx *ctx;
	struct damos *s;

	stage_schemes(test, "1");
	EXPECT_PUT(test, scheme_dir(f->c, 0)->ops_filters, "nr_filters", "1", 0);
	filter = scheme_dir(f->c, 0)->ops_filters->children[0];
	EXPECT_PUT(test, filter, "type", "memcg", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		put(filter, "memcg_path", bad[i]);
		KUNIT_EXPECT_EQ_MSG(test, try_build(test, false), -EINVAL,
				    "'%s'", bad[i]);
	}
	EXPECT_PUT(test, filter, "memcg_path", "/\n", 0);
	if (!root_memcg_id()) {
		KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
		return;
	}
	s = build_scheme(test, &ctx);
	built = list_first_entry(&s->ops_filters, struct damos_filter, list);
	KUNIT_EXPECT_EQ(test, built->memcg_id, root_memcg_id());
	damon_destroy_ctx(ctx);
}

static void test_build_dests(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *dests;
	struct damon_ctx *ctx;
	struct damos *s;

	stage_schemes(test, "1");
	dests = scheme_dir(f->c, 0)->dests;
	EXPECT_PUT(test, dests, "nr_dests", "2", 0);
	EXPECT_PUT(test, dests->children[0], "id", "7", 0);
	EXPECT_PUT(test, dests->children[0], "weight", "4294967295", 0);
	EXPECT_PUT(test, dests->children[1], "id", "1", 0);
	s = build_scheme(test, &ctx);
	KUNIT_ASSERT_EQ(test, s->migrate_dests.nr_dests, 2);
	KUNIT_EXPECT_EQ(test, s->migrate_dests.node_id_arr[0], 7);
	KUNIT_EXPECT_EQ(test, s->migrate_dests.weight_arr[0], UINT_MAX);
	KUNIT_EXPECT_EQ(test, s->migrate_dests.node_id_arr[1], 1);
	KUNIT_EXPECT_EQ(test, s->migrate_dests.weight_arr[1], 0);
	damon_destroy_ctx(ctx);
}

/* Building from what is left of another context */

/* A scheme that has everything, and a target with regions. */
static struct damon_ctx *build_full(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *filter;
	struct damon_sysfs_scheme *s;
	struct damon_ctx *ctx;

	stage_schemes(test, "1");
	s = scheme_dir(f->c, 0);
	stage_scheme(test, s);
	EXPECT_PUT(test, s->quotas->goals, "nr_goals", "1", 0);
	stage_goal_metric(test, 0, "user_input");
	EXPECT_PUT(test, s->dests, "nr_dests", "2", 0);
	EXPECT_PUT(test, s->core_filters, "nr_filters", "1", 0);
	EXPECT_PUT(test, s->ops_filters, "nr_filters", "1", 0);
	filter = s->core_filters->children[0];
	EXPECT_PUT(test, filter, "addr_start", "4096", 0);
	EXPECT_PUT(test, filter, "addr_end", "8192", 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
	EXPECT_PUT(test, target_dir(f->c, 0)->regions, "nr_regions", "2", 0);
	stage_region(test, 0, PAGE_SIZE, PAGE_SIZE * 2);
	stage_region(test, 1, PAGE_SIZE * 3, PAGE_SIZE * 5);
	ctx = build(test, true);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	return ctx;
}

/* Like one that was never anything else, and has a filter. */
static void expect_plain_scheme(struct kunit *test, struct damos *s)
{
	struct damos_filter *filter;

	KUNIT_EXPECT_EQ(test, s->action, DAMOS_STAT);
	KUNIT_EXPECT_EQ(test, s->pattern.max_sz_region, 0);
	KUNIT_EXPECT_EQ(test, s->max_nr_snapshots, 0);
	KUNIT_EXPECT_EQ(test, s->quota.sz, 0);
	KUNIT_EXPECT_EQ(test, s->quota.weight_age, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->quota.goals));
	KUNIT_EXPECT_EQ(test, s->wmarks.metric, DAMOS_WMARK_NONE);
	KUNIT_EXPECT_TRUE(test, s->wmarks.activated);
	KUNIT_EXPECT_EQ(test, s->migrate_dests.nr_dests, 0);
	KUNIT_EXPECT_NULL(test, s->migrate_dests.node_id_arr);
	KUNIT_EXPECT_NULL(test, s->migrate_dests.weight_arr);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->core_filters));
	KUNIT_ASSERT_EQ(test, list_count_nodes(&s->ops_filters), 1);
	filter = list_first_entry(&s->ops_filters, struct damos_filter, list);
	KUNIT_EXPECT_EQ(test, filter->type, DAMOS_FILTER_TYPE_ANON);
	KUNIT_EXPECT_EQ(test, filter->addr_range.end, 0);
}

/* What it was does not show.  What there is not enough of is made. */
static void test_build_spare(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_ctx *spare, *ctx;
	struct damon_target *t;
	struct damos *s;

	spare = build_full(test);
	t = list_first_entry(&spare->adaptive_targets, struct damon_target, list);
	s = list_first_entry(&spare->schemes, struct damos, list);
	EXPECT_PUT(test, target_dir(f->c, 0)->regions, "nr_regions", "0", 0);
	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "0", 0);
	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "2", 0);
	EXPECT_PUT(test, scheme_dir(f->c, 0)->filters, "nr_filters", "1", 0);

	ctx = damon_sysfs_build_ctx(f->c, "kunit", true, spare);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(spare));
	KUNIT_EXPECT_TRUE(test, list_empty(&spare->schemes));
	damon_destroy_ctx(spare);
	KUNIT_EXPECT_TRUE(test, list_is_first(&t->list, &ctx->adaptive_targets));
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&ctx->schemes), 2);
	KUNIT_EXPECT_TRUE(test, list_is_first(&s->list, &ctx->schemes));
	expect_plain_scheme(test, s);
	damon_destroy_ctx(ctx);
}

/* Memory that runs out */

/*
 * Not each allocation is one of ours: checkers of memory allocate, too, and go on
 * without.  So an operation may succeed although an allocation has failed.
 */
#define MAX_ALLOCATIONS	2000

/* Every allocation of a new scheme fails in its turn: the old one stays. */
static void renew_without_memory(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	unsigned int nth, nr_failed = 0;
	bool failed = true;
	int ret;

	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "1", 0);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		EXPECT_PUT(test, &scheme_dir(f->c, 0)->node, "action", "cold", 0);
		fail_allocation(nth);
		ret = put(f->c->schemes, "nr_schemes", "1");
		failed = allocation_failed();
		if (ret) {
			KUNIT_ASSERT_TRUE(test, failed);
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			nr_failed++;
		}
		EXPECT_GET(test, &scheme_dir(f->c, 0)->node, "action",
			   ret ? "cold\n" : "stat\n");
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, nr_failed, 15);
}

static void test_no_memory(struct kunit *test)
{
	needs_failslab(test);
	renew_without_memory(test);
}

static void test_no_memory_attached(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct kobject *dir;

	needs_failslab(test);
	dir = make_dir(test);
	KUNIT_EXPECT_EQ(test, damon_sysfs_attach(f->kdamonds, dir, "kdamonds"), 0);
	renew_without_memory(test);
	KUNIT_EXPECT_TRUE(test, is_there(&f->c->schemes->kobj, "0"));
	damon_sysfs_detach(f->kdamonds);
	drop_dir(dir);
}

/* Building a scheme that has everything: all of it, or nothing. */
static void test_build_no_memory(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	unsigned int nth, nr_failed = 0;
	bool failed = true;
	int ret;

	needs_failslab(test);
	stage_filters(test);
	EXPECT_PUT(test, scheme_dir(f->c, 0)->dests, "nr_dests", "3", 0);
	EXPECT_PUT(test, scheme_dir(f->c, 0)->quotas->goals, "nr_goals", "1", 0);
	stage_goal_metric(test, 0, "user_input");
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		fail_allocation(nth);
		ret = try_build(test, false);
		failed = allocation_failed();
		if (ret) {
			KUNIT_ASSERT_TRUE(test, failed);
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			nr_failed++;
		}
	}
	KUNIT_EXPECT_FALSE(test, failed);
	/* context, scheme, goal, six filters, two arrays */
	KUNIT_EXPECT_GE(test, nr_failed, 1 + 1 + 1 + 6 + 2);
}
