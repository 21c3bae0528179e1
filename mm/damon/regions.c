// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: make, link and free them, split and merge two, and how large they may be.
 *
 * A pure room.  It knows address ranges and counters, and neither memory nor
 * time nor threads; it also compiles in user space (tools/testing/damon).
 */
#include <linux/kernel.h>
#include <linux/slab.h>

#include "cutting.h"
#include "internal.h"
#include "spots.h"
#include "sweep.h"

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

	damon_sweep_leave(t);
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
	right->lru_refs = r->lru_refs;
	right->late = r->late;
	right->nr_accesses = r->nr_accesses;
	right->nr_accesses_bp = r->nr_accesses_bp;
	right->nr_samples = r->nr_samples;
	right->rate = r->rate;
	right->worth = r->worth;
	right->untouched = r->untouched;
	right->unseen = r->unseen;
	right->age = r->age;
	right->looked = r->looked;
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

/*
 * The left one of two regions gets the sample that is under way in either.  One of idle
 * memory may have been begun long ago (looking.h), so it is not one of other memory.
 */
static void merge_samples(struct damon_target *t, struct damon_region *left,
			  struct damon_region *right)
{
	bool left_lasts = !left->rate && right->rate;
	bool right_lasts = left->rate && !right->rate;

	if (damon_sample_pending(left) && !left_lasts)
		return;
	left->sampling_addr = right_lasts ? DAMON_NO_SAMPLE : right->sampling_addr;
	left->lru_refs = right->lru_refs;
	left->late = right->late;
	t->lacks_samples = true;
}

/* Merges the right one of two adjacent regions into the left one. */
void damon_merge_two_regions(struct damon_target *t, struct damon_region *left,
			     struct damon_region *right)
{
	unsigned long sz_l = damon_sz_region(left), sz_r = damon_sz_region(right);
	int i;

	damon_assert(left->ar.end == right->ar.start);
	merge_samples(t, left, right);
	left->nr_accesses = weighted_count(left->nr_accesses, sz_l,
					   right->nr_accesses, sz_r);
	left->rate = weighted_count(left->rate, sz_l, right->rate, sz_r);
	left->worth = max_t(unsigned int, left->worth, right->worth);
	left->nr_accesses_bp = count_to_bp(left->nr_accesses);
	left->age = merged_age(left, right);
	left->nr_samples = weighted_count(left->nr_samples, sz_l,
					  right->nr_samples, sz_r);
	for (i = 0; i < DAMON_MAX_PROBES; i++)
		left->probe_hits[i] = weighted_count(left->probe_hits[i], sz_l,
						     right->probe_hits[i], sz_r);
	left->untouched &= right->untouched;
	left->unseen &= right->unseen;
	left->looked &= right->looked;
	left->ar.end = right->ar.end;
	damon_destroy_region(right, t);
}

/* forgetting */

static void drop_samples(struct damon_target *t)
{
	struct damon_region *r;

	t->lacks_samples = true;
	damon_forget_suspects(t);
	damon_for_each_region(r, t)
		r->sampling_addr = DAMON_NO_SAMPLE;
}

/* Samples under way are worth nothing any more, since they have lasted too long. */
void damon_drop_samples(struct damon_ctx *ctx)
{
	struct damon_target *t;

	ctx->samples_ns = 0;
	damon_for_each_target(t, ctx)
		drop_samples(t);
}

/*
 * Nothing that is under way in a target is worth anything any more, for example
 * since it has become another process.
 */
void damon_forget_target(struct damon_target *t)
{
	damon_sweep_forget(t);
	damon_forget_spots(t);
	t->nr_sleeps = 0;
	t->nr_slept = 0;
	t->layout.known = false;
	drop_samples(t);
}

/* The same for all targets, for example before a pause. */
void damon_forget_samples(struct damon_ctx *ctx)
{
	struct damon_target *t;

	ctx->samples_ns = 0;
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
