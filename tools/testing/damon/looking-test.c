// SPDX-License-Identifier: GPL-2.0
/*
 * Who is looked at when, and for what a look stands: intervals and windows as either of
 * the operations sets goes through them, over memory that is made up here.
 */
#include <math.h>

#include "../selftests/kselftest_harness.h"
#include "test.h"

/* worlds */

/* What is in the memory of a region, and what its samples came to in a window. */
struct seat {
	double rate;		/* share of the intervals with an access to a page, or ... */
	bool bimodal;		/* ... of the pages that are accessed in each interval */
	unsigned int period;	/* or all of them once in so many intervals, not 0 ... */
	unsigned int phase;	/* ... and in which of them */
	bool unknown;		/* nobody can tell */
	bool seen;		/* it would see an access */
	bool saw;		/* the one before did */
	unsigned int nr_looks;	/* of this window */
};

struct world {
	struct damon_ctx *ctx;
	struct rng rng;
	bool apart;		/* all samples are tested before the next ones begin */
	unsigned int window;
	unsigned int tick;
	unsigned int clock;	/* intervals of all windows */
	unsigned int nr_seats;
	struct seat seats[1200];
	unsigned int nr_looks;	/* in the last interval, ... */
	unsigned int nr_again;	/* ... and of suspects */
	bool surprised;
};

#define SMALL	64UL		/* as small as regions here are, in pages */

static struct world *make_world(unsigned int window, u64 seed)
{
	struct world *w = calloc(1, sizeof(*w));

	w->ctx = make_ctx(seed);
	w->ctx->attrs.sample_interval = 1;
	w->ctx->attrs.aggr_interval = window;
	w->ctx->attrs.min_nr_regions = 1;
	w->ctx->next_aggregation_ns = 1;
	w->ctx->look_span = 1;
	w->rng.state = seed;
	w->window = window;
	return w;
}

static void free_world(struct world *w)
{
	free_ctx(w->ctx);
	free(w);
}

/* A region that cannot be merged with any other. */
static struct damon_region *seat(struct world *w, struct damon_target *t, unsigned long sz,
				 double rate)
{
	unsigned long start = damon_nr_regions(t) ? damon_last_region(t)->ar.end + 1 : 0;

	w->seats[w->nr_seats++].rate = rate;
	return add(t, start, start + sz, 0);
}

/* The same, of which earlier windows have shown just that. */
static struct damon_region *seat_known(struct world *w, unsigned long sz, double rate)
{
	struct damon_region *r = seat(w, target_of(w->ctx), sz, rate);

	r->rate = rate * DAMON_FULL_RATE;
	r->worth = 60;
	r->untouched = !rate;
	return r;
}

static bool page_is_hot(unsigned long addr, double share)
{
	struct rng rng = { addr };

	return rnd_true(&rng, share);
}

/* What the memory does in an interval. */
static bool accessed(struct world *w, const struct seat *s, unsigned long addr)
{
	if (s->period)
		return w->clock % s->period == s->phase;
	return s->bimodal ? page_is_hot(addr, s->rate) : rnd_true(&w->rng, s->rate);
}

static void access_sample(struct world *w, struct seat *s, struct damon_region *r)
{
	if (damon_sample_pending(r))
		s->seen |= accessed(w, s, r->sampling_addr);
}

static void begin_sample(struct world *w, struct damon_looks *looks, struct seat *s,
			 struct damon_region *r)
{
	damon_look_begins(looks, r);
	s->seen = false;
	r->sampling_addr = damon_rand(w->ctx, r->ar.start, r->ar.end);
}

static void finish_sample(struct world *w, struct damon_looks *looks, struct seat *s,
			  struct damon_target *t, struct damon_region *r)
{
	damon_look_count(looks, t, r, s->unknown ? DAMON_UNKNOWN :
			 s->seen ? DAMON_ACCESSED : DAMON_NOT_ACCESSED);
	s->saw = s->seen;
	s->nr_looks++;
	w->nr_looks++;
}

#define for_each_seat(w, s, t, r)				\
	damon_for_each_target(t, (w)->ctx)			\
		for (r = damon_first_region_or_null(t); r;	\
		     r = damon_region_behind(r, t), (s)++)

/* As for physical addresses. */
static void prepare_apart(struct world *w)
{
	struct seat *s = w->seats;
	struct damon_looks looks;
	struct damon_target *t;
	struct damon_region *r;

	damon_looks_resume(&looks, w->ctx);
	for_each_seat(w, s, t, r)
		if (!damon_sample_pending(r) && damon_look_next(&looks, r))
			begin_sample(w, &looks, s, r);
}

static void check_apart(struct world *w, struct damon_looks *looks)
{
	struct seat *s = w->seats;
	struct damon_target *t;
	struct damon_region *r;

	for_each_seat(w, s, t, r) {
		if (!damon_sample_pending(r) || damon_look_lasts(looks, r))
			continue;
		finish_sample(w, looks, s, t, r);
		r->sampling_addr = DAMON_NO_SAMPLE;
	}
}

/* As for virtual addresses. */
static void prepare_together(struct world *w)
{
	struct seat *s = w->seats;
	struct damon_looks looks;
	struct damon_target *t;
	struct damon_region *r;

	damon_looks_resume(&looks, w->ctx);
	for_each_seat(w, s, t, r)
		if (!damon_sample_pending(r) && r->sampling_addr != DAMON_NO_SAMPLE_YET)
			begin_sample(w, &looks, s, r);
}

