// SPDX-License-Identifier: GPL-2.0
/*
 * Builds a context from what users staged in the directories.
 *
 * Everything is read once, under the lock that stores take, and checked here or
 * by the core.  Error numbers say little, so what is wrong goes to the kernel log,
 * by the name of the file.  This room changes neither directories nor running
 * contexts.
 */
#define pr_fmt(fmt) "damon-sysfs: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "sysfs.h"

/* Not all day, and not how much was left out. */
static void say(const struct damon_sysfs_draft *draft, const char *fmt,
		va_list *args)
{
	static struct ratelimit_state limit =
		RATELIMIT_STATE_INIT_FLAGS(limit, DEFAULT_RATELIMIT_INTERVAL,
					   DEFAULT_RATELIMIT_BURST,
					   RATELIMIT_MSG_ON_RELEASE);
	struct va_format vaf = { .fmt = fmt, .va = args };

	if (__ratelimit(&limit))
		pr_notice("kdamonds/%s/contexts/0/%pV\n", draft->kdamond, &vaf);
}

/**
 * damon_sysfs_refuse() - Say which file is wrong.
 * @draft:	What is built.
 * @fmt:	Name of the file below the context's directory, and what is wrong.
 *
 * Return: -EINVAL.
 */
int damon_sysfs_refuse(const struct damon_sysfs_draft *draft,
		       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(draft, fmt, &args);
	va_end(args);
	return -EINVAL;
}

/**
 * damon_sysfs_remark() - Say that a file may not have the effect that it seems to.
 * @draft:	What is built.
 * @fmt:	Name of the file below the context's directory, and what is odd.
 */
void damon_sysfs_remark(const struct damon_sysfs_draft *draft,
			const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(draft, fmt, &args);
	va_end(args);
}

static int build_ops(const struct damon_sysfs_draft *draft,
		     const struct damon_sysfs_context *context)
{
	struct damon_ctx *ctx = draft->ctx;
	unsigned long unit = context->addr_unit;

	if (damon_select_ops(ctx, context->operations))
		return damon_sysfs_refuse(draft, "operations: not available");
	ctx->pause = context->pause;
	if (damon_target_has_pid(ctx))
		return 0;

	ctx->addr_unit = unit;
	ctx->min_region_sz = damon_min_region_sz(unit);
	if (!ctx->min_region_sz)
		return damon_sysfs_refuse(draft, "addr_unit: no power of two");
	return 0;
}

/* Which rule of damon_set_attrs() the attributes break. */
static const char *attrs_fault(const struct damon_attrs *attrs)
{
	const struct damon_intervals_goal *goal = &attrs->intervals_goal;

	if (goal->aggrs && goal->min_sample_us > goal->max_sample_us)
		return "intervals/intervals_goal: min_sample_us > max_sample_us";
	if (goal->aggrs && (attrs->sample_interval < goal->min_sample_us ||
			    attrs->sample_interval > goal->max_sample_us))
		return "intervals/sample_us: not within intervals_goal";
	if (attrs->min_nr_regions < 3)
		return "nr_regions/min: less than 3";
	if (attrs->min_nr_regions > attrs->max_nr_regions)
		return "nr_regions: min > max";
	if (attrs->sample_interval > attrs->aggr_interval)
		return "intervals: sample_us > aggr_us";
	return "not accepted";
}

static int build_attrs(const struct damon_sysfs_draft *draft,
		       const struct damon_sysfs_attrs *staged)
{
	const struct damon_sysfs_intervals *intervals = staged->intervals;
	const struct damon_sysfs_intervals_goal *goal =
		intervals->intervals_goal;
	struct damon_attrs attrs = {
		.sample_interval = intervals->sample_us,
		.aggr_interval = intervals->aggr_us,
		.ops_update_interval = intervals->update_us,
		.intervals_goal = {
			.access_bp = goal->access_bp,
			.aggrs = goal->aggrs,
			.min_sample_us = goal->min_sample_us,
			.max_sample_us = goal->max_sample_us,
		},
		.min_nr_regions = staged->nr_regions->min,
		.max_nr_regions = staged->nr_regions->max,
	};
	int ret;

	ret = damon_set_attrs(draft->ctx, &attrs);
	if (ret == -EINVAL)
		damon_sysfs_refuse(draft, "monitoring_attrs/%s",
				   attrs_fault(&attrs));
	return ret;
}

