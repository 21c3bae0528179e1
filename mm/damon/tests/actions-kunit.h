/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-actions": scores, filters, batches, and the actions of the
 * physical address space, on memory that the test itself maps.
 */

#include <kunit/test.h>
#include <linux/memcontrol.h>
#include <linux/mm_inline.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>

#include "../walk-leaves.h"
#include "mappings-kunit.h"

/* fixtures */

static unsigned long map_memory(struct kunit *test, unsigned long size)
{
	return map_pages(test, size / PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static struct folio *new_folio(struct kunit *test)
{
	return lru_folio_at(test, map_memory(test, PAGE_SIZE));
}

/* A folio of more than one page, or the test is skipped. */
static struct folio *new_large_folio(struct kunit *test)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	unsigned long addr = map_memory(test, 2 * HPAGE_PMD_SIZE);
	struct folio *folio;

	addr = round_up(addr, HPAGE_PMD_SIZE);
	do_madvise(current->mm, addr, HPAGE_PMD_SIZE, MADV_HUGEPAGE);
	folio = lru_folio_at(test, addr);
	if (folio_nr_pages(folio) > 1)
		return folio;
#endif
	kunit_skip(test, "no large folio to be had");
	return NULL;
}

static void free_ctx(void *ctx)
{
	damon_destroy_ctx(ctx);
}

static struct damon_ctx *new_ctx(struct kunit *test)
{
	struct damon_ctx *ctx = damon_new_ctx();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_ctx, ctx));
	return ctx;
}

static struct damos *new_scheme(struct kunit *test, struct damon_ctx *ctx,
				enum damos_action action)
{
	struct damos_access_pattern pattern = {};
	struct damos_watermarks wmarks = {};
	struct damos_quota quota = {};
	struct damos *s;

	s = damon_new_scheme(&pattern, action, 0, &quota, &wmarks, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, s);
	damon_add_scheme(ctx, s);
	return s;
}

static struct damos_filter *add_filter(struct kunit *test, struct damos *s,
				       enum damos_filter_type type,
				       bool matching, bool allow)
{
	struct damos_filter *f = damos_new_filter(type, matching, allow);

	KUNIT_ASSERT_NOT_NULL(test, f);
	/* not damos_add_filter(): also those that do not belong there */
	list_add_tail(&f->list, &s->ops_filters);
	return f;
}

/* Applies a scheme to page frames, [@start, @end). */
static unsigned long apply_to(struct damon_ctx *ctx, struct damos *s,
			      unsigned long start, unsigned long end,
			      unsigned long *passed)
{
	struct damon_region r = {
		.ar = { .start = start * PAGE_SIZE, .end = end * PAGE_SIZE },
	};

	*passed = 0;
	return damon_paddr_apply_scheme(ctx, NULL, &r, s, passed);
}

/* scores */

struct score_case {
	unsigned int nr, max;		/* accesses */
	unsigned int age;		/* 100 ms */
	unsigned int weight_nr, weight_age;
	int hot;
};

static const struct score_case score_cases[] = {
	{ 0, 20, 0, 1, 1, 24 },
	{ 0, 20, 1200, 1, 1, 18 },
	{ 0, 20, 36000, 1, 1, 14 },
	{ 20, 20, 0, 1, 1, 74 },
	{ 20, 20, 1200, 1, 1, 79 },
	{ 10, 20, 100, 1, 1, 52 },
	{ 1, 20, 50, 1, 1, 28 },
	{ 1, 200, 50, 1, 1, 21 },
	{ 20, 20, 1200, 0, 0, 0 },
	/* one weight is all that counts, even the largest */
	{ 20, 20, 0, UINT_MAX, 0, 99 },
	{ 0, 20, UINT_MAX, UINT_MAX, 0, 0 },
	{ 20, 20, UINT_MAX, 0, UINT_MAX, 94 },
	{ 20, 20, 1200, UINT_MAX, UINT_MAX, 79 },
	/* more than there can be is all */
	{ UINT_MAX, 20, 0, 1, 1, 74 },
};

static void score_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_PAGEOUT);
	int i;

	for (i = 0; i < ARRAY_SIZE(score_cases); i++) {
		const struct score_case *c = &score_cases[i];
		struct damon_region r = {
			.nr_accesses = c->nr,
			.nr_samples = c->max,
			.age = c->age,
		};

		ctx->attrs.aggr_interval = 100000;
		ctx->attrs.sample_interval = 100000 / c->max;
		s->quota.weight_nr_accesses = c->weight_nr;
		s->quota.weight_age = c->weight_age;
		KUNIT_EXPECT_EQ_MSG(test, damon_hot_score(ctx, &r, s), c->hot,
				    "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, damon_cold_score(ctx, &r, s),
				    DAMOS_MAX_SCORE - c->hot, "case %d", i);
	}
}

