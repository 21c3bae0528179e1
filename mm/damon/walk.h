/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page table walker of the operations sets.
 *
 * A walk looks up addresses of one address space.  What an address led to, be
 * it a page table, a huge entry or the knowledge that there is nothing, is kept
 * until an address outside of it is asked for, so that ascending addresses
 * share VMA look-ups and descents.
 *
 * Looking takes no page table lock: most of the memory of most processes is
 * found untouched, and nothing has to be changed then.  What damon_walk_peek()
 * reports may be over already, and the folio may belong to somebody else by
 * now.  It is good for reading flags, no more.  Whoever wants to change an
 * entry, or needs a folio that stays, calls damon_walk_lock() and looks again.
 *
 * Locks of a walk, outermost first: the VMA's read lock, or the mmap lock where
 * VMAs cannot be locked one by one, unless the VMA is the caller's; the hugetlb
 * VMA lock; RCU, while in a page
 * table; between damon_walk_lock() and damon_walk_unlock(), the page table
 * lock.  All are taken and dropped by the walker only.  No walk may hold on for
 * long: users call damon_walk_pause() once per batch.
 */
#ifndef _MM_DAMON_WALK_H
#define _MM_DAMON_WALK_H

#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>

#include "../internal.h"

struct damon_target;

/* Where a walk is. */
enum damon_walk_level {
	DAMON_WALK_HOLE,	/* addresses that no VMA covers */
	DAMON_WALK_EMPTY,	/* a VMA's addresses without a page table */
	DAMON_WALK_OPAQUE,	/* could not be locked, or is no normal memory */
	DAMON_WALK_PTE,		/* a page table */
	DAMON_WALK_PMD,		/* one huge PMD entry */
	DAMON_WALK_PUD,		/* one huge PUD entry */
	DAMON_WALK_HUGETLB,	/* one hugetlb entry */
};

/**
 * struct damon_walk - Position in an address space.
 * @mm:		The address space.  Its users count is held by the caller.
 * @vma:	Locked VMA, or %NULL.
 * @start:	First address of where the walk is.
 * @size:	Size of that.  Zero: nowhere.
 * @level:	What it is.
 * @mmap_locked: The VMA is kept by the mmap lock, not by its own.
 * @borrowed:	The VMA is kept by the caller, and the walk never leaves it.
 * @pte:	With %DAMON_WALK_PTE the entry of @start, with
 *		%DAMON_WALK_HUGETLB the entry.
 * @pmd:	With %DAMON_WALK_PMD the entry, with %DAMON_WALK_PTE the one that
 *		refers to the page table.
 * @pud:	With %DAMON_WALK_PUD the entry.
 * @pmdval:	What @pmd was when the walk entered the page table.
 * @ptl:	Page table lock that is held, or %NULL.
 * @locked_pte:	Locked entry of a page table.
 * @pmds:	PMD table that the walk came through last.  It stays as long as
 *		the VMA does.
 * @near_start:	First address of the VMA that @pmds is responsible for.
 * @near_size:	Size of that range.  Zero: there is no such table.
 */
struct damon_walk {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	unsigned long start;
	unsigned long size;
	enum damon_walk_level level;
	bool mmap_locked;
	bool borrowed;
	pte_t *pte;
	union {
		pmd_t *pmd;
		pud_t *pud;
	};
	pmd_t pmdval;
	spinlock_t *ptl;	/* not the walk's own, only taken by it */
	pte_t *locked_pte;
	pmd_t *pmds;
	unsigned long near_start;
	unsigned long near_size;
};

/* What is mapped at an address. */
enum damon_leaf_kind {
	DAMON_LEAF_NONE,	/* no memory; whoever accesses it has to fault */
	DAMON_LEAF_OPAQUE,	/* something that cannot be checked now */
	DAMON_LEAF_FOLIO,	/* a folio */
};

/**
 * struct damon_leaf - Present entry that translates an address.
 * @start:	First address whose accessed bit it shares with later ones.
 * @size:	Size of that range.
 * @folio:	What it maps, without a reference.  Valid under the page table
 *		lock only.
 * @young:	Its accessed bit.
 */
struct damon_leaf {
	unsigned long start;
	unsigned long size;
	struct folio *folio;
	bool young;
};

struct mm_struct *damon_get_mm(struct damon_target *t);

void damon_walk_begin_vma(struct damon_walk *walk, struct vm_area_struct *vma,
			  unsigned long addr);
void damon_walk_move(struct damon_walk *walk, unsigned long addr);
enum damon_leaf_kind damon_absent_kind(softleaf_t entry);
enum damon_leaf_kind damon_walk_odd_pte(struct damon_walk *walk,
					unsigned long addr, pte_t pte,
					struct folio **folio);
