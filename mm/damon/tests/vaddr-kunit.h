/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-operations": samples, on real mappings of the test's own
 * address space.
 */

#include <kunit/test.h>

#include "mappings-kunit.h"
#include "turns-kunit.h"

static struct sampler *new_sampler(struct kunit *test)
{
	struct sampler *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	damon_walk_begin(&s->walk, current->mm);
	return s;
}

static enum damon_answer answer_of(struct sampler *s, unsigned long addr)
{
	enum damon_answer answer;

	/* Another pass: what the last one made old is no longer remembered. */
	s->old_size = 0;
	s->old_folio = NULL;
	answer = test_sample(s, addr);
	let_go(s);
	return answer;
}

static void sample_page_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct sampler *s = new_sampler(test);

	touch(test, addr);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr + 1));
	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr + 1), DAMON_NOT_ACCESSED);
	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr + 1), DAMON_ACCESSED);
	/* Looking does not change anything. */
	KUNIT_EXPECT_EQ(test, answer_of(s, addr + 1), DAMON_ACCESSED);
}

/* Who faults memory in has accessed it; who does not has not. */
static void sample_unmapped_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 2, PROT_READ | PROT_WRITE);
	struct sampler *s = new_sampler(test);

	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr));
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr + PAGE_SIZE));
	damon_walk_end(&s->walk);
	touch(test, addr);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_ACCESSED);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr + PAGE_SIZE),
			DAMON_NOT_ACCESSED);

	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr));
	damon_walk_end(&s->walk);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_NOT_ACCESSED);
}

static void sample_unknown_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct sampler *s = new_sampler(test);

	touch(test, addr);
	set_device_memory(addr, true);
	KUNIT_EXPECT_FALSE(test, arm_sample(s, addr));
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_UNKNOWN);
	set_device_memory(addr, false);
}

/* Reclaim has to see what monitoring took away, and the other way round. */
static void sample_flags_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct sampler *s = new_sampler(test);
	struct damon_leaf leaf;

	touch(test, addr);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr));
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_TRUE(test, folio_test_young(leaf.folio));
	KUNIT_EXPECT_TRUE(test, folio_test_idle(leaf.folio));
	folio_clear_idle(leaf.folio);
	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_ACCESSED);

	/* Nothing was cleared now, so reclaim has nothing to be told. */
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, addr, &leaf), DAMON_LEAF_FOLIO);
	folio_test_clear_young(leaf.folio);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr));
	KUNIT_EXPECT_FALSE(test, folio_test_young(leaf.folio));
	KUNIT_EXPECT_TRUE(test, folio_test_idle(leaf.folio));
	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_NOT_ACCESSED);
}

/*
 * Two regions share a huge entry.  Within one pass, making it old for the
 * first must not hide the access from the second.
 */
static void sample_shared_entry_test(struct kunit *test)
{
	unsigned long addr = map_huge(test);
	unsigned long half = addr + PMD_SIZE / 2;
	struct sampler *s = new_sampler(test);

	KUNIT_EXPECT_TRUE(test, arm_sample(s, half));
	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, answer_of(s, half), DAMON_NOT_ACCESSED);

	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, test_sample(s, addr), DAMON_ACCESSED);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, addr + 4));
	KUNIT_EXPECT_EQ(test, test_sample(s, half), DAMON_ACCESSED);
	KUNIT_EXPECT_TRUE(test, arm_sample(s, half + 4));
	KUNIT_EXPECT_EQ(test, test_sample(s, half + 8), DAMON_ACCESSED);
	damon_walk_end(&s->walk);

	KUNIT_EXPECT_EQ(test, answer_of(s, half), DAMON_NOT_ACCESSED);
}

static struct damon_ctx *new_ctx_of_pages(struct kunit *test,
					  unsigned long addr, int nr)
{
	struct damon_ctx *ctx = damon_new_ctx();
	struct damon_target *t = damon_new_target();
	struct damon_region *r;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_NOT_NULL(test, t);
	/* no interval is the last one of a window */
	ctx->next_aggregation_ns = U64_MAX;
	damon_add_target(ctx, t);
	for (i = 0; i < nr; i++) {
		r = damon_new_region(addr + i * PAGE_SIZE,
				     addr + (i + 1) * PAGE_SIZE);
		KUNIT_ASSERT_NOT_NULL(test, r);
		r->sampling_addr = DAMON_NO_SAMPLE;
		damon_add_region(r, t);
	}
	return ctx;
}

