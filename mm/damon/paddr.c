// SPDX-License-Identifier: GPL-2.0
/*
 * Operations set for the physical address space: was this page frame's memory
 * accessed, through whichever mapping?
 *
 * Only folios on LRU lists can tell.  Free memory, the kernel's own, hugetlb
 * pages and holes give no answer.  Physical addresses are the core's addresses
 * times the context's address unit.  Must not know page tables.
 */

#define pr_fmt(fmt) "damon-pa: " fmt

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>

#include "ops-common.h"
#include "paddr.h"

/* Regions that are sampled in a row without a chance for others to run. */
#define BATCH		32

/*
 * How many addresses to draw at most, until there is one whose memory can tell,
 * where some of the region's could in this window.  There is another draw right
 * before the interval begins, and where none could yet that has to do.
 */
#define MAX_DRAWS	3

/*
 * How many samples in a row are taken from the same folio.  To make a folio old
 * costs as much as to test it, and the look that ends a sample begins the next
 * one of a folio that stays.  In return a window sees fewer places of a region.
 */
#define SAMPLES_TO_STAY	4

/*
 * One pass over the regions of a target.  A large folio can be in several of
 * them: the sample of one region must not suffer from the folio having been
 * made old for another one a moment ago.
 */
struct sampler {
	struct damon_ctx *ctx;
	unsigned int nr;		/* regions since the last pause */
	unsigned long pfn;		/* folio that was made old last ... */
	unsigned long nr_pages;
	enum damon_answer answer;	/* ... and its answer before that */
};

static bool pfn_of(struct damon_ctx *ctx, unsigned long addr,
		   unsigned long *pfn)
{
	phys_addr_t phys;

	if (check_mul_overflow((phys_addr_t)addr, (phys_addr_t)ctx->addr_unit,
			       &phys))
		return false;
	*pfn = PHYS_PFN(phys);
	return *pfn == phys >> PAGE_SHIFT;
}

static bool just_made_old(const struct sampler *s, unsigned long pfn)
{
	return pfn - s->pfn < s->nr_pages;
}

/*
 * Looks at the folio at an address.  With @arm, it is also made old, to see what
 * happens from now on.
 */
static enum damon_answer look_at(struct sampler *s, unsigned long addr, bool arm)
{
	enum damon_answer answer;
	struct folio *folio;
	unsigned long pfn;

	if (!pfn_of(s->ctx, addr, &pfn))
		return DAMON_UNKNOWN;
	if (just_made_old(s, pfn))
		return s->answer;
	folio = damon_get_folio(pfn);
	if (!folio)
		return DAMON_UNKNOWN;
	answer = arm ? damon_folio_mkold(folio) : damon_folio_young(folio);
	if (arm && answer != DAMON_UNKNOWN) {
		s->pfn = folio_pfn(folio);
		s->nr_pages = folio_nr_pages(folio);
		s->answer = answer;
	}
	folio_put(folio);
	return answer;
}

static void draw_sample(struct sampler *s, struct damon_region *r, int draws)
{
	r->sampling_addr = DAMON_NO_SAMPLE;
	while (draws--) {
		unsigned long addr = damon_rand(s->ctx, r->ar.start, r->ar.end);

		if (look_at(s, addr, true) != DAMON_UNKNOWN) {
			r->sampling_addr = addr;
			return;
		}
	}
}

static void pause_sampling(struct sampler *s)
{
	if (++s->nr % BATCH == 0)
		cond_resched();
}

static void prepare_access_checks(struct damon_ctx *ctx)
{
	struct sampler s = { .ctx = ctx };
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			if (damon_sample_pending(r))
				continue;
			draw_sample(&s, r, 1);
			pause_sampling(&s);
		}
	}
}

/* Whether the next sample of a region is to be taken from where this one is. */
static bool stays(const struct damon_region *r)
{
	return r->nr_samples % SAMPLES_TO_STAY;
}

/* Begins the next sample of a region, unless that has happened. */
static void next_sample(struct sampler *s, struct damon_region *r)
{
	if (!damon_sample_pending(r) || !stays(r))
		draw_sample(s, r, r->nr_samples ? MAX_DRAWS : 0);
}

/*
 * Finishes a sample.  One that did not count is forgotten, so that what probes
 * find at pending addresses belongs to a sample that did.
 */
static void finish_sample(struct sampler *s, struct damon_region *r)
{
	unsigned int nr_before = r->nr_samples;
	bool arm = (nr_before + 1) % SAMPLES_TO_STAY;

	if (!damon_sample_pending(r))
		return;
	damon_count_sample(r, look_at(s, r->sampling_addr, arm),
			   &s->ctx->attrs);
	if (r->nr_samples == nr_before)
		r->sampling_addr = DAMON_NO_SAMPLE;
}

static unsigned int check_accesses(struct damon_ctx *ctx)
{
	bool probe = damon_has_probes(ctx);
	struct sampler s = { .ctx = ctx };
	unsigned int max_nr_accesses = 0;
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			finish_sample(&s, r);
			/* probes want to see where it was */
			if (!probe)
				next_sample(&s, r);
			max_nr_accesses = max(max_nr_accesses, r->nr_accesses);
			pause_sampling(&s);
		}
	}
	return max_nr_accesses;
}

/* data attribute probes */

static bool folio_of_type(const struct damon_filter *f, void *arg)
{
	struct folio *folio = arg;

	if (!folio)
		return false;
	switch (f->type) {
	case DAMON_FILTER_TYPE_ANON:
		return folio_test_anon(folio);
	case DAMON_FILTER_TYPE_MEMCG:
		return damon_folio_in_memcg(folio, f->memcg_id);
	default:
		return false;
	}
}

/* The folio may be gone by now.  Then what was there is of no type. */
static void probe_sample(struct damon_ctx *ctx, struct damon_region *r)
{
	struct folio *folio = NULL;
	unsigned long pfn;

	if (pfn_of(ctx, r->sampling_addr, &pfn))
		folio = damon_get_folio(pfn);
	damon_count_hits(ctx, r, folio_of_type, folio);
	if (folio)
		folio_put(folio);
}

/* Probes the samples that have just been finished, and begins the next. */
static void apply_probes(struct damon_ctx *ctx)
{
	struct sampler s = { .ctx = ctx };
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			if (damon_sample_pending(r))
				probe_sample(ctx, r);
			next_sample(&s, r);
			pause_sampling(&s);
		}
	}
}

static int __init damon_paddr_init(void)
{
	struct damon_operations ops = {
		.id = DAMON_OPS_PADDR,
		.prepare_access_checks = prepare_access_checks,
		.check_accesses = check_accesses,
		.apply_probes = apply_probes,
		.get_scheme_score = damon_paddr_score,
		.apply_scheme = damon_paddr_apply_scheme,
		.size_on_node = damon_paddr_size_on_node,
	};

	return damon_register_ops(&ops);
}
subsys_initcall(damon_paddr_init);

#ifdef CONFIG_DAMON_PADDR_KUNIT_TEST
#include "tests/paddr-probe-kunit.h"
#endif
