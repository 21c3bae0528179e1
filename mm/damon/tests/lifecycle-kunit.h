/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about the life of contexts and their kdamonds: starting, stopping, who
 * may run beside whom, and ending by oneself.
 */

static void ctx_defaults(struct kunit *test)
{
	struct damon_ctx *ctx = damon_new_ctx();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_EXPECT_EQ(test, ctx->attrs.sample_interval, 5000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.aggr_interval, 100000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.ops_update_interval, 60000000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.min_nr_regions, 10);
	KUNIT_EXPECT_EQ(test, ctx->attrs.max_nr_regions, 1000);
	KUNIT_EXPECT_EQ(test, ctx->attrs.intervals_goal.aggrs, 0);
	KUNIT_EXPECT_EQ(test, ctx->addr_unit, 1);
	KUNIT_EXPECT_EQ(test, ctx->min_region_sz, DAMON_MIN_REGION_SZ);
	KUNIT_EXPECT_FALSE(test, ctx->pause);
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->schemes));
	KUNIT_EXPECT_FALSE(test, damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, damon_kdamond_pid(ctx), -EINVAL);
	damon_destroy_ctx(ctx);
}

static struct task_struct *find_kdamond(struct damon_ctx *ctx)
{
	struct pid *pid = find_get_pid(damon_kdamond_pid(ctx));
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);

	put_pid(pid);
	return task;
}

static void start_and_stop(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct task_struct *task;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before + 1);
	KUNIT_EXPECT_GT(test, damon_kdamond_pid(ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 1);

	task = find_kdamond(ctx);
	KUNIT_ASSERT_NOT_NULL(test, task);
	KUNIT_EXPECT_EQ(test, strncmp(task->comm, "kdamond.", 8), 0);
	KUNIT_EXPECT_PTR_EQ(test, kthread_data(task), (void *)ctx);
	put_task_struct(task);

	wait_until(test, atomic_read(&fake.nr_checks) > 3);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_FALSE(test, damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before);
	KUNIT_EXPECT_EQ(test, damon_kdamond_pid(ctx), -EINVAL);
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_cleanups), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 1);
	KUNIT_EXPECT_FALSE(test, fake.prepared_before_init);
}

static void start_running(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	int pid;

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	pid = damon_kdamond_pid(ctx);
	KUNIT_EXPECT_EQ(test, start(test, ctx), -EBUSY);
	KUNIT_EXPECT_EQ(test, damon_kdamond_pid(ctx), pid);
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before + 1);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
}

static void stop_stopped(struct kunit *test)
{
	struct damon_ctx *ctxs[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ctxs[i] = new_ctx(test);
		add_space(test, ctxs[i], 0, 300);
	}
	KUNIT_EXPECT_EQ(test, damon_stop(ctxs, 1), -EPERM);
	KUNIT_ASSERT_EQ(test, damon_start(&ctxs[0], 1, false), 0);
	KUNIT_ASSERT_EQ(test, damon_start(&ctxs[2], 1, false), 0);
	/* the one in the middle does not run, and keeps none from stopping */
	KUNIT_EXPECT_EQ(test, damon_stop(ctxs, 3), -EPERM);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, damon_is_running(ctxs[i]));
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before);
}

static void start_several(struct kunit *test)
{
	struct damon_ctx *ctxs[8];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		ctxs[i] = new_ctx(test);
		add_space(test, ctxs[i], 0, 300);
	}
	KUNIT_ASSERT_EQ(test, damon_start(ctxs, 8, false), 0);
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before + 8);
	for (i = 0; i < 8; i++) {
		KUNIT_EXPECT_TRUE(test, damon_is_running(ctxs[i]));
		KUNIT_EXPECT_EQ(test, call(test, ctxs[i], do_nothing, NULL), 0);
	}
	KUNIT_EXPECT_EQ(test, damon_stop(&ctxs[2], 3), 0);
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before + 5);
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctxs[1]));
	KUNIT_EXPECT_FALSE(test, damon_is_running(ctxs[2]));
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctxs[5]));
}

