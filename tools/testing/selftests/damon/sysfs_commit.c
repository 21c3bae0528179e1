// SPDX-License-Identifier: GPL-2.0
/*
 * Changing everything while it runs: what a commit changes, what it leaves alone,
 * and what users see and can do meanwhile.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sysfs_lib.h"

#define HOUR_US		"3600000000"

/* writers that are killed */

/* A process that waits for an hour, which is when the second scheme is due. */
static pid_t start_waiter(void)
{
	pid_t waiter = fork_child();

	if (!waiter) {
		while (put(K0 "/state", "update_schemes_tried_regions") == EBUSY)
			;
		_exit(0);
	}
	/* Asked with something short that does no harm if the waiter is late. */
	for (int ms = 0; ms < LONG_MS; ms += 10) {
		if (put(K0 "/state", "clear_schemes_tried_regions") == EBUSY)
			break;
		sleep_ms(10);
	}
	EXPECT_PUT(K0 "/state", "commit", EBUSY);
	EXPECT(!waitpid(waiter, NULL, WNOHANG));
	return waiter;
}

/* The context does not notice, and the next command has its turn. */
static void test_killed_writer(void)
{
	pid_t pid = start_victim(), waiter;
	uint64_t begin;
	int status = 0;

	start_watching(pid);
	EXPECT_PUT(C0 "/schemes/nr_schemes", "2", 0);
	EXPECT_PUT(S0 "/access_pattern/sz/max", MAX_UL, 0);
	EXPECT_PUT(S0 "/access_pattern/nr_accesses/max", MAX_UL, 0);
	EXPECT_PUT(S0 "/access_pattern/age/max", MAX_UL, 0);
	EXPECT_PUT(C0 "/schemes/1/apply_interval_us", HOUR_US, 0);
	EXPECT_PUT(K0 "/state", "commit", 0);

	for (int i = 0; i < 3; i++) {
		waiter = start_waiter();
		begin = now_ms();
		EXPECT(!kill(waiter, SIGKILL));
		EXPECT(waitpid(waiter, &status, 0) == waiter);
		EXPECT(now_ms() - begin < LONG_MS / 2);
		EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		EXPECT_IS(K0 "/state", "on");
		EXPECT(stats_grow());
		EXPECT_PUT(K0 "/state", "commit", 0);
	}

	/* What was given up is not missing when all are due again. */
	EXPECT_PUT(C0 "/schemes/1/apply_interval_us", "0", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	EXPECT(nr_dirs(S0 "/tried_regions") >= 3);
	stop_victim(pid);
}

/* One pass can be due still, and then none is for an hour. */
static void wait_for_last_pass(void)
{
	unsigned long before, now = -1UL;

	do {
		before = now;
		sleep_ms(500);
		EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
		now = get_ul(S0 "/stats/nr_snapshots");
	} while (now != before);
}

/* Reading is not for those alone who find nobody else there. */
static void test_reads_while_waiting(void)
{
	static const char *const files[] = {
		K0 "/state", K0 "/pid", K0 "/refresh_ms", "kdamonds/nr_kdamonds",
		K0 "/contexts/nr_contexts", C0 "/operations", C0 "/addr_unit",
		C0 "/targets/nr_targets", C0 "/targets/0/pid_target",
		C0 "/schemes/nr_schemes", S0 "/action", S0 "/stats/nr_tried",
		S0 "/quotas/effective_bytes", S0 "/tried_regions/total_bytes",
		S0 "/filters/0/memcg_path", S0 "/quotas/goals/0/path",
		ATTRS "/intervals/sample_us", ATTRS "/probes/0/filters/0/path",
	};
	pid_t pid = start_victim(), waiter;

	start_watching(pid);
	EXPECT_PUT(S0 "/apply_interval_us", HOUR_US, 0);
	EXPECT_PUT(S0 "/filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/quotas/goals/nr_goals", "1", 0);
	EXPECT_PUT(ATTRS "/probes/nr_probes", "1", 0);
	EXPECT_PUT(ATTRS "/probes/0/filters/nr_filters", "1", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	wait_for_last_pass();
	waiter = start_waiter();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (get(files[i])[0] == '<')
			fail("%s: %s", files[i], get(files[i]));
	/* Values, and even paths, can be staged. */
	EXPECT_PUT(S0 "/filters/0/memcg_path", "/some/where", 0);
	EXPECT_IS(S0 "/filters/0/memcg_path", "/some/where");
	EXPECT_PUT(S0 "/apply_interval_us", "0", 0);
	stop_victim(waiter);
	stop_victim(pid);
}

/* values that are read while they are written */

static pid_t start_writer(const char *path, const char *a, const char *b)
{
	pid_t writer = fork_child();

	if (writer)
		return writer;
	for (;;) {
		put(path, a);
		put(path, b);
	}
}

static void test_whole_values(void)
{
	static const struct {
		const char *path, *a, *b;
	} files[] = {
		{ S0 "/filters/0/memcg_path", "/a/short/one",
		  "/a/much/longer/path/that/takes/other/memory/than/the/short/one" },
		{ S0 "/quotas/goals/0/path", "/12345678", "/8765432" },
		{ ATTRS "/probes/0/filters/0/path", "/x", "/yyyyyyyyyyyyyyyyyyyyyyyy" },
		{ S0 "/access_pattern/sz/max", MAX_UL, "1" },
		{ C0 "/operations", "paddr", "vaddr" },
	};
	pid_t writers[ARRAY_SIZE(files)];
	unsigned int seen[2] = {};
	uint64_t end;

	stage("paddr");
	stage_stat_scheme();
	EXPECT_PUT(S0 "/filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/quotas/goals/nr_goals", "1", 0);
	EXPECT_PUT(ATTRS "/probes/nr_probes", "1", 0);
	EXPECT_PUT(ATTRS "/probes/0/filters/nr_filters", "1", 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_PUT(files[i].path, files[i].a, 0);
		writers[i] = start_writer(files[i].path, files[i].a, files[i].b);
	}
	end = now_ms() + 2000;
	for (size_t i = 0; now_ms() < end; i = (i + 1) % ARRAY_SIZE(files)) {
		const char *text = get(files[i].path);
		bool is_b = !strcmp(text, files[i].b);

		if (!is_b && strcmp(text, files[i].a))
			fail("%s is '%s'", files[i].path, text);
		seen[is_b]++;
	}
	EXPECT(seen[0] && seen[1]);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		stop_victim(writers[i]);
}

/* what stays */

static unsigned long highest_age(void)
{
	unsigned long highest = 0;
	unsigned int nr;

	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	nr = nr_dirs(S0 "/tried_regions");
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long age = get_ul(path_of(S0 "/tried_regions/%u/age", i));

		if (age > highest)
			highest = age;
	}
	return highest;
}

/* Waits until something has been the same for some time. */
static unsigned long grow_old(unsigned long age)
{
	unsigned long highest = 0;

	for (int ms = 0; ms < LONG_MS && highest < age; ms += 100) {
		sleep_ms(100);
		highest = highest_age();
	}
	EXPECT(highest >= age);
	return highest;
}

static void test_ages_stay(void)
{
	pid_t pid = start_victim();
	unsigned long age;

	start_watching(pid);
	age = grow_old(100);
	EXPECT_PUT(ATTRS "/nr_regions/max", "900", 0);
	EXPECT_PUT(S0 "/quotas/weights/age_permil", "7", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(highest_age() >= age);
	/* Twice the window is half the age. */
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "20000", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(highest_age() >= age / 2);
	stop_victim(pid);
}

/* A limit that a goal has led to is not lost with a change of something else. */
static void test_tuned_quota_stays(void)
{
	pid_t pid = start_victim();
	unsigned long tuned = 0;

	start_watching(pid);
	EXPECT_PUT(S0 "/quotas/reset_interval_ms", "20", 0);
	EXPECT_PUT(S0 "/quotas/goals/nr_goals", "1", 0);
	EXPECT_PUT(S0 "/quotas/goals/0/target_metric", "user_input", 0);
	EXPECT_PUT(S0 "/quotas/goals/0/target_value", "1000", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	for (int ms = 0; ms < LONG_MS && tuned < 100 * PAGE; ms += 20) {
		/* nothing of it is reached, once more */
		EXPECT_PUT(K0 "/state", "commit_schemes_quota_goals", 0);
		sleep_ms(20);
		EXPECT_PUT(K0 "/state", "update_schemes_effective_quotas", 0);
		tuned = get_ul(S0 "/quotas/effective_bytes");
	}
	EXPECT(tuned >= 100 * PAGE);
	/* It is reached: the limit stays where it is. */
	EXPECT_PUT(S0 "/quotas/goals/0/current_value", "1000", 0);
	EXPECT_PUT(K0 "/state", "commit_schemes_quota_goals", 0);
	sleep_ms(100);
	EXPECT_PUT(K0 "/state", "update_schemes_effective_quotas", 0);
	tuned = get_ul(S0 "/quotas/effective_bytes");

	EXPECT_PUT(S0 "/access_pattern/age/max", "1000000", 0);
	EXPECT_PUT(ATTRS "/nr_regions/max", "900", 0);
	for (int i = 0; i < 3; i++) {
		EXPECT_PUT(K0 "/state", "commit", 0);
		EXPECT_PUT(K0 "/state", "update_schemes_effective_quotas", 0);
		EXPECT(get_ul(S0 "/quotas/effective_bytes") == tuned);
		sleep_ms(50);
	}
	stop_victim(pid);
}

/* Who commits more often than a pass is due does not put it off. */
static void test_apply_deadline_stays(void)
{
	pid_t pid = start_victim();
	uint64_t begin;

	start_watching(pid);
	EXPECT_PUT(C0 "/schemes/nr_schemes", "0", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	stage_stat_scheme();
	EXPECT_PUT(S0 "/apply_interval_us", "1500000", 0);
	begin = now_ms();
	EXPECT_PUT(K0 "/state", "commit", 0);
	do {
		EXPECT_PUT(S0 "/quotas/weights/age_permil",
			   now_ms() % 2 ? "1" : "2", 0);
		EXPECT_PUT(K0 "/state", "commit", 0);
		EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
		sleep_ms(50);
	} while (now_ms() - begin < LONG_MS && !get_ul(S0 "/stats/nr_snapshots"));
	EXPECT(get_ul(S0 "/stats/nr_snapshots"));
	stop_victim(pid);
}

/* The process of the middle one of three is gone.  The others are what they were. */
static void test_middle_exits(void)
{
	unsigned long age;
	pid_t pids[3];

	stage("vaddr");
	stage_fast();
	stage_stat_scheme();
	EXPECT_PUT(C0 "/targets/nr_targets", "3", 0);
	for (int i = 0; i < 3; i++) {
		pids[i] = start_victim();
		stage_target(i, pids[i]);
	}
	EXPECT_PUT(K0 "/state", "on", 0);
	grow_old(60);
	stop_victim(pids[1]);
	EXPECT_PUT(C0 "/targets/1/obsolete_target", "Y", 0);
	/* Nobody is at this number, which does not matter. */
	age = highest_age();
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(highest_age() >= age);
	EXPECT(stats_grow());

	/* Afterwards there are two, also in what is staged. */
	EXPECT_PUT(C0 "/targets/nr_targets", "2", 0);
	stage_target(0, pids[0]);
	stage_target(1, pids[2]);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(highest_age() >= age);
	stop_victim(pids[0]);
	sleep_ms(100);
	EXPECT_IS(K0 "/state", "on");
	stop_victim(pids[2]);
	EXPECT(wait_until(K0 "/state", "off", LONG_MS));
}

/* what changes */

static unsigned long tried_bytes(void)
{
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	return get_ul(S0 "/tried_regions/total_bytes");
}

static void test_addr_unit(void)
{
	static const unsigned long bytes[] = { PAGE * 256, PAGE * 1024 };
	static const unsigned long pages[] = { 256, 1024 };

	start_watching_ram(bytes, 1);
	EXPECT(tried_bytes() == PAGE * 768);

	EXPECT_PUT(C0 "/addr_unit", "4096", 0);
	stage_regions(pages, 1);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(tried_bytes() == 768);
	/* A page is no power of two of these, so nothing changes. */
	EXPECT_PUT(C0 "/addr_unit", "3", 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(tried_bytes() == 768);
	EXPECT_PUT(C0 "/addr_unit", "0", EINVAL);
	EXPECT_PUT(C0 "/addr_unit", "1", 0);
	stage_regions(bytes, 1);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(tried_bytes() == PAGE * 768);
	EXPECT_IS(K0 "/state", "on");
}

static void test_operations(void)
{
	static const unsigned long some[] = { PAGE * 256, PAGE * 1024 };
	pid_t pid = start_victim();

	start_watching(pid);
	EXPECT(tried_bytes() > PAGE * 768);
	for (int i = 0; i < 3; i++) {
		EXPECT_PUT(C0 "/operations", "paddr", 0);
		stage_regions(some, 1);
		EXPECT_PUT(K0 "/state", "commit", 0);
		EXPECT(tried_bytes() == PAGE * 768);
		EXPECT(stats_grow());

		/* Ranges of the process, whatever is there. */
		EXPECT_PUT(C0 "/operations", "fvaddr", 0);
		EXPECT_PUT(K0 "/state", "commit", 0);
		EXPECT(tried_bytes() == PAGE * 768);

		/* And all that it has. */
		EXPECT_PUT(C0 "/operations", "vaddr", 0);
		EXPECT_PUT(C0 "/targets/0/regions/nr_regions", "0", 0);
		EXPECT_PUT(K0 "/state", "commit", 0);
		EXPECT(tried_bytes() > PAGE * 768);
		EXPECT(stats_grow());
	}
	stop_victim(pid);
	EXPECT(wait_until(K0 "/state", "off", LONG_MS));
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "a writer that is killed", test_killed_writer },
		{ "reading while a command waits", test_reads_while_waiting },
		{ "whole values while they change", test_whole_values },
		{ "ages stay", test_ages_stay },
		{ "a tuned quota stays", test_tuned_quota_stays },
		{ "the time of a pass stays", test_apply_deadline_stays },
		{ "exit of the middle one of three targets", test_middle_exits },
		{ "another address unit", test_addr_unit },
		{ "another operations set", test_operations },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
