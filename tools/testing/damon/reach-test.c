// SPDX-License-Identifier: GPL-2.0
/*
 * Whether TLB flushes are made where nothing is seen without them, at most one per
 * window, and none elsewhere.  The process is a plant: how many samples see an
 * access without a flush, and right behind one.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#define WINDOW_NS	100000000ULL
#define SAMPLES		40U

struct plant {
	unsigned int ticks;		/* per window */
	u64 busy;			/* 1/1000 of the time that it runs */
	unsigned int hidden;		/* hits per tick without a flush */
	unsigned int shown;		/* hits in the tick behind one */
	unsigned int made;		/* ticks that are made, if not all are */
	/* where it is */
	u64 now, cpu_ns;
	bool flushed;
	unsigned long counted;		/* ticks whose answers count */
	unsigned long flushes;		/* of this window */
};

/* One window.  Returns how many flushes it had. */
static unsigned long run_window(struct damon_target *t, struct plant *p)
{
	unsigned int i;

	p->flushes = 0;
	p->counted = 0;
	damon_reach_begin(t, p->cpu_ns, p->now, p->ticks);
	for (i = 0; i < (p->made ?: p->ticks); i++) {
		enum damon_reach_step step = damon_reach_step(t);
		bool flush = step == DAMON_REACH_TRY || step == DAMON_REACH_FLUSH;

		if (step == DAMON_REACH_SKIP)
			continue;
		p->counted += step != DAMON_REACH_FLUSH;
		damon_reach_note(t, step, p->flushed ? p->shown : p->hidden, SAMPLES);
		p->flushed = flush;
		p->flushes += flush;
	}
	p->now += WINDOW_NS;
	p->cpu_ns += WINDOW_NS / 1000 * p->busy;
	return p->flushes;
}

static unsigned long run_windows(struct damon_target *t, struct plant *p,
				 unsigned int nr)
{
	unsigned long flushes = 0;

	while (nr--)
		flushes += run_window(t, p);
	return flushes;
}

TEST(hidden_accesses_are_found_soon)
{
	struct plant p = { .ticks = 20, .busy = 1000, .shown = 10 };
	struct damon_target t = {};

	ASSERT_GT(run_windows(&t, &p, 3), 0);
	/* and from then on by one flush, and one tick, per window */
	ASSERT_EQ(run_windows(&t, &p, 100), 100);
	ASSERT_EQ(p.counted, 1);
	ASSERT_GE(t.reach.nr_flushes, 101);
}

TEST(flushes_end_when_accesses_are_seen_anyway)
{
	struct plant p = { .ticks = 20, .busy = 1000, .shown = 10 };
	struct damon_target t = {};

	run_windows(&t, &p, 10);
	p.hidden = 10;
	run_windows(&t, &p, 2);
	ASSERT_EQ(run_windows(&t, &p, 100), 0);
	ASSERT_EQ(p.counted, p.ticks);
	/* and begin again when they are not */
	p.hidden = 0;
	ASSERT_GE(run_windows(&t, &p, 10), 7);
}

TEST(flushes_end_when_the_process_sleeps)
{
	struct plant p = { .ticks = 20, .busy = 1000, .shown = 10 };
	struct damon_target t = {};

	run_windows(&t, &p, 10);
	p.busy = 0;
	p.shown = 0;
	run_windows(&t, &p, 2);
	ASSERT_EQ(run_windows(&t, &p, 100), 0);
}

TEST(nobody_is_flushed_without_need)
{
	struct rng rng;

	for_each_case(rng, 500) {
		struct plant p = {
			.ticks = rnd_in(&rng, 1, 50),
			.busy = rnd_in(&rng, 0, 1001),
			.hidden = rnd_in(&rng, 0, SAMPLES + 1),
			.shown = SAMPLES,
		};
		struct damon_target t = {};
		bool quiet = p.hidden * 64 < SAMPLES;
		bool busy = p.busy >= 250;

		if (p.ticks > 1 && quiet && busy)
			continue;
		HOLDS(!run_windows(&t, &p, 100));
		HOLDS(!t.reach.nr_flushes);
	}
}

/* Hot memory that no region's sample hits: flushes would not change that. */
TEST(trials_in_vain_become_rare)
{
	struct plant p = { .ticks = 20, .busy = 1000 };
	struct damon_target t = {};

	/* after 1, 3, 7, 15, 31, 63, 63, ... windows without one */
	ASSERT_LE(run_windows(&t, &p, 1000), 7 + 1000 / 63);
	/* what becomes visible is still found */
	p.shown = 10;
	ASSERT_GT(run_windows(&t, &p, 70), 0);
	ASSERT_EQ(run_windows(&t, &p, 10), 10);
}

TEST(never_two_flushes_in_a_window)
{
	struct rng rng;

	for_each_case(rng, 500) {
		struct plant p = { .ticks = rnd_in(&rng, 1, 50) };
		struct damon_target t = {};
		unsigned int i;

		for (i = 0; i < 300; i++) {
			p.busy = rnd_in(&rng, 0, 1001);
			p.hidden = rnd_in(&rng, 0, 2) * rnd_in(&rng, 0, SAMPLES);
			p.shown = rnd_in(&rng, 0, SAMPLES + 1);
			HOLDS(run_window(&t, &p) <= 1);
			HOLDS(p.counted);
		}
	}
}

