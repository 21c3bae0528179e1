// SPDX-License-Identifier: GPL-2.0
/*
 * TLB reach: notice that the memory of a process seems cold because the hardware
 * need not look at its page tables.
 *
 * An accessed bit is set when a translation is loaded, so it stays clear for as
 * long as the translation stays in the TLB.  A process whose hot memory fits in
 * there, on a CPU that nobody else disturbs, seems to access nothing.  If a
 * process has run for a good part of a window and hardly any sample saw an access,
 * its TLB is flushed once.  If that makes accesses visible, the target is
 * "silent": from then on there is one flush per window, the samples right behind
 * it are the only ones that count, and in between nothing is done.  It ends when
 * accesses are seen without a flush, too.  If a window has but one tick, since the monitor
 * is late, its samples are those behind the flush of the window before.
 *
 * A pure room.  It knows numbers; who flushes is not its business.
 */
#include <linux/kernel.h>

#include "internal.h"
#include "reach.h"

/* A process is busy if it has run for this part of a window. */
#define BUSY_SHARE	4

/* Nothing is seen of it if there is less than one access in so many samples. */
#define QUIET_SHARE	64

/* A flush has revealed something if it made so many times as many visible. */
#define MIN_GAIN	4

/* Windows without another trial after some that were in vain. */
#define MAX_WAIT	63

/**
 * damon_reach_begin() - Begin a window of a target.
 * @t:		The target.
 * @cpu_ns:	CPU time that its process has used so far.
 * @now:	The time, in nanoseconds, too.
 * @ticks:	Samples of a window.
 *
 * To be called before damon_reach_step() in the first tick of each window, which is
 * when &damon_reach.window_opens.
 */
void damon_reach_begin(struct damon_target *t, u64 cpu_ns, u64 now,
		       unsigned int ticks)
{
	struct damon_reach *reach = &t->reach;
	bool busy = (cpu_ns - reach->cpu_ns) * BUSY_SHARE >= now - reach->begin_ns;
	bool quiet = reach->nr_samples &&
		(u64)reach->nr_hits * QUIET_SHARE < reach->nr_samples;

	/* after a window without another tick, the samples behind its flush are yet to come */
	reach->flushed &= reach->tick == 1;
	reach->trial = false;
	/* windows may have become too short for samples before a flush and behind it */
	reach->silent &= ticks > 1;
	if (!reach->silent && busy && quiet && ticks > 1) {
		reach->trial = !reach->wait;
		reach->wait -= !!reach->wait;
	}
	reach->flushed &= reach->silent || reach->trial;
	reach->cpu_ns = cpu_ns;
	reach->begin_ns = now;
	reach->window_opens = false;
	reach->tick = 0;
	reach->nr_hits = 0;
	reach->nr_samples = 0;
}

/* What to do in a window's tick @tick, counted from zero, if the TLB is in the way. */
enum damon_reach_step damon_reach_odd_step(const struct damon_target *t,
					   unsigned int tick)
{
	bool silent = t->reach.silent;

	if (tick == 0)
		return silent && !t->reach.flushed ? DAMON_REACH_FLUSH : DAMON_REACH_TRY;
	if (tick == 1)
		return DAMON_REACH_COUNT;
	return silent ? DAMON_REACH_SKIP : DAMON_REACH_WATCH;
}

/*
 * Trials show that flushes reveal accesses.  One access with a flush and none without is a
 * matter of chance, so all trials count, and one more access without.
 */
static bool is_revealing(const struct damon_reach *reach)
{
	return reach->nr_with > MIN_GAIN * (reach->nr_without + 1);
}

static void forget_trials(struct damon_reach *reach)
{
	reach->nr_with = 0;
	reach->nr_without = 0;
}

/* A trial that shows something, but not enough, is followed by the next one at once. */
static void judge_trial(struct damon_reach *reach, unsigned int with,
			unsigned int without)
{
	reach->nr_with += with;
	reach->nr_without += without;
	if (is_revealing(reach)) {
		reach->silent = true;
		reach->backoff = 0;
		forget_trials(reach);
	} else if (with <= MIN_GAIN * without) {
		reach->backoff = min(2 * reach->backoff + 1, MAX_WAIT);
		reach->wait = reach->backoff;
		if (reach->nr_with <= MIN_GAIN * reach->nr_without)
			forget_trials(reach);
	}
}

/* How a flush changed what can be seen: @with and @without it. */
static void judge(struct damon_reach *reach, unsigned int with, unsigned int without)
{
	if (reach->silent)
		reach->silent = with > 2 * without;
	else
		judge_trial(reach, with, without);
}

/*
 * What a tick around a flush has shown.  Where there was one in the last tick, too, nobody
 * knows what would be seen without.
 */
void damon_reach_judge(struct damon_target *t, enum damon_reach_step step,
		       unsigned int nr_hits)
{
	struct damon_reach *reach = &t->reach;

	if (reach->flushed)
		judge(reach, nr_hits, reach->nr_before);
	else
		reach->nr_before = nr_hits;
	reach->flushed = step != DAMON_REACH_COUNT;
	reach->nr_flushes += reach->flushed;
}
