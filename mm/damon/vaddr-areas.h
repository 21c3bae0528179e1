/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Regions of a process follow what it has mapped.
 */
#ifndef _MM_DAMON_VADDR_AREAS_H
#define _MM_DAMON_VADDR_AREAS_H

struct damon_ctx;

void damon_vaddr_init_areas(struct damon_ctx *ctx);
void damon_vaddr_update_areas(struct damon_ctx *ctx);

#endif /* _MM_DAMON_VADDR_AREAS_H */
