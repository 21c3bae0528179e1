/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sorting, with a comparison that has to mean what it says: the kernel's algorithm does
 * not ask in the same order as the library's, nor for the same signs.
 */
#ifndef _DAMON_SHIM_SORT_H
#define _DAMON_SHIM_SORT_H

#include <stdlib.h>

#include <linux/bug.h>

static inline void sort(void *base, size_t num, size_t size,
			int (*cmp)(const void *a, const void *b), void *swap)
{
	const char *item = base;
	size_t i;

	qsort(base, num, size, cmp);
	for (i = 1; i < num; i++, item += size) {
		int order = cmp(item, item + size), reverse = cmp(item + size, item);

		WARN_ON(order > 0 || (order < 0) != (reverse > 0) || cmp(item, item));
	}
}

#endif /* _DAMON_SHIM_SORT_H */
