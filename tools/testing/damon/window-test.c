// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to regions when a window ends: learning, ageing, merging, starting
 * over, and the limits of their number and size.
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

/* Two parts are as the whole was, but one sample is of one of them only. */
TEST(split_at_copies_all_that_is_known)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned long at;

	for (at = 100; at < 400; at += 200) {
		struct damon_region *left, *right, *with, *without;

		set_text(t, "0-400:0/0/33");
		left = damon_first_region(t);
		left->sampling_addr = at;
		left->lru_refs = 3;
		left->late = true;
		left->untouched = true;
		left->unseen = true;
		t->lacks_samples = false;
		right = damon_split_region_at(t, left, 200);
		with = at < 200 ? left : right;
		without = at < 200 ? right : left;
		ASSERT_TRUE(damon_sample_pending(with));
		ASSERT_FALSE(damon_sample_pending(without));
		ASSERT_EQ(at, with->sampling_addr);
		ASSERT_EQ(3, (int)with->lru_refs);
		ASSERT_TRUE((bool)with->late);
		ASSERT_TRUE(left->untouched && left->unseen);
		ASSERT_TRUE(right->untouched && right->unseen);
		/* somebody has to begin the other one's */
		ASSERT_TRUE(t->lacks_samples);
	}
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

/* So that does not depend on which one is on the left, or on how many there were. */
TEST(merge_two_rounds_halves_to_odd)
{
	static const unsigned int v[][3] = {
		{ 1, 2, 1 }, { 2, 3, 3 }, { 3, 4, 3 }, { 4, 5, 5 }, { 2, 5, 3 }, { 3, 8, 5 },
		{ 17, 20, 19 },
	};
	int i;

	for (i = 0; i < 2 * ARRAY_SIZE(v); i++) {
		const unsigned int *pair = v[i / 2];
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		struct damon_region *l = add(t, 0, 100, pair[i % 2]);
		struct damon_region *r = add(t, 100, 200, pair[!(i % 2)]);

		l->age = pair[i % 2];
		r->age = pair[!(i % 2)];
		damon_merge_two_regions(t, l, r);
		EXPECT_EQ(pair[2], l->nr_accesses);
		EXPECT_EQ(pair[2], l->age);
		free_ctx(ctx);
	}
}

/* So many answers as the memory of both had on average. */
TEST(merge_two_joins_answers)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_region *l = add(t, 0, 100, 3), *r = add(t, 100, 400, 3);

	l->nr_samples = 4;
	r->nr_samples = 20;
	damon_merge_two_regions(t, l, r);
	ASSERT_EQ(16, l->nr_samples);
	free_ctx(ctx);
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

/* A sample of idle memory may last for long, which is nothing for memory that is not. */
TEST(merge_two_keeps_samples_of_the_same_kind)
{
	enum { NONE, LEFT, RIGHT };
	static const struct {
		const char *regions;
		bool left, right;	/* a sample is under way */
		int kept;
	} v[] = {
		{ "0-100:5/5/0 100-300:5/5/0", true, true, LEFT },
		{ "0-100:5/5/0 100-300:5/5/0", true, false, LEFT },
		{ "0-100:5/5/0 100-300:5/5/0", false, true, RIGHT },
		{ "0-100:0/0/0 100-300:0/0/0", true, true, LEFT },
		{ "0-100:0/0/0 100-300:0/0/0", false, true, RIGHT },
		{ "0-100:0/0/0 100-300:5/5/0", true, true, RIGHT },
		{ "0-100:0/0/0 100-300:5/5/0", true, false, NONE },
		{ "0-100:5/5/0 100-300:0/0/0", true, true, LEFT },
		{ "0-100:5/5/0 100-300:0/0/0", false, true, NONE },
		{ "0-100:5/5/0 100-300:5/5/0", false, false, NONE },
	};
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_region *l, *r;

		set_text(t, v[i].regions);
		l = damon_first_region(t);
		r = damon_last_region(t);
		if (v[i].left) {
			l->sampling_addr = 50;
			l->lru_refs = 1;
		}
		r->late = v[i].right;
		if (v[i].right) {
			r->sampling_addr = 250;
			r->lru_refs = 2;
		}
		t->lacks_samples = false;
		damon_merge_two_regions(t, l, r);
		EXPECT_EQ(v[i].kept == LEFT ? 50 : v[i].kept == RIGHT ? 250 : DAMON_NO_SAMPLE,
			  l->sampling_addr) {
			TH_LOG("vector %d", i);
		}
		EXPECT_EQ(v[i].kept != NONE, damon_sample_pending(l));
		if (v[i].kept != NONE) {
			EXPECT_EQ(v[i].kept, (int)l->lru_refs);
			EXPECT_EQ(v[i].kept == RIGHT, (bool)l->late);
		}
		/* somebody has to look which region has none */
		EXPECT_EQ(v[i].kept != LEFT, t->lacks_samples);
	}
	free_ctx(ctx);
}

