// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of the directories of filters.
 *
 * There are three, and they differ in the types that they take: those that the
 * core evaluates, those that the operations set evaluates, and all.  An entry
 * starts with a type that its directory takes.
 */
#include "sysfs.h"

#define CORE_WORDS				\
	[DAMOS_FILTER_TYPE_ADDR] = "addr",	\
	[DAMOS_FILTER_TYPE_TARGET] = "target"

#define OPS_WORDS						\
	[DAMOS_FILTER_TYPE_ANON] = "anon",			\
	[DAMOS_FILTER_TYPE_ACTIVE] = "active",			\
	[DAMOS_FILTER_TYPE_MEMCG] = "memcg",			\
	[DAMOS_FILTER_TYPE_YOUNG] = "young",			\
	[DAMOS_FILTER_TYPE_HUGEPAGE_SIZE] = "hugepage_size",	\
	[DAMOS_FILTER_TYPE_UNMAPPED] = "unmapped"

static const char *const all_words[] = { OPS_WORDS, CORE_WORDS };
static const char *const core_words[] = { CORE_WORDS };
static const char *const ops_words[] = { OPS_WORDS };

static const struct damon_sysfs_keywords all_keywords = {
	DAMON_SYSFS_KEYWORDS(all_words),
};

static const struct damon_sysfs_keywords core_keywords = {
	DAMON_SYSFS_KEYWORDS(core_words),
};

static const struct damon_sysfs_keywords ops_keywords = {
	DAMON_SYSFS_KEYWORDS(ops_words),
};

#define FILTER_FILES(table, first)					\
	{								\
		{ DAMON_SYSFS_CHOICE(struct damon_sysfs_filter, type, table), \
		  .initial = (first) },					\
		{ DAMON_SYSFS_INPUT(struct damon_sysfs_filter, matching) }, \
		{ DAMON_SYSFS_INPUT(struct damon_sysfs_filter, allow) }, \
		{ DAMON_SYSFS_INPUT(struct damon_sysfs_filter, memcg_path) }, \
		{ DAMON_SYSFS_INPUT(struct damon_sysfs_filter, addr_start) }, \
		{ DAMON_SYSFS_INPUT(struct damon_sysfs_filter, addr_end) }, \
		{ DAMON_SYSFS_INPUT(struct damon_sysfs_filter, min) },	\
		{ DAMON_SYSFS_INPUT(struct damon_sysfs_filter, max) },	\
		{ DAMON_SYSFS_INPUT(struct damon_sysfs_filter,		\
				    damon_target_idx) },		\
		{ }							\
	}

static const struct damon_sysfs_file filter_files[] =
	FILTER_FILES(all_keywords, DAMOS_FILTER_TYPE_ANON);
static const struct damon_sysfs_file core_filter_files[] =
	FILTER_FILES(core_keywords, DAMOS_FILTER_TYPE_ADDR);
static const struct damon_sysfs_file ops_filter_files[] =
	FILTER_FILES(ops_keywords, DAMOS_FILTER_TYPE_ANON);

static const struct damon_sysfs_type filter_type = {
	.size = sizeof(struct damon_sysfs_filter),
	.files = filter_files,
};

static const struct damon_sysfs_type core_filter_type = {
	.size = sizeof(struct damon_sysfs_filter),
	.files = core_filter_files,
};

static const struct damon_sysfs_type ops_filter_type = {
	.size = sizeof(struct damon_sysfs_filter),
	.files = ops_filter_files,
};

static const struct damon_sysfs_file filters_files[] = {
	{ DAMON_SYSFS_COUNT(nr_filters) },
	{ }
};

const struct damon_sysfs_type damon_sysfs_filters_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = filters_files,
	.child = &filter_type,
};

const struct damon_sysfs_type damon_sysfs_core_filters_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = filters_files,
	.child = &core_filter_type,
};

const struct damon_sysfs_type damon_sysfs_ops_filters_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = filters_files,
	.child = &ops_filter_type,
};
