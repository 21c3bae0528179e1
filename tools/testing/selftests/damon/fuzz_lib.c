// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are found, values for them, and what came of it, see fuzz_lib.h.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

#include "fuzz_lib.h"

struct kind kinds[MAX_KINDS];
unsigned int nr_kinds;
struct results *results;
int knob = -1;
bool verbose;

/* Tried on each file that says a word.  At most 64. */
static const char *const words[] = {
	"vaddr", "fvaddr", "paddr",
	"willneed", "cold", "pageout", "hugepage", "nohugepage", "collapse",
	"lru_prio", "lru_deprio", "migrate_hot", "migrate_cold", "stat",
	"none", "free_mem_rate", "consist", "temporal",
	"user_input", "some_mem_psi_us", "node_mem_used_bp",
	"node_mem_free_bp", "node_memcg_used_bp", "node_memcg_free_bp",
	"active_mem_bp", "inactive_mem_bp", "node_eligible_mem_bp",
	"anon", "active", "memcg", "young", "hugepage_size", "unmapped",
	"addr", "target",
};

static const char *const commands[] = {
	"on", "on", "on", "off", "commit", "commit", "commit",
	"commit_schemes_quota_goals", "update_schemes_stats",
	"update_schemes_tried_bytes", "update_schemes_tried_regions",
	"update_schemes_tried_regions", "clear_schemes_tried_regions",
	"update_schemes_effective_quotas", "update_tuned_intervals",
};

/* random numbers */

static uint64_t random_state;

uint64_t draw64(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

unsigned int draw(unsigned int below)
{
	return draw64() % below;
}

bool one_in(unsigned int nr)
{
	return !draw(nr);
}

/* What an operation draws does not depend on what became of those before. */
void begin_operation(unsigned long seed, unsigned int task, unsigned long nr)
{
	random_state = seed;
	random_state = draw64() + task;
	random_state = draw64() + nr;
	draw64();
}

/* files */

/* The path with "#" for each number, without which the kind has no name. */
static void name_kind(const char *path, char *kind)
{
	while (*path) {
		const char *end = path + 1;

		while (*end && *end != '/')
			end++;
		if (path[0] == '/' && isdigit(path[1])) {
			*kind++ = '/';
			*kind++ = '#';
		} else {
			memcpy(kind, path, end - path);
			kind += end - path;
		}
		path = end;
	}
	*kind = '\0';
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct kind *)a)->path,
		      ((const struct kind *)b)->path);
}

static struct kind *find_kind(const char *path)
{
	static struct kind key;

	name_kind(path, key.path);
	return bsearch(&key, kinds, nr_kinds, sizeof(*kinds), by_path);
}

