// SPDX-License-Identifier: GPL-2.0
/*
 * Passes of schemes over random regions: who is served, how much, and that
 * nobody is served twice, whatever quotas and filters make of the regions.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#define NR_SCHEMES	5
#define NR_SCORES	(DAMOS_MAX_SCORE + 1)
/* Addresses are below that. */
#define SPACE		32768UL
#define WINDOW_MS	10

/* What a scheme has been applied to in a pass, and what it could have been. */
struct seen {
	unsigned char times[SPACE];
	unsigned long sz;
	unsigned long by_score[NR_SCORES];
	unsigned long eligible;
	unsigned long eligible_by_score[NR_SCORES];
};

static struct damos schemes[NR_SCHEMES];
static struct seen seen[NR_SCHEMES];
static bool served_twice;
static bool misnumbered;
static unsigned int nr_scores;
static u64 clock_ns;
static u64 action_ns;
static double ns_per_byte;
static int uneven;	/* memory is slow in front (1) or behind (2) */
static unsigned int failing_percent;
static struct rng failing;

/* what schemes.c needs and a pass does not */

u64 ktime_get_ns(void)
{
	return clock_ns;
}

void damos_measure_goals(struct damon_ctx *ctx, struct damos *s)
{
}

bool damon_begin_walk(struct damon_ctx *ctx)
{
	return false;
}

void damon_show_walk(struct damon_ctx *ctx, struct damon_target *t,
		     struct damon_region *r, struct damos *s,
		     unsigned long sz_filter_passed)
{
}

void damon_end_walk(struct damon_ctx *ctx, bool canceled)
{
}

/* the operations set */

static int score(struct damon_ctx *ctx, struct damon_region *r, struct damos *s)
{
	return r->nr_accesses % nr_scores;
}

static unsigned int score_of(struct damon_ctx *ctx, struct damon_region *r)
{
	return ctx->ops.get_scheme_score ? score(ctx, r, NULL) : 0;
}

static double slowness(unsigned long addr)
{
	bool front = addr < SPACE / 8;

	return uneven && front == (uneven == 1) ? 2 : 1;
}

static unsigned int place_of(struct damon_ctx *ctx, const struct damos *s)
{
	unsigned int place = 0;
	struct damos *iter;

	damon_for_each_scheme(iter, ctx) {
		if (iter == s)
			break;
		place++;
	}
	return place;
}

static unsigned long apply(struct damon_ctx *ctx, struct damon_target *t,
			   struct damon_region *r, struct damos *s,
			   unsigned long *sz_filter_passed)
{
	struct seen *its = &seen[s - schemes];
	unsigned long addr, sz = damon_sz_region(r);

	misnumbered |= s->index != place_of(ctx, s);
	clock_ns += action_ns + sz * ns_per_byte * slowness(r->ar.start);
	its->sz += sz;
	its->by_score[score_of(ctx, r)] += sz;
	for (addr = r->ar.start; addr < r->ar.end; addr++)
		if (its->times[addr]++)
			served_twice = true;
	return rnd_in(&failing, 0, 100) < failing_percent ? 0 : sz;
}

/* random contexts */

static void random_filter(struct rng *rng, struct damos *s)
{
	enum damos_filter_type type = rnd_true(rng, .8) ?
		DAMOS_FILTER_TYPE_ADDR : DAMOS_FILTER_TYPE_TARGET;
	struct damos_filter *f = damos_new_filter(type, rnd_true(rng, .7),
						  rnd_true(rng, .4));

	if (type == DAMOS_FILTER_TYPE_ADDR) {
		f->addr_range.start = rnd_in(rng, 0, SPACE / 2);
		f->addr_range.end = rnd_in(rng, 0, SPACE);
	} else {
		f->target_idx = rnd_in(rng, 0, 2);
	}
	damos_add_filter(s, f);
}

