// SPDX-License-Identifier: GPL-2.0
/*
 * Filters: which memory a scheme must leave alone, although its access pattern
 * is right.
 *
 * A pure room.  It evaluates those filters that addresses and targets are enough
 * for.  All others need the memory itself, and are the operations sets' business.
 */
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * damos_filter_for_ops() - Who evaluates filters of a type.
 * @type:	The type.
 *
 * Context: Any.
 * Return: True for the operations set, false for the core.
 */
bool damos_filter_for_ops(enum damos_filter_type type)
{
	return type != DAMOS_FILTER_TYPE_ADDR &&
		type != DAMOS_FILTER_TYPE_TARGET;
}

/**
 * damos_new_filter() - Make a filter.
 * @type:	Kind of memory.
 * @matching:	Decide about memory of that kind (true), or all other (false).
 * @allow:	The decision.
 *
 * What belongs to the type, such as addresses, is zero and up to the caller.
 *
 * Context: Anywhere.
 * Return: The filter, or NULL without memory.
 */
struct damos_filter *damos_new_filter(enum damos_filter_type type,
				      bool matching, bool allow)
{
	struct damos_filter *f = kzalloc_obj(*f);

	if (!f)
		return NULL;
	f->type = type;
	f->matching = matching;
	f->allow = allow;
	INIT_LIST_HEAD(&f->list);
	return f;
}

/**
 * damos_add_filter() - Append a filter to those of a scheme.
 * @s:	The scheme, which owns the filter from now on.
 * @f:	The filter.
 *
 * Context: Setup, or worker.
 */
void damos_add_filter(struct damos *s, struct damos_filter *f)
{
	list_add_tail(&f->list, damos_filter_for_ops(f->type) ?
		      &s->ops_filters : &s->core_filters);
}

/**
 * damos_destroy_filter() - Unlink and free a filter.
 * @f:	The filter, which may be in no list.
 *
 * Context: Setup, or worker.
 */
void damos_destroy_filter(struct damos_filter *f)
{
	list_del(&f->list);
	kfree(f);
}

/*
 * True if @start is in the range of an address filter, as seen with the grain of
 * the regions.  Lowers @end to where that changes.
 */
static bool in_addr_range(const struct damos_filter *f,
			  unsigned long min_region_sz, unsigned long start,
			  unsigned long *end)
{
	unsigned long to = round_down(f->addr_range.end, min_region_sz);
	unsigned long from;

	if (start >= to)
		return false;
	from = round_down(f->addr_range.start, min_region_sz);
	if (from >= to)
		return false;
	*end = min(*end, start < from ? from : to);
	return start >= from;
}

/* True if a filter decides about @start.  Lowers @end to where that changes. */
static bool decides(const struct damos_filter *f, unsigned int target_idx,
		    unsigned long min_region_sz, unsigned long start,
		    unsigned long *end)
{
	switch (f->type) {
	case DAMOS_FILTER_TYPE_ADDR:
		return in_addr_range(f, min_region_sz, start, end) == f->matching;
	case DAMOS_FILTER_TYPE_TARGET:
		return (f->target_idx == target_idx) == f->matching;
	default:
		return false;
	}
}

/**
 * damos_judge_range() - What a scheme's core filters say about a range.
 * @s:			The scheme.
 * @target_idx:		Position of the target that the range is in.
 * @min_region_sz:	Smallest region size of the context, a power of two.
 * @start:		Start of the range (core address units).
 * @end:		End of it, above @start.  Lowered to where the verdict need
 *			not hold any more: a multiple of @min_region_sz, or as it
 *			was.
 *
 * The first filter that the range matches decides.  If none does it is the last
 * one that tells what becomes of all the rest, unless the operations set has
 * filters, which that is left to then.
 *
 * The rest of the range, if there is one, wants a verdict of its own.
 *
 * Context: Any.
 * Return: The verdict on [@start, @end).
 */
enum damos_verdict damos_judge_range(const struct damos *s,
				     unsigned int target_idx,
				     unsigned long min_region_sz,
				     unsigned long start, unsigned long *end)
{
	const struct damos_filter *f;

	damos_for_each_core_filter(f, s)
		if (decides(f, target_idx, min_region_sz, start, end))
			return f->allow ? DAMOS_ALLOW : DAMOS_REJECT;
	return damos_default_reject(&s->core_filters) &&
		list_empty(&s->ops_filters) ? DAMOS_REJECT : DAMOS_ADMIT;
}
