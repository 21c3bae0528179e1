/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Suite "damon": the core of monitoring, without real memory.  Cases go through
 * the public interface with a fake operations set where that is possible, and
 * through internal.h where exact results of one step are wanted.
 *
 * Here are the list of all cases, and those about what core.c knows alone:
 * operations sets, random numbers and System RAM.  Other concepts have a file
 * of their own.
 */
#ifndef _MM_DAMON_TESTS_CORE_KUNIT_H
#define _MM_DAMON_TESTS_CORE_KUNIT_H

#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/psi.h>
#include <linux/sizes.h>

#include "fake-kunit.h"
#include "regions-kunit.h"
#include "attrs-kunit.h"
#include "lifecycle-kunit.h"
#include "requests-kunit.h"
#include "killed-kunit.h"
#include "windows-kunit.h"
#include "schemes-kunit.h"
#include "sweeps-kunit.h"
#include "schedule-kunit.h"
#include "quota-kunit.h"
#include "commit-kunit.h"
#include "commit-schemes-kunit.h"
#include "commit-state-kunit.h"
#include "filters-kunit.h"
#include "faults-kunit.h"
#include "probe-kunit.h"
#include "races-kunit.h"

/* operations sets */

static unsigned int saved_registered;
static struct damon_operations saved_ops;

static void restore_ops(void *unused)
{
	guard(mutex)(&ops_lock);
	ops_table[DAMON_OPS_FVADDR] = saved_ops;
	ops_registered = saved_registered;
}

/* Makes an id free, whether or not the kernel has a set for it. */
static void free_ops_id(struct kunit *test)
{
	scoped_guard(mutex, &ops_lock) {
		saved_ops = ops_table[DAMON_OPS_FVADDR];
		saved_registered = ops_registered;
		ops_registered &= ~BIT(DAMON_OPS_FVADDR);
	}
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, restore_ops,
							   NULL));
}

static void ops_register(struct kunit *test)
{
	struct damon_operations ops = { .id = DAMON_OPS_FVADDR }, kept;
	struct damon_ctx *ctx = new_ctx(test);

	free_ops_id(test);
	kept = ctx->ops;
	KUNIT_EXPECT_FALSE(test, damon_is_registered_ops(DAMON_OPS_FVADDR));
	KUNIT_EXPECT_EQ(test, damon_select_ops(ctx, DAMON_OPS_FVADDR), -EINVAL);
	KUNIT_EXPECT_MEMEQ(test, &ctx->ops, &kept, sizeof(kept));

	/* without any callback it is a set nevertheless */
	KUNIT_EXPECT_EQ(test, damon_register_ops(&ops), 0);
	KUNIT_EXPECT_TRUE(test, damon_is_registered_ops(DAMON_OPS_FVADDR));
	KUNIT_EXPECT_EQ(test, damon_register_ops(&ops), -EINVAL);
	KUNIT_EXPECT_EQ(test, damon_select_ops(ctx, DAMON_OPS_FVADDR), 0);
	KUNIT_EXPECT_EQ(test, ctx->ops.id, DAMON_OPS_FVADDR);
	KUNIT_EXPECT_NULL(test, ctx->ops.check_accesses);
	KUNIT_EXPECT_TRUE(test, damon_target_has_pid(ctx));
}

static void ops_register_copies(struct kunit *test)
{
	struct damon_operations ops = fake_ops;
	struct damon_ctx *ctx = new_ctx(test);

	free_ops_id(test);
	ops.id = DAMON_OPS_FVADDR;
	KUNIT_EXPECT_EQ(test, damon_register_ops(&ops), 0);
	ops.init = NULL;
	memset(&ctx->ops, 0, sizeof(ctx->ops));
	KUNIT_EXPECT_EQ(test, damon_select_ops(ctx, DAMON_OPS_FVADDR), 0);
	KUNIT_EXPECT_TRUE(test, ctx->ops.init == fake_init);
	add_space(test, ctx, 0, 300);
	KUNIT_EXPECT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 1);
}

