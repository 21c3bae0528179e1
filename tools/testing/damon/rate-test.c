// SPDX-License-Identifier: GPL-2.0
/*
 * Access rates: counting samples, the rate at any moment of a window, and the
 * random numbers that samples are drawn with.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

static void set_window(struct damon_ctx *ctx, unsigned int samples)
{
	ctx->attrs.aggr_interval = samples * ctx->attrs.sample_interval;
}

TEST(moving_sum_vectors)
{
	static const struct {
		unsigned int current, last, left, window, value;
	} v[] = {
		{ 0, 12, 20, 20, 12 }, { 1, 12, 19, 20, 12 }, { 4, 12, 10, 20, 10 },
		{ 9, 12, 1, 20, 10 }, { 9, 12, 0, 20, 9 }, { 2, 3, 2, 3, 4 },
		{ 0, 7, 10, 10, 7 }, { 3, 10, 5, 10, 8 }, { 3, 10, 2, 10, 5 },
		{ 42, 49, 0, 100, 42 }, { 0, 49, 100, 100, 49 }, { 3, 10, 7, 10, 10 },
		/* a share that has no exact rate, and less than half an access */
		{ 0, 4, 20, 20, 4 }, { 0, 1, 9, 20, 1 }, { 0, 1, 0, 20, 0 },
	};
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1, 0);
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		set_window(ctx, v[i].window);
		r->nr_accesses = v[i].current;
		r->rate = damon_to_rate(v[i].last, v[i].window);
		r->nr_samples = v[i].window - v[i].left;
		EXPECT_EQ(v[i].value, damon_nr_accesses_mvsum(r, ctx)) {
			TH_LOG("vector %d", i);
		}
	}
	free_ctx(ctx);
}

static void count(struct __test_metadata *_metadata, unsigned int window,
		  unsigned int last, const char *answers, const unsigned int *bp)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1, 0);
	unsigned int i, nr = 0;

	set_window(ctx, window);
	r->rate = damon_to_rate(last, window);
	for (i = 0; answers[i]; i++) {
		nr += answers[i] == '1';
		damon_update_region_access_rate(r, answers[i] == '1', &ctx->attrs);
		EXPECT_EQ(nr, r->nr_accesses);
		/* not all shares have an exact rate */
		EXPECT_LE(abs_diff(bp[i], r->nr_accesses_bp), 1);
		EXPECT_EQ(i + 1, r->nr_samples);
	}
	free_ctx(ctx);
}

TEST(rate_moves_with_each_sample)
{
	static const unsigned int eight[] = { 62500, 65000, 57500, 50000, 52500,
					      45000, 37500, 40000 };
	static const unsigned int ten[] = { 55000, 50000, 55000, 50000, 45000,
					    40000, 45000, 40000, 35000, 30000 };

	count(_metadata, 8, 6, "11001001", eight);
	count(_metadata, 10, 5, "1010001000", ten);
}

TEST(only_answers_count)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r = add(t, 0, 1, 0);
	struct damon_looks looks;

	damon_looks_begin(&looks, ctx);
	damon_look_count(&looks, t, r, DAMON_UNKNOWN);
	ASSERT_EQ(0, r->nr_samples + r->nr_accesses);
	damon_look_count(&looks, t, r, DAMON_NOT_ACCESSED);
	ASSERT_EQ(1, r->nr_samples);
	ASSERT_EQ(0, r->nr_accesses);
	damon_look_count(&looks, t, r, DAMON_ACCESSED);
	ASSERT_EQ(2, r->nr_samples);
	ASSERT_EQ(1, r->nr_accesses);
	free_ctx(ctx);
}

