/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about those who wait for a kdamond and are killed meanwhile: they go at
 * once, leave nothing behind that the kdamond could stumble over, and it goes on.
 */
#include <linux/sched/signal.h>

static int run_mortal(void *data)
{
	struct job *job = data;

	allow_signal(SIGKILL);
	job->ret = job->run(job);
	complete_all(&job->done);
	return 0;
}

static void put_mortal(void *data)
{
	put_task_struct(data);
}

/* Like begin(), in a thread that can be killed. */
static struct task_struct *begin_mortal(struct kunit *test, struct job *job)
{
	struct task_struct *task;

	init_completion(&job->done);
	INIT_WORK(&job->work, do_job);
	task = kthread_create(run_mortal, job, "damon-kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_mortal, task));
	wake_up_process(task);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, free_job, job));
	return task;
}

static struct job *new_call_job(struct kunit *test, struct damon_ctx *ctx,
				int (*fn)(void *data), struct call_log *log)
{
	struct job *job = new_job(test, ctx, run_call);

	job->call.fn = fn;
	job->call.data = log;
	return job;
}

static struct job *new_walk_job(struct kunit *test, struct damon_ctx *ctx,
				struct walk_log *log)
{
	struct job *job = new_job(test, ctx, run_walk);

	job->walk.walk_fn = note_walk;
	job->walk.data = log;
	return job;
}

/* The kdamond is busy with another call, and has not even seen this one. */
static void killed_in_queue(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *busy = new_call_log(test, ctx);
	struct call_log *log = new_call_log(test, ctx);
	struct task_struct *task;
	struct job *first, *job;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	first = begin_call(test, ctx, wait_in_call, busy);
	wait_until(test, completion_done(&busy->begun));
	job = new_call_job(test, ctx, note_call, log);
	task = begin_mortal(test, job);
	wait_until(test, nr_queued(ctx) == 1);
	KUNIT_ASSERT_EQ(test, send_sig(SIGKILL, task, 1), 0);
	KUNIT_EXPECT_EQ(test, finish(test, job), -EINTR);
	KUNIT_EXPECT_EQ(test, nr_queued(ctx), 0);
	/* that was while the kdamond could not help */
	KUNIT_EXPECT_FALSE(test, completion_done(&first->done));

	complete(&busy->go_on);
	KUNIT_EXPECT_EQ(test, finish(test, first), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->nr), 0);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
}

/* The kdamond has fetched the call, and has another one to run before. */
static void killed_next_in_turn(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *busy[2], *log = new_call_log(test, ctx);
	struct job *jobs[2], *job;
	struct task_struct *task;
	unsigned int i;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	for (i = 0; i < 2; i++) {
		busy[i] = new_call_log(test, ctx);
		jobs[i] = begin_call(test, ctx, wait_in_call, busy[i]);
		wait_until(test, i ? nr_queued(ctx) == 1 :
			   completion_done(&busy[0]->begun));
	}
	job = new_call_job(test, ctx, note_call, log);
	task = begin_mortal(test, job);
	wait_until(test, nr_queued(ctx) == 2);
	complete(&busy[0]->go_on);
	wait_until(test, completion_done(&busy[1]->begun));
	KUNIT_ASSERT_EQ(test, nr_queued(ctx), 0);
	KUNIT_ASSERT_EQ(test, send_sig(SIGKILL, task, 1), 0);
	KUNIT_EXPECT_EQ(test, finish(test, job), -EINTR);

	complete(&busy[1]->go_on);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, finish(test, jobs[i]), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->nr), 0);
}

/* What the function works with must not go before it has ended. */
static void killed_in_call(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	struct job *job = new_call_job(test, ctx, wait_in_call, log);
	struct task_struct *task;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	task = begin_mortal(test, job);
	wait_until(test, completion_done(&log->begun));
	KUNIT_ASSERT_EQ(test, send_sig(SIGKILL, task, 1), 0);
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&job->done,
							     msecs_to_jiffies(50)));
	complete(&log->go_on);
	/* it did run */
	KUNIT_EXPECT_EQ(test, finish(test, job), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
}

