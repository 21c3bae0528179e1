// SPDX-License-Identifier: GPL-2.0
/*
 * The way back: what the running schemes did, copied into the files that users
 * read.
 */
#include <linux/cleanup.h>
#include <linux/slab.h>

#include "sysfs.h"

/**
 * damon_sysfs_installed_scheme() - Find the directory of a running scheme.
 * @context:	Directory of the context.  The caller holds one of the locks.
 * @index:	Number of the scheme.
 *
 * Return: The directory.  %NULL if there is none, or if it was made after the last
 * commit: then it is another one, even though it has the same number.
 */
struct damon_sysfs_scheme *
damon_sysfs_installed_scheme(struct damon_sysfs_context *context,
			     unsigned int index)
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
		scheme = damon_sysfs_installed_scheme(context, index++);
		if (scheme)
			scheme->stats->stat = s->stat;
	}
}

/**
 * damon_sysfs_copy_effective_quotas() - Show what the schemes' quotas have become.
 * @context:	Directory of the context.
 * @ctx:	The context.  The caller is its worker, or it does not run.
 *
 * The caller holds &damon_sysfs_locks.data.
 */
void damon_sysfs_copy_effective_quotas(struct damon_sysfs_context *context,
				       struct damon_ctx *ctx)
{
	struct damon_sysfs_scheme *scheme;
	unsigned int index = 0;
	struct damos *s;

	lockdep_assert_held(&context->node.locks->data);
	damon_for_each_scheme(s, ctx) {
		scheme = damon_sysfs_installed_scheme(context, index++);
		if (scheme)
			scheme->quotas->effective_bytes = s->quota.esz;
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
	unsigned char probe_hits[DAMON_MAX_PROBES];
};

/* What a walk saw of one scheme. */
struct tally {
	unsigned int nr_noted;
	unsigned long nr_bytes;
};

/*
 * A walk's notes.  The kdamond writes them down, and makes no directories: that
 * would keep it from sampling.  Sizes are summed up in memory that is there
 * before, so they are right even if notes are missing.
 */
struct notes {
	bool bytes_only;
	struct tally *tallies;	/* one per directory of a scheme */
	unsigned int nr_schemes;
	unsigned int nr_probes;	/* that have anything to show */
	struct tried *tried;
	size_t nr;
	size_t room;
	bool incomplete;	/* no memory */
};

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

/* Probes that the regions of a context have counters for. */
static unsigned int nr_probes(struct damon_ctx *ctx)
{
	return min(list_count_nodes(&ctx->probes), DAMON_MAX_PROBES);
}

static void note_region(void *data, struct damon_ctx *ctx,
			struct damon_target *t, struct damon_region *r,
			struct damos *s, unsigned long sz_filter_passed)
{
	struct notes *notes = data;
	struct tried *tried;

