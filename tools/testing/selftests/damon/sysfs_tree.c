// SPDX-License-Identifier: GPL-2.0
/*
 * The directories and files of the sysfs interface: which there are, their modes,
 * what they hold at first, what they accept.  Nothing is started.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sysfs_lib.h"

/* Every file below ADMIN that one of everything makes, with its first value. */
static const struct expected {
	const char *path;
	unsigned int mode;
	const char *initial;	/* NULL: any */
} expected[] = {
	{ "kdamonds/nr_kdamonds", 0600, "1" },
	{ K0 "/state", 0600, "off" },
	{ K0 "/pid", 0400, "-1" },
	{ K0 "/refresh_ms", 0600, "0" },
	{ K0 "/contexts/nr_contexts", 0600, "1" },
	{ C0 "/avail_operations", 0400, NULL },
	{ C0 "/operations", 0600, "vaddr" },
	{ C0 "/addr_unit", 0600, "1" },
	{ C0 "/pause", 0600, "N" },
	{ ATTRS "/intervals/sample_us", 0600, "5000" },
	{ ATTRS "/intervals/aggr_us", 0600, "100000" },
	{ ATTRS "/intervals/update_us", 0600, "60000000" },
	{ ATTRS "/intervals/intervals_goal/access_bp", 0600, "0" },
	{ ATTRS "/intervals/intervals_goal/aggrs", 0600, "0" },
	{ ATTRS "/intervals/intervals_goal/min_sample_us", 0600, "0" },
	{ ATTRS "/intervals/intervals_goal/max_sample_us", 0600, "0" },
	{ ATTRS "/nr_regions/min", 0600, "10" },
	{ ATTRS "/nr_regions/max", 0600, "1000" },
	{ ATTRS "/probes/nr_probes", 0600, "1" },
	{ ATTRS "/probes/0/weight", 0600, "0" },
	{ ATTRS "/probes/0/filters/nr_filters", 0600, "1" },
	{ ATTRS "/probes/0/filters/0/type", 0600, "anon" },
	{ ATTRS "/probes/0/filters/0/matching", 0600, "N" },
	{ ATTRS "/probes/0/filters/0/allow", 0600, "N" },
	{ ATTRS "/probes/0/filters/0/path", 0600, "" },
	{ C0 "/targets/nr_targets", 0600, "1" },
	{ C0 "/targets/0/pid_target", 0600, "0" },
	{ C0 "/targets/0/obsolete_target", 0600, "N" },
	{ C0 "/targets/0/regions/nr_regions", 0600, "1" },
	{ C0 "/targets/0/regions/0/start", 0600, "0" },
	{ C0 "/targets/0/regions/0/end", 0600, "0" },
	{ C0 "/schemes/nr_schemes", 0600, "1" },
	{ S0 "/action", 0600, "stat" },
	{ S0 "/apply_interval_us", 0600, "0" },
	{ S0 "/target_nid", 0600, "-1" },
	{ S0 "/access_pattern/sz/min", 0600, "0" },
	{ S0 "/access_pattern/sz/max", 0600, "0" },
	{ S0 "/access_pattern/nr_accesses/min", 0600, "0" },
	{ S0 "/access_pattern/nr_accesses/max", 0600, "0" },
	{ S0 "/access_pattern/age/min", 0600, "0" },
	{ S0 "/access_pattern/age/max", 0600, "0" },
	{ S0 "/quotas/ms", 0600, "0" },
	{ S0 "/quotas/bytes", 0600, "0" },
	{ S0 "/quotas/reset_interval_ms", 0600, "0" },
	{ S0 "/quotas/effective_bytes", 0400, "0" },
	{ S0 "/quotas/goal_tuner", 0600, "consist" },
	{ S0 "/quotas/fail_charge_num", 0600, "0" },
	{ S0 "/quotas/fail_charge_denom", 0600, "0" },
	{ S0 "/quotas/goals/nr_goals", 0600, "1" },
	{ S0 "/quotas/goals/0/target_metric", 0600, "user_input" },
	{ S0 "/quotas/goals/0/target_value", 0600, "0" },
	{ S0 "/quotas/goals/0/current_value", 0600, "0" },
	{ S0 "/quotas/goals/0/nid", 0600, "0" },
	{ S0 "/quotas/goals/0/path", 0600, "" },
	{ S0 "/quotas/weights/sz_permil", 0600, "0" },
	{ S0 "/quotas/weights/nr_accesses_permil", 0600, "0" },
	{ S0 "/quotas/weights/age_permil", 0600, "0" },
	{ S0 "/watermarks/metric", 0600, "none" },
	{ S0 "/watermarks/interval_us", 0600, "0" },
	{ S0 "/watermarks/high", 0600, "0" },
	{ S0 "/watermarks/mid", 0600, "0" },
	{ S0 "/watermarks/low", 0600, "0" },
	{ S0 "/filters/nr_filters", 0600, "1" },
	{ S0 "/filters/0/type", 0600, "anon" },
	{ S0 "/filters/0/matching", 0600, "N" },
	{ S0 "/filters/0/allow", 0600, "N" },
	{ S0 "/filters/0/memcg_path", 0600, "" },
	{ S0 "/filters/0/addr_start", 0600, "0" },
	{ S0 "/filters/0/addr_end", 0600, "0" },
	{ S0 "/filters/0/min", 0600, "0" },
	{ S0 "/filters/0/max", 0600, "0" },
	{ S0 "/filters/0/damon_target_idx", 0600, "0" },
	{ S0 "/core_filters/nr_filters", 0600, "1" },
	{ S0 "/core_filters/0/type", 0600, "addr" },
	{ S0 "/core_filters/0/matching", 0600, "N" },
	{ S0 "/core_filters/0/allow", 0600, "N" },
	{ S0 "/core_filters/0/memcg_path", 0600, "" },
	{ S0 "/core_filters/0/addr_start", 0600, "0" },
	{ S0 "/core_filters/0/addr_end", 0600, "0" },
	{ S0 "/core_filters/0/min", 0600, "0" },
	{ S0 "/core_filters/0/max", 0600, "0" },
	{ S0 "/core_filters/0/damon_target_idx", 0600, "0" },
	{ S0 "/ops_filters/nr_filters", 0600, "1" },
	{ S0 "/ops_filters/0/type", 0600, "anon" },
	{ S0 "/ops_filters/0/matching", 0600, "N" },
	{ S0 "/ops_filters/0/allow", 0600, "N" },
	{ S0 "/ops_filters/0/memcg_path", 0600, "" },
	{ S0 "/ops_filters/0/addr_start", 0600, "0" },
	{ S0 "/ops_filters/0/addr_end", 0600, "0" },
	{ S0 "/ops_filters/0/min", 0600, "0" },
	{ S0 "/ops_filters/0/max", 0600, "0" },
	{ S0 "/ops_filters/0/damon_target_idx", 0600, "0" },
	{ S0 "/dests/nr_dests", 0600, "1" },
	{ S0 "/dests/0/id", 0600, "0" },
	{ S0 "/dests/0/weight", 0600, "0" },
	{ S0 "/stats/nr_tried", 0400, "0" },
	{ S0 "/stats/sz_tried", 0400, "0" },
	{ S0 "/stats/nr_applied", 0400, "0" },
	{ S0 "/stats/sz_applied", 0400, "0" },
	{ S0 "/stats/sz_ops_filter_passed", 0400, "0" },
	{ S0 "/stats/qt_exceeds", 0400, "0" },
	{ S0 "/stats/nr_snapshots", 0400, "0" },
	{ S0 "/stats/max_nr_snapshots", 0600, "0" },
	{ S0 "/tried_regions/total_bytes", 0400, "0" },
};

