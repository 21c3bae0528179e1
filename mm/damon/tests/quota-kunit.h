/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about quotas: what may be charged per window, who comes first, where the
 * next one takes over, and what time limits and goals make of it.
 */

/* A scheme that may do @sz per @reset_ms. */
static struct damos *add_limited(struct kunit *test, struct damon_ctx *ctx,
				 unsigned long sz, unsigned long reset_ms)
{
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);

	s->quota.sz = sz;
	s->quota.reset_interval = reset_ms;
	return s;
}

static void expect_action(struct kunit *test, unsigned int nth,
			  unsigned long begin, unsigned long end)
{
	KUNIT_ASSERT_GT(test, fake.nr_actions, nth);
	KUNIT_EXPECT_EQ(test, fake.log[nth].ar.start, begin);
	KUNIT_EXPECT_EQ(test, fake.log[nth].ar.end, end);
}

static void quota_none(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 0, 0);

	add_space(test, ctx, 0, ULONG_MAX);
	pass_after(ctx, 10);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.nr_actions, 2);
	expect_action(test, 1, 0, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 0);
	KUNIT_EXPECT_EQ(test, s->stat.qt_exceeds, 0);
}

/* The limit holds from the first window on, and the next one takes over. */
static void quota_takes_over(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 250, 50);
	unsigned int i;

	add_regions(test, ctx, 5, 100);
	pass_after(ctx, 10);
	KUNIT_ASSERT_EQ(test, fake.nr_actions, 3);
	expect_action(test, 0, 0, 100);
	expect_action(test, 1, 100, 200);
	expect_action(test, 2, 200, 250);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 250);
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 250);

	for (i = 0; i < 4; i++)
		pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.nr_actions, 3);
	KUNIT_EXPECT_EQ(test, s->stat.qt_exceeds, 0);

	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.qt_exceeds, 1);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 500);
	KUNIT_EXPECT_EQ(test, fake.log[3].ar.start, 250);
	/* all had their turn: the third window begins in front */
	for (i = 0; i < 5; i++)
		pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.qt_exceeds, 2);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 750);
	KUNIT_EXPECT_EQ(test, s->stat.sz_tried, 750);
}

/* How often each unit of a space of 1000 was acted on. */
static void count_turns(unsigned int *turns)
{
	unsigned int i;
	unsigned long pos;

	memset(turns, 0, 1000 * sizeof(*turns));
	for (i = 0; i < min(fake.nr_actions, NR_LOGGED); i++)
		for (pos = fake.log[i].ar.start; pos < fake.log[i].ar.end; pos++)
			turns[pos]++;
}

/* Nothing is left out, however the limit and the regions fit: the last, too. */
static void quota_is_fair(struct kunit *test)
{
	static const unsigned long limits[] = { 100, 130, 333, 999, 1000, 400 };
	unsigned int *turns = kunit_kcalloc(test, 1000, sizeof(*turns), GFP_KERNEL);
	unsigned int i, j, nr, least, most;

	KUNIT_ASSERT_NOT_NULL(test, turns);
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		struct damon_ctx *ctx = new_ctx(test);

		add_limited(test, ctx, limits[i], 10);
		add_regions(test, ctx, 10, 100);
		fake.nr_actions = 0;
		nr = DIV_ROUND_UP(3000, limits[i]);
		for (j = 0; j < nr; j++)
			pass_after(ctx, 10);
		KUNIT_ASSERT_LE(test, fake.nr_actions, NR_LOGGED);
		count_turns(turns);
		least = UINT_MAX;
		most = 0;
		for (j = 0; j < 1000; j++) {
			least = min(least, turns[j]);
			most = max(most, turns[j]);
		}
		KUNIT_EXPECT_GE_MSG(test, least, 1, "limit %lu", limits[i]);
		/* a window that reached the end is not filled up in front */
		KUNIT_EXPECT_LE_MSG(test, most, least + 1, "limit %lu", limits[i]);
	}
}

