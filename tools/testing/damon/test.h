/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the pure rooms share: random cases that can be repeated,
 * contexts without a kdamond, and regions written as text.
 *
 * Regions as text are "start-end:nr/last/age", separated by blanks; what is left
 * out is zero.  Without "last", nothing is known of the windows before.
 */
#ifndef _DAMON_TEST_H
#define _DAMON_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/slab.h>

#include "../../../mm/damon/internal.h"
#include "../../../mm/damon/cutting.h"
#include "../../../mm/damon/looking.h"
#include "../../../mm/damon/reach.h"
#include "../../../mm/damon/sanity.h"
#include "../../../mm/damon/spots.h"
#include "../../../mm/damon/sweep.h"
#include "../../../mm/damon/window.h"

#include "rng.h"

/* Seconds, for tests behind kselftest_harness.h: a busy machine is no failure. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600

/*
 * Runs the statement behind it once per case, each with a generator of its own.
 * SEED=n in the environment makes other cases, TIMES=n so many times as many,
 * CASE=n only one.
 */
#define for_each_case(rng, nr)						\
	for (unsigned long _case = first_case(); _case < last_case(nr) &&\
	     begin_case(&(rng), _case); _case++)

unsigned long first_case(void);
unsigned long last_case(unsigned long nr);
bool begin_case(struct rng *rng, unsigned long nr);
/* The generator of one case of SEED=@seed, whatever the environment says. */
void fixed_case(struct rng *rng, unsigned long seed, unsigned long nr);

/* How to get the case back that an assertion failed in. */
void repeat_hint(char *buf, size_t len);

/* An assertion about a random case. */
#define HOLDS(cond)							\
	do {								\
		ASSERT_TRUE(cond) {					\
			char _hint[80];					\
									\
			repeat_hint(_hint, sizeof(_hint));		\
			TH_LOG("not true: %s (%s)", #cond, _hint);	\
		}							\
	} while (0)

/* An idle context: 5 ms, 100 ms, 1 s, 10 to 1000 regions, one target. */
struct damon_ctx *make_ctx(u64 seed);
struct damon_target *make_target(struct damon_ctx *ctx);
void free_ctx(struct damon_ctx *ctx);
/* The only target of a context, or the first. */
struct damon_target *target_of(struct damon_ctx *ctx);

/* For &damon_operations: probes are asked, and the test says itself what they have hit. */
void apply_no_probes(struct damon_ctx *ctx);

/* Samples of a window in a context as make_ctx() makes it. */
#define TEST_WINDOW	20

/* As if the window before had been one of those, with so many accesses. */
void set_last(struct damon_region *r, unsigned int nr);

/* Bit-fields, for assertions. */
static inline unsigned int rate_of(const struct damon_region *r)
{
	return r->rate;
}

static inline unsigned int worth_of(const struct damon_region *r)
{
	return r->worth;
}

/* A page that is known to differ from its region. */
static inline struct damon_spot *note_spot(struct damon_target *t, unsigned long addr,
					   bool hot)
{
	struct damon_spot spot = { .addr = addr, .hot = hot };

	return damon_note_spot(t, &spot);
}

void set_text(struct damon_target *t, const char *text);
/* The same without removing the regions that @t has. */
void add_text(struct damon_target *t, const char *text);

/* What to see of regions besides their borders. */
enum text {
	TEXT_BORDERS,
	TEXT_ID,	/* #age, where it is not zero */
	TEXT_NR,	/* :nr */
	TEXT_AGE,	/* :nr/age */
	TEXT_ALL,	/* :nr/last/age */
};

/* Regions as text, in a static buffer. */
const char *get_text(struct damon_target *t, enum text what);

/* Appends a region. */
struct damon_region *add(struct damon_target *t, unsigned long start,
			 unsigned long end, unsigned int nr_accesses);

/* Whether both borders of all regions are multiples of @grain. */
bool aligned(struct damon_target *t, unsigned long grain);
/* All regions together. */
u64 total_sz(struct damon_ctx *ctx);
unsigned int total_nr(struct damon_ctx *ctx);

/* As if every sample of the window had an answer. */
void answer_all(struct damon_ctx *ctx);

/* Fills @t with @nr adjacent regions of random sizes and counts. */
void random_regions(struct rng *rng, struct damon_target *t, unsigned int nr,
		    unsigned long grain, unsigned int max_accesses);

#endif /* _DAMON_TEST_H */
