/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-shared": samples of memory that is mapped often, here by the test
 * itself.
 */
#ifndef _MM_DAMON_TESTS_SHARED_KUNIT_H
#define _MM_DAMON_TESTS_SHARED_KUNIT_H

#include <kunit/test.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>

#include <asm/tlbflush.h>

#include "hugetlb-kunit.h"

/* Places at which some pages are mapped. */
struct places {
	unsigned long pages;
	unsigned int nr;
	unsigned long addr[2 * DAMON_MAX_VISITS];
};

static void touch_page(struct kunit *test, unsigned long addr)
{
	flush_tlb_mm(current->mm);
	KUNIT_ASSERT_EQ(test, 0, put_user(1, (u8 __user *)addr));
}

static void put_file(void *file)
{
	fput(file);
}

static struct file *new_file(struct kunit *test, unsigned long nr_pages)
{
	struct file *file = shmem_file_setup("damon", nr_pages * PAGE_SIZE, EMPTY_VMA_FLAGS);

	if (IS_ERR(file))
		kunit_skip(test, "no file to be had");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_file, file));
	return file;
}

/* Pages of a file, from the @first one on. */
static unsigned long map_file(struct kunit *test, struct file *file, unsigned long flags,
			      unsigned long first, unsigned long nr_pages)
{
	unsigned long addr = kunit_vm_mmap(test, file, 0, nr_pages * PAGE_SIZE,
					   PROT_READ | PROT_WRITE, flags,
					   first * PAGE_SIZE);

	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "no address space to map memory in");
	return addr;
}

/* The same pages of a file, mapped so often. */
static struct places *map_often(struct kunit *test, unsigned long pages, unsigned int nr)
{
	struct places *places = kunit_kzalloc(test, sizeof(*places), GFP_KERNEL);
	unsigned long addr;
	struct file *file;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, places);
	file = new_file(test, pages);
	places->pages = pages;
	for (places->nr = 0; places->nr < nr; places->nr++) {
		addr = map_file(test, file, MAP_SHARED, 0, pages);
		places->addr[places->nr] = addr;
		for (i = 0; i < pages; i++)
			touch_page(test, addr + i * PAGE_SIZE);
	}
	lru_add_drain_all();
	return places;
}

static unsigned long pfn_at(struct kunit *test, unsigned long addr)
{
	unsigned long pfn;
	struct page *page;

	KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast(addr, 1, FOLL_WRITE, &page));
	pfn = page_to_pfn(page);
	put_page(page);
	return pfn;
}

static struct folio *get_small_folio(struct kunit *test, unsigned long addr)
{
	struct folio *folio = damon_get_folio(pfn_at(test, addr));

	KUNIT_ASSERT_NOT_NULL(test, folio);
	if (!folio_test_large(folio))
		return folio;
	folio_put(folio);
	kunit_skip(test, "no small folio to be had");
	return NULL;
}

static void shared_access_test(struct kunit *test)
{
	struct places *places = map_often(test, 1, 40);
	struct folio *folio = get_small_folio(test, places->addr[0]);
	unsigned int i;

	for (i = 0; i < places->nr; i++) {
		struct damon_visits arm = { .left = 39 }, look = { .left = 39 };

		KUNIT_EXPECT_TRUE(test, damon_folio_arm(folio, &arm));
		KUNIT_EXPECT_EQ(test, arm.left, 0);
		KUNIT_EXPECT_FALSE(test, arm.lacking);
		KUNIT_EXPECT_EQ(test, DAMON_NOT_ACCESSED, damon_check_folio(folio, &look));
		KUNIT_EXPECT_EQ(test, look.left, 0);
		look.left = 39;
		touch_page(test, places->addr[i]);
		KUNIT_EXPECT_EQ(test, DAMON_ACCESSED, damon_check_folio(folio, &look));
	}
	folio_put(folio);
}

/* The copy of a page of a file is anonymous, and has nothing of its place in there. */
static void private_copy_test(struct kunit *test)
{
	struct file *file = new_file(test, 8);
	struct damon_visits visits = { .left = DAMON_PASS_VISITS };
	struct folio *folio;
	unsigned long addr;

	addr = map_file(test, file, MAP_PRIVATE, 5, 2) + PAGE_SIZE;
	touch_page(test, addr);
	lru_add_drain_all();
	folio = get_small_folio(test, addr);
	KUNIT_ASSERT_TRUE(test, folio_test_anon(folio));

	KUNIT_EXPECT_TRUE(test, damon_folio_arm(folio, &visits));
	KUNIT_EXPECT_EQ(test, DAMON_NOT_ACCESSED, damon_check_folio(folio, &visits));
	touch_page(test, addr);
	KUNIT_EXPECT_EQ(test, DAMON_ACCESSED, damon_check_folio(folio, &visits));
	KUNIT_EXPECT_EQ(test, DAMON_ACCESSED, damon_age_folio(folio));
	KUNIT_EXPECT_EQ(test, DAMON_NOT_ACCESSED, damon_check_folio(folio, &visits));
	folio_put(folio);
}

