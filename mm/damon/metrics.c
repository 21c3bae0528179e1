// SPDX-License-Identifier: GPL-2.0
/*
 * Metrics: what goals of quotas and watermarks look at.
 *
 * Reads the state of the system, and does not know what is done about it.
 */
#include <linux/cleanup.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/psi.h>
#include <linux/sched.h>
#include <linux/vmstat.h>

#include "internal.h"

#ifdef CONFIG_NUMA

/* 1/10000 of @total, which may be odd: states are not read at one moment. */
static unsigned long used_bp(unsigned long used, unsigned long total, bool invert)
{
	if (!total || used > total) {
		used = 1;
		total = 1;
	}
	return damon_mul_div(invert ? total - used : used, 10000, total);
}

static bool node_has_memory(int nid)
{
	return nid >= 0 && nid < MAX_NUMNODES && node_state(nid, N_MEMORY);
}

/* Nothing is used of a node that there is not. */
static unsigned long node_bp(const struct damos_quota_goal *goal)
{
	bool free = goal->metric == DAMOS_QUOTA_NODE_MEM_FREE_BP;
	struct sysinfo info;

	if (!node_has_memory(goal->nid))
		return used_bp(0, 1, free);
	si_meminfo_node(&info, goal->nid);
	/* more free than there is: a large number, which is odd as well */
	return used_bp(info.totalram - info.freeram, info.totalram, free);
}

/* What a cgroup has on the lists that reclaim looks at. */
static unsigned long memcg_pages(struct mem_cgroup *memcg, int nid)
{
	struct lruvec *lruvec = mem_cgroup_lruvec(memcg, NODE_DATA(nid));

	mem_cgroup_flush_stats(memcg);
	return lruvec_page_state(lruvec, NR_ACTIVE_ANON) +
		lruvec_page_state(lruvec, NR_INACTIVE_ANON) +
		lruvec_page_state(lruvec, NR_ACTIVE_FILE) +
		lruvec_page_state(lruvec, NR_INACTIVE_FILE);
}

/*
 * The look-up by id knows the default hierarchy only, which need not be the one
 * with the memory controller, and for a cgroup that has got none of its own it
 * finds the nearest above.  Returns NULL if the cgroup is gone.
 */
static struct mem_cgroup *get_memcg(u64 id)
{
	struct mem_cgroup *memcg = mem_cgroup_get_from_id(id);

	if (memcg && mem_cgroup_id(memcg) == id)
		return memcg;
	mem_cgroup_put(memcg);
	memcg = mem_cgroup_iter(NULL, NULL, NULL);
	while (memcg && mem_cgroup_id(memcg) != id) {
		memcg = mem_cgroup_iter(NULL, memcg, NULL);
		cond_resched();
	}
	return memcg;
}

static unsigned long node_memcg_bp(const struct damos_quota_goal *goal)
{
	bool free = goal->metric == DAMOS_QUOTA_NODE_MEMCG_FREE_BP;
	struct mem_cgroup *memcg = NULL;
	struct sysinfo info;
	unsigned long used;

	if (node_has_memory(goal->nid))
		memcg = get_memcg(goal->memcg_id);
	if (!memcg)
		return used_bp(0, 1, free);
	used = memcg_pages(memcg, goal->nid);
	mem_cgroup_put(memcg);
	si_meminfo_node(&info, goal->nid);
	return used_bp(used, info.totalram, free);
}

/*
 * Pages that are looked at in all of the memory, by size, and one more in each region.  The
 * kdamond does nothing else meanwhile, and so many are off by half a percent at most.
 */
#define NR_LOOKS	8192

static bool is_eligible(struct damon_ctx *ctx, struct damon_target *t,
			struct damon_region *r, struct damos *s)
{
	if (ctx->ops.target_valid && !ctx->ops.target_valid(t))
		return false;
	return damos_pattern_matches(&s->pattern, r, ctx);
}

static u64 eligible_sz(struct damon_ctx *ctx, struct damos *s)
{
	struct damon_target *t;
	struct damon_region *r;
	u64 sz = 0;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			if (is_eligible(ctx, t, r, s))
				sz = damon_add(sz, damon_sz_region(r));
			cond_resched();
		}
	}
	return sz;
}

/* Share of a node in the memory that a scheme looks for. */
static unsigned long node_eligible_bp(struct damon_ctx *ctx, struct damos *s,
				      int nid)
{
	u64 here = 0, anywhere = 0, sz;
	struct damon_target *t;
	struct damon_region *r;

	if (!node_has_memory(nid) || !ctx->ops.size_on_node)
		return 0;
	sz = eligible_sz(ctx, s);
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			unsigned long any = 0, nr_looks;

			if (!is_eligible(ctx, t, r, s))
				continue;
			nr_looks = damon_mul_div(damon_sz_region(r), NR_LOOKS, sz) + 1;
			here = damon_add(here, ctx->ops.size_on_node(ctx, r, nid, nr_looks,
								     &any));
			anywhere = damon_add(anywhere, any);
			cond_resched();
		}
	}
	return anywhere ? min(damon_mul_div(here, 10000, anywhere), 10000ULL) : 0;
}

