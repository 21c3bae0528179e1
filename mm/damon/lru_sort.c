// SPDX-License-Identifier: GPL-2.0
/*
 * DAMON_LRU_SORT: move hot memory up and cold memory down on the lists from which
 * reclaim takes its victims.
 */
#include <linux/init.h>
#include <linux/math.h>
#include <linux/time64.h>

#include "module-common.h"
#include "module-params.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "damon_lru_sort."

#define BP		10000

/*
 * The aims of the two schemes overlap a little (1/10000 of the memory), so that
 * hot and cold memory keep changing places when they are met.
 */
#define OVERLAP_BP	2

static unsigned long active_mem_bp;
DAMON_MODULE_VALUE(active_mem_bp, active_mem_bp, ulong,
		   "Wanted active share of memory on LRU lists (1/10000)");

static bool filter_young_pages;
DAMON_MODULE_VALUE(filter_young_pages, filter_young_pages, bool,
		   "Whether to look at each page again before it is moved");

static int check(const struct damon_module *m)
{
	if (!m->params.sample_interval)
		return damon_module_refuse(m, "sample_interval: zero");
	if (m->params.hot_permil > PERMIL)
		return damon_module_refuse(m, "hot_thres_access_freq: more than 1000");
	if (active_mem_bp > BP)
		return damon_module_refuse(m, "active_mem_bp: more than 10000");
	return 0;
}

/*
 * One of the two schemes.  Each gets half of the time, and some of it if there is
 * only little: none would be no limit.
 */
static int add_scheme(const struct damon_module *m, struct damon_ctx *ctx,
		      bool hot)
{
	struct damos_quota limits = {
		.ms = DIV_ROUND_UP_POW2(m->params.quota_ms, 2),
		.weight_nr_accesses = 1,
		.weight_age = 1,
	};
	struct damos *s;
	int err = 0;

	s = damon_module_add_scheme(m, ctx, hot ? DAMOS_LRU_PRIO : DAMOS_LRU_DEPRIO, hot,
				    &limits);
	if (!s)
		return -ENOMEM;
	if (active_mem_bp && hot)
		err = damon_module_add_goal(s, DAMOS_QUOTA_ACTIVE_MEM_BP,
					    active_mem_bp, 0);
	else if (active_mem_bp)
		err = damon_module_add_goal(s, DAMOS_QUOTA_INACTIVE_MEM_BP,
					    BP - active_mem_bp + OVERLAP_BP, 0);
	/* pages that are not young are not hot, young ones are not cold */
	if (!err && filter_young_pages)
		err = damon_module_add_filter(s, DAMOS_FILTER_TYPE_YOUNG, !hot);
	return err;
}

static int build(struct damon_module *m, struct damon_ctx *ctx)
{
	int err = check(m);

	if (!err)
		err = add_scheme(m, ctx, true);
	if (!err)
		err = add_scheme(m, ctx, false);
	return err;
}

static struct damon_module lru_sort = {
	.name = "damon_lru_sort",
	.params = {
		DAMON_MODULE_ATTRS,
		/* as in DAMON_RECLAIM */
		.access_bp = 40,
		.quota_ms = 10,
		.quota_reset_interval_ms = 1000,
		.wmarks = {
			.metric = DAMOS_WMARK_FREE_MEM_RATE,
			.interval = 5 * USEC_PER_SEC,
			.high = 200,
			.mid = 150,
			.low = 50,
		},
		.cold_age_us = 120 * USEC_PER_SEC,
		.hot_permil = PERMIL / 2,
	},
	.build = build,
};

DAMON_MODULE_SWITCH(lru_sort);
DAMON_MODULE_INPUTS(lru_sort);
DAMON_MODULE_VALUE(cold_min_age, lru_sort.params.cold_age_us, ulong,
		   "For how long cold memory has not been accessed (us)");
DAMON_MODULE_VALUE(hot_thres_access_freq, lru_sort.params.hot_permil, ulong,
		   "Access rate from which memory is hot (1/1000)");
DAMON_MODULE_STATS(lru_sort, 0, lru_sort_tried_hot, lru_sorted_hot, hot_quota);
DAMON_MODULE_STATS(lru_sort, 1, lru_sort_tried_cold, lru_sorted_cold,
		   cold_quota);

static int __init lru_sort_init(void)
{
	return damon_module_init(&lru_sort);
}
device_initcall(lru_sort_init);

#ifdef CONFIG_DAMON_MODULES_KUNIT_TEST
#include "tests/lru_sort-kunit.h"
#endif