static void random_scheme(struct rng *rng, struct damon_ctx *ctx,
			  struct damos *s)
{
	memset(s, 0, sizeof(*s));
	s->pattern.max_sz_region = ULONG_MAX;
	s->pattern.max_nr_accesses = UINT_MAX;
	s->pattern.max_age_region = UINT_MAX;
	s->action = rnd_true(rng, .5) ? DAMOS_STAT : DAMOS_PAGEOUT;
	s->apply_interval_us = WINDOW_MS * 1000;
	s->wmarks.activated = true;
	INIT_LIST_HEAD(&s->core_filters);
	INIT_LIST_HEAD(&s->ops_filters);
	damos_quota_init(&s->quota);
	damos_quota_init(&s->look_quota);
	s->quota.reset_interval = WINDOW_MS;
	if (rnd_true(rng, .7))
		s->quota.sz = max(rnd_in(rng, 1, SPACE / 2), ctx->min_region_sz);
	if (rnd_true(rng, .3))
		s->quota.ms = WINDOW_MS;
	while (rnd_true(rng, .4))
		random_filter(rng, s);
	list_add_tail(&s->list, &ctx->schemes);
}

/* Two targets that share the space. */
static struct damon_ctx *random_ctx(struct rng *rng)
{
	struct damon_ctx *ctx = make_ctx(rnd(rng));
	struct damon_target *t = target_of(ctx), *second = make_target(ctx);
	int nr = rnd_in(rng, 1, 40), i;
	unsigned long pos = 0;

	ctx->min_region_sz = 1UL << rnd_in(rng, 0, 4);
	ctx->ops.apply_scheme = apply;
	ctx->ops.get_scheme_score = rnd_true(rng, .6) ? score : NULL;
	nr_scores = rnd_in(rng, 1, NR_SCORES + 1);
	for (i = 0; i < nr; i++) {
		unsigned long sz = ctx->min_region_sz * rnd_in(rng, 1, 60);
		struct damon_region *r;

		if (i == nr / 2)
			t = second;
		r = add(t, pos, pos + sz, rnd_in(rng, 0, 20));
		r->age = rnd_in(rng, 0, 3);
		pos += sz;
		if (rnd_true(rng, .2))
			pos += ctx->min_region_sz * 5;
	}
	answer_all(ctx);
	for (i = rnd_in(rng, 0, NR_SCHEMES); i < NR_SCHEMES; i++)
		random_scheme(rng, ctx, &schemes[i]);
	return ctx;
}

static void drop_ctx(struct damon_ctx *ctx)
{
	struct damos_filter *f, *next_f;
	struct damos *s, *next;

	damon_for_each_scheme_safe(s, next, ctx) {
		damos_for_each_core_filter_safe(f, next_f, s)
			damos_destroy_filter(f);
		list_del(&s->list);
	}
	free_ctx(ctx);
}

/* Looks at all memory through the filters of a scheme. */
static void count_eligible(struct damon_ctx *ctx, struct damos *s)
{
	struct seen *its = &seen[s - schemes];
	unsigned long start, end;
	struct damon_target *t;
	struct damon_region *r;
	unsigned int idx = 0;

	memset(its, 0, sizeof(*its));
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			for (start = r->ar.start; start < r->ar.end; start = end) {
				end = r->ar.end;
				if (damos_judge_range(s, idx, ctx->min_region_sz,
						      start, &end) == DAMOS_REJECT)
					continue;
				its->eligible += end - start;
				its->eligible_by_score[score_of(ctx, r)] +=
					end - start;
			}
		}
		idx++;
	}
}

static void next_pass(struct damon_ctx *ctx)
{
	struct damos *s;

	damon_for_each_scheme(s, ctx)
		count_eligible(ctx, s);
	served_twice = false;
	ctx->now += WINDOW_MS * NSEC_PER_MSEC;
	damos_apply_schemes(ctx);
}

/* Up to what no region fits into, no more and no less. */
static bool used_exactly(struct damon_ctx *ctx, struct damos *s)
{
	struct seen *its = &seen[s - schemes];
	unsigned long want = its->eligible;

	if (damos_quota_is_set(&s->quota))
		want = min(want, s->quota.esz);
	return its->sz <= want && want - its->sz < ctx->min_region_sz;
}

