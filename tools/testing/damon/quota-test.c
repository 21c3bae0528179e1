// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas: what a scheme may do per charge window, in bytes and in time.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#define MIB	1048576UL
#define GRAIN	4096UL

static void init_quota(struct damos_quota *quota, unsigned long sz,
		       unsigned long ms, unsigned long reset_interval)
{
	memset(quota, 0, sizeof(*quota));
	damos_quota_init(quota);
	quota->sz = sz;
	quota->ms = ms;
	quota->reset_interval = reset_interval;
}

TEST(no_limit_is_never_full)
{
	struct damos_stat stat = {};
	struct damos_quota quota;

	init_quota(&quota, 0, 0, 1000);
	ASSERT_FALSE(damos_quota_is_set(&quota));
	ASSERT_FALSE(damos_quota_renew(&quota, &stat, GRAIN, 5));
	damos_quota_charge(&quota, ULONG_MAX, 0, 1);
	ASSERT_FALSE(damos_quota_is_full(&quota, GRAIN));
	ASSERT_EQ(0, quota.esz);
}

TEST(full_if_no_region_fits)
{
	struct damos_stat stat = {};
	struct damos_quota quota;

	init_quota(&quota, 10 * GRAIN, 0, 1000);
	ASSERT_TRUE(damos_quota_renew(&quota, &stat, GRAIN, 0));
	ASSERT_EQ(10 * GRAIN, damos_quota_left(&quota));
	damos_quota_charge(&quota, 9 * GRAIN, 9 * GRAIN, 1);
	ASSERT_FALSE(damos_quota_is_full(&quota, GRAIN));
	ASSERT_TRUE(damos_quota_is_full(&quota, 2 * GRAIN));
	damos_quota_charge(&quota, 1, 1, 1);
	ASSERT_TRUE(damos_quota_is_full(&quota, GRAIN));
	ASSERT_EQ(GRAIN - 1, damos_quota_left(&quota));
	damos_quota_charge(&quota, 5 * GRAIN, 5 * GRAIN, 1);
	ASSERT_EQ(0, damos_quota_left(&quota));

	/* the next window is noticed when somebody looks, and counted then */
	ASSERT_EQ(0, stat.qt_exceeds);
	ASSERT_FALSE(damos_quota_renew(&quota, &stat, GRAIN, 999 * NSEC_PER_MSEC));
	ASSERT_EQ(0, damos_quota_left(&quota));
	damos_quota_renew(&quota, &stat, GRAIN, 1000 * NSEC_PER_MSEC);
	ASSERT_EQ(1, stat.qt_exceeds);
	ASSERT_EQ(10 * GRAIN, damos_quota_left(&quota));
	damos_quota_renew(&quota, &stat, GRAIN, 2000 * NSEC_PER_MSEC);
	ASSERT_EQ(1, stat.qt_exceeds);
}

/* A limit that comes back does not find a window that it had been exceeded in. */
TEST(lifted_and_set_again)
{
	struct damos_stat stat = {};
	struct damos_quota quota;

	init_quota(&quota, 10 * GRAIN, 0, 1000);
	damos_quota_renew(&quota, &stat, GRAIN, 0);
	damos_quota_charge(&quota, GRAIN, GRAIN, 1);
	quota.sz = 0;
	ASSERT_FALSE(damos_quota_renew(&quota, &stat, GRAIN, NSEC_PER_SEC));
	ASSERT_EQ(0, quota.esz);
	quota.sz = 20 * GRAIN;
	ASSERT_TRUE(damos_quota_renew(&quota, &stat, GRAIN, 2 * NSEC_PER_SEC));
	ASSERT_EQ(20 * GRAIN, damos_quota_left(&quota));
	ASSERT_EQ(0, stat.qt_exceeds);
}

