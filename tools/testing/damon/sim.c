// SPDX-License-Identifier: GPL-2.0
/*
 * sim: how well the region code finds what is hot, in memory of any size.
 *
 *	sim [options] [case...] [name=value...]
 *
 *	-f FILE		where the cases are, one per line ("cases")
 *	-s SEED		first seed (1)
 *	-n N		runs per case, with consecutive seeds (10)
 *	-w		show every window of every run
 *	--table		each case twice: with and without seeing from above
 *	--check		only cases with a bound, and whether they keep it
 *
 * A line of the file is a name and what differs from the defaults (defaults
 * below); the same words on the command line change all cases of this call.
 * Sizes take K, M, G, T, P; times take us, ms, s; shares take %.
 *
 *	move=zipf zipf=S	memory is made of grains (align), whose access rates follow
 *				Zipf's law with exponent S; one in 16 is hot
 *	coarse-unmarked=P%	touched coarse entries that do not show it, as where the
 *				hardware has them cached; fine-unmarked=P% the same of
 *				fine ones
 *	above=0, spots=0	without sweeps, without cuts around spots
 *	replay=FILE		instead of made-up memory, what a real program touched
 *				(sim-record.c); space, move and the like say nothing then
 *
 * Each run has places of its own for what is hot.  Columns: whether upper page
 * table levels are seen; the goal; minimum, median and maximum over the runs of
 * the mean F1 of all windows, and "!" if the minimum is below the goal.  The rest
 * are means over all runs: precision and recall; found: seconds of a phase until
 * F1 is 0.9 (a phase in which it never is counts in full); regions reported;
 * samples per tick, mean and largest; entries of upper levels per tick; error and
 * bias of access rates over ten windows without a move, in percent of full scale; R2:
 * the share of the variance of pages' (move=zipf: grains') true rates that reported ones
 * explain, window by window, 0 where that is not measured.
 *
 * A replay has a second row: R2 of windows, of seconds, and what it would be if the
 * regions had the exact rates of their pages; recall of hot pages in runs of one to
 * three; mean error of pages above a rate of 90 %, and of all.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/compiler.h>

#include "sim.h"

#define MAX_CASES	100
#define MAX_CHANGES	30

static const struct sim_case defaults = {
	.space = 256 << 20, .hot = 256 * 1024 * 1024 / 10, .pieces = 1,
	.move = MOVE_STEPS, .period = 5000000, .phases = 10, .align = 4096,
	.process = 1, .above = 1, .sample = 5000, .aggr = 100000,
	.min = 10, .max = 1000, .grain = 4096, .rate = 10000,
	.spots = 1,
};

static const struct setting {
	const char *name;
	size_t offset;
	const char *units;	/* with factors below */
} settings[] = {
	{ "space", offsetof(struct sim_case, space), "KMGTP" },
	{ "hot", offsetof(struct sim_case, hot), "KMGTP" },
	{ "pieces", offsetof(struct sim_case, pieces), "" },
	{ "move", offsetof(struct sim_case, move), NULL },
	{ "period", offsetof(struct sim_case, period), "ums" },
	{ "phases", offsetof(struct sim_case, phases), "" },
	{ "align", offsetof(struct sim_case, align), "KMGTP" },
	{ "process", offsetof(struct sim_case, process), "" },
	{ "stack", offsetof(struct sim_case, stack), "KMGTP" },
	{ "above", offsetof(struct sim_case, above), "" },
	{ "sample", offsetof(struct sim_case, sample), "ums" },
	{ "aggr", offsetof(struct sim_case, aggr), "ums" },
	{ "min", offsetof(struct sim_case, min), "" },
	{ "max", offsetof(struct sim_case, max), "" },
	{ "grain", offsetof(struct sim_case, grain), "KMGTP" },
	{ "spots", offsetof(struct sim_case, spots), "" },
	{ "rate", offsetof(struct sim_case, rate), "%" },
	{ "noise", offsetof(struct sim_case, noise), "%" },
	{ "unknown", offsetof(struct sim_case, unknown), "%" },
	{ "goal", offsetof(struct sim_case, goal), "%" },
	{ "blind", offsetof(struct sim_case, blind), "%" },
	{ "check", offsetof(struct sim_case, check), "%" },
	{ "zipf", offsetof(struct sim_case, zipf), "%" },
	{ "coarse-unmarked", offsetof(struct sim_case, coarse_unmarked), "%" },
	{ "fine-unmarked", offsetof(struct sim_case, fine_unmarked), "%" },
};

static const char * const moves[] = { "steps", "random", "bands", "zipf" };

