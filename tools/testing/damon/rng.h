/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers for tests and simulator (splitmix64), independent of the
 * generator that the code under test uses.
 */
#ifndef _DAMON_RNG_H
#define _DAMON_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rnd(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* In [lo, hi). */
static inline uint64_t rnd_in(struct rng *rng, uint64_t lo, uint64_t hi)
{
	return lo + rnd(rng) % (hi - lo);
}

/* Of any magnitude up to @bits bits, both small and extreme ones often. */
static inline uint64_t rnd_any(struct rng *rng, unsigned int bits)
{
	unsigned int nr = rnd_in(rng, 0, bits + 1);
	uint64_t all = bits == 64 ? ~0ULL : (1ULL << bits) - 1;

	switch (rnd_in(rng, 0, 8)) {
	case 0:
		return all - rnd_in(rng, 0, 3);
	case 1:
		return rnd_in(rng, 0, 3) & all;
	default:
		return nr ? rnd(rng) >> (64 - nr) : 0;
	}
}

/* In [0, 1). */
static inline double rnd_share(struct rng *rng)
{
	return (rnd(rng) >> 11) / (double)(1ULL << 53);
}

static inline bool rnd_true(struct rng *rng, double share)
{
	return rnd_share(rng) < share;
}

#endif /* _DAMON_RNG_H */
