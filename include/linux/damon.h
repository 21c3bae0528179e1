/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Data access monitoring: which memory is used, how often, since when.
 *
 * A context (&struct damon_ctx) is run by one kernel thread, its kdamond.  The
 * context owns targets, a target owns regions, and a region carries the access
 * rate and the age that the kdamond observed for an address range.  Schemes
 * (&struct damos) act on regions of a given access pattern.  An operations set
 * (&struct damon_operations) supplies everything that depends on the kind of
 * address space.
 *
 * Ownership and locking: whatever is added to a context belongs to it.  While
 * the context runs, only its kdamond touches attributes, targets, regions and
 * schemes; everybody else gets there through damon_call() and damos_walk().
 * While it does not run, it belongs to whoever made it.
 *
 * The lines "Context:" below use three words.  Setup: the context does not
 * run, and the caller owns it.  Worker: inside the kdamond, that is in callbacks
 * of operations sets, damon_call() and damos_walk().  Anywhere: any context
 * that may sleep.
 *
 * Callbacks of damos_walk() and operations sets are called while somebody goes
 * through targets, regions and schemes.  They must not add or remove any, but for
 * the regions that a set follows memory with in its init and update callbacks.
 */
#ifndef _LINUX_DAMON_H
#define _LINUX_DAMON_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/types.h>

struct task_struct;
struct damon_ctx;

/* Default of &damon_ctx.min_region_sz, and the grain of vaddr area borders. */
#define DAMON_MIN_REGION_SZ	PAGE_SIZE
/* Priority scores of schemes are in [0, DAMOS_MAX_SCORE]. */
#define DAMOS_MAX_SCORE		99
/* Number of data attribute probes that a region can count hits of. */
#define DAMON_MAX_PROBES	4

/**
 * struct damon_addr_range - Half-open address range.
 * @start:	First address (core address units).
 * @end:	Address behind the last one.
 */
struct damon_addr_range {
	unsigned long start;
	unsigned long end;
};

/**
 * struct damon_size_range - Closed range of sizes.
 * @min:	Smallest size that is inside, bytes.
 * @max:	Largest size that is inside, bytes.
 */
struct damon_size_range {
	unsigned long min;
	unsigned long max;
};

/**
 * struct damon_region - Address range whose memory is accessed alike.
 * @ar:			Where it is.  Never empty.
 * @sampling_addr:	Address whose access check is pending.  A value outside
 *			of @ar means that none is.
 * @nr_accesses:	Samples of the running window that saw an access.  When a window
 *			ends it becomes what a full one of damon_max_nr_accesses()
 *			answered samples would show at the rate of this window and those
 *			before, unless they contradict each other.
 * @nr_accesses_bp:	1/10000 of accesses per window: @nr_accesses times 10000 at the
 *			end of the last one.  damon_nr_accesses_mvsum() is for any
 *			moment.
 * @age:		For how many windows @nr_accesses has been about the same.
 *			A window without any answer leaves that of cold memory as it is.
 * @probe_hits:		Per probe, answered samples of the running window whose memory
 *			it hit, 255 at most.  When a window ends it is scaled to what a
 *			full one would show.
 *
 * 64 bytes: a thousand regions fit into sixteen pages, and a region into one
 * cache line.
 */
struct damon_region {
	struct damon_addr_range ar;
	unsigned long sampling_addr;
	unsigned int nr_accesses;
	unsigned int nr_accesses_bp;
	unsigned int age;
	unsigned char probe_hits[DAMON_MAX_PROBES];

	/* private: */
	struct list_head list;		/* in damon_target.regions_list */
	unsigned int nr_samples;	/* answered samples of this window */
	unsigned int rate:20;		/* by earlier windows, of DAMON_FULL_RATE */
	unsigned int worth:6;		/* samples that @rate is worth, 0: unknown */
	unsigned int lru_refs:2;	/* of the sample's folio when it was begun */
	unsigned int late:1;		/* the sample was begun between two turns */
	unsigned int untouched:1;	/* by the last sweep, and by all samples since */
	unsigned int unseen:1;		/* the same of the sweep under way, so far */
	unsigned int looked:1;		/* a scheme has made its memory old, at this age */
};

/**
 * struct damon_reach - How far the TLB hides accesses to a target.
 * @nr_flushes:	TLB flushes that were made to see them.
 */
struct damon_reach {
	unsigned long nr_flushes;

	/* private: */
	u64 cpu_ns;			/* of the process, when the window ... */
	u64 begin_ns;			/* ... began */
	unsigned int tick;		/* of the window */
	unsigned int nr_hits;		/* samples that saw an access, of ... */
	unsigned int nr_samples;	/* ... those of the window with an answer */
	unsigned int nr_before;		/* accesses seen right before the flush */
	unsigned int nr_with;		/* accesses that trials have seen behind flushes ... */
	unsigned int nr_without;	/* ... and right before */
	unsigned int wait;		/* windows until another trial */
	unsigned int backoff;
	bool window_opens;
	bool silent;			/* without flushes nothing is seen */
	bool trial;			/* whether there is one flush to find out */
	bool flushed;			/* in the last tick */
};

/* What the regions of a target were fitted to. */
struct damon_layout {
	bool known;
	unsigned int seq;		/* of the mmap lock's writers */
	u64 exec_id;			/* of the process */
	unsigned long grain;		/* of the borders */
};

#define DAMON_MAX_SPOTS		32

