/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What several rooms of mm/damon share and nobody else may use.
 *
 * Pure rooms (regions, attrs, probe, quota, goal, filters) also compile in user
 * space, so this header includes nothing of the memory management.
 */
#ifndef _MM_DAMON_INTERNAL_H
#define _MM_DAMON_INTERNAL_H

#include <linux/bug.h>
#include <linux/damon.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

/*
 * Self-consistency checks for development, off in production kernels.  Each
 * speaks once.
 */
#ifdef CONFIG_DAMON_DEBUG_SANITY
#define damon_assert(cond)	WARN_ON_ONCE(!(cond))
#else
#define damon_assert(cond)	BUILD_BUG_ON_INVALID(cond)
#endif

/* numbers */

/*
 * @a times @b / @c, or U64_MAX where that does not fit or @c is zero.  The plain
 * division may be a CPU exception then.
 */
static inline u64 damon_mul_div(u64 a, u64 b, u64 c)
{
	if (mul_u64_u64_shr(a, b, 64) >= c)
		return U64_MAX;
	return mul_u64_u64_div_u64(a, b, c);
}

/* @a plus @b, at most U64_MAX. */
static inline u64 damon_add(u64 a, u64 b)
{
	return a + min(b, U64_MAX - a);
}

/* The same for sizes and addresses. */
static inline unsigned long damon_add_sz(unsigned long a, unsigned long b)
{
	return a + min(b, ULONG_MAX - a);
}

/* lists */

/* Exchanges what is in two lists. */
static inline void damon_swap_lists(struct list_head *a, struct list_head *b)
{
	LIST_HEAD(tmp);

	list_splice_init(a, &tmp);
	list_splice_init(b, a);
	list_splice(&tmp, b);
}

/* regions in order */

/* The first region of a target, NULL if it has none. */
static inline struct damon_region *
damon_first_region_or_null(struct damon_target *t)
{
	return list_first_entry_or_null(&t->regions_list, struct damon_region,
					list);
}

/* The region behind @r, NULL if it is the last one. */
static inline struct damon_region *
damon_region_behind(struct damon_region *r, struct damon_target *t)
{
	return list_is_last(&r->list, &t->regions_list) ?
		NULL : damon_next_region(r);
}

/* The first region from @r on that reaches beyond @addr, or NULL. */
static inline struct damon_region *
damon_skip_to(struct damon_region *r, unsigned long addr, struct damon_target *t)
{
	while (r && r->ar.end <= addr)
		r = damon_region_behind(r, t);
	return r;
}

/* samples */

/* A sampling address that no region contains: no access check is pending. */
#define DAMON_NO_SAMPLE		ULONG_MAX

/* The same, and none is to be begun before the next tick.  No process reaches it. */
#define DAMON_NO_SAMPLE_YET	(ULONG_MAX - 1)

/* What an access check can find out. */
enum damon_answer {
	DAMON_UNKNOWN,
	DAMON_NOT_ACCESSED,
	DAMON_ACCESSED,
};

/* Whether a sample of the region is under way. */
static inline bool damon_sample_pending(const struct damon_region *r)
{
	return r->sampling_addr - r->ar.start < r->ar.end - r->ar.start;
}

/* Whether at least half of the last window's samples saw an access. */
static inline bool damon_was_hot(const struct damon_region *r,
				 unsigned int window)
{
	return r->last_nr_accesses >= window - window / 2;
}

/* spots.c (pure) */

/* As many of a region's first accesses in a window can be spots. */
#define DAMON_SPOTS_PER_REGION	2

void damon_note_spot(struct damon_target *t, const struct damon_region *r,
		     unsigned int window);
void damon_forget_spots(struct damon_target *t);
unsigned int damon_cut_around_spots(struct damon_ctx *ctx, struct damon_target *t,
				    unsigned int room);

/* regions.c (pure) */

