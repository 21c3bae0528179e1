// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that runs out: each allocation of each operation fails in its turn,
 * whether the writer makes it, or the kdamond on its behalf, or the thread that
 * makes kdamonds.
 *
 * What succeeds nevertheless has a way around: tables that need not be contiguous
 * (kvmalloc), inode numbers of directories, and regions that are not split.
 */
#include <stdlib.h>

#include "faults_lib.h"

#define M0		ATTRS "/probes"
#define T0		C0 "/targets/0"

#define NR_TARGETS	100
#define NR_SCHEMES	20

/* A full set of parameters */

static void stage_filter(const char *dir, unsigned int index, const char *type)
{
	EXPECT_PUT(path_of("%s/%u/type", dir, index), type, 0);
	EXPECT_PUT(path_of("%s/%u/matching", dir, index), "Y", 0);
	EXPECT_PUT(path_of("%s/%u/allow", dir, index), "Y", 0);
}

static void stage_full_scheme(unsigned int index)
{
	char dir[128], filters[160];

	snprintf(dir, sizeof(dir), C0 "/schemes/%u", index);
	EXPECT_PUT(path_of("%s/access_pattern/sz/max", dir), MAX_UL, 0);
	EXPECT_PUT(path_of("%s/access_pattern/nr_accesses/max", dir), MAX_UL, 0);
	EXPECT_PUT(path_of("%s/access_pattern/age/max", dir), MAX_UL, 0);
	EXPECT_PUT(path_of("%s/dests/nr_dests", dir), "2", 0);
	/* the first one sees everything */
	if (!index)
		return;
	EXPECT(!put_ul(path_of("%s/quotas/bytes", dir), PAGE << 20));
	EXPECT_PUT(path_of("%s/quotas/reset_interval_ms", dir), "1000", 0);
	EXPECT_PUT(path_of("%s/quotas/goals/nr_goals", dir), "2", 0);
	EXPECT_PUT(path_of("%s/quotas/goals/0/target_value", dir), "100", 0);
	EXPECT_PUT(path_of("%s/quotas/goals/1/target_value", dir), "200", 0);
	snprintf(filters, sizeof(filters), "%s/core_filters", dir);
	EXPECT_PUT(path_of("%s/nr_filters", filters), "2", 0);
	stage_filter(filters, 0, "addr");
	EXPECT_PUT(path_of("%s/0/addr_end", filters), MAX_UL, 0);
	stage_filter(filters, 1, "target");
	snprintf(filters, sizeof(filters), "%s/ops_filters", dir);
	EXPECT_PUT(path_of("%s/nr_filters", filters), "1", 0);
	stage_filter(filters, 0, "anon");
	snprintf(filters, sizeof(filters), "%s/filters", dir);
	EXPECT_PUT(path_of("%s/nr_filters", filters), "1", 0);
	stage_filter(filters, 0, "young");
}

static void stage_full_target(unsigned int index, pid_t pid)
{
	char dir[128];

	stage_target(index, pid);
	snprintf(dir, sizeof(dir), C0 "/targets/%u/regions", index);
	EXPECT_PUT(path_of("%s/nr_regions", dir), "2", 0);
	for (unsigned int i = 0; i < 2; i++) {
		unsigned long start = PAGE << (20 + i);

		EXPECT(!put_ul(path_of("%s/%u/start", dir, i), start));
		EXPECT(!put_ul(path_of("%s/%u/end", dir, i), start + 256 * PAGE));
	}
}

static void stage_probes(void)
{
	EXPECT_PUT(M0 "/nr_probes", "2", 0);
	for (unsigned int i = 0; i < 2; i++) {
		EXPECT_PUT(path_of(M0 "/%u/filters/nr_filters", i), "2", 0);
		EXPECT_PUT(path_of(M0 "/%u/filters/1/allow", i), "Y", 0);
	}
}

/* Of everything something. */
static void stage_full(pid_t pid, unsigned int nr_targets,
		       unsigned int nr_schemes)
{
	stage_probes();
	EXPECT(!put_ul(C0 "/targets/nr_targets", nr_targets));
	for (unsigned int i = 0; i < nr_targets; i++)
		stage_full_target(i, pid);
	EXPECT(!put_ul(C0 "/schemes/nr_schemes", nr_schemes));
	for (unsigned int i = 0; i < nr_schemes; i++)
		stage_full_scheme(i);
}

/* A paused context does not change by itself. */
static void stage_attrs(const char *pause)
{
	clean_up();
	stage("fvaddr");
	EXPECT_PUT(C0 "/pause", pause, 0);
	EXPECT_PUT(ATTRS "/intervals/sample_us", "20000", 0);
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "40000", 0);
}

static void start_full(pid_t pid, unsigned int nr_targets,
		       unsigned int nr_schemes, const char *pause)
{
	stage_attrs(pause);
	stage_full(pid, nr_targets, nr_schemes);
	EXPECT_PUT(K0 "/state", "on", 0);
	if (is(C0 "/pause", "Y"))
		await_pause();
}

