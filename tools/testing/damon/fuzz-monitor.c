// SPDX-License-Identifier: GPL-2.0
/*
 * A whole monitor: looks, windows, cuts, sweeps and TLB flushes, while memory, attributes
 * and regions change in between.  What was made old must be looked at or given back, no
 * access may be made up, and no region get lost.
 */
#include "fuzz.h"

#define FINE		16UL
#define COARSE		(32 * FINE)
#define NR_FINE		640U
#define NR_COARSE	(NR_FINE * FINE / COARSE)
#define SPACE		(NR_FINE * FINE)
#define CELL		(SPACE / 64)
#define MAX_TARGETS	3

/* The memory of a target. */
struct memory {
	unsigned long base;
	u64 hot;		/* a bit for each cell */
	bool ever_hot;
	bool blind, opaque;
	bool old_fine[NR_FINE], old_coarse[NR_COARSE];
	u64 sz;			/* of all regions */
	u64 cpu_ns;
};

struct state {
	struct damon_ctx *ctx;
	struct memory memory[MAX_TARGETS];
	unsigned int nr;
};

static struct state *current;

static struct memory *memory_of(struct damon_target *t)
{
	struct memory *m = current->memory;
	struct damon_target *iter;

	damon_for_each_target(iter, current->ctx) {
		if (iter == t)
			return m;
		m++;
	}
	abort();
}

static bool is_hot(const struct memory *m, unsigned long start, unsigned long sz)
{
	unsigned long i, last = (start + sz - 1 - m->base) / CELL;

	for (i = (start - m->base) / CELL; i <= last; i++)
		if (m->hot >> i & 1)
			return true;
	return false;
}

/* Entries of @sz that a range touches, from the first one to the one behind the last. */
static void entries(const struct memory *m, const struct damon_addr_range *range,
		    unsigned long sz, unsigned int *first, unsigned int *last)
{
	MUST(range->start < range->end);
	MUST(range->start >= m->base && range->end <= m->base + SPACE);
	*first = (range->start - m->base) / sz;
	*last = (range->end - 1 - m->base) / sz + 1;
}

static unsigned int arm_coarse(void *arg, const struct damon_addr_range *range)
{
	struct memory *m = arg;
	unsigned int i, first, last;

	entries(m, range, COARSE, &first, &last);
	for (i = first; i < last; i++) {
		/* who visits one twice gives its bit back */
		MUST(!m->old_coarse[i]);
		m->old_coarse[i] = true;
	}
	return last - first;
}

static unsigned int look_coarse(void *arg, const struct damon_addr_range *range,
				struct damon_touched *touched)
{
	struct memory *m = arg;
	unsigned int i, first, last;

	entries(m, range, COARSE, &first, &last);
	for (i = first; i < last; i++) {
		unsigned long addr = m->base + i * COARSE;

		MUST(m->old_coarse[i]);
		m->old_coarse[i] = false;
		if (!m->blind && is_hot(m, addr, COARSE))
			damon_note_touched(touched, addr, addr + COARSE);
	}
	return last - first;
}

static void piece(const struct memory *m, const struct damon_addr_range *range,
		  unsigned int *first, unsigned int *last)
{
	entries(m, range, FINE, first, last);
	MUST(!(range->start % FINE) && !(range->end % FINE));
	MUST(*last - *first <= DAMON_SWEEP_PIECE);
}

/* In turns, all had been accessed before, or what is hot only. */
static unsigned int arm_fine(void *arg, const struct damon_addr_range *range,
			     unsigned long *bits)
{
	struct memory *m = arg;
	unsigned int i, first, last;

	piece(m, range, &first, &last);
	for (i = first; i < last; i++) {
		MUST(!m->old_fine[i]);
		if (!(current->ctx->nr_windows & 1) || is_hot(m, m->base + i * FINE, FINE))
			__set_bit(i - first, bits);
		m->old_fine[i] = test_bit(i - first, bits);
	}
	return last - first;
}

