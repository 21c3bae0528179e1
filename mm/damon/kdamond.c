// SPDX-License-Identifier: GPL-2.0
/*
 * kdamond: the thread that runs one context.
 *
 * Knows the schedule: when to sample, aggregate, update, tune, apply and serve.
 * How each of them works is in the rooms below.
 *
 * All deadlines are absolute times.  A sample that comes late because the CPU
 * was busy makes neither the window longer nor the next sample later; the window
 * has fewer samples then, which damon_close_window() accounts for.
 */
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>

#include "cutting.h"
#include "debugfs.h"
#include "internal.h"
#include "sanity.h"
#include "window.h"

#define CREATE_TRACE_POINTS
#include <trace/events/damon.h>

/* sleeping */

/* How late a wake-up may be: a fraction of the interval, so timers can share. */
static u64 timer_slack_ns(u64 interval)
{
	return min_t(u64, interval / 64, NSEC_PER_SEC);
}

static bool has_to_go(struct damon_ctx *ctx)
{
	return kthread_should_stop() || ctx->maybe_corrupted;
}

/*
 * Sleeps until a time that @deadline points to, which requests may change.
 * Requests that somebody waits for are served meanwhile; with @once, they end
 * the sleep.  Returns whether it is that time.
 */
static bool sleep_until(struct damon_ctx *ctx, const u64 *deadline, u64 interval,
			bool once)
{
	while (!has_to_go(ctx)) {
		/* ktime_t is signed: what is farther off would have been long ago */
		ktime_t expires = ns_to_ktime(min_t(u64, *deadline, KTIME_MAX));
		int woken = 1;

		set_current_state(TASK_IDLE);
		if (!kthread_should_stop() && !READ_ONCE(ctx->call_waiting))
			woken = schedule_hrtimeout_range(&expires,
							 timer_slack_ns(interval),
							 HRTIMER_MODE_ABS);
		__set_current_state(TASK_RUNNING);
		if (!woken)
			return true;
		if (READ_ONCE(ctx->call_waiting)) {
			damon_serve_calls(ctx, false);
			if (once)
				return false;
			/* calls without an end must not put it off */
			if (ktime_get_ns() >= *deadline)
				return !has_to_go(ctx);
		}
	}
	return false;
}

static u64 sample_interval_ns(struct damon_ctx *ctx)
{
	return damon_us_to_ns(max(ctx->attrs.sample_interval, 1UL));
}

/* what monitoring costs */

static u64 cpu_clock_ns(void)
{
	return task_sched_runtime(current);
}

/* From now on it is another window that costs something. */
static void begin_costs(struct damon_ctx *ctx)
{
	ctx->cpu_ns = cpu_clock_ns();
	ctx->nr_turns = 0;
}

/* CPU time of one of this window's sampling intervals. */
static u64 turn_cost_ns(struct damon_ctx *ctx)
{
	return div_u64(cpu_clock_ns() - ctx->cpu_ns, max(ctx->nr_turns, 1U));
}

/* Since @since, CPU time went into what @sum is about.  Returns how much. */
static u64 charge(u64 *sum, u64 since)
{
	u64 spent = cpu_clock_ns() - since;

	*sum += spent;
	return spent;
}

/* the schedule */

static void begin_schedule(struct damon_ctx *ctx)
{
	struct damos *s;

	begin_costs(ctx);
	ctx->now = ktime_get_ns();
	ctx->samples_ns = 0;
	ctx->checked_ns = ctx->now;
	ctx->next_sample_ns = ctx->now + sample_interval_ns(ctx);
	ctx->next_aggregation_ns = ctx->now +
		damon_us_to_ns(ctx->attrs.aggr_interval);
	ctx->next_ops_update_ns = ctx->now +
		damon_us_to_ns(ctx->attrs.ops_update_interval);
	damon_for_each_scheme(s, ctx)
		s->next_apply_ns = ctx->now + damos_apply_interval_ns(ctx, s);
}

/* For a time in which nothing was monitored, the clock stood still. */
static void skip_time(struct damon_ctx *ctx, u64 since)
{
	u64 skipped = ktime_get_ns() - since;
	struct damos *s;

	/* what is damaged is not to be looked at, and what ends needs no schedule */
	if (has_to_go(ctx))
		return;
	ctx->now += skipped;
	ctx->next_sample_ns += skipped;
	ctx->next_aggregation_ns += skipped;
	ctx->next_ops_update_ns += skipped;
	damon_for_each_scheme(s, ctx)
		s->next_apply_ns += skipped;
}