/* What was touched in one of two regions was touched in both together. */
TEST(merge_two_joins_evidence)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	int bits;

	for (bits = 0; bits < 16; bits++) {
		struct damon_region *l, *r;

		set_text(t, "0-100:0/0/0 100-300:0/0/0");
		l = damon_first_region(t);
		r = damon_last_region(t);
		l->untouched = bits & 1;
		r->untouched = !!(bits & 2);
		l->unseen = !!(bits & 4);
		r->unseen = !!(bits & 8);
		l->worth = 30 - bits;
		r->worth = 15 + bits;
		l->looked = bits & 1;
		r->looked = !!(bits & 4);
		damon_merge_two_regions(t, l, r);
		ASSERT_EQ((bits & 5) == 5, (bool)l->looked);
		ASSERT_EQ((bits & 3) == 3, (bool)l->untouched);
		ASSERT_EQ((bits & 12) == 12, (bool)l->unseen);
		/* who knows more may as well speak for the other one */
		ASSERT_EQ(max(30 - bits, 15 + bits), worth_of(l));
	}
	free_ctx(ctx);
}

/* A sample that has lasted too long is gone, and so is that of a suspect. */
TEST(dropped_samples_are_begun_again)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *second = make_target(ctx), *t;
	struct damon_region *r;
	bool forget;

	for (forget = false;; forget = true) {
		set_text(target_of(ctx), "0-100:3/2/1 100-200:3/2/1");
		set_text(second, "300-400:3/2/1");
		ctx->samples_ns = 4711;
		damon_for_each_target(t, ctx) {
			t->nr_sleeps = 5;
			t->nr_slept = 6;
			t->layout.known = true;
			damon_forget_spots(t);
			note_spot(t, 1, true);
			note_spot(t, 2, true)->chance = 1;
			t->lacks_samples = false;
			damon_for_each_region(r, t)
				r->sampling_addr = r->ar.start;
		}
		if (forget)
			damon_forget_samples(ctx);
		else
			damon_drop_samples(ctx);
		ASSERT_EQ(0, ctx->samples_ns);
		damon_for_each_target(t, ctx) {
			/* nor is anything else worth anything after a pause */
			ASSERT_EQ(forget ? 0 : 5, t->nr_sleeps);
			ASSERT_EQ(forget ? 0 : 6, t->nr_slept);
			ASSERT_EQ(!forget, t->layout.known);
			ASSERT_EQ(forget ? 0 : 1, t->spots.nr);
			ASSERT_EQ(1, t->spots.spots[0].addr);
			ASSERT_TRUE(t->lacks_samples);
			damon_for_each_region(r, t)
				ASSERT_FALSE(damon_sample_pending(r));
		}
		/* but what has been counted stays */
		ASSERT_STREQ("0-100:3/2/1 100-200:3/2/1", get_text(target_of(ctx), TEXT_ALL));
		if (forget)
			break;
	}
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
	/*
	 * Three and nine of twenty can be the same by chance, and make six.  So can none
	 * and two, but idle memory is not merged with what is not.
	 */
	ASSERT_STREQ("0-600:7/6 600-1000:12/2 1000-1100:20/6 1200-2300:18/6 "
		     "2300-2400:0/10 2400-2500:1/0",
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
	/* 20 and 30 of 100 can be the same by chance, 10 and 20 not so easily, nor 0 and 2 */
	set_text(t, "0-100:0 100-112:0 114-122:10 122-130:11 130-156:20 156-170:30");
	add_text(t, "170-184:1 184-230:2 230-10170:25 20000-20010:25 20010-20020:0");
	add_text(t, "20020-20030:2 20030-20040:99 20040-20050:100 20050-20060:90");
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_STREQ("0-112 114-130 130-170 170-230 230-10170 "
		     "20000-20010 20010-20020 20020-20030 20030-20050 20050-20060",
		     get_text(t, TEXT_BORDERS));
	free_ctx(ctx);
}