static void __noreturn fail(const char *text, const char *what)
{
	fprintf(stderr, "sim: %s: %s\n", what, text);
	exit(2);
}

/* the cases */

static uint64_t factor_of(const struct setting *s, const char *unit)
{
	const char *at;

	if (!*unit)
		return 1;
	if (!strcmp(s->units, "ums"))
		return !strcmp(unit, "us") ? 1 : !strcmp(unit, "ms") ? 1000 :
			!strcmp(unit, "s") ? 1000000 : 0;
	if (!strcmp(s->units, "%"))
		return !strcmp(unit, "%") ? 100 : 0;
	at = unit[1] ? NULL : strchr(s->units, *unit);
	return at ? 1ULL << 10 * (at - s->units + 1) : 0;
}

static uint64_t value_of(const struct setting *s, const char *text)
{
	unsigned int i;
	uint64_t factor;
	double number;
	char *unit;

	if (!s->units) {
		for (i = 0; i < sizeof(moves) / sizeof(*moves); i++)
			if (!strcmp(moves[i], text))
				return i;
		fail("not a kind of movement", text);
	}
	number = strtod(text, &unit);
	factor = factor_of(s, unit);
	if (unit == text || number < 0 || !factor)
		fail("not a value", text);
	/* shares are 1/10000, given in percent or as a fraction */
	if (!strcmp(s->units, "%") && factor == 1)
		factor = 10000;
	return llround(number * factor);
}

static void apply(struct sim_case *c, const char *word)
{
	const char *value = strchr(word, '=');
	unsigned int i;

	if (value && !strncmp(word, "replay=", 7)) {
		snprintf(c->replay, sizeof(c->replay), "%s", value + 1);
		return;
	}
	for (i = 0; value && i < sizeof(settings) / sizeof(*settings); i++) {
		const struct setting *s = &settings[i];

		if (strlen(s->name) == (size_t)(value - word) &&
		    !strncmp(s->name, word, value - word)) {
			*(uint64_t *)((char *)c + s->offset) = value_of(s, value + 1);
			return;
		}
	}
	fail("no such setting", word);
}

static void check_case(const struct sim_case *c)
{
	if (!c->pieces || c->pieces > MAX_PIECES || !c->phases || !c->period ||
	    !c->align || !c->grain || !c->sample || c->sample > c->aggr ||
	    c->min < 3 || c->min > c->max || c->hot > c->space ||
	    c->hot / c->pieces < 4096 || c->rate > 10000 || c->noise > 10000 ||
	    c->unknown > 10000)
		fail("settings contradict each other", c->name);
	if (c->space > 1ULL << 53)
		fail("larger than 8 PiB", c->name);
}

static unsigned int read_cases(const char *path, struct sim_case *cases)
{
	FILE *file = fopen(path, "r");
	unsigned int nr = 0;
	char line[500];

	if (!file)
		fail(strerror(errno), path);
	while (fgets(line, sizeof(line), file)) {
		char *word;

		line[strcspn(line, "#\n")] = '\0';
		word = strtok(line, " \t");
		if (!word)
			continue;
		if (nr == MAX_CASES)
			fail("too many cases", path);
		cases[nr] = defaults;
		snprintf(cases[nr].name, sizeof(cases[nr].name), "%s", word);
		while ((word = strtok(NULL, " \t")))
			apply(&cases[nr], word);
		nr++;
	}
	fclose(file);
	return nr;
}

/* the runs */

struct options {
	const char *file;
	uint64_t seed;
	unsigned int runs;
	bool windows, table, check;
	const char *names[MAX_CASES], *changes[MAX_CHANGES];
	unsigned int nr_names, nr_changes;
};

