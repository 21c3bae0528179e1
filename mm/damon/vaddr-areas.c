// SPDX-License-Identifier: GPL-2.0
/*
 * Where the memory of a process is mapped: the areas that regions are to cover.
 *
 * Must not know how memory is looked at.
 */

#define pr_fmt(fmt) "damon-va: " fmt

#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "internal.h"
#include "vaddr-areas.h"
#include "walk.h"

/*
 * An address space is mapped in a few clusters (program and heap, libraries and
 * anonymous mappings, stack) with vast gaps between them.
 */
#define MAX_AREAS	3

static unsigned long range_size(const struct damon_addr_range *range)
{
	return range->end - range->start;
}

/* The two largest gaps, the larger one first, the lower one of equal ones. */
static void note_gap(struct damon_addr_range gaps[MAX_AREAS - 1],
		     struct damon_addr_range gap)
{
	if (range_size(&gap) > range_size(&gaps[0])) {
		gaps[1] = gaps[0];
		gaps[0] = gap;
	} else if (range_size(&gap) > range_size(&gaps[1])) {
		gaps[1] = gap;
	}
}

/*
 * Gaps count as far as no aligned region reaches into them, so that areas never
 * overlap once they are aligned.
 */
static void note_space_between(struct damon_addr_range gaps[MAX_AREAS - 1],
			       unsigned long end, unsigned long next_start,
			       unsigned long grain)
{
	struct damon_addr_range gap = {
		.start = round_up(end, grain),
		.end = round_down(next_start, grain),
	};

	if (gap.start >= end && gap.start < gap.end)
		note_gap(gaps, gap);
}

/*
 * Cuts what the VMAs span at the largest gaps between them.  Returns the number
 * of areas: one more than there are gaps, up to MAX_AREAS, or none.
 */
static unsigned int find_areas(struct mm_struct *mm, unsigned long grain,
			       struct damon_addr_range areas[MAX_AREAS])
{
	VMA_ITERATOR(vmi, mm, 0);
	struct damon_addr_range gaps[MAX_AREAS - 1] = {};
	struct damon_addr_range span = {};
	struct vm_area_struct *vma;
	unsigned int nr = 0;
	int i;

	for_each_vma(vmi, vma) {
		if (!span.end)
			span.start = vma->vm_start;
		else
			note_space_between(gaps, span.end, vma->vm_start, grain);
		span.end = vma->vm_end;
	}
	if (!span.end)
		return 0;

	if (gaps[1].end && gaps[1].start < gaps[0].start)
		swap(gaps[0], gaps[1]);
	for (i = 0; i < ARRAY_SIZE(gaps) && gaps[i].end; i++) {
		areas[nr].start = span.start;
		areas[nr++].end = gaps[i].start;
		span.start = gaps[i].end;
	}
	areas[nr++] = span;
	return nr;
}

/* How many programs a process, or those that it descends from, has begun. */
static u64 exec_id_of(struct damon_target *t)
{
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(t->pid, PIDTYPE_PID);
	return task ? READ_ONCE(task->self_exec_id) : 0;
}

/*
 * Nobody has had the mmap lock for writing since the regions were fitted, so they still
 * fit.
 */
static bool fits(const struct damon_target *t, struct mm_struct *mm,
		 const struct damon_layout *now)
{
	const struct damon_layout *then = &t->layout;
	unsigned int seq;

	return then->known && then->exec_id == now->exec_id &&
		then->grain == now->grain &&
		mmap_lock_speculate_try_begin(mm, &seq) && seq == then->seq;
}

/* Whoever has the mmap lock may have it for long, and a kdamond that waits cannot end. */
static int fit_regions(struct damon_target *t, struct mm_struct *mm,
		       struct damon_layout *layout)
{
	struct damon_addr_range areas[MAX_AREAS];
	unsigned int nr;
	int err;

	if (!mmap_read_trylock(mm))
		return -EBUSY;
	layout->known = mmap_lock_speculate_try_begin(mm, &layout->seq);
	nr = find_areas(mm, layout->grain, areas);
	mmap_read_unlock(mm);
	if (!nr)
		return -ENODATA;
	err = damon_set_regions(t, areas, nr, layout->grain);
	if (!err)
		t->layout = *layout;
	return err;
}

static int follow_mappings(struct damon_ctx *ctx, struct damon_target *t)
{
	/* asked first: should the address space be a newer one, that is noticed later */
	struct damon_layout layout = {
		.exec_id = exec_id_of(t),
		.grain = ctx->min_region_sz,
	};
	struct mm_struct *mm = damon_get_mm(t);
	int err = 0;

	if (!mm)
		return -ESRCH;
	if (!fits(t, mm, &layout))
		err = fit_regions(t, mm, &layout);
	mmput_async(mm);
	return err;
}

/* Returns true if it has to be tried again. */
static bool set_areas(struct damon_ctx *ctx, struct damon_target *t)
{
	int err = follow_mappings(ctx, t);

	if (err)
		pr_debug_ratelimited("no areas of pid %d: %d\n",
				     pid_nr(t->pid), err);
	return err == -EBUSY;
}

/*
 * Most who have the mmap lock have it for a moment only.  If that takes longer than a
 * sampling interval, the other targets are sampled meanwhile.
 */
static void wait_for_areas(struct damon_ctx *ctx, struct damon_target *t)
{
	u64 until = ktime_get_ns() + damon_us_to_ns(ctx->attrs.sample_interval);

	while (set_areas(ctx, t)) {
		if (kthread_should_stop() || ktime_get_ns() >= until) {
			damon_update_next(ctx);
			return;
		}
		schedule_timeout_idle(1);
	}
}

/**
 * damon_vaddr_init_areas() - Make regions of what targets without any have mapped.
 * @ctx:	The context.
 *
 * Regions that the user set are kept.
 *
 * Context: Worker.  See &damon_operations.init.
 */
void damon_vaddr_init_areas(struct damon_ctx *ctx)
{
	struct damon_target *t;

	damon_for_each_target(t, ctx) {
		if (!damon_nr_regions(t))
			wait_for_areas(ctx, t);
	}
}

/**
 * damon_vaddr_update_areas() - Fit the regions of all targets to the mappings.
 * @ctx:	The context.
 *
 * A target whose mappings cannot be read now keeps the regions that it has.
 *
 * Context: Worker.  See &damon_operations.update.
 */
void damon_vaddr_update_areas(struct damon_ctx *ctx)
{
	struct damon_target *t;

	damon_for_each_target(t, ctx) {
		if (set_areas(ctx, t))
			damon_update_next(ctx);
		cond_resched();
	}
}

#ifdef CONFIG_DAMON_VADDR_KUNIT_TEST
#include "tests/vaddr-areas-kunit.h"
#endif
