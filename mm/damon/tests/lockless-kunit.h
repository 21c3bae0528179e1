/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases of the KUnit suite "damon-operations" that look at page tables without
 * locks, those of real mappings in the test's own address space.
 */

#include <linux/huge_mm.h>
#include <linux/random.h>

#include "../arch.h"

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

/* Returns true if the entry for @addr is young that covers @size bytes. */
static bool upper_is_young(unsigned long addr, unsigned long size)
{
#ifdef CONFIG_DAMON_LOCKLESS
	p4d_t *p4dp = p4d_offset(pgd_offset(current->mm, addr), addr);
	pud_t *pudp;

	if (size == P4D_SIZE)
		return damon_entry_young(p4d_val(*p4dp));
	if (!p4d_present(*p4dp))
		return false;
	pudp = pud_offset(p4dp, addr);
	if (size == PUD_SIZE)
		return damon_entry_young(pud_val(*pudp));
	if (!pud_present(*pudp))
		return false;
	return damon_entry_young(pmd_val(*pmd_offset(pudp, addr)));
#else
	return false;
#endif
}

static void look_at_coarse(const struct damon_addr_range *range,
			   struct damon_touched *touched)
{
	touched->nr = 0;
	damon_lockless_look_coarse(current->mm, range, touched);
}

/* Coarse entries are young whenever a look is over, like the one above them. */
static void expect_given_back(struct kunit *test, unsigned long addr)
{
	KUNIT_EXPECT_TRUE(test, upper_is_young(addr, PUD_SIZE));
	KUNIT_EXPECT_TRUE(test, upper_is_young(addr, P4D_SIZE));
}

static void lockless_coarse_test(struct kunit *test)
{
	struct damon_addr_range range;
	struct damon_touched touched;
	unsigned long first, last;

	need_upper_levels(test);
	range = map_aligned(test, 3 * PUD_SIZE, PUD_SIZE);
	first = range.start;
	last = range.start + 2 * PUD_SIZE + 5 * PAGE_SIZE;
	touch(test, first);
	touch(test, last);

	KUNIT_EXPECT_GE(test, damon_lockless_arm_coarse(current->mm, &range), 3);
	KUNIT_EXPECT_FALSE(test, upper_is_young(first, PUD_SIZE));
	KUNIT_EXPECT_FALSE(test, upper_is_young(last, PUD_SIZE));
	/* the entry above, which is about much other memory, is left alone */
	KUNIT_EXPECT_TRUE(test, upper_is_young(first, P4D_SIZE));
	KUNIT_EXPECT_TRUE(test, upper_is_young(last, P4D_SIZE));
	look_at_coarse(&range, &touched);
	KUNIT_EXPECT_EQ(test, touched.nr, 0);
	expect_given_back(test, first);
	expect_given_back(test, last);

	damon_lockless_arm_coarse(current->mm, &range);
	touch_for_sure(test, last);
	look_at_coarse(&range, &touched);
	KUNIT_ASSERT_EQ(test, touched.nr, 1);
	KUNIT_EXPECT_EQ(test, touched.ranges[0].start,
			range.start + 2 * PUD_SIZE);
	KUNIT_EXPECT_EQ(test, touched.ranges[0].end, range.end);
	expect_given_back(test, first);
	expect_given_back(test, last);

	/* Whoever asks for a part gets the whole entry. */
	damon_lockless_arm_coarse(current->mm, &range);
	touch_for_sure(test, first);
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
	expect_given_back(test, range.start);

	KUNIT_EXPECT_EQ(test, damon_lockless_arm_fine(current->mm, &top, bits), 3);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(bits, DAMON_SWEEP_PIECE));
	bits[0] = GENMASK(3, 0);
	KUNIT_EXPECT_EQ(test, damon_lockless_look_fine(current->mm, &top, bits), 0);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(3));
	look_at_coarse(&top, &touched);
	KUNIT_EXPECT_EQ(test, touched.nr, 0);
}

/* Which of the fine entries of a range are young, as bits. */
static unsigned long young_fine(const struct damon_addr_range *range)
{
	unsigned long addr = range->start, bits = 0;
	int i;

	for (i = 0; addr < range->end; i++, addr += PMD_SIZE)
		bits |= (unsigned long)upper_is_young(addr, PMD_SIZE) << i;
	return bits;
}

