// SPDX-License-Identifier: GPL-2.0
/*
 * Core: make, link and free contexts, targets and schemes; register operations
 * sets; start and stop contexts.
 *
 * Knows who owns what.  What a kdamond does is in kdamond.c and below.
 */
#define pr_fmt(fmt) "damon: " fmt

#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "internal.h"

/*
 * damon_lock protects the number of running contexts and whether they exclude
 * others.  It is taken before damon_ctx.lock.  damon_start() holds it until the
 * new kdamonds have begun, so these must not take it before, nor wait for anybody.
 */
static DEFINE_MUTEX(damon_lock);
static int nr_running;
static bool running_exclusive;

/* operations sets */

static DEFINE_MUTEX(ops_lock);		/* protects the table and the mask */
static struct damon_operations ops_table[NR_DAMON_OPS];
static unsigned int ops_registered;	/* bit mask of enum damon_ops_id */

static bool ops_known(enum damon_ops_id id)
{
	lockdep_assert_held(&ops_lock);
	return (unsigned int)id < NR_DAMON_OPS && ops_registered & BIT(id);
}

/**
 * damon_is_registered_ops() - Check if an operations set can be selected.
 * @id:	Which one.
 *
 * Context: Anywhere.
 * Return: True if it is registered.  False for unknown ids.
 */
bool damon_is_registered_ops(enum damon_ops_id id)
{
	guard(mutex)(&ops_lock);
	return ops_known(id);
}

/**
 * damon_register_ops() - Make an operations set available.
 * @ops:	The set.  It is copied.
 *
 * Sets are never taken back, so what registers one must stay.
 *
 * Context: Anywhere.
 * Return: 0, or -EINVAL if its id is unknown or taken.
 */
int damon_register_ops(struct damon_operations *ops)
{
	guard(mutex)(&ops_lock);
	if ((unsigned int)ops->id >= NR_DAMON_OPS || ops_known(ops->id))
		return -EINVAL;
	ops_table[ops->id] = *ops;
	ops_registered |= BIT(ops->id);
	return 0;
}

/**
 * damon_select_ops() - Choose the operations set of a context.
 * @ctx:	The context.
 * @id:		Which set.
 *
 * Before targets refer to anything: how to drop that is the set's to know.
 *
 * Context: Setup.
 * Return: 0, or -EINVAL if it is not registered; then @ctx has the one it had.
 */
int damon_select_ops(struct damon_ctx *ctx, enum damon_ops_id id)
{
	guard(mutex)(&ops_lock);
	if (!ops_known(id))
		return -EINVAL;
	ctx->ops = ops_table[id];
	return 0;
}

/* schemes */

/**
 * damon_new_scheme() - Make a scheme.
 * @pattern:		Regions to select.
 * @action:		What to do with them.
 * @apply_interval_us:	Time between two passes, us.  Zero: a pass whenever a window
 *			has ended.
 * @quota:		Limits; its goals are not taken over.
 * @wmarks:		When to be on.
 * @target_nid:		Node to migrate to, or NUMA_NO_NODE.
 *
 * The arguments are copied.  The scheme has no filters, goals or migration
 * destinations, and is switched on.
 *
 * Context: Anywhere.
 * Return: The scheme, or NULL without memory.
 */
struct damos *damon_new_scheme(struct damos_access_pattern *pattern,
			       enum damos_action action,
			       unsigned long apply_interval_us,
			       struct damos_quota *quota,
			       struct damos_watermarks *wmarks, int target_nid)
{
	struct damos *s = kzalloc_obj(*s);

	if (!s)
		return NULL;
	s->pattern = *pattern;
	s->action = action;
	s->apply_interval_us = apply_interval_us;
	damos_quota_init(&s->quota);
	damos_quota_init(&s->look_quota);
	damos_quota_commit(&s->quota, quota);
	s->wmarks = *wmarks;
	s->wmarks.activated = true;
	s->target_nid = target_nid;
	INIT_LIST_HEAD(&s->core_filters);
	INIT_LIST_HEAD(&s->ops_filters);
	INIT_LIST_HEAD(&s->list);
	return s;
}

/**
 * damon_add_scheme() - Append a scheme to a context.
 * @ctx:	The context, which owns the scheme from now on.
 * @s:		The scheme.
 *
 * Its first pass is a whole apply interval later, or at the end of the window under way
 * if it has no interval of its own.  Only damon_start() and damon_commit_ctx() check that
 * a context can run with it.
 *
 * Context: Setup, or worker.
 */
