/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases of the KUnit suite "damon-operations" that look at page tables without
 * locks, those of real mappings in the test's own address space.
 */

#include <linux/huge_mm.h>
#include <linux/random.h>

/* Nothing else accesses the test's address space, so what is found is exact. */
static void need_upper_levels(struct kunit *test)
{
	/* attaches an address space */
	map_pages(test, 1, PROT_READ);
	if (!damon_lockless_works(current->mm))
		kunit_skip(test, "no accessed bits in upper page table levels");
}

/* Maps @size bytes, aligned to that of one entry, and skips the test if it cannot. */
static struct damon_addr_range map_aligned(struct kunit *test, unsigned long size,
					   unsigned long entry)
{
	struct damon_addr_range range;
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, size + entry, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, 0);
	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "no address space to map memory in");
	range.start = round_up(addr, entry);
	range.end = range.start + size;
	return range;
}

static void look_at_coarse(const struct damon_addr_range *range,
			   struct damon_touched *touched)
{
	touched->nr = 0;
	damon_lockless_look_coarse(current->mm, range, touched);
}

static void lockless_coarse_test(struct kunit *test)
{
	struct damon_addr_range range;
	struct damon_touched touched;

	need_upper_levels(test);
	range = map_aligned(test, 3 * PUD_SIZE, PUD_SIZE);
	touch(test, range.start);
	touch(test, range.start + 2 * PUD_SIZE + 5 * PAGE_SIZE);

	KUNIT_EXPECT_GE(test, damon_lockless_arm_coarse(current->mm, &range), 3);
	look_at_coarse(&range, &touched);
	KUNIT_EXPECT_EQ(test, touched.nr, 0);

	touch_for_sure(test, range.start + 2 * PUD_SIZE + 5 * PAGE_SIZE);
	look_at_coarse(&range, &touched);
	KUNIT_ASSERT_EQ(test, touched.nr, 1);
	KUNIT_EXPECT_EQ(test, touched.ranges[0].start,
			range.start + 2 * PUD_SIZE);
	KUNIT_EXPECT_EQ(test, touched.ranges[0].end, range.end);

	/* Whoever asks for a part gets the whole entry. */
	touch_for_sure(test, range.start);
	range.start += PUD_SIZE - PAGE_SIZE;
	range.end -= PUD_SIZE;
	look_at_coarse(&range, &touched);
	KUNIT_ASSERT_EQ(test, touched.nr, 1);
	KUNIT_EXPECT_EQ(test, touched.ranges[0].end - touched.ranges[0].start,
			PUD_SIZE);
}

/* All addresses there are, also those that no process has. */
static void lockless_everywhere_test(struct kunit *test)
{
	struct damon_addr_range all = { 0, ULONG_MAX };
	struct damon_addr_range top = { -4UL * PMD_SIZE, -PMD_SIZE };
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	DECLARE_BITMAP(leaves, DAMON_SWEEP_PIECE) = {};
	struct damon_addr_range range;
	struct damon_touched touched;

	need_upper_levels(test);
	range = map_aligned(test, PUD_SIZE, PUD_SIZE);
	touch(test, range.start);
	KUNIT_EXPECT_GT(test, damon_lockless_arm_coarse(current->mm, &all), 0);
	touch_for_sure(test, range.start);
	look_at_coarse(&all, &touched);
	KUNIT_ASSERT_EQ(test, touched.nr, 1);
	KUNIT_EXPECT_EQ(test, touched.ranges[0].start, range.start);

	KUNIT_EXPECT_EQ(test, damon_lockless_arm_fine(current->mm, &top, bits, leaves),
			3);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(bits, DAMON_SWEEP_PIECE));
	KUNIT_EXPECT_TRUE(test, bitmap_empty(leaves, DAMON_SWEEP_PIECE));
	bits[0] = GENMASK(3, 0);
	KUNIT_EXPECT_EQ(test, damon_lockless_look_fine(current->mm, &top, bits), 0);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(3));
	look_at_coarse(&top, &touched);
	KUNIT_EXPECT_EQ(test, touched.nr, 0);
}

