// SPDX-License-Identifier: GPL-2.0
/*
 * What the sysfs tests share, see sysfs_lib.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sysfs_lib.h"

#define PATH_LEN	512
#define NR_PATHS	4
#define VICTIM_BYTES	(256 * 4096UL)

static bool failed;
static char skipped[256];	/* why, or empty */

void fail(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ksft_print_msg("%s\n", text);
	failed = true;
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(skipped, sizeof(skipped), fmt, args);
	va_end(args);
}

/* The case at hand has, so far. */
bool has_failed(void)
{
	return failed;
}

static void report_case(const char *name)
{
	if (*skipped && !failed)
		ksft_test_result_skip("%s: %s\n", name, skipped);
	else
		ksft_test_result(!failed, "%s\n", name);
}

pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* that came too late if the parent has gone already */
	if (getppid() != parent)
		_exit(1);
	return 0;
}

/* Of this process group. */
static bool no_child_left(void)
{
	pid_t pid;

	do
		pid = waitpid(0, NULL, WNOHANG);
	while (pid > 0);
	return pid < 0;
}

int run_cases(const struct test_case *cases, size_t nr)
{
	struct stat st;

	/* A process that outlives its parent is ours then. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ksft_print_header();
	if (geteuid())
		ksft_exit_skip("needs root\n");
	if (stat(ADMIN, &st))
		ksft_exit_skip("no " ADMIN "\n");
	ksft_set_plan(nr);
	for (size_t i = 0; i < nr; i++) {
		failed = false;
		*skipped = '\0';
		cases[i].run();
		clean_up();
		if (!WAIT(no_child_left()))
			fail("processes are left");
		report_case(cases[i].name);
	}
	ksft_finished();
}

/* One of a few buffers, used again soon. */
const char *path_of(const char *fmt, ...)
{
	static char paths[NR_PATHS][PATH_LEN];
	static unsigned int next;
	char *path = paths[next++ % NR_PATHS];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, PATH_LEN, fmt, args);
	va_end(args);
	return path;
}

static int open_file(const char *path, int flags)
{
	char full[PATH_LEN + sizeof(ADMIN)];

	snprintf(full, sizeof(full), ADMIN "/%s", path);
	return open(full, flags);
}

bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 &&
		    write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

bool read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[len < 0 ? 0 : len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return len >= 0;
}

unsigned long setting(const char *name, unsigned long normal)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : normal;
}

/* 0, or the error number. */
int put(const char *path, const char *text)
{
	int fd = open_file(path, O_WRONLY);
	int ret = 0;
	ssize_t len;

	if (fd < 0)
		return errno;
	len = write(fd, text, strlen(text));
	if (len < 0)
		ret = errno;
	else if ((size_t)len != strlen(text))
		ret = EIO;
	close(fd);
	return ret;
}

int put_ul(const char *path, unsigned long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", value);
	return put(path, text);
}

/* What is in a file, without the last newline, or the error that reading gives. */
const char *get(const char *path)
{
	static char text[4096];
	int fd = open_file(path, O_RDONLY);
	ssize_t len;

	if (fd < 0) {
		snprintf(text, sizeof(text), "<%s>", strerror(errno));
		return text;
	}
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0) {
		snprintf(text, sizeof(text), "<%s>", strerror(errno));
	} else {
		text[len] = '\0';
		if (len && text[len - 1] == '\n')
			text[len - 1] = '\0';
	}
	close(fd);
	return text;
}

unsigned long get_ul(const char *path)
{
	const char *text = get(path);
	unsigned long value;
	char *end;

	value = strtoul(text, &end, 10);
	if (end == text || *end)
		fail("%s is no number: '%s'", path, text);
	return value;
}

bool is(const char *path, const char *text)
{
	return !strcmp(get(path), text);
}

bool exists(const char *path)
{
	int fd = open_file(path, O_RDONLY | O_PATH);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static unsigned int count(const char *path, bool dirs_only)
{
	unsigned int nr = 0;
	int fd = open_file(path, O_RDONLY | O_DIRECTORY);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.' &&
			(!dirs_only || entry->d_type == DT_DIR);
	closedir(dir);
	return nr;
}

/* Files and directories in a directory. */
unsigned int nr_entries(const char *path)
{
	return count(path, false);
}

/* Directories in a directory. */
unsigned int nr_dirs(const char *path)
{
	return count(path, true);
}

void clean_up(void)
{
	unsigned long nr = get_ul("kdamonds/nr_kdamonds");

	for (unsigned long i = 0; i < nr; i++)
		put(path_of("kdamonds/%lu/state", i), "off");
	EXPECT_PUT("kdamonds/nr_kdamonds", "0", 0);
}

void stage(const char *operations)
{
	EXPECT_PUT("kdamonds/nr_kdamonds", "1", 0);
	EXPECT_PUT(K0 "/contexts/nr_contexts", "1", 0);
	EXPECT_PUT(C0 "/operations", operations, 0);
}

/* Results within milliseconds, on slow machines too. */
void stage_fast(void)
{
	EXPECT_PUT(ATTRS "/intervals/sample_us", "2000", 0);
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "10000", 0);
	EXPECT_PUT(ATTRS "/intervals/update_us", "100000", 0);
}