/* Memory that schemes have made old, a piece at a time, is told apart while it can be. */
TEST(close_keeps_what_was_looked_at)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 1000;
	set_text(t, "0-100:0/0/7 100-200:0/0/7 200-300:0/0/7 300-400:20/0/7");
	answer_all(ctx);
	damon_first_region(t)->looked = true;
	damon_last_region(t)->looked = true;
	damon_close_window(ctx);
	ASSERT_STREQ("0-100:0/8 100-300:0/8 300-400:20/0", get_text(t, TEXT_AGE));
	ASSERT_TRUE((bool)damon_first_region(t)->looked);
	/* what has begun to be used has to get old once more */
	ASSERT_FALSE((bool)damon_last_region(t)->looked);
	ctx->attrs.max_nr_regions = 2;
	damon_open_window(ctx);
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_EQ(100, damon_first_region(t)->ar.end);
	damon_first_region(t)->looked = true;
	ctx->attrs.max_nr_regions = 1;
	damon_open_window(ctx);
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_FALSE((bool)damon_first_region(t)->looked);
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
		r->probe_hits[0] = v[i].hits;
		r->probe_hits[DAMON_MAX_PROBES - 1] = v[i].hits;
		damon_close_window(ctx);
		EXPECT_EQ(v[i].scaled, r->probe_hits[DAMON_MAX_PROBES - 1]) {
			TH_LOG("vector %d", i);
		}
		EXPECT_EQ(v[i].scaled, r->probe_hits[0]);
		EXPECT_EQ(0, r->probe_hits[1]);
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
	damon_last_region(target_of(ctx))->nr_samples = 0;
	ctx->nr_intervals = 20;
	damon_first_region(second)->late = true;
	damon_open_window(ctx);
	/* nobody has looked at the last one */
	ASSERT_STREQ("0-10:0/9/3 10-20:0/8/4 20-30:0/0/5", get_text(target_of(ctx), TEXT_ALL));
	ASSERT_STREQ("40-50:0/6/0", get_text(second, TEXT_ALL));
	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t) {
			ASSERT_EQ(0, r->nr_samples + r->probe_hits[1]);
			ASSERT_EQ(r->ar.end == 30 ? 0 : TEST_WINDOW, worth_of(r));
			ASSERT_TRUE(t->reach.window_opens);
		}
	ASSERT_FALSE((bool)damon_first_region(second)->late);
	ASSERT_EQ(0, ctx->nr_intervals);
	ASSERT_EQ(1, ctx->nr_windows);
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

/* Crumbs go with what is idle beside them once that has been put together. */
TEST(unknown_crumbs_are_absorbed)
{
	static const struct {
		const char *before, *after;
	} v[] = {
		{ "0-15 15-25:0/0 25-35:0/0", "0-35" }, { "0-10:0/0 10-20:0/0 20-35", "0-35" },
		/* as large is small enough, and larger is not */
		{ "0-10 10-20:0/0", "0-20" }, { "0-11 11-21:0/0", "0-11 11-21" },
		{ "0-10:0/0 10-20", "0-20" }, { "0-10:0/0 10-21", "0-10 10-21" },
	};
	struct damon_region *r;
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);

		ctx->attrs.min_nr_regions = 1;
		set_text(t, v[i].before);
		damon_for_each_region(r, t)
			r->nr_samples = r->worth;
		damon_close_window(ctx);
		EXPECT_STREQ(v[i].after, get_text(t, TEXT_BORDERS));
		free_ctx(ctx);
	}
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

	/* also where it is no crumb beside what is known, and that is hot */
	set_text(t, "");
	ctx->region_sz_limit = 50;
	for (i = 0; i < 100; i++)
		add(t, i, i + 1, i % 2 ? TEST_WINDOW : 0)->nr_samples = i % 2 ? TEST_WINDOW : 0;
	damon_close_window(ctx);
	ASSERT_LE(damon_nr_regions(t), 10);
	free_ctx(ctx);
}