static void lockless_fine_test(struct kunit *test)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	DECLARE_BITMAP(leaves, DAMON_SWEEP_PIECE) = {};
	struct damon_addr_range range;

	need_upper_levels(test);
	range = map_aligned(test, 6 * PMD_SIZE, PMD_SIZE);
	touch(test, range.start + PMD_SIZE);
	touch(test, range.start + 4 * PMD_SIZE);
	touch(test, range.end - 1);

	KUNIT_EXPECT_EQ(test, damon_lockless_arm_fine(current->mm, &range, bits, leaves),
			6);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(leaves, DAMON_SWEEP_PIECE));
	KUNIT_EXPECT_EQ(test, bits[0], BIT(5) | BIT(4) | BIT(1));
	/* What is old now stays so until it is touched. */
	touch_for_sure(test, range.start + 5 * PMD_SIZE - 1);
	bits[0] = 0;
	damon_lockless_arm_fine(current->mm, &range, bits, leaves);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(4));

	touch_for_sure(test, range.start + 5 * PMD_SIZE - 1);
	bits[0] = GENMASK(4, 0);
	KUNIT_EXPECT_EQ(test, damon_lockless_look_fine(current->mm, &range, bits), 5);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(4));

	/* Bits that are clear stay clear, which is how several looks are combined. */
	touch_for_sure(test, range.start + PMD_SIZE);
	damon_lockless_look_fine(current->mm, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(4));
	bits[0] = GENMASK(5, 0);
	damon_lockless_look_fine(current->mm, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(4) | BIT(1));

	/* Without any table of that level. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(range.start, 6 * PMD_SIZE));
	bits[0] = GENMASK(5, 0);
	damon_lockless_look_fine(current->mm, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], 0);
}

static struct sampler *new_glancer(struct kunit *test)
{
	struct sampler *s = new_sampler(test);

	damon_glance_begin(&s->glance, current->mm);
	s->lockless = true;
	return s;
}

/* Entries that map memory are left to the caller, which tells reclaim. */
static void lockless_leaves_test(struct kunit *test)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	DECLARE_BITMAP(leaves, DAMON_SWEEP_PIECE) = {};
	struct damon_addr_range range;
	struct damon_leaf leaf;
	struct sampler *s;

	need_upper_levels(test);
	range.start = map_huge(test);
	range.end = range.start + PMD_SIZE;
	touch_for_sure(test, range.start);
	s = new_glancer(test);

	KUNIT_EXPECT_EQ(test, damon_lockless_arm_fine(current->mm, &range, bits, leaves),
			1);
	KUNIT_EXPECT_EQ(test, bits[0], 1);
	KUNIT_EXPECT_EQ(test, leaves[0], 1);
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, range.start, &leaf),
			DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_TRUE(test, leaf.young);
	KUNIT_EXPECT_FALSE(test, folio_test_young(leaf.folio));
	damon_walk_end(&s->walk);

	KUNIT_EXPECT_EQ(test, arm_fine(s, &range, bits), 1);
	let_go(s);
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, range.start, &leaf),
			DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_FALSE(test, leaf.young);
	KUNIT_EXPECT_TRUE(test, folio_test_young(leaf.folio));
	damon_walk_end(&s->walk);
	look_fine(s, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], 0);

	/* It may be a sample that has made it old, so that tells nothing. */
	KUNIT_EXPECT_EQ(test, arm_fine(s, &range, bits), 1);
	KUNIT_EXPECT_EQ(test, bits[0], 1);
	let_go(s);

	touch_for_sure(test, range.end - 1);
	bits[0] = 1;
	look_fine(s, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], 1);
}

/* A sweep does not take away what a sample has been waiting for. */
static void lockless_dormant_test(struct kunit *test)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	struct damon_addr_range range;
	struct damon_region *r;
	struct damon_ctx *ctx;
	struct sampler *s;

	need_upper_levels(test);
	range.start = map_huge(test);
	range.end = range.start + PMD_SIZE;
	ctx = new_ctx_of_pages(test, range.start, 2);
	s = new_glancer(test);
	s->ctx = ctx;
	s->t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	damon_round_prepare(&s->round, ctx);
	damon_round_begin(&s->round, s->t);
	s->round.span = DAMON_DORMANT_SPAN;
	s->round.tick = 1;
	/* The second one is not dormant. */
	damon_for_each_region(r, s->t)
		r->sampling_addr = r->ar.start;
	damon_first_region(s->t)->age = DAMON_DORMANT_AGE;
	touch_for_sure(test, range.start);

	KUNIT_EXPECT_EQ(test, arm_fine(s, &range, bits), 1);
	let_go(s);
	KUNIT_EXPECT_EQ(test, s->nr_hits, 1);
	KUNIT_EXPECT_TRUE(test, s->round.surprised);
	r = damon_first_region(s->t);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 1);
	KUNIT_EXPECT_TRUE(test, damon_sample_pending(r));
	KUNIT_EXPECT_EQ(test, damon_next_region(r)->nr_accesses, 0);
	damon_destroy_ctx(ctx);
}

/* Different kinds of memory in a row, each MIXED_PAGES large. */
#define MIXED_PAGES	16

static void fill_pages(struct kunit *test, unsigned long addr)
{
	unsigned long end = addr + MIXED_PAGES * PAGE_SIZE;

	for (; addr < end; addr += PAGE_SIZE)
		touch(test, addr);
}

