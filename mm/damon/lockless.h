/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page table entries, without locks.  See lockless.c for why that is safe.
 *
 * Coarse entries are those of PUDs, fine ones those of PMDs.
 */
#ifndef _MM_DAMON_LOCKLESS_H
#define _MM_DAMON_LOCKLESS_H

#include <linux/folio_batch.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>

#include "walk-leaves.h"

struct damon_addr_range;
struct damon_touched;

/**
 * struct damon_glance - Position of a look at entries of the last level.
 * @mm:		The address space, with a users count.
 * @on:		Interrupts are off: the rest is good.
 * @irq_flags:	To switch them on again.
 * @start:	First address of where the glance is.
 * @size:	Size of that.  Zero: nowhere.
 * @ptes:	The page table for that, or %NULL if nothing is mapped there.
 * @near_start:	First address of what @pmds is responsible for.
 * @near_size:	Size of that.  Zero: there is no such table.
 * @pmds:	The PMD table that it went through last.
 * @ptep:	The entry that it saw last.
 * @pte:	The value of that.
 * @held:	Folios to be put when interrupts are on again: whoever frees one takes
 *		locks that may sleep with PREEMPT_RT.
 */
struct damon_glance {
	struct mm_struct *mm;
	bool on;
	unsigned long irq_flags;
	unsigned long start;
	unsigned long size;
	pte_t *ptes;
	unsigned long near_start;
	unsigned long near_size;
	pmd_t *pmds;
	pte_t *ptep;
	pte_t pte;
	struct folio_batch held;
};

/* What is not set here is not looked at before it has been set. */
static inline void damon_glance_begin(struct damon_glance *glance,
				      struct mm_struct *mm)
{
	glance->mm = mm;
	glance->on = false;
	glance->size = 0;
	glance->near_size = 0;
	folio_batch_init(&glance->held);
}

/* Until the next look.  Must not be forgotten before anything that sleeps. */
static inline void damon_glance_end(struct damon_glance *glance)
{
	if (!glance->on)
		return;
	glance->on = false;
	glance->size = 0;
	glance->near_size = 0;
	local_irq_restore(glance->irq_flags);
	if (folio_batch_count(&glance->held))
		folios_put(&glance->held);
}

#ifdef CONFIG_DAMON_LOCKLESS
/**
 * damon_lockless_works() - Check if upper levels tell about an address space.
 * @mm:	The address space.
 *
 * They do not know about accesses of devices and guests, which have page tables of
 * their own.
 *
 * Return: True if they do.
 */
static inline bool damon_lockless_works(struct mm_struct *mm)
{
	return arch_has_hw_nonleaf_pmd_young() && !mm_has_notifiers(mm);
}

bool damon_glance_move(struct damon_glance *glance, unsigned long addr);
enum damon_leaf_kind damon_glance_odd(pte_t pte);
bool damon_glance_get(struct damon_glance *glance, struct folio *folio);
bool damon_glance_mkold(struct damon_glance *glance);

/**
 * damon_glance() - Look what is mapped at an address.
 * @glance:	The glance.  Interrupts are off afterwards.
 * @addr:	The address.  Those near the previous one's are cheap.
 * @leaf:	Filled in if the result is %DAMON_LEAF_FOLIO.
 *
 * Return: What it is, or was a moment ago.  %DAMON_LEAF_OPAQUE: damon_walk_peek()
 * has to find out.
 */
static __always_inline enum damon_leaf_kind
damon_glance(struct damon_glance *glance, unsigned long addr,
	     struct damon_leaf *leaf)
{
	pte_t pte;

	if (addr - glance->start >= glance->size &&
	    !damon_glance_move(glance, addr))
		return DAMON_LEAF_OPAQUE;
	if (!glance->ptes)
		return DAMON_LEAF_NONE;
	glance->ptep = glance->ptes + pte_index(addr);
	pte = ptep_get_lockless(glance->ptep);
	if (unlikely(!pte_present(pte) || pte_special(pte) ||
		     pte_pfn(pte) > highest_memmap_pfn))
		return pte_none(pte) ? DAMON_LEAF_NONE : damon_glance_odd(pte);
	glance->pte = pte;
	leaf->start = addr & PAGE_MASK;
	leaf->size = PAGE_SIZE;
	leaf->young = pte_young(pte);
	leaf->folio = page_folio(pfn_to_page(pte_pfn(pte)));
	return DAMON_LEAF_FOLIO;
}

enum damon_leaf_kind damon_lockless_page(struct mm_struct *mm,
					 unsigned long addr, unsigned long pfn,
					 bool clear, bool *young);
unsigned int damon_lockless_arm_coarse(struct mm_struct *mm,
				       const struct damon_addr_range *range);
unsigned int damon_lockless_look_coarse(struct mm_struct *mm,
					const struct damon_addr_range *range,
					struct damon_touched *touched);
unsigned int damon_lockless_arm_fine(struct mm_struct *mm,
				     const struct damon_addr_range *range,
				     unsigned long *bits);
unsigned int damon_lockless_look_fine(struct mm_struct *mm,
				      const struct damon_addr_range *range,
				      unsigned long *bits);
#else
static inline enum damon_leaf_kind
damon_glance(struct damon_glance *glance, unsigned long addr,
	     struct damon_leaf *leaf)
{
	return DAMON_LEAF_OPAQUE;
}

static inline bool damon_glance_get(struct damon_glance *glance,
				    struct folio *folio)
{
	return false;
}

static inline bool damon_glance_mkold(struct damon_glance *glance)
{
	return false;
}

static inline bool damon_lockless_works(struct mm_struct *mm)
{
	return false;
}

static inline enum damon_leaf_kind
damon_lockless_page(struct mm_struct *mm, unsigned long addr, unsigned long pfn,
		    bool clear, bool *young)
{
	return DAMON_LEAF_OPAQUE;
}

static inline unsigned int
damon_lockless_arm_coarse(struct mm_struct *mm,
			  const struct damon_addr_range *range)
{
	return 0;
}

static inline unsigned int
damon_lockless_look_coarse(struct mm_struct *mm,
			   const struct damon_addr_range *range,
			   struct damon_touched *touched)
{
	return 0;
}

static inline unsigned int
damon_lockless_arm_fine(struct mm_struct *mm, const struct damon_addr_range *range,
			unsigned long *bits)
{
	return 0;
}

static inline unsigned int
damon_lockless_look_fine(struct mm_struct *mm,
			 const struct damon_addr_range *range, unsigned long *bits)
{
	return 0;
}
#endif

#endif /* _MM_DAMON_LOCKLESS_H */
