/* SPDX-License-Identifier: GPL-2.0 */
/* What newer kernels have, for 6.12. */
#ifndef _MM_DAMON_LINUX_6_12_NEWER_H
#define _MM_DAMON_LINUX_6_12_NEWER_H

#ifdef __KERNEL__

#include <linux/leafops.h>
#include <linux/math64.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>

#include "../../internal.h"

#ifdef CONFIG_CC_IS_CLANG
#define unrolled_full	_Pragma("clang loop unroll(full)")
#else
#define unrolled_full	_Pragma("GCC unroll 65534")
#endif

/* (a * b + c) / d, all bits of it, where the result has room. */
static inline u64 mul_u64_add_u64_div_u64(u64 a, u64 b, u64 c, u64 d)
{
	unsigned __int128 n = (unsigned __int128)a * b + c;
	u64 rest = n >> 64, low = n;
	bool carry;
	int i;

	if (!rest)
		return div64_u64(low, d);
	for (i = 0; i < 64; i++) {
		carry = rest >> 63;
		rest = rest << 1 | low >> 63;
		low <<= 1;
		if (carry || rest >= d) {
			rest -= d;
			low++;
		}
	}
	return low;
}

/* Those of here do not take a constant folio. */
#define folio_pfn(folio)	page_to_pfn(&(folio)->page)

#ifdef CONFIG_ARCH_HAS_GIGANTIC_PAGE
#define MAX_FOLIO_ORDER		PUD_ORDER
#else
#define MAX_FOLIO_ORDER		MAX_PAGE_ORDER
#endif

#define FOLIO_BATCH_SIZE	PAGEVEC_SIZE

/* Of tests.  There are no guard pages here, and what they make of memory is gone, too. */
#define EMPTY_VMA_FLAGS		0
#define VMA_NORESERVE_BIT	VM_NORESERVE
#define mk_vma_flags(flags)	(flags)
#define MADV_GUARD_INSTALL	MADV_DONTNEED

/* Of tests, which call theirs test.  Here the first mapping brings the address space along. */
#define kunit_attach_mm()							\
	(kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_NONE,			\
		       MAP_PRIVATE | MAP_ANONYMOUS, 0) ? 0 : -ENOMEM)

/* Ids of memory cgroups have 16 bits here. */
static inline struct mem_cgroup *mem_cgroup_get_from_id(u64 id)
{
	struct mem_cgroup *memcg;

	guard(rcu)();
	memcg = id <= U16_MAX ? mem_cgroup_from_id(id) : NULL;
	return memcg && mem_cgroup_tryget(memcg) ? memcg : NULL;
}

/* Nobody can tell here without the lock. */
static inline bool mmap_lock_speculate_try_begin(struct mm_struct *mm, unsigned int *seq)
{
	*seq = 0;
	return false;
}

/* Entries of this size belong to devices here, always. */
static inline struct page *vm_normal_page_pud(struct vm_area_struct *vma, unsigned long addr,
					      pud_t pud)
{
	return NULL;
}

static inline bool test_and_clear_young_ptes(struct vm_area_struct *vma, unsigned long addr,
					     pte_t *ptep, unsigned int nr)
{
	bool young = false;

	for (; nr; nr--, ptep++, addr += PAGE_SIZE)
		young |= ptep_test_and_clear_young(vma, addr, ptep);
	return young;
}

/* The one kind of batch that is asked for. */
#define FPB_MERGE_YOUNG_DIRTY	(FPB_IGNORE_DIRTY | FPB_IGNORE_SOFT_DIRTY)

static inline unsigned int folio_pte_batch_flags(struct folio *folio, struct vm_area_struct *vma,
						 pte_t *ptep, pte_t *pte, unsigned int max_nr,
						 fpb_t flags)
{
	bool writable, young, dirty;
	unsigned int nr;

	nr = folio_pte_batch(folio, 0, ptep, *pte, max_nr, flags, &writable, &young, &dirty);
	if (young)
		*pte = pte_mkyoung(*pte);
	if (dirty)
		*pte = pte_mkdirty(*pte);
	return nr;
}

#ifndef CONFIG_MMU_NOTIFIER
static inline bool mmu_notifier_clear_young(struct mm_struct *mm, unsigned long start,
					    unsigned long end)
{
	return false;
}
#endif

#endif /* __KERNEL__ */
#endif /* _MM_DAMON_LINUX_6_12_NEWER_H */
