// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas: what a scheme may do per charge window, in bytes and in time.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#define MIB	1048576UL
#define GRAIN	4096UL

static struct damos_quota make_quota(unsigned long sz, unsigned long ms,
				     unsigned long reset_interval)
{
	struct damos_quota quota = {
		.sz = sz, .ms = ms, .reset_interval = reset_interval,
	};

	damos_quota_init(&quota);
	return quota;
}

TEST(no_limit_is_never_full)
{
	struct damos_quota quota = make_quota(0, 0, 1000);
	struct damos_stat stat = {};

	ASSERT_FALSE(damos_quota_is_set(&quota));
	ASSERT_FALSE(damos_quota_renew(&quota, &stat, GRAIN, 5));
	damos_quota_charge(&quota, ULONG_MAX, 0, 1);
	ASSERT_FALSE(damos_quota_is_full(&quota, GRAIN));
	ASSERT_EQ(0, quota.esz);
}

TEST(full_if_no_region_fits)
{
	struct damos_quota quota = make_quota(10 * GRAIN, 0, 1000);
	struct damos_stat stat = {};

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
		{ 1, 2, 1000, 1001, 1000 }, { 3, 1, 100, 50, 200 },
		{ 1, 1, 1000, 1000, 1000 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damos_quota quota = make_quota(1 << 20, 0, 1000);

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
		struct damos_quota quota = make_quota(limit, 0,
						      rnd_in(&rng, 1, 5000));
		struct damos_stat stat = {};
		u64 now = rnd_any(&rng, 62), sum = 0, start = now, windows = 0;
		int i;

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
		struct damos_quota quota =
			make_quota(rnd_any(&rng, BITS_PER_LONG),
				   rnd_any(&rng, BITS_PER_LONG),
				   rnd_any(&rng, BITS_PER_LONG));
		struct damos_stat stat = {};
		u64 now = rnd_any(&rng, 63);
		int i;

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
	struct damos_quota quota = make_quota(0, 10, 1000);
	u64 now = 0, sz;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(speeds); i++) {
		for (j = 0; j < 30; j++) {
			sz = work(&quota, now, speeds[i]);
			now += 1000 * NSEC_PER_MSEC;
		}
		EXPECT_GT(sz, (u64)speeds[i] * 10 * 95 / 100);
		EXPECT_LT(sz, (u64)speeds[i] * 10 * 105 / 100);
	}
}

/* The smaller of both limits holds, and a time limit leaves at least a region. */
TEST(time_and_size_limit_together)
{
	struct damos_quota quota = make_quota(GRAIN * 100, 1, 1000);
	struct damos_stat stat = {};

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
	struct damos_quota quota = make_quota(100, 2, 3), new = make_quota(7, 8, 9);
	struct damon_target *t = (void *)&new;

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

TEST_HARNESS_MAIN
