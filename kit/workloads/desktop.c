// SPDX-License-Identifier: GPL-2.0
/*
 * A machine like a desktop: many processes that share some memory and each touch a
 * little of it now and then, one process that is busy in huge pages, and memory that
 * was touched once and never again. What is shared is a file, or anonymous memory that
 * all of them have from one parent.
 *
 * The truth file gets one line, once all memory is there and nothing more is forked.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "common.h"

#define HUGE_PAGE	(2 * MIB)
#define MS		1000000ul

struct load {
	unsigned int nr;	/* processes that share memory */
	size_t shared;		/* bytes of that */
	size_t busy;		/* bytes that one process reads all the time */
	size_t idle;		/* bytes that are touched once */
	bool anon;		/* no file */
	bool huge;		/* let the kernel use large pages for what is shared */
	uint64_t state;
	FILE *truth;
};

static size_t draw_between(struct load *load, size_t low, size_t high)
{
	return low + draw_next(&load->state) % (high - low + 1);
}

static char *map_memory(size_t size, int fd, int advice)
{
	size_t room = fd < 0 ? HUGE_PAGE : 0;
	char *at = mmap(NULL, size + room, PROT_READ | PROT_WRITE,
			fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		err(1, "mapping %zu MiB", size / MIB);
	at += -(uintptr_t)at % (room ?: 1);
	madvise(at, size, advice);
	return at;
}

static void fill(char *at, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += PAGE)
		at[i] = 1 + i / PAGE % 100;
}

static void touch(const volatile char *at, size_t size, size_t step)
{
	const volatile char *end = at + size;

	for (; at < end; at += step)
		(void)*at;
}

static int make_file(size_t size)
{
	int fd = open("desktop.file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *at;

	if (fd < 0 || ftruncate(fd, size))
		err(1, "a file of %zu MiB", size / MIB);
	at = map_memory(size, fd, MADV_NORMAL);
	fill(at, size);
	munmap(at, size);
	return fd;
}

/* 0.5 to 2 MiB of what is shared, every 80 to 150 ms. */
static void share(struct load *load, int fd, char *anon)
{
	char *at = fd < 0 ? anon : map_memory(load->shared, fd, MADV_NORMAL);
	size_t size = draw_between(load, MIB / 2, 2 * MIB) / PAGE * PAGE;
	struct timespec ts = { .tv_nsec = draw_between(load, 80 * MS, 150 * MS) };

	if (size > load->shared)
		size = load->shared;
	at += draw_between(load, 0, (load->shared - size) / PAGE) * PAGE;
	for (;;) {
		touch(at, size, PAGE);
		nanosleep(&ts, NULL);
	}
}

static void keep_busy(struct load *load)
{
	char *at = map_memory(load->busy, -1, MADV_HUGEPAGE);

	fill(at, load->busy);
	for (;;)
		touch(at, load->busy, PAGE);
}

/* Children end with their parent. */
static bool is_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return !pid;
}

static void run(struct load *load)
{
	int fd = load->anon ? -1 : make_file(load->shared);
	char *anon = NULL, *idle;
	unsigned int i;

	if (load->anon) {
		anon = map_memory(load->shared, -1,
				  load->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		fill(anon, load->shared);
	}
	for (i = 0; i < load->nr; i++) {
		draw_next(&load->state);
		if (is_child())
			share(load, fd, anon);
	}
	idle = map_memory(load->idle, -1, MADV_NOHUGEPAGE);
	fill(idle, load->idle);
	if (load->busy && is_child())
		keep_busy(load);
	/* time for all of them to get going */
	sleep(2);
	fprintf(load->truth, "{\"event\": \"start\", \"ns\": %lu, \"pid\": %d}\n", now(), getpid());
	fflush(load->truth);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	struct load load = {
		.nr = 160, .shared = 64 * MIB, .busy = 256 * MIB, .idle = 1024 * MIB,
		.state = 1, .truth = stdout,
	};
	int c;

	while ((c = getopt(argc, argv, "n:f:b:i:s:o:aH")) != -1) {
		switch (c) {
		case 'n': load.nr = number(optarg, "-n"); break;
		case 'f': load.shared = number(optarg, "-f") * MIB; break;
		case 'b': load.busy = number(optarg, "-b") * MIB; break;
		case 'i': load.idle = number(optarg, "-i") * MIB; break;
		case 's': load.state = number(optarg, "-s"); break;
		case 'o': load.truth = fopen(optarg, "w"); break;
		case 'a': load.anon = true; break;
		case 'H': load.huge = true; break;
		default: c = '?';
		}
		if (c == '?' || !load.truth)
			break;
	}
	if (c != -1 || optind != argc || !load.shared || !load.state)
		errx(2, "usage: desktop [-n PROCESSES] [-f SHARED_MIB] [-a] [-H] [-b BUSY_MIB]"
		     " [-i IDLE_MIB] [-s SEED] [-o TRUTH_FILE]");
	run(&load);
	return 0;
}
