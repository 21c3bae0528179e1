/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recordings of what real programs touched, see sim-record.c.
 */
#ifndef _DAMON_SIM_RECORD_H
#define _DAMON_SIM_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../../../mm/damon/internal.h"

struct record_score {
	double r2, r2_second, r2_borders, error, precision, recall, short_recall,
	       hottest_error;
};

struct record;

struct record *record_open(const char *path);
void record_close(struct record *rec);
uint32_t record_slots(const struct record *rec);
void record_advance(struct record *rec, uint32_t slot);
bool record_accessed(const struct record *rec, uint64_t addr);
bool record_present(const struct record *rec, uint64_t addr);
bool record_touched(const struct record *rec, uint64_t start, uint64_t end);
bool record_populated(const struct record *rec, uint64_t start, uint64_t end);
unsigned int record_areas(const struct record *rec, struct damon_addr_range areas[3]);
void record_score(struct record *rec, struct damon_target *t, unsigned int window);
struct record_score record_result(const struct record *rec);

#endif /* _DAMON_SIM_RECORD_H */
