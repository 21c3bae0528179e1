// SPDX-License-Identifier: GPL-2.0
/*
 * Goals of quotas: which way they move the effective quota.
 */
#define _GNU_SOURCE
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

/* Feedback by hand */

static void expect_growth(void)
{
	unsigned long before = effective();

	EXPECT(WAIT(effective() > before && effective() >= GROWN));
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
	expect_growth();

	/* Reached. */
	feed(GOAL0, "10000");
	expect_constant();
	EXPECT(effective() >= GROWN);

	/* More than reached, by a tenth. */
	before = effective();
	feed(GOAL0, "11000");
	EXPECT(WAIT(effective() < before / 2));
	EXPECT(WAIT(effective() <= 1));
	expect_constant();

	/* Not reached any more. */
	feed(GOAL0, "9000");
	expect_growth();

	/* Twice as much as wanted: down to the least at once. */
	feed(GOAL0, "20000");
	EXPECT(WAIT(effective() <= 1));
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
	feed(GOAL0, "0");
	EXPECT(WAIT(stat_of("sz_tried") >= 4 * SIZE));
	feed(GOAL0, "20000");
	EXPECT(WAIT(effective() <= 1));
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
	EXPECT(WAIT(effective() == MIB));
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
	expect_growth();
	feed(GOAL1, "30000");
	EXPECT(WAIT(effective() <= 1));
	feed(GOAL0, "20000");
	feed(GOAL1, "9999");
	expect_constant();
	EXPECT(effective() <= 1);

	/* One is gone, and with it what it wanted. */
	feed(GOAL0, "5000");
	EXPECT_PUT(GOALS "/nr_goals", "0", 0);
	EXPECT_PUT(GOALS "/nr_goals", "1", 0);
	stage_goal(GOAL0, "user_input", "10000", "20000");
	EXPECT_PUT(K0 "/state", "commit_schemes_quota_goals", 0);
	EXPECT(WAIT(effective() <= 1));
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
 * What is measured: more than @reached of it there always is, and never as much
 * as @far.  Nothing of it is anywhere if @reached is NULL.
 */
struct metric {
	const char *name, *nid, *path, *reached, *far;
};

static void expect_metric(const char *operations, const struct metric *m,
			  const char *target, bool reached)
{
	stage_goals(operations, "1");
	if (*operations == 'p')
		stage_physical(memory, SIZE);
	stage_goal(GOAL0, m->name, target, "0");
	EXPECT_PUT(GOAL0 "/nid", m->nid, 0);
	EXPECT_PUT(GOAL0 "/path", m->path, 0);
	turn_on();
	if (reached) {
		sleep_ms(300);
		if (effective() > 1)
			fail("%s of node %s, %s wanted: quota grows to %s",
			     m->name, m->nid, target,
			     get(QUOTAS "/effective_bytes"));
	} else if (!WAIT(effective() >= GROWN)) {
		fail("%s of node %s, %s wanted: quota is %s", m->name, m->nid,
		     target, get(QUOTAS "/effective_bytes"));
	}
	turn_off();
	munmap(memory, SIZE);
	clean_up();
}

static void expect_metrics(const char *operations, const struct metric *metrics,
			   size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (metrics[i].reached)
			expect_metric(operations, &metrics[i],
				      metrics[i].reached, true);
		expect_metric(operations, &metrics[i], metrics[i].far, false);
	}
}

#define NOWHERE	"1000"		/* a node that no machine has */
#define TOO_MUCH "40000"

static void test_metrics(void)
{
	static const struct metric metrics[] = {
		{ "node_mem_used_bp", "0", "", "1", TOO_MUCH },
		{ "node_mem_used_bp", NOWHERE, "", NULL, "1" },
		{ "node_mem_free_bp", "0", "", "1", TOO_MUCH },
		{ "node_mem_free_bp", NOWHERE, "", "5000", TOO_MUCH },
		{ "active_mem_bp", "0", "", "1", TOO_MUCH },
		{ "inactive_mem_bp", "0", "", "1", TOO_MUCH },
		{ "some_mem_psi_us", "0", "", NULL, "1000000000" },
	};

	expect_metrics("fvaddr", metrics, ARRAY_SIZE(metrics));
}

static void test_memcg_metrics(void)
{
	static const struct metric metrics[] = {
		{ "node_memcg_used_bp", "0", "/damos_goals", "1", TOO_MUCH },
		{ "node_memcg_used_bp", NOWHERE, "/damos_goals", NULL, "1" },
		{ "node_memcg_used_bp", "0", "/damos_goals_empty", NULL, "1" },
		{ "node_memcg_free_bp", "0", "/damos_goals", "5000", TOO_MUCH },
		{ "node_memcg_free_bp", "0", "/damos_goals_empty", "5000",
		  TOO_MUCH },
	};
	char *charged;

	if (!need_cgroup("damos_goals") || !need_cgroup("damos_goals_empty"))
		return;
	EXPECT(enter_cgroup("damos_goals"));
	charged = second_node() ? map_on_node(map_pages, SIZE, 0) :
				  map_pages(SIZE);
	EXPECT(enter_cgroup(""));
	expect_metrics("fvaddr", metrics, ARRAY_SIZE(metrics));
	munmap(charged, SIZE);
}

/* All memory that the scheme is for is on one node. */
static void test_eligible_metric(void)
{
	static const struct metric metrics[] = {
		{ "node_eligible_mem_bp", "0", "", "5000", TOO_MUCH },
		{ "node_eligible_mem_bp", NOWHERE, "", NULL, "1" },
	};

	if (!need_page_flags())
		return;
	if (access("/sys/devices/system/node/node0", F_OK)) {
		skip("no nodes (CONFIG_NUMA)");
		return;
	}
	expect_metrics("paddr", metrics, ARRAY_SIZE(metrics));
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "feedback of the user", test_user_input },
		{ "effect on the scheme", test_effect },
		{ "upper limit", test_upper_limit },
		{ "several goals", test_several },
		{ "temporal tuner", test_temporal },
		{ "metrics of the machine", test_metrics },
		{ "metrics of control groups", test_memcg_metrics },
		{ "eligible memory", test_eligible_metric },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
