// SPDX-License-Identifier: GPL-2.0
/*
 * Address ranges in any unit: regions cover the pages that hold what was asked
 * for, and no other page.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#define MAX_RANGES	6

/* Bytes per unit, and the smallest regions that go with it. */
static const struct {
	unsigned long unit, min_sz;
} table[] = {
	{ 0, 0 }, { 1, 4096 }, { 2, 2048 }, { 16, 256 }, { 1024, 4 },
	{ 2048, 2 }, { 4096, 1 }, { 8192, 1 }, { 1UL << 30, 1 },
	{ ULONG_MAX, 1 }, { 4097, 1 }, { 6000, 1 }, { 4095, 1 }, { 2049, 1 },
	{ 2000, 1 }, { 1000, 1 }, { 3, 0 }, { 700, 0 }, { 1200, 0 },
};

TEST(units)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		ASSERT_EQ(table[i].min_sz, damon_min_region_sz(table[i].unit)) {
			TH_LOG("unit %lu", table[i].unit);
		}
}

/* As many bits as leave room for addresses: bytes have to fit 64 bits. */
static unsigned long random_unit(struct rng *rng)
{
	switch (rnd_in(rng, 0, 4)) {
	case 0:
		return 1UL << rnd_in(rng, 0, 24);
	case 1:
		return rnd_in(rng, 1, 2 * PAGE_SIZE);
	case 2:
		/* just off what pages can be divided into */
		return (PAGE_SIZE >> rnd_in(rng, 0, 6)) + rnd_in(rng, 0, 3) - 1;
	default:
		return 1 + rnd_any(rng, 24);
	}
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* Ascending and not empty, near each other or far apart.  Returns how many. */
static unsigned int random_ranges(struct rng *rng,
				  struct damon_addr_range *ranges)
{
	unsigned int bits = rnd_in(rng, 4, min(40, BITS_PER_LONG - 1));
	unsigned long base = rnd_any(rng, min(38, BITS_PER_LONG - 2));
	unsigned int nr = rnd_in(rng, 1, MAX_RANGES + 1), i, kept = 0;
	unsigned long borders[2 * MAX_RANGES];

	for (i = 0; i < 2 * nr; i++)
		borders[i] = base + rnd_in(rng, 0, 1UL << bits);
	qsort(borders, 2 * nr, sizeof(*borders), compare);
	for (i = 0; i < nr; i++)
		if (borders[2 * i] < borders[2 * i + 1])
			ranges[kept++] = (struct damon_addr_range){
				borders[2 * i], borders[2 * i + 1] };
	return kept;
}

/* Page frames that a range in some unit touches, in bytes' own arithmetic. */
static u64 first_page(unsigned long start, unsigned long unit)
{
	return (u64)start * unit / PAGE_SIZE;
}

static u64 end_page(unsigned long end, unsigned long unit)
{
	return ((u64)end * unit + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* Whether two ranges could not be told apart by pages. */
static bool share_page(const struct damon_addr_range *ranges, unsigned int nr,
		       unsigned long unit)
{
	unsigned int i;

	for (i = 1; i < nr; i++)
		if (first_page(ranges[i].start, unit) <
		    end_page(ranges[i - 1].end, unit))
			return true;
	return false;
}

/*
 * Whether the regions from *@r on cover a range, each byte of it and no page
 * besides.  Moves *@r behind them.
 */
static bool covered(struct damon_target *t, struct damon_region **r,
		    const struct damon_addr_range *range, unsigned long unit)
{
	unsigned long start = (*r)->ar.start, end = start;

	list_for_each_entry_from((*r), &t->regions_list, list) {
		if ((*r)->ar.start != end || (*r)->ar.start >= range->end)
			break;
		end = (*r)->ar.end;
	}
	return start <= range->start && end >= range->end &&
		first_page(start, unit) == first_page(range->start, unit) &&
		end_page(end, unit) == end_page(range->end, unit);
}

/* What was there before must not show. */
static void add_some(struct rng *rng, struct damon_target *t)
{
	unsigned long pos = 0;

	while (rnd_true(rng, 0.7)) {
		unsigned long sz = 1 + rnd_any(rng, 24);

		pos += rnd_any(rng, 24);
		add(t, pos, pos + sz, 0);
		pos += sz;
	}
}

TEST(cover_the_pages_asked_for)
{
	unsigned long nr_set = 0, nr_units = 0;
	struct rng rng;

	for_each_case(rng, 20000) {
		struct damon_addr_range ranges[MAX_RANGES];
		unsigned int nr = random_ranges(&rng, ranges), i;
		unsigned long unit = random_unit(&rng);
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		struct damon_region *r;
		int err;

		ctx->min_region_sz = damon_min_region_sz(unit);
		nr_units += ctx->min_region_sz != 0;
		add_some(&rng, t);
		err = damon_set_regions(t, ranges, nr, ctx->min_region_sz);
		if (err) {
			/* nobody else is refused */
			HOLDS(err == -EINVAL);
			HOLDS(!ctx->min_region_sz || share_page(ranges, nr, unit));
		} else if (nr) {
			r = damon_first_region(t);
			for (i = 0; i < nr; i++)
				HOLDS(covered(t, &r, &ranges[i], unit));
			HOLDS(&r->list == &t->regions_list);
			nr_set++;
		}
		free_ctx(ctx);
	}
	/* the cases have to be about something */
	ASSERT_GT(nr_set, (last_case(20000) - first_case()) / 10);
	ASSERT_GT(nr_units, nr_set);
}

TEST_HARNESS_MAIN