static void check_together(struct world *w, struct damon_looks *looks)
{
	struct damon_target *t, *last = NULL;
	struct seat *s = w->seats;
	struct damon_region *r;

	for_each_seat(w, s, t, r) {
		if (t != last)
			damon_looks_of_target(looks);
		last = t;
		if (damon_sample_pending(r) && damon_look_lasts(looks, r))
			continue;
		if (damon_sample_pending(r))
			finish_sample(w, looks, s, t, r);
		if (damon_look_next(looks, r))
			begin_sample(w, looks, s, r);
		else
			r->sampling_addr = DAMON_NO_SAMPLE_YET;
	}
}

/* Theirs are the same seats. */
static void look_at_suspects(struct world *w, unsigned int turn)
{
	struct seat *s = w->seats;
	struct damon_target *t;
	struct damon_spot *spot;
	struct damon_region *r;

	damon_for_each_target(t, w->ctx)
		damon_begin_suspects(t, turn);
	for_each_seat(w, s, t, r) {
		while ((spot = damon_next_suspect(t, r->ar.end))) {
			damon_look_again(t, spot, accessed(w, s, spot->addr) ?
					 DAMON_ACCESSED : DAMON_NOT_ACCESSED);
			w->nr_again++;
		}
	}
}

/* One sampling interval. */
static void interval(struct world *w, bool last)
{
	struct seat *s = w->seats;
	struct damon_looks looks;
	struct damon_target *t;
	struct damon_region *r;

	w->nr_looks = 0;
	w->nr_again = 0;
	if (w->apart)
		prepare_apart(w);
	else
		prepare_together(w);
	for_each_seat(w, s, t, r)
		access_sample(w, s, r);
	w->tick++;
	w->clock++;
	w->ctx->now = last;
	damon_looks_begin(&looks, w->ctx);
	look_at_suspects(w, looks.turn);
	if (w->apart)
		check_apart(w, &looks);
	else
		check_together(w, &looks);
	w->surprised = looks.surprised;
}

static void intervals(struct world *w, unsigned int nr)
{
	while (nr--)
		interval(w, !nr);
}

/* Regions stay as they are, and so does what decides how often they are looked at. */
static void next_window(struct world *w)
{
	unsigned long limit = w->ctx->region_sz_limit;
	struct damon_target *t;
	unsigned int i;

	damon_close_window(w->ctx);
	w->ctx->region_sz_limit = limit;
	damon_open_window(w->ctx);
	w->tick = 0;
	damon_for_each_target(t, w->ctx)
		damon_forget_spots(t);
	for (i = 0; i < w->nr_seats; i++)
		w->seats[i].nr_looks = 0;
}

/*
 * Whether a number is what chance makes of so many draws: five standard errors, and one
 * more for what is but few.
 */
static bool by_chance(double nr, double draws, double p)
{
	return fabs(nr - draws * p) <= 5 * sqrt(draws * p * (1 - p)) + 1;
}

/* how often */

static struct damon_looks looks_of(struct damon_ctx *ctx)
{
	struct damon_looks looks;

	damon_looks_resume(&looks, ctx);
	return looks;
}

TEST(spans_of_windows)
{
	static const struct {
		unsigned int window, look_span, span, still_span;
	} v[] = {
		{ 1, 1, 1, 1 }, { 1, 9, 1, 1 }, { 2, 9, 1, 1 }, { 3, 9, 1, 1 },
		{ 4, 9, 2, 2 }, { 20, 0, 1, 10 }, { 20, 1, 1, 10 }, { 20, 3, 3, 10 },
		{ 20, 10, 10, 10 }, { 20, 11, 10, 10 }, { 20, UINT_MAX, 10, 10 },
		{ UINT_MAX, 7, 7, UINT_MAX / 2 },
		{ UINT_MAX, UINT_MAX, UINT_MAX / 2, UINT_MAX / 2 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct world *w = make_world(v[i].window, 1);
		struct damon_looks looks;

		w->ctx->look_span = v[i].look_span;
		looks = looks_of(w->ctx);
		EXPECT_EQ(v[i].span, looks.span);
		EXPECT_EQ(v[i].still_span, looks.still_span);
		EXPECT_EQ(v[i].window, looks.window);
		free_world(w);
	}
}

/* Where all looks were alike, and how many they were does not matter. */
TEST(idle_and_busy)
{
	static const struct {
		unsigned int rate, worth, nr, samples;
		bool idle, busy;
	} v[] = {
		{ 0, 1, 0, 0, true, false }, { 0, 60, 0, 9, true, false },
		{ 0, 0, 0, 9, false, false }, { 0, 60, 1, 9, false, false },
		{ 1, 60, 0, 9, false, false },
		{ DAMON_FULL_RATE, 1, 0, 0, false, true },
		{ DAMON_FULL_RATE, 60, 9, 9, false, true },
		{ DAMON_FULL_RATE, 0, 9, 9, false, false },
		{ DAMON_FULL_RATE, 60, 8, 9, false, false },
		{ DAMON_FULL_RATE - 1, 60, 9, 9, false, false },
	};
	struct damon_ctx *ctx = make_ctx(1);
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_region r = {
			.ar = { 0, 1 }, .rate = v[i].rate, .worth = v[i].worth,
			.nr_accesses = v[i].nr, .nr_samples = v[i].samples,
			.untouched = true,
		};
		struct damon_looks looks = looks_of(ctx);

		EXPECT_EQ(v[i].idle, damon_is_idle(&r));
		EXPECT_EQ(v[i].busy, damon_is_busy(&r));
		EXPECT_EQ(v[i].idle || v[i].busy ? 10 : v[i].worth ? 2 : 1,
			  damon_look_span(&looks, &r));
		looks.span = 7;
		EXPECT_EQ(v[i].idle || v[i].busy ? 10 : v[i].worth ? 14 : 7,
			  damon_look_span(&looks, &r));
	}
	free_ctx(ctx);
}

