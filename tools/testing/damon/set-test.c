// SPDX-License-Identifier: GPL-2.0
/*
 * damon_set_regions(): the regions of a target follow given ranges.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#define MAX_RANGES	8
#define MAX_PIECES	128

struct vector {
	const char *before;
	const char *ranges;
	unsigned long grain;
	const char *after;	/* NULL: refused */
};

#define SEVEN	"1000-1040 1040-1100 1400-1430 1430-1460 1460-1480 2000-2200 2200-2350"

/* Regions are numbered from one, so that what is fresh can be told from them. */
static const struct vector table[] = {
	{ "100-140 180-220", "120-200", 1, "120-140#1 140-180 180-200#2" },
	{ "0-30 30-90", "0-75 150-210", 1, "0-30#1 30-75#2 150-210" },
	{ "0-20 300-360", "0-60 120-200 310-350", 1, "0-60#1 120-200 310-350#2" },
	{ "40-80 120-160", "90-110", 1, "90-110" },
	{ "0-100", "10-30 60-90", 1, "10-30#1 60-90" },
	{ "", "5-20 33-34", 8, "0-24 32-40" },
	{ "", "5-20 23-40", 8, NULL },
	{ "0-100", "5-20 23-40", 8, NULL },
	{ "0-100", "30-40 10-20", 1, NULL },
	{ "0-100", "40-30", 1, NULL },
	{ "0-100", "8-8", 8, NULL },
	{ "0-100", "", 8, "" },
	{ "10-40 40-60", "20-30", 1, "20-30#1" },
	{ "", "5-15 15-25", 1, "5-15 15-25" },
	{ "4-16 24-32", "18-23", 1, "18-23" },
	{ "4-16 24-32", "8-28", 1, "8-16#1 16-24 24-28#2" },
	{ "0-4 4-17", "0-15 25-40", 1, "0-4#1 4-15#2 25-40" },
	{ "0-4 42-52", "0-15 25-40 44-50", 1, "0-15#1 25-40 44-50#2" },
	{ SEVEN, "980-1080 1390-1455 2100-2400", 1,
	  "980-1040#1 1040-1080#2 1390-1430#3 1430-1455#4 2100-2200#6 2200-2400#7" },
	{ SEVEN, "980-1080 1465-1470 1900-2400", 1,
	  "980-1040#1 1040-1080#2 1465-1470#5 1900-2200#6 2200-2400#7" },
	{ SEVEN, "980-1080 1600-1650 1900-2400", 1,
	  "980-1040#1 1040-1080#2 1600-1650 1900-2200#6 2200-2400#7" },
	{ SEVEN, "900-950 1500-1520 1800-1850", 1, "900-950 1500-1520 1800-1850" },
};

static void number_regions(struct damon_target *t)
{
	struct damon_region *r;
	unsigned int id = 0;

	damon_for_each_region(r, t)
		r->age = ++id;
}

static unsigned int parse_ranges(const char *text, struct damon_addr_range *ranges)
{
	unsigned int nr = 0;
	int len;

	while (nr < MAX_RANGES && sscanf(text, " %lu-%lu%n", &ranges[nr].start,
					 &ranges[nr].end, &len) == 2) {
		text += len;
		nr++;
	}
	return nr;
}

TEST(vectors)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_addr_range ranges[MAX_RANGES];
	unsigned int i, nr;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct vector *v = &table[i];
		char *before;
		int err;

		set_text(t, v->before);
		number_regions(t);
		before = strdup(get_text(t, TEXT_ID));
		nr = parse_ranges(v->ranges, ranges);
		err = damon_set_regions(t, ranges, nr, v->grain);
		ASSERT_EQ(v->after ? 0 : -EINVAL, err) {
			TH_LOG("%s to %s", v->before, v->ranges);
		}
		ASSERT_STREQ(v->after ?: before, get_text(t, TEXT_ID));
		free(before);
	}
	ASSERT_EQ(-EINVAL, damon_set_regions(t, ranges, 1, 0));

	/* the last address is a multiple */
	ranges[0] = (struct damon_addr_range){ ULONG_MAX - 9, ULONG_MAX - 4 + 1 };
	ASSERT_EQ(0, damon_set_regions(t, ranges, 1, 5));
	ASSERT_EQ(ULONG_MAX - 10, damon_first_region(t)->ar.start);
	ASSERT_EQ(ULONG_MAX, damon_first_region(t)->ar.end);
	free_ctx(ctx);
}

/* What the rules say, worked out in the most simple-minded way. */
struct piece {
	unsigned long start, end;
	unsigned int id;	/* of the region that survives here, 0: fresh */
};

struct model {
	struct piece old[MAX_PIECES], new[MAX_PIECES];
	unsigned int nr_old, nr_new;
};

