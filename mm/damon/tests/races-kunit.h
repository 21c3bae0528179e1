/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Suite "damon-races": eight tasks start, use and end the same four contexts, each
 * as it likes, without a break.  A case ends after damon.race_cycles cycles, which
 * are lives of a kdamond where these are all that happens, and requests elsewhere,
 * or after damon.race_seconds.  The defaults are for every day.
 *
 * Intervals are as long as a case allows: a kdamond that samples takes CPU time
 * from those who race.
 *
 * Every request has to return, with a result that is allowed, and has to have
 * been carried out exactly if it says so.
 */
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"damon."

#define NR_RACERS	8
#define NR_ARENAS	4
#define ARENA_SZ	3000UL

static unsigned int race_cycles = 1000;
module_param(race_cycles, uint, 0600);
static unsigned int race_seconds = 60;
module_param(race_seconds, uint, 0600);

/* What racers count. */
enum race_count {
	RACE_STARTED,
	RACE_ENDED,		/* a racer has ended it, or told it to */
	RACE_TOO_LATE,		/* it had ended already, or run */
	RACE_DONE,		/* requests, by their results */
	RACE_CANCELED,
	RACE_BUSY,
	RACE_QUEUED,		/* repeated calls, not waited for */
	RACE_CARRIED_OUT,	/* what the kdamonds know of */
	RACE_WRONG,
	NR_RACE_COUNTS,
};

/* A context and what belongs to it. */
struct arena {
	struct damon_ctx *ctx;
	struct mutex setup;	/* whoever prepares and starts it */
	struct pid *pid;	/* of its targets */
};

struct race;

struct racer {
	struct race *race;
	struct rnd_state rnd;
	struct damon_ctx *srcs[NR_ARENAS];	/* what it commits to each */
};

struct race {
	struct arena arenas[NR_ARENAS];
	struct racer racers[NR_RACERS];
	void (*start)(struct racer *r, struct arena *a);
	void (*end)(struct racer *r, struct arena *a);
	void (*request)(struct racer *r, struct arena *a);	/* or none */
	unsigned int pace;	/* steps of which one ends a context */
	bool lives_count;	/* cycles are those */
	ktime_t end_by;
	atomic_t counts[NR_RACE_COUNTS];
	atomic_t nr_steps;
	atomic_t nr_racing;
	int wrong;		/* one of the wrong results */
	bool over;
	struct completion done;
};

static void tally(struct race *race, enum race_count count)
{
	atomic_inc(&race->counts[count]);
}

static int tallied(struct race *race, enum race_count count)
{
	return atomic_read(&race->counts[count]);
}

/* A result, and what these two mean for the request at hand. */
static void note_result(struct racer *r, int ret, enum race_count good, int error,
			enum race_count bad)
{
	if (!ret) {
		tally(r->race, good);
	} else if (ret == error) {
		tally(r->race, bad);
	} else {
		WRITE_ONCE(r->race->wrong, ret);
		tally(r->race, RACE_WRONG);
	}
}

static unsigned int draw(struct racer *r, unsigned int nr)
{
	return prandom_u32_state(&r->rnd) % nr;
}

/* the operations set: processes that exit when they are told to */

static struct pid *exited[NR_ARENAS];

static bool process_lives(struct damon_target *t)
{
	unsigned int i;

	for (i = 0; i < NR_ARENAS; i++)
		if (READ_ONCE(exited[i]) == t->pid)
			return false;
	return true;
}

static void forget_process(struct damon_target *t)
{
	put_pid(t->pid);
	t->pid = NULL;
}

static unsigned long act_on_all(struct damon_ctx *ctx, struct damon_target *t,
				struct damon_region *r, struct damos *s,
				unsigned long *sz_filter_passed)
{
	return damon_sz_region(r);
}

static const struct damon_operations race_ops = {
	.id = DAMON_OPS_FVADDR,
	.apply_scheme = act_on_all,
	.target_valid = process_lives,
	.cleanup_target = forget_process,
};

/* what racers do */

static struct damon_target *new_process(struct pid *pid)
{
	struct damon_addr_range range = { 0, ARENA_SZ };
	struct damon_target *t = damon_new_target();

	if (t && damon_set_regions(t, &range, 1, 1)) {
		damon_free_target(t);
		return NULL;
	}
	if (t)
		t->pid = get_pid(pid);
	return t;
}

