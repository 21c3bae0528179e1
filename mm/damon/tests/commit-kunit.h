/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about damon_commit_ctx(): what is taken over, what stays, and that a
 * commit that fails changes nothing.  Those about schemes are in
 * commit-schemes-kunit.h.
 */

/* A source for @dst: the same operations set, grain and attributes. */
static struct damon_ctx *new_src(struct kunit *test, struct damon_ctx *dst)
{
	struct damon_ctx *src = new_ctx(test);

	src->ops = dst->ops;
	src->min_region_sz = dst->min_region_sz;
	src->attrs = dst->attrs;
	return src;
}

static void commit_regions(struct kunit *test)
{
	static const struct damon_addr_range old[] = { { 10, 40 }, { 40, 60 }, {} };
	struct damon_addr_range new[] = { { 20, 30 }, {} };
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damon_target *t = add_space(test, dst, 10, 60), *src_t;
	struct damon_region *r = damon_first_region(t);

	KUNIT_ASSERT_NOT_NULL(test, damon_split_region_at(t, r, 30));
	r->nr_accesses = 7;
	r->age = 5;

	/* a source without regions says nothing about them */
	src_t = add_target(test, src);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	expect_ranges(test, t, old);

	KUNIT_ASSERT_EQ(test, set_ranges(src_t, new, 1), 0);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	expect_ranges(test, t, new);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->nr_accesses, 7);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->age, 5);
	/* and the source is as before */
	expect_ranges(test, src_t, new);
	KUNIT_EXPECT_EQ(test, damon_first_region(src_t)->nr_accesses, 0);
}

/* Touching regions of the source are one range: results are not torn. */
static void commit_touching_regions(struct kunit *test)
{
	static const struct damon_addr_range want[] = { { 0, 100 }, { 200, 300 }, {} };
	struct damon_addr_range holed[] = { { 0, 100 }, { 200, 300 }, {} };
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damon_target *t = add_target(test, dst), *src_t;
	struct damon_region *r;

	KUNIT_ASSERT_EQ(test, set_ranges(t, holed, 1), 0);
	damon_for_each_region(r, t)
		r->age = 9;
	src_t = add_regions(test, src, 10, 10);
	r = damon_new_region(200, 300);
	KUNIT_ASSERT_NOT_NULL(test, r);
	damon_add_region(r, src_t);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	expect_ranges(test, t, want);
	damon_for_each_region(r, t)
		KUNIT_EXPECT_EQ(test, r->age, 9);
}

static void commit_fields(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);

	src->min_region_sz = 8192;
	src->addr_unit = 16;
	src->pause = true;
	src->always_on = true;
	src->ops.update = NULL;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->min_region_sz, 8192);
	KUNIT_EXPECT_EQ(test, dst->addr_unit, 16);
	KUNIT_EXPECT_TRUE(test, dst->pause);
	KUNIT_EXPECT_TRUE(test, dst->always_on);
	KUNIT_EXPECT_NULL(test, dst->ops.update);
	src->pause = false;
	src->always_on = false;
	src->min_region_sz = 4096;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_FALSE(test, dst->pause);
	KUNIT_EXPECT_FALSE(test, dst->always_on);
	KUNIT_EXPECT_FALSE(test, dst->maybe_corrupted);
}

/* what schemes own */

static struct damos_quota_goal *give_goal(struct kunit *test, struct damos *s,
					  enum damos_quota_goal_metric metric,
					  unsigned long target_value)
{
	struct damos_quota_goal *goal = damos_new_quota_goal(metric, target_value);

	KUNIT_ASSERT_NOT_NULL(test, goal);
	damos_add_quota_goal(&s->quota, goal);
	return goal;
}

static struct damos_filter *give_filter(struct kunit *test, struct damos *s,
					enum damos_filter_type type,
					bool matching, bool allow)
{
	struct damos_filter *f = damos_new_filter(type, matching, allow);

	KUNIT_ASSERT_NOT_NULL(test, f);
	damos_add_filter(s, f);
	return f;
}

