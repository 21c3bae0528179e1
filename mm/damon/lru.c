// SPDX-License-Identifier: GPL-2.0
/*
 * LRU lists: the classic ones, active and inactive, and the generations of the
 * multi-generational LRU.
 *
 * The latter has a place of its own for accesses through file descriptors: a count of
 * references in the folio's flags, which begins anew with each generation.  Such accesses
 * clear no idle flag there, so the count is all that there is to see of them.
 *
 * Must not know regions, nor who asks.
 */

#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/rcupdate.h>
#include <linux/swap.h>

#include "../internal.h"
#include "internal.h"
#include "lru.h"

#ifndef CONFIG_LRU_GEN
/* Nobody counts. */
static unsigned int folio_lru_refs(const struct folio *folio)
{
	return 0;
}
#endif

/* References of anonymous memory say nothing about its accesses. */
static bool has_refs(const struct folio *folio)
{
	return lru_gen_enabled() && !folio_test_anon(folio);
}

/*
 * A count of one or two values cannot be lowered without a change of the tier that it
 * stands for, and unevictable memory has none.
 */
static bool can_watch(const struct folio *folio)
{
	return LRU_REFS_WIDTH >= 2 && !folio_test_unevictable(folio);
}

/**
 * damon_lru_watch_refs() - See to it that another reference of a folio can be seen.
 * @folio:	The folio, with a reference.
 *
 * A count that is as high as it can be is lowered by one, which is the same tier.
 *
 * Return: The count, for damon_lru_answer().
 */
unsigned int damon_lru_watch_refs(struct folio *folio)
{
	unsigned long flags = READ_ONCE(folio->flags.f);

	if (!has_refs(folio) || !can_watch(folio) || !(flags & BIT(PG_referenced)))
		return 0;
	while ((flags & LRU_REFS_MASK) == LRU_REFS_MASK)
		if (try_cmpxchg(&folio->flags.f, &flags, flags - BIT(LRU_REFS_PGOFF)))
			break;
	return min(folio_lru_refs(folio), DAMON_MAX_LRU_REFS);
}

/**
 * damon_lru_answer() - What references add to what mappings told of a folio.
 * @folio:	The folio, with a reference.
 * @refs:	As of damon_lru_watch_refs(), an interval ago.
 * @answer:	That of the mappings.
 *
 * Return: The answer.  Unknown if the count has begun anew since, or if there is none, and
 * no mapping either.
 */
enum damon_answer damon_lru_answer(const struct folio *folio, unsigned int refs,
				   enum damon_answer answer)
{
	unsigned int now;

	if (answer == DAMON_ACCESSED || !has_refs(folio))
		return answer;
	if (!can_watch(folio))
		return folio_mapped(folio) ? answer : DAMON_UNKNOWN;
	now = folio_lru_refs(folio);
	if (now > refs)
		return DAMON_ACCESSED;
	return now < refs ? DAMON_UNKNOWN : answer;
}

/**
 * damon_lru_referenced() - Check if a folio was referenced in its generation.
 * @folio:	The folio, with a reference.
 * @forget:	Begin to count anew.
 *
 * Return: True if it was.  False for the classic lists, where the idle flag tells.
 */
bool damon_lru_referenced(struct folio *folio, bool forget)
{
	if (!has_refs(folio) || !folio_test_referenced(folio))
		return false;
	if (forget)
		set_mask_bits(&folio->flags.f, LRU_REFS_FLAGS, 0);
	return true;
}

/**
 * damon_lru_active() - Check if a folio is on an active list.
 * @folio:	The folio, with a reference.
 *
 * Return: True if it is, or in one of the two youngest generations, which are what
 * /proc/meminfo calls active.
 */
bool damon_lru_active(struct folio *folio)
{
#ifdef CONFIG_LRU_GEN
	int gen = folio_lru_gen(folio);

	if (gen >= 0) {
		guard(rcu)();
		return lru_gen_is_active(folio_lruvec(folio), gen);
	}
#endif
	return folio_test_active(folio);
}

/**
 * damon_lru_raise() - Keep a folio from being reclaimed soon.
 * @folio:	The folio, with a reference.
 *
 * It goes to the active list, or to the second youngest generation.  There it would
 * come from the youngest one, too.
 */
void damon_lru_raise(struct folio *folio)
{
	if (!lru_gen_enabled() || !damon_lru_active(folio))
		folio_activate(folio);
}

/**
 * damon_lru_lower() - Let a folio be reclaimed before others.
 * @folio:	The folio, with a reference.
 *
 * It goes to the inactive list.  Of generations, it is the oldest one for files, but
 * the second youngest one for anonymous memory, which must not come from an older one.
 */
void damon_lru_lower(struct folio *folio)
{
	if (!lru_gen_enabled() || folio_is_file_lru(folio) || damon_lru_active(folio))
		folio_deactivate(folio);
}

#ifdef CONFIG_DAMON_PADDR_KUNIT_TEST
#include "tests/lru-kunit.h"
#endif