int damon_regions_init(void);
bool damon_regions_ready(void);
void damon_free_region(struct damon_region *r);
void damon_link_region(struct damon_region *r, struct list_head *next,
		       struct damon_target *t);
void damon_add_region(struct damon_region *r, struct damon_target *t);
void damon_destroy_region(struct damon_region *r, struct damon_target *t);
void damon_destroy_regions(struct damon_target *t);
void damon_update_mvsum(struct damon_region *r, unsigned int window);
struct damon_region *damon_split_region_at(struct damon_target *t,
					   struct damon_region *r,
					   unsigned long offset);
void damon_merge_two_regions(struct damon_target *t, struct damon_region *left,
			     struct damon_region *right);

unsigned int damon_nr_all_regions(struct damon_ctx *ctx);
unsigned long damon_region_sz_limit(struct damon_ctx *ctx);
void damon_enforce_min_nr_regions(struct damon_ctx *ctx);
void damon_close_window(struct damon_ctx *ctx);
void damon_open_window(struct damon_ctx *ctx);
void damon_split_regions(struct damon_ctx *ctx);
void damon_forget_target(struct damon_target *t);
void damon_forget_samples(struct damon_ctx *ctx);

/*
 * Counts an answered sample in a window of so many.  Timers may fit one more in, but
 * a full window is a full window.
 */
static inline void damon_count_answer(struct damon_region *r, bool accessed,
				      unsigned int window)
{
	if (r->nr_samples >= window)
		return;
	r->nr_samples++;
	if (accessed && r->nr_accesses < window)
		r->nr_accesses++;
	if (r->nr_accesses || r->last_nr_accesses)
		damon_update_mvsum(r, window);
}

/*
 * Counts a finished sample, and @more that were left out before it, which are taken to be
 * like it.  One without an answer does not count.
 */
static __always_inline void
damon_count_samples(struct damon_target *t, struct damon_region *r,
		    enum damon_answer answer, unsigned int window, unsigned int more)
{
	bool accessed = answer == DAMON_ACCESSED;

	if (answer == DAMON_UNKNOWN)
		return;
	r->nr_samples += more;
	if (accessed)
		r->nr_accesses += more;
	damon_count_answer(r, accessed, window);
	if (accessed && r->nr_accesses - more <= DAMON_SPOTS_PER_REGION)
		damon_note_spot(t, r, window);
}

static inline void damon_count_sample(struct damon_target *t,
				      struct damon_region *r,
				      enum damon_answer answer,
				      unsigned int window)
{
	damon_count_samples(t, r, answer, window, 0);
}

/* sweep.c (pure) */

/* Fine entries that are looked at in a row. */
#define DAMON_SWEEP_PIECE	512

/* Coarse entries that were accessed, as ranges in ascending order. */
struct damon_touched {
	unsigned int nr;
	struct damon_addr_range ranges[48];
};

/**
 * struct damon_sight - How an operations set sees from above.
 * @fine:	Bytes that a fine entry covers.
 * @arm_coarse:	Makes the coarse entries that cover a range old.
 * @look_coarse: Reports those that have been accessed since, by
 *		damon_note_touched().
 * @arm_fine:	Makes fine entries old, and sets the bits of those that had been accessed
 *		since the last time, as far as is known.
 * @look_fine:	Clears the bits of those that have not been accessed since.  Visits no
 *		others than those whose bits are set.
 *
 * Ranges of fine entries are aligned and at most %DAMON_SWEEP_PIECE long.  What is
 * reported must be aligned to fine entries, too, at both ends.  The first argument
 * is what the sweep was called with.  All return the number of entries they visited.
 */
struct damon_sight {
	unsigned long fine;
	unsigned int (*arm_coarse)(void *arg,
				   const struct damon_addr_range *range);
	unsigned int (*look_coarse)(void *arg,
				    const struct damon_addr_range *range,
				    struct damon_touched *touched);
	unsigned int (*arm_fine)(void *arg,
				 const struct damon_addr_range *range,
				 unsigned long *bits);
	unsigned int (*look_fine)(void *arg,
				  const struct damon_addr_range *range,
				  unsigned long *bits);
};

