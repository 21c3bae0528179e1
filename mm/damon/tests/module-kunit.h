/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of what modules have in common, part of module-common.c: parameters
 * become contexts, contexts run, and what is wrong changes nothing.
 *
 * The module under test, and another one that is like it, have one scheme for cold and one
 * for hot memory each, and monitor nothing: targets are just valid or not.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../module-params.h"
#include "failslab-kunit.h"

#define PATIENCE_MS	20000
#define MAX_ALLOCATIONS	1000

static struct module_fake {
	bool invalid;			/* the target is */
	int build_err;
	bool bad_scheme;		/* one that cannot be committed */
	atomic_t nr_collected;
} module_fake;

static bool fake_target_valid(struct damon_target *t)
{
	return !READ_ONCE(module_fake.invalid);
}

static const struct damon_operations fake_ops = {
	.id = DAMON_OPS_PADDR,
	.target_valid = fake_target_valid,
};

static void fake_collect(struct damon_ctx *ctx)
{
	atomic_inc(&module_fake.nr_collected);
}

static int fake_build(struct damon_module *m, struct damon_ctx *ctx)
{
	struct damos_quota limits = { .sz = 1000 };
	struct damos *s;

	if (module_fake.build_err)
		return module_fake.build_err;
	ctx->ops = fake_ops;
	s = damon_module_add_scheme(m, ctx, DAMOS_STAT, false, &limits);
	if (!s)
		return -ENOMEM;
	s = damon_module_add_scheme(m, ctx, DAMOS_STAT, true, &limits);
	if (!s)
		return -ENOMEM;
	if (module_fake.bad_scheme)
		s->action = NR_DAMOS_ACTIONS;
	return damon_module_add_goal(s, DAMOS_QUOTA_USER_INPUT, 100, 7) ?:
		damon_module_add_filter(s, DAMOS_FILTER_TYPE_YOUNG, true);
}

static const struct damon_module module_defaults = {
	.name = "damon_kunit",
	.params = {
		DAMON_MODULE_ATTRS,
		.access_bp = 40,
		.range = { 0x10000, 0x90000 },
		.quota_reset_interval_ms = 1000,
		.wmarks = { .interval = 1000, .high = 3, .mid = 2, .low = 1 },
		.cold_age_us = 1000000,
		.hot_permil = 250,
	},
	.build = fake_build,
	.collect = fake_collect,
	.ready = true,
};

static struct damon_module tested;

static int put_to(struct damon_module *m, const struct kernel_param_ops *ops,
		  const char *text)
{
	const struct kernel_param kp = { .ops = ops, .arg = m };
	int err;

	kernel_param_lock(THIS_MODULE);
	err = ops->set(text, &kp);
	kernel_param_unlock(THIS_MODULE);
	return err;
}

static int put(const struct kernel_param_ops *ops, const char *text)
{
	return put_to(&tested, ops, text);
}

static void expect_get(struct kunit *test, const struct kernel_param_ops *ops,
		       const char *text)
{
	const struct kernel_param kp = { .ops = ops, .arg = &tested };
	char *buffer = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	KUNIT_EXPECT_EQ(test, ops->get(buffer, &kp), strlen(text));
	KUNIT_EXPECT_STREQ(test, buffer, text);
}

static unsigned long get_ulong(struct kunit *test, const struct kernel_param_ops *ops)
{
	const struct kernel_param kp = { .ops = ops, .arg = &tested };
	char *buffer = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	unsigned long value = 0;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	KUNIT_EXPECT_GT(test, ops->get(buffer, &kp), 0);
	KUNIT_EXPECT_EQ(test, kstrtoul(buffer, 0, &value), 0);
	return value;
}

static struct damon_addr_range shown_range(struct kunit *test)
{
	return (struct damon_addr_range){
		.start = get_ulong(test, &damon_module_start_ops),
		.end = get_ulong(test, &damon_module_end_ops),
	};
}

static void expect_off(struct kunit *test)
{
	expect_get(test, &damon_module_enabled_ops, "N\n");
	expect_get(test, &damon_module_pid_ops, "-1\n");
}

static void expect_on(struct kunit *test)
{
	char pid[16];

	expect_get(test, &damon_module_enabled_ops, "Y\n");
	KUNIT_ASSERT_TRUE(test, damon_module_is_running(&tested));
	sprintf(pid, "%d\n", damon_kdamond_pid(tested.ctx));
	KUNIT_EXPECT_NE(test, pid[0], '-');
	expect_get(test, &damon_module_pid_ops, pid);
}

static void turn_on(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, put(&damon_module_enabled_ops, "Y"), 0);
	expect_on(test);
}

static void turn_off(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "N"), 0);
	expect_off(test);
}

