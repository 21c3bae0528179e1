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
#include "../../../mm/damon/cutting.h"
#include "../../../mm/damon/looking.h"
#include "../../../mm/damon/sweep.h"
#include "../../../mm/damon/window.h"

#include "sim.h"
#include "sim-record.h"
#include "test.h"

/* Parts of the space in which the error of access rates is measured. */
#define CELLS		1000
#define ERROR_WINDOWS	10

struct run {
	const struct sim_case *c;
	struct memory memory;
	struct record *rec;		/* instead of it */
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
	double sq, var, dup;
};

static bool accessed(struct run *run, unsigned long addr)
{
	return run->rec ? record_accessed(run->rec, addr) :
		memory_accessed(&run->memory, addr);
}

static bool touched(struct run *run, unsigned long start, unsigned long end,
		    uint64_t unmarked)
{
	if (rnd_in(&run->memory.rng, 0, 10000) < unmarked)
		return false;
	return run->rec ? record_touched(run->rec, start, end) :
		memory_touched(&run->memory, start, end);
}

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
	if (run->rec) {
		unsigned int nr = record_areas(run->rec, ranges);

		if (damon_set_regions(target_of(ctx), ranges, nr, c->grain))
			abort();
	} else if (damon_set_regions(target_of(ctx), c->process ? ranges : ranges + 1,
			      c->process ? 3 : 1, c->grain))
		abort();
	damon_enforce_min_nr_regions(ctx);
	run->ctx = ctx;
}

static enum damon_answer answer(struct run *run, unsigned long addr)
{
	if (run->c->unknown && rnd_in(&run->memory.rng, 0, 10000) < run->c->unknown)
		return DAMON_UNKNOWN;
	return accessed(run, addr) ? DAMON_ACCESSED :
		DAMON_NOT_ACCESSED;
}

/* upper page table levels, as x86 has them */

#define COARSE		0x40000000ULL
#define FINE		0x200000ULL

/* Goes through the coarse entries of a range.  Returns the number of entries. */
static unsigned int visit_coarse(struct run *run,
				 const struct damon_addr_range *range,
				 struct damon_touched *seen)
{
	uint64_t addr = range->start - range->start % COARSE;
	unsigned int nr = 0;

	for (; addr < range->end; addr += COARSE, nr++)
		if (seen && touched(run, addr, addr + COARSE, run->c->coarse_unmarked))
			damon_note_touched(seen, addr, addr + COARSE);
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
				struct damon_touched *seen)
{
	return visit_coarse(arg, range, seen);
}

static unsigned int arm_fine(void *arg, const struct damon_addr_range *range,
			     unsigned long *bits)
{
	unsigned int i, nr = (range->end - range->start) / FINE;
	struct run *run = arg;

	for (i = 0; i < nr; i++) {
		uint64_t addr = range->start + i * FINE;

		/* that of a table is young since somebody looked at it before */
		if (run->rec ? record_populated(run->rec, addr, addr + FINE) :
		    addr < run->memory.end && addr + FINE > run->memory.start)
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

		if (!touched(run, addr, addr + FINE, run->c->fine_unmarked))
			__clear_bit(i, bits);
		nr++;
	}
	run->entries += nr;
	return nr;
}

/* Entries have no state here. */
static void give_back(struct damon_target *t, const struct damon_addr_range *range,
		      unsigned long *bits)
{
}

static const struct damon_sight sight = {
	.fine = FINE,
	.coarse = COARSE,
	.arm_coarse = arm_coarse,
	.look_coarse = look_coarse,
	.arm_fine = arm_fine,
	.look_fine = look_fine,
	.give_back = give_back,
};

/* What a sample sees that lasts. */
static enum damon_answer last_answer(struct run *run, unsigned long addr,
				     unsigned int span)
{
	enum damon_answer found = answer(run, addr);

	while (--span && found == DAMON_NOT_ACCESSED)
		found = answer(run, addr);
	return found;
}

/* The sample that was begun for a region, if any, and whether there is to be a next one. */
static void sample_region(struct run *run, struct damon_looks *looks,
			  struct damon_region *r)
{
	unsigned int span = damon_is_idle(r) ? damon_look_span(looks, r) : 1;

	if (damon_look_lasts(looks, r))
		return;
	if (r->sampling_addr != DAMON_NO_SAMPLE_YET) {
		r->sampling_addr = damon_rand(run->ctx, r->ar.start, r->ar.end);
		damon_look_count(looks, target_of(run->ctx), r,
				 last_answer(run, r->sampling_addr, span));
		run->samples++;
	}
	r->sampling_addr = damon_look_next(looks, r) ? DAMON_NO_SAMPLE : DAMON_NO_SAMPLE_YET;
}

