// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters of DAMON_RECLAIM, DAMON_LRU_SORT and DAMON_STAT: what there is, what
 * is refused, and switching them on and off.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "modules_lib.h"

#define TOO_BIG		"99999999999999999999999"

/* Messages about refusals come ten in five seconds at most. */
#define MESSAGE_MS	600

/* the kernel log */

static int log_fd = -1;

/* What comes from here on is of interest. */
static void open_log(void)
{
	if (log_fd < 0)
		log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	lseek(log_fd, 0, SEEK_END);
	sleep_ms(MESSAGE_MS);
}

static void expect_logged(const char *text)
{
	char record[2048];
	ssize_t len;

	do {
		len = read(log_fd, record, sizeof(record) - 1);
		if (len > 0) {
			record[len] = '\0';
			if (strstr(record, text))
				return;
		}
	} while (len > 0 || (len < 0 && errno == EPIPE));
	fail("the kernel does not say '%s'", text);
}

/* parameters */

static bool writable(const struct param *p)
{
	return p->value;
}

static void expect_params(const char *dir, const struct param *params)
{
	unsigned int nr = 0;
	char path[256];
	struct stat st;

	for (const struct param *p = params; p->name; p++) {
		snprintf(path, sizeof(path), ADMIN "/%s/%s", dir, p->name);
		if (stat(path, &st))
			fail("no %s", path);
		else if ((st.st_mode & 07777) != (writable(p) ? 0600 : 0400))
			fail("mode of %s: %o", path, st.st_mode);
		nr++;
	}
	if (nr_entries(dir) != nr)
		fail("%u parameters in %s, not %u", nr_entries(dir), dir, nr);
}

static void test_files(void)
{
	reset_modules();
	expect_params(RECLAIM, reclaim_params);
	expect_params(LRU_SORT, lru_sort_params);
	expect_params(STAT, stat_params);
}

static bool is_number(const char *name)
{
	return strcmp(name, "enabled") && strcmp(name, "commit_inputs") &&
	       strcmp(name, "skip_anon") && strcmp(name, "filter_young_pages") &&
	       strcmp(name, "autotune_monitoring_intervals");
}

static void expect_number(const char *path)
{
	EXPECT_PUT(path, "12", 0);
	EXPECT_IS(path, "12");
	EXPECT_PUT(path, "0x20\n", 0);
	EXPECT_IS(path, "32");
	EXPECT_PUT(path, "010", 0);
	EXPECT_IS(path, "8");
	EXPECT_PUT(path, MAX_UL, 0);
	EXPECT_IS(path, MAX_UL);
	EXPECT_PUT(path, "8", 0);
	EXPECT_PUT(path, "-1", EINVAL);
	EXPECT_PUT(path, "foo", EINVAL);
	EXPECT_PUT(path, "7 8", EINVAL);
	EXPECT_PUT(path, TOO_BIG, ERANGE);
	EXPECT_IS(path, "8");
}

static void expect_switch(const char *path)
{
	static const char * const yes[] = { "1", "y", "Y", "t", "T", "on", "ON\n" };
	static const char * const no[] = { "0", "n", "N", "f", "F", "off", "foo" };
	static const char * const neither[] = { "", "2", "x", "oX", "\n" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		EXPECT_PUT(path, yes[i], 0);
		EXPECT_IS(path, "Y");
		EXPECT_PUT(path, no[i], 0);
		EXPECT_IS(path, "N");
	}
	/* nothing is not written at all */
	for (size_t i = 1; i < ARRAY_SIZE(neither); i++) {
		EXPECT_PUT(path, neither[i], EINVAL);
		EXPECT_IS(path, "N");
	}
}

static bool is_paths(const char *name)
{
	return !strcmp(name, "memcgs") || !strcmp(name, "skip_memcgs");
}

static void expect_paths(const char *path)
{
	char text[1100];

	EXPECT_PUT(path, "/a/b c,,/no where,\n", 0);
	EXPECT_IS(path, "/a/b c,,/no where,");
	memset(text, 'x', sizeof(text));
	text[1024] = '\0';
	EXPECT_PUT(path, text, ENOSPC);
	EXPECT_IS(path, "/a/b c,,/no where,");
	text[1023] = '\0';
	EXPECT_PUT(path, text, 0);
	EXPECT_IS(path, text);
	EXPECT_PUT(path, "\n", 0);
	EXPECT_IS(path, "");
}

