/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of the sysfs interface: results that are updated by themselves, while
 * others write and hold locks, and what commands leave behind and say.
 */
#include <linux/kmsg_dump.h>

static unsigned long nr_tried(struct damon_sysfs_kdamond *k,
			      struct damon_sysfs_context *c)
{
	guard(mutex)(&k->own.data);
	return scheme_dir(c, 0)->stats->stat.nr_tried;
}

/* Waits for an update that began after this was called. */
static void expect_refresh(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	unsigned long seen = nr_tried(f->k, f->c);

	KUNIT_ASSERT_TRUE(test, COMES(nr_tried(f->k, f->c) > seen));
}

/* Something that nobody has written. */
static void set_intervals(struct kunit *test, unsigned long us)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_intervals *intervals =
		f->c->monitoring_attrs->intervals;

	guard(mutex)(&f->k->own.data);
	intervals->sample_us = us;
	intervals->aggr_us = us;
}

/* What was written stays until it is committed; the rest is updated. */
static void test_refresh_staged(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node, *intervals;

	start_scheme(test);
	intervals = &f->c->monitoring_attrs->intervals->node;
	EXPECT_PUT(test, k, "refresh_ms", "1", 0);
	set_intervals(test, 77);
	expect_refresh(test);
	EXPECT_GET(test, intervals, "sample_us", "1000\n");
	EXPECT_GET(test, intervals, "aggr_us", "5000\n");

	set_intervals(test, 77);
	EXPECT_PUT(test, intervals, "sample_us", "900", 0);
	expect_refresh(test);
	EXPECT_GET(test, intervals, "sample_us", "900\n");
	EXPECT_GET(test, intervals, "aggr_us", "5000\n");

	/* An invalid commit is none. */
	EXPECT_PUT(test, f->c->targets, "nr_targets", "2", 0);
	EXPECT_PUT(test, k, "state", "commit", -EINVAL);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
	expect_refresh(test);
	EXPECT_GET(test, intervals, "sample_us", "900\n");
	EXPECT_PUT(test, k, "state", "commit", 0);
	set_intervals(test, 77);
	expect_refresh(test);
	EXPECT_GET(test, intervals, "sample_us", "900\n");

	/* Who wants to know what is in use is told. */
	EXPECT_PUT(test, intervals, "aggr_us", "7000", 0);
	expect_refresh(test);
	EXPECT_GET(test, intervals, "aggr_us", "7000\n");
	EXPECT_PUT(test, k, "state", "update_tuned_intervals", 0);
	EXPECT_GET(test, intervals, "aggr_us", "5000\n");
	set_intervals(test, 77);
	expect_refresh(test);
	EXPECT_GET(test, intervals, "aggr_us", "5000\n");
}

/* Counts the turns of a kdamond. */
struct turns {
	struct damon_call_control control;
	atomic_t nr;
};

static int count_turn(void *data)
{
	struct turns *turns = data;

	atomic_inc(&turns->nr);
	return 0;
}

/* The kdamond waits for nobody who writes, and updates as soon as it can. */
static void test_refresh_locked(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct turns *turns = kunit_kzalloc(test, sizeof(*turns), GFP_KERNEL);
	bool goes_on;

	KUNIT_ASSERT_NOT_NULL(test, turns);
	turns->control.fn = count_turn;
	turns->control.data = turns;
	turns->control.repeat = true;
	start_scheme(test);
	EXPECT_PUT(test, &f->k->node, "refresh_ms", "1", 0);
	KUNIT_ASSERT_EQ(test, damon_call(f->k->ctx, &turns->control), 0);
	expect_refresh(test);

	scoped_guard(mutex, &f->k->own.data) {
		atomic_set(&turns->nr, 0);
		goes_on = COMES(atomic_read(&turns->nr) >= 20);
	}
	KUNIT_EXPECT_TRUE(test, goes_on);
	expect_refresh(test);
	EXPECT_PUT(test, &f->k->node, "state", "off", 0);
}