/* Pages of a target that differ from their regions, or may do so, by address. */
struct damon_spots {
	unsigned int nr;
	unsigned int next;		/* to be looked at in this interval */
	unsigned int turn;		/* in which they were looked at last */
	struct damon_spot {
		unsigned long addr;
		unsigned int share:20;	/* of all looks at the region, those that agree */
		unsigned int chance:6;	/* pages that would agree so far, 0: it differs */
		unsigned int hot:1;	/* the page, and not the region */
		unsigned int lru_refs:2; /* of the folio when it was made old (paddr) */
	} spots[DAMON_MAX_SPOTS];
};

/**
 * struct damon_target - Address space that a context monitors.
 * @pid:	Process whose address space it is (vaddr and fvaddr).  The target
 *		holds a reference, which ops.cleanup_target() drops.
 * @obsolete:	In the source of damon_commit_ctx() only: remove the target of
 *		this index from the destination instead of updating it.
 * @reach:	What is known about the TLB of its process (vaddr and fvaddr).
 */
struct damon_target {
	struct pid *pid;
	bool obsolete;
	struct damon_reach reach;

	/* private: */
	bool lacks_samples;		/* regions may be without one (vaddr) */
	bool secluded;			/* only its own threads use its memory (vaddr) */
	unsigned long nr_sleeps;	/* of its threads, 0: some are awake (vaddr) */
	unsigned int nr_slept;		/* ticks without a thread awake (vaddr) */
	struct damon_layout layout;	/* of its address space (vaddr) */
	u64 lock_missed_ns;		/* when its mmap lock was waited for in vain (vaddr) */
	unsigned int nr_regions;	/* entries of regions_list */
	struct list_head regions_list;	/* disjoint, ascending */
	struct list_head list;		/* in damon_ctx.adaptive_targets */
	struct damon_spots spots;
	struct damon_sweep *sweep;	/* NULL: nothing can be seen from above */
};

/**
 * enum damos_action - What a scheme does with the memory it selects.
 * @DAMOS_WILLNEED:	Advise that it is needed soon (MADV_WILLNEED).
 * @DAMOS_COLD:		Deactivate it (MADV_COLD).
 * @DAMOS_PAGEOUT:	Reclaim it.
 * @DAMOS_HUGEPAGE:	Allow huge pages for it (MADV_HUGEPAGE).
 * @DAMOS_NOHUGEPAGE:	Forbid huge pages for it (MADV_NOHUGEPAGE).
 * @DAMOS_COLLAPSE:	Collapse it into huge pages at once (MADV_COLLAPSE).
 * @DAMOS_LRU_PRIO:	Move it up on its LRU list.
 * @DAMOS_LRU_DEPRIO:	Move it down on its LRU list.
 * @DAMOS_MIGRATE_HOT:	Migrate it, the hottest first.
 * @DAMOS_MIGRATE_COLD:	Migrate it, the coldest first.
 * @DAMOS_STAT:		Change nothing, only count.
 * @NR_DAMOS_ACTIONS:	Number of actions.
 */
enum damos_action {
	DAMOS_WILLNEED,
	DAMOS_COLD,
	DAMOS_PAGEOUT,
	DAMOS_HUGEPAGE,
	DAMOS_NOHUGEPAGE,
	DAMOS_COLLAPSE,
	DAMOS_LRU_PRIO,
	DAMOS_LRU_DEPRIO,
	DAMOS_MIGRATE_HOT,
	DAMOS_MIGRATE_COLD,
	DAMOS_STAT,
	NR_DAMOS_ACTIONS,
};

/**
 * struct damos_access_pattern - Regions that a scheme looks for.
 * @min_sz_region:	Smallest size (core address units).
 * @max_sz_region:	Largest size.
 * @min_nr_accesses:	Lowest number of accesses per window.
 * @max_nr_accesses:	Highest number of accesses per window.
 * @min_age_region:	Lowest age (windows).
 * @max_age_region:	Highest age.
 *
 * All bounds are inclusive.  A pattern whose minimum is above its maximum
 * matches nothing.
 */
struct damos_access_pattern {
	unsigned long min_sz_region;
	unsigned long max_sz_region;
	unsigned int min_nr_accesses;
	unsigned int max_nr_accesses;
	unsigned int min_age_region;
	unsigned int max_age_region;
};

/**
 * enum damos_quota_goal_metric - What an aim-oriented quota is steered by.
 * @DAMOS_QUOTA_USER_INPUT:		Value that the user feeds in.  Each one is used once.
 * @DAMOS_QUOTA_SOME_MEM_PSI_US:	"Some" memory stall time per quota window, us.
 * @DAMOS_QUOTA_NODE_MEM_USED_BP:	Used share of a node's memory, 1/10000.
 * @DAMOS_QUOTA_NODE_MEM_FREE_BP:	Free share of a node's memory, 1/10000.
 * @DAMOS_QUOTA_NODE_MEMCG_USED_BP:	Share of a node that a cgroup uses, 1/10000.
 * @DAMOS_QUOTA_NODE_MEMCG_FREE_BP:	Share of a node that it does not, 1/10000.
 * @DAMOS_QUOTA_ACTIVE_MEM_BP:		Active share of LRU memory, 1/10000.
 * @DAMOS_QUOTA_INACTIVE_MEM_BP:	Inactive share of LRU memory, 1/10000.
 * @DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP:	Share of eligible memory on a node, 1/10000.
 * @NR_DAMOS_QUOTA_GOAL_METRICS:	Number of metrics.
 */
enum damos_quota_goal_metric {
	DAMOS_QUOTA_USER_INPUT,
	DAMOS_QUOTA_SOME_MEM_PSI_US,
	DAMOS_QUOTA_NODE_MEM_USED_BP,
	DAMOS_QUOTA_NODE_MEM_FREE_BP,
	DAMOS_QUOTA_NODE_MEMCG_USED_BP,
	DAMOS_QUOTA_NODE_MEMCG_FREE_BP,
	DAMOS_QUOTA_ACTIVE_MEM_BP,
	DAMOS_QUOTA_INACTIVE_MEM_BP,
	DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP,
	NR_DAMOS_QUOTA_GOAL_METRICS,
};

