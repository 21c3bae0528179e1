// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to regions when a window ends: ageing, merging, starting over,
 * splitting, and the limits of their number and size.
 */
#include <math.h>

#include "../selftests/kselftest_harness.h"
#include "test.h"

/* two regions */

TEST(split_at_copies_counters)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r, *right;

	set_text(t, "0-400:9/4/33");
	r = damon_first_region(t);
	r->nr_accesses_bp = 77;
	r->nr_samples = 12;
	r->probe_hits[DAMON_MAX_PROBES - 1] = 200;
	right = damon_split_region_at(t, r, 150);
	ASSERT_STREQ("0-150:9/4/33 150-400:9/4/33", get_text(t, TEXT_ALL));
	ASSERT_EQ(2, damon_nr_regions(t));
	ASSERT_EQ(77, right->nr_accesses_bp);
	ASSERT_EQ(12, right->nr_samples);
	ASSERT_EQ(200, right->probe_hits[DAMON_MAX_PROBES - 1]);

	shim_fail_after(0);
	ASSERT_TRUE(!damon_split_region_at(t, r, 75));
	shim_fail_after(ULONG_MAX);
	ASSERT_STREQ("0-150:9/4/33 150-400:9/4/33", get_text(t, TEXT_ALL));
	free_ctx(ctx);
}

TEST(merge_two_takes_weighted_means)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	set_text(t, "0-300:12/0/5 300-400:4/0/30");
	damon_merge_two_regions(t, damon_first_region(t), damon_last_region(t));
	ASSERT_STREQ("0-400:10/11", get_text(t, TEXT_AGE));
	ASSERT_EQ(100000, damon_first_region(t)->nr_accesses_bp);

	set_text(t, "0-100:10/0/9 100-300:20/0/21");
	damon_merge_two_regions(t, damon_first_region(t), damon_last_region(t));
	ASSERT_STREQ("0-300:17/17", get_text(t, TEXT_AGE));
	ASSERT_EQ(170000, damon_first_region(t)->nr_accesses_bp);
	free_ctx(ctx);
}

/* Means of the largest numbers and sizes, and of a page among many. */
TEST(merge_two_is_exact)
{
	struct rng rng;

	for_each_case(rng, 50000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		unsigned long mid = rnd_any(&rng, BITS_PER_LONG - 1) + 1;
		unsigned long end = mid + rnd_any(&rng, BITS_PER_LONG - 1);
		struct damon_region *l = add(t, 0, mid, rnd_any(&rng, 32)), *r;
		double mean;
		unsigned int a, b;

		end = max(end, mid + 1);
		r = add(t, mid, end, rnd_any(&rng, 32));
		a = l->nr_accesses;
		b = r->nr_accesses;
		l->age = rnd_any(&rng, 32);
		r->age = l->age;
		l->probe_hits[0] = rnd_any(&rng, 8);
		r->probe_hits[0] = !l->probe_hits[0];
		mean = ((double)a * mid + (double)b * (end - mid)) / end;

		damon_merge_two_regions(t, l, r);
		HOLDS(l->ar.end == end && damon_nr_regions(t) == 1);
		HOLDS(l->nr_accesses >= min(a, b) && l->nr_accesses <= max(a, b));
		HOLDS(l->nr_accesses || !(a || b));
		HOLDS(l->nr_accesses <= max(mean + 0.5, 1) + mean / 1000000);
		HOLDS(l->nr_accesses + 0.5 >= mean - mean / 1000000);
		HOLDS(l->probe_hits[0]);
		free_ctx(ctx);
	}
}

/* Halves, the commonest of all fractions, are not always rounded to the same side. */
TEST(merge_two_does_not_drift)
{
	const unsigned int nr = 20000;
	double drift = 0;
	struct rng rng;

	for_each_case(rng, nr) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		struct damon_region *l = add(t, 0, 100, 1 + rnd_in(&rng, 0, 20));
		struct damon_region *r = add(t, 100, 200, 1 + rnd_in(&rng, 0, 20));
		double mean = (l->nr_accesses + r->nr_accesses) / 2.0;

		damon_merge_two_regions(t, l, r);
		drift += l->nr_accesses - mean;
		free_ctx(ctx);
	}
	ASSERT_TRUE(fabs(drift) < nr / 50);
}

