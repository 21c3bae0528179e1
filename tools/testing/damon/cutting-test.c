// SPDX-License-Identifier: GPL-2.0
/*
 * Where regions are cut: around spots, and to search, in a budget that both share.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#define SEARCH_CUTS	96
#define FOUND_SHARE	131072UL

/*
 * A context in which nothing is searched for, since all the memory is hot, with regions
 * of which everything is known.
 */
static struct damon_ctx *make_found_ctx(const char *text)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r;

	set_text(target_of(ctx), text);
	damon_for_each_region(r, target_of(ctx))
		set_last(r, TEST_WINDOW);
	return ctx;
}

/* A page that was not accessed: all else is hot. */
static void note(struct damon_ctx *ctx, unsigned long addr)
{
	note_spot(target_of(ctx), addr, false);
}

/* attributes */

/* Where attributes are monitored, what has them in part is halved, as far as there is room. */
TEST(mixed_regions_are_halved)
{
	struct damon_probe probe = { .weight = 1 };
	struct damon_ctx *ctx = make_found_ctx("0-200 200-400 400-600 600-601");
	struct damon_region *r = damon_first_region(target_of(ctx));

	set_last(r, TEST_WINDOW / 2);
	r = list_next_entry(r, list);
	set_last(r, 0);
	r = list_last_entry(&target_of(ctx)->regions_list, struct damon_region, list);
	set_last(r, 1);
	damon_cut_regions(ctx);
	EXPECT_STREQ("0-200 200-400 400-600 600-601", get_text(target_of(ctx), TEXT_BORDERS));

	ctx->ops.apply_probes = apply_no_probes;
	list_add_tail(&probe.list, &ctx->probes);
	damon_cut_regions(ctx);
	EXPECT_STREQ("0-100 100-200 200-400 400-600 600-601",
		     get_text(target_of(ctx), TEXT_BORDERS));
	/* what was known was true of the whole only */
	EXPECT_FALSE(!!damon_first_region(target_of(ctx))->worth);
	list_del(&probe.list);
	free_ctx(ctx);
}

/* There is room for two cuts in each window: all have their turn. */
TEST(mixed_regions_take_turns)
{
	struct damon_probe probe = { .weight = 1 };
	struct damon_ctx *ctx = make_found_ctx("0-10 10-20 20-30 30-40 40-50 50-60");
	struct damon_region *r;
	unsigned int cut = 0, i;

	ctx->attrs.max_nr_regions = 12;
	ctx->ops.apply_probes = apply_no_probes;
	list_add_tail(&probe.list, &ctx->probes);
	damon_for_each_region(r, target_of(ctx))
		set_last(r, TEST_WINDOW / 2);
	for (i = 0; i < 3; i++, ctx->nr_windows++) {
		damon_cut_regions(ctx);
		EXPECT_EQ(6 + 2, damon_nr_regions(target_of(ctx)));
		damon_for_each_region(r, target_of(ctx)) {
			if (damon_sz_region(r) == 10)
				continue;
			cut |= 1 << r->ar.start / 10;
			damon_merge_two_regions(target_of(ctx), r, list_next_entry(r, list));
			set_last(r, TEST_WINDOW / 2);
		}
	}
	EXPECT_EQ(0x3f, cut);
	list_del(&probe.list);
	free_ctx(ctx);
}

/* around spots */

/* 1, 4, 16 and 64 away, as far as the region reaches. */
TEST(cuts_are_at_growing_distances)
{
	static const struct {
		unsigned long spot;
		const char *after;
	} v[] = {
		{ 100, "0-36 36-84 84-96 96-99 99-100 100-101 101-104 104-116 116-164 164-200" },
		{ 0, "0-1 1-4 4-16 16-64 64-200" },
		{ 1, "0-1 1-2 2-5 5-17 17-65 65-200" },
		{ 4, "0-3 3-4 4-5 5-8 8-20 20-68 68-200" },
		{ 63, "0-47 47-59 59-62 62-63 63-64 64-67 67-79 79-127 127-200" },
		{ 64, "0-48 48-60 60-63 63-64 64-65 65-68 68-80 80-128 128-200" },
		{ 65, "0-1 1-49 49-61 61-64 64-65 65-66 66-69 69-81 81-129 129-200" },
		{ 199, "0-135 135-183 183-195 195-198 198-199 199-200" },
		{ 196, "0-132 132-180 180-192 192-195 195-196 196-197 197-200" },
		/* in no region */
		{ 200, "0-200" }, { ULONG_MAX, "0-200" },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_found_ctx("0-200");

		note(ctx, v[i].spot);
		damon_cut_regions(ctx);
		EXPECT_STREQ(v[i].after, get_text(target_of(ctx), TEXT_BORDERS));
		/* once is enough */
		EXPECT_EQ(0, target_of(ctx)->spots.nr);
		free_ctx(ctx);
	}
}

