// SPDX-License-Identifier: GPL-2.0
/*
 * How modules run: those that monitor all memory share a context.
 *
 * Its intervals and numbers of regions are the finest that one of them asks for, and the
 * thresholds of each go on meaning the times and rates that its parameters say.  Intervals
 * that are fixed come before those that tune themselves.  Who joins adds its schemes, and
 * who leaves takes them away.  What was found out about the memory stays.
 *
 * The kdamond does that, so that it needs no lock for what it uses.  Whoever asks it to waits
 * for it with the lock of parameters, which keeps everybody else out.
 *
 * Must not know how parameters are read, written and checked.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "module-common.h"

/* Who shares the context that runs, or ran last.  By the lock of parameters. */
static LIST_HEAD(users);

/**
 * damon_module_is_running() - Find out if a module is monitoring.
 * @m:	The module.
 *
 * Return: True if it is.
 */
bool damon_module_is_running(const struct damon_module *m)
{
	return m->ctx && damon_is_running(m->ctx);
}

/* sharing */

/* One of the others with the context. */
static struct damon_module *other_user(const struct damon_module *m)
{
	struct damon_module *other;

	list_for_each_entry(other, &users, user)
		if (other != m)
			return other;
	return NULL;
}

/* Fixed intervals are somebody's wish, those that tune themselves whatever is right. */
static void merge_intervals(struct damon_attrs *attrs, const struct damon_attrs *a)
{
	struct damon_intervals_goal *goal = &attrs->intervals_goal;
	bool tuned = goal->aggrs, other_tuned = a->intervals_goal.aggrs;

	if (!tuned && other_tuned)
		return;
	if (tuned && !other_tuned) {
		attrs->sample_interval = a->sample_interval;
		attrs->aggr_interval = a->aggr_interval;
		*goal = a->intervals_goal;
		return;
	}
	attrs->sample_interval = min(attrs->sample_interval, a->sample_interval);
	attrs->aggr_interval = min(attrs->aggr_interval, a->aggr_interval);
	goal->access_bp = min(goal->access_bp, a->intervals_goal.access_bp);
}

/**
 * damon_module_merge_attrs() - Make attributes do for all that share the context.
 * @m:		The module that they are for.
 * @attrs:	What it asks for.
 */
void damon_module_merge_attrs(const struct damon_module *m, struct damon_attrs *attrs)
{
	const struct damon_module *other;

	list_for_each_entry(other, &users, user) {
		const struct damon_attrs *a = &other->terms.attrs;

		if (other == m)
			continue;
		merge_intervals(attrs, a);
		attrs->min_nr_regions = max(attrs->min_nr_regions, a->min_nr_regions);
		attrs->max_nr_regions = max(attrs->max_nr_regions, a->max_nr_regions);
	}
}

/* Addresses mean the same to both, and both want all of them. */
static bool can_share(const struct damon_module *other, const struct damon_ctx *ctx,
		      const struct damon_module_terms *terms)
{
	return terms->all_ram && other->terms.all_ram &&
		ctx->addr_unit == other->ctx->addr_unit;
}

/* Those without schemes are there for results, whatever watermarks say. */
static void note_needs(struct damon_ctx *ctx)
{
	const struct damon_module *m;

	ctx->always_on = false;
	list_for_each_entry(m, &users, user)
		ctx->always_on |= !m->terms.nr_schemes;
}

/* statistics */

static void copy_stat(struct damos_stat *to, const struct damos_stat *from)
{
	WRITE_ONCE(to->nr_tried, from->nr_tried);
	WRITE_ONCE(to->sz_tried, from->sz_tried);
	WRITE_ONCE(to->nr_applied, from->nr_applied);
	WRITE_ONCE(to->sz_applied, from->sz_applied);
	WRITE_ONCE(to->qt_exceeds, from->qt_exceeds);
}

static void copy_stats(struct damon_module *m)
{
	unsigned int i;

	for (i = 0; i < m->terms.nr_schemes; i++)
		copy_stat(&m->stats[i], &m->schemes[i]->stat);
}

/* What the last run did counts further. */
static void continue_stats(struct damon_module *m)
{
	unsigned int i;

	for (i = 0; i < m->terms.nr_schemes; i++)
		copy_stat(&m->schemes[i]->stat, &m->stats[i]);
}

/* users */

/*
 * What a context was built for is in force with it from now on.  It has no schemes but those
 * of the module at the moment.
 */