/* Of guests' private memory it is not known who uses it, unless the host does. */
static void hidden_test(struct kunit *test)
{
	struct file *file = new_file(test, 1);
	struct damon_visits visits = { .left = DAMON_PASS_VISITS };
	struct folio *folio;
	unsigned long addr;

	mapping_set_unevictable(file->f_mapping);
	addr = map_file(test, file, MAP_SHARED, 0, 1);
	touch_page(test, addr);
	lru_add_drain_all();
	folio = get_small_folio(test, addr);
	KUNIT_ASSERT_TRUE(test, folio_test_unevictable(folio));

	/* it can be, but does not have to be */
	KUNIT_EXPECT_TRUE(test, damon_folio_arm(folio, &visits));
	KUNIT_EXPECT_EQ(test, DAMON_NOT_ACCESSED, damon_age_folio(folio));
	mapping_set_inaccessible(file->f_mapping);
	KUNIT_EXPECT_FALSE(test, damon_folio_arm(folio, &visits));
	KUNIT_EXPECT_EQ(test, DAMON_UNKNOWN, damon_age_folio(folio));
	touch_page(test, addr);
	KUNIT_EXPECT_EQ(test, DAMON_ACCESSED, damon_age_folio(folio));
	folio_put(folio);
}

#if defined(CONFIG_MMU_NOTIFIER) && defined(CONFIG_TRANSPARENT_HUGEPAGE)
/* Something with page tables of its own.  It used one page, or none. */
struct guest {
	struct mmu_notifier mn;
	struct mm_struct *mm;
	unsigned long used;
};

static bool guest_clear_young(struct mmu_notifier *mn, struct mm_struct *mm,
			      unsigned long start, unsigned long end)
{
	struct guest *guest = container_of(mn, struct guest, mn);
	bool young = guest->used >= start && guest->used < end;

	if (young)
		guest->used = 0;
	return young;
}

static bool guest_test_young(struct mmu_notifier *mn, struct mm_struct *mm,
			     unsigned long addr)
{
	return container_of(mn, struct guest, mn)->used == addr;
}

static const struct mmu_notifier_ops guest_ops = {
	.clear_young = guest_clear_young,
	.test_young = guest_test_young,
};

static void end_guest(void *arg)
{
	struct guest *guest = arg;

	mmu_notifier_unregister(&guest->mn, guest->mm);
}

static struct guest *new_guest(struct kunit *test)
{
	struct guest *guest = kunit_kzalloc(test, sizeof(*guest), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, guest);
	guest->mn.ops = &guest_ops;
	guest->mm = current->mm;
	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(&guest->mn, guest->mm));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_guest, guest));
	return guest;
}

/* Each page of a large folio can be the one that a guest uses. */
static void guest_test(struct kunit *test)
{
	static const unsigned int pages[] = { 0, 1, 100, HPAGE_PMD_NR - 2 };
	struct damon_visits visits = { .left = DAMON_PASS_VISITS };
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, 2 * HPAGE_PMD_SIZE,
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	struct folio *folio;
	struct guest *guest;
	unsigned int i;

	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "no address space to map memory in");
	addr = round_up(addr, HPAGE_PMD_SIZE);
	do_madvise(current->mm, addr, HPAGE_PMD_SIZE, MADV_HUGEPAGE);
	touch_page(test, addr);
	lru_add_drain_all();
	/* the rest is mapped by entries of single pages then */
	do_madvise(current->mm, addr + HPAGE_PMD_SIZE - PAGE_SIZE, PAGE_SIZE,
		   MADV_DONTNEED);
	folio = damon_get_folio(pfn_at(test, addr));
	KUNIT_ASSERT_NOT_NULL(test, folio);
	guest = new_guest(test);
	for (i = 0; i < ARRAY_SIZE(pages) && folio_test_pmd_mappable(folio); i++) {
		KUNIT_EXPECT_TRUE(test, damon_folio_arm(folio, &visits));
		KUNIT_EXPECT_EQ(test, DAMON_NOT_ACCESSED,
				damon_check_folio(folio, &visits));
		guest->used = addr + pages[i] * PAGE_SIZE;
		KUNIT_EXPECT_EQ(test, DAMON_ACCESSED,
				damon_check_folio(folio, &visits));
	}
	folio_put(folio);
	if (!i)
		kunit_skip(test, "no huge page to be had");
}
#endif