static void expect_text(const char *dir, const struct param *params)
{
	char path[128];

	for (const struct param *p = params; p->name; p++) {
		snprintf(path, sizeof(path), "%s/%s", dir, p->name);
		if (!writable(p))
			EXPECT_PUT(path, "1", EACCES);
		else if (is_paths(p->name))
			expect_paths(path);
		else if (is_number(p->name))
			expect_number(path);
		else if (strcmp(p->name, "commit_inputs"))
			expect_switch(path);
	}
}

/* Everything is what was written, whatever that may mean. */
static void test_text(void)
{
	static const struct param own_switches[] = {
		{ "skip_anon", "N" }, { NULL, NULL }
	};

	reset_modules();
	expect_text(RECLAIM, own_switches);
	expect_text(RECLAIM, reclaim_params + 2);
	reset_modules();
	expect_text(LRU_SORT, lru_sort_params + 2);
	reset_modules();
	expect_text(STAT, stat_params + 1);
	EXPECT_PUT(RECLAIM "/addr_unit", "0", EINVAL);
	EXPECT_IS(RECLAIM "/addr_unit", "1");
	reset_modules();
}

/* switching */

static void expect_running(const char *dir)
{
	char path[64], comm[32] = "";
	FILE *file;

	EXPECT_IS(path_of("%s/enabled", dir), "Y");
	snprintf(path, sizeof(path), "/proc/%lu/comm",
		 get_ul(path_of("%s/kdamond_pid", dir)));
	file = fopen(path, "r");
	if (file) {
		EXPECT(fgets(comm, sizeof(comm), file));
		fclose(file);
	}
	if (strcmp(comm, "kdamond.0\n"))
		fail("%s is '%s'", path, comm);
}

static void expect_stopped(const char *dir)
{
	EXPECT_IS(path_of("%s/enabled", dir), "N");
	EXPECT_IS(path_of("%s/kdamond_pid", dir), "-1");
}

static void enable(const char *dir, int error)
{
	EXPECT_PUT(path_of("%s/enabled", dir), "Y", error);
}

static void disable(const char *dir)
{
	EXPECT_PUT(path_of("%s/enabled", dir), "N", 0);
	expect_stopped(dir);
}

static const char * const all[] = { RECLAIM, LRU_SORT, STAT };

static void test_on_off(void)
{
	unsigned long pid;

	reset_modules();
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		expect_stopped(all[i]);
		disable(all[i]);
		for (int round = 0; round < 3; round++) {
			enable(all[i], 0);
			expect_running(all[i]);
			pid = get_ul(path_of("%s/kdamond_pid", all[i]));
			enable(all[i], 0);
			EXPECT(get_ul(path_of("%s/kdamond_pid", all[i])) == pid);
			/* nobody can end it but who has started it */
			kill(pid, SIGKILL);
			sleep_ms(50);
			expect_running(all[i]);
			EXPECT_PUT(path_of("%s/enabled", all[i]), "x", EINVAL);
			expect_running(all[i]);
			disable(all[i]);
			disable(all[i]);
		}
	}
}

/* Users can have monitors of their own, whoever comes first. */
static void test_beside_others(void)
{
	reset_modules();
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		enable(all[i], 0);
		stage("paddr");
		EXPECT_PUT(K0 "/state", "on", 0);
		expect_running(all[i]);
		disable(all[i]);
		EXPECT_IS(K0 "/state", "on");
		enable(all[i], 0);
		EXPECT_PUT(K0 "/state", "off", 0);
		EXPECT_IS(path_of("%s/enabled", all[i]), "Y");
		clean_up();
		disable(all[i]);
	}
}

static unsigned long kdamond_of(const char *dir)
{
	return get_ul(path_of("%s/kdamond_pid", dir));
}

