// SPDX-License-Identifier: GPL-2.0
/*
 * Schemes: one pass over the regions that carries out what is due.
 *
 * Knows the order of checks, and neither how an action works (operations sets)
 * nor how a limit comes about (quota.c).
 */
#include <linux/sched.h>
#include <trace/events/damon.h>

#include "clock.h"
#include "internal.h"

/* A pass under way. */
struct pass {
	struct damon_ctx *ctx;
	struct damon_target *t;
	unsigned int target_idx;
	/*
	 * The region as the pass came to it.  What is cut off its end is visited
	 * next, and is part of it still.
	 */
	unsigned long whole_sz;
	unsigned long whole_end;
	unsigned int nr_accesses;
	unsigned int nr_visited;
	bool watched;		/* there is a walk */
};

/* What a scheme's quota says about the region at hand. */
struct share {
	unsigned long sz;	/* at most that much of its front */
	bool limited;		/* it is from what is left for the lowest score */
	bool lowest;		/* it has that score */
};

/* turns */

enum turn {
	NO_TURN,
	LOOK,		/* make its memory old */
	ACT,		/* on what is still old */
};

/*
 * Samples tell what a region is like, and not that each of its pages is idle.  So memory
 * that is paged out since nothing uses it is made old at a quarter of the age that is asked
 * for, and until it has reached that what is used makes itself young again.
 */
static bool looks_first(const struct damos *s)
{
	return s->action == DAMOS_PAGEOUT && !s->pattern.max_nr_accesses &&
		s->pattern.min_age_region &&
		!damos_has_filter(s, DAMOS_FILTER_TYPE_YOUNG);
}

static unsigned int look_age(const struct damos *s)
{
	return s->pattern.min_age_region / 4;
}

/* A region, if there was any memory in it, was made old, however old it was. */
static void note_look(struct damon_region *r, const struct damos *s)
{
	if (s->sz_waiting)
		r->age = min(r->age, look_age(s));
	r->looked = true;
}

/* What a scheme does with a region of its rate, of a size and an age. */
static enum turn turn_of(const struct damos *s, const struct damon_region *r,
			 unsigned long sz, unsigned int age)
{
	const struct damos_access_pattern *p = &s->pattern;

	if (damos_sz_age_match(p, sz, age))
		return ACT;
	if (!s->looks || r->looked || age < look_age(s))
		return NO_TURN;
	return damos_sz_age_match(p, sz, max(age, p->min_age_region)) ? LOOK : NO_TURN;
}

/* limits */

/* Cuts the region at hand.  False without memory. */
static bool cut(struct pass *pass, struct damon_region *r, unsigned long offset)
{
	return damon_split_region_at(pass->t, r, offset);
}

static unsigned int score_of(struct damon_ctx *ctx, struct damon_region *r,
			     struct damos *s)
{
	if (!ctx->ops.get_scheme_score)
		return 0;
	return clamp(ctx->ops.get_scheme_score(ctx, r, s), 0, DAMOS_MAX_SCORE);
}

/*
 * Up to which address a target is in front of the place where the last window
 * ended.
 */
static unsigned long front_end(const struct damos_quota *quota,
			       unsigned int target_idx)
{
	if (target_idx == quota->place_idx)
		return quota->place_addr;
	return target_idx < quota->place_idx ? ULONG_MAX : 0;
}

/* True if the region at hand is in front of it.  If it is partly, it is cut. */
static bool in_front(struct pass *pass, struct damon_region *r,
		     const struct damos_quota *quota)
{
	unsigned long end = front_end(quota, pass->target_idx), offset;

	if (r->ar.start >= end || r->ar.end <= end)
		return r->ar.start < end;
	offset = round_down(end - r->ar.start, pass->ctx->min_region_sz);
	if (offset)
		cut(pass, r, offset);
	return offset;
}