/* What can be by chance is no change, and more is one, also where worth is forgotten. */
TEST(ages_bear_small_changes)
{
	static const unsigned int v[][3] = {
		/* before, in this window, age */
		{ 10, 10, 8 }, { 10, 18, 8 }, { 10, 20, 0 }, { 14, 6, 8 }, { 16, 5, 0 },
		{ 2, 4, 8 }, { 1, 11, 0 }, { 0, 1, 0 }, { 0, 0, 8 },
	};
	int i, cut;

	for (i = 0; i < 2 * ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_region *r = add(target_of(ctx), 0, 100, v[i / 2][1]);

		ctx->attrs.min_nr_regions = 1;
		set_last(r, v[i / 2][0]);
		cut = i % 2;
		if (cut)
			r->worth = 0;
		r->age = 7;
		answer_all(ctx);
		damon_close_window(ctx);
		EXPECT_EQ(v[i / 2][2], r->age) {
			TH_LOG("%u, then %u, %s", v[i / 2][0], v[i / 2][1], cut ? "cut" : "");
		}
		free_ctx(ctx);
	}
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
				damon_count_answer(r, rnd_true(&rng, rates[i]), window);
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

/* What merging may do to a target, for any regions, limits and errors. */
struct before {
	unsigned long start, end;
	unsigned int nr_accesses;
};

/* The final count of a region that has no neighbours. */
static unsigned int count_alone(struct damon_ctx *ctx, const struct damon_region *r)
{
	struct damon_target *t = calloc(1, sizeof(*t));
	struct damon_ctx alone = { .attrs = ctx->attrs, .min_region_sz = 1 };
	struct damon_region *copy;
	unsigned int nr;

	INIT_LIST_HEAD(&t->regions_list);
	INIT_LIST_HEAD(&alone.adaptive_targets);
	list_add(&t->list, &alone.adaptive_targets);
	alone.attrs.min_nr_regions = 1;
	copy = add(t, r->ar.start, r->ar.end, r->nr_accesses);
	copy->nr_samples = r->nr_samples;
	copy->rate = r->rate;
	copy->worth = r->worth;
	damon_close_window(&alone);
	nr = copy->nr_accesses;
	damon_destroy_regions(t);
	free(t);
	return nr;
}

static unsigned int note(struct damon_ctx *ctx, struct before *before)
{
	unsigned int nr = 0;
	struct damon_region *r;

	damon_for_each_region(r, target_of(ctx))
		before[nr++] = (struct before){ r->ar.start, r->ar.end,
						count_alone(ctx, r) };
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
		nr = note(ctx, before);
		total = total_sz(ctx);

		damon_close_window(ctx);
		HOLDS(damon_regions_in_order(t));
		HOLDS(damon_counts_possible(t, damon_max_nr_accesses(&ctx->attrs)));
		HOLDS(aligned(t, grain));
		HOLDS(total_sz(ctx) == total);
		HOLDS(ctx->region_sz_limit == limit);
		damon_for_each_region(r, t) {
			HOLDS(damon_sz_region(r) <= limit);
			HOLDS(enclosed(r, before, nr));
			HOLDS(r->nr_accesses_bp ==
			      min((u64)r->nr_accesses * 10000, UINT_MAX));
		}
		/*
		 * A share is kept free for cuts.  Two neighbours that may not be
		 * merged exceed the limit.
		 */
		nr = ctx->attrs.max_nr_regions;
		HOLDS(damon_nr_regions(t) <=
		      max(nr - nr / DAMON_ROOM_SHARE, 2 * ctx->attrs.min_nr_regions + 1));
		free_ctx(ctx);
	}
}

