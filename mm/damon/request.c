// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to a running context: functions to call, and walks over the regions
 * that schemes act on.
 *
 * &damon_ctx.lock protects the queue of calls and the "closed" mark, and
 * &damon_ctx.walk_lock the walk.  Requests are accepted from damon_context_started()
 * to damon_close_requests() only, and each one that was accepted is completed,
 * canceled, or taken back: closing cancels all that are left.
 *
 * Requests lie on the stacks of those who wait.  A killed waiter takes its request back
 * if the kdamond has not begun with it, and otherwise waits until the function that
 * runs then returns.
 */
#include <linux/cleanup.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"
#include "sanity.h"

/* Somebody waits, who must not sit out the kdamond's sleep. */
static void wake_kdamond(struct damon_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);
	WRITE_ONCE(ctx->call_waiting, true);
	if (ctx->kdamond)
		wake_up_process(ctx->kdamond);
}

/* Takes back what the kdamond has not begun with.  Returns whether it could. */
static bool withdraw_call(struct damon_ctx *ctx,
			  struct damon_call_control *control)
{
	guard(mutex)(&ctx->lock);
	if (list_empty(&control->list))
		return false;
	list_del_init(&control->list);
	return true;
}

/* True if a kdamond refuses requests, but is not gone yet. */
static bool is_ending(struct damon_ctx *ctx)
{
	guard(mutex)(&ctx->lock);
	return ctx->closed && ctx->kdamond && ctx->kdamond != current;
}

/*
 * damon_call() for those whom an ending kdamond waits for: -ECANCELED does not mean that
 * it is gone.
 */
int damon_call_ending(struct damon_ctx *ctx, struct damon_call_control *control)
{
	bool repeat = control->repeat;

	init_completion(&control->completion);
	control->canceled = false;
	scoped_guard(mutex, &ctx->lock) {
		if (ctx->closed)
			return -ECANCELED;
		list_add_tail(&control->list, &ctx->calls);
		if (!repeat)
			wake_kdamond(ctx);
	}
	if (repeat)
		return 0;

	if (wait_for_completion_killable(&control->completion)) {
		if (withdraw_call(ctx, control))
			return -EINTR;
		wait_for_completion(&control->completion);
	}
	return control->canceled ? -ECANCELED : 0;
}

/**
 * damon_call() - Run a function in the kdamond of a context.
 * @ctx:	The context.
 * @control:	What to run.  Stays in use until the call was carried out or, with
 *		@control->repeat, until the kdamond ends.
 *
 * Without @control->repeat the function runs once, soon, and damon_call() waits
 * for it.  With it, damon_call() returns at once, and the function runs once per
 * sampling interval.  The function may use everything that is for workers; it
 * must neither wait for another request to the same context nor stop it.  The
 * caller must hold no lock that the function takes.  The context must not be destroyed
 * before damon_call() returns.
 *
 * Context: Anywhere but in the kdamond itself; with @control->repeat there, too.
 * Return: 0; -ECANCELED if the context does not run, which includes that it ended before
 * the call: its kdamond is gone, and has let go of the targets; or -EINTR if the caller
 * was killed before it, which says nothing about the context.  After an error
 * @control->fn was not called, and @control is the caller's again, also if it was to be
 * freed.
 */
int damon_call(struct damon_ctx *ctx, struct damon_call_control *control)
{
	int err = damon_call_ending(ctx, control);

	/* what is left for it to do takes no longer than a few locks */
	while (err == -ECANCELED && is_ending(ctx))
		schedule_timeout_idle(1);
	return err;
}

static int install_walk(struct damon_ctx *ctx,
			struct damos_walk_control *control)
{
	guard(mutex)(&ctx->walk_lock);
	guard(mutex)(&ctx->lock);
	if (ctx->closed)
		return -ECANCELED;
	if (ctx->walk)
		return -EBUSY;
	WRITE_ONCE(ctx->walk, control);
	/* in a pause there is nothing to be seen, and nothing to wait for */
	wake_kdamond(ctx);
	return 0;
}

/* Returns false if the walk has ended by itself. */
static bool withdraw_walk(struct damon_ctx *ctx,
			  struct damos_walk_control *control)
{
	/* nothing more is shown while the lock is waited for */
	WRITE_ONCE(control->given_up, true);
	guard(mutex)(&ctx->walk_lock);
	if (ctx->walk != control)
		return false;
	WRITE_ONCE(ctx->walk, NULL);
	return true;
}

/*
 * This may take an hour, in which the system has to be able to suspend.  Locks that
 * the caller holds are no obstacle as long as nobody sleeps on them.  Returns an
 * error if the caller is killed.
 */
static int wait_for_walk(struct damos_walk_control *control)
{
	return wait_for_completion_state(&control->completion, TASK_KILLABLE |
					 TASK_FREEZABLE_UNSAFE);
}

/**
 * damos_walk() - See the regions that the schemes of a context act on.
 * @ctx:	The context.
 * @control:	What to call for each of them.
 *
 * Each scheme's next complete pass is shown, so this takes up to the longest
 * apply interval.  The function must neither wait for another request to the
 * same context nor stop it, and had better be quick: the context does nothing else
 * meanwhile.  The caller must hold no lock that the function takes.  It may be
 * frozen while it waits, and should hold no lock that others sleep on.
 *
 * Context: Anywhere but in the kdamond itself.
 * Return: 0; -EBUSY if there is a walk already; -ECANCELED if the context does not
 * run, has no schemes, is paused, has all schemes switched off by watermarks, or
 * ended before the walk was complete; or -EINTR if the caller was killed before
 * that.  After an error, too, @control->walk_fn may have been called, but will not
 * be any more.
 */
