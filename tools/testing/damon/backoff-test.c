// SPDX-License-Identifier: GPL-2.0
/*
 * Whether reclaim takes less where what it took comes back, soon enough, and as much as
 * before where nothing does.
 */
#include "../selftests/kselftest_harness.h"
#include "test.h"

#include "../../../mm/damon/backoff.h"

#define MIB		(1024ULL * 1024)
#define SECOND_NS	1000000000ULL
#define LIMIT_BP	100

/* What is taken, each second. */
#define FULL		(128 << 20)

#define MEMORY		(20000 * MIB)

struct plant {
	struct damon_backoff b;
	struct damon_evictions now;
	u64 ns;
};

static unsigned long limit_of(const struct plant *p)
{
	return damon_backoff_limit(&p->b, FULL, 4096);
}

/* A second in which so much is taken, by somebody else as well, and comes back. */
static void run_second(struct plant *p, u64 taken, u64 others, u64 back)
{
	p->now.taken += taken;
	p->now.others += others;
	p->now.refaulted += back;
	p->ns += SECOND_NS;
	damon_backoff_update(&p->b, &p->now, LIMIT_BP, p->ns);
}

/* Time in which nothing happens. */
static void rest(struct plant *p, unsigned int seconds)
{
	while (seconds--)
		run_second(p, 0, 0, 0);
}

/* Others have had to reclaim before it came. */
static void begin_late(struct plant *p, u64 others)
{
	*p = (struct plant) {
		.now = { .others = others, .refaulted = others / 2, .memory = MEMORY },
	};
	run_second(p, 0, 0, 0);
}

static void begin(struct plant *p)
{
	begin_late(p, 0);
}

TEST(nothing_comes_back)
{
	struct plant p;

	begin(&p);
	for (int i = 0; i < 300; i++) {
		run_second(&p, FULL, FULL, 0);
		ASSERT_EQ(FULL, limit_of(&p));
	}
	ASSERT_EQ(0, p.b.came_back);
}

/* At most a hundredth of what is not back yet, in each minute. */
TEST(what_is_allowed_comes_back)
{
	u64 out = 1000 * MIB;
	struct plant p;

	begin(&p);
	run_second(&p, out, 0, 0);
	rest(&p, 58);
	for (int minute = 0; minute < 100; minute++) {
		u64 back = out / 100;

		rest(&p, 1);
		run_second(&p, 0, 0, back);
		ASSERT_EQ(FULL, limit_of(&p));
		rest(&p, 58);
		out -= back;
	}
	rest(&p, 2);
	run_second(&p, 0, 0, out / 90);
	ASSERT_EQ(0, limit_of(&p));
}

/* However much was taken in the course of time, no more is missing than there could be. */
TEST(most_of_it_is_of_no_use_any_more)
{
	struct plant p;

	begin(&p);
	for (int i = 0; i < 1000; i++)
		run_second(&p, 100 * MIB, 0, 0);
	rest(&p, 60);
	run_second(&p, 0, 0, MEMORY / 100);
	ASSERT_EQ(FULL, limit_of(&p));
	run_second(&p, 0, 0, 1);
	ASSERT_EQ(0, limit_of(&p));
}

/* A batch of small folios says nothing, however little was taken. */
TEST(a_little_comes_back)
{
	u64 batch = 32 * 4096;
	struct plant p;

	begin(&p);
	run_second(&p, 2 * batch, 0, batch);
	ASSERT_EQ(FULL, limit_of(&p));
	run_second(&p, 0, 0, 1);
	ASSERT_EQ(0, limit_of(&p));
}

/* It is held in the second in which it becomes too much, for that minute and the next. */
TEST(too_much_comes_back)
{
	struct plant p;
	int seconds = 0;

	begin(&p);
	run_second(&p, 1000 * MIB, 0, 0);
	do
		run_second(&p, 0, 0, MIB);
	while (limit_of(&p) && ++seconds < 100);
	ASSERT_EQ(10, seconds);
	for (seconds = 0; !limit_of(&p) && seconds < 200; seconds++)
		rest(&p, 1);
	ASSERT_GE(seconds, 105);
	ASSERT_LE(seconds, 110);
	ASSERT_EQ(FULL / 2, limit_of(&p));
	ASSERT_EQ(11 * MIB, p.b.came_back);
}