TEST(cuts_are_multiples_of_the_smallest_region)
{
	struct damon_ctx *ctx = make_found_ctx("0-96 96-800 800-1600");

	ctx->min_region_sz = 8;
	note(ctx, 405);
	damon_cut_regions(ctx);
	ASSERT_STREQ("0-96 96-272 272-368 368-392 392-400 400-408 408-432 432-528 528-800 800-1600",
		     get_text(target_of(ctx), TEXT_BORDERS));
	free_ctx(ctx);
}

/* A cutter goes on from region to region, and cuts no more than it may. */
TEST(cutters_go_on)
{
	static const struct {
		unsigned long addr;
		bool cuts;
	} v[] = {
		{ 0, false }, { 5, true }, { 10, false }, { 15, true }, { 25, false },
		{ 30, false }, { 35, true }, { 37, false }, { 50, false },
	};
	struct damon_ctx *ctx = make_found_ctx("0-10 10-20 30-40");
	struct damon_target *t = target_of(ctx);
	struct damon_cutter c = {
		.ctx = ctx, .t = t, .r = damon_first_region(t), .room = 3,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++)
		EXPECT_EQ(v[i].cuts, damon_cut_at(&c, v[i].addr));
	ASSERT_STREQ("0-5 5-10 10-15 15-20 30-35 35-40", get_text(t, TEXT_BORDERS));
	ASSERT_EQ(0, c.room);
	free_ctx(ctx);
}

/* The sample of an idle region may last, and says nothing about when a part was accessed. */
TEST(cuts_drop_samples_that_last)
{
	struct damon_ctx *ctx = make_found_ctx("0-100 100-200");
	struct damon_target *t = target_of(ctx);
	struct damon_cutter c = {
		.ctx = ctx, .t = t, .r = damon_first_region(t), .room = 9, .forgets = true,
	};
	struct damon_region *r = c.r;

	r->rate = 0;
	r->sampling_addr = 20;
	damon_next_region(r)->sampling_addr = 120;
	ASSERT_TRUE(damon_cut_at(&c, 50));
	ASSERT_FALSE(damon_sample_pending(r));
	ASSERT_FALSE(damon_sample_pending(c.r));
	/* that of another one does not last */
	ASSERT_TRUE(damon_cut_at(&c, 150));
	ASSERT_TRUE(damon_sample_pending(damon_prev_region(c.r)));
	free_ctx(ctx);
}

/* Nor is there anything to be cut off what is not larger. */
TEST(smallest_regions_stay)
{
	struct damon_ctx *ctx = make_found_ctx("0-8 8-16 16-24");
	int i;

	ctx->min_region_sz = 8;
	for (i = 0; i < 24; i += 3)
		note(ctx, i);
	damon_cut_regions(ctx);
	ASSERT_STREQ("0-8 8-16 16-24", get_text(target_of(ctx), TEXT_BORDERS));

	/* nothing hot in it, so it is searched, too */
	damon_first_region(target_of(ctx))->rate = 0;
	damon_cut_regions(ctx);
	ASSERT_STREQ("0-8 8-16 16-24", get_text(target_of(ctx), TEXT_BORDERS));
	free_ctx(ctx);
}

/* Regions may be there since before the smallest size grew. */
TEST(borders_need_not_be_multiples)
{
	struct damon_ctx *ctx = make_found_ctx("3-5 5-21 21-70");

	ctx->min_region_sz = 8;
	note(ctx, 4);
	note(ctx, 6);
	note(ctx, 22);
	damon_cut_regions(ctx);
	ASSERT_STREQ("3-5 5-8 8-21 21-24 24-48 48-70",
		     get_text(target_of(ctx), TEXT_BORDERS));
	free_ctx(ctx);
}

