// SPDX-License-Identifier: GPL-2.0
/*
 * Tuning of the intervals with a workload of which is known what a sampling
 * interval shows of it: pages are touched at random, all of them equally often.
 * An interval of length T sees the share 1 - exp(-rate * T) of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sysfs_lib.h"

#define NR_PAGES	16384UL
#define NR_MOST		12	/* tunings until the goal is met */
#define NR_STAY		24	/* and some more, for each is a matter of chance */

/* Touches per page and second, and the share to be seen, in 1/10000. */
#define RATE		1.0
#define GOAL_BP		400

/* What the monitor may take of a CPU, see damon_tune_intervals(). */
#define MOST_LOAD	0.01

/* What the touching process tells: its touches, and how long it could do nothing. */
static struct told {
	atomic_ulong nr_touches;
	atomic_ulong stall_us;
} *told;
static char *memory;

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void stay_on_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static pid_t start_touching(void)
{
	unsigned long long random = 1;
	unsigned long nr = 0;
	pid_t pid = fork_child();
	double begin, now;

	if (pid)
		return pid;
	stay_on_cpu();
	begin = now_s();
	for (now = begin;;) {
		unsigned long due = (now - begin) * RATE * NR_PAGES, stall_us;

		for (; nr < due; nr++) {
			random = random * 6364136223846793005ULL + 1;
			memory[(random >> 33) % NR_PAGES * PAGE]++;
		}
		atomic_store(&told->nr_touches, nr);
		usleep(1000);
		stall_us = (now_s() - now) * 1e6;
		if (stall_us > atomic_load(&told->stall_us))
			atomic_store(&told->stall_us, stall_us);
		now = now_s();
	}
}

/* Another process on the same CPU: what the TLB has seen does not stay for ever. */
static pid_t start_ticking(void)
{
	pid_t pid = fork_child();

	if (pid)
		return pid;
	stay_on_cpu();
	for (;;)
		usleep(1000);
}

/* Nanoseconds that a task has run. */
static unsigned long long cpu_ns(unsigned long pid)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/schedstat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

static void start_tuning(pid_t pid, unsigned long sample_us)
{
	unsigned long borders[] = {
		(unsigned long)memory, (unsigned long)memory + NR_PAGES * PAGE,
	};

	stage("fvaddr");
	EXPECT(!put_ul(ATTRS "/intervals/sample_us", sample_us));
	EXPECT(!put_ul(ATTRS "/intervals/aggr_us", 10 * sample_us));
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/aggrs", "5", 0);
	EXPECT(!put_ul(ATTRS "/intervals/intervals_goal/access_bp", GOAL_BP));
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/min_sample_us", "1000", 0);
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/max_sample_us", "10000000", 0);
	EXPECT_PUT(ATTRS "/nr_regions/max", "100", 0);
	EXPECT_PUT(ATTRS "/nr_regions/min", "50", 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_target(0, pid);
	stage_regions(borders, 1);
	EXPECT_PUT(K0 "/state", "on", 0);
}

/*
 * Waits for the next tuned interval that differs from the last one, for the time of three
 * tunings: each takes five windows of ten samples.
 */
static unsigned long next_interval(unsigned long last)
{
	unsigned long sample_us = last, most_ms = 3 * 5 * 10 * last / 1000 + 20;

	for (unsigned long ms = 0; ms < most_ms && sample_us == last; ms += 20) {
		sleep_ms(20);
		EXPECT_PUT(K0 "/state", "update_tuned_intervals", 0);
		sample_us = get_ul(ATTRS "/intervals/sample_us");
	}
	return sample_us;
}

static void test_from(unsigned long start_us)
{
	pid_t ticker = start_ticking(), pid = start_touching();
	unsigned long sample_us = start_us, last, touches, stall_us, kdamond;
	unsigned long long ran_ns;
	double mean_us = 0, best_us = 0, begin, took, share, load;
	bool met;
	int nr = 0, nr_stay;

	start_tuning(pid, start_us);
	/* The rate is not what it ought to be if the machine is slow. */
	best_us = -log(1 - GOAL_BP / 10000.0) / RATE * 1e6;
	while (nr < NR_MOST && fabs(sample_us / best_us - 1) > 0.2) {
		last = sample_us;
		sample_us = next_interval(last);
		if (sample_us == last)
			break;
		nr++;
	}
	touches = atomic_load(&told->nr_touches);
	atomic_store(&told->stall_us, 0);
	kdamond = get_ul(K0 "/pid");
	ran_ns = cpu_ns(kdamond);
	begin = now_s();
	for (nr_stay = 0, last = 0; nr_stay < NR_STAY && sample_us != last; nr_stay++) {
		last = sample_us;
		sample_us = next_interval(last);
		mean_us += sample_us;
	}
	mean_us /= nr_stay;
	took = now_s() - begin;
	touches = atomic_load(&told->nr_touches) - touches;
	stall_us = atomic_load(&told->stall_us);
	load = (cpu_ns(kdamond) - ran_ns) / 1e9 / took;
	share = 1 - exp(-(double)touches / NR_PAGES / took * mean_us / 1e6);
	printf("# from %lu us: %d tunings, then %.0f us, which sees %.2f %%\n",
	       start_us, nr, mean_us, 100 * share);
	/* a tenth, and as much again for intervals that end late */
	met = nr < NR_MOST && fabs(share * 10000 / GOAL_BP - 1) < 0.2;
	/*
	 * Intervals that end late show more than they were set to, and what the monitor
	 * may take of a CPU is the stronger aim.
	 */
	if (!met && (load > 0.1 || stall_us > best_us / 4 ||
		     (mean_us > best_us && load > MOST_LOAD / 2) ||
		     touches < 0.8 * RATE * NR_PAGES * took))
		skip("too slow a machine: monitoring takes %.1f %% of a CPU, stalls %lu us",
		     100 * load, stall_us);
	else
		EXPECT(met);
	stop_victim(pid);
	stop_victim(ticker);
}

static void test_from_short(void)
{
	test_from(2000);
}

static void test_from_long(void)
{
	test_from(200000);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "from a short interval", test_from_short },
		{ "from a long interval", test_from_long },
	};

	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memory = mmap(NULL, NR_PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (told == MAP_FAILED || memory == MAP_FAILED)
		ksft_exit_fail_msg("no memory\n");
	return run_cases(cases, ARRAY_SIZE(cases));
}
