/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of DAMON_STAT, part of stat.c: results of given regions.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "failslab-kunit.h"

static void drop_ctx(void *data)
{
	damon_destroy_ctx(data);
}

struct seen {
	unsigned long sz;
	unsigned int nr_accesses;
	unsigned int age;
	unsigned int nr_samples;
};

/* A context at the end of a window in which that has been seen. */
static struct damon_ctx *see(struct kunit *test, const struct seen *seen,
			     unsigned int nr)
{
	struct damon_addr_range *ranges = kunit_kcalloc(test, nr, sizeof(*ranges),
							GFP_KERNEL);
	struct damon_ctx *ctx = damon_new_ctx();
	struct damon_target *t;
	struct damon_region *r;
	unsigned long pos = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, drop_ctx, ctx), 0);
	t = damon_new_target();
	KUNIT_ASSERT_NOT_NULL(test, t);
	damon_add_target(ctx, t);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	for (i = 0; i < nr; i++) {
		ranges[i].start = pos;
		ranges[i].end = pos + seen[i].sz;
		pos = ranges[i].end + 1;
	}
	KUNIT_ASSERT_EQ(test, damon_set_regions(t, ranges, nr, 1), 0);
	damon_for_each_region(r, t) {
		r->nr_accesses = seen->nr_accesses;
		r->age = seen->age;
		r->nr_samples = seen->nr_samples;
		seen++;
	}
	ctx->next_aggregation_ns = 1000;
	ctx->now = 1000;
	return ctx;
}

static void stat_bandwidth(struct kunit *test)
{
	static const struct seen some[] = {
		{ 1000, 20, 0, 20 }, { 500, 1, 3, 20 }, { 7000, 0, 3, 20 },
		{ 9000, 0, 0, 0 },
	};
	static const struct seen much[] = { { ULONG_MAX >> 12, 20, 0, 20 } };

	static const struct seen more[] = {
		{ ULONG_MAX >> 2, 2000, 0, 2000 }, { 1000, 1, 0, 2000 },
	};

	/* per window, ten times per second */
	KUNIT_EXPECT_EQ(test, estimate_bandwidth(see(test, some, 4)),
			(1000 * 20 + 500) * 10);
	KUNIT_EXPECT_EQ(test, estimate_bandwidth(see(test, much, 1)),
			(u64)(ULONG_MAX >> 12) * 200);
	/* others may have asked for many samples: no bandwidth is too high */
	if (sizeof(long) == sizeof(u64))
		KUNIT_EXPECT_EQ(test, estimate_bandwidth(see(test, more, 2)), U64_MAX);
}

static void stat_percentiles(struct kunit *test)
{
	static const struct seen seen[] = {
		{ 300, 0, 9, 20 },	/* idle for ten windows */
		{ 100, 7, 1, 20 },	/* in use for two */
		{ 5000, 0, 0, 0 },	/* unknown */
		{ 100, 20, 4, 20 },	/* in use for five */
		{ 500, 0, 99, 20 },	/* idle for a hundred */
	};
	static const long want[][3] = {
		/* first, last, ms */
		{ 0, 10, -500 }, { 11, 20, -200 }, { 21, 50, 1000 },
		{ 51, 100, 10000 },
	};
	unsigned int i;
	long p;

	memset(percentiles, 0xff, sizeof(percentiles));
	estimate_idle_times(see(test, seen, ARRAY_SIZE(seen)));
	for (i = 0; i < ARRAY_SIZE(want); i++)
		for (p = want[i][0]; p <= want[i][1]; p++)
			KUNIT_EXPECT_EQ_MSG(test, percentiles[p], want[i][2],
					    "percentile %ld", p);
}

static void stat_one_region(struct kunit *test)
{
	static const struct seen one[] = { { 3, 0, UINT_MAX, 1 } };
	struct damon_ctx *ctx = see(test, one, 1);
	unsigned int p;

	ctx->attrs.aggr_interval = 200000000;
	estimate_idle_times(ctx);
	for (p = 0; p < NR_PERCENTILES; p++)
		KUNIT_EXPECT_EQ(test, percentiles[p],
				min_t(u64, (1ULL << 32) * 200000, LONG_MAX));
}

