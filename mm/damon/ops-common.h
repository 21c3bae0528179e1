/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operations sets know in common about folios.
 *
 * Two folio flags carry accesses between DAMON and the rest of the memory
 * management.  Whoever clears an accessed bit sets the young flag, which
 * reclaim takes for a reference, so that monitoring makes nothing look cold to
 * it.  The idle flag is set along with it, and cleared by reclaim when that
 * consumes an accessed bit, and by folio_mark_accessed() and the like.  So a
 * folio without it was accessed in a way that its mappings may not show.  (With
 * the multi-generational LRU, see lru.c.)
 *
 * Nothing here protects against the user interface of idle page tracking, which
 * uses the same flags.
 */
#ifndef _MM_DAMON_OPS_COMMON_H
#define _MM_DAMON_OPS_COMMON_H

#include <linux/mm.h>
#include <linux/page_idle.h>

#include "internal.h"

/*
 * True if a folio that has been made old lost its idle flag.  Memory that some
 * driver mapped belongs to no mapping, nobody maintains its flags.
 *
 * May be asked without holding the folio in any way, when the answer need not be
 * reliable.  It can be a tail page of another one by now, which the usual
 * accessors would complain about.
 */
static inline bool damon_folio_touched(const struct folio *folio)
{
	if (!READ_ONCE(folio->mapping))
		return false;
#ifdef CONFIG_64BIT
	return !(READ_ONCE(folio->flags.f) & BIT(PG_idle));
#else
	return !folio_test_idle(folio);
#endif
}

/* Makes the flags old.  @young: an accessed bit was cleared for that. */
static inline void damon_folio_age_flags(struct folio *folio, bool young)
{
	if (!READ_ONCE(folio->mapping))
		return;
	/* Plain tests first: the flags' cache line is shared with others. */
	if (young && !folio_test_young(folio))
		folio_set_young(folio);
	if (!folio_test_idle(folio))
		folio_set_idle(folio);
}

/*
 * How many mappings of a folio a look may visit.  A page of a library that everything maps
 * would take milliseconds otherwise.
 */
#define DAMON_MAX_VISITS	512

/*
 * The same for all looks of a pass over samples together, not counting the first visit of
 * each folio.  One of them may go beyond that if it is the first one that needs any.
 */
#define DAMON_PASS_VISITS	(DAMON_MAX_VISITS / 4)

/**
 * struct damon_visits - What looks at the mappings of folios may cost.
 * @left:	So many more visits.  %DAMON_PASS_VISITS: none was needed so far.
 * @seed:	Which mappings to look at where all are too many.
 * @lacking:	Some folio was not looked at since too few were left.
 */
struct damon_visits {
	unsigned int left;
	u32 seed;
	bool lacking;
};

struct folio *damon_get_folio(unsigned long pfn);
struct folio *damon_seek_folio(unsigned long *pfn);
bool damon_folio_in_memcg(struct folio *folio, u64 id, bool below);
bool damon_folio_arm(struct folio *folio, struct damon_visits *visits);
enum damon_answer damon_check_folio(struct folio *folio,
				    struct damon_visits *visits);
enum damon_answer damon_age_folio(struct folio *folio);

#endif /* _MM_DAMON_OPS_COMMON_H */