/* Each of two spots has half of what is between them, in whatever order they were found. */
TEST(spots_share_what_is_between)
{
	struct damon_ctx *ctx = make_found_ctx("0-100");

	note(ctx, 60);
	note(ctx, 40);
	damon_cut_regions(ctx);
	/* 10 are left to 50, so nothing is cut 16 away on that side */
	ASSERT_STREQ("0-24 24-36 36-39 39-40 40-41 41-44 44-56 56-59 59-60 60-61 61-64 "
		     "64-76 76-100",
		     get_text(target_of(ctx), TEXT_BORDERS));

	/* neighbours, and the same one twice */
	set_text(target_of(ctx), "0-40");
	set_last(damon_first_region(target_of(ctx)), TEST_WINDOW);
	note(ctx, 20);
	note(ctx, 21);
	note(ctx, 20);
	damon_cut_regions(ctx);
	ASSERT_STREQ("0-4 4-16 16-19 19-20 20-21 21-22 22-25 25-37 37-40",
		     get_text(target_of(ctx), TEXT_BORDERS));
	free_ctx(ctx);
}

/* That is where each of them ends, too. */
TEST(spots_end_halfway)
{
	static const struct {
		const char *before;
		unsigned long grain, spots[3];
		const char *after;
	} v[] = {
		/* 44 and 36 in front, and not the other way round */
		{ "0-100", 1, { 60, 52 },
		  "0-36 36-48 48-51 51-52 52-53 53-56 56-59 59-60 60-61 61-64 64-76 76-100" },
		/* 66, 134 and all that is left behind */
		{ "0-1000", 1, { 100, 232, 500 },
		  "0-36 36-84 84-96 96-99 99-100 100-101 101-104 104-116 116-164 "
		  "164-168 168-216 216-228 228-231 231-232 232-233 233-236 236-248 248-296 "
		  "296-436 436-484 484-496 496-499 499-500 500-501 501-504 504-516 516-564 "
		  "564-756 756-1000" },
		/* one in the next region does not matter */
		{ "0-100 100-101", 1, { 20, 100 },
		  "0-4 4-16 16-19 19-20 20-21 21-24 24-36 36-84 84-100 100-101" },
		/* two pages, whatever was accessed in them */
		{ "0-1600", 8, { 405, 420 },
		  "0-272 272-368 368-392 392-400 400-408 408-416 416-424 424-448 448-544 544-928 "
		  "928-1600" },
	};
	int i, j;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_found_ctx(v[i].before);

		ctx->min_region_sz = v[i].grain;
		for (j = 0; j < 3 && v[i].spots[j]; j++)
			note(ctx, v[i].spots[j]);
		damon_cut_regions(ctx);
		EXPECT_STREQ(v[i].after, get_text(target_of(ctx), TEXT_BORDERS));
		free_ctx(ctx);
	}
}

/* Spots of other regions, and of other targets, do not matter. */
TEST(cuts_are_within_the_region)
{
	struct damon_ctx *ctx = make_found_ctx("0-100 100-120 130-150");
	struct damon_target *second = make_target(ctx);

	add_text(second, "0-60:20/20");
	note(ctx, 98);
	note(ctx, 103);
	note(ctx, 125);
	note(ctx, 145);
	note_spot(second, 30, false);
	damon_cut_regions(ctx);
	ASSERT_STREQ("0-34 34-82 82-94 94-97 97-98 98-99 99-100 "
		     "100-102 102-103 103-104 104-107 107-119 119-120 "
		     "130-141 141-144 144-145 145-146 146-149 149-150",
		     get_text(target_of(ctx), TEXT_BORDERS));
	ASSERT_STREQ("0-14 14-26 26-29 29-30 30-31 31-34 34-46 46-60",
		     get_text(second, TEXT_BORDERS));
	free_ctx(ctx);
}