void damon_note_touched(struct damon_touched *touched, unsigned long start,
			unsigned long end);
bool damon_sweep_rests(struct damon_ctx *ctx, struct damon_target *t);
void damon_sweep_skip(struct damon_target *t);
void damon_sweep_look(struct damon_ctx *ctx, struct damon_target *t,
		      const struct damon_sight *sight, void *arg);
void damon_sweep_arm(struct damon_ctx *ctx, struct damon_target *t,
		     const struct damon_sight *sight, void *arg);
void damon_sweep_forget(struct damon_target *t);
bool damon_sweep_guides(const struct damon_target *t);
void damon_sweep_open_window(struct damon_target *t);

/* Intervals that a sample of a dormant region lasts at most, and ... */
#define DAMON_DORMANT_SPAN	10

/* ... windows without any access after which a region is dormant. */
#define DAMON_DORMANT_AGE	1

/* Of the intervals or turns of a steady region, one in so many is looked at, ... */
#define DAMON_STEADY_SPAN	4

/* ... after so many windows in which all samples were alike. */
#define DAMON_STEADY_AGE	2

/* Whether the last window's samples and this one's were all alike, for long enough. */
static inline bool damon_region_steady(const struct damon_region *r,
				       unsigned int window)
{
	if (r->age < DAMON_STEADY_AGE)
		return false;
	if (!r->last_nr_accesses)
		return !r->nr_accesses;
	return r->last_nr_accesses == window && r->nr_accesses == r->nr_samples;
}

/**
 * struct damon_round - What the samples of a target have in common in a tick.
 * @stay:	Samples may be taken once more from the pages that they were just
 *		taken from, which saves half of the work.
 * @surprised:	A sample saw what was not to be expected.
 * @guided_span: What @span is where a sweep has told what is there.
 * @guided_steady_span: The same for @steady_span.
 * @span:	Intervals that samples of dormant regions last.  1: there are none.
 * @turn:	Of the dormant regions, one in @span has its turn: the next one if
 *		this is a multiple of that.
 * @steady_span: The same for the regions that rest between samples because they are
 *		steady.  1: there are none.
 * @steady_turn: Whose turn it is among them.
 * @tick:	Ticks of this window, this one included.
 * @window:	Samples of a full window.
 * @last:	The window ends with this tick.
 * @all:	All regions have their turn.
 *
 * @guided_span, @guided_steady_span, @window and @last hold for all targets.
 */
struct damon_round {
	bool stay;
	bool surprised;
	bool last;
	bool all;
	unsigned int guided_span;
	unsigned int guided_steady_span;
	unsigned int span;
	unsigned int turn;
	unsigned int steady_span;
	unsigned int steady_turn;
	unsigned int tick;
	unsigned int window;
};

void damon_round_prepare(struct damon_round *round, const struct damon_ctx *ctx);
void damon_round_begin(struct damon_round *round, const struct damon_target *t);
void damon_sweep_surprise(struct damon_target *t);

/**
 * damon_round_end() - End the samples of a tick.
 * @round:	The round.
 * @t:		The target, before damon_sweep_arm() if it is seen from above.
 *
 * To be called again if that finishes more samples.
 *
 * Context: Worker.
 */
static inline void damon_round_end(const struct damon_round *round,
				   struct damon_target *t)
{
	if (round->surprised)
		damon_sweep_surprise(t);
}

/* Whether a region has not been accessed for so long that it is looked at rarely. */
static inline bool damon_round_dormant(const struct damon_round *round,
				       const struct damon_region *r)
{
	return round->span > 1 && !r->nr_accesses && !r->last_nr_accesses &&
		r->age >= DAMON_DORMANT_AGE;
}

/*
 * Whether a region has a sample under way that goes on, since it is dormant and it is
 * not its turn.  However short a window is, it must not end without any.
 */