static void adopt(struct damon_module *m, const struct damon_module_terms *terms)
{
	unsigned int i = 0;
	struct damos *s;

	m->terms = *terms;
	if (terms->all_ram)
		m->ram = terms->ram;
	damon_for_each_scheme(s, m->ctx)
		m->schemes[i++] = s;
}

static void add_user(struct damon_module *m, struct damon_ctx *ctx,
		     const struct damon_module_terms *terms)
{
	m->ctx = ctx;
	list_add_tail(&m->user, &users);
	adopt(m, terms);
	continue_stats(m);
}

/* Of a context that does not run. */
static void drop_user(struct damon_module *m)
{
	struct damon_ctx *ctx = m->ctx;

	copy_stats(m);
	list_del(&m->user);
	m->ctx = NULL;
	if (list_empty(&users))
		damon_destroy_ctx(ctx);
}

/* What is left of a run that has ended by itself. */
static void drop_users(void)
{
	struct damon_module *m, *next;

	list_for_each_entry_safe(m, next, &users, user)
		drop_user(m);
}

/* in the kdamond */

/* They mean the same whatever the intervals are now. */
static void set_thresholds(void)
{
	struct damon_module *m;
	unsigned int i;

	list_for_each_entry(m, &users, user)
		for (i = 0; i < m->terms.nr_schemes; i++)
			damon_module_set_thresholds(m->schemes[i], m->ctx, &m->terms);
}

/* Once per sampling interval. */
static int attend(void *data)
{
	struct damon_module *m;

	set_thresholds();
	list_for_each_entry(m, &users, user) {
		damon_module_follow_ram(m);
		copy_stats(m);
		if (m->collect)
			m->collect(m->ctx);
	}
	return 0;
}

static struct damon_call_control attendance = { .fn = attend, .repeat = true };

/* A module, and what it shall be like. */
struct change {
	struct damon_module *m;
	struct damon_ctx *ctx;			/* that runs */
	struct damon_ctx *new;
	struct damon_module_terms terms;	/* of the new one */
};

/* Moves the schemes of all users but one to a list, in order. */
static void move_schemes(const struct damon_module *but, struct list_head *to)
{
	struct damon_module *user;
	unsigned int i;

	list_for_each_entry(user, &users, user)
		for (i = 0; user != but && i < user->terms.nr_schemes; i++)
			list_move_tail(&user->schemes[i]->list, to);
}

/* Schemes of others are out of the way meanwhile, so the commit is about its own. */
static int join_or_change(void *data)
{
	struct change *change = data;
	struct damon_ctx *ctx = change->ctx;
	struct damon_module *m = change->m;
	LIST_HEAD(others);
	int err;

	move_schemes(m, &others);
	err = damon_hand_over_ctx(ctx, change->new);
	if (!err && m->ctx)
		adopt(m, &change->terms);
	else if (!err)
		add_user(m, ctx, &change->terms);
	move_schemes(NULL, &ctx->schemes);
	note_needs(ctx);
	set_thresholds();
	return err;
}

/* Tuned intervals stay, unless it is them that change. */
static void change_attrs(struct damon_ctx *ctx, const struct damon_attrs *old,
			 struct damon_attrs *new)
{
	if (!memcmp(old, new, sizeof(*old)))
		return;
	if (old->sample_interval == new->sample_interval &&
	    old->aggr_interval == new->aggr_interval &&
	    !memcmp(&old->intervals_goal, &new->intervals_goal, sizeof(old->intervals_goal))) {
		new->sample_interval = ctx->attrs.sample_interval;
		new->aggr_interval = ctx->attrs.aggr_interval;
	}
	damon_set_attrs(ctx, new);
}

/* There are others.  The intervals become what they can do with. */
static int leave(void *data)
{
	struct damon_module *m = data, *other = other_user(m);
	struct damon_attrs with = m->terms.attrs, without = other->terms.attrs;
	struct damon_ctx *ctx = m->ctx;
	unsigned int i;

	damon_module_merge_attrs(m, &with);
	copy_stats(m);
	for (i = 0; i < m->terms.nr_schemes; i++)
		damon_destroy_scheme(m->schemes[i]);
	list_del(&m->user);
	m->ctx = NULL;
	damon_module_merge_attrs(other, &without);
	change_attrs(ctx, &with, &without);
	note_needs(ctx);
	set_thresholds();
	return 0;
}

