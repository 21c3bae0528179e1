// SPDX-License-Identifier: GPL-2.0
/*
 * Operations sets for virtual address spaces of processes: was the memory at an
 * address accessed?
 *
 * vaddr lets the regions follow the mappings, fvaddr leaves them where the user
 * put them.  Page tables are the walker's business.
 */

#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pid.h>
#include <linux/sched/cputime.h>
#include <linux/sched/mm.h>

#include <asm/tlbflush.h>

#include "lockless.h"
#include "looking.h"
#include "ops-common.h"
#include "reach.h"
#include "sweep.h"
#include "vaddr.h"
#include "vaddr-areas.h"
#include "vaddr-sleepers.h"
#include "walk-leaves.h"

/* Regions that are passed in a row while locks are held, or interrupts are off. */
#define BATCH		64

/* How many addresses to draw for a sample at most, in a tick that is not one of many. */
#define MAX_DRAWS	16

/*
 * A pass over the regions of targets, one target after the other.  A huge entry or
 * a large folio can be in several regions: the sample of one of them must not suffer
 * from the entry having been made old for the one before it.
 */
struct sampler {
	struct damon_ctx *ctx;
	struct damon_target *t;
	struct damon_walk walk;
	struct damon_glance glance;
	struct damon_looks looks;
	bool lockless;			/* glances are allowed */
	enum damon_reach_step step;
	unsigned int nr_hits;		/* samples that saw an access */
	unsigned int nr_samples;	/* samples with an answer */
	unsigned int nr;		/* samples that were finished one by one */
	unsigned long old_start;	/* entry that was made old last */
	unsigned long old_size;
	bool old_young;			/* its accessed bit before that */
	struct folio *old_folio;	/* the same for its folio's flags */
	bool old_touched;
};

static bool was_young(const struct sampler *s, const struct damon_leaf *leaf,
		      unsigned long addr)
{
	return leaf->young || (s->old_young && addr - s->old_start < s->old_size);
}

static bool was_touched(const struct sampler *s, const struct damon_leaf *leaf)
{
	if (leaf->folio == s->old_folio)
		return s->old_touched;
	return damon_folio_touched(leaf->folio);
}

/* Most entries need no lock.  Those that do are the walker's. */
static __always_inline enum damon_leaf_kind
peek(struct sampler *s, unsigned long addr, struct damon_leaf *leaf)
{
	enum damon_leaf_kind kind;

	if (s->lockless) {
		kind = damon_glance(&s->glance, addr, leaf);
		if (kind != DAMON_LEAF_OPAQUE)
			return kind;
		damon_glance_end(&s->glance);
	}
	return damon_walk_peek(&s->walk, addr, leaf);
}

/* Devices and guests may have come since glances were allowed.  Asking may sleep. */
static bool was_used_by_others(struct sampler *s, unsigned long addr)
{
	if (likely(!mm_has_notifiers(s->walk.mm)))
		return false;
	damon_glance_end(&s->glance);
	return mmu_notifier_test_young(s->walk.mm, addr & PAGE_MASK);
}

static __always_inline enum damon_answer
test_sample(struct sampler *s, unsigned long addr)
{
	enum damon_leaf_kind kind;
	struct damon_leaf leaf __uninitialized;

	kind = peek(s, addr, &leaf);
	if (kind != DAMON_LEAF_FOLIO)
		return kind == DAMON_LEAF_NONE ? DAMON_NOT_ACCESSED : DAMON_UNKNOWN;
	if (was_young(s, &leaf, addr) || was_touched(s, &leaf) ||
	    was_used_by_others(s, addr))
		return DAMON_ACCESSED;
	return DAMON_NOT_ACCESSED;
}

static void remember_old(struct sampler *s, const struct damon_leaf *leaf,
			 bool young, bool touched)
{
	if (leaf->start - s->old_start < s->old_size) {
		s->old_young |= young;
	} else {
		s->old_start = leaf->start;
		s->old_size = leaf->size;
		s->old_young = young;
	}

	if (leaf->folio == s->old_folio) {
		s->old_touched |= touched;
	} else {
		s->old_folio = leaf->folio;
		s->old_touched = touched;
	}
}

static bool make_old_at_glance(struct sampler *s, const struct damon_leaf *leaf)
{
	struct folio *folio = leaf->folio;
	bool touched, done = false;

	if (damon_glance_get(&s->glance, folio)) {
		touched = damon_folio_touched(folio);
		/* flags first: reclaim, which no lock holds off, must not miss both */
		damon_folio_age_flags(folio, leaf->young);
		done = !leaf->young || damon_glance_mkold(&s->glance);
		remember_old(s, leaf, leaf->young, touched);
	}
	if (!folio_batch_space(&s->glance.held))
		damon_glance_end(&s->glance);
	return done;
}

