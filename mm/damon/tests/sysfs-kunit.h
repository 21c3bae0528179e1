/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of the sysfs interface, part of sysfs.c: building contexts from what
 * is staged, and commands.
 */
#include "sysfs-tree-kunit.h"
#include "sysfs-schemes-kunit.h"
#include "sysfs-probes-kunit.h"

/* Building contexts */

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

	/* So it is where units and pages do not meet. */
	EXPECT_PUT(test, &f->c->node, "addr_unit", "2000", 0);
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	KUNIT_EXPECT_EQ(test, ctx->min_region_sz, 1);
	damon_destroy_ctx(ctx);
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

/* The range [start, end) of some unit must become [want_start, want_end). */
static void check_range(struct kunit *test, unsigned long unit,
			unsigned long start, unsigned long end,
			unsigned long want_start, unsigned long want_end)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_target *t;
	struct damon_ctx *ctx;

	KUNIT_EXPECT_EQ(test, put_ul(&f->c->node, "addr_unit", unit), 0);
	stage_region(test, 0, start, end);
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 1);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.start, want_start);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.end, want_end);
	damon_destroy_ctx(ctx);
}

/* Ranges cover the pages that were asked for, and no other. */
static void test_build_unit_ranges(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
	EXPECT_PUT(test, target_dir(f->c, 0)->regions, "nr_regions", "1", 0);
	check_range(test, PAGE_SIZE / 4, 4, 8, 4, 8);
	check_range(test, PAGE_SIZE / 4, 5, 9, 4, 12);
	check_range(test, PAGE_SIZE, 1, 2, 1, 2);
	check_range(test, PAGE_SIZE * 2, 3, 4, 3, 4);
	check_range(test, PAGE_SIZE / 2 - 16, 3, 5, 3, 5);
	check_range(test, PAGE_SIZE - 1, 3, 4, 3, 4);
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
	EXPECT_PUT(test, k, "state", "update_schemes_tried_bytes", -EINVAL);
	EXPECT_PUT(test, k, "state", "update_schemes_effective_quotas", -EINVAL);
	EXPECT_PUT(test, k, "state", "commit_schemes_quota_goals", -EINVAL);
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

/* One scheme for everything, on some physical memory, with short intervals. */
static void start_scheme(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *intervals =
		&f->c->monitoring_attrs->intervals->node;
	struct damon_sysfs_access_pattern *pattern;

	need_ops(test, DAMON_OPS_PADDR);
	if (damon_nr_running_ctxs())
		kunit_skip(test, "other kdamonds run");
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, intervals, "sample_us", "1000", 0);
	EXPECT_PUT(test, intervals, "aggr_us", "5000", 0);
	EXPECT_PUT(test, &f->c->monitoring_attrs->nr_regions->node, "max",
		   "20", 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
	EXPECT_PUT(test, target_dir(f->c, 0)->regions, "nr_regions", "1", 0);
	stage_region(test, 0, 0, PAGE_SIZE * 1000);
	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "2", 0);
	pattern = scheme_dir(f->c, 0)->access_pattern;
	stage_bounds(test, pattern->sz, 0, ULONG_MAX);
	stage_bounds(test, pattern->nr_accesses, 0, ULONG_MAX);
	stage_bounds(test, pattern->age, 0, ULONG_MAX);
	EXPECT_PUT(test, &f->k->node, "state", "on", 0);
}

static void expect_bytes(struct kunit *test, unsigned int scheme,
			 unsigned long nr_bytes)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *dir;
	unsigned long shown;

	dir = &scheme_dir(f->c, scheme)->tried_regions->node;
	KUNIT_ASSERT_EQ(test, kstrtoul(get(test, dir, "total_bytes"), 0,
				       &shown), 0);
	KUNIT_EXPECT_EQ(test, shown, nr_bytes);
}

/* Sum of the sizes of the regions that are shown. */
static unsigned long bytes_of_dirs(struct damon_sysfs_node *dirs)
{
	struct damon_sysfs_tried_region *region;
	unsigned long nr_bytes = 0;

	for (unsigned int i = 0; i < dirs->nr_children; i++) {
		region = damon_sysfs_child(dirs, i,
					   struct damon_sysfs_tried_region);
		nr_bytes += region->end - region->start;
	}
	return nr_bytes;
}

