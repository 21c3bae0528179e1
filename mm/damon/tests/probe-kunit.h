/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about data attribute probes: when they are asked, what becomes of what
 * they have hit, and probes that a context cannot run with.  What filters say and
 * how hits are counted is in tools/testing/damon/probe-test.c.
 */

static struct damon_probe *give_probe(struct kunit *test, struct damon_ctx *ctx)
{
	struct damon_probe *probe = damon_new_probe();

	KUNIT_ASSERT_NOT_NULL(test, probe);
	damon_add_probe(ctx, probe);
	return probe;
}

static struct damon_filter *
give_probe_filter(struct kunit *test, struct damon_probe *probe,
		  enum damon_filter_type type, bool matching, bool allow)
{
	struct damon_filter *f = damon_new_filter(type, matching, allow);

	KUNIT_ASSERT_NOT_NULL(test, f);
	damon_add_filter(probe, f);
	return f;
}

static struct damon_probe *give_anon_probe(struct kunit *test,
					   struct damon_ctx *ctx)
{
	struct damon_probe *probe = give_probe(test, ctx);

	give_probe_filter(test, probe, DAMON_FILTER_TYPE_ANON, true, true);
	return probe;
}

static struct damon_probe *give_memcg_probe(struct kunit *test,
					    struct damon_ctx *ctx, u64 id)
{
	struct damon_probe *probe = give_probe(test, ctx);

	give_probe_filter(test, probe, DAMON_FILTER_TYPE_MEMCG, true,
			  true)->memcg_id = id;
	return probe;
}

static void probe_new(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_filter *first, *second;
	struct damon_probe *probe, *next;
	unsigned int bits;

	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->probes));
	for (bits = 0; bits < 8; bits++) {
		first = damon_new_filter(bits >> 2, bits & 1, bits & 2);
		KUNIT_ASSERT_NOT_NULL(test, first);
		KUNIT_EXPECT_EQ(test, first->type, bits >> 2);
		KUNIT_EXPECT_EQ(test, first->matching, !!(bits & 1));
		KUNIT_EXPECT_EQ(test, first->allow, !!(bits & 2));
		KUNIT_EXPECT_EQ(test, first->memcg_id, 0);
		damon_destroy_filter(first);
	}

	probe = give_probe(test, ctx);
	KUNIT_EXPECT_TRUE(test, list_empty(&probe->filters));
	first = give_probe_filter(test, probe, DAMON_FILTER_TYPE_ANON, 1, 1);
	second = give_probe_filter(test, probe, DAMON_FILTER_TYPE_MEMCG, 1, 1);
	KUNIT_EXPECT_PTR_EQ(test, list_next_entry(first, list), second);
	damon_destroy_filter(first);
	KUNIT_EXPECT_PTR_EQ(test, second, list_first_entry(&probe->filters,
							   struct damon_filter,
							   list));
	next = give_probe(test, ctx);
	KUNIT_EXPECT_PTR_EQ(test, list_next_entry(probe, list), next);
}

/* In the fake address space, what lies below this is anonymous. */
#define ANON_END	500

static bool fake_of_type(const struct damon_filter *f, void *arg)
{
	struct damon_region *r = arg;

	return f->type == DAMON_FILTER_TYPE_ANON && r->ar.end <= ANON_END;
}

static atomic_t nr_probings;

static void fake_apply_probes(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			damon_count_hits(ctx, r, fake_of_type, r);
	atomic_inc(&nr_probings);
}

static struct damon_ctx *new_probing_ctx(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	ctx->ops.apply_probes = fake_apply_probes;
	atomic_set(&nr_probings, 0);
	add_space(test, ctx, 0, ANON_END);
	add_space(test, ctx, ANON_END, 1000);
	return ctx;
}

static void probe_only_if_there_are(struct kunit *test)
{
	struct damon_ctx *ctx = new_probing_ctx(test);
	unsigned int nr_checks;

	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_checks) >= 5);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_probings), 0);

	give_anon_probe(test, ctx);
	add_space(test, ctx, 0, 100);
	nr_checks = atomic_read(&fake.nr_checks);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_checks) >= nr_checks + 5);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
	/* once for each of the checks, right after it */
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_probings),
			atomic_read(&fake.nr_checks) - nr_checks);

	/* an operations set need not have it */
	ctx->ops.apply_probes = NULL;
	add_space(test, ctx, 0, 100);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_checks) >= nr_checks + 10);
}

