// SPDX-License-Identifier: GPL-2.0
/*
 * Operations set for the physical address space: was this page frame's memory
 * accessed, through whichever mapping?
 *
 * Only folios on LRU lists and mapped ones of hugetlb can tell.  Free memory, the
 * kernel's own and holes give no answer.  Physical addresses are the core's addresses
 * times the context's address unit.  Must not know page tables.
 */

#define pr_fmt(fmt) "damon-pa: " fmt

#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>

#include "../internal.h"
#include "looking.h"
#include "lru.h"
#include "ops-common.h"
#include "paddr.h"

/* Regions that are sampled in a row without a chance for others to run. */
#define BATCH		32

/*
 * How many places to look at in a row, as long as no address of a region that was
 * drawn in this window could tell.  There may be hardly any memory in it that can,
 * and until that is found it does not grow old, however cold it is.
 */
#define MAX_LOOKS	4

/*
 * One pass over the regions of a target.  A large folio can be in several of
 * them: it is made old once for all of them.
 */
struct sampler {
	struct damon_ctx *ctx;
	unsigned long pfn;		/* folio that was made old last */
	unsigned long nr_pages;
	unsigned int lru_refs;
	struct damon_visits visits;
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

static struct folio *folio_at(struct damon_ctx *ctx, unsigned long addr)
{
	unsigned long pfn;

	return pfn_of(ctx, addr, &pfn) ? damon_get_folio(pfn) : NULL;
}

/* However long a sample lasts, it is tested with the seed with which it was begun. */
static struct damon_visits *visits_of(struct sampler *s, const struct folio *folio)
{
	s->visits.seed = hash_long(folio_pfn(folio), 32);
	return &s->visits;
}

/* Makes a folio old, to see what happens from now on, and puts it. */
static bool arm_folio(struct sampler *s, struct folio *folio)
{
	bool armed = damon_folio_arm(folio, visits_of(s, folio));

	if (armed) {
		s->pfn = folio_pfn(folio);
		s->nr_pages = folio_nr_pages(folio);
		s->lru_refs = damon_lru_watch_refs(folio);
	}
	folio_put(folio);
	return armed;
}

/* True if the folio of a page frame was the last one. */
static bool is_armed(const struct sampler *s, unsigned long pfn)
{
	return pfn - s->pfn < s->nr_pages;
}

static bool arm_sample(struct sampler *s, unsigned long addr)
{
	struct folio *folio;
	unsigned long pfn;

	if (!pfn_of(s->ctx, addr, &pfn))
		return false;
	if (is_armed(s, pfn))
		return true;
	folio = damon_get_folio(pfn);
	return folio && arm_folio(s, folio);
}

/* The folio at an address is old now. */
static void note_sample(const struct sampler *s, struct damon_region *r,
			unsigned long addr)
{
	r->sampling_addr = addr;
	r->lru_refs = s->lru_refs;
}

static enum damon_answer test_sample(struct sampler *s, unsigned long addr,
				     unsigned int lru_refs)
{
	struct folio *folio = folio_at(s->ctx, addr);
	enum damon_answer answer;

	if (!folio)
		return DAMON_UNKNOWN;
	answer = damon_lru_answer(folio, lru_refs,
				  damon_check_folio(folio, visits_of(s, folio)));
	folio_put(folio);
	return answer;
}

/* If the memory at an address cannot tell, the next interval draws another one. */
static void draw_sample(struct sampler *s, struct damon_region *r)
{
	unsigned long addr = damon_rand(s->ctx, r->ar.start, r->ar.end);

	if (arm_sample(s, addr))
		note_sample(s, r, addr);
}

/* The first address in a page frame, or behind its beginning. */
static unsigned long addr_of(struct damon_ctx *ctx, unsigned long pfn)
{
	u64 phys = (u64)pfn << PAGE_SHIFT;

	return min_t(u64, div64_ul(phys + ctx->addr_unit - 1, ctx->addr_unit),
		     ULONG_MAX);
}

/* As arm_sample().  If not, @addr becomes the next one that there can be a folio at. */
static bool arm_or_seek(struct sampler *s, unsigned long *addr)
{
	struct folio *folio;
	unsigned long pfn;

	if (!pfn_of(s->ctx, *addr, &pfn) || pfn > highest_memmap_pfn) {
		*addr = ULONG_MAX;
		return false;
	}
	if (is_armed(s, pfn))
		return true;
	folio = damon_seek_folio(&pfn);
	if (folio && arm_folio(s, folio))
		return true;
	*addr = addr_of(s->ctx, pfn);
	return false;
}

/*
 * Draws for a region that nothing is known of yet: looks on behind one address.  What cannot
 * be afforded is not replaced by what costs less: that would be a choice of memory that is
 * shared less.
 */
static void seek_sample(struct sampler *s, struct damon_region *r)
{
	unsigned long addr = damon_rand(s->ctx, r->ar.start, r->ar.end);
	int looks = MAX_LOOKS;

	while (looks-- && addr < r->ar.end && !s->visits.lacking) {
		if (arm_or_seek(s, &addr)) {
			note_sample(s, r, addr);
			return;
		}
	}
}

static void pause_sampling(unsigned int *nr)
{
	if (++*nr % BATCH == 0)
		cond_resched();
}

/*
 * What nothing was known of in the last window either is sought in twice per window: most
 * of those have nothing to be found.
 */
static void begin_sample(struct sampler *s, const struct damon_looks *looks,
			 struct damon_region *r)
{
	damon_look_begins(looks, r);
	r->sampling_addr = DAMON_NO_SAMPLE;
	if (damon_region_known(r))
		draw_sample(s, r);
	else if (r->worth || !(looks->tick % looks->still_span))
		seek_sample(s, r);
}

/* They have visits of their own, or regions would have to go without. */
static void arm_suspects(struct damon_ctx *ctx, struct damon_target *t)
{
	struct sampler s = { .ctx = ctx, .visits.left = DAMON_PASS_VISITS };
	struct damon_spot *spot;

	t->spots.next = 0;
	while ((spot = damon_next_suspect(t, ULONG_MAX))) {
		if (arm_sample(&s, spot->addr))
			spot->lru_refs = s.lru_refs;
		else
			damon_drop_spot(t, spot);
	}
}

static void check_suspects(struct damon_ctx *ctx, struct damon_target *t,
			   unsigned int turn)
{
	struct sampler s = { .ctx = ctx, .visits.left = DAMON_PASS_VISITS };
	struct damon_spot *spot;

	damon_begin_suspects(t, turn);
	while ((spot = damon_next_suspect(t, ULONG_MAX)))
		damon_look_again(t, spot, test_sample(&s, spot->addr, spot->lru_refs));
}

/*
 * Visits of mappings are for the regions from @first on, until there are none left.  Then
 * the next pass begins with another one, any of them, or regions with a turn in the same
 * interval could be the ones for which nothing is left in each window.
 */
static void prepare_access_checks(struct damon_ctx *ctx)
{
	unsigned int first = ctx->first_visitor, nr = 0, nr_samples = 0;
	struct sampler s = { .ctx = ctx };
	struct damon_looks looks;
	struct damon_target *t;
	struct damon_region *r;
	bool lacking = false;

	damon_note_samples(ctx);
	damon_looks_resume(&looks, ctx);
	looks.all = damon_has_probes(ctx);
	damon_for_each_target(t, ctx) {
		arm_suspects(ctx, t);
		damon_for_each_region(r, t) {
			if (nr++ == first) {
				s.visits.left = DAMON_PASS_VISITS;
				lacking = false;
			}
			if (damon_sample_pending(r) || !damon_look_next(&looks, r))
				continue;
			s.visits.lacking = false;
			begin_sample(&s, &looks, r);
			lacking |= s.visits.lacking;
			pause_sampling(&nr_samples);
		}
	}
	ctx->first_visitor = lacking ? damon_rand(ctx, 0, nr) : 0;
}

/* What was sampled is left for probes to see if it counts. */
static void finish_sample(struct sampler *s, struct damon_looks *looks,
			  struct damon_target *t, struct damon_region *r, bool probe)
{
	enum damon_answer answer = test_sample(s, r->sampling_addr, r->lru_refs);
	unsigned int nr_samples = r->nr_samples;