#define wait_until(test, cond)						\
do {									\
	ktime_t give_up = ktime_add_ms(ktime_get(), PATIENCE_MS);	\
	bool holds;							\
									\
	while (!(holds = (cond)) && ktime_before(ktime_get(), give_up))	\
		fsleep(500);						\
	KUNIT_ASSERT_TRUE_MSG(test, holds, "still not: %s", #cond);	\
} while (0)

/* Ends the kdamond without anybody asking it to. */
static void let_it_end(struct kunit *test)
{
	WRITE_ONCE(module_fake.invalid, true);
	wait_until(test, !damon_module_is_running(&tested));
	WRITE_ONCE(module_fake.invalid, false);
}

static struct damos *nth_scheme(struct damon_ctx *ctx, unsigned int n)
{
	struct damos *s;

	damon_for_each_scheme(s, ctx)
		if (!n--)
			return s;
	return NULL;
}

static struct damon_target *only_target(struct damon_ctx *ctx)
{
	return list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
}

/* building */

static int build_error(void)
{
	struct damon_module_terms terms;
	struct damon_ctx *ctx = damon_module_build(&tested, &terms);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	damon_destroy_ctx(ctx);
	return 0;
}

static void module_build(struct kunit *test)
{
	struct damon_module_terms terms;
	struct damon_ctx *ctx = damon_module_build(&tested, &terms);
	struct damos_quota_goal *goal;
	struct damos_filter *filter;
	struct damos *cold, *hot;

	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 5000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 100000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.min_nr_regions, 10);
	KUNIT_EXPECT_EQ(test, ctx->attrs.max_nr_regions, 1000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.intervals_goal.aggrs, 0);
	KUNIT_EXPECT_EQ(test, terms.ram.start, 0x10000);
	KUNIT_EXPECT_EQ(test, terms.ram.end, 0x90000);
	KUNIT_EXPECT_FALSE(test, terms.all_ram);
	KUNIT_EXPECT_EQ(test, terms.nr_schemes, 2);

	cold = nth_scheme(ctx, 0);
	KUNIT_EXPECT_EQ(test, cold->pattern.min_sz_region, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, cold->pattern.max_sz_region, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, cold->pattern.max_nr_accesses, 0);
	KUNIT_EXPECT_EQ(test, cold->pattern.min_age_region, 10);
	KUNIT_EXPECT_EQ(test, cold->pattern.max_age_region, UINT_MAX);
	KUNIT_EXPECT_EQ(test, cold->quota.sz, 1000);
	KUNIT_EXPECT_EQ(test, cold->quota.reset_interval, 1000);
	KUNIT_EXPECT_EQ(test, cold->wmarks.mid, 2);
	hot = nth_scheme(ctx, 1);
	KUNIT_EXPECT_EQ(test, hot->pattern.min_nr_accesses, 5);
	KUNIT_EXPECT_EQ(test, hot->pattern.max_nr_accesses, UINT_MAX);
	KUNIT_EXPECT_EQ(test, hot->pattern.min_age_region, 0);
	goal = list_first_entry(&hot->quota.goals, struct damos_quota_goal, list);
	KUNIT_EXPECT_EQ(test, goal->target_value, 100);
	KUNIT_EXPECT_EQ(test, goal->current_value, 7);
	filter = list_first_entry(&hot->ops_filters, struct damos_filter, list);
	KUNIT_EXPECT_TRUE(test, filter->matching);
	KUNIT_EXPECT_FALSE(test, filter->allow);
	damon_destroy_ctx(ctx);
}

static void module_refusals(struct kunit *test)
{
	struct damon_module_params *p = &tested.params;
	const struct {
		unsigned long *param;
		unsigned long bad, good;
	} cases[] = {
		{ &p->aggr_interval, 0, 5000 },
		{ &p->sample_interval, 5001, 0 },
		{ &p->min_nr_regions, 2, 3 },
		{ &p->max_nr_regions, 2, 3 },
		{ &p->addr_unit, 3, 2 },
		{ &p->addr_unit, 2000, PAGE_SIZE * 2 },
		{ &p->wmarks.high, 1, 2 },
		{ &p->wmarks.low, 3, 2 },
		{ &p->range.end, 0x10000, 0x10001 },
		{ &p->range.start, 0x10001, 0x10000 },
		{ &p->range.end, 0, ULONG_MAX },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		*cases[i].param = cases[i].bad;
		KUNIT_EXPECT_EQ_MSG(test, build_error(), -EINVAL, "bad %u", i);
		*cases[i].param = cases[i].good;
		KUNIT_EXPECT_EQ_MSG(test, build_error(), 0, "good %u", i);
	}
	module_fake.build_err = -EINVAL;
	KUNIT_EXPECT_EQ(test, build_error(), -EINVAL);
}

