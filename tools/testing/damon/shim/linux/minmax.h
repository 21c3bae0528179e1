/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's own: it checks types, which the one in tools/ does not. */
#ifndef _DAMON_SHIM_MINMAX_H
#define _DAMON_SHIM_MINMAX_H

#include <linux/compiler.h>

#ifndef statically_true
#define statically_true(x)	(__builtin_constant_p(x) && (x))
#endif
#ifndef __UNIQUE_ID
#define __UNIQUE_ID(prefix)	__PASTE(__UNIQUE_ID_##prefix, __COUNTER__)
#endif
#ifndef auto
#define auto			__auto_type
#endif
#include "../../../../../include/linux/minmax.h"

#endif /* _DAMON_SHIM_MINMAX_H */
