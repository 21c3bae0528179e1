// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes: what is accepted, how results and deadlines follow a change, and
 * the tuning of the intervals.
 */
#include <math.h>

#include "../selftests/kselftest_harness.h"
#include "test.h"

#define SEC	1000000UL

static const struct damon_attrs usual = {
	.sample_interval = 5000, .aggr_interval = 100000,
	.ops_update_interval = SEC, .min_nr_regions = 10, .max_nr_regions = 1000,
};

/* setting */

/* The end of a window with all samples that it can have. */
static bool tune(struct damon_ctx *ctx, u64 cost_ns)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			r->nr_samples = damon_max_nr_accesses(&ctx->attrs);
	damon_note_observed(ctx);
	return damon_tune_intervals(ctx, cost_ns);
}

TEST(only_valid_attributes_are_taken)
{
	static const struct {
		struct damon_attrs attrs;
		int result;
	} v[] = {
		{ { 5000, 100000, SEC, {}, 10, 1000, 0 }, 0 },
		{ { 5000, 100000, SEC, {}, 3, 3, 0 }, 0 },
		{ { 5000, 100000, SEC, {}, 2, 1000, 0 }, -EINVAL },
		{ { 5000, 100000, SEC, {}, 1, 1000, 0 }, -EINVAL },
		{ { 5000, 100000, SEC, {}, 6, 5, 0 }, -EINVAL },
		{ { 5000, 100000, SEC, {}, 10, 9, 0 }, -EINVAL },
		{ { 10000, 9999, SEC, {}, 10, 1000, 0 }, -EINVAL },
		{ { 5000, 4999, SEC, {}, 10, 1000, 0 }, -EINVAL },
		{ { 5000, 5000, 0, {}, 10, 1000, 0 }, 0 },
		{ { 0, 0, 0, {}, 10, 1000, 0 }, 0 },
		{ { 5000, 100000, SEC, { 400, 0, 9000, 1 }, 10, 1000, 0 }, 0 },
		{ { 5000, 100000, SEC, { 400, 3, 5000, 5000 }, 10, 1000, 0 }, 0 },
		{ { 5000, 100000, SEC, { 400, 3, 5001, 9000 }, 10, 1000, 0 }, -EINVAL },
		{ { 5000, 100000, SEC, { 400, 3, 1000, 4999 }, 10, 1000, 0 }, -EINVAL },
		{ { 5000, 100000, SEC, { 400, 3, 6000, 4000 }, 10, 1000, 0 }, -EINVAL },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1), before;
		struct damon_attrs attrs = v[i].attrs;

		set_text(target_of(ctx), "0-100:12/7/40");
		before = *ctx;
		EXPECT_EQ(v[i].result, damon_set_attrs(ctx, &attrs)) {
			TH_LOG("vector %d", i);
		}
		if (v[i].result) {
			EXPECT_EQ(0, memcmp(&before, ctx, sizeof(*ctx)));
			EXPECT_STREQ("0-100:12/7/40", get_text(target_of(ctx), TEXT_ALL));
		} else {
			EXPECT_TRUE(damon_attrs_equal(&attrs, &ctx->attrs));
			EXPECT_EQ(damon_max_nr_accesses(&attrs),
				  ctx->attrs.aggr_samples);
		}
		free_ctx(ctx);
	}
}

static void change(struct damon_ctx *ctx, unsigned long sample, unsigned long aggr)
{
	struct damon_attrs attrs = usual;

	attrs.sample_interval = sample;
	attrs.aggr_interval = aggr;
	if (damon_set_attrs(ctx, &attrs))
		abort();
}