static void lockless_fine_test(struct kunit *test)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	struct damon_addr_range range;

	need_upper_levels(test);
	range = map_aligned(test, 6 * PMD_SIZE, PMD_SIZE);
	touch(test, range.start + PMD_SIZE);
	touch(test, range.start + 4 * PMD_SIZE);
	touch(test, range.end - 1);

	KUNIT_EXPECT_EQ(test, damon_lockless_arm_fine(current->mm, &range, bits), 6);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(5) | BIT(4) | BIT(1));
	KUNIT_EXPECT_EQ(test, young_fine(&range), 0);
	/* What is old now stays so until it is touched. */
	touch_for_sure(test, range.start + 5 * PMD_SIZE - 1);
	bits[0] = 0;
	damon_lockless_arm_fine(current->mm, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(4));

	/* No others are visited than those whose bits are set, nor are tables made up. */
	touch_for_sure(test, range.start + 5 * PMD_SIZE - 1);
	bits[0] = GENMASK(4, 0);
	KUNIT_EXPECT_EQ(test, damon_lockless_look_fine(current->mm, &range, bits), 5);
	KUNIT_EXPECT_EQ(test, bits[0], BIT(4));
	KUNIT_EXPECT_EQ(test, young_fine(&range), BIT(4) | BIT(1));

	/* Bits that are clear stay clear, which is how several looks are combined. */
	damon_lockless_arm_fine(current->mm, &range, bits);
	bits[0] = BIT(4);
	touch_for_sure(test, range.start + PMD_SIZE);
	damon_lockless_look_fine(current->mm, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], 0);
	KUNIT_EXPECT_EQ(test, young_fine(&range), BIT(4) | BIT(1));

	/* Without any table of that level. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(range.start, 6 * PMD_SIZE));
	bits[0] = GENMASK(5, 0);
	damon_lockless_look_fine(current->mm, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], 0);
}

#define NR_FINE		24

static void touch_entries(struct kunit *test, const struct damon_addr_range *range,
			  unsigned long bits)
{
	unsigned int i;

	for_each_set_bit(i, &bits, NR_FINE)
		touch_for_sure(test, range->start + i * PMD_SIZE);
}

/*
 * Who was young is young again after a look, accessed or not, and the answer tells
 * which.  Who was old and was not accessed is still old.
 */
static void lockless_borrows_test(struct kunit *test)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	unsigned long mapped, young, accessed;
	struct damon_addr_range range;
	int i;

	need_upper_levels(test);
	range = map_aligned(test, NR_FINE * PMD_SIZE, PMD_SIZE);
	mapped = get_random_u32() & GENMASK(NR_FINE - 1, 0);
	touch_entries(test, &range, mapped);
	KUNIT_EXPECT_EQ(test, young_fine(&range), mapped);
	for (i = 0; i < 16; i++) {
		young = get_random_u32() & mapped;
		accessed = get_random_u32() & mapped;
		damon_lockless_arm_fine(current->mm, &range, bits);
		touch_entries(test, &range, young);
		KUNIT_EXPECT_EQ(test, young_fine(&range), young);

		bitmap_zero(bits, DAMON_SWEEP_PIECE);
		damon_lockless_arm_fine(current->mm, &range, bits);
		KUNIT_EXPECT_EQ(test, bits[0], young);
		KUNIT_EXPECT_EQ(test, young_fine(&range), 0);
		touch_entries(test, &range, accessed);
		KUNIT_EXPECT_EQ(test, damon_lockless_look_fine(current->mm, &range, bits),
				hweight_long(young));
		KUNIT_EXPECT_EQ(test, bits[0], young & accessed);
		KUNIT_EXPECT_EQ(test, young_fine(&range), young | accessed);
	}
}

/* The same without a look, and without who has made entries old. */
static void lockless_gives_back_test(struct kunit *test)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	struct damon_addr_range range, fine;
	struct damon_target *t;

	need_upper_levels(test);
	range = map_aligned(test, PUD_SIZE, PUD_SIZE);
	fine = (struct damon_addr_range){ range.start, range.start + 4 * PMD_SIZE };
	touch_entries(test, &fine, BIT(3) | BIT(1));
	t = damon_new_target();
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->pid = task_pid(current);

	damon_lockless_arm_fine(current->mm, &fine, bits);
	damon_lockless_arm_coarse(current->mm, &range);
	KUNIT_EXPECT_EQ(test, young_fine(&fine), 0);
	KUNIT_EXPECT_FALSE(test, upper_is_young(range.start, PUD_SIZE));

	/* kernel threads have no memory of their own, and are left alone */
	give_back(t, &range, NULL);
	KUNIT_EXPECT_FALSE(test, upper_is_young(range.start, PUD_SIZE));
	current->flags &= ~PF_KTHREAD;
	give_back(t, &range, NULL);
	give_back(t, &fine, bits);
	current->flags |= PF_KTHREAD;
	KUNIT_EXPECT_TRUE(test, upper_is_young(range.start, PUD_SIZE));
	KUNIT_EXPECT_EQ(test, young_fine(&fine), BIT(3) | BIT(1));
	damon_free_target(t);
}

static struct sampler *new_glancer(struct kunit *test)
{
	struct sampler *s = new_sampler(test);

	damon_glance_begin(&s->glance, current->mm);
	s->lockless = true;
	return s;
}

