// SPDX-License-Identifier: GPL-2.0
/*
 * The engine below the sysfs interface: makes directories and files from tables,
 * adds and removes numbered directories.
 *
 * A node is made in memory with all that is below it, attached to sysfs, detached
 * again, and dropped.  Only making and attaching can fail.  Detaching removes the
 * names at once and waits for running handlers; the memory goes with the last
 * reference, which an open file may hold for long.
 *
 * This room knows nothing of DAMON, only tables, and nothing of what values look like.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/kernfs.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sysfs.h"
#include "sysfs-values.h"

static struct damon_sysfs_node *to_node(struct kobject *kobj)
{
	return container_of(kobj, struct damon_sysfs_node, kobj);
}

static struct damon_sysfs_node **subdir(struct damon_sysfs_node *node,
					const struct damon_sysfs_dir *dir)
{
	return damon_sysfs_member(node, dir->offset);
}

/* A set of nodes of this size is made however little memory there is, bytes. */
#define SMALL_SET_SZ	((u64)SZ_1M)

/* Tables end with an empty row, and may be missing. */
#define for_each_file(file, type) \
	for ((file) = (type)->files; (file) && (file)->attr.name; (file)++)

#define for_each_dir(dir, type) \
	for ((dir) = (type)->dirs; (dir) && (dir)->name; (dir)++)

/**
 * damon_sysfs_trylock() - Become the one who changes a subtree.
 * @locks:	Locks of the subtree.
 *
 * Return: 0, or -EBUSY if somebody else is, or the subtree is about to vanish.
 */
int damon_sysfs_trylock(struct damon_sysfs_locks *locks)
{
	if (!mutex_trylock(&locks->tree))
		return -EBUSY;
	if (!READ_ONCE(locks->retired))
		return 0;
	mutex_unlock(&locks->tree);
	return -EBUSY;
}

/**
 * damon_sysfs_unlock() - Let others change a subtree.
 * @locks:	Locks of the subtree.
 */
void damon_sysfs_unlock(struct damon_sysfs_locks *locks)
{
	mutex_unlock(&locks->tree);
}

/* Files */

/**
 * damon_sysfs_parse_nr() - Read a number of subdirectories.
 * @node:	Directory that shall have them.
 * @buf:	What the user wrote.
 * @nr:		The number.
 *
 * Return: 0, or -EINVAL or -ERANGE if it is no possible number.
 */
int damon_sysfs_parse_nr(const struct damon_sysfs_node *node, const char *buf,
			 unsigned int *nr)
{
	unsigned int max = node->type->max_children;
	int value;
	int ret;

	ret = kstrtoint(buf, 0, &value);
	if (ret)
		return ret;
	if (value < 0 || (max && value > max))
		return -EINVAL;
	*nr = value;
	return 0;
}

static int store_nr(struct damon_sysfs_node *node, const char *buf)
{
	unsigned int nr;
	int ret;

	ret = damon_sysfs_parse_nr(node, buf, &nr);
	if (ret)
		return ret;
	ret = damon_sysfs_trylock(node->locks);
	if (ret)
		return ret;
	ret = damon_sysfs_renew(node, nr);
	damon_sysfs_unlock(node->locks);
	return ret;
}

static ssize_t file_store(struct kobject *kobj, struct attribute *attr,
			  const char *buf, size_t count)
{
	const struct damon_sysfs_file *file =
		container_of(attr, struct damon_sysfs_file, attr);
	struct damon_sysfs_node *node = to_node(kobj);
	int ret;

	if (file->store)
		return file->store(node, buf, count);

	if (file->class == DAMON_SYSFS_NR)
		ret = store_nr(node, buf);
	else
		ret = damon_sysfs_store_value(node, file, buf);
	return ret ?: count;
}

static ssize_t file_show(struct kobject *kobj, struct attribute *attr,
			 char *buf)
{
	const struct damon_sysfs_file *file =
		container_of(attr, struct damon_sysfs_file, attr);
	struct damon_sysfs_node *node = to_node(kobj);

	if (file->show)
		return file->show(node, buf);

	guard(mutex)(&node->locks->data);
	if (node->type->on_read)
		node->type->on_read(node);
	return damon_sysfs_show_value(node, file, buf);
}

/* Nodes in memory */

static void node_release(struct kobject *kobj)
{
	struct damon_sysfs_node *node = to_node(kobj);
	const struct damon_sysfs_file *file;

	if (node->type->release)
		node->type->release(node);
	for_each_file(file, node->type)
		if (file->class == DAMON_SYSFS_PATH)
			kfree(*(char **)damon_sysfs_member(node, file->offset));
	kfree(node);
}

static const struct sysfs_ops file_ops = {
	.show = file_show,
	.store = file_store,
};

static const struct kobj_type node_ktype = {
	.release = node_release,
	.sysfs_ops = &file_ops,
};

static void drop_set(struct damon_sysfs_node **set, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		damon_sysfs_drop(set[i]);
		cond_resched();
	}
}

