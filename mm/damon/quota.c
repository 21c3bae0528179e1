// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas: how much a scheme may do per charge window, and how much it has done.
 *
 * A pure room.  It is told the time, and does not know what an action does.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/overflow.h>

#include "internal.h"

/* Until an action has been measured: 1024 pages per millisecond. */
#define DEFAULT_SZ_PER_MS	(1024UL * PAGE_SIZE)

/* As much may be handed over at once before a window has shown any speed. */
#define FIRST_SLICE_SZ		(8UL * PAGE_SIZE)

/* What may still be charged in this window. */
unsigned long damos_quota_left(const struct damos_quota *quota)
{
	return quota->esz > quota->charged_sz ?
		quota->esz - quota->charged_sz : 0;
}

/* Time limit of a window. */
static u64 limit_ns(const struct damos_quota *quota)
{
	return min_t(u64, quota->ms, S64_MAX / NSEC_PER_MSEC) * NSEC_PER_MSEC;
}

static u64 ns_left(const struct damos_quota *quota)
{
	u64 limit = limit_ns(quota), spent = damon_add(quota->window_ns, quota->other_ns);

	return limit > spent ? limit - spent : 0;
}

/*
 * Size that the action is expected to manage in a time: at the speed of this
 * window or that of those before, whichever is lower.
 */
static u64 expected_sz(const struct damos_quota *quota, u64 ns)
{
	u64 sz = U64_MAX;

	if (quota->work_ns)
		sz = damon_mul_div(quota->work_sz, ns, quota->work_ns);
	if (quota->window_ns)
		sz = min(sz, damon_mul_div(quota->window_sz, ns,
					   quota->window_ns));
	return sz;
}

/*
 * True if nothing more can be done in time.  A region always can, unless there
 * has been one already.
 */
bool damos_quota_time_is_up(const struct damos_quota *quota, unsigned long min_region_sz)
{
	u64 left = ns_left(quota);

	return quota->ms && quota->window_ns &&
		(left <= limit_ns(quota) / 64 ||
		 expected_sz(quota, left) < min_region_sz);
}

/* True if no region fits into what is left. */
bool damos_quota_is_full(const struct damos_quota *quota,
			 unsigned long min_region_sz)
{
	return damos_quota_is_set(quota) &&
		(damos_quota_left(quota) < min_region_sz ||
		 damos_quota_time_is_up(quota, min_region_sz));
}

/*
 * What the action may be carried out on at once.  Under a time limit it is a
 * sixteenth of what is expected to fit, and at most twice of what there was at
 * once in this window, so that there is time to find out that it is slower now.
 */
unsigned long damos_quota_slice(const struct damos_quota *quota,
				unsigned long min_region_sz)
{
	unsigned long left = damos_quota_left(quota);
	u64 sz;

	if (!quota->ms)
		return left;
	sz = min_t(u64, expected_sz(quota, ns_left(quota) / 16), quota->slice_sz);
	return min_t(u64, left, max_t(u64, sz, min_region_sz));
}

/* Size that the action is expected to manage in the time limit. */
static unsigned long sz_for_time(const struct damos_quota *quota,
				 unsigned long min_region_sz)
{
	u64 per_ms = DEFAULT_SZ_PER_MS, sz;

	if (quota->work_ns)
		per_ms = damon_mul_div(quota->work_sz, NSEC_PER_MSEC,
				       quota->work_ns);
	if (check_mul_overflow(per_ms, (u64)quota->ms, &sz))
		sz = U64_MAX;
	return clamp_t(u64, sz, min_region_sz, ULONG_MAX);
}

static unsigned long effective_sz(const struct damos_quota *quota,
				  unsigned long min_region_sz)
{
	unsigned long esz = quota->sz ?: ULONG_MAX;

	if (!list_empty(&quota->goals))
		esz = min(esz, damos_goals_sz(quota));
	if (quota->ms)
		esz = min(esz, sz_for_time(quota, min_region_sz));
	return esz;
}

/*
 * Recent windows count more: each one takes a quarter of the weight, or more if
 * it was a long one.  A single long one in the past does not count for longer.
 */
