// SPDX-License-Identifier: GPL-2.0
/*
 * Back-off: how much of what reclaim takes comes back, and what that means for taking
 * more.
 *
 * A pure room.  It is told the time and what the kernel counts, and does not know how
 * memory is reclaimed.
 */
#include <linux/kernel.h>
#include <linux/time64.h>

#include "backoff.h"
#include "internal.h"

#define MINUTE_NS	(60ULL * NSEC_PER_SEC)

/* As much as reclaim takes at a time: that it comes back may be chance. */
#define BATCH		(32 * PAGE_SIZE)

/* A thousandth is left, and undoing the last halving takes most of a day. */
#define MAX_HALVINGS	10U

/* What was taken, and may be missed. */
static u64 missing(const struct damon_backoff *b, const struct damon_evictions *now)
{
	return min(now->taken - min(now->taken, b->came_back), now->memory);
}

/*
 * What came back in this minute of what was taken.  The kernel does not say who has taken
 * that.  Everybody's share of it is taken for that of all that was reclaimed since boot.
 */
static u64 came_back_now(const struct damon_backoff *b, const struct damon_evictions *now)
{
	u64 refaulted = now->refaulted - min(now->refaulted, b->refaulted);

	if (!now->taken)
		return 0;
	return min(missing(b, now), damon_mul_div(refaulted, now->taken,
						  damon_add(now->taken, now->others)));
}

/* Each halving has to be outlived for twice as long as the one before. */
static void end_minute(struct damon_backoff *b, u64 came_back, bool too_much)
{
	b->came_back = damon_add(b->came_back, came_back);
	b->held = too_much;
	if (!too_much && b->halvings && ++b->nr_quiet >> b->halvings) {
		b->halvings--;
		b->nr_quiet = 0;
	}
}

/**
 * damon_backoff_restart() - Forget what was too much, for a run with other parameters.
 * @b:	What is known.
 */
void damon_backoff_restart(struct damon_backoff *b)
{
	*b = (struct damon_backoff) { .came_back = b->came_back };
}

/**
 * damon_backoff_update() - See what has come back.
 * @b:		What is known.
 * @now:	As of now.
 * @limit_bp:	How much of what was taken may come back per minute, 1/10000.  Zero: all
 *		of it.
 * @now_ns:	The time, not zero.
 *
 * To be called a few times per minute.
 */
void damon_backoff_update(struct damon_backoff *b, const struct damon_evictions *now,
			  unsigned long limit_bp, u64 now_ns)
{
	u64 came_back, limit;
	bool too_much;

	if (!b->minute_ns) {
		b->minute_ns = now_ns;
		b->refaulted = now->refaulted;
	}
	came_back = came_back_now(b, now);
	limit = damon_mul_div(missing(b, now), limit_bp, 10000);
	too_much = limit_bp && came_back > max(limit, BATCH);
	/* what comes back while nothing is taken is of the last halving still */
	if (too_much && !b->held) {
		b->halvings = min(b->halvings + 1, MAX_HALVINGS);
		b->held = true;
		b->nr_quiet = 0;
	}
	if (!limit_bp) {
		b->halvings = 0;
		b->held = false;
	}
	if (now_ns - b->minute_ns < MINUTE_NS)
		return;
	end_minute(b, came_back, too_much);
	b->refaulted = now->refaulted;
	b->minute_ns = now_ns;
}

/**
 * damon_backoff_limit() - How much may be taken.
 * @b:		What is known.
 * @full:	How much may be taken if nothing comes back.
 * @least:	What there is at least, unless nothing may be taken.
 *
 * Return: The limit, not above @full.  Zero: nothing may be taken.
 */
unsigned long damon_backoff_limit(const struct damon_backoff *b, unsigned long full,
				  unsigned long least)
{
	return b->held ? 0 : max(full >> b->halvings, min(full, least));
}
