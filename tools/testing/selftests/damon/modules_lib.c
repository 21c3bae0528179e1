// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters of the modules, see modules_lib.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modules_lib.h"

const struct param reclaim_params[] = {
	{ "enabled", "N" },
	{ "commit_inputs", "N" },
	{ "sample_interval", "5000" },
	{ "aggr_interval", "100000" },
	{ "min_nr_regions", "10" },
	{ "max_nr_regions", "1000" },
	{ "autotune_monitoring_intervals", "N" },
	{ "monitor_region_start", "0" },
	{ "monitor_region_end", "0" },
	{ "addr_unit", "1" },
	{ "quota_ms", "10" },
	{ "quota_reset_interval_ms", "1000" },
	{ "wmarks_interval", "5000000" },
	{ "wmarks_high", "500" },
	{ "wmarks_mid", "400" },
	{ "wmarks_low", "200" },
	{ "min_age", "120000000" },
	{ "quota_sz", "134217728" },
	{ "quota_mem_pressure_us", "0" },
	{ "quota_autotune_feedback", "0" },
	{ "skip_anon", "N" },
	{ "memcgs", "\n" },
	{ "skip_memcgs", "\n" },
	{ "refault_limit_bp", "100" },
	{ "bytes_refaulted", NULL },
	{ "backoff_halvings", NULL },
	{ "backoff_held", NULL },
	{ "kdamond_pid", NULL },
	{ "nr_reclaim_tried_regions", NULL },
	{ "bytes_reclaim_tried_regions", NULL },
	{ "nr_reclaimed_regions", NULL },
	{ "bytes_reclaimed_regions", NULL },
	{ "nr_quota_exceeds", NULL },
	{ NULL, NULL }
};

const struct param lru_sort_params[] = {
	{ "enabled", "N" },
	{ "commit_inputs", "N" },
	{ "sample_interval", "5000" },
	{ "aggr_interval", "100000" },
	{ "min_nr_regions", "10" },
	{ "max_nr_regions", "1000" },
	{ "autotune_monitoring_intervals", "N" },
	{ "monitor_region_start", "0" },
	{ "monitor_region_end", "0" },
	{ "addr_unit", "1" },
	{ "quota_ms", "10" },
	{ "quota_reset_interval_ms", "1000" },
	{ "wmarks_interval", "5000000" },
	{ "wmarks_high", "200" },
	{ "wmarks_mid", "150" },
	{ "wmarks_low", "50" },
	{ "active_mem_bp", "0" },
	{ "filter_young_pages", "N" },
	{ "hot_thres_access_freq", "500" },
	{ "cold_min_age", "120000000" },
	{ "kdamond_pid", NULL },
	{ "nr_lru_sort_tried_hot_regions", NULL },
	{ "bytes_lru_sort_tried_hot_regions", NULL },
	{ "nr_lru_sorted_hot_regions", NULL },
	{ "bytes_lru_sorted_hot_regions", NULL },
	{ "nr_hot_quota_exceeds", NULL },
	{ "nr_lru_sort_tried_cold_regions", NULL },
	{ "bytes_lru_sort_tried_cold_regions", NULL },
	{ "nr_lru_sorted_cold_regions", NULL },
	{ "bytes_lru_sorted_cold_regions", NULL },
	{ "nr_cold_quota_exceeds", NULL },
	{ NULL, NULL }
};

const struct param stat_params[] = {
	{ "enabled", "N" },
	{ "aggr_interval_us", NULL },
	{ "estimated_memory_bandwidth", NULL },
	{ "memory_idle_ms_percentiles", NULL },
	{ "kdamond_pid", NULL },
	{ NULL, NULL }
};

static const struct {
	const char *dir;
	const struct param *params;
} modules[] = {
	{ RECLAIM, reclaim_params },
	{ LRU_SORT, lru_sort_params },
	{ STAT, stat_params },
};

/* Off, and every parameter what it is at boot. */
void reset_modules(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		for (const struct param *p = modules[i].params; p->name; p++)
			if (p->value)
				EXPECT_PUT(path_of("%s/%s", modules[i].dir,
						   p->name), p->value, 0);
}

int run_module_cases(const struct test_case *cases, size_t nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		if (!exists(modules[i].dir)) {
			ksft_print_header();
			ksft_exit_skip("no %s\n", modules[i].dir);
		}
		if (!is(path_of("%s/enabled", modules[i].dir), "N")) {
			ksft_print_header();
			ksft_exit_skip("somebody uses %s\n", modules[i].dir);
		}
	}
	return run_cases(cases, nr);
}

/*
 * Quick, without limits, whatever the free memory; for some memory, and what is
 * in between its pages.
 */
void stage_span(const char *dir, const char *memory, size_t size)
{
	static const struct param quick[] = {
		{ "sample_interval", "5000" },
		{ "aggr_interval", "50000" },
		{ "min_nr_regions", "100" },
		{ "quota_ms", "0" },
		{ "quota_reset_interval_ms", "200" },
		{ "wmarks_high", "1000" },
		{ "wmarks_mid", "1000" },
		{ "wmarks_low", "0" },
	};
	unsigned long *pfns = pfns_of(memory, size), first = ~0UL, last = 0;

	for (size_t i = 0; i < size / PAGE; i++) {
		first = pfns[i] < first ? pfns[i] : first;
		last = pfns[i] > last ? pfns[i] : last;
	}
	free(pfns);
	EXPECT(first != NO_PFN);
	EXPECT(!put_ul(path_of("%s/monitor_region_start", dir), first * PAGE));
	EXPECT(!put_ul(path_of("%s/monitor_region_end", dir),
		       (last + 1) * PAGE));
	for (size_t i = 0; i < ARRAY_SIZE(quick); i++)
		EXPECT_PUT(path_of("%s/%s", dir, quick[i].name),
			   quick[i].value, 0);
}

/* Of a module that runs. */
void change(const char *dir, const char *name, const char *value)
{
	EXPECT_PUT(path_of("%s/%s", dir, name), value, 0);
	EXPECT_PUT(path_of("%s/commit_inputs", dir), "Y", 0);
	EXPECT_IS(path_of("%s/enabled", dir), "Y");
}
