// SPDX-License-Identifier: GPL-2.0
/*
 * What running contexts show in debugfs: /sys/kernel/debug/damon/PID, PID being that of
 * the kdamond.
 *
 * For people and their scripts, and no ABI.  Each line is a word and numbers.  Who opens
 * the file asks the kdamond for a copy of everything, which takes no pass of any scheme;
 * who reads it asks nobody.
 *
 * Must not know how anything comes about, and changes nothing.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "debugfs.h"
#include "internal.h"
#include "rates.h"

/* A line about a target, a region, a scheme or one of its goals. */
struct row {
	enum row_kind {
		ROW_TARGET,
		ROW_REGION,
		ROW_SCHEME,
		ROW_DONE,
		ROW_LEFT,
		ROW_GOAL,
	} kind;
	unsigned int idx;
	union {
		struct {
			pid_t pid;
			unsigned int nr_regions;
			unsigned long nr_flushes;
		} target;
		struct {
			struct damon_addr_range ar;
			unsigned int nr_accesses;
			unsigned int age;
			unsigned int worth;
		} region;
		struct {
			const char *limit;
			unsigned long esz;
			unsigned long charged_sz;
			unsigned int min_score;
		} scheme;
		struct {
			unsigned long sz_tried;
			unsigned long sz_applied;
		} done;
		struct {
			const char *why;
			u64 sz;
		} left;
		struct {
			unsigned int metric;
			unsigned long target_value;
			unsigned long current_value;
		} goal;
	};
};

/* A copy of what a context knows. */
struct picture {
	struct damon_ctx *ctx;		/* only for who takes it */
	struct damon_attrs attrs;
	struct damon_costs costs;
	u64 cpu_ns;
	unsigned int nr_windows;
	size_t nr;			/* rows that there are to be */
	size_t room;			/* rows that there is memory for */
	struct row *rows;
};

/* taking it */

/* NULL where there is no more room: then only the number is of interest. */
static struct row *next_row(struct picture *p, enum row_kind kind, unsigned int idx)
{
	struct row *row;

	if (p->nr++ >= p->room)
		return NULL;
	row = &p->rows[p->nr - 1];
	row->kind = kind;
	row->idx = idx;
	return row;
}

static void copy_regions(struct picture *p, struct damon_target *t, unsigned int idx)
{
	unsigned int window = damon_max_nr_accesses(&p->attrs);
	struct damon_region *r;
	struct row *row;

	damon_for_each_region(r, t) {
		row = next_row(p, ROW_REGION, idx);
		if (!row)
			continue;
		row->region.ar = r->ar;
		row->region.nr_accesses = damon_last_nr_accesses(r, window);
		row->region.age = r->age;
		row->region.worth = r->worth;
	}
}

static void copy_targets(struct picture *p)
{
	unsigned int idx = 0;
	struct damon_target *t;
	struct row *row;

	damon_for_each_target(t, p->ctx) {
		row = next_row(p, ROW_TARGET, idx);
		if (row) {
			row->target.pid = pid_nr(t->pid);
			row->target.nr_regions = t->nr_regions;
			row->target.nr_flushes = t->reach.nr_flushes;
		}
		copy_regions(p, t, idx++);
	}
}

/* What keeps a scheme from doing more. */
static const char *limit_of(const struct damos *s)
{
	const struct damos_quota *q = &s->quota;

	if (!s->wmarks.activated)
		return "watermarks";
	if (!damos_quota_is_set(q))
		return "none";
	if (!list_empty(&q->goals) && q->esz == damos_goals_sz(q))
		return "goals";
	return q->sz && q->esz == q->sz ? "size" : "time";
}

static void copy_left(struct picture *p, unsigned int idx, const char *why, u64 sz)
{
	struct row *row = next_row(p, ROW_LEFT, idx);

	if (!row)
		return;
	row->left.why = why;
	row->left.sz = sz;
}

/* What there is no reason for has failed, as far as that can be known. */
static void copy_done(struct picture *p, const struct damos *s, unsigned int idx)
{
	static const char *const reasons[NR_DAMOS_LEFT] = {
		[DAMOS_LEFT_ABSENT] = "absent",
		[DAMOS_LEFT_FILTERED] = "filtered",
		[DAMOS_LEFT_YOUNG] = "young",
		[DAMOS_LEFT_NO_ROOM] = "no_room",
		[DAMOS_LEFT_UNEVICTABLE] = "unevictable",
	};
	struct row *row = next_row(p, ROW_DONE, idx);
	u64 rest = s->stat.sz_tried;

	if (row) {
		row->done.sz_tried = s->stat.sz_tried;
		row->done.sz_applied = s->stat.sz_applied;
	}
	rest -= min(rest, s->stat.sz_applied);
	for (int i = 0; i < NR_DAMOS_LEFT; i++) {
		copy_left(p, idx, reasons[i], s->sz_left[i]);
		rest -= min(rest, s->sz_left[i]);
	}
	copy_left(p, idx, "failed", rest);
}

static void copy_schemes(struct picture *p)
{
	const struct damos_quota_goal *goal;
	unsigned int idx = 0;
	struct row *row;
	struct damos *s;

	damon_for_each_scheme(s, p->ctx) {
		row = next_row(p, ROW_SCHEME, idx);
		if (row) {
			row->scheme.limit = limit_of(s);
			row->scheme.esz = s->quota.esz;
			row->scheme.charged_sz = s->quota.charged_sz;
			row->scheme.min_score = s->quota.min_score;
		}
		copy_done(p, s, idx);
		damos_for_each_quota_goal(goal, &s->quota) {
			row = next_row(p, ROW_GOAL, idx);
			if (!row)
				continue;
			row->goal.metric = goal->metric;
			row->goal.target_value = goal->target_value;
			row->goal.current_value = goal->current_value;
		}
		idx++;
	}
}

