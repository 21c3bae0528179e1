// SPDX-License-Identifier: GPL-2.0
/*
 * Core filters: the verdict on a range, and where the range has to be cut for it.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

/* A scheme that has filters and nothing else. */
static void init_scheme(struct damos *s)
{
	memset(s, 0, sizeof(*s));
	INIT_LIST_HEAD(&s->core_filters);
	INIT_LIST_HEAD(&s->ops_filters);
}

static void drop_filters(struct damos *s)
{
	struct damos_filter *f, *next;

	damos_for_each_core_filter_safe(f, next, s)
		damos_destroy_filter(f);
	damos_for_each_ops_filter_safe(f, next, s)
		damos_destroy_filter(f);
}

static struct damos_filter *add_filter(struct damos *s,
				       enum damos_filter_type type,
				       bool matching, bool allow)
{
	struct damos_filter *f = damos_new_filter(type, matching, allow);

	if (!f)
		abort();
	damos_add_filter(s, f);
	return f;
}

static void add_addr(struct damos *s, unsigned long start, unsigned long end,
		     bool matching, bool allow)
{
	struct damos_filter *f = add_filter(s, DAMOS_FILTER_TYPE_ADDR, matching,
					    allow);

	f->addr_range.start = start;
	f->addr_range.end = end;
}

static void add_target_filter(struct damos *s, int idx, bool matching,
			      bool allow)
{
	add_filter(s, DAMOS_FILTER_TYPE_TARGET, matching, allow)->target_idx = idx;
}

/* The verdicts on all of a range, as "start-end:verdict", in a static buffer. */
static const char *judge(struct damos *s, unsigned int target_idx,
			 unsigned long grain, unsigned long start,
			 unsigned long end)
{
	static const char * const names[] = {
		[DAMOS_REJECT] = "reject", [DAMOS_ADMIT] = "admit",
		[DAMOS_ALLOW] = "allow",
	};
	static char text[300];
	size_t len = 0;

	while (start < end && len < sizeof(text) - 1) {
		unsigned long to = end;
		enum damos_verdict v = damos_judge_range(s, target_idx, grain,
							 start, &to);

		len += snprintf(text + len, sizeof(text) - len, "%s%lu-%lu:%s",
				len ? " " : "", start, to, names[v]);
		if (to <= start || to > end)
			break;
		start = to;
	}
	return text;
}

TEST(address_ranges_cut)
{
	static const struct {
		unsigned long start, end;
		const char *matching, *others;
	} v[] = {
		{ 20, 30, "20-30:allow", "20-30:reject" },
		{ 0, 10, "0-10:reject", "0-10:allow" },
		{ 48, 60, "48-60:reject", "48-60:allow" },
		{ 8, 30, "8-16:reject 16-30:allow", "8-16:allow 16-30:reject" },
		{ 20, 60, "20-48:allow 48-60:reject", "20-48:reject 48-60:allow" },
		/* on the borders, and on both sides at once */
		{ 16, 48, "16-48:allow", "16-48:reject" },
		{ 0, 16, "0-16:reject", "0-16:allow" },
		{ 15, 49, "15-16:reject 16-48:allow 48-49:reject",
			  "15-16:allow 16-48:reject 48-49:allow" },
	};
	struct damos s;
	int i;

	init_scheme(&s);
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		add_addr(&s, 16, 48, true, true);
		ASSERT_STREQ(v[i].matching, judge(&s, 0, 1, v[i].start, v[i].end));
		drop_filters(&s);
		add_addr(&s, 16, 48, false, true);
		ASSERT_STREQ(v[i].others, judge(&s, 0, 1, v[i].start, v[i].end));
		drop_filters(&s);
	}
}

TEST(borders_have_the_grain_of_regions)
{
	struct damos s;

	init_scheme(&s);
	add_addr(&s, 5000, 12287, true, true);
	ASSERT_STREQ("0-4096:reject 4096-8192:allow 8192-12288:reject",
		     judge(&s, 0, 4096, 0, 12288));
	ASSERT_EQ(5000, list_first_entry(&s.core_filters, struct damos_filter,
					 list)->addr_range.start);
	ASSERT_EQ(12287, list_first_entry(&s.core_filters, struct damos_filter,
					  list)->addr_range.end);
	ASSERT_STREQ("0-5000:reject 5000-12287:allow 12287-12288:reject",
		     judge(&s, 0, 1, 0, 12288));
	/* smaller than the grain: nothing is inside */
	ASSERT_STREQ("0-16384:reject", judge(&s, 0, 16384, 0, 16384));
	drop_filters(&s);

	add_addr(&s, 7, 7, true, true);
	ASSERT_STREQ("0-20:reject", judge(&s, 0, 1, 0, 20));
	drop_filters(&s);
	/* so everything is outside */
	add_addr(&s, 7, 7, false, true);
	ASSERT_STREQ("0-20:allow", judge(&s, 0, 1, 0, 20));
	drop_filters(&s);
}

