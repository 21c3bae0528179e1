// SPDX-License-Identifier: GPL-2.0
/*
 * The part of the rule for looking (looking.h) that is for a window, not for a region.
 *
 * A pure room.
 */
#include <linux/kernel.h>

#include "looking.h"

static void begin(struct damon_looks *looks, struct damon_ctx *ctx)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs);

	*looks = (struct damon_looks) {
		.ctx = ctx,
		.window = window,
		.tick = ctx->nr_intervals,
		.turn = ctx->nr_intervals + ctx->nr_windows,
		.span = clamp(window / 2, 1, max(ctx->look_span, 1U)),
		.still_span = max(window / 2, 1),
		.last = damon_window_ended(ctx),
	};
	damon_looks_of_target(looks);
}

/**
 * damon_looks_begin() - Begin the looks of an interval that has just ended.
 * @looks:	To be filled in.
 * @ctx:	The context.
 *
 * Context: Worker.
 */
void damon_looks_begin(struct damon_looks *looks, struct damon_ctx *ctx)
{
	ctx->nr_intervals++;
	begin(looks, ctx);
}

/**
 * damon_looks_resume() - Go on with the looks of an interval.
 * @looks:	To be filled in.
 * @ctx:	The context.
 *
 * For who tests samples, and begins the next ones later: of another window, maybe.
 *
 * Context: Worker.
 */
void damon_looks_resume(struct damon_looks *looks, struct damon_ctx *ctx)
{
	begin(looks, ctx);
	looks->last = false;
}

/* Thousandths of a look that regions want in an interval. */
static u64 looks_wanted(const struct damon_looks *looks)
{
	struct damon_target *t;
	struct damon_region *r;
	u64 wanted = 0;

	damon_for_each_target(t, looks->ctx)
		damon_for_each_region(r, t)
			wanted += 1000 / damon_look_span(looks, r);
	return wanted;
}

/**
 * damon_plan_looks() - Decide how often regions are looked at in a window.
 * @ctx:	The context, whose window has been opened and whose regions were cut.
 *
 * Context: Worker.
 */
void damon_plan_looks(struct damon_ctx *ctx)
{
	struct damon_looks looks;

	ctx->look_span = 1;
	begin(&looks, ctx);
	ctx->look_span = clamp_t(u64, div64_ul(div_u64(looks_wanted(&looks), 1000),
					       damon_room(ctx)) + 1, 1, UINT_MAX);
}
