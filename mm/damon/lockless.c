// SPDX-License-Identifier: GPL-2.0
/*
 * Page table entries, without locks: the common case of what the walker does,
 * and what upper levels tell about accesses.  Must not know regions and samples.
 *
 * As for the fast variant of get_user_pages(), tables are not freed while
 * interrupts are off.  Bits are cleared only in an entry that is still what it
 * was, since it may become something that has no such bit.
 *
 * x86 sets the accessed bit of every entry that it goes through, at all levels.
 * It may go on using an entry that it has cached without setting the bit again;
 * so a bit that is set says that there was an access, and one that is clear only
 * that there probably was none.
 *
 * Others read these bits, too: reclaim does not look into a table whose entry is old.
 * So bits of upper levels are borrowed: what was made old is made young again as soon
 * as it has been looked at, whatever that has shown.
 */
#include <linux/swap.h>	/* for leafops.h */
#include <linux/bitmap.h>
#include <linux/irqflags.h>
#include <linux/leafops.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/unroll.h>

#include "arch.h"
#include "internal.h"
#include "lockless.h"
#include "sweep.h"

/*
 * An entry can be cleared at any moment, when all that was mapped below it is gone.
 * So each is read once, and the way down is found from a copy of it.
 */

/* NULL where there is no table, or not one of this address space alone. */
static __always_inline p4d_t *find_p4d(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgdp = pgd_offset(mm, addr), pgd;

	if (addr >= TASK_SIZE_MAX)
		return NULL;
	pgd = READ_ONCE(*pgdp);
	if (!pgd_present(pgd))
		return NULL;
	return damon_p4d_in(pgdp, pgd, addr);
}

/*
 * The entries from @addr on of a PUD table, or NULL.  The entry above tells nothing that
 * these do not tell, and others would miss its bit for all that is below.
 */
static pud_t *find_puds(p4d_t *p4dp, unsigned long addr)
{
	p4d_t p4d = READ_ONCE(*p4dp);

	return p4d_present(p4d) ? pud_offset(&p4d, addr) : NULL;
}

/* One that maps memory is made old by samples only. */
static void arm_pud(pud_t *pudp)
{
	pud_t pud = READ_ONCE(*pudp);

	if (pud_present(pud) && !pud_leaf(pud) && pud_young(pud))
		damon_entry_mkold((unsigned long *)pudp, pud_val(pud));
}

static void look_at_pud(pud_t *pudp, unsigned long addr, struct damon_touched *touched)
{
	pud_t pud = READ_ONCE(*pudp);

	if (!pud_present(pud))
		return;
	if (pud_young(pud))
		damon_note_touched(touched, addr & PUD_MASK,
				   (addr & PUD_MASK) + PUD_SIZE);
	else if (!pud_leaf(pud))
		damon_entry_mkyoung((unsigned long *)pudp, pud_val(pud));
}

/* Reports young coarse entries and makes the others young, or makes them old. */
static unsigned int visit_coarse(struct mm_struct *mm,
				 const struct damon_addr_range *range,
				 struct damon_touched *touched)
{
	unsigned long end = min(range->end, TASK_SIZE_MAX), stop, flags;
	unsigned long addr = range->start;
	unsigned int nr = 0;
	p4d_t *p4dp;
	pud_t *pudp;

	for (; addr < end; addr = stop, nr++) {
		local_irq_save(flags);
		p4dp = find_p4d(mm, addr);
		stop = p4dp ? p4d_addr_end(addr, end) : pgd_addr_end(addr, end);
		pudp = p4dp ? find_puds(p4dp, addr) : NULL;
		for (; pudp && addr < stop; pudp++, nr++) {
			if (touched)
				look_at_pud(pudp, addr, touched);
			else
				arm_pud(pudp);
			addr = pud_addr_end(addr, stop);
		}
		local_irq_restore(flags);
		cond_resched();
	}
	return nr;
}

/**
 * damon_lockless_arm_coarse() - Make coarse entries old.
 * @mm:		The address space, with a users count.
 * @range:	Where.
 *
 * Return: How many entries were visited.
 */
unsigned int damon_lockless_arm_coarse(struct mm_struct *mm,
				       const struct damon_addr_range *range)
{
	return visit_coarse(mm, range, NULL);
}

