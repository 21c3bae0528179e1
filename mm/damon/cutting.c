// SPDX-License-Identifier: GPL-2.0
/*
 * Where regions are cut.
 *
 * Nothing is cut without a reason.  The reasons are pages that were found to differ from
 * their regions (spots), borders of memory that was touched, seen from above (sweep.c),
 * and, as long as hardly anything hot is known, that there must be something.  Where
 * attributes are monitored, all that has them in part.
 *
 * Around a spot regions are cut at distances that grow geometrically: whatever the size
 * of the part that differs, the samples of one window tell where it ends, within a factor
 * of GROWTH.  What turns out to be alike is merged as always.  What is cut forgets how
 * often it was accessed, which was true of the whole only.
 *
 * A pure room.
 */
#include <linux/kernel.h>

#include "internal.h"
#include "cutting.h"
#include "looking.h"
#include "spots.h"

/* Each distance is so many times the one before. */
#define GROWTH		4

/*
 * As long as less than one byte in so many is hot, there may be something that was
 * not found yet, and so many more cuts let more samples look for it.
 */
#define FOUND_SHARE	131072
#define SEARCH_CUTS	96

/**
 * damon_cut_at() - Cut the region at an address in two.
 * @c:		The cutter.  Its region becomes the one that begins there.
 * @addr:	Where, not below any address before.  Rounded down to the size that regions
 *		have at least.
 *
 * Context: Worker.
 * Return: Whether it was, rather than being a border already, or there being no room.
 */
bool damon_cut_at(struct damon_cutter *c, unsigned long addr)
{
	struct damon_region *right;
	bool was_idle;

	addr -= addr % c->ctx->min_region_sz;
	c->r = damon_skip_to(c->r, addr, c->t);
	if (!c->r || !c->room || addr <= c->r->ar.start)
		return false;
	was_idle = damon_is_idle(c->r);
	right = damon_split_region_at(c->t, c->r, addr - c->r->ar.start);
	if (!right)
		return false;
	if (c->forgets) {
		c->r->worth = 0;
		right->worth = 0;
		/* it may have been begun long ago, and counts for one interval from now on */
		if (was_idle) {
			c->r->sampling_addr = DAMON_NO_SAMPLE;
			right->sampling_addr = DAMON_NO_SAMPLE;
		}
	}
	c->r = right;
	c->room--;
	return true;
}

/* Cuts at growing distances from @addr, above @low and below @high. */
static void cut_around(struct damon_cutter *c, unsigned long addr, unsigned long low,
		       unsigned long high)
{
	unsigned long unit = c->ctx->min_region_sz, distance = unit;

	while (distance <= (addr - low) / GROWTH)
		distance *= GROWTH;
	for (; distance >= unit && distance <= addr - low; distance /= GROWTH)
		damon_cut_at(c, addr - distance);
	damon_cut_at(c, addr);
	for (distance = unit; distance < high - addr; distance *= GROWTH) {
		damon_cut_at(c, addr + distance);
		if (distance > (high - addr) / GROWTH)
			break;
	}
}

/*
 * Cuts region @r around spot @i, as far as halfway to the next one.  To the last one that
 * was done already, or it is in another region.
 */
static void cut_around_spot(struct damon_cutter *c, struct damon_region *r,
			    const struct damon_spot *spots, unsigned int nr,
			    unsigned int i)
{
	unsigned long addr = spots[i].addr, high = r->ar.end;

	addr -= addr % c->ctx->min_region_sz;
	if (i + 1 < nr && spots[i + 1].addr < high)
		high = addr + (spots[i + 1].addr - addr) / 2;
	c->r = r;
	cut_around(c, addr, min(r->ar.start, addr), high);
}

/*
 * Cuts the regions of a target around the spots of the last window, unless it turned out
 * that it is all of the region that has changed.
 */
