// SPDX-License-Identifier: GPL-2.0
/*
 * What memory is there at a moment: the mappings of a process and which of its pages are
 * present, or the pages of physical memory that somebody has mapped. Prints
 *
 *	T NS			the moment, by CLOCK_MONOTONIC
 *	V START END PERMS NAME	a mapping; the name may be empty
 *	P START END ANON	present pages; ANON: 0 or 1
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

#define CHUNK	8192

/* /proc/PID/pagemap */
#define PRESENT		(1ull << 63)
#define FILE_OR_SHARED	(1ull << 61)
/* /proc/kpageflags */
#define ON_LRU		(1ull << 5)
#define MAPPED		(1ull << 11)
#define ANONYMOUS	(1ull << 12)

struct range {
	unsigned long start, end;	/* empty: there is none yet */
	bool anon;
};

static void print(const struct range *range)
{
	if (range->start < range->end)
		printf("P %lu %lu %d\n", range->start, range->end, range->anon);
}

static void add_page(struct range *range, unsigned long at, bool anon)
{
	if (range->end != at || range->anon != anon) {
		print(range);
		*range = (struct range){ at, at, anon };
	}
	range->end += PAGE;
}

static bool pagemap_has(uint64_t entry, bool *anon)
{
	*anon = !(entry & FILE_OR_SHARED);
	return entry & PRESENT;
}

static bool flags_have(uint64_t entry, bool *anon)
{
	*anon = entry & ANONYMOUS;
	return (entry & ON_LRU) && (entry & MAPPED);
}

/* Of a file with an entry for each page, those of an area. */
static void print_present(int fd, unsigned long start, unsigned long end,
			  bool (*has)(uint64_t, bool *))
{
	static uint64_t entries[CHUNK];
	struct range range = { 0 };
	unsigned long at = start;
	ssize_t i, got;
	bool anon;

	while (at < end) {
		size_t wanted = (end - at) / PAGE < CHUNK ? (end - at) / PAGE : CHUNK;

		got = pread(fd, entries, wanted * sizeof(*entries), at / PAGE * sizeof(*entries));
		got /= (ssize_t)sizeof(*entries);
		if (got <= 0)
			break;
		for (i = 0; i < got; i++, at += PAGE)
			if (has(entries[i], &anon))
				add_page(&range, at, anon);
	}
	print(&range);
}

static int must_open(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void print_process(const char *pid)
{
	char path[64], line[4352], perms[8], name[4096];
	unsigned long start, end;
	FILE *maps;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	fd = must_open(path);
	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "r");
	if (!maps)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), maps)) {
		*name = '\0';
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %4095[^\n]", &start, &end, perms, name) < 3)
			errx(1, "%s: %s", path, line);
		if ((long)start < 0)
			continue;	/* [vsyscall] */
		printf("V %lu %lu %s %s\n", start, end, perms, name);
		print_present(fd, start, end, pagemap_has);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: present PID | present physical");
	printf("T %lu\n", now());
	if (!strcmp(argv[1], "physical"))
		print_present(must_open("/proc/kpageflags"), 0, 1ul << 52, flags_have);
	else
		print_process(argv[1]);
	return 0;
}