static void fill_zero_pages(struct kunit *test, unsigned long addr)
{
	unsigned long end = addr + MIXED_PAGES * PAGE_SIZE;
	u8 byte = 1;

	for (; addr < end; addr += PAGE_SIZE) {
		KUNIT_ASSERT_EQ(test, 0, get_user(byte, (u8 __user *)addr));
		KUNIT_ASSERT_EQ(test, byte, 0);
	}
}

/* A large folio, if there is one to be had; else it is pages again. */
static void fill_large(struct kunit *test, unsigned long addr)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	unsigned long orders = READ_ONCE(huge_anon_orders_madvise);

	WRITE_ONCE(huge_anon_orders_madvise, orders | BIT(ilog2(MIXED_PAGES)));
	do_madvise(current->mm, addr, MIXED_PAGES * PAGE_SIZE, MADV_HUGEPAGE);
	fill_pages(test, addr);
	WRITE_ONCE(huge_anon_orders_madvise, orders);
#else
	fill_pages(test, addr);
#endif
}

static unsigned long map_inaccessible(struct kunit *test)
{
	unsigned long addr = map_pages(test, MIXED_PAGES, PROT_NONE);
	char byte = 1;
	int i;

	for (i = 0; i < MIXED_PAGES; i += 2)
		access_remote_vm(current->mm, addr + i * PAGE_SIZE, &byte, 1,
				 FOLL_WRITE | FOLL_FORCE);
	return addr;
}

/* Maps memory of all kinds that are to be had.  Returns how many. */
static unsigned int map_mixture(struct kunit *test,
				struct damon_addr_range ranges[4])
{
	unsigned long sz = MIXED_PAGES * PAGE_SIZE, addr;
	unsigned int nr = 0;

	addr = map_aligned(test, 5 * sz, sz).start;
	fill_pages(test, addr);
	fill_zero_pages(test, addr + sz);
	fill_large(test, addr + 2 * sz);
	fill_pages(test, addr + 3 * sz);
	KUNIT_ASSERT_EQ(test, 0, do_madvise(current->mm, addr + 3 * sz, sz / 2,
					    MADV_GUARD_INSTALL));
	fill_pages(test, addr + 4 * sz);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + 4 * sz, sz / 2));
	ranges[nr++] = (struct damon_addr_range){ addr - sz, addr + 6 * sz };

	addr = map_inaccessible(test);
	ranges[nr++] = (struct damon_addr_range){ addr, addr + sz };
	ranges[nr++] = (struct damon_addr_range){ TASK_SIZE_MAX - sz, ULONG_MAX };
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	addr = map_aligned(test, 2 * PMD_SIZE, PMD_SIZE).start;
	do_madvise(current->mm, addr, 2 * PMD_SIZE, MADV_HUGEPAGE);
	touch(test, addr);
	ranges[nr++] = (struct damon_addr_range){ addr - sz, addr + 2 * PMD_SIZE };
#endif
	return nr;
}

#define NR_GLANCES	64

/*
 * What a glance finds, the walker finds, too.  One batch of glances, then all of
 * them again with locks.  Counts what is found.
 */
static void compare_batch(struct kunit *test, struct damon_addr_range *ranges,
			  unsigned int nr_ranges, unsigned int nr[3])
{
	static unsigned long addrs[NR_GLANCES];
	static enum damon_leaf_kind kinds[NR_GLANCES];
	static struct damon_leaf leaves[NR_GLANCES];
	struct sampler *s = new_glancer(test);
	struct damon_leaf leaf;
	int i;

	for (i = 0; i < NR_GLANCES; i++) {
		struct damon_addr_range *range =
			&ranges[get_random_u32_below(nr_ranges)];

		addrs[i] = range->start +
			get_random_u64() % (range->end - range->start);
		kinds[i] = damon_glance(&s->glance, addrs[i], &leaves[i]);
	}
	damon_glance_end(&s->glance);
	for (i = 0; i < NR_GLANCES; i++) {
		enum damon_leaf_kind kind = look_up(&s->walk, addrs[i], &leaf);

		nr[kinds[i]]++;
		if (kinds[i] == DAMON_LEAF_OPAQUE)
			continue;
		KUNIT_EXPECT_EQ(test, kind, kinds[i]);
		if (kind != DAMON_LEAF_FOLIO || kinds[i] != kind)
			continue;
		KUNIT_EXPECT_PTR_EQ(test, leaf.folio, leaves[i].folio);
		KUNIT_EXPECT_EQ(test, leaf.start, leaves[i].start);
		KUNIT_EXPECT_EQ(test, leaf.size, leaves[i].size);
		KUNIT_EXPECT_EQ(test, leaf.young, leaves[i].young);
	}
	damon_walk_end(&s->walk);
}

