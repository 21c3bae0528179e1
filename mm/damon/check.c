// SPDX-License-Identifier: GPL-2.0
/*
 * Checks: what a context cannot run with, and why.
 *
 * Whoever starts a context or changes a running one asks here first.  Everything
 * behind relies on it, and does not ask again.
 */
#define pr_fmt(fmt) "damon: " fmt

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "internal.h"

/* What is wrong with something.  NULL: nothing. */

/*
 * Where address spaces are large, each of the fewest regions that there may be is
 * allocated, and nobody can reclaim those.
 */
static bool regions_fill_memory(const struct damon_attrs *attrs)
{
	return attrs->min_nr_regions >
		totalram_pages() * (PAGE_SIZE / sizeof(struct damon_region)) / 8;
}

static const char *attrs_flaw(const struct damon_ctx *ctx)
{
	if (!is_power_of_2(ctx->min_region_sz))
		return "smallest region size is no power of two";
	if (!ctx->addr_unit)
		return "address unit is zero";
	if (damon_check_attrs(&ctx->attrs))
		return "invalid intervals or numbers of regions";
	if (regions_fill_memory(&ctx->attrs))
		return "so many regions at least would fill the memory";
	return NULL;
}

static const char *probe_flaw(const struct damon_probe *probe)
{
	const struct damon_filter *f;

	damon_for_each_filter(f, probe)
		if ((unsigned int)f->type > DAMON_FILTER_TYPE_MEMCG)
			return "probe: unknown type of filter";
	return NULL;
}

static const char *weights_flaw(const struct damon_ctx *ctx)
{
	u64 total = damon_total_weight(&ctx->probes);
	unsigned int window = damon_nr_samples_per_aggr(&ctx->attrs);

	if (!total)
		return NULL;
	if (ctx->ops.id != DAMON_OPS_PADDR)
		return "probe: weights need physical addresses";
	if (window > U8_MAX)
		return "probe: with weights, a window has 255 samples at most";
	if (total > UINT_MAX / window)
		return "probe: weights are too large";
	return NULL;
}

static const char *probes_flaw(const struct damon_ctx *ctx)
{
	const struct damon_probe *probe;
	unsigned int nr = 0;
	const char *flaw;

	damon_for_each_probe(probe, ctx) {
		if (++nr > DAMON_MAX_PROBES)
			return "more probes than a region has counters for";
		flaw = probe_flaw(probe);
		if (flaw)
			return flaw;
	}
	return weights_flaw(ctx);
}

static const char *goal_flaw(const struct damos_quota_goal *goal)
{
	if ((unsigned int)goal->metric >= NR_DAMOS_QUOTA_GOAL_METRICS)
		return "quota goal: unknown metric";
	if (!goal->target_value)
		return "quota goal: target value is zero";
	if (!damos_can_measure(goal->metric))
		return "quota goal: no pressure stall information (CONFIG_PSI, psi=1)";
	return NULL;
}

static const char *goals_flaw(const struct damos_quota *quota, bool physical)
{
	const struct damos_quota_goal *goal;
	const char *flaw;

	damos_for_each_quota_goal(goal, quota) {
		flaw = goal_flaw(goal);
		if (flaw)
			return flaw;
		if (!physical &&
		    goal->metric == DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP)
			return "quota goal: metric needs physical addresses";
	}
	return NULL;
}

static const char *quota_flaw(const struct damon_ctx *ctx,
			      const struct damos_quota *quota)
{
	if ((unsigned int)quota->goal_tuner > DAMOS_QUOTA_GOAL_TUNER_TEMPORAL)
		return "quota: unknown goal tuner";
	return goals_flaw(quota, ctx->ops.id == DAMON_OPS_PADDR);
}

static const char *filter_flaw(const struct damos_filter *f, bool for_ops)
{
	if ((unsigned int)f->type >= NR_DAMOS_FILTER_TYPES)
		return "filter: unknown type";
	if (damos_filter_for_ops(f->type) != for_ops)
		return "filter: in the list of the other kind";
	if (f->type == DAMOS_FILTER_TYPE_ADDR &&
	    f->addr_range.start > f->addr_range.end)
		return "filter: address range ends before it starts";
	if (f->type == DAMOS_FILTER_TYPE_HUGEPAGE_SIZE &&
	    f->sz_range.min > f->sz_range.max)
		return "filter: smallest size is above the largest one";
	return NULL;
}

static const char *filters_flaw(const struct list_head *filters, bool for_ops)
{
	const struct damos_filter *f;
	const char *flaw;

	list_for_each_entry(f, filters, list) {
		flaw = filter_flaw(f, for_ops);
		if (flaw)
			return flaw;
	}
	return NULL;
}

static const char *scheme_flaw(const struct damon_ctx *ctx,
			       const struct damos *s)
{
	const struct damos_migrate_dests *dests = &s->migrate_dests;

	if ((unsigned int)s->action >= NR_DAMOS_ACTIONS)
		return "unknown action";
	if ((unsigned int)s->wmarks.metric >= NR_DAMOS_WMARK_METRICS)
		return "watermarks: unknown metric";
	if (dests->nr_dests && (!dests->node_id_arr || !dests->weight_arr))
		return "migration destinations: nodes or weights are missing";
	return quota_flaw(ctx, &s->quota) ?:
		filters_flaw(&s->core_filters, false) ?:
		filters_flaw(&s->ops_filters, true);
}

/**
 * damon_check_ctx() - Check that a context can run with its parameters.
 * @ctx:	The context.
 *
 * What is wrong goes to the kernel log.
 *
 * Context: Setup.
 * Return: 0 or -EINVAL.
 */
int damon_check_ctx(const struct damon_ctx *ctx)
{
	const char *flaw = attrs_flaw(ctx) ?: probes_flaw(ctx);
	const struct damos *s;
	unsigned int idx = 0;

	if (flaw) {
		pr_info_ratelimited("%s\n", flaw);
		return -EINVAL;
	}
	damon_for_each_scheme(s, ctx) {
		flaw = scheme_flaw(ctx, s);
		if (flaw) {
			pr_info_ratelimited("scheme %u: %s\n", idx, flaw);
			return -EINVAL;
		}
		idx++;
		cond_resched();
	}
	return 0;
}

/**
 * damos_check_goals() - Check that a quota can be steered by its goals.
 * @quota:	The quota.
 *
 * What is wrong goes to the kernel log.  What depends on the operations set is
 * damon_check_ctx()'s to know.
 *
 * Context: Any.
 * Return: 0 or -EINVAL.
 */
int damos_check_goals(const struct damos_quota *quota)
{
	const char *flaw = goals_flaw(quota, true);

	if (!flaw)
		return 0;
	pr_info_ratelimited("%s\n", flaw);
	return -EINVAL;
}
