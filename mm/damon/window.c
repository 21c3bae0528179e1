// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: what the samples of an aggregation interval come to.
 *
 * At a window's end the counts of each region are made final, put together with what
 * earlier windows have shown, and regions that cannot be told apart are merged.  Which
 * regions those are follows from how many samples there were: two rates are taken for
 * different if their difference exceeds what chance makes of so many samples.  Not the
 * number of regions but the errors of their rates decide how many are worth having.
 *
 * A pure room.  It knows counters of regions, and not how they come about.
 */
#include <linux/kernel.h>

#include "cutting.h"
#include "internal.h"
#include "sweep.h"
#include "window.h"

/* The square of how many standard errors the rates of merged regions may differ by. */
#define SAME_REGION	2

/*
 * The square of how many standard errors two rates differ by is more than @k, given how many
 * samples each is worth.  The error is that of a binomial distribution with the mean of both, and
 * half an access more, since no access in a few samples is no proof that there are none.
 */
static bool rates_differ(u64 a, unsigned int nr_a, u64 b, unsigned int nr_b,
			 unsigned int k)
{
	unsigned int nr = nr_a + nr_b;
	u64 difference = abs_diff(a, b), mean;

	mean = div_u64(a * nr_a + b * nr_b + DAMON_FULL_RATE / 2, nr + 1);
	return difference * difference * nr_a * nr_b >
		mean * (DAMON_FULL_RATE - mean) * nr * k;
}

/* counts */

/* What is left of the window will be as the previous ones, as far as is known. */
static void update_bp(struct damon_region *r, unsigned int window)
{
	u64 bp = (u64)r->nr_accesses * 10000;

	if (r->rate && r->nr_samples < window)
		bp += mul_u64_u64_div_u64((u64)r->rate * 10000,
					  window - r->nr_samples, DAMON_FULL_RATE);
	r->nr_accesses_bp = min_t(u64, bp, UINT_MAX);
}

/**
 * damon_update_region_access_rate() - Count one answered sample of a region.
 * @r:		The region.
 * @accessed:	The answer.
 * @attrs:	Attributes of the region's context.
 *
 * A sample without an answer is not to be counted.
 *
 * Context: Worker (operations sets).
 */
void damon_update_region_access_rate(struct damon_region *r, bool accessed,
				     struct damon_attrs *attrs)
{
	unsigned int window = damon_max_nr_accesses(attrs);

	damon_count_answer(r, accessed, window);
	update_bp(r, window);
}

/**
 * damon_nr_accesses_mvsum() - Access rate of a region at any moment.
 * @r:		The region.
 * @ctx:	Its context.
 *
 * What this window has shown so far, and for the rest of it what earlier ones have
 * shown.  Never zero as long as those were not without any access, and the window is not
 * over.  Zero where attributes are monitored instead of accesses.
 *
 * Context: Worker.
 * Return: Accesses per window.
 */
unsigned int damon_nr_accesses_mvsum(struct damon_region *r,
				     struct damon_ctx *ctx)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);
	u64 rest = 0;

	if (damon_attrs_only(ctx))
		return 0;
	if (r->nr_samples < window)
		rest = div_u64((u64)r->rate * (window - r->nr_samples) +
			       DAMON_FULL_RATE / 2, DAMON_FULL_RATE);
	/* some are never none, as at the end of a window */
	return clamp_t(u64, r->nr_accesses + rest, r->rate && r->nr_samples < window,
		       UINT_MAX);
}

/* What a full window would have counted at the rate of the answered samples. */
static unsigned int full_count(const struct damon_region *r, unsigned int count,
			       unsigned int window)
{
	u64 scaled = count;

	if (!scaled || !r->nr_samples || r->nr_samples == window)
		return count;
	scaled = div_u64(scaled * window + r->nr_samples / 2, r->nr_samples);
	return clamp_t(u64, scaled, 1, window);
}

/*
 * The samples of this window contradict what is known of a region.  Counts are
 * whole numbers, so half an access is left out of the difference, or chance would
 * contradict more often on the side of the rarer answer, and rates be biased.  What was known
 * of the whole that a region was cut off counts as much as its samples.
 */
