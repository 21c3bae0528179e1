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
				HOLDS(in_order(t) && aligned(t, ctx->min_region_sz));
			if (rnd_true(&rng, 0.05))
				end_window(ctx);
			if (rnd_true(&rng, 0.05))
				damon_split_regions(ctx);
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
			HOLDS(!w.broken && in_order(t));
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

/* what sweeps cost */

TEST(visits_are_paid_for)
{
	struct rng rng;

	for_each_case(rng, 300) {
		struct damon_ctx *ctx = make_ctx(_case);
		struct damon_target *t = target_of(ctx);
		u64 earned = CREDIT;
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

/* Time without a sweep does not add up to more than one burst. */
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
	for (i = 0; i < 5000; i++)
		tick(ctx, &w);
	w.price = 1;
	for (i = 0; i < 100; i++)
		tick(ctx, &w);
	ASSERT_LE(w.visited, CREDIT + 2 * DAMON_SWEEP_PIECE +
		  100 * PER_REGION * damon_nr_regions(target_of(ctx)));
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
	w.noise = 0.5;
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
		damon_sweep_open_window(t);
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
		for (i = 0; i < 10 && !all_cut_out(t, &w); i++)
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
			HOLDS(cuts <= max(before, MIN_CUTS));
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

			for (j = 0; j < 20; j++)
				tick(ctx, &w);
			HOLDS(damon_nr_regions(t) <= before + max(before, MIN_CUTS));
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

/* when they can be relied upon */

static bool guides_after(struct damon_ctx *ctx, struct world *w,
			 unsigned int windows)
{
	while (windows--)
		window(ctx, w);
	return damon_sweep_guides(target_of(ctx));
}

TEST(guidance_comes_and_goes)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	struct damon_target *t = target_of(ctx);
	unsigned int i;

	heat(&w, w.coarse, 2 * w.coarse, 2, 8);
	ASSERT_FALSE(damon_sweep_guides(t));
	ASSERT_TRUE(guides_after(ctx, &w, 1));
	ASSERT_TRUE(guides_after(ctx, &w, 50));

	/* nothing of it can be paid for */
	w.price = 1 << 20;
	ASSERT_FALSE(guides_after(ctx, &w, 6));
	ASSERT_FALSE(guides_after(ctx, &w, 50));
	free_ctx(ctx);

	/* it is not swept at all */
	w = plain_world(&rng);
	ctx = plain_ctx(&w);
	t = target_of(ctx);
	ASSERT_TRUE(guides_after(ctx, &w, 1));
	for (i = 0; i < 3; i++)
		end_window(ctx);
	ASSERT_TRUE(damon_sweep_guides(t));
	end_window(ctx);
	ASSERT_FALSE(damon_sweep_guides(t));
	ASSERT_TRUE(guides_after(ctx, &w, 1));
	damon_sweep_forget(t);
	ASSERT_FALSE(damon_sweep_guides(t));
	ASSERT_TRUE(guides_after(ctx, &w, 1));
	free_ctx(ctx);
}

/* The hardware does not mark upper entries, but samples see accesses. */
TEST(guidance_needs_sight)
{
	struct rng rng;

	for_each_case(rng, 20) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = plain_ctx(&w);
		struct damon_target *t = target_of(ctx);

		/* a region of its own, so that samples are sure */
		damon_destroy_regions(t);
		heat(&w, w.coarse, 2 * w.coarse, 1, 100);
		add(t, w.coarse / 2, w.hot[0].start, 0);
		add(t, w.hot[0].start, w.hot[0].end, 0);
		add(t, w.hot[0].end, 5 * (w.coarse / 2), 0);
		w.blind = true;
		HOLDS(!guides_after(ctx, &w, 7));
		w.blind = false;
		HOLDS(guides_after(ctx, &w, 3));
		w.blind = true;
		HOLDS(!guides_after(ctx, &w, 7));
		/* nothing to be seen by anybody */
		w.cold = true;
		HOLDS(guides_after(ctx, &w, 3));
		free_ctx(ctx);
	}
}

