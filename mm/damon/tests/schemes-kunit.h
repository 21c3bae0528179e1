/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about schemes: what they select, what they count, when they run, and
 * the watermarks that switch them.
 */

static void scheme_new(struct kunit *test)
{
	struct damos_access_pattern pattern = { 1, 2, 3, 4, 5, 6 };
	struct damos_quota quota = {
		.reset_interval = 1000, .ms = 3, .sz = 4096,
		.fail_charge_num = 2, .fail_charge_denom = 3,
		.weight_sz = 5, .weight_nr_accesses = 6, .weight_age = 7,
		.charged_sz = 77, .esz = 78, .window_open = true,
	};
	struct damos_quota arg = quota;
	struct damos_watermarks wmarks = {
		.metric = DAMOS_WMARK_FREE_MEM_RATE, .interval = 9,
		.high = 30, .mid = 20, .low = 10,
	};
	struct damos *s = damon_new_scheme(&pattern, DAMOS_MIGRATE_HOT, 11, &arg,
					   &wmarks, 1);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_MEMEQ(test, &s->pattern, &pattern, sizeof(pattern));
	KUNIT_EXPECT_EQ(test, s->action, DAMOS_MIGRATE_HOT);
	KUNIT_EXPECT_EQ(test, s->apply_interval_us, 11);
	KUNIT_EXPECT_EQ(test, s->target_nid, 1);
	KUNIT_EXPECT_EQ(test, s->quota.reset_interval, 1000);
	KUNIT_EXPECT_EQ(test, s->quota.ms, 3);
	KUNIT_EXPECT_EQ(test, s->quota.sz, 4096);
	KUNIT_EXPECT_EQ(test, s->quota.fail_charge_num, 2);
	KUNIT_EXPECT_EQ(test, s->quota.fail_charge_denom, 3);
	KUNIT_EXPECT_EQ(test, s->quota.weight_sz, 5);
	KUNIT_EXPECT_EQ(test, s->quota.weight_nr_accesses, 6);
	KUNIT_EXPECT_EQ(test, s->quota.weight_age, 7);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->quota.goals));
	/* nothing has been charged to it */
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 0);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 0);
	KUNIT_EXPECT_FALSE(test, s->quota.window_open);
	KUNIT_EXPECT_EQ(test, s->wmarks.high, 30);
	KUNIT_EXPECT_TRUE(test, s->wmarks.activated);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 0);
	KUNIT_EXPECT_EQ(test, s->max_nr_snapshots, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->core_filters));
	KUNIT_EXPECT_TRUE(test, list_empty(&s->ops_filters));
	KUNIT_EXPECT_EQ(test, s->migrate_dests.nr_dests, 0);
	KUNIT_EXPECT_MEMEQ(test, &arg, &quota, sizeof(quota));
	damon_destroy_scheme(s);
}

static void scheme_set(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *schemes[3], *s;
	unsigned int i = 0;

	add_scheme(test, ctx, DAMOS_STAT);
	for (i = 0; i < 3; i++)
		schemes[i] = new_scheme(test, DAMOS_STAT);
	damon_set_schemes(ctx, schemes, 3);
	i = 0;
	damon_for_each_scheme(s, ctx)
		KUNIT_EXPECT_PTR_EQ(test, s, schemes[i++]);
	KUNIT_EXPECT_EQ(test, i, 3);
	damon_set_schemes(ctx, NULL, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->schemes));
}

/* Regions of 10 units: sizes, access rates and ages of a table. */
static struct damon_target *add_graded_regions(struct kunit *test,
					       struct damon_ctx *ctx)
{
	struct damon_target *t = add_target(test, ctx);
	unsigned long pos = 0;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		struct damon_region *r = damon_new_region(pos, pos + 10 * (i + 1));

		KUNIT_ASSERT_NOT_NULL(test, r);
		r->nr_accesses = i * 2;
		r->nr_samples = 10;
		r->age = i * 3;
		pos = r->ar.end;
		damon_add_region(r, t);
	}
	return t;
}

