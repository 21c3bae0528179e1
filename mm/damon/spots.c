// SPDX-License-Identifier: GPL-2.0
/*
 * Hot spots: addresses where samples saw an access in memory that seems cold.
 *
 * If a small part of a region is hot, samples rarely meet it, and a split at random
 * says little about where it is.  But an address where one did lies within the
 * part.  So regions are cut around it, at distances that grow geometrically:
 * whatever the size of the part, the samples of one window tell where it ends,
 * within a factor of GROWTH.  What turns out to be alike is merged as always.
 *
 * Cold memory that is touched now and then has spots, too, and nothing to be found
 * around them.  Trials in vain make the next one come later.
 *
 * A pure room.  It is for targets that are not seen from above, see sweep.c.
 */
#include <linux/kernel.h>

#include "internal.h"

/* Each distance is so many times the one before. */
#define GROWTH		4

/* A trial may make as many cuts as there are regions, or these. */
#define MIN_CUTS	64

/* After so many trials in vain, 2 to that power are the windows between two. */
#define MAX_VAIN	4

/* One in so many samples of a window: a region of a lower rate seems cold. */
#define COLD_SHARE	8

/**
 * damon_note_spot() - Remember where a sample saw one of a region's first accesses.
 * @t:		The target.
 * @r:		Its region, with that sample counted.
 * @window:	Samples of a full window.
 */
void damon_note_spot(struct damon_target *t, const struct damon_region *r,
		     unsigned int window)
{
	struct damon_spots *spots = &t->spots;
	unsigned int i = spots->nr;

	if (i == DAMON_MAX_SPOTS || damon_sweep_guides(t) ||
	    r->last_nr_accesses > window / COLD_SHARE)
		return;
	for (; i && spots->addrs[i - 1] > r->sampling_addr; i--)
		spots->addrs[i] = spots->addrs[i - 1];
	spots->addrs[i] = r->sampling_addr;
	spots->nr++;
}

/* The target has become another process, or its past says nothing any more. */
void damon_forget_spots(struct damon_target *t)
{
	t->spots.nr = 0;
	t->spots.nr_tried = 0;
	t->spots.nr_vain = 0;
	t->spots.wait = 0;
}

/* Whether something hot was found around one of the spots that were tried last. */
static bool trial_paid(struct damon_target *t, unsigned int window)
{
	struct damon_region *r = damon_first_region_or_null(t);
	const struct damon_spots *spots = &t->spots;
	unsigned int i;

	for (i = 0; i < spots->nr_tried; i++) {
		r = damon_skip_to(r, spots->tried[i], t);
		if (!r)
			return false;
		if (spots->tried[i] >= r->ar.start && damon_was_hot(r, window))
			return true;
	}
	return false;
}

static void judge_trial(struct damon_target *t, unsigned int window)
{
	struct damon_spots *spots = &t->spots;

	if (!spots->nr_tried)
		return;
	if (trial_paid(t, window))
		spots->nr_vain = 0;
	else if (spots->nr_vain < MAX_VAIN)
		spots->nr_vain++;
	spots->wait = (1 << spots->nr_vain) - 1;
	spots->nr_tried = 0;
}

/* Cuts regions at ascending addresses. */
struct cutter {
	struct damon_ctx *ctx;
	struct damon_target *t;
	struct damon_region *r;		/* where it is, NULL: behind all */
	unsigned int room;		/* for more regions */
};

static void cut_at(struct cutter *c, unsigned long addr)
{
	struct damon_region *right;

	addr -= addr % c->ctx->min_region_sz;
	c->r = damon_skip_to(c->r, addr, c->t);
	if (!c->r || !c->room || addr <= c->r->ar.start)
		return;
	right = damon_split_region_at(c->t, c->r, addr - c->r->ar.start);
	if (!right)
		return;
	c->r = right;
	c->room--;
}

/* Cuts at growing distances from @addr, above @low and below @high. */
static void cut_around(struct cutter *c, unsigned long addr, unsigned long low,
		       unsigned long high)
{
	unsigned long unit = c->ctx->min_region_sz, distance = unit;

	while (distance <= (addr - low) / GROWTH)
		distance *= GROWTH;
	for (; distance >= unit && distance <= addr - low; distance /= GROWTH)
		cut_at(c, addr - distance);
	for (distance = unit; distance < high - addr; distance *= GROWTH) {
		cut_at(c, addr + distance);
		if (distance > (high - addr) / GROWTH)
			break;
	}
}

/* Tries spot @i, which lies in region @r, as far as halfway to its neighbours. */
static void try_spot(struct cutter *c, struct damon_region *r, unsigned int i)
{
	unsigned long low = r->ar.start, high = r->ar.end, addr;
	struct damon_spots *spots = &c->t->spots;

	addr = spots->addrs[i];
	if (i && spots->addrs[i - 1] >= low)
		low = addr - (addr - spots->addrs[i - 1]) / 2;
	if (i + 1 < spots->nr && spots->addrs[i + 1] < high)
		high = addr + (spots->addrs[i + 1] - addr) / 2;
	c->r = r;
	cut_around(c, addr, low, high);
	spots->tried[spots->nr_tried++] = addr;
}

/**
 * damon_cut_around_spots() - Cut the regions of a target around its spots.
 * @ctx:	The context, after a window has been opened.
 * @t:		The target.
 * @room:	How many more regions there may be.
 *
 * Return: How many cuts were made.
 */
unsigned int damon_cut_around_spots(struct damon_ctx *ctx, struct damon_target *t,
				    unsigned int room)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs), i;
	struct damon_region *r = damon_first_region_or_null(t);
	struct damon_spots *spots = &t->spots;
	struct cutter c = { .ctx = ctx, .t = t };

	judge_trial(t, window);
	if (spots->wait) {
		spots->wait--;
		return 0;
	}
	room = min(room, max(t->nr_regions, MIN_CUTS));
	c.room = room;
	for (i = 0; i < spots->nr && c.room; i++) {
		r = damon_skip_to(r, spots->addrs[i], t);
		if (!r)
			break;
		if (spots->addrs[i] >= r->ar.start && !damon_was_hot(r, window))
			try_spot(&c, r, i);
	}
	spots->nr = 0;
	return room - c.room;
}
