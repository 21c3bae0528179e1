/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of the sysfs interface, first part: what they share, and the engine
 * that makes directories from tables.
 *
 * Most work on nodes that sysfs never sees, written and read through the same
 * functions that serve files.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kernfs.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

/* Long enough for what comes within milliseconds, however busy the machine is. */
#define PATIENCE_MS	20000

/* Waits for @condition.  Returns true if it becomes true. */
#define COMES(condition)						\
	({								\
		unsigned int ms_ = 0;					\
									\
		while (!(condition) && ms_++ < PATIENCE_MS)		\
			fsleep(1000);					\
		ms_ <= PATIENCE_MS;					\
	})

/* What every case starts with: one kdamond with one context. */
struct sysfs_fixture {
	struct damon_sysfs_locks locks;
	struct damon_sysfs_node *kdamonds;
	struct damon_sysfs_kdamond *k;
	struct damon_sysfs_context *c;
	char *page;
};

/* The row of a file, and the file's value after a write. */

static const struct damon_sysfs_file *find_file(struct damon_sysfs_node *node,
						const char *name)
{
	const struct damon_sysfs_file *file = node->type->files;

	while (file && file->attr.name && strcmp(file->attr.name, name))
		file++;
	return file && file->attr.name ? file : NULL;
}

/* 0, or the error that the write gives. */
static int put(struct damon_sysfs_node *node, const char *name,
	       const char *text)
{
	const struct damon_sysfs_file *file = find_file(node, name);
	ssize_t ret;

	if (!file)
		return -ENOENT;
	ret = node->kobj.ktype->sysfs_ops->store(&node->kobj,
						 (struct attribute *)&file->attr,
						 text, strlen(text));
	if (ret < 0)
		return ret;
	return ret == strlen(text) ? 0 : -EIO;
}

static int put_ul(struct damon_sysfs_node *node, const char *name,
		  unsigned long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", value);
	return put(node, name, text);
}

static const char *get(struct kunit *test, struct damon_sysfs_node *node,
		       const char *name)
{
	struct sysfs_fixture *f = test->priv;
	const struct damon_sysfs_file *file = find_file(node, name);

	if (!file)
		return "no such file";
	memset(f->page, 0, PAGE_SIZE);
	node->kobj.ktype->sysfs_ops->show(&node->kobj,
					  (struct attribute *)&file->attr,
					  f->page);
	return f->page;
}

#define EXPECT_PUT(test, node, name, text, result) \
	KUNIT_EXPECT_EQ_MSG(test, put(node, name, text), result, \
			    "%s: '%s'", name, text)

#define EXPECT_GET(test, node, name, text) \
	KUNIT_EXPECT_STREQ(test, get(test, node, name), text)

static struct damon_sysfs_target *target_dir(struct damon_sysfs_context *c,
					     unsigned int i)
{
	return damon_sysfs_child(c->targets, i, struct damon_sysfs_target);
}

static void stage_region(struct kunit *test, unsigned int i,
			 unsigned long start, unsigned long end)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *region =
		target_dir(f->c, 0)->regions->children[i];

	KUNIT_EXPECT_EQ(test, put_ul(region, "start", start), 0);
	KUNIT_EXPECT_EQ(test, put_ul(region, "end", end), 0);
}

static struct damon_sysfs_scheme *scheme_dir(struct damon_sysfs_context *c,
					     unsigned int i)
{
	return damon_sysfs_child(c->schemes, i, struct damon_sysfs_scheme);
}

static int sysfs_test_init(struct kunit *test)
{
	struct sysfs_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	mutex_init(&f->locks.tree);
	mutex_init(&f->locks.data);
	f->page = (char *)get_zeroed_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->page);
	f->kdamonds = damon_sysfs_new(&damon_sysfs_kdamonds_type, &f->locks);
	KUNIT_ASSERT_NOT_NULL(test, f->kdamonds);
	KUNIT_ASSERT_EQ(test, put(f->kdamonds, "nr_kdamonds", "1"), 0);
	f->k = damon_sysfs_child(f->kdamonds, 0, struct damon_sysfs_kdamond);
	KUNIT_ASSERT_EQ(test, put(f->k->contexts, "nr_contexts", "1"), 0);
	f->c = damon_sysfs_child(f->k->contexts, 0,
				 struct damon_sysfs_context);
	return 0;
}

