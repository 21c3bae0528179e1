// SPDX-License-Identifier: GPL-2.0
/*
 * Random input: any value for any file, any command at any time, from several tasks,
 * while processes, control groups and memory come and go.  Now and then somebody
 * stages all that a kdamond needs, so that some run.  Every write has to return, with
 * a result that is allowed, and in the end everything has to work as before.
 *
 * The environment says what is done: CYCLES operations, or RACE_SECONDS at most, of
 * TASKS tasks.  SEED makes them other ones.  One task does the same every time, which
 * VERBOSE shows.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "damos_lib.h"
#include "faults_lib.h"
#include "fuzz_lib.h"

#define MAX_TASKS	64
#define NR_HELD		4
#define ONE_TASKS_MAX	4000
#define ENOUGH		5000	/* writes, of which some start something */
#define FAULTS		"/sys/kernel/debug/"
#define BLOCKS		"/sys/devices/system/memory/memory*"
#define LRU_GEN		"/sys/kernel/mm/lru_gen/enabled"

static unsigned long seed, cycles, seconds;
static unsigned int nr_tasks;

/* processes */

static pid_t own_victims[NR_VICTIMS];

static void *map_at(unsigned long addr, int flags)
{
	return mmap((void *)addr, VICTIM_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* Uses its memory, and changes it, for a while. */
__noreturn static void be_victim(void)
{
	char *memory = map_at(VICTIM_ADDR, MAP_FIXED);
	unsigned int rounds = one_in(4) ? draw(100) : UINT_MAX;

	signal(SIGCHLD, SIG_IGN);
	if (one_in(2))
		madvise(memory, VICTIM_SIZE, MADV_HUGEPAGE);
	while (rounds--) {
		for (size_t i = 0; i < VICTIM_SIZE; i += PAGE)
			memory[i]++;
		switch (draw(16)) {
		case 0:
			mprotect(memory + draw(512) * PAGE, PAGE,
				 PROT_READ | PROT_WRITE | PROT_EXEC);
			break;
		case 1:
			munmap(memory, VICTIM_SIZE);
			memory = map_at(VICTIM_ADDR, MAP_FIXED);
			break;
		case 2:
			map_at(VICTIM_ADDR + (1 + draw(8)) * VICTIM_SIZE,
			       MAP_FIXED);
			break;
		case 3:
			if (!fork_child())
				_exit(0);
			break;
		}
		sleep_ms(draw(30));
	}
	_exit(0);
}

/* Only tasks' own ones are killed: the number of another may be somebody else's. */
static void change_victim(unsigned int task)
{
	unsigned int slot = (task + draw(2) * MAX_TASKS) % NR_VICTIMS;
	bool again = !one_in(4);
	pid_t pid;

	if (own_victims[slot] > 0) {
		kill(own_victims[slot], SIGKILL);
		waitpid(own_victims[slot], NULL, 0);
		own_victims[slot] = 0;
	}
	if (!again)
		return;
	pid = fork_child();
	if (!pid)
		be_victim();
	if (pid > 0) {
		own_victims[slot] = pid;
		results->victims[slot] = pid;
	}
}

/* control groups and memory */

static void change_cgroup(void)
{
	char name[32], text[24];
	const char *dir;

	snprintf(name, sizeof(name), CGROUP "%u", draw(NR_CGROUPS));
	dir = cgroup_file(name, "");
	switch (draw(4)) {
	case 0:
		rmdir(dir);
		break;
	case 1:
		snprintf(text, sizeof(text), "%d",
			 results->victims[draw(NR_VICTIMS)]);
		if (strcmp(text, "0"))
			write_file(cgroup_file(one_in(2) ? name : "",
					       "cgroup.procs"), text);
		break;
	default:
		mkdir(dir, 0755);
	}
}

/* Whoever has been moved there, this process among them. */
static void empty_cgroup(const char *name)
{
	FILE *file = fopen(cgroup_file(name, "cgroup.procs"), "r");
	char pid[24];

	while (file && fgets(pid, sizeof(pid), file))
		write_file(cgroup_file("", "cgroup.procs"), pid);
	if (file)
		fclose(file);
}

static void remove_cgroups(void)
{
	char name[32];

	for (unsigned int i = 0; i < NR_CGROUPS; i++) {
		snprintf(name, sizeof(name), CGROUP "%u", i);
		empty_cgroup(name);
		if (!WAIT(!rmdir(cgroup_file(name, "")) || errno == ENOENT))
			fail("%s: %s", name, strerror(errno));
	}
}

static glob_t blocks;

/* Only memory that is there to be taken away. */
static bool can_go(const char *block)
{
	char zones[64] = "";
	int fd = open(path_of("%s/valid_zones", block), O_RDONLY);

	if (fd < 0 || read(fd, zones, sizeof(zones) - 1) < 0)
		*zones = '\0';
	if (fd >= 0)
		close(fd);
	return strstr(zones, "Movable");
}

static void change_memory(void)
{
	const char *block;

	if (!blocks.gl_pathc)
		return;
	block = blocks.gl_pathv[draw(blocks.gl_pathc)];
	if (!can_go(block))
		return;
	write_file(path_of("%s/state", block),
		   one_in(2) ? "offline" : "online_movable");
}

/* Generations or classic lists. */
static void change_lru(void)
{
	write_file(LRU_GEN, one_in(2) ? "0" : "7");
}

static void restore_memory(void)
{
	for (size_t i = 0; i < blocks.gl_pathc; i++)
		write_file(path_of("%s/state", blocks.gl_pathv[i]),
			   "online_movable");
}

/* files */

static void change_file(void)
{
	const struct kind *kind = &kinds[draw(nr_kinds)];
	static char value[VALUE_SIZE];
	char path[PATH_SIZE];

	draw_path(kind, path);
	/* the ones at the top are rare, or nothing would be below them */
	if (kind->content == COUNT && strlen(path) < 60 && !one_in(8))
		return;
	issue(path, value, draw_value(kind, value), -1);
}

static void read_any(void)
{
	char path[PATH_SIZE];

	draw_path(&kinds[draw(nr_kinds)], path);
	look(path, -1);
}

static void command(void)
{
	static char value[VALUE_SIZE];

	for (unsigned int i = 0; i < nr_kinds; i++) {
		char path[PATH_SIZE];

		if (kinds[i].content != COMMAND)
			continue;
		draw_path(&kinds[i], path);
		issue(path, value, draw_value(&kinds[i], value), -1);
	}
}

/* Files that stay open while their directories go. */
static void use_held_file(void)
{
	static struct held {
		int fd;
		const struct kind *kind;
		char path[PATH_SIZE];
	} files[NR_HELD];
	static char value[VALUE_SIZE];
	struct held *held = &files[draw(NR_HELD)];
	bool anew = one_in(4), again = one_in(2);
	size_t size;

	if (anew || !held->kind) {
		if (held->kind && held->fd >= 0)
			close(held->fd);
		held->kind = &kinds[draw(nr_kinds)];
		draw_path(held->kind, held->path);
		held->fd = open(held->path, O_RDWR);
		return;
	}
	size = draw_value(held->kind, value);
	if (again)
		look(held->path, held->fd);
	else
		issue(held->path, value, size, held->fd);
}

static void list_directory(void)
{
	char path[PATH_SIZE];
	DIR *dir;

	draw_path(&kinds[draw(nr_kinds)], path);
	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	while (dir && readdir(dir))
		;
	if (dir)
		closedir(dir);
}

/* The kdamond itself is short of memory. */
static void starve_kdamond(void)
{
	int pid;

	if (knob < 0)
		return;
	pid = atoi(get(path_of("kdamonds/%u/pid", draw(2))));
	if (pid > 0)
		write_file(path_of("/proc/%d/make-it-fail", pid),
			   one_in(3) ? "0" : "1");
}

/* tasks */

static void operate(unsigned int task)
{
	unsigned int dice = draw(100);

	if (dice < 40)
		change_file();
	else if (dice < 52)
		read_any();
	else if (dice < 67)
		command();
	else if (dice < 72)
		build_and_start();
	else if (dice < 74)
		start_module();
	else if (dice < 76)
		switch_modules_off();
	else if (dice < 83)
		change_victim(task);
	else if (dice < 87)
		change_cgroup();
	else if (dice < 88)
		one_in(2) ? change_memory() : change_lru();
	else if (dice < 96)
		use_held_file();
	else if (dice < 98)
		list_directory();
	else
		starve_kdamond();
}

__noreturn static void run_task(unsigned int task)
{
	time_t end = time(NULL) + seconds;

	for (unsigned long i = task; i < cycles; i += nr_tasks) {
		if (seconds && time(NULL) >= end)
			break;
		begin_operation(seed, task, i);
		if (i < nr_tasks)
			build_and_start();
		else
			operate(task);
	}
	for (unsigned int i = 0; i < NR_VICTIMS; i++) {
		if (own_victims[i] <= 0)
			continue;
		kill(own_victims[i], SIGKILL);
		waitpid(own_victims[i], NULL, 0);
	}
	_exit(0);
}

static bool allowed(int error)
{
	switch (error) {
	case 0:
	case EBUSY:
	case ECANCELED:
	case EINTR:	/* killed */
	case EINVAL:
	case ENODEV:	/* the directory has gone while the file was open */
	case ENOENT:
	case ENOMEM:	/* far too many directories, or failures */
	case ERANGE:
	case EACCES:	/* not to be written */
		return true;
	default:
		return false;
	}
}

static void judge(void)
{
	unsigned int nr_pairs = 0;

	for (unsigned int i = 0; i < nr_kinds; i++) {
		for (int error = 0; error < MAX_ERROR; error++) {
			unsigned int nr = results->errors[i][error];

			nr_pairs += nr > 0;
			if (nr && verbose)
				ksft_print_msg("%s: %u times %s\n",
					       kinds[i].path, nr,
					       error ? strerror(error) : "done");
			if (nr && !allowed(error))
				fail("%s: %s is not allowed", kinds[i].path,
				     strerror(error));
		}
	}
	ksft_print_msg("seed %lu, %u tasks, %u kinds of files: %lu reads and writes\n",
		       seed, nr_tasks, nr_kinds, results->nr_returned);
	ksft_print_msg("%u different pairs of kind and error\n", nr_pairs);
	ksft_print_msg("%lu starts, %lu times no memory, longest %lu ms: %s, digest %llx\n",
		       results->nr_starts, results->nr_refused,
		       results->longest_ms, results->longest,
		       (unsigned long long)results->digest);
	if (results->nr_returned >= ENOUGH)
		EXPECT(results->nr_starts);
}

static unsigned int nr_kdamond_threads(void)
{
	unsigned int nr = 0;
	glob_t found = {};

	glob("/proc/[0-9]*/comm", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char name[16] = "";
		int fd = open(found.gl_pathv[i], O_RDONLY);

		if (fd < 0)
			continue;
		if (read(fd, name, sizeof(name) - 1) > 0)
			nr += !strncmp(name, "kdamond.", 8);
		close(fd);
	}
	globfree(&found);
	return nr;
}

/* Everything can be switched off, and works when it is on. */
static void check_end(void)
{
	pid_t pid;

	restore_modules();
	clean_up();
	EXPECT(!nr_dirs("kdamonds"));
	EXPECT(WAIT(!nr_kdamond_threads()));
	remove_cgroups();
	restore_memory();
	write_file(LRU_GEN, seed % 2 ? "0x0000" : "0x0007");
	pid = start_victim();
	start_watching(pid);
	EXPECT(stats_grow());
	clean_up();
	stop_victim(pid);
}

static void prepare(void)
{
	memset(results, 0, sizeof(*results));
	find_kinds();
	EXPECT_PUT("kdamonds/nr_kdamonds", "2", 0);
	mkdir(cgroup_file(CGROUP "0", ""), 0755);
	for (unsigned int i = 0; i < NR_VICTIMS; i++)
		results->victims[i] = getpid();
	if (!blocks.gl_pathc)
		glob(BLOCKS, 0, NULL, &blocks);
	borrow("/sys/kernel/tracing/events/damon/enable", "1");
	borrow(LRU_GEN, seed % 2 ? "0x0000" : "0x0007");
	borrow("/sys/kernel/mm/transparent_hugepage/enabled", "always");
}

static void fuzz(unsigned int tasks, bool failing)
{
	pid_t pids[MAX_TASKS];

	nr_tasks = tasks;
	prepare();
	for (unsigned int i = 0; i < nr_tasks; i++) {
		pids[i] = fork_child();
		if (!pids[i]) {
			if (failing)
				open_knob();
			run_task(i);
		}
	}
	if (!await_end(pids, nr_tasks, &results->nr_returned)) {
		fail("writes do not return: %lu of %lu",
		     results->nr_issued - results->nr_returned,
		     results->nr_issued);
		return;
	}
	EXPECT(results->nr_issued == results->nr_returned);
	judge();
	check_end();
}

static void test_one_task(void)
{
	unsigned long all = cycles, limit = seconds;
	uint64_t digest;

	if (!need_cgroup(CGROUP) || !need_swap())
		return;
	/* every operation is the same each time, whatever became of others */
	cycles = all < 4 * ONE_TASKS_MAX ? all / 4 : ONE_TASKS_MAX;
	seconds = 0;
	fuzz(1, false);
	digest = results->digest;
	fuzz(1, false);
	EXPECT(results->digest == digest);
	cycles = all;
	seconds = limit;
}

static void test_tasks(void)
{
	if (need_cgroup(CGROUP) && need_swap())
		fuzz(setting("TASKS", 8), false);
}

static void set_faults(const char *probability)
{
	static const char *const kinds_of_faults[] = {
		"failslab", "fail_page_alloc",
	};
	static const char *const settings[][2] = {
		{ "task-filter", "Y" }, { "times", "-1" }, { "space", "0" },
		{ "verbose", "0" }, { "ignore-gfp-wait", "N" },
		{ "min-order", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds_of_faults); i++) {
		const char *name = kinds_of_faults[i];

		for (size_t j = 0; j < ARRAY_SIZE(settings); j++)
			write_file(path_of(FAULTS "%s/%s", name, settings[j][0]),
				   settings[j][1]);
		write_file(path_of(FAULTS "%s/probability", name), probability);
	}
}

static void test_failures(void)
{
	if (!need_cgroup(CGROUP) || !need_swap() || !need_failslab())
		return;
	set_faults("2");
	fuzz(setting("TASKS", 8), true);
	set_faults("0");
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "one task", test_one_task },
		{ "several tasks", test_tasks },
		{ "several tasks short of memory", test_failures },
	};

	seed = setting("SEED", 1);
	cycles = setting("CYCLES", 120);
	seconds = setting("RACE_SECONDS", 0);
	verbose = getenv("VERBOSE");
	share_results();
	return run_cases(cases, ARRAY_SIZE(cases));
}
