// SPDX-License-Identifier: Apache-2.0
/*
 * Writing limits and putting back what they replaced, in a directory of plain files: they take any
 * text, so that the order and number of writes can be seen without a kernel's opinion.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/limits.h"

#define I64(x)          \
	{               \
		true, x \
	}

static int dir = FD_NONE;

static void file_make(const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void file_is(const char *name, const char *wanted)
{
	char text[256] = "";
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	assert_string_equal(text, wanted);
}

static int setup(void **state)
{
	char template[] = "/tmp/test_cgroups_limits.XXXXXX";

	assert_non_null(mkdtemp(template));
	dir = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = strdup(template);
	return dir < 0;
}

static int teardown(void **state)
{
	static const char *const files[] = { "memory.max", "memory.low", "memory.current",
		"pids.max", "cpu.max", "io.weight", "io.max", "cpu.max.burst", "cpu.idle",
		"cpu.weight", "io.latency", "cpuset.cpus", "cpuset.cpus.effective", "cpuset.mems",
		"memory.reclaim" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(dir, files[i], 0);
	close(dir);
	rmdir(*state);
	free(*state);
	return 0;
}

static void plan(const struct spec_resources *res, struct limits *out_limits)
{
	struct err err;

	assert_int_equal(limits_plan(res, NULL, out_limits, &err), 0);
}

static void test_apply(void **state)
{
	struct spec_memory memory = { .limit = I64(111), .swap = I64(111) };
	struct spec_block_io io = { .weight = { true, 100 } };
	struct spec_resources res = { .memory = &memory, .block_io = &io, .pids_limit = I64(20) };
	auto_(limits) struct limits limits = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("memory.max", "max");
	file_make("pids.max", "xx");
	file_make("io.weight", "xxx");
	plan(&res, &limits);
	assert_int_equal(limits_apply(dir, &limits, &err), 0);
	file_is("memory.max", "111"); /* and no memory.swap.max: no swap is what was asked for */
	file_is("pids.max", "20");
	file_is("io.weight", "910"); /* instead of io.bfq.weight */
}

static void test_apply_missing(void **state)
{
	struct spec_resources res = { .pids_limit = I64(20) };
	auto_(limits) struct limits limits = { 0 };
	struct err err = { 0 };

	(void)state;
	plan(&res, &limits);
	assert_int_equal(limits_apply(dir, &limits, &err), -ENOENT);
	assert_string_equal(err.msg,
		"linux.resources.pids.limit: open \"pids.max\": no such file or directory");
}

/* config-linux.md shows io.max with two lines; the kernel wants a write for each. */
static void test_lines(void **state)
{
	struct spec_pair pair = { "io.max", "8:0 rbps=1\n\n8:1 rbps=2\n" };
	struct spec_resources res = { .unified = { &pair, 1 } };
	auto_(limits) struct limits limits = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("io.max", "");
	plan(&res, &limits);
	assert_int_equal(limits_apply(dir, &limits, &err), 0);
	file_is("io.max", "8:1 rbps=2"); /* each write starts at the beginning of the file */
}

static void test_check_before_update(void **state)
{
	struct spec_memory memory = { .limit = I64(4095), .check_before_update = { true, true } };
	struct spec_resources res = { .memory = &memory };
	auto_(limits) struct limits limits = { 0 }, enough = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("memory.max", "9999");
	file_make("memory.current", "4096\n");
	plan(&res, &limits);
	assert_int_equal(limits_apply(dir, &limits, &err), -EBUSY);
	assert_string_equal(err.msg,
		"linux.resources.memory.limit: 4095 is below the current usage "
		"of 4096 bytes, and checkBeforeUpdate is set");
	file_is("memory.max", "9999");
	memory.limit.v = 4096;
	plan(&res, &enough);
	assert_int_equal(limits_apply(dir, &enough, &err), 0);
	file_is("memory.max", "4096");
}

static int change(const struct spec_resources *res, struct limits_saved *out_saved, struct err *err)
{
	auto_(limits) struct limits limits = { 0 };

	plan(res, &limits);
	return limits_change(dir, &limits, out_saved, err);
}

