// SPDX-License-Identifier: GPL-2.0
/*
 * Migration between two nodes: where memory is before and after.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "damos_lib.h"

#define SIZE	(8 * MIB)
#define HALF	(SIZE / 2)
#define DESTS	S0 "/dests"

/* A combination of actions and operations sets. */
struct combination {
	const char *operations, *action;
};

static const struct combination combinations[] = {
	{ "fvaddr", "migrate_hot" },
	{ "fvaddr", "migrate_cold" },
	{ "paddr", "migrate_hot" },
	{ "paddr", "migrate_cold" },
};

static void stage_migration(const struct combination *c, const char *memory,
			    size_t size, const char *nid)
{
	stage_scheme(c->operations, c->action);
	EXPECT_PUT(S0 "/target_nid", nid, 0);
	if (!strcmp(c->operations, "paddr"))
		stage_physical(memory, size);
	else
		stage_memory(memory, size);
}

static void check_move(const struct combination *c, char *(*map)(size_t))
{
	char *memory = map_on_node(map, SIZE, 0);

	stage_migration(c, memory, HALF, "1");
	turn_on();
	if (!WAIT(on_node(memory, HALF, 1) == HALF))
		fail("%s of %s moves %lu of %lu bytes", c->action,
		     c->operations, on_node(memory, HALF, 1), HALF);
	EXPECT(stat_of("sz_applied") >= HALF);
	EXPECT(get_ul(STATS "/nr_applied"));
	turn_off();
	EXPECT(on_node(memory + HALF, HALF, 0) == HALF);

	/* And back. */
	stage_migration(c, memory, HALF, "0");
	turn_on();
	EXPECT(WAIT(on_node(memory, SIZE, 0) == SIZE));
	turn_off();
	EXPECT(is_filled(memory, SIZE));
	munmap(memory, SIZE);
	clean_up();
}

static void test_small(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(combinations); i++)
		check_move(&combinations[i], map_pages);
}

static void test_huge(void)
{
	char *memory;

	if (!need_huge())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(combinations); i++)
		check_move(&combinations[i], map_huge);

	/* They stay huge. */
	memory = map_on_node(map_huge, SIZE, 0);
	stage_migration(&combinations[0], memory, SIZE, "1");
	turn_on();
	EXPECT(WAIT(on_node(memory, SIZE, 1) == SIZE));
	turn_off();
	EXPECT(smaps_bytes(memory, "AnonHugePages") == SIZE);
	munmap(memory, SIZE);
}

/* Nothing happens to memory for which there is no node to go to. */
static void test_no_target(void)
{
	static const char * const nids[] = { "-1", "63", "100000" };
	char *memory = map_on_node(map_pages, SIZE, 0);

	for (size_t i = 0; i < ARRAY_SIZE(combinations); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(nids); j++) {
			stage_migration(&combinations[i], memory, SIZE, nids[j]);
			turn_on();
			EXPECT(WAIT(stat_of("sz_tried") >= 2 * SIZE));
			EXPECT(!get_ul(STATS "/nr_applied"));
			EXPECT(!get_ul(STATS "/sz_applied"));
			turn_off();
			clean_up();
		}
	}
	EXPECT(on_node(memory, SIZE, 0) == SIZE);
	EXPECT(is_filled(memory, SIZE));
	munmap(memory, SIZE);
}

/* What is there already is not moved. */
static void test_already_there(void)
{
	char *memory = map_on_node(map_pages, SIZE, 0);

	for (size_t i = 0; i < ARRAY_SIZE(combinations); i++) {
		stage_migration(&combinations[i], memory, SIZE, "0");
		run_once();
		EXPECT(get_ul(STATS "/sz_tried") == SIZE);
		EXPECT(!get_ul(STATS "/sz_applied"));
		clean_up();
	}
	munmap(memory, SIZE);
}

static void test_filter(void)
{
	char *memory;

	if (!need_page_flags() || !need_classic_lru())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(combinations); i++) {
		memory = map_on_node(map_pages, SIZE, 0);
		make_active(memory, HALF);
		stage_migration(&combinations[i], memory, SIZE, "1");
		EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
		EXPECT_PUT(S0 "/ops_filters/0/type", "active", 0);
		EXPECT_PUT(S0 "/ops_filters/0/matching", "Y", 0);
		EXPECT_PUT(S0 "/ops_filters/0/allow", "Y", 0);
		turn_on();
		EXPECT(WAIT(on_node(memory, HALF, 1) == HALF));
		EXPECT(on_node(memory + HALF, HALF, 0) == HALF);
		turn_off();
		munmap(memory, SIZE);
		clean_up();
	}
}

