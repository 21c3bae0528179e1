/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What several rooms of mm/damon share and nobody else may use.
 *
 * Pure rooms (see tools/testing/damon/Makefile) also compile in user space, so this
 * header includes nothing of the memory management.
 */
#ifndef _MM_DAMON_INTERNAL_H
#define _MM_DAMON_INTERNAL_H

#include <linux/bug.h>
#include <linux/damon.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

/*
 * Self-consistency checks for development, off in production kernels.  Each
 * speaks once.
 */
#ifdef CONFIG_DAMON_DEBUG_SANITY
#define damon_assert(cond)	WARN_ON_ONCE(!(cond))
#else
#define damon_assert(cond)	BUILD_BUG_ON_INVALID(cond)
#endif

/* numbers */

/*
 * @a times @b / @c, or U64_MAX where that does not fit or @c is zero.  The plain
 * division may be a CPU exception then.
 */
static inline u64 damon_mul_div(u64 a, u64 b, u64 c)
{
	if (mul_u64_u64_shr(a, b, 64) >= c)
		return U64_MAX;
	return mul_u64_u64_div_u64(a, b, c);
}

/* @a plus @b, at most U64_MAX. */
static inline u64 damon_add(u64 a, u64 b)
{
	return a + min(b, U64_MAX - a);
}

/* The same for sizes and addresses. */
static inline unsigned long damon_add_sz(unsigned long a, unsigned long b)
{
	return a + min(b, ULONG_MAX - a);
}

/* lists */

/* Exchanges what is in two lists. */
static inline void damon_swap_lists(struct list_head *a, struct list_head *b)
{
	LIST_HEAD(tmp);

	list_splice_init(a, &tmp);
	list_splice_init(b, a);
	list_splice(&tmp, b);
}

/* regions in order */

/* The first region of a target, NULL if it has none. */
static inline struct damon_region *
damon_first_region_or_null(struct damon_target *t)
{
	return list_first_entry_or_null(&t->regions_list, struct damon_region,
					list);
}

/* The region behind @r, NULL if it is the last one. */
static inline struct damon_region *
damon_region_behind(struct damon_region *r, struct damon_target *t)
{
	return list_is_last(&r->list, &t->regions_list) ?
		NULL : damon_next_region(r);
}

/* The first region from @r on that reaches beyond @addr, or NULL. */
static inline struct damon_region *
damon_skip_to(struct damon_region *r, unsigned long addr, struct damon_target *t)
{
	while (r && r->ar.end <= addr)
		r = damon_region_behind(r, t);
	return r;
}

/* samples */

/* A sampling address that no region contains: no access check is pending. */
#define DAMON_NO_SAMPLE		ULONG_MAX

/* The same, and none is to be begun before the next tick.  No process reaches it. */
#define DAMON_NO_SAMPLE_YET	(ULONG_MAX - 1)

/* What an access check can find out. */
enum damon_answer {
	DAMON_UNKNOWN,
	DAMON_NOT_ACCESSED,
	DAMON_ACCESSED,
};

/* True if a sample of the region is under way. */
static inline bool damon_sample_pending(const struct damon_region *r)
{
	return r->sampling_addr - r->ar.start < r->ar.end - r->ar.start;
}

/* A region changes, so what follows has no age yet. */
static inline void damon_begin_age(struct damon_region *r)
{
	r->age = 0;
	r->looked = false;
}

/* regions.c (pure) */

int damon_regions_init(void);
bool damon_regions_ready(void);
void damon_free_region(struct damon_region *r);
void damon_link_region(struct damon_region *r, struct list_head *next,
		       struct damon_target *t);
void damon_add_region(struct damon_region *r, struct damon_target *t);
void damon_destroy_region(struct damon_region *r, struct damon_target *t);
void damon_destroy_regions(struct damon_target *t);
struct damon_region *damon_split_region_at(struct damon_target *t,
					   struct damon_region *r,
					   unsigned long offset);
void damon_merge_two_regions(struct damon_target *t, struct damon_region *left,
			     struct damon_region *right);

unsigned int damon_nr_all_regions(struct damon_ctx *ctx);
unsigned long damon_region_sz_limit(struct damon_ctx *ctx);
void damon_enforce_min_nr_regions(struct damon_ctx *ctx);
void damon_forget_target(struct damon_target *t);
void damon_forget_samples(struct damon_ctx *ctx);
void damon_drop_samples(struct damon_ctx *ctx);

/* regions-set.c (pure) */

/*
 * damon_set_regions() in two steps: everything that can fail, then the change.
 * The target must not change in between.
 */
struct damon_regions_plan {
	const struct damon_addr_range *ranges;
	unsigned int nr_ranges;
	unsigned long min_region_sz;
	struct list_head spare;		/* regions to be inserted */
};

int damon_plan_regions(struct damon_regions_plan *plan, struct damon_target *t,
		       const struct damon_addr_range *ranges,
		       unsigned int nr_ranges, unsigned long min_region_sz);
