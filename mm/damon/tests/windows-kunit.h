/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about what running kdamonds find out about an address space whose
 * accesses an oracle decides.
 */

/* Looks at a running context once per sample, in the kdamond. */
struct watch {
	struct damon_call_control control;
	struct damon_ctx *ctx;
	void (*at_end)(struct watch *w);	/* of each window */
	void (*at_sample)(struct watch *w);
	unsigned int nr_windows;	/* that were looked at */
	unsigned long last_nth;		/* sample at which the last one ended */
	bool primed;			/* the first one may have been incomplete */

	/* of the window that has just ended */
	unsigned long samples;
	unsigned long prev_samples;

	/* what went wrong, and how often it was looked at */
	unsigned int nr_looks;
	unsigned int nr_wrong;
	unsigned int got, want;

	unsigned int min_seen, max_seen;
	unsigned int doubt;		/* until so many windows have been seen */
	unsigned long param;
};

/* How often the oracle below was asked, in different samples. */
static unsigned long oracle_asked;
static unsigned long oracle_last_nth;

static int watch_fn(void *data)
{
	struct watch *w = data;

	if (w->at_sample)
		w->at_sample(w);
	/* in a pause it is the same end all the time */
	if (!at_window_end(w->ctx) || fake.nth_sample == w->last_nth)
		return 0;
	w->last_nth = fake.nth_sample;
	w->samples = oracle_asked - w->prev_samples;
	w->prev_samples = oracle_asked;
	if (w->primed) {
		if (w->at_end)
			w->at_end(w);
		WRITE_ONCE(w->nr_windows, w->nr_windows + 1);
	}
	w->primed = true;
	return 0;
}

static struct watch *new_watch(struct kunit *test, struct damon_ctx *ctx)
{
	struct watch *w = kzalloc_obj(*w);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->ctx = ctx;
	w->control.fn = watch_fn;
	w->control.data = w;
	w->control.repeat = true;
	w->min_seen = UINT_MAX;
	w->last_nth = ULONG_MAX;
	oracle_asked = 0;
	oracle_last_nth = ULONG_MAX;
	return w;
}

/* Runs a context for some windows.  The watch stays valid. */
static void watch_windows(struct kunit *test, struct watch *w,
			  unsigned int nr_windows)
{
	KUNIT_ASSERT_EQ(test, start(test, w->ctx), 0);
	KUNIT_ASSERT_EQ(test, damon_call(w->ctx, &w->control), 0);
	wait_until(test, READ_ONCE(w->nr_windows) >= nr_windows);
	KUNIT_ASSERT_EQ(test, stop(test, w->ctx), 0);
}

static void wrong(struct watch *w, unsigned int got, unsigned int want)
{
	if (!w->nr_wrong++) {
		w->got = got;
		w->want = want;
	}
}

static void end_watch(struct kunit *test, struct watch *w)
{
	KUNIT_EXPECT_GT(test, w->nr_looks, 0);
	KUNIT_EXPECT_EQ_MSG(test, w->nr_wrong, 0,
			    "of %u looks; the first one saw %u, not %u",
			    w->nr_looks, w->got, w->want);
	kfree(w);
}

/* One answer for all regions of a sample: so many quarters say yes. */
static unsigned int oracle_quarters;

static void note_sample(void)
{
	if (fake.nth_sample != oracle_last_nth) {
		oracle_last_nth = fake.nth_sample;
		oracle_asked++;
	}
}

static enum damon_answer quarters_accessed(unsigned long addr)
{
	bool yes = fake.nth_sample % 4 < oracle_quarters;

	note_sample();
	return yes ? DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}

/*
 * Windows that got fewer samples, because somebody was late, are scaled.  In each of them
 * there may be one access more or less than the oracle's share.  All or none are exact.
 */
static void expect_rate(struct watch *w)
{
	unsigned int window = damon_max_nr_accesses(&w->ctx->attrs);
	unsigned int want = window * oracle_quarters, error = 0;
	struct damon_region *r;

	w->min_seen = min(w->min_seen, max(w->samples, 1UL));
	if (oracle_quarters % 4)
		error = 2 + 8 * window / w->min_seen;
	damon_for_each_region(r, nth_target(w->ctx, 0)) {
		w->nr_looks++;
		if (abs_diff(r->nr_accesses * 4, want) > error)
			wrong(w, r->nr_accesses * 4, want);
		if (r->nr_accesses_bp != r->nr_accesses * 10000)
			wrong(w, r->nr_accesses_bp, r->nr_accesses * 10000);
	}
}