/* The most different regions there can be: none and all, both well known. */
TEST(close_ends_for_any_errors)
{
	static const unsigned int worths[] = { 0, 1, 20, 60 };
	unsigned int i, j;

	for (j = 0; j < ARRAY_SIZE(worths); j++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		struct damon_region *r;

		ctx->attrs.sample_interval = 0;
		ctx->attrs.aggr_interval = ULONG_MAX;
		ctx->attrs.min_nr_regions = 3;
		ctx->attrs.max_nr_regions = 10;
		for (i = 0; i < 100; i++) {
			r = add(t, i, i + 1, i % 2 ? UINT_MAX : 0);
			r->rate = i % 2 ? DAMON_FULL_RATE : 0;
			r->worth = worths[j];
		}
		answer_all(ctx);
		damon_close_window(ctx);
		ASSERT_LE(damon_nr_regions(t), 8);
		ASSERT_GE(damon_nr_regions(t), 3);
		free_ctx(ctx);
	}
}

/* Without any need to merge, what differs stays apart, up to four in five. */
TEST(close_leaves_room)
{
	unsigned int i, nr;

	for (nr = 75; nr <= 85; nr++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);

		ctx->attrs.max_nr_regions = 100;
		for (i = 0; i < nr; i++)
			add(t, i, i + 1, i % 2 ? 20 : 0);
		answer_all(ctx);
		damon_close_window(ctx);
		ASSERT_LE(damon_nr_regions(t), 80);
		ASSERT_TRUE(nr > 80 || damon_nr_regions(t) == nr);
		free_ctx(ctx);
	}
}

/*
 * Ten and fifteen of twenty differ by more than chance makes of it most times.  Five and
 * eight of ten, which is a larger difference, do not.
 */
TEST(close_merges_more_with_fewer_answers)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r;

	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 200;
	set_text(t, "0-100:10 100-200:15");
	answer_all(ctx);
	damon_close_window(ctx);
	ASSERT_STREQ("0-100:10 100-200:15", get_text(t, TEXT_NR));

	set_text(t, "0-100:5 100-200:8");
	damon_for_each_region(r, t)
		r->nr_samples = 10;
	damon_close_window(ctx);
	ASSERT_STREQ("0-200:13", get_text(t, TEXT_NR));
	free_ctx(ctx);
}

/*
 * How many standard errors two rates differ by, in the words of a textbook, but for half
 * an access too many.
 */
static double errors_between(double a, double nr_a, double b, double nr_b)
{
	double mean = (a * nr_a + b * nr_b + 0.5) / (nr_a + nr_b + 1);

	return fabs(a - b) / sqrt(mean * (1 - mean) * (1 / nr_a + 1 / nr_b));
}

/* The same from what is known, for a count that may be half an access off. */
static double errors_to(double now, double nr, double known, double worth)
{
	double half = 0.5 / nr;

	if (fabs(now - known) <= half)
		return 0;
	return errors_between(now > known ? now - half : now + half, nr, known, worth);
}

static double share(const struct damon_region *r)
{
	return (double)r->rate / DAMON_FULL_RATE;
}

/* So many of so many samples saw an access, and nothing was known before. */
static struct damon_region *add_sampled(struct damon_target *t, unsigned long start,
					unsigned int nr, unsigned int of)
{
	struct damon_region *r = add(t, start, start + 1, nr);

	r->nr_samples = of;
	return r;
}

/*
 * Two regions are merged unless they differ by 1.4 standard errors, or one is idle, whose
 * samples would have seen half an access at the rate of the other.
 */
