// SPDX-License-Identifier: GPL-2.0
/*
 * The page table walker of the operations sets: the way to the entry that maps an
 * address.
 *
 * It never faults anything in, and never waits for an mmap lock.  It must not know what
 * entries say (walk-leaves.c does), nor regions and samples.
 *
 * Why page tables stay: as long as a VMA is locked for reading, its tables
 * above the last level are not freed, and those of the last level not before an
 * RCU grace period has passed.  The same holds as long as the reverse mapping
 * that leads to a VMA is locked.  Tables of hugetlb mappings can be shared between
 * processes and given up under the hugetlb VMA lock, so that is held while one
 * of their entries is in use, unless it was found through a folio of the file.
 */

#include <linux/damon.h>
#include <linux/hugetlb.h>
#include <linux/mmap_lock.h>
#include <linux/oom.h>
#include <linux/pgtable.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#include "walk.h"

/**
 * damon_get_mm() - Address space of a target.
 * @t:	The target.
 *
 * Any thread of the process will do: the one that the pid names may have ended
 * before the others.
 *
 * Return: The address space, to be given back with mmput_async(), or %NULL if
 * the process has none (any more).
 */
struct mm_struct *damon_get_mm(struct damon_target *t)
{
	struct task_struct *task;
	struct mm_struct *mm;

	guard(rcu)();
	task = pid_task(t->pid, PIDTYPE_PID);
	if (!task || task->flags & PF_KTHREAD)
		return NULL;
	/* the very thread in nearly all cases */
	task_lock(task);
	if (unlikely(!task->mm)) {
		task_unlock(task);
		task = find_lock_task_mm(task);
		if (!task)
			return NULL;
	}
	mm = task->mm;
	mmget(mm);
	task_unlock(task);
	return mm;
}

/* Notes that @level holds for the aligned @span around @addr, inside the VMA. */
static void settle(struct damon_walk *walk, enum damon_walk_level level,
		   unsigned long addr, unsigned long span)
{
	unsigned long start = max(addr & ~(span - 1), walk->vma->vm_start);
	unsigned long last = min(addr | (span - 1), walk->vma->vm_end - 1);

	walk->level = level;
	walk->start = start;
	walk->size = last - start + 1;
}

static void unlock_hugetlb(struct damon_walk *walk)
{
	if (!walk->borrowed)
		hugetlb_vma_unlock_read(walk->vma);
}

static void leave_entry(struct damon_walk *walk)
{
	if (walk->level == DAMON_WALK_PTE)
		pte_unmap(walk->pte);
	else if (walk->level == DAMON_WALK_HUGETLB)
		unlock_hugetlb(walk);
	walk->level = DAMON_WALK_HOLE;
	walk->size = 0;
}

static void leave_vma(struct damon_walk *walk)
{
	if (walk->vma && !walk->mmap_locked)
		vma_end_read(walk->vma);
	walk->vma = NULL;
	walk->near_size = 0;
}

/*
 * If no VMA covers the address, notes how far that holds.  The VMA tree may be
 * read under RCU alone, so holes cost no lock.
 */
static bool enter_hole(struct damon_walk *walk, unsigned long addr)
{
	MA_STATE(mas, &walk->mm->mm_mt, addr, addr);

	guard(rcu)();
	if (mas_walk(&mas))
		return false;
	walk->level = DAMON_WALK_HOLE;
	walk->start = mas.index;
	walk->size = mas.last - mas.index + 1;
	return true;
}

/*
 * Locks the VMA of the address.  Where VMAs have no locks of their own, or this
 * one's cannot be had, the mmap lock is tried.  Waiting for it would let the
 * monitored process dictate the sampling interval.
 */
static bool enter_vma(struct damon_walk *walk, unsigned long addr)
{
	if (!walk->mmap_locked) {
		walk->vma = lock_vma_under_rcu(walk->mm, addr);
		if (walk->vma)
			return true;
		if (enter_hole(walk, addr))
			return false;
		walk->mmap_locked = mmap_read_trylock(walk->mm);
	}
	if (walk->mmap_locked) {
		walk->vma = vma_lookup(walk->mm, addr);
		if (walk->vma || enter_hole(walk, addr))
			return walk->vma;
	}

	walk->level = walk->mmap_locked ? DAMON_WALK_HOLE : DAMON_WALK_OPAQUE;
	walk->start = addr & PAGE_MASK;
	walk->size = PAGE_SIZE;
	return false;
}

/* Such memory belongs to a device, its entries to the driver. */
static void enter_device(struct damon_walk *walk)
{
	walk->level = DAMON_WALK_OPAQUE;
	walk->start = walk->vma->vm_start;
	walk->size = walk->vma->vm_end - walk->vma->vm_start;
}

#ifdef CONFIG_HUGETLB_PAGE
static void enter_hugetlb(struct damon_walk *walk, unsigned long addr)
{
	struct hstate *h = hstate_vma(walk->vma);
	unsigned long size = huge_page_size(h);

	if (!walk->borrowed)
		hugetlb_vma_lock_read(walk->vma);
	walk->pte = hugetlb_walk(walk->vma, addr & huge_page_mask(h), size);
	if (walk->pte) {
		settle(walk, DAMON_WALK_HUGETLB, addr, size);
		return;
	}
	unlock_hugetlb(walk);
	settle(walk, DAMON_WALK_EMPTY, addr, size);
}
#else
static void enter_hugetlb(struct damon_walk *walk, unsigned long addr)
{
	settle(walk, DAMON_WALK_OPAQUE, addr, PAGE_SIZE);
}
#endif

