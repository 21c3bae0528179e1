// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of schemes and of probes: what they say about every piece of memory is compared
 * with the rules as documents have them.
 */
#include "fuzz.h"

#define SPACE		64U	/* grains */
#define MAX_FILTERS	6
#define NR_TYPES	6	/* of the memory that probes look at */

struct state {
	struct damos scheme;
	unsigned long base, grain;
	unsigned int target_idx;
};

static bool is_in_range(const struct state *s, const struct damos_filter *f, unsigned long addr)
{
	unsigned long from = f->addr_range.start / s->grain, to = f->addr_range.end / s->grain;

	return from <= addr / s->grain && addr / s->grain < to;
}

/* The first filter that an address matches decides, and else the opposite of the last. */
static enum damos_verdict expected(const struct state *s, unsigned long addr)
{
	const struct damos_filter *f;
	bool rejects_rest = false;

	damos_for_each_core_filter(f, &s->scheme) {
		bool is = f->type == DAMOS_FILTER_TYPE_ADDR ? is_in_range(s, f, addr) :
			f->target_idx == s->target_idx;

		if (is == f->matching)
			return f->allow ? DAMOS_ALLOW : DAMOS_REJECT;
		rejects_rest = f->allow;
	}
	return rejects_rest && list_empty(&s->scheme.ops_filters) ? DAMOS_REJECT : DAMOS_ADMIT;
}

static void take_filter(struct state *s, struct input *in)
{
	static const enum damos_filter_type types[] = {
		DAMOS_FILTER_TYPE_ADDR, DAMOS_FILTER_TYPE_ADDR, DAMOS_FILTER_TYPE_TARGET,
		DAMOS_FILTER_TYPE_ANON,
	};
	unsigned int kind = take(in);
	struct damos_filter *f = damos_new_filter(types[kind % ARRAY_SIZE(types)],
						  kind & 4, kind & 8);

	/* inside of grains and far away, too, and the wrong way round */
	f->addr_range.start = kind & 16 ? take_any(in, BITS_PER_LONG) :
		s->base + take_below(in, SPACE * s->grain);
	f->addr_range.end = kind & 32 ? take_any(in, BITS_PER_LONG) :
		s->base + take_below(in, SPACE * s->grain);
	if (f->type == DAMOS_FILTER_TYPE_TARGET)
		f->target_idx = take_below(in, 3);
	damos_add_filter(&s->scheme, f);
}

/* Ranges from one verdict to the next one, to the end of all. */
static void judge_all(struct state *s, struct input *in)
{
	unsigned long start = s->base + take_below(in, SPACE) * s->grain;
	unsigned long end = s->base + SPACE * s->grain;

	while (start < end) {
		unsigned long to = end - take_below(in, SPACE) * s->grain, addr, last;
		enum damos_verdict verdict;

		if (to <= start)
			to = end;
		last = to;
		verdict = damos_judge_range(&s->scheme, s->target_idx, s->grain, start, &to);
		MUST(start < to && to <= last);
		MUST(to == last || !(to % s->grain));
		for (addr = start; addr < to; addr += s->grain)
			MUST(verdict == expected(s, addr));
		start = to;
	}
}

static void drop_filters(struct list_head *filters)
{
	struct damos_filter *f, *next;

	list_for_each_entry_safe(f, next, filters, list)
		damos_destroy_filter(f);
}

static void schemes(struct input *in)
{
	struct state s = { .grain = 1UL << take_below(in, 14) };
	unsigned int i;

	INIT_LIST_HEAD(&s.scheme.core_filters);
	INIT_LIST_HEAD(&s.scheme.ops_filters);
	s.base = take_bool(in) ? 0 : ULONG_MAX / s.grain * s.grain - SPACE * s.grain;
	s.target_idx = take_below(in, 3);
	for (i = take_below(in, MAX_FILTERS + 1); i; i--)
		take_filter(&s, in);
	judge_all(&s, in);
	drop_filters(&s.scheme.core_filters);
	drop_filters(&s.scheme.ops_filters);
}

/* probes */

static bool of_type(const struct damon_filter *f, void *arg)
{
	return *(unsigned int *)arg >> f->type & 1;
}

static bool hits(const struct damon_probe *probe, unsigned int types)
{
	const struct damon_filter *f;
	bool rest = true;

	damon_for_each_filter(f, probe) {
		if ((types >> f->type & 1) == f->matching)
			return f->allow;
		rest = !f->allow;
	}
	return rest;
}

static void take_probe(struct damon_ctx *ctx, struct input *in)
{
	struct damon_probe *probe = damon_new_probe();
	unsigned int i;

	for (i = take_below(in, 4); i; i--) {
		unsigned int kind = take(in);

		damon_add_filter(probe, damon_new_filter(kind % NR_TYPES, kind & 64, kind & 128));
	}
	damon_add_probe(ctx, probe);
}

/* Hits of probes that were there before stay, and of others there are none. */
static void exchange(struct damon_ctx *ctx, struct damon_region *r, struct input *in)
{
	struct damon_ctx *other = make_ctx(1);
	unsigned long live = shim_live_objects();
	unsigned int i, nr = damon_nr_probes(ctx);
	struct damon_region was = *r;
	bool same = take_bool(in);
	LIST_HEAD(probes);
	int err;

	if (take_below(in, 4) == 3)
		shim_fail_after(take_below(in, 8));
	err = damon_copy_probes(&probes, ctx);
	shim_fail_after(ULONG_MAX);
	if (!err && !same) {
		damon_drop_probes(&probes);
		for (i = take_below(in, DAMON_MAX_PROBES + 2); i; i--)
			take_probe(other, in);
		list_splice_init(&other->probes, &probes);
	}
	if (!err)
		damon_swap_probes(ctx, &probes);
	damon_drop_probes(&probes);
	if (err || same)
		MUST(!memcmp(&was, r, sizeof(was)) && shim_live_objects() == live);
	for (i = 0; i < DAMON_MAX_PROBES; i++)
		MUST(!r->probe_hits[i] || r->probe_hits[i] == was.probe_hits[i]);
	for (i = damon_nr_probes(ctx); i < nr; i++)
		MUST(!r->probe_hits[i]);
	free(target_of(other));
	free(other);
}

static void probes(struct input *in)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 100, 0);
	unsigned int i;

	for (i = take_below(in, DAMON_MAX_PROBES + 2); i; i--)
		take_probe(ctx, in);
	while (has_more(in)) {
		struct damon_region was = *r;
		unsigned int types = take(in);
		struct damon_probe *probe;

		if (types & 64) {
			exchange(ctx, r, in);
			continue;
		}
		r->nr_samples++;
		damon_count_hits(ctx, r, of_type, &types);
		i = 0;
		damon_for_each_probe(probe, ctx) {
			MUST(damon_probe_matches(probe, of_type, &types) == hits(probe, types));
			if (i < DAMON_MAX_PROBES)
				MUST(r->probe_hits[i] == min(was.probe_hits[i] + hits(probe, types),
							     U8_MAX));
			i++;
		}
	}
	damon_drop_probes(&ctx->probes);
	free_ctx(ctx);
}

static void fuzz(struct input *in)
{
	if (take_bool(in))
		schemes(in);
	else
		probes(in);
	MUST(!shim_live_objects());
}
