/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzers of the pure rooms share: each is a state machine that the bytes of an
 * input drive, and looks after every step at what must hold whatever the input.
 *
 * An input that ends goes on with zeroes.
 */
#ifndef _DAMON_FUZZ_H
#define _DAMON_FUZZ_H

#include <stddef.h>

#include <linux/array_size.h>
#include <linux/bitmap.h>

#include "test.h"

/* Not an assertion about a test, but about the code: the fuzzer keeps what breaks it. */
#define MUST(cond)	WARN_ON(!(cond))

struct input {
	const u8 *pos;
	const u8 *end;
};

static inline bool has_more(const struct input *in)
{
	return in->pos < in->end;
}

static inline unsigned int take(struct input *in)
{
	return has_more(in) ? *in->pos++ : 0;
}

static inline bool take_bool(struct input *in)
{
	return take(in) & 1;
}

static inline u64 take_bytes(struct input *in, unsigned int nr)
{
	u64 value = 0;

	while (nr--)
		value = value << 8 | take(in);
	return value;
}

/* In [0, nr). */
static inline unsigned int take_below(struct input *in, unsigned int nr)
{
	return take_bytes(in, nr > 256 ? 2 : 1) % nr;
}

/* Of any magnitude of @bits bits, from either end. */
static inline u64 take_any(struct input *in, unsigned int bits)
{
	u64 all = bits == 64 ? U64_MAX : (1ULL << bits) - 1;
	unsigned int kind = take(in);
	u64 value = take_bytes(in, kind % 9);

	return (kind & 0x80 ? ~value : value) & all;
}

/* What a fuzzer does with an input. */
static void fuzz(struct input *in);

/* The engine's name for it is none of ours. */
int fuzz_one(const u8 *data, size_t size) asm("LLVMFuzzerTestOneInput");

int fuzz_one(const u8 *data, size_t size)
{
	struct input in = { data, data + size };

	fuzz(&in);
	return 0;
}

#endif /* _DAMON_FUZZ_H */