static bool contradicts(unsigned int now, unsigned int nr, const struct damon_region *r)
{
	unsigned int half = DAMON_FULL_RATE / 2 / nr, known = r->rate;

	if (abs_diff(now, known) <= half)
		return false;
	now = now > known ? now - half : now + half;
	return rates_differ(now, nr, known, r->worth ?: nr, DAMON_CHANCE);
}

/*
 * Adds the rate that the samples of this window have shown to what is known of a region,
 * unless they contradict it: then only they count.  Where not one of them saw an access, what
 * is left of earlier ones fades to nothing once it is less than half an access per window, and
 * so does what is missing where all of them did.  Returns whether they contradict it.
 */
static bool learn(struct damon_region *r, unsigned int seen, unsigned int window)
{
	unsigned int now = seen;
	/* with more, what rates_differ() multiplies may not fit into 64 bits */
	unsigned int nr = min(r->nr_samples, SHRT_MAX);
	bool differs = contradicts(now, nr, r);

	if (r->worth && !differs) {
		now = div_u64((u64)now * nr + (u64)r->rate * r->worth +
			      (nr + r->worth) / 2, nr + r->worth);
		nr += r->worth;
	}
	if (seen == DAMON_FULL_RATE &&
	    (u64)(DAMON_FULL_RATE - now) * window < DAMON_FULL_RATE / 2)
		now = DAMON_FULL_RATE;
	else if (!seen && (u64)now * window < DAMON_FULL_RATE / 2)
		now = 0;
	r->rate = now;
	r->worth = min(nr, DAMON_MAX_WORTH);
	return differs;
}

/*
 * A region that was answered in only some of the samples gets what a full window would
 * have shown.  From then on it counts as answered in all of them.  Returns whether that is
 * another rate than before.  Some accesses are another one than none.
 */
static bool finish_counts(const struct damon_ctx *ctx, struct damon_region *r,
			  bool attrs_only)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);
	bool was_used = r->rate, used = false, differs = false;
	/* a weighted mean varies no more than answers that are one or zero */
	unsigned int seen = attrs_only ? damon_probes_rate(ctx, r) :
		damon_to_rate(r->nr_accesses, r->nr_samples);
	int i;

	for (i = 0; i < DAMON_MAX_PROBES; i++)
		r->probe_hits[i] = min(full_count(r, r->probe_hits[i], window),
				       U8_MAX);
	if (r->nr_samples) {
		differs = learn(r, seen, window);
		r->nr_accesses = attrs_only ? 0 : damon_to_nr(r->rate, window);
		r->nr_samples = window;
		used = r->rate;
	}
	r->nr_accesses_bp = min_t(u64, (u64)r->nr_accesses * 10000, UINT_MAX);
	return differs || used != was_used;
}

/*
 * A region grows older while its access rate stays about the same.  Without an answer
 * nothing is known: cold memory stays as old as it is, but what was accessed must not
 * look as if it had been cold for as long as it was hot.
 */
static void finish_region(const struct damon_ctx *ctx, struct damon_region *r,
			  bool attrs_only)
{
	if (finish_counts(ctx, r, attrs_only))
		damon_begin_age(r);
	else if (damon_region_known(r) && r->age < UINT_MAX)
		r->age++;
}

/* merging */

/* What counts as the same when regions are merged. */
struct likeness {
	unsigned int k;		/* see rates_differ() */
	enum {
		APART,		/* memory of which nothing is known is other */
		ABSORBED,	/* unless there is no more of it beside some */
		MIXED,		/* it is not */
	} unknown;
};

/*
 * Idle memory is taken for used memory only if less than half an access would be expected in
 * the samples that it is worth at that rate, or more if more is alike.
 */
static bool same_rate(const struct damon_region *a, const struct damon_region *b,
		      unsigned int k)
{
	if (!a->rate == !b->rate)
		return !rates_differ(a->rate, a->worth, b->rate, b->worth, k);
	if (a->rate)
		swap(a, b);
	return (u64)b->rate * a->worth * SAME_REGION < DAMON_FULL_RATE / 2 * (u64)k;
}