/* The larger an idle region is that no sweep tells of, the more often it is looked at. */
TEST(dark_regions_are_searched_by_size)
{
	static const struct {
		unsigned long size;
		unsigned int span;
	} v[] = {
		{ 1, 10 }, { 160, 10 }, { 161, 9 }, { 400, 4 }, { 401, 3 }, { 800, 2 },
		{ 801, 1 }, { 1600, 1 }, { ULONG_MAX, 1 },
	};
	struct world *w = make_world(20, 1);
	int i;

	w->ctx->region_sz_limit = 1600;
	w->ctx->look_span = 3;
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_region r = { .ar = { 0, v[i].size }, .worth = 1 };
		struct damon_looks looks;

		w->ctx->searching = false;
		looks = looks_of(w->ctx);
		EXPECT_EQ(v[i].span, damon_look_span(&looks, &r));
		/* as often as those that have changed */
		w->ctx->searching = true;
		EXPECT_EQ(3, damon_look_span(&looks, &r));
		/* there is nothing to be found */
		r.untouched = true;
		EXPECT_EQ(10, damon_look_span(&looks, &r));
	}
	free_world(w);
}

/* Looks of a window at one of a few regions of a kind. */
static unsigned int looks_at(unsigned int window, double rate, unsigned int look_span,
			     bool apart)
{
	struct world *w = make_world(window, 1);
	unsigned int i, nr;

	w->apart = apart;
	for (i = 0; i < 7; i++)
		seat_known(w, SMALL, rate);
	w->ctx->look_span = look_span;
	/* the first window has more, since no sample was begun before */
	intervals(w, window);
	next_window(w);
	intervals(w, window);
	nr = w->seats[5].nr_looks;
	free_world(w);
	return nr;
}

TEST(idle_regions_have_two_looks)
{
	int apart;

	for (apart = 0; apart < 2; apart++) {
		EXPECT_EQ(1, looks_at(1, 0, 1, apart));
		EXPECT_EQ(2, looks_at(2, 0, 1, apart));
		EXPECT_EQ(3, looks_at(3, 0, 1, apart));
		EXPECT_EQ(2, looks_at(4, 0, 1, apart));
		EXPECT_EQ(2, looks_at(20, 0, 1, apart));
		EXPECT_EQ(2, looks_at(100, 0, 1, apart));
		EXPECT_EQ(2, looks_at(5000, 0, 1, apart));
		/* what else is going on does not matter */
		EXPECT_EQ(2, looks_at(20, 0, 7, apart));
		/* a window that is as short has no more than one for each interval */
		EXPECT_EQ(1, looks_at(1, 1, 1, apart));
		EXPECT_EQ(2, looks_at(2, 1, 1, apart));
		EXPECT_EQ(1, looks_at(1, 0.4, 1, apart));
	}
}

/*
 * Looks at regions of a kind in a number of windows, each of which begins with one.  Any
 * other interval has as many as chance makes of its share.
 */
static void check_looks(struct __test_metadata *_metadata, struct world *w, bool known,
			double share)
{
	const unsigned int windows = 20, rate = damon_first_region(target_of(w->ctx))->rate;
	unsigned int *nr = calloc(w->window + 1, sizeof(*nr));
	unsigned int i, total = 0;
	struct damon_region *r;

	for (i = 0; i < windows; i++) {
		/* whatever the last window has shown */
		damon_for_each_region(r, target_of(w->ctx)) {
			r->rate = rate;
			r->worth = known ? 60 : 0;
		}
		while (w->tick < w->window) {
			interval(w, w->tick == w->window - 1);
			nr[w->tick] += w->nr_looks;
		}
		next_window(w);
	}
	EXPECT_EQ(windows * w->nr_seats, nr[1]);
	for (i = 2; i <= w->window; i++) {
		EXPECT_TRUE(by_chance(nr[i], windows * w->nr_seats, share)) {
			TH_LOG("interval %u of %u: %u looks of %u, not %g", i, w->window,
			       nr[i], windows * w->nr_seats, share);
		}
		total += nr[i];
	}
	EXPECT_TRUE(by_chance(total, windows * w->nr_seats * (w->window - 1), share)) {
		TH_LOG("%u looks in windows of %u", total, w->window);
	}
	free(nr);
}

/*
 * As many by chance, and the one that the window begins with, which is needed to notice
 * in each window if they are busy no more.
 */
TEST(busy_regions_have_two_looks_by_chance)
{
	static const unsigned int windows[] = { 3, 4, 20, 21, 100 };
	int i, j;

	for (i = 0; i < 4 * ARRAY_SIZE(windows); i++) {
		unsigned int window = windows[i / 4];
		struct world *w = make_world(window, i);

		w->apart = i & 1;
		/* what else is going on does not matter */
		w->ctx->look_span = i & 2 ? 7 : 1;
		for (j = 0; j < 100; j++)
			seat_known(w, SMALL, 1);
		check_looks(_metadata, w, true, 1.0 / (window / 2));
		free_world(w);
	}
}

/* Not even if regions beside them are surprising, or begin to change. */
TEST(still_regions_do_not_depend_on_others)
{
	int apart, i;

	for (apart = 0; apart < 2; apart++) {
		struct world *w = make_world(20, 1);

		w->apart = apart;
		for (i = 0; i < 600; i++) {
			seat_known(w, 1000, i % 3 ? 0 : 0.4);
			if (i % 3 == 2)
				w->seats[i].rate = 0.01;
		}
		intervals(w, 20);
		next_window(w);
		intervals(w, 20);
		for (i = 1; i < 600; i += 3)
			EXPECT_EQ(2, w->seats[i].nr_looks);
		free_world(w);
	}
}

