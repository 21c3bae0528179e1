// SPDX-License-Identifier: GPL-2.0
/*
 * Four tasks make and remove directories, four others give commands to the
 * kdamond whose directories these are.  Every write has to return, with a result
 * that is allowed.
 *
 * It ends after as many writes as the environment variable CYCLES says, or so
 * many RACE_SECONDS.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sysfs_lib.h"

#define NR_TASKS	8
#define MAX_ERROR	140

/* What the tasks share. */
static struct shared {
	unsigned long nr_issued;
	unsigned long nr_returned;
	unsigned long results[2][MAX_ERROR];	/* of counts and of commands */
} *shared;

static unsigned long wanted, seconds;

/* Who finds the lock taken lets others have it. */
static void issue(unsigned int kind, const char *path, const char *text)
{
	int error;

	__atomic_fetch_add(&shared->nr_issued, 1, __ATOMIC_RELAXED);
	error = put(path, text);
	if (error >= MAX_ERROR)
		error = MAX_ERROR - 1;
	__atomic_fetch_add(&shared->results[kind][error], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->nr_returned, 1, __ATOMIC_RELAXED);
	if (error == EBUSY)
		sleep_ms(1 + random() % 16);
}

static void change_counts(pid_t pid)
{
	static const char *const counts[] = {
		"kdamonds/nr_kdamonds", K0 "/contexts/nr_contexts",
		C0 "/targets/nr_targets", C0 "/targets/0/regions/nr_regions",
		C0 "/schemes/nr_schemes", S0 "/filters/nr_filters",
		S0 "/core_filters/nr_filters", S0 "/ops_filters/nr_filters",
		S0 "/quotas/goals/nr_goals", S0 "/dests/nr_dests",
		ATTRS "/probes/nr_probes", ATTRS "/probes/0/filters/nr_filters",
	};
	long dice = random() / 8;

	/* the ones at the top are rare, or nothing would be below them */
	if (dice % 16 == 0) {
		issue(0, counts[dice / 16 % 2], "1");
	} else {
		issue(0, counts[2 + dice / 16 % (ARRAY_SIZE(counts) - 2)],
		      dice % 3 ? "1" : "2");
	}
	if (dice % 4)
		return;
	/* now and then so that something can run */
	put(C0 "/operations", "vaddr");
	put_ul(C0 "/targets/0/pid_target", pid);
	put(S0 "/access_pattern/sz/max", MAX_UL);
	put(S0 "/access_pattern/nr_accesses/max", MAX_UL);
	put(S0 "/access_pattern/age/max", MAX_UL);
	put(ATTRS "/intervals/sample_us", "1000");
	put(ATTRS "/intervals/aggr_us", "2000");
	put(C0 "/targets/0/regions/nr_regions", "0");
}

static void command(void)
{
	static const char *const commands[] = {
		"on", "off", "commit", "commit_schemes_quota_goals",
		"update_schemes_stats", "update_schemes_tried_bytes",
		"update_schemes_tried_regions", "clear_schemes_tried_regions",
		"update_schemes_effective_quotas", "update_tuned_intervals",
		"on", "on",
	};

	issue(1, K0 "/state", commands[random() % ARRAY_SIZE(commands)]);
}

static void run_task(unsigned int index, pid_t pid)
{
	time_t end = time(NULL) + seconds;

	srandom(index + 1);
	while (__atomic_load_n(&shared->nr_returned, __ATOMIC_RELAXED) < wanted &&
	       time(NULL) < end) {
		if (index % 2)
			change_counts(pid);
		else
			command();
	}
}

static bool allowed(unsigned int kind, int error)
{
	switch (error) {
	case 0:
	case EBUSY:
	case ENOENT:	/* the directory has gone */
	case ENODEV:	/* ... while the file was open */
		return true;
	case EINVAL:	/* no context, no process, nothing started yet */
	case ECANCELED:
		return kind == 1;
	default:
		return false;
	}
}

static void judge(void)
{
	static const char *const kinds[] = { "counts", "commands" };

	for (unsigned int kind = 0; kind < 2; kind++) {
		for (int error = 0; error < MAX_ERROR; error++) {
			unsigned long nr = shared->results[kind][error];

			if (!nr)
				continue;
			ksft_print_msg("%s: %lu times %s\n", kinds[kind], nr,
				       error ? strerror(error) : "done");
			if (!allowed(kind, error))
				fail("%s is not allowed", strerror(error));
		}
		EXPECT(shared->results[kind][0]);
		EXPECT(shared->results[kind][EBUSY]);
	}
	EXPECT(shared->results[1][ECANCELED]);
}

static void test_counts_and_commands(void)
{
	time_t begin = time(NULL);
	pid_t tasks[NR_TASKS], pid = start_victim();

	start_watching(pid);
	for (unsigned int i = 0; i < NR_TASKS; i++) {
		tasks[i] = fork_child();
		if (!tasks[i]) {
			run_task(i, pid);
			_exit(0);
		}
	}
	if (!await_end(tasks, NR_TASKS, &shared->nr_returned)) {
		fail("writes do not return: %lu of %lu",
		     shared->nr_issued - shared->nr_returned,
		     shared->nr_issued);
		return;
	}
	ksft_print_msg("%lu writes in %ld s\n", shared->nr_returned,
		       (long)(time(NULL) - begin));
	EXPECT(shared->nr_issued == shared->nr_returned);
	judge();

	clean_up();
	start_watching(pid);
	EXPECT(stats_grow());
	stop_victim(pid);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "counts against commands", test_counts_and_commands },
	};

	wanted = setting("CYCLES", 2000);
	seconds = setting("RACE_SECONDS", 60);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		ksft_exit_fail_perror("mmap");
	return run_cases(cases, ARRAY_SIZE(cases));
}
