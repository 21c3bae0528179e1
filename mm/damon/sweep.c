// SPDX-License-Identifier: GPL-2.0
/*
 * Seeing from above: find where in an address space anything was accessed, without
 * looking at every page, and cut regions there.
 *
 * Where the hardware sets accessed bits in upper page table levels, too, one
 * entry tells about all the memory below it.  A sweep looks at coarse entries
 * first, and at the fine ones of those that were accessed.  Each is made old in
 * one tick and looked at in the next, so "accessed" means: in one sampling
 * interval.  What was found decides where regions are cut, and which of them were not
 * touched at all.  How often they are accessed is for samples to say.
 *
 * A pure room.  It knows ranges and regions; what an entry is and how it is
 * looked at is the business of &struct damon_sight.
 */
#include <linux/array_size.h>
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "cutting.h"
#include "evidence.h"
#include "internal.h"
#include "looking.h"
#include "rates.h"
#include "sweep.h"

/* Entries that may be visited for each region in each tick. */
#define ENTRIES_PER_REGION	4

/* A single piece is cut at once if that takes no more than one in so many cuts. */
#define PIECE_SHARE	2

/**
 * damon_note_touched() - Report memory that was accessed.
 * @touched:	What has been reported so far, at lower addresses.
 * @start:	Where it begins.
 * @end:	Where it ends.
 */
void damon_note_touched(struct damon_touched *touched, unsigned long start,
			unsigned long end)
{
	struct damon_addr_range *next = &touched->ranges[touched->nr];

	/* without room for more, what lies between is taken for accessed */
	if (touched->nr && (next[-1].end >= start ||
			    touched->nr == ARRAY_SIZE(touched->ranges))) {
		next[-1].end = end;
		return;
	}
	next->start = start;
	next->end = end;
	touched->nr++;
}

/*
 * The memory from region @r on without a hole between coarse entries, each of which is
 * visited once: a second look would find the bit that the first one has given back.  @r
 * becomes what is behind.
 */
static struct damon_addr_range next_span(struct damon_target *t, struct damon_region **r,
					 const struct damon_sight *sight)
{
	struct damon_addr_range span = (*r)->ar;

	while ((*r = damon_region_behind(*r, t)) &&
	       ((*r)->ar.start == span.end ||
		((*r)->ar.start ^ (span.end - 1)) < sight->coarse))
		span.end = (*r)->ar.end;
	return span;
}

/* There are entries that are old, and to be looked at. */
static bool is_armed(const struct damon_sweep *sweep)
{
	return sweep->stage == STAGE_COARSE || sweep->armed;
}

/* Gives back what is old, by the regions for which it was made so. */
static void give_back(struct damon_target *t)
{
	struct damon_region *r = damon_first_region_or_null(t);
	struct damon_sweep *sweep = t->sweep;
	const struct damon_sight *sight = sweep->sight;

	if (sweep->armed)
		sight->give_back(t, &sweep->piece, sweep->old);
	while (r && sweep->stage == STAGE_COARSE) {
		struct damon_addr_range span = next_span(t, &r, sight);

		sight->give_back(t, &span, NULL);
	}
}

/*
 * Most ticks are spent without any of the steps, which are not inlined to keep those
 * ticks short.
 */

static noinline void arm_coarse(struct damon_target *t,
				const struct damon_sight *sight, void *arg)
{
	struct damon_region *r = damon_first_region_or_null(t);
	struct damon_sweep *sweep = t->sweep;

	while (r) {
		struct damon_addr_range span = next_span(t, &r, sight);

		sweep->credit -= sight->arm_coarse(arg, &span);
	}
	sweep->again = false;
	sweep->stage = STAGE_COARSE;
}

static noinline void look_coarse(struct damon_target *t, const struct damon_sight *sight,
				 void *arg)
{
	struct damon_sweep *sweep = t->sweep;
	struct damon_region *r = damon_first_region_or_null(t);

	sweep->coarse.nr = 0;
	while (r) {
		struct damon_addr_range span = next_span(t, &r, sight);

		sweep->credit -= sight->look_coarse(arg, &span, &sweep->coarse);
	}
	damon_begin_evidence(t);
	sweep->range = 0;
	sweep->next = 0;
	sweep->looked = false;
	sweep->stage = STAGE_FINE;
}

static noinline bool find_room(struct damon_ctx *ctx)
{
	unsigned long nr = damon_nr_all_regions(ctx);

	ctx->room = ctx->attrs.max_nr_regions - min(nr, ctx->attrs.max_nr_regions);
	ctx->room_counted = ctx->now;
	return ctx->room;
}

/*
 * With many targets it takes a while to find out, so not before it matters, and
 * once for all of them.  Between the sweeps of a turn nothing else adds regions.
 */
