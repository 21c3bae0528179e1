// SPDX-License-Identifier: GPL-2.0
/*
 * What the operations sets know in common about folios: how to get hold of one,
 * and how to test and clear the accessed bits of all its mappings.
 *
 * Must not know regions, targets and contexts.
 */

#include <linux/align.h>
#include <linux/memcontrol.h>
#include <linux/memory_hotplug.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>

#include "lockless.h"
#include "ops-common.h"
#include "walk.h"

/*
 * How many VMAs one look at a folio may visit.  A page of a library that
 * everything maps would take milliseconds.
 */
#define RMAP_BUDGET	512

/* The folio that an online page is in, with a reference, or NULL. */
static inline struct folio *get_folio(struct page *page)
{
	/*
	 * Most pages that fail do so here.  Without a reference this can be
	 * anything, even a tail page by now, so the flag is all to look at.
	 */
	struct folio *folio = page_folio(page);

	if (!(READ_ONCE(folio->flags.f) & BIT(PG_lru)) || !folio_try_get(folio))
		return NULL;
	if (unlikely(page_folio(page) != folio || !folio_test_lru(folio))) {
		folio_put(folio);
		return NULL;
	}
	return folio;
}

/**
 * damon_get_folio() - Get the folio of a page frame, if it can be monitored.
 * @pfn:	Number of the page frame.
 *
 * Return: A folio that is on an LRU list, with a reference, or %NULL.
 */
struct folio *damon_get_folio(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page ? get_folio(page) : NULL;
}

/*
 * The first page frame behind one that is not online, and behind its neighbours
 * that cannot be either.
 */
static unsigned long behind_hole(unsigned long pfn)
{
#ifdef CONFIG_SPARSEMEM
	if (!online_section_nr(pfn_to_section_nr(pfn)))
		return ALIGN(pfn + 1, PAGES_PER_SECTION);
	return ALIGN(pfn + 1, PAGES_PER_SUBSECTION);
#else
	return ALIGN(pfn + 1, pageblock_nr_pages);
#endif
}

/*
 * The first page frame behind what a page belongs to that is no folio to act on:
 * a free block, or memory of the kernel, of a driver or of hugetlb.  Nothing
 * holds it, so that its order may be anything.
 */
static unsigned long behind_page(const struct page *page, unsigned long pfn)
{
	unsigned long order, max_order;

	if (PageBuddy(page)) {
		order = buddy_order_unsafe(page);
		max_order = MAX_PAGE_ORDER;
	} else {
		order = compound_order(compound_head(page));
		max_order = MAX_FOLIO_ORDER;
	}
	return order <= max_order ? ALIGN(pfn + 1, 1UL << order) : pfn + 1;
}

/**
 * damon_seek_folio() - Get the folio of a page frame, and find where to look on.
 * @pfn:	Number of the page frame.  Becomes the next one that can be of
 *		another folio.
 *
 * Return: As of damon_get_folio().
 */
struct folio *damon_seek_folio(unsigned long *pfn)
{
	struct page *page = pfn_to_online_page(*pfn);
	struct folio *folio = page ? get_folio(page) : NULL;

	if (folio)
		*pfn = folio_pfn(folio) + folio_nr_pages(folio);
	else
		*pfn = page ? behind_page(page, *pfn) : behind_hole(*pfn);
	return folio;
}

/**
 * damon_folio_in_memcg() - Whether a folio is charged to a memory cgroup.
 * @folio:	The folio, with a reference or under a page table lock.
 * @id:		Id of the cgroup.
 *
 * Return: Whether it is.
 */
bool damon_folio_in_memcg(struct folio *folio, u64 id)
{
	struct mem_cgroup *memcg;

	guard(rcu)();
	memcg = folio_memcg_check(folio);
	return memcg && mem_cgroup_id(memcg) == id;
}

/* One look at the accessed bits of a folio. */
struct look {
	bool clear;		/* clear them all, else find one that is set */
	bool young;		/* one was set */
	bool gave_up;		/* the budget did not suffice */
	unsigned int budget;	/* VMAs left */
	int unseen;		/* entries not visited yet */
};

static void note(struct look *look, bool young, unsigned int nr)
{
	look->young |= young;
	look->unseen -= nr;
}

/*
 * Looks at the entries that map the folio from an address on, as many as are
 * alike, under lock.  Returns how much they cover.
 */
static unsigned long look_closely(struct look *look, struct damon_walk *walk,
				  struct folio *folio, unsigned long addr,
				  unsigned long end)
{
	struct damon_leaf leaf __uninitialized;
	unsigned long size = PAGE_SIZE;
	unsigned int nr;

	/* What belongs to a device is old, see mmu_notifier_test_young(). */
	if (damon_walk_lock(walk, addr, &leaf) == DAMON_LEAF_FOLIO &&
	    leaf.folio == folio) {
		nr = damon_walk_batch(walk, end, &leaf);
		if (look->clear)
			leaf.young = damon_walk_mkold(walk, &leaf);
		else if (!leaf.young)
			leaf.young = mmu_notifier_test_young(walk->mm, addr);
		note(look, leaf.young, nr);
		size = leaf.start + leaf.size - addr;
	}
	damon_walk_unlock(walk);
	return size;
}