TEST(results_are_rescaled)
{
	static const struct {
		unsigned long sample, aggr;
		const char *before;
		unsigned long new_sample, new_aggr;
		const char *after;
	} v[] = {
		{ 5000, 100000, "0-1:12/20/40", 10000, 400000, "0-1:24/20/10" },
		{ 5000, 100000, "0-1:12/20/40", 5000, 50000, "0-1:6/20/80" },
		{ 1000, 30000, "0-1:7/7/40", 1000, 60000, "0-1:14/7/20" },
		{ 10, 1000, "0-1:15/0/20", 100, 10000, "0-1:15/0/2" },
		{ 10, 1000, "0-1:15/0/2", 1, 1000, "0-1:150/0/2" },
		{ 10, 1000, "0-1:150/0/2", 1, 100, "0-1:150/0/20" },
		{ 5000, 100000, "0-1:12/20/40", 5000, 100000, "0-1:12/20/40" },
		/* as if it was one microsecond */
		{ 0, 100000, "0-1:60000/20/40", 5000, 100000, "0-1:12/20/40" },
		{ 5000, 100000, "0-1:12/20/40", 0, 100000, "0-1:60000/20/40" },
		/* windows without a length have no age */
		{ 0, 0, "0-1:1/20/40", 5000, 100000, "0-1:20/20/40" },
		{ 5000, 100000, "0-1:12/20/40", 0, 0, "0-1:1/20/40" },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1);

		change(ctx, v[i].sample, v[i].aggr);
		set_text(target_of(ctx), v[i].before);
		change(ctx, v[i].new_sample, v[i].new_aggr);
		EXPECT_STREQ(v[i].after, get_text(target_of(ctx), TEXT_ALL)) {
			TH_LOG("vector %d", i);
		}
		free_ctx(ctx);
	}
}

/* Tuning changes the intervals again and again, which makes nothing younger or older. */
TEST(ages_do_not_drift)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1, 0);
	int i;

	change(ctx, 5000, 100000);
	r->age = 40;
	for (i = 0; i < 100; i++) {
		change(ctx, 5000, 107000 + 1000 * (i % 5));
		change(ctx, 5000, 100000);
		ASSERT_GE(r->age, 39);
		ASSERT_LE(r->age, 41);
	}
	r->age = 1;
	change(ctx, 5000, 150000);
	ASSERT_EQ(1, r->age);
	change(ctx, 5000, 400000);
	ASSERT_EQ(0, r->age);
	r->age = UINT_MAX;
	change(ctx, 5000, 5000);
	ASSERT_EQ(UINT_MAX, r->age);
	free_ctx(ctx);
}

/* In the middle of a window, what has been sampled so far keeps its weight. */
TEST(samples_are_rescaled)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1, 5);

	change(ctx, 5000, 100000);
	r->nr_samples = 10;
	change(ctx, 5000, 200000);
	ASSERT_EQ(10, r->nr_accesses);
	ASSERT_EQ(20, r->nr_samples);
	r->nr_samples = 1;
	change(ctx, 5000, 50000);
	ASSERT_EQ(1, r->nr_samples);
	r->nr_samples = 0;
	change(ctx, 5000, 100000);
	ASSERT_EQ(0, r->nr_samples);
	free_ctx(ctx);
}

/* Looks count for no more intervals than there were. */
TEST(intervals_of_the_window_are_rescaled)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1, 5);

	change(ctx, 5000, 100000);
	r->nr_samples = 10;
	ctx->nr_intervals = 12;
	change(ctx, 1000, 100000);
	ASSERT_EQ(60, ctx->nr_intervals);
	change(ctx, 1000, 10000);
	ASSERT_EQ(6, ctx->nr_intervals);
	change(ctx, 10000, 10000);
	ASSERT_EQ(1, ctx->nr_intervals);
	ASSERT_LE(r->nr_samples, ctx->nr_intervals);
	ctx->nr_intervals = 0;
	change(ctx, 5000, 100000);
	ASSERT_EQ(0, ctx->nr_intervals);
	free_ctx(ctx);
}

TEST(hits_are_rescaled)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1, 5);

	change(ctx, 5000, 100000);
	r->nr_samples = 10;
	r->probe_hits[0] = 10;
	r->probe_hits[1] = 1;
	r->probe_hits[3] = 5;
	change(ctx, 5000, 200000);
	ASSERT_EQ(20, r->probe_hits[0]);
	ASSERT_EQ(2, r->probe_hits[1]);
	ASSERT_EQ(0, r->probe_hits[2]);
	ASSERT_EQ(10, r->probe_hits[3]);
	ASSERT_EQ(20, r->nr_samples);
	/* some do not become none, and more than fits is as much as fits */
	change(ctx, 5000, 10000);
	ASSERT_EQ(1, r->probe_hits[0]);
	ASSERT_EQ(1, r->probe_hits[1]);
	ASSERT_EQ(0, r->probe_hits[2]);
	ASSERT_EQ(1, r->nr_samples);
	change(ctx, 5000, 5000000);
	ASSERT_EQ(255, r->probe_hits[0]);
	ASSERT_EQ(0, r->probe_hits[2]);
	free_ctx(ctx);
}