/* A sample that is under way survives when its region is merged away. */
TEST(merge_two_keeps_a_pending_sample)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	set_text(t, "0-100 100-300");
	damon_last_region(t)->sampling_addr = 250;
	damon_merge_two_regions(t, damon_first_region(t), damon_last_region(t));
	ASSERT_EQ(250, damon_first_region(t)->sampling_addr);
	ASSERT_TRUE(damon_sample_pending(damon_first_region(t)));
	damon_forget_samples(ctx);
	ASSERT_FALSE(damon_sample_pending(damon_first_region(t)));
	free_ctx(ctx);
}

/* closing a window */

TEST(close_ages_and_merges)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 1150;
	set_text(t, "0-400:8/8/4 400-600:9/3/7 600-1000:12/12/1 1000-1100:20/20/5");
	add_text(t, "1200-1300:19/19/5 1300-2300:18/18/5 2300-2400:0/0/9 2400-2500:2/0/9");
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_STREQ("0-600:8/3 600-1000:12/2 1000-1100:20/6 1200-2300:18/6 2300-2500:1/5",
		     get_text(t, TEXT_AGE));
	free_ctx(ctx);
}

TEST(close_merges_what_is_alike)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	ctx->attrs.min_nr_regions = 1;
	ctx->attrs.aggr_interval = 100 * ctx->attrs.sample_interval;
	ctx->region_sz_limit = 9999;
	/* the last one makes a difference of nine small enough */
	set_text(t, "0-100:0 100-112:0 114-122:10 122-130:10 130-156:20 156-170:30");
	add_text(t, "170-184:1 184-230:2 230-10170:5 20000-20010:99");
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_STREQ("0-112 114-130 130-156 156-170 170-230 230-10170 20000-20010",
		     get_text(t, TEXT_BORDERS));
	free_ctx(ctx);
}

/* The hottest region of one target does not decide for another. */
TEST(close_treats_targets_apart)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *quiet = make_target(ctx);

	ctx->attrs.min_nr_regions = 1;
	set_text(target_of(ctx), "0-100:20 100-200:18");
	set_text(quiet, "0-100:2 100-200:3");
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_STREQ("0-200:19", get_text(target_of(ctx), TEXT_NR));
	ASSERT_STREQ("0-100:2 100-200:3", get_text(quiet, TEXT_NR));
	free_ctx(ctx);
}

/* Hits keep their share of the samples, the answered ones, up to what fits. */
TEST(close_scales_hits)
{
	static const struct {
		unsigned int window, nr_samples, hits, scaled;
	} v[] = {
		{ 20, 20, 7, 7 }, { 20, 10, 10, 20 }, { 20, 10, 5, 10 },
		{ 20, 3, 1, 7 }, { 20, 19, 0, 0 }, { 20, 1, 1, 20 },
		{ 20, 0, 0, 0 }, { 255, 51, 51, 255 }, { 1000, 500, 100, 200 },
		{ 1000, 500, 200, 255 }, { 1000, 1000, 255, 255 },
		{ 2, 1000, 1, 1 }, { 2, 1000, 0, 0 },
	};
	struct damon_region *r;
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1);

		ctx->attrs.aggr_interval = v[i].window * ctx->attrs.sample_interval;
		ctx->attrs.min_nr_regions = 1;
		r = add(target_of(ctx), 0, 100, 0);
		r->nr_samples = v[i].nr_samples;
		r->probe_hits[DAMON_MAX_PROBES - 1] = v[i].hits;
		damon_close_window(ctx);
		EXPECT_EQ(v[i].scaled, r->probe_hits[DAMON_MAX_PROBES - 1]) {
			TH_LOG("vector %d", i);
		}
		EXPECT_EQ(0, r->probe_hits[0]);
		free_ctx(ctx);
	}
}

