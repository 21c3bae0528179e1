// SPDX-License-Identifier: GPL-2.0
/*
 * Commit: change all parameters of a context at once, also while it runs.
 *
 * A transaction.  Everything that can fail is validated or allocated first, on
 * the side; the swap behind it cannot fail.  So a commit either takes effect as a
 * whole, or leaves the context as it was.
 */
#define pr_fmt(fmt) "damon: " fmt

#include <linux/cleanup.h>
#include <linux/log2.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"

/* A target of the source, and what is ready for its counterpart. */
struct staged_target {
	struct damon_target *dst;	/* existing or new, NULL: to be removed */
	struct damon_target *src;
	bool is_new;
	bool set_regions;
	struct damon_addr_range *ranges;
	struct damon_regions_plan plan;
};

/* Everything that a commit has prepared. */
struct stage {
	struct damon_ctx *dst;
	struct damon_ctx *src;
	struct staged_target *targets;
	unsigned int nr_targets;
	struct list_head new_schemes;
};

/* staging */

static unsigned int count_entries(const struct list_head *head)
{
	return list_count_nodes((struct list_head *)head);
}

static int validate(struct damon_ctx *src)
{
	if (!is_power_of_2(src->min_region_sz)) {
		pr_info_ratelimited("commit: smallest region size %lu is no power of two\n",
				    src->min_region_sz);
		return -EINVAL;
	}
	if (!src->addr_unit) {
		pr_info_ratelimited("commit: address unit is zero\n");
		return -EINVAL;
	}
	if (damon_check_attrs(&src->attrs)) {
		pr_info_ratelimited("commit: invalid intervals or numbers of regions\n");
		return -EINVAL;
	}
	return 0;
}

/* The ranges that the regions of a target cover, touching ones in one. */
static unsigned int collect_ranges(struct damon_target *t,
				   struct damon_addr_range *ranges)
{
	struct damon_region *r;
	unsigned int nr = 0;

	damon_for_each_region(r, t) {
		if (nr && ranges[nr - 1].end == r->ar.start)
			ranges[nr - 1].end = r->ar.end;
		else
			ranges[nr++] = r->ar;
	}
	return nr;
}

static int stage_regions(struct stage *stage, struct staged_target *st)
{
	unsigned int nr = damon_nr_regions(st->src);
	int err;

	if (!nr)
		return 0;
	st->ranges = kvmalloc_array(nr, sizeof(*st->ranges), GFP_KERNEL);
	if (!st->ranges)
		return -ENOMEM;
	nr = collect_ranges(st->src, st->ranges);
	err = damon_plan_regions(&st->plan, st->dst, st->ranges, nr,
				 stage->src->min_region_sz);
	st->set_regions = !err;
	return err;
}

static int stage_target(struct stage *stage, struct staged_target *st,
			struct damon_target *dst, struct damon_target *src)
{
	st->src = src;
	st->dst = dst;
	if (src->obsolete) {
		st->dst = NULL;
		if (dst)
			return 0;
		pr_info_ratelimited("commit: there is no target to remove\n");
		return -EINVAL;
	}
	if (!dst) {
		st->dst = damon_new_target();
		if (!st->dst)
			return -ENOMEM;
		st->is_new = true;
	}
	return stage_regions(stage, st);
}

/* The entry behind @t in a context's targets, NULL at the end. */
static struct damon_target *next_target(struct damon_ctx *ctx,
					struct damon_target *t)
{
	if (!t || list_is_last(&t->list, &ctx->adaptive_targets))
		return NULL;
	return list_next_entry(t, list);
}

static int stage_targets(struct stage *stage)
{
	struct damon_target *src, *dst;
	int err;

	stage->targets = kvcalloc(count_entries(&stage->src->adaptive_targets),
				  sizeof(*stage->targets), GFP_KERNEL);
	if (!stage->targets)
		return -ENOMEM;

	dst = list_first_entry_or_null(&stage->dst->adaptive_targets,
				       struct damon_target, list);
	damon_for_each_target(src, stage->src) {
		err = stage_target(stage, &stage->targets[stage->nr_targets++],
				   dst, src);
		if (err)
			return err;
		dst = next_target(stage->dst, dst);
	}
	return 0;
}

/* Makes the schemes that the destination does not have yet. */
static int stage_schemes(struct stage *stage)
{
	unsigned int nr_old = count_entries(&stage->dst->schemes);
	struct damos *src, *s;

	damon_for_each_scheme(src, stage->src) {
		if (nr_old) {
			nr_old--;
			continue;
		}
		s = damon_new_scheme(&src->pattern, src->action,
				     src->apply_interval_us, &src->quota,
				     &src->wmarks, src->target_nid);
		if (!s)
			return -ENOMEM;
		s->max_nr_snapshots = src->max_nr_snapshots;
		list_add_tail(&s->list, &stage->new_schemes);
	}
	return 0;
}

/* Frees what was staged and not used. */
static void drop_stage(struct stage *stage, bool used)
{
	struct damos *s, *next;
	unsigned int i;

	for (i = 0; i < stage->nr_targets; i++) {
		struct staged_target *st = &stage->targets[i];

		if (!used && st->set_regions)
			damon_drop_regions(&st->plan);
		if (!used && st->is_new)
			damon_free_target(st->dst);
		kvfree(st->ranges);
	}
	kvfree(stage->targets);
	list_for_each_entry_safe(s, next, &stage->new_schemes, list)
		damon_destroy_scheme(s);
}

/* swapping: nothing below can fail */

