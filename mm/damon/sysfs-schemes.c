// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of the directories of a scheme.
 *
 * A file that does nothing yet is not here: clients take a name for a promise.
 */
#include <linux/numa.h>

#include "sysfs.h"

/* access_pattern */

static const struct damon_sysfs_type range_type = {
	.size = sizeof(struct damon_sysfs_range),
	.files = damon_sysfs_range_files,
};

static const struct damon_sysfs_dir access_pattern_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_access_pattern, sz,
			     range_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_access_pattern, nr_accesses,
			     range_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_access_pattern, age,
			     range_type) },
	{ }
};

static const struct damon_sysfs_type access_pattern_type = {
	.size = sizeof(struct damon_sysfs_access_pattern),
	.dirs = access_pattern_dirs,
};

/* watermarks */

static const char *const wmark_words[] = {
	[DAMOS_WMARK_NONE] = "none",
	[DAMOS_WMARK_FREE_MEM_RATE] = "free_mem_rate",
};

static const struct damon_sysfs_keywords wmark_keywords = {
	DAMON_SYSFS_KEYWORDS(wmark_words),
};

static const struct damon_sysfs_file watermarks_files[] = {
	{ DAMON_SYSFS_CHOICE(struct damon_sysfs_watermarks, metric,
			     wmark_keywords) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_watermarks, interval_us) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_watermarks, high) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_watermarks, mid) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_watermarks, low) },
	{ }
};

static const struct damon_sysfs_type watermarks_type = {
	.size = sizeof(struct damon_sysfs_watermarks),
	.files = watermarks_files,
};

/* dests */

static const struct damon_sysfs_file dest_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_dest, id) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_dest, weight) },
	{ }
};

static const struct damon_sysfs_type dest_type = {
	.size = sizeof(struct damon_sysfs_dest),
	.files = dest_files,
};

static const struct damon_sysfs_file dests_files[] = {
	{ DAMON_SYSFS_COUNT(nr_dests) },
	{ }
};

static const struct damon_sysfs_type dests_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = dests_files,
	.child = &dest_type,
};

/* stats */

#define STAT_FILE(counter)						\
	.attr = { .name = #counter, .mode = 0400 },			\
	.class = DAMON_SYSFS_CLASS(struct damon_sysfs_stats, stat.counter), \
	.offset = offsetof(struct damon_sysfs_stats, stat.counter)

static const struct damon_sysfs_file stats_files[] = {
	{ STAT_FILE(nr_tried) },
	{ STAT_FILE(sz_tried) },
	{ STAT_FILE(nr_applied) },
	{ STAT_FILE(sz_applied) },
	{ STAT_FILE(sz_ops_filter_passed) },
	{ STAT_FILE(qt_exceeds) },
	{ STAT_FILE(nr_snapshots) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_stats, max_nr_snapshots) },
	{ }
};

static const struct damon_sysfs_type stats_type = {
	.size = sizeof(struct damon_sysfs_stats),
	.files = stats_files,
};

/* tried_regions */

static const struct damon_sysfs_file tried_region_files[] = {
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region, start) },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region, end) },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region, nr_accesses) },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region, age) },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region,
			     sz_filter_passed) },
	{ }
};

static const struct damon_sysfs_dir tried_region_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_tried_region, probes,
			     damon_sysfs_probes_hits_type) },
	{ }
};

static const struct damon_sysfs_type tried_region_type = {
	.size = sizeof(struct damon_sysfs_tried_region),
	.files = tried_region_files,
	.dirs = tried_region_dirs,
	.on_read = damon_sysfs_note_reader,
};

static const struct damon_sysfs_file tried_regions_files[] = {
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_regions, total_bytes) },
	{ }
};

const struct damon_sysfs_type damon_sysfs_tried_regions_type = {
	.size = sizeof(struct damon_sysfs_tried_regions),
	.files = tried_regions_files,
	.child = &tried_region_type,
	.on_read = damon_sysfs_note_reader,
};

/* schemes */

static const char *const action_words[] = {
	[DAMOS_WILLNEED] = "willneed",
	[DAMOS_COLD] = "cold",
	[DAMOS_PAGEOUT] = "pageout",
	[DAMOS_HUGEPAGE] = "hugepage",
	[DAMOS_NOHUGEPAGE] = "nohugepage",
	[DAMOS_COLLAPSE] = "collapse",
	[DAMOS_LRU_PRIO] = "lru_prio",
	[DAMOS_LRU_DEPRIO] = "lru_deprio",
	[DAMOS_MIGRATE_HOT] = "migrate_hot",
	[DAMOS_MIGRATE_COLD] = "migrate_cold",
	[DAMOS_STAT] = "stat",
};

const struct damon_sysfs_keywords damon_sysfs_action_keywords = {
	DAMON_SYSFS_KEYWORDS(action_words),
};

static const struct damon_sysfs_file scheme_files[] = {
	{ DAMON_SYSFS_CHOICE(struct damon_sysfs_scheme, action,
			     damon_sysfs_action_keywords),
	  .initial = DAMOS_STAT },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_scheme, apply_interval_us) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_scheme, target_nid),
	  .initial = NUMA_NO_NODE },
	{ }
};

static const struct damon_sysfs_dir scheme_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, access_pattern,
			     access_pattern_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, quotas,
			     damon_sysfs_quotas_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, watermarks,
			     watermarks_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, filters,
			     damon_sysfs_filters_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, core_filters,
			     damon_sysfs_core_filters_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, ops_filters,
			     damon_sysfs_ops_filters_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, dests, dests_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, stats, stats_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, tried_regions,
			     damon_sysfs_tried_regions_type) },
	{ }
};

static const struct damon_sysfs_type scheme_type = {
	.size = sizeof(struct damon_sysfs_scheme),
	.files = scheme_files,
	.dirs = scheme_dirs,
};

static const struct damon_sysfs_file schemes_files[] = {
	{ DAMON_SYSFS_COUNT(nr_schemes) },
	{ }
};

const struct damon_sysfs_type damon_sysfs_schemes_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = schemes_files,
	.child = &scheme_type,
};
