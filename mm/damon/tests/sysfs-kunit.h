/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of the sysfs interface, part of sysfs.c: building contexts from what
 * is staged, and commands.
 */
#include "sysfs-tree-kunit.h"

/* Building contexts */

static void need_ops(struct kunit *test, enum damon_ops_id id)
{
	if (!damon_is_registered_ops(id))
		kunit_skip(test, "operations set %d is not built in", id);
}

static struct damon_ctx *build(struct kunit *test, bool online)
{
	struct sysfs_fixture *f = test->priv;

	return damon_sysfs_build_ctx(f->c, "kunit", online);
}

/* 0, or the error that building gives. */
static int try_build(struct kunit *test, bool online)
{
	struct damon_ctx *ctx = build(test, online);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	damon_destroy_ctx(ctx);
	return 0;
}

static void test_build_defaults(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_ctx *ctx;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	KUNIT_EXPECT_EQ(test, ctx->ops.id, DAMON_OPS_PADDR);
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 5000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 100000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.ops_update_interval, 60000000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.min_nr_regions, 10);
	KUNIT_EXPECT_EQ(test, ctx->attrs.max_nr_regions, 1000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.intervals_goal.aggrs, 0);
	KUNIT_EXPECT_EQ(test, ctx->addr_unit, 1);
	KUNIT_EXPECT_EQ(test, ctx->min_region_sz, PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, ctx->pause);
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->schemes));
	damon_destroy_ctx(ctx);
}

