/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture of suites that need real mappings, in the test's own address space.
 */

#include <kunit/test.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include <asm/tlbflush.h>

#include "../walk-leaves.h"

static inline unsigned long map_pages(struct kunit *test, unsigned long pages,
				      unsigned long prot)
{
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, pages * PAGE_SIZE, prot,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "no address space to map memory in");
	return addr;
}

static inline void touch(struct kunit *test, unsigned long addr)
{
	KUNIT_ASSERT_EQ(test, 0, put_user(1, (u8 __user *)addr));
}

/*
 * Accessed bits are not set while a TLB has the translation, and monitoring
 * does not flush.
 */
static inline void touch_for_sure(struct kunit *test, unsigned long addr)
{
	flush_tlb_mm(current->mm);
	touch(test, addr);
}

/* The folio at an address, on its LRU list, which lives as long as the mapping. */
static inline struct folio *lru_folio_at(struct kunit *test, unsigned long addr)
{
	struct folio *folio;
	struct page *page;

	KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast(addr, 1, FOLL_WRITE, &page));
	folio = page_folio(page);
	folio_put(folio);
	lru_add_drain_all();
	KUNIT_ASSERT_TRUE(test, folio_test_lru(folio));
	return folio;
}

static inline enum damon_leaf_kind look_up(struct damon_walk *walk,
					   unsigned long addr,
					   struct damon_leaf *leaf)
{
	*leaf = (struct damon_leaf){};
	return damon_walk_peek(walk, addr, leaf);
}

/* Lets a mapping look like one of a device. */
static inline void set_device_memory(unsigned long addr, bool set)
{
	struct vm_area_struct *vma;

	mmap_write_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (set)
		vm_flags_set(vma, VM_PFNMAP);
	else
		vm_flags_clear(vma, VM_PFNMAP);
	mmap_write_unlock(current->mm);
}

/* Returns an address that a huge PMD entry maps, or skips the test. */
static inline unsigned long map_huge(struct kunit *test)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	unsigned long addr = map_pages(test, 2 * HPAGE_PMD_NR,
				       PROT_READ | PROT_WRITE);
	struct damon_walk walk;
	struct damon_leaf leaf;

	addr = round_up(addr, HPAGE_PMD_SIZE);
	do_madvise(current->mm, addr, HPAGE_PMD_SIZE, MADV_HUGEPAGE);
	touch(test, addr);
	damon_walk_begin(&walk, current->mm);
	look_up(&walk, addr, &leaf);
	damon_walk_end(&walk);
	if (leaf.size == HPAGE_PMD_SIZE)
		return addr;
#endif
	kunit_skip(test, "no huge page to be had");
	return 0;
}
