// SPDX-License-Identifier: GPL-2.0
/*
 * Schemes for the physical address space: finds the folios of a region, and does
 * with them what a scheme asks for.
 *
 * Must not know how folios are filtered, reclaimed and migrated, nor whether
 * they were accessed.
 */

#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "../internal.h"
#include "lru.h"
#include "ops-actions.h"
#include "ops-common.h"
#include "paddr.h"

/* Look-ups in a row, without a chance for others to run or to stop this. */
#define CHUNK		64

/* Times this modulo 2^32, numbers are spread evenly, and follow no other pattern. */
#define SPREAD		2654435769U

/* folios of a region */

/* One way through the folios of a region, in the order of addresses. */
struct folio_iter {
	u64 start;			/* the region, bytes */
	u64 end;
	unsigned long pfn;		/* where to look next */
	unsigned long end_pfn;
	unsigned int nr_lookups;
};

/* What is beyond all memory is one place. */
static u64 phys_of(const struct damon_ctx *ctx, unsigned long addr)
{
	u64 phys;

	if (check_mul_overflow((u64)addr, (u64)ctx->addr_unit, &phys))
		return U64_MAX;
	return phys;
}

static void iter_begin(struct folio_iter *iter, const struct damon_ctx *ctx,
		       const struct damon_region *r)
{
	u64 end_pfn = (u64)highest_memmap_pfn + 1;

	iter->start = phys_of(ctx, r->ar.start);
	iter->end = phys_of(ctx, r->ar.end);
	iter->pfn = min(iter->start >> PAGE_SHIFT, end_pfn);
	iter->end_pfn = min(((iter->end - 1) >> PAGE_SHIFT) + 1, end_pfn);
	iter->nr_lookups = 0;
}

/*
 * Returns the next folio that something can be done with, with a reference, or NULL at the
 * end or when the worker is to stop.  The first and the last one may extend beyond the
 * region.
 */
static struct folio *next_folio(struct folio_iter *iter)
{
	while (iter->pfn < iter->end_pfn) {
		struct folio *folio;

		if (++iter->nr_lookups % CHUNK == 0) {
			if (kthread_should_stop())
				return NULL;
			cond_resched();
		}
		folio = damon_seek_folio(&iter->pfn);
		if (folio && !folio_test_hugetlb(folio))
			return folio;
		if (folio)
			folio_put(folio);
	}
	return NULL;
}

static u64 phys_of_folio(const struct folio *folio)
{
	return (u64)folio_pfn(folio) << PAGE_SHIFT;
}

/* How much of a folio is in the region, bytes. */
static u64 overlap(const struct folio_iter *iter, const struct folio *folio)
{
	u64 start = phys_of_folio(folio);

	return min(iter->end, start + folio_size(folio)) -
		max(iter->start, start);
}

/* one scheme on one region */

struct visit {
	struct damos *s;
	bool spare_young;		/* although the scheme does not say so */
	bool young;			/* the folio at hand was accessed */
	struct folio_iter iter;
	struct damon_batch batch;
	u64 nr_pages;			/* pages that were changed */
	u64 passed;			/* what passed the filters, bytes */
	u64 present;			/* what there was for the action, bytes */
	u64 waiting;			/* of that, what was only made old */
	u64 left[NR_DAMOS_LEFT];	/* what is left alone, by reason, bytes */
};

static bool acts_on_cold(const struct damos *s)
{
	return s->action == DAMOS_PAGEOUT || s->action == DAMOS_MIGRATE_COLD ||
		s->action == DAMOS_LRU_DEPRIO;
}

/*
 * For filters.  References make a folio young, too, and old ones would do so for ever where
 * nothing begins to count anew.  What is to be cold has no use for the old count.
 */
static bool folio_is_young(struct folio *folio, void *arg)
{
	struct visit *v = arg;

	v->young = damos_folio_young(folio, NULL);
	v->young |= damon_lru_referenced(folio, acts_on_cold(v->s));
	if (v->s->looks)
		v->young |= damos_take_young(folio);
	return v->young;
}

/*
 * Reclaim does not ask whether a folio of a batch was referenced.  So unless the
 * scheme has an opinion on young memory, it is spared as if a filter behind all
 * others said so.  A look spares all of it.
 */
static bool wants(struct visit *v, struct folio *folio)
{
	switch (damos_judge_folio(v->s, folio, folio_is_young, v)) {
	case DAMOS_ALLOW:
		return true;
	case DAMOS_ADMIT:
		if (!v->spare_young)
			return true;
		v->young = folio_is_young(folio, v) || v->s->looking;
		return !v->young;
	default:
		return false;
	}
}

/*
 * A large folio can be in several regions, and is to be handled once.  What
 * &damos.last_applied holds between regions is the number of the page frame
 * behind the last folio, and what became of that folio, in the lowest bits.  A
 * folio that reaches into a region from before and ends just there is the same
 * one.  Should it be another one that took its place meanwhile, it is left alone
 * until the next pass.
 */
