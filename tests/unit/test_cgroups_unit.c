// SPDX-License-Identifier: Apache-2.0
/* slice:prefix:name, the names of units and slices, and the properties that limits become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cgroups/unit.h"
#include "cgroups/wire.h"

static int plan(const char *path, bool rootless, struct unit *unit, struct err *err)
{
	const struct cgroup_where where = {
		.id = "c+1", .cgroups_path = path, .rootless = rootless
	};

	return unit_plan(&where, unit, err);
}

static void expect(const char *cgroups_path, bool rootless, const char *slice, const char *name,
	const char *path)
{
	auto_(unit) struct unit unit = { 0 };
	struct err err = { 0 };

	if (plan(cgroups_path, rootless, &unit, &err) < 0)
		fail_msg("%s: %s", cgroups_path, err.msg);
	assert_string_equal(unit.slice, slice);
	assert_string_equal(unit.name, name);
	assert_string_equal(unit.path, path);
	assert_null(unit.subgroup);
}

static void refused(const char *cgroups_path, const char *why)
{
	struct unit unit = { 0 };
	struct err err = { 0 };

	assert_true(plan(cgroups_path, false, &unit, &err) < 0);
	if (!strstr(err.msg, why) || strncmp(err.msg, "linux.cgroupsPath: ", 19) != 0)
		fail_msg("%s: %s", cgroups_path, err.msg);
}

static void test_names(void **state)
{
	auto_(unit) struct unit unit = { 0 };
	struct err err = { 0 };
	char longest[300];

	(void)state;
	expect("machine.slice:libpod:123", false, "machine.slice", "libpod-123.scope",
		"/machine.slice/libpod-123.scope");
	expect("a-b-c.slice:p:n", false, "a-b-c.slice", "p-n.scope",
		"/a.slice/a-b.slice/a-b-c.slice/p-n.scope");
	expect(":p:n", false, "system.slice", "p-n.scope", "/system.slice/p-n.scope");
	expect(":p:n", true, "user.slice", "p-n.scope", "/user.slice/p-n.scope");
	expect("-:p:n", false, "-.slice", "p-n.scope", "/p-n.scope");
	expect("-.slice:p:n", false, "-.slice", "p-n.scope", "/p-n.scope");
	expect("::n", false, "system.slice", "n.scope", "/system.slice/n.scope");
	expect("x.slice:ignored:a-b.slice", false, "x.slice", "a-b.slice", "/a.slice/a-b.slice");
	expect(NULL, false, "system.slice", "ringwall-c\\x2b1.scope",
		"/system.slice/ringwall-c\\x2b1.scope");
	expect("", true, "user.slice", "ringwall-c\\x2b1.scope",
		"/user.slice/ringwall-c\\x2b1.scope");
	refused("/a/b", "is not of the form");
	refused("a", "is not of the form");
	refused("a.slice:b", "is not of the form");
	refused("a.slice:b:", "is not of the form");
	refused("a.slice:b:c:d", "is not of the form");
	refused("a:b:c", "\"a\" is no slice");
	refused(".slice:b:c", "\".slice\" is no slice");
	refused("/a.slice:b:c", "\"/a.slice\" is no slice");
	refused("../a.slice:b:c", "is no slice");
	refused("a--b.slice:b:c", "a part of its name is empty");
	refused("-a.slice:b:c", "a part of its name is empty");
	refused("a-.slice:b:c", "a part of its name is empty");
	refused("a b.slice:b:c", "because of \" \"");
	refused(":b:c/d", "because of \"/\"");
	refused(":b:c+d", "because of \"+\"");
	refused(":b/../:c", "because of \"/\"");
	refused(":b:c\n", "because of \"?\"");
	refused("::-.slice", "is the root of all cgroups");
	memset(longest, 'n', sizeof(longest));
	memcpy(longest, ":p:", 3);
	longest[3 + 247] = '\0'; /* "p-", ".scope" */
	assert_int_equal(plan(longest, false, &unit, &err), 0);
	longest[3 + 247] = 'n';
	longest[3 + 248] = '\0';
	refused(longest, "256 characters");
}

