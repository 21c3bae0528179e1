/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-walk": page tables are walked, those of real mappings in the
 * test's own address space.
 */

#include "hugetlb-kunit.h"
#include "mappings-kunit.h"

#define NR_TEST_PAGES	8

static bool make_entry_old(struct damon_walk *walk, unsigned long addr)
{
	struct damon_leaf leaf;
	bool young = false;

	if (look_up(walk, addr, &leaf) == DAMON_LEAF_FOLIO &&
	    damon_walk_lock(walk, addr, &leaf) == DAMON_LEAF_FOLIO)
		young = damon_walk_mkold(walk, &leaf);
	damon_walk_unlock(walk);
	return young;
}

static void walk_holes_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, NR_TEST_PAGES, PROT_READ);
	unsigned long hole = addr + 2 * PAGE_SIZE;
	struct damon_walk walk;
	struct damon_leaf leaf;

	KUNIT_ASSERT_EQ(test, 0, vm_munmap(hole, 3 * PAGE_SIZE));
	damon_walk_begin(&walk, current->mm);

	KUNIT_EXPECT_EQ(test, look_up(&walk, hole + 5, &leaf), DAMON_LEAF_NONE);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_HOLE);
	KUNIT_EXPECT_NULL(test, walk.vma);
	KUNIT_EXPECT_EQ(test, walk.start, hole);
	KUNIT_EXPECT_EQ(test, walk.size, 3 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, look_up(&walk, hole - 1, &leaf), DAMON_LEAF_NONE);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_EMPTY);
	KUNIT_EXPECT_NOT_NULL(test, walk.vma);
	/* Nothing outside of the VMA may be taken for a part of it. */
	KUNIT_EXPECT_GE(test, walk.start, addr);
	KUNIT_EXPECT_EQ(test, walk.start + walk.size, hole);

	KUNIT_EXPECT_EQ(test, look_up(&walk, 0, &leaf), DAMON_LEAF_NONE);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_HOLE);
	KUNIT_EXPECT_EQ(test, look_up(&walk, ULONG_MAX, &leaf), DAMON_LEAF_NONE);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_HOLE);
	damon_walk_end(&walk);
	KUNIT_EXPECT_NULL(test, walk.vma);
}

static void walk_pages_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, NR_TEST_PAGES,
				       PROT_READ | PROT_WRITE);
	struct folio *first = NULL;
	struct damon_walk walk;
	struct damon_leaf leaf;
	int i;

	for (i = 0; i < NR_TEST_PAGES; i += 2)
		touch(test, addr + i * PAGE_SIZE);

	damon_walk_begin(&walk, current->mm);
	for (i = 0; i < NR_TEST_PAGES; i++) {
		unsigned long page = addr + i * PAGE_SIZE;

		if (i % 2) {
			KUNIT_EXPECT_EQ(test, look_up(&walk, page, &leaf),
					DAMON_LEAF_NONE);
			continue;
		}
		KUNIT_EXPECT_EQ(test, look_up(&walk, page + 123, &leaf),
				DAMON_LEAF_FOLIO);
		KUNIT_EXPECT_EQ(test, leaf.start, page);
		KUNIT_EXPECT_EQ(test, leaf.size, PAGE_SIZE);
		KUNIT_EXPECT_TRUE(test, leaf.young);
		KUNIT_ASSERT_NOT_NULL(test, leaf.folio);
		KUNIT_EXPECT_TRUE(test, folio_test_anon(leaf.folio));
		KUNIT_EXPECT_PTR_NE(test, leaf.folio, first);
		first = first ?: leaf.folio;
	}
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_PTE);
	damon_walk_end(&walk);
	KUNIT_EXPECT_EQ(test, walk.size, 0);
}

static void walk_mkold_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 2, PROT_READ | PROT_WRITE);
	struct damon_walk walk;
	struct damon_leaf leaf;

	touch(test, addr);
	touch(test, addr + PAGE_SIZE);
	damon_walk_begin(&walk, current->mm);
	KUNIT_EXPECT_TRUE(test, make_entry_old(&walk, addr + 77));
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_FALSE(test, leaf.young);
	KUNIT_EXPECT_FALSE(test, make_entry_old(&walk, addr));

	/* The neighbour is not affected. */
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr + PAGE_SIZE, &leaf),
			DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_TRUE(test, leaf.young);

	/* A pause changes nothing but who may run. */
	damon_walk_pause(&walk);
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_FALSE(test, leaf.young);
	damon_walk_end(&walk);

	touch_for_sure(test, addr);
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_TRUE(test, leaf.young);
	damon_walk_end(&walk);
}

