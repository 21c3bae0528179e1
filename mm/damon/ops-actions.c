// SPDX-License-Identifier: GPL-2.0
/*
 * What the actions of all operations sets have in common: how urgent a region
 * is, whether a folio is wanted, and what becomes of folios that are.
 *
 * Must not know page tables and address spaces, nor how one gets to a folio.
 */

#include <linux/log2.h>
#include <linux/migrate.h>
#include <linux/mm_inline.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "../internal.h"
#include "lru.h"
#include "ops-actions.h"
#include "ops-common.h"

/* scores */

/* What one property of a region contributes, at most. */
#define MAX_SUBSCORE	100

/* From this number of binary digits of its seconds on, an age is just old. */
#define MAX_AGE_DIGITS	32

/* How much of what was possible was accessed. */
static unsigned int access_subscore(struct damon_ctx *ctx,
				    struct damon_region *r)
{
	unsigned int max = damon_max_nr_accesses(&ctx->attrs);
	unsigned int nr = min(damon_nr_accesses_mvsum(r, ctx), max);

	return div_u64((u64)nr * MAX_SUBSCORE, max);
}

/*
 * The longer memory has been accessed, the hotter it is, and the colder the
 * longer it has not been.  Memory that just changed is half way.
 */
static unsigned int age_subscore(struct damon_ctx *ctx, struct damon_region *r,
				 bool accessed)
{
	u64 sec = damon_mul_div(r->age, ctx->attrs.aggr_interval, USEC_PER_SEC);
	int digits = sec ? min(ilog2(sec) + 1, MAX_AGE_DIGITS) : 0;

	if (!accessed)
		digits = -digits;
	return (digits + MAX_AGE_DIGITS) * MAX_SUBSCORE / MAX_AGE_DIGITS / 2;
}

/**
 * damon_hot_score() - How hot a region is, for the quota of a scheme.
 * @ctx:	The context.
 * @r:		The region.
 * @s:		The scheme, whose quota has the weights.
 *
 * Context: Worker.
 * Return: The score, [0, %DAMOS_MAX_SCORE].
 */
int damon_hot_score(struct damon_ctx *ctx, struct damon_region *r,
		    struct damos *s)
{
	unsigned int access = access_subscore(ctx, r);
	unsigned int age = age_subscore(ctx, r, access);
	u64 weight_access = s->quota.weight_nr_accesses;
	u64 weight_age = s->quota.weight_age;
	u64 score = weight_access * access + weight_age * age;

	if (weight_access + weight_age)
		score = div64_u64(score, weight_access + weight_age);
	return (unsigned int)score * DAMOS_MAX_SCORE / MAX_SUBSCORE;
}

/**
 * damon_cold_score() - How cold a region is, for the quota of a scheme.
 * @ctx:	The context.
 * @r:		The region.
 * @s:		The scheme, whose quota has the weights.
 *
 * Context: Worker.
 * Return: The score, [0, %DAMOS_MAX_SCORE].
 */
int damon_cold_score(struct damon_ctx *ctx, struct damon_region *r,
		     struct damos *s)
{
	return DAMOS_MAX_SCORE - damon_hot_score(ctx, r, s);
}

/* filters */

/* Who says whether a folio is young, and what was said. */
struct young {
	damos_young_fn ask;
	void *arg;
	bool known;
	bool yes;
};

/*
 * Asking can change the answer, so it is done once, and not if no filter wants to
 * know.
 */
static bool is_young(struct young *young, struct folio *folio)
{
	if (!young->known)
		young->yes = young->ask(folio, young->arg);
	young->known = true;
	return young->yes;
}

/* True if a filter speaks about a folio. */
static bool filter_matches(const struct damos_filter *f, struct folio *folio,
			   struct young *young)
{
	bool of_type;

	switch (f->type) {
	case DAMOS_FILTER_TYPE_ANON:
		of_type = folio_test_anon(folio);
		break;
	case DAMOS_FILTER_TYPE_ACTIVE:
		of_type = damon_lru_active(folio);
		break;
	case DAMOS_FILTER_TYPE_MEMCG:
		of_type = damon_folio_in_memcg(folio, f->memcg_id, f->below);
		break;
	case DAMOS_FILTER_TYPE_YOUNG:
		of_type = is_young(young, folio);
		break;
	case DAMOS_FILTER_TYPE_HUGEPAGE_SIZE:
		of_type = f->sz_range.min <= folio_size(folio) &&
			folio_size(folio) <= f->sz_range.max;
		break;
	case DAMOS_FILTER_TYPE_UNMAPPED:
		of_type = !folio_mapped(folio) || !folio_raw_mapping(folio);
		break;
	default:
		return false;
	}
	return of_type == f->matching;
}

