/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page table entries, without locks.  See lockless.c for why that is safe.
 *
 * Coarse entries are those of PUDs, fine ones those of PMDs.
 */
#ifndef _MM_DAMON_LOCKLESS_H
#define _MM_DAMON_LOCKLESS_H

#include <linux/mm.h>

struct damon_addr_range;
struct damon_touched;

#ifdef CONFIG_X86_64
bool damon_lockless_works(struct mm_struct *mm);
unsigned int damon_lockless_arm_coarse(struct mm_struct *mm,
				       const struct damon_addr_range *range);
unsigned int damon_lockless_look_coarse(struct mm_struct *mm,
					const struct damon_addr_range *range,
					struct damon_touched *touched);
unsigned int damon_lockless_arm_fine(struct mm_struct *mm,
				     const struct damon_addr_range *range,
				     unsigned long *leaves);
unsigned int damon_lockless_look_fine(struct mm_struct *mm,
				      const struct damon_addr_range *range,
				      unsigned long *bits);
#else
static inline bool damon_lockless_works(struct mm_struct *mm)
{
	return false;
}

static inline unsigned int
damon_lockless_arm_coarse(struct mm_struct *mm,
			  const struct damon_addr_range *range)
{
	return 0;
}

static inline unsigned int
damon_lockless_look_coarse(struct mm_struct *mm,
			   const struct damon_addr_range *range,
			   struct damon_touched *touched)
{
	return 0;
}

static inline unsigned int
damon_lockless_arm_fine(struct mm_struct *mm, const struct damon_addr_range *range,
			unsigned long *leaves)
{
	return 0;
}

static inline unsigned int
damon_lockless_look_fine(struct mm_struct *mm,
			 const struct damon_addr_range *range, unsigned long *bits)
{
	return 0;
}
#endif

#endif /* _MM_DAMON_LOCKLESS_H */