static bool has_room(struct damon_ctx *ctx)
{
	if (!ctx->now || ctx->room_counted != ctx->now)
		return find_room(ctx);
	return ctx->room;
}

/* Cuts the region at @addr in two, unless that is not worth it. */
static void cut_at(struct damon_cutter *c, unsigned long addr)
{
	c->r = damon_skip_to(c->r, addr, c->t);
	if (!c->r || is_settled(c->r) || !c->t->sweep->cuts || !has_room(c->ctx))
		return;
	c->room = 1;
	if (damon_cut_at(c, addr)) {
		c->t->sweep->cuts--;
		c->ctx->room--;
	}
}

/*
 * The entry at @addr was touched because of region @r, which is hot: what is cut off around
 * that would most likely be merged again, and if the border between them is not where it
 * seems to be, samples tell.
 */
static bool is_known_border(const struct damon_region *r, unsigned long addr,
			    unsigned long fine)
{
	return damon_was_hot(r) && explains(r, addr, fine);
}

/* Cuts where the first of some touched entries begins. */
static void cut_before(struct damon_cutter *c, unsigned long addr, unsigned long fine)
{
	struct damon_region *next;

	c->r = damon_skip_to(c->r, addr, c->t);
	if (!c->r)
		return;
	next = damon_region_behind(c->r, c->t);
	if (next && is_known_border(next, addr, fine))
		return;
	cut_at(c, addr);
}

/* The same where the last one ends. */
static void cut_behind(struct damon_cutter *c, unsigned long addr, unsigned long fine)
{
	c->r = damon_skip_to(c->r, addr, c->t);
	if (!c->r)
		return;
	if (!list_is_first(&c->r->list, &c->t->regions_list) &&
	    is_known_border(damon_prev_region(c->r), addr - fine, fine))
		return;
	cut_at(c, addr);
}

/* Cuts regions wherever touched entries begin or end. */
static void cut_piece(struct damon_ctx *ctx, struct damon_target *t,
		      const struct damon_sight *sight)
{
	struct damon_sweep *sweep = t->sweep;
	struct damon_cutter c = {
		.ctx = ctx, .t = t, .r = damon_first_region_or_null(t), .forgets = true,
	};
	unsigned int start, end;

	for_each_set_bitrange(start, end, sweep->touched,
			      nr_entries(sweep, sight)) {
		cut_before(&c, entry_addr(sweep, sight, start), sight->fine);
		cut_behind(&c, damon_add_sz(entry_addr(sweep, sight, end),
					    ctx->min_region_sz - 1), sight->fine);
	}
	damon_note_evidence(t, sight);
	sweep->looked = false;
}

/* There are cuts to spare for both ends of all places that were touched in a piece. */
static bool can_cut_out(const struct damon_sweep *sweep, const struct damon_sight *sight)
{
	unsigned int start, end, cuts = 0;

	for_each_set_bitrange(start, end, sweep->touched, nr_entries(sweep, sight))
		cuts += 2;
	return cuts <= sweep->cuts / PIECE_SHARE;
}

/*
 * If there are too many places in a piece, most were touched by chance, and it is looked at
 * again, until one look finds the same as the one before.
 */
static noinline void look_fine(struct damon_ctx *ctx, struct damon_target *t,
			       const struct damon_sight *sight, void *arg)
{
	struct damon_sweep *sweep = t->sweep;
	bool same = true;
	unsigned int i;

	if (!sweep->armed)
		return;
	sweep->armed = false;
	sweep->looked = true;
	sweep->credit -= sight->look_fine(arg, &sweep->piece, sweep->old);
	for (i = 0; i < BITS_TO_LONGS(DAMON_SWEEP_PIECE); i++) {
		same &= !(sweep->touched[i] & ~sweep->old[i]);
		sweep->touched[i] &= sweep->old[i];
	}
	if (same || can_cut_out(sweep, sight))
		cut_piece(ctx, t, sight);
}

/* A region is too small for a border of fine entries to be inside. */
static bool is_atom(const struct damon_region *r, const struct damon_sight *sight)
{
	return (r->ar.start ^ (r->ar.end - 1)) < sight->fine;
}

/*
 * Finds the next memory that is worth a close look.  What cannot be cut is looked at
 * only between other memory: one larger piece is faster than two.  The search begins
 * with region @from, which becomes the first one of the piece.
 */
static bool next_piece(struct damon_target *t, const struct damon_sight *sight,
		       struct damon_region **from, struct damon_addr_range *piece)
{
	struct damon_sweep *sweep = t->sweep;
	struct damon_region *r = *from;

