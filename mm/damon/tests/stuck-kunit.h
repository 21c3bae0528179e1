/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases of the KUnit suite "damon-vaddr-schemes" in which somebody holds the mmap lock
 * for as long as nobody queues for it: schemes must give up, or stop, before.  Order
 * decides, and no clock.
 */

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mmap_lock.h>
#include <linux/sched/task.h>

struct lock_holder {
	struct task_struct *task;
	struct mm_struct *mm;
	unsigned long addr;		/* in a mapping, which is locked, too */
	struct completion held;
	struct completion release;
	bool queued_for;		/* it had to be given up early */
};

static int hold_lock(void *data)
{
	struct lock_holder *h = data;

	mmap_write_lock(h->mm);
	vma_start_write(vma_lookup(h->mm, h->addr));
	complete(&h->held);
	while (!try_wait_for_completion(&h->release)) {
		h->queued_for = mmap_lock_is_contended(h->mm);
		if (h->queued_for)
			break;
		schedule_timeout_idle(1);
	}
	mmap_write_unlock(h->mm);
	return 0;
}

/* From here on the test must not end before release_lock(). */
static struct lock_holder *begin_holding(struct kunit *test, unsigned long addr)
{
	struct lock_holder *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	h->mm = current->mm;
	h->addr = addr;
	init_completion(&h->held);
	init_completion(&h->release);
	h->task = kthread_create(hold_lock, h, "damon-test-lock");
	if (IS_ERR(h->task))
		kunit_skip(test, "no thread to be had");
	get_task_struct(h->task);
	wake_up_process(h->task);
	wait_for_completion(&h->held);
	return h;
}

static void release_lock(struct kunit *test, struct lock_holder *h)
{
	complete(&h->release);
	kthread_stop_put(h->task);
	KUNIT_EXPECT_FALSE(test, h->queued_for);
}

static struct damos_space impatient_space(void)
{
	return (struct damos_space){ .mm = current->mm, .pid = task_pid(current) };
}

/* Nothing is done, and nothing counts, but nobody waits in vain for long. */
static void stuck_gives_up_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 4), end = addr + 4 * PAGE_SIZE, passed = 0;
	struct damos *counter = new_scheme(test, DAMOS_STAT);
	struct damos *pageout = new_scheme(test, DAMOS_PAGEOUT);
	struct damon_addr_range range = { addr, end };
	struct part part = { addr, end };
	struct damos_space space;
	struct lock_holder *h;

	touch_pages(test, addr, 4);
	h = begin_holding(test, addr);

	space = impatient_space();
	KUNIT_EXPECT_EQ(test, advise(&space, addr, end, DAMOS_COLD), 0);
	KUNIT_EXPECT_TRUE(test, space.missed);
	space = impatient_space();
	KUNIT_EXPECT_EQ(test, advise_part(&space, &part, DAMOS_WILLNEED), 0);
	KUNIT_EXPECT_TRUE(test, space.missed);
	space = impatient_space();
	KUNIT_EXPECT_EQ(test, advise_part(&space, &part, DAMOS_HUGEPAGE), 0);
	KUNIT_EXPECT_TRUE(test, space.missed);
	space = impatient_space();
	KUNIT_EXPECT_EQ(test, advise_part(&space, &part, DAMOS_PAGEOUT), 0);
	KUNIT_EXPECT_TRUE(test, space.missed);
	space = impatient_space();
	KUNIT_EXPECT_EQ(test, apply(&space, counter, &range, &passed), 0);
	KUNIT_EXPECT_TRUE(test, space.missed);
	space = impatient_space();
	KUNIT_EXPECT_EQ(test, apply(&space, pageout, &range, &passed), 0);
	KUNIT_EXPECT_TRUE(test, space.missed);
	KUNIT_EXPECT_EQ(test, passed, 0);

	release_lock(test, h);
	space = impatient_space();
	space.patience_ns = U64_MAX;
	KUNIT_EXPECT_EQ(test, advise(&space, addr, end, DAMOS_COLD), 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, apply(&space, counter, &range, &passed), 0);
	KUNIT_EXPECT_EQ(test, passed, 4 * PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, space.missed);
}

struct stuck_adviser {
	struct damos_space space;
	struct part part;
	struct completion begun;
	unsigned long advised;
};

static int advise_when_stuck(void *data)
{
	struct stuck_adviser *a = data;

	complete(&a->begun);
	a->advised = advise_part(&a->space, &a->part, DAMOS_WILLNEED);
	/* if that came early, the end of it is waited for all the same */
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

/* However patient it is, a kdamond ends when it is told to. */
static void stuck_stops_test(struct kunit *test)
{
	unsigned long addr = map_memory(test, 4);
	struct stuck_adviser *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct task_struct *task;
	struct lock_holder *h;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->space = own_space();
	a->part = (struct part){ addr, addr + 4 * PAGE_SIZE };
	init_completion(&a->begun);
	h = begin_holding(test, addr);
	task = kthread_run(advise_when_stuck, a, "damon-test-stuck");
	if (!IS_ERR(task)) {
		wait_for_completion(&a->begun);
		kthread_stop(task);
		KUNIT_EXPECT_EQ(test, a->advised, 0);
		KUNIT_EXPECT_TRUE(test, a->space.missed);
	}
	release_lock(test, h);
}

/* One region of a target has waited for all that are applied to in a turn. */
static void stuck_once_test(struct kunit *test)
{
	struct damon_target t = {};
	struct damon_ctx *ctx = damon_new_ctx();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->now = 5;
	KUNIT_EXPECT_GT(test, patience_of(ctx, &t), 0);
	t.lock_missed_ns = 6;
	KUNIT_EXPECT_EQ(test, patience_of(ctx, &t), 0);
	ctx->now = 7;
	KUNIT_EXPECT_GT(test, patience_of(ctx, &t), 0);
	damon_destroy_ctx(ctx);
}