static void test_subgroup(void **state)
{
	struct spec_pair pair = { "run.oci.systemd.subgroup", "inner" };
	spec_pairs pairs = { .items = &pair, .count = 1 };
	struct cgroup_where where = { .id = "c1", .annotations = &pairs };
	auto_(unit) struct unit unit = { 0 }, none = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(unit_plan(&where, &unit, &err), 0);
	assert_string_equal(unit.subgroup, "inner");
	pair.value = "";
	assert_int_equal(unit_plan(&where, &none, &err), 0);
	assert_null(none.subgroup);
	pair.value = "../x";
	assert_true(unit_plan(&where, &none, &err) < 0);
	pair.value = "cgroup.procs";
	assert_true(unit_plan(&where, &none, &err) < 0);
	pair.value = "inner";
	where.cgroups_path = "::a.slice";
	assert_true(unit_plan(&where, &none, &err) < 0);
}

static void test_objects(void **state)
{
	auto_free char *plain = unit_object("a-b.scope"), *odd = unit_object("1\\x2b.slice");
	uint32_t uid = 0;

	(void)state;
	assert_string_equal(plain, "/org/freedesktop/systemd1/unit/a_2db_2escope");
	assert_string_equal(odd, "/org/freedesktop/systemd1/unit/_31_5cx2b_2eslice");
	assert_true(
		unit_user_of("/user.slice/user-7.slice/user@7.service/user.slice/x.scope", &uid));
	assert_int_equal(uid, 7);
	assert_false(unit_user_of("/user.slice/user-7.slice/x.scope", &uid));
	assert_false(unit_user_of("/a/user@.service/x", &uid));
	assert_false(unit_user_of("/a/user@7.service", &uid));
}

/* One file's value, as "Name=value Name=value". */
static void expect_property(const char *file, const char *value, const char *properties)
{
	struct limit limit = { .file = (char *)(uintptr_t)file, .value = (char *)(uintptr_t)value };
	const struct limits limits = { .items = &limit, .count = 1 };
	auto_(unit_properties) struct unit_properties list = { 0 };
	auto_(strbuf) struct strbuf text = STRBUF_INIT, bytes = STRBUF_INIT;
	struct err err = { 0 };

	unit_properties_limits(&limits, &list);
	for (size_t i = 0; i < list.count; i++) {
		strbuf_addf(
			&text, "%s%s=%s", i ? " " : "", list.items[i].name, list.items[i].value);
		assert_false(list.items[i].needed);
	}
	assert_string_equal(strbuf_str(&text), properties);
	assert_int_equal(unit_properties_put(&list, &bytes, &err), 0);
}

