// SPDX-License-Identifier: GPL-2.0
/*
 * Goals: how a quota follows them, on simulated systems that answer to what is
 * done at once, late, or by adding it up.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#define GRAIN	4096UL
#define TARGET	1000000UL
#define WINDOW	(1000ULL * NSEC_PER_MSEC)

/* A quota with one goal, in a system that it has an effect on. */
struct plant {
	struct damos_quota quota;
	struct damos_quota_goal goal;
	struct damos_stat stat;
	u64 now;
	double noise;		/* of the measurement, share of the target */
	struct rng *rng;

	double need;		/* size per window that keeps the goal met */
	double lag;		/* share of an old effect that is still there */
	bool adds_up;		/* effects stay ... */
	double drain;		/* ... and that share of the target goes away */
	double value;		/* share of the target that is reached */
	bool idle;		/* there is nothing to do */

	/* the goal is a total that grows and is brought up to date once in so long */
	u64 period;
	u64 as_of;		/* when it was last, ... */
	double total, grown;	/* ... what it was then, and is really */
};

static void init_plant(struct plant *p, enum damos_quota_goal_tuner tuner)
{
	memset(p, 0, sizeof(*p));
	damos_quota_init(&p->quota);
	p->quota.reset_interval = 1000;
	p->quota.goal_tuner = tuner;
	p->goal.metric = DAMOS_QUOTA_USER_INPUT;
	p->goal.target_value = TARGET;
	damos_add_quota_goal(&p->quota, &p->goal);
}

static void feed(struct plant *p, double value)
{
	p->goal.current_value = value;
	p->goal.followed = false;
}

/* A window in which as much was done as the value says, all the time. */
static void grow(struct plant *p)
{
	u64 begin = p->now - WINDOW;

	while (p->as_of + p->period <= p->now) {
		p->as_of += p->period;
		p->total = p->grown + p->value * TARGET * (p->as_of - begin) / WINDOW;
	}
	p->grown += p->value * TARGET;
}

/* One window: measure, and use up the quota. */
static void run_window(struct plant *p)
{
	double seen = p->value, done;
	unsigned long sz;

	if (p->noise)
		seen *= 1 + p->noise * (2 * rnd_share(p->rng) - 1);
	if (p->period)
		damos_goal_grow(&p->goal, p->total, p->as_of, WINDOW);
	else
		feed(p, seen * TARGET);
	damos_quota_renew(&p->quota, &p->stat, GRAIN, p->now);
	sz = damos_quota_left(&p->quota) / GRAIN * GRAIN;
	if (p->idle)
		sz = 0;
	damos_quota_charge(&p->quota, sz, sz, 1);
	p->now += WINDOW;

	done = sz / p->need;
	if (p->adds_up)
		p->value = max(p->value + p->drain * (done - 1), 0.0);
	else
		p->value = p->value * p->lag + done * (1 - p->lag);
	if (p->period)
		grow(p);
}

static double off(struct plant *p)
{
	return p->value > 1 ? p->value - 1 : 1 - p->value;
}

/*
 * Runs @nr windows.  Returns how many it took until the value stayed within @tol
 * of the target; @top is the highest value that there was.
 */
static int settle(struct plant *p, int nr, double tol, double *top)
{
	int i, settled = 0;

	*top = 0;
	for (i = 0; i < nr; i++) {
		run_window(p);
		*top = max(*top, p->value);
		if (off(p) > tol)
			settled = i + 1;
	}
	return settled;
}

TEST(feedback_vectors)
{
	static const struct {
		u64 last, score, next;
	} v[] = {
		{ 10000, 0, 20000 }, { 10000, 9000, 11000 },
		{ 40960000, 5000, 61440000 }, { 40960000, 10100, 40550400 },
		{ 40960000, 15000, 20480000 }, { 40960000, 19999, 10000 },
		{ 15000, 12000, 12000 }, { 4711, 10000, 4711 },
		{ 40960000, 20000, 10000 }, { U64_MAX, U64_MAX, 10000 },
		{ U64_MAX, 0, U64_MAX }, { U64_MAX, 9999, U64_MAX },
		{ U64_MAX, 10000, U64_MAX },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++)
		EXPECT_EQ(v[i].next, damos_feedback(v[i].last, v[i].score)) {
			TH_LOG("vector %d", i);
		}
}

