// SPDX-License-Identifier: GPL-2.0
/*
 * Filters: which memory a scheme must leave alone, although its access pattern
 * is right.
 *
 * A pure room.  It evaluates those filters that addresses and targets are enough
 * for.  All others need the memory itself, and are the operations sets' business.
 */
#include <linux/kernel.h>
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
