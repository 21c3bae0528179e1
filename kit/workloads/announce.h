/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a program of the guest tells something to the emulator's plugin (oracle.d/truth.c):
 * by a no-op with a displacement that no compiler writes. To everybody else it is a no-op.
 */
#ifndef WORKLOADS_ANNOUNCE_H
#define WORKLOADS_ANNOUNCE_H

#define ANNOUNCE_TARGET	1	/* this process is the one to be watched */
#define ANNOUNCE_START	2	/* write down what is touched, from now on */
#define ANNOUNCE_STOP	3	/* no longer */
#define ANNOUNCE_TIME	4	/* the value: CLOCK_MONOTONIC in nanoseconds */

/* nopl "DMN" kind(%rax), with the value in %rdi. */
#define announce(kind, value)						\
	asm volatile(".byte 0x0f, 0x1f, 0x80, 'D', 'M', 'N', %c0"	\
		     : : "i" (kind), "D" (value) : "memory")

#endif