/* All of them are one monitor, whoever comes first and leaves last. */
static void test_shared(void)
{
	const size_t nr = ARRAY_SIZE(all);
	unsigned long pid;

	reset_modules();
	for (size_t first = 0; first < nr; first++) {
		enable(all[first], 0);
		pid = kdamond_of(all[first]);
		for (size_t i = 1; i < nr; i++)
			enable(all[(first + i) % nr], 0);
		for (size_t i = 0; i < nr; i++) {
			expect_running(all[i]);
			EXPECT(kdamond_of(all[i]) == pid);
		}
		for (size_t i = 0; i < nr; i++) {
			disable(all[(first + i) % nr]);
			for (size_t j = i + 1; j < nr; j++) {
				expect_running(all[(first + j) % nr]);
				EXPECT(kdamond_of(all[(first + j) % nr]) == pid);
			}
		}
	}
}

/* What some memory is for one of them is not all memory for the others. */
static void test_not_shared(void)
{
	reset_modules();
	EXPECT_PUT(RECLAIM "/addr_unit", "4096", 0);
	enable(RECLAIM, 0);
	open_log();
	enable(STAT, EBUSY);
	expect_logged("damon_stat: enabled: damon_reclaim runs");
	expect_stopped(STAT);
	change(RECLAIM, "addr_unit", "1");
	enable(STAT, 0);
	open_log();
	EXPECT_PUT(RECLAIM "/monitor_region_end", "1048576", 0);
	EXPECT_PUT(RECLAIM "/commit_inputs", "Y", EBUSY);
	expect_logged("damon_reclaim: commit_inputs: damon_stat runs");
	expect_running(RECLAIM);
	disable(STAT);
	EXPECT_PUT(RECLAIM "/commit_inputs", "Y", 0);
	disable(RECLAIM);
	reset_modules();
}

/* refusals */

static const struct refusal {
	const char *dir;
	const char *name;
	const char *value;
	const char *says;
} refusals[] = {
	{ RECLAIM, "aggr_interval", "0", "aggr_interval: zero" },
	{ RECLAIM, "aggr_interval", "4999", "sample_interval: more" },
	{ RECLAIM, "sample_interval", "100001", "sample_interval: more" },
	{ RECLAIM, "min_nr_regions", "2", "min_nr_regions: less than 3" },
	{ RECLAIM, "max_nr_regions", "9", "max_nr_regions: less" },
	{ RECLAIM, "addr_unit", "3", "addr_unit: no power of two" },
	{ RECLAIM, "addr_unit", "2000", "addr_unit: no power of two" },
	{ RECLAIM, "wmarks_high", "399", "wmarks_mid: more" },
	{ RECLAIM, "wmarks_mid", "501", "wmarks_mid: more" },
	{ RECLAIM, "wmarks_low", "401", "wmarks_low: more" },
	{ RECLAIM, "memcgs", "/,/no/where", "memcgs: no memory cgroup /no/where" },
	{ RECLAIM, "skip_memcgs", "relative", "skip_memcgs: no memory cgroup relative" },
	{ RECLAIM, "monitor_region_start", "8192", "monitor_region_end: not" },
	{ LRU_SORT, "sample_interval", "0", "sample_interval: zero" },
	{ LRU_SORT, "aggr_interval", "0", "aggr_interval: zero" },
	{ LRU_SORT, "min_nr_regions", "0", "min_nr_regions: less than 3" },
	{ LRU_SORT, "addr_unit", "12288", "addr_unit: no power of two" },
	{ LRU_SORT, "wmarks_low", "151", "wmarks_low: more" },
	{ LRU_SORT, "hot_thres_access_freq", "1001", "hot_thres_access_freq: more" },
	{ LRU_SORT, "active_mem_bp", "10001", "active_mem_bp: more" },
};

static const char *log_of(const struct refusal *r)
{
	return path_of("%s: %s", strcmp(r->dir, RECLAIM) ? "damon_lru_sort" :
		       "damon_reclaim", r->says);
}