static void score_extremes_test(struct kunit *test)
{
	static const unsigned long intervals[] = {
		0, 1, USEC_PER_SEC, LONG_MAX, ULONG_MAX,
	};
	static const unsigned int numbers[] = { 0, 1, INT_MAX, UINT_MAX };
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_PAGEOUT);
	int n = ARRAY_SIZE(numbers), m = ARRAY_SIZE(intervals), i;

	for (i = 0; i < n * n * n * n * m * m; i++) {
		struct damon_region r = {
			.nr_accesses = numbers[i % n],
			.age = numbers[i / n % n],
		};
		int hot, cold;

		s->quota.weight_nr_accesses = numbers[i / n / n % n];
		s->quota.weight_age = numbers[i / n / n / n % n];
		ctx->attrs.aggr_interval = intervals[i / n / n / n / n % m];
		ctx->attrs.sample_interval = intervals[i / n / n / n / n / m];
		hot = damon_hot_score(ctx, &r, s);
		cold = damon_cold_score(ctx, &r, s);
		KUNIT_ASSERT_GE_MSG(test, hot, 0, "case %d", i);
		KUNIT_ASSERT_LE_MSG(test, hot, DAMOS_MAX_SCORE, "case %d", i);
		KUNIT_ASSERT_EQ_MSG(test, hot + cold, DAMOS_MAX_SCORE,
				    "case %d", i);
	}
}

static void score_of_actions_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_PAGEOUT);
	struct damon_region r = {};
	int hot, cold;

	s->quota.weight_age = 1;
	r.age = 1U << 20;
	hot = damon_hot_score(ctx, &r, s);
	cold = damon_cold_score(ctx, &r, s);
	KUNIT_ASSERT_LT(test, hot, cold);
	for (s->action = 0; s->action < NR_DAMOS_ACTIONS; s->action++) {
		int score = damon_paddr_score(ctx, &r, s);

		switch (s->action) {
		case DAMOS_PAGEOUT:
		case DAMOS_LRU_DEPRIO:
		case DAMOS_MIGRATE_COLD:
			KUNIT_EXPECT_EQ(test, score, cold);
			break;
		case DAMOS_LRU_PRIO:
		case DAMOS_MIGRATE_HOT:
			KUNIT_EXPECT_EQ(test, score, hot);
			break;
		default:
			KUNIT_EXPECT_EQ(test, score, DAMOS_MAX_SCORE);
		}
	}
}

/* filters */

static bool is_young(struct folio *folio, void *arg)
{
	return *(bool *)arg;
}

/* What one filter says about a folio that is of its type, or is not. */
static void expect_type(struct kunit *test, struct damos *s,
			struct folio *folio, bool *young, bool of_type)
{
	struct damos_filter *f = list_first_entry(&s->ops_filters,
						  struct damos_filter, list);
	int i;

	for (i = 0; i < 4; i++) {
		bool matches;

		f->matching = i & 1;
		f->allow = i & 2;
		matches = f->matching == of_type;
		/* what it does not speak about gets the opposite */
		KUNIT_EXPECT_EQ_MSG(test, matches == f->allow,
				    damos_admits_folio(s, folio, is_young, young),
				    "type %d, case %d", f->type, i);
	}
}

static void filter_types_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_STAT);
	struct damos_filter *f = add_filter(test, s, DAMOS_FILTER_TYPE_ANON,
					    true, true);
	struct folio *folio = new_folio(test);
	bool young = false;

	expect_type(test, s, folio, &young, true);

	f->type = DAMOS_FILTER_TYPE_YOUNG;
	expect_type(test, s, folio, &young, false);
	young = true;
	expect_type(test, s, folio, &young, true);

	f->type = DAMOS_FILTER_TYPE_UNMAPPED;
	expect_type(test, s, folio, &young, false);

	f->type = DAMOS_FILTER_TYPE_ACTIVE;
	expect_type(test, s, folio, &young, damon_lru_active(folio));

	f->type = DAMOS_FILTER_TYPE_HUGEPAGE_SIZE;
	f->sz_range = (struct damon_size_range){ PAGE_SIZE, PAGE_SIZE };
	expect_type(test, s, folio, &young, true);
	f->sz_range = (struct damon_size_range){ PAGE_SIZE + 1, ULONG_MAX };
	expect_type(test, s, folio, &young, false);
	f->sz_range = (struct damon_size_range){ 0, PAGE_SIZE - 1 };
	expect_type(test, s, folio, &young, false);
}

