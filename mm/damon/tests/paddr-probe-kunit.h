/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-probes": data attribute probes of the physical address
 * space, on memory that the test itself maps.
 */
#ifndef _MM_DAMON_TESTS_PADDR_PROBE_KUNIT_H
#define _MM_DAMON_TESTS_PADDR_PROBE_KUNIT_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mman.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include <asm/tlbflush.h>

#include "turns-kunit.h"

#define NR_ROUNDS	10

static void free_ctx(void *ctx)
{
	damon_destroy_ctx(ctx);
}

/* A context whose only region is one page frame. */
static struct damon_ctx *new_ctx_of(struct kunit *test, unsigned long pfn)
{
	struct damon_addr_range range = {
		.start = pfn * PAGE_SIZE, .end = (pfn + 1) * PAGE_SIZE,
	};
	struct damon_ctx *ctx = damon_new_ctx();
	struct damon_target *t;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_ctx, ctx));
	KUNIT_ASSERT_EQ(test, 0, damon_select_ops(ctx, DAMON_OPS_PADDR));
	t = damon_new_target();
	KUNIT_ASSERT_NOT_NULL(test, t);
	damon_add_target(ctx, t);
	KUNIT_ASSERT_EQ(test, 0, damon_set_regions(t, &range, 1, PAGE_SIZE));
	/* no interval is the last one */
	ctx->next_aggregation_ns = U64_MAX;
	return ctx;
}

static struct damon_region *region_of(struct damon_ctx *ctx)
{
	return damon_first_region(list_first_entry(&ctx->adaptive_targets,
						   struct damon_target, list));
}

static struct damon_probe *add_probe(struct kunit *test, struct damon_ctx *ctx)
{
	struct damon_probe *probe = damon_new_probe();

	KUNIT_ASSERT_NOT_NULL(test, probe);
	damon_add_probe(ctx, probe);
	return probe;
}

static struct damon_filter *add_probe_of(struct kunit *test,
					 struct damon_ctx *ctx,
					 enum damon_filter_type type,
					 bool matching)
{
	struct damon_filter *f = damon_new_filter(type, matching, true);

	KUNIT_ASSERT_NOT_NULL(test, f);
	damon_add_filter(add_probe(test, ctx), f);
	return f;
}

/* The page frame of an anonymous page, which lives as long as the test, and its address. */
static unsigned long new_anon_pfn_at(struct kunit *test, unsigned long *where)
{
	unsigned long addr, pfn;
	struct page *page;

	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "no address space to map memory in");
	KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast(addr, 1, FOLL_WRITE, &page));
	pfn = page_to_pfn(page);
	put_page(page);
	lru_add_drain_all();
	*where = addr;
	return pfn;
}

static unsigned long new_anon_pfn(struct kunit *test)
{
	unsigned long addr;

	return new_anon_pfn_at(test, &addr);
}

/* Accessed bits are not set while a TLB has the translation. */
static void touch(struct kunit *test, unsigned long addr)
{
	flush_tlb_mm(current->mm);
	KUNIT_ASSERT_EQ(test, 0, put_user(1, (u8 __user *)addr));
}

static void take_samples(struct damon_ctx *ctx, unsigned int nr)
{
	while (nr--) {
		ctx->ops.prepare_access_checks(ctx);
		ctx->ops.check_accesses(ctx);
		if (damon_has_probes(ctx))
			ctx->ops.apply_probes(ctx);
	}
}

static void probe_anon_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx_of(test, new_anon_pfn(test));
	struct damon_region *r = region_of(ctx);

	add_probe_of(test, ctx, DAMON_FILTER_TYPE_ANON, true);
	add_probe_of(test, ctx, DAMON_FILTER_TYPE_ANON, false);
	add_probe(test, ctx);
	take_samples(ctx, NR_ROUNDS);
	KUNIT_EXPECT_GT(test, r->nr_samples, 0);
	KUNIT_EXPECT_EQ(test, r->probe_hits[0], r->nr_samples);
	KUNIT_EXPECT_EQ(test, r->probe_hits[1], 0);
	KUNIT_EXPECT_EQ(test, r->probe_hits[2], r->nr_samples);
	KUNIT_EXPECT_EQ(test, r->probe_hits[3], 0);
}