/* how often what is sampled */

static struct damon_round round_of(struct damon_ctx *ctx)
{
	struct damon_round round;

	damon_round_prepare(&round, ctx);
	damon_round_begin(&round, target_of(ctx));
	return round;
}

TEST(samples_stay_most_of_the_time)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = plain_ctx(&w);
	unsigned int i, stays = 0;

	ASSERT_FALSE(round_of(ctx).stay);
	window(ctx, &w);
	for (i = 0; i < 100; i++) {
		tick(ctx, &w);
		stays += round_of(ctx).stay;
	}
	ASSERT_EQ(75, stays);
	free_ctx(ctx);
}

/* Cold memory with one hot region, for so long that all of it is settled. */
static struct damon_ctx *settled_ctx(struct world *w)
{
	struct damon_ctx *ctx = plain_ctx(w);
	unsigned int i;

	w->nr_hot = 1;
	w->hot[0].start = w->coarse + 100 * w->fine;
	w->hot[0].end = w->coarse + 150 * w->fine;
	for (i = 0; i < 10; i++)
		window(ctx, w);
	return ctx;
}

TEST(settled_regions_are_sampled_rarely)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	unsigned int nr = damon_nr_regions(target_of(ctx));

	w.samples = 0;
	window(ctx, &w);
	/* a window begins with a sample of each that is steady */
	ASSERT_EQ(20 / DAMON_STEADY_SPAN + 1 + (nr - 1) * (20 / DAMON_DORMANT_SPAN),
		  w.samples);
	free_ctx(ctx);
}

/* Memory that comes back after as many intervals as a steady region rests is seen. */
TEST(turns_of_steady_regions_move)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	unsigned int i, ticks[DAMON_STEADY_SPAN] = {};
	struct damon_region *hot;

	damon_for_each_region(hot, target_of(ctx))
		if (hot->last_nr_accesses)
			break;
	for (i = 0; i < 20 * DAMON_STEADY_SPAN; i++) {
		if (i % 20 == 19)
			last_tick(ctx, &w);
		else
			tick(ctx, &w);
		ticks[i % DAMON_STEADY_SPAN] += hot->sampling_addr != DAMON_NO_SAMPLE_YET;
		if (i % 20 == 19)
			end_window(ctx);
	}
	for (i = 0; i < DAMON_STEADY_SPAN; i++)
		ASSERT_GE(ticks[i], 20 / DAMON_STEADY_SPAN - 1);
	free_ctx(ctx);
}

/*
 * Then each tick counts for itself.  One that is steady can have to wait twice if others
 * before it are not any more.
 */
TEST(steady_regions_cool_down)
{
	struct rng rng;

	for_each_case(rng, 50) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = settled_ctx(&w);
		unsigned int hot = rnd_in(&rng, 0, 20), i;
		struct damon_region *r;

		for (i = 0; i < hot; i++)
			tick(ctx, &w);
		w.nr_hot = 0;
		for (; i < 19; i++)
			tick(ctx, &w);
		last_tick(ctx, &w);
		damon_for_each_region(r, target_of(ctx)) {
			if (r->last_nr_accesses < 20)
				continue;
			HOLDS(r->nr_samples + 2 * DAMON_STEADY_SPAN > 20);
			HOLDS(r->nr_accesses + 2 * DAMON_STEADY_SPAN > hot);
			HOLDS(r->nr_accesses <= hot);
		}
		free_ctx(ctx);
	}
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
				HOLDS(r->nr_samples + DAMON_DORMANT_SPAN >
				      min(ticks, window));
			}
			end_window(ctx);
		}
		damon_for_each_region(r, target_of(ctx))
			HOLDS(!r->last_nr_accesses == !is_hot(&w, r->ar.start,
							      r->ar.start));
		free_ctx(ctx);
	}
}