int damos_walk(struct damon_ctx *ctx, struct damos_walk_control *control)
{
	int err;

	init_completion(&control->completion);
	control->canceled = false;
	control->given_up = false;
	control->begun = false;
	err = install_walk(ctx, control);
	if (err)
		return err;

	if (wait_for_walk(control)) {
		if (withdraw_walk(ctx, control))
			return -EINTR;
		wait_for_completion(&control->completion);
	}
	return control->canceled ? -ECANCELED : 0;
}

/* Finishes a call that ran, or never will.  @control may be gone afterwards. */
static void end_call(struct damon_call_control *control, bool canceled)
{
	if (!control->repeat) {
		control->canceled = canceled;
		complete(&control->completion);
	} else if (canceled) {
		control->canceled = true;
		if (control->dealloc_on_cancel)
			kfree(control);
	}
}

/* The first request of a queue, which cannot be taken back any more, or NULL. */
static struct damon_call_control *take_call(struct damon_ctx *ctx,
					    struct list_head *queue)
{
	struct damon_call_control *control;

	guard(mutex)(&ctx->lock);
	control = list_first_entry_or_null(queue, struct damon_call_control,
					   list);
	if (control)
		list_del_init(&control->list);
	return control;
}

/* Accepts no more requests, and cancels those that are left. */
void damon_close_requests(struct damon_ctx *ctx)
{
	struct damon_call_control *control, *next;

	scoped_guard(mutex, &ctx->lock)
		ctx->closed = true;
	list_for_each_entry_safe(control, next, &ctx->repeated, list) {
		list_del_init(&control->list);
		end_call(control, true);
	}
	while ((control = take_call(ctx, &ctx->calls)))
		end_call(control, true);
	damon_end_walk(ctx, true);
}

static void run_call(struct damon_ctx *ctx, struct damon_call_control *control)
{
	control->return_code = control->fn(control->data);
	damon_check_sanity(ctx);
}

/* Nobody takes these back, so they need no lock. */
static void run_repeated(struct damon_ctx *ctx)
{
	struct damon_call_control *control;

	list_for_each_entry(control, &ctx->repeated, list) {
		if (ctx->maybe_corrupted)
			return;
		run_call(ctx, control);
	}
}

/*
 * Runs the calls in order: all of them, or only those that somebody waits for.  Stops when
 * the context is found to be damaged; what is left is canceled on closing.
 *
 * What is queued just now is either waited for, and wakes the kdamond, or has its turn in
 * the next interval.
 */
void damon_serve_calls(struct damon_ctx *ctx, bool all)
{
	struct damon_call_control *control;
	LIST_HEAD(queue);

	if (all)
		run_repeated(ctx);
	if (list_empty(&ctx->calls) && !READ_ONCE(ctx->call_waiting))
		return;
	scoped_guard(mutex, &ctx->lock) {
		list_splice_init(&ctx->calls, &queue);
		WRITE_ONCE(ctx->call_waiting, false);
	}

	while (!ctx->maybe_corrupted && (control = take_call(ctx, &queue))) {
		if (all || !control->repeat)
			run_call(ctx, control);
		if (control->repeat)
			list_add_tail(&control->list, &ctx->repeated);
		else
			end_call(control, false);
	}

	scoped_guard(mutex, &ctx->lock)
		list_splice(&queue, &ctx->calls);
}

/* The walk that somebody waits for, or NULL. */
static struct damos_walk_control *current_walk(struct damon_ctx *ctx)
{
	lockdep_assert_held(&ctx->walk_lock);
	if (!ctx->walk || READ_ONCE(ctx->walk->given_up))
		return NULL;
	return ctx->walk;
}

/*
 * True if somebody wants to see the pass that begins now.  The first pass that a
 * walk sees is one for all schemes.
 */
bool damon_begin_walk(struct damon_ctx *ctx)
{
	struct damos_walk_control *walk;
	struct damos *s;

	guard(mutex)(&ctx->walk_lock);
	walk = current_walk(ctx);
	if (!walk)
		return false;
	if (!walk->begun)
		damon_for_each_scheme(s, ctx)
			s->walked = false;
	walk->begun = true;
	return true;
}

/* Shows a region to the walk, unless that has come in the middle of the pass. */
void damon_show_walk(struct damon_ctx *ctx, struct damon_target *t,
		     struct damon_region *r, struct damos *s,
		     unsigned long sz_filter_passed)
{
	struct damos_walk_control *walk;

	guard(mutex)(&ctx->walk_lock);
	walk = current_walk(ctx);
	if (walk && walk->begun)
		walk->walk_fn(walk->data, ctx, t, r, s, sz_filter_passed);
}

/* Finishes the walk, if there is one and, unless it is canceled, it has begun. */
void damon_end_walk(struct damon_ctx *ctx, bool canceled)
{
	struct damos_walk_control *walk;

	/* one that comes just now is ended the next time; none comes to who is closed */
	if (!READ_ONCE(ctx->walk))
		return;
	guard(mutex)(&ctx->walk_lock);
	walk = current_walk(ctx);
	if (!walk || !(canceled || walk->begun))
		return;
	WRITE_ONCE(ctx->walk, NULL);
	walk->canceled = canceled;
	complete(&walk->completion);
}
