// SPDX-License-Identifier: GPL-2.0
/*
 * Schemes: one pass over the regions that carries out what is due, and the
 * watermarks that switch schemes on and off.
 *
 * Knows the order of checks, and neither how an action works (operations sets)
 * nor how a limit comes about (quota.c).
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <trace/events/damon.h>

#include "internal.h"

/* A pass under way. */
struct pass {
	struct damon_ctx *ctx;
	struct damos_walk_control *walk;
	struct damon_target *t;
	unsigned int target_idx;
	bool cut;			/* the region at hand was cut in two */
};

/* limits */

/* Cuts the region at hand.  False without memory. */
static bool cut(struct pass *pass, struct damon_region *r, unsigned long offset)
{
	if (!damon_split_region_at(pass->t, r, offset))
		return false;
	pass->cut = true;
	return true;
}

/*
 * Whether a region had its turn in an earlier charge window, because the quota
 * ran out behind it.  A region that had it in part is cut.
 */
static bool had_its_turn(struct pass *pass, struct damon_region *r,
			 struct damos *s)
{
	struct damos_quota *quota = &s->quota;
	unsigned long from = quota->charge_addr_from, offset;

	if (!quota->charge_target_from)
		return false;
	if (pass->t != quota->charge_target_from || r->ar.end <= from)
		return true;
	/* this is where to take over; everything behind it is free */
	quota->charge_target_from = NULL;
	quota->charge_addr_from = 0;
	if (r->ar.start >= from)
		return false;
	offset = rounddown(from - r->ar.start, pass->ctx->min_region_sz);
	return offset && cut(pass, r, offset);
}

/* Cuts a region to what is left of the quota.  False if it cannot be. */
static bool fit_into_quota(struct pass *pass, struct damon_region *r,
			   struct damos *s)
{
	unsigned long left = damos_quota_left(&s->quota);

	if (!damos_quota_is_set(&s->quota) || damon_sz_region(r) <= left)
		return true;
	left = rounddown(left, pass->ctx->min_region_sz);
	return left && cut(pass, r, left);
}

/* doing it */

static unsigned int scheme_idx(struct damon_ctx *ctx, struct damos *s)
{
	struct damos *iter;
	unsigned int idx = 0;

	damon_for_each_scheme(iter, ctx) {
		if (iter == s)
			break;
		idx++;
	}
	return idx;
}

static void trace_before_apply(struct pass *pass, struct damon_region *r,
			       struct damos *s)
{
	if (trace_damos_before_apply_enabled())
		trace_damos_before_apply(0, scheme_idx(pass->ctx, s),
					 pass->target_idx, r,
					 damon_nr_accesses_mvsum(r, pass->ctx),
					 pass->t->nr_regions, true);
}

/* If the quota is used up behind a region, the next window starts there. */
static void note_where_to_resume(struct pass *pass, struct damon_region *r,
				 struct damos *s)
{
	struct damon_ctx *ctx = pass->ctx;

	if (!damos_quota_is_full(&s->quota, ctx->min_region_sz))
		return;
	/* behind the last one of all is the beginning */
	if (list_is_last(&r->list, &pass->t->regions_list) &&
	    list_is_last(&pass->t->list, &ctx->adaptive_targets))
		return;
	s->quota.charge_target_from = pass->t;
	s->quota.charge_addr_from = r->ar.end;
}

static void apply_scheme(struct pass *pass, struct damon_region *r,
			 struct damos *s)
{
	struct damon_ctx *ctx = pass->ctx;
	unsigned long sz, applied = 0, passed = 0;
	u64 begin;

	if (!fit_into_quota(pass, r, s))
		return;
	sz = damon_sz_region(r);
	trace_before_apply(pass, r, s);
	begin = ktime_get_ns();
	if (ctx->ops.apply_scheme)
		applied = ctx->ops.apply_scheme(ctx, pass->t, r, s, &passed);
	damos_quota_charge(&s->quota, sz, applied, ktime_get_ns() - begin);
	note_where_to_resume(pass, r, s);

	if (pass->walk && !s->walked)
		pass->walk->walk_fn(pass->walk->data, ctx, pass->t, r, s, passed);
	if (s->action != DAMOS_STAT)
		r->age = 0;
	s->stat.nr_tried++;
	s->stat.sz_tried += sz;
	s->stat.nr_applied += !!applied;
	s->stat.sz_applied += applied;
	s->stat.sz_ops_filter_passed += passed;
}

static void try_schemes(struct pass *pass, struct damon_region *r)
{
	struct damon_ctx *ctx = pass->ctx;
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		if (s->due &&
		    !damos_quota_is_full(&s->quota, ctx->min_region_sz) &&
		    !had_its_turn(pass, r, s) &&
		    damos_pattern_matches(&s->pattern, r, ctx))
			apply_scheme(pass, r, s);
	}
}

