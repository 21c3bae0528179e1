// SPDX-License-Identifier: GPL-2.0
/*
 * Goals: whatever is measured, a limit moves no faster than it may, not without a reason,
 * and not out of its bounds.
 */
#include "fuzz.h"

#define BP		10000ULL
#define MAX_GOALS	3
#define GRAIN		4096UL
#define LEAST		(GRAIN * BP)

static u64 highest(const struct damos_quota *quota)
{
	return damon_mul_div(quota->sz ?: ULONG_MAX, BP, 1);
}

/* One window of the tuner that feels its way. */
static void check_consist(const struct damos_quota *quota, u64 last, bool fresh, u64 score,
			  unsigned long sz)
{
	u64 next = quota->esz_bp;

	MUST(next <= highest(quota));
	if (!fresh) {
		MUST(next == last);
		return;
	}
	/* at most twice as much, at least a quarter, unless a region does not fit any more */
	MUST(next <= damon_add(max(last, LEAST), max(last, LEAST)));
	MUST(next >= min(last / 4, highest(quota)) || last <= 4 * LEAST);
	/* what is not used up does not become more where more is wanted */
	if (score < BP && sz > quota->charged_sz && sz - quota->charged_sz >= GRAIN)
		MUST(next <= last);
}

static void check_temporal(const struct damos_quota *quota, u64 score)
{
	MUST(quota->esz_bp == (score >= BP ? 0 : highest(quota)));
}

/* The goal that is closest to being met, by a division that cannot overflow. */
static u64 score_of(const struct damos_quota *quota)
{
	const struct damos_quota_goal *goal;
	u64 score = 0;

	damos_for_each_quota_goal(goal, quota) {
		unsigned __int128 one = (unsigned __int128)goal->current_value * BP;

		one = goal->target_value ? one / goal->target_value : U64_MAX;
		score = max(score, one > U64_MAX ? U64_MAX : (u64)one);
	}
	return score;
}

static bool is_fresh(const struct damos_quota *quota, u64 score)
{
	const struct damos_quota_goal *goal;
	bool fresh = false;

	damos_for_each_quota_goal(goal, quota)
		if (damon_mul_div(goal->current_value, BP, goal->target_value) == score)
			fresh |= !goal->followed;
	return fresh;
}

static void follow(struct damos_quota *quota)
{
	bool consist = quota->goal_tuner == DAMOS_QUOTA_GOAL_TUNER_CONSIST;
	u64 score = damos_goals_score(quota), last = quota->start_over ? 0 : quota->esz_bp;
	bool fresh = is_fresh(quota, score);
	unsigned long sz;
	struct damos_quota_goal *goal;

	MUST(score == score_of(quota));
	/* a limit may have been set meanwhile, or the tuner be new to it */
	sz = last == U64_MAX ? ULONG_MAX : min_t(u64, last / BP, ULONG_MAX);
	damos_follow_goals(quota, GRAIN);
	if (consist && last <= highest(quota))
		check_consist(quota, last, fresh, score, sz);
	else if (!consist)
		check_temporal(quota, score);
	/* the rest is more than can be told apart */
	if (fresh && quota->sz && quota->esz_bp < U64_MAX)
		MUST(damos_goals_sz(quota) <= quota->sz);
	MUST(!quota->start_over);
	damos_for_each_quota_goal(goal, quota)
		MUST(goal->followed);
}

static void feed(struct damos_quota_goal *goal, unsigned long value)
{
	goal->current_value = value;
	goal->followed = false;
}

/* A total that grows, or seems to shrink, and is brought up to date or not. */
static void grow(struct damos_quota_goal *goal, struct input *in)
{
	struct damos_quota_goal was = *goal;
	u64 total = goal->last_psi_total + take_any(in, 64);
	u64 as_of = goal->last_psi_ns + take_any(in, 40), length = take_any(in, 40);

	damos_goal_grow(goal, total, as_of, length);
	if (as_of <= was.last_psi_ns) {
		MUST(!memcmp(goal, &was, sizeof(was)));
		return;
	}
	MUST(goal->last_psi_total == total && goal->last_psi_ns == as_of && !goal->mixed);
	if (was.mixed)
		MUST(goal->current_value == was.current_value && goal->followed == was.followed);
	else
		MUST(!goal->followed && (total > was.last_psi_total || !goal->current_value));
}

static void fuzz(struct input *in)
{
	struct damos_quota_goal goals[MAX_GOALS] = {};
	unsigned int nr = 1 + take_below(in, MAX_GOALS), i;
	struct damos_quota quota = {}, other = {};

	damos_quota_init(&quota);
	damos_quota_init(&other);
	for (i = 0; i < nr; i++) {
		goals[i].target_value = take_any(in, BITS_PER_LONG);
		damos_add_quota_goal(&quota, &goals[i]);
	}
	while (has_more(in)) {
		struct damos_quota_goal *goal = &goals[take_below(in, nr)];
		u64 share;

		switch (take_below(in, 8)) {
		case 0:
			feed(goal, take_any(in, BITS_PER_LONG));
			break;
		case 1:
		case 2:
			/* around the target, where it is about small changes */
			share = take_bytes(in, 2);
			feed(goal, min_t(u64, damon_mul_div(goal->target_value, share, 1 << 14),
					 ULONG_MAX));
			break;
		case 3:
			grow(goal, in);
			break;
		case 4:
			other.sz = take_any(in, BITS_PER_LONG);
			other.goal_tuner = take_below(in, 2);
			damos_quota_commit(&quota, &other);
			break;
		case 5:
			quota.charged_sz = take_any(in, BITS_PER_LONG);
			break;
		case 6:
			quota.charged_sz = damos_goals_sz(&quota);
			break;
		default:
			quota.esz = damos_goals_sz(&quota);
			quota.window_open = take_bool(in);
			damos_goals_take_over(&quota);
			MUST(quota.window_open || !quota.esz_bp);
			MUST(!quota.window_open || damos_goals_sz(&quota) == quota.esz);
		}
		follow(&quota);
	}
}