	for (; sweep->range < sweep->coarse.nr; sweep->range++) {
		struct damon_addr_range *range =
			&sweep->coarse.ranges[sweep->range];

		piece->start = max(sweep->next, range->start);
		r = damon_skip_to(r, piece->start, t);
		while (r && (is_settled(r) || is_atom(r, sight)) &&
		       piece->start < range->end) {
			if (r->ar.start < range->end)
				r->unseen &= !is_settled(r) && damon_is_explained(t, r, sight);
			piece->start = max(piece->start, r->ar.end);
			r = damon_region_behind(r, t);
		}
		if (!r)
			return false;
		piece->start = max(piece->start, r->ar.start);
		if (piece->start >= range->end)
			continue;
		*from = r;
		while (r && !is_settled(r) && r->ar.start < range->end) {
			piece->end = min(r->ar.end, range->end);
			r = damon_region_behind(r, t);
			if (r && r->ar.start != piece->end)
				break;
		}
		return true;
	}
	return false;
}

/*
 * The size of an entry that must be found touched in front of a piece that begins with
 * region @r, zero if there is none.
 */
static unsigned long control_sz(struct damon_target *t, struct damon_region *r,
				unsigned long start, unsigned long fine)
{
	struct damon_region *before;

	if (list_is_first(&r->list, &t->regions_list))
		return 0;
	before = damon_prev_region(r);
	return damon_is_busy(before) && before->ar.end >= start &&
		before->ar.start + fine <= start ? fine : 0;
}

/* Takes the next piece, or ends the sweep if there is none. */
static bool begin_piece(struct damon_target *t, const struct damon_sight *sight,
			struct damon_region **from)
{
	struct damon_sweep *sweep = t->sweep;
	struct damon_addr_range piece;

	if (!next_piece(t, sight, from, &piece)) {
		sweep->stage = STAGE_IDLE;
		sweep->windows = 0;
		damon_end_evidence(t);
		return false;
	}
	piece.start = round_down(piece.start, sight->fine);
	piece.end = round_up(piece.end, sight->fine);
	piece.start -= control_sz(t, *from, piece.start, sight->fine);
	if (piece.end - piece.start > DAMON_SWEEP_PIECE * sight->fine)
		piece.end = piece.start + DAMON_SWEEP_PIECE * sight->fine;
	sweep->piece = piece;
	sweep->next = piece.end;
	bitmap_zero(sweep->touched, DAMON_SWEEP_PIECE);
	return true;
}

/*
 * What was not touched in a look before is made old again, too, so it has to be visited
 * like the rest: whoever looks gives the bits back.
 */
static noinline void arm_fine(struct damon_target *t,
			      const struct damon_sight *sight, void *arg)
{
	struct damon_region *r = damon_first_region_or_null(t);
	struct damon_sweep *sweep = t->sweep;

	bitmap_copy(sweep->old, sweep->touched, DAMON_SWEEP_PIECE);
	sweep->armed = sweep->looked;
	if (sweep->looked)
		sweep->credit -= sight->arm_fine(arg, &sweep->piece, sweep->old);
	while (!sweep->armed && sweep->credit >= 0 &&
	       begin_piece(t, sight, &r)) {
		sweep->credit -= sight->arm_fine(arg, &sweep->piece,
						 sweep->touched);
		sweep->armed = !bitmap_empty(sweep->touched, DAMON_SWEEP_PIECE);
		bitmap_copy(sweep->old, sweep->touched, DAMON_SWEEP_PIECE);
	}
}

/*
 * One sweep in a window is enough as long as samples see nothing new.  If the last one was
 * blind, or there is no room for what the next one finds, that only has to be made when
 * what was found is as old as the oldest samples that count.
 */
static bool is_due(struct damon_ctx *ctx, const struct damon_sweep *sweep)
{
	u64 windows = sweep->windows;

	if ((sweep->again || (windows && !sweep->blind)) && has_room(ctx))
		return true;
	return windows &&
		windows * damon_max_nr_accesses(&ctx->attrs) >= DAMON_MAX_WORTH;
}

/* In a window there can be as many cuts as there are regions, or are to be at least. */
static unsigned int window_cuts(const struct damon_ctx *ctx, const struct damon_target *t)
{
	return clamp_t(unsigned long, ctx->attrs.min_nr_regions, t->nr_regions, UINT_MAX);
}

/* The credit of a window with so many regions. */
static int window_credit(const struct damon_ctx *ctx, unsigned long nr_regions)
{
	u64 nr = min(nr_regions, INT_MAX);

	nr *= damon_max_nr_accesses(&ctx->attrs);
	return min(nr, INT_MAX / ENTRIES_PER_REGION) * ENTRIES_PER_REGION;
}

static void count_tick(struct damon_target *t)
{
	struct damon_sweep *sweep = t->sweep;

	sweep->credit = min_t(s64, INT_MAX, sweep->credit +
			      ENTRIES_PER_REGION * (s64)t->nr_regions);
}