/**
 * enum damos_quota_goal_tuner - How a goal turns into a quota.
 * @DAMOS_QUOTA_GOAL_TUNER_CONSIST:	Feedback loop towards a lasting quota.
 * @DAMOS_QUOTA_GOAL_TUNER_TEMPORAL:	All or nothing until the goal is met.
 */
enum damos_quota_goal_tuner {
	DAMOS_QUOTA_GOAL_TUNER_CONSIST,
	DAMOS_QUOTA_GOAL_TUNER_TEMPORAL,
};

/**
 * struct damos_quota_goal - One aim of a quota.
 * @metric:		What to measure.
 * @target_value:	Value to reach, in the metric's unit.  Not zero.
 * @current_value:	Last measured value, or the user's input.
 * @nid:		Node that the node metrics look at.
 * @memcg_id:		Memory cgroup that the node-memcg metrics look at.
 */
struct damos_quota_goal {
	enum damos_quota_goal_metric metric;
	unsigned long target_value;
	unsigned long current_value;
	int nid;
	u64 memcg_id;

	/* private: */
	u64 last_psi_total;		/* U64_MAX: none yet */
	u64 last_psi_ns;		/* when it was that */
	bool mixed;			/* what grows is not of this limit alone */
	bool followed;			/* the limit has followed @current_value */
	struct list_head list;		/* in damos_quota.goals */
};

/**
 * struct damos_quota - Upper limit of what a scheme does per charge window.
 * @reset_interval:	Length of the charge window, ms.
 * @ms:			Time limit per window, ms.  Zero: none.
 * @sz:			Size limit per window (core address units).  Zero: none.
 * @goals:		Aims that tune the limit, &struct damos_quota_goal.
 * @goal_tuner:		How they tune it.
 * @esz:		Limit in effect (core address units).  Result.
 * @fail_charge_num:	Numerator of the share of failed memory that is charged.
 * @fail_charge_denom:	Its denominator.  Zero: failed memory is charged fully.
 * @weight_sz:		Weight of the size in the priority score.
 * @weight_nr_accesses:	Weight of the access rate.
 * @weight_age:		Weight of the age.
 *
 * The smallest of the limits that are set holds.  Goals are a limit, too, and may
 * tune it down to nothing.
 */
struct damos_quota {
	unsigned long reset_interval;
	unsigned long ms;
	unsigned long sz;
	struct list_head goals;
	enum damos_quota_goal_tuner goal_tuner;
	unsigned long esz;

	unsigned int fail_charge_num;
	unsigned int fail_charge_denom;

	unsigned int weight_sz;
	unsigned int weight_nr_accesses;
	unsigned int weight_age;

	/* private: */
	u64 work_sz;			/* size of recent work, decaying */
	u64 work_ns;			/* time that @work_sz took */
	bool window_open;		/* there has been a charge window */
	u64 window_start_ns;
	unsigned long charged_sz;	/* charged in this window */
	u64 window_sz;			/* handed to the action in it */
	u64 window_ns;			/* time the action took in it */
	u64 other_ns;			/* time that went to other things, of the same limit */
	unsigned long slice_sz;		/* most that may be handed over at once */
	/* where the next window takes over, NULL: at the beginning */
	struct damon_target *charge_target_from;
	unsigned long charge_addr_from;
	bool cut_short;			/* time was up before all behind it */
	/* the pass under way; "in front" is in front of that place */
	bool selective;			/* what is eligible does not fit */
	bool wraps;			/* the rest reaches into what is in front */
	unsigned int min_score;		/* lower scores have to wait */
	unsigned long min_score_left;	/* size that may be served of @min_score */
	unsigned int place_idx;		/* index of the place's target when the pass began */
	unsigned long place_addr;	/* address of the place then */
	/* goals */
	u64 esz_bp;			/* limit by the goals, times 10000 */
	bool start_over;		/* that one is the other tuner's */
	bool esz_held;			/* it is what it was a window before */
	int goal_score;			/* score that it follows, < 0: none yet */
	int goal_step;			/* by how much that one had changed */
	int goal_away;			/* windows that it has moved away, < 0: down */
};

/**
 * enum damos_wmark_metric - What switches a scheme on and off.
 * @DAMOS_WMARK_NONE:		Nothing, it is always on.
 * @DAMOS_WMARK_FREE_MEM_RATE:	Free memory of the system, 1/1000.
 * @NR_DAMOS_WMARK_METRICS:	Number of metrics.
 */
enum damos_wmark_metric {
	DAMOS_WMARK_NONE,
	DAMOS_WMARK_FREE_MEM_RATE,
	NR_DAMOS_WMARK_METRICS,
};

/**
 * struct damos_watermarks - When a scheme is on.
 * @metric:	What to look at.
 * @interval:	Time between two looks while the scheme is off, us.
 * @high:	Above it, the scheme is switched off.
 * @mid:	Below it (and not below @low), the scheme is switched on.
 * @low:	Below it, the scheme is switched off.
 */
struct damos_watermarks {
	enum damos_wmark_metric metric;
	unsigned long interval;
	unsigned long high;
	unsigned long mid;
	unsigned long low;

	/* private: */
	bool activated;
};

/**
 * struct damos_stat - What a scheme did, since it exists.
 * @nr_tried:		Regions that it was tried on.
 * @sz_tried:		Their size (core address units).
 * @nr_applied:		Regions of which something was changed.
 * @sz_applied:		Size of what was changed.
 * @sz_ops_filter_passed: Size that passed the operations set's filters.
 * @qt_exceeds:		Charge windows in which the quota was used up.
 * @nr_snapshots:	Complete passes over all regions.
 */