/* Twice as many where nothing is known yet. */
TEST(looks_come_by_chance)
{
	static const unsigned int spans[] = { 1, 2, 3, 7, 10 };
	unsigned int i, j, known;

	for (i = 0; i < 4 * ARRAY_SIZE(spans); i++) {
		struct world *w = make_world(40, i);

		w->apart = i & 1;
		known = i / 2 % 2;
		w->ctx->look_span = spans[i / 4];
		for (j = 0; j < 100; j++)
			seat_known(w, i % 3 ? SMALL : 1, 0.3);
		check_looks(_metadata, w, known, 1.0 / (known + 1) / spans[i / 4]);
		free_world(w);
	}
}

/* Not of what was seen, nor of whether the interval before has had one. */
TEST(looks_do_not_depend_on_looks)
{
	unsigned int i, j, k;

	for (i = 0; i < 6; i++) {
		/* intervals after those of a kind, and how many of them had a look */
		unsigned int nr[3] = {}, next[3] = {}, nr_looks[200], kind[200];
		struct world *w = make_world(20, 1 + i);

		w->apart = i & 1;
		w->ctx->look_span = 1 + i / 2;
		for (j = 0; j < 200; j++)
			seat_known(w, 1000, 0.4);
		for (k = 0; k < 20 * 20; k++) {
			memset(nr_looks, 0, sizeof(nr_looks));
			for (j = 0; w->tick && j < 200; j++)
				nr_looks[j] = w->seats[j].nr_looks;
			interval(w, w->tick == 19);
			for (j = 0; j < 200; j++) {
				struct seat *s = &w->seats[j];
				bool look = s->nr_looks > nr_looks[j];

				if (w->tick > 1) {
					nr[kind[j]]++;
					next[kind[j]] += look;
				}
				kind[j] = look ? 1 + s->saw : 0;
			}
			if (w->tick == 20)
				next_window(w);
		}
		for (j = 0; j < 3; j++) {
			EXPECT_GT(nr[j], 1000);
			EXPECT_TRUE(by_chance(next[j], nr[j], 0.5 / w->ctx->look_span)) {
				TH_LOG("kind %u, span %u: %u of %u", j,
				       w->ctx->look_span, next[j], nr[j]);
			}
		}
		free_world(w);
	}
}

/* Regions that are told by a sample to be busy no more, or idle. */
TEST(change_ends_the_rest)
{
	const unsigned int nr = 400;
	int apart, i;

	for (apart = 0; apart < 2; apart++) {
		struct world *w = make_world(20, 1);
		double rates = 0;
		unsigned int looks[2] = {};
		struct damon_region *r;

		w->apart = apart;
		for (i = 0; i < 2 * nr; i++)
			seat_known(w, 1, i % 2);
		intervals(w, 20);
		next_window(w);
		for (i = 0; i < 2 * nr; i++)
			w->seats[i].rate = !(i % 2);
		intervals(w, 20);
		for (i = 0; i < 2 * nr; i++)
			looks[i % 2] += w->seats[i].nr_looks;
		/* every other interval after the one that begins the window */
		EXPECT_TRUE(by_chance(looks[1] - nr, 19 * nr, 0.5));
		/* the same after one look that was to come in ten intervals at the latest */
		EXPECT_GT(looks[0], 7.5 * nr);
		EXPECT_LT(looks[0], 9 * nr);
		next_window(w);
		i = 0;
		damon_for_each_region(r, target_of(w->ctx)) {
			if (i++ % 2) {
				EXPECT_EQ(0, rate_of(r));
			} else {
				rates += r->rate;
			}
		}
		EXPECT_GT(rates, nr * (DAMON_FULL_RATE / 2));
		free_world(w);
	}
}

/* Where samples are probed, or may be the last for long, nobody waits for a turn. */
TEST(all_have_their_turn)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region idle = { .ar = { 0, 1 }, .worth = 60, .untouched = true };
	struct damon_region busy = {
		.ar = { 0, 1 }, .worth = 60, .rate = DAMON_FULL_RATE,
		.nr_samples = 1, .nr_accesses = 1,
	};
	struct damon_looks looks;
	int i, lasts = 0, rests = 0;

	for (i = 0; i < 1000; i++) {
		looks = looks_of(ctx);
		looks.turn = i;
		lasts += damon_look_lasts(&looks, &idle);
		rests += !damon_look_next(&looks, &busy);
		looks.all = true;
		EXPECT_FALSE(damon_look_lasts(&looks, &idle));
		EXPECT_TRUE(damon_look_next(&looks, &busy));
	}
	EXPECT_EQ(900, lasts);
	EXPECT_TRUE(by_chance(rests, 1000, 0.9));
	/* not so of the next target */
	damon_looks_of_target(&looks);
	EXPECT_FALSE(looks.all);
	free_ctx(ctx);
}

/*
 * Whatever the window, whenever it ends, and whatever there is: each region has a sample
 * that can have one, and no samples count for more than there were intervals.
 */
static void check_seats(struct __test_metadata *_metadata, struct world *w,
			unsigned int nr_intervals)
{
	struct seat *s = w->seats;
	struct damon_target *t;
	struct damon_region *r;

	for_each_seat(w, s, t, r) {
		HOLDS(!r->nr_samples == s->unknown);
		HOLDS(s->nr_looks);
		HOLDS(s->nr_looks <= nr_intervals);
		HOLDS(r->nr_samples <= min(nr_intervals, w->window));
		HOLDS(r->nr_accesses <= r->nr_samples);
		HOLDS(r->nr_samples >= min(s->nr_looks, w->window) || s->unknown);
		if (s->rate == 0)
			HOLDS(r->nr_accesses == 0);
		if (s->rate == 1 && !s->unknown && r->rate)
			HOLDS(r->nr_accesses == r->nr_samples);
	}
}

