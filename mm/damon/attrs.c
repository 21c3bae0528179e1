// SPDX-License-Identifier: GPL-2.0
/*
 * Monitoring attributes: what is valid, how results and deadlines follow a
 * change, and the tuning of the intervals.
 *
 * A pure room.  It knows numbers only; who asks for a change and who wakes up at
 * a deadline is not its business.
 */
#include <linux/kernel.h>
#include <linux/limits.h>

#include "internal.h"
#include "looking.h"

#define BP	10000

/* Shares of observed accesses are in 10^-8. */
#define FULL_SHARE	((u64)BP * BP)

/* What monitoring may take of a CPU if its intervals tune themselves: one in so many. */
#define CPU_SHARE	100

static bool intervals_goal_valid(const struct damon_attrs *attrs)
{
	const struct damon_intervals_goal *goal = &attrs->intervals_goal;

	if (!goal->aggrs)
		return true;
	return goal->min_sample_us <= attrs->sample_interval &&
		attrs->sample_interval <= goal->max_sample_us;
}

/* Returns 0 for attributes that a context can run with, else -EINVAL. */
int damon_check_attrs(const struct damon_attrs *attrs)
{
	if (!intervals_goal_valid(attrs) ||
	    attrs->min_nr_regions < 3 ||
	    attrs->min_nr_regions > attrs->max_nr_regions ||
	    attrs->sample_interval > attrs->aggr_interval)
		return -EINVAL;
	return 0;
}

/* True if two sets of attributes are the same to whoever set them. */
bool damon_attrs_equal(const struct damon_attrs *a, const struct damon_attrs *b)
{
	const struct damon_intervals_goal *ga = &a->intervals_goal;
	const struct damon_intervals_goal *gb = &b->intervals_goal;

	return a->sample_interval == b->sample_interval &&
		a->aggr_interval == b->aggr_interval &&
		a->ops_update_interval == b->ops_update_interval &&
		a->min_nr_regions == b->min_nr_regions &&
		a->max_nr_regions == b->max_nr_regions &&
		ga->access_bp == gb->access_bp &&
		ga->aggrs == gb->aggrs &&
		ga->min_sample_us == gb->min_sample_us &&
		ga->max_sample_us == gb->max_sample_us;
}

/* @value times @num / @denom, saturating. */
static unsigned int rescale(unsigned int value, unsigned long num,
			    unsigned long denom)
{
	return min_t(u64, damon_mul_div(value, num, denom), UINT_MAX);
}

/* The same for numbers of which some do not become none. */
static unsigned int rescale_nr(unsigned int nr, unsigned int to, unsigned int from)
{
	return nr ? max(rescale(nr, to, from), 1U) : 0;
}

/*
 * To the nearest, halves down.  If it was always down, each change of the intervals would
 * make memory younger.
 */
static unsigned int rescale_age(unsigned int age, unsigned long num,
				unsigned long denom)
{
	if (mul_u64_u64_shr(age, num, 64) >= denom)
		return UINT_MAX;
	return min_t(u64, mul_u64_add_u64_div_u64(age, num, (denom - 1) / 2,
						  denom), UINT_MAX);
}

/* Hits keep their share of the samples, and some do not become none. */
static void rescale_hits(struct damon_region *r, unsigned int to,
			 unsigned int from)
{
	int i;

	for (i = 0; i < DAMON_MAX_PROBES; i++)
		if (r->probe_hits[i])
			r->probe_hits[i] = clamp(rescale(r->probe_hits[i], to, from),
						 1U, (unsigned int)U8_MAX);
}

static void rescale_region(struct damon_region *r,
			   const struct damon_attrs *old,
			   const struct damon_attrs *new)
{
	unsigned int from = damon_max_nr_accesses(old);
	unsigned int to = damon_max_nr_accesses(new);

	if (from != to) {
		r->nr_accesses = rescale_nr(r->nr_accesses, to, from);
		r->nr_samples = rescale_nr(r->nr_samples, to, from);
		r->nr_accesses_bp = !r->nr_accesses && !r->rate ? 0 :
			rescale(r->nr_accesses_bp, to, from);
		rescale_hits(r, to, from);
	}
	/* windows without a length have made nothing older */
	if (old->aggr_interval && new->aggr_interval)
		r->age = rescale_age(r->age, old->aggr_interval,
				     new->aggr_interval);
}

