/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page table walker of the operations sets: positions in an address space.  What is
 * there is in walk-leaves.h.
 *
 * A walk looks up addresses of one address space.  What an address led to, be
 * it a page table, a huge entry or the knowledge that there is nothing, is kept
 * until an address outside of it is asked for, so that ascending addresses
 * share VMA look-ups and descents.
 *
 * Locks of a walk, outermost first: the VMA's read lock, or the mmap lock where
 * VMAs cannot be locked one by one, unless the VMA is the caller's; the hugetlb
 * VMA lock; RCU, while in a page table; between damon_walk_lock() and
 * damon_walk_unlock(), the page table lock.  All are taken and dropped
 * by the walker only.  No walk may hold on for long: users call damon_walk_pause() once
 * per batch.
 */
#ifndef _MM_DAMON_WALK_H
#define _MM_DAMON_WALK_H

#include <linux/mm.h>

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

struct mm_struct *damon_get_mm(struct damon_target *t);

void damon_walk_begin_vma(struct damon_walk *walk, struct vm_area_struct *vma,
			  unsigned long addr);
void damon_walk_move(struct damon_walk *walk, unsigned long addr);
void damon_walk_reenter(struct damon_walk *walk, unsigned long addr);
void damon_walk_leave(struct damon_walk *walk);
void damon_walk_pause(struct damon_walk *walk);
void damon_walk_take_over(struct damon_walk *walk);

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

#endif /* _MM_DAMON_WALK_H */