static const unsigned int quarter_cases[] = { 0, 1, 2, 3, 4 };

static void quarter_desc(const unsigned int *quarters, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u %%", *quarters * 25);
}

KUNIT_ARRAY_PARAM(quarter, quarter_cases, quarter_desc);

static void rate_is_the_oracles(struct kunit *test)
{
	const unsigned int *quarters = test->param_value;
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);

	oracle_quarters = *quarters;
	fake.oracle = quarters_accessed;
	w->at_end = expect_rate;
	change_attrs(test, ctx, 1000, 20000);
	add_space(test, ctx, 0, 4096);
	watch_windows(test, w, 8);
	end_watch(test, w);
}

/* Half of the samples have no answer, the others are accesses. */
static enum damon_answer half_known(unsigned long addr)
{
	return fake.nth_sample % 2 ? DAMON_UNKNOWN : DAMON_ACCESSED;
}

static void expect_always(struct watch *w)
{
	unsigned int window = damon_max_nr_accesses(&w->ctx->attrs);
	struct damon_region *r = damon_first_region(nth_target(w->ctx, 0));

	/* a window may have been so short that no sample had an answer */
	if (!r->nr_samples)
		return;
	w->nr_looks++;
	if (r->nr_accesses != window)
		wrong(w, r->nr_accesses, window);
}

static void unknown_is_not_cold(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);

	fake.oracle = half_known;
	w->at_end = expect_always;
	add_space(test, ctx, 0, 4096);
	watch_windows(test, w, 8);
	end_watch(test, w);
}

static void expect_no_age(struct watch *w)
{
	struct damon_region *r;

	damon_for_each_region(r, nth_target(w->ctx, 0)) {
		w->nr_looks++;
		if (r->age || r->nr_accesses)
			wrong(w, r->age, 0);
	}
}

static void unknown_never_ages(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);

	fake.oracle = never_known;
	w->at_end = expect_no_age;
	add_space(test, ctx, 0, 4096);
	watch_windows(test, w, 8);
	end_watch(test, w);
}

/* All is hot or idle for some windows, then the other way round. */
#define PHASE	5

static bool phase_hot;

static enum damon_answer hot_in_phase(unsigned long addr)
{
	note_sample();
	return phase_hot ? DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}

/* Of few samples, since somebody was late, none can tell that everything has changed. */
static void expect_age_of_phase(struct watch *w)
{
	struct damon_region *r;

	if (w->samples < damon_max_nr_accesses(&w->ctx->attrs) / 2)
		w->doubt = w->nr_windows + 2 * PHASE;
	/* nobody knows how many windows there were before the first look */
	if (!w->nr_windows)
		w->param = damon_first_region(nth_target(w->ctx, 0))->age;
	damon_for_each_region(r, nth_target(w->ctx, 0)) {
		w->nr_looks++;
		if (r->age != w->param && w->nr_windows >= w->doubt)
			wrong(w, r->age, w->param);
	}
	w->param++;
	if (w->nr_windows % PHASE == PHASE - 1) {
		phase_hot = !phase_hot;
		w->param = 0;
	}
}

static void ages_grow_and_reset(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);

	phase_hot = false;
	fake.oracle = hot_in_phase;
	w->at_end = expect_age_of_phase;
	change_attrs(test, ctx, 1000, 30000);
	add_space(test, ctx, 0, 4096);
	watch_windows(test, w, 20);
	end_watch(test, w);
}

/* Every other block of 64 is hot: more than regions can tell apart. */
static enum damon_answer stripes_accessed(unsigned long addr)
{
	return addr / 64 % 2 ? DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}

static bool covers(struct damon_target *t, unsigned long begin,
		   unsigned long end, unsigned long grain)
{
	struct damon_region *r;
	unsigned int nr = 0;

	damon_for_each_region(r, t) {
		if (r->ar.start != begin || r->ar.end <= begin ||
		    r->ar.end % grain)
			return false;
		begin = r->ar.end;
		nr++;
	}
	return begin == end && nr == t->nr_regions;
}

static void expect_budget(struct watch *w)
{
	unsigned int nr = count_regions(w->ctx);

	w->nr_looks++;
	w->min_seen = min(w->min_seen, nr);
	w->max_seen = max(w->max_seen, nr);
	if (nr > w->ctx->attrs.max_nr_regions)
		wrong(w, nr, w->ctx->attrs.max_nr_regions);
	if (nr < w->ctx->attrs.min_nr_regions)
		wrong(w, nr, w->ctx->attrs.min_nr_regions);
	if (!covers(nth_target(w->ctx, 0), 0, 64 * 1024, 16) ||
	    !covers(nth_target(w->ctx, 1), 1 << 20, (1 << 20) + 32 * 1024, 16))
		wrong(w, nr, 0);
}