/* In a window of one sample, there is none behind a flush, and all count as they are. */
TEST(short_windows_have_samples)
{
	struct plant p = { .ticks = 20, .busy = 1000, .shown = 10 };
	struct damon_target t = {};

	run_windows(&t, &p, 10);
	ASSERT_TRUE(t.reach.silent);
	p.ticks = 1;
	EXPECT_EQ(run_windows(&t, &p, 10), 0);
	EXPECT_EQ(p.counted, 1);
	/* and again when they are long enough: one sample before the flush, one behind it */
	p.ticks = 2;
	EXPECT_EQ(run_windows(&t, &p, 10), 10);
	EXPECT_TRUE(t.reach.silent);
	EXPECT_EQ(p.counted, 1);
}

/* Accesses here and there, as many with a flush as without, are no reason for any. */
TEST(noise_is_not_silence)
{
	unsigned int nr_silent = 0, nr_windows = 0;
	struct rng rng;

	for_each_case(rng, 100) {
		double noise = rnd_in(&rng, 50, 101) / 1e4;
		struct damon_target t = {};
		u64 now = 0;
		unsigned int i, j, hits;

		for (i = 0; i < 1000; i++, now += WINDOW_NS) {
			damon_reach_begin(&t, now, now, 20);
			nr_silent += t.reach.silent;
			nr_windows++;
			for (j = 0; j < 20; j++) {
				enum damon_reach_step step = damon_reach_step(&t);
				unsigned int nr = 100;

				if (step == DAMON_REACH_SKIP)
					continue;
				for (hits = 0; nr--;)
					hits += rnd_true(&rng, noise);
				damon_reach_note(&t, step, hits, 100);
			}
		}
	}
	EXPECT_LE(nr_silent, nr_windows / 1000);
}

/* Of a few regions, one is all that can be seen, and not in every trial. */
TEST(few_hidden_accesses_are_found)
{
	struct rng rng;

	for_each_case(rng, 100) {
		struct plant p = { .ticks = 20, .busy = 1000, .shown = 1 };
		struct damon_target t = {};
		unsigned int i;

		run_windows(&t, &p, 6);
		HOLDS(t.reach.silent);

		t = (struct damon_target){};
		for (i = 0; i < 2000 && !t.reach.silent; i++) {
			p.shown = rnd_true(&rng, 0.7);
			run_window(&t, &p);
		}
		HOLDS(t.reach.silent);
	}
}

/* A monitor that is late makes a tick per window: the one behind a flush is of the next. */
TEST(late_monitors_have_samples)
{
	struct plant p = { .ticks = 20, .busy = 1000, .shown = 10 };
	struct damon_target t = {};
	unsigned int i;

	run_windows(&t, &p, 10);
	p.made = 1;
	/* the first one has the flush only */
	run_window(&t, &p);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(run_window(&t, &p), 1);
		ASSERT_EQ(p.counted, 1);
		ASSERT_EQ(t.reach.nr_hits, p.shown);
		ASSERT_TRUE(t.reach.silent);
	}
	/* it ends here, too */
	p.shown = 0;
	p.busy = 0;
	run_windows(&t, &p, 2);
	ASSERT_EQ(run_windows(&t, &p, 10), 0);

	/* and begins */
	p.shown = 10;
	p.busy = 1000;
	run_windows(&t, &p, 10);
	ASSERT_TRUE(t.reach.silent);
	ASSERT_EQ(run_windows(&t, &p, 10), 10);
	/* nothing of that is left when there are more ticks */
	p.made = 0;
	run_window(&t, &p);
	ASSERT_EQ(run_window(&t, &p), 1);
	ASSERT_EQ(p.counted, 1);
	ASSERT_EQ(t.reach.nr_before, 0);
	ASSERT_TRUE(t.reach.silent);
	/* as if each sample needed a flush */
	p.hidden = 10;
	run_windows(&t, &p, 2);
	ASSERT_FALSE(t.reach.silent);
}

/*
 * A window of a process that runs all the time.  Nothing is seen of it but in the tick of a
 * flush, before that is made, and in the next one.  Returns whether there was a flush.
 */
static bool window_around_flush(struct damon_target *t, u64 *now, unsigned int ticks,
				unsigned int without, unsigned int with)
{
	bool flush, flushed = false;
	unsigned int i;

	damon_reach_begin(t, *now, *now, ticks);
	for (i = 0; i < ticks; i++) {
		enum damon_reach_step step = damon_reach_step(t);

		if (step == DAMON_REACH_SKIP)
			continue;
		flush = step == DAMON_REACH_TRY || step == DAMON_REACH_FLUSH;
		damon_reach_note(t, step, flush ? without :
				 step == DAMON_REACH_COUNT ? with : 0, SAMPLES);
		flushed |= flush;
	}
	*now += WINDOW_NS;
	return flushed;
}