TEST(charge_of_failures)
{
	static const struct {
		unsigned int num, denom;
		unsigned long sz, applied, charged;
	} v[] = {
		{ 0, 0, 1000, 0, 1000 }, { 7, 0, 1000, 400, 1000 },
		{ 2, 3, 900, 0, 600 }, { 2, 3, 900, 300, 700 },
		{ 1, 1024, 2048, 0, 2 }, { 1, 1024, 2048, 1024, 1025 },
		{ 0, 1, 2048, 0, 0 }, { 0, 1, 2048, 100, 100 },
		{ 1, 2, 1000, 1001, 1001 }, { 0, 0, 1000, 5000, 5000 }, { 3, 1, 100, 50, 200 },
		{ 1, 1, 1000, 1000, 1000 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damos_quota quota;

		init_quota(&quota, 1 << 20, 0, 1000);
		quota.fail_charge_num = v[i].num;
		quota.fail_charge_denom = v[i].denom;
		damos_quota_charge(&quota, v[i].sz, v[i].applied, 1);
		EXPECT_EQ(v[i].charged, quota.charged_sz) {
			TH_LOG("vector %d", i);
		}
	}
}

/*
 * A scheme with more work than it may do: the sum over each window is the quota,
 * up to what no region fits into.
 */
TEST(windows_are_used_and_kept)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		unsigned long grain = 1UL << rnd_in(&rng, 0, 13);
		unsigned long limit = max(rnd_any(&rng, 30), grain);
		u64 now = rnd_any(&rng, 62), sum = 0, start = now, windows = 0;
		struct damos_stat stat = {};
		struct damos_quota quota;
		int i;

		init_quota(&quota, limit, 0, rnd_in(&rng, 1, 5000));
		for (i = 0; i < 100; i++) {
			damos_quota_renew(&quota, &stat, grain, now);
			if (now - start >= quota.reset_interval * (u64)NSEC_PER_MSEC) {
				HOLDS(limit - sum < grain);
				start = now;
				sum = 0;
				windows++;
			}
			while (!damos_quota_is_full(&quota, grain)) {
				unsigned long left = damos_quota_left(&quota);
				unsigned long sz = rnd_in(&rng, 1, limit / grain / 4 +
							  2) * grain;

				sz = min(sz, left / grain * grain);
				damos_quota_charge(&quota, sz, sz, 1000);
				sum += sz;
				HOLDS(sum <= limit);
			}
			now += rnd_in(&rng, 0, 1000) * NSEC_PER_MSEC;
		}
		HOLDS(stat.qt_exceeds == windows);
	}
}

/* Every field at its extremes. */
TEST(extremes_are_handled)
{
	struct rng rng;

	for_each_case(rng, 50000) {
		unsigned long grain = 1UL << rnd_in(&rng, 0, BITS_PER_LONG);
		struct damos_stat stat = {};
		u64 now = rnd_any(&rng, 63);
		struct damos_quota quota;
		int i;

		init_quota(&quota, rnd_any(&rng, BITS_PER_LONG),
			   rnd_any(&rng, BITS_PER_LONG),
			   rnd_any(&rng, BITS_PER_LONG));
		quota.fail_charge_num = rnd_any(&rng, 32);
		quota.fail_charge_denom = rnd_any(&rng, 32);
		for (i = 0; i < 20; i++) {
			unsigned long sz = rnd_any(&rng, BITS_PER_LONG), charged;

			damos_quota_renew(&quota, &stat, grain, now);
			if (damos_quota_is_set(&quota) && quota.sz)
				HOLDS(quota.esz <= quota.sz || !quota.sz);
			if (damos_quota_is_set(&quota) && quota.ms && !quota.sz)
				HOLDS(quota.esz >= grain);
			charged = quota.charged_sz;
			damos_quota_charge(&quota, sz, rnd_any(&rng, BITS_PER_LONG),
					   rnd_any(&rng, 64));
			HOLDS(quota.charged_sz >= charged);
			HOLDS(damos_quota_left(&quota) <= quota.esz);
			HOLDS(damos_quota_slice(&quota, grain) <=
			      damos_quota_left(&quota));
			now += rnd_any(&rng, 40);
		}
	}
}

