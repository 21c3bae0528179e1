// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of the directories of data attribute probes, and of what they have hit.
 */
#include "sysfs.h"

/* monitoring_attrs/probes */

static const char *const filter_words[] = {
	[DAMON_FILTER_TYPE_ANON] = "anon",
	[DAMON_FILTER_TYPE_MEMCG] = "memcg",
};

static const struct damon_sysfs_keywords filter_keywords = {
	DAMON_SYSFS_KEYWORDS(filter_words),
};

static const struct damon_sysfs_file filter_files[] = {
	{ DAMON_SYSFS_CHOICE(struct damon_sysfs_probe_filter, type,
			     filter_keywords) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_probe_filter, matching) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_probe_filter, allow) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_probe_filter, path) },
	{ }
};

static const struct damon_sysfs_type filter_type = {
	.size = sizeof(struct damon_sysfs_probe_filter),
	.files = filter_files,
};

static const struct damon_sysfs_file filters_files[] = {
	{ DAMON_SYSFS_COUNT(nr_filters) },
	{ }
};

static const struct damon_sysfs_type filters_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = filters_files,
	.child = &filter_type,
};

static const struct damon_sysfs_dir probe_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_probe, filters, filters_type) },
	{ }
};

static const struct damon_sysfs_file probe_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_probe, weight) },
	{ }
};

static const struct damon_sysfs_type probe_type = {
	.size = sizeof(struct damon_sysfs_probe),
	.files = probe_files,
	.dirs = probe_dirs,
};

static const struct damon_sysfs_file probes_files[] = {
	{ DAMON_SYSFS_COUNT(nr_probes) },
	{ }
};

const struct damon_sysfs_type damon_sysfs_probes_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = probes_files,
	.child = &probe_type,
	.max_children = DAMON_MAX_PROBES,
};

/* tried_regions/<R>/probes */

static const struct damon_sysfs_file hits_files[] = {
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_probe_hits, hits) },
	{ }
};

const struct damon_sysfs_type damon_sysfs_hits_type = {
	.size = sizeof(struct damon_sysfs_probe_hits),
	.files = hits_files,
	.on_read = damon_sysfs_note_reader,
};

const struct damon_sysfs_type damon_sysfs_probes_hits_type = {
	.size = sizeof(struct damon_sysfs_node),
	.child = &damon_sysfs_hits_type,
	.max_children = DAMON_MAX_PROBES,
};
