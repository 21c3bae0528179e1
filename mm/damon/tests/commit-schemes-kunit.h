/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about what damon_commit_ctx() and damos_commit_quota_goals() do with
 * schemes and with what these own: goals, filters, migration destinations.
 */

static struct damos *full_scheme(struct kunit *test, enum damos_action action,
				 unsigned int n)
{
	struct damos_access_pattern pattern = {
		n, n + 1, n + 2, n + 3, n + 4, n + 5
	};
	struct damos_quota quota = {
		.reset_interval = 1000 + n, .ms = n, .sz = 4096 * n,
		.goal_tuner = n % 2 ? DAMOS_QUOTA_GOAL_TUNER_CONSIST :
				      DAMOS_QUOTA_GOAL_TUNER_TEMPORAL,
		.fail_charge_num = n, .fail_charge_denom = 1024 * n,
		.weight_sz = n + 1, .weight_nr_accesses = n + 2,
		.weight_age = n + 3,
	};
	struct damos_watermarks wmarks = {
		.metric = n % 2 ? DAMOS_WMARK_FREE_MEM_RATE : DAMOS_WMARK_NONE,
		.interval = 900 - n, .high = 100 - n, .mid = 50 - n, .low = n,
	};
	struct damos *s = damon_new_scheme(&pattern, action, n * USEC_PER_SEC,
					   &quota, &wmarks, n);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->max_nr_snapshots = 7 * n;
	furnish(test, s, n);
	return s;
}

static void expect_same_goals(struct kunit *test, struct damos_quota *a,
			      struct damos_quota *b)
{
	struct damos_quota_goal *goal, *other;

	KUNIT_ASSERT_EQ(test, list_count_nodes(&a->goals),
			list_count_nodes(&b->goals));
	other = list_first_entry(&b->goals, struct damos_quota_goal, list);
	damos_for_each_quota_goal(goal, a) {
		KUNIT_EXPECT_PTR_NE(test, goal, other);
		KUNIT_EXPECT_EQ(test, goal->metric, other->metric);
		KUNIT_EXPECT_EQ(test, goal->target_value, other->target_value);
		KUNIT_EXPECT_EQ(test, goal->nid, other->nid);
		KUNIT_EXPECT_EQ(test, goal->memcg_id, other->memcg_id);
		if (goal->metric == DAMOS_QUOTA_USER_INPUT)
			KUNIT_EXPECT_EQ(test, goal->current_value,
					other->current_value);
		other = list_next_entry(other, list);
	}
}

static void expect_same_filters(struct kunit *test, struct list_head *a,
				struct list_head *b)
{
	struct damos_filter *f, *other;

	KUNIT_ASSERT_EQ(test, list_count_nodes(a), list_count_nodes(b));
	other = list_first_entry(b, struct damos_filter, list);
	list_for_each_entry(f, a, list) {
		KUNIT_EXPECT_PTR_NE(test, f, other);
		/* all but where it is linked */
		KUNIT_EXPECT_MEMEQ(test, f, other,
				   offsetof(struct damos_filter, list));
		other = list_next_entry(other, list);
	}
}

static void expect_same_dests(struct kunit *test, struct damos_migrate_dests *a,
			      struct damos_migrate_dests *b)
{
	size_t i;

	KUNIT_ASSERT_EQ(test, a->nr_dests, b->nr_dests);
	if (!a->nr_dests) {
		KUNIT_EXPECT_NULL(test, a->node_id_arr);
		KUNIT_EXPECT_NULL(test, a->weight_arr);
		return;
	}
	KUNIT_EXPECT_PTR_NE(test, a->node_id_arr, b->node_id_arr);
	KUNIT_EXPECT_PTR_NE(test, a->weight_arr, b->weight_arr);
	for (i = 0; i < a->nr_dests; i++) {
		KUNIT_EXPECT_EQ(test, a->node_id_arr[i], b->node_id_arr[i]);
		KUNIT_EXPECT_EQ(test, a->weight_arr[i], b->weight_arr[i]);
	}
}

