// SPDX-License-Identifier: GPL-2.0
/*
 * Hot spots: which addresses are remembered, where regions are cut around them,
 * and when that stops because it leads nowhere.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

/* A sample of the region that contains @addr sees an access. */
static void hit(struct damon_ctx *ctx, unsigned long addr)
{
	struct damon_target *t = target_of(ctx);
	struct damon_region *r = damon_first_region(t);

	r = damon_skip_to(r, addr, t);
	r->sampling_addr = addr;
	damon_count_sample(t, r, DAMON_ACCESSED,
			   damon_max_nr_accesses(&ctx->attrs));
}

/* A context without random splits. */
static struct damon_ctx *make_still_ctx(const char *text)
{
	struct damon_ctx *ctx = make_ctx(1);

	ctx->min_region_sz = 1;
	set_text(target_of(ctx), text);
	return ctx;
}

static unsigned int cut(struct damon_ctx *ctx)
{
	return damon_cut_around_spots(ctx, target_of(ctx),
				      ctx->attrs.max_nr_regions);
}

TEST(spots_ascend_and_are_limited)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		struct damon_ctx *ctx = make_still_ctx("0-1000 1000-2000 2000-9000");
		struct damon_spots *spots = &target_of(ctx)->spots;
		unsigned int nr = rnd_in(&rng, 1, 12), i;

		for (i = 0; i < nr; i++)
			hit(ctx, rnd_in(&rng, 0, 9000));
		HOLDS(spots->nr <= 3 * DAMON_SPOTS_PER_REGION);
		HOLDS(spots->nr >= min(nr, DAMON_SPOTS_PER_REGION));
		for (i = 1; i < spots->nr; i++)
			HOLDS(spots->addrs[i - 1] <= spots->addrs[i]);
		free_ctx(ctx);
	}
}

TEST(spots_overflow_is_dropped)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned int i;

	for (i = 0; i < 3 * DAMON_MAX_SPOTS; i++)
		add(t, 10 * i, 10 * i + 10, 0);
	for (i = 3 * DAMON_MAX_SPOTS; i--; )
		hit(ctx, 10 * i);
	ASSERT_EQ(DAMON_MAX_SPOTS, t->spots.nr);
	ASSERT_EQ(10 * 2 * DAMON_MAX_SPOTS, t->spots.addrs[0]);
	free_ctx(ctx);
}

/* Of 20 samples, two are an eighth. */
TEST(only_cold_regions_have_spots)
{
	struct damon_ctx *ctx = make_still_ctx("0-100:0/2 100-200:0/3 200-300:0/20");
	struct damon_spots *spots = &target_of(ctx)->spots;

	hit(ctx, 250);
	hit(ctx, 150);
	ASSERT_EQ(0, spots->nr);
	hit(ctx, 50);
	ASSERT_EQ(1, spots->nr);
	ASSERT_EQ(50, spots->addrs[0]);
	free_ctx(ctx);
}

TEST(cuts_are_at_growing_distances)
{
	struct damon_ctx *ctx = make_still_ctx("0-100");
	struct damon_target *t = target_of(ctx);

	hit(ctx, 60);
	ASSERT_EQ(6, cut(ctx));
	ASSERT_STREQ("0-44 44-56 56-59 59-61 61-64 64-76 76-100",
		     get_text(t, TEXT_BORDERS));
	ASSERT_EQ(0, t->spots.nr);
	free_ctx(ctx);
}

/* Between two spots each has half of the way. */
TEST(spots_share_what_is_between)
{
	struct damon_ctx *ctx = make_still_ctx("0-100");
	struct damon_target *t = target_of(ctx);

	hit(ctx, 50);
	hit(ctx, 40);
	cut(ctx);
	ASSERT_STREQ("0-24 24-36 36-39 39-41 41-44 44-46 46-49 49-51 51-54 54-66 66-100",
		     get_text(t, TEXT_BORDERS));
	free_ctx(ctx);
}

TEST(hot_regions_are_not_cut)
{
	struct damon_ctx *ctx = make_still_ctx("0-1000");
	struct damon_target *t = target_of(ctx);

	hit(ctx, 600);
	damon_first_region(t)->last_nr_accesses = 10;
	ASSERT_EQ(0, cut(ctx));
	ASSERT_STREQ("0-1000", get_text(t, TEXT_BORDERS));
	free_ctx(ctx);
}

/* Any memory, any spots: nothing gets lost, and limits hold. */
TEST(cuts_keep_the_set)
{
	struct rng rng;

	for_each_case(rng, 5000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		unsigned long grain = 1UL << rnd_in(&rng, 0, 13);
		unsigned int room = rnd_in(&rng, 0, 200), nr, nr_cuts, i;
		u64 total;

		ctx->min_region_sz = grain;
		random_regions(&rng, t, rnd_in(&rng, 1, 30), grain, 1);
		total = total_sz(ctx);
		nr = damon_nr_regions(t);
		for (i = rnd_in(&rng, 0, 40); i--; ) {
			struct damon_region *r = damon_first_region(t);
			unsigned int skip = rnd_in(&rng, 0, nr);

			while (skip--)
				r = damon_next_region(r);
			hit(ctx, r->ar.start +
			    rnd_in(&rng, 0, damon_sz_region(r)));
		}
		nr_cuts = damon_cut_around_spots(ctx, t, room);
		HOLDS(nr_cuts <= room && nr_cuts <= max(nr, 64));
		HOLDS(damon_nr_regions(t) == nr + nr_cuts);
		HOLDS(in_order(t) && aligned(t, grain));
		HOLDS(total_sz(ctx) == total);
		free_ctx(ctx);
	}
}

/* How often regions are cut in so many windows with one spot each. */
static unsigned int nr_trials(struct damon_ctx *ctx, unsigned int windows,
			      unsigned int found)
{
	struct damon_target *t = target_of(ctx);
	unsigned int nr = 0;

	while (windows--) {
		struct damon_region *r;

		hit(ctx, 600);
		damon_first_region(t)->nr_accesses = 0;
		nr += cut(ctx) > 0;
		damon_for_each_region(r, t)
			r->last_nr_accesses = found;
		t->spots.nr = 0;
		while (damon_nr_regions(t) > 1)
			damon_merge_two_regions(t, damon_first_region(t),
						damon_next_region(damon_first_region(t)));
	}
	return nr;
}

TEST(vain_trials_become_rare)
{
	struct damon_ctx *ctx = make_still_ctx("0-1000");

	/* after 1, 2, 4, 8 windows, then every 16 */
	ASSERT_EQ(4 + 10, nr_trials(ctx, 1 + 2 + 4 + 8 + 10 * 16, 1));
	damon_forget_spots(target_of(ctx));
	ASSERT_EQ(3, nr_trials(ctx, 1 + 2 + 4, 1));
	free_ctx(ctx);
}

TEST(found_memory_makes_trials_frequent)
{
	struct damon_ctx *ctx = make_still_ctx("0-1000");
	struct damon_target *t = target_of(ctx);

	nr_trials(ctx, 100, 0);
	ASSERT_EQ(4, t->spots.nr_vain);
	t->spots.wait = 0;
	hit(ctx, 600);
	ASSERT_GT(cut(ctx), 0);
	damon_skip_to(damon_first_region(t), 600, t)->last_nr_accesses = 20;
	cut(ctx);
	ASSERT_EQ(0, t->spots.nr_vain);
	ASSERT_EQ(0, t->spots.wait);
	free_ctx(ctx);
}

TEST_HARNESS_MAIN
