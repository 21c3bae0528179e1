// SPDX-License-Identifier: GPL-2.0
/*
 * What running kdamonds show in debugfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damos_lib.h"

#define DIR		"/sys/kernel/debug/damon"
#define SIZE		(4 * MIB)

/* What a file says. */
static struct shown {
	unsigned long intervals[3];
	unsigned long nr_regions[2];
	unsigned long windows;
	unsigned long samples[2];
	unsigned long interval_ns, cpu_ns, windows_ns, schemes_ns, updates_ns;
	unsigned int nr_targets, nr_schemes, nr_goals;
	unsigned long target_pid, target_regions, regions;
	unsigned long start, end, covered;	/* of all regions */
	unsigned long max_nr, max_worth;
	char limit[16];
	unsigned long quota;
	unsigned long goal_target, goal_current;
	unsigned long tried, applied;
	unsigned int nr_left;
	unsigned long absent, filtered, young, no_room, unevictable, failed;
} shown;

static char file[64];

static const char *shown_file(void)
{
	snprintf(file, sizeof(file), DIR "/%s", get(K0 "/pid"));
	return file;
}

static void parse_region(const char *line)
{
	unsigned long start, end, nr, age, worth;
	unsigned int target;

	if (sscanf(line, "region %u %lu %lu %lu %lu %lu", &target, &start, &end, &nr, &age,
		   &worth) != 6) {
		fail("not a region: %s", line);
		return;
	}
	EXPECT(start < end);
	EXPECT(target < shown.nr_targets);
	if (shown.regions++)
		EXPECT(start >= shown.end);
	else
		shown.start = start;
	shown.end = end;
	shown.covered += end - start;
	if (nr > shown.max_nr)
		shown.max_nr = nr;
	if (worth > shown.max_worth)
		shown.max_worth = worth;
}

/* Returns whether it is a line about what a scheme has done and left. */
static bool parse_done(const char *line)
{
	const struct {
		const char *why;
		unsigned long *bytes;
	} reasons[] = {
		{ "absent", &shown.absent }, { "filtered", &shown.filtered },
		{ "young", &shown.young }, { "no_room", &shown.no_room },
		{ "unevictable", &shown.unevictable }, { "failed", &shown.failed },
	};
	unsigned long bytes;
	unsigned int idx, i;
	char why[16];

	if (sscanf(line, "done %u tried %lu applied %lu", &idx, &shown.tried,
		   &shown.applied) == 3)
		return true;
	if (sscanf(line, "left %u %15s %lu", &idx, why, &bytes) != 3)
		return false;
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (strcmp(why, reasons[i].why))
			continue;
		*reasons[i].bytes = bytes;
		shown.nr_left++;
		return true;
	}
	return false;
}

static void parse(const char *line)
{
	unsigned long ignored;
	unsigned int idx;

	if (!strncmp(line, "region ", 7))
		parse_region(line);
	else if (sscanf(line, "target %u pid %lu regions %lu flushes %lu", &idx,
			&shown.target_pid, &shown.target_regions, &ignored) == 4)
		EXPECT(idx == shown.nr_targets++);
	else if (sscanf(line, "scheme %u limit %15s quota %lu charged %lu score %lu", &idx,
			shown.limit, &shown.quota, &ignored, &ignored) == 5)
		EXPECT(idx == shown.nr_schemes++);
	else if (sscanf(line, "goal %u metric %lu target %lu current %lu", &idx, &ignored,
			&shown.goal_target, &shown.goal_current) == 4)
		shown.nr_goals++;
	else if (parse_done(line))
		return;
	else if (sscanf(line, "intervals_us %lu %lu %lu", &shown.intervals[0],
			&shown.intervals[1], &shown.intervals[2]) != 3 &&
		 sscanf(line, "nr_regions %lu %lu", &shown.nr_regions[0],
			&shown.nr_regions[1]) != 2 &&
		 sscanf(line, "windows %lu", &shown.windows) != 1 &&
		 sscanf(line, "samples %lu %lu", &shown.samples[0], &shown.samples[1]) != 2 &&
		 sscanf(line, "interval_cpu_ns %lu", &shown.interval_ns) != 1 &&
		 sscanf(line, "cpu_ns %lu windows %lu schemes %lu updates %lu", &shown.cpu_ns,
			&shown.windows_ns, &shown.schemes_ns, &shown.updates_ns) != 4)
		fail("unexpected: %s", line);
}

/* Returns whether there was a file.  A kdamond that answers has made it. */
static bool look(void)
{
	char line[256];
	FILE *f;

	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	f = fopen(shown_file(), "r");
	memset(&shown, 0, sizeof(shown));
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		parse(line);
	EXPECT(!ferror(f));
	fclose(f);
	return true;
}

