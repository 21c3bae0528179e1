// SPDX-License-Identifier: GPL-2.0
/*
 * Working set size estimation: log how much memory a process is using.
 *
 * Shows how kernel code monitors a process: make a context, give it a target,
 * start it, and look at the regions from a function that the kdamond calls.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "sample.h"

#ifdef MODULE_PARAM_PREFIX
#undef MODULE_PARAM_PREFIX
#endif
#define MODULE_PARAM_PREFIX "damon_sample_wsse."

static int target_pid __read_mostly;
module_param(target_pid, int, 0600);
MODULE_PARM_DESC(target_pid, "Process to look at");

static int build(struct damon_ctx **ctxs)
{
	return damon_sample_watch(&ctxs[0], target_pid);
}

static struct damon_sample wsse = {
	.name = "wsse",
	.build = build,
	.nr_ctxs = 1,
	.log_wss = true,
};

module_param_cb(enabled, &damon_sample_switch_ops, &wsse, 0600);
MODULE_PARM_DESC(enabled, "Whether to look at it");

static int __init wsse_init(void)
{
	return damon_sample_init(&wsse);
}
module_init(wsse_init);
