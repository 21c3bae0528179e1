/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values of the files of an object, see struct damon_sysfs_file.
 */
#ifndef _MM_DAMON_SYSFS_VALUES_H
#define _MM_DAMON_SYSFS_VALUES_H

#include <linux/types.h>

struct damon_sysfs_file;
struct damon_sysfs_node;

static inline void *damon_sysfs_member(struct damon_sysfs_node *node,
				       unsigned int offset)
{
	return (void *)node + offset;
}

void damon_sysfs_set_number(struct damon_sysfs_node *node,
			    const struct damon_sysfs_file *file,
			    unsigned long value);
int damon_sysfs_store_value(struct damon_sysfs_node *node,
			    const struct damon_sysfs_file *file, const char *buf);
ssize_t damon_sysfs_show_value(struct damon_sysfs_node *node,
			       const struct damon_sysfs_file *file, char *buf);

#endif /* _MM_DAMON_SYSFS_VALUES_H */
