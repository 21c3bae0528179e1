// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of schemes: how much they do in which time, and which memory has its
 * turn first.  What happens when is read from the tracepoint that comes before
 * each application.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "damos_lib.h"

#define EVENT		EVENTS "/damos_before_apply/enable"

#define SIZE		(16 * MIB)
#define MAX_APPLIES	20000

/* What a clock of the kernel may be off, and a guest that has to wait. */
#define SLACK_US	50000

/* One application of the scheme. */
static struct apply {
	unsigned long us, start, end;
} applies[MAX_APPLIES];
static size_t nr_applies;

/* tracing */

static void trace_on(void)
{
	empty_trace();
	EXPECT(write_file(EVENT, "1"));
}

static void read_trace_line(const char *line)
{
	const char *event = strstr(line, ": damos_before_apply: ");
	const char *at = event, *range;
	struct apply *apply = &applies[nr_applies];
	unsigned long s, us;

	if (!event || nr_applies == MAX_APPLIES)
		return;
	while (at > line && at[-1] != ' ')
		at--;
	range = strstr(event, "nr_regions=");
	if (range && sscanf(at, "%lu.%lu", &s, &us) == 2 &&
	    sscanf(range, "nr_regions=%*u %lu-%lu:", &apply->start,
		   &apply->end) == 2) {
		apply->us = s * 1000000 + us;
		nr_applies++;
	}
}

static void trace_off(void)
{
	FILE *file;
	char line[512];

	EXPECT(write_file(EVENT, "0"));
	nr_applies = 0;
	file = fopen(TRACING "/trace", "r");
	while (file && fgets(line, sizeof(line), file))
		read_trace_line(line);
	if (file)
		fclose(file);
	empty_trace();
	EXPECT(nr_applies);
	EXPECT(nr_applies < MAX_APPLIES);
}

static unsigned long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000UL + ts.tv_nsec / 1000;
}

/* Runs what is staged for a while, and returns for how long. */
static unsigned long run_traced(unsigned int ms)
{
	unsigned long start;

	trace_on();
	start = now_us();
	turn_on();
	sleep_ms(ms);
	turn_off();
	start = now_us() - start;
	trace_off();
	return start;
}

/*
 * Applications with @bytes together, beginning with *@next: those of one charge
 * window.  False at the end of the trace, where a window may be incomplete.
 */
static bool next_window(size_t *next, unsigned long bytes, size_t *first,
			size_t *last)
{
	unsigned long sum = 0;

	*first = *next;
	while (*next < nr_applies && sum < bytes) {
		sum += applies[*next].end - applies[*next].start;
		*last = (*next)++;
	}
	if (sum > bytes)
		fail("%lu bytes in a window, not %lu", sum, bytes);
	return sum == bytes;
}

static unsigned long sum_between(size_t first, size_t last,
				 unsigned long start, unsigned long end)
{
	unsigned long sum = 0;

	for (size_t i = first; i <= last; i++)
		if (applies[i].start >= start && applies[i].end <= end)
			sum += applies[i].end - applies[i].start;
	return sum;
}

/* size */

static void stage_quota(unsigned long bytes, unsigned long reset_ms)
{
	EXPECT(!put_ul(QUOTAS "/bytes", bytes));
	EXPECT(!put_ul(QUOTAS "/reset_interval_ms", reset_ms));
}

/*
 * Never more than the quota in a window, all of it, and each page once before
 * the first one has its second turn.
 */
static void test_size(void)
{
	unsigned long us, expected, last_us = 0, nr = 0;
	size_t next = 0, first, last;
	char *memory;

	if (!need_tracing())
		return;
	memory = map_pages(SIZE);
	stage_scheme("fvaddr", "stat");
	stage_memory(memory, SIZE);
	stage_quota(MIB, 200);
	us = run_traced(4000);
	expected = (uintptr_t)memory;
	while (next_window(&next, MIB, &first, &last)) {
		if (applies[first].us < last_us + 200000 - SLACK_US)
			fail("window %lu begins after %lu us", nr,
			     applies[first].us - last_us);
		last_us = applies[first].us;
		for (size_t i = first; i <= last; i++) {
			EXPECT(applies[i].start == expected);
			expected = applies[i].end;
			if (expected == (uintptr_t)memory + SIZE)
				expected = (uintptr_t)memory;
		}
		nr++;
	}
	if (nr < us / 200000 * 7 / 10 || nr > us / 200000 + 1)
		fail("%lu windows in %lu us", nr, us);
	munmap(memory, SIZE);
}

