// SPDX-License-Identifier: GPL-2.0
/*
 * Random configurations that can run, see fuzz_lib.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz_lib.h"

static char context[64];

/* To a file of the context that is staged. */
__printf(2, 3) static void give(const char *file, const char *fmt, ...)
{
	char path[PATH_SIZE], value[128];
	va_list args;

	snprintf(path, sizeof(path), ADMIN "/%s/%s", context, file);
	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	issue_text(path, value);
}

static void give_word(const char *file)
{
	give(file, "%s", draw_word(path_of("%s/%s", context, file)));
}

/* How many directories are made. */
static unsigned int give_count(const char *file, unsigned int max)
{
	unsigned int nr = draw(max + 1);

	give(file, "%u", nr);
	return nr;
}

static void give_cgroup(const char *file)
{
	give(file, "/" CGROUP "%u", draw(NR_CGROUPS));
}

static void build_attrs(void)
{
	unsigned int sample = 500 + draw(4000);

	give("monitoring_attrs/intervals/sample_us", "%u", sample);
	give("monitoring_attrs/intervals/aggr_us", "%u",
	     sample * (1 + draw(10)));
	give("monitoring_attrs/intervals/update_us", "%u", draw(100000));
	give("monitoring_attrs/nr_regions/min", "%u", 3 + draw(50));
	give("monitoring_attrs/nr_regions/max", "%u", 60 + draw(200));
	give("monitoring_attrs/intervals/intervals_goal/aggrs", "%u",
	     one_in(4) ? 1 + draw(4) : 0);
	give("monitoring_attrs/intervals/intervals_goal/access_bp", "%u",
	     draw(10001));
	give("monitoring_attrs/intervals/intervals_goal/min_sample_us", "%u",
	     draw(500));
	give("monitoring_attrs/intervals/intervals_goal/max_sample_us", "%u",
	     5000 + draw(100000));
}

static void build_probes(void)
{
	unsigned int nr = give_count("monitoring_attrs/probes/nr_probes", 4);

	for (unsigned int i = 0; i < nr; i++) {
		char dir[64], file[128];
		unsigned int nr_filters;

		snprintf(dir, sizeof(dir),
			 "monitoring_attrs/probes/%u/filters", i);
		snprintf(file, sizeof(file), "%s/nr_filters", dir);
		nr_filters = give_count(file, 2);
		if (!draw(4)) {
			snprintf(file, sizeof(file), "monitoring_attrs/probes/%u/weight", i);
			give(file, "%u", draw(1000));
		}
		for (unsigned int j = 0; j < nr_filters; j++) {
			snprintf(file, sizeof(file), "%s/%u/type", dir, j);
			give_word(file);
			snprintf(file, sizeof(file), "%s/%u/path", dir, j);
			give_cgroup(file);
		}
	}
}

static void build_target(unsigned int index, bool physical)
{
	unsigned long start = VICTIM_ADDR;
	char dir[64], file[128];
	unsigned int nr;

	snprintf(dir, sizeof(dir), "targets/%u", index);
	snprintf(file, sizeof(file), "%s/pid_target", dir);
	give(file, "@%u", draw(NR_VICTIMS));
	if (!physical && one_in(2))
		return;
	if (physical)
		start = (unsigned long)draw(512) << 20;
	snprintf(file, sizeof(file), "%s/regions/nr_regions", dir);
	nr = give_count(file, 3);
	for (unsigned int i = 0; i < nr; i++) {
		start += draw(16) * PAGE;
		snprintf(file, sizeof(file), "%s/regions/%u/start", dir, i);
		give(file, "%lu", start);
		start += (1 + draw(physical ? 1 << 16 : 256)) * PAGE;
		snprintf(file, sizeof(file), "%s/regions/%u/end", dir, i);
		give(file, "%lu", start);
	}
}

static void build_targets(bool physical)
{
	unsigned int nr = physical ? 1 : 1 + draw(3);

	give("targets/nr_targets", "%u", nr);
	for (unsigned int i = 0; i < nr; i++)
		build_target(i, physical);
}

/* File of the scheme that is staged, and of a directory in it. */
static const char *in_scheme(unsigned int index, const char *file)
{
	return path_of("schemes/%u/%s", index, file);
}

static void build_filters(unsigned int scheme, const char *name)
{
	char dir[64], file[128];
	unsigned int nr;

	snprintf(dir, sizeof(dir), "schemes/%u/%s", scheme, name);
	snprintf(file, sizeof(file), "%s/nr_filters", dir);
	nr = give_count(file, one_in(2) ? 0 : 2);
	for (unsigned int i = 0; i < nr; i++) {
		snprintf(file, sizeof(file), "%s/%u/type", dir, i);
		give_word(file);
		snprintf(file, sizeof(file), "%s/%u/matching", dir, i);
		give(file, "%c", "YN"[draw(2)]);
		snprintf(file, sizeof(file), "%s/%u/allow", dir, i);
		give(file, "%c", "YN"[draw(2)]);
		snprintf(file, sizeof(file), "%s/%u/memcg_path", dir, i);
		give_cgroup(file);
		snprintf(file, sizeof(file), "%s/%u/addr_start", dir, i);
		give(file, "%lu", VICTIM_ADDR + draw(256) * PAGE);
		snprintf(file, sizeof(file), "%s/%u/addr_end", dir, i);
		give(file, "%lu", VICTIM_ADDR + (256 + draw(256)) * PAGE);
		snprintf(file, sizeof(file), "%s/%u/max", dir, i);
		give(file, "%u", draw(1 << 22));
	}
}

