// SPDX-License-Identifier: Apache-2.0
/*
 * linux.resources -> the list of writes, or the exact error.  Expectations come from
 * config-linux.md, the kernel's cgroup-v2.rst and the conversion tables that runc and crun
 * document.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "cgroups/limits.h"

#define I64(x)          \
	{               \
		true, x \
	}
#define SET(x)          \
	{               \
		true, x \
	}

/* "file=value;file=value;" or "error: text" */
static void gives_with(
	const struct spec_resources *res, const struct limits_present *present, const char *wanted)
{
	auto_(limits) struct limits limits = { 0 };
	auto_(strbuf) struct strbuf out = STRBUF_INIT;
	struct err err = { 0 };

	if (limits_plan(res, present, &limits, &err) < 0)
		strbuf_addf(&out, "error: %s", err.msg);
	for (size_t i = 0; i < limits.count; i++) {
		const struct limit *l = &limits.items[i];

		strbuf_addf(&out, "%s=%s", l->file, l->value);
		if (l->or_file)
			strbuf_addf(&out, " or %s=%s", l->or_file, l->or_value);
		strbuf_addf(&out, "%s;", l->optional ? "?" : "");
	}
	assert_string_equal(strbuf_str(&out), wanted);
}

static void gives(const struct spec_resources *res, const char *wanted)
{
	gives_with(res, NULL, wanted);
}

static void memory_gives(struct spec_memory memory, const char *wanted)
{
	struct spec_resources res = { .memory = &memory };

	gives(&res, wanted);
}

static void cpu_gives(struct spec_cpu cpu, const struct limits_present *present, const char *wanted)
{
	struct spec_resources res = { .cpu = &cpu };

	gives_with(&res, present, wanted);
}

static void test_nothing(void **state)
{
	struct spec_resources res = { 0 };

	(void)state;
	gives(NULL, "");
	gives(&res, "");
}

static void test_memory(void **state)
{
	(void)state;
	memory_gives((struct spec_memory){ .limit = I64(1048576) }, "memory.max=1048576;");
	memory_gives((struct spec_memory){ .limit = I64(-1) }, "memory.max=max;");
	memory_gives((struct spec_memory){ .limit = I64(0) }, "");
	memory_gives((struct spec_memory){ .limit = I64(-2) },
		"error: linux.resources.memory.limit: -2 is neither a size in bytes nor -1 "
		"(unlimited)");
	memory_gives((struct spec_memory){ .reservation = I64(4096) }, "memory.low=4096;");
	memory_gives((struct spec_memory){ .reservation = I64(0) }, "memory.low=0;");
}

static void test_memory_swap(void **state)
{
	const struct limits_present present = { .memory_max = 1000, .cpu_quota = -1 };
	struct spec_memory memory = { .swap = I64(1500) };
	struct spec_resources res = { .memory = &memory };

	(void)state;
	memory_gives((struct spec_memory){ .limit = I64(100), .swap = I64(300) },
		"memory.max=100;memory.swap.max=200;");
	memory_gives((struct spec_memory){ .limit = I64(100), .swap = I64(100) },
		"memory.max=100;memory.swap.max=0?;");
	memory_gives((struct spec_memory){ .limit = I64(100), .swap = I64(-1) },
		"memory.max=100;memory.swap.max=max?;");
	memory_gives((struct spec_memory){ .limit = I64(100), .swap = I64(0) }, "memory.max=100;");
	memory_gives((struct spec_memory){ .limit = I64(100), .swap = I64(99) },
		"error: linux.resources.memory.swap: 99 bytes of memory and swap are less than the "
		"100 of memory alone");
	memory_gives((struct spec_memory){ .swap = I64(99) },
		"error: linux.resources.memory.swap: a limit of memory and swap together needs "
		"linux.resources.memory.limit");
	memory_gives((struct spec_memory){ .limit = I64(-1), .swap = I64(99) },
		"error: linux.resources.memory.swap: a limit of memory and swap together needs "
		"linux.resources.memory.limit");
	gives_with(&res, &present, "memory.swap.max=500;");
	memory = (struct spec_memory){ .limit = I64(-1) };
	gives_with(&res, &present, "memory.max=max;memory.swap.max=max?;");
}

