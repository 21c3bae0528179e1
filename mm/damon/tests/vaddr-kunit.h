/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-operations": areas, and samples, those on real mappings of the
 * test's own address space.
 */

#include <kunit/test.h>

#include "mappings-kunit.h"
#include "turns-kunit.h"

struct areas_case {
	const char *what;
	unsigned long grain;
	struct damon_addr_range vmas[8];
	struct damon_addr_range areas[MAX_AREAS];
};

static const struct areas_case areas_cases[] = {
	{
		"touching mappings are one", 1,
		{ {10, 20}, {20, 25}, {200, 210}, {210, 220}, {300, 305},
		  {307, 330} },
		{ {10, 25}, {200, 220}, {300, 330} },
	}, {
		"smaller gaps are ignored", 1,
		{ {4, 9}, {9, 16}, {40, 44}, {50, 58}, {58, 70}, {700, 720},
		  {722, 760} },
		{ {4, 16}, {40, 70}, {700, 760} },
	}, {
		"of equal gaps the lower one is cut", 1,
		{ {4, 9}, {20, 30}, {41, 44}, {55, 61} },
		{ {4, 9}, {20, 30}, {41, 61} },
	}, {
		"the larger gap may be the upper one", 1,
		{ {4, 9}, {20, 30}, {41, 44}, {60, 61} },
		{ {4, 9}, {20, 44}, {60, 61} },
	}, {
		"one gap makes two areas", 1,
		{ {4, 9}, {9, 20}, {41, 44} },
		{ {4, 20}, {41, 44} },
	}, {
		"no gap makes one area", 1,
		{ {4, 9}, {9, 20} },
		{ {4, 20} },
	}, {
		"no mapping makes none", 1,
	}, {
		"gaps within the grain do not count", 16,
		{ {4, 9}, {15, 20}, {41, 44}, {72, 90} },
		{ {4, 48}, {64, 90} },
	}, {
		"gaps that alignment would close do not count", 64,
		{ {4, 9}, {70, 80}, {120, 130}, {400, 410} },
		{ {4, 192}, {384, 410} },
	}, {
		"the end of the address space", 1UL << 16,
		{ {0x10000, 0x20000}, {ULONG_MAX - 0x2fff, ULONG_MAX - 0x1fff},
		  {ULONG_MAX - 0xfff, ULONG_MAX} },
		{ {0x10000, 0x20000}, {ULONG_MAX - 0xffff, ULONG_MAX} },
	},
};

