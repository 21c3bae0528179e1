// SPDX-License-Identifier: GPL-2.0
/*
 * Goals: a quota that follows what it brings about.
 *
 * A pure room.  It is told what was measured (metrics.c), and knows neither what
 * that means nor how a scheme uses up the quota.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include "internal.h"

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

/* Scores and limits are in 1/10000.  This one says that a goal is met. */
#define BP		10000
/* Higher scores are all the same. */
#define MAX_SCORE	(100 * BP)

/**
 * damos_feedback() - Next value of what a score follows.
 * @last:	Its last value.
 * @score:	The score that came of it, 10000 if that is as wanted.
 *
 * Changes the value by the share by which the score is off: at most to twice of
 * it, and at least to 10000.
 *
 * Context: Any.
 * Return: The next value.
 */
u64 damos_feedback(u64 last, u64 score)
{
	u64 change;

	if (score >= 2 * BP)
		return BP;
	if (score <= BP)
		return damon_add(last, damon_mul_div(last, BP - score, BP));
	change = damon_mul_div(last, score - BP, BP);
	return max_t(u64, last - change, BP);
}

static u64 goal_score(const struct damos_quota_goal *goal)
{
	return damon_mul_div(goal->current_value, BP, goal->target_value);
}

/**
 * damos_goals_score() - How far the goals of a quota are reached.
 * @quota:	The quota, which has goals.
 *
 * The goal that is closest to being met counts.  One of nothing always is.
 *
 * Context: Worker.
 * Return: The score, 10000 if a goal is just met.
 */
u64 damos_goals_score(const struct damos_quota *quota)
{
	const struct damos_quota_goal *goal;
	u64 score = 0;

	damos_for_each_quota_goal(goal, quota)
		score = max(score, goal_score(goal));
	return score;
}

/* True if the limit has followed all goals already that determine a score. */
static bool is_followed(const struct damos_quota *quota, u64 score)
{
	const struct damos_quota_goal *goal;

	damos_for_each_quota_goal(goal, quota)
		if (!goal->followed && goal_score(goal) == score)
			return false;
	return true;
}

/**
 * damos_goal_grow() - Work out a goal's value from a total that grows.
 * @goal:	The goal.
 * @total:	The total, in the goal's unit.
 * @as_of:	When it was that, in nanoseconds.
 * @length:	Length of a charge window, nanoseconds.
 *
 * Totals may be brought up to date less often than a window ends, and at other moments.
 * So the value is that of the time between two updates, for the length of a window.
 * Without an update there is none, or it would be nothing in one window and that of two
 * in the next; nor is there one while the limit has changed since the last update.
 *
 * Context: Worker.
 */
void damos_goal_grow(struct damos_quota_goal *goal, u64 total, u64 as_of, u64 length)
{
	if (as_of <= goal->last_psi_ns)
		return;
	if (!goal->mixed) {
		u64 grown = total - min(goal->last_psi_total, total);

		grown = damon_mul_div(grown, length, as_of - goal->last_psi_ns);
		goal->current_value = min_t(u64, grown, ULONG_MAX);
		goal->followed = false;
	}
	goal->last_psi_total = total;
	goal->last_psi_ns = as_of;
	goal->mixed = false;
}

/* The limit that goals have led to. */
unsigned long damos_goals_sz(const struct damos_quota *quota)
{
	if (quota->esz_bp == U64_MAX)
		return ULONG_MAX;
	return min_t(u64, div_u64(quota->esz_bp, BP), ULONG_MAX);
}

static void start_over(struct damos_quota *quota, u64 esz_bp)
{
	quota->esz_bp = esz_bp;
	quota->start_over = false;
	quota->goal_score = -1;
	quota->goal_away = 0;
}

/**
 * damos_goals_take_over() - Let goals tune a quota that had none.
 * @quota:	The quota.
 *
 * Until the charge window ends nothing is known that could change the limit, so they begin
 * with the one in effect.
 *
 * Context: Worker.
 */
void damos_goals_take_over(struct damos_quota *quota)
{
	start_over(quota, quota->window_open ? damon_mul_div(quota->esz, BP, 1) : 0);
}

/* The highest that goals may lead to. */
static u64 max_esz_bp(const struct damos_quota *quota)
{
	return damon_mul_div(quota->sz ?: ULONG_MAX, BP, 1);
}

/* Noise hardly ever moves away from a goal for more windows than that. */
#define AWAY_WINDOWS	3
/* How hard to push, at most, in 1/32 of the limit. */
#define MAX_PUSH	8

/*
 * For how many windows in a row the score has moved away from the goal: above it
 * and up, or below it and down, which is negative.
 */
