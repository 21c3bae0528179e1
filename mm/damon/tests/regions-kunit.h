/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about regions: setting, splitting, merging and ageing them, the region
 * budget, and the arithmetic of access rates.  No kdamond runs here.
 */

static void regions_new(struct kunit *test)
{
	struct damon_target *t = add_target(test, new_ctx(test));
	struct damon_region *r = damon_new_region(64, 96);

	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_EXPECT_EQ(test, r->ar.start, 64);
	KUNIT_EXPECT_EQ(test, r->ar.end, 96);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, r->nr_accesses_bp, 0);
	KUNIT_EXPECT_EQ(test, rate_of(r), 0);
	KUNIT_EXPECT_EQ(test, worth_of(r), 0);
	KUNIT_EXPECT_EQ(test, r->age, 0);
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));

	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 0);
	damon_add_region(r, t);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 1);
	KUNIT_EXPECT_PTR_EQ(test, damon_first_region(t), r);
	KUNIT_EXPECT_PTR_EQ(test, damon_last_region(t), r);
	damon_destroy_region(r, t);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->regions_list));
}

static void regions_last(struct kunit *test)
{
	struct damon_target *t = add_target(test, new_ctx(test));
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct damon_region *r = damon_new_region(i * 7, i * 7 + 5);

		KUNIT_ASSERT_NOT_NULL(test, r);
		damon_add_region(r, t);
		KUNIT_EXPECT_PTR_EQ(test, damon_last_region(t), r);
		if (!i)
			continue;
		KUNIT_EXPECT_PTR_EQ(test, damon_next_region(damon_prev_region(r)), r);
		KUNIT_EXPECT_EQ(test, damon_prev_region(r)->ar.start, (i - 1) * 7);
	}
}

static void targets_list(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t;

	KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	t = add_target(test, ctx);
	KUNIT_EXPECT_FALSE(test, damon_targets_empty(ctx));
	KUNIT_EXPECT_PTR_EQ(test, nth_target(ctx, 0), t);
	damon_destroy_target(t, ctx);
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_cleanups), 1);

	/* without a context, what the target refers to is left alone */
	t = add_target(test, ctx);
	damon_destroy_target(t, NULL);
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_cleanups), 1);
}

/* setting */

struct set_case {
	const char *name;
	struct damon_addr_range old[5];
	struct damon_addr_range ranges[5];
	unsigned long grain;
	struct damon_addr_range want[6];
	unsigned int fresh;		/* bit mask of regions without a past */
};

static const struct set_case set_cases[] = {
	{ "none before", {}, { { 5, 15 }, { 15, 25 } }, 1,
	  { { 5, 15 }, { 15, 25 } }, 0x3 },
	{ "in the hole", { { 4, 16 }, { 24, 32 } }, { { 18, 23 } }, 1,
	  { { 18, 23 } }, 0x1 },
	{ "over the hole", { { 4, 16 }, { 24, 32 } }, { { 8, 28 } }, 1,
	  { { 8, 16 }, { 16, 24 }, { 24, 28 } }, 0x2 },
	{ "cut and append", { { 0, 4 }, { 4, 17 } }, { { 0, 15 }, { 25, 40 } }, 1,
	  { { 0, 4 }, { 4, 15 }, { 25, 40 } }, 0x4 },
	{ "three of two", { { 0, 4 }, { 42, 52 } },
	  { { 0, 15 }, { 25, 40 }, { 44, 50 } }, 1,
	  { { 0, 15 }, { 25, 40 }, { 44, 50 } }, 0x2 },
	{ "fill", { { 100, 140 }, { 180, 220 } }, { { 120, 200 } }, 1,
	  { { 120, 140 }, { 140, 180 }, { 180, 200 } }, 0x2 },
	{ "behind", { { 0, 30 }, { 30, 90 } }, { { 0, 75 }, { 150, 210 } }, 1,
	  { { 0, 30 }, { 30, 75 }, { 150, 210 } }, 0x4 },
	{ "grow, insert, cut", { { 0, 20 }, { 300, 360 } },
	  { { 0, 60 }, { 120, 200 }, { 310, 350 } }, 1,
	  { { 0, 60 }, { 120, 200 }, { 310, 350 } }, 0x2 },
	{ "between", { { 40, 80 }, { 120, 160 } }, { { 90, 110 } }, 1,
	  { { 90, 110 } }, 0x1 },
	{ "one in two", { { 0, 100 } }, { { 10, 30 }, { 60, 90 } }, 1,
	  { { 10, 30 }, { 60, 90 } }, 0x2 },
	{ "rounded", {}, { { 5, 20 }, { 33, 34 } }, 8,
	  { { 0, 24 }, { 32, 40 } }, 0x3 },
	{ "remove all", { { 0, 100 } }, {}, 1, {}, 0 },
};