struct damos_stat {
	unsigned long nr_tried;
	unsigned long sz_tried;
	unsigned long nr_applied;
	unsigned long sz_applied;
	unsigned long sz_ops_filter_passed;
	unsigned long qt_exceeds;
	unsigned long nr_snapshots;
};

/**
 * enum damos_filter_type - Kind of memory that a filter knows.
 * @DAMOS_FILTER_TYPE_ANON:		Anonymous folios.
 * @DAMOS_FILTER_TYPE_ACTIVE:		Folios on an active LRU list.
 * @DAMOS_FILTER_TYPE_MEMCG:		Folios charged to a memory cgroup.
 * @DAMOS_FILTER_TYPE_YOUNG:		Folios accessed since the last look.
 * @DAMOS_FILTER_TYPE_HUGEPAGE_SIZE:	Folios of a range of sizes.
 * @DAMOS_FILTER_TYPE_UNMAPPED:		Folios that no page table maps.
 * @DAMOS_FILTER_TYPE_ADDR:		An address range.
 * @DAMOS_FILTER_TYPE_TARGET:		A target of the context.
 * @NR_DAMOS_FILTER_TYPES:		Number of types.
 */
enum damos_filter_type {
	DAMOS_FILTER_TYPE_ANON,
	DAMOS_FILTER_TYPE_ACTIVE,
	DAMOS_FILTER_TYPE_MEMCG,
	DAMOS_FILTER_TYPE_YOUNG,
	DAMOS_FILTER_TYPE_HUGEPAGE_SIZE,
	DAMOS_FILTER_TYPE_UNMAPPED,
	DAMOS_FILTER_TYPE_ADDR,
	DAMOS_FILTER_TYPE_TARGET,
	NR_DAMOS_FILTER_TYPES,
};

/**
 * struct damos_filter - Admits memory to a scheme, or keeps it out.
 * @type:	Kind of memory.
 * @matching:	Decide about memory of that kind (true), or all other (false).
 * @allow:	The decision: admit (true) or keep out (false).
 * @below:	The cgroups below @memcg_id are meant, too.
 * @memcg_id:	Cgroup, for %DAMOS_FILTER_TYPE_MEMCG.
 * @addr_range:	Addresses, for %DAMOS_FILTER_TYPE_ADDR.
 * @target_idx:	Position of the target, for %DAMOS_FILTER_TYPE_TARGET.
 * @sz_range:	Sizes in bytes, for %DAMOS_FILTER_TYPE_HUGEPAGE_SIZE.
 */
struct damos_filter {
	enum damos_filter_type type;
	bool matching;
	bool allow;
	bool below;
	union {
		u64 memcg_id;
		struct damon_addr_range addr_range;
		int target_idx;
		struct damon_size_range sz_range;
	};

	/* private: */
	struct list_head list;		/* in damos.core_filters or .ops_filters */
};

/**
 * struct damos_migrate_dests - Nodes to migrate to, and in which proportion.
 * @node_id_arr:	Node ids.
 * @weight_arr:		Their weights.
 * @nr_dests:		Length of both arrays.
 */
struct damos_migrate_dests {
	unsigned int *node_id_arr;
	unsigned int *weight_arr;
	size_t nr_dests;
};

/*
 * Why memory that a scheme tried was left alone.  The rest of what it was not applied to is
 * in use, dirty, pinned, or already as it is to be.
 */
enum damos_left {
	DAMOS_LEFT_ABSENT,		/* nothing that any scheme could act on */
	DAMOS_LEFT_FILTERED,		/* filters of the operations set keep it out */
	DAMOS_LEFT_YOUNG,		/* it has just been accessed */
	DAMOS_LEFT_NO_ROOM,		/* swap has no place for it, or a cgroup may keep it */
	DAMOS_LEFT_UNEVICTABLE,		/* it is locked in memory */
	NR_DAMOS_LEFT,
};

/**
 * struct damos - Operation scheme: an action for memory of an access pattern.
 * @pattern:		Regions to select.
 * @action:		What to do with them.
 * @apply_interval_us:	Time between two passes, us.  Zero: a pass whenever a window
 *			has ended.
 * @quota:		How much of it per time.
 * @wmarks:		When to do it at all.
 * @target_nid:		Node to migrate to, if @migrate_dests is empty.
 * @migrate_dests:	Nodes to migrate to.
 * @core_filters:	Filters that the core evaluates per region.
 * @ops_filters:	Filters that the operations set evaluates per folio.
 * @last_applied:	The operations set's own note about the previous region,
 *			%NULL when a pass reaches a target.
 * @stat:		What it did so far.
 * @max_nr_snapshots:	Stop after so many passes.  Zero: never.
 * @index:		Its place among the schemes of the context, from 0.  Set when
 *			a pass begins, and right until it ends.
 */
struct damos {
	struct damos_access_pattern pattern;
	enum damos_action action;
	unsigned long apply_interval_us;
	struct damos_quota quota;
	struct damos_watermarks wmarks;
	int target_nid;
	struct damos_migrate_dests migrate_dests;
	struct list_head core_filters;
	struct list_head ops_filters;
	void *last_applied;
	struct damos_stat stat;
	unsigned long max_nr_snapshots;
	unsigned int index;

