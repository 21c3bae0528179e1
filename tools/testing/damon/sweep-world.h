/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture of the sweep tests: memory whose accesses are known, how it looks from
 * above, and the ticks and windows of a context that monitors it.
 */
#ifndef _DAMON_SWEEP_WORLD_H
#define _DAMON_SWEEP_WORLD_H

#include <linux/bitmap.h>

#include "test.h"

#define MAX_HOT		8
/* As sweep.c has them. */
#define PER_REGION	4

/* What is swept, and whether the sweep keeps to the rules. */
struct world {
	struct rng *rng;
	unsigned long fine, coarse;
	struct damon_addr_range hot[MAX_HOT];	/* ascending */
	unsigned int nr_hot;
	unsigned int hidden;	/* of "hot", by bits: what leaves no mark */
	double noise;		/* share of the other fine entries that are touched */
	bool blind;		/* no entry is marked ... */
	bool fine_blind;	/* ... no fine one */
	bool sweepless;		/* nobody looks at entries */
	bool cold;		/* nothing can be seen by samples ... */
	bool opaque;		/* ... or they have no answer */
	unsigned int price;	/* of an entry */
	u64 visited, max_visit;
	unsigned int nr_coarse;	/* times that coarse entries were made old */
	u64 samples;
	struct damon_addr_range piece;	/* of fine entries that were made old */
	bool coarse_armed;
	bool moving;		/* regions may come between making old and looking */
	const char *broken;
	struct damon_sight sight;
};

static bool is_hot(const struct world *w, unsigned long start, unsigned long last)
{
	unsigned int i;

	for (i = 0; i < w->nr_hot; i++)
		if (w->hot[i].start <= last && start < w->hot[i].end)
			return true;
	return false;
}

/* The same without what leaves no mark. */
static bool is_marked(const struct world *w, unsigned long start, unsigned long last)
{
	unsigned int i;

	for (i = 0; i < w->nr_hot; i++)
		if (!(w->hidden & BIT(i)) && w->hot[i].start <= last &&
		    start < w->hot[i].end)
			return true;
	return false;
}

static bool is_touched(const struct world *w, unsigned long start,
		       unsigned long size)
{
	if (w->blind || (w->fine_blind && size == w->fine && w->fine < w->coarse))
		return false;
	return is_marked(w, start, start + size - 1) ||
		(w->noise && rnd_true(w->rng, w->noise));
}

static unsigned int visit(struct world *w, const struct damon_addr_range *range,
			  unsigned long size)
{
	unsigned int nr = (range->end - 1) / size - range->start / size + 1;

	nr *= w->price;
	w->visited += nr;
	w->max_visit = max(w->max_visit, nr);
	return nr;
}

static unsigned int arm_coarse(void *arg, const struct damon_addr_range *range)
{
	struct world *w = arg;

	if (range->start >= range->end)
		w->broken = "empty range of coarse entries";
	w->coarse_armed = true;
	w->nr_coarse++;
	return visit(w, range, w->coarse);
}

static unsigned int look_coarse(void *arg, const struct damon_addr_range *range,
				struct damon_touched *touched)
{
	unsigned long addr = range->start, next;
	struct world *w = arg;

	if (!w->coarse_armed && !w->moving)
		w->broken = "coarse entries that are not old";
	for (; addr < range->end; addr = next) {
		unsigned long start = addr - addr % w->coarse;

		next = damon_add_sz(start, w->coarse);
		if (is_touched(w, start, w->coarse))
			damon_note_touched(touched, start, next - next % w->fine);
	}
	return visit(w, range, w->coarse);
}

/* Entries are young since each look gives their bits back, touched or not. */
static unsigned int arm_fine(void *arg, const struct damon_addr_range *range,
			     unsigned long *bits)
{
	struct world *w = arg;
	unsigned int i;

	if (range->start >= range->end || range->start % w->fine ||
	    range->end % w->fine ||
	    (range->end - range->start) / w->fine > DAMON_SWEEP_PIECE)
		w->broken = "not a piece of fine entries";
	w->piece = *range;
	w->coarse_armed = false;
	for (i = 0; i < (range->end - range->start) / w->fine; i++)
		__set_bit(i, bits);
	return visit(w, range, w->fine);
}

static unsigned int look_fine(void *arg, const struct damon_addr_range *range,
			      unsigned long *bits)
{
	struct damon_addr_range entry;
	struct world *w = arg;
	unsigned int i, nr = 0;

	if (range->start != w->piece.start || range->end != w->piece.end)
		w->broken = "fine entries that are not old";
	w->piece = (struct damon_addr_range){};
	for_each_set_bit(i, bits, (range->end - range->start) / w->fine) {
		entry.start = range->start + i * w->fine;
		entry.end = entry.start + w->fine;
		if (!is_touched(w, entry.start, w->fine))
			__clear_bit(i, bits);
		nr += visit(w, &entry, w->fine);
	}
	return nr;
}

/* For who does not ask what becomes of entries. */
static void give_nothing(struct damon_target *t, const struct damon_addr_range *range,
			 unsigned long *bits)
{
}

