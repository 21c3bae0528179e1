/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about quotas: what may be charged per window, where the next one takes
 * over, and what time limits make of it.
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
		{ 40, 2, 1, 1600 }, { 150, 1, 4, 1000 },
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