/* Works off one window of @ms at @sz_per_ms, in 100 pieces; returns its size. */
static u64 work(struct damos_quota *quota, u64 now, unsigned long sz_per_ms)
{
	struct damos_stat stat = {};
	u64 sum = 0;

	damos_quota_renew(quota, &stat, GRAIN, now);
	while (!damos_quota_is_full(quota, GRAIN)) {
		unsigned long sz = min(damos_quota_left(quota),
				       max(quota->esz / 100, GRAIN));

		damos_quota_charge(quota, sz, sz, (u64)sz * NSEC_PER_MSEC / sz_per_ms);
		sum += sz;
	}
	return sum;
}

TEST(time_limits_learn_the_speed)
{
	static const unsigned long speeds[] = { 2 * MIB, 40 * MIB, 400 * MIB, MIB };
	struct damos_quota quota;
	u64 now = 0, sz;
	int i, j;

	init_quota(&quota, 0, 10, 1000);
	for (i = 0; i < ARRAY_SIZE(speeds); i++) {
		for (j = 0; j < 30; j++) {
			sz = work(&quota, now, speeds[i]);
			now += 1000 * NSEC_PER_MSEC;
		}
		EXPECT_GT(sz, (u64)speeds[i] * 10 * 95 / 100);
		EXPECT_LT(sz, (u64)speeds[i] * 10 * 105 / 100);
	}
}

/* One window of work on so much that took so long.  Returns the limit of the next one. */
static unsigned long learn(struct damos_quota *quota, u64 *now, unsigned long sz, u64 ns)
{
	struct damos_stat stat = {};

	damos_quota_renew(quota, &stat, GRAIN, *now);
	damos_quota_charge(quota, sz, sz, ns);
	*now += NSEC_PER_SEC;
	damos_quota_renew(quota, &stat, GRAIN, *now);
	return quota->esz;
}

/* The newest window has a quarter of the weight, or more if it was a long one. */
TEST(speeds_are_weighed)
{
	const u64 ms = NSEC_PER_MSEC;
	struct damos_quota quota;
	unsigned long esz;
	u64 now = 0;
	int i;

	init_quota(&quota, 0, 10, 1000);
	for (i = 0; i < 100; i++)
		learn(&quota, &now, 400 * MIB, 10 * ms);
	ASSERT_LE(abs_diff(quota.esz, 400 * MIB), MIB);
	/* nothing done in the same time */
	esz = learn(&quota, &now, 0, 10 * ms);
	ASSERT_LE(abs_diff(esz, 300 * MIB), MIB);
	/* three times as long as all that is known is worth: half of it */
	init_quota(&quota, 0, 10, 1000);
	for (i = 0; i < 100; i++)
		learn(&quota, &now, 400 * MIB, 10 * ms);
	esz = learn(&quota, &now, 0, 30 * ms);
	ASSERT_LE(abs_diff(esz, 200 * MIB), MIB);
	/* which does not count for longer than others */
	init_quota(&quota, 0, 10, 1000);
	learn(&quota, &now, 100 * MIB, 1000 * ms);
	esz = learn(&quota, &now, 401 * MIB, 10 * ms);
	ASSERT_LE(abs_diff(esz, (3 * MIB + 401 * MIB) / 4), MIB);
	/* a window without work says nothing */
	ASSERT_EQ(esz, learn(&quota, &now, 0, 0));
}

