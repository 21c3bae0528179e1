// SPDX-License-Identifier: GPL-2.0
/*
 * Regions that take turns: which of them are steady, how many of their turns those
 * take, and what their samples count for.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

/* A region of the given size, cold or hot for long. */
static struct damon_region *add_steady(struct damon_ctx *ctx, unsigned long size,
				       bool hot)
{
	struct damon_region *r = add(target_of(ctx), 0, size, 0);

	r->age = DAMON_STEADY_AGE;
	r->last_nr_accesses = hot ? damon_max_nr_accesses(&ctx->attrs) : 0;
	return r;
}

static struct damon_ctx *make_turns_ctx(unsigned int window)
{
	struct damon_ctx *ctx = make_ctx(1);

	ctx->attrs.aggr_interval = window * ctx->attrs.sample_interval;
	ctx->last_nr_intervals = window;
	ctx->region_sz_limit = 1600;
	return ctx;
}

static unsigned int span_of(struct damon_ctx *ctx, struct damon_region *r)
{
	struct damon_turns turns;

	damon_turns_begin(&turns, ctx, 0);
	return damon_turns_span(&turns, r);
}

TEST(turns_of_windows)
{
	static const struct {
		unsigned int window, n, spacing, turn, span;
	} v[] = {
		{ 1, 0, 1, 0, 1 }, { 3, 2, 1, 2, 1 }, { 4, 3, 1, 3, 2 },
		{ 6, 0, 1, 0, 3 }, { 8, 7, 1, 7, 4 }, { 19, 18, 1, 18, 4 },
		{ 20, 0, 2, 0, 4 }, { 20, 1, 2, 0, 4 }, { 20, 19, 2, 9, 4 },
		/* a timer fits one more in */
		{ 20, 20, 2, 9, 4 }, { 10, 10, 1, 9, 4 },
		{ 100, 99, 10, 9, 4 }, { UINT_MAX, UINT_MAX, UINT_MAX / 10, 10, 4 },
	};
	struct damon_turns turns;
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_turns_ctx(v[i].window);

		damon_turns_begin(&turns, ctx, v[i].n);
		EXPECT_EQ(v[i].spacing, turns.spacing);
		EXPECT_EQ(v[i].turn, turns.turn);
		EXPECT_EQ(v[i].span, turns.span);
		free_ctx(ctx);
	}
}

TEST(steady_is_who_was_always_alike)
{
	static const struct {
		unsigned int age, last, nr, samples;
		bool steady;
	} v[] = {
		{ 2, 0, 0, 0, true }, { 9, 0, 0, 5, true }, { 2, 20, 0, 0, true },
		{ 2, 20, 7, 7, true }, { 1, 0, 0, 5, false }, { 1, 20, 5, 5, false },
		{ 9, 0, 1, 5, false }, { 9, 20, 4, 5, false }, { 9, 19, 5, 5, false },
		{ 9, 1, 0, 5, false }, { 0, 0, 0, 0, false },
	};
	struct damon_region r;
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		r = (struct damon_region){
			.age = v[i].age, .last_nr_accesses = v[i].last,
			.nr_accesses = v[i].nr, .nr_samples = v[i].samples,
		};
		EXPECT_EQ(v[i].steady, damon_region_steady(&r, 20)) {
			TH_LOG("vector %d", i);
		}
	}
}