	/* private: */
	u64 next_apply_ns;		/* of the next pass, unless that is a window's end */
	bool due;			/* takes part in the pass under way */
	bool served;			/* gets nothing more in it */
	unsigned long tried_until;	/* the target has been tried up to here */
	bool walked;			/* damos_walk() has seen a pass of it */
	unsigned long sz_absent;	/* of the region, nothing that it could act on */
	unsigned long sz_waiting;	/* of the region, made old: its turn comes if it stays so */
	unsigned long sz_waiting_pass;	/* @sz_waiting of all regions of this pass */
	bool looks;			/* makes memory old before it acts on it */
	bool looking;			/* that is all it is to do with the region at hand */
	struct damos_quota look_quota;	/* what it may look at */
	u64 sz_left[NR_DAMOS_LEFT];	/* of all that it tried so far, by operations sets */
	bool spares_young;		/* although no filter says so (vaddr) */
	unsigned long judged_until;	/* end of what core filters have judged */
	bool core_filters_rejected;	/* their answer was no */
	bool core_filters_allowed;	/* it was yes, by one of them */
	struct list_head list;		/* in damon_ctx.schemes */
};

/**
 * enum damon_filter_type - Kind of memory that a filter of a probe knows.
 * @DAMON_FILTER_TYPE_ANON:	Anonymous folios.
 * @DAMON_FILTER_TYPE_MEMCG:	Folios charged to a memory cgroup.
 */
enum damon_filter_type {
	DAMON_FILTER_TYPE_ANON,
	DAMON_FILTER_TYPE_MEMCG,
};

/**
 * struct damon_filter - Lets a probe hit memory, or keeps it from that.
 * @type:	Kind of memory.
 * @matching:	Decide about memory of that kind (true), or all other (false).
 * @allow:	The decision: a hit (true) or none (false).
 * @memcg_id:	Cgroup, for %DAMON_FILTER_TYPE_MEMCG.
 *
 * Memory of which nothing is known is of no kind.
 */
struct damon_filter {
	enum damon_filter_type type;
	bool matching;
	bool allow;
	union {
		u64 memcg_id;
	};

	/* private: */
	struct list_head list;		/* in damon_probe.filters */
};

/**
 * struct damon_probe - Data attribute whose share of a region is of interest.
 * @filters:	What has the attribute, use damon_for_each_filter().
 * @weight:	What it counts beside the other probes of the context.
 *
 * The first filter that decides about the memory at hand tells whether the probe
 * hits it.  If none does, the opposite of what the last one says holds.  Without
 * filters everything is a hit.
 *
 * Position in the context's list is the index in &damon_region.probe_hits.
 *
 * If any probe of a context has a weight, attributes are monitored instead of accesses:
 * regions are memory that the probes hit equally often, by the weighted sum of their hits,
 * and grow older while that lasts.  &damon_region.nr_accesses stays zero, and intervals are
 * not tuned.  For physical addresses only.
 */
struct damon_probe {
	struct list_head filters;
	unsigned int weight;

	/* private: */
	struct list_head list;		/* in damon_ctx.probes */
};

/**
 * enum damon_ops_id - Identifier of an operations set.
 * @DAMON_OPS_VADDR:	Virtual address spaces, regions follow the mappings.
 * @DAMON_OPS_FVADDR:	Fixed ranges of virtual address spaces.
 * @DAMON_OPS_PADDR:	The physical address space.
 * @NR_DAMON_OPS:	Number of identifiers.
 */
enum damon_ops_id {
	DAMON_OPS_VADDR,
	DAMON_OPS_FVADDR,
	DAMON_OPS_PADDR,
	NR_DAMON_OPS,
};

/**
 * struct damon_operations - What depends on the kind of address space.
 * @id:			Which operations set this is.
 * @init:		Make the context ready, once per start.
 * @update:		Follow changes of the address spaces, once per update
 *			interval.
 * @prepare_access_checks: Begin a sample for every region without a pending one.
 * @check_accesses:	Finish the pending samples, and count them with
 *			damon_update_region_access_rate().  May begin the next ones.
 *			Nobody looks at what it returns.
 * @apply_probes:	Count the hits of the data attribute probes for the samples
 *			that @check_accesses has just finished, or, while attributes
 *			are monitored instead of accesses, for samples of its own.
 *			Not called while the context has no probes.
 * @get_scheme_score:	Priority of a region for a scheme, [0, DAMOS_MAX_SCORE].
 * @apply_scheme:	Carry out a scheme's action on a region.  Returns the size
 *			(core address units) of what was changed, and adds what
 *			passed its filters to the last argument.
 * @size_on_node:	How much of a region's memory is on a node (core address
 *			units).  What is on any node goes to the last argument.  May
 *			look at no more pages than it is told, and estimate.
 * @target_valid:	Returns true if the target can still be monitored.
 * @cleanup_target:	Drop what the target refers to.
 *
 * Every callback but @id is optional, and runs in the kdamond; @cleanup_target
 * also in whoever destroys a target or a context.
 */
struct damon_operations {
	enum damon_ops_id id;
	void (*init)(struct damon_ctx *ctx);
	void (*update)(struct damon_ctx *ctx);
	void (*prepare_access_checks)(struct damon_ctx *ctx);
	unsigned int (*check_accesses)(struct damon_ctx *ctx);
	void (*apply_probes)(struct damon_ctx *ctx);
	int (*get_scheme_score)(struct damon_ctx *ctx, struct damon_region *r,
				struct damos *s);
	unsigned long (*apply_scheme)(struct damon_ctx *ctx,
				      struct damon_target *t,
				      struct damon_region *r, struct damos *s,
				      unsigned long *sz_filter_passed);
	unsigned long (*size_on_node)(struct damon_ctx *ctx,
				      struct damon_region *r, int nid,
				      unsigned long nr_looks,
				      unsigned long *sz_any_node);
	bool (*target_valid)(struct damon_target *t);
	void (*cleanup_target)(struct damon_target *t);
};