/* Each of the attributes makes a difference. */
TEST(attributes_are_told_apart)
{
	struct damon_attrs a = usual;
	unsigned long *fields[] = {
		&a.sample_interval, &a.aggr_interval, &a.ops_update_interval, &a.min_nr_regions,
		&a.max_nr_regions, &a.intervals_goal.access_bp, &a.intervals_goal.aggrs,
		&a.intervals_goal.min_sample_us, &a.intervals_goal.max_sample_us,
	};
	int i;

	ASSERT_TRUE(damon_attrs_equal(&usual, &a));
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		++*fields[i];
		EXPECT_FALSE(damon_attrs_equal(&usual, &a)) {
			TH_LOG("field %d", i);
		}
		EXPECT_FALSE(damon_attrs_equal(&a, &usual));
		--*fields[i];
	}
	ASSERT_TRUE(damon_attrs_equal(&usual, &a));
}

/* What somebody has set is known, whatever tuning makes of it. */
TEST(attributes_are_remembered)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_attrs attrs = usual;

	attrs.sample_interval = 7000;
	attrs.intervals_goal = (struct damon_intervals_goal){
		.access_bp = 400, .aggrs = 1, .min_sample_us = 1, .max_sample_us = 100000,
	};
	ASSERT_EQ(0, damon_set_attrs(ctx, &attrs));
	add(target_of(ctx), 0, 1000, 0);
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_TRUE(damon_attrs_equal(&attrs, &ctx->user_attrs));
	ASSERT_FALSE(damon_attrs_equal(&attrs, &ctx->attrs));
	free_ctx(ctx);
}

TEST(what_is_in_force_changes_nothing)
{
	struct damon_ctx *ctx = make_ctx(1), before;
	struct damos scheme = { .next_apply_ns = 777000 };

	change(ctx, 5000, 100000);
	list_add(&scheme.list, &ctx->schemes);
	set_text(target_of(ctx), "0-100:12/7/40 100-200:1/2/3");
	damon_first_region(target_of(ctx))->nr_samples = 13;
	ctx->now = 100000;
	ctx->next_sample_ns = 200000;
	ctx->next_aggregation_ns = 300000;
	ctx->next_ops_update_ns = 400000;
	before = *ctx;
	change(ctx, 5000, 100000);
	ASSERT_EQ(0, memcmp(&before, ctx, sizeof(*ctx)));
	ASSERT_STREQ("0-100:12/7/40 100-200:1/2/3", get_text(target_of(ctx), TEXT_ALL));
	ASSERT_EQ(13, damon_first_region(target_of(ctx))->nr_samples);
	ASSERT_EQ(777000, scheme.next_apply_ns);
	list_del(&scheme.list);
	free_ctx(ctx);
}

TEST(deadlines_keep_their_share)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damos follows = {}, own = { .apply_interval_us = 70000 };

	change(ctx, 5000, 100000);
	list_add(&follows.list, &ctx->schemes);
	list_add(&own.list, &ctx->schemes);
	ctx->now = 1000 * NSEC_PER_USEC;
	ctx->next_sample_ns = 2000 * NSEC_PER_USEC;
	ctx->next_aggregation_ns = 26000 * NSEC_PER_USEC;
	ctx->next_ops_update_ns = 500 * NSEC_PER_USEC;
	own.next_apply_ns = 51000 * NSEC_PER_USEC;

	change(ctx, 10000, 400000);
	ASSERT_EQ(3000 * NSEC_PER_USEC, ctx->next_sample_ns);
	ASSERT_EQ(101000 * NSEC_PER_USEC, ctx->next_aggregation_ns);
	ASSERT_EQ(101000 * NSEC_PER_USEC, damos_next_apply_ns(ctx, &follows));
	/* neither an interval of its own nor one that is over */
	ASSERT_EQ(51000 * NSEC_PER_USEC, own.next_apply_ns);
	ASSERT_EQ(500 * NSEC_PER_USEC, ctx->next_ops_update_ns);
	list_del(&follows.list);
	list_del(&own.list);
	free_ctx(ctx);
}