static void nothing(void)
{
}

/* Starting */

static void be_off(void)
{
	EXPECT_PUT(K0 "/state", "off", 0);
	EXPECT_IS(K0 "/pid", "-1");
}

static void test_on(void)
{
	static const struct operation ops[] = {
		{ K0 "/state", "on", WRITER, be_off, K0 "/state", "off", NULL,
		  false },
		{ K0 "/state", "on", KTHREADD, be_off, K0 "/state", "off", NULL,
		  false },
	};
	pid_t pid;

	if (!need_failslab())
		return;
	pid = start_victim();
	start_full(pid, 3, 3, "N");
	sweep_all(ops, ARRAY_SIZE(ops));
	exhaust_all(ops, 1);
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT(stats_grow());
	stop_victim(pid);
}

/* Committing */

/* What is staged differs from what runs: in its first, middle and last parts. */
static void stage_difference(void)
{
	bool other = is(ATTRS "/intervals/sample_us", "20000");
	const char *id = other ? "1" : "0";
	unsigned int last = NR_SCHEMES - 1;

	EXPECT_PUT(ATTRS "/intervals/sample_us", other ? "21000" : "20000", 0);
	EXPECT(!put_ul(T0 "/regions/0/end",
		       (PAGE << 20) + (other ? 255 : 256) * PAGE));
	EXPECT_PUT(S0 "/dests/1/id", id, 0);
	EXPECT_PUT(path_of(C0 "/schemes/%u/target_nid", last), id, 0);
	EXPECT_PUT(path_of(C0 "/schemes/%u/quotas/goals/1/current_value", last),
		   id, 0);
	EXPECT_PUT(path_of(C0 "/schemes/%u/core_filters/1/damon_target_idx",
			   last), id, 0);
	EXPECT_PUT(M0 "/1/filters/1/matching", other ? "Y" : "N", 0);
}

static pid_t only_pid;

/* Little runs, and everything is staged: all of it will be new. */
static void stage_everything(void)
{
	stage_attrs("Y");
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_full_target(0, only_pid);
	EXPECT_PUT(K0 "/state", "on", 0);
	await_pause();
	stage_full(only_pid, NR_TARGETS, NR_SCHEMES);
}

static void test_growing_commit(void)
{
	static const struct operation ops[] = {
		{ K0 "/state", "commit", KDAMOND, stage_everything, NULL, NULL,
		  "all", false },
	};

	if (!need_failslab())
		return;
	only_pid = start_victim();
	sweep_all(ops, ARRAY_SIZE(ops));
	EXPECT_PUT(K0 "/state", "commit", 0);
	prove_monitoring();
	stop_victim(only_pid);
}

static void test_commit(void)
{
	static const struct operation ops[] = {
		{ K0 "/state", "commit", WRITER, stage_difference, NULL, NULL,
		  "all", true },
		{ K0 "/state", "commit", KDAMOND, stage_difference, NULL, NULL,
		  "all", true },
		{ K0 "/state", "commit_schemes_quota_goals", WRITER,
		  stage_difference, NULL, NULL, "all", true },
		{ K0 "/state", "commit_schemes_quota_goals", KDAMOND,
		  stage_difference, NULL, NULL, "all", true },
	};
	pid_t pid;

	if (!need_failslab())
		return;
	pid = start_victim();
	start_full(pid, NR_TARGETS, NR_SCHEMES, "Y");
	sweep_all(ops, ARRAY_SIZE(ops));
	exhaust_all(ops, 3);
	stop_victim(pid);
}

/* Results */

#define RESULT(command, victim) \
	{ K0 "/state", command, victim, nothing, NULL, NULL, "parameters", true }

static void test_results(void)
{
	static const struct operation ops[] = {
		RESULT("update_schemes_stats", WRITER),
		RESULT("update_schemes_stats", KDAMOND),
		RESULT("update_schemes_effective_quotas", WRITER),
		RESULT("update_schemes_effective_quotas", KDAMOND),
		RESULT("update_tuned_intervals", WRITER),
		RESULT("update_tuned_intervals", KDAMOND),
		RESULT("update_schemes_tried_bytes", WRITER),
		RESULT("update_schemes_tried_bytes", KDAMOND),
		RESULT("update_schemes_tried_regions", WRITER),
		RESULT("update_schemes_tried_regions", KDAMOND),
		RESULT("clear_schemes_tried_regions", WRITER),
		RESULT("clear_schemes_tried_regions", KDAMOND),
	};
	pid_t pid;

	if (!need_failslab())
		return;
	pid = start_victim();
	start_full(pid, 3, 3, "N");
	sweep_all(ops, ARRAY_SIZE(ops));
	exhaust_all(&ops[6], 4);
	stop_victim(pid);
}

/* Directories */

#define COUNT(count, mark, with)						\
	{ count, "2", WRITER, mark, with, "77", NULL, false }

static void mark_kdamonds(void)
{
	EXPECT_PUT("kdamonds/1/refresh_ms", "77", 0);
}

static void mark_contexts(void)
{
	EXPECT_PUT(C0 "/addr_unit", "77", 0);
}