static void filter_memcg_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_STAT);
	struct damos_filter *f = add_filter(test, s, DAMOS_FILTER_TYPE_MEMCG,
					    true, true);
	struct folio *folio = new_folio(test);
	struct mem_cgroup *memcg;
	bool young = false;

	scoped_guard(rcu) {
		memcg = folio_memcg_check(folio);
		if (memcg)
			f->memcg_id = mem_cgroup_id(memcg);
	}
	if (!memcg)
		kunit_skip(test, "no memory cgroups");
	expect_type(test, s, folio, &young, true);
	f->below = true;
	expect_type(test, s, folio, &young, true);
	f->memcg_id++;
	expect_type(test, s, folio, &young, false);
	f->below = false;
	expect_type(test, s, folio, &young, false);
}

static void filter_order_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_STAT);
	struct folio *folio = new_folio(test);
	struct damos_filter *f;
	bool young = true;

	/* without filters everything is admitted */
	KUNIT_EXPECT_EQ(test, DAMOS_ADMIT,
			damos_judge_folio(s, folio, is_young, &young));
	/* the core's filters never match here */
	f = add_filter(test, s, DAMOS_FILTER_TYPE_ADDR, false, true);
	KUNIT_EXPECT_EQ(test, DAMOS_REJECT,
			damos_judge_folio(s, folio, is_young, &young));
	f->type = DAMOS_FILTER_TYPE_TARGET;
	f->allow = false;
	KUNIT_EXPECT_EQ(test, DAMOS_ADMIT,
			damos_judge_folio(s, folio, is_young, &young));
	/* the first one that matches decides */
	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, true, true);
	f = add_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, false);
	KUNIT_EXPECT_EQ(test, DAMOS_ALLOW,
			damos_judge_folio(s, folio, is_young, &young));
	young = false;
	KUNIT_EXPECT_EQ(test, DAMOS_REJECT,
			damos_judge_folio(s, folio, is_young, &young));
	/* the last one decides about the rest */
	f->matching = false;
	KUNIT_EXPECT_EQ(test, DAMOS_ADMIT,
			damos_judge_folio(s, folio, is_young, &young));
	f->allow = true;
	KUNIT_EXPECT_EQ(test, DAMOS_REJECT,
			damos_judge_folio(s, folio, is_young, &young));
	/* unless the core has decided already */
	s->core_filters_allowed = true;
	KUNIT_EXPECT_TRUE(test, damos_admits_folio(s, folio, is_young, &young));
}

static void young_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, PAGE_SIZE);
	struct folio *folio = lru_folio_at(test, addr);

	KUNIT_EXPECT_TRUE(test, damos_folio_young(folio, NULL));
	KUNIT_EXPECT_FALSE(test, damos_folio_young(folio, NULL));
	touch_for_sure(test, addr);
	KUNIT_EXPECT_TRUE(test, damos_folio_young(folio, NULL));
	KUNIT_EXPECT_FALSE(test, damos_folio_young(folio, NULL));
	/* nothing can be found out */
	folio_lock(folio);
	KUNIT_EXPECT_TRUE(test, damos_folio_young(folio, NULL));
	folio_unlock(folio);
}

/* All filters of a scheme see the same, although looking makes it old. */
static void young_twice_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, PAGE_SIZE);
	struct folio *folio = lru_folio_at(test, addr);
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_STAT);

	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, false, false);
	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, true, true);
	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, damos_judge_folio(s, folio, damos_folio_young, NULL),
			DAMOS_ALLOW);
	KUNIT_EXPECT_EQ(test, damos_judge_folio(s, folio, damos_folio_young, NULL),
			DAMOS_REJECT);
}

/* batches */

/* Exactly, with what CPUs have not added up yet. */
static long nr_isolated(void)
{
	long sum = 0;
	int nid, item;

	for_each_node_state(nid, N_MEMORY) {
		struct pglist_data *pgdat = NODE_DATA(nid);

		for (item = NR_ISOLATED_ANON; item <= NR_ISOLATED_FILE; item++) {
			int cpu __maybe_unused;

			sum += atomic_long_read(&pgdat->vm_stat[item]);
#ifdef CONFIG_SMP
			for_each_online_cpu(cpu)
				sum += per_cpu_ptr(pgdat->per_cpu_nodestats,
						   cpu)->vm_node_stat_diff[item];
#endif
		}
	}
	return sum;
}

