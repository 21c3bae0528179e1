// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for the pure rooms: malloc() behind the slab interface, with a count
 * of what is in use and with failures on request.
 */
#include <limits.h>
#include <stdlib.h>

#include <linux/slab.h>

struct kmem_cache {
	size_t size;
};

static unsigned long live, allocations, fail_after = ULONG_MAX;

struct kmem_cache *shim_cache_create(size_t size, unsigned int flags)
{
	static struct kmem_cache cache;

	cache.size = size;
	return &cache;
}

void *shim_zalloc(size_t size)
{
	void *object;

	if (allocations >= fail_after)
		return NULL;
	object = calloc(1, size);
	if (!object)
		abort();
	allocations++;
	live++;
	return object;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return shim_zalloc(cache->size);
}

void kfree(const void *object)
{
	if (!object)
		return;
	if (!live)
		abort();
	live--;
	free((void *)object);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (!object)
		abort();
	kfree(object);
}

unsigned long shim_live_objects(void)
{
	return live;
}

unsigned long shim_allocations(void)
{
	return allocations;
}

void shim_fail_after(unsigned long nr)
{
	allocations = 0;
	fail_after = nr;
}
