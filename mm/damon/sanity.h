/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sanity: what is true of regions and counters whenever nobody is changing them.
 */
#ifndef _MM_DAMON_SANITY_H
#define _MM_DAMON_SANITY_H

#include <linux/damon.h>

#ifdef CONFIG_DAMON_DEBUG_SANITY
bool damon_regions_in_order(struct damon_target *t);
bool damon_counts_possible(struct damon_target *t, unsigned int window);
bool damon_spots_in_order(struct damon_target *t);
bool damos_stat_possible(const struct damos_stat *stat);
void damon_check_sanity(struct damon_ctx *ctx);
#else
static inline void damon_check_sanity(struct damon_ctx *ctx)
{
}
#endif

#endif /* _MM_DAMON_SANITY_H */
