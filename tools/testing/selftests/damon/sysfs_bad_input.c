// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input: each value that must not be accepted gives its error, at start and at
 * commit, and a kdamond that runs goes on monitoring.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sysfs_lib.h"

/*
 * A value that must not be accepted: where it is, what it is, and what is there
 * otherwise.
 */
struct bad_value {
	const char *path;
	const char *bad;
	const char *good;
};

static const struct bad_value bad_attrs[] = {
	{ ATTRS "/nr_regions/min", "2", "10" },
	{ ATTRS "/nr_regions/min", "0", "10" },
	{ ATTRS "/nr_regions/min", "1001", "10" },
	{ ATTRS "/nr_regions/max", "9", "1000" },
	{ ATTRS "/intervals/sample_us", "10001", "2000" },
	{ ATTRS "/intervals/aggr_us", "1999", "10000" },
	{ ATTRS "/intervals/intervals_goal/min_sample_us", "9001", "1000" },
	{ ATTRS "/intervals/intervals_goal/min_sample_us", "2001", "1000" },
	{ ATTRS "/intervals/intervals_goal/max_sample_us", "1999", "9000" },
};

/* The goals whose rules are broken above count only when they are on. */
static void stage_goal(void)
{
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/aggrs", "1000000", 0);
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/access_bp", "400", 0);
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/min_sample_us", "1000", 0);
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/max_sample_us", "9000", 0);
}

static void test_bad_attrs_on(void)
{
	stage("paddr");
	stage_fast();
	stage_goal();
	for (size_t i = 0; i < ARRAY_SIZE(bad_attrs); i++) {
		EXPECT_PUT(bad_attrs[i].path, bad_attrs[i].bad, 0);
		EXPECT_PUT(K0 "/state", "on", EINVAL);
		EXPECT_IS(K0 "/state", "off");
		EXPECT_PUT(K0 "/state", "off", EINVAL);
		EXPECT_PUT(bad_attrs[i].path, bad_attrs[i].good, 0);
	}
	EXPECT_PUT(K0 "/state", "on", 0);
}

static void test_bad_attrs_commit(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	stage_goal();
	EXPECT_PUT(K0 "/state", "commit", 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_attrs); i++) {
		EXPECT_PUT(bad_attrs[i].path, bad_attrs[i].bad, 0);
		EXPECT_PUT(K0 "/state", "commit", EINVAL);
		EXPECT_IS(K0 "/state", "on");
		EXPECT_IS(bad_attrs[i].path, bad_attrs[i].bad);
		if (!stats_grow())
			fail("no monitoring after %s = %s", bad_attrs[i].path,
			     bad_attrs[i].bad);
		EXPECT_PUT(bad_attrs[i].path, bad_attrs[i].good, 0);
	}
	EXPECT_PUT(ATTRS "/intervals/sample_us", "9000", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT_PUT(K0 "/state", "update_tuned_intervals", 0);
	EXPECT_IS(ATTRS "/intervals/sample_us", "9000");
	EXPECT(stats_grow());
	stop_victim(pid);
}

/* A process that no longer exists. */
static pid_t dead_pid(void)
{
	pid_t pid = start_victim();

	stop_victim(pid);
	return pid;
}

