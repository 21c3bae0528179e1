/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Draws numbers by Zipf's law: the most popular of them comes 2^theta times as often as
 * the second one, 3^theta times as often as the third one. Which one is how popular is
 * drawn, too, as popular keys of a real store lie anywhere.
 */
#ifndef WORKLOADS_ZIPF_H
#define WORKLOADS_ZIPF_H

#include <math.h>

#include "common.h"

struct zipf {
	unsigned long count;
	double *sum;		/* of the weights of ranks up to this one */
	unsigned int *number;	/* by rank */
	uint64_t state;
};

static inline void zipf_init(struct zipf *zipf, unsigned long count, double theta, uint64_t seed)
{
	double sum = 0;
	unsigned long i;

	zipf->count = count;
	zipf->state = seed * 0x9e3779b97f4a7c15ull + 1;
	zipf->sum = malloc(count * sizeof(*zipf->sum));
	zipf->number = malloc(count * sizeof(*zipf->number));
	if (!zipf->sum || !zipf->number)
		errx(1, "no memory");
	for (i = 0; i < count; i++) {
		unsigned long other = draw_next(&zipf->state) % (i + 1);

		sum += pow(i + 1, -theta);
		zipf->sum[i] = sum;
		zipf->number[i] = zipf->number[other];
		zipf->number[other] = i;
	}
}

static inline unsigned int zipf_draw(struct zipf *zipf)
{
	double at = (draw_next(&zipf->state) >> 11) * 0x1p-53 * zipf->sum[zipf->count - 1];
	unsigned long low = 0, high = zipf->count - 1;

	while (low < high) {
		unsigned long middle = (low + high) / 2;

		if (zipf->sum[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return zipf->number[low];
}

#endif
