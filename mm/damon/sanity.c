// SPDX-License-Identifier: GPL-2.0
/*
 * Sanity: what is true of regions and counters whenever nobody is changing them.
 *
 * For development: the kdamond asks at each end of a window and behind everything that
 * others do to its context.  Who broke it is not known here.
 *
 * A pure room.  It looks, and changes nothing.
 */
#include "internal.h"
#include "rates.h"
#include "sanity.h"

/* Regions ascend, do not overlap, are not empty, and are as many as the target says. */
bool damon_regions_in_order(struct damon_target *t)
{
	unsigned long last_end = 0;
	unsigned int nr = 0;
	struct damon_region *r;

	damon_for_each_region(r, t) {
		if (r->ar.start < last_end || r->ar.start >= r->ar.end)
			return false;
		last_end = r->ar.end;
		nr++;
	}
	return nr == t->nr_regions;
}

/*
 * No region has more accesses than answers, more answers than a window of @window samples
 * has, or a rate that is out of range.
 */
bool damon_counts_possible(struct damon_target *t, unsigned int window)
{
	struct damon_region *r;

	damon_for_each_region(r, t) {
		if (r->nr_accesses > r->nr_samples || r->nr_samples > window)
			return false;
		if (r->rate > DAMON_FULL_RATE || r->worth > DAMON_MAX_WORTH)
			return false;
	}
	return true;
}

/* Pages that differ are noted once, in ascending order. */
bool damon_spots_in_order(struct damon_target *t)
{
	const struct damon_spots *spots = &t->spots;
	unsigned int i;

	for (i = 1; i < spots->nr; i++)
		if (spots->spots[i - 1].addr >= spots->spots[i].addr)
			return false;
	return spots->nr <= DAMON_MAX_SPOTS && spots->next <= spots->nr;
}

/* Nothing was changed that was not tried.  Sums of sizes may have overflown. */
bool damos_stat_possible(const struct damos_stat *stat)
{
	return stat->nr_applied <= stat->nr_tried;
}

/*
 * Warns once for each kind of inconsistency.  Only in the kdamond, while nobody goes
 * through its regions.
 */
void damon_check_sanity(struct damon_ctx *ctx)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);
	struct damon_target *t;
	struct damos *s;

	if (ctx->maybe_corrupted)
		return;
	damon_for_each_target(t, ctx) {
		damon_assert(damon_regions_in_order(t));
		damon_assert(damon_counts_possible(t, window));
		damon_assert(damon_spots_in_order(t));
	}
	damon_for_each_scheme(s, ctx)
		damon_assert(damos_stat_possible(&s->stat));
}