#define NR_EXPECTED	ARRAY_SIZE(expected)

/* What all tests but those of numbers begin with. */
static void stage_one_of_everything(void)
{
	EXPECT_PUT("kdamonds/nr_kdamonds", "1", 0);
	EXPECT_PUT(K0 "/contexts/nr_contexts", "1", 0);
	EXPECT_PUT(ATTRS "/probes/nr_probes", "1", 0);
	EXPECT_PUT(ATTRS "/probes/0/filters/nr_filters", "1", 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	EXPECT_PUT(C0 "/targets/0/regions/nr_regions", "1", 0);
	EXPECT_PUT(C0 "/schemes/nr_schemes", "1", 0);
	EXPECT_PUT(S0 "/quotas/goals/nr_goals", "1", 0);
	EXPECT_PUT(S0 "/filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/core_filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/ops_filters/nr_filters", "1", 0);
	EXPECT_PUT(S0 "/dests/nr_dests", "1", 0);
}

static int check_entry(const char *path, const struct stat *st, int type,
		       struct FTW *ftw)
{
	(void)ftw;
	if (st->st_uid || st->st_gid)
		fail("%s does not belong to root", path);
	if (type == FTW_D) {
		if ((st->st_mode & 07777) != 0755)
			fail("%s: mode %o", path, st->st_mode & 07777);
		return 0;
	}
	path += strlen(ADMIN "/");
	for (size_t i = 0; i < NR_EXPECTED; i++) {
		if (strcmp(path, expected[i].path))
			continue;
		if ((st->st_mode & 07777) != expected[i].mode)
			fail("%s: mode %o, not %o", path, st->st_mode & 07777,
			     expected[i].mode);
		return 0;
	}
	fail("%s should not be there", path);
	return 0;
}

static void test_modes(void)
{
	stage_one_of_everything();
	EXPECT(!nftw(ADMIN, check_entry, 16, FTW_PHYS));
	EXPECT(exists(S0 "/tried_regions"));
	EXPECT(!nr_dirs(S0 "/tried_regions"));
	EXPECT(nr_entries(ATTRS) == 3);
	EXPECT(nr_entries(ATTRS "/probes/0") == 2);
}

static void test_initial_values(void)
{
	stage_one_of_everything();
	for (size_t i = 0; i < NR_EXPECTED; i++) {
		if (!exists(expected[i].path))
			fail("%s is missing", expected[i].path);
		else if (expected[i].initial)
			EXPECT_IS(expected[i].path, expected[i].initial);
	}
}

static void test_forbidden(void)
{
	static const char *const read_only[] = {
		ADMIN "/" K0 "/pid",
		ADMIN "/" C0 "/avail_operations",
		ADMIN "/" S0 "/stats/nr_tried",
		ADMIN "/" S0 "/quotas/effective_bytes",
		ADMIN "/" S0 "/tried_regions/total_bytes",
	};

	stage_one_of_everything();
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++) {
		int fd = open(read_only[i], O_WRONLY);

		if (fd >= 0 || errno != EACCES)
			fail("opening %s for writing: %d", read_only[i], fd);
		if (fd >= 0)
			close(fd);
	}
	EXPECT(mkdir(ADMIN "/kdamonds/1", 0755) && errno == EPERM);
	EXPECT(rmdir(ADMIN "/" C0) && errno == EPERM);
	EXPECT(unlink(ADMIN "/" K0 "/state") && errno == EPERM);
}

