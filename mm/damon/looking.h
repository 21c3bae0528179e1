/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One rule for when a region is looked at, and for what a look stands for.
 *
 * A region has a span: in each sampling interval it is looked at with a probability of
 * one in so many.  That is 1 for what has just been cut off, of which nothing is known yet,
 * and 2 for others, or as many times that as keeps the looks of an interval to a share of
 * what there may be of regions.  Chance decides, and not what was seen before or a fixed
 * number of intervals: accesses that come back after that many would be seen each time, or
 * never.
 *
 * Where all looks have been alike, in earlier windows and in this one, two looks per
 * window are enough to notice that it is no longer so.  In memory that was idle a sample
 * lasts that long, and misses nothing; elsewhere it lasts one interval.
 *
 * A sample that differs from what is known of its region is a surprise, and makes its page a
 * suspect, which is looked at by itself (spots.h).
 *
 * Both operations sets of addresses, and the simulator, go by this.
 */
#ifndef _MM_DAMON_LOOKING_H
#define _MM_DAMON_LOOKING_H

#include <linux/damon.h>
#include <linux/hash.h>

#include "cutting.h"
#include "internal.h"
#include "spots.h"
#include "window.h"

/**
 * struct damon_looks - What the looks of a sampling interval have in common.
 * @ctx:	The context.
 * @window:	Samples of a full window.
 * @tick:	Intervals of this window, the one that has just ended included.
 * @turn:	Whose turn it is among idle regions, see damon_turn().
 * @span:	Of regions in which anything changes.
 * @still_span:	Of those in which nothing does.
 * @last:	The window ends with this interval.
 * @all:	All regions have their turn.
 * @surprised:	A sample of the target has seen what was not to be expected.
 */
struct damon_looks {
	struct damon_ctx *ctx;
	unsigned int window;
	unsigned int tick;
	unsigned int turn;
	unsigned int span;
	unsigned int still_span;
	bool last;
	bool all;
	bool surprised;
};

void damon_looks_begin(struct damon_looks *looks, struct damon_ctx *ctx);
void damon_looks_resume(struct damon_looks *looks, struct damon_ctx *ctx);
void damon_plan_looks(struct damon_ctx *ctx);

/* The looks at another target. */
static inline void damon_looks_of_target(struct damon_looks *looks)
{
	looks->all = false;
	looks->surprised = false;
}

/*
 * An idle region has its turn whenever this is a multiple of its span.  That depends on no
 * other region, or one that changes would make those behind it miss theirs.  Of neighbours
 * it is not the same.
 */
static inline unsigned int damon_turn(const struct damon_looks *looks,
				      const struct damon_region *r)
{
	return looks->turn + hash_long(r->ar.start, 32);
}

/* All looks at a region were alike, without any access. */
static inline bool damon_is_idle(const struct damon_region *r)
{
	return r->worth && !r->rate && !r->nr_accesses;
}

/* The same, each with an access. */
static inline bool damon_is_busy(const struct damon_region *r)
{
	return r->worth && r->rate == DAMON_FULL_RATE &&
		r->nr_accesses == r->nr_samples;
}

/*
 * In how many intervals an idle region is looked at once.  Those of which a sweep says
 * nothing are searched by samples alone: the larger one is, the more often.
 */
static inline unsigned int damon_idle_span(const struct damon_looks *looks,
					   const struct damon_region *r)
{
	unsigned long sz = r->ar.end - r->ar.start;

	if (r->untouched)
		return looks->still_span;
	if (looks->ctx->searching)
		return looks->span;
	return clamp(looks->ctx->region_sz_limit / sz, 1UL, looks->still_span);
}

/* In how many intervals a region is looked at once. */
static inline unsigned int damon_look_span(const struct damon_looks *looks,
					   const struct damon_region *r)
{
	if (damon_is_idle(r))
		return damon_idle_span(looks, r);
	if (damon_is_busy(r))
		return max(looks->still_span, looks->span);
	return r->worth ? 2 * looks->span : looks->span;
}

