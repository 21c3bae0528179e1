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
 * A sample that differs from what is known of its region is a surprise, and its page
 * gets a second look in the next interval, unless that is for another first one (which
 * the first access to idle memory does not leave to chance).  It does
 * not count, since it is no matter of chance where it is.  If it agrees with the first
 * one, it is the page that differs, and the region is to be cut around it (cutting.h).
 *
 * Both operations sets of addresses, and the simulator, go by this.
 */
#ifndef _MM_DAMON_LOOKING_H
#define _MM_DAMON_LOOKING_H

#include <linux/damon.h>
#include <linux/hash.h>

#include "cutting.h"
#include "internal.h"
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
	if (looks->all || !damon_is_idle(r) || r->again ||
	    (looks->last && !r->nr_samples))
		return false;
	return damon_turn(looks, r) % damon_idle_span(looks, r);
}

/*
 * The sample of a region was the first one to see an access where none was known.  It may
 * be all that is ever seen of something small, so the second look at its page is not left
 * to chance.
 */
static inline bool damon_is_news(const struct damon_region *r)
{
	return r->again && !r->rate && r->nr_accesses == 1;
}

/*
 * A region whose sample does not go on is to have one in the next interval: each window
 * begins with one, the others are a matter of chance.  If it is not for a first look, there
 * is time for a second one.
 */
static inline bool damon_look_next(const struct damon_looks *looks,
				   struct damon_region *r)
{
	bool first = looks->all || looks->last || !r->nr_samples || damon_is_idle(r) ||
		(!damon_is_news(r) &&
		 !damon_rand(looks->ctx, 0, damon_look_span(looks, r)));

	r->again &= !first;
	return first || r->again;
}

/* A sample contradicts what is known of the region that it is of. */
static inline bool damon_is_surprise(const struct damon_looks *looks,
				     const struct damon_region *r, bool accessed)
{
	return r->worth && accessed == !damon_was_hot(r) &&
		r->ar.end - r->ar.start > looks->ctx->min_region_sz;
}

/* A second look says whether it is the page that differs. */
static inline void damon_look_closer(struct damon_looks *looks, struct damon_target *t,
				     struct damon_region *r, bool accessed)
{
	r->again = false;
	if (accessed == !damon_was_hot(r))
		damon_note_spot(looks->ctx, t, r->sampling_addr, accessed);
}

/* Counts a first look, for all the intervals that it has lasted if none saw an access. */
static inline void damon_look_first(struct damon_looks *looks, struct damon_region *r,
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
	r->again = damon_is_surprise(looks, r, accessed);
}

/**
 * damon_look_count() - Count the answer of a sample that has just been finished.
 * @looks:	The looks of this interval.
 * @t:		The target.
 * @r:		Its region, whose sampling address is still that of the sample.
 * @answer:	What the sample has shown.
 *
 * If @r->again is set afterwards, the next sample is to be of the same page.
 *
 * Context: Worker (operations sets).
 */
static inline void damon_look_count(struct damon_looks *looks, struct damon_target *t,
				    struct damon_region *r, enum damon_answer answer)
{
	if (answer == DAMON_UNKNOWN)
		r->again = false;
	else if (r->again)
		damon_look_closer(looks, t, r, answer == DAMON_ACCESSED);
	else
		damon_look_first(looks, r, answer == DAMON_ACCESSED);
}

#endif /* _MM_DAMON_LOOKING_H */
