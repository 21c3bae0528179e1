// SPDX-License-Identifier: GPL-2.0
/*
 * A process hangs in mmap(), with its mmap lock held for writing: a file system in user
 * space does not answer what mmap() asks it for.  Nobody else may hang with it.
 *
 * The file system is one file.  It can be read, and what is written to it is
 * never written.  mmap() writes back what the page cache has, if the file was opened for
 * direct I/O.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modules_lib.h"

#define NR_KDAMONDS	4
#define MEMORY		(1024 * PAGE)

/* The file system */

struct server {
	pid_t pid;
	char path[32];		/* of the file */
	int events;		/* a byte when it is there, and one per write */
};

static const struct fuse_attr the_file = {
	.ino = FUSE_ROOT_ID,
	.size = PAGE,
	.blocks = 8,
	.mode = S_IFREG | 0600,
	.nlink = 1,
	.blksize = PAGE,
};

static void answer(int dev, unsigned long unique, int error, const void *data,
		   size_t size)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + size,
		.error = -error,
		.unique = unique,
	};
	struct iovec parts[] = {
		{ &head, sizeof(head) },
		{ (void *)data, size },
	};

	if (writev(dev, parts, 2) < 0 && errno != ENOENT)
		_exit(1);
}

static void answer_init(int dev, unsigned long unique)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = PAGE,
	};

	answer(dev, unique, 0, &out, sizeof(out));
}

/* The first time with a page cache, then without. */
static void answer_open(int dev, unsigned long unique)
{
	static unsigned int nr_opens;
	struct fuse_open_out out = {
		.open_flags = nr_opens++ ? FOPEN_DIRECT_IO : FOPEN_KEEP_CACHE,
	};

	answer(dev, unique, 0, &out, sizeof(out));
}

static void serve_one(int dev, const struct fuse_in_header *in, int events)
{
	const struct fuse_attr_out attr = { .attr_valid = 1000, .attr = the_file };
	static const char zeros[PAGE];

	switch (in->opcode) {
	case FUSE_INIT:
		answer_init(dev, in->unique);
		break;
	case FUSE_GETATTR:
		answer(dev, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		answer_open(dev, in->unique);
		break;
	case FUSE_READ:
		answer(dev, in->unique, 0, zeros, sizeof(zeros));
		break;
	case FUSE_WRITE:
		/* never */
		if (write(events, "w", 1) != 1)
			_exit(1);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(dev, in->unique, EOPNOTSUPP, NULL, 0);
	}
}

/* Does not return. */
static void serve(const char *path, int events)
{
	static union {
		struct fuse_in_header head;
		char bytes[65536];
	} request;
	char options[64];
	int dev;

	mknod("/dev/fuse", S_IFCHR | 0600, makedev(10, 229));
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0",
		 dev, S_IFREG);
	if (dev < 0 || mount("damon", path, "fuse", 0, options))
		_exit(1);
	if (write(events, "m", 1) != 1)
		_exit(1);
	while (read(dev, &request, sizeof(request)) > 0)
		serve_one(dev, &request.head, events);
	_exit(1);
}

/* Waits for a byte, or the end of who would write it. */
static bool got_byte(int fd, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&poll_fd, 1, ms) == 1 && read(fd, &c, 1) == 1;
}

static bool start_server(struct server *s)
{
	int events[2];
	int fd;

	strcpy(s->path, "/tmp/damon-stuck-XXXXXX");
	fd = mkstemp(s->path);
	if (fd < 0 || pipe(events))
		return false;
	close(fd);
	s->events = events[0];
	s->pid = fork_child();
	if (!s->pid)
		serve(s->path, events[1]);
	close(events[1]);
	return got_byte(s->events, LONG_MS);
}

/* With it goes the connection, and whoever waits for an answer gets an error. */
static void stop_server(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	umount2(s->path, MNT_DETACH);
	unlink(s->path);
	close(s->events);
}

/* The process */

static void use(char *memory, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		memory[i]++;
}

/* Uses some memory until there is a byte in @go, and hangs. */
static void be_target(const char *path, int go)
{
	char *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int cached = open(path, O_RDWR), direct = open(path, O_RDWR);
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, cached, 0);
	struct stat st;

	/* the kernel has not asked for the size yet */
	if (fstat(cached, &st) || st.st_size != PAGE || memory == MAP_FAILED ||
	    page == MAP_FAILED || direct < 0)
		_exit(1);
	do {
		use(memory, MEMORY);
	} while (!got_byte(go, 10));
	use(page, PAGE);
	mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, direct, 0);
	_exit(0);
}

static pid_t start_target(const char *path, int *go)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return -1;
	pid = fork_child();
	if (!pid)
		be_target(path, ends[0]);
	close(ends[0]);
	*go = ends[1];
	return pid;
}

/* In uninterruptible sleep, which nothing but an answer ends. */
static bool is_stuck(pid_t pid)
{
	char path[32], text[512];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_file(path, text, sizeof(text)))
		return false;
	state = strrchr(text, ')');
	return state && state[2] == 'D';
}

