// SPDX-License-Identifier: Apache-2.0
/*
 * rootfs/plan.c: the plan of a container's mounts from a configuration.  The parent is taken to be
 * unprivileged, so nothing is cloned.  The expectations come from config.md ("Mounts"), and for
 * what may be mounted on /proc, and what may not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rootfs/internal.h"

#define STRINGS(...)                                                                   \
	{                                                                              \
		(const char *[]){ __VA_ARGS__ },                                       \
			sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *) \
	}

/* One configuration with the root "/", which exists everywhere. */
struct config {
	struct spec spec;
	struct spec_root root;
	struct spec_linux linux_;
	struct rootfs_options options;
};

static void config_init(struct config *config, struct spec_mount *mounts, size_t count)
{
	memset(config, 0, sizeof(*config));
	config->root.path = "/";
	config->spec.root = &config->root;
	config->spec.linux_ = &config->linux_;
	config->spec.mounts.items = mounts;
	config->spec.mounts.count = count;
	config->options.bundle = "/bundle";
	config->options.new_mount_ns = true;
	config->options.own_cgroup_ns = true;
	config->options.own_network_ns = true;
	config->options.unprivileged = true;
}

static struct rootfs_plan *make(const struct config *config)
{
	struct rootfs_plan *plan = NULL;
	struct err err = { 0 };

	if (rootfs_plan_new(&config->spec, &config->options, &plan, &err) < 0)
		fail_msg("%s", err.msg);
	return plan;
}

static void assert_refused(const struct config *config, const char *text)
{
	struct rootfs_plan *plan = NULL;
	struct err err = { 0 };

	assert_true(rootfs_plan_new(&config->spec, &config->options, &plan, &err) < 0);
	assert_null(plan);
	if (!strstr(err.msg, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err.msg);
}

static void refuse_mount(struct spec_mount mount, const char *text)
{
	struct config config;

	config_init(&config, &mount, 1);
	assert_refused(&config, text);
}

static enum mount_kind kind_of(struct spec_mount mount)
{
	struct config config;
	struct rootfs_plan *plan;
	enum mount_kind kind;

	config_init(&config, &mount, 1);
	plan = make(&config);
	kind = plan->mounts[0].kind;
	rootfs_plan_free(plan);
	return kind;
}

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(kind_of((struct spec_mount){ "/proc", "proc", "proc", { 0 } }), MOUNT_FS);
	assert_int_equal(kind_of((struct spec_mount){ "/x", "bind", "/s", { 0 } }), MOUNT_BIND);
	assert_int_equal(
		kind_of((struct spec_mount){ "/x", NULL, "/s", STRINGS("rbind") }), MOUNT_BIND);
	assert_int_equal(
		kind_of((struct spec_mount){ "/x", "none", "/s", STRINGS("bind") }), MOUNT_BIND);
	assert_int_equal(kind_of((struct spec_mount){ "/x", NULL, NULL, STRINGS("rshared") }),
		MOUNT_REMOUNT);
	assert_int_equal(kind_of((struct spec_mount){ "/x", NULL, NULL, STRINGS("remount", "ro") }),
		MOUNT_REMOUNT);
}