static void learn_throughput(struct damos_quota *quota)
{
	u64 kept = min(quota->work_ns - quota->work_ns / 4,
		       damon_mul_div(quota->window_ns, 3, 1));

	if (!quota->window_ns)
		return;
	if (quota->work_ns)
		quota->work_sz = damon_mul_div(quota->work_sz, kept,
					       quota->work_ns);
	quota->work_ns = kept;
	quota->work_sz = damon_add(quota->work_sz, quota->window_sz);
	quota->work_ns = damon_add(quota->work_ns, quota->window_ns);
}

/* True if a charge window begins at @now. */
bool damos_quota_window_over(const struct damos_quota *quota, u64 now)
{
	u64 length = min_t(u64, quota->reset_interval, S64_MAX / NSEC_PER_MSEC);

	return !quota->window_open ||
		now - quota->window_start_ns >= length * NSEC_PER_MSEC;
}

/*
 * What nothing limits any more has no limit to show, and no window in which that
 * could be used up.
 */
void damos_quota_lift(struct damos_quota *quota)
{
	quota->esz = 0;
	quota->window_open = false;
}

/*
 * To be called at @now, before regions are charged.  Begins a charge window if
 * it is time for one, and works out the effective limit.  Goals must have been
 * measured for a new window.  Returns whether the limit is new.
 */
bool damos_quota_renew(struct damos_quota *quota, struct damos_stat *stat,
		       unsigned long min_region_sz, u64 now)
{
	unsigned long old_esz = quota->esz;
	bool first = !quota->window_open;

	if (!damos_quota_is_set(quota)) {
		damos_quota_lift(quota);
		return false;
	}
	if (damos_quota_window_over(quota, now)) {
		if (!first && damos_quota_is_full(quota, min_region_sz))
			stat->qt_exceeds++;
		if (!list_empty(&quota->goals))
			damos_follow_goals(quota, min_region_sz);
		learn_throughput(quota);
		quota->window_open = true;
		quota->window_start_ns = now;
		quota->charged_sz = 0;
		quota->window_sz = 0;
		quota->window_ns = 0;
		quota->other_ns = 0;
		quota->slice_sz = FIRST_SLICE_SZ;
	}
	quota->esz = effective_sz(quota, min_region_sz);
	return first || quota->esz != old_esz;
}

/*
 * What counts of @sz if @applied was changed: less than that, or more where large folios
 * reach out of it.
 */
static unsigned long charge_of(const struct damos_quota *quota, unsigned long sz,
			       unsigned long applied)
{
	u64 failed;

	if (applied >= sz)
		return applied;
	if (!quota->fail_charge_denom)
		return sz;
	failed = damon_mul_div(sz - applied, quota->fail_charge_num,
			       quota->fail_charge_denom);
	return min_t(u64, failed, ULONG_MAX - applied) + applied;
}

/*
 * Charges an action on @sz that took @ns.  It could be carried out on no more than @present
 * of that, of which @applied was changed.  Returns what that counts as.
 */
unsigned long damos_quota_charge_present(struct damos_quota *quota, unsigned long sz,
					 unsigned long present,
					 unsigned long applied, u64 ns)
{
	unsigned long charge = charge_of(quota, present, applied);

	/* to find out what there is takes time as well */
	if (quota->ms) {
		quota->window_sz = damon_add(quota->window_sz, sz);
		quota->window_ns = damon_add(quota->window_ns, ns);
		quota->slice_sz = max(quota->slice_sz, damon_add_sz(sz, sz));
	}
	quota->charged_sz = damon_add_sz(quota->charged_sz, charge);
	return charge;
}

/* who is served first */

/* How much of what is left may not fit into the time that is left. */
static unsigned long uncertain_sz(const struct damos_quota *quota)
{
	unsigned long left = damos_quota_left(quota);
	u64 fits = U64_MAX;

	if (quota->ms)
		fits = expected_sz(quota, ns_left(quota) / 16 * 15);
	return left - min_t(u64, left, fits);
}

/*
 * Given the sizes of all eligible memory by score, works out which is served from
 * what is left: all with high scores, as long as it fits.  Of the score that does
 * not fit any more, what is behind the place where the last window ended comes
 * first, and the rest goes to what is in front of that, if a region fits in.
 *
 * A pass gets to what is in front first, though.  If time was up before it got
 * through what is behind, the next one does not begin in front again.
 */
