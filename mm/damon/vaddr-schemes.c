// SPDX-License-Identifier: GPL-2.0
/*
 * Actions of schemes in the virtual address spaces of processes.
 *
 * Some are advice, which madvise() carries out mapping by mapping.  Migration
 * and statistics look at what is mapped, entry by entry.  Filters do the same,
 * and leave runs of admitted memory to madvise().
 *
 * Must not know how memory is sampled and how filters are asked, and changes no page
 * tables itself.
 */

#include <linux/ktime.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/time64.h>

#include <asm/tlbflush.h>

#include "ops-actions.h"
#include "ops-common.h"
#include "vaddr.h"
#include "vaddr-scan.h"
#include "vaddr-space.h"
#include "walk-leaves.h"

/*
 * How much one piece of advice is about: others may want to change mappings
 * before a whole region has been reclaimed.
 */
#define PIECE		max_t(unsigned long, SZ_16M, PMD_SIZE)

/*
 * Long enough for an mmap lock that many use, one after the other; and not so long that
 * the samples of other targets suffer while one process is stuck with its own.  What is
 * missed has another chance in the next pass.
 */
#define PATIENCE_NS	(20 * NSEC_PER_MSEC)

/* advice */

/* A part of one mapping. */
struct part {
	unsigned long start;
	unsigned long end;
	bool done;		/* already is as advised */
};

static int behavior_of(enum damos_action action)
{
	switch (action) {
	case DAMOS_WILLNEED:
		return MADV_WILLNEED;
	case DAMOS_COLD:
		return MADV_COLD;
	case DAMOS_PAGEOUT:
		return MADV_PAGEOUT;
	case DAMOS_HUGEPAGE:
		return MADV_HUGEPAGE;
	case DAMOS_NOHUGEPAGE:
		return MADV_NOHUGEPAGE;
	default:
		return MADV_COLLAPSE;
	}
}

/* Such advice splits mappings where it ends, so it is not cut into pieces. */
static bool changes_mappings(enum damos_action action)
{
	return action == DAMOS_HUGEPAGE || action == DAMOS_NOHUGEPAGE;
}

/* What would only be written once more needs no write lock. */
static bool is_done(const struct vm_area_struct *vma, enum damos_action action)
{
	return (action == DAMOS_HUGEPAGE && vma->vm_flags & VM_HUGEPAGE) ||
		(action == DAMOS_NOHUGEPAGE && vma->vm_flags & VM_NOHUGEPAGE);
}

/* The first mapped part of a range that advice can be given on at once. */
static bool find_part(struct damos_space *space, unsigned long start,
		      unsigned long end, enum damos_action action,
		      struct part *part)
{
	struct vm_area_struct *vma;

	if (!damos_space_lock(space))
		return false;
	vma = find_vma_intersection(space->mm, start, end);
	if (vma) {
		part->start = max(start, vma->vm_start);
		part->end = min(end, vma->vm_end);
		part->done = is_done(vma, action);
	}
	damos_space_unlock(space);
	if (!vma)
		return false;
	if (!changes_mappings(action))
		part->end = min(part->end - 1, part->start | (PIECE - 1)) + 1;
	return true;
}

/*
 * How much of a part has memory that can be accessed without a fault, unless
 * @space->missed says that nobody knows.
 */
static unsigned long size_of_present(struct damos_space *space,
				     const struct part *part)
{
	unsigned long addr = part->start, step, size = 0;
	struct damon_walk walk __uninitialized;
	struct damon_leaf leaf __uninitialized;
	enum damon_leaf_kind kind;

	damon_walk_begin(&walk, space->mm);
	for (; addr < part->end; addr += min(step, part->end - addr)) {
		kind = damos_space_peek(space, &walk, addr, &leaf);
		if (space->missed)
			break;
		if (kind == DAMON_LEAF_FOLIO)
			step = leaf.start + leaf.size - addr;
		else if (walk.level == DAMON_WALK_PTE)
			step = PAGE_SIZE;
		else
			step = walk.start + walk.size - addr;
		if (kind == DAMON_LEAF_FOLIO)
			size += min(step, part->end - addr);
	}
	damon_walk_end(&walk);
	return size;
}

