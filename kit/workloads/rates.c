// SPDX-License-Identifier: GPL-2.0
/*
 * A memory load whose access rates are known: the memory is cut into five equal
 * parts, and once per interval each page of them is read with a probability of 0,
 * 25, 50, 75 and 100 percent. A monitor with the same sampling interval should find
 * just these shares of its samples accessed.
 *
 * The truth file has an object per line, as that of stairs, with the parts and their
 * rates in permil.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

#define PARTS	5

struct load {
	size_t part;		/* bytes of each part */
	uint64_t interval;	/* ns */
	uint64_t period;	/* ns that it all takes */
	uint64_t state;
	char *base;
	FILE *truth;
};

static void map_memory(struct load *load)
{
	size_t size = PARTS * load->part, i;

	load->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (load->base == MAP_FAILED)
		err(1, "mapping %zu MiB", size / MIB);
	madvise(load->base, size, MADV_NOHUGEPAGE);
	/* Pages that nobody has written to are all the same one. */
	for (i = 0; i < size; i += PAGE)
		load->base[i] = 1;
}

/* Two bits of chance per page: a quarter of the numbers is below each rate's. */
static void touch(struct load *load, unsigned int part)
{
	const volatile char *at = load->base + part * load->part;
	const volatile char *end = at + load->part;
	uint64_t chance = 0;
	unsigned int left = 0;

	for (; at < end; at += PAGE, chance >>= 2, left--) {
		if (!left) {
			chance = draw_next(&load->state);
			left = 32;
		}
		if ((chance & 3) < part)
			(void)*at;
	}
}

static void run(struct load *load)
{
	uint64_t next = now(), end = next + load->period;
	unsigned int part;

	for (; next < end; next += load->interval) {
		struct timespec ts = { next / 1000000000, next % 1000000000 };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		for (part = 1; part < PARTS; part++)
			touch(load, part);
	}
}

static void tell_rates(struct load *load)
{
	uintptr_t start = (uintptr_t)load->base;
	unsigned int part;

	fprintf(load->truth, "{\"event\": \"phase\", \"ns\": %lu, \"phase\": 0, \"hot\": [], \"rates\": [",
		now());
	for (part = 0; part < PARTS; part++, start += load->part)
		fprintf(load->truth, "%s[%lu, %lu, %u]", part ? ", " : "", start,
			start + load->part, part * 250);
	fprintf(load->truth, "]}\n");
	fflush(load->truth);
}

int main(int argc, char **argv)
{
	struct load load = { .part = 4 * MIB, .interval = 5000000, .period = 20000000000ull };
	int c;

	load.truth = stdout;
	load.state = 1;
	while ((c = getopt(argc, argv, "t:i:p:s:o:")) != -1) {
		switch (c) {
		case 't': load.part = number(optarg, "-t") * MIB / PARTS; break;
		case 'i': load.interval = number(optarg, "-i") * 1000; break;
		case 'p': load.period = number(optarg, "-p") * 1000000; break;
		case 's': load.state = number(optarg, "-s"); break;
		case 'o': load.truth = fopen(optarg, "w"); break;
		default: c = '?';
		}
		if (c == '?' || !load.truth)
			break;
	}
	load.part -= load.part % PAGE;
	if (c != -1 || optind != argc || !load.part || !load.interval || !load.state)
		errx(2, "usage: rates [-t MIB] [-i INTERVAL_US] [-p PERIOD_MS] [-s SEED] [-o TRUTH_FILE]");
	map_memory(&load);
	fprintf(load.truth, "{\"event\": \"start\", \"ns\": %lu, \"pid\": %d, \"memory\": [%lu, %lu]}\n",
		now(), getpid(), (uintptr_t)load.base,
		(uintptr_t)load.base + PARTS * load.part);
	fflush(load.truth);
	tell_rates(&load);
	run(&load);
	fprintf(load.truth, "{\"event\": \"end\", \"ns\": %lu, \"longest_pass_us\": %lu}\n",
		now(), load.interval / 1000);
	fflush(load.truth);
	for (;;)
		pause();
}