static void expect_same_scheme(struct kunit *test, struct damos *a,
			       struct damos *b)
{
	KUNIT_EXPECT_MEMEQ(test, &a->pattern, &b->pattern, sizeof(a->pattern));
	KUNIT_EXPECT_EQ(test, a->action, b->action);
	KUNIT_EXPECT_EQ(test, a->apply_interval_us, b->apply_interval_us);
	KUNIT_EXPECT_EQ(test, a->target_nid, b->target_nid);
	KUNIT_EXPECT_EQ(test, a->max_nr_snapshots, b->max_nr_snapshots);
	KUNIT_EXPECT_EQ(test, a->quota.reset_interval, b->quota.reset_interval);
	KUNIT_EXPECT_EQ(test, a->quota.ms, b->quota.ms);
	KUNIT_EXPECT_EQ(test, a->quota.sz, b->quota.sz);
	KUNIT_EXPECT_EQ(test, a->quota.goal_tuner, b->quota.goal_tuner);
	KUNIT_EXPECT_EQ(test, a->quota.fail_charge_num, b->quota.fail_charge_num);
	KUNIT_EXPECT_EQ(test, a->quota.fail_charge_denom,
			b->quota.fail_charge_denom);
	KUNIT_EXPECT_EQ(test, a->quota.weight_sz, b->quota.weight_sz);
	KUNIT_EXPECT_EQ(test, a->quota.weight_nr_accesses,
			b->quota.weight_nr_accesses);
	KUNIT_EXPECT_EQ(test, a->quota.weight_age, b->quota.weight_age);
	KUNIT_EXPECT_EQ(test, a->wmarks.metric, b->wmarks.metric);
	KUNIT_EXPECT_EQ(test, a->wmarks.interval, b->wmarks.interval);
	KUNIT_EXPECT_EQ(test, a->wmarks.high, b->wmarks.high);
	KUNIT_EXPECT_EQ(test, a->wmarks.mid, b->wmarks.mid);
	KUNIT_EXPECT_EQ(test, a->wmarks.low, b->wmarks.low);
	expect_same_goals(test, &a->quota, &b->quota);
	expect_same_filters(test, &a->core_filters, &b->core_filters);
	expect_same_filters(test, &a->ops_filters, &b->ops_filters);
	expect_same_dests(test, &a->migrate_dests, &b->migrate_dests);
}

static struct damos *nth_scheme(struct damon_ctx *ctx, unsigned int n)
{
	struct damos *s;

	damon_for_each_scheme(s, ctx)
		if (!n--)
			return s;
	return NULL;
}

static void commit_schemes(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *first;
	unsigned int i;

	/* none, some, others, fewer, none again */
	for (i = 1; i <= 3; i++)
		damon_add_scheme(src, full_scheme(test, DAMOS_PAGEOUT, i));
	dst->now = NSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_ASSERT_EQ(test, count_schemes(dst), 3);
	for (i = 0; i < 3; i++) {
		expect_same_scheme(test, nth_scheme(dst, i), nth_scheme(src, i));
		/* due for the first time a whole interval later */
		KUNIT_EXPECT_EQ(test, nth_scheme(dst, i)->next_apply_ns,
				(i + 2) * NSEC_PER_SEC);
	}

	first = nth_scheme(dst, 0);
	for (i = 0; i < 3; i++)
		damon_destroy_scheme(nth_scheme(src, 0));
	for (i = 4; i <= 5; i++)
		damon_add_scheme(src, full_scheme(test, DAMOS_MIGRATE_HOT, i));
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_ASSERT_EQ(test, count_schemes(dst), 2);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(dst, 0), first);
	for (i = 0; i < 2; i++)
		expect_same_scheme(test, nth_scheme(dst, i), nth_scheme(src, i));

	for (i = 0; i < 2; i++)
		damon_destroy_scheme(nth_scheme(src, 0));
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, count_schemes(dst), 0);
}

static void commit_keeps_results(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *s = add_limited(test, dst, 150, 1000);
	struct damos_stat stat;
	struct damos *src_s;

	add_regions(test, dst, 4, 100);
	add_target(test, src);
	src_s = add_limited(test, src, 150, 1000);
	src_s->pattern.max_age_region = 1000;
	pass_after(dst, 10);
	KUNIT_ASSERT_EQ(test, s->quota.charged_sz, 150);
	stat = s->stat;

	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, s->pattern.max_age_region, 1000);
	KUNIT_EXPECT_MEMEQ(test, &s->stat, &stat, sizeof(stat));
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 150);
	/* the window goes on, and so does the place to take over at */
	pass_after(dst, 10);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried, 2);
	pass_after(dst, 1000);
	expect_action(test, 2, 150, 200);

	/* a larger limit holds in the window under way */
	src_s->quota.sz = 250;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	pass_after(dst, 10);
	KUNIT_EXPECT_EQ(test, s->quota.esz, 250);
	KUNIT_EXPECT_EQ(test, fake.sz_actions, 150 + 250);
}

