/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lets the n-th allocation of a test fail.  Needs CONFIG_FAILSLAB with its
 * debugfs files, through which allocations that may sleep are made to fail, too.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>

#if IS_ENABLED(CONFIG_FAILSLAB) && IS_ENABLED(CONFIG_FAULT_INJECTION_DEBUG_FS)

/* The variable behind a file of failslab. */
static void *failslab_knob(const char *name)
{
	struct dentry *dir = debugfs_lookup("failslab", NULL), *file;
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

static void reset_failslab(void *unused)
{
	WRITE_ONCE(*(bool *)failslab_knob("ignore-gfp-wait"), knob_sleeping);
	WRITE_ONCE(*(unsigned long *)failslab_knob("verbose"), knob_verbose);
}

static void needs_failslab(struct kunit *test)
{
	bool *sleeping = failslab_knob("ignore-gfp-wait");
	unsigned long *verbose = failslab_knob("verbose");

	if (!sleeping || !verbose)
		kunit_skip(test, "no failslab in debugfs");
	knob_sleeping = *sleeping;
	knob_verbose = *verbose;
	WRITE_ONCE(*sleeping, false);
	WRITE_ONCE(*verbose, 0);
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
