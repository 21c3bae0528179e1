// SPDX-License-Identifier: GPL-2.0
/*
 * Sweeps over memory whose accesses are known: what they do to regions, what they
 * cost, what they find, and when they are not to be relied upon.
 */
#include "../selftests/kselftest_harness.h"
#include "sweep-world.h"

/* reports */

TEST(reports_are_joined)
{
	struct damon_touched touched = {};

	damon_note_touched(&touched, 100, 200);
	damon_note_touched(&touched, 200, 300);
	damon_note_touched(&touched, 400, 500);
	/* another range in the same entry */
	damon_note_touched(&touched, 400, 500);
	ASSERT_EQ(2, touched.nr);
	ASSERT_EQ(100, touched.ranges[0].start);
	ASSERT_EQ(300, touched.ranges[0].end);
	ASSERT_EQ(400, touched.ranges[1].start);
	ASSERT_EQ(500, touched.ranges[1].end);
}

/* Whatever is reported is in a range, however many there are. */
TEST(reports_are_not_lost)
{
	struct rng rng;

	for_each_case(rng, 2000) {
		unsigned int nr = rnd_in(&rng, 1, 200), i, j;
		struct damon_touched touched = {};
		unsigned long starts[200], addr = 0;

		for (i = 0; i < nr; i++) {
			addr += 10 * rnd_in(&rng, 0, 3);
			starts[i] = addr;
			damon_note_touched(&touched, addr, addr + 10);
		}
		HOLDS(touched.nr && touched.nr <= ARRAY_SIZE(touched.ranges));
		for (i = 0, j = 0; i < nr; i++) {
			while (touched.ranges[j].end <= starts[i])
				HOLDS(++j < touched.nr);
			HOLDS(touched.ranges[j].start <= starts[i]);
			HOLDS(touched.ranges[j].end >= starts[i] + 10);
		}
		for (j = 1; j < touched.nr; j++)
			HOLDS(touched.ranges[j - 1].end < touched.ranges[j].start);
	}
}

/* what happens to regions */

static void random_accesses(struct world *w)
{
	struct rng *rng = w->rng;
	unsigned int i;

	w->noise = rnd_true(rng, 0.5) ? rnd_share(rng) : 0;
	w->nr_hot = rnd_in(rng, 0, MAX_HOT + 1);
	for (i = 0; i < w->nr_hot; i++) {
		w->hot[i].start = rnd_any(rng, BITS_PER_LONG);
		w->hot[i].end = damon_add_sz(w->hot[i].start,
					     rnd_any(rng, BITS_PER_LONG - 8) + 1);
	}
}

static void random_world(struct world *w, struct rng *rng)
{
	*w = (struct world){
		.rng = rng,
		.fine = 1UL << rnd_in(rng, BITS_PER_LONG - 20, BITS_PER_LONG - 12),
		.price = 1,
	};
	w->coarse = w->fine << rnd_in(rng, 0, 10);
	random_accesses(w);
}

/* Regions with holes between them, anywhere, up to the last address. */
static void scatter_regions(struct rng *rng, struct damon_target *t,
			    unsigned long grain)
{
	unsigned int nr = rnd_in(rng, 0, 30);
	unsigned long grains = ULONG_MAX / grain, start = 0;

	while (nr-- && start < grains) {
		unsigned long end;

		if (rnd_true(rng, 0.3))
			start += rnd_any(rng, BITS_PER_LONG) % (grains - start);
		end = nr ? start + 1 + rnd_any(rng, BITS_PER_LONG) % (grains - start) :
			grains;
		add(t, start * grain, end * grain, 0);
		start = end;
	}
}

TEST(regions_stay_in_order)
{
	struct rng rng;

	for_each_case(rng, 300) {
		struct damon_ctx *ctx = make_ctx(_case);
		unsigned int nr_targets = rnd_in(&rng, 1, 4), i, j, before;
		struct damon_target *t = target_of(ctx);
		struct world w[3];
		u64 total;

		for (i = 0; i < ARRAY_SIZE(w); i++)
			random_world(&w[i], &rng);
		ctx->min_region_sz = max(rnd_any(&rng, BITS_PER_LONG - 4), 1);
		ctx->attrs.min_nr_regions = 3;
		ctx->attrs.max_nr_regions = rnd_in(&rng, 3, 200);
		while (nr_targets--) {
			scatter_regions(&rng, t, ctx->min_region_sz);
			if (nr_targets)
				t = make_target(ctx);
		}
		total = total_sz(ctx);
		for (i = 0; i < 200; i++) {
			if (rnd_true(&rng, 0.05))
				shim_fail_after(rnd_in(&rng, 0, 5));
			before = total_nr(ctx);
			tick(ctx, w);
			shim_fail_after(ULONG_MAX);
			for (j = 0; j < ARRAY_SIZE(w); j++)
				HOLDS(!w[j].broken);
			HOLDS(total_nr(ctx) <= max(before, ctx->attrs.max_nr_regions));
			HOLDS(total_sz(ctx) == total);
			damon_for_each_target(t, ctx)
				HOLDS(damon_regions_in_order(t) && aligned(t, ctx->min_region_sz));
			if (rnd_true(&rng, 0.05))
				end_window(ctx);
			if (rnd_true(&rng, 0.05))
				damon_cut_regions(ctx);
			if (rnd_true(&rng, 0.02))
				damon_forget_samples(ctx);
			if (rnd_true(&rng, 0.02))
				random_accesses(&w[rnd_in(&rng, 0, 3)]);
		}
		free_ctx(ctx);
	}
}

/* Regions that come and go while a sweep is under way. */
TEST(regions_may_change)
{
	struct rng rng;

	for_each_case(rng, 100) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = plain_ctx(&w);
		struct damon_target *t = target_of(ctx);
		unsigned int i;

		w.noise = 0.1;
		w.moving = true;
		heat(&w, w.coarse, 2 * w.coarse, 4, 20);
		for (i = 0; i < 100; i++) {
			unsigned long start = rnd_in(&rng, 0, 200) * w.fine;
			struct damon_addr_range ranges[] = {
				{ start, start + w.fine },
				{ start + 20 * w.fine, start + 600 * w.fine },
			};

			tick(ctx, &w);
			HOLDS(!w.broken && damon_regions_in_order(t));
			if (rnd_true(&rng, 0.1))
				HOLDS(!damon_set_regions(t, ranges, rnd_in(&rng, 1, 3),
							 4096));
			if (rnd_true(&rng, 0.02))
				damon_destroy_regions(t);
		}
		free_ctx(ctx);
	}
}

/* However many targets want to cut. */
TEST(budget_is_for_all_targets)
{
	static struct world w[31];
	struct rng rng;

	for_each_case(rng, 20) {
		struct damon_ctx *ctx;
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(w); i++) {
			w[i] = plain_world(&rng);
			heat(&w[i], w->coarse, 2 * w->coarse, 4, 4);
		}
		ctx = plain_ctx(w);
		for (i = 1; i < ARRAY_SIZE(w); i++)
			add(make_target(ctx), w->coarse, 2 * w->coarse, 0);
		ctx->attrs.max_nr_regions = total_nr(ctx) + rnd_in(&rng, 1, 60);
		for (i = 0; i < 20; i++) {
			tick(ctx, w);
			HOLDS(total_nr(ctx) <= ctx->attrs.max_nr_regions);
		}
		HOLDS(total_nr(ctx) == ctx->attrs.max_nr_regions);
		free_ctx(ctx);
	}
}

/* Who counts regions once per turn keeps track of those that are cut off in it. */
TEST(budget_is_kept_within_a_turn)
{
	struct rng rng;

	for_each_case(rng, 20) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx;
		unsigned int i;

		heat(&w, w.coarse, 2 * w.coarse, 4, 4);
		ctx = plain_ctx(&w);
		ctx->attrs.max_nr_regions = total_nr(ctx) + rnd_in(&rng, 1, 4);
		ctx->next_aggregation_ns = U64_MAX;
		for (i = 1; i < 20; i++) {
			ctx->now = i;
			tick(ctx, &w);
			HOLDS(total_nr(ctx) <= ctx->attrs.max_nr_regions);
		}
		HOLDS(total_nr(ctx) == ctx->attrs.max_nr_regions);
		free_ctx(ctx);
	}
}

