/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases of the KUnit suite "damon-operations" about entries that map 1 GiB, seen from
 * above.  They are made up, so that they need neither such pages nor hardware for them.
 */

#ifdef CONFIG_DAMON_LOCKLESS
/* The entry for the second half of two aligned gigabytes, with a table that it is in. */
static pud_t *pud_behind(struct kunit *test, const struct damon_addr_range *range)
{
	unsigned long addr = range->start + PUD_SIZE;
	p4d_t *p4dp = p4d_alloc(current->mm, pgd_offset(current->mm, addr), addr);
	pud_t *pudp;

	KUNIT_ASSERT_NOT_NULL(test, p4dp);
	pudp = pud_alloc(current->mm, p4dp, addr);
	KUNIT_ASSERT_NOT_NULL(test, pudp);
	KUNIT_ASSERT_TRUE(test, pud_none(*pudp));
	return pudp;
}

/* What is seen of four fine entries, two of them below an entry that maps 1 GiB. */
struct gigantic_view {
	unsigned long armed;		/* bits of those that were made old */
	unsigned long seen;		/* and that are touched */
	unsigned long coarse;		/* start of what a coarse look reports, or 0 */
	bool kept;			/* no look has changed the entry */
};

/*
 * The entry is there only for as long as this takes, and nobody accesses what it maps.
 * Nothing of it may be left where tables are freed.
 */
static void view_gigantic(pud_t *pudp, bool young, const struct damon_addr_range *fine,
			  struct gigantic_view *view)
{
	DECLARE_BITMAP(bits, DAMON_SWEEP_PIECE) = {};
	pud_t pud = pud_mkhuge(pfn_pud(0, PAGE_KERNEL_RO));
	struct damon_addr_range coarse = {
		.start = fine->end & PUD_MASK, .end = fine->end,
	};
	struct damon_touched touched = {};

	pud = young ? pud_mkyoung(pud) : pud_mkold(pud);
	WRITE_ONCE(*pudp, pud);
	damon_lockless_arm_fine(current->mm, fine, bits);
	view->armed = bits[0];
	damon_lockless_look_fine(current->mm, fine, bits);
	view->seen = bits[0];
	damon_lockless_arm_coarse(current->mm, &coarse);
	damon_lockless_look_coarse(current->mm, &coarse, &touched);
	view->coarse = touched.nr ? touched.ranges[0].start : 0;
	view->kept = pud_val(*pudp) == pud_val(pud);
	WRITE_ONCE(*pudp, __pud(0));
	flush_tlb_mm(current->mm);
}

/*
 * It says for all fine entries below what it says itself, and samples make it old.  One
 * that is old may be so because of them, and is looked at all the same.
 */
static void lockless_gigantic_test(struct kunit *test)
{
	struct damon_addr_range range, fine;
	struct gigantic_view view;
	pud_t *pudp;

	need_upper_levels(test);
	range = map_aligned(test, 2 * PUD_SIZE, PUD_SIZE);
	fine.start = range.start + PUD_SIZE - 2 * PMD_SIZE;
	fine.end = fine.start + 4 * PMD_SIZE;
	pudp = pud_behind(test, &range);

	touch_for_sure(test, fine.start + PMD_SIZE);
	view_gigantic(pudp, true, &fine, &view);
	KUNIT_EXPECT_EQ(test, view.armed, BIT(3) | BIT(2) | BIT(1));
	KUNIT_EXPECT_EQ(test, view.seen, BIT(3) | BIT(2));
	KUNIT_EXPECT_EQ(test, view.coarse, range.start + PUD_SIZE);
	KUNIT_EXPECT_TRUE(test, view.kept);

	touch_for_sure(test, fine.start + PMD_SIZE);
	view_gigantic(pudp, false, &fine, &view);
	KUNIT_EXPECT_EQ(test, view.armed, BIT(3) | BIT(2) | BIT(1));
	KUNIT_EXPECT_EQ(test, view.seen, 0);
	KUNIT_EXPECT_EQ(test, view.coarse, 0);
	KUNIT_EXPECT_TRUE(test, view.kept);
}
#else
static void lockless_gigantic_test(struct kunit *test)
{
	kunit_skip(test, "no accessed bits in upper page table levels");
}
#endif