static void expect_empty(struct kunit *test, struct damon_batch *batch)
{
	KUNIT_EXPECT_TRUE(test, list_empty(&batch->folios));
	KUNIT_EXPECT_EQ(test, batch->nr_pages, 0);
}

static void batch_take_test(struct kunit *test)
{
	static const int nids[] = { NUMA_NO_NODE, MAX_NUMNODES, INT_MIN, INT_MAX };
	struct folio *folio = new_folio(test);
	long isolated = nr_isolated();
	struct damon_batch batch;
	int i;

	damon_batch_init(&batch);
	KUNIT_EXPECT_EQ(test, damon_batch_migrate(&batch, NUMA_NO_NODE), 0);
	KUNIT_EXPECT_EQ(test, damon_batch_reclaim(&batch), 0);
	for (i = 0; i < ARRAY_SIZE(nids); i++) {
		int nr_refs = folio_ref_count(folio);

		KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, folio, false));
		KUNIT_EXPECT_EQ(test, batch.nr_pages, folio_nr_pages(folio));
		KUNIT_EXPECT_EQ(test, nr_isolated(), isolated + 1);
		KUNIT_EXPECT_EQ(test, folio_ref_count(folio), nr_refs + 1);
		/* it cannot be taken twice */
		KUNIT_EXPECT_FALSE(test, damon_batch_take(&batch, folio, false));

		KUNIT_EXPECT_EQ(test, damon_batch_migrate(&batch, nids[i]), 0);
		expect_empty(test, &batch);
		KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);
		lru_add_drain_all();
		KUNIT_EXPECT_TRUE(test, folio_test_lru(folio));
		KUNIT_EXPECT_EQ(test, folio_ref_count(folio), nr_refs);
	}
}

static void batch_unevictable_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, PAGE_SIZE);
	struct folio *folio = lru_folio_at(test, addr);
	long isolated = nr_isolated();
	struct damon_batch batch;

	damon_batch_init(&batch);
	folio_set_unevictable(folio);
	KUNIT_EXPECT_FALSE(test, damon_batch_take(&batch, folio, true));
	folio_clear_unevictable(folio);
	expect_empty(test, &batch);
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);
	KUNIT_EXPECT_TRUE(test, folio_test_lru(folio));
}

/* Without content there is nothing to swap, so this works without swap, too. */
static void batch_reclaim_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 2 * PAGE_SIZE);
	struct folio *folio = lru_folio_at(test, addr);
	struct folio *busy = lru_folio_at(test, addr + PAGE_SIZE);
	long isolated = nr_isolated();
	struct damon_batch batch;

	do_madvise(current->mm, addr, 2 * PAGE_SIZE, MADV_FREE);
	lru_add_drain_all();
	folio_get(busy);
	damon_batch_init(&batch);
	KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, folio, true));
	KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, busy, true));
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated + 2);

	KUNIT_EXPECT_EQ(test, damon_batch_reclaim(&batch), 1);
	expect_empty(test, &batch);
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);
	lru_add_drain_all();
	KUNIT_EXPECT_TRUE(test, folio_test_lru(busy));
	folio_put(busy);
}

static int other_node(struct kunit *test, const struct folio *folio)
{
	int nid;

	for_each_node_state(nid, N_MEMORY)
		if (nid != folio_nid(folio))
			return nid;
	kunit_skip(test, "there is one node only");
	return NUMA_NO_NODE;
}

static void batch_migrate_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 2 * PAGE_SIZE);
	struct folio *folio = lru_folio_at(test, addr);
	struct folio *busy = lru_folio_at(test, addr + PAGE_SIZE);
	int from = folio_nid(folio), to = other_node(test, folio);
	long isolated = nr_isolated();
	struct damon_batch batch;

	damon_batch_init(&batch);
	folio_lock(busy);
	KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, folio, false));
	KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, busy, false));
	KUNIT_EXPECT_EQ(test, damon_batch_migrate(&batch, to), 1);
	folio_unlock(busy);
	expect_empty(test, &batch);
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);
	KUNIT_EXPECT_EQ(test, folio_nid(lru_folio_at(test, addr)), to);
	KUNIT_EXPECT_PTR_EQ(test, lru_folio_at(test, addr + PAGE_SIZE), busy);
	KUNIT_EXPECT_EQ(test, folio_nid(busy), from);

	/* to where it is already */
	folio = lru_folio_at(test, addr);
	KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, folio, false));
	KUNIT_EXPECT_EQ(test, damon_batch_migrate(&batch, to), 0);
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);
	KUNIT_EXPECT_PTR_EQ(test, lru_folio_at(test, addr), folio);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static void free_huge_pages(void *arg)
{
	struct list_head *pages = arg;
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		__free_pages(page, HPAGE_PMD_ORDER);
	}
}