/* starting, changing and stopping */

static int do_nothing(void *data)
{
	return 0;
}

/* The first user.  Others can run contexts of their own beside it. */
static int begin(struct change *change)
{
	struct damon_call_control ready = { .fn = do_nothing };
	struct damon_module *m = change->m;
	struct damon_addr_range old = m->ram;
	struct damon_ctx *ctx = change->new;
	int err;

	add_user(m, ctx, &change->terms);
	note_needs(ctx);
	err = damon_start(&ctx, 1, false);
	/* served as soon as it is known that there is something to monitor */
	if (!err)
		err = damon_call(ctx, &ready);
	if (!err)
		err = damon_call(ctx, &attendance);
	if (err) {
		damon_module_stop(m);
		m->ram = old;
	}
	return err;
}

/* Another one, or another wish of one, by a parameter. */
static int order(struct change *change, const char *param)
{
	struct damon_call_control call = { .fn = join_or_change, .data = change };
	const struct damon_module *other = other_user(change->m);
	int err;

	if (!other || can_share(other, change->new, &change->terms)) {
		err = damon_call(change->ctx, &call) ?: call.return_code;
	} else {
		damon_module_refuse(change->m,
				    "%s: %s runs, on other addresses or in another unit",
				    param, other->name);
		err = -EBUSY;
	}
	damon_destroy_ctx(change->new);
	return err;
}

static int start(struct damon_module *m)
{
	struct damon_module *first = list_first_entry_or_null(&users, struct damon_module,
							      user);
	struct change change = { .m = m };

	if (first && !damon_module_is_running(first)) {
		drop_users();
		first = NULL;
	}
	change.new = damon_module_build(m, &change.terms);
	if (IS_ERR(change.new))
		return PTR_ERR(change.new);
	if (!first)
		return begin(&change);
	change.ctx = first->ctx;
	return order(&change, "enabled");
}

/**
 * damon_module_start() - Start a module with its parameters as they are.
 * @m:	The module, not running.
 *
 * What is in the way is logged.
 *
 * Return: 0 or an error.
 */
int damon_module_start(struct damon_module *m)
{
	int err = start(m);

	/* parameters, and other modules, have been named */
	if (err == -EBUSY && !other_user(m))
		damon_module_refuse(m, "enabled: a monitor runs that wants to be alone");
	else if (err && err != -EBUSY && err != -EINVAL)
		damon_module_refuse(m, "enabled: %pe", ERR_PTR(err));
	return err;
}

/**
 * damon_module_commit() - Put the parameters of a running module into force.
 * @m:	The module.
 *
 * Return: 0 or an error.
 */
int damon_module_commit(struct damon_module *m)
{
	struct change change = { .m = m, .ctx = m->ctx };

	if (!damon_module_is_running(m))
		return damon_module_refuse(m, "commit_inputs: it does not run");
	change.new = damon_module_build(m, &change.terms);
	if (IS_ERR(change.new))
		return PTR_ERR(change.new);
	return order(&change, "commit_inputs");
}

/**
 * damon_module_stop() - Stop a module.
 * @m:	The module, running or not.
 *
 * Afterwards its schemes have gone, and its kdamond if nobody shares it.
 *
 * Return: 0, or -EINTR if the caller was killed and others share the context.  It runs
 * on then.
 */
int damon_module_stop(struct damon_module *m)
{
	struct damon_call_control call = { .fn = leave, .data = m };
	struct damon_ctx *ctx = m->ctx;
	int err;

	if (!ctx)
		return 0;
	if (other_user(m)) {
		err = damon_call(ctx, &call);
		if (err != -ECANCELED)
			return err;
	} else {
		damon_stop(&ctx, 1);	/* fails if it ended by itself: fine */
	}
	drop_user(m);
	return 0;
}

/**
 * damon_module_init() - Make a module ready, and start it if it shall be.
 * @m:	The module.
 *
 * Parameters on the kernel command line came before.
 *
 * Context: An initcall behind those of subsystems.
 * Return: 0, or what is in the way of starting it.  It can be started later all the
 * same.
 */
int damon_module_init(struct damon_module *m)
{
	int err = 0;

	kernel_param_lock(THIS_MODULE);
	m->ready = true;
	if (m->on)
		err = damon_module_start(m);
	kernel_param_unlock(THIS_MODULE);
	return err;
}