void damon_apply_regions(struct damon_regions_plan *plan,
			 struct damon_target *t);
void damon_drop_regions(struct damon_regions_plan *plan);

/* attrs.c (pure) */

int damon_check_attrs(const struct damon_attrs *attrs);
bool damon_attrs_equal(const struct damon_attrs *a, const struct damon_attrs *b);
void damon_apply_attrs(struct damon_ctx *ctx, const struct damon_attrs *attrs);
void damon_note_observed(struct damon_ctx *ctx);
bool damon_tune_intervals(struct damon_ctx *ctx, u64 cost_ns);

/* Nanoseconds of an interval in microseconds.  No interval reaches 292 years. */
static inline u64 damon_us_to_ns(unsigned long us)
{
	return min_t(u64, us, S64_MAX / NSEC_PER_USEC) * NSEC_PER_USEC;
}

/* The next deadline of a series.  Those that were missed do not pile up. */
static inline void damon_advance(const struct damon_ctx *ctx, u64 *deadline, u64 interval)
{
	*deadline += interval;
	if (*deadline <= ctx->now)
		*deadline = ctx->now + interval;
}

/* The address spaces are to be looked at in the next interval again. */
static inline void damon_update_next(struct damon_ctx *ctx)
{
	ctx->next_ops_update_ns = ctx->now;
}

/* probe.c (pure) */

u64 damon_total_weight(const struct list_head *probes);

/* True if the samples of a context are to be probed. */
static inline bool damon_has_probes(const struct damon_ctx *ctx)
{
	return ctx->ops.apply_probes && !list_empty(&ctx->probes);
}

/* True if attributes are monitored instead of accesses. */
static inline bool damon_attrs_only(const struct damon_ctx *ctx)
{
	return damon_has_probes(ctx) && damon_total_weight(&ctx->probes);
}

/*
 * True if the memory at hand is of the kind that a filter knows.  False, too, if
 * there is no way to tell.
 */
typedef bool (*damon_of_type_fn)(const struct damon_filter *f, void *arg);

void damon_drop_probes(struct list_head *probes);
unsigned int damon_nr_probes(const struct damon_ctx *ctx);
bool damon_probe_matches(const struct damon_probe *probe,
			 damon_of_type_fn of_type, void *arg);
void damon_count_hits(const struct damon_ctx *ctx, struct damon_region *r,
		      damon_of_type_fn of_type, void *arg);
unsigned int damon_probes_rate(const struct damon_ctx *ctx, const struct damon_region *r);
int damon_copy_probes(struct list_head *to, const struct damon_ctx *from);
void damon_swap_probes(struct damon_ctx *ctx, struct list_head *probes);

/* quota.c (pure) */

/* True if there is any limit. */
static inline bool damos_quota_is_set(const struct damos_quota *quota)
{
	return quota->sz || quota->ms || !list_empty(&quota->goals);
}

bool damos_quota_is_full(const struct damos_quota *quota,
			 unsigned long min_region_sz);
bool damos_quota_time_is_up(const struct damos_quota *quota, unsigned long min_region_sz);
unsigned long damos_quota_left(const struct damos_quota *quota);
unsigned long damos_quota_slice(const struct damos_quota *quota,
				unsigned long min_region_sz);
bool damos_quota_window_over(const struct damos_quota *quota, u64 now);
void damos_quota_lift(struct damos_quota *quota);
bool damos_quota_renew(struct damos_quota *quota, struct damos_stat *stat,
		       unsigned long min_region_sz, u64 now);
unsigned long damos_quota_charge_present(struct damos_quota *quota, unsigned long sz,
					 unsigned long present,
					 unsigned long applied, u64 ns);
void damos_quota_select(struct damos_quota *quota, const unsigned long *behind,
			const unsigned long *front, unsigned long min_region_sz);
void damos_quota_select_all(struct damos_quota *quota);
unsigned long damos_quota_share(const struct damos_quota *quota,
				unsigned int score, bool front, bool *limited);
void damos_quota_settle(struct damos_quota *quota, bool limited,
			unsigned long sz, unsigned long charge);
void damos_quota_commit(struct damos_quota *dst, const struct damos_quota *src);
void damos_quota_init(struct damos_quota *quota);
void damos_quota_forget_target(struct damos_quota *quota,
			       const struct damon_target *t);

/* Charges an action on @sz, all of which it could be carried out on. */
static inline unsigned long damos_quota_charge(struct damos_quota *quota,
					       unsigned long sz,
					       unsigned long applied, u64 ns)
{
	return damos_quota_charge_present(quota, sz, sz, applied, ns);
}

/* goal.c (pure) */

u64 damos_feedback(u64 last, u64 score);
u64 damos_goals_score(const struct damos_quota *quota);
unsigned long damos_goals_sz(const struct damos_quota *quota);
void damos_goals_take_over(struct damos_quota *quota);
void damos_goal_grow(struct damos_quota_goal *goal, u64 total, u64 as_of, u64 length);
void damos_follow_goals(struct damos_quota *quota, unsigned long min_region_sz);

