/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-pageout": memory that there is no place for stays as it is, and
 * costs nothing; so does what cgroups were promised to keep.  Schemes for the physical
 * address space are what tells.
 */

#include <linux/page_counter.h>
#include <linux/sizes.h>

#include "../ops-common.h"
#include "../paddr.h"
#include "../walk-leaves.h"
#include "mappings-kunit.h"
#include "swap-kunit.h"

/* The folio at an address, on its LRU list and old. */
static struct folio *old_folio_at(struct kunit *test, unsigned long addr)
{
	struct folio *folio = lru_folio_at(test, addr);

	damos_folio_young(folio, NULL);
	KUNIT_ASSERT_FALSE(test, damos_folio_young(folio, NULL));
	return folio;
}

static void free_ctx(void *ctx)
{
	damon_destroy_ctx(ctx);
}

/* A context with a scheme. */
static struct damon_ctx *new_pageout(struct kunit *test)
{
	struct damos_access_pattern pattern = {};
	struct damon_ctx *ctx = damon_new_ctx();
	struct damos_watermarks wmarks = {};
	struct damos_quota quota = { .sz = SZ_1G };
	struct damos *s;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_ctx, ctx));
	s = damon_new_scheme(&pattern, DAMOS_PAGEOUT, 0, &quota, &wmarks,
			     NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, s);
	damon_add_scheme(ctx, s);
	return ctx;
}

static struct damos *scheme_of(struct damon_ctx *ctx)
{
	return list_first_entry(&ctx->schemes, struct damos, list);
}

/* Carries out the scheme on a folio, of which nothing is paged out.  Returns what passed. */
static unsigned long try_on(struct kunit *test, struct damon_ctx *ctx, struct folio *folio)
{
	unsigned long start = folio_pfn(folio) << PAGE_SHIFT, passed = 0;
	struct damon_region r = { .ar = { start, start + folio_size(folio) } };

	KUNIT_EXPECT_EQ(test, 0, damon_paddr_apply_scheme(ctx, NULL, &r, scheme_of(ctx),
							  &passed));
	return passed;
}

/* Pages out a folio, and returns how much of it there was to be charged. */
static unsigned long pageout_filtered(struct kunit *test, struct folio *folio,
				      bool reject)
{
	struct damon_ctx *ctx = new_pageout(test);
	struct damos_filter *f;

	if (reject) {
		f = damos_new_filter(DAMOS_FILTER_TYPE_ANON, true, false);
		KUNIT_ASSERT_NOT_NULL(test, f);
		damos_add_filter(scheme_of(ctx), f);
	}
	KUNIT_EXPECT_EQ(test, try_on(test, ctx, folio), reject ? 0 : folio_size(folio));
	return folio_size(folio) - scheme_of(ctx)->sz_absent;
}

static unsigned long pageout(struct kunit *test, struct folio *folio)
{
	return pageout_filtered(test, folio, false);
}

/* That at least one folio is at an address, as it was before. */
static void expect_untouched(struct kunit *test, struct folio *folio,
			     unsigned long addr, unsigned long size)
{
	lru_add_drain_all();
	KUNIT_EXPECT_PTR_EQ(test, old_folio_at(test, addr), folio);
	KUNIT_EXPECT_EQ(test, folio_size(folio), size);
	KUNIT_EXPECT_FALSE(test, folio_test_active(folio));
}

static void no_room_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct folio *folio;

	touch(test, addr);
	folio = old_folio_at(test, addr);
	pretend_swap(test, 0);
	KUNIT_EXPECT_EQ(test, pageout(test, folio), 0);
	expect_untouched(test, folio, addr, PAGE_SIZE);
	pretend_swap(test, 1);
	KUNIT_EXPECT_EQ(test, pageout(test, folio), PAGE_SIZE);
}

/* A quota is charged for what filters reject, too, unless nothing could be done with it. */
static void no_room_rejected_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct folio *folio;

	touch(test, addr);
	folio = old_folio_at(test, addr);
	pretend_swap(test, 0);
	KUNIT_EXPECT_EQ(test, pageout_filtered(test, folio, true), 0);
	pretend_swap(test, 1);
	KUNIT_EXPECT_EQ(test, pageout_filtered(test, folio, true), PAGE_SIZE);
	expect_untouched(test, folio, addr, PAGE_SIZE);
}

