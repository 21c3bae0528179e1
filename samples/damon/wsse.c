// SPDX-License-Identifier: GPL-2.0
/*
 * Working set size estimation: log how much memory a process is using.
 *
 * Shows how kernel code monitors a process: make a context, give it a target,
 * start it, and look at the regions from a function that the kdamond calls.
 */
#define pr_fmt(fmt) "damon_sample_wsse: " fmt

#include <linux/damon.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pid.h>

#ifdef MODULE_PARAM_PREFIX
#undef MODULE_PARAM_PREFIX
#endif
#define MODULE_PARAM_PREFIX "damon_sample_wsse."

static int target_pid __read_mostly;
module_param(target_pid, int, 0600);
MODULE_PARM_DESC(target_pid, "Process to look at");

static bool enabled __read_mostly;
static struct damon_ctx *ctx;

/* Runs in the kdamond once per sampling interval. */
static int log_working_set(void *data)
{
	struct damon_ctx *c = data;
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, c) {
		unsigned long wss = 0;

		damon_for_each_region(r, t)
			if (r->nr_accesses)
				wss += damon_sz_region(r);
		pr_info("wss: %lu\n", wss);
	}
	return 0;
}

static struct damon_call_control call = {
	.fn = log_working_set,
	.repeat = true,
};

/* A context that monitors @target_pid, or NULL. */
static struct damon_ctx *make_ctx(int *err)
{
	struct damon_ctx *c = damon_new_ctx();
	struct damon_target *t = damon_new_target();

	*err = -ENOMEM;
	if (!c || !t)
		goto out;
	*err = damon_select_ops(c, DAMON_OPS_VADDR);
	if (*err)
		goto out;
	*err = -EINVAL;
	t->pid = find_get_pid(target_pid);
	if (!t->pid)
		goto out;
	damon_add_target(c, t);
	*err = 0;
	return c;
out:
	if (t)
		damon_free_target(t);
	if (c)
		damon_destroy_ctx(c);
	return NULL;
}

static void stop_monitoring(void)
{
	damon_stop(&ctx, 1);
	damon_destroy_ctx(ctx);
	ctx = NULL;
	pr_info("stopped\n");
}

static int start_monitoring(void)
{
	int err;

	ctx = make_ctx(&err);
	if (!ctx)
		return err;
	err = damon_start(&ctx, 1, true);
	if (!err) {
		pr_info("started\n");
		call.data = ctx;
		err = damon_call(ctx, &call);
	}
	if (err)
		stop_monitoring();
	return err;
}

static int set_enabled(bool on)
{
	int err = 0;

	if (on && !ctx)
		err = start_monitoring();
	else if (!on && ctx)
		stop_monitoring();
	return err;
}

static int store_enabled(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = kstrtobool(val, &on);

	if (err)
		return err;
	/* On the command line it comes before memory for contexts does. */
	if (damon_initialized())
		err = set_enabled(on);
	if (!err)
		enabled = on;
	return err;
}

static const struct kernel_param_ops enabled_ops = {
	.set = store_enabled,
	.get = param_get_bool,
};

module_param_cb(enabled, &enabled_ops, &enabled, 0600);
MODULE_PARM_DESC(enabled, "Whether to look at it");

static int __init wsse_init(void)
{
	int err = 0;

	if (!damon_initialized())
		err = -ENOMEM;
	else if (enabled)
		err = set_enabled(true);
	if (err)
		enabled = false;
	return err;
}
module_init(wsse_init);