/**
 * damos_judge_folio() - What the filters of a scheme say about a folio.
 * @s:		The scheme.
 * @folio:	The folio, with a reference or under a page table lock.
 * @young:	Tells whether the folio is young, and makes it old.  Called once,
 *		if at all.
 * @arg:	Second argument of @young.
 *
 * Context: Worker.  Sleeps only if @young does.
 * Return: %DAMOS_ALLOW if it is wanted explicitly, %DAMOS_ADMIT if nothing speaks
 * against it, else %DAMOS_REJECT.
 */
enum damos_verdict damos_judge_folio(const struct damos *s, struct folio *folio,
				     damos_young_fn young, void *arg)
{
	struct young answer = { .ask = young, .arg = arg };
	const struct damos_filter *f;

	if (s->core_filters_allowed)
		return DAMOS_ALLOW;
	damos_for_each_ops_filter(f, s) {
		if (filter_matches(f, folio, &answer))
			return f->allow ? DAMOS_ALLOW : DAMOS_REJECT;
	}
	return damos_default_reject(&s->ops_filters) ? DAMOS_REJECT : DAMOS_ADMIT;
}

/**
 * damos_folio_young() - Find out if a folio was accessed through any mapping.
 * @folio:	The folio, with a reference.
 * @arg:	Not used.
 *
 * Young folios are made old.  A folio that nothing can be found out about now
 * counts as young: what is taken for cold by mistake costs more than what is
 * left alone until the next pass.
 *
 * Context: Worker.
 * Return: False if it was certainly not accessed.
 */
bool damos_folio_young(struct folio *folio, void *arg)
{
	return damon_age_folio(folio) != DAMON_NOT_ACCESSED;
}

/* batches */

static enum node_stat_item isolated_item(struct folio *folio)
{
	return NR_ISOLATED_ANON + folio_is_file_lru(folio);
}

/**
 * damon_batch_take() - Take a folio off its LRU list.
 * @batch:	The batch that it goes to.
 * @folio:	The folio, with a reference of the caller's.  Nothing can be done
 *		with the batch before that has been dropped.
 * @for_reclaim: Leave unevictable folios where they are.  They can be migrated.
 *
 * Context: Worker.  Takes the LRU lock.
 * Return: True if the folio is part of the batch now.
 */
bool damon_batch_take(struct damon_batch *batch, struct folio *folio,
		      bool for_reclaim)
{
	if ((for_reclaim && folio_test_unevictable(folio)) ||
	    !folio_isolate_lru(folio))
		return false;
	if (unlikely(for_reclaim && folio_test_unevictable(folio))) {
		folio_putback_lru(folio);
		return false;
	}
	node_stat_add_folio(folio, isolated_item(folio));
	list_add_tail(&folio->lru, &batch->folios);
	batch->nr_pages += folio_nr_pages(folio);
	return true;
}

static void put_back(struct list_head *folios)
{
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, folios, lru) {
		list_del(&folio->lru);
		node_stat_sub_folio(folio, isolated_item(folio));
		folio_putback_lru(folio);
	}
}

/*
 * Reclaims those folios of a list that are on the same node as the first one.
 * Reclaim puts back what it could not free, and does not know that the folios
 * count as isolated.
 */
static unsigned long reclaim_node(struct list_head *folios)
{
	struct folio *folio = list_first_entry(folios, struct folio, lru), *next;
	struct pglist_data *pgdat = folio_pgdat(folio);
	unsigned long nr_reclaimed;
	long nr_isolated[2] = {};
	LIST_HEAD(chosen);

	list_for_each_entry_safe(folio, next, folios, lru) {
		if (folio_pgdat(folio) != pgdat)
			continue;
		nr_isolated[folio_is_file_lru(folio)] += folio_nr_pages(folio);
		list_move_tail(&folio->lru, &chosen);
	}
	nr_reclaimed = reclaim_pages(&chosen);
	mod_node_page_state(pgdat, NR_ISOLATED_ANON, -nr_isolated[0]);
	mod_node_page_state(pgdat, NR_ISOLATED_FILE, -nr_isolated[1]);
	return nr_reclaimed;
}

