// SPDX-License-Identifier: GPL-2.0
/*
 * A kdamond that has far more to do in a sampling interval than fits into one.  It takes
 * fewer samples and says so, and it sleeps, for others wait until all tasks have: those who
 * set probes, for example.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "sysfs_lib.h"

#define NR_REGIONS	"20000"
#define MEMORY		(20000 * 16 * PAGE)

#define TRACING		"/sys/kernel/tracing"
#define EVENT		TRACING "/events/kprobes/damon_overload/enable"
#define OPTIMIZATION	"/proc/sys/debug/kprobes-optimization"

/* Also those that it did before it began: a thread may get by without any. */
static bool nr_sleeps(unsigned long *nr)
{
	char path[64], line[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/status", get(K0 "/pid"));
	f = fopen(path, "r");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "voluntary_ctxt_switches: %lu", nr) == 1;
	fclose(f);
	return found;
}

/* Sleeps of a few microseconds can be over before there was a switch. */
static void expect_sleeps(void)
{
	unsigned long before = 0, now = 0;
	bool ok = nr_sleeps(&before);

	for (unsigned int ms = 0; ok && ms < LONG_MS && now < before + 5; ms += 10) {
		sleep_ms(10);
		ok = nr_sleeps(&now);
	}
	ksft_print_msg("%lu sleeps, then %lu\n", before, now);
	EXPECT(ok && now >= before + 5);
}

/* Samples of the last window, and those that there was time for, if nothing took any. */
static bool last_window(unsigned long *nr, unsigned long *max)
{
	unsigned long windows = 0;
	char path[64], line[256];
	FILE *f;

	*nr = 0;
	snprintf(path, sizeof(path), "/sys/kernel/debug/damon/%s", get(K0 "/pid"));
	f = fopen(path, "r");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "windows %lu", &windows) != 1 &&
		    sscanf(line, "samples %lu %lu", nr, max) == 2)
			break;
	fclose(f);
	return windows;
}

static void expect_few_samples(bool none_in_time)
{
	unsigned long nr = 0, max = 0;

	if (access("/sys/kernel/debug/damon", F_OK)) {
		skip("no debugfs");
		return;
	}
	for (unsigned int ms = 0; ms < LONG_MS && !last_window(&nr, &max); ms += 10)
		sleep_ms(10);
	ksft_print_msg("%lu of %lu samples\n", nr, max);
	EXPECT(max == 100 && nr > 0 && nr <= max);
	if (none_in_time)
		EXPECT(nr < max / 2);
}

/* Jumps take the place of the probe, or it theirs, when all tasks have slept. */
static bool set_probe(unsigned int n)
{
	bool ok;

	(void)n;
	ok = write_file(TRACING "/kprobe_events", "p:damon_overload vfs_statx") &&
		write_file(EVENT, "1") && write_file(OPTIMIZATION, "0") &&
		write_file(OPTIMIZATION, "1") && write_file(EVENT, "0");
	return write_file(TRACING "/kprobe_events", "-:damon_overload") && ok;
}

static void expect_probes(void)
{
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "/kprobe_events", W_OK) || access(OPTIMIZATION, W_OK))
		skip("no probes of functions");
	else
		expect_done("set a probe", set_probe, 0);
}

static bool switch_off(unsigned int n)
{
	(void)n;
	return !put(K0 "/state", "off") && is(K0 "/state", "off");
}

static void overload(const char *sample_us, const char *aggr_us, bool schemes)
{
	bool shortest = !strcmp(sample_us, "1");
	static const unsigned long all[] = { 0, MEMORY };

	stage("paddr");
	EXPECT_PUT(ATTRS "/intervals/sample_us", sample_us, 0);
	EXPECT_PUT(ATTRS "/intervals/aggr_us", aggr_us, 0);
	EXPECT_PUT(ATTRS "/nr_regions/max", NR_REGIONS, 0);
	EXPECT_PUT(ATTRS "/nr_regions/min", NR_REGIONS, 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_regions(all, 1);
	if (schemes)
		stage_stat_scheme();
	EXPECT_PUT(K0 "/state", "on", 0);
	expect_few_samples(shortest);
	if (!shortest)
		expect_sleeps();
	expect_probes();
	if (schemes)
		EXPECT(stats_grow());
	expect_done("switch off", switch_off, 0);
	await_left();
}

static void test_1ms(void)
{
	overload("1000", "100000", false);
}

static void test_1us(void)
{
	overload("1", "100", false);
}

static void test_1ms_scheme(void)
{
	overload("1000", "100000", true);
}

static void test_1us_scheme(void)
{
	overload("1", "100", true);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "20,000 regions each ms", test_1ms },
		{ "20,000 regions each us", test_1us },
		{ "20,000 regions each ms, and a scheme", test_1ms_scheme },
		{ "20,000 regions each us, and a scheme", test_1us_scheme },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
