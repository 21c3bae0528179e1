// SPDX-License-Identifier: GPL-2.0
/*
 * What the samples share, see sample.h.
 *
 * Must not know what a sample is good for.
 */
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/sysfs.h>

#include "sample.h"

/* Runs in the kdamond once per sampling interval.  Speaks once per window. */
static int log_working_set(void *data)
{
	struct damon_sample *sample = data;
	struct damon_ctx *ctx = sample->ctxs[0];
	struct damon_target *t;
	struct damon_region *r;

	if (++sample->nr_calls < damon_max_nr_accesses(&ctx->attrs))
		return 0;
	sample->nr_calls = 0;
	damon_for_each_target(t, ctx) {
		unsigned long wss = 0;

		damon_for_each_region(r, t) {
			if (damon_nr_accesses_mvsum(r, ctx))
				wss += damon_sz_region(r);
		}
		pr_info("damon_sample_%s: wss: %lu\n", sample->name, wss);
	}
	return 0;
}

/**
 * damon_sample_watch() - Make a context that monitors a process.
 * @ctx:	Where to put the context, also if it lacks something.
 * @target_pid:	The process.
 *
 * Context: Anywhere.
 * Return: 0, -ENOMEM, or -EINVAL without such a process or the operations set.
 */
int damon_sample_watch(struct damon_ctx **ctx, int target_pid)
{
	struct damon_target *target;
	int err;

	*ctx = damon_new_ctx();
	if (!*ctx)
		return -ENOMEM;
	err = damon_select_ops(*ctx, DAMON_OPS_VADDR);
	if (err)
		return err;
	target = damon_new_target();
	if (!target)
		return -ENOMEM;
	damon_add_target(*ctx, target);
	target->pid = find_get_pid(target_pid);
	return target->pid ? 0 : -EINVAL;
}

/* From any state to off.  A kdamond may have ended by itself, or never begun. */
static void turn_off(struct damon_sample *sample)
{
	unsigned int i;

	for (i = 0; i < sample->nr_ctxs; i++) {
		if (!sample->ctxs[i])
			continue;
		damon_stop(&sample->ctxs[i], 1);
		damon_destroy_ctx(sample->ctxs[i]);
		sample->ctxs[i] = NULL;
	}
}

static int start_logging(struct damon_sample *sample)
{
	if (!sample->log_wss)
		return 0;
	sample->call = (struct damon_call_control){
		.fn = log_working_set,
		.data = sample,
		.repeat = true,
	};
	return damon_call(sample->ctxs[0], &sample->call);
}

static int turn_on(struct damon_sample *sample)
{
	int err = sample->build(sample->ctxs);

	if (!err)
		err = damon_start(sample->ctxs, sample->nr_ctxs, true);
	if (!err)
		err = start_logging(sample);
	if (err)
		turn_off(sample);
	return err;
}

/* What it monitors may have gone.  With that, none of its kdamonds is left. */
static bool is_on(struct damon_sample *sample)
{
	unsigned int i;

	for (i = 0; i < sample->nr_ctxs; i++) {
		if (sample->ctxs[i] && damon_is_running(sample->ctxs[i]))
			return true;
	}
	return false;
}

static int set_state(struct damon_sample *sample, bool on)
{
	bool was_on = is_on(sample);
	int err = 0;

	if (on && was_on)
		return 0;
	turn_off(sample);
	if (on)
		err = turn_on(sample);
	if (!err && on != was_on)
		pr_info("damon_sample_%s: %s\n", sample->name,
			on ? "started" : "stopped");
	return err;
}

static int store_switch(const char *val, const struct kernel_param *kp)
{
	struct damon_sample *sample = kp->arg;
	bool on;
	int err = kstrtobool(val, &on);

	if (err)
		return err;
	/* On the command line it comes before memory for contexts does. */
	if (damon_initialized())
		err = set_state(sample, on);
	sample->enabled = on && !err;
	return err;
}

static int show_switch(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%c\n", is_on(kp->arg) ? 'Y' : 'N');
}

const struct kernel_param_ops damon_sample_switch_ops = {
	.set = store_switch,
	.get = show_switch,
};

/**
 * damon_sample_init() - Do at boot what the command line says.
 * @sample:	The sample.
 *
 * Context: Initcalls of devices or later.
 * Return: 0, or why it is not on as it should be.
 */
int damon_sample_init(struct damon_sample *sample)
{
	int err = damon_initialized() ? 0 : -ENOMEM;

	kernel_param_lock(THIS_MODULE);
	if (!err && sample->enabled)
		err = set_state(sample, true);
	if (err)
		sample->enabled = false;
	kernel_param_unlock(THIS_MODULE);
	if (err)
		pr_err("damon_sample_%s: cannot start: %d\n", sample->name, err);
	return err;
}
