/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases about core filters, and which filters are core filters.  Random ones are
 * in tools/testing/damon/filter-test.c.
 */

static bool is_core_type(enum damos_filter_type type)
{
	return type == DAMOS_FILTER_TYPE_ADDR || type == DAMOS_FILTER_TYPE_TARGET;
}

static void drop_scheme(void *s)
{
	damon_destroy_scheme(s);
}

/* A scheme of no context. */
static struct damos *new_filtered(struct kunit *test)
{
	struct damos *s = new_scheme(test, DAMOS_STAT);

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, drop_scheme, s));
	return s;
}

static void drop_filters(struct damos *s)
{
	struct damos_filter *f, *next;

	damos_for_each_core_filter_safe(f, next, s)
		damos_destroy_filter(f);
	damos_for_each_ops_filter_safe(f, next, s)
		damos_destroy_filter(f);
}

static void give_addr_filter(struct kunit *test, struct damos *s,
			     unsigned long start, unsigned long end,
			     bool matching, bool allow)
{
	struct damos_filter *f = give_filter(test, s, DAMOS_FILTER_TYPE_ADDR,
					     matching, allow);

	f->addr_range.start = start;
	f->addr_range.end = end;
}

static void filter_lists(struct kunit *test)
{
	struct damos *s = new_filtered(test);
	enum damos_filter_type type;
	struct damos_filter *f;
	unsigned int bits;

	for (type = 0; type < NR_DAMOS_FILTER_TYPES; type++) {
		KUNIT_EXPECT_EQ(test, damos_filter_for_ops(type),
				!is_core_type(type));
		for (bits = 0; bits < 4; bits++) {
			f = damos_new_filter(type, bits & 1, bits & 2);
			KUNIT_ASSERT_NOT_NULL(test, f);
			KUNIT_EXPECT_EQ(test, f->type, type);
			KUNIT_EXPECT_EQ(test, f->matching, !!(bits & 1));
			KUNIT_EXPECT_EQ(test, f->allow, !!(bits & 2));
			KUNIT_EXPECT_EQ(test, f->addr_range.start, 0);
			KUNIT_EXPECT_EQ(test, f->addr_range.end, 0);
			damos_destroy_filter(f);

			f = give_filter(test, s, type, bits & 1, bits & 2);
			KUNIT_EXPECT_PTR_EQ(test, f->list.next, is_core_type(type) ?
					    &s->core_filters : &s->ops_filters);
		}
	}
	KUNIT_EXPECT_EQ(test, list_count_nodes(&s->core_filters), 2 * 4);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&s->ops_filters), 6 * 4);
}

/*
 * A filter of each kind before and behind one that decides about everything,
 * and the other way.  Types for the operations set do not decide here.
 */
static void filter_order(struct kunit *test)
{
	struct damos *s = new_filtered(test);
	enum damos_filter_type type;
	unsigned int bits;

	for (type = 0; type < NR_DAMOS_FILTER_TYPES; type++) {
		for (bits = 0; bits < 4; bits++) {
			bool matching = bits & 1, allow = bits & 2;
			bool decides = is_core_type(type) && matching;
			struct damos_filter *f, *other;
			unsigned long end = 200;

			f = give_filter(test, s, type, matching, allow);
			if (type == DAMOS_FILTER_TYPE_ADDR)
				f->addr_range = (struct damon_addr_range){ 100, 200 };
			list_move(&f->list, &s->core_filters);
			other = give_filter(test, s, DAMOS_FILTER_TYPE_TARGET, true,
					    !allow);
			KUNIT_EXPECT_EQ_MSG(test,
					    damos_judge_range(s, 0, 1, 100, &end),
					    allow == decides ?
					    DAMOS_ALLOW : DAMOS_REJECT,
					    "type %u, case %u", type, bits);
			KUNIT_EXPECT_EQ(test, end, 200);

			list_move(&other->list, &s->core_filters);
			KUNIT_EXPECT_EQ_MSG(test,
					    damos_judge_range(s, 0, 1, 100, &end),
					    allow ? DAMOS_REJECT : DAMOS_ALLOW,
					    "type %u, case %u", type, bits);
			KUNIT_EXPECT_EQ(test, end, 200);
			drop_filters(s);
		}
	}
}

