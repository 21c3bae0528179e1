// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of schemes: half of some memory is of the type that a filter looks
 * for, and which half lets a scheme through is told by statistics and by what
 * pageout leaves behind, to the page.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "damos_lib.h"

#define HALF	HUGE
#define SIZE	(2 * HALF)
#define GROUP	"damos_filters"

/* Regions of the target whose sample may have been made old meanwhile. */
#define SAMPLED	(64 * PAGE)

/*
 * A type.  make() gives memory whose first half is of the type, or nothing if
 * the machine cannot; the whole of the second half is not.
 */
struct type {
	const char *name;
	char *(*make)(void);
	bool core;		/* judges regions, before they are tried */
	bool inexact;		/* sampling changes it */
};

/* memory */

static char *make_anon(void)
{
	char *memory = map_pages(SIZE);
	int fd = make_file(HALF);

	map_file(memory + HALF, HALF, fd);
	close(fd);
	fill(memory, SIZE);
	return memory;
}

static char *make_half_active(void)
{
	char *memory;

	if (!need_page_flags() || !need_classic_lru())
		return NULL;
	memory = map_pages(SIZE);
	make_active(memory, HALF);
	EXPECT(flagged(memory, HALF, KPF_ACTIVE) == HALF);
	EXPECT(!flagged(memory + HALF, HALF, KPF_ACTIVE));
	return memory;
}

/* Who touches memory first pays for it. */
static char *make_charged(void)
{
	char *memory;

	if (!need_cgroup(GROUP))
		return NULL;
	memory = map_pages(SIZE);
	madvise(memory, HALF, MADV_DONTNEED);
	EXPECT(enter_cgroup(GROUP));
	fill(memory, HALF);
	EXPECT(enter_cgroup(""));
	return memory;
}

/* Nothing of it counts as used any more. */
static void make_old(const char *memory, size_t size, const char *operations)
{
	stage_scheme(operations, "stat");
	if (!strcmp(operations, "paddr"))
		stage_physical(memory, size);
	else
		stage_memory(memory, size);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/ops_filters/0/type", "young", 0);
	run_once();
	EXPECT_PUT("kdamonds/nr_kdamonds", "0", 0);
}

static char *make_half_young(void)
{
	char *memory = map_pages(SIZE);

	make_old(memory, SIZE, "fvaddr");
	forget_translations(memory, SIZE);
	touch(memory, HALF);
	return memory;
}

static char *make_half_huge(void)
{
	char *memory;

	if (!need_huge() || !need_page_flags())
		return NULL;
	memory = map_huge(SIZE);
	madvise(memory + HALF, HALF, MADV_DONTNEED);
	madvise(memory + HALF, HALF, MADV_NOHUGEPAGE);
	fill(memory, SIZE);
	EXPECT(flagged(memory, HALF, KPF_THP) == HALF);
	EXPECT(!flagged(memory + HALF, HALF, KPF_THP));
	return memory;
}

static char *make_plain(void)
{
	return map_pages(SIZE);
}

/* Each half is in one piece, of physical memory too. */
static char *make_two_pieces(void)
{
	return need_huge() && need_page_flags() ? map_huge(SIZE) : NULL;
}

static const struct type types[] = {
	{ .name = "anon", .make = make_anon },
	{ .name = "active", .make = make_half_active },
	{ .name = "memcg", .make = make_charged },
	{ .name = "young", .make = make_half_young, .inexact = true },
	{ .name = "hugepage_size", .make = make_half_huge },
	{ .name = "addr", .make = make_two_pieces, .core = true },
	{ .name = "target", .make = make_plain, .core = true },
};

/* filters */

/* A filter that lets the first half through, or the second one. */
struct choice {
	const char *matching, *allow;
	bool first;
};

static const struct choice choices[] = {
	{ "Y", "Y", true },
	{ "Y", "N", false },
	{ "N", "Y", false },
	{ "N", "N", true },
};