/* What may take longer than there is time for goes by the slowest that was seen. */
TEST(slices_go_by_the_lower_speed)
{
	struct damos_stat stat = {};
	struct damos_quota quota;
	u64 now = 0;

	/* before: 1 MiB per ms */
	init_quota(&quota, 0, 100, 1000);
	learn(&quota, &now, 100 * MIB, 100 * NSEC_PER_MSEC);
	/* now: ten times that, and 84 ms are left */
	damos_quota_charge(&quota, 160 * MIB, 160 * MIB, 16 * NSEC_PER_MSEC);
	quota.esz = ULONG_MAX;
	ASSERT_EQ(84 * MIB / 16, damos_quota_slice(&quota, GRAIN));
	/* now: a tenth of it */
	now += NSEC_PER_SEC;
	init_quota(&quota, 0, 100, 1000);
	learn(&quota, &now, 100 * MIB, 100 * NSEC_PER_MSEC);
	damos_quota_charge(&quota, 2 * MIB, 2 * MIB, 20 * NSEC_PER_MSEC);
	ASSERT_EQ(8 * MIB / 16, damos_quota_slice(&quota, GRAIN));
	damos_quota_renew(&quota, &stat, GRAIN, now);
}

/* When less than a 64th of the time is left, or not enough for a region. */
TEST(time_is_up)
{
	struct damos_stat stat = {};
	struct damos_quota quota;

	init_quota(&quota, 0, 64, 1000);
	damos_quota_renew(&quota, &stat, GRAIN, 0);
	damos_quota_charge(&quota, GRAIN, GRAIN, 63 * NSEC_PER_MSEC - 1);
	quota.window_sz = 63000 * GRAIN;
	ASSERT_FALSE(damos_quota_is_full(&quota, GRAIN));
	damos_quota_charge(&quota, 0, 0, 1);
	ASSERT_TRUE(damos_quota_is_full(&quota, GRAIN));

	init_quota(&quota, 0, 64, 1000);
	damos_quota_renew(&quota, &stat, GRAIN, 0);
	damos_quota_charge(&quota, GRAIN, GRAIN, 32 * NSEC_PER_MSEC);
	ASSERT_FALSE(damos_quota_is_full(&quota, GRAIN));
	ASSERT_TRUE(damos_quota_is_full(&quota, GRAIN + 1));
	/* without a limit, time is no matter */
	quota.ms = 0;
	quota.sz = GRAIN << 10;
	ASSERT_FALSE(damos_quota_is_full(&quota, GRAIN + 1));
}

/* What was in the memory of a quota before does not matter. */
TEST(new_quotas_know_nothing)
{
	struct damos_quota quota;
	bool limited;

	memset(&quota, 0xff, sizeof(quota));
	damos_quota_init(&quota);
	ASSERT_TRUE(list_empty(&quota.goals));
	ASSERT_EQ(0, quota.esz);
	ASSERT_EQ(0, quota.work_sz);
	ASSERT_EQ(0, quota.work_ns);
	ASSERT_FALSE(quota.window_open);
	ASSERT_EQ(0, quota.window_start_ns);
	ASSERT_EQ(0, quota.charged_sz);
	ASSERT_EQ(0, quota.window_sz);
	ASSERT_EQ(0, quota.window_ns);
	ASSERT_TRUE(!quota.charge_target_from);
	ASSERT_EQ(0, quota.charge_addr_from);
	ASSERT_EQ(0, quota.place_idx);
	ASSERT_EQ(0, quota.place_addr);
	ASSERT_FALSE(quota.cut_short);
	ASSERT_EQ(0, quota.esz_bp);
	ASSERT_FALSE(quota.start_over);
	ASSERT_FALSE(quota.esz_held);
	ASSERT_LT(quota.goal_score, 0);
	ASSERT_EQ(0, quota.goal_step);
	ASSERT_EQ(0, quota.goal_away);
	/* nothing to share out yet */
	ASSERT_EQ(0, damos_quota_share(&quota, 0, true, &limited));
	ASSERT_EQ(0, damos_quota_share(&quota, 0, false, &limited));
	ASSERT_TRUE(limited);
	/* the first slice is that of a window */
	quota.ms = 1000;
	quota.esz = MIB;
	ASSERT_EQ(8 * PAGE_SIZE, damos_quota_slice(&quota, GRAIN));
}