/**
 * damon_sysfs_new() - Make a node and all that is below it.
 * @type:	Its type.
 * @locks:	Locks of the subtree that it will be in.
 *
 * Return: The node, not yet attached, or %NULL without memory.
 */
struct damon_sysfs_node *damon_sysfs_new(const struct damon_sysfs_type *type,
					 struct damon_sysfs_locks *locks)
{
	struct damon_sysfs_node *node = kzalloc(type->size, GFP_KERNEL);
	const struct damon_sysfs_file *file;
	const struct damon_sysfs_dir *dir;

	if (!node)
		return NULL;
	kobject_init(&node->kobj, &node_ktype);
	node->type = type;
	node->locks = locks;
	for_each_file(file, type)
		damon_sysfs_set_number(node, file, file->initial);
	if (type->init)
		type->init(node);

	for_each_dir(dir, type) {
		*subdir(node, dir) = damon_sysfs_new(dir->type, node->locks);
		if (!*subdir(node, dir)) {
			damon_sysfs_drop(node);
			return NULL;
		}
	}
	return node;
}

/**
 * damon_sysfs_drop() - Give up a node and all that is below it.
 * @node:	The node, not attached; may be %NULL.
 */
void damon_sysfs_drop(struct damon_sysfs_node *node)
{
	const struct damon_sysfs_dir *dir;

	if (!node)
		return;
	drop_set(node->children, node->nr_children);
	kvfree(node->children);
	node->children = NULL;
	node->nr_children = 0;
	for_each_dir(dir, node->type)
		damon_sysfs_drop(*subdir(node, dir));
	kobject_put(&node->kobj);
}

/* Nodes in sysfs */

static void detach_set(struct damon_sysfs_node **set, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		damon_sysfs_detach(set[i]);
		cond_resched();
	}
}

/*
 * Attaches a set below @parent, or none of it.  Number 0 comes last and goes first, so
 * while it is there all of them are.  Killing the caller ends it early, if @killable.
 */
static int attach_set(struct damon_sysfs_node *parent,
		      struct damon_sysfs_node **set, unsigned int nr,
		      bool killable)
{
	char name[16];
	int ret = 0;

	for (unsigned int i = nr; i--;) {
		snprintf(name, sizeof(name), "%u", i);
		ret = damon_sysfs_attach(set[i], &parent->kobj, name);
		if (!ret && killable && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret) {
			detach_set(set + i, nr - i);
			break;
		}
		cond_resched();
	}
	return ret;
}

/* Adds the files of a node and all that is below it. */
static int fill_dir(struct damon_sysfs_node *node)
{
	const struct damon_sysfs_file *file;
	const struct damon_sysfs_dir *dir;
	int ret;

	for_each_file(file, node->type) {
		ret = sysfs_create_file(&node->kobj, &file->attr);
		if (ret)
			return ret;
	}
	for_each_dir(dir, node->type) {
		ret = damon_sysfs_attach(*subdir(node, dir), &node->kobj,
					 dir->name);
		if (ret)
			return ret;
	}
	return attach_set(node, node->children, node->nr_children, false);
}

/**
 * damon_sysfs_attach() - Show a node and all that is below it in sysfs.
 * @node:	The node.
 * @parent:	Directory to show it in.
 * @name:	Name to show it under.
 *
 * Return: 0, or an error; then nothing of it is shown.
 */
int damon_sysfs_attach(struct damon_sysfs_node *node, struct kobject *parent,
		       const char *name)
{
	int ret;

	ret = kobject_add(&node->kobj, parent, "%s", name);
	if (ret)
		return ret;
	ret = fill_dir(node);
	if (ret)
		damon_sysfs_detach(node);
	return ret;
}

/**
 * damon_sysfs_detach() - Hide a node and all that is below it.
 * @node:	The node.  May not be attached.
 *
 * When this returns, the names are free, and no handler of its files runs or will
 * run.
 */
void damon_sysfs_detach(struct damon_sysfs_node *node)
{
	const struct damon_sysfs_dir *dir;

	if (!node->kobj.state_in_sysfs)
		return;
	detach_set(node->children, node->nr_children);
	for_each_dir(dir, node->type)
		damon_sysfs_detach(*subdir(node, dir));
	kobject_del(&node->kobj);
}

/* Numbered subdirectories */

/**
 * damon_sysfs_footprint() - Tell about how much memory a node and its files take.
 * @type:	Type of the node.  Numbered subdirectories come on top.
 *
 * Return: The size, bytes.
 */
size_t damon_sysfs_footprint(const struct damon_sysfs_type *type)
{
	size_t sz = type->size + sizeof(struct kernfs_node);
	const struct damon_sysfs_file *file;
	const struct damon_sysfs_dir *dir;

	for_each_file(file, type)
		sz += sizeof(struct kernfs_node);
	for_each_dir(dir, type)
		sz += damon_sysfs_footprint(dir->type);
	return sz;
}

