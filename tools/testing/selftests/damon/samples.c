// SPDX-License-Identifier: GPL-2.0
/*
 * The samples of samples/damon: what they do to memory whose state is known,
 * and how they are switched on and off.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damos_lib.h"

/* From ADMIN to the parameters of a sample. */
#define PARAM(sample, name) \
	"../../../../module/damon_sample_" sample "/parameters/" name
#define ENABLED(sample)		PARAM(sample, "enabled")
#define TARGET(sample)		PARAM(sample, "target_pid")

#define USED		(8 * MIB)
#define UNUSED		(56 * MIB)
#define IDLE		(4 * MIB)
#define LOOKS		600		/* at 100 ms each, or more */
#define NR_WRITERS	4
#define NR_WRITES	100
#define NEVER		"1000000"	/* basis points */

enum { WSSE, PRCL, NR_WATCHERS, MTIER = NR_WATCHERS, NR_SAMPLES };

static const struct sample {
	const char *option, *enabled, *target;
} samples[NR_SAMPLES] = {
	[WSSE] = { "WSSE", ENABLED("wsse"), TARGET("wsse") },
	[PRCL] = { "PRCL", ENABLED("prcl"), TARGET("prcl") },
	[MTIER] = { "MTIER", ENABLED("mtier"), NULL },
};

static bool need_sample(const struct sample *sample)
{
	if (exists(sample->enabled))
		return true;
	skip("no CONFIG_SAMPLE_DAMON_%s", sample->option);
	return false;
}

/* Those that watch processes. */
static bool need_watchers(void)
{
	return need_sample(&samples[WSSE]) && need_sample(&samples[PRCL]);
}

