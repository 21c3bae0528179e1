// SPDX-License-Identifier: GPL-2.0
/*
 * Which of the memory of a region the filters of a scheme admit, entry by entry.
 *
 * Must not know what a scheme does with that memory, and changes no page tables,
 * except for the accessed bits that a filter looks at.
 */

#include <linux/mm.h>

#include "ops-actions.h"
#include "ops-common.h"
#include "vaddr-scan.h"

/* Steps of a scan that are made in a row while locks are held. */
#define BATCH		256

/* What is noted about an entry that reaches into the next region. */
#define SAID_YES	1UL
#define IS_STUCK	2UL
#define WAS_YOUNG	4UL

/**
 * damos_scan_begin() - Begin a scan.
 * @scan:	The scan.
 * @space:	The address space.
 * @s:		The scheme.
 * @range:	The region, in whole pages.
 * @sz_passed:	The size of what is admitted is added to it.
 */
void damos_scan_begin(struct damos_scan *scan, struct damos_space *space,
		      struct damos *s, const struct damon_addr_range *range,
		      unsigned long *sz_passed)
{
	damon_walk_begin(&scan->walk, space->mm);
	scan->space = space;
	scan->s = s;
	scan->pos = range->start;
	scan->end = range->end;
	scan->sz_passed = sz_passed;
	scan->absent = false;
	scan->stuck = false;
	scan->why = NR_DAMOS_LEFT;
	scan->nr_ahead = 0;
	scan->nr_steps = 0;
}

/**
 * damos_scan_unlock() - Drop all locks of a scan.
 * @scan:	The scan.  It can go on afterwards.
 */
void damos_scan_unlock(struct damos_scan *scan)
{
	damon_walk_unlock(&scan->walk);
	damon_walk_end(&scan->walk);
}

/* Returns false if the scan is to end. */
static bool may_go_on(struct damos_scan *scan)
{
	damon_walk_unlock(&scan->walk);
	if (++scan->nr_steps < BATCH)
		return true;
	scan->nr_steps = 0;
	damon_walk_pause(&scan->walk);
	return !damos_space_should_stop(scan->space);
}

/* For filters. */
static bool leaf_young(struct folio *folio, void *arg)
{
	struct damos_scan *scan = arg;
	bool young = damon_walk_mkold(&scan->walk, &scan->leaf);
	bool touched = damon_folio_touched(folio);

	damon_folio_age_flags(folio, young);
	scan->young = young || touched;
	if (scan->s->looks)
		scan->young |= damos_take_young(folio);
	return scan->young;
}

/*
 * True if a folio is for the scheme.  Advice to page out does not care about memory in
 * use.  A scheme that is for cold memory does: its region can have a part that is not
 * cold, of which the samples did not tell, like the little that is mapped of a range.
 */
static bool admits(struct damos_scan *scan)
{
	struct folio *folio = scan->leaf.folio;

	switch (damos_judge_folio(scan->s, folio, leaf_young, scan)) {
	case DAMOS_ALLOW:
		return true;
	case DAMOS_ADMIT:
		if (!scan->s->spares_young)
			return true;
		scan->young = leaf_young(folio, scan) || scan->s->looking;
		return !scan->young;
	default:
		return false;
	}
}

/* As of paddr's out_of_reach(). */
static bool is_stuck(struct damos_scan *scan)
{
	return scan->s->action == DAMOS_PAGEOUT &&
		!damon_can_pageout(scan->leaf.folio, scan->nr_ahead);
}

/*
 * True if filters admit memory that is not there, be it swapped out, on disk, or
 * not written yet.  It is not young, and its mapping may tell if it is anonymous.
 * Nothing else is known, so a filter that wants to know more keeps it out.
 */
static bool admits_absent(const struct damos *s,
			  struct vm_area_struct *vma)
{
	const struct damos_filter *f;
	bool of_type;

	damos_for_each_ops_filter(f, s) {
		switch (f->type) {
		case DAMOS_FILTER_TYPE_ANON:
			of_type = vma_is_anonymous(vma);
			/* some pages of a private file mapping may be, too */
			if (!of_type && READ_ONCE(vma->anon_vma))
				return false;
			break;
		case DAMOS_FILTER_TYPE_YOUNG:
			of_type = false;
			break;
		default:
			return false;
		}
		if (of_type == f->matching)
			return f->allow;
	}
	return !damos_default_reject(&s->ops_filters);
}

/* What is mapped where the scan is.  A folio stays locked. */
static enum damon_leaf_kind look(struct damos_scan *scan)
{
	struct damon_walk *walk = &scan->walk;
	enum damon_leaf_kind kind;

	kind = damos_space_peek(scan->space, walk, scan->pos, &scan->leaf);
	if (kind == DAMON_LEAF_FOLIO)
		kind = damon_walk_lock(walk, scan->pos, &scan->leaf);
	if (kind == DAMON_LEAF_FOLIO)
		damon_walk_batch(walk, ULONG_MAX, &scan->leaf);
	return kind;
}

