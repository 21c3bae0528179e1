// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas: windows, limits, and passes in which memory of different scores wants its share.
 */
#include "fuzz.h"

#define NR_SCORES	(DAMOS_MAX_SCORE + 1)
#define MAX_REGIONS	24
#define MAX_GOALS	2

struct state {
	struct damos_quota quota;
	struct damos_stat stat;
	struct damos_quota_goal goals[MAX_GOALS];
	unsigned int nr_goals;
	unsigned long grain;
	u64 now;
};

struct piece {
	unsigned int score;
	unsigned long sz;
};

/* True for what holds at any time. */
static void check(const struct state *s)
{
	const struct damos_quota *quota = &s->quota;
	unsigned long left = damos_quota_left(quota);
	unsigned long slice = damos_quota_slice(quota, s->grain);

	MUST(left <= quota->esz);
	MUST(slice <= left);
	if (!damos_quota_is_set(quota))
		MUST(!damos_quota_is_full(quota, s->grain));
	else if (!damos_quota_is_full(quota, s->grain))
		MUST(slice >= s->grain);
}

static void renew(struct state *s, struct input *in)
{
	struct damos_quota *quota = &s->quota;
	unsigned long charged = quota->charged_sz, exceeds = s->stat.qt_exceeds;
	bool full = damos_quota_is_full(quota, s->grain), open = quota->window_open;
	unsigned long esz = quota->esz;
	bool over, fresh;
	u64 passed;

	s->now = damon_add(s->now, take_any(in, 40));
	passed = s->now - quota->window_start_ns;
	over = !open || passed / NSEC_PER_MSEC >= quota->reset_interval;
	fresh = damos_quota_renew(quota, &s->stat, s->grain, s->now);
	if (!damos_quota_is_set(quota)) {
		MUST(!quota->window_open && !quota->esz && !fresh);
		return;
	}
	MUST(quota->window_open);
	MUST(fresh == (!open || quota->esz != esz));
	MUST(s->stat.qt_exceeds - exceeds == (over && open && full));
	if (over)
		MUST(!quota->charged_sz && quota->window_start_ns == s->now);
	else
		MUST(quota->charged_sz == charged);
	MUST(quota->esz <= (quota->sz ?: ULONG_MAX));
	if (quota->ms)
		MUST(quota->esz >= min3(s->grain, quota->sz ?: ULONG_MAX,
					s->nr_goals ? damos_goals_sz(quota) : ULONG_MAX));
	if (s->nr_goals)
		MUST(quota->esz <= damos_goals_sz(quota));
}

static void commit(struct state *s, struct input *in)
{
	struct damos_quota new = {}, was = s->quota;

	damos_quota_init(&new);
	new.reset_interval = take_any(in, BITS_PER_LONG);
	new.sz = take_any(in, BITS_PER_LONG);
	new.ms = take_any(in, BITS_PER_LONG);
	new.goal_tuner = take_below(in, 2);
	new.fail_charge_num = take_any(in, 32);
	new.fail_charge_denom = take_any(in, 32);
	damos_quota_commit(&s->quota, &new);
	MUST(s->quota.sz == new.sz && s->quota.ms == new.ms);
	MUST(s->quota.charged_sz == was.charged_sz && s->quota.esz == was.esz &&
	     s->quota.work_sz == was.work_sz && s->quota.work_ns == was.work_ns);
}

static void charge(struct state *s, unsigned long sz, unsigned long applied, u64 ns,
		   bool limited)
{
	struct damos_quota *quota = &s->quota;
	unsigned long charged = quota->charged_sz, left = quota->min_score_left, counts;

	counts = damos_quota_charge(quota, sz, applied, ns);
	MUST(counts >= applied);
	if (applied <= sz && quota->fail_charge_num <= quota->fail_charge_denom)
		MUST(counts <= sz);
	MUST(quota->charged_sz == damon_add_sz(charged, counts));
	damos_quota_settle(quota, limited, sz, counts);
	if (limited)
		MUST(quota->min_score_left == left - min(left, counts));
	else if (counts == sz)
		MUST(quota->min_score_left == left);
}

