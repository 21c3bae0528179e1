// SPDX-License-Identifier: GPL-2.0
/*
 * A memory load whose hot set is known: the memory is cut into equal slots, a hot
 * window in each slot is read again and again, and every period the windows move up
 * by their own size, or anywhere else. One slot is the stairs pattern, one phase is a
 * fixed hot set, many slots are scattered ones.
 *
 * What is hot when goes to the truth file, one JSON object per line, in
 * CLOCK_MONOTONIC nanoseconds and virtual addresses, or physical ones. This file
 * knows nothing of DAMON, and nothing here may depend on what a monitor finds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

#define HUGE_PAGE	(2 * MIB)
#define MARKER	"/sys/kernel/tracing/trace_marker"
#define PAGEMAP	"/proc/self/pagemap"
#define PM_PRESENT	(1ull << 63)
#define PM_PFN		((1ull << 55) - 1)

struct load {
	size_t total;		/* bytes mapped and touched once */
	size_t hot;		/* bytes read all the time, over all slots */
	unsigned int slots;
	unsigned int phases;
	uint64_t period;	/* ns between two moves, on average */
	uint64_t jitter;	/* ns that a move may come sooner or later */
	uint64_t rest;		/* ns between two passes over what is hot */
	unsigned long seed;
	int cpu;		/* the only CPU to run on, or -1 */
	int huge;		/* let the kernel use huge pages */
	int untouched;		/* memory that is never hot has no pages */
	int scatter;		/* windows move anywhere in their slots */
	int linger;		/* after the last phase wait to be killed */
	int wait;		/* before the first phase wait for a line of input */
	int physical;		/* tell physical addresses */
	char *base;
	FILE *truth;
	int marker;
};

/* One line for the truth file, and for the trace buffer if there is one. */
__attribute__((format(printf, 2, 3)))
static void tell(struct load *load, const char *format, ...)
{
	static char line[2 * MIB];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(line))
		errx(1, "too many hot windows for one line");

	fputs(line, load->truth);
	fflush(load->truth);
	/* A marker holds about a page; longer lines are in the file alone. */
	if (load->marker >= 0 && len < 2048 && write(load->marker, line, len) < 0)
		warn("trace marker");
}

/* A number that looks random and is the same whenever it is asked for. */
static uint64_t draw(uint64_t seed)
{
	seed = (seed + 1) * 0x9e3779b97f4a7c15;
	seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
	seed = (seed ^ (seed >> 27)) * 0x94d049bb133111eb;
	return seed ^ (seed >> 31);
}

/* Where the window of a slot is in a phase. */
static size_t window_start(const struct load *load, unsigned int slot, unsigned int phase)
{
	size_t room = load->total / load->slots;
	size_t size = load->hot / load->slots;
	size_t steps = room / size;
	uint64_t seed = (load->seed * 1000 + phase) * load->slots + slot;

	if (load->scatter)
		return slot * room + draw(seed) % ((room - size) / PAGE + 1) * PAGE;
	return slot * room + phase % steps * size;
}

/* Ranges as text. */
struct ranges {
	char text[MIB];
	size_t len;
};

static void add_range(struct ranges *ranges, uint64_t start, uint64_t end)
{
	size_t room = sizeof(ranges->text) - ranges->len;
	int len = snprintf(ranges->text + ranges->len, room, "%s[%lu, %lu]",
			   ranges->len ? ", " : "", start, end);

	if (len < 0 || (size_t)len >= room)
		errx(1, "too many hot windows");
	ranges->len += len;
}

static uint64_t frame_of(int pagemap, uintptr_t addr)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), addr / PAGE * sizeof(entry)) != sizeof(entry))
		err(1, PAGEMAP);
	if (!(entry & PM_PRESENT) || !(entry & PM_PFN))
		errx(1, "no page frame, or it is not told");
	return entry & PM_PFN;
}

/* Where a window is in physical memory, in pieces that are contiguous there. */
static void add_frames(struct ranges *ranges, uintptr_t start, size_t size)
{
	int pagemap = open(PAGEMAP, O_RDONLY | O_CLOEXEC);
	uint64_t first = frame_of(pagemap, start), nr = 1;
	uintptr_t addr;

	for (addr = start + PAGE; addr < start + size; addr += PAGE) {
		uint64_t frame = frame_of(pagemap, addr);

		if (frame == first + nr) {
			nr++;
			continue;
		}
		add_range(ranges, first * PAGE, (first + nr) * PAGE);
		first = frame;
		nr = 1;
	}
	add_range(ranges, first * PAGE, (first + nr) * PAGE);
	close(pagemap);
}

static void tell_phase(struct load *load, unsigned int phase)
{
	static struct ranges hot;
	size_t size = load->hot / load->slots;
	unsigned int i;

	hot.len = 0;
	for (i = 0; i < load->slots; i++) {
		uintptr_t start = (uintptr_t)load->base + window_start(load, i, phase);

		if (load->physical)
			add_frames(&hot, start, size);
		else
			add_range(&hot, start, start + size);
	}
	tell(load, "{\"event\": \"phase\", \"ns\": %lu, \"phase\": %u, \"hot\": [%s]}\n",
	     now(), phase, hot.text);
}

static void rest(uint64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	while (ns && nanosleep(&ts, &ts))
		;
}

/* Once per accessed bit. */
static void touch(const struct load *load, const char *start, size_t size)
{
	size_t step = load->huge ? HUGE_PAGE : PAGE;
	const volatile char *at = start;
	const volatile char *end = start + size;

	for (; at < end; at += step)
		(void)*at;
}

/*
 * When a phase ends. Moves that come with the regularity of the monitor's windows
 * would all meet these at the same place, by luck the best one or the worst.
 */
