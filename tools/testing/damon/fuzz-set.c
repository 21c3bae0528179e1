// SPDX-License-Identifier: GPL-2.0
/*
 * Regions of a target: set to ranges, cut, merged, and cut to size, with and without
 * memory.  What they cover is compared with a map of addresses.
 */
#include "fuzz.h"

#define SPACE		512U
#define MAX_RANGES	6

struct state {
	struct damon_ctx *ctx;
	struct damon_target *t;
	unsigned long base;		/* of SPACE addresses */
	bool covered[SPACE];
};

/* What a region was, to find it again. */
struct was {
	struct damon_addr_range ar;
	unsigned int nr_accesses, age, rate, worth;
};

struct picture {
	struct was was[SPACE];
	unsigned int nr;
};

static void take_picture(struct damon_target *t, struct picture *picture)
{
	struct damon_region *r;

	picture->nr = 0;
	damon_for_each_region(r, t)
		picture->was[picture->nr++] = (struct was){
			r->ar, r->nr_accesses, r->age, r->rate, r->worth };
}

static bool looks_like(struct damon_target *t, const struct picture *picture)
{
	static struct picture now;

	take_picture(t, &now);
	return now.nr == picture->nr &&
		!memcmp(now.was, picture->was, now.nr * sizeof(*now.was));
}

static void check(struct state *s)
{
	bool covered[SPACE] = {};
	struct damon_region *r;

	damon_check_sanity(s->ctx);
	MUST(shim_live_objects() == damon_nr_regions(s->t));
	damon_for_each_region(r, s->t) {
		MUST(r->ar.start >= s->base && r->ar.end - s->base <= SPACE);
		memset(covered + (r->ar.start - s->base), true, damon_sz_region(r));
	}
	MUST(!memcmp(covered, s->covered, SPACE));
}

/* To a multiple of @grain, inside of the space and of the address space. */
static unsigned long outer_end(const struct damon_addr_range *range, unsigned long grain)
{
	unsigned long down = range->end - range->end % grain;

	return down == range->end || down > ULONG_MAX - grain ? down : down + grain;
}

static bool valid(const struct damon_addr_range *ranges, unsigned int nr, unsigned long grain)
{
	unsigned long last = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unsigned long start = ranges[i].start - ranges[i].start % grain;
		unsigned long end = outer_end(&ranges[i], grain);

		if (ranges[i].start > ranges[i].end || start >= end || start < last)
			return false;
		last = end;
	}
	return true;
}

/* A region was in one range and in no other one. */
static bool is_of_one(const struct was *was, const struct damon_addr_range *ranges,
		      unsigned int nr, unsigned long grain)
{
	unsigned int i, nr_in = 0;

	for (i = 0; i < nr; i++)
		nr_in += was->ar.end > ranges[i].start &&
			was->ar.start < min(ranges[i].end, outer_end(&ranges[i], grain));
	return nr_in == 1;
}

/* What was in one of the ranges is still known. */
static void check_kept(struct state *s, const struct picture *before,
		       const struct damon_addr_range *ranges, unsigned int nr)
{
	struct damon_region *r = damon_first_region_or_null(s->t);
	unsigned int i;

	for (i = 0; i < before->nr; i++) {
		const struct was *was = &before->was[i];

		if (!is_of_one(was, ranges, nr, s->ctx->min_region_sz))
			continue;
		while (r && (r->ar.end <= was->ar.start || r->nr_accesses != was->nr_accesses ||
			     r->age != was->age || r->rate != was->rate ||
			     r->worth != was->worth))
			r = damon_region_behind(r, s->t);
		MUST(r && r->ar.start < was->ar.end);
	}
}

static void set(struct state *s, struct input *in)
{
	static struct picture before;
	unsigned long live = shim_live_objects(), grain = s->ctx->min_region_sz;
	unsigned int nr = take_below(in, MAX_RANGES + 1), i;
	struct damon_addr_range ranges[MAX_RANGES];
	int err;

	for (i = 0; i < nr; i++) {
		ranges[i].start = s->base + take_below(in, SPACE);
		ranges[i].end = s->base + take_below(in, SPACE);
		/* order is what most inputs would lack */
		if (i && ranges[i].start < ranges[i - 1].end && take_bool(in))
			ranges[i].start = ranges[i - 1].end;
		if (ranges[i].end < ranges[i].start && take_bool(in))
			swap(ranges[i].start, ranges[i].end);
		if (outer_end(&ranges[i], grain) - s->base > SPACE)
			return;
	}
	take_picture(s->t, &before);
	err = damon_set_regions(s->t, ranges, nr, grain);
	MUST(err == -EINVAL ? !valid(ranges, nr, grain) : valid(ranges, nr, grain));
	if (err) {
		MUST(looks_like(s->t, &before) && shim_live_objects() == live);
		return;
	}
	memset(s->covered, false, SPACE);
	for (i = 0; i < nr; i++) {
		unsigned long start = ranges[i].start - ranges[i].start % grain;

		memset(s->covered + (start - s->base), true,
		       outer_end(&ranges[i], grain) - start);
	}
	check_kept(s, &before, ranges, nr);
}