/* Nobody is served if somebody with a higher score is not, or not as a whole. */
static bool highest_first(struct damos *s)
{
	struct seen *its = &seen[s - schemes];
	bool missed = false;
	int i;

	for (i = DAMOS_MAX_SCORE; i >= 0; i--) {
		if (missed && its->by_score[i])
			return false;
		missed |= its->by_score[i] < its->eligible_by_score[i];
	}
	return true;
}

TEST(passes_are_exact)
{
	struct rng rng;

	for_each_case(rng, 3000) {
		struct damon_ctx *ctx = random_ctx(&rng);
		u64 total = total_sz(ctx);
		struct damon_target *t;
		struct damos *s;
		int i;

		failing_percent = 0;
		for (i = 0; i < 8; i++) {
			next_pass(ctx);
			HOLDS(!served_twice);
			HOLDS(total_sz(ctx) == total);
			damon_for_each_target(t, ctx) {
				HOLDS(damon_regions_in_order(t));
				HOLDS(aligned(t, ctx->min_region_sz));
			}
			damon_for_each_scheme(s, ctx) {
				HOLDS(used_exactly(ctx, s));
				HOLDS(highest_first(s));
				HOLDS(s->stat.nr_snapshots == i + 1);
			}
		}
		drop_ctx(ctx);
	}
}

static void change_intervals(struct rng *rng, struct damon_ctx *ctx)
{
	struct damon_attrs attrs = ctx->attrs;

	attrs.sample_interval = rnd_in(rng, 1, 20) * USEC_PER_MSEC;
	attrs.aggr_interval = attrs.sample_interval * rnd_in(rng, 1, 20);
	if (damon_set_attrs(ctx, &attrs))
		abort();
}

/*
 * One turn as kdamonds do it: late, maybe, with a pass that takes long, maybe, and with
 * intervals that change in the middle or at the end of a window.
 */
static bool take_turn(struct rng *rng, struct damon_ctx *ctx)
{
	u64 tick = damon_us_to_ns(ctx->attrs.sample_interval);
	bool over;

	ctx->now += rnd_true(rng, .1) ? rnd(rng) % (50 * tick) : tick;
	over = damon_window_ended(ctx);
	if (rnd_true(rng, .05))
		change_intervals(rng, ctx);
	damos_apply_schemes(ctx);
	if (rnd_true(rng, .1))
		ctx->now += rnd(rng) % (50 * tick);
	if (over) {
		damon_advance(ctx, &ctx->next_aggregation_ns,
			      damon_us_to_ns(ctx->attrs.aggr_interval));
		if (rnd_true(rng, .3))
			change_intervals(rng, ctx);
	}
	return over;
}

/* A scheme without an interval of its own sees each window that ends, and no other moment. */
TEST(passes_keep_step_with_windows)
{
	struct rng rng;

	for_each_case(rng, 300) {
		struct damon_ctx *ctx = make_ctx(1);
		unsigned long i, nr_windows = 0;
		struct damos *s = &schemes[0];

		random_scheme(&rng, ctx, s);
		s->apply_interval_us = 0;
		ctx->next_aggregation_ns = damon_us_to_ns(ctx->attrs.aggr_interval);
		for (i = 0; i < 500; i++) {
			nr_windows += take_turn(&rng, ctx);
			HOLDS(s->stat.nr_snapshots == nr_windows);
		}
		drop_ctx(ctx);
	}
}

/* Memory of which only some is there, and some of that was in use when looked at last. */
#define THERE	64
#define EACH	1024

static bool made_old[SPACE];
static unsigned long sz_made_old;

