// SPDX-License-Identifier: GPL-2.0
/*
 * Wakes every millisecond on one CPU and sleeps again. Its wake-ups switch the
 * address space, so an emulated processor drops its cached translations about
 * as often as a real one runs out of room for them; without that the accessed
 * bits of a lone busy process never come back. It must stay a process of its
 * own: a thread shares the address space and would have no effect.
 *
 *	ticker [CPU [tell]]
 *
 * It can tell the time to the emulator's plugin (oracle.d/truth.c), too, and then has to
 * be on time, which is at whole milliseconds.
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "announce.h"
#include "common.h"

#define TICK_NS		1000000
#define SECOND_NS	1000000000

int main(int argc, char **argv)
{
	bool tell = argc > 2 && !strcmp(argv[2], "tell");
	struct timespec next;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(argc > 1 ? atoi(argv[1]) : 0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "choosing the CPU");
	if (tell && setpriority(PRIO_PROCESS, 0, -20))
		err(1, "becoming urgent");
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);

	clock_gettime(CLOCK_MONOTONIC, &next);
	if (tell)
		next.tv_nsec -= next.tv_nsec % TICK_NS;
	for (;;) {
		next.tv_nsec += TICK_NS;
		if (next.tv_nsec >= SECOND_NS) {
			next.tv_nsec -= SECOND_NS;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		if (tell)
			announce(ANNOUNCE_TIME, now());
	}
}