/* The smaller of both limits holds, and a time limit leaves at least a region. */
TEST(time_and_size_limit_together)
{
	struct damos_stat stat = {};
	struct damos_quota quota;

	init_quota(&quota, GRAIN * 100, 1, 1000);
	/* nothing is measured yet: 1024 pages per millisecond */
	ASSERT_TRUE(damos_quota_renew(&quota, &stat, GRAIN, 0));
	ASSERT_EQ(100 * GRAIN, quota.esz);
	quota.sz = 0;
	ASSERT_TRUE(damos_quota_renew(&quota, &stat, GRAIN, 1));
	ASSERT_EQ(1024 * PAGE_SIZE, quota.esz);
	damos_quota_charge(&quota, GRAIN, GRAIN, 60ULL * NSEC_PER_SEC);
	damos_quota_renew(&quota, &stat, GRAIN, 2 * NSEC_PER_SEC);
	ASSERT_EQ(GRAIN, quota.esz);
}

TEST(commit_keeps_what_was_charged)
{
	struct damos_quota quota, new;
	struct damon_target *t = (void *)&new;

	init_quota(&quota, 100, 2, 3);
	init_quota(&new, 7, 8, 9);
	damos_quota_charge(&quota, 50, 50, 1);
	quota.charge_target_from = t;
	quota.charge_addr_from = 4711;
	new.goal_tuner = DAMOS_QUOTA_GOAL_TUNER_TEMPORAL;
	new.fail_charge_num = 1;
	new.fail_charge_denom = 1024;
	new.weight_sz = 11;
	new.weight_nr_accesses = 12;
	new.weight_age = 13;
	damos_quota_commit(&quota, &new);
	ASSERT_EQ(7, quota.sz);
	ASSERT_EQ(8, quota.ms);
	ASSERT_EQ(9, quota.reset_interval);
	ASSERT_EQ(DAMOS_QUOTA_GOAL_TUNER_TEMPORAL, quota.goal_tuner);
	ASSERT_EQ(1, quota.fail_charge_num);
	ASSERT_EQ(1024, quota.fail_charge_denom);
	ASSERT_EQ(11, quota.weight_sz);
	ASSERT_EQ(12, quota.weight_nr_accesses);
	ASSERT_EQ(13, quota.weight_age);
	ASSERT_EQ(50, quota.charged_sz);

	damos_quota_forget_target(&quota, NULL);
	ASSERT_EQ(4711, quota.charge_addr_from);
	damos_quota_forget_target(&quota, t);
	ASSERT_EQ(0, quota.charge_addr_from);
	ASSERT_TRUE(!quota.charge_target_from);
}

/* time limits */

/* Works off a window in slices, at speeds (bytes per ms) that @speed tells. */
static u64 time_of_window(struct damos_quota *quota, u64 now,
			  double (*speed)(struct rng *rng), struct rng *rng)
{
	struct damos_stat stat = {};
	u64 spent = 0;
	int i;

	damos_quota_renew(quota, &stat, GRAIN, now);
	for (i = 0; i < 100000 && !damos_quota_is_full(quota, GRAIN); i++) {
		unsigned long sz = damos_quota_slice(quota, GRAIN) / GRAIN * GRAIN;
		u64 ns;

		/* regions may be smaller than that */
		if (rnd_true(rng, .3))
			sz = rnd_in(rng, 1, sz / GRAIN + 1) * GRAIN;
		ns = sz / speed(rng) * NSEC_PER_MSEC;
		damos_quota_charge(quota, sz, sz, ns);
		spent += ns;
	}
	return spent;
}

static double slow(struct rng *rng)
{
	/* 16 pages per millisecond */
	return 16 * GRAIN;
}

static double fast(struct rng *rng)
{
	return 10000 * MIB;
}

static double varying(struct rng *rng)
{
	return (200 + rnd_share(rng) * 1400) * GRAIN;
}

