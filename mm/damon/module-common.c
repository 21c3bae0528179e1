// SPDX-License-Identifier: GPL-2.0
/*
 * What modules have in common: they are built from parameters, started, changed
 * and stopped, and say what they are doing.  Must not know how parameters are read
 * and written.
 *
 * Parameters are checked once, when a context is built from them.  Error numbers
 * say little, so what is wrong goes to the kernel log, by the name of the
 * parameter.  What runs goes on as it was then.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "module-common.h"

static LIST_HEAD(modules);	/* by the lock of parameters */

/* messages */

static void say(const struct damon_module *m, const char *fmt, va_list *args)
{
	static struct ratelimit_state limit =
		RATELIMIT_STATE_INIT_FLAGS(limit, DEFAULT_RATELIMIT_INTERVAL,
					   DEFAULT_RATELIMIT_BURST,
					   RATELIMIT_MSG_ON_RELEASE);
	struct va_format vaf = { .fmt = fmt, .va = args };

	if (__ratelimit(&limit))
		pr_notice("%s: %pV\n", m->name, &vaf);
}

/**
 * damon_module_refuse() - Say which parameter is wrong.
 * @m:		The module.
 * @fmt:	Name of the parameter, and what is wrong.
 *
 * Return: -EINVAL.
 */
int damon_module_refuse(const struct damon_module *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(m, fmt, &args);
	va_end(args);
	return -EINVAL;
}

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

/* Name of what runs already. */
static const char *holder(void)
{
	struct damon_module *m;

	list_for_each_entry(m, &modules, list)
		if (damon_module_is_running(m))
			return m->name;
	return "another monitor";
}

/* What parameters are not to blame for.  Those have been named. */
static void complain(const struct damon_module *m, int err)
{
	if (err == -EBUSY)
		damon_module_refuse(m, "enabled: %s runs, and only one can",
				    holder());
	else if (err && err != -EINVAL)
		damon_module_refuse(m, "enabled: %pe", ERR_PTR(err));
}

/* building */

/* Windows in a time.  Some time is at least one, or what is unknown was cold. */
static unsigned int to_windows(unsigned long us, unsigned long aggr_interval)
{
	unsigned long windows = us / max(aggr_interval, 1UL);

	return clamp_t(unsigned long, windows, !!us, UINT_MAX);
}

/**
 * damon_module_add_scheme() - Add a scheme with the shared parameters.
 * @m:			The module.
 * @ctx:		The context that is built.
 * @action:		What to do.
 * @min_nr_accesses:	With memory that is accessed so often at least,
 * @max_nr_accesses:	and at most.  Zero: cold memory, so its age counts, too.
 * @limits:		What the module itself says about the quota.
 *
 * Return: The scheme, or NULL without memory.
 */
struct damos *damon_module_add_scheme(const struct damon_module *m,
				      struct damon_ctx *ctx,
				      enum damos_action action,
				      unsigned int min_nr_accesses,
				      unsigned int max_nr_accesses,
				      const struct damos_quota *limits)
{
	struct damos_access_pattern pattern = {
		.min_sz_region = ctx->min_region_sz,
		.max_sz_region = ULONG_MAX,
		.min_nr_accesses = min_nr_accesses,
		.max_nr_accesses = max_nr_accesses,
		.max_age_region = UINT_MAX,
	};
	struct damos_watermarks wmarks = m->params.wmarks;
	struct damos_quota quota = *limits;
	struct damos *s;

	if (!max_nr_accesses)
		pattern.min_age_region = to_windows(m->params.cold_age_us,
						    ctx->attrs.aggr_interval);
	quota.reset_interval = m->params.quota_reset_interval_ms;
	s = damon_new_scheme(&pattern, action, 0, &quota, &wmarks,
			     NUMA_NO_NODE);
	if (s)
		damon_add_scheme(ctx, s);
	return s;
}

/**
 * damon_module_add_goal() - Add a goal to a scheme's quota.
 * @s:			The scheme.
 * @metric:		What to measure.
 * @target:		What to reach.  Zero: the goal is not wanted.
 * @current_value:	What %DAMOS_QUOTA_USER_INPUT measures.
 *
 * Return: 0 or -ENOMEM.
 */
int damon_module_add_goal(struct damos *s, enum damos_quota_goal_metric metric,
			  unsigned long target, unsigned long current_value)
{
	struct damos_quota_goal *goal;

	if (!target)
		return 0;
	goal = damos_new_quota_goal(metric, target);
	if (!goal)
		return -ENOMEM;
	goal->current_value = current_value;
	damos_add_quota_goal(&s->quota, goal);
	return 0;
}