static void glance_agrees_test(struct kunit *test)
{
	struct damon_addr_range ranges[4];
	unsigned int nr_ranges, nr[3] = {}, i;

	need_upper_levels(test);
	nr_ranges = map_mixture(test, ranges);
	for (i = 0; i < 100; i++)
		compare_batch(test, ranges, nr_ranges, nr);
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
	KUNIT_EXPECT_GT(test, nr[DAMON_LEAF_NONE], 0);
	KUNIT_EXPECT_GT(test, nr[DAMON_LEAF_FOLIO], 0);
	kunit_info(test, "none %u, left to the walker %u, folios %u\n",
		   nr[DAMON_LEAF_NONE], nr[DAMON_LEAF_OPAQUE],
		   nr[DAMON_LEAF_FOLIO]);
}

/* An entry that became another one is not touched. */
static void glance_mkold_test(struct kunit *test)
{
	struct damon_leaf leaf;
	struct sampler *s;
	unsigned long addr;
	bool old, gone;
	int refs;

	need_upper_levels(test);
	addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	touch(test, addr);
	s = new_glancer(test);

	KUNIT_ASSERT_EQ(test, damon_glance(&s->glance, addr, &leaf),
			DAMON_LEAF_FOLIO);
	refs = folio_ref_count(leaf.folio);
	old = damon_glance_mkold(&s->glance);
	/* The glance still has the value from before. */
	gone = !damon_glance_mkold(&s->glance) &&
		!damon_glance_get(&s->glance, leaf.folio);
	refs -= folio_ref_count(leaf.folio);
	damon_glance_end(&s->glance);
	KUNIT_EXPECT_TRUE(test, leaf.young);
	KUNIT_EXPECT_TRUE(test, old);
	KUNIT_EXPECT_TRUE(test, gone);
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_FALSE(test, leaf.young);
	KUNIT_EXPECT_EQ(test, refs, 0);
	damon_walk_end(&s->walk);
}

/* Reclaim has to see what a glance took away. */
static void glance_flags_test(struct kunit *test)
{
	struct damon_leaf leaf;
	struct sampler *s;
	unsigned long addr;
	bool armed, on;

	need_upper_levels(test);
	addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	touch(test, addr);
	s = new_glancer(test);

	armed = arm_sample(s, addr);
	on = s->glance.on;
	let_go(s);
	KUNIT_EXPECT_TRUE(test, armed);
	KUNIT_EXPECT_TRUE(test, on);
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_FALSE(test, leaf.young);
	KUNIT_EXPECT_TRUE(test, folio_test_young(leaf.folio));
	KUNIT_EXPECT_TRUE(test, folio_test_idle(leaf.folio));
	KUNIT_EXPECT_EQ(test, finish_sample(s, addr), DAMON_NOT_ACCESSED);

	folio_clear_idle(leaf.folio);
	KUNIT_EXPECT_EQ(test, finish_sample(s, addr), DAMON_ACCESSED);
	folio_set_idle(leaf.folio);
	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, finish_sample(s, addr), DAMON_ACCESSED);
}

static void check_one(struct sampler *s, struct damon_region *r)
{
	check_region(s, r);
	let_go(s);
	s->old_size = 0;
	s->old_folio = NULL;
}

/* A sample that stays costs nothing until its page is accessed. */
static void glance_stays_test(struct kunit *test)
{
	struct damon_ctx *ctx;
	struct damon_target *t;
	struct damon_region *r;
	struct sampler *s;
	unsigned long addr;

	need_upper_levels(test);
	addr = map_pages(test, 1, PROT_READ | PROT_WRITE);
	ctx = new_ctx_of_pages(test, addr, 1);
	t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	r = damon_first_region(t);
	s = new_glancer(test);
	s->ctx = ctx;
	s->t = t;
	damon_round_prepare(&s->round, ctx);
	damon_round_begin(&s->round, t);
	s->round.stay = true;
	touch(test, addr);

	check_one(s, r);
	KUNIT_ASSERT_TRUE(test, damon_sample_pending(r));
	r->sampling_addr = addr + 7;
	check_one(s, r);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, r->sampling_addr, addr + 7);
	touch_for_sure(test, addr);
	check_one(s, r);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 1);
	KUNIT_EXPECT_EQ(test, r->sampling_addr, addr + 7);
	/* It has been made old again. */
	check_one(s, r);
	KUNIT_EXPECT_EQ(test, r->nr_accesses, 1);
	KUNIT_EXPECT_EQ(test, r->nr_samples, 3);
	damon_destroy_ctx(ctx);
}