/* Until there have been windows, or have been more of them. */
static bool look_after(unsigned long windows)
{
	for (int i = 0; i < LONG_MS / 10; i++) {
		if (!look())
			return false;
		if (shown.windows > windows)
			return true;
		sleep_ms(10);
	}
	return false;
}

static void test_contents(void)
{
	pid_t pid = start_victim();
	struct stat st;

	start_watching(pid);
	EXPECT(look_after(2));
	EXPECT(!stat(shown_file(), &st));
	EXPECT((st.st_mode & 07777) == 0400 && !st.st_uid);
	EXPECT(shown.intervals[0] == 2000 && shown.intervals[1] == 10000 &&
	       shown.intervals[2] == 100000);
	EXPECT(shown.nr_regions[0] == 10 && shown.nr_regions[1] == 1000);
	EXPECT(shown.samples[0] && shown.samples[1] == 5);
	EXPECT(shown.interval_ns && shown.interval_ns < shown.cpu_ns);
	EXPECT(shown.windows_ns && shown.schemes_ns);
	EXPECT(shown.windows_ns + shown.schemes_ns + shown.updates_ns < shown.cpu_ns);
	EXPECT(shown.nr_targets == 1 && shown.target_pid == (unsigned long)pid);
	EXPECT(shown.regions && shown.regions == shown.target_regions);
	EXPECT(shown.max_nr <= 5);
	EXPECT(shown.nr_schemes == 1 && !strcmp(shown.limit, "none"));
	stop_victim(pid);
}

/* What was opened is a copy; what is off is not shown. */
static void test_off(void)
{
	pid_t pid = start_victim();
	unsigned long size = 0;
	char buf[512];
	ssize_t got;
	int fd;

	start_watching(pid);
	EXPECT(look_after(0));
	fd = open(shown_file(), O_RDONLY);
	EXPECT(fd >= 0);
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT(access(file, F_OK) && errno == ENOENT);
	while ((got = read(fd, buf, sizeof(buf))) > 0)
		size += got;
	/* debugfs lets nobody read what has been removed */
	EXPECT(size > 0 || (got < 0 && errno == EIO));
	close(fd);
	EXPECT(!access(DIR, F_OK));
	stop_victim(pid);
}

static void test_no_schemes(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	EXPECT_PUT(C0 "/schemes/nr_schemes", "0", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(look());
	EXPECT(look_after(shown.windows + 1));
	EXPECT(!shown.nr_schemes && shown.regions);
	stop_victim(pid);
}

/* Longer than any page, and nothing is lost. */
static void test_many_regions(void)
{
	const unsigned long borders[] = { 0, 100000UL * 1024 * 1024 };
	pid_t pid = start_victim();

	stage("fvaddr");
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_target(0, pid);
	stage_regions(borders, 1);
	EXPECT_PUT(ATTRS "/intervals/sample_us", "100000", 0);
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "1000000", 0);
	EXPECT_PUT(ATTRS "/nr_regions/max", "100000", 0);
	EXPECT_PUT(ATTRS "/nr_regions/min", "100000", 0);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT(look());
	EXPECT(shown.regions == 100000 && shown.target_regions == 100000);
	EXPECT(!shown.start && shown.end == borders[1] && shown.covered == borders[1]);
	stop_victim(pid);
}

static void expect_limit(const char *limit, unsigned long quota)
{
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(look());
	EXPECT(look_after(shown.windows + 2));
	if (strcmp(shown.limit, limit))
		fail("limited by %s, not by %s", shown.limit, limit);
	if (quota)
		EXPECT(shown.quota == quota);
}

static void test_limits(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	EXPECT_PUT(S0 "/quotas/reset_interval_ms", "1", 0);
	EXPECT_PUT(S0 "/quotas/bytes", "8192", 0);
	expect_limit("size", 8192);

	/* far from its aim, it is not to do anything */
	EXPECT_PUT(S0 "/quotas/goals/nr_goals", "1", 0);
	EXPECT_PUT(S0 "/quotas/goals/0/target_metric", "user_input", 0);
	EXPECT_PUT(S0 "/quotas/goals/0/target_value", "10", 0);
	EXPECT_PUT(S0 "/quotas/goals/0/current_value", "1000", 0);
	EXPECT_PUT(S0 "/quotas/bytes", MAX_UL, 0);
	expect_limit("goals", 0);
	EXPECT(shown.nr_goals == 1 && shown.goal_target == 10 && shown.goal_current == 1000);

	EXPECT_PUT(S0 "/quotas/goals/nr_goals", "0", 0);
	EXPECT_PUT(S0 "/quotas/bytes", "0", 0);
	EXPECT_PUT(S0 "/quotas/ms", "1", 0);
	expect_limit("time", 0);
	EXPECT(!shown.nr_goals);
	stop_victim(pid);
}