/* Only who finds it stopped may prepare it. */
static void start_prepared(struct racer *r, struct arena *a)
{
	struct damon_target *t;

	guard(mutex)(&a->setup);
	if (damon_is_running(a->ctx)) {
		tally(r->race, RACE_TOO_LATE);
		return;
	}
	WRITE_ONCE(exited[a - r->race->arenas], NULL);
	t = new_process(a->pid);
	if (t)
		damon_add_target(a->ctx, t);
	note_result(r, damon_start(&a->ctx, 1, false), RACE_STARTED, -EBUSY,
		    RACE_WRONG);
}

static struct arena *next_arena(struct race *race, struct arena *a)
{
	return &race->arenas[(a - race->arenas + 1) % NR_ARENAS];
}

/* It needs no targets.  Two at once, or only one, and sometimes exclusively. */
static void start_as_it_is(struct racer *r, struct arena *a)
{
	struct damon_ctx *both[] = { a->ctx, NULL };
	unsigned int dice = draw(r, 8);
	int nr = 1, ret;

	if (dice < 2) {
		both[1] = next_arena(r->race, a)->ctx;
		nr = 2;
	}
	ret = damon_start(both, nr, dice == 7);
	note_result(r, ret, RACE_STARTED, -EBUSY, RACE_TOO_LATE);
	if (!ret && nr == 2)
		tally(r->race, RACE_STARTED);
}

static void stop_it(struct racer *r, struct arena *a)
{
	note_result(r, damon_stop(&a->ctx, 1), RACE_ENDED, -EPERM,
		    RACE_TOO_LATE);
}

/* All targets exit.  Every other time somebody stops it, too. */
static void let_exit(struct racer *r, struct arena *a)
{
	WRITE_ONCE(exited[a - r->race->arenas], a->pid);
	if (draw(r, 2))
		stop_it(r, a);
	else
		tally(r->race, RACE_ENDED);
}

static int carry_out(void *data)
{
	tally(data, RACE_CARRIED_OUT);
	return 0;
}

/* Freed by the kdamond, if it takes it. */
static void call_repeatedly(struct racer *r, struct arena *a)
{
	struct damon_call_control *control = kzalloc_obj(*control);
	int ret;

	if (!control)
		return;
	control->fn = do_nothing;
	control->repeat = true;
	control->dealloc_on_cancel = true;
	ret = damon_call(a->ctx, control);
	if (ret)
		kfree(control);
	note_result(r, ret, RACE_QUEUED, -ECANCELED, RACE_CANCELED);
}

static void call_it(struct racer *r, struct arena *a)
{
	struct damon_call_control control = { .fn = carry_out, .data = r->race };

	if (!draw(r, 8)) {
		call_repeatedly(r, a);
		return;
	}
	note_result(r, damon_call(a->ctx, &control), RACE_DONE, -ECANCELED,
		    RACE_CANCELED);
}

static void sum_up(void *data, struct damon_ctx *ctx, struct damon_target *t,
		   struct damon_region *r, struct damos *s,
		   unsigned long sz_filter_passed)
{
	*(unsigned long *)data += damon_sz_region(r);
}

/* Each scheme sees everything, once. */
static void walk_it(struct racer *r, struct arena *a)
{
	unsigned long sz = 0;
	struct damos_walk_control control = { .walk_fn = sum_up, .data = &sz };
	int ret = damos_walk(a->ctx, &control);

	if (ret == -EBUSY) {
		tally(r->race, RACE_BUSY);
		return;
	}
	note_result(r, ret, RACE_DONE, -ECANCELED, RACE_CANCELED);
	if (!ret && sz == 2 * ARENA_SZ)
		tally(r->race, RACE_CARRIED_OUT);
}

struct race_commit {
	struct race *race;
	struct damon_ctx *dst;
	struct damon_ctx *src;
};

static int commit_own(void *data)
{
	struct race_commit *commit = data;
	int ret = damon_commit_ctx(commit->dst, commit->src);

	if (!ret && count_schemes(commit->dst) == count_schemes(commit->src) &&
	    damon_attrs_equal(&commit->dst->attrs, &commit->src->attrs))
		tally(commit->race, RACE_CARRIED_OUT);
	return ret;
}

static void commit_it(struct racer *r, struct arena *a)
{
	struct race_commit commit = {
		.race = r->race,
		.dst = a->ctx,
		.src = r->srcs[a - r->race->arenas],
	};
	struct damon_call_control control = { .fn = commit_own, .data = &commit };
	int ret = damon_call(a->ctx, &control);

	note_result(r, ret ?: control.return_code, RACE_DONE, -ECANCELED,
		    RACE_CANCELED);
}