static void random_world(struct world *w)
{
	static const double rates[] = { 0, 0, 1, 1, 0.05, 0.5, 0.95 };
	unsigned int targets = rnd_in(&w->rng, 1, 5), i;

	w->apart = rnd_true(&w->rng, 0.5);
	while (targets--) {
		struct damon_target *t = targets ? make_target(w->ctx) : target_of(w->ctx);

		for (i = rnd_in(&w->rng, 0, 30); i--; ) {
			double rate = rates[rnd_in(&w->rng, 0, ARRAY_SIZE(rates))];

			seat(w, t, rnd_in(&w->rng, 1, 2000), rate)->untouched =
				rnd_true(&w->rng, 0.7);
			w->seats[w->nr_seats - 1].bimodal = rnd_true(&w->rng, 0.3);
			w->seats[w->nr_seats - 1].unknown = rnd_true(&w->rng, 0.1);
		}
	}
	w->ctx->region_sz_limit = 2000;
	w->ctx->searching = rnd_true(&w->rng, 0.3);
	w->ctx->attrs.max_nr_regions = rnd_in(&w->rng, 3, 300);
}

TEST(no_window_without_a_sample)
{
	struct rng rng;

	for_each_case(rng, 1500) {
		unsigned int window = rnd_in(&rng, 1, rnd_true(&rng, 0.1) ? 500 : 40), i;
		struct world *w = make_world(window, rnd(&rng));

		random_world(w);
		for (i = 0; i < 6; i++) {
			/* a timer may fit one more in, or the worker is late */
			unsigned int nr = rnd_true(&rng, 0.7) ? window :
				rnd_in(&rng, 1, window + 2);

			damon_plan_looks(w->ctx);
			intervals(w, nr);
			check_seats(_metadata, w, nr);
			next_window(w);
		}
		free_world(w);
	}
}

/* what looks stand for */

/* Each look at an idle region says that there was no access since the last one. */
TEST(samples_that_last_count_for_all_of_it)
{
	int apart;

	for (apart = 0; apart < 2; apart++) {
		struct world *w = make_world(20, 1);
		unsigned int i, j, nr_looks[30] = {}, nr = 0;
		struct damon_region *r;

		w->apart = apart;
		for (i = 0; i < 30; i++)
			seat_known(w, SMALL, 0);
		intervals(w, 20);
		next_window(w);
		for (i = 1; i <= 20; i++) {
			interval(w, i == 20);
			/* neighbours have different turns, so that each interval has some */
			ASSERT_GE(w->nr_looks, 1);
			ASSERT_LE(w->nr_looks, 6);
			j = 0;
			damon_for_each_region(r, target_of(w->ctx)) {
				if (w->seats[j].nr_looks > nr_looks[j]) {
					ASSERT_EQ(i, r->nr_samples);
					nr++;
				} else {
					ASSERT_LT(r->nr_samples, i);
				}
				nr_looks[j] = w->seats[j].nr_looks;
				j++;
			}
		}
		ASSERT_EQ(60, nr);
		free_world(w);
	}
}

/* What is begun in between, for example after a pause, has not lasted since the last turn. */
TEST(looks_count_for_no_more_than_they_lasted)
{
	struct rng rng;

	for_each_case(rng, 200) {
		struct world *w = make_world(20, rng.state);
		unsigned int i, j, since = rnd_in(&rng, 0, 20), before[30] = {};
		struct damon_region *r;

		w->apart = rnd_true(&rng, .5);
		for (i = 0; i < 30; i++)
			seat_known(w, SMALL, 0);
		intervals(w, 20);
		next_window(w);
		for (i = 1; i <= 20; i++) {
			interval(w, i == 20);
			j = 0;
			damon_for_each_region(r, target_of(w->ctx)) {
				HOLDS(r->nr_samples >= 1 || i < 20);
				HOLDS(r->nr_samples <= before[j] + i - since || i <= since);
				before[j] = i == since ? r->nr_samples : before[j];
				j++;
			}
			if (i == since)
				damon_forget_samples(w->ctx);
		}
		/* in the next window, those that go on have lasted all the time */
		next_window(w);
		intervals(w, 20);
		damon_for_each_region(r, target_of(w->ctx))
			HOLDS(r->nr_samples > 10);
		free_world(w);
	}
}

TEST(one_look_counts_for_what_it_lasted)
{
	static const struct {
		unsigned int tick, before, samples;
		bool accessed;
	} v[] = {
		/* it began in the last window */
		{ 1, 0, 1, false }, { 4, 0, 4, false }, { 4, 0, 4, true },
		{ 10, 0, 10, false }, { 11, 0, 10, false }, { 20, 0, 10, true },
		{ 14, 4, 14, false }, { 20, 10, 20, false }, { 20, 10, 20, true },
		/* not more than there were */
		{ 5, 4, 5, false }, { 6, 3, 6, false }, { 21, 19, 20, false },
		{ 21, 20, 20, false }, { 21, 20, 20, true },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_region *r = add(target_of(ctx), 0, 64, 0);
		struct damon_looks looks;

		set_last(r, 0);
		r->untouched = true;
		r->nr_samples = v[i].before;
		ctx->nr_intervals = v[i].tick - 1;
		damon_looks_begin(&looks, ctx);
		damon_look_count(&looks, target_of(ctx), r, v[i].accessed ?
				 DAMON_ACCESSED : DAMON_NOT_ACCESSED);
		EXPECT_EQ(v[i].samples, r->nr_samples) {
			TH_LOG("vector %d", i);
		}
		EXPECT_EQ(v[i].accessed && v[i].before < 20, r->nr_accesses);
		/* what has told the sweep that it misses something */
		EXPECT_EQ(v[i].accessed, looks.surprised);
		EXPECT_EQ(!v[i].accessed, (bool)r->untouched);
		free_ctx(ctx);
	}
}