/* No window takes longer than its limit, also when the speed changes. */
TEST(time_limits_hold)
{
	static double (*const speeds[])(struct rng *rng) = { slow, fast, varying };
	struct rng rng;

	for_each_case(rng, 300) {
		unsigned long ms = rnd_in(&rng, 1, 100);
		struct damos_quota quota;
		u64 now = 0, spent, sum;
		int i, j, which;

		init_quota(&quota, 0, ms, 1000);
		for (i = 0; i < 5; i++) {
			which = rnd_in(&rng, 0, ARRAY_SIZE(speeds));
			sum = 0;
			for (j = 0; j < 20; j++) {
				spent = time_of_window(&quota, now, speeds[which],
						       &rng);
				HOLDS(spent <= ms * NSEC_PER_MSEC * 11 / 10);
				sum += j < 10 ? 0 : spent;
				now += NSEC_PER_SEC;
			}
			/* and it is used, unless that is too fast to be learned */
			if (which != 1)
				HOLDS(sum >= 10 * ms * NSEC_PER_MSEC * 7 / 10);
		}
	}
}

/* Slices grow until the speed is known, and stay well below the time left. */
TEST(slices_start_small)
{
	unsigned long sz, last = 8 * PAGE_SIZE;
	struct damos_stat stat = {};
	struct damos_quota quota;
	int i;

	init_quota(&quota, 0, 1000, 1000);
	damos_quota_renew(&quota, &stat, GRAIN, 0);
	ASSERT_EQ(8 * PAGE_SIZE, damos_quota_slice(&quota, GRAIN));
	ASSERT_EQ(GRAIN << 10, damos_quota_slice(&quota, GRAIN << 10));
	for (i = 0; i < 10; i++) {
		damos_quota_charge(&quota, last, last, 0);
		sz = damos_quota_slice(&quota, GRAIN);
		ASSERT_EQ(min(2 * last, damos_quota_left(&quota)), sz);
		last = sz;
	}
	/* and again in each window */
	damos_quota_renew(&quota, &stat, GRAIN, NSEC_PER_SEC);
	ASSERT_EQ(8 * PAGE_SIZE, damos_quota_slice(&quota, GRAIN));
	/* 1 MiB per ms: a sixteenth of almost a second */
	init_quota(&quota, 0, 1000, 1000);
	damos_quota_renew(&quota, &stat, GRAIN, 0);
	damos_quota_charge(&quota, 100 * MIB, 100 * MIB, 100 * NSEC_PER_MSEC);
	ASSERT_EQ(900 * MIB / 16, damos_quota_slice(&quota, GRAIN));
	/* without a time limit there is no need for slices */
	init_quota(&quota, 1000 * MIB, 0, 1000);
	damos_quota_renew(&quota, &stat, GRAIN, 0);
	ASSERT_EQ(1000 * MIB, damos_quota_slice(&quota, GRAIN));
}

/* priorities */

/* Memory of one score, in pieces that are visited one after another. */
struct piece {
	unsigned int score;
	bool front;
	unsigned long sz, served;
};

#define NR_PIECES	60

/*
 * The highest scores are served first, and what is served is exactly what is
 * left, or all that there is.  Where a score is served in part, what is behind
 * the place comes first.
 */