/* filters.c (pure) */

/* What a scheme's core filters say about a range. */
enum damos_verdict {
	DAMOS_REJECT,	/* not for this scheme */
	DAMOS_ADMIT,	/* for it, if the operations set's filters agree */
	DAMOS_ALLOW,	/* for it, without asking those */
};

enum damos_verdict damos_judge_range(const struct damos *s,
				     unsigned int target_idx,
				     unsigned long min_region_sz,
				     unsigned long start, unsigned long *end);

/*
 * What becomes of memory that no filter of a list speaks about: the opposite of
 * what the last one says about the memory that it does speak about.
 */
static inline bool damos_default_reject(const struct list_head *filters)
{
	return !list_empty(filters) &&
		list_last_entry(filters, struct damos_filter, list)->allow;
}

/* True if a scheme has a filter of a type that its operations set evaluates. */
static inline bool damos_has_filter(const struct damos *s,
				    enum damos_filter_type type)
{
	const struct damos_filter *f;

	damos_for_each_ops_filter(f, s) {
		if (f->type == type)
			return true;
	}
	return false;
}

/* wmarks.c */

u64 damos_wmarks_wait_ns(struct damon_ctx *ctx);

/* metrics.c */

bool damos_can_measure(enum damos_quota_goal_metric metric);
void damos_measure_goals(struct damon_ctx *ctx, struct damos *s);
unsigned long damos_wmark_value(enum damos_wmark_metric metric);

/* schemes.c */

static inline bool damos_sz_age_match(const struct damos_access_pattern *p,
				      unsigned long sz, unsigned int age)
{
	return p->min_sz_region <= sz && sz <= p->max_sz_region &&
		p->min_age_region <= age && age <= p->max_age_region;
}

static inline bool damos_rate_matches(const struct damos_access_pattern *p,
				      unsigned int nr_accesses)
{
	return p->min_nr_accesses <= nr_accesses &&
		nr_accesses <= p->max_nr_accesses;
}

/*
 * The age of a region for schemes.  Physical memory without any answer in the window that
 * has just ended may be free by now, so it is not old.
 */
static inline unsigned int damos_age_of(const struct damon_region *r,
					const struct damon_ctx *ctx)
{
	bool gone = !damon_region_known(r) && ctx->ops.id == DAMON_OPS_PADDR &&
		ctx->nr_intervals && damon_window_ended(ctx);

	return gone ? 0 : r->age;
}

/* True if a region is what a scheme looks for. */
static inline bool
damos_pattern_matches(const struct damos_access_pattern *p,
		      struct damon_region *r, struct damon_ctx *ctx)
{
	return damos_sz_age_match(p, damon_sz_region(r), damos_age_of(r, ctx)) &&
		damos_rate_matches(p, damon_nr_accesses_mvsum(r, ctx));
}

void damos_apply_schemes(struct damon_ctx *ctx);

static inline u64 damos_apply_interval_ns(const struct damon_ctx *ctx,
					  const struct damos *s)
{
	return damon_us_to_ns(s->apply_interval_us ?: ctx->attrs.aggr_interval);
}

/*
 * When a scheme is due.  One without an interval of its own is whenever a window is over,
 * however late that is, how long passes take, and what becomes of the intervals.
 */
static inline u64 damos_next_apply_ns(const struct damon_ctx *ctx, const struct damos *s)
{
	return s->apply_interval_us ? s->next_apply_ns : ctx->next_aggregation_ns;
}

/* Puts off a scheme that has an interval of its own. */
static inline void damos_advance(const struct damon_ctx *ctx, struct damos *s)
{
	if (s->apply_interval_us)
		damon_advance(ctx, &s->next_apply_ns,
			      damon_us_to_ns(s->apply_interval_us));
}

/* request.c */

int damon_call_ending(struct damon_ctx *ctx, struct damon_call_control *control);
void damon_close_requests(struct damon_ctx *ctx);
void damon_serve_calls(struct damon_ctx *ctx, bool all);
bool damon_begin_walk(struct damon_ctx *ctx);
void damon_show_walk(struct damon_ctx *ctx, struct damon_target *t,
		     struct damon_region *r, struct damos *s,
		     unsigned long sz_filter_passed);
void damon_end_walk(struct damon_ctx *ctx, bool canceled);

/* check.c */

int damon_check_ctx(const struct damon_ctx *ctx);
int damos_check_goals(const struct damos_quota *quota);

/* core.c */

bool damon_has_valid_target(struct damon_ctx *ctx);
void damon_destroy_targets(struct damon_ctx *ctx);
void damon_context_started(struct damon_ctx *ctx);
void damon_context_stopped(struct damon_ctx *ctx);

/* memcg.c */

int damon_find_memcg(const char *path, u64 *id);

/* kdamond.c */

int damon_kdamond_fn(void *data);
void damon_note_samples(struct damon_ctx *ctx);

#endif /* _MM_DAMON_INTERNAL_H */
