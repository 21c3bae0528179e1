// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to a running context: functions to call, and walks over the regions
 * that schemes act on.
 *
 * &damon_ctx.lock protects the queue, the walk and the "closed" mark.  Requests
 * are accepted from damon_open_requests() to damon_close_requests() only, and
 * each one that was accepted is completed or canceled: closing cancels all that
 * are left under the same lock that accepting takes.  No callback runs under it.
 */
#include <linux/cleanup.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"

/* Somebody waits, who must not sit out the kdamond's sleep. */
static void wake_kdamond(struct damon_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);
	WRITE_ONCE(ctx->call_waiting, true);
	if (ctx->kdamond)
		wake_up_process(ctx->kdamond);
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
 * must neither wait for another request to the same context nor stop it.
 *
 * Context: Anywhere but in the kdamond itself; with @control->repeat there, too.
 * Return: 0, or -ECANCELED if the context does not run or ended before the call.
 */
int damon_call(struct damon_ctx *ctx, struct damon_call_control *control)
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

	wait_for_completion(&control->completion);
	return control->canceled ? -ECANCELED : 0;
}

/**
 * damos_walk() - See the regions that the schemes of a context act on.
 * @ctx:	The context.
 * @control:	What to call for each of them.
 *
 * Each scheme's next complete pass is shown, so this takes up to the longest
 * apply interval.  The function must neither wait for another request to the
 * same context nor stop it.
 *
 * Context: Anywhere but in the kdamond itself.
 * Return: 0, -EBUSY if there is a walk already, or -ECANCELED if the context does
 * not run, has no schemes, is paused, has all schemes switched off by
 * watermarks, or ended before the walk was complete.
 */
int damos_walk(struct damon_ctx *ctx, struct damos_walk_control *control)
{
	init_completion(&control->completion);
	control->canceled = false;
	scoped_guard(mutex, &ctx->lock) {
		if (ctx->closed)
			return -ECANCELED;
		if (ctx->walk)
			return -EBUSY;
		ctx->walk = control;
		/* in a pause there is nothing to be seen, and nothing to wait for */
		wake_kdamond(ctx);
	}

	wait_for_completion(&control->completion);
	return control->canceled ? -ECANCELED : 0;
}

/* From here on requests are accepted. */
void damon_open_requests(struct damon_ctx *ctx)
{
	guard(mutex)(&ctx->lock);
	ctx->closed = false;
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

/* Accepts no more requests, and cancels those that are left. */
void damon_close_requests(struct damon_ctx *ctx)
{
	struct damon_call_control *control, *next;
	LIST_HEAD(left);

	scoped_guard(mutex, &ctx->lock) {
		ctx->closed = true;
		list_splice_init(&ctx->calls, &left);
	}
	list_for_each_entry_safe(control, next, &left, list) {
		list_del_init(&control->list);
		end_call(control, true);
	}
	damon_end_walk(ctx, true);
}

/*
 * Runs the queued calls in order: all of them, or only those that somebody waits
 * for.  Repeated ones go back to the queue, in front of newer ones.  Stops when
 * the context is found to be damaged; what is left is canceled on closing.
 */
void damon_serve_calls(struct damon_ctx *ctx, bool all)
{
	struct damon_call_control *control, *next;
	LIST_HEAD(queue);
	LIST_HEAD(keep);

	scoped_guard(mutex, &ctx->lock) {
		list_splice_init(&ctx->calls, &queue);
		WRITE_ONCE(ctx->call_waiting, false);
	}

	list_for_each_entry_safe(control, next, &queue, list) {
		if (ctx->maybe_corrupted)
			break;
		if (control->repeat && !all) {
			list_move_tail(&control->list, &keep);
			continue;
		}
		control->return_code = control->fn(control->data);
		if (control->repeat) {
			list_move_tail(&control->list, &keep);
		} else {
			list_del_init(&control->list);
			end_call(control, false);
		}
	}

	list_splice_tail(&queue, &keep);
	scoped_guard(mutex, &ctx->lock)
		list_splice(&keep, &ctx->calls);
}

/* The walk that somebody waits for, or NULL.  It stays until damon_end_walk(). */
struct damos_walk_control *damon_get_walk(struct damon_ctx *ctx)
{
	guard(mutex)(&ctx->lock);
	return ctx->walk;
}

/* Finishes the walk, if there is one.  The next one starts from scratch. */
void damon_end_walk(struct damon_ctx *ctx, bool canceled)
{
	struct damos_walk_control *walk;
	struct damos *s;

	scoped_guard(mutex, &ctx->lock) {
		walk = ctx->walk;
		ctx->walk = NULL;
	}
	if (!walk)
		return;
	damon_for_each_scheme(s, ctx)
		s->walked = false;
	walk->canceled = canceled;
	complete(&walk->completion);
}