TEST(highest_scores_first)
{
	struct rng rng;

	for_each_case(rng, 20000) {
		unsigned long sizes[2][DAMOS_MAX_SCORE + 1] = {};
		unsigned long left, all = 0, sum = 0;
		int nr = rnd_in(&rng, 1, NR_PIECES), place, i, j;
		unsigned int scores = rnd_in(&rng, 1, 101);
		struct piece pieces[NR_PIECES];
		struct damos_stat stat = {};
		struct damos_quota quota;

		place = rnd_in(&rng, 0, nr + 1);
		for (i = 0; i < nr; i++) {
			struct piece *p = &pieces[i];

			p->score = rnd_in(&rng, 0, scores);
			p->sz = rnd_in(&rng, 1, 1000);
			p->front = i < place;
			p->served = 0;
			sizes[p->front][p->score] += p->sz;
			all += p->sz;
		}
		init_quota(&quota, rnd_in(&rng, 1, all * 3 / 2 + 2), 0, 1000);
		damos_quota_renew(&quota, &stat, 1, 0);
		damos_quota_charge(&quota, rnd_in(&rng, 0, quota.sz), 0, 1);
		left = damos_quota_left(&quota);
		damos_quota_select(&quota, sizes[0], sizes[1], 1);

		for (i = 0; i < nr; i++) {
			struct piece *p = &pieces[i];
			unsigned long sz, charge;
			bool limited;

			sz = damos_quota_share(&quota, p->score, p->front,
					       &limited);
			sz = min3(sz, p->sz, damos_quota_slice(&quota, 1));
			if (!sz)
				continue;
			charge = damos_quota_charge(&quota, sz, sz, 1);
			damos_quota_settle(&quota, limited, sz, charge);
			p->served = sz;
			sum += sz;
		}
		HOLDS(sum == min(left, all));
		for (i = 0; i < nr; i++) {
			struct piece *a = &pieces[i];

			for (j = 0; j < nr; j++) {
				struct piece *b = &pieces[j];

				if (!b->served)
					continue;
				if (a->score > b->score ||
				    (a->score == b->score && !a->front && b->front))
					HOLDS(a->served == a->sz);
			}
		}
	}
}

/* What failed and was charged in part only leaves more to others. */
TEST(failures_leave_their_share)
{
	unsigned long behind[DAMOS_MAX_SCORE + 1] = {};
	unsigned long front[DAMOS_MAX_SCORE + 1] = {};
	struct damos_stat stat = {};
	struct damos_quota quota;
	bool limited;

	init_quota(&quota, 1000, 0, 1000);
	quota.fail_charge_num = 1;
	quota.fail_charge_denom = 10;
	damos_quota_renew(&quota, &stat, 1, 0);
	behind[50] = 600;
	behind[20] = 4000;
	behind[10] = 1;
	damos_quota_select(&quota, behind, front, 1);
	EXPECT_EQ(0, damos_quota_share(&quota, 10, false, &limited));
	EXPECT_EQ(ULONG_MAX, damos_quota_share(&quota, 50, false, &limited));
	EXPECT_FALSE(limited);
	EXPECT_EQ(400, damos_quota_share(&quota, 20, false, &limited));
	EXPECT_TRUE(limited);
	EXPECT_EQ(0, damos_quota_share(&quota, 20, true, &limited));
	damos_quota_settle(&quota, false, 600,
			   damos_quota_charge(&quota, 600, 0, 1));
	EXPECT_EQ(940, damos_quota_share(&quota, 20, false, &limited));
	damos_quota_settle(&quota, true, 500,
			   damos_quota_charge(&quota, 500, 500, 1));
	EXPECT_EQ(440, damos_quota_share(&quota, 20, false, &limited));
	EXPECT_EQ(440, damos_quota_left(&quota));
}

/* Large folios reach out of what was asked for, and what they take is not left for others. */
TEST(what_counts_more_is_not_left)
{
	unsigned long behind[DAMOS_MAX_SCORE + 1] = {};
	unsigned long front[DAMOS_MAX_SCORE + 1] = {};
	struct damos_stat stat = {};
	struct damos_quota quota;
	bool limited;

	init_quota(&quota, 1000, 0, 1000);
	damos_quota_renew(&quota, &stat, 1, 0);
	behind[50] = 600;
	behind[20] = 4000;
	damos_quota_select(&quota, behind, front, 1);
	damos_quota_settle(&quota, false, 500, damos_quota_charge(&quota, 500, 650, 1));
	EXPECT_EQ(250, damos_quota_share(&quota, 20, false, &limited));
	damos_quota_settle(&quota, false, 100, damos_quota_charge(&quota, 100, 500, 1));
	EXPECT_EQ(0, damos_quota_share(&quota, 20, false, &limited));
}