static void give_dests(struct kunit *test, struct damos *s, unsigned int nr)
{
	struct damos_migrate_dests *dests = &s->migrate_dests;
	unsigned int i;

	kfree(dests->node_id_arr);
	kfree(dests->weight_arr);
	*dests = (struct damos_migrate_dests){};
	if (!nr)
		return;
	dests->node_id_arr = kzalloc_objs(*dests->node_id_arr, nr);
	KUNIT_ASSERT_NOT_NULL(test, dests->node_id_arr);
	dests->weight_arr = kzalloc_objs(*dests->weight_arr, nr);
	KUNIT_ASSERT_NOT_NULL(test, dests->weight_arr);
	dests->nr_dests = nr;
	for (i = 0; i < nr; i++) {
		dests->node_id_arr[i] = nr + i;
		dests->weight_arr[i] = 100 * nr + i;
	}
}

/* Two goals, a filter of each type and two destinations, @n makes them differ. */
static void furnish(struct kunit *test, struct damos *s, unsigned int n)
{
	struct damos_quota_goal *goal;
	enum damos_filter_type type;
	struct damos_filter *f;

	goal = give_goal(test, s, DAMOS_QUOTA_USER_INPUT, 100 + n);
	goal->current_value = 50 + n;
	goal = give_goal(test, s, n % 2 ? DAMOS_QUOTA_NODE_MEMCG_USED_BP :
			 DAMOS_QUOTA_NODE_MEM_FREE_BP, 200 + n);
	goal->nid = n;
	goal->memcg_id = 1000ULL + n;
	for (type = 0; type < NR_DAMOS_FILTER_TYPES; type++) {
		f = give_filter(test, s, type, (n + type) & 1, (n + type) & 2);
		if (type == DAMOS_FILTER_TYPE_MEMCG)
			f->memcg_id = U64_MAX - n;
		else if (type == DAMOS_FILTER_TYPE_HUGEPAGE_SIZE)
			f->sz_range = (struct damon_size_range){ n, 2 * n };
		else if (type == DAMOS_FILTER_TYPE_ADDR)
			f->addr_range = (struct damon_addr_range){ n, 3 * n };
		else if (type == DAMOS_FILTER_TYPE_TARGET)
			f->target_idx = n;
	}
	give_dests(test, s, 2);
	s->migrate_dests.weight_arr[0] = n;
}

/* Contents of what the schemes of a context own, with where they are. */
struct owned_image {
	struct damos_quota_goal goals[8];
	struct damos_filter filters[32];
	unsigned int dests[16];
	unsigned int nr_goals, nr_filters, nr_dests;
};

static void add_to_image(struct kunit *test, struct owned_image *image,
			 struct damos *s)
{
	struct damos_quota_goal *goal;
	struct damos_filter *f;
	size_t i;

	damos_for_each_quota_goal(goal, &s->quota) {
		KUNIT_ASSERT_LT(test, image->nr_goals, ARRAY_SIZE(image->goals));
		memcpy(&image->goals[image->nr_goals++], goal, sizeof(*goal));
	}
	damos_for_each_core_filter(f, s) {
		KUNIT_ASSERT_LT(test, image->nr_filters,
				ARRAY_SIZE(image->filters));
		memcpy(&image->filters[image->nr_filters++], f, sizeof(*f));
	}
	damos_for_each_ops_filter(f, s) {
		KUNIT_ASSERT_LT(test, image->nr_filters,
				ARRAY_SIZE(image->filters));
		memcpy(&image->filters[image->nr_filters++], f, sizeof(*f));
	}
	for (i = 0; i < s->migrate_dests.nr_dests; i++) {
		KUNIT_ASSERT_LT(test, image->nr_dests + 1,
				ARRAY_SIZE(image->dests));
		image->dests[image->nr_dests++] = s->migrate_dests.node_id_arr[i];
		image->dests[image->nr_dests++] = s->migrate_dests.weight_arr[i];
	}
}

