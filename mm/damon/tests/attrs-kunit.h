/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about attributes: what is valid, how results and deadlines follow, and
 * the tuning of intervals.  No kdamond runs here.
 */

static void attrs_validate(struct kunit *test)
{
	static const struct damon_attrs good = {
		.sample_interval = 5000,
		.aggr_interval = 100000,
		.ops_update_interval = 60000000,
		.min_nr_regions = 10,
		.max_nr_regions = 1000,
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_attrs attrs = good, before;

	KUNIT_EXPECT_EQ(test, 0, damon_set_attrs(ctx, &attrs));
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 5000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_samples, 20);
	KUNIT_EXPECT_EQ(test, attrs.aggr_samples, 20);
	before = ctx->attrs;

#define BAD(field, value)						\
do {									\
	attrs = good;							\
	attrs.field = (value);						\
	KUNIT_EXPECT_EQ(test, -EINVAL, damon_set_attrs(ctx, &attrs));	\
	KUNIT_EXPECT_MEMEQ(test, &ctx->attrs, &before, sizeof(before));	\
} while (0)
	BAD(min_nr_regions, 0);
	BAD(min_nr_regions, 1);
	BAD(min_nr_regions, 2);
	BAD(min_nr_regions, 1001);
	BAD(max_nr_regions, 9);
	BAD(aggr_interval, 4999);
	BAD(sample_interval, 100001);
#undef BAD

	attrs = good;
	attrs.min_nr_regions = 3;
	attrs.max_nr_regions = 3;
	attrs.sample_interval = 100000;
	KUNIT_EXPECT_EQ(test, 0, damon_set_attrs(ctx, &attrs));
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_samples, 1);
}

static void attrs_validate_goal(struct kunit *test)
{
	static const struct damon_intervals_goal bad[] = {
		{ .aggrs = 1, .min_sample_us = 5001, .max_sample_us = 10000 },
		{ .aggrs = 1, .min_sample_us = 1000, .max_sample_us = 4999 },
		{ .aggrs = 3, .min_sample_us = 6000, .max_sample_us = 4000 },
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_attrs attrs = ctx->attrs;
	unsigned int i;

	attrs.sample_interval = 5000;
	attrs.aggr_interval = 100000;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		attrs.intervals_goal = bad[i];
		KUNIT_EXPECT_EQ(test, -EINVAL, damon_set_attrs(ctx, &attrs));
		KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 1000);
		/* nobody minds the bounds of what is not to be tuned */
		attrs.intervals_goal.aggrs = 0;
		KUNIT_EXPECT_EQ(test, 0, damon_check_attrs(&attrs));
	}
	attrs.intervals_goal.aggrs = 1;
	attrs.intervals_goal.min_sample_us = 5000;
	attrs.intervals_goal.max_sample_us = 5000;
	KUNIT_EXPECT_EQ(test, 0, damon_set_attrs(ctx, &attrs));
}

/* Sets intervals, changes them, and says what became of a region. */
static void change_region(struct kunit *test, struct damon_region *out,
			  const unsigned long from[2],
			  const unsigned long to[2])
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_target *t = add_space(test, ctx, 0, 100);
	struct damon_region *r = damon_first_region(t);

	change_attrs(test, ctx, from[0], from[1]);
	r->nr_accesses = out->nr_accesses;
	r->nr_accesses_bp = out->nr_accesses * 10000;
	r->rate = out->rate;
	r->worth = out->worth;
	r->nr_samples = out->nr_samples;
	r->age = out->age;
	change_attrs(test, ctx, to[0], to[1]);
	*out = *r;
}