static void no_room_huge_test(struct kunit *test)
{
	unsigned long addr = map_huge(test);
	struct folio *folio = old_folio_at(test, addr);
	unsigned long size = folio_size(folio);

	pretend_swap(test, 0);
	KUNIT_EXPECT_EQ(test, pageout(test, folio), 0);
	expect_untouched(test, folio, addr, size);
	pretend_swap(test, folio_nr_pages(folio) - 1);
	KUNIT_EXPECT_EQ(test, pageout(test, folio), 0);
	expect_untouched(test, folio, addr, size);
	/* what has been taken before wants some of it, too */
	pretend_swap(test, folio_nr_pages(folio));
	KUNIT_EXPECT_TRUE(test, damon_can_pageout(folio, 0));
	KUNIT_EXPECT_FALSE(test, damon_can_pageout(folio, 1));
}

/* What the next pass may throw away needs no room. */
static void no_room_needed_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct folio *folio;

	touch(test, addr);
	folio = old_folio_at(test, addr);
	pretend_swap(test, 0);
	KUNIT_EXPECT_FALSE(test, damon_can_pageout(folio, 0));
	do_madvise(current->mm, addr, PAGE_SIZE, MADV_FREE);
	lru_add_drain_all();
	KUNIT_EXPECT_TRUE(test, damon_can_pageout(folio, 1000));
}

/* A look makes a folio old, be it young or not, for a turn to come. */
static void pageout_look_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct damon_ctx *ctx = new_pageout(test);
	struct damon_visits visits = { .left = DAMON_PASS_VISITS };
	struct damos *s = scheme_of(ctx);
	struct folio *folio;

	touch(test, addr);
	folio = lru_folio_at(test, addr);
	pretend_swap(test, 1);
	s->looks = true;
	s->looking = true;
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, try_on(test, ctx, folio), 0);
		KUNIT_EXPECT_EQ(test, s->sz_waiting, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, s->sz_left[DAMOS_LEFT_YOUNG], 0);
		KUNIT_EXPECT_FALSE(test, damos_folio_young(folio, NULL));
	}
	/* what was used since is left alone */
	s->looking = false;
	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, try_on(test, ctx, folio), 0);
	KUNIT_EXPECT_EQ(test, s->sz_waiting, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, s->sz_left[DAMOS_LEFT_YOUNG], PAGE_SIZE);
	/* even if a sample has made it old since */
	touch_for_sure(test, addr);
	KUNIT_ASSERT_TRUE(test, damon_folio_arm(folio, &visits));
	KUNIT_EXPECT_EQ(test, damon_check_folio(folio, &visits), DAMON_NOT_ACCESSED);
	s->sz_waiting = 0;
	KUNIT_EXPECT_EQ(test, try_on(test, ctx, folio), 0);
	KUNIT_EXPECT_EQ(test, s->sz_waiting, PAGE_SIZE);
	/* and the rest is taken, as far as the pretended swap lets it go */
	KUNIT_EXPECT_EQ(test, try_on(test, ctx, folio), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, s->sz_waiting, 0);
}

#ifdef CONFIG_MEMCG
/* A cgroup that nothing belongs to and nobody else knows. */
static struct mem_cgroup *new_memcg(struct kunit *test, struct mem_cgroup *parent)
{
	struct mem_cgroup *memcg;

	if (mem_cgroup_disabled())
		kunit_skip(test, "no memory cgroups");
	memcg = kunit_kzalloc(test, sizeof(*memcg), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memcg);
	memcg->css.parent = &parent->css;
	page_counter_init(&memcg->memory, &parent->memory, true);
	page_counter_init(&memcg->swap, &parent->swap, false);
	return memcg;
}