/**
 * struct damos_walk_control - Request to see the regions that schemes act on.
 * @walk_fn:	Called in the kdamond for each region right after a scheme was
 *		applied to it, with @data, the context, target, region, scheme,
 *		and the size that passed the operations set's filters.
 * @data:	First argument of @walk_fn.
 */
struct damos_walk_control {
	void (*walk_fn)(void *data, struct damon_ctx *ctx,
			struct damon_target *t, struct damon_region *r,
			struct damos *s, unsigned long sz_filter_passed);
	void *data;

	/* private: */
	struct completion completion;
	bool canceled;
	bool begun;			/* some pass is shown from its beginning */
	bool given_up;			/* whoever waited was killed */
};

/**
 * struct damon_call_control - Request to run a function in the kdamond.
 * @fn:			The function.
 * @data:		Its argument.
 * @repeat:		Run it once per sampling interval until the kdamond ends.
 *			damon_call() does not wait then.
 * @return_code:	What @fn returned last.
 * @dealloc_on_cancel:	With @repeat: kfree() this structure when the kdamond
 *			ends.
 */
struct damon_call_control {
	int (*fn)(void *data);
	void *data;
	bool repeat;
	int return_code;
	bool dealloc_on_cancel;

	/* private: */
	struct completion completion;
	bool canceled;
	struct list_head list;		/* in damon_ctx.calls, or in damon_ctx.repeated */
};

/**
 * struct damon_intervals_goal - What the sampling interval is tuned for.
 * @access_bp:		Wanted ratio of observed to possible accesses, 1/10000.
 * @aggrs:		Tune once per so many windows.  Zero: never.
 * @min_sample_us:	Lower bound of the tuned sampling interval, us.
 * @max_sample_us:	Upper bound, us.
 */
struct damon_intervals_goal {
	unsigned long access_bp;
	unsigned long aggrs;
	unsigned long min_sample_us;
	unsigned long max_sample_us;
};

/**
 * struct damon_attrs - How a context monitors.
 * @sample_interval:	Length of a sampling interval, us: a region has one sample in
 *			each at most.  Zero counts as one where it divides.
 * @aggr_interval:	Length of a window, us.  Not below @sample_interval.
 * @ops_update_interval: Time between two looks for changed address spaces, us.
 * @intervals_goal:	Lets the first two tune themselves.
 * @min_nr_regions:	Lower bound of the number of regions.  At least 3, and not so
 *			many that they take more than an eighth of all memory.
 * @max_nr_regions:	Upper bound.  Not below @min_nr_regions.
 * @aggr_samples:	Samples per window, kept constant by the tuning.  Set by
 *			damon_set_attrs(); callers leave it zero.
 */
struct damon_attrs {
	unsigned long sample_interval;
	unsigned long aggr_interval;
	unsigned long ops_update_interval;
	struct damon_intervals_goal intervals_goal;
	unsigned long min_nr_regions;
	unsigned long max_nr_regions;
	unsigned long aggr_samples;
};

/* What a kdamond costs, ns of CPU time.  What is in none of the sums went into samples. */
struct damon_costs {
	unsigned int nr_intervals;	/* that the last window had */
	u64 interval_ns;		/* each of them */
	u64 windows_ns;			/* ends of windows, since the beginning */
	u64 schemes_ns;			/* passes */
	u64 updates_ns;			/* of operations sets */
};

/**
 * struct damon_ctx - One monitor: what, how, and what it found.
 * @attrs:		How it monitors.  Set with damon_set_attrs().
 * @ops:		Its operations set.  Set with damon_select_ops().
 * @probes:		Its probes, use damon_for_each_probe().
 * @addr_unit:		Bytes per core address unit (physical address spaces).
 * @min_region_sz:	Smallest region (core address units), a power of two.
 *			damon_min_region_sz() knows which one goes with the unit.
 * @pause:		Neither sample nor apply schemes, only serve requests.
 * @always_on:		Sample also while watermarks have switched all schemes off.
 * @adaptive_targets:	Its targets, use damon_for_each_target().
 * @schemes:		Its schemes, use damon_for_each_scheme().
 * @rnd_state:		State of damon_rand().
 */
struct damon_ctx {
	struct damon_attrs attrs;
	struct damon_operations ops;
	struct list_head probes;
	unsigned long addr_unit;
	unsigned long min_region_sz;
	bool pause;
	bool always_on;
	struct list_head adaptive_targets;
	struct list_head schemes;
	u64 rnd_state;

	/* private: */
	struct kref ref;
	struct mutex stop_lock;			/* a thread has one stopper only */

	/*
	 * What is called for the walk runs under the first lock, so that nobody
	 * takes the walk back meanwhile.  It is taken before the second one.
	 */
	struct mutex walk_lock;
	struct damos_walk_control *walk;

	/*
	 * The worker and the calls to it.  The lock is a leaf: nothing else is
	 * taken under it, no callback runs under it.
	 */
	struct mutex lock;
	struct task_struct *kdamond;		/* NULL: not running */
	bool closed;				/* requests are refused */
	struct list_head calls;			/* damon_call_control.list */
	bool call_waiting;			/* a request is waited for */
	struct completion started;

	/* Only the kdamond uses what follows. */
	struct list_head repeated;		/* the same, once they have been in @calls */

	/* Deadlines, ktime_get_ns(). */
	u64 now;				/* when this turn began */
	u64 next_sample_ns;
	u64 next_aggregation_ns;
	u64 next_ops_update_ns;
	u64 samples_ns;				/* of the samples under way: begun, 0: none */
	u64 checked_ns;				/* the last ones were finished */