/* Windows end however often the intervals change meanwhile. */
TEST(changes_postpone_nothing_forever)
{
	struct damon_ctx *ctx = make_ctx(1);
	unsigned int i, windows = 0;

	change(ctx, 5000, 100000);
	ctx->next_aggregation_ns = 100 * NSEC_PER_MSEC;
	for (i = 0; i < 1000; i++) {
		ctx->now += 10 * NSEC_PER_MSEC;
		if (ctx->now >= ctx->next_aggregation_ns) {
			ctx->next_aggregation_ns = ctx->now +
				damon_us_to_ns(ctx->attrs.aggr_interval);
			windows++;
		}
		change(ctx, 5000, i % 2 ? 100000 : 200000);
	}
	/* ten seconds, windows of a tenth and of two tenths in turn */
	ASSERT_GE(windows, 50);
	ASSERT_LE(windows, 100);
	free_ctx(ctx);
}

static struct damon_attrs random_attrs(struct rng *rng)
{
	struct damon_attrs attrs = {
		.sample_interval = rnd_any(rng, BITS_PER_LONG),
		.aggr_interval = rnd_any(rng, BITS_PER_LONG),
		.ops_update_interval = rnd_any(rng, BITS_PER_LONG),
		.min_nr_regions = rnd_in(rng, 3, 20),
		.max_nr_regions = rnd_in(rng, 20, 2000),
	};

	if (attrs.aggr_interval < attrs.sample_interval)
		swap(attrs.aggr_interval, attrs.sample_interval);
	if (rnd_true(rng, 0.5)) {
		attrs.intervals_goal.aggrs = rnd_in(rng, 1, 3);
		attrs.intervals_goal.access_bp = rnd_any(rng, BITS_PER_LONG);
		attrs.intervals_goal.min_sample_us = rnd_true(rng, 0.5) ? 0 :
			attrs.sample_interval;
		attrs.intervals_goal.max_sample_us = rnd_true(rng, 0.5) ?
			ULONG_MAX : attrs.sample_interval;
	}
	return attrs;
}

static void random_deadline(struct rng *rng, struct damon_ctx *ctx, u64 *deadline,
			    unsigned long interval)
{
	u64 length = damon_us_to_ns(interval);

	*deadline = ctx->now + (length ? rnd(rng) % (length + 1) : 0);
}

/* Nothing overflows, and no deadline moves further away than its interval. */
TEST(extremes_are_handled)
{
	struct rng rng;

	for_each_case(rng, 30000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_attrs first = random_attrs(&rng);
		struct damon_attrs second = random_attrs(&rng);
		struct damon_target *t;
		struct damon_region *r;
		unsigned int window;

		make_target(ctx);
		ctx->now = rnd_any(&rng, 62);
		HOLDS(damon_set_attrs(ctx, &first) == 0);
		random_deadline(&rng, ctx, &ctx->next_sample_ns, first.sample_interval);
		random_deadline(&rng, ctx, &ctx->next_aggregation_ns,
				first.aggr_interval);
		random_deadline(&rng, ctx, &ctx->next_ops_update_ns,
				first.ops_update_interval);
		window = damon_max_nr_accesses(&first);
		damon_for_each_target(t, ctx) {
			random_regions(&rng, t, 5, 1, window);
			damon_for_each_region(r, t)
				r->nr_samples = r->nr_accesses +
					rnd(&rng) % (window - r->nr_accesses + 1ULL);
			HOLDS(damon_counts_possible(t, window));
		}

		HOLDS(damon_set_attrs(ctx, &second) == 0);
		window = damon_max_nr_accesses(&second);
		HOLDS(ctx->next_sample_ns >= ctx->now &&
		      ctx->next_sample_ns - ctx->now <=
		      damon_us_to_ns(second.sample_interval));
		HOLDS(ctx->next_aggregation_ns >= ctx->now &&
		      ctx->next_aggregation_ns - ctx->now <=
		      damon_us_to_ns(second.aggr_interval));
		HOLDS(ctx->next_ops_update_ns - ctx->now <=
		      damon_us_to_ns(second.ops_update_interval));
		damon_for_each_target(t, ctx)
			HOLDS(damon_counts_possible(t, window));

		tune(ctx, 0);
		tune(ctx, 0);
		HOLDS(ctx->attrs.sample_interval == second.sample_interval ||
		      second.intervals_goal.aggrs);
		HOLDS(damon_check_attrs(&ctx->attrs) == 0);
		free_ctx(ctx);
	}
}

/* tuning */

static void set_goal(struct damon_ctx *ctx, unsigned long sample,
		     unsigned long samples, unsigned long aggrs)
{
	struct damon_attrs attrs = usual;

	attrs.sample_interval = sample;
	attrs.aggr_interval = sample * samples;
	attrs.intervals_goal = (struct damon_intervals_goal){
		.access_bp = 400, .aggrs = aggrs,
		.min_sample_us = 1, .max_sample_us = 100 * SEC,
	};
	if (damon_set_attrs(ctx, &attrs))
		abort();
}