/* How much of a region a scheme with a quota may look at. */
static unsigned long look_share(const struct damon_ctx *ctx, const struct damos *s)
{
	unsigned long min_sz = ctx->min_region_sz;

	if (damos_quota_time_is_up(&s->quota, min_sz) ||
	    damos_quota_is_full(&s->look_quota, min_sz))
		return 0;
	if (!damos_quota_is_set(&s->look_quota))
		return ULONG_MAX;
	return damos_quota_slice(&s->look_quota, min_sz);
}

static struct share share_of(struct pass *pass, struct damon_region *r,
			     struct damos *s)
{
	struct share share = { .sz = ULONG_MAX, .lowest = true };
	const struct damos_quota *quota = &s->quota;
	unsigned int score;

	if (!damos_quota_is_set(quota))
		return share;
	if (s->looking) {
		share.sz = look_share(pass->ctx, s);
		return share;
	}
	if (quota->selective) {
		score = score_of(pass->ctx, r, s);
		share.lowest = score == quota->min_score;
		share.sz = damos_quota_share(quota, score, share.lowest &&
					     in_front(pass, r, quota),
					     &share.limited);
	}
	share.sz = min(share.sz,
		       damos_quota_slice(quota, pass->ctx->min_region_sz));
	return share;
}

/*
 * True if the next window takes over behind a region that was just charged, because
 * the quota, or what is left of it for the lowest score, is used up there.  If that has
 * been in front, the place to take over has been found already; but if time is up before
 * the pass got through what is behind the old place, that has to come next.
 */
static bool ends_window(const struct damos *s, const struct share *share,
			unsigned long min_sz)
{
	const struct damos_quota *quota = &s->quota;
	bool used_up = quota->selective && quota->min_score_left < min_sz;

	if (!share->lowest)
		return false;
	if (quota->cut_short)
		return !share->limited;
	return share->limited ? s->served || used_up : s->served && !used_up;
}

/*
 * @sz of the region is what the action could be carried out on.  Of what was young there, or
 * had never been looked at before, no more is made old in a pass than the limit is.
 */
static void charge(struct pass *pass, struct damon_region *r, struct damos *s,
		   struct share *share, unsigned long sz, unsigned long applied,
		   u64 ns)
{
	unsigned long min_sz = pass->ctx->min_region_sz, whole = damon_sz_region(r);
	struct damos_quota *quota = &s->quota;

	damos_quota_settle(quota, share->limited, whole,
			   damos_quota_charge_present(quota, whole, sz, applied,
						      ns));
	s->served = damos_quota_is_full(quota, min_sz);
	quota->cut_short = s->served && quota->selective && quota->wraps &&
		damos_quota_left(quota) >= min_sz;
	if (ends_window(s, share, min_sz)) {
		quota->charge_target_from = pass->t;
		quota->charge_addr_from = r->ar.end;
	}
	s->sz_waiting_pass = damon_add_sz(s->sz_waiting_pass, s->sz_waiting);
	s->served |= s->sz_waiting_pass >= quota->esz;
}

/*
 * True if core filters let memory at @start through.  Lowers @end to where they
 * have to be asked again.  Addresses of a target come in ascending order, and
 * what filters say often holds for many regions.
 */
static bool admitted(struct damos *s, unsigned int target_idx,
		     unsigned long min_region_sz, unsigned long start,
		     unsigned long *end)
{
	if (start >= s->judged_until) {
		enum damos_verdict verdict;

		s->judged_until = ULONG_MAX;
		verdict = damos_judge_range(s, target_idx, min_region_sz, start,
					    &s->judged_until);
		s->core_filters_rejected = verdict == DAMOS_REJECT;
		s->core_filters_allowed = verdict == DAMOS_ALLOW;
	}
	*end = min(*end, s->judged_until);
	return !s->core_filters_rejected;
}

/* Adds up how much of an eligible region is admitted, by score. */
static void weigh_region(struct damon_ctx *ctx, struct damon_region *r,
			 struct damos *s, unsigned int target_idx)
{
	unsigned long (*sums)[DAMOS_MAX_SCORE + 1] = ctx->sz_by_score;
	unsigned long start, end, middle, split;
	unsigned int score = score_of(ctx, r, s);

