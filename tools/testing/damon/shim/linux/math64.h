/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In the kernel, __BIG_ENDIAN says what the machine is; the C library always
 * defines it, as a number.
 */
#ifndef _DAMON_SHIM_MATH64_H
#define _DAMON_SHIM_MATH64_H

#include <endian.h>
#include <asm-generic/bitsperlong.h>

#if __BYTE_ORDER == __LITTLE_ENDIAN
#pragma push_macro("__BIG_ENDIAN")
#undef __BIG_ENDIAN
#include "../../../../../include/linux/math64.h"
#pragma pop_macro("__BIG_ENDIAN")
#else
#include "../../../../../include/linux/math64.h"
#endif

#endif /* _DAMON_SHIM_MATH64_H */