/* What a round has of one target does not reach the next one. */
TEST(rounds_are_of_one_target)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	struct damon_round round, fresh;

	while (!round_of(ctx).stay)
		tick(ctx, &w);
	fresh = round_of(ctx);
	ASSERT_GT(fresh.span, 1);
	round = fresh;
	round.surprised = true;
	round.all = true;
	/* one that no sweep has told of */
	damon_round_begin(&round, make_target(ctx));
	ASSERT_FALSE(round.stay || round.surprised || round.all);
	ASSERT_EQ(round.span, 1);
	ASSERT_EQ(round.steady_span, 1);
	damon_round_begin(&round, target_of(ctx));
	ASSERT_EQ(0, memcmp(&round, &fresh, sizeof(round)));
	free_ctx(ctx);
}

/* Memory that has just cooled down is not dormant yet. */
TEST(young_regions_are_not_dormant)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	struct damon_round round;
	unsigned int i, nr;

	w.nr_hot = 0;
	for (i = 0; i < 5; i++) {
		struct damon_region *r;

		window(ctx, &w);
		round = round_of(ctx);
		damon_for_each_region(r, target_of(ctx))
			ASSERT_EQ(r->age >= DAMON_DORMANT_AGE && !r->last_nr_accesses,
				  damon_round_dormant(&round, r));
	}
	nr = damon_nr_regions(target_of(ctx));
	w.samples = 0;
	window(ctx, &w);
	ASSERT_EQ(nr * (20 / DAMON_DORMANT_SPAN), w.samples);
	free_ctx(ctx);
}

TEST(accesses_wake_regions_up)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	unsigned int i, nr = damon_nr_regions(target_of(ctx));
	struct damon_region *r;

	w.hot[0].start = w.coarse;
	w.hot[0].end = 2 * w.coarse;
	for (i = 0; i < DAMON_DORMANT_SPAN; i++)
		tick(ctx, &w);
	/* each has seen an access by now, which counted for all of the time, ... */
	damon_for_each_region(r, target_of(ctx)) {
		ASSERT_GT(r->nr_accesses, 0);
		if (!r->last_nr_accesses)
			ASSERT_EQ(DAMON_DORMANT_SPAN, r->nr_samples);
	}
	/* ... and goes on */
	w.samples = 0;
	tick(ctx, &w);
	ASSERT_GE(w.samples, nr - 1);
	free_ctx(ctx);
}

/* Whether a sweep begins within @ticks although there was one in the window. */
static bool sweeps_again(struct damon_ctx *ctx, struct world *w,
			 unsigned int ticks)
{
	w->visited = 0;
	while (ticks--)
		tick(ctx, w);
	return w->visited;
}

static unsigned int nr_skipped(struct damon_round *round, struct damon_target *t)
{
	struct damon_region *r;
	unsigned int nr = 0;

	damon_for_each_region(r, t)
		nr += damon_round_skips(round, r);
	return nr;
}

/* After a look at a process that sleeps there may be none for a while. */
TEST(all_regions_may_have_their_turn)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	struct damon_round round = round_of(ctx);
	struct damon_target *t = target_of(ctx);
	struct damon_region *r;

	ASSERT_GT(nr_skipped(&round, t), damon_nr_regions(t) / 2);
	round.all = true;
	ASSERT_EQ(0, nr_skipped(&round, t));
	damon_for_each_region(r, t)
		ASSERT_FALSE(damon_round_rests(&round, r));
	free_ctx(ctx);
}