/* The place to take over at goes away with its target. */
static void commit_forgets_place(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *s = add_limited(test, dst, 150, 10);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		add_space(test, dst, i * 1000, i * 1000 + 100);
		add_target(test, src);
	}
	add_limited(test, src, 150, 10);
	pass_after(dst, 10);
	KUNIT_ASSERT_PTR_EQ(test, s->quota.charge_target_from, nth_target(dst, 1));
	nth_target(src, 1)->obsolete = true;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_NULL(test, s->quota.charge_target_from);
	pass_after(dst, 10);
	expect_action(test, 2, 0, 100);
	expect_action(test, 3, 2000, 2050);
}

static void commit_apply_interval(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *src_s = add_scheme(test, src, DAMOS_STAT), *s;

	dst->now = NSEC_PER_SEC;
	src_s->apply_interval_us = 500000;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	s = nth_scheme(dst, 0);
	KUNIT_EXPECT_EQ(test, s->next_apply_ns, 1500 * NSEC_PER_MSEC);

	/* the same again does not put it off */
	dst->now += 400 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, s->next_apply_ns, 1500 * NSEC_PER_MSEC);
	/* a shorter one holds at once, a longer one next time */
	src_s->apply_interval_us = 20000;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, s->next_apply_ns, 1420 * NSEC_PER_MSEC);
	src_s->apply_interval_us = 900000;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, s->next_apply_ns, 1420 * NSEC_PER_MSEC);
}

/* goals */

static void commit_goal_lists(struct kunit *test)
{
	static const unsigned int nrs[] = { 0, 3, 1, 5, 0, 2 };
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *src_s = add_scheme(test, src, DAMOS_STAT), *s;
	struct damos_quota_goal *goal, *next;
	unsigned int i, j;

	add_scheme(test, dst, DAMOS_STAT);
	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		damos_for_each_quota_goal_safe(goal, next, &src_s->quota)
			damos_destroy_quota_goal(goal);
		for (j = 0; j < nrs[i]; j++) {
			/* each metric in the place of each other one */
			goal = give_goal(test, src_s, (i + 2 * j) %
					 NR_DAMOS_QUOTA_GOAL_METRICS, 1 + j);
			goal->current_value = 5 * i + j;
			goal->nid = j + 1;
			goal->memcg_id = 1000 + j;
		}
		KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
		s = nth_scheme(dst, 0);
		expect_same_goals(test, &s->quota, &src_s->quota);
	}
}

static void commit_keeps_measured(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *s = add_scheme(test, dst, DAMOS_STAT);
	struct damos *src_s = add_scheme(test, src, DAMOS_STAT);
	struct damos_quota_goal *goal, *src_goal;
	unsigned int old, new;

	goal = give_goal(test, s, 0, 1);
	src_goal = give_goal(test, src_s, 0, 1);
	src_goal->nid = 3;
	src_goal->memcg_id = 4;
	for (old = 0; old < NR_DAMOS_QUOTA_GOAL_METRICS; old++) {
		for (new = 0; new < NR_DAMOS_QUOTA_GOAL_METRICS; new++) {
			goal = list_first_entry(&s->quota.goals,
						struct damos_quota_goal, list);
			goal->metric = old;
			goal->current_value = 77;
			goal->last_psi_total = 88;
			src_goal->metric = new;
			src_goal->current_value = 55;
			src_goal->target_value = 10 * old + new + 1;
			KUNIT_ASSERT_EQ(test, damon_commit_ctx(dst, src), 0);

			goal = list_first_entry(&s->quota.goals,
						struct damos_quota_goal, list);
			expect_same_goals(test, &s->quota, &src_s->quota);
			KUNIT_EXPECT_EQ(test, goal->current_value,
					new == DAMOS_QUOTA_USER_INPUT ? 55 :
					new == old ? 77 : 0);
			KUNIT_EXPECT_EQ(test, goal->last_psi_total,
					new == old ? 88 : U64_MAX);
		}
	}
	KUNIT_EXPECT_EQ(test, src_goal->current_value, 55);
}

