/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The address space of a process while a scheme is applied to it.
 */
#ifndef _MM_DAMON_VADDR_SPACE_H
#define _MM_DAMON_VADDR_SPACE_H

#include <linux/mmap_lock.h>
#include <linux/pid.h>
#include <linux/types.h>

#include "walk-leaves.h"

/**
 * struct damos_space - Address space that a scheme is applied to.
 * @mm:		The address space, with a reference of the owner of this.
 * @pid:	The process.
 * @patience_ns: How long to wait for the mmap lock.
 * @missed:	That was in vain.  What is left of the region is left alone.
 */
struct damos_space {
	struct mm_struct *mm;
	struct pid *pid;
	u64 patience_ns;
	bool missed;
};

bool damos_space_should_stop(const struct damos_space *space);
bool damos_space_lock(struct damos_space *space);
bool damos_space_ready(struct damos_space *space);
enum damon_leaf_kind damos_space_peek(struct damos_space *space,
				      struct damon_walk *walk,
				      unsigned long addr,
				      struct damon_leaf *leaf);

static inline void damos_space_unlock(struct damos_space *space)
{
	mmap_read_unlock(space->mm);
}

#endif /* _MM_DAMON_VADDR_SPACE_H */
