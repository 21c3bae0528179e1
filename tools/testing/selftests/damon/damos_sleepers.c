// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that sleep: their memory is not looked at, but grows old, what others do
 * with it is seen, and what they do when they wake up.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damos_lib.h"

#define SIZE		(4 * MIB)
#define STACK		(64 * 1024)
#define HOT		0
#define IDLE		1
#define IDLE_WINDOWS	"5"

static int use(void *memory)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	use_always(memory, SIZE);
}

/* A process that uses memory, or sleeps while a task with its memory does so. */
static pid_t start_process(char *memory, int clone_flags)
{
	pid_t pid = fork_child();
	char *stack;

	if (pid)
		return pid;
	if (!clone_flags)
		use_always(memory, SIZE);
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED ||
	    clone(use, stack + STACK, clone_flags, memory) < 0)
		_exit(1);
	for (;;)
		pause();
}

static void stage_pattern(unsigned int scheme, const char *file, const char *value)
{
	EXPECT_PUT(path_of(C0 "/schemes/%u/access_pattern/%s", scheme, file), value, 0);
}

/* What is accessed in most samples, and what has not been for some windows. */
static void watch(const char *memory, pid_t pid)
{
	unsigned long borders[] = { (uintptr_t)memory, (uintptr_t)memory + SIZE };

	stage_scheme("fvaddr", "stat");
	EXPECT_PUT(ATTRS "/intervals/aggr_us", "100000", 0);
	EXPECT_PUT(C0 "/schemes/nr_schemes", "2", 0);
	for (unsigned int i = 0; i < 2; i++) {
		EXPECT_PUT(path_of(C0 "/schemes/%u/action", i), "stat", 0);
		stage_pattern(i, "sz/max", MAX_UL);
		stage_pattern(i, "age/max", "4294967295");
	}
	stage_pattern(HOT, "nr_accesses/max", "20");
	stage_pattern(HOT, "nr_accesses/min", "10");
	stage_pattern(IDLE, "nr_accesses/max", "0");
	stage_pattern(IDLE, "age/min", IDLE_WINDOWS);
	stage_target(0, pid);
	stage_regions(borders, 1);
	turn_on();
}

static unsigned long tried(unsigned int scheme)
{
	EXPECT_PUT(K0 "/state", "update_schemes_tried_bytes", 0);
	return get_ul(path_of(C0 "/schemes/%u/tried_regions/total_bytes", scheme));
}

static void end(char *memory, pid_t pid)
{
	turn_off();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(memory, SIZE);
}

static void test_sleep(void)
{
	char *memory = map_pages(SIZE);
	pid_t pid = start_process(memory, 0);

	watch(memory, pid);
	for (int i = 0; i < 3; i++) {
		EXPECT(WAIT(tried(HOT) == SIZE));
		EXPECT(tried(IDLE) == 0);
		kill(pid, SIGSTOP);
		EXPECT(WAIT(tried(IDLE) == SIZE));
		EXPECT(tried(HOT) == 0);
		kill(pid, SIGCONT);
	}
	end(memory, pid);
}

static void expect_always_hot(int clone_flags)
{
	char *memory = map_pages(SIZE);
	pid_t pid = start_process(memory, clone_flags);

	watch(memory, pid);
	EXPECT(WAIT(tried(HOT) == SIZE));
	sleep_ms(1000);
	EXPECT(WAIT(tried(HOT) == SIZE));
	EXPECT(tried(IDLE) == 0);
	end(memory, pid);
}

static void test_threads(void)
{
	expect_always_hot(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD);
}

static void test_sharing(void)
{
	expect_always_hot(CLONE_VM | SIGCHLD);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "a process that sleeps and wakes up", test_sleep },
		{ "a thread that sleeps", test_threads },
		{ "a process that shares its memory", test_sharing },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
