// SPDX-License-Identifier: GPL-2.0
/*
 * Evidence: which regions a sweep has found not to be touched.
 *
 * Evidence is of regions.  That one was not touched counts until a sample of it says
 * otherwise, or the next sweep.  What was touched all over tells nothing apart.  A
 * sweep that misses what samples see, since the hardware has entries cached and does
 * not mark them, or since memory is accessed in other ways, is no evidence.
 *
 * A pure room.  It reads what a sweep (sweep.c) has found, and makes no look itself.
 */
#include <linux/kernel.h>

#include "evidence.h"
#include "looking.h"

/*
 * What is not below a coarse entry that was touched was not touched.  The rest of what
 * will be looked into has not been so far.  If nothing was seen in a region that samples
 * have found hot, either the memory has just cooled down, or accesses leave no mark in
 * coarse entries, be it that the hardware has those cached or that the memory is accessed
 * in other ways.
 */
void damon_begin_evidence(struct damon_target *t)
{
	struct damon_sweep *sweep = t->sweep;
	const struct damon_touched *seen = &sweep->coarse;
	struct damon_region *r;
	unsigned int i = 0;

	sweep->blind = false;
	sweep->found = false;
	damon_for_each_region(r, t) {
		while (i < seen->nr && seen->ranges[i].end <= r->ar.start)
			i++;
		if (i == seen->nr || seen->ranges[i].start >= r->ar.end) {
			r->unseen = true;
			sweep->blind |= damon_was_hot(r);
		} else {
			r->unseen = !is_settled(r);
			sweep->found |= is_settled(r);
		}
	}
}

/*
 * All has been looked at.  If none of the fine entries was touched although the coarse
 * ones were, they are not marked.  Nothing at all is accessed by nobody who runs: that is
 * no evidence, but there is no need to look again, either.
 */
void damon_end_evidence(struct damon_target *t)
{
	struct damon_sweep *sweep = t->sweep;
	struct damon_region *r;

	sweep->blind |= sweep->coarse.nr && !sweep->found;
	damon_for_each_region(r, t)
		r->untouched = r->unseen && !r->nr_accesses && sweep->found &&
			!sweep->blind;
}

/*
 * One of the entries @i to @end was touched in region @r.  The first and the last one may
 * have been touched in the regions beside it, but not if there are accesses to this one: two
 * neighbours must not be each other's excuse for the entry that they share.
 */
static bool was_touched(struct damon_target *t, struct damon_region *r,
			const struct damon_sight *sight, unsigned int i,
			unsigned int end)
{
	const struct damon_sweep *sweep = t->sweep;
	unsigned int bit = find_next_bit(sweep->touched, end + 1, i);

	if (is_used(r))
		return bit <= end;
	if (bit == i && !list_is_first(&r->list, &t->regions_list) &&
	    explains(damon_prev_region(r), entry_addr(sweep, sight, i), sight->fine))
		bit = find_next_bit(sweep->touched, end + 1, i + 1);
	if (bit == end && !list_is_last(&r->list, &t->regions_list) &&
	    explains(damon_next_region(r), entry_addr(sweep, sight, end), sight->fine))
		bit++;
	return bit <= end;
}

/*
 * There are entries that lie in a region, and none of them was touched.  If some were not,
 * it is not all of the region that is busy.
 */
static bool none_touched(const struct damon_sweep *sweep, const struct damon_sight *sight,
			 const struct damon_region *r)
{
	unsigned long start = max(r->ar.start, sweep->piece.start) - sweep->piece.start;
	unsigned long end = min(r->ar.end, sweep->piece.end) - sweep->piece.start;
	unsigned int i = DIV_ROUND_UP(start, sight->fine);

	end /= sight->fine;
	return i < end && find_next_bit(sweep->touched, end, i) >= end;
}

/*
 * Notes which regions were touched.  If a busy one was not, the sweep misses what samples
 * see.
 */
void damon_note_evidence(struct damon_target *t, const struct damon_sight *sight)
{
	struct damon_sweep *sweep = t->sweep;
	const struct damon_addr_range *piece = &sweep->piece;
	struct damon_region *r = damon_skip_to(damon_first_region_or_null(t),
					       piece->start, t);

	sweep->found |= !bitmap_empty(sweep->touched, nr_entries(sweep, sight));
	for (; r && r->ar.start < piece->end; r = damon_region_behind(r, t)) {
		unsigned long start = max(r->ar.start, piece->start) - piece->start;
		unsigned long last = min(r->ar.end, piece->end) - 1 - piece->start;

		if (damon_is_busy(r))
			sweep->blind |= none_touched(sweep, sight, r);
		else if (r->unseen)
			r->unseen = !was_touched(t, r, sight, start / sight->fine,
						 last / sight->fine);
	}
}

/* What touched the entry of an atom may have been an access beside it. */
bool damon_is_explained(struct damon_target *t, struct damon_region *r,
			const struct damon_sight *sight)
{
	unsigned long addr = r->ar.start - r->ar.start % sight->fine;

	if (is_used(r))
		return false;
	return (!list_is_first(&r->list, &t->regions_list) &&
		explains(damon_prev_region(r), addr, sight->fine)) ||
		(!list_is_last(&r->list, &t->regions_list) &&
		 explains(damon_next_region(r), addr, sight->fine));
}