static void module_autotune(struct kunit *test)
{
	struct damon_module_terms terms;
	struct damon_intervals_goal *goal;
	struct damon_ctx *ctx;

	tested.params.autotune = true;
	tested.params.sample_interval = 7000000;
	tested.params.aggr_interval = 3;
	ctx = damon_module_build(&tested, &terms);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	goal = &ctx->attrs.intervals_goal;
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 5000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 100000);
	KUNIT_EXPECT_EQ(test, goal->access_bp, 40);
	KUNIT_EXPECT_EQ(test, goal->aggrs, 3);
	KUNIT_EXPECT_EQ(test, goal->min_sample_us, 5000);
	KUNIT_EXPECT_EQ(test, goal->max_sample_us, 10000000);
	KUNIT_EXPECT_EQ(test, nth_scheme(ctx, 0)->pattern.min_age_region, 10);
	damon_destroy_ctx(ctx);

	/* what it replaces has to make sense all the same */
	tested.params.aggr_interval = 0;
	KUNIT_EXPECT_EQ(test, build_error(), -EINVAL);
}

static void module_addr_unit(struct kunit *test)
{
	static const unsigned long units[][2] = {
		/* unit, smallest region */
		{ 1, PAGE_SIZE }, { 8, PAGE_SIZE / 8 }, { PAGE_SIZE, 1 },
		{ PAGE_SIZE * 16, 1 },
	};
	struct damon_module_terms terms;
	struct damon_ctx *ctx;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, put(&damon_module_unit_ops, "0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, put(&damon_module_unit_ops, "x"), -EINVAL);
	KUNIT_EXPECT_EQ(test, put(&damon_module_unit_ops, "-1"), -EINVAL);
	KUNIT_EXPECT_EQ(test, put(&damon_module_unit_ops,
				  "99999999999999999999999"), -ERANGE);
	expect_get(test, &damon_module_unit_ops, "1\n");
	KUNIT_EXPECT_EQ(test, put(&damon_module_unit_ops, "0x10\n"), 0);
	expect_get(test, &damon_module_unit_ops, "16\n");
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		tested.params.addr_unit = units[i][0];
		ctx = damon_module_build(&tested, &terms);
		KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
		KUNIT_EXPECT_EQ(test, ctx->addr_unit, units[i][0]);
		KUNIT_EXPECT_EQ(test, ctx->min_region_sz, units[i][1]);
		KUNIT_EXPECT_EQ(test, nth_scheme(ctx, 0)->pattern.min_sz_region,
				units[i][1]);
		damon_destroy_ctx(ctx);
	}
}

static void module_windows(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, to_windows(120000000, 100000), 1200);
	KUNIT_EXPECT_EQ(test, to_windows(120000000, 200000000), 1);
	KUNIT_EXPECT_EQ(test, to_windows(1, 100000), 1);
	KUNIT_EXPECT_EQ(test, to_windows(0, 100000), 0);
	KUNIT_EXPECT_EQ(test, to_windows(199999, 100000), 1);
	KUNIT_EXPECT_EQ(test, to_windows(5, 0), 5);
	KUNIT_EXPECT_EQ(test, to_windows(ULONG_MAX, 1), UINT_MAX);
}

static void module_rates(struct kunit *test)
{
	static const unsigned long cases[][4] = {
		/* sample_us, aggr_us, permil, accesses */
		{ 5000, 100000, 500, 10 }, { 5000, 100000, 0, 0 },
		{ 5000, 100000, 1000, 20 }, { 5000, 100000, 499, 9 },
		{ 5000, 100000, 1, 1 }, { 5000, 5000, 500, 1 },
		{ 0, 4000000, 250, 1000000 }, { 0, 0, 1000, 1 },
		{ 1, UINT_MAX, 1000, UINT_MAX },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct damon_attrs attrs = {
			.sample_interval = cases[i][0],
			.aggr_interval = cases[i][1],
		};

		KUNIT_EXPECT_EQ_MSG(test, to_nr_accesses(cases[i][2], &attrs), cases[i][3],
				    "case %u", i);
	}
}

static void module_build_no_memory(struct kunit *test)
{
	unsigned int nth;
	int err = -ENOMEM;
	bool failed = true;

	needs_failslab(test);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		fail_allocation(nth);
		err = build_error();
		failed = allocation_failed();
		if (err)
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_GT(test, nth, 5);
}

/* running */

static void module_on_off(struct kunit *test)
{
	struct damon_ctx *ctx;
	int i;

	expect_off(test);
	turn_off(test);
	for (i = 0; i < 3; i++) {
		turn_on(test);
		ctx = tested.ctx;
		KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "1"), 0);
		KUNIT_EXPECT_PTR_EQ(test, tested.ctx, ctx);
		turn_off(test);
	}
	KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "?"), -EINVAL);
	expect_off(test);
}

static void module_early(struct kunit *test)
{
	tested.ready = false;
	KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "Y"), 0);
	KUNIT_EXPECT_TRUE(test, tested.on);
	expect_off(test);
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), -EINVAL);
	KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "N"), 0);
	KUNIT_EXPECT_FALSE(test, tested.on);
}