/**
 * damon_lockless_look_coarse() - Report coarse entries that are young.
 * @mm:		The address space, with a users count.
 * @range:	Where.
 * @touched:	Gets the memory that they are about.
 *
 * Return: How many entries were visited.
 */
unsigned int damon_lockless_look_coarse(struct mm_struct *mm,
					const struct damon_addr_range *range,
					struct damon_touched *touched)
{
	return visit_coarse(mm, range, touched);
}

/* What is in the PUD of an address, which may be nothing. */
static __always_inline pud_t read_pud(struct mm_struct *mm, unsigned long addr)
{
	p4d_t *p4dp = find_p4d(mm, addr), p4d;

	if (!p4dp)
		return __pud(0);
	p4d = READ_ONCE(*p4dp);
	if (!p4d_present(p4d))
		return __pud(0);
	return READ_ONCE(*pud_offset(&p4d, addr));
}

/* The entries of a PMD table from @addr on, or NULL if there is no such table. */
static __always_inline pmd_t *find_pmds(struct mm_struct *mm,
					unsigned long addr)
{
	pud_t pud = read_pud(mm, addr);

	if (!pud_present(pud) || pud_leaf(pud))
		return NULL;
	return pmd_offset(&pud, addr);
}

/* A PUD maps memory instead.  @young: and was accessed since samples made it old. */
static bool is_pud_leaf(struct mm_struct *mm, unsigned long addr, bool young)
{
	pud_t pud = read_pud(mm, addr);

	return pud_present(pud) && pud_leaf(pud) && (!young || pud_young(pud));
}

static unsigned int count_fine(const struct damon_addr_range *range,
			       unsigned long addr)
{
	return (addr - range->start) >> PMD_SHIFT;
}

/* Fine entries that are looked at together. */
#define GROUP	8

/* Each entry of a group is nothing, or a table that is old.  Most groups are like that. */
static bool are_old_tables(pmd_t *pmdp)
{
	pmdval_t any = 0;
	int i;

	unrolled_full
	for (i = 0; i < GROUP; i++)
		any |= pmd_val(pmdp_get_lockless(pmdp + i));
	return !damon_pmd_matters(any);
}

/* Makes one fine entry old, which is number @i. */
static void arm_pmd(pmd_t *pmdp, unsigned int i, unsigned long *bits)
{
	pmd_t pmd = pmdp_get_lockless(pmdp);

	if (!damon_pmd_matters(pmd_val(pmd)) || !pmd_present(pmd))
		return;
	__set_bit(i, bits);
	if (!pmd_leaf(pmd))
		damon_entry_mkold((unsigned long *)pmdp, pmd_val(pmd));
}

/* Makes fine entries old: those from @pmdp on, which are number @i to @end. */
static void arm_pmds(pmd_t *pmdp, unsigned int i, unsigned int end,
		     unsigned long *bits)
{
	while (i < end) {
		unsigned int stop = min(i + GROUP, end);

		if (stop - i == GROUP && are_old_tables(pmdp)) {
			i = stop;
			pmdp += GROUP;
			continue;
		}
		for (; i < stop; i++, pmdp++)
			arm_pmd(pmdp, i, bits);
	}
}

/**
 * damon_lockless_arm_fine() - Make fine entries old.
 * @mm:		The address space, with a users count.
 * @range:	Where, aligned.
 * @bits:	Its bits are set for those that were young, and for all that map memory,
 *		which are left to samples: reclaim wants to know about those.
 *
 * Return: How many entries were visited.
 */
unsigned int damon_lockless_arm_fine(struct mm_struct *mm,
				     const struct damon_addr_range *range,
				     unsigned long *bits)
{
	unsigned long addr, flags, stop;
	unsigned int i, end;
	pmd_t *pmdp;

	for (addr = range->start; addr < range->end; addr = stop) {
		stop = pud_addr_end(addr, range->end);
		i = count_fine(range, addr);
		end = count_fine(range, stop);
		local_irq_save(flags);
		pmdp = find_pmds(mm, addr);
		if (pmdp)
			arm_pmds(pmdp, i, end, bits);
		else if (is_pud_leaf(mm, addr, false))
			bitmap_set(bits, i, end - i);
		local_irq_restore(flags);
	}
	return count_fine(range, range->end);
}

