/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One rule for where regions are cut.
 */
#ifndef _MM_DAMON_CUTTING_H
#define _MM_DAMON_CUTTING_H

#include <linux/damon.h>
#include <linux/minmax.h>

/*
 * One in so many of the regions that there may be is for finding out what differs: merging
 * leaves room for so many, no more are cut in a window, and no more are looked at in an
 * interval.
 */
#define DAMON_ROOM_SHARE	5

/* So many, at least one. */
static inline unsigned long damon_room(const struct damon_ctx *ctx)
{
	return max(ctx->attrs.max_nr_regions / DAMON_ROOM_SHARE, 1UL);
}

/**
 * struct damon_cutter - Cuts the regions of a target at ascending addresses.
 * @ctx:	The context.
 * @t:		The target.
 * @r:		Where it is.  %NULL: behind all regions.
 * @room:	Cuts that may still be made.
 * @forgets:	What was known of a region that is cut is true of the whole only.
 */
struct damon_cutter {
	struct damon_ctx *ctx;
	struct damon_target *t;
	struct damon_region *r;
	unsigned int room;
	bool forgets;
};

bool damon_cut_at(struct damon_cutter *c, unsigned long addr);
void damon_cut_regions(struct damon_ctx *ctx);

#endif /* _MM_DAMON_CUTTING_H */