/* Nothing of a walk that was given up is missing in the next one. */
static void killed_in_walk(struct kunit *test)
{
	struct damon_ctx *ctx = start_slow_walks(test);
	struct walk_log *log = new_walk_log(test, ctx), *next;
	struct job *job = new_walk_job(test, ctx, log);
	struct task_struct *task = begin_mortal(test, job);

	wait_until(test, READ_ONCE(log->sz[0]) >= 3000);
	KUNIT_ASSERT_EQ(test, send_sig(SIGKILL, task, 1), 0);
	KUNIT_EXPECT_EQ(test, finish(test, job), -EINTR);
	KUNIT_EXPECT_FALSE(test, walk_installed(ctx));
	KUNIT_EXPECT_EQ(test, log->sz[1], 0);

	KUNIT_EXPECT_EQ(test, call(test, ctx, make_slow_fast, ctx), 0);
	next = new_walk_log(test, ctx);
	KUNIT_EXPECT_EQ(test, finish(test, begin_walk(test, ctx, next)), 0);
	KUNIT_EXPECT_EQ(test, next->sz[0], 3000);
	KUNIT_EXPECT_EQ(test, next->sz[1], 3000);
	KUNIT_EXPECT_EQ(test, log->sz[0], 3000);
}

/* Who waits for the next pass does not keep the system from suspending. */
static void walk_can_be_frozen(struct kunit *test)
{
	struct damon_ctx *ctx = start_slow_walks(test);
	struct walk_log *log = new_walk_log(test, ctx);
	struct job *job = new_walk_job(test, ctx, log);
	struct task_struct *task = begin_mortal(test, job);

	wait_until(test, READ_ONCE(log->sz[0]) >= 3000);
	wait_until(test, READ_ONCE(task->__state) & TASK_UNINTERRUPTIBLE);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(task->__state) & TASK_FREEZABLE);
	KUNIT_ASSERT_EQ(test, send_sig(SIGKILL, task, 1), 0);
	KUNIT_EXPECT_EQ(test, finish(test, job), -EINTR);
}

static void wait_in_walk(void *data, struct damon_ctx *ctx,
			 struct damon_target *t, struct damon_region *r,
			 struct damos *s, unsigned long sz_filter_passed)
{
	struct call_log *log = data;

	atomic_inc(&log->nr);
	wait_in_call(log);
}

/*
 * One region is being shown when the walk is given up, and all others are left in
 * that pass.  A walk that comes in the middle of it sees complete ones only.
 */
static void killed_in_pass(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	struct job *job = new_job(test, ctx, run_walk), *next;
	struct walk_log *seen = new_walk_log(test, ctx);
	struct task_struct *task;

	add_scheme(test, ctx, DAMOS_STAT);
	add_regions(test, ctx, 30, 100);
	job->walk.walk_fn = wait_in_walk;
	job->walk.data = log;
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	task = begin_mortal(test, job);
	wait_until(test, completion_done(&log->begun));
	KUNIT_ASSERT_EQ(test, send_sig(SIGKILL, task, 1), 0);
	wait_until(test, READ_ONCE(job->walk.given_up));
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&job->done,
							     msecs_to_jiffies(50)));
	complete_all(&log->go_on);
	KUNIT_EXPECT_EQ(test, finish(test, job), -EINTR);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->nr), 1);

	next = begin_walk(test, ctx, seen);
	KUNIT_EXPECT_EQ(test, finish(test, next), 0);
	KUNIT_EXPECT_EQ(test, seen->sz[0], 3000);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->nr), 1);
}

/* Somebody is killed at any moment; what is accepted is run, or not begun with. */
static void killed_at_any_time(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct call_log *log = new_call_log(test, ctx);
	unsigned int i, nr_done = 0, nr_walks = 0;

	add_scheme(test, ctx, DAMOS_STAT);
	add_space(test, ctx, 0, 3000);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	for (i = 0; i < 200; i++) {
		struct walk_log *seen = new_walk_log(test, ctx);
		struct job *caller = new_call_job(test, ctx, note_call, log);
		struct job *walker = new_walk_job(test, ctx, seen);
		struct task_struct *tasks[2];
		int ret;

		tasks[0] = begin_mortal(test, caller);
		tasks[1] = begin_mortal(test, walker);
		fsleep(i * 60);
		send_sig(SIGKILL, tasks[0], 1);
		send_sig(SIGKILL, tasks[1], 1);
		ret = finish(test, caller);
		KUNIT_ASSERT_TRUE(test, !ret || ret == -EINTR);
		nr_done += !ret;
		ret = finish(test, walker);
		KUNIT_ASSERT_TRUE(test, !ret || ret == -EINTR);
		KUNIT_ASSERT_TRUE(test, ret || seen->sz[0] == 3000);
		nr_walks += !ret;
		KUNIT_ASSERT_EQ(test, atomic_read(&log->nr), nr_done);
		KUNIT_ASSERT_FALSE(test, walk_installed(ctx));
	}
	kunit_info(test, "%u calls and %u walks were done", nr_done, nr_walks);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
}
