// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: make, split, merge and age them, within the region budget.
 *
 * A pure room.  It knows address ranges and counters, and neither memory nor
 * time nor threads; it also compiles in user space (tools/testing/damon).
 */
#include <linux/kernel.h>
#include <linux/slab.h>

#include "internal.h"

static struct kmem_cache *region_cache;

int __init damon_regions_init(void)
{
	region_cache = KMEM_CACHE(damon_region, 0);
	return region_cache ? 0 : -ENOMEM;
}

bool damon_regions_ready(void)
{
	return region_cache;
}

/**
 * damon_new_region() - Make a region.
 * @start:	Its first address.
 * @end:	The address behind it.  Above @start.
 *
 * Context: Anywhere, once damon_initialized().
 * Return: The region with all counters zero, or NULL without memory.
 */
struct damon_region *damon_new_region(unsigned long start, unsigned long end)
{
	struct damon_region *r = kmem_cache_zalloc(region_cache, GFP_KERNEL);

	if (!r)
		return NULL;
	damon_assert(start < end);
	r->ar.start = start;
	r->ar.end = end;
	r->sampling_addr = DAMON_NO_SAMPLE;
	INIT_LIST_HEAD(&r->list);
	return r;
}

/* Frees a region that is in no target. */
void damon_free_region(struct damon_region *r)
{
	kmem_cache_free(region_cache, r);
}

/* Links @r into @t, in front of @next. */
void damon_link_region(struct damon_region *r, struct list_head *next,
		       struct damon_target *t)
{
	list_add_tail(&r->list, next);
	t->nr_regions++;
	t->lacks_samples = true;
}

/* Appends a region to a target.  It must be behind all others. */
void damon_add_region(struct damon_region *r, struct damon_target *t)
{
	damon_link_region(r, &t->regions_list, t);
}

/* Unlinks and frees a region of a target. */
void damon_destroy_region(struct damon_region *r, struct damon_target *t)
{
	damon_assert(t->nr_regions);
	list_del(&r->list);
	t->nr_regions--;
	damon_free_region(r);
}

void damon_destroy_regions(struct damon_target *t)
{
	struct damon_region *r, *next;

	damon_for_each_region_safe(r, next, t)
		damon_destroy_region(r, t);
}

/**
 * damon_nr_regions() - Number of regions of a target.
 * @t:	The target.
 *
 * Context: Setup, or worker.
 * Return: The number.
 */
unsigned int damon_nr_regions(struct damon_target *t)
{
	return t->nr_regions;
}

/* splitting and merging two */

/*
 * Cuts @offset bytes off the front of a region.  The region becomes the left
 * part; the right one has the same counters.  Returns the right one, or NULL
 * without memory, with nothing changed.
 */
struct damon_region *damon_split_region_at(struct damon_target *t,
					   struct damon_region *r,
					   unsigned long offset)
{
	struct damon_region *right;

	damon_assert(offset && offset < damon_sz_region(r));
	right = damon_new_region(r->ar.start + offset, r->ar.end);
	if (!right)
		return NULL;

	right->sampling_addr = r->sampling_addr;
	right->nr_accesses = r->nr_accesses;
	right->nr_accesses_bp = r->nr_accesses_bp;
	right->last_nr_accesses = r->last_nr_accesses;
	right->nr_samples = r->nr_samples;
	right->age = r->age;
	memcpy(right->probe_hits, r->probe_hits, sizeof(r->probe_hits));

	r->ar.end = right->ar.start;
	damon_link_region(right, r->list.next, t);
	return right;
}

/*
 * Mean of two values, weighted by sizes, rounded to the nearest, exact for all
 * sizes: the sum of the weights fits, the products may need more than 64 bits.
 * Halves, which are the rule where a region was cut in two, are rounded to odd
 * numbers, so up as often as down, or rates and ages would drift with each merge.
 */
static unsigned int weighted_mean(unsigned int a, unsigned long sz_a,
				  unsigned int b, unsigned long sz_b)
{
	u64 total = (u64)sz_a + sz_b, half = (total - (((u64)a + b) / 2 & 1)) / 2;

	if (a == b)
		return a;
	if (a < b)
		return a + mul_u64_add_u64_div_u64(b - a, sz_b, half, total);
	return b + mul_u64_add_u64_div_u64(a - b, sz_a, half, total);
}