/* What was never in force before the refusal is not afterwards. */
static void test_refused_start(void)
{
	reset_modules();
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];

		open_log();
		EXPECT_PUT(path_of("%s/%s", r->dir, r->name), r->value, 0);
		enable(r->dir, EINVAL);
		expect_stopped(r->dir);
		expect_logged(log_of(r));
		EXPECT_IS(path_of("%s/%s", r->dir, r->name), r->value);
		reset_modules();
		enable(r->dir, 0);
		expect_running(r->dir);
		disable(r->dir);
	}
}

/* What runs goes on, and so it does when the parameter is right again. */
static void expect_refused_commit(const struct refusal *r, unsigned long pid)
{
	char good[32], path[128];

	snprintf(path, sizeof(path), "%s/%s", r->dir, r->name);
	snprintf(good, sizeof(good), "%s",
		 strcmp(r->name, "monitor_region_start") ? get(path) : "0");
	open_log();
	EXPECT_PUT(path, r->value, 0);
	EXPECT_PUT(path_of("%s/commit_inputs", r->dir), "Y", EINVAL);
	EXPECT_IS(path_of("%s/commit_inputs", r->dir), "N");
	expect_running(r->dir);
	expect_logged(log_of(r));
	/* nothing is not written at all */
	EXPECT_PUT(path, *good ? good : "\n", 0);
	EXPECT_PUT(path_of("%s/commit_inputs", r->dir), "Y", 0);
	expect_running(r->dir);
	EXPECT(get_ul(path_of("%s/kdamond_pid", r->dir)) == pid);
}

static void test_refused_commit(void)
{
	const char *dir = "";
	unsigned long pid = 0;

	reset_modules();
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (strcmp(refusals[i].dir, dir)) {
			reset_modules();
			dir = refusals[i].dir;
			enable(dir, 0);
			pid = get_ul(path_of("%s/kdamond_pid", dir));
		}
		expect_refused_commit(&refusals[i], pid);
	}
	reset_modules();
}

static void test_extremes(void)
{
	static const struct param extremes[] = {
		{ "sample_interval", "0" },
		{ "sample_interval", "5000" },
		{ "max_nr_regions", MAX_UL },
		{ "min_nr_regions", "3" },
		{ "quota_ms", MAX_UL },
		{ "quota_ms", "0" },
		{ "quota_sz", MAX_UL },
		{ "quota_sz", "0" },
		{ "quota_reset_interval_ms", "0" },
		{ "quota_reset_interval_ms", MAX_UL },
		{ "min_age", "0" },
		{ "min_age", MAX_UL },
		{ "wmarks_high", MAX_UL },
		{ "wmarks_interval", MAX_UL },
		{ "quota_mem_pressure_us", MAX_UL },
		{ "quota_autotune_feedback", MAX_UL },
		{ "refault_limit_bp", MAX_UL },
		{ "monitor_region_end", MAX_UL },
		{ "aggr_interval", MAX_UL },
		{ "sample_interval", MAX_UL },
		{ "addr_unit", "0x100000" },
	};

	reset_modules();
	enable(RECLAIM, 0);
	for (size_t i = 0; i < ARRAY_SIZE(extremes); i++) {
		change(RECLAIM, extremes[i].name, extremes[i].value);
		expect_running(RECLAIM);
	}
	disable(RECLAIM);
	enable(RECLAIM, 0);
	expect_running(RECLAIM);
	disable(RECLAIM);
	reset_modules();
}

/* commits */

static void test_commit_off(void)
{
	reset_modules();
	for (size_t i = 0; i < 2; i++) {
		char commit[128];

		snprintf(commit, sizeof(commit), "%s/commit_inputs", all[i]);
		EXPECT_PUT(commit, "Y", EINVAL);
		EXPECT_PUT(commit, "N", 0);
		EXPECT_PUT(commit, "x", EINVAL);
		enable(all[i], 0);
		EXPECT_PUT(commit, "Y", 0);
		EXPECT_PUT(commit, "N", 0);
		EXPECT_IS(commit, "N");
		disable(all[i]);
		EXPECT_PUT(commit, "Y", EINVAL);
		expect_stopped(all[i]);
	}
}