static enum damos_verdict verdict_of(bool matches, bool allow)
{
	if (matches)
		return allow ? DAMOS_ALLOW : DAMOS_REJECT;
	/* of the last filter, and no other one follows */
	return allow ? DAMOS_REJECT : DAMOS_ADMIT;
}

static void filter_cuts(struct kunit *test)
{
	static const struct {
		unsigned long start, end, cut;
		bool inside;
	} cases[] = {
		{ 20, 30, 30, true }, { 0, 10, 10, false }, { 48, 60, 60, false },
		{ 8, 30, 16, false }, { 16, 30, 30, true }, { 20, 60, 48, true },
		{ 16, 48, 48, true }, { 0, 16, 16, false }, { 0, 60, 16, false },
	};
	struct damos *s = new_filtered(test);
	unsigned int i, bits;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (bits = 0; bits < 8; bits++) {
			bool matching = bits & 1, allow = bits & 2;
			unsigned long grain = (bits & 4) ? 16 : 1;
			unsigned long end = cases[i].end;
			enum damos_verdict v;

			/* borders in the grain, or a bit above it */
			give_addr_filter(test, s, 16 + grain / 2, 48 + grain / 2,
					 matching, allow);
			v = damos_judge_range(s, 0, grain, cases[i].start, &end);
			KUNIT_EXPECT_EQ(test, v,
					verdict_of(cases[i].inside == matching,
						   allow));
			KUNIT_EXPECT_EQ(test, end, cases[i].cut);
			drop_filters(s);
		}
	}
}

static void filter_default_reject(struct kunit *test)
{
	/* what the last filter does, 0: there is none; what becomes of the rest */
	static const struct {
		char core, ops;
		bool core_rejects, ops_rejects;
	} cases[] = {
		{ 0, 0, false, false }, { 'a', 0, true, false },
		{ 'r', 0, false, false }, { 0, 'a', false, true },
		{ 'a', 'a', false, true }, { 'r', 'a', false, true },
		{ 0, 'r', false, false }, { 'a', 'r', false, false },
		{ 'r', 'r', false, false },
	};
	struct damos *s = new_filtered(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long end = 10;
		char core = cases[i].core, ops = cases[i].ops;
		bool rejects = cases[i].core_rejects;

		if (core) {
			give_addr_filter(test, s, 100, 200, true, core != 'a');
			give_addr_filter(test, s, 100, 200, true, core == 'a');
		}
		if (ops) {
			give_filter(test, s, DAMOS_FILTER_TYPE_ANON, true,
				    ops != 'a');
			give_filter(test, s, DAMOS_FILTER_TYPE_ANON, true,
				    ops == 'a');
		}
		KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 1, 0, &end),
				rejects ? DAMOS_REJECT : DAMOS_ADMIT);
		KUNIT_EXPECT_EQ(test, damos_default_reject(&s->ops_filters),
				cases[i].ops_rejects);
		drop_filters(s);
	}
}

/* Where an address has no successor. */
static void filter_extremes(struct kunit *test)
{
	struct damos *s = new_filtered(test);
	unsigned long end = ULONG_MAX;

	give_addr_filter(test, s, ULONG_MAX - 5, ULONG_MAX, true, true);
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 1, 0, &end), DAMOS_REJECT);
	KUNIT_EXPECT_EQ(test, end, ULONG_MAX - 5);
	end = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 1, ULONG_MAX - 5, &end),
			DAMOS_ALLOW);
	KUNIT_EXPECT_EQ(test, end, ULONG_MAX);
	/* in a grain this coarse, it is empty */
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 4096, ULONG_MAX - 5, &end),
			DAMOS_REJECT);
	KUNIT_EXPECT_EQ(test, end, ULONG_MAX);
	drop_filters(s);

	give_addr_filter(test, s, 0, ULONG_MAX, true, true);
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 1, 0, &end), DAMOS_ALLOW);
	KUNIT_EXPECT_EQ(test, end, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 1UL << (BITS_PER_LONG - 1),
						0, &end), DAMOS_ALLOW);
	KUNIT_EXPECT_EQ(test, end, 1UL << (BITS_PER_LONG - 1));
	KUNIT_EXPECT_EQ(test, damos_judge_range(s, 0, 1UL << (BITS_PER_LONG - 1),
						end, &end), DAMOS_REJECT);
	drop_filters(s);
}