/* The same for counts of events, where "some" must not become "none". */
static unsigned int weighted_count(unsigned int a, unsigned long sz_a,
				   unsigned int b, unsigned long sz_b)
{
	return max(weighted_mean(a, sz_a, b, sz_b), (a || b) ? 1U : 0U);
}

static unsigned int count_to_bp(unsigned int nr_accesses)
{
	return min_t(u64, (u64)nr_accesses * 10000, UINT_MAX);
}

/* Memory of which nothing is known has no age, and no say in that. */
static unsigned int merged_age(struct damon_region *a, struct damon_region *b)
{
	if (damon_region_known(a) == damon_region_known(b))
		return weighted_mean(a->age, damon_sz_region(a), b->age,
				     damon_sz_region(b));
	return damon_region_known(a) ? a->age : b->age;
}

/* Merges the right one of two adjacent regions into the left one. */
void damon_merge_two_regions(struct damon_target *t, struct damon_region *left,
			     struct damon_region *right)
{
	unsigned long sz_l = damon_sz_region(left), sz_r = damon_sz_region(right);
	int i;

	damon_assert(left->ar.end == right->ar.start);
	left->nr_accesses = weighted_count(left->nr_accesses, sz_l,
					   right->nr_accesses, sz_r);
	left->last_nr_accesses = weighted_count(left->last_nr_accesses, sz_l,
						right->last_nr_accesses, sz_r);
	left->nr_accesses_bp = count_to_bp(left->nr_accesses);
	left->age = merged_age(left, right);
	left->nr_samples = weighted_count(left->nr_samples, sz_l,
					  right->nr_samples, sz_r);
	for (i = 0; i < DAMON_MAX_PROBES; i++)
		left->probe_hits[i] = weighted_count(left->probe_hits[i], sz_l,
						     right->probe_hits[i], sz_r);
	if (!damon_sample_pending(left))
		left->sampling_addr = right->sampling_addr;
	left->ar.end = right->ar.end;
	damon_destroy_region(right, t);
}

/* counting */

/**
 * damon_update_region_access_rate() - Count one answered sample of a region.
 * @r:		The region.
 * @accessed:	The answer.
 * @attrs:	Attributes of the region's context.
 *
 * A sample without an answer is not to be counted.
 *
 * Context: Worker (operations sets).
 */
void damon_update_region_access_rate(struct damon_region *r, bool accessed,
				     struct damon_attrs *attrs)
{
	damon_count_answer(r, accessed, damon_max_nr_accesses(attrs));
}

/* What is left of the window will be as the previous one, as far as is known. */
void damon_update_mvsum(struct damon_region *r, unsigned int window)
{
	u64 bp = (u64)r->nr_accesses * 10000;

	if (r->last_nr_accesses && r->nr_samples < window)
		bp += mul_u64_u64_div_u64((u64)r->last_nr_accesses * 10000,
					  window - r->nr_samples, window);
	r->nr_accesses_bp = min_t(u64, bp, UINT_MAX);
}

/**
 * damon_nr_accesses_mvsum() - Access rate of a region at any moment.
 * @r:		The region.
 * @ctx:	Its context.
 *
 * What this window has shown so far, and for the rest of it what the previous
 * one has shown.
 *
 * Context: Worker.
 * Return: Accesses per window.
 */
unsigned int damon_nr_accesses_mvsum(struct damon_region *r,
				     struct damon_ctx *ctx)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);
	u64 rest = 0;

	if (r->nr_samples < window)
		rest = div_u64((u64)r->last_nr_accesses *
			       (window - r->nr_samples), window);
	return min_t(u64, r->nr_accesses + rest, UINT_MAX);
}

/*
 * Nothing that is under way in a target is worth anything any more, for example
 * since it has become another process.
 */
void damon_forget_target(struct damon_target *t)
{
	struct damon_region *r;

	damon_sweep_forget(t);
	damon_forget_spots(t);
	t->lacks_samples = true;
	t->nr_sleeps = 0;
	t->nr_slept = 0;
	t->layout.known = false;
	damon_for_each_region(r, t)
		r->sampling_addr = DAMON_NO_SAMPLE;
}