static void test_memory_v1_only(void **state)
{
	(void)state;
	memory_gives((struct spec_memory){ .kernel = I64(-1), .kernel_tcp = I64(-1) }, "");
	memory_gives((struct spec_memory){ .kernel = I64(1) },
		"error: linux.resources.memory.kernel: cgroup v2 has no such control (memory.max "
		"counts kernel memory too; only -1 and 0 are accepted)");
	memory_gives((struct spec_memory){ .kernel_tcp = I64(1) },
		"error: linux.resources.memory.kernelTCP: cgroup v2 has no such control "
		"(memory.max "
		"counts TCP buffers too; only -1 and 0 are accepted)");
	memory_gives((struct spec_memory){ .swappiness = SET(0) },
		"error: linux.resources.memory.swappiness: cgroup v2 has no such control (it was "
		"part of cgroup v1)");
	memory_gives((struct spec_memory){ .disable_oom_killer = SET(false) }, "");
	memory_gives((struct spec_memory){ .disable_oom_killer = SET(true) },
		"error: linux.resources.memory.disableOOMKiller: cgroup v2 has no such control (it "
		"was part of cgroup v1; only false is accepted)");
	memory_gives((struct spec_memory){ .use_hierarchy = SET(true) }, "");
	memory_gives((struct spec_memory){ .use_hierarchy = SET(false) },
		"error: linux.resources.memory.useHierarchy: cgroup v2 has no such control (v2 is "
		"always hierarchical; only true is accepted)");
}

static void test_check_before_update(void **state)
{
	struct spec_memory memory = { .limit = I64(77), .check_before_update = SET(true) };
	struct spec_resources res = { .memory = &memory };
	auto_(limits) struct limits limits = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(limits_plan(&res, NULL, &limits, &err), 0);
	assert_true(limits.usage_max.set);
	assert_int_equal(limits.usage_max.v, 77);
}

/* The points that fix the parabola, its neighbours, and values computed with bc -l. */
static void test_cpu_weight(void **state)
{
	static const uint64_t table[][2] = { { 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 2 }, { 10, 4 },
		{ 100, 17 }, { 102, 17 }, { 512, 59 }, { 1023, 100 }, { 1024, 100 }, { 1025, 101 },
		{ 2048, 174 }, { 10240, 639 }, { 102400, 4429 }, { 204800, 8064 },
		{ 262143, 10000 }, { 262144, 10000 }, { UINT64_MAX, 10000 } };
	uint64_t before = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(limits_cpu_weight(table[i][0]), table[i][1]);
	for (uint64_t shares = 0; shares <= 262144; shares += 7) { /* never falls */
		uint64_t weight = limits_cpu_weight(shares);

		assert_true(weight >= before && weight >= 1 && weight <= 10000);
		before = weight;
	}
}

static void test_cpu_shares_idle(void **state)
{
	(void)state;
	cpu_gives((struct spec_cpu){ .shares = SET(1024) }, NULL, "cpu.weight=100;");
	cpu_gives((struct spec_cpu){ .shares = SET(0) }, NULL, "");
	cpu_gives((struct spec_cpu){ .idle = I64(1) }, NULL, "cpu.idle=1;");
	cpu_gives((struct spec_cpu){ .idle = I64(1), .shares = SET(512) }, NULL, "cpu.idle=1;");
	cpu_gives((struct spec_cpu){ .idle = I64(0), .shares = SET(512) }, NULL,
		"cpu.idle=0;cpu.weight=59;");
	cpu_gives((struct spec_cpu){ .idle = I64(2) }, NULL,
		"error: linux.resources.cpu.idle: 2 is neither 0 nor 1");
}