/* What a failed commit must not change. */
struct ctx_image {
	struct damon_attrs attrs;
	struct damon_operations ops;
	unsigned long addr_unit, min_region_sz;
	bool pause, maybe_corrupted;
	u64 deadlines[3];
	struct damon_target *targets[4];
	unsigned int nr_regions[4];
	unsigned int refs;
	struct damos schemes[4];
	unsigned int nr_schemes;
	struct owned_image owned;
};

static struct ctx_image *take_image(struct kunit *test, struct damon_ctx *ctx,
				    struct pid *pid)
{
	struct ctx_image *image = kunit_kzalloc(test, sizeof(*image), GFP_KERNEL);
	struct damon_target *t;
	struct damos *s;
	unsigned int i = 0;

	KUNIT_ASSERT_NOT_NULL(test, image);
	image->attrs = ctx->attrs;
	image->ops = ctx->ops;
	image->addr_unit = ctx->addr_unit;
	image->min_region_sz = ctx->min_region_sz;
	image->pause = ctx->pause;
	image->maybe_corrupted = ctx->maybe_corrupted;
	image->deadlines[0] = ctx->next_sample_ns;
	image->deadlines[1] = ctx->next_aggregation_ns;
	image->deadlines[2] = ctx->next_ops_update_ns;
	image->refs = pid ? pid_refs(pid) : 0;
	damon_for_each_target(t, ctx) {
		KUNIT_ASSERT_LT(test, i, 4);
		image->targets[i] = t;
		image->nr_regions[i++] = damon_nr_regions(t);
	}
	damon_for_each_scheme(s, ctx) {
		KUNIT_ASSERT_LT(test, image->nr_schemes, 4);
		image->schemes[image->nr_schemes++] = *s;
		add_to_image(test, &image->owned, s);
	}
	return image;
}

static void expect_unchanged(struct kunit *test, struct damon_ctx *ctx,
			     struct ctx_image *before, struct pid *pid)
{
	struct ctx_image *now = take_image(test, ctx, pid);

	KUNIT_EXPECT_MEMEQ(test, now, before, sizeof(*now));
	kunit_kfree(test, now);
}

/* A destination with two targets of a process and two schemes, in use. */
static struct damon_ctx *new_busy_ctx(struct kunit *test, struct pid *pid)
{
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int i;

	ctx->ops.id = DAMON_OPS_VADDR;
	ctx->now = NSEC_PER_SEC;
	ctx->next_sample_ns = ctx->now + 300;
	ctx->next_aggregation_ns = ctx->now + 5000;
	ctx->next_ops_update_ns = ctx->now + 7000;
	for (i = 0; i < 2; i++) {
		struct damon_target *t = add_space(test, ctx, 0, 100 * (i + 1));
		struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);

		t->pid = get_pid(pid);
		damon_first_region(t)->nr_accesses = 3 + i;
		damon_first_region(t)->nr_samples = 3 + i;
		damon_first_region(t)->age = 10 + i;
		s->quota.sz = 120;
		s->quota.reset_interval = 1000;
		s->stat.nr_tried = 10 + i;
		furnish(test, s, 7 + 2 * i);
	}
	return ctx;
}

static struct damon_target *add_process(struct kunit *test,
					struct damon_ctx *ctx, struct pid *pid)
{
	struct damon_target *t = add_target(test, ctx);

	t->pid = get_pid(pid);
	return t;
}

static void expect_refused(struct kunit *test, struct damon_ctx *dst,
			   struct damon_ctx *src, struct pid *pid)
{
	struct ctx_image *before = take_image(test, dst, pid);

	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), -EINVAL);
	expect_unchanged(test, dst, before, pid);
}