static void set_case_desc(const struct set_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(set_case, set_cases, set_case_desc);

static void regions_set(struct kunit *test)
{
	const struct set_case *c = test->param_value;
	struct damon_target *t = add_target(test, new_ctx(test));
	struct damon_addr_range old[5], ranges[5];
	struct damon_region *r;
	unsigned int i = 0;

	memcpy(old, c->old, sizeof(old));
	memcpy(ranges, c->ranges, sizeof(ranges));
	KUNIT_ASSERT_EQ(test, 0, set_ranges(t, old, 1));
	damon_for_each_region(r, t)
		r->nr_accesses = 7;

	KUNIT_ASSERT_EQ(test, 0, set_ranges(t, ranges, c->grain));
	expect_ranges(test, t, c->want);
	damon_for_each_region(r, t)
		KUNIT_EXPECT_EQ(test, r->nr_accesses, c->fresh & BIT(i++) ? 0 : 7);
}

static void regions_set_invalid(struct kunit *test)
{
	struct damon_target *t = add_target(test, new_ctx(test));
	struct damon_addr_range bad[][3] = {
		{ { 5, 20 }, { 23, 40 } },	/* overlap once rounded */
		{ { 40, 80 }, { 0, 8 } },	/* not sorted */
		{ { 0, 16 }, { 8, 24 } },	/* overlap */
		{ { 16, 16 } },			/* empty */
		{ { 24, 16 } },			/* inverted */
	};
	struct damon_addr_range old[] = { { 96, 104 }, { 200, 240 }, {} };
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, set_ranges(t, old, 8));
	nth_region(t, 1)->age = 9;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, -EINVAL, set_ranges(t, bad[i], 8));
		expect_ranges(test, t, old);
	}
	KUNIT_EXPECT_EQ(test, -EINVAL, set_ranges(t, old, 0));
	expect_ranges(test, t, old);
	KUNIT_EXPECT_EQ(test, nth_region(t, 1)->age, 9);
}

/* The ends of the address space are addresses like any other. */
static void regions_set_extremes(struct kunit *test)
{
	struct damon_target *t = add_target(test, new_ctx(test));
	struct damon_addr_range all[] = { { 0, ULONG_MAX }, {} };
	struct damon_addr_range top[] = { { ULONG_MAX - 9000, ULONG_MAX }, {} };
	struct damon_region *r;

	KUNIT_ASSERT_EQ(test, 0, set_ranges(t, all, 1));
	expect_ranges(test, t, all);

	KUNIT_ASSERT_EQ(test, 0, set_ranges(t, top, 4096));
	KUNIT_ASSERT_EQ(test, damon_nr_regions(t), 1);
	r = damon_first_region(t);
	KUNIT_EXPECT_LT(test, r->ar.start, r->ar.end);
	KUNIT_EXPECT_EQ(test, r->ar.start % 4096, 0);
	KUNIT_EXPECT_LE(test, r->ar.start, ULONG_MAX - 9000);
	KUNIT_EXPECT_GE(test, r->ar.end, ULONG_MAX - 4095);
}

/* splitting and merging two */

/*
 * @last accesses in the window before, of twenty.  They are worth no sample, so what this
 * window shows is all that counts.
 */
static void fill_region(struct damon_region *r, unsigned int nr,
			unsigned int last, unsigned int age)
{
	r->nr_accesses = nr;
	r->nr_accesses_bp = nr * 10000;
	r->rate = damon_to_rate(last, 20);
	r->age = age;
}

static void expect_region(struct kunit *test, struct damon_region *r,
			  unsigned long begin, unsigned long end,
			  unsigned int nr, unsigned int age)
{
	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_EXPECT_EQ(test, r->ar.start, begin);
	KUNIT_EXPECT_EQ(test, r->ar.end, end);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, nr);
	KUNIT_EXPECT_EQ(test, r->age, age);
}