/* Nobody sits out what the kdamond sleeps for. */
static void test_commit_inactive(void)
{
	unsigned long start;

	reset_modules();
	EXPECT_PUT(RECLAIM "/wmarks_high", "0", 0);
	EXPECT_PUT(RECLAIM "/wmarks_mid", "0", 0);
	EXPECT_PUT(RECLAIM "/wmarks_low", "0", 0);
	EXPECT_PUT(RECLAIM "/wmarks_interval", "1000000000", 0);
	enable(RECLAIM, 0);
	sleep_ms(200);
	start = now_ms();
	for (int i = 0; i < 3; i++)
		EXPECT_PUT(RECLAIM "/commit_inputs", "Y", 0);
	change(RECLAIM, "wmarks_interval", "2000000000");
	disable(RECLAIM);
	EXPECT(now_ms() - start < LONG_MS);
	reset_modules();
}

/* Addresses of all memory: those of the last success, in its unit. */
static void test_range(void)
{
	unsigned long start, end;

	reset_modules();
	enable(RECLAIM, 0);
	start = get_ul(RECLAIM "/monitor_region_start");
	end = get_ul(RECLAIM "/monitor_region_end");
	EXPECT(start < end);
	change(RECLAIM, "addr_unit", "4096");
	EXPECT(get_ul(RECLAIM "/monitor_region_end") == end / 4096);
	EXPECT_PUT(RECLAIM "/aggr_interval", "0", 0);
	EXPECT_PUT(RECLAIM "/addr_unit", "1", 0);
	EXPECT_PUT(RECLAIM "/commit_inputs", "Y", EINVAL);
	EXPECT(get_ul(RECLAIM "/monitor_region_end") == end / 4096);
	EXPECT_PUT(RECLAIM "/aggr_interval", "100000", 0);
	EXPECT_PUT(RECLAIM "/commit_inputs", "Y", 0);
	EXPECT(get_ul(RECLAIM "/monitor_region_start") == start);
	EXPECT(get_ul(RECLAIM "/monitor_region_end") == end);
	disable(RECLAIM);
	EXPECT(get_ul(RECLAIM "/monitor_region_end") == end);

	/* What was asked for stays that. */
	EXPECT_PUT(RECLAIM "/monitor_region_start", "4097", 0);
	EXPECT_PUT(RECLAIM "/monitor_region_end", "9000", 0);
	enable(RECLAIM, 0);
	EXPECT_IS(RECLAIM "/monitor_region_start", "4097");
	EXPECT_IS(RECLAIM "/monitor_region_end", "9000");
	disable(RECLAIM);
	reset_modules();
}

static unsigned int seed = 1;

/* Nothing but what a switch says matters, whatever came before. */
static void test_any_order(void)
{
	static const char * const values[] = { "Y", "N" };
	bool on[ARRAY_SIZE(all)] = { false };

	reset_modules();
	for (int step = 0; step < 200; step++) {
		size_t i = rand_r(&seed) % ARRAY_SIZE(all);
		bool wanted = rand_r(&seed) % 2;

		if (rand_r(&seed) % 4 == 0 && i < 2) {
			EXPECT_PUT(path_of("%s/commit_inputs", all[i]), "Y",
				   on[i] ? 0 : EINVAL);
			continue;
		}
		EXPECT_PUT(path_of("%s/enabled", all[i]), values[!wanted], 0);
		on[i] = wanted;
		for (size_t j = 0; j < ARRAY_SIZE(all); j++)
			EXPECT_IS(path_of("%s/enabled", all[j]), values[!on[j]]);
	}
	reset_modules();
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "files", test_files },
		{ "values", test_text },
		{ "on and off", test_on_off },
		{ "beside others", test_beside_others },
		{ "one monitor for all", test_shared },
		{ "no monitor for all", test_not_shared },
		{ "refused starts", test_refused_start },
		{ "refused commits", test_refused_commit },
		{ "extreme values", test_extremes },
		{ "commits when off", test_commit_off },
		{ "commits when inactive", test_commit_inactive },
		{ "monitored range", test_range },
		{ "any order", test_any_order },
	};

	return run_module_cases(cases, ARRAY_SIZE(cases));
}