/* What is not looked at has its ticks nevertheless. */
TEST(rests_are_ticks)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	struct damon_ctx *ctx = settled_ctx(&w);
	struct damon_target *t = target_of(ctx);
	struct damon_round before, after;

	/* as long as a sweep is under way there is no rest */
	ASSERT_FALSE(damon_sweep_rests(ctx, t));
	while (!damon_sweep_rests(ctx, t))
		tick(ctx, &w);
	before = round_of(ctx);
	ASSERT_TRUE(damon_sweep_rests(ctx, t));
	after = round_of(ctx);
	ASSERT_EQ(before.tick + 1, after.tick);
	ASSERT_EQ(before.turn + 1, after.turn);
	/* the next window has a sweep, unless that can find nothing */
	window(ctx, &w);
	ASSERT_FALSE(damon_sweep_rests(ctx, t));
	damon_sweep_skip(t);
	ASSERT_TRUE(damon_sweep_rests(ctx, t));
	ASSERT_TRUE(damon_sweep_guides(t));
	ASSERT_FALSE(sweeps_again(ctx, &w, 10));
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
	ASSERT_TRUE(sweeps_again(ctx, &w, 3));
	free_ctx(ctx);

	/* what was cold is not */
	w = plain_world(&rng);
	ctx = settled_ctx(&w);
	ASSERT_TRUE(sweeps_again(ctx, &w, 9));
	w.hot[0].end = 2 * w.coarse;
	ASSERT_TRUE(sweeps_again(ctx, &w, DAMON_DORMANT_SPAN + 2));
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
		ASSERT_TRUE(damon_sweep_guides(t));
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

/*
 * Between memory that was hot and memory that was cold, the samples of a region tell where
 * the border is if there is one.
 */
TEST(regions_are_cut_at_their_borders)
{
	static const struct {
		unsigned int window, before, nr, behind;
		unsigned int gap;	/* 1: before it, 2: behind it */
		bool border;
	} v[] = {
		{ 20, 20, 1, 0, 0, true }, { 20, 20, 19, 0, 0, true },
		{ 20, 0, 1, 20, 0, true }, { 20, 0, 10, 20, 0, true },
		{ 20, 16, 7, 4, 0, true }, { 10, 0, 5, 10, 0, true },
		/* they tell nothing in between the same, or nearly so */
		{ 20, 20, 10, 20, 0, false }, { 20, 0, 10, 0, 0, false },
		{ 20, 20, 15, 11, 0, false }, { 20, 5, 7, 14, 0, false },
		/* or if it is like neither, ... */
		{ 20, 16, 18, 4, 0, false }, { 20, 4, 2, 16, 0, false },
		/* ... touches only one, or samples are few */
		{ 20, 20, 10, 0, 1, false }, { 20, 20, 10, 0, 2, false },
		{ 9, 9, 4, 0, 0, false },
	};
	struct rng rng;

	for_each_case(rng, 300) {
		unsigned int i = rnd_in(&rng, 0, ARRAY_SIZE(v)), nr;
		unsigned long grains = rnd_in(&rng, 1, 5000), grain, start, end, at, slack;
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = settled_ctx(&w);
		struct damon_target *t = target_of(ctx);
		struct damon_region *r, *next;

		grain = ctx->min_region_sz;
		damon_forget_spots(t);
		damon_for_each_region(r, t) {
			r->age = 0;
			r->last_nr_accesses = v[i].before;
		}
		r = damon_first_region(t);
		end = r->ar.end;
		start = end - grains * grain;
		next = damon_split_region_at(t, r, start - r->ar.start);
		next->last_nr_accesses = v[i].nr;
		r->ar.end -= v[i].gap == 1 ? grain : 0;
		r = next;
		while ((next = damon_region_behind(next, t)))
			next->last_nr_accesses = v[i].behind;
		damon_next_region(r)->ar.start += v[i].gap == 2 ? grain : 0;

		ctx->attrs.aggr_interval = v[i].window * ctx->attrs.sample_interval;
		ctx->attrs.min_nr_regions = 0;
		nr = damon_nr_regions(t);
		damon_split_regions(ctx);
		if (!v[i].border || grains < 2) {
			/* by chance only */
			HOLDS(damon_nr_regions(t) <= nr + (nr + 7) / 8);
			free_ctx(ctx);
			continue;
		}
		damon_for_each_region(r, t)
			if (r->ar.end > start)
				break;
		at = abs_diff(v[i].nr, v[i].behind) * grains /
			abs_diff(v[i].before, v[i].behind);
		at = start + clamp(at, 1, grains - 1) * grain;
		slack = grains / 8 * grain;
		HOLDS(r->ar.start == start);
		if (slack && at - start > slack) {
			HOLDS(r->ar.end == at - slack);
			r = damon_next_region(r);
		}
		HOLDS(r->ar.start <= at && at <= r->ar.end);
		HOLDS(r->ar.end == min(at + slack, end));
		HOLDS(r->last_nr_accesses == v[i].nr);
		free_ctx(ctx);
	}
}