static void regions_split_at(struct kunit *test)
{
	struct damon_target *t = add_space(test, new_ctx(test), 0, 400);
	struct damon_region *r = damon_first_region(t), *right;

	fill_region(r, 9, 4, 33);
	r->worth = 45;
	r->untouched = true;
	r->probe_hits[2] = 5;
	r->sampling_addr = 200;
	right = damon_split_region_at(t, r, 150);
	KUNIT_ASSERT_NOT_NULL(test, right);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 2);
	KUNIT_EXPECT_PTR_EQ(test, damon_next_region(r), right);
	expect_region(test, r, 0, 150, 9, 33);
	expect_region(test, right, 150, 400, 9, 33);
	KUNIT_EXPECT_EQ(test, right->nr_accesses_bp, 90000);
	KUNIT_EXPECT_EQ(test, damon_last_nr_accesses(right, 20), 4);
	KUNIT_EXPECT_EQ(test, damon_last_nr_accesses(r, 20), 4);
	KUNIT_EXPECT_EQ(test, worth_of(right), 45);
	KUNIT_EXPECT_EQ(test, worth_of(r), 45);
	KUNIT_EXPECT_TRUE(test, right->untouched);
	KUNIT_EXPECT_TRUE(test, r->untouched);
	KUNIT_EXPECT_EQ(test, right->probe_hits[2], 5);
	/* a pending sample belongs to the part that it lies in */
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(right));
}

static void regions_merge_two(struct kunit *test)
{
	struct damon_target *t = add_space(test, new_ctx(test), 0, 400);
	struct damon_region *r = damon_first_region(t), *right;

	right = damon_split_region_at(t, r, 300);
	KUNIT_ASSERT_NOT_NULL(test, right);
	fill_region(r, 12, 12, 5);
	fill_region(right, 4, 4, 30);
	r->worth = 20;
	r->untouched = true;
	right->worth = 40;
	/* the only sample there is */
	right->sampling_addr = 350;
	damon_merge_two_regions(t, r, right);
	expect_region(test, r, 0, 400, 10, 11);
	KUNIT_EXPECT_EQ(test, damon_last_nr_accesses(r, 20), 10);
	KUNIT_EXPECT_EQ(test, worth_of(r), 40);
	KUNIT_EXPECT_FALSE(test, r->untouched);
	KUNIT_EXPECT_EQ(test, r->sampling_addr, 350);
	KUNIT_EXPECT_EQ(test, r->nr_accesses_bp, 100000);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 1);

	right = damon_split_region_at(t, r, 100);
	KUNIT_ASSERT_NOT_NULL(test, right);
	right->ar.end = 300;
	fill_region(r, 10, 0, 9);
	fill_region(right, 20, 0, 21);
	damon_merge_two_regions(t, r, right);
	expect_region(test, r, 0, 300, 17, 17);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 1);
}

/* However small the accessed part is, the whole is not idle. */
static void regions_merge_keeps_some(struct kunit *test)
{
	struct damon_target *t = add_space(test, new_ctx(test), 0, ULONG_MAX);
	struct damon_region *r = damon_first_region(t), *right;

	right = damon_split_region_at(t, r, 1);
	KUNIT_ASSERT_NOT_NULL(test, right);
	fill_region(r, 3, 3, 0);
	r->worth = 20;
	r->probe_hits[0] = 1;
	fill_region(right, 0, 0, UINT_MAX);
	damon_merge_two_regions(t, r, right);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 1);
	KUNIT_EXPECT_EQ(test, r->nr_accesses_bp, 10000);
	KUNIT_EXPECT_GT(test, rate_of(r), 0);
	KUNIT_EXPECT_EQ(test, r->probe_hits[0], 1);
	/* no product overflowed, so the age is just below the maximum */
	KUNIT_EXPECT_GE(test, r->age, UINT_MAX - 1);
}

/* the end of a window */

struct window_case {
	unsigned long start, end;
	unsigned int nr, last, age;
};