/* Whatever the sizes: no window acts on more than its limit. */
static void quota_never_exceeded(struct kunit *test)
{
	unsigned int i, j;

	for (i = 0; i < 20; i++) {
		struct damon_ctx *ctx = new_ctx(test);
		unsigned long limit = damon_rand(ctx, 64, 3000), before;
		struct damon_target *t = add_target(test, ctx);
		unsigned long pos = 0;

		ctx->min_region_sz = 8;
		fake.nr_actions = 0;
		add_limited(test, ctx, limit, 30);
		for (j = 0; j < 20; j++) {
			unsigned long end = pos + 8 * damon_rand(ctx, 1, 80);
			struct damon_region *r = damon_new_region(pos, end);

			KUNIT_ASSERT_NOT_NULL(test, r);
			r->age = j;
			damon_add_region(r, t);
			pos = end + (j % 3 ? 0 : 64);
		}
		for (j = 0; j < 20; j++) {
			before = fake.sz_actions;
			pass_after(ctx, 10);
			pass_after(ctx, 10);
			pass_after(ctx, 10);
			KUNIT_ASSERT_LE(test, fake.sz_actions - before, limit);
			/* and it is used */
			KUNIT_ASSERT_GT(test, fake.sz_actions, before);
		}
		/* cuts stay on the grain */
		for (j = 0; j < min(fake.nr_actions, NR_LOGGED); j++)
			KUNIT_ASSERT_EQ(test, fake.log[j].ar.end % 8, 0);
	}
}

/* Cutting regions to the quota must not use up the region budget. */
static void quota_cuts_are_glued(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, 1, 100000);
	unsigned int i;

	add_limited(test, ctx, 77, 10);
	for (i = 0; i < 200; i++) {
		pass_after(ctx, 10);
		KUNIT_ASSERT_LE(test, damon_nr_regions(t), 3);
	}
	expect_cover(test, t, 0, 100000, 1);
}

static void quota_over_targets(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 150, 10);
	unsigned int i;

	for (i = 0; i < 3; i++)
		add_space(test, ctx, i * 1000, i * 1000 + 100);
	pass_after(ctx, 10);
	expect_action(test, 0, 0, 100);
	expect_action(test, 1, 1000, 1050);
	pass_after(ctx, 10);
	expect_action(test, 2, 1050, 1100);
	expect_action(test, 3, 2000, 2100);
	pass_after(ctx, 10);
	expect_action(test, 4, 0, 100);
	expect_action(test, 5, 1000, 1050);

	/* where to take over goes away: start in front */
	WRITE_ONCE(fake.invalid_target, nth_target(ctx, 1));
	pass_after(ctx, 10);
	pass_after(ctx, 10);
	KUNIT_EXPECT_PTR_NE(test, s->quota.charge_target_from,
			    nth_target(ctx, 1));
	KUNIT_ASSERT_GT(test, fake.nr_actions, 6);
	for (i = 6; i < fake.nr_actions; i++)
		KUNIT_EXPECT_PTR_NE(test, fake.log[i].t, nth_target(ctx, 1));
}

/* The place to take over at goes away with its target, whoever removes that. */
static void quota_forgets_target(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 150, 10);

	add_space(test, ctx, 0, 100);
	add_space(test, ctx, 1000, 1100);
	pass_after(ctx, 10);
	KUNIT_ASSERT_PTR_EQ(test, s->quota.charge_target_from, nth_target(ctx, 1));
	damon_destroy_target(nth_target(ctx, 1), ctx);
	KUNIT_EXPECT_NULL(test, s->quota.charge_target_from);
	KUNIT_EXPECT_EQ(test, s->quota.charge_addr_from, 0);
	/* all are destroyed when a context ends, and schemes may outlive that */
	add_space(test, ctx, 1000, 1100);
	pass_after(ctx, 10);
	KUNIT_ASSERT_NOT_NULL(test, s->quota.charge_target_from);
	damon_destroy_targets(ctx);
	KUNIT_EXPECT_NULL(test, s->quota.charge_target_from);
}