static unsigned int nr_kdamonds(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned int nr = 0;

	while ((entry = readdir(proc))) {
		char name[32] = "";
		FILE *file;

		if (!strtoul(entry->d_name, NULL, 10))
			continue;
		file = fopen(path_of("/proc/%s/comm", entry->d_name), "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file))
			nr += !strncmp(name, "kdamond.", 8);
		fclose(file);
	}
	closedir(proc);
	return nr;
}

/*
 * Whether as many kdamonds run as should.  One that was stopped has left DAMON
 * when the stop returns, but stays in /proc until the scheduler lets it exit.
 */
static bool kdamonds_are(unsigned int nr)
{
	return WAIT(nr_kdamonds() == nr);
}

/* Nobody has the exclusive slot, and nothing is left over. */
static void expect_all_off(void)
{
	for (int i = 0; i < NR_SAMPLES; i++)
		if (exists(samples[i].enabled))
			EXPECT_IS(samples[i].enabled, "N");
	EXPECT(kdamonds_are(0));
}

/* the kernel log */

static int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		skip("no /dev/kmsg (CONFIG_PRINTK)");
	else
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* The next working set size that is told, or false if none comes. */
static bool next_wss(int log, unsigned long *wss)
{
	char text[1024], *message;

	for (int ms = 0; ms < LONG_MS; ms += 10) {
		ssize_t len;

		while ((len = read(log, text, sizeof(text) - 1)) > 0) {
			text[len] = '\0';
			message = strchr(text, ';');
			if (message && sscanf(message + 1,
					      "damon_sample_wsse: wss: %lu",
					      wss) == 1)
				return true;
		}
		sleep_ms(10);
	}
	return false;
}

/* what they do */

/* A process that uses some of its memory all the time, once it is all there. */
static pid_t start_user(void)
{
	int ready[2];
	char *used, byte;
	pid_t pid;

	if (pipe(ready))
		ksft_exit_fail_msg("no pipe\n");
	pid = fork_child();
	if (pid) {
		close(ready[1]);
		EXPECT(read(ready[0], &byte, 1) == 1);
		close(ready[0]);
		return pid;
	}
	map_plain(UNUSED);
	used = map_plain(USED);
	if (write(ready[1], "", 1) != 1)
		_exit(1);
	for (;;) {
		touch(used, USED);
		sleep_ms(1);
	}
}

static bool about(unsigned long value, unsigned long wanted)
{
	return value >= wanted / 4 * 3 && value <= wanted / 4 * 5;
}

/* Right three times in a row, so that it is not by chance. */
static void test_wsse(void)
{
	unsigned int nr_right = 0;
	unsigned long wss = 0;
	pid_t pid;
	int log;

	if (!need_sample(&samples[WSSE]))
		return;
	log = open_log();
	if (log < 0)
		return;
	pid = start_user();
	EXPECT(!put_ul(TARGET("wsse"), pid));
	EXPECT_PUT(ENABLED("wsse"), "Y", 0);
	EXPECT_IS(ENABLED("wsse"), "Y");
	for (int i = 0; i < LOOKS && nr_right < 3; i++) {
		if (!next_wss(log, &wss))
			break;
		nr_right = about(wss, USED) ? nr_right + 1 : 0;
	}
	if (nr_right < 3)
		fail("%lu bytes are used, but %lu estimated", USED, wss);
	EXPECT_PUT(ENABLED("wsse"), "N", 0);
	stop_victim(pid);
	close(log);
	expect_all_off();
}

/* An emulated TLB forgets nothing by itself, and hides what is in it for ever. */
static void flush_tlb(char *memory, size_t size)
{
	EXPECT(!mprotect(memory, size, PROT_READ));
	EXPECT(!mprotect(memory, size, PROT_READ | PROT_WRITE));
}

/* Of this process: idle memory goes, used memory stays. */
static void test_prcl(void)
{
	char *idle, *used;
	unsigned long lost = 0;

	if (!need_sample(&samples[PRCL]) || !need_swap())
		return;
	idle = map_plain(IDLE);
	used = map_plain(MIB);
	EXPECT(!put_ul(TARGET("prcl"), getpid()));
	EXPECT_PUT(ENABLED("prcl"), "1", 0);
	EXPECT_IS(ENABLED("prcl"), "Y");
	for (int i = 0; i < LOOKS * 20 && present(idle, IDLE); i++) {
		lost += MIB - present(used, MIB);
		flush_tlb(used, MIB);
		touch(used, MIB);
		sleep_ms(5);
	}
	EXPECT_PUT(ENABLED("prcl"), "N", 0);
	if (present(idle, IDLE))
		fail("%lu of %lu idle bytes stay", present(idle, IDLE), IDLE);
	/* where used memory ends is an estimate */
	if (lost > MIB / 8)
		fail("%lu used bytes were paged out", lost);
	EXPECT(is_filled(idle, IDLE));
	munmap(idle, IDLE);
	munmap(used, MIB);
	expect_all_off();
}

static bool need_tiers(void)
{
	if (!need_sample(&samples[MTIER]))
		return false;
	if (second_node())
		return true;
	skip("no second node with memory");
	return false;
}

/* From the first to the last page, wherever they are. */
static void set_node(unsigned int node, const char *memory, size_t size)
{
	unsigned long *pfns = pfns_of(memory, size), low = -1UL, high = 0;

	for (size_t i = 0; i < size / PAGE; i++) {
		low = pfns[i] < low ? pfns[i] : low;
		high = pfns[i] > high ? pfns[i] : high;
	}
	free(pfns);
	EXPECT(low != NO_PFN);
	EXPECT(!put_ul(path_of(PARAM("mtier", "node%u_start_addr"), node),
		       low * PAGE));
	EXPECT(!put_ul(path_of(PARAM("mtier", "node%u_end_addr"), node),
		       (high + 1) * PAGE));
}

/*
 * Node 0 is to be fuller than full and emptier than empty, so that both directions have
 * work, and are in a hurry.  What was never sampled counts as young, and stays, so that
 * not all of the cold memory goes.
 */
static void test_mtier(void)
{
	unsigned long promoted = 0, demoted = 0;
	char *hot, *cold;

	if (!need_tiers())
		return;
	hot = map_on_node(map_pages, HUGE, 1);
	cold = map_on_node(map_pages, HUGE, 0);
	set_node(0, cold, HUGE);
	set_node(1, hot, HUGE);
	EXPECT_PUT(PARAM("mtier", "detect_node_addresses"), "N", 0);
	EXPECT_PUT(PARAM("mtier", "node0_mem_used_bp"), NEVER, 0);
	EXPECT_PUT(PARAM("mtier", "node0_mem_free_bp"), NEVER, 0);
	EXPECT_PUT(ENABLED("mtier"), "Y", 0);
	EXPECT_IS(ENABLED("mtier"), "Y");
	EXPECT(kdamonds_are(2));
	for (int i = 0; i < LOOKS * 10; i++) {
		promoted = on_node(hot, HUGE, 0);
		demoted = on_node(cold, HUGE, 1);
		if (promoted >= HUGE / 2 && demoted >= HUGE / 4)
			break;
		forget_translations(hot, HUGE);
		touch(hot, HUGE);
		sleep_ms(10);
	}
	if (promoted < HUGE / 2 || demoted < HUGE / 4)
		fail("of %lu bytes each, %lu were promoted and %lu demoted",
		     HUGE, promoted, demoted);
	EXPECT_PUT(ENABLED("mtier"), "N", 0);
	EXPECT(is_filled(hot, HUGE));
	EXPECT(is_filled(cold, HUGE));
	munmap(hot, HUGE);
	munmap(cold, HUGE);
	expect_all_off();
}

/* The nodes can be found without being told. */
static void test_mtier_detects(void)
{
	if (!need_tiers())
		return;
	EXPECT_PUT(PARAM("mtier", "detect_node_addresses"), "Y", 0);
	EXPECT_PUT(ENABLED("mtier"), "Y", 0);
	EXPECT(kdamonds_are(2));
	EXPECT_PUT(ENABLED("mtier"), "N", 0);
	EXPECT_PUT(PARAM("mtier", "detect_node_addresses"), "N", 0);
	expect_all_off();
}

/* on and off */

static void test_read_back(void)
{
	static const char * const yes[] = { "Y", "1", "on", "y\n" };
	static const char * const no[] = { "N", "0", "off", "n\n" };

	if (!need_watchers())
		return;
	EXPECT(!put_ul(TARGET("wsse"), getpid()));
	EXPECT(get_ul(TARGET("wsse")) == (unsigned long)getpid());
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		EXPECT_PUT(ENABLED("wsse"), yes[i], 0);
		EXPECT_PUT(ENABLED("wsse"), "Y", 0);
		EXPECT_IS(ENABLED("wsse"), "Y");
		EXPECT(kdamonds_are(1));
		EXPECT_PUT(ENABLED("wsse"), no[i], 0);
		EXPECT_PUT(ENABLED("wsse"), "N", 0);
		expect_all_off();
	}
	EXPECT_PUT(ENABLED("wsse"), "x", EINVAL);
	EXPECT_PUT(TARGET("wsse"), "x", EINVAL);
	expect_all_off();
}