static void add_window_case(struct kunit *test, struct damon_target *t,
			    const struct window_case *c, unsigned int samples)
{
	struct damon_region *r = damon_new_region(c->start, c->end);

	KUNIT_ASSERT_NOT_NULL(test, r);
	fill_region(r, c->nr, c->last, c->age);
	r->nr_samples = samples;
	damon_add_region(r, t);
}

static void window_merges_and_ages(struct kunit *test)
{
	static const struct window_case before[] = {
		{ 0, 400, 8, 8, 4 }, { 400, 600, 9, 3, 7 },
		{ 600, 1000, 16, 16, 1 }, { 1000, 1100, 20, 20, 5 },
		{ 1200, 1300, 19, 19, 5 }, { 1300, 2300, 18, 18, 5 },
		{ 2300, 2400, 0, 0, 9 }, { 2400, 2500, 2, 0, 9 },
	}, after[] = {
		{ 0, 600, 8, 0, 6 }, { 600, 1000, 16, 0, 2 },
		{ 1000, 1100, 20, 0, 6 }, { 1200, 2300, 18, 0, 6 },
		/* idle and used memory are not the same so easily */
		{ 2300, 2400, 0, 0, 10 }, { 2400, 2500, 2, 0, 0 },
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_target(test, ctx);
	unsigned int i;

	change_attrs(test, ctx, 5000, 100000);
	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 1150;
	for (i = 0; i < ARRAY_SIZE(before); i++)
		add_window_case(test, t, &before[i], 20);

	damon_close_window(ctx);
	KUNIT_ASSERT_EQ(test, damon_nr_regions(t), ARRAY_SIZE(after));
	for (i = 0; i < ARRAY_SIZE(after); i++)
		expect_region(test, nth_region(t, i), after[i].start,
			      after[i].end, after[i].nr, after[i].age);
}

static void window_merge_limits(struct kunit *test)
{
	static const struct window_case before[] = {
		{ 0, 100, 0 }, { 100, 112, 0 }, { 114, 122, 10 },
		{ 122, 130, 10 }, { 130, 156, 20 }, { 156, 170, 40 },
		{ 170, 184, 1 }, { 184, 230, 2 }, { 230, 10170, 5 },
		{ 20000, 20001, 99 },
	};
	static const struct damon_addr_range after[] = {
		{ 0, 112 }, { 114, 130 }, { 130, 156 }, { 156, 170 },
		{ 170, 230 }, { 230, 10170 }, { 20000, 20001 }, {}
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_target(test, ctx);
	unsigned int i;

	change_attrs(test, ctx, 1000, 100000);
	ctx->attrs.min_nr_regions = 1;
	ctx->region_sz_limit = 9999;
	for (i = 0; i < ARRAY_SIZE(before); i++)
		add_window_case(test, t, &before[i], 100);

	damon_close_window(ctx);
	expect_ranges(test, t, after);
}

static void window_reset(struct kunit *test)
{
	static const unsigned int counts[] = { 13, 3, 7, 0, 2, 19, 1, 11, 9 };
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region *r;
	struct damon_target *t;
	unsigned int i = 0;

	for (i = 0; i < 3; i++)
		add_regions(test, ctx, 3, 10);
	i = 0;
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			fill_region(r, counts[i], 5, i + 1);
			i++;
			r->nr_samples = 20;
			r->probe_hits[0] = 3;
			r->worth = 30;
		}
	}
	/* nothing was found out about the last one */
	r = damon_last_region(nth_target(ctx, 2));
	r->nr_samples = 0;

	damon_open_window(ctx);
	i = 0;
	damon_for_each_target(t, ctx) {
		KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 3);
		damon_for_each_region(r, t) {
			KUNIT_EXPECT_EQ(test, r->nr_accesses, 0);
			KUNIT_EXPECT_EQ(test, r->nr_samples, 0);
			KUNIT_EXPECT_EQ(test, r->probe_hits[0], 0);
			KUNIT_EXPECT_EQ(test, damon_last_nr_accesses(r, 20),
					i < 8 ? 5 : 0);
			KUNIT_EXPECT_EQ(test, worth_of(r), i < 8 ? 30 : 0);
			KUNIT_EXPECT_EQ(test, r->age, i + 1);
			i++;
		}
	}
	KUNIT_EXPECT_EQ(test, i, 9);
}