struct summary {
	struct sim_result mean;
	double min, median, max;	/* of F1 */
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct summary run_case(const struct sim_case *c, const struct options *o)
{
	double *f1 = calloc(o->runs, sizeof(*f1));
	struct summary s = {};
	unsigned int i, j;

	for (i = 0; i < o->runs; i++) {
		struct sim_result r = sim_run(c, o->seed + i,
					      o->windows ? stdout : NULL);

		for (j = 0; j < NR_FIGURES; j++)
			s.mean.figure[j] += r.figure[j] / o->runs;
		f1[i] = r.figure[F1];
	}
	qsort(f1, o->runs, sizeof(*f1), compare);
	s.min = f1[0];
	s.median = (f1[(o->runs - 1) / 2] + f1[o->runs / 2]) / 2;
	s.max = f1[o->runs - 1];
	free(f1);
	return s;
}

static void print_head(void)
{
	printf("%-14s %5s %5s %5s %6s %5s %5s %5s %6s %7s %7s %5s %7s %5s %5s %6s\n",
	       "case", "above", "goal", "min", "median", "max", "prec", "rec",
	       "found", "regions", "samples", "max", "entries", "err%", "bias%", "R2");
}

static void print_row(const struct sim_case *c, const struct summary *s)
{
	uint64_t goal = c->above ? c->goal : c->blind;
	const double *mean = s->mean.figure;

	printf("%-14s %5s ", c->name, c->above ? "yes" : "no");
	if (goal)
		printf("%5.2f", goal / 1e4);
	else
		printf("%5s", "-");
	printf(" %.3f%c %.3f %.3f %.3f %.3f ", s->min,
	       s->min * 1e4 < goal ? '!' : ' ', s->median, s->max,
	       mean[PRECISION], mean[RECALL]);
	printf("%6.2f %7.1f %7.1f %5.0f %7.1f %5.1f %+5.1f %6.3f\n", mean[FOUND],
	       mean[REGIONS], mean[SAMPLES], mean[MAX_SAMPLES], mean[ENTRIES],
	       100 * mean[ERROR], 100 * mean[BIAS], mean[R2]);
	if (c->replay[0])
		printf("%20s R2 %.3f second %.3f borders %.3f short %.3f hottest %.3f err %.3f\n",
		       "", mean[R2], mean[R2_SECOND], mean[R2_BORDERS],
		       mean[SHORT_RECALL], mean[HOTTEST_ERROR], mean[ERROR]);
	fflush(stdout);
}

static bool print_check(const struct sim_case *c, const struct summary *s)
{
	bool ok = s->mean.figure[F1] * 1e4 >= c->check;

	printf("%s - %s: mean F1 %.3f, at least %.3f\n", ok ? "ok" : "not ok",
	       c->name, s->mean.figure[F1], c->check / 1e4);
	fflush(stdout);
	return ok;
}

static bool wanted(const struct sim_case *c, const struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->nr_names; i++)
		if (!strcmp(o->names[i], c->name))
			return true;
	return !o->nr_names && (!o->check || c->check);
}

static bool do_case(struct sim_case *c, const struct options *o)
{
	struct summary s;
	unsigned int i;

	for (i = 0; i < o->nr_changes; i++)
		apply(c, o->changes[i]);
	check_case(c);
	s = run_case(c, o);
	if (o->check)
		return print_check(c, &s);
	print_row(c, &s);
	if (o->table && c->above) {
		c->above = 0;
		s = run_case(c, o);
		print_row(c, &s);
	}
	return true;
}

static int run_all(struct sim_case *cases, unsigned int nr, const struct options *o)
{
	unsigned int i, done = 0;
	bool ok = true;

	if (!o->check)
		print_head();
	for (i = 0; i < nr; i++) {
		if (!wanted(&cases[i], o))
			continue;
		ok &= do_case(&cases[i], o);
		done++;
	}
	if (done < o->nr_names || !done)
		fail("no such case among those asked for", o->file);
	return ok ? 0 : 1;
}

/* the command line */

static uint64_t count_of(const char *text)
{
	char *end;
	uint64_t value = text ? strtoull(text, &end, 0) : 0;

	if (!text || !*text || *end)
		fail("not a number", text ?: "end of line");
	return value;
}

static void parse(int argc, char **argv, struct options *o)
{
	int i;

	for (i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (!strcmp(word, "-f") && argv[i + 1])
			o->file = argv[++i];
		else if (!strcmp(word, "-s"))
			o->seed = count_of(argv[++i]);
		else if (!strcmp(word, "-n"))
			o->runs = count_of(argv[++i]);
		else if (!strcmp(word, "-w"))
			o->windows = true;
		else if (!strcmp(word, "--table"))
			o->table = true;
		else if (!strcmp(word, "--check"))
			o->check = true;
		else if (*word == '-')
			fail("no such option, see the top of sim.c", word);
		else if (strchr(word, '=') && o->nr_changes < MAX_CHANGES)
			o->changes[o->nr_changes++] = word;
		else if (o->nr_names < MAX_CASES)
			o->names[o->nr_names++] = word;
	}
	if (!o->runs)
		fail("at least one run", "-n");
}

int main(int argc, char **argv)
{
	static struct sim_case cases[MAX_CASES];
	static struct options o = { .file = "cases", .seed = 1, .runs = 10 };

	parse(argc, argv, &o);
	return run_all(cases, read_cases(o.file, cases), &o);
}
