/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reclaim that backs off where what it took comes back.
 */
#ifndef _MM_DAMON_BACKOFF_H
#define _MM_DAMON_BACKOFF_H

#include <linux/types.h>

/**
 * struct damon_evictions - What has left memory and come back since boot, bytes.
 * @taken:	What the user of this has paged out.
 * @others:	What the rest of the kernel has reclaimed.
 * @refaulted:	What came back, whoever took it.
 * @memory:	How much memory there is.  No more than that can be missed.
 */
struct damon_evictions {
	u64 taken;
	u64 others;
	u64 refaulted;
	u64 memory;
};

/**
 * struct damon_backoff - Whether to take less, since too much comes back.
 * @came_back:	So much of what was taken did, up to the running minute, bytes.
 * @halvings:	How often the limit of what may be taken is halved.
 * @held:	Nothing may be taken until a minute is over in which little came back.
 *
 * All zero at first.
 */
struct damon_backoff {
	u64 came_back;
	unsigned int halvings;
	bool held;

	/* private: */
	u64 minute_ns;			/* when the running minute began, 0: not yet */
	u64 refaulted;			/* as of then */
	unsigned int nr_quiet;		/* minutes without too much, since the last halving */
};

void damon_backoff_restart(struct damon_backoff *b);
void damon_backoff_update(struct damon_backoff *b, const struct damon_evictions *now,
			  unsigned long limit_bp, u64 now_ns);
unsigned long damon_backoff_limit(const struct damon_backoff *b, unsigned long full,
				  unsigned long least);

#endif /* _MM_DAMON_BACKOFF_H */
