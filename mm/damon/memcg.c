// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the memory cgroup that a path stands for.
 */
#include <linux/cgroup.h>
#include <linux/cleanup.h>
#include <linux/kernfs.h>
#include <linux/memcontrol.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "internal.h"

#ifdef CONFIG_MEMCG

/* A path as the kernel writes it.  The walk takes more than one for the same. */
static bool is_canonical(const char *path)
{
	if (!path || path[0] != '/')
		return false;
	return !path[1] ||
		(path[strlen(path) - 1] != '/' && !strstr(path, "//"));
}

/* The root of the hierarchy that has the memory controller, with a reference. */
static struct cgroup *get_root(void)
{
	struct cgroup *root;

	guard(rcu)();
	root = READ_ONCE(root_mem_cgroup->css.cgroup);
	return cgroup_tryget(root) ? root : NULL;
}

/*
 * True if a directory in the cgroup filesystem is a memory cgroup that is not about
 * to vanish.  @id is set to which one.
 */
static bool read_id(struct kernfs_node *kn, u64 *id)
{
	struct cgroup_subsys_state *css;
	struct cgroup *cgroup;

	if (kernfs_type(kn) != KERNFS_DIR)
		return false;
	guard(rcu)();
	cgroup = rcu_dereference(*(void __rcu __force **)&kn->priv);
	if (!cgroup)
		return false;
	css = rcu_dereference(cgroup->subsys[memory_cgrp_id]);
	if (!css || !css_tryget_online(css))
		return false;
	*id = mem_cgroup_id(mem_cgroup_from_css(css));
	css_put(css);
	return true;
}

/**
 * damon_find_memcg() - Find a memory cgroup by its path.
 * @path:	Path from the root of the hierarchy that has the memory controller,
 *		whatever the caller's cgroup namespace is.  May be %NULL.
 * @id:		Its id.
 *
 * Return: 0, or -ENOENT if there is no such memory cgroup.
 */
int damon_find_memcg(const char *path, u64 *id)
{
	struct cgroup *root;
	struct kernfs_node *kn;
	bool found;

	if (mem_cgroup_disabled() || !is_canonical(path))
		return -ENOENT;
	root = get_root();
	if (!root)
		return -ENOENT;
	kn = kernfs_walk_and_get(root->kn, path);
	found = kn && read_id(kn, id);
	kernfs_put(kn);
	cgroup_put(root);
	return found ? 0 : -ENOENT;
}

#else

int damon_find_memcg(const char *path, u64 *id)
{
	return -ENOENT;
}

#endif /* CONFIG_MEMCG */