/* What some parts have never hit, and others always, is hit sometimes. */
TEST(close_merges_hits)
{
	struct rng rng;

	for_each_case(rng, 5000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		unsigned int window = 1 + rnd_any(&rng, 9), max_hits = 0, i;
		u64 sum = 0, sz = 0;
		struct damon_region *r;

		ctx->attrs.aggr_interval = window * ctx->attrs.sample_interval;
		ctx->attrs.min_nr_regions = 1;
		for (i = 0; i < 8; i++) {
			unsigned long len = 1 + rnd_any(&rng, 20);

			r = add(t, sz, sz + len, 0);
			r->nr_samples = window;
			r->probe_hits[1] = rnd_any(&rng, 8) % (min(window, 255) + 1);
			max_hits = max(max_hits, r->probe_hits[1]);
			sum += (u64)r->probe_hits[1] * len;
			sz += len;
		}
		damon_close_window(ctx);
		r = damon_first_region(t);
		HOLDS(damon_nr_regions(t) == 1);
		HOLDS(r->probe_hits[1] <= max_hits);
		HOLDS(!r->probe_hits[1] == !max_hits);
		/* each of the seven merges rounds down by less than one */
		HOLDS(r->probe_hits[1] * sz + 7 * sz >= sum);
		HOLDS(r->probe_hits[1] <= 7 || (r->probe_hits[1] - 7) * sz <= sum);
		free_ctx(ctx);
	}
}

TEST(open_starts_over)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *second = make_target(ctx), *t;
	struct damon_region *r;

	set_text(target_of(ctx), "0-10:1/9/3 10-20:3/8/4 20-30:5/7/5");
	set_text(second, "40-50:7/6/0");
	answer_all(ctx);
	damon_first_region(second)->probe_hits[1] = 9;
	damon_open_window(ctx);
	ASSERT_STREQ("0-10:0/1/3 10-20:0/3/4 20-30:0/5/5", get_text(target_of(ctx), TEXT_ALL));
	ASSERT_STREQ("40-50:0/7/0", get_text(second, TEXT_ALL));
	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			ASSERT_EQ(0, r->nr_samples + r->probe_hits[1]);
	free_ctx(ctx);
}

/* Nothing is known of a region without answers, whatever its neighbours say. */
TEST(unknown_does_not_age)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	int i;

	set_text(t, "0-100:0 200-300:5");
	for (i = 0; i < 5; i++) {
		damon_last_region(t)->nr_accesses = 5;
		damon_last_region(t)->nr_samples = 20;
		damon_close_window(ctx);
		damon_for_each_target(t, ctx) {
			ASSERT_EQ(0, damon_first_region(t)->age);
			ASSERT_EQ(i, damon_last_region(t)->age);
		}
		t = target_of(ctx);
		damon_open_window(ctx);
	}
	free_ctx(ctx);
}

/* Cold memory keeps its age next to free memory, and does not lend it to more. */
TEST(unknown_has_no_age)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r;

	ctx->attrs.min_nr_regions = 1;
	set_text(t, "0-800:0 800-900:0 900-1000:0/0/4 1000-1100:0/0/6 1100-2000:0");
	add_text(t, "2000-2100:0/0/8 2100-2150:0 2150-2250:0/0/3 2250-3000:5/5");
	answer_all(ctx);
	damon_for_each_region(r, t)
		if (r->ar.start < 900 || r->ar.start == 1100 || r->ar.start == 2100)
			r->nr_samples = 0;
	damon_close_window(ctx);
	ASSERT_STREQ("0-900:0/0 900-1100:0/6 1100-2000:0/0 2000-2250:0/7 2250-3000:5/1",
		     get_text(t, TEXT_AGE));
	damon_for_each_region(r, t)
		ASSERT_EQ(r->ar.end == 900 || r->ar.end == 2000,
			  !damon_region_known(r));
	free_ctx(ctx);
}

/* For as long as nobody could look, idle memory is as old as it was. */
TEST(unknown_keeps_the_age_of_cold_memory)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	int i;

	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 100;
	set_text(t, "0-100:0/0/7 200-300:0/20/9");
	for (i = 0; i < 3; i++) {
		damon_close_window(ctx);
		ASSERT_STREQ("0-100:0/7 200-300:0/0", get_text(t, TEXT_AGE));
		damon_open_window(ctx);
	}
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_STREQ("0-100:0/8 200-300:0/1", get_text(t, TEXT_AGE));
	damon_open_window(ctx);
	damon_close_window(ctx);
	damon_open_window(ctx);
	/* then somebody did, and saw an access */
	answer_all(ctx);
	damon_first_region(t)->nr_accesses = 1;
	damon_close_window(ctx);
	ASSERT_STREQ("0-100:1/0 200-300:0/2", get_text(t, TEXT_AGE));
	free_ctx(ctx);
}