TEST(close_goes_by_standard_errors)
{
	unsigned int merged = 0, close = 0;
	struct rng rng;

	for_each_case(rng, 20000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		unsigned int of_a = rnd_in(&rng, 1, 101), of_b = rnd_in(&rng, 1, 101);
		unsigned int a = min(rnd_any(&rng, 7), of_a);
		unsigned int b = min(rnd_any(&rng, 7), of_b);
		double errors = errors_between((double)a / of_a, min(of_a, 60),
					       (double)b / of_b, min(of_b, 60));
		double seen = (double)a / of_a * min(of_b, 60) +
			(double)b / of_b * min(of_a, 60);
		double off = !a == !b ? errors / sqrt(2) : 2 * seen;

		ctx->attrs.aggr_interval = 100 * ctx->attrs.sample_interval;
		ctx->attrs.min_nr_regions = 1;
		add_sampled(t, 0, a, of_a);
		add_sampled(t, 1, b, of_b);
		damon_close_window(ctx);
		if (fabs(off - 1) < 0.001)
			close++;
		else
			HOLDS((damon_nr_regions(t) == 1) == (off < 1));
		merged += damon_nr_regions(t) == 1;
		free_ctx(ctx);
	}
	if (getenv("CASE"))
		return;
	ASSERT_GT(merged, (last_case(20000) - first_case()) / 10);
	ASSERT_LT(merged, (last_case(20000) - first_case()) / 10 * 9);
	ASSERT_LT(close, (last_case(20000) - first_case()) / 100);
}

/* learning */

/* Ends a window in which so many of so many samples of the only region saw an access. */
static struct damon_region *end_window(struct damon_ctx *ctx, unsigned int nr,
				       unsigned int of)
{
	struct damon_region *r = damon_first_region(target_of(ctx));

	r->nr_accesses = nr;
	r->nr_samples = of;
	damon_close_window(ctx);
	return r;
}

static struct damon_ctx *make_learner(unsigned int window)
{
	struct damon_ctx *ctx = make_ctx(1);

	ctx->attrs.sample_interval = 1;
	ctx->attrs.aggr_interval = window;
	ctx->attrs.min_nr_regions = 1;
	add(target_of(ctx), 0, 1, 0);
	return ctx;
}

/* Windows that agree are averaged, by samples, up to as many as count at most. */
TEST(learn_averages_what_agrees)
{
	struct damon_ctx *ctx = make_learner(20);
	struct damon_region *r = end_window(ctx, 10, 20);

	ASSERT_EQ(20, worth_of(r));
	ASSERT_EQ(10, r->nr_accesses);
	r = end_window(ctx, 13, 20);
	ASSERT_EQ(40, worth_of(r));
	ASSERT_LT(fabs(share(r) - 23.0 / 40), 0.000001);
	ASSERT_EQ(12, r->nr_accesses);
	r = end_window(ctx, 10, 20);
	ASSERT_EQ(60, worth_of(r));
	ASSERT_LT(fabs(share(r) - 33.0 / 60), 0.000001);
	/* the mean of all of them was worth eighty, and it is worth sixty now */
	r = end_window(ctx, 15, 20);
	ASSERT_EQ(60, worth_of(r));
	ASSERT_LT(fabs(share(r) - 48.0 / 80), 0.000001);
	/* few samples change little */
	r = end_window(ctx, 4, 4);
	ASSERT_EQ(60, worth_of(r));
	ASSERT_LT(fabs(share(r) - 40.0 / 64), 0.000001);
	free_ctx(ctx);
}

/* One that contradicts the others is all that counts. */
TEST(learn_replaces_what_is_contradicted)
{
	struct damon_ctx *ctx = make_learner(20);
	struct damon_region *r;
	int i;

	for (i = 0; i < 5; i++)
		r = end_window(ctx, 20, 20);
	ASSERT_EQ(60, worth_of(r));
	ASSERT_EQ(DAMON_FULL_RATE, rate_of(r));
	r = end_window(ctx, 12, 20);
	ASSERT_EQ(20, worth_of(r));
	ASSERT_EQ(12, r->nr_accesses);
	r = end_window(ctx, 0, 20);
	ASSERT_EQ(20, worth_of(r));
	ASSERT_EQ(0, rate_of(r));
	/* what four samples say can be chance, here once in five times */
	for (i = 0; i < 5; i++)
		r = end_window(ctx, 12, 20);
	r = end_window(ctx, 0, 4);
	ASSERT_EQ(60, worth_of(r));
	ASSERT_LT(fabs(share(r) - 36.0 / 64), 0.000001);
	free_ctx(ctx);
}