/* The larger a cold region is, the more of its turns it takes. */
TEST(cold_regions_are_searched_by_size)
{
	static const struct {
		unsigned long size;
		unsigned int span;
	} v[] = {
		{ 1, 4 }, { 200, 4 }, { 201, 3 }, { 266, 3 }, { 267, 2 }, { 400, 2 },
		{ 401, 1 }, { 1600, 1 }, { ULONG_MAX, 1 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_turns_ctx(20);
		struct damon_region *r = add_steady(ctx, v[i].size, false);

		EXPECT_EQ(v[i].span, span_of(ctx, r));
		r->last_nr_accesses = 20;
		EXPECT_EQ(4, span_of(ctx, r));
		r->age = 0;
		EXPECT_EQ(1, span_of(ctx, r));
		free_ctx(ctx);
	}
}

TEST(who_takes_every_turn)
{
	struct damon_ctx *ctx = make_turns_ctx(20);
	struct damon_region *r = add_steady(ctx, 1, true);
	LIST_HEAD(probe);

	EXPECT_EQ(4, span_of(ctx, r));
	ctx->searching = true;
	EXPECT_EQ(1, span_of(ctx, r));
	ctx->searching = false;

	/* a late worker: three turns, then one, of ten */
	ctx->last_nr_intervals = 7;
	EXPECT_EQ(1, span_of(ctx, r));
	ctx->last_nr_intervals = 8;
	EXPECT_EQ(2, span_of(ctx, r));
	ctx->last_nr_intervals = 20;

	list_add(&probe, &ctx->probes);
	ctx->ops.apply_probes = (void *)1;
	EXPECT_EQ(1, span_of(ctx, r));
	free_ctx(ctx);
}

static enum damon_answer answer_of(bool accessed)
{
	return accessed ? DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}

TEST(samples_count_for_turns_left_out)
{
	struct damon_ctx *ctx = make_turns_ctx(20);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r = add_steady(ctx, 1, false);
	struct damon_turns turns;

	r->sampling_addr = 0;
	damon_turns_begin(&turns, ctx, 2 * 2);
	damon_turns_count(&turns, t, r, DAMON_UNKNOWN);
	ASSERT_EQ(0, r->nr_samples);
	damon_turns_count(&turns, t, r, DAMON_NOT_ACCESSED);
	ASSERT_EQ(3, r->nr_samples);
	ASSERT_EQ(0, r->nr_accesses);

	/* without an answer in time, those of one sample and no more */
	damon_turns_begin(&turns, ctx, 8 * 2);
	damon_turns_count(&turns, t, r, DAMON_ACCESSED);
	ASSERT_EQ(7, r->nr_samples);
	ASSERT_EQ(4, r->nr_accesses);
	ASSERT_EQ(40000, r->nr_accesses_bp);
	ASSERT_EQ(1, t->spots.nr);

	/* not steady any more */
	damon_turns_begin(&turns, ctx, 9 * 2);
	ASSERT_FALSE(damon_turns_skip(&turns, r));
	damon_turns_count(&turns, t, r, DAMON_ACCESSED);
	ASSERT_EQ(8, r->nr_samples);
	ASSERT_EQ(5, r->nr_accesses);
	ASSERT_EQ(1, t->spots.nr);
	free_ctx(ctx);
}

/* One window of a region that has its turns at intervals @first, @first + spacing ... */
static unsigned int watch(struct damon_ctx *ctx, struct damon_region *r,
			  struct rng *rng, unsigned int nr_intervals, double rate)
{
	unsigned int n, nr = 0, first = rnd_in(rng, 0, 1000);
	struct damon_turns turns;

	ctx->turn_shift = rnd(rng);
	r->nr_samples = 0;
	r->nr_accesses = 0;
	for (n = 0; n < nr_intervals; n++) {
		damon_turns_begin(&turns, ctx, n);
		if ((n + first) % turns.spacing || damon_turns_skip(&turns, r))
			continue;
		damon_turns_count(&turns, target_of(ctx), r,
				  answer_of(rnd_true(rng, rate)));
		nr++;
	}
	return nr;
}

/*
 * Whatever the window, no steady region goes without a sample, and samples count for
 * no more turns than there were.
 */
TEST(no_window_without_a_sample)
{
	struct rng rng;

	for_each_case(rng, 20000) {
		unsigned int window = rnd_in(&rng, 1, 60);
		struct damon_ctx *ctx = make_turns_ctx(window);
		bool hot = rnd_true(&rng, 0.5);
		struct damon_region *r = add_steady(ctx, rnd_in(&rng, 1, 2000), hot);
		unsigned int spacing = max(window / DAMON_ENOUGH_SAMPLES, 1);
		/* a timer may fit one more in */
		unsigned int n = rnd_in(&rng, window, window + 2), nr;
		unsigned int turns = (n + spacing - 1) / spacing;

		nr = watch(ctx, r, &rng, n, hot);
		HOLDS(nr && r->nr_samples >= min(nr, window));
		HOLDS(r->nr_samples <= min(turns, window));
		HOLDS(r->nr_accesses == (hot ? r->nr_samples : 0));
		/* few are left out at the end */
		HOLDS(r->nr_samples + DAMON_STEADY_SPAN > window / spacing);
		/* and one turn may have come twice */
		HOLDS(nr <= turns / span_of(ctx, r) + 2);

		/* anything else */
		r->nr_accesses = 0;
		nr = watch(ctx, r, &rng, n, rnd_true(&rng, 0.5) ? 0.5 : !hot);
		HOLDS(nr && r->nr_samples >= min(nr, window));
		HOLDS(r->nr_samples <= min(turns, window));
		HOLDS(r->nr_accesses <= r->nr_samples);
		free_ctx(ctx);
	}
}

/*
 * A window can be shorter than the last one, whether that is known in its last interval
 * or the worker has been late for longer than that.
 */
TEST(no_short_window_without_a_sample)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		unsigned int window = rnd_in(&rng, 1, 60), n, i;
		unsigned int nr_intervals = rnd_in(&rng, 1, window + 1);
		bool late = rnd_true(&rng, 0.5);
		struct damon_ctx *ctx = make_turns_ctx(window);
		struct damon_target *t = target_of(ctx);
		struct damon_turns turns;
		struct damon_region *r;

		for (i = 0; i < 50; i++)
			add_steady(ctx, 1, rnd_true(&rng, 0.5));
		ctx->next_aggregation_ns = 1000;
		for (n = 1; n <= nr_intervals; n++) {
			bool last = n == nr_intervals;

			ctx->next_sample_ns = last && !late ? 1000 : 999;
			damon_turns_next(&turns, ctx, last && late ? 1000 : 990);
			damon_for_each_region(r, t) {
				bool hot = r->last_nr_accesses;

				if (damon_turns_take(&turns, r))
					damon_turns_count(&turns, t, r,
							  answer_of(hot));
			}
		}
		damon_for_each_region(r, t) {
			HOLDS(r->nr_samples);
			HOLDS(r->nr_samples <= nr_intervals);
			HOLDS(r->nr_accesses ==
			      (r->last_nr_accesses ? r->nr_samples : 0));
		}
		free_ctx(ctx);
	}
}

