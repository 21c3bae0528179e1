// SPDX-License-Identifier: GPL-2.0
/*
 * Data attribute probes: what they hit, how hits are counted, and what becomes of
 * the counters when probes are exchanged.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

/* Memory that is of some types.  NULL: there is no memory. */
struct memory {
	bool anon;
	u64 memcg_id;
};

static bool of_type(const struct damon_filter *f, void *arg)
{
	struct memory *memory = arg;

	if (!memory)
		return false;
	return f->type == DAMON_FILTER_TYPE_ANON ? memory->anon :
		memory->memcg_id == f->memcg_id;
}

static struct damon_probe *add_probe(struct damon_ctx *ctx)
{
	struct damon_probe *probe = damon_new_probe();

	if (!probe)
		abort();
	damon_add_probe(ctx, probe);
	return probe;
}

static struct damon_filter *add_filter(struct damon_probe *probe,
				       enum damon_filter_type type,
				       bool matching, bool allow)
{
	struct damon_filter *f = damon_new_filter(type, matching, allow);

	if (!f)
		abort();
	damon_add_filter(probe, f);
	return f;
}

static struct damon_probe *add_anon_probe(struct damon_ctx *ctx)
{
	struct damon_probe *probe = add_probe(ctx);

	add_filter(probe, DAMON_FILTER_TYPE_ANON, true, true);
	return probe;
}

static struct damon_probe *add_memcg_probe(struct damon_ctx *ctx, u64 id)
{
	struct damon_probe *probe = add_probe(ctx);

	add_filter(probe, DAMON_FILTER_TYPE_MEMCG, true, true)->memcg_id = id;
	return probe;
}

static void free_all(struct damon_ctx *ctx)
{
	damon_drop_probes(&ctx->probes);
	free_ctx(ctx);
}

TEST(first_filter_that_matches_decides)
{
	struct memory anon_7 = { true, 7 }, anon_8 = { true, 8 }, file_7 = { false, 7 };
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_probe *probe = add_probe(ctx);

	/* no filter, no objection */
	ASSERT_TRUE(damon_probe_matches(probe, of_type, &anon_7));
	ASSERT_TRUE(damon_probe_matches(probe, of_type, NULL));

	/* neither cgroup 7 ... */
	add_filter(probe, DAMON_FILTER_TYPE_MEMCG, true, false)->memcg_id = 7;
	ASSERT_FALSE(damon_probe_matches(probe, of_type, &anon_7));
	ASSERT_FALSE(damon_probe_matches(probe, of_type, &file_7));
	ASSERT_TRUE(damon_probe_matches(probe, of_type, &anon_8));
	ASSERT_TRUE(damon_probe_matches(probe, of_type, NULL));

	/* ... nor anything but anonymous memory */
	add_filter(probe, DAMON_FILTER_TYPE_ANON, true, true);
	ASSERT_FALSE(damon_probe_matches(probe, of_type, &anon_7));
	ASSERT_FALSE(damon_probe_matches(probe, of_type, &file_7));
	ASSERT_TRUE(damon_probe_matches(probe, of_type, &anon_8));
	ASSERT_FALSE(damon_probe_matches(probe, of_type, NULL));
	free_all(ctx);
}

/* One filter of each kind, on memory of its type, of another, and on nothing. */
TEST(one_filter)
{
	struct memory anon = { true, 0 }, file = { false, 0 };
	unsigned int bits;

	for (bits = 0; bits < 4; bits++) {
		bool matching = bits & 1, allow = bits & 2;
		struct damon_ctx *ctx = make_ctx(1);
		struct damon_probe *probe = add_probe(ctx);

		add_filter(probe, DAMON_FILTER_TYPE_ANON, matching, allow);
		ASSERT_EQ(matching == allow,
			  damon_probe_matches(probe, of_type, &anon));
		ASSERT_EQ(matching != allow,
			  damon_probe_matches(probe, of_type, &file));
		ASSERT_EQ(matching != allow,
			  damon_probe_matches(probe, of_type, NULL));
		free_all(ctx);
	}
}

