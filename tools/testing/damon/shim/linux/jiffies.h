/* SPDX-License-Identifier: GPL-2.0 */
/* A clock that ticks 250 times per second. */
#ifndef _DAMON_SHIM_JIFFIES_H
#define _DAMON_SHIM_JIFFIES_H

#define TICK_NSEC	4000000UL

#endif /* _DAMON_SHIM_JIFFIES_H */