void damos_quota_select(struct damos_quota *quota, const unsigned long *behind,
			const unsigned long *front, unsigned long min_region_sz)
{
	unsigned long left = damos_quota_left(quota), rest, sz;
	unsigned int score = DAMOS_MAX_SCORE;

	quota->selective = false;
	while ((sz = damon_add_sz(behind[score], front[score])) <= left) {
		left -= sz;
		if (!score--)
			return;
	}
	quota->selective = true;
	quota->min_score = score;
	rest = left - min(left, behind[score]);
	rest -= min(rest, uncertain_sz(quota));
	quota->wraps = rest >= min_region_sz &&
		!(quota->cut_short && behind[score]);
	quota->min_score_left = quota->wraps ? rest : left;
	quota->cut_short = false;
}

/* The same where all of it has the same score and is behind that place. */
void damos_quota_select_all(struct damos_quota *quota)
{
	quota->selective = true;
	quota->min_score = 0;
	quota->wraps = false;
	quota->min_score_left = damos_quota_left(quota);
}

/*
 * How much may be taken by memory of a score, that is in front of the place where
 * the last window ended or not.  @limited: from what is left for the lowest score.
 */
unsigned long damos_quota_share(const struct damos_quota *quota,
				unsigned int score, bool front, bool *limited)
{
	*limited = false;
	if (!quota->selective || score > quota->min_score)
		return ULONG_MAX;
	if (score < quota->min_score || (front && !quota->wraps))
		return 0;
	*limited = front == quota->wraps;
	return *limited ? quota->min_score_left : ULONG_MAX;
}

/*
 * After memory of @sz took its share and was charged.  What others did not need,
 * since failures counted less, is left for the lowest score, too.
 */
void damos_quota_settle(struct damos_quota *quota, bool limited,
			unsigned long sz, unsigned long charge)
{
	unsigned long *left = &quota->min_score_left;

	if (limited)
		*left -= min(*left, charge);
	else if (charge > sz)
		*left -= min(*left, charge - sz);
	else
		*left = damon_add_sz(*left, sz - charge);
}

/* A quota that nothing has been charged to. */
void damos_quota_init(struct damos_quota *quota)
{
	INIT_LIST_HEAD(&quota->goals);
	quota->esz = 0;
	quota->work_sz = 0;
	quota->work_ns = 0;
	quota->window_open = false;
	quota->window_start_ns = 0;
	quota->charged_sz = 0;
	quota->window_sz = 0;
	quota->window_ns = 0;
	quota->other_ns = 0;
	quota->charge_target_from = NULL;
	quota->charge_addr_from = 0;
	quota->place_idx = 0;
	quota->place_addr = 0;
	quota->cut_short = false;
	quota->slice_sz = FIRST_SLICE_SZ;
	quota->esz_bp = 0;
	quota->start_over = false;
	quota->esz_held = false;
	quota->goal_score = -1;
	quota->goal_step = 0;
	quota->goal_away = 0;
	damos_quota_select_all(quota);
}

/* Takes over the parameters of @src.  What was charged stays. */
void damos_quota_commit(struct damos_quota *dst, const struct damos_quota *src)
{
	dst->reset_interval = src->reset_interval;
	dst->ms = src->ms;
	dst->sz = src->sz;
	/*
	 * What one tuner has found out means nothing to the other one, but holds until it is
	 * time for that to find out something.
	 */
	dst->start_over |= dst->goal_tuner != src->goal_tuner;
	dst->goal_tuner = src->goal_tuner;
	dst->fail_charge_num = src->fail_charge_num;
	dst->fail_charge_denom = src->fail_charge_denom;
	dst->weight_sz = src->weight_sz;
	dst->weight_nr_accesses = src->weight_nr_accesses;
	dst->weight_age = src->weight_age;
}

/* The next pass must not look for a target that goes away. */
void damos_quota_forget_target(struct damos_quota *quota,
			       const struct damon_target *t)
{
	if (quota->charge_target_from != t)
		return;
	quota->charge_target_from = NULL;
	quota->charge_addr_from = 0;
}