/* One scheme, for every region. */
void stage_stat_scheme(void)
{
	EXPECT_PUT(C0 "/schemes/nr_schemes", "1", 0);
	EXPECT_PUT(S0 "/access_pattern/sz/max", MAX_UL, 0);
	EXPECT_PUT(S0 "/access_pattern/nr_accesses/max", MAX_UL, 0);
	EXPECT_PUT(S0 "/access_pattern/age/max", MAX_UL, 0);
}

void stage_target(unsigned int index, pid_t pid)
{
	EXPECT(!put_ul(path_of(C0 "/targets/%u/pid_target", index), pid));
}

/* A kdamond that watches @pid, and a scheme that counts all it finds. */
void start_watching(pid_t pid)
{
	stage("vaddr");
	stage_fast();
	stage_stat_scheme();
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_target(0, pid);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_IS(K0 "/state", "on");
}

void stage_regions(const unsigned long *borders, unsigned int nr)
{
	EXPECT(!put_ul(C0 "/targets/0/regions/nr_regions", nr));
	for (unsigned int i = 0; i < nr; i++) {
		EXPECT(!put_ul(path_of(C0 "/targets/0/regions/%u/start", i),
			       borders[i * 2]));
		EXPECT(!put_ul(path_of(C0 "/targets/0/regions/%u/end", i),
			       borders[i * 2 + 1]));
	}
}

/* As start_watching(), of @nr ranges of physical memory. */
void start_watching_ram(const unsigned long *borders, unsigned int nr)
{
	stage("paddr");
	stage_fast();
	stage_stat_scheme();
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_regions(borders, nr);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_IS(K0 "/state", "on");
}

/* A process with some memory that it uses now and then, until it is stopped. */
pid_t start_victim(void)
{
	pid_t pid = fork_child();
	char *memory;

	if (pid)
		return pid;
	memory = mmap(NULL, VICTIM_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		_exit(1);
	for (;;) {
		for (size_t i = 0; i < VICTIM_BYTES; i += 4096)
			memory[i]++;
		sleep_ms(10);
	}
}

void stop_victim(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

bool wait_until(const char *path, const char *text, unsigned int ms)
{
	for (unsigned int waited = 0; waited <= ms; waited += 20) {
		if (is(path, text))
			return true;
		sleep_ms(20);
	}
	return false;
}

/* Whether the first kdamond goes on monitoring: its first scheme keeps trying. */
bool stats_grow(void)
{
	unsigned long before;

	if (put(K0 "/state", "update_schemes_stats"))
		return false;
	before = get_ul(S0 "/stats/nr_tried");
	for (unsigned int waited = 0; waited <= 10000; waited += 20) {
		if (put(K0 "/state", "update_schemes_stats"))
			return false;
		if (get_ul(S0 "/stats/nr_tried") > before)
			return true;
		sleep_ms(20);
	}
	return false;
}

/* False if some do not end, which shows when nothing goes on any more. */
bool await_end(const pid_t *tasks, unsigned int nr, const unsigned long *nr_done)
{
	unsigned int idle_ms = 0;
	unsigned long before = 0;

	for (unsigned int i = 0; i < nr; ) {
		unsigned long now = __atomic_load_n(nr_done, __ATOMIC_RELAXED);
		int status;

		if (waitpid(tasks[i], &status, WNOHANG) == tasks[i]) {
			if (status)
				fail("task %u ended with status %x", i, status);
			i++;
			idle_ms = 0;
			continue;
		}
		sleep_ms(20);
		idle_ms = now == before ? idle_ms + 20 : 0;
		before = now;
		if (idle_ms > 3 * LONG_MS)
			return false;
	}
	return true;
}

/* What is not to hang */

static unsigned int nr_left;	/* that did not come back */

/* In a process of its own, so that nobody else has to wait if it hangs. */
void expect_done(const char *what, bool (*act)(unsigned int n), unsigned int n)
{
	struct timespec begin, end;
	pid_t pid, got = 0;
	int status = 0;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	pid = fork_child();
	if (!pid)
		_exit(!act(n));
	for (unsigned int ms = 0; ms < LONG_MS && !got; ms += 10) {
		got = waitpid(pid, &status, WNOHANG);
		if (!got)
			sleep_ms(10);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (!got) {
		nr_left++;
		fail("%s %u: hangs", what, n);
	} else if (status) {
		fail("%s %u: failed", what, n);
	} else {
		ksft_print_msg("%s %u: %ld ms\n", what, n,
			       (end.tv_sec - begin.tv_sec) * 1000L +
			       (end.tv_nsec - begin.tv_nsec) / 1000000);
	}
}

/* When there is nothing any more that they could wait for. */
void await_left(void)
{
	for (; nr_left; nr_left--)
		wait(NULL);
}
