/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accesses that the TLB hides: when to flush it to see them.
 */
#ifndef _MM_DAMON_REACH_H
#define _MM_DAMON_REACH_H

#include <linux/damon.h>

/* What to do with the samples of a target in a tick. */
enum damon_reach_step {
	DAMON_REACH_WATCH,	/* test them, and begin the next ones */
	DAMON_REACH_TRY,	/* the same, then flush the TLB */
	DAMON_REACH_FLUSH,	/* the same, but the answers do not count */
	DAMON_REACH_COUNT,	/* test them: the TLB was flushed before */
	DAMON_REACH_SKIP,	/* nothing */
};

void damon_reach_begin(struct damon_target *t, u64 cpu_ns, u64 now,
		       unsigned int ticks);
enum damon_reach_step damon_reach_odd_step(const struct damon_target *t,
					   unsigned int tick);
void damon_reach_judge(struct damon_target *t, enum damon_reach_step step,
		       unsigned int nr_hits);

/**
 * damon_reach_step() - What to do with the samples of a target in a tick.
 * @t:	The target.
 *
 * Return: The step.
 */
static inline enum damon_reach_step damon_reach_step(struct damon_target *t)
{
	unsigned int tick = t->reach.tick++;

	if (likely(!t->reach.silent && !t->reach.trial))
		return DAMON_REACH_WATCH;
	return damon_reach_odd_step(t, tick);
}

/**
 * damon_reach_note() - Note what the samples of a tick have shown.
 * @t:		The target.
 * @step:	The step of this tick.
 * @nr_hits:	How many of them saw an access.
 * @nr_samples:	How many of them had an answer.
 */
static inline void damon_reach_note(struct damon_target *t, enum damon_reach_step step,
				    unsigned int nr_hits, unsigned int nr_samples)
{
	if (step != DAMON_REACH_WATCH)
		damon_reach_judge(t, step, nr_hits);
	t->reach.nr_hits += nr_hits;
	t->reach.nr_samples += nr_samples;
}

#endif /* _MM_DAMON_REACH_H */
