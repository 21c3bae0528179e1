/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DAMON_SHIM_TYPES_H
#define _DAMON_SHIM_TYPES_H

#include "../../../../include/linux/types.h"

#ifdef __SIZEOF_INT128__
#define u128	__uint128_t
#endif

#endif /* _DAMON_SHIM_TYPES_H */
