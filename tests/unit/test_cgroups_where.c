// SPDX-License-Identifier: Apache-2.0
/* Cgroup paths (config-linux.md "Cgroups Path", security rule R9) and the kernel texts they come
 * from. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/where.h"

static void expect_path(const char *base, const char *cgroups_path, const char *wanted)
{
	const struct cgroup_where where = { .id = "c1", .cgroups_path = cgroups_path };
	auto_free char *path = NULL;
	struct err err = { 0 };

	if (where_path(&where, base, &path, &err) < 0)
		path = xstrdup(err.msg);
	assert_string_equal(path, wanted);
}

static void test_absolute(void **state)
{
	(void)state;
	expect_path("", "/a", "/a");
	expect_path("", "/a/b.slice/c:d", "/a/b.slice/c:d");
	expect_path("", "//a///b/", "/a/b");
	expect_path("/user/own", "/a", "/a"); /* below the mount, whoever asks */
	expect_path("", "/...", "/...");
}

static void test_relative(void **state)
{
	(void)state;
	expect_path("", "a/b", "/a/b");
	expect_path("/user/own", "a", "/user/own/a");
	expect_path("/", "a", "/a");
}

static void test_absent(void **state)
{
	(void)state;
	expect_path("", NULL, "/ringwall-c1");
	expect_path("", "", "/ringwall-c1");
	expect_path("/user/own", NULL, "/user/own/ringwall-c1");
}

static void test_refused(void **state)
{
	char component[300], path[5000];

	(void)state;
	expect_path("", "/a/../b", "linux.cgroupsPath: \"/a/../b\" has a component \"..\"");
	expect_path("", "..", "linux.cgroupsPath: \"..\" has a component \"..\"");
	expect_path("", "/a/./b", "linux.cgroupsPath: \"/a/./b\" has a component \".\"");
	expect_path("", "/a\nb", "linux.cgroupsPath: a control character in the path");
	expect_path("", "/", "linux.cgroupsPath: \"/\" names the root of the cgroup hierarchy");
	memset(component, 'a', sizeof(component));
	component[256] = '\0';
	expect_path("", component,
		"linux.cgroupsPath: a component of 256 bytes (the kernel allows 255)");
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? 'a' : '/';
	path[4999] = '\0';
	expect_path("", path, "linux.cgroupsPath: the path is too long");
}

static void expect_own(const char *text, const char *wanted)
{
	auto_free char *path = where_own_path(text);

	if (wanted)
		assert_string_equal(path, wanted);
	else
		assert_null(path);
}

/* cgroups(7), "/proc/pid/cgroup" */
static void test_own_path(void **state)
{
	(void)state;
	expect_own("0::/\n", "/");
	expect_own("9:name=systemd:/x\n4:memory:/y/0::/no\n0::/user.slice/a\n", "/user.slice/a");
	expect_own("0::/gone (deleted)\n", "/gone");
	expect_own("0::/../..\n", "/../..");
	expect_own("4:memory:/\n", NULL);
	expect_own("", NULL);
}

static void expect_mount(const char *text, const char *wanted)
{
	auto_free char *path = where_mountinfo_find(text);

	if (wanted)
		assert_string_equal(path, wanted);
	else
		assert_null(path);
}

/* proc(5), "/proc/pid/mountinfo" */
static void test_mountinfo(void **state)
{
	(void)state;
	expect_mount("", NULL);
	expect_mount("24 1 0:22 / /sys rw - sysfs sysfs rw\n", NULL);
	expect_mount("24 1 0:22 / /sys rw - sysfs sysfs rw\n"
		     "30 24 0:26 / /my\\040cg rw,nosuid shared:9 - cgroup2 cgroup2 rw\n",
		"/my cg");
	expect_mount("30 24 0:26 / /a rw master:1 shared:9 - cgroup2 none rw", "/a");
	expect_mount("30 24 0:26 /x /a rw - cgroup2 none rw\n", NULL); /* only a part of it */
	expect_mount("30 24 0:26 / /a rw - cgroup none rw,cgroup2\n", NULL);
}

static void expect_parent(const char *path, const char *wanted)
{
	auto_free char *parent = where_parent(path);

	assert_string_equal(parent, wanted);
}

static void test_parent(void **state)
{
	(void)state;
	expect_parent("/a/b/c", "/a/b");
	expect_parent("/a", "/");
	expect_parent("/", "/");
}

static void test_controllers_hold(void **state)
{
	(void)state;
	assert_true(controllers_hold("cpuset cpu io\n", "cpu"));
	assert_true(controllers_hold("cpuset cpu io\n", "io"));
	assert_false(controllers_hold("cpuset io\n", "cpu"));
	assert_false(controllers_hold("\n", "cpu"));
	assert_false(controllers_hold("", "cpu"));
}

/* cgroup-v2.rst, "cgroup.events" */
static void test_events(void **state)
{
	struct cgroup_events events = events_parse("populated 1\nfrozen 0\n");

	(void)state;
	assert_true(events.populated);
	assert_false(events.frozen);
	events = events_parse("populated 0\nfrozen 1\nnot_frozen 1\n");
	assert_false(events.populated);
	assert_true(events.frozen);
	events = events_parse("unpopulated 1\n");
	assert_false(events.populated);
}

/* The façade without a cgroup: nothing is looked at, nothing fails that need not. */
static void test_disabled(void **state)
{
	const struct cgroup_where where = { .manager = CGROUP_MANAGER_DISABLED, .id = "c1" };
	struct spec_resources resources = { .pids_limit = { true, 5 } };
	auto_(cgroup) struct cgroup *cgroup = NULL;
	auto_free pid_t *pids = NULL;
	size_t count = 1;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cgroup_plan(&where, &cgroup, &err), 0);
	assert_string_equal(cgroup_path(cgroup), "");
	assert_null(cgroup_unit(cgroup));
	assert_int_equal(cgroup_create(cgroup, &resources, NULL, &err), 0);
	assert_int_equal(cgroup_fd(cgroup, &err), FD_NONE);
	assert_int_equal(cgroup_is_frozen(cgroup, &err), 0);
	assert_int_equal(cgroup_populated(cgroup, &err), 0);
	assert_int_equal(cgroup_pids(cgroup, &pids, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(cgroup_kill(cgroup, &err), 1);
	assert_int_equal(cgroup_signal(cgroup, 15, &err), 1);
	assert_int_equal(cgroup_destroy(cgroup, 0, &err), 0);
	assert_int_equal(err.num, 0);
	assert_true(cgroup_freeze(cgroup, true, &err) < 0);
	assert_string_equal(err.msg, "pausing needs a cgroup: the container has none");
	assert_true(cgroup_update(cgroup, &resources, false, NULL, &err) < 0);
	assert_string_equal(
		err.msg, "linux.resources.pids.limit needs a cgroup: the container has none");
}

/* What is wrong with the configuration is said before anybody looks for a systemd. */
static void test_systemd(void **state)
{
	const struct cgroup_where where = {
		.manager = CGROUP_MANAGER_SYSTEMD, .id = "c1", .cgroups_path = "/a/b"
	};
	struct cgroup *cgroup = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(cgroup_plan(&where, &cgroup, &err) < 0);
	assert_string_equal(err.msg,
		"linux.cgroupsPath: \"/a/b\" is not of the form \"slice:prefix:name\", as the "
		"systemd cgroup manager needs it");
	assert_string_equal(err.hint, "use --cgroup-manager=cgroupfs for paths of cgroups");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_own_path),
		cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_parent),
		cmocka_unit_test(test_controllers_hold),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_systemd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