void damon_add_scheme(struct damon_ctx *ctx, struct damos *s)
{
	s->next_apply_ns = ctx->now + damos_apply_interval_ns(ctx, s);
	list_add_tail(&s->list, &ctx->schemes);
}

/**
 * damon_destroy_scheme() - Unlink and free a scheme.
 * @s:	The scheme.
 *
 * Context: Setup, or worker.
 */
void damon_destroy_scheme(struct damos *s)
{
	struct damos_quota_goal *goal, *next_goal;
	struct damos_filter *f, *next;

	damos_for_each_quota_goal_safe(goal, next_goal, &s->quota)
		damos_destroy_quota_goal(goal);
	damos_for_each_core_filter_safe(f, next, s)
		damos_destroy_filter(f);
	damos_for_each_ops_filter_safe(f, next, s)
		damos_destroy_filter(f);
	list_del(&s->list);
	kfree(s->migrate_dests.node_id_arr);
	kfree(s->migrate_dests.weight_arr);
	kfree(s);
}

static void destroy_schemes(struct damon_ctx *ctx)
{
	struct damos *s, *next;

	damon_for_each_scheme_safe(s, next, ctx)
		damon_destroy_scheme(s);
}

/**
 * damon_set_schemes() - Replace the schemes of a context.
 * @ctx:	The context.
 * @schemes:	Its new schemes, in the order in which they are applied.
 * @nr_schemes:	Their number.
 *
 * Those that it had are freed.
 *
 * Context: Setup.
 */
void damon_set_schemes(struct damon_ctx *ctx, struct damos **schemes,
		       ssize_t nr_schemes)
{
	ssize_t i;

	destroy_schemes(ctx);
	for (i = 0; i < nr_schemes; i++)
		damon_add_scheme(ctx, schemes[i]);
}

/* targets */

/**
 * damon_new_target() - Make a target without regions.
 *
 * Context: Anywhere.
 * Return: The target, or NULL without memory.
 */
struct damon_target *damon_new_target(void)
{
	struct damon_target *t = kzalloc_obj(*t);

	if (!t)
		return NULL;
	INIT_LIST_HEAD(&t->regions_list);
	INIT_LIST_HEAD(&t->list);
	return t;
}

/**
 * damon_add_target() - Append a target to a context.
 * @ctx:	The context, which owns the target from now on.
 * @t:		The target.
 *
 * Context: Setup, or worker.
 */
void damon_add_target(struct damon_ctx *ctx, struct damon_target *t)
{
	list_add_tail(&t->list, &ctx->adaptive_targets);
}

/**
 * damon_targets_empty() - Check if a context has no targets.
 * @ctx:	The context.
 *
 * Context: Setup, or worker.
 * Return: True if it has none.
 */
bool damon_targets_empty(struct damon_ctx *ctx)
{
	return list_empty(&ctx->adaptive_targets);
}

/**
 * damon_free_target() - Free a target that is in no context.
 * @t:	The target.  What it refers to stays referenced.
 *
 * Context: Setup, or worker.
 */
void damon_free_target(struct damon_target *t)
{
	damon_destroy_regions(t);
	kfree(t->sweep);
	kfree(t);
}

/**
 * damon_destroy_target() - Remove a target from its context and free it.
 * @t:		The target.
 * @ctx:	Its context, whose operations set drops what the target refers to, and
 *		whose schemes forget it; NULL to keep that referenced, which is for
 *		contexts without schemes.
 *
 * Context: Setup, or worker.
 */
void damon_destroy_target(struct damon_target *t, struct damon_ctx *ctx)
{
	struct damos *s;

	damon_forget_target(t);
	if (ctx) {
		damon_for_each_scheme(s, ctx)
			damos_quota_forget_target(&s->quota, t);
		if (ctx->ops.cleanup_target)
			ctx->ops.cleanup_target(t);
	}
	list_del(&t->list);
	damon_free_target(t);
}

/* Destroys all targets of a context. */
void damon_destroy_targets(struct damon_ctx *ctx)
{
	struct damon_target *t, *next;

	damon_for_each_target_safe(t, next, ctx)
		damon_destroy_target(t, ctx);
}

/* True if there is something to monitor. */
bool damon_has_valid_target(struct damon_ctx *ctx)
{
	struct damon_target *t;

	if (!ctx->ops.target_valid)
		return true;
	damon_for_each_target(t, ctx)
		if (ctx->ops.target_valid(t))
			return true;
	return false;
}

/* contexts */

