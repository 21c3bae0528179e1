// SPDX-License-Identifier: GPL-2.0
/*
 * What tests of memory that runs out share, see faults_lib.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults_lib.h"

#define FAILSLAB	"/sys/kernel/debug/failslab"
#define NO_PAGES	"/sys/kernel/debug/fail_page_alloc/min-order"
#define SLAB		"/sys/kernel/slab"
#define MAX_POINTS	20000
#define PROVE_EVERY	64	/* points after which monitoring is proved */

static unsigned int total_points, total_refused;

/* Failing */

static bool failslab_put(const char *name, const char *text)
{
	return write_file(path_of(FAILSLAB "/%s", name), text);
}

/* The checkers' own: they go on without memory, so its lack shows nothing. */
static bool is_checkers(const char *cache)
{
	return !strncmp(cache, "kmemleak", 8) ||
		!strncmp(cache, "debug_objects", 13);
}

/* Where checkers allocate, too, only the others' allocations shall fail. */
static void spare_checkers(void)
{
	DIR *dir = opendir(SLAB);
	struct dirent *entry;

	if (!dir || access(SLAB "/kmemleak_object", F_OK)) {
		if (dir)
			closedir(dir);
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || is_checkers(entry->d_name))
			continue;
		if (!write_file(path_of(SLAB "/%s/failslab", entry->d_name), "1"))
			fail("%s cannot fail alone", entry->d_name);
	}
	closedir(dir);
	EXPECT(failslab_put("cache-filter", "Y"));
}

bool need_failslab(void)
{
	if (access("/proc/self/fail-nth", W_OK) || access(FAILSLAB, X_OK)) {
		skip("no failslab in debugfs (CONFIG_FAILSLAB)");
		return false;
	}
	EXPECT(failslab_put("ignore-gfp-wait", "N"));
	EXPECT(failslab_put("verbose", "0"));
	EXPECT(failslab_put("task-filter", "Y"));
	/* pages that a cache grows by now and then would be counted, too */
	EXPECT(access(NO_PAGES, F_OK) || write_file(NO_PAGES, "99"));
	spare_checkers();
	return true;
}

/*
 * How memory runs out: once, or from some allocation on.  The latter also reaches
 * what only fails after something else has failed, such as a way back.  It is
 * counted in steps of as many bytes.
 */
static unsigned long exhaust_step;	/* 0: once */

#define PLENTY		1000000000UL
#define MANY_TIMES	"1000000"

static int open_knob(enum victim victim)
{
	const char *knob = exhaust_step ? "make-it-fail" : "fail-nth";
	unsigned long pid = victim == KTHREADD ? 2 : (unsigned long)getpid();
	int fd;

	if (victim == KDAMOND)
		pid = get_ul(K0 "/pid");
	fd = open(path_of("/proc/%lu/%s", pid, knob), O_RDWR);
	if (fd < 0)
		fail("/proc/%lu/%s: %s", pid, knob, strerror(errno));
	return fd;
}

static void turn_knob(int fd, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	if (pwrite(fd, text, strlen(text), 0) < 0)
		fail("fail-nth or make-it-fail: %s", strerror(errno));
}

static unsigned long knob_of(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		fail("fail-nth: %s", strerror(errno));
	return strtoul(text, NULL, 10);
}

static unsigned long failslab_get(const char *name)
{
	int fd = open(path_of(FAILSLAB "/%s", name), O_RDONLY);
	char text[24] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		fail("failslab/%s: %s", name, strerror(errno));
	close(fd);
	return strtoul(text, NULL, 10);
}

static void give_memory(unsigned long bytes)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", bytes);
	EXPECT(failslab_put("times", MANY_TIMES));
	EXPECT(failslab_put("space", text));
	EXPECT(failslab_put("probability", "100"));
}

