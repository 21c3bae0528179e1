// SPDX-License-Identifier: GPL-2.0
/*
 * A load of which each access is known: every five milliseconds is a round, and the round
 * says which pages are touched in it, and how. To validate what the emulator's plugin
 * writes down (oracle.d/truth.c).
 *
 *	known FILE
 *
 * FILE gets an object per line: first one with the parts of the memory, then one for each
 * round with its number, and the times between which it was. The rules, here in touch(),
 * are also in oracle_known.py.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "announce.h"
#include "common.h"

#define PAGES		20	/* of each part */
#define ROUND_NS	5000000
#define BETWEEN_NS	500000	/* the time is told at whole milliseconds */
#define RETURN		0xc3	/* the instruction */

enum part { NEVER, ALWAYS, GRADED, WRITTEN, COPIED, CALLED, PARTS };

static const char * const names[PARTS] = {
	"never", "always", "graded", "written", "copied", "called",
};

static char *map_memory(void)
{
	size_t size = PARTS * PAGES * PAGE;
	char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		err(1, "mapping memory");
	madvise(base, size, MADV_NOHUGEPAGE);
	memset(base, RETURN, size);
	if (mprotect(base + CALLED * PAGES * PAGE, PAGES * PAGE, PROT_READ | PROT_EXEC))
		err(1, "making memory executable");
	return base;
}

static void tell_parts(FILE *file, const char *base)
{
	int part;

	fprintf(file, "{\"event\": \"parts\", \"pages\": %d, \"start\": %lu, \"names\": [",
		PAGES, (unsigned long)base);
	for (part = 0; part < PARTS; part++)
		fprintf(file, "%s\"%s\"", part ? ", " : "", names[part]);
	fprintf(file, "]}\n");
}

/* One page in one round. */
static void touch(char *at, enum part part, unsigned long round, unsigned long page, int zero)
{
	switch (part) {
	case ALWAYS:
		(void)*(volatile char *)at;
		break;
	case GRADED:
		if (round % PAGES <= page)
			(void)*(volatile char *)at;
		break;
	case WRITTEN:
		if (round % 2 == 1)
			*(volatile char *)at = round;
		break;
	case COPIED:
		if (round % 4 == 2 && read(zero, at, 8) != 8)
			err(1, "reading zeroes");
		break;
	case CALLED:
		if (round % 5 == 3)
			((void (*)(void))at)();
		break;
	default:
		break;
	}
}

int main(int argc, char **argv)
{
	uint64_t next, start;
	unsigned long round, page;
	enum part part;
	char *base;
	FILE *file;
	int zero;

	if (argc != 2)
		errx(2, "usage: known FILE");
	file = fopen(argv[1], "w");
	zero = open("/dev/zero", O_RDONLY);
	if (!file || zero < 0)
		err(1, "%s", file ? "/dev/zero" : argv[1]);
	base = map_memory();
	tell_parts(file, base);
	announce(ANNOUNCE_TARGET, 0);
	next = now() / ROUND_NS * ROUND_NS + ROUND_NS + BETWEEN_NS;
	for (round = 0;; round++, next += ROUND_NS) {
		struct timespec ts = { next / 1000000000, next % 1000000000 };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		start = now();
		for (part = 0; part < PARTS; part++)
			for (page = 0; page < PAGES; page++)
				touch(base + (part * PAGES + page) * PAGE, part, round, page, zero);
		fprintf(file, "{\"event\": \"round\", \"number\": %lu, \"from\": %lu, \"to\": %lu}\n",
			round, start, now());
		fflush(file);
	}
}