/* What a commit keeps for the next one */

static void test_spare(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;
	struct damon_target *t;

	start_scheme(test);
	KUNIT_EXPECT_NULL(test, f->k->spare);
	for (int i = 0; i < 2; i++) {
		EXPECT_PUT(test, k, "state", "commit", 0);
		KUNIT_ASSERT_NOT_NULL(test, f->k->spare);
		KUNIT_EXPECT_EQ(test, 2, list_count_nodes(&f->k->spare->schemes));
		KUNIT_ASSERT_FALSE(test, damon_targets_empty(f->k->spare));
		damon_for_each_target(t, f->k->spare)
			KUNIT_EXPECT_EQ(test, damon_nr_regions(t), 0);
	}
	EXPECT_PUT(test, k, "state", "off", 0);
	KUNIT_EXPECT_NULL(test, f->k->spare);
	EXPECT_PUT(test, k, "state", "commit", -ECANCELED);
	KUNIT_EXPECT_NULL(test, f->k->spare);

	/* a command that has the lock does not keep it from being off */
	EXPECT_PUT(test, k, "state", "on", 0);
	KUNIT_ASSERT_EQ(test, damon_sysfs_trylock(&f->k->own), 0);
	EXPECT_PUT(test, k, "state", "off", 0);
	EXPECT_GET(test, k, "state", "off\n");
	damon_sysfs_unlock(&f->k->own);
}

/* Lines of the kernel log that have @text in them. */
static unsigned int nr_logged(struct kunit *test, const char *text)
{
	struct sysfs_fixture *f = test->priv;
	struct kmsg_dump_iter iter;
	unsigned int nr = 0;
	size_t len;

	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, f->page, PAGE_SIZE, &len))
		nr += !!strnstr(f->page, text, len);
	return nr;
}

/* A fresh directory shows nothing, and the log says why. */
static void test_say_fresh(struct kunit *test)
{
	static const char in_scheme[] = "/contexts/0/schemes/0: made since";
	static const char in_context[] = "/contexts/0: made since";
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *k = &f->k->node;
	unsigned int nr_schemes, nr_contexts;

	if (!IS_ENABLED(CONFIG_PRINTK))
		kunit_skip(test, "needs CONFIG_PRINTK");
	start_scheme(test);
	nr_schemes = nr_logged(test, in_scheme);
	nr_contexts = nr_logged(test, in_context);
	EXPECT_PUT(test, k, "state", "update_schemes_stats", 0);
	EXPECT_PUT(test, k, "state", "update_tuned_intervals", 0);
	KUNIT_EXPECT_EQ(test, nr_logged(test, in_scheme), nr_schemes);
	KUNIT_EXPECT_EQ(test, nr_logged(test, in_context), nr_contexts);

	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "2", 0);
	EXPECT_PUT(test, k, "state", "update_tuned_intervals", 0);
	KUNIT_EXPECT_EQ(test, nr_logged(test, in_scheme), nr_schemes);
	EXPECT_PUT(test, k, "state", "update_schemes_stats", 0);
	KUNIT_EXPECT_EQ(test, nr_logged(test, in_scheme), nr_schemes + 1);
	EXPECT_PUT(test, k, "state", "commit", 0);
	EXPECT_PUT(test, k, "state", "update_schemes_stats", 0);
	KUNIT_EXPECT_EQ(test, nr_logged(test, in_scheme), nr_schemes + 1);

	EXPECT_PUT(test, f->k->contexts, "nr_contexts", "1", 0);
	f->c = damon_sysfs_child(f->k->contexts, 0, struct damon_sysfs_context);
	EXPECT_PUT(test, k, "state", "update_tuned_intervals", 0);
	KUNIT_EXPECT_EQ(test, nr_logged(test, in_context), nr_contexts + 1);
}
