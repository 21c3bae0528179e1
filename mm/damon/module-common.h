/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Modules: monitors of the system's memory that need no user space but for some
 * parameters.
 *
 * This is what they have in common: parameters, and starting, changing and
 * stopping.  A module adds what it is there for: schemes, or results.
 *
 * Those that monitor all memory share one context (module-monitor.c).
 *
 * Locking: everything happens under the lock of the kernel's parameters.  What the
 * kdamond touches, too, says so.
 */
#ifndef _MM_DAMON_MODULE_COMMON_H
#define _MM_DAMON_MODULE_COMMON_H

#include <linux/atomic.h>
#include <linux/damon.h>

#define DAMON_MODULE_MAX_SCHEMES	2

/* Full scale of rates in parameters. */
#define PERMIL				1000

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
 * @hot_permil:		Access rate from which memory is hot, 1/1000.
 * @refault_bp:		How much of what was reclaimed may come back per minute, 1/10000.
 *			Zero: all of it.
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
	unsigned long hot_permil;
	unsigned long refault_bp;
};

/**
 * struct damon_module_terms - What a context was built for, to be in force with it.
 * @attrs:		What the module wants of the context, if it has it for itself.
 * @cold_age_us:	As of the parameters.
 * @hot_permil:		As of the parameters.
 * @refault_bp:		As of the parameters.
 * @quota_sz:		Size limit of the last scheme.
 * @nr_schemes:		How many schemes are the module's.
 * @ram:		Physical addresses that are monitored.
 * @all_ram:		These are of all memory.
 * @nr_ram_changes:	Changes of memory that they contain.
 */
struct damon_module_terms {
	struct damon_attrs attrs;
	unsigned long cold_age_us;
	unsigned long hot_permil;
	unsigned long refault_bp;
	unsigned long quota_sz;
	unsigned int nr_schemes;
	struct damon_addr_range ram;
	bool all_ram;
	int nr_ram_changes;
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
	/* the kdamond's while it runs: */
	struct damon_module_terms terms;
	struct damos *schemes[DAMON_MODULE_MAX_SCHEMES];
	struct list_head user;		/* of all that share @ctx */
};

/* How often memory has come online or gone offline since boot. */
extern atomic_t damon_nr_ram_changes;

int damon_module_init(struct damon_module *m);
bool damon_module_is_running(const struct damon_module *m);
int damon_module_start(struct damon_module *m);
int damon_module_commit(struct damon_module *m);
int damon_module_stop(struct damon_module *m);
struct damon_ctx *damon_module_build(struct damon_module *m,
				     struct damon_module_terms *terms);
void damon_module_merge_attrs(const struct damon_module *m, struct damon_attrs *attrs);
void damon_module_set_thresholds(struct damos *s, const struct damon_ctx *ctx,
				 const struct damon_module_terms *terms);
void damon_module_follow_ram(struct damon_module *m);
__printf(2, 3) int damon_module_refuse(const struct damon_module *m,
				       const char *fmt, ...);
struct damos *damon_module_add_scheme(const struct damon_module *m,
				      struct damon_ctx *ctx,
				      enum damos_action action, bool hot,
				      const struct damos_quota *limits);
int damon_module_add_goal(struct damos *s, enum damos_quota_goal_metric metric,
			  unsigned long target, unsigned long current_value);
int damon_module_add_filter(struct damos *s, enum damos_filter_type type,
			    bool matching);

#endif /* _MM_DAMON_MODULE_COMMON_H */
