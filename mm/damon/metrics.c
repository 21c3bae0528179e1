// SPDX-License-Identifier: GPL-2.0
/*
 * Metrics: what watermarks look at.
 *
 * Reads the state of the system, and does not know what is done about it.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "internal.h"

/* Current value of a watermark metric, in its unit. */
unsigned long damos_wmark_value(enum damos_wmark_metric metric)
{
	if (metric != DAMOS_WMARK_FREE_MEM_RATE)
		return 0;
	return mult_frac(global_zone_page_state(NR_FREE_PAGES), 1000UL,
			 max(totalram_pages(), 1UL));
}
