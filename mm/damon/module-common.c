// SPDX-License-Identifier: GPL-2.0
/*
 * What modules have in common: contexts are built from their parameters, and they say what
 * is wrong with these.  Must not know how parameters are read and written, nor who shares
 * what.
 *
 * Parameters are checked once, when a context is built from them.  Error numbers
 * say little, so what is wrong goes to the kernel log, by the name of the
 * parameter.  What runs goes on as it was then.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "module-common.h"

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

/* building */

/* Windows in a time.  Some time is at least one, or what is unknown was cold. */
static unsigned int to_windows(unsigned long us, unsigned long aggr_interval)
{
	unsigned long windows = us / max(aggr_interval, 1UL);

	return clamp_t(unsigned long, windows, !!us, UINT_MAX);
}

/* Accesses per window that are a rate.  Only no rate is none. */
static unsigned int to_nr_accesses(unsigned long permil, const struct damon_attrs *attrs)
{
	u64 max_nr = damon_max_nr_accesses(attrs);

	return max_t(u64, div_u64(max_nr * permil, PERMIL), !!permil);
}

/* Hot memory is hot up to any rate. */
static bool is_for_hot(const struct damos *s)
{
	return s->pattern.max_nr_accesses;
}

/**
 * damon_module_set_thresholds() - Make a scheme's thresholds mean what was asked for.
 * @s:		The scheme.
 * @ctx:	Its context, whose intervals they are in.
 * @terms:	What was asked for.
 *
 * Context: Setup, or worker.
 */
void damon_module_set_thresholds(struct damos *s, const struct damon_ctx *ctx,
				 const struct damon_module_terms *terms)
{
	if (is_for_hot(s))
		s->pattern.min_nr_accesses = to_nr_accesses(terms->hot_permil, &ctx->attrs);
	else
		s->pattern.min_age_region = to_windows(terms->cold_age_us,
						       ctx->attrs.aggr_interval);
}

/**
 * damon_module_add_scheme() - Add a scheme with the shared parameters.
 * @m:			The module.
 * @ctx:		The context that is built.
 * @action:		What to do,
 * @hot:		with memory that is accessed at some rate at least (true), or
 *			with memory that was not for some time (false).
 * @limits:		What the module itself says about the quota.
 *
 * Return: The scheme, or NULL without memory.
 */
struct damos *damon_module_add_scheme(const struct damon_module *m,
				      struct damon_ctx *ctx,
				      enum damos_action action, bool hot,
				      const struct damos_quota *limits)
{
	struct damos_access_pattern pattern = {
		.min_sz_region = ctx->min_region_sz,
		.max_sz_region = ULONG_MAX,
		.max_nr_accesses = hot ? UINT_MAX : 0,
		.max_age_region = UINT_MAX,
	};
	struct damon_module_terms terms = {
		.cold_age_us = m->params.cold_age_us,
		.hot_permil = m->params.hot_permil,
	};
	struct damos_watermarks wmarks = m->params.wmarks;
	struct damos_quota quota = *limits;
	struct damos *s;

	quota.reset_interval = m->params.quota_reset_interval_ms;
	s = damon_new_scheme(&pattern, action, 0, &quota, &wmarks,
			     NUMA_NO_NODE);
	if (!s)
		return NULL;
	damon_module_set_thresholds(s, ctx, &terms);
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

static int set_attrs(const struct damon_module *m, struct damon_ctx *ctx,
		     struct damon_module_terms *terms)
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
	terms->attrs = attrs;
	damon_module_merge_attrs(m, &attrs);
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
		     struct damon_module_terms *terms)
{
	int err = damon_select_ops(ctx, DAMON_OPS_PADDR);
	struct damos *s;

	if (err)
		return damon_module_refuse(m, "no operations set for physical addresses");
	err = set_unit(m, ctx);
	if (!err)
		err = set_attrs(m, ctx, terms);
	if (!err)
		err = check_wmarks(m);
	/* addresses known so far have another meaning now */
	if (!err && damon_module_is_running(m) && m->ctx->addr_unit != ctx->addr_unit)
		err = add_obsolete(ctx);
	if (!err)
		err = add_target(m, ctx, &terms->ram);
	if (!err && m->build)
		err = m->build(m, ctx);
	damon_for_each_scheme(s, ctx) {
		terms->quota_sz = s->quota.sz;
		terms->nr_schemes++;
	}
	return err;
}

/**
 * damon_module_build() - Make a context as the parameters want it.
 * @m:		The module.
 * @terms:	What will be in force with it.
 *
 * Its intervals and numbers of regions do for others that monitor all memory now, too.
 *
 * Return: The context, or an error pointer.
 */
struct damon_ctx *damon_module_build(struct damon_module *m,
				     struct damon_module_terms *terms)
{
	struct damon_ctx *ctx = damon_initialized() ? damon_new_ctx() : NULL;
	int err;

	if (!ctx)
		return ERR_PTR(-ENOMEM);
	*terms = (struct damon_module_terms){
		.cold_age_us = m->params.cold_age_us,
		.hot_permil = m->params.hot_permil,
		.refault_bp = m->params.refault_bp,
		.all_ram = !m->params.range.start && !m->params.range.end,
		.nr_ram_changes = atomic_read(&damon_nr_ram_changes),
	};
	err = build_all(m, ctx, terms);
	if (!err)
		return ctx;
	damon_destroy_ctx(ctx);
	return ERR_PTR(err);
}

#ifdef CONFIG_DAMON_MODULES_KUNIT_TEST
#include "tests/module-kunit.h"
#endif
