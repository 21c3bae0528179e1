/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-scan": what filters admit, of real mappings of the test's own
 * address space.
 */

#include "scans-kunit.h"
#include "swap-kunit.h"

static void scan_young_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 12);
	struct damos *s = new_scheme(test, DAMOS_STAT);

	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, true, true);
	touch_pages(test, addr, 12);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), false),
			0xfff);
	/* looking has made them old */
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), false), 0);

	touch_for_sure(test, addr + PAGE_SIZE);
	touch_for_sure(test, addr + 2 * PAGE_SIZE);
	touch_for_sure(test, addr + 7 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), false),
			BIT(1) | BIT(2) | BIT(7));
}

/* What a scheme for cold memory spares has its turn once it stays old. */
static void scan_spares_young_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 12);
	struct damos *s = new_scheme(test, DAMOS_PAGEOUT);

	pretend_swap(test, 12);
	touch_pages(test, addr, 4);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), true), 0xfff);
	s->spares_young = true;
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), true), 0xff0);
	KUNIT_EXPECT_EQ(test, s->sz_waiting, 4 * PAGE_SIZE);
	touch_for_sure(test, addr + PAGE_SIZE);
	s->sz_waiting = 0;
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), true), 0xffd);
	KUNIT_EXPECT_EQ(test, s->sz_waiting, PAGE_SIZE);

	/* filters that allow it have the last word */
	add_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, true);
	touch_for_sure(test, addr);
	s->sz_waiting = 0;
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), true), 0xfff);
	KUNIT_EXPECT_EQ(test, s->sz_waiting, 0);
}

/* A look makes memory old, the old and the young alike, for a turn to come. */
static void scan_look_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 12);
	struct damos *s = new_scheme(test, DAMOS_PAGEOUT);
	struct folio *folio;

	pretend_swap(test, 12);
	touch_pages(test, addr, 4);
	s->spares_young = true;
	s->looks = true;
	for (int i = 1; i <= 2; i++) {
		s->looking = true;
		KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), false), 0);
		KUNIT_EXPECT_EQ(test, s->sz_waiting, i * 4 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, s->sz_left[DAMOS_LEFT_YOUNG], 0);
	}
	s->looking = false;
	touch_for_sure(test, addr + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), false), 0xd);
	KUNIT_EXPECT_EQ(test, s->sz_left[DAMOS_LEFT_YOUNG], PAGE_SIZE);

	/* what a sample has made old was used all the same */
	touch_for_sure(test, addr + 2 * PAGE_SIZE);
	folio = lru_folio_at(test, addr + 2 * PAGE_SIZE);
	damon_age_folio(folio);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), false), 0xb);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 12), false), 0xf);
}

/* One filter must not hide from the next one what it saw. */
static void scan_young_twice_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 2);
	struct damos *s = new_scheme(test, DAMOS_STAT);

	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, false, true);
	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, true, false);
	touch_pages(test, addr, 2);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 2), false), 0);
	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, pages_at(addr, 2), false),
			BIT(1));
}

static void scan_absent_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 8);
	struct damon_addr_range range = pages_at(addr, 8);
	struct damos *s;
	struct damos_filter *f;

	touch_pages(test, addr, 2);
	touch_pages(test, addr + 6 * PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + 4 * PAGE_SIZE, PAGE_SIZE));

	s = new_scheme(test, DAMOS_STAT);
	add_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, true);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, range, false), 0x43);
	/* what is in no mapping is no memory at all */
	KUNIT_EXPECT_EQ(test, admitted_pages(s, range, true), 0xef);

	s = new_scheme(test, DAMOS_STAT);
	add_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, false);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, range, true), 0);

	s = new_scheme(test, DAMOS_STAT);
	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, true, false);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, range, true), 0xac);

	/* whose it is cannot be known */
	s = new_scheme(test, DAMOS_STAT);
	add_filter(test, s, DAMOS_FILTER_TYPE_HUGEPAGE_SIZE, true, false);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, range, true), 0x43);

	s = new_scheme(test, DAMOS_STAT);
	f = add_filter(test, s, DAMOS_FILTER_TYPE_HUGEPAGE_SIZE, true, true);
	f->sz_range.max = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, admitted_pages(s, range, true), 0x43);
}

static unsigned long passed_in(struct damos *s, unsigned long start,
			       unsigned long end)
{
	struct damon_addr_range range = { start, end };
	struct damos_space space = own_space();
	unsigned long passed = 0;

	damos_scan_count(&space, s, &range, &passed);
	return passed;
}

