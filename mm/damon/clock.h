/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The time that schemes take, for their limits of time.
 */
#ifndef _MM_DAMON_CLOCK_H
#define _MM_DAMON_CLOCK_H

#include <linux/damon.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>

/* How long the kdamond has waited for a CPU that others had. */
static inline u64 damon_queued_ns(void)
{
#ifdef CONFIG_SCHED_INFO
	return READ_ONCE(current->sched_info.run_delay);
#else
	return 0;
#endif
}

/*
 * The time of the kdamond, of which others have no part: a pass on a busy machine does not do
 * more because it takes longer.
 */
static inline u64 damon_own_clock_ns(void)
{
	u64 queued, now;

	do {
		queued = damon_queued_ns();
		now = ktime_get_ns();
	} while (queued != damon_queued_ns());
	return now - queued;
}

/* Only limits of time need the clock, which costs more than much of the rest. */
static inline u64 damos_clock_ns(const struct damos *s)
{
	return s->quota.ms ? damon_own_clock_ns() : 0;
}

/* Clocks that differ in speed may make a short time seem less than none. */
static inline u64 damos_time_since(const struct damos *s, u64 begin)
{
	return max_t(s64, damos_clock_ns(s) - begin, 0);
}

#endif /* _MM_DAMON_CLOCK_H */
