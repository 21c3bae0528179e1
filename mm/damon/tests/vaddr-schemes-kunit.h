/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-vaddr-schemes": where folios are to go, and advice, the latter
 * on real mappings of the test's own address space.
 */

#include "scans-kunit.h"
#include "swap-kunit.h"

/* destinations */

struct dests_case {
	const char *what;
	unsigned int weights[4];
	int nids[16];
};

/* The nodes are 7, 3, 5 and 1.  Indices begin at 0. */
static const struct dests_case dests_cases[] = {
	{
		"one", { 1 },
		{ 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7 },
	}, {
		"equal weights", { 1, 1 },
		{ 7, 3, 7, 3, 7, 3, 7, 3, 7, 3, 7, 3, 7, 3, 7, 3 },
	}, {
		"different weights", { 3, 1, 2 },
		{ 7, 7, 7, 3, 5, 5, 7, 7, 7, 3, 5, 5, 7, 7, 7, 3 },
	}, {
		"some without weight", { 0, 2, 0, 1 },
		{ 3, 3, 1, 3, 3, 1, 3, 3, 1, 3, 3, 1, 3, 3, 1, 3 },
	}, {
		"no weight at all", { 0, 0 },
		{ -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 },
	},
};

static void dests_case_name(const struct dests_case *c, char *name)
{
	strscpy(name, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(dests, dests_cases, dests_case_name);

static void dests_test(struct kunit *test)
{
	const struct dests_case *c = test->param_value;
	unsigned int weights[4], nids[] = { 7, 3, 5, 1 };
	struct damos_migrate_dests dests = {
		.node_id_arr = nids,
		.weight_arr = weights,
		.nr_dests = ARRAY_SIZE(nids),
	};
	int i;

	memcpy(weights, c->weights, sizeof(weights));
	for (i = 0; i < ARRAY_SIZE(c->nids); i++)
		KUNIT_EXPECT_EQ(test, interleaved_nid(&dests, i), c->nids[i]);
}

static void dests_large_weights_test(struct kunit *test)
{
	unsigned int weights[] = { UINT_MAX, UINT_MAX }, nids[] = { 7, 3 };
	struct damos_migrate_dests dests = { nids, weights, 2 };
	const u64 sum = 2ULL * UINT_MAX;

	KUNIT_EXPECT_EQ(test, interleaved_nid(&dests, 0), 7);
	KUNIT_EXPECT_EQ(test, interleaved_nid(&dests, UINT_MAX - 1ULL), 7);
	KUNIT_EXPECT_EQ(test, interleaved_nid(&dests, UINT_MAX), 3);
	KUNIT_EXPECT_EQ(test, interleaved_nid(&dests, sum - 1), 3);
	KUNIT_EXPECT_EQ(test, interleaved_nid(&dests, sum), 7);
	KUNIT_EXPECT_EQ(test, interleaved_nid(&dests, U64_MAX / sum * sum - 1), 3);
}

static void interleave_index_test(struct kunit *test)
{
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);
	unsigned long start = 1UL << 24;

	KUNIT_ASSERT_NOT_NULL(test, vma);
	vma->vm_start = start;
	vma->vm_end = start + (1UL << 26);
	vma->vm_pgoff = 19;
	KUNIT_EXPECT_EQ(test, interleave_index(vma, start, 0), 19);
	KUNIT_EXPECT_EQ(test, interleave_index(vma, start + 5 * PAGE_SIZE, 0), 24);
	/* each part is rounded down on its own */
	KUNIT_EXPECT_EQ(test, interleave_index(vma, start + 5 * PAGE_SIZE, 2), 5);
	KUNIT_EXPECT_EQ(test, interleave_index(vma, start + 8 * PAGE_SIZE, 2), 6);
	KUNIT_EXPECT_EQ(test, interleave_index(vma, start + 31 * PAGE_SIZE, 5), 0);
	KUNIT_EXPECT_EQ(test, interleave_index(vma, start + 32 * PAGE_SIZE, 5), 1);
}

static void node_batches_test(struct kunit *test)
{
	struct migration *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct damon_batch *batches[NR_NODE_BATCHES];
	int nid;

	KUNIT_ASSERT_NOT_NULL(test, m);
	begin_migration(m);
	for (nid = 0; nid < NR_NODE_BATCHES; nid++) {
		batches[nid] = batch_for(m, nid);
		KUNIT_ASSERT_NOT_NULL(test, batches[nid]);
		batches[nid]->nr_pages = 1;
	}
	for (nid = 0; nid < NR_NODE_BATCHES; nid++)
		KUNIT_EXPECT_PTR_EQ(test, batch_for(m, nid), batches[nid]);
	KUNIT_EXPECT_NULL(test, batch_for(m, NR_NODE_BATCHES));
	/* an empty one is anybody's */
	batches[1]->nr_pages = 0;
	KUNIT_EXPECT_PTR_EQ(test, batch_for(m, NR_NODE_BATCHES), batches[1]);
}

/* advice */

static void advise_holes_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 8);
	struct damos_space space = own_space();
	struct damon_walk walk;
	struct damon_leaf leaf;
	int i;

	touch_pages(test, addr, 8);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + 3 * PAGE_SIZE, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 5 * PAGE_SIZE,
			advise(&space, addr, addr + 8 * PAGE_SIZE,
			       DAMOS_COLD));
	damon_walk_begin(&walk, current->mm);
	for (i = 1; i < 8; i++) {
		if (i == 3 || i == 4)
			continue;
		KUNIT_EXPECT_EQ(test, look_up(&walk, addr + i * PAGE_SIZE, &leaf),
				DAMON_LEAF_FOLIO);
		KUNIT_EXPECT_FALSE(test, leaf.young);
	}
	damon_walk_end(&walk);

	KUNIT_EXPECT_EQ(test, 0, advise(&space, addr + 3 * PAGE_SIZE,
					addr + 5 * PAGE_SIZE, DAMOS_COLD));
}

