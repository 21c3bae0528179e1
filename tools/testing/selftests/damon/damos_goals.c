// SPDX-License-Identifier: GPL-2.0
/*
 * Goals of quotas: which way they move the effective quota.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "damos_lib.h"

#define SIZE	(4 * MIB)
#define GOAL0	GOALS "/0"
#define GOAL1	GOALS "/1"

/* A quota that has grown for long enough to tell it from the smallest. */
#define GROWN	(64 * 1024UL)

static char *memory;

static unsigned long effective(void)
{
	EXPECT_PUT(K0 "/state", "update_schemes_effective_quotas", 0);
	return get_ul(QUOTAS "/effective_bytes");
}

static void stage_goal(const char *goal, const char *metric,
		       const char *target, const char *current)
{
	EXPECT_PUT(path_of("%s/target_metric", goal), metric, 0);
	EXPECT_PUT(path_of("%s/target_value", goal), target, 0);
	EXPECT_PUT(path_of("%s/current_value", goal), current, 0);
}

/* Windows of 20 ms, so that a quota doubles in no time. */
static void stage_goals(const char *operations, const char *nr)
{
	memory = second_node() ? map_on_node(map_pages, SIZE, 0) :
				 map_pages(SIZE);
	stage_scheme(operations, "stat");
	stage_memory(memory, SIZE);
	EXPECT_PUT(QUOTAS "/reset_interval_ms", "20", 0);
	EXPECT_PUT(GOALS "/nr_goals", nr, 0);
}

static void feed(const char *goal, const char *current)
{
	EXPECT_PUT(path_of("%s/current_value", goal), current, 0);
	EXPECT_PUT(K0 "/state", "commit_schemes_quota_goals", 0);
}

/* What a quota is on its way to if the same is fed again and again: once counts once. */
static unsigned long fed(const char *goal, const char *current)
{
	feed(goal, current);
	return effective();
}

/* Feedback by hand */

static void expect_growth(const char *current)
{
	unsigned long before = effective();

	EXPECT(WAIT(fed(GOAL0, current) > before && effective() >= GROWN));
}

/* A few charge windows, however busy the machine is: there are passes in each. */
static void let_pass_windows(void)
{
	unsigned long passes = stat_of("nr_snapshots") + 16;

	EXPECT(WAIT(stat_of("nr_snapshots") >= passes));
}

static void expect_constant(void)
{
	unsigned long before;

	let_pass_windows();
	before = effective();
	for (int i = 0; i < 5; i++) {
		let_pass_windows();
		EXPECT(effective() == before);
	}
}

static void test_user_input(void)
{
	unsigned long before;

	stage_goals("fvaddr", "1");
	stage_goal(GOAL0, "user_input", "10000", "0");
	turn_on();
	expect_growth("0");
	expect_constant();

	/* Reached. */
	feed(GOAL0, "10000");
	expect_constant();
	EXPECT(effective() >= GROWN);

	/* More than reached, by a tenth. */
	before = effective();
	EXPECT(WAIT(fed(GOAL0, "11000") < before / 2));
	EXPECT(WAIT(fed(GOAL0, "11000") <= 1));
	expect_constant();

	/* Not reached any more. */
	expect_growth("9000");

	/* Twice as much as wanted: down to the least in no time. */
	EXPECT(WAIT(fed(GOAL0, "20000") <= 1));
	turn_off();
	munmap(memory, SIZE);
}

/* The quota that a goal finds is what the scheme may do. */
static void test_effect(void)
{
	unsigned long tried;

	stage_goals("fvaddr", "1");
	stage_goal(GOAL0, "user_input", "10000", "20000");
	turn_on();
	sleep_ms(300);
	EXPECT(!stat_of("sz_tried"));
	expect_growth("0");
	EXPECT(WAIT(stat_of("sz_tried") >= 4 * SIZE));
	EXPECT(WAIT(fed(GOAL0, "20000") <= 1));
	sleep_ms(100);
	tried = stat_of("sz_tried");
	sleep_ms(200);
	EXPECT(stat_of("sz_tried") == tried);
	turn_off();
	munmap(memory, SIZE);
}