static void scheme_pattern(struct kunit *test)
{
	static const struct {
		struct damos_access_pattern p;
		unsigned int selected;	/* bit mask of regions */
	} cases[] = {
		{ { 0, ULONG_MAX, 0, UINT_MAX, 0, UINT_MAX }, 0x1f },
		{ { 20, 40, 0, UINT_MAX, 0, UINT_MAX }, 0x0e },
		{ { 21, 39, 0, UINT_MAX, 0, UINT_MAX }, 0x04 },
		{ { 0, ULONG_MAX, 2, 6, 0, UINT_MAX }, 0x0e },
		{ { 0, ULONG_MAX, 0, 0, 0, UINT_MAX }, 0x01 },
		{ { 0, ULONG_MAX, 8, 8, 0, UINT_MAX }, 0x10 },
		{ { 0, ULONG_MAX, 0, UINT_MAX, 6, UINT_MAX }, 0x1c },
		{ { 0, ULONG_MAX, 0, UINT_MAX, 0, 5 }, 0x03 },
		{ { 20, 40, 4, 8, 0, 8 }, 0x04 },
		{ { 40, 20, 0, UINT_MAX, 0, UINT_MAX }, 0 },
		{ { 0, ULONG_MAX, 6, 2, 0, UINT_MAX }, 0 },
		{ { 0, ULONG_MAX, 0, UINT_MAX, 9, 3 }, 0 },
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	struct damon_target *t = add_graded_regions(test, ctx);
	unsigned int i, j, selected;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		s->pattern = cases[i].p;
		fake.nr_actions = 0;
		pass_after(ctx, 10);
		selected = 0;
		for (j = 0; j < fake.nr_actions; j++)
			selected |= BIT((fake.log[j].ar.end -
					 fake.log[j].ar.start) / 10 - 1);
		KUNIT_EXPECT_EQ_MSG(test, selected, cases[i].selected,
				    "case %u", i);
		KUNIT_EXPECT_EQ(test, fake.nr_actions, hweight32(selected));
	}
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 5);
}

/* Inside of a window, the rate is that of the windows around it. */
static void scheme_pattern_in_window(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	struct damon_region *r = damon_first_region(add_space(test, ctx, 0, 10));

	s->pattern.min_nr_accesses = 8;
	s->pattern.max_nr_accesses = 8;
	r->rate = DAMON_FULL_RATE;
	r->nr_accesses = 3;
	r->nr_samples = 5;
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 1);
	r->nr_samples = 8;
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 1);
}

static void scheme_stat(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);
	const struct damos_stat *stat = &s->stat;

	add_regions(test, ctx, 4, 100);
	fake.applied_percent = 30;
	fake.passed_percent = 60;
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, stat->nr_tried, 4);
	KUNIT_EXPECT_EQ(test, stat->sz_tried, 400);
	KUNIT_EXPECT_EQ(test, stat->nr_applied, 4);
	KUNIT_EXPECT_EQ(test, stat->sz_applied, 120);
	KUNIT_EXPECT_EQ(test, stat->sz_ops_filter_passed, 240);
	KUNIT_EXPECT_EQ(test, stat->nr_snapshots, 1);

	/* what failed was tried */
	fake.applied_percent = 0;
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, stat->nr_tried, 8);
	KUNIT_EXPECT_EQ(test, stat->sz_tried, 800);
	KUNIT_EXPECT_EQ(test, stat->nr_applied, 4);
	KUNIT_EXPECT_EQ(test, stat->sz_applied, 120);
	KUNIT_EXPECT_EQ(test, stat->sz_ops_filter_passed, 480);
	KUNIT_EXPECT_EQ(test, stat->nr_snapshots, 2);
	KUNIT_EXPECT_EQ(test, stat->qt_exceeds, 0);
}