static inline bool damon_round_skips(struct damon_round *round,
				     const struct damon_region *r)
{
	return !round->all && damon_round_dormant(round, r) &&
		damon_sample_pending(r) && round->turn++ % round->span &&
		(r->nr_samples || !round->last);
}

/* Whether a region has been accessed all the time for so long that it will still be. */
static inline bool damon_round_steady(const struct damon_round *round,
				      const struct damon_region *r)
{
	return r->last_nr_accesses && round->steady_span > 1 &&
		damon_region_steady(r, round->window);
}

/*
 * Whether a region has no sample in the next interval, since it is steady and it is not
 * its turn.  However short a window is, it must not end without any, so each begins with
 * one.
 */
static inline bool damon_round_rests(struct damon_round *round,
				     const struct damon_region *r)
{
	return damon_round_steady(round, r) && !round->all && !round->last &&
		r->nr_samples && round->steady_turn++ % round->steady_span;
}

/*
 * The sample that is to be counted next tells of @nr intervals, of which no more can be
 * of this window than it has had.  Returns how many that are without the last one.
 */
static inline unsigned int damon_round_more(const struct damon_round *round,
					    const struct damon_region *r,
					    unsigned int nr)
{
	unsigned int next = r->nr_samples + 1;

	return max(next, min3(r->nr_samples + nr, round->tick, round->window)) - next;
}

/*
 * Counts a finished sample.  That of a dormant region counts for all the intervals that
 * it lasted: either none of them had an access, or, rates being low where regions are
 * dormant, one.  That of a steady region counts for those since the last one: all of
 * them are taken to be like this one.
 */
static __always_inline void
damon_round_count(struct damon_round *round, struct damon_target *t,
		  struct damon_region *r, enum damon_answer answer)
{
	unsigned int more = 0;

	if (answer == DAMON_UNKNOWN)
		return;
	if (answer == DAMON_ACCESSED)
		round->surprised |= !r->nr_accesses && !r->last_nr_accesses;
	else if (r->last_nr_accesses == round->window)
		round->surprised |= r->nr_accesses == r->nr_samples;
	if (damon_round_dormant(round, r))
		r->nr_samples += damon_round_more(round, r, round->span);
	else if (damon_round_steady(round, r))
		more = damon_round_more(round, r, round->steady_span);
	damon_count_samples(t, r, answer, round->window, more);
}

/* reach.c (pure) */

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

/* regions-set.c (pure) */

/*
 * damon_set_regions() in two steps: everything that can fail, then the change.
 * The target must not change in between.
 */
struct damon_regions_plan {
	const struct damon_addr_range *ranges;
	unsigned int nr_ranges;
	unsigned long min_region_sz;
	struct list_head spare;		/* regions to be inserted */
};

int damon_plan_regions(struct damon_regions_plan *plan, struct damon_target *t,
		       const struct damon_addr_range *ranges,
		       unsigned int nr_ranges, unsigned long min_region_sz);
void damon_apply_regions(struct damon_regions_plan *plan,
			 struct damon_target *t);
void damon_drop_regions(struct damon_regions_plan *plan);

/* attrs.c (pure) */

int damon_check_attrs(const struct damon_attrs *attrs);
bool damon_attrs_equal(const struct damon_attrs *a, const struct damon_attrs *b);
void damon_apply_attrs(struct damon_ctx *ctx, const struct damon_attrs *attrs);
bool damon_tune_intervals(struct damon_ctx *ctx, u64 cost_ns);

/* Nanoseconds of an interval in microseconds.  No interval reaches 292 years. */
static inline u64 damon_us_to_ns(unsigned long us)
{
	return min_t(u64, us, S64_MAX / NSEC_PER_USEC) * NSEC_PER_USEC;
}

/* The next deadline of a series.  Those that were missed do not pile up. */
static inline void damon_advance(const struct damon_ctx *ctx, u64 *deadline, u64 interval)
{
	*deadline += interval;
	if (*deadline <= ctx->now)
		*deadline = ctx->now + interval;
}