/* what sweeps cost */

TEST(visits_are_paid_for)
{
	struct rng rng;

	for_each_case(rng, 300) {
		struct damon_ctx *ctx = make_ctx(_case);
		struct damon_target *t = target_of(ctx);
		u64 earned = PER_REGION * TEST_WINDOW * ctx->attrs.max_nr_regions;
		unsigned int i;
		struct world w;

		random_world(&w, &rng);
		w.price = 1 + rnd_any(&rng, 4);
		ctx->min_region_sz = 1;
		scatter_regions(&rng, t, w.fine);
		for (i = 0; i < 300; i++) {
			earned += PER_REGION * damon_nr_regions(t);
			tick(ctx, &w);
			/* what was made old is looked at, in debt if need be */
			HOLDS(w.visited <= earned + 2 * w.max_visit *
			      max(damon_nr_regions(t), 1));
			if (i % 20 == 19)
				end_window(ctx);
		}
		free_ctx(ctx);
	}
}

/* Time without a sweep does not add up to more than a window and the one under way. */
TEST(credit_is_limited)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	unsigned int i;

	/* the first makes entries old, and nothing can be paid for a long time */
	w.price = 1 << 20;
	tick(ctx, &w);
	w.price = 1;
	w.visited = 0;
	for (i = 0; i < 1000; i++)
		tick(ctx, &w);
	/* a look at what was made old, that is all */
	ASSERT_LE(w.visited, damon_nr_regions(target_of(ctx)));
	free_ctx(ctx);

	/* nothing costs anything for a long time */
	w = plain_world(&rng);
	ctx = plain_ctx(&w);
	w.noise = 1;
	w.price = 0;
	for (i = 0; i < 250; i++)
		window(ctx, &w);
	w.price = 1;
	for (i = 0; i < 100; i++)
		tick(ctx, &w);
	ASSERT_LE(w.visited, 2 * DAMON_SWEEP_PIECE +
		  (2 * TEST_WINDOW + 100) * PER_REGION * damon_nr_regions(target_of(ctx)));
	free_ctx(ctx);
}

/* Nothing is looked at where no region is. */
TEST(holes_cost_nothing)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned long hole = w.coarse + 100 * w.fine, end = hole + 200 * w.fine;
	unsigned int i, pieces = 0;

	ctx->min_region_sz = 4096;
	ctx->attrs.min_nr_regions = 3;
	add(t, w.coarse, hole, 0);
	add(t, end, 2 * w.coarse, 0);
	w.noise = 1;
	for (i = 0; i < 100; i++) {
		tick(ctx, &w);
		pieces += w.piece.end > w.piece.start;
		ASSERT_TRUE(w.piece.end <= hole || w.piece.start >= end);
	}
	ASSERT_GT(pieces, 0);
	free_ctx(ctx);
}

/* A region in one fine entry is looked at for the sake of its neighbours alone. */
TEST(what_cannot_be_cut_begins_no_piece)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	unsigned long far = w.coarse + 100 * w.fine;
	unsigned int i, pieces = 0;

	ctx->min_region_sz = 4096;
	ctx->attrs.max_nr_regions = 5;
	add(t, w.coarse + 4096, w.coarse + w.fine, 0);
	add(t, far, far + 4096, 0);
	add(t, far + 4096, far + 3 * w.fine, 0);
	add(t, far + 3 * w.fine, far + 4 * w.fine, 0);
	add(t, far + 4 * w.fine, far + 9 * w.fine, 0);
	w.noise = 0.5;
	w.cold = true;
	for (i = 0; i < 100; i++) {
		damon_sweep_open_window(ctx, t);
		tick(ctx, &w);
		if (w.piece.end == w.piece.start)
			continue;
		pieces++;
		ASSERT_EQ(w.piece.start, far);
		ASSERT_EQ(w.piece.end, far + 9 * w.fine);
	}
	ASSERT_GT(pieces, 0);
	free_ctx(ctx);
}

/* what they find */

TEST(hot_memory_is_cut_out)
{
	unsigned int slow = 0, few = 0;
	struct rng rng;

	for_each_case(rng, 200) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = plain_ctx(&w);
		struct damon_target *t = target_of(ctx);
		unsigned int i;

		heat(&w, w.coarse, 2 * w.coarse, rnd_in(&rng, 1, 9), 4);
		window(ctx, &w);
		/* many places are looked at again and again, as credit allows */
		if (w.nr_hot <= 4) {
			few++;
			slow += !all_cut_out(t, &w);
		}
		for (i = 0; i < 40 && !all_cut_out(t, &w); i++)
			window(ctx, &w);
		HOLDS(all_cut_out(t, &w));
		HOLDS(!w.broken);
		free_ctx(ctx);
	}
	/* one window is enough for few but for bad luck with the samples */
	EXPECT_LE(slow, few / 10);
}

/* Regions that cannot be as small as fine entries contain all of what is hot. */
TEST(hot_memory_is_enclosed)
{
	struct rng rng;

	for_each_case(rng, 100) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = make_ctx(_case);
		struct damon_target *t = target_of(ctx);
		unsigned long grain = w.fine * rnd_in(&rng, 2, 9);
		struct damon_addr_range enclosing;

		ctx->min_region_sz = grain;
		ctx->attrs.min_nr_regions = 3;
		add(t, 0, w.coarse / grain * grain, 0);
		heat(&w, 2 * grain, w.coarse / grain * grain - 2 * grain, 1, 3);
		enclosing.start = w.hot->start - w.hot->start % grain;
		enclosing.end = w.hot->end + grain - 1;
		enclosing.end -= enclosing.end % grain;
		/* nothing that samples see may keep it from being cut */
		w.cold = true;
		tick(ctx, &w);
		tick(ctx, &w);
		tick(ctx, &w);
		/* with as few regions, what was touched is looked at twice */
		tick(ctx, &w);
		HOLDS(is_cut_out(t, &enclosing));
		free_ctx(ctx);
	}
}

/* What comes and goes is told from what stays by looking several times. */
TEST(noise_is_seen_through)
{
	unsigned int hits = 0, cases = 0;
	struct rng rng;

	for_each_case(rng, 50) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = plain_ctx(&w);
		struct damon_target *t = target_of(ctx);
		unsigned int i;

		w.noise = 0.3;
		heat(&w, w.coarse, 2 * w.coarse, 1, 8);
		for (i = 0; i < 10; i++) {
			/* it is cut by what is found, and by nothing else */
			unsigned int before = damon_nr_regions(t), cuts;
			unsigned int j;

			for (j = 0; j < 20; j++)
				tick(ctx, &w);
			cuts = damon_nr_regions(t) - before;
			HOLDS(cuts <= max(before, ctx->attrs.min_nr_regions));
			hits += is_cut_out(t, w.hot);
			cases++;
			end_window(ctx);
		}
		free_ctx(ctx);
	}
	EXPECT_GE(hits, cases * 9 / 10);
}

/* A window has so many cuts, however many places there are. */
TEST(cuts_of_a_window_are_limited)
{
	struct rng rng;

	for_each_case(rng, 100) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = plain_ctx(&w);
		struct damon_target *t = target_of(ctx);
		unsigned int i, j;

		w.noise = rnd_in(&rng, 50, 99) / 100.0;
		for (i = 0; i < 10; i++) {
			unsigned int before = damon_nr_regions(t);
			unsigned int cuts = max(before, ctx->attrs.min_nr_regions);

			for (j = 0; j < 20; j++)
				tick(ctx, &w);
			HOLDS(damon_nr_regions(t) <= before + cuts);
			end_window(ctx);
		}
		free_ctx(ctx);
	}
}