/* The place to take over at may lie in a hole that came meanwhile. */
static void quota_takes_over_behind_hole(struct kunit *test)
{
	struct damon_addr_range holed[] = { { 0, 40 }, { 200, 300 }, {} };
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_space(test, ctx, 0, 300);

	add_limited(test, ctx, 100, 10);
	pass_after(ctx, 10);
	expect_action(test, 0, 0, 100);
	KUNIT_ASSERT_EQ(test, set_ranges(t, holed, 1), 0);
	pass_after(ctx, 10);
	expect_action(test, 1, 200, 300);
	pass_after(ctx, 10);
	expect_action(test, 2, 0, 40);
}

static void quota_smaller_than_grain(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 4095, 10);

	ctx->min_region_sz = 4096;
	add_space(test, ctx, 0, 1 << 20);
	pass_after(ctx, 10);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 0);
	KUNIT_EXPECT_EQ(test, fake.nr_actions, 0);
}

/* What could not be done is charged in part, if so wished. */
static void quota_fail_charge(struct kunit *test)
{
	static const struct {
		unsigned int applied_percent, num, denom;
		unsigned long charge;
	} cases[] = {
		{ 0, 0, 0, 1000 }, { 40, 7, 0, 1000 }, { 0, 1, 4, 250 },
		{ 40, 1, 4, 550 }, { 100, 1, 4, 1000 }, { 0, 0, 4, 0 },
		{ 40, 2, 1, 1600 }, { 150, 1, 4, 1500 },
		{ 0, UINT_MAX, 1, ULONG_MAX / UINT_MAX < 1000 ? ULONG_MAX : UINT_MAX * 1000UL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct damon_ctx *ctx = new_ctx(test);
		struct damos *s = add_limited(test, ctx, 100000, 1000);

		s->quota.fail_charge_num = cases[i].num;
		s->quota.fail_charge_denom = cases[i].denom;
		fake.applied_percent = cases[i].applied_percent;
		add_space(test, ctx, 0, 1000);
		pass_after(ctx, 10);
		KUNIT_EXPECT_EQ_MSG(test, s->quota.charged_sz, cases[i].charge,
				    "case %u", i);
	}
}

/* Charges add up to the largest number at most. */
static void quota_charge_saturates(struct kunit *test)
{
	struct damos_quota quota = {};
	struct damos_stat stat = {};

	damos_quota_init(&quota);
	quota.sz = ULONG_MAX;
	quota.reset_interval = ULONG_MAX;
	KUNIT_EXPECT_TRUE(test, damos_quota_renew(&quota, &stat, 4096, 5));
	KUNIT_EXPECT_EQ(test, quota.esz, ULONG_MAX);
	damos_quota_charge(&quota, ULONG_MAX - 100, ULONG_MAX - 100, 1);
	KUNIT_EXPECT_TRUE(test, damos_quota_is_full(&quota, 4096));
	KUNIT_EXPECT_FALSE(test, damos_quota_is_full(&quota, 64));
	damos_quota_charge(&quota, ULONG_MAX - 100, ULONG_MAX - 100, 1);
	KUNIT_EXPECT_EQ(test, quota.charged_sz, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, damos_quota_left(&quota), 0);
	/* a window without end stays open */
	damos_quota_renew(&quota, &stat, 4096, S64_MAX / 2);
	KUNIT_EXPECT_EQ(test, quota.charged_sz, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, stat.qt_exceeds, 0);
}

static void quota_time(struct kunit *test)
{
	struct damos_quota quota = {};
	struct damos_stat stat = {};
	u64 now = 1000;

	damos_quota_init(&quota);
	quota.ms = 10;
	quota.reset_interval = 100;
	KUNIT_EXPECT_TRUE(test, damos_quota_renew(&quota, &stat, 4096, now));
	/* until it is known better */
	KUNIT_EXPECT_EQ(test, quota.esz, 10 * 1024 * PAGE_SIZE);

	/* 1 MiB per ms */
	damos_quota_charge(&quota, SZ_4M, SZ_4M, 4 * NSEC_PER_MSEC);
	KUNIT_EXPECT_FALSE(test, damos_quota_renew(&quota, &stat, 4096, now));
	now += 100 * NSEC_PER_MSEC;
	KUNIT_EXPECT_TRUE(test, damos_quota_renew(&quota, &stat, 4096, now));
	KUNIT_EXPECT_EQ(test, quota.esz, 10 * SZ_1M);
	KUNIT_EXPECT_EQ(test, quota.charged_sz, 0);

	/* the smaller of two limits holds */
	quota.sz = SZ_1M;
	now += 100 * NSEC_PER_MSEC;
	damos_quota_renew(&quota, &stat, 4096, now);
	KUNIT_EXPECT_EQ(test, quota.esz, SZ_1M);
	quota.sz = SZ_64M;
	damos_quota_renew(&quota, &stat, 4096, now);
	KUNIT_EXPECT_EQ(test, quota.esz, 10 * SZ_1M);

	/* slow as it may become, there is always something to do */
	quota.sz = 0;
	damos_quota_charge(&quota, 4096, 0, 3600ULL * NSEC_PER_SEC);
	now += 100 * NSEC_PER_MSEC;
	damos_quota_renew(&quota, &stat, 4096, now);
	KUNIT_EXPECT_EQ(test, quota.esz, 4096);
	/* and fast as it may be, the limit fits */
	damos_quota_init(&quota);
	quota.ms = ULONG_MAX;
	damos_quota_renew(&quota, &stat, 4096, now);
	KUNIT_EXPECT_EQ(test, quota.esz, ULONG_MAX);
}

/* If the end comes before the quota is used up, the same pass goes on in front. */
static void quota_wraps_around(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 300, 10);
	unsigned int turns[5] = {}, i, j;

	add_regions(test, ctx, 3, 100);
	add_space(test, ctx, 300, 500);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 300);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 600);
	expect_action(test, 3, 0, 100);
	expect_action(test, 4, 300, 500);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.qt_exceeds, 2);
	for (i = 0; i < 2; i++)
		pass_after(ctx, 10);
	/* five windows of 300 are three rounds of 500 */
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 1500);
	for (i = 0; i < fake.nr_actions; i++)
		for (j = 0; j < 5; j++)
			if (fake.log[i].ar.start <= j * 100 &&
			    j * 100 < fake.log[i].ar.end)
				turns[j]++;
	for (j = 0; j < 5; j++)
		KUNIT_EXPECT_EQ_MSG(test, turns[j], 3, "region %u", j);
}