/*
 * Part of a region may be memory that cannot be checked.  Targets that are seldom looked
 * at get samples all the same; for others, the next tick is soon enough.
 */
static void sample_partly_unknown_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	unsigned long other = kunit_vm_mmap(test, NULL, addr + 4 * PAGE_SIZE,
					    4 * PAGE_SIZE, PROT_READ,
					    MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, 0);
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, 1);
	struct sampler *s = new_sampler(test);
	unsigned int i, kind, nr[3] = {};
	struct damon_region *r;

	KUNIT_ASSERT_EQ(test, other, addr + 4 * PAGE_SIZE);
	ctx->rnd_state = 1;
	s->ctx = ctx;
	s->t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	r = damon_first_region(s->t);
	r->ar.end = addr + 8 * PAGE_SIZE;
	set_device_memory(other, true);
	for (kind = 0; kind < ARRAY_SIZE(nr); kind++) {
		s->t->nr_sleeps = kind == 1;
		s->t->reach.silent = kind == 2;
		for (i = 0; i < 100; i++) {
			draw_sample(s, r);
			nr[kind] += damon_sample_pending(r);
		}
	}
	let_go(s);
	set_device_memory(other, false);
	KUNIT_EXPECT_GT(test, nr[0], 25);
	KUNIT_EXPECT_LT(test, nr[0], 75);
	KUNIT_EXPECT_EQ(test, nr[1], 100);
	KUNIT_EXPECT_EQ(test, nr[2], 100);
	s->t->nr_sleeps = 0;
	damon_destroy_ctx(ctx);
}

/* A context with one region of many pages, of which something is known, and its sampler. */
static struct sampler *new_look(struct kunit *test, unsigned long addr, int nr_pages,
				unsigned int rate)
{
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, 1);
	struct sampler *s = new_sampler(test);
	struct damon_region *r;

	s->ctx = ctx;
	s->t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	r = damon_first_region(s->t);
	r->ar.end = addr + nr_pages * PAGE_SIZE;
	r->rate = rate;
	r->worth = 20;
	ctx->rnd_state = 1;
	ctx->min_region_sz = PAGE_SIZE;
	ctx->region_sz_limit = nr_pages * PAGE_SIZE;
	return s;
}

/* The end of another interval. */
static void look_once(struct sampler *s)
{
	s->old_size = 0;
	s->old_folio = NULL;
	s->nr_hits = 0;
	s->nr_samples = 0;
	damon_looks_begin(&s->looks, s->ctx);
	check_regions(s, s->t);
	let_go(s);
}

static bool page_is_young(struct kunit *test, struct sampler *s, unsigned long addr)
{
	struct damon_leaf leaf;
	enum damon_leaf_kind kind = look_up(&s->walk, addr, &leaf);

	damon_walk_end(&s->walk);
	KUNIT_EXPECT_EQ(test, kind, DAMON_LEAF_FOLIO);
	return kind == DAMON_LEAF_FOLIO && leaf.young;
}

/* The page of a sample that differs from its region is looked at again. */
static void look_again_of(struct kunit *test, unsigned int rate, bool first, bool agrees)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	struct sampler *s = new_look(test, addr, 8, rate);
	struct damon_region *r = damon_first_region(s->t);
	struct damon_spots *spots = &s->t->spots;
	bool surprised = first == !damon_was_hot(r);
	unsigned int looks = 0;

	touch(test, addr);
	s->lockless = damon_lockless_works(current->mm);
	damon_glance_begin(&s->glance, current->mm);
	KUNIT_ASSERT_TRUE(test, arm_sample(s, addr));
	let_go(s);
	r->sampling_addr = addr;

	s->ctx->next_aggregation_ns = U64_MAX;
	if (first)
		touch_for_sure(test, addr);
	look_once(s);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, first);
	KUNIT_EXPECT_GT(test, r->nr_samples, 0);
	KUNIT_EXPECT_EQ(test, s->nr_samples, 1);
	KUNIT_EXPECT_EQ(test, spots->nr, surprised);
	while (spots->nr && spots->spots[0].chance) {
		KUNIT_EXPECT_EQ(test, spots->spots[0].addr, addr);
		/* what the region's samples are is a matter of chance */
		r->sampling_addr = DAMON_NO_SAMPLE_YET;
		KUNIT_EXPECT_FALSE(test, page_is_young(test, s, addr));
		if (first == agrees)
			touch_for_sure(test, addr);
		look_once(s);
		KUNIT_EXPECT_EQ(test, s->nr_samples, 0);
		KUNIT_EXPECT_EQ(test, r->nr_accesses, first);
		looks++;
	}
	KUNIT_EXPECT_EQ(test, spots->nr, surprised && agrees);
	if (spots->nr) {
		KUNIT_EXPECT_EQ(test, spots->spots[0].addr, addr);
		KUNIT_EXPECT_EQ(test, !!spots->spots[0].hot, first);
	}
	/* the nearer its rate is to one half, the more it takes */
	if (!agrees || !rate || rate == DAMON_FULL_RATE)
		KUNIT_EXPECT_EQ(test, looks, surprised);
	else
		KUNIT_EXPECT_GT(test, looks, 1);
	damon_destroy_ctx(s->ctx);
}

