// SPDX-License-Identifier: GPL-2.0
/*
 * Running kdamonds through the sysfs interface: commands and results.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sysfs_lib.h"

/* Start and stop */

static void test_on_off(void)
{
	char comm[32] = "";
	char path[64];
	FILE *file;

	stage("paddr");
	for (int i = 0; i < 3; i++) {
		EXPECT_PUT(K0 "/state", "on\n", 0);
		EXPECT_IS(K0 "/state", "on");
		snprintf(path, sizeof(path), "/proc/%lu/comm",
			 get_ul(K0 "/pid"));
		file = fopen(path, "r");
		EXPECT(file);
		if (file) {
			EXPECT(fgets(comm, sizeof(comm), file));
			fclose(file);
		}
		EXPECT(!strncmp(comm, "kdamond.", 8));
		EXPECT_PUT(K0 "/state", "on", EBUSY);
		EXPECT_PUT("kdamonds/nr_kdamonds", "1", EBUSY);
		EXPECT_PUT("kdamonds/nr_kdamonds", "0", EBUSY);
		EXPECT_IS("kdamonds/nr_kdamonds", "1");
		EXPECT_PUT(K0 "/state", "off", 0);
		EXPECT_IS(K0 "/state", "off");
		EXPECT_IS(K0 "/pid", "-1");
		EXPECT_PUT(K0 "/state", "off", 0);
	}
}

static void test_stopped(void)
{
	stage("paddr");
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT_PUT(K0 "/state", "commit", ECANCELED);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", ECANCELED);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", ECANCELED);
	EXPECT_PUT(K0 "/state", "update_tuned_intervals", ECANCELED);
	EXPECT_PUT(K0 "/state", "clear_schemes_tried_regions", 0);
}

static void test_unknown_commands(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	EXPECT_PUT(K0 "/state", "foo", EINVAL);
	EXPECT_PUT(K0 "/state", "commi", EINVAL);
	EXPECT_PUT(K0 "/state", "\n", EINVAL);
	EXPECT(stats_grow());
	stop_victim(pid);
}

static void test_several(void)
{
	pid_t pid = start_victim();

	EXPECT_PUT("kdamonds/nr_kdamonds", "3", 0);
	for (int i = 0; i < 3; i++) {
		EXPECT_PUT(path_of("kdamonds/%d/contexts/nr_contexts", i), "1", 0);
		EXPECT_PUT(path_of("kdamonds/%d/contexts/0/operations", i),
			   i ? "vaddr" : "paddr", 0);
		EXPECT_PUT(path_of("kdamonds/%d/contexts/0/targets/nr_targets", i),
			   "1", 0);
		EXPECT(!put_ul(path_of("kdamonds/%d/contexts/0/targets/0/pid_target",
				       i), pid));
		EXPECT_PUT(path_of("kdamonds/%d/state", i), "on", 0);
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_IS(path_of("kdamonds/%d/state", i), "on");
		EXPECT_PUT("kdamonds/nr_kdamonds", "3", EBUSY);
		EXPECT_PUT(path_of("kdamonds/%d/state", i), "off", 0);
		EXPECT_IS(path_of("kdamonds/%d/state", i), "off");
	}
	EXPECT_PUT("kdamonds/nr_kdamonds", "1", 0);
	stop_victim(pid);
}

/* The target goes, so does the kdamond; all that is left to do still works. */
static void test_target_exits(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	EXPECT(stats_grow());
	stop_victim(pid);
	EXPECT(wait_until(K0 "/state", "off", LONG_MS));
	EXPECT_IS(K0 "/pid", "-1");
	EXPECT_PUT(K0 "/state", "commit", ECANCELED);
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	pid = start_victim();
	stage_target(0, pid);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT(stats_grow());
	stop_victim(pid);
}

static void test_final_stats(void)
{
	pid_t pid = start_victim();
	unsigned long seen;

	start_watching(pid);
	EXPECT(stats_grow());
	seen = get_ul(S0 "/stats/nr_tried");
	sleep_ms(200);
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT(get_ul(S0 "/stats/nr_tried") > seen);
	stop_victim(pid);
}

/* Commit */