/* If failures hardly count, those who come first must not always do so. */
static void quota_failures_take_turns(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 250, 10);
	unsigned int nr;

	s->quota.fail_charge_num = 1;
	s->quota.fail_charge_denom = 100;
	add_regions(test, ctx, 10, 100);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 250);
	fake.applied_percent = 0;
	nr = fake.nr_actions;
	pass_after(ctx, 10);
	expect_action(test, nr, 250, 300);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 1000);
	nr = fake.nr_actions;
	pass_after(ctx, 10);
	KUNIT_ASSERT_GT(test, fake.nr_actions, nr);
	KUNIT_EXPECT_EQ(test, fake.log[nr].ar.start, 0);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 2000);
}

/* priorities */

static int score_by_rate(struct damon_ctx *ctx, struct damon_region *r,
			 struct damos *s)
{
	return damon_nr_accesses_mvsum(r, ctx);
}

/* Regions of 100 units whose scores are given. */
static struct damon_target *add_scored(struct kunit *test, struct damon_ctx *ctx,
				       const unsigned int *scores,
				       unsigned int nr)
{
	struct damon_target *t = add_regions(test, ctx, nr, 100);
	struct damon_region *r;
	unsigned int i = 0;

	ctx->ops.get_scheme_score = score_by_rate;
	damon_for_each_region(r, t) {
		r->nr_accesses = scores[i++];
		r->nr_samples = 10;
	}
	return t;
}