/* How far the scan can go without missing anything. */
static unsigned long size_of_nothing(const struct damos_scan *scan)
{
	const struct damon_walk *walk = &scan->walk;

	if (scan->space->missed)
		return scan->end - scan->pos;
	if (walk->level == DAMON_WALK_PTE)
		return PAGE_SIZE;
	return walk->start + walk->size - scan->pos;
}

/* Why memory is left alone that is there. */
static enum damos_left why_left(const struct damos_scan *scan, bool admitted, bool young)
{
	if (!admitted)
		return young ? DAMOS_LEFT_YOUNG : DAMOS_LEFT_FILTERED;
	return scan->stuck ? DAMOS_LEFT_NO_ROOM : NR_DAMOS_LEFT;
}

/* The same of what is not there.  There may be something where nobody could look. */
static enum damos_left why_left_absent(const struct damos_scan *scan,
				       enum damon_leaf_kind kind, bool admitted)
{
	bool wanted = admitted && scan->s->action != DAMOS_PAGEOUT;

	return kind == DAMON_LEAF_NONE && !wanted ? DAMOS_LEFT_ABSENT : NR_DAMOS_LEFT;
}

/* Judges what is mapped where the scan is, and steps over it. */
static bool judge_leaf(struct damos_scan *scan)
{
	enum damon_leaf_kind kind = look(scan);
	unsigned long end, size;
	bool admitted;

	scan->young = false;
	scan->stuck = false;
	if (kind == DAMON_LEAF_FOLIO) {
		admitted = admits(scan);
		scan->stuck = damos_needs_reach(scan->s, admitted, scan->young) &&
			is_stuck(scan);
		end = scan->leaf.start + scan->leaf.size;
		size = end - scan->pos;
		if (scan->young && !admitted && !scan->stuck)
			scan->s->sz_waiting += min(size, scan->end - scan->pos);
		if (size > scan->end - scan->pos &&
		    !scan->s->core_filters_allowed)
			scan->s->last_applied = (void *)
				(end | (admitted ? SAID_YES : 0) |
				 (scan->stuck ? IS_STUCK : 0) |
				 (scan->young ? WAS_YOUNG : 0));
		scan->why = why_left(scan, admitted, scan->young);
	} else {
		scan->leaf.folio = NULL;
		admitted = kind == DAMON_LEAF_NONE && scan->absent &&
			scan->walk.vma && admits_absent(scan->s, scan->walk.vma);
		size = size_of_nothing(scan);
		scan->why = why_left_absent(scan, kind, admitted);
	}
	scan->pos += min(size, scan->end - scan->pos);
	return admitted;
}

/* The same for what an earlier region has judged. */
static bool judge_next(struct damos_scan *scan)
{
	unsigned long note = (unsigned long)scan->s->last_applied;
	unsigned long judged_end = note & PAGE_MASK;

	if (scan->pos >= judged_end || scan->s->core_filters_allowed)
		return judge_leaf(scan);
	scan->leaf.folio = NULL;
	scan->stuck = note & IS_STUCK;
	scan->why = why_left(scan, note & SAID_YES, note & WAS_YOUNG);
	scan->pos = min(judged_end, scan->end);
	return note & SAID_YES;
}

/**
 * damos_scan_next() - Go on to the next admitted memory.
 * @scan:	The scan.
 * @found:	Set to where that is.
 *
 * If it is a folio that no region before had, it is in @scan->leaf, and its entry is
 * locked until the next step.
 *
 * Context: Worker.
 * Return: False, without locks, at the end of the region.
 */
bool damos_scan_next(struct damos_scan *scan, struct damon_addr_range *found)
{
	bool admitted;

	while (may_go_on(scan) && scan->pos < scan->end) {
		found->start = scan->pos;
		admitted = judge_next(scan);
		found->end = scan->pos;
		if (scan->stuck)
			scan->s->sz_absent += found->end - found->start;
		if (scan->why != NR_DAMOS_LEFT && !scan->s->looking)
			scan->s->sz_left[scan->why] += found->end - found->start;
		if (admitted) {
			*scan->sz_passed += found->end - found->start;
			return true;
		}
	}
	damos_scan_unlock(scan);
	return false;
}

/**
 * damos_scan_count() - Find out how much of a region is admitted.
 * @space:	The address space.
 * @s:		The scheme.
 * @range:	The region, in whole pages.
 * @sz_passed:	The size of what is admitted is added to it.
 *
 * Context: Worker.
 */
void damos_scan_count(struct damos_space *space, struct damos *s,
		      const struct damon_addr_range *range,
		      unsigned long *sz_passed)
{
	struct damos_scan scan __uninitialized;
	struct damon_addr_range found;

	damos_scan_begin(&scan, space, s, range, sz_passed);
	while (damos_scan_next(&scan, &found))
		;
}

#ifdef CONFIG_DAMON_VADDR_KUNIT_TEST
#include "tests/vaddr-scan-kunit.h"
#endif