/* Leaves nothing of a node but blocks that are smaller than a huge page. */
static void fragment(struct kunit *test, int nid, struct list_head *taken)
{
	gfp_t gfp = (GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC |
		__GFP_NOWARN | __GFP_THISNODE | __GFP_COMP;
	struct page *page;

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_huge_pages,
							   taken));
	while ((page = alloc_pages_node(nid, gfp, HPAGE_PMD_ORDER)))
		list_add(&page->lru, taken);
}

/* What a node has no block for stays a huge page, and keeps nobody else away. */
static void batch_migrate_huge_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, PAGE_SIZE);
	struct folio *huge = new_large_folio(test);
	unsigned long nr_pages = folio_nr_pages(huge);
	int from = folio_nid(huge), to = other_node(test, huge);
	long isolated = nr_isolated();
	struct list_head *taken;
	struct damon_batch batch;
	struct folio *small;

	taken = kunit_kzalloc(test, sizeof(*taken), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, taken);
	INIT_LIST_HEAD(taken);
	fragment(test, to, taken);
	small = lru_folio_at(test, addr);
	damon_batch_init(&batch);
	KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, huge, false));
	KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, small, false));
	/* there may be no room for the small one either */
	KUNIT_EXPECT_LE(test, damon_batch_migrate(&batch, to), 1);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, folio_nr_pages(huge), nr_pages);
	KUNIT_EXPECT_EQ(test, folio_nid(huge), from);
	KUNIT_EXPECT_TRUE(test, folio_test_lru(huge));
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);

	/* as soon as it has one, it does not */
	free_huge_pages(taken);
	KUNIT_ASSERT_TRUE(test, damon_batch_take(&batch, huge, false));
	KUNIT_EXPECT_EQ(test, damon_batch_migrate(&batch, to), nr_pages);
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);
}
#endif

/* folios of a region */

static void iter_one_test(struct kunit *test)
{
	struct folio *folio = new_folio(test), *found;
	unsigned long phys = folio_pfn(folio) * PAGE_SIZE;
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region r = {};
	struct folio_iter iter;

	/* from within the page to within the page */
	r.ar.start = phys + 100;
	r.ar.end = phys + 300;
	iter_begin(&iter, ctx, &r);
	found = next_folio(&iter);
	KUNIT_ASSERT_PTR_EQ(test, found, folio);
	KUNIT_EXPECT_EQ(test, overlap(&iter, found), 200);
	folio_put(found);
	KUNIT_EXPECT_NULL(test, next_folio(&iter));

	ctx->addr_unit = 4;
	r.ar.start = phys / 4;
	r.ar.end = phys / 4 + 1;
	iter_begin(&iter, ctx, &r);
	found = next_folio(&iter);
	KUNIT_ASSERT_PTR_EQ(test, found, folio);
	KUNIT_EXPECT_EQ(test, overlap(&iter, found), 4);
	folio_put(found);
	KUNIT_EXPECT_NULL(test, next_folio(&iter));
}

static void iter_beyond_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region r = {
		.ar = { .start = ULONG_MAX - 4095, .end = ULONG_MAX },
	};
	struct folio_iter iter;
	unsigned long any;

	for (ctx->addr_unit = 1; ctx->addr_unit; ctx->addr_unit <<= 21) {
		iter_begin(&iter, ctx, &r);
		if (iter.start >> PAGE_SHIFT > highest_memmap_pfn)
			KUNIT_EXPECT_NULL(test, next_folio(&iter));
	}
	ctx->addr_unit = ULONG_MAX;
	iter_begin(&iter, ctx, &r);
	KUNIT_EXPECT_NULL(test, next_folio(&iter));
	KUNIT_EXPECT_EQ(test, 0, damon_paddr_size_on_node(ctx, &r, 0, 1, &any));
	KUNIT_EXPECT_EQ(test, any, 0);
}