/* Which only some types look at. */
static void stage_details(const char *dir, unsigned long start,
			  unsigned long min, unsigned long max)
{
	EXPECT_PUT(path_of("%s/memcg_path", dir), "/" GROUP, 0);
	EXPECT(!put_ul(path_of("%s/addr_start", dir), start));
	EXPECT(!put_ul(path_of("%s/addr_end", dir), start + HALF));
	EXPECT(!put_ul(path_of("%s/min", dir), min));
	EXPECT(!put_ul(path_of("%s/max", dir), max));
	EXPECT_PUT(path_of("%s/damon_target_idx", dir), "0", 0);
}

static void stage_filter(const char *dir, const char *type,
			 const struct choice *c)
{
	EXPECT_PUT(path_of("%s/type", dir), type, 0);
	EXPECT_PUT(path_of("%s/matching", dir), c->matching, 0);
	EXPECT_PUT(path_of("%s/allow", dir), c->allow, 0);
}

/* Two targets instead of one, of half the memory each. */
static void stage_halves(const char *memory)
{
	unsigned long middle = (uintptr_t)memory + HALF;

	EXPECT_PUT(C0 "/targets/nr_targets", "2", 0);
	stage_memory(memory, HALF);
	stage_target(1, getpid());
	EXPECT_PUT(C0 "/targets/1/regions/nr_regions", "1", 0);
	EXPECT(!put_ul(C0 "/targets/1/regions/0/start", middle));
	EXPECT(!put_ul(C0 "/targets/1/regions/0/end", middle + HALF));
}

static bool is_physical(const char *operations)
{
	return !strcmp(operations, "paddr");
}

static void stage_all(const char *operations, const char *action,
		      const char *memory)
{
	stage_scheme(operations, action);
	if (is_physical(operations))
		stage_physical(memory, SIZE);
	else
		stage_memory(memory, SIZE);
}

static unsigned long address_of(const char *operations, const char *memory)
{
	unsigned long *pfn, address = (uintptr_t)memory;

	if (is_physical(operations)) {
		pfn = pfns_of(memory, PAGE);
		address = *pfn * PAGE;
		free(pfn);
	}
	return address;
}

static void stage_case(const char *operations, const char *action,
		       const struct type *type, const char *memory,
		       const struct choice *c)
{
	stage_all(operations, action, memory);
	if (!strcmp(type->name, "target"))
		stage_halves(memory);
	EXPECT_PUT(S0 "/filters/nr_filters", "1", 0);
	stage_filter(S0 "/filters/0", type->name, c);
	stage_details(S0 "/filters/0", address_of(operations, memory), HUGE,
		      HUGE);
}

/* whole cases */

static void complain(const char *operations, const struct type *type,
		     const struct choice *c, const char *what,
		     unsigned long size)
{
	fail("%s of %s, matching %s, allow %s: %lu of %lu bytes %s", type->name,
	     operations, c->matching, c->allow, size, HALF, what);
}

/* What a stat scheme counts. */
static void check_stat(const char *operations, const struct type *type,
		       const struct choice *c)
{
	unsigned long slack = type->inexact ? SAMPLED : 0;
	char *memory = type->make();
	unsigned long tried, passed;

	if (!memory)
		return;
	stage_case(operations, "stat", type, memory, c);
	run_once();
	tried = get_ul(STATS "/sz_tried");
	passed = get_ul(STATS "/sz_ops_filter_passed");
	if (tried != (type->core ? HALF : SIZE))
		complain(operations, type, c, "tried", tried);
	if (!type->core && (passed > HALF + slack || passed < HALF - slack))
		complain(operations, type, c, "passed", passed);
	munmap(memory, SIZE);
	clean_up();
}