	struct damon_attrs user_attrs;		/* before any tuning */
	u64 cpu_ns;				/* CPU time that is not of this window */
	unsigned int nr_turns;			/* turns of this window */
	struct damon_costs costs;
	u64 tune_observed;			/* sum over windows since the last tuning */
	u64 tune_cost_ns;			/* the same, of what a turn costs on average */
	unsigned long tune_windows;		/* number of these windows */
	unsigned int tune_factor;		/* that of it, 1/10000, zero: none yet */
	unsigned long region_sz_limit;		/* largest region that merging makes */
	bool searching;				/* hardly anything hot was found */
	unsigned int look_span;			/* intervals between looks at a region */
	unsigned int nr_intervals;		/* of the window so far */
	unsigned int nr_windows;		/* so far */
	unsigned int first_visitor;		/* region that may visit mappings first (paddr) */
	u64 room_counted;			/* when ... */
	unsigned long room;			/* ... for so many more regions */
	/* eligible memory by score: behind and in front of where to take over */
	unsigned long sz_by_score[2][DAMOS_MAX_SCORE + 1];
	bool maybe_corrupted;			/* a commit failed half way: give up */
};

/**
 * damon_rand() - Draw a pseudo random number.
 * @ctx:	Context whose generator is used.
 * @l:		Lower bound, inclusive.
 * @r:		Upper bound, exclusive.  Above @l.
 *
 * For samples, which need many: a linear congruential generator of 64 bits, with the
 * constants of Knuth's MMIX.  Its upper bits are the good ones, and multiply-and-shift
 * takes those.
 *
 * Context: Worker, or setup.
 * Return: A number in [@l, @r).
 */
static inline unsigned long damon_rand(struct damon_ctx *ctx, unsigned long l,
				       unsigned long r)
{
	ctx->rnd_state = ctx->rnd_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return l + (unsigned long)mul_u64_u64_shr(ctx->rnd_state, r - l, 64);
}

/* Neighbours of a region in its target.  The caller knows that they exist. */
static inline struct damon_region *damon_next_region(struct damon_region *r)
{
	return list_next_entry(r, list);
}

static inline struct damon_region *damon_prev_region(struct damon_region *r)
{
	return list_prev_entry(r, list);
}

/* Outermost regions of a target that has some. */
static inline struct damon_region *damon_first_region(struct damon_target *t)
{
	return list_first_entry(&t->regions_list, struct damon_region, list);
}

static inline struct damon_region *damon_last_region(struct damon_target *t)
{
	return list_last_entry(&t->regions_list, struct damon_region, list);
}

/* Size of a region, core address units. */
static inline unsigned long damon_sz_region(struct damon_region *r)
{
	return r->ar.end - r->ar.start;
}

/*
 * True if anything is known of a region's memory: it could be checked in the window
 * that has just ended, or in the running one so far.
 */
static inline bool damon_region_known(const struct damon_region *r)
{
	return r->nr_samples;
}

#define damon_for_each_filter(f, p) \
	list_for_each_entry(f, &(p)->filters, list)

#define damon_for_each_filter_safe(f, next, p) \
	list_for_each_entry_safe(f, next, &(p)->filters, list)

#define damon_for_each_probe(p, ctx) \
	list_for_each_entry(p, &(ctx)->probes, list)

#define damon_for_each_probe_safe(p, next, ctx) \
	list_for_each_entry_safe(p, next, &(ctx)->probes, list)

#define damon_for_each_region(r, t) \
	list_for_each_entry(r, &(t)->regions_list, list)

#define damon_for_each_region_from(r, t) \
	list_for_each_entry_from(r, &(t)->regions_list, list)

#define damon_for_each_region_safe(r, next, t) \
	list_for_each_entry_safe(r, next, &(t)->regions_list, list)

#define damon_for_each_target(t, ctx) \
	list_for_each_entry(t, &(ctx)->adaptive_targets, list)

#define damon_for_each_target_safe(t, next, ctx) \
	list_for_each_entry_safe(t, next, &(ctx)->adaptive_targets, list)

#define damon_for_each_scheme(s, ctx) \
	list_for_each_entry(s, &(ctx)->schemes, list)

#define damon_for_each_scheme_safe(s, next, ctx) \
	list_for_each_entry_safe(s, next, &(ctx)->schemes, list)

#define damos_for_each_quota_goal(goal, quota) \
	list_for_each_entry(goal, &(quota)->goals, list)

#define damos_for_each_quota_goal_safe(goal, next, quota) \
	list_for_each_entry_safe(goal, next, &(quota)->goals, list)

#define damos_for_each_core_filter(f, scheme) \
	list_for_each_entry(f, &(scheme)->core_filters, list)

#define damos_for_each_core_filter_safe(f, next, scheme) \
	list_for_each_entry_safe(f, next, &(scheme)->core_filters, list)

#define damos_for_each_ops_filter(f, scheme) \
	list_for_each_entry(f, &(scheme)->ops_filters, list)

#define damos_for_each_ops_filter_safe(f, next, scheme) \
	list_for_each_entry_safe(f, next, &(scheme)->ops_filters, list)

/* True if the targets of a context are processes. */
static inline bool damon_target_has_pid(const struct damon_ctx *ctx)
{
	return ctx->ops.id == DAMON_OPS_VADDR || ctx->ops.id == DAMON_OPS_FVADDR;
}

/**
 * damon_nr_samples_per_aggr() - Samples per window.
 * @attrs:	Attributes of a context.
 *
 * Context: Any.
 * Return: What nr_accesses of an always accessed region is, at least 1.
 */
static inline unsigned int
damon_nr_samples_per_aggr(const struct damon_attrs *attrs)
{
	unsigned long samples = attrs->aggr_interval;

	if (attrs->sample_interval > 1)
		samples /= attrs->sample_interval;
	return clamp(samples, 1UL, (unsigned long)UINT_MAX);
}