/* The further from the goal, the more; and the more there was, the more there is. */
TEST(feedback_is_monotonic)
{
	struct rng rng;

	for_each_case(rng, 100000) {
		u64 a = rnd_any(&rng, 64), b = rnd_any(&rng, 64);
		u64 s = rnd_any(&rng, 16), t = rnd_any(&rng, 16);

		a = max(a, 10000ULL);
		b = max(b, 10000ULL);
		HOLDS(damos_feedback(a, min(s, t)) >= damos_feedback(a, max(s, t)));
		HOLDS(damos_feedback(min(a, b), s) <= damos_feedback(max(a, b), s));
		HOLDS(damos_feedback(a, s) >= 10000);
		if (s <= 10000)
			HOLDS(damos_feedback(a, s) >= a);
		else
			HOLDS(damos_feedback(a, s) <= a);
	}
}

TEST(new_goals)
{
	struct damos_quota_goal *goal = damos_new_quota_goal(DAMOS_QUOTA_SOME_MEM_PSI_US, 4711);

	ASSERT_FALSE(!goal);
	ASSERT_EQ(DAMOS_QUOTA_SOME_MEM_PSI_US, goal->metric);
	ASSERT_EQ(4711, goal->target_value);
	ASSERT_EQ(0, goal->current_value);
	ASSERT_EQ(0, goal->nid);
	ASSERT_EQ(0, goal->memcg_id);
	/* what a total has come to before says nothing */
	damos_goal_grow(goal, 1000000, WINDOW, WINDOW);
	ASSERT_EQ(0, goal->current_value);
	damos_goal_grow(goal, 1000500, 2 * WINDOW, WINDOW);
	ASSERT_EQ(500, goal->current_value);
	/* it may be destroyed without being in a list */
	damos_destroy_quota_goal(goal);
	ASSERT_EQ(0, shim_live_objects());
	shim_fail_after(0);
	ASSERT_TRUE(!damos_new_quota_goal(DAMOS_QUOTA_USER_INPUT, 1));
	shim_fail_after(ULONG_MAX);
}

TEST(best_goal_counts)
{
	struct damos_quota_goal goals[3] = {
		{ .target_value = 200, .current_value = 50 },
		{ .target_value = 1000, .current_value = 900 },
		{ .target_value = ULONG_MAX, .current_value = 12345 },
	};
	struct damos_quota quota = {};
	int i;

	damos_quota_init(&quota);
	EXPECT_EQ(0, damos_goals_score(&quota));
	for (i = 0; i < ARRAY_SIZE(goals); i++)
		damos_add_quota_goal(&quota, &goals[i]);
	EXPECT_EQ(9000, damos_goals_score(&quota));
	goals[2].current_value = ULONG_MAX;
	EXPECT_EQ(10000, damos_goals_score(&quota));
	/* a goal of zero is reached, whatever the value */
	goals[0].target_value = 0;
	EXPECT_LT(10000, damos_goals_score(&quota));
	goals[0].current_value = 0;
	EXPECT_LT(10000, damos_goals_score(&quota));
}

/* Systems that answer at once: no window is above the target by a page. */
TEST(consist_answers_at_once)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		struct plant p;
		double top;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 5, 19)) *
			(1 + rnd_share(&rng));
		HOLDS(settle(&p, 60, .05, &top) <= 35);
		HOLDS(top < 1.001 + GRAIN / p.need);
	}
}

TEST(consist_answers_late)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		struct plant p;
		double top;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 5, 19)) *
			(1 + rnd_share(&rng));
		p.lag = rnd_share(&rng) * .95;
		HOLDS(settle(&p, 120, .05, &top) <= 70);
		HOLDS(top < 1.05);
	}
}

/*
 * Totals that are brought up to date less often than windows end, or not at the same
 * moments, as those of pressure stall information are: about every two seconds.
 */