/* What pageout leaves of both halves. */
static void check_pageout(const char *operations, const struct type *type,
			  const struct choice *c)
{
	unsigned long slack = type->inexact ? SAMPLED : 0;
	char *memory, *goes, *stays;

	if (!need_swap())
		return;
	memory = type->make();
	if (!memory)
		return;
	goes = c->first ? memory : memory + HALF;
	stays = c->first ? memory + HALF : memory;
	if (!type->inexact)
		make_old(memory, SIZE, operations);
	stage_case(operations, "pageout", type, memory, c);
	run_once();
	if (present(goes, HALF) > slack)
		complain(operations, type, c, "left of what goes",
			 present(goes, HALF));
	if (present(stays, HALF) < HALF - slack)
		complain(operations, type, c, "left of what stays",
			 present(stays, HALF));
	munmap(memory, SIZE);
	clean_up();
}

typedef void (*check_fn)(const char *operations, const struct type *type,
			 const struct choice *c);

static void check_all(check_fn check, const char *operations)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		/* Physical memory is one target. */
		if (is_physical(operations) && !strcmp(types[i].name, "target"))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(choices); j++)
			check(operations, &types[i], &choices[j]);
	}
}

static void test_stat_virtual(void)
{
	check_all(check_stat, "fvaddr");
}

static void test_stat_physical(void)
{
	if (need_page_flags())
		check_all(check_stat, "paddr");
}

static void test_pageout_virtual(void)
{
	check_all(check_pageout, "fvaddr");
}

static void test_pageout_physical(void)
{
	if (need_page_flags())
		check_all(check_pageout, "paddr");
}

/* page cache that nobody maps */

static void check_unmapped(const struct choice *c)
{
	int fd = make_file(SIZE);
	char *memory = map_pages(SIZE);
	char *goes = c->first ? memory : memory + HALF;
	char *stays = c->first ? memory + HALF : memory;

	map_file(memory, SIZE, fd);
	fill(memory, SIZE);
	make_old(memory, SIZE, "paddr");
	stage_all("paddr", "stat", memory);
	munmap(memory, HALF);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	stage_filter(S0 "/ops_filters/0", "unmapped", c);
	run_once();
	EXPECT(get_ul(STATS "/sz_tried") == SIZE);
	EXPECT(get_ul(STATS "/sz_ops_filter_passed") == HALF);
	if (need_swap()) {
		EXPECT_PUT(S0 "/action", "pageout", 0);
		run_once();
		map_file(memory, HALF, fd);
		EXPECT(!in_core(goes, HALF));
		EXPECT(in_core(stays, HALF) == HALF);
	}
	munmap(memory, SIZE);
	close(fd);
	clean_up();
}

static void test_unmapped(void)
{
	if (!need_page_flags())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		check_unmapped(&choices[i]);
}

/* All memory of a process is mapped. */
static void test_unmapped_virtual(void)
{
	char *memory = map_pages(SIZE);

	stage_all("fvaddr", "stat", memory);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	stage_filter(S0 "/ops_filters/0", "unmapped", &choices[0]);
	run_once();
	EXPECT(!get_ul(STATS "/sz_ops_filter_passed"));
	EXPECT_PUT(S0 "/ops_filters/0/matching", "N", 0);
	run_once();
	EXPECT(get_ul(STATS "/sz_ops_filter_passed") == SIZE);
	munmap(memory, SIZE);
}

/* borders */

static void test_sizes(void)
{
	static const struct {
		unsigned long min, max, passed;
	} sizes[] = {
		{ PAGE, PAGE, HALF },
		{ PAGE + 1, HUGE - 1, 0 },
		{ HUGE, MIB * 1024, HALF },
		{ HUGE + 1, MIB * 1024, 0 },
		{ PAGE, HUGE, SIZE },
		{ 0, PAGE - 1, 0 },
	};
	char *memory = make_half_huge();

	if (!memory)
		return;
	stage_all("fvaddr", "stat", memory);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	stage_filter(S0 "/ops_filters/0", "hugepage_size", &choices[0]);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		stage_details(S0 "/ops_filters/0", 0, sizes[i].min,
			      sizes[i].max);
		run_once();
		if (get_ul(STATS "/sz_ops_filter_passed") != sizes[i].passed)
			fail("sizes %lu-%lu: %s bytes", sizes[i].min,
			     sizes[i].max, get(STATS "/sz_ops_filter_passed"));
	}
	munmap(memory, SIZE);
}

