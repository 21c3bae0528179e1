/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tests of memory that runs out need: an operation is a write to a file of
 * the interface, done again and again while another one of the allocations for it
 * fails.
 *
 * Whenever it fails, it has to say so, and what runs has to be what ran before.
 * That is compared as far as the interface shows it.  If the environment variable
 * DAMON_IMAGE names a program, that shows all of it: for each line that it reads
 * ("all" or "parameters"), it has to write one line.
 */
#ifndef FAULTS_LIB_H
#define FAULTS_LIB_H

#include "sysfs_lib.h"

/* Who is short of memory. */
enum victim {
	WRITER,
	KDAMOND,
	KTHREADD,
};

struct operation {
	const char *path;
	const char *text;
	enum victim victim;
	/* makes it ready, the first time and after each success */
	void (*prepare)(void);
	/* what a file says before, and after every failure */
	const char *marker;
	const char *value;
	/* what is compared: "all", "parameters" or nothing */
	const char *image;
	/* whether it is proved now and then that the kdamond monitors */
	bool monitors;
};

bool need_failslab(void);
/* One allocation fails, another one each time. */
void sweep_all(const struct operation *ops, size_t nr);
/* Memory stays short, from another point on each time. */
void exhaust_all(const struct operation *ops, size_t nr);
void report_total(void);

void await_pause(void);
void prove_monitoring(void);

#endif /* FAULTS_LIB_H */