TEST(consist_withstands_late_totals)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		struct plant p;
		double top;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 5, 19)) *
			(1 + rnd_share(&rng));
		p.period = rnd_true(&rng, .3) ? 2 * WINDOW :
			WINDOW / 2 + rnd(&rng) % (2 * WINDOW);
		p.now = 3 * WINDOW;
		p.as_of = p.now - rnd(&rng) % p.period;
		p.lag = rnd_true(&rng, .5) ? rnd_share(&rng) * .5 : 0;
		p.goal.last_psi_total = 0;
		p.goal.last_psi_ns = p.as_of;
		HOLDS(settle(&p, 300, .05, &top) <= 120);
		HOLDS(top < 1.05);
	}
}

/* Free memory that something else allocates, from 1 to 25 % of it per window. */
TEST(consist_adds_up)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		struct plant p;
		double top;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 5, 19)) *
			(1 + rnd_share(&rng));
		p.adds_up = true;
		p.drain = .01 + rnd_share(&rng) * .24;
		p.value = rnd_share(&rng);
		HOLDS(settle(&p, 300, .1, &top) <= 150);
		HOLDS(top < 1.3);
	}
}

/*
 * The same where what is done hardly shows: the free memory of a node, as seen by
 * a cgroup with a small share of it.
 */
TEST(consist_adds_up_to_little)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		struct plant p;
		double top;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 5, 9)) *
			(1 + rnd_share(&rng));
		p.quota.sz = p.need * (4 + rnd_share(&rng) * 16);
		p.adds_up = true;
		p.drain = .0005 + rnd_share(&rng) * .0015;
		p.value = .8 + rnd_share(&rng) * .2;
		settle(&p, 400, .1, &top);
		HOLDS(top - 1 < 16 * p.drain * p.quota.sz / p.need);
	}
}

/* Measurements that are off by up to 1 % make no more than that of it. */
TEST(consist_withstands_noise)
{
	struct rng rng;

	for_each_case(rng, 1000) {
		struct plant p;
		double top;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 5, 19)) *
			(1 + rnd_share(&rng));
		p.lag = rnd_share(&rng) * .9;
		p.noise = .01;
		p.rng = &rng;
		HOLDS(settle(&p, 200, .1, &top) <= 100);
		HOLDS(top < 1.1);
	}
}

/* The target changes by a factor of up to four, both ways. */
TEST(consist_follows_steps)
{
	struct rng rng;

	for_each_case(rng, 1000) {
		struct plant p;
		double top, factor = 1 + rnd_share(&rng) * 3;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 7, 19));
		p.lag = rnd_share(&rng) * .8;
		settle(&p, 100, .05, &top);
		if (rnd_true(&rng, .5))
			factor = 1 / factor;
		p.need *= factor;
		p.value /= factor;
		HOLDS(settle(&p, 120, .05, &top) <= 60);
	}
}

/* A value that a user has given once is no answer to what came of it. */
TEST(consist_uses_a_value_once)
{
	struct rng rng;

	for_each_case(rng, 200) {
		unsigned long score = rnd_in(&rng, 0, 30000);
		struct damos_quota first;
		struct plant p;
		double top;
		int i;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 7, 19));
		settle(&p, 100, .05, &top);
		feed(&p, score * (TARGET / 10000.0));
		damos_quota_renew(&p.quota, &p.stat, GRAIN, p.now);
		first = p.quota;
		for (i = 0; i < 20; i++) {
			damos_quota_charge(&p.quota, p.quota.esz, p.quota.esz, 1);
			p.now += WINDOW;
			damos_quota_renew(&p.quota, &p.stat, GRAIN, p.now);
			HOLDS(p.quota.esz == first.esz);
		}
		/* unless it is given again */
		if (score < 9000) {
			feed(&p, score * (TARGET / 10000.0));
			damos_quota_charge(&p.quota, p.quota.esz, p.quota.esz, 1);
			damos_quota_renew(&p.quota, &p.stat, GRAIN, p.now + WINDOW);
			HOLDS(p.quota.esz > first.esz);
		}
	}
}