/* What is to be possible meanwhile */

static bool switch_on(unsigned int n)
{
	return !put(path_of("kdamonds/%u/state", n), "on") &&
		is(path_of("kdamonds/%u/state", n), "on");
}

static bool switch_off(unsigned int n)
{
	return !put(path_of("kdamonds/%u/state", n), "off") &&
		is(path_of("kdamonds/%u/state", n), "off");
}

static bool update_stats(unsigned int n)
{
	return !put(path_of("kdamonds/%u/state", n), "update_schemes_stats");
}

static bool commit(unsigned int n)
{
	return !put(path_of("kdamonds/%u/state", n), "commit");
}

static const char *const modules[] = { RECLAIM, LRU_SORT, STAT };
static const struct param *const params[] = {
	reclaim_params, lru_sort_params, stat_params,
};

static bool read_params(unsigned int n)
{
	for (const struct param *p = params[n]; p->name; p++)
		if (*get(path_of("%s/%s", modules[n], p->name)) == '<')
			return false;
	return true;
}

/* It may be refused as long as others monitor. */
static bool switch_module(unsigned int n)
{
	int ret = put(path_of("%s/enabled", modules[n]), "Y");

	return (!ret || ret == EBUSY) &&
		!put(path_of("%s/enabled", modules[n]), "N");
}

static void stage_one(unsigned int n, const char *operations, pid_t pid)
{
	EXPECT_PUT(path_of("kdamonds/%u/contexts/nr_contexts", n), "1", 0);
	EXPECT_PUT(path_of("kdamonds/%u/contexts/0/operations", n), operations, 0);
	EXPECT_PUT(path_of("kdamonds/%u/contexts/0/targets/nr_targets", n), "1", 0);
	EXPECT(!put_ul(path_of("kdamonds/%u/contexts/0/targets/0/pid_target", n), pid));
}

/*
 * The first one has regions, and schemes that need the lock, the second begins when it is
 * too late, and the others have nothing to do with the target.
 */
static void stage_monitors(pid_t target, pid_t other)
{
	static const char *const actions[] = { "stat", "pageout", "hugepage" };

	EXPECT_PUT("kdamonds/nr_kdamonds", "4", 0);
	stage_one(0, "vaddr", target);
	stage_one(1, "vaddr", target);
	stage_one(2, "vaddr", other);
	stage_one(3, "paddr", other);
	stage_fast();
	EXPECT_PUT(C0 "/schemes/nr_schemes", "3", 0);
	for (int i = 0; i < 3; i++) {
		const char *dir = path_of(C0 "/schemes/%d/access_pattern", i);

		EXPECT_PUT(path_of(C0 "/schemes/%d/action", i), actions[i], 0);
		EXPECT_PUT(path_of("%s/sz/max", dir), MAX_UL, 0);
		EXPECT_PUT(path_of("%s/nr_accesses/max", dir), MAX_UL, 0);
		dir = path_of(C0 "/schemes/%d/access_pattern", i);
		EXPECT_PUT(path_of("%s/age/max", dir), MAX_UL, 0);
	}
	EXPECT_PUT(K0 "/state", "on", 0);
	EXPECT(stats_grow());
}

static void try_everything(pid_t target)
{
	for (unsigned int n = 1; n < NR_KDAMONDS; n++)
		expect_done("switch on kdamond", switch_on, n);
	for (unsigned int n = 0; n < NR_KDAMONDS; n++)
		expect_done("update the statistics of kdamond", update_stats, n);
	expect_done("commit to kdamond", commit, 0);
	for (unsigned int n = 0; n < 3; n++) {
		expect_done("read the parameters of module", read_params, n);
		expect_done("switch module", switch_module, n);
	}
	for (unsigned int n = 0; n < NR_KDAMONDS; n++)
		expect_done("switch off kdamond", switch_off, n);
	for (unsigned int n = 0; n < 3; n++)
		expect_done("switch module", switch_module, n);
	EXPECT(is_stuck(target));
}

static void test_stuck(void)
{
	pid_t target = -1, other = start_victim();
	struct server server = {};
	int go = -1;

	if (start_server(&server)) {
		target = start_target(server.path, &go);
		stage_monitors(target, other);
		EXPECT(write(go, "g", 1) == 1);
		/* by now it has the lock, and soon it sleeps */
		EXPECT(got_byte(server.events, LONG_MS));
		for (unsigned int ms = 0; ms < LONG_MS && !is_stuck(target); ms += 10)
			sleep_ms(10);
		if (is_stuck(target))
			try_everything(target);
		else
			fail("the target does not hang");
	} else {
		skip("no file systems in user space");
	}
	stop_server(&server);
	await_left();
	if (target > 0)
		stop_victim(target);
	stop_victim(other);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "a target that hangs in mmap()", test_stuck },
	};

	return run_module_cases(cases, ARRAY_SIZE(cases));
}