static void ops_unknown_id(struct kunit *test)
{
	static const int ids[] = { NR_DAMON_OPS, NR_DAMON_OPS + 1, 32, -1 };
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		struct damon_operations ops = fake_ops;

		ops.id = ids[i];
		KUNIT_EXPECT_EQ(test, damon_register_ops(&ops), -EINVAL);
		KUNIT_EXPECT_FALSE(test, damon_is_registered_ops(ids[i]));
		KUNIT_EXPECT_EQ(test, damon_select_ops(ctx, ids[i]), -EINVAL);
	}
	KUNIT_EXPECT_TRUE(test, ctx->ops.init == fake_init);
}

/* random numbers */

static void rand_small(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int seen[10] = {}, i;

	for (i = 0; i < 10000; i++) {
		unsigned long drawn = damon_rand(ctx, 5, 15);

		KUNIT_ASSERT_GE(test, drawn, 5);
		KUNIT_ASSERT_LT(test, drawn, 15);
		seen[drawn - 5]++;
	}
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_GT(test, seen[i], 700);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, damon_rand(ctx, 7, 8), 7);
}

/* Also beyond 4 GiB each part of the span is drawn from. */
static void rand_large(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	unsigned long span = ULONG_MAX / 16, base = ULONG_MAX / 2, low = 0;
	unsigned int seen[16] = {}, i;

	for (i = 0; i < 16000; i++) {
		unsigned long drawn = damon_rand(ctx, base, base + span);

		KUNIT_ASSERT_GE(test, drawn, base);
		KUNIT_ASSERT_LT(test, drawn, base + span);
		seen[min((drawn - base) / (span / 16), 15)]++;
		low |= drawn;
	}
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_GT(test, seen[i], 600);
	/* there is no bit that is never set */
	KUNIT_EXPECT_EQ(test, low & (span - 1), span - 1);
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_LT(test, damon_rand(ctx, 0, ULONG_MAX), ULONG_MAX);
}

/* Contexts draw different numbers. */
static void rand_per_context(struct kunit *test)
{
	struct damon_ctx *a = new_ctx(test), *b = new_ctx(test);
	unsigned int i, same = 0;

	for (i = 0; i < 1000; i++)
		same += damon_rand(a, 0, 1 << 20) == damon_rand(b, 0, 1 << 20);
	KUNIT_EXPECT_LT(test, same, 50);
}

/* System RAM */

struct ram_seen {
	u64 start, end;
	u64 bytes;
	unsigned int nr;
};

static int see_ram(struct resource *res, void *data)
{
	struct ram_seen *ram = data;

	if (!ram->nr++)
		ram->start = res->start;
	ram->end = max_t(u64, ram->end, res->end + 1);
	ram->bytes += resource_size(res);
	return 0;
}

static int set_ram(struct damon_target *t, unsigned long *begin,
		   unsigned long *end, unsigned long unit, unsigned long grain)
{
	return damon_set_region_system_rams_default(t, begin, end, unit, grain);
}

/* All that is RAM, and no hole but for what the unit cuts off. */
static void expect_ram_only(struct kunit *test, struct damon_target *t,
			    const struct ram_seen *ram, unsigned long unit)
{
	struct damon_region *r;
	u64 bytes = 0;

	damon_for_each_region(r, t)
		bytes += (u64)damon_sz_region(r) * unit;
	KUNIT_EXPECT_LE(test, bytes, ram->bytes + ram->nr * unit);
	KUNIT_EXPECT_GE(test, bytes + ram->nr * unit, ram->bytes);
}

static void ram_default(struct kunit *test)
{
	static const unsigned long units[] = { 1, 2, 8, 4096 };
	struct damon_target *t = add_target(test, new_ctx(test));
	struct ram_seen ram = {};
	unsigned int i;

	walk_system_ram_res(0, -1, &ram, see_ram);
	if (!ram.nr || ram.end > ULONG_MAX)
		kunit_skip(test, "no System RAM here that fits");
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		unsigned long begin = 0, end = 0;

		KUNIT_EXPECT_EQ(test, 0, set_ram(t, &begin, &end, units[i], 1));
		KUNIT_EXPECT_EQ(test, begin, div64_ul(ram.start, units[i]));
		KUNIT_EXPECT_EQ(test, end, div64_ul(ram.end, units[i]));
		KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.start, begin);
		KUNIT_EXPECT_EQ(test, damon_last_region(t)->ar.end, end);
		expect_ram_only(test, t, &ram, units[i]);
	}
}