static void commit_goals_alone(struct kunit *test)
{
	struct damos *dst = new_scheme(test, DAMOS_STAT);
	struct damos *src = new_scheme(test, DAMOS_STAT);
	struct damos_quota_goal *goal;
	struct damos_quota before;

	dst->quota.sz = 5;
	src->quota.sz = 6;
	KUNIT_EXPECT_EQ(test, damos_commit_quota_goals(&dst->quota, &src->quota), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&dst->quota.goals));
	furnish(test, src, 1);
	KUNIT_EXPECT_EQ(test, damos_commit_quota_goals(&dst->quota, &src->quota), 0);
	expect_same_goals(test, &dst->quota, &src->quota);
	KUNIT_EXPECT_EQ(test, dst->quota.sz, 5);

	/* feedback from the user, again and again */
	goal = list_first_entry(&src->quota.goals, struct damos_quota_goal, list);
	goal->current_value = 99;
	list_last_entry(&dst->quota.goals, struct damos_quota_goal,
			list)->current_value = 33;
	KUNIT_EXPECT_EQ(test, damos_commit_quota_goals(&dst->quota, &src->quota), 0);
	expect_same_goals(test, &dst->quota, &src->quota);
	KUNIT_EXPECT_EQ(test, list_last_entry(&dst->quota.goals,
					      struct damos_quota_goal,
					      list)->current_value, 33);

	before = dst->quota;
	goal = list_last_entry(&src->quota.goals, struct damos_quota_goal, list);
	goal->target_value = 0;
	KUNIT_EXPECT_EQ(test, damos_commit_quota_goals(&dst->quota, &src->quota),
			-EINVAL);
	goal->target_value = 1;
	goal->metric = NR_DAMOS_QUOTA_GOAL_METRICS;
	KUNIT_EXPECT_EQ(test, damos_commit_quota_goals(&dst->quota, &src->quota),
			-EINVAL);
	KUNIT_EXPECT_MEMEQ(test, &dst->quota, &before, sizeof(before));
	damon_destroy_scheme(dst);
	damon_destroy_scheme(src);
}

/* filters */

static void commit_filter_lists(struct kunit *test)
{
	static const unsigned int nrs[] = { 0, 4, 1, 9, 0, 2 };
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *src_s = add_scheme(test, src, DAMOS_STAT), *s;
	struct damos_filter *f, *next;
	unsigned int i, j;

	s = add_scheme(test, dst, DAMOS_STAT);
	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		damos_for_each_core_filter_safe(f, next, src_s)
			damos_destroy_filter(f);
		damos_for_each_ops_filter_safe(f, next, src_s)
			damos_destroy_filter(f);
		for (j = 0; j < nrs[i]; j++) {
			f = give_filter(test, src_s, (3 * i + 5 * j) %
					NR_DAMOS_FILTER_TYPES, j & 1, (i + j) & 2);
			f->sz_range = (struct damon_size_range){ j, 100 + j };
		}
		KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
		expect_same_filters(test, &s->core_filters, &src_s->core_filters);
		expect_same_filters(test, &s->ops_filters, &src_s->ops_filters);
		KUNIT_EXPECT_EQ(test, list_count_nodes(&s->core_filters) +
				list_count_nodes(&s->ops_filters), nrs[i]);
	}
}

/* Each type takes the place of each other one, in the list it belongs to. */
static void commit_filter_types(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *s = add_scheme(test, dst, DAMOS_STAT);
	struct damos *src_s = add_scheme(test, src, DAMOS_STAT);
	enum damos_filter_type old, new;
	struct damos_filter *f;
	unsigned int bits;

	for (old = 0; old < NR_DAMOS_FILTER_TYPES; old++) {
		for (new = 0; new < NR_DAMOS_FILTER_TYPES; new++) {
			bits = old + new;
			f = give_filter(test, src_s, old, bits & 1, bits & 2);
			KUNIT_ASSERT_EQ(test, damon_commit_ctx(dst, src), 0);
			damos_destroy_filter(f);

			f = give_filter(test, src_s, new, !(bits & 1), bits & 4);
			f->sz_range = (struct damon_size_range){ old, 100 + new };
			KUNIT_ASSERT_EQ(test, damon_commit_ctx(dst, src), 0);
			expect_same_filters(test, &s->core_filters,
					    &src_s->core_filters);
			expect_same_filters(test, &s->ops_filters,
					    &src_s->ops_filters);
			KUNIT_EXPECT_EQ(test, damos_filter_for_ops(new),
					list_empty(&s->core_filters));
			damos_destroy_filter(f);
		}
	}
}