/**
 * damon_sweep_rests() - Whether a target need not be looked at from above.
 * @ctx: The context.
 * @t:	The target.
 *
 * It need not if a sweep was complete in this window, or if it cannot be seen from
 * above at all.  The tick is then counted, and to be spent otherwise.
 *
 * Context: Worker.
 * Return: Whether it is so.
 */
bool damon_sweep_rests(struct damon_ctx *ctx, struct damon_target *t)
{
	struct damon_sweep *sweep = t->sweep;

	if (!sweep)
		return true;
	if (sweep->stage != STAGE_IDLE || is_due(ctx, sweep))
		return false;
	count_tick(t);
	return true;
}

/* Nothing was accessed since the last sweep, so the next one would find nothing. */
void damon_sweep_skip(struct damon_target *t)
{
	struct damon_sweep *sweep = t->sweep;

	if (sweep && sweep->stage == STAGE_IDLE && sweep->windows == 1 &&
	    !sweep->again)
		sweep->windows = 0;
}

/*
 * Nothing is old yet, so there is nothing to look at.  Nor is anything known: to find out is
 * worth the credit of as many regions as there may be.
 */
static noinline void begin_first(const struct damon_ctx *ctx, struct damon_target *t)
{
	struct damon_sweep *sweep = kzalloc_obj(*sweep);

	if (!sweep)
		return;
	t->sweep = sweep;
	sweep->credit = window_credit(ctx, ctx->attrs.max_nr_regions);
	sweep->windows = UINT_MAX;
	sweep->cuts = window_cuts(ctx, t);
}

/**
 * damon_sweep_look() - Look at what was made old in the previous tick.
 * @ctx:	The context.
 * @t:		The target.
 * @sight:	How its entries are visited.
 * @arg:	For @sight.
 *
 * Context: Worker, before the samples of the tick are tested.
 */
void damon_sweep_look(struct damon_ctx *ctx, struct damon_target *t,
		      const struct damon_sight *sight, void *arg)
{
	struct damon_sweep *sweep = t->sweep;

	if (!sweep) {
		begin_first(ctx, t);
		return;
	}
	count_tick(t);
	if (sweep->stage == STAGE_COARSE)
		look_coarse(t, sight, arg);
	else if (sweep->stage == STAGE_FINE)
		look_fine(ctx, t, sight, arg);
}

/**
 * damon_sweep_arm() - Make old what is to be looked at in the next tick.
 * @ctx:	The context.
 * @t:		The target.
 * @sight:	How its entries are visited.
 * @arg:	For @sight.
 *
 * What is old and was not looked at in this tick stays so.  @sight is kept.
 *
 * Context: Worker, after the samples of the tick were tested.
 */
void damon_sweep_arm(struct damon_ctx *ctx, struct damon_target *t,
		     const struct damon_sight *sight, void *arg)
{
	struct damon_sweep *sweep = t->sweep;

	if (!sweep || sweep->credit < 0 || is_armed(sweep))
		return;
	sweep->sight = sight;
	if (sweep->stage == STAGE_FINE)
		arm_fine(t, sight, arg);
	else if (is_due(ctx, sweep))
		arm_coarse(t, sight, arg);
}

/*
 * The regions of a target are about to become others, which will not lead to the coarse
 * entries that are old now.  The sweep is due again.
 */
void damon_sweep_leave(struct damon_target *t)
{
	if (!t->sweep || t->sweep->stage != STAGE_COARSE)
		return;
	give_back(t);
	t->sweep->stage = STAGE_IDLE;
}

/*
 * What was made old is not to be looked at any more, for example because of a pause, and
 * what was seen before says nothing.
 */
void damon_sweep_forget(struct damon_target *t)
{
	struct damon_region *r;

	if (!t->sweep)
		return;
	give_back(t);
	t->sweep->stage = STAGE_IDLE;
	t->sweep->armed = false;
	t->sweep->windows = UINT_MAX;
	damon_for_each_region(r, t)
		r->untouched = false;
}

/* A sample saw what the last sweep does not explain. */
void damon_sweep_surprise(struct damon_target *t)
{
	if (t->sweep)
		t->sweep->again = true;
}

/* A window begins for a target.  The credit of one can be saved. */
void damon_sweep_open_window(const struct damon_ctx *ctx, struct damon_target *t)
{
	struct damon_sweep *sweep = t->sweep;

	if (!sweep)
		return;
	sweep->credit = min(sweep->credit, window_credit(ctx, t->nr_regions));
	sweep->cuts = window_cuts(ctx, t);
	if (sweep->windows < UINT_MAX)
		sweep->windows++;
}
