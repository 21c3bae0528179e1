// SPDX-License-Identifier: GPL-2.0
/*
 * DAMON_RECLAIM: page out memory that has not been accessed for long, before there
 * is memory pressure.
 */
#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/vmstat.h>

#include "backoff.h"
#include "internal.h"
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

static char memcgs[DAMON_MODULE_PATHS_SIZE];
DAMON_MODULE_PATHS(memcgs, memcgs,
		   "Memory cgroups whose memory alone may be paged out: paths, with commas");

static char skip_memcgs[DAMON_MODULE_PATHS_SIZE];
DAMON_MODULE_PATHS(skip_memcgs, skip_memcgs,
		   "Memory cgroups whose memory is left alone: paths, with commas");

static struct damon_module reclaim;

/* Of the run under way.  The kdamond's. */
static struct damon_backoff backoff;
static u64 next_look_ns;
static unsigned long counted_sz;

/* What it has paged out since boot, bytes. */
static u64 bytes_taken;

/* The same, as results. */
static unsigned long bytes_refaulted;
static unsigned long backoff_halvings;
static unsigned long backoff_held;

static void show_backoff(void)
{
	WRITE_ONCE(bytes_refaulted, min(backoff.came_back, ULONG_MAX));
	WRITE_ONCE(backoff_halvings, backoff.halvings);
	WRITE_ONCE(backoff_held, backoff.held);
}

/* There is no kdamond yet, or none that calls collect(). */
static void begin_run(const struct damon_module *m)
{
	damon_backoff_restart(&backoff);
	next_look_ns = 0;
	counted_sz = m->stats[0].sz_applied;
	show_backoff();
}

/* With those that are below it. */
static int add_memcg(struct damos *s, const char *param, const char *path, bool allow)
{
	struct damos_filter *filter;
	u64 id;

	if (damon_find_memcg(path, &id))
		return damon_module_refuse(&reclaim, "%s: no memory cgroup %s", param, path);
	filter = damos_new_filter(DAMOS_FILTER_TYPE_MEMCG, true, allow);
	if (!filter)
		return -ENOMEM;
	filter->memcg_id = id;
	filter->below = true;
	damos_add_filter(s, filter);
	return 0;
}

static int add_memcgs(struct damos *s, const char *param, const char *paths, bool allow)
{
	char *copy __free(kfree) = kstrdup(paths, GFP_KERNEL);
	char *rest = copy, *path;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while (!err && (path = strsep(&rest, ",")))
		if (*path)
			err = add_memcg(s, param, path, allow);
	return err;
}

/* Those that admit memory come last: what none of the filters is about is left alone then. */
static int add_filters(struct damos *s)
{
	int err = 0;

	if (skip_anon)
		err = damon_module_add_filter(s, DAMOS_FILTER_TYPE_ANON, true);
	if (!err)
		err = add_memcgs(s, "skip_memcgs", skip_memcgs, false);
	if (!err)
		err = add_memcgs(s, "memcgs", memcgs, true);
	return err;
}

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
	if (!damon_module_is_running(m))
		begin_run(m);
	err = damon_module_add_goal(s, DAMOS_QUOTA_SOME_MEM_PSI_US,
				    quota_mem_pressure_us, 0);
	if (!err && quota_autotune_feedback)
		err = damon_module_add_goal(s, DAMOS_QUOTA_USER_INPUT,
					    FEEDBACK_TARGET,
					    quota_autotune_feedback);
	return err ?: add_filters(s);
}

static u64 node_bytes(enum node_stat_item item)
{
	return (u64)global_node_page_state(item) << PAGE_SHIFT;
}

/* The counter of a scheme may be a short one, and of another unit in the next run. */
static void count_taken(const struct damon_module *m, const struct damon_ctx *ctx)
{
	unsigned long sz = m->stats[0].sz_applied;

	bytes_taken += (u64)(sz - counted_sz) * ctx->addr_unit;
	counted_sz = sz;
}

static struct damon_evictions count_evictions(void)
{
	return (struct damon_evictions) {
		.taken = bytes_taken,
		.others = node_bytes(PGSTEAL_ANON) + node_bytes(PGSTEAL_FILE),
		.refaulted = node_bytes(WORKINGSET_REFAULT_ANON) +
			node_bytes(WORKINGSET_REFAULT_FILE),
		.memory = (u64)totalram_pages() << PAGE_SHIFT,
	};
}

/* Without a limit, what is halved is all memory.  One unit is less than any region. */
static void limit_quota(struct damos_quota *quota, unsigned long full,
			const struct damon_ctx *ctx)
{
	if (!full && backoff.halvings)
		full = min(div64_ul((u64)totalram_pages() << PAGE_SHIFT, ctx->addr_unit),
			   ULONG_MAX);
	quota->sz = damon_backoff_limit(&backoff, full, ctx->min_region_sz);
	if (backoff.held)
		quota->sz = 1;
}

static void look_back(u64 now_ns)
{
	struct damon_evictions now = count_evictions();

	damon_backoff_update(&backoff, &now, reclaim.terms.refault_bp, now_ns);
	show_backoff();
}

/* Where too much of what it took comes back, it takes less, whatever is committed. */
static void collect(struct damon_ctx *ctx)
{
	u64 now_ns = ktime_get_ns();

	count_taken(&reclaim, ctx);
	if (now_ns >= next_look_ns) {
		next_look_ns = now_ns + NSEC_PER_SEC;
		look_back(now_ns);
	}
	limit_quota(&reclaim.schemes[0]->quota, reclaim.terms.quota_sz, ctx);
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
		.refault_bp = 100,
	},
	.build = build,
	.collect = collect,
};

DAMON_MODULE_SWITCH(reclaim);
DAMON_MODULE_INPUTS(reclaim);
DAMON_MODULE_VALUE(min_age, reclaim.params.cold_age_us, ulong,
		   "For how long memory has not been accessed (us)");
DAMON_MODULE_VALUE(refault_limit_bp, reclaim.params.refault_bp, ulong,
		   "What may come back per minute of what was reclaimed (1/10000)");
DAMON_MODULE_RESULT(bytes_refaulted, bytes_refaulted,
		    "What came back of what was reclaimed (bytes)");
DAMON_MODULE_RESULT(backoff_halvings, backoff_halvings,
		    "How often the size limit is halved, since too much came back");
DAMON_MODULE_RESULT(backoff_held, backoff_held,
		    "Nothing is reclaimed until little comes back");
DAMON_MODULE_STATS(reclaim, 0, reclaim_tried, reclaimed, quota);

static int __init reclaim_init(void)
{
	return damon_module_init(&reclaim);
}
device_initcall(reclaim_init);

#ifdef CONFIG_DAMON_MODULES_KUNIT_TEST
#include "tests/reclaim-kunit.h"
#endif
