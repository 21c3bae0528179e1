/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When idle regions have their turn, for suites of operations sets.
 */
#ifndef _MM_DAMON_TESTS_TURNS_KUNIT_H
#define _MM_DAMON_TESTS_TURNS_KUNIT_H

#include "../looking.h"

/* Lets an idle region have its next turn in the tenth interval of a window. */
static inline void set_turn(struct damon_ctx *ctx, const struct damon_region *r)
{
	struct damon_looks looks;

	do {
		ctx->nr_windows++;
		ctx->nr_intervals = 9;
		damon_looks_begin(&looks, ctx);
	} while (damon_look_lasts(&looks, r));
	ctx->nr_intervals = 0;
}

#endif /* _MM_DAMON_TESTS_TURNS_KUNIT_H */