/* Idle memory that was freed does not make other free memory idle. */
TEST(unknown_memory_is_as_old_as_the_youngest)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 1000;
	set_text(t, "0-900:0/0/70 900-1000:0 1100-1200:0/0/5 1200-1900:0/0/9");
	damon_close_window(ctx);
	ASSERT_STREQ("0-1000:0/0 1100-1900:0/5", get_text(t, TEXT_AGE));
	free_ctx(ctx);
}

/* What was hot a window ago is not cold since it was not looked at, for one window. */
TEST(unknown_is_not_absorbed_while_hot)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 1000;
	set_text(t, "0-800:0/0/50 800-900:0/20/50 900-1000:20/20/50");
	answer_all(ctx);
	damon_next_region(damon_first_region(t))->nr_samples = 0;
	damon_close_window(ctx);
	ASSERT_STREQ("0-800:0/0/51 800-900:0/20/0 900-1000:20/20/51",
		     get_text(t, TEXT_ALL));
	damon_open_window(ctx);
	answer_all(ctx);
	damon_next_region(damon_first_region(t))->nr_samples = 0;
	damon_last_region(t)->nr_accesses = 20;
	damon_close_window(ctx);
	ASSERT_STREQ("0-900:0/0/52 900-1000:20/20/52", get_text(t, TEXT_ALL));
	free_ctx(ctx);
}

/* But not if that makes too many regions. */
TEST(unknown_is_merged_at_last)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned int i;

	ctx->attrs.min_nr_regions = 3;
	ctx->attrs.max_nr_regions = 10;
	ctx->region_sz_limit = 50;
	for (i = 0; i < 100; i++)
		add(t, i, i + 1, 0)->nr_samples = i % 2;
	damon_close_window(ctx);
	ASSERT_LE(damon_nr_regions(t), 10);
	free_ctx(ctx);
}

TEST(age_does_not_wrap)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	set_text(t, "0-1:3/3/4294967294");
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_EQ(UINT_MAX, damon_first_region(t)->age);
	damon_close_window(ctx);
	ASSERT_EQ(UINT_MAX, damon_first_region(t)->age);
	free_ctx(ctx);
}

/* Samples without an answer are left out, not counted as anything. */
TEST(missed_samples_do_not_bias)
{
	static const double rates[] = { 0.05, 0.25, 0.5, 0.75, 0.95, 1 };
	const unsigned int nr = 40000;
	struct rng rng = { 5 };
	int i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		unsigned int window = damon_max_nr_accesses(&ctx->attrs), j, k;
		struct damon_region *r;
		double sum = 0;

		ctx->attrs.max_nr_regions = UINT_MAX;
		ctx->attrs.min_nr_regions = nr;
		ctx->region_sz_limit = 1;
		for (j = 0; j < nr; j++) {
			unsigned int answers = rnd_in(&rng, 1, window + 1);

			r = add(t, 2 * j, 2 * j + 1, 0);
			for (k = 0; k < answers; k++)
				damon_count_sample(t, r, rnd_true(&rng, rates[i]) ?
						   DAMON_ACCESSED :
						   DAMON_NOT_ACCESSED, window);
			damon_count_sample(t, r, DAMON_UNKNOWN, window);
		}
		damon_close_window(ctx);
		ASSERT_EQ(nr, damon_nr_regions(t));
		damon_for_each_region(r, t)
			sum += r->nr_accesses;
		/* five standard errors of a single answer each, at worst */
		EXPECT_LT(abs((int)(1e4 * (sum / nr / window - rates[i]))), 125) {
			TH_LOG("%g seen as %g", rates[i], sum / nr / window);
		}
		free_ctx(ctx);
	}
}

/* What merging may do to a target, for any regions, limits and thresholds. */
struct before {
	unsigned long start, end;
	unsigned int nr_accesses;
};

