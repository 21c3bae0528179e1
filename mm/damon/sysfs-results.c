// SPDX-License-Identifier: GPL-2.0
/*
 * The way back: what the running schemes did, copied into the files that users
 * read.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/sched.h>
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
	size_t next;		/* note of the same scheme */
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
	size_t first;		/* notes */
	size_t last;
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
	struct tally *tally;
	struct tried *tried;

	if (s->index >= notes->nr_schemes)
		return;
	tally = &notes->tallies[s->index];
	tally->nr_bytes += damon_sz_region(r);
	if (notes->bytes_only)
		return;
	if (!make_room(notes)) {
		notes->incomplete = true;
		return;
	}
	if (tally->nr_noted++)
		notes->tried[tally->last].next = notes->nr;
	else
		tally->first = notes->nr;
	tally->last = notes->nr;
	tried = &notes->tried[notes->nr++];
	*tried = (struct tried) {
		.nr_accesses = damon_nr_accesses_mvsum(r, ctx),
		.age = r->age,
		.start = r->ar.start,
		.end = r->ar.end,
		.sz_filter_passed = sz_filter_passed,
	};
	memcpy(tried->probe_hits, r->probe_hits, sizeof(r->probe_hits));
	notes->nr_probes = nr_probes(ctx);
}

/**
 * damon_sysfs_note_reader() - Remember who reads what schemes were tried on.
 * @node:	Directory of the regions of a scheme, or one below it.
 *
 * The caller holds &damon_sysfs_locks.data and runs a handler of a file of @node, so
 * nothing above it goes away.
 */
void damon_sysfs_note_reader(struct damon_sysfs_node *node)
{
	struct damon_sysfs_tried_regions *dir;
	pid_t pid = current->pid;

	while (node->type != &damon_sysfs_tried_regions_type)
		node = container_of(node->kobj.parent, struct damon_sysfs_node,
				    kobj);
	dir = container_of(node, struct damon_sysfs_tried_regions, node);
	if (!dir->reader)
		dir->reader = pid;
	else if (dir->reader != pid)
		dir->reader = -1;
}

static void show_region(struct damon_sysfs_tried_region *region,
			const struct tried *tried)
{
	const struct damon_sysfs_node *probes = region->probes;

	region->start = tried->start;
	region->end = tried->end;
	region->nr_accesses = tried->nr_accesses;
	region->age = tried->age;
	region->sz_filter_passed = tried->sz_filter_passed;
	for (unsigned int i = 0; i < probes->nr_children; i++)
		damon_sysfs_child(probes, i, struct damon_sysfs_probe_hits)->hits =
			tried->probe_hits[i];
}

/* Puts what was noted of a scheme into as many directories. */
static void fill_in(struct damon_sysfs_node **set, const struct notes *notes,
		    const struct tally *tally)
{
	size_t note = tally->first;

	for (unsigned int i = 0; i < tally->nr_noted; i++) {
		show_region(container_of(set[i], struct damon_sysfs_tried_region,
					 node), &notes->tried[note]);
		note = notes->tried[note].next;
		cond_resched();
	}
}

static bool has_room(const struct damon_sysfs_node *dir,
		     const struct notes *notes, const struct tally *tally)
{
	const struct damon_sysfs_node *probes;

	if (dir->nr_children != tally->nr_noted)
		return false;
	if (!dir->nr_children)
		return true;
	probes = damon_sysfs_child(dir, 0,
				   struct damon_sysfs_tried_region)->probes;
	return probes->nr_children == notes->nr_probes;
}

/*
 * Shows a snapshot in the directories of the last one, which is many times faster than to
 * make others.  Not if anybody else may be in the middle of reading that: who reads a
 * bit of both would not notice.
 */
static bool show_in_place(struct damon_sysfs_tried_regions *dir,
			  const struct notes *notes, const struct tally *tally)
{
	guard(mutex)(&dir->node.locks->data);
	if (dir->reader && dir->reader != current->pid)
		return false;
	if (!has_room(&dir->node, notes, tally))
		return false;
	fill_in(dir->node.children, notes, tally);
	dir->total_bytes = tally->nr_bytes;
	dir->reader = 0;
	return true;
}

/* Nodes that nobody sees yet, with all that was noted of a scheme. */
static struct damon_sysfs_node **make_fresh(struct damon_sysfs_node *dir,
					    const struct notes *notes,
					    const struct tally *tally)
{
	size_t below = notes->nr_probes *
		damon_sysfs_footprint(&damon_sysfs_hits_type);
	struct damon_sysfs_tried_region *region;
	struct damon_sysfs_node **set;
	int ret;

	set = damon_sysfs_make_children(dir, tally->nr_noted, below);
	if (IS_ERR(set))
		return set;
	for (unsigned int i = 0; notes->nr_probes && i < tally->nr_noted; i++) {
		region = container_of(set[i], struct damon_sysfs_tried_region,
				      node);
		ret = damon_sysfs_renew(region->probes, notes->nr_probes);
		if (ret) {
			damon_sysfs_drop_children(set, tally->nr_noted);
			return ERR_PTR(ret);
		}
		cond_resched();
	}
	fill_in(set, notes, tally);
	return set;
}

static void begin_showing(struct damon_sysfs_tried_regions *dir,
			  unsigned long nr_bytes)
{
	damon_sysfs_clear(&dir->node);
	guard(mutex)(&dir->node.locks->data);
	dir->total_bytes = nr_bytes;
	dir->reader = 0;
}

/*
 * Shows a snapshot in other directories.  Reading what is open of the old ones gives
 * errors from then on, so who still can has seen nothing of this one.
 */
static int show_afresh(struct damon_sysfs_tried_regions *dir,
		       const struct notes *notes, const struct tally *tally)
{
	struct damon_sysfs_node **set = make_fresh(&dir->node, notes, tally);

	begin_showing(dir, tally->nr_bytes);
	if (IS_ERR(set))
		return PTR_ERR(set);
	return damon_sysfs_show_children(&dir->node, set, tally->nr_noted);
}

/* Turns notes into directories. */
static int show_notes(struct damon_sysfs_context *context,
		      const struct notes *notes)
{
	struct damon_sysfs_scheme *scheme;
	const struct tally *tally;
	int ret = 0, err;

	for (unsigned int i = 0; i < notes->nr_schemes; i++) {
		scheme = damon_sysfs_installed_scheme(context, i);
		if (!scheme)
			continue;
		tally = &notes->tallies[i];
		if (show_in_place(scheme->tried_regions, notes, tally))
			continue;
		err = show_afresh(scheme->tried_regions, notes, tally);
		ret = ret ?: err;
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
		begin_showing(scheme->tried_regions, 0);
	}
}