static int nr_cycles(struct race *race)
{
	if (race->lives_count)
		return tallied(race, RACE_STARTED);
	return tallied(race, RACE_DONE) + tallied(race, RACE_CANCELED) +
		tallied(race, RACE_BUSY) + tallied(race, RACE_QUEUED);
}

static bool race_goes_on(struct race *race)
{
	return !READ_ONCE(race->over) &&
		nr_cycles(race) < READ_ONCE(race_cycles) &&
		ktime_before(ktime_get(), race->end_by);
}

/* Those that they wake, and wait for, come first. */
static int run_racer(void *data)
{
	struct racer *r = data;
	struct race *race = r->race;

	set_user_nice(current, MAX_NICE);
	while (race_goes_on(race)) {
		struct arena *a = &race->arenas[draw(r, NR_ARENAS)];
		unsigned int dice = draw(r, race->pace);

		if (!dice)
			race->end(r, a);
		else if (dice <= race->pace / 4 || !race->request)
			race->start(r, a);
		else
			race->request(r, a);
		atomic_inc(&race->nr_steps);
		cond_resched();
	}
	if (atomic_dec_and_test(&race->nr_racing))
		complete(&race->done);
	return 0;
}

/* making and judging */

static struct damon_ctx *new_race_ctx(struct kunit *test)
{
	struct damon_ctx *ctx = new_ctx(test);

	ctx->ops = race_ops;
	change_attrs(test, ctx, 10000, 10000);
	return ctx;
}

/* Left alone if somebody is stuck in it. */
static struct race *new_race(struct kunit *test)
{
	struct race *race = kzalloc_obj(*race);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, race);
	init_completion(&race->done);
	memset(exited, 0, sizeof(exited));
	for (i = 0; i < NR_ARENAS; i++) {
		struct arena *a = &race->arenas[i];

		mutex_init(&a->setup);
		a->pid = new_pid(test);
		a->ctx = new_race_ctx(test);
	}
	for (i = 0; i < NR_RACERS; i++) {
		race->racers[i].race = race;
		prandom_seed_state(&race->racers[i].rnd, i + 1);
	}
	return race;
}

static void await_end(struct kunit *test, struct race *race)
{
	int before;

	do {
		before = atomic_read(&race->nr_steps);
		if (wait_for_completion_timeout(&race->done,
						msecs_to_jiffies(PATIENCE_MS)))
			return;
	} while (atomic_read(&race->nr_steps) != before);
	KUNIT_FAIL_AND_ABORT(test, "%d tasks are stuck",
			     atomic_read(&race->nr_racing));
}

static void run_race(struct kunit *test, struct race *race)
{
	ktime_t begin = ktime_get();
	unsigned int i;

	race->end_by = ktime_add_ms(begin, race_seconds * MSEC_PER_SEC);
	atomic_set(&race->nr_racing, NR_RACERS);
	for (i = 0; i < NR_RACERS; i++) {
		struct task_struct *task;

		task = kthread_run(run_racer, &race->racers[i], "racer.%u", i);
		if (!IS_ERR(task))
			continue;
		KUNIT_FAIL(test, "no task");
		WRITE_ONCE(race->over, true);
		if (atomic_sub_and_test(NR_RACERS - i, &race->nr_racing))
			complete(&race->done);
		break;
	}
	await_end(test, race);
	kunit_info(test, "%d cycles in %lld ms: %d steps, %d lives, %d requests done, %d canceled, %d busy, %d queued\n",
		   nr_cycles(race), ktime_ms_delta(ktime_get(), begin),
		   atomic_read(&race->nr_steps), tallied(race, RACE_STARTED),
		   tallied(race, RACE_DONE), tallied(race, RACE_CANCELED),
		   tallied(race, RACE_BUSY), tallied(race, RACE_QUEUED));
}

/* Nothing wrong, nothing lost, and it was a race. */
static void judge_race(struct kunit *test, struct race *race)
{
	unsigned int i;

	for (i = 0; i < NR_ARENAS; i++)
		if (!stop(test, race->arenas[i].ctx))
			tally(race, RACE_ENDED);
	KUNIT_EXPECT_EQ_MSG(test, tallied(race, RACE_WRONG), 0, "such as %d",
			    race->wrong);
	KUNIT_EXPECT_EQ(test, tallied(race, RACE_DONE),
			tallied(race, RACE_CARRIED_OUT));
	KUNIT_EXPECT_GT(test, tallied(race, RACE_TOO_LATE), 0);
	if (race->request)
		KUNIT_EXPECT_GT(test, tallied(race, RACE_DONE), 0);
	for (i = 0; i < NR_ARENAS; i++) {
		struct damon_ctx *ctx = race->arenas[i].ctx;

		KUNIT_EXPECT_TRUE(test, ctx->closed);
		KUNIT_EXPECT_TRUE(test, list_empty(&ctx->calls));
		KUNIT_EXPECT_NULL(test, ctx->walk);
		KUNIT_EXPECT_FALSE(test, ctx->maybe_corrupted);
		KUNIT_EXPECT_TRUE(test, damon_targets_empty(ctx));
	}
}