/* Everything once, in order, without a look at every page. */
static void iter_all_test(struct kunit *test)
{
	struct folio *folio = new_folio(test), *found;
	unsigned long last_pfn = 0, nr_found = 0, nr = 0, nr_ours = 0;
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region r = { .ar = { .start = 0, .end = ULONG_MAX } };
	struct folio_iter iter;

	iter_begin(&iter, ctx, &r);
	while ((found = next_folio(&iter))) {
		if (nr++)
			KUNIT_ASSERT_GT(test, folio_pfn(found), last_pfn);
		last_pfn = folio_pfn(found);
		nr_found += folio_nr_pages(found);
		nr_ours += found == folio;
		folio_put(found);
	}
	KUNIT_EXPECT_EQ(test, nr_ours, 1);
	KUNIT_EXPECT_LE(test, iter.nr_lookups, highest_memmap_pfn);
	KUNIT_EXPECT_LT(test, iter.nr_lookups - nr,
			(highest_memmap_pfn - nr_found) / 2);
}

static void iter_large_test(struct kunit *test)
{
	struct folio *folio = new_large_folio(test), *found;
	unsigned long pfn = folio_pfn(folio), nr = folio_nr_pages(folio);
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region r = {};
	struct folio_iter iter;

	r.ar.start = (pfn + 1) * PAGE_SIZE;
	r.ar.end = (pfn + nr - 1) * PAGE_SIZE;
	iter_begin(&iter, ctx, &r);
	found = next_folio(&iter);
	KUNIT_ASSERT_PTR_EQ(test, found, folio);
	KUNIT_EXPECT_EQ(test, overlap(&iter, found), (nr - 2) * PAGE_SIZE);
	/* on to the first page behind it, wherever it was entered */
	KUNIT_EXPECT_EQ(test, iter.pfn, pfn + nr);
	folio_put(found);
	KUNIT_EXPECT_NULL(test, next_folio(&iter));
}

static unsigned long behind_nothing(struct kunit *test, unsigned long pfn)
{
	KUNIT_EXPECT_NULL(test, damon_seek_folio(&pfn));
	return pfn;
}

/* Not what is no folio on an LRU list, whatever its size. */
static void iter_skip_test(struct kunit *test)
{
	unsigned int order = min(3, MAX_PAGE_ORDER);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
	unsigned long pfn, end;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pfn = page_to_pfn(page);
	end = pfn + (1UL << order);
	KUNIT_EXPECT_EQ(test, behind_nothing(test, pfn), end);
	KUNIT_EXPECT_EQ(test, behind_nothing(test, end - 1), end);
	__free_pages(page, order);
}

/* actions */

static void stat_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_STAT);
	unsigned long pfn = folio_pfn(new_folio(test)), passed;
	struct damos_filter *f;

	/* without filters there is nothing to find out */
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 0);
	f = add_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, true);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
	f->allow = false;
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 0);
	s->core_filters_allowed = true;
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
}

static void unsupported_test(struct kunit *test)
{
	static const enum damos_action actions[] = {
		DAMOS_WILLNEED, DAMOS_COLD, DAMOS_HUGEPAGE, DAMOS_NOHUGEPAGE,
		DAMOS_COLLAPSE, NR_DAMOS_ACTIONS,
	};
	unsigned long pfn = folio_pfn(new_folio(test)), passed;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_STAT);
	int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		s->action = actions[i];
		KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
		KUNIT_EXPECT_EQ(test, passed, 0);
	}
}

static void pageout_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, PAGE_SIZE);
	struct folio *folio = lru_folio_at(test, addr);
	unsigned long pfn = folio_pfn(folio), passed;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_PAGEOUT);
	long isolated = nr_isolated();

	/* young memory is spared, and made old */
	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 0);
	KUNIT_EXPECT_FALSE(test, damos_folio_young(folio, NULL));

	do_madvise(current->mm, addr, PAGE_SIZE, MADV_FREE);
	lru_add_drain_all();
	KUNIT_EXPECT_FALSE(test, damos_folio_young(folio, NULL));
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);
}

/* A filter that speaks about the memory, or about its youth, has its way. */
static void pageout_young_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, PAGE_SIZE);
	struct folio *folio = lru_folio_at(test, addr);
	unsigned long pfn = folio_pfn(folio), passed;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_PAGEOUT);
	struct damos_filter *f;

	f = add_filter(test, s, DAMOS_FILTER_TYPE_ANON, false, false);
	touch_for_sure(test, addr);
	apply_to(ctx, s, pfn, pfn + 1, &passed);
	KUNIT_EXPECT_EQ(test, passed, 0);

	touch_for_sure(test, addr);
	f->type = DAMOS_FILTER_TYPE_YOUNG;
	f->matching = true;
	apply_to(ctx, s, pfn, pfn + 1, &passed);
	KUNIT_EXPECT_EQ(test, passed, 0);
	f->allow = true;
	touch_for_sure(test, addr);
	folio_get(folio);	/* keeps it from being reclaimed */
	apply_to(ctx, s, pfn, pfn + 1, &passed);
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
}

