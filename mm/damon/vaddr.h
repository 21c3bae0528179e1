/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operations sets for virtual address spaces consist of: vaddr.c
 * samples, vaddr-schemes.c acts.
 */
#ifndef _MM_DAMON_VADDR_H
#define _MM_DAMON_VADDR_H

#include "internal.h"

int damon_vaddr_score(struct damon_ctx *ctx, struct damon_region *r,
		      struct damos *s);
unsigned long damon_vaddr_apply(struct damon_ctx *ctx, struct damon_target *t,
				struct damon_region *r, struct damos *s,
				unsigned long *sz_filter_passed);

#endif /* _MM_DAMON_VADDR_H */
