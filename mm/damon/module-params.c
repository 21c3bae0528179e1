// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters of modules that do something, or that show more than what was written
 * to them.
 *
 * Must not know how a module is built and run.
 */
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "module-common.h"
#include "module-params.h"

static int enabled_set(const char *val, const struct kernel_param *kp)
{
	struct damon_module *m = kp->arg;
	bool on;
	int err = kstrtobool(val, &on);

	if (err)
		return err;
	/* the command line comes before there is anything to start with */
	if (!m->ready)
		m->on = on;
	else if (!on)
		return damon_module_stop(m);
	else if (!damon_module_is_running(m))
		return damon_module_start(m);
	return 0;
}

static int enabled_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", damon_module_is_running(kp->arg) ? 'Y' : 'N');
}

const struct kernel_param_ops damon_module_enabled_ops = {
	.set = enabled_set,
	.get = enabled_get,
};

static int commit_set(const char *val, const struct kernel_param *kp)
{
	bool wanted;
	int err = kstrtobool(val, &wanted);

	if (!err && wanted)
		err = damon_module_commit(kp->arg);
	return err;
}

static int commit_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "N\n");
}

const struct kernel_param_ops damon_module_commit_ops = {
	.set = commit_set,
	.get = commit_get,
};

static int unit_set(const char *val, const struct kernel_param *kp)
{
	struct damon_module *m = kp->arg;
	unsigned long unit;
	int err = kstrtoul(val, 0, &unit);

	if (err)
		return err;
	if (!unit)
		return damon_module_refuse(m, "addr_unit: zero");
	m->params.addr_unit = unit;
	return 0;
}

static int unit_get(char *buffer, const struct kernel_param *kp)
{
	const struct damon_module *m = kp->arg;

	return sprintf(buffer, "%lu\n", m->params.addr_unit);
}

const struct kernel_param_ops damon_module_unit_ops = {
	.set = unit_set,
	.get = unit_get,
};

/* What was written, or what it came to if that was nothing. */
static const struct damon_addr_range *shown_range(const struct damon_module *m)
{
	const struct damon_addr_range *range = &m->params.range;

	return range->start || range->end ? range : &m->ram;
}

static int start_set(const char *val, const struct kernel_param *kp)
{
	struct damon_module *m = kp->arg;

	return kstrtoul(val, 0, &m->params.range.start);
}

static int start_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%lu\n", shown_range(kp->arg)->start);
}

const struct kernel_param_ops damon_module_start_ops = {
	.set = start_set,
	.get = start_get,
};

static int end_set(const char *val, const struct kernel_param *kp)
{
	struct damon_module *m = kp->arg;

	return kstrtoul(val, 0, &m->params.range.end);
}

static int end_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%lu\n", shown_range(kp->arg)->end);
}

const struct kernel_param_ops damon_module_end_ops = {
	.set = end_set,
	.get = end_get,
};

static int paths_set(const char *val, const struct kernel_param *kp)
{
	size_t len = strcspn(val, "\n");

	if (len >= DAMON_MODULE_PATHS_SIZE) {
		pr_err("%s: %zu characters are more than %d\n", kp->name, len,
		       DAMON_MODULE_PATHS_SIZE - 1);
		return -ENOSPC;
	}
	strscpy(kp->arg, val, len + 1);
	return 0;
}

static int paths_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n", (const char *)kp->arg);
}

const struct kernel_param_ops damon_module_paths_ops = {
	.set = paths_set,
	.get = paths_get,
};

/* For what can only be read: the command line may have it all the same. */
static int ignore_set(const char *val, const struct kernel_param *kp)
{
	return 0;
}

static int pid_get(char *buffer, const struct kernel_param *kp)
{
	const struct damon_module *m = kp->arg;
	int pid = m->ctx ? damon_kdamond_pid(m->ctx) : -1;

	return sprintf(buffer, "%d\n", max(pid, -1));
}

const struct kernel_param_ops damon_module_pid_ops = {
	.set = ignore_set,
	.get = pid_get,
};

static int result_get(char *buffer, const struct kernel_param *kp)
{
	const unsigned long *result = kp->arg;

	return sprintf(buffer, "%lu\n", READ_ONCE(*result));
}

const struct kernel_param_ops damon_module_result_ops = {
	.set = ignore_set,
	.get = result_get,
};