static void sysfs_test_exit(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;

	if (!f)
		return;
	if (f->kdamonds && f->kdamonds->nr_children)
		put(f->kdamonds->children[0], "state", "off");
	damon_sysfs_drop(f->kdamonds);
	free_page((unsigned long)f->page);
}

/* Building contexts */

static void need_ops(struct kunit *test, enum damon_ops_id id)
{
	if (!damon_is_registered_ops(id))
		kunit_skip(test, "operations set %d is not built in", id);
}

static struct damon_ctx *build(struct kunit *test, bool online)
{
	struct sysfs_fixture *f = test->priv;

	return damon_sysfs_build_ctx(f->c, "kunit", online, NULL);
}

/* 0, or the error that building gives. */
static int try_build(struct kunit *test, bool online)
{
	struct damon_ctx *ctx = build(test, online);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	damon_destroy_ctx(ctx);
	return 0;
}

/* Classes of values, on an object that exists for this only */

enum choice { CHOICE_RED, CHOICE_UNKNOWN, CHOICE_BLUE };

struct sample {
	struct damon_sysfs_node node;
	unsigned long ul;
	unsigned long ul_inval;
	unsigned long ul_nonzero;
	unsigned int ui;
	unsigned int ui_inval;
	int si;
	int si_inval;
	bool yes;
	enum choice colour;
	char *path;
};

static const char *const colours[] = {
	[CHOICE_RED] = "red",
	[CHOICE_BLUE] = "blue",
};

static const struct damon_sysfs_keywords colour_keywords = {
	DAMON_SYSFS_KEYWORDS(colours),
};

static const struct damon_sysfs_file sample_files[] = {
	{ DAMON_SYSFS_INPUT(struct sample, ul), .initial = 7 },
	{ DAMON_SYSFS_INPUT(struct sample, ul_inval), .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct sample, ul_nonzero), .initial = 1,
	  .nonzero = true },
	{ DAMON_SYSFS_INPUT(struct sample, ui) },
	{ DAMON_SYSFS_INPUT(struct sample, ui_inval), .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct sample, si), .initial = -1 },
	{ DAMON_SYSFS_INPUT(struct sample, si_inval), .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct sample, yes), .initial = true },
	{ DAMON_SYSFS_CHOICE(struct sample, colour, colour_keywords),
	  .initial = CHOICE_BLUE },
	{ DAMON_SYSFS_INPUT(struct sample, path) },
	{ DAMON_SYSFS_COUNT(nr) },
	{ }
};

/* The caller is killed when so many more are made.  Zero: it is not. */
static unsigned int samples_to_live;

static void sample_made(struct damon_sysfs_node *node)
{
	if (samples_to_live && !--samples_to_live)
		send_sig(SIGKILL, current, 1);
}

static const struct damon_sysfs_type sample_type = {
	.size = sizeof(struct sample),
	.init = sample_made,
	.files = sample_files,
	.child = &sample_type,
	.max_children = 5,
};

static struct damon_sysfs_node *new_sample(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *node;

	node = damon_sysfs_new(&sample_type, &f->locks);
	KUNIT_ASSERT_NOT_NULL(test, node);
	return node;
}

static void test_initial_values(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test);

	EXPECT_GET(test, node, "ul", "7\n");
	EXPECT_GET(test, node, "ui", "0\n");
	EXPECT_GET(test, node, "si", "-1\n");
	EXPECT_GET(test, node, "yes", "Y\n");
	EXPECT_GET(test, node, "colour", "blue\n");
	EXPECT_GET(test, node, "path", "\n");
	EXPECT_GET(test, node, "nr", "0\n");
	damon_sysfs_drop(node);
}