/* At the end of the address space nothing wraps. */
TEST(cuts_reach_the_end)
{
	struct damon_ctx *ctx = make_found_ctx("");
	struct damon_target *t = target_of(ctx);
	unsigned int nr;

	set_last(add(t, 0, ULONG_MAX, 0), TEST_WINDOW);
	note(ctx, ULONG_MAX - 1);
	damon_cut_regions(ctx);
	nr = damon_nr_regions(t);
	/* one for each distance, and the spot */
	ASSERT_EQ(BITS_PER_LONG / 2 + 2, nr);
	ASSERT_TRUE(damon_regions_in_order(t));

	set_text(t, "");
	set_last(add(t, 0, ULONG_MAX, 0), TEST_WINDOW);
	note(ctx, 0);
	damon_cut_regions(ctx);
	ASSERT_EQ(BITS_PER_LONG / 2 + 1, damon_nr_regions(t));
	ASSERT_TRUE(damon_regions_in_order(t));

	/* four in front of it and, as far as there is anything, one for each distance behind */
	set_text(t, "");
	set_last(add(t, 0, ULONG_MAX, 0), TEST_WINDOW);
	note(ctx, 5);
	damon_cut_regions(ctx);
	ASSERT_EQ(BITS_PER_LONG / 2 + 4, damon_nr_regions(t));
	free_ctx(ctx);
}

/* How often the whole was accessed says nothing of its parts. */
TEST(what_is_cut_forgets)
{
	struct damon_ctx *ctx = make_found_ctx("0-100 100-200");
	struct damon_target *t = target_of(ctx);
	struct damon_region *r;

	note(ctx, 60);
	damon_cut_regions(ctx);
	ASSERT_EQ(9, damon_nr_regions(t));
	damon_for_each_region(r, t) {
		ASSERT_EQ(r->ar.end <= 100 ? 0 : TEST_WINDOW, worth_of(r));
		ASSERT_EQ(DAMON_FULL_RATE, rate_of(r));
	}
	free_ctx(ctx);
}

TEST(forgotten_spots_are_not_cut)
{
	struct damon_ctx *ctx = make_found_ctx("0-100");

	note(ctx, 60);
	damon_forget_spots(target_of(ctx));
	damon_cut_regions(ctx);
	ASSERT_STREQ("0-100", get_text(target_of(ctx), TEXT_BORDERS));
	note(ctx, 60);
	damon_forget_samples(ctx);
	damon_cut_regions(ctx);
	ASSERT_STREQ("0-100", get_text(target_of(ctx), TEXT_BORDERS));
	free_ctx(ctx);
}

/* Those of a target that is seen once per window wait for the next one. */
TEST(suspects_are_not_cut)
{
	int silent;

	for (silent = 0; silent < 2; silent++) {
		struct damon_ctx *ctx = make_found_ctx("0-100");
		struct damon_target *t = target_of(ctx);
		struct damon_spot suspect = { .addr = 10, .chance = 1 };

		t->reach.silent = silent;
		note(ctx, 20);
		damon_note_spot(t, &suspect);
		damon_cut_regions(ctx);
		EXPECT_STREQ("0-4 4-16 16-19 19-20 20-21 21-24 24-36 36-84 84-100",
			     get_text(t, TEXT_BORDERS));
		EXPECT_EQ(silent, t->spots.nr);
		free_ctx(ctx);
	}
}

/* searching */

/* How many cuts are made if so much of a space is hot. */
static unsigned int cuts_with_hot(unsigned long hot, unsigned int max_nr)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned int nr;

	ctx->attrs.max_nr_regions = max_nr;
	add(t, 0, 10 * FOUND_SHARE - hot, 0);
	if (hot)
		set_last(add(t, 10 * FOUND_SHARE - hot, 10 * FOUND_SHARE, 0),
			 TEST_WINDOW);
	nr = damon_nr_regions(t);
	damon_cut_regions(ctx);
	nr = damon_nr_regions(t) - nr;
	free_ctx(ctx);
	return nr;
}