	damon_look_count(looks, t, r, answer);
	if (!probe || r->nr_samples == nr_samples)
		r->sampling_addr = DAMON_NO_SAMPLE;
}

static unsigned int check_accesses(struct damon_ctx *ctx)
{
	struct sampler s = { .ctx = ctx, .visits.left = DAMON_PASS_VISITS };
	bool probe = damon_has_probes(ctx);
	struct damon_looks looks;
	struct damon_target *t;
	struct damon_region *r;
	unsigned int nr = 0;

	damon_looks_begin(&looks, ctx);
	/* probes want to see the memory each time */
	looks.all = probe;
	damon_for_each_target(t, ctx) {
		check_suspects(ctx, t, looks.turn);
		damon_for_each_region(r, t) {
			if (!damon_sample_pending(r) || damon_look_lasts(&looks, r))
				continue;
			finish_sample(&s, &looks, t, r, probe);
			pause_sampling(&nr);
		}
	}
	return 0;
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
		return damon_folio_in_memcg(folio, f->memcg_id, false);
	default:
		return false;
	}
}

/* The folio may be gone by now.  Then what was there is of no type. */
static void probe_sample(struct damon_ctx *ctx, struct damon_region *r)
{
	struct folio *folio = folio_at(ctx, r->sampling_addr);

	damon_count_hits(ctx, r, folio_of_type, folio);
	if (folio)
		folio_put(folio);
}

/* What has an attribute at one time has it for the whole interval. */
static void draw_for_probes(const struct damon_looks *looks, struct damon_region *r)
{
	/* hits beyond that are not counted */
	if (r->nr_samples >= min(looks->window, U8_MAX) || !damon_probe_next(looks, r))
		return;
	r->sampling_addr = damon_rand(looks->ctx, r->ar.start, r->ar.end);
	damon_count_answer(r, false, looks->window);
}

/* Probes the samples that have just been finished, or others where nobody takes any. */
static void apply_probes(struct damon_ctx *ctx)
{
	bool attrs_only = damon_attrs_only(ctx);
	struct damon_looks looks;
	struct damon_target *t;
	struct damon_region *r;
	unsigned int nr = 0;

	if (attrs_only)
		damon_looks_begin(&looks, ctx);
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			if (attrs_only)
				draw_for_probes(&looks, r);
			if (!damon_sample_pending(r))
				continue;
			probe_sample(ctx, r);
			r->sampling_addr = DAMON_NO_SAMPLE;
			pause_sampling(&nr);
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
#include "tests/shared-kunit.h"
#endif
