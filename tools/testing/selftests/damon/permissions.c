// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what: all files belong to root, and nobody else reads or changes them, not even
 * who is root in a user namespace.  What they, the log and the trace events show has no
 * addresses of the kernel in it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damos_lib.h"

#define NOBODY		65534
#define MAX_FILES	1024

/* Where files are.  Those of tracing are the business of others, but for who reads them. */
static const struct place {
	const char *dir;
	bool ours;
} places[] = {
	{ "/sys/kernel/mm/damon", true },
	{ "/sys/module/damon_reclaim/parameters", true },
	{ "/sys/module/damon_lru_sort/parameters", true },
	{ "/sys/module/damon_stat/parameters", true },
	{ "/sys/module/damon_sample_mtier/parameters", true },
	{ "/sys/module/damon_sample_prcl/parameters", true },
	{ "/sys/module/damon_sample_wsse/parameters", true },
	{ "/sys/kernel/debug/damon", true },
	{ EVENTS, false },
};

static char *files[MAX_FILES];
static size_t nr_files;
static bool are_ours;

static void check_mode(const char *path, const struct stat *st, int type)
{
	mode_t mode = st->st_mode & 07777;

	if (st->st_uid || st->st_gid)
		fail("%s does not belong to root", path);
	if (type == FTW_D ? mode != 0755 : mode != 0600 && mode != 0400)
		fail("%s: mode %o", path, mode);
}

static int collect_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (are_ours)
		check_mode(path, st, type);
	if (type == FTW_D)
		return 0;
	if (nr_files < MAX_FILES)
		files[nr_files++] = strdup(path);
	else
		fail("more than %d files", MAX_FILES);
	return 0;
}

/* Of a kdamond that runs, with a scheme and what it has found. */
static pid_t collect_files(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	EXPECT(WAIT(stat_of("nr_snapshots") > 1));
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	EXPECT(nr_dirs(S0 "/tried_regions"));

	while (nr_files)
		free(files[--nr_files]);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t before = nr_files;

		if (access(places[i].dir, F_OK)) {
			ksft_print_msg("there is no %s\n", places[i].dir);
			continue;
		}
		are_ours = places[i].ours;
		EXPECT(!nftw(places[i].dir, collect_file, 16, FTW_PHYS));
		if (nr_files == before)
			fail("no files in %s", places[i].dir);
	}
	return pid;
}

static void test_modes(void)
{
	stop_victim(collect_files());
}

/* other users */

static void drop_privileges(void)
{
	EXPECT(!setgroups(0, NULL));
	EXPECT(!setresgid(NOBODY, NOBODY, NOBODY));
	EXPECT(!setresuid(NOBODY, NOBODY, NOBODY));
}

/* To be root is allowed to anybody, there. */
static void enter_namespace(void)
{
	EXPECT(!prctl(PR_SET_DUMPABLE, 1));
	EXPECT(!unshare(CLONE_NEWUSER));
	EXPECT(write_file("/proc/self/setgroups", "deny"));
	EXPECT(write_file("/proc/self/uid_map", "0 65534 1"));
	EXPECT(write_file("/proc/self/gid_map", "0 65534 1"));
	EXPECT(!geteuid() && !getegid());
	/* with all that goes with it */
	EXPECT(!unshare(CLONE_NEWNS));
	EXPECT(!mount("none", "/tmp", "tmpfs", 0, NULL));
}

static void expect_refused(const char *path, const char *what, bool done)
{
	if (done)
		fail("%s: may %s", path, what);
	else if (errno != EACCES && errno != EPERM)
		fail("%s: %s: %s", path, what, strerror(errno));
}

static void expect_closed(const char *path)
{
	expect_refused(path, "read", open(path, O_RDONLY) >= 0);
	expect_refused(path, "write", open(path, O_WRONLY) >= 0);
	expect_refused(path, "read and write", open(path, O_RDWR) >= 0);
	expect_refused(path, "truncate", !truncate(path, 0));
	expect_refused(path, "chmod", !chmod(path, 0666));
	expect_refused(path, "chown", !chown(path, geteuid(), getegid()));
}

/* All that the child says is told of by its status as well. */
static void try_as(void (*become)(void))
{
	pid_t victim = collect_files(), pid;
	int status = 0;

	fflush(stdout);
	pid = fork_child();
	if (!pid) {
		drop_privileges();
		if (become)
			become();
		/* what is for everybody */
		EXPECT(!access("/proc/self/status", R_OK));
		EXPECT(!access("/sys/kernel/mm", R_OK | X_OK));
		for (size_t i = 0; i < nr_files; i++)
			expect_closed(files[i]);
		fflush(stdout);
		_exit(has_failed());
	}
	EXPECT(waitpid(pid, &status, 0) == pid && !status);
	/* whoever is root has seen them all the time */
	for (size_t i = 0; i < nr_files; i++)
		EXPECT(!access(files[i], F_OK));
	EXPECT(stats_grow());
	stop_victim(victim);
}

static void test_other_user(void)
{
	try_as(NULL);
}

static void test_namespace(void)
{
	if (access("/proc/self/ns/user", F_OK)) {
		skip("no user namespaces (CONFIG_USER_NS)");
		return;
	}
	try_as(enter_namespace);
}