/* Where probes have weights they draw for themselves, and leave the page as it is. */
static void probe_weight_test(struct kunit *test)
{
	unsigned long where;
	struct damon_ctx *ctx = new_ctx_of(test, new_anon_pfn_at(test, &where));
	struct damon_region *r = region_of(ctx);
	unsigned int window = damon_max_nr_accesses(&ctx->attrs), i;
	struct folio *folio = folio_at(ctx, r->ar.start);
	struct damon_visits visits = { .left = DAMON_PASS_VISITS };

	KUNIT_ASSERT_NOT_NULL(test, folio);
	add_probe_of(test, ctx, DAMON_FILTER_TYPE_ANON, true);
	add_probe_of(test, ctx, DAMON_FILTER_TYPE_ANON, false);
	list_first_entry(&ctx->probes, struct damon_probe, list)->weight = 1;
	touch(test, where);
	ctx->look_span = 1;
	for (i = 1; i <= window; i++) {
		ctx->ops.apply_probes(ctx);
		KUNIT_EXPECT_EQ(test, r->nr_samples, i);
		KUNIT_EXPECT_EQ(test, r->probe_hits[0], i);
		KUNIT_EXPECT_EQ(test, r->probe_hits[1], 0);
		KUNIT_EXPECT_EQ(test, r->nr_accesses, 0);
		KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
	}
	KUNIT_EXPECT_EQ(test, damon_check_folio(folio, &visits), DAMON_ACCESSED);
	folio_put(folio);

	/* a full window is a full window */
	ctx->ops.apply_probes(ctx);
	KUNIT_EXPECT_EQ(test, r->nr_samples, window);
	KUNIT_EXPECT_EQ(test, r->probe_hits[0], window);
}

static u64 memcg_of(unsigned long pfn)
{
	struct mem_cgroup *memcg;

	guard(rcu)();
	memcg = folio_memcg_check(page_folio(pfn_to_page(pfn)));
	return memcg ? mem_cgroup_id(memcg) : 0;
}

static void probe_memcg_test(struct kunit *test)
{
	unsigned long pfn = new_anon_pfn(test);
	struct damon_ctx *ctx = new_ctx_of(test, pfn);
	struct damon_region *r = region_of(ctx);
	u64 id = memcg_of(pfn);

	if (!id)
		kunit_skip(test, "no memory cgroups");
	add_probe_of(test, ctx, DAMON_FILTER_TYPE_MEMCG, true)->memcg_id = id;
	add_probe_of(test, ctx, DAMON_FILTER_TYPE_MEMCG, true)->memcg_id = id + 1;
	add_probe_of(test, ctx, DAMON_FILTER_TYPE_MEMCG, false)->memcg_id = id;
	add_probe_of(test, ctx, DAMON_FILTER_TYPE_MEMCG, false)->memcg_id = id + 1;
	take_samples(ctx, NR_ROUNDS);
	KUNIT_EXPECT_GT(test, r->nr_samples, 0);
	KUNIT_EXPECT_EQ(test, r->probe_hits[0], r->nr_samples);
	KUNIT_EXPECT_EQ(test, r->probe_hits[1], 0);
	KUNIT_EXPECT_EQ(test, r->probe_hits[2], 0);
	KUNIT_EXPECT_EQ(test, r->probe_hits[3], r->nr_samples);
}

/* Memory that cannot tell about accesses is not sampled, so nothing is hit. */
static void probe_kernel_memory_test(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct damon_filter *f;
	struct damon_region *r;
	struct damon_ctx *ctx;

	KUNIT_ASSERT_NOT_NULL(test, page);
	ctx = new_ctx_of(test, page_to_pfn(page));
	r = region_of(ctx);
	f = add_probe_of(test, ctx, DAMON_FILTER_TYPE_ANON, false);
	add_probe(test, ctx);
	take_samples(ctx, NR_ROUNDS);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 0);
	KUNIT_EXPECT_EQ(test, r->probe_hits[0], 0);
	KUNIT_EXPECT_EQ(test, r->probe_hits[1], 0);

	/* a sample whose memory is gone belongs to no type */
	KUNIT_EXPECT_FALSE(test, folio_of_type(f, NULL));
	f->type = DAMON_FILTER_TYPE_MEMCG;
	KUNIT_EXPECT_FALSE(test, folio_of_type(f, NULL));
	r->nr_samples = 1;
	r->sampling_addr = r->ar.start;
	ctx->ops.apply_probes(ctx);
	KUNIT_EXPECT_EQ(test, r->probe_hits[0], 1);
	__free_page(page);
}

