/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slab caches and kzalloc() on malloc(), one allocation each, so that the
 * sanitizers see every one of them.  slab.c counts them, and makes them fail on
 * request.
 */
#ifndef _DAMON_SHIM_SLAB_H
#define _DAMON_SHIM_SLAB_H

#include <stddef.h>
#include <linux/gfp.h>

struct kmem_cache;

struct kmem_cache *shim_cache_create(size_t size, unsigned int flags);
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *object);

void *shim_zalloc(size_t size);
void kfree(const void *object);

#define kzalloc_obj(object)	((typeof(object) *)shim_zalloc(sizeof(object)))

#define KMEM_CACHE(type, flags)	shim_cache_create(sizeof(struct type), flags)

/* Objects that are allocated and not freed. */
unsigned long shim_live_objects(void);
/* Allocations since the last call of shim_fail_after(). */
unsigned long shim_allocations(void);
/* From now on @nr allocations succeed, then all fail.  ULONG_MAX: none fails. */
void shim_fail_after(unsigned long nr);

#endif /* _DAMON_SHIM_SLAB_H */
