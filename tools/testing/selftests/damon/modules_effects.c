// SPDX-License-Identifier: GPL-2.0
/*
 * What DAMON_RECLAIM, DAMON_LRU_SORT and DAMON_STAT do to memory and tell about it,
 * and how their parameters change that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modules_lib.h"

#define SIZE	(16 * MIB)

#define GROUP	"damon_effects"
#define BELOW	GROUP "/below"
#define OTHER	"damon_effects_other"

/* Time in which something would happen if it were to. */
#define QUIET_MS	1000

static void enable(const char *dir)
{
	EXPECT_PUT(path_of("%s/enabled", dir), "Y", 0);
}

static void disable(const char *dir)
{
	EXPECT_PUT(path_of("%s/enabled", dir), "N", 0);
}

static unsigned long result(const char *dir, const char *name)
{
	return get_ul(path_of("%s/%s", dir, name));
}

static unsigned long tried_bytes(void)
{
	return result(RECLAIM, "bytes_reclaim_tried_regions");
}

static void expect_quiet(void)
{
	unsigned long before = tried_bytes();

	sleep_ms(QUIET_MS);
	EXPECT(tried_bytes() == before);
}

/*
 * The last pages of a region may be too few among free ones to be found by samples,
 * so it need not be all of it.
 */
static bool is_gone(const char *memory)
{
	return present(memory, SIZE) <= SIZE / 2;
}

/* Where memory is, if that is one piece. */
static bool find_range(const char *memory, size_t size, unsigned long *first)
{
	unsigned long *pfns = pfns_of(memory, size);
	bool whole = true;

	*first = *pfns;
	for (size_t i = 0; i < size / PAGE; i++)
		whole &= pfns[i] == *pfns + i;
	free(pfns);
	if (!whole)
		skip("no memory in one piece");
	return whole;
}

/* reclaim */

/* Memory that has been idle for a moment goes; it is there when it is wanted. */
static char *stage_reclaim(void)
{
	char *memory = map_huge(SIZE);

	reset_modules();
	stage_span(RECLAIM, memory, SIZE);
	EXPECT_PUT(RECLAIM "/min_age", "100000", 0);
	EXPECT_PUT(RECLAIM "/quota_sz", "0", 0);
	return memory;
}

/* Wherever the memory of a cgroup is. */
static void keep_to(const char *group)
{
	EXPECT_PUT(RECLAIM "/monitor_region_start", "0", 0);
	EXPECT_PUT(RECLAIM "/monitor_region_end", "0", 0);
	EXPECT_PUT(RECLAIM "/memcgs", path_of("/%s", group), 0);
}

/* The same, without that of others that may be in between. */
static char *stage_alone(void)
{
	char *memory;

	EXPECT(enter_cgroup(OTHER));
	memory = stage_reclaim();
	EXPECT(enter_cgroup(""));
	keep_to(OTHER);
	return memory;
}

/* The same, but it stays, so there is always something to be tried. */
static char *stage_futile(void)
{
	char *memory = stage_reclaim();

	EXPECT_PUT(RECLAIM "/skip_anon", "Y", 0);
	return memory;
}

static void test_reclaim(void)
{
	unsigned long nr, bytes, tried;
	char *memory;

	if (!need_swap() || !need_huge())
		return;
	memory = stage_reclaim();
	nr = result(RECLAIM, "nr_reclaimed_regions");
	tried = tried_bytes();
	bytes = result(RECLAIM, "bytes_reclaimed_regions");
	enable(RECLAIM);
	EXPECT(WAIT(is_gone(memory)));
	EXPECT(WAIT(result(RECLAIM, "bytes_reclaimed_regions") - bytes >=
		    SIZE / 2));
	EXPECT(result(RECLAIM, "nr_reclaimed_regions") > nr);
	EXPECT(result(RECLAIM, "nr_reclaim_tried_regions") >=
	       result(RECLAIM, "nr_reclaimed_regions"));
	/* whoever tries a part of a large page may page out all of it */
	EXPECT(tried_bytes() > tried);
	disable(RECLAIM);
	EXPECT(is_filled(memory, SIZE));
	munmap(memory, SIZE);
}