/* How much of a part huge entries map. */
static unsigned long size_of_huge(struct damos_space *space, const struct part *part)
{
	unsigned long addr = ALIGN(part->start, PMD_SIZE), size = 0;
	struct damon_walk walk __uninitialized;
	struct damon_leaf leaf __uninitialized;

	damon_walk_begin(&walk, space->mm);
	for (; addr < part->end && part->end - addr >= PMD_SIZE; addr += PMD_SIZE)
		if (damon_walk_peek(&walk, addr, &leaf) == DAMON_LEAF_FOLIO &&
		    walk.level == DAMON_WALK_PMD)
			size += PMD_SIZE;
	damon_walk_end(&walk);
	return size;
}

/*
 * Returns how much was changed.  Advice that succeeds may have changed nothing, and what
 * fails may have been done for a part, so where page tables show a difference that counts.
 */
static unsigned long advise_part(struct damos_space *space, const struct part *part,
				 enum damos_action action)
{
	unsigned long size = part->end - part->start, before = 0, after;
	int err;

	if (!IS_ENABLED(CONFIG_ADVISE_SYSCALLS))
		return 0;
	if (part->done)
		return size;
	if (action == DAMOS_PAGEOUT || action == DAMOS_COLD)
		before = size_of_present(space, part);
	else if (action == DAMOS_COLLAPSE)
		before = size_of_huge(space, part);

	if (space->missed || !damos_space_ready(space))
		return 0;
	err = do_madvise(space->mm, part->start, size, behavior_of(action));

	switch (action) {
	case DAMOS_PAGEOUT:
		after = size_of_present(space, part);
		return space->missed ? 0 : before - min(before, after);
	case DAMOS_COLLAPSE:
		after = size_of_huge(space, part);
		return after - min(before, after);
	case DAMOS_COLD:
		return err ? 0 : before;
	default:
		return err ? 0 : size;
	}
}

/*
 * Advises on what is mapped in a range, and returns how much of it succeeded.
 * Neither holes nor mappings that refuse keep others from being advised on.
 */
static unsigned long advise(struct damos_space *space, unsigned long start,
			    unsigned long end, enum damos_action action)
{
	unsigned long applied = 0;
	struct part part;

	while (start < end && !damos_space_should_stop(space) &&
	       find_part(space, start, end, action, &part)) {
		applied += advise_part(space, &part, action);
		start = part.end;
		cond_resched();
	}
	return applied;
}

/* advice on what filters admit */

/* Advises on runs of admitted memory, as far as that can have any effect. */
static unsigned long advise_admitted(struct damos_space *space, struct damos *s,
				     const struct damon_addr_range *range,
				     unsigned long *sz_passed)
{
	struct damon_addr_range found, run = {};
	struct damos_scan scan __uninitialized;
	unsigned long applied = 0, nr_pages;

	damos_scan_begin(&scan, space, s, range, sz_passed);
	scan.absent = true;
	while (damos_scan_next(&scan, &found)) {
		if (scan.stuck)
			continue;
		nr_pages = scan.leaf.folio ? PFN_DOWN(found.end - found.start) : 0;
		if (found.start == run.end && (changes_mappings(s->action) ||
					       run.end - run.start < PIECE)) {
			run.end = found.end;
			scan.nr_ahead += nr_pages;
			continue;
		}
		if (run.end) {
			damos_scan_unlock(&scan);
			applied += advise(space, run.start, run.end, s->action);
		}
		run = found;
		scan.nr_ahead = nr_pages;
	}
	return applied + advise(space, run.start, run.end, s->action);
}

/* migration */

/* Nodes that folios are collected for at a time. */
#define NR_NODE_BATCHES	4

/* Folios on their way to one node. */
struct node_batch {
	struct damon_batch batch;
	int nid;
};

struct migration {
	struct damos_scan scan;
	struct node_batch batches[NR_NODE_BATCHES];
	unsigned long nr_pages;		/* in all of them */
	unsigned long nr_migrated;	/* pages */
};

/* Where the kernel's own interleaving would be at an address. */
static u64 interleave_index(const struct vm_area_struct *vma,
			    unsigned long addr, unsigned int order)
{
	return (u64)(vma->vm_pgoff >> order) +
		((addr - vma->vm_start) >> PAGE_SHIFT >> order);
}

