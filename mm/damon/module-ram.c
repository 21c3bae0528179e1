// SPDX-License-Identifier: GPL-2.0
/*
 * Modules that monitor all memory, and memory that comes or goes while they run.
 *
 * Must not know what else modules are made of.
 */
#include <linux/init.h>
#include <linux/memory.h>

#include "module-common.h"

atomic_t damon_nr_ram_changes = ATOMIC_INIT(0);

static int note_ram_change(struct notifier_block *nb, unsigned long event, void *arg)
{
	if (event == MEM_ONLINE || event == MEM_OFFLINE)
		atomic_inc(&damon_nr_ram_changes);
	return NOTIFY_OK;
}

static int __init watch_ram(void)
{
	return hotplug_memory_notifier(note_ram_change, DEFAULT_CALLBACK_PRI);
}
subsys_initcall(watch_ram);

/**
 * damon_module_follow_ram() - Monitor the memory that there is now.
 * @m:	The module.
 *
 * If it is all memory that is monitored, what has come online meanwhile is part of
 * that, and what has gone is not.  If it fails, for lack of memory, it has to be called
 * again.
 *
 * Context: Worker.
 */
void damon_module_follow_ram(struct damon_module *m)
{
	int nr_changes = atomic_read(&damon_nr_ram_changes);
	struct damon_addr_range range = {};
	struct damon_target *t;

	if (!m->terms.all_ram || m->terms.nr_ram_changes == nr_changes)
		return;
	damon_for_each_target(t, m->ctx) {
		if (damon_set_region_system_rams_default(t, &range.start, &range.end,
							 m->ctx->addr_unit,
							 m->ctx->min_region_sz))
			return;
	}
	m->ram = range;
	m->terms.nr_ram_changes = nr_changes;
}