static void budget_holds(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);

	ctx->min_region_sz = 16;
	ctx->attrs.min_nr_regions = 12;
	ctx->attrs.max_nr_regions = 100;
	fake.oracle = stripes_accessed;
	w->at_sample = expect_budget;
	add_space(test, ctx, 0, 64 * 1024);
	add_space(test, ctx, 1 << 20, (1 << 20) + 32 * 1024);
	watch_windows(test, w, 40);
	/* and there is something to be merged again */
	KUNIT_EXPECT_GE(test, w->max_seen, 24);
	end_watch(test, w);
}

/* A tenth of the space is hot, somewhere inside. */
#define HOT_BEGIN	41000UL
#define HOT_END		51000UL
#define HOT_SPACE	100000UL

static enum damon_answer hot_spot(unsigned long addr)
{
	return addr >= HOT_BEGIN && addr < HOT_END ?
		DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}

/* Hot memory that is missed, and idle memory that is shown as hot. */
static void judge_map(struct watch *w)
{
	unsigned int window = damon_max_nr_accesses(&w->ctx->attrs);
	unsigned long error = 0;
	struct damon_region *r;

	damon_for_each_region(r, nth_target(w->ctx, 0)) {
		unsigned long sz = damon_sz_region(r), hot = 0;

		if (r->ar.start < HOT_END && r->ar.end > HOT_BEGIN)
			hot = min(r->ar.end, HOT_END) -
			      max(r->ar.start, HOT_BEGIN);
		error += r->nr_accesses > window / 2 ? sz - hot : hot;
	}
	w->nr_looks++;
	if (error < w->param)
		WRITE_ONCE(w->param, error);
}

static void finds_hot_spot(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);

	ctx->attrs.min_nr_regions = 10;
	ctx->attrs.max_nr_regions = 100;
	w->param = HOT_SPACE;
	w->at_end = judge_map;
	fake.oracle = hot_spot;
	add_space(test, ctx, 0, HOT_SPACE);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_ASSERT_EQ(test, damon_call(ctx, &w->control), 0);
	/* to a hundredth of the space, with a hundred regions */
	wait_until(test, READ_ONCE(w->param) <= HOT_SPACE / 100);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	end_watch(test, w);
}

/* Two kdamonds at the same time, one in a hot and one in an idle space. */
static enum damon_answer high_accessed(unsigned long addr)
{
	return addr >= 1 << 20 ? DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}

static void expect_all_or_none(struct watch *w)
{
	unsigned int window = damon_max_nr_accesses(&w->ctx->attrs);
	struct damon_region *r;

	damon_for_each_region(r, nth_target(w->ctx, 0)) {
		unsigned int want = r->ar.start >= 1 << 20 ? window : 0;

		if (!r->nr_samples)
			continue;
		w->nr_looks++;
		if (r->nr_accesses != want)
			wrong(w, r->nr_accesses, want);
	}
}

static void contexts_do_not_mix(struct kunit *test)
{
	struct damon_ctx *ctxs[] = { new_ctx(test), new_ctx(test) };
	struct watch *w[2];
	unsigned int i;

	fake.oracle = high_accessed;
	add_space(test, ctxs[0], 0, 4096);
	add_space(test, ctxs[1], 1 << 20, (1 << 20) + 4096);
	change_attrs(test, ctxs[1], 1000, 30000);
	for (i = 0; i < 2; i++) {
		w[i] = new_watch(test, ctxs[i]);
		w[i]->at_end = expect_all_or_none;
	}
	KUNIT_ASSERT_EQ(test, damon_start(ctxs, 2, false), 0);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, damon_call(ctxs[i], &w[i]->control), 0);
	for (i = 0; i < 2; i++)
		wait_until(test, READ_ONCE(w[i]->nr_windows) >= 8);
	KUNIT_ASSERT_EQ(test, damon_stop(ctxs, 2), 0);
	for (i = 0; i < 2; i++)
		end_watch(test, w[i]);
}