static void attrs_rescale(struct kunit *test)
{
	static const struct {
		unsigned long from[2], to[2];
		unsigned int nr, age, new_nr, new_age;
	} cases[] = {
		{ { 10, 1000 }, { 100, 10000 }, 15, 20, 15, 2 },
		{ { 10, 1000 }, { 1, 1000 }, 15, 2, 150, 2 },
		{ { 10, 1000 }, { 1, 100 }, 150, 2, 150, 20 },
		{ { 5000, 100000 }, { 10000, 400000 }, 12, 40, 24, 10 },
		{ { 5000, 100000 }, { 5000, 50000 }, 12, 40, 6, 80 },
		{ { 1000, 30000 }, { 1000, 60000 }, 7, 1, 14, 0 },
		{ { 1, 100 }, { 1, 100000 }, 0, UINT_MAX, 0, UINT_MAX / 1000 },
		{ { 1, 100000 }, { 1, 100 }, 0, UINT_MAX, 0, UINT_MAX },
		/* none is as short as the shortest */
		{ { 0, 1000 }, { 10, 1000 }, 150, 20, 15, 20 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct damon_region r = {
			.nr_accesses = cases[i].nr,
			.rate = DAMON_FULL_RATE / 3,
			.worth = 20,
			.age = cases[i].age,
		};

		change_region(test, &r, cases[i].from, cases[i].to);
		KUNIT_EXPECT_EQ(test, r.nr_accesses, cases[i].new_nr);
		/* a share stays what it is */
		KUNIT_EXPECT_EQ(test, rate_of(&r), DAMON_FULL_RATE / 3);
		KUNIT_EXPECT_EQ(test, worth_of(&r), 20);
		KUNIT_EXPECT_EQ(test, r.nr_accesses_bp, cases[i].new_nr * 10000);
		KUNIT_EXPECT_EQ(test, r.age, cases[i].new_age);
	}
}

/* In the middle of a window, what is known of it stays comparable. */
static void attrs_rescale_in_window(struct kunit *test)
{
	struct damon_region r = {
		.nr_accesses = 5, .rate = DAMON_FULL_RATE, .nr_samples = 10,
	};

	change_region(test, &r, (const unsigned long[]){ 5000, 100000 },
		      (const unsigned long[]){ 5000, 200000 });
	/* 5 of 10 said yes, and the window is twice as long: 10 of 20 */
	KUNIT_EXPECT_EQ(test, r.nr_samples, 20);
	KUNIT_EXPECT_EQ(test, r.nr_accesses, 10);
	KUNIT_EXPECT_EQ(test, damon_last_nr_accesses(&r, 40), 40);
}

static void attrs_deadlines(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *own = new_scheme(test, DAMOS_STAT);
	struct damon_attrs attrs;
	struct damos *s;

	change_attrs(test, ctx, 5000, 100000);
	own->apply_interval_us = 700000;
	s = add_scheme(test, ctx, DAMOS_STAT);
	damon_add_scheme(ctx, own);
	ctx->now = 1000 * NSEC_PER_MSEC;
	ctx->next_sample_ns = ctx->now + 4 * NSEC_PER_MSEC;
	ctx->next_aggregation_ns = ctx->now + 50 * NSEC_PER_MSEC;
	ctx->next_ops_update_ns = ctx->now + 10 * NSEC_PER_MSEC;
	own->next_apply_ns = ctx->now + 600 * NSEC_PER_MSEC;

	/* what is left of an interval is a share of it */
	attrs = ctx->attrs;
	attrs.sample_interval = 10000;
	attrs.aggr_interval = 400000;
	attrs.ops_update_interval = 40000;
	attrs.aggr_samples = 0;
	KUNIT_ASSERT_EQ(test, 0, damon_set_attrs(ctx, &attrs));
	KUNIT_EXPECT_EQ(test, ctx->next_sample_ns, 1008 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, ctx->next_aggregation_ns, 1200 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, ctx->next_ops_update_ns, 1020 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, damos_next_apply_ns(ctx, s), 1200 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, own->next_apply_ns, 1600 * NSEC_PER_MSEC);

	/* and the same attributes again move nothing */
	ctx->now += 3 * NSEC_PER_MSEC;
	KUNIT_ASSERT_EQ(test, 0, damon_set_attrs(ctx, &attrs));
	KUNIT_EXPECT_EQ(test, ctx->next_sample_ns, 1008 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, ctx->next_aggregation_ns, 1200 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, damos_next_apply_ns(ctx, s), 1200 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, own->next_apply_ns, 1600 * NSEC_PER_MSEC);
}

/* Changing attributes more often than a window ends must not keep it from it. */
static void attrs_frequent_changes(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int i;

	change_attrs(test, ctx, 5000, 100000);
	ctx->now = NSEC_PER_SEC;
	ctx->next_aggregation_ns = ctx->now + 100 * NSEC_PER_MSEC;
	for (i = 0; i < 20; i++) {
		ctx->now += 10 * NSEC_PER_MSEC;
		change_attrs(test, ctx, 5000, i % 2 ? 100000 : 200000);
	}
	KUNIT_EXPECT_LE(test, ctx->next_aggregation_ns, ctx->now);
}

/* tuning */

static void set_goal(struct kunit *test, struct damon_ctx *ctx,
		     unsigned long access_bp, unsigned long aggrs)
{
	struct damon_attrs attrs = ctx->attrs;

	attrs.sample_interval = 5000;
	attrs.aggr_interval = 100000;
	attrs.aggr_samples = 0;
	attrs.intervals_goal = (struct damon_intervals_goal) {
		.access_bp = access_bp,
		.aggrs = aggrs,
		.min_sample_us = 1000,
		.max_sample_us = 30000,
	};
	KUNIT_ASSERT_EQ(test, 0, damon_set_attrs(ctx, &attrs));
}

static struct damon_region *add_one(struct kunit *test, struct damon_ctx *ctx,
				    unsigned long sz)
{
	return damon_first_region(add_space(test, ctx, 0, sz));
}

/* The end of a window with all samples that it can have. */
static bool tune_intervals(struct damon_ctx *ctx, u64 cost_ns)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			r->nr_samples = damon_max_nr_accesses(&ctx->attrs);
	damon_note_observed(ctx);
	return damon_tune_intervals(ctx, cost_ns);
}