static void quota_highest_first(struct kunit *test)
{
	static const unsigned int scores[] = { 3, 9, 1, 7, 0, 8, 2, 6 };
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 350, 10);

	add_scored(test, ctx, scores, ARRAY_SIZE(scores));
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.nr_actions, 4);
	expect_action(test, 0, 100, 200);
	expect_action(test, 1, 300, 400);
	expect_action(test, 2, 500, 600);
	expect_action(test, 3, 700, 750);
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 350);

	/* the best ones again, and the rest of the last one */
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 700);
	expect_action(test, 7, 750, 800);
	KUNIT_EXPECT_EQ(test, s->stat.qt_exceeds, 1);

	/* it need not be used up: all that there is */
	s->quota.sz = 10000;
	fake.nr_actions = 0;
	fake.sz_actions = 0;
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 800);
}

/*
 * The lowest score gets the rest only, although it comes first by address, and
 * takes turns within it.
 */
static void quota_lowest_takes_turns(struct kunit *test)
{
	static const unsigned int scores[] = { 5, 5, 5, 5, 5, 2, 9, 5, 9 };
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int turns[ARRAY_SIZE(scores)] = {}, i, j, before;

	add_limited(test, ctx, 320, 10);
	add_scored(test, ctx, scores, ARRAY_SIZE(scores));
	for (i = 0; i < 5; i++) {
		before = fake.sz_actions;
		pass_after(ctx, 10);
		KUNIT_EXPECT_EQ(test, fake.sz_actions - before, 320);
	}
	KUNIT_ASSERT_LE(test, fake.nr_actions, NR_LOGGED);
	for (i = 0; i < fake.nr_actions; i++)
		for (j = fake.log[i].ar.start; j < fake.log[i].ar.end; j++)
			turns[j / 100]++;
	for (j = 0; j < ARRAY_SIZE(scores); j++)
		KUNIT_EXPECT_EQ_MSG(test, turns[j], scores[j] == 9 ? 500 :
				    scores[j] == 5 ? 100 : 0, "region %u", j);
}

/* Several passes of a window share what it has. */
static void quota_passes_share_window(struct kunit *test)
{
	static const unsigned int scores[] = { 1, 2, 3, 4 };
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 500, 30);

	add_scored(test, ctx, scores, ARRAY_SIZE(scores));
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 400);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 500);
	expect_action(test, 4, 300, 400);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 500);
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 500);
	KUNIT_EXPECT_EQ(test, s->stat.nr_snapshots, 3);
}

/* What filters keep out takes no share, and is not cut for counting. */
static void quota_shares_after_filters(struct kunit *test)
{
	static const unsigned int scores[] = { 9, 8, 7, 6 };
	struct damos_filter *f = damos_new_filter(DAMOS_FILTER_TYPE_ADDR, true,
						  false);
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 200, 10);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->addr_range.start = 50;
	f->addr_range.end = 200;
	damos_add_filter(s, f);
	add_scored(test, ctx, scores, ARRAY_SIZE(scores));
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.nr_actions, 3);
	expect_action(test, 0, 0, 50);
	expect_action(test, 1, 200, 300);
	expect_action(test, 2, 300, 350);
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 200);
}

/* time */

/* An action that takes its time gets less to do. */
static void quota_time_is_measured(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);

	ctx->min_region_sz = 16;
	s->quota.ms = 1;
	s->quota.reset_interval = 10;
	fake.apply_us = 5000;
	add_space(test, ctx, 0, 16000);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 16000);
	pass_after(ctx, 10);
	/* 16000 in at least 5 ms are at most 3200 in one */
	KUNIT_EXPECT_LE(test, s->quota.esz, 3200);
	KUNIT_EXPECT_GE(test, s->quota.esz, 16);
	KUNIT_EXPECT_LE(test, fake.sz_actions, 16000 + 3200);
}