/* Windows until there is one with a flush, which is the last one. */
static unsigned int windows_to_flush(struct damon_target *t, u64 *now,
				     unsigned int without, unsigned int with)
{
	unsigned int nr = 1;

	while (nr < 1000 && !window_around_flush(t, now, 20, without, with))
		nr++;
	return nr;
}

TEST(trials_in_vain_are_put_off_twice_as_long)
{
	static const unsigned int waits[] = { 1, 3, 7, 15, 31, 63, 63, 63 };
	struct damon_target t = {};
	u64 now = WINDOW_NS;
	unsigned int i, round;

	for (round = 0; round < 2; round++) {
		windows_to_flush(&t, &now, 0, 0);
		for (i = 0; i < ARRAY_SIZE(waits); i++)
			ASSERT_EQ(windows_to_flush(&t, &now, 0, 0), waits[i] + 1);
		/* one that is not in vain makes up for all of them */
		windows_to_flush(&t, &now, 0, 10);
		ASSERT_TRUE(t.reach.silent);
		window_around_flush(&t, &now, 20, 10, 10);
		ASSERT_FALSE(t.reach.silent);
	}
}

/* A quarter of the time is enough, and one access in 64 samples is too much. */
TEST(limits_of_busy_and_of_quiet)
{
	static const struct {
		u64 cpu_ns;
		unsigned int hits;
		bool tried;
	} v[] = {
		{ WINDOW_NS / 4, 0, true },
		{ WINDOW_NS / 4 - 1, 0, false },
		{ WINDOW_NS, 9, true },
		{ WINDOW_NS, 10, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_target t = {};

		damon_reach_begin(&t, 0, 0, 20);
		damon_reach_note(&t, damon_reach_step(&t), v[i].hits, 640);
		damon_reach_begin(&t, v[i].cpu_ns, WINDOW_NS, 20);
		EXPECT_EQ(v[i].tried, damon_reach_step(&t) == DAMON_REACH_TRY);
	}
}

TEST(windows_without_an_answer_are_not_quiet)
{
	struct damon_target t = {};
	u64 now = 0;
	unsigned int i;

	for (i = 0; i < 10; i++, now += WINDOW_NS) {
		damon_reach_begin(&t, now, now, 20);
		ASSERT_EQ(damon_reach_step(&t), DAMON_REACH_WATCH);
		damon_reach_note(&t, DAMON_REACH_WATCH, 0, 0);
	}
}

TEST(four_samples_are_enough)
{
	struct damon_target t = {};
	u64 now = WINDOW_NS;
	unsigned int i;

	for (i = 0; i < 3; i++)
		window_around_flush(&t, &now, 4, 0, 10);
	ASSERT_TRUE(t.reach.silent);
	for (i = 0; i < 10; i++)
		ASSERT_TRUE(window_around_flush(&t, &now, 4, 0, 10));
	ASSERT_TRUE(t.reach.silent);
}

TEST(flushes_are_counted)
{
	struct plant p = { .ticks = 20, .busy = 1000 };
	struct damon_target t = {};
	unsigned long flushes = run_windows(&t, &p, 50);

	ASSERT_EQ(flushes, t.reach.nr_flushes);
	p.shown = 10;
	flushes += run_windows(&t, &p, 100);
	ASSERT_EQ(flushes, t.reach.nr_flushes);
}

/* What was seen in trials that showed nothing is no evidence in later ones. */
TEST(trials_in_vain_are_forgotten)
{
	struct damon_target t = {};
	u64 now = WINDOW_NS;

	windows_to_flush(&t, &now, 1, 1);
	windows_to_flush(&t, &now, 0, 6);
	ASSERT_TRUE(t.reach.silent);
}

/* Flushes are worth it as long as they show more than twice as much. */
TEST(flushes_go_on_while_they_show_more)
{
	struct damon_target t = {};
	u64 now = WINDOW_NS;

	while (!t.reach.silent)
		windows_to_flush(&t, &now, 0, 10);
	ASSERT_TRUE(window_around_flush(&t, &now, 20, 4, 10));
	ASSERT_TRUE(t.reach.silent);
	ASSERT_TRUE(window_around_flush(&t, &now, 20, 6, 10));
	ASSERT_FALSE(t.reach.silent);
}

/* The tick behind a flush may find nobody to ask.  Then the next flush is not behind it. */
TEST(lost_answers_are_not_made_up_for)
{
	struct damon_target t = {};
	u64 now = WINDOW_NS;

	while (!t.reach.silent)
		windows_to_flush(&t, &now, 0, 10);
	damon_reach_begin(&t, now, now, 20);
	damon_reach_note(&t, damon_reach_step(&t), 0, SAMPLES);
	damon_reach_step(&t);
	damon_reach_begin(&t, now + WINDOW_NS, now + WINDOW_NS, 20);
	ASSERT_EQ(damon_reach_step(&t), DAMON_REACH_FLUSH);
}

TEST(windows_are_begun_once)
{
	struct damon_target t = { .reach.window_opens = true };

	damon_reach_begin(&t, 0, 0, 20);
	ASSERT_FALSE(t.reach.window_opens);
}

TEST_HARNESS_MAIN