static void test_skip_anon(void)
{
	unsigned long tried;
	char *memory;

	if (!need_swap() || !need_huge())
		return;
	memory = stage_futile();
	enable(RECLAIM);
	tried = tried_bytes();
	EXPECT(WAIT(tried_bytes() - tried > 4 * SIZE));
	EXPECT(present(memory, SIZE) == SIZE);
	change(RECLAIM, "skip_anon", "N");
	EXPECT(WAIT(is_gone(memory)));
	disable(RECLAIM);
	munmap(memory, SIZE);
}

/* Of a cgroup. */
static char *map_in(const char *group)
{
	char *memory;

	EXPECT(enter_cgroup(group));
	memory = map_huge(HUGE);
	EXPECT(enter_cgroup(""));
	return memory;
}

static void test_memcgs(void)
{
	char *memory, *group, *below, *other;

	if (!need_swap() || !need_huge() || !need_cgroup(GROUP) || !need_cgroup(OTHER))
		return;
	group = map_in(GROUP);
	/* from now on processes are below it, and not in it */
	EXPECT(write_file(cgroup_file(GROUP, "cgroup.subtree_control"), "+memory"));
	if (!need_cgroup(BELOW))
		return;
	below = map_in(BELOW);
	other = map_in(OTHER);
	memory = stage_reclaim();
	munmap(memory, SIZE);
	keep_to(GROUP);
	EXPECT_PUT(RECLAIM "/skip_memcgs", "/" BELOW "\n", 0);
	enable(RECLAIM);
	EXPECT(WAIT(!present(group, HUGE)));
	EXPECT(present(below, HUGE) == HUGE);
	EXPECT(present(other, HUGE) == HUGE);
	change(RECLAIM, "skip_memcgs", "\n");
	EXPECT(WAIT(!present(below, HUGE)));
	EXPECT(present(other, HUGE) == HUGE);
	disable(RECLAIM);
	munmap(group, HUGE);
	munmap(below, HUGE);
	munmap(other, HUGE);
}

static void test_min_age(void)
{
	char *memory;

	if (!need_swap() || !need_huge())
		return;
	memory = stage_reclaim();
	EXPECT_PUT(RECLAIM "/min_age", MAX_UL, 0);
	enable(RECLAIM);
	expect_quiet();
	EXPECT(present(memory, SIZE) == SIZE);
	change(RECLAIM, "min_age", "100000");
	EXPECT(WAIT(is_gone(memory)));
	disable(RECLAIM);
	munmap(memory, SIZE);
}

static void test_watermarks(void)
{
	char *memory;

	if (!need_swap() || !need_huge())
		return;
	memory = stage_reclaim();
	/* free memory is above the first one ... */
	EXPECT_PUT(RECLAIM "/wmarks_high", "0", 0);
	EXPECT_PUT(RECLAIM "/wmarks_mid", "0", 0);
	EXPECT_PUT(RECLAIM "/wmarks_interval", "50000", 0);
	enable(RECLAIM);
	expect_quiet();
	/* ... below the last one ... */
	EXPECT_PUT(RECLAIM "/wmarks_high", "1001", 0);
	EXPECT_PUT(RECLAIM "/wmarks_mid", "1001", 0);
	EXPECT_PUT(RECLAIM "/wmarks_low", "1001", 0);
	EXPECT_PUT(RECLAIM "/commit_inputs", "Y", 0);
	expect_quiet();
	EXPECT(present(memory, SIZE) == SIZE);
	/* ... and in between. */
	change(RECLAIM, "wmarks_low", "0");
	EXPECT(WAIT(is_gone(memory)));
	disable(RECLAIM);
	munmap(memory, SIZE);
}

/* Of two pieces of memory, only the one in the range goes. */
static void expect_range(const char *inside, const char *outside,
			 unsigned long unit)
{
	unsigned long first, bytes = tried_bytes();

	if (!find_range(inside, HUGE, &first))
		return;
	first = first * PAGE / unit;
	EXPECT(!put_ul(RECLAIM "/addr_unit", unit));
	EXPECT(!put_ul(RECLAIM "/monitor_region_start", first));
	EXPECT(!put_ul(RECLAIM "/monitor_region_end", first + HUGE / unit));
	enable(RECLAIM);
	EXPECT(WAIT(!present(inside, HUGE)));
	EXPECT(WAIT(tried_bytes() > bytes));
	disable(RECLAIM);
	EXPECT(present(outside, HUGE) == HUGE);
}