/* Nothing is looked for where every sample saw an access. */
TEST(hot_regions_are_left_alone)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	unsigned int nr = damon_nr_regions(target_of(ctx));

	w.nr_hot = 1;
	w.hot[0] = (struct damon_addr_range){ w.coarse, 2 * w.coarse };
	tick(ctx, &w);
	w.visited = 0;
	tick(ctx, &w);
	tick(ctx, &w);
	tick(ctx, &w);
	/* the coarse entry, to look at what the first tick made old */
	ASSERT_EQ(1, w.visited);
	ASSERT_EQ(nr, damon_nr_regions(target_of(ctx)));
	free_ctx(ctx);
}

/* evidence */

static void split_at(struct damon_target *t, unsigned long addr)
{
	struct damon_region *r = damon_skip_to(damon_first_region_or_null(t), addr, t);

	if (r && r->ar.start < addr)
		damon_split_region_at(t, r, addr - r->ar.start);
}

/* Ticks until a sweep is complete, or none will be.  The window does not end. */
static bool sweep_through(struct damon_ctx *ctx, struct world *w)
{
	unsigned int i;

	for (i = 0; i < 200; i++) {
		tick(ctx, w);
		if (damon_sweep_rests(ctx, target_of(ctx)))
			return true;
	}
	return false;
}

/* As many as a sweep is good for, with the same regions. */
static void open_windows(struct damon_ctx *ctx)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		damon_open_window(ctx);
}

static bool was_untouched(const struct damon_region *r)
{
	return r->untouched;
}

static unsigned int nr_untouched(struct damon_ctx *ctx)
{
	struct damon_region *r;
	unsigned int nr = 0;

	damon_for_each_region(r, target_of(ctx))
		nr += r->untouched;
	return nr;
}

/* Regions from the second coarse entry on whose borders are at these fine entries. */
static struct damon_ctx *ctx_of(const struct world *w, const unsigned int *borders,
				unsigned int nr)
{
	struct damon_ctx *ctx = make_ctx(1);
	unsigned int i;

	ctx->min_region_sz = 4096;
	for (i = 1; i < nr; i++)
		add(target_of(ctx), w->coarse + borders[i - 1] * w->fine,
		    w->coarse + borders[i] * w->fine, 0);
	return ctx;
}

static struct damon_region *nth(struct damon_ctx *ctx, unsigned int i)
{
	struct damon_region *r = damon_first_region(target_of(ctx));

	while (i--)
		r = damon_next_region(r);
	return r;
}

/* As if all samples of the window before and of this one had seen the same. */
static void make_steady(struct damon_region *r, bool hot)
{
	set_last(r, 20 * hot);
	r->nr_samples = TEST_WINDOW - 4;
	r->nr_accesses = hot * r->nr_samples;
}

static void heat_entries(struct world *w, unsigned int start, unsigned int end)
{
	w->hot[w->nr_hot++] = (struct damon_addr_range){
		w->coarse + start * w->fine, w->coarse + end * w->fine };
}

/* By a complete sweep, and each region by what was seen of itself. */
TEST(evidence_is_of_regions)
{
	static const unsigned int borders[] = { 0, 100, 110, 300, 512, 700, 1500, 2048 };
	static const bool untouched[] = { true, false, true, false, false, true, true };
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = ctx_of(&w, borders, ARRAY_SIZE(borders));
	unsigned int i;

	/* touched all over, at its end, at its beginning; no piece is for cutting */
	heat_entries(&w, 100, 110);
	heat_entries(&w, 511, 513);
	ctx->attrs.max_nr_regions = 7;
	w.cold = true;
	while (!sweep_through(ctx, &w))
		ASSERT_EQ(0, nr_untouched(ctx));
	ASSERT_EQ(7, damon_nr_regions(target_of(ctx)));
	for (i = 0; i < 7; i++)
		ASSERT_EQ(untouched[i], was_untouched(nth(ctx, i)));
	free_ctx(ctx);
}

/* Half of a sweep is none. */
TEST(evidence_needs_a_whole_sweep)
{
	static const unsigned int borders[] = { 0, 400, 1100, 1600, 2048 };
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = ctx_of(&w, borders, ARRAY_SIZE(borders));
	unsigned int i, ticks = 0;

	for (i = 0; i < 4; i++)
		heat_entries(&w, 512 * i + 200, 512 * i + 210);
	ctx->attrs.max_nr_regions = 4;
	w.cold = true;
	w.price = 0;
	while (!damon_sweep_rests(ctx, target_of(ctx)) || !target_of(ctx)->sweep) {
		ASSERT_EQ(0, nr_untouched(ctx));
		tick(ctx, &w);
		ASSERT_LT(ticks++, 20);
	}
	/* begun, coarse, and four pieces or more */
	ASSERT_GE(ticks, 6);
	/* all were touched */
	ASSERT_EQ(0, nr_untouched(ctx));
	free_ctx(ctx);

	/* the same without what is hot in the last one */
	w = plain_world(&rng);
	ctx = ctx_of(&w, borders, ARRAY_SIZE(borders));
	for (i = 0; i < 3; i++)
		heat_entries(&w, 512 * i + 200, 512 * i + 210);
	ctx->attrs.max_nr_regions = 4;
	w.cold = true;
	w.price = 0;
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_EQ(1, nr_untouched(ctx));
	ASSERT_TRUE(was_untouched(nth(ctx, 3)));

	/* the next one does not take it back before it is complete */
	open_windows(ctx);
	heat_entries(&w, 2000, 2001);
	for (i = 0; i < 3; i++) {
		tick(ctx, &w);
		ASSERT_TRUE(was_untouched(nth(ctx, 3)));
	}
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_EQ(0, nr_untouched(ctx));
	free_ctx(ctx);
}

/* What samples see outweighs it, and at once. */
TEST(evidence_ends)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	struct damon_target *t = target_of(ctx);
	unsigned int i, nr, ticks = 0;
	struct damon_region *r;

	heat_entries(&w, 100, 101);
	ASSERT_TRUE(sweep_through(ctx, &w));
	nr = nr_untouched(ctx);
	ASSERT_GT(nr, damon_nr_regions(t) / 2);
	/* not by time, or windows, or samples that see nothing */
	for (i = 0; i < 10; i++) {
		damon_open_window(ctx);
		damon_sweep_skip(t);
		tick(ctx, &w);
		ASSERT_EQ(nr, nr_untouched(ctx));
	}

	/* all is hot now */
	w.hot[0] = (struct damon_addr_range){ w.coarse, 2 * w.coarse };
	w.blind = true;
	while (nr_untouched(ctx)) {
		tick(ctx, &w);
		damon_for_each_region(r, t)
			ASSERT_FALSE(r->untouched && r->nr_accesses);
		ASSERT_LT(ticks++, 20);
	}
	free_ctx(ctx);

	w = plain_world(&rng);
	ctx = plain_ctx(&w);
	heat_entries(&w, 100, 101);
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_GT(nr_untouched(ctx), 0);
	damon_sweep_forget(target_of(ctx));
	ASSERT_EQ(0, nr_untouched(ctx));
	/* and nothing of it comes back without another one */
	tick(ctx, &w);
	tick(ctx, &w);
	ASSERT_EQ(0, nr_untouched(ctx));
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_GT(nr_untouched(ctx), 0);
	free_ctx(ctx);
}

