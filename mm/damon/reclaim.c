// SPDX-License-Identifier: GPL-2.0
/*
 * DAMON_RECLAIM: page out memory that has not been accessed for long, before there
 * is memory pressure.
 */
#include <linux/init.h>
#include <linux/math.h>
#include <linux/sizes.h>
#include <linux/time64.h>

#include "module-common.h"
#include "module-params.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "damon_reclaim."

/* The user's score of "just right", see quota_autotune_feedback. */
#define FEEDBACK_TARGET	10000

static unsigned long quota_sz = SZ_128M;
DAMON_MODULE_VALUE(quota_sz, quota_sz, ulong,
		   "Size limit per quota window (bytes)");

static unsigned long quota_mem_pressure_us;
DAMON_MODULE_VALUE(quota_mem_pressure_us, quota_mem_pressure_us, ulong,
		   "Wanted memory pressure per quota window (us)");

static unsigned long quota_autotune_feedback;
DAMON_MODULE_VALUE(quota_autotune_feedback, quota_autotune_feedback, ulong,
		   "How well it works, 10000 being just right");

static bool skip_anon;
DAMON_MODULE_VALUE(skip_anon, skip_anon, bool,
		   "Whether to leave anonymous memory alone");

static int build(struct damon_module *m, struct damon_ctx *ctx)
{
	struct damos_quota limits = {
		.ms = m->params.quota_ms,
		.sz = DIV_ROUND_UP_POW2(quota_sz, ctx->addr_unit),
		.weight_age = 1,
	};
	struct damos *s = damon_module_add_scheme(m, ctx, DAMOS_PAGEOUT, false,
						  &limits);
	int err;

	if (!s)
		return -ENOMEM;
	err = damon_module_add_goal(s, DAMOS_QUOTA_SOME_MEM_PSI_US,
				    quota_mem_pressure_us, 0);
	if (!err && quota_autotune_feedback)
		err = damon_module_add_goal(s, DAMOS_QUOTA_USER_INPUT,
					    FEEDBACK_TARGET,
					    quota_autotune_feedback);
	if (!err && skip_anon)
		err = damon_module_add_filter(s, DAMOS_FILTER_TYPE_ANON, true);
	return err;
}

static struct damon_module reclaim = {
	.name = "damon_reclaim",
	.params = {
		DAMON_MODULE_ATTRS,
		/* what is reclaimed by mistake hurts: look closely */
		.access_bp = 40,
		.quota_ms = 10,
		.quota_reset_interval_ms = 1000,
		.wmarks = {
			.metric = DAMOS_WMARK_FREE_MEM_RATE,
			.interval = 5 * USEC_PER_SEC,
			.high = 500,
			.mid = 400,
			.low = 200,
		},
		.cold_age_us = 120 * USEC_PER_SEC,
	},
	.build = build,
};

DAMON_MODULE_SWITCH(reclaim);
DAMON_MODULE_INPUTS(reclaim);
DAMON_MODULE_VALUE(min_age, reclaim.params.cold_age_us, ulong,
		   "For how long memory has not been accessed (us)");
DAMON_MODULE_STATS(reclaim, 0, reclaim_tried, reclaimed, quota);

static int __init reclaim_init(void)
{
	return damon_module_init(&reclaim);
}
device_initcall(reclaim_init);

#ifdef CONFIG_DAMON_MODULES_KUNIT_TEST
#include "tests/reclaim-kunit.h"
#endif