static unsigned long apply_to_sparse(struct damon_ctx *ctx, struct damon_target *t,
				     struct damon_region *r, struct damos *s,
				     unsigned long *sz_filter_passed)
{
	unsigned long addr, applied = 0;

	clock_ns += damon_sz_region(r) * ns_per_byte;
	for (addr = r->ar.start; addr < r->ar.end; addr++) {
		if (addr % EACH >= THERE) {
			s->sz_absent++;
		} else if (!made_old[addr]) {
			made_old[addr] = true;
			s->sz_waiting++;
			sz_made_old++;
		} else {
			applied++;
		}
	}
	return applied;
}

/* The first scheme pages out all memory of an age, up to a size. */
static struct damos *add_pageout(struct damon_ctx *ctx, unsigned int min_age,
				 unsigned long quota)
{
	struct damos *s = &schemes[0];
	struct rng rng = {};

	random_scheme(&rng, ctx, s);
	while (!list_empty(&s->core_filters))
		damos_destroy_filter(list_first_entry(&s->core_filters,
						      struct damos_filter, list));
	s->action = DAMOS_PAGEOUT;
	s->pattern.min_age_region = min_age;
	s->quota.ms = 0;
	s->quota.sz = quota;
	return s;
}

static struct damon_ctx *sparse_ctx(bool old, unsigned long quota)
{
	struct damon_ctx *ctx = make_ctx(1);
	unsigned long addr;

	ctx->ops.apply_scheme = apply_to_sparse;
	for (addr = 0; addr < SPACE; addr += EACH)
		add(target_of(ctx), addr, addr + EACH, 0)->age = 5;
	answer_all(ctx);
	add_pageout(ctx, 5, quota);
	memset(made_old, old, sizeof(made_old));
	sz_made_old = 0;
	return ctx;
}

/* What is free or nothing for the action takes nothing from the budget. */
TEST(absent_memory_is_not_charged)
{
	struct damon_ctx *ctx = sparse_ctx(true, EACH);
	struct damos *s = &schemes[0];

	next_pass(ctx);
	ASSERT_GE(s->stat.sz_applied, EACH - THERE);
	ASSERT_LE(s->stat.sz_applied, EACH);
	ASSERT_EQ(s->stat.sz_applied, s->quota.charged_sz);
	next_pass(ctx);
	next_pass(ctx);
	ASSERT_EQ(SPACE / EACH * THERE, s->stat.sz_applied);
	ASSERT_GE(s->stat.sz_tried, s->stat.sz_applied);
	drop_ctx(ctx);
}

/* To find nothing takes time, and that is no reason to take all for slow. */
TEST(absent_memory_takes_time)
{
	struct damon_ctx *ctx = sparse_ctx(true, SPACE);
	struct damos *s = &schemes[0];
	int i;

	s->quota.ms = WINDOW_MS;
	ns_per_byte = 1;
	action_ns = 0;
	for (i = 0; i < 5; i++)
		next_pass(ctx);
	ASSERT_EQ(SPACE / EACH * THERE, s->stat.sz_applied);
	drop_ctx(ctx);
}

/*
 * What was only made old is not charged, and does not have to get old once more.  But no
 * pass does more of that than the quota allows.
 */
TEST(young_memory_has_its_turn_in_the_next_pass)
{
	struct damon_ctx *ctx = sparse_ctx(false, 4 * THERE);
	struct damos *s = &schemes[0];
	int i;

	next_pass(ctx);
	ASSERT_EQ(0, s->stat.sz_applied);
	ASSERT_EQ(0, s->quota.charged_sz);
	ASSERT_EQ(4 * THERE, sz_made_old);
	next_pass(ctx);
	ASSERT_GE(s->stat.sz_applied, 3 * THERE);
	for (i = 0; i < 20; i++)
		next_pass(ctx);
	ASSERT_EQ(SPACE / EACH * THERE, s->stat.sz_applied);
	drop_ctx(ctx);
}

/* Memory of which some is used now and then, and all is still there at first. */
static bool used[SPACE], gone[SPACE];
static unsigned long sz_looked_at;
static unsigned int nr_looks;
static double look_ns_per_byte;