/* Copies the staged ranges.  They must be in order, and none may be empty. */
static int read_ranges(const struct damon_sysfs_draft *draft,
		       unsigned int target,
		       const struct damon_sysfs_node *regions,
		       struct damon_addr_range *ranges)
{
	const struct damon_sysfs_region *region;

	for (unsigned int i = 0; i < regions->nr_children; i++) {
		region = damon_sysfs_child(regions, i,
					   struct damon_sysfs_region);
		if (region->start >= region->end)
			return damon_sysfs_refuse(draft,
						  "targets/%u/regions/%u: start >= end",
						  target, i);
		if (i && ranges[i - 1].end > region->start)
			return damon_sysfs_refuse(draft,
						  "targets/%u/regions/%u: begins in the previous one",
						  target, i);
		ranges[i].start = region->start;
		ranges[i].end = region->end;
	}
	return 0;
}

static int build_regions(const struct damon_sysfs_draft *draft,
			 unsigned int index,
			 const struct damon_sysfs_node *regions,
			 struct damon_target *target)
{
	struct damon_addr_range *ranges __free(kvfree) = NULL;
	unsigned int nr = regions->nr_children;
	int ret;

	if (!nr)
		return 0;
	ranges = kvmalloc_array(nr, sizeof(*ranges), GFP_KERNEL | __GFP_NOWARN);
	if (!ranges)
		return -ENOMEM;
	ret = read_ranges(draft, index, regions, ranges);
	if (ret)
		return ret;
	ret = damon_set_regions(target, ranges, nr, draft->ctx->min_region_sz);
	if (ret == -EINVAL)
		damon_sysfs_refuse(draft,
				   "targets/%u/regions: empty or overlapping when aligned to %lu",
				   index, draft->ctx->min_region_sz);
	return ret;
}

/* A target of the draft, without regions and process. */
static struct damon_target *add_target(const struct damon_sysfs_draft *draft)
{
	struct damon_target *target = NULL;

	if (draft->spare)
		target = list_first_entry_or_null(&draft->spare->adaptive_targets,
						  struct damon_target, list);
	if (target) {
		list_del(&target->list);
		if (damon_nr_regions(target))
			damon_set_regions(target, NULL, 0, 1);
	} else {
		target = damon_new_target();
	}
	if (target)
		damon_add_target(draft->ctx, target);
	return target;
}

/*
 * An obsolete target only says which running one is to go.  Nothing else of it is
 * looked at: its process may be gone for long.
 */
static int build_target(const struct damon_sysfs_draft *draft,
			unsigned int index,
			const struct damon_sysfs_target *staged)
{
	struct damon_target *target;

	if (staged->obsolete_target && !draft->online)
		return damon_sysfs_refuse(draft,
					  "targets/%u/obsolete_target: nothing runs yet",
					  index);
	target = add_target(draft);
	if (!target)
		return -ENOMEM;
	target->obsolete = staged->obsolete_target;
	if (target->obsolete)
		return 0;

	if (damon_target_has_pid(draft->ctx)) {
		if (staged->pid_target > 0)
			target->pid = find_get_pid(staged->pid_target);
		if (!target->pid)
			return damon_sysfs_refuse(draft,
						  "targets/%u/pid_target: no process %d",
						  index, staged->pid_target);
	}
	return build_regions(draft, index, staged->regions, target);
}

