/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit suite "damon-lru": what LRU lists tell about folios, and how folios move on
 * them.  Most of it is about the multi-generational LRU and is skipped without.
 */
#ifndef _MM_DAMON_TESTS_LRU_KUNIT_H
#define _MM_DAMON_TESTS_LRU_KUNIT_H

#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

static void put_file(void *file)
{
	fput(file);
}

static void put_folio(void *folio)
{
	folio_put(folio);
}

/* A file with one page, that nobody maps. */
static struct file *new_file(struct kunit *test, bool unevictable)
{
	struct file *file = shmem_file_setup("damon", PAGE_SIZE, EMPTY_VMA_FLAGS);
	loff_t pos = 0;

	if (IS_ERR(file))
		kunit_skip(test, "no file to be had");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_file, file));
	if (unevictable)
		mapping_set_unevictable(file->f_mapping);
	KUNIT_ASSERT_EQ(test, 1, kernel_write(file, "", 1, &pos));
	lru_add_drain_all();
	return file;
}

static struct folio *folio_of(struct kunit *test, struct file *file)
{
	struct folio *folio = filemap_get_folio(file->f_mapping, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_folio, folio));
	KUNIT_ASSERT_TRUE(test, folio_test_lru(folio));
	return folio;
}

static void read_from(struct kunit *test, struct file *file)
{
	loff_t pos = 0;
	char c;

	KUNIT_ASSERT_EQ(test, 1, kernel_read(file, &c, 1, &pos));
}

/* The classic lists have the idle flag for that. */
static void refs_classic_test(struct kunit *test)
{
	struct file *file = new_file(test, false);
	struct folio *folio = folio_of(test, file);

	if (lru_gen_enabled())
		kunit_skip(test, "the multi-generational LRU is on");
	read_from(test, file);
	KUNIT_EXPECT_EQ(test, damon_lru_watch_refs(folio), 0);
	KUNIT_EXPECT_FALSE(test, damon_lru_referenced(folio, true));
	KUNIT_EXPECT_EQ(test, damon_lru_answer(folio, 0, DAMON_NOT_ACCESSED),
			DAMON_NOT_ACCESSED);
}

#ifdef CONFIG_LRU_GEN
static void need_generations(struct kunit *test)
{
	if (!lru_gen_enabled())
		kunit_skip(test, "the multi-generational LRU is off");
}

static int tier_of(struct folio *folio)
{
	return lru_tier_from_refs(folio_lru_refs(folio), folio_test_workingset(folio));
}

/* Each read is seen, however many there were, and no other reader of the count misled. */
static void refs_test(struct kunit *test)
{
	struct file *file = new_file(test, false);
	struct folio *folio = folio_of(test, file);
	unsigned int refs;
	int i, tier;

	need_generations(test);
	for (i = 0; i < 12; i++) {
		tier = tier_of(folio);
		refs = damon_lru_watch_refs(folio);
		KUNIT_EXPECT_EQ(test, tier_of(folio), tier);
		KUNIT_EXPECT_EQ(test, damon_lru_answer(folio, refs, DAMON_NOT_ACCESSED),
				DAMON_NOT_ACCESSED);
		read_from(test, file);
		KUNIT_EXPECT_EQ(test, damon_lru_answer(folio, refs, DAMON_NOT_ACCESSED),
				DAMON_ACCESSED);
		KUNIT_EXPECT_GE(test, tier_of(folio), tier);
	}
	/* mappings saw it */
	refs = damon_lru_watch_refs(folio);
	KUNIT_EXPECT_EQ(test, damon_lru_answer(folio, refs, DAMON_ACCESSED), DAMON_ACCESSED);
	/* another generation */
	KUNIT_EXPECT_TRUE(test, damon_lru_referenced(folio, false));
	KUNIT_EXPECT_TRUE(test, damon_lru_referenced(folio, true));
	KUNIT_EXPECT_FALSE(test, damon_lru_referenced(folio, true));
	KUNIT_EXPECT_EQ(test, damon_lru_answer(folio, refs, DAMON_NOT_ACCESSED),
			DAMON_UNKNOWN);
}

/* What is never counted has no answer. */
static void refs_unevictable_test(struct kunit *test)
{
	struct file *file = new_file(test, true);
	struct folio *folio = folio_of(test, file);

	need_generations(test);
	KUNIT_ASSERT_TRUE(test, folio_test_unevictable(folio));
	read_from(test, file);
	KUNIT_EXPECT_EQ(test, damon_lru_watch_refs(folio), 0);
	KUNIT_EXPECT_EQ(test, damon_lru_answer(folio, 0, DAMON_NOT_ACCESSED), DAMON_UNKNOWN);
}

/* How many generations are younger than a folio's. */
static int gens_above(struct kunit *test, struct folio *folio)
{
	unsigned long seq;
	int above, gen;

	lru_add_drain_all();
	gen = folio_lru_gen(folio);
	KUNIT_ASSERT_GE(test, gen, 0);
	guard(rcu)();
	seq = READ_ONCE(folio_lruvec(folio)->lrugen.max_seq);
	for (above = 0; above < MAX_NR_GENS; above++)
		if (lru_gen_from_seq(seq - above) == gen)
			break;
	return above;
}

/* To the youngest generation. */
static void make_youngest(struct folio *folio)
{
	folio_set_workingset(folio);
	folio_activate(folio);
	lru_add_drain_all();
	folio_clear_workingset(folio);
}

/* What is asked to become younger never grows older, and the other way round. */
static void moves_test(struct kunit *test)
{
	struct folio *folio = folio_of(test, new_file(test, false));
	int above;

	need_generations(test);
	make_youngest(folio);
	if (gens_above(test, folio))
		kunit_skip(test, "the generations move");
	KUNIT_EXPECT_TRUE(test, damon_lru_active(folio));
	damon_lru_raise(folio);
	KUNIT_EXPECT_EQ(test, gens_above(test, folio), 0);

	above = 0;
	for (int i = 0; i < 3; i++) {
		int before = above;

		damon_lru_lower(folio);
		above = gens_above(test, folio);
		KUNIT_EXPECT_GE(test, above, before);
	}
	KUNIT_EXPECT_GT(test, above, 0);
	damon_lru_raise(folio);
	KUNIT_EXPECT_LE(test, gens_above(test, folio), above);
	KUNIT_EXPECT_TRUE(test, damon_lru_active(folio));
}
#endif

static struct kunit_case lru_cases[] = {
	KUNIT_CASE(refs_classic_test),
#ifdef CONFIG_LRU_GEN
	KUNIT_CASE(refs_test),
	KUNIT_CASE(refs_unevictable_test),
	KUNIT_CASE(moves_test),
#endif
	{}
};

static struct kunit_suite lru_suite = {
	.name = "damon-lru",
	.test_cases = lru_cases,
};

kunit_test_suite(lru_suite);

#endif /* _MM_DAMON_TESTS_LRU_KUNIT_H */