TEST(first_match_decides)
{
	struct damos s;

	init_scheme(&s);
	ASSERT_STREQ("0-99:admit", judge(&s, 0, 1, 0, 99));

	add_target_filter(&s, 1, true, false);
	add_addr(&s, 10, 50, true, true);
	add_addr(&s, 20, 60, true, false);
	ASSERT_STREQ("0-99:reject", judge(&s, 1, 1, 0, 99));
	ASSERT_STREQ("0-10:admit 10-50:allow 50-60:reject 60-99:admit",
		     judge(&s, 0, 1, 0, 99));
	/* the last one makes the rule for the rest */
	add_target_filter(&s, 7, true, true);
	ASSERT_STREQ("0-10:reject 10-50:allow 50-60:reject 60-99:reject",
		     judge(&s, 0, 1, 0, 99));
	ASSERT_STREQ("0-10:allow 10-50:allow 50-60:reject 60-99:allow",
		     judge(&s, 7, 1, 0, 99));
	/* except that others have a say */
	add_filter(&s, DAMOS_FILTER_TYPE_ANON, true, false);
	ASSERT_STREQ("0-10:admit 10-50:allow 50-60:reject 60-99:admit",
		     judge(&s, 0, 1, 0, 99));
	drop_filters(&s);

	add_target_filter(&s, 1, false, false);
	ASSERT_STREQ("0-99:admit", judge(&s, 1, 1, 0, 99));
	ASSERT_STREQ("0-99:reject", judge(&s, 0, 1, 0, 99));
	drop_filters(&s);
	/* no target has such an index */
	add_target_filter(&s, -1, true, false);
	ASSERT_STREQ("0-99:admit", judge(&s, 0, 1, 0, 99));
	drop_filters(&s);
}

TEST(default_of_what_nobody_speaks_about)
{
	enum { NONE, REJECTS, ALLOWS };
	static const struct {
		int core, ops;
		bool core_rejects, ops_rejects;
	} v[] = {
		{ NONE, NONE, false, false }, { ALLOWS, NONE, true, false },
		{ REJECTS, NONE, false, false }, { NONE, ALLOWS, false, true },
		{ REJECTS, ALLOWS, false, true }, { ALLOWS, ALLOWS, false, true },
		{ NONE, REJECTS, false, false }, { REJECTS, REJECTS, false, false },
		{ ALLOWS, REJECTS, false, false },
	};
	struct damos s;
	int i;

	init_scheme(&s);
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		unsigned long end = 10;

		if (v[i].core) {
			/* only the last one counts */
			add_addr(&s, 100, 200, true, v[i].core == REJECTS);
			add_addr(&s, 100, 200, true, v[i].core == ALLOWS);
		}
		if (v[i].ops) {
			add_filter(&s, DAMOS_FILTER_TYPE_YOUNG, true,
				   v[i].ops == REJECTS);
			add_filter(&s, DAMOS_FILTER_TYPE_YOUNG, true,
				   v[i].ops == ALLOWS);
		}
		ASSERT_EQ(v[i].core_rejects ? DAMOS_REJECT : DAMOS_ADMIT,
			  damos_judge_range(&s, 0, 1, 0, &end));
		ASSERT_EQ(v[i].ops_rejects, damos_default_reject(&s.ops_filters));
		drop_filters(&s);
	}
}

/* What needs the memory itself says nothing here, wherever it is. */
TEST(others_do_not_decide)
{
	enum damos_filter_type type;
	struct damos_filter *f;
	struct damos s;

	init_scheme(&s);
	for (type = 0; type < NR_DAMOS_FILTER_TYPES + 1; type++) {
		int bits;

		for (bits = 0; bits < 4; bits++) {
			bool core = type == DAMOS_FILTER_TYPE_ADDR ||
				type == DAMOS_FILTER_TYPE_TARGET;

			f = add_filter(&s, type, bits & 1, bits & 2);
			ASSERT_EQ(core, list_empty(&s.ops_filters));
			ASSERT_EQ(!core, list_empty(&s.core_filters));
			list_move_tail(&f->list, &s.core_filters);
			add_target_filter(&s, 0, true, false);
			if (!core)
				ASSERT_STREQ("0-9:reject", judge(&s, 0, 1, 0, 9));
			drop_filters(&s);
		}
	}
}

/* random filters */

struct sizes {
	unsigned int bits;	/* of addresses */
	unsigned long grain;
};

static unsigned long rnd_addr(struct rng *rng, struct damos *s,
			      const struct sizes *sizes)
{
	struct damos_filter *f;

	/* often where another filter begins or ends, give or take one */
	if (rnd_true(rng, 0.4))
		damos_for_each_core_filter(f, s)
			if (f->type == DAMOS_FILTER_TYPE_ADDR &&
			    rnd_true(rng, 0.3))
				return (rnd_true(rng, 0.5) ? f->addr_range.start :
					f->addr_range.end) + rnd_in(rng, 0, 3) - 1;
	return rnd_any(rng, sizes->bits);
}