static void test_bad_pids(void)
{
	const char *pid_file = C0 "/targets/0/pid_target";
	pid_t pid = start_victim();
	pid_t dead = dead_pid();

	stage("vaddr");
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_PUT(pid_file, "-1", 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	stage_target(0, dead);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_IS(K0 "/state", "off");

	start_watching(pid);
	EXPECT_PUT(pid_file, "0", 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(stats_grow());
	EXPECT_PUT(pid_file, "-1", 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(stats_grow());
	stage_target(0, dead);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(stats_grow());
	stage_target(0, pid);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
	stop_victim(pid);
}

/* Two regions each.  All of these are wrong. */
static const unsigned long bad_regions[][4] = {
	{ 0, 0, PAGE, PAGE * 2 },			/* untouched */
	{ PAGE, PAGE, PAGE * 2, PAGE * 3 },		/* empty */
	{ PAGE * 3, PAGE, PAGE * 3, PAGE * 4 },		/* backwards */
	{ PAGE + 8, PAGE + 4, PAGE * 3, PAGE * 4 },	/* in one page, too */
	{ PAGE, PAGE * 3, PAGE * 2, PAGE * 4 },		/* overlap */
	{ PAGE * 2, PAGE * 3, 0, PAGE },		/* wrong order */
	{ PAGE, PAGE * 2, PAGE, PAGE * 2 },		/* twice */
	{ PAGE, PAGE + 9, PAGE + 10, PAGE * 2 },	/* share a page */
};

static void bad_regions_of(const char *operations)
{
	static const unsigned long good[] = {
		PAGE, PAGE * 2 - 5, PAGE * 2, PAGE * 3,
	};
	pid_t pid = start_victim();

	stage(operations);
	stage_fast();
	stage_stat_scheme();
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_target(0, pid);
	for (size_t i = 0; i < ARRAY_SIZE(bad_regions); i++) {
		stage_regions(bad_regions[i], 2);
		EXPECT_PUT(K0 "/state", "on", EINVAL);
		EXPECT_IS(K0 "/state", "off");
	}
	stage_regions(good, 2);
	EXPECT_PUT(K0 "/state", "on", 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_regions); i++) {
		stage_regions(bad_regions[i], 2);
		EXPECT_PUT(K0 "/state", "commit", EINVAL);
		EXPECT_IS(K0 "/state", "on");
		if (!stats_grow())
			fail("no monitoring after bad regions %zu", i);
	}
	stage_regions(good, 2);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
	stop_victim(pid);
}

static void test_bad_regions_paddr(void)
{
	bad_regions_of("paddr");
}

static void test_bad_regions_fvaddr(void)
{
	bad_regions_of("fvaddr");
}

static void test_bad_regions_vaddr(void)
{
	bad_regions_of("vaddr");
}

/* What only the physical address space refuses. */
static void test_bad_paddr(void)
{
	static const unsigned long some[] = { 0, PAGE * 4096 };

	stage("paddr");
	stage_fast();
	stage_stat_scheme();
	EXPECT_PUT(C0 "/targets/nr_targets", "2", 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_regions(some, 1);
	EXPECT_PUT(C0 "/addr_unit", "3", 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_PUT(C0 "/addr_unit", "1048577", 0);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT_PUT(C0 "/addr_unit", "1", 0);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT(stats_grow());

	EXPECT_PUT(C0 "/addr_unit", "3", 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(stats_grow());
	EXPECT_PUT(C0 "/addr_unit", "1", 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "2", 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(stats_grow());
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
}

/*
 * One goal, one probe and one filter of each kind.  Nothing is wrong yet, and no filter of
 * the core matches anything.
 */
static void stage_parts(void)
{
	EXPECT_PUT(S0 "/quotas/goals/nr_goals", "1", 0);
	EXPECT_PUT(S0 "/quotas/goals/0/target_value", "100", 0);
	EXPECT_PUT(S0 "/quotas/goals/0/current_value", "1", 0);
	EXPECT_PUT(ATTRS "/probes/nr_probes", "1", 0);
	EXPECT_PUT(ATTRS "/probes/0/filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/core_filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/filters/0/matching", "Y", 0);
	EXPECT_PUT(S0 "/core_filters/0/matching", "Y", 0);
	EXPECT_PUT(S0 "/core_filters/0/damon_target_idx", "99", 0);
}

/* Values that must not be accepted, in schemes and probes, and what is right instead. */
static const struct bad_part {
	const char *path;
	const char *bad;
	const char *good;
	const char *type_path;	/* with this type only */
	const char *type;
	const char *harmless;
} bad_parts[] = {
	{ S0 "/core_filters/0/addr_start", "8192", "0",
	  S0 "/core_filters/0/type", "addr", "target" },
	{ S0 "/filters/0/addr_start", "1", "0",
	  S0 "/filters/0/type", "addr", "anon" },
	{ S0 "/ops_filters/0/min", "4097", "0",
	  S0 "/ops_filters/0/type", "hugepage_size", "anon" },
	{ S0 "/filters/0/min", "1", "0",
	  S0 "/filters/0/type", "hugepage_size", "anon" },
	{ S0 "/ops_filters/0/memcg_path", "/no/such/cgroup", "/",
	  S0 "/ops_filters/0/type", "memcg", "young" },
	{ S0 "/filters/0/memcg_path", "\n", "/",
	  S0 "/filters/0/type", "memcg", "young" },
	{ ATTRS "/probes/0/filters/0/path", "/no/such/cgroup", "/",
	  ATTRS "/probes/0/filters/0/type", "memcg", "anon" },
	{ S0 "/quotas/goals/0/path", "/no/such/cgroup", "/",
	  S0 "/quotas/goals/0/target_metric", "node_memcg_used_bp",
	  "user_input" },
	{ S0 "/quotas/goals/0/target_metric", "node_eligible_mem_bp",
	  "user_input",
	  S0 "/quotas/goals/0/target_metric", "node_eligible_mem_bp",
	  "user_input" },
};

static void test_bad_schemes(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	stage_parts();
	EXPECT_PUT(K0 "/state", "commit", 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_parts); i++) {
		const struct bad_part *part = &bad_parts[i];

		EXPECT_PUT(part->path, part->bad, 0);
		EXPECT_PUT(part->type_path, part->type, 0);
		EXPECT_PUT(K0 "/state", "commit", EINVAL);
		if (strstr(part->path, "/goals/"))
			EXPECT_PUT(K0 "/state", "commit_schemes_quota_goals",
				   EINVAL);
		EXPECT_IS(K0 "/state", "on");
		if (!stats_grow())
			fail("no monitoring after %s = %s", part->path,
			     part->bad);
		EXPECT_PUT(part->type_path, part->harmless, 0);
		EXPECT_PUT(K0 "/state", "commit", 0);
		EXPECT_PUT(part->path, part->good, 0);
	}
	EXPECT_PUT(K0 "/state", "off", 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_parts); i++) {
		const struct bad_part *part = &bad_parts[i];

		EXPECT_PUT(part->path, part->bad, 0);
		EXPECT_PUT(part->type_path, part->type, 0);
		EXPECT_PUT(K0 "/state", "on", EINVAL);
		EXPECT_IS(K0 "/state", "off");
		EXPECT_PUT(part->type_path, part->harmless, 0);
		EXPECT_PUT(part->path, part->good, 0);
	}
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_IS(K0 "/state", "on");
	stop_victim(pid);
}

/* A number of regions for which there is no memory. */
static void test_too_many_regions(void)
{
	pid_t pid = start_victim();

	stage("paddr");
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	EXPECT_PUT(C0 "/targets/0/regions/nr_regions", "1", 0);
	EXPECT_PUT(C0 "/targets/0/regions/0/end", "0x40000000", 0);
	EXPECT_PUT(ATTRS "/nr_regions/min", MAX_UL, 0);
	EXPECT_PUT(ATTRS "/nr_regions/max", MAX_UL, 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_IS(K0 "/state", "off");

	start_watching(pid);
	EXPECT_PUT(ATTRS "/nr_regions/min", MAX_UL, 0);
	EXPECT_PUT(ATTRS "/nr_regions/max", MAX_UL, 0);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT(stats_grow());
	EXPECT_PUT(ATTRS "/nr_regions/min", "1000", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
	stop_victim(pid);
}

/* Odd, but none of the kernel's business. */
static void test_odd_values(void)
{
	pid_t pid = start_victim();

	start_watching(pid);
	EXPECT_PUT(ATTRS "/intervals/sample_us", "0", 0);
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "20000", 0);
	EXPECT_PUT(ATTRS "/intervals/update_us", "0", 0);
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/access_bp", "20000", 0);
	EXPECT_PUT(ATTRS "/nr_regions/min", "3", 0);
	EXPECT_PUT(ATTRS "/nr_regions/max", "3", 0);
	EXPECT_PUT(S0 "/quotas/weights/age_permil", "4294967295", 0);
	EXPECT_PUT(S0 "/watermarks/low", "900", 0);
	EXPECT_PUT(S0 "/action", "lru_prio", 0);
	EXPECT_PUT(S0 "/target_nid", "1000", 0);
	EXPECT_PUT(S0 "/dests/nr_dests", "2", 0);
	EXPECT_PUT(S0 "/dests/0/id", "1000", 0);
	EXPECT_PUT(S0 "/quotas/fail_charge_num", "4294967295", 0);
	EXPECT_PUT(S0 "/filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/filters/0/type", "target", 0);
	EXPECT_PUT(S0 "/filters/0/matching", "Y", 0);
	EXPECT_PUT(S0 "/filters/0/damon_target_idx", "-7", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
	EXPECT_PUT(S0 "/access_pattern/sz/min", MAX_UL, 0);
	EXPECT_PUT(S0 "/access_pattern/sz/max", "0", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT_PUT(ATTRS "/intervals/sample_us", "2000", 0);
	EXPECT_PUT(ATTRS "/intervals/update_us", MAX_UL, 0);
	EXPECT_PUT(S0 "/access_pattern/sz/min", "0", 0);
	EXPECT_PUT(S0 "/access_pattern/sz/max", MAX_UL, 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(stats_grow());
	stop_victim(pid);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "attributes at start", test_bad_attrs_on },
		{ "attributes at commit", test_bad_attrs_commit },
		{ "process ids", test_bad_pids },
		{ "numbers of regions", test_too_many_regions },
		{ "regions of physical memory", test_bad_regions_paddr },
		{ "regions of fixed virtual memory", test_bad_regions_fvaddr },
		{ "regions of virtual memory", test_bad_regions_vaddr },
		{ "physical address spaces", test_bad_paddr },
		{ "filters and goals of schemes", test_bad_schemes },
		{ "odd values are fine", test_odd_values },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
