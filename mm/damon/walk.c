// SPDX-License-Identifier: GPL-2.0
/*
 * The page table walker of the operations sets.
 *
 * It finds, reads and locks the entry that maps an address, and clears accessed
 * bits.  It never faults anything in, never splits huge mappings, and waits for
 * an mmap lock in damon_walk_wait() only.  It must not know regions and samples.
 *
 * Why page tables stay: as long as a VMA is locked for reading, its tables
 * above the last level are not freed, and those of the last level not before an
 * RCU grace period has passed.  The same holds as long as the reverse mapping
 * that leads to a VMA is locked.  Tables of hugetlb mappings can be shared between
 * processes and given up under the hugetlb VMA lock, so that is held while one
 * of their entries is in use.
 */

#include <linux/swap.h>	/* for leafops.h */
#include <linux/damon.h>
#include <linux/hugetlb.h>
#include <linux/leafops.h>
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

static void leave_entry(struct damon_walk *walk)
{
	if (walk->level == DAMON_WALK_PTE)
		pte_unmap(walk->pte);
	else if (walk->level == DAMON_WALK_HUGETLB)
		hugetlb_vma_unlock_read(walk->vma);
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

	hugetlb_vma_lock_read(walk->vma);
	walk->pte = hugetlb_walk(walk->vma, addr & huge_page_mask(h), size);
	if (walk->pte) {
		settle(walk, DAMON_WALK_HUGETLB, addr, size);
		return;
	}
	hugetlb_vma_unlock_read(walk->vma);
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

static noinline void move_far(struct damon_walk *walk, unsigned long addr)
{
	struct vm_area_struct *vma = walk->vma;

	if (walk->borrowed) {
		enter_pgd(walk, addr);
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
	else if (is_vm_hugetlb_page(vma))
		enter_hugetlb(walk, addr);
	else
		enter_pgd(walk, addr);
}

/**
 * damon_walk_begin_vma() - Begin a walk inside of a VMA.
 * @walk:	The walk.
 * @vma:	A VMA that the caller found through a folio.  The lock of that
 *		reverse mapping keeps the page tables until damon_walk_end().
 * @addr:	An address in it, where the walk goes.
 *
 * The VMA is none of hugetlb.
 */
void damon_walk_begin_vma(struct damon_walk *walk, struct vm_area_struct *vma,
			  unsigned long addr)
{
	damon_walk_begin(walk, vma->vm_mm);
	walk->vma = vma;
	walk->borrowed = true;
	enter_pgd(walk, addr);
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

/*
 * What is swapped out or marked for the next fault is not accessed by anybody.
 * What is being migrated, lent to a device or poisoned may be, and an accessed
 * bit that it had can come back.
 */
enum damon_leaf_kind damon_absent_kind(softleaf_t entry)
{
	if (softleaf_is_swap(entry) || softleaf_is_marker(entry))
		return DAMON_LEAF_NONE;
	return DAMON_LEAF_OPAQUE;
}

/* The zero page stands for memory that does not exist yet. */
static enum damon_leaf_kind present_kind(struct folio **folio,
					 struct page *page, bool zero)
{
	if (page) {
		*folio = page_folio(page);
		return DAMON_LEAF_FOLIO;
	}
	return zero ? DAMON_LEAF_NONE : DAMON_LEAF_OPAQUE;
}

/**
 * damon_walk_odd_pte() - Interpret a PTE that does not simply map a page.
 * @walk:	The walk.
 * @addr:	The address that it translates.
 * @pte:	Its value, not none.
 * @folio:	Set if the result is %DAMON_LEAF_FOLIO.
 *
 * Return: What is mapped.
 */
enum damon_leaf_kind damon_walk_odd_pte(struct damon_walk *walk,
					unsigned long addr, pte_t pte,
					struct folio **folio)
{
	if (!pte_present(pte))
		return damon_absent_kind(softleaf_from_pte(pte));
	return present_kind(folio, vm_normal_page(walk->vma, addr, pte),
			    is_zero_pfn(pte_pfn(pte)));
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static enum damon_leaf_kind read_pmd(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	pmd_t pmd = damon_read_pmd(walk->pmd);

	if (pmd_none(pmd))
		return DAMON_LEAF_NONE;
	/* On its way somewhere else, or replaced by a page table. */
	if (!pmd_present(pmd) || !pmd_leaf(pmd))
		return DAMON_LEAF_OPAQUE;
	leaf->start = addr & PMD_MASK;
	leaf->size = PMD_SIZE;
	leaf->young = pmd_young(pmd);
	return present_kind(&leaf->folio,
			    vm_normal_page_pmd(walk->vma, leaf->start, pmd),
			    is_huge_zero_pmd(pmd));
}

static bool clear_pmd(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return pmdp_test_and_clear_young(walk->vma, leaf->start, walk->pmd);
}
#else
static enum damon_leaf_kind read_pmd(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	return DAMON_LEAF_OPAQUE;
}

static bool clear_pmd(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return false;
}
#endif

#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && \
	defined(CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD)
static enum damon_leaf_kind read_pud(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	pud_t pud = pudp_get(walk->pud);

	if (pud_none(pud))
		return DAMON_LEAF_NONE;
	if (!pud_present(pud) || !pud_leaf(pud))
		return DAMON_LEAF_OPAQUE;
	leaf->start = addr & PUD_MASK;
	leaf->size = PUD_SIZE;
	leaf->young = pud_young(pud);
	return present_kind(&leaf->folio,
			    vm_normal_page_pud(walk->vma, leaf->start, pud),
			    false);
}

static bool clear_pud(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return pudp_test_and_clear_young(walk->vma, leaf->start, walk->pud);
}
#else
static enum damon_leaf_kind read_pud(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	return DAMON_LEAF_OPAQUE;
}

static bool clear_pud(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return false;
}
#endif

#ifdef CONFIG_HUGETLB_PAGE
static enum damon_leaf_kind read_hugetlb(struct damon_walk *walk,
					 unsigned long addr,
					 struct damon_leaf *leaf)
{
	struct hstate *h = hstate_vma(walk->vma);
	pte_t pte;

	leaf->start = addr & huge_page_mask(h);
	leaf->size = huge_page_size(h);
	pte = huge_ptep_get(walk->mm, leaf->start, walk->pte);
	if (huge_pte_none(pte))
		return DAMON_LEAF_NONE;
	if (!pte_present(pte))
		return damon_absent_kind(softleaf_from_pte(pte));
	leaf->young = pte_young(pte);
	return present_kind(&leaf->folio, pte_page(pte), false);
}

static spinlock_t *lock_hugetlb(struct damon_walk *walk)
{
	return huge_pte_lock(hstate_vma(walk->vma), walk->mm, walk->pte);
}

/*
 * Where a hugetlb entry is one ordinary entry, its accessed bit is cleared in
 * place, which cannot lose what the hardware sets meanwhile.  Elsewhere it may
 * consist of many, or have a layout of its own.  Then it is taken out, and put
 * back with everything it had when it was taken out, except the accessed bit.
 */
static bool clear_hugetlb(struct damon_walk *walk, struct damon_leaf *leaf)
{
#ifdef __HAVE_ARCH_HUGE_PTEP_GET_AND_CLEAR
	pte_t pte = huge_ptep_get_and_clear(walk->mm, leaf->start, walk->pte,
					    leaf->size);

	set_huge_pte_at(walk->mm, leaf->start, walk->pte, pte_mkold(pte),
			leaf->size);
	return pte_young(pte);
#else
	return ptep_test_and_clear_young(walk->vma, leaf->start, walk->pte);
#endif
}
#else
static enum damon_leaf_kind read_hugetlb(struct damon_walk *walk,
					 unsigned long addr,
					 struct damon_leaf *leaf)
{
	return DAMON_LEAF_OPAQUE;
}

static spinlock_t *lock_hugetlb(struct damon_walk *walk)
{
	return NULL;
}

static bool clear_hugetlb(struct damon_walk *walk, struct damon_leaf *leaf)
{
	return false;
}
#endif

/**
 * damon_walk_huge() - Interpret what is no page table.
 * @walk:	The walk, where it should be.
 * @addr:	The address.
 * @leaf:	Filled in if the result is %DAMON_LEAF_FOLIO.
 *
 * Return: What is mapped.
 */
enum damon_leaf_kind damon_walk_huge(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	switch (walk->level) {
	case DAMON_WALK_PMD:
		return read_pmd(walk, addr, leaf);
	case DAMON_WALK_PUD:
		return read_pud(walk, addr, leaf);
	case DAMON_WALK_HUGETLB:
		return read_hugetlb(walk, addr, leaf);
	case DAMON_WALK_OPAQUE:
		return DAMON_LEAF_OPAQUE;
	default:
		return DAMON_LEAF_NONE;
	}
}

/**
 * damon_walk_unlock() - Undo damon_walk_lock().
 * @walk:	The walk, locked or not.
 */
void damon_walk_unlock(struct damon_walk *walk)
{
	if (!walk->ptl)
		return;
	spin_unlock(walk->ptl);
	walk->ptl = NULL;
}

/*
 * If the entry above the page table has changed, be it that the table is gone or
 * just that the hardware went through, the walk enters once more.
 */
static enum damon_leaf_kind lock_pte(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	int tries;

	for (tries = 0; tries < 2 && walk->level == DAMON_WALK_PTE; tries++) {
		walk->ptl = pte_lockptr(walk->mm, &walk->pmdval);
		spin_lock(walk->ptl);
		if (likely(pmd_same(walk->pmdval, damon_read_pmd(walk->pmd)))) {
			walk->locked_pte = walk->pte +
				((addr - walk->start) >> PAGE_SHIFT);
			return damon_walk_read_pte(walk, addr, walk->locked_pte,
						   ptep_get(walk->locked_pte),
						   leaf);
		}
		damon_walk_unlock(walk);
		leave_entry(walk);
		enter_pmd(walk, walk->pmd, addr);
	}
	return DAMON_LEAF_OPAQUE;
}

/**
 * damon_walk_lock() - Lock the entry of an address and look again.
 * @walk:	The walk, where damon_walk_peek() has just found a folio.
 * @addr:	The address.
 * @leaf:	Filled in if the result is %DAMON_LEAF_FOLIO.
 *
 * Context: Spins.  Must be followed by damon_walk_unlock().
 * Return: What is mapped, for as long as the lock is held.
 */
enum damon_leaf_kind damon_walk_lock(struct damon_walk *walk,
				     unsigned long addr,
				     struct damon_leaf *leaf)
{
	switch (walk->level) {
	case DAMON_WALK_PTE:
		return lock_pte(walk, addr, leaf);
	case DAMON_WALK_PMD:
		walk->ptl = pmd_lock(walk->mm, walk->pmd);
		break;
	case DAMON_WALK_PUD:
		walk->ptl = pud_lock(walk->mm, walk->pud);
		break;
	case DAMON_WALK_HUGETLB:
		walk->ptl = lock_hugetlb(walk);
		break;
	default:
		break;
	}
	return damon_walk_huge(walk, addr, leaf);
}

/**
 * damon_walk_batch() - Take in what follows an entry and maps the same folio.
 * @walk:	The walk, locked.
 * @end:	Address not to go beyond.
 * @leaf:	The entry.  Grows, and becomes young if one of the others is.
 *
 * Return: How many entries it stands for now.
 */
unsigned int damon_walk_batch(struct damon_walk *walk, unsigned long end,
			      struct damon_leaf *leaf)
{
	unsigned long max_nr;
	unsigned int nr;
	pte_t pte;

	if (walk->level != DAMON_WALK_PTE || !folio_test_large(leaf->folio))
		return 1;
	max_nr = (min(end, walk->start + walk->size) - leaf->start) >> PAGE_SHIFT;
	pte = ptep_get(walk->locked_pte);
	nr = folio_pte_batch_flags(leaf->folio, NULL, walk->locked_pte, &pte,
				   max_nr, FPB_MERGE_YOUNG_DIRTY);
	leaf->size = nr * PAGE_SIZE;
	leaf->young = pte_young(pte);
	return nr;
}

/**
 * damon_walk_folio_addr() - Where the folio of an entry begins.
 * @walk:	The walk, locked.
 * @leaf:	The entry, or the batch that begins with it.
 *
 * Return: The address of the folio's first page if all of it is mapped in a row,
 * but not below the VMA.
 */
unsigned long damon_walk_folio_addr(const struct damon_walk *walk,
				    const struct damon_leaf *leaf)
{
	unsigned long before = 0;

	if (walk->level == DAMON_WALK_PTE)
		before = pte_pfn(ptep_get(walk->locked_pte)) -
			folio_pfn(leaf->folio);
	return leaf->start - min(before << PAGE_SHIFT,
				 leaf->start - walk->vma->vm_start);
}

/**
 * damon_walk_mkold() - Clear the accessed bit of an entry.
 * @walk:	The walk, locked.
 * @leaf:	The entry.
 *
 * Also clears it for secondary MMUs.  The TLB is not flushed.
 *
 * Return: Whether it was set.
 */
bool damon_walk_mkold(struct damon_walk *walk, struct damon_leaf *leaf)
{
	bool young = false;

	if (leaf->young) {
		switch (walk->level) {
		case DAMON_WALK_PTE:
			young = test_and_clear_young_ptes(walk->vma, leaf->start,
							  walk->locked_pte,
							  leaf->size >> PAGE_SHIFT);
			break;
		case DAMON_WALK_PMD:
			young = clear_pmd(walk, leaf);
			break;
		case DAMON_WALK_PUD:
			young = clear_pud(walk, leaf);
			break;
		case DAMON_WALK_HUGETLB:
			young = clear_hugetlb(walk, leaf);
			break;
		default:
			break;
		}
	}
	if (mmu_notifier_clear_young(walk->mm, leaf->start,
				     leaf->start + leaf->size))
		young = true;
	return young;
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
 * damon_walk_wait() - Wait for the VMA that a walk could not lock.
 * @walk:	The walk, which has just found %DAMON_LEAF_OPAQUE and no VMA.
 *
 * For those who can afford what sampling cannot.  The mmap lock is held until
 * the walk is paused or ends.
 *
 * Context: Sleeps.
 */
void damon_walk_wait(struct damon_walk *walk)
{
	damon_walk_end(walk);
	mmap_read_lock(walk->mm);
	walk->mmap_locked = true;
}
