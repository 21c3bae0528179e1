/* SPDX-License-Identifier: GPL-2.0 */
/* A warning ends the program: nothing that warns passes a test. */
#ifndef _DAMON_SHIM_BUG_H
#define _DAMON_SHIM_BUG_H

#include <stdio.h>
#include <stdlib.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>

#define WARN_ON(condition) ({						\
	bool __warn = (condition);					\
	if (__warn) {							\
		fprintf(stderr, "%s:%d: warning: %s\n", __FILE__,	\
			__LINE__, #condition);				\
		abort();						\
	}								\
	__warn;								\
})
#define WARN_ON_ONCE(condition)	WARN_ON(condition)

#endif /* _DAMON_SHIM_BUG_H */
