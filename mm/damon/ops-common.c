// SPDX-License-Identifier: GPL-2.0
/*
 * What the operations sets know in common about folios: how to get hold of one,
 * and how to test and clear the accessed bits of all its mappings.
 *
 * Must not know regions, targets and contexts.
 */

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/memcontrol.h>
#include <linux/memory_hotplug.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>

#include "lockless.h"
#include "ops-common.h"
#include "walk-leaves.h"

/*
 * Reclaim does not know hugetlb, so that it is on no list.  Only page tables tell who uses
 * it: what is read() leaves no mark.
 */
static bool is_mapped_hugetlb(const struct folio *folio)
{
	return folio_test_hugetlb(folio) && folio_mapped(folio);
}

/* The folio that an online page is in, with a reference, or NULL. */
static inline struct folio *get_folio(struct page *page)
{
	/*
	 * Most pages that fail do so here.  Without a reference this can be
	 * anything, even a tail page by now, so the flag and the type are all to look at.
	 */
	struct folio *folio = page_folio(page);

	if (!(READ_ONCE(folio->flags.f) & BIT(PG_lru)) && !folio_test_hugetlb(folio))
		return NULL;
	if (!folio_try_get(folio))
		return NULL;
	if (unlikely(page_folio(page) != folio ||
		     !(folio_test_lru(folio) || is_mapped_hugetlb(folio)))) {
		folio_put(folio);
		return NULL;
	}
	return folio;
}

/**
 * damon_get_folio() - Get the folio of a page frame, if it can be monitored.
 * @pfn:	Number of the page frame.
 *
 * Return: A folio that is on an LRU list, or one of hugetlb that is mapped, with a
 * reference, or %NULL.
 */
struct folio *damon_get_folio(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page ? get_folio(page) : NULL;
}

/*
 * The first page frame behind one that is not online, and behind its neighbours
 * that cannot be either.
 */
static unsigned long behind_hole(unsigned long pfn)
{
#ifdef CONFIG_SPARSEMEM
	if (!online_section_nr(pfn_to_section_nr(pfn)))
		return ALIGN(pfn + 1, PAGES_PER_SECTION);
	return ALIGN(pfn + 1, PAGES_PER_SUBSECTION);
#else
	return ALIGN(pfn + 1, pageblock_nr_pages);
#endif
}

/*
 * The first page frame behind what a page belongs to that is no folio to act on:
 * a free block, or memory of the kernel or of a driver.  Nothing
 * holds it, so that its order may be anything.
 */
static unsigned long behind_page(const struct page *page, unsigned long pfn)
{
	unsigned long order, max_order;

	if (PageBuddy(page)) {
		order = buddy_order_unsafe(page);
		max_order = MAX_PAGE_ORDER;
	} else {
		order = compound_order(compound_head(page));
		max_order = MAX_FOLIO_ORDER;
	}
	return order <= max_order ? ALIGN(pfn + 1, 1UL << order) : pfn + 1;
}

/**
 * damon_seek_folio() - Get the folio of a page frame, and find where to look on.
 * @pfn:	Number of the page frame.  Becomes the next one that can be of
 *		another folio.
 *
 * Return: As of damon_get_folio().
 */
struct folio *damon_seek_folio(unsigned long *pfn)
{
	struct page *page = pfn_to_online_page(*pfn);
	struct folio *folio = page ? get_folio(page) : NULL;

	if (folio)
		*pfn = folio_pfn(folio) + folio_nr_pages(folio);
	else
		*pfn = page ? behind_page(page, *pfn) : behind_hole(*pfn);
	return folio;
}

/**
 * damon_folio_in_memcg() - Check if a folio is charged to a memory cgroup.
 * @folio:	The folio, with a reference or under a page table lock.
 * @id:		Id of the cgroup.
 * @below:	One that is below it will do.
 *
 * Return: True if it is.
 */
bool damon_folio_in_memcg(struct folio *folio, u64 id, bool below)
{
	struct mem_cgroup *memcg;

	guard(rcu)();
	memcg = folio_memcg_check(folio);
	while (below && memcg && mem_cgroup_id(memcg) != id)
		memcg = parent_mem_cgroup(memcg);
	return memcg && mem_cgroup_id(memcg) == id;
}

/*
 * A folio can be in use without any mapping of the host.  Guests have their
 * private memory from a file, and what they do with it sets no bit anywhere here.
 */
