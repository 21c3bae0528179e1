/* SPDX-License-Identifier: GPL-2.0 */
/* Entries of page tables that map nothing, by the names that newer kernels have for them. */
#ifndef _MM_DAMON_LINUX_6_12_LEAFOPS_H
#define _MM_DAMON_LINUX_6_12_LEAFOPS_H

#include <linux/swap.h>
#include <linux/swapops.h>

#define softleaf_t	swp_entry_t

/* Some of 6.12 have this already. */
#ifndef softleaf_from_pte
#define softleaf_from_pte(pte)	pte_to_swp_entry(pte)
#endif

static inline bool softleaf_is_swap(softleaf_t entry)
{
	return entry.val && !non_swap_entry(entry);
}

static inline bool softleaf_is_marker(softleaf_t entry)
{
	return is_pte_marker_entry(entry);
}

#endif /* _MM_DAMON_LINUX_6_12_LEAFOPS_H */