static void test_tried_regions(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;
	struct damon_sysfs_node *dirs;

	start_scheme(test);
	dirs = &scheme_dir(f->c, 0)->tried_regions->node;
	EXPECT_PUT(test, k, "state", "update_schemes_tried_bytes", 0);
	expect_bytes(test, 0, PAGE_SIZE * 1000);
	expect_bytes(test, 1, 0);
	KUNIT_EXPECT_EQ(test, dirs->nr_children, 0);

	EXPECT_PUT(test, k, "state", "update_schemes_tried_regions", 0);
	KUNIT_EXPECT_GT(test, dirs->nr_children, 0);
	KUNIT_EXPECT_EQ(test, bytes_of_dirs(dirs), PAGE_SIZE * 1000);
	expect_bytes(test, 0, PAGE_SIZE * 1000);

	/* A walk that does not take place takes nothing away ... */
	EXPECT_PUT(test, k, "state", "off", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_tried_bytes", -ECANCELED);
	KUNIT_EXPECT_EQ(test, bytes_of_dirs(dirs), PAGE_SIZE * 1000);
	expect_bytes(test, 0, PAGE_SIZE * 1000);
	EXPECT_PUT(test, k, "state", "clear_schemes_tried_regions", 0);
	KUNIT_EXPECT_EQ(test, dirs->nr_children, 0);
	expect_bytes(test, 0, 0);

	/* ... and one that does leaves no regions of an older one behind. */
	EXPECT_PUT(test, k, "state", "on", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_tried_regions", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_tried_bytes", 0);
	KUNIT_EXPECT_EQ(test, dirs->nr_children, 0);
	expect_bytes(test, 0, PAGE_SIZE * 1000);
}

/*
 * One snapshot takes the place of another only if nobody else can have read half of
 * that.
 */
static void test_tried_regions_readers(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_tried_regions *tried;
	struct damon_sysfs_node *k = &f->k->node, *region;

	start_scheme(test);
	stage_region(test, 0, 0, PAGE_SIZE);
	EXPECT_PUT(test, k, "state", "commit", 0);
	tried = scheme_dir(f->c, 0)->tried_regions;
	EXPECT_PUT(test, k, "state", "update_schemes_tried_regions", 0);
	KUNIT_ASSERT_EQ(test, tried->node.nr_children, 1);
	region = tried->node.children[0];
	kobject_get(&region->kobj);

	EXPECT_PUT(test, k, "state", "update_schemes_tried_regions", 0);
	KUNIT_EXPECT_PTR_EQ(test, tried->node.children[0], region);
	expect_bytes(test, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, tried->reader, current->pid);
	EXPECT_PUT(test, k, "state", "update_schemes_tried_regions", 0);
	KUNIT_EXPECT_PTR_EQ(test, tried->node.children[0], region);

	tried->reader = current->pid + 1;
	expect_bytes(test, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, tried->reader, -1);
	EXPECT_PUT(test, k, "state", "update_schemes_tried_regions", 0);
	KUNIT_EXPECT_PTR_NE(test, tried->node.children[0], region);
	KUNIT_EXPECT_EQ(test, tried->reader, 0);
	KUNIT_EXPECT_EQ(test, bytes_of_dirs(&tried->node), PAGE_SIZE);
	kobject_put(&region->kobj);
}

/* Gives each probe another number of hits, just before the region is shown. */
static unsigned long hit_all(struct damon_ctx *ctx, struct damon_target *t,
			     struct damon_region *r, struct damos *s,
			     unsigned long *sz_filter_passed)
{
	for (unsigned int i = 0; i < DAMON_MAX_PROBES; i++)
		r->probe_hits[i] = 11 + i;
	return 0;
}

static int let_hit_all(void *data)
{
	struct damon_ctx *ctx = data;

	ctx->ops.apply_scheme = hit_all;
	return 0;
}

static void expect_probe_dirs(struct kunit *test, unsigned int nr)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *dirs = &scheme_dir(f->c, 0)->tried_regions->node;
	struct damon_call_control control = {
		.fn = let_hit_all,
		.data = f->k->ctx,
	};
	struct damon_sysfs_tried_region *region;
	struct damon_sysfs_probe_hits *hits;

	KUNIT_ASSERT_EQ(test, damon_call(f->k->ctx, &control), 0);
	EXPECT_PUT(test, &f->k->node, "state", "update_schemes_tried_regions", 0);
	KUNIT_EXPECT_GT(test, dirs->nr_children, 0);
	for (unsigned int i = 0; i < dirs->nr_children; i++) {
		region = damon_sysfs_child(dirs, i,
					   struct damon_sysfs_tried_region);
		KUNIT_ASSERT_EQ(test, region->probes->nr_children, nr);
		for (unsigned int p = 0; p < nr; p++) {
			hits = damon_sysfs_child(region->probes, p,
						 struct damon_sysfs_probe_hits);
			KUNIT_EXPECT_EQ(test, hits->hits, 11 + p);
		}
	}
}