static void module_dies(struct kunit *test)
{
	int i;

	for (i = 0; i < 3; i++) {
		turn_on(test);
		let_it_end(test);
		expect_off(test);
		KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), -EINVAL);
		/* off or on again */
		if (i == 1)
			turn_off(test);
	}
	turn_on(test);
	turn_off(test);
}

static void module_does_not_start(struct kunit *test)
{
	tested.params.range = (struct damon_addr_range) {};
	tested.params.aggr_interval = 0;
	KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "Y"), -EINVAL);
	expect_off(test);
	expect_get(test, &damon_module_start_ops, "0\n");
	expect_get(test, &damon_module_end_ops, "0\n");

	tested.params.aggr_interval = 100000;
	WRITE_ONCE(module_fake.invalid, true);
	KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "Y"), -ECANCELED);
	expect_off(test);
	expect_get(test, &damon_module_end_ops, "0\n");

	WRITE_ONCE(module_fake.invalid, false);
	turn_on(test);
	KUNIT_EXPECT_GT(test, shown_range(test).end, 0);
	turn_off(test);
}

static void module_start_no_memory(struct kunit *test)
{
	unsigned int nth;
	int err;
	bool failed = true;

	needs_failslab(test);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		fail_allocation(nth);
		err = put(&damon_module_enabled_ops, "Y");
		failed = allocation_failed();
		if (err)
			expect_off(test);
		else
			turn_off(test);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_EQ(test, err, 0);
}

static int set_stats(void *data)
{
	struct damos *s;

	damon_for_each_scheme(s, tested.ctx) {
		s->stat.nr_tried += 600;
		s->stat.sz_tried += 20;
		s->stat.nr_applied += 300;
		s->stat.sz_applied += 4000;
		s->stat.qt_exceeds += 50000;
	}
	return 0;
}

/* What happened since the last look is not lost, however the run has ended. */
static void module_stats(struct kunit *test)
{
	struct damon_call_control call = { .fn = set_stats };
	struct damos_stat *stat = &tested.stats[1];
	int i;

	tested.params.cold_age_us = ULONG_MAX;	/* nothing but us counts */
	for (i = 1; i <= 4; i++) {
		turn_on(test);
		KUNIT_ASSERT_EQ(test, damon_call(tested.ctx, &call), 0);
		if (i == 1)
			wait_until(test, READ_ONCE(stat->nr_tried));
		if (i == 2)
			let_it_end(test);
		else
			turn_off(test);
		if (i == 2)
			continue;
		KUNIT_EXPECT_EQ(test, stat->nr_tried, i * 600);
		KUNIT_EXPECT_EQ(test, stat->sz_tried, i * 20);
		KUNIT_EXPECT_EQ(test, stat->nr_applied, i * 300);
		KUNIT_EXPECT_EQ(test, stat->sz_applied, i * 4000);
		KUNIT_EXPECT_EQ(test, stat->qt_exceeds, i * 50000);
	}
	KUNIT_EXPECT_GT(test, atomic_read(&module_fake.nr_collected), 0);
}

static int tune(void *data)
{
	struct damon_attrs attrs = tested.ctx->attrs;

	attrs.sample_interval = 1000;
	attrs.aggr_interval = *(unsigned long *)data;
	attrs.aggr_samples = 0;
	return damon_set_attrs(tested.ctx, &attrs);
}

/* A minimum age stays the time that it is. */
static void module_age_is_a_time(struct kunit *test)
{
	unsigned long aggr_interval = 20000;
	struct damon_call_control call = { .fn = tune, .data = &aggr_interval };
	struct damos *cold, *hot;

	turn_on(test);
	cold = nth_scheme(tested.ctx, 0);
	hot = nth_scheme(tested.ctx, 1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(cold->pattern.min_age_region), 10);
	KUNIT_ASSERT_EQ(test, damon_call(tested.ctx, &call), 0);
	wait_until(test, READ_ONCE(cold->pattern.min_age_region) == 50);
	aggr_interval = 500000;
	KUNIT_ASSERT_EQ(test, damon_call(tested.ctx, &call), 0);
	wait_until(test, READ_ONCE(cold->pattern.min_age_region) == 2);
	/* what was only written is not in force */
	tested.params.cold_age_us = 5000000;
	aggr_interval = 250000;
	KUNIT_ASSERT_EQ(test, damon_call(tested.ctx, &call), 0);
	wait_until(test, READ_ONCE(cold->pattern.min_age_region) == 4);
	KUNIT_EXPECT_EQ(test, READ_ONCE(hot->pattern.min_age_region), 0);
	turn_off(test);
}