static bool is_hidden(struct folio *folio)
{
	struct address_space *mapping;

	/* which most folios are not, and all of those are */
	if (likely(!folio_test_unevictable(folio)))
		return false;
	/* keeps the inode, which has the mapping */
	guard(rcu)();
	mapping = folio_mapping(folio);
	return mapping && mapping_inaccessible(mapping);
}

/* One look at the accessed bits of a folio. */
struct look {
	bool clear;		/* clear them all, else find one that is set */
	bool young;		/* one was set */
	unsigned int budget;	/* visits left */
	int unseen;		/* entries not visited yet */
};

static bool is_over(const struct look *look)
{
	return look->unseen <= 0 || (look->young && !look->clear);
}

static void note(struct look *look, bool young, unsigned int nr)
{
	look->young |= young;
	look->unseen -= nr;
}

/*
 * A device or a guest used what a batch of entries maps.  They have been made
 * old for all of it, and used which page of it ever.  What is one entry here mostly is
 * one there.
 */
static bool used_by_others(struct damon_walk *walk, const struct damon_leaf *leaf)
{
	unsigned long addr = leaf->start, end = addr + leaf->size;

	if (!mm_has_notifiers(walk->mm))
		return false;
	if (walk->level != DAMON_WALK_PTE)
		return mmu_notifier_test_young(walk->mm, addr);
	while (addr < end && !mmu_notifier_test_young(walk->mm, addr))
		addr += PAGE_SIZE;
	return addr < end;
}

/*
 * Looks at the entries that map the folio from an address on, as many as are
 * alike, under lock.  Returns how much they cover.
 */
static unsigned long look_closely(struct look *look, struct damon_walk *walk,
				  struct folio *folio, unsigned long addr,
				  unsigned long end)
{
	struct damon_leaf leaf __uninitialized;
	unsigned long size = PAGE_SIZE;
	unsigned int nr;

	/* What belongs to a device is old, see mmu_notifier_test_young(). */
	if (damon_walk_lock(walk, addr, &leaf) == DAMON_LEAF_FOLIO &&
	    leaf.folio == folio) {
		nr = damon_walk_batch(walk, end, &leaf);
		if (look->clear)
			leaf.young = damon_walk_mkold(walk, &leaf);
		else if (!leaf.young)
			leaf.young = used_by_others(walk, &leaf);
		/* a table that is shared counts once, however many VMAs it is seen in */
		if (walk->level == DAMON_WALK_HUGETLB && leaf.size == PMD_SIZE &&
		    hugetlb_pmd_shared(walk->pte))
			nr = 0;
		note(look, leaf.young, nr);
		size = leaf.start + leaf.size - addr;
	}
	damon_walk_unlock(walk);
	return size;
}

/* One entry that need not be changed takes no lock. */
static unsigned long look_at_entry(struct look *look, struct damon_walk *walk,
				   struct folio *folio, unsigned long addr,
				   unsigned long end)
{
	struct damon_leaf leaf __uninitialized;

	if (damon_walk_peek(walk, addr, &leaf) != DAMON_LEAF_FOLIO ||
	    leaf.folio != folio)
		return PAGE_SIZE;
	if (folio_test_large(folio) || (look->clear && leaf.young) ||
	    mm_has_notifiers(walk->mm))
		return look_closely(look, walk, folio, addr, end);
	note(look, leaf.young, 1);
	return PAGE_SIZE;
}

static noinline void
look_at_page_closely(struct look *look, struct vm_area_struct *vma,
		     struct folio *folio, unsigned long addr)
{
	struct damon_walk walk __uninitialized;

	damon_walk_begin_vma(&walk, vma, addr);
	look_at_entry(look, &walk, folio, addr, addr + PAGE_SIZE);
	damon_walk_end(&walk);
}

/* Nearly all mappings of small folios need neither a lock nor a walk. */
static __always_inline void
look_at_page(struct look *look, struct vm_area_struct *vma, struct folio *folio,
	     unsigned long addr)
{
	bool young;

	look->budget--;
	switch (damon_lockless_page(vma->vm_mm, addr, folio_pfn(folio),
				    look->clear, &young)) {
	case DAMON_LEAF_FOLIO:
		note(look, young, 1);
		break;
	case DAMON_LEAF_NONE:
		break;
	case DAMON_LEAF_OPAQUE:
		look_at_page_closely(look, vma, folio, addr);
	}
}

/* Each entry is a visit, or each batch of those that are alike. */
static void look_at_pages(struct look *look, struct vm_area_struct *vma,
			  struct folio *folio, unsigned long addr)
{
	unsigned long end = min(addr + folio_size(folio), vma->vm_end);
	struct damon_walk walk __uninitialized;