/* What the lock protects is looked at again. */
static void walk_lock_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 2, PROT_READ | PROT_WRITE);
	struct damon_walk walk;
	struct damon_leaf leaf;

	touch(test, addr);
	damon_walk_begin(&walk, current->mm);
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_NULL(test, walk.ptl);
	KUNIT_EXPECT_EQ(test, damon_walk_lock(&walk, addr + PAGE_SIZE, &leaf),
			DAMON_LEAF_NONE);
	KUNIT_EXPECT_NOT_NULL(test, walk.ptl);
	damon_walk_unlock(&walk);
	KUNIT_EXPECT_NULL(test, walk.ptl);
	KUNIT_EXPECT_EQ(test, damon_walk_lock(&walk, addr, &leaf),
			DAMON_LEAF_FOLIO);
	damon_walk_unlock(&walk);
	damon_walk_end(&walk);
}

static void walk_zero_page_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct damon_walk walk;
	struct damon_leaf leaf;
	u8 byte = 1;

	KUNIT_ASSERT_EQ(test, 0, get_user(byte, (u8 __user *)addr));
	KUNIT_EXPECT_EQ(test, byte, 0);
	damon_walk_begin(&walk, current->mm);
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_NONE);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_PTE);
	damon_walk_end(&walk);
}

static void walk_device_memory_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 3, PROT_READ | PROT_WRITE);
	struct damon_walk walk;
	struct damon_leaf leaf;

	set_device_memory(addr, true);
	damon_walk_begin(&walk, current->mm);
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr + 9, &leaf),
			DAMON_LEAF_OPAQUE);
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr + PAGE_SIZE, &leaf),
			DAMON_LEAF_OPAQUE);
	damon_walk_end(&walk);
	set_device_memory(addr, false);
}

/*
 * A writer that keeps the lock makes memory unknown, and is not waited for.
 * The test itself is the writer.
 */
static void walk_contended_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct vm_area_struct *vma;
	struct damon_walk walk;
	struct damon_leaf leaf;

	touch(test, addr);
	mmap_write_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	vma_start_write(vma);
	damon_walk_begin(&walk, current->mm);
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_OPAQUE);
	damon_walk_end(&walk);
	mmap_write_unlock(current->mm);

	KUNIT_EXPECT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	damon_walk_end(&walk);
}

/* Who has waited for the lock finds everything, and whole holes. */
static void walk_take_over_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 4, PROT_READ | PROT_WRITE);
	struct damon_walk walk;
	struct damon_leaf leaf;

	touch(test, addr);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + PAGE_SIZE, 2 * PAGE_SIZE));
	damon_walk_begin(&walk, current->mm);
	mmap_read_lock(current->mm);
	damon_walk_take_over(&walk);
	KUNIT_EXPECT_TRUE(test, rwsem_is_locked(&current->mm->mmap_lock));
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr + PAGE_SIZE, &leaf),
			DAMON_LEAF_NONE);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_HOLE);
	KUNIT_EXPECT_EQ(test, walk.size, 2 * PAGE_SIZE);
	damon_walk_end(&walk);
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(&current->mm->mmap_lock));
}

static void walk_huge_page_test(struct kunit *test)
{
	unsigned long addr = map_huge(test);
	struct damon_walk walk;
	struct damon_leaf leaf;

	damon_walk_begin(&walk, current->mm);
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr + PMD_SIZE - 1, &leaf),
			DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_PMD);
	KUNIT_EXPECT_EQ(test, leaf.start, addr);
	KUNIT_EXPECT_TRUE(test, make_entry_old(&walk, addr + 1));
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_FALSE(test, leaf.young);
	damon_walk_end(&walk);

	/* The walk must not have split it. */
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_PMD);
	damon_walk_end(&walk);
}

#ifdef CONFIG_ARCH_ENABLE_THP_MIGRATION
/* A huge page that is about to move is not looked at, nor waited for. */
static void walk_moving_huge_page_test(struct kunit *test)
{
	unsigned long addr = map_huge(test);
	struct damon_walk walk;
	struct damon_leaf leaf;
	pmd_t *pmdp, pmd;

	damon_walk_begin(&walk, current->mm);
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_ASSERT_EQ(test, walk.level, DAMON_WALK_PMD);
	pmdp = walk.pmd;
	pmd = pmdp_get(pmdp);
	damon_walk_end(&walk);
	set_pmd_at(current->mm, addr, pmdp,
		   swp_entry_to_pmd(make_readable_migration_entry(pmd_pfn(pmd))));

	damon_walk_begin(&walk, current->mm);
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr + 7, &leaf), DAMON_LEAF_OPAQUE);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_PMD);
	/* whoever goes on from here is behind it */
	KUNIT_EXPECT_EQ(test, walk.start + walk.size, addr + PMD_SIZE);
	KUNIT_EXPECT_EQ(test, damon_walk_lock(&walk, addr, &leaf), DAMON_LEAF_OPAQUE);
	damon_walk_unlock(&walk);
	damon_walk_end(&walk);
	set_pmd_at(current->mm, addr, pmdp, pmd);
}
#else
static void walk_moving_huge_page_test(struct kunit *test)
{
	kunit_skip(test, "huge pages are split to move");
}
#endif