static void module_commit(struct kunit *test)
{
	struct damon_ctx *ctx;
	struct damos *cold;

	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), -EINVAL);
	turn_on(test);
	ctx = tested.ctx;
	cold = nth_scheme(ctx, 0);
	tested.params.aggr_interval = 200000;
	tested.params.cold_age_us = 800000;
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "N"), 0);
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "x"), -EINVAL);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 100000);
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), 0);
	expect_get(test, &damon_module_commit_ops, "N\n");
	KUNIT_EXPECT_PTR_EQ(test, tested.ctx, ctx);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(ctx, 0), cold);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 200000);
	KUNIT_EXPECT_EQ(test, READ_ONCE(cold->pattern.min_age_region), 4);

	/* what is wrong with any of them keeps all of them as they were */
	tested.params.aggr_interval = 400000;
	tested.params.wmarks.low = 1000;
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), -EINVAL);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 200000);
	expect_on(test);
	turn_off(test);
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), -EINVAL);
}

static void module_commit_unit(struct kunit *test)
{
	struct damon_target *t;

	turn_on(test);
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), 0);
	tested.params.addr_unit = 16;
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), 0);
	KUNIT_EXPECT_EQ(test, tested.ctx->addr_unit, 16);
	KUNIT_EXPECT_EQ(test, tested.ctx->min_region_sz, PAGE_SIZE / 16);
	t = only_target(tested.ctx);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&tested.ctx->adaptive_targets));
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.start, 0x10000);
	KUNIT_EXPECT_EQ(test, damon_last_region(t)->ar.end, 0x90000);
	expect_on(test);
	turn_off(test);
}

/* All memory is all memory that there is, in the unit of the day. */
static void module_range(struct kunit *test)
{
	struct damon_addr_range bytes;

	KUNIT_EXPECT_EQ(test, put(&damon_module_start_ops, "65537"), 0);
	KUNIT_EXPECT_EQ(test, put(&damon_module_end_ops, "0x20000"), 0);
	KUNIT_EXPECT_EQ(test, put(&damon_module_end_ops, "-5"), -EINVAL);
	expect_get(test, &damon_module_start_ops, "65537\n");
	expect_get(test, &damon_module_end_ops, "131072\n");
	turn_on(test);
	expect_get(test, &damon_module_start_ops, "65537\n");

	KUNIT_EXPECT_EQ(test, put(&damon_module_start_ops, "0"), 0);
	KUNIT_EXPECT_EQ(test, put(&damon_module_end_ops, "0"), 0);
	expect_get(test, &damon_module_end_ops, "0\n");
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), 0);
	bytes = shown_range(test);
	KUNIT_EXPECT_LT(test, bytes.start, bytes.end);
	tested.params.addr_unit = 2;
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), 0);
	KUNIT_EXPECT_EQ(test, shown_range(test).start, bytes.start / 2);
	KUNIT_EXPECT_EQ(test, shown_range(test).end, bytes.end / 2);
	turn_off(test);
	KUNIT_EXPECT_EQ(test, shown_range(test).end, bytes.end / 2);
}

/* What the only target covers. */
struct coverage {
	struct damon_addr_range range;
	bool narrow;		/* make it less before */
	struct damon_call_control call;
};

static int cover(void *data)
{
	struct damon_target *t = only_target(tested.ctx);
	struct coverage *c = data;
	struct damon_addr_range one = {
		.start = damon_first_region(t)->ar.start,
	};

	one.end = one.start + tested.ctx->min_region_sz;
	if (c->narrow)
		damon_set_regions(t, &one, 1, tested.ctx->min_region_sz);
	c->range.start = damon_first_region(t)->ar.start;
	c->range.end = damon_last_region(t)->ar.end;
	return 0;
}

static unsigned long covered_end(struct kunit *test, bool narrow)
{
	struct coverage c = {
		.narrow = narrow,
		.call = { .fn = cover, .data = &c },
	};

	KUNIT_ASSERT_EQ(test, damon_call(tested.ctx, &c.call), 0);
	return c.range.end;
}

/* As if most of the memory had come after the start. */
static void module_memory_comes(struct kunit *test)
{
	unsigned long all, some;

	tested.params.range = (struct damon_addr_range) {};
	turn_on(test);
	all = covered_end(test, false);
	some = covered_end(test, true);
	KUNIT_ASSERT_LT(test, some, all);
	atomic_inc(&damon_nr_ram_changes);
	wait_until(test, covered_end(test, false) == all);
	turn_off(test);
}

/* What the user has chosen stays. */
static void module_memory_is_chosen(struct kunit *test)
{
	int nr;

	turn_on(test);
	KUNIT_EXPECT_EQ(test, covered_end(test, false), 0x90000);
	KUNIT_EXPECT_EQ(test, covered_end(test, true), 0x10000 + PAGE_SIZE);
	nr = atomic_read(&module_fake.nr_collected);
	atomic_inc(&damon_nr_ram_changes);
	wait_until(test, atomic_read(&module_fake.nr_collected) - nr >= 2);
	KUNIT_EXPECT_EQ(test, covered_end(test, false), 0x10000 + PAGE_SIZE);
	/* written is not in force */
	tested.params.range = (struct damon_addr_range) {};
	atomic_inc(&damon_nr_ram_changes);
	nr = atomic_read(&module_fake.nr_collected);
	wait_until(test, atomic_read(&module_fake.nr_collected) - nr >= 2);
	KUNIT_EXPECT_EQ(test, covered_end(test, false), 0x10000 + PAGE_SIZE);
	turn_off(test);
}