/*
 * Clears the bits from @i on, before @end, of entries that are not young, and makes those
 * that were made old young again.
 */
static unsigned int look_at_pmds(pmd_t *pmdp, unsigned long *bits, unsigned int i,
				 unsigned int end)
{
	unsigned int nr = 0, j;
	unsigned long set;
	pmd_t pmd;

	/* by words, in which the next bit is found at once */
	for (; i < end; i += BITS_PER_LONG, pmdp += BITS_PER_LONG) {
		set = bitmap_read(bits, i, min_t(unsigned int, end - i, BITS_PER_LONG));
		for_each_set_bit(j, &set, BITS_PER_LONG) {
			pmd = pmdp_get_lockless(pmdp + j);
			nr++;
			if (pmd_present(pmd) && pmd_young(pmd))
				continue;
			__clear_bit(i + j, bits);
			if (damon_pmd_is_table(pmd))
				damon_entry_mkyoung((unsigned long *)(pmdp + j), pmd_val(pmd));
		}
	}
	return nr;
}

/**
 * damon_lockless_look_fine() - Find fine entries that are not young.
 * @mm:		The address space, with a users count.
 * @range:	Where, aligned.
 * @bits:	Entries whose bits are set are visited; the bits of those that are not
 *		young are cleared.
 *
 * Return: How many entries were visited.
 */
unsigned int damon_lockless_look_fine(struct mm_struct *mm,
				      const struct damon_addr_range *range,
				      unsigned long *bits)
{
	unsigned long addr = range->start, flags, stop;
	unsigned int nr = 0, i, end;
	pmd_t *pmdp;

	for (; addr < range->end; addr = stop) {
		stop = pud_addr_end(addr, range->end);
		i = count_fine(range, addr);
		end = count_fine(range, stop);
		local_irq_save(flags);
		pmdp = find_pmds(mm, addr);
		if (pmdp)
			nr += look_at_pmds(pmdp, bits, i, end);
		else if (!is_pud_leaf(mm, addr, true))
			bitmap_clear(bits, i, end - i);
		local_irq_restore(flags);
	}
	return nr;
}

/* the last level */

/* Nothing is mapped in the aligned @span around @addr. */
static bool settle_on_none(struct damon_glance *glance, unsigned long addr,
			   unsigned long span)
{
	glance->start = addr & ~(span - 1);
	glance->size = span;
	glance->ptes = NULL;
	return true;
}

static __always_inline bool enter_pmd(struct damon_glance *glance, pmd_t *pmdp,
				      unsigned long addr)
{
	pmd_t pmd = pmdp_get_lockless(pmdp);

	if (pmd_none(pmd))
		return settle_on_none(glance, addr, PMD_SIZE);
	if (!damon_pmd_is_table(pmd)) {
		glance->size = 0;
		return false;
	}
	glance->start = addr & PMD_MASK;
	glance->size = PMD_SIZE;
	glance->ptes = (pte_t *)pmd_page_vaddr(pmd);
	return true;
}

static bool enter_pgd(struct damon_glance *glance, unsigned long addr)
{
	p4d_t *p4dp = find_p4d(glance->mm, addr), p4d;
	pud_t pud;

	if (!p4dp)
		return settle_on_none(glance, addr, P4D_SIZE);
	p4d = READ_ONCE(*p4dp);
	if (!p4d_present(p4d))
		return settle_on_none(glance, addr, P4D_SIZE);
	pud = READ_ONCE(*pud_offset(&p4d, addr));
	if (pud_none(pud))
		return settle_on_none(glance, addr, PUD_SIZE);
	if (!pud_present(pud) || pud_leaf(pud)) {
		glance->size = 0;
		return false;
	}
	glance->near_start = addr & PUD_MASK;
	glance->near_size = PUD_SIZE;
	glance->pmds = pmd_offset(&pud, glance->near_start);
	return enter_pmd(glance, glance->pmds + pmd_index(addr), addr);
}

/**
 * damon_glance_move() - Go to an address outside of where the glance is.
 * @glance:	The glance.
 * @addr:	The address.
 *
 * Return: True if it is in a page table, or nothing is mapped there.
 */