static void rescale_results(struct damon_ctx *ctx, const struct damon_attrs *old,
			    const struct damon_attrs *new)
{
	struct damon_target *t;
	struct damon_region *r;

	/* no region has more samples than the window has had intervals */
	ctx->nr_intervals = rescale_nr(ctx->nr_intervals, damon_max_nr_accesses(new),
				       damon_max_nr_accesses(old));
	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			rescale_region(r, old, new);
}

/*
 * A deadline keeps the share of its interval that is left.  Starting over from
 * now would never let it come if intervals change more often than they end.
 */
static void rescale_deadline(u64 *deadline, u64 now, u64 old, u64 new)
{
	if (old == new || *deadline <= now)
		return;
	*deadline = now + min(damon_mul_div(*deadline - now, new, old), new);
}

static void rescale_deadlines(struct damon_ctx *ctx,
			      const struct damon_attrs *old,
			      const struct damon_attrs *new)
{
	rescale_deadline(&ctx->next_sample_ns, ctx->now,
			 damon_us_to_ns(old->sample_interval),
			 damon_us_to_ns(new->sample_interval));
	rescale_deadline(&ctx->next_aggregation_ns, ctx->now,
			 damon_us_to_ns(old->aggr_interval),
			 damon_us_to_ns(new->aggr_interval));
	rescale_deadline(&ctx->next_ops_update_ns, ctx->now,
			 damon_us_to_ns(old->ops_update_interval),
			 damon_us_to_ns(new->ops_update_interval));
}

/* Puts checked attributes into force.  Results and deadlines follow. */
void damon_apply_attrs(struct damon_ctx *ctx, const struct damon_attrs *attrs)
{
	const struct damon_attrs old = ctx->attrs;

	ctx->attrs = *attrs;
	rescale_results(ctx, &old, attrs);
	rescale_deadlines(ctx, &old, attrs);
}

/**
 * damon_set_attrs() - Set the attributes of a context.
 * @ctx:	The context.
 * @attrs:	Its new attributes.  Without @attrs->aggr_samples it is filled in.
 *
 * Access rates and ages that were found so far are converted to the new
 * intervals, deadlines keep the share of their interval that is left.
 * Attributes that are in force already change nothing.  From now on they are what
 * tuning starts from, and what damon_commit_ctx() compares with.
 *
 * Context: Setup, or worker.
 * Return: 0, or -EINVAL with nothing changed.
 */
int damon_set_attrs(struct damon_ctx *ctx, struct damon_attrs *attrs)
{
	int err = damon_check_attrs(attrs);

	if (err)
		return err;
	if (!attrs->aggr_samples)
		attrs->aggr_samples = damon_max_nr_accesses(attrs);
	ctx->user_attrs = *attrs;
	damon_apply_attrs(ctx, attrs);
	return 0;
}

/* tuning */

static void forget_windows(struct damon_ctx *ctx)
{
	ctx->tune_windows = 0;
	ctx->tune_observed = 0;
	ctx->tune_cost_ns = 0;
}

/*
 * In which share of the intervals of a window a region was accessed.
 *
 * Mostly, when there are looks does not depend on what they show.  But an idle region is looked
 * at all the time until there is an access, and only by chance from then on.  So that access
 * stands for its own interval, and each later one for all that it was drawn from.
 */
static u64 observed_share(const struct damon_looks *looks, const struct damon_target *t,
			  const struct damon_region *r)
{
	unsigned int nr = min(r->nr_accesses, r->nr_samples), of = r->nr_samples;

	if (r->worth && !r->rate && of < looks->tick && !t->reach.silent && !t->nr_sleeps) {
		nr = 1 + min((u64)(nr - 1) * damon_look_span(looks, r), looks->tick - 1);
		of = looks->tick;
	}
	return div_u64(FULL_SHARE * nr, max(of, 1));
}

/**
 * damon_note_observed() - Note which share of the possible accesses a window has observed.
 * @ctx:	The context.
 *
 * By what samples have shown.  Final counts are whole numbers per window, which are too
 * coarse for the small rates that intervals are tuned to.
 *
 * Context: Worker.  At the end of a window, before its counts are final.
 */
void damon_note_observed(struct damon_ctx *ctx)
{
	struct damon_looks looks;
	struct damon_target *t;
	struct damon_region *r;
	u64 observed = 0, total = 0, rest = 0;

	if (!ctx->attrs.intervals_goal.aggrs || damon_attrs_only(ctx)) {
		forget_windows(ctx);
		return;
	}
	damon_looks_resume(&looks, ctx);
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			unsigned long sz = damon_sz_region(r);
			u64 share, part;

			total = damon_add(total, sz);
			if (!r->nr_accesses)
				continue;
			share = observed_share(&looks, t, r);
			/* what the division leaves goes to the next region */
			part = mul_u64_add_u64_div_u64(sz, share, rest, FULL_SHARE);
			rest += sz * share - part * FULL_SHARE;
			observed = damon_add(observed, part);
		}
	}
	if (total)
		ctx->tune_observed += damon_mul_div(min(observed, total), FULL_SHARE, total);
	ctx->tune_windows++;
}