/**
 * damon_module_add_filter() - Keep a kind of memory out of a scheme.
 * @s:		The scheme.
 * @type:	Kind of memory.
 * @matching:	Keep out that kind (true), or all other (false).
 *
 * Return: 0 or -ENOMEM.
 */
int damon_module_add_filter(struct damos *s, enum damos_filter_type type,
			    bool matching)
{
	struct damos_filter *filter = damos_new_filter(type, matching, false);

	if (!filter)
		return -ENOMEM;
	damos_add_filter(s, filter);
	return 0;
}

static int set_attrs(const struct damon_module *m, struct damon_ctx *ctx)
{
	const struct damon_module_params *p = &m->params;
	struct damon_attrs attrs = {
		.sample_interval = p->sample_interval,
		.aggr_interval = p->aggr_interval,
		.min_nr_regions = p->min_nr_regions,
		.max_nr_regions = p->max_nr_regions,
	};

	if (!p->aggr_interval)
		return damon_module_refuse(m, "aggr_interval: zero");
	if (p->autotune) {
		attrs.sample_interval = 5 * USEC_PER_MSEC;
		attrs.aggr_interval = 100 * USEC_PER_MSEC;
		attrs.intervals_goal = (struct damon_intervals_goal) {
			.access_bp = p->access_bp,
			.aggrs = 3,
			.min_sample_us = 5 * USEC_PER_MSEC,
			.max_sample_us = 10 * USEC_PER_SEC,
		};
	}
	if (attrs.sample_interval > attrs.aggr_interval)
		return damon_module_refuse(m, "sample_interval: more than aggr_interval");
	if (p->min_nr_regions < 3)
		return damon_module_refuse(m, "min_nr_regions: less than 3");
	if (p->min_nr_regions > p->max_nr_regions)
		return damon_module_refuse(m, "max_nr_regions: less than min_nr_regions");
	return damon_set_attrs(ctx, &attrs);
}

static int set_unit(const struct damon_module *m, struct damon_ctx *ctx)
{
	unsigned long unit = m->params.addr_unit;

	if (!is_power_of_2(unit))
		return damon_module_refuse(m, "addr_unit: no power of two");
	ctx->addr_unit = unit;
	ctx->min_region_sz = damon_min_region_sz(unit);
	return 0;
}

static int check_wmarks(const struct damon_module *m)
{
	const struct damos_watermarks *wmarks = &m->params.wmarks;

	if (wmarks->mid > wmarks->high)
		return damon_module_refuse(m, "wmarks_mid: more than wmarks_high");
	if (wmarks->low > wmarks->mid)
		return damon_module_refuse(m, "wmarks_low: more than wmarks_mid");
	return 0;
}

/* Appends a target that commits remove the first one by. */
static int add_obsolete(struct damon_ctx *ctx)
{
	struct damon_target *t = damon_new_target();

	if (!t)
		return -ENOMEM;
	t->obsolete = true;
	damon_add_target(ctx, t);
	return 0;
}

/* @range is what it comes to. */
static int add_target(const struct damon_module *m, struct damon_ctx *ctx,
		      struct damon_addr_range *range)
{
	struct damon_target *t = damon_new_target();
	int err;

	if (!t)
		return -ENOMEM;
	damon_add_target(ctx, t);
	*range = m->params.range;
	if (range->start >= range->end && range->start)
		return damon_module_refuse(m,
					   "monitor_region_end: not behind monitor_region_start");
	err = damon_set_region_system_rams_default(t, &range->start,
						   &range->end, ctx->addr_unit,
						   ctx->min_region_sz);
	if (err == -EINVAL)
		damon_module_refuse(m, "monitor_region_start: no memory there");
	return err;
}

static int build_all(struct damon_module *m, struct damon_ctx *ctx,
		     struct damon_addr_range *range)
{
	int err = damon_select_ops(ctx, DAMON_OPS_PADDR);

	if (err)
		return damon_module_refuse(m, "no operations set for physical addresses");
	err = set_unit(m, ctx);
	if (!err)
		err = set_attrs(m, ctx);
	if (!err)
		err = check_wmarks(m);
	/* addresses known so far have another meaning now */
	if (!err && damon_module_is_running(m) && m->ctx->addr_unit != ctx->addr_unit)
		err = add_obsolete(ctx);
	if (!err)
		err = add_target(m, ctx, range);
	if (!err && m->build)
		err = m->build(m, ctx);
	return err;
}

/* A context as the parameters want it, or an error pointer. */
static struct damon_ctx *build(struct damon_module *m,
			       struct damon_addr_range *range)
{
	struct damon_ctx *ctx = damon_initialized() ? damon_new_ctx() : NULL;
	int err;

	if (!ctx)
		return ERR_PTR(-ENOMEM);
	err = build_all(m, ctx, range);
	if (!err)
		return ctx;
	damon_destroy_ctx(ctx);
	return ERR_PTR(err);
}