/* The same for all targets, for example after a pause. */
void damon_forget_samples(struct damon_ctx *ctx)
{
	struct damon_target *t;

	damon_for_each_target(t, ctx)
		damon_forget_target(t);
}

/* the region budget */

/* Number of regions of all targets. */
unsigned int damon_nr_all_regions(struct damon_ctx *ctx)
{
	unsigned int nr = 0;
	struct damon_target *t;

	damon_for_each_target(t, ctx)
		nr += t->nr_regions;
	return nr;
}

/* The size that no region may exceed if there are to be enough of them. */
unsigned long damon_region_sz_limit(struct damon_ctx *ctx)
{
	unsigned long min_sz = ctx->min_region_sz, limit, rest;
	struct damon_target *t;
	struct damon_region *r;
	u64 total = 0;

	/* targets that together exceed 64 bits count as just that much */
	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			total = damon_add(total, damon_sz_region(r));

	total = div64_u64(total, max(ctx->attrs.min_nr_regions, 1UL));
	limit = clamp_t(u64, total, min_sz, ULONG_MAX);
	rest = limit % min_sz;
	if (!rest)
		return limit;
	return limit <= ULONG_MAX - min_sz ? limit + (min_sz - rest) : limit - rest;
}

/*
 * Cuts regions that are too large for the minimum number of regions, and notes
 * the limit for the next merge.  Without memory regions stay as they are.
 */
void damon_enforce_min_nr_regions(struct damon_ctx *ctx)
{
	unsigned long limit = damon_region_sz_limit(ctx);
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			if (damon_sz_region(r) > limit &&
			    !damon_split_region_at(t, r, limit))
				break;
	ctx->region_sz_limit = limit;
}

/* the end of a window */

/* What a full window would have counted at the rate of the answered samples. */
static unsigned int full_count(const struct damon_region *r, unsigned int count,
			       unsigned int window)
{
	u64 scaled = count;

	if (!scaled || !r->nr_samples || r->nr_samples == window)
		return count;
	scaled = div_u64(scaled * window + r->nr_samples / 2, r->nr_samples);
	return clamp_t(u64, scaled, 1, window);
}

/*
 * Makes counts comparable: a region that was answered in only some of the
 * samples gets what a full window would have shown at the same rate.  From then
 * on it counts as answered in all of them.
 */
static void scale_counts(struct damon_region *r, unsigned int window)
{
	int i;

	r->nr_accesses = full_count(r, r->nr_accesses, window);
	for (i = 0; i < DAMON_MAX_PROBES; i++)
		r->probe_hits[i] = min(full_count(r, r->probe_hits[i], window),
				       U8_MAX);
	if (r->nr_samples)
		r->nr_samples = window;
	r->nr_accesses_bp = count_to_bp(r->nr_accesses);
}

/*
 * A region grows older while its access rate stays about the same.  Without an answer
 * nothing is known: cold memory stays as old as it is, but what was accessed must not
 * look as if it had been cold for as long as it was hot.
 */
static void age_region(struct damon_region *r, unsigned int threshold)
{
	if (!r->nr_samples && !r->last_nr_accesses)
		return;
	if (!r->nr_samples ||
	    abs_diff(r->nr_accesses, r->last_nr_accesses) > threshold ||
	    !r->nr_accesses != !r->last_nr_accesses)
		r->age = 0;
	else if (r->age < UINT_MAX)
		r->age++;
}

/* What counts as the same when regions are merged. */
struct likeness {
	unsigned int threshold;	/* counts that differ by so much */
	enum {
		APART,		/* memory of which nothing is known is other */
		ABSORBED,	/* unless there is no more of it beside some */
		MIXED,		/* it is not */
	} unknown;
};

static bool alike(struct damon_region *a, struct damon_region *b,
		  const struct likeness *like)
{
	if (abs_diff(a->nr_accesses, b->nr_accesses) > like->threshold)
		return false;
	if (like->unknown == MIXED ||
	    damon_region_known(a) == damon_region_known(b))
		return true;
	if (damon_region_known(b))
		swap(a, b);
	/* what was hot a window ago may just not have been looked at */
	return like->unknown == ABSORBED && !b->last_nr_accesses &&
		damon_sz_region(b) <= damon_sz_region(a);
}

