// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of the directories of a scheme, and the way back: what the running
 * schemes did, copied into the files that users read.
 *
 * A file that does nothing yet is not here: clients take a name for a promise.
 */
#include <linux/cleanup.h>
#include <linux/slab.h>

#include "sysfs.h"

/* access_pattern */

static const struct damon_sysfs_type range_type = {
	.size = sizeof(struct damon_sysfs_range),
	.files = damon_sysfs_range_files,
};

static const struct damon_sysfs_dir access_pattern_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_access_pattern, sz,
			     range_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_access_pattern, nr_accesses,
			     range_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_access_pattern, age,
			     range_type) },
	{ }
};

static const struct damon_sysfs_type access_pattern_type = {
	.size = sizeof(struct damon_sysfs_access_pattern),
	.dirs = access_pattern_dirs,
};

/* quotas */

static const struct damon_sysfs_file weights_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_weights, sz_permil) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_weights, nr_accesses_permil) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_weights, age_permil) },
	{ }
};

static const struct damon_sysfs_type weights_type = {
	.size = sizeof(struct damon_sysfs_weights),
	.files = weights_files,
};

static const struct damon_sysfs_file quotas_files[] = {
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_quotas, ms),
	  .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_quotas, bytes),
	  .no_erange = true },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_quotas, reset_interval_ms),
	  .no_erange = true },
	{ }
};

static const struct damon_sysfs_dir quotas_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_quotas, weights,
			     weights_type) },
	{ }
};

static const struct damon_sysfs_type quotas_type = {
	.size = sizeof(struct damon_sysfs_quotas),
	.files = quotas_files,
	.dirs = quotas_dirs,
};

/* watermarks */

static const char *const wmark_words[] = {
	[DAMOS_WMARK_NONE] = "none",
	[DAMOS_WMARK_FREE_MEM_RATE] = "free_mem_rate",
};

static const struct damon_sysfs_keywords wmark_keywords = {
	DAMON_SYSFS_KEYWORDS(wmark_words),
};

static const struct damon_sysfs_file watermarks_files[] = {
	{ DAMON_SYSFS_CHOICE(struct damon_sysfs_watermarks, metric,
			     wmark_keywords) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_watermarks, interval_us) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_watermarks, high) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_watermarks, mid) },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_watermarks, low) },
	{ }
};

static const struct damon_sysfs_type watermarks_type = {
	.size = sizeof(struct damon_sysfs_watermarks),
	.files = watermarks_files,
};

/* stats */

#define STAT_FILE(counter)						\
	.attr = { .name = #counter, .mode = 0400 },			\
	.class = DAMON_SYSFS_CLASS(struct damon_sysfs_stats, stat.counter), \
	.offset = offsetof(struct damon_sysfs_stats, stat.counter)

static const struct damon_sysfs_file stats_files[] = {
	{ STAT_FILE(nr_tried) },
	{ STAT_FILE(sz_tried) },
	{ STAT_FILE(nr_applied) },
	{ STAT_FILE(sz_applied) },
	{ STAT_FILE(qt_exceeds) },
	{ STAT_FILE(nr_snapshots) },
	{ }
};

static const struct damon_sysfs_type stats_type = {
	.size = sizeof(struct damon_sysfs_stats),
	.files = stats_files,
};

/* tried_regions */

static const struct damon_sysfs_file tried_region_files[] = {
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region, start) },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region, end) },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region, nr_accesses) },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region, age) },
	{ DAMON_SYSFS_OUTPUT(struct damon_sysfs_tried_region,
			     sz_filter_passed) },
	{ }
};

static const struct damon_sysfs_type tried_region_type = {
	.size = sizeof(struct damon_sysfs_tried_region),
	.files = tried_region_files,
};

static const struct damon_sysfs_type tried_regions_type = {
	.size = sizeof(struct damon_sysfs_node),
	.child = &tried_region_type,
};

/* schemes */

static const char *const action_words[] = {
	[DAMOS_STAT] = "stat",
};

static const struct damon_sysfs_keywords action_keywords = {
	DAMON_SYSFS_KEYWORDS(action_words),
};