/* What an address filter rejects is not tried, and what it cuts fits. */
static void test_tried_regions(void)
{
	char *memory = map_pages(SIZE);
	unsigned long start = (uintptr_t)memory + 5 * PAGE;
	unsigned int nr;

	stage_all("fvaddr", "stat", memory);
	EXPECT_PUT(S0 "/core_filters/nr_filters", "1", 0);
	stage_filter(S0 "/core_filters/0", "addr", &choices[0]);
	stage_details(S0 "/core_filters/0", start + 1, 0, 0);
	turn_on();
	for (int i = 0; i < 5; i++) {
		EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
		EXPECT(get_ul(S0 "/tried_regions/total_bytes") == HALF);
		nr = nr_entries(S0 "/tried_regions") - 1;
		EXPECT(nr >= 1);
		EXPECT(get_ul(S0 "/tried_regions/0/start") == start);
		EXPECT(get_ul(path_of(S0 "/tried_regions/%u/end", nr - 1)) ==
		       start + HALF);
	}
	turn_off();
	munmap(memory, SIZE);
}

/* several filters */

static void test_order(void)
{
	static const struct choice reject = { "Y", "N", false };
	static const struct choice allow = { "Y", "Y", true };
	char *memory = make_half_active();

	if (!memory)
		return;
	stage_all("fvaddr", "stat", memory);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "2", 0);
	stage_filter(S0 "/ops_filters/0", "active", &reject);
	stage_filter(S0 "/ops_filters/1", "anon", &allow);
	run_once();
	EXPECT(get_ul(STATS "/sz_ops_filter_passed") == HALF);
	stage_filter(S0 "/ops_filters/0", "anon", &allow);
	stage_filter(S0 "/ops_filters/1", "active", &reject);
	run_once();
	EXPECT(get_ul(STATS "/sz_ops_filter_passed") == SIZE);
	munmap(memory, SIZE);
}

/*
 * Memory that a core filter allows is not shown to the others; memory that no
 * core filter knows is.
 */
static void test_core_first(void)
{
	static const struct choice reject = { "Y", "N", false };
	static const struct choice allow = { "Y", "Y", true };
	char *memory;

	if (!need_swap())
		return;
	memory = map_pages(SIZE);
	stage_all("fvaddr", "pageout", memory);
	EXPECT_PUT(S0 "/filters/nr_filters", "2", 0);
	stage_filter(S0 "/filters/0", "anon", &reject);
	stage_filter(S0 "/filters/1", "addr", &allow);
	stage_details(S0 "/filters/1", (uintptr_t)memory, 0, 0);
	run_once();
	EXPECT(get_ul(STATS "/sz_tried") == SIZE);
	EXPECT(!present(memory, HALF));
	EXPECT(present(memory + HALF, HALF) == HALF);

	stage_filter(S0 "/filters/0", "anon", &allow);
	stage_filter(S0 "/filters/1", "addr", &reject);
	touch(memory, SIZE);
	run_once();
	EXPECT(get_ul(STATS "/sz_tried") == HALF);
	EXPECT(present(memory, HALF) == HALF);
	EXPECT(!present(memory + HALF, HALF));
	munmap(memory, SIZE);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "each type, statistics, virtual", test_stat_virtual },
		{ "each type, statistics, physical", test_stat_physical },
		{ "each type, pageout, virtual", test_pageout_virtual },
		{ "each type, pageout, physical", test_pageout_physical },
		{ "unmapped page cache", test_unmapped },
		{ "unmapped memory of a process", test_unmapped_virtual },
		{ "sizes of pages", test_sizes },
		{ "tried regions", test_tried_regions },
		{ "order of filters", test_order },
		{ "core filters before others", test_core_first },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