/* probe.c (pure) */

/* Whether the samples of a context are to be probed. */
static inline bool damon_has_probes(const struct damon_ctx *ctx)
{
	return ctx->ops.apply_probes && !list_empty(&ctx->probes);
}

/*
 * Whether the memory at hand is of the kind that a filter knows.  False, too, if
 * there is no way to tell.
 */
typedef bool (*damon_of_type_fn)(const struct damon_filter *f, void *arg);

void damon_drop_probes(struct list_head *probes);
unsigned int damon_nr_probes(const struct damon_ctx *ctx);
bool damon_probe_matches(const struct damon_probe *probe,
			 damon_of_type_fn of_type, void *arg);
void damon_count_hits(const struct damon_ctx *ctx, struct damon_region *r,
		      damon_of_type_fn of_type, void *arg);
int damon_copy_probes(struct list_head *to, const struct damon_ctx *from);
void damon_swap_probes(struct damon_ctx *ctx, struct list_head *probes);

/* turns (pure) */

/* How many samples of a region are enough for a window that has more intervals. */
#define DAMON_ENOUGH_SAMPLES	10

/*
 * Each byte of a cold region that is steady is searched at least as often as those
 * of a region of one in so many of the largest size, of which each turn is taken.
 */
#define DAMON_STEADY_SHARE	2

/*
 * In how many turns to look at a region once, since nothing changes.  As long as nothing
 * hot was found at all, that is each one.
 */
static inline unsigned int damon_steady_span(const struct damon_ctx *ctx,
					     const struct damon_region *r,
					     unsigned int window)
{
	unsigned long sz = r->ar.end - r->ar.start;

	if (ctx->searching || !damon_region_steady(r, window))
		return 1;
	if (r->last_nr_accesses)
		return DAMON_STEADY_SPAN;
	return clamp(ctx->region_sz_limit / DAMON_STEADY_SHARE / sz, 1UL,
		     DAMON_STEADY_SPAN);
}

/**
 * struct damon_turns - Who has a turn in a sampling interval.
 * @ctx:	The context.
 * @window:	Samples of a full window.
 * @interval:	Of the window, from zero.
 * @spacing:	Intervals from one turn of a region to the next.
 * @wait:	Regions to pass over until one has its turn.
 * @turn:	Which turn of the window those have that have one, from zero.
 * @span:	Turns that a sample stands for at most.
 * @shift:	Varies from window to window and from region to region.
 * @last:	The window ends with this interval.
 */
struct damon_turns {
	const struct damon_ctx *ctx;
	unsigned int window;
	unsigned int interval;
	unsigned int spacing;
	unsigned int wait;
	unsigned int turn;
	unsigned int span;
	unsigned int shift;
	bool last;
};

/*
 * The turns of the window's interval @n.  The fewer turns the last window had, be it since
 * the worker was late, the fewer are left out.  Probes want to see the memory at each
 * turn.
 */
static inline void damon_turns_begin(struct damon_turns *turns,
				     const struct damon_ctx *ctx, unsigned int n)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);
	unsigned int nr;

	turns->ctx = ctx;
	turns->window = window;
	turns->interval = n;
	turns->spacing = max(window / DAMON_ENOUGH_SAMPLES, 1U);
	turns->wait = n % turns->spacing;
	turns->turn = min(n, window - 1) / turns->spacing;
	turns->shift = ctx->turn_shift;
	nr = min(ctx->last_nr_intervals, window) / turns->spacing;
	turns->span = damon_has_probes(ctx) ? 1 :
		clamp(nr / 2, 1U, DAMON_STEADY_SPAN);
	turns->last = false;
}