/* A region that was answered in some samples is as hot as those say. */
static void window_scales_partial(struct kunit *test)
{
	static const unsigned int cases[][3] = {
		/* accesses, samples, accesses per window of 20 */
		{ 10, 20, 10 }, { 5, 10, 10 }, { 1, 1, 20 }, { 1, 40, 1 },
		{ 0, 7, 0 }, { 0, 0, 0 }, { 2, 3, 13 }, { 40, 40, 20 },
		{ 1, 1000, 1 },
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, ARRAY_SIZE(cases), 10);
	struct damon_region *r;
	unsigned int i = 0;

	change_attrs(test, ctx, 5000, 100000);
	ctx->region_sz_limit = 10;
	damon_for_each_region(r, t) {
		fill_region(r, cases[i][0], 0, 0);
		r->nr_samples = cases[i++][1];
	}
	damon_close_window(ctx);
	i = 0;
	damon_for_each_region(r, t) {
		KUNIT_EXPECT_EQ(test, r->nr_accesses, cases[i][2]);
		KUNIT_EXPECT_EQ(test, r->nr_accesses_bp, cases[i++][2] * 10000);
	}
	KUNIT_EXPECT_EQ(test, i, ARRAY_SIZE(cases));
}

/* What this window shows is put together with what earlier ones have shown. */
static void window_learns(struct kunit *test)
{
	static const struct {
		unsigned int nr, last, worth;	/* before, per window of 20 */
		unsigned int new_nr, new_worth;
	} cases[] = {
		/* the more was known, the less does a window change */
		{ 14, 10, 0, 14, 20 }, { 14, 10, 20, 12, 40 }, { 14, 10, 60, 11, 60 },
		/* unless it contradicts */
		{ 0, 10, 60, 0, 20 }, { 20, 10, 60, 20, 20 }, { 20, 0, 60, 20, 20 },
		/* a single access is no contradiction, and not forgotten at once */
		{ 1, 0, 60, 1, 60 }, { 0, 1, 60, 1, 60 },
		{ 0, 0, 60, 0, 60 }, { 20, 20, 60, 20, 60 },
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, ARRAY_SIZE(cases), 10);
	struct damon_region *r;
	unsigned int i = 0;

	change_attrs(test, ctx, 5000, 100000);
	ctx->region_sz_limit = 10;
	damon_for_each_region(r, t) {
		fill_region(r, cases[i].nr, cases[i].last, 0);
		r->nr_samples = 20;
		r->worth = cases[i++].worth;
	}
	damon_close_window(ctx);
	i = 0;
	damon_for_each_region(r, t) {
		KUNIT_EXPECT_EQ_MSG(test, r->nr_accesses, cases[i].new_nr, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, worth_of(r), cases[i].new_worth, "case %u", i);
		KUNIT_EXPECT_EQ(test, r->nr_samples, 20);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, ARRAY_SIZE(cases));
}

/* What was seen long ago fades to nothing as long as nothing is seen again. */
static void window_fades(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region *r = damon_first_region(add_space(test, ctx, 0, 10));
	unsigned int i;

	change_attrs(test, ctx, 5000, 100000);
	ctx->region_sz_limit = 10;
	r->rate = damon_to_rate(1, 20);
	r->worth = 60;
	for (i = 0; i < 10 && r->rate; i++) {
		r->nr_samples = 20;
		damon_close_window(ctx);
		KUNIT_EXPECT_EQ(test, r->nr_accesses, r->rate ? 1 : 0);
		damon_open_window(ctx);
	}
	KUNIT_EXPECT_GT(test, i, 1);
	KUNIT_EXPECT_EQ(test, rate_of(r), 0);
	KUNIT_EXPECT_EQ(test, worth_of(r), 60);
}