/* Whatever a goal wants, the limits of the user hold. */
static void test_upper_limit(void)
{
	stage_goals("fvaddr", "1");
	stage_goal(GOAL0, "user_input", "10000", "0");
	EXPECT(!put_ul(QUOTAS "/bytes", MIB));
	turn_on();
	EXPECT(WAIT(fed(GOAL0, "0") == MIB));
	expect_constant();
	turn_off();
	munmap(memory, SIZE);
}

/* The goal that is met best decides. */
static void test_several(void)
{
	stage_goals("fvaddr", "2");
	stage_goal(GOAL0, "user_input", "10000", "5000");
	stage_goal(GOAL1, "user_input", "10000", "0");
	turn_on();
	expect_growth("5000");
	EXPECT(WAIT(fed(GOAL1, "30000") <= 1));
	feed(GOAL0, "20000");
	feed(GOAL1, "9999");
	expect_constant();
	EXPECT(effective() <= 1);

	/* One is gone, and with it what it wanted. */
	feed(GOAL0, "5000");
	EXPECT_PUT(GOALS "/nr_goals", "0", 0);
	EXPECT_PUT(GOALS "/nr_goals", "1", 0);
	stage_goal(GOAL0, "user_input", "10000", "0");
	EXPECT(WAIT(fed(GOAL0, "20000") <= 1));
	turn_off();
	munmap(memory, SIZE);
}

/* All or nothing. */
static void test_temporal(void)
{
	unsigned long tried;

	stage_goals("fvaddr", "1");
	stage_goal(GOAL0, "user_input", "10000", "9999");
	EXPECT_PUT(QUOTAS "/goal_tuner", "temporal", 0);
	EXPECT(!put_ul(QUOTAS "/bytes", MIB));
	turn_on();
	EXPECT(WAIT(effective() == MIB));
	EXPECT(stats_grow());
	feed(GOAL0, "10000");
	EXPECT(WAIT(effective() == 0));
	sleep_ms(100);
	tried = stat_of("sz_tried");
	sleep_ms(200);
	EXPECT(stat_of("sz_tried") == tried);
	feed(GOAL0, "1");
	EXPECT(WAIT(effective() == MIB));
	EXPECT(stats_grow());
	turn_off();
	munmap(memory, SIZE);
}

/* Metrics */

/*
 * What is measured, in 1/10000: two thirds of it are reached, one and a half times
 * as much is not.  What is there at all is 1 at least.
 */
static void expect_metric(const char *operations, const char *name,
			  const char *nid, const char *path, unsigned long target,
			  bool reached)
{
	stage_goals(operations, "1");
	if (*operations == 'p')
		stage_physical(memory, SIZE);
	stage_goal(GOAL0, name, "1", "0");
	EXPECT(!put_ul(GOAL0 "/target_value", target));
	EXPECT_PUT(GOAL0 "/nid", nid, 0);
	EXPECT_PUT(GOAL0 "/path", path, 0);
	turn_on();
	if (reached) {
		let_pass_windows();
		if (effective() > 1)
			fail("%s of node %s, %lu wanted: quota grows to %s",
			     name, nid, target, get(QUOTAS "/effective_bytes"));
	} else if (!WAIT(effective() >= GROWN)) {
		fail("%s of node %s, %lu wanted: quota is %s", name, nid,
		     target, get(QUOTAS "/effective_bytes"));
	}
	turn_off();
	munmap(memory, SIZE);
	clean_up();
}

static void expect_value(const char *operations, const char *name,
			 const char *nid, const char *path, unsigned long value)
{
	ksft_print_msg("%s of node %s: %lu\n", name, nid, value);
	if (value)
		expect_metric(operations, name, nid, path, value * 2 / 3 ?: 1,
			      true);
	expect_metric(operations, name, nid, path, value * 3 / 2 + 1, false);
}

#define NOWHERE	"1000"		/* a node that no machine has */
#define MEMINFO	"/proc/meminfo"
#define NODE0	"/sys/devices/system/node/node0/meminfo"