static void expect_hits(struct watch *w)
{
	struct damon_target *t;
	struct damon_region *r;

	w->nr_looks++;
	damon_for_each_target(t, w->ctx) {
		damon_for_each_region(r, t) {
			unsigned int want = r->ar.end <= ANON_END ? w->param : 0;

			if (r->probe_hits[0] != want)
				wrong(w, r->probe_hits[0], want);
			if (r->probe_hits[1] != w->param)
				wrong(w, r->probe_hits[1], w->param);
			if (r->probe_hits[2] || r->probe_hits[3])
				wrong(w, r->probe_hits[2], 0);
		}
	}
}

/* At the end of a window: all samples, or none. */
static void probe_windows(struct kunit *test)
{
	struct damon_ctx *ctx = new_probing_ctx(test);
	struct watch *w = new_watch(test, ctx);

	give_anon_probe(test, ctx);
	give_probe(test, ctx);
	give_memcg_probe(test, ctx, 7);
	w->at_end = expect_hits;
	w->param = damon_max_nr_accesses(&ctx->attrs);
	watch_windows(test, w, 10);
	end_watch(test, w);
}

/* A window may have more samples than a counter can count. */
static void probe_saturates(struct kunit *test)
{
	struct damon_ctx *ctx = new_probing_ctx(test);
	struct watch *w = new_watch(test, ctx);

	change_attrs(test, ctx, 100, 30000);
	give_anon_probe(test, ctx);
	give_probe(test, ctx);
	w->at_end = expect_hits;
	w->param = U8_MAX;
	watch_windows(test, w, 3);
	end_watch(test, w);
}

static void probe_invalid(struct kunit *test)
{
	struct damon_ctx *ctx = new_probing_ctx(test), *src = new_src(test, ctx);
	struct damon_probe *probe;
	struct damon_filter *f;
	unsigned int i;

	add_space(test, src, 0, ANON_END);
	for (i = 0; i < DAMON_MAX_PROBES; i++)
		give_anon_probe(test, src);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&ctx->probes), DAMON_MAX_PROBES);
	KUNIT_EXPECT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);

	/* one too many */
	probe = give_probe(test, src);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), -EINVAL);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&ctx->probes), DAMON_MAX_PROBES);
	KUNIT_EXPECT_EQ(test, start(test, src), -EINVAL);

	list_del(&probe->list);
	kfree(probe);
	probe = list_last_entry(&src->probes, struct damon_probe, list);
	f = list_first_entry(&probe->filters, struct damon_filter, list);
	f->type = DAMON_FILTER_TYPE_MEMCG + 1;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), -EINVAL);
	KUNIT_EXPECT_EQ(test, start(test, src), -EINVAL);
	f->type = -1;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), -EINVAL);
	f->type = DAMON_FILTER_TYPE_MEMCG;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), 0);
}

/* With weights, nobody looks for accesses, and regions tell of attributes. */
static void probe_weights(struct kunit *test)
{
	struct damon_ctx *ctx = new_probing_ctx(test);
	unsigned int nr_checks = atomic_read(&fake.nr_checks);
	unsigned int nr_prepares = atomic_read(&fake.nr_prepares);

	ctx->ops.id = DAMON_OPS_PADDR;
	give_anon_probe(test, ctx)->weight = 5;
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&nr_probings) >= 50);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_checks), nr_checks);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_prepares), nr_prepares);
}

static void probe_invalid_weights(struct kunit *test)
{
	struct damon_ctx *ctx = new_probing_ctx(test), *src = new_src(test, ctx);
	struct damon_probe *probe;

	add_space(test, src, 0, ANON_END);
	give_anon_probe(test, src);
	probe = give_anon_probe(test, src);
	probe->weight = 1;
	src->ops.id = DAMON_OPS_VADDR;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), -EINVAL);
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->probes));
	src->ops.id = DAMON_OPS_PADDR;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), 0);
	KUNIT_EXPECT_EQ(test, list_last_entry(&ctx->probes, struct damon_probe, list)->weight, 1);

	/* what 32 bits can hold of the hits of a window */
	change_attrs(test, src, 1000, 255000);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), 0);
	probe->weight = UINT_MAX / 255;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), 0);
	list_first_entry(&src->probes, struct damon_probe, list)->weight = 1;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), -EINVAL);
	KUNIT_EXPECT_EQ(test, start(test, src), -EINVAL);
	probe->weight--;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), 0);

	/* and a byte */
	change_attrs(test, src, 1000, 256000);
	probe->weight = 1;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), -EINVAL);
	KUNIT_EXPECT_EQ(test, start(test, src), -EINVAL);
	/* which does not matter without weights */
	probe->weight = 0;
	list_first_entry(&src->probes, struct damon_probe, list)->weight = 0;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), 0);
}

