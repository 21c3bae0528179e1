// SPDX-License-Identifier: GPL-2.0
/*
 * Directories that change while kdamonds run, and several users at once.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sysfs_lib.h"

static void test_directories_go(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	EXPECT(stats_grow());
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	EXPECT_PUT(K0 "/refresh_ms", "1", 0);

	EXPECT_PUT(C0 "/schemes/nr_schemes", "0", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	EXPECT_PUT(K0 "/state", "clear_schemes_tried_regions", 0);

	/* A new directory is not the running scheme's. */
	EXPECT_PUT(C0 "/schemes/nr_schemes", "2", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	sleep_ms(50);
	EXPECT_IS(S0 "/stats/nr_tried", "0");
	EXPECT(!nr_dirs(S0 "/tried_regions"));

	EXPECT_PUT(C0 "/targets/nr_targets", "0", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	EXPECT_PUT(K0 "/contexts/nr_contexts", "0", 0);
	sleep_ms(50);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", EINVAL);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", EINVAL);
	EXPECT_PUT(K0 "/state", "update_tuned_intervals", EINVAL);
	EXPECT_PUT(K0 "/state", "clear_schemes_tried_regions", EINVAL);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_IS(K0 "/state", "on");

	/* Staged anew, and committed. */
	EXPECT_PUT(K0 "/contexts/nr_contexts", "1", 0);
	stage_fast();
	stage_stat_scheme();
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_target(0, pid);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());

	EXPECT_PUT(K0 "/contexts/nr_contexts", "0", 0);
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT_IS(K0 "/state", "off");
	stop_victim(pid);
}

/*
 * A command that waits for a scheme that is never applied.  Meanwhile reading
 * works, directories stay, and "off" ends it.
 */
static void test_off_cancels(void)
{
	pid_t pid = start_victim();
	pid_t waiter;
	int status = 0;

	stage("vaddr");
	stage_fast();
	stage_stat_scheme();
	EXPECT_PUT(S0 "/apply_interval_us", "3600000000", 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_target(0, pid);
	EXPECT_PUT(K0 "/state", "on", 0);

	waiter = fork_child();
	if (!waiter) {
		int error;

		do
			error = put(K0 "/state", "update_schemes_tried_regions");
		while (error == EBUSY);
		_exit(error);
	}
	/* Asked with something short that does no harm if the waiter is late. */
	for (int ms = 0; ms < LONG_MS; ms += 10) {
		if (put(K0 "/state", "clear_schemes_tried_regions") == EBUSY)
			break;
		sleep_ms(10);
	}
	EXPECT_PUT(C0 "/schemes/nr_schemes", "1", EBUSY);
	EXPECT_PUT(K0 "/contexts/nr_contexts", "1", EBUSY);
	EXPECT_PUT(K0 "/state", "commit", EBUSY);
	EXPECT_PUT("kdamonds/nr_kdamonds", "0", EBUSY);
	EXPECT_IS(K0 "/state", "on");
	EXPECT(get_ul(K0 "/pid") > 0);
	EXPECT_PUT(ATTRS "/intervals/sample_us", "3000", 0);
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT(waitpid(waiter, &status, 0) == waiter);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == ECANCELED);
	EXPECT_IS(K0 "/state", "off");
	stop_victim(pid);
}

/* All of them succeed, and all of them end. */
static void test_offs(void)
{
	pid_t pids[4];
	int status;

	stage("paddr");
	for (int round = 0; round < 10; round++) {
		EXPECT_PUT(K0 "/state", "on", 0);
		for (int i = 0; i < 4; i++) {
			pids[i] = fork_child();
			if (!pids[i])
				_exit(put(K0 "/state", "off"));
		}
		for (int i = 0; i < 4; i++) {
			EXPECT(waitpid(pids[i], &status, 0) == pids[i]);
			EXPECT(WIFEXITED(status) && !WEXITSTATUS(status));
		}
		EXPECT_IS(K0 "/state", "off");
	}
}

/* Random commands and numbers from several processes at once. */

static void meddle(unsigned int seed, pid_t pid)
{
	static const char *const commands[] = {
		"on", "off", "commit", "update_schemes_stats",
		"update_schemes_tried_regions", "clear_schemes_tried_regions",
		"update_tuned_intervals", "on", "commit", "on",
	};
	static const char *const counts[] = {
		"kdamonds/nr_kdamonds", K0 "/contexts/nr_contexts",
		C0 "/targets/nr_targets", C0 "/schemes/nr_schemes",
		C0 "/targets/0/regions/nr_regions",
	};
	time_t end = time(NULL) + 4;

	srandom(seed);
	while (time(NULL) < end) {
		long dice = random();

		switch (dice % 8) {
		case 0:
			put(counts[dice / 8 % 5], dice / 64 % 4 ? "1" : "2");
			break;
		case 1:
			put_ul(C0 "/targets/0/pid_target", pid);
			break;
		case 2:
			put(C0 "/operations", dice / 8 % 2 ? "vaddr" : "paddr");
			break;
		case 3:
			get(K0 "/pid");
			put(S0 "/access_pattern/sz/max", MAX_UL);
			break;
		case 4:
			get(K0 "/state");
			put(K0 "/refresh_ms", "1");
			break;
		default:
			put(K0 "/state", commands[dice / 8 % 10]);
		}
	}
}

static void test_meddling(void)
{
	pid_t pid = start_victim();
	pid_t meddlers[4];

	for (int i = 0; i < 4; i++) {
		meddlers[i] = fork_child();
		if (!meddlers[i]) {
			meddle(i + 1, pid);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		waitpid(meddlers[i], NULL, 0);
	clean_up();
	start_watching(pid);
	EXPECT(stats_grow());
	stop_victim(pid);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "directories that go while it runs", test_directories_go },
		{ "off while a command waits", test_off_cancels },
		{ "several offs at once", test_offs },
		{ "everything at once", test_meddling },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