/* Who cannot start is off, and keeps nobody else from starting. */
static void test_refusals(void)
{
	if (!need_watchers())
		return;
	EXPECT_PUT(TARGET("wsse"), "0", 0);
	EXPECT_PUT(ENABLED("wsse"), "Y", EINVAL);
	EXPECT_PUT(TARGET("prcl"), "1073741824", 0);
	EXPECT_PUT(ENABLED("prcl"), "Y", EINVAL);
	expect_all_off();

	/* one exclusive user at a time */
	EXPECT(!put_ul(TARGET("wsse"), getpid()));
	EXPECT(!put_ul(TARGET("prcl"), getpid()));
	EXPECT_PUT(ENABLED("wsse"), "Y", 0);
	EXPECT_PUT(ENABLED("prcl"), "Y", EBUSY);
	EXPECT_IS(ENABLED("prcl"), "N");
	EXPECT_IS(ENABLED("wsse"), "Y");
	stage("paddr");
	EXPECT_PUT(K0 "/state", "on", EBUSY);
	EXPECT_PUT(ENABLED("wsse"), "N", 0);

	/* and none beside others */
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT_PUT(ENABLED("wsse"), "Y", EBUSY);
	EXPECT_PUT(ENABLED("prcl"), "Y", EBUSY);
	EXPECT_PUT(K0 "/state", "off", 0);
	expect_all_off();
}

