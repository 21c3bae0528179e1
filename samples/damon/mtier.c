// SPDX-License-Identifier: GPL-2.0
/*
 * Memory tiering: keep hot memory on node 0, the fast one, and cold memory on
 * node 1.
 *
 * Shows two contexts that run together, each with a scheme that is steered by a
 * goal.  One promotes until node 0 is nearly full, the other demotes until some
 * of node 0 is free.  The goals overlap a little, so that memory keeps being
 * exchanged.
 */
#define pr_fmt(fmt) "damon_sample_mtier: " fmt

#include <linux/array_size.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/time64.h>

#include "sample.h"

#ifdef MODULE_PARAM_PREFIX
#undef MODULE_PARAM_PREFIX
#endif
#define MODULE_PARAM_PREFIX "damon_sample_mtier."

/* Where the nodes are, bytes. */
static unsigned long start_addrs[2] __read_mostly;
static unsigned long end_addrs[2] __read_mostly;
module_param_named(node0_start_addr, start_addrs[0], ulong, 0600);
MODULE_PARM_DESC(node0_start_addr, "Where node 0 begins");
module_param_named(node0_end_addr, end_addrs[0], ulong, 0600);
MODULE_PARM_DESC(node0_end_addr, "Where node 0 ends");
module_param_named(node1_start_addr, start_addrs[1], ulong, 0600);
MODULE_PARM_DESC(node1_start_addr, "Where node 1 begins");
module_param_named(node1_end_addr, end_addrs[1], ulong, 0600);
MODULE_PARM_DESC(node1_end_addr, "Where node 1 ends");

static bool detect_node_addresses __read_mostly;
module_param(detect_node_addresses, bool, 0600);
MODULE_PARM_DESC(detect_node_addresses, "Find out where the nodes are");

static unsigned long node0_mem_used_bp __read_mostly = 9970;
module_param(node0_mem_used_bp, ulong, 0600);
MODULE_PARM_DESC(node0_mem_used_bp,
		 "Used memory of node 0 up to which to promote, 1/10000");

static unsigned long node0_mem_free_bp __read_mostly = 50;
module_param(node0_mem_free_bp, ulong, 0600);
MODULE_PARM_DESC(node0_mem_free_bp,
		 "Free memory of node 0 up to which to demote, 1/10000");

/* What one of the contexts does. */
struct flow {
	int from;				/* node that it monitors */
	int to;
	enum damos_action action;
	unsigned int min_nr_accesses;
	unsigned int max_nr_accesses;
	bool young;				/* allow young pages, or reject */
	enum damos_quota_goal_metric metric;	/* of node 0 */
	const unsigned long *goal;
};

static const struct flow flows[] = {
	{
		.from = 1, .to = 0, .action = DAMOS_MIGRATE_HOT,
		.min_nr_accesses = 1, .max_nr_accesses = UINT_MAX,
		.young = true,
		.metric = DAMOS_QUOTA_NODE_MEM_USED_BP,
		.goal = &node0_mem_used_bp,
	}, {
		.from = 0, .to = 1, .action = DAMOS_MIGRATE_COLD,
		.metric = DAMOS_QUOTA_NODE_MEM_FREE_BP,
		.goal = &node0_mem_free_bp,
	},
};

static int set_attrs(struct damon_ctx *ctx)
{
	struct damon_attrs attrs = {
		.sample_interval = 5 * USEC_PER_MSEC,
		.aggr_interval = 100 * USEC_PER_MSEC,
		.ops_update_interval = 60 * USEC_PER_SEC,
		.intervals_goal = {
			.access_bp = 400,
			.aggrs = 3,
			.min_sample_us = 5 * USEC_PER_MSEC,
			.max_sample_us = 10 * USEC_PER_SEC,
		},
		.min_nr_regions = 10,
		.max_nr_regions = 1000,
	};

	return damon_set_attrs(ctx, &attrs);
}

/* What core addresses cannot tell is left out. */
static unsigned long pfn_to_addr(unsigned long pfn)
{
	return min_t(u64, PFN_PHYS((u64)pfn), ULONG_MAX);
}

static int find_node(int nid, struct damon_addr_range *range)
{
	range->start = start_addrs[nid];
	range->end = end_addrs[nid];
	if (detect_node_addresses) {
		if (!node_online(nid)) {
			pr_err("node %d is not online\n", nid);
			return -EINVAL;
		}
		range->start = pfn_to_addr(node_start_pfn(nid));
		range->end = pfn_to_addr(node_end_pfn(nid));
	}
	if (range->start < range->end)
		return 0;
	pr_err("node %d: no address range\n", nid);
	return -EINVAL;
}

static int add_target(struct damon_ctx *ctx, int nid)
{
	struct damon_target *target;
	struct damon_addr_range range;
	int err = find_node(nid, &range);

	if (err)
		return err;
	target = damon_new_target();
	if (!target)
		return -ENOMEM;
	damon_add_target(ctx, target);
	return damon_set_regions(target, &range, 1, ctx->min_region_sz);
}

static int add_goal(struct damos *scheme, const struct flow *flow)
{
	struct damos_quota_goal *goal = damos_new_quota_goal(flow->metric,
							     *flow->goal);

	if (!goal)
		return -ENOMEM;
	goal->nid = 0;
	damos_add_quota_goal(&scheme->quota, goal);
	return 0;
}

static int add_filter(struct damos *scheme, const struct flow *flow)
{
	struct damos_filter *filter = damos_new_filter(DAMOS_FILTER_TYPE_YOUNG,
						       true, flow->young);

	if (!filter)
		return -ENOMEM;
	damos_add_filter(scheme, filter);
	return 0;
}

static int add_scheme(struct damon_ctx *ctx, const struct flow *flow)
{
	struct damos_access_pattern pattern = {
		.min_sz_region = PAGE_SIZE,
		.max_sz_region = ULONG_MAX,
		.min_nr_accesses = flow->min_nr_accesses,
		.max_nr_accesses = flow->max_nr_accesses,
		.max_age_region = UINT_MAX,
	};
	struct damos_quota quota = {
		.reset_interval = 1000,
		.sz = 200 * SZ_1M,
		.weight_nr_accesses = 100,
		.weight_age = 100,
	};
	struct damos_watermarks always = { .metric = DAMOS_WMARK_NONE };
	struct damos *scheme;

	scheme = damon_new_scheme(&pattern, flow->action, USEC_PER_SEC, &quota,
				  &always, flow->to);
	if (!scheme)
		return -ENOMEM;
	damon_set_schemes(ctx, &scheme, 1);
	return add_goal(scheme, flow) ?: add_filter(scheme, flow);
}

static int build_one(struct damon_ctx **ctx, const struct flow *flow)
{
	*ctx = damon_new_ctx();
	if (!*ctx)
		return -ENOMEM;
	return damon_select_ops(*ctx, DAMON_OPS_PADDR) ?:
		set_attrs(*ctx) ?:
		add_target(*ctx, flow->from) ?:
		add_scheme(*ctx, flow);
}

static int build(struct damon_ctx **ctxs)
{
	return build_one(&ctxs[0], &flows[0]) ?: build_one(&ctxs[1], &flows[1]);
}

static struct damon_sample mtier = {
	.name = "mtier",
	.build = build,
	.nr_ctxs = ARRAY_SIZE(flows),
};

module_param_cb(enabled, &damon_sample_switch_ops, &mtier, 0600);
MODULE_PARM_DESC(enabled, "Whether to move memory");

static int __init mtier_init(void)
{
	return damon_sample_init(&mtier);
}
module_init(mtier_init);