static void test_range(void)
{
	char *memory, *a, *b, *c;

	if (!need_swap() || !need_huge())
		return;
	memory = stage_reclaim();
	munmap(memory, SIZE);
	a = map_huge(HUGE);
	b = map_huge(HUGE);
	c = map_huge(HUGE);
	expect_range(a, b, 1);
	expect_range(b, c, 16);
	munmap(a, HUGE);
	munmap(b, HUGE);
	munmap(c, HUGE);
}

/* All of it may go, but in a window only so much, and the rest of a huge page. */
static void test_quota_sz(void)
{
	/* what is charged can reach into two of them */
	const unsigned long nr_windows = SIZE / 2 / (2 * HUGE);
	unsigned long exceeds, begin;
	char *memory;

	if (!need_swap() || !need_huge())
		return;
	memory = stage_reclaim();
	EXPECT(!put_ul(RECLAIM "/quota_sz", HUGE / 8));
	EXPECT_PUT(RECLAIM "/quota_reset_interval_ms", "2000", 0);
	exceeds = result(RECLAIM, "nr_quota_exceeds");
	begin = now_ms();
	enable(RECLAIM);
	EXPECT(WAIT(is_gone(memory)));
	EXPECT(now_ms() - begin >= (nr_windows - 1) * 2000);
	EXPECT(WAIT(result(RECLAIM, "nr_quota_exceeds") - exceeds >= nr_windows));
	disable(RECLAIM);
	munmap(memory, SIZE);
}

/* A quota that was used up when it was switched off is not for ever. */
static void test_off_and_on(void)
{
	unsigned long tried;
	char *memory;

	if (!need_huge())
		return;
	memory = stage_futile();
	EXPECT(!put_ul(RECLAIM "/quota_sz", MIB));
	EXPECT_PUT(RECLAIM "/quota_reset_interval_ms", "100", 0);
	for (int i = 0; i < 5; i++) {
		tried = tried_bytes();
		enable(RECLAIM);
		EXPECT(tried_bytes() >= tried);
		EXPECT(WAIT(tried_bytes() - tried >= 2 * MIB));
		disable(RECLAIM);
	}
	munmap(memory, SIZE);
}

/* Bytes that are tried when feedback has said the same for some windows. */
static unsigned long tried_with(const char *feedback)
{
	unsigned long tried;

	for (int i = 0; i < 16; i++) {
		change(RECLAIM, "quota_autotune_feedback", feedback);
		sleep_ms(QUIET_MS / 8);
	}
	tried = tried_bytes();
	sleep_ms(QUIET_MS);
	return tried_bytes() - tried;
}

static void test_feedback(void)
{
	unsigned long much, little;
	char *memory;

	if (!need_huge())
		return;
	memory = stage_futile();
	EXPECT_PUT(RECLAIM "/quota_reset_interval_ms", "50", 0);
	EXPECT_PUT(RECLAIM "/quota_autotune_feedback", "1", 0);
	enable(RECLAIM);
	much = tried_with("1");
	little = tried_with("1000000");
	if (little * 2 >= much)
		fail("%lu bytes where there was little to do, and %lu", much,
		     little);
	disable(RECLAIM);
	munmap(memory, SIZE);
}

/* There is no pressure, so there may be more and more. */
static void test_pressure(void)
{
	char *memory;

	if (!need_swap() || !need_huge())
		return;
	memory = stage_reclaim();
	EXPECT_PUT(RECLAIM "/quota_reset_interval_ms", "50", 0);
	EXPECT_PUT(RECLAIM "/quota_mem_pressure_us", "10000", 0);
	enable(RECLAIM);
	EXPECT(WAIT(is_gone(memory)));
	disable(RECLAIM);
	munmap(memory, SIZE);
}

/*
 * What it took is wanted after all: it takes no more for the moment, and less after that.
 * What comes back can be in any place.
 */