static void scheme_resets_age(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *look = add_scheme(test, ctx, DAMOS_STAT);
	struct damos *first = add_scheme(test, ctx, DAMOS_PAGEOUT);
	struct damos *second = add_scheme(test, ctx, DAMOS_COLD);
	struct damon_target *t = add_regions(test, ctx, 3, 100);
	struct damon_region *r;

	damon_for_each_region(r, t)
		r->age = 5;
	nth_region(t, 2)->age = 1;
	look->pattern.min_age_region = 3;
	first->pattern.min_age_region = 3;
	second->pattern.min_age_region = 3;
	fake.applied_percent = 0;
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, look->stat.nr_tried, 2);
	KUNIT_EXPECT_EQ(test, first->stat.nr_tried, 2);
	/* an action makes a region young, for schemes behind it, too */
	KUNIT_EXPECT_EQ(test, second->stat.nr_tried, 0);
	KUNIT_EXPECT_EQ(test, nth_region(t, 0)->age, 0);
	KUNIT_EXPECT_EQ(test, nth_region(t, 1)->age, 0);
	KUNIT_EXPECT_EQ(test, nth_region(t, 2)->age, 1);
}

static void scheme_apply_interval(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *fast = new_scheme(test, DAMOS_STAT);
	struct damos *slow = new_scheme(test, DAMOS_STAT);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	unsigned int i;

	fast->apply_interval_us = 5000;
	slow->apply_interval_us = 30000;
	damon_add_scheme(ctx, fast);
	damon_add_scheme(ctx, slow);
	add_space(test, ctx, 0, 100);
	for (i = 0; i < 60; i++)
		pass_after(ctx, 1);
	KUNIT_EXPECT_EQ(test, fast->stat.nr_snapshots, 12);
	KUNIT_EXPECT_EQ(test, s->stat.nr_snapshots, 6);
	KUNIT_EXPECT_EQ(test, slow->stat.nr_snapshots, 2);

	/* passes that were missed are not made up for */
	pass_after(ctx, 1000);
	pass_after(ctx, 1);
	KUNIT_EXPECT_EQ(test, fast->stat.nr_snapshots, 13);
	KUNIT_EXPECT_EQ(test, s->stat.nr_snapshots, 7);
	KUNIT_EXPECT_EQ(test, slow->stat.nr_snapshots, 3);
	pass_after(ctx, 4);
	KUNIT_EXPECT_EQ(test, fast->stat.nr_snapshots, 14);
}

static void scheme_max_snapshots(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	struct damos *other = add_scheme(test, ctx, DAMOS_STAT);
	unsigned int i;

	add_regions(test, ctx, 2, 100);
	add_space(test, ctx, 1000, 1100);
	s->max_nr_snapshots = 3;
	for (i = 0; i < 5; i++)
		pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.nr_snapshots, 3);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 9);
	KUNIT_EXPECT_EQ(test, other->stat.nr_tried, 15);
	s->max_nr_snapshots = 4;
	for (i = 0; i < 5; i++)
		pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.nr_snapshots, 4);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 12);
}

static void scheme_skips_invalid_target(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);

	add_space(test, ctx, 0, 100);
	WRITE_ONCE(fake.invalid_target, add_space(test, ctx, 1000, 1100));
	add_space(test, ctx, 2000, 2100);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 2);
	KUNIT_EXPECT_EQ(test, fake.log[0].ar.start, 0);
	KUNIT_EXPECT_EQ(test, fake.log[1].ar.start, 2000);
}

/* filters of the core */

static void add_addr_filter(struct kunit *test, struct damos *s, bool matching,
			    bool allow, unsigned long start, unsigned long end)
{
	struct damos_filter *f = damos_new_filter(DAMOS_FILTER_TYPE_ADDR,
						  matching, allow);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->addr_range.start = start;
	f->addr_range.end = end;
	damos_add_filter(s, f);
}