/* Nothing known, nothing said. */
static void stat_unknown(struct kunit *test)
{
	static const struct seen one[] = { { 1000, 0, 0, 0 } };

	memset(percentiles, 0, sizeof(percentiles));
	percentiles[50] = 7;
	estimate_idle_times(see(test, one, 1));
	KUNIT_EXPECT_EQ(test, percentiles[50], 7);
	estimate_idle_times(see(test, one, 0));
	KUNIT_EXPECT_EQ(test, percentiles[50], 7);
}

static void stat_no_memory(struct kunit *test)
{
	static const struct seen one[] = { { 1000, 0, 4, 20 } };
	struct damon_ctx *ctx = see(test, one, 1);
	unsigned int nth;
	bool failed = true;

	needs_failslab(test);
	for (nth = 1; failed && nth < 1000; nth++) {
		percentiles[50] = 7;
		fail_allocation(nth);
		estimate_idle_times(ctx);
		failed = allocation_failed();
		if (percentiles[50] != 7)
			KUNIT_EXPECT_EQ(test, percentiles[50], 500);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_EQ(test, percentiles[50], 500);
}

/* Neither in the middle of a window, nor too often. */
static void stat_refresh(struct kunit *test)
{
	static const struct seen one[] = { { 1000, 2, 4, 20 } };
	struct damon_ctx *ctx = see(test, one, 1);
	ktime_t soon;

	KUNIT_ASSERT_EQ(test, build(&stat, ctx), 0);
	bandwidth = 1;
	collect(ctx);
	KUNIT_EXPECT_EQ(test, bandwidth, 1);

	next_refresh = 0;
	ctx->now = ctx->next_aggregation_ns - 1;
	collect(ctx);
	KUNIT_EXPECT_EQ(test, bandwidth, 1);

	ctx->now++;
	soon = ktime_add_ms(ktime_get(), REFRESH_MS);
	collect(ctx);
	KUNIT_EXPECT_EQ(test, bandwidth, 1000 * 2 * 10);
	KUNIT_EXPECT_EQ(test, percentiles[0], -500);
	KUNIT_EXPECT_EQ(test, aggr_interval_us, 100000);
	KUNIT_EXPECT_GE(test, next_refresh, soon);
	bandwidth = 1;
	collect(ctx);
	KUNIT_EXPECT_EQ(test, bandwidth, 1);
}

static void stat_print(struct kunit *test)
{
	char *buffer = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	int len, commas = 0, i;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	for (i = 0; i < NR_PERCENTILES; i++)
		percentiles[i] = LONG_MIN;
	len = percentiles_get(buffer, NULL);
	KUNIT_EXPECT_EQ(test, len, strlen(buffer));
	KUNIT_EXPECT_LT(test, len, 4096);
	for (i = 0; i < len; i++)
		commas += buffer[i] == ',';
	KUNIT_EXPECT_EQ(test, commas, NR_PERCENTILES - 1);
	KUNIT_EXPECT_EQ(test, buffer[len - 1], '\n');
	KUNIT_EXPECT_PTR_EQ(test, strchr(buffer, '\n'), buffer + len - 1);
	KUNIT_EXPECT_EQ(test, percentiles_set("1", NULL), 0);
	KUNIT_EXPECT_EQ(test, percentiles[0], LONG_MIN);
}

static int stat_test_init(struct kunit *test)
{
	if (!damon_initialized() || damon_nr_running_ctxs())
		kunit_skip(test, "somebody else runs a context");
	return 0;
}

/* As if nothing had been collected yet. */
static void stat_test_exit(struct kunit *test)
{
	memset(percentiles, 0, sizeof(percentiles));
	bandwidth = 0;
	aggr_interval_us = 0;
}

static struct kunit_case stat_test_cases[] = {
	KUNIT_CASE(stat_bandwidth),
	KUNIT_CASE(stat_percentiles),
	KUNIT_CASE(stat_one_region),
	KUNIT_CASE(stat_unknown),
	KUNIT_CASE(stat_no_memory),
	KUNIT_CASE(stat_refresh),
	KUNIT_CASE(stat_print),
	{ }
};

static struct kunit_suite stat_test_suite = {
	.name = "damon-stat",
	.init = stat_test_init,
	.exit = stat_test_exit,
	.test_cases = stat_test_cases,
};

kunit_test_suite(stat_test_suite);
