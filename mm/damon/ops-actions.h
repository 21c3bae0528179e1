/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the actions of all operations sets have in common: priority scores,
 * filters that need to see the memory, and folios on their way.
 *
 * Includes no page tables and no address spaces.
 */
#ifndef _MM_DAMON_OPS_ACTIONS_H
#define _MM_DAMON_OPS_ACTIONS_H

#include <linux/mm.h>
#include <linux/page_idle.h>

#include "internal.h"

/* scores, [0, DAMOS_MAX_SCORE] */

int damon_hot_score(struct damon_ctx *ctx, struct damon_region *r,
		    struct damos *s);
int damon_cold_score(struct damon_ctx *ctx, struct damon_region *r,
		     struct damos *s);

/* filters */

/*
 * True if a folio was accessed since it was made old last.  It is made old again
 * then.  An operations set that came to the folio through a page table
 * entry asks that entry.
 */
typedef bool (*damos_young_fn)(struct folio *folio, void *arg);

enum damos_verdict damos_judge_folio(const struct damos *s, struct folio *folio,
				     damos_young_fn young, void *arg);

/* True if a folio is for a scheme, explicitly or not. */
static inline bool damos_admits_folio(const struct damos *s, struct folio *folio,
				      damos_young_fn young, void *arg)
{
	return damos_judge_folio(s, folio, young, arg) != DAMOS_REJECT;
}

bool damos_folio_young(struct folio *folio, void *arg);

/*
 * True if a folio was used since the last time, although samples have made it old since.
 * For schemes that look first: what they page out is to look unused to reclaim, too.
 */
static inline bool damos_take_young(struct folio *folio)
{
	return folio_test_young(folio) && folio_test_clear_young(folio);
}

/* True if a scheme has filters that need to see the memory at hand. */
static inline bool damos_has_ops_filter(const struct damos *s)
{
	return !list_empty(&s->ops_filters) && !s->core_filters_allowed;
}

/*
 * True if it matters that a scheme can do something with memory.  To find that out can
 * cost more than to filter.  Of what is rejected only a quota and memory that waits to
 * become old want to know.
 */
static inline bool damos_needs_reach(const struct damos *s, bool admitted, bool young)
{
	return admitted || young || damos_quota_is_set(&s->quota);
}

/* reach */

bool damon_can_pageout(struct folio *folio, unsigned long nr_ahead);

/* batches */

/* Pages that are isolated at a time, at most; more only if one folio has more. */
#define DAMON_BATCH_PAGES	512UL

/**
 * struct damon_batch - Folios that were taken off their LRU lists.
 * @folios:	The folios, each with a reference that belongs to the batch.
 * @nr_pages:	How many pages they have.
 *
 * They count as isolated, so that reclaim knows where they are.
 */
struct damon_batch {
	struct list_head folios;
	unsigned long nr_pages;
};

static inline void damon_batch_init(struct damon_batch *batch)
{
	INIT_LIST_HEAD(&batch->folios);
	batch->nr_pages = 0;
}

static inline bool damon_batch_full(const struct damon_batch *batch)
{
	return batch->nr_pages >= DAMON_BATCH_PAGES;
}

bool damon_batch_take(struct damon_batch *batch, struct folio *folio,
		      bool for_reclaim);
unsigned long damon_batch_reclaim(struct damon_batch *batch);
unsigned long damon_batch_migrate(struct damon_batch *batch, int nid);

bool damon_node_usable(int nid);

#endif /* _MM_DAMON_OPS_ACTIONS_H */
