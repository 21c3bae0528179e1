// SPDX-License-Identifier: GPL-2.0
/*
 * A client of a redis server whose keys follow Zipf's law.
 *
 *	keys SOCKET load|run SEED
 *
 * load stores all keys; run reads them, and overwrites one in twenty, for ever.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "zipf.h"

#define KEYS		150000
#define VALUE_MIN	200
#define VALUE_MAX	600
#define THETA		0.99
#define BATCH		8	/* requests on their way at a time */

struct client {
	FILE *to, *from;
	uint64_t state;
	unsigned int waiting;
};

static void connect_to(struct client *client, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (void *)&address, sizeof(address)))
		err(1, "%s", path);
	client->to = fdopen(fd, "w");
	client->from = fdopen(dup(fd), "r");
	if (!client->to || !client->from)
		err(1, "%s", path);
}

/* A line, and after one that gives a length so many bytes and the end of theirs. */
static void read_reply(struct client *client)
{
	char line[128], value[VALUE_MAX + 2];
	long length;

	if (!fgets(line, sizeof(line), client->from))
		errx(1, "the server has gone");
	if (*line == '-')
		errx(1, "the server says %s", line);
	if (*line != '$')
		return;
	length = atol(line + 1);
	if (length < 0)
		return;
	if (length > VALUE_MAX || fread(value, length + 2, 1, client->from) != 1)
		errx(1, "the server answers something else");
}

static void finish_batch(struct client *client)
{
	fflush(client->to);
	for (; client->waiting; client->waiting--)
		read_reply(client);
}

static void sent(struct client *client)
{
	if (++client->waiting == BATCH)
		finish_batch(client);
}

static void set(struct client *client, unsigned int key)
{
	static const char value[] = "All work and no play makes a dull value. ";
	size_t size = VALUE_MIN + draw_next(&client->state) % (VALUE_MAX - VALUE_MIN), i;

	fprintf(client->to, "*3\r\n$3\r\nSET\r\n$10\r\nkey:%06u\r\n$%zu\r\n", key, size);
	for (i = 0; i < size; i++)
		putc(value[i % (sizeof(value) - 1)], client->to);
	fputs("\r\n", client->to);
	sent(client);
}

static void get(struct client *client, unsigned int key)
{
	fprintf(client->to, "*2\r\n$3\r\nGET\r\n$10\r\nkey:%06u\r\n", key);
	sent(client);
}

static void run(struct client *client, unsigned long seed)
{
	struct zipf zipf;

	zipf_init(&zipf, KEYS, THETA, seed);
	for (;;) {
		if (draw_next(&client->state) % 20)
			get(client, zipf_draw(&zipf));
		else
			set(client, zipf_draw(&zipf));
	}
}

int main(int argc, char **argv)
{
	struct client client = { 0 };
	unsigned long seed;
	unsigned int key;

	if (argc != 4)
		errx(2, "usage: keys SOCKET load|run SEED");
	seed = number(argv[3], "seed");
	client.state = seed + 1;
	connect_to(&client, argv[1]);
	if (!strcmp(argv[2], "run"))
		run(&client, seed);
	for (key = 0; key < KEYS; key++)
		set(&client, key);
	finish_batch(&client);
	return 0;
}