static void commit_invalid(struct kunit *test)
{
	static const unsigned long sizes[] = { 0, 6000, 4095, 4097, 3 };
	struct pid *pid = new_pid(test);
	struct damon_ctx *dst = new_busy_ctx(test, pid);
	struct damon_ctx *src = new_src(test, dst);
	struct damon_target *t;
	unsigned int i;

	add_process(test, src, pid);
	add_process(test, src, pid);
	src->pause = true;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		src->min_region_sz = sizes[i];
		expect_refused(test, dst, src, pid);
	}
	src->min_region_sz = 1;
	src->addr_unit = 0;
	expect_refused(test, dst, src, pid);
	src->addr_unit = 1;
	src->attrs.min_nr_regions = 2;
	expect_refused(test, dst, src, pid);
	src->attrs.min_nr_regions = 1001;
	expect_refused(test, dst, src, pid);
	src->attrs.min_nr_regions = 3;
	src->attrs.sample_interval = src->attrs.aggr_interval + 1;
	expect_refused(test, dst, src, pid);
	src->attrs.sample_interval = 1000;
	src->attrs.intervals_goal.aggrs = 1;
	expect_refused(test, dst, src, pid);
	src->attrs.intervals_goal.aggrs = 0;

	/* regions that are too close to each other for the grain */
	t = add_regions(test, src, 1, 100);
	src->min_region_sz = 64;
	KUNIT_ASSERT_NOT_NULL(test, damon_split_region_at(t, damon_first_region(t), 70));
	damon_first_region(t)->ar.end = 69;
	expect_refused(test, dst, src, pid);
	src->min_region_sz = 1;

	/* there is no fourth target that could be removed */
	add_process(test, src, pid)->obsolete = true;
	expect_refused(test, dst, src, pid);
}

static void commit_targets(struct kunit *test)
{
	struct pid *pid = new_pid(test);
	struct damon_ctx *dst = new_busy_ctx(test, pid);
	struct damon_ctx *src = new_src(test, dst);
	struct damon_target *first = nth_target(dst, 0);
	struct damon_target *second = nth_target(dst, 1), *t;
	struct damon_addr_range ranges[] = { { 5, 9 }, {} };

	/* one more */
	add_process(test, src, pid);
	add_process(test, src, pid);
	t = add_process(test, src, pid);
	KUNIT_ASSERT_EQ(test, set_ranges(t, ranges, 1), 0);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 0), first);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 1), second);
	KUNIT_ASSERT_NOT_NULL(test, nth_target(dst, 2));
	KUNIT_EXPECT_PTR_NE(test, nth_target(dst, 2), t);
	expect_ranges(test, nth_target(dst, 2), ranges);
	KUNIT_EXPECT_NULL(test, nth_target(dst, 3));

	/* the one in the middle goes, the others keep their results */
	t = nth_target(dst, 2);
	nth_target(src, 1)->obsolete = true;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 0), first);
	KUNIT_EXPECT_EQ(test, damon_first_region(first)->nr_accesses, 3);
	KUNIT_EXPECT_EQ(test, damon_first_region(first)->age, 10);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 1), t);
	KUNIT_EXPECT_NULL(test, nth_target(dst, 2));

	/* what the source does not have goes, too */
	damon_destroy_target(nth_target(src, 2), src);
	damon_destroy_target(nth_target(src, 1), src);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 0), first);
	KUNIT_EXPECT_NULL(test, nth_target(dst, 1));
	damon_destroy_target(nth_target(src, 0), src);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(dst));
}

static void commit_pids(struct kunit *test)
{
	struct pid *old = new_pid(test), *new = new_pid(test);
	unsigned int old_refs = pid_refs(old), new_refs = pid_refs(new);
	struct damon_ctx *dst = new_busy_ctx(test, old);
	struct damon_ctx *src = new_src(test, dst);

	KUNIT_EXPECT_EQ(test, pid_refs(old), old_refs + 2);
	add_process(test, src, old);
	add_process(test, src, new);
	add_process(test, src, new);
	KUNIT_EXPECT_EQ(test, pid_refs(new), new_refs + 2);
	/* the destination has references of its own */
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, pid_refs(old), old_refs + 2);
	KUNIT_EXPECT_EQ(test, pid_refs(new), new_refs + 4);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 0)->pid, old);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 1)->pid, new);
	KUNIT_EXPECT_PTR_EQ(test, nth_target(dst, 2)->pid, new);
	/* what was found out about one process is not true of another one */
	KUNIT_EXPECT_EQ(test, damon_nr_regions(nth_target(dst, 0)), 1);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(nth_target(dst, 1)), 0);

	/* and drops those that it does not need any more */
	nth_target(src, 1)->obsolete = true;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, pid_refs(new), new_refs + 3);

	damon_destroy_target(nth_target(src, 2), src);
	damon_destroy_target(nth_target(src, 1), src);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, pid_refs(new), new_refs);
	KUNIT_EXPECT_EQ(test, pid_refs(old), old_refs + 2);

	/* physical memory has no process */
	src->ops.id = DAMON_OPS_PADDR;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_NULL(test, nth_target(dst, 0)->pid);
	KUNIT_EXPECT_EQ(test, pid_refs(old), old_refs + 1);
}

