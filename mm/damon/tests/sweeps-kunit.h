/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about accessed bits that sweeps have borrowed: whoever takes a target away from
 * its sweep has them given back.
 */
#include "../sweep.h"

/* Entries that are old, whatever their kind. */
static unsigned int nr_lent;

static unsigned int lend_coarse(void *arg, const struct damon_addr_range *range)
{
	WRITE_ONCE(nr_lent, nr_lent + 1);
	return 1;
}

static unsigned int get_coarse_back(void *arg, const struct damon_addr_range *range,
				    struct damon_touched *touched)
{
	WRITE_ONCE(nr_lent, nr_lent - 1);
	return 1;
}

static unsigned int no_fine(void *arg, const struct damon_addr_range *range,
			    unsigned long *bits)
{
	return 1;
}

static void get_back(struct damon_target *t, const struct damon_addr_range *range,
		     unsigned long *bits)
{
	if (!bits)
		get_coarse_back(NULL, range, NULL);
}

static const struct damon_sight lending_sight = {
	.fine = 1,
	.coarse = 256,
	.arm_coarse = lend_coarse,
	.look_coarse = get_coarse_back,
	.arm_fine = no_fine,
	.look_fine = no_fine,
	.give_back = get_back,
};

/* Entries are made old once, and not looked at any more. */
static void lend(struct damon_ctx *ctx, struct damon_target *t)
{
	if (!t->sweep)
		damon_sweep_look(ctx, t, &lending_sight, NULL);
	damon_sweep_arm(ctx, t, &lending_sight, NULL);
}

static unsigned int lend_in_ticks(struct damon_ctx *ctx)
{
	struct damon_target *t;

	damon_for_each_target(t, ctx)
		lend(ctx, t);
	return fake_check(ctx);
}

static struct damon_ctx *new_lender(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	nr_lent = 0;
	ctx->ops.check_accesses = lend_in_ticks;
	add_space(test, ctx, 0, 300);
	return ctx;
}

static void sweep_gives_back_for_pause(struct kunit *test)
{
	struct damon_ctx *ctx = new_lender(test);

	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, READ_ONCE(nr_lent));
	KUNIT_ASSERT_EQ(test, call(test, ctx, set_pause, ctx), 0);
	wait_until(test, !READ_ONCE(nr_lent));
	KUNIT_ASSERT_EQ(test, call(test, ctx, end_pause, ctx), 0);
	wait_until(test, READ_ONCE(nr_lent));
}

static int switch_off(void *data)
{
	set_always_off(data, 3600 * USEC_PER_SEC);
	return 0;
}

static void sweep_gives_back_for_wmarks(struct kunit *test)
{
	struct damon_ctx *ctx = new_lender(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);

	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, READ_ONCE(nr_lent));
	KUNIT_ASSERT_EQ(test, call(test, ctx, switch_off, s), 0);
	wait_until(test, !READ_ONCE(nr_lent));
}

static void sweep_gives_back_at_end(struct kunit *test)
{
	struct damon_ctx *ctx = new_lender(test);

	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, READ_ONCE(nr_lent));
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, nr_lent, 0);
}

/* The regions lead to the entries, so they must not have gone by then. */
static void sweep_gives_back_at_commit(struct kunit *test)
{
	struct damon_ctx *dst = new_lender(test), *src = new_ctx(test);
	struct damon_target *t = list_first_entry(&dst->adaptive_targets,
						  struct damon_target, list);
	struct damon_target *other = add_space(test, src, 1000, 1300);

	/* others, of the same address space */
	lend(dst, t);
	KUNIT_ASSERT_GT(test, nr_lent, 0);
	KUNIT_ASSERT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, nr_lent, 0);

	/* another address space */
	src->addr_unit = 2;
	lend(dst, t);
	KUNIT_ASSERT_GT(test, nr_lent, 0);
	KUNIT_ASSERT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, nr_lent, 0);

	/* no target */
	other->obsolete = true;
	lend(dst, t);
	KUNIT_ASSERT_GT(test, nr_lent, 0);
	KUNIT_ASSERT_EQ(test, damon_commit_ctx(dst, src), 0);
	KUNIT_EXPECT_EQ(test, nr_lent, 0);
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(dst));
}