static unsigned long apply_to_used(struct damon_ctx *ctx, struct damon_target *t,
				   struct damon_region *r, struct damos *s,
				   unsigned long *sz_filter_passed)
{
	unsigned long addr, applied = 0;

	nr_looks += s->looking;
	clock_ns += damon_sz_region(r) * (s->looking ? look_ns_per_byte : ns_per_byte);
	for (addr = r->ar.start; addr < r->ar.end; addr++) {
		if (gone[addr]) {
			s->sz_absent++;
		} else if (s->looking || used[addr]) {
			sz_looked_at += s->looking;
			used[addr] = false;
			s->sz_waiting++;
		} else {
			gone[addr] = true;
			applied++;
		}
	}
	return applied;
}

#define MIN_AGE		8

/* What has been idle for @age windows, to be paged out after MIN_AGE. */
static struct damon_ctx *used_ctx(unsigned long sz, unsigned int age, unsigned long quota)
{
	struct damon_ctx *ctx = make_ctx(1);

	ctx->ops.apply_scheme = apply_to_used;
	add(target_of(ctx), 0, sz, 0)->age = age;
	answer_all(ctx);
	add_pageout(ctx, MIN_AGE, quota)->pattern.max_nr_accesses = 0;
	memset(used, true, sizeof(used));
	memset(gone, false, sizeof(gone));
	sz_looked_at = 0;
	nr_looks = 0;
	look_ns_per_byte = 0;
	ns_per_byte = 0;
	return ctx;
}

/* A window ends in which no sample has met what is used. */
static void next_idle_window(struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx)
		damon_for_each_region(r, t)
			r->age++;
	next_pass(ctx);
}

static bool is_used(unsigned long addr)
{
	return addr % 8 == 3;
}

static void use_some(void)
{
	unsigned long addr;

	for (addr = 0; addr < SPACE; addr++)
		used[addr] |= is_used(addr);
}

/*
 * Samples may miss what is used less often than there are windows.  Of that nothing is
 * paged out as long as it is used once in three quarters of the age, and of the rest all
 * is as soon as it has that age.
 */
TEST(what_is_used_between_stays)
{
	struct damon_ctx *ctx = used_ctx(SPACE, 0, 0);
	struct damos *s = &schemes[0];
	unsigned long addr;
	int i;

	for (i = 1; i <= 20 * MIN_AGE; i++) {
		next_idle_window(ctx);
		ASSERT_EQ(i < MIN_AGE ? 0 : SPACE / 8 * 7, s->stat.sz_applied);
		if (i % (MIN_AGE * 3 / 4) == 0)
			use_some();
	}
	for (addr = 0; addr < SPACE; addr++)
		ASSERT_EQ(!is_used(addr), gone[addr]);
	/* until it is used no more */
	for (i = 0; i < 2 * MIN_AGE; i++)
		next_idle_window(ctx);
	ASSERT_EQ(SPACE, s->stat.sz_applied);
	drop_ctx(ctx);
}

/* A look is nothing that a scheme was tried on, and nothing is charged for it. */
TEST(looks_are_no_work)
{
	struct damon_ctx *ctx = used_ctx(SPACE, MIN_AGE / 4 - 1, SPACE);
	struct damos *s = &schemes[0];

	next_idle_window(ctx);
	ASSERT_EQ(SPACE, sz_looked_at);
	ASSERT_EQ(0, s->stat.nr_tried);
	ASSERT_EQ(0, s->quota.charged_sz);
	ASSERT_EQ(MIN_AGE / 4, damon_first_region(target_of(ctx))->age);
	next_idle_window(ctx);
	ASSERT_EQ(SPACE, sz_looked_at);
	drop_ctx(ctx);
}

