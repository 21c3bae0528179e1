// SPDX-License-Identifier: GPL-2.0
/*
 * A server whose memory is mostly cold: each request reads a record that is drawn
 * at random, nearly always out of a small part of all. Once per second it says how
 * many requests there have been. Records are a page each and compress to about a
 * third, as data does.
 */
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

#define BATCH	256

struct server {
	size_t records;
	size_t hot;		/* records that most requests are for */
	unsigned long rare;	/* one of so many requests is for any of them */
	uint64_t state;
	uint64_t sum;		/* of what was read, so that it is read */
	char *memory;
	FILE *out;
};

static void fill(struct server *server)
{
	size_t size = server->records * PAGE, i, j;

	server->memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (server->memory == MAP_FAILED)
		err(1, "mapping %zu MiB", size / MIB);
	madvise(server->memory, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += PAGE)
		for (j = 0; j < PAGE / 4; j += sizeof(uint64_t))
			*(uint64_t *)(server->memory + i + j) = draw_next(&server->state);
}

static void serve(struct server *server)
{
	bool any = draw_next(&server->state) % server->rare == 0;
	size_t record = draw_next(&server->state) % (any ? server->records : server->hot);
	const char *at = server->memory + record * PAGE;
	size_t i;

	for (i = 0; i < PAGE; i += sizeof(uint64_t))
		server->sum += *(const volatile uint64_t *)(at + i);
}

static void run(struct server *server)
{
	unsigned long requests = 0;
	uint64_t next = now();
	int i;

	for (;;) {
		for (i = 0; i < BATCH; i++)
			serve(server);
		requests += BATCH;
		if (now() < next)
			continue;
		fprintf(server->out, "{\"event\": \"count\", \"ns\": %lu, \"requests\": %lu}\n",
			now(), requests);
		fflush(server->out);
		next += 1000000000;
	}
}

int main(int argc, char **argv)
{
	struct server server = { .rare = 10000, .state = 1, .out = stdout };
	int c;

	while ((c = getopt(argc, argv, "t:w:r:o:")) != -1) {
		switch (c) {
		case 't': server.records = number(optarg, "-t") * MIB / PAGE; break;
		case 'w': server.hot = number(optarg, "-w") * MIB / PAGE; break;
		case 'r': server.rare = number(optarg, "-r"); break;
		case 'o': server.out = fopen(optarg, "w"); break;
		default: c = '?';
		}
		if (c == '?' || !server.out)
			break;
	}
	if (c != -1 || optind != argc || !server.rare || !server.hot ||
	    server.hot > server.records)
		errx(2, "usage: server -t MIB -w HOT_MIB [-r ONE_IN_SO_MANY_IS_FOR_ANY] [-o FILE]");
	fill(&server);
	fprintf(server.out, "{\"event\": \"start\", \"ns\": %lu, \"pid\": %d}\n", now(), getpid());
	run(&server);
	return 0;
}