/* A hit between the look at a region and the end of the sweep, in another window even. */
TEST(hits_during_a_sweep_count)
{
	static const unsigned int borders[] = { 0, 200, 512, 1600, 2048 };
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = ctx_of(&w, borders, ARRAY_SIZE(borders));
	struct damon_looks looks;

	heat_entries(&w, 300, 301);
	heat_entries(&w, 700, 701);
	heat_entries(&w, 1400, 1401);
	heat_entries(&w, 2000, 2001);
	ctx->attrs.max_nr_regions = 4;
	w.cold = true;
	w.price = 0;
	tick(ctx, &w);
	tick(ctx, &w);
	tick(ctx, &w);
	ASSERT_FALSE(damon_sweep_rests(ctx, target_of(ctx)));
	damon_looks_begin(&looks, ctx);
	damon_look_count(&looks, target_of(ctx), nth(ctx, 0), DAMON_ACCESSED);
	damon_open_window(ctx);
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_EQ(0, nth(ctx, 0)->nr_accesses);
	ASSERT_FALSE(was_untouched(nth(ctx, 0)));

	/* or before it began, in the same window */
	open_windows(ctx);
	damon_looks_begin(&looks, ctx);
	damon_look_count(&looks, target_of(ctx), nth(ctx, 0), DAMON_NOT_ACCESSED);
	damon_look_count(&looks, target_of(ctx), nth(ctx, 0), DAMON_ACCESSED);
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_FALSE(was_untouched(nth(ctx, 0)));
	open_windows(ctx);
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_TRUE(was_untouched(nth(ctx, 0)));
	free_ctx(ctx);
}

/* Nobody looks at the entries of what cannot be cut. */
TEST(evidence_needs_a_look)
{
	static const unsigned int borders[] = { 0, 100, 101, 102, 200, 512 };
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = ctx_of(&w, borders, ARRAY_SIZE(borders));
	struct damon_region *r;

	/* it has one entry, and those on one side of it are settled */
	heat_entries(&w, 0, 101);
	heat_entries(&w, 300, 301);
	ctx->attrs.max_nr_regions = 5;
	make_steady(nth(ctx, 0), true);
	make_steady(nth(ctx, 1), true);
	damon_for_each_region(r, target_of(ctx))
		r->untouched = true;
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_FALSE(was_untouched(nth(ctx, 0)));
	ASSERT_FALSE(was_untouched(nth(ctx, 1)));
	ASSERT_FALSE(was_untouched(nth(ctx, 2)));
	ASSERT_TRUE(was_untouched(nth(ctx, 3)));
	ASSERT_FALSE(was_untouched(nth(ctx, 4)));
	free_ctx(ctx);

	/* the same in a piece, while below an old coarse entry there is nothing to be seen */
	w = plain_world(&rng);
	ctx = ctx_of(&w, borders, ARRAY_SIZE(borders) - 1);
	add(target_of(ctx), w.coarse + 1100 * w.fine, w.coarse + 1101 * w.fine, 0);
	ctx->attrs.max_nr_regions = 5;
	heat_entries(&w, 50, 51);
	w.cold = true;
	ASSERT_TRUE(sweep_through(ctx, &w));
	/* the one with one entry lies between two that are looked at */
	ASSERT_FALSE(was_untouched(nth(ctx, 0)));
	ASSERT_TRUE(was_untouched(nth(ctx, 1)));
	ASSERT_TRUE(was_untouched(nth(ctx, 3)));
	ASSERT_TRUE(was_untouched(nth(ctx, 4)));
	free_ctx(ctx);
}

/* Regions that were seen together are cut apart by samples, and become atoms. */
TEST(evidence_is_not_of_what_was_passed_over)
{
	static const unsigned int borders[] = { 0, 512, 1024 };
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = ctx_of(&w, borders, ARRAY_SIZE(borders));
	struct damon_target *t = target_of(ctx);

	heat_entries(&w, 400, 401);
	heat_entries(&w, 512, 513);
	w.cold = true;
	ctx->attrs.max_nr_regions = 2;
	/* the first piece is under way */
	tick(ctx, &w);
	tick(ctx, &w);
	ASSERT_EQ(w.coarse, w.piece.start);
	split_at(t, w.hot[1].end);
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_EQ(w.hot[1].start, nth(ctx, 1)->ar.start);
	ASSERT_FALSE(was_untouched(nth(ctx, 1)));
	free_ctx(ctx);
}

/* What is known is known of both parts, what is merged only if it was of both. */
TEST(evidence_is_split_and_merged)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		struct damon_region *a = add(t, 0, 100, 0), *b = add(t, 100, 200, 0);

		a->untouched = i & 1;
		b->untouched = i >> 1 & 1;
		a->unseen = i >> 2 & 1;
		b->unseen = i >> 3 & 1;
		damon_merge_two_regions(t, a, b);
		ASSERT_EQ((i & 3) == 3, was_untouched(a));
		ASSERT_EQ(i >> 2 == 3, (bool)a->unseen);
		b = damon_split_region_at(t, a, 10);
		ASSERT_EQ(was_untouched(a), was_untouched(b));
		ASSERT_EQ((bool)a->unseen, (bool)b->unseen);
		free_ctx(ctx);
	}
}

/* Memory by which a region has grown was not seen. */
TEST(evidence_is_not_of_new_memory)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	struct damon_addr_range range = { w.coarse, 2 * w.coarse };
	struct damon_target *t = target_of(ctx);
	unsigned int nr;

	heat_entries(&w, 250, 251);
	ASSERT_TRUE(sweep_through(ctx, &w));
	nr = nr_untouched(ctx);
	ASSERT_TRUE(was_untouched(damon_first_region(t)));
	ASSERT_TRUE(was_untouched(damon_last_region(t)));
	ASSERT_EQ(0, damon_set_regions(t, &range, 1, 4096));
	ASSERT_EQ(nr, nr_untouched(ctx));
	/* less of it is still the same */
	range.start += w.fine;
	range.end -= w.fine;
	ASSERT_EQ(0, damon_set_regions(t, &range, 1, 4096));
	ASSERT_EQ(nr, nr_untouched(ctx));
	range.end += w.fine;
	ASSERT_EQ(0, damon_set_regions(t, &range, 1, 4096));
	ASSERT_FALSE(was_untouched(damon_last_region(t)));
	ASSERT_EQ(nr - 1, nr_untouched(ctx));
	range.start -= w.fine;
	ASSERT_EQ(0, damon_set_regions(t, &range, 1, 4096));
	ASSERT_FALSE(was_untouched(damon_first_region(t)));
	ASSERT_EQ(nr - 2, nr_untouched(ctx));
	free_ctx(ctx);
}

static void change_regions(struct damon_ctx *ctx, struct world *w)
{
	struct damon_target *t = target_of(ctx);
	struct damon_region *r, *next;
	struct damon_addr_range range;

	switch (rnd_in(w->rng, 0, 12)) {
	case 0:
		end_window(ctx);
		break;
	case 1:
		split_at(t, rnd_in(w->rng, w->coarse, 4 * w->coarse) / 4096 * 4096);
		break;
	case 2:
		damon_for_each_region_safe(r, next, t)
			if (r != damon_last_region(t) && next->ar.start == r->ar.end &&
			    rnd_true(w->rng, 0.3)) {
				damon_merge_two_regions(t, r, next);
				break;
			}
		break;
	case 3:
		damon_for_each_region(r, t)
			if (rnd_true(w->rng, 0.2))
				set_last(r, rnd_in(w->rng, 0, 21));
		break;
	case 4:
		range.start = rnd_in(w->rng, w->coarse, 2 * w->coarse) / 4096 * 4096;
		range.end = rnd_in(w->rng, 3 * w->coarse, 4 * w->coarse) / 4096 * 4096;
		if (damon_set_regions(t, &range, 1, 4096))
			abort();
		break;
	case 5:
		w->cold = !w->cold;
		break;
	case 6:
		damon_cut_regions(ctx);
		break;
	case 7:
		note_spot(t, rnd_in(w->rng, w->coarse, 4 * w->coarse), true);
		break;
	}
}

static bool is_hot_inside(const struct world *w, const struct damon_region *r)
{
	unsigned long start = (r->ar.start / w->fine + 1) * w->fine;
	unsigned long end = (r->ar.end - 1) / w->fine * w->fine;

	return start < end && is_hot(w, start, end - 1);
}

/*
 * As long as accesses are the same all the time, no region that has any is untouched.  In
 * its first and last entry, accesses beside it may be taken for the reason.  Returns how
 * often a region was untouched, negative for what was not true.
 */