TEST(tuning_follows_the_table)
{
	/* 1/10000 of the goal that was reached, 1/10000 of the interval then */
	static const unsigned int v[][2] = {
		{ 0, 40000 }, { 2500, 40000 }, { 5000, 20000 }, { 8000, 12500 },
		{ 9000, 10555 }, { 9500, 10263 }, { 10000, 10000 },
		{ 10500, 9761 }, { 12500, 9000 }, { 16000, 6250 },
		{ 20000, 5000 },
		{ 40000, 2500 }, { 250000, 2500 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1);

		set_goal(ctx, 10000, 10000, 1);
		/* 4 % of all samples are the goal */
		add(target_of(ctx), 0, 1000, v[i][0] * 400 / 10000);
		EXPECT_EQ(v[i][1] != 10000, tune(ctx, 0));
		EXPECT_EQ(v[i][1], ctx->attrs.sample_interval);
		EXPECT_EQ(v[i][1] * 10000, ctx->attrs.aggr_interval);
		free_ctx(ctx);
	}
}

/* Rates far below one access per window are what they are, with few samples, too. */
TEST(tuning_knows_small_rates)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r;
	unsigned int i;

	for (unsigned int nr_samples = 2; nr_samples <= 10; nr_samples += 4) {
		set_goal(ctx, 10000, 10, 50);
		ctx->attrs.intervals_goal.access_bp = 400;
		damon_destroy_regions(target_of(ctx));
		for (i = 0; i < 100; i++)
			add(target_of(ctx), i * 1000, (i + 1) * 1000, 0);
		for (unsigned int window = 0; window < 50; window++) {
			unsigned int nr = 0;

			damon_for_each_region(r, target_of(ctx)) {
				r->nr_samples = nr_samples;
				/* one of 25 of all samples */
				for (i = 0; i < nr_samples; i++)
					r->nr_accesses += !((nr++ + window) % 25);
			}
			damon_close_window(ctx);
			damon_tune_intervals(ctx, 0);
			damon_open_window(ctx);
		}
		EXPECT_LT(abs((int)ctx->attrs.sample_interval - 10000), 500);
	}
	free_ctx(ctx);
}

/* The same way again is gone faster, up to the same bounds. */
TEST(tuning_speeds_up)
{
	static const unsigned int v[][2] = {
		/* 1/10000 of the goal, 1/10000 of the interval then */
		{ 6250, 16000 }, { 6250, 25600 }, { 6250, 25600 },
		{ 9000, 10555 }, { 5000, 20000 }, { 2500, 40000 },
		{ 16000, 6250 }, { 16000, 3906 }, { 20000, 2500 },
		{ 10000, 10000 }, { 20000, 5000 },
		/* small steps are no way, either way */
		{ 10500, 9761 }, { 20000, 5000 }, { 9500, 10263 }, { 5000, 20000 },
		/* a way of a fifth is one, and twice as far is a quarter at least */
		{ 10000, 10000 }, { 8000, 12500 }, { 8000, 15625 },
		{ 10000, 10000 }, { 25000, 4000 }, { 25000, 2500 },
	};
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r;
	unsigned int i;

	set_goal(ctx, 10000, 10000, 1);
	r = add(target_of(ctx), 0, 1000, 0);
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		ctx->attrs.sample_interval = 10000;
		ctx->attrs.aggr_interval = 10000 * 10000UL;
		r->nr_accesses = v[i][0] * 400 / 10000;
		tune(ctx, 0);
		EXPECT_EQ(v[i][1], ctx->attrs.sample_interval) {
			TH_LOG("vector %d", i);
		}
	}
	free_ctx(ctx);
}

/* A window is not longer than there are numbers for, but no shorter for that. */
TEST(tuning_does_not_overflow)
{
	struct damon_ctx *ctx = make_ctx(1);

	set_goal(ctx, 10000, 20, 1);
	ctx->attrs.intervals_goal.max_sample_us = ULONG_MAX;
	ctx->attrs.aggr_samples = ULONG_MAX / 15000;
	add(target_of(ctx), 0, 1000, 0);
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(15000, ctx->attrs.sample_interval);
	ASSERT_EQ(ULONG_MAX / 15000 * 15000, ctx->attrs.aggr_interval);
	/* more is wanted, and users are to know */
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(15000, ctx->attrs.sample_interval);
	free_ctx(ctx);
}

