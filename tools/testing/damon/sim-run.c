// SPDX-License-Identifier: GPL-2.0
/*
 * One simulated run: the schedule of a kdamond in virtual time, around the real
 * region code, and the figures of merit.
 */
#include <math.h>
#include <stdlib.h>

#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "../../../mm/damon/internal.h"

#include "sim.h"
#include "test.h"

/* Parts of the space in which the error of access rates is measured. */
#define CELLS		1000
#define ERROR_WINDOWS	10

struct run {
	const struct sim_case *c;
	struct memory memory;
	struct damon_ctx *ctx;
	FILE *trace;
	uint64_t now;			/* ns */
	uint64_t ticks, windows, samples, max_samples, entries;
	double f1, precision, recall, regions;
	/* of the phase under way */
	uint64_t phase_start;
	bool found;
	double found_sum;
	/* of the last windows without a move */
	unsigned int error_windows;
	double rates[CELLS];
	double error, bias;
	uint64_t nr_errors;
};

/* the monitor */

static void set_up(struct run *run, uint64_t seed)
{
	const struct sim_case *c = run->c;
	struct damon_ctx *ctx = make_ctx(seed);
	struct damon_addr_range ranges[3] = {
		{ 0x400000, 0x400000 + 836 * 1024 },
		{ run->memory.start, run->memory.end },
		{ 0x7ffffffde000, 0x7ffffffff000 },
	};

	/* libraries behind the large mapping */
	if (c->process)
		ranges[1].end += 2 << 20;
	ctx->attrs.sample_interval = c->sample;
	ctx->attrs.aggr_interval = c->aggr;
	ctx->attrs.min_nr_regions = c->min;
	ctx->attrs.max_nr_regions = c->max;
	ctx->min_region_sz = c->grain;
	if (damon_set_regions(target_of(ctx), c->process ? ranges : ranges + 1,
			      c->process ? 3 : 1, c->grain))
		abort();
	damon_enforce_min_nr_regions(ctx);
	run->ctx = ctx;
}

static enum damon_answer answer(struct run *run, unsigned long addr)
{
	if (run->c->unknown && rnd_in(&run->memory.rng, 0, 10000) < run->c->unknown)
		return DAMON_UNKNOWN;
	return memory_accessed(&run->memory, addr) ? DAMON_ACCESSED :
		DAMON_NOT_ACCESSED;
}

/* upper page table levels, as x86 has them */

#define COARSE		0x40000000ULL
#define FINE		0x200000ULL

#define UPPER		0x8000000000ULL

/*
 * Goes through the coarse entries of a range, but for those below upper entries
 * that have not been accessed.  Returns the number of entries of both.
 */
static unsigned int visit_coarse(struct run *run,
				 const struct damon_addr_range *range,
				 struct damon_touched *touched)
{
	uint64_t addr = range->start, stop;
	unsigned int nr = 0;

	for (; addr < range->end; addr = stop, nr++) {
		bool skip;

		stop = min(addr / UPPER * UPPER + UPPER, range->end);
		skip = !memory_touched(&run->memory, addr, stop);
		for (addr -= addr % COARSE; !skip && addr < stop; addr += COARSE, nr++)
			if (touched && memory_touched(&run->memory, addr,
						      addr + COARSE))
				damon_note_touched(touched, addr, addr + COARSE);
	}
	run->entries += nr;
	return nr;
}

static unsigned int arm_coarse(void *arg,
			       const struct damon_addr_range *range)
{
	return visit_coarse(arg, range, NULL);
}

static unsigned int look_coarse(void *arg,
				const struct damon_addr_range *range,
				struct damon_touched *touched)
{
	return visit_coarse(arg, range, touched);
}

/* Where anything is accessed now and then, all has been since the last sweep. */
static unsigned int arm_fine(void *arg, const struct damon_addr_range *range,
			     unsigned long *bits)
{
	unsigned int i, nr = (range->end - range->start) / FINE;
	struct run *run = arg;

	for (i = 0; i < nr; i++) {
		uint64_t addr = range->start + i * FINE;

		if (run->c->noise ||
		    memory_touched(&run->memory, addr, addr + FINE))
			__set_bit(i, bits);
	}
	run->entries += nr;
	return nr;
}