static void test_bind_source(void **state)
{
	struct spec_mount mounts[] = {
		{ "/a", "bind", "volumes/a", STRINGS("bind", "rro", "nosuid") },
		{ "b//c/../d", "bind", "/volumes/b", STRINGS("rbind", "rro") },
	};
	struct config config;
	struct rootfs_plan *plan;

	(void)state;
	config_init(&config, mounts, 2);
	plan = make(&config);
	assert_string_equal(plan->mounts[0].source, "/bundle/volumes/a");
	assert_string_equal(plan->mounts[1].source, "/volumes/b");
	assert_string_equal(plan->mounts[1].clean, "/b/d"); /* relative: from "/" */
	/* without a tree rro is ro */
	assert_int_equal(plan->mounts[0].request.attr_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(plan->mounts[0].request.tree_set, 0);
	assert_int_equal(plan->mounts[1].request.tree_set, MOUNT_ATTR_RDONLY);
	assert_int_equal(plan->mounts[1].request.attr_set, 0);
	rootfs_plan_free(plan);
}

static void test_refused(void **state)
{
	(void)state;
	refuse_mount((struct spec_mount){ "/x", "bind", NULL, { 0 } }, "mounts[0] \"/x\": ");
	refuse_mount((struct spec_mount){ "/x", NULL, "/s", { 0 } }, "no type");
	refuse_mount((struct spec_mount){ "/x/..", "tmpfs", "t", { 0 } }, "replace the root");
	refuse_mount((struct spec_mount){ "/x", "proc", "p", STRINGS("tmpcopyup") }, "tmpcopyup");
	refuse_mount((struct spec_mount){ "/x", "bind", "/s", STRINGS("bind", "idmap") },
		"user namespace");
}

/* CVE-2019-16884, CVE-2019-19921: what is on /proc is trusted by everybody. */
static void test_proc(void **state)
{
	static const char *const allowed[] = { "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",
		"/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo",
		"/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled" };
	static const char *const refused[] = { "/proc/self", "/proc/self/attr", "/proc/1",
		"/proc/sys", "/proc/sys/kernel", "/proc/./self", "proc/self", "/x/../proc/self",
		"/proc/cpuinfo/x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		assert_int_equal(kind_of((struct spec_mount){ allowed[i], "bind", "/s", { 0 } }),
			MOUNT_BIND);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		refuse_mount(
			(struct spec_mount){ refused[i], "bind", "/s", { 0 } }, "inside /proc");
	refuse_mount((struct spec_mount){ "/proc", "tmpfs", "t", { 0 } }, "only a procfs");
	refuse_mount((struct spec_mount){ "//proc/", "overlay", "t", { 0 } }, "only a procfs");
	assert_int_equal(kind_of((struct spec_mount){ "/process", "tmpfs", "t", { 0 } }), MOUNT_FS);
}

/* What a user namespace cannot mount anew is planned as a clone of the host's at once; so are
 * cgroups without a namespace. */
static void test_foreign_namespaces(void **state)
{
	struct spec_mount mounts[] = {
		{ "/sys", "sysfs", "sysfs", { 0 } },
		{ "/sys/fs/cgroup", "cgroup", "cgroup", { 0 } },
		{ "/proc", "proc", "proc", { 0 } },
	};
	struct config config;
	struct rootfs_plan *plan;

	(void)state;
	config_init(&config, mounts, 3);
	config.options.own_network_ns = false;
	config.options.own_cgroup_ns = false;
	plan = make(&config);
	assert_int_equal(plan->mounts[0].kind, MOUNT_FS);
	assert_int_equal(plan->mounts[1].kind, MOUNT_HOST);
	assert_int_equal(plan->mounts[2].kind, MOUNT_FS);
	rootfs_plan_free(plan);
	config.options.own_cgroup_ns = true;
	plan = make(&config);
	assert_int_equal(plan->mounts[1].kind, MOUNT_FS);
	rootfs_plan_free(plan);
	config.options.own_cgroup_ns = false;
	config.options.own_user_ns = true;
	plan = make(&config);
	assert_int_equal(plan->mounts[0].kind, MOUNT_HOST);
	assert_int_equal(plan->mounts[1].kind, MOUNT_HOST);
	assert_int_equal(plan->mounts[2].kind, MOUNT_FS);
	rootfs_plan_free(plan);
}

/* Both versions of cgroups are one type in the configuration, and version 2 here. */
static void test_fs_names(void **state)
{
	(void)state;
	assert_string_equal(fs_kind_of("cgroup")->name, "cgroup2");
	assert_string_equal(fs_kind_of("cgroup2")->name, "cgroup2");
	assert_true(fs_kind_of("proc")->plain_dir && fs_kind_of("sysfs")->plain_dir);
	assert_true(fs_kind_of("tmpfs")->late_readonly);
	assert_false(fs_kind_of("tmpfs")->names_files);
	assert_true(fs_kind_of("overlay")->names_files);
	assert_true(fs_kind_of("ext4")->names_files);
}

static void test_long_value(void **state)
{
	char longest[FS_VALUE_MAX + 16] = "lowerdir=";
	char longer[FS_VALUE_MAX + 16] = "lowerdir=";
	struct spec_mount mounts[] = {
		{ "/a", "overlay", "o", STRINGS(longest, "index=off") },
		{ "/b", "overlay", "o", STRINGS(longer, "userxattr", "index=off", "nosuid") },
	};
	struct config config;
	struct rootfs_plan *plan;

	(void)state;
	memset(longest + 9, 'x', FS_VALUE_MAX);
	memset(longer + 9, 'x', FS_VALUE_MAX + 1);
	config_init(&config, mounts, 2);
	plan = make(&config);
	assert_null(plan->mounts[0].data);
	assert_non_null(plan->mounts[1].data);
	assert_memory_equal(plan->mounts[1].data, longer, strlen(longer));
	assert_string_equal(plan->mounts[1].data + strlen(longer), ",userxattr,index=off");
	assert_int_equal(plan->mounts[1].request.flags, MS_NOSUID);
	rootfs_plan_free(plan);
}

static void test_host_dev(void **state)
{
	static const struct {
		struct spec_mount mount;
		bool host_dev;
	} rows[] = {
		{ { "/dev", "tmpfs", "tmpfs", { 0 } }, false },
		{ { "/dev/", "bind", "/dev", { 0 } }, true },
		{ { "/dev", "devtmpfs", "dev", { 0 } }, true },
		{ { "/dev/shm", "bind", "/dev/shm", { 0 } }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_mount mount = rows[i].mount;
		struct config config;
		struct rootfs_plan *plan;

		config_init(&config, &mount, 1);
		plan = make(&config);
		assert_int_equal(plan->host_dev, rows[i].host_dev);
		rootfs_plan_free(plan);
	}
}

static int idmap_calls;

static int fake_userns(void *arg, const spec_idmaps *uid, const spec_idmaps *gid, struct err *err)
{
	(void)err;
	assert_ptr_equal(arg, &idmap_calls);
	idmap_calls++;
	assert_int_equal(!uid, !gid);
	if (uid)
		assert_int_equal(uid->items[0].host_id + gid->items[0].host_id, 1000 + 2000);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void test_idmap(void **state)
{
	struct spec_idmap uid = { 0, 1000, 10 }, gid = { 0, 2000, 10 };
	struct spec_mount mounts[] = {
		{ "/a", "bind", "/s", STRINGS("rbind"), { &uid, 1 }, { &gid, 1 } },
		{ "/b", "bind", "/s", STRINGS("rbind", "ridmap"), { 0 }, { 0 } },
		{ "/c", "bind", "/s", STRINGS("rbind"), { 0 }, { 0 } },
	};
	struct config config;
	struct rootfs_plan *plan;

	(void)state;
	idmap_calls = 0;
	config_init(&config, mounts, 3);
	config.options.idmap_userns = fake_userns;
	config.options.idmap_arg = &idmap_calls;
	config.options.own_user_ns = true;
	plan = make(&config);
	assert_int_equal(idmap_calls, 2);
	/* mappings alone mean "idmap" */
	assert_true(plan->mounts[0].request.idmap && !plan->mounts[0].request.idmap_recursive);
	assert_true(plan->mounts[0].idmap_fd >= 0);
	assert_true(plan->mounts[1].request.idmap && plan->mounts[1].request.idmap_recursive);
	assert_false(plan->mounts[2].request.idmap);
	rootfs_plan_free(plan);
	/* without a user namespace there are no mappings to take */
	config.options.own_user_ns = false;
	assert_refused(&config, "mounts[1] \"/b\": idmap");
}

static void test_no_namespace(void **state)
{
	struct spec_mount mount = { "/x", "tmpfs", "t", { 0 } };
	spec_strings masked = STRINGS("/proc/kcore");
	struct config config;
	struct rootfs_plan *plan;

	(void)state;
	config_init(&config, &mount, 1);
	config.options.new_mount_ns = false;
	assert_refused(&config, "mounts: not possible without a mount namespace");
	config.spec.mounts.count = 0;
	config.root.readonly = true;
	assert_refused(&config, "root.readonly");
	config.root.readonly = false;
	config.linux_.masked_paths = masked;
	assert_refused(&config, "linux.maskedPaths");
	config.linux_.masked_paths.count = 0;
	plan = make(&config);
	assert_string_equal(rootfs_path(plan), "/");
	rootfs_plan_free(plan);
}

static void test_root(void **state)
{
	struct config config;

	(void)state;
	config_init(&config, NULL, 0);
	config.root.path = "rootfs";
	assert_refused(&config, "root.path: open \"/bundle/rootfs\": no such file or directory");
	config.root.path = "/dev/null";
	assert_refused(&config, "root.path: open \"/dev/null\": not a directory");
}

/* R12: a label that cannot be set is an error, not a container without it. */
static void test_mount_label(void **state)
{
	struct config config;
	struct rootfs_plan *plan;

	(void)state;
	config_init(&config, NULL, 0);
	config.linux_.mount_label = "";
	plan = make(&config);
	assert_null(plan->mount_label);
	rootfs_plan_free(plan);
	config.linux_.mount_label = "system_u:object_r:container_file_t:s0:c1,c2";
	if (access("/sys/fs/selinux/enforce", F_OK) == 0)
		return; /* nothing to refuse here */
	assert_refused(&config, "linux.mountLabel");
}

static void test_terminal(void **state)
{
	struct spec_mount mount = { "/dev/pts", "devpts", "devpts", { 0 } };
	struct config config;

	(void)state;
	config_init(&config, &mount, 1);
	config.options.terminal = true;
	rootfs_plan_free(make(&config));
	config.spec.mounts.count = 0;
	assert_refused(&config, "process.terminal");
}

static void test_extra_binds(void **state)
{
	const struct rootfs_bind binds[] = {
		{ .source = "/run/notify", .destination = "/run/notify", .readonly = true },
		{ .source = "/run/other", .destination = "/run/other" },
	};
	struct spec_mount mount = { "/x", "tmpfs", "t", { 0 } };
	struct config config;
	struct rootfs_plan *plan;

	(void)state;
	config_init(&config, &mount, 1);
	config.options.binds = binds;
	config.options.bind_count = 2;
	plan = make(&config);
	assert_int_equal(plan->mount_count, 3);
	assert_int_equal(plan->mounts[1].kind, MOUNT_BIND);
	assert_string_equal(plan->mounts[1].source, "/run/notify");
	assert_int_equal(plan->mounts[1].request.attr_set, MOUNT_ATTR_RDONLY);
	assert_int_equal(plan->mounts[2].request.attr_set, 0);
	rootfs_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_bind_source),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_foreign_namespaces),
		cmocka_unit_test(test_fs_names),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_host_dev),
		cmocka_unit_test(test_idmap),
		cmocka_unit_test(test_no_namespace),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_mount_label),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_extra_binds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