	damon_walk_begin_vma(&walk, vma, addr);
	while (addr < end && look->budget && !is_over(look)) {
		addr += look_at_entry(look, &walk, folio, addr, end);
		look->budget--;
		/* one entry maps all of it */
		if (folio_test_hugetlb(folio))
			break;
	}
	damon_walk_end(&walk);
}

/*
 * rmap_walk() callback: returns whether to go on with other VMAs.  For that there is
 * something left of the budget.
 */
static __always_inline bool
look_at_vma(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
	    void *arg)
{
	struct look *look = arg;

	if (likely(!folio_test_large(folio)))
		look_at_page(look, vma, folio, addr);
	else
		look_at_pages(look, vma, folio, addr);
	return look->budget && !is_over(look);
}

/*
 * What rmap_walk() does for anonymous folios, which are most of those that are
 * mapped at all, without its indirections.
 */
static void look_at_anon(struct folio *folio, struct look *look,
			 struct anon_vma *anon_vma)
{
	unsigned long nr_pages = folio_nr_pages(folio);
	pgoff_t first = folio_pgoff(folio);
	struct anon_vma_chain *avc;

	anon_vma_interval_tree_foreach(avc, &anon_vma->rb_root, first,
				       first + nr_pages - 1) {
		unsigned long addr = vma_address(avc->vma, first, nr_pages);

		if (!look_at_vma(folio, avc->vma, addr, look))
			break;
		cond_resched();
	}
}

/* A leaf of a tree, each of them about as likely as others. */
static struct rb_node *random_leaf(const struct rb_root_cached *vmas, u32 seed)
{
	struct rb_node *node = vmas->rb_root.rb_node, *leaf = NULL;

	while (node) {
		leaf = node;
		node = seed & 1 ? node->rb_left : node->rb_right;
		node = node ?: leaf->rb_left ?: leaf->rb_right;
		seed = ror32(seed, 1);
	}
	return leaf;
}

/*
 * Looks at as many mappings as the budget allows, of many more.  Which ones depends on the
 * seed.  When it was asked for before, and some have come or gone since, one or the other
 * may not be the same.
 */
static void look_at_some(struct folio *folio, struct look *look,
			 struct rb_root_cached *vmas, u32 seed)
{
	struct rb_node *node = random_leaf(vmas, seed);
	unsigned long nr_pages = folio_nr_pages(folio);
	pgoff_t first = folio_pgoff(folio);

	for (; node; node = rb_next(node) ?: rb_first_cached(vmas)) {
		struct vm_area_struct *vma = folio_test_anon(folio) ?
			rb_entry(node, struct anon_vma_chain, rb)->vma :
			rb_entry(node, struct vm_area_struct, shared.rb);
		unsigned long addr = vma_address(vma, first, nr_pages);

		if (addr == -EFAULT)
			look->budget--;
		else if (!look_at_vma(folio, vma, addr, look))
			break;
		if (!look->budget)
			break;
		cond_resched();
	}
}

/* The same of a file, unless somebody changes which there are. */
static void look_at_some_of_file(struct folio *folio, struct look *look,
				 struct rmap_walk_control *rwc, u32 seed)
{
	struct address_space *mapping = folio->mapping;

	if (!mapping)
		return;
	rwc->contended = !i_mmap_trylock_read(mapping);
	if (rwc->contended)
		return;
	look_at_some(folio, look, &mapping->i_mmap, seed);
	i_mmap_unlock_read(mapping);
}

/* How much of what maps a folio was looked at. */
enum extent {
	NOTHING,	/* or less than what has to be looked at again */
	SOME,
	ALL,
};

/*
 * Looks at the mappings of a folio without waiting for any lock, at all of them or only at
 * some.  Returns whether that was possible.
 */
static bool walk_mappings(struct folio *folio, struct look *look, bool some,
			  u32 seed)
{
	struct rmap_walk_control rwc = {
		.arg = look,
		.rmap_one = look_at_vma,
		.anon_lock = folio_lock_anon_vma_read,
		.try_lock = true,
	};
	struct anon_vma *anon_vma;

	if (!folio_trylock(folio))
		return false;
	if (folio_test_anon(folio) && !folio_test_ksm(folio)) {
		anon_vma = folio_lock_anon_vma_read(folio, &rwc);
		if (anon_vma && some)
			look_at_some(folio, look, &anon_vma->rb_root, seed);
		else if (anon_vma)
			look_at_anon(folio, look, anon_vma);
		if (anon_vma)
			anon_vma_unlock_read(anon_vma);
	} else if (some && !folio_test_anon(folio)) {
		look_at_some_of_file(folio, look, &rwc, seed);
	} else {
		rmap_walk(folio, &rwc);
	}
	folio_unlock(folio);
	return !rwc.contended;
}