static int windows_away(const struct damos_quota *quota, int score, int step)
{
	int away = quota->goal_away, way = score > BP ? 1 : -1;

	if (!step)
		return away;
	if (score == BP || step * way < 0)
		return 0;
	if (away * way < 0)
		return way;
	return clamp(away + way, -AWAY_WINDOWS - MAX_PUSH,
		     AWAY_WINDOWS + MAX_PUSH);
}

/* The score that pushes against what keeps moving away from the goal. */
static int pushed_score(const struct damos_quota *quota, int score)
{
	int push = max(abs(quota->goal_away) - AWAY_WINDOWS, 0) * (BP / 32);

	return score < BP ? min(score, BP - push) : max(score, BP + push);
}

/*
 * The score that the feedback is to see, instead of the one there is.  That one
 * alone would do if it showed at once all that a limit leads to.  But it may lag
 * behind, or add up as free memory does, and then it overshoots and swings.
 *
 * So look at how it moves.  If it is on its way to the goal, leave the limit as
 * it is, unless that would take more than 16 windows.  If it keeps coming at a
 * limit that has not changed, and would be past the goal in less than four
 * windows, back off.  Do not be fast about less when less does help already:
 * it may be nothing before that shows.  And whatever happens, a quarter stays,
 * so that a single bad value does not wipe out what took long to find.
 *
 * If it moves away from the goal window by window, more is off than the score
 * says: free memory of a node changes by a few percent while the share of a small
 * cgroup doubles.  So push against that, more with every window.
 */
static int damped_score(const struct damos_quota *quota, int score, int step)
{
	int off = abs(BP - score), speed = abs(step), before = abs(quota->goal_step);
	bool below = score < BP, rises = step > 0, rose = quota->goal_step > 0;

	score = min(score, BP * 7 / 4);
	if (!off || !step)
		return score;
	if (below != rises)
		return pushed_score(quota, score);
	if (quota->esz_held && speed * 4 > off && speed >= before / 4 * 3 &&
	    before && rises == rose) {
		int back = min(4 * min(speed, before), BP / 2);

		return below ? BP + back : BP - back;
	}
	if (speed * 16 >= off)
		return BP;
	return below ? score : min(score, BP + BP / 16);
}

/* True if the limit was what kept the scheme from doing more. */
static bool used_up(const struct damos_quota *quota, unsigned long min_region_sz)
{
	unsigned long sz = damos_goals_sz(quota);

	return sz <= quota->charged_sz ||
		sz - quota->charged_sz < min_region_sz;
}

/*
 * Feels its way towards a limit that keeps the goals met.  What it has done about a value
 * is not done again for the same one: that says nothing about what came of it.
 */
static void follow_consistently(struct damos_quota *quota,
				unsigned long min_region_sz)
{
	int score = min_t(u64, damos_goals_score(quota), MAX_SCORE), damped;
	int step = quota->goal_score < 0 ? 0 : score - quota->goal_score;
	u64 last = quota->esz_bp, next = last;
	struct damos_quota_goal *goal;
	u64 least = damon_mul_div(min_region_sz, BP, 1);

	if (is_followed(quota, damos_goals_score(quota)))
		return;
	quota->goal_away = windows_away(quota, score, step);
	damped = damped_score(quota, score, step);
	/* if there is nothing to do, a higher limit does not help */
	if (damped < BP && used_up(quota, min_region_sz))
		next = damos_feedback(max(last, least), damped);
	else if (damped > BP)
		next = last > least ? damos_feedback(last, damped) : 0;
	next = min(next, max_esz_bp(quota));

	if (next != last)
		damos_for_each_quota_goal(goal, quota)
			goal->mixed = true;
	quota->esz_held = max(last, next) - min(last, next) <= next / 1024;
	quota->goal_score = score;
	quota->goal_step = step;
	quota->esz_bp = next;
}

/**
 * damos_follow_goals() - Adapt a quota to what its goals have come to.
 * @quota:		The quota, which has goals with current values.
 * @min_region_sz:	Smallest region size of the context.
 *
 * To be called between two charge windows, before the charges are cleared.
 *
 * Context: Worker.
 */
void damos_follow_goals(struct damos_quota *quota, unsigned long min_region_sz)
{
	struct damos_quota_goal *goal;

	if (quota->start_over)
		start_over(quota, 0);
	if (quota->goal_tuner == DAMOS_QUOTA_GOAL_TUNER_CONSIST)
		follow_consistently(quota, min_region_sz);
	else if (damos_goals_score(quota) >= BP)
		quota->esz_bp = 0;
	else
		quota->esz_bp = max_esz_bp(quota);
	damos_for_each_quota_goal(goal, quota)
		goal->followed = true;
}