/* attributes */

static void commit_same_attrs(struct kunit *test)
{
	struct pid *pid = new_pid(test);
	struct damon_ctx *dst = new_busy_ctx(test, pid);
	struct damon_ctx *src = new_src(test, dst);
	struct damon_region *r = damon_first_region(nth_target(dst, 0));
	struct damon_attrs attrs = dst->attrs;
	u64 apply = dst->now + 2222;
	unsigned int i;

	add_process(test, src, pid);
	add_process(test, src, pid);
	list_first_entry(&dst->schemes, struct damos, list)->next_apply_ns = apply;
	for (i = 0; i < 2; i++)
		add_scheme(test, src, DAMOS_PAGEOUT);
	r->rate = 8;
	r->worth = 40;
	r->nr_samples = 5;
	for (i = 0; i < 3; i++) {
		dst->now += 1000;
		/* what damon_set_attrs() fills in is not for users to set */
		src->attrs.aggr_samples = 0;
		KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	}
	KUNIT_EXPECT_MEMEQ(test, &dst->attrs, &attrs, sizeof(attrs));
	KUNIT_EXPECT_EQ(test, dst->next_sample_ns, NSEC_PER_SEC + 300);
	KUNIT_EXPECT_EQ(test, dst->next_aggregation_ns, NSEC_PER_SEC + 5000);
	KUNIT_EXPECT_EQ(test, dst->next_ops_update_ns, NSEC_PER_SEC + 7000);
	KUNIT_EXPECT_EQ(test, list_first_entry(&dst->schemes, struct damos,
					       list)->next_apply_ns, apply);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 3);
	KUNIT_EXPECT_EQ(test, rate_of(r), 8);
	KUNIT_EXPECT_EQ(test, worth_of(r), 40);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 5);
	KUNIT_EXPECT_EQ(test, r->age, 10);
}

static void commit_new_attrs(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damon_target *t = add_space(test, dst, 0, 100);
	struct damon_region *r = damon_first_region(t);

	add_target(test, src);
	r->nr_accesses = 4;
	r->age = 40;
	src->attrs.aggr_interval = 40000;
	src->attrs.max_nr_regions = 77;
	src->attrs.aggr_samples = 0;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->attrs.aggr_interval, 40000);
	KUNIT_EXPECT_EQ(test, dst->attrs.max_nr_regions, 77);
	KUNIT_EXPECT_EQ(test, dst->attrs.aggr_samples, 40);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 16);
	KUNIT_EXPECT_EQ(test, r->age, 10);
	KUNIT_EXPECT_EQ(test, src->attrs.aggr_samples, 0);
}

/* Intervals that tuned themselves are not undone by what the user said once. */
static void commit_keeps_tuned(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);

	add_space(test, dst, 0, 100);
	add_target(test, src);
	set_goal(test, dst, 400, 1);
	src->attrs = dst->attrs;
	tune_intervals(dst, 0);
	KUNIT_ASSERT_EQ(test, dst->attrs.sample_interval, 20000);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->attrs.sample_interval, 20000);
	/* something else that is new counts for itself */
	src->attrs.max_nr_regions = 500;
	src->attrs.aggr_samples = 0;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->attrs.sample_interval, 20000);
	KUNIT_EXPECT_EQ(test, dst->attrs.aggr_interval, 400000);
	KUNIT_EXPECT_EQ(test, dst->attrs.aggr_samples, 20);
	KUNIT_EXPECT_EQ(test, dst->attrs.max_nr_regions, 500);
	/* handed back as they are, and then told once more */
	src->attrs = dst->attrs;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->attrs.sample_interval, 20000);
	src->attrs.max_nr_regions = 600;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->attrs.sample_interval, 20000);
	/* new intervals count, and so does a new goal */
	src->attrs.sample_interval = 4000;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->attrs.sample_interval, 4000);
	tune_intervals(dst, 0);
	KUNIT_ASSERT_EQ(test, dst->attrs.sample_interval, 16000);
	src->attrs.intervals_goal.max_sample_us = 6000;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, dst->attrs.sample_interval, 4000);
}