	if (s->index >= notes->nr_schemes)
		return;
	notes->tallies[s->index].nr_bytes += damon_sz_region(r);
	if (notes->bytes_only)
		return;
	if (!make_room(notes)) {
		notes->incomplete = true;
		return;
	}
	notes->tallies[s->index].nr_noted++;
	tried = &notes->tried[notes->nr++];
	*tried = (struct tried) {
		.scheme = s->index,
		.nr_accesses = damon_nr_accesses_mvsum(r, ctx),
		.age = r->age,
		.start = r->ar.start,
		.end = r->ar.end,
		.sz_filter_passed = sz_filter_passed,
	};
	memcpy(tried->probe_hits, r->probe_hits, sizeof(r->probe_hits));
	notes->nr_probes = nr_probes(ctx);
}

/* Makes directories for what probes have hit in each of the regions. */
static int make_probe_dirs(const struct damon_sysfs_node *regions,
			   unsigned int nr_probes)
{
	struct damon_sysfs_tried_region *region;
	int ret = 0;

	for (unsigned int i = 0; i < regions->nr_children && !ret; i++) {
		region = damon_sysfs_child(regions, i,
					   struct damon_sysfs_tried_region);
		ret = damon_sysfs_resize(region->probes, nr_probes);
		cond_resched();
	}
	return ret;
}

/* Makes as many directories as there are notes, and shows the sums. */
static int make_dirs(struct damon_sysfs_context *context,
		     const struct notes *notes)
{
	struct damon_sysfs_tried_regions *dir;
	struct damon_sysfs_scheme *scheme;
	int ret = 0;
	int err;

	for (unsigned int i = 0; i < notes->nr_schemes; i++) {
		scheme = damon_sysfs_installed_scheme(context, i);
		if (!scheme)
			continue;
		dir = scheme->tried_regions;
		err = damon_sysfs_resize(&dir->node, notes->tallies[i].nr_noted) ?:
			make_probe_dirs(&dir->node, notes->nr_probes);
		ret = ret ?: err;
		guard(mutex)(&context->node.locks->data);
		dir->total_bytes = notes->tallies[i].nr_bytes;
	}
	return ret;
}

static void show_hits(const struct damon_sysfs_node *probes,
		      const unsigned char *hits)
{
	for (unsigned int i = 0; i < probes->nr_children; i++)
		damon_sysfs_child(probes, i, struct damon_sysfs_probe_hits)->hits =
			hits[i];
}

static void show_region(struct damon_sysfs_scheme *scheme, unsigned int index,
			const struct tried *tried)
{
	struct damon_sysfs_node *dir = &scheme->tried_regions->node;
	struct damon_sysfs_tried_region *region;

	if (index >= dir->nr_children)
		return;
	region = damon_sysfs_child(dir, index, struct damon_sysfs_tried_region);
	region->start = tried->start;
	region->end = tried->end;
	region->nr_accesses = tried->nr_accesses;
	region->age = tried->age;
	region->sz_filter_passed = tried->sz_filter_passed;
	show_hits(region->probes, tried->probe_hits);
}

/*
 * Turns notes into directories.  Existing ones are used again, which is several
 * times faster than making them.
 */
static int show_notes(struct damon_sysfs_context *context, struct notes *notes)
{
	struct damon_sysfs_scheme *scheme;
	int ret = make_dirs(context, notes);

	/* from here on: how many of them are in their directories */
	for (unsigned int i = 0; i < notes->nr_schemes; i++)
		notes->tallies[i].nr_noted = 0;

	guard(mutex)(&context->node.locks->data);
	for (size_t i = 0; i < notes->nr; i++) {
		const struct tried *tried = &notes->tried[i];

		scheme = damon_sysfs_installed_scheme(context, tried->scheme);
		if (scheme)
			show_region(scheme,
				    notes->tallies[tried->scheme].nr_noted++,
				    tried);
		cond_resched();
	}
	return ret ?: notes->incomplete ? -ENOMEM : 0;
}

/**
 * damon_sysfs_walk_schemes() - Show the regions that the schemes are tried on.
 * @context:	Directory of the context.
 * @ctx:	The context.
 * @bytes_only:	Show only how large they are together, and no regions any more.
 *
 * Waits until every scheme made a pass.  The caller holds
 * &damon_sysfs_locks.tree.  What was shown before stays if there is no walk.
 *
 * Return: 0, what damos_walk() returned, or -ENOMEM or -EINTR if not all regions
 * could be shown; their total size is right even then.
 */
int damon_sysfs_walk_schemes(struct damon_sysfs_context *context,
			     struct damon_ctx *ctx, bool bytes_only)
{
	struct notes notes = {
		.bytes_only = bytes_only,
		.nr_schemes = context->schemes->nr_children,
	};
	struct damos_walk_control control = {
		.walk_fn = note_region,
		.data = &notes,
	};
	int ret;

	notes.tallies = kvcalloc(max(notes.nr_schemes, 1u),
				 sizeof(*notes.tallies),
				 GFP_KERNEL | __GFP_NOWARN);
	if (!notes.tallies)
		return -ENOMEM;
	ret = damos_walk(ctx, &control);
	if (!ret)
		ret = show_notes(context, &notes);
	kvfree(notes.tallies);
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
		damon_sysfs_resize(&scheme->tried_regions->node, 0);
		guard(mutex)(&context->node.locks->data);
		scheme->tried_regions->total_bytes = 0;
	}
}