/* Where all have their turn in each interval, none lasted any longer. */
TEST(looks_of_all_count_once)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_region *r = add(target_of(ctx), 0, 64, 0);
		struct damon_looks looks;

		set_last(r, 0);
		r->untouched = true;
		r->nr_samples = 3;
		ctx->nr_intervals = 16;
		damon_looks_begin(&looks, ctx);
		looks.all = true;
		damon_look_count(&looks, target_of(ctx), r,
				 i ? DAMON_ACCESSED : DAMON_NOT_ACCESSED);
		EXPECT_EQ(4, r->nr_samples);
		EXPECT_EQ(i, r->nr_accesses);
		EXPECT_EQ(i, looks.surprised);
		EXPECT_TRUE(damon_look_next(&looks, r));
		free_ctx(ctx);
	}
}

/* Samples of anything else lasted one interval. */
TEST(other_looks_count_once)
{
	static const unsigned int rates[] = { 0, 1, DAMON_FULL_RATE / 2, DAMON_FULL_RATE };
	int i, worth;

	for (i = 0; i < 2 * ARRAY_SIZE(rates); i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_region *r = add(target_of(ctx), 0, 64, 0);
		struct damon_looks looks;

		r->rate = rates[i / 2];
		worth = i / 2 ? 60 : 0;
		r->worth = worth;
		r->nr_samples = 3;
		r->nr_accesses = i % 2 ? 3 : 1;
		ctx->nr_intervals = 16;
		damon_looks_begin(&looks, ctx);
		damon_look_count(&looks, target_of(ctx), r, DAMON_NOT_ACCESSED);
		EXPECT_EQ(4, r->nr_samples);
		EXPECT_EQ(i % 2 ? 3 : 1, r->nr_accesses);
		EXPECT_EQ(worth && i % 2 && r->rate == DAMON_FULL_RATE, looks.surprised);
		damon_look_count(&looks, target_of(ctx), r, DAMON_UNKNOWN);
		EXPECT_EQ(4, r->nr_samples);
		free_ctx(ctx);
	}
}

/* the bound */

static void check_bound(struct __test_metadata *_metadata, struct world *w,
			unsigned int max_looks, const char *what)
{
	unsigned int i, total = 0;

	for (i = 1; i <= w->window; i++) {
		interval(w, i == w->window);
		/* the first is for all, and some more at others are by chance */
		EXPECT_LE(w->nr_looks, i == 1 ? w->nr_seats :
			  max_looks + 6 * sqrt(max_looks)) {
			TH_LOG("%s: interval %u of %u", what, i, w->window);
		}
		EXPECT_LE(w->nr_again, DAMON_MAX_SPOTS);
		total += i == 1 ? 0 : w->nr_looks;
	}
	EXPECT_LE(total, (w->window - 1) * max_looks +
		  5 * sqrt((w->window - 1) * max_looks)) {
		TH_LOG("%s: %u in a window of %u", what, total, w->window);
	}
}

/* Regions in which nothing changes are planned for as others, but do not wait for them. */
static unsigned int more_of_still(struct damon_ctx *ctx)
{
	struct damon_looks looks = looks_of(ctx);
	struct damon_region *r;
	double still = 0;

	damon_for_each_region(r, target_of(ctx))
		still += damon_is_idle(r) || damon_is_busy(r);
	return still / looks.still_span * (1 - 1.0 / looks.span);
}

/* All, or every so many regions, change, and the others are idle, or busy. */
TEST(looks_are_bounded)
{
	static const double others[] = { 0, 1 };
	unsigned int every, i, j, k;
	char what[50];

	for (i = 0; i < 48; i++) {
		struct world *w = make_world(i % 2 ? 100 : 20, i);

		w->apart = i & 2;
		k = i / 4 % 2;
		every = 1 + i / 8;
		/* as many as there may be after some were cut, and some just have been */
		for (j = 0; j < 1000; j++)
			seat_known(w, SMALL, j % every ? others[k] : 0.4)->worth *=
				i % 3 || j % 4;
		snprintf(what, sizeof(what), "one in %u changes, others at %g", every,
			 others[k]);
		for (j = 0; j < 3; j++) {
			damon_plan_looks(w->ctx);
			check_bound(_metadata, w, 200 + more_of_still(w->ctx), what);
			next_window(w);
		}
		free_world(w);
	}
}

/* Still regions need not be looked at less often if others have to. */
TEST(looks_are_planned)
{
	static const struct {
		unsigned int cut, changed, busy, idle, window, max_nr, look_span, looks;
	} v[] = {
		{ 0, 1, 0, 0, 20, 1000, 1, 1 }, { 0, 399, 0, 0, 20, 1000, 1, 200 },
		{ 0, 400, 0, 0, 20, 1000, 2, 100 }, { 0, 799, 0, 0, 20, 1000, 2, 200 },
		{ 0, 800, 0, 0, 20, 1000, 3, 133 },
		{ 0, 100, 500, 500, 20, 1000, 1, 150 },
		{ 0, 0, 600, 500, 20, 1000, 1, 110 },
		{ 0, 39, 0, 0, 20, 100, 1, 20 }, { 0, 40, 0, 0, 20, 100, 2, 10 },
		{ 0, 80, 0, 0, 20, 3, 41, 4 }, { 0, 0, 0, 0, 20, 1000, 1, 0 },
		{ 0, 800, 0, 0, 1, 1000, 3, 400 },
		/* of which nothing is known yet */
		{ 199, 0, 0, 0, 20, 1000, 1, 199 }, { 200, 0, 0, 0, 20, 1000, 2, 100 },
		{ 100, 200, 0, 0, 20, 1000, 2, 100 },
		{ 1000, 0, 0, 0, 20, 1000, 6, 167 },
		{ 150, 0, 200, 200, 20, 1000, 1, 190 },
	};
	int i, j;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct world *w = make_world(v[i].window, 1);
		struct damon_looks looks;
		struct damon_region *r;
		double nr = 0;

		w->ctx->attrs.max_nr_regions = v[i].max_nr;
		for (j = 0; j < v[i].cut; j++)
			seat(w, target_of(w->ctx), 1, 0.4);
		for (j = 0; j < v[i].changed; j++)
			seat_known(w, 1, 0.4);
		for (j = 0; j < v[i].busy; j++)
			seat_known(w, 1, 1);
		for (j = 0; j < v[i].idle; j++)
			seat_known(w, 1, 0);
		damon_plan_looks(w->ctx);
		EXPECT_EQ(v[i].look_span, w->ctx->look_span);
		looks = looks_of(w->ctx);
		damon_for_each_region(r, target_of(w->ctx))
			nr += 1.0 / damon_look_span(&looks, r);
		EXPECT_EQ(v[i].looks, (int)(nr + 0.5));
		free_world(w);
	}
}

