// SPDX-License-Identifier: GPL-2.0
/*
 * Commit: change all parameters of a context at once, also while it runs.
 *
 * A transaction.  Everything that can fail is validated or allocated first, on
 * the side; the swap behind it cannot fail.  So a commit either takes effect as a
 * whole, or leaves the context as it was.
 *
 * Schemes and probes are exchanged with those of a source that is not needed any
 * more.  A source that is gets copied first.
 */
#define pr_fmt(fmt) "damon: " fmt

#include <linux/cleanup.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

/* A target of the source, and what is ready for its counterpart. */
struct staged_target {
	struct damon_target *dst;	/* existing or new, NULL: to be removed */
	struct damon_target *src;
	bool is_new;
	bool same_space;
	bool set_regions;
	struct damon_addr_range *ranges;
	struct damon_regions_plan plan;
};

/* Everything that a commit has prepared. */
struct stage {
	struct damon_ctx *dst;
	struct damon_ctx *src;
	struct list_head *schemes;	/* those of the source, or copies */
	struct list_head *probes;	/* the same */
	struct staged_target *targets;
	unsigned int nr_targets;
	bool reshaped;			/* regions are others, or shall be */
};

/* copying */

/* Appends to @to copies of the goals of a quota, without what was measured. */
static int copy_goals(struct list_head *to, const struct damos_quota *from)
{
	const struct damos_quota_goal *src;

	damos_for_each_quota_goal(src, from) {
		struct damos_quota_goal *goal =
			damos_new_quota_goal(src->metric, src->target_value);

		if (!goal)
			return -ENOMEM;
		if (src->metric == DAMOS_QUOTA_USER_INPUT)
			goal->current_value = src->current_value;
		goal->nid = src->nid;
		goal->memcg_id = src->memcg_id;
		list_add_tail(&goal->list, to);
	}
	return 0;
}

static void drop_goals(struct list_head *goals)
{
	struct damos_quota_goal *goal, *next;

	list_for_each_entry_safe(goal, next, goals, list)
		damos_destroy_quota_goal(goal);
}

static int copy_filters(struct list_head *to, const struct list_head *from)
{
	const struct damos_filter *src;

	list_for_each_entry(src, from, list) {
		struct damos_filter *f = kmemdup(src, sizeof(*src), GFP_KERNEL);

		if (!f)
			return -ENOMEM;
		list_add_tail(&f->list, to);
	}
	return 0;
}

static int copy_dests(struct damos_migrate_dests *to,
		      const struct damos_migrate_dests *from)
{
	if (!from->nr_dests)
		return 0;
	to->node_id_arr = kmemdup_array(from->node_id_arr, from->nr_dests,
					sizeof(*from->node_id_arr), GFP_KERNEL);
	to->weight_arr = kmemdup_array(from->weight_arr, from->nr_dests,
				       sizeof(*from->weight_arr), GFP_KERNEL);
	to->nr_dests = from->nr_dests;
	return to->node_id_arr && to->weight_arr ? 0 : -ENOMEM;
}

/* Appends to @to a copy of a scheme as it was before it ever ran. */
static int copy_scheme(struct list_head *to, struct damos *src)
{
	struct damos *s = damon_new_scheme(&src->pattern, src->action,
					   src->apply_interval_us, &src->quota,
					   &src->wmarks, src->target_nid);

	if (!s)
		return -ENOMEM;
	list_add_tail(&s->list, to);
	s->max_nr_snapshots = src->max_nr_snapshots;
	return copy_goals(&s->quota.goals, &src->quota) ?:
		copy_filters(&s->core_filters, &src->core_filters) ?:
		copy_filters(&s->ops_filters, &src->ops_filters) ?:
		copy_dests(&s->migrate_dests, &src->migrate_dests);
}