/* As many directories of hits as the running context has probes. */
static void test_tried_probes(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *probes = f->c->monitoring_attrs->probes;

	start_scheme(test);
	expect_probe_dirs(test, 0);
	EXPECT_PUT(test, probes, "nr_probes", "3", 0);
	expect_probe_dirs(test, 0);
	EXPECT_PUT(test, &f->k->node, "state", "commit", 0);
	expect_probe_dirs(test, 3);
	EXPECT_PUT(test, probes, "nr_probes", "1", 0);
	EXPECT_PUT(test, &f->k->node, "state", "commit", 0);
	expect_probe_dirs(test, 1);
	EXPECT_PUT(test, &f->k->node, "state", "clear_schemes_tried_regions", 0);
	EXPECT_PUT(test, probes, "nr_probes", "0", 0);
	EXPECT_PUT(test, &f->k->node, "state", "commit", 0);
	expect_probe_dirs(test, 0);
}

/* Without memory for all regions: an error, but the right size. */
static void test_tried_regions_no_memory(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;
	unsigned int nth, nr_failed = 0;
	bool failed = true;
	int ret;

	needs_failslab(test);
	start_scheme(test);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		EXPECT_PUT(test, k, "state", "clear_schemes_tried_regions", 0);
		fail_allocation(nth);
		ret = put(k, "state", "update_schemes_tried_regions");
		failed = allocation_failed();
		if (ret) {
			KUNIT_ASSERT_TRUE(test, failed);
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			nr_failed++;
		}
		/* the first one is for the walk */
		expect_bytes(test, 0, nth > 1 ? PAGE_SIZE * 1000 : 0);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_GT(test, nr_failed, 1);
}

static void stage_goal(struct kunit *test, unsigned int scheme, const char *nr,
		       const char *target)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *goals = scheme_dir(f->c, scheme)->quotas->goals;

	EXPECT_PUT(test, goals, "nr_goals", nr, 0);
	for (unsigned int i = 0; i < goals->nr_children; i++)
		EXPECT_PUT(test, goals->children[i], "target_value", target, 0);
}

/* The target values of all goals of two schemes, which do not run any more. */
static void expect_goals(struct kunit *test, const char *targets)
{
	struct sysfs_fixture *f = test->priv;
	struct damos_quota_goal *goal;
	struct damos *s;
	int len = 0;

	f->page[0] = 0;
	damon_for_each_scheme(s, f->k->ctx) {
		damos_for_each_quota_goal(goal, &s->quota)
			len += sysfs_emit_at(f->page, len, "%lu ",
					     goal->target_value);
		len += sysfs_emit_at(f->page, len, ";");
	}
	KUNIT_EXPECT_STREQ(test, f->page, targets);
}

static void test_commit_goals(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;
	struct damon_sysfs_node *goals;

	start_scheme(test);
	stage_goal(test, 0, "3", "70");
	EXPECT_PUT(test, &goal_dir(scheme_dir(f->c, 0), 1)->node, "target_value",
		   "75", 0);
	EXPECT_PUT(test, &goal_dir(scheme_dir(f->c, 0), 2)->node, "target_value",
		   "60", 0);
	stage_goal(test, 1, "1", "80");
	EXPECT_PUT(test, k, "state", "commit_schemes_quota_goals", 0);

	/* One that is wrong: none is changed. */
	stage_goal(test, 0, "1", "90");
	goals = scheme_dir(f->c, 1)->quotas->goals;
	EXPECT_PUT(test, goals->children[0], "target_metric",
		   "node_memcg_used_bp", 0);
	EXPECT_PUT(test, goals->children[0], "path", "nowhere", 0);
	EXPECT_PUT(test, k, "state", "commit_schemes_quota_goals", -EINVAL);

	/* What is wrong elsewhere does not matter. */
	EXPECT_PUT(test, goals->children[0], "target_metric", "user_input", 0);
	EXPECT_PUT(test, k, "state", "off", 0);
	expect_goals(test, "70 75 60 ;80 ;");

	EXPECT_PUT(test, k, "state", "on", 0);
	stage_goal(test, 0, "1", "60");
	stage_goal(test, 1, "0", "0");
	EXPECT_PUT(test, f->c->targets, "nr_targets", "3", 0);
	EXPECT_PUT(test, k, "state", "commit", -EINVAL);
	EXPECT_PUT(test, k, "state", "commit_schemes_quota_goals", 0);

	/* New directories are not those of the running schemes. */
	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "1", 0);
	stage_goal(test, 0, "1", "10");
	EXPECT_PUT(test, k, "state", "commit_schemes_quota_goals", 0);
	EXPECT_PUT(test, k, "state", "off", 0);
	expect_goals(test, "60 ;;");
	EXPECT_PUT(test, k, "state", "commit_schemes_quota_goals", -ECANCELED);
}