static void test_unsigned_long(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test);
	static const char *const bad[] = {
		"", "\n", "-1", " 5", "5 ", "5x", "x", "0x", "5\n\n", "5K",
		"1.5", "++5", "99999999999999999999 ",
	};

	EXPECT_PUT(test, node, "ul", "12", 0);
	EXPECT_GET(test, node, "ul", "12\n");
	EXPECT_PUT(test, node, "ul", "+13\n", 0);
	EXPECT_GET(test, node, "ul", "13\n");
	EXPECT_PUT(test, node, "ul", "0x1F", 0);
	EXPECT_GET(test, node, "ul", "31\n");
	EXPECT_PUT(test, node, "ul", "010", 0);
	EXPECT_GET(test, node, "ul", "8\n");
	KUNIT_EXPECT_EQ(test, put_ul(node, "ul", ULONG_MAX), 0);
	KUNIT_EXPECT_EQ(test, container_of(node, struct sample, node)->ul,
			ULONG_MAX);
	EXPECT_PUT(test, node, "ul", "9", 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_LT_MSG(test, put(node, "ul", bad[i]), 0, "'%s'",
				    bad[i]);
	EXPECT_PUT(test, node, "ul", "-1", -EINVAL);
	EXPECT_PUT(test, node, "ul", "18446744073709551616", -ERANGE);
	EXPECT_PUT(test, node, "ul_inval", "18446744073709551616", -EINVAL);
	EXPECT_GET(test, node, "ul", "9\n");
	damon_sysfs_drop(node);
}

static void test_int(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test);

	EXPECT_PUT(test, node, "ui", "4294967295", 0);
	EXPECT_GET(test, node, "ui", "4294967295\n");
	EXPECT_PUT(test, node, "ui", "4294967296", -ERANGE);
	EXPECT_PUT(test, node, "ui", "-1", -EINVAL);
	EXPECT_PUT(test, node, "ui_inval", "4294967296", -EINVAL);
	EXPECT_GET(test, node, "ui", "4294967295\n");

	EXPECT_PUT(test, node, "si", "-2147483648", 0);
	EXPECT_GET(test, node, "si", "-2147483648\n");
	EXPECT_PUT(test, node, "si", "2147483648", -ERANGE);
	EXPECT_PUT(test, node, "si", "one", -EINVAL);
	EXPECT_PUT(test, node, "si_inval", "2147483648", -EINVAL);
	EXPECT_GET(test, node, "si", "-2147483648\n");
	damon_sysfs_drop(node);
}

static void test_nonzero(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test);

	EXPECT_PUT(test, node, "ul_nonzero", "4096", 0);
	EXPECT_PUT(test, node, "ul_nonzero", "0", -EINVAL);
	EXPECT_PUT(test, node, "ul_nonzero", "0x0\n", -EINVAL);
	EXPECT_GET(test, node, "ul_nonzero", "4096\n");
	damon_sysfs_drop(node);
}

static void test_bool(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test);
	static const char *const no[] = { "N", "n", "0", "off", "False", "no\n" };
	static const char *const yes[] = { "Y", "y\n", "1", "oN", "True", "yes" };

	for (unsigned int i = 0; i < ARRAY_SIZE(no); i++) {
		EXPECT_PUT(test, node, "yes", no[i], 0);
		EXPECT_GET(test, node, "yes", "N\n");
		EXPECT_PUT(test, node, "yes", yes[i], 0);
		EXPECT_GET(test, node, "yes", "Y\n");
	}
	EXPECT_PUT(test, node, "yes", "2", -EINVAL);
	EXPECT_PUT(test, node, "yes", "o", -EINVAL);
	EXPECT_PUT(test, node, "yes", "\n", -EINVAL);
	EXPECT_GET(test, node, "yes", "Y\n");
	damon_sysfs_drop(node);
}

static void test_keyword(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test);

	EXPECT_PUT(test, node, "colour", "red\n", 0);
	EXPECT_GET(test, node, "colour", "red\n");
	EXPECT_PUT(test, node, "colour", "blue", 0);
	EXPECT_GET(test, node, "colour", "blue\n");
	EXPECT_PUT(test, node, "colour", "Red", -EINVAL);
	EXPECT_PUT(test, node, "colour", "re", -EINVAL);
	EXPECT_PUT(test, node, "colour", "redd", -EINVAL);
	EXPECT_PUT(test, node, "colour", "red ", -EINVAL);
	EXPECT_PUT(test, node, "colour", "", -EINVAL);
	EXPECT_PUT(test, node, "colour", "1", -EINVAL);
	EXPECT_GET(test, node, "colour", "blue\n");
	damon_sysfs_drop(node);
}