static int count_true_evidence(struct rng *rng)
{
	struct world w = plain_world(rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	struct damon_region *r;
	unsigned int i;
	int nr = 0;

	add(target_of(ctx), 2 * w.coarse, 4 * w.coarse, 0);
	ctx->attrs.max_nr_regions = rnd_in(rng, 10, 100);
	w.price = rnd_in(rng, 0, 4);
	w.moving = true;
	heat(&w, w.coarse, 4 * w.coarse, rnd_in(rng, 1, 9), 100);
	for (i = 0; i < w.nr_hot; i++)
		w.hot[i].end -= rnd_in(rng, 0, 2) * 4096;
	for (i = 0; i < 300 && nr >= 0; i++) {
		tick(ctx, &w);
		nr += nr_untouched(ctx);
		damon_for_each_region(r, target_of(ctx))
			if (w.broken || (r->untouched && is_hot_inside(&w, r)))
				nr = -1;
		if (rnd_true(rng, 0.3))
			change_regions(ctx, &w);
	}
	free_ctx(ctx);
	return nr;
}

TEST(evidence_is_true)
{
	unsigned int cases = 0;
	struct rng rng;

	for_each_case(rng, 300) {
		int nr = count_true_evidence(&rng);

		HOLDS(nr >= 0);
		cases += nr;
	}
	ASSERT_GT(cases, 0);
}

/* Two regions that share an entry are merged after the sweep. */
TEST(evidence_of_shared_entries_is_true)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	struct damon_target *t = target_of(ctx);

	ctx->attrs.max_nr_regions = 2;
	damon_destroy_regions(t);
	add(t, w.coarse, 2 * w.coarse, 0);
	split_at(t, w.coarse + 100 * w.fine + w.fine / 2);
	heat_entries(&w, 100, 101);
	/* there was something in both of them, of which no sample sees anything now */
	w.cold = true;
	set_last(nth(ctx, 0), 2);
	set_last(nth(ctx, 1), 2);
	ASSERT_TRUE(sweep_through(ctx, &w));
	ASSERT_FALSE(was_untouched(nth(ctx, 0)));
	ASSERT_FALSE(was_untouched(nth(ctx, 1)));
	free_ctx(ctx);

	/* random cases in which it was so */
	fixed_case(&rng, 3, 73);
	ASSERT_GE(count_true_evidence(&rng), 0);
	fixed_case(&rng, 6, 272);
	ASSERT_GE(count_true_evidence(&rng), 0);
}

/* Two regions with other memory in between, of which only a part is hot. */
static struct damon_ctx *sighted_ctx(struct world *w)
{
	static const unsigned int borders[] = { 0, 100, 200, 512, 1024 };
	struct damon_ctx *ctx = ctx_of(w, borders, ARRAY_SIZE(borders));

	heat_entries(w, 100, 200);
	heat_entries(w, 300, 301);
	heat_entries(w, 700, 701);
	w->price = 0;
	ctx->attrs.min_nr_regions = 4;
	ctx->attrs.max_nr_regions = 4;
	make_steady(nth(ctx, 0), false);
	make_steady(nth(ctx, 1), true);
	return ctx;
}

static bool is_evidence(struct damon_ctx *ctx, struct world *w, unsigned int ticks)
{
	while (ticks--)
		tick(ctx, w);
	return nr_untouched(ctx);
}

TEST(blind_sweeps_are_no_evidence)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = sighted_ctx(&w);

	ASSERT_TRUE(is_evidence(ctx, &w, 19));
	/* what was there before is none any more, either */
	w.blind = true;
	open_windows(ctx);
	ASSERT_FALSE(is_evidence(ctx, &w, 19));
	free_ctx(ctx);

	/* no coarse entry is touched, and nothing is known to be hot */
	w = plain_world(&rng);
	ctx = plain_ctx(&w);
	ASSERT_FALSE(is_evidence(ctx, &w, 50));
	free_ctx(ctx);

	/* they are, but none of the fine ones */
	w = plain_world(&rng);
	ctx = plain_ctx(&w);
	heat_entries(&w, 300, 301);
	w.cold = true;
	w.fine_blind = true;
	ASSERT_FALSE(is_evidence(ctx, &w, 50));
	w.fine_blind = false;
	open_windows(ctx);
	/* it is in debt */
	ASSERT_TRUE(is_evidence(ctx, &w, 200));
	free_ctx(ctx);
}

/* Busy memory without a mark in its coarse entry, while other memory has marks. */
TEST(evidence_misses_no_busy_region)
{
	static const unsigned int borders[] = { 0, 512, 600, 1024, 1536 };
	struct rng rng = { 1 };
	unsigned int hidden;

	for (hidden = 0; hidden < 2; hidden++) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = ctx_of(&w, borders, ARRAY_SIZE(borders));

		heat_entries(&w, 512, 600);
		heat_entries(&w, 1300, 1310);
		w.price = 0;
		ctx->attrs.min_nr_regions = 4;
		ctx->attrs.max_nr_regions = 4;
		make_steady(nth(ctx, 1), true);
		w.hidden = hidden;
		ASSERT_EQ(!hidden, is_evidence(ctx, &w, 19));
		free_ctx(ctx);
	}
}

/* The same in a fine entry: the last one of a busy region in front of a piece. */
TEST(evidence_has_control_entries)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = sighted_ctx(&w);
	unsigned int i;

	/* its coarse entry is touched since there is other memory below it */
	w.hidden = 1;
	ASSERT_FALSE(is_evidence(ctx, &w, 19));
	w.hidden = 0;
	open_windows(ctx);
	ASSERT_TRUE(is_evidence(ctx, &w, 19));
	free_ctx(ctx);

	/* one that is not the region's own tells nothing */
	w = plain_world(&rng);
	ctx = sighted_ctx(&w);
	nth(ctx, 2)->ar.start += 4096;
	nth(ctx, 1)->ar.end += 4096;
	ASSERT_TRUE(is_evidence(ctx, &w, 19));
	free_ctx(ctx);

	/* nor is there any in a hole */
	w = plain_world(&rng);
	ctx = sighted_ctx(&w);
	nth(ctx, 2)->ar.start += 10 * w.fine;
	for (i = 0; i < 19; i++) {
		tick(ctx, &w);
		ASSERT_TRUE(w.piece.end <= nth(ctx, 1)->ar.start ||
			    w.piece.start >= nth(ctx, 2)->ar.start);
	}
	ASSERT_GT(nr_untouched(ctx), 0);
	free_ctx(ctx);
}

/* Nobody who sleeps is looked at again and again. */
TEST(sleepers_are_left_alone)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	unsigned int i, rests = 0;

	heat_entries(&w, 300, 301);
	for (i = 0; i < 3; i++)
		window(ctx, &w);
	w.nr_hot = 0;
	for (i = 0; i < 3; i++)
		window(ctx, &w);
	for (i = 0; i < 20; i++) {
		if (damon_sweep_rests(ctx, target_of(ctx)))
			rests++;
		else
			tick(ctx, &w);
	}
	ASSERT_GE(rests, 15);
	free_ctx(ctx);
}

/*
 * Ticks until a sample hits memory that leaves no mark.  There is other memory that does,
 * and some that does not but is well known, so that sweeps are blind: for lack of the
 * coarse entry, or of the fine one.
 */