static unsigned long round_out(unsigned long end, unsigned long grain)
{
	unsigned long down = end - end % grain;

	return down == end || down > ULONG_MAX - grain ? down : down + grain;
}

static void model_add(struct model *m, unsigned long start, unsigned long end,
		      unsigned int id)
{
	m->new[m->nr_new++] = (struct piece){ start, end, id };
}

/* Regions from *@first on that overlap the range, and the holes between them. */
static void model_range(struct model *m, const struct damon_addr_range *range,
			unsigned long grain, unsigned int *first)
{
	unsigned long start = range->start - range->start % grain;
	unsigned long end = round_out(range->end, grain), pos = start;
	unsigned int i, from = m->nr_new;

	for (i = *first; i < m->nr_old; i++) {
		struct piece *p = &m->old[i];

		if (p->end <= range->start || p->start >= min(range->end, end))
			continue;
		if (m->nr_new > from && p->start > pos)
			model_add(m, pos, p->start, 0);
		model_add(m, m->nr_new > from ? p->start : start, p->end, p->id);
		pos = p->end;
		*first = i + 1;
	}
	if (m->nr_new == from)
		model_add(m, start, end, 0);
	else
		m->new[m->nr_new - 1].end = end;
}

static bool model_matches(const struct model *m, struct damon_target *t)
{
	struct damon_region *r;
	unsigned int i = 0;

	damon_for_each_region(r, t) {
		const struct piece *p = &m->new[i++];

		if (i > m->nr_new || r->ar.start != p->start ||
		    r->ar.end != p->end || r->age != p->id ||
		    r->nr_accesses != p->id % 21 ||
		    r->rate != p->id % 19)
			return false;
	}
	return i == m->nr_new;
}

/* Places for borders: dense, sparse, or at the end of the address space. */
struct space {
	unsigned long base, room;
};

static struct space random_space(struct rng *rng)
{
	struct space s = { .room = 1UL << rnd_in(rng, 6, BITS_PER_LONG) };

	switch (rnd_in(rng, 0, 3)) {
	case 0:
		s.base = ULONG_MAX - s.room;
		break;
	case 1:
		s.base = rnd_any(rng, BITS_PER_LONG) % (ULONG_MAX - s.room);
		break;
	}
	return s;
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* @nr ascending addresses, some of them equal. */
static void random_borders(struct rng *rng, const struct space *s,
			   unsigned long *borders, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		borders[i] = s->base + rnd_in(rng, 0, s->room) + rnd_in(rng, 0, 2);
	qsort(borders, nr, sizeof(*borders), compare);
}

/* Regions with gaps and neighbours, at any address: the grain may have changed. */
static void random_target(struct rng *rng, const struct space *s,
			  struct damon_target *t, struct model *m)
{
	unsigned int nr = rnd_in(rng, 0, 20), i;
	unsigned long borders[21];

	random_borders(rng, s, borders, nr + 1);
	for (i = 0; i < nr; i++) {
		unsigned int id = m->nr_old + 1;
		struct damon_region *r;

		if (borders[i] == borders[i + 1] || rnd_true(rng, 0.3))
			continue;
		r = add(t, borders[i], borders[i + 1], id % 21);
		r->rate = id % 19;
		r->age = id;
		m->old[m->nr_old++] = (struct piece){ borders[i], borders[i + 1], id };
	}
}

static unsigned int random_ranges(struct rng *rng, const struct space *s,
				  struct damon_addr_range *ranges)
{
	unsigned int nr = rnd_in(rng, 0, MAX_RANGES + 1), i;
	unsigned long borders[2 * MAX_RANGES];

	random_borders(rng, s, borders, 2 * nr);
	for (i = 0; i < nr; i++)
		ranges[i] = (struct damon_addr_range){ borders[2 * i],
						       borders[2 * i + 1] };
	if (nr > 1 && rnd_true(rng, 0.05))
		swap(ranges[0], ranges[nr - 1]);
	return nr;
}

static bool valid(const struct damon_addr_range *ranges, unsigned int nr,
		  unsigned long grain)
{
	unsigned long last_end = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unsigned long start = ranges[i].start / grain * grain;
		unsigned long end = round_out(ranges[i].end, grain);

		if (ranges[i].start > ranges[i].end || start >= end ||
		    start < last_end)
			return false;
		last_end = end;
	}
	return true;
}

/* Every allocation fails in turn, and changes nothing. */
static void fail_each(struct __test_metadata *_metadata, struct damon_target *t,
		      struct damon_addr_range *ranges, unsigned int nr,
		      unsigned long grain, struct model *unchanged)
{
	unsigned long live = shim_live_objects(), i = 0;

	while (1) {
		shim_fail_after(i++);
		if (damon_set_regions(t, ranges, nr, grain) != -ENOMEM)
			break;
		shim_fail_after(ULONG_MAX);
		HOLDS(model_matches(unchanged, t));
		HOLDS(shim_live_objects() == live);
	}
	shim_fail_after(ULONG_MAX);
	HOLDS(i <= MAX_PIECES);
}