#define WANTED		1UL	/* it was for the scheme */
#define ALLOWED		2UL	/* filters of the core decided about its region */
#define WAS_YOUNG	4UL	/* it was accessed */
#define NOTE_BITS	3

static void remember(const struct visit *v, unsigned long end_pfn, bool wanted)
{
	v->s->last_applied = (void *)
		(end_pfn << NOTE_BITS | (wanted ? WANTED : 0) |
		 (v->young ? WAS_YOUNG : 0) |
		 (v->s->core_filters_allowed ? ALLOWED : 0));
}

/* Returns what is noted about a folio.  Zero: it did not have its turn. */
static unsigned long recall(const struct visit *v, const struct folio *folio)
{
	unsigned long note = (unsigned long)v->s->last_applied;

	if (phys_of_folio(folio) >= v->iter.start ||
	    note >> NOTE_BITS != folio_pfn(folio) + folio_nr_pages(folio))
		return 0;
	return note;
}

/* True if the filters that decided about a folio decide about this region. */
static bool still_holds(const struct visit *v, unsigned long note)
{
	return note && v->s->core_filters_allowed == !!(note & ALLOWED);
}

/* Those on the node already, or without a node to go to, are not isolated. */
static bool could_migrate(const struct folio *folio, int nid)
{
	return folio_nid(folio) != nid && damon_node_usable(nid);
}

/* Reclaim lets what was referenced have another round, and monitoring says so of all. */
static void forget_references(struct folio *folio)
{
	folio_clear_referenced(folio);
	folio_test_clear_young(folio);
}

static void act(struct visit *v, struct folio *folio)
{
	switch (v->s->action) {
	case DAMOS_PAGEOUT:
		if (damon_batch_take(&v->batch, folio, true))
			forget_references(folio);
		break;
	case DAMOS_MIGRATE_HOT:
	case DAMOS_MIGRATE_COLD:
		if (could_migrate(folio, v->s->target_nid))
			damon_batch_take(&v->batch, folio, false);
		break;
	case DAMOS_LRU_PRIO:
		damon_lru_raise(folio);
		v->nr_pages += folio_nr_pages(folio);
		break;
	case DAMOS_LRU_DEPRIO:
		forget_references(folio);
		damon_lru_lower(folio);
		v->nr_pages += folio_nr_pages(folio);
		break;
	default:
		break;
	}
}

static void finish_batch(struct visit *v)
{
	if (v->s->action == DAMOS_PAGEOUT)
		v->nr_pages += damon_batch_reclaim(&v->batch);
	else
		v->nr_pages += damon_batch_migrate(&v->batch, v->s->target_nid);
}

/* Why an action can do nothing with a folio, or NR_DAMOS_LEFT if it can. */
static enum damos_left out_of_reach(const struct visit *v, struct folio *folio)
{
	switch (v->s->action) {
	case DAMOS_PAGEOUT:
		if (folio_test_unevictable(folio))
			return DAMOS_LEFT_UNEVICTABLE;
		return damon_can_pageout(folio, v->batch.nr_pages) ?
			NR_DAMOS_LEFT : DAMOS_LEFT_NO_ROOM;
	case DAMOS_LRU_PRIO:
	case DAMOS_LRU_DEPRIO:
		return folio_test_unevictable(folio) ?
			DAMOS_LEFT_UNEVICTABLE : NR_DAMOS_LEFT;
	default:
		return NR_DAMOS_LEFT;
	}
}

static void visit_folio(struct visit *v, struct folio *folio)
{
	unsigned long note = recall(v, folio);
	u64 size = overlap(&v->iter, folio);
	bool wanted = note & WANTED;
	enum damos_left why;

	v->young = false;
	/* one that has grown meanwhile was found before in parts */
	v->left[DAMOS_LEFT_ABSENT] -= min(v->left[DAMOS_LEFT_ABSENT], size);
	if (!still_holds(v, note)) {
		wanted = wants(v, folio);
		remember(v, v->iter.pfn, wanted);
		note &= ~WAS_YOUNG;
	}
	if (wanted)
		v->passed += size;
	else if (v->young || note & WAS_YOUNG)
		v->left[DAMOS_LEFT_YOUNG] += size;
	else
		v->left[DAMOS_LEFT_FILTERED] += size;
	/* what had its turn in the last region was charged there */
	if (note & WANTED)
		return;
	if (!damos_needs_reach(v->s, wanted, v->young))
		return;
	why = out_of_reach(v, folio);
	if (why != NR_DAMOS_LEFT) {
		if (wanted)
			v->left[why] += size;
		return;
	}
	if (wanted && !v->s->looking)
		act(v, folio);
	v->present += size;
	if (v->young && !wanted)
		v->waiting += size;
}

static void visit_folios(struct visit *v)
{
	struct folio *folio;

	while ((folio = next_folio(&v->iter))) {
		visit_folio(v, folio);
		folio_put(folio);
		if (damon_batch_full(&v->batch))
			finish_batch(v);
	}
	if (v->batch.nr_pages)
		finish_batch(v);
}

