// SPDX-License-Identifier: GPL-2.0
/*
 * A program that keeps its accounts in SQLite: it looks at them and, one time in four,
 * moves money, which leaves a line in a history. Which account it is follows Zipf's law.
 *
 *	accounts FILE SEED
 *
 * It says "ready" when there are all accounts, and goes on for ever.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "../workloads/zipf.h"

#define ACCOUNTS	150000
#define THETA		0.9
#define OWNER		208	/* letters */

enum statement { INSERT, SELECT, BEGIN, UPDATE, NOTE, COMMIT, STATEMENTS };

static const char * const texts[STATEMENTS] = {
	"insert into account values(?1, 0, ?2)",
	"select owner, balance from account where id = ?1",
	"begin",
	"update account set balance = balance + 1 where id = ?1",
	"insert into history(account, delta, note) values(?1, 1, 'transfer')",
	"commit",
};

static sqlite3 *data;
static sqlite3_stmt *statements[STATEMENTS];

static void must(int status)
{
	if (status != SQLITE_OK && status != SQLITE_DONE && status != SQLITE_ROW)
		errx(1, "%s", sqlite3_errmsg(data));
}

static void open_data(const char *file)
{
	int i;

	must(sqlite3_open(file, &data));
	must(sqlite3_exec(data,
			  "pragma journal_mode = memory; pragma synchronous = off;"
			  "pragma cache_size = -65536;"
			  "create table account(id integer primary key, balance int, owner text);"
			  "create index owner on account(owner);"
			  "create table history(id integer primary key, account int, delta int, note text);",
			  NULL, NULL, NULL));
	for (i = 0; i < STATEMENTS; i++)
		must(sqlite3_prepare_v2(data, texts[i], -1, &statements[i], NULL));
}

static void run(enum statement which, unsigned int account)
{
	sqlite3_stmt *statement = statements[which];

	if (sqlite3_bind_parameter_count(statement))
		must(sqlite3_bind_int(statement, 1, account));
	while (sqlite3_step(statement) == SQLITE_ROW)
		;
	must(sqlite3_reset(statement));
}

static void make_accounts(uint64_t state)
{
	char owner[OWNER + 1];
	unsigned int i;

	memset(owner, 'x', OWNER);
	run(BEGIN, 0);
	for (i = 0; i < ACCOUNTS; i++) {
		snprintf(owner, 9, "%08x", (unsigned int)draw_next(&state));
		owner[8] = 'x';
		must(sqlite3_bind_text(statements[INSERT], 2, owner, OWNER, SQLITE_STATIC));
		run(INSERT, i);
	}
	run(COMMIT, 0);
}

int main(int argc, char **argv)
{
	struct zipf zipf;
	unsigned long i;

	if (argc != 3)
		errx(2, "usage: accounts FILE SEED");
	zipf_init(&zipf, ACCOUNTS, THETA, number(argv[2], "seed"));
	open_data(argv[1]);
	make_accounts(zipf.state);
	puts("ready");
	fflush(stdout);
	for (i = 0;; i++) {
		unsigned int account = zipf_draw(&zipf);

		if (i % 4) {
			run(SELECT, account);
			continue;
		}
		run(BEGIN, 0);
		run(UPDATE, account);
		run(NOTE, account);
		run(COMMIT, 0);
	}
}