/* Entries that map memory are made old by samples only, which tell reclaim. */
static void lockless_leaves_test(struct kunit *test)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	struct damon_addr_range range;
	struct damon_touched touched;
	struct damon_leaf leaf;
	struct sampler *s;

	need_upper_levels(test);
	range.start = map_huge(test);
	range.end = range.start + PMD_SIZE;
	touch_for_sure(test, range.start);
	s = new_glancer(test);

	damon_lockless_arm_coarse(current->mm, &range);
	look_at_coarse(&range, &touched);
	KUNIT_EXPECT_EQ(test, damon_lockless_arm_fine(current->mm, &range, bits), 1);
	KUNIT_EXPECT_EQ(test, bits[0], 1);
	KUNIT_EXPECT_EQ(test, damon_lockless_look_fine(current->mm, &range, bits), 1);
	KUNIT_EXPECT_EQ(test, bits[0], 1);
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, range.start, &leaf),
			DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_TRUE(test, leaf.young);
	KUNIT_EXPECT_FALSE(test, folio_test_young(leaf.folio));
	damon_walk_end(&s->walk);

	/* One that is old may be so because of a sample, and is looked at all the same. */
	KUNIT_EXPECT_TRUE(test, arm_sample(s, range.start));
	let_go(s);
	bits[0] = 0;
	KUNIT_EXPECT_EQ(test, arm_fine(s, &range, bits), 1);
	KUNIT_EXPECT_EQ(test, bits[0], 1);
	look_fine(s, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], 0);
	/* It is the sample's to say, so it is not made young either. */
	KUNIT_EXPECT_FALSE(test, page_is_young(test, s, range.start));

	touch_for_sure(test, range.end - 1);
	bits[0] = 1;
	look_fine(s, &range, bits);
	KUNIT_EXPECT_EQ(test, bits[0], 1);
	KUNIT_EXPECT_TRUE(test, page_is_young(test, s, range.start));
}

/* A sweep does not take away what samples have been waiting for, nor add to it. */
static void lockless_sample_test(struct kunit *test)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	struct damon_addr_range range;
	struct damon_touched touched;
	struct sampler *s;
	int i;

	need_upper_levels(test);
	s = new_glancer(test);
	for (i = 0; i < 4; i++) {
		bool accessed = i % 2;

		if (i < 2)
			range = map_aligned(test, PMD_SIZE, PMD_SIZE);
		else
			range.start = map_huge(test);
		range.end = range.start + PMD_SIZE;
		touch(test, range.start);
		KUNIT_EXPECT_TRUE(test, arm_sample(s, range.start));
		let_go(s);
		if (accessed)
			touch_for_sure(test, range.start);
		damon_lockless_arm_coarse(current->mm, &range);
		arm_fine(s, &range, bits);
		look_at_coarse(&range, &touched);
		look_fine(s, &range, bits);
		KUNIT_EXPECT_EQ(test, answer_of(s, range.start),
				accessed ? DAMON_ACCESSED : DAMON_NOT_ACCESSED);
	}
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
	damon_glance_end(&s->glance);
	refs -= folio_ref_count(leaf.folio);
	KUNIT_EXPECT_TRUE(test, leaf.young);
	KUNIT_EXPECT_TRUE(test, old);
	KUNIT_EXPECT_TRUE(test, gone);
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, addr, &leaf), DAMON_LEAF_FOLIO);
	KUNIT_EXPECT_FALSE(test, leaf.young);
	KUNIT_EXPECT_EQ(test, refs, 0);
	damon_walk_end(&s->walk);
}

/* Nothing is freed while interrupts are off, and no reference stays afterwards. */
static void glance_holds_test(struct kunit *test)
{
	unsigned int nr = 2 * FOLIO_BATCH_SIZE, i, max_held = 0;
	struct damon_leaf leaf;
	struct sampler *s;
	unsigned long addr;
	int refs, before;

	need_upper_levels(test);
	addr = map_pages(test, nr, PROT_READ | PROT_WRITE);
	for (i = 0; i < nr; i++)
		touch(test, addr + i * PAGE_SIZE);
	lru_add_drain_all();
	s = new_glancer(test);
	KUNIT_ASSERT_EQ(test, look_up(&s->walk, addr, &leaf), DAMON_LEAF_FOLIO);
	before = folio_ref_count(leaf.folio);
	damon_walk_end(&s->walk);

	arm_sample(s, addr);
	refs = folio_ref_count(leaf.folio);
	for (i = 1; i < nr; i++) {
		arm_sample(s, addr + i * PAGE_SIZE);
		max_held = max(max_held, folio_batch_count(&s->glance.held));
	}
	let_go(s);
	KUNIT_EXPECT_EQ(test, refs, before + 1);
	KUNIT_EXPECT_EQ(test, folio_ref_count(leaf.folio), before);
	KUNIT_EXPECT_LT(test, max_held, FOLIO_BATCH_SIZE);
	KUNIT_EXPECT_EQ(test, folio_batch_count(&s->glance.held), 0);
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
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
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_NOT_ACCESSED);

	folio_clear_idle(leaf.folio);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_ACCESSED);
	folio_set_idle(leaf.folio);
	touch_for_sure(test, addr);
	KUNIT_EXPECT_EQ(test, answer_of(s, addr), DAMON_ACCESSED);
}