static bool make_old(struct sampler *s, unsigned long addr)
{
	enum damon_leaf_kind kind;
	struct damon_leaf leaf __uninitialized;
	bool young, touched;

	kind = damon_walk_lock(&s->walk, addr, &leaf);
	if (kind == DAMON_LEAF_FOLIO) {
		young = damon_walk_mkold(&s->walk, &leaf);
		touched = damon_folio_touched(leaf.folio);
		remember_old(s, &leaf, young, touched);
		damon_folio_age_flags(leaf.folio, young);
	}
	damon_walk_unlock(&s->walk);
	return kind != DAMON_LEAF_OPAQUE;
}

/*
 * Where nothing is mapped there is nothing to make old: whoever accesses it
 * gets memory whose accessed bit is set.
 */
static bool arm_sample(struct sampler *s, unsigned long addr)
{
	enum damon_leaf_kind kind;
	struct damon_leaf leaf __uninitialized;

	kind = peek(s, addr, &leaf);
	if (kind != DAMON_LEAF_FOLIO)
		return kind == DAMON_LEAF_NONE;
	if (!leaf.young && !damon_folio_touched(leaf.folio) &&
	    !mm_has_notifiers(s->walk.mm))
		return true;
	return s->glance.on ? make_old_at_glance(s, &leaf) : make_old(s, addr);
}

/* Gives others a chance. */
static void pause_sampling(struct sampler *s)
{
	damon_glance_end(&s->glance);
	damon_walk_pause(&s->walk);
	s->old_folio = NULL;	/* it may become another one now */
}

static void finish_one(struct sampler *s)
{
	if (++s->nr % BATCH == 0)
		pause_sampling(s);
}

/* When a window ends there is no next interval for them. */
static void arm_suspect(struct sampler *s, struct damon_spot *spot)
{
	if (s->looks.last || !arm_sample(s, spot->addr))
		damon_drop_spot(s->t, spot);
}

/* A target is looked at in a few ticks of a window only. */
static bool is_seen_rarely(const struct damon_target *t)
{
	return t->nr_sleeps || t->reach.silent;
}

/* If an address cannot be armed, the next tick draws another one, if that comes soon. */
static void draw_sample(struct sampler *s, struct damon_region *r)
{
	unsigned int draws = 0;
	unsigned long addr;

	damon_look_begins(&s->looks, r);
	do {
		addr = damon_rand(s->ctx, r->ar.start, r->ar.end);
		if (arm_sample(s, addr)) {
			r->sampling_addr = addr;
			return;
		}
		finish_one(s);
	} while (is_seen_rarely(s->t) && ++draws < MAX_DRAWS);
	r->sampling_addr = DAMON_NO_SAMPLE_YET;
}

static void init_sampler(struct sampler *s, struct damon_ctx *ctx)
{
	s->ctx = ctx;
	s->nr = 0;
	damon_walk_begin(&s->walk, NULL);
	damon_glance_begin(&s->glance, NULL);
}

/* What the last target has left holds no locks, and is nowhere. */
static bool begin_sampling(struct sampler *s, struct damon_target *t)
{
	struct mm_struct *mm = damon_get_mm(t);

	if (!mm)
		return false;
	s->t = t;
	s->nr_hits = 0;
	s->nr_samples = 0;
	s->old_size = 0;
	s->old_young = false;
	s->old_folio = NULL;
	s->walk.mm = mm;
	s->glance.mm = mm;
	s->lockless = damon_lockless_works(mm);
	return true;
}

static void let_go(struct sampler *s)
{
	damon_glance_end(&s->glance);
	damon_walk_end(&s->walk);
}

static void end_sampling(struct sampler *s)
{
	let_go(s);
	mmput_async(s->walk.mm);
}

/* seeing from above */

static unsigned int arm_coarse(void *arg, const struct damon_addr_range *range)
{
	struct sampler *s = arg;

	return damon_lockless_arm_coarse(s->walk.mm, range);
}

static unsigned int look_coarse(void *arg, const struct damon_addr_range *range,
				struct damon_touched *touched)
{
	struct sampler *s = arg;

	return damon_lockless_look_coarse(s->walk.mm, range, touched);
}

static unsigned int arm_fine(void *arg, const struct damon_addr_range *range,
			     unsigned long *bits)
{
	struct sampler *s = arg;
	unsigned int nr = damon_lockless_arm_fine(s->walk.mm, range, bits);

	pause_sampling(s);
	return nr;
}

