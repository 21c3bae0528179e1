// SPDX-License-Identifier: GPL-2.0
/*
 * Builds schemes, with all that belongs to them, from what users staged in the
 * directories.
 *
 * Every function is called with &damon_sysfs_locks.data held.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/numa.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"
#include "sysfs.h"

/* The scheme that is built, its number, and filters that can be used for it. */
struct scheme_draft {
	const struct damon_sysfs_draft *all;
	unsigned int index;
	struct damos *scheme;
	struct list_head filters;
};

/* Names a file of the scheme.  The format has to be a literal. */
#define refuse(draft, fmt, ...)						\
	damon_sysfs_refuse((draft)->all, "schemes/%u/" fmt,		\
			   (draft)->index, ##__VA_ARGS__)

/* actions */

#define VADDR_ACTIONS							\
	(BIT(DAMOS_WILLNEED) | BIT(DAMOS_COLD) | BIT(DAMOS_PAGEOUT) |	\
	 BIT(DAMOS_HUGEPAGE) | BIT(DAMOS_NOHUGEPAGE) |			\
	 BIT(DAMOS_COLLAPSE) | BIT(DAMOS_MIGRATE_HOT) |			\
	 BIT(DAMOS_MIGRATE_COLD) | BIT(DAMOS_STAT))

#define PADDR_ACTIONS							\
	(BIT(DAMOS_PAGEOUT) | BIT(DAMOS_LRU_PRIO) |			\
	 BIT(DAMOS_LRU_DEPRIO) | BIT(DAMOS_MIGRATE_HOT) |		\
	 BIT(DAMOS_MIGRATE_COLD) | BIT(DAMOS_STAT))

static const unsigned long actions_of_ops[NR_DAMON_OPS] = {
	[DAMON_OPS_VADDR] = VADDR_ACTIONS,
	[DAMON_OPS_FVADDR] = VADDR_ACTIONS,
	[DAMON_OPS_PADDR] = PADDR_ACTIONS,
};

/* Accepted all the same: clients stage what they do not know to be there. */
static void check_action(const struct scheme_draft *draft,
			 enum damos_action action)
{
	if (actions_of_ops[draft->all->ctx->ops.id] & BIT(action))
		return;
	damon_sysfs_remark(draft->all,
			   "schemes/%u/action: the operations set does not have '%s', regions will count as tried, and nothing be applied",
			   draft->index,
			   damon_sysfs_action_keywords.words[action]);
}

/* goals */

static bool looks_at_node(enum damos_quota_goal_metric metric)
{
	switch (metric) {
	case DAMOS_QUOTA_NODE_MEM_USED_BP:
	case DAMOS_QUOTA_NODE_MEM_FREE_BP:
	case DAMOS_QUOTA_NODE_MEMCG_USED_BP:
	case DAMOS_QUOTA_NODE_MEMCG_FREE_BP:
	case DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP:
		return true;
	default:
		return false;
	}
}

static bool looks_at_memcg(enum damos_quota_goal_metric metric)
{
	return metric == DAMOS_QUOTA_NODE_MEMCG_USED_BP ||
		metric == DAMOS_QUOTA_NODE_MEMCG_FREE_BP;
}

/* Fills in what belongs to the metric, and nothing else. */
static int read_goal(const struct scheme_draft *draft, unsigned int index,
		     const struct damon_sysfs_goal *staged,
		     struct damos_quota_goal *goal)
{
	if (goal->metric == DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP &&
	    draft->all->ctx->ops.id != DAMON_OPS_PADDR)
		return refuse(draft, "quotas/goals/%u/target_metric: for paddr only",
			      index);
	if (goal->metric == DAMOS_QUOTA_USER_INPUT)
		goal->current_value = staged->current_value;
	if (looks_at_node(goal->metric))
		goal->nid = staged->nid;
	if (looks_at_memcg(goal->metric) &&
	    damon_find_memcg(staged->path, &goal->memcg_id))
		return refuse(draft, "quotas/goals/%u/path: no such memory cgroup",
			      index);
	return 0;
}

static int build_goal(const struct scheme_draft *draft, unsigned int index,
		      const struct damon_sysfs_goal *staged)
{
	struct damos_quota_goal *goal;

	/* nothing to reach: clients leave unused ones behind like this */
	if (!staged->target_value)
		return 0;
	goal = damos_new_quota_goal(staged->target_metric,
				    staged->target_value);
	if (!goal)
		return -ENOMEM;
	damos_add_quota_goal(&draft->scheme->quota, goal);
	return read_goal(draft, index, staged, goal);
}

static int build_goals(const struct scheme_draft *draft,
		       const struct damon_sysfs_node *goals)
{
	int ret = 0;

	for (unsigned int i = 0; i < goals->nr_children && !ret; i++) {
		ret = build_goal(draft, i,
				 damon_sysfs_child(goals, i,
						   struct damon_sysfs_goal));
		cond_resched();
	}
	return ret;
}

/* filters */

static int read_filter(const struct scheme_draft *draft, const char *dir,
		       unsigned int index,
		       const struct damon_sysfs_filter *staged,
		       struct damos_filter *filter)
{
	switch (staged->type) {
	case DAMOS_FILTER_TYPE_MEMCG:
		if (damon_find_memcg(staged->memcg_path, &filter->memcg_id))
			return refuse(draft, "%s/%u/memcg_path: no such memory cgroup",
				      dir, index);
		break;
	case DAMOS_FILTER_TYPE_HUGEPAGE_SIZE:
		if (staged->min > staged->max)
			return refuse(draft, "%s/%u: min > max", dir, index);
		filter->sz_range.min = staged->min;
		filter->sz_range.max = staged->max;
		break;
	case DAMOS_FILTER_TYPE_ADDR:
		if (staged->addr_end < staged->addr_start)
			return refuse(draft, "%s/%u: addr_end < addr_start",
				      dir, index);
		filter->addr_range.start = staged->addr_start;
		filter->addr_range.end = staged->addr_end;
		break;
	case DAMOS_FILTER_TYPE_TARGET:
		filter->target_idx = staged->damon_target_idx;
		break;
	default:
		break;
	}
	return 0;
}

static struct damos_filter *get_filter(struct scheme_draft *draft,
				       const struct damon_sysfs_filter *staged)
{
	struct damos_filter *filter;

	filter = list_first_entry_or_null(&draft->filters, struct damos_filter,
					  list);
	if (!filter)
		return damos_new_filter(staged->type, staged->matching,
					staged->allow);
	list_del(&filter->list);
	*filter = (struct damos_filter) {
		.type = staged->type,
		.matching = staged->matching,
		.allow = staged->allow,
	};
	return filter;
}

static int build_filter(struct scheme_draft *draft, const char *dir,
			unsigned int index,
			const struct damon_sysfs_filter *staged)
{
	struct damos_filter *filter = get_filter(draft, staged);

	if (!filter)
		return -ENOMEM;
	damos_add_filter(draft->scheme, filter);
	return read_filter(draft, dir, index, staged, filter);
}

static void drop_filters(struct list_head *filters)
{
	struct damos_filter *filter, *next;

	list_for_each_entry_safe(filter, next, filters, list)
		damos_destroy_filter(filter);
}

static int build_filters(struct scheme_draft *draft, const char *dir,
			 const struct damon_sysfs_node *filters)
{
	int ret = 0;

	for (unsigned int i = 0; i < filters->nr_children && !ret; i++) {
		ret = build_filter(draft, dir, i,
				   damon_sysfs_child(filters, i,
						     struct damon_sysfs_filter));
		cond_resched();
	}
	return ret;
}

/* destinations */

static int build_dests(const struct scheme_draft *draft,
		       const struct damon_sysfs_node *dests)
{
	struct damos_migrate_dests *built = &draft->scheme->migrate_dests;
	unsigned int nr = dests->nr_children;
	const struct damon_sysfs_dest *staged;

	if (!nr)
		return 0;
	built->node_id_arr = kmalloc_array(nr, sizeof(*built->node_id_arr),
					   GFP_KERNEL | __GFP_NOWARN);
	built->weight_arr = kmalloc_array(nr, sizeof(*built->weight_arr),
					  GFP_KERNEL | __GFP_NOWARN);
	if (!built->node_id_arr || !built->weight_arr)
		return -ENOMEM;
	built->nr_dests = nr;
	for (unsigned int i = 0; i < nr; i++) {
		staged = damon_sysfs_child(dests, i, struct damon_sysfs_dest);
		built->node_id_arr[i] = staged->id;
		built->weight_arr[i] = staged->weight;
	}
	return 0;
}

/* schemes */

/* Clients write the greatest unsigned long for "no limit". */
static unsigned int to_uint(unsigned long value)
{
	return min_t(unsigned long, value, UINT_MAX);
}

static void read_pattern(const struct damon_sysfs_access_pattern *staged,
			 struct damos_access_pattern *pattern)
{
	pattern->min_sz_region = staged->sz->min;
	pattern->max_sz_region = staged->sz->max;
	pattern->min_nr_accesses = to_uint(staged->nr_accesses->min);
	pattern->max_nr_accesses = to_uint(staged->nr_accesses->max);
	pattern->min_age_region = to_uint(staged->age->min);
	pattern->max_age_region = to_uint(staged->age->max);
}

static void read_quotas(const struct damon_sysfs_quotas *staged,
			struct damos_quota *quota)
{
	quota->reset_interval = staged->reset_interval_ms;
	quota->ms = staged->ms;
	quota->sz = staged->bytes;
	quota->goal_tuner = staged->goal_tuner;
	quota->fail_charge_num = staged->fail_charge_num;
	quota->fail_charge_denom = staged->fail_charge_denom;
	quota->weight_sz = staged->weights->sz_permil;
	quota->weight_nr_accesses = staged->weights->nr_accesses_permil;
	quota->weight_age = staged->weights->age_permil;
}

static void read_watermarks(const struct damon_sysfs_watermarks *staged,
			    struct damos_watermarks *wmarks)
{
	wmarks->metric = staged->metric;
	wmarks->interval = staged->interval_us;
	wmarks->high = staged->high;
	wmarks->mid = staged->mid;
	wmarks->low = staged->low;
}

/* Everything but lists. */
static void read_scheme(const struct damon_sysfs_scheme *staged,
			struct damos *scheme)
{
	scheme->action = staged->action;
	scheme->apply_interval_us = staged->apply_interval_us;
	scheme->target_nid = staged->target_nid;
	scheme->max_nr_snapshots = staged->stats->max_nr_snapshots;
	read_pattern(staged->access_pattern, &scheme->pattern);
	read_quotas(staged->quotas, &scheme->quota);
	read_watermarks(staged->watermarks, &scheme->wmarks);
}

static struct damos *new_scheme(void)
{
	struct damos_access_pattern pattern = {};
	struct damos_watermarks wmarks = {};
	struct damos_quota quota = {};

	return damon_new_scheme(&pattern, DAMOS_STAT, 0, &quota, &wmarks,
				NUMA_NO_NODE);
}

/* Leaves nothing of what the scheme was; filters go to the draft. */
static void strip_scheme(struct scheme_draft *draft, struct damos *scheme)
{
	struct damos_migrate_dests *dests = &scheme->migrate_dests;
	struct damos_quota_goal *goal, *next;

	damos_for_each_quota_goal_safe(goal, next, &scheme->quota)
		damos_destroy_quota_goal(goal);
	list_splice_init(&scheme->core_filters, &draft->filters);
	list_splice_init(&scheme->ops_filters, &draft->filters);
	if (!dests->nr_dests)
		return;
	kfree(dests->node_id_arr);
	kfree(dests->weight_arr);
	*dests = (struct damos_migrate_dests) {};
}

/* A scheme of the context that is built, with the staged parameters. */
static int add_scheme(struct scheme_draft *draft,
		      const struct damon_sysfs_scheme *staged)
{
	struct damon_ctx *spare = draft->all->spare;
	struct damos *scheme = NULL;

	if (spare)
		scheme = list_first_entry_or_null(&spare->schemes, struct damos,
						  list);
	if (scheme) {
		list_del(&scheme->list);
		strip_scheme(draft, scheme);
	} else {
		scheme = new_scheme();
	}
	if (!scheme)
		return -ENOMEM;
	read_scheme(staged, scheme);
	damon_add_scheme(draft->all->ctx, scheme);
	draft->scheme = scheme;
	return 0;
}

static int build_lists(struct scheme_draft *draft,
		       const struct damon_sysfs_scheme *staged)
{
	return build_goals(draft, staged->quotas->goals) ?:
		build_filters(draft, "core_filters", staged->core_filters) ?:
		build_filters(draft, "ops_filters", staged->ops_filters) ?:
		build_filters(draft, "filters", staged->filters) ?:
		build_dests(draft, staged->dests);
}

static int build_scheme(struct scheme_draft *draft,
			const struct damon_sysfs_scheme *staged)
{
	int ret;

	INIT_LIST_HEAD(&draft->filters);
	ret = add_scheme(draft, staged) ?: build_lists(draft, staged);
	drop_filters(&draft->filters);
	if (!ret)
		check_action(draft, staged->action);
	return ret;
}

static int build_only_goals(struct scheme_draft *draft,
			    const struct damon_sysfs_scheme *staged)
{
	int ret = add_scheme(draft, staged);

	if (!ret && staged->installed)
		ret = build_goals(draft, staged->quotas->goals);
	return ret;
}

static int build_each(const struct damon_sysfs_draft *all,
		      const struct damon_sysfs_node *schemes,
		      int (*build)(struct scheme_draft *draft,
				   const struct damon_sysfs_scheme *staged))
{
	struct scheme_draft draft = { .all = all };
	int ret = 0;

	for (unsigned int i = 0; i < schemes->nr_children && !ret; i++) {
		draft.index = i;
		ret = build(&draft, damon_sysfs_child(schemes, i,
						      struct damon_sysfs_scheme));
		cond_resched();
	}
	return ret;
}

/**
 * damon_sysfs_build_schemes() - Make all schemes of a context.
 * @draft:	The context.
 * @schemes:	Directory of the schemes.
 *
 * Filters come in the order of their directories: core_filters, ops_filters,
 * filters.  Paths of cgroups become ids.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int damon_sysfs_build_schemes(const struct damon_sysfs_draft *draft,
			      const struct damon_sysfs_node *schemes)
{
	return build_each(draft, schemes, build_scheme);
}

/**
 * damon_sysfs_build_only_goals() - Make schemes that are there for their goals.
 * @draft:	The context.
 * @schemes:	Directory of the schemes.
 *
 * Only those that running schemes were set up from have goals.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int damon_sysfs_build_only_goals(const struct damon_sysfs_draft *draft,
				 const struct damon_sysfs_node *schemes)
{
	return build_each(draft, schemes, build_only_goals);
}