static const struct damon_sight *sight_of(struct world *w)
{
	w->sight = (struct damon_sight){
		.fine = w->fine,
		.coarse = w->coarse,
		.arm_coarse = arm_coarse,
		.look_coarse = look_coarse,
		.arm_fine = arm_fine,
		.look_fine = look_fine,
		.give_back = give_nothing,
	};
	return &w->sight;
}

static enum damon_answer answer(const struct world *w, unsigned long addr)
{
	if (w->opaque)
		return DAMON_UNKNOWN;
	return !w->cold && is_hot(w, addr, addr) ? DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}

static void sample_region(struct damon_looks *looks, struct damon_target *t,
			  struct damon_region *r, struct world *w)
{
	if (damon_look_lasts(looks, r))
		return;
	if (r->sampling_addr != DAMON_NO_SAMPLE_YET) {
		r->sampling_addr = rnd_in(w->rng, r->ar.start, r->ar.end);
		damon_look_count(looks, t, r, answer(w, r->sampling_addr));
		w->samples++;
	}
	r->sampling_addr = damon_look_next(looks, r) ? DAMON_NO_SAMPLE : DAMON_NO_SAMPLE_YET;
}

static void sample(struct damon_looks *looks, struct damon_target *t, struct world *w)
{
	struct damon_region *r;
	struct damon_spot *spot;

	damon_looks_of_target(looks);
	damon_begin_suspects(t, looks->turn);
	while ((spot = damon_next_suspect(t, ULONG_MAX))) {
		damon_look_again(t, spot, answer(w, spot->addr));
		w->samples++;
	}
	damon_for_each_region(r, t)
		sample_region(looks, t, r, w);
	if (looks->surprised)
		damon_sweep_surprise(t);
}

/* @w has one entry for each target. */
static void tick(struct damon_ctx *ctx, struct world *w)
{
	struct damon_looks looks;
	struct damon_target *t;

	damon_looks_begin(&looks, ctx);
	damon_for_each_target(t, ctx) {
		const struct damon_sight *sight = sight_of(w);

		if (!w->sweepless)
			damon_sweep_look(ctx, t, sight, w);
		sample(&looks, t, w);
		if (!w->sweepless)
			damon_sweep_arm(ctx, t, sight, w);
		w++;
	}
}

static void last_tick(struct damon_ctx *ctx, struct world *w)
{
	ctx->now = ctx->next_aggregation_ns;
	tick(ctx, w);
}

static void end_window(struct damon_ctx *ctx)
{
	ctx->next_aggregation_ns = ctx->now + 1;
	damon_close_window(ctx);
	damon_open_window(ctx);
}

static void all_ticks(struct damon_ctx *ctx, struct world *w)
{
	unsigned int i;

	for (i = 1; i < 20; i++)
		tick(ctx, w);
	last_tick(ctx, w);
}

static void window(struct damon_ctx *ctx, struct world *w)
{
	all_ticks(ctx, w);
	end_window(ctx);
}

/* The units of x86, or half of them where five coarse entries would not fit into a long. */
#define FINE	(BITS_PER_LONG == 64 ? 1UL << 21 : 1UL << 20)
#define COARSE	(512 * FINE)

/* To begin with, a coarse entry at the first address that is not in another one. */
static struct world plain_world(struct rng *rng)
{
	return (struct world){ .rng = rng, .fine = FINE, .coarse = COARSE, .price = 1 };
}

static struct damon_ctx *plain_ctx(struct world *w)
{
	struct damon_ctx *ctx = make_ctx(1);

	ctx->min_region_sz = 4096;
	add(target_of(ctx), w->coarse, 2 * w->coarse, 0);
	damon_enforce_min_nr_regions(ctx);
	return ctx;
}

/* Hot memory of whole fine entries, with gaps of at least one. */
static void heat(struct world *w, unsigned long start, unsigned long end,
		 unsigned int nr, unsigned int max_entries)
{
	unsigned long slot = (end - start) / w->fine / nr;

	for (w->nr_hot = 0; w->nr_hot < nr; w->nr_hot++) {
		struct damon_addr_range *hot = &w->hot[w->nr_hot];
		unsigned int entries = rnd_in(w->rng, 1, max_entries + 1);

		hot->start = start + (w->nr_hot * slot +
			rnd_in(w->rng, 0, slot - entries)) * w->fine;
		hot->end = hot->start + entries * w->fine;
	}
}

static bool is_cut_out(struct damon_target *t, const struct damon_addr_range *hot)
{
	bool starts = false, ends = false;
	struct damon_region *r;

	damon_for_each_region(r, t) {
		starts |= r->ar.start == hot->start;
		ends |= r->ar.end == hot->end;
	}
	return starts && ends;
}

static bool all_cut_out(struct damon_target *t, const struct world *w)
{
	unsigned int i;

	for (i = 0; i < w->nr_hot; i++)
		if (!is_cut_out(t, &w->hot[i]))
			return false;
	return true;
}

#endif /* _DAMON_SWEEP_WORLD_H */
