/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way through what is mapped in a region, past the filters of a scheme.
 */
#ifndef _MM_DAMON_VADDR_SCAN_H
#define _MM_DAMON_VADDR_SCAN_H

#include "internal.h"
#include "vaddr-space.h"
#include "walk-leaves.h"

/**
 * struct damos_scan - A region whose memory the filters of a scheme look at.
 * @space:	The address space.
 * @s:		The scheme.
 * @walk:	The walk through the region.
 * @pos:	Where to go on.
 * @end:	End of the region.
 * @sz_passed:	The size of what was admitted is added to it.
 * @absent:	Memory that is not there counts, too.
 * @young:	What the scan is at was accessed.
 * @stuck:	The action can do nothing with what the scan is at.
 * @why:	Why what the scan is at is left alone, or %NR_DAMOS_LEFT.
 * @nr_ahead:	Pages of the run that go to swap, counted by the user of the scan.
 * @nr_steps:	Steps since the last pause.
 * @leaf:	What was found last, locked; or no folio.
 *
 * An entry or a batch of them can reach into later regions.  The filters are
 * asked once about it, since asking can change the answer, and what they said is
 * noted in &damos.last_applied: the address where it ends, SAID_YES, and IS_STUCK;
 * and WAS_YOUNG, if it was.
 * Regions that core filters allow need neither ask nor know.
 */
struct damos_scan {
	struct damos_space *space;
	struct damos *s;
	struct damon_walk walk;
	unsigned long pos;
	unsigned long end;
	unsigned long *sz_passed;
	bool absent;
	bool young;
	bool stuck;
	enum damos_left why;
	unsigned long nr_ahead;
	unsigned int nr_steps;
	struct damon_leaf leaf;
};

void damos_scan_begin(struct damos_scan *scan, struct damos_space *space,
		      struct damos *s, const struct damon_addr_range *range,
		      unsigned long *sz_passed);
bool damos_scan_next(struct damos_scan *scan, struct damon_addr_range *found);
void damos_scan_unlock(struct damos_scan *scan);
void damos_scan_count(struct damos_space *space, struct damos *s,
		      const struct damon_addr_range *range,
		      unsigned long *sz_passed);

#endif /* _MM_DAMON_VADDR_SCAN_H */