static void add_random_filters(struct rng *rng, struct damos *s,
			       const struct sizes *sizes)
{
	int i, nr = rnd_in(rng, 0, 6);

	for (i = 0; i < nr; i++) {
		unsigned long a = rnd_addr(rng, s, sizes);
		unsigned long b = rnd_addr(rng, s, sizes);
		bool matching = rnd_true(rng, 0.7), allow = rnd_true(rng, 0.5);

		switch (rnd_in(rng, 0, 8)) {
		case 0:
			add_filter(s, DAMOS_FILTER_TYPE_MEMCG, matching, allow);
			break;
		case 1:
			add_target_filter(s, rnd_in(rng, 0, 3), matching, allow);
			break;
		default:
			add_addr(s, min(a, b), max(a, b), matching, allow);
		}
	}
}

/* The verdict on one address, from the rules alone. */
static enum damos_verdict oracle(struct damos *s, unsigned int target_idx,
				 unsigned long grain, unsigned long addr)
{
	unsigned long unit = addr / grain;
	struct damos_filter *f;
	bool last_allows = false, is;

	damos_for_each_core_filter(f, s) {
		if (f->type == DAMOS_FILTER_TYPE_TARGET)
			is = f->target_idx == target_idx;
		else
			is = unit >= f->addr_range.start / grain &&
				unit < f->addr_range.end / grain;
		if (is == f->matching)
			return f->allow ? DAMOS_ALLOW : DAMOS_REJECT;
		last_allows = f->allow;
	}
	return last_allows && list_empty(&s->ops_filters) ? DAMOS_REJECT :
		DAMOS_ADMIT;
}

static unsigned int nr_core_filters(struct damos *s)
{
	struct damos_filter *f;
	unsigned int nr = 0;

	damos_for_each_core_filter(f, s)
		nr++;
	return nr;
}

/* Every address of small spaces. */
TEST(verdicts_hold_for_all_of_the_piece)
{
	struct rng rng;

	for_each_case(rng, 20000) {
		struct sizes sizes = { .bits = 8, .grain = 1UL << rnd_in(&rng, 0, 5) };
		unsigned int idx = rnd_in(&rng, 0, 3), pieces = 0;
		unsigned long addr = 0, end = 0;
		enum damos_verdict v = DAMOS_ADMIT;
		struct damos s;

		init_scheme(&s);
		add_random_filters(&rng, &s, &sizes);
		for (addr = 0; addr < 300; addr++) {
			if (addr == end) {
				end = 300;
				v = damos_judge_range(&s, idx, sizes.grain, addr,
						      &end);
				HOLDS(end > addr && end <= 300);
				HOLDS(end == 300 || end % sizes.grain == 0);
				pieces++;
			}
			HOLDS(v == oracle(&s, idx, sizes.grain, addr));
		}
		/* each border cuts once */
		HOLDS(pieces <= 2 * nr_core_filters(&s) + 1);
		drop_filters(&s);
	}
}

/* Addresses of any magnitude: at the ends of each piece, and in it. */
TEST(extremes_are_judged)
{
	struct rng rng;

	for_each_case(rng, 50000) {
		struct sizes sizes = {
			.bits = BITS_PER_LONG,
			.grain = 1UL << rnd_in(&rng, 0, BITS_PER_LONG),
		};
		unsigned int idx = rnd_in(&rng, 0, 3), pieces = 0;
		unsigned long start, end;
		struct damos s;

		init_scheme(&s);
		add_random_filters(&rng, &s, &sizes);
		start = rnd_addr(&rng, &s, &sizes);
		while (start != ULONG_MAX) {
			enum damos_verdict v;

			end = ULONG_MAX;
			v = damos_judge_range(&s, idx, sizes.grain, start, &end);
			HOLDS(end > start);
			HOLDS(end == ULONG_MAX || end % sizes.grain == 0);
			HOLDS(v == oracle(&s, idx, sizes.grain, start));
			HOLDS(v == oracle(&s, idx, sizes.grain, end - 1));
			HOLDS(v == oracle(&s, idx, sizes.grain,
					  rnd_in(&rng, start, end)));
			start = end;
			pieces++;
		}
		HOLDS(pieces <= 2 * nr_core_filters(&s) + 1);
		drop_filters(&s);
	}
}

TEST(new_filters_are_zero)
{
	struct damos_filter *f = damos_new_filter(DAMOS_FILTER_TYPE_ADDR, true,
						  false);

	ASSERT_FALSE(!f);
	ASSERT_EQ(DAMOS_FILTER_TYPE_ADDR, f->type);
	ASSERT_TRUE(f->matching);
	ASSERT_FALSE(f->allow);
	ASSERT_EQ(0, f->addr_range.start);
	ASSERT_EQ(0, f->addr_range.end);
	/* it may be destroyed without being in a list */
	damos_destroy_filter(f);
	ASSERT_EQ(0, shim_live_objects());
	shim_fail_after(0);
	ASSERT_TRUE(!damos_new_filter(DAMOS_FILTER_TYPE_ADDR, true, false));
	shim_fail_after(ULONG_MAX);
}

TEST_HARNESS_MAIN
