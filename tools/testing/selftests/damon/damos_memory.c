// SPDX-License-Identifier: GPL-2.0
/*
 * Memory in a known state, and what others than DAMON know about it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "damos_lib.h"

#ifndef MADV_COLD
#define MADV_COLD	20
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#define MPOL_DEFAULT	0
#define MPOL_BIND	2
#define MPOL_F_NODE	1
#define MPOL_F_ADDR	2

#define PRESENT		0x8000000000000000ULL
#define PFN		0x007fffffffffffffULL

/* making it */

/* Starts at a border of huge pages; what is around it stays unused. */
static char *map_aligned(size_t size)
{
	char *memory = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start = (char *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));

	if (memory == MAP_FAILED)
		ksft_exit_fail_msg("no memory for the test\n");
	munmap(memory, start - memory);
	munmap(start + size, memory + HUGE - start);
	return start;
}

/*
 * Small pages, all of them there.  They are made of huge pages if there are any,
 * so that physical memory is in few pieces.
 */
char *map_pages(size_t size)
{
	char *memory = map_aligned(size);

	madvise(memory, size, MADV_HUGEPAGE);
	touch(memory, size);
	/* who wants a part of a huge page to be cold must have it split */
	for (size_t i = 0; i < size; i += HUGE)
		madvise(memory + i, PAGE, MADV_COLD);
	madvise(memory, size, MADV_NOHUGEPAGE);
	fill(memory, size);
	return memory;
}

/* Whatever comes without advice, all of it there. */
char *map_plain(size_t size)
{
	char *memory = map_aligned(size);

	fill(memory, size);
	return memory;
}

/* Huge pages, all of them there, as need_huge() made sure. */
char *map_huge(size_t size)
{
	char *memory = map_aligned(size);

	madvise(memory, size, MADV_HUGEPAGE);
	fill(memory, size);
	return memory;
}

/* From a node, wherever this process runs. */
char *map_on_node(char *(*map)(size_t), size_t size, int node)
{
	unsigned long mask = 1UL << node;
	char *memory;

	syscall(__NR_set_mempolicy, MPOL_BIND, &mask, 8 * sizeof(mask));
	memory = map(size);
	syscall(__NR_set_mempolicy, MPOL_DEFAULT, NULL, 0);
	EXPECT(on_node(memory, size, node) == size);
	return memory;
}