static void test_cpu_max(void **state)
{
	const struct limits_present now = { .cpu_quota = 20000, .cpu_period = 50000 };
	const struct limits_present unlimited = { .cpu_quota = -1, .cpu_period = 100000 };

	(void)state;
	cpu_gives((struct spec_cpu){ .quota = I64(50000) }, NULL, "cpu.max=50000 100000;");
	cpu_gives((struct spec_cpu){ .quota = I64(-1) }, NULL, "cpu.max=max 100000;");
	cpu_gives((struct spec_cpu){ .quota = I64(0) }, NULL, "");
	cpu_gives((struct spec_cpu){ .period = SET(200000) }, NULL, "cpu.max=max 200000;");
	cpu_gives((struct spec_cpu){ .quota = I64(5000), .period = SET(20000) }, NULL,
		"cpu.max=5000 20000;");
	cpu_gives((struct spec_cpu){ .quota = I64(999) }, NULL,
		"error: linux.resources.cpu.quota: 999 microseconds is not in the range of the "
		"kernel, 1000 to 17592186044415");
	cpu_gives((struct spec_cpu){ .period = SET(1000001) }, NULL,
		"error: linux.resources.cpu.period: 1000001 microseconds is not in the range of "
		"the "
		"kernel, 1000 to 1000000");
	/* update: what is not given stays */
	cpu_gives((struct spec_cpu){ .quota = I64(30000) }, &now, "cpu.max=30000 50000;");
	cpu_gives((struct spec_cpu){ .period = SET(40000) }, &now, "cpu.max=20000 40000;");
	cpu_gives((struct spec_cpu){ .period = SET(40000) }, &unlimited, "cpu.max=max 40000;");
}

/* sched_cfs_period: burst <= quota must hold after every single write */
static void test_cpu_burst(void **state)
{
	const struct limits_present now = { .cpu_quota = 20000, .cpu_period = 100000 };
	const struct limits_present bursting = {
		.cpu_quota = 20000, .cpu_period = 100000, .cpu_burst = 15000
	};

	(void)state;
	cpu_gives((struct spec_cpu){ .quota = I64(15000) }, &bursting, "cpu.max=15000 100000;");
	cpu_gives((struct spec_cpu){ .quota = I64(-1) }, &bursting, "cpu.max=max 100000;");
	cpu_gives((struct spec_cpu){ .quota = I64(10000) }, &bursting,
		"error: linux.resources.cpu.quota: 10000 microseconds are less than the burst of "
		"15000 that the container has");
	cpu_gives((struct spec_cpu){ .quota = I64(10000), .burst = SET(0) }, &bursting,
		"cpu.max.burst=0;cpu.max=10000 100000;");
	cpu_gives((struct spec_cpu){ .quota = I64(5000), .burst = SET(5000) }, NULL,
		"cpu.max=5000 100000;cpu.max.burst=5000;");
	cpu_gives((struct spec_cpu){ .quota = I64(5000), .burst = SET(5001) }, NULL,
		"error: linux.resources.cpu.burst: 5001 microseconds is more than the quota of "
		"5000");
	cpu_gives((struct spec_cpu){ .burst = SET(20001) }, &now,
		"error: linux.resources.cpu.burst: 20001 microseconds is more than the quota of "
		"20000");
	cpu_gives((struct spec_cpu){ .burst = SET(1000) }, &now, "cpu.max.burst=1000;");
	cpu_gives((struct spec_cpu){ .quota = I64(10000), .burst = SET(9000) }, &now,
		"cpu.max.burst=9000;cpu.max=10000 100000;");
	cpu_gives((struct spec_cpu){ .quota = I64(40000), .burst = SET(30000) }, &now,
		"cpu.max=40000 100000;cpu.max.burst=30000;");
	cpu_gives((struct spec_cpu){ .burst = SET(7) }, NULL, "cpu.max.burst=7;");
}

static void test_cpu_rest(void **state)
{
	(void)state;
	cpu_gives((struct spec_cpu){ .cpus = "0-1", .mems = "0" }, NULL,
		"cpuset.cpus=0-1;cpuset.mems=0;");
	cpu_gives((struct spec_cpu){ .cpus = "", .mems = "" }, NULL, "");
	cpu_gives((struct spec_cpu){ .realtime_runtime = I64(0), .realtime_period = SET(0) }, NULL,
		"");
	cpu_gives((struct spec_cpu){ .realtime_runtime = I64(5) }, NULL,
		"error: linux.resources.cpu.realtimeRuntime: cgroup v2 has no such control (it was "
		"part of cgroup v1; only 0 is accepted)");
	cpu_gives((struct spec_cpu){ .realtime_period = SET(5) }, NULL,
		"error: linux.resources.cpu.realtimePeriod: cgroup v2 has no such control (it was "
		"part of cgroup v1; only 0 is accepted)");
}