TEST(tuning_respects_its_bounds)
{
	struct damon_ctx *ctx = make_ctx(1);

	set_goal(ctx, 10000, 20, 1);
	ctx->attrs.intervals_goal.max_sample_us = 12000;
	ctx->attrs.intervals_goal.min_sample_us = 9000;
	add(target_of(ctx), 0, 1000, 0);
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(12000, ctx->attrs.sample_interval);
	/* more is wanted, and users are to know */
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(12000, ctx->attrs.sample_interval);
	damon_first_region(target_of(ctx))->nr_accesses = 20;
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(9000, ctx->attrs.sample_interval);
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(9000, ctx->attrs.sample_interval);
	free_ctx(ctx);
}

/* The shortest interval there is can be left, and can be come to. */
TEST(tuning_comes_to_a_microsecond)
{
	struct damon_ctx *ctx = make_ctx(1);

	set_goal(ctx, 1, 20, 1);
	add(target_of(ctx), 0, 1000, 0);
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(4, ctx->attrs.sample_interval);
	free_ctx(ctx);

	ctx = make_ctx(1);
	set_goal(ctx, 2, 20, 1);
	add(target_of(ctx), 0, 1000, 20);
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(1, ctx->attrs.sample_interval);
	free_ctx(ctx);
}

/* The windows since the last tuning count together. */
/* A context starts with attributes that damon_set_attrs() has never seen. */
TEST(tuning_knows_windows_by_itself)
{
	struct damon_ctx *ctx = make_ctx(1);

	set_goal(ctx, 10000, 20, 1);
	ctx->attrs.aggr_samples = 0;
	add(target_of(ctx), 0, 1000, 0);
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(40000, ctx->attrs.sample_interval);
	ASSERT_EQ(800000, ctx->attrs.aggr_interval);
	ASSERT_TRUE(tune(ctx, 0));
	ASSERT_EQ(20, damon_max_nr_accesses(&ctx->attrs));
	free_ctx(ctx);
}

TEST(tuning_takes_several_windows)
{
	static const unsigned int counts[] = { 0, 800, 400 };
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1000, 0);
	int i;

	set_goal(ctx, 10000, 10000, 3);
	for (i = 0; i < 9; i++) {
		r->nr_accesses = counts[i % 3];
		ASSERT_FALSE(tune(ctx, 0));
	}
	ASSERT_EQ(10000, ctx->attrs.sample_interval);
	for (i = 0; i < 3; i++) {
		r->nr_accesses = 800;
		ASSERT_EQ(i == 2, tune(ctx, 0));
	}
	ASSERT_EQ(5000, ctx->attrs.sample_interval);
	free_ctx(ctx);
}

/* From one microsecond on, an interval that is too short becomes longer. */
TEST(tuning_leaves_the_shortest_interval)
{
	struct damon_ctx *ctx = make_ctx(1);
	int i;

	set_goal(ctx, 1, 20, 1);
	add(target_of(ctx), 0, 100, 0);
	damon_first_region(target_of(ctx))->nr_accesses = 0;
	for (i = 0; i < 3; i++) {
		unsigned long old = ctx->attrs.sample_interval;

		/* just below the goal: the step alone would be rounded away */
		set_text(target_of(ctx), "0-961:0 961-1000:20");
		tune(ctx, 0);
		ASSERT_GT(ctx->attrs.sample_interval, old);
	}
	free_ctx(ctx);
}

/* How long an interval becomes if its samples take so long. */
TEST(tuning_weighs_what_samples_cost)
{
	static const struct {
		unsigned int share;	/* 1/10000 of the goal that was reached */
		u64 cost_ns;
		unsigned long us;
	} v[] = {
		/* the goal alone, as long as that is cheap */
		{ 10000, 0, 10000 }, { 20000, 50000, 5000 }, { 20000, 30000, 5000 },
		{ 5000, 100000, 20000 }, { 5000, 150000, 20000 },
		/* one per cent of a CPU, however much there is to see */
		{ 10000, 1000000, 100000 }, { 250000, 1000000, 100000 },
		{ 0, 1000000, 100000 }, { 250000, 70000, 7000 }, { 5000, 250000, 25000 },
		/* about as much as that */
		{ 10000, 115000, 10000 }, { 250000, 115000, 10000 },
		{ 250000, 85000, 10000 }, { 10000, 125000, 12500 },
		{ 10000, 120000, 10000 }, { 10000, 120010, 12001 },
		/* bounds are the user's */
		{ 10000, 1000000000000, 100 * SEC }, { 10000, U64_MAX, 100 * SEC },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		/* with 32 bits, that is what so many samples of a window leave */
		unsigned long us = min(v[i].us, ULONG_MAX / 10000);

		set_goal(ctx, 10000, 10000, 1);
		add(target_of(ctx), 0, 1000, v[i].share * 400 / 10000);
		EXPECT_EQ(us != 10000, tune(ctx, v[i].cost_ns));
		EXPECT_EQ(us, ctx->attrs.sample_interval) {
			TH_LOG("vector %d", i);
		}
		free_ctx(ctx);
	}
}