static void test_commit(void)
{
	pid_t pid = start_victim();
	unsigned long tried;

	start_watching(pid);
	EXPECT(stats_grow());
	tried = get_ul(S0 "/stats/nr_tried");

	/* Counters go on. */
	EXPECT_PUT(ATTRS "/intervals/sample_us", "3000", 0);
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "12000", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	EXPECT(get_ul(S0 "/stats/nr_tried") >= tried);
	EXPECT(stats_grow());

	/* What is staged is not what runs. */
	EXPECT_PUT(ATTRS "/intervals/sample_us", "4000", 0);
	EXPECT_PUT(K0 "/state", "update_tuned_intervals", 0);
	EXPECT_IS(ATTRS "/intervals/sample_us", "3000");
	EXPECT_IS(ATTRS "/intervals/aggr_us", "12000");

	/* No scheme, and one again. */
	EXPECT_PUT(C0 "/schemes/nr_schemes", "0", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", ECANCELED);
	stage_stat_scheme();
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
	stop_victim(pid);
}

static void test_pause(void)
{
	pid_t pid = start_victim();
	unsigned long tried;

	start_watching(pid);
	EXPECT(stats_grow());
	EXPECT_PUT(C0 "/pause", "Y", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT_IS(K0 "/state", "on");
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	tried = get_ul(S0 "/stats/nr_tried");
	sleep_ms(300);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	EXPECT(get_ul(S0 "/stats/nr_tried") == tried);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", ECANCELED);
	EXPECT_PUT(C0 "/pause", "N", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());

	/* Born paused. */
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT_PUT(C0 "/pause", "Y", 0);
	EXPECT_PUT(K0 "/state", "on", 0);
	sleep_ms(200);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	EXPECT(!get_ul(S0 "/stats/nr_tried"));
	stop_victim(pid);
}

static void test_empty_paddr(void)
{
	stage("paddr");
	stage_fast();
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	EXPECT_PUT(K0 "/state", "update_tuned_intervals", 0);
	EXPECT_IS(K0 "/state", "on");
}

/*
 * The one in the middle of three targets goes.  Afterwards the kdamond ends with
 * the two others, although the process of the middle one lives.
 */
static void test_obsolete(void)
{
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
	EXPECT_PUT(C0 "/targets/1/obsolete_target", "1", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
	stop_victim(pids[0]);
	sleep_ms(100);
	EXPECT_IS(K0 "/state", "on");
	stop_victim(pids[2]);
	EXPECT(wait_until(K0 "/state", "off", LONG_MS));
	stop_victim(pids[1]);
}

/* What it is for: the process has exited, and even been reaped. */
static void test_obsolete_dead(void)
{
	pid_t dying = start_victim();
	pid_t pid = start_victim();

	stage("vaddr");
	stage_fast();
	stage_stat_scheme();
	EXPECT_PUT(C0 "/targets/nr_targets", "2", 0);
	stage_target(0, dying);
	stage_target(1, pid);
	EXPECT_PUT(C0 "/targets/0/obsolete_target", "1", 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_PUT(C0 "/targets/0/obsolete_target", "0", 0);
	EXPECT_PUT(K0 "/state", "on", 0);
	stop_victim(dying);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(stats_grow());
	EXPECT_PUT(C0 "/targets/0/obsolete_target", "1", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());

	/* Only one target runs now: there is no second one to remove. */
	EXPECT_PUT(C0 "/targets/0/obsolete_target", "0", 0);
	stage_target(0, pid);
	EXPECT_PUT(C0 "/targets/1/obsolete_target", "1", 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(stats_grow());
	stop_victim(pid);
}

/* Results */

/* Regions are numbered without gaps, and in order. */
static unsigned int check_tried_regions(unsigned long *nr_bytes)
{
	unsigned int nr = nr_dirs(S0 "/tried_regions");
	unsigned long last = 0;

	*nr_bytes = 0;
	for (unsigned int i = 0; i < nr; i++) {
		const char *dir = path_of(S0 "/tried_regions/%u", i);
		unsigned long start = get_ul(path_of("%s/start", dir));
		unsigned long end = get_ul(path_of("%s/end", dir));

		if (start >= end || start < last)
			fail("region %u: %lu-%lu after %lu", i, start, end, last);
		last = end;
		*nr_bytes += end - start;
		dir = path_of(S0 "/tried_regions/%u", i);
		get_ul(path_of("%s/nr_accesses", dir));
		get_ul(path_of("%s/age", dir));
		get_ul(path_of("%s/sz_filter_passed", dir));
	}
	return nr;
}

static void test_tried_regions(void)
{
	static const unsigned long some[] = {
		PAGE * 16, PAGE * 1024, PAGE * 2048, PAGE * 4096,
	};
	unsigned long nr_bytes;

	start_watching_ram(some, 2);
	for (int i = 0; i < 5; i++) {
		EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
		EXPECT(check_tried_regions(&nr_bytes) >= 10);
		EXPECT(nr_bytes == PAGE * (1024 - 16 + 2048));
	}
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT(check_tried_regions(&nr_bytes) >= 10);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", ECANCELED);
	EXPECT(nr_dirs(S0 "/tried_regions") >= 10);
	EXPECT_PUT(K0 "/state", "clear_schemes_tried_regions", 0);
	EXPECT(!nr_dirs(S0 "/tried_regions"));
}

/* Each scheme shows its own regions: those with the right sizes. */
static void test_tried_regions_of_schemes(void)
{
	static const unsigned long some[] = { PAGE * 16, PAGE * 1024 };
	unsigned long nr_bytes;

	stage("paddr");
	stage_fast();
	EXPECT_PUT(C0 "/schemes/nr_schemes", "3", 0);
	for (int i = 0; i < 3; i++) {
		const char *dir = path_of(C0 "/schemes/%d/access_pattern", i);

		EXPECT_PUT(path_of("%s/nr_accesses/max", dir), MAX_UL, 0);
		EXPECT_PUT(path_of("%s/age/max", dir), MAX_UL, 0);
	}
	EXPECT_PUT(C0 "/schemes/0/access_pattern/sz/max", MAX_UL, 0);
	EXPECT_PUT(C0 "/schemes/2/access_pattern/sz/max", MAX_UL, 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_regions(some, 1);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	check_tried_regions(&nr_bytes);
	EXPECT(nr_bytes == PAGE * (1024 - 16));
	EXPECT(!nr_dirs(C0 "/schemes/1/tried_regions"));
	EXPECT(nr_dirs(C0 "/schemes/2/tried_regions") >= 10);
}

/* The value of a file below a directory, or minus the error. */
static long read_in(int dir, const char *name)
{
	char text[32] = "";
	long value = -1;
	int fd = openat(dir, name, O_RDONLY);

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) > 0)
		value = strtol(text, NULL, 0);
	else
		value = -errno;
	close(fd);
	return value;
}

/* Reads one of the regions in another task, and says whether that was possible. */
static bool another_reads(int region)
{
	pid_t pid = fork_child();
	int status;

	if (!pid)
		_exit(read_in(region, "start") < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/*
 * Who reads one snapshot while somebody else asks for the next one gets errors, and no
 * bit of each.  Who holds region 0 knows when that has happened.
 */
static void test_tried_regions_two_tools(void)
{
	static const unsigned long some[] = { PAGE * 16, PAGE * 1024 };
	char text[32];
	int region, file;

	start_watching_ram(some, 1);
	for (int i = 0; i < 5; i++) {
		EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
		region = open(ADMIN "/" S0 "/tried_regions/0", O_RDONLY | O_DIRECTORY);
		file = openat(region, "end", O_RDONLY);
		EXPECT(another_reads(region));
		EXPECT(read_in(region, "start") == 16 * PAGE);
		EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
		EXPECT(read_in(region, "end") == -ENOENT);
		EXPECT(read(file, text, sizeof(text)) < 0 && errno == ENODEV);
		close(file);
		close(region);
	}
}

static void test_refresh(void)
{
	pid_t pid = start_victim();
	unsigned long seen;

	start_watching(pid);
	EXPECT_PUT(ATTRS "/intervals/sample_us", "7000", 0);
	EXPECT_PUT(K0 "/refresh_ms", "50", 0);
	for (int i = 0; i < 3; i++) {
		seen = get_ul(S0 "/stats/nr_tried");
		for (int ms = 0; ms < LONG_MS; ms += 20) {
			if (get_ul(S0 "/stats/nr_tried") > seen)
				break;
			sleep_ms(20);
		}
		EXPECT(get_ul(S0 "/stats/nr_tried") > seen);
	}

	/* What is staged is not overwritten, but for a command that does just that. */
	EXPECT_IS(ATTRS "/intervals/sample_us", "7000");
	EXPECT_PUT(K0 "/state", "update_tuned_intervals", 0);
	EXPECT_IS(ATTRS "/intervals/sample_us", "2000");

	/* Off, after what is on its way. */
	EXPECT_PUT(K0 "/refresh_ms", "0", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	seen = get_ul(S0 "/stats/nr_tried");
	sleep_ms(300);
	EXPECT(get_ul(S0 "/stats/nr_tried") == seen);
	stop_victim(pid);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "on and off", test_on_off },
		{ "commands to a stopped kdamond", test_stopped },
		{ "unknown commands", test_unknown_commands },
		{ "several kdamonds", test_several },
		{ "exit of the target", test_target_exits },
		{ "statistics after the end", test_final_stats },
		{ "commit", test_commit },
		{ "pause", test_pause },
		{ "no targets and no schemes", test_empty_paddr },
		{ "obsolete target", test_obsolete },
		{ "obsolete target whose process is gone", test_obsolete_dead },
		{ "tried regions", test_tried_regions },
		{ "tried regions of several schemes",
		  test_tried_regions_of_schemes },
		{ "tried regions that two tools read", test_tried_regions_two_tools },
		{ "refreshing", test_refresh },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