/* Its name until Linux 7.2. */
static inline unsigned int damon_max_nr_accesses(const struct damon_attrs *attrs)
{
	return damon_nr_samples_per_aggr(attrs);
}

/**
 * damon_min_region_sz() - Which size of regions goes with an address unit.
 * @addr_unit:	Bytes per core address unit.
 *
 * Borders that are multiples of it are those of pages, so that a range is rounded
 * to the pages that it touches.  Where borders of units and pages do not meet,
 * ranges are not rounded at all.
 *
 * Context: Any.
 * Return: &damon_ctx.min_region_sz for the unit, or 0 if no context can have it:
 * a page must contain a power of two of whole units, or less than two.
 */
static inline unsigned long damon_min_region_sz(unsigned long addr_unit)
{
	unsigned long per_page;

	if (!addr_unit)
		return 0;
	per_page = PAGE_SIZE / addr_unit;
	if (per_page & (per_page - 1))
		return 0;
	return per_page * addr_unit == PAGE_SIZE ? per_page : 1;
}

/**
 * damon_window_ended() - Check if a window has just ended.
 * @ctx:	The context.
 *
 * For functions that damon_call() repeats.  If so, access rates and ages of regions
 * are those of that window; else they are in the middle of the next one.
 *
 * Context: Worker.
 * Return: True if one has.
 */
static inline bool damon_window_ended(const struct damon_ctx *ctx)
{
	return ctx->now >= ctx->next_aggregation_ns;
}

#ifdef CONFIG_DAMON

struct damon_filter *damon_new_filter(enum damon_filter_type type,
				      bool matching, bool allow);
void damon_add_filter(struct damon_probe *probe, struct damon_filter *f);
void damon_destroy_filter(struct damon_filter *f);

struct damon_probe *damon_new_probe(void);
void damon_add_probe(struct damon_ctx *ctx, struct damon_probe *probe);

struct damon_region *damon_new_region(unsigned long start, unsigned long end);
int damon_set_regions(struct damon_target *t, struct damon_addr_range *ranges,
		      unsigned int nr_ranges, unsigned long min_region_sz);
void damon_update_region_access_rate(struct damon_region *r, bool accessed,
				     struct damon_attrs *attrs);
unsigned int damon_nr_accesses_mvsum(struct damon_region *r,
				     struct damon_ctx *ctx);

struct damos_filter *damos_new_filter(enum damos_filter_type type,
				      bool matching, bool allow);
void damos_add_filter(struct damos *s, struct damos_filter *f);
bool damos_filter_for_ops(enum damos_filter_type type);
void damos_destroy_filter(struct damos_filter *f);

struct damos_quota_goal *
damos_new_quota_goal(enum damos_quota_goal_metric metric,
		     unsigned long target_value);
void damos_add_quota_goal(struct damos_quota *q, struct damos_quota_goal *g);
void damos_destroy_quota_goal(struct damos_quota_goal *goal);
int damos_commit_quota_goals(struct damos_quota *dst, struct damos_quota *src);
void damos_swap_quota_goals(struct damos_quota *dst, struct damos_quota *src);

struct damos *damon_new_scheme(struct damos_access_pattern *pattern,
			       enum damos_action action,
			       unsigned long apply_interval_us,
			       struct damos_quota *quota,
			       struct damos_watermarks *wmarks, int target_nid);
void damon_add_scheme(struct damon_ctx *ctx, struct damos *s);
void damon_destroy_scheme(struct damos *s);
void damon_set_schemes(struct damon_ctx *ctx, struct damos **schemes,
		       ssize_t nr_schemes);

struct damon_target *damon_new_target(void);
void damon_add_target(struct damon_ctx *ctx, struct damon_target *t);
bool damon_targets_empty(struct damon_ctx *ctx);
void damon_free_target(struct damon_target *t);
void damon_destroy_target(struct damon_target *t, struct damon_ctx *ctx);
unsigned int damon_nr_regions(struct damon_target *t);

struct damon_ctx *damon_new_ctx(void);
void damon_destroy_ctx(struct damon_ctx *ctx);
int damon_set_attrs(struct damon_ctx *ctx, struct damon_attrs *attrs);
int damon_commit_ctx(struct damon_ctx *dst, struct damon_ctx *src);
int damon_hand_over_ctx(struct damon_ctx *dst, struct damon_ctx *src);

bool damon_is_registered_ops(enum damon_ops_id id);
int damon_register_ops(struct damon_operations *ops);
int damon_select_ops(struct damon_ctx *ctx, enum damon_ops_id id);

bool damon_initialized(void);
int damon_nr_running_ctxs(void);
int damon_start(struct damon_ctx **ctxs, int nr_ctxs, bool exclusive);
int damon_stop(struct damon_ctx **ctxs, int nr_ctxs);
bool damon_is_running(struct damon_ctx *ctx);
int damon_kdamond_pid(struct damon_ctx *ctx);

int damon_call(struct damon_ctx *ctx, struct damon_call_control *control);
int damos_walk(struct damon_ctx *ctx, struct damos_walk_control *control);

int damon_set_region_system_rams_default(struct damon_target *t,
					 unsigned long *start,
					 unsigned long *end,
					 unsigned long addr_unit,
					 unsigned long min_region_sz);
int damon_set_region_biggest_system_ram_default(struct damon_target *t,
						unsigned long *start,
						unsigned long *end,
						unsigned long addr_unit,
						unsigned long min_region_sz);

#endif /* CONFIG_DAMON */

#endif /* _LINUX_DAMON_H */