static void mark_targets(void)
{
	EXPECT_PUT(C0 "/targets/1/pid_target", "77", 0);
}

static void mark_regions(void)
{
	EXPECT_PUT(T0 "/regions/1/start", "77", 0);
}

static void mark_schemes(void)
{
	EXPECT_PUT(C0 "/schemes/1/target_nid", "77", 0);
}

static void mark_filters(void)
{
	EXPECT_PUT(S0 "/filters/1/min", "77", 0);
}

static void mark_core_filters(void)
{
	EXPECT_PUT(S0 "/core_filters/1/min", "77", 0);
}

static void mark_ops_filters(void)
{
	EXPECT_PUT(S0 "/ops_filters/1/min", "77", 0);
}

static void mark_goals(void)
{
	EXPECT_PUT(S0 "/quotas/goals/1/nid", "77", 0);
}

static void mark_dests(void)
{
	EXPECT_PUT(S0 "/dests/1/id", "77", 0);
}

static void mark_probes(void)
{
	EXPECT_PUT(M0 "/1/filters/nr_filters", "1", 0);
	EXPECT_PUT(M0 "/1/filters/0/path", "77", 0);
}

static void mark_probe_filters(void)
{
	EXPECT_PUT(M0 "/0/filters/1/path", "77", 0);
}

static void stage_pairs(void)
{
	static const char *const counts[] = {
		"kdamonds/nr_kdamonds", K0 "/contexts/nr_contexts",
		C0 "/targets/nr_targets", T0 "/regions/nr_regions",
		C0 "/schemes/nr_schemes", S0 "/filters/nr_filters",
		S0 "/core_filters/nr_filters", S0 "/ops_filters/nr_filters",
		S0 "/quotas/goals/nr_goals", S0 "/dests/nr_dests",
		M0 "/nr_probes", M0 "/0/filters/nr_filters",
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		EXPECT_PUT(counts[i], i == 1 ? "1" : "2", 0);
}

/* The lowest first: what is below is made anew with what is above. */
static void test_directories(void)
{
	static const struct operation ops[] = {
		{ M0 "/0/filters/1/path", "some/where", WRITER, mark_probe_filters,
		  M0 "/0/filters/1/path", "77", NULL, false },
		COUNT(M0 "/0/filters/nr_filters", mark_probe_filters,
		      M0 "/0/filters/1/path"),
		COUNT(M0 "/nr_probes", mark_probes, M0 "/1/filters/0/path"),
		COUNT(S0 "/dests/nr_dests", mark_dests, S0 "/dests/1/id"),
		COUNT(S0 "/quotas/goals/nr_goals", mark_goals,
		      S0 "/quotas/goals/1/nid"),
		COUNT(S0 "/ops_filters/nr_filters", mark_ops_filters,
		      S0 "/ops_filters/1/min"),
		COUNT(S0 "/core_filters/nr_filters", mark_core_filters,
		      S0 "/core_filters/1/min"),
		COUNT(S0 "/filters/nr_filters", mark_filters, S0 "/filters/1/min"),
		COUNT(C0 "/schemes/nr_schemes", mark_schemes,
		      C0 "/schemes/1/target_nid"),
		COUNT(T0 "/regions/nr_regions", mark_regions,
		      T0 "/regions/1/start"),
		COUNT(C0 "/targets/nr_targets", mark_targets,
		      C0 "/targets/1/pid_target"),
		{ K0 "/contexts/nr_contexts", "1", WRITER, mark_contexts,
		  C0 "/addr_unit", "77", NULL, false },
		COUNT("kdamonds/nr_kdamonds", mark_kdamonds,
		      "kdamonds/1/refresh_ms"),
	};

	if (!need_failslab())
		return;
	stage_pairs();
	sweep_all(ops, ARRAY_SIZE(ops));
	stage_pairs();
	exhaust_all(&ops[1], ARRAY_SIZE(ops) - 1);
}

/* What runs does not depend on directories, nor on whether there is memory for them. */
static void test_running_directories(void)
{
	static const struct operation ops[] = {
		{ C0 "/schemes/nr_schemes", "2", WRITER, mark_schemes,
		  C0 "/schemes/1/target_nid", "77", "all", false },
		{ C0 "/targets/nr_targets", "2", WRITER, mark_targets,
		  C0 "/targets/1/pid_target", "77", "all", false },
	};
	pid_t pid;

	if (!need_failslab())
		return;
	pid = start_victim();
	start_full(pid, 3, 3, "Y");
	EXPECT_PUT(C0 "/schemes/nr_schemes", "2", 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "2", 0);
	sweep_all(ops, ARRAY_SIZE(ops));
	stop_victim(pid);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "directories", test_directories },
		{ "directories of what runs", test_running_directories },
		{ "on", test_on },
		{ "results", test_results },
		{ "commit", test_commit },
		{ "commit of new targets and schemes", test_growing_commit },
	};

	atexit(report_total);
	return run_cases(cases, ARRAY_SIZE(cases));
}
