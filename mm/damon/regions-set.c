// SPDX-License-Identifier: GPL-2.0
/*
 * Setting regions: make the regions of a target cover given ranges, and keep what
 * is known of those that are in them.
 *
 * A pure room.  It knows addresses and neither access rates nor the budget; it
 * also compiles in user space (tools/testing/damon).
 */
#include <linux/kernel.h>
#include <linux/list.h>

#include "internal.h"
#include "sweep.h"

/*
 * Rounds a range outwards to @min_sz.  The end of the address space may not be
 * a multiple: the largest multiple below it has to do there.
 */
static struct damon_addr_range align_range(const struct damon_addr_range *range,
					   unsigned long min_sz)
{
	unsigned long rest = range->end % min_sz;
	struct damon_addr_range aligned = {
		.start = range->start - range->start % min_sz,
		.end = range->end - rest,
	};

	if (rest && aligned.end <= ULONG_MAX - min_sz)
		aligned.end += min_sz;
	return aligned;
}

/* Where the part of a range that will be covered ends, before rounding. */
static unsigned long covered_end(const struct damon_addr_range *range,
				 unsigned long min_sz)
{
	return min(range->end, align_range(range, min_sz).end);
}

static bool ranges_valid(const struct damon_addr_range *ranges,
			 unsigned int nr_ranges, unsigned long min_sz)
{
	unsigned long last_end = 0;
	unsigned int i;

	for (i = 0; i < nr_ranges; i++) {
		struct damon_addr_range a = align_range(&ranges[i], min_sz);

		if (ranges[i].start > ranges[i].end || a.start >= a.end ||
		    a.start < last_end)
			return false;
		last_end = a.end;
	}
	return true;
}

/*
 * Number of regions that a range lacks: all of it, or the holes between the
 * regions that overlap it.  *@pos is where to look from, and moves behind them.
 */
static unsigned int count_missing(const struct damon_addr_range *range,
				  unsigned long min_sz,
				  struct damon_region **pos,
				  struct damon_target *t)
{
	struct damon_region *r = damon_skip_to(*pos, range->start, t), *next;
	unsigned long end = covered_end(range, min_sz);
	unsigned int missing = 0;

	if (!r || r->ar.start >= end) {
		*pos = r;
		return 1;
	}
	while ((next = damon_region_behind(r, t)) && next->ar.start < end) {
		missing += r->ar.end < next->ar.start;
		r = next;
	}
	*pos = next;
	return missing;
}

/* First step of damon_set_regions(): see there.  Changes nothing but @plan. */
int damon_plan_regions(struct damon_regions_plan *plan, struct damon_target *t,
		       const struct damon_addr_range *ranges,
		       unsigned int nr_ranges, unsigned long min_region_sz)
{
	struct damon_region *pos = damon_first_region_or_null(t);
	unsigned int i, missing;

	plan->ranges = ranges;
	plan->nr_ranges = nr_ranges;
	plan->min_region_sz = min_region_sz;
	INIT_LIST_HEAD(&plan->spare);

	if (!min_region_sz || !ranges_valid(ranges, nr_ranges, min_region_sz))
		return -EINVAL;

	for (i = 0; i < nr_ranges; i++) {
		missing = count_missing(&ranges[i], min_region_sz, &pos, t);
		while (missing--) {
			struct damon_region *r = damon_new_region(0, 1);

			if (!r) {
				damon_drop_regions(plan);
				return -ENOMEM;
			}
			list_add(&r->list, &plan->spare);
		}
	}
	return 0;
}

/* Instead of the second step: nothing changes. */
void damon_drop_regions(struct damon_regions_plan *plan)
{
	struct damon_region *r, *next;

	list_for_each_entry_safe(r, next, &plan->spare, list)
		damon_free_region(r);
	INIT_LIST_HEAD(&plan->spare);
}

/* Puts a spare region of a plan in front of @next (NULL: at the end). */
static void insert_spare(struct damon_regions_plan *plan, struct damon_target *t,
			 unsigned long start, unsigned long end,
			 struct damon_region *next)
{
	struct damon_region *r = list_first_entry(&plan->spare,
						  struct damon_region, list);

	list_del(&r->list);
	r->ar.start = start;
	r->ar.end = end;
	damon_link_region(r, next ? &next->list : &t->regions_list, t);
}

/* What a region has not covered so far may have been touched. */
static void fit_region(struct damon_region *r, unsigned long start, unsigned long end)
{
	if (start < r->ar.start || end > r->ar.end) {
		r->untouched = false;
		r->unseen = false;
	}
	r->ar.start = start;
	r->ar.end = end;
}

/*
 * Makes the regions from @r on cover @range, dropping those in front of it.
 * Returns the first region behind the range.
 */
static struct damon_region *cover_range(struct damon_regions_plan *plan,
					struct damon_target *t,
					const struct damon_addr_range *range,
					struct damon_region *r)
{
	struct damon_addr_range a = align_range(range, plan->min_region_sz);
	unsigned long end = covered_end(range, plan->min_region_sz);
	struct damon_region *next;

	while (r && r->ar.end <= range->start) {
		next = damon_region_behind(r, t);
		damon_destroy_region(r, t);
		r = next;
	}
	if (!r || r->ar.start >= end) {
		insert_spare(plan, t, a.start, a.end, r);
		return r;
	}

	fit_region(r, a.start, r->ar.end);
	while ((next = damon_region_behind(r, t)) && next->ar.start < end) {
		if (r->ar.end < next->ar.start)
			insert_spare(plan, t, r->ar.end, next->ar.start, next);
		r = next;
	}
	fit_region(r, r->ar.start, a.end);
	return next;
}

/* Second step of damon_set_regions().  Cannot fail, uses the plan up. */
void damon_apply_regions(struct damon_regions_plan *plan, struct damon_target *t)
{
	struct damon_region *r = damon_first_region_or_null(t), *next;
	unsigned int i;

	damon_sweep_leave(t);
	t->lacks_samples = true;
	t->layout.known = false;
	for (i = 0; i < plan->nr_ranges; i++)
		r = cover_range(plan, t, &plan->ranges[i], r);
	while (r) {
		next = damon_region_behind(r, t);
		damon_destroy_region(r, t);
		r = next;
	}
}

/**
 * damon_set_regions() - Make the regions of a target cover given ranges.
 * @t:			The target.
 * @ranges:		The ranges, ascending.
 * @nr_ranges:		Their number.  Zero removes all regions.
 * @min_region_sz:	Borders are rounded outwards to multiples of it.
 *
 * Regions that overlap a range stay, with their counters; the outermost are
 * cut or grown to the borders of the range.  What no region covers gets a fresh
 * one.  A region that spans two ranges stays with the first.
 *
 * Context: Setup, or worker.
 * Return: 0, -EINVAL for ranges that are empty, unsorted or overlap once
 * rounded, -ENOMEM.  After an error nothing has changed.
 */
int damon_set_regions(struct damon_target *t, struct damon_addr_range *ranges,
		      unsigned int nr_ranges, unsigned long min_region_sz)
{
	struct damon_regions_plan plan;
	int err;

	err = damon_plan_regions(&plan, t, ranges, nr_ranges, min_region_sz);
	if (!err)
		damon_apply_regions(&plan, t);
	return err;
}