static void areas_case_name(const struct areas_case *c, char *name)
{
	strscpy(name, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(areas, areas_cases, areas_case_name);

static void find_areas_test(struct kunit *test)
{
	const struct areas_case *c = test->param_value;
	struct damon_addr_range areas[MAX_AREAS];
	struct vm_area_struct *vmas;
	struct mm_struct *mm;
	unsigned int i, nr, nr_expected = 0;

	mm = kunit_kzalloc(test, sizeof(*mm), GFP_KERNEL);
	vmas = kunit_kcalloc(test, ARRAY_SIZE(c->vmas), sizeof(*vmas), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mm);
	KUNIT_ASSERT_NOT_NULL(test, vmas);

	mt_init_flags(&mm->mm_mt, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
	for (i = 0; i < ARRAY_SIZE(c->vmas) && c->vmas[i].end; i++) {
		vmas[i].vm_start = c->vmas[i].start;
		vmas[i].vm_end = c->vmas[i].end;
		KUNIT_EXPECT_EQ(test, 0,
				mtree_store_range(&mm->mm_mt, c->vmas[i].start,
						  c->vmas[i].end - 1, &vmas[i],
						  GFP_KERNEL));
	}
	scoped_guard(rcu)
		nr = find_areas(mm, c->grain, areas);
	mtree_destroy(&mm->mm_mt);

	while (nr_expected < MAX_AREAS && c->areas[nr_expected].end)
		nr_expected++;
	KUNIT_ASSERT_EQ(test, nr, nr_expected);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, areas[i].start, c->areas[i].start);
		KUNIT_EXPECT_EQ(test, areas[i].end, c->areas[i].end);
	}
}

struct refit_case {
	const char *what;
	struct damon_addr_range old[9];
	struct damon_addr_range areas[3];
	struct damon_addr_range expected[9];
};

#define REFIT_BASE_A \
	{ {10, 20}, {20, 30}, {50, 55}, {55, 57}, {57, 59}, {70, 80}, \
	  {80, 90}, {90, 100} }
#define REFIT_BASE_B \
	{ {1000, 1040}, {1040, 1100}, {1400, 1430}, {1430, 1460}, \
	  {1460, 1480}, {2000, 2200}, {2200, 2350} }

static const struct refit_case refit_cases[] = {
	{
		"small changes", REFIT_BASE_A,
		{ {5, 27}, {45, 55}, {73, 104} },
		{ {5, 20}, {20, 27}, {45, 55}, {73, 80}, {80, 90}, {90, 104} },
	}, {
		"middle area within one region", REFIT_BASE_A,
		{ {5, 27}, {56, 57}, {65, 104} },
		{ {5, 20}, {20, 27}, {56, 57}, {65, 80}, {80, 90}, {90, 104} },
	}, {
		"middle area in new place", REFIT_BASE_A,
		{ {5, 27}, {61, 63}, {65, 104} },
		{ {5, 20}, {20, 27}, {61, 63}, {65, 80}, {80, 90}, {90, 104} },
	}, {
		"all in new places", REFIT_BASE_A,
		{ {5, 7}, {30, 32}, {65, 68} },
		{ {5, 7}, {30, 32}, {65, 68} },
	}, {
		"shrinking areas", REFIT_BASE_B,
		{ {980, 1080}, {1390, 1455}, {2100, 2400} },
		{ {980, 1040}, {1040, 1080}, {1390, 1430}, {1430, 1455},
		  {2100, 2200}, {2200, 2400} },
	}, {
		"middle area in the last of its regions", REFIT_BASE_B,
		{ {980, 1080}, {1465, 1470}, {1900, 2400} },
		{ {980, 1040}, {1040, 1080}, {1465, 1470}, {1900, 2200},
		  {2200, 2400} },
	}, {
		"middle area behind its regions", REFIT_BASE_B,
		{ {980, 1080}, {1600, 1650}, {1900, 2400} },
		{ {980, 1040}, {1040, 1080}, {1600, 1650}, {1900, 2200},
		  {2200, 2400} },
	}, {
		"nothing in common", REFIT_BASE_B,
		{ {900, 950}, {1500, 1520}, {1800, 1850} },
		{ {900, 950}, {1500, 1520}, {1800, 1850} },
	},
};

static void refit_case_name(const struct refit_case *c, char *name)
{
	strscpy(name, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refit, refit_cases, refit_case_name);

static unsigned int count_ranges(const struct damon_addr_range *ranges,
				 unsigned int max)
{
	unsigned int nr = 0;

	while (nr < max && ranges[nr].end)
		nr++;
	return nr;
}

/* Regions that survive keep what was seen; new ones have seen nothing. */
static void refit_test(struct kunit *test)
{
	const struct refit_case *c = test->param_value;
	unsigned int nr = count_ranges(c->expected, ARRAY_SIZE(c->expected));
	struct damon_target *t = damon_new_target();
	struct damon_addr_range areas[3];
	struct damon_region *r;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (i = 0; i < ARRAY_SIZE(c->old) && c->old[i].end; i++) {
		r = damon_new_region(c->old[i].start, c->old[i].end);
		if (!r) {
			damon_free_target(t);
			kunit_skip(test, "out of memory");
		}
		r->age = 7;
		damon_add_region(r, t);
	}

	memcpy(areas, c->areas, sizeof(areas));
	KUNIT_EXPECT_EQ(test, 0, damon_set_regions(t, areas, 3, 1));
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), nr);
	i = 0;
	damon_for_each_region(r, t) {
		bool survivor = false;
		int j;

		if (i == nr)
			break;
		KUNIT_EXPECT_EQ(test, r->ar.start, c->expected[i].start);
		KUNIT_EXPECT_EQ(test, r->ar.end, c->expected[i].end);
		for (j = 0; j < ARRAY_SIZE(c->old); j++)
			survivor |= c->old[j].start < r->ar.end &&
				    r->ar.start < c->old[j].end;
		KUNIT_EXPECT_EQ(test, r->age, survivor ? 7 : 0);
		i++;
	}
	damon_free_target(t);
}