/* The turns of the interval that comes next, and begins at time @now. */
static inline void damon_turns_next(struct damon_turns *turns, struct damon_ctx *ctx,
				    u64 now)
{
	if (!ctx->nr_intervals)
		ctx->turn_shift = damon_rand(ctx, 0, UINT_MAX);
	damon_turns_begin(turns, ctx, ctx->nr_intervals++);
	turns->last = max(now, ctx->next_sample_ns) >= ctx->next_aggregation_ns;
}

/* How many turns a sample of a region stands for. */
static inline unsigned int damon_turns_span(const struct damon_turns *turns,
					    const struct damon_region *r)
{
	return turns->span == 1 ? 1 :
		min(damon_steady_span(turns->ctx, r, turns->window), turns->span);
}

/* Whether a region does not take the turn that it has.  To be asked of each that has one. */
static inline bool damon_turns_skip(struct damon_turns *turns,
				    const struct damon_region *r)
{
	unsigned int span = damon_turns_span(turns, r);
	unsigned int shift = turns->shift++;

	if (span == 1)
		return false;
	shift %= span;
	if (!r->nr_samples)
		return turns->turn < shift;
	return (turns->turn + span - shift) % span;
}

/*
 * Whether a region has a turn and takes it.  To be asked of each one in order: neighbours
 * take turns, so that each interval has its share of the work.  However short a window
 * is, none is to be without a sample at its end.
 */
static inline bool damon_turns_take(struct damon_turns *turns,
				    const struct damon_region *r)
{
	bool is_needed = turns->last && !r->nr_samples;

	if (turns->wait) {
		turns->wait--;
		return is_needed;
	}
	turns->wait = turns->spacing - 1;
	return !damon_turns_skip(turns, r) || is_needed;
}

/*
 * Counts a finished sample, and if the region is steady, as many for the turns that were
 * not taken before.
 */
static inline void damon_turns_count(const struct damon_turns *turns,
				     struct damon_target *t,
				     struct damon_region *r,
				     enum damon_answer answer)
{
	unsigned int left_out = turns->turn - min(turns->turn, r->nr_samples);

	damon_count_samples(t, r, answer, turns->window,
			    min(damon_turns_span(turns, r) - 1, left_out));
}

/* quota.c (pure) */

/* Whether there is any limit. */
static inline bool damos_quota_is_set(const struct damos_quota *quota)
{
	return quota->sz || quota->ms || !list_empty(&quota->goals);
}

bool damos_quota_is_full(const struct damos_quota *quota,
			 unsigned long min_region_sz);
unsigned long damos_quota_left(const struct damos_quota *quota);
unsigned long damos_quota_slice(const struct damos_quota *quota,
				unsigned long min_region_sz);
bool damos_quota_window_over(const struct damos_quota *quota, u64 now);
void damos_quota_lift(struct damos_quota *quota);
bool damos_quota_renew(struct damos_quota *quota, struct damos_stat *stat,
		       unsigned long min_region_sz, u64 now);
unsigned long damos_quota_charge_present(struct damos_quota *quota, unsigned long sz,
					 unsigned long present,
					 unsigned long applied, u64 ns);
void damos_quota_select(struct damos_quota *quota, const unsigned long *behind,
			const unsigned long *front, unsigned long min_region_sz);
void damos_quota_select_all(struct damos_quota *quota);
unsigned long damos_quota_share(const struct damos_quota *quota,
				unsigned int score, bool front, bool *limited);
void damos_quota_settle(struct damos_quota *quota, bool limited,
			unsigned long sz, unsigned long charge);
void damos_quota_commit(struct damos_quota *dst, const struct damos_quota *src);
void damos_quota_init(struct damos_quota *quota);
void damos_quota_forget_target(struct damos_quota *quota,
			       const struct damon_target *t);

/* Charges an action on @sz, all of which it could be carried out on. */
static inline unsigned long damos_quota_charge(struct damos_quota *quota,
					       unsigned long sz,
					       unsigned long applied, u64 ns)
{
	return damos_quota_charge_present(quota, sz, sz, applied, ns);
}

/* goal.c (pure) */