static unsigned int look_fine(void *arg, const struct damon_addr_range *range,
			      unsigned long *bits)
{
	struct sampler *s = arg;

	return damon_lockless_look_fine(s->walk.mm, range, bits);
}

static void give_back(struct damon_target *t, const struct damon_addr_range *range,
		      unsigned long *bits)
{
	struct mm_struct *mm = damon_get_mm(t);
	struct damon_touched touched = {};

	/* the entries of a process that has exited are gone */
	if (!mm)
		return;
	if (bits)
		damon_lockless_look_fine(mm, range, bits);
	else
		damon_lockless_look_coarse(mm, range, &touched);
	mmput_async(mm);
}

static const struct damon_sight sight = {
	.fine = PMD_SIZE,
	.coarse = PUD_SIZE,
	.arm_coarse = arm_coarse,
	.look_coarse = look_coarse,
	.arm_fine = arm_fine,
	.look_fine = look_fine,
	.give_back = give_back,
};

static void prepare_target(struct damon_ctx *ctx, struct damon_target *t)
{
	struct damon_region *r;
	bool begun = false;
	struct sampler s __uninitialized;

	init_sampler(&s, ctx);
	damon_looks_resume(&s.looks, ctx);
	t->lacks_samples = false;
	damon_for_each_region(r, t) {
		if (damon_sample_pending(r) || r->sampling_addr == DAMON_NO_SAMPLE_YET)
			continue;
		if (!begun && !begin_sampling(&s, t)) {
			t->lacks_samples = true;
			return;
		}
		begun = true;
		draw_sample(&s, r);
		finish_one(&s);
	}
	if (begun)
		end_sampling(&s);
}

/*
 * In the middle of a window most samples have been begun with the check of the last ones.
 * One that is begun only now would be short, or make those last longer than an interval.
 */
static void prepare_access_checks(struct damon_ctx *ctx)
{
	struct damon_target *t;

	if (ctx->nr_intervals && ctx->samples_ns)
		return;
	damon_note_samples(ctx);
	damon_for_each_target(t, ctx)
		if (t->lacks_samples)
			prepare_target(ctx, t);
}

/* Samples that a flush of the TLB follows only show what is seen without it. */
static __always_inline void finish_sample(struct sampler *s, struct damon_region *r)
{
	enum damon_answer answer = test_sample(s, r->sampling_addr);
	struct damon_spot *suspect;

	s->nr_hits += answer == DAMON_ACCESSED;
	s->nr_samples += answer != DAMON_UNKNOWN;
	if (s->step == DAMON_REACH_FLUSH)
		return;
	suspect = damon_look_count(&s->looks, s->t, r, answer);
	if (suspect)
		arm_suspect(s, suspect);
}

static void check_region(struct sampler *s, struct damon_region *r)
{
	if (damon_sample_pending(r))
		finish_sample(s, r);
	/* what comes between two windows may take long, and is waited for */
	if (s->looks.last)
		r->sampling_addr = DAMON_NO_SAMPLE;
	else if (!damon_look_next(&s->looks, r))
		r->sampling_addr = DAMON_NO_SAMPLE_YET;
	else
		draw_sample(s, r);
}

/* Suspects up to the end of a region are looked at before its sample. */
static void check_suspects(struct sampler *s, unsigned long end)
{
	struct damon_spot *spot;

	while ((spot = damon_next_suspect(s->t, end))) {
		/* what they are to show is what is seen behind the flush */
		if (s->step == DAMON_REACH_FLUSH ||
		    damon_look_again(s->t, spot, test_sample(s, spot->addr)))
			arm_suspect(s, spot);
		finish_one(s);
	}
}

static void check_regions(struct sampler *s, struct damon_target *t)
{
	struct damon_region *r;
	unsigned int nr = 0;

	damon_looks_of_target(&s->looks);
	/*
	 * It may be the only look for a while, or whether a flush changes anything is for
	 * all samples to say.
	 */
	s->looks.all = t->nr_sleeps || s->step != DAMON_REACH_WATCH;
	damon_begin_suspects(t, s->looks.turn);
	damon_for_each_region(r, t) {
		check_suspects(s, r->ar.end);
		/* interrupts may be off, so those that are passed over count as well */
		if (++nr % BATCH == 0)
			pause_sampling(s);
		/* without any access, and most of those that are idle */
		if (damon_sample_pending(r) && damon_look_lasts(&s->looks, r))
			continue;
		check_region(s, r);
	}
	/* each has one or waits for its turn, also those that a sweep has just cut off */
	t->lacks_samples = s->looks.last;
	if (s->looks.surprised)
		damon_sweep_surprise(t);
}