static struct sampler *new_sampler(struct kunit *test)
{
	struct sampler *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	damon_walk_begin(&s->walk, current->mm);
	return s;
}

static enum damon_answer answer_of(struct sampler *s, unsigned long addr)
{
	enum damon_answer answer;

	/* Another pass: what the last one made old is no longer remembered. */
	s->old_size = 0;
	s->old_folio = NULL;
	answer = test_sample(s, addr);
	let_go(s);
	return answer;
}

static void sample_page_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct sampler *s = new_sampler(test);

	touch(test, addr);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr + 1));
	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr + 1), DAMON_NOT_ACCESSED);
	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr + 1), DAMON_ACCESSED);
	/* Looking does not change anything. */
	KUNIT_EXPECT_EQ(test, answer_of(s, addr + 1), DAMON_ACCESSED);
}

/* Who faults memory in has accessed it; who does not has not. */
static void sample_unmapped_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 2, PROT_READ | PROT_WRITE);
	struct sampler *s = new_sampler(test);

	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr));
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr + PAGE_SIZE));
	damon_walk_end(&s->walk);
	touch(test, addr);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_ACCESSED);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr + PAGE_SIZE),
			DAMON_NOT_ACCESSED);

	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr));
	damon_walk_end(&s->walk);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_NOT_ACCESSED);
}

static void sample_unknown_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct sampler *s = new_sampler(test);

	touch(test, addr);
	set_device_memory(addr, true);
	KUNIT_EXPECT_FALSE(test, arm_sample(s, addr));
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_UNKNOWN);
	set_device_memory(addr, false);
}

/* Reclaim has to see what monitoring took away, and the other way round. */
static void sample_flags_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct sampler *s = new_sampler(test);
	struct damon_leaf leaf;

	touch(test, addr);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr));
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_TRUE(test, folio_test_young(leaf.folio));
	KUNIT_EXPECT_TRUE(test, folio_test_idle(leaf.folio));
	folio_clear_idle(leaf.folio);
	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_ACCESSED);

	/* Nothing was cleared now, so reclaim has nothing to be told. */
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, addr, &leaf), DAMON_LEAF_FOLIO);
	folio_test_clear_young(leaf.folio);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr));
	KUNIT_EXPECT_FALSE(test, folio_test_young(leaf.folio));
	KUNIT_EXPECT_TRUE(test, folio_test_idle(leaf.folio));
	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_NOT_ACCESSED);
}

/*
 * Two regions share a huge entry.  Within one pass, making it old for the
 * first must not hide the access from the second.
 */
static void sample_shared_entry_test(struct kunit *test)
{
	unsigned long addr = map_huge(test);
	unsigned long half = addr + PMD_SIZE / 2;
	struct sampler *s = new_sampler(test);

	KUNIT_EXPECT_TRUE(test, arm_sample(s, half));
	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, answer_of(s, half), DAMON_NOT_ACCESSED);

	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, test_sample(s, addr), DAMON_ACCESSED);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr + 4));
	KUNIT_EXPECT_EQ(test, test_sample(s, half), DAMON_ACCESSED);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, half + 4));
	KUNIT_EXPECT_EQ(test, test_sample(s, half + 8), DAMON_ACCESSED);
	damon_walk_end(&s->walk);

	KUNIT_EXPECT_EQ(test, answer_of(s, half), DAMON_NOT_ACCESSED);
}

static struct damon_ctx *new_ctx_of_pages(struct kunit *test,
					  unsigned long addr, int nr)
{
	struct damon_ctx *ctx = damon_new_ctx();
	struct damon_target *t = damon_new_target();
	struct damon_region *r;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_NOT_NULL(test, t);
	/* no interval is the last one of a window */
	ctx->next_aggregation_ns = U64_MAX;
	damon_add_target(ctx, t);
	for (i = 0; i < nr; i++) {
		r = damon_new_region(addr + i * PAGE_SIZE,
				     addr + (i + 1) * PAGE_SIZE);
		KUNIT_ASSERT_NOT_NULL(test, r);
		r->sampling_addr = DAMON_NO_SAMPLE;
		damon_add_region(r, t);
	}
	return ctx;
}