TEST(hits_never_exceed_samples)
{
	struct memory anon_7 = { true, 7 }, file_7 = { false, 7 };
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1, 0);
	unsigned int i;

	add_anon_probe(ctx);
	add_memcg_probe(ctx, 7);
	add_memcg_probe(ctx, 8);

	/* nothing sampled, nothing hit */
	damon_count_hits(ctx, r, of_type, &anon_7);
	ASSERT_EQ(0, r->probe_hits[0]);

	r->nr_samples = 2;
	damon_count_hits(ctx, r, of_type, &anon_7);
	damon_count_hits(ctx, r, of_type, &file_7);
	damon_count_hits(ctx, r, of_type, &file_7);
	ASSERT_EQ(1, r->probe_hits[0]);
	ASSERT_EQ(2, r->probe_hits[1]);
	ASSERT_EQ(0, r->probe_hits[2]);
	ASSERT_EQ(0, r->probe_hits[3]);

	/* and counters are as they were where they end */
	for (i = 0; i < 1000; i++) {
		r->nr_samples++;
		damon_count_hits(ctx, r, of_type, &anon_7);
	}
	ASSERT_EQ(255, r->probe_hits[0]);
	ASSERT_EQ(255, r->probe_hits[1]);
	ASSERT_EQ(0, r->probe_hits[2]);
	ASSERT_EQ(1002, r->nr_samples);
	free_all(ctx);
}

TEST(probes_without_counters_count_nothing)
{
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_region *r = add(target_of(ctx), 0, 1, 0), before;
	int i;

	ASSERT_EQ(0, damon_nr_probes(ctx));
	for (i = 1; i <= DAMON_MAX_PROBES + 2; i++) {
		add_probe(ctx);
		ASSERT_EQ(min(i, DAMON_MAX_PROBES), damon_nr_probes(ctx));
	}
	r->nr_samples = 10;
	before = *r;
	damon_count_hits(ctx, r, of_type, NULL);
	for (i = 0; i < DAMON_MAX_PROBES; i++) {
		ASSERT_EQ(1, r->probe_hits[i]);
		r->probe_hits[i] = 0;
	}
	ASSERT_EQ(0, memcmp(r, &before, sizeof(before)));
	free_all(ctx);
}

TEST(copies_are_complete)
{
	struct memory memory[] = { { true, 7 }, { true, 8 }, { false, 7 }, { false, 8 } };
	struct damon_ctx *ctx = make_ctx(1);
	struct damon_probe *old, *new;
	LIST_HEAD(copies);
	int i;

	add_probe(ctx);
	add_filter(add_memcg_probe(ctx, 7), DAMON_FILTER_TYPE_ANON, false, true);
	add_filter(add_anon_probe(ctx), DAMON_FILTER_TYPE_MEMCG, true, false)->memcg_id = 8;
	ASSERT_EQ(0, damon_copy_probes(&copies, ctx));

	new = list_first_entry(&copies, struct damon_probe, list);
	damon_for_each_probe(old, ctx) {
		ASSERT_TRUE(old != new);
		for (i = 0; i < ARRAY_SIZE(memory); i++)
			ASSERT_EQ(damon_probe_matches(old, of_type, &memory[i]),
				  damon_probe_matches(new, of_type, &memory[i]));
		new = list_next_entry(new, list);
	}
	ASSERT_TRUE(&new->list == &copies);
	damon_drop_probes(&copies);
	free_all(ctx);
}

/* Whatever fails, what has been copied so far can be dropped. */
TEST(copies_survive_failures)
{
	struct damon_ctx *ctx = make_ctx(1);
	LIST_HEAD(copies);
	int i;

	add_memcg_probe(ctx, 1);
	add_anon_probe(ctx);
	for (i = 0; i < 5; i++) {
		shim_fail_after(i);
		ASSERT_EQ(i < 4 ? -ENOMEM : 0, damon_copy_probes(&copies, ctx));
		damon_drop_probes(&copies);
		ASSERT_TRUE(list_empty(&copies));
		shim_fail_after(ULONG_MAX);
	}
	shim_fail_after(0);
	ASSERT_TRUE(!damon_new_probe());
	ASSERT_TRUE(!damon_new_filter(DAMON_FILTER_TYPE_ANON, true, true));
	shim_fail_after(ULONG_MAX);
	free_all(ctx);
}

/* Exchanges the probes of @ctx for those of @src, and drops the old ones. */
static void exchange(struct damon_ctx *ctx, struct damon_ctx *src)
{
	damon_swap_probes(ctx, &src->probes);
	damon_drop_probes(&src->probes);
	free(target_of(src));
	free(src);
}

static void set_hits(struct damon_ctx *ctx)
{
	struct damon_region *r;
	int i;

	damon_for_each_region(r, target_of(ctx))
		for (i = 0; i < DAMON_MAX_PROBES; i++)
			r->probe_hits[i] = 10 + i;
}

