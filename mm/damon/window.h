/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows: what the samples of an aggregation interval come to.
 */
#ifndef _MM_DAMON_WINDOW_H
#define _MM_DAMON_WINDOW_H

#include <linux/damon.h>

#include "rates.h"

void damon_close_window(struct damon_ctx *ctx);
void damon_open_window(struct damon_ctx *ctx);

/*
 * Counts an answered sample in a window of so many.  Timers may fit one more in, but
 * a full window is a full window.
 */
static inline void damon_count_answer(struct damon_region *r, bool accessed,
				      unsigned int window)
{
	if (r->nr_samples >= window)
		return;
	r->nr_samples++;
	if (accessed && r->nr_accesses < window)
		r->nr_accesses++;
}

#endif /* _MM_DAMON_WINDOW_H */