/* One window that happened to be expensive is not the whole story. */
TEST(costs_of_several_windows_count_together)
{
	static const u64 costs[] = { 300000, 0, 300000 };
	struct damon_ctx *ctx = make_ctx(1);
	int i;

	set_goal(ctx, 10000, 10000, 3);
	add(target_of(ctx), 0, 1000, 400);
	for (i = 0; i < 6; i++)
		ASSERT_EQ(i == 2, tune(ctx, costs[i % 3]));
	ASSERT_EQ(20000, ctx->attrs.sample_interval);
	for (i = 0; i < 3; i++)
		tune(ctx, 0);
	/* the goal is met with less, and now that can be had */
	damon_first_region(target_of(ctx))->nr_accesses = 800;
	for (i = 0; i < 3; i++)
		tune(ctx, 0);
	ASSERT_EQ(10000, ctx->attrs.sample_interval);
	free_ctx(ctx);
}

/*
 * Samples of a cost of their own: wherever tuning begins, it comes to rest where they take
 * no more than their share, and no longer than it has to.
 */
TEST(tuning_bounds_the_share_of_a_cpu)
{
	struct rng rng;

	for_each_case(rng, 200) {
		struct damon_ctx *ctx = make_ctx(1);
		u64 cost_ns = 1000 * pow(10, 3 * rnd_share(&rng));
		unsigned long us;
		int i;

		set_goal(ctx, 10 * pow(10, 6 * rnd_share(&rng)), 20, 3);
		/* hot, so that the goal wants the shortest one */
		add(target_of(ctx), 0, 1000, 20);
		for (i = 0; i < 60; i++)
			tune(ctx, cost_ns + cost_ns / 10 * (i % 3 - 1));
		us = ctx->attrs.sample_interval;
		HOLDS(us * 12 / 10 + 1 >= cost_ns / 10);
		HOLDS(us <= cost_ns / 10 * 12 / 10 + 1 + cost_ns / 40);
		for (i = 0; i < 6; i++)
			tune(ctx, cost_ns);
		HOLDS(us == ctx->attrs.sample_interval);
		free_ctx(ctx);
	}
}

/*
 * Memory some of which is always in use, while the rates at which the rest is
 * touched are spread over some orders of magnitude: what one sample sees grows
 * with the sampling interval, in proportion at first, and less and less.
 */
struct plant {
	unsigned int nr, nr_busy;
	double rate;			/* of the quickest of the rest, per us */
	double decades;
};

static double access_share(const struct plant *plant, unsigned int i, double us)
{
	double slower;

	if (i < plant->nr_busy)
		return 1;
	slower = plant->decades * (i - plant->nr_busy) /
		(plant->nr - plant->nr_busy);
	return -expm1(-plant->rate * pow(10, -slower) * us);
}

static double mean_share(const struct plant *plant, double us)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < plant->nr; i++)
		sum += access_share(plant, i, us);
	return sum / plant->nr;
}

/* One for which the goal is met with some interval from 1 ms to 10 s. */
static struct plant random_plant(struct rng *rng, double goal)
{
	struct plant plant = {
		.nr = 500,
		.nr_busy = rnd_in(rng, 0, 500 * goal * 5 / 8),
		.decades = 6 * rnd_share(rng),
	};
	double us = 1000 * pow(10, 4 * rnd_share(rng)), low = -12, high = 3;
	int i;

	for (i = 0; i < 50; i++) {
		double middle = (low + high) / 2;

		plant.rate = pow(10, middle);
		if (mean_share(&plant, us) < goal)
			low = middle;
		else
			high = middle;
	}
	return plant;
}

