// SPDX-License-Identifier: GPL-2.0
/*
 * DAMON_STAT: how much memory is accessed per second, and how much of it has been
 * idle for how long.
 *
 * Results come from complete windows only, and stay when it is switched off.
 */
#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/time64.h>

#include "module-common.h"
#include "module-params.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "damon_stat."

#define REFRESH_MS	5000
#define NR_PERCENTILES	101

/* For how long, in windows; below zero: for how long it has been accessed. */
struct idle {
	s64 windows;
	unsigned long sz;
};

static DEFINE_MUTEX(percentiles_lock);	/* between the kdamond and readers */
static long percentiles[NR_PERCENTILES];	/* ms */

static unsigned long aggr_interval_us;
static unsigned long bandwidth;			/* bytes per second */
static ktime_t next_refresh;			/* the kdamond's, while it runs */

/* Bytes per second.  Whose intervals these are may have asked for very short ones. */
static u64 bytes_per_second(u64 sz, unsigned int nr_accesses, unsigned long aggr_us)
{
	u64 nr = (u64)nr_accesses * USEC_PER_SEC;

	aggr_us = max(aggr_us, 1UL);
	if (div64_ul(nr, aggr_us) >= div64_u64(U64_MAX, sz))
		return U64_MAX;
	return mul_u64_u64_div_u64(sz, nr, aggr_us);
}

static u64 estimate_bandwidth(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;
	u64 sum = 0;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			u64 part = bytes_per_second(damon_sz_region(r), r->nr_accesses,
						    ctx->attrs.aggr_interval);

			sum += min(part, U64_MAX - sum);
		}
	}
	return sum;
}

static int by_idle_time(const void *a, const void *b)
{
	const struct idle *x = a, *y = b;

	return x->windows < y->windows ? -1 : x->windows > y->windows;
}

static unsigned int count_regions(struct damon_ctx *ctx)
{
	struct damon_target *t;
	unsigned int nr = 0;

	damon_for_each_target(t, ctx)
		nr += damon_nr_regions(t);
	return nr;
}

/*
 * Idle times of regions in ascending order, but for those of which nothing is known:
 * free memory is neither idle nor busy.  Returns their number.
 */
static unsigned int sort_regions(struct damon_ctx *ctx, struct idle *idle)
{
	struct damon_target *t;
	struct damon_region *r;
	unsigned int nr = 0;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			s64 windows = (s64)r->age + 1;

			if (!damon_region_known(r))
				continue;
			idle[nr].windows = r->nr_accesses ? -windows : windows;
			idle[nr++].sz = damon_sz_region(r);
		}
	}
	sort(idle, nr, sizeof(*idle), by_idle_time, NULL);
	return nr;
}

static long to_ms(s64 windows, unsigned long aggr_interval)
{
	s64 ms = div_s64(windows * (s64)aggr_interval, USEC_PER_MSEC);

	return clamp_t(s64, ms, LONG_MIN, LONG_MAX);
}

/* The idle time that each hundredth of the memory does not exceed. */
static void fill_percentiles(const struct idle *idle, unsigned int nr,
			     unsigned long aggr_interval)
{
	unsigned int percent = 0, i;
	u64 sum = 0, total = 0;

	for (i = 0; i < nr; i++)
		total += idle[i].sz;
	guard(mutex)(&percentiles_lock);
	for (i = 0; i < nr; i++) {
		sum += idle[i].sz;
		while (percent < NR_PERCENTILES && percent * total <= sum * 100)
			percentiles[percent++] = to_ms(idle[i].windows,
						       aggr_interval);
	}
}

/* Without memory for it, the percentiles are those of the last time. */
static void estimate_idle_times(struct damon_ctx *ctx)
{
	struct idle *idle __free(kvfree) =
		kvmalloc_array(count_regions(ctx), sizeof(*idle),
			       GFP_KERNEL | __GFP_NOWARN);

	if (idle)
		fill_percentiles(idle, sort_regions(ctx, idle),
				 ctx->attrs.aggr_interval);
}

static void collect(struct damon_ctx *ctx)
{
	ktime_t now = ktime_get();

	if (!damon_window_ended(ctx) || ktime_before(now, next_refresh))
		return;
	next_refresh = ktime_add_ms(now, REFRESH_MS);
	WRITE_ONCE(aggr_interval_us, ctx->attrs.aggr_interval);
	WRITE_ONCE(bandwidth, min_t(u64, estimate_bandwidth(ctx), ULONG_MAX));
	estimate_idle_times(ctx);
}

/* Nothing to be added.  The first results take their time. */
static int build(struct damon_module *m, struct damon_ctx *ctx)
{
	next_refresh = ktime_add_ms(ktime_get(), REFRESH_MS);
	return 0;
}

static int percentiles_get(char *buffer, const struct kernel_param *kp)
{
	unsigned int i;
	int len = 0;

	guard(mutex)(&percentiles_lock);
	for (i = 0; i < NR_PERCENTILES; i++)
		len += sprintf(buffer + len, "%ld%c", percentiles[i],
			       i < NR_PERCENTILES - 1 ? ',' : '\n');
	return len;
}

static int percentiles_set(const char *val, const struct kernel_param *kp)
{
	return 0;
}

static const struct kernel_param_ops percentiles_ops = {
	.set = percentiles_set,
	.get = percentiles_get,
};

static struct damon_module stat = {
	.name = "damon_stat",
	.on = IS_ENABLED(CONFIG_DAMON_STAT_ENABLED_DEFAULT),
	.params = {
		DAMON_MODULE_ATTRS,
		.autotune = true,
		/* statistics can do with less than those who act on them */
		.access_bp = 400,
	},
	.build = build,
	.collect = collect,
};

DAMON_MODULE_SWITCH(stat);
DAMON_MODULE_RESULT(aggr_interval_us, aggr_interval_us,
		    "Tuned aggregation interval (us)");
DAMON_MODULE_RESULT(estimated_memory_bandwidth, bandwidth,
		    "Memory accessed (bytes per second)");
DAMON_MODULE_PARAM(memory_idle_ms_percentiles, &percentiles_ops, NULL, 0400,
		   "Idle times of memory, percentiles (ms)");

static int __init stat_init(void)
{
	return damon_module_init(&stat);
}
device_initcall(stat_init);

#ifdef CONFIG_DAMON_MODULES_KUNIT_TEST
#include "tests/stat-kunit.h"
#endif