/* in a running kdamond */

struct online_commit {
	struct damon_ctx *dst, *src;
};

static int do_commit(void *data)
{
	struct online_commit *commit = data;

	return damon_commit_ctx(commit->dst, commit->src);
}

static int commit_online(struct kunit *test, struct damon_ctx *dst,
			 struct damon_ctx *src)
{
	struct online_commit commit = { dst, src };
	struct job *job = begin_call(test, dst, do_commit, &commit);

	KUNIT_EXPECT_EQ(test, finish(test, job), 0);
	return job->call.return_code;
}

static void commit_while_running(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	unsigned int i;

	add_space(test, dst, 0, 3000);
	add_target(test, src);
	KUNIT_ASSERT_EQ(test, start(test, dst), 0);
	for (i = 0; i < 20; i++) {
		add_scheme(test, src, i % 2 ? DAMOS_STAT : DAMOS_PAGEOUT);
		add_space(test, src, 10000 * i, 10000 * i + 5000);
		src->attrs.aggr_interval = 5000 + 1000 * (i % 3);
		src->attrs.min_nr_regions = 3 + i;
		KUNIT_ASSERT_EQ(test, commit_online(test, dst, src), 0);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 21);
	wait_until(test, fake.nr_actions > 100);
	/* what is wrong is refused, and changes nothing */
	src->min_region_sz = 3;
	KUNIT_EXPECT_EQ(test, commit_online(test, dst, src), -EINVAL);
	KUNIT_EXPECT_TRUE(test, damon_is_running(dst));
	KUNIT_EXPECT_EQ(test, call(test, dst, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, stop(test, dst), 0);
	KUNIT_EXPECT_EQ(test, count_schemes(dst), 20);
}

/* The set-up is repeated for what needs regions, and for nothing else. */
static void commit_nothing_new(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);

	add_space(test, dst, 0, 3000);
	add_target(test, src);
	KUNIT_ASSERT_EQ(test, start(test, dst), 0);
	KUNIT_EXPECT_EQ(test, commit_online(test, dst, src), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 1);
	src->attrs.min_nr_regions++;
	KUNIT_EXPECT_EQ(test, commit_online(test, dst, src), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 2);
	KUNIT_EXPECT_EQ(test, commit_online(test, dst, src), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 2);
	add_target(test, src);
	KUNIT_EXPECT_EQ(test, commit_online(test, dst, src), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 3);
	KUNIT_EXPECT_EQ(test, stop(test, dst), 0);
}

/* Committing all the time must not keep windows from ending. */
static void commit_all_the_time(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct watch *w = new_watch(test, dst);
	unsigned int i;

	add_space(test, dst, 0, 3000);
	add_target(test, src);
	KUNIT_ASSERT_EQ(test, start(test, dst), 0);
	KUNIT_ASSERT_EQ(test, damon_call(dst, &w->control), 0);
	for (i = 0; i < 2000 && READ_ONCE(w->nr_windows) < 5; i++) {
		src->attrs.aggr_interval = i % 2 ? 10000 : 10001;
		KUNIT_ASSERT_EQ(test, commit_online(test, dst, src), 0);
	}
	KUNIT_EXPECT_GE(test, w->nr_windows, 5);
	KUNIT_ASSERT_EQ(test, stop(test, dst), 0);
	kfree(w);
}