static unsigned int ticks_to_find(struct rng *rng, bool same_coarse, bool sweeps)
{
	struct world w = plain_world(rng);
	struct damon_ctx *ctx = make_ctx(rnd(rng));
	struct damon_target *t = target_of(ctx);
	unsigned int i, start = rnd_in(rng, 1024, 2000);
	struct damon_region *r;

	ctx->min_region_sz = 4096;
	add(t, w.coarse, 5 * w.coarse, 0);
	damon_enforce_min_nr_regions(ctx);
	w.sweepless = !sweeps;
	w.hidden = 2 | 4;
	heat_entries(&w, same_coarse ? 560 : 100, same_coarse ? 562 : 102);
	heat_entries(&w, 600, 900);
	split_at(t, w.hot[1].start);
	split_at(t, w.hot[1].end);
	for (i = 1; i < 2000; i++) {
		if (i == 100)
			heat_entries(&w, start, start + 20);
		tick(ctx, &w);
		damon_for_each_region(r, t)
			if (i >= 100 && r->nr_accesses &&
			    is_hot(&w, max(r->ar.start, w.coarse + 1024 * w.fine),
				   r->ar.end - 1))
				goto found;
		if (i % 20)
			continue;
		end_window(ctx);
		damon_cut_regions(ctx);
	}
found:
	free_ctx(ctx);
	return i - 100;
}

TEST(nothing_hides_behind_blind_sweeps)
{
	unsigned int same_coarse;
	struct rng rng;

	for (same_coarse = 0; same_coarse < 2; same_coarse++) {
		unsigned int with = 0, without = 0;

		for_each_case(rng, 100) {
			with += ticks_to_find(&rng, same_coarse, true);
			without += ticks_to_find(&rng, same_coarse, false);
		}
		EXPECT_LE(with, without * 3 / 2);
		EXPECT_GT(without, 0);
	}
}

/* when there is one */

/* All is known that there is to know. */
static bool is_known(struct damon_target *t, const struct world *w)
{
	struct damon_region *r;

	damon_for_each_region(r, t)
		if (rate_of(r) != (is_hot(w, r->ar.start, r->ar.start) ? DAMON_FULL_RATE : 0))
			return false;
	return all_cut_out(t, w);
}

/* Cold memory with one hot region, for so long that all of it is settled. */
static struct damon_ctx *settled_ctx(struct world *w)
{
	struct damon_ctx *ctx = plain_ctx(w);
	unsigned int i;

	w->nr_hot = 1;
	w->hot[0].start = w->coarse + 100 * w->fine;
	w->hot[0].end = w->coarse + 150 * w->fine;
	for (i = 0; i < 20 || (i < 200 && !is_known(target_of(ctx), w)); i++) {
		window(ctx, w);
		damon_cut_regions(ctx);
	}
	return ctx;
}

/* No interval counts twice, and no window says nothing, however short it is. */
TEST(intervals_count_once)
{
	struct rng rng;

	for_each_case(rng, 50) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = settled_ctx(&w);
		unsigned int window = rnd_in(&rng, 1, 45), i, j, ticks;
		struct damon_region *r;

		ctx->attrs.aggr_interval = window * ctx->attrs.sample_interval;
		for (i = 0; i < 10; i++) {
			ticks = rnd_in(&rng, 1, window + 10);
			for (j = 1; j <= ticks; j++) {
				if (j < ticks)
					tick(ctx, &w);
				else
					last_tick(ctx, &w);
				damon_for_each_region(r, target_of(ctx)) {
					HOLDS(r->nr_samples <= min(j, window));
					HOLDS(r->nr_accesses <= r->nr_samples);
				}
			}
			damon_for_each_region(r, target_of(ctx)) {
				HOLDS(r->nr_samples);
			}
			end_window(ctx);
		}
		damon_for_each_region(r, target_of(ctx)) {
			unsigned long middle = r->ar.start / 2 + r->ar.end / 2;

			HOLDS(damon_was_hot(r) == is_hot(&w, middle, middle));
		}
		free_ctx(ctx);
	}
}

/* A sweep begins within @ticks although there was one in the window. */
static bool sweeps_again(struct damon_ctx *ctx, struct world *w,
			 unsigned int ticks)
{
	w->visited = 0;
	while (ticks--)
		tick(ctx, w);
	return w->visited;
}

/* The next window has a sweep, unless that can find nothing. */
TEST(sweeps_can_be_skipped)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	struct damon_target *t = target_of(ctx);

	/* as long as a sweep is under way there is no rest */
	ASSERT_FALSE(damon_sweep_rests(ctx, t));
	while (!damon_sweep_rests(ctx, t))
		tick(ctx, &w);
	window(ctx, &w);
	ASSERT_FALSE(damon_sweep_rests(ctx, t));
	damon_sweep_skip(t);
	ASSERT_TRUE(damon_sweep_rests(ctx, t));
	ASSERT_FALSE(sweeps_again(ctx, &w, 10));
	/* not while one is under way */
	end_window(ctx);
	tick(ctx, &w);
	damon_sweep_skip(t);
	ASSERT_FALSE(damon_sweep_rests(ctx, t));
	/* nor before there was one, or after something has changed */
	damon_sweep_forget(t);
	damon_sweep_skip(t);
	ASSERT_FALSE(damon_sweep_rests(ctx, t));
	while (!damon_sweep_rests(ctx, t))
		tick(ctx, &w);
	window(ctx, &w);
	damon_sweep_surprise(t);
	damon_sweep_skip(t);
	ASSERT_FALSE(damon_sweep_rests(ctx, t));
	free_ctx(ctx);
}

/* What is not looked at earns credit nevertheless. */
TEST(rests_are_ticks)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	struct damon_target *t = target_of(ctx);
	unsigned int i;

	while (!damon_sweep_rests(ctx, t))
		tick(ctx, &w);
	/* in debt by some thousand entries, without a sweep under way */
	end_window(ctx);
	w.price = 1 << 15;
	tick(ctx, &w);
	w.price = 0;
	while (!damon_sweep_rests(ctx, t))
		tick(ctx, &w);
	end_window(ctx);
	w.price = 1;
	damon_sweep_skip(t);
	for (i = 0; i < 10000; i++)
		ASSERT_TRUE(damon_sweep_rests(ctx, t));
	end_window(ctx);
	ASSERT_TRUE(sweeps_again(ctx, &w, 1));
	free_ctx(ctx);
}

/* Memory of which a window has not seen all accesses is busy again after a while. */
TEST(settled_regions_are_busy)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	struct damon_region *r;
	unsigned int i;

	tick(ctx, &w);
	damon_for_each_region(r, target_of(ctx)) {
		ASSERT_EQ(damon_was_hot(r), damon_is_busy(r));
		r->rate -= r->rate / 50;
	}
	for (i = 0; i < 10; i++)
		window(ctx, &w);
	tick(ctx, &w);
	damon_for_each_region(r, target_of(ctx))
		ASSERT_EQ(damon_was_hot(r), damon_is_busy(r));
	free_ctx(ctx);
}

/* One sweep of a window is enough, unless samples see something new. */
TEST(sweeps_rest)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);

	ASSERT_TRUE(sweeps_again(ctx, &w, 9));
	ASSERT_FALSE(sweeps_again(ctx, &w, 10));
	/* that there is no answer is no news */
	w.opaque = true;
	window(ctx, &w);
	ASSERT_TRUE(sweeps_again(ctx, &w, 9));
	ASSERT_FALSE(sweeps_again(ctx, &w, 10));
	free_ctx(ctx);

	/* what was hot is not any more */
	w = plain_world(&rng);
	ctx = settled_ctx(&w);
	ASSERT_TRUE(sweeps_again(ctx, &w, 9));
	w.nr_hot = 0;
	/* a matter of chance: one in ten intervals has a look */
	ASSERT_TRUE(sweeps_again(ctx, &w, 60));
	free_ctx(ctx);

	/* what was cold is not */
	w = plain_world(&rng);
	ctx = settled_ctx(&w);
	ASSERT_TRUE(sweeps_again(ctx, &w, 9));
	w.hot[0].end = 2 * w.coarse;
	ASSERT_TRUE(sweeps_again(ctx, &w, 20 / 2 + 2));
	free_ctx(ctx);
}

