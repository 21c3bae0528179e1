// SPDX-License-Identifier: GPL-2.0
/*
 * What trace events say: each number is what it is called, and of whom it is said to be.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "damos_lib.h"

#define SIZE		(16 * MIB)
#define SMALL		(4 * MIB)
#define S1		C0 "/schemes/1"
#define MAX_SHOWN	8192

/* What an event says about one region. */
static struct shown {
	unsigned long scheme, target, nr_regions, start, end;
	unsigned int nr, age;
} shown[MAX_SHOWN];
static size_t nr_shown;

/* The two targets, of different sizes. */
static struct target {
	char *memory;
	size_t size;
} targets[] = { { NULL, SIZE }, { NULL, SMALL } };

static bool need_event(const char *event)
{
	if (!need_tracing())
		return false;
	if (!write_file(path_of(EVENTS "/%s/enable", event), "1")) {
		skip("no trace event %s", event);
		return false;
	}
	empty_trace();
	return true;
}

/* Calls @read with what each event of this kind has said. */
static void read_events(const char *event, void (*read)(const char *text))
{
	const char *mark = path_of(" %s: ", event);
	FILE *f = fopen(TRACING "/trace", "r");
	char line[1024], *at;

	nr_shown = 0;
	while (f && fgets(line, sizeof(line), f)) {
		at = strstr(line, mark);
		if (at)
			read(at + strlen(mark));
	}
	if (f)
		fclose(f);
}

static void end_events(const char *event, void (*read)(const char *text))
{
	EXPECT(write_file(path_of(EVENTS "/%s/enable", event), "0"));
	read_events(event, read);
	empty_trace();
}

/* Nothing of the memory is ever used.  The first scheme is for nothing, the second for all. */
static void stage_two_of_each(void)
{
	stage_scheme("fvaddr", "stat");
	EXPECT_PUT(C0 "/targets/nr_targets", "2", 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++) {
		struct target *t = &targets[i];

		t->memory = map_pages(t->size);
		stage_target(i, getpid());
		EXPECT(!put_ul(path_of(C0 "/targets/%u/regions/nr_regions", i), 1));
		EXPECT(!put_ul(path_of(C0 "/targets/%u/regions/0/start", i),
			       (uintptr_t)t->memory));
		EXPECT(!put_ul(path_of(C0 "/targets/%u/regions/0/end", i),
			       (uintptr_t)t->memory + t->size));
	}
	EXPECT_PUT(C0 "/schemes/nr_schemes", "2", 0);
	EXPECT_PUT(S1 "/access_pattern/sz/max", MAX_UL, 0);
	EXPECT_PUT(S1 "/access_pattern/nr_accesses/max", MAX_UL, 0);
	EXPECT_PUT(S1 "/access_pattern/age/max", MAX_UL, 0);
	EXPECT_PUT(S1 "/stats/max_nr_snapshots", "1", 0);
}

static void unmap_targets(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++)
		munmap(targets[i].memory, targets[i].size);
}

static unsigned long passes_of_second(void)
{
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	return get_ul(S1 "/stats/nr_snapshots");
}

static void expect_region(const char *text, int nr_found)
{
	struct shown *r = &shown[nr_shown];

	if (nr_found != 8 || r->target >= ARRAY_SIZE(targets)) {
		fail("not as expected: %s", text);
		return;
	}
	if (r->start < (uintptr_t)targets[r->target].memory || r->start >= r->end ||
	    r->end > (uintptr_t)targets[r->target].memory + targets[r->target].size)
		fail("of another target: %s", text);
	nr_shown++;
}

/* before_apply */

#define APPLY_FORMAT	"ctx_idx=%u scheme_idx=%lu target_idx=%lu nr_regions=%lu %lu-%lu: %u %u"

static void read_apply(const char *text)
{
	struct shown *r = &shown[nr_shown];
	unsigned int context = 1;

	if (nr_shown < MAX_SHOWN)
		expect_region(text, sscanf(text, APPLY_FORMAT, &context, &r->scheme,
					   &r->target, &r->nr_regions, &r->start, &r->end,
					   &r->nr, &r->age));
	EXPECT(!context);
}