bool is_module(const struct kind *kind)
{
	return !strncmp(kind->path, MODULES, strlen(MODULES));
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static void classify(struct kind *kind, const char *path, mode_t mode)
{
	const char *text = kind->original;
	char *end;

	read_file(path, kind->original, sizeof(kind->original));
	strtoul(text, &end, 10);
	if (!(mode & 0200))
		kind->content = OUTPUT;
	else if (!strcmp(base_name(path), "state"))
		kind->content = COMMAND;
	else if (!*text)
		kind->content = TEXT;
	else if (!*end)
		kind->content = strncmp(base_name(path), "nr_", 3) ?
			NUMBER : COUNT;
	else if (!strcmp(text, "Y") || !strcmp(text, "N"))
		kind->content = YES_NO;
	else
		kind->content = WORD;
	for (size_t i = 0; kind->content == WORD && i < ARRAY_SIZE(words); i++)
		if (write_file(path, words[i]))
			kind->words |= 1ULL << i;
}

static int note_file(const char *path, const struct stat *st, int flag,
		     struct FTW *ftw)
{
	struct kind *kind = &kinds[nr_kinds];

	(void)ftw;
	if (flag != FTW_F || nr_kinds == MAX_KINDS)
		return nr_kinds == MAX_KINDS;
	name_kind(path, kind->path);
	for (unsigned int i = 0; i < nr_kinds; i++)
		if (!strcmp(kinds[i].path, kind->path))
			return 0;
	classify(kind, path, st->st_mode);
	nr_kinds++;
	return 0;
}

static bool grown;

/* Where numbered directories are yet to be made. */
static int fill_set(const char *path, const struct stat *st, int flag,
		    struct FTW *ftw)
{
	char text[8];

	(void)ftw;
	if (flag != FTW_F || !(st->st_mode & 0200) ||
	    strncmp(base_name(path), "nr_", 3))
		return 0;
	read_file(path, text, sizeof(text));
	if (!strcmp(text, "0") && write_file(path, "1"))
		grown = true;
	return 0;
}

/* One of each directory.  Those of regions come from a scheme that was applied. */
static void make_all_directories(void)
{
	stage("vaddr");
	stage_stat_scheme();
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_target(0, getpid());
	EXPECT_PUT(ATTRS "/probes/nr_probes", "1", 0);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", 0);
	EXPECT_PUT(K0 "/state", "off", 0);
	do {
		grown = false;
		nftw(ADMIN, fill_set, 16, FTW_PHYS);
	} while (grown);
}

void find_kinds(void)
{
	glob_t found = {};

	/* some parameters show what came of them even when they have been restored */
	if (nr_kinds)
		return;
	make_all_directories();
	nftw(ADMIN, note_file, 16, FTW_PHYS);
	glob(MODULES "/damon_*/parameters", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		nftw(found.gl_pathv[i], note_file, 16, FTW_PHYS);
	globfree(&found);
	EXPECT(nr_kinds < MAX_KINDS);
	qsort(kinds, nr_kinds, sizeof(*kinds), by_path);
	clean_up();
}

static bool is_parameter(const struct kind *kind, const char *name)
{
	return is_module(kind) && !strcmp(base_name(kind->path), name);
}

/* Off, and with the parameters that were found. */
void restore_modules(void)
{
	for (unsigned int i = 0; i < nr_kinds; i++)
		if (is_parameter(&kinds[i], "enabled") &&
		    !write_file(kinds[i].path, "N"))
			fail("%s cannot be switched off", kinds[i].path);
	for (unsigned int i = 0; i < nr_kinds; i++) {
		struct kind *kind = &kinds[i];

		if (!is_module(kind) || kind->content == OUTPUT)
			continue;
		if (!is_parameter(kind, "commit_inputs") &&
		    !write_file(kind->path, kind->original))
			fail("%s cannot be restored", kind->path);
	}
}

/* values */

static size_t draw_boundary(char *value)
{
	static const char *const boundaries[] = {
		"0", "1", "-1", "2147483647", "2147483648", "-2147483648",
		"4294967295", "4294967296", "9223372036854775807",
		"9223372036854775808", "18446744073709551615",
		"18446744073709551616", "18446744073709547520",
		"0xffffffffffffffff", "00", "+1", "-0", " 1", "1 ", "0x", "1k",
	};

	return sprintf(value, "%s", boundaries[draw(ARRAY_SIZE(boundaries))]);
}

/* What has no sense for any file. */
static size_t draw_nonsense(char *value)
{
	size_t len;

	switch (draw(5)) {
	case 0:
		len = draw(40);
		for (size_t i = 0; i < len; i++)
			value[i] = draw64();
		return len;
	case 1:
		len = 4090 + draw(10) + (one_in(2) ? 4096 : 0);
		memset(value, "1a/\n"[draw(4)], len);
		return len;
	case 2:
		return 0;
	case 3:
		memcpy(value, "1\0002\0\n", 5);
		return 1 + draw(5);
	default:
		return sprintf(value, "%s\n", words[draw(ARRAY_SIZE(words))]);
	}
}

/* Most are neither absurd nor equal to one another. */
static size_t draw_number(const char *name, char *value)
{
	uint64_t number;

	if (strstr(name, "pid") && !one_in(8))
		return sprintf(value, "@%u", draw(NR_VICTIMS));
	switch (draw(8)) {
	case 0:
		return draw_boundary(value);
	case 1:
		number = 1ULL << draw(21);
		break;
	case 2:
		number = VICTIM_ADDR + draw(VICTIM_SIZE);
		break;
	case 3:
		number = (uint64_t)draw(1 << 18) * PAGE;
		break;
	case 4:
		number = 1000 + draw(20000);
		break;
	case 5:
		number = draw(1001);
		break;
	default:
		number = draw(5);
	}
	return sprintf(value, "%llu", (unsigned long long)number);
}

static size_t draw_count(char *value)
{
	if (one_in(12))
		return draw_boundary(value);
	return sprintf(value, "%u", one_in(40) ? draw(100) : draw(4));
}

static const char *draw_word_of(const struct kind *kind)
{
	unsigned int i, start = draw(ARRAY_SIZE(words));

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		unsigned int word = (start + i) % ARRAY_SIZE(words);

		if (kind->words & 1ULL << word)
			return words[word];
	}
	return "";
}

/* A word that a file takes. */
const char *draw_word(const char *path)
{
	char full[PATH_SIZE];
	struct kind *kind;

	snprintf(full, sizeof(full), ADMIN "/%s", path);
	kind = find_kind(full);
	return kind ? draw_word_of(kind) : "";
}

/* Value that may be right for the kind. "@" stands for a process. */
static size_t draw_sense(const struct kind *kind, char *value)
{
	switch (kind->content) {
	case COUNT:
		return draw_count(value);
	case YES_NO:
		return sprintf(value, "%c", "YN"[draw(2)]);
	case WORD:
		return sprintf(value, "%s", draw_word_of(kind));
	case COMMAND:
		return sprintf(value, "%s", commands[draw(ARRAY_SIZE(commands))]);
	case TEXT:
		if (one_in(4))
			return sprintf(value, "%s", one_in(2) ? "/" : "/no/where");
		return sprintf(value, "/" CGROUP "%u", draw(NR_CGROUPS));
	default:
		return draw_number(base_name(kind->path), value);
	}
}

size_t draw_value(const struct kind *kind, char *value)
{
	size_t len;

	if (one_in(16))
		return draw_nonsense(value);
	len = one_in(20) ? draw_boundary(value) : draw_sense(kind, value);
	if (one_in(2))
		value[len++] = '\n';
	return len;
}

/* Puts numbers in; the first ones are what there is most often. */
void draw_path(const struct kind *kind, char *path)
{
	const char *from = kind->path;

	for (; *from; from++)
		*path++ = *from == '#' ? '0' + (int)(one_in(3) ? draw(4) : 0) : *from;
	*path = '\0';
}

/* what comes of it */

void share_results(void)
{
	results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		ksft_exit_fail_perror("mmap");
}

static void digest(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		results->digest = (results->digest ^ (unsigned char)data[i]) *
			0x100000001b3;
}

static void tell(const char *verb, const char *path, const char *value, size_t size)
{
	digest(verb, 1);
	digest(path, strlen(path) + 1);
	digest(value, size);
	if (!verbose)
		return;
	printf("# %s %s '", verb, path);
	for (size_t i = 0; i < size && i < 64; i++)
		printf(isprint(value[i]) ? "%c" : "\\x%02x", (unsigned char)value[i]);
	printf("'%s\n", size > 64 ? "..." : "");
	fflush(stdout);
}

static void record(const char *path, int error, uint64_t begin)
{
	struct kind *kind = find_kind(path);
	uint64_t ms = now_ms() - begin;

	if (error >= MAX_ERROR)
		error = MAX_ERROR - 1;
	if (kind)
		__atomic_fetch_add(&results->errors[kind - kinds][error], 1,
				   __ATOMIC_RELAXED);
	if (ms > results->longest_ms) {
		results->longest_ms = ms;
		strcpy(results->longest, path);
	}
	__atomic_fetch_add(&results->nr_returned, 1, __ATOMIC_RELAXED);
}

/* For this task, and not the one that it was forked from. */
void open_knob(void)
{
	knob = open("/proc/self/make-it-fail", O_WRONLY);
}

static void turn_knob(const char *value)
{
	if (knob >= 0 && pwrite(knob, value, 1, 0) < 0)
		exit(1);
}

static int write_value(int fd, const char *value, size_t size)
{
	char text[24];
	int error = 0;

	if (size > 1 && value[0] == '@') {
		unsigned int victim = strtoul(value + 1, NULL, 10) % NR_VICTIMS;

		size = sprintf(text, "%d", results->victims[victim]);
		value = text;
	}
	turn_knob("1");
	if (write(fd, value, size) < 0)
		error = errno;
	turn_knob("0");
	return error;
}

/* By a task that is killed soon, if it still waits then. */
static int write_killed(int fd, const char *value, size_t size, unsigned int ms)
{
	pid_t pid = fork_child();
	int status;

	if (pid < 0)
		return 0;
	if (!pid) {
		if (knob >= 0)
			open_knob();
		_exit(write_value(fd, value, size));
	}
	sleep_ms(ms);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* These wait for schemes, which may take hours. */
static bool may_wait(const char *path, const char *value, size_t size)
{
	static const char walk[] = "update_schemes_tried";

	return !strcmp(base_name(path), "state") && size > strlen(walk) &&
		!memcmp(value, walk, strlen(walk));
}

/* Writes to a file, or with @fd >= 0 to what was that file once. */
int issue(const char *path, const char *value, size_t size, int fd)
{
	static const unsigned int lives_ms[] = { 0, 1, 5, 50, 50, 200 };
	unsigned int life = lives_ms[draw(ARRAY_SIZE(lives_ms))];
	bool killed = may_wait(path, value, size) || one_in(100);
	uint64_t begin = now_ms();
	bool own = fd < 0;
	int error = 0;

	tell("write", path, value, size);
	__atomic_fetch_add(&results->nr_issued, 1, __ATOMIC_RELAXED);
	if (own)
		fd = open(path, O_WRONLY);
	if (fd < 0)
		error = errno;
	else if (killed)
		error = write_killed(fd, value, size, life);
	else
		error = write_value(fd, value, size);
	if (own && fd >= 0)
		close(fd);
	record(path, error, begin);
	if (error == ENOMEM)
		__atomic_fetch_add(&results->nr_refused, 1, __ATOMIC_RELAXED);
	return error;
}

int issue_text(const char *path, const char *text)
{
	return issue(path, text, strlen(text), -1);
}

/* Reads from a file, or from what was that file once. */
void look(const char *path, int fd)
{
	static char text[5000];
	uint64_t begin = now_ms();
	size_t size = one_in(4) ? draw(8) : sizeof(text);
	off_t at = one_in(8) ? draw(8) : 0;
	bool own = fd < 0;
	int error = 0;

	tell("read", path, "", 0);
	__atomic_fetch_add(&results->nr_issued, 1, __ATOMIC_RELAXED);
	if (own)
		fd = open(path, O_RDONLY);
	if (fd < 0 || pread(fd, text, size, at) < 0)
		error = errno;
	if (own && fd >= 0)
		close(fd);
	record(path, error, begin);
}