/* All or nothing: pids.max does not exist, so the two before it go back. */
static void test_change_rollback(void **state)
{
	struct spec_memory memory = { .limit = I64(2222), .reservation = I64(333) };
	struct spec_resources res = { .memory = &memory, .pids_limit = I64(20) };
	auto_(limits_saved) struct limits_saved saved = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("memory.max", "1111");
	file_make("memory.low", "444");
	assert_int_equal(change(&res, &saved, &err), -ENOENT);
	file_is("memory.max", "1111");
	file_is("memory.low", "444");
	assert_int_equal(saved.count, 0);
}

/* Too long to be read as what a limit was, though it can be written. */
static void file_make_long(const char *name, mode_t mode)
{
	char text[4096];
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	memset(text, '7', sizeof(text));
	for (int i = 0; i < 17; i++)
		assert_int_equal(write(fd, text, sizeof(text)), (ssize_t)sizeof(text));
	close(fd);
}

/* What cannot be read could not be put back: nothing is written.  A cpuset would show it. */
static void test_change_unreadable(void **state)
{
	struct spec_memory memory = { .limit = I64(2222) };
	struct spec_cpu cpu = { .cpus = "0" };
	struct spec_resources res = { .memory = &memory, .cpu = &cpu };
	auto_(limits_saved) struct limits_saved saved = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("cpuset.cpus", "\n");
	file_make("cpuset.cpus.effective", "0-3\n");
	file_make_long("memory.max", 0600);
	assert_int_equal(change(&res, &saved, &err), -EFBIG);
	assert_string_equal(err.msg,
		"linux.resources.memory.limit: read \"memory.max\" (limit: 65536 bytes): "
		"file too large");
	assert_string_equal(
		err.hint, "a failed update puts back what it replaced; nothing was changed");
	file_is("cpuset.cpus", "\n");
	assert_int_equal(saved.count, 0);
}

/* So it is with what a limit is put back by besides its own file. */
static void test_change_unreadable_beside(void **state)
{
	struct spec_cpu cpu = { .idle = I64(1) }, cpus = { .cpus = "0" };
	struct spec_resources res = { .cpu = &cpu }, res_cpus = { .cpu = &cpus };
	auto_(limits_saved) struct limits_saved saved = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("cpu.idle", "0");
	file_make_long("cpu.weight", 0600);
	assert_int_equal(change(&res, &saved, &err), -EFBIG);
	file_is("cpu.idle", "0");
	file_make("cpuset.cpus", "\n");
	file_make_long("cpuset.cpus.effective", 0400);
	assert_int_equal(change(&res_cpus, &saved, &err), -EFBIG);
	file_is("cpuset.cpus", "\n");
}

/* An action such as memory.reclaim is for writing only. */
static void test_change_action(void **state)
{
	struct spec_pair pair = { "memory.reclaim", "1M" };
	struct spec_resources res = { .unified = { &pair, 1 } };
	auto_(limits_saved) struct limits_saved saved = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make_long("memory.reclaim", 0200);
	assert_int_equal(change(&res, &saved, &err), 0);
	assert_int_equal(saved.count, 0);
}

/* What kills when it gets smaller is written when nothing else can fail any more, in its order. */
static void test_change_order(void **state)
{
	struct spec_memory memory = { .limit = I64(222), .reservation = I64(333) };
	struct spec_pair pairs[] = { { "memory.max", "111" }, { "pids.max", "5" } };
	struct spec_resources res = { .memory = &memory, .unified = { pairs, 2 } };
	static const char *const order[] = { "memory.low", "pids.max", "memory.max", "memory.max" };
	auto_(limits_saved) struct limits_saved saved = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("memory.max", "999");
	file_make("memory.low", "444");
	file_make("pids.max", "7");
	assert_int_equal(change(&res, &saved, &err), 0);
	assert_int_equal(saved.count, ARRAY_SIZE(order));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(saved.items[i].file, order[i]);
	file_is("memory.max", "111"); /* unified overrides */
	limits_restore(dir, &saved);
	file_is("memory.max", "999");
}

