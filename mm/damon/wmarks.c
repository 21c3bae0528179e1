// SPDX-License-Identifier: GPL-2.0
/*
 * Watermarks: which schemes are on, and whether there is anything to monitor for.
 *
 * Does not know how what they look at is measured (metrics.c), nor what schemes do.
 */
#include <linux/jiffies.h>

#include "internal.h"

/* Switches a scheme.  Returns whether it is on. */
static bool watermarks_on(struct damos_watermarks *wmarks)
{
	unsigned long value;

	if (wmarks->metric == DAMOS_WMARK_NONE)
		return true;
	value = damos_wmark_value(wmarks->metric);
	if (value > wmarks->high || value < wmarks->low)
		wmarks->activated = false;
	else if (value < wmarks->mid)
		wmarks->activated = true;
	return wmarks->activated;
}

/*
 * Switches all schemes.  Returns 0 if monitoring is to go on, because there is a
 * scheme that is on or none at all; otherwise the time until the next look.
 */
u64 damos_wmarks_wait_ns(struct damon_ctx *ctx)
{
	u64 wait = U64_MAX;
	bool on = list_empty(&ctx->schemes);
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		if (watermarks_on(&s->wmarks))
			on = true;
		else
			wait = min(wait, damon_us_to_ns(s->wmarks.interval));
	}
	/* without an interval: not more often than once per tick */
	return on ? 0 : max_t(u64, wait, TICK_NSEC);
}