static void test_path(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test);

	EXPECT_PUT(test, node, "path", "/a b\n", 0);
	EXPECT_GET(test, node, "path", "/a b\n");
	EXPECT_PUT(test, node, "path", "/c", 0);
	EXPECT_GET(test, node, "path", "/c\n");
	EXPECT_PUT(test, node, "path", "\n", 0);
	EXPECT_GET(test, node, "path", "\n");
	damon_sysfs_drop(node);
}

static const char *initial_word(const struct damon_sysfs_file *file)
{
	if (file->initial >= file->keywords->nr)
		return NULL;
	return file->keywords->words[file->initial];
}

/* Every file of the interface is 0600 or 0400, and only 0600 can be written. */
static void check_modes(struct kunit *test, const struct damon_sysfs_type *type)
{
	const struct damon_sysfs_file *file;
	const struct damon_sysfs_dir *dir;

	for (file = type->files; file && file->attr.name; file++) {
		if (file->attr.mode == 0400)
			KUNIT_EXPECT_NULL(test, file->store);
		else
			KUNIT_EXPECT_EQ(test, file->attr.mode, 0600);
		if (file->class == DAMON_SYSFS_KEYWORD)
			KUNIT_EXPECT_NOT_NULL(test, initial_word(file));
	}
	for (dir = type->dirs; dir && dir->name; dir++)
		check_modes(test, dir->type);
	if (type->child)
		check_modes(test, type->child);
}

static void test_modes(struct kunit *test)
{
	check_modes(test, &top_type);
}

/* Numbers of directories */

static void test_nr(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test);

	EXPECT_PUT(test, node, "nr", "3", 0);
	EXPECT_GET(test, node, "nr", "3\n");
	EXPECT_PUT(test, node->children[2], "ul", "99", 0);
	EXPECT_PUT(test, node->children[2], "nr", "1", 0);
	EXPECT_PUT(test, node, "nr", "-1", -EINVAL);
	EXPECT_PUT(test, node, "nr", "6", -EINVAL);
	EXPECT_PUT(test, node, "nr", "2147483648", -ERANGE);
	EXPECT_PUT(test, node, "nr", "x", -EINVAL);
	EXPECT_GET(test, node->children[2], "ul", "99\n");
	EXPECT_GET(test, node->children[2], "nr", "1\n");

	/* The same number again: fresh ones all the same. */
	EXPECT_PUT(test, node, "nr", "3", 0);
	EXPECT_GET(test, node->children[2], "ul", "7\n");
	EXPECT_GET(test, node->children[2], "nr", "0\n");
	EXPECT_PUT(test, node, "nr", "0", 0);
	EXPECT_GET(test, node, "nr", "0\n");
	damon_sysfs_drop(node);
}

static void test_nr_contexts(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;

	EXPECT_PUT(test, &f->c->node, "addr_unit", "4", 0);
	EXPECT_PUT(test, f->k->contexts, "nr_contexts", "2", -EINVAL);
	EXPECT_GET(test, f->k->contexts, "nr_contexts", "1\n");
	EXPECT_GET(test, &f->c->node, "addr_unit", "4\n");
}

/* More than the memory can hold: refused before anything is lost. */
static void test_nr_too_many(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;

	EXPECT_PUT(test, f->c->targets, "nr_targets", "2", 0);
	EXPECT_PUT(test, &target_dir(f->c, 1)->node, "pid_target", "7", 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "2147483647", -ENOMEM);
	EXPECT_GET(test, f->c->targets, "nr_targets", "2\n");
	EXPECT_GET(test, &target_dir(f->c, 1)->node, "pid_target", "7\n");
}

/* Half of the memory, but what is small even if nothing is said to be available. */
static void test_too_much(struct kunit *test)
{
	u64 plenty = 1ULL << 40;

	KUNIT_EXPECT_FALSE(test, damon_sysfs_too_much(1, 4096, 0));
	KUNIT_EXPECT_FALSE(test, damon_sysfs_too_much(SZ_1M / 4096, 4096, 0));
	KUNIT_EXPECT_TRUE(test, damon_sysfs_too_much(SZ_1M / 4096 + 1, 4096, 0));
	KUNIT_EXPECT_FALSE(test, damon_sysfs_too_much(plenty / 8192, 4096, plenty));
	KUNIT_EXPECT_TRUE(test, damon_sysfs_too_much(plenty / 8192 + 1, 4096, plenty));
}

