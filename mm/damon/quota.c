// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas: how much a scheme may do per charge window, and how much it has done.
 *
 * A pure room.  It is told the time, and does not know what an action does.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "internal.h"

/* goals */

/**
 * damos_new_quota_goal() - Make a goal.
 * @metric:		What to measure.
 * @target_value:	Value to reach, in the metric's unit.  Not zero.
 *
 * Node and cgroup are zero and up to the caller.
 *
 * Context: Anywhere.
 * Return: The goal, or NULL without memory.
 */
struct damos_quota_goal *
damos_new_quota_goal(enum damos_quota_goal_metric metric,
		     unsigned long target_value)
{
	struct damos_quota_goal *goal = kzalloc_obj(*goal);

	if (!goal)
		return NULL;
	goal->metric = metric;
	goal->target_value = target_value;
	goal->last_psi_total = U64_MAX;
	INIT_LIST_HEAD(&goal->list);
	return goal;
}

/**
 * damos_add_quota_goal() - Append a goal to those of a quota.
 * @q:	The quota, whose scheme owns the goal from now on.
 * @g:	The goal.
 *
 * Context: Setup, or worker.
 */
void damos_add_quota_goal(struct damos_quota *q, struct damos_quota_goal *g)
{
	list_add_tail(&g->list, &q->goals);
}

/**
 * damos_destroy_quota_goal() - Unlink and free a goal.
 * @goal:	The goal, which may be in no list.
 *
 * Context: Setup, or worker.
 */
void damos_destroy_quota_goal(struct damos_quota_goal *goal)
{
	list_del(&goal->list);
	kfree(goal);
}

/* Until an action has been measured: 1024 pages per millisecond. */
#define DEFAULT_SZ_PER_MS	(1024UL * PAGE_SIZE)

/* Whether there is any limit. */
bool damos_quota_is_set(const struct damos_quota *quota)
{
	return quota->sz || quota->ms;
}

/* What may still be charged in this window. */
unsigned long damos_quota_left(const struct damos_quota *quota)
{
	return quota->esz > quota->charged_sz ?
		quota->esz - quota->charged_sz : 0;
}

/* Whether no region fits into what is left. */
bool damos_quota_is_full(const struct damos_quota *quota,
			 unsigned long min_region_sz)
{
	return damos_quota_is_set(quota) &&
		damos_quota_left(quota) < min_region_sz;
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

static bool window_over(const struct damos_quota *quota, u64 now)
{
	u64 length = min_t(u64, quota->reset_interval, S64_MAX / NSEC_PER_MSEC);

	return !quota->window_open ||
		now - quota->window_start_ns >= length * NSEC_PER_MSEC;
}

/*
 * To be called at @now, before regions are charged.  Begins a charge window if
 * it is time for one, and works out the effective limit.  Returns whether that
 * one is new.
 */
bool damos_quota_renew(struct damos_quota *quota, struct damos_stat *stat,
		       unsigned long min_region_sz, u64 now)
{
	unsigned long old_esz = quota->esz;
	bool first = !quota->window_open;

	if (!damos_quota_is_set(quota)) {
		quota->esz = 0;
		return false;
	}
	if (window_over(quota, now)) {
		if (!first && damos_quota_is_full(quota, min_region_sz))
			stat->qt_exceeds++;
		learn_throughput(quota);
		quota->window_open = true;
		quota->window_start_ns = now;
		quota->charged_sz = 0;
		quota->window_sz = 0;
		quota->window_ns = 0;
	}
	quota->esz = effective_sz(quota, min_region_sz);
	return first || quota->esz != old_esz;
}

/* What counts of @sz if only @applied of it was changed. */
static unsigned long charge_of(const struct damos_quota *quota, unsigned long sz,
			       unsigned long applied)
{
	u64 failed;

	if (!quota->fail_charge_denom || applied > sz)
		return sz;
	failed = damon_mul_div(sz - applied, quota->fail_charge_num,
			       quota->fail_charge_denom);
	return min_t(u64, failed, ULONG_MAX - applied) + applied;
}

/* Charges an action on @sz, of which @applied was changed, that took @ns. */
void damos_quota_charge(struct damos_quota *quota, unsigned long sz,
			unsigned long applied, u64 ns)
{
	quota->window_sz = damon_add(quota->window_sz, sz);
	quota->window_ns = damon_add(quota->window_ns, ns);
	if (check_add_overflow(quota->charged_sz, charge_of(quota, sz, applied),
			       &quota->charged_sz))
		quota->charged_sz = ULONG_MAX;
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
	quota->charge_target_from = NULL;
	quota->charge_addr_from = 0;
	quota->min_score = 0;
	quota->min_score_left = 0;
	quota->esz_bp = 0;
}

/* Takes over the parameters of @src.  What was charged stays. */
void damos_quota_commit(struct damos_quota *dst, const struct damos_quota *src)
{
	dst->reset_interval = src->reset_interval;
	dst->ms = src->ms;
	dst->sz = src->sz;
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
