/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entries of page tables that walks come to.
 *
 * Looking takes no page table lock: most of the memory of most processes is
 * found untouched, and nothing has to be changed then.  What damon_walk_peek()
 * reports may be over already, and the folio may belong to somebody else by
 * now.  It is good for reading flags, no more.  Whoever wants to change an
 * entry, or needs a folio that stays, calls damon_walk_lock() and looks again.
 */
#ifndef _MM_DAMON_WALK_LEAVES_H
#define _MM_DAMON_WALK_LEAVES_H

#include <linux/irqflags.h>
#include <linux/mm.h>

#include "../internal.h"
#include "walk.h"

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

/*
 * Reads an entry, of which @get is the reader for its level.
 *
 * Entries may change while they are read.  Where one is read in two parts, both are of the
 * same entry only while interrupts are off: one page takes the place of another not before
 * a TLB flush, which waits for this CPU then.
 */
#define damon_read_entry(get, entryp)					\
({									\
	typeof(*(entryp)) entry_;					\
	unsigned long flags_;						\
									\
	if (IS_ENABLED(CONFIG_GUP_GET_PXX_LOW_HIGH))			\
		local_irq_save(flags_);					\
	entry_ = get(entryp);						\
	if (IS_ENABLED(CONFIG_GUP_GET_PXX_LOW_HIGH))			\
		local_irq_restore(flags_);				\
	entry_;								\
})

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

		return damon_walk_read_pte(walk, addr, ptep,
					   damon_read_entry(ptep_get_lockless, ptep),
					   leaf);
	}
	/* Through a copy, so that @leaf may live in registers. */
	kind = damon_walk_huge(walk, addr, &huge);
	if (kind == DAMON_LEAF_FOLIO)
		*leaf = huge;
	return kind;
}

#endif /* _MM_DAMON_WALK_LEAVES_H */
