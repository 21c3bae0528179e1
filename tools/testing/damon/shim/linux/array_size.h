/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DAMON_SHIM_ARRAY_SIZE_H
#define _DAMON_SHIM_ARRAY_SIZE_H

#define ARRAY_SIZE(arr)	(sizeof(arr) / sizeof((arr)[0]))

#endif /* _DAMON_SHIM_ARRAY_SIZE_H */