/* addresses */

/* Where the kernel is on all 64-bit machines, but for errors and "no limit". */
static bool is_address(unsigned long long number)
{
	return number >= 0xffff000000000000ULL && number < -4096ULL;
}

/* Decimal, or hexadecimal with or without a prefix. */
static bool has_address(const char *text)
{
	while (*text) {
		size_t digits, len;

		if (!isxdigit((unsigned char)*text)) {
			text++;
			continue;
		}
		if (!strncmp(text, "0x", 2))
			text += 2;
		digits = strspn(text, "0123456789");
		len = strspn(text, "0123456789abcdefABCDEF");
		if ((len == 16 && is_address(strtoull(text, NULL, 16))) ||
		    (digits == len && is_address(strtoull(text, NULL, 10))))
			return true;
		text += len;
	}
	return false;
}

/* Returns how many lines with a word there are in a file, none of which shows an address. */
static unsigned int expect_no_address(const char *path, const char *word)
{
	FILE *f = fopen(path, "r");
	char line[1024];
	unsigned int nr = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, word))
			continue;
		nr++;
		if (has_address(line))
			fail("%s shows an address: %s", path, line);
	}
	fclose(f);
	return nr;
}

static void test_scanner(void)
{
	EXPECT(has_address("at ffff888012345678"));
	EXPECT(has_address("target_id=18446612682375321208 nr_regions=3"));
	EXPECT(has_address("0xFFFFFFFF81000000:"));
	EXPECT(has_address("(ffffc90000013e58)"));
	EXPECT(!has_address("18446744073709551615 18446744073709551614-0"));
	EXPECT(!has_address("140737488351232-140737488355327: 3 12345"));
	EXPECT(!has_address("ffff 0xffff888 deadbeef00000000"));
}

/* Each record has a line of its own, and lines about it. */
static void expect_log_clean(int fd)
{
	unsigned int nr = 0;
	char record[2048];
	ssize_t len;

	while ((len = read(fd, record, sizeof(record) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		record[len] = '\0';
		if (!strstr(record, "damon"))
			continue;
		nr++;
		if (has_address(record))
			fail("the log shows an address: %s", record);
	}
	EXPECT(nr);
}

/* Says in the log what is wrong. */
static void be_refused(pid_t pid)
{
	EXPECT_PUT(ATTRS "/nr_regions/max", "1", 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT_PUT(ATTRS "/nr_regions/max", "1000", 0);
	EXPECT(!put_ul(C0 "/targets/0/pid_target", 4194304 + pid));
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	stage_target(0, pid);
	EXPECT_PUT(K0 "/state", "commit", 0);
}

static void test_files_and_log(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	unsigned int nr = 0;
	pid_t pid;

	EXPECT(log >= 0 && lseek(log, 0, SEEK_END) >= 0);
	pid = collect_files();
	for (size_t i = 0; i < nr_files; i++)
		if (strncmp(files[i], TRACING, strlen(TRACING)))
			nr += expect_no_address(files[i], "");
	EXPECT(nr > 100);
	be_refused(pid);
	expect_log_clean(log);
	close(log);
	stop_victim(pid);
}

/* Neither what they record nor how they print it is one. */
static void expect_no_pointers(const char *event)
{
	FILE *f = fopen(path_of(EVENTS "/%s/format", event), "r");
	unsigned int nr_fields = 0;
	char line[4096];

	EXPECT(f);
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "\tfield:", 7)) {
			nr_fields++;
			if (strchr(line, '*'))
				fail("%s: %s", event, line);
		} else if (strstr(line, "%p") || strstr(line, "%lx") || strstr(line, "%llx")) {
			fail("%s: %s", event, line);
		}
	}
	EXPECT(nr_fields > 4);	/* those that all events have */
	if (f)
		fclose(f);
}

static void test_trace_events(void)
{
	static const char * const events[] = {
		"damon_aggregated", "damos_before_apply", "damos_stat_after_apply_interval",
	};
	unsigned int nr = 0;
	pid_t pid;

	if (!need_tracing())
		return;
	if (!borrow(EVENTS "/enable", "1")) {
		skip("trace events cannot be switched on");
		return;
	}
	empty_trace();
	pid = collect_files();
	EXPECT(write_file(EVENTS "/enable", "0"));
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		EXPECT(expect_no_address(TRACING "/trace", events[i]));
	for (size_t i = 0; i < nr_files; i++) {
		const char *end = strstr(files[i], "/format");
		const char *name = files[i] + strlen(EVENTS "/");

		if (!end || strncmp(files[i], EVENTS, strlen(EVENTS)))
			continue;
		nr++;
		expect_no_pointers(path_of("%.*s", (int)(end - name), name));
	}
	EXPECT(nr >= ARRAY_SIZE(events));
	stop_victim(pid);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "modes and owners", test_modes },
		{ "another user", test_other_user },
		{ "root of a user namespace", test_namespace },
		{ "what an address is", test_scanner },
		{ "no address in files and in the log", test_files_and_log },
		{ "no address in trace events", test_trace_events },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