static void exclusive_keeps_others_out(struct kunit *test)
{
	struct damon_ctx *own[] = { new_ctx(test), new_ctx(test) };
	struct damon_ctx *other = new_ctx(test);

	needs_nobody_else(test);
	add_space(test, own[0], 0, 300);
	add_space(test, own[1], 0, 300);
	add_space(test, other, 0, 300);

	KUNIT_ASSERT_EQ(test, damon_start(own, 2, true), 0);
	KUNIT_EXPECT_TRUE(test, damon_is_running(own[0]));
	KUNIT_EXPECT_TRUE(test, damon_is_running(own[1]));
	KUNIT_EXPECT_EQ(test, damon_start(&other, 1, false), -EBUSY);
	KUNIT_EXPECT_EQ(test, damon_start(&other, 1, true), -EBUSY);
	KUNIT_EXPECT_FALSE(test, damon_is_running(other));

	/* for as long as one of them runs */
	KUNIT_EXPECT_EQ(test, damon_stop(own, 1), 0);
	KUNIT_EXPECT_EQ(test, damon_start(&other, 1, false), -EBUSY);
	KUNIT_EXPECT_EQ(test, damon_stop(&own[1], 1), 0);
	KUNIT_EXPECT_EQ(test, damon_start(&other, 1, false), 0);
}

static void exclusive_waits_for_others(struct kunit *test)
{
	struct damon_ctx *own = new_ctx(test), *other = new_ctx(test);

	needs_nobody_else(test);
	add_space(test, own, 0, 300);
	add_space(test, other, 0, 300);
	KUNIT_ASSERT_EQ(test, damon_start(&other, 1, false), 0);
	KUNIT_EXPECT_EQ(test, damon_start(&own, 1, true), -EBUSY);
	KUNIT_EXPECT_FALSE(test, damon_is_running(own));
	KUNIT_EXPECT_EQ(test, damon_stop(&other, 1), 0);
	KUNIT_EXPECT_EQ(test, damon_start(&own, 1, true), 0);
}

/* Who ends alone releases the exclusive right, too. */
static void exclusive_ends_by_itself(struct kunit *test)
{
	struct damon_ctx *own = new_ctx(test), *other = new_ctx(test);

	needs_nobody_else(test);
	add_space(test, other, 0, 300);
	/* no target at all: it ends at once */
	KUNIT_ASSERT_EQ(test, damon_start(&own, 1, true), 0);
	wait_until(test, !damon_is_running(own));
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), 0);
	KUNIT_EXPECT_EQ(test, damon_start(&other, 1, false), 0);
	KUNIT_EXPECT_EQ(test, damon_stop(&other, 1), 0);

	add_space(test, own, 0, 300);
	KUNIT_EXPECT_EQ(test, damon_start(&own, 1, true), 0);
}

static void start_all_or_none(struct kunit *test)
{
	struct damon_ctx *busy = new_ctx(test), *a = new_ctx(test);
	struct damon_ctx *b = new_ctx(test);
	struct damon_ctx *with_busy[] = { a, b, busy }, *twice[] = { b, b };

	add_space(test, busy, 0, 300);
	add_space(test, a, 0, 300);
	add_space(test, b, 0, 300);
	KUNIT_ASSERT_EQ(test, damon_start(&busy, 1, false), 0);

	KUNIT_EXPECT_EQ(test, damon_start(with_busy, 3, false), -EBUSY);
	KUNIT_EXPECT_FALSE(test, damon_is_running(a));
	KUNIT_EXPECT_FALSE(test, damon_is_running(b));
	KUNIT_EXPECT_TRUE(test, damon_is_running(busy));
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before + 1);

	add_space(test, b, 0, 300);
	KUNIT_EXPECT_EQ(test, damon_start(twice, 2, false), -EBUSY);
	KUNIT_EXPECT_FALSE(test, damon_is_running(b));
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before + 1);
}

