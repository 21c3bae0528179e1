/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture of suites that apply schemes to mappings of the test's own address space.
 */
#ifndef _MM_DAMON_TESTS_SCANS_KUNIT_H
#define _MM_DAMON_TESTS_SCANS_KUNIT_H

#include <linux/kthread.h>
#include <linux/sched/mm.h>

#include "../vaddr-scan.h"
#include "mappings-kunit.h"

static inline struct damos *new_scheme(struct kunit *test, enum damos_action action)
{
	struct damos *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	INIT_LIST_HEAD(&s->core_filters);
	INIT_LIST_HEAD(&s->ops_filters);
	s->action = action;
	s->target_nid = NUMA_NO_NODE;
	return s;
}

static inline struct damos_filter *
add_filter(struct kunit *test, struct damos *s, enum damos_filter_type type,
	   bool matching, bool allow)
{
	struct damos_filter *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->type = type;
	f->matching = matching;
	f->allow = allow;
	damos_add_filter(s, f);
	return f;
}

static inline unsigned long map_memory(struct kunit *test, unsigned long pages)
{
	return map_pages(test, pages, PROT_READ | PROT_WRITE);
}

static inline void touch_pages(struct kunit *test, unsigned long addr, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		touch(test, addr + i * PAGE_SIZE);
	lru_add_drain_all();
}

static inline struct damon_addr_range pages_at(unsigned long addr, unsigned long nr)
{
	return (struct damon_addr_range){ addr, addr + nr * PAGE_SIZE };
}

/* The test's own address space, for whose lock nobody has to wait for long. */
static inline struct damos_space own_space(void)
{
	return (struct damos_space){
		.mm = current->mm,
		.pid = task_pid(current),
		.patience_ns = U64_MAX,
	};
}

/* Which of the pages of a range are admitted, one bit each. */
static inline unsigned long
admitted_pages(struct damos *s, struct damon_addr_range range, bool absent)
{
	struct damon_addr_range found;
	unsigned long passed = 0, mask = 0, addr;
	struct damos_space space = own_space();
	struct damos_scan scan;

	damos_scan_begin(&scan, &space, s, &range, &passed);
	scan.absent = absent;
	while (damos_scan_next(&scan, &found))
		for (addr = found.start; addr < found.end; addr += PAGE_SIZE)
			mask |= BIT((addr - range.start) / PAGE_SIZE);
	/* whatever is found counts, and nothing else */
	return hweight_long(mask) * PAGE_SIZE == passed ? mask : ULONG_MAX;
}

#endif /* _MM_DAMON_TESTS_SCANS_KUNIT_H */
