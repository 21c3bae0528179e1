// SPDX-License-Identifier: GPL-2.0
/*
 * Wakes every millisecond on one CPU and sleeps again. Its wake-ups switch the
 * address space, so an emulated processor drops its cached translations about
 * as often as a real one runs out of room for them; without that the accessed
 * bits of a lone busy process never come back. It must stay a process of its
 * own: a thread shares the address space and would have no effect.
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define TICK_NS		1000000
#define SECOND_NS	1000000000

int main(int argc, char **argv)
{
	struct timespec next;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(argc > 1 ? atoi(argv[1]) : 0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "choosing the CPU");
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		next.tv_nsec += TICK_NS;
		if (next.tv_nsec >= SECOND_NS) {
			next.tv_nsec -= SECOND_NS;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}