enum damon_leaf_kind damon_walk_huge(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf);
enum damon_leaf_kind damon_walk_lock(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf);
unsigned int damon_walk_batch(struct damon_walk *walk, unsigned long end,
			      struct damon_leaf *leaf);
bool damon_walk_mkold(struct damon_walk *walk, struct damon_leaf *leaf);
unsigned long damon_walk_folio_addr(const struct damon_walk *walk,
				    const struct damon_leaf *leaf);
void damon_walk_unlock(struct damon_walk *walk);
void damon_walk_leave(struct damon_walk *walk);
void damon_walk_pause(struct damon_walk *walk);
void damon_walk_wait(struct damon_walk *walk);

/* What is not set here is not looked at before it has been set. */
static inline void damon_walk_begin(struct damon_walk *walk,
				    struct mm_struct *mm)
{
	walk->mm = mm;
	walk->vma = NULL;
	walk->size = 0;
	walk->level = DAMON_WALK_HOLE;
	walk->mmap_locked = false;
	walk->borrowed = false;
	walk->ptl = NULL;
	walk->near_size = 0;
}

/**
 * damon_walk_end() - Drop all locks of a walk.
 * @walk:	The walk.  It may be used again.
 */
static inline void damon_walk_end(struct damon_walk *walk)
{
	/* there are none, and nothing to forget, unless it has gone somewhere */
	if (walk->size || walk->vma || walk->mmap_locked)
		damon_walk_leave(walk);
}

/*
 * Entries may change while they are read.  Where one is read in two parts, both are of the
 * same entry only while interrupts are off: one page takes the place of another not before
 * a TLB flush, which waits for this CPU then.
 */
static __always_inline pte_t damon_read_pte(pte_t *ptep)
{
	unsigned long flags;
	pte_t pte;

	if (!IS_ENABLED(CONFIG_GUP_GET_PXX_LOW_HIGH))
		return ptep_get_lockless(ptep);
	local_irq_save(flags);
	pte = ptep_get_lockless(ptep);
	local_irq_restore(flags);
	return pte;
}

/* The same one level above. */
static inline pmd_t damon_read_pmd(pmd_t *pmdp)
{
	unsigned long flags;
	pmd_t pmd;

	if (!IS_ENABLED(CONFIG_GUP_GET_PXX_LOW_HIGH))
		return pmdp_get_lockless(pmdp);
	local_irq_save(flags);
	pmd = pmdp_get_lockless(pmdp);
	local_irq_restore(flags);
	return pmd;
}

/*
 * Interprets an entry of a page table.  Nearly all of them are what the first
 * condition is about; vm_normal_page() would find out the same about those.
 */
static __always_inline enum damon_leaf_kind
damon_walk_read_pte(struct damon_walk *walk, unsigned long addr, pte_t *ptep,
		    pte_t pte, struct damon_leaf *leaf)
{
	leaf->start = addr & PAGE_MASK;
	leaf->size = PAGE_SIZE;
	if (likely(pte_present(pte))) {
		leaf->size *= pte_batch_hint(ptep, pte);
		leaf->young = pte_young(pte);
		if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL) &&
		    likely(!pte_special(pte) &&
			   pte_pfn(pte) <= highest_memmap_pfn)) {
			leaf->folio = page_folio(pfn_to_page(pte_pfn(pte)));
			return DAMON_LEAF_FOLIO;
		}
	} else if (pte_none(pte)) {
		return DAMON_LEAF_NONE;
	}
	return damon_walk_odd_pte(walk, addr, pte, &leaf->folio);
}

/**
 * damon_walk_peek() - Look what is mapped at an address.
 * @walk:	The walk, not locked.
 * @addr:	The address.  Those near the previous one's are cheap.
 * @leaf:	Filled in if the result is %DAMON_LEAF_FOLIO.
 *
 * Context: May sleep.  Afterwards RCU may be held, until the walk moves on, is
 * paused or ends.
 * Return: What it is, or was a moment ago.
 */
static __always_inline enum damon_leaf_kind
damon_walk_peek(struct damon_walk *walk, unsigned long addr,
		struct damon_leaf *leaf)
{
	struct damon_leaf huge __uninitialized;
	enum damon_leaf_kind kind;

	if (addr - walk->start >= walk->size)
		damon_walk_move(walk, addr);
	if (likely(walk->level == DAMON_WALK_PTE)) {
		pte_t *ptep = walk->pte + ((addr - walk->start) >> PAGE_SHIFT);

		return damon_walk_read_pte(walk, addr, ptep, damon_read_pte(ptep), leaf);
	}
	/* Through a copy, so that @leaf may live in registers. */
	kind = damon_walk_huge(walk, addr, &huge);
	if (kind == DAMON_LEAF_FOLIO)
		*leaf = huge;
	return kind;
}

#endif /* _MM_DAMON_WALK_H */