/*
 * Part of a region may be memory that cannot be checked.  Targets that are seldom looked
 * at get samples all the same; for others, the next tick is soon enough.
 */
static void sample_partly_unknown_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	unsigned long other = kunit_vm_mmap(test, NULL, addr + 4 * PAGE_SIZE,
					    4 * PAGE_SIZE, PROT_READ,
					    MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, 0);
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, 1);
	struct sampler *s = new_sampler(test);
	unsigned int i, kind, nr[3] = {};
	struct damon_region *r;

	KUNIT_ASSERT_EQ(test, other, addr + 4 * PAGE_SIZE);
	ctx->rnd_state = 1;
	s->ctx = ctx;
	s->t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	r = damon_first_region(s->t);
	r->ar.end = addr + 8 * PAGE_SIZE;
	set_device_memory(other, true);
	for (kind = 0; kind < ARRAY_SIZE(nr); kind++) {
		s->t->nr_sleeps = kind == 1;
		s->t->reach.silent = kind == 2;
		for (i = 0; i < 100; i++) {
			draw_sample(s, r);
			nr[kind] += damon_sample_pending(r);
		}
	}
	let_go(s);
	set_device_memory(other, false);
	KUNIT_EXPECT_GT(test, nr[0], 25);
	KUNIT_EXPECT_LT(test, nr[0], 75);
	KUNIT_EXPECT_EQ(test, nr[1], 100);
	KUNIT_EXPECT_EQ(test, nr[2], 100);
	s->t->nr_sleeps = 0;
	damon_destroy_ctx(ctx);
}

/* A context with one region of many pages, of which something is known, and its sampler. */
static struct sampler *new_look(struct kunit *test, unsigned long addr, int nr_pages,
				unsigned int rate)
{
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, 1);
	struct sampler *s = new_sampler(test);
	struct damon_region *r;

	s->ctx = ctx;
	s->t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	r = damon_first_region(s->t);
	r->ar.end = addr + nr_pages * PAGE_SIZE;
	r->rate = rate;
	r->worth = 20;
	ctx->rnd_state = 1;
	ctx->min_region_sz = PAGE_SIZE;
	ctx->region_sz_limit = nr_pages * PAGE_SIZE;
	return s;
}

/* The end of another interval. */
static void look_once(struct sampler *s)
{
	s->old_size = 0;
	s->old_folio = NULL;
	s->nr_hits = 0;
	s->nr_samples = 0;
	damon_looks_begin(&s->looks, s->ctx);
	check_regions(s, s->t);
	let_go(s);
}

static bool page_is_young(struct kunit *test, struct sampler *s, unsigned long addr)
{
	struct damon_leaf leaf;
	enum damon_leaf_kind kind = look_up(&s->walk, addr, &leaf);

	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, kind, DAMON_LEAF_FOLIO);
	return kind == DAMON_LEAF_FOLIO && leaf.young;
}

/* What differs from its region gets a second look, which counts for nothing but that. */
static void look_again_of(struct kunit *test, unsigned int rate, bool first, bool second)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	struct sampler *s = new_look(test, addr, 8, rate);
	struct damon_region *r = damon_first_region(s->t);
	bool surprised = first == !damon_was_hot(r);

	touch(test, addr);
	s->lockless = damon_lockless_works(current->mm);
	damon_glance_begin(&s->glance, current->mm);
	KUNIT_ASSERT_TRUE(test, arm_sample(s, addr));
	let_go(s);
	r->sampling_addr = addr;

	/* hardly ever another first look, nor is the window over */
	s->ctx->look_span = UINT_MAX;
	s->ctx->next_aggregation_ns = U64_MAX;
	if (first)
		touch_for_sure(test, addr);
	look_once(s);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, first);
	KUNIT_EXPECT_GT(test, r->nr_samples, 0);
	KUNIT_EXPECT_EQ(test, s->nr_samples, 1);
	KUNIT_EXPECT_EQ(test, !!r->again, surprised);
	KUNIT_EXPECT_EQ(test, s->t->spots.nr_found, 0);
	if (surprised) {
		unsigned int nr = r->nr_samples;

		KUNIT_EXPECT_EQ(test, r->sampling_addr, addr);
		KUNIT_EXPECT_FALSE(test, page_is_young(test, s, addr));
		if (second)
			touch_for_sure(test, addr);
		look_once(s);
		KUNIT_EXPECT_EQ(test, s->nr_samples, 1);
		KUNIT_EXPECT_EQ(test, r->nr_samples, nr);
		KUNIT_EXPECT_EQ(test, r->nr_accesses, first);
		KUNIT_EXPECT_FALSE(test, r->again);
		KUNIT_EXPECT_EQ(test, s->t->spots.nr_found, first == second);
		if (first == second) {
			KUNIT_EXPECT_EQ(test, s->t->spots.spots[0].addr, addr);
			KUNIT_EXPECT_EQ(test, s->t->spots.spots[0].hot, second);
		}
	}
	damon_destroy_ctx(s->ctx);
}