/* Any intervals, any state: no overflow, and no more than a window can hold. */
TEST(rates_are_bounded)
{
	struct rng rng;

	for_each_case(rng, 50000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_region *r = add(target_of(ctx), 0, 1, 0);
		double rate;
		unsigned int window;

		ctx->attrs.sample_interval = rnd_any(&rng, 16);
		ctx->attrs.aggr_interval = rnd_any(&rng, BITS_PER_LONG);
		window = damon_max_nr_accesses(&ctx->attrs);
		r->rate = rnd_any(&rng, 21);
		r->nr_samples = min(rnd_any(&rng, 32), window - 1);
		r->nr_accesses = min(rnd_any(&rng, 32), r->nr_samples);

		HOLDS(damon_nr_accesses_mvsum(r, ctx) <= window);
		damon_update_region_access_rate(r, rnd_true(&rng, 0.5), &ctx->attrs);
		HOLDS(r->nr_accesses <= r->nr_samples && r->nr_samples <= window);
		rate = 1e4 * r->nr_accesses + 1e4 * r->rate *
			(window - r->nr_samples) / DAMON_FULL_RATE;
		HOLDS(r->nr_accesses_bp <= rate + 1);
		rate = rate < UINT_MAX ? rate : UINT_MAX;
		HOLDS(r->nr_accesses_bp + 1.0 >= rate * 0.999999999);

		/* one that comes after the last changes nothing */
		r->nr_samples = window - 1;
		r->nr_accesses = window - 1;
		damon_update_region_access_rate(r, true, &ctx->attrs);
		damon_update_region_access_rate(r, rnd_true(&rng, 0.5), &ctx->attrs);
		HOLDS(r->nr_accesses == window && r->nr_samples == window);
		HOLDS(r->nr_accesses_bp == min((u64)window * 10000, UINT_MAX));
		HOLDS(damon_nr_accesses_mvsum(r, ctx) == window);
		free_ctx(ctx);
	}
}

/* Schemes look after the window is closed and before the next one opens. */
TEST(rate_at_the_end_is_the_count)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_region *r = add(target_of(ctx), 0, 1, 0);
		unsigned int answers = rnd_in(&rng, 1, 21);

		ctx->attrs.min_nr_regions = 1;
		r->rate = damon_to_rate(rnd_in(&rng, 0, 21), TEST_WINDOW);
		r->worth = rnd_in(&rng, 0, 61);
		while (answers--)
			damon_update_region_access_rate(r, rnd_true(&rng, 0.5),
							&ctx->attrs);
		damon_close_window(ctx);
		r = damon_first_region(target_of(ctx));
		HOLDS(damon_nr_accesses_mvsum(r, ctx) == r->nr_accesses);
		HOLDS(r->nr_accesses_bp == r->nr_accesses * 10000);
		free_ctx(ctx);
	}
}

/* However rare accesses are, memory is not idle before a window says so. */
TEST(some_are_never_none)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		struct damon_ctx *ctx = make_ctx(_case);
		struct damon_region *r = add(target_of(ctx), 0, 100, 0);
		unsigned int window = rnd_in(&rng, 1, 1000);

		ctx->attrs.aggr_interval = window * ctx->attrs.sample_interval;
		r->nr_samples = rnd_in(&rng, 0, window);
		HOLDS(!damon_nr_accesses_mvsum(r, ctx));
		r->rate = 1 + rnd_any(&rng, 21) % DAMON_FULL_RATE;
		HOLDS(damon_nr_accesses_mvsum(r, ctx));
		HOLDS(damon_nr_accesses_mvsum(r, ctx) <= damon_to_nr(rate_of(r), window));
		free_ctx(ctx);
	}
}

TEST(random_numbers_fill_their_span)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct rng rng;

	for_each_case(rng, 300) {
		unsigned long l = rnd_any(&rng, BITS_PER_LONG) / 2, span, i;
		unsigned int seen = 0;

		span = max(rnd_any(&rng, BITS_PER_LONG) / 2, 16);
		for (i = 0; i < 1000; i++) {
			unsigned long x = damon_rand(ctx, l, l + span);

			HOLDS(x >= l && x < l + span);
			seen |= 1U << min((x - l) / (span / 16), 15);
		}
		HOLDS(seen == 0xffff);
		HOLDS(damon_rand(ctx, l, l + 1) == l);
	}
	free_ctx(ctx);
}

TEST_HARNESS_MAIN
