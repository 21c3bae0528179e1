// SPDX-License-Identifier: GPL-2.0
/*
 * System RAM: where in the physical address space memory is.
 *
 * Knows resources, and nothing of what is monitored there.
 */
#include <linux/cleanup.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "internal.h"

/* Machines have a handful; beyond that the last piece spans what is between. */
#define MAX_PIECES	64

/* Ascending pieces of RAM with holes in between.  Core address units. */
struct ram {
	unsigned long addr_unit;
	unsigned long grain;
	unsigned int nr;
	struct damon_addr_range pieces[MAX_PIECES];
};

static struct damon_addr_range to_units(u64 start, u64 end, unsigned long addr_unit)
{
	return (struct damon_addr_range){
		.start = min_t(u64, div64_ul(start, addr_unit), ULONG_MAX),
		.end = min_t(u64, div64_ul(end, addr_unit), ULONG_MAX),
	};
}

/* True if, borders rounded outwards, nothing is left between two ranges. */
static bool touches(const struct ram *ram, const struct damon_addr_range *a,
		    const struct damon_addr_range *b)
{
	return b->start / ram->grain <= (a->end - 1) / ram->grain + 1;
}

static void add_piece(struct ram *ram, u64 start, u64 end)
{
	struct damon_addr_range *last = ram->nr ? &ram->pieces[ram->nr - 1] :
		NULL;
	struct damon_addr_range piece = to_units(start, end, ram->addr_unit);

	if (piece.start >= piece.end)
		return;
	if (last && (ram->nr == MAX_PIECES || touches(ram, last, &piece)))
		last->end = piece.end;
	else
		ram->pieces[ram->nr++] = piece;
}

/* Memory that was added need not be online.  It comes and goes by sections. */
static int add_online(struct resource *res, void *arg)
{
#ifdef CONFIG_SPARSEMEM
	u64 end = (u64)res->end + 1, start, border;

	for (start = res->start; start < end; start = border) {
		border = min(ALIGN_DOWN(start, 1ULL << PA_SECTION_SHIFT) +
			     (1ULL << PA_SECTION_SHIFT), end);
		if (online_section_nr(pfn_to_section_nr(PHYS_PFN(start))))
			add_piece(arg, start, border);
	}
#else
	add_piece(arg, res->start, (u64)res->end + 1);
#endif
	return 0;
}

static int set_all_ram(struct damon_target *t, unsigned long *start,
		       unsigned long *end, unsigned long addr_unit,
		       unsigned long min_region_sz)
{
	struct ram *ram __free(kfree) = kzalloc_obj(*ram);
	int err;

	if (!ram)
		return -ENOMEM;
	ram->addr_unit = addr_unit;
	ram->grain = min_region_sz;
	walk_system_ram_res(0, -1, ram, add_online);
	if (!ram->nr)
		return -EINVAL;
	err = damon_set_regions(t, ram->pieces, ram->nr, min_region_sz);
	if (!err) {
		*start = ram->pieces[0].start;
		*end = ram->pieces[ram->nr - 1].end;
	}
	return err;
}

/**
 * damon_set_region_system_rams_default() - Set a range, by default all memory.
 * @t:			Target of a physical address space.
 * @start:		Start of the range (core address units).
 * @end:		End of it.
 * @addr_unit:		Bytes per core address unit.
 * @min_region_sz:	Smallest region size of the context.
 *
 * If @start and @end are both zero the target gets one region for each piece of
 * the system's memory that is online, and the two are set to where the first one
 * begins and the last one ends.
 *
 * Context: Setup, or worker.
 * Return: 0, -EINVAL for an empty range or a system without memory, -ENOMEM, or an
 * error of damon_set_regions().  After an error nothing has changed.
 */
int damon_set_region_system_rams_default(struct damon_target *t,
					 unsigned long *start,
					 unsigned long *end,
					 unsigned long addr_unit,
					 unsigned long min_region_sz)
{
	struct damon_addr_range range = { *start, *end };

	if (*start > *end || !addr_unit || !min_region_sz)
		return -EINVAL;
	if (!*start && !*end)
		return set_all_ram(t, start, end, addr_unit, min_region_sz);
	return damon_set_regions(t, &range, 1, min_region_sz);
}

static int keep_biggest(struct resource *res, void *arg)
{
	struct resource *biggest = arg;

	if (resource_size(res) > resource_size(biggest))
		*biggest = *res;
	return 0;
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
 * As damon_set_region_system_rams_default(), but the default is the biggest piece
 * of the system's memory, the lowest of several.
 *
 * Context: Setup, or worker.
 * Return: 0, -EINVAL for an empty range or a system without memory, or an error
 * of damon_set_regions().  After an error nothing has changed.
 */
int damon_set_region_biggest_system_ram_default(struct damon_target *t,
						unsigned long *start,
						unsigned long *end,
						unsigned long addr_unit,
						unsigned long min_region_sz)
{
	struct resource biggest = DEFINE_RES_MEM(0, 0);
	struct damon_addr_range piece;
	int err;

	if (*start || *end || !addr_unit)
		return damon_set_region_system_rams_default(t, start, end,
							    addr_unit,
							    min_region_sz);
	walk_system_ram_res(0, -1, &biggest, keep_biggest);
	piece = to_units(biggest.start, (u64)biggest.end + 1, addr_unit);
	err = damon_set_regions(t, &piece, 1, min_region_sz);
	if (!err) {
		*start = piece.start;
		*end = piece.end;
	}
	return err;
}
