/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the sysfs tests share: reading and writing files of the interface,
 * processes to monitor, and cases.
 */
#ifndef SYSFS_LIB_H
#define SYSFS_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kselftest.h"

#define ADMIN	"/sys/kernel/mm/damon/admin"
#define K0	"kdamonds/0"
#define C0	K0 "/contexts/0"
#define ATTRS	C0 "/monitoring_attrs"
#define S0	C0 "/schemes/0"

/* The greatest unsigned long, for "no limit". */
#if __SIZEOF_LONG__ == 8
#define MAX_UL	"18446744073709551615"
#else
#define MAX_UL	"4294967295"
#endif

#define PAGE	4096UL

/* Time for what takes an instant, even on the slowest machine. */
#define LONG_MS	60000

/* A case.  It calls fail() or EXPECT() whenever something is wrong, or skip(). */
struct test_case {
	const char *name;
	void (*run)(void);
};

int run_cases(const struct test_case *cases, size_t nr);
__printf(1, 2) void fail(const char *fmt, ...);
bool has_failed(void);
/* What the case at hand needs and does not find.  Failures outweigh it. */
__printf(1, 2) void skip(const char *fmt, ...);

#define EXPECT(condition) \
	((condition) ? (void)0 : \
	 fail("line %d: %s", __LINE__, #condition))

/* Paths are relative to ADMIN. */
int put(const char *path, const char *text);
int put_ul(const char *path, unsigned long value);
const char *get(const char *path);
unsigned long get_ul(const char *path);
bool is(const char *path, const char *text);
bool exists(const char *path);
unsigned int nr_entries(const char *path);
unsigned int nr_dirs(const char *path);
__printf(1, 2) const char *path_of(const char *fmt, ...);

/* Files anywhere.  What is read goes to the first newline, and is empty on error. */
bool write_file(const char *path, const char *text);
bool read_file(const char *path, char *text, size_t size);

/* A number in the environment. */
unsigned long setting(const char *name, unsigned long normal);

/* Writes that must give an error, or 0. */
#define EXPECT_PUT(path, text, error)					\
	do {								\
		int got_ = put(path, text);				\
									\
		if (got_ != (error))					\
			fail("line %d: '%s' > %s: %d (%s), not %d",	\
			     __LINE__, text, path, got_,		\
			     strerror(got_), error);			\
	} while (0)

#define EXPECT_IS(path, text)						\
	do {								\
		if (!is(path, text))					\
			fail("line %d: %s is '%s', not '%s'", __LINE__,	\
			     path, get(path), text);			\
	} while (0)

/* Stages one kdamond with one context, everything else as it comes. */
void stage(const char *operations);
void stage_fast(void);
void stage_stat_scheme(void);
void stage_target(unsigned int index, pid_t pid);
void stage_regions(const unsigned long *borders, unsigned int nr);
void start_watching_ram(const unsigned long *borders, unsigned int nr);
void start_watching(pid_t pid);
void clean_up(void);

/* True if a condition comes true in good time. */
#define WAIT(condition)							\
({									\
	bool true_ = false;						\
									\
	for (int ms_ = 0; ms_ < LONG_MS && !true_; ms_ += 20) {		\
		true_ = (condition);					\
		if (!true_)						\
			sleep_ms(20);					\
	}								\
	true_;								\
})

/* Like fork(), but the child goes when its parent does, however early. */
pid_t fork_child(void);

/* Processes to monitor. */
pid_t start_victim(void);
void stop_victim(pid_t pid);

/* Tasks that count in @nr_done, which they share, what they have got done. */
bool await_end(const pid_t *tasks, unsigned int nr, const unsigned long *nr_done);

/* Something that takes an argument and says if it worked; fails if it does not return. */
void expect_done(const char *what, bool (*act)(unsigned int n), unsigned int n);
void await_left(void);

/* Of a clock that only goes on. */
uint64_t now_ms(void);
void sleep_ms(unsigned int ms);
bool wait_until(const char *path, const char *text, unsigned int ms);
bool stats_grow(void);

#endif /* SYSFS_LIB_H */
