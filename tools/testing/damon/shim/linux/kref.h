/* SPDX-License-Identifier: GPL-2.0 */
/* Only so that structures have their members: pure rooms share nothing. */
#ifndef _DAMON_SHIM_KREF_H
#define _DAMON_SHIM_KREF_H

struct kref {
	int unused;
};

#endif /* _DAMON_SHIM_KREF_H */
