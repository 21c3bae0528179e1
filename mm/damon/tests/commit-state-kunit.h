/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about what a commit must not touch: whatever one parameter is changed to,
 * everything that was found out, charged, tuned, or planned for some time is as
 * before.  Each case looks at one group of that, after each kind of change.
 */

#define NR_WORN		2	/* targets, and schemes */
#define NR_WORN_REGIONS	3	/* of each target */

static void add_worn_scheme(struct kunit *test, struct damon_ctx *ctx,
			    unsigned int n)
{
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);

	s->quota.sz = 120 + n;
	s->quota.ms = 30 + n;
	s->quota.reset_interval = 1000 + n;
	s->wmarks = (struct damos_watermarks) {
		.metric = DAMOS_WMARK_FREE_MEM_RATE, .interval = 1000,
		.high = 900, .mid = 800, .low = 700, .activated = true,
	};
	give_goal(test, s, DAMOS_QUOTA_SOME_MEM_PSI_US, 100 + n);
	give_goal(test, s, DAMOS_QUOTA_ACTIVE_MEM_BP, 200 + n);
	give_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, true);
	give_dests(test, s, 2);
}

static void add_worn_probe(struct kunit *test, struct damon_ctx *ctx)
{
	struct damon_probe *probe = damon_new_probe();
	struct damon_filter *f;

	KUNIT_ASSERT_NOT_NULL(test, probe);
	damon_add_probe(ctx, probe);
	f = damon_new_filter(DAMON_FILTER_TYPE_ANON, true, true);
	KUNIT_ASSERT_NOT_NULL(test, f);
	damon_add_filter(probe, f);
}

/* All parameters, and nothing that came of them.  Two of these are the same. */
static struct damon_ctx *new_unworn(struct kunit *test, bool with_regions)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_attrs attrs = ctx->attrs;
	unsigned int i;

	attrs.aggr_samples = 0;
	attrs.intervals_goal = (struct damon_intervals_goal) {
		.access_bp = 400, .aggrs = 3,
		.min_sample_us = 1000, .max_sample_us = 9000,
	};
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	for (i = 0; i < NR_WORN; i++) {
		add_worn_scheme(test, ctx, i);
		add_worn_probe(test, ctx);
		if (with_regions)
			add_regions(test, ctx, NR_WORN_REGIONS, 100);
		else
			add_target(test, ctx);
	}
	return ctx;
}

static void wear_region(struct damon_region *r, unsigned int n)
{
	r->nr_accesses = 3 + n;
	r->nr_accesses_bp = 30000 + n;
	r->rate = 4 + n;
	r->worth = 20 + n;
	r->nr_samples = 5;
	r->age = 10 + n;
	r->probe_hits[0] = 1 + n % 2;
	r->probe_hits[1] = 2 - n % 2;
	r->sampling_addr = r->ar.start + n;
}

static void wear_quota(struct damos_quota *quota, struct damon_target *t)
{
	struct damos_quota_goal *goal;
	unsigned int i = 0;

	quota->esz = 111;
	quota->work_sz = 1 << 20;
	quota->work_ns = 333;
	quota->window_open = true;
	quota->window_start_ns = 444;
	quota->charged_sz = 55;
	quota->window_sz = 66;
	quota->window_ns = 77;
	quota->slice_sz = 88;
	quota->charge_target_from = t;
	quota->charge_addr_from = 99;
	quota->cut_short = true;
	quota->wraps = true;
	quota->min_score = 12;
	quota->min_score_left = 13;
	quota->place_idx = 1;
	quota->place_addr = 14;
	quota->esz_bp = 1234567;
	quota->esz_held = true;
	quota->goal_score = 8765;
	quota->goal_step = -43;
	damos_for_each_quota_goal(goal, quota) {
		goal->current_value = 21 + i;
		goal->last_psi_total = 31 + i++;
	}
}

/* A context that has run for some time. */
static struct damon_ctx *new_worn(struct kunit *test)
{
	struct damon_ctx *ctx = new_unworn(test, true);
	struct damon_attrs tuned = ctx->attrs;
	struct damon_target *t;
	struct damon_region *r;
	struct damos *s;
	unsigned int i = 0;