static unsigned int look_fine(void *arg,
			      const struct damon_addr_range *range,
			      unsigned long *bits)
{
	struct run *run = arg;
	unsigned int i, nr = 0;

	for_each_set_bit(i, bits, (range->end - range->start) / FINE) {
		uint64_t addr = range->start + i * FINE;

		if (!memory_touched(&run->memory, addr, addr + FINE))
			__clear_bit(i, bits);
		nr++;
	}
	run->entries += nr;
	return nr;
}

static const struct damon_sight sight = {
	.fine = FINE,
	.arm_coarse = arm_coarse,
	.look_coarse = look_coarse,
	.arm_fine = arm_fine,
	.look_fine = look_fine,
};

/* What the sample of a dormant region sees in all of its intervals. */
static enum damon_answer last_answer(struct run *run, const struct damon_region *r,
				     unsigned int span)
{
	enum damon_answer found = answer(run, r->sampling_addr);
	unsigned int i;

	for (i = 1; i < span && found == DAMON_NOT_ACCESSED; i++)
		found = answer(run, r->sampling_addr);
	return found;
}

/* The sample that was begun for a region, if any.  Most stay at their pages. */
static void finish_sample(struct run *run, struct damon_round *round,
			  struct damon_region *r)
{
	bool pending = damon_sample_pending(r);
	bool dormant = pending && damon_round_dormant(round, r);

	if (r->sampling_addr == DAMON_NO_SAMPLE_YET)
		return;
	if (dormant || !round->stay || !pending)
		r->sampling_addr = damon_rand(run->ctx, r->ar.start, r->ar.end);
	damon_round_count(round, target_of(run->ctx), r,
			  dormant ? last_answer(run, r, round->span) :
			  answer(run, r->sampling_addr));
	run->samples++;
}

/* One interval: a page of every region whose turn it is. */
static void sample(struct run *run)
{
	struct damon_target *t = target_of(run->ctx);
	uint64_t before = run->samples;
	struct damon_round round;
	struct damon_region *r;

	if (run->c->above)
		damon_sweep_look(run->ctx, t, &sight, run);
	damon_round_prepare(&round, run->ctx);
	damon_round_begin(&round, t);
	round.stay &= run->c->stay;
	round.surprised |= !run->c->rest;
	if (!run->c->dormant)
		round.span = 1;
	if (!run->c->steady)
		round.steady_span = 1;
	damon_for_each_region(r, t) {
		if (damon_round_skips(&round, r))
			continue;
		finish_sample(run, &round, r);
		if (damon_round_rests(&round, r))
			r->sampling_addr = DAMON_NO_SAMPLE_YET;
		else if (r->sampling_addr == DAMON_NO_SAMPLE_YET)
			r->sampling_addr = DAMON_NO_SAMPLE;
	}
	damon_round_end(&round, t);
	if (run->c->above)
		damon_sweep_arm(run->ctx, t, &sight, run);
	run->max_samples = max(run->max_samples, run->samples - before);
	run->ticks++;
}

/* The same where regions take turns. */
static void sample_in_turns(struct run *run)
{
	struct damon_target *t = target_of(run->ctx);
	struct damon_turns turns;
	struct damon_region *r;
	uint64_t nr = 0;

	damon_turns_next(&turns, run->ctx, run->now);
	if (!run->c->steady)
		turns.span = 1;
	damon_for_each_region(r, t) {
		if (!damon_turns_take(&turns, r))
			continue;
		r->sampling_addr = damon_rand(run->ctx, r->ar.start, r->ar.end);
		damon_turns_count(&turns, t, r, answer(run, r->sampling_addr));
		nr++;
	}
	run->samples += nr;
	run->max_samples = max(run->max_samples, nr);
	run->ticks++;
}

/* the figures */

static void note_phase(struct run *run)
{
	double end = run->now - run->phase_start;

	/* what is not found counts as found at the end of the phase */
	if (!run->found)
		run->found_sum += end / 1e9;
	run->found = false;
	run->phase_start = run->now;
}