static void look_again_test(struct kunit *test)
{
	look_again_of(test, 0, true, true);
	look_again_of(test, 0, true, false);
	look_again_of(test, 0, false, true);
	look_again_of(test, DAMON_FULL_RATE, false, true);
	look_again_of(test, DAMON_FULL_RATE, false, false);
	look_again_of(test, DAMON_FULL_RATE, true, true);
	look_again_of(test, DAMON_FULL_RATE / 4, true, true);
	look_again_of(test, DAMON_FULL_RATE / 4 * 3, false, true);
}

/* A page that cannot tell is none any more. */
static void suspect_unknown_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	struct sampler *s = new_look(test, addr, 8, 0);
	struct damon_spot spot = { .addr = addr, .chance = 1, .hot = true };

	touch(test, addr);
	damon_note_spot(s->t, &spot);
	s->t->spots.turn = s->ctx->nr_intervals + s->ctx->nr_windows;
	set_device_memory(addr, true);
	look_once(s);
	set_device_memory(addr, false);
	KUNIT_EXPECT_EQ(test, s->t->spots.nr, 0);
	damon_destroy_ctx(s->ctx);
}

/* What a flush of the TLB is to show is looked at behind it, one window after the other. */
static void suspect_hidden_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	struct sampler *s = new_look(test, addr, 8, 0);
	struct damon_spot spot = {
		.addr = addr, .chance = 3, .share = DAMON_FULL_RATE / 2, .hot = true,
	};
	struct damon_spots *spots = &s->t->spots;
	int i;

	s->t->reach.silent = true;
	touch(test, addr);
	damon_note_spot(s->t, &spot);
	for (i = 0; i < 2; i++) {
		s->ctx->nr_intervals += 18;
		s->step = DAMON_REACH_FLUSH;
		look_once(s);
		KUNIT_ASSERT_EQ(test, spots->nr, 1);
		KUNIT_EXPECT_TRUE(test, spots->spots[0].chance == (i ? 1 : 3));
		KUNIT_EXPECT_FALSE(test, page_is_young(test, s, addr));
		touch_for_sure(test, addr);
		s->step = DAMON_REACH_COUNT;
		look_once(s);
	}
	KUNIT_ASSERT_EQ(test, spots->nr, 1);
	KUNIT_EXPECT_FALSE(test, spots->spots[0].chance);
	damon_destroy_ctx(s->ctx);
}

/* Samples of a huge page or a large folio are not spoilt by looks at it as a suspect. */
static void suspect_shared_entry_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	struct sampler *s = new_look(test, addr, 8, 0);
	struct damon_spot spot = {
		.addr = addr + 4, .chance = 60, .share = DAMON_FULL_RATE / 4, .hot = true,
	};
	struct damon_region *r = damon_first_region(s->t);

	touch(test, addr);
	s->lockless = damon_lockless_works(current->mm);
	damon_glance_begin(&s->glance, current->mm);
	KUNIT_ASSERT_TRUE(test, arm_sample(s, addr));
	let_go(s);
	r->sampling_addr = addr;
	damon_note_spot(s->t, &spot);
	s->t->spots.turn = s->ctx->nr_intervals + s->ctx->nr_windows;
	s->ctx->next_aggregation_ns = U64_MAX;
	touch_for_sure(test, addr);
	look_once(s);
	/* both have seen it */
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 1);
	KUNIT_EXPECT_EQ(test, s->t->spots.nr, 2);
	KUNIT_EXPECT_EQ(test, s->t->spots.spots[0].addr, addr);
	KUNIT_EXPECT_EQ(test, (unsigned int)s->t->spots.spots[1].chance, 14);

	/* nobody would look at them in the interval after a window's last one */
	s->ctx->next_aggregation_ns = 0;
	r->sampling_addr = DAMON_NO_SAMPLE_YET;
	touch_for_sure(test, addr);
	look_once(s);
	KUNIT_EXPECT_TRUE(test, page_is_young(test, s, addr));
	KUNIT_EXPECT_EQ(test, s->t->spots.nr, 1);
	KUNIT_EXPECT_EQ(test, (unsigned int)s->t->spots.spots[0].chance, 0);
	damon_destroy_ctx(s->ctx);
}