/* running */

static void copy_stats(struct damon_module *m)
{
	struct damos_stat *to = m->stats;
	struct damos *s;

	damon_for_each_scheme(s, m->ctx) {
		WRITE_ONCE(to->nr_tried, s->stat.nr_tried);
		WRITE_ONCE(to->sz_tried, s->stat.sz_tried);
		WRITE_ONCE(to->nr_applied, s->stat.nr_applied);
		WRITE_ONCE(to->sz_applied, s->stat.sz_applied);
		WRITE_ONCE(to->qt_exceeds, s->stat.qt_exceeds);
		to++;
	}
}

/* Once per sampling interval in the kdamond. */
static int attend(void *data)
{
	struct damon_module *m = data;
	struct damon_ctx *ctx = m->ctx;
	struct damos *s;

	damon_module_follow_ram(m);
	/* it is a time, whatever the intervals have been tuned to */
	damon_for_each_scheme(s, ctx)
		if (!s->pattern.max_nr_accesses)
			s->pattern.min_age_region =
				to_windows(m->cold_age_us,
					   ctx->attrs.aggr_interval);
	copy_stats(m);
	if (m->collect)
		m->collect(ctx);
	return 0;
}

/* What the last run did counts further. */
static void continue_stats(const struct damon_module *m, struct damon_ctx *ctx)
{
	const struct damos_stat *from = m->stats;
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		s->stat.nr_tried = from->nr_tried;
		s->stat.sz_tried = from->sz_tried;
		s->stat.nr_applied = from->nr_applied;
		s->stat.sz_applied = from->sz_applied;
		s->stat.qt_exceeds = from->qt_exceeds;
		from++;
	}
}

/**
 * damon_module_stop() - Stop a module.
 * @m:	The module, running or not.
 *
 * Afterwards its kdamond has gone.
 */
void damon_module_stop(struct damon_module *m)
{
	if (!m->ctx)
		return;
	damon_stop(&m->ctx, 1);		/* fails if it ended by itself: fine */
	copy_stats(m);
	damon_destroy_ctx(m->ctx);
	m->ctx = NULL;
}

/* Parameters, and what a context was built from besides, are in force from now on. */
static void adopt(struct damon_module *m, const struct damon_addr_range *range,
		  int nr_changes)
{
	m->cold_age_us = m->params.cold_age_us;
	m->all_ram = !m->params.range.start && !m->params.range.end;
	m->nr_ram_changes = nr_changes;
	if (m->all_ram)
		m->ram = *range;
}

static int do_nothing(void *data)
{
	return 0;
}

static int start(struct damon_module *m)
{
	struct damon_call_control ready = { .fn = do_nothing };
	int nr_changes = atomic_read(&damon_nr_ram_changes), err;
	struct damon_addr_range range, old = m->ram;
	struct damon_ctx *ctx = build(m, &range);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	damon_module_stop(m);
	continue_stats(m, ctx);
	adopt(m, &range, nr_changes);
	m->ctx = ctx;
	m->call.fn = attend;
	m->call.data = m;
	m->call.repeat = true;
	err = damon_start(&m->ctx, 1, true);
	/* served as soon as it is known that there is something to monitor */
	if (!err)
		err = damon_call(m->ctx, &ready);
	if (!err)
		err = damon_call(m->ctx, &m->call);
	if (err) {
		damon_module_stop(m);
		m->ram = old;
	}
	return err;
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

	complain(m, err);
	return err;
}

/* A running module, and what it shall be like. */
struct change {
	struct damon_module *m;
	struct damon_ctx *new;
	struct damon_addr_range range;
	int nr_ram_changes;
};

static int change(void *data)
{
	struct change *change = data;
	struct damon_module *m = change->m;
	int err = damon_commit_ctx(m->ctx, change->new);

	if (!err)
		adopt(m, &change->range, change->nr_ram_changes);
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
	struct change order = { .m = m };
	struct damon_call_control call = { .fn = change, .data = &order };
	int err;

	if (!damon_module_is_running(m))
		return damon_module_refuse(m, "commit_inputs: it does not run");
	order.nr_ram_changes = atomic_read(&damon_nr_ram_changes);
	order.new = build(m, &order.range);
	if (IS_ERR(order.new))
		return PTR_ERR(order.new);
	err = damon_call(m->ctx, &call) ?: call.return_code;
	damon_destroy_ctx(order.new);
	return err;
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
	list_add_tail(&m->list, &modules);
	m->ready = true;
	if (m->on)
		err = damon_module_start(m);
	kernel_param_unlock(THIS_MODULE);
	return err;
}

#ifdef CONFIG_DAMON_MODULES_KUNIT_TEST
#include "tests/module-kunit.h"
#endif