/* Others can run at the same time, unless they want to be alone. */
static void module_is_not_alone(struct kunit *test)
{
	struct damon_ctx *other = damon_new_ctx();

	KUNIT_ASSERT_NOT_NULL(test, other);
	tested.params.range = (struct damon_addr_range) {};
	if (!damon_start(&other, 1, true)) {
		KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "Y"), -EBUSY);
		expect_off(test);
		expect_get(test, &damon_module_end_ops, "0\n");
		damon_stop(&other, 1);
	} else {
		KUNIT_FAIL(test, "no other context");
	}
	turn_on(test);
	KUNIT_EXPECT_EQ(test, damon_start(&other, 1, true), -EBUSY);
	KUNIT_EXPECT_EQ(test, damon_start(&other, 1, false), 0);
	turn_off(test);
	KUNIT_EXPECT_TRUE(test, damon_is_running(other));
	turn_on(test);
	damon_stop(&other, 1);
	expect_on(test);
	turn_off(test);
	damon_destroy_ctx(other);
}

/* sharing */

static struct damon_module second;

static void turn_second(struct kunit *test, bool on)
{
	KUNIT_ASSERT_EQ(test, put_to(&second, &damon_module_enabled_ops, on ? "Y" : "N"), 0);
	KUNIT_ASSERT_EQ(test, damon_module_is_running(&second), on);
}

/* Both monitor all memory. */
static void turn_both_on(struct kunit *test)
{
	tested.params.range = (struct damon_addr_range) {};
	second.params.range = (struct damon_addr_range) {};
	turn_on(test);
	turn_second(test, true);
	KUNIT_ASSERT_PTR_EQ(test, second.ctx, tested.ctx);
}

static unsigned long nr_schemes(struct damon_ctx *ctx)
{
	return list_count_nodes(&ctx->schemes);
}

/* Who leaves takes nothing along that is not its own, and what there is stays. */
static void module_shares(struct kunit *test)
{
	struct damos *own, *others;
	struct damon_ctx *ctx;
	struct damon_target *t;
	int i;

	for (i = 0; i < 2; i++) {
		struct damon_module *stays = i ? &tested : &second;

		turn_both_on(test);
		ctx = tested.ctx;
		t = only_target(ctx);
		own = tested.schemes[0];
		others = second.schemes[0];
		KUNIT_EXPECT_PTR_NE(test, own, others);
		KUNIT_EXPECT_EQ(test, nr_schemes(ctx), 4);
		if (i) {
			turn_second(test, false);
		} else {
			KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "N"), 0);
			expect_off(test);
		}
		KUNIT_EXPECT_TRUE(test, damon_module_is_running(stays));
		KUNIT_EXPECT_PTR_EQ(test, stays->ctx, ctx);
		KUNIT_EXPECT_PTR_EQ(test, only_target(ctx), t);
		KUNIT_EXPECT_EQ(test, nr_schemes(ctx), 2);
		KUNIT_EXPECT_PTR_EQ(test, nth_scheme(ctx, 0), i ? own : others);
		/* and comes again */
		turn_both_on(test);
		KUNIT_EXPECT_PTR_EQ(test, stays->ctx, ctx);
		KUNIT_EXPECT_EQ(test, nr_schemes(ctx), 4);
		turn_off(test);
		turn_second(test, false);
		KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), 0);
	}
}

/* The finest that one of them asks for, and thresholds that mean the same in them. */
static void module_shares_intervals(struct kunit *test)
{
	struct damon_ctx *ctx;

	tested.params.sample_interval = 10000;
	tested.params.aggr_interval = 100000;
	tested.params.min_nr_regions = 30;
	second.params.sample_interval = 5000;
	second.params.aggr_interval = 200000;
	second.params.max_nr_regions = 3000;
	turn_both_on(test);
	ctx = tested.ctx;
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 5000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 100000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.min_nr_regions, 30);
	KUNIT_EXPECT_EQ(test, ctx->attrs.max_nr_regions, 3000);
	KUNIT_EXPECT_EQ(test, second.schemes[0]->pattern.min_age_region, 10);
	KUNIT_EXPECT_EQ(test, second.schemes[1]->pattern.min_nr_accesses, 5);
	KUNIT_EXPECT_EQ(test, tested.schemes[1]->pattern.min_nr_accesses, 5);

	KUNIT_EXPECT_EQ(test, put(&damon_module_enabled_ops, "N"), 0);
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 5000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 200000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.min_nr_regions, 10);
	KUNIT_EXPECT_EQ(test, second.schemes[0]->pattern.min_age_region, 5);
	KUNIT_EXPECT_EQ(test, second.schemes[1]->pattern.min_nr_accesses, 10);

	/* they tune themselves if that is fine for all, or are what is asked for */
	tested.params.autotune = true;
	turn_on(test);
	KUNIT_EXPECT_EQ(test, ctx->attrs.intervals_goal.aggrs, 0);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 200000);
	second.params.autotune = true;
	second.params.access_bp = 7;
	KUNIT_EXPECT_EQ(test, put_to(&second, &damon_module_commit_ops, "Y"), 0);
	KUNIT_EXPECT_EQ(test, ctx->attrs.intervals_goal.aggrs, 3);
	KUNIT_EXPECT_EQ(test, ctx->attrs.intervals_goal.access_bp, 7);
	turn_second(test, false);
	KUNIT_EXPECT_EQ(test, ctx->attrs.intervals_goal.access_bp, 40);
	turn_off(test);
}