/*
 * Under a time limit a region is worked off in slices.  It is eligible as a whole,
 * other schemes see each part of it once, and it is one region afterwards.
 */
static void quota_time_slices(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *first = add_scheme(test, ctx, DAMOS_STAT);
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);
	struct damos *last = add_scheme(test, ctx, DAMOS_STAT);
	struct damon_target *t;

	ctx->min_region_sz = 4096;
	s->quota.ms = 10000;
	s->quota.reset_interval = 60000;
	s->pattern.min_sz_region = SZ_1M;
	last->pattern.min_sz_region = SZ_1M;
	t = add_space(test, ctx, 0, SZ_1M);
	pass_after(ctx, 10);
	KUNIT_EXPECT_GE(test, s->stat.nr_tried, 3);
	KUNIT_EXPECT_EQ(test, s->stat.sz_tried, SZ_1M);
	KUNIT_EXPECT_EQ(test, first->stat.nr_tried, 1);
	KUNIT_EXPECT_EQ(test, first->stat.sz_tried, SZ_1M);
	KUNIT_EXPECT_EQ(test, last->stat.sz_tried, SZ_1M);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 1);
}

/* When time is up in the middle, the next window goes on from there. */
static void quota_time_is_up(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);

	ctx->min_region_sz = 128;
	s->quota.ms = 4;
	s->quota.reset_interval = 10;
	fake.apply_us = 3000;
	add_regions(test, ctx, 20, 128);
	pass_after(ctx, 10);
	/* each takes 3 ms or more, and the second is not expected to fit */
	KUNIT_ASSERT_EQ(test, fake.nr_actions, 1);
	pass_after(ctx, 10);
	KUNIT_ASSERT_GE(test, fake.nr_actions, 2);
	KUNIT_EXPECT_EQ(test, fake.log[1].ar.start, 128);
	KUNIT_EXPECT_EQ(test, s->stat.qt_exceeds, 1);
}

/* goals */

static struct damos_quota_goal *add_goal(struct kunit *test, struct damos *s,
					 enum damos_quota_goal_metric metric,
					 unsigned long target)
{
	struct damos_quota_goal *goal = damos_new_quota_goal(metric, target);

	KUNIT_ASSERT_NOT_NULL(test, goal);
	damos_add_quota_goal(&s->quota, goal);
	return goal;
}

/* As a commit does, with a goal that replaces this one. */
static void feed(struct damos_quota_goal *goal, unsigned long value)
{
	goal->current_value = value;
	goal->followed = false;
}

/* A goal is a limit: from the first window on, down to nothing. */
static void quota_goal(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 0, 20);
	struct damos_quota_goal *goal;

	goal = add_goal(test, s, DAMOS_QUOTA_USER_INPUT, 1000);
	ctx->min_region_sz = 16;
	add_space(test, ctx, 0, 16000);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 32);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 32);
	/* once per charge window */
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 32);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 32);
	/* and once per feedback */
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 32);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 64);
	feed(goal, 0);
	pass_after(ctx, 20);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 64);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 128);
	feed(goal, 1000);
	pass_after(ctx, 20);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 64);
	feed(goal, 5000);
	pass_after(ctx, 20);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 16);

	s->quota.goal_tuner = DAMOS_QUOTA_GOAL_TUNER_TEMPORAL;
	fake.sz_actions = 0;
	pass_after(ctx, 20);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 0);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 0);
	feed(goal, 999);
	pass_after(ctx, 20);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 16000);
}

static unsigned long measured(struct damon_ctx *ctx, struct damos *s,
			      struct damos_quota_goal *goal,
			      enum damos_quota_goal_metric metric)
{
	goal->metric = metric;
	goal->current_value = 4711;
	damos_measure_goals(ctx, s);
	return goal->current_value;
}