/* After a failed exclusive start, nobody is kept out. */
static void start_failed_exclusive(struct kunit *test)
{
	struct damon_ctx *a = new_ctx(test), *twice[] = { a, a };
	struct damon_ctx *other = new_ctx(test);

	needs_nobody_else(test);
	add_space(test, a, 0, 300);
	add_space(test, other, 0, 300);
	KUNIT_EXPECT_EQ(test, damon_start(twice, 2, true), -EBUSY);
	KUNIT_EXPECT_FALSE(test, damon_is_running(a));
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), 0);
	KUNIT_EXPECT_EQ(test, damon_start(&other, 1, false), 0);
}

static void start_invalid(struct kunit *test)
{
	struct damon_ctx *good = new_ctx(test), *bad = new_ctx(test);
	struct damon_ctx *both[] = { good, bad };
	static const unsigned long sizes[] = { 0, 6000, 4095, 3 };
	unsigned int i;

	add_space(test, good, 0, 300);
	add_space(test, bad, 0, 300);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		bad->min_region_sz = sizes[i];
		KUNIT_EXPECT_EQ(test, damon_start(both, 2, false), -EINVAL);
	}
	bad->min_region_sz = 4096;
	bad->attrs.min_nr_regions = 2;
	KUNIT_EXPECT_EQ(test, damon_start(both, 2, false), -EINVAL);
	/* each of which takes more than a byte */
	bad->attrs.min_nr_regions = totalram_pages() * PAGE_SIZE;
	bad->attrs.max_nr_regions = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, damon_start(both, 2, false), -EINVAL);
	bad->attrs.min_nr_regions = 3;
	bad->attrs.sample_interval = bad->attrs.aggr_interval + 1;
	KUNIT_EXPECT_EQ(test, damon_start(both, 2, false), -EINVAL);
	KUNIT_EXPECT_FALSE(test, damon_is_running(good));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), 0);
	KUNIT_EXPECT_FALSE(test, damon_targets_empty(good));
}

static void restart(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	unsigned long nr_tried;
	unsigned int i;

	for (i = 1; i <= 3; i++) {
		add_space(test, ctx, 0, 300 * i);
		nr_tried = s->stat.nr_tried;
		KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
		KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_inits), i);
		wait_until(test, READ_ONCE(s->stat.nr_tried) > nr_tried);
		KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
		/* results of schemes stay */
		KUNIT_EXPECT_GT(test, s->stat.nr_tried, nr_tried);
		KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	}
}

static void ends_without_valid_target(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	add_space(test, ctx, 0, 300);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	WRITE_ONCE(fake.invalid, true);
	wait_until(test, !damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before);
	KUNIT_EXPECT_EQ(test, damon_kdamond_pid(ctx), -EINVAL);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), -EPERM);
	KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake.nr_cleanups), 2);

	WRITE_ONCE(fake.invalid, false);
	add_space(test, ctx, 0, 300);
	KUNIT_EXPECT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
}

static void runs_while_one_target_is_valid(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);
	struct damon_target *gone = add_space(test, ctx, 0, 300);
	int nr_checks;

	add_space(test, ctx, 1000, 1300);
	WRITE_ONCE(fake.invalid_target, gone);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	nr_checks = atomic_read(&fake.nr_checks);
	wait_until(test, atomic_read(&fake.nr_checks) > nr_checks + 30);
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctx));
	wait_until(test, READ_ONCE(s->stat.nr_tried));
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	/* schemes leave the target that is gone alone */
	KUNIT_ASSERT_GT(test, fake.nr_actions, 0);
	KUNIT_EXPECT_GE(test, fake.log[0].ar.start, 1000);
}

static void runs_without_targets(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	/* nobody can say that there is nothing to monitor */
	ctx->ops.target_valid = NULL;
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_checks) > 3);
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
}

static void runs_without_operations(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_PAGEOUT);

	memset(&ctx->ops, 0, sizeof(ctx->ops));
	ctx->ops.id = DAMON_OPS_PADDR;
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, READ_ONCE(s->stat.nr_snapshots) >= 2);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, s->stat.nr_applied, 0);
	KUNIT_EXPECT_EQ(test, s->stat.sz_applied, 0);
}