/* What cannot be afforded has no answer, and what nobody shares costs nothing. */
static void visits_are_bounded_test(struct kunit *test)
{
	struct places *shared = map_often(test, 1, 40), *single = map_often(test, 1, 1);
	struct folio *folio = get_small_folio(test, shared->addr[0]);
	struct folio *private = get_small_folio(test, single->addr[0]);
	struct damon_visits visits = { .left = 38 };

	KUNIT_EXPECT_FALSE(test, damon_folio_arm(folio, &visits));
	KUNIT_EXPECT_TRUE(test, visits.lacking);
	KUNIT_EXPECT_EQ(test, DAMON_ACCESSED, damon_age_folio(folio));
	KUNIT_EXPECT_EQ(test, DAMON_UNKNOWN, damon_check_folio(folio, &visits));
	KUNIT_EXPECT_EQ(test, DAMON_NOT_ACCESSED, damon_age_folio(folio));

	visits = (struct damon_visits){};
	KUNIT_EXPECT_TRUE(test, damon_folio_arm(private, &visits));
	KUNIT_EXPECT_EQ(test, DAMON_NOT_ACCESSED, damon_check_folio(private, &visits));
	touch_page(test, single->addr[0]);
	KUNIT_EXPECT_EQ(test, DAMON_ACCESSED, damon_check_folio(private, &visits));
	KUNIT_EXPECT_FALSE(test, visits.lacking);
	folio_put(folio);
	folio_put(private);
}

/* Mapped more often than any look can visit: an access through any of them is seen at last. */
static void shared_by_too_many_test(struct kunit *test)
{
	struct places *places = map_often(test, 1, DAMON_MAX_VISITS + 80);
	struct folio *folio = get_small_folio(test, places->addr[0]);
	static const unsigned int at[] = { 0, 300, DAMON_MAX_VISITS + 79 };
	unsigned int i, seed, seen;

	KUNIT_EXPECT_EQ(test, DAMON_ACCESSED, damon_age_folio(folio));
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		seen = 0;
		for (seed = 0; seed < 200; seed++) {
			struct damon_visits arm = {
				.left = DAMON_PASS_VISITS, .seed = hash_32(seed, 32),
			};
			struct damon_visits look = arm, once_more = arm;

			KUNIT_ASSERT_TRUE(test, damon_folio_arm(folio, &arm));
			KUNIT_ASSERT_GE(test, arm.left, DAMON_PASS_VISITS / 2);
			KUNIT_ASSERT_EQ(test, DAMON_UNKNOWN, damon_check_folio(folio, &look));
			touch_page(test, places->addr[at[i]]);
			seen += damon_check_folio(folio, &once_more) == DAMON_ACCESSED;
		}
		KUNIT_EXPECT_GT_MSG(test, seen, 2, "mapping %u", at[i]);
		KUNIT_EXPECT_LT_MSG(test, seen, 80, "mapping %u", at[i]);
	}
	folio_put(folio);
}

/* A context with a region of each page. */
static struct damon_ctx *watch_pages(struct kunit *test, struct places *places)
{
	struct damon_ctx *ctx = new_ctx_of(test, pfn_at(test, places->addr[0]));
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);
	unsigned long i;

	damon_destroy_regions(t);
	for (i = 0; i < places->pages; i++) {
		unsigned long pfn = pfn_at(test, places->addr[0] + i * PAGE_SIZE);
		struct damon_region *r = damon_new_region(pfn * PAGE_SIZE,
							  (pfn + 1) * PAGE_SIZE);

		KUNIT_ASSERT_NOT_NULL(test, r);
		/* their order does not matter */
		damon_add_region(r, t);
	}
	return ctx;
}

/* A pass does not take longer because there is more that is shared, and skips nobody always. */
static void passes_are_fair_test(struct kunit *test)
{
	struct places *places = map_often(test, 60, 40);
	struct damon_ctx *ctx = watch_pages(test, places);
	struct damon_target *t = list_first_entry(&ctx->adaptive_targets,
						  struct damon_target, list);
	unsigned int window = damon_max_nr_accesses(&ctx->attrs), i, nr, nr_samples = 0;
	struct damon_region *r;

	for (i = 0; i < 40 * window; i++) {
		ctx->nr_intervals %= window;
		ctx->ops.prepare_access_checks(ctx);
		nr = 0;
		damon_for_each_region(r, t)
			nr += damon_sample_pending(r);
		KUNIT_ASSERT_LE(test, nr, DAMON_PASS_VISITS / 39);
		nr_samples += nr;
		damon_for_each_region(r, t)
			if (damon_sample_pending(r))
				r->age++;
		ctx->ops.check_accesses(ctx);
		damon_for_each_region(r, t) {
			/* known, and neither idle nor busy: drawn in each interval */
			r->rate = DAMON_FULL_RATE / 3;
			r->worth = 1;
			r->nr_samples = 0;
			r->nr_accesses = 0;
		}
	}
	/* most passes have used what they had */
	KUNIT_EXPECT_GE(test, nr_samples, 40 * window * 2);
	damon_for_each_region(r, t)
		KUNIT_EXPECT_GE(test, r->age, nr_samples / 60 / 4);
}

