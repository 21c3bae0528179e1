/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Seeing from above: where anything was accessed, without a look at every page.
 */
#ifndef _MM_DAMON_SWEEP_H
#define _MM_DAMON_SWEEP_H

#include <linux/damon.h>

/* Fine entries that are looked at in a row. */
#define DAMON_SWEEP_PIECE	512

/* Coarse entries that were accessed, as ranges in ascending order. */
struct damon_touched {
	unsigned int nr;
	struct damon_addr_range ranges[48];
};

/**
 * struct damon_sight - How an operations set sees from above.
 * @fine:	Bytes that a fine entry covers.
 * @coarse:	Bytes that a coarse entry covers, a power of two.
 * @arm_coarse:	Makes the coarse entries that cover a range old.
 * @look_coarse: Reports those that have been accessed since, by
 *		damon_note_touched().
 * @arm_fine:	Makes fine entries old, and sets the bits of those that had been accessed
 *		since the last time, as far as is known.
 * @look_fine:	Clears the bits of those that have not been accessed since.  Visits no
 *		others than those whose bits are set.
 * @give_back:	Instead of a look: what was made old becomes young again, of fine entries
 *		those whose bits are set.  Without @bits it is about coarse entries.  Gets
 *		the target, since whoever made them old may have gone.
 *
 * What was made old is looked at or given back.  Ranges of fine entries are aligned and at
 * most %DAMON_SWEEP_PIECE long.  What is reported must be aligned to fine entries, too, at
 * both ends.  The first argument of arming and looking is what the sweep was called with,
 * and they return the number of entries that they visited.
 */
struct damon_sight {
	unsigned long fine;
	unsigned long coarse;
	unsigned int (*arm_coarse)(void *arg,
				   const struct damon_addr_range *range);
	unsigned int (*look_coarse)(void *arg,
				    const struct damon_addr_range *range,
				    struct damon_touched *touched);
	unsigned int (*arm_fine)(void *arg,
				 const struct damon_addr_range *range,
				 unsigned long *bits);
	unsigned int (*look_fine)(void *arg,
				  const struct damon_addr_range *range,
				  unsigned long *bits);
	void (*give_back)(struct damon_target *t,
			  const struct damon_addr_range *range, unsigned long *bits);
};

void damon_note_touched(struct damon_touched *touched, unsigned long start,
			unsigned long end);
bool damon_sweep_rests(struct damon_ctx *ctx, struct damon_target *t);
void damon_sweep_skip(struct damon_target *t);
void damon_sweep_look(struct damon_ctx *ctx, struct damon_target *t,
		      const struct damon_sight *sight, void *arg);
void damon_sweep_arm(struct damon_ctx *ctx, struct damon_target *t,
		     const struct damon_sight *sight, void *arg);
void damon_sweep_leave(struct damon_target *t);
void damon_sweep_forget(struct damon_target *t);
void damon_sweep_open_window(const struct damon_ctx *ctx, struct damon_target *t);

void damon_sweep_surprise(struct damon_target *t);

#endif /* _MM_DAMON_SWEEP_H */