static void look_at_suspects(struct run *run, struct damon_target *t, unsigned int turn)
{
	struct damon_spot *spot;

	damon_begin_suspects(t, turn);
	while ((spot = damon_next_suspect(t, ULONG_MAX))) {
		damon_look_again(t, spot, answer(run, spot->addr));
		run->samples++;
	}
}

/* One interval. */
static void sample(struct run *run)
{
	struct damon_target *t = target_of(run->ctx);
	uint64_t before = run->samples;
	struct damon_looks looks;
	struct damon_region *r;

	damon_looks_begin(&looks, run->ctx);
	if (run->c->above)
		damon_sweep_look(run->ctx, t, &sight, run);
	look_at_suspects(run, t, looks.turn);
	damon_for_each_region(r, t)
		sample_region(run, &looks, r);
	if (looks.surprised)
		damon_sweep_surprise(t);
	if (run->c->above)
		damon_sweep_arm(run->ctx, t, &sight, run);
	run->max_samples = max(run->max_samples, run->samples - before);
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

/* Of pieces that are all of the memory: how much of what they differ by is told. */
static void score_pieces(struct run *run)
{
	struct damon_region *r = damon_first_region(target_of(run->ctx));
	double full = damon_max_nr_accesses(&run->ctx->attrs), mean = 0;
	const struct memory *m = &run->memory;
	unsigned int i;

	for (i = 0; i < m->nr_pieces; i++)
		mean += m->pieces[i].rate / 1e4 / m->nr_pieces;
	for (i = 0; i < m->nr_pieces; i++) {
		uint64_t at = m->pieces[i].start / 2 + m->pieces[i].end / 2;
		double truth = m->pieces[i].rate / 1e4, est;

		while (r->ar.end <= at)
			r = damon_next_region(r);
		est = r->nr_accesses / full;
		run->sq += (est - truth) * (est - truth);
		run->var += (truth - mean) * (truth - mean);
	}
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
	damon_check_sanity(run->ctx);
	if (run->rec) {
		run->regions += damon_nr_regions(target_of(run->ctx));
		run->windows++;
		record_score(run->rec, target_of(run->ctx),
			     damon_max_nr_accesses(&run->ctx->attrs));
	} else {
		score_window(run);
		score_rates(run);
		if (run->c->move == MOVE_ZIPF)
			score_pieces(run);
	}
	if (run->trace)
		trace_regions(run);
	damon_open_window(run->ctx);
	if (!run->c->spots)
		damon_forget_spots(target_of(run->ctx));
	damon_cut_regions(run->ctx);
	damon_check_sanity(run->ctx);
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
		[R2] = run->var ? 1 - run->sq / run->var : 0,
	} };

	if (run->rec) {
		struct record_score score = record_result(run->rec);

		result.figure[F1] = 2 * score.precision * score.recall /
			(score.precision + score.recall);
		result.figure[PRECISION] = score.precision;
		result.figure[RECALL] = score.recall;
		result.figure[R2] = score.r2;
		result.figure[R2_SECOND] = score.r2_second;
		result.figure[R2_BORDERS] = score.r2_borders;
		result.figure[SHORT_RECALL] = score.short_recall;
		result.figure[HOTTEST_ERROR] = score.hottest_error;
		result.figure[ERROR] = score.error;
		result.figure[FOUND] = 0;
	}
	return result;
}

/* Mappings come and go. */
static void follow(struct run *run)
{
	struct damon_addr_range areas[3];
	unsigned int nr = record_areas(run->rec, areas);

	if (damon_set_regions(target_of(run->ctx), areas, nr, run->c->grain))
		abort();
}

struct sim_result sim_run(const struct sim_case *c, uint64_t seed, FILE *trace)
{
	struct run *run = calloc(1, sizeof(*run));
	uint64_t end = c->period * c->phases * 1000, window_end = c->aggr * 1000;
	struct sim_result result;

	run->c = c;
	run->trace = trace;
	memory_init(&run->memory, c, seed);
	if (c->replay[0]) {
		run->rec = record_open(c->replay);
		end = record_slots(run->rec) * c->sample * 1000;
	}
	set_up(run, seed);
	while (run->now < end) {
		run->now += c->sample * 1000;
		run->ctx->now = run->now;
		run->ctx->next_aggregation_ns = window_end;
		if (run->rec) {
			if (run->now / 1000 / c->sample >= record_slots(run->rec))
				break;
			record_advance(run->rec, run->now / 1000 / c->sample);
			if (run->now % 1000000000 == 0)
				follow(run);
		} else if (run->now < end && memory_advance(&run->memory, run->now)) {
			note_phase(run);
			forget_rates(run);
		}
		sample(run);
		if (run->now >= window_end) {
			window_end += c->aggr * 1000;
			end_window(run);
		}
	}
	note_phase(run);
	result = result_of(run);
	if (run->rec)
		record_close(run->rec);
	free_ctx(run->ctx);
	free(run);
	return result;
}