	middle = front_end(&s->quota, target_idx);
	if (middle > r->ar.start && middle < r->ar.end)
		middle = r->ar.start + round_down(middle - r->ar.start,
						  ctx->min_region_sz);
	for (start = r->ar.start; start < r->ar.end; start = end) {
		end = r->ar.end;
		if (!admitted(s, target_idx, ctx->min_region_sz, start, &end))
			continue;
		split = clamp(middle, start, end);
		sums[0][score] = damon_add_sz(sums[0][score], end - split);
		sums[1][score] = damon_add_sz(sums[1][score], split - start);
	}
}

/* Notes where the last window ended, for the pass to come. */
static void find_place(struct damon_ctx *ctx, struct damos_quota *quota)
{
	struct damon_target *t;

	quota->place_idx = 0;
	quota->place_addr = quota->charge_addr_from;
	if (!quota->charge_target_from)
		return;
	damon_for_each_target(t, ctx) {
		if (t == quota->charge_target_from)
			return;
		quota->place_idx++;
	}
}

/*
 * If something is left for the lowest score at the end of memory, because failures
 * count less or something could not be cut, the next pass begins in front.
 */
static void forget_place(struct damon_ctx *ctx, struct damos *s)
{
	struct damos_quota *quota = &s->quota;

	if (s->due && !s->served && quota->min_score_left >= ctx->min_region_sz)
		damos_quota_forget_target(quota, quota->charge_target_from);
}

/* Works out which regions of all that are eligible are served. */
static void select_regions(struct damon_ctx *ctx, struct damos *s)
{
	struct damos_quota *quota = &s->quota;
	unsigned int target_idx = 0;
	struct damon_target *t;
	struct damon_region *r;

	find_place(ctx, quota);
	if (!ctx->ops.get_scheme_score && !quota->charge_target_from) {
		damos_quota_select_all(quota);
		return;
	}
	memset(ctx->sz_by_score, 0, sizeof(ctx->sz_by_score));
	damon_for_each_target(t, ctx) {
		s->judged_until = 0;
		if (!ctx->ops.target_valid || ctx->ops.target_valid(t))
			damon_for_each_region(r, t)
				if (damos_pattern_matches(&s->pattern, r, ctx))
					weigh_region(ctx, r, s, target_idx);
		target_idx++;
		cond_resched();
	}
	damos_quota_select(quota, ctx->sz_by_score[0], ctx->sz_by_score[1],
			   ctx->min_region_sz);
	if (!quota->selective)
		damos_quota_forget_target(quota, quota->charge_target_from);
}

/* doing it */

static void trace_before_apply(struct pass *pass, struct damon_region *r,
			       struct damos *s)
{
	if (trace_damos_before_apply_enabled())
		trace_damos_before_apply(0, s->index, pass->target_idx, r,
					 damon_nr_accesses_mvsum(r, pass->ctx),
					 pass->t->nr_regions, true);
}

/* Lets the operations set carry out the scheme, or only look.  Returns what was changed. */
static unsigned long carry_out(struct pass *pass, struct damon_region *r,
			       struct damos *s, unsigned long *passed)
{
	struct damon_ctx *ctx = pass->ctx;

	s->sz_absent = 0;
	s->sz_waiting = 0;
	if (!ctx->ops.apply_scheme)
		return 0;
	return ctx->ops.apply_scheme(ctx, pass->t, r, s, passed);
}

/* A look changes nothing that anybody has asked for, but its time has to come from somewhere. */
static void look(struct pass *pass, struct damon_region *r, struct damos *s)
{
	unsigned long passed = 0;
	u64 ns, begin = damos_clock_ns(s);

	carry_out(pass, r, s, &passed);
	ns = damos_time_since(s, begin);
	damos_quota_charge_present(&s->look_quota, damon_sz_region(r), s->sz_waiting,
				   s->sz_waiting, ns);
	s->quota.other_ns = damon_add(s->quota.other_ns, ns);
	note_look(r, s);
}

