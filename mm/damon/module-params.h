/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of parameters that modules share.
 */
#ifndef _MM_DAMON_MODULE_PARAMS_H
#define _MM_DAMON_MODULE_PARAMS_H

#include <linux/moduleparam.h>

extern const struct kernel_param_ops damon_module_enabled_ops;
extern const struct kernel_param_ops damon_module_pid_ops;
extern const struct kernel_param_ops damon_module_commit_ops;
extern const struct kernel_param_ops damon_module_unit_ops;
extern const struct kernel_param_ops damon_module_start_ops;
extern const struct kernel_param_ops damon_module_end_ops;
extern const struct kernel_param_ops damon_module_result_ops;
extern const struct kernel_param_ops damon_module_paths_ops;

/* Paths, with a comma between them, of which the last one has no end of line. */
#define DAMON_MODULE_PATHS_SIZE		1024

#define DAMON_MODULE_PARAM(param, ops, arg, mode, desc)			\
	module_param_cb(param, ops, arg, mode);				\
	MODULE_PARM_DESC(param, desc)

#define DAMON_MODULE_VALUE(param, value, type, desc)			\
	module_param_named(param, value, type, 0600);			\
	MODULE_PARM_DESC(param, desc)

#define DAMON_MODULE_PATHS(param, value, desc)				\
	DAMON_MODULE_PARAM(param, &damon_module_paths_ops, value, 0600, desc)

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

#endif /* _MM_DAMON_MODULE_PARAMS_H */