#else /* CONFIG_NUMA */

static unsigned long node_bp(const struct damos_quota_goal *goal)
{
	return 0;
}

static unsigned long node_memcg_bp(const struct damos_quota_goal *goal)
{
	return 0;
}

static unsigned long node_eligible_bp(struct damon_ctx *ctx, struct damos *s,
				      int nid)
{
	return 0;
}

#endif /* CONFIG_NUMA */

static unsigned long lru_bp(bool active)
{
	unsigned long nr_active = global_node_page_state(NR_ACTIVE_ANON) +
		global_node_page_state(NR_ACTIVE_FILE);
	unsigned long nr_inactive = global_node_page_state(NR_INACTIVE_ANON) +
		global_node_page_state(NR_INACTIVE_FILE);

	return damon_mul_div(active ? nr_active : nr_inactive, 10000,
			     max(nr_active + nr_inactive, 1UL));
}

#ifdef CONFIG_PSI

static bool has_psi(void)
{
	return !static_branch_likely(&psi_disabled);
}

/*
 * Time that tasks had waited for memory since boot, us, when it was summed up last, which
 * is about every two seconds.
 */
static u64 psi_total(u64 *as_of)
{
	guard(mutex)(&psi_system.avgs_lock);
	*as_of = psi_system.avg_last_update;
	return div_u64(psi_system.avg_total[PSI_MEM_SOME], NSEC_PER_USEC);
}

#else /* CONFIG_PSI */

static bool has_psi(void)
{
	return false;
}

static u64 psi_total(u64 *as_of)
{
	return 0;
}

#endif /* CONFIG_PSI */

/*
 * True if there is something that measures it.  A value of zero instead would be a goal
 * that is never reached, whatever the scheme does for it.
 */
bool damos_can_measure(enum damos_quota_goal_metric metric)
{
	return metric != DAMOS_QUOTA_SOME_MEM_PSI_US || has_psi();
}

/*
 * Waiting time, for the length of the charge window that is over.  If there is only one
 * end of it yet, the value is one that makes the goal change nothing.
 */
static void measure_psi(const struct damos_quota *quota, struct damos_quota_goal *goal,
			u64 now)
{
	bool go_on = quota->goal_tuner == DAMOS_QUOTA_GOAL_TUNER_TEMPORAL &&
		quota->esz;
	u64 as_of = 0, total = psi_total(&as_of);

	if (goal->last_psi_total == U64_MAX) {
		goal->current_value = go_on ? 0 : goal->target_value;
		goal->last_psi_total = total;
		goal->last_psi_ns = as_of;
		goal->followed = false;
		return;
	}
	damos_goal_grow(goal, total, as_of, now - quota->window_start_ns);
}

static void measure_goal(struct damon_ctx *ctx, struct damos *s,
			 struct damos_quota_goal *goal)
{
	if (goal->metric == DAMOS_QUOTA_SOME_MEM_PSI_US) {
		measure_psi(&s->quota, goal, ctx->now);
		return;
	}
	/* what users say is new when they say it: each commit makes new goals */
	if (goal->metric == DAMOS_QUOTA_USER_INPUT)
		return;
	goal->followed = false;
	switch (goal->metric) {
	case DAMOS_QUOTA_NODE_MEM_USED_BP:
	case DAMOS_QUOTA_NODE_MEM_FREE_BP:
		goal->current_value = node_bp(goal);
		break;
	case DAMOS_QUOTA_NODE_MEMCG_USED_BP:
	case DAMOS_QUOTA_NODE_MEMCG_FREE_BP:
		goal->current_value = node_memcg_bp(goal);
		break;
	case DAMOS_QUOTA_ACTIVE_MEM_BP:
	case DAMOS_QUOTA_INACTIVE_MEM_BP:
		goal->current_value = lru_bp(goal->metric ==
					     DAMOS_QUOTA_ACTIVE_MEM_BP);
		break;
	case DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP:
		goal->current_value = node_eligible_bp(ctx, s, goal->nid);
		break;
	default:
		break;
	}
}

/**
 * damos_measure_goals() - Measure what the goals of a scheme look at.
 * @ctx:	The context.
 * @s:		One of its schemes.
 *
 * To be called once per charge window, when it begins.
 *
 * Context: Worker.
 */
void damos_measure_goals(struct damon_ctx *ctx, struct damos *s)
{
	struct damos_quota_goal *goal;

	damos_for_each_quota_goal(goal, &s->quota)
		measure_goal(ctx, s, goal);
}

/* Current value of a watermark metric, in its unit. */
unsigned long damos_wmark_value(enum damos_wmark_metric metric)
{
	if (metric != DAMOS_WMARK_FREE_MEM_RATE)
		return 0;
	return damon_mul_div(global_zone_page_state(NR_FREE_PAGES), 1000,
			     max(totalram_pages(), 1UL));
}