static int copy_schemes(struct list_head *to, struct damon_ctx *from)
{
	struct damos *src;
	int err;

	damon_for_each_scheme(src, from) {
		err = copy_scheme(to, src);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static void drop_schemes(struct list_head *schemes)
{
	struct damos *s, *next;

	list_for_each_entry_safe(s, next, schemes, list)
		damon_destroy_scheme(s);
}

/* staging */

static unsigned int count_entries(const struct list_head *head)
{
	return list_count_nodes((struct list_head *)head);
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

/*
 * True if addresses in a target mean the same afterwards.  Fixed ranges are what
 * was asked for, whichever process it is about.
 */
static bool is_same_space(const struct stage *stage,
			  const struct staged_target *st)
{
	const struct damon_ctx *dst = stage->dst, *src = stage->src;

	if (dst->ops.id != src->ops.id)
		return false;
	if (src->ops.id == DAMON_OPS_PADDR)
		return dst->addr_unit == src->addr_unit;
	return src->ops.id != DAMON_OPS_VADDR || st->dst->pid == st->src->pid;
}

static int stage_regions(struct stage *stage, struct staged_target *st)
{
	struct damon_target none;
	unsigned int nr = damon_nr_regions(st->src);
	int err;

	st->same_space = is_same_space(stage, st);
	if (!nr)
		return 0;
	INIT_LIST_HEAD(&none.regions_list);
	st->ranges = kvmalloc_array(nr, sizeof(*st->ranges),
				    GFP_KERNEL | __GFP_NOWARN);
	if (!st->ranges)
		return -ENOMEM;
	nr = collect_ranges(st->src, st->ranges);
	err = damon_plan_regions(&st->plan, st->same_space ? st->dst : &none,
				 st->ranges, nr, stage->src->min_region_sz);
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
				  sizeof(*stage->targets), GFP_KERNEL | __GFP_NOWARN);
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

/* Frees what was staged and not used. */
static void drop_stage(struct stage *stage, bool used)
{
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
}

/* swapping: nothing below can fail */

/*
 * Exchanges goals.  Those that measure what their predecessors did go on where
 * these were.
 */
static void swap_goals(struct damos_quota *dst, struct list_head *goals)
{
	struct damos_quota_goal *old, *new;

	new = list_first_entry(goals, struct damos_quota_goal, list);
	damos_for_each_quota_goal(old, dst) {
		if (list_entry_is_head(new, goals, list))
			break;
		if (new->metric == old->metric) {
			if (new->metric != DAMOS_QUOTA_USER_INPUT)
				new->current_value = old->current_value;
			new->last_psi_total = old->last_psi_total;
			new->last_psi_ns = old->last_psi_ns;
			new->mixed = old->mixed;
		}
		new = list_next_entry(new, list);
	}
	if (list_empty(&dst->goals))
		damos_goals_take_over(dst);
	damon_swap_lists(&dst->goals, goals);
	if (!damos_quota_is_set(dst))
		damos_quota_lift(dst);
}

/* What watermarks have switched off stays off, until they are others. */
static void swap_wmarks(struct damos_watermarks *dst,
			const struct damos_watermarks *src)
{
	bool same = dst->metric == src->metric &&
		dst->interval == src->interval && dst->high == src->high &&
		dst->mid == src->mid && dst->low == src->low;

	if (!same)
		*dst = *src;
}

/* Gives @dst the parameters of @src, which gets the old objects. */
static void swap_scheme(struct damon_ctx *dst_ctx, struct damos *dst,
			struct damos *src)
{
	u64 next = damos_next_apply_ns(dst_ctx, dst);

	dst->pattern = src->pattern;
	dst->action = src->action;
	if (dst->apply_interval_us != src->apply_interval_us) {
		dst->apply_interval_us = src->apply_interval_us;
		/* a shorter interval holds at once, a longer one afterwards */
		dst->next_apply_ns = min(next, dst_ctx->now +
					 damos_apply_interval_ns(dst_ctx, dst));
	}
	damos_quota_commit(&dst->quota, &src->quota);
	swap_goals(&dst->quota, &src->quota.goals);
	swap_wmarks(&dst->wmarks, &src->wmarks);
	dst->target_nid = src->target_nid;
	swap(dst->migrate_dests, src->migrate_dests);
	damon_swap_lists(&dst->core_filters, &src->core_filters);
	damon_swap_lists(&dst->ops_filters, &src->ops_filters);
	dst->max_nr_snapshots = src->max_nr_snapshots;
}

static void swap_schemes(struct stage *stage)
{
	struct damos *dst, *next, *src;

	src = list_first_entry(stage->schemes, struct damos, list);
	damon_for_each_scheme_safe(dst, next, stage->dst) {
		if (list_entry_is_head(src, stage->schemes, list)) {
			damon_destroy_scheme(dst);
			continue;
		}
		swap_scheme(stage->dst, dst, src);
		src = list_next_entry(src, list);
	}
	list_for_each_entry_safe_from(src, next, stage->schemes, list) {
		list_del(&src->list);
		damon_add_scheme(stage->dst, src);
	}
}

/* Exchanges the process that a target refers to. */
static void swap_pid(struct stage *stage, struct damon_target *dst,
		     struct damon_target *src)
{
	struct pid *pid = NULL;

	if (stage->dst->ops.id == stage->src->ops.id && dst->pid == src->pid)
		return;
	if (damon_target_has_pid(stage->src))
		pid = get_pid(src->pid);
	if (stage->dst->ops.cleanup_target)
		stage->dst->ops.cleanup_target(dst);
	dst->pid = pid;
}

static void swap_target(struct stage *stage, struct staged_target *st)
{
	/* one without regions may get some now */
	if (!st->same_space || st->set_regions || !st->dst->nr_regions)
		stage->reshaped = true;
	if (st->is_new) {
		if (damon_target_has_pid(stage->src))
			st->dst->pid = get_pid(st->src->pid);
		damon_add_target(stage->dst, st->dst);
	} else {
		if (!st->same_space)
			damon_destroy_regions(st->dst);
		if (stage->dst->ops.id != stage->src->ops.id ||
		    st->dst->pid != st->src->pid)
			damon_forget_target(st->dst);
		swap_pid(stage, st->dst, st->src);
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
		if (i >= stage->nr_targets || !stage->targets[i].dst) {
			damon_destroy_target(dst, stage->dst);
			stage->reshaped = true;
		}
		i++;
	}
	for (i = 0; i < stage->nr_targets; i++)
		if (stage->targets[i].dst)
			swap_target(stage, &stage->targets[i]);
}

static bool intervals_equal(const struct damon_attrs *a,
			    const struct damon_attrs *b)
{
	return a->sample_interval == b->sample_interval &&
		a->aggr_interval == b->aggr_interval &&
		!memcmp(&a->intervals_goal, &b->intervals_goal,
			sizeof(a->intervals_goal));
}

/*
 * What the user has set before leaves tuned intervals alone, and so do the tuned
 * ones when they are handed back.
 */
static void swap_attrs(struct stage *stage)
{
	struct damon_ctx *dst = stage->dst;
	struct damon_attrs attrs = stage->src->attrs;
	bool same;

	if (damon_attrs_equal(&attrs, &dst->user_attrs) ||
	    damon_attrs_equal(&attrs, &dst->attrs))
		return;
	if (!attrs.aggr_samples)
		attrs.aggr_samples = damon_max_nr_accesses(&attrs);
	same = intervals_equal(&attrs, &dst->user_attrs);
	dst->user_attrs = attrs;
	if (same) {
		attrs.sample_interval = dst->attrs.sample_interval;
		attrs.aggr_interval = dst->attrs.aggr_interval;
		attrs.aggr_samples = dst->attrs.aggr_samples;
	}
	damon_apply_attrs(dst, &attrs);
	stage->reshaped = true;
}

static void swap_all(struct stage *stage)
{
	struct damon_ctx *dst = stage->dst, *src = stage->src;

	dst->maybe_corrupted = true;
	stage->reshaped = dst->ops.id != src->ops.id ||
		dst->min_region_sz != src->min_region_sz;
	swap_schemes(stage);
	swap_targets(stage);
	swap_attrs(stage);
	damon_swap_probes(dst, stage->probes);
	dst->pause = src->pause;
	dst->always_on = src->always_on;
	dst->ops = src->ops;
	dst->addr_unit = src->addr_unit;
	dst->min_region_sz = src->min_region_sz;
	dst->maybe_corrupted = false;
}

/**
 * damos_commit_quota_goals() - Give a quota the goals of another one.
 * @dst:	The quota to be changed.
 * @src:	Where the goals are.  Not changed.
 *
 * Goals are matched by their position.  One that measures the same as before
 * goes on where it was; the value of %DAMOS_QUOTA_USER_INPUT is taken over.
 *
 * Context: Setup, or worker of @dst's context.
 * Return: 0, -EINVAL for a goal without a target value or with an unknown metric,
 * or -ENOMEM.  After an error @dst is as before.
 */
int damos_commit_quota_goals(struct damos_quota *dst, struct damos_quota *src)
{
	LIST_HEAD(goals);
	int err = damos_check_goals(src);

	if (!err)
		err = copy_goals(&goals, src);
	if (!err)
		swap_goals(dst, &goals);
	drop_goals(&goals);
	return err;
}

/**
 * damos_swap_quota_goals() - Exchange the goals of two quotas.
 * @dst:	The quota that goes on with the goals of @src.
 * @src:	The other one, whose goals are valid.  Gets those of @dst.
 *
 * For callers that change several quotas, all or none of them: like
 * damos_commit_quota_goals(), but cannot fail.
 *
 * Context: Setup, or worker of @dst's context.
 */
void damos_swap_quota_goals(struct damos_quota *dst, struct damos_quota *src)
{
	swap_goals(dst, &src->goals);
}

/*
 * @schemes and @probes are those of @src, or copies of them.  Afterwards they are
 * what was replaced.
 */
static int commit(struct damon_ctx *dst, struct damon_ctx *src,
		  struct list_head *schemes, struct list_head *probes)
{
	struct stage stage = {
		.dst = dst,
		.src = src,
		.schemes = schemes,
		.probes = probes,
	};
	int err = stage_targets(&stage);

	if (!err)
		swap_all(&stage);
	drop_stage(&stage, !err);
	if (err)
		return err;

	if (stage.reshaped && dst->kdamond == current) {
		/* new targets want regions, a new operations set its set-up */
		if (dst->ops.init)
			dst->ops.init(dst);
		damon_enforce_min_nr_regions(dst);
	}
	return 0;
}

/**
 * damon_commit_ctx() - Give a context the parameters of another one.
 * @dst:	The context to be changed.
 * @src:	Where the parameters are.  Not changed.
 *
 * Targets, schemes and probes are matched by their position: those in both are
 * updated, those in @dst alone destroyed, those in @src alone added.  A target of
 * @src that is marked obsolete removes its counterpart.  What was found out so far
 * stays: statistics, what was charged to quotas, what goals have measured if they
 * still measure it, what watermarks have switched off if they are the same, hits of
 * probes that are the same, tuned intervals if what they were tuned from is the same,
 * and regions with their access rates and ages.  These are given up as far as they
 * are not in the regions of the target in @src, if that has some, and altogether if
 * they are of another address space: of another operations set, of another process
 * whose mappings they followed, or in another address unit.
 *
 * Context: Setup, or worker of @dst in damon_call(); @src must not run.
 * Return: 0, -EINVAL for parameters that a context cannot run with or an obsolete
 * target without a counterpart, or -ENOMEM.  After an error @dst is as before.
 */
int damon_commit_ctx(struct damon_ctx *dst, struct damon_ctx *src)
{
	LIST_HEAD(schemes);
	LIST_HEAD(probes);
	int err = damon_check_ctx(src);

	if (!err)
		err = copy_schemes(&schemes, src);
	if (!err)
		err = damon_copy_probes(&probes, src);
	if (!err)
		err = commit(dst, src, &schemes, &probes);
	drop_schemes(&schemes);
	damon_drop_probes(&probes);
	return err;
}

/**
 * damon_hand_over_ctx() - Give a context the parameters of one that is not needed.
 * @dst:	The context to be changed.
 * @src:	Where the parameters are.  It never ran.  Afterwards it has what was
 *		replaced, and what was copied instead of taken: parts of yet another
 *		context, or to be destroyed.
 *
 * damon_commit_ctx() without copies: what @dst had goes to @src, and is freed with
 * it, by whom and when that does not keep @dst from monitoring.
 *
 * Context: Setup, or worker of @dst in damon_call().
 * Return: Like damon_commit_ctx().  After an error @dst is as before, and so is
 * @src.
 */
int damon_hand_over_ctx(struct damon_ctx *dst, struct damon_ctx *src)
{
	return damon_check_ctx(src) ?:
		commit(dst, src, &src->schemes, &src->probes);
}
