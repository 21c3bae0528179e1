// SPDX-License-Identifier: GPL-2.0
/*
 * What can be paged out at all.
 *
 * Reclaim that is told which folios to take asks nobody.  If swap has no room for
 * one of them it splits those that are large, and moves them all to where hot
 * memory is, for nothing.  So this is found out before.
 *
 * Must not know how one gets to a folio, nor how folios are reclaimed.
 */

#include <linux/cleanup.h>
#include <linux/memcontrol.h>
#include <linux/rcupdate.h>
#include <linux/swap.h>

#include "ops-actions.h"

/* Pages that a cgroup may still swap out, or anybody if there is none. */
static long swap_room(struct mem_cgroup *memcg)
{
	return memcg ? mem_cgroup_get_nr_swap_pages(memcg) : get_nr_swap_pages();
}

/**
 * damon_can_pageout() - Whether there is a place where a folio could go.
 * @folio:	The folio, with a reference or under a page table lock.
 * @nr_ahead:	So many pages are about to be paged out before it.
 *
 * Context: Worker.
 * Return: Whether it is worth a try.  It can fail all the same.
 */
bool damon_can_pageout(struct folio *folio, unsigned long nr_ahead)
{
	long nr_pages = folio_nr_pages(folio) + nr_ahead;

	/* a file has a place, and what may be thrown away needs none */
	if (!folio_test_swapbacked(folio) || folio_test_swapcache(folio))
		return true;
	guard(rcu)();
	return swap_room(folio_memcg_check(folio)) >= nr_pages;
}

#ifdef CONFIG_DAMON_PADDR_KUNIT_TEST
#include "tests/pageout-kunit.h"
#endif
