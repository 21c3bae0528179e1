// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of hugetlb, seen by its physical addresses: of two pages of a size one is used,
 * and the other one is not. There is nothing that schemes could do with it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "damos_lib.h"

/* Where the shift of its size is in the flags of mmap(). */
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT	26
#endif

/* Samples per window. */
#define SAMPLES		20

/* Two pages of a size, both of them there, or NULL. */
static char *map_hugetlb(unsigned int shift)
{
	static char path[2][96];
	size_t size = 1UL << shift;
	char *pool = path[shift > 21], *memory;

	snprintf(pool, sizeof(path[0]), "/sys/kernel/mm/hugepages/hugepages-%lukB/nr_hugepages",
		 size / 1024);
	if (!borrow(pool, "2")) {
		skip("no hugetlb pages of %zu MiB", size / MIB);
		return NULL;
	}
	memory = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | shift << MAP_HUGE_SHIFT, -1, 0);
	if (memory == MAP_FAILED) {
		skip("no memory for hugetlb pages of %zu MiB", size / MIB);
		return NULL;
	}
	memory[0] = 1;
	memory[size] = 1;
	return memory;
}

static void watch(const char *memory, size_t size)
{
	stage_samples("paddr", SAMPLES);
	EXPECT_PUT(ATTRS "/nr_regions/max", "20", 0);
	stage_physical(memory, size);
	turn_on();
}

static void stop_watching(void)
{
	turn_off();
	EXPECT_PUT("kdamonds/nr_kdamonds", "0", 0);
}

/* The least, or the most, of what all regions have of something. */
static unsigned long bound_of(const char *what, bool least)
{
	unsigned long bound = 0, value;
	unsigned int nr;

	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	nr = nr_dirs(S0 "/tried_regions");
	for (unsigned int i = 0; i < nr; i++) {
		value = get_ul(path_of(S0 "/tried_regions/%u/%s", i, what));
		if (!i || (least ? value < bound : value > bound))
			bound = value;
	}
	return bound;
}

/* What nobody can tell anything about does not grow old. */
static void check_pages(unsigned int shift)
{
	char *memory = map_hugetlb(shift), *idle;
	size_t size = 1UL << shift;
	pid_t user;

	if (!memory)
		return;
	idle = memory + size;
	user = fork_child();
	if (!user)
		use_always(memory, size);
	watch(memory, size);
	EXPECT(WAIT(bound_of("nr_accesses", true) >= SAMPLES / 2));
	stop_watching();

	watch(idle, size);
	EXPECT(WAIT(bound_of("age", true) >= 3));
	EXPECT(!bound_of("nr_accesses", false));
	stop_watching();
	kill(user, SIGKILL);
	waitpid(user, NULL, 0);
	munmap(memory, 2 * size);
}

static void test_2m(void)
{
	check_pages(21);
}

static void test_1g(void)
{
	check_pages(30);
}

/* Pages of hugetlb are tried, as all memory is, and stay where they are. */
static void test_pageout(void)
{
	char *memory = map_hugetlb(21);

	if (!memory)
		return;
	stage_scheme("paddr", "pageout");
	stage_physical(memory, 2 * HUGE);
	run_once();
	EXPECT(get_ul(STATS "/sz_tried") == 2 * HUGE);
	EXPECT(!get_ul(STATS "/sz_applied"));
	EXPECT(memory[0] == 1 && memory[HUGE] == 1);
	munmap(memory, 2 * HUGE);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "pages of 2 MiB", test_2m },
		{ "pages of 1 GiB", test_1g },
		{ "nothing is paged out", test_pageout },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
