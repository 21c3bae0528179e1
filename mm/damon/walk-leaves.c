// SPDX-License-Identifier: GPL-2.0
/*
 * What the entries say that walks come to, at all levels of page tables: reads and
 * locks them, and clears accessed bits.
 *
 * Never splits huge mappings.  Must not know how a walk goes to an entry, nor regions
 * and samples.
 */

#include <linux/swap.h>	/* for leafops.h */
#include <linux/hugetlb.h>
#include <linux/leafops.h>
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>

#include "walk-leaves.h"

/*
 * What is swapped out or marked for the next fault is not accessed by anybody.
 * What is being migrated, lent to a device or poisoned may be, and an accessed
 * bit that it had can come back.
 */
enum damon_leaf_kind damon_absent_kind(softleaf_t entry)
{
	if (softleaf_is_swap(entry) || softleaf_is_marker(entry))
		return DAMON_LEAF_NONE;
	return DAMON_LEAF_OPAQUE;
}

/* The zero page stands for memory that does not exist yet. */
static enum damon_leaf_kind present_kind(struct folio **folio,
					 struct page *page, bool zero)
{
	if (page) {
		*folio = page_folio(page);
		return DAMON_LEAF_FOLIO;
	}
	return zero ? DAMON_LEAF_NONE : DAMON_LEAF_OPAQUE;
}

/**
 * damon_walk_odd_pte() - Interpret a PTE that does not simply map a page.
 * @walk:	The walk.
 * @addr:	The address that it translates.
 * @pte:	Its value, not none.
 * @folio:	Set if the result is %DAMON_LEAF_FOLIO.
 *
 * Return: What is mapped.
 */
enum damon_leaf_kind damon_walk_odd_pte(struct damon_walk *walk,
					unsigned long addr, pte_t pte,
					struct folio **folio)
{
	if (!pte_present(pte))
		return damon_absent_kind(softleaf_from_pte(pte));
	return present_kind(folio, vm_normal_page(walk->vma, addr, pte),
			    is_zero_pfn(pte_pfn(pte)));
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static enum damon_leaf_kind read_pmd(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	pmd_t pmd = damon_read_entry(pmdp_get_lockless, walk->pmd);

	if (pmd_none(pmd))
		return DAMON_LEAF_NONE;
	/* On its way somewhere else, or replaced by a page table. */
	if (!pmd_present(pmd) || !pmd_leaf(pmd))
		return DAMON_LEAF_OPAQUE;
	leaf->start = addr & PMD_MASK;
	leaf->size = PMD_SIZE;
	leaf->young = pmd_young(pmd);
	return present_kind(&leaf->folio,
			    vm_normal_page_pmd(walk->vma, leaf->start, pmd),
			    is_huge_zero_pmd(pmd));
}

static bool clear_pmd(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return pmdp_test_and_clear_young(walk->vma, leaf->start, walk->pmd);
}
#else
static enum damon_leaf_kind read_pmd(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	return DAMON_LEAF_OPAQUE;
}

static bool clear_pmd(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return false;
}
#endif

#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && \
	defined(CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD)
static enum damon_leaf_kind read_pud(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	pud_t pud = pudp_get(walk->pud);

	if (pud_none(pud))
		return DAMON_LEAF_NONE;
	if (!pud_present(pud) || !pud_leaf(pud))
		return DAMON_LEAF_OPAQUE;
	leaf->start = addr & PUD_MASK;
	leaf->size = PUD_SIZE;
	leaf->young = pud_young(pud);
	return present_kind(&leaf->folio,
			    vm_normal_page_pud(walk->vma, leaf->start, pud),
			    false);
}

static bool clear_pud(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return pudp_test_and_clear_young(walk->vma, leaf->start, walk->pud);
}
#else
static enum damon_leaf_kind read_pud(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	return DAMON_LEAF_OPAQUE;
}

static bool clear_pud(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return false;
}
#endif

#ifdef CONFIG_HUGETLB_PAGE
static enum damon_leaf_kind read_hugetlb(struct damon_walk *walk,
					 unsigned long addr,
					 struct damon_leaf *leaf)
{
	struct hstate *h = hstate_vma(walk->vma);
	pte_t pte;