/* Whether a region and the one behind it may become one as far as size goes. */
static bool fit_together(const struct damon_region *left,
			 const struct damon_region *right, unsigned long sz_limit)
{
	return left->ar.end == right->ar.start &&
		right->ar.end - left->ar.start <= sz_limit;
}

/* Merges adjacent regions of a target that are alike. */
static void merge_similar(struct damon_target *t, const struct likeness *like,
			  unsigned long sz_limit)
{
	struct damon_region *left = NULL, *r, *next;

	damon_for_each_region_safe(r, next, t) {
		if (left && fit_together(left, r, sz_limit) &&
		    alike(left, r, like)) {
			/* idle memory that was freed makes no other one idle */
			if (!damon_region_known(left) && !damon_region_known(r)) {
				left->age = min(left->age, r->age);
				r->age = left->age;
			}
			damon_merge_two_regions(t, left, r);
		} else {
			left = r;
		}
	}
}

/* Whether there are regions that could be merged if only they were alike. */
static bool can_merge(struct damon_ctx *ctx)
{
	struct damon_region *r, *next;
	struct damon_target *t;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t) {
			next = damon_region_behind(r, t);
			if (next && fit_together(r, next, ctx->region_sz_limit))
				return true;
		}
	return false;
}

/*
 * Makes the counts of a target final.  Returns what separates one access rate from
 * another: a tenth of the highest count, or twice as much where at most half of the
 * samples had an answer, since then counts scatter more.
 */
static unsigned int finish_counts(struct damon_target *t, unsigned int window)
{
	unsigned int max_nr = 0, nr_samples = 0;
	struct damon_region *r;

	damon_for_each_region(r, t) {
		nr_samples = max(nr_samples, r->nr_samples);
		scale_counts(r, window);
		max_nr = max(max_nr, r->nr_accesses);
	}
	return nr_samples > window / 2 ? max_nr / 10 : max_nr / 5;
}

/*
 * First half of a window's end: final counts, ages, and merging.  Of memory of
 * which nothing is known, only crumbs go with their neighbours: the rest would
 * seem as old as those.  If there are still too many regions, more and more
 * different ones are merged, until there is nothing left to tell apart.
 */
void damon_close_window(struct damon_ctx *ctx)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);
	struct likeness like = {};
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		struct likeness own = { .threshold = finish_counts(t, window) };

		damon_for_each_region(r, t)
			age_region(r, own.threshold);
		merge_similar(t, &own, ctx->region_sz_limit);
		own.unknown = ABSORBED;
		merge_similar(t, &own, ctx->region_sz_limit);
		like.threshold = max(like.threshold, own.threshold);
	}

	like.unknown = MIXED;
	while (damon_nr_all_regions(ctx) > ctx->attrs.max_nr_regions &&
	       like.threshold < window && can_merge(ctx)) {
		like.threshold = like.threshold < window / 2 ?
			max(2 * like.threshold, 1U) : window;
		damon_for_each_target(t, ctx)
			merge_similar(t, &like, ctx->region_sz_limit);
	}
	damon_enforce_min_nr_regions(ctx);
}

/* Second half: counters start over. */
void damon_open_window(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	ctx->last_nr_intervals = ctx->nr_intervals;
	ctx->nr_intervals = 0;
	damon_for_each_target(t, ctx) {
		damon_sweep_open_window(t);
		t->reach.window_opens = true;
		damon_for_each_region(r, t) {
			r->last_nr_accesses = r->nr_accesses;
			r->nr_accesses = 0;
			r->nr_samples = 0;
			memset(r->probe_hits, 0, sizeof(r->probe_hits));
		}
	}
}

/*
 * Splits a region into up to @nr_parts of random sizes, the larger part again
 * each time.  Returns the last of the parts.
 */
static struct damon_region *split_region(struct damon_ctx *ctx,
					 struct damon_target *t,
					 struct damon_region *r,
					 unsigned int nr_parts)
{
	struct damon_region *last = r;

	while (--nr_parts) {
		unsigned long grains = damon_sz_region(r) / ctx->min_region_sz;
		struct damon_region *right;

		if (grains < 2)
			break;
		right = damon_split_region_at(t, r, ctx->min_region_sz *
					      damon_rand(ctx, 1, grains));
		if (!right)
			break;
		if (last == r)
			last = right;
		if (damon_sz_region(right) > damon_sz_region(r))
			r = right;
	}
	return last;
}