/*
 * To be called when a sample of a region is begun.  That of an idle one is in a turn, or
 * when the window opens, so it is known how long it has lasted in the next turn.  If it
 * is in between, after a pause or a cut in the middle of a window, it is not.
 */
static inline void damon_look_begins(const struct damon_looks *looks,
				     struct damon_region *r)
{
	r->late = looks->tick && !looks->last && damon_is_idle(r) &&
		damon_turn(looks, r) % damon_idle_span(looks, r);
}

/*
 * The sample of a region goes on if the region is idle and it is not its turn.  No window
 * ends without a sample.
 */
static inline bool damon_look_lasts(const struct damon_looks *looks,
				    const struct damon_region *r)
{
	if (looks->all || !damon_is_idle(r) || (looks->last && !r->nr_samples))
		return false;
	return damon_turn(looks, r) % damon_idle_span(looks, r);
}

/*
 * A region whose sample does not go on is to have one in the next interval: each window
 * begins with one, the others are a matter of chance.
 */
static inline bool damon_look_next(const struct damon_looks *looks,
				   const struct damon_region *r)
{
	return looks->all || looks->last || !r->nr_samples || damon_is_idle(r) ||
		!damon_rand(looks->ctx, 0, damon_look_span(looks, r));
}

/*
 * Where attributes are monitored instead of accesses, a region is to be looked at in this
 * interval.  No look lasts longer.
 */
static inline bool damon_probe_next(const struct damon_looks *looks,
				    const struct damon_region *r)
{
	/* nobody counts accesses, so it does not seem to be busy */
	bool full = r->worth && r->rate == DAMON_FULL_RATE;

	return !r->nr_samples ||
		!damon_rand(looks->ctx, 0, full ? looks->still_span : damon_look_span(looks, r));
}

/* A sample contradicts what is known of the region that it is of. */
static inline bool damon_is_surprise(const struct damon_looks *looks,
				     const struct damon_region *r, bool accessed)
{
	return r->worth && accessed == !damon_was_hot(r) &&
		r->ar.end - r->ar.start > looks->ctx->min_region_sz;
}

/* The page of the sample that has just been finished. */
static inline struct damon_spot *damon_suspect(struct damon_target *t,
					       const struct damon_region *r, bool accessed)
{
	struct damon_spot spot = {
		.addr = r->sampling_addr,
		.share = accessed ? r->rate : DAMON_FULL_RATE - r->rate,
		.chance = r->worth,
		.hot = accessed,
	};

	return damon_note_spot(t, &spot);
}

/* Counts a look, for all the intervals that it has lasted if none saw an access. */
static inline void damon_count_look(struct damon_looks *looks, struct damon_region *r,
				    bool accessed)
{
	if (damon_is_idle(r)) {
		bool once = looks->all || r->late;
		unsigned int more = once ? 0 : damon_idle_span(looks, r) - 1;

		looks->surprised |= accessed;
		r->nr_samples = max(r->nr_samples,
				    min3(r->nr_samples + more, looks->tick - 1,
					 looks->window - 1));
	} else if (damon_is_busy(r)) {
		looks->surprised |= !accessed;
	}
	damon_count_answer(r, accessed, looks->window);
	if (accessed) {
		r->untouched = false;
		r->unseen = false;
	}
}

/**
 * damon_look_count() - Count the answer of a sample that has just been finished.
 * @looks:	The looks of this interval.
 * @t:		The target.
 * @r:		Its region, whose sampling address is still that of the sample.
 * @answer:	What the sample has shown.
 *
 * Context: Worker (operations sets).
 * Return: The page, if it has become a suspect, which is to be made old again.
 */
static inline struct damon_spot *
damon_look_count(struct damon_looks *looks, struct damon_target *t, struct damon_region *r,
		 enum damon_answer answer)
{
	bool accessed = answer == DAMON_ACCESSED;

	if (answer == DAMON_UNKNOWN)
		return NULL;
	damon_count_look(looks, r, accessed);
	return damon_is_surprise(looks, r, accessed) ? damon_suspect(t, r, accessed) : NULL;
}

#endif /* _MM_DAMON_LOOKING_H */