/* Hits of the first region as text; the others must have the same. */
static const char *get_hits(struct damon_ctx *ctx)
{
	static char text[40];
	struct damon_region *first = damon_first_region(target_of(ctx)), *r;

	damon_for_each_region(r, target_of(ctx))
		if (memcmp(r->probe_hits, first->probe_hits, sizeof(r->probe_hits)))
			return "not all the same";
	snprintf(text, sizeof(text), "%u %u %u %u", first->probe_hits[0],
		 first->probe_hits[1], first->probe_hits[2],
		 first->probe_hits[3]);
	return text;
}

TEST(same_probes_keep_their_hits)
{
	struct damon_ctx *ctx = make_ctx(1), *src;
	struct damon_probe *probe;

	set_text(target_of(ctx), "0-10 10-20 30-40");
	add_anon_probe(ctx);
	add_memcg_probe(ctx, 7);
	add_probe(ctx);
	add_anon_probe(ctx);
	set_hits(ctx);

	/* the same, another cgroup, one more filter, gone */
	src = make_ctx(1);
	add_anon_probe(src);
	add_memcg_probe(src, 8);
	add_filter(add_probe(src), DAMON_FILTER_TYPE_ANON, false, true);
	exchange(ctx, src);
	ASSERT_STREQ("10 0 0 0", get_hits(ctx));
	ASSERT_EQ(3, damon_nr_probes(ctx));

	/* all others in their places, and the order of filters counts */
	set_hits(ctx);
	src = make_ctx(1);
	add_filter(add_probe(src), DAMON_FILTER_TYPE_ANON, true, false);
	probe = add_memcg_probe(src, 8);
	add_filter(probe, DAMON_FILTER_TYPE_ANON, true, true);
	add_probe(src);
	exchange(ctx, src);
	ASSERT_STREQ("0 0 0 13", get_hits(ctx));

	set_hits(ctx);
	src = make_ctx(1);
	add_filter(add_probe(src), DAMON_FILTER_TYPE_ANON, true, false);
	probe = add_anon_probe(src);
	add_filter(probe, DAMON_FILTER_TYPE_MEMCG, true, true)->memcg_id = 8;
	add_probe(src);
	exchange(ctx, src);
	ASSERT_STREQ("10 0 12 13", get_hits(ctx));

	/* none at all, and as many as there may be */
	src = make_ctx(1);
	exchange(ctx, src);
	ASSERT_EQ(0, damon_nr_probes(ctx));
	ASSERT_STREQ("0 0 0 13", get_hits(ctx));
	src = make_ctx(1);
	while (damon_nr_probes(src) < DAMON_MAX_PROBES)
		add_probe(src);
	exchange(ctx, src);
	ASSERT_EQ(DAMON_MAX_PROBES, damon_nr_probes(ctx));
	free_all(ctx);
}

/* Those beyond the counters that there are count nothing, and spoil nothing. */
TEST(probes_without_counters_are_exchanged)
{
	struct damon_ctx *ctx = make_ctx(1), *src = make_ctx(1);
	struct damon_region *r, before;
	int i;

	r = add(target_of(ctx), 0, 10, 0);
	for (i = 0; i < DAMON_MAX_PROBES + 3; i++) {
		add_memcg_probe(ctx, 7);
		add_memcg_probe(src, 8);
	}
	r->rate = DAMON_FULL_RATE;
	r->worth = 7;
	r->age = UINT_MAX;
	memset(r->probe_hits, 0, sizeof(r->probe_hits));
	before = *r;
	set_hits(ctx);
	exchange(ctx, src);
	ASSERT_EQ(0, memcmp(r, &before, sizeof(before)));
	free_all(ctx);
}

TEST(new_objects_are_in_no_list)
{
	struct damon_probe *probe = damon_new_probe();

	ASSERT_TRUE(list_empty(&probe->list));
	ASSERT_TRUE(list_empty(&probe->filters));
	kfree(probe);
	/* filters may be destroyed like that */
	damon_destroy_filter(damon_new_filter(DAMON_FILTER_TYPE_ANON, true, true));
	ASSERT_EQ(0, shim_live_objects());
}

/* weights */

static struct damon_ctx *make_weighted_ctx(unsigned int weight, unsigned int other)
{
	struct damon_ctx *ctx = make_ctx(1);

