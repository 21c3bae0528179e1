/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the samples share: the parameter that switches one on and off, and
 * contexts that watch a process.
 */
#ifndef _SAMPLES_DAMON_SAMPLE_H
#define _SAMPLES_DAMON_SAMPLE_H

#include <linux/damon.h>
#include <linux/moduleparam.h>

/**
 * struct damon_sample - A sample that can be switched on and off.
 * @name:	Its name, for the kernel log.
 * @build:	Makes @nr_ctxs contexts that are ready to be started.  Those that
 *		it has made when it fails are freed by the caller.
 * @nr_ctxs:	How many they are.
 * @log_wss:	Tell the kernel log how much memory the first one sees in use.
 *
 * It is protected by the lock of parameters, except that the kdamond uses what is
 * only changed while it does not run.
 */
struct damon_sample {
	const char *name;
	int (*build)(struct damon_ctx **ctxs);
	unsigned int nr_ctxs;
	bool log_wss;

	/* private: */
	bool enabled;			/* as written before it could start */
	struct damon_ctx *ctxs[2];	/* NULL: off */
	struct damon_call_control call;
	unsigned int nr_calls;
};

/* For module_param_cb() of "enabled", with the sample as its argument. */
extern const struct kernel_param_ops damon_sample_switch_ops;

int damon_sample_init(struct damon_sample *sample);
int damon_sample_watch(struct damon_ctx **ctx, int target_pid);

#endif /* _SAMPLES_DAMON_SAMPLE_H */