/*
 * The sample of an idle region lasts for half a window, is not begun again meanwhile, and
 * stands for all of that time.
 */
static void look_lasts_of(struct kunit *test, bool lockless, bool accessed)
{
	unsigned long addr = map_pages(test, 8, PROT_READ | PROT_WRITE);
	struct sampler *s = new_look(test, addr, 8, 0);
	struct damon_region *r = damon_first_region(s->t);
	int i;

	KUNIT_ASSERT_EQ(test, damon_max_nr_accesses(&s->ctx->attrs), 20);
	touch(test, addr);
	s->lockless = lockless;
	damon_glance_begin(&s->glance, current->mm);
	KUNIT_ASSERT_TRUE(test, arm_sample(s, addr + 7));
	let_go(s);
	r->sampling_addr = addr + 7;
	r->untouched = true;
	set_turn(s->ctx, r);
	for (i = 1; i < 10; i++) {
		if (i == 5 && accessed)
			touch_for_sure(test, addr);
		look_once(s);
		KUNIT_EXPECT_EQ(test, r->sampling_addr, addr + 7);
		KUNIT_EXPECT_EQ(test, r->nr_samples, 0);
		KUNIT_EXPECT_EQ(test, s->nr_samples, 0);
		KUNIT_EXPECT_EQ(test, page_is_young(test, s, addr), i >= 5 && accessed);
	}
	look_once(s);
	KUNIT_EXPECT_EQ(test, s->nr_samples, 1);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 10);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, accessed);
	KUNIT_EXPECT_EQ(test, s->looks.surprised, accessed);
	KUNIT_EXPECT_EQ(test, !r->untouched, accessed);
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(r));
	/* after the first access the next interval has a sample, too */
	if (accessed) {
		look_once(s);
		KUNIT_EXPECT_EQ(test, s->nr_samples, 1);
	}
	damon_destroy_ctx(s->ctx);
}

static void look_lasts_test(struct kunit *test)
{
	look_lasts_of(test, false, false);
	look_lasts_of(test, false, true);
}

/* More regions than one batch, every third one accessed between two passes. */
static void check_regions_of(struct kunit *test, bool lockless)
{
	int nr = 3 * BATCH + 1, i;
	unsigned long addr = map_pages(test, nr, PROT_READ | PROT_WRITE);
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, nr);
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);
	struct sampler *s = new_sampler(test);
	struct damon_region *r;

	damon_glance_begin(&s->glance, current->mm);
	s->lockless = lockless;
	s->ctx = ctx;
	s->t = t;
	for (i = 0; i < nr; i++)
		touch(test, addr + i * PAGE_SIZE);

	/* No sample was under way yet. */
	look_once(s);
	KUNIT_EXPECT_EQ(test, s->nr_samples, 0);
	damon_for_each_region(r, t)
		KUNIT_EXPECT_TRUE(test, damon_sample_pending(r));

	flush_tlb_mm(current->mm);
	for (i = 0; i < nr; i += 3)
		touch(test, addr + i * PAGE_SIZE);
	look_once(s);
	KUNIT_EXPECT_EQ(test, s->nr_samples, nr);
	KUNIT_EXPECT_EQ(test, s->nr_hits, DIV_ROUND_UP(nr, 3));
	i = 0;
	damon_for_each_region(r, t)
		KUNIT_EXPECT_EQ(test, r->nr_accesses, i++ % 3 ? 0 : 1);

	/* at the end of a window the next ones wait for what comes between two */
	ctx->next_aggregation_ns = 0;
	look_once(s);
	KUNIT_EXPECT_EQ(test, s->nr_samples, nr);
	KUNIT_EXPECT_TRUE(test, t->lacks_samples);
	damon_for_each_region(r, t)
		KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
	damon_destroy_ctx(ctx);
}