	tuned.sample_interval = 3000;
	tuned.aggr_interval = 30000;
	damon_apply_attrs(ctx, &tuned);
	ctx->now = NSEC_PER_SEC;
	ctx->next_sample_ns = ctx->now + 300;
	ctx->next_aggregation_ns = ctx->now + 5000;
	ctx->next_ops_update_ns = ctx->now + 7000;
	ctx->tune_observed = 4242;
	ctx->tune_windows = 2;
	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			wear_region(r, i++);
	damon_for_each_scheme(s, ctx) {
		wear_quota(&s->quota, nth_target(ctx, 1));
		s->stat = (struct damos_stat){ 1, 2, 3, 4, 5, 6, 7 };
		s->next_apply_ns = ctx->now + 4321 + i++;
		s->wmarks.activated = false;
		s->walked = true;
	}
	return ctx;
}

/* changes, each of one parameter of what is behind */

static struct damos *first_scheme(struct damon_ctx *ctx)
{
	return list_first_entry(&ctx->schemes, struct damos, list);
}

static void change_nothing(struct damon_ctx *src)
{
}

static void change_nr_regions(struct damon_ctx *src)
{
	src->attrs.max_nr_regions = 999;
}

static void change_pause(struct damon_ctx *src)
{
	src->pause = true;
}

static void change_pattern(struct damon_ctx *src)
{
	first_scheme(src)->pattern.min_age_region = 5;
}

static void change_action(struct damon_ctx *src)
{
	first_scheme(src)->action = DAMOS_COLD;
}

static void change_nid(struct damon_ctx *src)
{
	first_scheme(src)->target_nid = 1;
}

static void change_snapshots(struct damon_ctx *src)
{
	first_scheme(src)->max_nr_snapshots = 100;
}

static void change_sz(struct damon_ctx *src)
{
	first_scheme(src)->quota.sz = 60;
}

static void change_weight(struct damon_ctx *src)
{
	first_scheme(src)->quota.weight_age = 1;
}

static void change_goal(struct damon_ctx *src)
{
	list_first_entry(&first_scheme(src)->quota.goals,
			 struct damos_quota_goal, list)->target_value = 7;
}

static void change_filter(struct damon_ctx *src)
{
	list_first_entry(&first_scheme(src)->ops_filters, struct damos_filter,
			 list)->allow = false;
}

static void change_dest(struct damon_ctx *src)
{
	first_scheme(src)->migrate_dests.weight_arr[1] = 3;
}

static void (* const changes[])(struct damon_ctx *src) = {
	change_nothing, change_nr_regions, change_pause, change_pattern,
	change_action, change_nid, change_snapshots, change_sz, change_weight,
	change_goal, change_filter, change_dest,
};

/*
 * Commits each change, in both ways, and looks at @worn, which is what became of
 * a context, and at another one to which nothing happened.
 */
static void after_each(struct kunit *test,
		       void (*look)(struct kunit *test, struct damon_ctx *worn,
				    struct damon_ctx *same))
{
	unsigned int i, over;

	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		for (over = 0; over < 2; over++) {
			struct damon_ctx *worn = new_worn(test);
			struct damon_ctx *src = new_unworn(test, false);

			changes[i](src);
			KUNIT_ASSERT_EQ(test, over ? damon_hand_over_ctx(worn, src) :
					damon_commit_ctx(worn, src), 0);
			look(test, worn, new_worn(test));
			if (READ_ONCE(test->status) == KUNIT_FAILURE) {
				kunit_info(test, "after %ps()", changes[i]);
				return;
			}
		}
	}
}

static void look_at_regions(struct kunit *test, struct damon_ctx *worn,
			    struct damon_ctx *same)
{
	struct damon_target *t, *other_t;
	struct damon_region *r, *other;
	unsigned int i = 0, j;