static void enter_pmd(struct damon_walk *walk, pmd_t *pmd, unsigned long addr)
{
	pte_t *pte = __pte_offset_map(pmd, addr, &walk->pmdval);
	pmd_t val = walk->pmdval;

	walk->pmd = pmd;
	if (likely(pte)) {
		settle(walk, DAMON_WALK_PTE, addr, PMD_SIZE);
		walk->pte = pte - ((addr - walk->start) >> PAGE_SHIFT);
	} else if (pmd_none(val)) {
		settle(walk, DAMON_WALK_EMPTY, addr, PMD_SIZE);
	} else if (!pmd_present(val) || pmd_leaf(val)) {
		settle(walk, DAMON_WALK_PMD, addr, PMD_SIZE);
	} else {
		settle(walk, DAMON_WALK_OPAQUE, addr, PAGE_SIZE);
	}
}

static void enter_pgd(struct damon_walk *walk, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(walk->mm, addr);
	p4d_t *p4d;
	pud_t *pud, val;

	if (pgd_none_or_clear_bad(pgd)) {
		settle(walk, DAMON_WALK_EMPTY, addr, PGDIR_SIZE);
		return;
	}
	p4d = p4d_offset(pgd, addr);
	if (p4d_none_or_clear_bad(p4d)) {
		settle(walk, DAMON_WALK_EMPTY, addr, P4D_SIZE);
		return;
	}
	pud = pud_offset(p4d, addr);
	val = pudp_get(pud);
	if (pud_none(val)) {
		settle(walk, DAMON_WALK_EMPTY, addr, PUD_SIZE);
		return;
	}
	if (!pud_present(val) || pud_leaf(val)) {
		walk->pud = pud;
		settle(walk, DAMON_WALK_PUD, addr, PUD_SIZE);
		return;
	}
	if (!walk->borrowed) {
		settle(walk, DAMON_WALK_EMPTY, addr, PUD_SIZE);
		walk->near_start = walk->start;
		walk->near_size = walk->size;
		walk->pmds = pmd_offset(pud, addr & PUD_MASK);
	}
	enter_pmd(walk, pmd_offset(pud, addr), addr);
}

static void enter_tables(struct damon_walk *walk, unsigned long addr)
{
	if (is_vm_hugetlb_page(walk->vma))
		enter_hugetlb(walk, addr);
	else
		enter_pgd(walk, addr);
}

static noinline void move_far(struct damon_walk *walk, unsigned long addr)
{
	struct vm_area_struct *vma = walk->vma;

	if (walk->borrowed) {
		enter_tables(walk, addr);
		return;
	}
	if (!vma || addr < vma->vm_start || addr >= vma->vm_end) {
		leave_vma(walk);
		if (!enter_vma(walk, addr))
			return;
		vma = walk->vma;
	}
	if (vma->vm_flags & VM_PFNMAP)
		enter_device(walk);
	else
		enter_tables(walk, addr);
}

/**
 * damon_walk_begin_vma() - Begin a walk inside of a VMA.
 * @walk:	The walk.
 * @vma:	A VMA that the caller found through a folio.  The lock of that
 *		reverse mapping keeps the page tables until damon_walk_end().
 * @addr:	An address in it, where the walk goes.
 */
void damon_walk_begin_vma(struct damon_walk *walk, struct vm_area_struct *vma,
			  unsigned long addr)
{
	damon_walk_begin(walk, vma->vm_mm);
	walk->vma = vma;
	walk->borrowed = true;
	enter_tables(walk, addr);
}

/**
 * damon_walk_move() - Go to an address outside of where the walk is.
 * @walk:	The walk.
 * @addr:	The address.
 */
void damon_walk_move(struct damon_walk *walk, unsigned long addr)
{
	leave_entry(walk);
	if (addr - walk->near_start < walk->near_size)
		enter_pmd(walk, walk->pmds + pmd_index(addr), addr);
	else
		move_far(walk, addr);
}

/**
 * damon_walk_reenter() - Go once more to where a huge entry or a page table was.
 * @walk:	The walk, in a page table, or where it was.
 * @addr:	The address.
 */
void damon_walk_reenter(struct damon_walk *walk, unsigned long addr)
{
	leave_entry(walk);
	enter_pmd(walk, walk->pmd, addr);
}

/* See damon_walk_end(). */
void damon_walk_leave(struct damon_walk *walk)
{
	leave_entry(walk);
	if (walk->borrowed)
		return;
	leave_vma(walk);
	if (walk->mmap_locked)
		mmap_read_unlock(walk->mm);
	walk->mmap_locked = false;
}

/**
 * damon_walk_pause() - Let others have the locks and the CPU.
 * @walk:	The walk.
 */
void damon_walk_pause(struct damon_walk *walk)
{
	damon_walk_end(walk);
	cond_resched();
}

/**
 * damon_walk_take_over() - Let a walk use the mmap lock that the caller holds.
 * @walk:	The walk, ended.
 *
 * For those who have waited for it, which sampling cannot afford.  The lock, held for
 * reading, is the walk's now, and is dropped when the walk is paused or ends.
 */
void damon_walk_take_over(struct damon_walk *walk)
{
	walk->mmap_locked = true;
}

#ifdef CONFIG_DAMON_VADDR_KUNIT_TEST
#include "tests/walk-kunit.h"
#endif