static void test_limits(void **state)
{
	(void)state;
	expect_property("memory.max", "1024", "MemoryMax=uint64 1024");
	expect_property("memory.max", "max", "MemoryMax=uint64 18446744073709551615");
	expect_property("memory.max", "max\n", "MemoryMax=uint64 18446744073709551615");
	expect_property("memory.low", "5", "MemoryLow=uint64 5");
	expect_property("memory.high", "5", "MemoryHigh=uint64 5");
	expect_property("memory.min", "5", "MemoryMin=uint64 5");
	expect_property("memory.swap.max", "0", "MemorySwapMax=uint64 0");
	expect_property("memory.zswap.writeback", "0", "MemoryZSwapWriteback=false");
	expect_property("memory.max", "10%", "");
	expect_property("memory.oom.group", "1", "");
	expect_property("pids.max", "7", "TasksMax=uint64 7");
	expect_property("cpu.weight", "59", "CPUWeight=uint64 59");
	expect_property("cpu.idle", "1", "CPUWeight=uint64 0");
	expect_property("cpu.idle", "0", "");
	expect_property("cpu.max", "50000 100000",
		"CPUQuotaPerSecUSec=uint64 500000 CPUQuotaPeriodUSec=uint64 100000");
	expect_property("cpu.max", "25500 100000",
		"CPUQuotaPerSecUSec=uint64 260000 CPUQuotaPeriodUSec=uint64 100000");
	expect_property("cpu.max", "1000 1000000",
		"CPUQuotaPerSecUSec=uint64 10000 CPUQuotaPeriodUSec=uint64 1000000");
	expect_property("cpu.max", "max 50000",
		"CPUQuotaPerSecUSec=uint64 18446744073709551615 CPUQuotaPeriodUSec=uint64 50000");
	expect_property("cpu.max", "20000",
		"CPUQuotaPerSecUSec=uint64 200000 CPUQuotaPeriodUSec=uint64 100000");
	expect_property("cpu.max", "18446744073709551614 1", "");
	expect_property("cpu.max.burst", "20000", "");
	expect_property("cpuset.cpus", "0-2,9", "AllowedCPUs=@ay [7, 2]");
	expect_property("cpuset.mems", "0", "AllowedMemoryNodes=@ay [1]");
	expect_property("cpuset.cpus", "", "");
	expect_property("cpuset.cpus", "1-", "");
	expect_property("cpuset.cpus", "3-1", "");
	expect_property("cpuset.cpus", "0-99999", "");
	expect_property("io.weight", "200", "IOWeight=uint64 200");
	expect_property("io.weight", "default 200\n8:0 300",
		"IOWeight=uint64 200 IODeviceWeight=[('/dev/block/8:0', uint64 300)]");
	expect_property("io.max", "8:0 rbps=5 wiops=max",
		"IOReadBandwidthMax=[('/dev/block/8:0', uint64 5)] "
		"IOWriteIOPSMax=[('/dev/block/8:0', uint64 18446744073709551615)]");
	expect_property("io.max", "8:16 wbps=6\n8:0 riops=7\n",
		"IOWriteBandwidthMax=[('/dev/block/8:16', uint64 6)] "
		"IOReadIOPSMax=[('/dev/block/8:0', uint64 7)]");
	expect_property("io.max", "sda rbps=5", "");
	expect_property("io.latency", "8:0 target=10",
		"IODeviceLatencyTargetUSec=[('/dev/block/8:0', uint64 10)]");
	expect_property("hugetlb.2MB.max", "5", "");
}

/* io.bfq.weight goes by the io.weight that stands for it. */
static void test_other_file(void **state)
{
	struct limit limit = { .file = (char *)(uintptr_t) "io.bfq.weight",
		.value = (char *)(uintptr_t) "500",
		.or_file = (char *)(uintptr_t) "io.weight",
		.or_value = (char *)(uintptr_t) "4950" };
	const struct limits limits = { .items = &limit, .count = 1 };
	auto_(unit_properties) struct unit_properties list = { 0 };

	(void)state;
	unit_properties_limits(&limits, &list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].value, "uint64 4950");
}

/* Every file of the table of resources that systemd could undo has its property. */
static void test_every_resource(void **state)
{
	static const char *const without[] = { "memory.current", "cpu.max.burst",
		"hugetlb.<size>.max", "rdma.max", "an eBPF program", "<key>" };

	(void)state;
	for (size_t i = 0; cgroup_key_info(i); i++) {
		const char *file = cgroup_key_info(i)->file;
		bool expected = file != NULL;

		for (size_t j = 0; file && j < ARRAY_SIZE(without); j++)
			expected = expected && strcmp(file, without[j]) != 0;
		if (file && expected != (cgroup_file_property(file) != NULL))
			fail_msg("%s", file);
	}
}

