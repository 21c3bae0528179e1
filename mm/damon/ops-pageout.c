// SPDX-License-Identifier: GPL-2.0
/*
 * What can and may be paged out at all.
 *
 * Reclaim that is told which folios to take asks nobody.  It takes what cgroups were
 * promised to keep.  If swap has no room for a folio it splits one that is large, and
 * moves it to where hot memory is, for nothing.  So this is found out before.
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

/* A folio has a place to go to, behind so many other pages. */
static bool has_room(struct folio *folio, struct mem_cgroup *memcg,
		     unsigned long nr_ahead)
{
	long nr_pages = folio_nr_pages(folio) + nr_ahead;

	/* a file has a place, and what may be thrown away needs none */
	return !folio_test_swapbacked(folio) || folio_test_swapcache(folio) ||
		swap_room(memcg) >= nr_pages;
}

#ifdef CONFIG_MEMCG
/* Most have no protection, and there is nothing to be calculated. */
static bool wants_protection(struct mem_cgroup *memcg)
{
	for (; memcg; memcg = parent_mem_cgroup(memcg)) {
		if (READ_ONCE(memcg->memory.min) || READ_ONCE(memcg->memory.low))
			return true;
	}
	return false;
}

/*
 * How much protection is in effect for a cgroup depends on how much its parent has, so
 * it is calculated from the top down, as by those who reclaim from everybody.
 */
static void calculate_protection(struct mem_cgroup *memcg)
{
	struct mem_cgroup *next, *done = NULL;

	while (done != memcg) {
		for (next = memcg; parent_mem_cgroup(next) != done;)
			next = parent_mem_cgroup(next);
		mem_cgroup_calculate_protection(NULL, next);
		done = next;
	}
}

/*
 * A cgroup has no more memory than it was promised to keep.  To take what is
 * only its low mark is for those who find nothing else.
 */
static bool is_protected(struct mem_cgroup *memcg)
{
	if (!wants_protection(memcg))
		return false;
	calculate_protection(memcg);
	return mem_cgroup_below_min(NULL, memcg) ||
		mem_cgroup_below_low(NULL, memcg);
}
#else
static bool is_protected(struct mem_cgroup *memcg)
{
	return false;
}
#endif

/**
 * damon_can_pageout() - Check if a folio has a place to go to, and may.
 * @folio:	The folio, with a reference or under a page table lock.
 * @nr_ahead:	So many pages are about to be paged out before it.
 *
 * Context: Worker.
 * Return: True if it is worth a try.  It can fail all the same.
 */
bool damon_can_pageout(struct folio *folio, unsigned long nr_ahead)
{
	struct mem_cgroup *memcg;

	guard(rcu)();
	memcg = folio_memcg_check(folio);
	return has_room(folio, memcg, nr_ahead) && !is_protected(memcg);
}

#ifdef CONFIG_DAMON_PADDR_KUNIT_TEST
#include "tests/pageout-kunit.h"
#endif
