/* SPDX-License-Identifier: GPL-2.0 */
/* Only so that structures have their members: pure rooms take no lock. */
#ifndef _DAMON_SHIM_MUTEX_H
#define _DAMON_SHIM_MUTEX_H

struct mutex {
	int unused;
};

#endif /* _DAMON_SHIM_MUTEX_H */