/* destinations with weights */

static void stage_dests(const unsigned int weights[2])
{
	EXPECT_PUT(DESTS "/nr_dests", "2", 0);
	for (unsigned int i = 0; i < 2; i++) {
		EXPECT(!put_ul(path_of(DESTS "/%u/id", i), i));
		EXPECT(!put_ul(path_of(DESTS "/%u/weight", i), weights[i]));
	}
}

/*
 * Bytes that are not where they belong: memory without a file is numbered by
 * address, and each number has its place among the weights.
 */
static unsigned long misplaced(char *memory, size_t size, size_t folio,
			       const unsigned int weights[2])
{
	unsigned long sum = 0, index;

	for (size_t i = 0; i < size; i += folio) {
		index = ((uintptr_t)memory + i) / folio;
		index %= weights[0] + weights[1];
		sum += folio - on_node(memory + i, folio, index >= weights[0]);
	}
	return sum;
}

static void check_weights(const unsigned int weights[2], char *(*map)(size_t),
			  size_t folio)
{
	char *memory = map_on_node(map, SIZE, 0);

	stage_migration(&combinations[0], memory, SIZE, "1");
	stage_dests(weights);
	turn_on();
	if (!WAIT(!misplaced(memory, SIZE, folio, weights)))
		fail("weights %u and %u: %lu bytes are not in their place",
		     weights[0], weights[1],
		     misplaced(memory, SIZE, folio, weights));
	turn_off();
	EXPECT(is_filled(memory, SIZE));
	munmap(memory, SIZE);
	clean_up();
}

static const unsigned int weights[][2] = {
	{ 1, 1 }, { 3, 1 }, { 2, 5 }, { 0, 1 }, { 1, 0 },
};

static void test_weights(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
		check_weights(weights[i], map_pages, PAGE);
}

static void test_weights_huge(void)
{
	if (!need_huge())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
		check_weights(weights[i], map_huge, HUGE);
}

/* Other weights are committed, and memory follows. */
static void test_weights_change(void)
{
	char *memory = map_on_node(map_pages, SIZE, 0);

	stage_migration(&combinations[1], memory, SIZE, "-1");
	stage_dests(weights[0]);
	turn_on();
	EXPECT(WAIT(on_node(memory, SIZE, 1) == SIZE / 2));
	stage_dests(weights[1]);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(WAIT(!misplaced(memory, SIZE, PAGE, weights[1])));
	EXPECT(on_node(memory, SIZE, 1) == SIZE / 4);

	/* Without destinations, the one target counts. */
	EXPECT_PUT(DESTS "/nr_dests", "0", 0);
	EXPECT_PUT(S0 "/target_nid", "1", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(WAIT(on_node(memory, SIZE, 1) == SIZE));
	turn_off();
	munmap(memory, SIZE);
}

/* They outweigh the one target, even if nothing goes anywhere. */
static void test_no_weight(void)
{
	static const unsigned int none[2] = { 0, 0 };
	char *memory = map_on_node(map_pages, SIZE, 0);

	stage_migration(&combinations[0], memory, SIZE, "1");
	stage_dests(none);
	turn_on();
	EXPECT(WAIT(stat_of("sz_tried") >= 3 * SIZE));
	EXPECT(!get_ul(STATS "/sz_applied"));
	turn_off();
	EXPECT(on_node(memory, SIZE, 0) == SIZE);
	munmap(memory, SIZE);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "small pages", test_small },
		{ "huge pages", test_huge },
		{ "no such target", test_no_target },
		{ "already there", test_already_there },
		{ "filter", test_filter },
		{ "weights", test_weights },
		{ "weights, huge pages", test_weights_huge },
		{ "weights that change", test_weights_change },
		{ "no weight at all", test_no_weight },
	};

	if (!second_node()) {
		ksft_print_header();
		ksft_exit_skip("no second node with memory\n");
	}
	return run_cases(cases, ARRAY_SIZE(cases));
}
