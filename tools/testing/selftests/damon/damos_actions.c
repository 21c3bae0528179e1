// SPDX-License-Identifier: GPL-2.0
/*
 * What each action does to memory, seen from user space.  Migration is in
 * damos_migrate.c.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "damos_lib.h"

#define SIZE	(4 * MIB)

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

/* pageout */

/* Waits until all of it is gone, and looks whether it comes back unharmed. */
static void expect_pageout(char *memory, size_t size)
{
	char *other = map_pages(MIB);

	turn_on();
	EXPECT(WAIT(!present(memory, size)));
	EXPECT(stat_of("sz_applied") >= size);
	EXPECT(present(other, MIB) == MIB);
	turn_off();
	EXPECT(is_filled(memory, size));
	EXPECT(present(memory, size) == size);
	munmap(other, MIB);
}

static void test_pageout_virtual(void)
{
	char *memory;

	if (!need_swap())
		return;
	memory = map_pages(SIZE);
	stage_scheme("fvaddr", "pageout");
	stage_memory(memory, SIZE);
	expect_pageout(memory, SIZE);
	munmap(memory, SIZE);
}

static void test_pageout_physical(void)
{
	char *memory;

	if (!need_swap() || !need_page_flags())
		return;
	memory = map_pages(SIZE);
	stage_scheme("paddr", "pageout");
	stage_physical(memory, SIZE);
	expect_pageout(memory, SIZE);
	munmap(memory, SIZE);
}

static void test_pageout_huge(void)
{
	char *memory;

	if (!need_swap() || !need_huge() || !need_page_flags())
		return;
	memory = map_huge(SIZE);
	stage_scheme("paddr", "pageout");
	stage_physical(memory, SIZE);
	expect_pageout(memory, SIZE);
	munmap(memory, SIZE);
}

/* Nobody has to know where the mappings of a process begin and end. */
static void test_pageout_hole(void)
{
	char *memory, *behind;

	if (!need_swap())
		return;
	memory = map_pages(SIZE);
	behind = memory + SIZE / 2;
	munmap(memory + SIZE / 4, SIZE / 4);
	stage_scheme("fvaddr", "pageout");
	stage_memory(memory, SIZE);
	run_once();
	EXPECT(!present(memory, SIZE / 4));
	EXPECT(!present(behind, SIZE / 2));
	EXPECT(get_ul(STATS "/sz_applied") == SIZE / 4 * 3);
	munmap(memory, SIZE);
}

/* Physical memory in use is not paged out, whoever asks for it. */
static void test_pageout_young(void)
{
	char *memory;
	unsigned long applied;

	if (!need_swap() || !need_page_flags())
		return;
	memory = map_pages(MIB);
	stage_scheme("paddr", "pageout");
	stage_physical(memory, MIB);
	/* The pass comes after the first samples, a few pages at most. */
	run_once();
	applied = get_ul(STATS "/sz_applied");
	EXPECT(get_ul(STATS "/sz_tried") == MIB);
	EXPECT(applied <= 64 * PAGE);
	EXPECT(present(memory, MIB) >= MIB - 64 * PAGE);
	munmap(memory, MIB);
}

/* cold, willneed */

static void test_cold(void)
{
	char *memory;

	if (!need_page_flags() || !need_classic_lru())
		return;
	memory = map_pages(SIZE);
	make_active(memory, SIZE);
	EXPECT(flagged(memory, SIZE, KPF_ACTIVE) == SIZE);
	stage_scheme("fvaddr", "cold");
	stage_memory(memory, SIZE / 2);
	turn_on();
	EXPECT(WAIT((drain_lru(), !flagged(memory, SIZE / 2, KPF_ACTIVE))));
	turn_off();
	EXPECT(flagged(memory + SIZE / 2, SIZE / 2, KPF_ACTIVE) == SIZE / 2);
	EXPECT(present(memory, SIZE) == SIZE);
	munmap(memory, SIZE);
}

