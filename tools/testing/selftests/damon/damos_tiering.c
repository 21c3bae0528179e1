// SPDX-License-Identifier: GPL-2.0
/*
 * Memory tiers for two control groups, each with its own share of the fast
 * node: hot memory goes up while a group is below its share, cold memory goes
 * down while it is above.  Two kdamonds, four schemes, eight filters.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "damos_lib.h"

#define SIZE		(8 * MIB)
#define NR_GROUPS	2
#define CONTEXT		"kdamonds/%u/contexts/0"
#define SCHEME		CONTEXT "/schemes/%u"

enum { PROMOTE, DEMOTE };

/* What the two kdamonds differ in. */
static const struct tier {
	const char *action, *nid, *metric, *young;
} tiers[] = {
	[PROMOTE] = { "migrate_hot", "0", "node_memcg_used_bp", "Y" },
	[DEMOTE] = { "migrate_cold", "1", "node_memcg_free_bp", "N" },
};

static const char * const groups[NR_GROUPS] = { "damos_a", "damos_b" };

/*
 * What the goals of a group are, in 1/10000 of the first node: so much of it
 * used, or so much of it free of the group.
 */
struct shares {
	const char *used, *free;
};

static const struct shares much = { "3000", "7010" };
static const struct shares nothing = { "1", "30000" };

static char *memory[NR_GROUPS];

static void stage_filter(const char *dir, const char *type,
			 const char *matching, const char *allow)
{
	EXPECT_PUT(path_of("%s/type", dir), type, 0);
	EXPECT_PUT(path_of("%s/matching", dir), matching, 0);
	EXPECT_PUT(path_of("%s/allow", dir), allow, 0);
}

/* The group's memory, and of that what is young, or what is not. */
static void stage_filters(unsigned int tier, unsigned int i)
{
	char dir[128], group[32];

	snprintf(group, sizeof(group), "/%s", groups[i]);
	EXPECT_PUT(path_of(SCHEME "/ops_filters/nr_filters", tier, i), "2", 0);
	snprintf(dir, sizeof(dir), SCHEME "/ops_filters/0", tier, i);
	stage_filter(dir, "memcg", "N", "N");
	EXPECT_PUT(path_of("%s/memcg_path", dir), group, 0);
	snprintf(dir, sizeof(dir), SCHEME "/ops_filters/1", tier, i);
	stage_filter(dir, "young", tiers[tier].young, "Y");
}

static void stage_goal(unsigned int tier, unsigned int i, const struct shares *shares)
{
	char goal[128], text[32];

	snprintf(goal, sizeof(goal), SCHEME "/quotas/goals", tier, i);
	EXPECT_PUT(path_of("%s/nr_goals", goal), "1", 0);
	strcat(goal, "/0");
	EXPECT_PUT(path_of("%s/target_metric", goal), tiers[tier].metric, 0);
	EXPECT_PUT(path_of("%s/target_value", goal),
		   tier == PROMOTE ? shares->used : shares->free, 0);
	EXPECT_PUT(path_of("%s/nid", goal), "0", 0);
	snprintf(text, sizeof(text), "/%s\n", groups[i]);
	EXPECT_PUT(path_of("%s/path", goal), text, 0);
}

static void stage_scheme_of(unsigned int tier, unsigned int i,
			    const struct shares *shares)
{
	char dir[128];

	snprintf(dir, sizeof(dir), SCHEME, tier, i);
	EXPECT_PUT(path_of("%s/action", dir), tiers[tier].action, 0);
	EXPECT_PUT(path_of("%s/target_nid", dir), tiers[tier].nid, 0);
	EXPECT_PUT(path_of("%s/access_pattern/sz/max", dir), MAX_UL, 0);
	EXPECT_PUT(path_of("%s/access_pattern/nr_accesses/max", dir), MAX_UL, 0);
	EXPECT_PUT(path_of("%s/access_pattern/age/max", dir), MAX_UL, 0);
	EXPECT_PUT(path_of("%s/quotas/reset_interval_ms", dir), "50", 0);
	EXPECT(!put_ul(path_of("%s/quotas/bytes", dir), 200 * MIB));
	EXPECT_PUT(path_of("%s/quotas/weights/nr_accesses_permil", dir), "1", 0);
	EXPECT_PUT(path_of("%s/quotas/weights/age_permil", dir), "1", 0);
	stage_goal(tier, i, shares);
	stage_filters(tier, i);
}

