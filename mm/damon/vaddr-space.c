// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for the mmap lock of a process, but not for ever: whoever has it may be in the
 * middle of an mmap() that a file system in user space answers when it likes, or not at
 * all, and a kdamond that waits in the queue cannot be stopped.
 *
 * Must not know what the lock is for.
 */

#include <linux/cleanup.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "vaddr-space.h"

/* True as long as a thread of the process has the address space. */
static bool is_used(const struct damos_space *space)
{
	struct task_struct *task, *thread;

	guard(rcu)();
	task = pid_task(space->pid, PIDTYPE_PID);
	if (!task)
		return false;
	/* the very thread in nearly all cases */
	if (likely(READ_ONCE(task->mm) == space->mm))
		return true;
	for_each_thread(task, thread)
		if (READ_ONCE(thread->mm) == space->mm)
			return true;
	return false;
}

/**
 * damos_space_should_stop() - Find out if there is nothing to do any more.
 * @space:	The address space.
 *
 * Nobody but monitoring uses the memory of a process that has exited, and as long as
 * one scheme works on it none of it is freed.  References do not tell: other monitors
 * have some, too.
 *
 * Context: Worker.
 * Return: True if a scheme is to leave the rest of the region alone.
 */
bool damos_space_should_stop(const struct damos_space *space)
{
	return space->missed || kthread_should_stop() || !is_used(space);
}

/**
 * damos_space_lock() - Take the mmap lock for reading.
 * @space:	The address space.
 *
 * Context: Worker.  Sleeps.
 * Return: False if it cannot be had in time, or the kdamond is to stop.
 */
bool damos_space_lock(struct damos_space *space)
{
	u64 since = ktime_get_ns();

	while (!mmap_read_trylock(space->mm)) {
		if (kthread_should_stop() ||
		    ktime_get_ns() - since >= space->patience_ns) {
			space->missed = true;
			return false;
		}
		schedule_timeout_idle(1);
	}
	return true;
}

/**
 * damos_space_ready() - Wait until the mmap lock can be had.
 * @space:	The address space.
 *
 * For what takes the lock itself, and would wait for it until it gets it.  Somebody else
 * can come in between, but what takes long rarely begins in just that moment.
 *
 * Context: Worker.  Sleeps.
 * Return: False if that takes too long, or the kdamond is to stop.
 */
bool damos_space_ready(struct damos_space *space)
{
	if (!damos_space_lock(space))
		return false;
	damos_space_unlock(space);
	return true;
}

/**
 * damos_space_peek() - Look what is mapped, and wait for the mmap lock if that is needed.
 * @space:	The address space.
 * @walk:	A walk through it, not locked.
 * @addr:	The address.
 * @leaf:	Filled in if the result is %DAMON_LEAF_FOLIO.
 *
 * If that makes @space->missed true, the walk has ended.
 *
 * Context: Worker.  Sleeps.
 * Return: See damon_walk_peek().
 */
enum damon_leaf_kind damos_space_peek(struct damos_space *space,
				      struct damon_walk *walk,
				      unsigned long addr,
				      struct damon_leaf *leaf)
{
	enum damon_leaf_kind kind = damon_walk_peek(walk, addr, leaf);

	if (kind != DAMON_LEAF_OPAQUE || walk->vma)
		return kind;
	damon_walk_end(walk);
	if (!damos_space_lock(space))
		return DAMON_LEAF_OPAQUE;
	damon_walk_take_over(walk);
	return damon_walk_peek(walk, addr, leaf);
}