	damon_for_each_target(t, same) {
		other_t = nth_target(worn, i++);
		KUNIT_ASSERT_NOT_NULL(test, other_t);
		KUNIT_ASSERT_EQ(test, damon_nr_regions(other_t), NR_WORN_REGIONS);
		j = 0;
		damon_for_each_region(r, t) {
			other = nth_region(other_t, j++);
			/* with the sample that is under way */
			KUNIT_EXPECT_MEMEQ(test, other, r,
					   offsetof(struct damon_region, list));
			KUNIT_EXPECT_EQ(test, rate_of(other), rate_of(r));
			KUNIT_EXPECT_EQ(test, worth_of(other), worth_of(r));
			KUNIT_EXPECT_EQ(test, other->nr_samples, r->nr_samples);
		}
	}
	KUNIT_EXPECT_NULL(test, nth_target(worn, i));
}

static void commit_keeps_regions(struct kunit *test)
{
	after_each(test, look_at_regions);
}

static void look_at_charges(struct kunit *test, struct damon_ctx *worn,
			    struct damon_ctx *same)
{
	unsigned int i;

	for (i = 0; i < NR_WORN; i++) {
		const struct damos_quota *q = &nth_scheme(worn, i)->quota;
		const struct damos_quota *want = &nth_scheme(same, i)->quota;

		KUNIT_EXPECT_MEMEQ(test, &q->work_sz, &want->work_sz,
				   offsetof(struct damos_quota, charge_target_from) -
				   offsetof(struct damos_quota, work_sz));
		KUNIT_EXPECT_MEMEQ(test, &q->charge_addr_from,
				   &want->charge_addr_from,
				   offsetof(struct damos_quota, esz_bp) -
				   offsetof(struct damos_quota, charge_addr_from));
		KUNIT_EXPECT_PTR_EQ(test, q->charge_target_from,
				    nth_target(worn, 1));
	}
}

static void commit_keeps_charges(struct kunit *test)
{
	after_each(test, look_at_charges);
}

static void look_at_tuned_quota(struct kunit *test, struct damon_ctx *worn,
				struct damon_ctx *same)
{
	unsigned int i;

	for (i = 0; i < NR_WORN; i++) {
		const struct damos_quota *q = &nth_scheme(worn, i)->quota;
		const struct damos_quota *want = &nth_scheme(same, i)->quota;

		KUNIT_EXPECT_EQ(test, q->esz, want->esz);
		KUNIT_EXPECT_EQ(test, q->esz_bp, want->esz_bp);
		KUNIT_EXPECT_EQ(test, q->esz_held, want->esz_held);
	}
}

static void commit_keeps_tuned_quota(struct kunit *test)
{
	after_each(test, look_at_tuned_quota);
}

static void look_at_goals(struct kunit *test, struct damon_ctx *worn,
			  struct damon_ctx *same)
{
	struct damos_quota_goal *goal, *want;
	struct damos_quota *q;
	unsigned int i;

	for (i = 0; i < NR_WORN; i++) {
		q = &nth_scheme(worn, i)->quota;
		KUNIT_EXPECT_EQ(test, q->goal_score, 8765);
		KUNIT_EXPECT_EQ(test, q->goal_step, -43);
		goal = list_first_entry(&q->goals, struct damos_quota_goal, list);
		damos_for_each_quota_goal(want, &nth_scheme(same, i)->quota) {
			KUNIT_EXPECT_EQ(test, goal->current_value,
					want->current_value);
			KUNIT_EXPECT_EQ(test, goal->last_psi_total,
					want->last_psi_total);
			goal = list_next_entry(goal, list);
		}
		KUNIT_EXPECT_TRUE(test, list_entry_is_head(goal, &q->goals, list));
	}
}

static void commit_keeps_goals(struct kunit *test)
{
	after_each(test, look_at_goals);
}

static void look_at_schemes(struct kunit *test, struct damon_ctx *worn,
			    struct damon_ctx *same)
{
	unsigned int i;

	for (i = 0; i < NR_WORN; i++) {
		struct damos *s = nth_scheme(worn, i), *want = nth_scheme(same, i);

		KUNIT_EXPECT_MEMEQ(test, &s->stat, &want->stat, sizeof(s->stat));
		KUNIT_EXPECT_FALSE(test, s->wmarks.activated);
		KUNIT_EXPECT_TRUE(test, s->walked);
	}
}

static void commit_keeps_stats(struct kunit *test)
{
	after_each(test, look_at_schemes);
}