/* damon_call() callback. */
static int take_picture(void *data)
{
	struct picture *p = data;

	p->attrs = p->ctx->attrs;
	p->costs = p->ctx->costs;
	p->cpu_ns = task_sched_runtime(current);
	p->nr_windows = p->ctx->nr_windows;
	p->nr = 0;
	copy_schemes(p);
	copy_targets(p);
	return 0;
}

/* As often as it takes for the room to be enough.  The kdamond does not end before. */
static int take_whole_picture(struct picture *p)
{
	struct damon_call_control call = { .fn = take_picture, .data = p };
	int err;

	do {
		kvfree(p->rows);
		/* some may come meanwhile */
		p->room = p->nr + p->nr / 8;
		p->rows = kvmalloc_array(p->room, sizeof(*p->rows), GFP_KERNEL_ACCOUNT);
		if (!p->rows)
			return -ENOMEM;
		err = damon_call_ending(p->ctx, &call);
	} while (!err && p->nr > p->room);
	return err;
}

/* showing it */

static void show_head(struct seq_file *m, const struct picture *p)
{
	seq_printf(m, "intervals_us %lu %lu %lu\n", p->attrs.sample_interval,
		   p->attrs.aggr_interval, p->attrs.ops_update_interval);
	seq_printf(m, "nr_regions %lu %lu\n", p->attrs.min_nr_regions,
		   p->attrs.max_nr_regions);
	seq_printf(m, "windows %u\n", p->nr_windows);
	seq_printf(m, "samples %u %u\n", p->costs.nr_intervals,
		   damon_max_nr_accesses(&p->attrs));
	seq_printf(m, "interval_cpu_ns %llu\n", p->costs.interval_ns);
	seq_printf(m, "cpu_ns %llu windows %llu schemes %llu updates %llu\n", p->cpu_ns,
		   p->costs.windows_ns, p->costs.schemes_ns, p->costs.updates_ns);
}

static void show_row(struct seq_file *m, const struct row *row)
{
	switch (row->kind) {
	case ROW_TARGET:
		seq_printf(m, "target %u pid %d regions %u flushes %lu\n", row->idx,
			   row->target.pid, row->target.nr_regions,
			   row->target.nr_flushes);
		break;
	case ROW_REGION:
		seq_printf(m, "region %u %lu %lu %u %u %u\n", row->idx,
			   row->region.ar.start, row->region.ar.end,
			   row->region.nr_accesses, row->region.age, row->region.worth);
		break;
	case ROW_SCHEME:
		seq_printf(m, "scheme %u limit %s quota %lu charged %lu score %u\n",
			   row->idx, row->scheme.limit, row->scheme.esz,
			   row->scheme.charged_sz, row->scheme.min_score);
		break;
	case ROW_DONE:
		seq_printf(m, "done %u tried %lu applied %lu\n", row->idx,
			   row->done.sz_tried, row->done.sz_applied);
		break;
	case ROW_LEFT:
		seq_printf(m, "left %u %s %llu\n", row->idx, row->left.why,
			   row->left.sz);
		break;
	case ROW_GOAL:
		seq_printf(m, "goal %u metric %u target %lu current %lu\n", row->idx,
			   row->goal.metric, row->goal.target_value,
			   row->goal.current_value);
		break;
	}
}

/* Position 0 is the head, the others are rows. */
static void *picture_at(struct seq_file *m, loff_t *pos)
{
	struct picture *p = m->private;

	return *pos <= p->nr ? pos : NULL;
}

static void *picture_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return picture_at(m, pos);
}

static void picture_stop(struct seq_file *m, void *v)
{
}

static int picture_show(struct seq_file *m, void *v)
{
	loff_t pos = *(loff_t *)v;
	struct picture *p = m->private;

	if (pos)
		show_row(m, &p->rows[pos - 1]);
	else
		show_head(m, p);
	return 0;
}

static const struct seq_operations picture_ops = {
	.start = picture_at,
	.next = picture_next,
	.stop = picture_stop,
	.show = picture_show,
};

static void free_picture(struct picture *p)
{
	kvfree(p->rows);
	kfree(p);
}

static int picture_open(struct inode *inode, struct file *file)
{
	struct picture *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int err;

	if (!p)
		return -ENOMEM;
	p->ctx = inode->i_private;
	err = take_whole_picture(p);
	if (!err)
		err = seq_open(file, &picture_ops);
	if (err) {
		free_picture(p);
		return err;
	}
	((struct seq_file *)file->private_data)->private = p;
	return 0;
}

static int picture_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	free_picture(m->private);
	return seq_release(inode, file);
}

static const struct file_operations picture_fops = {
	.owner = THIS_MODULE,
	.open = picture_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = picture_release,
};

/* contexts */

static struct dentry *dir;

/*
 * Shows a context that accepts requests.  Only its kdamond.  Returns what
 * damon_debugfs_hide() needs, an error or NULL among it.
 */
struct dentry *damon_debugfs_show(struct damon_ctx *ctx)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", task_pid_nr(current));
	return debugfs_create_file(name, 0400, dir, ctx, &picture_fops);
}

/*
 * Takes it away, and waits for those who are opening the file.  The context must not
 * accept requests any more, or that may be long.
 */
void damon_debugfs_hide(struct dentry *file)
{
	debugfs_remove(file);
}

static int __init damon_debugfs_init(void)
{
	dir = debugfs_create_dir("damon", NULL);
	return 0;
}
subsys_initcall(damon_debugfs_init);