static void test_mtier_refusals(void)
{
	static const struct {
		const char *path, *bad, *good;
	} params[] = {
		{ PARAM("mtier", "node0_start_addr"), "8192", "4096" },
		{ PARAM("mtier", "node1_end_addr"), "0", "8192" },
		{ PARAM("mtier", "node0_mem_used_bp"), "0", "9970" },
		{ PARAM("mtier", "node0_mem_free_bp"), "0", "50" },
	};

	if (!need_sample(&samples[MTIER]))
		return;
	EXPECT_PUT(PARAM("mtier", "detect_node_addresses"), "N", 0);
	EXPECT_PUT(PARAM("mtier", "node0_end_addr"), "8192", 0);
	EXPECT_PUT(PARAM("mtier", "node1_start_addr"), "4096", 0);
	for (size_t i = 0; i < ARRAY_SIZE(params); i++)
		EXPECT_PUT(params[i].path, params[i].good, 0);
	for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
		EXPECT_PUT(params[i].path, params[i].bad, 0);
		EXPECT_PUT(ENABLED("mtier"), "Y", EINVAL);
		expect_all_off();
		EXPECT_PUT(params[i].path, params[i].good, 0);
	}
	EXPECT_PUT(ENABLED("mtier"), "Y", 0);
	EXPECT_PUT(ENABLED("mtier"), "N", 0);
	if (!second_node()) {
		EXPECT_PUT(PARAM("mtier", "detect_node_addresses"), "Y", 0);
		EXPECT_PUT(ENABLED("mtier"), "Y", EINVAL);
		EXPECT_PUT(PARAM("mtier", "detect_node_addresses"), "N", 0);
	}
	expect_all_off();
}

/* The process exits, and the monitor with it, which can be for another one then. */
static void test_target_exits(void)
{
	if (!need_watchers())
		return;
	for (int i = 0; i < NR_WATCHERS; i++) {
		const char *enabled = samples[i].enabled;
		pid_t pid = start_victim();

		EXPECT(!put_ul(samples[i].target, pid));
		EXPECT_PUT(enabled, "Y", 0);
		stop_victim(pid);
		EXPECT(kdamonds_are(0));
		EXPECT_IS(enabled, "N");

		/* others can start meanwhile */
		stage("paddr");
		EXPECT(WAIT(!put(K0 "/state", "on")));
		EXPECT_PUT(K0 "/state", "off", 0);

		EXPECT_PUT(enabled, "Y", EINVAL);
		EXPECT_IS(enabled, "N");
		EXPECT(!put_ul(samples[i].target, getpid()));
		EXPECT_PUT(enabled, "Y", 0);
		EXPECT(kdamonds_are(1));
		EXPECT_PUT(enabled, "N", 0);
		expect_all_off();
	}
}

/* storm */

static bool is_refusal(int err)
{
	return err == EBUSY || err == EINVAL || err == ECANCELED;
}

/* Switches two samples on and off.  Exits with whether errors made sense. */
static void write_switches(unsigned int seed)
{
	for (int i = 0; i < NR_WRITES; i++) {
		bool on = rand_r(&seed) % 2;
		int err = put(samples[rand_r(&seed) % NR_WATCHERS].enabled,
			      on ? "Y" : "N");

		if (err && !(on && is_refusal(err)))
			_exit(1);
	}
	_exit(0);
}

/* Points both samples at processes that exit soon. */
static void change_targets(void)
{
	for (;;) {
		pid_t pid = start_victim();

		put_ul(TARGET("wsse"), pid);
		put_ul(TARGET("prcl"), pid);
		sleep_ms(10);
		stop_victim(pid);
	}
}

static pid_t start_changer(void)
{
	pid_t pid = fork_child();

	if (pid)
		return pid;
	change_targets();
	_exit(1);
}

static void test_storm(void)
{
	pid_t writers[NR_WRITERS], changer;

	if (!need_watchers())
		return;
	changer = start_changer();
	for (int i = 0; i < NR_WRITERS; i++) {
		writers[i] = fork_child();
		if (!writers[i])
			write_switches(i);
	}
	for (int i = 0; i < NR_WRITERS; i++) {
		int status;

		waitpid(writers[i], &status, 0);
		EXPECT(!status);
	}
	stop_victim(changer);
	EXPECT_PUT(ENABLED("wsse"), "N", 0);
	EXPECT_PUT(ENABLED("prcl"), "N", 0);
	expect_all_off();

	/* still in order */
	EXPECT(!put_ul(TARGET("wsse"), getpid()));
	EXPECT_PUT(ENABLED("wsse"), "Y", 0);
	EXPECT_PUT(ENABLED("wsse"), "N", 0);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "working set size", test_wsse },
		{ "proactive reclaim", test_prcl },
		{ "tiering", test_mtier },
		{ "tiering, nodes detected", test_mtier_detects },
		{ "read back", test_read_back },
		{ "refusals", test_refusals },
		{ "refusals of tiering", test_mtier_refusals },
		{ "target exits", test_target_exits },
		{ "storm", test_storm },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
