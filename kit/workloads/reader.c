// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a file from begin to end, by read() and not by mapping it: once, or again and
 * again with a rest behind each pass. Says when the first pass is over.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common.h"

#define CHUNK	(128 * 1024)

static char buffer[CHUNK];

static void pass(int fd)
{
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, CHUNK, at)) > 0)
		at += got;
	if (got)
		err(1, "reading");
}

int main(int argc, char **argv)
{
	unsigned long rest_us = 0;
	FILE *out = stdout;
	int c, fd = -1;

	while ((c = getopt(argc, argv, "f:i:o:")) != -1) {
		switch (c) {
		case 'f': fd = open(optarg, O_RDONLY); break;
		case 'i': rest_us = number(optarg, "-i"); break;
		case 'o': out = fopen(optarg, "w"); break;
		default: c = '?';
		}
		if (c == '?' || !out)
			break;
	}
	if (c != -1 || optind != argc || fd < 0)
		errx(2, "usage: reader -f FILE [-i REST_US] [-o FILE]");
	pass(fd);
	fprintf(out, "{\"event\": \"start\", \"ns\": %lu, \"pid\": %d}\n", now(), getpid());
	fflush(out);
	while (rest_us) {
		usleep(rest_us);
		pass(fd);
	}
	pause();
	return 0;
}