/*
 * Sleeps without monitoring, and serves requests.  One that somebody waits for
 * ends it: it may have changed what is waited for, or be a walk that will not
 * see anything.
 */
static void idle_for(struct damon_ctx *ctx, u64 ns)
{
	u64 deadline = ktime_get_ns() + ns;

	damon_end_walk(ctx, true);
	if (sleep_until(ctx, &deadline, ns, true))
		damon_serve_calls(ctx, true);
}

/* Nobody has looked for a while, so memory that was cold may have been used meanwhile. */
static void forget_ages(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	if (has_to_go(ctx))
		return;
	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			damon_begin_age(r);
}

/* Switches schemes.  Returns for how long not to monitor, 0: it goes on. */
static u64 watermarks_wait_ns(struct damon_ctx *ctx)
{
	u64 wait = damos_wmarks_wait_ns(ctx);

	if (!wait || !ctx->always_on)
		return wait;
	/* no scheme will show anything */
	damon_end_walk(ctx, true);
	return 0;
}

/*
 * Waits while watermarks have switched all schemes off.  Unlike a pause, that is nothing
 * that somebody has asked for who knows how long it has been.
 */
static void wait_for_watermarks(struct damon_ctx *ctx)
{
	u64 wait = watermarks_wait_ns(ctx), since;

	if (!wait)
		return;
	since = ktime_get_ns();
	damon_forget_samples(ctx);
	do {
		idle_for(ctx, wait);
	} while (!has_to_go(ctx) && (wait = watermarks_wait_ns(ctx)));
	skip_time(ctx, since);
	forget_ages(ctx);
}

/* Waits while the context is paused. */
static void wait_for_resume(struct damon_ctx *ctx)
{
	u64 since;

	if (!ctx->pause)
		return;
	since = ktime_get_ns();
	damon_forget_samples(ctx);
	while (!has_to_go(ctx) && ctx->pause)
		idle_for(ctx, sample_interval_ns(ctx));
	skip_time(ctx, since);
}

/* one turn */

static void trace_window(struct damon_ctx *ctx)
{
	unsigned int nr_probes = damon_nr_probes(ctx);
	unsigned long idx = 0;
	struct damon_target *t;
	struct damon_region *r;

	if (!trace_damon_aggregated_enabled() &&
	    !trace_damon_region_aggregated_enabled())
		return;
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			trace_damon_aggregated(idx, r, t->nr_regions);
			trace_damon_region_aggregated(idx, r, t->nr_regions,
						      nr_probes);
		}
		idx++;
	}
}

/* For operations sets: samples that are begun in a row from now on end in an interval. */
void damon_note_samples(struct damon_ctx *ctx)
{
	ctx->samples_ns = ktime_get_ns();
}

/*
 * A sample says whether there was an access in one interval, so it is to last that long,
 * whatever has come between.  If that took more than an interval, the samples that were
 * begun before would last too long, and are dropped.
 *
 * A kdamond that cannot keep up sleeps nevertheless: others may wait for that.
 */
static void begin_samples(struct damon_ctx *ctx)
{
	u64 interval = sample_interval_ns(ctx), now = ktime_get_ns();

	if (now - ctx->checked_ns >= interval)
		damon_drop_samples(ctx);
	if (ctx->ops.prepare_access_checks && !damon_attrs_only(ctx))
		ctx->ops.prepare_access_checks(ctx);

	ctx->next_sample_ns = max(ctx->next_sample_ns, ctx->samples_ns + interval -
				  timer_slack_ns(interval));
	now = ktime_get_ns();
	if (ctx->next_sample_ns <= now)
		ctx->next_sample_ns = now + interval;
}

/* Returns false if the kdamond has to go. */
static bool sample(struct damon_ctx *ctx)
{
	begin_samples(ctx);
	sleep_until(ctx, &ctx->next_sample_ns, sample_interval_ns(ctx), false);
	/* the shortest sleeps may be over before they begin */
	cond_resched_tasks_rcu_qs();
	ctx->now = ktime_get_ns();
	damon_advance(ctx, &ctx->next_sample_ns, sample_interval_ns(ctx));
	if (has_to_go(ctx))
		return false;
	if (ctx->ops.check_accesses && !damon_attrs_only(ctx))
		ctx->ops.check_accesses(ctx);
	if (damon_has_probes(ctx))
		ctx->ops.apply_probes(ctx);
	ctx->checked_ns = ktime_get_ns();
	return true;
}