TEST(searches_until_something_is_found)
{
	EXPECT_EQ(SEARCH_CUTS, cuts_with_hot(0, 1000));
	EXPECT_EQ(SEARCH_CUTS, cuts_with_hot(9, 1000));
	EXPECT_EQ(0, cuts_with_hot(10, 1000));
	EXPECT_EQ(0, cuts_with_hot(1000, 1000));
	/* a share of the budget */
	EXPECT_EQ(20, cuts_with_hot(0, 100));
	EXPECT_EQ(20, cuts_with_hot(9, 100));
	EXPECT_EQ(2, cuts_with_hot(0, 10));
}

/* Half of the intervals is hot, less is not.  It is not dark either. */
TEST(searches_what_is_dark)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r;
	unsigned int nr = 0;

	add(t, 0, 1 << 20, 0);
	set_last(add(t, 1 << 20, 2 << 20, 0), 1);
	set_last(add(t, 2 << 20, 3 << 20, 0), 9);
	add(t, 3 << 20, 4 << 20, 0)->untouched = true;
	set_last(add(t, 4 << 20, 5 << 20, 0), 0);
	damon_cut_regions(ctx);
	ASSERT_TRUE(ctx->searching);
	damon_for_each_region(r, t)
		nr += r->ar.start < 1 << 20;
	ASSERT_EQ(5 + SEARCH_CUTS, damon_nr_regions(t));
	ASSERT_EQ(1 + SEARCH_CUTS / 2, nr);
	/* it is known as well as before */
	damon_for_each_region(r, t)
		ASSERT_EQ(r->ar.start < 1 << 20 ? 0 : r->untouched ? 0 : TEST_WINDOW,
			  worth_of(r));

	set_text(t, "");
	set_last(add(t, 0, 1 << 20, 0), 10);
	damon_cut_regions(ctx);
	ASSERT_FALSE(ctx->searching);
	ASSERT_EQ(1, damon_nr_regions(t));
	free_ctx(ctx);
}

/* All of the budget goes by size, among all targets, and into equal parts. */
TEST(searches_by_size)
{
	static const unsigned int max_nrs[] = { 1000, 200, 100, 60 };
	int i;

	for (i = 0; i < ARRAY_SIZE(max_nrs); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *second = make_target(ctx), *t = target_of(ctx);
		unsigned int room = min(max_nrs[i] / DAMON_ROOM_SHARE, SEARCH_CUTS), nr[4] = {};
		struct damon_region *r;

		ctx->attrs.max_nr_regions = max_nrs[i];
		add(t, 0, 1 << 20, 0);
		add(t, 1 << 20, 4 << 20, 0);
		add(second, 0, 2 << 20, 0);
		add(second, 2 << 20, 8 << 20, 0);
		damon_cut_regions(ctx);
		damon_for_each_region(r, t)
			nr[r->ar.start >= 1 << 20]++;
		damon_for_each_region(r, second)
			nr[2 + (r->ar.start >= 2 << 20)]++;
		/* what is left of it goes to the last part */
		damon_for_each_region(r, second)
			if (r->ar.start >= 2 << 20) {
				EXPECT_GE(damon_sz_region(r), (6 << 20) / nr[3]);
				EXPECT_LT(damon_sz_region(r), (6 << 20) / nr[3] + nr[3]);
			}
		/* twelfths, rounded down */
		EXPECT_EQ(1 + room / 12, nr[0]);
		EXPECT_EQ(1 + room * 3 / 12, nr[1]);
		EXPECT_EQ(1 + room * 2 / 12, nr[2]);
		EXPECT_EQ(1 + room * 6 / 12, nr[3]);
		free_ctx(ctx);
	}
}

/* Also where that is less than a byte: a core address may be that of a page. */
TEST(small_spaces_are_searched)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	add(t, 0, FOUND_SHARE / 2, 0);
	damon_cut_regions(ctx);
	ASSERT_TRUE(ctx->searching);
	ASSERT_EQ(1 + SEARCH_CUTS, damon_nr_regions(t));

	/* in one of more than half the address space, too */
	set_text(t, "");
	add(t, 0, ULONG_MAX, 0);
	damon_cut_regions(ctx);
	ASSERT_TRUE(ctx->searching);
	ASSERT_EQ(1 + SEARCH_CUTS, damon_nr_regions(t));

	/* less than one in so many is less, if only by a page */
	set_text(t, "");
	add(t, 0, 10 * FOUND_SHARE - 9, 0);
	set_last(add(t, 10 * FOUND_SHARE - 9, 10 * FOUND_SHARE + 1, 0), TEST_WINDOW);
	damon_cut_regions(ctx);
	ASSERT_TRUE(ctx->searching);

	/* and a single page is something */
	set_text(t, "0-1:0/20 1-10");
	damon_cut_regions(ctx);
	ASSERT_FALSE(ctx->searching);
	ASSERT_EQ(2, damon_nr_regions(t));
	free_ctx(ctx);
}