/* Where all memory has the same score, it takes what is left, behind the place first. */
TEST(one_score_takes_all)
{
	unsigned long sizes[DAMOS_MAX_SCORE + 1] = {}, none[DAMOS_MAX_SCORE + 1] = {};
	struct damos_stat stat = {};
	struct damos_quota quota;
	bool limited;

	init_quota(&quota, 1000, 0, 1000);
	damos_quota_renew(&quota, &stat, 1, 0);
	damos_quota_charge(&quota, 300, 300, 1);
	/* whatever was selected before */
	sizes[7] = 100;
	damos_quota_select(&quota, sizes, none, 1);
	damos_quota_select_all(&quota);
	ASSERT_EQ(700, damos_quota_share(&quota, 0, false, &limited));
	ASSERT_TRUE(limited);
	ASSERT_EQ(0, damos_quota_share(&quota, 0, true, &limited));
}

/*
 * What is in front of the place gets what is left over behind it, except for what there may
 * be no time for.
 */
TEST(uncertain_time_is_not_given_away)
{
	unsigned long behind[DAMOS_MAX_SCORE + 1] = {};
	unsigned long front[DAMOS_MAX_SCORE + 1] = {};
	struct damos_stat stat = {};
	struct damos_quota quota;
	bool limited;

	behind[50] = 30 * MIB;
	front[50] = 1000 * MIB;
	/* of 100 MiB that are left, 75 ms are enough for 15/16 of that, at 1 MiB per ms */
	init_quota(&quota, 125 * MIB, 100, 1000);
	damos_quota_renew(&quota, &stat, GRAIN, 0);
	quota.esz = 125 * MIB;
	damos_quota_charge(&quota, 25 * MIB, 25 * MIB, 25 * NSEC_PER_MSEC);
	damos_quota_select(&quota, behind, front, GRAIN);
	ASSERT_EQ(ULONG_MAX, damos_quota_share(&quota, 50, false, &limited));
	ASSERT_FALSE(limited);
	ASSERT_LE(abs_diff(damos_quota_share(&quota, 50, true, &limited),
			   75 * MIB * 15 / 16 - 30 * MIB), 16);
	ASSERT_TRUE(limited);

	/* what fits exactly is not shared out at all */
	front[50] = 70 * MIB;
	damos_quota_select(&quota, behind, front, GRAIN);
	ASSERT_EQ(ULONG_MAX, damos_quota_share(&quota, 50, true, &limited));
	front[50] = 1000 * MIB;

	/* without a time limit, all of it */
	init_quota(&quota, 125 * MIB, 0, 1000);
	damos_quota_renew(&quota, &stat, GRAIN, 0);
	damos_quota_charge(&quota, 25 * MIB, 25 * MIB, 25 * NSEC_PER_MSEC);
	damos_quota_select(&quota, behind, front, GRAIN);
	ASSERT_EQ(70 * MIB, damos_quota_share(&quota, 50, true, &limited));
}

TEST(sizes_saturate)
{
	unsigned long all[DAMOS_MAX_SCORE + 1];
	struct damos_stat stat = {};
	struct damos_quota quota;
	bool limited;
	int i;

	for (i = 0; i <= DAMOS_MAX_SCORE; i++)
		all[i] = ULONG_MAX - i;
	init_quota(&quota, ULONG_MAX - 1, 0, 1000);
	damos_quota_renew(&quota, &stat, 1, 0);
	damos_quota_select(&quota, all, all, 1);
	EXPECT_EQ(ULONG_MAX, damos_quota_share(&quota, DAMOS_MAX_SCORE, false,
					       &limited));
	EXPECT_EQ(DAMOS_MAX_SCORE - 1,
		  damos_quota_share(&quota, DAMOS_MAX_SCORE, true, &limited));
	EXPECT_EQ(0, damos_quota_share(&quota, DAMOS_MAX_SCORE - 1, false,
				       &limited));
	damos_quota_settle(&quota, true, ULONG_MAX, ULONG_MAX);
	damos_quota_settle(&quota, false, ULONG_MAX, 0);
	damos_quota_settle(&quota, false, 1, ULONG_MAX);
}

TEST_HARNESS_MAIN