static void look_again_test(struct kunit *test)
{
	look_again_of(test, 0, true, true);
	look_again_of(test, 0, true, false);
	look_again_of(test, 0, false, false);
	look_again_of(test, DAMON_FULL_RATE, false, false);
	look_again_of(test, DAMON_FULL_RATE, false, true);
	look_again_of(test, DAMON_FULL_RATE, true, true);
	look_again_of(test, DAMON_FULL_RATE / 4, true, true);
}

/* The page is not in the region any more, or cannot tell: another first look. */
static void look_elsewhere_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	struct sampler *s = new_look(test, addr, 8, 0);
	struct damon_region *r = damon_first_region(s->t);

	touch(test, addr);
	r->again = true;
	r->sampling_addr = addr;
	r->ar.start = addr + PAGE_SIZE;
	look_once(s);
	KUNIT_EXPECT_FALSE(test, r->again);
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(r));
	KUNIT_EXPECT_EQ(test, r->nr_samples, 0);

	r->ar.start = addr;
	r->again = true;
	r->sampling_addr = addr;
	set_device_memory(addr, true);
	look_once(s);
	set_device_memory(addr, false);
	KUNIT_EXPECT_FALSE(test, r->again);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 0);
	KUNIT_EXPECT_EQ(test, s->t->spots.nr_found, 0);
	damon_destroy_ctx(s->ctx);
}

/*
 * The sample of an idle region lasts for half a window, is not begun again meanwhile, and
 * stands for all of that time.
 */
static void look_lasts_of(struct kunit *test, bool lockless, bool accessed)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	struct sampler *s = new_look(test, addr, 8, 0);
	struct damon_region *r = damon_first_region(s->t);
	int i;

	KUNIT_ASSERT_EQ(test, damon_max_nr_accesses(&s->ctx->attrs), 20);
	touch(test, addr);
	s->lockless = lockless;
	damon_glance_begin(&s->glance, current->mm);
	KUNIT_ASSERT_TRUE(test, arm_sample(s, addr + 7));
	let_go(s);
	r->sampling_addr = addr + 7;
	r->untouched = true;
	set_turn(s->ctx, r);
	for (i = 1; i < 10; i++) {
		if (i == 5 && accessed)
			touch_for_sure(test, addr);
		look_once(s);
		KUNIT_EXPECT_EQ(test, r->sampling_addr, addr + 7);
		KUNIT_EXPECT_EQ(test, r->nr_samples, 0);
		KUNIT_EXPECT_EQ(test, s->nr_samples, 0);
		KUNIT_EXPECT_EQ(test, page_is_young(test, s, addr), i >= 5 && accessed);
	}
	look_once(s);
	KUNIT_EXPECT_EQ(test, s->nr_samples, 1);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 10);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, accessed);
	KUNIT_EXPECT_EQ(test, s->looks.surprised, accessed);
	KUNIT_EXPECT_EQ(test, !r->untouched, accessed);
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(r));
	/* after the first access the next interval has a sample, too */
	if (accessed) {
		look_once(s);
		KUNIT_EXPECT_EQ(test, s->nr_samples, 1);
	}
	damon_destroy_ctx(s->ctx);
}

static void look_lasts_test(struct kunit *test)
{
	look_lasts_of(test, false, false);
	look_lasts_of(test, false, true);
}