bool damon_glance_move(struct damon_glance *glance, unsigned long addr)
{
	if (!glance->on) {
		local_irq_save(glance->irq_flags);
		glance->on = true;
	}
	if (addr - glance->near_start < glance->near_size)
		return enter_pmd(glance, glance->pmds + pmd_index(addr), addr);
	return enter_pgd(glance, addr);
}

/**
 * damon_glance_odd() - Interpret a PTE that does not simply map a page.
 * @pte:	Its value.
 *
 * Return: %DAMON_LEAF_NONE or %DAMON_LEAF_OPAQUE.
 */
enum damon_leaf_kind damon_glance_odd(pte_t pte)
{
	if (pte_none(pte))
		return DAMON_LEAF_NONE;
	if (!pte_present(pte))
		return damon_absent_kind(softleaf_from_pte(pte));
	return is_zero_pfn(pte_pfn(pte)) ? DAMON_LEAF_NONE : DAMON_LEAF_OPAQUE;
}

/**
 * damon_glance_get() - Keep the folio that a glance has just seen.
 * @glance:	The glance, with room for one more folio that is held.
 * @folio:	What it saw.
 *
 * Return: True if the entry still maps it, and it stays until the glance ends.
 */
bool damon_glance_get(struct damon_glance *glance, struct folio *folio)
{
	if (!folio_try_get(folio))
		return false;
	folio_batch_add(&glance->held, folio);
	return pte_same(ptep_get_lockless(glance->ptep), glance->pte) &&
		page_folio(pfn_to_page(pte_pfn(glance->pte))) == folio;
}

/**
 * damon_glance_mkold() - Clear the accessed bit that a glance has seen.
 * @glance:	The glance.
 *
 * The TLB is not flushed.
 *
 * Return: True if the entry was still the same, and its bit is clear now.
 */
bool damon_glance_mkold(struct damon_glance *glance)
{
	return damon_entry_mkold((unsigned long *)glance->ptep, pte_val(glance->pte));
}

static enum damon_leaf_kind visit_page(struct mm_struct *mm, unsigned long addr,
				       unsigned long pfn, bool clear,
				       bool *young)
{
	pmd_t *pmdp = find_pmds(mm, addr), pmd;
	pte_t *ptep, pte;

	if (!pmdp)
		return DAMON_LEAF_OPAQUE;
	pmd = pmdp_get_lockless(pmdp);
	if (!damon_pmd_is_table(pmd))
		return pmd_none(pmd) ? DAMON_LEAF_NONE : DAMON_LEAF_OPAQUE;
	ptep = (pte_t *)pmd_page_vaddr(pmd) + pte_index(addr);
	pte = ptep_get_lockless(ptep);
	if (unlikely(!pte_present(pte) || pte_special(pte)))
		return damon_glance_odd(pte);
	if (pte_pfn(pte) != pfn)
		return DAMON_LEAF_NONE;
	*young = pte_young(pte);
	if (clear && *young && !damon_entry_mkold((unsigned long *)ptep, pte_val(pte)))
		return DAMON_LEAF_OPAQUE;
	return DAMON_LEAF_FOLIO;
}

/**
 * damon_lockless_page() - Look at the one entry that may map a page.
 * @mm:		The address space.
 * @addr:	Where in one of its VMAs the page belongs.
 * @pfn:	Number of the page, which is no part of a large folio.
 * @clear:	Make the entry old.  The TLB is not flushed.
 * @young:	Set to the accessed bit that it had if the result is %DAMON_LEAF_FOLIO.
 *
 * Context: Interrupts are on.  The reverse mapping is locked.
 * Return: %DAMON_LEAF_FOLIO if the page is mapped there.  %DAMON_LEAF_OPAQUE:
 * damon_walk_peek() has to find out.
 */
enum damon_leaf_kind damon_lockless_page(struct mm_struct *mm,
					 unsigned long addr, unsigned long pfn,
					 bool clear, bool *young)
{
	enum damon_leaf_kind kind;

	if (!damon_lockless_works(mm))
		return DAMON_LEAF_OPAQUE;
	local_irq_disable();
	kind = visit_page(mm, addr, pfn, clear, young);
	local_irq_enable();
	return kind;
}