/* Each region of each target once, all of it. */
static void test_before_apply(void)
{
	unsigned long nr[ARRAY_SIZE(targets)] = {}, size[ARRAY_SIZE(targets)] = {};

	if (!need_event("damos_before_apply"))
		return;
	stage_two_of_each();
	turn_on();
	EXPECT(WAIT(passes_of_second() == 1));
	turn_off();
	end_events("damos_before_apply", read_apply);
	for (size_t i = 0; i < nr_shown; i++) {
		nr[shown[i].target]++;
		size[shown[i].target] += shown[i].end - shown[i].start;
		EXPECT(shown[i].scheme == 1);
		EXPECT(!shown[i].nr);
	}
	for (size_t i = 0; i < nr_shown; i++)
		EXPECT(shown[i].nr_regions == nr[shown[i].target]);
	EXPECT(size[0] == SIZE && size[1] == SMALL);
	unmap_targets();
}

/* stat_after_apply_interval */

struct stats {
	unsigned long nr_tried, sz_tried, nr_applied, sz_applied, sz_passed, exceeds, snapshots;
};

static struct stats stats[2];
static unsigned int nr_stats;

#define STATS_FORMAT	"ctx_idx=%u scheme_idx=%u nr_tried=%lu sz_tried=%lu nr_applied=%lu " \
			"sz_applied=%lu sz_ops_filter_passed=%lu qt_exceeds=%lu nr_snapshots=%lu"

static void read_stats(const char *text)
{
	unsigned int context = 1, scheme = 2;
	struct stats s = {};

	if (sscanf(text, STATS_FORMAT, &context, &scheme, &s.nr_tried, &s.sz_tried,
		   &s.nr_applied, &s.sz_applied, &s.sz_passed, &s.exceeds,
		   &s.snapshots) != 9 || context || scheme > 1) {
		fail("not as expected: %s", text);
		return;
	}
	stats[scheme] = s;
	nr_stats++;
}

/* All numbers are different ones: some memory is not there, and some does not take advice. */
static void test_stats(void)
{
	const struct stats *s = &stats[1];

	if (!need_event("damos_stat_after_apply_interval"))
		return;
	stage_two_of_each();
	EXPECT(!mlock(targets[0].memory, 2 * MIB));
	EXPECT(!munmap(targets[0].memory + 2 * MIB, MIB));
	EXPECT_PUT(ATTRS "/nr_regions/min", "40", 0);
	EXPECT_PUT(S1 "/action", "cold", 0);
	EXPECT_PUT(S1 "/ops_filters/nr_filters", "1", 0);
	EXPECT_PUT(S1 "/ops_filters/0/type", "anon", 0);
	EXPECT_PUT(S1 "/ops_filters/0/matching", "Y", 0);
	EXPECT_PUT(S1 "/ops_filters/0/allow", "Y", 0);
	EXPECT_PUT(S1 "/quotas/bytes", "18874368", 0);
	EXPECT_PUT(S1 "/quotas/reset_interval_ms", "1", 0);
	EXPECT_PUT(S1 "/stats/max_nr_snapshots", "3", 0);
	turn_on();
	EXPECT(WAIT(passes_of_second() == 3));
	turn_off();
	nr_stats = 0;
	end_events("damos_stat_after_apply_interval", read_stats);
	EXPECT(nr_stats >= 2);
	EXPECT(!stats[0].nr_tried && !stats[0].sz_applied && stats[0].snapshots);
	EXPECT(s->nr_tried == get_ul(S1 "/stats/nr_tried"));
	EXPECT(s->sz_tried == get_ul(S1 "/stats/sz_tried"));
	EXPECT(s->nr_applied == get_ul(S1 "/stats/nr_applied"));
	EXPECT(s->sz_applied == get_ul(S1 "/stats/sz_applied"));
	EXPECT(s->sz_passed == get_ul(S1 "/stats/sz_ops_filter_passed"));
	EXPECT(s->exceeds == get_ul(S1 "/stats/qt_exceeds"));
	EXPECT(s->snapshots == 3);
	ksft_print_msg("tried %lu: %lu, applied %lu: %lu, passed %lu, exceeds %lu\n",
		       s->nr_tried, s->sz_tried, s->nr_applied, s->sz_applied, s->sz_passed,
		       s->exceeds);
	/* or else it would make no difference which is which */
	EXPECT(s->nr_applied && s->nr_applied < s->nr_tried && s->nr_tried < s->sz_applied);
	EXPECT(s->sz_applied < s->sz_passed && s->sz_passed < s->sz_tried);
	EXPECT(s->exceeds && s->exceeds != s->snapshots);
	unmap_targets();
}

/* esz */

static unsigned long limits[2], nr_limits;