static void lock_memory(unsigned long addr, bool lock)
{
	struct vm_area_struct *vma;

	mmap_write_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (lock)
		vm_flags_set(vma, VM_LOCKED);
	else
		vm_flags_clear(vma, VM_LOCKED);
	mmap_write_unlock(current->mm);
}

/* A mapping that refuses the advice does not count, and those behind it do. */
static void advise_refused_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 8);
	struct damos_space space = own_space();

	touch_pages(test, addr, 8);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + 3 * PAGE_SIZE, PAGE_SIZE));
	lock_memory(addr, true);
	KUNIT_EXPECT_EQ(test, 4 * PAGE_SIZE,
			advise(&space, addr, addr + 8 * PAGE_SIZE,
			       DAMOS_COLD));
	lock_memory(addr, false);
	KUNIT_EXPECT_EQ(test, 7 * PAGE_SIZE,
			advise(&space, addr, addr + 8 * PAGE_SIZE,
			       DAMOS_COLD));
}

/* Success is no change where there is nothing to be changed. */
static void advise_nothing_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 8), end = addr + 8 * PAGE_SIZE;
	struct damos_space space = own_space();
	struct part part = { addr, end };

	KUNIT_EXPECT_EQ(test, 0, advise(&space, addr, end, DAMOS_PAGEOUT));
	KUNIT_EXPECT_EQ(test, 0, advise(&space, addr, end, DAMOS_COLD));
	touch_pages(test, addr + 2 * PAGE_SIZE, 3);
	KUNIT_EXPECT_EQ(test, size_of_present(&space, &part), 3 * PAGE_SIZE);
	part.start += 3 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, size_of_present(&space, &part), 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE,
			advise(&space, addr, end, DAMOS_COLD));
	/* without swap, this is no change either */
	part.start = addr;
	KUNIT_EXPECT_EQ(test, advise(&space, addr, end, DAMOS_PAGEOUT),
			3 * PAGE_SIZE - size_of_present(&space, &part));
}

/* If the process is gone nothing is done, whoever else still has its memory. */
static void advise_orphan_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 4), end = addr + 4 * PAGE_SIZE;
	struct damos_space space = own_space();

	touch_pages(test, addr, 4);
	mmget(space.mm);
	KUNIT_EXPECT_EQ(test, advise(&space, addr, end, DAMOS_COLD), 4 * PAGE_SIZE);
	/* without any user memory */
	space.pid = task_pid(kthreadd_task);
	KUNIT_EXPECT_EQ(test, advise(&space, addr, end, DAMOS_COLD), 0);
	space.pid = NULL;
	KUNIT_EXPECT_EQ(test, advise(&space, addr, end, DAMOS_COLD), 0);
	mmput(space.mm);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static bool vma_has(unsigned long addr, vm_flags_t flag)
{
	struct vm_area_struct *vma;
	bool has;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	has = vma && vma->vm_flags & flag;
	mmap_read_unlock(current->mm);
	return has;
}

