/* SPDX-License-Identifier: GPL-2.0 */
/* Nobody traces. */
#ifndef _DAMON_SHIM_TRACE_EVENTS_DAMON_H
#define _DAMON_SHIM_TRACE_EVENTS_DAMON_H

#include <linux/damon.h>

static inline bool trace_damos_before_apply_enabled(void)
{
	return false;
}

static inline void trace_damos_before_apply(unsigned int context_idx,
					    unsigned int scheme_idx,
					    unsigned long target_idx,
					    struct damon_region *r,
					    unsigned int nr_accesses,
					    unsigned int nr_regions,
					    bool do_trace)
{
}

static inline void trace_damos_esz(unsigned int context_idx,
				   unsigned int scheme_idx, unsigned long esz)
{
}

static inline void trace_damos_stat_after_apply_interval(unsigned int context_idx,
							 unsigned int scheme_idx,
							 struct damos_stat *stat)
{
}

#endif /* _DAMON_SHIM_TRACE_EVENTS_DAMON_H */