static void apply_scheme(struct pass *pass, struct damon_region *r,
			 struct damos *s, struct share *share)
{
	unsigned long sz = damon_sz_region(r), present, applied, passed = 0;
	struct damon_ctx *ctx = pass->ctx;
	u64 begin;

	trace_before_apply(pass, r, s);
	begin = damos_clock_ns(s);
	applied = carry_out(pass, r, s, &passed);
	present = sz - min(s->sz_absent, sz);
	if (damos_quota_is_set(&s->quota))
		charge(pass, r, s, share, present - min(s->sz_waiting, present),
		       applied, damos_time_since(s, begin));

	if (pass->watched && !s->walked)
		damon_show_walk(ctx, pass->t, r, s, passed);
	if (s->sz_waiting > applied) {
		/* what was only made old has its turn when it has been so for long enough */
		if (s->looks)
			note_look(r, s);
	} else if (s->action != DAMOS_STAT) {
		damon_begin_age(r);
	}
	s->stat.nr_tried++;
	s->stat.sz_tried += sz;
	s->stat.nr_applied += !!applied;
	s->stat.sz_applied += applied;
	s->stat.sz_ops_filter_passed += passed;
}

/*
 * Applies a scheme to an eligible region, or to the front of it: as far as quota
 * and filters agree.  What cannot be cut off must not be touched, either.
 */
static void try_scheme(struct pass *pass, struct damon_region *r,
		       struct damos *s)
{
	unsigned long min_sz = pass->ctx->min_region_sz, end, sz;
	struct share share = share_of(pass, r, s);

	if (share.sz < min_sz && share.sz < damon_sz_region(r))
		return;
	end = r->ar.end;
	if (!admitted(s, pass->target_idx, min_sz, r->ar.start, &end)) {
		if (end < r->ar.end)
			cut(pass, r, end - r->ar.start);
		return;
	}
	sz = end - r->ar.start;
	if (sz > share.sz)
		sz = round_down(share.sz, min_sz);
	if (sz < damon_sz_region(r) && !cut(pass, r, sz))
		return;
	if (s->looking)
		look(pass, r, s);
	else
		apply_scheme(pass, r, s, &share);
}

/* Returns whether any scheme could go on. */
static bool try_schemes(struct pass *pass, struct damon_region *r)
{
	bool any = false;
	struct damos *s;
	enum turn turn;

	damon_for_each_scheme(s, pass->ctx) {
		if (!s->due || (s->served && !s->looks))
			continue;
		any = true;
		if (r->ar.start < s->tried_until ||
		    !damos_rate_matches(&s->pattern, pass->nr_accesses))
			continue;
		turn = turn_of(s, r, pass->whole_sz, damos_age_of(r, pass->ctx));
		if (turn == NO_TURN || (turn == ACT && s->served))
			continue;
		s->looking = turn == LOOK;
		try_scheme(pass, r, s);
		/* cuts for schemes behind it leave it another part of that */
		s->tried_until = r->ar.end;
	}
	return any;
}

/* True if the parts of a region that was cut are still the same. */
static bool alike(struct damon_region *a, struct damon_region *b)
{
	return a->ar.end == b->ar.start && a->age == b->age &&
		a->nr_accesses == b->nr_accesses &&
		a->rate == b->rate && a->looked == b->looked &&
		!memcmp(a->probe_hits, b->probe_hits, sizeof(a->probe_hits));
}

static void begin_target(struct pass *pass)
{
	struct damos *s;

	pass->whole_end = 0;
	damon_for_each_scheme(s, pass->ctx) {
		s->tried_until = 0;
		s->judged_until = 0;
		s->last_applied = NULL;
	}
}