/* Then samples of before count for more of it, and those that come do not stop. */
TEST(windows_get_longer_in_their_middle)
{
	struct damon_ctx *ctx = make_turns_ctx(20);
	struct damon_attrs attrs = ctx->attrs;
	struct damon_turns turns;
	struct damon_region *r;
	unsigned int n, nr = 0;

	/* ages are rescaled, too */
	for (n = 0; n < 50; n++)
		add_steady(ctx, 1, n % 2)->age = 2 * DAMON_STEADY_AGE;
	for (n = 0; n < 40; n++) {
		if (n == 10) {
			attrs.aggr_interval *= 2;
			damon_apply_attrs(ctx, &attrs);
		}
		damon_turns_next(&turns, ctx, 0);
		damon_for_each_region(r, target_of(ctx)) {
			if (!damon_turns_take(&turns, r))
				continue;
			damon_turns_count(&turns, target_of(ctx), r,
					  answer_of(r->last_nr_accesses));
			nr += n > 10;
		}
	}
	/* seven turns at least, of which one in two is taken */
	ASSERT_GE(nr, 50 * 7 / 2 - 50);
	damon_for_each_region(r, target_of(ctx))
		ASSERT_EQ(r->last_nr_accesses ? r->nr_samples : 0, r->nr_accesses);
	free_ctx(ctx);
}

/* At each turn of a window some regions are sampled, of neighbours not the same. */
TEST(neighbours_share_the_turns)
{
	struct damon_ctx *ctx = make_turns_ctx(20);
	struct damon_region *r = add_steady(ctx, 1, true);
	unsigned int i, n, left_out;
	struct damon_turns turns;

	for (n = 0; n < 4; n++) {
		damon_turns_begin(&turns, ctx, 2 * n);
		for (i = 0, left_out = 0; i < 40; i++)
			left_out += damon_turns_skip(&turns, r);
		ASSERT_EQ(40 - 10 * (n + 1), left_out);
	}
	free_ctx(ctx);
}

/* If a region changes, the turns left out before count as if they had come after that. */
TEST(changes_within_a_window_are_counted)
{
	struct rng rng = { 1 };
	double sum = 0;
	int i;

	for (i = 0; i < 4000; i++) {
		bool hot = rnd_true(&rng, 0.5);
		struct damon_ctx *ctx = make_turns_ctx(20);
		struct damon_region *r = add_steady(ctx, 1, hot);
		unsigned int n, change = 2 * rnd_in(&rng, 4, 7);
		struct damon_turns turns;

		ctx->turn_shift = rnd(&rng);
		for (n = 0; n < 20; n += 2) {
			damon_turns_begin(&turns, ctx, n);
			if (!damon_turns_skip(&turns, r))
				damon_turns_count(&turns, target_of(ctx), r,
						  answer_of((n < change) == hot));
		}
		ASSERT_EQ(10, r->nr_samples);
		sum += hot ? r->nr_accesses : 10 - r->nr_accesses;
		sum -= change / 2;
		free_ctx(ctx);
	}
	/* none to three, each as often */
	ASSERT_GT(sum / 4000, -1.6);
	ASSERT_LT(sum / 4000, -1.4);
}

TEST_HARNESS_MAIN