/* One that takes more than a pass has gets it all the same, and others get none. */
static void one_is_always_looked_at_test(struct kunit *test)
{
	struct places *often = map_often(test, 1, 2 * DAMON_PASS_VISITS);
	struct places *other = map_often(test, 1, 2);
	struct folio *folio = get_small_folio(test, often->addr[0]);
	struct folio *second = get_small_folio(test, other->addr[0]);
	struct damon_visits visits = { .left = DAMON_PASS_VISITS };

	KUNIT_EXPECT_TRUE(test, damon_folio_arm(folio, &visits));
	KUNIT_EXPECT_EQ(test, visits.left, 0);
	KUNIT_EXPECT_FALSE(test, visits.lacking);
	KUNIT_EXPECT_FALSE(test, damon_folio_arm(second, &visits));
	KUNIT_EXPECT_TRUE(test, visits.lacking);

	visits = (struct damon_visits){ .left = DAMON_PASS_VISITS };
	KUNIT_EXPECT_TRUE(test, damon_folio_arm(second, &visits));
	KUNIT_EXPECT_FALSE(test, damon_folio_arm(folio, &visits));
	KUNIT_EXPECT_TRUE(test, visits.lacking);
	folio_put(folio);
	folio_put(second);
}

#ifdef CONFIG_HUGETLB_PAGE
/* One entry tells of a page of hugetlb, whichever part of it is looked at, and accessed. */
static void check_hugetlb(struct kunit *test, unsigned long flags)
{
	unsigned long addr = map_hugetlb(test, flags), size = huge_page_size(&default_hstate);
	struct damon_visits visits = { .left = DAMON_PASS_VISITS };
	unsigned long pfn, next;
	struct folio *folio;
	struct page *page;

	touch_page(test, addr);
	KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast(addr + size / 2, 1, 0, &page));
	folio = page_folio(page);
	pfn = page_to_pfn(page);
	KUNIT_ASSERT_TRUE(test, folio_test_hugetlb(folio));
	KUNIT_EXPECT_PTR_EQ(test, damon_get_folio(pfn), folio);
	folio_put(folio);

	KUNIT_EXPECT_TRUE(test, damon_folio_arm(folio, &visits));
	KUNIT_EXPECT_EQ(test, damon_check_folio(folio, &visits), DAMON_NOT_ACCESSED);
	touch_page(test, addr + size - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, damon_check_folio(folio, &visits), DAMON_ACCESSED);
	KUNIT_EXPECT_EQ(test, damon_age_folio(folio), DAMON_ACCESSED);
	KUNIT_EXPECT_EQ(test, damon_age_folio(folio), DAMON_NOT_ACCESSED);
	/* of which the first visit is free */
	KUNIT_EXPECT_EQ(test, visits.left, DAMON_PASS_VISITS);

	/* without any page table that maps it nobody can tell */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, 2 * size));
	next = pfn;
	KUNIT_EXPECT_NULL(test, damon_seek_folio(&next));
	KUNIT_EXPECT_EQ(test, next, folio_pfn(folio) + folio_nr_pages(folio));
	folio_put(folio);
}

static void hugetlb_test(struct kunit *test)
{
	check_hugetlb(test, MAP_PRIVATE);
	check_hugetlb(test, MAP_SHARED);
}
#else
static void hugetlb_test(struct kunit *test)
{
	kunit_skip(test, "there is no hugetlb");
}
#endif

static struct kunit_case shared_cases[] = {
	KUNIT_CASE(shared_access_test),
	KUNIT_CASE(private_copy_test),
	KUNIT_CASE(hugetlb_test),
	KUNIT_CASE(hidden_test),
#if defined(CONFIG_MMU_NOTIFIER) && defined(CONFIG_TRANSPARENT_HUGEPAGE)
	KUNIT_CASE(guest_test),
#endif
	KUNIT_CASE(visits_are_bounded_test),
	KUNIT_CASE(one_is_always_looked_at_test),
	KUNIT_CASE(shared_by_too_many_test),
	KUNIT_CASE(passes_are_fair_test),
	{}
};

static struct kunit_suite shared_suite = {
	.name = "damon-shared",
	.test_cases = shared_cases,
};

kunit_test_suite(shared_suite);

#endif /* _MM_DAMON_TESTS_SHARED_KUNIT_H */
