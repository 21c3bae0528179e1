/* SPDX-License-Identifier: GPL-2.0 */
/* The test is the clock. */
#ifndef _DAMON_SHIM_KTIME_H
#define _DAMON_SHIM_KTIME_H

#include <linux/types.h>

u64 ktime_get_ns(void);

#endif /* _DAMON_SHIM_KTIME_H */