/* No thread that was started goes without being stopped, and only once. */
static void race_start_stop(struct kunit *test)
{
	struct race *race;
	unsigned int i;

	needs_nobody_else(test);
	race = new_race(test);
	for (i = 0; i < NR_ARENAS; i++) {
		race->arenas[i].ctx->ops.target_valid = NULL;
		change_attrs(test, race->arenas[i].ctx, 100000, 100000);
	}
	race->pace = 2;
	race->lives_count = true;
	race->start = start_as_it_is;
	race->end = stop_it;
	run_race(test, race);
	judge_race(test, race);
	KUNIT_EXPECT_EQ(test, tallied(race, RACE_STARTED),
			tallied(race, RACE_ENDED));
	kfree(race);
}

static void race_call_stop(struct kunit *test)
{
	struct race *race = new_race(test);

	race->pace = 8;
	race->start = start_prepared;
	race->end = stop_it;
	race->request = call_it;
	run_race(test, race);
	judge_race(test, race);
	KUNIT_EXPECT_EQ(test, tallied(race, RACE_STARTED),
			tallied(race, RACE_ENDED));
	KUNIT_EXPECT_GT(test, tallied(race, RACE_CANCELED), 0);
	KUNIT_EXPECT_GT(test, tallied(race, RACE_QUEUED), 0);
	kfree(race);
}

static void race_walk_stop(struct kunit *test)
{
	struct race *race = new_race(test);
	unsigned int i;

	for (i = 0; i < 2 * NR_ARENAS; i++) {
		change_attrs(test, race->arenas[i / 2].ctx, 2000, 2000);
		add_scheme(test, race->arenas[i / 2].ctx, DAMOS_STAT);
	}
	race->pace = 12;
	race->start = start_prepared;
	race->end = stop_it;
	race->request = walk_it;
	run_race(test, race);
	judge_race(test, race);
	KUNIT_EXPECT_EQ(test, tallied(race, RACE_STARTED),
			tallied(race, RACE_ENDED));
	KUNIT_EXPECT_GT(test, tallied(race, RACE_CANCELED), 0);
	KUNIT_EXPECT_GT(test, tallied(race, RACE_BUSY), 0);
	kfree(race);
}

/* Each racer's sources are others. */
static struct damon_ctx *new_race_src(struct kunit *test, struct pid *pid,
				      unsigned int nth)
{
	struct damon_ctx *src = new_race_ctx(test);
	unsigned int i;

	change_attrs(test, src, 10000 + nth, 20000 + nth);
	for (i = 0; i <= nth % 3; i++) {
		struct damon_target *t = new_process(pid);

		KUNIT_ASSERT_NOT_NULL(test, t);
		damon_add_target(src, t);
		damon_add_scheme(src, full_scheme(test, DAMOS_STAT, nth + 1));
	}
	return src;
}

static void race_commit_exit(struct kunit *test)
{
	struct race *race = new_race(test);
	unsigned int i, refs[NR_ARENAS];

	for (i = 0; i < NR_ARENAS; i++) {
		struct arena *a = &race->arenas[i];
		unsigned int j;

		for (j = 0; j < NR_RACERS; j++)
			race->racers[j].srcs[i] = new_race_src(test, a->pid, j);
		refs[i] = pid_refs(a->pid);
	}
	race->pace = 8;
	race->start = start_prepared;
	race->end = let_exit;
	race->request = commit_it;
	run_race(test, race);
	judge_race(test, race);
	KUNIT_EXPECT_GT(test, tallied(race, RACE_CANCELED), 0);
	for (i = 0; i < NR_ARENAS; i++)
		KUNIT_EXPECT_EQ(test, pid_refs(race->arenas[i].pid), refs[i]);
	kfree(race);
}

static struct kunit_case damon_race_cases[] = {
	KUNIT_CASE_SLOW(race_start_stop),
	KUNIT_CASE_SLOW(race_call_stop),
	KUNIT_CASE_SLOW(race_walk_stop),
	KUNIT_CASE_SLOW(race_commit_exit),
	{}
};

static struct kunit_suite damon_race_suite = {
	.name = "damon-races",
	.init = fake_setup,
	.test_cases = damon_race_cases,
};