u64 damos_feedback(u64 last, u64 score);
u64 damos_goals_score(const struct damos_quota *quota);
unsigned long damos_goals_sz(const struct damos_quota *quota);
void damos_follow_goals(struct damos_quota *quota, unsigned long min_region_sz);

/* filters.c (pure) */

/* What a scheme's core filters say about a range. */
enum damos_verdict {
	DAMOS_REJECT,	/* not for this scheme */
	DAMOS_ADMIT,	/* for it, if the operations set's filters agree */
	DAMOS_ALLOW,	/* for it, without asking those */
};

enum damos_verdict damos_judge_range(const struct damos *s,
				     unsigned int target_idx,
				     unsigned long min_region_sz,
				     unsigned long start, unsigned long *end);

/*
 * What becomes of memory that no filter of a list speaks about: the opposite of
 * what the last one says about the memory that it does speak about.
 */
static inline bool damos_default_reject(const struct list_head *filters)
{
	return !list_empty(filters) &&
		list_last_entry(filters, struct damos_filter, list)->allow;
}

/* metrics.c */

void damos_measure_goals(struct damon_ctx *ctx, struct damos *s);
unsigned long damos_wmark_value(enum damos_wmark_metric metric);

/* schemes.c */

static inline bool damos_sz_age_match(const struct damos_access_pattern *p,
				      unsigned long sz, unsigned int age)
{
	return p->min_sz_region <= sz && sz <= p->max_sz_region &&
		p->min_age_region <= age && age <= p->max_age_region;
}

static inline bool damos_rate_matches(const struct damos_access_pattern *p,
				      unsigned int nr_accesses)
{
	return p->min_nr_accesses <= nr_accesses &&
		nr_accesses <= p->max_nr_accesses;
}

/*
 * The age of a region for schemes.  Physical memory without any answer in the window that
 * has just ended may be free by now, so it is not old.
 */
static inline unsigned int damos_age_of(const struct damon_region *r,
					const struct damon_ctx *ctx)
{
	bool gone = !damon_region_known(r) && ctx->nr_intervals &&
		damon_window_ended(ctx);

	return gone ? 0 : r->age;
}

/* Whether a region is what a scheme looks for. */
static inline bool
damos_pattern_matches(const struct damos_access_pattern *p,
		      struct damon_region *r, struct damon_ctx *ctx)
{
	return damos_sz_age_match(p, damon_sz_region(r), damos_age_of(r, ctx)) &&
		damos_rate_matches(p, damon_nr_accesses_mvsum(r, ctx));
}

void damos_apply_schemes(struct damon_ctx *ctx);
u64 damos_wmarks_wait_ns(struct damon_ctx *ctx);

static inline u64 damos_apply_interval_ns(const struct damon_ctx *ctx,
					  const struct damos *s)
{
	return damon_us_to_ns(s->apply_interval_us ?: ctx->attrs.aggr_interval);
}

/* request.c */

void damon_open_requests(struct damon_ctx *ctx);
void damon_close_requests(struct damon_ctx *ctx);
void damon_serve_calls(struct damon_ctx *ctx, bool all);
bool damon_begin_walk(struct damon_ctx *ctx);
void damon_show_walk(struct damon_ctx *ctx, struct damon_target *t,
		     struct damon_region *r, struct damos *s,
		     unsigned long sz_filter_passed);
void damon_end_walk(struct damon_ctx *ctx, bool canceled);

/* check.c */

int damon_check_ctx(const struct damon_ctx *ctx);
int damos_check_goals(const struct damos_quota *quota);

/* core.c */

bool damon_has_valid_target(struct damon_ctx *ctx);
void damon_destroy_targets(struct damon_ctx *ctx);
void damon_context_started(struct damon_ctx *ctx);
void damon_context_stopped(struct damon_ctx *ctx);

/* kdamond.c */

int damon_kdamond_fn(void *data);

#endif /* _MM_DAMON_INTERNAL_H */