static bool alike(struct damon_region *a, struct damon_region *b,
		  const struct likeness *like)
{
	/* or what is made old a piece at a time would never be so as a whole */
	if (like->unknown != MIXED && a->looked != b->looked)
		return false;
	if (damon_region_known(a) && damon_region_known(b))
		return same_rate(a, b, like->k);
	if (like->unknown == MIXED || damon_region_known(a) == damon_region_known(b))
		return true;
	if (damon_region_known(b))
		swap(a, b);
	/* what was hot a window ago may just not have been looked at */
	return like->unknown == ABSORBED && !a->rate && !b->rate &&
		damon_sz_region(b) <= damon_sz_region(a);
}

/* A region and the one behind it may become one as far as size goes. */
static bool fit_together(const struct damon_region *left,
			 const struct damon_region *right, unsigned long sz_limit)
{
	return left->ar.end == right->ar.start &&
		right->ar.end - left->ar.start <= sz_limit;
}

static void merge_two(struct damon_target *t, struct damon_region *left,
		      struct damon_region *right)
{
	/* idle memory that was freed makes no other one idle */
	if (!damon_region_known(left) && !damon_region_known(right)) {
		left->age = min(left->age, right->age);
		right->age = left->age;
	}
	damon_merge_two_regions(t, left, right);
}

/* Merges adjacent regions of a target that are alike. */
static void merge_alike(struct damon_target *t, const struct likeness *like,
			unsigned long sz_limit)
{
	struct damon_region *left = NULL, *r, *next;

	damon_for_each_region_safe(r, next, t) {
		if (left && fit_together(left, r, sz_limit) && alike(left, r, like))
			merge_two(t, left, r);
		else
			left = r;
	}
}

static void merge_all(struct damon_ctx *ctx, const struct likeness *like)
{
	struct damon_target *t;

	damon_for_each_target(t, ctx)
		merge_alike(t, like, ctx->region_sz_limit);
}

/* There are regions that could be merged if only they were alike. */
static bool can_merge(struct damon_ctx *ctx)
{
	struct damon_region *r, *next;
	struct damon_target *t;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t) {
			next = damon_region_behind(r, t);
			if (next && fit_together(r, next, ctx->region_sz_limit))
				return true;
		}
	return false;
}

/*
 * Merges what cannot be told apart.  Of memory of which nothing is known, only crumbs go
 * with their neighbours: the rest would seem as old as those.  If there are still too
 * many regions, more and more different ones are merged, until there is nothing left to
 * tell apart.  Some room is left for cuts, without which nothing more would be found.
 */
static void merge_regions(struct damon_ctx *ctx)
{
	unsigned long max_nr = ctx->attrs.max_nr_regions;
	struct likeness like = { .k = SAME_REGION, .unknown = APART };

	merge_all(ctx, &like);
	like.unknown = ABSORBED;
	merge_all(ctx, &like);
	like.unknown = MIXED;
	max_nr -= max_nr / DAMON_ROOM_SHARE;
	/* with that many errors, any two rates are the same */
	while (damon_nr_all_regions(ctx) > max_nr && can_merge(ctx) &&
	       like.k < SHRT_MAX) {
		like.k *= 2;
		merge_all(ctx, &like);
	}
}

/* First half of a window's end: final counts, ages, and merging. */
void damon_close_window(struct damon_ctx *ctx)
{
	bool attrs_only = damon_attrs_only(ctx);
	struct damon_target *t;
	struct damon_region *r;

	damon_note_observed(ctx);
	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			finish_region(ctx, r, attrs_only);
	merge_regions(ctx);
	damon_enforce_min_nr_regions(ctx);
}

/* Second half: counters start over. */
void damon_open_window(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	ctx->nr_intervals = 0;
	ctx->nr_windows++;
	damon_for_each_target(t, ctx) {
		damon_sweep_open_window(ctx, t);
		t->reach.window_opens = true;
		damon_for_each_region(r, t) {
			/* what was known once is not known any more */
			if (!r->nr_samples) {
				r->rate = 0;
				r->worth = 0;
			}
			r->nr_accesses = 0;
			r->nr_samples = 0;
			/* of this window, it has all so far */
			r->late = false;
			memset(r->probe_hits, 0, sizeof(r->probe_hits));
		}
	}
}