/* Mappings are changed as a whole, also those that are large. */
static void advise_mappings_test(struct kunit *test)
{
	unsigned long size = 3 * PIECE, hole = PIECE / 2, nr;
	unsigned long addr = map_memory(test, size / PAGE_SIZE);
	struct damos_space space = own_space();
	struct mm_struct *mm = current->mm;

	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + hole, PAGE_SIZE));
	nr = mm->map_count;
	KUNIT_EXPECT_EQ(test, advise(&space, addr, addr + size, DAMOS_HUGEPAGE),
			size - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mm->map_count, nr);
	KUNIT_EXPECT_TRUE(test, vma_has(addr, VM_HUGEPAGE));
	KUNIT_EXPECT_TRUE(test, vma_has(addr + size - 1, VM_HUGEPAGE));

	/* it stays true */
	KUNIT_EXPECT_EQ(test, advise(&space, addr, addr + size, DAMOS_HUGEPAGE),
			size - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, advise(&space, addr, addr + size, DAMOS_NOHUGEPAGE),
			size - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mm->map_count, nr);
	KUNIT_EXPECT_FALSE(test, vma_has(addr, VM_HUGEPAGE));
	KUNIT_EXPECT_TRUE(test, vma_has(addr, VM_NOHUGEPAGE));
	KUNIT_EXPECT_TRUE(test, vma_has(addr + size - 1, VM_NOHUGEPAGE));
}

/* What became huge counts, even if not all did. */
static void advise_collapse_test(struct kunit *test)
{
	unsigned long size = 4 * PMD_SIZE;
	unsigned long addr = map_memory(test, size / PAGE_SIZE);
	struct damos_space space = own_space();
	struct mm_struct *mm = current->mm;
	unsigned long first = ALIGN(addr, PMD_SIZE);
	struct part part = { addr, addr + size };

	do_madvise(mm, addr, size, MADV_NOHUGEPAGE);
	touch_pages(test, first, PMD_SIZE / PAGE_SIZE);
	do_madvise(mm, addr, size, MADV_HUGEPAGE);
	KUNIT_EXPECT_EQ(test, size_of_huge(&space, &part), 0);
	if (advise(&space, addr, addr + size, DAMOS_COLLAPSE) != PMD_SIZE)
		kunit_skip(test, "no huge page to be had");
	KUNIT_EXPECT_EQ(test, size_of_huge(&space, &part), PMD_SIZE);
	/* once more is nothing new */
	KUNIT_EXPECT_EQ(test, advise(&space, addr, addr + PMD_SIZE, DAMOS_COLLAPSE), 0);
	/* none of them is inside of such a part */
	part.start = first + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, size_of_huge(&space, &part), 0);
}
#endif

static struct folio *folio_at(struct kunit *test, unsigned long addr)
{
	struct damon_walk walk;
	struct damon_leaf leaf;

	damon_walk_begin(&walk, current->mm);
	KUNIT_EXPECT_EQ(test, look_up(&walk, addr, &leaf), DAMON_LEAF_FOLIO);
	damon_walk_end(&walk);
	return leaf.folio;
}

/* The young flag shows what the advice went to: it clears that. */
static void advise_filtered_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 8), passed = 0;
	struct damos_space space = own_space();
	struct damon_addr_range range = pages_at(addr, 8);
	struct damos *s = new_scheme(test, DAMOS_COLD);
	int i;

	add_filter(test, s, DAMOS_FILTER_TYPE_YOUNG, true, false);
	touch_pages(test, addr, 8);
	KUNIT_EXPECT_EQ(test, admitted_pages(s, range, false), 0);
	for (i = 0; i < 8; i++)
		folio_set_young(folio_at(test, addr + i * PAGE_SIZE));
	touch_for_sure(test, addr + 2 * PAGE_SIZE);
	touch_for_sure(test, addr + 3 * PAGE_SIZE);
	touch_for_sure(test, addr + 6 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, 5 * PAGE_SIZE,
			apply(&space, s, &range, &passed));
	KUNIT_EXPECT_EQ(test, passed, 5 * PAGE_SIZE);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ_MSG(test, i == 2 || i == 3 || i == 6,
				    folio_test_young(folio_at(test, addr +
							      i * PAGE_SIZE)),
				    "page %d", i);

	/* a core filter that allowed the region outvotes them */
	s->core_filters_allowed = true;
	KUNIT_EXPECT_EQ(test, 8 * PAGE_SIZE,
			apply(&space, s, &range, &passed));
}