/**
 * damon_new_ctx() - Make a context.
 *
 * It samples each 5 ms, aggregates each 100 ms, updates each minute, and uses 10
 * to 1000 regions.  An operations set and targets have to be added.
 *
 * Context: Anywhere, once damon_initialized().
 * Return: The context, or NULL without memory.
 */
struct damon_ctx *damon_new_ctx(void)
{
	struct damon_attrs attrs = {
		.sample_interval = 5 * USEC_PER_MSEC,
		.aggr_interval = 100 * USEC_PER_MSEC,
		.ops_update_interval = 60 * USEC_PER_SEC,
		.min_nr_regions = 10,
		.max_nr_regions = 1000,
	};
	struct damon_ctx *ctx = kzalloc_obj(*ctx);

	if (!ctx)
		return NULL;
	ctx->attrs = attrs;
	ctx->user_attrs = attrs;
	ctx->addr_unit = 1;
	ctx->min_region_sz = DAMON_MIN_REGION_SZ;
	ctx->region_sz_limit = ULONG_MAX;
	ctx->closed = true;
	INIT_LIST_HEAD(&ctx->probes);
	INIT_LIST_HEAD(&ctx->adaptive_targets);
	INIT_LIST_HEAD(&ctx->schemes);
	INIT_LIST_HEAD(&ctx->calls);
	INIT_LIST_HEAD(&ctx->repeated);
	mutex_init(&ctx->walk_lock);
	mutex_init(&ctx->lock);
	mutex_init(&ctx->stop_lock);
	init_completion(&ctx->started);
	kref_init(&ctx->ref);
	ctx->rnd_state = get_random_u64();
	return ctx;
}

static void free_ctx(struct kref *ref)
{
	kfree(container_of(ref, struct damon_ctx, ref));
}

/**
 * damon_destroy_ctx() - Free a context with all that it owns.
 * @ctx:	The context.  It must not run.
 *
 * A kdamond that ended by itself may still be on its way out; the memory stays
 * until it is gone.
 *
 * Context: Setup.
 */
void damon_destroy_ctx(struct damon_ctx *ctx)
{
	/* in this order no scheme has to forget each of the targets */
	destroy_schemes(ctx);
	damon_destroy_targets(ctx);
	damon_drop_probes(&ctx->probes);
	kref_put(&ctx->ref, free_ctx);
}

/* starting and stopping */

/**
 * damon_initialized() - Check if contexts can be made.
 *
 * Context: Anywhere.
 * Return: True once the subsystem is set up; false before, and if that failed.
 */
bool damon_initialized(void)
{
	return damon_regions_ready();
}

/**
 * damon_nr_running_ctxs() - Number of running contexts.
 *
 * Context: Anywhere.
 * Return: The number.
 */
int damon_nr_running_ctxs(void)
{
	guard(mutex)(&damon_lock);
	return nr_running;
}

/*
 * The first thing a kdamond does.  From here on it can be stopped: a thread that
 * is stopped before it runs never does, and damon_start() would wait for ever.
 * Requests are accepted from the same moment on, since one that is refused means that
 * no kdamond has anything of the context.
 */
void damon_context_started(struct damon_ctx *ctx)
{
	scoped_guard(mutex, &ctx->lock) {
		ctx->kdamond = current;
		ctx->closed = false;
	}
	complete(&ctx->started);
}

/* The last thing a kdamond does: @ctx is stopped, and may be gone afterwards. */
void damon_context_stopped(struct damon_ctx *ctx)
{
	scoped_guard(mutex, &damon_lock) {
		if (!--nr_running)
			running_exclusive = false;
		scoped_guard(mutex, &ctx->lock)
			ctx->kdamond = NULL;
	}
	kref_put(&ctx->ref, free_ctx);
}

static int start_one(struct damon_ctx *ctx)
{
	struct task_struct *task;

	lockdep_assert_held(&damon_lock);
	if (damon_is_running(ctx))
		return -EBUSY;
	task = kthread_create(damon_kdamond_fn, ctx, "kdamond.%d", nr_running);
	if (IS_ERR(task))
		return PTR_ERR(task);

	kref_get(&ctx->ref);
	nr_running++;
	reinit_completion(&ctx->started);
	wake_up_process(task);
	wait_for_completion(&ctx->started);
	return 0;
}

/* The parameters of a running context are its kdamond's to read. */
static int check_startable(struct damon_ctx *ctx)
{
	lockdep_assert_held(&damon_lock);
	return damon_is_running(ctx) ? -EBUSY : damon_check_ctx(ctx);
}