/* A line of one of these, in kB. */
static unsigned long kib_of(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[256], *found;
	unsigned long kib = 0;

	while (file && fgets(line, sizeof(line), file)) {
		found = strstr(line, name);
		if (found && sscanf(found + strlen(name), ": %lu kB", &kib) == 1)
			break;
	}
	if (file)
		fclose(file);
	return kib;
}

static unsigned long share(unsigned long part, unsigned long all)
{
	return all ? part * 10000 / all : 0;
}

/* Shares that are about the same would not tell which one was measured. */
static void tell_alike(unsigned long a, unsigned long b)
{
	if (a < b * 2 && b < a * 2)
		ksft_print_msg("about the same, cannot be told apart\n");
}

static bool need_nodes(void)
{
	if (!access(NODE0, F_OK))
		return true;
	skip("no nodes (CONFIG_NUMA)");
	return false;
}

static void test_node_metrics(void)
{
	unsigned long total, free;

	if (!need_nodes())
		return;
	total = kib_of(NODE0, "MemTotal");
	free = kib_of(NODE0, "MemFree");
	tell_alike(free, total - free);
	expect_value("fvaddr", "node_mem_used_bp", "0", "",
		     share(total - free, total));
	expect_value("fvaddr", "node_mem_free_bp", "0", "", share(free, total));
	expect_value("fvaddr", "node_mem_used_bp", NOWHERE, "", 0);
	expect_value("fvaddr", "node_mem_free_bp", NOWHERE, "", 10000);
}

/* With so much memory on both lists, what cases have of their own does not matter. */
static void test_lru_metrics(void)
{
	const size_t size = 32 * SIZE;
	char *much = map_pages(size);
	unsigned long active, inactive;

	make_active(much, size / 4 * 3);
	active = kib_of(MEMINFO, "Active");
	inactive = kib_of(MEMINFO, "Inactive");
	tell_alike(active, inactive);
	expect_value("fvaddr", "active_mem_bp", "0", "",
		     share(active, active + inactive));
	expect_value("fvaddr", "inactive_mem_bp", "0", "",
		     share(inactive, active + inactive));
	munmap(much, size);
}

/* Far more than a monitor and its test make tasks wait. */
static void test_pressure_metric(void)
{
	expect_metric("fvaddr", "some_mem_psi_us", "0", "", 1000000000, false);
}

static void test_memcg_metrics(void)
{
	static const char group[] = "/damos_goals", empty[] = "/damos_goals_empty";
	const size_t size = 4 * SIZE;
	unsigned long used;
	char *charged;

	if (!need_nodes() || !need_cgroup(group + 1) || !need_cgroup(empty + 1))
		return;
	EXPECT(enter_cgroup(group + 1));
	charged = second_node() ? map_on_node(map_pages, size, 0) :
				  map_pages(size);
	EXPECT(enter_cgroup(""));
	used = share(size / 1024, kib_of(NODE0, "MemTotal"));
	expect_value("fvaddr", "node_memcg_used_bp", "0", group, used);
	expect_value("fvaddr", "node_memcg_used_bp", NOWHERE, group, 0);
	expect_value("fvaddr", "node_memcg_used_bp", "0", empty, 0);
	expect_value("fvaddr", "node_memcg_free_bp", "0", group, 10000 - used);
	expect_value("fvaddr", "node_memcg_free_bp", "0", empty, 10000);
	munmap(charged, size);
}

/* All memory that the scheme is for is on one node. */
static void test_eligible_metric(void)
{
	if (!need_page_flags() || !need_nodes())
		return;
	expect_value("paddr", "node_eligible_mem_bp", "0", "", 10000);
	expect_value("paddr", "node_eligible_mem_bp", NOWHERE, "", 0);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "feedback of the user", test_user_input },
		{ "effect on the scheme", test_effect },
		{ "upper limit", test_upper_limit },
		{ "several goals", test_several },
		{ "temporal tuner", test_temporal },
		{ "metrics of a node", test_node_metrics },
		{ "metrics of lists", test_lru_metrics },
		{ "pressure", test_pressure_metric },
		{ "metrics of control groups", test_memcg_metrics },
		{ "eligible memory", test_eligible_metric },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