/* The scarcest of all that has to be charged is what there is. */
static void cgroup_room_test(struct kunit *test)
{
	struct mem_cgroup *parent = new_memcg(test, root_mem_cgroup);
	struct mem_cgroup *child = new_memcg(test, parent);

	pretend_swap(test, 100);
	KUNIT_EXPECT_EQ(test, swap_room(NULL), 100);
	KUNIT_EXPECT_EQ(test, swap_room(root_mem_cgroup), 100);
	KUNIT_EXPECT_EQ(test, swap_room(child), 100);
	page_counter_set_max(&parent->swap, 10);
	KUNIT_EXPECT_EQ(test, swap_room(child), 10);
	page_counter_set_max(&child->swap, 0);
	KUNIT_EXPECT_EQ(test, swap_room(child), 0);
	KUNIT_EXPECT_EQ(test, swap_room(parent), 10);
	pretend_swap(test, 5);
	KUNIT_EXPECT_EQ(test, swap_room(parent), 5);
}

struct memory_of {
	struct mem_cgroup *memcg;
	unsigned long nr_pages;
};

static void give_back(void *arg)
{
	struct memory_of *memory = arg;

	page_counter_uncharge(&memory->memcg->memory, memory->nr_pages);
}

/* Makes a cgroup, and those above it, have so much more memory. */
static void use(struct kunit *test, struct mem_cgroup *memcg, unsigned long nr_pages)
{
	struct memory_of *memory = kunit_kzalloc(test, sizeof(*memory), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, memory);
	*memory = (struct memory_of){ memcg, nr_pages };
	page_counter_charge(&memcg->memory, nr_pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, give_back, memory));
}

static void no_protection_test(struct kunit *test)
{
	struct mem_cgroup *memcg = new_memcg(test, root_mem_cgroup);

	use(test, memcg, 100);
	KUNIT_EXPECT_FALSE(test, is_protected(NULL));
	KUNIT_EXPECT_FALSE(test, is_protected(root_mem_cgroup));
	KUNIT_EXPECT_FALSE(test, is_protected(memcg));
}

/* What was promised counts, and nobody needs to have reclaimed before. */
static void protection_test(struct kunit *test)
{
	struct mem_cgroup *memcg = new_memcg(test, root_mem_cgroup);

	use(test, memcg, 100);
	page_counter_set_min(&memcg->memory, 99);
	KUNIT_EXPECT_FALSE(test, is_protected(memcg));
	page_counter_set_min(&memcg->memory, 100);
	KUNIT_EXPECT_TRUE(test, is_protected(memcg));
	page_counter_set_min(&memcg->memory, 0);
	KUNIT_EXPECT_FALSE(test, is_protected(memcg));

	page_counter_set_low(&memcg->memory, 120);
	KUNIT_EXPECT_TRUE(test, is_protected(memcg));
	use(test, memcg, 50);
	KUNIT_EXPECT_FALSE(test, is_protected(memcg));
}

/* Nobody has more protection than those above leave. */
static void nested_protection_test(struct kunit *test)
{
	struct mem_cgroup *top = new_memcg(test, root_mem_cgroup);
	struct mem_cgroup *parent = new_memcg(test, top);
	struct mem_cgroup *child = new_memcg(test, parent);

	use(test, child, 100);
	use(test, parent, 100);
	page_counter_set_min(&child->memory, 100);
	KUNIT_EXPECT_FALSE(test, is_protected(child));
	page_counter_set_min(&parent->memory, 150);
	KUNIT_EXPECT_FALSE(test, is_protected(child));
	page_counter_set_min(&top->memory, 150);
	KUNIT_EXPECT_TRUE(test, is_protected(child));
	KUNIT_EXPECT_FALSE(test, is_protected(parent));
	page_counter_set_min(&top->memory, 50);
	KUNIT_EXPECT_FALSE(test, is_protected(child));
}
#endif

static struct kunit_case pageout_cases[] = {
	KUNIT_CASE(no_room_test),
	KUNIT_CASE(no_room_rejected_test),
	KUNIT_CASE(no_room_huge_test),
	KUNIT_CASE(no_room_needed_test),
	KUNIT_CASE(pageout_look_test),
#ifdef CONFIG_MEMCG
	KUNIT_CASE(cgroup_room_test),
	KUNIT_CASE(no_protection_test),
	KUNIT_CASE(protection_test),
	KUNIT_CASE(nested_protection_test),
#endif
	{}
};

static struct kunit_suite pageout_suite = {
	.name = "damon-pageout",
	.test_cases = pageout_cases,
};

kunit_test_suite(pageout_suite);