static unsigned int note(struct damon_target *t, struct before *before)
{
	unsigned int nr = 0;
	struct damon_region *r;

	damon_for_each_region(r, t)
		before[nr++] = (struct before){ r->ar.start, r->ar.end,
						r->nr_accesses };
	return nr;
}

/* The regions that became @r: their counts enclose that of @r. */
static bool enclosed(const struct damon_region *r, const struct before *b,
		     unsigned int nr)
{
	unsigned int lo = UINT_MAX, hi = 0, merged = 0;
	double mass = 0;
	double mean;

	for (; nr--; b++) {
		unsigned long start = max(b->start, r->ar.start);
		unsigned long end = min(b->end, r->ar.end);

		if (start >= end)
			continue;
		lo = min(lo, b->nr_accesses);
		hi = max(hi, b->nr_accesses);
		mass += (double)b->nr_accesses * (end - start);
		merged++;
	}
	mean = mass / (r->ar.end - r->ar.start);
	return r->nr_accesses >= lo && r->nr_accesses <= hi &&
		!r->nr_accesses == !hi &&
		r->nr_accesses <= mean + merged + mean / 1000000 &&
		r->nr_accesses + (double)merged >= mean - mean / 1000000;
}

TEST(close_conserves)
{
	static struct before before[512];
	struct rng rng;

	for_each_case(rng, 5000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		unsigned long grain = 1UL << rnd_in(&rng, 0, 13), limit;
		unsigned int nr = rnd_in(&rng, 1, 400);
		struct damon_region *r;
		u64 total;

		ctx->min_region_sz = grain;
		ctx->attrs.aggr_interval = rnd_any(&rng, BITS_PER_LONG);
		ctx->attrs.sample_interval = rnd_any(&rng, 8);
		ctx->attrs.min_nr_regions = rnd_in(&rng, 3, 50);
		ctx->attrs.max_nr_regions = ctx->attrs.min_nr_regions +
			rnd_in(&rng, 0, 300);
		random_regions(&rng, t, nr, grain,
			       damon_max_nr_accesses(&ctx->attrs));
		answer_all(ctx);
		damon_enforce_min_nr_regions(ctx);
		limit = ctx->region_sz_limit;
		HOLDS(aligned(t, grain));
		nr = note(t, before);
		total = total_sz(ctx);

		damon_close_window(ctx);
		HOLDS(in_order(t));
		HOLDS(aligned(t, grain));
		HOLDS(total_sz(ctx) == total);
		HOLDS(ctx->region_sz_limit == limit);
		damon_for_each_region(r, t) {
			HOLDS(damon_sz_region(r) <= limit);
			HOLDS(enclosed(r, before, nr));
			HOLDS(r->nr_accesses_bp ==
			      min((u64)r->nr_accesses * 10000, UINT_MAX));
		}
		/* two neighbours that may not be merged exceed the limit */
		HOLDS(damon_nr_regions(t) <=
		      max(ctx->attrs.max_nr_regions,
			  2 * ctx->attrs.min_nr_regions + 1));
		free_ctx(ctx);
	}
}

TEST(close_ends_for_any_threshold)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned int i;

	ctx->attrs.sample_interval = 0;
	ctx->attrs.aggr_interval = ULONG_MAX;
	ctx->attrs.min_nr_regions = 3;
	ctx->attrs.max_nr_regions = 10;
	for (i = 0; i < 100; i++)
		add(t, i, i + 1, i % 2 ? UINT_MAX : 0);
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_LE(damon_nr_regions(t), 10);
	free_ctx(ctx);
}

/* Ten and twelve of twenty differ.  Five and six of ten may be the same by chance. */
TEST(close_merges_more_with_fewer_answers)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r;

	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 200;
	set_text(t, "0-100:10 100-200:12");
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_STREQ("0-100:10 100-200:12", get_text(t, TEXT_NR));

	set_text(t, "0-100:5 100-200:6");
	damon_for_each_region(r, t)
		r->nr_samples = 10;
	damon_close_window(ctx);
	ASSERT_STREQ("0-200:11", get_text(t, TEXT_NR));
	free_ctx(ctx);
}

/* splitting */

#define SEARCH_CUTS	96