/* With nothing to do the limit stays, and is there when there is. */
TEST(consist_recovers_from_idleness)
{
	struct rng rng;

	for_each_case(rng, 200) {
		struct plant p;
		unsigned long esz;
		double top;
		int i;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.need = GRAIN * (double)(1ULL << rnd_in(&rng, 7, 19));
		settle(&p, 100, .05, &top);
		esz = p.quota.esz;
		p.idle = true;
		for (i = 0; i < 1000; i++) {
			run_window(&p);
			HOLDS(p.quota.esz <= esz + esz / 10);
		}
		p.idle = false;
		p.value = rnd_share(&rng);
		HOLDS(settle(&p, 50, .1, &top) < 5);
		HOLDS(top < 1.1);
	}
}

/* The first window can do something, and one that has done too much nothing. */
TEST(consist_starts_and_stops)
{
	struct plant p;
	int i;

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	p.need = 1000.0 * GRAIN;
	run_window(&p);
	EXPECT_GE(p.quota.esz, GRAIN);
	EXPECT_LE(p.quota.esz, 2 * GRAIN);

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	p.need = 1000.0 * GRAIN;
	p.value = 1.5;
	run_window(&p);
	EXPECT_LT(p.quota.esz, GRAIN);
	EXPECT_TRUE(damos_quota_is_full(&p.quota, GRAIN));

	/* met from the beginning */
	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	p.need = 1;
	p.value = 1;
	p.idle = true;
	p.lag = 1;
	run_window(&p);
	EXPECT_EQ(0, p.quota.esz);

	/* over-achieved for good: nothing is left within some windows */
	p.quota.esz_bp = 10000ULL << 30;
	p.value = 3;
	for (i = 0; i < 20; i++)
		run_window(&p);
	EXPECT_TRUE(damos_quota_is_full(&p.quota, GRAIN));
}

/* Where something else brings about more than what the goal asks for. */
TEST(consist_stops_when_exceeded)
{
	struct rng rng;

	for_each_case(rng, 5000) {
		unsigned long grain = 1UL << rnd_in(&rng, 0, 13);
		double least = 1.1 + rnd_share(&rng), drift = rnd_share(&rng) / 5;
		struct plant p;
		int i;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.quota.esz_bp = 10000ULL << rnd_in(&rng, 0, min(BITS_PER_LONG, 42));
		p.value = least + rnd_share(&rng) * 10;
		for (i = 0; i < 400; i++) {
			feed(&p, p.value * TARGET);
			damos_quota_renew(&p.quota, &p.stat, grain, p.now);
			if (damos_quota_is_full(&p.quota, grain))
				break;
			damos_quota_charge(&p.quota, p.quota.esz, p.quota.esz, 1);
			p.now += WINDOW;
			p.value *= 1 + drift * (2 * rnd_share(&rng) - 1);
			p.value = clamp(p.value, least, 1000.0);
		}
		HOLDS(i < 150);
	}
}

/* No limit that was set is exceeded, and the goal does not pretend it could. */
TEST(consist_keeps_within_size)
{
	struct plant p;
	int i;

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	p.need = 1e9 * GRAIN;
	p.quota.sz = 1000 * GRAIN;
	for (i = 0; i < 100; i++) {
		run_window(&p);
		ASSERT_LE(p.quota.esz, p.quota.sz);
	}
	ASSERT_EQ(p.quota.sz, p.quota.esz);
	/* lowered online, it holds at once */
	p.quota.sz = 10 * GRAIN;
	damos_quota_renew(&p.quota, &p.stat, GRAIN, p.now - WINDOW);
	ASSERT_EQ(10 * GRAIN, p.quota.esz);
	run_window(&p);
	ASSERT_EQ(10 * GRAIN * 10000ULL, p.quota.esz_bp);
}

TEST(temporal_is_all_or_nothing)
{
	struct plant p;

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_TEMPORAL);
	p.need = 1e18;
	p.value = .5;
	p.lag = 1;
	run_window(&p);
	ASSERT_EQ(ULONG_MAX, p.quota.esz);
	p.quota.sz = ULONG_MAX / 2;
	run_window(&p);
	ASSERT_EQ(ULONG_MAX / 2, p.quota.esz);
	p.quota.sz = 100 * GRAIN;
	run_window(&p);
	ASSERT_EQ(100 * GRAIN, p.quota.esz);
	p.value = 1;
	run_window(&p);
	ASSERT_EQ(0, p.quota.esz);
	ASSERT_TRUE(damos_quota_is_full(&p.quota, 1));
	p.value = .99;
	run_window(&p);
	ASSERT_EQ(100 * GRAIN, p.quota.esz);
}