/* Whatever there is no memory for: the goals of all schemes, or of none. */
static void test_commit_goals_no_memory(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;
	unsigned int nth, nr_failed = 0;
	bool failed = true;
	int ret;

	needs_failslab(test);
	start_scheme(test);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		stage_goal(test, 0, "1", "70");
		stage_goal(test, 1, "1", "80");
		EXPECT_PUT(test, k, "state", "commit_schemes_quota_goals", 0);
		stage_goal(test, 0, "1", "90");
		stage_goal(test, 1, "1", "100");
		fail_allocation(nth);
		ret = put(k, "state", "commit_schemes_quota_goals");
		failed = allocation_failed();
		if (ret) {
			KUNIT_ASSERT_TRUE(test, failed);
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			nr_failed++;
		}
		EXPECT_PUT(test, k, "state", "off", 0);
		expect_goals(test, ret ? "70 ;80 ;" : "90 ;100 ;");
		EXPECT_PUT(test, k, "state", "on", 0);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	/* context, two schemes, two goals */
	KUNIT_EXPECT_GE(test, nr_failed, 1 + 2 + 2);
}

static void test_effective_quotas(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;
	struct damon_sysfs_node *quotas;

	start_scheme(test);
	quotas = &scheme_dir(f->c, 0)->quotas->node;
	EXPECT_PUT(test, k, "state", "update_schemes_tried_bytes", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_effective_quotas", 0);
	EXPECT_GET(test, quotas, "effective_bytes", "0\n");
	EXPECT_PUT(test, quotas, "bytes", "5000000", 0);
	EXPECT_PUT(test, quotas, "reset_interval_ms", "1000", 0);
	EXPECT_PUT(test, k, "state", "commit", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_tried_bytes", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_effective_quotas", 0);
	EXPECT_GET(test, quotas, "effective_bytes", "5000000\n");

	/* The limit that is asked for is one thing, the running one another. */
	EXPECT_PUT(test, quotas, "bytes", "6000000", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_effective_quotas", 0);
	EXPECT_GET(test, quotas, "effective_bytes", "5000000\n");
	EXPECT_PUT(test, k, "state", "off", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_effective_quotas",
		   -ECANCELED);
}

#include "sysfs-refresh-kunit.h"

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
	KUNIT_CASE(test_too_much),
	KUNIT_CASE(test_too_much_below),
	KUNIT_CASE(test_children),
	KUNIT_CASE(test_busy),
	KUNIT_CASE(test_retired),
	KUNIT_CASE(test_made_only),
	KUNIT_CASE(test_big_tree),
	KUNIT_CASE(test_killed),
	KUNIT_CASE(test_build_defaults),
	KUNIT_CASE(test_build_attrs),
	KUNIT_CASE(test_build_addr_unit),
	KUNIT_CASE(test_build_regions),
	KUNIT_CASE(test_build_unit_ranges),
	KUNIT_CASE(test_build_paddr_targets),
	KUNIT_CASE(test_build_pids),
	KUNIT_CASE(test_initial_probes),
	KUNIT_CASE(test_nr_probes),
	KUNIT_CASE(test_build_probes),
	KUNIT_CASE(test_build_probe_memcg),
	KUNIT_CASE(test_build_probes_no_memory),
	KUNIT_CASE(test_initial_scheme),
	KUNIT_CASE(test_actions),
	KUNIT_CASE(test_metrics),
	KUNIT_CASE(test_filter_types),
	KUNIT_CASE(test_build_scheme),
	KUNIT_CASE(test_build_action),
	KUNIT_CASE(test_build_goals),
	KUNIT_CASE(test_build_bad_goals),
	KUNIT_CASE(test_build_filters),
	KUNIT_CASE(test_build_bad_filters),
	KUNIT_CASE(test_build_memcg),
	KUNIT_CASE(test_build_dests),
	KUNIT_CASE(test_build_spare),
	KUNIT_CASE(test_no_memory),
	KUNIT_CASE(test_no_memory_attached),
	KUNIT_CASE(test_build_no_memory),
	KUNIT_CASE(test_commands_early),
	KUNIT_CASE(test_run),
	KUNIT_CASE(test_tried_regions),
	KUNIT_CASE(test_tried_regions_readers),
	KUNIT_CASE(test_tried_probes),
	KUNIT_CASE(test_tried_regions_no_memory),
	KUNIT_CASE(test_commit_goals),
	KUNIT_CASE(test_commit_goals_no_memory),
	KUNIT_CASE(test_effective_quotas),
	KUNIT_CASE(test_refresh_staged),
	KUNIT_CASE(test_refresh_locked),
	KUNIT_CASE(test_spare),
	KUNIT_CASE(test_say_fresh),
	{ }
};

static struct kunit_suite sysfs_test_suite = {
	.name = "damon-sysfs",
	.init = sysfs_test_init,
	.exit = sysfs_test_exit,
	.test_cases = sysfs_test_cases,
};

kunit_test_suite(sysfs_test_suite);