static void test_pids(void **state)
{
	struct spec_resources res = { .pids_limit = I64(20) };

	(void)state;
	gives(&res, "pids.max=20;");
	res.pids_limit.v = -1;
	gives(&res, "pids.max=max;");
	res.pids_limit.v = 0; /* a real limit: no fork; 1 is the container's first process */
	gives(&res, "pids.max=1;");
	res.pids_limit.v = -2;
	gives(&res,
		"error: linux.resources.pids.limit: -2 is neither a number of tasks nor -1 "
		"(unlimited)");
}

static void test_block_io(void **state)
{
	struct spec_weight_device weights[] = { { 8, 0, SET(500), { 0 } },
		{ 8, 16, { 0 }, { 0 } } };
	struct spec_throttle_device rates[] = { { 8, 0, 1048576 }, { 8, 16, 0 } };
	struct spec_block_io io = { .weight = SET(10) };
	struct spec_resources res = { .block_io = &io };

	(void)state;
	gives(&res, "io.bfq.weight=10 or io.weight=1;");
	io.weight.v = 100;
	gives(&res, "io.bfq.weight=100 or io.weight=910;");
	io.weight.v = 1000;
	gives(&res, "io.bfq.weight=1000 or io.weight=10000;");
	io.weight.v = 0; /* docker always writes the member */
	gives(&res, "");
	io.weight.v = 9;
	gives(&res, "error: linux.resources.blockIO.weight: 9 is not in the range 10 to 1000");
	io = (struct spec_block_io){ .leaf_weight = SET(10) };
	gives(&res,
		"error: linux.resources.blockIO.leafWeight: cgroup v2 has no such control (it went "
		"with the CFQ scheduler in Linux 5.0)");
	io = (struct spec_block_io){ .weight_device = { weights, 2 } };
	gives(&res, "io.bfq.weight=8:0 500 or io.weight=8:0 4950;");
	weights[1].leaf_weight = (struct opt_u32)SET(10);
	gives(&res,
		"error: linux.resources.blockIO.weightDevice[1].leafWeight: cgroup v2 has no such "
		"control");
	io = (struct spec_block_io){ .throttle_read_bps_device = { rates, 2 },
		.throttle_write_iops_device = { rates, 1 } };
	gives(&res, "io.max=8:0 rbps=1048576;io.max=8:16 rbps=max;io.max=8:0 wiops=1048576;");
	io = (struct spec_block_io){ .throttle_write_bps_device = { rates, 1 },
		.throttle_read_iops_device = { rates, 1 } };
	gives(&res, "io.max=8:0 wbps=1048576;io.max=8:0 riops=1048576;");
	rates[0].major = -1;
	gives(&res,
		"error: linux.resources.blockIO.throttleWriteBpsDevice[0]: -1:0 is not a device "
		"number");
}

static void test_hugetlb(void **state)
{
	struct spec_hugepage_limit huge[] = { { "2MB", 4194304 }, { "1GB", UINT64_MAX } };
	struct spec_resources res = { .hugepage_limits = { huge, 2 } };

	(void)state;
	gives(&res,
		"hugetlb.2MB.rsvd.max=4194304?;hugetlb.2MB.max=4194304;"
		"hugetlb.1GB.rsvd.max=18446744073709551615?;"
		"hugetlb.1GB.max=18446744073709551615;");
	huge[0].page_size = "../../x"; /* GHSA-5g49-rx9x-qfc6 */
	gives(&res,
		"error: linux.resources.hugepageLimits[0].pageSize: \"../../x\" is not a page "
		"size");
}

static void test_rdma_network(void **state)
{
	struct spec_rdma rdma[] = { { "mlx5_1", SET(3), SET(10000) }, { "mlx4_0", { 0 }, SET(5) } };
	struct spec_interface_priority priority = { "eth0", 1 };
	struct spec_network network = { .class_id = SET(0) };
	struct spec_resources res = { .rdma = { rdma, 2 } };

	(void)state;
	gives(&res, "rdma.max=mlx5_1 hca_handle=3 hca_object=10000;rdma.max=mlx4_0 hca_object=5;");
	rdma[1].device = "a b";
	gives(&res, "error: linux.resources.rdma[\"a b\"]: not a device name");
	res = (struct spec_resources){ .network = &network };
	gives(&res, "");
	network.class_id.v = 1;
	gives(&res,
		"error: linux.resources.network.classID: cgroup v2 has no such control (it was "
		"part "
		"of cgroup v1; only 0 is accepted)");
	network = (struct spec_network){ .priorities = { &priority, 1 } };
	gives(&res,
		"error: linux.resources.network.priorities: cgroup v2 has no such control (it was "
		"part of cgroup v1)");
}

