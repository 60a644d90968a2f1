// SPDX-License-Identifier: Apache-2.0
/*
 * What a machine refuses, how large it is, and what its guest is told.  The expectations come from
 * runtime/kvm/config.h and config-linux.md; what the guest gets is read back by the reader that the
 * guest itself uses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/mount.h>

#include "runtime/kvm/config.h"
#include "runtime/kvm/message.h"

#define NAMESPACES                                                                             \
	"\"namespaces\": [{\"type\": \"user\"}, {\"type\": \"pid\"}, {\"type\": \"network\", " \
	"\"path\": "                                                                           \
	"\"/proc/1/ns/net\"}, {\"type\": \"ipc\"}, {\"type\": \"mount\"}]"

/* A configuration with these members of "linux" and of the document, each with its comma. */
static char *config(const char *linux_, const char *members)
{
	return xasprintf("{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"rootfs\", "
			 "\"readonly\": true}, %s\"linux\": {%s" NAMESPACES "}}",
		members, linux_);
}

static struct spec *parse(const char *text)
{
	struct spec *spec = NULL;
	struct err err = { 0 };

	if (spec_parse(text, strlen(text), "config.json", &spec, &err) < 0)
		fail_msg("%s", err.msg);
	return spec;
}

static void assert_refused(const char *text, const char *property)
{
	auto_(spec) struct spec *spec = parse(text);
	struct err err = { 0 };

	if (!property) {
		if (config_refuse(spec, &err) < 0)
			fail_msg("refused: %s", err.msg);
		return;
	}
	assert_int_equal(config_refuse(spec, &err), -EOPNOTSUPP);
	if (strncmp(err.msg, property, strlen(property)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", err.msg, property);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *linux_, *members, *property;
	} rows[] = {
		{ "", "", NULL },
		{ "\"seccomp\": {\"defaultAction\": \"SCMP_ACT_NOTIFY\", \"listenerPath\": "
		  "\"/x\"}, ",
			"", "linux.seccomp.listenerPath" },
		{ "\"seccomp\": {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": "
		  "\"/x\"}, ",
			"", NULL },
		{ "\"devices\": [{\"path\": \"/dev/fuse\", \"type\": \"c\", \"major\": 10, "
		  "\"minor\": 229}], ",
			"", NULL },
		{ "\"devices\": [{\"path\": \"/dev/kvm\", \"type\": \"c\", \"major\": 10, "
		  "\"minor\": 232}], ",
			"", "linux.devices[0] \"/dev/kvm\"" },
		{ "\"devices\": [{\"path\": \"/dev/p\", \"type\": \"p\"}], ", "", NULL },
		{ "\"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"nodes\": \"0\"}, ", "",
			"linux.memoryPolicy" },
		{ "",
			"\"mounts\": [{\"destination\": \"/a\", \"type\": \"tmpfs\"}, "
			"{\"destination\": "
			"\"/b\", \"type\": \"ext4\", \"source\": \"/dev/sda1\"}], ",
			"mounts[1] \"/b\"" },
		{ "",
			"\"mounts\": [{\"destination\": \"/b\", \"type\": \"overlay\", "
			"\"options\": "
			"[\"lowerdir=/x\"]}], ",
			"mounts[0] \"/b\"" },
		{ "",
			"\"mounts\": [{\"destination\": \"/b\", \"type\": \"none\", \"source\": "
			"\"/x\", "
			"\"options\": [\"rbind\"]}], ",
			NULL },
		{ "",
			"\"mounts\": [{\"destination\": \"/b\", \"source\": \"/x\", \"options\": "
			"[\"bind\", \"copy-symlink\"]}], ",
			"mounts[0] \"/b\"" },
		{ "",
			"\"mounts\": [{\"destination\": \"/b\", \"source\": \"/x\", \"options\": "
			"[\"rbind\", \"rprivate\"]}, {\"destination\": \"/c\", \"source\": \"/x\", "
			"\"options\": [\"rbind\", \"rslave\"]}], ",
			"mounts[1] \"/c\"" },
		{ "\"rootfsPropagation\": \"rshared\", ", "", "linux.rootfsPropagation" },
		{ "\"rootfsPropagation\": \"rslave\", ", "", NULL },
		{ "", "\"vm\": {\"kernel\": {\"path\": \"/k\"}}, ", NULL },
		{ "",
			"\"vm\": {\"kernel\": {\"path\": \"/k\"}, \"hypervisor\": {\"path\": "
			"\"/q\"}}, ",
			"vm.hypervisor" },
		{ "",
			"\"vm\": {\"kernel\": {\"path\": \"/k\"}, \"image\": {\"path\": \"/i\", "
			"\"format\": \"raw\"}}, ",
			"vm.image" },
		{ "", "\"annotations\": {\"run.oci.keep_original_groups\": \"1\"}, ",
			"annotations[" },
		{ "",
			"\"process\": {\"cwd\": \"/\", \"args\": [\"x\"], \"user\": {\"uid\": 1, "
			"\"gid\": 2}, \"execCPUAffinity\": {\"final\": \"0\"}}, ",
			"process.execCPUAffinity" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = config(rows[i].linux_, rows[i].members);

		assert_refused(text, rows[i].property);
	}
}

static void test_refused_namespaces(void **state)
{
	static const struct {
		const char *list, *property;
	} rows[] = {
		{ "{\"type\": \"network\"}, {\"type\": \"ipc\"}, {\"type\": \"mount\"}",
			"linux.namespaces (no pid)" },
		{ "{\"type\": \"pid\"}, {\"type\": \"ipc\"}, {\"type\": \"mount\"}",
			"linux.namespaces (no network)" },
		{ "{\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\": \"mount\"}",
			"linux.namespaces (no ipc)" },
		{ "{\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\": \"ipc\"}",
			"linux.namespaces (no mount)" },
		{ "{\"type\": \"pid\", \"path\": \"/x\"}, {\"type\": \"network\"}, {\"type\": "
		  "\"ipc\"}, {\"type\": \"mount\"}",
			"linux.namespaces (pid)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = xasprintf(
			"{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"r\"}, \"linux\": "
			"{\"namespaces\": [%s]}}",
			rows[i].list);

		assert_refused(text, rows[i].property);
	}
}

/* As the containers of a pod have them. */
static void test_namespaces_of_a_pod(void **state)
{
	static const char list[] = "{\"type\": \"pid\"}, {\"type\": \"network\"}, "
				   "{\"type\": \"ipc\", \"path\": \"/x\"}, {\"type\": \"uts\", "
				   "\"path\": \"/x\"}, {\"type\": \"mount\"}";
	static const char *const types[] = { "sandbox", "container" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		auto_free char *text = xasprintf(
			"{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"r\"}, \"annotations\": "
			"{\"io.kubernetes.cri.container-type\": \"%s\"}, \"linux\": "
			"{\"namespaces\": [%s]}}",
			types[i], list);

		assert_refused(text, i == 0 ? "linux.namespaces (ipc)" : NULL);
	}
}

#define MIB (1ull << 20)

static void test_sizes(void **state)
{
	static const struct {
		const char *linux_, *members;
		unsigned int cpus;
		uint64_t memory;
	} rows[] = {
		{ "", "", 1, 1024 * MIB },
		{ "\"resources\": {\"memory\": {\"limit\": 134217728}}, ", "", 1,
			(128 + 96) * MIB },
		{ "\"resources\": {\"memory\": {\"limit\": -1}}, ", "", 1, 1024 * MIB },
		{ "\"resources\": {\"memory\": {\"limit\": 4194304}}, ", "", 1, (32 + 96) * MIB },
		{ "\"resources\": {\"cpu\": {\"quota\": 150000, \"period\": 100000}}, ", "", 2,
			1024 * MIB },
		{ "\"resources\": {\"cpu\": {\"quota\": 150000}}, ", "", 2, 1024 * MIB },
		{ "\"resources\": {\"cpu\": {\"quota\": -1}}, ", "", 1, 1024 * MIB },
		{ "\"resources\": {\"cpu\": {\"cpus\": \"0-2,7\"}}, ", "", 4, 1024 * MIB },
		{ "\"resources\": {\"cpu\": {\"quota\": 500000, \"cpus\": \"0,1\"}}, ", "", 2,
			1024 * MIB },
		/* not more than the host has, which here is 6 */
		{ "\"resources\": {\"cpu\": {\"quota\": 1000000}}, ", "", 6, 1024 * MIB },
		{ "",
			"\"vm\": {\"kernel\": {\"path\": \"/k\"}, \"hwConfig\": {\"vcpus\": 3, "
			"\"memory\": 536870912}}, ",
			3, 512 * MIB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = config(rows[i].linux_, rows[i].members);
		auto_(spec) struct spec *spec = parse(text);
		struct config_size size;
		struct err err = { 0 };

		if (config_size(spec, 6, 64, &size, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(size.cpus, rows[i].cpus);
		assert_int_equal(size.memory, rows[i].memory);
	}
}

static void test_size_too_small(void **state)
{
	auto_free char *text = config("\"resources\": {\"memory\": {\"limit\": 536870912}}, ",
		"\"vm\": {\"kernel\": {\"path\": \"/k\"}, \"hwConfig\": {\"memory\": "
		"536870912}}, ");
	auto_(spec) struct spec *spec = parse(text);
	struct config_size size;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(config_size(spec, 1, 64, &size, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "vm.hwConfig.memory"));
}

static void test_host_resources(void **state)
{
	auto_free char *text = config(
		"\"resources\": {\"memory\": {\"limit\": 134217728, \"swap\": "
		"134217728}, \"devices\": [{\"allow\": false}], \"pids\": {\"limit\": 10}, "
		"\"cpu\": "
		"{\"quota\": 50000}, \"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 0}], "
		"\"unified\": {\"memory.high\": "
		"\"1000000\"}}, ",
		"");
	auto_(spec) struct spec *spec = parse(text);
	struct spec_memory memory;
	struct spec_resources host;
	struct config_size size;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(config_size(spec, 1, 64, &size, &err), 0);
	config_host_resources(spec->linux_->resources, &size, &memory, &host);
	assert_true(host.memory->limit.set);
	assert_int_equal(host.memory->limit.v, 240 * MIB);
	assert_false(host.memory->swap.set);
	assert_int_equal(host.pids_limit.v, 10 + CONFIG_TASKS);
	assert_int_equal(host.hugepage_limits.count, 1);
	assert_int_equal(host.devices.count, 0);
	assert_int_equal(host.unified.count, 0);
	assert_int_equal(host.cpu->quota.v, 50000);
}

/* An update changes all but the machine's size; without a limit of processes there is none. */
static void test_host_update(void **state)
{
	auto_free char *text =
		config("\"resources\": {\"memory\": {\"limit\": 134217728}, \"cpu\": "
		       "{\"shares\": 512}, \"devices\": [{\"allow\": false}], \"pids\": "
		       "{\"limit\": -1}}, ",
			"");
	auto_(spec) struct spec *spec = parse(text);
	struct spec_resources host;

	(void)state;
	config_host_update(spec->linux_->resources, &host);
	assert_null(host.memory);
	assert_int_equal(host.devices.count, 0);
	assert_int_equal(host.pids_limit.v, -1);
	assert_int_equal(host.cpu->shares.v, 512);
}

static const struct rlimit limits[RLIM_NLIMITS] = {
	[RLIMIT_NOFILE] = { 7, 8 },
	[RLIMIT_STACK] = { 9, RLIM_INFINITY },
};

static struct spec *guest_of(const char *text, const char *hostname)
{
	auto_(spec) struct spec *spec = parse(text);
	const struct config_guest guest = {
		.spec = spec,
		.text = text,
		.len = strlen(text),
		.hostname = hostname,
		.limits = limits,
	};
	auto_free char *out = NULL;
	struct err err = { 0 };

	if (config_for_guest(&guest, &out, &err) < 0)
		fail_msg("%s", err.msg);
	return parse(out);
}

static void assert_limit(const struct spec_rlimit *limit, int type, uint64_t soft, uint64_t hard)
{
	assert_int_equal(limit->type, type);
	assert_true(limit->soft == soft);
	assert_true(limit->hard == hard);
}

static void test_guest(void **state)
{
	auto_free char *text = config(
		"\"cgroupsPath\": \"/x\", \"uidMappings\": [{\"containerID\": 0, \"hostID\": "
		"100000, "
		"\"size\": 10}], \"gidMappings\": [{\"containerID\": 0, \"hostID\": 100000, "
		"\"size\": 10}], \"mountLabel\": \"l\", \"resources\": {\"cpu\": {\"cpus\": \"7\", "
		"\"quota\": 1000}, \"pids\": {\"limit\": 5}, \"blockIO\": {\"weight\": 10}, "
		"\"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 0}]}, "
		"\"rootfsPropagation\": \"slave\", ",
		"\"annotations\": {\"run.oci.handler\": \"krun\", \"a\": "
		"\"b\"}, \"process\": {\"cwd\": \"/\", \"args\": [\"x\"], \"user\": {\"uid\": 1, "
		"\"gid\": 2}, \"apparmorProfile\": \"p\", \"selinuxLabel\": \"s\", "
		"\"noNewPrivileges\": true, \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": "
		"1, "
		"\"hard\": 18446744073709551615}]}, \"vm\": {\"kernel\": {\"path\": \"/k\"}}, "
		"\"hooks\": {\"prestart\": [{\"path\": \"/p\"}], \"startContainer\": [{\"path\": "
		"\"/s\"}], \"poststop\": [{\"path\": \"/q\"}]}, ");
	auto_(spec) struct spec *guest = guest_of(text, NULL);

	(void)state;
	assert_string_equal(guest->root->path, "/r/rootfs");
	assert_true(guest->root->readonly);
	assert_null(guest->vm);
	assert_null(spec_annotation(guest, "run.oci.handler"));
	assert_string_equal(spec_annotation(guest, "a"), "b");
	assert_int_equal(guest->hooks[HOOK_PRESTART].count, 0);
	assert_int_equal(guest->hooks[HOOK_POSTSTOP].count, 0);
	assert_int_equal(guest->hooks[HOOK_START_CONTAINER].count, 1);
	assert_string_equal(guest->linux_->cgroups_path, "/container");
	assert_true(guest->linux_->namespaces[NS_NETWORK].listed);
	assert_null(guest->linux_->namespaces[NS_NETWORK].path);
	assert_true(guest->linux_->namespaces[NS_UTS].listed);
	assert_false(guest->linux_->namespaces[NS_TIME].listed);
	assert_int_equal(guest->linux_->uid_mappings.items[0].container_id, 0);
	assert_int_equal(guest->linux_->uid_mappings.items[0].host_id, 0);
	assert_int_equal(guest->linux_->uid_mappings.items[0].size, 10);
	assert_null(guest->linux_->mount_label);
	assert_null(guest->linux_->resources->cpu->cpus);
	assert_int_equal(guest->linux_->resources->cpu->quota.v, 1000);
	assert_int_equal(guest->linux_->resources->pids_limit.v, 5);
	assert_null(guest->linux_->resources->block_io);
	assert_int_equal(guest->linux_->resources->hugepage_limits.count, 1);
	assert_int_equal(guest->linux_->rootfs_propagation, MS_SLAVE);
	assert_null(guest->process->apparmor_profile);
	assert_null(guest->process->selinux_label);
	assert_true(guest->process->no_new_privileges.v);
	assert_int_equal(guest->process->user.uid.v, 1);
	assert_int_equal(guest->process->rlimits.count, RLIM_NLIMITS);
	assert_limit(&guest->process->rlimits.items[0], RLIMIT_NOFILE, 1, UINT64_MAX);
	for (size_t i = 1; i < guest->process->rlimits.count; i++)
		if (guest->process->rlimits.items[i].type == RLIMIT_STACK)
			assert_limit(
				&guest->process->rlimits.items[i], RLIMIT_STACK, 9, UINT64_MAX);
}

static void test_guest_of_little(void **state)
{
	auto_free char *text = config("", "");
	auto_(spec) struct spec *guest = guest_of(text, "host");

	(void)state;
	assert_string_equal(guest->hostname, "host");
	assert_null(guest->process);
	assert_string_equal(guest->linux_->cgroups_path, "/container");
}

static void test_host_name(void **state)
{
	auto_(spec) struct spec *guest =
		guest_of("{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"rootfs\"}, "
			 "\"hostname\": \"h\", "
			 "\"linux\": {\"namespaces\": [{\"type\": \"uts\"}]}}",
			"host");

	(void)state;
	assert_string_equal(guest->hostname, "h");
}

static void test_process(void **state)
{
	static const char text[] = "{\"args\": [\"a\", \"\\u0007\"], \"cwd\": \"/\", \"user\": "
				   "{\"uid\": 0, \"gid\": 0}, \"apparmorProfile\": \"x\"}";
	auto_(spec_process_doc) struct spec_process_doc *doc = NULL;
	auto_free char *out = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(
		config_process_for_guest(text, strlen(text), "process.json", limits, &out, &err),
		0);
	assert_int_equal(spec_process_parse(out, strlen(out), "process.json", &doc, &err), 0);
	assert_null(doc->process.apparmor_profile);
	assert_string_equal(doc->process.args.items[1], "\a");
	assert_int_equal(doc->process.rlimits.count, RLIM_NLIMITS);
	free(take_ptr(&out));
	assert_int_equal(
		config_process_for_guest("[", 1, "process.json", NULL, &out, &err), -EINVAL);
}

static void test_messages(void **state)
{
	const char *args[] = { "a b", "c\n" };
	uint32_t gids[] = { 0, UINT32_MAX - 1 };
	struct spec_rlimit one[] = { { RLIMIT_NOFILE, 5, UINT64_MAX } };
	const struct message_exec sent = {
		.terminal = true,
		.umask = 027,
		.window = { .height = 12, .width = UINT16_MAX },
		.user = "1:2",
		.args = { args, 2 },
		.gids = { gids, 2 },
		.rlimits = { one, 1 },
	};
	auto_(message_exec) struct message_exec got = { 0 };
	auto_free char *text = message_exec_format(&sent);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(message_exec_parse(text, strlen(text), &got, &err), 0);
	assert_true(got.terminal);
	assert_false(got.plain_output);
	assert_null(got.process);
	assert_null(got.cwd);
	assert_string_equal(got.user, "1:2");
	assert_int_equal(got.umask, 027);
	assert_int_equal(got.window.height, 12);
	assert_int_equal(got.window.width, UINT16_MAX);
	assert_int_equal(got.args.count, 2);
	assert_string_equal(got.args.items[1], "c\n");
	assert_int_equal(got.gids.items[1], UINT32_MAX - 1);
	assert_int_equal(got.env.count, 0);
	assert_int_equal(got.rlimits.count, 1);
	assert_int_equal(got.rlimits.items[0].type, RLIMIT_NOFILE);
	assert_int_equal(got.rlimits.items[0].soft, 5);
	assert_int_equal(got.rlimits.items[0].hard, UINT64_MAX);
}

static void test_create_message(void **state)
{
	const struct message_create sent = {
		.id = "c",
		.bundle = "/b",
		.config = "{\"a\": 1}",
		.plain_output = true,
		.debug = true,
	};
	auto_(message_create) struct message_create got = { 0 };
	auto_free char *text = message_create_format(&sent);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(message_create_parse(text, strlen(text), &got, &err), 0);
	assert_string_equal(got.config, "{\"a\": 1}");
	assert_true(got.plain_output);
	assert_true(got.debug);
	assert_false(got.notify);
	assert_int_equal(message_create_parse("{}", 2, &got, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_refused_namespaces),
		cmocka_unit_test(test_namespaces_of_a_pod),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_size_too_small),
		cmocka_unit_test(test_host_resources),
		cmocka_unit_test(test_host_update),
		cmocka_unit_test(test_guest),
		cmocka_unit_test(test_guest_of_little),
		cmocka_unit_test(test_host_name),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_create_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
