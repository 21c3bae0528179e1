// SPDX-License-Identifier: GPL-2.0
/*
 * What DAMON_RECLAIM does to files that nobody maps.  A reader that does not get a CPU
 * for a while makes them cold, so this belongs on a machine that is not busy.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "modules_lib.h"

#define SIZE	(16 * MIB)

/* How much of one half of a file is in memory, without mapping that. */
static size_t cached(int fd, bool second)
{
	static unsigned char pages[SIZE / PAGE];
	size_t nr = 0;
	void *memory = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, second ? SIZE : 0);

	if (memory == MAP_FAILED || mincore(memory, SIZE, pages))
		ksft_exit_fail_msg("no answer from mincore()\n");
	for (size_t i = 0; i < SIZE / PAGE; i++)
		nr += pages[i] & 1;
	munmap(memory, SIZE);
	return nr * PAGE;
}

/* Reads the first half of a file, again and again. */
static pid_t start_reader(int fd)
{
	char page[PAGE];
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		for (off_t pos = 0; pos < (off_t)SIZE; pos += PAGE)
			if (pread(fd, page, PAGE, pos) != (ssize_t)PAGE)
				_exit(1);
		usleep(1000);
	}
}

/* Of a file that nobody maps, what is read() stays, and the rest goes. */
static void test_files(const char *generations)
{
	int fd = memfd_create("damon", 0);
	char *memory;
	pid_t reader;

	if (!need_swap())
		return;
	if (access(MGLRU, F_OK) || !borrow(MGLRU, generations)) {
		skip("the kind of LRU lists cannot be chosen");
		return;
	}
	if (fd < 0 || ftruncate(fd, 2 * SIZE))
		ksft_exit_fail_msg("no file for the test\n");
	memory = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		ksft_exit_fail_msg("no memory for the test\n");
	fill(memory, 2 * SIZE);
	reset_modules();
	stage_span(RECLAIM, memory, 2 * SIZE);
	munmap(memory, 2 * SIZE);
	EXPECT_PUT(RECLAIM "/min_age", "500000", 0);
	EXPECT_PUT(RECLAIM "/quota_sz", "0", 0);
	reader = start_reader(fd);
	EXPECT_PUT(RECLAIM "/enabled", "Y", 0);
	EXPECT(WAIT(cached(fd, true) <= SIZE / 4));
	sleep_ms(2000);
	EXPECT(cached(fd, false) >= SIZE / 10 * 9);
	EXPECT_PUT(RECLAIM "/enabled", "N", 0);
	stop_victim(reader);
	close(fd);
}

static void test_files_of_lists(void)
{
	test_files("0x0000");
}

static void test_files_of_generations(void)
{
	test_files("0x0007");
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "classic lists", test_files_of_lists },
		{ "generations", test_files_of_generations },
	};

	return run_module_cases(cases, ARRAY_SIZE(cases));
}
