// SPDX-License-Identifier: GPL-2.0
/*
 * Data attribute probes: which share of some physical memory is anonymous, and
 * which is charged to a cgroup, as far as samples tell.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "damos_lib.h"

#define HALF	HUGE
#define SIZE	(2 * HALF)
#define GROUP	"damos_probes"
#define PROBES	ATTRS "/probes"

/* Samples per window: what a probe has that hits each of them. */
#define SAMPLES	20

/* What counts as all of the memory, percent: some of it may be busy when sampled. */
#define NEARLY_ALL	95

/* staging */

static void stage_probe(unsigned int i, const char *type, const char *matching)
{
	char dir[128];

	snprintf(dir, sizeof(dir), PROBES "/%u/filters", i);
	EXPECT_PUT(path_of("%s/nr_filters", dir), "1", 0);
	EXPECT_PUT(path_of("%s/0/type", dir), type, 0);
	EXPECT_PUT(path_of("%s/0/matching", dir), matching, 0);
	EXPECT_PUT(path_of("%s/0/allow", dir), "Y", 0);
	EXPECT_PUT(path_of("%s/0/path", dir), "/" GROUP, 0);
}

static void stage_attrs(const char *operations)
{
	stage_samples(operations, SAMPLES);
	EXPECT_PUT(ATTRS "/nr_regions/max", "20", 0);
}

/* Of a type, of all others, and whatever there is. */
static void stage_probes(const char *type)
{
	EXPECT_PUT(PROBES "/nr_probes", "3", 0);
	stage_probe(0, type, "Y");
	stage_probe(1, type, "N");
}

static char *make_half_anon(void)
{
	char *memory = map_pages(SIZE);
	int fd = make_file(HALF);

	map_file(memory + HALF, HALF, fd);
	close(fd);
	fill(memory, SIZE);
	return memory;
}

/* Who touches memory first pays for it. */
static char *make_half_charged(void)
{
	char *memory;

	if (!need_cgroup(GROUP))
		return NULL;
	memory = map_pages(SIZE);
	madvise(memory, HALF, MADV_DONTNEED);
	EXPECT(enter_cgroup(GROUP));
	fill(memory, HALF);
	EXPECT(enter_cgroup(""));
	return memory;
}

/* results */

static unsigned int update_regions(void)
{
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	return nr_dirs(S0 "/tried_regions");
}

/* The size of a region, and what a probe has hit there. */
static unsigned long read_region(unsigned int i, unsigned int probe, unsigned long *hits)
{
	unsigned long end = get_ul(path_of(S0 "/tried_regions/%u/end", i));

	*hits = get_ul(path_of(S0 "/tried_regions/%u/probes/%u/hits", i, probe));
	EXPECT(*hits <= SAMPLES);
	return end - get_ul(path_of(S0 "/tried_regions/%u/start", i));
}

/* What a probe has hit of what it could have, percent. */
static unsigned long share_of(unsigned int probe)
{
	unsigned long sum = 0, total = 0, hits, sz;
	unsigned int nr = update_regions();

	for (unsigned int i = 0; i < nr; i++) {
		sz = read_region(i, probe, &hits);
		sum += hits * sz;
		total += sz;
	}
	return total ? sum * 100 / (total * SAMPLES) : 0;
}

static void expect_share(const char *what, unsigned int probe, bool all)
{
	unsigned long share = share_of(probe);

	if (all ? share < NEARLY_ALL : share)
		fail("%s: probe %u hits %lu %%", what, probe, share);
}

/* cases */

/* Two runs, each with one half of the memory. */
static void check_halves(const char *type, char *memory)
{
	for (unsigned int half = 0; half < 2; half++) {
		stage_attrs("paddr");
		stage_probes(type);
		stage_physical(memory + half * HALF, HALF);
		turn_on();
		EXPECT(WAIT(share_of(2) >= NEARLY_ALL));
		expect_share(half ? "other memory" : type, 0, !half);
		expect_share(half ? "other memory" : type, 1, half);
		turn_off();
		EXPECT_PUT("kdamonds/nr_kdamonds", "0", 0);
	}
	munmap(memory, SIZE);
}

static void test_anon(void)
{
	check_halves("anon", make_half_anon());
}

static void test_memcg(void)
{
	char *memory = make_half_charged();

	if (memory)
		check_halves("memcg", memory);
}

/* Both halves at once: half of the samples. */
static void test_mixed(void)
{
	char *memory = make_half_anon();
	unsigned long share;

	stage_attrs("paddr");
	stage_probes("anon");
	stage_physical(memory, SIZE);
	turn_on();
	EXPECT(WAIT(share_of(2) >= NEARLY_ALL));
	share = share_of(0);
	if (share < 20 || share > 80)
		fail("probe of half the memory hits %lu %%", share);
	turn_off();
	munmap(memory, SIZE);
}