/* What memory without a filter's word gets follows the filters at once. */
static void commit_default_reject(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *s = add_scheme(test, dst, DAMOS_STAT);
	struct damos *src_s = add_scheme(test, src, DAMOS_STAT);
	struct damos_filter *f;
	unsigned long end = 1;

	f = give_filter(test, src_s, DAMOS_FILTER_TYPE_TARGET, true, true);
	f->target_idx = 1;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 1, 0, &end), DAMOS_REJECT);
	f->allow = false;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 1, 0, &end), DAMOS_ADMIT);
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 1, 1, 0, &end), DAMOS_REJECT);
}

/* destinations */

static void commit_dests(struct kunit *test)
{
	static const unsigned int nrs[] = { 0, 2, 2, 7, 1, 0, 0, 3 };
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *src_s = add_scheme(test, src, DAMOS_MIGRATE_HOT), *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		give_dests(test, src_s, nrs[i]);
		src_s->target_nid = i;
		KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
		s = nth_scheme(dst, 0);
		KUNIT_ASSERT_NOT_NULL(test, s);
		KUNIT_EXPECT_EQ(test, s->migrate_dests.nr_dests, nrs[i]);
		KUNIT_EXPECT_EQ(test, s->target_nid, i);
		expect_same_dests(test, &s->migrate_dests, &src_s->migrate_dests);
	}
}

/* other state */

static void commit_wmarks(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *src_s = add_scheme(test, src, DAMOS_STAT), *s;
	unsigned long *limits[] = {
		&src_s->wmarks.interval, &src_s->wmarks.high,
		&src_s->wmarks.mid, &src_s->wmarks.low,
	};
	unsigned int i;

	src_s->wmarks.metric = DAMOS_WMARK_FREE_MEM_RATE;
	/* who made the source may not have said it */
	src_s->wmarks.activated = false;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	s = nth_scheme(dst, 0);
	KUNIT_EXPECT_TRUE(test, s->wmarks.activated);

	/* what is the same switches nothing, neither on nor off */
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_TRUE(test, s->wmarks.activated);
	s->wmarks.activated = false;
	src_s->wmarks.activated = true;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_FALSE(test, s->wmarks.activated);

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		s->wmarks.activated = false;
		*limits[i] += 10;
		KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
		KUNIT_EXPECT_TRUE(test, s->wmarks.activated);
	}
	s->wmarks.activated = false;
	src_s->wmarks.metric = DAMOS_WMARK_NONE;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_TRUE(test, s->wmarks.activated);
}

static void commit_keeps_scheme_state(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *s = full_scheme(test, DAMOS_PAGEOUT, 1);
	int token;

	damon_add_scheme(dst, s);
	damon_add_scheme(src, full_scheme(test, DAMOS_COLD, 2));
	nth_scheme(src, 0)->quota.goal_tuner = s->quota.goal_tuner;
	s->quota.esz = 11;
	s->quota.esz_bp = 12;
	s->quota.charged_sz = 13;
	s->quota.window_start_ns = 14;
	s->quota.window_open = true;
	s->quota.min_score = 15;
	s->quota.charge_addr_from = 16;
	s->stat.sz_applied = 17;
	s->last_applied = &token;
	s->walked = true;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(dst, 0), s);
	expect_same_scheme(test, s, nth_scheme(src, 0));
	KUNIT_EXPECT_EQ(test, s->quota.esz, 11);
	KUNIT_EXPECT_EQ(test, s->quota.esz_bp, 12);
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 13);
	KUNIT_EXPECT_EQ(test, s->quota.window_start_ns, 14);
	KUNIT_EXPECT_TRUE(test, s->quota.window_open);
	KUNIT_EXPECT_EQ(test, s->quota.min_score, 15);
	KUNIT_EXPECT_EQ(test, s->quota.charge_addr_from, 16);
	KUNIT_EXPECT_EQ(test, s->stat.sz_applied, 17);
	KUNIT_EXPECT_PTR_EQ(test, s->last_applied, (void *)&token);
	KUNIT_EXPECT_TRUE(test, s->walked);

	/* another tuner starts over when the charge window ends */
	nth_scheme(src, 0)->quota.goal_tuner = !s->quota.goal_tuner;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, s->quota.esz_bp, 12);
	KUNIT_EXPECT_TRUE(test, s->quota.start_over);
	KUNIT_EXPECT_EQ(test, s->quota.charged_sz, 13);
}

