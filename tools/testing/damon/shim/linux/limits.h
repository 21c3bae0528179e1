/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DAMON_SHIM_LIMITS_H
#define _DAMON_SHIM_LIMITS_H

#include <limits.h>
#include "../../../../../include/vdso/limits.h"

#define U32_MAX		((u32)~0U)
#define U8_MAX		((u8)~0U)
#define U64_MAX		((u64)~0ULL)
#define S64_MAX		((s64)(U64_MAX >> 1))

#endif /* _DAMON_SHIM_LIMITS_H */
