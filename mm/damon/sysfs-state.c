// SPDX-License-Identifier: GPL-2.0
/*
 * Commands to a kdamond, and what it says about itself.
 *
 * Commands other than "off" hold the lock of the kdamond's tree, so there is one
 * at a time, and the directories stay as they are meanwhile.  "off" and reading do
 * not: they work while a command waits, and "off" ends the waiting.  Only
 * functions that damon_call() runs look into a running context; they take no lock
 * but &damon_sysfs_locks.data.
 */
#define pr_fmt(fmt) "damon-sysfs: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sysfs.h"

static struct damon_sysfs_kdamond *to_kdamond(struct damon_sysfs_node *node)
{
	return container_of(node, struct damon_sysfs_kdamond, node);
}

/* The caller holds one of the two locks of the tree. */
static struct damon_sysfs_context *only_context(struct damon_sysfs_kdamond *k)
{
	if (k->contexts->nr_children != 1)
		return NULL;
	return damon_sysfs_child(k->contexts, 0, struct damon_sysfs_context);
}

/*
 * From here on the running context's results go to these directories.  What has
 * been written since the context was built, with these attributes, is still to be
 * committed.
 */
static void mark_installed(struct damon_sysfs_context *context,
			   const struct damon_attrs *attrs)
{
	struct damon_sysfs_intervals *intervals =
		context->monitoring_attrs->intervals;
	struct damon_sysfs_node *schemes = context->schemes;

	guard(mutex)(&context->node.locks->data);
	context->installed = true;
	if (intervals->sample_us == attrs->sample_interval)
		intervals->sample_us_staged = false;
	if (intervals->aggr_us == attrs->aggr_interval)
		intervals->aggr_us_staged = false;
	for (unsigned int i = 0; i < schemes->nr_children; i++)
		damon_sysfs_child(schemes, i,
				  struct damon_sysfs_scheme)->installed = true;
}

/* What was staged meanwhile must not be lost, unless users ask for just that. */
static void copy_intervals(struct damon_sysfs_context *context,
			   struct damon_ctx *ctx, bool spare_staged)
{
	struct damon_sysfs_intervals *intervals =
		context->monitoring_attrs->intervals;

	if (!context->installed)
		return;
	if (!spare_staged) {
		intervals->sample_us_staged = false;
		intervals->aggr_us_staged = false;
	}
	if (!intervals->sample_us_staged)
		intervals->sample_us = ctx->attrs.sample_interval;
	if (!intervals->aggr_us_staged)
		intervals->aggr_us = ctx->attrs.aggr_interval;
}

/* Regular updates of the results, see damon_sysfs_kdamond.refresh_ms. */
struct refresh {
	struct damon_call_control control;	/* first: the core frees it */
	struct damon_sysfs_kdamond *kdamond;
	struct damon_ctx *ctx;
	ktime_t next;
};

static int refresh(void *data)
{
	struct refresh *refresh = data;
	struct damon_sysfs_kdamond *k = refresh->kdamond;
	struct damon_sysfs_context *context;
	unsigned int ms = READ_ONCE(k->refresh_ms);
	ktime_t now;

	if (!ms)
		return 0;
	now = ktime_get();
	if (ktime_before(now, refresh->next))
		return 0;

	/* its holder may wait for memory, and monitoring goes on meanwhile */
	scoped_cond_guard(mutex_try, return 0, &k->own.data) {
		refresh->next = ktime_add_ms(now, ms);
		context = only_context(k);
		if (!context)
			return 0;
		copy_intervals(context, refresh->ctx, true);
		damon_sysfs_copy_stats(context, refresh->ctx);
		damon_sysfs_copy_effective_quotas(context, refresh->ctx);
	}
	return 0;
}

/*
 * The kdamond may have ended before it got the request.  Without memory there is
 * no refreshing.
 */