static const struct damon_sysfs_file scheme_files[] = {
	{ DAMON_SYSFS_CHOICE(struct damon_sysfs_scheme, action,
			     action_keywords),
	  .initial = DAMOS_STAT },
	{ DAMON_SYSFS_INPUT(struct damon_sysfs_scheme, apply_interval_us) },
	{ }
};

static const struct damon_sysfs_dir scheme_dirs[] = {
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, access_pattern,
			     access_pattern_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, quotas,
			     quotas_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, watermarks,
			     watermarks_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, stats, stats_type) },
	{ DAMON_SYSFS_SUBDIR(struct damon_sysfs_scheme, tried_regions,
			     tried_regions_type) },
	{ }
};

static const struct damon_sysfs_type scheme_type = {
	.size = sizeof(struct damon_sysfs_scheme),
	.files = scheme_files,
	.dirs = scheme_dirs,
};

static const struct damon_sysfs_file schemes_files[] = {
	{ DAMON_SYSFS_COUNT(nr_schemes) },
	{ }
};

const struct damon_sysfs_type damon_sysfs_schemes_type = {
	.size = sizeof(struct damon_sysfs_node),
	.files = schemes_files,
	.child = &scheme_type,
};

/* Results */

/*
 * The directory of the running scheme @index.  A directory that was made after
 * the last commit is not it, even if it has the same number.
 */
static struct damon_sysfs_scheme *
installed_scheme(struct damon_sysfs_context *context, unsigned int index)
{
	struct damon_sysfs_scheme *scheme;

	if (index >= context->schemes->nr_children)
		return NULL;
	scheme = damon_sysfs_child(context->schemes, index,
				   struct damon_sysfs_scheme);
	return scheme->installed ? scheme : NULL;
}

/**
 * damon_sysfs_copy_stats() - Show what the schemes of a context did.
 * @context:	Directory of the context.
 * @ctx:	The context.  The caller is its worker, or it does not run.
 *
 * The caller holds &damon_sysfs_locks.data.
 */
void damon_sysfs_copy_stats(struct damon_sysfs_context *context,
			    struct damon_ctx *ctx)
{
	struct damon_sysfs_scheme *scheme;
	unsigned int index = 0;
	struct damos *s;

	lockdep_assert_held(&context->node.locks->data);
	damon_for_each_scheme(s, ctx) {
		scheme = installed_scheme(context, index++);
		if (scheme)
			scheme->stats->stat = s->stat;
	}
}

/* What a walk saw of one region. */
struct tried {
	unsigned int scheme;
	unsigned int nr_accesses;
	unsigned int age;
	unsigned long start;
	unsigned long end;
	unsigned long sz_filter_passed;
};

/*
 * A walk's notes.  The kdamond writes them down, and makes no directories: that
 * would keep it from sampling.
 */
struct notes {
	struct damos *last;	/* scheme of the previous note, and its index */
	unsigned int last_index;
	struct tried *tried;
	size_t nr;
	size_t room;
	bool incomplete;	/* no memory */
};

/* Schemes come by in order again and again. */
static unsigned int scheme_index(struct notes *notes, struct damon_ctx *ctx,
				 struct damos *scheme)
{
	unsigned int index = 0;
	struct damos *s;

	if (notes->last == scheme)
		return notes->last_index;
	damon_for_each_scheme(s, ctx) {
		if (s == scheme)
			break;
		index++;
	}
	notes->last = scheme;
	notes->last_index = index;
	return index;
}

static bool make_room(struct notes *notes)
{
	size_t room = max(notes->room * 2, 64);
	struct tried *tried;

	if (notes->nr < notes->room)
		return true;
	tried = kvrealloc(notes->tried, array_size(room, sizeof(*tried)),
			  GFP_KERNEL | __GFP_NOWARN);
	if (!tried)
		return false;
	notes->tried = tried;
	notes->room = room;
	return true;
}

static void note_region(void *data, struct damon_ctx *ctx,
			struct damon_target *t, struct damon_region *r,
			struct damos *s, unsigned long sz_filter_passed)
{
	struct notes *notes = data;