static void test_exceeds(void)
{
	char *memory = map_pages(SIZE);
	unsigned long seen;

	stage_scheme("fvaddr", "stat");
	stage_memory(memory, SIZE);
	stage_quota(MIB, 50);
	turn_on();
	EXPECT(WAIT(stat_of("qt_exceeds") >= 3));
	EXPECT_PUT(K0 "/state", "update_schemes_effective_quotas", 0);
	EXPECT(get_ul(QUOTAS "/effective_bytes") == MIB);
	EXPECT(stat_of("sz_tried") <= (stat_of("qt_exceeds") + 1) * MIB);

	/* More than there is to do. */
	EXPECT(!put_ul(QUOTAS "/bytes", SIZE * 1000));
	EXPECT_PUT(K0 "/state", "commit", 0);
	sleep_ms(200);
	seen = stat_of("qt_exceeds");
	sleep_ms(300);
	EXPECT(stat_of("qt_exceeds") == seen);
	EXPECT_PUT(K0 "/state", "update_schemes_effective_quotas", 0);
	EXPECT(get_ul(QUOTAS "/effective_bytes") == SIZE * 1000);

	/* No quota. */
	EXPECT(!put_ul(QUOTAS "/bytes", 0));
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(WAIT(!put(K0 "/state", "update_schemes_effective_quotas") &&
		    is(QUOTAS "/effective_bytes", "0")));
	seen = stat_of("sz_tried");
	EXPECT(WAIT(stat_of("sz_tried") >= seen + 3 * SIZE));
	munmap(memory, SIZE);
}

/* What cannot be done costs a tenth, or nothing. */
static void test_failures(void)
{
	char *memory = map_pages(SIZE);
	unsigned long windows, tried;

	stage_scheme("fvaddr", "lru_prio");
	stage_memory(memory, SIZE);
	stage_quota(MIB, 100);
	EXPECT_PUT(QUOTAS "/fail_charge_num", "1", 0);
	EXPECT_PUT(QUOTAS "/fail_charge_denom", "10", 0);
	turn_on();
	EXPECT(WAIT(stat_of("qt_exceeds") >= 5));
	windows = stat_of("qt_exceeds");
	tried = get_ul(STATS "/sz_tried");
	turn_off();
	if (tried < windows * MIB * 9 || tried > (windows + 1) * MIB * 10)
		fail("%lu bytes in %lu windows", tried, windows);

	EXPECT_PUT(QUOTAS "/fail_charge_num", "0", 0);
	turn_on();
	EXPECT(WAIT(stat_of("sz_tried") >= 5 * SIZE));
	EXPECT(!get_ul(STATS "/qt_exceeds"));
	turn_off();

	EXPECT_PUT(QUOTAS "/fail_charge_denom", "0", 0);
	turn_on();
	EXPECT(WAIT(stat_of("qt_exceeds") >= 5));
	EXPECT(stat_of("sz_tried") <= (stat_of("qt_exceeds") + 1) * MIB);
	turn_off();
	munmap(memory, SIZE);
}

/* time */

#define QUOTA_MS	50
#define WINDOW_MS	500
#define MAX_RUNS	10
#define NR_SPINNERS	3

/* How long the kdamond has run, or had something to do: then it ran, or waited for a CPU. */
static unsigned long busy_ns(bool waits)
{
	unsigned long ran = 0, waited = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/schedstat", get_ul(K0 "/pid"));
	file = fopen(path, "r");
	if (!file || fscanf(file, "%lu %lu", &ran, &waited) != 2)
		fail("cannot read %s", path);
	if (file)
		fclose(file);
	return waits ? ran + waited : ran;
}

/* The share of that in @ms, in permil. */
static unsigned long load_of_kdamond(unsigned int ms, bool waits)
{
	unsigned long us = now_us(), ns = busy_ns(waits);

	sleep_ms(ms);
	ns = busy_ns(waits) - ns;
	return ns / (now_us() - us);
}

/* Tasks that never sleep, on the CPU that the kdamond has. */
static void start_spinners(pid_t *pids, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		pids[i] = fork_child();
		while (!pids[i])
			;
	}
}

/*
 * Looking at each page, and at each page table that has it, takes much more than
 * the quota allows.  It is a matter of averages, so it may take some time, and
 * what a busy host takes from a guest counts as used, and makes the kernel expect
 * less.  So the limit must hold, and more than half of it must be used, on average
 * over all runs.  Few regions and long intervals keep small what is not charged: the
 * monitoring, and choosing regions, which may take as long again.
 *
 * What others take of the CPU is none of the quota's business.
 */