static void look_at_deadlines(struct kunit *test, struct damon_ctx *worn,
			      struct damon_ctx *same)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, worn->next_sample_ns, same->next_sample_ns);
	KUNIT_EXPECT_EQ(test, worn->next_aggregation_ns, same->next_aggregation_ns);
	KUNIT_EXPECT_EQ(test, worn->next_ops_update_ns, same->next_ops_update_ns);
	for (i = 0; i < NR_WORN; i++)
		KUNIT_EXPECT_EQ(test, nth_scheme(worn, i)->next_apply_ns,
				nth_scheme(same, i)->next_apply_ns);
}

static void commit_keeps_deadlines(struct kunit *test)
{
	after_each(test, look_at_deadlines);
}

static void look_at_intervals(struct kunit *test, struct damon_ctx *worn,
			      struct damon_ctx *same)
{
	KUNIT_EXPECT_EQ(test, worn->attrs.sample_interval, 3000);
	KUNIT_EXPECT_EQ(test, worn->attrs.aggr_interval, 30000);
	KUNIT_EXPECT_EQ(test, worn->attrs.aggr_samples, 10);
	KUNIT_EXPECT_EQ(test, worn->tune_observed, same->tune_observed);
	KUNIT_EXPECT_EQ(test, worn->tune_windows, same->tune_windows);
}

static void commit_keeps_intervals(struct kunit *test)
{
	after_each(test, look_at_intervals);
}

/* The outer two of three targets keep what they have, each its own. */
static void commit_middle_obsolete(struct kunit *test)
{
	struct pid *pid = new_pid(test);
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damon_target *t, *outer[2];
	struct damon_region *r;
	unsigned int i, j = 0, refs = pid_refs(pid);

	dst->ops.id = DAMON_OPS_VADDR;
	src->ops.id = DAMON_OPS_VADDR;
	for (i = 0; i < 3; i++) {
		t = add_regions(test, dst, 4, 100 * (i + 1));
		t->pid = get_pid(pid);
		damon_for_each_region(r, t)
			wear_region(r, j++);
		if (i == 1) {
			/* what is obsolete need not even have a process */
			add_target(test, src)->obsolete = true;
			continue;
		}
		outer[i / 2] = t;
		add_process(test, src, pid);
	}
	KUNIT_ASSERT_EQ(test, damon_hand_over_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, pid_refs(pid), refs + 4);
	KUNIT_EXPECT_NULL(test, nth_target(dst, 2));
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_PTR_EQ(test, nth_target(dst, i), outer[i]);
		KUNIT_EXPECT_EQ(test, damon_nr_regions(outer[i]), 4);
		j = 8 * i;
		damon_for_each_region(r, outer[i]) {
			KUNIT_EXPECT_EQ(test, r->age, 10 + j);
			KUNIT_EXPECT_EQ(test, r->nr_accesses, 3 + j);
			KUNIT_EXPECT_EQ(test, rate_of(r), 4 + j++);
		}
	}
}

/* In other units the same numbers are other memory, of which nothing is known. */
static void commit_addr_unit(struct kunit *test)
{
	static const struct damon_addr_range want[] = { { 0, 200 }, {} };
	struct damon_addr_range ranges[] = { { 0, 200 }, {} };
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damon_target *t = add_regions(test, dst, 2, 100), *src_t;
	struct damon_region *r;

	dst->ops.id = DAMON_OPS_PADDR;
	src->ops.id = DAMON_OPS_PADDR;
	damon_for_each_region(r, t)
		wear_region(r, 0);
	src_t = add_target(test, src);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_ASSERT_EQ(test, damon_nr_regions(t), 2);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->age, 10);

	KUNIT_ASSERT_EQ(test, set_ranges(src_t, ranges, 1), 0);
	src->addr_unit = 4;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->addr_unit, 4);
	expect_ranges(test, t, want);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->age, 0);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->nr_accesses, 0);

	damon_destroy_regions(src_t);
	src->addr_unit = 1;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 0);
	/* no unit at all, and a grain that is no power of two, are refused */
	src->addr_unit = 0;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), -EINVAL);
	src->addr_unit = 3;
	src->min_region_sz = PAGE_SIZE / 3;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), -EINVAL);
	KUNIT_EXPECT_EQ(test, dst->addr_unit, 1);
}