/* Starts contexts in order.  Returns the number of those that were started. */
static int start_all(struct damon_ctx **ctxs, int nr_ctxs, bool exclusive,
		     int *err)
{
	int i;

	guard(mutex)(&damon_lock);
	for (i = 0; i < nr_ctxs; i++) {
		*err = check_startable(ctxs[i]);
		if (*err)
			return 0;
	}
	*err = -EBUSY;
	if (exclusive ? nr_running : running_exclusive)
		return 0;

	*err = 0;
	for (i = 0; i < nr_ctxs; i++) {
		*err = start_one(ctxs[i]);
		if (*err)
			break;
		running_exclusive = exclusive;
	}
	/* they may all have ended again */
	if (!nr_running)
		running_exclusive = false;
	return i;
}

/**
 * damon_start() - Start contexts, all of them or none.
 * @ctxs:	The contexts.
 * @nr_ctxs:	Their number.
 * @exclusive:	Nobody else may run a context meanwhile.
 *
 * When it returns, the kdamonds run, and requests are accepted.  They are served once
 * @ops.init has made the context ready, which may take its time.  A context without a
 * valid target ends again at once.
 *
 * Context: Setup.
 * Return: 0; -EINVAL for parameters that a context cannot run with, which the
 * kernel log tells about; -EBUSY if a context runs already, if @exclusive and any
 * other runs, or if others run exclusively; or the error of making a thread, which
 * is -EINTR if the caller was killed.  After an error none of them runs that did
 * not run before.  Those that had been started have lost their targets then.
 */
int damon_start(struct damon_ctx **ctxs, int nr_ctxs, bool exclusive)
{
	int i, nr_started, err;

	nr_started = start_all(ctxs, nr_ctxs, exclusive, &err);
	if (err)
		for (i = 0; i < nr_started; i++)
			damon_stop(&ctxs[i], 1);
	return err;
}

/* The kdamond of a context, referenced, or NULL. */
static struct task_struct *get_kdamond(struct damon_ctx *ctx)
{
	guard(mutex)(&ctx->lock);
	return ctx->kdamond ? get_task_struct(ctx->kdamond) : NULL;
}

/**
 * damon_stop() - Stop contexts, and wait for the end of their kdamonds.
 * @ctxs:	The contexts.
 * @nr_ctxs:	Their number.
 *
 * The targets of a stopped context are gone.  Its schemes with their statistics
 * stay until damon_destroy_ctx().
 *
 * Several callers may stop the same context; all but one get -EPERM, when it has
 * stopped.
 *
 * Requests that wait are canceled.  It takes as long as what the kdamond is in the
 * middle of, for example one application of a scheme.
 *
 * Context: Anywhere but in a kdamond, and with no lock that callbacks of the
 * contexts' operations sets or functions of requests to them take.
 * Return: 0, or -EPERM if one of them did not run; the others are stopped.
 */
int damon_stop(struct damon_ctx **ctxs, int nr_ctxs)
{
	int i, err = 0;

	for (i = 0; i < nr_ctxs; i++) {
		struct task_struct *task;

		guard(mutex)(&ctxs[i]->stop_lock);
		task = get_kdamond(ctxs[i]);
		if (task)
			kthread_stop_put(task);
		else
			err = -EPERM;
	}
	return err;
}

/**
 * damon_is_running() - Check if a context runs.
 * @ctx:	The context.
 *
 * That may have changed when it returns, unless the caller is the context's worker,
 * or the only one to start it and finds that it does not run.
 *
 * Context: Anywhere.
 * Return: True if it has a kdamond.
 */
bool damon_is_running(struct damon_ctx *ctx)
{
	guard(mutex)(&ctx->lock);
	return ctx->kdamond;
}

/**
 * damon_kdamond_pid() - Process id of a context's kdamond.
 * @ctx:	The context.
 *
 * Context: Anywhere.
 * Return: The pid in the initial namespace, or -EINVAL if it does not run.
 */
int damon_kdamond_pid(struct damon_ctx *ctx)
{
	guard(mutex)(&ctx->lock);
	return ctx->kdamond ? task_pid_nr(ctx->kdamond) : -EINVAL;
}

static int __init damon_init(void)
{
	int err = damon_regions_init();

	if (err)
		pr_err("no memory for regions, monitoring is not available\n");
	return err;
}
subsys_initcall(damon_init);

#ifdef CONFIG_DAMON_KUNIT_TEST
#include "tests/core-kunit.h"
#endif
