/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that differ from their regions.
 *
 * A sample that contradicts what is known of its region makes its page a suspect.  It is
 * looked at in each of the next intervals, beside the samples of regions, and independently
 * of them.  The first look that does not agree clears it.  If all looks agree until no page
 * of the region would be expected to show that by chance, it is a spot, and the region is to
 * be cut around it (cutting.h).  This is a sequential test as of A. Wald, "Sequential
 * Tests of Statistical Hypotheses", 1945.
 *
 * What chance can do follows from the rate of the region.  How many pages are asked is taken
 * from how many samples stand behind that rate: so many have been drawn, and whoever draws
 * more of them meets more that look special.
 *
 * Suspects are looked at in consecutive intervals, or not any more.  Of a target whose
 * accesses show only behind a flush of the TLB (reach.h), there is one look per window.
 */
#ifndef _MM_DAMON_SPOTS_H
#define _MM_DAMON_SPOTS_H

#include <linux/damon.h>

#include "internal.h"
#include "rates.h"

struct damon_spot *damon_note_spot(struct damon_target *t, const struct damon_spot *spot);
void damon_drop_spot(struct damon_target *t, struct damon_spot *spot);
void damon_begin_suspects(struct damon_target *t, unsigned int turn);
bool damon_look_again(struct damon_target *t, struct damon_spot *spot,
		      enum damon_answer answer);
void damon_forget_suspects(struct damon_target *t);
void damon_drop_spots(struct damon_target *t);
void damon_forget_spots(struct damon_target *t);

/**
 * damon_next_suspect() - Next suspect to be looked at in this interval.
 * @t:		The target.
 * @end:	Where it is below.  Not lower than in the call before.
 *
 * Those that become suspects meanwhile are below @end, and have their turn in the next
 * interval.
 *
 * Context: Worker (operations sets), after damon_begin_suspects().
 * Return: It, until one is noted or dropped, or %NULL.
 */
static inline struct damon_spot *damon_next_suspect(struct damon_target *t,
						    unsigned long end)
{
	struct damon_spots *spots = &t->spots;

	while (spots->next < spots->nr && spots->spots[spots->next].addr < end) {
		struct damon_spot *spot = &spots->spots[spots->next++];

		if (spot->chance)
			return spot;
	}
	return NULL;
}

#endif /* _MM_DAMON_SPOTS_H */
