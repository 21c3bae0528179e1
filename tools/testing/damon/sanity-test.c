// SPDX-License-Identifier: GPL-2.0
/*
 * What is said to be damaged is, and nothing else.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

/* A context without a fault, as of the middle of a window. */
FIXTURE(sanity)
{
	struct damon_ctx *ctx;
	struct damon_target *t;
	struct damon_region *first, *second;
};

FIXTURE_SETUP(sanity)
{
	self->ctx = make_ctx(1);
	self->t = target_of(self->ctx);
	self->first = add(self->t, 0x1000, 0x3000, 5);
	self->second = add(self->t, 0x3000, 0x4000, 0);
	self->first->nr_samples = 10;
	self->second->nr_samples = TEST_WINDOW;
	set_last(self->second, 3);
	ASSERT_TRUE(damon_regions_in_order(self->t));
	ASSERT_TRUE(damon_counts_possible(self->t, TEST_WINDOW));
}

FIXTURE_TEARDOWN(sanity)
{
	free_ctx(self->ctx);
}

TEST_F(sanity, no_regions_are_in_order)
{
	damon_destroy_regions(self->t);
	EXPECT_TRUE(damon_regions_in_order(self->t));
	EXPECT_TRUE(damon_counts_possible(self->t, TEST_WINDOW));
}

TEST_F(sanity, gaps_are_allowed)
{
	self->second->ar.start += 0x800;
	EXPECT_TRUE(damon_regions_in_order(self->t));
}

TEST_F(sanity, overlap)
{
	self->second->ar.start--;
	EXPECT_FALSE(damon_regions_in_order(self->t));
}

TEST_F(sanity, empty)
{
	self->second->ar.end = self->second->ar.start;
	EXPECT_FALSE(damon_regions_in_order(self->t));
}

TEST_F(sanity, spots)
{
	struct damon_spots *spots = &self->t->spots;

	EXPECT_TRUE(damon_spots_in_order(self->t));
	note_spot(self->t, 0x1000, true);
	note_spot(self->t, 0x2000, true);
	EXPECT_TRUE(damon_spots_in_order(self->t));
	spots->next = 2;
	EXPECT_TRUE(damon_spots_in_order(self->t));
	spots->next = 3;
	EXPECT_FALSE(damon_spots_in_order(self->t));
	spots->next = 0;
	spots->spots[1].addr = 0x1000;
	EXPECT_FALSE(damon_spots_in_order(self->t));
	spots->nr = DAMON_MAX_SPOTS + 1;
	EXPECT_FALSE(damon_spots_in_order(self->t));
}

TEST_F(sanity, wrong_order)
{
	list_move_tail(&self->first->list, &self->t->regions_list);
	EXPECT_FALSE(damon_regions_in_order(self->t));
}

TEST_F(sanity, wrong_number)
{
	self->t->nr_regions++;
	EXPECT_FALSE(damon_regions_in_order(self->t));
	self->t->nr_regions -= 2;
	EXPECT_FALSE(damon_regions_in_order(self->t));
	self->t->nr_regions++;
}

TEST_F(sanity, more_accesses_than_answers)
{
	self->first->nr_accesses = self->first->nr_samples;
	EXPECT_TRUE(damon_counts_possible(self->t, TEST_WINDOW));
	self->first->nr_accesses++;
	EXPECT_FALSE(damon_counts_possible(self->t, TEST_WINDOW));
}

TEST_F(sanity, more_answers_than_samples)
{
	self->second->nr_samples++;
	EXPECT_FALSE(damon_counts_possible(self->t, TEST_WINDOW));
}

TEST_F(sanity, worth_too_much)
{
	self->second->worth = DAMON_MAX_WORTH + 1;
	EXPECT_FALSE(damon_counts_possible(self->t, TEST_WINDOW));
}

/* Who has said that there may be damage is not told of it. */
TEST_F(sanity, known_damage_is_not_reported)
{
	self->second->ar.start--;
	self->ctx->maybe_corrupted = true;
	damon_check_sanity(self->ctx);
}

TEST(stat)
{
	struct damos_stat stat = { .nr_tried = 3, .sz_tried = 1, .nr_applied = 3, .sz_applied = 2 };

	EXPECT_TRUE(damos_stat_possible(&stat));
	stat.nr_applied++;
	EXPECT_FALSE(damos_stat_possible(&stat));
}

TEST_HARNESS_MAIN
