/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What random input needs: the files that there are, values for them, and what
 * came of writing these.
 *
 * A file is of a kind, which is its path with "#" for each number.  Kinds are
 * found by walking through the directories when there is one of each, so files
 * that are new are tried, too.
 */
#ifndef FUZZ_LIB_H
#define FUZZ_LIB_H

#include <stdint.h>

#include "sysfs_lib.h"

#define MODULES		"/sys/module"
#define CGROUP		"damon_fuzz"	/* names of control groups begin so */
#define NR_CGROUPS	4
#define NR_VICTIMS	16
#define VICTIM_ADDR	0x10000000UL
#define VICTIM_SIZE	(2UL << 20)

#define PATH_SIZE	256
#define VALUE_SIZE	9000
#define MAX_KINDS	512
#define MAX_ERROR	140

enum content {
	NUMBER,
	COUNT,		/* of numbered directories */
	YES_NO,
	WORD,
	COMMAND,
	TEXT,
	OUTPUT,		/* not to be written */
};

struct kind {
	char path[PATH_SIZE];
	enum content content;
	uint64_t words;		/* which of all words it takes */
	char original[64];
};

extern struct kind kinds[MAX_KINDS];
extern unsigned int nr_kinds;

void find_kinds(void);
bool is_module(const struct kind *kind);
void restore_modules(void);

/* Random numbers that depend on the seed, the task and the operation alone. */
void begin_operation(unsigned long seed, unsigned int task, unsigned long nr);
uint64_t draw64(void);
unsigned int draw(unsigned int below);
bool one_in(unsigned int nr);

/* What the tasks share. */
extern struct results {
	pid_t victims[NR_VICTIMS];
	unsigned long nr_issued;
	unsigned long nr_returned;
	unsigned long nr_starts;		/* of kdamonds */
	unsigned long nr_refused;		/* for lack of memory */
	unsigned long longest_ms;
	char longest[PATH_SIZE];
	uint64_t digest;			/* of everything one task did */
	unsigned int errors[MAX_KINDS][MAX_ERROR];
} *results;

void share_results(void);
extern int knob;		/* makes allocations of this task fail, or -1 */
void open_knob(void);
extern bool verbose;

size_t draw_value(const struct kind *kind, char *value);
void draw_path(const struct kind *kind, char *path);
int issue(const char *path, const char *value, size_t size, int fd);
int issue_text(const char *path, const char *text);
void look(const char *path, int fd);
const char *draw_word(const char *path);

/* Configurations that may run. */
void build_and_start(void);
void start_module(void);
void switch_modules_off(void);

#endif /* FUZZ_LIB_H */
