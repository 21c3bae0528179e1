/* SPDX-License-Identifier: GPL-2.0 */
/* What the workloads share. */
#ifndef WORKLOADS_COMMON_H
#define WORKLOADS_COMMON_H

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define PAGE	4096ul
#define MIB	(1ul << 20)

/* CLOCK_MONOTONIC, in nanoseconds. */
static inline uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* The argument of an option, or the end. */
static inline unsigned long number(const char *text, const char *what)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-')
		errx(2, "%s: '%s' is not a number", what, text);
	return value;
}

/* The next of a sequence of numbers that look random (xorshift, Marsaglia 2003). */
static inline uint64_t draw_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

#endif