/*
 * What to multiply the sampling interval with, for a share of observed accesses.
 *
 * A sample of twice the time sees at most twice as many accesses.  So the factor
 * that the share is off by does not lead beyond the goal.  If the same way has to
 * be gone again the share grows less than that, so go twice as far.
 */
static u64 tuning_factor(struct damon_ctx *ctx, u64 observed)
{
	u64 last = ctx->tune_factor ?: BP, factor;

	factor = damon_mul_div(ctx->attrs.intervals_goal.access_bp,
			       FULL_SHARE, max(observed, 1));
	factor = clamp(factor, BP / 4, 4 * BP);
	if (abs_diff(factor, (u64)BP) <= BP / 5)
		/* so close to the goal, much of what is left is chance */
		factor = (factor + BP) / 2;
	else if (factor < BP ? last < BP * 4 / 5 : last > BP * 6 / 5)
		factor = clamp(damon_mul_div(factor, factor, BP), BP / 4,
			       4 * BP);
	ctx->tune_factor = factor;
	return factor;
}

/*
 * The shortest interval for samples of a cost, which wins over the share of accesses: of
 * what takes long, little is seen at any rate.  The cost varies, so an interval that is
 * about as long stays.
 */
static u64 shortest_interval(unsigned long now, u64 cost_ns)
{
	u64 us = div_u64(damon_mul_div(cost_ns, CPU_SHARE, 1), NSEC_PER_USEC);

	return abs_diff(us, (u64)now) <= now / 5 ? now : us;
}

/* The sampling interval that is wanted, whatever its bounds are. */
static u64 next_sample_interval(struct damon_ctx *ctx, u64 observed, u64 cost_ns)
{
	unsigned long now = ctx->attrs.sample_interval;
	u64 factor = tuning_factor(ctx, observed);
	u64 next = damon_mul_div(max(now, 1UL), factor, BP);

	/* rounding down must not pin a short interval for ever */
	if (factor > BP && next == now)
		next++;
	return max3(next, shortest_interval(now, cost_ns), 1ULL);
}

/*
 * To be called once per window, behind damon_note_observed(), with what a sampling
 * interval of it took of a CPU's time.  Adjusts the intervals if it is time for it, by what
 * the windows since the last time have shown together.  Returns true if other intervals are
 * wanted, also if there are no others within their bounds.
 *
 * The sampling interval follows the share of accesses that a window catches,
 * since that grows with the interval; samples per window stay the same.
 */
bool damon_tune_intervals(struct damon_ctx *ctx, u64 cost_ns)
{
	const struct damon_intervals_goal *goal = &ctx->attrs.intervals_goal;
	struct damon_attrs tuned = ctx->attrs;
	u64 observed, next;

	if (!goal->aggrs) {
		ctx->tune_factor = 0;
		return false;
	}
	/* the goal is newer than the window */
	if (!ctx->tune_windows)
		return false;
	ctx->tune_cost_ns = damon_add(ctx->tune_cost_ns, cost_ns);
	if (ctx->tune_windows < goal->aggrs)
		return false;

	observed = div64_u64(ctx->tune_observed, ctx->tune_windows);
	cost_ns = div64_u64(ctx->tune_cost_ns, ctx->tune_windows);
	forget_windows(ctx);
	/* contexts whose attributes were set without damon_set_attrs() */
	if (!tuned.aggr_samples)
		tuned.aggr_samples = damon_max_nr_accesses(&tuned);
	next = next_sample_interval(ctx, observed, cost_ns);
	tuned.sample_interval = clamp_t(u64, next, goal->min_sample_us, goal->max_sample_us);
	/* there is no number for a longer window */
	tuned.sample_interval = min(tuned.sample_interval, ULONG_MAX / tuned.aggr_samples);
	tuned.aggr_interval = tuned.sample_interval * tuned.aggr_samples;
	if (next == ctx->attrs.sample_interval)
		return false;
	if (tuned.sample_interval != ctx->attrs.sample_interval)
		damon_apply_attrs(ctx, &tuned);
	return true;
}
