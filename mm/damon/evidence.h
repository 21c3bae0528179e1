/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Evidence: what a sweep says about regions.
 */
#ifndef _MM_DAMON_EVIDENCE_H
#define _MM_DAMON_EVIDENCE_H

#include <linux/bitmap.h>

#include "internal.h"
#include "sweep.h"

enum stage {
	STAGE_IDLE,
	STAGE_COARSE,		/* the coarse entries are old */
	STAGE_FINE,		/* those that were accessed are looked into */
};

/*
 * Where the sweep of a target is.  Entries that are visited are paid for with
 * credit, which every tick adds to.
 */
struct damon_sweep {
	enum stage stage;
	int credit;
	unsigned int cuts;		/* left in this window */
	unsigned int windows;		/* since a sweep was complete */
	bool blind;			/* this one, or the last, misses what samples see */
	bool found;			/* it has told anything of what it looked into */
	bool again;			/* something has changed since it began */
	unsigned int range;		/* of "coarse", under way ... */
	unsigned long next;		/* ... and how far that is */
	struct damon_addr_range piece;	/* whose fine entries are old */
	bool armed;			/* it is to be looked at */
	const struct damon_sight *sight; /* by which entries were made old */
	bool looked;			/* it was looked at before */
	DECLARE_BITMAP(touched, DAMON_SWEEP_PIECE);	/* in all of them */
	DECLARE_BITMAP(old, DAMON_SWEEP_PIECE);		/* to be visited by the next one */
	struct damon_touched coarse;
};

static inline unsigned int nr_entries(const struct damon_sweep *sweep,
				      const struct damon_sight *sight)
{
	return (sweep->piece.end - sweep->piece.start) / sight->fine;
}

static inline unsigned long entry_addr(const struct damon_sweep *sweep,
				       const struct damon_sight *sight, unsigned int bit)
{
	return sweep->piece.start + bit * sight->fine;
}

/* Nothing can be found in a region all of whose samples saw an access. */
static inline bool is_settled(const struct damon_region *r)
{
	return r->nr_samples ? r->nr_accesses == r->nr_samples : r->rate;
}

/* Samples have seen accesses to a region. */
static inline bool is_used(const struct damon_region *r)
{
	return r->nr_accesses || r->rate;
}

/* An access to a region explains that the entry at @addr was touched. */
static inline bool explains(const struct damon_region *r, unsigned long addr, unsigned long fine)
{
	return is_used(r) && r->ar.end > addr && r->ar.start <= addr + (fine - 1);
}

void damon_begin_evidence(struct damon_target *t);
void damon_note_evidence(struct damon_target *t, const struct damon_sight *sight);
bool damon_is_explained(struct damon_target *t, struct damon_region *r,
			const struct damon_sight *sight);
void damon_end_evidence(struct damon_target *t);

#endif /* _MM_DAMON_EVIDENCE_H */