/* The kernel forgets the weight of a cgroup that becomes idle. */
static void test_restore_weight(void **state)
{
	struct spec_cpu cpu = { .idle = I64(1) };
	struct spec_resources res = { .cpu = &cpu };
	auto_(limits_saved) struct limits_saved saved = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("cpu.idle", "0");
	file_make("cpu.weight", "59");
	assert_int_equal(change(&res, &saved, &err), 0);
	assert_int_equal(saved.count, 2);
	assert_string_equal(saved.items[0].file, "cpu.weight"); /* put back last */
	assert_string_equal(saved.items[0].value, "59");
	assert_string_equal(saved.items[1].file, "cpu.idle");
}

/* A cpuset with processes does not become empty again. */
static void test_restore_cpuset(void **state)
{
	struct spec_cpu cpu = { .cpus = "0", .mems = "0" };
	struct spec_resources res = { .cpu = &cpu, .pids_limit = I64(9) };
	auto_(limits_saved) struct limits_saved saved = { 0 };
	struct err err = { 0 };

	(void)state;
	file_make("cpuset.cpus", "\n");
	file_make("cpuset.cpus.effective", "0-3\n");
	file_make("cpuset.mems", "0-1");
	file_make("pids.max", "7\n");
	assert_int_equal(change(&res, &saved, &err), 0);
	assert_string_equal(saved.items[0].file, "pids.max"); /* can be put back as it was */
	limits_restore(dir, &saved);
	file_is("cpuset.cpus", "0-3");
	file_is("cpuset.mems", "0-1");
}

static void restored_in(const char *file, const char *before, const char *value, const char *after)
{
	struct spec_pair pair = { file, value };
	struct spec_resources res = { .unified = { &pair, 1 } };
	auto_(limits_saved) struct limits_saved saved = { 0 };
	struct err err = { 0 };

	file_make(file, before);
	assert_int_equal(change(&res, &saved, &err), 0);
	file_make(file, "");
	limits_restore(dir, &saved);
	file_is(file, after);
}

static void restored(const char *before, const char *value, const char *after)
{
	restored_in("io.max", before, value, after);
}

/* A file with a line for each device: only the device's line is put back. */
static void test_restore_device(void **state)
{
	(void)state;
	restored("8:0 rbps=5 wbps=max\n8:16 rbps=7 wbps=max\n", "8:16 rbps=9",
		"8:16 rbps=7 wbps=max");
	restored("8:160 rbps=5\n", "8:16 rbps=9", "8:16 rbps=max wbps=max riops=max wiops=max");
	restored("", "8:0 rbps=9", "8:0 rbps=max wbps=max riops=max wiops=max");
	restored_in("io.latency", "", "8:0 target=75000", "8:0 target=0");
	restored_in("io.weight", "default 100\n8:0 50\n", "8:0 70", "8:0 50");
	restored_in("io.weight", "default 100\n", "8:0 70", "8:0 default");
}

static void present_is(
	const struct spec_resources *res, int64_t memory, int64_t quota, uint64_t period)
{
	struct limits_present present = { 0 };
	struct err err = { 0 };

	assert_int_equal(limits_present(dir, res, &present, &err), 0);
	assert_int_equal(present.memory_max, memory);
	assert_int_equal(present.cpu_quota, quota);
	assert_int_equal(present.cpu_period, period);
}

static void test_present(void **state)
{
	struct spec_memory memory = { .swap = I64(9) };
	struct spec_cpu cpu = { .burst = { true, 1 } };
	struct spec_resources res = { .memory = &memory, .cpu = &cpu };

	(void)state;
	present_is(&res, -1, -1, 100000); /* controllers that are not enabled */
	file_make("memory.max", "4096\n");
	file_make("cpu.max", "5000 20000\n");
	present_is(&res, 4096, 5000, 20000);
	file_make("memory.max", "max\n");
	file_make("cpu.max", "max 30000\n");
	present_is(&res, -1, -1, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_apply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apply_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_check_before_update, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_rollback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_unreadable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_unreadable_beside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_action, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_weight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_cpuset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_present, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
