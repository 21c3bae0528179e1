/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests of the sysfs interface: data attribute probes.
 */

/* The directory of probes, with this many in it, for physical memory. */
static struct damon_sysfs_node *stage_probes(struct kunit *test, const char *nr)
{
	struct sysfs_fixture *f = test->priv;
	struct damon_sysfs_node *probes = f->c->monitoring_attrs->probes;

	need_ops(test, DAMON_OPS_PADDR);
	EXPECT_PUT(test, &f->c->node, "operations", "paddr", 0);
	EXPECT_PUT(test, probes, "nr_probes", nr, 0);
	return probes;
}

static struct damon_sysfs_node *
stage_probe_filters(struct kunit *test, struct damon_sysfs_node *probes,
		    unsigned int i, const char *nr)
{
	struct damon_sysfs_node *filters =
		damon_sysfs_child(probes, i, struct damon_sysfs_probe)->filters;

	EXPECT_PUT(test, filters, "nr_filters", nr, 0);
	return filters;
}

static void test_initial_probes(struct kunit *test)
{
	static const char *const words[] = { "anon", "memcg" };
	struct damon_sysfs_node *probes = stage_probes(test, "1"), *filter;
	struct damon_sysfs_probe *probe =
		damon_sysfs_child(probes, 0, struct damon_sysfs_probe);

	EXPECT_GET(test, probe->filters, "nr_filters", "0\n");
	EXPECT_GET(test, &probe->node, "weight", "0\n");
	EXPECT_PUT(test, &probe->node, "weight", "4294967296", -ERANGE);
	EXPECT_PUT(test, &probe->node, "weight", "-1", -EINVAL);
	filter = stage_probe_filters(test, probes, 0, "1")->children[0];
	EXPECT_GET(test, filter, "type", "anon\n");
	EXPECT_GET(test, filter, "matching", "N\n");
	EXPECT_GET(test, filter, "allow", "N\n");
	EXPECT_GET(test, filter, "path", "\n");
	expect_words(test, filter, "type",
		     (int *)&container_of(filter, struct damon_sysfs_probe_filter,
					  node)->type,
		     words, ARRAY_SIZE(words));
	EXPECT_PUT(test, filter, "type", "young", -EINVAL);
}

static void test_nr_probes(struct kunit *test)
{
	struct damon_sysfs_node *probes = stage_probes(test, "4");

	stage_probe_filters(test, probes, 3, "2");
	EXPECT_PUT(test, probes, "nr_probes", "5", -EINVAL);
	EXPECT_PUT(test, probes, "nr_probes", "-1", -EINVAL);
	EXPECT_GET(test, probes, "nr_probes", "4\n");
	KUNIT_EXPECT_EQ(test, 2, damon_sysfs_child(probes, 3,
						   struct damon_sysfs_probe)->filters->nr_children);
	EXPECT_PUT(test, probes, "nr_probes", "0", 0);
	EXPECT_GET(test, probes, "nr_probes", "0\n");
}

static void test_build_probes(struct kunit *test)
{
	struct damon_sysfs_node *probes = stage_probes(test, "3"), *filters;
	struct damon_probe *probe;
	struct damon_filter *f;
	struct damon_ctx *ctx;

	filters = stage_probe_filters(test, probes, 1, "2");
	EXPECT_PUT(test, filters->children[0], "allow", "Y", 0);
	EXPECT_PUT(test, probes->children[1], "weight", "7", 0);
	/* no matter: it is not for cgroups */
	EXPECT_PUT(test, filters->children[0], "path", "/no/such", 0);
	EXPECT_PUT(test, filters->children[1], "matching", "Y", 0);
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	KUNIT_ASSERT_EQ(test, list_count_nodes(&ctx->probes), 3);
	probe = list_first_entry(&ctx->probes, struct damon_probe, list);
	KUNIT_EXPECT_TRUE(test, list_empty(&probe->filters));
	KUNIT_EXPECT_EQ(test, probe->weight, 0);
	probe = list_next_entry(probe, list);
	KUNIT_EXPECT_EQ(test, probe->weight, 7);
	KUNIT_ASSERT_EQ(test, list_count_nodes(&probe->filters), 2);
	f = list_first_entry(&probe->filters, struct damon_filter, list);
	KUNIT_EXPECT_EQ(test, f->type, DAMON_FILTER_TYPE_ANON);
	KUNIT_EXPECT_FALSE(test, f->matching);
	KUNIT_EXPECT_TRUE(test, f->allow);
	f = list_next_entry(f, list);
	KUNIT_EXPECT_TRUE(test, f->matching);
	KUNIT_EXPECT_FALSE(test, f->allow);
	damon_destroy_ctx(ctx);

	/* as many as there may be */
	EXPECT_PUT(test, probes, "nr_probes", "4", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, true), 0);
}

static void test_build_probe_memcg(struct kunit *test)
{
	static const char *const bad[] = { "", "/no/such", "no", "//" };
	struct damon_sysfs_node *probes = stage_probes(test, "1"), *filter;
	struct damon_probe *probe;
	struct damon_filter *f;
	struct damon_ctx *ctx;

	filter = stage_probe_filters(test, probes, 0, "1")->children[0];
	EXPECT_PUT(test, filter, "type", "memcg", 0);
	KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		put(filter, "path", bad[i]);
		KUNIT_EXPECT_EQ_MSG(test, try_build(test, true), -EINVAL,
				    "'%s'", bad[i]);
	}
	EXPECT_PUT(test, filter, "path", "/\n", 0);
	if (!root_memcg_id()) {
		KUNIT_EXPECT_EQ(test, try_build(test, false), -EINVAL);
		return;
	}
	ctx = build(test, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx));
	probe = list_first_entry(&ctx->probes, struct damon_probe, list);
	f = list_first_entry(&probe->filters, struct damon_filter, list);
	KUNIT_EXPECT_EQ(test, f->type, DAMON_FILTER_TYPE_MEMCG);
	KUNIT_EXPECT_EQ(test, f->memcg_id, root_memcg_id());
	damon_destroy_ctx(ctx);
}

static void test_build_probes_no_memory(struct kunit *test)
{
	struct damon_sysfs_node *probes = stage_probes(test, "2");
	unsigned int nth, nr_failed = 0;
	bool failed = true;
	int ret;

	needs_failslab(test);
	stage_probe_filters(test, probes, 0, "1");
	stage_probe_filters(test, probes, 1, "2");
	for (nth = 1; failed && nth < MAX_ALLOCATIONS; nth++) {
		fail_allocation(nth);
		ret = try_build(test, false);
		failed = allocation_failed();
		if (ret) {
			KUNIT_ASSERT_TRUE(test, failed);
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			nr_failed++;
		}
	}
	KUNIT_EXPECT_FALSE(test, failed);
	/* context, two probes, three filters */
	KUNIT_EXPECT_GE(test, nr_failed, 1 + 2 + 3);
}