/* How many cuts are made if so much of a large region is hot. */
static unsigned int cuts_with_hot(unsigned long hot, unsigned int max_nr)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned int nr;

	ctx->min_region_sz = 1;
	ctx->attrs.max_nr_regions = max_nr;
	for (nr = 0; nr < 10; nr++)
		add(t, nr << 20, (nr + 1) << 20, 0);
	add(t, 10 << 20, (10 << 20) + hot, 0)->last_nr_accesses = 20;
	damon_split_regions(ctx);
	nr = damon_nr_regions(t) - 11;
	free_ctx(ctx);
	return nr;
}

/* Each in two, ten more for the minimum, and some to search with. */
TEST(split_searches_until_something_is_found)
{
	ASSERT_GT(cuts_with_hot(2, 1000), SEARCH_CUTS);
	ASSERT_LE(cuts_with_hot(2, 1000), 21 + SEARCH_CUTS);
	ASSERT_LE(cuts_with_hot(2, 50), 39);
	ASSERT_LE(cuts_with_hot(1000, 1000), 21);
}

/* One in four, where nothing changes, and each one as long as nothing hot was found. */
TEST(split_leaves_most_steady_regions_whole)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r;
	unsigned int i;

	for (i = 0; i < 400; i++) {
		r = add(t, 1000 * i, 1000 * (i + 1), 0);
		r->age = DAMON_STEADY_AGE;
		r->last_nr_accesses = i % 2 ? 20 : 0;
	}
	ctx->attrs.min_nr_regions = 0;
	damon_split_regions(ctx);
	ASSERT_FALSE(ctx->searching);
	ASSERT_GT(damon_nr_regions(t), 400 + 60);
	ASSERT_LT(damon_nr_regions(t), 400 + 140);

	damon_for_each_region(r, t)
		r->last_nr_accesses = 0;
	i = damon_nr_regions(t);
	ctx->attrs.max_nr_regions = 2 * i;
	damon_split_regions(ctx);
	ASSERT_TRUE(ctx->searching);
	ASSERT_EQ(2 * i, damon_nr_regions(t));
	free_ctx(ctx);
}

TEST(split_stays_in_budget)
{
	struct rng rng;

	for_each_case(rng, 5000) {
		struct damon_ctx *ctx = make_ctx(_case);
		unsigned long grain = 1UL << rnd_in(&rng, 0, 13);
		unsigned int nr = 0, nr_max, targets = rnd_in(&rng, 1, 4);
		struct damon_target *t;
		u64 total;

		ctx->min_region_sz = grain;
		while (targets--) {
			t = targets ? make_target(ctx) : target_of(ctx);
			random_regions(&rng, t, rnd_in(&rng, 1, 200), grain, 20);
			nr += damon_nr_regions(t);
		}
		ctx->attrs.max_nr_regions = rnd_in(&rng, 3, 1500);
		ctx->attrs.min_nr_regions = rnd_in(&rng, 3, 1000);
		nr_max = nr + min(nr, ctx->attrs.min_nr_regions) + nr + SEARCH_CUTS;
		nr_max = max(nr, min(ctx->attrs.max_nr_regions, nr_max));
		total = total_sz(ctx);
		if (rnd_true(&rng, 0.2))
			shim_fail_after(rnd_in(&rng, 0, 200));

		damon_split_regions(ctx);
		shim_fail_after(ULONG_MAX);
		HOLDS(total_nr(ctx) >= nr && total_nr(ctx) <= nr_max);
		HOLDS(total_sz(ctx) == total);
		damon_for_each_target(t, ctx)
			HOLDS(in_order(t) && aligned(t, grain));
		free_ctx(ctx);
	}
}