static int start_refresh(struct damon_sysfs_kdamond *k, struct damon_ctx *ctx)
{
	struct refresh *r = kzalloc_obj(*r);

	if (!r)
		return -ENOMEM;
	static_assert(offsetof(struct refresh, control) == 0);
	r->control.fn = refresh;
	r->control.data = r;
	r->control.repeat = true;
	r->control.dealloc_on_cancel = true;
	r->kdamond = k;
	r->ctx = ctx;
	r->next = ktime_add_ms(ktime_get(), READ_ONCE(k->refresh_ms));
	if (damon_call(ctx, &r->control))
		kfree(r);
	return 0;
}

/* Commands */

/* The context of the previous run goes only when the new one runs. */
static int turn_on(struct damon_sysfs_kdamond *k,
		   struct damon_sysfs_context *context)
{
	struct damon_attrs attrs;
	struct damon_ctx *ctx;
	int ret;

	if (k->ctx && damon_is_running(k->ctx))
		return -EBUSY;
	ctx = damon_sysfs_build_ctx(context, kobject_name(&k->node.kobj), false,
				    NULL);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	attrs = ctx->attrs;
	ret = damon_start(&ctx, 1, false);
	if (!ret) {
		ret = start_refresh(k, ctx);
		if (ret)
			damon_stop(&ctx, 1);
	} else if (ret == -EBUSY) {
		pr_notice_ratelimited("kdamonds/%s: somebody uses DAMON exclusively\n",
				      kobject_name(&k->node.kobj));
	}
	if (!ret) {
		mark_installed(context, &attrs);
		scoped_guard(rwsem_write, &k->ctx_lock)
			swap(k->ctx, ctx);
	}
	if (ctx)
		damon_destroy_ctx(ctx);
	return ret;
}

/*
 * Ends a waiting command, too: it is canceled.  The counters that were reached
 * can be read afterwards.
 */
static int stop(struct damon_sysfs_kdamond *k)
{
	struct damon_sysfs_context *context;

	guard(rwsem_read)(&k->ctx_lock);
	if (!k->ctx)
		return -EINVAL;
	damon_stop(&k->ctx, 1);		/* fails if it ended by itself: fine */

	guard(mutex)(&k->own.data);
	context = only_context(k);
	if (context)
		damon_sysfs_copy_stats(context, k->ctx);
	return 0;
}

static void drop_spare(struct damon_sysfs_kdamond *k)
{
	if (k->spare)
		damon_destroy_ctx(k->spare);
	k->spare = NULL;
}

/* A commit that is under way drops by itself what it would have kept. */
static int turn_off(struct damon_sysfs_kdamond *k)
{
	int ret = stop(k);

	if (!damon_sysfs_trylock(&k->own)) {
		drop_spare(k);
		damon_sysfs_unlock(&k->own);
	}
	return ret;
}

/* A running context and what a function in its kdamond shall do with it. */
struct errand {
	struct damon_ctx *ctx;
	struct damon_ctx *new;
	struct damon_sysfs_context *context;
};

static int run(int (*fn)(void *data), struct errand *errand)
{
	struct damon_call_control control = {
		.fn = fn,
		.data = errand,
	};
	int ret;

	ret = damon_call(errand->ctx, &control);
	return ret ?: control.return_code;
}

static int commit_fn(void *data)
{
	struct errand *errand = data;

	return damon_hand_over_ctx(errand->ctx, errand->new);
}

/*
 * What a commit has replaced, or did not take, saves the next one allocations.
 * It must hold neither processes, which may be gone by then, nor regions, which
 * may be a million and which nothing is built from.
 */
static void keep_spare(struct damon_sysfs_kdamond *k, struct damon_ctx *ctx)
{
	struct damon_target *target;

	damon_for_each_target(target, ctx) {
		if (ctx->ops.cleanup_target)
			ctx->ops.cleanup_target(target);
		target->pid = NULL;
		damon_set_regions(target, NULL, 0, 1);
	}
	drop_spare(k);
	k->spare = ctx;
	if (!damon_is_running(k->ctx))
		drop_spare(k);
}

static int commit(struct damon_sysfs_kdamond *k,
		  struct damon_sysfs_context *context)
{
	struct errand errand = { .ctx = k->ctx, .context = context };
	int ret;