static void unified_gives(const char *key, const char *value, const char *wanted)
{
	struct spec_pair pair = { key, value };
	struct spec_resources res = { .unified = { &pair, 1 } };

	gives(&res, wanted);
}

static void test_unified(void **state)
{
	struct spec_pair pair = { "memory.max", "5" };
	struct spec_memory memory = { .limit = I64(7) };
	struct spec_resources res = { .memory = &memory, .unified = { &pair, 1 } };

	(void)state;
	unified_gives("io.max", "259:0 rbps=1\n253:0 rbps=2", "io.max=259:0 rbps=1\n253:0 rbps=2;");
	unified_gives("new.knob", "x", "new.knob=x;"); /* unknown: MUST still be written */
	unified_gives("cgroup.max.depth", "3", "cgroup.max.depth=3;");
	unified_gives("cgroup.pressure", "0", "cgroup.pressure=0;");
	gives(&res, "memory.max=7;memory.max=5;"); /* last */
	unified_gives("cgroup.procs", "0",
		"error: linux.resources.unified[\"cgroup.procs\"]: this file belongs to the "
		"runtime "
		"and cannot be configured");
	unified_gives("cgroup.freeze", "1",
		"error: linux.resources.unified[\"cgroup.freeze\"]: this file belongs to the "
		"runtime and cannot be configured");
	unified_gives("a.b/c", "1",
		"error: linux.resources.unified[\"a.b/c\"]: not the name of a cgroup file "
		"(\"controller.what\")");
	unified_gives("..", "1",
		"error: linux.resources.unified[\"..\"]: not the name of a cgroup file "
		"(\"controller.what\")");
	unified_gives("memory", "1",
		"error: linux.resources.unified[\"memory\"]: not the name of a cgroup file "
		"(\"controller.what\")");
}

/* Which controllers must be enabled. */
static void test_controllers(void **state)
{
	struct spec_pair pairs[] = { { "misc.max", "a 1" }, { "cgroup.max.depth", "1" } };
	struct spec_memory memory = { .limit = I64(7) };
	struct spec_cpu cpu = { .quota = I64(5000), .cpus = "0" };
	struct spec_block_io io = { .weight = SET(10) };
	struct spec_resources res = { .memory = &memory,
		.cpu = &cpu,
		.pids_limit = I64(1),
		.block_io = &io,
		.unified = { pairs, 2 } };
	static const char *const wanted[] = { "memory", "cpu", "cpuset", "pids", "io", "misc",
		NULL };
	auto_(limits) struct limits limits = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(limits_plan(&res, NULL, &limits, &err), 0);
	assert_int_equal(limits.count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < limits.count; i++) {
		if (wanted[i])
			assert_string_equal(limits.items[i].controller, wanted[i]);
		else
			assert_null(limits.items[i].controller);
	}
}

/* Every row is complete and no property stands in two rows. */
static void test_table(void **state)
{
	const struct cgroup_key_info *a, *b;
	size_t count = 0;

	(void)state;
	for (; (a = cgroup_key_info(count)); count++) {
		assert_non_null(a->property);
		assert_int_equal(strncmp(a->property, "linux.resources.", 16), 0);
		assert_true(a->doc && *a->doc);
		for (size_t i = 0; i < count; i++) {
			b = cgroup_key_info(i);
			assert_string_not_equal(a->property, b->property);
		}
	}
	/* memory, cpu, pids, blockIO, hugepageLimits, rdma, network, unified, devices: what the
	 * specification lists */
	assert_int_equal(count, 9 + 9 + 1 + 7 + 1 + 1 + 2 + 1 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_swap),
		cmocka_unit_test(test_memory_v1_only),
		cmocka_unit_test(test_check_before_update),
		cmocka_unit_test(test_cpu_weight),
		cmocka_unit_test(test_cpu_shares_idle),
		cmocka_unit_test(test_cpu_max),
		cmocka_unit_test(test_cpu_burst),
		cmocka_unit_test(test_cpu_rest),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_block_io),
		cmocka_unit_test(test_hugetlb),
		cmocka_unit_test(test_rdma_network),
		cmocka_unit_test(test_unified),
		cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