/* Without room in swap, huge pages stay what they are, and cost nothing. */
static void advise_no_room_test(struct kunit *test)
{
	unsigned long addr = map_huge(test), passed = 0;
	struct damos_space space = own_space();
	struct damon_addr_range front = { addr, addr + 3 * PAGE_SIZE };
	struct damon_addr_range rest = { front.end, addr + PMD_SIZE };
	struct damos *s = new_scheme(test, DAMOS_PAGEOUT);
	struct damon_walk walk;
	struct damon_leaf leaf;

	map_memory(test, 1);
	lru_add_drain_all();
	pretend_swap(test, PMD_SIZE / PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, apply(&space, s, &front, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, s->sz_absent, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, apply(&space, s, &rest, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, s->sz_absent, PMD_SIZE);

	damon_walk_begin(&walk, current->mm);
	look_up(&walk, addr, &leaf);
	damon_walk_end(&walk);
	KUNIT_EXPECT_EQ(test, leaf.size, PMD_SIZE);
}

/* One piece of advice is for no more than there is room for. */
static void advise_little_room_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 8), passed = 0;
	struct damos_space space = own_space();
	struct damon_addr_range range = pages_at(addr, 8);
	struct damos *s = new_scheme(test, DAMOS_PAGEOUT);

	touch_pages(test, addr, 8);
	pretend_swap(test, 5);
	apply(&space, s, &range, &passed);
	KUNIT_EXPECT_EQ(test, passed, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, s->sz_absent, 3 * PAGE_SIZE);
}

/* migration */

static void migrate_nowhere_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 4), passed = 0;
	struct damos_space space = own_space();
	struct damon_addr_range range = pages_at(addr, 4);
	struct damos *s = new_scheme(test, DAMOS_MIGRATE_COLD);
	int i;

	touch_pages(test, addr, 4);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, 0, apply(&space, s, &range, &passed));
	s->target_nid = MAX_NUMNODES;
	KUNIT_EXPECT_EQ(test, 0, apply(&space, s, &range, &passed));
	s->target_nid = folio_nid(folio_at(test, addr));
	KUNIT_EXPECT_EQ(test, 0, apply(&space, s, &range, &passed));
	/* there are no filters that anything would not pass */
	KUNIT_EXPECT_EQ(test, passed, 12 * PAGE_SIZE);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, folio_test_lru(folio_at(test, addr +
								i * PAGE_SIZE)));
}

/* What must not be reclaimed can be migrated, and stays so. */
static void migrate_locked_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 4), passed = 0;
	struct damos_space space = own_space();
	struct damon_addr_range range = pages_at(addr, 4);
	struct damos *s = new_scheme(test, DAMOS_MIGRATE_HOT);
	unsigned long moved = 0, elsewhere = 0;
	int i;

	lock_memory(addr, true);
	touch_pages(test, addr, 4);
	lru_add_drain_all();
	KUNIT_EXPECT_TRUE(test, folio_test_unevictable(folio_at(test, addr)));
	s->target_nid = next_node_in(folio_nid(folio_at(test, addr)), node_states[N_MEMORY]);
	/* who has touched them may have been on another CPU each time */
	for (i = 0; i < 4; i++)
		if (folio_nid(folio_at(test, addr + i * PAGE_SIZE)) != s->target_nid)
			elsewhere += PAGE_SIZE;
	/* others may have a reference just then */
	for (i = 0; moved < elsewhere && i < 100; i++) {
		moved += apply(&space, s, &range, &passed);
		lru_add_drain_all();
	}
	KUNIT_EXPECT_EQ(test, moved, elsewhere);
	KUNIT_EXPECT_EQ(test, folio_nid(folio_at(test, addr)), s->target_nid);
	KUNIT_EXPECT_TRUE(test, folio_test_unevictable(folio_at(test, addr)));
	lock_memory(addr, false);
}