/* Each destination gets as many indices in a row as its weight says. */
static int interleaved_nid(const struct damos_migrate_dests *dests, u64 index)
{
	u64 sum = 0, slot;
	size_t i;

	for (i = 0; i < dests->nr_dests; i++)
		sum += dests->weight_arr[i];
	if (!sum)
		return NUMA_NO_NODE;
	div64_u64_rem(index, sum, &slot);
	for (i = 0; slot >= dests->weight_arr[i]; i++)
		slot -= dests->weight_arr[i];
	return dests->node_id_arr[i];
}

/* Where a locked folio is to go. */
static int dest_nid(const struct damos *s, const struct damon_walk *walk,
		    const struct damon_leaf *leaf)
{
	unsigned int order;
	unsigned long addr;

	if (!s->migrate_dests.nr_dests)
		return s->target_nid;
	order = folio_order(leaf->folio);
	addr = damon_walk_folio_addr(walk, leaf);
	return interleaved_nid(&s->migrate_dests,
			       interleave_index(walk->vma, addr, order));
}

static struct damon_batch *batch_for(struct migration *m, int nid)
{
	struct node_batch *b, *empty = NULL;
	int i;

	for (i = 0; i < NR_NODE_BATCHES; i++) {
		b = &m->batches[i];
		if (!b->batch.nr_pages)
			empty = b;
		else if (b->nid == nid)
			return &b->batch;
	}
	if (!empty)
		return NULL;
	empty->nid = nid;
	return &empty->batch;
}

static void migrate_batches(struct migration *m)
{
	struct node_batch *b;
	int i;

	damos_scan_unlock(&m->scan);
	for (i = 0; i < NR_NODE_BATCHES; i++) {
		b = &m->batches[i];
		if (b->batch.nr_pages)
			m->nr_migrated += damon_batch_migrate(&b->batch, b->nid);
	}
	m->nr_pages = 0;
}

/* Takes a locked folio along, and migrates what has been collected if needed. */
static void collect(struct migration *m, struct folio *folio, int nid)
{
	unsigned long nr_pages = folio_nr_pages(folio);
	struct damon_batch *batch;

	folio_get(folio);
	damon_walk_unlock(&m->scan.walk);
	batch = batch_for(m, nid);
	if (!batch) {
		migrate_batches(m);
		batch = batch_for(m, nid);
	}
	if (damon_batch_take(batch, folio, false))
		m->nr_pages += nr_pages;
	folio_put(folio);
	if (m->nr_pages >= DAMON_BATCH_PAGES)
		migrate_batches(m);
}

static void begin_migration(struct migration *m)
{
	int i;

	for (i = 0; i < NR_NODE_BATCHES; i++)
		damon_batch_init(&m->batches[i].batch);
	m->nr_pages = 0;
	m->nr_migrated = 0;
}

/* What hugetlb has reserved on a node stays there. */
static unsigned long migrate_admitted(struct damos_space *space, struct damos *s,
				      const struct damon_addr_range *range,
				      unsigned long *sz_passed)
{
	struct migration m __uninitialized;
	struct damon_addr_range found;
	struct folio *folio;
	int nid;

	damos_scan_begin(&m.scan, space, s, range, sz_passed);
	begin_migration(&m);
	while (damos_scan_next(&m.scan, &found)) {
		folio = m.scan.leaf.folio;
		if (!folio || folio_test_hugetlb(folio))
			continue;
		nid = dest_nid(s, &m.scan.walk, &m.scan.leaf);
		if (nid != folio_nid(folio) && damon_node_usable(nid))
			collect(&m, folio, nid);
	}
	migrate_batches(&m);
	return m.nr_migrated << PAGE_SHIFT;
}

/* the callbacks */

/**
 * damon_vaddr_score() - Priority of a region for a scheme.
 * @ctx:	The context.
 * @r:		The region.
 * @s:		The scheme.
 *
 * Context: Worker.
 * Return: The score, [0, %DAMOS_MAX_SCORE].
 */