/* Whether the parts of a region that was cut are still the same. */
static bool alike(struct damon_region *a, struct damon_region *b)
{
	return a->ar.end == b->ar.start && a->age == b->age &&
		a->nr_accesses == b->nr_accesses &&
		a->last_nr_accesses == b->last_nr_accesses;
}

static void pass_target(struct pass *pass)
{
	struct damon_region *r, *prev;
	bool prev_cut = false;

	damon_for_each_region(r, pass->t) {
		pass->cut = false;
		try_schemes(pass, r);
		/* a cut that made no difference would only cost samples */
		if (prev_cut) {
			prev = damon_prev_region(r);
			if (alike(prev, r)) {
				damon_merge_two_regions(pass->t, prev, r);
				r = prev;
			}
		}
		prev_cut = pass->cut;
		cond_resched();
	}
}

/* the pass */

static bool has_passes_left(struct damos *s)
{
	return !s->max_nr_snapshots ||
		s->stat.nr_snapshots < s->max_nr_snapshots;
}

/*
 * Marks what takes part in this pass, and returns whether there is to be one.
 * Schemes that had all their passes keep their schedule, walks rely on it.
 */
static bool prepare_schemes(struct damon_ctx *ctx)
{
	unsigned int idx = 0;
	bool any = false;
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		s->due = ctx->now >= s->next_apply_ns && s->wmarks.activated;
		any |= s->due;
		if (s->due && !has_passes_left(s))
			s->due = false;
		if (s->due) {
			if (damos_quota_renew(&s->quota, &s->stat,
					      ctx->min_region_sz, ctx->now))
				trace_damos_esz(0, idx, s->quota.esz);
		}
		idx++;
	}
	return any;
}

/* The next deadline, without those that were missed. */
static void arm_scheme(struct damon_ctx *ctx, struct damos *s)
{
	u64 interval = damos_apply_interval_ns(ctx, s);

	s->next_apply_ns += interval;
	if (s->next_apply_ns <= ctx->now)
		s->next_apply_ns = ctx->now + interval;
}

/* Returns whether a walk has now seen every scheme. */
static bool finish_schemes(struct pass *pass)
{
	struct damon_ctx *ctx = pass->ctx;
	bool all_walked = true;
	unsigned int idx = 0;
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		if (ctx->now >= s->next_apply_ns) {
			arm_scheme(ctx, s);
			if (pass->walk)
				s->walked = true;
			s->last_applied = NULL;
			if (s->due)
				s->stat.nr_snapshots++;
			trace_damos_stat_after_apply_interval(0, idx, &s->stat);
		}
		all_walked &= s->walked;
		idx++;
	}
	return all_walked;
}

/* Carries out the schemes that are due at &damon_ctx.now. */
void damos_apply_schemes(struct damon_ctx *ctx)
{
	struct pass pass = { .ctx = ctx };
	struct damos *s;

	if (!prepare_schemes(ctx))
		return;

	pass.walk = damon_get_walk(ctx);
	damon_for_each_target(pass.t, ctx) {
		if (ctx->ops.target_valid && !ctx->ops.target_valid(pass.t)) {
			damon_for_each_scheme(s, ctx)
				damos_quota_forget_target(&s->quota, pass.t);
		} else {
			pass_target(&pass);
		}
		pass.target_idx++;
	}
	/* where to take over does not exist any more: start over next time */
	damon_for_each_scheme(s, ctx)
		if (s->due && !damos_quota_is_full(&s->quota, ctx->min_region_sz))
			damos_quota_forget_target(&s->quota,
						  s->quota.charge_target_from);
	if (finish_schemes(&pass) && pass.walk)
		damon_end_walk(ctx, false);
}

/* watermarks */

/* Switches a scheme.  Returns whether it is on. */
static bool watermarks_on(struct damos_watermarks *wmarks)
{
	unsigned long value;

	if (wmarks->metric == DAMOS_WMARK_NONE)
		return true;
	value = damos_wmark_value(wmarks->metric);
	if (value > wmarks->high || value < wmarks->low)
		wmarks->activated = false;
	else if (value < wmarks->mid)
		wmarks->activated = true;
	return wmarks->activated;
}

/*
 * Switches all schemes.  Returns 0 if monitoring is to go on, because there is a
 * scheme that is on or none at all; otherwise the time until the next look.
 */
u64 damos_wmarks_wait_ns(struct damon_ctx *ctx)
{
	u64 wait = U64_MAX;
	bool on = list_empty(&ctx->schemes);
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		if (watermarks_on(&s->wmarks))
			on = true;
		else
			wait = min(wait, damon_us_to_ns(s->wmarks.interval));
	}
	/* without an interval: not more often than once per tick */
	return on ? 0 : max_t(u64, wait, TICK_NSEC);
}
