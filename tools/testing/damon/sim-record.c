// SPDX-License-Identifier: GPL-2.0
/*
 * What a real program touched, as an oracle has recorded it: which of its pages in
 * which sampling interval, which of them were there, and where it had mappings.
 * And how well a monitor's regions explain that.  Knows nothing of how they came about.
 */
#include <stdlib.h>
#include <string.h>

#include "sim-record.h"

#define MAGIC	0x52504c59

struct snapshot {
	uint32_t slot;
	uint32_t nr_areas;
	uint64_t *areas;
	uint8_t *present;
};

struct record {
	uint32_t nr_pages, nr_slots, nr_shots;
	uint64_t *pages;	/* page numbers, ascending */
	uint64_t *bits;		/* per slot, of touched pages */
	size_t words;
	uint8_t *was;		/* pages that were touched before */
	struct snapshot *shots;
	/* scores */
	uint32_t slot, window_slots, shot;
	uint16_t *count, *count_s;
	double *est, *sum_est;
	uint32_t *present_s;
	uint32_t windows_s;
	struct record_score sum;
	double sq, var, sq_s, var_s, part_sq;
	double abs, n, n_s, abs_s;
	double short_hot, short_found, hottest, hottest_err, hot, hot_found, found;
	uint32_t seen_windows;
};

static void need(void *to, size_t size, FILE *f)
{
	if (fread(to, 1, size, f) != size) {
		fprintf(stderr, "sim: a recording is cut short\n");
		exit(2);
	}
}

struct record *record_open(const char *path)
{
	FILE *f = fopen(path, "r");
	struct record *rec = calloc(1, sizeof(*rec));
	uint32_t head[4], i, j, n, *list;

	if (!f) {
		perror(path);
		exit(2);
	}
	need(head, sizeof(head), f);
	if (head[0] != MAGIC)
		exit(2);
	rec->nr_pages = head[1];
	rec->nr_slots = head[2];
	rec->nr_shots = head[3];
	rec->pages = malloc(8UL * rec->nr_pages);
	need(rec->pages, 8UL * rec->nr_pages, f);
	rec->words = (rec->nr_pages + 63) / 64;
	rec->bits = calloc(rec->words * rec->nr_slots, 8);
	list = malloc(4UL * rec->nr_pages);
	for (i = 0; i < rec->nr_slots; i++) {
		need(&n, 4, f);
		need(list, 4UL * n, f);
		for (j = 0; j < n; j++)
			rec->bits[i * rec->words + list[j] / 64] |= 1ULL << list[j] % 64;
	}
	free(list);
	rec->shots = calloc(rec->nr_shots, sizeof(*rec->shots));
	for (i = 0; i < rec->nr_shots; i++) {
		struct snapshot *s = &rec->shots[i];

		need(&s->slot, 4, f);
		need(&s->nr_areas, 4, f);
		s->areas = malloc(16UL * s->nr_areas);
		need(s->areas, 16UL * s->nr_areas, f);
		s->present = malloc(rec->nr_pages);
		need(s->present, rec->nr_pages, f);
	}
	fclose(f);
	rec->was = calloc(rec->nr_pages, 1);
	rec->count = calloc(rec->nr_pages, 2);
	rec->count_s = calloc(rec->nr_pages, 2);
	rec->est = calloc(rec->nr_pages, 8);
	rec->sum_est = calloc(rec->nr_pages, 8);
	rec->present_s = calloc(rec->nr_pages, 4);
	return rec;
}

void record_close(struct record *rec)
{
	uint32_t i;

	for (i = 0; i < rec->nr_shots; i++) {
		free(rec->shots[i].areas);
		free(rec->shots[i].present);
	}
	free(rec->shots);
	free(rec->pages);
	free(rec->bits);
	free(rec->was);
	free(rec->count);
	free(rec->count_s);
	free(rec->est);
	free(rec->sum_est);
	free(rec->present_s);
	free(rec);
}

uint32_t record_slots(const struct record *rec)
{
	return rec->nr_slots;
}