/* Cut where the verdict changes; what is rejected stays as it is. */
static void scheme_filters_cut(struct kunit *test)
{
	static const struct damon_addr_range want[] = {
		{ 0, 100 }, { 100, 200 }, { 200, 300 }, {}
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);
	struct damos *other = add_scheme(test, ctx, DAMOS_STAT);
	struct damon_target *t = add_space(test, ctx, 0, 300);

	s->quota.sz = 1000;
	s->quota.reset_interval = 10;
	damon_first_region(t)->age = 5;
	add_addr_filter(test, s, true, false, 100, 200);
	pass_after(ctx, 10);
	expect_ranges(test, t, want);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 2);
	KUNIT_EXPECT_EQ(test, s->stat.sz_tried, 200);
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 200);
	KUNIT_EXPECT_EQ(test, nth_region(t, 0)->age, 0);
	KUNIT_EXPECT_EQ(test, nth_region(t, 1)->age, 5);
	KUNIT_EXPECT_EQ(test, nth_region(t, 2)->age, 0);
	KUNIT_EXPECT_EQ(test, other->stat.sz_tried, 300);

	/* cuts that made no difference are undone */
	s->action = DAMOS_STAT;
	s->pattern.min_sz_region = 100;
	KUNIT_ASSERT_EQ(test, set_ranges(t, (struct damon_addr_range[]) {
						 { 1000, 1900 }, {} }, 1), 0);
	add_addr_filter(test, s, true, false, 1010, 1020);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 1);
	KUNIT_EXPECT_EQ(test, s->stat.sz_tried, 200 + 890);
}

static bool seen_allowed[4];
static unsigned int nr_seen;
static void *seen_applied[4];

static unsigned long see_state(struct damon_ctx *ctx, struct damon_target *t,
			       struct damon_region *r, struct damos *s,
			       unsigned long *sz_filter_passed)
{
	if (nr_seen < ARRAY_SIZE(seen_allowed)) {
		seen_allowed[nr_seen] = s->core_filters_allowed;
		seen_applied[nr_seen] = s->last_applied;
	}
	nr_seen++;
	s->last_applied = r;
	return 0;
}

/* The operations set is told what it need not look at any more. */
static void scheme_filters_allow(struct kunit *test)
{
	struct damos_filter *f = damos_new_filter(DAMOS_FILTER_TYPE_ANON, true,
						  true);
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);

	KUNIT_ASSERT_NOT_NULL(test, f);
	damos_add_filter(s, f);
	add_addr_filter(test, s, true, true, 100, 200);
	add_space(test, ctx, 0, 300);
	ctx->ops.apply_scheme = see_state;
	nr_seen = 0;
	pass_after(ctx, 10);
	KUNIT_ASSERT_EQ(test, nr_seen, 3);
	KUNIT_EXPECT_FALSE(test, seen_allowed[0]);
	KUNIT_EXPECT_TRUE(test, seen_allowed[1]);
	KUNIT_EXPECT_FALSE(test, seen_allowed[2]);
}

static void scheme_last_applied(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	add_scheme(test, ctx, DAMOS_STAT);
	add_regions(test, ctx, 2, 100);
	add_space(test, ctx, 1000, 1100);
	ctx->ops.apply_scheme = see_state;
	nr_seen = 0;
	pass_after(ctx, 10);
	pass_after(ctx, 10);
	KUNIT_ASSERT_EQ(test, nr_seen, 6);
	KUNIT_EXPECT_NULL(test, seen_applied[0]);
	KUNIT_EXPECT_NOT_NULL(test, seen_applied[1]);
	KUNIT_EXPECT_NULL(test, seen_applied[2]);
	KUNIT_EXPECT_NULL(test, seen_applied[3]);
}

/* A cut for one scheme is no second turn for those before it. */
static void scheme_sees_all_once(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(s); i++)
		s[i] = add_scheme(test, ctx, DAMOS_STAT);
	add_addr_filter(test, s[1], true, false, 50, 160);
	add_addr_filter(test, s[2], true, false, 20, 40);
	s[2]->quota.sz = 75;
	s[2]->quota.reset_interval = 10;
	add_regions(test, ctx, 2, 100);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, s[0]->stat.nr_tried, 2);
	KUNIT_EXPECT_EQ(test, s[0]->stat.sz_tried, 200);
	KUNIT_EXPECT_EQ(test, s[1]->stat.sz_tried, 90);
	KUNIT_EXPECT_EQ(test, s[2]->stat.sz_tried, 75);
	KUNIT_EXPECT_EQ(test, s[3]->stat.sz_tried, 200);
	KUNIT_EXPECT_EQ(test, count_regions(ctx), 2);
}