/* What there is not is not used. */
static void goal_nodes(struct kunit *test)
{
	static const int none[] = { -1, INT_MIN, INT_MAX, MAX_NUMNODES };
	const unsigned long all = IS_ENABLED(CONFIG_NUMA) ? 10000 : 0;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	struct damos_quota_goal *goal;
	unsigned int i;

	goal = add_goal(test, s, DAMOS_QUOTA_USER_INPUT, 1);
	KUNIT_EXPECT_EQ(test, 4711, measured(ctx, s, goal, DAMOS_QUOTA_USER_INPUT));
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		goal->nid = none[i];
		KUNIT_EXPECT_EQ(test, 0, measured(ctx, s, goal,
						  DAMOS_QUOTA_NODE_MEM_USED_BP));
		KUNIT_EXPECT_EQ(test, all, measured(ctx, s, goal,
						    DAMOS_QUOTA_NODE_MEM_FREE_BP));
		KUNIT_EXPECT_EQ(test, 0, measured(ctx, s, goal,
						  DAMOS_QUOTA_NODE_MEMCG_USED_BP));
		KUNIT_EXPECT_EQ(test, all, measured(ctx, s, goal,
						    DAMOS_QUOTA_NODE_MEMCG_FREE_BP));
		KUNIT_EXPECT_EQ(test, 0, measured(ctx, s, goal,
						  DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP));
	}
	/* the node is there, the cgroup is not */
	goal->nid = first_memory_node;
	goal->memcg_id = U64_MAX;
	KUNIT_EXPECT_EQ(test, 0, measured(ctx, s, goal,
					  DAMOS_QUOTA_NODE_MEMCG_USED_BP));
	KUNIT_EXPECT_EQ(test, all, measured(ctx, s, goal,
					    DAMOS_QUOTA_NODE_MEMCG_FREE_BP));
}

static void goal_shares(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	struct damos_quota_goal *goal;
	unsigned long a, b;

	goal = add_goal(test, s, DAMOS_QUOTA_USER_INPUT, 1);
	a = measured(ctx, s, goal, DAMOS_QUOTA_ACTIVE_MEM_BP);
	b = measured(ctx, s, goal, DAMOS_QUOTA_INACTIVE_MEM_BP);
	/* rounded down both, and measured one after the other */
	KUNIT_EXPECT_LE(test, a + b, 10100);
	KUNIT_EXPECT_TRUE(test, a + b >= 9900 || a + b == 0);
	if (!IS_ENABLED(CONFIG_NUMA))
		return;
	goal->nid = first_memory_node;
	a = measured(ctx, s, goal, DAMOS_QUOTA_NODE_MEM_USED_BP);
	b = measured(ctx, s, goal, DAMOS_QUOTA_NODE_MEM_FREE_BP);
	KUNIT_EXPECT_GT(test, a, 0);
	KUNIT_EXPECT_GT(test, b, 0);
	KUNIT_EXPECT_LE(test, a + b, 10100);
	KUNIT_EXPECT_GE(test, a + b, 9900);
}

static unsigned long nr_looks_on_nodes;

static unsigned long third_on_node(struct damon_ctx *ctx, struct damon_region *r,
				   int nid, unsigned long nr_looks,
				   unsigned long *sz_any_node)
{
	nr_looks_on_nodes += nr_looks;
	*sz_any_node += damon_sz_region(r);
	return damon_sz_region(r) / 3;
}

static void goal_eligible(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	unsigned long want = IS_ENABLED(CONFIG_NUMA) ? 3333 : 0;
	struct damos_quota_goal *goal;

	goal = add_goal(test, s, DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP, 1);
	goal->nid = first_memory_node;
	add_regions(test, ctx, 5, 300);
	damos_measure_goals(ctx, s);
	/* nobody knows where it is */
	KUNIT_EXPECT_EQ(test, goal->current_value, 0);
	ctx->ops.size_on_node = third_on_node;
	damos_measure_goals(ctx, s);
	KUNIT_EXPECT_EQ(test, goal->current_value, want);
	WRITE_ONCE(fake.invalid, true);
	damos_measure_goals(ctx, s);
	KUNIT_EXPECT_EQ(test, goal->current_value, 0);
	WRITE_ONCE(fake.invalid, false);
	s->pattern.min_sz_region = 301;
	damos_measure_goals(ctx, s);
	KUNIT_EXPECT_EQ(test, goal->current_value, 0);
}