static int see_biggest(struct resource *res, void *data)
{
	struct ram_seen *ram = data;

	if (ram->nr++ && res->end - res->start < ram->end - ram->start)
		return 0;
	ram->start = res->start;
	ram->end = res->end + 1;
	return 0;
}

/* Sizes may be equal; the range is one of the memory's and none is bigger. */
static void ram_biggest(struct kunit *test)
{
	struct damon_target *t = add_target(test, new_ctx(test));
	unsigned long begin = 0, end = 0, l = 100, r = 50;
	struct ram_seen ram = {};

	walk_system_ram_res(0, -1, &ram, see_biggest);
	if (!ram.nr || ram.end > ULONG_MAX)
		kunit_skip(test, "no System RAM here that fits");
	KUNIT_EXPECT_EQ(test, 0,
			damon_set_region_biggest_system_ram_default(t, &begin,
								    &end, 4, 1));
	KUNIT_EXPECT_EQ(test, end - begin,
			(ram.end >> 2) - (ram.start >> 2));
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.start, begin);
	KUNIT_EXPECT_EQ(test, damon_last_region(t)->ar.end, end);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			damon_set_region_biggest_system_ram_default(t, &l, &r,
								    1, 1));
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.start, begin);
}

/* What was asked for stays as it was where it cannot be had. */
static void ram_refused(struct kunit *test)
{
	struct damon_target *t = add_target(test, new_ctx(test));
	unsigned long begin = 0, end = 0;

	KUNIT_EXPECT_EQ(test, -EINVAL, set_ram(t, &begin, &end, 1, 0));
	KUNIT_EXPECT_EQ(test, begin, 0);
	KUNIT_EXPECT_EQ(test, end, 0);
	KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 0);
}

/* The smallest region may be larger than what is between two pieces. */
static void ram_coarse(struct kunit *test)
{
	struct damon_target *t = add_target(test, new_ctx(test));
	unsigned long begin = 0, end = 0, grain = ULONG_MAX / 2 + 1;
	struct ram_seen ram = {};

	walk_system_ram_res(0, -1, &ram, see_ram);
	if (!ram.nr || ram.end > grain)
		kunit_skip(test, "no System RAM here that fits");
	KUNIT_EXPECT_EQ(test, 0, set_ram(t, &begin, &end, 1, grain));
	KUNIT_EXPECT_EQ(test, begin, ram.start);
	KUNIT_EXPECT_EQ(test, end, ram.end);
	KUNIT_ASSERT_EQ(test, damon_nr_regions(t), 1);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.start, 0);
	KUNIT_EXPECT_EQ(test, damon_last_region(t)->ar.end, grain);
}

static void ram_explicit(struct kunit *test)
{
	struct damon_addr_range old[] = { { 64, 128 }, {} };
	struct damon_target *t = add_target(test, new_ctx(test));
	static const unsigned long bad[][3] = {
		/* start, end, unit */
		{ 200, 100, 1 }, { 100, 100, 1 }, { 1, 0, 1 }, { 100, 200, 0 },
		{ 0, 0, 0 },
	};
	unsigned long begin = 100, end = 200;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, set_ranges(t, old, 1), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		unsigned long l = bad[i][0], r = bad[i][1];

		KUNIT_EXPECT_EQ_MSG(test, set_ram(t, &l, &r, bad[i][2], 1),
				    -EINVAL, "case %u", i);
		expect_ranges(test, t, old);
	}
	/* the unit is that of the caller's addresses: nothing is divided */
	KUNIT_EXPECT_EQ(test, 0, set_ram(t, &begin, &end, 16, 8));
	KUNIT_EXPECT_EQ(test, begin, 100);
	KUNIT_EXPECT_EQ(test, end, 200);
	KUNIT_EXPECT_EQ(test, damon_first_region(t)->ar.start, 96);
	KUNIT_EXPECT_EQ(test, damon_last_region(t)->ar.end, 200);
}

