/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the sysfs rooms share: the engine that turns tables into directories, and
 * the objects that the directories stand for.
 *
 * A directory is a node, an object whose first member is &struct
 * damon_sysfs_node.  Its type is a table: a file is one row, a fixed
 * subdirectory is one row, and numbered subdirectories are one type.  A node owns
 * the nodes below it.
 *
 * Nothing outside of the sysfs rooms may include this, and the sysfs rooms use
 * nothing of DAMON but <linux/damon.h>.
 */
#ifndef _MM_DAMON_SYSFS_H
#define _MM_DAMON_SYSFS_H

#include <linux/damon.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sysfs.h>

struct damon_sysfs_node;
struct damon_sysfs_type;

/**
 * enum damon_sysfs_class - What the text in a file stands for.
 * @DAMON_SYSFS_OWN:	Nothing the engine knows, see the row's functions.
 * @DAMON_SYSFS_UL:	Unsigned long.
 * @DAMON_SYSFS_UI:	Unsigned int.
 * @DAMON_SYSFS_SI:	Int.
 * @DAMON_SYSFS_BOOL:	Bool, "Y" or "N" when read.
 * @DAMON_SYSFS_KEYWORD: Enum, given as one of a table of words.
 * @DAMON_SYSFS_PATH:	String (char pointer) that the node owns.
 * @DAMON_SYSFS_NR:	Number of the numbered subdirectories.
 */
enum damon_sysfs_class {
	DAMON_SYSFS_OWN,
	DAMON_SYSFS_UL,
	DAMON_SYSFS_UI,
	DAMON_SYSFS_SI,
	DAMON_SYSFS_BOOL,
	DAMON_SYSFS_KEYWORD,
	DAMON_SYSFS_PATH,
	DAMON_SYSFS_NR,
};

/**
 * struct damon_sysfs_keywords - Words that a file takes.
 * @words:	The words, at the index of their value.  %NULL: no such word.
 * @nr:		Length of @words.
 */
struct damon_sysfs_keywords {
	const char *const *words;
	unsigned int nr;
};

#define DAMON_SYSFS_KEYWORDS(table) \
	.words = (table), .nr = ARRAY_SIZE(table)

/**
 * struct damon_sysfs_file - A file.
 * @attr:	Name and mode.
 * @class:	What is in it.
 * @offset:	Where in the object the value is.
 * @initial:	The value in a new object.
 * @written:	Where in the object a bool is that a write makes true, 0: nowhere.
 * @keywords:	The words of a %DAMON_SYSFS_KEYWORD.
 * @nonzero:	Zero is invalid.
 * @no_erange:	Numbers beyond the type's range give -EINVAL, not -ERANGE.
 * @show:	Reads, if the engine shall not.
 * @store:	Writes, if the engine shall not.
 *
 * A table of files ends with an empty row.
 */
struct damon_sysfs_file {
	struct attribute attr;
	enum damon_sysfs_class class;
	unsigned int offset;
	unsigned long initial;
	unsigned int written;
	const struct damon_sysfs_keywords *keywords;
	bool nonzero;
	bool no_erange;
	ssize_t (*show)(struct damon_sysfs_node *node, char *buf);
	ssize_t (*store)(struct damon_sysfs_node *node, const char *buf,
			 size_t count);
};

/* The class follows from the member's type, so that they cannot disagree. */
#define DAMON_SYSFS_CLASS(object, member)		\
	_Generic(*(typeof_member(object, member) *)NULL, \
		 unsigned long : DAMON_SYSFS_UL,	\
		 unsigned int : DAMON_SYSFS_UI,		\
		 int : DAMON_SYSFS_SI,			\
		 bool : DAMON_SYSFS_BOOL,		\
		 char * : DAMON_SYSFS_PATH)

