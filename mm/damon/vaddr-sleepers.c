// SPDX-License-Identifier: GPL-2.0
/*
 * What tells that a process sleeps: then it accesses nothing.
 *
 * Knows threads, and must not know regions, samples and page tables.
 */

#include <linux/mmu_notifier.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "internal.h"
#include "vaddr-sleepers.h"

/*
 * A number that grows whenever a thread goes to sleep or ends, whatever comes and
 * goes in between, or zero if not all of them are asleep.  With more threads than regions,
 * a look at the memory takes less time.  @nr_users is how many threads have the memory.
 * A thread leaves its count to the process when it ends, but the last time that it stops
 * running is in none, hence the ones.
 */
static unsigned long count_sleeps(struct damon_target *t, unsigned int *nr_users)
{
	struct task_struct *task, *thread;
	unsigned long nr;

	guard(rcu)();
	task = pid_task(t->pid, PIDTYPE_PID);
	if (!task || get_nr_threads(task) > t->nr_regions)
		return 0;
	nr = READ_ONCE(task->signal->nvcsw) + 1;
	for_each_thread(task, thread) {
		if (READ_ONCE(thread->on_rq))
			return 0;
		nr += READ_ONCE(thread->nvcsw) - 1;
		*nr_users += !!READ_ONCE(thread->mm);
	}
	return *nr_users ? nr : 0;
}

/**
 * damon_vaddr_slept() - Find out if a process has slept since the last tick.
 * @t:		The target.
 * @nr_users:	Set to the number of its threads that have its memory, or to zero if
 *		nobody has asked.
 *
 * Who was awake when it was asked last is not asked again in this window.
 *
 * It has if all of its threads sleep, and none has gone to sleep in between.  (One that is
 * just doing so may not be counted before the next tick.)  Who else could have used its
 * memory, such as processes that share it or devices, was looked for when it was looked at
 * last, and cannot come while it sleeps.  Marks of accesses from elsewhere, for example
 * through ptrace() or by kernel threads that borrow the memory, are found in the next tick
 * in which it is looked at.
 *
 * Context: Worker.
 * Return: True if nothing of the process has run since the last tick.
 */
bool damon_vaddr_slept(struct damon_target *t, unsigned int *nr_users)
{
	unsigned long before = t->nr_sleeps;

	*nr_users = 0;
	if (!before && !t->reach.window_opens)
		return false;
	t->nr_sleeps = count_sleeps(t, nr_users);
	if (!t->nr_sleeps || t->nr_sleeps != before || !t->secluded)
		t->nr_slept = 0;
	else if (t->nr_slept < UINT_MAX)
		t->nr_slept++;
	return t->nr_slept;
}

/**
 * damon_vaddr_find_others() - Find out who besides the process can use its memory.
 * @t:		The target.
 * @mm:		Its address space, with a reference of the caller.
 * @nr_users:	How many of its threads have it, as damon_vaddr_slept() has said.
 *
 * Each thread has a reference to the memory, and so does the caller.
 *
 * Context: Worker.
 */
void damon_vaddr_find_others(struct damon_target *t, struct mm_struct *mm,
			     unsigned int nr_users)
{
	t->secluded = atomic_read(&mm->mm_users) <= nr_users + 1 &&
		!mm_has_notifiers(mm);
}