/* surprises */

/* The page of a region's sample becomes a suspect. */
static bool surprises(struct damon_ctx *ctx, unsigned int rate, unsigned int worth,
		      unsigned long sz, bool accessed)
{
	struct damon_target *t = target_of(ctx);
	struct damon_region *r = add(t, 0, sz, 0);
	struct damon_spot *spot;
	struct damon_looks looks;

	r->rate = rate;
	r->worth = worth;
	r->sampling_addr = sz - 1;
	damon_looks_begin(&looks, ctx);
	spot = damon_look_count(&looks, t, r,
				accessed ? DAMON_ACCESSED : DAMON_NOT_ACCESSED);
	if (spot && (spot->addr != sz - 1 || spot->hot != accessed || spot->chance != worth ||
		     spot->share != (accessed ? rate : DAMON_FULL_RATE - rate)))
		abort();
	if (t->spots.nr != !!spot)
		abort();
	damon_forget_spots(t);
	damon_destroy_regions(t);
	return spot;
}

TEST(what_is_a_surprise)
{
	const unsigned int half = DAMON_FULL_RATE / 2;
	struct damon_ctx *ctx = make_ctx(1);

	ctx->min_region_sz = 8;
	EXPECT_TRUE(surprises(ctx, 0, 20, 16, true));
	EXPECT_FALSE(surprises(ctx, 0, 20, 16, false));
	EXPECT_TRUE(surprises(ctx, half - 1, 1, 16, true));
	EXPECT_FALSE(surprises(ctx, half - 1, 1, 16, false));
	EXPECT_FALSE(surprises(ctx, half, 1, 16, true));
	EXPECT_TRUE(surprises(ctx, half, 1, 16, false));
	EXPECT_TRUE(surprises(ctx, DAMON_FULL_RATE, 60, 9, false));
	EXPECT_FALSE(surprises(ctx, DAMON_FULL_RATE, 60, 9, true));
	/* nothing was expected */
	EXPECT_FALSE(surprises(ctx, 0, 0, 16, true));
	EXPECT_FALSE(surprises(ctx, DAMON_FULL_RATE, 0, 16, false));
	/* nothing could be cut */
	EXPECT_FALSE(surprises(ctx, 0, 20, 8, true));
	EXPECT_FALSE(surprises(ctx, DAMON_FULL_RATE, 60, 8, false));
	free_ctx(ctx);
}

/* In whole windows: the next intervals, the same page, and only pages that differ. */
TEST(pages_that_differ_become_spots)
{
	static const double rates[] = { 0.1, 0.4, 0.6, 0.9 };
	unsigned int i, j;

	for (j = 0; j < 2 * ARRAY_SIZE(rates); j++) {
		struct world *w = make_world(100, 1);
		struct damon_spots *spots = &target_of(w->ctx)->spots;
		double rate = rates[j / 2];
		bool hot = rate < 0.5;

		w->apart = j & 1;
		for (i = 0; i < 20; i++) {
			seat_known(w, 1000, rate);
			w->seats[i].bimodal = true;
		}
		while (w->tick < 100 && spots->nr < DAMON_MAX_SPOTS)
			interval(w, w->tick == 99);
		ASSERT_EQ(DAMON_MAX_SPOTS, spots->nr);
		while (w->tick < 100)
			interval(w, w->tick == 99);
		ASSERT_EQ(DAMON_MAX_SPOTS, spots->nr);
		for (i = 0; i < spots->nr; i++) {
			ASSERT_FALSE((bool)spots->spots[i].chance);
			ASSERT_EQ(hot, (bool)spots->spots[i].hot);
			ASSERT_EQ(hot, page_is_hot(spots->spots[i].addr, rate));
		}
		free_world(w);
	}
}

/* Where each page is accessed now and then, few are taken for spots. */
TEST(chance_makes_few_spots)
{
	static const double rates[] = { 0.05, 0.2, 0.45, 0.55, 0.8, 0.95 };
	unsigned int i, j;

	for (j = 0; j < ARRAY_SIZE(rates); j++) {
		struct world *w = make_world(20, 1 + j);
		unsigned int nr_looks = 0, nr_spots = 0;
		double rare = min(rates[j], 1 - rates[j]);

		for (i = 0; i < 10; i++)
			seat_known(w, 1000, rates[j]);
		for (i = 0; i < 500; i++) {
			while (w->tick < 20) {
				interval(w, w->tick == 19);
				nr_looks += w->nr_looks;
			}
			damon_forget_suspects(target_of(w->ctx));
			nr_spots += target_of(w->ctx)->spots.nr;
			next_window(w);
		}
		/* one in sixty surprises at most, if it was known exactly */
		EXPECT_LT(nr_spots, nr_looks * rare / 60 * 1.5) {
			TH_LOG("rate %g: %u spots of %u looks", rates[j], nr_spots, nr_looks);
		}
		EXPECT_GT(nr_spots, nr_looks * rare / 60 / 30) {
			TH_LOG("rate %g: %u spots of %u looks", rates[j], nr_spots, nr_looks);
		}
		free_world(w);
	}
}