static unsigned long next_place(struct kunit *test, struct damon_ctx *ctx,
				unsigned long addr)
{
	struct sampler s = { .ctx = ctx };

	KUNIT_EXPECT_FALSE(test, arm_or_seek(&s, &addr));
	return addr;
}

/* Where to look on from memory that cannot tell, in units of the context. */
static void seek_places_test(struct kunit *test)
{
	unsigned int order = min(3, MAX_PAGE_ORDER);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
	unsigned long pfn, end;
	struct damon_ctx *ctx;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pfn = page_to_pfn(page);
	end = pfn + (1UL << order);
	ctx = new_ctx_of(test, pfn);
	ctx->addr_unit = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, next_place(test, ctx, pfn), end);
	KUNIT_EXPECT_EQ(test, next_place(test, ctx, end - 1), end);
	KUNIT_EXPECT_EQ(test, next_place(test, ctx, highest_memmap_pfn + 1),
			ULONG_MAX);
	KUNIT_EXPECT_EQ(test, next_place(test, ctx, ULONG_MAX), ULONG_MAX);
	ctx->addr_unit = PAGE_SIZE << order;
	KUNIT_EXPECT_EQ(test, next_place(test, ctx, pfn >> order), end >> order);
	__free_pages(page, order);
}

/* Where the sample was, that is where probes look. */
static void probe_place_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx_of(test, new_anon_pfn(test));
	struct damon_region *r = region_of(ctx);
	unsigned long addr;

	add_probe_of(test, ctx, DAMON_FILTER_TYPE_ANON, true);
	ctx->ops.prepare_access_checks(ctx);
	addr = r->sampling_addr;
	KUNIT_ASSERT_TRUE(test, damon_sample_pending(r));
	ctx->ops.check_accesses(ctx);
	KUNIT_EXPECT_EQ(test, r->sampling_addr, addr);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 1);
	ctx->ops.apply_probes(ctx);
	KUNIT_EXPECT_EQ(test, r->probe_hits[0], 1);
	/* and that was it */
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));

	/* a full window counts no more samples, so there is nothing to hit */
	ctx->nr_intervals = 0;
	ctx->ops.prepare_access_checks(ctx);
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(r));
	r->nr_samples = damon_max_nr_accesses(&ctx->attrs);
	ctx->ops.check_accesses(ctx);
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
	ctx->ops.apply_probes(ctx);
	KUNIT_EXPECT_EQ(test, r->probe_hits[0], 1);

	/* without probes there is nothing to wait for */
	damon_drop_probes(&ctx->probes);
	r->nr_samples = 0;
	ctx->nr_intervals = 0;
	ctx->ops.prepare_access_checks(ctx);
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(r));
	ctx->ops.check_accesses(ctx);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 1);
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
}

/* A region is sampled in each interval, or in one of so many, and in the first one. */
static void sample_turns_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx_of(test, new_anon_pfn(test));
	struct damon_region *r = region_of(ctx);
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);

	KUNIT_ASSERT_EQ(test, window, 20);
	take_samples(ctx, window);
	KUNIT_EXPECT_EQ(test, r->nr_samples, window);

	damon_open_window(ctx);
	ctx->look_span = 4;
	take_samples(ctx, 1);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 1);
	take_samples(ctx, window - 1);
	/* a matter of chance */
	KUNIT_EXPECT_GE(test, r->nr_samples, 2);
	KUNIT_EXPECT_LE(test, r->nr_samples, window / 2 + 2);
}

/* One of whose memory something is known, so small a part of it that it can differ. */
static struct damon_region *known_region_of(struct damon_ctx *ctx, unsigned int rate)
{
	struct damon_region *r = region_of(ctx);

	ctx->min_region_sz = PAGE_SIZE / 2;
	ctx->region_sz_limit = PAGE_SIZE;
	r->rate = rate;
	r->worth = 20;
	return r;
}