static void window_age_limits(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, 5, 10);
	static const struct window_case cases[] = {
		/* nr, last, age before; age after is in .start */
		{ .nr = 0, .last = 0, .age = 4, .start = 5 },
		{ .nr = 1, .last = 0, .age = 4, .start = 0 },
		{ .nr = 0, .last = 1, .age = 4, .start = 0 },
		{ .nr = 20, .last = 18, .age = 4, .start = 5 },
		{ .nr = 5, .last = 5, .age = UINT_MAX, .start = UINT_MAX },
	};
	struct damon_region *r;
	unsigned int i = 0;

	change_attrs(test, ctx, 5000, 100000);
	ctx->region_sz_limit = 10;
	damon_for_each_region(r, t) {
		fill_region(r, cases[i].nr, cases[i].last, cases[i].age);
		r->nr_samples = 20;
		i++;
	}
	damon_close_window(ctx);
	i = 0;
	damon_for_each_region(r, t)
		KUNIT_EXPECT_EQ(test, r->age, cases[i++].start);
	KUNIT_EXPECT_EQ(test, i, 5);
}

/* A smaller maximum is met at the next window's end, whatever the counts are. */
static void window_meets_max(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, 1000, 4);
	struct damon_region *r;
	unsigned int i = 0;

	change_attrs(test, ctx, 5000, 100000);
	damon_for_each_region(r, t) {
		fill_region(r, i % 2 ? 20 : 0, i % 2 ? 20 : 0, 3);
		r->nr_samples = 20;
		i++;
	}
	ctx->attrs.min_nr_regions = 10;
	ctx->attrs.max_nr_regions = 50;
	ctx->region_sz_limit = damon_region_sz_limit(ctx);
	damon_close_window(ctx);
	KUNIT_EXPECT_LE(test, damon_nr_regions(t), 50);
	KUNIT_EXPECT_GE(test, damon_nr_regions(t), 10);
	expect_cover(test, t, 0, 4000, 4);
	/* however often they were merged, one window is one year */
	damon_for_each_region(r, t)
		KUNIT_EXPECT_EQ(test, r->age, 4);
}

/* An enormous number of samples per window makes no endless loop. */
static void window_huge_counts(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, 100, 4);
	struct damon_region *r;
	unsigned int i = 0;

	if (BITS_PER_LONG < 64)
		kunit_skip(test, "intervals are too short");
	change_attrs(test, ctx, 1, 1UL << 40);
	KUNIT_ASSERT_EQ(test, damon_max_nr_accesses(&ctx->attrs), UINT_MAX);
	ctx->attrs.max_nr_regions = 3;
	ctx->min_region_sz = 4;
	damon_for_each_region(r, t) {
		unsigned int nr = i++ % 2 ? UINT_MAX : 1;

		fill_region(r, nr, nr, 0);
		r->nr_samples = UINT_MAX;
	}
	ctx->region_sz_limit = ULONG_MAX;
	damon_close_window(ctx);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 3);
	expect_cover(test, t, 0, 400, 4);
	damon_for_each_region(r, t)
		KUNIT_EXPECT_GE(test, r->nr_accesses, 1);
}

/* the budget */

/* As long as nothing hot is known, what may be is cut evenly, to grains in the end. */
static void regions_cut_bounds(struct kunit *test)
{
	static const unsigned long sizes[] = { 220 * SZ_1M, 100 * SZ_1M, 200 * SZ_1M };
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_target(test, ctx);
	unsigned long pos = 0;
	unsigned int i, nr;

	ctx->min_region_sz = 5 * SZ_1M;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct window_case c = { pos, pos + sizes[i] };

		add_window_case(test, t, &c, 0);
		pos = c.end;
	}
	for (i = 0; i < 10; i++) {
		nr = damon_nr_regions(t);
		damon_cut_regions(ctx);
		KUNIT_EXPECT_TRUE(test, ctx->searching);
		KUNIT_EXPECT_GE(test, damon_nr_regions(t), nr);
		KUNIT_EXPECT_LE(test, damon_nr_regions(t), nr + 250);
		expect_cover(test, t, 0, 520 * SZ_1M, 5 * SZ_1M);
	}
	/* all in grains by now: 104 of them */
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 104);
}

/* Nothing is cut where something is known, and nothing differs from it. */
static void regions_cut_known(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, 8, SZ_1M);
	struct damon_region *r;
	unsigned int i = 0;

	damon_for_each_region(r, t) {
		r->rate = damon_to_rate(i++ % 2 ? 20 : 3, 20);
		r->worth = 20;
	}
	damon_cut_regions(ctx);
	KUNIT_EXPECT_FALSE(test, ctx->searching);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 8);

	/* and not where a sweep has seen nothing, if hardly anything is hot */
	damon_for_each_region(r, t) {
		r->rate = 0;
		r->untouched = true;
	}
	damon_cut_regions(ctx);
	KUNIT_EXPECT_TRUE(test, ctx->searching);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 8);
}