/**
 * damon_sysfs_too_much() - Find out if numbered subdirectories are too large.
 * @nr:		Number of them.
 * @size:	Size of each, bytes.
 * @available:	Memory that is available, bytes.
 *
 * A slip of the finger must not eat the system's memory.  What is small is for the
 * allocator to judge: who sets up a monitor when memory is short has a reason.
 *
 * Return: True if they are not to be made.
 */
bool damon_sysfs_too_much(u64 nr, size_t size, u64 available)
{
	return nr * size > max(available / 2, SMALL_SET_SZ);
}

/**
 * damon_sysfs_drop_children() - Give up what damon_sysfs_make_children() has made.
 * @set:	The nodes.
 * @nr:		Number of them.
 */
void damon_sysfs_drop_children(struct damon_sysfs_node **set, unsigned int nr)
{
	drop_set(set, nr);
	kvfree(set);
}

/**
 * damon_sysfs_make_children() - Make nodes for numbered subdirectories.
 * @parent:	The directory that they are for.
 * @nr:		Number of them.
 * @below:	About how much memory each of them will get below it, bytes.
 *
 * Return: The nodes, which nobody can see yet, or -ENOMEM or -EINTR.
 */
struct damon_sysfs_node **
damon_sysfs_make_children(struct damon_sysfs_node *parent, unsigned int nr,
			  size_t below)
{
	const struct damon_sysfs_type *type = parent->type->child;
	u64 available = (u64)si_mem_available() * PAGE_SIZE;
	struct damon_sysfs_node **set;
	unsigned int i;

	if (damon_sysfs_too_much(nr, damon_sysfs_footprint(type) + below, available))
		return ERR_PTR(-ENOMEM);
	set = kvcalloc(nr, sizeof(*set), GFP_KERNEL | __GFP_NOWARN);
	if (!set)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++) {
		if (fatal_signal_pending(current))
			break;
		set[i] = damon_sysfs_new(type, parent->locks);
		if (!set[i])
			break;
		cond_resched();
	}
	if (i == nr)
		return set;

	damon_sysfs_drop_children(set, i);
	return ERR_PTR(fatal_signal_pending(current) ? -EINTR : -ENOMEM);
}

static void publish(struct damon_sysfs_node *node,
		    struct damon_sysfs_node **set, unsigned int nr)
{
	guard(mutex)(&node->locks->data);
	node->children = set;
	node->nr_children = nr;
}

/**
 * damon_sysfs_show_children() - Show nodes as numbered subdirectories.
 * @parent:	The directory, which has none.  The caller holds
 *		&damon_sysfs_locks.tree.
 * @set:	What damon_sysfs_make_children() has made for it.
 * @nr:		Number of them.
 *
 * Return: 0, or -ENOMEM or -EINTR; then they are dropped.
 */
int damon_sysfs_show_children(struct damon_sysfs_node *parent,
			      struct damon_sysfs_node **set, unsigned int nr)
{
	int ret = 0;

	if (parent->kobj.state_in_sysfs)
		ret = attach_set(parent, set, nr, true);
	if (ret) {
		damon_sysfs_drop_children(set, nr);
		return ret;
	}
	publish(parent, set, nr);
	return 0;
}

/**
 * damon_sysfs_renew() - Replace the numbered subdirectories by fresh ones.
 * @node:	The directory.  The caller holds &damon_sysfs_locks.tree, unless
 *		nobody else can see the node.
 * @nr:		Number of fresh ones.
 *
 * The fresh ones exist before the old ones go.  If they cannot be shown, for lack
 * of memory or because the caller is being killed, the old ones are shown again.
 *
 * Return: 0, -ENOMEM, or -EINTR.
 */
int damon_sysfs_renew(struct damon_sysfs_node *node, unsigned int nr)
{
	struct damon_sysfs_node **old = node->children;
	unsigned int nr_old = node->nr_children;
	bool attached = node->kobj.state_in_sysfs;
	struct damon_sysfs_node **set;
	int ret = 0;

	set = damon_sysfs_make_children(node, nr, 0);
	if (IS_ERR(set))
		return PTR_ERR(set);

	detach_set(old, nr_old);
	if (attached)
		ret = attach_set(node, set, nr, true);
	if (!ret) {
		publish(node, set, nr);
		damon_sysfs_drop_children(old, nr_old);
		return 0;
	}

	damon_sysfs_drop_children(set, nr);
	if (attach_set(node, old, nr_old, false)) {
		publish(node, NULL, 0);
		damon_sysfs_drop_children(old, nr_old);
	}
	return ret;
}

/**
 * damon_sysfs_clear() - Remove the numbered subdirectories.
 * @node:	The directory.  The caller holds &damon_sysfs_locks.tree, unless
 *		nobody else can see the node.
 */
void damon_sysfs_clear(struct damon_sysfs_node *node)
{
	struct damon_sysfs_node **old = node->children;
	unsigned int nr_old = node->nr_children;

	detach_set(old, nr_old);
	publish(node, NULL, 0);
	damon_sysfs_drop_children(old, nr_old);
}