/* A pass makes no more old than the quota allows, whatever is left of that for the action. */
TEST(looks_keep_to_the_quota)
{
	unsigned long half = SPACE / 2, quota = SPACE / 16;
	struct damon_ctx *ctx = used_ctx(half, 10 * MIN_AGE, quota);
	struct damos *s = &schemes[0];
	int i;

	add(target_of(ctx), half, SPACE, 1)->age = MIN_AGE / 4 - 1;
	damon_last_region(target_of(ctx))->nr_accesses = 0;
	answer_all(ctx);
	memset(used, false, half * sizeof(*used));
	for (i = 1; i <= 5; i++) {
		next_idle_window(ctx);
		ASSERT_EQ(i * quota, s->stat.sz_applied);
		ASSERT_EQ(i * quota, sz_looked_at);
	}
	drop_ctx(ctx);
}

/* What a pass takes, in windows. */
static double time_of_pass(struct damon_ctx *ctx)
{
	u64 begin = clock_ns;

	next_idle_window(ctx);
	return (double)(clock_ns - begin) / (WINDOW_MS * NSEC_PER_MSEC);
}

/* All memory behind an address is to be looked at. */
static void unlook(struct damon_ctx *ctx, unsigned long addr)
{
	struct damon_region *r;

	damon_for_each_region(r, target_of(ctx)) {
		if (r->ar.start >= addr) {
			r->age = MIN_AGE / 4;
			r->looked = false;
		}
	}
}

/* Looks take no more than half of the time limit, there be memory or not. */
TEST(looks_keep_to_the_time)
{
	for (int absent = 0; absent < 2; absent++) {
		struct damon_ctx *ctx = used_ctx(SPACE, MIN_AGE / 4 - 1, SPACE);
		struct damos *s = &schemes[0];

		memset(gone, absent, sizeof(gone));
		s->quota.ms = WINDOW_MS;
		/* all of it takes ten windows */
		look_ns_per_byte = 10.0 * WINDOW_MS * NSEC_PER_MSEC / SPACE;
		/* the memory is less than the first slice, which shows the speed */
		time_of_pass(ctx);
		unlook(ctx, 0);
		for (int i = 0; i < 5; i++) {
			ASSERT_LE(time_of_pass(ctx), .6);
			ASSERT_NE(0, nr_looks);
			ASSERT_LE(nr_looks, 100);
			nr_looks = 0;
			unlook(ctx, 0);
		}
		ns_per_byte = 0;
		drop_ctx(ctx);
	}
}

/* That looks are fast says nothing about the action, which has the rest of the time. */
TEST(looks_leave_time_to_act)
{
	struct damon_ctx *ctx = used_ctx(SPACE / 2, 10 * MIN_AGE, SPACE);
	struct damos *s = &schemes[0];
	int i;

	add(target_of(ctx), SPACE / 2, SPACE, 1);
	damon_last_region(target_of(ctx))->nr_accesses = 0;
	answer_all(ctx);
	memset(used, false, sizeof(used));
	s->quota.ms = WINDOW_MS;
	ns_per_byte = 20.0 * WINDOW_MS * NSEC_PER_MSEC / SPACE;
	look_ns_per_byte = ns_per_byte / 100;
	for (i = 0; i < 15; i++) {
		/* there is always something to be looked at */
		unlook(ctx, SPACE / 2);
		if (!i)
			time_of_pass(ctx);
		else
			ASSERT_LE(time_of_pass(ctx), 1.2);
	}
	ASSERT_GE(s->stat.sz_applied, SPACE / 20 * 15 / 3);
	ns_per_byte = 0;
	drop_ctx(ctx);
}

/* Who asks for young memory has a reason, and gets it as it is. */
TEST(filters_look_for_themselves)
{
	struct damon_ctx *ctx = used_ctx(SPACE, MIN_AGE / 4, 0);
	struct damos *s = &schemes[0];
	struct damos_filter *f = damos_new_filter(DAMOS_FILTER_TYPE_YOUNG, true, false);

	list_add_tail(&f->list, &s->ops_filters);
	next_idle_window(ctx);
	ASSERT_EQ(0, sz_looked_at);
	damos_destroy_filter(f);
	drop_ctx(ctx);
}

