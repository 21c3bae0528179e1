/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture of suites that need to know how much room there is in swap.
 */

#include <kunit/test.h>
#include <linux/swap.h>

#ifdef CONFIG_SWAP
static inline void end_pretence(void *nr_pages)
{
	atomic_long_set(&nr_swap_pages, (long)nr_pages);
}
#endif

/*
 * Whoever tries to use it fails, since no device has it.  The test is skipped where
 * one has.
 */
static inline void pretend_swap(struct kunit *test, long nr_pages)
{
#ifdef CONFIG_SWAP
	long old = get_nr_swap_pages();

	if (!total_swap_pages) {
		KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_pretence,
								   (void *)old));
		atomic_long_set(&nr_swap_pages, nr_pages);
		return;
	}
#endif
	kunit_skip(test, "swap is used, or there can be none");
}