	if (!make_room(notes)) {
		notes->incomplete = true;
		return;
	}
	notes->tried[notes->nr++] = (struct tried) {
		.scheme = scheme_index(notes, ctx, s),
		.nr_accesses = damon_nr_accesses_mvsum(r, ctx),
		.age = r->age,
		.start = r->ar.start,
		.end = r->ar.end,
		.sz_filter_passed = sz_filter_passed,
	};
}

/* Counts the notes of each scheme. */
static unsigned int *count_notes(const struct notes *notes,
				 unsigned int nr_schemes)
{
	unsigned int *counts = kvcalloc(max(nr_schemes, 1u), sizeof(*counts),
					GFP_KERNEL);

	if (!counts)
		return NULL;
	for (size_t i = 0; i < notes->nr; i++)
		if (notes->tried[i].scheme < nr_schemes)
			counts[notes->tried[i].scheme]++;
	return counts;
}

static void show_region(struct damon_sysfs_scheme *scheme, unsigned int index,
			const struct tried *tried)
{
	struct damon_sysfs_tried_region *region;

	if (index >= scheme->tried_regions->nr_children)
		return;
	region = damon_sysfs_child(scheme->tried_regions, index,
				   struct damon_sysfs_tried_region);
	region->start = tried->start;
	region->end = tried->end;
	region->nr_accesses = tried->nr_accesses;
	region->age = tried->age;
	region->sz_filter_passed = tried->sz_filter_passed;
}

/* Makes as many directories as there are notes. */
static int make_dirs(struct damon_sysfs_context *context,
		     const unsigned int *counts)
{
	struct damon_sysfs_scheme *scheme;
	int ret = 0;
	int err;

	for (unsigned int i = 0; i < context->schemes->nr_children; i++) {
		scheme = installed_scheme(context, i);
		if (!scheme)
			continue;
		err = damon_sysfs_resize(scheme->tried_regions, counts[i]);
		ret = ret ?: err;
	}
	return ret;
}

/*
 * Turns notes into directories.  Existing ones are used again, which is several
 * times faster than making them.
 */
static int show_notes(struct damon_sysfs_context *context,
		      const struct notes *notes)
{
	unsigned int nr = context->schemes->nr_children;
	unsigned int *counts = count_notes(notes, nr);
	struct damon_sysfs_scheme *scheme;
	int ret;

	if (!counts)
		return -ENOMEM;
	ret = make_dirs(context, counts);
	memset(counts, 0, array_size(nr, sizeof(*counts)));

	scoped_guard(mutex, &context->node.locks->data) {
		for (size_t i = 0; i < notes->nr; i++) {
			unsigned int index = notes->tried[i].scheme;

			scheme = installed_scheme(context, index);
			if (scheme)
				show_region(scheme, counts[index]++,
					    &notes->tried[i]);
		}
	}
	kvfree(counts);
	return ret ?: notes->incomplete ? -ENOMEM : 0;
}

/**
 * damon_sysfs_walk_schemes() - Show the regions that the schemes are tried on.
 * @context:	Directory of the context.
 * @ctx:	The context.
 *
 * Waits until every scheme made a pass.  The caller holds
 * &damon_sysfs_locks.tree.  What was shown before stays if there is no walk.
 *
 * Return: 0, what damos_walk() returned, or -ENOMEM or -EINTR if not all regions
 * could be shown.
 */
int damon_sysfs_walk_schemes(struct damon_sysfs_context *context,
			     struct damon_ctx *ctx)
{
	struct notes notes = { };
	struct damos_walk_control control = {
		.walk_fn = note_region,
		.data = &notes,
	};
	int ret;

	ret = damos_walk(ctx, &control);
	if (!ret)
		ret = show_notes(context, &notes);
	kvfree(notes.tried);
	return ret;
}

/**
 * damon_sysfs_clear_tried_regions() - Remove all regions that are shown.
 * @context:	Directory of the context.  The caller holds
 *		&damon_sysfs_locks.tree.
 */
void damon_sysfs_clear_tried_regions(struct damon_sysfs_context *context)
{
	struct damon_sysfs_scheme *scheme;

	for (unsigned int i = 0; i < context->schemes->nr_children; i++) {
		scheme = damon_sysfs_child(context->schemes, i,
					   struct damon_sysfs_scheme);
		damon_sysfs_resize(scheme->tried_regions, 0);
	}
}