/* Where nothing can be cut off, sweeps are made as often as they are good for. */
TEST(sweeps_need_room)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	struct damon_target *t = target_of(ctx);
	unsigned int i, nr = 0;

	ctx->attrs.max_nr_regions = damon_nr_regions(t);
	for (i = 0; i < 30; i++) {
		w.visited = 0;
		window(ctx, &w);
		nr += !!w.visited;
	}
	ASSERT_EQ(10, nr);

	/* but at once if there is some */
	ctx->attrs.max_nr_regions++;
	for (i = 0; i < 3; i++) {
		w.visited = 0;
		window(ctx, &w);
		ASSERT_GT(w.visited, 0);
	}
	free_ctx(ctx);
}

/* How many regions sweeps have cut off in 100 windows. */
static unsigned int nr_cuts(struct world *w)
{
	struct damon_ctx *ctx = settled_ctx(w);
	struct damon_target *t = target_of(ctx);
	unsigned int j, nr = 0;
	struct damon_region *r;

	/* as if samples had found out */
	w->hot[0].start += w->fine / 2;
	w->hot[0].end += w->fine / 4;
	split_at(t, w->hot[0].start);
	split_at(t, w->hot[0].end);
	damon_for_each_region(r, t)
		set_last(r, 20 * is_hot(w, r->ar.start, r->ar.start));
	for (j = 0; j < 100; j++) {
		unsigned int before = damon_nr_regions(t);

		all_ticks(ctx, w);
		nr += damon_nr_regions(t) - before;
		end_window(ctx);
	}
	free_ctx(ctx);
	return nr;
}

/*
 * Where a hot region begins or ends inside of a fine entry, that is why the entry was
 * touched.  Its other part is not cut off.
 */
TEST(known_borders_are_left_alone)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);

	ASSERT_EQ(0, nr_cuts(&w));
}

/* A sweep cuts at @at, where a touched entry begins or ends. */
static bool is_cut(struct damon_ctx *ctx, struct world *w, unsigned long at)
{
	struct damon_region *r;

	ctx->min_region_sz = 4096;
	damon_enforce_min_nr_regions(ctx);
	window(ctx, w);
	for (unsigned int i = 0; i < 6; i++)
		tick(ctx, w);
	damon_for_each_region(r, target_of(ctx))
		if (r->ar.start == at)
			return true;
	return false;
}

/* What reaches into an entry does so without a gap, and was accessed. */
TEST(unknown_borders_are_found_at_once)
{
	struct rng rng;

	for_each_case(rng, 30) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = make_ctx(_case + 1);
		unsigned long base = w.coarse, fine = w.fine;

		/* a hot region, a hole, and one whose beginning is hot */
		w.nr_hot = 2;
		w.hot[0] = (struct damon_addr_range){ base, base + 100 * fine };
		w.hot[1].start = base + 110 * fine + fine / 2;
		w.hot[1].end = base + 111 * fine;
		set_last(add(target_of(ctx), w.hot[0].start, w.hot[0].end, 0), 20);
		add(target_of(ctx), w.hot[1].start, base + 200 * fine, 0);
		HOLDS(is_cut(ctx, &w, w.hot[1].end));
		free_ctx(ctx);

		/* two cold regions with hot memory between, in an entry of theirs */
		ctx = make_ctx(_case + 1);
		w.nr_hot = 1;
		w.hot[0].start = base + 100 * fine + fine / 4;
		w.hot[0].end = w.hot[0].start + 4096;
		add(target_of(ctx), base, base + 100 * fine + fine / 2, 0);
		add(target_of(ctx), base + 100 * fine + fine / 2, base + 200 * fine, 0);
		w.cold = true;
		HOLDS(is_cut(ctx, &w, base + 100 * fine));
		w.cold = false;
		free_ctx(ctx);

		/* a hot region, and hot memory right in front of and behind it */
		ctx = make_ctx(_case + 1);
		w.hot[0].start = base + 99 * fine;
		w.hot[0].end = base + 151 * fine;
		add(target_of(ctx), base, base + 100 * fine, 0);
		set_last(add(target_of(ctx), base + 100 * fine, base + 150 * fine, 0), 20);
		add(target_of(ctx), base + 150 * fine, base + 200 * fine, 0);
		HOLDS(is_cut(ctx, &w, w.hot[0].start));
		HOLDS(is_cut(ctx, &w, w.hot[0].end));
		free_ctx(ctx);
	}
}

/* How many sweeps there are in 30 windows of two regions, of which one is hot. */
static unsigned int nr_swept(struct world *w, bool hidden, bool fine_blind)
{
	static const unsigned int borders[] = { 0, 512, 1024 };
	struct damon_ctx *ctx = ctx_of(w, borders, ARRAY_SIZE(borders));
	unsigned int i;

	heat_entries(w, 0, 512);
	heat_entries(w, 600, 601);
	ctx->attrs.min_nr_regions = 2;
	w->price = 0;
	w->hidden = hidden;
	w->fine_blind = fine_blind;
	for (i = 0; i < 40; i++) {
		if (i == 10)
			w->nr_coarse = 0;
		window(ctx, w);
	}
	free_ctx(ctx);
	return w->nr_coarse;
}

/* Those that miss what samples see are not made again and again. */
TEST(blind_sweeps_rest)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);

	ASSERT_EQ(30, nr_swept(&w, false, false));
	w = plain_world(&rng);
	ASSERT_EQ(10, nr_swept(&w, true, false));
	/* a sample may meet the hot entry in other memory */
	w = plain_world(&rng);
	ASSERT_LE(nr_swept(&w, false, true), 15);
}

/* without memory */

TEST(failures_are_survived)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	struct damon_target *t = target_of(ctx);
	unsigned int nr = damon_nr_regions(t), i;

	heat(&w, w.coarse, 2 * w.coarse, 1, 8);
	/* no sweep at all */
	shim_fail_after(0);
	window(ctx, &w);
	ASSERT_TRUE(!t->sweep);
	ASSERT_EQ(0, w.visited);
	/* so there is nothing to wait for */
	ASSERT_TRUE(damon_sweep_rests(ctx, t));

	/* no region */
	shim_fail_after(1);
	for (i = 0; i < 1000; i++)
		tick(ctx, &w);
	ASSERT_GT(w.visited, 0);
	ASSERT_EQ(nr, damon_nr_regions(t));
	ASSERT_TRUE(damon_regions_in_order(t));

	/* what failed is done in the next window */
	shim_fail_after(ULONG_MAX);
	end_window(ctx);
	for (i = 0; i < 100; i++)
		tick(ctx, &w);
	ASSERT_TRUE(all_cut_out(t, &w));
	free_ctx(ctx);
}

/* giving back */

/* Fine entries of one piece, as others find them. */
struct borrowed {
	struct world *w;
	DECLARE_BITMAP(old, DAMON_SWEEP_PIECE);
	unsigned int nr_looks, nr_kept;
};

static unsigned int borrow_coarse(void *arg, const struct damon_addr_range *range)
{
	struct borrowed *b = arg;

	return arm_coarse(b->w, range);
}

static unsigned int return_coarse(void *arg, const struct damon_addr_range *range,
				  struct damon_touched *touched)
{
	struct borrowed *b = arg;

	return look_coarse(b->w, range, touched);
}

static unsigned int borrow_fine(void *arg, const struct damon_addr_range *range,
				unsigned long *bits)
{
	struct borrowed *b = arg;
	unsigned int i;

	for (i = 0; i < (range->end - range->start) / b->w->fine; i++)
		__set_bit(i, b->old);
	return arm_fine(b->w, range, bits);
}

/* What is visited is young afterwards, be it since it was accessed. */
static unsigned int return_fine(void *arg, const struct damon_addr_range *range,
				unsigned long *bits)
{
	struct borrowed *b = arg;
	unsigned int i;

	for_each_set_bit(i, bits, DAMON_SWEEP_PIECE)
		__clear_bit(i, b->old);
	b->nr_looks++;
	b->nr_kept += !bitmap_empty(b->old, DAMON_SWEEP_PIECE);
	return look_fine(b->w, range, bits);
}