/* More regions than one batch, every third one accessed between two passes. */
static void check_regions_of(struct kunit *test, bool lockless)
{
	int nr = 3 * BATCH + 1, i;
	unsigned long addr = map_pages(test, nr, PROT_READ | PROT_WRITE);
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, nr);
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);
	struct sampler *s = new_sampler(test);
	struct damon_region *r;

	damon_glance_begin(&s->glance, current->mm);
	s->lockless = lockless;
	s->ctx = ctx;
	s->t = t;
	for (i = 0; i < nr; i++)
		touch(test, addr + i * PAGE_SIZE);

	/* No sample was under way yet. */
	look_once(s);
	KUNIT_EXPECT_EQ(test, s->nr_samples, 0);
	damon_for_each_region(r, t)
		KUNIT_EXPECT_TRUE(test, damon_sample_pending(r));

	flush_tlb_mm(current->mm);
	for (i = 0; i < nr; i += 3)
		touch(test, addr + i * PAGE_SIZE);
	look_once(s);
	KUNIT_EXPECT_EQ(test, s->nr_samples, nr);
	KUNIT_EXPECT_EQ(test, s->nr_hits, DIV_ROUND_UP(nr, 3));
	i = 0;
	damon_for_each_region(r, t)
		KUNIT_EXPECT_EQ(test, r->nr_accesses, i++ % 3 ? 0 : 1);

	/* at the end of a window the next ones wait for what comes between two */
	ctx->next_aggregation_ns = 0;
	look_once(s);
	KUNIT_EXPECT_EQ(test, s->nr_samples, nr);
	KUNIT_EXPECT_TRUE(test, t->lacks_samples);
	damon_for_each_region(r, t)
		KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
	damon_destroy_ctx(ctx);
}

static void check_regions_test(struct kunit *test)
{
	check_regions_of(test, false);
}

#include "lockless-kunit.h"

static void glance_lasts_test(struct kunit *test)
{
	need_upper_levels(test);
	look_lasts_of(test, true, false);
	look_lasts_of(test, true, true);
}

static void glance_regions_test(struct kunit *test)
{
	need_upper_levels(test);
	check_regions_of(test, true);
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
}

/* Regions that are passed over do not keep interrupts off. */
static void glance_batch_test(struct kunit *test)
{
	struct damon_region *r;
	unsigned long addr;
	struct sampler *s;
	bool on;
	int i;

	need_upper_levels(test);
	addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	s = new_look(test, addr, 1, 0);
	touch(test, addr);
	/* so long a window that nobody has a turn */
	s->ctx->attrs.sample_interval = 1;
	s->ctx->attrs.aggr_interval = INT_MAX;
	s->ctx->next_aggregation_ns = U64_MAX;
	for (i = 1; i < BATCH; i++) {
		r = damon_new_region(addr + i * PAGE_SIZE, addr + (i + 1) * PAGE_SIZE);
		KUNIT_ASSERT_NOT_NULL(test, r);
		r->worth = 1;
		r->untouched = true;
		r->sampling_addr = r->ar.start;
		damon_add_region(r, s->t);
	}
	s->lockless = true;
	damon_glance_begin(&s->glance, current->mm);
	damon_looks_begin(&s->looks, s->ctx);
	check_regions(s, s->t);
	on = s->glance.on;
	let_go(s);
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(damon_first_region(s->t)));
	KUNIT_EXPECT_FALSE(test, on);
	damon_destroy_ctx(s->ctx);
}

/* Kernel threads, which tests run in, have no memory to monitor. */
static void no_process_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, 1);
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);
	struct damon_region *r = damon_first_region(t);
	struct sampler *s = new_sampler(test);

	touch(test, addr);
	t->pid = task_pid(current);
	KUNIT_EXPECT_TRUE(test, target_valid(t));
	KUNIT_EXPECT_NULL(test, damon_get_mm(t));
	KUNIT_EXPECT_EQ(test, follow_mappings(ctx, t), -ESRCH);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 1);

	/* A sample that cannot be finished does not count as cold. */
	r->sampling_addr = addr;
	r->nr_accesses = 3;
	init_sampler(s, ctx);
	check_target(s, t);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 3);
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
	prepare_target(ctx, t);
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));

	t->pid = NULL;
	KUNIT_EXPECT_FALSE(test, target_valid(t));
	damon_destroy_ctx(ctx);
}

