// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages are taken for others than their regions.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

static struct damon_spot *suspect(struct damon_target *t, unsigned long addr)
{
	struct damon_spot spot = {
		.addr = addr, .hot = true, .chance = 8, .share = DAMON_FULL_RATE / 2,
	};

	return damon_note_spot(t, &spot);
}

/* Addresses of those that there are, suspects with a question mark. */
static const char *text_of(const struct damon_target *t)
{
	static char text[DAMON_MAX_SPOTS * 24];
	unsigned int i, len = 0;

	text[0] = '\0';
	for (i = 0; i < t->spots.nr; i++)
		len += sprintf(text + len, "%s%lu%s", i ? " " : "", t->spots.spots[i].addr,
			       t->spots.spots[i].chance ? "?" : "");
	return text;
}

/* How many looks that agree make a spot of a suspect. */
static unsigned int looks_needed(struct damon_target *t, double share, unsigned int worth,
				 bool hot)
{
	struct damon_spot spot = {
		.addr = 5, .hot = hot, .chance = worth, .share = share * DAMON_FULL_RATE,
	};
	unsigned int nr = 1;

	damon_forget_spots(t);
	damon_note_spot(t, &spot);
	t->spots.turn = 0;
	for (;; nr++) {
		damon_begin_suspects(t, nr);
		if (!damon_look_again(t, damon_next_suspect(t, 6),
				      hot ? DAMON_ACCESSED : DAMON_NOT_ACCESSED))
			break;
	}
	if (strcmp(text_of(t), "5"))
		abort();
	return nr;
}

/* As many as it takes until less than one page of the region would show that. */
TEST(rare_agreement_needs_few_looks)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	int hot;

	for (hot = 0; hot < 2; hot++) {
		/* memory that was never accessed, or always */
		EXPECT_EQ(1, looks_needed(t, 0, 1, hot));
		EXPECT_EQ(1, looks_needed(t, 0, 60, hot));
		/* 60 * 0.01 */
		EXPECT_EQ(1, looks_needed(t, 0.01, 60, hot));
		/* 60 * 0.1 * 0.1 */
		EXPECT_EQ(2, looks_needed(t, 0.1, 60, hot));
		EXPECT_EQ(1, looks_needed(t, 0.1, 9, hot));
		EXPECT_EQ(2, looks_needed(t, 0.1, 11, hot));
		/* 60, 30, 15, 7, 3, 1, 0: whole pages */
		EXPECT_EQ(6, looks_needed(t, 0.501, 60, hot));
		EXPECT_EQ(1, looks_needed(t, 0.499, 2, hot));
	}
	free_ctx(ctx);
}

TEST(one_look_that_does_not_agree_is_enough)
{
	static const enum damon_answer answers[] = {
		DAMON_NOT_ACCESSED, DAMON_UNKNOWN, DAMON_ACCESSED,
	};
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned int i, hot;

	for (hot = 0; hot < 2; hot++) {
		for (i = 0; i < ARRAY_SIZE(answers); i++) {
			bool agrees = answers[i] == (hot ? DAMON_ACCESSED : DAMON_NOT_ACCESSED);

			damon_forget_spots(t);
			suspect(t, 1)->hot = hot;
			suspect(t, 2)->hot = hot;
			damon_begin_suspects(t, t->spots.turn + 1);
			EXPECT_EQ(agrees, damon_look_again(t, damon_next_suspect(t, 2),
							   answers[i]));
			EXPECT_STREQ(agrees ? "1? 2?" : "2?", text_of(t));
		}
	}
	free_ctx(ctx);
}

/* Whatever the order in which they are found, and each page once. */
TEST(noted_in_order)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	EXPECT_EQ(30, note_spot(t, 30, true)->addr);
	EXPECT_EQ(10, suspect(t, 10)->addr);
	EXPECT_EQ(20, note_spot(t, 20, false)->addr);
	EXPECT_EQ(40, suspect(t, 40)->addr);
	EXPECT_STREQ("10? 20 30 40?", text_of(t));
	EXPECT_FALSE((bool)t->spots.spots[1].hot);
	EXPECT_FALSE((bool)suspect(t, 10));
	EXPECT_FALSE((bool)suspect(t, 30));
	EXPECT_FALSE((bool)note_spot(t, 40, true));
	EXPECT_STREQ("10? 20 30 40?", text_of(t));

	damon_drop_spot(t, &t->spots.spots[1]);
	EXPECT_STREQ("10? 30 40?", text_of(t));
	damon_forget_suspects(t);
	EXPECT_STREQ("30", text_of(t));
	damon_drop_spot(t, &t->spots.spots[0]);
	EXPECT_STREQ("", text_of(t));
	free_ctx(ctx);
}

