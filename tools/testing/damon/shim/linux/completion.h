/* SPDX-License-Identifier: GPL-2.0 */
/* Only so that structures have their members: pure rooms wait for nobody. */
#ifndef _DAMON_SHIM_COMPLETION_H
#define _DAMON_SHIM_COMPLETION_H

struct completion {
	int unused;
};

#endif /* _DAMON_SHIM_COMPLETION_H */