/* The sample of an idle region lasts for half a window, and stands for all of it. */
static void sample_lasts_of(struct kunit *test, bool accessed)
{
	unsigned long where, addr;
	struct damon_ctx *ctx = new_ctx_of(test, new_anon_pfn_at(test, &where));
	struct damon_region *r = known_region_of(ctx, 0);
	int i;

	r->untouched = true;
	set_turn(ctx, r);
	ctx->ops.prepare_access_checks(ctx);
	addr = r->sampling_addr;
	KUNIT_ASSERT_TRUE(test, damon_sample_pending(r));
	for (i = 1; i < 10; i++) {
		if (i == 5 && accessed)
			touch(test, where);
		take_samples(ctx, 1);
		KUNIT_EXPECT_EQ(test, r->sampling_addr, addr);
		KUNIT_EXPECT_EQ(test, r->nr_samples, 0);
	}
	take_samples(ctx, 1);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 10);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, accessed);
	KUNIT_EXPECT_EQ(test, !r->untouched, accessed);
	take_samples(ctx, 10);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, accessed);
	if (!accessed)
		KUNIT_EXPECT_EQ(test, r->nr_samples, 20);
}

static void sample_lasts_test(struct kunit *test)
{
	sample_lasts_of(test, false);
	sample_lasts_of(test, true);
}

/* The page of a sample that differs from its region is looked at again. */
static void sample_again_of(struct kunit *test, bool agrees)
{
	unsigned long where, addr;
	struct damon_ctx *ctx = new_ctx_of(test, new_anon_pfn_at(test, &where));
	struct damon_region *r = known_region_of(ctx, DAMON_FULL_RATE);
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);

	/* hardly ever another sample of the region, nor is the window over */
	ctx->look_span = UINT_MAX;
	ctx->next_aggregation_ns = U64_MAX;
	ctx->rnd_state = 1;
	ctx->ops.prepare_access_checks(ctx);
	addr = r->sampling_addr;
	KUNIT_ASSERT_TRUE(test, damon_sample_pending(r));
	take_samples(ctx, 1);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 1);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 0);
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
	KUNIT_EXPECT_EQ(test, t->spots.nr, 1);
	KUNIT_EXPECT_GT(test, (unsigned int)t->spots.spots[0].chance, 0);

	ctx->ops.prepare_access_checks(ctx);
	KUNIT_EXPECT_EQ(test, t->spots.nr, 1);
	if (!agrees)
		touch(test, where);
	ctx->ops.check_accesses(ctx);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 1);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, t->spots.nr, agrees);
	if (agrees) {
		KUNIT_EXPECT_EQ(test, t->spots.spots[0].addr, addr);
		KUNIT_EXPECT_EQ(test, (unsigned int)t->spots.spots[0].chance, 0);
	}
}

static void sample_again_test(struct kunit *test)
{
	sample_again_of(test, false);
	sample_again_of(test, true);
}

/* Nobody starts a context like this, but a worker can make one. */
static void probe_too_many_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx_of(test, new_anon_pfn(test));
	struct damon_region *r = region_of(ctx);
	struct list_head list = r->list;

	for (int i = 0; i < DAMON_MAX_PROBES + 3; i++)
		add_probe(test, ctx);
	take_samples(ctx, NR_ROUNDS);
	for (int i = 0; i < DAMON_MAX_PROBES; i++)
		KUNIT_EXPECT_EQ(test, r->probe_hits[i], r->nr_samples);
	KUNIT_EXPECT_MEMEQ(test, &list, &r->list, sizeof(list));
	KUNIT_EXPECT_EQ(test, r->age, 0);
}

static struct kunit_case probe_cases[] = {
	KUNIT_CASE(probe_anon_test),
	KUNIT_CASE(probe_weight_test),
	KUNIT_CASE(probe_memcg_test),
	KUNIT_CASE(probe_kernel_memory_test),
	KUNIT_CASE(seek_places_test),
	KUNIT_CASE(probe_place_test),
	KUNIT_CASE(sample_turns_test),
	KUNIT_CASE(sample_lasts_test),
	KUNIT_CASE(sample_again_test),
	KUNIT_CASE(probe_too_many_test),
	{}
};

static struct kunit_suite probe_suite = {
	.name = "damon-probes",
	.test_cases = probe_cases,
};

kunit_test_suite(probe_suite);

#endif /* _MM_DAMON_TESTS_PADDR_PROBE_KUNIT_H */