TEST(commit_keeps_what_was_tuned)
{
	struct damos_quota new = {};
	unsigned long esz;
	struct plant p;
	double top;
	u64 esz_bp;

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	p.need = 5000.0 * GRAIN;
	settle(&p, 100, .05, &top);
	esz_bp = p.quota.esz_bp;
	damos_quota_init(&new);
	new.reset_interval = 1000;
	damos_quota_commit(&p.quota, &new);
	ASSERT_EQ(esz_bp, p.quota.esz_bp);
	ASSERT_LT(settle(&p, 10, .05, &top), 2);

	/* the other tuner's limit may be "all of it", but not before the window ends */
	new.goal_tuner = DAMOS_QUOTA_GOAL_TUNER_TEMPORAL;
	damos_quota_commit(&p.quota, &new);
	p.value = 0;
	esz = p.quota.esz;
	ASSERT_NE(0, esz);
	damos_quota_renew(&p.quota, &p.stat, GRAIN, p.now - 1);
	ASSERT_EQ(esz, p.quota.esz);
	run_window(&p);
	ASSERT_EQ(ULONG_MAX, p.quota.esz);
	new.goal_tuner = DAMOS_QUOTA_GOAL_TUNER_CONSIST;
	damos_quota_commit(&p.quota, &new);
	damos_quota_renew(&p.quota, &p.stat, GRAIN, p.now - 1);
	ASSERT_EQ(ULONG_MAX, p.quota.esz);
	p.value = .5;
	run_window(&p);
	ASSERT_LE(p.quota.esz, 2 * GRAIN);
}

/* Goals that come in the middle of a window change nothing before it ends. */
TEST(first_goals_keep_the_limit)
{
	struct plant p;

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	list_del(&p.goal.list);
	p.quota.sz = 5000 * GRAIN;
	run_window(&p);
	ASSERT_EQ(5000 * GRAIN, p.quota.esz);
	damos_goals_take_over(&p.quota);
	damos_add_quota_goal(&p.quota, &p.goal);
	damos_quota_renew(&p.quota, &p.stat, GRAIN, p.now - 1);
	ASSERT_EQ(5000 * GRAIN, p.quota.esz);
	/* and go on from there */
	p.need = 10000.0 * GRAIN;
	p.value = 1.2;
	run_window(&p);
	ASSERT_GT(p.quota.esz, 2000 * GRAIN);
	ASSERT_LT(p.quota.esz, 5000 * GRAIN);

	/* without a window there is no limit to be kept */
	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	damos_goals_take_over(&p.quota);
	p.need = 10000.0 * GRAIN;
	run_window(&p);
	ASSERT_LE(p.quota.esz, 2 * GRAIN);
}

/* One window in which the limit was used up and led to a score.  Returns the next limit. */
static u64 answer(struct plant *p, unsigned long score)
{
	p->quota.charged_sz = damos_goals_sz(&p->quota);
	feed(p, score * (TARGET / 10000));
	damos_follow_goals(&p->quota, GRAIN);
	return p->quota.esz_bp;
}

#define LIMIT	(100000ULL * GRAIN * 10000)

/* What is too much by far is cut to a quarter, in case that it was a single bad value. */
TEST(consist_keeps_a_quarter)
{
	static const unsigned long scores[] = { 17500, 17501, 20000, 50000, 1000000 };
	struct plant p;
	int i;

	for (i = 0; i < ARRAY_SIZE(scores); i++) {
		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.quota.esz_bp = LIMIT;
		ASSERT_EQ(LIMIT / 4, answer(&p, scores[i]));
	}
}

/*
 * A score that moves away from its goal, slowly, is pushed against: from the fourth window
 * on by one 32nd of the limit more in each, and a quarter at most.
 */
