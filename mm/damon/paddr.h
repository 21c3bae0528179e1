/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The schemes' part of the operations set for the physical address space.
 */
#ifndef _MM_DAMON_PADDR_H
#define _MM_DAMON_PADDR_H

#include "internal.h"

int damon_paddr_score(struct damon_ctx *ctx, struct damon_region *r,
		      struct damos *s);
unsigned long damon_paddr_apply_scheme(struct damon_ctx *ctx,
				       struct damon_target *t,
				       struct damon_region *r, struct damos *s,
				       unsigned long *sz_filter_passed);
unsigned long damon_paddr_size_on_node(struct damon_ctx *ctx,
				       struct damon_region *r, int nid,
				       unsigned long nr_looks,
				       unsigned long *sz_any_node);

#endif /* _MM_DAMON_PADDR_H */