/* So many passes of the scheme, whose file is looked at before it is gone. */
static void look_after_passes(unsigned int nr)
{
	unsigned long sum;

	EXPECT(!put_ul(STATS "/max_nr_snapshots", nr));
	turn_on();
	EXPECT(WAIT(stat_of("nr_snapshots") == nr));
	EXPECT(look());
	EXPECT(shown.nr_left == 6);
	EXPECT(shown.tried == nr * SIZE);
	sum = shown.absent + shown.filtered + shown.young + shown.no_room +
		shown.unevictable + shown.failed;
	EXPECT(shown.tried == shown.applied + sum);
	turn_off();
}

static void stage_filter(const char *type)
{
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/ops_filters/0/type", type, 0);
	EXPECT_PUT(S0 "/ops_filters/0/matching", "Y", 0);
	EXPECT_PUT(S0 "/ops_filters/0/allow", "N", 0);
}

/* The second quarter is a hole. */
static void test_left_virtual(void)
{
	unsigned long rest = SIZE / 4 * 3;
	char *memory = map_pages(SIZE);

	munmap(memory + SIZE / 4, SIZE / 4);
	stage_scheme("fvaddr", "pageout");
	stage_memory(memory, SIZE);
	stage_filter("anon");
	look_after_passes(1);
	EXPECT(shown.absent == SIZE / 4 && shown.filtered == rest);

	/* but for what has been sampled, all of it has just been written to */
	forget_translations(memory, SIZE / 4);
	touch(memory, SIZE / 4);
	forget_translations(memory + SIZE / 2, SIZE / 2);
	touch(memory + SIZE / 2, SIZE / 2);
	stage_filter("young");
	look_after_passes(1);
	EXPECT(shown.absent == SIZE / 4);
	EXPECT(shown.young > rest / 2 && shown.young <= rest);

	/* advice that is refused */
	EXPECT(!mlock(memory, SIZE / 4));
	EXPECT(!mlock(memory + SIZE / 2, SIZE / 2));
	EXPECT_PUT(S0 "/action", "cold", 0);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "0", 0);
	look_after_passes(1);
	EXPECT(shown.failed == SIZE);
	munmap(memory, SIZE);
}

static void test_left_no_room(void)
{
	char *memory;

	if (have_swap()) {
		skip("there is swap");
		return;
	}
	memory = map_pages(SIZE);
	stage_scheme("fvaddr", "pageout");
	stage_memory(memory, SIZE);
	look_after_passes(1);
	EXPECT(shown.no_room == SIZE);
	munmap(memory, SIZE);
}

/* The first pass makes it old. */
static void test_left_physical(void)
{
	char *memory;

	if (!need_page_flags())
		return;
	memory = map_pages(SIZE);
	EXPECT(!mlock(memory, SIZE));
	drain_lru();
	stage_scheme("paddr", "pageout");
	stage_physical(memory, SIZE);
	look_after_passes(2);
	EXPECT(shown.young + shown.unevictable == 2 * SIZE);
	EXPECT(shown.young > SIZE / 2 && shown.unevictable >= SIZE);

	stage_filter("anon");
	look_after_passes(1);
	EXPECT(shown.filtered == SIZE);
	munmap(memory, SIZE);
}

/* Somebody reads all the time, and leaves when it is over. */
static void test_open_and_off(void)
{
	pid_t pid = start_victim(), reader;
	int status;

	start_watching(pid);
	for (int i = 0; i < 20; i++) {
		shown_file();
		reader = fork_child();
		if (!reader) {
			char buf[4096];
			int fd;

			while ((fd = open(file, O_RDONLY)) >= 0) {
				while (read(fd, buf, sizeof(buf)) > 0)
					;
				close(fd);
			}
			_exit(errno != ENOENT && errno != ECANCELED);
		}
		sleep_ms(random() % 20);
		EXPECT_PUT(K0 "/state", "off", 0);
		EXPECT(waitpid(reader, &status, 0) == reader && !status);
		EXPECT_PUT(K0 "/state", "on", 0);
	}
	stop_victim(pid);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "contents", test_contents },
		{ "off", test_off },
		{ "no_schemes", test_no_schemes },
		{ "many_regions", test_many_regions },
		{ "limits", test_limits },
		{ "left, virtual", test_left_virtual },
		{ "left, no_room", test_left_no_room },
		{ "left, physical", test_left_physical },
		{ "open_and_off", test_open_and_off },
	};

	if (access(DIR, F_OK))
		ksft_exit_skip("no " DIR "\n");
	return run_cases(cases, ARRAY_SIZE(cases));
}
