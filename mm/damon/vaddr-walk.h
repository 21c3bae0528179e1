/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page table walker of the virtual address operations sets.
 *
 * A walk looks up addresses of one address space.  What an address led to, be
 * it a page table, a huge entry or the knowledge that there is nothing, stays
 * locked until an address outside of it is asked for, so that ascending
 * addresses share VMA look-ups, locks and descents.  The walker knows nothing
 * of regions and samples.
 *
 * Locks of a walk, outermost first: the VMA's read lock, or the mmap lock where
 * VMAs cannot be locked one by one; the hugetlb VMA lock; a page table lock.
 * All are taken and dropped by the walker only.  A walk that holds a page table
 * lock must not sleep, and no walk may hold on for long: users call
 * damon_walk_pause() once per batch.
 */
#ifndef _MM_DAMON_VADDR_WALK_H
#define _MM_DAMON_VADDR_WALK_H

#include <linux/mm.h>

struct damon_target;

/* What a walk stands on. */
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
 * @start:	First address of what the walk stands on.
 * @size:	Its size.  Zero: nothing is known or locked.
 * @level:	What it is.
 * @mmap_locked: The VMA is kept by the mmap lock, not by its own.
 * @ptl:	Page table lock that is held, or %NULL.
 * @pte:	With %DAMON_WALK_PTE the entry of @start, with
 *		%DAMON_WALK_HUGETLB the entry.
 * @pmd:	The entry, with %DAMON_WALK_PMD.
 * @pud:	The entry, with %DAMON_WALK_PUD.
 */
struct damon_walk {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	unsigned long start;
	unsigned long size;
	enum damon_walk_level level;
	bool mmap_locked;
	spinlock_t *ptl;	/* not owned, only taken */
	union {
		pte_t *pte;
		pmd_t *pmd;
		pud_t *pud;
	};
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
 * @folio:	What it maps.  No reference is held: it is valid as long as the
 *		walk stays where it is.
 * @pte:	The entry, if it is in a page table.
 * @young:	Its accessed bit.
 */
struct damon_leaf {
	unsigned long start;
	unsigned long size;
	struct folio *folio;
	pte_t *pte;
	bool young;
};

struct mm_struct *damon_get_mm(struct damon_target *t);

static inline void damon_walk_begin(struct damon_walk *walk,
				    struct mm_struct *mm)
{
	*walk = (struct damon_walk){ .mm = mm };
}

enum damon_leaf_kind damon_walk_leaf(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf);
bool damon_walk_mkold(struct damon_walk *walk, struct damon_leaf *leaf);
void damon_walk_end(struct damon_walk *walk);
void damon_walk_pause(struct damon_walk *walk);

#endif /* _MM_DAMON_VADDR_WALK_H */