static void build_quota(unsigned int scheme)
{
	char dir[64], file[128];
	unsigned int nr;

	if (one_in(2))
		return;
	give(in_scheme(scheme, "quotas/bytes"), "%lu", draw(1024) * PAGE);
	give(in_scheme(scheme, "quotas/ms"), "%u", draw(20));
	give(in_scheme(scheme, "quotas/reset_interval_ms"), "%u", draw(200));
	give(in_scheme(scheme, "quotas/weights/age_permil"), "%u", draw(1001));
	give_word(in_scheme(scheme, "quotas/goal_tuner"));
	snprintf(dir, sizeof(dir), "schemes/%u/quotas/goals", scheme);
	snprintf(file, sizeof(file), "%s/nr_goals", dir);
	nr = give_count(file, 2);
	for (unsigned int i = 0; i < nr; i++) {
		snprintf(file, sizeof(file), "%s/%u/target_metric", dir, i);
		give_word(file);
		snprintf(file, sizeof(file), "%s/%u/target_value", dir, i);
		give(file, "%u", draw(10001));
		snprintf(file, sizeof(file), "%s/%u/path", dir, i);
		give_cgroup(file);
	}
}

static void build_scheme(unsigned int index)
{
	static const char *const ranges[] = { "sz", "nr_accesses", "age" };
	unsigned int nr;

	give_word(in_scheme(index, "action"));
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		give(path_of("schemes/%u/access_pattern/%s/max", index,
			     ranges[i]), "%s", MAX_UL);
	if (one_in(2))
		give(in_scheme(index, "apply_interval_us"), "%u", draw(50000));
	give(in_scheme(index, "target_nid"), "%d", (int)draw(3) - 1);
	build_quota(index);
	build_filters(index, "core_filters");
	build_filters(index, "ops_filters");
	build_filters(index, "filters");
	nr = give_count(in_scheme(index, "dests/nr_dests"), 2);
	for (unsigned int i = 0; i < nr; i++) {
		give(path_of("schemes/%u/dests/%u/id", index, i), "%u", draw(3));
		give(path_of("schemes/%u/dests/%u/weight", index, i), "%u",
		     draw(100));
	}
	if (!one_in(6))
		return;
	give(in_scheme(index, "watermarks/metric"), "free_mem_rate");
	give(in_scheme(index, "watermarks/interval_us"), "%u", draw(20000));
	give(in_scheme(index, "watermarks/high"), "%u", 500 + draw(501));
	give(in_scheme(index, "watermarks/mid"), "%u", draw(500));
}

/* The modules want to be alone. */
void switch_modules_off(void)
{
	for (unsigned int i = 0; i < nr_kinds; i++)
		if (is_module(&kinds[i]) && strstr(kinds[i].path, "/enabled"))
			issue_text(kinds[i].path, "N");
}

void build_and_start(void)
{
	static const char *const sets[] = { "vaddr", "vaddr", "fvaddr", "paddr" };
	const char *operations = sets[draw(ARRAY_SIZE(sets))];
	const char *command = one_in(3) ? "commit" : "on";
	unsigned int kdamond = draw(2), nr;
	char state[64], path[96];
	bool physical = !strcmp(operations, "paddr");

	if (one_in(2))
		switch_modules_off();
	snprintf(context, sizeof(context), "kdamonds/%u/contexts/0", kdamond);
	snprintf(state, sizeof(state), ADMIN "/kdamonds/%u/state", kdamond);
	if (one_in(8))
		issue_text(ADMIN "/kdamonds/nr_kdamonds", "2");
	snprintf(path, sizeof(path), ADMIN "/kdamonds/%u/contexts/nr_contexts",
		 kdamond);
	issue_text(path, "1");
	snprintf(path, sizeof(path), ADMIN "/kdamonds/%u/refresh_ms", kdamond);
	issue_text(path, one_in(2) ? "0" : "10");
	give("operations", "%s", operations);
	build_attrs();
	build_probes();
	build_targets(physical);
	nr = give_count("schemes/nr_schemes", 3);
	for (unsigned int i = 0; i < nr; i++)
		build_scheme(i);
	if (issue_text(state, command) || strcmp(command, "on"))
		return;
	__atomic_fetch_add(&results->nr_starts, 1, __ATOMIC_RELAXED);
}

/* A module with its usual parameters, only faster. */
void start_module(void)
{
	const char *enabled = NULL;
	unsigned int first = draw(nr_kinds);

	for (unsigned int i = 0; i < nr_kinds && !enabled; i++) {
		const char *path = kinds[(first + i) % nr_kinds].path;

		if (strstr(path, MODULES) && strstr(path, "/enabled"))
			enabled = path;
	}
	if (!enabled)
		return;
	for (unsigned int i = 0; i < nr_kinds; i++) {
		const char *path = kinds[i].path;

		if (strncmp(path, enabled, strrchr(enabled, '/') - enabled) ||
		    path == enabled || kinds[i].content == OUTPUT)
			continue;
		if (strstr(path, "/sample_interval"))
			issue_text(path, "2000");
		else if (strstr(path, "/aggr_interval"))
			issue_text(path, "20000");
		else
			issue_text(path, kinds[i].original);
	}
	if (!issue_text(enabled, "Y"))
		__atomic_fetch_add(&results->nr_starts, 1, __ATOMIC_RELAXED);
}