/* The first page that is not below an address. */
static uint32_t page_from(const struct record *rec, uint64_t addr)
{
	uint64_t page = (addr + 4095) >> 12;
	uint32_t lo = 0, hi = rec->nr_pages;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (rec->pages[mid] < page)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_touched(const struct record *rec, uint32_t page)
{
	return rec->bits[rec->slot * rec->words + page / 64] >> page % 64 & 1;
}

bool record_accessed(const struct record *rec, uint64_t addr)
{
	uint32_t page = page_from(rec, addr & ~4095ULL);

	return page < rec->nr_pages && rec->pages[page] == addr >> 12 &&
		is_touched(rec, page);
}

bool record_present(const struct record *rec, uint64_t addr)
{
	uint32_t page = page_from(rec, addr & ~4095ULL);

	return page < rec->nr_pages && rec->pages[page] == addr >> 12 &&
		(rec->was[page] || rec->shots[rec->shot].present[page]);
}

bool record_touched(const struct record *rec, uint64_t start, uint64_t end)
{
	uint32_t i, last = page_from(rec, end);

	for (i = page_from(rec, start & ~4095ULL); i < last; i++)
		if (is_touched(rec, i))
			return true;
	return false;
}

bool record_populated(const struct record *rec, uint64_t start, uint64_t end)
{
	uint32_t i, last = page_from(rec, end);

	for (i = page_from(rec, start & ~4095ULL); i < last; i++)
		if (rec->was[i] || rec->shots[rec->shot].present[i])
			return true;
	return false;
}

void record_advance(struct record *rec, uint32_t slot)
{
	uint32_t i;

	rec->slot = slot;
	while (rec->shot + 1 < rec->nr_shots && rec->shots[rec->shot + 1].slot <= slot) {
		rec->shot++;
		memset(rec->was, 0, rec->nr_pages);
	}
	rec->window_slots++;
	for (i = 0; i < rec->nr_pages; i++)
		if (is_touched(rec, i)) {
			rec->count[i]++;
			rec->was[i] = 1;
		}
}

/* As vaddr finds them: what mappings span, without the two largest gaps. */
unsigned int record_areas(const struct record *rec, struct damon_addr_range areas[3])
{
	const struct snapshot *s = &rec->shots[rec->shot];
	uint64_t gap[2][2] = {}, end = 0;
	uint32_t i;
	unsigned int nr = 0;

	for (i = 0; i < s->nr_areas; i++) {
		uint64_t a = s->areas[2 * i], size;

		if (a >> 47)
			break;	/* vsyscall */
		size = end && a > end ? a - end : 0;
		if (size > gap[0][1] - gap[0][0]) {
			memcpy(gap[1], gap[0], 16);
			gap[0][0] = end;
			gap[0][1] = a;
		} else if (size > gap[1][1] - gap[1][0]) {
			gap[1][0] = end;
			gap[1][1] = a;
		}
		end = s->areas[2 * i + 1];
	}
	if (gap[0][0] > gap[1][0]) {
		uint64_t tmp[2];

		memcpy(tmp, gap[0], 16);
		memcpy(gap[0], gap[1], 16);
		memcpy(gap[1], tmp, 16);
	}
	areas[nr].start = s->areas[0];
	for (i = 0; i < 2; i++) {
		if (!gap[i][1])
			continue;
		areas[nr++].end = gap[i][0];
		areas[nr].start = gap[i][1];
	}
	areas[nr++].end = end;
	return nr;
}

static void close_second(struct record *rec)
{
	double mean = 0, n = 0;
	uint32_t i;

	for (i = 0; i < rec->nr_pages; i++)
		if (rec->present_s[i] == rec->windows_s) {
			n++;
			mean += (double)rec->count_s[i] / rec->window_slots;
		}
	mean /= n ?: 1;
	for (i = 0; i < rec->nr_pages; i++)
		if (rec->present_s[i] == rec->windows_s) {
			double t = (double)rec->count_s[i] / rec->window_slots;
			double e = rec->sum_est[i] / rec->windows_s;

			rec->sq_s += (e - t) * (e - t);
			rec->var_s += (t - mean) * (t - mean);
		}
	memset(rec->count_s, 0, 2UL * rec->nr_pages);
	memset(rec->sum_est, 0, 8UL * rec->nr_pages);
	memset(rec->present_s, 0, 4UL * rec->nr_pages);
	rec->windows_s = 0;
}

#define WINDOWS_PER_SECOND	10
#define SKIPPED_WINDOWS		10

void record_score(struct record *rec, struct damon_target *t, unsigned int window)
{
	struct damon_region *r = NULL, *next;
	double mean = 0, n = 0, slots = rec->window_slots;
	uint32_t i, run;

	memset(rec->est, 0, 8UL * rec->nr_pages);
	damon_for_each_region_safe(r, next, t) {
		uint32_t first = page_from(rec, r->ar.start & ~4095ULL);
		uint32_t last = page_from(rec, r->ar.end);
		double sum = 0, k = 0;

		for (i = first; i < last; i++) {
			rec->est[i] = (double)min(r->nr_accesses, window) / window;
			if (rec->was[i] || rec->shots[rec->shot].present[i] ||
			    rec->count[i]) {
				sum += rec->count[i] / slots;
				k++;
			}
		}
		if (rec->seen_windows >= SKIPPED_WINDOWS)
			for (i = first; i < last; i++)
				if (rec->was[i] || rec->shots[rec->shot].present[i] ||
				    rec->count[i])
					rec->part_sq += (rec->count[i] / slots - sum / k) *
						(rec->count[i] / slots - sum / k);
	}
	if (rec->seen_windows++ < SKIPPED_WINDOWS)
		goto out;
#define HERE(i) (rec->was[i] || rec->shots[rec->shot].present[i])
	for (i = 0; i < rec->nr_pages; i++)
		if (HERE(i)) {
			n++;
			mean += rec->count[i] / slots;
		}
	mean /= n;
	for (i = 0; i < rec->nr_pages; i++) {
		double tr = rec->count[i] / slots, e = rec->est[i];

		rec->count_s[i] += rec->count[i];
		rec->sum_est[i] += e;
		rec->present_s[i] += HERE(i);
		if (!HERE(i))
			continue;
		rec->sq += (tr - e) * (tr - e);
		rec->var += (tr - mean) * (tr - mean);
		rec->abs += tr > e ? tr - e : e - tr;
		rec->n++;
		if (tr > 0.9) {
			rec->hottest++;
			rec->hottest_err += tr > e ? tr - e : e - tr;
		}
		rec->found += e >= 0.5;
	}
	for (i = 0; i < rec->nr_pages; i += run) {
		unsigned int found = 0, j;

		run = 1;
		if (rec->count[i] / slots < 0.5)
			continue;
		while (i + run < rec->nr_pages && rec->count[i + run] / slots >= 0.5 &&
		       rec->pages[i + run] == rec->pages[i] + run)
			run++;
		for (j = 0; j < run; j++)
			found += rec->est[i + j] >= 0.5;
		rec->hot += run;
		rec->hot_found += found;
		if (run <= 3) {
			rec->short_hot += run;
			rec->short_found += found;
		}
	}
	if (++rec->windows_s == WINDOWS_PER_SECOND) {
		rec->window_slots *= WINDOWS_PER_SECOND;
		close_second(rec);
	}
out:
	memset(rec->count, 0, 2UL * rec->nr_pages);
	rec->window_slots = 0;
}

struct record_score record_result(const struct record *rec)
{
	return (struct record_score) {
		.r2 = 1 - rec->sq / rec->var,
		.r2_second = 1 - rec->sq_s / rec->var_s,
		.r2_borders = 1 - rec->part_sq / rec->var,
		.error = rec->abs / rec->n,
		.recall = rec->hot_found / rec->hot,
		.precision = rec->hot_found / rec->found,
		.short_recall = rec->short_found / rec->short_hot,
		.hottest_error = rec->hottest_err / rec->hottest,
	};
}