static struct kunit_case damon_cases[] = {
	/* regions */
	KUNIT_CASE(regions_new),
	KUNIT_CASE(regions_last),
	KUNIT_CASE(targets_list),
	KUNIT_CASE_PARAM(regions_set, set_case_gen_params),
	KUNIT_CASE(regions_set_invalid),
	KUNIT_CASE(regions_set_extremes),
	KUNIT_CASE(regions_split_at),
	KUNIT_CASE(regions_merge_two),
	KUNIT_CASE(regions_merge_keeps_some),
	KUNIT_CASE(window_merges_and_ages),
	KUNIT_CASE(window_merge_limits),
	KUNIT_CASE(window_reset),
	KUNIT_CASE(window_scales_partial),
	KUNIT_CASE(window_learns),
	KUNIT_CASE(window_fades),
	KUNIT_CASE(window_age_limits),
	KUNIT_CASE(window_meets_max),
	KUNIT_CASE(window_huge_counts),
	KUNIT_CASE(regions_cut_bounds),
	KUNIT_CASE(regions_cut_known),
	KUNIT_CASE(regions_cut_around_spot),
	KUNIT_CASE(regions_cut_partly),
	KUNIT_CASE(regions_min_nr),
	KUNIT_CASE(rate_moving_sum),
	KUNIT_CASE(rate_on_demand),
	KUNIT_CASE(rate_extremes),
	/* attrs */
	KUNIT_CASE(attrs_validate),
	KUNIT_CASE(attrs_validate_goal),
	KUNIT_CASE(attrs_rescale),
	KUNIT_CASE(attrs_rescale_in_window),
	KUNIT_CASE(attrs_deadlines),
	KUNIT_CASE(attrs_frequent_changes),
	KUNIT_CASE(tune_one_step),
	KUNIT_CASE(tune_within_bounds),
	KUNIT_CASE(tune_period),
	KUNIT_CASE(tune_extremes),
	/* lifecycle */
	KUNIT_CASE(ctx_defaults),
	KUNIT_CASE(start_and_stop),
	KUNIT_CASE(start_running),
	KUNIT_CASE(stop_stopped),
	KUNIT_CASE(start_several),
	KUNIT_CASE(exclusive_keeps_others_out),
	KUNIT_CASE(exclusive_waits_for_others),
	KUNIT_CASE(exclusive_ends_by_itself),
	KUNIT_CASE(start_all_or_none),
	KUNIT_CASE(start_failed_exclusive),
	KUNIT_CASE(start_invalid),
	KUNIT_CASE(restart),
	KUNIT_CASE(ends_without_valid_target),
	KUNIT_CASE(runs_while_one_target_is_valid),
	KUNIT_CASE(runs_without_targets),
	KUNIT_CASE(runs_without_operations),
	KUNIT_CASE(updates_in_time),
	KUNIT_CASE(zero_intervals),
	KUNIT_CASE(stops_in_long_sleep),
	KUNIT_CASE(ends_when_corrupted),
	KUNIT_CASE(stop_races_with_stop),
	KUNIT_CASE(stop_races_with_end),
	KUNIT_CASE(destroy_races_with_end),
	/* requests */
	KUNIT_CASE(call_runs_in_kdamond),
	KUNIT_CASE(call_needs_running),
	KUNIT_CASE(call_in_order),
	KUNIT_CASE(call_repeated),
	KUNIT_CASE(call_repeated_once_per_sample),
	KUNIT_CASE(call_freed_on_cancel),
	KUNIT_CASE(call_from_call),
	KUNIT_CASE(call_served_promptly),
	KUNIT_CASE(pause_and_resume),
	KUNIT_CASE(start_paused),
	KUNIT_CASE(call_races_with_stop),
	KUNIT_CASE(call_races_with_end),
	KUNIT_CASE(walk_complete),
	KUNIT_CASE(walk_shows_tried),
	KUNIT_CASE(walk_one_at_a_time),
	KUNIT_CASE(walk_needs_schemes),
	KUNIT_CASE(walk_starts_over),
	KUNIT_CASE(walk_races_with_stop),
	/* requests of those who are killed */
	KUNIT_CASE(killed_in_queue),
	KUNIT_CASE(killed_next_in_turn),
	KUNIT_CASE(killed_in_call),
	KUNIT_CASE(killed_in_walk),
	KUNIT_CASE(walk_can_be_frozen),
	KUNIT_CASE(killed_in_pass),
	KUNIT_CASE(killed_at_any_time),
	/* windows */
	KUNIT_CASE_PARAM(rate_is_the_oracles, quarter_gen_params),
	KUNIT_CASE(unknown_is_not_cold),
	KUNIT_CASE(unknown_never_ages),
	KUNIT_CASE(ages_grow_and_reset),
	KUNIT_CASE(budget_holds),
	KUNIT_CASE(finds_hot_spot),
	KUNIT_CASE(contexts_do_not_mix),
	KUNIT_CASE(pause_is_no_time),
	KUNIT_CASE(long_passes_leave_windows),
	KUNIT_CASE(intervals_change_online),
	KUNIT_CASE(tunes_while_running),
	/* sweeps */
	KUNIT_CASE(sweep_gives_back_for_pause),
	KUNIT_CASE(sweep_gives_back_for_wmarks),
	KUNIT_CASE(sweep_gives_back_at_end),
	KUNIT_CASE(sweep_gives_back_at_commit),
	KUNIT_CASE(passes_see_whole_windows),
	/* schemes */
	KUNIT_CASE(start_waits_for_nobody),
	KUNIT_CASE(refused_means_stopped),
	KUNIT_CASE(calls_put_off_nothing),
	KUNIT_CASE(breaks_end_ages),
	KUNIT_CASE(damage_is_left_alone),
	KUNIT_CASE(sleeps_when_overloaded),
	KUNIT_CASE(sleeps_are_no_load),
	KUNIT_CASE(longest_interval_is_never),
	KUNIT_CASE(samples_last_an_interval),
	KUNIT_CASE(scheme_new),
	KUNIT_CASE(scheme_set),
	KUNIT_CASE(scheme_pattern),
	KUNIT_CASE(scheme_pattern_in_window),
	KUNIT_CASE(scheme_stat),
	KUNIT_CASE(scheme_resets_age),
	KUNIT_CASE(scheme_apply_interval),
	KUNIT_CASE(scheme_max_snapshots),
	KUNIT_CASE(scheme_skips_invalid_target),
	KUNIT_CASE(scheme_filters_cut),
	KUNIT_CASE(scheme_filters_allow),
	KUNIT_CASE(scheme_last_applied),
	KUNIT_CASE(scheme_sees_all_once),
	KUNIT_CASE(wmarks_switch),
	KUNIT_CASE(wmarks_of_several),
	KUNIT_CASE(wmarks_stop_monitoring),
	KUNIT_CASE(wmarks_allow_stop),
	/* quota */
	KUNIT_CASE(quota_none),
	KUNIT_CASE(quota_takes_over),
	KUNIT_CASE(quota_is_fair),
	KUNIT_CASE(quota_never_exceeded),
	KUNIT_CASE(quota_cuts_are_glued),
	KUNIT_CASE(quota_over_targets),
	KUNIT_CASE(quota_takes_over_behind_hole),
	KUNIT_CASE(quota_forgets_target),
	KUNIT_CASE(quota_smaller_than_grain),
	KUNIT_CASE(quota_fail_charge),
	KUNIT_CASE(quota_charge_saturates),
	KUNIT_CASE(quota_time),
	KUNIT_CASE(quota_time_is_measured),
	KUNIT_CASE(quota_time_slices),
	KUNIT_CASE(quota_time_is_up),
	KUNIT_CASE(quota_wraps_around),
	KUNIT_CASE(quota_failures_take_turns),
	KUNIT_CASE(quota_highest_first),
	KUNIT_CASE(quota_lowest_takes_turns),
	KUNIT_CASE(quota_passes_share_window),
	KUNIT_CASE(quota_shares_after_filters),
	KUNIT_CASE(quota_goal),
	KUNIT_CASE(goal_nodes),
	KUNIT_CASE(goal_shares),
	KUNIT_CASE(goal_eligible),
	KUNIT_CASE(goal_eligible_bounded),
	KUNIT_CASE(goal_needs_sensor),
	KUNIT_CASE(goal_first_psi),
	KUNIT_CASE(quota_while_running),
	/* commit */
	KUNIT_CASE(commit_regions),
	KUNIT_CASE(commit_touching_regions),
	KUNIT_CASE(commit_fields),
	KUNIT_CASE(commit_invalid),
	KUNIT_CASE(commit_targets),
	KUNIT_CASE(commit_pids),
	KUNIT_CASE(commit_same_attrs),
	KUNIT_CASE(commit_new_attrs),
	KUNIT_CASE(commit_keeps_tuned),
	KUNIT_CASE(commit_while_running),
	KUNIT_CASE(commit_nothing_new),
	KUNIT_CASE(commit_all_the_time),
	/* commit of schemes */
	KUNIT_CASE(commit_schemes),
	KUNIT_CASE(commit_keeps_results),
	KUNIT_CASE(commit_forgets_place),
	KUNIT_CASE(commit_apply_interval),
	KUNIT_CASE(commit_goal_lists),
	KUNIT_CASE(commit_keeps_measured),
	KUNIT_CASE(commit_goals_alone),
	KUNIT_CASE(commit_filter_lists),
	KUNIT_CASE(commit_filter_types),
	KUNIT_CASE(commit_default_reject),
	KUNIT_CASE(commit_dests),
	KUNIT_CASE(commit_wmarks),
	KUNIT_CASE(commit_keeps_scheme_state),
	KUNIT_CASE(commit_many_schemes),
	KUNIT_CASE(commit_invalid_scheme),
	/* what a commit does not touch */
	KUNIT_CASE(commit_keeps_regions),
	KUNIT_CASE(commit_keeps_charges),
	KUNIT_CASE(commit_keeps_tuned_quota),
	KUNIT_CASE(commit_keeps_goals),
	KUNIT_CASE(commit_keeps_stats),
	KUNIT_CASE(commit_keeps_deadlines),
	KUNIT_CASE(commit_keeps_intervals),
	KUNIT_CASE(commit_middle_obsolete),
	KUNIT_CASE(commit_addr_unit),
	KUNIT_CASE(commit_operations),
	KUNIT_CASE(hand_over_moves),
	KUNIT_CASE(commit_first_goal),
	KUNIT_CASE(hand_over_invalid),
	/* filters */
	KUNIT_CASE(filter_lists),
	KUNIT_CASE(filter_order),
	KUNIT_CASE(filter_cuts),
	KUNIT_CASE(filter_default_reject),
	KUNIT_CASE(filter_extremes),
	/* faults */
	KUNIT_CASE(fault_in_new),
	KUNIT_CASE(fault_in_set_regions),
	KUNIT_CASE(fault_in_quota_cut),
	KUNIT_CASE(fault_in_filter_cut),
	KUNIT_CASE(fault_in_cuts),
	KUNIT_CASE(fault_in_commit),
	KUNIT_CASE(fault_in_commit_online),
	KUNIT_CASE(fault_in_commit_goals),
	KUNIT_CASE(fault_in_start),
	/* probes */
	KUNIT_CASE(probe_new),
	KUNIT_CASE(probe_only_if_there_are),
	KUNIT_CASE(probe_windows),
	KUNIT_CASE(probe_saturates),
	KUNIT_CASE(probe_invalid),
	KUNIT_CASE(probe_weights),
	KUNIT_CASE(probe_invalid_weights),
	KUNIT_CASE(commit_probes),
	KUNIT_CASE(commit_probes_online),
	KUNIT_CASE(fault_in_new_probe),
	KUNIT_CASE(fault_in_commit_probes),
	/* operations sets, random numbers, System RAM */
	KUNIT_CASE(ops_register),
	KUNIT_CASE(ops_register_copies),
	KUNIT_CASE(ops_unknown_id),
	KUNIT_CASE(rand_small),
	KUNIT_CASE(rand_large),
	KUNIT_CASE(rand_per_context),
	KUNIT_CASE(ram_default),
	KUNIT_CASE(ram_coarse),
	KUNIT_CASE(ram_explicit),
	KUNIT_CASE(ram_biggest),
	KUNIT_CASE(ram_refused),
	{}
};

static struct kunit_suite damon_suite = {
	.name = "damon",
	.init = fake_setup,
	.test_cases = damon_cases,
};

kunit_test_suites(&damon_suite, &damon_race_suite);

#endif /* _MM_DAMON_TESTS_CORE_KUNIT_H */