/* watermarks */

struct wmark_case {
	unsigned long high, mid, low;
	bool was_on, is_on;
};

/* Free memory is above 0 and not above 1000, whatever runs. */
static void wmarks_switch(struct kunit *test)
{
	static const struct wmark_case cases[] = {
		{ 0, 0, 0, true, false },		/* above high */
		{ 0, 0, 0, false, false },
		{ 2000, 1500, 1001, true, false },	/* below low */
		{ 2000, 1500, 1001, false, false },
		{ 1000, 0, 0, true, true },		/* mid to high */
		{ 1000, 0, 0, false, false },
		{ 2000, 1001, 0, true, true },		/* low to mid */
		{ 2000, 1001, 0, false, true },
	};
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	unsigned int i;
	u64 want;

	KUNIT_EXPECT_EQ(test, damos_wmarks_wait_ns(ctx), 0);
	s->wmarks.metric = DAMOS_WMARK_FREE_MEM_RATE;
	s->wmarks.interval = 50000;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct wmark_case *c = &cases[i];

		s->wmarks.high = c->high;
		s->wmarks.mid = c->mid;
		s->wmarks.low = c->low;
		s->wmarks.activated = c->was_on;
		want = c->is_on ? 0 : 50 * NSEC_PER_MSEC;
		KUNIT_EXPECT_EQ_MSG(test, damos_wmarks_wait_ns(ctx), want,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, s->wmarks.activated, c->is_on,
				    "case %u", i);
	}
}

static void set_always_off(struct damos *s, unsigned long interval)
{
	s->wmarks = (struct damos_watermarks) {
		.metric = DAMOS_WMARK_FREE_MEM_RATE,
		.interval = interval,
	};
}

static void wmarks_of_several(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *a = add_scheme(test, ctx, DAMOS_STAT);
	struct damos *b = add_scheme(test, ctx, DAMOS_STAT);

	add_space(test, ctx, 0, 100);
	/* one that is on is enough, and the other one stays off */
	set_always_off(a, 50000);
	KUNIT_EXPECT_EQ(test, damos_wmarks_wait_ns(ctx), 0);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, a->stat.nr_tried, 0);
	KUNIT_EXPECT_EQ(test, b->stat.nr_tried, 1);

	/* the next look is that of the one who looks first */
	set_always_off(b, 20000);
	KUNIT_EXPECT_EQ(test, damos_wmarks_wait_ns(ctx), 20 * NSEC_PER_MSEC);
	/* without an interval there is a pause nevertheless */
	b->wmarks.interval = 0;
	KUNIT_EXPECT_GT(test, damos_wmarks_wait_ns(ctx), 0);
	pass_after(ctx, 10);
	KUNIT_EXPECT_EQ(test, b->stat.nr_tried, 1);
}

static int switch_on(void *data)
{
	struct damon_ctx *ctx = data;
	struct damos *s = list_first_entry(&ctx->schemes, struct damos, list);

	s->wmarks.metric = DAMOS_WMARK_NONE;
	s->wmarks.activated = true;
	return 0;
}

static void wmarks_stop_monitoring(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);

	set_always_off(s, 3600 * USEC_PER_SEC);
	add_space(test, ctx, 0, 100);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	/* requests get through, nothing else happens */
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, walk_nothing(test, ctx), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_prepares), 0);
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, call(test, ctx, switch_on, ctx), 0);
	wait_until(test, READ_ONCE(s->stat.nr_tried) > 2);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
}

static void wmarks_allow_stop(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	set_always_off(add_scheme(test, ctx, DAMOS_STAT), 3600 * USEC_PER_SEC);
	add_space(test, ctx, 0, 100);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_checks), 0);
}