/* A file without a name. */
int make_file(size_t size)
{
	int fd = memfd_create("damos", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		ksft_exit_fail_msg("no file in memory for the test\n");
	return fd;
}

/* Its beginning takes the place of what is there. */
void map_file(char *memory, size_t size, int fd)
{
	if (mmap(memory, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 fd, 0) == MAP_FAILED)
		ksft_exit_fail_msg("cannot map a file\n");
}

static unsigned long content_of(size_t page)
{
	return page * 0x9e3779b9UL + 1;
}

/* Each page different from all others, on the list that pages begin on. */
void fill(char *memory, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		*(unsigned long *)(memory + i) = content_of(i / PAGE);
	drain_lru();
}

bool is_filled(const char *memory, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		if (*(unsigned long *)(memory + i) != content_of(i / PAGE))
			return false;
	return true;
}

void touch(char *memory, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		__atomic_fetch_add(memory + i, 0, __ATOMIC_RELAXED);
}

/* The CPUs notice the next use of each page, even if they know where it is. */
void forget_translations(char *memory, size_t size)
{
	mprotect(memory, size, PROT_READ);
	mprotect(memory, size, PROT_READ | PROT_WRITE);
}

/* What a process does that uses memory all the time. */
void use_always(char *memory, size_t size)
{
	for (;;) {
		touch(memory, size);
		forget_translations(memory, size);
	}
}

/* Pages on the way to a list arrive there, whichever CPU has them. */
void drain_lru(void)
{
	static char *dummy;

	if (!dummy) {
		dummy = map_aligned(2 * HUGE);
		*dummy = 1;
	}
	/* drains first, then finds nothing to collapse in the second half */
	madvise(dummy + HUGE, HUGE, MADV_COLLAPSE);
}

/* Used twice, in a way that the kernel notices at once. */
void make_active(char *memory, size_t size)
{
	int fd = open("/proc/self/mem", O_RDONLY);
	char byte;

	for (int i = 0; i < 2; i++) {
		for (size_t at = 0; at < size; at += PAGE)
			if (pread(fd, &byte, 1, (off_t)(uintptr_t)memory + at) != 1)
				fail("cannot read own memory");
		drain_lru();
	}
	close(fd);
}

/* looking at it */

static uint64_t *read_pagemap(const char *memory, size_t size)
{
	size_t nr = size / PAGE;
	uint64_t *entries = calloc(nr, sizeof(*entries));
	int fd = open("/proc/self/pagemap", O_RDONLY);
	off_t at = (uintptr_t)memory / PAGE * sizeof(*entries);

	if (!entries || pread(fd, entries, nr * sizeof(*entries), at) !=
	    (ssize_t)(nr * sizeof(*entries)))
		ksft_exit_fail_msg("cannot read /proc/self/pagemap\n");
	close(fd);
	return entries;
}

/* Of each page; NO_PFN if it is not there.  The caller frees it. */
unsigned long *pfns_of(const char *memory, size_t size)
{
	unsigned long *pfns = calloc(size / PAGE, sizeof(*pfns));
	uint64_t *entries = read_pagemap(memory, size);

	for (size_t i = 0; i < size / PAGE; i++)
		pfns[i] = entries[i] & PRESENT ? entries[i] & PFN : NO_PFN;
	free(entries);
	return pfns;
}

unsigned long page_flags(unsigned long pfn)
{
	static int fd = -1;
	uint64_t flags;

	if (fd < 0)
		fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (pread(fd, &flags, sizeof(flags), pfn * sizeof(flags)) !=
	    sizeof(flags))
		ksft_exit_fail_msg("cannot read /proc/kpageflags\n");
	return flags;
}

/* What is mapped, not swapped out. */
unsigned long present(const char *memory, size_t size)
{
	uint64_t *entries = read_pagemap(memory, size);
	unsigned long nr = 0;

	for (size_t i = 0; i < size / PAGE; i++)
		nr += !!(entries[i] & PRESENT);
	free(entries);
	return nr * PAGE;
}

/* What is mapped and has a flag (KPF_*). */
unsigned long flagged(const char *memory, size_t size, unsigned int flag)
{
	uint64_t *entries = read_pagemap(memory, size);
	unsigned long nr = 0;

	for (size_t i = 0; i < size / PAGE; i++)
		if (entries[i] & PRESENT)
			nr += page_flags(entries[i] & PFN) >> flag & 1;
	free(entries);
	return nr * PAGE;
}

/* What needs no reading from swap. */
unsigned long in_core(char *memory, size_t size)
{
	unsigned char *pages = malloc(size / PAGE);
	unsigned long nr = 0;

	if (!pages || mincore(memory, size, pages))
		ksft_exit_fail_msg("mincore() fails\n");
	for (size_t i = 0; i < size / PAGE; i++)
		nr += pages[i] & 1;
	free(pages);
	return nr * PAGE;
}

static int node_of(char *page)
{
	int node;

	if (syscall(__NR_get_mempolicy, &node, NULL, 0UL, page,
		    MPOL_F_NODE | MPOL_F_ADDR))
		return -1;
	return node;
}

unsigned long on_node(char *memory, size_t size, int node)
{
	unsigned long nr = 0;

	for (size_t i = 0; i < size; i += PAGE)
		nr += node_of(memory + i) == node;
	return nr * PAGE;
}

/* map_aligned() leaves gaps, so each piece of memory is a mapping of its own. */
static bool smaps_field(const char *memory, const char *field, char *value,
			size_t size)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool inside = false;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			inside = start <= (uintptr_t)memory &&
				 (uintptr_t)memory < end;
		} else if (inside && !strncmp(line, field, strlen(field)) &&
			   line[strlen(field)] == ':') {
			snprintf(value, size, "%s", line + strlen(field) + 1);
			fclose(file);
			return true;
		}
	}
	if (file)
		fclose(file);
	fail("no field %s in /proc/self/smaps", field);
	return false;
}

unsigned long smaps_bytes(const char *memory, const char *field)
{
	char value[512];

	if (!smaps_field(memory, field, value, sizeof(value)))
		return 0;
	return strtoul(value, NULL, 10) * 1024;
}

/* @flag is one of the two-letter words of VmFlags. */
bool smaps_has_flag(const char *memory, const char *flag)
{
	char value[512];

	if (!smaps_field(memory, "VmFlags", value, sizeof(value)))
		return false;
	for (char *word = strtok(value, " "); word; word = strtok(NULL, " "))
		if (!strcmp(word, flag))
			return true;
	return false;
}
