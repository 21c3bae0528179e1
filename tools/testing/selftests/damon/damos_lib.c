// SPDX-License-Identifier: GPL-2.0
/*
 * Schemes for known memory, and the parts of the machine that they need, see
 * damos_lib.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "damos_lib.h"

#define MAX_RANGES	1000
#define MAX_BORROWED	8
#define MAX_CGROUPS	4

#define ZRAM		"/sys/block/zram0"
#define ZRAM_DEV	"/dev/zram0"
#define ZRAM_BYTES	(256 * MIB)
#define THP		"/sys/kernel/mm/transparent_hugepage/enabled"
#define MGLRU		"/sys/kernel/mm/lru_gen/enabled"

/* schemes */

void stage_samples(const char *operations, unsigned int nr)
{
	stage(operations);
	EXPECT_PUT(ATTRS "/intervals/sample_us", "5000", 0);
	EXPECT(!put_ul(ATTRS "/intervals/aggr_us", nr * 5000UL));
	EXPECT_PUT(ATTRS "/nr_regions/min", "3", 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	stage_stat_scheme();
}

void stage_scheme(const char *operations, const char *action)
{
	stage_samples(operations, 1);
	EXPECT_PUT(S0 "/action", action, 0);
}

/* The first target is some memory of this process. */
void stage_memory(const char *memory, size_t size)
{
	unsigned long borders[] = {
		(uintptr_t)memory, (uintptr_t)memory + size,
	};

	stage_target(0, getpid());
	stage_regions(borders, 1);
}

static int by_value(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* The target is some memory of this process, wherever it happens to be. */
void stage_physical(const char *memory, size_t size)
{
	unsigned long *pfns = pfns_of(memory, size);
	static unsigned long borders[MAX_RANGES * 2];
	unsigned int nr = 0;

	qsort(pfns, size / PAGE, sizeof(*pfns), by_value);
	EXPECT(*pfns != NO_PFN);
	for (size_t i = 0; i < size / PAGE; i++) {
		if (!nr || borders[nr * 2 - 1] != pfns[i] * PAGE) {
			if (nr == MAX_RANGES)
				ksft_exit_fail_msg("memory is in too many pieces\n");
			borders[nr++ * 2] = pfns[i] * PAGE;
		}
		borders[nr * 2 - 1] = (pfns[i] + 1) * PAGE;
	}
	free(pfns);
	stage_regions(borders, nr);
}

void turn_on(void)
{
	EXPECT_PUT(K0 "/state", "on", 0);
}

void turn_off(void)
{
	EXPECT_PUT(K0 "/state", "off", 0);
}

unsigned long stat_of(const char *name)
{
	EXPECT_PUT(K0 "/state", "update_schemes_stats", 0);
	return get_ul(path_of(STATS "/%s", name));
}

/* Exactly one pass over the memory; the statistics are those of that pass. */
void run_once(void)
{
	EXPECT_PUT(STATS "/max_nr_snapshots", "1", 0);
	turn_on();
	EXPECT(WAIT(stat_of("nr_snapshots") == 1));
	turn_off();
}

/* settings of the machine */

static struct borrowed {
	const char *path;
	char value[32];
} borrowed[MAX_BORROWED];
static unsigned int nr_borrowed;

static void give_back(void)
{
	while (nr_borrowed--)
		write_file(borrowed[nr_borrowed].path,
			   borrowed[nr_borrowed].value);
}

/* What a file says; the word in brackets where it offers several. */
static bool read_setting(const char *path, char *value, size_t size)
{
	char text[256], *start, *end;

	if (!read_file(path, text, sizeof(text)))
		return false;
	start = strchr(text, '[');
	end = strchr(text, ']');
	if (start && end)
		*end = '\0';
	start = start ? start + 1 : text;
	if (strlen(start) >= size)
		return false;
	strcpy(value, start);
	return true;
}

/* Sets something until the program ends.  @path must stay. */
bool borrow(const char *path, const char *value)
{
	struct borrowed *b = &borrowed[nr_borrowed];

	if (nr_borrowed == MAX_BORROWED ||
	    !read_setting(path, b->value, sizeof(b->value)))
		return false;
	if (!strcmp(b->value, value))
		return true;
	if (!write_file(path, value))
		return false;
	if (!nr_borrowed++)
		atexit(give_back);
	return true;
}

static void unmount_tracing(void)
{
	umount(TRACING);
}

bool need_tracing(void)
{
	if (access(EVENTS, F_OK) && !mount("tracefs", TRACING, "tracefs", 0, NULL))
		atexit(unmount_tracing);
	if (!access(EVENTS, F_OK) && borrow(TRACING "/tracing_on", "1"))
		return true;
	skip("no trace events in " TRACING);
	return false;
}

/* Only opening it does that. */
void empty_trace(void)
{
	int fd = open(TRACING "/trace", O_WRONLY | O_TRUNC);

	EXPECT(fd >= 0 && !close(fd));
}

bool need_page_flags(void)
{
	if (!access("/proc/kpageflags", R_OK))
		return true;
	skip("no /proc/kpageflags (CONFIG_PROC_PAGE_MONITOR)");
	return false;
}

/* Huge pages for those who ask for them, and only for those. */
bool need_huge(void)
{
	char *memory;
	bool huge;

	if (!borrow(THP, "madvise")) {
		skip("no transparent huge pages");
		return false;
	}
	memory = map_huge(HUGE);
	huge = smaps_bytes(memory, "AnonHugePages") == HUGE;
	munmap(memory, HUGE);
	if (!huge)
		skip("no huge page to be had");
	return huge;
}

/* Active and inactive lists, instead of generations. */
bool need_classic_lru(void)
{
	if (access(MGLRU, F_OK) || borrow(MGLRU, "0x0000"))
		return true;
	skip("multi-generational LRU cannot be switched off");
	return false;
}

bool second_node(void)
{
	FILE *file = fopen("/sys/devices/system/node/node1/meminfo", "r");
	unsigned long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Node 1 MemTotal: %lu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

/* swap */

static void drop_swap(void)
{
	swapoff(ZRAM_DEV);
	write_file(ZRAM "/reset", "1");
}

bool have_swap(void)
{
	FILE *file = fopen("/proc/swaps", "r");
	char line[256];
	int nr = 0;

	while (file && fgets(line, sizeof(line), file))
		nr++;
	if (file)
		fclose(file);
	return nr > 1;
}

/* The header of a swap area, as mkswap writes it. */
static bool make_swap_area(void)
{
	static char page[PAGE];
	uint32_t info[] = { 1, ZRAM_BYTES / PAGE - 1, 0 };
	int fd = open(ZRAM_DEV, O_WRONLY);
	bool done;

	memcpy(page + 1024, info, sizeof(info));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	done = fd >= 0 && write(fd, page, PAGE) == (ssize_t)PAGE && !fsync(fd);
	if (fd >= 0)
		close(fd);
	return done;
}

/* Compressed memory to swap to. */
bool need_swap(void)
{
	char text[24];

	if (have_swap())
		return true;
	snprintf(text, sizeof(text), "%lu", ZRAM_BYTES);
	if (access(ZRAM, F_OK) || access(ZRAM_DEV, F_OK)) {
		skip("no swap, and no " ZRAM_DEV);
	} else if (!write_file(ZRAM "/disksize", text)) {
		skip("no swap, and " ZRAM_DEV " is in use");
	} else {
		atexit(drop_swap);
		if (make_swap_area() && !swapon(ZRAM_DEV, 0))
			return true;
		skip("cannot swap to " ZRAM_DEV);
	}
	return false;
}

/* control groups */

static char cgroup_root[256];
static bool cgroup_mounted;		/* by us */
static bool memory_enabled;		/* by us */
static char *cgroups[MAX_CGROUPS];
static unsigned int nr_cgroups;

/* Of a group below the root, or with "" of the root.  For who needs a group. */
const char *cgroup_file(const char *name, const char *file)
{
	return path_of("%s/%s/%s", cgroup_root, name, file);
}

static void drop_cgroups(void)
{
	enter_cgroup("");
	while (nr_cgroups--) {
		rmdir(cgroup_file(cgroups[nr_cgroups], ""));
		free(cgroups[nr_cgroups]);
	}
	if (memory_enabled)
		write_file(cgroup_file("", "cgroup.subtree_control"), "-memory");
	if (cgroup_mounted) {
		umount(cgroup_root);
		rmdir(cgroup_root);
	}
}

static bool find_cgroup_root(void)
{
	FILE *file = fopen("/proc/mounts", "r");
	char line[512], type[64];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %255s %63s", cgroup_root, type) == 2 &&
		    !strcmp(type, "cgroup2")) {
			fclose(file);
			return true;
		}
	if (file)
		fclose(file);
	strcpy(cgroup_root, "/tmp/damos.XXXXXX");
	if (!mkdtemp(cgroup_root))
		return false;
	cgroup_mounted = !mount("cgroup", cgroup_root, "cgroup2", 0, NULL);
	if (!cgroup_mounted)
		rmdir(cgroup_root);
	return cgroup_mounted;
}

static bool enable_memory(void)
{
	char text[256];

	if (!read_file(cgroup_file("", "cgroup.controllers"), text,
		       sizeof(text)) || !strstr(text, "memory"))
		return false;
	read_file(cgroup_file("", "cgroup.subtree_control"), text, sizeof(text));
	if (strstr(text, "memory"))
		return true;
	memory_enabled = write_file(cgroup_file("", "cgroup.subtree_control"),
				    "+memory");
	return memory_enabled;
}

/* A control group below the root, with memory accounted. */
bool need_cgroup(const char *name)
{
	static bool usable;

	if (!usable) {
		if (!find_cgroup_root()) {
			skip("no cgroup2 file system");
			return false;
		}
		atexit(drop_cgroups);
		usable = enable_memory();
	}
	if (!usable || nr_cgroups == MAX_CGROUPS) {
		skip("no memory controller in the cgroup2 hierarchy");
		return false;
	}
	if (mkdir(cgroup_file(name, ""), 0755)) {
		if (errno == EEXIST)
			return true;
		skip("cannot make a control group: %s", strerror(errno));
		return false;
	}
	cgroups[nr_cgroups++] = strdup(name);
	return true;
}

/* This process goes to a group, or with "" back to the root. */
bool enter_cgroup(const char *name)
{
	return write_file(cgroup_file(name, "cgroup.procs"), "0");
}