/*
 * Each region gets its part of a large folio, which is looked at once, and what
 * comes behind it is not missed.
 */
static void scan_borders(struct kunit *test, unsigned long start,
			 unsigned long end)
{
	struct damos *s = new_scheme(test, DAMOS_STAT);
	unsigned long a = start + 3 * PAGE_SIZE, b = a + 5 * PAGE_SIZE;

	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, true, true);
	KUNIT_EXPECT_EQ(test, passed_in(s, start, a), a - start);
	KUNIT_EXPECT_NOT_NULL(test, s->last_applied);
	KUNIT_EXPECT_EQ(test, passed_in(s, a, b), b - a);
	KUNIT_EXPECT_EQ(test, passed_in(s, b, end), end - b);
	KUNIT_EXPECT_EQ(test, passed_in(s, end, end + PAGE_SIZE), PAGE_SIZE);

	s->last_applied = NULL;		/* the next pass */
	KUNIT_EXPECT_EQ(test, passed_in(s, start, a), 0);
	touch_for_sure(test, start);
	KUNIT_EXPECT_EQ(test, passed_in(s, a, b), 0);
	KUNIT_EXPECT_EQ(test, passed_in(s, b, end), 0);

	/* a pass that meets the folio in its middle only */
	s->last_applied = NULL;
	touch_for_sure(test, end - PAGE_SIZE);
	touch_for_sure(test, end);
	KUNIT_EXPECT_EQ(test, passed_in(s, b, end + PAGE_SIZE),
			end + PAGE_SIZE - b);
}

static void scan_huge_borders_test(struct kunit *test)
{
	unsigned long addr = map_huge(test);

	touch(test, addr + PMD_SIZE);
	scan_borders(test, addr, addr + PMD_SIZE);
}

/* The same folio, mapped page by page. */
static void scan_large_borders_test(struct kunit *test)
{
	unsigned long addr = map_huge(test), start = addr + PAGE_SIZE;
	struct damon_walk walk;
	struct damon_leaf leaf;

	touch(test, addr + PMD_SIZE);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
	damon_walk_begin(&walk, current->mm);
	KUNIT_ASSERT_EQ(test, look_up(&walk, start, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_PTE);
	if (!folio_test_large(leaf.folio)) {
		damon_walk_end(&walk);
		kunit_skip(test, "huge pages are split at once");
	}
	KUNIT_EXPECT_EQ(test, damon_walk_lock(&walk, start + 9 * PAGE_SIZE, &leaf),
			DAMON_LEAF_FOLIO);
	/* its first page would be below the mapping */
	KUNIT_EXPECT_EQ(test, damon_walk_folio_addr(&walk, &leaf), start);
	damon_walk_unlock(&walk);
	damon_walk_end(&walk);
	scan_borders(test, start, addr + PMD_SIZE);
}

/* What filters of the core allow a part of is theirs no further. */
static void scan_allowed_borders_test(struct kunit *test)
{
	unsigned long addr = map_huge(test), a = addr + 3 * PAGE_SIZE;
	unsigned long b = a + 5 * PAGE_SIZE, end = addr + PMD_SIZE;
	struct damos *s = new_scheme(test, DAMOS_STAT);

	add_filter(test, s, DAMOS_FILTER_TYPE_ANON, true, false);
	KUNIT_EXPECT_EQ(test, passed_in(s, addr, a), 0);
	s->core_filters_allowed = true;
	KUNIT_EXPECT_EQ(test, passed_in(s, a, b), b - a);
	s->core_filters_allowed = false;
	KUNIT_EXPECT_EQ(test, passed_in(s, b, end), 0);
}

static struct kunit_case scan_cases[] = {
	KUNIT_CASE(scan_young_test),
	KUNIT_CASE(scan_spares_young_test),
	KUNIT_CASE(scan_look_test),
	KUNIT_CASE(scan_young_twice_test),
	KUNIT_CASE(scan_absent_test),
	KUNIT_CASE(scan_huge_borders_test),
	KUNIT_CASE(scan_large_borders_test),
	KUNIT_CASE(scan_allowed_borders_test),
	{}
};

static struct kunit_suite scan_suite = {
	.name = "damon-scan",
	.test_cases = scan_cases,
};

kunit_test_suite(scan_suite);
