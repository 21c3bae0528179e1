/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of hugetlb for KUnit suites.
 */
#ifndef _MM_DAMON_TESTS_HUGETLB_KUNIT_H
#define _MM_DAMON_TESTS_HUGETLB_KUNIT_H

#include <kunit/test.h>
#include <linux/file.h>
#include <linux/hugetlb.h>
#include <linux/mman.h>

#ifdef CONFIG_HUGETLB_PAGE
/* Two pages of hugetlb, which are there for only as long as they are mapped. */
static inline unsigned long map_hugetlb(struct kunit *test, unsigned long flags)
{
	unsigned long nr_before = default_hstate.nr_overcommit_huge_pages;
	unsigned long size = 2 * huge_page_size(&default_hstate), addr;
	struct file *file;

	KUNIT_ASSERT_EQ(test, kunit_attach_mm(), 0);
	file = hugetlb_file_setup(HUGETLB_ANON_FILE, size, mk_vma_flags(VMA_NORESERVE_BIT),
				  HUGETLB_ANONHUGE_INODE, 0);
	if (IS_ERR(file))
		kunit_skip(test, "no memory of hugetlb");
	WRITE_ONCE(default_hstate.nr_overcommit_huge_pages, nr_before + 2);
	addr = kunit_vm_mmap(test, file, 0, size, PROT_READ | PROT_WRITE, flags, 0);
	WRITE_ONCE(default_hstate.nr_overcommit_huge_pages, nr_before);
	fput(file);
	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "no huge pages to be had");
	return addr;
}
#endif

#endif /* _MM_DAMON_TESTS_HUGETLB_KUNIT_H */