/* Everybody takes what may be taken, in slices. */
static void serve(struct state *s, const struct piece *piece, bool front, struct input *in,
		  unsigned long *served)
{
	struct damos_quota *quota = &s->quota;
	unsigned long rest = piece->sz;

	while (rest >= s->grain && !damos_quota_is_full(quota, s->grain)) {
		bool limited;
		unsigned long sz = damos_quota_share(quota, piece->score, front, &limited);

		sz = min3(rest, sz, damos_quota_slice(quota, s->grain));
		sz -= sz % s->grain;
		if (!sz)
			return;
		MUST(!quota->selective || piece->score >= quota->min_score);
		charge(s, sz, sz, quota->ms ? take_any(in, 24) : 0, limited);
		*served += sz;
		rest -= sz;
	}
}

static void pass(struct state *s, struct input *in)
{
	unsigned int nr = 1 + take_below(in, MAX_REGIONS), nr_front = take_below(in, nr + 1), i;
	unsigned long sums[2][NR_SCORES] = {}, left = damos_quota_left(&s->quota);
	unsigned long served = 0, wanted = 0, above = 0;
	struct piece pieces[MAX_REGIONS];

	for (i = 0; i < nr; i++) {
		pieces[i].score = take_below(in, NR_SCORES);
		pieces[i].sz = s->grain * take_any(in, 12);
		sums[i < nr_front][pieces[i].score] += pieces[i].sz;
		wanted += pieces[i].sz;
	}
	damos_quota_select(&s->quota, sums[0], sums[1], s->grain);
	MUST(s->quota.selective == (wanted > left));
	if (s->quota.selective) {
		for (i = s->quota.min_score + 1; i < NR_SCORES; i++)
			above += sums[0][i] + sums[1][i];
		/* all of the higher ones fits, and not all of this one does */
		MUST(above <= left);
		MUST(above + sums[0][s->quota.min_score] + sums[1][s->quota.min_score] > left);
		MUST(s->quota.min_score_left <= left - above);
	}
	for (i = 0; i < nr; i++)
		serve(s, &pieces[i], i < nr_front, in, &served);
	/* with time enough, nothing is left that anybody wanted */
	MUST(served <= min(wanted, left));
	if (!s->quota.ms && !s->quota.selective && damos_quota_is_set(&s->quota))
		MUST(served == wanted || left - served < s->grain);
}

/* What failed counts less, more, or in another way. */
static void fail(struct state *s, struct input *in)
{
	unsigned long sz = take_any(in, 24), applied = take_any(in, 24);

	charge(s, sz, applied, take_any(in, 30), take_bool(in));
}

static void extreme(struct state *s, struct input *in)
{
	charge(s, take_any(in, BITS_PER_LONG), take_any(in, BITS_PER_LONG), take_any(in, 64),
	       take_bool(in));
}

static void goals(struct state *s, struct input *in)
{
	unsigned int i;

	for (i = 0; i < s->nr_goals; i++) {
		s->goals[i].current_value = take_any(in, BITS_PER_LONG);
		s->goals[i].followed = false;
	}
}

static void fuzz(struct input *in)
{
	static void (*const steps[])(struct state *s, struct input *in) = {
		renew, pass, commit, renew, fail, goals, renew, extreme,
	};
	struct state s = { .grain = 1UL << take_below(in, 13) };
	unsigned int i;

	damos_quota_init(&s.quota);
	s.nr_goals = take_below(in, MAX_GOALS + 1);
	for (i = 0; i < s.nr_goals; i++) {
		s.goals[i].target_value = take_any(in, BITS_PER_LONG);
		damos_add_quota_goal(&s.quota, &s.goals[i]);
	}
	while (has_more(in)) {
		steps[take_below(in, ARRAY_SIZE(steps))](&s, in);
		check(&s);
	}
}
