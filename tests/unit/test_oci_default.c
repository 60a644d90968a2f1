// SPDX-License-Identifier: Apache-2.0
/* What `spec` writes: our reader takes it, and it is as careful as an engine's default. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "oci/spec.h"

static struct spec *parse(bool rootless, bool kvm, uid_t uid, gid_t gid)
{
	char *text = spec_default_format(rootless, kvm, uid, gid);
	struct spec *spec = NULL;
	struct err err = { 0 };

	if (spec_parse(text, strlen(text), "config.json", &spec, &err) < 0)
		fail_msg("%s", err.msg);
	free(text);
	return spec;
}

static const struct spec_mount *mount_at(const struct spec *spec, const char *destination)
{
	for (size_t i = 0; i < spec->mounts.count; i++)
		if (strcmp(spec->mounts.items[i].destination, destination) == 0)
			return &spec->mounts.items[i];
	fail_msg("no mount at %s", destination);
	return NULL;
}

static bool has(const spec_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->items[i], text) == 0)
			return true;
	return false;
}

static void check_process(const struct spec_process *process)
{
	const uint64_t caps =
		1ull << CAP_AUDIT_WRITE | 1ull << CAP_KILL | 1ull << CAP_NET_BIND_SERVICE;

	assert_true(process->terminal);
	assert_string_equal(process->args.items[0], "sh");
	assert_int_equal(process->args.count, 1);
	assert_string_equal(process->cwd, "/");
	assert_int_equal(process->user.uid.v, 0);
	assert_int_equal(process->user.gid.v, 0);
	assert_true(process->no_new_privileges.set && process->no_new_privileges.v);
	assert_int_equal(process->capabilities->bounding, caps);
	assert_int_equal(process->capabilities->effective, caps);
	assert_int_equal(process->capabilities->permitted, caps);
	assert_int_equal(process->capabilities->inheritable, 0);
	assert_int_equal(process->capabilities->ambient, 0);
	assert_int_equal(process->rlimits.count, 1);
	assert_int_equal(process->rlimits.items[0].type, RLIMIT_NOFILE);
	assert_int_equal(process->rlimits.items[0].soft, 1024);
	assert_int_equal(process->rlimits.items[0].hard, 1024);
	assert_true(has(&process->env, "TERM=xterm"));
}

static void check_common(const struct spec *spec)
{
	static const char *const masked[] = { "/proc/acpi", "/proc/kcore", "/proc/keys",
		"/proc/timer_list", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
		"/proc/interrupts", "/sys/devices/virtual/powercap" };
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger" };
	static const char *const mounted[] = { "/proc", "/dev", "/dev/pts", "/dev/shm",
		"/dev/mqueue", "/sys", "/sys/fs/cgroup" };

	assert_string_equal(spec->oci_version, "1.3.0");
	assert_string_equal(spec->root->path, "rootfs");
	assert_true(spec->root->readonly);
	check_process(spec->process);
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		assert_true(has(&spec->linux_->masked_paths, masked[i]));
	for (size_t i = 0; i < sizeof(readonly) / sizeof(readonly[0]); i++)
		assert_true(has(&spec->linux_->readonly_paths, readonly[i]));
	assert_int_equal(spec->mounts.count, sizeof(mounted) / sizeof(mounted[0]));
	for (size_t i = 0; i < sizeof(mounted) / sizeof(mounted[0]); i++)
		assert_string_equal(spec->mounts.items[i].destination, mounted[i]);
	assert_true(has(&mount_at(spec, "/sys")->options, "ro"));
	assert_true(has(&mount_at(spec, "/sys/fs/cgroup")->options, "ro"));
	assert_true(has(&mount_at(spec, "/dev/shm")->options, "noexec"));
}

static void check_namespaces(const struct spec *spec, bool rootless, bool network)
{
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		bool expected = type != NS_TIME;

		if (type == NS_USER)
			expected = rootless;
		if (type == NS_NETWORK)
			expected = network;
		assert_int_equal(spec_has_ns(spec, type), expected);
		assert_null(spec->linux_->namespaces[type].path);
	}
}

static void test_root(void **state)
{
	struct spec *spec = parse(false, false, 0, 0);

	(void)state;
	check_common(spec);
	check_namespaces(spec, false, true);
	assert_string_equal(mount_at(spec, "/sys")->type, "sysfs");
	assert_true(has(&mount_at(spec, "/dev/pts")->options, "gid=5"));
	assert_int_equal(spec->linux_->uid_mappings.count, 0);
	assert_int_equal(spec->linux_->resources->devices.count, 1);
	assert_false(spec->linux_->resources->devices.items[0].allow);
	assert_int_equal(spec->linux_->resources->devices.items[0].access, 7);
	spec_free(spec);
}

static void test_rootless(void **state)
{
	struct spec *spec = parse(true, false, 1000, 4294967294);

	(void)state;
	check_common(spec);
	check_namespaces(spec, true, false);
	assert_true(has(&mount_at(spec, "/sys")->options, "rbind"));
	assert_string_equal(mount_at(spec, "/sys")->source, "/sys");
	assert_false(has(&mount_at(spec, "/dev/pts")->options, "gid=5"));
	assert_null(spec->linux_->resources);
	assert_int_equal(spec->linux_->uid_mappings.count, 1);
	assert_int_equal(spec->linux_->uid_mappings.items[0].container_id, 0);
	assert_int_equal(spec->linux_->uid_mappings.items[0].host_id, 1000);
	assert_int_equal(spec->linux_->uid_mappings.items[0].size, 1);
	assert_int_equal(spec->linux_->gid_mappings.items[0].host_id, 4294967294);
	spec_free(spec);
}

/* The host's network cannot be handed to a guest, whose sysfs is its own. */
static void test_rootless_kvm(void **state)
{
	struct spec *spec = parse(true, true, 1000, 1000);

	(void)state;
	check_common(spec);
	check_namespaces(spec, true, true);
	assert_string_equal(mount_at(spec, "/sys")->type, "sysfs");
	assert_false(has(&mount_at(spec, "/dev/pts")->options, "gid=5"));
	spec_free(spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_rootless),
		cmocka_unit_test(test_rootless_kvm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