	leaf->start = addr & huge_page_mask(h);
	leaf->size = huge_page_size(h);
	pte = huge_ptep_get(walk->mm, leaf->start, walk->pte);
	if (huge_pte_none(pte))
		return DAMON_LEAF_NONE;
	if (!pte_present(pte))
		return damon_absent_kind(softleaf_from_pte(pte));
	leaf->young = pte_young(pte);
	return present_kind(&leaf->folio, pte_page(pte), false);
}

static spinlock_t *lock_hugetlb(struct damon_walk *walk)
{
	return huge_pte_lock(hstate_vma(walk->vma), walk->mm, walk->pte);
}

/*
 * Where a hugetlb entry is one ordinary entry, its accessed bit is cleared in
 * place, which cannot lose what the hardware sets meanwhile.  Elsewhere it may
 * consist of many, or have a layout of its own.  Then it is taken out, and put
 * back with everything it had when it was taken out, except the accessed bit.
 */
static bool clear_hugetlb(struct damon_walk *walk, struct damon_leaf *leaf)
{
#ifdef __HAVE_ARCH_HUGE_PTEP_GET_AND_CLEAR
	pte_t pte = huge_ptep_get_and_clear(walk->mm, leaf->start, walk->pte,
					    leaf->size);

	set_huge_pte_at(walk->mm, leaf->start, walk->pte, pte_mkold(pte),
			leaf->size);
	return pte_young(pte);
#else
	return ptep_test_and_clear_young(walk->vma, leaf->start, walk->pte);
#endif
}
#else
static enum damon_leaf_kind read_hugetlb(struct damon_walk *walk,
					 unsigned long addr,
					 struct damon_leaf *leaf)
{
	return DAMON_LEAF_OPAQUE;
}

static spinlock_t *lock_hugetlb(struct damon_walk *walk)
{
	return NULL;
}

static bool clear_hugetlb(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return false;
}
#endif

/**
 * damon_walk_huge() - Interpret what is no page table.
 * @walk:	The walk, where it should be.
 * @addr:	The address.
 * @leaf:	Filled in if the result is %DAMON_LEAF_FOLIO.
 *
 * Return: What is mapped.
 */
enum damon_leaf_kind damon_walk_huge(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	switch (walk->level) {
	case DAMON_WALK_PMD:
		return read_pmd(walk, addr, leaf);
	case DAMON_WALK_PUD:
		return read_pud(walk, addr, leaf);
	case DAMON_WALK_HUGETLB:
		return read_hugetlb(walk, addr, leaf);
	case DAMON_WALK_OPAQUE:
		return DAMON_LEAF_OPAQUE;
	default:
		return DAMON_LEAF_NONE;
	}
}

/**
 * damon_walk_unlock() - Undo damon_walk_lock().
 * @walk:	The walk, locked or not.
 */
void damon_walk_unlock(struct damon_walk *walk)
{
	if (!walk->ptl)
		return;
	spin_unlock(walk->ptl);
	walk->ptl = NULL;
}

/*
 * If the entry above the page table has changed, be it that the table is gone or
 * just that the hardware went through, the walk enters once more.
 */
static enum damon_leaf_kind lock_pte(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	pmd_t pmd;
	int tries;

	for (tries = 0; tries < 2 && walk->level == DAMON_WALK_PTE; tries++) {
		walk->ptl = pte_lockptr(walk->mm, &walk->pmdval);
		spin_lock(walk->ptl);
		pmd = damon_read_entry(pmdp_get_lockless, walk->pmd);
		if (likely(pmd_same(walk->pmdval, pmd))) {
			walk->locked_pte = walk->pte +
				((addr - walk->start) >> PAGE_SHIFT);
			return damon_walk_read_pte(walk, addr, walk->locked_pte,
						   ptep_get(walk->locked_pte),
						   leaf);
		}
		damon_walk_unlock(walk);
		damon_walk_reenter(walk, addr);
	}
	return DAMON_LEAF_OPAQUE;
}

/**
 * damon_walk_lock() - Lock the entry of an address and look again.
 * @walk:	The walk, where damon_walk_peek() has just found a folio.
 * @addr:	The address.
 * @leaf:	Filled in if the result is %DAMON_LEAF_FOLIO.
 *
 * Context: Spins.  Must be followed by damon_walk_unlock().
 * Return: What is mapped, for as long as the lock is held.
 */
enum damon_leaf_kind damon_walk_lock(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	switch (walk->level) {
	case DAMON_WALK_PTE:
		return lock_pte(walk, addr, leaf);
	case DAMON_WALK_PMD:
		walk->ptl = pmd_lock(walk->mm, walk->pmd);
		break;
	case DAMON_WALK_PUD:
		walk->ptl = pud_lock(walk->mm, walk->pud);
		break;
	case DAMON_WALK_HUGETLB:
		walk->ptl = lock_hugetlb(walk);
		break;
	default:
		break;
	}
	return damon_walk_huge(walk, addr, leaf);
}

/**
 * damon_walk_batch() - Take in what follows an entry and maps the same folio.
 * @walk:	The walk, locked.
 * @end:	Address not to go beyond.
 * @leaf:	The entry.  Grows, and becomes young if one of the others is.
 *
 * Return: How many entries it stands for now.
 */
unsigned int damon_walk_batch(struct damon_walk *walk, unsigned long end,
			      struct damon_leaf *leaf)
{
	unsigned long max_nr;
	unsigned int nr;
	pte_t pte;