static void test_time_beside(unsigned int nr_spinners)
{
	unsigned long all, idle, now, load = 0, sum = 0;
	pid_t spinners[NR_SPINNERS];
	char *memory;

	if (!need_page_flags() || access("/proc/self/schedstat", R_OK)) {
		skip("no /proc/kpageflags or no /proc/PID/schedstat");
		return;
	}
	memory = map_pages(SIZE * 8);
	stage_scheme("paddr", "stat");
	EXPECT_PUT(ATTRS "/intervals/sample_us", "50000", 0);
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "50000", 0);
	EXPECT_PUT(ATTRS "/nr_regions/max", "20", 0);
	stage_physical(memory, SIZE * 8);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/ops_filters/0/type", "young", 0);
	start_spinners(spinners, nr_spinners);
	turn_on();
	sleep_ms(500);
	all = load_of_kdamond(1000, true);
	turn_off();
	EXPECT_PUT(S0 "/access_pattern/sz/min", MAX_UL, 0);
	turn_on();
	sleep_ms(500);
	idle = load_of_kdamond(2000, false);
	turn_off();
	/* such as one with all checkers, emulated */
	if (idle > 100) {
		skip("too slow a machine: %lu permil of a CPU for monitoring alone",
		     idle);
		goto out;
	}
	EXPECT_PUT(S0 "/access_pattern/sz/min", "0", 0);
	EXPECT(!put_ul(QUOTAS "/ms", QUOTA_MS));
	EXPECT(!put_ul(QUOTAS "/reset_interval_ms", WINDOW_MS));
	turn_on();
	sleep_ms(1000);
	for (int i = 1; i <= MAX_RUNS; i++) {
		now = load_of_kdamond(3000, false);
		sum += now;
		load = sum / i > idle ? sum / i - idle : 0;
		ksft_print_msg("permil: %lu without quota, %lu idle, %lu now, %lu by the quota\n",
			       all, idle, now, load);
		if (load >= 80 && load <= 110 + idle)
			break;
	}
	turn_off();
	EXPECT(all >= 250 + 2 * idle);
	EXPECT(load >= 50 && load <= 110 + idle);
out:
	for (unsigned int i = 0; i < nr_spinners; i++)
		stop_victim(spinners[i]);
	munmap(memory, SIZE * 8);
}

static void test_time(void)
{
	test_time_beside(0);
}

static void test_time_busy(void)
{
	test_time_beside(NR_SPINNERS);
}

/* priorities */

#define PART	(4 * MIB)

/* A process that uses the second of two parts all the time. */
static pid_t start_user(char *memory)
{
	pid_t pid = fork_child();

	if (pid)
		return pid;
	use_always(memory + PART + PAGE, PART);
}

/* Two parts and a gap, so that regions are of one part. */
static void stage_parts(const char *action, const char *memory, pid_t pid,
			unsigned long quota)
{
	unsigned long cold = (uintptr_t)memory, hot = cold + PART + PAGE;
	unsigned long borders[] = { cold, cold + PART, hot, hot + PART };

	stage_scheme("fvaddr", action);
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "100000", 0);
	stage_target(0, pid);
	stage_regions(borders, 2);
	stage_quota(quota, 100);
	EXPECT_PUT(QUOTAS "/weights/nr_accesses_permil", "1000", 0);
}

/* Applications of one pass, beginning with *@next. */
static bool next_pass(size_t *next, size_t *first, size_t *last)
{
	if (*next == nr_applies)
		return false;
	*first = *next;
	do {
		*last = (*next)++;
	} while (*next < nr_applies &&
		 applies[*next].us < applies[*last].us + SLACK_US);
	return true;
}

/*
 * Of the two parts, the one that the action is for is done in full, and the
 * other one gets what is left: @hot and @cold bytes per window.
 */
static void expect_shares(const char *action, unsigned long hot,
			  unsigned long cold)
{
	char *memory = map_pages(2 * PART + PAGE);
	unsigned long middle = (uintptr_t)memory + PART;
	unsigned long seen_hot, seen_cold;
	pid_t pid = start_user(memory);
	size_t next = 0, first, last;
	unsigned int nr = 0, nr_wrong = 0;

	stage_parts(action, memory, pid, hot + cold);
	run_traced(2500);
	while (next_pass(&next, &first, &last)) {
		/* The first windows may come before anything is known. */
		if (nr++ < 3)
			continue;
		seen_cold = sum_between(first, last, 0, middle);
		seen_hot = sum_between(first, last, middle, -1UL);
		if (seen_hot == hot && seen_cold == cold)
			continue;
		ksft_print_msg("%s: %lu bytes hot and %lu cold in window %u, not %lu and %lu\n",
			       action, seen_hot, seen_cold, nr, hot, cold);
		nr_wrong++;
	}
	/* A user that does not get a CPU for a while uses nothing. */
	if (nr_wrong * 4 > nr)
		fail("%s: wrong in %u of %u windows", action, nr_wrong, nr);
	EXPECT(nr >= 8);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(memory, 2 * PART + PAGE);
}