/* the budget */

TEST(room_is_a_share)
{
	static const struct {
		unsigned int max_nr, nr, cuts;
	} v[] = {
		{ 1000, 1, 200 }, { 1000, 700, 200 }, { 1000, 850, 150 },
		{ 1000, 999, 1 }, { 1000, 1000, 0 }, { 1000, 1001, 0 },
		{ 100, 10, 20 }, { 104, 10, 20 }, { 105, 10, 21 }, { 3, 1, 1 },
		{ 3, 2, 1 }, { 3, 3, 0 }, { 5, 1, 1 }, { 10, 1, 2 },
	};
	/* a thousand of them end below 4 GiB */
	const unsigned long sz = 1UL << 22;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_found_ctx("");
		struct damon_target *t = target_of(ctx);

		ctx->attrs.max_nr_regions = v[i].max_nr;
		for (j = 0; j < v[i].nr; j++)
			set_last(add(t, j * sz, (j + 1) * sz, 0), TEST_WINDOW);
		for (j = 1; j <= DAMON_MAX_SPOTS; j++)
			note(ctx, v[i].nr * sz / (DAMON_MAX_SPOTS + 1) * j);
		damon_cut_regions(ctx);
		EXPECT_EQ(v[i].nr + v[i].cuts, damon_nr_regions(t)) {
			TH_LOG("vector %d", i);
		}
		EXPECT_TRUE(damon_regions_in_order(t));
		free_ctx(ctx);
	}
}

/* What was found out goes first, and searching gets what is left. */
TEST(spots_come_before_searching)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	ctx->attrs.max_nr_regions = 500;
	add(t, 0, 1UL << 30, 0);
	note_spot(t, 1UL << 29, true);
	damon_cut_regions(ctx);
	/* the parts around the spot are too small to get any of the others */
	ASSERT_LE(damon_nr_regions(t), 1 + 100);
	ASSERT_GE(damon_nr_regions(t), 1 + 80);
	ASSERT_TRUE(damon_skip_to(damon_first_region(t), 1UL << 29, t)->ar.end ==
		    (1UL << 29) + 1);

	set_text(t, "");
	ctx->attrs.max_nr_regions = 40;
	add(t, 0, 1000, 0);
	note_spot(t, 500, true);
	damon_cut_regions(ctx);
	/* 256, 64, 16, 4 and 1 in front of it, the spot, 1 and 4 behind */
	ASSERT_STREQ("0-244 244-436 436-484 484-496 496-499 499-500 500-501 501-504 504-1000",
		     get_text(t, TEXT_BORDERS));
	free_ctx(ctx);
}

/* What was cut wants to be looked at, which is planned for at once. */
TEST(looks_are_planned_for_what_was_cut)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned int i;

	for (i = 0; i < 900; i++)
		set_last(add(t, i, i + 1, 0), TEST_WINDOW / 2);
	damon_cut_regions(ctx);
	/* 450 of 200, rounded up */
	ASSERT_EQ(3, ctx->look_span);
	free_ctx(ctx);
}

TEST(nothing_to_cut)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	note(ctx, 5);
	damon_cut_regions(ctx);
	ASSERT_STREQ("", get_text(t, TEXT_BORDERS));
	set_text(t, "0-100 100-200 200-300");
	ctx->attrs.max_nr_regions = 3;
	note(ctx, 50);
	damon_cut_regions(ctx);
	ASSERT_STREQ("0-100 100-200 200-300", get_text(t, TEXT_BORDERS));
	free_ctx(ctx);
}