static void observe(struct rng *rng, struct damon_ctx *ctx,
		    const struct plant *plant)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs), i = 0, j;
	struct damon_region *r;

	damon_for_each_region(r, target_of(ctx)) {
		double p = access_share(plant, i++, ctx->attrs.sample_interval);

		r->nr_accesses = 0;
		for (j = 0; j < window; j++)
			r->nr_accesses += rnd_true(rng, p);
	}
}

/* Tunes on and on.  Returns how often until the share was right for ever after. */
static unsigned int count_tunings(struct rng *rng, struct damon_ctx *ctx,
				  const struct plant *plant, double goal)
{
	const unsigned int aggrs = ctx->attrs.intervals_goal.aggrs, nr = 30;
	unsigned int i, j, last_off = 0;

	for (i = 1; i <= nr; i++) {
		double share = mean_share(plant, ctx->attrs.sample_interval);

		if (fabs(share / goal - 1) > 0.1)
			last_off = i;
		for (j = 0; j < aggrs; j++) {
			observe(rng, ctx, plant);
			tune(ctx, 0);
		}
	}
	return last_off;
}

TEST(tuning_reaches_its_goal_and_stays)
{
	unsigned int nr_starts = 0, most = 0, nr, i;
	struct rng rng;

	for_each_case(rng, 60) {
		struct damon_ctx *ctx = make_ctx(1);
		struct plant plant = random_plant(&rng, 0.04);

		/* from 1 ms to 10 s, every magnitude alike */
		set_goal(ctx, 1000 * pow(10, 4 * rnd_share(&rng)), 20, 4);
		for (i = 0; i < plant.nr; i++)
			add(target_of(ctx), i, i + 1, 0);
		nr = count_tunings(&rng, ctx, &plant, 0.04);
		HOLDS(nr < 12);
		HOLDS(ctx->attrs.aggr_interval == 20 * ctx->attrs.sample_interval);
		most = max(most, nr);
		nr_starts++;
		free_ctx(ctx);
	}
	TH_LOG("%u starts, at most %u tunings", nr_starts, most);
}

/* A window in which all memory is accessed in a share @p of the intervals. */
static void look_at_all(struct rng *rng, struct damon_ctx *ctx, double p)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);
	static unsigned int lasted[64];
	struct damon_looks looks;
	struct damon_region *r;

	for (ctx->now = 1; ctx->now <= window; ctx->now++) {
		ctx->next_aggregation_ns = window;
		damon_looks_begin(&looks, ctx);
		damon_for_each_region(r, target_of(ctx)) {
			unsigned int *nr = &lasted[r->ar.start / 1000];

			if (damon_sample_pending(r) && damon_look_lasts(&looks, r)) {
				++*nr;
				continue;
			}
			if (damon_sample_pending(r))
				damon_look_count(&looks, target_of(ctx), r,
						 rnd_true(rng, 1 - pow(1 - p, *nr)) ?
						 DAMON_ACCESSED : DAMON_NOT_ACCESSED);
			r->sampling_addr = DAMON_NO_SAMPLE;
			if (!damon_look_next(&looks, r))
				continue;
			damon_look_begins(&looks, r);
			r->sampling_addr = r->ar.start;
			*nr = 1;
		}
	}
}

/* When a region is looked at depends on what the looks have shown, and the share does not. */
TEST(rare_accesses_are_not_overrated)
{
	static const double shares[] = { .01, .02, .04, .1, .3, .9 };
	struct rng rng;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(shares); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		double observed;

		fixed_case(&rng, 1, i);
		ctx->attrs.min_nr_regions = 50;
		ctx->attrs.max_nr_regions = 50;
		set_goal(ctx, 5000, 10, UINT_MAX);
		for (j = 0; j < 50; j++)
			add(target_of(ctx), j * 1000, (j + 1) * 1000, 0);
		damon_enforce_min_nr_regions(ctx);
		for (j = 0; j < 2000; j++) {
			look_at_all(&rng, ctx, shares[i]);
			damon_close_window(ctx);
			damon_open_window(ctx);
			damon_plan_looks(ctx);
		}
		observed = (double)ctx->tune_observed / ctx->tune_windows / 1e8;
		EXPECT_LT(fabs(observed / shares[i] - 1), 0.05)
			TH_LOG("%f seems to be %f", shares[i], observed);
		free_ctx(ctx);
	}
}

TEST_HARNESS_MAIN