/* Where there are generations, it is another matter, see lru-kunit.h. */
static void expect_active(struct kunit *test, struct folio *folio, bool active)
{
	lru_add_drain_all();
	KUNIT_EXPECT_TRUE(test, folio_test_lru(folio));
	if (!lru_gen_enabled())
		KUNIT_EXPECT_EQ(test, folio_test_active(folio), active);
}

static void lru_test(struct kunit *test)
{
	struct folio *folio = new_folio(test);
	unsigned long pfn = folio_pfn(folio), passed;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *prio = new_scheme(test, ctx, DAMOS_LRU_PRIO);
	struct damos *deprio = new_scheme(test, ctx, DAMOS_LRU_DEPRIO);
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, apply_to(ctx, prio, pfn, pfn + 1, &passed),
				PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
		expect_active(test, folio, true);
	}
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, apply_to(ctx, deprio, pfn, pfn + 1, &passed),
				PAGE_SIZE);
		expect_active(test, folio, false);
	}
}

/* What is to be reclaimed soon does not get another round for having been monitored. */
static void lru_deprio_young_test(struct kunit *test)
{
	struct folio *folio = new_folio(test);
	unsigned long pfn = folio_pfn(folio), passed;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_LRU_DEPRIO);

	KUNIT_ASSERT_TRUE(test, damos_folio_young(folio, NULL));
	KUNIT_ASSERT_TRUE(test, folio_test_young(folio));
	apply_to(ctx, s, pfn, pfn + 1, &passed);
	KUNIT_EXPECT_FALSE(test, folio_test_young(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_referenced(folio));
}

/* Units that are larger than a page must not swallow pages. */
static void large_unit_test(struct kunit *test)
{
	struct folio *folio = new_large_folio(test);
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_LRU_PRIO);
	unsigned long passed = 0;
	struct damon_region r;

	ctx->addr_unit = 2 * PAGE_SIZE;
	r.ar.start = folio_pfn(folio) / 2;
	r.ar.end = r.ar.start + folio_nr_pages(folio) / 2;
	KUNIT_EXPECT_EQ(test, damon_paddr_apply_scheme(ctx, NULL, &r, s, &passed),
			folio_nr_pages(folio) / 2);
	KUNIT_EXPECT_EQ(test, passed, folio_nr_pages(folio) / 2);
}

/* A folio in three regions is handled once, and counts with each its part. */
static void spanning_folio_test(struct kunit *test)
{
	struct folio *folio = new_large_folio(test);
	unsigned long pfn = folio_pfn(folio), nr = folio_nr_pages(folio), passed;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_LRU_PRIO);
	struct damos_filter *f;

	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed),
			nr * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, s->sz_absent, 0);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn + 1, pfn + 3, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 2 * PAGE_SIZE);
	/* all of it is charged with the first part */
	KUNIT_EXPECT_EQ(test, s->sz_absent, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn + 3, pfn + nr, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, (nr - 3) * PAGE_SIZE);

	/* the next pass begins in the middle of it */
	s->last_applied = NULL;
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn + 3, pfn + nr, &passed),
			nr * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, passed, (nr - 3) * PAGE_SIZE);

	/* what was not wanted stays so */
	s->last_applied = NULL;
	f = add_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, false);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	f->allow = true;
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn + 1, pfn + nr, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 0);
	/* a region that the folio does not reach into is another matter */
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + nr, &passed),
			nr * PAGE_SIZE);
}

/* The same if a filter of the core allows only a part of it. */
static void spanning_allowed_test(struct kunit *test)
{
	struct folio *folio = new_large_folio(test);
	unsigned long pfn = folio_pfn(folio), nr = folio_nr_pages(folio), passed;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_LRU_PRIO);

	add_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, false);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 0);
	s->core_filters_allowed = true;
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn + 1, pfn + 2, &passed),
			nr * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn + 2, pfn + 3, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
	s->core_filters_allowed = false;
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn + 3, pfn + nr, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 0);
}

static void migrate_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, PAGE_SIZE);
	struct folio *folio = lru_folio_at(test, addr);
	unsigned long pfn = folio_pfn(folio), passed;
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = new_scheme(test, ctx, DAMOS_MIGRATE_COLD);
	long isolated = nr_isolated();

	/* nowhere, and to where it is */
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, PAGE_SIZE);
	s->target_nid = folio_nid(folio);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), 0);
	KUNIT_EXPECT_TRUE(test, folio_test_lru(folio));
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);

	s->target_nid = other_node(test, folio);
	KUNIT_EXPECT_EQ(test, apply_to(ctx, s, pfn, pfn + 1, &passed), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, folio_nid(lru_folio_at(test, addr)), s->target_nid);
	KUNIT_EXPECT_EQ(test, nr_isolated(), isolated);
}