static void updates_in_time(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	ktime_t begin = ktime_get();

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_updates) >= 5);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	/* not more often than each 20 ms */
	KUNIT_EXPECT_LE(test, atomic_read(&fake.nr_updates),
			ktime_ms_delta(ktime_get(), begin) / 20 + 1);

	/* an interval of zero means each time */
	ctx->attrs.ops_update_interval = 0;
	atomic_set(&fake.nr_checks, 0);
	atomic_set(&fake.nr_updates, 0);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_checks) > 10);
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_GE(test, atomic_read(&fake.nr_updates) + 1,
			atomic_read(&fake.nr_checks));
}

static void zero_intervals(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	struct damos *s = add_scheme(test, ctx, DAMOS_STAT);

	change_attrs(test, ctx, 0, 0);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_checks) > 20 &&
		   READ_ONCE(s->stat.nr_snapshots) > 5);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
	KUNIT_EXPECT_EQ(test, stop(test, ctx), 0);
}

static void stops_in_long_sleep(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	ktime_t begin;

	change_attrs(test, ctx, 3600 * USEC_PER_SEC, 3600 * USEC_PER_SEC);
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	wait_until(test, atomic_read(&fake.nr_prepares));
	begin = ktime_get();
	KUNIT_ASSERT_EQ(test, stop(test, ctx), 0);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), begin), PATIENCE_MS / 2);
}

static int mark_corrupted(void *data)
{
	struct damon_ctx *ctx = data;

	ctx->maybe_corrupted = true;
	return 0;
}

static void ends_when_corrupted(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, mark_corrupted, ctx), 0);
	wait_until(test, !damon_is_running(ctx));
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), -ECANCELED);

	/* the next run is not to blame */
	add_space(test, ctx, 0, 300);
	KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
	KUNIT_EXPECT_EQ(test, call(test, ctx, do_nothing, NULL), 0);
}

/* Two who stop at the same time, again and again. */
static void stop_races_with_stop(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int i;

	for (i = 0; i < 50; i++) {
		struct job *other = new_job(test, ctx, run_stop);
		int ret, other_ret;

		add_space(test, ctx, 0, 300);
		KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
		begin(test, other);
		ret = stop(test, ctx);
		other_ret = finish(test, other);
		/* one of them did it */
		KUNIT_EXPECT_EQ(test, ret + other_ret, -EPERM);
		KUNIT_ASSERT_FALSE(test, damon_is_running(ctx));
		KUNIT_ASSERT_EQ(test, damon_nr_running_ctxs(), nr_running_before);
	}
}

/* Stopping what is just about to end by itself. */
static void stop_races_with_end(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);
	unsigned int i;
	int ret;

	for (i = 0; i < 50; i++) {
		WRITE_ONCE(fake.invalid, false);
		add_space(test, ctx, 0, 300);
		KUNIT_ASSERT_EQ(test, start(test, ctx), 0);
		WRITE_ONCE(fake.invalid, true);
		if (i % 2)
			fsleep(i * 40);
		ret = stop(test, ctx);
		KUNIT_EXPECT_TRUE(test, !ret || ret == -EPERM);
		/* not running means that it can be started again, or freed */
		KUNIT_ASSERT_FALSE(test, damon_is_running(ctx));
		KUNIT_ASSERT_EQ(test, damon_nr_running_ctxs(), nr_running_before);
		KUNIT_ASSERT_TRUE(test, damon_targets_empty(ctx));
	}
}

static void destroy_races_with_end(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 50; i++) {
		struct damon_ctx *ctx = damon_new_ctx();

		KUNIT_ASSERT_NOT_NULL(test, ctx);
		ctx->ops = fake_ops;
		/* no target: it ends at once */
		KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
		wait_until(test, !damon_is_running(ctx));
		damon_destroy_ctx(ctx);
	}
	KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), nr_running_before);
}
