// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of the tests: see test.h.  Knows nothing of what is tested but the
 * structures.
 */
#include <stdarg.h>

#include "test.h"

/* cases */

static unsigned long current_case;

static unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static unsigned long seed(void)
{
	return from_env("SEED", 1);
}

unsigned long first_case(void)
{
	return from_env("CASE", 0);
}

unsigned long last_case(unsigned long nr)
{
	return getenv("CASE") ? first_case() + 1 : nr * from_env("TIMES", 1);
}

void fixed_case(struct rng *rng, unsigned long seed, unsigned long nr)
{
	rng->state = (u64)seed << 32 ^ nr;
	rnd(rng);
}

bool begin_case(struct rng *rng, unsigned long nr)
{
	current_case = nr;
	fixed_case(rng, seed(), nr);
	return true;
}

void repeat_hint(char *buf, size_t len)
{
	snprintf(buf, len, "repeat with SEED=%lu CASE=%lu", seed(), current_case);
}

/* contexts */

struct damon_ctx *make_ctx(u64 seed)
{
	struct damon_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!damon_regions_ready() && damon_regions_init())
		abort();
	ctx->attrs.sample_interval = 5000;
	ctx->attrs.aggr_interval = 100000;
	ctx->attrs.ops_update_interval = 1000000;
	ctx->attrs.min_nr_regions = 10;
	ctx->attrs.max_nr_regions = 1000;
	ctx->min_region_sz = 1;
	ctx->addr_unit = 1;
	ctx->region_sz_limit = ULONG_MAX;
	INIT_LIST_HEAD(&ctx->probes);
	INIT_LIST_HEAD(&ctx->adaptive_targets);
	INIT_LIST_HEAD(&ctx->schemes);
	ctx->rnd_state = seed;
	make_target(ctx);
	return ctx;
}

struct damon_target *make_target(struct damon_ctx *ctx)
{
	struct damon_target *t = calloc(1, sizeof(*t));

	INIT_LIST_HEAD(&t->regions_list);
	list_add_tail(&t->list, &ctx->adaptive_targets);
	return t;
}

void apply_no_probes(struct damon_ctx *ctx)
{
}

struct damon_target *target_of(struct damon_ctx *ctx)
{
	return list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
}

/* Ends the program if regions of it were leaked. */
void free_ctx(struct damon_ctx *ctx)
{
	struct damon_target *t, *next;

	damon_for_each_target_safe(t, next, ctx) {
		damon_destroy_regions(t);
		kfree(t->sweep);
		free(t);
	}
	free(ctx);
	if (shim_live_objects()) {
		fprintf(stderr, "%lu regions leaked\n", shim_live_objects());
		abort();
	}
}

/* regions as text */

void set_last(struct damon_region *r, unsigned int nr)
{
	r->rate = damon_to_rate(nr, TEST_WINDOW);
	r->worth = TEST_WINDOW;
}

void set_text(struct damon_target *t, const char *text)
{
	damon_destroy_regions(t);
	add_text(t, text);
}

void add_text(struct damon_target *t, const char *text)
{
	unsigned long start, end;
	int len;

	while (sscanf(text, " %lu-%lu%n", &start, &end, &len) == 2) {
		struct damon_region *r = damon_new_region(start, end);
		unsigned int last;
		int nr;

		text += len;
		len = 0;
		nr = sscanf(text, ":%u%n/%u%n/%u%n", &r->nr_accesses, &len, &last, &len,
			    &r->age, &len);
		text += len;
		if (nr > 1)
			set_last(r, last);
		damon_add_region(r, t);
	}
	if (*text) {
		fprintf(stderr, "not a region: %s\n", text);
		abort();
	}
}

static void append(char *buf, size_t len, const char *format, ...)
{
	size_t used = strlen(buf);
	va_list args;

	va_start(args, format);
	vsnprintf(buf + used, len - used, format, args);
	va_end(args);
}

const char *get_text(struct damon_target *t, enum text what)
{
	static char buf[4096];
	struct damon_region *r;

	*buf = '\0';
	damon_for_each_region(r, t) {
		append(buf, sizeof(buf), "%s%lu-%lu", *buf ? " " : "",
		       r->ar.start, r->ar.end);
		if (what == TEXT_ID && r->age)
			append(buf, sizeof(buf), "#%u", r->age);
		if (what >= TEXT_NR)
			append(buf, sizeof(buf), ":%u", r->nr_accesses);
		if (what >= TEXT_ALL)
			append(buf, sizeof(buf), "/%u",
			       damon_last_nr_accesses(r, TEST_WINDOW));
		if (what >= TEXT_AGE)
			append(buf, sizeof(buf), "/%u", r->age);
	}
	return buf;
}

/* properties of all regions */

struct damon_region *add(struct damon_target *t, unsigned long start,
			 unsigned long end, unsigned int nr_accesses)
{
	struct damon_region *r = damon_new_region(start, end);

	r->nr_accesses = nr_accesses;
	damon_add_region(r, t);
	return r;
}

bool aligned(struct damon_target *t, unsigned long grain)
{
	struct damon_region *r;

	damon_for_each_region(r, t)
		if (r->ar.start % grain || r->ar.end % grain)
			return false;
	return true;
}

u64 total_sz(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;
	u64 total = 0;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			total += damon_sz_region(r);
	return total;
}

unsigned int total_nr(struct damon_ctx *ctx)
{
	struct damon_target *t;
	unsigned int nr = 0;

	damon_for_each_target(t, ctx)
		nr += damon_nr_regions(t);
	return nr;
}

void answer_all(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			r->nr_samples = damon_max_nr_accesses(&ctx->attrs);
}

void random_regions(struct rng *rng, struct damon_target *t, unsigned int nr,
		    unsigned long grain, unsigned int max_accesses)
{
	unsigned long room = ULONG_MAX / grain / nr, start = 0;

	if (room > 1UL << 20 && rnd_true(rng, 0.9))
		room = 1UL << 20;
	if (rnd_true(rng, 0.5))
		start = rnd_in(rng, 0, ULONG_MAX / grain - nr * room + 1) * grain;
	while (nr--) {
		unsigned long sz = rnd_in(rng, 1, room + 1) * grain;
		struct damon_region *r;

		r = add(t, start, start + sz,
			min_t(u64, rnd_any(rng, 32), max_accesses));
		r->worth = rnd_in(rng, 0, DAMON_MAX_WORTH + 1);
		r->rate = rnd_any(rng, 20);
		r->age = rnd_any(rng, 32);
		start += sz;
	}
}
