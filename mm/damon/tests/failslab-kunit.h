/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lets the n-th allocation of a test fail.  Needs CONFIG_FAILSLAB with its
 * debugfs files, through which allocations that may sleep are made to fail, too.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>

#if IS_ENABLED(CONFIG_FAILSLAB) && IS_ENABLED(CONFIG_FAULT_INJECTION_DEBUG_FS)

/* The variable behind a file of fault injection, or NULL. */
static void *fault_knob(const char *kind, const char *name)
{
	struct dentry *dir = debugfs_lookup(kind, NULL), *file;
	void *knob = NULL;

	if (IS_ERR_OR_NULL(dir))
		return NULL;
	file = debugfs_lookup(name, dir);
	if (!IS_ERR_OR_NULL(file)) {
		knob = d_inode(file)->i_private;
		dput(file);
	}
	dput(dir);
	return knob;
}

static bool knob_sleeping;
static unsigned long knob_verbose;
static u32 knob_min_order;

static void reset_failslab(void *unused)
{
	u32 *min_order = fault_knob("fail_page_alloc", "min-order");

	WRITE_ONCE(*(bool *)fault_knob("failslab", "ignore-gfp-wait"), knob_sleeping);
	WRITE_ONCE(*(unsigned long *)fault_knob("failslab", "verbose"), knob_verbose);
	if (min_order)
		WRITE_ONCE(*min_order, knob_min_order);
}

static void needs_failslab(struct kunit *test)
{
	bool *sleeping = fault_knob("failslab", "ignore-gfp-wait");
	unsigned long *verbose = fault_knob("failslab", "verbose");
	u32 *min_order = fault_knob("fail_page_alloc", "min-order");

	if (!sleeping || !verbose)
		kunit_skip(test, "no failslab in debugfs");
	knob_sleeping = *sleeping;
	knob_verbose = *verbose;
	WRITE_ONCE(*sleeping, false);
	WRITE_ONCE(*verbose, 0);
	/* pages that a cache grows by now and then would be counted, too */
	if (min_order) {
		knob_min_order = *min_order;
		WRITE_ONCE(*min_order, MAX_PAGE_ORDER + 1);
	}
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, reset_failslab,
							   NULL));
}

/* The @nth allocation of this task from here on fails. */
static void fail_allocation(unsigned int nth)
{
	WRITE_ONCE(current->fail_nth, nth);
}

/* True if it has come to that. */
static bool allocation_failed(void)
{
	bool failed = !READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return failed;
}

#else

static void needs_failslab(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_FAILSLAB and its debugfs files");
}

static void fail_allocation(unsigned int nth)
{
}

static bool allocation_failed(void)
{
	return false;
}

#endif