/* One entry that need not be changed takes no lock. */
static unsigned long look_at_entry(struct look *look, struct damon_walk *walk,
				   struct folio *folio, unsigned long addr,
				   unsigned long end)
{
	struct damon_leaf leaf __uninitialized;

	if (damon_walk_peek(walk, addr, &leaf) != DAMON_LEAF_FOLIO ||
	    leaf.folio != folio)
		return PAGE_SIZE;
	if (folio_test_large(folio) || (look->clear && leaf.young) ||
	    mm_has_notifiers(walk->mm))
		return look_closely(look, walk, folio, addr, end);
	note(look, leaf.young, 1);
	return PAGE_SIZE;
}

static noinline void
look_at_page_closely(struct look *look, struct vm_area_struct *vma,
		     struct folio *folio, unsigned long addr)
{
	struct damon_walk walk __uninitialized;

	damon_walk_begin_vma(&walk, vma, addr);
	look_at_entry(look, &walk, folio, addr, addr + PAGE_SIZE);
	damon_walk_end(&walk);
}

/* Nearly all mappings of small folios need neither a lock nor a walk. */
static __always_inline void
look_at_page(struct look *look, struct vm_area_struct *vma, struct folio *folio,
	     unsigned long addr)
{
	bool young;

	switch (damon_lockless_page(vma->vm_mm, addr, folio_pfn(folio),
				    look->clear, &young)) {
	case DAMON_LEAF_FOLIO:
		note(look, young, 1);
		break;
	case DAMON_LEAF_NONE:
		break;
	case DAMON_LEAF_OPAQUE:
		look_at_page_closely(look, vma, folio, addr);
	}
}

static void look_at_pages(struct look *look, struct vm_area_struct *vma,
			  struct folio *folio, unsigned long addr)
{
	unsigned long end = min(addr + folio_size(folio), vma->vm_end);
	struct damon_walk walk __uninitialized;

	damon_walk_begin_vma(&walk, vma, addr);
	while (addr < end && look->unseen > 0 && (look->clear || !look->young))
		addr += look_at_entry(look, &walk, folio, addr, end);
	damon_walk_end(&walk);
}

/* rmap_walk() callback: returns whether to go on with other VMAs. */
static __always_inline bool
look_at_vma(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
	    void *arg)
{
	struct look *look = arg;

	if (likely(!folio_test_large(folio)))
		look_at_page(look, vma, folio, addr);
	else
		look_at_pages(look, vma, folio, addr);
	if (look->unseen <= 0 || (look->young && !look->clear))
		return false;
	look->gave_up = !--look->budget;
	return !look->gave_up;
}

/*
 * What rmap_walk() does for anonymous folios, which are most of those that are
 * mapped at all, without its indirections.
 */
static void look_at_anon(struct folio *folio, struct look *look,
			 struct rmap_walk_control *rwc)
{
	struct anon_vma *anon_vma = folio_lock_anon_vma_read(folio, rwc);
	unsigned long nr_pages = folio_nr_pages(folio);
	pgoff_t first = folio_pgoff(folio);
	struct anon_vma_chain *avc;

	if (!anon_vma)
		return;
	anon_vma_interval_tree_foreach(avc, &anon_vma->rb_root, first,
				       first + nr_pages - 1) {
		unsigned long addr = vma_address(avc->vma, first, nr_pages);

		if (!look_at_vma(folio, avc->vma, addr, look))
			break;
	}
	anon_vma_unlock_read(anon_vma);
}

/*
 * Visits all mappings of a folio.  Returns whether that was possible, without
 * waiting for any lock and within the budget.
 */
static bool look_at_mappings(struct folio *folio, struct look *look)
{
	struct rmap_walk_control rwc = {
		.arg = look,
		.rmap_one = look_at_vma,
		.anon_lock = folio_lock_anon_vma_read,
		.try_lock = true,
	};

	look->budget = RMAP_BUDGET;
	look->unseen = folio_mapcount(folio);
	if (look->unseen <= 0 || !folio_raw_mapping(folio))
		return true;
	/* Mappings of large folios come in batches, these do not. */
	if (!folio_test_large(folio) && look->unseen > RMAP_BUDGET)
		return false;
	if (!folio_trylock(folio))
		return false;
	if (folio_test_anon(folio) && !folio_test_ksm(folio))
		look_at_anon(folio, look, &rwc);
	else
		rmap_walk(folio, &rwc);
	folio_unlock(folio);
	return !look->gave_up && !rwc.contended;
}

/**
 * damon_folio_young() - Whether a folio was accessed since it was made old.
 * @folio:	The folio, with a reference.
 *
 * Return: The answer.
 */
enum damon_answer damon_folio_young(struct folio *folio)
{
	struct look look = {};
	bool complete;

	if (damon_folio_touched(folio))
		return DAMON_ACCESSED;
	complete = look_at_mappings(folio, &look);
	if (look.young)
		return DAMON_ACCESSED;
	return complete ? DAMON_NOT_ACCESSED : DAMON_UNKNOWN;
}

/**
 * damon_folio_mkold() - Make a folio old, to see accesses from now on.
 * @folio:	The folio, with a reference.
 *
 * Return: Whether it was accessed before, or %DAMON_UNKNOWN if it could not be
 * made old.
 */
enum damon_answer damon_folio_mkold(struct folio *folio)
{
	struct look look = { .clear = true };
	bool touched = damon_folio_touched(folio);

	if (!look_at_mappings(folio, &look)) {
		/* Reclaim must not miss what has been cleared so far. */
		if (look.young)
			folio_set_young(folio);
		return DAMON_UNKNOWN;
	}
	damon_folio_age_flags(folio, look.young);
	return look.young || touched ? DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}