/* The whole budget is used, and every part of the space gets its share. */
TEST(split_is_spread_evenly)
{
	struct rng rng;

	for_each_case(rng, 500) {
		struct damon_ctx *ctx = make_ctx(_case);
		struct damon_target *t = target_of(ctx);
		unsigned int nr = rnd_in(&rng, 100, 1000), i, since = 0;
		unsigned int budget = rnd_in(&rng, 1, nr + 1);
		struct damon_region *r;

		ctx->attrs.max_nr_regions = nr + budget;
		ctx->attrs.min_nr_regions = 3;
		for (i = 0; i < nr; i++)
			add(t, 64 * i, 64 * i + 64, 0);
		damon_split_regions(ctx);
		HOLDS(damon_nr_regions(t) == nr + budget);

		damon_for_each_region(r, t) {
			if (r->ar.start % 64)
				since = 0;
			else
				since++;
			HOLDS(since <= nr / budget + 2);
		}
		free_ctx(ctx);
	}
}

/* Where only some samples saw an access, something is to be found. */
TEST(split_looks_into_mixed_regions)
{
	struct damon_ctx *ctx = make_ctx(7);
	struct damon_target *t = target_of(ctx);
	static const unsigned int rates[] = { 0, 10, 0, 20 }, parts[] = { 0, 24, 40 };
	unsigned int i, nr[4] = {};
	struct damon_region *r;

	/* never, sometimes, never, always; ten cuts more than regions */
	for (i = 0; i < 40; i++)
		add(t, 64 * i, 64 * i + 64, 0)->last_nr_accesses = rates[i % 4];
	ctx->attrs.min_nr_regions = 10;
	damon_split_regions(ctx);
	damon_for_each_region(r, t)
		nr[r->ar.start / 64 % 4]++;
	ASSERT_EQ(20, nr[0]);
	ASSERT_EQ(30, nr[1]);
	ASSERT_EQ(20, nr[2]);
	ASSERT_EQ(20, nr[3]);

	/* between the others they have borders, here in the middle; cut an eighth beside it */
	set_text(t, "");
	for (i = 0; i < 40; i++)
		add(t, 64 * i, 64 * i + 64, 0)->last_nr_accesses = i % 4 * 10 % 30;
	damon_split_regions(ctx);
	i = 0;
	damon_for_each_region(r, t)
		if (r->ar.start / 64 % 4 == 1)
			ASSERT_EQ(parts[i++ % 3], r->ar.start % 64);
	ASSERT_EQ(30, i);

	/* nothing to prefer */
	set_text(t, "");
	for (i = 0; i < 30; i++)
		add(t, 64 * i, 64 * i + 64, 0);
	damon_split_regions(ctx);
	ASSERT_EQ(70, damon_nr_regions(t));
	free_ctx(ctx);
}

/* With room for one more region, each one has its turn. */
TEST(split_begins_elsewhere)
{
	bool seen[20] = {};
	unsigned int i, j;

	for (i = 0; i < 2000; i++) {
		struct damon_ctx *ctx = make_ctx(i);
		struct damon_target *t = target_of(ctx);
		struct damon_region *r;

		ctx->attrs.max_nr_regions = ARRAY_SIZE(seen) + 1;
		for (j = 0; j < ARRAY_SIZE(seen); j++)
			add(t, 64 * j, 64 * j + 64, 0);
		damon_split_regions(ctx);
		damon_for_each_region(r, t)
			if (r->ar.start % 64)
				seen[r->ar.start / 64] = true;
		free_ctx(ctx);
	}
	for (j = 0; j < ARRAY_SIZE(seen); j++)
		EXPECT_TRUE(seen[j]);
}

/* Any place can become a border, so that none is out of reach. */
TEST(split_cuts_anywhere)
{
	bool seen[32] = {};
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		struct damon_ctx *ctx = make_ctx(i);
		struct damon_target *t = target_of(ctx);

		ctx->min_region_sz = 8;
		ctx->attrs.max_nr_regions = 3;
		add(t, 0, 8 * ARRAY_SIZE(seen), 0);
		add(t, 1000, 1008, 0);
		damon_split_regions(ctx);
		if (damon_nr_regions(t) == 3)
			seen[damon_next_region(damon_first_region(t))->ar.start / 8] = true;
		free_ctx(ctx);
	}
	for (i = 1; i < ARRAY_SIZE(seen); i++)
		EXPECT_TRUE(seen[i]);
}