	ctx->ops.apply_probes = apply_no_probes;
	add_anon_probe(ctx)->weight = weight;
	add_memcg_probe(ctx, 7)->weight = other;
	return ctx;
}

TEST(weights_decide_what_is_monitored)
{
	struct damon_ctx *ctx = make_weighted_ctx(0, 0);

	ASSERT_FALSE(damon_attrs_only(ctx));
	list_first_entry(&ctx->probes, struct damon_probe, list)->weight = 1;
	ASSERT_TRUE(damon_attrs_only(ctx));
	/* nobody asks the probes */
	ctx->ops.apply_probes = NULL;
	ASSERT_FALSE(damon_attrs_only(ctx));
	free_all(ctx);
}

TEST(rate_is_the_weighted_mean)
{
	static const struct {
		unsigned int weight, other, hits, other_hits, percent;
	} v[] = {
		{ 1, 0, 5, 20, 25 }, { 1, 1, 20, 0, 50 }, { 1, 3, 20, 0, 25 }, { 1, 3, 0, 20, 75 },
		{ 1, 3, 20, 20, 100 }, { 7, 9, 0, 0, 0 }, { UINT_MAX, UINT_MAX, 10, 10, 50 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_weighted_ctx(v[i].weight, v[i].other);
		struct damon_region *r = add(target_of(ctx), 0, 10, 0);

		r->nr_samples = 20;
		r->probe_hits[0] = v[i].hits;
		r->probe_hits[1] = v[i].other_hits;
		EXPECT_LE(abs_diff((u64)damon_probes_rate(ctx, r) * 100,
				   (u64)v[i].percent * DAMON_FULL_RATE), 200);
		free_all(ctx);
	}
}

/* Some are never none, and no more than all. */
TEST(rate_has_its_bounds)
{
	struct damon_ctx *ctx = make_weighted_ctx(1, UINT_MAX);
	struct damon_region *r = add(target_of(ctx), 0, 10, 0);

	r->nr_samples = 255;
	r->probe_hits[0] = 1;
	ASSERT_EQ(1, damon_probes_rate(ctx, r));
	r->probe_hits[0] = 255;
	r->probe_hits[1] = 255;
	ASSERT_EQ(DAMON_FULL_RATE, damon_probes_rate(ctx, r));
	/* without a sample, nothing is known */
	memset(r->probe_hits, 0, sizeof(r->probe_hits));
	r->nr_samples = 0;
	ASSERT_EQ(0, damon_probes_rate(ctx, r));
	free_all(ctx);
}

/* What is known is about what was monitored: another weight makes it another thing. */
TEST(other_weights_are_another_thing)
{
	static const struct {
		unsigned int from, to;
		bool lasts;
	} v[] = {
		{ 0, 0, true }, { 2, 2, true }, { 2, 3, false }, { 0, 2, false }, { 2, 0, false },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct damon_ctx *ctx = make_weighted_ctx(v[i].from, 0);
		struct damon_region *r = add(target_of(ctx), 0, 10, 3);

		set_last(r, 10);
		r->age = 5;
		r->nr_samples = 4;
		r->nr_accesses = 3;
		r->sampling_addr = 5;
		set_hits(ctx);
		exchange(ctx, make_weighted_ctx(v[i].to, 0));
		EXPECT_EQ(v[i].lasts, damon_region_known(r) && r->age == 5 && r->rate && r->worth &&
			  r->nr_accesses == 3 && damon_sample_pending(r));
		EXPECT_EQ(!v[i].lasts, !r->age && !r->rate && !r->worth && !r->nr_samples &&
			  !r->nr_accesses && !damon_sample_pending(r));
		if (!v[i].lasts)
			EXPECT_STREQ("0 0 0 0", get_hits(ctx));
		free_all(ctx);
	}
}

/* So does another number of probes, or another filter. */
TEST(other_probes_are_another_thing)
{
	struct damon_ctx *ctx = make_weighted_ctx(1, 1), *src = make_weighted_ctx(1, 1);
	struct damon_region *r = add(target_of(ctx), 0, 10, 0);

	/* not if it has no weight */
	set_last(r, 10);
	add_probe(src);
	exchange(ctx, src);
	ASSERT_TRUE(!!r->worth);
	src = make_weighted_ctx(1, 1);
	add_anon_probe(src);
	exchange(ctx, src);
	ASSERT_TRUE(!!r->worth);
	exchange(ctx, make_weighted_ctx(1, 1));
	ASSERT_TRUE(!!r->worth);

	src = make_weighted_ctx(1, 1);
	add_probe(src)->weight = 1;
	exchange(ctx, src);
	ASSERT_FALSE(!!r->worth);

	set_last(r, 10);
	exchange(ctx, make_weighted_ctx(1, 1));
	ASSERT_FALSE(!!r->worth);

	set_last(r, 10);
	src = make_weighted_ctx(1, 1);
	add_filter(list_first_entry(&src->probes, struct damon_probe, list),
		   DAMON_FILTER_TYPE_ANON, true, false);
	exchange(ctx, src);
	ASSERT_FALSE(!!r->worth);
	free_all(ctx);
}

/* A window of samples, where memory in [@from, @to) is anonymous. */
static void run_window(struct damon_ctx *ctx, struct rng *rng, unsigned long from,
		       unsigned long to)
{
	struct damon_looks looks;
	struct damon_region *r;
	int i;

	for (i = 0; i < TEST_WINDOW; i++) {
		damon_looks_begin(&looks, ctx);
		damon_for_each_region(r, target_of(ctx)) {
			unsigned long addr = rnd_in(rng, r->ar.start, r->ar.end);
			struct memory memory = { .anon = addr >= from && addr < to };

			if (!damon_probe_next(&looks, r))
				continue;
			damon_count_answer(r, false, TEST_WINDOW);
			damon_count_hits(ctx, r, of_type, &memory);
		}
	}
	damon_close_window(ctx);
}

/* Bytes that are in a region of another kind than they are. */
static unsigned long nr_wrong(struct damon_ctx *ctx, unsigned long from, unsigned long to)
{
	struct damon_region *r;
	unsigned long nr = 0;

	damon_for_each_region(r, target_of(ctx)) {
		unsigned long low = max(r->ar.start, from), high = min(r->ar.end, to);
		unsigned long inside = low < high ? high - low : 0;

		nr += damon_was_hot(r) ? damon_sz_region(r) - inside : inside;
	}
	return nr;
}

/* Where memory with an attribute begins and ends is found, and how long it has been there. */
TEST(borders_of_attributes_are_found)
{
	struct rng rng;

	for_each_case(rng, 50) {
		struct damon_ctx *ctx = make_weighted_ctx(rnd_in(&rng, 1, 100), 0);
		unsigned long size = rnd_in(&rng, 1000, 1000000);
		unsigned long from = rnd_in(&rng, 0, size * 3 / 4), to, nr_young = 0;
		struct damon_region *r;
		int i;

		to = from + rnd_in(&rng, size / 16, size / 4);
		add(target_of(ctx), 0, size, 0);
		for (i = 0; i < 40; i++) {
			run_window(ctx, &rng, from, to);
			damon_for_each_region(r, target_of(ctx)) {
				HOLDS(!r->nr_accesses && !damon_nr_accesses_mvsum(r, ctx));
				HOLDS(!r->nr_accesses_bp);
			}
			damon_open_window(ctx);
			damon_cut_regions(ctx);
		}
		run_window(ctx, &rng, from, to);
		HOLDS(nr_wrong(ctx, from, to) <= size / 50);
		HOLDS(damon_nr_regions(target_of(ctx)) < 40);
		/* all but what is at the borders is as old as that */
		damon_for_each_region(r, target_of(ctx))
			nr_young += r->age > 20 ? 0 : damon_sz_region(r);
		HOLDS(nr_young <= size / 4);
		free_all(ctx);
	}
}

TEST(copies_have_the_weights)
{
	struct damon_ctx *ctx = make_weighted_ctx(3, 5);
	LIST_HEAD(copies);

	ASSERT_EQ(0, damon_copy_probes(&copies, ctx));
	ASSERT_EQ(8, damon_total_weight(&copies));
	damon_drop_probes(&copies);
	free_all(ctx);
}

/* What a type does not use makes no difference. */
TEST(unused_cgroups_make_no_difference)
{
	struct damon_ctx *ctx = make_ctx(1), *src = make_ctx(1);

	add(target_of(ctx), 0, 10, 0);
	add_anon_probe(ctx);
	add_filter(add_probe(src), DAMON_FILTER_TYPE_ANON, true, true)->memcg_id = 99;
	set_hits(ctx);
	exchange(ctx, src);
	ASSERT_STREQ("10 11 12 13", get_hits(ctx));
	free_all(ctx);
}

TEST_HARNESS_MAIN