static uint64_t phase_end(const struct load *load, uint64_t start, unsigned int phase)
{
	uint64_t end = start + (phase + 1) * load->period;

	return end - load->jitter + 2 * load->jitter * (draw(load->seed * 1000 + phase) % 1024) / 1024;
}

/*
 * Returns the longest time that passed between two reads of the same page, and how
 * often each one was read.
 */
static uint64_t run_phase(struct load *load, unsigned int phase, uint64_t until,
			  unsigned long *passes)
{
	size_t size = load->hot / load->slots;
	uint64_t longest = 0, before = now(), after;
	unsigned int i;

	do {
		for (i = 0; i < load->slots; i++)
			touch(load, load->base + window_start(load, i, phase), size);
		rest(load->rest);
		++*passes;
		after = now();
		if (after - before > longest)
			longest = after - before;
		before = after;
	} while (after < until);
	return longest;
}

/* Pages that nobody has written to are all the same one. */
static void populate(char *start, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += PAGE)
		start[i] = 1;
}

static void map_memory(struct load *load)
{
	size_t i;

	load->base = mmap(NULL, load->total, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (load->base == MAP_FAILED)
		err(1, "mapping %zu MiB", load->total / MIB);
	madvise(load->base, load->total, load->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (!load->untouched)
		populate(load->base, load->total);
	for (i = 0; i < load->phases * load->slots && load->untouched; i++)
		populate(load->base + window_start(load, i % load->slots,
						   i / load->slots),
			 load->hot / load->slots);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: stairs [-t MIB] [-w HOT_KIB] [-k SLOTS] [-p PERIOD_MS] [-n PHASES]\n"
		"              [-i REST_US] [-j JITTER_MS] [-s SEED] [-c CPU] [-o TRUTH_FILE]\n"
		"              [-r] [-u] [-H] [-l] [-g] [-P]\n"
		"  -j  moves come up to so much sooner or later than the period says\n"
		"  -i  rest for so long after each pass over what is hot\n"
		"  -r  windows move anywhere in their slots, not up\n"
		"  -u  leave memory untouched that is never hot\n"
		"  -H  huge pages where the kernel has them\n"
		"  -l  linger after the last phase until killed\n"
		"  -g  go on to the first phase only after a line of input\n"
		"  -P  tell physical addresses of what is hot\n");
	exit(2);
}

static void parse(struct load *load, int argc, char **argv)
{
	const char *truth = NULL;
	int c;

	while ((c = getopt(argc, argv, "t:w:k:p:n:j:i:s:c:o:ruHlgP")) != -1) {
		switch (c) {
		case 't': load->total = number(optarg, "-t") * MIB; break;
		case 'w': load->hot = number(optarg, "-w") * 1024; break;
		case 'k': load->slots = number(optarg, "-k"); break;
		case 'p': load->period = number(optarg, "-p") * 1000000ull; break;
		case 'n': load->phases = number(optarg, "-n"); break;
		case 'j': load->jitter = number(optarg, "-j") * 1000000ull; break;
		case 'i': load->rest = number(optarg, "-i") * 1000ull; break;
		case 's': load->seed = number(optarg, "-s"); break;
		case 'c': load->cpu = number(optarg, "-c"); break;
		case 'o': truth = optarg; break;
		case 'r': load->scatter = 1; break;
		case 'u': load->untouched = 1; break;
		case 'H': load->huge = 1; break;
		case 'l': load->linger = 1; break;
		case 'g': load->wait = 1; break;
		case 'P': load->physical = 1; break;
		default: usage();
		}
	}
	if (optind != argc)
		usage();
	if (!load->hot)
		load->hot = load->total / 10;
	if (!load->slots || !load->phases || !load->period)
		errx(2, "slots, phases and period must not be zero");
	if (load->jitter >= load->period / 2)
		errx(2, "moves must not come out of order");
	/* Whole pages per window, or two neighbours would share one. */
	load->hot -= load->hot % (load->slots * PAGE);
	load->total -= load->total % (load->slots * PAGE);
	if (!load->hot || load->hot > load->total)
		errx(2, "the hot set must fit into the memory");

	load->truth = truth ? fopen(truth, "w") : stdout;
	if (!load->truth)
		err(1, "%s", truth);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "running on CPU %d", cpu);
}

int main(int argc, char **argv)
{
	struct load load = {
		.total = 256 * MIB,
		.slots = 1,
		.phases = 10,
		.period = 5000000000ull,
		.cpu = -1,
	};
	uint64_t start, pass, longest = 0;
	unsigned long passes;
	unsigned int phase;
	int c;

	parse(&load, argc, argv);
	if (load.cpu >= 0)
		pin(load.cpu);
	load.marker = open(MARKER, O_WRONLY | O_CLOEXEC);
	map_memory(&load);

	tell(&load, "{\"event\": \"start\", \"ns\": %lu, \"pid\": %d, \"memory\": [%lu, %lu]}\n",
	     now(), getpid(), (uintptr_t)load.base, (uintptr_t)load.base + load.total);
	while (load.wait && (c = getchar()) != '\n')
		if (c == EOF)
			errx(1, "nobody said when to go");
	start = now();
	for (phase = 0; phase < load.phases; phase++) {
		tell_phase(&load, phase);
		passes = 0;
		pass = run_phase(&load, phase, phase_end(&load, start, phase), &passes);
		tell(&load, "{\"event\": \"passed\", \"ns\": %lu, \"passes\": %lu}\n", now(), passes);
		if (pass > longest)
			longest = pass;
	}
	tell(&load, "{\"event\": \"end\", \"ns\": %lu, \"longest_pass_us\": %lu}\n",
	     now(), longest / 1000);
	while (load.linger)
		pause();
	return 0;
}