static void test_basic(void **state)
{
	static const char *const names[] = { "Description", "Slice", "Delegate", "PIDs",
		"DefaultDependencies", "CollectMode", "CPUAccounting", "MemoryAccounting",
		"IOAccounting", "TasksAccounting" };
	struct unit unit = { .name = (char *)(uintptr_t) "a.scope",
		.slice = (char *)(uintptr_t) "s.slice" };
	auto_(unit_properties) struct unit_properties list = { 0 }, slice = { 0 };
	auto_(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct err err = { 0 };

	(void)state;
	unit_properties_basic(&unit, "c1", 123, &list);
	assert_int_equal(list.count, ARRAY_SIZE(names));
	for (size_t i = 0; i < list.count; i++)
		assert_string_equal(list.items[i].name, names[i]);
	assert_string_equal(list.items[0].value, "'ringwall container c1'");
	assert_string_equal(list.items[1].value, "'s.slice'");
	assert_string_equal(list.items[3].value, "[uint32 123]");
	assert_int_equal(unit_properties_put(&list, &bytes, &err), 0);
	unit.name = (char *)(uintptr_t) "a.slice";
	unit_properties_basic(&unit, "c1", 123, &slice);
	assert_string_equal(slice.items[1].name, "Wants");
	assert_string_equal(slice.items[1].value, "['s.slice']");
	assert_string_equal(slice.items[2].name, "DefaultDependencies");
}

static int annotate(
	const char *key, const char *value, struct unit_properties *list, struct err *err)
{
	struct spec_pair items[] = { { "org.systemd", "x" }, { key, value } };
	const spec_pairs pairs = { .items = items, .count = 2 };

	return unit_properties_annotations(&pairs, list, err);
}

static void expect_annotation(
	const char *key, const char *value, const char *name, const char *text)
{
	auto_(unit_properties) struct unit_properties list = { 0 };
	struct err err = { 0 };

	if (annotate(key, value, &list, &err) < 0)
		fail_msg("%s: %s", key, err.msg);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].name, name);
	assert_string_equal(list.items[0].value, text);
	assert_true(list.items[0].needed);
}

static void refuse_annotation(const char *key, const char *value, const char *why)
{
	auto_(unit_properties) struct unit_properties list = { 0 };
	struct err err = { 0 };

	assert_true(annotate(key, value, &list, &err) < 0);
	if (!strstr(err.msg, why))
		fail_msg("%s: %s", key, err.msg);
	assert_int_equal(list.count, 0);
}

#define P "org.systemd.property."

static void test_annotations(void **state)
{
	(void)state;
	expect_annotation(P "TimeoutStopUSec", "uint64 5", "TimeoutStopUSec", "uint64 5");
	expect_annotation(P "TimeoutStopSec", "5", "TimeoutStopUSec", "uint64 5000000");
	expect_annotation(P "After", "['a.service']", "After", "['a.service']");
	expect_annotation(P "CollectMode", "'inactive'", "CollectMode", "'inactive'");
	expect_annotation(P "IPSec", "true", "IPSec", "true"); /* no lower case before Sec */
	refuse_annotation(P "TimeoutStopSec", "'5'", "no number of seconds");
	refuse_annotation(P "Ab", "true", "at least 3 characters");
	refuse_annotation(P, "true", "at least 3 characters");
	refuse_annotation(P "Abc1", "true", "letters only");
	refuse_annotation(P "Abc.d", "true", "letters only");
	refuse_annotation(P "MemoryMax", "5 MB", "annotation " P "MemoryMax: ");
}

/* Which property systemd refused is in its words. */
static void test_drop(void **state)
{
	auto_(unit_properties) struct unit_properties list = { 0 };

	(void)state;
	unit_properties_add(&list, "MemoryMax", xstrdup("uint64 1"), false);
	unit_properties_add(&list, "MemoryMaxScale", xstrdup("uint64 2"), false);
	unit_properties_add(&list, "Slice", xstrdup("'a.slice'"), true);
	assert_false(unit_properties_drop_named(&list, "Cannot set property Slice, or unknown"));
	assert_false(unit_properties_drop_named(&list, ""));
	assert_true(unit_properties_drop_named(
		&list, "Cannot set property MemoryMaxScale, or unknown property."));
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].name, "MemoryMax");
	assert_string_equal(list.items[1].name, "Slice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_subgroup),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_other_file),
		cmocka_unit_test(test_every_resource),
		cmocka_unit_test(test_basic),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