static void test_willneed(void)
{
	char *memory;

	if (!need_swap())
		return;
	memory = map_pages(SIZE);
	EXPECT(WAIT(!madvise(memory, SIZE, MADV_PAGEOUT) &&
		    !in_core(memory, SIZE)));
	stage_scheme("fvaddr", "willneed");
	stage_memory(memory, SIZE / 2);
	turn_on();
	EXPECT(WAIT(in_core(memory, SIZE / 2) == SIZE / 2));
	turn_off();
	EXPECT(!in_core(memory + SIZE / 2, SIZE / 2));
	EXPECT(is_filled(memory, SIZE));
	munmap(memory, SIZE);
}

/* huge pages */

/* Without page tables for small pages, too, which older kernels keep when all of them go. */
static char *map_untouched(size_t size)
{
	char *memory = mmap(map_pages(size), size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	EXPECT(memory != MAP_FAILED);
	madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

static void test_hugepage(void)
{
	char *memory;

	if (!need_huge())
		return;
	memory = map_untouched(SIZE);
	EXPECT(smaps_has_flag(memory, "nh"));
	stage_scheme("fvaddr", "hugepage");
	stage_memory(memory, SIZE);
	turn_on();
	EXPECT(WAIT(smaps_has_flag(memory, "hg")));
	turn_off();
	EXPECT(!smaps_has_flag(memory, "nh"));
	touch(memory, SIZE);
	EXPECT(smaps_bytes(memory, "AnonHugePages") == SIZE);
	munmap(memory, SIZE);
}

static void test_nohugepage(void)
{
	char *memory;

	if (!need_huge())
		return;
	memory = map_huge(SIZE);
	madvise(memory, SIZE, MADV_DONTNEED);
	EXPECT(smaps_has_flag(memory, "hg"));
	stage_scheme("fvaddr", "nohugepage");
	stage_memory(memory, SIZE);
	turn_on();
	EXPECT(WAIT(smaps_has_flag(memory, "nh")));
	turn_off();
	EXPECT(!smaps_has_flag(memory, "hg"));
	touch(memory, SIZE);
	EXPECT(smaps_bytes(memory, "AnonHugePages") == 0);
	EXPECT(present(memory, SIZE) == SIZE);
	munmap(memory, SIZE);
}

/*
 * Only the scheme does it, since nobody asked for huge pages.  A huge page that
 * a border of regions happens to be in has to wait.
 */
static void test_collapse(void)
{
	size_t size = 4 * SIZE;
	char *memory;

	if (!need_huge())
		return;
	memory = map_plain(size);
	EXPECT(smaps_bytes(memory, "AnonHugePages") == 0);
	stage_scheme("fvaddr", "collapse");
	stage_memory(memory, size);
	turn_on();
	EXPECT(WAIT(smaps_bytes(memory, "AnonHugePages") >= size / 2));
	EXPECT(WAIT(stat_of("sz_applied") >= size / 2));
	turn_off();
	EXPECT(is_filled(memory, size));
	munmap(memory, size);
}

/* LRU lists */

static void test_lru_prio(void)
{
	char *memory;

	if (!need_page_flags() || !need_classic_lru())
		return;
	memory = map_pages(SIZE);
	EXPECT(!flagged(memory, SIZE, KPF_ACTIVE));
	stage_scheme("paddr", "lru_prio");
	stage_physical(memory, SIZE / 2);
	turn_on();
	EXPECT(WAIT((drain_lru(),
		     flagged(memory, SIZE / 2, KPF_ACTIVE) == SIZE / 2)));
	EXPECT(stat_of("sz_applied") >= SIZE / 2);
	turn_off();
	EXPECT(!flagged(memory + SIZE / 2, SIZE / 2, KPF_ACTIVE));
	munmap(memory, SIZE);
}

static void test_lru_deprio(void)
{
	char *memory;

	if (!need_page_flags() || !need_classic_lru())
		return;
	memory = map_pages(SIZE);
	make_active(memory, SIZE);
	EXPECT(flagged(memory, SIZE, KPF_ACTIVE) == SIZE);
	stage_scheme("paddr", "lru_deprio");
	stage_physical(memory, SIZE / 2);
	turn_on();
	EXPECT(WAIT((drain_lru(), !flagged(memory, SIZE / 2, KPF_ACTIVE))));
	EXPECT(stat_of("sz_applied") >= SIZE / 2);
	turn_off();
	EXPECT(flagged(memory + SIZE / 2, SIZE / 2, KPF_ACTIVE) == SIZE / 2);
	EXPECT(present(memory, SIZE) == SIZE);
	munmap(memory, SIZE);
}

/* actions without effect */

/* What kind each page is of. */
static unsigned long *kinds_of(const unsigned long *pfns)
{
	static const unsigned int flags[] = {
		KPF_LRU, KPF_ACTIVE, KPF_MMAP, KPF_ANON, KPF_SWAPCACHE, KPF_THP,
		KPF_COMPOUND_HEAD, KPF_COMPOUND_TAIL,
	};
	unsigned long *kinds = calloc(SIZE / PAGE, sizeof(*kinds));

	for (size_t i = 0; i < SIZE / PAGE; i++)
		for (size_t j = 0; j < ARRAY_SIZE(flags); j++)
			kinds[i] |= page_flags(pfns[i]) & 1UL << flags[j];
	return kinds;
}

/* The scheme has its turn many times, and counts them, and that is all. */
static void expect_no_effect(char *memory, const char *operations,
			     const char *action)
{
	unsigned long *pfns, *pfns_after, *kinds, *kinds_after;

	stage_scheme(operations, action);
	if (!strcmp(operations, "paddr"))
		stage_physical(memory, SIZE);
	else
		stage_memory(memory, SIZE);
	pfns = pfns_of(memory, SIZE);
	kinds = kinds_of(pfns);
	turn_on();
	EXPECT(WAIT(stat_of("sz_tried") >= 5 * SIZE));
	EXPECT(get_ul(STATS "/nr_tried") >= 15);
	EXPECT(!get_ul(STATS "/nr_applied"));
	EXPECT(!get_ul(STATS "/sz_applied"));
	turn_off();
	drain_lru();
	pfns_after = pfns_of(memory, SIZE);
	kinds_after = kinds_of(pfns);
	if (memcmp(pfns, pfns_after, SIZE / PAGE * sizeof(*pfns)) ||
	    memcmp(kinds, kinds_after, SIZE / PAGE * sizeof(*kinds)))
		fail("%s of %s changes pages", action, operations);
	free(pfns);
	free(kinds);
	free(pfns_after);
	free(kinds_after);
}

static char *map_mixture(void)
{
	char *memory = map_pages(SIZE);

	make_active(memory, SIZE / 2);
	return memory;
}

static void test_stat(void)
{
	char *memory;

	if (!need_page_flags() || !need_classic_lru())
		return;
	memory = map_mixture();
	expect_no_effect(memory, "fvaddr", "stat");
	expect_no_effect(memory, "paddr", "stat");
	munmap(memory, SIZE);
}

static void test_unsupported(void)
{
	static const char * const physical[] = {
		"willneed", "cold", "hugepage", "nohugepage", "collapse",
	};
	char *memory;

	if (!need_page_flags() || !need_classic_lru())
		return;
	memory = map_mixture();
	expect_no_effect(memory, "fvaddr", "lru_prio");
	expect_no_effect(memory, "fvaddr", "lru_deprio");
	for (size_t i = 0; i < ARRAY_SIZE(physical); i++)
		expect_no_effect(memory, "paddr", physical[i]);
	munmap(memory, SIZE);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "pageout, virtual", test_pageout_virtual },
		{ "pageout, physical", test_pageout_physical },
		{ "pageout, huge pages", test_pageout_huge },
		{ "pageout with a hole", test_pageout_hole },
		{ "pageout spares what is in use", test_pageout_young },
		{ "cold", test_cold },
		{ "willneed", test_willneed },
		{ "hugepage", test_hugepage },
		{ "nohugepage", test_nohugepage },
		{ "collapse", test_collapse },
		{ "lru_prio", test_lru_prio },
		{ "lru_deprio", test_lru_deprio },
		{ "stat", test_stat },
		{ "unsupported actions", test_unsupported },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