TEST(consist_pushes_against_drift)
{
	unsigned int i;
	struct plant p;
	u64 held;
	int round;

	/* down and up, each of them twice */
	for (round = 0; round < 4; round++) {
		int sign = round < 2 ? -1 : 1;
		unsigned int score = 10000 + 10 * sign;

		if (!(round % 2)) {
			init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
			/* what grows, 280 times, is to stay below 4 GiB */
			p.quota.esz_bp = sign < 0 ? LIMIT / 100 : LIMIT;
			answer(&p, score);
		}
		for (i = 1; i < 20; i++) {
			u64 before = p.quota.esz_bp, change;
			unsigned int push = i < 4 ? 0 : min(i - 3, 8) * 10000 / 32;

			score += sign;
			change = abs_diff(answer(&p, score), before);
			push = max(push, 10 + i);
			ASSERT_GE(change * 10000 / before, push - 10);
			ASSERT_LE(change * 10000 / before, push + 10);
			ASSERT_EQ(sign < 0, p.quota.esz_bp > before);
		}
		/* and no more as soon as it turns back, before it does all that again */
		held = p.quota.esz_bp;
		ASSERT_EQ(held, answer(&p, 10000 + 10 * sign));
	}
}

/* A score that keeps coming at a limit that is held, too fast to stop at the goal. */
TEST(consist_backs_off_in_time)
{
	static const struct {
		unsigned int scores[3];
		unsigned int next;	/* 1/10000 of the limit */
	} v[] = {
		/* past it in less than four windows: back by four times the speed, or half */
		{ { 1000, 4000, 7000 }, 5000 },
		{ { 7000, 7500, 8500 }, 8000 },
		{ { 4500, 5500, 6500 }, 6000 },
		{ { 9997, 9998, 9999 }, 9996 },
		/* three quarters as fast is fast enough */
		{ { 1000, 5000, 8000 }, 5000 },
		{ { 1000, 5000, 7600 }, 10000 },
		/* it comes within sixteen windows, and without a change of the limit does not */
		{ { 8300, 8300, 8400 }, 10000 },
		{ { 8300, 8300, 8399 }, 11601 },
		/* not before the fourth */
		{ { 4000, 5000, 6000 }, 10000 },
		/* the same from above */
		{ { 17000, 15000, 13000 }, 15000 },
		{ { 13000, 12500, 11500 }, 12000 },
		/* the limit was not held, so that it may be its doing */
		{ { 1000, 1500, 9000 }, 10000 },
		/* less helps, so no more of that at once */
		{ { 15000, 14900, 14800 }, 9375 },
		/* it slows down */
		{ { 1000, 6000, 8000 }, 10000 },
		/* it has come past the goal already, and is on its way back */
		{ { 8000, 9000, 11000 }, 9000 },
	};
	struct plant p;
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		u64 held, next;

		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.quota.esz_bp = LIMIT;
		answer(&p, v[i].scores[0]);
		held = answer(&p, v[i].scores[1]);
		next = answer(&p, v[i].scores[2]);
		EXPECT_LE(abs_diff(next, held / 10000 * v[i].next), held / 20000) {
			TH_LOG("vector %d: %llu", i,
			       (unsigned long long)(next * 10000 / held));
		}
	}
}

/* A limit into which one more region would have fitted was not what kept it from more. */
TEST(consist_raises_what_is_used_up)
{
	static const struct {
		unsigned long left;
		bool rises;
	} v[] = {
		{ 0, true }, { 1, true }, { GRAIN - 1, true }, { GRAIN, false },
		{ GRAIN + 1, false },
	};
	struct plant p;
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		p.quota.esz_bp = LIMIT;
		p.quota.charged_sz = LIMIT / 10000 - v[i].left;
		feed(&p, TARGET / 2);
		damos_follow_goals(&p.quota, GRAIN);
		EXPECT_EQ(v[i].rises ? LIMIT / 2 * 3 : LIMIT, p.quota.esz_bp);
	}
}

/* A single region may be all that it takes, and then stays the limit. */
TEST(consist_keeps_the_smallest_limit)
{
	struct plant p;
	int i;

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	p.quota.esz_bp = GRAIN * 10000ULL;
	for (i = 0; i < 10; i++)
		ASSERT_EQ(GRAIN * 10000ULL, answer(&p, 10000));
	ASSERT_EQ(0, answer(&p, 10001));
}

