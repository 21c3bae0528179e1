// SPDX-License-Identifier: GPL-2.0
/*
 * Values of objects of the sysfs interface: from text, and to text.
 *
 * Must not know how directories come and go, nor what a value is for.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sysfs.h"
#include "sysfs-values.h"

/**
 * damon_sysfs_set_number() - Set the value of a file that is a number.
 * @node:	The object.
 * @file:	Its file.  Nothing happens if that is no number.
 * @value:	The value.
 */
void damon_sysfs_set_number(struct damon_sysfs_node *node,
			    const struct damon_sysfs_file *file,
			    unsigned long value)
{
	void *where = damon_sysfs_member(node, file->offset);

	switch (file->class) {
	case DAMON_SYSFS_UL:
		*(unsigned long *)where = value;
		break;
	case DAMON_SYSFS_UI:
	case DAMON_SYSFS_SI:
	case DAMON_SYSFS_KEYWORD:
		*(unsigned int *)where = value;
		break;
	case DAMON_SYSFS_BOOL:
		*(bool *)where = value;
		break;
	default:
		break;
	}
}

static int parse_keyword(const struct damon_sysfs_keywords *keywords,
			 const char *buf, unsigned long *value)
{
	for (unsigned int i = 0; i < keywords->nr; i++) {
		if (keywords->words[i] && sysfs_streq(buf, keywords->words[i])) {
			*value = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_number(const struct damon_sysfs_file *file, const char *buf,
			unsigned long *value)
{
	unsigned int ui;
	bool yes;
	int ret;
	int si;

	switch (file->class) {
	case DAMON_SYSFS_UL:
		return kstrtoul(buf, 0, value);
	case DAMON_SYSFS_UI:
		ret = kstrtouint(buf, 0, &ui);
		*value = ui;
		return ret;
	case DAMON_SYSFS_SI:
		ret = kstrtoint(buf, 0, &si);
		*value = si;
		return ret;
	case DAMON_SYSFS_BOOL:
		ret = kstrtobool(buf, &yes);
		*value = yes;
		return ret;
	case DAMON_SYSFS_KEYWORD:
		return parse_keyword(file->keywords, buf, value);
	default:
		return -EINVAL;
	}
}

static int store_number(struct damon_sysfs_node *node,
			const struct damon_sysfs_file *file, const char *buf)
{
	unsigned long value;
	int ret;

	ret = parse_number(file, buf, &value);
	if (ret == -ERANGE && file->no_erange)
		ret = -EINVAL;
	if (ret)
		return ret;
	if (file->nonzero && !value)
		return -EINVAL;

	guard(mutex)(&node->locks->data);
	damon_sysfs_set_number(node, file, value);
	if (file->written)
		*(bool *)damon_sysfs_member(node, file->written) = true;
	return 0;
}

/* Everything up to the first NUL, without the newline that echo appends. */
static int store_path(struct damon_sysfs_node *node,
		      const struct damon_sysfs_file *file, const char *buf)
{
	char **where = damon_sysfs_member(node, file->offset);
	size_t len = strlen(buf);
	char *path;

	if (len && buf[len - 1] == '\n')
		len--;
	path = kmemdup_nul(buf, len, GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	scoped_guard(mutex, &node->locks->data)
		swap(path, *where);
	kfree(path);
	return 0;
}

/**
 * damon_sysfs_store_value() - Set the value of a file from text.
 * @node:	The object.
 * @file:	Its file, none that has its own functions.
 * @buf:	The text.
 *
 * Context: Takes &damon_sysfs_locks.data.
 * Return: 0, or an error if the text is no such value.
 */
int damon_sysfs_store_value(struct damon_sysfs_node *node,
			    const struct damon_sysfs_file *file, const char *buf)
{
	if (file->class == DAMON_SYSFS_PATH)
		return store_path(node, file, buf);
	return store_number(node, file, buf);
}

/**
 * damon_sysfs_show_value() - Write the value of a file as text.
 * @node:	The object.  The caller holds &damon_sysfs_locks.data.
 * @file:	Its file.
 * @buf:	A page for the text.
 *
 * Return: Length of the text, or -EINVAL if the engine does not know what it is.
 */
ssize_t damon_sysfs_show_value(struct damon_sysfs_node *node,
			       const struct damon_sysfs_file *file, char *buf)
{
	void *where = damon_sysfs_member(node, file->offset);

	switch (file->class) {
	case DAMON_SYSFS_UL:
		return sysfs_emit(buf, "%lu\n", *(unsigned long *)where);
	case DAMON_SYSFS_UI:
		return sysfs_emit(buf, "%u\n", *(unsigned int *)where);
	case DAMON_SYSFS_SI:
		return sysfs_emit(buf, "%d\n", *(int *)where);
	case DAMON_SYSFS_BOOL:
		return sysfs_emit(buf, "%c\n", *(bool *)where ? 'Y' : 'N');
	case DAMON_SYSFS_KEYWORD:
		return sysfs_emit(buf, "%s\n",
				  file->keywords->words[*(int *)where]);
	case DAMON_SYSFS_PATH:
		return sysfs_emit(buf, "%s\n", *(char **)where ?: "");
	case DAMON_SYSFS_NR:
		return sysfs_emit(buf, "%u\n", node->nr_children);
	default:
		return -EINVAL;
	}
}