/* Without priorities everybody has a turn before anybody has two more. */
TEST(everybody_has_a_turn)
{
	static unsigned int turns[SPACE];
	struct rng rng;

	for_each_case(rng, 500) {
		struct damon_ctx *ctx = random_ctx(&rng);
		struct damos *s = &schemes[NR_SCHEMES - 1];
		struct seen *its = &seen[NR_SCHEMES - 1];
		unsigned long addr, least = ULONG_MAX, most = 0, sum = 0;
		struct damon_target *t;
		struct damon_region *r;
		int i;

		ctx->ops.get_scheme_score = NULL;
		s->quota.ms = 0;
		s->quota.sz = max(s->quota.sz, 8 * ctx->min_region_sz);
		memset(turns, 0, sizeof(turns));
		for (i = 0; sum < 3 * total_sz(ctx) && i < 200; i++) {
			next_pass(ctx);
			sum += its->sz;
			for (addr = 0; addr < SPACE; addr++)
				turns[addr] += its->times[addr];
		}
		damon_for_each_target(t, ctx) {
			damon_for_each_region(r, t) {
				for (addr = r->ar.start; addr < r->ar.end; addr++) {
					/* what filters keep out */
					if (!turns[addr])
						continue;
					least = min(least, turns[addr]);
					most = max(most, turns[addr]);
				}
			}
		}
		HOLDS(most - min(least, most) <= 1);
		drop_ctx(ctx);
	}
}

/* The same where time is the limit, and how far it goes is but an estimate. */
TEST(time_starves_nobody)
{
	static bool ever[SPACE];
	struct rng rng;

	for_each_case(rng, 300) {
		struct damon_ctx *ctx = random_ctx(&rng);
		struct damos *s = &schemes[NR_SCHEMES - 1];
		struct seen *its = &seen[NR_SCHEMES - 1];
		unsigned long addr, sz = 0;
		int i;

		for (i = 0; i < NR_SCHEMES - 1; i++)
			schemes[i].wmarks.activated = false;
		ctx->ops.get_scheme_score = NULL;
		s->quota.ms = WINDOW_MS / 2;
		s->quota.sz = 0;
		/* some windows to get through all of it */
		ns_per_byte = s->quota.ms * NSEC_PER_MSEC /
			(total_sz(ctx) / (1 + rnd_share(&rng) * 4) + 1);
		uneven = rnd_in(&rng, 0, 3);
		failing_percent = 0;
		memset(ever, 0, sizeof(ever));
		for (i = 0; i < 60; i++) {
			next_pass(ctx);
			HOLDS(!served_twice);
			if (i < 20)
				continue;
			for (addr = 0; addr < SPACE; addr++)
				ever[addr] |= its->times[addr];
		}
		ns_per_byte = 0;
		uneven = 0;
		for (addr = 0; addr < SPACE; addr++)
			sz += ever[addr];
		HOLDS(sz == its->eligible);
		drop_ctx(ctx);
	}
}

/* Where failures hardly count, what is in front has its turn, too. */
TEST(failures_starve_nobody)
{
	static bool ever[SPACE];
	struct rng rng;

	for_each_case(rng, 500) {
		struct damon_ctx *ctx = random_ctx(&rng);
		struct damos *s = &schemes[NR_SCHEMES - 1];
		struct seen *its = &seen[NR_SCHEMES - 1];
		unsigned long addr, sz = 0;
		int i;

		ctx->ops.get_scheme_score = NULL;
		s->quota.ms = 0;
		s->quota.sz = SPACE / 8;
		s->quota.fail_charge_num = 1;
		s->quota.fail_charge_denom = 100;
		memset(ever, 0, sizeof(ever));
		failing_percent = 0;
		failing.state = rnd(&rng);
		for (i = 0; i < 6; i++) {
			next_pass(ctx);
			HOLDS(!served_twice);
			/* all of it fails from the second pass on */
			if (i)
				for (addr = 0; addr < SPACE; addr++)
					ever[addr] |= its->times[addr];
			failing_percent = 100;
		}
		for (addr = 0; addr < SPACE; addr++)
			sz += ever[addr];
		HOLDS(sz == its->eligible);
		drop_ctx(ctx);
	}
}

