/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Modules: monitors of the system's memory that need no user space but for some
 * parameters.
 *
 * This is what they have in common: parameters, and starting, changing and
 * stopping.  A module adds what it is there for: schemes, or results.
 *
 * Locking: everything happens under the lock of the kernel's parameters.  What the
 * kdamond touches, too, says so.
 */
#ifndef _MM_DAMON_MODULE_COMMON_H
#define _MM_DAMON_MODULE_COMMON_H

#include <linux/atomic.h>
#include <linux/damon.h>
#include <linux/moduleparam.h>

#define DAMON_MODULE_MAX_SCHEMES	2

/**
 * struct damon_module_params - Parameters that modules share.
 * @sample_interval:	Sampling interval, us.
 * @aggr_interval:	Length of a window, us.
 * @min_nr_regions:	Lower bound of the number of regions.
 * @max_nr_regions:	Upper bound.
 * @autotune:		Let the intervals tune themselves, see @access_bp.
 * @access_bp:		Wanted ratio of observed to possible accesses, 1/10000.
 * @range:		Physical addresses to monitor (core address units).  Both
 *			zero: all memory.
 * @addr_unit:		Bytes per core address unit, a power of two.
 * @quota_ms:		Time limit of all schemes together per quota window, ms.
 *			Zero: none.
 * @quota_reset_interval_ms: Length of the quota window, ms.
 * @wmarks:		When schemes are on.
 * @cold_age_us:	For how long cold memory has not been accessed, us.
 */
struct damon_module_params {
	unsigned long sample_interval;
	unsigned long aggr_interval;
	unsigned long min_nr_regions;
	unsigned long max_nr_regions;
	bool autotune;
	unsigned long access_bp;
	struct damon_addr_range range;
	unsigned long addr_unit;
	unsigned long quota_ms;
	unsigned long quota_reset_interval_ms;
	struct damos_watermarks wmarks;
	unsigned long cold_age_us;
};

/* Defaults of what is the same for all modules. */
#define DAMON_MODULE_ATTRS					\
	.sample_interval = 5000,				\
	.aggr_interval = 100000,				\
	.min_nr_regions = 10,					\
	.max_nr_regions = 1000,					\
	.addr_unit = 1

/**
 * struct damon_module - A module.
 * @name:	Prefix of its parameters and of what it logs.
 * @on:		Start it at boot.
 * @params:	Its shared parameters, as they were written last.
 * @build:	Check its own parameters, and add its schemes to a context.
 * @collect:	Called by the kdamond once per sampling interval, or %NULL.
 * @stats:	What each scheme did, over all runs.  The kdamond writes it while
 *		it runs.
 */
struct damon_module {
	const char *name;
	bool on;
	struct damon_module_params params;
	int (*build)(struct damon_module *m, struct damon_ctx *ctx);
	void (*collect)(struct damon_ctx *ctx);
	struct damos_stat stats[DAMON_MODULE_MAX_SCHEMES];

	/* private: */
	bool ready;			/* boot has come to damon_module_init() */
	struct damon_ctx *ctx;		/* of the last run; NULL: there is none */
	struct damon_addr_range ram;	/* all memory, as monitored last */
	/* in force, the kdamond's while it runs: */
	unsigned long cold_age_us;
	bool all_ram;			/* @ram is what it monitors */
	int nr_ram_changes;		/* ... and contains those up to this one */
	struct damon_call_control call;
	struct list_head list;		/* of all modules */
};

/* How often memory has come online or gone offline since boot. */
extern atomic_t damon_nr_ram_changes;

int damon_module_init(struct damon_module *m);
void damon_module_follow_ram(struct damon_module *m);
__printf(2, 3) int damon_module_refuse(const struct damon_module *m,
				       const char *fmt, ...);
struct damos *damon_module_add_scheme(const struct damon_module *m,
				      struct damon_ctx *ctx,
				      enum damos_action action,
				      unsigned int min_nr_accesses,
				      unsigned int max_nr_accesses,
				      const struct damos_quota *limits);
int damon_module_add_goal(struct damos *s, enum damos_quota_goal_metric metric,
			  unsigned long target, unsigned long current_value);
int damon_module_add_filter(struct damos *s, enum damos_filter_type type,
			    bool matching);

/* tables of parameters */

extern const struct kernel_param_ops damon_module_enabled_ops;
extern const struct kernel_param_ops damon_module_pid_ops;
extern const struct kernel_param_ops damon_module_commit_ops;
extern const struct kernel_param_ops damon_module_unit_ops;
extern const struct kernel_param_ops damon_module_start_ops;
extern const struct kernel_param_ops damon_module_end_ops;
extern const struct kernel_param_ops damon_module_result_ops;