static void tune_one_step(struct kunit *test)
{
	static const unsigned int cases[][2] = {
		/* of 20 samples of all memory 16 are wanted: interval, us */
		{ 0, 20000 }, { 4, 20000 }, { 8, 10000 }, { 10, 8000 },
		{ 16, 5000 }, { 20, 4500 },
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region *r = add_one(test, ctx, 20480);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set_goal(test, ctx, 8000, 1);
		ctx->tune_factor = 0;
		r->nr_accesses = cases[i][0];
		KUNIT_EXPECT_EQ(test, tune_intervals(ctx, 0),
				cases[i][1] != 5000);
		KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, cases[i][1]);
		KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, cases[i][1] * 20);
		KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_samples, 20);
	}
	/* more than four times as much as wanted: a quarter, not less */
	set_goal(test, ctx, 1000, 1);
	r->nr_accesses = 20;
	tune_intervals(ctx, 0);
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 1250);
}

static void tune_within_bounds(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region *r = add_one(test, ctx, 20480);
	unsigned int i;

	set_goal(test, ctx, 400, 1);
	for (i = 0; i < 10; i++) {
		r->nr_accesses = 0;
		/* at a bound, other intervals are wanted all the same */
		KUNIT_EXPECT_TRUE(test, tune_intervals(ctx, 0));
	}
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 30000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 600000);
	for (i = 0; i < 10; i++) {
		r->nr_accesses = 20;
		tune_intervals(ctx, 0);
	}
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 1000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 20000);
	KUNIT_EXPECT_EQ(test, damon_max_nr_accesses(&ctx->attrs), 20);
}

static void tune_period(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region *r = add_one(test, ctx, 20480);
	unsigned int i;

	set_goal(test, ctx, 400, 0);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_FALSE(test, tune_intervals(ctx, 0));

	/* enabled late, and due a whole period later */
	set_goal(test, ctx, 400, 3);
	r->nr_accesses = 0;
	KUNIT_EXPECT_FALSE(test, tune_intervals(ctx, 0));
	KUNIT_EXPECT_FALSE(test, tune_intervals(ctx, 0));
	KUNIT_EXPECT_TRUE(test, tune_intervals(ctx, 0));
	KUNIT_EXPECT_FALSE(test, tune_intervals(ctx, 0));
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 20000);
}

static void tune_extremes(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region *r;

	/* nothing to look at */
	set_goal(test, ctx, 400, 1);
	tune_intervals(ctx, 0);
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 20000);

	/* everything that there is, and no access wanted */
	r = add_one(test, ctx, ULONG_MAX);
	set_goal(test, ctx, 0, 1);
	r->nr_accesses = 20;
	tune_intervals(ctx, 0);
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 1250);

	set_goal(test, ctx, 10000, 1);
	r->nr_accesses = 20;
	tune_intervals(ctx, 0);
	KUNIT_EXPECT_GE(test, ctx->attrs.sample_interval, 4990);
	KUNIT_EXPECT_LE(test, ctx->attrs.sample_interval, 5010);
}