/* One in so many regions is split at random where sweeps guide the splits. */
#define GUIDED_SHARE	8

/* Cuts, to be dealt out evenly among a number of regions. */
struct cuts {
	unsigned int nr;
	unsigned int regions;
	unsigned int carry;
};

/*
 * Up to @nr cuts for @regions regions, as far as there is room.  Begins somewhere
 * else each time, so that no region is always the one left out.
 */
static struct cuts shuffled_cuts(struct damon_ctx *ctx, unsigned int *room,
				 unsigned int nr, unsigned int regions)
{
	struct cuts cuts = { .regions = regions };

	if (regions) {
		cuts.nr = min(nr, *room);
		cuts.carry = damon_rand(ctx, 0, regions);
		*room -= cuts.nr;
	}
	return cuts;
}

/* How many of them the next region gets. */
static unsigned int deal_cuts(struct cuts *cuts)
{
	unsigned int sum = cuts->carry + cuts->nr;

	cuts->carry = sum % cuts->regions;
	return sum / cuts->regions;
}

/* Whether only some samples of the last window saw an access. */
static bool is_mixed(const struct damon_region *r, unsigned int window)
{
	return r->last_nr_accesses && r->last_nr_accesses < window;
}

/* The part of a region in which its border is, on either side of where it seems to be. */
#define BORDER_SHARE	8

/*
 * Whether what is before a mixed region and what is behind it differ by half of a window at
 * least, so that it is likely to be like both, with a border inside.  Few samples would
 * not tell where.
 */
static bool has_border(struct damon_ctx *ctx, struct damon_target *t,
		       struct damon_region *r, unsigned int window)
{
	unsigned int nr = r->last_nr_accesses, before, behind;

	if (window < DAMON_ENOUGH_SAMPLES || !is_mixed(r, window) ||
	    damon_sz_region(r) < 2 * ctx->min_region_sz ||
	    list_is_first(&r->list, &t->regions_list) ||
	    list_is_last(&r->list, &t->regions_list) ||
	    damon_prev_region(r)->ar.end != r->ar.start ||
	    damon_next_region(r)->ar.start != r->ar.end)
		return false;
	before = damon_prev_region(r)->last_nr_accesses;
	behind = damon_next_region(r)->last_nr_accesses;
	return abs_diff(before, behind) >= window - window / 2 &&
		nr > min(before, behind) && nr < max(before, behind);
}

/* Cuts a region at an address if that is inside.  Returns the part that begins there. */
static struct damon_region *cut_at(struct damon_target *t, struct damon_region *r,
				   unsigned long addr)
{
	if (addr <= r->ar.start || addr >= r->ar.end)
		return r;
	return damon_split_region_at(t, r, addr - r->ar.start) ?: r;
}

/*
 * Cuts such a region where its border is if it is like the one before it up to there, and
 * then like the one behind it.  With two cuts, these are around that place, since it is
 * known about so well only.  Returns the last part.
 */
static struct damon_region *cut_at_border(struct damon_ctx *ctx,
					  struct damon_target *t,
					  struct damon_region *r, unsigned int nr_cuts)
{
	unsigned int before = damon_prev_region(r)->last_nr_accesses;
	unsigned int behind = damon_next_region(r)->last_nr_accesses;
	unsigned long grains = damon_sz_region(r) / ctx->min_region_sz;
	unsigned long slack = nr_cuts > 1 ? grains / BORDER_SHARE : 0;
	unsigned long at = r->ar.start;
	u64 left;

	if (!nr_cuts)
		return r;
	left = mul_u64_u32_div(grains, abs_diff(r->last_nr_accesses, behind),
			       abs_diff(before, behind));
	at += ctx->min_region_sz * clamp_t(u64, left, 1, grains - 1);
	slack *= ctx->min_region_sz;
	r = cut_at(t, r, at - min(slack, at));
	return cut_at(t, r, damon_add_sz(at, slack));
}