/* another operations set: its regions, its processes, its set-up */
static void commit_operations(struct kunit *test)
{
	struct pid *pid = new_pid(test);
	unsigned int refs = pid_refs(pid);
	struct damon_ctx *dst = new_busy_ctx(test, pid);
	struct damon_ctx *src = new_src(test, dst);
	struct damon_addr_range ranges[] = { { 0, 50 }, {} };
	struct damon_target *t = nth_target(dst, 0), *src_t;

	src->ops.id = DAMON_OPS_PADDR;
	src_t = add_target(test, src);
	KUNIT_ASSERT_EQ(test, set_ranges(src_t, ranges, 1), 0);
	KUNIT_EXPECT_EQ(test, damon_hand_over_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->ops.id, DAMON_OPS_PADDR);
	KUNIT_EXPECT_EQ(test, pid_refs(pid), refs);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 0), t);
	KUNIT_EXPECT_NULL(test, nth_target(dst, 1));
	KUNIT_EXPECT_NULL(test, t->pid);
	expect_ranges(test, t, ranges);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->age, 0);
}

/* handing over */

static void hand_over_moves(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos_filter *old_filter, *new_filter;
	struct damos *old, *kept, *added;

	old = full_scheme(test, DAMOS_PAGEOUT, 1);
	damon_add_scheme(dst, old);
	kept = full_scheme(test, DAMOS_COLD, 2);
	added = full_scheme(test, DAMOS_STAT, 3);
	damon_add_scheme(src, kept);
	damon_add_scheme(src, added);
	old_filter = list_first_entry(&old->core_filters, struct damos_filter, list);
	new_filter = list_first_entry(&kept->core_filters, struct damos_filter, list);
	dst->now = NSEC_PER_SEC;
	KUNIT_ASSERT_EQ(test, damon_hand_over_ctx(dst, src), 0);

	/* the first one is the same still, with what the other one had */
	KUNIT_ASSERT_EQ(test, count_schemes(dst), 2);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(dst, 0), old);
	KUNIT_EXPECT_EQ(test, old->action, DAMOS_COLD);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&old->core_filters,
						   struct damos_filter, list),
			    new_filter);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(dst, 1), added);
	KUNIT_EXPECT_EQ(test, added->next_apply_ns, 4 * NSEC_PER_SEC);
	/* which has what was replaced */
	KUNIT_ASSERT_EQ(test, count_schemes(src), 1);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(src, 0), kept);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&kept->core_filters,
						   struct damos_filter, list),
			    old_filter);
}

/* A goal that a scheme is given does not stop it for the rest of the charge window. */
static void commit_first_goal(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *s = add_limited(test, dst, 150, 1000);

	add_space(test, dst, 0, 100);
	add_space(test, dst, 1000, 1100);
	add_target(test, src);
	add_target(test, src);
	pass_after(dst, 10);
	KUNIT_ASSERT_EQ(test, s->quota.esz, 150);
	give_goal(test, add_limited(test, src, 300, 1000), DAMOS_QUOTA_USER_INPUT, 1);
	KUNIT_ASSERT_EQ(test, damon_commit_ctx(dst, src), 0);
	pass_after(dst, 10);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 150);
	pass_after(dst, 1000);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 300);
}

static void hand_over_invalid(struct kunit *test)
{
	struct pid *pid = new_pid(test);
	struct damon_ctx *dst = new_busy_ctx(test, pid);
	struct damon_ctx *src = new_src(test, dst);
	struct ctx_image *before = take_image(test, dst, pid);
	unsigned int i;

	for (i = 0; i < 3; i++)
		damon_add_scheme(src, full_scheme(test, DAMOS_STAT, i + 1));
	src->addr_unit = 0;
	KUNIT_EXPECT_EQ(test, damon_hand_over_ctx(dst, src), -EINVAL);
	expect_unchanged(test, dst, before, pid);
	src->addr_unit = 1;
	for (i = 0; i < 3; i++)
		add_target(test, src)->obsolete = true;
	KUNIT_EXPECT_EQ(test, damon_hand_over_ctx(dst, src), -EINVAL);
	expect_unchanged(test, dst, before, pid);
}