static unsigned int look_fine(void *arg, const struct damon_addr_range *range,
			      unsigned long *bits)
{
	struct memory *m = arg;
	unsigned int i, first, last, nr = 0;

	piece(m, range, &first, &last);
	for (i = first; i < last; i++) {
		MUST(m->old_fine[i] == test_bit(i - first, bits));
		nr += m->old_fine[i];
		m->old_fine[i] = false;
		if (m->blind || !is_hot(m, m->base + i * FINE, FINE))
			__clear_bit(i - first, bits);
	}
	return nr;
}

static void give_back(struct damon_target *t, const struct damon_addr_range *range,
		      unsigned long *bits)
{
	struct memory *m = memory_of(t);
	unsigned int i, first, last;

	if (!bits) {
		entries(m, range, COARSE, &first, &last);
		for (i = first; i < last; i++) {
			MUST(m->old_coarse[i]);
			m->old_coarse[i] = false;
		}
		return;
	}
	piece(m, range, &first, &last);
	for (i = first; i < last; i++) {
		MUST(m->old_fine[i] == test_bit(i - first, bits));
		m->old_fine[i] = false;
	}
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

static bool any(const bool *old, unsigned int nr)
{
	while (nr--)
		if (*old++)
			return true;
	return false;
}

static void check_target(struct state *s, struct damon_target *t, struct memory *m)
{
	unsigned int window = damon_max_nr_accesses(&s->ctx->attrs);
	struct damon_region *r;
	u64 sz = 0;

	damon_for_each_region(r, t) {
		sz += damon_sz_region(r);
		MUST(damon_nr_accesses_mvsum(r, s->ctx) <= window);
		MUST(!r->untouched || !r->nr_accesses);
		/* accesses are never made up */
		if (!m->ever_hot)
			MUST(!r->nr_accesses && !r->rate && !r->nr_accesses_bp);
		if (m->opaque)
			MUST(!damon_region_known(r));
	}
	MUST(sz == m->sz);
	MUST(!t->spots.nr || m->ever_hot);
}

static void check(struct state *s)
{
	struct memory *m = s->memory;
	struct damon_target *t;

	damon_check_sanity(s->ctx);
	damon_for_each_target(t, s->ctx)
		check_target(s, t, m++);
}

static enum damon_answer answer(const struct memory *m, unsigned long addr)
{
	if (m->opaque)
		return DAMON_UNKNOWN;
	return is_hot(m, addr, 1) ? DAMON_ACCESSED : DAMON_NOT_ACCESSED;
}

/* As an operations set does. */
static void sample(struct damon_looks *looks, struct damon_region *r, struct damon_target *t,
		   const struct memory *m, enum damon_reach_step step)
{
	unsigned int hits = r->nr_accesses, samples = r->nr_samples;

	if (damon_look_lasts(looks, r))
		return;
	if (damon_sample_pending(r) && step != DAMON_REACH_FLUSH)
		damon_look_count(looks, t, r, answer(m, r->sampling_addr));
	damon_reach_note(t, DAMON_REACH_WATCH, r->nr_accesses > hits, r->nr_samples > samples);
	if (!damon_look_next(looks, r)) {
		r->sampling_addr = DAMON_NO_SAMPLE_YET;
		return;
	}
	r->sampling_addr = damon_rand(looks->ctx, r->ar.start, r->ar.end);
	damon_look_begins(looks, r);
}

static void look_at_suspects(struct damon_target *t, unsigned long end,
			     const struct memory *m)
{
	struct damon_spot *spot;

	while ((spot = damon_next_suspect(t, end))) {
		MUST(spot->addr < end);
		damon_look_again(t, spot, answer(m, spot->addr));
	}
}

static void tick_target(struct damon_looks *looks, struct damon_target *t, struct memory *m)
{
	bool rests = t->sweep && damon_sweep_rests(looks->ctx, t);
	enum damon_reach_step step;
	struct damon_region *r;

	if (t->reach.window_opens)
		damon_reach_begin(t, m->cpu_ns, looks->ctx->now, looks->window);
	step = damon_reach_step(t);
	if (!rests)
		damon_sweep_look(looks->ctx, t, &sight, m);
	damon_looks_of_target(looks);
	if (step != DAMON_REACH_SKIP) {
		damon_begin_suspects(t, looks->turn);
		damon_for_each_region(r, t) {
			look_at_suspects(t, r->ar.end, m);
			sample(looks, r, t, m, step);
		}
	}
	if (step != DAMON_REACH_WATCH)
		damon_reach_judge(t, step, t->reach.nr_hits);
	if (looks->surprised)
		damon_sweep_surprise(t);
	if (!rests)
		damon_sweep_arm(looks->ctx, t, &sight, m);
}

static void tick(struct state *s)
{
	struct memory *m = s->memory;
	struct damon_looks looks;
	struct damon_target *t;

	s->ctx->now += s->ctx->attrs.sample_interval;
	damon_looks_begin(&looks, s->ctx);
	damon_for_each_target(t, s->ctx) {
		m->ever_hot |= m->hot;
		tick_target(&looks, t, m++);
	}
	check(s);
}

static void ticks(struct state *s, struct input *in)
{
	unsigned int i;

	for (i = 1 + take_below(in, 8); i; i--)
		tick(s);
}

static void end_window(struct state *s, struct input *in)
{
	unsigned long max_nr = s->ctx->attrs.max_nr_regions;
	struct damon_target *t;
	struct damon_region *r;
	unsigned int nr;

	damon_close_window(s->ctx);
	damon_for_each_target(t, s->ctx)
		damon_for_each_region(r, t)
			MUST(r->nr_accesses <= damon_max_nr_accesses(&s->ctx->attrs));
	damon_check_sanity(s->ctx);
	damon_open_window(s->ctx);
	s->ctx->next_aggregation_ns = s->ctx->now + s->ctx->attrs.aggr_interval;
	nr = damon_nr_all_regions(s->ctx);
	damon_cut_regions(s->ctx);
	MUST(damon_nr_all_regions(s->ctx) <= max(nr, max_nr));
	MUST(damon_nr_all_regions(s->ctx) <= nr + damon_room(s->ctx));
	/* but for suspects that wait for the next flush */
	damon_for_each_target(t, s->ctx)
		for (nr = 0; nr < t->spots.nr; nr++)
			MUST(t->reach.silent && t->spots.spots[nr].chance);
}

static void heat(struct state *s, struct input *in)
{
	struct memory *m = &s->memory[take_below(in, s->nr)];
	unsigned int kind = take(in);

	m->hot = take_any(in, 64);
	m->blind = kind & 1;
	m->cpu_ns += kind << 10;
	/* a page that comes and goes */
	if (kind & 2)
		m->hot ^= 1ULL << take_below(in, 64);
}

/* Some of the memory goes, other is new. */
static void update(struct state *s, struct input *in)
{
	unsigned int i = take_below(in, s->nr), nr = take_below(in, 5), j;
	struct memory *m = &s->memory[i];
	unsigned long pos = m->base, end = m->base + SPACE;
	struct damon_addr_range ranges[4];
	struct damon_target *t;
	u64 sz = 0;

	for (j = 0; j < nr && pos < end; j++) {
		ranges[j].start = min(pos + take(in) * 2 * FINE, end - 1);
		ranges[j].end = min(ranges[j].start + 1 + take_bytes(in, 2) % (SPACE / 2), end);
		ranges[j].start -= ranges[j].start % s->ctx->min_region_sz;
		ranges[j].end += s->ctx->min_region_sz - 1;
		ranges[j].end -= ranges[j].end % s->ctx->min_region_sz;
		sz += ranges[j].end - ranges[j].start;
		pos = ranges[j].end;
	}
	damon_for_each_target(t, s->ctx)
		if (!i--)
			break;
	if (damon_set_regions(t, ranges, j, s->ctx->min_region_sz))
		return;
	m->sz = sz;
	/* nobody would find it any more */
	MUST(!any(m->old_coarse, NR_COARSE));
}

static void attrs(struct state *s, struct input *in)
{
	struct damon_attrs new = s->ctx->attrs;
	unsigned int kind = take(in);

	if (kind & 1)
		new.sample_interval = 1 + take_any(in, 20);
	if (kind & 2)
		new.aggr_interval = new.sample_interval * take(in);
	if (kind & 4)
		new.min_nr_regions = take(in);
	if (kind & 8)
		new.max_nr_regions = take_bytes(in, 2);
	if (kind & 16)
		new.intervals_goal.aggrs = take_below(in, 4);
	if (kind & 32)
		new.intervals_goal.access_bp = take_any(in, 14);
	new.intervals_goal.max_sample_us = ULONG_MAX >> (kind & 64 ? 40 : 0);
	new.aggr_samples = 0;
	damon_set_attrs(s->ctx, &new);
}

static void tune(struct state *s, struct input *in)
{
	damon_note_observed(s->ctx);
	damon_tune_intervals(s->ctx, take_any(in, 40));
	MUST(!damon_check_attrs(&s->ctx->attrs));
}

/* Somebody gives up what is under way. */
static void forget(struct state *s, struct input *in)
{
	struct memory *m = s->memory;
	unsigned int kind = take(in);
	struct damon_target *t;

	damon_for_each_target(t, s->ctx) {
		if (kind & 1)
			damon_forget_target(t);
		if (kind & 2)
			damon_sweep_leave(t);
		if (kind & 4)
			damon_sweep_skip(t);
		if (kind & 3)
			MUST(!any(m->old_coarse, NR_COARSE));
		if (kind & 1)
			MUST(!any(m->old_fine, NR_FINE));
		m++;
	}
	if (kind & 8)
		damon_drop_samples(s->ctx);
	if (kind & 16)
		damon_forget_samples(s->ctx);
}

static void begin(struct state *s, struct input *in)
{
	unsigned int kind = take(in), i;

	*s = (struct state){ .ctx = make_ctx(kind), .nr = 1 + kind % MAX_TARGETS };
	current = s;
	s->ctx->min_region_sz = kind & 8 ? FINE : 1;
	s->ctx->attrs.sample_interval = 1;
	s->ctx->attrs.aggr_interval = 1 + take_below(in, 64);
	s->ctx->attrs.min_nr_regions = 3 + take_below(in, 16);
	s->ctx->attrs.max_nr_regions = s->ctx->attrs.min_nr_regions + take(in);
	s->ctx->next_aggregation_ns = ULONG_MAX;
	for (i = 0; i < s->nr; i++) {
		struct damon_target *t = i ? make_target(s->ctx) : target_of(s->ctx);
		struct memory *m = &s->memory[i];

		m->base = kind & 16 ? ULONG_MAX - SPACE - COARSE + 1 : i * SPACE;
		m->opaque = i == 2;
		m->sz = SPACE;
		add(t, m->base, m->base + SPACE, 0);
	}
}

static void fuzz(struct input *in)
{
	static void (*const steps[])(struct state *s, struct input *in) = {
		ticks, end_window, heat, ticks, end_window, update, attrs, forget, tune,
	};
	static struct state s;
	struct memory *m;

	begin(&s, in);
	while (has_more(in)) {
		unsigned int step = take(in);

		if (step >> 4 == 15)
			shim_fail_after(take_below(in, 16));
		steps[(step & 15) % ARRAY_SIZE(steps)](&s, in);
		shim_fail_after(ULONG_MAX);
		check(&s);
	}
	damon_forget_samples(s.ctx);
	for (m = s.memory; m < s.memory + s.nr; m++)
		MUST(!any(m->old_coarse, NR_COARSE) && !any(m->old_fine, NR_FINE));
	free_ctx(s.ctx);
}