#define DAMON_MODULE_PARAM(param, ops, arg, mode, desc)			\
	module_param_cb(param, ops, arg, mode);				\
	MODULE_PARM_DESC(param, desc)

#define DAMON_MODULE_VALUE(param, value, type, desc)			\
	module_param_named(param, value, type, 0600);			\
	MODULE_PARM_DESC(param, desc)

/* A result, an unsigned long. */
#define DAMON_MODULE_RESULT(param, value, desc)				\
	DAMON_MODULE_PARAM(param, &damon_module_result_ops, &(value), 0400, desc)

#define DAMON_MODULE_SWITCH(m)						\
	DAMON_MODULE_PARAM(enabled, &damon_module_enabled_ops, &(m), 0600, \
			   "Whether it runs");				\
	DAMON_MODULE_PARAM(kdamond_pid, &damon_module_pid_ops, &(m), 0400, \
			   "Thread that it runs in, or -1")

#define DAMON_MODULE_INPUTS(m)						\
	DAMON_MODULE_PARAM(commit_inputs, &damon_module_commit_ops, &(m), \
			   0600, "Write Y to put parameters into force"); \
	DAMON_MODULE_VALUE(sample_interval, (m).params.sample_interval,	\
			   ulong, "Sampling interval (us)");		\
	DAMON_MODULE_VALUE(aggr_interval, (m).params.aggr_interval,	\
			   ulong, "Aggregation interval (us)");		\
	DAMON_MODULE_VALUE(min_nr_regions, (m).params.min_nr_regions,	\
			   ulong, "Lower bound of the number of regions"); \
	DAMON_MODULE_VALUE(max_nr_regions, (m).params.max_nr_regions,	\
			   ulong, "Upper bound of the number of regions"); \
	DAMON_MODULE_VALUE(autotune_monitoring_intervals,		\
			   (m).params.autotune, bool,			\
			   "Whether intervals tune themselves");	\
	DAMON_MODULE_PARAM(monitor_region_start, &damon_module_start_ops, \
			   &(m), 0600, "First address (address units)"); \
	DAMON_MODULE_PARAM(monitor_region_end, &damon_module_end_ops,	\
			   &(m), 0600, "End address (address units)");	\
	DAMON_MODULE_PARAM(addr_unit, &damon_module_unit_ops, &(m),	\
			   0600, "Address unit (bytes)");		\
	DAMON_MODULE_VALUE(quota_ms, (m).params.quota_ms, ulong,	\
			   "Time limit per quota window (ms)");		\
	DAMON_MODULE_VALUE(quota_reset_interval_ms,			\
			   (m).params.quota_reset_interval_ms, ulong,	\
			   "Quota window (ms)");			\
	DAMON_MODULE_VALUE(wmarks_interval, (m).params.wmarks.interval,	\
			   ulong, "Time between looks while inactive (us)"); \
	DAMON_MODULE_VALUE(wmarks_high, (m).params.wmarks.high, ulong,	\
			   "Free memory above which to do nothing (1/1000)"); \
	DAMON_MODULE_VALUE(wmarks_mid, (m).params.wmarks.mid, ulong,	\
			   "Free memory below which to begin (1/1000)"); \
	DAMON_MODULE_VALUE(wmarks_low, (m).params.wmarks.low, ulong,	\
			   "Free memory below which to do nothing (1/1000)")

/* Results of the scheme that is number @nr of its module. */
#define DAMON_MODULE_STATS(m, nr, tried, applied, exceeds)		\
	DAMON_MODULE_RESULT(nr_##tried##_regions, (m).stats[nr].nr_tried, \
			    "Regions that it tried to act on");		\
	DAMON_MODULE_RESULT(bytes_##tried##_regions,			\
			    (m).stats[nr].sz_tried,			\
			    "Size of these (address units)");		\
	DAMON_MODULE_RESULT(nr_##applied##_regions,			\
			    (m).stats[nr].nr_applied,			\
			    "Regions of which it changed something");	\
	DAMON_MODULE_RESULT(bytes_##applied##_regions,			\
			    (m).stats[nr].sz_applied,			\
			    "Size of what it changed (address units)");	\
	DAMON_MODULE_RESULT(nr_##exceeds##_exceeds, (m).stats[nr].qt_exceeds, \
			    "Quota windows that were used up")

#endif /* _MM_DAMON_MODULE_COMMON_H */
