/* SPDX-License-Identifier: GPL-2.0 */
/* What the one of tools/ does not have. */
#ifndef _DAMON_SHIM_BITMAP_H
#define _DAMON_SHIM_BITMAP_H

#include <stdlib.h>
#include_next <linux/bitmap.h>

#define for_each_set_bitrange(start, end, bits, size)			\
	for ((start) = 0;						\
	     (start) = find_next_bit(bits, size, start),		\
	     (end) = find_next_zero_bit(bits, size, start),		\
	     (start) < (size);						\
	     (start) = (end) + 1)

#endif /* _DAMON_SHIM_BITMAP_H */