TEST(split_vectors)
{
	struct damon_ctx *ctx = make_ctx(3);
	struct damon_target *t = target_of(ctx);
	unsigned int i;

	for (i = 0; i < 700; i++)
		add(t, 64 * i, 64 * i + 64, 0);
	ctx->attrs.max_nr_regions = 1200;
	damon_split_regions(ctx);
	ASSERT_GT(damon_nr_regions(t), 700);
	ASSERT_LE(damon_nr_regions(t), 1200);

	/* too small to be split, full, empty */
	set_text(t, "0-8 8-16");
	ctx->min_region_sz = 8;
	damon_split_regions(ctx);
	ASSERT_STREQ("0-8 8-16", get_text(t, TEXT_BORDERS));
	set_text(t, "0-100 100-200 200-300");
	ctx->attrs.max_nr_regions = 3;
	damon_split_regions(ctx);
	ASSERT_STREQ("0-100 100-200 200-300", get_text(t, TEXT_BORDERS));
	set_text(t, "");
	damon_split_regions(ctx);
	ASSERT_STREQ("", get_text(t, TEXT_BORDERS));
	free_ctx(ctx);
}

/* the limit of the size */

TEST(enforce_vectors)
{
	static const struct {
		unsigned long total, grain, min_nr, limit, nr;
	} v[] = {
		{ 96, 8, 5, 24, 4 }, { 96, 8, 20, 8, 12 }, { 96, 1, 7, 13, 8 },
		{ 100, 4, 100, 4, 25 }, { 10, 1, 10, 1, 10 }, { 10, 1, 15, 1, 10 },
		{ 10, 2, 2, 6, 2 }, { 10, 2, 10, 2, 5 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);

		add(t, 0, v[i].total, 0);
		ctx->min_region_sz = v[i].grain;
		ctx->attrs.min_nr_regions = v[i].min_nr;
		EXPECT_EQ(v[i].limit, damon_region_sz_limit(ctx));
		damon_enforce_min_nr_regions(ctx);
		EXPECT_EQ(v[i].limit, ctx->region_sz_limit);
		EXPECT_EQ(v[i].nr, damon_nr_regions(t));
		free_ctx(ctx);
	}
}

/* Several targets that together are larger than the address space. */
TEST(enforce_is_bounded)
{
	struct rng rng;

	for_each_case(rng, 3000) {
		struct damon_ctx *ctx = make_ctx(1);
		unsigned int targets = rnd_in(&rng, 1, 5), nr = 0;
		unsigned long grain = 1UL << rnd_in(&rng, 0, 13);
		struct damon_target *t;
		double total = 0, spaces;
		struct damon_region *r;

		ctx->min_region_sz = grain;
		ctx->attrs.min_nr_regions = rnd_in(&rng, 3, 100);
		for (; targets--; nr++) {
			t = targets ? make_target(ctx) : target_of(ctx);
			r = add(t, 0, max(rnd_any(&rng, BITS_PER_LONG) / grain, 1) *
				grain, 0);
			total += damon_sz_region(r);
		}
		spaces = 1 + (unsigned int)(total / U64_MAX);
		shim_fail_after(10000);
		damon_enforce_min_nr_regions(ctx);
		HOLDS(shim_allocations() < 10000);
		shim_fail_after(ULONG_MAX);
		/* the limit is rounded down to whole bytes, at worst to half */
		HOLDS(total_nr(ctx) <=
		      nr + 2 * ctx->attrs.min_nr_regions * spaces);
		damon_for_each_target(t, ctx) {
			HOLDS(in_order(t) && aligned(t, grain));
			damon_for_each_region(r, t)
				HOLDS(damon_sz_region(r) <= ctx->region_sz_limit);
		}
		free_ctx(ctx);
	}
}

TEST(enforce_survives_failures)
{
	unsigned int i;

	for (i = 0; i < 12; i++) {
		struct damon_ctx *ctx = make_ctx(1);

		add(target_of(ctx), 0, 1000, 7);
		shim_fail_after(i);
		damon_enforce_min_nr_regions(ctx);
		shim_fail_after(ULONG_MAX);
		ASSERT_EQ(min(i + 1, 10), damon_nr_regions(target_of(ctx)));
		ASSERT_TRUE(in_order(target_of(ctx)));
		ASSERT_EQ(1000, total_sz(ctx));
		free_ctx(ctx);
	}
}

TEST_HARNESS_MAIN