/* Of one of them.  What was only written to another one is not in force. */
static void module_shares_commits(struct kunit *test)
{
	struct damos *scheme;

	turn_both_on(test);
	scheme = second.schemes[0];
	tested.params.wmarks.high = 333;
	second.params.wmarks.high = 444;
	tested.params.cold_age_us = 2000000;
	second.params.cold_age_us = 3000000;
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), 0);
	KUNIT_EXPECT_EQ(test, nr_schemes(tested.ctx), 4);
	KUNIT_EXPECT_EQ(test, tested.schemes[0]->wmarks.high, 333);
	KUNIT_EXPECT_EQ(test, tested.schemes[0]->pattern.min_age_region, 20);
	KUNIT_EXPECT_PTR_EQ(test, second.schemes[0], scheme);
	KUNIT_EXPECT_EQ(test, scheme->wmarks.high, 3);
	KUNIT_EXPECT_EQ(test, READ_ONCE(scheme->pattern.min_age_region), 10);
	tested.params.addr_unit = 2;
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), -EBUSY);
	tested.params.addr_unit = 1;
	tested.params.range.end = 0x90000;
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), -EBUSY);
	expect_on(test);
	turn_off(test);
	/* alone, it can be anything */
	second.params.addr_unit = 2;
	KUNIT_EXPECT_EQ(test, put_to(&second, &damon_module_commit_ops, "Y"), 0);
	KUNIT_EXPECT_EQ(test, scheme->wmarks.high, 444);
	turn_second(test, false);
}

static int build_nothing(struct damon_module *m, struct damon_ctx *ctx)
{
	ctx->ops = fake_ops;
	return 0;
}

/* Who is there for results has them while the schemes of others are off. */
static void module_shares_results(struct kunit *test)
{
	int nr;

	tested.params.wmarks = (struct damos_watermarks){
		.metric = DAMOS_WMARK_FREE_MEM_RATE,
		.interval = 1000000000,
	};
	tested.collect = NULL;
	second.build = build_nothing;
	turn_both_on(test);
	KUNIT_EXPECT_EQ(test, nr_schemes(tested.ctx), 2);
	wait_until(test, !READ_ONCE(tested.schemes[0]->wmarks.activated));
	nr = atomic_read(&module_fake.nr_collected);
	wait_until(test, atomic_read(&module_fake.nr_collected) - nr >= 3);
	turn_second(test, false);
	KUNIT_EXPECT_FALSE(test, tested.ctx->always_on);
	turn_off(test);
}

/* Both have ended then, and can start again, in any order. */
static void module_shares_an_end(struct kunit *test)
{
	int i;

	for (i = 0; i < 3; i++) {
		turn_both_on(test);
		let_it_end(test);
		KUNIT_EXPECT_FALSE(test, damon_module_is_running(&second));
		if (i == 1)
			turn_second(test, false);
		if (i == 2)
			turn_off(test);
	}
	turn_second(test, true);
	KUNIT_EXPECT_FALSE(test, damon_module_is_running(&tested));
	turn_second(test, false);
	turn_off(test);
}

static void module_does_not_share(struct kunit *test)
{
	tested.params.range = (struct damon_addr_range) {};
	turn_on(test);
	KUNIT_EXPECT_EQ(test, put_to(&second, &damon_module_enabled_ops, "Y"), -EBUSY);
	KUNIT_EXPECT_FALSE(test, damon_module_is_running(&second));
	second.params.range = (struct damon_addr_range) {};
	second.params.addr_unit = 2;
	KUNIT_EXPECT_EQ(test, put_to(&second, &damon_module_enabled_ops, "Y"), -EBUSY);
	second.params.addr_unit = 1;
	turn_second(test, true);
	turn_second(test, false);
	expect_on(test);
	turn_off(test);
}