static void commit_scheme(struct damon_ctx *dst_ctx, struct damos *dst,
			  struct damos *src)
{
	dst->pattern = src->pattern;
	dst->action = src->action;
	if (dst->apply_interval_us != src->apply_interval_us) {
		dst->apply_interval_us = src->apply_interval_us;
		/* a shorter interval holds at once, a longer one afterwards */
		dst->next_apply_ns = min(dst->next_apply_ns, dst_ctx->now +
					 damos_apply_interval_ns(dst_ctx, dst));
	}
	damos_quota_commit(&dst->quota, &src->quota);
	dst->wmarks = src->wmarks;
	dst->target_nid = src->target_nid;
	dst->max_nr_snapshots = src->max_nr_snapshots;
}

static void swap_schemes(struct stage *stage)
{
	struct damos *dst, *next, *src;

	src = list_first_entry(&stage->src->schemes, struct damos, list);
	damon_for_each_scheme_safe(dst, next, stage->dst) {
		if (list_entry_is_head(src, &stage->src->schemes, list)) {
			damon_destroy_scheme(dst);
			continue;
		}
		commit_scheme(stage->dst, dst, src);
		src = list_next_entry(src, list);
	}
	list_for_each_entry_safe(dst, next, &stage->new_schemes, list) {
		list_del(&dst->list);
		damon_add_scheme(stage->dst, dst);
	}
}

static void remove_target(struct damon_ctx *ctx, struct damon_target *t)
{
	struct damos *s;

	damon_for_each_scheme(s, ctx)
		damos_quota_forget_target(&s->quota, t);
	damon_destroy_target(t, ctx);
}

/* Exchanges the process that a target refers to. */
static void swap_pid(struct stage *stage, struct damon_target *dst,
		     struct damon_target *src)
{
	struct pid *pid = NULL;

	if (damon_target_has_pid(stage->src))
		pid = get_pid(src->pid);
	if (stage->dst->ops.cleanup_target)
		stage->dst->ops.cleanup_target(dst);
	dst->pid = pid;
}

static void swap_target(struct stage *stage, struct staged_target *st)
{
	if (st->is_new) {
		if (damon_target_has_pid(stage->src))
			st->dst->pid = get_pid(st->src->pid);
		damon_add_target(stage->dst, st->dst);
	} else {
		swap_pid(stage, st->dst, st->src);
		/* addresses of another kind of space mean nothing in this one */
		if (!st->set_regions && stage->dst->ops.id != stage->src->ops.id)
			damon_destroy_regions(st->dst);
	}
	if (st->set_regions)
		damon_apply_regions(&st->plan, st->dst);
}

static void swap_targets(struct stage *stage)
{
	struct damon_target *dst, *next;
	unsigned int i = 0;

	/* before the new ones are appended */
	damon_for_each_target_safe(dst, next, stage->dst) {
		if (i >= stage->nr_targets || !stage->targets[i].dst)
			remove_target(stage->dst, dst);
		i++;
	}
	for (i = 0; i < stage->nr_targets; i++)
		if (stage->targets[i].dst)
			swap_target(stage, &stage->targets[i]);
}

/*
 * Attributes that are what the user has set before leave tuned intervals alone,
 * and so do the tuned ones when they are handed back.
 */
static void swap_attrs(struct stage *stage)
{
	struct damon_ctx *dst = stage->dst;
	struct damon_attrs attrs = stage->src->attrs;

	if (damon_attrs_equal(&attrs, &dst->user_attrs) ||
	    damon_attrs_equal(&attrs, &dst->attrs))
		return;
	if (!attrs.aggr_samples)
		attrs.aggr_samples = damon_max_nr_accesses(&attrs);
	dst->user_attrs = attrs;
	damon_apply_attrs(dst, &attrs);
}

static void swap_all(struct stage *stage)
{
	struct damon_ctx *dst = stage->dst, *src = stage->src;

	dst->maybe_corrupted = true;
	swap_schemes(stage);
	swap_targets(stage);
	swap_attrs(stage);
	dst->pause = src->pause;
	dst->ops = src->ops;
	dst->addr_unit = src->addr_unit;
	dst->min_region_sz = src->min_region_sz;
	dst->maybe_corrupted = false;
}

/**
 * damon_commit_ctx() - Give a context the parameters of another one.
 * @dst:	The context to be changed.
 * @src:	Where the parameters are.  Not changed.
 *
 * Targets and schemes are matched by their position: those in both are updated,
 * those in @dst alone destroyed, those in @src alone added.  A target of @src that
 * is marked obsolete removes its counterpart.  What was found out so far stays:
 * regions with their access rates and ages unless @src has regions for the target,
 * statistics, and what was charged to quotas.
 *
 * Context: Setup, or worker of @dst; @src must not run.
 * Return: 0, -EINVAL for parameters that a context cannot run with or an obsolete
 * target without a counterpart, or -ENOMEM.  After an error @dst is as before.
 */
int damon_commit_ctx(struct damon_ctx *dst, struct damon_ctx *src)
{
	struct stage stage = {
		.dst = dst,
		.src = src,
		.new_schemes = LIST_HEAD_INIT(stage.new_schemes),
	};
	int err = validate(src);

	if (!err)
		err = stage_schemes(&stage);
	if (!err)
		err = stage_targets(&stage);
	if (!err)
		swap_all(&stage);
	drop_stage(&stage, !err);
	if (err)
		return err;

	if (dst->kdamond == current) {
		/* new targets want regions, a new operations set its set-up */
		if (dst->ops.init)
			dst->ops.init(dst);
		damon_enforce_min_nr_regions(dst);
	}
	return 0;
}
