/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-areas": where memory is mapped, and regions that follow that.
 */

#include <kunit/test.h>

#include "mappings-kunit.h"

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

/* A context with one target, whose one region is a page. */
static struct damon_ctx *new_ctx_of_page(struct kunit *test, unsigned long addr)
{
	struct damon_region *r = damon_new_region(addr, addr + PAGE_SIZE);
	struct damon_ctx *ctx = damon_new_ctx();
	struct damon_target *t = damon_new_target();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_NOT_NULL(test, r);
	damon_add_target(ctx, t);
	damon_add_region(r, t);
	return ctx;
}

/* Kernel threads, which tests run in, have no memory to monitor. */
static void areas_no_process_test(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx_of_page(test, PAGE_SIZE);
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);

	t->pid = task_pid(current);
	KUNIT_EXPECT_EQ(test, follow_mappings(ctx, t), -ESRCH);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 1);
	t->pid = NULL;
	damon_destroy_ctx(ctx);
}

/* Regions that were fitted to the mappings fit until something of that changes. */
static void areas_layout_test(struct kunit *test)
{
	struct damon_layout layout = { .exec_id = 3, .grain = PAGE_SIZE };
	struct damon_layout other = { .exec_id = 4, .grain = PAGE_SIZE };
	struct damon_layout coarser = { .exec_id = 3, .grain = 2 * PAGE_SIZE };
	unsigned long addr = map_pages(test, 1, PROT_READ);
	struct damon_ctx *ctx = new_ctx_of_page(test, addr);
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

static struct kunit_case areas_cases_all[] = {
	KUNIT_CASE_PARAM(find_areas_test, areas_gen_params),
	KUNIT_CASE_PARAM(refit_test, refit_gen_params),
	KUNIT_CASE(areas_no_process_test),
	KUNIT_CASE(areas_layout_test),
	{}
};

static struct kunit_suite areas_suite = {
	.name = "damon-areas",
	.test_cases = areas_cases_all,
};

kunit_test_suite(areas_suite);