/* More pages than one batch takes, two of three to the other node. */
static void migrate_weighted_test(struct kunit *test)
{
	unsigned long nr = 3 * DAMON_BATCH_PAGES, passed = 0, i, expected = 0;
	unsigned long addr = map_memory(test, nr);
	struct damos_space space = own_space();
	struct damon_addr_range range = pages_at(addr, nr);
	struct damos *s = new_scheme(test, DAMOS_MIGRATE_HOT);
	unsigned int nids[2], weights[] = { 1, 2 };
	struct vm_area_struct *vma;
	pgoff_t pgoff;

	do_madvise(current->mm, addr, nr * PAGE_SIZE, MADV_NOHUGEPAGE);
	touch_pages(test, addr, nr);
	nids[0] = folio_nid(folio_at(test, addr));
	nids[1] = next_node_in(nids[0], node_states[N_MEMORY]);
	if (nids[0] == nids[1])
		kunit_skip(test, "there is one node only");
	s->migrate_dests = (struct damos_migrate_dests){ nids, weights, 2 };

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	pgoff = vma->vm_pgoff + (addr - vma->vm_start) / PAGE_SIZE;
	mmap_read_unlock(current->mm);
	/* If the first node was short of memory, some are where they belong. */
	for (i = 0; i < nr; i++)
		expected += folio_nid(folio_at(test, addr + i * PAGE_SIZE)) !=
			nids[(pgoff + i) % 3 != 0];
	KUNIT_EXPECT_EQ(test, apply(&space, s, &range, &passed),
			expected * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, passed, nr * PAGE_SIZE);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, folio_nid(folio_at(test, addr + i * PAGE_SIZE)),
				nids[(pgoff + i) % 3 != 0]);
}

static void pages_of_test(struct kunit *test)
{
	struct damon_addr_range ar = { 5 * PAGE_SIZE - 1, 9 * PAGE_SIZE + 1 };

	KUNIT_EXPECT_EQ(test, pages_of(&ar).start, 5 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pages_of(&ar).end, 10 * PAGE_SIZE);
	ar.end = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, pages_of(&ar).end, ULONG_MAX & PAGE_MASK);
	/* within the very last page */
	ar.start = ULONG_MAX - 1;
	KUNIT_EXPECT_EQ(test, pages_of(&ar).start, pages_of(&ar).end);
	/* within a page that another region begins in */
	ar.start = PAGE_SIZE + 1;
	ar.end = PAGE_SIZE + 2;
	KUNIT_EXPECT_EQ(test, pages_of(&ar).start, pages_of(&ar).end);
}

#include "stuck-kunit.h"

static struct kunit_case vaddr_schemes_cases[] = {
	KUNIT_CASE_PARAM(dests_test, dests_gen_params),
	KUNIT_CASE(dests_large_weights_test),
	KUNIT_CASE(interleave_index_test),
	KUNIT_CASE(node_batches_test),
	KUNIT_CASE(pages_of_test),
	KUNIT_CASE(advise_holes_test),
	KUNIT_CASE(advise_refused_test),
	KUNIT_CASE(advise_nothing_test),
	KUNIT_CASE(advise_orphan_test),
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	KUNIT_CASE(advise_mappings_test),
	KUNIT_CASE(advise_collapse_test),
#endif
	KUNIT_CASE(advise_filtered_test),
	KUNIT_CASE(advise_no_room_test),
	KUNIT_CASE(advise_little_room_test),
	KUNIT_CASE(migrate_nowhere_test),
	KUNIT_CASE(migrate_locked_test),
	KUNIT_CASE(migrate_weighted_test),
	KUNIT_CASE(stuck_gives_up_test),
	KUNIT_CASE(stuck_stops_test),
	KUNIT_CASE(stuck_once_test),
	{}
};

static struct kunit_suite vaddr_schemes_suite = {
	.name = "damon-vaddr-schemes",
	.test_cases = vaddr_schemes_cases,
};

kunit_test_suite(vaddr_schemes_suite);