/* where the memory is */

static void size_on_node_test(struct kunit *test)
{
	struct folio *folio = new_folio(test);
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region r = {
		.ar.start = folio_pfn(folio) * PAGE_SIZE + 8,
		.ar.end = folio_pfn(folio) * PAGE_SIZE + PAGE_SIZE,
	};
	unsigned long any, none;
	int nid = folio_nid(folio);

	KUNIT_EXPECT_EQ(test, damon_paddr_size_on_node(ctx, &r, nid, 1, &any),
			PAGE_SIZE - 8);
	KUNIT_EXPECT_EQ(test, any, PAGE_SIZE - 8);
	KUNIT_EXPECT_EQ(test, 0, damon_paddr_size_on_node(ctx, &r, nid + 1, 1, &any));
	KUNIT_EXPECT_EQ(test, any, PAGE_SIZE - 8);
	none = damon_paddr_size_on_node(ctx, &r, NUMA_NO_NODE, 1, &any);
	KUNIT_EXPECT_EQ(test, none, 0);
}

/* An estimate is about right, and the nodes' shares add up. */
static void size_on_nodes_test(struct kunit *test)
{
	unsigned long nr_looks = 2000, size = 16 * nr_looks * PAGE_SIZE, any = 0, sum = 0;
	unsigned long addr = map_memory(test, size), start;
	struct damon_ctx *ctx = new_ctx(test);
	struct damon_region r = {};
	struct node_share exact;
	struct folio_iter iter;
	int nid;

	do_madvise(current->mm, addr, size, MADV_POPULATE_WRITE);
	start = folio_pfn(lru_folio_at(test, addr + size / 2)) * PAGE_SIZE;
	r.ar.start = start - min(start, size / 2);
	r.ar.end = r.ar.start + size;
	iter_begin(&iter, ctx, &r);
	exact = measure(&iter, NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, exact.on_node, 0);
	if (exact.on_any < size / 4)
		kunit_skip(test, "memory is scattered");

	for_each_node_state(nid, N_MEMORY)
		sum += damon_paddr_size_on_node(ctx, &r, nid, nr_looks, &any);
	/* each of them is rounded down */
	KUNIT_EXPECT_LE(test, sum, any);
	KUNIT_EXPECT_LE(test, any - sum, MAX_NUMNODES);
	/* what 2000 looks can be off by chance, and a lot more */
	KUNIT_EXPECT_LT(test, abs_diff(exact.on_any, (u64)any), size / 10);
}

static struct kunit_case actions_cases[] = {
	KUNIT_CASE(score_test),
	KUNIT_CASE(score_extremes_test),
	KUNIT_CASE(score_of_actions_test),
	KUNIT_CASE(filter_types_test),
	KUNIT_CASE(filter_memcg_test),
	KUNIT_CASE(filter_order_test),
	KUNIT_CASE(young_test),
	KUNIT_CASE(young_twice_test),
	KUNIT_CASE(batch_take_test),
	KUNIT_CASE(batch_unevictable_test),
	KUNIT_CASE(batch_reclaim_test),
	KUNIT_CASE(batch_migrate_test),
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	KUNIT_CASE(batch_migrate_huge_test),
#endif
	KUNIT_CASE(iter_one_test),
	KUNIT_CASE(iter_beyond_test),
	KUNIT_CASE(iter_all_test),
	KUNIT_CASE(iter_large_test),
	KUNIT_CASE(iter_skip_test),
	KUNIT_CASE(stat_test),
	KUNIT_CASE(unsupported_test),
	KUNIT_CASE(pageout_test),
	KUNIT_CASE(pageout_young_test),
	KUNIT_CASE(lru_test),
	KUNIT_CASE(lru_deprio_young_test),
	KUNIT_CASE(large_unit_test),
	KUNIT_CASE(spanning_folio_test),
	KUNIT_CASE(spanning_allowed_test),
	KUNIT_CASE(migrate_test),
	KUNIT_CASE(size_on_node_test),
	KUNIT_CASE(size_on_nodes_test),
	{}
};

static struct kunit_suite actions_suite = {
	.name = "damon-actions",
	.test_cases = actions_cases,
};

kunit_test_suite(actions_suite);