/* Nothing says that their parts differ. */
TEST(most_steady_regions_stay_whole)
{
	struct rng rng;
	unsigned int nr, sum = 0, all = 0;

	for_each_case(rng, 100) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = settled_ctx(&w);
		struct damon_target *t = target_of(ctx);
		struct damon_region *r;

		damon_forget_spots(t);
		damon_for_each_region(r, t) {
			r->age = DAMON_STEADY_AGE;
			r->last_nr_accesses = 20;
		}
		ctx->rnd_state += _case;
		nr = damon_nr_regions(t);
		damon_split_regions(ctx);
		sum += damon_nr_regions(t) - nr;
		all += (nr + 7) / 8;
		free_ctx(ctx);
	}
	ASSERT_GT(sum, all / 8);
	ASSERT_LT(sum, all / 2);
}

static void split_at(struct damon_target *t, unsigned long addr)
{
	struct damon_region *r = damon_skip_to(damon_first_region_or_null(t), addr, t);

	if (r && r->ar.start < addr)
		damon_split_region_at(t, r, addr - r->ar.start);
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
		r->last_nr_accesses = 20 * is_hot(w, r->ar.start, r->ar.start);
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
 * touched.  Its other part is cut off now and then only, not in each sweep.
 */
TEST(known_borders_are_left_alone)
{
	struct rng rng = { 1 };
	struct world w = plain_world(&rng);
	unsigned int nr = nr_cuts(&w);

	ASSERT_GT(nr, 20);
	ASSERT_LT(nr, 100);
}

/* Whether a sweep cuts at @at, where a touched entry begins or ends. */
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
		add(target_of(ctx), w.hot[0].start, w.hot[0].end, 0)->last_nr_accesses = 20;
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
	}
}

/* Random splits of guided targets take no more than half of the room. */
TEST(random_splits_leave_room)
{
	static const unsigned int splits[] = { 0, 0, 1, 1, 2, 2, 2 };
	struct rng rng = { 1 };
	unsigned int room;

	for (room = 0; room < ARRAY_SIZE(splits); room++) {
		struct world w = plain_world(&rng);
		struct damon_ctx *ctx = settled_ctx(&w);
		struct damon_target *t = target_of(ctx);
		unsigned int nr = damon_nr_regions(t);
		struct damon_region *r;

		ASSERT_TRUE(nr > 8 && nr <= 16);
		/* spots and mixed ones may take all of it, steady ones none */
		damon_forget_spots(t);
		damon_for_each_region(r, t) {
			r->last_nr_accesses = 0;
			r->age = 0;
		}
		ctx->attrs.max_nr_regions = nr + room;
		damon_split_regions(ctx);
		ASSERT_EQ(nr + splits[room], damon_nr_regions(t));
		free_ctx(ctx);
	}
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
	ASSERT_FALSE(damon_sweep_guides(t));
	ASSERT_EQ(0, w.visited);

	/* no region */
	shim_fail_after(1);
	for (i = 0; i < 1000; i++)
		tick(ctx, &w);
	ASSERT_GT(w.visited, 0);
	ASSERT_EQ(nr, damon_nr_regions(t));
	ASSERT_TRUE(in_order(t));

	/* what failed is done in the next window */
	shim_fail_after(ULONG_MAX);
	end_window(ctx);
	for (i = 0; i < 100; i++)
		tick(ctx, &w);
	ASSERT_TRUE(all_cut_out(t, &w));
	free_ctx(ctx);
}

TEST_HARNESS_MAIN