/* A window is over, and its results are final. */
static void end_window(struct damon_ctx *ctx)
{
	u64 since = cpu_clock_ns();

	damon_close_window(ctx);
	damon_check_sanity(ctx);
	charge(&ctx->costs.windows_ns, since);
}

/* What is left to do at the end of a window once everybody has seen it. */
static void begin_window(struct damon_ctx *ctx)
{
	u64 since = cpu_clock_ns();

	trace_window(ctx);
	ctx->costs.nr_intervals = ctx->nr_intervals;
	ctx->costs.interval_ns = turn_cost_ns(ctx);
	/* before the intervals change, so that what is left of this one follows */
	damon_advance(ctx, &ctx->next_aggregation_ns,
		      damon_us_to_ns(ctx->attrs.aggr_interval));
	if (damon_tune_intervals(ctx, ctx->costs.interval_ns))
		trace_damon_monitor_intervals_tune(ctx->attrs.sample_interval);
	begin_costs(ctx);
	damon_open_window(ctx);
	damon_cut_regions(ctx);
	damon_check_sanity(ctx);
	charge(&ctx->costs.windows_ns, since);
}

/* There is a scheme whose time has come. */
static bool any_scheme_due(struct damon_ctx *ctx)
{
	struct damos *s;

	damon_for_each_scheme(s, ctx)
		if (ctx->now >= damos_next_apply_ns(ctx, s))
			return true;
	return false;
}

/*
 * Schemes can take longer than it is to the next deadlines.  A window would be over as soon
 * as it opens, and a scheme be due again before there was any sample.
 */
static void apply_schemes(struct damon_ctx *ctx)
{
	struct damos *s;
	u64 since;

	if (!any_scheme_due(ctx))
		return;
	since = cpu_clock_ns();
	damos_apply_schemes(ctx);
	/* what they change costs whatever the intervals are */
	ctx->cpu_ns += charge(&ctx->costs.schemes_ns, since);
	ctx->now = ktime_get_ns();
	damon_for_each_scheme(s, ctx)
		if (s->due && s->next_apply_ns <= ctx->now)
			damos_advance(ctx, s);
}

static void update(struct damon_ctx *ctx)
{
	u64 since = cpu_clock_ns();

	damon_advance(ctx, &ctx->next_ops_update_ns,
		      damon_us_to_ns(ctx->attrs.ops_update_interval));
	if (ctx->ops.update)
		ctx->ops.update(ctx);
	damon_check_sanity(ctx);
	charge(&ctx->costs.updates_ns, since);
}

static void turn(struct damon_ctx *ctx)
{
	bool window_over;

	ctx->nr_turns++;
	if (!sample(ctx))
		return;

	window_over = ctx->now >= ctx->next_aggregation_ns;
	if (window_over)
		end_window(ctx);

	damon_serve_calls(ctx, true);
	wait_for_resume(ctx);
	if (has_to_go(ctx))
		return;

	if (list_empty(&ctx->schemes))
		damon_end_walk(ctx, true);
	else
		apply_schemes(ctx);

	if (window_over)
		begin_window(ctx);
	if (ctx->now >= ctx->next_ops_update_ns)
		update(ctx);
}

/* A kdamond.  @data is the context; debugging scripts rely on that. */
int damon_kdamond_fn(void *data)
{
	struct damon_ctx *ctx = data;
	struct dentry *shown;

	ctx->maybe_corrupted = false;
	begin_schedule(ctx);
	memset(&ctx->costs, 0, sizeof(ctx->costs));
	damon_context_started(ctx);
	shown = damon_debugfs_show(ctx);

	/* this may wait for locks of others, and nobody is to wait for it */
	if (ctx->ops.init)
		ctx->ops.init(ctx);
	damon_enforce_min_nr_regions(ctx);
	damon_check_sanity(ctx);
	while (!has_to_go(ctx) && damon_has_valid_target(ctx)) {
		wait_for_watermarks(ctx);
		wait_for_resume(ctx);
		if (!has_to_go(ctx))
			turn(ctx);
	}

	damon_destroy_targets(ctx);
	damon_close_requests(ctx);
	damon_debugfs_hide(shown);
	damon_context_stopped(ctx);
	return 0;
}
