// SPDX-License-Identifier: GPL-2.0
/*
 * Data attribute probes: what they are made of, what they hit, and the counters
 * of their hits.
 *
 * A pure room.  What kind of memory is at an address is the operations sets'
 * business; whoever asks brings a function along that tells.
 */
#include <linux/kernel.h>
#include <linux/slab.h>

#include "internal.h"
#include "rates.h"

/**
 * damon_new_filter() - Make a filter of a probe.
 * @type:	Kind of memory.
 * @matching:	Decide about memory of that kind (true), or all other (false).
 * @allow:	The decision.
 *
 * The cgroup of %DAMON_FILTER_TYPE_MEMCG is zero and up to the caller.
 *
 * Context: Anywhere.
 * Return: The filter, or NULL without memory.
 */
struct damon_filter *damon_new_filter(enum damon_filter_type type,
				      bool matching, bool allow)
{
	struct damon_filter *f = kzalloc_obj(*f);

	if (!f)
		return NULL;
	f->type = type;
	f->matching = matching;
	f->allow = allow;
	INIT_LIST_HEAD(&f->list);
	return f;
}

/**
 * damon_add_filter() - Append a filter to those of a probe.
 * @probe:	The probe, which owns the filter from now on.
 * @f:		The filter.
 *
 * Context: Setup, or worker.
 */
void damon_add_filter(struct damon_probe *probe, struct damon_filter *f)
{
	list_add_tail(&f->list, &probe->filters);
}

/**
 * damon_destroy_filter() - Unlink and free a filter.
 * @f:	The filter, which may be in no list.
 *
 * Context: Setup, or worker.
 */
void damon_destroy_filter(struct damon_filter *f)
{
	list_del(&f->list);
	kfree(f);
}

/**
 * damon_new_probe() - Make a probe without filters.
 *
 * Context: Anywhere.
 * Return: The probe, which hits everything, or NULL without memory.
 */
struct damon_probe *damon_new_probe(void)
{
	struct damon_probe *probe = kzalloc_obj(*probe);

	if (!probe)
		return NULL;
	INIT_LIST_HEAD(&probe->filters);
	INIT_LIST_HEAD(&probe->list);
	return probe;
}

/**
 * damon_add_probe() - Append a probe to a context.
 * @ctx:	The context, which owns the probe from now on.
 * @probe:	The probe.
 *
 * A context with more than %DAMON_MAX_PROBES does not start.  If it runs, those
 * beyond count nothing.
 *
 * Context: Setup, or worker.
 */
void damon_add_probe(struct damon_ctx *ctx, struct damon_probe *probe)
{
	list_add_tail(&probe->list, &ctx->probes);
}

/* Frees the probes of a list. */
void damon_drop_probes(struct list_head *probes)
{
	struct damon_probe *probe, *next_probe;
	struct damon_filter *f, *next;

	list_for_each_entry_safe(probe, next_probe, probes, list) {
		damon_for_each_filter_safe(f, next, probe)
			damon_destroy_filter(f);
		list_del(&probe->list);
		kfree(probe);
	}
}

/* Number of the probes that regions have counters for. */
unsigned int damon_nr_probes(const struct damon_ctx *ctx)
{
	const struct damon_probe *probe;
	unsigned int nr = 0;

	damon_for_each_probe(probe, ctx)
		if (++nr == DAMON_MAX_PROBES)
			break;
	return nr;
}

/* What the probes of a list weigh.  If that is nothing, they are beside what is monitored. */
u64 damon_total_weight(const struct list_head *probes)
{
	const struct damon_probe *probe;
	u64 total = 0;

	list_for_each_entry(probe, probes, list)
		total += probe->weight;
	return total;
}

/* counting */

/* True if a probe hits memory whose kind @of_type knows. */
bool damon_probe_matches(const struct damon_probe *probe,
			 damon_of_type_fn of_type, void *arg)
{
	const struct damon_filter *f;
	bool hit = true;

	damon_for_each_filter(f, probe) {
		if (of_type(f, arg) == f->matching)
			return f->allow;
		hit = !f->allow;
	}
	return hit;
}

/*
 * Counts the hits of a sample of a region.  The sample itself has been counted:
 * there are never more hits than samples.
 */