static void check_regions_test(struct kunit *test)
{
	check_regions_of(test, false);
}

#include "lockless-kunit.h"
#include "gigantic-kunit.h"

static void glance_lasts_test(struct kunit *test)
{
	need_upper_levels(test);
	look_lasts_of(test, true, false);
	look_lasts_of(test, true, true);
}

static void glance_regions_test(struct kunit *test)
{
	need_upper_levels(test);
	check_regions_of(test, true);
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
}

/* Regions that are passed over do not keep interrupts off. */
static void glance_batch_test(struct kunit *test)
{
	struct damon_region *r;
	unsigned long addr;
	struct sampler *s;
	bool on;
	int i;

	need_upper_levels(test);
	addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	s = new_look(test, addr, 1, 0);
	touch(test, addr);
	/* so long a window that nobody has a turn */
	s->ctx->attrs.sample_interval = 1;
	s->ctx->attrs.aggr_interval = INT_MAX;
	s->ctx->next_aggregation_ns = U64_MAX;
	for (i = 1; i < BATCH; i++) {
		r = damon_new_region(addr + i * PAGE_SIZE, addr + (i + 1) * PAGE_SIZE);
		KUNIT_ASSERT_NOT_NULL(test, r);
		r->worth = 1;
		r->untouched = true;
		r->sampling_addr = r->ar.start;
		damon_add_region(r, s->t);
	}
	s->lockless = true;
	damon_glance_begin(&s->glance, current->mm);
	damon_looks_begin(&s->looks, s->ctx);
	check_regions(s, s->t);
	on = s->glance.on;
	let_go(s);
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(damon_first_region(s->t)));
	KUNIT_EXPECT_FALSE(test, on);
	damon_destroy_ctx(s->ctx);
}

/* Kernel threads, which tests run in, have no memory to monitor. */
static void no_process_test(struct kunit *test)
{
	unsigned long addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	struct damon_ctx *ctx = new_ctx_of_pages(test, addr, 1);
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);
	struct damon_region *r = damon_first_region(t);
	struct sampler *s = new_sampler(test);

	touch(test, addr);
	t->pid = task_pid(current);
	KUNIT_EXPECT_TRUE(test, target_valid(t));
	KUNIT_EXPECT_NULL(test, damon_get_mm(t));

	/* A sample that cannot be finished does not count as cold. */
	r->sampling_addr = addr;
	r->nr_accesses = 3;
	init_sampler(s, ctx);
	check_target(s, t);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 3);
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));
	prepare_target(ctx, t);
	KUNIT_EXPECT_FALSE(test, damon_sample_pending(r));

	t->pid = NULL;
	KUNIT_EXPECT_FALSE(test, target_valid(t));
	damon_destroy_ctx(ctx);
}

static struct kunit_case operations_cases[] = {
	KUNIT_CASE(sample_page_test),
	KUNIT_CASE(sample_unmapped_test),
	KUNIT_CASE(sample_unknown_test),
	KUNIT_CASE(sample_flags_test),
	KUNIT_CASE(sample_partly_unknown_test),
	KUNIT_CASE(sample_shared_entry_test),
	KUNIT_CASE(look_again_test),
	KUNIT_CASE(suspect_hidden_test),
	KUNIT_CASE(suspect_unknown_test),
	KUNIT_CASE(suspect_shared_entry_test),
	KUNIT_CASE(look_lasts_test),
	KUNIT_CASE(check_regions_test),
	KUNIT_CASE(lockless_coarse_test),
	KUNIT_CASE(lockless_everywhere_test),
	KUNIT_CASE(lockless_fine_test),
	KUNIT_CASE(lockless_leaves_test),
	KUNIT_CASE(lockless_gigantic_test),
	KUNIT_CASE(lockless_borrows_test),
	KUNIT_CASE(lockless_gives_back_test),
	KUNIT_CASE(lockless_sample_test),
	KUNIT_CASE(glance_agrees_test),
	KUNIT_CASE(glance_mkold_test),
	KUNIT_CASE(glance_holds_test),
	KUNIT_CASE(glance_flags_test),
	KUNIT_CASE(glance_lasts_test),
	KUNIT_CASE(glance_regions_test),
	KUNIT_CASE(glance_batch_test),
	KUNIT_CASE(no_process_test),
	{}
};

static struct kunit_suite operations_suite = {
	.name = "damon-operations",
	.test_cases = operations_cases,
};

kunit_test_suite(operations_suite);