/* Around a page that differs, at distances that grow, and only there. */
static void regions_cut_around_spot(struct kunit *test)
{
	static const struct damon_addr_range want[] = {
		{ 0, 896 }, { 896, 3968 }, { 3968, 4736 }, { 4736, 4928 },
		{ 4928, 4976 }, { 4976, 4992 }, { 4992, 5008 }, { 5008, 5056 },
		{ 5056, 5248 }, { 5248, 6016 }, { 6016, 8000 }, { 8000, 9000 }, {}
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, 1, 8000);
	struct damon_region *r = damon_new_region(8000, 9000);
	unsigned int i = 0;

	KUNIT_ASSERT_NOT_NULL(test, r);
	damon_add_region(r, t);
	ctx->min_region_sz = 16;
	damon_for_each_region(r, t) {
		r->rate = i++ ? DAMON_FULL_RATE : damon_to_rate(1, 20);
		r->worth = 60;
	}
	/* what turned out to be like its region does not differ any more */
	note_spot(t, 5003, false);
	note_spot(t, 8500, true);
	damon_cut_regions(ctx);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 2);
	note_spot(t, 5003, true);
	damon_cut_regions(ctx);
	expect_ranges(test, t, want);
	/* what was known was of the whole */
	damon_for_each_region(r, t)
		KUNIT_EXPECT_EQ(test, worth_of(r), r->ar.end <= 8000 ? 0 : 60);

	/* once is enough */
	damon_cut_regions(ctx);
	expect_ranges(test, t, want);
	note_spot(t, 8000, false);
	damon_forget_spots(t);
	damon_cut_regions(ctx);
	expect_ranges(test, t, want);
}

/* There is room for a fourth of the maximum in each window, if there is any. */
static void regions_cut_partly(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_regions(test, ctx, 200, 64);
	unsigned int i;

	ctx->attrs.max_nr_regions = 240;
	/* of more than there is room for, some are taken */
	for (i = 0; i < 200; i++)
		note_spot(t, i * 64 + 30, true);
	KUNIT_EXPECT_EQ(test, t->spots.nr, DAMON_MAX_SPOTS);
	damon_cut_regions(ctx);
	KUNIT_EXPECT_EQ(test, t->spots.nr, 0);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 240);
	expect_cover(test, t, 0, 200 * 64, 1);

	note_spot(t, 100, true);
	damon_cut_regions(ctx);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 240);
	ctx->attrs.max_nr_regions = 100;
	note_spot(t, 100, true);
	damon_cut_regions(ctx);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 240);
}

struct min_case {
	unsigned long total, grain, min_nr, limit, nr;
};

static void regions_min_nr(struct kunit *test)
{
	static const struct min_case cases[] = {
		{ 10, 1, 10, 1, 10 }, { 10, 1, 15, 1, 10 }, { 10, 2, 2, 6, 2 },
		{ 10, 2, 10, 2, 5 }, { 96, 8, 5, 24, 4 }, { 96, 8, 20, 8, 12 },
		{ 96, 1, 7, 13, 8 }, { 100, 4, 100, 4, 25 },
	};
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct min_case *c = &cases[i];
		struct damon_target *t = add_space(test, ctx, 0, c->total);

		ctx->min_region_sz = c->grain;
		ctx->attrs.min_nr_regions = c->min_nr;
		damon_enforce_min_nr_regions(ctx);
		KUNIT_EXPECT_EQ(test, damon_nr_regions(t), c->nr);
		KUNIT_EXPECT_EQ(test, ctx->region_sz_limit, c->limit);
		expect_cover(test, t, 0, c->total, c->grain);
		KUNIT_EXPECT_EQ(test, damon_sz_region(damon_first_region(t)),
				c->limit);
		damon_destroy_target(t, ctx);
	}
}

/* rates */

