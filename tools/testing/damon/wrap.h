/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the linker (--wrap) makes callers of X reach as __wrap_X(), and
 * what they were before: __real_X().
 */
#ifndef _DAMON_WRAP_H
#define _DAMON_WRAP_H

#include <linux/compiler.h>
#include <linux/types.h>

u64 __real_mul_u64_add_u64_div_u64(u64 a, u64 b, u64 c, u64 d);
u64 __wrap_mul_u64_add_u64_div_u64(u64 a, u64 b, u64 c, u64 d);

void __noreturn __real__exit(int status);
void __noreturn __wrap__exit(int status);
/* of the compiler's run-time library */
void __gcov_dump(void);

#endif /* _DAMON_WRAP_H */
