// SPDX-License-Identifier: GPL-2.0
/*
 * A memory load at the margin: pieces of the memory are read at intervals of their own,
 * evenly spread in logarithm from the shortest to the longest one, while memory that is
 * used once and never again passes through at a steady rate. Whoever has to take some of
 * it away does best to take what was not used for longest, and each mistake costs
 * a major fault. How many there are depends smoothly on how well ages are known.
 *
 * Each page has its turns at times of its own, which vary from the interval by up to a half.
 * With huge pages all pages of one have the same, and what has come back in small pages
 * becomes a huge one again.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define TICK_NS		10000000ull
#define HUGE_PAGE	(2 * MIB)
#define RING		(256 * MIB)	/* of what passes through */

/* Grains are what has turns: pages, or huge pages. */
struct load {
	size_t total;
	size_t piece;
	size_t grain;
	size_t nr;		/* grains */
	uint64_t shortest;	/* ticks */
	uint64_t longest;
	size_t rate;		/* bytes that pass through per tick */
	uint64_t state;
	char *base;
	char *ring;
	double *interval;	/* ticks, of each piece */
	unsigned int *first;	/* grain whose turn is in a tick, modulo nr_ticks */
	unsigned int *next;	/* grain with its turn in the same tick */
	size_t nr_ticks;
	FILE *truth;
};

#define NOBODY	(~0u)

static void *map(size_t size, int advice)
{
	char *at = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		err(1, "mapping %zu MiB", size / MIB);
	at += -(uintptr_t)at % HUGE_PAGE;
	madvise(at, size, advice);
	return at;
}

/* Pieces with like intervals lie anywhere. */
static void draw_intervals(struct load *load)
{
	size_t nr = load->total / load->piece, i, other;
	double ratio = (double)load->longest / load->shortest;

	load->interval = calloc(nr, sizeof(*load->interval));
	if (!load->interval)
		errx(1, "no memory");
	for (i = 0; i < nr; i++) {
		other = draw_next(&load->state) % (i + 1);
		load->interval[i] = load->interval[other];
		load->interval[other] = load->shortest * pow(ratio, (i + 0.5) / nr);
	}
}

/* At least a tick later, and less than nr_ticks. */
static void set_turn(struct load *load, unsigned int grain, uint64_t now, double share)
{
	double interval = load->interval[grain * load->grain / load->piece];
	unsigned int *first = &load->first[(now + 1 + (uint64_t)(interval * share)) % load->nr_ticks];

	load->next[grain] = *first;
	*first = grain;
}

/* A number from 0 to 1. */
static double draw_share(struct load *load)
{
	return (draw_next(&load->state) >> 11) * 0x1p-53;
}

static void prepare(struct load *load)
{
	size_t i;

	load->nr = load->total / load->grain;
	load->nr_ticks = load->longest * 3 / 2 + 2;
	load->first = calloc(load->nr_ticks, sizeof(*load->first));
	load->next = calloc(load->nr, sizeof(*load->next));
	if (!load->first || !load->next)
		errx(1, "no memory");
	for (i = 0; i < load->nr_ticks; i++)
		load->first[i] = NOBODY;
	draw_intervals(load);
	load->base = map(load->total, load->grain > PAGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	load->ring = map(RING, MADV_NOHUGEPAGE);
	/* what is alike all over is cheap to swap, and unlike zeros it is swapped */
	memset(load->base, 1, load->total);
	for (i = 0; i < load->nr; i++)
		set_turn(load, i, 0, draw_share(load));
}

static long major_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_majflt;
}

static void use(struct load *load, unsigned int grain)
{
	char *at = load->base + grain * load->grain;
	long before = load->grain > PAGE ? major_faults() : 0;
	size_t i;

	for (i = 0; i < load->grain; i += PAGE)
		(void)*(volatile char *)(at + i);
	/* if there is a free block for it */
	if (load->grain > PAGE && major_faults() != before)
		madvise(at, load->grain, MADV_COLLAPSE);
}

static void use_all(struct load *load, uint64_t now)
{
	unsigned int *first = &load->first[now % load->nr_ticks];
	unsigned int grain = *first, next;

	*first = NOBODY;
	for (; grain != NOBODY; grain = next) {
		next = load->next[grain];
		use(load, grain);
		set_turn(load, grain, now, 0.5 + draw_share(load));
	}
}

/* What was there a whole ring ago has long been swapped out. */
static void pass_through(struct load *load, uint64_t now)
{
	char *at = load->ring + now * load->rate % RING;

	madvise(at, load->rate, MADV_DONTNEED);
	memset(at, 1, load->rate);
}

static void run(struct load *load)
{
	uint64_t start = now(), tick, at;

	for (tick = 1;; tick++) {
		struct timespec ts;

		at = start + tick * TICK_NS;
		ts = (struct timespec){ at / 1000000000, at % 1000000000 };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		use_all(load, tick);
		pass_through(load, tick);
	}
}

int main(int argc, char **argv)
{
	struct load load = {
		.total = 64 * MIB, .piece = MIB / 2, .grain = PAGE,
		.shortest = 5, .longest = 3000, .rate = 4 * PAGE, .state = 1,
	};
	int c;

	load.truth = stdout;
	while ((c = getopt(argc, argv, "t:a:b:r:s:o:H")) != -1) {
		switch (c) {
		case 't': load.total = number(optarg, "-t") * MIB; break;
		case 'a': load.shortest = number(optarg, "-a") * 1000000 / TICK_NS; break;
		case 'b': load.longest = number(optarg, "-b") * 1000000 / TICK_NS; break;
		case 'r': load.rate = number(optarg, "-r") * PAGE; break;
		case 's': load.state = number(optarg, "-s"); break;
		case 'o': load.truth = fopen(optarg, "w"); break;
		case 'H': load.grain = load.piece = HUGE_PAGE; break;
		default: c = '?';
		}
		if (c == '?' || !load.truth)
			break;
	}
	load.total -= load.total % load.piece;
	/* what passes through never goes beyond the end of its ring */
	if (c != -1 || optind != argc || !load.total || !load.shortest ||
	    load.longest < load.shortest || !load.rate || RING % load.rate || !load.state)
		errx(2, "usage: graded [-t MIB] [-a SHORTEST_MS] [-b LONGEST_MS] [-r PAGES_PER_TICK] [-s SEED] [-H] [-o TRUTH_FILE]");
	prepare(&load);
	fprintf(load.truth, "{\"event\": \"start\", \"ns\": %lu, \"pid\": %d}\n", now(), getpid());
	fflush(load.truth);
	run(&load);
	return 0;
}