/* Each number of allocations that can be made before one fails. */
TEST(cuts_survive_failures)
{
	unsigned int i, nr = 0;

	for (i = 0; i < 120; i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);

		add(t, 0, 1 << 20, 7);
		note(ctx, 1 << 19);
		shim_fail_after(i);
		damon_cut_regions(ctx);
		shim_fail_after(ULONG_MAX);
		ASSERT_LE(damon_nr_regions(t), 1 + i);
		ASSERT_GE(damon_nr_regions(t), nr);
		ASSERT_TRUE(damon_regions_in_order(t));
		ASSERT_EQ(1 << 20, total_sz(ctx));
		ASSERT_EQ(0, t->spots.nr);
		nr = damon_nr_regions(t);
		free_ctx(ctx);
	}
	ASSERT_GE(nr, SEARCH_CUTS);
}

/* Regions of some targets, with spots anywhere, also outside. */
static void random_targets(struct rng *rng, struct damon_ctx *ctx, unsigned long grain)
{
	unsigned int targets = rnd_in(rng, 1, 4), i;
	struct damon_region *r;
	struct damon_target *t;

	while (targets--) {
		t = targets ? make_target(ctx) : target_of(ctx);
		random_regions(rng, t, rnd_in(rng, 1, 200), grain, 20);
		if (rnd_true(rng, 0.5))
			damon_for_each_region(r, t)
				r->rate = 0;
		damon_for_each_region(r, t) {
			r->untouched = rnd_true(rng, 0.2);
			if (rnd_true(rng, 0.1))
				note_spot(t, rnd_in(rng, r->ar.start, r->ar.end),
					  rnd_true(rng, 0.5));
		}
		for (i = rnd_in(rng, 0, 5); i--; )
			note_spot(t, rnd_any(rng, BITS_PER_LONG), rnd_true(rng, 0.5));
	}
}

/* What cuts may do to any targets. */
TEST(cuts_stay_in_budget)
{
	unsigned int used = 0, searched = 0;
	struct rng rng;

	for_each_case(rng, 5000) {
		struct damon_ctx *ctx = make_ctx(_case);
		unsigned long grain = 1UL << rnd_in(&rng, 0, 13);
		unsigned int nr, max_nr, room;
		struct damon_target *t;
		u64 total;

		ctx->min_region_sz = grain;
		max_nr = rnd_in(&rng, 3, 1500);
		ctx->attrs.max_nr_regions = max_nr;
		random_targets(&rng, ctx, grain);
		nr = total_nr(ctx);
		total = total_sz(ctx);
		room = min(max_nr - min(nr, max_nr), max(max_nr / DAMON_ROOM_SHARE, 1));
		if (rnd_true(&rng, 0.2))
			shim_fail_after(rnd_in(&rng, 0, 200));

		damon_cut_regions(ctx);
		shim_fail_after(ULONG_MAX);
		HOLDS(total_nr(ctx) >= nr && total_nr(ctx) <= nr + room);
		HOLDS(total_sz(ctx) == total);
		damon_for_each_target(t, ctx)
			HOLDS(damon_regions_in_order(t) && aligned(t, grain) && !t->spots.nr);
		used += room && total_nr(ctx) == nr + room;
		searched += ctx->searching;
		free_ctx(ctx);
	}
	if (getenv("CASE"))
		return;
	/* the cases reach the limit, and both reasons to cut */
	ASSERT_GT(used, 100);
	ASSERT_GT(searched, 500);
}

/* However many regions there may be, some of the room for them is for cuts. */
TEST(no_limit_leaves_no_room)
{
	static const unsigned long limits[] = {
		3, 4, UINT_MAX, ULONG_MAX, ULONG_MAX / 2 + 1,
#if BITS_PER_LONG == 64
		1UL << 34, 1UL << 40,
#endif
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		struct damon_ctx *ctx = make_ctx(1);

		ctx->attrs.max_nr_regions = limits[i];
		ctx->min_region_sz = 1;
		add(target_of(ctx), 0, 1 << 20, 0);
		damon_cut_regions(ctx);
		EXPECT_GT(damon_nr_regions(target_of(ctx)), 1);
		EXPECT_GE(limits[i], damon_nr_regions(target_of(ctx)));
		free_ctx(ctx);
	}
}

TEST_HARNESS_MAIN
