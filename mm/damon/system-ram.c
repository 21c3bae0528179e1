// SPDX-License-Identifier: GPL-2.0
/*
 * System RAM: where the memory of the machine is, for contexts that monitor the
 * physical address space.
 *
 * Knows resources and addresses, nothing of what is in that memory.
 */
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/math64.h>

#include "internal.h"

/* A physical range, bytes.  Empty until something was found. */
struct ram_span {
	u64 start;
	u64 end;
};

static int widen_span(struct resource *res, void *arg)
{
	struct ram_span *span = arg;

	if (!span->end)
		span->start = res->start;
	span->end = (u64)res->end + 1;
	return 0;
}

static int keep_biggest(struct resource *res, void *arg)
{
	struct ram_span *span = arg;

	if (resource_size(res) > span->end - span->start) {
		span->start = res->start;
		span->end = (u64)res->end + 1;
	}
	return 0;
}

/* Addresses that a core address cannot tell become the last one that can. */
static unsigned long core_addr(u64 phys, unsigned long addr_unit)
{
	return min_t(u64, div64_ul(phys, addr_unit), ULONG_MAX);
}

/* Makes @t cover a range, or if that is 0 to 0, what @pick makes of the RAM. */
static int set_region(struct damon_target *t, unsigned long *start,
		      unsigned long *end, unsigned long addr_unit,
		      unsigned long min_region_sz,
		      int (*pick)(struct resource *res, void *arg))
{
	struct damon_addr_range range = { .start = *start, .end = *end };
	struct ram_span span = {};
	int err;

	if (range.start > range.end || !addr_unit)
		return -EINVAL;
	if (!range.start && !range.end) {
		walk_system_ram_res(0, -1, &span, pick);
		range.start = core_addr(span.start, addr_unit);
		range.end = core_addr(span.end, addr_unit);
	}
	err = damon_set_regions(t, &range, 1, min_region_sz);
	if (err)
		return err;
	*start = range.start;
	*end = range.end;
	return 0;
}

/**
 * damon_set_region_system_rams_default() - Set a range, by default all memory.
 * @t:			Target of a physical address space.
 * @start:		Start of the range (core address units).
 * @end:		End of it.
 * @addr_unit:		Bytes per core address unit.
 * @min_region_sz:	Smallest region size of the context.
 *
 * If @start and @end are both zero they are set to where the system's memory
 * begins and ends, with the holes in it.  After an error they are as they were.
 *
 * Context: Setup, or worker.
 * Return: 0, -EINVAL for an empty range or a system without memory, or an error
 * of damon_set_regions().
 */
int damon_set_region_system_rams_default(struct damon_target *t,
					 unsigned long *start,
					 unsigned long *end,
					 unsigned long addr_unit,
					 unsigned long min_region_sz)
{
	return set_region(t, start, end, addr_unit, min_region_sz, widen_span);
}

/**
 * damon_set_region_biggest_system_ram_default() - Set a range, by default the
 *	biggest one of memory.
 * @t:			Target of a physical address space.
 * @start:		Start of the range (core address units).
 * @end:		End of it.
 * @addr_unit:		Bytes per core address unit.
 * @min_region_sz:	Smallest region size of the context.
 *
 * As damon_set_region_system_rams_default(), but the default is the biggest range
 * of the system's memory without a hole, the lowest of several.
 *
 * Context: Setup, or worker.
 * Return: 0, -EINVAL for an empty range or a system without memory, or an error
 * of damon_set_regions().
 */
int damon_set_region_biggest_system_ram_default(struct damon_target *t,
						unsigned long *start,
						unsigned long *end,
						unsigned long addr_unit,
						unsigned long min_region_sz)
{
	return set_region(t, start, end, addr_unit, min_region_sz,
			  keep_biggest);
}