#ifdef CONFIG_HUGETLB_PAGE
/* Its entry as it is, for a walk that is there. */
static pte_t hugetlb_entry(struct damon_walk *walk, unsigned long addr)
{
	return huge_ptep_get(walk->mm, addr, walk->pte);
}

/* One page is used, the other one is not there. */
static void walk_hugetlb_test(struct kunit *test)
{
	unsigned long addr = map_hugetlb(test, MAP_PRIVATE);
	unsigned long size = huge_page_size(&default_hstate);
	struct damon_walk walk;
	struct damon_leaf leaf;

	touch(test, addr);
	damon_walk_begin(&walk, current->mm);
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr + size - 1, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_EQ(test, walk.level, DAMON_WALK_HUGETLB);
	KUNIT_EXPECT_EQ(test, leaf.start, addr);
	KUNIT_EXPECT_EQ(test, leaf.size, size);
	KUNIT_EXPECT_TRUE(test, leaf.young);
	KUNIT_EXPECT_TRUE(test, folio_test_hugetlb(leaf.folio));
	KUNIT_ASSERT_TRUE(test, huge_pte_dirty(hugetlb_entry(&walk, addr)));

	/* that it was written to is not forgotten */
	KUNIT_EXPECT_TRUE(test, make_entry_old(&walk, addr + 77));
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_FALSE(test, leaf.young);
	KUNIT_EXPECT_TRUE(test, huge_pte_dirty(hugetlb_entry(&walk, addr)));
	KUNIT_EXPECT_TRUE(test, huge_pte_write(hugetlb_entry(&walk, addr)));
	KUNIT_EXPECT_FALSE(test, make_entry_old(&walk, addr));
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr + size, &leaf), DAMON_LEAF_NONE);
	damon_walk_end(&walk);

	touch_for_sure(test, addr);
	damon_walk_begin(&walk, current->mm);
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_TRUE(test, leaf.young);
	damon_walk_end(&walk);
}

static void walk_moving_hugetlb_test(struct kunit *test)
{
	unsigned long addr = map_hugetlb(test, MAP_PRIVATE);
	unsigned long size = huge_page_size(&default_hstate);
	struct damon_walk walk;
	struct damon_leaf leaf;
	swp_entry_t entry;
	pte_t *ptep, pte;

	touch(test, addr);
	damon_walk_begin(&walk, current->mm);
	KUNIT_ASSERT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	ptep = walk.pte;
	pte = hugetlb_entry(&walk, addr);
	entry = make_readable_migration_entry(folio_pfn(leaf.folio));
	set_huge_pte_at(current->mm, addr, ptep, swp_entry_to_pte(entry), size);

	KUNIT_EXPECT_EQ(test, look_up(&walk, addr + 7, &leaf), DAMON_LEAF_OPAQUE);
	KUNIT_EXPECT_EQ(test, walk.start + walk.size, addr + size);
	KUNIT_EXPECT_EQ(test, damon_walk_lock(&walk, addr, &leaf), DAMON_LEAF_OPAQUE);
	damon_walk_unlock(&walk);
	set_huge_pte_at(current->mm, addr, ptep, pte, size);
	damon_walk_end(&walk);
}
#else
static void walk_hugetlb_test(struct kunit *test)
{
	kunit_skip(test, "there is no hugetlb");
}

static void walk_moving_hugetlb_test(struct kunit *test)
{
	kunit_skip(test, "there is no hugetlb");
}
#endif

static bool irqs_were_off;

static pte_t note_irqs(pte_t *ptep)
{
	irqs_were_off = irqs_disabled();
	return *ptep;
}

/* Where an entry is read in two parts, nothing may come between the two. */
static void walk_whole_entries_test(struct kunit *test)
{
	bool two_parts = IS_ENABLED(CONFIG_GUP_GET_PXX_LOW_HIGH);
	pte_t pte = pfn_pte(7, PAGE_NONE), read;

	read = damon_read_entry(note_irqs, &pte);
	KUNIT_EXPECT_EQ(test, irqs_were_off, two_parts);
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
	KUNIT_EXPECT_TRUE(test, pte_same(read, pte));
	if (!two_parts)
		kunit_skip(test, "entries are read in one part here");
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE(walk_holes_test),
	KUNIT_CASE(walk_pages_test),
	KUNIT_CASE(walk_mkold_test),
	KUNIT_CASE(walk_lock_test),
	KUNIT_CASE(walk_zero_page_test),
	KUNIT_CASE(walk_device_memory_test),
	KUNIT_CASE(walk_contended_test),
	KUNIT_CASE(walk_take_over_test),
	KUNIT_CASE(walk_huge_page_test),
	KUNIT_CASE(walk_moving_huge_page_test),
	KUNIT_CASE(walk_hugetlb_test),
	KUNIT_CASE(walk_moving_hugetlb_test),
	KUNIT_CASE(walk_whole_entries_test),
	{}
};

static struct kunit_suite walk_suite = {
	.name = "damon-walk",
	.test_cases = walk_cases,
};

kunit_test_suite(walk_suite);