/* Memory of which some has an attribute and some does not, and no region says which, percent. */
static unsigned long unclear(void)
{
	unsigned long sum = 0, total = 0, hits, sz;
	unsigned int nr = update_regions();

	for (unsigned int i = 0; i < nr; i++) {
		sz = read_region(i, 0, &hits);
		EXPECT(!get_ul(path_of(S0 "/tried_regions/%u/nr_accesses", i)));
		sum += hits > SAMPLES / 10 && hits < SAMPLES - SAMPLES / 10 ? sz : 0;
		total += sz;
	}
	return total ? sum * 100 / total : 100;
}

/* With a weight, regions are those of an attribute, whoever accesses the memory. */
static void test_weights(void)
{
	char *memory = make_half_anon();
	unsigned long share;
	pid_t reader;

	reader = fork_child();
	while (!reader) {
		is_filled(memory, SIZE);
		sleep_ms(1);
	}
	stage_attrs("paddr");
	EXPECT_PUT(ATTRS "/nr_regions/max", "200", 0);
	EXPECT_PUT(PROBES "/nr_probes", "1", 0);
	stage_probe(0, "anon", "Y");
	EXPECT_PUT(PROBES "/0/weight", "1", 0);
	stage_physical(memory, SIZE);
	EXPECT_PUT(C0 "/operations", "fvaddr", 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_PUT(C0 "/operations", "paddr", 0);
	turn_on();
	/* counts of a window that has only begun say nothing */
	EXPECT(WAIT(unclear() <= 10 && (share = share_of(0)) >= 45 && share <= 55));
	stop_victim(reader);

	/* more samples than a byte can count */
	EXPECT_PUT(ATTRS "/intervals/sample_us", "100", 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT_IS(K0 "/state", "on");
	turn_off();
	munmap(memory, SIZE);
}

/* Probes come and go while the monitor runs, with their results. */
static void test_commit(void)
{
	char *memory = map_pages(HALF);

	stage_attrs("paddr");
	stage_physical(memory, HALF);
	turn_on();
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	EXPECT(!nr_dirs(S0 "/tried_regions/0/probes"));

	EXPECT_PUT(PROBES "/nr_probes", "2", 0);
	stage_probe(1, "anon", "Y");
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(WAIT(share_of(1) >= NEARLY_ALL));
	EXPECT(nr_dirs(S0 "/tried_regions/0/probes") == 2);

	/* the other way round: no hit is left of what it was before */
	stage_probe(1, "anon", "N");
	EXPECT_PUT(K0 "/state", "commit", 0);
	expect_share("after the change", 1, false);
	EXPECT(WAIT(share_of(0) >= NEARLY_ALL));
	expect_share("after a while", 1, false);

	EXPECT_PUT(PROBES "/nr_probes", "0", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	EXPECT(exists(S0 "/tried_regions/0/probes"));
	EXPECT(!nr_dirs(S0 "/tried_regions/0/probes"));
	turn_off();
	munmap(memory, HALF);
}

/* Processes are monitored all the same, and nothing is hit. */
static void test_virtual(void)
{
	char *memory = map_pages(HALF);

	stage_attrs("fvaddr");
	stage_probes("anon");
	stage_memory(memory, HALF);
	turn_on();
	EXPECT(WAIT(stat_of("nr_snapshots") >= 2));
	for (unsigned int i = 0; i < 3; i++)
		expect_share("virtual addresses", i, false);
	turn_off();
	munmap(memory, HALF);
}

/* The trace event, while it is on. */

#define EVENT	EVENTS "/damon_region_aggregated/enable"

static bool traced(const char *text)
{
	FILE *trace = fopen(TRACING "/trace", "r");
	char line[512];
	bool found = false;

	while (trace && !found && fgets(line, sizeof(line), trace))
		found = strstr(line, text);
	if (trace)
		fclose(trace);
	return found;
}

static void test_trace(void)
{
	char *memory;

	if (!need_tracing())
		return;
	if (!borrow(EVENT, "1")) {
		skip("no trace event damon_region_aggregated");
		return;
	}
	memory = map_pages(HALF);
	stage_attrs("paddr");
	stage_probes("anon");
	stage_physical(memory, HALF);
	turn_on();
	/* all, none, all of 20 */
	EXPECT(WAIT(traced(" probe_hits=14 00 14")));
	turn_off();
	munmap(memory, HALF);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "anonymous memory", test_anon },
		{ "memory of a cgroup", test_memcg },
		{ "half of the memory", test_mixed },
		{ "regions of an attribute", test_weights },
		{ "probes are changed", test_commit },
		{ "virtual addresses", test_virtual },
		{ "trace event", test_trace },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
