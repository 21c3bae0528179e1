/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of modules share: their parameters, and putting these back.
 */
#ifndef MODULES_LIB_H
#define MODULES_LIB_H

#include "damos_lib.h"

/* Paths of parameters, for put(), get() and their relatives. */
#define MODULES		"../../../../module"
#define PARAMS(module)	MODULES "/" module "/parameters"
#define RECLAIM		PARAMS("damon_reclaim")
#define LRU_SORT	PARAMS("damon_lru_sort")
#define STAT		PARAMS("damon_stat")

/* A parameter.  Without a default: a result. */
struct param {
	const char *name;
	const char *value;
};

extern const struct param reclaim_params[];
extern const struct param lru_sort_params[];
extern const struct param stat_params[];

int run_module_cases(const struct test_case *cases, size_t nr);
void reset_modules(void);
void stage_span(const char *dir, const char *memory, size_t size);
void change(const char *dir, const char *name, const char *value);

#endif /* MODULES_LIB_H */