/* Whatever a look shows, all that was made old for it is young again afterwards. */
TEST(all_looks_give_back)
{
	static const struct damon_sight sight = {
		.fine = FINE,
		.coarse = COARSE,
		.arm_coarse = borrow_coarse,
		.look_coarse = return_coarse,
		.arm_fine = borrow_fine,
		.look_fine = return_fine,
		.give_back = give_nothing,
	};
	unsigned int nr_looks = 0;
	struct rng rng;

	for_each_case(rng, 20) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = plain_ctx(&w);
		struct borrowed b = { .w = &w };
		unsigned int i;

		/* so many places that each piece gets several looks */
		w.noise = 0.5;
		for (i = 0; i < 60; i++) {
			ctx->now++;
			damon_sweep_look(ctx, target_of(ctx), &sight, &b);
			damon_sweep_arm(ctx, target_of(ctx), &sight, &b);
		}
		HOLDS(!b.nr_kept);
		nr_looks += b.nr_looks;
		free_ctx(ctx);
	}
	ASSERT_GT(nr_looks, 40);
}

/* Those of eight coarse entries that are old since a sweep has made them so. */
static struct ledger {
	struct world *w;
	bool coarse[8];
	bool fine[8 * DAMON_SWEEP_PIECE];
} ledger;

static void note_coarse(const struct damon_addr_range *range, bool old)
{
	unsigned int i = range->start / ledger.w->coarse;

	for (; i <= (range->end - 1) / ledger.w->coarse; i++)
		ledger.coarse[i] = old;
}

/* Those whose bits are set, or all. */
static void note_fine(const struct damon_addr_range *range, const unsigned long *bits,
		      bool old)
{
	unsigned int i, first = range->start / ledger.w->fine;

	for (i = 0; i < (range->end - range->start) / ledger.w->fine; i++)
		if (!bits || test_bit(i, bits))
			ledger.fine[first + i] = old;
}

static unsigned int lend_coarse(void *arg, const struct damon_addr_range *range)
{
	note_coarse(range, true);
	return arm_coarse(ledger.w, range);
}

static unsigned int lend_fine(void *arg, const struct damon_addr_range *range,
			      unsigned long *bits)
{
	note_fine(range, NULL, true);
	return arm_fine(ledger.w, range, bits);
}

/* As it is called instead of a look, or in front of it. */
static void get_back(struct damon_target *t, const struct damon_addr_range *range,
		     unsigned long *bits)
{
	if (bits)
		note_fine(range, bits, false);
	else
		note_coarse(range, false);
}

static unsigned int get_coarse_back(void *arg, const struct damon_addr_range *range,
				    struct damon_touched *touched)
{
	get_back(NULL, range, NULL);
	return look_coarse(ledger.w, range, touched);
}

static unsigned int get_fine_back(void *arg, const struct damon_addr_range *range,
				  unsigned long *bits)
{
	get_back(NULL, range, bits);
	return look_fine(ledger.w, range, bits);
}

static const struct damon_sight lending_sight = {
	.fine = FINE,
	.coarse = COARSE,
	.arm_coarse = lend_coarse,
	.look_coarse = get_coarse_back,
	.arm_fine = lend_fine,
	.look_fine = get_fine_back,
	.give_back = get_back,
};

/* Memory of which entries are old is not monitored any more. */
static void move_away(struct damon_target *t)
{
	unsigned long coarse = ledger.w->coarse;
	struct damon_addr_range range;

	range.start = rnd_in(ledger.w->rng, 1, 4) * coarse;
	range.end = range.start + coarse;
	if (rnd_true(ledger.w->rng, 0.5))
		damon_destroy_regions(t);
	if (damon_set_regions(t, &range, 1, 4096))
		abort();
}

static bool all_is_back(void)
{
	return !memchr(ledger.coarse, true, sizeof(ledger.coarse)) &&
		!memchr(ledger.fine, true, sizeof(ledger.fine));
}

/* A tick, in which entries may not be looked at, or not be made old. */
static void lending_tick(struct damon_ctx *ctx, bool look, bool arm)
{
	struct damon_target *t = target_of(ctx);
	struct damon_looks looks;

	ctx->now++;
	damon_looks_begin(&looks, ctx);
	if (look)
		damon_sweep_look(ctx, t, &lending_sight, NULL);
	sample(&looks, t, ledger.w);
	if (arm)
		damon_sweep_arm(ctx, t, &lending_sight, NULL);
}

/* Whatever happens before a look. */
TEST(all_is_given_back)
{
	unsigned int nr_lent = 0;
	struct rng rng;

	for_each_case(rng, 300) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = plain_ctx(&w);
		unsigned int i;

		ledger = (struct ledger){ .w = &w };
		add(target_of(ctx), 2 * w.coarse, 4 * w.coarse, 0);
		ctx->attrs.max_nr_regions = rnd_in(&rng, 10, 100);
		w.moving = true;
		w.noise = rnd_true(&rng, 0.5) ? 0.5 : 0;
		heat(&w, w.coarse, 4 * w.coarse, rnd_in(&rng, 1, 9), 100);
		for (i = 0; i < 100; i++) {
			lending_tick(ctx, rnd_true(&rng, 0.9), rnd_true(&rng, 0.9));
			HOLDS(!w.broken);
			nr_lent += !all_is_back();
			if (rnd_true(&rng, 0.2))
				change_regions(ctx, &w);
			if (rnd_true(&rng, 0.05))
				move_away(target_of(ctx));
			if (!rnd_true(&rng, 0.05))
				continue;
			damon_forget_target(target_of(ctx));
			HOLDS(all_is_back());
		}
		lending_tick(ctx, true, false);
		HOLDS(all_is_back());
		free_ctx(ctx);
	}
	ASSERT_GT(nr_lent, 1000);
}

/* Coarse entries, which nobody accesses. */
struct idle_entries {
	DECLARE_BITMAP(young, 64);
	unsigned int nr_seen;
};

static unsigned int arm_idle(void *arg, const struct damon_addr_range *range)
{
	struct idle_entries *e = arg;
	unsigned int i;

	for (i = range->start >> 20; i <= (range->end - 1) >> 20; i++)
		__clear_bit(i, e->young);
	return 1;
}

/* They are young again when they have been looked at. */
static unsigned int look_at_idle(void *arg, const struct damon_addr_range *range,
				 struct damon_touched *touched)
{
	struct idle_entries *e = arg;
	unsigned int i;

	for (i = range->start >> 20; i <= (range->end - 1) >> 20; i++) {
		e->nr_seen += test_bit(i, e->young);
		__set_bit(i, e->young);
	}
	return 1;
}

static unsigned int visit_none(void *arg, const struct damon_addr_range *range,
			       unsigned long *bits)
{
	return 1;
}

/* However many holes there are below an entry, a look does not see what it has given back. */
TEST(holes_do_not_make_entries_young)
{
	static const struct damon_sight sight = {
		.fine = 4096,
		.coarse = 1 << 20,
		.arm_coarse = arm_idle,
		.look_coarse = look_at_idle,
		.arm_fine = visit_none,
		.look_fine = visit_none,
		.give_back = give_nothing,
	};
	struct rng rng;

	for_each_case(rng, 100) {
		struct damon_ctx *ctx = make_ctx(_case + 1);
		struct idle_entries e = {};
		unsigned long addr = 0;
		unsigned int i;

		bitmap_fill(e.young, 64);
		for (i = 0; i < 20; i++) {
			unsigned long start = addr + rnd_in(&rng, 0, 400) * 4096;

			addr = start + rnd_in(&rng, 1, 400) * 4096;
			add(target_of(ctx), start, addr, 0);
		}
		for (i = 0; i < 4; i++) {
			ctx->now++;
			damon_sweep_look(ctx, target_of(ctx), &sight, &e);
			damon_sweep_arm(ctx, target_of(ctx), &sight, &e);
		}
		HOLDS(!e.nr_seen);
		free_ctx(ctx);
	}
}

TEST_HARNESS_MAIN