static void test_refaults(void)
{
	char *memory;

	if (!need_swap() || !need_huge() || !need_cgroup(OTHER))
		return;
	memory = stage_alone();
	enable(RECLAIM);
	EXPECT(WAIT(is_gone(memory)));
	touch(memory, SIZE);
	EXPECT(WAIT(result(RECLAIM, "backoff_halvings")));

	touch(memory, SIZE);
	sleep_ms(QUIET_MS);
	/* until the minute is over */
	if (result(RECLAIM, "backoff_held"))
		EXPECT(present(memory, SIZE) == SIZE);
	change(RECLAIM, "refault_limit_bp", "0");
	EXPECT(WAIT(!result(RECLAIM, "backoff_held")));
	EXPECT(!result(RECLAIM, "backoff_halvings"));
	EXPECT(is_filled(memory, SIZE));
	munmap(memory, SIZE);
	/* what khugepaged has made of it is charged to where the process is now */
	EXPECT(enter_cgroup(OTHER));
	memory = map_huge(SIZE);
	EXPECT(enter_cgroup(""));
	EXPECT(WAIT(is_gone(memory)));
	disable(RECLAIM);
	EXPECT(is_filled(memory, SIZE));
	munmap(memory, SIZE);
}

/* Parameters that are not in use stay what they are. */
static void test_autotune(void)
{
	char *memory;

	if (!need_swap() || !need_huge())
		return;
	memory = stage_reclaim();
	EXPECT_PUT(RECLAIM "/autotune_monitoring_intervals", "Y", 0);
	EXPECT_PUT(RECLAIM "/sample_interval", "60000000", 0);
	EXPECT_PUT(RECLAIM "/aggr_interval", "1", 0);
	enable(RECLAIM);
	EXPECT(WAIT(is_gone(memory)));
	EXPECT_IS(RECLAIM "/sample_interval", "60000000");
	EXPECT_IS(RECLAIM "/aggr_interval", "1");
	disable(RECLAIM);
	munmap(memory, SIZE);
}

/* LRU lists */

static void stage_sort(const char *memory, size_t size)
{
	reset_modules();
	stage_span(LRU_SORT, memory, size);
	EXPECT_PUT(LRU_SORT "/cold_min_age", "100000", 0);
}

static void test_cold(void)
{
	unsigned long hot, cold, span;
	char *memory;

	if (!need_page_flags() || !need_classic_lru() || !need_huge())
		return;
	memory = map_huge(SIZE);
	stage_sort(memory, SIZE);
	span = get_ul(LRU_SORT "/monitor_region_end") -
		get_ul(LRU_SORT "/monitor_region_start");
	/* everything is hot ... */
	EXPECT_PUT(LRU_SORT "/cold_min_age", MAX_UL, 0);
	EXPECT_PUT(LRU_SORT "/hot_thres_access_freq", "0", 0);
	enable(LRU_SORT);
	EXPECT(WAIT((drain_lru(), flagged(memory, SIZE, KPF_ACTIVE) == SIZE)));
	/* ... and then nothing is. */
	EXPECT_PUT(LRU_SORT "/cold_min_age", "100000", 0);
	change(LRU_SORT, "hot_thres_access_freq", "1000");
	hot = result(LRU_SORT, "bytes_lru_sort_tried_hot_regions");
	cold = result(LRU_SORT, "bytes_lru_sorted_cold_regions");
	/* unless it is next to something that is in use */
	EXPECT(WAIT((drain_lru(),
		     flagged(memory, SIZE, KPF_ACTIVE) <= SIZE / 2)));
	EXPECT(present(memory, SIZE) == SIZE);
	disable(LRU_SORT);
	EXPECT(result(LRU_SORT, "bytes_lru_sorted_cold_regions") - cold >=
	       SIZE / 2);
	EXPECT(result(LRU_SORT, "nr_lru_sorted_cold_regions"));
	EXPECT(result(LRU_SORT, "nr_lru_sort_tried_cold_regions") >=
	       result(LRU_SORT, "nr_lru_sorted_cold_regions"));
	/* one pass may have been under way, over all between the pages */
	EXPECT(result(LRU_SORT, "bytes_lru_sort_tried_hot_regions") - hot <= span);
	munmap(memory, SIZE);
}

static void touch_in_background(char *memory, size_t size)
{
	for (;;) {
		forget_translations(memory, size);
		touch(memory, size);
		sleep_ms(1);
	}
}

