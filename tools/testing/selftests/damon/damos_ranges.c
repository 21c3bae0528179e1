// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of physical addresses in any unit: what is monitored and acted upon are
 * the pages that were asked for, and no other.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "damos_lib.h"

#define SIZE	HUGE
#define MIDDLE	(SIZE / PAGE / 2)	/* page in the middle */
#define NR_LOOKS	3

static const struct {
	unsigned long unit;
	unsigned long asked[2];
	unsigned long covered[2];
} ranges[] = {
	{ 1024, { 4, 8 }, { 4, 8 } },
	{ 1024, { 5, 7 }, { 4, 8 } },
	{ 1024, { 7, 9 }, { 4, 12 } },
	{ 1, { 4096, 8192 }, { 4096, 8192 } },
	{ 1, { 4097, 8191 }, { 4096, 8192 } },
	{ 4096, { 1, 2 }, { 1, 2 } },
	{ 8192, { 1, 2 }, { 1, 2 } },
	{ 6000, { 3, 5 }, { 3, 5 } },
	{ 2000, { 3, 5 }, { 3, 5 } },
	{ 1UL << 20, { 7, 8 }, { 7, 8 } },
};

/* Regions come and go, but where they begin and end altogether stays. */
static void expect_covered(const unsigned long covered[2])
{
	for (int i = 0; i < NR_LOOKS; i++) {
		unsigned int nr;

		EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
		nr = nr_dirs(S0 "/tried_regions");
		EXPECT(nr);
		EXPECT(get_ul(S0 "/tried_regions/0/start") == covered[0]);
		EXPECT(get_ul(path_of(S0 "/tried_regions/%u/end", nr - 1)) ==
		       covered[1]);
		EXPECT(get_ul(S0 "/tried_regions/total_bytes") ==
		       covered[1] - covered[0]);
	}
}

static void test_borders(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		stage_scheme("paddr", "stat");
		EXPECT(!put_ul(C0 "/addr_unit", ranges[i].unit));
		stage_regions(ranges[i].asked, 1);
		turn_on();
		expect_covered(ranges[i].covered);
		turn_off();
	}
}

/* The same for a monitor that runs, and goes from one to the next. */
static void test_commit(void)
{
	stage_scheme("paddr", "stat");
	EXPECT(!put_ul(C0 "/addr_unit", ranges[0].unit));
	stage_regions(ranges[0].asked, 1);
	turn_on();
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		EXPECT(!put_ul(C0 "/addr_unit", ranges[i].unit));
		stage_regions(ranges[i].asked, 1);
		EXPECT_PUT(K0 "/state", "commit", 0);
		expect_covered(ranges[i].covered);
	}
	turn_off();
}

/* Of all memory, one page goes. */
static void check_page(unsigned long unit)
{
	char *memory = map_pages(SIZE);
	unsigned long *pfns = pfns_of(memory, SIZE);
	unsigned long asked[2] = {
		pfns[MIDDLE] * PAGE / unit, (pfns[MIDDLE] + 1) * PAGE / unit,
	};

	free(pfns);
	stage_scheme("paddr", "pageout");
	EXPECT(!put_ul(C0 "/addr_unit", unit));
	stage_regions(asked, 1);
	turn_on();
	EXPECT(WAIT(!present(memory + MIDDLE * PAGE, PAGE)));
	EXPECT(stat_of("sz_tried") >= PAGE / unit);
	turn_off();
	if (present(memory, SIZE) != SIZE - PAGE)
		fail("unit %lu: %lu of %lu bytes were paged out", unit,
		     SIZE - present(memory, SIZE), PAGE);
	EXPECT(is_filled(memory, SIZE));
	munmap(memory, SIZE);
	clean_up();
}

static void test_page(void)
{
	if (!need_swap() || !need_page_flags())
		return;
	for (unsigned long unit = 1; unit <= PAGE; unit *= 4)
		check_page(unit);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "borders", test_borders },
		{ "borders that are committed", test_commit },
		{ "one page", test_page },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