/* What there is to split. */
struct census {
	unsigned int nr_guided;		/* regions of targets that sweeps guide */
	unsigned int nr_borders;	/* those that have a border, ... */
	unsigned int nr_mixed;		/* ... and all others that are mixed */
	u64 sz;				/* of the others' regions, and ... */
	u64 sz_hot;			/* ... of the hot ones among them */
};

static struct census take_census(struct damon_ctx *ctx, unsigned int window)
{
	struct census census = {};
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		bool is_guided = damon_sweep_guides(t);

		if (is_guided)
			census.nr_guided += t->nr_regions;
		damon_for_each_region(r, t) {
			unsigned long sz = is_guided ? 0 : damon_sz_region(r);

			if (has_border(ctx, t, r, window))
				census.nr_borders++;
			else
				census.nr_mixed += is_mixed(r, window);
			census.sz = damon_add(census.sz, sz);
			if (damon_was_hot(r, window))
				census.sz_hot += sz;
		}
	}
	return census;
}

/*
 * As long as less than one byte in so many is hot, there may be something that was
 * not found yet, and so many more cuts let more samples look for it.
 */
#define FOUND_SHARE	131072
#define SEARCH_CUTS	96

/* Of steady regions, some are left whole: nothing says that their parts differ. */
static bool is_worth_a_cut(struct damon_ctx *ctx, const struct damon_region *r,
			   unsigned int window)
{
	unsigned int span = damon_steady_span(ctx, r, window);

	return span == 1 || !damon_rand(ctx, 0, span);
}

/*
 * Splits regions, so that the next window can tell whether their parts differ:
 * around hot spots, and as far as the budget allows, every region in two, but for steady
 * ones, which are split as rarely as they are sampled where they take turns.  As many
 * more cuts as there are to be regions at least go to those that are mixed, since
 * their parts are the most likely to differ, or without any mixed region to all.  Those
 * that must have a border between hot and cold memory are split there instead.
 * Where sweeps find the places that differ, only one region in GUIDED_SHARE is split,
 * in case that they miss some, and sweeps get half of the room for what they find.
 */
void damon_split_regions(struct damon_ctx *ctx)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);
	unsigned int nr = damon_nr_all_regions(ctx), nr_free, room;
	struct cuts free, guided, borders, extra, search = {};
	struct census census;
	struct damon_region *r;
	struct damon_target *t;

	damon_for_each_target(t, ctx)
		if (nr < ctx->attrs.max_nr_regions)
			nr += damon_cut_around_spots(ctx, t,
					ctx->attrs.max_nr_regions - nr);
	census = take_census(ctx, window);
	ctx->searching = census.sz_hot < div_u64(census.sz, FOUND_SHARE);
	if (!nr || nr >= ctx->attrs.max_nr_regions)
		return;
	nr_free = nr - census.nr_guided;
	room = min(ctx->attrs.max_nr_regions - nr, 2UL * nr + SEARCH_CUTS);
	free = shuffled_cuts(ctx, &room, nr_free, nr_free);
	borders = shuffled_cuts(ctx, &room, 2 * census.nr_borders, census.nr_borders);
	extra = shuffled_cuts(ctx, &room, ctx->attrs.min_nr_regions,
			      census.nr_mixed ?: nr_free);
	guided = shuffled_cuts(ctx, &room,
			       min(DIV_ROUND_UP(census.nr_guided, GUIDED_SHARE),
				   room / 2),
			       census.nr_guided);
	if (ctx->searching)
		search = shuffled_cuts(ctx, &room, SEARCH_CUTS, nr_free);

	damon_for_each_target(t, ctx) {
		bool is_guided = damon_sweep_guides(t);

		damon_for_each_region(r, t) {
			unsigned int nr_parts = 1;

			if (has_border(ctx, t, r, window)) {
				r = cut_at_border(ctx, t, r, deal_cuts(&borders));
				continue;
			}
			if (is_worth_a_cut(ctx, r, window))
				nr_parts += deal_cuts(is_guided ? &guided : &free);
			if (census.nr_mixed ? is_mixed(r, window) : !is_guided)
				nr_parts += deal_cuts(&extra);
			if (!is_guided && search.nr)
				nr_parts += deal_cuts(&search);
			r = split_region(ctx, t, r, nr_parts);
		}
	}
}