/* Three standard errors are a contradiction. */
TEST(learn_goes_by_standard_errors)
{
	unsigned int replaced = 0, close = 0;
	struct rng rng;

	for_each_case(rng, 20000) {
		unsigned int of = rnd_in(&rng, 1, 300), worth = rnd_in(&rng, 1, 61);
		unsigned int nr = min(rnd_any(&rng, 9), of);
		struct damon_ctx *ctx = make_learner(300);
		struct damon_region *r = damon_first_region(target_of(ctx));
		double before, now = (double)nr / of, errors;

		r->worth = worth;
		r->rate = rnd_any(&rng, 21);
		before = share(r);
		errors = errors_to(now, of, before, worth);
		end_window(ctx, nr, of);
		HOLDS(!nr || r->rate);
		HOLDS(r->nr_samples == 300);
		if (fabs(errors - 3) < 0.001) {
			close++;
		} else if (errors > 3) {
			HOLDS(r->worth == min(of, 60));
			HOLDS(fabs(share(r) - now) < 0.000001);
			replaced++;
		} else {
			double mean = (now * of + before * worth) / (of + worth);

			HOLDS(r->worth == min(of + worth, 60));
			/* what is left fades, and so does what is missing */
			if (!nr && mean * 300 < 0.5)
				mean = 0;
			if (nr == of && (1 - mean) * 300 < 0.5)
				mean = 1;
			HOLDS(fabs(share(r) - mean) < 0.000002);
		}
		free_ctx(ctx);
	}
	if (getenv("CASE"))
		return;
	ASSERT_GT(replaced, (last_case(20000) - first_case()) / 20);
	ASSERT_LT(replaced, (last_case(20000) - first_case()) / 10 * 9);
	ASSERT_LT(close, (last_case(20000) - first_case()) / 100);
}

/* Windows without an access until a region counts as idle. */
static unsigned int windows_until_idle(unsigned int window, double rate)
{
	struct damon_ctx *ctx = make_learner(window);
	struct damon_region *r = damon_first_region(target_of(ctx));
	unsigned int windows = 0;

	r->rate = rate * DAMON_FULL_RATE;
	r->worth = 60;
	while (r->rate && windows < 100) {
		end_window(ctx, 0, window);
		windows++;
	}
	free_ctx(ctx);
	return windows;
}

/* Memory that becomes idle is so at once, or in a few windows if it hardly was in use. */
TEST(learn_forgets_what_is_over)
{
	static const unsigned int windows[] = { 2, 5, 20, 100, 1000, 1000000, UINT_MAX };
	int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		if (windows[i] >= 20) {
			EXPECT_EQ(1, windows_until_idle(windows[i], 1));
			EXPECT_EQ(1, windows_until_idle(windows[i], 0.4));
		}
		EXPECT_LE(windows_until_idle(windows[i], 0.2), 40 / windows[i] + 8);
		EXPECT_LE(windows_until_idle(windows[i], 0.05), 30 / windows[i] + 10);
		EXPECT_LE(windows_until_idle(windows[i], 0.000001), 3);
		EXPECT_EQ(0, windows_until_idle(windows[i], 0));
	}
	/* half an access per window is not nothing */
	EXPECT_EQ(1, windows_until_idle(20, 0.033));
	EXPECT_EQ(2, windows_until_idle(20, 0.034));
}

