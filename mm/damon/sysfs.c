// SPDX-License-Identifier: GPL-2.0
/*
 * The sysfs interface, /sys/kernel/mm/damon/admin: its top, and where kdamonds
 * come and go.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kobject.h>

#include "sysfs.h"

/* A kdamond */

static struct damon_sysfs_kdamond *to_kdamond(struct damon_sysfs_node *node)
{
	return container_of(node, struct damon_sysfs_kdamond, node);
}

/* Everything in a kdamond's directory goes by its own locks. */
static void kdamond_init(struct damon_sysfs_node *node)
{
	struct damon_sysfs_kdamond *k = to_kdamond(node);

	mutex_init(&k->own.tree);
	mutex_init(&k->own.data);
	init_rwsem(&k->ctx_lock);
	/* nobody changes it before all of it is shown */
	k->own.retired = true;
	node->locks = &k->own;
}

/* It does not run: see retire(). */
static void kdamond_release(struct damon_sysfs_node *node)
{
	struct damon_sysfs_kdamond *k = to_kdamond(node);

	if (k->ctx)
		damon_destroy_ctx(k->ctx);
	if (k->spare)
		damon_destroy_ctx(k->spare);
}

static const struct damon_sysfs_file kdamond_files[] = {
	{ .attr = { .name = "state", .mode = 0600 },
	  .show = damon_sysfs_state_show, .store = damon_sysfs_state_store },
	{ .attr = { .name = "pid", .mode = 0400 },
	  .show = damon_sysfs_pid_show },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_kdamond, refresh_ms) },
	{ }
};

static const struct damon_sysfs_dir kdamond_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_kdamond, contexts,
			     damon_sysfs_contexts_type) },
	{ }
};

static const struct damon_sysfs_type kdamond_type = {
	.size = sizeof(struct damon_sysfs_kdamond),
	.files = kdamond_files,
	.dirs = kdamond_dirs,
	.init = kdamond_init,
	.release = kdamond_release,
};

/* All kdamonds */

/* Makes sure that a kdamond neither runs nor will. */
static int retire(struct damon_sysfs_kdamond *k)
{
	int ret;

	ret = damon_sysfs_trylock(&k->own);
	if (ret)
		return ret;
	if (k->ctx && damon_is_running(k->ctx))
		ret = -EBUSY;
	else
		k->own.retired = true;
	damon_sysfs_unlock(&k->own);
	return ret;
}

static void reinstate(struct damon_sysfs_node *kdamonds, unsigned int nr)
{
	struct damon_sysfs_kdamond *k;

	for (unsigned int i = 0; i < nr; i++) {
		k = damon_sysfs_child(kdamonds, i, struct damon_sysfs_kdamond);
		WRITE_ONCE(k->own.retired, false);
	}
}

/* Replaces all kdamonds, or none if one of them is in use. */
static int renew_kdamonds(struct damon_sysfs_node *kdamonds, unsigned int nr)
{
	unsigned int done;
	int ret = 0;

	for (done = 0; done < kdamonds->nr_children; done++) {
		ret = retire(damon_sysfs_child(kdamonds, done,
					       struct damon_sysfs_kdamond));
		if (ret)
			break;
	}
	if (!ret) {
		ret = damon_sysfs_renew(kdamonds, nr);
		done = kdamonds->nr_children;
	}
	reinstate(kdamonds, done);
	return ret;
}

static ssize_t nr_kdamonds_store(struct damon_sysfs_node *node,
				 const char *buf, size_t count)
{
	unsigned int nr;
	int ret;

	ret = damon_sysfs_parse_nr(node, buf, &nr);
	if (ret)
		return ret;
	ret = damon_sysfs_trylock(node->locks);
	if (ret)
		return ret;
	ret = renew_kdamonds(node, nr);
	damon_sysfs_unlock(node->locks);
	return ret ?: count;
}

static const struct damon_sysfs_file kdamonds_files[] = {
	{ DAMON_SYSFS_COUNT(nr_kdamonds), .store = nr_kdamonds_store },
	{ }
};

const struct damon_sysfs_type damon_sysfs_kdamonds_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = kdamonds_files,
	.child = &kdamond_type,
};

/* The top */

struct admin {
	struct damon_sysfs_node node;
	struct damon_sysfs_node *kdamonds;
};

static const struct damon_sysfs_dir admin_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct admin, kdamonds,
			     damon_sysfs_kdamonds_type) },
	{ }
};

static const struct damon_sysfs_type admin_type = {
	.size = sizeof(struct admin),
	.dirs = admin_dirs,
};

struct top {
	struct damon_sysfs_node node;
	struct admin *admin;
};

static const struct damon_sysfs_dir top_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct top, admin, admin_type) },
	{ }
};

static const struct damon_sysfs_type top_type = {
	.size = sizeof(struct top),
	.dirs = top_dirs,
};

static struct damon_sysfs_locks top_locks = {
	.tree = __MUTEX_INITIALIZER(top_locks.tree),
	.data = __MUTEX_INITIALIZER(top_locks.data),
};

static int __init damon_sysfs_init(void)
{
	struct damon_sysfs_node *top;
	int ret;

	top = damon_sysfs_new(&top_type, &top_locks);
	if (!top)
		return -ENOMEM;
	ret = damon_sysfs_attach(top, mm_kobj, "damon");
	if (ret)
		damon_sysfs_drop(top);
	return ret;
}
subsys_initcall(damon_sysfs_init);

#ifdef CONFIG_DAMON_SYSFS_KUNIT_TEST
#include "tests/sysfs-kunit.h"
#endif