/* Who starts over while the goal is met starts with nothing. */
TEST(starting_over_begins_with_nothing)
{
	struct plant p;

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	p.quota.esz_bp = LIMIT;
	p.quota.start_over = true;
	ASSERT_EQ(0, answer(&p, 10000));
	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	damos_goals_take_over(&p.quota);
	ASSERT_EQ(0, answer(&p, 10000));
}

/* A drift of before is no reason to push. */
TEST(starting_over_forgets_drift)
{
	unsigned int score = 12000;
	struct plant p;
	u64 before;

	init_plant(&p, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
	p.quota.esz_bp = LIMIT;
	while (score < 12010)
		answer(&p, score++);
	p.quota.esz = LIMIT / 10000;
	p.quota.window_open = true;
	damos_goals_take_over(&p.quota);
	ASSERT_EQ(LIMIT, p.quota.esz_bp);
	before = answer(&p, 10010);
	/* three windows may be noise, as they always may */
	for (score = 10011; score < 10014; score++) {
		ASSERT_LE(before - answer(&p, score), before / 500);
		before = p.quota.esz_bp;
	}
	ASSERT_GT(before - answer(&p, score), before / 40);
}

/* Whoever starts over knows as little as a new quota. */
TEST(starting_over_forgets)
{
	struct rng rng;

	for_each_case(rng, 500) {
		struct plant old, new;
		int i;

		init_plant(&old, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		init_plant(&new, DAMOS_QUOTA_GOAL_TUNER_CONSIST);
		old.quota.esz_bp = LIMIT;
		for (i = rnd_in(&rng, 1, 20); i; i--)
			answer(&old, rnd_in(&rng, 0, 20000));
		if (rnd_true(&rng, 0.5)) {
			old.quota.start_over = true;
		} else {
			unsigned long sz = rnd_in(&rng, 0, 1000) * GRAIN;

			old.quota.esz = sz;
			new.quota.esz = sz;
			old.quota.window_open = true;
			new.quota.window_open = true;
			damos_goals_take_over(&old.quota);
			damos_goals_take_over(&new.quota);
		}
		for (i = 0; i < 20; i++) {
			unsigned long score = rnd_in(&rng, 0, 20000);

			HOLDS(answer(&old, score) == answer(&new, score));
		}
	}
}

/* Every field at its extremes: the sanitizers look for overflows. */
TEST(extremes_are_handled)
{
	struct rng rng;

	for_each_case(rng, 50000) {
		unsigned long grain = 1UL << rnd_in(&rng, 0, BITS_PER_LONG);
		struct damos_quota_goal goals[2] = {};
		struct damos_quota quota = {
			.sz = rnd_any(&rng, BITS_PER_LONG),
			.goal_tuner = rnd_true(&rng, .8) ?
				DAMOS_QUOTA_GOAL_TUNER_CONSIST :
				DAMOS_QUOTA_GOAL_TUNER_TEMPORAL,
		};
		struct damos_stat stat = {};
		u64 now = rnd_any(&rng, 62);
		int i;

		damos_quota_init(&quota);
		quota.esz_bp = rnd_any(&rng, 64);
		damos_add_quota_goal(&quota, &goals[0]);
		damos_add_quota_goal(&quota, &goals[1]);
		for (i = 0; i < 20; i++) {
			goals[i % 2].target_value = rnd_any(&rng, BITS_PER_LONG);
			goals[i % 2].current_value = rnd_any(&rng, BITS_PER_LONG);
			goals[i % 2].followed = rnd_true(&rng, .3);
			if (rnd_true(&rng, .3))
				damos_goal_grow(&goals[i % 2], rnd_any(&rng, 64),
						rnd_any(&rng, 64), rnd_any(&rng, 64));
			damos_quota_renew(&quota, &stat, grain, now);
			HOLDS(!quota.sz || quota.esz <= quota.sz);
			damos_quota_charge(&quota, rnd_any(&rng, BITS_PER_LONG),
					   rnd_any(&rng, BITS_PER_LONG),
					   rnd_any(&rng, 64));
			now += rnd_any(&rng, 40);
		}
	}
}

TEST_HARNESS_MAIN
