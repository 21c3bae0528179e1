/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the LRU lists tell about a folio, and how to move it on them, whichever of the
 * two kinds of lists is in use.
 */
#ifndef _MM_DAMON_LRU_H
#define _MM_DAMON_LRU_H

#include <linux/damon.h>
#include <linux/mm.h>

/* Of two bits: see &damon_region.lru_refs. */
#define DAMON_MAX_LRU_REFS	3

unsigned int damon_lru_watch_refs(struct folio *folio);
enum damon_answer damon_lru_answer(const struct folio *folio, unsigned int refs,
				   enum damon_answer answer);
bool damon_lru_referenced(struct folio *folio, bool forget);
bool damon_lru_active(struct folio *folio);
void damon_lru_raise(struct folio *folio);
void damon_lru_lower(struct folio *folio);

#endif /* _MM_DAMON_LRU_H */