void damon_count_hits(const struct damon_ctx *ctx, struct damon_region *r,
		      damon_of_type_fn of_type, void *arg)
{
	unsigned int limit = min(r->nr_samples, U8_MAX), i = 0;
	const struct damon_probe *probe;

	damon_for_each_probe(probe, ctx) {
		if (i == DAMON_MAX_PROBES)
			break;
		if (r->probe_hits[i] < limit &&
		    damon_probe_matches(probe, of_type, arg))
			r->probe_hits[i]++;
		i++;
	}
}

/*
 * How much of what the probes of a context weigh was hit in this window.  Some hits are never
 * none.
 */
unsigned int damon_probes_rate(const struct damon_ctx *ctx, const struct damon_region *r)
{
	u64 hit = 0, total = damon_total_weight(&ctx->probes);
	const struct damon_probe *probe;
	unsigned int i = 0;

	damon_for_each_probe(probe, ctx) {
		if (i == DAMON_MAX_PROBES)
			break;
		hit += (u64)probe->weight * damon_to_rate(r->probe_hits[i++], r->nr_samples);
	}
	return total ? DIV64_U64_ROUND_UP(hit, total) : 0;
}

/* exchanging */

static int copy_filters(struct damon_probe *to, const struct damon_probe *from)
{
	const struct damon_filter *src;

	damon_for_each_filter(src, from) {
		struct damon_filter *f = damon_new_filter(src->type,
							  src->matching,
							  src->allow);

		if (!f)
			return -ENOMEM;
		f->memcg_id = src->memcg_id;
		damon_add_filter(to, f);
	}
	return 0;
}

/* Appends to @to copies of the probes of a context.  Returns 0 or -ENOMEM. */
int damon_copy_probes(struct list_head *to, const struct damon_ctx *from)
{
	const struct damon_probe *src;
	int err;

	damon_for_each_probe(src, from) {
		struct damon_probe *probe = damon_new_probe();

		if (!probe)
			return -ENOMEM;
		list_add_tail(&probe->list, to);
		probe->weight = src->weight;
		err = copy_filters(probe, src);
		if (err)
			return err;
	}
	return 0;
}

static bool filter_equal(const struct damon_filter *a,
			 const struct damon_filter *b)
{
	return a->type == b->type && a->matching == b->matching &&
		a->allow == b->allow &&
		(a->type != DAMON_FILTER_TYPE_MEMCG ||
		 a->memcg_id == b->memcg_id);
}

static bool probe_equal(const struct damon_probe *a, const struct damon_probe *b)
{
	const struct damon_filter *fa, *fb;

	if (a->weight != b->weight)
		return false;
	fb = list_first_entry(&b->filters, struct damon_filter, list);
	damon_for_each_filter(fa, a) {
		if (&fb->list == &b->filters || !filter_equal(fa, fb))
			return false;
		fb = list_next_entry(fb, list);
	}
	return &fb->list == &b->filters;
}

static void forget_hits(struct damon_ctx *ctx, unsigned int idx)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			r->probe_hits[idx] = 0;
}

static void forget_all(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_forget_samples(ctx);
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			memset(r->probe_hits, 0, sizeof(r->probe_hits));
			r->nr_accesses = 0;
			r->nr_accesses_bp = 0;
			r->nr_samples = 0;
			r->rate = 0;
			r->worth = 0;
			damon_begin_age(r);
		}
	}
}

/*
 * Exchanges the probes of a context.  What one has hit in the running window
 * stays, if the one that takes its place is the same.  If one that has a weight changes,
 * what is monitored is another thing than before, and nothing is known of it.
 */
void damon_swap_probes(struct damon_ctx *ctx, struct list_head *probes)
{
	struct damon_probe *old, *new;
	u64 changed = 0;
	unsigned int i = 0;

	new = list_first_entry(probes, struct damon_probe, list);
	damon_for_each_probe(old, ctx) {
		bool gone = &new->list == probes;

		if (gone || !probe_equal(old, new)) {
			forget_hits(ctx, i);
			changed |= old->weight | (gone ? 0 : new->weight);
		}
		if (!gone)
			new = list_next_entry(new, list);
		if (++i == DAMON_MAX_PROBES)
			break;
	}
	list_for_each_entry_from(new, probes, list)
		changed |= new->weight;
	if (changed)
		forget_all(ctx);
	damon_swap_lists(&ctx->probes, probes);
}
