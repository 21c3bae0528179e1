// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of the directories of a quota: limits, goals that tune them, and weights
 * of what shall be served first.
 */
#include "sysfs.h"

/* weights */

static const struct damon_sysfs_file weights_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_weights, sz_permil) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_weights, nr_accesses_permil) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_weights, age_permil) },
	{ }
};

static const struct damon_sysfs_type weights_type = {
	.size = sizeof(struct damon_sysfs_weights),
	.files = weights_files,
};

/* goals */

static const char *const metric_words[] = {
	[DAMOS_QUOTA_USER_INPUT] = "user_input",
	[DAMOS_QUOTA_SOME_MEM_PSI_US] = "some_mem_psi_us",
	[DAMOS_QUOTA_NODE_MEM_USED_BP] = "node_mem_used_bp",
	[DAMOS_QUOTA_NODE_MEM_FREE_BP] = "node_mem_free_bp",
	[DAMOS_QUOTA_NODE_MEMCG_USED_BP] = "node_memcg_used_bp",
	[DAMOS_QUOTA_NODE_MEMCG_FREE_BP] = "node_memcg_free_bp",
	[DAMOS_QUOTA_ACTIVE_MEM_BP] = "active_mem_bp",
	[DAMOS_QUOTA_INACTIVE_MEM_BP] = "inactive_mem_bp",
	[DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP] = "node_eligible_mem_bp",
};

static const struct damon_sysfs_keywords metric_keywords = {
	DAMON_SYSFS_KEYWORDS(metric_words),
};

static const struct damon_sysfs_file goal_files[] = {
	{ DAMON_SYSFS_CHOICE(struct damon_sysfs_goal, target_metric,
			     metric_keywords) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_goal, target_value) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_goal, current_value) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_goal, nid) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_goal, path) },
	{ }
};

static const struct damon_sysfs_type goal_type = {
	.size = sizeof(struct damon_sysfs_goal),
	.files = goal_files,
};

static const struct damon_sysfs_file goals_files[] = {
	{ DAMON_SYSFS_COUNT(nr_goals) },
	{ }
};

static const struct damon_sysfs_type goals_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = goals_files,
	.child = &goal_type,
};

/* quotas */

static const char *const tuner_words[] = {
	[DAMOS_QUOTA_GOAL_TUNER_CONSIST] = "consist",
	[DAMOS_QUOTA_GOAL_TUNER_TEMPORAL] = "temporal",
};

static const struct damon_sysfs_keywords tuner_keywords = {
	DAMON_SYSFS_KEYWORDS(tuner_words),
};

static const struct damon_sysfs_file quotas_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_quotas, ms),
	  .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_quotas, bytes),
	  .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_quotas, reset_interval_ms),
	  .no_erange = true },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_quotas, effective_bytes) },
	{ DAMON_SYSFS_CHOICE(struct damon_sysfs_quotas, goal_tuner,
			     tuner_keywords) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_quotas, fail_charge_num),
	  .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_quotas, fail_charge_denom),
	  .no_erange = true },
	{ }
};

static const struct damon_sysfs_dir quotas_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_quotas, weights,
			     weights_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_quotas, goals, goals_type) },
	{ }
};

const struct damon_sysfs_type damon_sysfs_quotas_type = {
	.size = sizeof(struct damon_sysfs_quotas),
	.files = quotas_files,
	.dirs = quotas_dirs,
};
