/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What running contexts show in debugfs.
 */
#ifndef _MM_DAMON_DEBUGFS_H
#define _MM_DAMON_DEBUGFS_H

#include <linux/damon.h>

#ifdef CONFIG_DAMON_DEBUGFS
struct dentry *damon_debugfs_show(struct damon_ctx *ctx);
void damon_debugfs_hide(struct dentry *file);
#else
static inline struct dentry *damon_debugfs_show(struct damon_ctx *ctx)
{
	return NULL;
}

static inline void damon_debugfs_hide(struct dentry *file)
{
}
#endif

#endif /* _MM_DAMON_DEBUGFS_H */