static u64 cpu_time_of(struct damon_target *t)
{
	struct task_cputime times = {};
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(t->pid, PIDTYPE_PID);
	if (task)
		thread_group_cputime(task, &times);
	return times.sum_exec_runtime;
}

/*
 * Samples and entries that are old are looked at, and others made old.  No lock is
 * held afterwards.
 */
static void look_and_arm(struct sampler *s, struct damon_target *t)
{
	bool flush = s->step == DAMON_REACH_TRY || s->step == DAMON_REACH_FLUSH;

	if (!s->lockless)
		damon_sweep_forget(t);
	else if (s->step != DAMON_REACH_FLUSH)
		damon_sweep_look(s->ctx, t, &sight, s);
	check_regions(s, t);
	let_go(s);
	if (s->lockless && s->step != DAMON_REACH_COUNT)
		damon_sweep_arm(s->ctx, t, &sight, s);
	if (flush)
		flush_tlb_mm(s->walk.mm);
	damon_reach_note(t, s->step, s->nr_hits, s->nr_samples);
}

/* Nothing has been accessed since the samples were begun, and they go on. */
static void count_idle(struct damon_ctx *ctx, struct damon_target *t)
{
	unsigned int window = damon_max_nr_accesses(&ctx->attrs), nr = 0;
	struct damon_region *r;

	damon_for_each_region(r, t) {
		if (damon_sample_pending(r)) {
			damon_count_answer(r, false, window);
			nr++;
		}
	}
	damon_reach_note(t, DAMON_REACH_WATCH, 0, nr);
}

static void check_target(struct sampler *s, struct damon_target *t)
{
	struct damon_ctx *ctx = s->ctx;
	unsigned int nr_users;
	bool slept = damon_vaddr_slept(t, &nr_users);

	if (t->reach.window_opens) {
		unsigned int window = damon_max_nr_accesses(&ctx->attrs);

		damon_reach_begin(t, cpu_time_of(t), ctx->now, window);
		/* nothing was accessed since the last window began, and so behind its sweep */
		if (t->nr_slept > window)
			damon_sweep_skip(t);
	}
	s->step = damon_reach_step(t);
	if (s->step == DAMON_REACH_SKIP)
		return;
	/* even if it sleeps for ever, one tick per window is for a look */
	if (slept && s->step == DAMON_REACH_WATCH && t->reach.tick > 1 &&
	    damon_sweep_rests(ctx, t)) {
		count_idle(ctx, t);
		return;
	}
	if (!begin_sampling(s, t)) {
		/* gone, so nothing can be said about its memory */
		damon_forget_target(t);
		return;
	}
	damon_vaddr_find_others(t, s->walk.mm, nr_users);
	look_and_arm(s, t);
	mmput_async(s->walk.mm);
}

static unsigned int check_accesses(struct damon_ctx *ctx)
{
	struct sampler s __uninitialized;
	struct damon_target *t;

	init_sampler(&s, ctx);
	/* the interval has just ended, and others begin at once */
	ctx->samples_ns = ctx->now;
	damon_looks_begin(&s.looks, ctx);
	damon_for_each_target(t, ctx) {
		check_target(&s, t);
		cond_resched();
	}
	return 0;
}

/*
 * A process that has exited counts until it has been waited for, which is when
 * users notice.  Until then its samples have no answers.
 */
static bool target_valid(struct damon_target *t)
{
	guard(rcu)();
	return pid_task(t->pid, PIDTYPE_PID);
}

static void cleanup_target(struct damon_target *t)
{
	put_pid(t->pid);
}

static int __init damon_vaddr_init(void)
{
	struct damon_operations ops = {
		.id = DAMON_OPS_VADDR,
		.init = damon_vaddr_init_areas,
		.update = damon_vaddr_update_areas,
		.prepare_access_checks = prepare_access_checks,
		.check_accesses = check_accesses,
		.get_scheme_score = damon_vaddr_score,
		.apply_scheme = damon_vaddr_apply,
		.target_valid = target_valid,
		.cleanup_target = cleanup_target,
	};
	struct damon_operations fixed = ops;
	int err = damon_register_ops(&ops);

	if (err)
		return err;
	fixed.id = DAMON_OPS_FVADDR;
	fixed.init = NULL;
	fixed.update = NULL;
	return damon_register_ops(&fixed);
}
subsys_initcall(damon_vaddr_init);

#ifdef CONFIG_DAMON_VADDR_KUNIT_TEST
#include "tests/vaddr-kunit.h"
#endif
