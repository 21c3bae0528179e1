// SPDX-License-Identifier: GPL-2.0
/*
 * What the operations sets know in common about folios: how to get hold of one,
 * and how to test and clear the accessed bits of all its mappings.
 *
 * Must not know regions, targets and contexts.
 */

#include <linux/memory_hotplug.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>

#include "../internal.h"
#include "ops-common.h"

/*
 * How many VMAs and page table entries one look at a folio may visit.  A page
 * of a library that everything maps would take milliseconds.
 */
#define RMAP_BUDGET	512

/**
 * damon_get_folio() - Get the folio of a page frame, if it can be monitored.
 * @pfn:	Number of the page frame.
 *
 * Return: A folio that is on an LRU list, with a reference, or %NULL.
 */
struct folio *damon_get_folio(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	struct folio *folio;

	if (!page)
		return NULL;
	/*
	 * Most pages that fail do so here.  Without a reference this can be
	 * anything, even a tail page by now, so the flag is all to look at.
	 */
	folio = page_folio(page);
	if (!(READ_ONCE(folio->flags.f) & BIT(PG_lru)) || !folio_try_get(folio))
		return NULL;
	if (unlikely(page_folio(page) != folio || !folio_test_lru(folio))) {
		folio_put(folio);
		return NULL;
	}
	return folio;
}

/* One look at the accessed bits of a folio. */
struct look {
	bool clear;		/* clear them all, else find one that is set */
	bool young;		/* one was set */
	bool gave_up;		/* the budget did not suffice */
	unsigned int budget;
	int unseen;		/* entries not visited yet */
};

/*
 * Entries from the present one on that are alike, and whether one is young.
 * Those that are not present belong to a device, see mmu_notifier_test_young().
 */
static unsigned int read_ptes(struct folio *folio,
			      struct page_vma_mapped_walk *pvmw, bool *young)
{
	unsigned long end = pmd_addr_end(pvmw->address, pvmw->vma->vm_end);
	pte_t pte = ptep_get(pvmw->pte);
	unsigned int nr = 1;

	if (!pte_present(pte))
		return 1;
	if (folio_test_large(folio))
		nr = folio_pte_batch_flags(folio, NULL, pvmw->pte, &pte,
					   (end - pvmw->address) >> PAGE_SHIFT,
					   FPB_MERGE_YOUNG_DIRTY);
	*young = pte_young(pte);
	return nr;
}

/* Looks at the entries that @pvmw found, and returns how many those are. */
static unsigned int look_at_ptes(struct folio *folio,
				 struct page_vma_mapped_walk *pvmw,
				 struct look *look)
{
	struct vm_area_struct *vma = pvmw->vma;
	unsigned long addr = pvmw->address;
	bool young = false;
	unsigned int nr = read_ptes(folio, pvmw, &young);

	if (look->clear) {
		if (young)
			test_and_clear_young_ptes(vma, addr, pvmw->pte, nr);
		young |= mmu_notifier_clear_young(vma->vm_mm, addr,
						  addr + nr * PAGE_SIZE);
	} else if (!young) {
		young = mmu_notifier_test_young(vma->vm_mm, addr);
	}
	look->young |= young;
	return nr;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static void look_at_pmd(struct page_vma_mapped_walk *pvmw, struct look *look)
{
	struct vm_area_struct *vma = pvmw->vma;
	unsigned long addr = pvmw->address & PMD_MASK;
	pmd_t pmd = pmdp_get(pvmw->pmd);
	bool young = pmd_present(pmd) && pmd_young(pmd);

	if (look->clear) {
		if (young)
			pmdp_test_and_clear_young(vma, addr, pvmw->pmd);
		young |= mmu_notifier_clear_young(vma->vm_mm, addr,
						  addr + PMD_SIZE);
	} else if (!young) {
		young = mmu_notifier_test_young(vma->vm_mm, addr);
	}
	look->young |= young;
}
#else
static void look_at_pmd(struct page_vma_mapped_walk *pvmw, struct look *look)
{
}
#endif

static bool spend(struct look *look)
{
	look->gave_up = !look->budget;
	if (look->gave_up)
		return false;
	look->budget--;
	return true;
}

/* rmap_walk() callback: returns whether to go on with other VMAs. */
static bool look_at_vma(struct folio *folio, struct vm_area_struct *vma,
			unsigned long addr, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, 0);
	unsigned long pages = 0;
	struct look *look = arg;

	if (!spend(look))
		return false;
	while (page_vma_mapped_walk(&pvmw)) {
		unsigned int nr = 1;

		if (pvmw.pte) {
			nr = look_at_ptes(folio, &pvmw, look);
			pages += nr;
		} else {
			look_at_pmd(&pvmw, look);
			pages = pvmw.nr_pages;
		}
		look->unseen -= nr;
		if ((look->young && !look->clear) || !spend(look)) {
			page_vma_mapped_walk_done(&pvmw);
			return false;
		}
		if (pages >= pvmw.nr_pages) {
			page_vma_mapped_walk_done(&pvmw);
			break;
		}
		pvmw.pte += nr - 1;
		pvmw.address += (nr - 1) * PAGE_SIZE;
	}
	return look->unseen > 0;
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