static void commit_many_schemes(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damos *s, *other;
	unsigned int i;

	for (i = 1; i <= 100; i++)
		damon_add_scheme(src, full_scheme(test, DAMOS_STAT, i));
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, damon_commit_ctx(dst, src), 0);
		KUNIT_ASSERT_EQ(test, count_schemes(dst), 100);
		other = nth_scheme(src, 0);
		damon_for_each_scheme(s, dst) {
			expect_same_scheme(test, s, other);
			other = list_next_entry(other, list);
		}
	}
}

/* what is refused */

/* Neither a commit takes the second scheme of @src, nor a start. */
static void expect_flaw(struct kunit *test, struct damon_ctx *dst,
			struct damon_ctx *src, struct pid *pid,
			const char *what)
{
	struct ctx_image *before = take_image(test, dst, pid);

	KUNIT_EXPECT_EQ_MSG(test, damon_commit_ctx(dst, src), -EINVAL, "%s", what);
	expect_unchanged(test, dst, before, pid);
	KUNIT_EXPECT_EQ_MSG(test, damon_start(&src, 1, false), -EINVAL, "%s", what);
	kunit_kfree(test, before);
}

#define EXPECT_FLAW(lvalue, bad)					\
do {									\
	typeof(lvalue) good = (lvalue);					\
									\
	(lvalue) = (bad);						\
	expect_flaw(test, dst, src, pid, #lvalue " = " #bad);		\
	(lvalue) = good;						\
} while (0)

static void commit_invalid_scheme(struct kunit *test)
{
	struct pid *pid = new_pid(test);
	struct damon_ctx *dst = new_busy_ctx(test, pid);
	struct damon_ctx *src = new_src(test, dst);
	struct damos_filter *addr, *target, *size, *anon;
	struct damos_quota_goal *goal;
	struct damos *s;

	add_process(test, src, pid);
	add_process(test, src, pid);
	add_scheme(test, src, DAMOS_STAT);
	s = add_scheme(test, src, DAMOS_STAT);
	goal = give_goal(test, s, DAMOS_QUOTA_USER_INPUT, 1);
	target = give_filter(test, s, DAMOS_FILTER_TYPE_TARGET, true, true);
	addr = give_filter(test, s, DAMOS_FILTER_TYPE_ADDR, true, true);
	anon = give_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, true);
	size = give_filter(test, s, DAMOS_FILTER_TYPE_HUGEPAGE_SIZE, true, true);
	give_dests(test, s, 2);

	EXPECT_FLAW(s->action, NR_DAMOS_ACTIONS);
	EXPECT_FLAW(s->action, (enum damos_action)-1);
	EXPECT_FLAW(s->wmarks.metric, NR_DAMOS_WMARK_METRICS);
	EXPECT_FLAW(s->quota.goal_tuner, DAMOS_QUOTA_GOAL_TUNER_TEMPORAL + 1);
	EXPECT_FLAW(goal->metric, NR_DAMOS_QUOTA_GOAL_METRICS);
	EXPECT_FLAW(goal->target_value, 0);
	/* which is a question for physical memory only */
	EXPECT_FLAW(goal->metric, DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP);
	EXPECT_FLAW(anon->type, NR_DAMOS_FILTER_TYPES);
	EXPECT_FLAW(anon->type, DAMOS_FILTER_TYPE_ADDR);
	EXPECT_FLAW(target->type, DAMOS_FILTER_TYPE_YOUNG);
	EXPECT_FLAW(addr->addr_range.start, 1);
	EXPECT_FLAW(size->sz_range.min, 1);
	EXPECT_FLAW(s->migrate_dests.node_id_arr, NULL);
	EXPECT_FLAW(s->migrate_dests.weight_arr, NULL);

	/* nothing else is wrong with it, and much may look odd */
	s->pattern.min_age_region = 5;
	s->pattern.max_age_region = 4;
	target->target_idx = 1000;
	addr->addr_range = (struct damon_addr_range){ 7, 7 };
	size->sz_range = (struct damon_size_range){ 7, 7 };
	memset(s->migrate_dests.weight_arr, 0, 2 * sizeof(unsigned int));
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	goal->metric = DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP;
	src->ops.id = DAMON_OPS_PADDR;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
}