static void test_build_attrs(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *intervals =
		&f->c->monitoring_attrs->intervals->node;
	struct damon_sysfs_node *goal =
		&f->c->monitoring_attrs->intervals->intervals_goal->node;
	struct damon_sysfs_node *nr_regions =
		&f->c->monitoring_attrs->nr_regions->node;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);

	EXPECT_PUT(test, nr_regions, "min", "2", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	EXPECT_PUT(test, nr_regions, "min", "3", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
	EXPECT_PUT(test, nr_regions, "max", "2", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	EXPECT_PUT(test, nr_regions, "max", "3", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);

	EXPECT_PUT(test, intervals, "sample_us", "100001", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	EXPECT_PUT(test, intervals, "sample_us", "100000", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
	EXPECT_PUT(test, intervals, "sample_us", "0", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
	EXPECT_PUT(test, intervals, "sample_us", "5000", 0);

	EXPECT_PUT(test, goal, "min_sample_us", "6000", 0);
	EXPECT_PUT(test, goal, "max_sample_us", "5500", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
	EXPECT_PUT(test, goal, "aggrs", "3", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	EXPECT_PUT(test, goal, "max_sample_us", "10000", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	EXPECT_PUT(test, goal, "min_sample_us", "5000", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, true), 0);
}

static void test_build_addr_unit(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_ctx *ctx;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, &f->c->node, "addr_unit", "0", -EINVAL);
	EXPECT_PUT(test, &f->c->node, "addr_unit", "3", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_build(test, true), -EINVAL);

	EXPECT_PUT(test, &f->c->node, "addr_unit", "16", 0);
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	KUNIT_EXPECT_EQ(test, ctx->addr_unit, 16);
	KUNIT_EXPECT_EQ(test, ctx->min_region_sz, PAGE_SIZE / 16);
	damon_destroy_ctx(ctx);

	/* Above the page size the smallest region is one unit. */
	EXPECT_PUT(test, &f->c->node, "addr_unit", "3000000", 0);
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	KUNIT_EXPECT_EQ(test, ctx->min_region_sz, 1);
	damon_destroy_ctx(ctx);
}

static void stage_region(struct kunit *test, unsigned int i,
			 unsigned long start, unsigned long end)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *region =
		target_dir(f->c, 0)->regions->children[i];

	KUNIT_EXPECT_EQ(test, put_ul(region, "start", start), 0);
	KUNIT_EXPECT_EQ(test, put_ul(region, "end", end), 0);
}

static void test_build_regions(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_target *t;
	struct damon_ctx *ctx;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
	EXPECT_PUT(test, target_dir(f->c, 0)->regions, "nr_regions", "2", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);

	stage_region(test, 0, PAGE_SIZE, PAGE_SIZE * 3 - 7);
	stage_region(test, 1, PAGE_SIZE * 3, PAGE_SIZE * 5);
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	KUNIT_ASSERT_EQ(test, damon_nr_regions(t), 2);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.start, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.end, PAGE_SIZE * 3);
	KUNIT_EXPECT_EQ(test, damon_last_region(t)->ar.end, PAGE_SIZE * 5);
	damon_destroy_ctx(ctx);

	stage_region(test, 1, PAGE_SIZE * 3 - 8, PAGE_SIZE * 5);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	stage_region(test, 1, PAGE_SIZE * 3 - 6, PAGE_SIZE * 5);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	stage_region(test, 1, PAGE_SIZE * 5, PAGE_SIZE * 4);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	stage_region(test, 1, PAGE_SIZE * 5 + 9, PAGE_SIZE * 5 + 8);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	stage_region(test, 1, PAGE_SIZE * 5, PAGE_SIZE * 5);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	stage_region(test, 1, PAGE_SIZE * 5, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
	stage_region(test, 1, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	stage_region(test, 1, PAGE_SIZE * 5, PAGE_SIZE * 6);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
}

static void test_build_paddr_targets(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_target *t;
	struct damon_ctx *ctx;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
	EXPECT_PUT(test, &target_dir(f->c, 0)->node, "pid_target", "-1", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "2", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_build(test, true), -EINVAL);

	/* An obsolete one gives way to the other. */
	EXPECT_PUT(test, &target_dir(f->c, 0)->node, "obsolete_target", "1", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	ctx = build(test, true);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	KUNIT_EXPECT_TRUE(test, t->obsolete);
	t = list_last_entry(&ctx->adaptive_targets, struct damon_target, list);
	KUNIT_EXPECT_FALSE(test, t->obsolete);
	damon_destroy_ctx(ctx);
}

static void test_build_pids(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *target;
	struct damon_target *t;
	struct damon_ctx *ctx;

	need_ops(test, DAMON_OPS_VADDR);
	KUNIT_EXPECT_EQ(test, try_build(test, false), 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
	target = &target_dir(f->c, 0)->node;
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	EXPECT_PUT(test, target, "pid_target", "-1", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	EXPECT_PUT(test, target, "pid_target", "2147483647", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);

	/* Of an obsolete one not even the process is looked at. */
	EXPECT_PUT(test, target, "obsolete_target", "Y", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, true), 0);
	EXPECT_PUT(test, target, "obsolete_target", "N", 0);

	KUNIT_EXPECT_EQ(test, put_ul(target, "pid_target",
				     task_pid_vnr(current)), 0);
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	KUNIT_EXPECT_PTR_EQ(test, t->pid, task_pid(current));
	KUNIT_EXPECT_EQ(test, ctx->min_region_sz, PAGE_SIZE);
	damon_destroy_ctx(ctx);
}

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

	s = list_last_entry(&ctx->schemes, struct damos, list);
	KUNIT_EXPECT_EQ(test, s->pattern.min_sz_region, 8192);
	KUNIT_EXPECT_EQ(test, s->pattern.max_sz_region, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, s->pattern.min_nr_accesses, UINT_MAX);
	KUNIT_EXPECT_EQ(test, s->pattern.max_nr_accesses, UINT_MAX);
	KUNIT_EXPECT_EQ(test, s->pattern.min_age_region, 3);
	KUNIT_EXPECT_EQ(test, s->pattern.max_age_region, UINT_MAX);
	KUNIT_EXPECT_EQ(test, s->apply_interval_us, 77);
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

/* Commands */

static void test_commands_early(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;

	EXPECT_PUT(test, k, "state", "bogus", -EINVAL);
	EXPECT_PUT(test, k, "state", "", -EINVAL);
	EXPECT_PUT(test, k, "state", "off", -EINVAL);
	EXPECT_PUT(test, k, "state", "commit", -EINVAL);
	EXPECT_PUT(test, k, "state", "update_schemes_stats", -EINVAL);
	EXPECT_PUT(test, k, "state", "update_schemes_tried_regions", -EINVAL);
	EXPECT_PUT(test, k, "state", "update_tuned_intervals", -EINVAL);
	EXPECT_PUT(test, k, "state", "clear_schemes_tried_regions\n", 0);
	EXPECT_PUT(test, f->k->contexts, "nr_contexts", "0", 0);
	EXPECT_PUT(test, k, "state", "on", -EINVAL);
	EXPECT_PUT(test, k, "state", "clear_schemes_tried_regions", -EINVAL);
}

static void test_run(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;

	need_ops(test, DAMON_OPS_PADDR);
	if (damon_nr_running_ctxs())
		kunit_skip(test, "other kdamonds run");
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, k, "state", "on\n", 0);
	EXPECT_GET(test, k, "state", "on\n");
	KUNIT_EXPECT_STRNEQ(test, get(test, k, "pid"), "-1\n");
	EXPECT_PUT(test, k, "state", "on", -EBUSY);
	EXPECT_PUT(test, f->kdamonds, "nr_kdamonds", "1", -EBUSY);
	EXPECT_GET(test, f->kdamonds, "nr_kdamonds", "1\n");

	/* An invalid commit changes nothing. */
	EXPECT_PUT(test, f->c->targets, "nr_targets", "2", 0);
	EXPECT_PUT(test, k, "state", "commit", -EINVAL);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "0", 0);
	EXPECT_PUT(test, &f->c->monitoring_attrs->intervals->node, "sample_us",
		   "6000", 0);
	EXPECT_PUT(test, k, "state", "update_tuned_intervals", 0);
	EXPECT_GET(test, &f->c->monitoring_attrs->intervals->node, "sample_us",
		   "5000\n");

	/* New directories do not show what the old ones stand for. */
	EXPECT_PUT(test, f->k->contexts, "nr_contexts", "0", 0);
	EXPECT_PUT(test, k, "state", "commit", -EINVAL);
	EXPECT_PUT(test, f->k->contexts, "nr_contexts", "1", 0);
	f->c = damon_sysfs_child(f->k->contexts, 0, struct damon_sysfs_context);
	EXPECT_PUT(test, &f->c->monitoring_attrs->intervals->node, "sample_us",
		   "6000", 0);
	EXPECT_PUT(test, k, "state", "update_tuned_intervals", 0);
	EXPECT_GET(test, &f->c->monitoring_attrs->intervals->node, "sample_us",
		   "6000\n");
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, k, "state", "commit", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_tried_regions",
		   -ECANCELED);

	EXPECT_PUT(test, k, "state", "off", 0);
	EXPECT_GET(test, k, "state", "off\n");
	EXPECT_GET(test, k, "pid", "-1\n");
	EXPECT_PUT(test, k, "state", "off", 0);
	EXPECT_PUT(test, k, "state", "commit", -ECANCELED);
	EXPECT_PUT(test, k, "state", "update_schemes_stats", -ECANCELED);
	EXPECT_PUT(test, k, "state", "on", 0);
	EXPECT_PUT(test, k, "state", "off", 0);
	EXPECT_PUT(test, f->kdamonds, "nr_kdamonds", "2", 0);
}

static struct kunit_case sysfs_test_cases[] = {
	KUNIT_CASE(test_initial_values),
	KUNIT_CASE(test_unsigned_long),
	KUNIT_CASE(test_int),
	KUNIT_CASE(test_nonzero),
	KUNIT_CASE(test_bool),
	KUNIT_CASE(test_keyword),
	KUNIT_CASE(test_path),
	KUNIT_CASE(test_modes),
	KUNIT_CASE(test_nr),
	KUNIT_CASE(test_nr_contexts),
	KUNIT_CASE(test_nr_too_many),
	KUNIT_CASE(test_resize),
	KUNIT_CASE(test_busy),
	KUNIT_CASE(test_retired),
	KUNIT_CASE(test_big_tree),
	KUNIT_CASE(test_killed),
	KUNIT_CASE(test_build_defaults),
	KUNIT_CASE(test_build_attrs),
	KUNIT_CASE(test_build_addr_unit),
	KUNIT_CASE(test_build_regions),
	KUNIT_CASE(test_build_paddr_targets),
	KUNIT_CASE(test_build_pids),
	KUNIT_CASE(test_build_scheme),
	KUNIT_CASE(test_commands_early),
	KUNIT_CASE(test_run),
	{ }
};

static struct kunit_suite sysfs_test_suite = {
	.name = "damon-sysfs",
	.init = sysfs_test_init,
	.exit = sysfs_test_exit,
	.test_cases = sysfs_test_cases,
};

kunit_test_suite(sysfs_test_suite);
