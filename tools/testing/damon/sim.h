/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The simulator: memory whose accesses are known, monitored by the real region
 * code.  One case is one line of the file "cases"; sim.c says what it may say.
 */
#ifndef _DAMON_SIM_H
#define _DAMON_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "rng.h"

#define MAX_PIECES	65536

enum move {
	MOVE_STEPS,		/* up by its own size each phase, and around */
	MOVE_RANDOM,		/* anywhere else each phase */
	MOVE_BANDS,		/* equal bands of 0, 25, 50, 75, 100 % */
	MOVE_ZIPF,		/* grains anywhere, whose rates follow Zipf's law */
};

struct sim_case {
	char name[32];
	char replay[200];	/* recording of a real program, instead of the memory */
	/* the memory */
	uint64_t space;		/* bytes */
	uint64_t hot;		/* bytes, all pieces together */
	uint64_t pieces;
	uint64_t move;		/* enum move */
	uint64_t period;	/* us between moves */
	uint64_t phases;
	uint64_t align;		/* of hot pieces, bytes */
	uint64_t process;	/* more areas around, as a process has them */
	uint64_t stack;		/* bytes of the last one that are hot, besides @hot */
	uint64_t above;		/* accessed bits in upper page table levels, too */
	uint64_t zipf;		/* exponent, 1/10000 */
	/* touched entries that do not show it, 1/10000 */
	uint64_t coarse_unmarked, fine_unmarked;
	/* the monitor */
	uint64_t sample, aggr;	/* us */
	uint64_t min, max;	/* regions */
	uint64_t grain;		/* bytes */
	uint64_t spots;		/* 0: without cuts around spots */
	/* in 1/10000 */
	uint64_t rate;		/* intervals in which a hot page is accessed */
	uint64_t noise;		/* the same of a cold one */
	uint64_t unknown;	/* samples without an answer */
	uint64_t goal;		/* mean F1 that is aimed at */
	uint64_t blind;		/* the same where nothing is seen from above */
	uint64_t check;		/* mean F1 below which --check fails, 0: none */
};

/* memory: sim-memory.c */

struct piece {
	uint64_t start, end;
	uint64_t rate;		/* 1/10000 of the intervals */
};

struct memory {
	const struct sim_case *c;
	struct rng rng;
	uint64_t start, end;	/* of what the pieces are in */
	uint64_t phase, next_move_ns;
	unsigned int nr_pieces;
	struct piece pieces[MAX_PIECES];	/* ascending */
};

void memory_init(struct memory *m, const struct sim_case *c, uint64_t seed);
/* Makes the time @ns.  Returns whether something moved. */
bool memory_advance(struct memory *m, uint64_t ns);
/* Whether the page at @addr is accessed in an interval.  Draws. */
bool memory_accessed(struct memory *m, uint64_t addr);
/* Whether any page of [start, end) is accessed in an interval.  Draws. */
bool memory_touched(struct memory *m, uint64_t start, uint64_t end);
/* In how many of 10000 intervals that is. */
uint64_t memory_rate(const struct memory *m, uint64_t addr);
/* Bytes of [start, end) that are hot: accessed in half of the intervals or more. */
uint64_t memory_hot(const struct memory *m, uint64_t start, uint64_t end);

/* one run: sim-run.c */

enum figure {
	F1, PRECISION, RECALL,	/* means of all windows */
	FOUND,			/* mean seconds of a phase until F1 is 0.9 */
	REGIONS,		/* mean number of what is reported */
	SAMPLES, MAX_SAMPLES,	/* per tick */
	ENTRIES,		/* of upper levels, per tick */
	ERROR, BIAS,		/* of rates over ten windows, share of full scale */
	R2, R2_SECOND, R2_BORDERS,	/* heat explained */
	SHORT_RECALL, HOTTEST_ERROR,
	NR_FIGURES,
};

struct sim_result {
	double figure[NR_FIGURES];
};

struct sim_result sim_run(const struct sim_case *c, uint64_t seed, FILE *trace);

#endif /* _DAMON_SIM_H */