int damon_vaddr_score(struct damon_ctx *ctx, struct damon_region *r,
		      struct damos *s)
{
	switch (s->action) {
	case DAMOS_MIGRATE_HOT:
		return damon_hot_score(ctx, r, s);
	case DAMOS_PAGEOUT:
	case DAMOS_MIGRATE_COLD:
		return damon_cold_score(ctx, r, s);
	default:
		return DAMOS_MAX_SCORE;
	}
}

/* A page that a border is in belongs to the region that it begins in. */
static struct damon_addr_range pages_of(const struct damon_addr_range *ar)
{
	struct damon_addr_range pages = {
		.start = PAGE_ALIGN(ar->start),
		.end = PAGE_ALIGN(ar->end),
	};

	/* no process has the very last page of the address space */
	if (pages.end < ar->end)
		pages.end = ar->end & PAGE_MASK;
	if (pages.start < ar->start)
		pages.start = pages.end;
	return pages;
}

static unsigned long apply(struct damos_space *space, struct damos *s,
			   const struct damon_addr_range *range,
			   unsigned long *sz_passed)
{
	if (s->looking) {
		damos_scan_count(space, s, range, sz_passed);
		return 0;
	}
	switch (s->action) {
	case DAMOS_WILLNEED:
	case DAMOS_COLD:
	case DAMOS_HUGEPAGE:
	case DAMOS_NOHUGEPAGE:
	case DAMOS_COLLAPSE:
		if (damos_has_ops_filter(s))
			return advise_admitted(space, s, range, sz_passed);
		return advise(space, range->start, range->end, s->action);
	case DAMOS_PAGEOUT:
		return advise_admitted(space, s, range, sz_passed);
	case DAMOS_MIGRATE_HOT:
	case DAMOS_MIGRATE_COLD:
		return migrate_admitted(space, s, range, sz_passed);
	default:
		damos_scan_count(space, s, range, sz_passed);
		return 0;
	}
}

/* True if there is anything to do or to find out. */
static bool has_work(const struct damos *s)
{
	switch (s->action) {
	case DAMOS_LRU_PRIO:
	case DAMOS_LRU_DEPRIO:
		return false;
	case DAMOS_STAT:
		return !list_empty(&s->ops_filters);
	default:
		return true;
	}
}

/*
 * How long to wait for the mmap lock of a target.  If that was in vain in this turn of the
 * kdamond, its other regions do not wait once more.
 */
static u64 patience_of(const struct damon_ctx *ctx, const struct damon_target *t)
{
	return t->lock_missed_ns > ctx->now ? 0 : PATIENCE_NS;
}

/**
 * damon_vaddr_apply() - Carry out the action of a scheme.
 * @ctx:		The context.
 * @t:			The target.
 * @r:			The region.
 * @s:			The scheme.
 * @sz_filter_passed:	What the filters of the scheme admitted is added to it.
 *			Advice without filters does not look, unless it is to
 *			page out.
 *
 * Context: Worker.
 * Return: The size of what was changed, bytes.
 */
unsigned long damon_vaddr_apply(struct damon_ctx *ctx, struct damon_target *t,
				struct damon_region *r, struct damos *s,
				unsigned long *sz_filter_passed)
{
	struct damos_space space = {
		.pid = t->pid,
		.patience_ns = patience_of(ctx, t),
	};
	struct damon_addr_range range;
	unsigned long applied;

	if (!has_work(s))
		return 0;
	space.mm = damon_get_mm(t);
	if (!space.mm)
		return 0;
	range = pages_of(&r->ar);
	s->spares_young = s->action == DAMOS_PAGEOUT &&
		!s->pattern.max_nr_accesses &&
		!damos_has_filter(s, DAMOS_FILTER_TYPE_YOUNG);
	applied = apply(&space, s, &range, sz_filter_passed);
	/* whoever uses it has to leave a mark until it is looked at again */
	if (s->sz_waiting)
		flush_tlb_mm(space.mm);
	if (space.missed)
		t->lock_missed_ns = ktime_get_ns();
	mmput_async(space.mm);
	return applied;
}

#ifdef CONFIG_DAMON_VADDR_KUNIT_TEST
#include "tests/vaddr-schemes-kunit.h"
#endif
