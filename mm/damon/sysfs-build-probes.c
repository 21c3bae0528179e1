// SPDX-License-Identifier: GPL-2.0
/*
 * Builds data attribute probes from what users staged in the directories.
 *
 * Every function is called with &damon_sysfs_locks.data held.
 */
#include <linux/sched.h>

#include "internal.h"
#include "sysfs.h"

static int build_filter(const struct damon_sysfs_draft *draft,
			unsigned int index, unsigned int filter_index,
			const struct damon_sysfs_probe_filter *staged,
			struct damon_probe *probe)
{
	struct damon_filter *filter;

	filter = damon_new_filter(staged->type, staged->matching,
				  staged->allow);
	if (!filter)
		return -ENOMEM;
	damon_add_filter(probe, filter);
	if (staged->type == DAMON_FILTER_TYPE_MEMCG &&
	    damon_find_memcg(staged->path, &filter->memcg_id))
		return damon_sysfs_refuse(draft,
					  "monitoring_attrs/probes/%u/filters/%u/path: no such memory cgroup",
					  index, filter_index);
	return 0;
}

static int build_probe(const struct damon_sysfs_draft *draft,
		       unsigned int index, const struct damon_sysfs_probe *staged)
{
	const struct damon_sysfs_node *filters = staged->filters;
	struct damon_probe *probe = damon_new_probe();
	int ret = 0;

	if (!probe)
		return -ENOMEM;
	probe->weight = staged->weight;
	damon_add_probe(draft->ctx, probe);
	for (unsigned int i = 0; i < filters->nr_children && !ret; i++) {
		ret = build_filter(draft, index, i,
				   damon_sysfs_child(filters, i,
						     struct damon_sysfs_probe_filter),
				   probe);
		cond_resched();
	}
	return ret;
}

/**
 * damon_sysfs_build_probes() - Make the probes of a context.
 * @draft:	The context.
 * @probes:	Directory of the probes.
 *
 * Paths of cgroups become ids.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int damon_sysfs_build_probes(const struct damon_sysfs_draft *draft,
			     const struct damon_sysfs_node *probes)
{
	const struct damon_sysfs_probe *staged;
	int ret = 0;

	for (unsigned int i = 0; i < probes->nr_children && !ret; i++) {
		staged = damon_sysfs_child(probes, i, struct damon_sysfs_probe);
		ret = build_probe(draft, i, staged);
	}
	return ret;
}