TEST(follows_the_rules)
{
	unsigned long accepted = 0, failed = 0;
	struct rng rng;

	for_each_case(rng, 20000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		struct damon_addr_range ranges[MAX_RANGES];
		struct space space = random_space(&rng);
		struct model m = {}, unchanged;
		unsigned long grain = 1UL << rnd_in(&rng, 0, 14);
		unsigned int nr, i, first = 0;
		bool ok;

		random_target(&rng, &space, t, &m);
		nr = random_ranges(&rng, &space, ranges);
		unchanged = m;
		memcpy(unchanged.new, m.old, sizeof(m.old));
		unchanged.nr_new = m.nr_old;

		ok = valid(ranges, nr, grain);
		if (!ok) {
			HOLDS(damon_set_regions(t, ranges, nr, grain) == -EINVAL);
			HOLDS(model_matches(&unchanged, t));
		} else {
			fail_each(_metadata, t, ranges, nr, grain, &unchanged);
			failed += m.nr_old != 0;
			for (i = 0; i < nr; i++)
				model_range(&m, &ranges[i], grain, &first);
			HOLDS(damon_regions_in_order(t));
			HOLDS(model_matches(&m, t));
			accepted++;
		}
		free_ctx(ctx);
	}
	/* the cases have to reach both ends */
	ASSERT_GT(accepted, (last_case(20000) - first_case()) / 10);
}

/* Who goes by what regions were, or had, finds out that they are others. */
TEST(changes_are_announced)
{
	struct damon_addr_range range = { 0, 200 };
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);

	set_text(t, "0-100");
	t->lacks_samples = false;
	t->layout.known = true;
	ASSERT_EQ(0, damon_set_regions(t, &range, 1, 1));
	ASSERT_TRUE(t->lacks_samples);
	ASSERT_FALSE(t->layout.known);

	/* a cut alone is one */
	range.end = 50;
	t->lacks_samples = false;
	t->layout.known = true;
	ASSERT_EQ(0, damon_set_regions(t, &range, 1, 1));
	ASSERT_TRUE(t->lacks_samples);
	ASSERT_FALSE(t->layout.known);

	/* what is refused is none */
	t->lacks_samples = false;
	t->layout.known = true;
	ASSERT_EQ(-EINVAL, damon_set_regions(t, &range, 1, 0));
	ASSERT_STREQ("0-50", get_text(t, TEXT_BORDERS));
	ASSERT_FALSE(t->lacks_samples);
	ASSERT_TRUE(t->layout.known);
	free_ctx(ctx);
}

/* A plan may be given up, once or twice, and leaves nothing behind. */
TEST(plans_can_be_dropped)
{
	struct damon_addr_range ranges[] = { { 0, 10 }, { 20, 30 }, { 40, 50 } };
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_target *t = target_of(ctx);
	struct damon_regions_plan plan;
	unsigned long live;

	set_text(t, "20-30");
	live = shim_live_objects();
	ASSERT_EQ(0, damon_plan_regions(&plan, t, ranges, 3, 1));
	ASSERT_EQ(live + 2, shim_live_objects());
	damon_drop_regions(&plan);
	ASSERT_EQ(live, shim_live_objects());
	damon_drop_regions(&plan);
	ASSERT_EQ(live, shim_live_objects());
	ASSERT_STREQ("20-30", get_text(t, TEXT_BORDERS));
	free_ctx(ctx);
}

/* Coverage does not depend on any model: it is exactly the rounded ranges. */
TEST(covers_exactly_the_ranges)
{
	struct rng rng;

	for_each_case(rng, 5000) {
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_target *t = target_of(ctx);
		struct damon_addr_range ranges[MAX_RANGES];
		struct space space = random_space(&rng);
		unsigned long grain = 1UL << rnd_in(&rng, 0, 14);
		struct model m = {};
		struct damon_region *r;
		unsigned int nr, i = 0;

		random_target(&rng, &space, t, &m);
		nr = random_ranges(&rng, &space, ranges);
		if (valid(ranges, nr, grain)) {
			unsigned long pos = 0;

			HOLDS(damon_set_regions(t, ranges, nr, grain) == 0);
			damon_for_each_region(r, t) {
				if (i < nr && pos <= ranges[i].start / grain * grain &&
				    r->ar.start == ranges[i].start / grain * grain)
					i++;
				else
					HOLDS(r->ar.start == pos);
				pos = r->ar.end;
				HOLDS(pos <= round_out(ranges[i - 1].end, grain));
			}
			HOLDS(i == nr);
			HOLDS(!nr || pos == round_out(ranges[nr - 1].end, grain));
		}
		free_ctx(ctx);
	}
}

TEST_HARNESS_MAIN