/* All the memory that there is, of both nodes. */
static unsigned long end_of_memory(void)
{
	unsigned long pfn = 0, *pfns;

	for (unsigned int i = 0; i < NR_GROUPS; i++) {
		pfns = pfns_of(memory[i], SIZE);
		for (size_t j = 0; j < SIZE / PAGE; j++)
			if (pfns[j] > pfn)
				pfn = pfns[j];
		free(pfns);
	}
	return (pfn + 1) * PAGE;
}

static void stage_kdamond(unsigned int tier, unsigned long end,
			  const struct shares *shares)
{
	char dir[64];

	snprintf(dir, sizeof(dir), CONTEXT, tier);
	EXPECT_PUT(path_of("kdamonds/%u/contexts/nr_contexts", tier), "1", 0);
	EXPECT_PUT(path_of("%s/operations", dir), "paddr", 0);
	EXPECT_PUT(path_of("%s/monitoring_attrs/intervals/sample_us", dir),
		   "10000", 0);
	EXPECT_PUT(path_of("%s/monitoring_attrs/intervals/aggr_us", dir),
		   "50000", 0);
	EXPECT_PUT(path_of("%s/targets/nr_targets", dir), "1", 0);
	EXPECT_PUT(path_of("%s/targets/0/regions/nr_regions", dir), "1", 0);
	EXPECT(!put_ul(path_of("%s/targets/0/regions/0/end", dir), end));
	EXPECT_PUT(path_of("%s/schemes/nr_schemes", dir), "2", 0);
	for (unsigned int i = 0; i < NR_GROUPS; i++)
		stage_scheme_of(tier, i, shares);
}

/* Both groups have memory, on @node if there are two. */
static bool map_groups(int node)
{
	for (unsigned int i = 0; i < NR_GROUPS; i++) {
		if (!need_cgroup(groups[i]))
			return false;
		EXPECT(enter_cgroup(groups[i]));
		memory[i] = second_node() ? map_on_node(map_pages, SIZE, node) :
					    map_pages(SIZE);
		EXPECT(enter_cgroup(""));
	}
	return true;
}

/* They have the same shares. */
static void stage_kdamonds(const struct shares *shares)
{
	EXPECT_PUT("kdamonds/nr_kdamonds", "2", 0);
	for (unsigned int tier = PROMOTE; tier <= DEMOTE; tier++)
		stage_kdamond(tier, end_of_memory(), shares);
}

static bool stage_tiers(int node, const struct shares *shares)
{
	if (!map_groups(node))
		return false;
	stage_kdamonds(shares);
	return true;
}

static void drop_memory(void)
{
	for (unsigned int i = 0; i < NR_GROUPS; i++) {
		EXPECT(is_filled(memory[i], SIZE));
		munmap(memory[i], SIZE);
	}
}

/* Each scheme has its turn. */
static bool all_tried(unsigned int tier, unsigned long bytes)
{
	put(path_of("kdamonds/%u/state", tier), "update_schemes_stats");
	for (unsigned int i = 0; i < NR_GROUPS; i++)
		if (get_ul(path_of(SCHEME "/stats/sz_tried", tier, i)) < bytes)
			return false;
	return true;
}

static void command_all(const char *command)
{
	for (unsigned int tier = PROMOTE; tier <= DEMOTE; tier++)
		EXPECT_PUT(path_of("kdamonds/%u/state", tier), command, 0);
}