/* What is to come below of it counts, too. */
static void test_too_much_below(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test), **set;
	size_t all = totalram_pages() * PAGE_SIZE;

	set = damon_sysfs_make_children(node, 16, all / 16);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(set), -ENOMEM);
	damon_sysfs_drop(node);
}

static void test_children(struct kunit *test)
{
	struct damon_sysfs_node *node = new_sample(test), **set;

	EXPECT_PUT(test, node, "nr", "3", 0);
	damon_sysfs_clear(node);
	EXPECT_GET(test, node, "nr", "0\n");
	damon_sysfs_clear(node);

	set = damon_sysfs_make_children(node, 100, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(set));
	EXPECT_PUT(test, set[99], "ul", "99", 0);
	EXPECT_GET(test, node, "nr", "0\n");
	KUNIT_EXPECT_EQ(test, damon_sysfs_show_children(node, set, 100), 0);
	EXPECT_GET(test, node, "nr", "100\n");
	EXPECT_GET(test, node->children[99], "ul", "99\n");
	damon_sysfs_drop(node);
}

/* While a command runs, directories stay, but values and the state are open. */
static void test_busy(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, damon_sysfs_trylock(&f->k->own), 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", -EBUSY);
	EXPECT_PUT(test, f->k->contexts, "nr_contexts", "0", -EBUSY);
	EXPECT_PUT(test, f->kdamonds, "nr_kdamonds", "0", -EBUSY);
	EXPECT_PUT(test, &f->k->node, "state", "on", -EBUSY);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "-1", -EINVAL);
	EXPECT_PUT(test, &f->c->node, "pause", "Y", 0);
	EXPECT_GET(test, &f->k->node, "state", "off\n");
	EXPECT_GET(test, &f->k->node, "pid", "-1\n");
	damon_sysfs_unlock(&f->k->own);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
}

static void test_retired(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, retire(f->k), 0);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", -EBUSY);
	EXPECT_PUT(test, &f->k->node, "state", "on", -EBUSY);
	reinstate(f->kdamonds, 1);
	EXPECT_PUT(test, f->c->targets, "nr_targets", "1", 0);
}

/* As the kdamonds of nr_kdamonds are until all of them can be seen. */
static void test_made_only(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node **set = damon_sysfs_make_children(f->kdamonds, 1, 0);
	struct damon_sysfs_kdamond *k;

	KUNIT_ASSERT_FALSE(test, IS_ERR(set));
	k = container_of(set[0], struct damon_sysfs_kdamond, node);
	EXPECT_PUT(test, k->contexts, "nr_contexts", "1", -EBUSY);
	EXPECT_PUT(test, &k->node, "state", "on", -EBUSY);
	damon_sysfs_drop_children(set, 1);
}

/* In sysfs */

static bool is_there(struct kobject *dir, const char *name)
{
	struct kernfs_node *kn = kernfs_find_and_get(dir->sd, name);

	kernfs_put(kn);
	return kn;
}

/* Something to show nodes in. */
static struct kobject *make_dir(struct kunit *test)
{
	struct kobject *dir;

	dir = kobject_create_and_add("damon-sysfs-kunit", mm_kobj);
	KUNIT_ASSERT_NOT_NULL(test, dir);
	return dir;
}

static void drop_dir(struct kobject *dir)
{
	kobject_del(dir);
	kobject_put(dir);
}