/* True if there is anything to do or to find out. */
static bool has_work(const struct damos *s)
{
	switch (s->action) {
	case DAMOS_PAGEOUT:
	case DAMOS_LRU_PRIO:
	case DAMOS_LRU_DEPRIO:
	case DAMOS_MIGRATE_HOT:
	case DAMOS_MIGRATE_COLD:
		return true;
	case DAMOS_STAT:
		return !list_empty(&s->ops_filters);
	default:
		return false;
	}
}

static void note_left(const struct visit *v, const struct damon_ctx *ctx)
{
	for (int i = 0; i < NR_DAMOS_LEFT; i++)
		v->s->sz_left[i] += div64_ul(v->left[i], ctx->addr_unit);
}

/* &damon_operations.apply_scheme */
unsigned long damon_paddr_apply_scheme(struct damon_ctx *ctx,
				       struct damon_target *t,
				       struct damon_region *r, struct damos *s,
				       unsigned long *sz_filter_passed)
{
	struct visit v = {
		.s = s,
		.spare_young = s->action == DAMOS_PAGEOUT &&
			!damos_has_filter(s, DAMOS_FILTER_TYPE_YOUNG),
	};

	if (!has_work(s))
		return 0;
	iter_begin(&v.iter, ctx, r);
	damon_batch_init(&v.batch);
	/* until something is found */
	v.left[DAMOS_LEFT_ABSENT] = v.iter.end - v.iter.start;
	visit_folios(&v);
	if (!s->looking)
		note_left(&v, ctx);
	*sz_filter_passed += div64_ul(v.passed, ctx->addr_unit);
	s->sz_absent = damon_sz_region(r) -
		min(div64_ul(v.present, ctx->addr_unit), damon_sz_region(r));
	s->sz_waiting = div64_ul(v.waiting, ctx->addr_unit);
	return div64_ul(v.nr_pages << PAGE_SHIFT, ctx->addr_unit);
}

/* &damon_operations.get_scheme_score */
int damon_paddr_score(struct damon_ctx *ctx, struct damon_region *r,
		      struct damos *s)
{
	if (acts_on_cold(s))
		return damon_cold_score(ctx, r, s);
	switch (s->action) {
	case DAMOS_MIGRATE_HOT:
	case DAMOS_LRU_PRIO:
		return damon_hot_score(ctx, r, s);
	default:
		return DAMOS_MAX_SCORE;
	}
}

/* where the memory is */

/* What a node has of something, and what all of them have. */
struct node_share {
	u64 on_node;
	u64 on_any;
};

/* Bytes, exactly. */
static struct node_share measure(struct folio_iter *iter, int nid)
{
	struct node_share share = {};
	struct folio *folio;

	while ((folio = next_folio(iter))) {
		u64 sz = overlap(iter, folio);

		share.on_any += sz;
		if (folio_nid(folio) == nid)
			share.on_node += sz;
		folio_put(folio);
	}
	return share;
}

/* Bytes, from @nr_looks pages. */
static struct node_share estimate(struct folio_iter *iter, int nid, unsigned long nr_looks)
{
	u64 nr_pages = iter->end_pfn - iter->pfn;
	struct node_share hits = {};
	u32 place = 0;

	for (unsigned long i = 0; i < nr_looks; i++) {
		struct folio_iter page = *iter;
		struct folio *folio;

		place += SPREAD;
		page.pfn += mul_u64_u32_shr(nr_pages, place, 32);
		page.end_pfn = page.pfn + 1;
		page.nr_lookups = i;
		folio = next_folio(&page);
		if (!folio)
			continue;
		hits.on_any++;
		hits.on_node += folio_nid(folio) == nid;
		folio_put(folio);
	}
	return (struct node_share){
		.on_node = damon_mul_div(nr_pages << PAGE_SHIFT, hits.on_node,
					 nr_looks),
		.on_any = damon_mul_div(nr_pages << PAGE_SHIFT, hits.on_any,
					nr_looks),
	};
}

/*
 * &damon_operations.size_on_node.  Only folios on LRU lists are memory here, for
 * nothing else can be migrated.
 */
unsigned long damon_paddr_size_on_node(struct damon_ctx *ctx,
				       struct damon_region *r, int nid,
				       unsigned long nr_looks,
				       unsigned long *sz_any_node)
{
	struct node_share share;
	struct folio_iter iter;

	iter_begin(&iter, ctx, r);
	if (iter.end_pfn - iter.pfn <= nr_looks)
		share = measure(&iter, nid);
	else
		share = estimate(&iter, nid, nr_looks);
	*sz_any_node = div64_ul(share.on_any, ctx->addr_unit);
	return div64_ul(share.on_node, ctx->addr_unit);
}

#ifdef CONFIG_DAMON_PADDR_KUNIT_TEST
#include "tests/actions-kunit.h"
#endif