/* Writes while the @nth allocation fails, or all from there, if there are so many. */
static int put_failing(const struct operation *op, unsigned int nth, bool *hit)
{
	int target = open(path_of(ADMIN "/%s", op->path), O_WRONLY);
	int fd = open_knob(op->victim);
	int error = 0;

	*hit = false;
	if (fd < 0 || target < 0)
		return errno;
	if (exhaust_step)
		give_memory((nth - 1) * exhaust_step);
	turn_knob(fd, exhaust_step ? 1 : nth);
	if (write(target, op->text, strlen(op->text)) < 0)
		error = errno;
	if (!exhaust_step)
		*hit = !knob_of(fd);
	turn_knob(fd, 0);
	if (exhaust_step) {
		EXPECT(failslab_put("probability", "0"));
		*hit = failslab_get("times") < strtoul(MANY_TIMES, NULL, 10);
	}
	close(fd);
	close(target);
	return error;
}

/* What runs */

static FILE *ask_file, *answer_file;

static bool start_imager(void)
{
	const char *command = getenv("DAMON_IMAGE");
	int ask[2], answer[2];

	if (!command)
		return false;
	if (pipe(ask) || pipe(answer)) {
		fail("pipe: %s", strerror(errno));
		return false;
	}
	if (!fork_child()) {
		/* stays from case to case */
		setpgid(0, 0);
		dup2(ask[0], 0);
		dup2(answer[1], 1);
		close(ask[1]);
		close(answer[0]);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(1);
	}
	close(ask[0]);
	close(answer[1]);
	ask_file = fdopen(ask[1], "w");
	answer_file = fdopen(answer[0], "r");
	return ask_file && answer_file;
}

/* The whole state in one line, from the program that looks inside. */
static void take_image(const char *kind, char *image, size_t size)
{
	static bool started, usable;

	if (!started)
		usable = start_imager();
	started = true;
	if (!usable)
		return;
	fprintf(ask_file, "%s\n", kind);
	fflush(ask_file);
	if (!fgets(image, size, answer_file)) {
		fail("DAMON_IMAGE has ended");
		usable = false;
	}
}

/* The intervals in use; what is staged stays. */
static void read_intervals(char *text, size_t size)
{
	unsigned long sample = get_ul(ATTRS "/intervals/sample_us");
	unsigned long aggr = get_ul(ATTRS "/intervals/aggr_us");

	EXPECT_PUT(K0 "/state", "update_tuned_intervals", 0);
	snprintf(text, size, "%lu %lu", get_ul(ATTRS "/intervals/sample_us"),
		 get_ul(ATTRS "/intervals/aggr_us"));
	EXPECT(!put_ul(ATTRS "/intervals/sample_us", sample));
	EXPECT(!put_ul(ATTRS "/intervals/aggr_us", aggr));
}

struct snapshot {
	unsigned long pid;
	char intervals[64];
	char image[65536];
};

static void take_snapshot(const struct operation *op, struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
	if (!op->image)
		return;
	s->pid = get_ul(K0 "/pid");
	read_intervals(s->intervals, sizeof(s->intervals));
	take_image(op->image, s->image, sizeof(s->image));
}

/* Where two lines begin to differ. */
static void show_difference(const char *before, const char *after)
{
	size_t i = 0;

	while (before[i] && before[i] == after[i])
		i++;
	while (i && before[i - 1] != ';')
		i--;
	ksft_print_msg("was %.60s\n", before + i);
	ksft_print_msg("is  %.60s\n", after + i);
}

static void compare(const struct operation *op, unsigned int nth,
		    const struct snapshot *before, const struct snapshot *after)
{
	if (!memcmp(before, after, sizeof(*before)))
		return;
	fail("%s > %s: failure of allocation %u changed what runs", op->text,
	     op->path, nth);
	show_difference(before->intervals, after->intervals);
	show_difference(before->image, after->image);
}