/* Returns false if the rest of memory is of no interest to any scheme. */
static bool pass_target(struct pass *pass)
{
	struct damon_region *r, *prev;

	begin_target(pass);
	damon_for_each_region(r, pass->t) {
		bool rest = r->ar.start < pass->whole_end, any;

		if (!rest) {
			pass->whole_sz = damon_sz_region(r);
			pass->whole_end = r->ar.end;
			pass->nr_accesses = damon_nr_accesses_mvsum(r, pass->ctx);
		}
		any = try_schemes(pass, r);
		/* a cut that made no difference would only cost samples */
		prev = damon_prev_region(r);
		if (rest && alike(prev, r)) {
			damon_merge_two_regions(pass->t, prev, r);
			r = prev;
		}
		if (!any)
			return false;
		if (!(++pass->nr_visited % 64))
			cond_resched();
	}
	return true;
}

/* the pass */

static bool has_passes_left(struct damos *s)
{
	return !s->max_nr_snapshots ||
		s->stat.nr_snapshots < s->max_nr_snapshots;
}

/*
 * Looks are no work of a scheme.  They have a limit of their own, of the same size and of
 * half of the time, or the action might never have any.  What goals make of that is no
 * limit: they allow no more than what is done, and without looks nothing is.
 */
static void prepare_looks(struct damon_ctx *ctx, struct damos *s)
{
	struct damos_quota *quota = &s->look_quota;
	struct damos_stat none = {};

	s->looks = looks_first(s);
	quota->sz = s->quota.sz;
	quota->ms = s->quota.ms - s->quota.ms / 2;
	quota->reset_interval = s->quota.reset_interval;
	damos_quota_renew(quota, &none, ctx->min_region_sz, ctx->now);
}

/* Begins a charge window if it is time for one, and plans what to do with it. */
static void prepare_quota(struct damon_ctx *ctx, struct damos *s)
{
	struct damos_quota *quota = &s->quota;

	if (damos_quota_window_over(quota, ctx->now))
		damos_measure_goals(ctx, s);
	if (damos_quota_renew(quota, &s->stat, ctx->min_region_sz, ctx->now))
		trace_damos_esz(0, s->index, quota->esz);
	s->served = damos_quota_is_full(quota, ctx->min_region_sz);
	s->sz_waiting_pass = 0;
	prepare_looks(ctx, s);
	if (damos_quota_is_set(quota) && !s->served)
		select_regions(ctx, s);
}

/*
 * Marks what takes part in this pass, and returns whether there is to be one.
 * Schemes that had all their passes keep their schedule, walks rely on it.
 */
static bool prepare_schemes(struct damon_ctx *ctx)
{
	unsigned int index = 0;
	bool any = false;
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		s->index = index++;
		s->due = ctx->now >= damos_next_apply_ns(ctx, s) &&
			s->wmarks.activated;
		any |= s->due;
		if (s->due && !has_passes_left(s))
			s->due = false;
		if (s->due)
			prepare_quota(ctx, s);
	}
	return any;
}

/* Returns whether a walk has now seen every scheme. */
static bool finish_schemes(struct pass *pass)
{
	struct damon_ctx *ctx = pass->ctx;
	bool all_walked = true;
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		if (ctx->now >= damos_next_apply_ns(ctx, s)) {
			damos_advance(ctx, s);
			if (pass->watched)
				s->walked = true;
			if (s->due)
				s->stat.nr_snapshots++;
			trace_damos_stat_after_apply_interval(0, s->index,
							      &s->stat);
		}
		all_walked &= s->walked;
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

	pass.watched = damon_begin_walk(ctx);
	damon_for_each_target(pass.t, ctx) {
		if (ctx->ops.target_valid && !ctx->ops.target_valid(pass.t)) {
			damon_for_each_scheme(s, ctx)
				damos_quota_forget_target(&s->quota, pass.t);
		} else if (!pass_target(&pass)) {
			break;
		}
		pass.target_idx++;
	}
	damon_for_each_scheme(s, ctx)
		forget_place(ctx, s);
	if (finish_schemes(&pass) && pass.watched)
		damon_end_walk(ctx, false);
}