/* Who comes when there is no room leaves the others as they are. */
TEST(no_more_than_there_is_room_for)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned int i;

	for (i = 0; i < DAMON_MAX_SPOTS; i++)
		ASSERT_TRUE((bool)suspect(t, 2 * i));
	for (i = 0; i <= DAMON_MAX_SPOTS; i++)
		ASSERT_FALSE((bool)suspect(t, 2 * i + 1));
	ASSERT_TRUE(damon_spots_in_order(t));
	damon_drop_spot(t, &t->spots.spots[DAMON_MAX_SPOTS - 1]);
	ASSERT_TRUE((bool)suspect(t, 1));
	ASSERT_FALSE((bool)suspect(t, 3));
	for (i = 0; i < DAMON_MAX_SPOTS; i++)
		ASSERT_EQ(i < 2 ? i : 2 * (i - 1), t->spots.spots[i].addr);
	free_ctx(ctx);
}

/*
 * Each suspect is looked at once in an interval, in order, and none that has become one in
 * it, also if some are dropped meanwhile.
 */
TEST(each_has_its_turn)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		unsigned long looked[DAMON_MAX_SPOTS], before[DAMON_MAX_SPOTS], end = 0;
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		unsigned int i, nr = 0, nr_before = 0;
		struct damon_spot *spot;

		for (i = rnd_in(&rng, 0, DAMON_MAX_SPOTS + 5); i; i--) {
			if (rnd_true(&rng, 0.7))
				suspect(t, rnd_in(&rng, 0, 1000));
			else
				note_spot(t, rnd_in(&rng, 0, 1000), true);
		}
		for (i = 0; i < t->spots.nr; i++)
			if (t->spots.spots[i].chance)
				before[nr_before++] = t->spots.spots[i].addr;
		t->spots.turn = 3;
		damon_begin_suspects(t, 4);
		while (end < 1000) {
			unsigned long start = end;

			end = rnd_in(&rng, end + 1, end + 200);
			while ((spot = damon_next_suspect(t, end))) {
				HOLDS(spot->addr < end && nr < nr_before);
				looked[nr++] = spot->addr;
				damon_look_again(t, spot, rnd_true(&rng, 0.5) ?
						 DAMON_ACCESSED : DAMON_UNKNOWN);
			}
			/* the region's own sample */
			if (rnd_true(&rng, 0.5)) {
				spot = suspect(t, rnd_in(&rng, start, end));
				if (spot && rnd_true(&rng, 0.3))
					damon_drop_spot(t, spot);
			}
			HOLDS(damon_spots_in_order(t));
		}
		HOLDS(nr == nr_before);
		for (i = 0; i < nr; i++)
			HOLDS(looked[i] == before[i]);
		free_ctx(ctx);
	}
}

/* A look that was not in the next interval has seen too much. */
TEST(only_consecutive_intervals_count)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	static const int after[] = { 1, 0, 2, 3, -1, 20 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(after); i++) {
		damon_forget_spots(t);
		damon_begin_suspects(t, 100);
		suspect(t, 1);
		note_spot(t, 2, true);
		damon_begin_suspects(t, 100 + after[i]);
		EXPECT_STREQ(after[i] == 1 ? "1? 2" : "2", text_of(t));
	}
	/* the number of intervals may wrap around */
	damon_forget_spots(t);
	damon_begin_suspects(t, UINT_MAX);
	suspect(t, 1);
	damon_begin_suspects(t, 0);
	EXPECT_STREQ("1?", text_of(t));
	free_ctx(ctx);
}

/* Where accesses show only behind a flush, a look is begun anew for each. */
TEST(wait_for_the_next_flush)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	t->reach.silent = true;
	damon_begin_suspects(t, 100);
	suspect(t, 1);
	suspect(t, 2);
	note_spot(t, 3, true);
	damon_begin_suspects(t, 119);
	EXPECT_STREQ("1? 2? 3", text_of(t));
	EXPECT_FALSE(damon_look_again(t, damon_next_suspect(t, 9), DAMON_NOT_ACCESSED));
	EXPECT_TRUE(damon_look_again(t, damon_next_suspect(t, 9), DAMON_ACCESSED));
	damon_drop_spots(t);
	EXPECT_STREQ("2?", text_of(t));
	EXPECT_FALSE((bool)damon_next_suspect(t, 1));
	free_ctx(ctx);
}

TEST_HARNESS_MAIN