/* Names are free again at once, however long the memory stays. */
static void test_big_tree(struct kunit *test)
{
	struct sysfs_fixture *f = test->priv;
	struct kobject *dir = make_dir(test);

	KUNIT_EXPECT_EQ(test, damon_sysfs_attach(f->kdamonds, dir, "kdamonds"), 0);
	for (int i = 0; i < 3; i++) {
		EXPECT_PUT(test, f->c->schemes, "nr_schemes", "10", 0);
		EXPECT_PUT(test, f->c->targets, "nr_targets", "20", 0);
		EXPECT_PUT(test, target_dir(f->c, 19)->regions, "nr_regions",
			   "50", 0);
	}
	KUNIT_EXPECT_TRUE(test, is_there(&f->c->schemes->kobj, "9"));
	KUNIT_EXPECT_FALSE(test, is_there(&f->c->schemes->kobj, "10"));
	KUNIT_EXPECT_TRUE(test, is_there(&scheme_dir(f->c, 9)->node.kobj,
					 "tried_regions"));
	KUNIT_EXPECT_EQ(test,
			damon_sysfs_renew(&scheme_dir(f->c, 9)->tried_regions->node,
					  200), 0);
	KUNIT_EXPECT_TRUE(test,
			  is_there(&scheme_dir(f->c, 9)->tried_regions->node.kobj,
				   "199"));
	EXPECT_PUT(test, f->c->schemes, "nr_schemes", "1", 0);
	KUNIT_EXPECT_TRUE(test, is_there(&f->c->schemes->kobj, "0"));
	KUNIT_EXPECT_FALSE(test, is_there(&f->c->schemes->kobj, "1"));

	damon_sysfs_detach(f->kdamonds);
	KUNIT_EXPECT_FALSE(test, is_there(dir, "kdamonds"));

	/* All of it can come back, with what was in it. */
	KUNIT_EXPECT_EQ(test, damon_sysfs_attach(f->kdamonds, dir, "kdamonds"), 0);
	KUNIT_EXPECT_TRUE(test, is_there(&target_dir(f->c, 19)->regions->kobj,
					 "49"));
	damon_sysfs_detach(f->kdamonds);
	drop_dir(dir);
}

static int show_samples(struct damon_sysfs_node *node, unsigned int nr)
{
	struct damon_sysfs_node **set = damon_sysfs_make_children(node, nr, 0);

	if (IS_ERR(set))
		return PTR_ERR(set);
	return damon_sysfs_show_children(node, set, nr);
}

/* The writer is killed: what was there stays, in sysfs as well. */
static void test_killed(struct kunit *test)
{
	struct kobject *dir = make_dir(test);
	struct damon_sysfs_node *node = new_sample(test);

	KUNIT_EXPECT_EQ(test, damon_sysfs_attach(node, dir, "sample"), 0);
	EXPECT_PUT(test, node, "nr", "2", 0);
	EXPECT_PUT(test, node->children[1], "ul", "99", 0);
	EXPECT_PUT(test, node->children[1], "nr", "1", 0);

	/* While nodes are made, and while they are attached. */
	allow_signal(SIGKILL);
	for (unsigned int last = 1; last <= 3; last++) {
		samples_to_live = last;
		EXPECT_PUT(test, node, "nr", "3", -EINTR);
		flush_signals(current);
		KUNIT_EXPECT_EQ(test, samples_to_live, 0);
		EXPECT_GET(test, node, "nr", "2\n");
		EXPECT_GET(test, node->children[1], "ul", "99\n");
		KUNIT_EXPECT_TRUE(test, is_there(&node->kobj, "0"));
		KUNIT_EXPECT_TRUE(test, is_there(&node->kobj, "1"));
		KUNIT_EXPECT_FALSE(test, is_there(&node->kobj, "2"));
		KUNIT_EXPECT_TRUE(test, is_there(&node->children[1]->kobj, "0"));
	}
	damon_sysfs_clear(node);
	for (unsigned int last = 1; last <= 2; last++) {
		samples_to_live = last;
		KUNIT_EXPECT_EQ(test, show_samples(node, 2), -EINTR);
		flush_signals(current);
		EXPECT_GET(test, node, "nr", "0\n");
		KUNIT_EXPECT_FALSE(test, is_there(&node->kobj, "0"));
		KUNIT_EXPECT_FALSE(test, is_there(&node->kobj, "1"));
	}
	disallow_signal(SIGKILL);
	EXPECT_PUT(test, node, "nr", "3", 0);
	KUNIT_EXPECT_TRUE(test, is_there(&node->kobj, "2"));

	damon_sysfs_detach(node);
	damon_sysfs_drop(node);
	drop_dir(dir);
}