static void rate_moving_sum(struct kunit *test)
{
	static const bool samples_8[] = { 1, 1, 0, 0, 1, 0, 0, 1 };
	static const unsigned int want_8[] = {
		62500, 65000, 57500, 50000, 52500, 45000, 37500, 40000
	};
	static const bool samples_10[] = { 1, 0, 1, 0, 0, 0, 1, 0, 0, 0 };
	static const unsigned int want_10[] = {
		55000, 50000, 55000, 50000, 45000, 40000, 45000, 40000, 35000,
		30000
	};
	struct damon_attrs attrs = {};
	struct damon_region r = {};
	unsigned int i;

	attrs.sample_interval = 1000;
	attrs.aggr_interval = 8000;
	r.rate = damon_to_rate(6, 8);
	for (i = 0; i < ARRAY_SIZE(samples_8); i++) {
		damon_update_region_access_rate(&r, samples_8[i], &attrs);
		KUNIT_EXPECT_LE(test, abs_diff(r.nr_accesses_bp, want_8[i]), 1);
	}
	KUNIT_EXPECT_EQ(test, r.nr_accesses, 4);

	memset(&r, 0, sizeof(r));
	attrs.aggr_interval = 10000;
	r.rate = damon_to_rate(5, 10);
	for (i = 0; i < ARRAY_SIZE(samples_10); i++) {
		damon_update_region_access_rate(&r, samples_10[i], &attrs);
		KUNIT_EXPECT_LE(test, abs_diff(r.nr_accesses_bp, want_10[i]), 1);
	}
	KUNIT_EXPECT_EQ(test, r.nr_accesses, 3);
}

static void rate_on_demand(struct kunit *test)
{
	static const unsigned int cases[][5] = {
		/* accesses, of last window, samples left, per window, nearest result */
		{ 0, 12, 20, 20, 12 }, { 1, 12, 19, 20, 12 },
		{ 4, 12, 10, 20, 10 }, { 9, 12, 1, 20, 10 },
		{ 9, 12, 0, 20, 9 }, { 2, 3, 2, 3, 4 },
		{ 0, 49, 100, 100, 49 }, { 3, 10, 70, 100, 10 },
		{ 3, 10, 50, 100, 8 }, { 32, 100, 10, 100, 42 },
		{ 42, 49, 0, 100, 42 }, { 0, 5, 10, 10, 5 },
		{ 3, 5, 5, 10, 6 }, { 0, 3, 10, 10, 3 }, { 3, 10, 5, 10, 8 },
		{ 3, 10, 2, 10, 5 },
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region r = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		change_attrs(test, ctx, 1000, cases[i][3] * 1000);
		r.nr_accesses = cases[i][0];
		r.rate = damon_to_rate(cases[i][1], cases[i][3]);
		r.nr_samples = cases[i][3] - cases[i][2];
		KUNIT_EXPECT_EQ(test, damon_nr_accesses_mvsum(&r, ctx),
				cases[i][4]);
	}
}

static void rate_extremes(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region r = { .rate = DAMON_FULL_RATE };

	/* no sampling interval: one sample per microsecond */
	change_attrs(test, ctx, 0, 1000);
	KUNIT_EXPECT_EQ(test, damon_max_nr_accesses(&ctx->attrs), 1000);
	change_attrs(test, ctx, 0, 0);
	KUNIT_EXPECT_EQ(test, damon_max_nr_accesses(&ctx->attrs), 1);
	damon_update_region_access_rate(&r, true, &ctx->attrs);
	damon_update_region_access_rate(&r, true, &ctx->attrs);
	/* not more accesses than samples in a window */
	KUNIT_EXPECT_EQ(test, r.nr_accesses, 1);

	if (BITS_PER_LONG < 64)
		return;
	change_attrs(test, ctx, 10, (1UL << 32) * 10);
	KUNIT_EXPECT_EQ(test, damon_max_nr_accesses(&ctx->attrs), UINT_MAX);
	memset(&r, 0, sizeof(r));
	r.nr_accesses = 123;
	r.rate = DAMON_FULL_RATE;
	r.nr_samples = UINT_MAX - 1;
	KUNIT_EXPECT_EQ(test, damon_nr_accesses_mvsum(&r, ctx), 124);
	damon_update_region_access_rate(&r, true, &ctx->attrs);
	KUNIT_EXPECT_EQ(test, r.nr_accesses, 124);
	KUNIT_EXPECT_EQ(test, r.nr_accesses_bp, 1240000);
}