	if (!damon_is_running(k->ctx))
		return -ECANCELED;
	errand.new = damon_sysfs_build_ctx(context, kobject_name(&k->node.kobj),
					   true, k->spare);
	if (IS_ERR(errand.new))
		return PTR_ERR(errand.new);
	ret = run(commit_fn, &errand);
	if (!ret)
		mark_installed(context, &errand.new->attrs);
	keep_spare(k, errand.new);
	return ret;
}

/* All goals are checked and made already: either all schemes get theirs, or none. */
static int goals_fn(void *data)
{
	struct errand *errand = data;
	struct list_head *staged = &errand->new->schemes;
	struct damos *s, *src;
	unsigned int index = 0;

	src = list_first_entry(staged, struct damos, list);
	damon_for_each_scheme(s, errand->ctx) {
		if (list_entry_is_head(src, staged, list))
			break;
		if (damon_sysfs_installed_scheme(errand->context, index++))
			damos_swap_quota_goals(&s->quota, &src->quota);
		src = list_next_entry(src, list);
	}
	return 0;
}

/* The operations set changes with a commit only, and there is none now. */
static int commit_goals(struct damon_sysfs_kdamond *k,
			struct damon_sysfs_context *context)
{
	struct errand errand = { .ctx = k->ctx, .context = context };
	int ret;

	if (!damon_is_running(k->ctx))
		return -ECANCELED;
	errand.new = damon_sysfs_build_goals(context,
					     kobject_name(&k->node.kobj),
					     k->ctx->ops.id);
	if (IS_ERR(errand.new))
		return PTR_ERR(errand.new);
	ret = run(goals_fn, &errand);
	damon_destroy_ctx(errand.new);
	return ret;
}

static int stats_fn(void *data)
{
	struct errand *errand = data;

	guard(mutex)(&errand->context->node.locks->data);
	damon_sysfs_copy_stats(errand->context, errand->ctx);
	return 0;
}

static int update_stats(struct damon_sysfs_kdamond *k,
			struct damon_sysfs_context *context)
{
	struct errand errand = { .ctx = k->ctx, .context = context };

	return run(stats_fn, &errand);
}

static int effective_quotas_fn(void *data)
{
	struct errand *errand = data;

	guard(mutex)(&errand->context->node.locks->data);
	damon_sysfs_copy_effective_quotas(errand->context, errand->ctx);
	return 0;
}

static int update_effective_quotas(struct damon_sysfs_kdamond *k,
				   struct damon_sysfs_context *context)
{
	struct errand errand = { .ctx = k->ctx, .context = context };

	return run(effective_quotas_fn, &errand);
}

static int intervals_fn(void *data)
{
	struct errand *errand = data;

	guard(mutex)(&errand->context->node.locks->data);
	copy_intervals(errand->context, errand->ctx, false);
	return 0;
}

static int update_intervals(struct damon_sysfs_kdamond *k,
			    struct damon_sysfs_context *context)
{
	struct errand errand = { .ctx = k->ctx, .context = context };

	return run(intervals_fn, &errand);
}

static int update_tried_regions(struct damon_sysfs_kdamond *k,
				struct damon_sysfs_context *context)
{
	return damon_sysfs_walk_schemes(context, k->ctx, false);
}

static int update_tried_bytes(struct damon_sysfs_kdamond *k,
			      struct damon_sysfs_context *context)
{
	return damon_sysfs_walk_schemes(context, k->ctx, true);
}

static int clear_tried_regions(struct damon_sysfs_kdamond *k,
			       struct damon_sysfs_context *context)
{
	damon_sysfs_clear_tried_regions(context);
	return 0;
}

/*
 * Directories that were made since the last "on" or "commit" have the numbers of
 * others, which are gone.  Showing results leaves them alone, and succeeds all the
 * same: clients update everything that they may look at.
 */
static void say_fresh_context(struct damon_sysfs_kdamond *k,
			      struct damon_sysfs_context *context)
{
	if (!context->installed)
		pr_notice_ratelimited("kdamonds/%s/contexts/0: made since the last on or commit, shows nothing until the next\n",
				      kobject_name(&k->node.kobj));
}