static struct damon_region *pick(struct state *s, struct input *in)
{
	struct damon_region *r = damon_first_region_or_null(s->t);
	unsigned int i;

	for (i = r ? take_below(in, damon_nr_regions(s->t)) : 0; i; i--)
		r = damon_region_behind(r, s->t);
	return r;
}

static void split(struct state *s, struct input *in)
{
	struct damon_region *r = pick(s, in), *right;
	struct damon_region was;

	if (!r || damon_sz_region(r) < 2)
		return;
	was = *r;
	right = damon_split_region_at(s->t, r,
				      1 + take_below(in, damon_sz_region(r) - 1));
	if (!right) {
		MUST(!memcmp(&was, r, sizeof(was)));
		return;
	}
	MUST(r->ar.start == was.ar.start && right->ar.end == was.ar.end);
	MUST(right->nr_accesses == was.nr_accesses && right->age == was.age &&
	     right->rate == was.rate && right->worth == was.worth &&
	     right->nr_samples == was.nr_samples && right->untouched == was.untouched &&
	     right->looked == was.looked);
	/* its sample goes on in one of both */
	MUST(damon_sample_pending(&was) ==
	     damon_sample_pending(r) + damon_sample_pending(right));
}

static bool between(unsigned int value, unsigned int a, unsigned int b)
{
	return min(a, b) <= value && value <= max(a, b);
}

static void merge(struct state *s, struct input *in)
{
	struct damon_region *left = pick(s, in), *right, a, b;

	right = left ? damon_region_behind(left, s->t) : NULL;
	if (!right || left->ar.end != right->ar.start)
		return;
	a = *left;
	b = *right;
	damon_merge_two_regions(s->t, left, right);
	MUST(left->ar.start == a.ar.start && left->ar.end == b.ar.end);
	MUST(between(left->nr_accesses, a.nr_accesses, b.nr_accesses));
	MUST(between(left->nr_samples, a.nr_samples, b.nr_samples));
	MUST(between(left->rate, a.rate, b.rate));
	MUST(between(left->age, a.age, b.age));
	MUST(left->worth == max(a.worth + 0U, b.worth + 0U));
	MUST(!left->untouched == !(a.untouched && b.untouched));
	/* some do not become none */
	MUST(!left->nr_accesses == !(a.nr_accesses || b.nr_accesses));
	MUST(!left->rate == !(a.rate || b.rate));
}

/* As if windows had shown anything. */
static void know(struct state *s, struct input *in)
{
	unsigned int window = damon_max_nr_accesses(&s->ctx->attrs);
	struct damon_region *r = pick(s, in);

	if (!r)
		return;
	r->nr_samples = take_below(in, window + 1);
	r->nr_accesses = take_below(in, r->nr_samples + 1);
	r->rate = min_t(u64, take_any(in, 20), DAMON_FULL_RATE);
	r->worth = take_below(in, DAMON_MAX_WORTH + 1);
	r->age = take_any(in, 32);
	r->untouched = take_bool(in);
	r->looked = r->untouched;
	r->sampling_addr = take_bool(in) ? DAMON_NO_SAMPLE :
		r->ar.start + take_below(in, damon_sz_region(r));
}

static void enforce(struct state *s, struct input *in)
{
	unsigned long limit, grain = s->ctx->min_region_sz;
	struct damon_region *r;

	s->ctx->attrs.min_nr_regions = 3 + take_below(in, 100);
	limit = damon_region_sz_limit(s->ctx);
	shim_fail_after(ULONG_MAX);
	damon_enforce_min_nr_regions(s->ctx);
	MUST(s->ctx->region_sz_limit == limit && limit >= grain && !(limit % grain));
	damon_for_each_region(r, s->t)
		MUST(damon_sz_region(r) <= limit);
}

static void cut(struct state *s, struct input *in)
{
	struct damon_cutter c = {
		.ctx = s->ctx, .t = s->t, .r = damon_first_region_or_null(s->t),
		.room = take_below(in, 8), .forgets = take_bool(in),
	};
	unsigned long addr = s->base + take_below(in, SPACE);
	unsigned int nr = damon_nr_regions(s->t), room = c.room, done = 0, i;

	for (i = take_below(in, 8); i; i--) {
		done += damon_cut_at(&c, addr);
		addr += min(take(in), (unsigned int)(ULONG_MAX - addr));
	}
	MUST(done <= room && c.room == room - done);
	MUST(damon_nr_regions(s->t) == nr + done);
}

static void fuzz(struct input *in)
{
	static void (*const steps[])(struct state *s, struct input *in) = {
		set, split, merge, know, enforce, cut,
	};
	struct state s = { .ctx = make_ctx(1) };

	s.t = target_of(s.ctx);
	s.base = take_bool(in) ? 0 : -(unsigned long)SPACE;
	while (has_more(in)) {
		unsigned int step = take(in);

		s.ctx->min_region_sz = 1UL << (step >> 5);
		if (take_below(in, 8) == 7)
			shim_fail_after(take_below(in, 8));
		steps[step % ARRAY_SIZE(steps)](&s, in);
		shim_fail_after(ULONG_MAX);
		check(&s);
	}
	free_ctx(s.ctx);
}
