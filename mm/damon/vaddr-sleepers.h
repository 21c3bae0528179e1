/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that sleep access nothing, so nobody has to look.
 */
#ifndef _MM_DAMON_VADDR_SLEEPERS_H
#define _MM_DAMON_VADDR_SLEEPERS_H

#include <linux/types.h>

struct damon_target;
struct mm_struct;

bool damon_vaddr_slept(struct damon_target *t, unsigned int *nr_users);
void damon_vaddr_find_others(struct damon_target *t, struct mm_struct *mm,
			     unsigned int nr_users);

#endif /* _MM_DAMON_VADDR_SLEEPERS_H */