/* Regions that were fitted to the mappings fit until something of that changes. */
static void layout_test(struct kunit *test)
{
	struct damon_layout layout = { .exec_id = 3, .grain = PAGE_SIZE };
	struct damon_layout other = { .exec_id = 4, .grain = PAGE_SIZE };
	struct damon_layout coarser = { .exec_id = 3, .grain = 2 * PAGE_SIZE };
	unsigned long addr = map_pages(test, 1, PROT_READ);
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, 1);
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);
	struct mm_struct *mm = current->mm;
	struct damon_addr_range range = { addr, addr + PAGE_SIZE };
	/* where nobody counts writers, all mappings are read each time */
	bool counted = IS_ENABLED(CONFIG_PER_VMA_LOCK);

	KUNIT_EXPECT_FALSE(test, fits(t, mm, &layout));
	KUNIT_ASSERT_EQ(test, fit_regions(t, mm, &layout), 0);
	KUNIT_EXPECT_EQ(test, fits(t, mm, &layout), counted);
	KUNIT_EXPECT_FALSE(test, fits(t, mm, &other));
	KUNIT_EXPECT_FALSE(test, fits(t, mm, &coarser));

	map_pages(test, 1, PROT_READ);
	KUNIT_EXPECT_FALSE(test, fits(t, mm, &layout));
	KUNIT_ASSERT_EQ(test, fit_regions(t, mm, &layout), 0);
	KUNIT_EXPECT_EQ(test, fits(t, mm, &layout), counted);
	mmap_write_lock(mm);
	KUNIT_EXPECT_FALSE(test, fits(t, mm, &layout));
	/* nobody waits for that lock */
	KUNIT_EXPECT_EQ(test, fit_regions(t, mm, &layout), -EBUSY);
	mmap_write_unlock(mm);

	KUNIT_ASSERT_EQ(test, fit_regions(t, mm, &layout), 0);
	KUNIT_EXPECT_EQ(test, damon_set_regions(t, &range, 1, PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, fits(t, mm, &layout));

	KUNIT_ASSERT_EQ(test, fit_regions(t, mm, &layout), 0);
	damon_forget_target(t);
	KUNIT_EXPECT_FALSE(test, fits(t, mm, &layout));
	damon_destroy_ctx(ctx);
}

static struct kunit_case operations_cases[] = {
	KUNIT_CASE_PARAM(find_areas_test, areas_gen_params),
	KUNIT_CASE_PARAM(refit_test, refit_gen_params),
	KUNIT_CASE(layout_test),
	KUNIT_CASE(sample_page_test),
	KUNIT_CASE(sample_unmapped_test),
	KUNIT_CASE(sample_unknown_test),
	KUNIT_CASE(sample_flags_test),
	KUNIT_CASE(sample_partly_unknown_test),
	KUNIT_CASE(sample_shared_entry_test),
	KUNIT_CASE(look_again_test),
	KUNIT_CASE(look_elsewhere_test),
	KUNIT_CASE(look_lasts_test),
	KUNIT_CASE(check_regions_test),
	KUNIT_CASE(lockless_coarse_test),
	KUNIT_CASE(lockless_everywhere_test),
	KUNIT_CASE(lockless_fine_test),
	KUNIT_CASE(lockless_leaves_test),
	KUNIT_CASE(lockless_borrows_test),
	KUNIT_CASE(lockless_gives_back_test),
	KUNIT_CASE(lockless_sample_test),
	KUNIT_CASE(glance_agrees_test),
	KUNIT_CASE(glance_mkold_test),
	KUNIT_CASE(glance_holds_test),
	KUNIT_CASE(glance_flags_test),
	KUNIT_CASE(glance_lasts_test),
	KUNIT_CASE(glance_regions_test),
	KUNIT_CASE(glance_batch_test),
	KUNIT_CASE(no_process_test),
	{}
};

static struct kunit_suite operations_suite = {
	.name = "damon-operations",
	.test_cases = operations_cases,
};

kunit_test_suite(operations_suite);