/* It starts, is told the same once more, and reports. */
static void test_life(void)
{
	if (!need_page_flags() || !stage_tiers(1, &much))
		return;
	command_all("on");
	EXPECT(WAIT(all_tried(PROMOTE, MIB)));
	command_all("commit");
	command_all("commit_schemes_quota_goals");
	command_all("update_schemes_stats");
	command_all("update_schemes_effective_quotas");
	command_all("update_schemes_tried_bytes");
	command_all("update_tuned_intervals");
	for (unsigned int i = 0; i < NR_GROUPS; i++)
		EXPECT(get_ul(path_of(SCHEME "/quotas/effective_bytes", PROMOTE,
				      i)) > 1);
	for (unsigned int tier = PROMOTE; tier <= DEMOTE; tier++)
		EXPECT_IS(path_of("kdamonds/%u/state", tier), "on");
	command_all("off");
	drop_memory();
}

/* A group that goes away takes nothing with it. */
static void test_unknown_group(void)
{
	char path[128];

	snprintf(path, sizeof(path), SCHEME "/ops_filters/0/memcg_path", DEMOTE,
		 1);
	if (!need_page_flags() || !stage_tiers(1, &much))
		return;
	EXPECT_PUT(path, "/damos_nobody", 0);
	EXPECT_PUT("kdamonds/0/state", "on", 0);
	EXPECT_PUT("kdamonds/1/state", "on", EINVAL);
	EXPECT_IS("kdamonds/1/state", "off");
	EXPECT_PUT(path, "/damos_b", 0);
	EXPECT_PUT("kdamonds/1/state", "on", 0);
	EXPECT_PUT(path, "/damos_nobody", 0);
	EXPECT_PUT("kdamonds/1/state", "commit", EINVAL);
	EXPECT_PUT("kdamonds/1/state", "update_schemes_stats", 0);
	EXPECT_IS("kdamonds/1/state", "on");
	command_all("off");
	drop_memory();
}

/* Uses the memory of the first group for a moment. */
static void use(void)
{
	touch(memory[0], SIZE);
	forget_translations(memory[0], SIZE);
}

static bool need_two_nodes(void)
{
	if (!second_node())
		skip("no second node with memory");
	return second_node() && need_page_flags();
}

/* It has been looked at since it was used. */
static void make_old(const char *old, size_t size)
{
	stage_scheme("paddr", "stat");
	stage_physical(old, size);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/ops_filters/0/type", "young", 0);
	run_once();
	EXPECT_PUT("kdamonds/nr_kdamonds", "0", 0);
}

/* Both groups may have more: what is in use comes up, and nothing else. */
static void test_promotion(void)
{
	if (!need_two_nodes() || !map_groups(1))
		return;
	make_old(memory[1], SIZE);
	stage_kdamonds(&much);
	command_all("on");
	EXPECT(WAIT((use(), on_node(memory[0], SIZE, 0) == SIZE)));
	EXPECT(on_node(memory[1], SIZE, 1) == SIZE);
	command_all("off");
	drop_memory();
}

/* All the time, since what one kdamond has found in use is old for the other one. */
static bool use_until_demoted(void)
{
	time_t end = time(NULL) + LONG_MS / 1000;

	do {
		for (int i = 0; i < 20; i++)
			use();
		if (on_node(memory[1], SIZE, 1) == SIZE)
			return true;
	} while (time(NULL) < end);
	return false;
}

/* Both groups have too much: what is not in use goes down. */
static void test_demotion(void)
{
	if (!need_two_nodes() || !stage_tiers(0, &nothing))
		return;
	command_all("on");
	EXPECT(use_until_demoted());
	EXPECT(on_node(memory[0], SIZE, 0) >= SIZE / 4 * 3);
	command_all("off");
	drop_memory();
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "start, commit, reports", test_life },
		{ "unknown control group", test_unknown_group },
		{ "promotion", test_promotion },
		{ "demotion", test_demotion },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
