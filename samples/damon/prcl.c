// SPDX-License-Identifier: GPL-2.0
/*
 * Proactive reclaim: page out what a process has not used for a while.
 *
 * Shows how kernel code has something done about what it monitors: the context
 * gets a scheme before it starts.
 */
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>

#include "sample.h"

#ifdef MODULE_PARAM_PREFIX
#undef MODULE_PARAM_PREFIX
#endif
#define MODULE_PARAM_PREFIX "damon_sample_prcl."

/* Five seconds of the default attributes, in windows. */
#define IDLE_WINDOWS	50

static int target_pid __read_mostly;
module_param(target_pid, int, 0600);
MODULE_PARM_DESC(target_pid, "Process whose idle memory to page out");

static int add_scheme(struct damon_ctx *ctx)
{
	struct damos_access_pattern idle = {
		.min_sz_region = PAGE_SIZE,
		.max_sz_region = ULONG_MAX,
		.min_age_region = IDLE_WINDOWS,
		.max_age_region = UINT_MAX,
	};
	struct damos_watermarks always = { .metric = DAMOS_WMARK_NONE };
	struct damos_quota unlimited = {};
	struct damos *scheme;

	scheme = damon_new_scheme(&idle, DAMOS_PAGEOUT, 0, &unlimited, &always,
				  NUMA_NO_NODE);
	if (!scheme)
		return -ENOMEM;
	damon_set_schemes(ctx, &scheme, 1);
	return 0;
}

static int build(struct damon_ctx **ctxs)
{
	return damon_sample_watch(&ctxs[0], target_pid) ?: add_scheme(ctxs[0]);
}

static struct damon_sample prcl = {
	.name = "prcl",
	.build = build,
	.nr_ctxs = 1,
	.log_wss = true,
};

module_param_cb(enabled, &damon_sample_switch_ops, &prcl, 0600);
MODULE_PARM_DESC(enabled, "Whether to do so");

static int __init prcl_init(void)
{
	return damon_sample_init(&prcl);
}
module_init(prcl_init);
