// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of any size that nobody has to have: it consists of its hot pieces, and
 * answers whether a page has been accessed.  Knows nothing of monitoring.
 */
#include <math.h>
#include <stdlib.h>

#include "sim.h"

#define PAGE		4096ULL
#define STACK_END	0x7ffffffff000ULL
#define BANDS		5
/* Where a process has its large mappings. */
#define BASE		0x7f0000000000ULL
/* For spaces that do not fit behind it. */
#define BASE_OF_HUGE	0x100000000ULL

static int compare(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void place_steps(struct memory *m, uint64_t size)
{
	uint64_t room = m->c->space / m->c->pieces, slot;

	for (slot = 0; slot < m->c->pieces; slot++) {
		uint64_t start = m->start + slot * room +
			m->phase % (room / size) * size;

		m->pieces[slot] = (struct piece){ start, start + size, m->c->rate };
	}
}

/* Any order of gaps is equally likely: the pieces are shuffled into the rest. */
static void place_random(struct memory *m, uint64_t size)
{
	uint64_t grains = (m->c->space - m->c->hot) / m->c->align, i;

	for (i = 0; i < m->c->pieces; i++)
		m->pieces[i].start = rnd_in(&m->rng, 0, grains + 1);
	qsort(m->pieces, m->c->pieces, sizeof(*m->pieces), compare);
	for (i = 0; i < m->c->pieces; i++) {
		uint64_t start = m->start + m->pieces[i].start * m->c->align +
			i * size;

		m->pieces[i] = (struct piece){ start, start + size, m->c->rate };
	}
}

static void place_bands(struct memory *m)
{
	uint64_t size = m->c->space / BANDS / PAGE * PAGE, i;

	for (i = 0; i < BANDS; i++) {
		uint64_t start = m->start + i * size;

		m->pieces[i] = (struct piece){ start, start + size,
					       10000 * i / (BANDS - 1) };
	}
	m->nr_pieces = BANDS;
}

/*
 * Grains in any order; that of a rank is accessed in an interval with the probability
 * that one of many draws by Zipf's law is of it.  As many draws as make one in 16 hot.
 */
static void place_zipf(struct memory *m)
{
	uint64_t size = m->c->align, nr = m->c->space / size, i, j;
	double s = m->c->zipf / 1e4, draws = log(2) * pow(nr / 16.0, s);

	if (nr > MAX_PIECES)
		abort();
	for (i = 0; i < nr; i++)
		m->pieces[i].rate = llround(1e4 * (1 - exp(-draws * pow(i + 1, -s))));
	for (i = nr - 1; i; i--) {
		uint64_t rate = m->pieces[i].rate;

		j = rnd_in(&m->rng, 0, i + 1);
		m->pieces[i].rate = m->pieces[j].rate;
		m->pieces[j].rate = rate;
	}
	for (i = 0; i < nr; i++) {
		m->pieces[i].start = m->start + i * size;
		m->pieces[i].end = m->pieces[i].start + size;
	}
	m->nr_pieces = nr;
}

static void place(struct memory *m)
{
	uint64_t size = m->c->hot / m->c->pieces / PAGE * PAGE;

	m->nr_pieces = m->c->pieces;
	switch (m->c->move) {
	case MOVE_STEPS:
		place_steps(m, size);
		break;
	case MOVE_RANDOM:
		place_random(m, size);
		break;
	case MOVE_BANDS:
		place_bands(m);
		break;
	case MOVE_ZIPF:
		place_zipf(m);
		break;
	}
	if (m->c->stack)
		m->pieces[m->nr_pieces++] = (struct piece){
			STACK_END - m->c->stack, STACK_END, 10000 };
}

void memory_init(struct memory *m, const struct sim_case *c, uint64_t seed)
{
	uint64_t base = c->space > (1ULL << 40) ? BASE_OF_HUGE : BASE;

	*m = (struct memory){ .c = c, .rng = { seed }, .start = base,
			      .end = base + c->space };
	rnd(&m->rng);
	/* windows do not begin when phases do */
	m->next_move_ns = c->period * 1000 + rnd_in(&m->rng, 0, c->aggr * 1000);
	place(m);
}

bool memory_advance(struct memory *m, uint64_t ns)
{
	bool moved = false;

	while (ns >= m->next_move_ns) {
		m->phase++;
		m->next_move_ns += m->c->period * 1000;
		place(m);
		moved = true;
	}
	return moved;
}

/* The first piece that ends behind @addr, or the end of all pieces. */
static const struct piece *piece_from(const struct memory *m, uint64_t addr)
{
	unsigned int lo = 0, hi = m->nr_pieces;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (m->pieces[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return &m->pieces[lo];
}

uint64_t memory_rate(const struct memory *m, uint64_t addr)
{
	const struct piece *p = piece_from(m, addr);

	if (p < &m->pieces[m->nr_pieces] && p->start <= addr)
		return p->rate;
	return addr >= m->start && addr < m->end ? m->c->noise : 0;
}

bool memory_accessed(struct memory *m, uint64_t addr)
{
	return rnd_in(&m->rng, 0, 10000) < memory_rate(m, addr);
}

bool memory_touched(struct memory *m, uint64_t start, uint64_t end)
{
	const struct piece *p = piece_from(m, start);
	uint64_t rest = 0;
	double none = 1;

	if (start < m->end && end > m->start)
		rest = (end < m->end ? end : m->end) -
			(start > m->start ? start : m->start);
	for (; p < &m->pieces[m->nr_pieces] && p->start < end; p++) {
		uint64_t size = (p->end < end ? p->end : end) -
			(p->start > start ? p->start : start);

		none *= pow(1 - p->rate / 1e4, size / PAGE);
		rest -= size;
	}
	none *= pow(1 - m->c->noise / 1e4, rest / PAGE);
	return rnd_in(&m->rng, 0, 1 << 30) >= none * (1 << 30);
}

uint64_t memory_hot(const struct memory *m, uint64_t start, uint64_t end)
{
	const struct piece *p = piece_from(m, start);
	uint64_t sum = 0;

	for (; p < &m->pieces[m->nr_pieces] && p->start < end; p++)
		if (p->rate >= 5000)
			sum += (p->end < end ? p->end : end) -
				(p->start > start ? p->start : start);
	return sum;
}
