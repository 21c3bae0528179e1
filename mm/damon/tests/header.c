// SPDX-License-Identifier: GPL-2.0
/*
 * What users of DAMON do with nothing but its header: that this compiles is the test.
 */
#include <linux/damon.h>

static void __maybe_unused watch(struct damon_ctx *ctx, pid_t nr, u64 memcg_id)
{
	struct damon_target *t = damon_new_target();
	struct mem_cgroup *memcg = mem_cgroup_get_from_id(memcg_id);
	struct rnd_state rnd;

	t->pid = find_get_pid(nr);
	prandom_seed_state(&rnd, memcg_id);
	ctx->attrs.sample_interval = 5 * USEC_PER_MSEC + prandom_u32_state(&rnd) % 1000;
	damon_add_target(ctx, t);
	mem_cgroup_put(memcg);
	kfree(kzalloc(sizeof(*t), GFP_KERNEL));
}
