/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page table entries of the architecture: what they are made of, for who looks at them
 * without locks (lockless.c).  An architecture for which CONFIG_DAMON_LOCKLESS is set has
 * one answer here for each question, and marks accesses in entries of all levels.
 *
 * x86: an entry of any level is one word, whose accessed bit is at the same place.
 */
#ifndef _MM_DAMON_ARCH_H
#define _MM_DAMON_ARCH_H

#ifdef CONFIG_DAMON_LOCKLESS

#include <linux/atomic.h>
#include <linux/pgtable.h>

/* An entry of any level is young, by its value. */
static inline bool damon_entry_young(unsigned long val)
{
	return val & _PAGE_ACCESSED;
}

/* Clears the accessed bit of an entry.  Returns whether it was still the same. */
static inline bool damon_entry_mkold(unsigned long *entry, unsigned long val)
{
	return try_cmpxchg(entry, &val, val & ~_PAGE_ACCESSED);
}

/* Gives the accessed bit of an entry back, unless it has become another one. */
static inline void damon_entry_mkyoung(unsigned long *entry, unsigned long val)
{
	try_cmpxchg(entry, &val, val | _PAGE_ACCESSED);
}

/*
 * An entry refers to a page table.  This asks for bits, since pmd_present() and the like
 * take into account what only entries of huge pages can be.
 */
static inline bool damon_pmd_is_table(pmd_t pmd)
{
	return !(pmd_val(pmd) & _PAGE_PSE) && (pmd_val(pmd) & _PAGE_PRESENT);
}

/*
 * An entry is young, or maps memory, or is something that looks so.  With the values of
 * several, combined by "or", that is true of any.
 */
static inline bool damon_pmd_matters(pmdval_t val)
{
	return val & (_PAGE_ACCESSED | _PAGE_PSE);
}

/* The P4D of an address in a table of the top level, which may be that table itself. */
static inline p4d_t *damon_p4d_in(pgd_t *pgdp, pgd_t pgd, unsigned long addr)
{
	if (!pgtable_l5_enabled())
		return (p4d_t *)pgdp;
	return (p4d_t *)pgd_page_vaddr(pgd) + p4d_index(addr);
}

#endif /* CONFIG_DAMON_LOCKLESS */

#endif /* _MM_DAMON_ARCH_H */
