/* SPDX-License-Identifier: GPL-2.0 */
/* Nobody else waits for the CPU. */
#ifndef _DAMON_SHIM_SCHED_H
#define _DAMON_SHIM_SCHED_H

static inline void cond_resched(void)
{
}

#endif /* _DAMON_SHIM_SCHED_H */