/* However many regions there are, as many pages are looked at, and one in each. */
static void goal_eligible_bounded(struct kunit *test)
{
	static const unsigned int numbers[] = { 1, 10, 1000, 10000 };
	struct damos_quota_goal *goal;
	struct damon_ctx *ctx;
	struct damos *s;

	if (!IS_ENABLED(CONFIG_NUMA))
		kunit_skip(test, "there are no nodes");
	for (int i = 0; i < ARRAY_SIZE(numbers); i++) {
		ctx = new_ctx(test);
		s = add_scheme(test, ctx, DAMOS_STAT);
		goal = add_goal(test, s, DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP, 1);
		goal->nid = first_memory_node;
		ctx->ops.size_on_node = third_on_node;
		add_regions(test, ctx, numbers[i], 30000);
		nr_looks_on_nodes = 0;
		damos_measure_goals(ctx, s);
		KUNIT_EXPECT_EQ(test, goal->current_value, 3333);
		KUNIT_EXPECT_GE(test, nr_looks_on_nodes, 8192);
		KUNIT_EXPECT_LE(test, nr_looks_on_nodes, 8192 + numbers[i]);
	}
}

static bool has_pressure(void)
{
#ifdef CONFIG_PSI
	return !static_branch_likely(&psi_disabled);
#else
	return false;
#endif
}

/* What nobody measures is no goal.  Booted with psi=0, this is about the refusal. */
static void goal_needs_sensor(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 0, 10);
	int want = has_pressure() ? 0 : -EINVAL;

	add_goal(test, s, DAMOS_QUOTA_SOME_MEM_PSI_US, 1000);
	add_space(test, ctx, 0, 300);
	KUNIT_EXPECT_EQ(test, damos_check_goals(&s->quota), want);
	KUNIT_EXPECT_EQ(test, start(test, ctx), want);
}

/* A time needs two ends.  Until then the goal is none. */
static void goal_first_psi(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 0, 10);
	struct damos_quota_goal *goal;

	if (!has_pressure())
		kunit_skip(test, "no pressure stall information");
	goal = add_goal(test, s, DAMOS_QUOTA_SOME_MEM_PSI_US, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, goal->last_psi_total, U64_MAX);
	s->quota.esz_bp = 5000 * 10000ULL;
	add_space(test, ctx, 0, 1 << 20);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 5000);
	/* nowhere near for sure, as soon as it is brought up to date */
	goal->last_psi_ns /= 2;
	pass_after(ctx, 10);
	KUNIT_EXPECT_LT(test, goal->current_value, ULONG_MAX / 2);
	KUNIT_EXPECT_GT(test, s->quota.esz, 5000);

	/* on or off: as it was */
	s->quota.goal_tuner = DAMOS_QUOTA_GOAL_TUNER_TEMPORAL;
	goal->last_psi_total = U64_MAX;
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->quota.esz, ULONG_MAX);
	s->quota.esz = 0;
	goal->last_psi_total = U64_MAX;
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 0);
}

/* while running */

/* A running kdamond keeps within its limits, too. */
static void quota_while_running(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_limited(test, ctx, 1000, 3600 * MSEC_PER_SEC);

	ctx->min_region_sz = 16;
	s->apply_interval_us = 2000;
	add_space(test, ctx, 0, 1 << 20);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, READ_ONCE(s->stat.sz_tried));
	wait_until(test, atomic_read(&fake.nr_checks) > 50);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, s->stat.sz_tried, 992);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 992);
}