static void score_window(struct run *run)
{
	unsigned int half = (damon_max_nr_accesses(&run->ctx->attrs) + 1) / 2;
	uint64_t found = 0, both = 0, truth;
	struct damon_region *r;
	double f1;

	truth = memory_hot(&run->memory, 0, UINT64_MAX);
	damon_for_each_region(r, target_of(run->ctx)) {
		if (r->nr_accesses < half)
			continue;
		found += damon_sz_region(r);
		both += memory_hot(&run->memory, r->ar.start, r->ar.end);
	}
	f1 = 2.0 * both / (found + truth);
	run->f1 += f1;
	run->precision += found ? (double)both / found : 0;
	run->recall += (double)both / truth;
	run->regions += damon_nr_regions(target_of(run->ctx));
	run->windows++;
	if (f1 >= 0.9 && !run->found) {
		run->found = true;
		run->found_sum += (run->now - run->phase_start) / 1e9;
	}
	if (run->trace)
		fprintf(run->trace, "%.3f s: F1 %.3f, %u regions\n", run->now / 1e9,
			f1, damon_nr_regions(target_of(run->ctx)));
}

static void trace_regions(struct run *run)
{
	struct damon_region *r;

	damon_for_each_region(r, target_of(run->ctx))
		fprintf(run->trace, "  %#lx-%#lx %9lu KiB: %u, age %u%s\n",
			r->ar.start, r->ar.end, damon_sz_region(r) >> 10,
			r->nr_accesses, r->age,
			memory_hot(&run->memory, r->ar.start, r->ar.end) ?
			", hot" : "");
}

static uint64_t cell_addr(const struct run *run, unsigned int cell)
{
	return run->memory.start + (2 * cell + 1) * (run->c->space / CELLS / 2);
}

static void score_rates(struct run *run)
{
	double full = damon_max_nr_accesses(&run->ctx->attrs);
	struct damon_region *r = damon_first_region(target_of(run->ctx));
	unsigned int cell;

	for (cell = 0; cell < CELLS; cell++) {
		while (r->ar.end <= cell_addr(run, cell))
			r = damon_next_region(r);
		run->rates[cell] += r->nr_accesses / full;
	}
	if (++run->error_windows < ERROR_WINDOWS)
		return;
	for (cell = 0; cell < CELLS; cell++) {
		double truth = memory_rate(&run->memory, cell_addr(run, cell)) / 1e4;
		double error = run->rates[cell] / ERROR_WINDOWS - truth;

		run->error += fabs(error) / CELLS;
		run->bias += error / CELLS;
		run->rates[cell] = 0;
	}
	run->nr_errors++;
	run->error_windows = 0;
}

static void forget_rates(struct run *run)
{
	memset(run->rates, 0, sizeof(run->rates));
	run->error_windows = 0;
}

/* the schedule */

static void end_window(struct run *run)
{
	damon_close_window(run->ctx);
	score_window(run);
	score_rates(run);
	if (run->trace)
		trace_regions(run);
	damon_open_window(run->ctx);
	if (!run->c->spots)
		damon_forget_spots(target_of(run->ctx));
	damon_split_regions(run->ctx);
}

static struct sim_result result_of(const struct run *run)
{
	double w = run->windows, e = run->nr_errors;
	struct sim_result result = { {
		[F1] = run->f1 / w,
		[PRECISION] = run->precision / w,
		[RECALL] = run->recall / w,
		[FOUND] = run->found_sum / run->c->phases,
		[REGIONS] = run->regions / w,
		[SAMPLES] = (double)run->samples / run->ticks,
		[MAX_SAMPLES] = run->max_samples,
		[ENTRIES] = (double)run->entries / run->ticks,
		[ERROR] = run->error / e,
		[BIAS] = run->bias / e,
	} };

	return result;
}

struct sim_result sim_run(const struct sim_case *c, uint64_t seed, FILE *trace)
{
	struct run *run = calloc(1, sizeof(*run));
	uint64_t end = c->period * c->phases * 1000, window_end = c->aggr * 1000;
	struct sim_result result;

	run->c = c;
	run->trace = trace;
	memory_init(&run->memory, c, seed);
	set_up(run, seed);
	while (run->now < end) {
		run->now += c->sample * 1000;
		run->ctx->now = run->now;
		run->ctx->next_aggregation_ns = window_end;
		if (run->now < end && memory_advance(&run->memory, run->now)) {
			note_phase(run);
			forget_rates(run);
		}
		if (run->c->turns)
			sample_in_turns(run);
		else
			sample(run);
		if (run->now >= window_end) {
			window_end += c->aggr * 1000;
			end_window(run);
		}
	}
	note_phase(run);
	result = result_of(run);
	free_ctx(run->ctx);
	free(run);
	return result;
}