/* What is left fades if it is less than half an access of a window, not if it is just that. */
TEST(learn_keeps_half_an_access)
{
	static const struct {
		unsigned int before, nr, after;
	} v[] = {
		{ 0, 1, DAMON_FULL_RATE / 2 + 1 },
		{ 2, 1, DAMON_FULL_RATE },
		{ DAMON_FULL_RATE - 2, 0, DAMON_FULL_RATE / 2 },
		{ DAMON_FULL_RATE - 4, 0, 0 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_learner(1);
		struct damon_region *r = damon_first_region(target_of(ctx));

		r->rate = v[i].before;
		r->worth = 1;
		EXPECT_EQ(v[i].after, rate_of(end_window(ctx, v[i].nr, 1)));
		free_ctx(ctx);
	}
}

/* A single access is never nothing, however many samples saw none. */
TEST(learn_never_makes_none_of_some)
{
	static const unsigned int windows[] = { 1, 20, 1000, 1U << 21, 1U << 24, UINT_MAX };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		struct damon_ctx *ctx = make_learner(windows[i]);
		struct damon_region *r;

		for (j = 0; j < 5; j++)
			r = end_window(ctx, 0, windows[i]);
		ASSERT_EQ(0, rate_of(r));
		ASSERT_EQ(min(5 * (u64)windows[i], 60), worth_of(r));
		r = end_window(ctx, 1, windows[i]);
		ASSERT_GT(rate_of(r), 0);
		ASSERT_GT(r->nr_accesses, 0);
		free_ctx(ctx);
	}
}

/* Heat that comes or goes slowly is followed closely. */
TEST(learn_follows_what_drifts)
{
	struct rng rng = { 1 };
	double mean_error = 0;
	int i, j, k;

	for (i = 0; i < 100; i++) {
		struct damon_ctx *ctx = make_learner(20);
		bool up = i % 2;

		for (j = 0; j <= 100; j++) {
			double rate = (up ? j : 100 - j) / 100.0, error;
			unsigned int nr = 0;
			struct damon_region *r;

			for (k = 0; k < 20; k++)
				nr += rnd_true(&rng, rate);
			r = end_window(ctx, nr, 20);
			error = share(r) - rate;
			/* four windows or so ago, and five errors of a single window */
			ASSERT_LT(fabs(error), 0.6);
			/* it is behind, never ahead */
			mean_error += (up ? -error : error) / 100 / 101;
		}
		free_ctx(ctx);
	}
	EXPECT_LT(mean_error, 0.04);
	EXPECT_GT(mean_error, 0.0);
}

/* Any state, any window: rates and counts stay within what there can be. */
TEST(learn_is_bounded)
{
	struct rng rng;

	for_each_case(rng, 20000) {
		unsigned int window = max(rnd_any(&rng, 32), 1);
		struct damon_ctx *ctx = make_learner(window);
		struct damon_region *r = damon_first_region(target_of(ctx));
		unsigned int of = max(rnd_any(&rng, 32) % ((u64)window + 1), 1);
		unsigned int nr = rnd_any(&rng, 32) % ((u64)of + 1), before, age;
		double now = (double)nr / of, was, slack = 0.000002;

		r->rate = rnd_any(&rng, 21);
		before = r->rate;
		r->worth = rnd_in(&rng, 0, 61);
		was = r->worth ? share(r) : now;
		end_window(ctx, nr, of);
		HOLDS(r->nr_samples == window && r->nr_accesses <= window);
		HOLDS(!r->nr_accesses == !r->rate);
		HOLDS(!nr || r->nr_accesses);
		HOLDS(r->worth && r->worth <= 60);
		/* between what was and what is, or idle */
		HOLDS(share(r) <= max(was, now) + slack);
		HOLDS((!nr && !r->rate) || share(r) >= min(was, now) - slack);
		/* with nothing to be learned, nothing changes, but what was hot is not old */
		before = r->rate;
		age = r->age;
		end_window(ctx, 0, 0);
		HOLDS(r->rate == before && r->age == (before ? 0 : age));
		free_ctx(ctx);
	}
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
		/* nobody has set a number */
		{ 96, 8, 0, 96, 1 },
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
			HOLDS(damon_regions_in_order(t) && aligned(t, grain));
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
		ASSERT_TRUE(damon_regions_in_order(target_of(ctx)));
		ASSERT_EQ(1000, total_sz(ctx));
		free_ctx(ctx);
	}
}

TEST_HARNESS_MAIN