/**
 * damon_batch_reclaim() - Reclaim a batch.
 * @batch:	The batch, taken for this.  It is empty afterwards.
 *
 * Folios that were referenced are not spared.  What cannot be reclaimed returns to
 * its LRU list.
 *
 * Context: Worker.
 * Return: The number of pages that are free now.
 */
unsigned long damon_batch_reclaim(struct damon_batch *batch)
{
	unsigned long nr_reclaimed = 0;

	while (!list_empty(&batch->folios)) {
		nr_reclaimed += reclaim_node(&batch->folios);
		cond_resched();
	}
	batch->nr_pages = 0;
	return nr_reclaimed;
}

/**
 * damon_node_usable() - Check if memory can be migrated to a node at all.
 * @nid:	Any number.
 *
 * Context: Any.
 * Return: True if that is a node with memory.
 */
bool damon_node_usable(int nid)
{
	return nid >= 0 && nid < MAX_NUMNODES && node_state(nid, N_MEMORY);
}

/*
 * Folios of a node for others to be migrated to.  Migration splits a large folio for
 * which it gets none, so there is one for each of those before it begins.
 */
struct places {
	int nid;
	struct list_head large;
};

/*
 * Neither reclaims or compacts, nor wakes who does, nor touches reserves, and takes
 * no other node for the one that was asked for.
 */
static struct folio *new_place(const struct places *places, unsigned int order)
{
	gfp_t gfp = (GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC |
		__GFP_NOWARN | __GFP_THISNODE;

	return __folio_alloc_node(gfp, order, places->nid);
}

static bool reserve_place(struct places *places, const struct folio *folio)
{
	struct folio *place;

	if (!folio_test_large(folio))
		return true;
	place = new_place(places, folio_order(folio));
	if (place)
		list_add_tail(&place->lru, &places->large);
	return place;
}

/* For migrate_pages(). */
static struct folio *get_place(struct folio *folio, unsigned long arg)
{
	struct places *places = (void *)arg;
	struct folio *place;

	list_for_each_entry(place, &places->large, lru) {
		if (folio_order(place) == folio_order(folio)) {
			list_del(&place->lru);
			return place;
		}
	}
	return new_place(places, folio_order(folio));
}

/* The same.  What was not migrated to now may be later. */
static void put_place(struct folio *place, unsigned long arg)
{
	struct places *places = (void *)arg;

	if (folio_test_large(place))
		list_add_tail(&place->lru, &places->large);
	else
		folio_put(place);
}

static void free_places(struct places *places)
{
	struct folio *place, *next;

	list_for_each_entry_safe(place, next, &places->large, lru) {
		list_del(&place->lru);
		folio_put(place);
	}
}

/* Moves those folios of a list that can be migrated, and that without waiting. */
static void choose_migratable(struct list_head *folios, struct places *places,
			      struct list_head *chosen)
{
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, folios, lru) {
		if (folio_nid(folio) != places->nid && !folio_test_locked(folio) &&
		    reserve_place(places, folio))
			list_move_tail(&folio->lru, chosen);
	}
}

static unsigned long migrate_chosen(struct list_head *chosen,
				    struct places *places)
{
	unsigned int nr_migrated = 0, flags;

	if (list_empty(chosen))
		return 0;
	flags = memalloc_noreclaim_save();
	migrate_pages(chosen, get_place, put_place, (unsigned long)places,
		      MIGRATE_ASYNC, MR_DAMON, &nr_migrated);
	try_to_unmap_flush();
	memalloc_noreclaim_restore(flags);
	return nr_migrated;
}

/**
 * damon_batch_migrate() - Migrate a batch to a node.
 * @batch:	The batch, which is empty afterwards.
 * @nid:	The node.  Need not exist.
 *
 * What cannot be migrated now, because it is in use or the node has no free block of
 * its size, returns to its LRU list as it is, and so does what is on the node
 * already.  The folios' memory policies and cpusets are not asked.
 *
 * Context: Worker.
 * Return: The number of pages that were migrated.
 */
unsigned long damon_batch_migrate(struct damon_batch *batch, int nid)
{
	struct places places = {
		.nid = nid,
		.large = LIST_HEAD_INIT(places.large),
	};
	unsigned long nr_migrated = 0;
	LIST_HEAD(chosen);

	if (damon_node_usable(nid)) {
		choose_migratable(&batch->folios, &places, &chosen);
		nr_migrated = migrate_chosen(&chosen, &places);
		free_places(&places);
	}
	put_back(&chosen);
	put_back(&batch->folios);
	batch->nr_pages = 0;
	cond_resched();
	return nr_migrated;
}