static void read_limit(const char *text)
{
	unsigned int context = 1, scheme = 2;
	unsigned long limit = 0;

	if (sscanf(text, "ctx_idx=%u scheme_idx=%u esz=%lu", &context, &scheme, &limit) != 3 ||
	    context || scheme != 1)
		fail("not as expected: %s", text);
	else if (nr_limits < ARRAY_SIZE(limits))
		limits[nr_limits++] = limit;
}

/* The first one, too. */
static void test_limits(void)
{
	if (!need_event("damos_esz"))
		return;
	stage_two_of_each();
	EXPECT_PUT(S1 "/stats/max_nr_snapshots", "0", 0);
	EXPECT_PUT(S1 "/quotas/bytes", "65536", 0);
	EXPECT_PUT(S1 "/quotas/reset_interval_ms", "3600000", 0);
	turn_on();
	EXPECT(WAIT(passes_of_second() > 2));
	EXPECT_PUT(S1 "/quotas/bytes", "131072", 0);
	EXPECT_PUT(S1 "/quotas/reset_interval_ms", "1", 0);
	EXPECT_PUT(K0 "/state", "commit", 0);
	EXPECT(WAIT(passes_of_second() > 6));
	turn_off();
	nr_limits = 0;
	end_events("damos_esz", read_limit);
	EXPECT(nr_limits == 2 && limits[0] == 65536 && limits[1] == 131072);
	unmap_targets();
}

/* aggregated */

static void read_aggregated(const char *text)
{
	struct shown *r = &shown[nr_shown];
	int nr = 0;

	if (nr_shown < MAX_SHOWN)
		nr = sscanf(text, "target_id=%lu nr_regions=%lu %lu-%lu: %u %u", &r->target,
			    &r->nr_regions, &r->start, &r->end, &r->nr, &r->age);
	if (nr)
		expect_region(text, nr + 2);
}

/* All windows until there is a good number of them, and the regions of each in order. */
static void test_aggregated(void)
{
	unsigned int max_age = 0, nr_whole = 0, nr = 0;
	unsigned long next = 0;

	if (!need_event("damon_aggregated"))
		return;
	stage_two_of_each();
	EXPECT_PUT(ATTRS "/nr_regions/max", "20", 0);
	turn_on();
	EXPECT(WAIT(passes_of_second() == 1 && get_ul(S0 "/stats/nr_snapshots") > 20));
	turn_off();
	end_events("damon_aggregated", read_aggregated);
	for (size_t i = 0; i < nr_shown; i++) {
		const struct target *t = &targets[shown[i].target];

		/* the first one of a target, or what is behind the one before */
		if (shown[i].start == (uintptr_t)t->memory)
			nr = 0;
		else
			EXPECT(shown[i].start == next);
		next = shown[i].end;
		nr++;
		if (next == (uintptr_t)t->memory + t->size) {
			EXPECT(nr == shown[i].nr_regions);
			nr_whole++;
		}
		EXPECT(!shown[i].nr);
		if (shown[i].age > max_age)
			max_age = shown[i].age;
	}
	EXPECT(nr_whole > 10);
	EXPECT(max_age > 2);
	unmap_targets();
}

/* intervals_tune */

static unsigned long tuned_us;

static void read_tuned(const char *text)
{
	EXPECT(sscanf(text, "sample_us=%lu", &tuned_us) == 1);
}

static unsigned long interval_us(void)
{
	EXPECT_PUT(K0 "/state", "update_tuned_intervals", 0);
	return get_ul(ATTRS "/intervals/sample_us");
}

/* Nothing is accessed, so the interval gets as long as it may. */
static void test_tuned(void)
{
	if (!need_event("damon_monitor_intervals_tune"))
		return;
	stage_two_of_each();
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/access_bp", "400", 0);
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/aggrs", "1", 0);
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/min_sample_us", "5000", 0);
	EXPECT_PUT(ATTRS "/intervals/intervals_goal/max_sample_us", "7000", 0);
	turn_on();
	EXPECT(WAIT(interval_us() == 7000));
	turn_off();
	tuned_us = 0;
	end_events("damon_monitor_intervals_tune", read_tuned);
	EXPECT(tuned_us == 7000);
	unmap_targets();
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "before a scheme is applied", test_before_apply },
		{ "statistics of schemes", test_stats },
		{ "limits of schemes", test_limits },
		{ "regions at the end of windows", test_aggregated },
		{ "tuned intervals", test_tuned },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