/* Memory that somebody else shares, and uses all the time. */
static pid_t start_user(char *memory, size_t size)
{
	pid_t pid = fork_child();

	if (pid)
		return pid;
	touch_in_background(memory, size);
	_exit(0);
}

static char *map_shared(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		ksft_exit_fail_msg("no memory for the test\n");
	fill(memory, size);
	return memory;
}

static void test_hot(void)
{
	unsigned long hot;
	char *memory;
	pid_t user;

	if (!need_page_flags() || !need_classic_lru())
		return;
	memory = map_shared(MIB);
	stage_sort(memory, MIB);
	hot = result(LRU_SORT, "bytes_lru_sorted_hot_regions");
	EXPECT_PUT(LRU_SORT "/cold_min_age", MAX_UL, 0);
	EXPECT_PUT(LRU_SORT "/hot_thres_access_freq", "250", 0);
	user = start_user(memory, MIB);
	enable(LRU_SORT);
	EXPECT(WAIT((drain_lru(), flagged(memory, MIB, KPF_ACTIVE) >= MIB / 2)));
	disable(LRU_SORT);
	stop_victim(user);
	EXPECT(result(LRU_SORT, "bytes_lru_sorted_hot_regions") - hot >= MIB / 2);
	EXPECT(result(LRU_SORT, "nr_lru_sorted_hot_regions"));
	EXPECT(result(LRU_SORT, "nr_lru_sort_tried_hot_regions") >=
	       result(LRU_SORT, "nr_lru_sorted_hot_regions"));
	munmap(memory, MIB);
}

/* With a threshold of zero all regions are hot, but not each page of them is. */
static void test_young_pages(void)
{
	unsigned long tried;
	char *memory;

	if (!need_page_flags() || !need_classic_lru())
		return;
	memory = map_pages(SIZE);
	stage_sort(memory, SIZE);
	EXPECT_PUT(LRU_SORT "/cold_min_age", MAX_UL, 0);
	EXPECT_PUT(LRU_SORT "/hot_thres_access_freq", "0", 0);
	EXPECT_PUT(LRU_SORT "/filter_young_pages", "Y", 0);
	enable(LRU_SORT);
	/* at the first look every page is new, but for those that samples saw */
	EXPECT(WAIT((drain_lru(),
		     flagged(memory, SIZE, KPF_ACTIVE) >= SIZE / 2)));
	EXPECT(!madvise(memory, SIZE, MADV_COLD));
	drain_lru();
	tried = result(LRU_SORT, "bytes_lru_sort_tried_hot_regions");
	EXPECT(WAIT(result(LRU_SORT, "bytes_lru_sort_tried_hot_regions") -
		    tried > 3 * SIZE));
	drain_lru();
	/* what could not be looked at counts as young */
	EXPECT(flagged(memory, SIZE, KPF_ACTIVE) <= SIZE / 2);
	change(LRU_SORT, "filter_young_pages", "N");
	EXPECT(WAIT((drain_lru(), flagged(memory, SIZE, KPF_ACTIVE) == SIZE)));
	disable(LRU_SORT);
	munmap(memory, SIZE);
}

/* The shortest time is still a limit; none is none. */
static void test_quota_ms(void)
{
	unsigned long exceeds, tried;
	char *memory;

	/* small pages take their time */
	memory = map_pages(8 * SIZE);
	stage_sort(memory, 8 * SIZE);
	exceeds = result(LRU_SORT, "nr_cold_quota_exceeds");
	tried = result(LRU_SORT, "bytes_lru_sort_tried_cold_regions");
	enable(LRU_SORT);
	EXPECT(WAIT(result(LRU_SORT, "bytes_lru_sort_tried_cold_regions") -
		    tried > 100 * SIZE));
	EXPECT(result(LRU_SORT, "nr_cold_quota_exceeds") == exceeds);
	change(LRU_SORT, "quota_ms", "1");
	EXPECT(WAIT(result(LRU_SORT, "nr_cold_quota_exceeds") - exceeds >= 3));
	disable(LRU_SORT);
	munmap(memory, 8 * SIZE);
}