/* What comes back of a single mistake, however long that takes, is one mistake. */
TEST(it_goes_on_coming_back)
{
	struct plant p;

	begin(&p);
	run_second(&p, 10000 * MIB, 0, 0);
	for (int i = 0; i < 10 * 60; i++) {
		run_second(&p, 0, 0, 10 * MIB);
		if (i > 60)
			ASSERT_EQ(0, limit_of(&p));
	}
	ASSERT_EQ(1, p.b.halvings);
	rest(&p, 90);
	ASSERT_EQ(FULL / 2, limit_of(&p));
}

/* The same again and again, as long as more is taken. */
static void make_mistakes(struct plant *p, unsigned int nr)
{
	while (nr--) {
		run_second(p, 1000 * MIB, 0, 0);
		run_second(p, 0, 0, 500 * MIB);
		rest(p, 120);
	}
}

TEST(it_is_taken_again)
{
	struct plant p;

	begin(&p);
	make_mistakes(&p, 5);
	ASSERT_EQ(5, p.b.halvings);
	make_mistakes(&p, 100);
	/* some is always taken, or nobody would know when it is over */
	ASSERT_EQ(FULL >> 10, limit_of(&p));
	ASSERT_EQ(4096, damon_backoff_limit(&p.b, 8192, 4096));
	ASSERT_EQ(1000, damon_backoff_limit(&p.b, 1000, 4096));
	ASSERT_EQ(0, damon_backoff_limit(&p.b, 0, 4096));
	damon_backoff_restart(&p.b);
	ASSERT_EQ(FULL, limit_of(&p));
	/* but it is not forgotten what is back */
	ASSERT_NE(0, p.b.came_back);
}

/* Two quiet minutes undo the first halving, four the second one, and so on. */
TEST(it_recovers)
{
	unsigned int minutes = 0, halvings;
	struct plant p;

	begin(&p);
	make_mistakes(&p, 3);
	halvings = p.b.halvings;
	ASSERT_EQ(3, halvings);
	while (limit_of(&p) != FULL) {
		rest(&p, 60);
		minutes++;
		ASSERT_LE(p.b.halvings, halvings);
		halvings = p.b.halvings;
	}
	ASSERT_GE(minutes, 12);
	ASSERT_LE(minutes, 15);
}

/* What others took comes back, too, and that is none of its business. */
TEST(others_take_more)
{
	struct plant p;

	begin(&p);
	run_second(&p, 100 * MIB, 9900 * MIB, 0);
	run_second(&p, 0, 0, 99 * MIB);
	ASSERT_EQ(FULL, limit_of(&p));
	run_second(&p, 0, 0, 2 * MIB);
	ASSERT_EQ(0, limit_of(&p));
	/* nor is any of it if it has taken nothing */
	begin(&p);
	run_second(&p, 0, 100 * MIB, 100 * MIB);
	ASSERT_EQ(FULL, limit_of(&p));
}

/* Much of what others took before comes back while it runs. */
TEST(others_have_taken_more)
{
	struct plant p;

	begin_late(&p, 10000 * MIB);
	run_second(&p, 100 * MIB, 0, 0);
	for (int i = 0; i < 50; i++) {
		run_second(&p, 0, 0, 2 * MIB);
		ASSERT_EQ(FULL, limit_of(&p));
	}
	/* never more than it has taken, so what is taken later can be missed */
	for (int i = 0; i < 600; i++)
		run_second(&p, 0, 0, 50 * MIB);
	ASSERT_LE(p.b.came_back, p.now.taken);
	rest(&p, 120);
	run_second(&p, 100 * MIB, 0, 0);
	run_second(&p, 0, 0, 20 * MIB);
	ASSERT_EQ(false, p.b.held);
}

/* Without a limit everything may come back. */
TEST(there_is_no_limit)
{
	struct plant p;

	begin(&p);
	run_second(&p, 100 * MIB, 0, 50 * MIB);
	ASSERT_EQ(0, limit_of(&p));
	damon_backoff_update(&p.b, &p.now, 0, p.ns);
	ASSERT_EQ(FULL, limit_of(&p));
}

TEST_HARNESS_MAIN
