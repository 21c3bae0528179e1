/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure rooms expect of <linux/kernel.h>, from the kernel's own headers
 * wherever they work without a kernel.
 */
#ifndef _DAMON_SHIM_KERNEL_H
#define _DAMON_SHIM_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/types.h>

#define PAGE_SIZE	4096UL

#endif /* _DAMON_SHIM_KERNEL_H */