static int build_targets(const struct damon_sysfs_draft *draft,
			 const struct damon_sysfs_node *targets)
{
	const struct damon_sysfs_target *staged;
	unsigned int nr_alive = 0;
	int ret;

	for (unsigned int i = 0; i < targets->nr_children; i++) {
		staged = damon_sysfs_child(targets, i,
					   struct damon_sysfs_target);
		nr_alive += !staged->obsolete_target;
		if (nr_alive > 1 && !damon_target_has_pid(draft->ctx))
			return damon_sysfs_refuse(draft,
					  "targets: more than one without processes");
	}
	for (unsigned int i = 0; i < targets->nr_children; i++) {
		staged = damon_sysfs_child(targets, i,
					   struct damon_sysfs_target);
		ret = build_target(draft, i, staged);
		if (ret)
			return ret;
	}
	return 0;
}

static int build_all(const struct damon_sysfs_draft *draft,
		     const struct damon_sysfs_context *context)
{
	int ret;

	ret = build_ops(draft, context);
	if (!ret)
		ret = build_attrs(draft, context->monitoring_attrs);
	if (!ret)
		ret = damon_sysfs_build_probes(draft,
					       context->monitoring_attrs->probes);
	if (!ret)
		ret = build_targets(draft, context->targets);
	if (!ret)
		ret = damon_sysfs_build_schemes(draft, context->schemes);
	return ret;
}

/* Ends what building came to: the context, or an error and no context. */
static struct damon_ctx *finish(struct damon_sysfs_draft *draft, int ret)
{
	if (!ret)
		return draft->ctx;
	damon_destroy_ctx(draft->ctx);
	return ERR_PTR(ret);
}

/**
 * damon_sysfs_build_ctx() - Make a context from staged values.
 * @context:	Where they are.  The caller holds &damon_sysfs_locks.tree.
 * @kdamond:	Name of the kdamond, for messages.
 * @online:	It will be committed to a running context.
 * @spare:	Context that never ran and whose targets have no processes, for what
 *		can be used again of it; or %NULL.  What is left of it stays the
 *		caller's.
 *
 * Process ids are looked up in the caller's namespace.
 *
 * Return: The context, or -EINVAL or -ENOMEM as an error pointer.
 */
struct damon_ctx *damon_sysfs_build_ctx(struct damon_sysfs_context *context,
					const char *kdamond, bool online,
					struct damon_ctx *spare)
{
	struct damon_sysfs_draft draft = {
		.ctx = damon_new_ctx(),
		.kdamond = kdamond,
		.online = online,
		.spare = spare,
	};
	int ret;

	if (!draft.ctx)
		return ERR_PTR(-ENOMEM);
	scoped_guard(mutex, &context->node.locks->data)
		ret = build_all(&draft, context);
	return finish(&draft, ret);
}

/**
 * damon_sysfs_build_goals() - Make the goals of schemes from staged values.
 * @context:	Where they are.  The caller holds &damon_sysfs_locks.tree.
 * @kdamond:	Name of the kdamond, for messages.
 * @operations:	Operations set of the context that they are for.
 *
 * Return: A context with all schemes, of which the goals alone are of use, or
 * -EINVAL or -ENOMEM as an error pointer.  Schemes whose directories the running
 * ones were not set up from have no goals.
 */
struct damon_ctx *damon_sysfs_build_goals(struct damon_sysfs_context *context,
					  const char *kdamond,
					  enum damon_ops_id operations)
{
	struct damon_sysfs_draft draft = {
		.ctx = damon_new_ctx(),
		.kdamond = kdamond,
		.online = true,
	};
	int ret;

	if (!draft.ctx)
		return ERR_PTR(-ENOMEM);
	ret = damon_select_ops(draft.ctx, operations);
	if (ret)
		return finish(&draft, ret);
	scoped_guard(mutex, &context->node.locks->data)
		ret = damon_sysfs_build_only_goals(&draft, context->schemes);
	return finish(&draft, ret);
}
