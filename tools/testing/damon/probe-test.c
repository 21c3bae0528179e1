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