/* What one of them does is counted while others come and go. */
static void module_shares_statistics(struct kunit *test)
{
	struct damon_call_control call = { .fn = set_stats };
	int i;

	tested.params.cold_age_us = ULONG_MAX;
	second.params.cold_age_us = ULONG_MAX;
	for (i = 1; i <= 3; i++) {
		turn_both_on(test);
		KUNIT_ASSERT_EQ(test, damon_call(tested.ctx, &call), 0);
		turn_second(test, false);
		KUNIT_EXPECT_EQ(test, second.stats[1].nr_tried, i * 600);
		KUNIT_EXPECT_EQ(test, second.stats[0].qt_exceeds, i * 50000);
	}
	turn_off(test);
	KUNIT_EXPECT_EQ(test, tested.stats[1].nr_tried, 3 * 600);
	KUNIT_EXPECT_EQ(test, tested.stats[0].sz_applied, 3 * 4000);
}

/* What cannot be committed leaves what runs as it is. */
static void module_share_fails(struct kunit *test)
{
	struct damos *own;

	tested.params.range = (struct damon_addr_range) {};
	second.params.range = (struct damon_addr_range) {};
	turn_on(test);
	own = tested.schemes[1];
	module_fake.bad_scheme = true;
	KUNIT_EXPECT_EQ(test, put_to(&second, &damon_module_enabled_ops, "Y"), -EINVAL);
	KUNIT_EXPECT_FALSE(test, damon_module_is_running(&second));
	KUNIT_EXPECT_EQ(test, nr_schemes(tested.ctx), 2);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(tested.ctx, 1), own);
	module_fake.bad_scheme = false;
	turn_second(test, true);
	/* in the order of starts, whoever has changed last */
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), 0);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(tested.ctx, 1), own);
	module_fake.bad_scheme = true;
	KUNIT_EXPECT_EQ(test, put(&damon_module_commit_ops, "Y"), -EINVAL);
	KUNIT_EXPECT_EQ(test, nr_schemes(tested.ctx), 4);
	KUNIT_EXPECT_PTR_EQ(test, nth_scheme(tested.ctx, 1), own);
	turn_second(test, false);
	turn_off(test);
}

/* Nothing is lost by a join that fails. */
static void module_share_no_memory(struct kunit *test)
{
	unsigned int nth;
	int err = -ENOMEM;
	bool failed = true;

	needs_failslab(test);
	tested.params.range = (struct damon_addr_range) {};
	second.params.range = (struct damon_addr_range) {};
	turn_on(test);
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		fail_allocation(nth);
		err = put_to(&second, &damon_module_enabled_ops, "Y");
		failed = allocation_failed();
		expect_on(test);
		KUNIT_EXPECT_EQ(test, damon_module_is_running(&second), !err);
		KUNIT_EXPECT_EQ(test, nr_schemes(tested.ctx), err ? 2 : 4);
		if (!err)
			turn_second(test, false);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	KUNIT_EXPECT_EQ(test, err, 0);
	turn_off(test);
}

static int module_test_init(struct kunit *test)
{
	if (!damon_initialized() || damon_nr_running_ctxs())
		kunit_skip(test, "somebody else runs a context");
	memset(&module_fake, 0, sizeof(module_fake));
	tested = module_defaults;
	second = module_defaults;
	return 0;
}

static void module_test_exit(struct kunit *test)
{
	damon_module_stop(&tested);
	damon_module_stop(&second);
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), 0);
}

static struct kunit_case module_test_cases[] = {
	KUNIT_CASE(module_build),
	KUNIT_CASE(module_refusals),
	KUNIT_CASE(module_autotune),
	KUNIT_CASE(module_addr_unit),
	KUNIT_CASE(module_windows),
	KUNIT_CASE(module_rates),
	KUNIT_CASE(module_build_no_memory),
	KUNIT_CASE(module_on_off),
	KUNIT_CASE(module_early),
	KUNIT_CASE(module_dies),
	KUNIT_CASE(module_does_not_start),
	KUNIT_CASE(module_start_no_memory),
	KUNIT_CASE(module_stats),
	KUNIT_CASE(module_age_is_a_time),
	KUNIT_CASE(module_commit),
	KUNIT_CASE(module_commit_unit),
	KUNIT_CASE(module_range),
	KUNIT_CASE(module_memory_comes),
	KUNIT_CASE(module_memory_is_chosen),
	KUNIT_CASE(module_is_not_alone),
	KUNIT_CASE(module_shares),
	KUNIT_CASE(module_shares_intervals),
	KUNIT_CASE(module_shares_commits),
	KUNIT_CASE(module_shares_results),
	KUNIT_CASE(module_shares_an_end),
	KUNIT_CASE(module_does_not_share),
	KUNIT_CASE(module_shares_statistics),
	KUNIT_CASE(module_share_fails),
	KUNIT_CASE(module_share_no_memory),
	{ }
};

static struct kunit_suite module_test_suite = {
	.name = "damon-modules",
	.init = module_test_init,
	.exit = module_test_exit,
	.test_cases = module_test_cases,
};

kunit_test_suite(module_test_suite);
