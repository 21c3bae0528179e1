/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of schemes share: memory whose state is known, schemes for it,
 * and the parts of the machine that they need.
 */
#ifndef DAMOS_LIB_H
#define DAMOS_LIB_H

#include <linux/kernel-page-flags.h>

#include "sysfs_lib.h"

#define MIB		(1024UL * 1024)
#define HUGE		(2 * MIB)

#define TRACING		"/sys/kernel/tracing"
#define EVENTS		TRACING "/events/damon"

#define QUOTAS		S0 "/quotas"
#define GOALS		QUOTAS "/goals"
#define STATS		S0 "/stats"

/* Memory.  Sizes are multiples of pages, huge memory of HUGE. */
char *map_pages(size_t size);
char *map_plain(size_t size);
char *map_huge(size_t size);
char *map_on_node(char *(*map)(size_t size), size_t size, int node);
int make_file(size_t size);
void map_file(char *memory, size_t size, int fd);
void fill(char *memory, size_t size);
bool is_filled(const char *memory, size_t size);
void touch(char *memory, size_t size);
void forget_translations(char *memory, size_t size);
__noreturn void use_always(char *memory, size_t size);
void drain_lru(void);
void make_active(char *memory, size_t size);

/* Its state, as others see it.  All in bytes. */
#define NO_PFN		0UL

unsigned long *pfns_of(const char *memory, size_t size);
unsigned long page_flags(unsigned long pfn);
unsigned long present(const char *memory, size_t size);
unsigned long flagged(const char *memory, size_t size, unsigned int flag);
unsigned long in_core(char *memory, size_t size);
unsigned long on_node(char *memory, size_t size, int node);
unsigned long smaps_bytes(const char *memory, const char *field);
bool smaps_has_flag(const char *memory, const char *flag);

/* Schemes.  The first one of the first context, for all memory. */
void stage_samples(const char *operations, unsigned int nr);
void stage_scheme(const char *operations, const char *action);
void stage_memory(const char *memory, size_t size);
void stage_physical(const char *memory, size_t size);
void turn_on(void);
void turn_off(void);
void run_once(void);
unsigned long stat_of(const char *name);

/* The machine.  Each is undone when the program ends. */
bool borrow(const char *path, const char *value);
bool need_tracing(void);
bool have_swap(void);
bool need_swap(void);
bool need_page_flags(void);
bool need_huge(void);
bool need_classic_lru(void);
bool second_node(void);
bool need_cgroup(const char *name);
const char *cgroup_file(const char *name, const char *file);
bool enter_cgroup(const char *name);

/* What has been recorded so far is of no interest. */
void empty_trace(void);

#endif /* DAMOS_LIB_H */