/* How many VMAs map some of a folio at least. */
static unsigned int least_visits(const struct folio *folio)
{
	unsigned int nr = folio_mapcount(folio) >> folio_order(folio);

	return folio_test_large(folio) ?
		max_t(unsigned int, nr, folio_entire_mapcount(folio)) : nr;
}

/*
 * Looks at what maps a folio, as far as visits are left.  The first visit is free, so
 * that memory that nobody shares always has an answer.  Of a folio that is mapped more
 * often than any look can visit, some mappings will do, and not so many that nothing is
 * left for others.
 */
static enum extent look_at_mappings(struct folio *folio, struct look *look,
				    struct damon_visits *visits)
{
	unsigned int least = least_visits(folio), granted = visits->left + 1;
	bool some = least > DAMON_MAX_VISITS;
	enum extent extent = ALL;

	look->unseen = folio_mapcount(folio);
	if (look->unseen <= 0 || !folio_raw_mapping(folio))
		return ALL;
	if (some)
		least = DAMON_MAX_VISITS / 8;
	else if (visits->left == DAMON_PASS_VISITS)
		granted = DAMON_MAX_VISITS + 1;
	if (least > granted) {
		visits->lacking = true;
		return NOTHING;
	}
	if (some)
		granted = least;
	look->budget = granted;
	if (!walk_mappings(folio, look, some, visits->seed))
		return NOTHING;
	if (some)
		extent = SOME;
	else if (!look->budget && !is_over(look))
		extent = granted > DAMON_MAX_VISITS ? SOME : NOTHING;
	visits->lacking |= extent == NOTHING;
	granted -= look->budget;
	visits->left -= min(granted - min(granted, 1U), visits->left);
	return extent;
}

/**
 * damon_check_folio() - Find out if a folio was accessed since it was made old.
 * @folio:	The folio, with a reference.
 * @visits:	As of damon_folio_arm().
 *
 * Return: The answer.
 */
enum damon_answer damon_check_folio(struct folio *folio,
				    struct damon_visits *visits)
{
	struct look look = {};
	enum extent extent;

	if (damon_folio_touched(folio))
		return DAMON_ACCESSED;
	extent = look_at_mappings(folio, &look, visits);
	if (look.young)
		return DAMON_ACCESSED;
	return extent == ALL ? DAMON_NOT_ACCESSED : DAMON_UNKNOWN;
}

static enum extent make_old(struct folio *folio, struct look *look,
			    struct damon_visits *visits)
{
	enum extent extent;

	look->clear = true;
	extent = look_at_mappings(folio, look, visits);
	if (extent != NOTHING)
		damon_folio_age_flags(folio, look->young);
	else if (look->young)
		/* Reclaim must not miss what has been cleared so far. */
		folio_set_young(folio);
	return extent;
}

/**
 * damon_folio_arm() - Make a folio old, to see accesses from now on.
 * @folio:	The folio, with a reference.
 * @visits:	What may be spent on it.  damon_check_folio() needs the same seed and at
 *		least as many.
 *
 * Return: True if accesses from now on can be seen.
 */
bool damon_folio_arm(struct folio *folio, struct damon_visits *visits)
{
	struct look look = {};

	return !is_hidden(folio) && make_old(folio, &look, visits) != NOTHING;
}

/**
 * damon_age_folio() - Make a folio old, and find out whether it was before.
 * @folio:	The folio, with a reference.
 *
 * Return: Accessed or not before that, as far as it can be told.
 */
enum damon_answer damon_age_folio(struct folio *folio)
{
	struct damon_visits visits = { .left = DAMON_PASS_VISITS };
	bool touched = damon_folio_touched(folio);
	struct look look = {};
	enum extent extent = make_old(folio, &look, &visits);

	if (extent == NOTHING)
		return DAMON_UNKNOWN;
	if (look.young || touched)
		return DAMON_ACCESSED;
	return extent == ALL && !is_hidden(folio) ? DAMON_NOT_ACCESSED : DAMON_UNKNOWN;
}