static unsigned long sorted_with(const char *active_mem_bp)
{
	unsigned long tried;

	change(LRU_SORT, "active_mem_bp", active_mem_bp);
	sleep_ms(QUIET_MS);
	tried = result(LRU_SORT, "bytes_lru_sort_tried_cold_regions");
	sleep_ms(QUIET_MS);
	return result(LRU_SORT, "bytes_lru_sort_tried_cold_regions") - tried;
}

/* Who wants little active memory has much of it made inactive. */
static void test_active_share(void)
{
	unsigned long much, little;
	char *memory;

	if (!need_classic_lru() || !need_huge())
		return;
	memory = map_huge(SIZE);
	stage_sort(memory, SIZE);
	EXPECT_PUT(LRU_SORT "/quota_reset_interval_ms", "50", 0);
	EXPECT_PUT(LRU_SORT "/active_mem_bp", "1", 0);
	enable(LRU_SORT);
	much = sorted_with("1");
	little = sorted_with("10000");
	if (little * 2 >= much)
		fail("%lu bytes to have little active, and %lu to have much",
		     much, little);
	disable(LRU_SORT);
	munmap(memory, SIZE);
}

/* statistics */

#define NR_PERCENTILES	101

static void read_percentiles(long *values)
{
	const char *text = get(STAT "/memory_idle_ms_percentiles");
	char *end;

	for (int i = 0; i < NR_PERCENTILES; i++) {
		values[i] = strtol(text, &end, 10);
		if (*end != (i < NR_PERCENTILES - 1 ? ',' : '\0'))
			fail("percentile %d ends with '%s'", i, end);
		text = end + 1;
	}
}

static long percentile(int i)
{
	long values[NR_PERCENTILES];

	read_percentiles(values);
	return values[i];
}

static void expect_ascending(void)
{
	long values[NR_PERCENTILES];

	read_percentiles(values);
	for (int i = 1; i < NR_PERCENTILES; i++)
		EXPECT(values[i - 1] <= values[i]);
}

/* Memory that can be had, bytes. */
static unsigned long available(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
}

static void test_statistics(void)
{
	unsigned long interval, idle_size = available() / 5 * 2 / HUGE * HUGE;
	char *idle, *busy, before[4096];
	pid_t user;

	if (!need_huge())
		return;
	reset_modules();
	idle = map_huge(idle_size);
	busy = map_shared(4 * SIZE);
	user = start_user(busy, 4 * SIZE);
	enable(STAT);
	EXPECT(WAIT(result(STAT, "estimated_memory_bandwidth")));
	interval = result(STAT, "aggr_interval_us");
	EXPECT(interval >= 100000 && interval <= 200000000);
	EXPECT(WAIT(percentile(0) < 0));
	EXPECT(WAIT(percentile(NR_PERCENTILES - 1) > 5000));
	expect_ascending();
	disable(STAT);
	stop_victim(user);

	/* what was found out stays */
	EXPECT(result(STAT, "estimated_memory_bandwidth"));
	snprintf(before, sizeof(before), "%s",
		 get(STAT "/memory_idle_ms_percentiles"));
	sleep_ms(QUIET_MS);
	EXPECT_IS(STAT "/memory_idle_ms_percentiles", before);
	munmap(idle, idle_size);
	munmap(busy, 4 * SIZE);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "reclaim", test_reclaim },
		{ "reclaim: skip_anon", test_skip_anon },
		{ "reclaim: cgroups", test_memcgs },
		{ "reclaim: min_age", test_min_age },
		{ "reclaim: watermarks", test_watermarks },
		{ "reclaim: monitored range", test_range },
		{ "reclaim: quota_sz", test_quota_sz },
		{ "reclaim: off and on", test_off_and_on },
		{ "reclaim: feedback", test_feedback },
		{ "reclaim: memory pressure", test_pressure },
		{ "reclaim: refaults", test_refaults },
		{ "reclaim: tuned intervals", test_autotune },
		{ "lru_sort: cold memory", test_cold },
		{ "lru_sort: hot memory", test_hot },
		{ "lru_sort: young pages", test_young_pages },
		{ "lru_sort: quota_ms", test_quota_ms },
		{ "lru_sort: active_mem_bp", test_active_share },
		{ "statistics", test_statistics },
	};

	return run_module_cases(cases, ARRAY_SIZE(cases));
}