static void cut_around_spots(struct damon_cutter *c)
{
	struct damon_region *r = damon_first_region_or_null(c->t);
	const struct damon_spot *spots = c->t->spots.spots;
	unsigned int nr, i;

	/* who is seen once per window is looked at again in the next one */
	if (!c->t->reach.silent)
		damon_forget_suspects(c->t);
	nr = c->t->spots.nr;
	for (i = 0; i < nr && c->room; i++) {
		r = damon_skip_to(r, spots[i].addr, c->t);
		if (!r)
			break;
		if (!spots[i].chance && spots[i].addr >= r->ar.start &&
		    spots[i].hot == !damon_was_hot(r))
			cut_around_spot(c, r, spots, nr, i);
	}
	damon_drop_spots(c->t);
}

/* searching */

/* There may be something in a region that neither samples nor sweeps have seen. */
static bool is_dark(const struct damon_region *r)
{
	return !r->rate && !r->untouched;
}

struct census {
	u64 sz;			/* of all regions */
	u64 sz_hot;		/* of the hot ones */
	u64 sz_dark;		/* of those to search in */
};

static struct census take_census(struct damon_ctx *ctx)
{
	struct census census = {};
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			u64 sz = damon_sz_region(r);

			census.sz = damon_add(census.sz, sz);
			if (damon_was_hot(r))
				census.sz_hot = damon_add(census.sz_hot, sz);
			if (is_dark(r))
				census.sz_dark = damon_add(census.sz_dark, sz);
		}
	}
	return census;
}

/* Cuts a region into parts of the same size. */
static void cut_evenly(struct damon_cutter *c, struct damon_region *r,
		       unsigned int nr_parts)
{
	unsigned long start = r->ar.start, part = damon_sz_region(r) / nr_parts;

	c->r = r;
	while (--nr_parts && c->room)
		damon_cut_at(c, start += part);
}

/* Deals out cuts by size: all that there is room for, or who comes first takes it. */
static void search(struct damon_cutter *c, u64 sz_dark)
{
	unsigned int cuts = min(SEARCH_CUTS, c->room);
	struct damon_region *r, *next;

	damon_for_each_target(c->t, c->ctx) {
		damon_for_each_region_safe(r, next, c->t) {
			u64 nr = damon_mul_div(cuts, damon_sz_region(r), sz_dark);

			if (is_dark(r) && nr)
				cut_evenly(c, r, min(nr, cuts) + 1);
		}
	}
}

/* attributes */

static bool is_mixed(const struct damon_region *r)
{
	return r->rate && r->rate < DAMON_FULL_RATE;
}

/* Every so many mixed regions, there is room for a cut, in each window other ones. */
static unsigned int mixed_stride(struct damon_cutter *c)
{
	struct damon_region *r;
	unsigned int nr = 0;

	damon_for_each_target(c->t, c->ctx)
		damon_for_each_region(r, c->t)
			nr += is_mixed(r);
	return DIV_ROUND_UP(nr, max(c->room, 1U));
}

/* Of the halves, one may have an attribute, and the other one not. */
static void halve_mixed(struct damon_cutter *c)
{
	unsigned int stride = mixed_stride(c), nr = c->ctx->nr_windows;
	struct damon_region *r, *next;

	damon_for_each_target(c->t, c->ctx)
		damon_for_each_region_safe(r, next, c->t)
			if (is_mixed(r) && nr++ % stride == 0)
				cut_evenly(c, r, 2);
}

/**
 * damon_cut_regions() - Cut regions wherever there is a reason to.
 * @ctx:	The context, after a window has been opened.
 *
 * Context: Worker.
 */
void damon_cut_regions(struct damon_ctx *ctx)
{
	unsigned long nr = damon_nr_all_regions(ctx), max_nr = ctx->attrs.max_nr_regions;
	struct damon_cutter c = { .ctx = ctx };
	struct census census = take_census(ctx);

	c.room = min3(max_nr - min(nr, max_nr), damon_room(ctx), (unsigned long)UINT_MAX);
	ctx->searching = census.sz_hot < div_u64(damon_add(census.sz, FOUND_SHARE - 1),
						 FOUND_SHARE);
	c.forgets = true;
	damon_for_each_target(c.t, ctx)
		cut_around_spots(&c);
	if (damon_attrs_only(ctx))
		halve_mixed(&c);
	c.forgets = false;
	if (ctx->searching)
		search(&c, census.sz_dark);
	damon_plan_looks(ctx);
}