/* Nothing can be migrated to a node that does not exist, but it counts. */
static void test_hot_first(void)
{
	if (need_tracing())
		expect_shares("migrate_hot", MIB, 0);
}

static void test_cold_first(void)
{
	if (need_tracing())
		expect_shares("migrate_cold", 0, MIB);
}

/* The quota ends amidst those who come second, whatever their addresses are. */
static void test_hot_before_cold(void)
{
	if (need_tracing())
		expect_shares("migrate_hot", PART, PART / 2);
}

static void test_cold_before_hot(void)
{
	if (need_tracing())
		expect_shares("migrate_cold", PART / 2, PART);
}

/* ends */

static void test_snapshots(void)
{
	char *memory = map_pages(MIB);

	stage_scheme("fvaddr", "stat");
	stage_memory(memory, MIB);
	EXPECT_PUT(STATS "/max_nr_snapshots", "3", 0);
	turn_on();
	EXPECT(WAIT(stat_of("nr_snapshots") == 3));
	sleep_ms(200);
	EXPECT(stat_of("nr_snapshots") == 3);
	EXPECT(stat_of("sz_tried") == 3 * MIB);
	EXPECT_PUT(STATS "/max_nr_snapshots", "7", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(WAIT(stat_of("nr_snapshots") == 7));
	sleep_ms(200);
	EXPECT(stat_of("sz_tried") == 7 * MIB);
	EXPECT_PUT(STATS "/max_nr_snapshots", "0", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(WAIT(stat_of("nr_snapshots") > 20));
	turn_off();
	munmap(memory, MIB);
}

static void stage_watermarks(const char *high, const char *mid, const char *low)
{
	EXPECT_PUT(S0 "/watermarks/metric", "free_mem_rate", 0);
	EXPECT_PUT(S0 "/watermarks/interval_us", "20000", 0);
	EXPECT_PUT(S0 "/watermarks/high", high, 0);
	EXPECT_PUT(S0 "/watermarks/mid", mid, 0);
	EXPECT_PUT(S0 "/watermarks/low", low, 0);
}

static void expect_inactive(void)
{
	unsigned long tried;

	sleep_ms(100);
	tried = stat_of("sz_tried");
	sleep_ms(300);
	EXPECT(stat_of("sz_tried") == tried);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", ECANCELED);
}

/* A scheme that is not active does nothing, and its quota does not run out. */
static void test_watermarks(void)
{
	char *memory = map_pages(SIZE);

	stage_scheme("fvaddr", "stat");
	stage_memory(memory, SIZE);
	stage_quota(MIB, 50);

	/* Too much free memory, whatever there is. */
	stage_watermarks("0", "0", "0");
	turn_on();
	sleep_ms(200);
	EXPECT(!stat_of("sz_tried"));
	EXPECT(!stat_of("qt_exceeds"));
	expect_inactive();

	/* Little enough. */
	stage_watermarks("1000", "1000", "0");
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(WAIT(stat_of("qt_exceeds") >= 3));
	EXPECT(stat_of("sz_tried") <= (stat_of("qt_exceeds") + 1) * MIB);

	/* Too little. */
	stage_watermarks("1000", "1000", "1000");
	EXPECT_PUT(K0 "/state", "commit", 0);
	expect_inactive();
	EXPECT_PUT(S0 "/watermarks/metric", "none", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
	turn_off();
	munmap(memory, SIZE);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "size quota", test_size },
		{ "full quotas are counted", test_exceeds },
		{ "charge of failures", test_failures },
		{ "time quota", test_time },
		{ "time quota on a busy CPU", test_time_busy },
		{ "hot memory first", test_hot_first },
		{ "cold memory first", test_cold_first },
		{ "hot memory before cold", test_hot_before_cold },
		{ "cold memory before hot", test_cold_before_hot },
		{ "number of snapshots", test_snapshots },
		{ "watermarks", test_watermarks },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
