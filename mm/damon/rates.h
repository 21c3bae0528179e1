/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access rates: what is known of a region by the windows before, as a share of the
 * sampling intervals, and how sure that is.
 */
#ifndef _MM_DAMON_RATES_H
#define _MM_DAMON_RATES_H

#include <linux/damon.h>
#include <linux/math64.h>
#include <linux/minmax.h>

/* The rate of memory that is accessed in each interval. */
#define DAMON_FULL_RATE	((1U << 20) - 1)

/* Samples that what is known of a region is worth at most: older ones fade. */
#define DAMON_MAX_WORTH	60

/* The square of how many standard errors a difference is more than chance. */
#define DAMON_CHANCE	9

/* The rate at which @nr of @of samples saw an access. */
static inline unsigned int damon_to_rate(unsigned int nr, unsigned int of)
{
	if (nr >= of)
		return nr ? DAMON_FULL_RATE : 0;
	return max(div_u64((u64)nr * DAMON_FULL_RATE + of / 2, of), nr ? 1 : 0);
}

/* Samples of a full window that see an access at a rate.  Some are never none. */
static inline unsigned int damon_to_nr(unsigned int rate, unsigned int window)
{
	u64 nr = div_u64((u64)rate * window + DAMON_FULL_RATE / 2, DAMON_FULL_RATE);

	return max(nr, rate ? 1 : 0);
}

/* Accesses of a region in the previous window. */
static inline unsigned int damon_last_nr_accesses(const struct damon_region *r,
						  unsigned int window)
{
	return damon_to_nr(r->rate, window);
}

/* By then, the memory was accessed in at least half of the intervals. */
static inline bool damon_was_hot(const struct damon_region *r)
{
	return r->rate >= DAMON_FULL_RATE / 2;
}

#endif /* _MM_DAMON_RATES_H */