/* A value that users set, and one that they only read. */
#define DAMON_SYSFS_INPUT(object, member)			\
	.attr = { .name = #member, .mode = 0600 },		\
	.class = DAMON_SYSFS_CLASS(object, member),		\
	.offset = offsetof(object, member)

#define DAMON_SYSFS_OUTPUT(object, member)			\
	.attr = { .name = #member, .mode = 0400 },		\
	.class = DAMON_SYSFS_CLASS(object, member),		\
	.offset = offsetof(object, member)

/* An enum. */
#define DAMON_SYSFS_CHOICE(object, member, table)		\
	.attr = { .name = #member, .mode = 0600 },		\
	.class = DAMON_SYSFS_KEYWORD,				\
	.offset = offsetof(object, member) +			\
		BUILD_BUG_ON_ZERO(sizeof_field(object, member) != sizeof(int)), \
	.keywords = &(table)

/* The number of the numbered subdirectories. */
#define DAMON_SYSFS_COUNT(file)					\
	.attr = { .name = #file, .mode = 0600 },		\
	.class = DAMON_SYSFS_NR

/**
 * struct damon_sysfs_dir - A subdirectory that is always there.
 * @name:	Its name.
 * @type:	Its type.
 * @offset:	Where in the object the pointer to it is.
 *
 * A table of directories ends with an empty row.
 */
struct damon_sysfs_dir {
	const char *name;
	const struct damon_sysfs_type *type;
	unsigned int offset;
};

#define DAMON_SYSFS_SUBDIR(object, member, node_type)		\
	.name = #member, .type = &(node_type),			\
	.offset = offsetof(object, member)

/**
 * struct damon_sysfs_type - A kind of directory.
 * @size:	Size of the object.
 * @files:	Its files.
 * @dirs:	Subdirectories that it always has.
 * @child:	Type of its numbered subdirectories, %NULL if it has none.
 * @max_children: Greatest number of them, 0: no limit of its own.
 * @init:	Prepares a new object, before it gets subdirectories.
 * @on_read:	Told when a value of an object is read, with &damon_sysfs_locks.data
 *		held.
 * @release:	Gives up what an object holds, when nobody can see it any more.
 */
struct damon_sysfs_type {
	size_t size;
	const struct damon_sysfs_file *files;
	const struct damon_sysfs_dir *dirs;
	const struct damon_sysfs_type *child;
	unsigned int max_children;
	void (*init)(struct damon_sysfs_node *node);
	void (*on_read)(struct damon_sysfs_node *node);
	void (*release)(struct damon_sysfs_node *node);
};

/**
 * struct damon_sysfs_locks - The locks of a subtree.
 * @tree:	Held by who changes which directories there are, and while a
 *		command runs.  Removing a directory waits for the handlers of its
 *		files, and commands wait for the kdamond.  So neither a handler
 *		nor the kdamond may wait for it; damon_sysfs_trylock() is the
 *		only way to get it.
 * @data:	Protects the values, and &damon_sysfs_node.children while @tree is
 *		not held.  Its holders wait for memory at most: handlers and the
 *		kdamond may wait for it.  A leaf, except for what building a
 *		context takes.
 * @retired:	The subtree is about to vanish; nobody gets @tree any more.
 */
struct damon_sysfs_locks {
	struct mutex tree;	/* see above */
	struct mutex data;	/* see above */
	bool retired;
};

/**
 * struct damon_sysfs_node - A directory; first member of every object.
 * @kobj:	Its place in sysfs.
 * @type:	Its table.
 * @locks:	Locks of the subtree that it is in.
 * @children:	Numbered subdirectories.
 * @nr_children: Number of them.
 */
struct damon_sysfs_node {
	struct kobject kobj;
	const struct damon_sysfs_type *type;
	struct damon_sysfs_locks *locks;
	struct damon_sysfs_node **children;
	unsigned int nr_children;
};

#define damon_sysfs_child(parent, i, object) \
	container_of((parent)->children[i], object, node)

/* sysfs-tree.c */

struct damon_sysfs_node *damon_sysfs_new(const struct damon_sysfs_type *type,
					 struct damon_sysfs_locks *locks);
void damon_sysfs_drop(struct damon_sysfs_node *node);
int damon_sysfs_attach(struct damon_sysfs_node *node, struct kobject *parent,
		       const char *name);
void damon_sysfs_detach(struct damon_sysfs_node *node);
int damon_sysfs_renew(struct damon_sysfs_node *node, unsigned int nr);
void damon_sysfs_clear(struct damon_sysfs_node *node);
bool damon_sysfs_too_much(u64 nr, size_t size, u64 available);
size_t damon_sysfs_footprint(const struct damon_sysfs_type *type);
struct damon_sysfs_node **
damon_sysfs_make_children(struct damon_sysfs_node *parent, unsigned int nr,
			  size_t below);
void damon_sysfs_drop_children(struct damon_sysfs_node **set, unsigned int nr);
int damon_sysfs_show_children(struct damon_sysfs_node *parent,
			      struct damon_sysfs_node **set, unsigned int nr);
int damon_sysfs_parse_nr(const struct damon_sysfs_node *node, const char *buf,
			 unsigned int *nr);
int damon_sysfs_trylock(struct damon_sysfs_locks *locks);
void damon_sysfs_unlock(struct damon_sysfs_locks *locks);

/* Objects; a comment where the file's name does not say enough. */

/* sysfs-context.c */

struct damon_sysfs_range {
	struct damon_sysfs_node node;
	unsigned long min;
	unsigned long max;
};

struct damon_sysfs_intervals_goal {
	struct damon_sysfs_node node;
	unsigned long access_bp;
	unsigned long aggrs;
	unsigned long min_sample_us;
	unsigned long max_sample_us;
};

struct damon_sysfs_intervals {
	struct damon_sysfs_node node;
	unsigned long sample_us;
	unsigned long aggr_us;
	unsigned long update_us;
	bool sample_us_staged;	/* written since the last on or commit */
	bool aggr_us_staged;
	struct damon_sysfs_intervals_goal *intervals_goal;
};

struct damon_sysfs_attrs {
	struct damon_sysfs_node node;
	struct damon_sysfs_intervals *intervals;
	struct damon_sysfs_range *nr_regions;
	struct damon_sysfs_node *probes;
};

struct damon_sysfs_region {
	struct damon_sysfs_node node;
	unsigned long start;
	unsigned long end;
};

struct damon_sysfs_target {
	struct damon_sysfs_node node;
	int pid_target;
	bool obsolete_target;
	struct damon_sysfs_node *regions;
};

struct damon_sysfs_context {
	struct damon_sysfs_node node;
	enum damon_ops_id operations;
	unsigned long addr_unit;
	bool pause;
	bool installed;		/* the kdamond was last set up from this */
	struct damon_sysfs_attrs *monitoring_attrs;
	struct damon_sysfs_node *targets;
	struct damon_sysfs_node *schemes;
};

extern const struct damon_sysfs_type damon_sysfs_contexts_type;
extern const struct damon_sysfs_file damon_sysfs_range_files[];

/* sysfs-probes.c */

struct damon_sysfs_probe_filter {
	struct damon_sysfs_node node;
	enum damon_filter_type type;
	bool matching;
	bool allow;
	char *path;
};

struct damon_sysfs_probe {
	struct damon_sysfs_node node;
	struct damon_sysfs_node *filters;
	unsigned int weight;
};

/* What a probe has hit in a region. */
struct damon_sysfs_probe_hits {
	struct damon_sysfs_node node;
	unsigned int hits;
};

extern const struct damon_sysfs_type damon_sysfs_probes_type;
extern const struct damon_sysfs_type damon_sysfs_probes_hits_type;
extern const struct damon_sysfs_type damon_sysfs_hits_type;

/* sysfs-quotas.c */

struct damon_sysfs_weights {
	struct damon_sysfs_node node;
	unsigned int sz_permil;
	unsigned int nr_accesses_permil;
	unsigned int age_permil;
};

struct damon_sysfs_goal {
	struct damon_sysfs_node node;
	enum damos_quota_goal_metric target_metric;
	unsigned long target_value;
	unsigned long current_value;
	int nid;
	char *path;
};

struct damon_sysfs_quotas {
	struct damon_sysfs_node node;
	unsigned long ms;
	unsigned long bytes;
	unsigned long reset_interval_ms;
	unsigned long effective_bytes;
	enum damos_quota_goal_tuner goal_tuner;
	unsigned int fail_charge_num;
	unsigned int fail_charge_denom;
	struct damon_sysfs_weights *weights;
	struct damon_sysfs_node *goals;
};

extern const struct damon_sysfs_type damon_sysfs_quotas_type;

/* sysfs-filters.c */

struct damon_sysfs_filter {
	struct damon_sysfs_node node;
	enum damos_filter_type type;
	bool matching;
	bool allow;
	char *memcg_path;
	unsigned long addr_start;
	unsigned long addr_end;
	unsigned long min;
	unsigned long max;
	int damon_target_idx;
};

extern const struct damon_sysfs_type damon_sysfs_filters_type;
extern const struct damon_sysfs_type damon_sysfs_core_filters_type;
extern const struct damon_sysfs_type damon_sysfs_ops_filters_type;

/* sysfs-schemes.c */

struct damon_sysfs_access_pattern {
	struct damon_sysfs_node node;
	struct damon_sysfs_range *sz;
	struct damon_sysfs_range *nr_accesses;
	struct damon_sysfs_range *age;
};

struct damon_sysfs_watermarks {
	struct damon_sysfs_node node;
	enum damos_wmark_metric metric;
	unsigned long interval_us;
	unsigned long high;
	unsigned long mid;
	unsigned long low;
};

struct damon_sysfs_dest {
	struct damon_sysfs_node node;
	unsigned int id;
	unsigned int weight;
};

struct damon_sysfs_stats {
	struct damon_sysfs_node node;
	struct damos_stat stat;
	unsigned long max_nr_snapshots;	/* an input */
};

struct damon_sysfs_tried_region {
	struct damon_sysfs_node node;
	unsigned long start;
	unsigned long end;
	unsigned int nr_accesses;
	unsigned int age;
	unsigned long sz_filter_passed;
	struct damon_sysfs_node *probes;
};

struct damon_sysfs_tried_regions {
	struct damon_sysfs_node node;
	unsigned long total_bytes;
	pid_t reader;		/* the only task that has read of it, 0: none, -1: several */
};

struct damon_sysfs_scheme {
	struct damon_sysfs_node node;
	enum damos_action action;
	unsigned long apply_interval_us;
	int target_nid;
	bool installed;		/* the scheme of this index was set up from this */
	struct damon_sysfs_access_pattern *access_pattern;
	struct damon_sysfs_quotas *quotas;
	struct damon_sysfs_watermarks *watermarks;
	struct damon_sysfs_node *filters;
	struct damon_sysfs_node *core_filters;
	struct damon_sysfs_node *ops_filters;
	struct damon_sysfs_node *dests;
	struct damon_sysfs_stats *stats;
	struct damon_sysfs_tried_regions *tried_regions;
};

extern const struct damon_sysfs_type damon_sysfs_schemes_type;
extern const struct damon_sysfs_type damon_sysfs_tried_regions_type;
extern const struct damon_sysfs_keywords damon_sysfs_action_keywords;

/* sysfs-results.c */

struct damon_sysfs_scheme *
damon_sysfs_installed_scheme(struct damon_sysfs_context *context,
			     unsigned int index);
void damon_sysfs_copy_stats(struct damon_sysfs_context *context,
			    struct damon_ctx *ctx);
void damon_sysfs_copy_effective_quotas(struct damon_sysfs_context *context,
				       struct damon_ctx *ctx);
int damon_sysfs_walk_schemes(struct damon_sysfs_context *context,
			     struct damon_ctx *ctx, bool bytes_only);
void damon_sysfs_clear_tried_regions(struct damon_sysfs_context *context);
void damon_sysfs_note_reader(struct damon_sysfs_node *node);

/* sysfs-build.c */

/**
 * struct damon_sysfs_draft - A context under construction.
 * @ctx:	The context.
 * @kdamond:	Name of the kdamond, for messages.
 * @online:	It will be committed to a running context.
 * @spare:	Context that never ran, from which targets and schemes are taken
 *		as long as there are any, instead of making new ones; or %NULL.
 */
struct damon_sysfs_draft {
	struct damon_ctx *ctx;
	const char *kdamond;
	bool online;
	struct damon_ctx *spare;
};

__printf(2, 3)
int damon_sysfs_refuse(const struct damon_sysfs_draft *draft,
		       const char *fmt, ...);
__printf(2, 3)
void damon_sysfs_remark(const struct damon_sysfs_draft *draft,
			const char *fmt, ...);
struct damon_ctx *damon_sysfs_build_ctx(struct damon_sysfs_context *context,
					const char *kdamond, bool online,
					struct damon_ctx *spare);
struct damon_ctx *damon_sysfs_build_goals(struct damon_sysfs_context *context,
					  const char *kdamond,
					  enum damon_ops_id operations);

/* sysfs-build-probes.c */

int damon_sysfs_build_probes(const struct damon_sysfs_draft *draft,
			     const struct damon_sysfs_node *probes);

/* sysfs-build-schemes.c */

int damon_sysfs_build_schemes(const struct damon_sysfs_draft *draft,
			      const struct damon_sysfs_node *schemes);
int damon_sysfs_build_only_goals(const struct damon_sysfs_draft *draft,
				 const struct damon_sysfs_node *schemes);

/* sysfs-state.c */

/**
 * struct damon_sysfs_kdamond - A kdamond.
 * @node:	Its directory.
 * @refresh_ms:	Time between two updates of the results, ms.  Zero: none.
 * @contexts:	Its contexts.
 * @own:	Locks of all that is below @contexts, and of the commands.
 * @ctx_lock:	Protects @ctx.  Who replaces it holds @own.tree, too, so that
 *		either is enough for looking at it.  Taken before @own.data.
 * @ctx:	What was started last, %NULL if nothing was yet.
 * @spare:	What the last commit has left: parts for the next one, without
 *		regions.  %NULL if there was none since "on".  Protected by
 *		@own.tree.
 */
struct damon_sysfs_kdamond {
	struct damon_sysfs_node node;
	unsigned int refresh_ms;
	struct damon_sysfs_node *contexts;
	struct damon_sysfs_locks own;
	struct rw_semaphore ctx_lock;
	struct damon_ctx *ctx;
	struct damon_ctx *spare;
};

ssize_t damon_sysfs_state_show(struct damon_sysfs_node *node, char *buf);
ssize_t damon_sysfs_state_store(struct damon_sysfs_node *node, const char *buf,
				size_t count);
ssize_t damon_sysfs_pid_show(struct damon_sysfs_node *node, char *buf);

/* sysfs.c */

extern const struct damon_sysfs_type damon_sysfs_kdamonds_type;

#endif /* _MM_DAMON_SYSFS_H */