/* what happens between passes */

static bool valid(struct damon_target *t)
{
	return !t->obsolete;
}

static void change_quota(struct rng *rng, struct damos_quota *quota)
{
	quota->sz = rnd_true(rng, .8) ? rnd_any(rng, 16) : 0;
	quota->ms = rnd_true(rng, .3) ? rnd_in(rng, 1, 20) : 0;
	quota->reset_interval = rnd_in(rng, 0, 4 * WINDOW_MS);
	quota->fail_charge_num = rnd_in(rng, 0, 3);
	quota->fail_charge_denom = rnd_in(rng, 0, 3);
}

static void change_something(struct rng *rng, struct damon_ctx *ctx)
{
	struct damon_target *t = target_of(ctx);
	struct damon_region *r, *next;
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		if (rnd_true(rng, .2))
			change_quota(rng, &s->quota);
		if (rnd_true(rng, .1))
			random_filter(rng, s);
		s->apply_interval_us = rnd_in(rng, 1, 3 * WINDOW_MS) * 1000;
		s->pattern.min_age_region = rnd_in(rng, 0, 2);
		s->pattern.max_sz_region = rnd_true(rng, .8) ? ULONG_MAX : 200;
	}
	if (rnd_true(rng, .1))
		list_move_tail(ctx->schemes.next, &ctx->schemes);
	t->obsolete = rnd_true(rng, .2);
	damon_for_each_target(t, ctx) {
		damon_for_each_region_safe(r, next, t) {
			r->age = rnd_in(rng, 0, 3);
			if (t->nr_regions > 1 && rnd_true(rng, .05))
				damon_destroy_region(r, t);
		}
	}
}

/* Whether a scheme has been applied only to what its filters let through. */
static bool only_eligible(struct damon_ctx *ctx, struct damos *s)
{
	struct seen *its = &seen[s - schemes];
	struct damon_target *t;
	struct damon_region *r;
	unsigned long addr, end, sz = 0;
	unsigned int idx = 0;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			for (addr = r->ar.start; addr < r->ar.end; addr++) {
				if (!its->times[addr])
					continue;
				sz++;
				end = addr + 1;
				if (t->obsolete ||
				    damos_judge_range(s, idx, ctx->min_region_sz,
						      addr, &end) == DAMOS_REJECT)
					return false;
			}
		}
		idx++;
	}
	return sz == its->sz;
}

/* Without memory as well, no pass does more than it may. */
TEST(passes_survive_changes)
{
	struct rng rng;

	for_each_case(rng, 3000) {
		struct damon_ctx *ctx = random_ctx(&rng);
		struct damos *s;
		int i;

		ctx->ops.target_valid = valid;
		failing.state = rnd(&rng);
		for (i = 0; i < 20; i++) {
			u64 total;

			change_something(&rng, ctx);
			failing_percent = rnd_true(&rng, .5) ? 0 : 60;
			action_ns = rnd_true(&rng, .5) ? 0 : rnd_any(&rng, 24);
			total = total_sz(ctx);
			if (rnd_true(&rng, .3))
				shim_fail_after(rnd_in(&rng, 0, 10));
			next_pass(ctx);
			shim_fail_after(ULONG_MAX);
			HOLDS(!served_twice);
			HOLDS(!misnumbered);
			HOLDS(total_sz(ctx) == total);
			damon_for_each_scheme(s, ctx) {
				HOLDS(only_eligible(ctx, s));
				/* what fails may be charged less */
				if (damos_quota_is_set(&s->quota) && !failing_percent)
					HOLDS(seen[s - schemes].sz <= s->quota.esz);
			}
		}
		drop_ctx(ctx);
	}
}

TEST_HARNESS_MAIN