static void say_fresh_schemes(struct damon_sysfs_kdamond *k,
			      struct damon_sysfs_context *context)
{
	for (unsigned int i = 0; i < context->schemes->nr_children; i++) {
		if (damon_sysfs_installed_scheme(context, i))
			continue;
		pr_notice_ratelimited("kdamonds/%s/contexts/0/schemes/%u: made since the last on or commit, shows nothing until the next\n",
				      kobject_name(&k->node.kobj), i);
		break;
	}
}

/*
 * What can be written to the state file.  All but "off" hold the tree's lock, and
 * have a context directory; @started ones also have a context, which may have
 * stopped.  @say_fresh tells who wonders why there are no results.
 */
struct command {
	const char *keyword;
	bool started;
	int (*carry_out)(struct damon_sysfs_kdamond *k,
			 struct damon_sysfs_context *context);
	void (*say_fresh)(struct damon_sysfs_kdamond *k,
			  struct damon_sysfs_context *context);
};

static const struct command commands[] = {
	{ "on", false, turn_on },
	{ "commit", true, commit },
	{ "commit_schemes_quota_goals", true, commit_goals },
	{ "update_schemes_stats", true, update_stats, say_fresh_schemes },
	{ "update_schemes_tried_bytes", true, update_tried_bytes,
	  say_fresh_schemes },
	{ "update_schemes_tried_regions", true, update_tried_regions,
	  say_fresh_schemes },
	{ "clear_schemes_tried_regions", false, clear_tried_regions },
	{ "update_schemes_effective_quotas", true, update_effective_quotas,
	  say_fresh_schemes },
	{ "update_tuned_intervals", true, update_intervals, say_fresh_context },
};

static const struct command *find_command(const char *buf)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		if (sysfs_streq(buf, commands[i].keyword))
			return &commands[i];
	return NULL;
}

static int obey(struct damon_sysfs_kdamond *k, const char *buf)
{
	const struct command *command = find_command(buf);
	struct damon_sysfs_context *context = only_context(k);
	int ret;

	if (!command || !context)
		return -EINVAL;
	if (command->started && !k->ctx)
		return -EINVAL;
	ret = command->carry_out(k, context);
	if (!ret && command->say_fresh)
		command->say_fresh(k, context);
	return ret;
}

/**
 * damon_sysfs_state_store() - Carry out a command.
 * @node:	Directory of the kdamond.
 * @buf:	The command.
 * @count:	Length of @buf.
 *
 * Return: @count, or an error.
 */
ssize_t damon_sysfs_state_store(struct damon_sysfs_node *node, const char *buf,
				size_t count)
{
	struct damon_sysfs_kdamond *k = to_kdamond(node);
	int ret;

	if (sysfs_streq(buf, "off"))
		return turn_off(k) ?: count;

	ret = damon_sysfs_trylock(&k->own);
	if (ret)
		return ret;
	ret = obey(k, buf);
	damon_sysfs_unlock(&k->own);
	return ret ?: count;
}

/**
 * damon_sysfs_state_show() - Say whether a kdamond runs.
 * @node:	Directory of the kdamond.
 * @buf:	Where to put it.
 *
 * Return: Length of the answer.
 */
ssize_t damon_sysfs_state_show(struct damon_sysfs_node *node, char *buf)
{
	struct damon_sysfs_kdamond *k = to_kdamond(node);
	bool running;

	scoped_guard(rwsem_read, &k->ctx_lock)
		running = k->ctx && damon_is_running(k->ctx);
	return sysfs_emit(buf, "%s\n", running ? "on" : "off");
}

/**
 * damon_sysfs_pid_show() - Say which process a kdamond is.
 * @node:	Directory of the kdamond.
 * @buf:	Where to put it.
 *
 * Return: Length of the answer.
 */
ssize_t damon_sysfs_pid_show(struct damon_sysfs_node *node, char *buf)
{
	struct damon_sysfs_kdamond *k = to_kdamond(node);
	int pid = -1;

	scoped_guard(rwsem_read, &k->ctx_lock)
		if (k->ctx)
			pid = damon_kdamond_pid(k->ctx);
	return sysfs_emit(buf, "%d\n", max(pid, -1));
}