/* A pause is a hole in time: nothing grows old in it, no sample spans it. */
static void pause_is_no_time(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);
	unsigned int i;

	phase_hot = false;
	fake.oracle = hot_in_phase;
	w->at_end = expect_age_of_phase;
	change_attrs(test, ctx, 1000, 30000);
	add_space(test, ctx, 0, 4096);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_ASSERT_EQ(test, damon_call(ctx, &w->control), 0);
	for (i = 1; i <= 4; i++) {
		wait_until(test, READ_ONCE(w->nr_windows) >= 3 * i);
		KUNIT_ASSERT_EQ(test, call(test, ctx, set_pause, ctx), 0);
		/* for some windows' time */
		fsleep(100000);
		KUNIT_ASSERT_EQ(test, call(test, ctx, end_pause, ctx), 0);
	}
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	end_watch(test, w);
}

static void sum_samples(struct watch *w)
{
	w->nr_looks++;
	w->param += w->samples;
}

/* What schemes take longer than a window for is not taken from the next one. */
static void long_passes_leave_windows(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);

	change_attrs(test, ctx, 20000, 100000);
	oracle_quarters = 0;
	fake.oracle = quarters_accessed;
	/* for each of at least three regions */
	fake.apply_us = 50000;
	w->at_end = sum_samples;
	add_space(test, ctx, 0, 4096);
	add_scheme(test, ctx, DAMOS_STAT);
	watch_windows(test, w, 6);
	/* of five, some of which may be late */
	KUNIT_EXPECT_GE(test, w->param, 2 * w->nr_looks);
	end_watch(test, w);
}

/* New intervals take effect in a running kdamond, and results follow. */
static int longer_windows(void *data)
{
	struct damon_ctx *ctx = data;
	struct damon_attrs attrs = ctx->attrs;

	attrs.aggr_interval = 40000;
	attrs.aggr_samples = 0;
	return damon_set_attrs(ctx, &attrs);
}

static void intervals_change_online(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct watch *w = new_watch(test, ctx);
	unsigned int nr;

	fake.oracle = always_accessed;
	w->at_end = expect_always;
	add_space(test, ctx, 0, 4096);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_ASSERT_EQ(test, damon_call(ctx, &w->control), 0);
	wait_until(test, READ_ONCE(w->nr_windows) >= 3);
	KUNIT_ASSERT_EQ(test, call(test, ctx, longer_windows, ctx), 0);
	nr = READ_ONCE(w->nr_windows);
	wait_until(test, READ_ONCE(w->nr_windows) >= nr + 4);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, damon_max_nr_accesses(&ctx->attrs), 40);
	end_watch(test, w);
}

/*
 * The kdamond itself tunes its intervals: nothing is accessed, so they grow.  How short they
 * get depends on what samples cost here.
 */
static void tunes_while_running(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_attrs attrs = ctx->attrs;

	attrs.sample_interval = 4000;
	attrs.aggr_interval = 20000;
	attrs.aggr_samples = 0;
	attrs.intervals_goal = (struct damon_intervals_goal) {
		.access_bp = 400, .aggrs = 2,
		.min_sample_us = 500, .max_sample_us = 16000,
	};
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	add_space(test, ctx, 0, 4096);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, READ_ONCE(ctx->attrs.sample_interval) == 16000);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 80000);
	KUNIT_EXPECT_EQ(test, damon_max_nr_accesses(&ctx->attrs), 5);
}

static unsigned int nr_passes, nr_early_passes;

/* Some passes take longer than a window. */
static unsigned long apply_slowly(struct damon_ctx *ctx, struct damon_target *t,
				  struct damon_region *r, struct damos *s,
				  unsigned long *sz_filter_passed)
{
	if (r != damon_first_region(t))
		return 0;
	if (!at_window_end(ctx))
		nr_early_passes++;
	WRITE_ONCE(nr_passes, nr_passes + 1);
	if (nr_passes % 8 == 3)
		fsleep(30000);
	return 0;
}

/* However long passes take and windows become, schemes see each of them when it ends. */
static void passes_see_whole_windows(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_attrs attrs = ctx->attrs;

	attrs.aggr_samples = 0;
	attrs.intervals_goal = (struct damon_intervals_goal) {
		.access_bp = 400, .aggrs = 2,
		.min_sample_us = 500, .max_sample_us = 4000,
	};
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	ctx->ops.apply_scheme = apply_slowly;
	add_space(test, ctx, 0, 4096);
	add_scheme(test, ctx, DAMOS_STAT);
	nr_passes = 0;
	nr_early_passes = 0;
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, READ_ONCE(nr_passes) >= 24);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_GT(test, ctx->attrs.sample_interval, 1000);
	KUNIT_EXPECT_EQ(test, nr_early_passes, 0);
}