/* Every unsigned long. */
static void check_number(const char *path)
{
	EXPECT_PUT(path, "42", 0);
	EXPECT_IS(path, "42");
	EXPECT_PUT(path, "0x2B\n", 0);
	EXPECT_IS(path, "43");
	EXPECT_PUT(path, "-1", EINVAL);
	EXPECT_PUT(path, "\n", EINVAL);
	EXPECT_PUT(path, "4 4", EINVAL);
	EXPECT_PUT(path, "four", EINVAL);
	EXPECT_PUT(path, "", 0);
	EXPECT_IS(path, "43");
}

static bool ends_with(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	return len >= end_len && !strcmp(path + len - end_len, end);
}

/* Files whose numbers make directories. */
static bool is_count(const char *path)
{
	static const char *const counts[] = {
		"/nr_kdamonds", "/nr_contexts", "/nr_targets", "/nr_regions",
		"/nr_schemes", "/nr_goals", "/nr_filters", "/nr_dests",
		"/nr_probes",
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (ends_with(path, counts[i]))
			return true;
	return false;
}

/* Files that take negative numbers. */
static bool is_signed(const char *path)
{
	return ends_with(path, "/pid_target") || ends_with(path, "nid") ||
		ends_with(path, "/damon_target_idx");
}

/* Every int. */
static void check_signed(const char *path, int error)
{
	EXPECT_PUT(path, "-5", 0);
	EXPECT_IS(path, "-5");
	EXPECT_PUT(path, "2147483647\n", 0);
	EXPECT_IS(path, "2147483647");
	EXPECT_PUT(path, "2147483648", error);
	EXPECT_PUT(path, "one", EINVAL);
	EXPECT_IS(path, "2147483647");
}

static void test_numbers(void)
{
	stage_one_of_everything();
	for (size_t i = 0; i < NR_EXPECTED; i++) {
		const struct expected *e = &expected[i];

		if (e->mode != 0600 || is_count(e->path) || is_signed(e->path))
			continue;
		if (e->initial[0] >= '0' && e->initial[0] <= '9')
			check_number(e->path);
	}

	EXPECT_PUT(ATTRS "/intervals/sample_us", "18446744073709551616", ERANGE);
	EXPECT_PUT(S0 "/access_pattern/age/max", MAX_UL, 0);
	EXPECT_IS(S0 "/access_pattern/age/max", MAX_UL);
	EXPECT_PUT(S0 "/quotas/ms", "18446744073709551616", EINVAL);
	EXPECT_PUT(S0 "/quotas/reset_interval_ms", MAX_UL, 0);
	EXPECT_PUT(S0 "/quotas/weights/sz_permil", "4294967296", ERANGE);
	EXPECT_PUT(K0 "/refresh_ms", "4294967296", ERANGE);
	EXPECT_PUT(C0 "/addr_unit", "0", EINVAL);
	EXPECT_PUT(S0 "/quotas/fail_charge_num", "4294967295", 0);
	EXPECT_PUT(S0 "/quotas/fail_charge_num", "4294967296", EINVAL);
	EXPECT_PUT(S0 "/quotas/fail_charge_denom", "4294967296", EINVAL);
	EXPECT_PUT(S0 "/dests/0/id", "4294967296", ERANGE);
	EXPECT_PUT(S0 "/filters/0/addr_end", MAX_UL, 0);
	EXPECT_IS(S0 "/filters/0/addr_end", MAX_UL);
	check_signed(C0 "/targets/0/pid_target", EINVAL);
	check_signed(S0 "/target_nid", ERANGE);
	check_signed(S0 "/quotas/goals/0/nid", ERANGE);
	check_signed(S0 "/core_filters/0/damon_target_idx", ERANGE);
}

static void test_keywords(void)
{
	stage_one_of_everything();
	EXPECT_PUT(C0 "/operations", "fvaddr\n", 0);
	EXPECT_IS(C0 "/operations", "fvaddr");
	EXPECT_PUT(C0 "/operations", "paddr", 0);
	EXPECT_PUT(C0 "/operations", "Paddr", EINVAL);
	EXPECT_PUT(C0 "/operations", "padd", EINVAL);
	EXPECT_IS(C0 "/operations", "paddr");
	EXPECT_PUT(S0 "/watermarks/metric", "free_mem_rate", 0);
	EXPECT_PUT(S0 "/watermarks/metric", "foo", EINVAL);
	EXPECT_IS(S0 "/watermarks/metric", "free_mem_rate");
	EXPECT_PUT(S0 "/action", "", 0);
	EXPECT_PUT(C0 "/pause", "True", 0);
	EXPECT_IS(C0 "/pause", "Y");
	EXPECT_PUT(C0 "/pause", "False", 0);
	EXPECT_IS(C0 "/pause", "N");
	EXPECT_PUT(C0 "/pause", "2", EINVAL);
	EXPECT_PUT(C0 "/targets/0/obsolete_target", "1", 0);
	EXPECT_IS(C0 "/targets/0/obsolete_target", "Y");
}

/* What a file takes: these words, and no others. */
static void check_words(const char *path, const char *const *words)
{
	const char *last = NULL;

	for (; *words; words++) {
		EXPECT_PUT(path, *words, 0);
		EXPECT_IS(path, *words);
		last = *words;
	}
	EXPECT_PUT(path, "foo", EINVAL);
	EXPECT_PUT(path, "\n", EINVAL);
	EXPECT_IS(path, last);
}

static void test_words(void)
{
	static const char *const actions[] = {
		"willneed", "cold", "pageout", "hugepage", "nohugepage",
		"collapse", "lru_prio", "lru_deprio", "migrate_hot",
		"migrate_cold", "stat", NULL,
	};
	static const char *const metrics[] = {
		"some_mem_psi_us", "node_mem_used_bp", "node_mem_free_bp",
		"node_memcg_used_bp", "node_memcg_free_bp", "active_mem_bp",
		"inactive_mem_bp", "node_eligible_mem_bp", "user_input", NULL,
	};
	static const char *const tuners[] = { "temporal", "consist", NULL };

	stage_one_of_everything();
	check_words(S0 "/action", actions);
	check_words(S0 "/quotas/goals/0/target_metric", metrics);
	check_words(S0 "/quotas/goal_tuner", tuners);
}

/* Each directory of filters takes the types of its layer. */
static void test_filter_types(void)
{
	static const char *const core[] = { "addr", "target" };
	static const char *const ops[] = {
		"anon", "active", "memcg", "young", "hugepage_size", "unmapped",
	};

	stage_one_of_everything();
	for (size_t i = 0; i < ARRAY_SIZE(core); i++) {
		EXPECT_PUT(S0 "/filters/0/type", core[i], 0);
		EXPECT_PUT(S0 "/core_filters/0/type", core[i], 0);
		EXPECT_IS(S0 "/core_filters/0/type", core[i]);
		EXPECT_PUT(S0 "/ops_filters/0/type", core[i], EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_PUT(S0 "/filters/0/type", ops[i], 0);
		EXPECT_PUT(S0 "/core_filters/0/type", ops[i], EINVAL);
		EXPECT_PUT(S0 "/ops_filters/0/type", ops[i], 0);
		EXPECT_IS(S0 "/ops_filters/0/type", ops[i]);
	}
	EXPECT_PUT(S0 "/filters/0/type", "foo", EINVAL);
	EXPECT_PUT(S0 "/core_filters/0/type", "foo", EINVAL);
	EXPECT_PUT(S0 "/ops_filters/0/type", "foo", EINVAL);
	EXPECT_IS(S0 "/filters/0/type", "unmapped");
	EXPECT_IS(S0 "/core_filters/0/type", "target");
	EXPECT_PUT(S0 "/filters/0/matching", "True", 0);
	EXPECT_IS(S0 "/filters/0/matching", "Y");
	EXPECT_PUT(S0 "/filters/0/allow", "x", EINVAL);
	EXPECT_IS(S0 "/filters/0/allow", "N");
}

/* Any text is a path until it is needed. */
static void check_path(const char *path)
{
	EXPECT_PUT(path, "/some/where else", 0);
	EXPECT_IS(path, "/some/where else");
	EXPECT_PUT(path, "/\n", 0);
	EXPECT_IS(path, "/");
	for (int i = 0; i < 128; i++)
		EXPECT_PUT(path, "/a/long/path/that/is/written/often", 0);
	EXPECT_PUT(path, "\n", 0);
	EXPECT_IS(path, "");
}

static void test_paths(void)
{
	stage_one_of_everything();
	check_path(ATTRS "/probes/0/filters/0/path");
	check_path(S0 "/filters/0/memcg_path");
	check_path(S0 "/ops_filters/0/memcg_path");
	check_path(S0 "/core_filters/0/memcg_path");
	check_path(S0 "/quotas/goals/0/path");
}

/*
 * So many directories that no kind of them fits into half of the memory.  For an
 * array of pointers to them there is room.
 */
static unsigned long too_many(void)
{
	unsigned long nr = sysconf(_SC_PHYS_PAGES) * (PAGE / 512);

	return nr < INT_MAX ? nr : INT_MAX;
}

/* Numbers of directories: 1, 2, 0, and what is refused. */
static void check_count(const char *dir, const char *file)
{
	char nr[256];

	snprintf(nr, sizeof(nr), "%s/%s", dir, file);
	EXPECT_PUT(nr, "1", 0);
	EXPECT(exists(path_of("%s/0", dir)));
	EXPECT(!exists(path_of("%s/1", dir)));
	EXPECT_PUT(nr, "2", 0);
	EXPECT_IS(nr, "2");
	EXPECT(exists(path_of("%s/1", dir)));
	EXPECT(!exists(path_of("%s/2", dir)));
	EXPECT_PUT(nr, "-1", EINVAL);
	EXPECT_PUT(nr, "two", EINVAL);
	EXPECT_PUT(nr, "2147483648", ERANGE);
	EXPECT_PUT(nr, "2147483647", ENOMEM);
	EXPECT(put_ul(nr, too_many()) == ENOMEM);
	EXPECT_IS(nr, "2");
	EXPECT(exists(path_of("%s/1", dir)));
	EXPECT_PUT(nr, "0", 0);
	EXPECT(nr_entries(dir) == 1);
}

static void test_counts(void)
{
	check_count("kdamonds", "nr_kdamonds");
	stage_one_of_everything();
	check_count(C0 "/targets/0/regions", "nr_regions");
	check_count(C0 "/targets", "nr_targets");
	check_count(S0 "/quotas/goals", "nr_goals");
	check_count(ATTRS "/probes/0/filters", "nr_filters");
	check_count(S0 "/filters", "nr_filters");
	check_count(S0 "/core_filters", "nr_filters");
	check_count(S0 "/ops_filters", "nr_filters");
	check_count(S0 "/dests", "nr_dests");
	check_count(C0 "/schemes", "nr_schemes");

	EXPECT_PUT(ATTRS "/probes/nr_probes", "4", 0);
	EXPECT_PUT(ATTRS "/probes/nr_probes", "5", EINVAL);
	EXPECT_PUT(ATTRS "/probes/nr_probes", "2147483647", EINVAL);
	EXPECT_IS(ATTRS "/probes/nr_probes", "4");
	EXPECT(exists(ATTRS "/probes/3/filters"));
	EXPECT_PUT(ATTRS "/probes/nr_probes", "0", 0);
	EXPECT(nr_entries(ATTRS "/probes") == 1);

	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	EXPECT_PUT(K0 "/contexts/nr_contexts", "2", EINVAL);
	EXPECT_PUT(K0 "/contexts/nr_contexts", "-1", EINVAL);
	EXPECT(exists(C0 "/targets/0"));
	EXPECT_PUT(K0 "/contexts/nr_contexts", "0", 0);
	EXPECT(!exists(C0));
}

/* A count that is written again wipes what was staged. */
static void test_rewrite(void)
{
	stage_one_of_everything();
	EXPECT_PUT(C0 "/targets/0/pid_target", "1", 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	EXPECT_IS(C0 "/targets/0/pid_target", "0");
	EXPECT_IS(C0 "/targets/0/regions/nr_regions", "0");
	EXPECT_PUT(C0 "/pause", "Y", 0);
	EXPECT_PUT(K0 "/contexts/nr_contexts", "1", 0);
	EXPECT_IS(C0 "/pause", "N");
	EXPECT_IS(C0 "/targets/nr_targets", "0");
}

static void test_many(void)
{
	stage_one_of_everything();
	for (int i = 0; i < 2; i++) {
		EXPECT_PUT(C0 "/targets/0/regions/nr_regions", "300", 0);
		EXPECT(nr_entries(C0 "/targets/0/regions") == 301);
		EXPECT_PUT(C0 "/schemes/nr_schemes", "30", 0);
		EXPECT(nr_entries(C0 "/schemes") == 31);
		EXPECT(exists(C0 "/schemes/29/tried_regions"));
	}
	EXPECT_PUT("kdamonds/nr_kdamonds", "20", 0);
	EXPECT(exists("kdamonds/19/contexts"));
	EXPECT(!exists(C0));
}

/* What is open when its directory goes cannot be used any more. */
static void test_open_files(void)
{
	char buf[16];
	int fd;

	stage_one_of_everything();
	fd = open(ADMIN "/" C0 "/targets/0/pid_target", O_RDWR);
	EXPECT(fd >= 0);
	EXPECT_PUT(C0 "/targets/nr_targets", "1", 0);
	EXPECT(pread(fd, buf, sizeof(buf), 0) < 0 && errno == ENODEV);
	EXPECT(pwrite(fd, "1", 1, 0) < 0 && errno == ENODEV);
	close(fd);

	EXPECT(!chdir(ADMIN "/" K0));
	EXPECT_PUT("kdamonds/nr_kdamonds", "0", 0);
	EXPECT(access("state", F_OK) && errno == ENOENT);
	EXPECT(!chdir("/"));
}

static void test_commands_early(void)
{
	stage_one_of_everything();
	EXPECT_PUT(K0 "/state", "foo", EINVAL);
	EXPECT_PUT(K0 "/state", "ON", EINVAL);
	EXPECT_PUT(K0 "/state", "on ", EINVAL);
	EXPECT_PUT(K0 "/state", "off", EINVAL);
	EXPECT_PUT(K0 "/state", "commit", EINVAL);
	EXPECT_PUT(K0 "/state", "update_schemes_stats", EINVAL);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_regions", EINVAL);
	EXPECT_PUT(K0 "/state", "update_schemes_tried_bytes", EINVAL);
	EXPECT_PUT(K0 "/state", "update_schemes_effective_quotas", EINVAL);
	EXPECT_PUT(K0 "/state", "commit_schemes_quota_goals", EINVAL);
	EXPECT_PUT(K0 "/state", "update_tuned_intervals", EINVAL);
	EXPECT_PUT(K0 "/state", "clear_schemes_tried_regions", 0);
	EXPECT_PUT(K0 "/contexts/nr_contexts", "0", 0);
	EXPECT_PUT(K0 "/state", "on", EINVAL);
	EXPECT_PUT(K0 "/state", "clear_schemes_tried_regions", EINVAL);
	EXPECT_IS(K0 "/state", "off");
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "files, directories and modes", test_modes },
		{ "initial values", test_initial_values },
		{ "what is forbidden", test_forbidden },
		{ "numbers", test_numbers },
		{ "keywords", test_keywords },
		{ "actions, metrics and tuners", test_words },
		{ "types of filters", test_filter_types },
		{ "paths", test_paths },
		{ "numbers of directories", test_counts },
		{ "rewritten numbers", test_rewrite },
		{ "many directories", test_many },
		{ "files that are open", test_open_files },
		{ "commands without a kdamond", test_commands_early },
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