/* It is paused when there is nothing that could be seen. */
void await_pause(void)
{
	int error = 0;

	for (int ms = 0; ms < LONG_MS && error != ECANCELED; ms += 10) {
		error = put(K0 "/state", "update_schemes_tried_bytes");
		sleep_ms(10);
	}
	EXPECT(error == ECANCELED);
}

/* A paused context goes on with everything as it is, and is paused again. */
void prove_monitoring(void)
{
	bool paused = is(C0 "/pause", "Y");

	if (paused) {
		EXPECT_PUT(C0 "/pause", "N", 0);
		EXPECT_PUT(K0 "/state", "commit", 0);
	}
	EXPECT(stats_grow());
	if (paused) {
		EXPECT_PUT(C0 "/pause", "Y", 0);
		EXPECT_PUT(K0 "/state", "commit", 0);
		await_pause();
	}
}

/* The sweep */

struct outcome {
	unsigned int refused;
	unsigned int swallowed;
	unsigned int first_swallowed;
	unsigned int last_swallowed;
};

static void check_failure(const struct operation *op, unsigned int nth, int error,
			  const struct snapshot *before, struct snapshot *after)
{
	if (error != ENOMEM && !(op->victim == KTHREADD && error == EAGAIN))
		fail("%s > %s: failure of allocation %u gives %s", op->text,
		     op->path, nth, strerror(error));
	take_snapshot(op, after);
	compare(op, nth, before, after);
	if (!op->marker || is(op->marker, op->value))
		return;
	/* where there is no memory for the way back either, nothing is left */
	if (exhaust_step && is(op->path, "0"))
		EXPECT_PUT(op->path, op->text, 0);
	else
		fail("%s > %s: failure of allocation %u left '%s' in %s",
		     op->text, op->path, nth, get(op->marker), op->marker);
}

static void report(const struct operation *op, const struct outcome *o)
{
	static const char *const names[] = { "", " in the kdamond", " in kthreadd" };
	unsigned int points = o->refused + o->swallowed;

	total_points += points;
	total_refused += o->refused;
	ksft_print_msg("%s > %s%s%s: %u points, %u refused, %u done nevertheless",
		       op->text, op->path, names[op->victim],
		       exhaust_step ? " from there on" : "", points,
		       o->refused, o->swallowed);
	if (o->swallowed)
		printf(" (%u to %u)", o->first_swallowed, o->last_swallowed);
	printf("\n");
	fflush(stdout);
}

static void sweep(const struct operation *op)
{
	static struct snapshot before, after;
	struct outcome o = {};
	bool hit = true;

	op->prepare();
	take_snapshot(op, &before);
	for (unsigned int nth = 1; hit && nth < MAX_POINTS; nth++) {
		int error = put_failing(op, nth, &hit);

		if (error) {
			check_failure(op, nth, error, &before, &after);
			o.refused += hit;
			if (!hit)
				break;
		} else if (hit) {
			o.swallowed++;
			o.last_swallowed = nth;
			if (!o.first_swallowed)
				o.first_swallowed = nth;
		}
		if (op->monitors && !(nth % PROVE_EVERY)) {
			prove_monitoring();
			error = 0;
		}
		if (!error) {
			op->prepare();
			take_snapshot(op, &before);
		}
	}
	EXPECT(!hit);
	if (op->monitors)
		prove_monitoring();
	report(op, &o);
}

void sweep_all(const struct operation *ops, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		sweep(&ops[i]);
}

/* The same with memory that stays short, at about a hundred points. */
void exhaust_all(const struct operation *ops, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		bool hit;

		ops[i].prepare();
		exhaust_step = PLENTY;
		EXPECT(!put_failing(&ops[i], 2, &hit));
		EXPECT(!hit);
		exhaust_step = (PLENTY - failslab_get("space")) / 100 + 1;
		sweep(&ops[i]);
		exhaust_step = 0;
	}
}

void report_total(void)
{
	ksft_print_msg("%u points of failure, %u refused\n", total_points,
		       total_refused);
}