/* no bias */

struct bias {
	double mean, counts;
};

/*
 * Means of what is known of regions that are like @like, and of what is reported, over
 * many windows.  If there is a period, regions have all the phases.
 */
static struct bias watch(const struct seat *like, unsigned int window,
			 unsigned int look_span, bool apart)
{
	const unsigned int nr = 600, windows = 60;
	struct world *w = make_world(window, 1 + like->rate * 1000);
	struct bias bias = {};
	struct damon_region *r;
	unsigned int i;

	w->apart = apart;
	for (i = 0; i < nr; i++) {
		seat(w, target_of(w->ctx), 10000, 0)->untouched = true;
		w->seats[i] = *like;
		if (like->period)
			w->seats[i].phase = i % like->period;
	}
	for (i = 0; i < windows; i++) {
		w->ctx->look_span = look_span;
		intervals(w, window);
		damon_close_window(w->ctx);
		damon_for_each_region(r, target_of(w->ctx)) {
			bias.mean += (double)r->rate / DAMON_FULL_RATE / nr / windows;
			bias.counts += (double)r->nr_accesses / window / nr / windows;
		}
		next_window(w);
		damon_for_each_region(r, target_of(w->ctx))
			r->untouched = !r->rate;
	}
	free_world(w);
	return bias;
}

static void check_bias(struct __test_metadata *_metadata, unsigned int window,
		       unsigned int look_span, double slack)
{
	static const double rates[] = { 0, 0.05, 0.25, 0.5, 0.75, 0.95, 1 };
	unsigned int i, kind;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (kind = 0; kind < 4; kind++) {
			struct seat like = { .rate = rates[i], .bimodal = kind & 1 };
			struct bias b = watch(&like, window, look_span, kind & 2);

			EXPECT_LT(fabs(b.mean - rates[i]), slack) {
				TH_LOG("%g known as %g", rates[i], b.mean);
			}
			EXPECT_LT(fabs(b.counts - rates[i]), slack) {
				TH_LOG("%g counted as %g", rates[i], b.counts);
			}
		}
}

TEST(rates_are_not_biased)
{
	check_bias(_metadata, 20, 1, 0.01);
	check_bias(_metadata, 100, 1, 0.01);
}

/*
 * Of a handful of samples, chance makes a contradiction more often on the side of the
 * rarer answer.
 */
TEST(few_samples_have_little_bias)
{
	check_bias(_metadata, 20, 2, 0.025);
	check_bias(_metadata, 100, 5, 0.02);
}

/*
 * Accesses that come back after so many intervals.  If what was seen decided whether the
 * next interval counts, they would be seen too often, or too seldom.
 */
TEST(periods_are_not_biased)
{
	static const unsigned int windows[] = { 20, 33 };
	unsigned int i, period;

	for (i = 0; i < 2 * ARRAY_SIZE(windows); i++)
		for (period = 2; period <= 5; period++) {
			struct seat like = { .rate = 1.0 / period, .period = period };
			struct bias b = watch(&like, windows[i / 2], 1, i & 1);

			EXPECT_LT(fabs(b.mean * period - 1), 0.03) {
				TH_LOG("one in %u known as %g", period, b.mean);
			}
			EXPECT_LT(fabs(b.counts * period - 1), 0.03) {
				TH_LOG("one in %u counted as %g", period, b.counts);
			}
		}
}

/*
 * A sample of idle memory may have been begun long ago.  In memory that is not idle it
 * would be taken for one of a single interval.
 */
TEST(samples_that_last_are_of_idle_memory)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		struct damon_region *l, *r;
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		bool l_idle = i & 1, r_idle = i & 2;

		l = add(t, 0, 100, 0);
		r = add(t, 100, 200, 0);
		l->worth = 60;
		r->worth = 60;
		l->rate = l_idle ? 0 : 9;
		r->rate = r_idle ? 0 : 9;
		l->sampling_addr = i & 4 ? 50 : DAMON_NO_SAMPLE;
		r->sampling_addr = i & 8 ? 150 : DAMON_NO_SAMPLE;
		t->lacks_samples = false;
		damon_merge_two_regions(t, l, r);
		if ((i & 4) && (!l_idle || r_idle)) {
			EXPECT_EQ(l->sampling_addr, 50);
		} else if ((i & 8) && (!r_idle || l_idle)) {
			EXPECT_EQ(l->sampling_addr, 150);
		} else {
			EXPECT_TRUE(!damon_sample_pending(l) && t->lacks_samples);
		}
		free_ctx(ctx);
	}
}

/* Of what is cut off, nothing is known any more, so it is not idle either. */
TEST(samples_do_not_outlast_what_was_known)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		struct damon_region *r = add(t, 0, 200, 0);
		struct damon_cutter c = {
			.ctx = ctx, .t = t, .r = r, .room = 1, .forgets = i & 1,
		};

		ctx->min_region_sz = 1;
		r->worth = 60;
		r->rate = i & 2 ? 9 : 0;
		r->sampling_addr = 150;
		ASSERT_TRUE(damon_cut_at(&c, 100));
		EXPECT_EQ(damon_sample_pending(c.r), i != 1);
		free_ctx(ctx);
	}
}

TEST_HARNESS_MAIN