	if (walk->level != DAMON_WALK_PTE || !folio_test_large(leaf->folio))
		return 1;
	max_nr = (min(end, walk->start + walk->size) - leaf->start) >> PAGE_SHIFT;
	pte = ptep_get(walk->locked_pte);
	nr = folio_pte_batch_flags(leaf->folio, NULL, walk->locked_pte, &pte,
				   max_nr, FPB_MERGE_YOUNG_DIRTY);
	leaf->size = nr * PAGE_SIZE;
	leaf->young = pte_young(pte);
	return nr;
}

/**
 * damon_walk_folio_addr() - Where the folio of an entry begins.
 * @walk:	The walk, locked.
 * @leaf:	The entry, or the batch that begins with it.
 *
 * Return: The address of the folio's first page if all of it is mapped in a row,
 * but not below the VMA.
 */
unsigned long damon_walk_folio_addr(const struct damon_walk *walk,
				    const struct damon_leaf *leaf)
{
	unsigned long before = 0;

	if (walk->level == DAMON_WALK_PTE)
		before = pte_pfn(ptep_get(walk->locked_pte)) -
			folio_pfn(leaf->folio);
	return leaf->start - min(before << PAGE_SHIFT,
				 leaf->start - walk->vma->vm_start);
}

/**
 * damon_walk_mkold() - Clear the accessed bit of an entry.
 * @walk:	The walk, locked.
 * @leaf:	The entry.
 *
 * Also clears it for secondary MMUs.  The TLB is not flushed.
 *
 * Return: True if it was set.
 */
bool damon_walk_mkold(struct damon_walk *walk, struct damon_leaf *leaf)
{
	bool young = false;

	if (leaf->young) {
		switch (walk->level) {
		case DAMON_WALK_PTE:
			young = test_and_clear_young_ptes(walk->vma, leaf->start,
							  walk->locked_pte,
							  leaf->size >> PAGE_SHIFT);
			break;
		case DAMON_WALK_PMD:
			young = clear_pmd(walk, leaf);
			break;
		case DAMON_WALK_PUD:
			young = clear_pud(walk, leaf);
			break;
		case DAMON_WALK_HUGETLB:
			young = clear_hugetlb(walk, leaf);
			break;
		default:
			break;
		}
	}
	if (mmu_notifier_clear_young(walk->mm, leaf->start,
				     leaf->start + leaf->size))
		young = true;
	return young;
}