/* Probes are matched by their position, and the source keeps its own. */
static void commit_probes(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damon_target *t = add_regions(test, dst, 3, 10);
	struct damon_probe *probe;
	struct damon_filter *f;
	struct damon_region *r;

	add_target(test, src);
	give_anon_probe(test, src);
	give_memcg_probe(test, src, 7);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&dst->probes), 2);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&src->probes), 2);
	probe = list_last_entry(&dst->probes, struct damon_probe, list);
	f = list_first_entry(&probe->filters, struct damon_filter, list);
	KUNIT_EXPECT_EQ(test, f->type, DAMON_FILTER_TYPE_MEMCG);
	KUNIT_EXPECT_EQ(test, f->memcg_id, 7);
	KUNIT_EXPECT_TRUE(test, f->matching);
	KUNIT_EXPECT_TRUE(test, f->allow);

	/* one that has changed begins anew, one that has not goes on */
	damon_for_each_region(r, t)
		memset(r->probe_hits, 5, 2);
	probe = list_last_entry(&src->probes, struct damon_probe, list);
	f = list_first_entry(&probe->filters, struct damon_filter, list);
	f->memcg_id = 8;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	damon_for_each_region(r, t) {
		KUNIT_EXPECT_EQ(test, r->probe_hits[0], 5);
		KUNIT_EXPECT_EQ(test, r->probe_hits[1], 0);
	}

	damon_drop_probes(&src->probes);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&dst->probes));
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->probe_hits[0], 0);
}

struct probe_commit {
	struct damon_ctx *dst, *src;
};

static int do_commit_probes(void *data)
{
	struct probe_commit *c = data;

	return damon_commit_ctx(c->dst, c->src);
}

/* Probes come and go while samples are taken. */
static void commit_probes_online(struct kunit *test)
{
	struct damon_ctx *dst = new_probing_ctx(test), *src = new_src(test, dst);
	struct probe_commit c = { .dst = dst, .src = src };
	unsigned int i, before;

	add_target(test, src);
	add_target(test, src);
	KUNIT_ASSERT_EQ(test, start(test, dst), 0);
	for (i = 0; i < 10; i++) {
		if (i % 5 == 4)
			damon_drop_probes(&src->probes);
		else
			give_anon_probe(test, src);
		KUNIT_ASSERT_EQ(test, call(test, dst, do_commit_probes, &c), 0);
		before = atomic_read(&nr_probings);
		if (!list_empty(&src->probes))
			wait_until(test, atomic_read(&nr_probings) > before + 1);
	}
	KUNIT_EXPECT_EQ(test, stop(test, dst), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&dst->probes));
}

static void fault_in_new_probe(struct kunit *test)
{
	struct damon_filter *f;
	struct damon_probe *probe;

	needs_failslab(test);
	fail_allocation(1);
	probe = damon_new_probe();
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_NULL(test, probe);

	fail_allocation(1);
	f = damon_new_filter(DAMON_FILTER_TYPE_ANON, true, true);
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	KUNIT_EXPECT_NULL(test, f);
}

static void fault_in_commit_probes(struct kunit *test)
{
	struct damon_ctx *dst = new_ctx(test), *src = new_src(test, dst);
	struct damon_region *r = nth_region(add_regions(test, dst, 1, 10), 0);
	unsigned int nth, nr_failed = 0;
	bool failed = true;

	needs_failslab(test);
	add_target(test, src);
	give_anon_probe(test, src);
	give_memcg_probe(test, src, 7);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		int ret;

		damon_drop_probes(&dst->probes);
		give_memcg_probe(test, dst, 9);
		r->probe_hits[0] = 3;
		fail_allocation(nth);
		ret = damon_commit_ctx(dst, src);
		failed = allocation_failed();
		KUNIT_EXPECT_EQ(test, list_count_nodes(&dst->probes), ret ? 1 : 2);
		KUNIT_EXPECT_EQ(test, r->probe_hits[0], ret ? 3 : 0);
		if (ret) {
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			nr_failed++;
		}
	}
	KUNIT_EXPECT_FALSE(test, failed);
	/* the targets, two probes and their filters */
	KUNIT_EXPECT_EQ(test, nr_failed, 1 + 2 + 2);
}
