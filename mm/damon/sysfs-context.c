// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of the directories of a context: what it monitors, and how.
 *
 * Values and their defaults only.  What they mean together is the business of
 * sysfs-build.c.
 */
#include "sysfs.h"

/* Lower and upper bound of something, without a default. */
const struct damon_sysfs_file damon_sysfs_range_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_range, min) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_range, max) },
	{ }
};

/* monitoring_attrs */

static const struct damon_sysfs_file goal_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_intervals_goal, access_bp) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_intervals_goal, aggrs) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_intervals_goal, min_sample_us) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_intervals_goal, max_sample_us) },
	{ }
};

static const struct damon_sysfs_type goal_type = {
	.size = sizeof(struct damon_sysfs_intervals_goal),
	.files = goal_files,
};

static const struct damon_sysfs_file intervals_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_intervals, sample_us),
	  .initial = 5000,
	  .written = offsetof(struct damon_sysfs_intervals, sample_us_staged) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_intervals, aggr_us),
	  .initial = 100000,
	  .written = offsetof(struct damon_sysfs_intervals, aggr_us_staged) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_intervals, update_us),
	  .initial = 60000000 },
	{ }
};

static const struct damon_sysfs_dir intervals_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_intervals, intervals_goal,
			     goal_type) },
	{ }
};

static const struct damon_sysfs_type intervals_type = {
	.size = sizeof(struct damon_sysfs_intervals),
	.files = intervals_files,
	.dirs = intervals_dirs,
};

static const struct damon_sysfs_file nr_regions_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_range, min), .initial = 10 },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_range, max), .initial = 1000 },
	{ }
};

static const struct damon_sysfs_type nr_regions_type = {
	.size = sizeof(struct damon_sysfs_range),
	.files = nr_regions_files,
};

static const struct damon_sysfs_dir attrs_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_attrs, intervals,
			     intervals_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_attrs, nr_regions,
			     nr_regions_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_attrs, probes,
			     damon_sysfs_probes_type) },
	{ }
};

static const struct damon_sysfs_type attrs_type = {
	.size = sizeof(struct damon_sysfs_attrs),
	.dirs = attrs_dirs,
};

/* targets */

static const struct damon_sysfs_file region_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_region, start) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_region, end) },
	{ }
};

static const struct damon_sysfs_type region_type = {
	.size = sizeof(struct damon_sysfs_region),
	.files = region_files,
};

static const struct damon_sysfs_file regions_files[] = {
	{ DAMON_SYSFS_COUNT(nr_regions) },
	{ }
};

static const struct damon_sysfs_type regions_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = regions_files,
	.child = &region_type,
};

static const struct damon_sysfs_file target_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_target, pid_target),
	  .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_target, obsolete_target) },
	{ }
};

static const struct damon_sysfs_dir target_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_target, regions,
			     regions_type) },
	{ }
};

static const struct damon_sysfs_type target_type = {
	.size = sizeof(struct damon_sysfs_target),
	.files = target_files,
	.dirs = target_dirs,
};

static const struct damon_sysfs_file targets_files[] = {
	{ DAMON_SYSFS_COUNT(nr_targets) },
	{ }
};

static const struct damon_sysfs_type targets_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = targets_files,
	.child = &target_type,
};

/* contexts */

static const char *const ops_words[] = {
	[DAMON_OPS_VADDR] = "vaddr",
	[DAMON_OPS_FVADDR] = "fvaddr",
	[DAMON_OPS_PADDR] = "paddr",
};

static const struct damon_sysfs_keywords ops_keywords = {
	DAMON_SYSFS_KEYWORDS(ops_words),
};

static ssize_t avail_operations_show(struct damon_sysfs_node *node, char *buf)
{
	ssize_t len = 0;

	for (unsigned int id = 0; id < ARRAY_SIZE(ops_words); id++)
		if (damon_is_registered_ops(id))
			len += sysfs_emit_at(buf, len, "%s\n", ops_words[id]);
	return len;
}

static const struct damon_sysfs_file context_files[] = {
	{ .attr = { .name = "avail_operations", .mode = 0400 },
	  .show = avail_operations_show },
	{ DAMON_SYSFS_CHOICE(struct damon_sysfs_context, operations,
			     ops_keywords) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_context, addr_unit),
	  .initial = 1, .nonzero = true },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_context, pause) },
	{ }
};

static const struct damon_sysfs_dir context_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_context, monitoring_attrs,
			     attrs_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_context, targets,
			     targets_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_context, schemes,
			     damon_sysfs_schemes_type) },
	{ }
};

static const struct damon_sysfs_type context_type = {
	.size = sizeof(struct damon_sysfs_context),
	.files = context_files,
	.dirs = context_dirs,
};

static const struct damon_sysfs_file contexts_files[] = {
	{ DAMON_SYSFS_COUNT(nr_contexts) },
	{ }
};

const struct damon_sysfs_type damon_sysfs_contexts_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = contexts_files,
	.child = &context_type,
	.max_children = 1,
};
