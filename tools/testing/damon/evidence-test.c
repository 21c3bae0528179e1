// SPDX-License-Identifier: GPL-2.0
/*
 * Evidence: what touched entries say about the regions that lie in them.
 */
#include <linux/array_size.h>

#include "../selftests/kselftest_harness.h"
#include "test.h"
#include "../../../mm/damon/evidence.h"

static const struct damon_sight sight = { .fine = 16, .coarse = 128 };

FIXTURE(evidence)
{
	struct damon_ctx *ctx;
	struct damon_target *t;
	struct damon_sweep *sweep;
};

FIXTURE_SETUP(evidence)
{
	self->ctx = make_ctx(1);
	self->t = target_of(self->ctx);
	self->sweep = kzalloc_obj(*self->sweep);
	self->t->sweep = self->sweep;
}

FIXTURE_TEARDOWN(evidence)
{
	free_ctx(self->ctx);
}

/* Regions, of which those whose letter is 'u' were used in the window. */
static void set_used(struct damon_target *t, const char *text, const char *used)
{
	struct damon_region *r;

	set_text(t, text);
	damon_for_each_region(r, t) {
		r->nr_samples = 5;
		r->nr_accesses = *used++ == 'u';
		r->unseen = true;
	}
}

static struct damon_region *nth(struct damon_target *t, unsigned int i)
{
	struct damon_region *r = damon_first_region(t);

	while (i--)
		r = damon_next_region(r);
	return r;
}

/* What touched the entry of an atom may have been an access beside it. */
TEST_F(evidence, atoms_are_explained)
{
	static const struct {
		const char *regions, *used;
		unsigned int nth;
		bool explained;
	} v[] = {
		/* the entry from 16 to 32 */
		{ "0-24 24-28 28-64", "iii", 1, false },
		{ "0-24 24-28 28-64", "uii", 1, true },
		{ "0-24 24-28 28-64", "iiu", 1, true },
		{ "0-24 24-28 28-64", "uuu", 1, false },
		{ "0-24 24-28 28-64", "iui", 1, false },
		/* ends or begins in there, or beside it */
		{ "16-20 24-28", "ui", 1, true },
		{ "0-16 24-28 32-64", "uiu", 1, false },
		{ "0-17 24-28 32-64", "uii", 1, true },
		{ "0-16 24-28 31-64", "iiu", 1, true },
		/* the first and the last one */
		{ "24-28 28-64", "iu", 0, true },
		{ "24-28 28-64", "ii", 0, false },
		{ "0-24 24-28", "ii", 1, false },
		{ "24-28", "i", 0, false },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		set_used(self->t, v[i].regions, v[i].used);
		EXPECT_EQ(v[i].explained,
			  damon_is_explained(self->t, nth(self->t, v[i].nth), &sight)) {
			TH_LOG("vector %d", i);
		}
	}
}

/* An entry on a border may have been touched from the other side, others not. */
TEST_F(evidence, touched_entries_are_of_a_region)
{
	static const struct {
		const char *used;
		unsigned long touched;	/* entries, by bits */
		bool unseen;
	} v[] = {
		/* it has the entries 2 to 6, and shares the first and the last one */
		{ "uiu", 0, true },
		{ "uiu", BIT(1) | BIT(7), true },
		{ "uiu", BIT(2), true },
		{ "uiu", BIT(6), true },
		{ "uiu", BIT(2) | BIT(6), true },
		{ "uiu", BIT(3), false },
		{ "uiu", BIT(5), false },
		{ "uiu", BIT(2) | BIT(3), false },
		{ "uiu", BIT(5) | BIT(6), false },
		{ "uii", BIT(2), true },
		{ "uii", BIT(6), false },
		{ "uii", BIT(2) | BIT(6), false },
		{ "iiu", BIT(2), false },
		{ "iiu", BIT(6), true },
		/* accesses to itself are no matter of its neighbours */
		{ "uuu", BIT(2), false },
		{ "uuu", BIT(6), false },
		{ "uuu", BIT(1) | BIT(7), true },
	};
	int i;

	self->sweep->piece.end = 160;
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		set_used(self->t, "0-40 40-104 104-160", v[i].used);
		bitmap_zero(self->sweep->touched, DAMON_SWEEP_PIECE);
		self->sweep->touched[0] = v[i].touched;
		damon_note_evidence(self->t, &sight);
		EXPECT_EQ(v[i].unseen, (bool)nth(self->t, 1)->unseen) {
			TH_LOG("vector %d", i);
		}
	}
}

/* A busy region is seen in the entries that are all its own, if it has any. */
TEST_F(evidence, busy_regions_show_blindness)
{
	static const struct {
		const char *region;
		unsigned long touched;
		bool blind;
	} v[] = {
		{ "16-64", BIT(1), false }, { "16-64", BIT(3), false }, { "16-64", 0, true },
		{ "17-47", BIT(1) | BIT(2), false },
		/* none of its own, as far as anybody can tell */
		{ "17-31", 0, false }, { "17-47", 0, false }, { "17-48", 0, true },
	};
	int i;

	self->sweep->piece.end = 160;
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_region *r;

		set_text(self->t, v[i].region);
		r = damon_first_region(self->t);
		set_last(r, TEST_WINDOW);
		r->nr_samples = 5;
		r->nr_accesses = 5;
		self->sweep->touched[0] = v[i].touched;
		self->sweep->blind = false;
		damon_note_evidence(self->t, &sight);
		EXPECT_EQ(v[i].blind, self->sweep->blind) {
			TH_LOG("vector %d", i);
		}
	}
}

/* Coarse entries that were touched beside a hot region say nothing of it. */
TEST_F(evidence, coarse_entries_show_blindness)
{
	static const struct {
		struct damon_addr_range seen;
		bool blind;
	} v[] = {
		{ { 128, 256 }, true }, { { 0, 128 }, false }, { { 127, 256 }, false },
		{ { 256, 384 }, true },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		set_text(self->t, "0-128 128-256");
		set_last(damon_first_region(self->t), TEST_WINDOW);
		self->sweep->coarse.nr = 1;
		self->sweep->coarse.ranges[0] = v[i].seen;
		damon_begin_evidence(self->t);
		EXPECT_EQ(v[i].blind, self->sweep->blind) {
			TH_LOG("vector %d", i);
		}
	}
}

/* A sweep that has found nothing below coarse entries that were touched is blind. */
TEST_F(evidence, finding_nothing_is_no_evidence)
{
	static const struct {
		unsigned int nr;
		bool found, blind;
	} v[] = {
		{ 1, false, true }, { 1, true, false }, { 0, false, false }, { 0, true, false },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		set_used(self->t, "0-128", "i");
		self->sweep->coarse.nr = v[i].nr;
		self->sweep->found = v[i].found;
		self->sweep->blind = false;
		damon_end_evidence(self->t);
		EXPECT_EQ(v[i].blind, self->sweep->blind);
		EXPECT_EQ(v[i].found, (bool)damon_first_region(self->t)->untouched) {
			TH_LOG("vector %d", i);
		}
	}
}

TEST_HARNESS_MAIN
