// SPDX-License-Identifier: Apache-2.0
/*
 * oci/spec*.c: what a configuration that is accepted reads as, and the documents beside it that are
 * read by themselves: a process, resources.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/spec_rows.h"

/* ---- values ---- */

static void test_minimal(void **state)
{
	auto_(spec) struct spec *spec = read_spec("{'ociVersion': '1.0.0', 'root': {'path': 'r'}}");

	(void)state;
	assert_string_equal(spec->oci_version, "1.0.0");
	assert_string_equal(spec->root->path, "r");
	assert_false(spec->root->readonly);
	assert_null(spec->process); /* config.md: only `start` requires it */
	assert_non_null(spec->linux_); /* absent reads as empty */
	assert_null(spec->linux_->seccomp);
	assert_null(spec->vm);
	assert_int_equal(spec->mounts.count, 0);
	for (int i = 0; i < NS_COUNT; i++)
		assert_false(spec_has_ns(spec, (enum ns_type)i));
	assert_null(spec_annotation(spec, "x"));
}

static void test_general_values(void **state)
{
	auto_(spec) struct spec *spec = read_spec(
		"{'ociVersion': '1.2.1', 'root': {'path': '/r', 'readonly': true},"
		"'hostname': 'h', 'domainname': '', 'annotations': {'k.x': 'v', 'e': ''},"
		"'linux': {'namespaces': [{'type': 'mount'}, {'type': 'uts'}]},"
		"'mounts': [{'destination': '/proc', 'type': 'proc', 'source': 'proc'},"
		"{'destination': 'd', 'type': '', 'source': 'a/b', 'options': ['rbind', 'x=1'],"
		"'uidMappings': [{'containerID': 1, 'hostID': 2, 'size': 3}],"
		"'gidMappings': [{'containerID': 4, 'hostID': 5, 'size': 6}]}],"
		"'hooks': {'prestart': [{'path': '/a'}], 'createRuntime': [{'path': '/b', 'args': "
		"['b', 'c'], 'env': ['K=v'], 'timeout': 10}, {'path': '/d'}],"
		"'poststop': [{'path': '/e'}]}}");

	(void)state;
	assert_true(spec->root->readonly);
	assert_string_equal(spec->hostname, "h");
	assert_null(spec->domainname);
	assert_string_equal(spec_annotation(spec, "k.x"), "v");
	assert_string_equal(spec_annotation(spec, "e"), "");
	assert_int_equal(spec->mounts.count, 2);
	assert_string_equal(spec->mounts.items[0].type, "proc");
	assert_null(spec->mounts.items[1].type);
	assert_string_equal(spec->mounts.items[1].options.items[1], "x=1");
	assert_int_equal(spec->mounts.items[1].uid_mappings.items[0].host_id, 2);
	assert_int_equal(spec->mounts.items[1].gid_mappings.items[0].size, 6);
	assert_int_equal(spec->hooks[HOOK_PRESTART].count, 1);
	assert_int_equal(spec->hooks[HOOK_CREATE_RUNTIME].count, 2);
	assert_int_equal(spec->hooks[HOOK_CREATE_RUNTIME].items[0].timeout.v, 10);
	assert_string_equal(spec->hooks[HOOK_CREATE_RUNTIME].items[0].args.items[1], "c");
	assert_string_equal(spec->hooks[HOOK_CREATE_RUNTIME].items[1].path, "/d");
	assert_false(spec->hooks[HOOK_CREATE_RUNTIME].items[1].timeout.set);
	assert_int_equal(spec->hooks[HOOK_START_CONTAINER].count, 0);
	assert_string_equal(spec->hooks[HOOK_POSTSTOP].items[0].path, "/e");
}

static void test_process_values(void **state)
{
	auto_(spec) struct spec *spec = read_spec(PROCESS(
		"'terminal': true, 'consoleSize': {'height': 25, 'width': 80},"
		"'user': {'uid': 1000, 'gid': 4294967294, 'umask': 63, 'additionalGids': [5, 0]},"
		"'env': ['A=b'], 'noNewPrivileges': true, 'apparmorProfile': '', 'selinuxLabel': "
		"'s',"
		"'capabilities': {'bounding': ['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE', 'CAP_NEW'],"
		"'effective': ['CAP_KILL'], 'permitted': ['CAP_KILL', 'CAP_NEW', 'CAP_OTHER'],"
		"'inheritable': [], 'ambient': null},"
		"'rlimits': [{'type': 'RLIMIT_NOFILE', 'soft': 1024, 'hard': "
		"18446744073709551615}],"
		"'oomScoreAdj': 0, 'scheduler': {'policy': 'SCHED_BATCH', 'nice': -5, 'flags': "
		"['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_UTIL_CLAMP_MIN']},"
		"'ioPriority': {'class': 'IOPRIO_CLASS_IDLE', 'priority': 4},"
		"'execCPUAffinity': {'initial': '7', 'final': '0-3,7'}"));
	const struct spec_process *p = spec->process;

	(void)state;
	assert_true(p->terminal);
	assert_int_equal(p->console_size->height, 25);
	assert_int_equal(p->console_size->width, 80);
	assert_int_equal(p->user.uid.v, 1000);
	assert_true(p->user.gid.v == 4294967294);
	assert_int_equal(p->user.umask.v, 077);
	assert_int_equal(p->user.additional_gids.count, 2);
	assert_int_equal(p->user.additional_gids.items[0], 5);
	assert_true(p->no_new_privileges.set && p->no_new_privileges.v);
	assert_null(p->apparmor_profile);
	assert_string_equal(p->selinux_label, "s");
	assert_true(
		p->capabilities->bounding == (1ull << CAP_CHOWN | 1ull << CAP_CHECKPOINT_RESTORE));
	assert_true(p->capabilities->effective == 1ull << CAP_KILL);
	assert_true(p->capabilities->permitted == 1ull << CAP_KILL);
	assert_true(p->capabilities->inheritable == 0 && p->capabilities->ambient == 0);
	assert_int_equal(p->capabilities->unknown.count, 2); /* each once */
	assert_string_equal(p->capabilities->unknown.items[1], "CAP_OTHER");
	assert_int_equal(p->rlimits.items[0].type, RLIMIT_NOFILE);
	assert_int_equal(p->rlimits.items[0].soft, 1024);
	assert_true(p->rlimits.items[0].hard == RLIM_INFINITY);
	assert_true(p->oom_score_adj.set && p->oom_score_adj.v == 0);
	assert_int_equal(p->scheduler->policy, SCHED_BATCH);
	assert_int_equal(p->scheduler->nice, -5);
	assert_int_equal(p->scheduler->flags, 0x21);
	assert_int_equal(p->io_priority->class_, IOPRIO_CLASS_IDLE);
	assert_int_equal(p->io_priority->priority, 4);
	assert_string_equal(p->exec_cpu_affinity->final, "0-3,7");
}

static void test_process_defaults(void **state)
{
	auto_(spec) struct spec *spec =
		read_spec(PROCESS("'consoleSize': {'height': 1, 'width': 1}"));
	const struct spec_process *p = spec->process;

	(void)state;
	assert_false(p->terminal);
	assert_null(p->console_size);
	assert_false(p->user.uid.set || p->user.umask.set || p->oom_score_adj.set);
	assert_int_equal(p->user.uid.v, 0);
	assert_null(p->capabilities);
	assert_null(p->scheduler);
	assert_int_equal(p->args.count, 1);
}

static void test_linux_values(void **state)
{
	auto_(spec) struct spec *spec = read_spec(LINUX(
		"'namespaces': [{'type': 'user'}, {'type': 'mount'}, {'type': 'network', 'path': "
		"'/run/netns/a'}, {'type': 'time'}],"
		"'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 1}, {'containerID': 1, "
		"'hostID': 100000, 'size': 65536}], 'gidMappings': [],"
		"'timeOffsets': {'boottime': {'secs': -3, 'nanosecs': 5}},"
		"'devices': [{'type': 'u', 'path': '/dev/x', 'major': 10, 'minor': 229, "
		"'fileMode': "
		"8630, 'uid': 0, 'gid': 7}, {'type': 'p', 'path': '/p', 'major': 9}, {'type': 'b', "
		"'path': '/b', 'major': 8, 'minor': 1048575}],"
		"'netDevices': {'eth0': {'name': 'c%d'}, 'eth1': {}},"
		"'cgroupsPath': '/a/b', 'sysctl': {'kernel.msgmax': '1'},"
		"'rootfsPropagation': 'rslave', 'maskedPaths': ['/a'], 'readonlyPaths': ['/b'],"
		"'mountLabel': 'l', 'personality': {'domain': 'LINUX32'},"
		"'memoryPolicy': {'mode': 'MPOL_BIND', 'nodes': '0-1', 'flags': "
		"['MPOL_F_STATIC_NODES']},"
		"'intelRdt': {'closID': 'c', 'schemata': ['L3:0=1', 'MB:0=2'], 'enableMonitoring': "
		"true}"));
	const struct spec_linux *l = spec->linux_;

	(void)state;
	assert_true(l->namespaces[NS_USER].listed && !l->namespaces[NS_USER].path);
	assert_string_equal(l->namespaces[NS_NETWORK].path, "/run/netns/a");
	assert_false(l->namespaces[NS_PID].listed);
	assert_int_equal(l->uid_mappings.count, 2);
	assert_int_equal(l->uid_mappings.items[1].host_id, 100000);
	assert_int_equal(l->gid_mappings.count, 0);
	assert_int_equal(l->time_boottime->secs, -3);
	assert_int_equal(l->time_boottime->nanosecs, 5);
	assert_null(l->time_monotonic);
	assert_int_equal(l->devices.count, 3);
	assert_int_equal(l->devices.items[0].type, S_IFCHR);
	assert_int_equal(l->devices.items[0].file_mode.v, 0666);
	assert_int_equal(l->devices.items[0].minor, 229);
	assert_true(l->devices.items[0].uid.set && l->devices.items[0].uid.v == 0);
	assert_int_equal(l->devices.items[1].type, S_IFIFO);
	assert_int_equal(l->devices.items[1].major, 0);
	assert_false(l->devices.items[1].file_mode.set);
	assert_int_equal(l->devices.items[2].type, S_IFBLK);
	assert_int_equal(l->net_devices.count, 2);
	assert_string_equal(l->net_devices.items[0].host_name, "eth0");
	assert_string_equal(l->net_devices.items[0].name, "c%d");
	assert_null(l->net_devices.items[1].name);
	assert_string_equal(l->cgroups_path, "/a/b");
	assert_string_equal(l->sysctl.items[0].key, "kernel.msgmax");
	assert_true(l->rootfs_propagation == (MS_SLAVE | MS_REC));
	assert_string_equal(l->masked_paths.items[0], "/a");
	assert_string_equal(l->mount_label, "l");
	assert_true(l->personality->domain == PER_LINUX32);
	assert_int_equal(l->memory_policy->mode, MPOL_BIND);
	assert_int_equal(l->memory_policy->flags, MPOL_F_STATIC_NODES);
	assert_int_equal(l->intel_rdt->schemata.count, 2);
	assert_true(l->intel_rdt->enable_monitoring.v);
}

static void test_resource_values(void **state)
{
	auto_(spec) struct spec *spec = read_spec(RESOURCES(
		"'devices': [{'allow': false, 'access': 'rwm'}, {'allow': true, 'type': 'c', "
		"'major': 10, 'minor': 229, 'access': 'rw'}, {'allow': true, 'type': 'b', 'major': "
		"8}], 'memory': {'limit': 536870912, 'swap': -1, 'swappiness': 0, "
		"'disableOOMKiller': false, 'checkBeforeUpdate': true},"
		"'cpu': {'shares': 1024, 'quota': -1, 'period': 500000, 'cpus': '2-3', 'mems': '', "
		"'idle': 1}, 'pids': {'limit': 0},"
		"'blockIO': {'weight': 10, 'weightDevice': [{'major': 8, 'minor': 0, 'weight': "
		"500}],"
		"'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': 600}],"
		"'throttleWriteIOPSDevice': [{'major': 8, 'minor': 16, 'rate': 300}]},"
		"'hugepageLimits': [{'pageSize': '2MB', 'limit': 209715200}],"
		"'network': {'classID': 1048577, 'priorities': [{'name': 'eth0', 'priority': "
		"500}]},"
		"'rdma': {'mlx5_1': {'hcaHandles': 3, 'hcaObjects': 10000}},"
		"'unified': {'io.max': 'a\\nb', 'memory.high': '5'}"));
	const struct spec_resources *r = spec->linux_->resources;

	(void)state;
	assert_int_equal(r->devices.count, 3);
	assert_false(r->devices.items[0].allow);
	assert_int_equal(r->devices.items[0].type, 'a');
	assert_int_equal(r->devices.items[0].major, -1);
	assert_int_equal(r->devices.items[0].access, 7);
	assert_int_equal(r->devices.items[1].minor, 229);
	assert_int_equal(r->devices.items[1].access, DEVICE_ACCESS_READ | DEVICE_ACCESS_WRITE);
	assert_int_equal(r->devices.items[2].major, 8);
	assert_int_equal(r->devices.items[2].minor, -1);
	assert_int_equal(r->devices.items[2].access, 7);
	assert_int_equal(r->memory->limit.v, 536870912);
	assert_int_equal(r->memory->swap.v, -1);
	assert_false(r->memory->reservation.set);
	assert_true(r->memory->swappiness.set && r->memory->swappiness.v == 0);
	assert_true(r->memory->disable_oom_killer.set && !r->memory->disable_oom_killer.v);
	assert_true(r->memory->check_before_update.v);
	assert_int_equal(r->cpu->shares.v, 1024);
	assert_int_equal(r->cpu->quota.v, -1);
	assert_string_equal(r->cpu->cpus, "2-3");
	assert_null(r->cpu->mems);
	assert_int_equal(r->cpu->idle.v, 1);
	assert_true(r->pids_limit.set && r->pids_limit.v == 0);
	assert_int_equal(r->block_io->weight.v, 10);
	assert_int_equal(r->block_io->weight_device.items[0].weight.v, 500);
	assert_false(r->block_io->weight_device.items[0].leaf_weight.set);
	assert_int_equal(r->block_io->throttle_read_bps_device.items[0].rate, 600);
	assert_int_equal(r->block_io->throttle_write_iops_device.items[0].minor, 16);
	assert_int_equal(r->block_io->throttle_write_bps_device.count, 0);
	assert_string_equal(r->hugepage_limits.items[0].page_size, "2MB");
	assert_int_equal(r->network->class_id.v, 1048577);
	assert_int_equal(r->network->priorities.items[0].priority, 500);
	assert_string_equal(r->rdma.items[0].device, "mlx5_1");
	assert_int_equal(r->rdma.items[0].hca_objects.v, 10000);
	assert_string_equal(r->unified.items[0].key, "io.max");
	assert_string_equal(r->unified.items[0].value, "a\nb");
}

static void test_seccomp_values(void **state)
{
	auto_(spec) struct spec *spec = read_spec(
		LINUX("'seccomp': {'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38,"
		      "'architectures': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X32'], 'flags': [],"
		      "'listenerPath': '/s', 'syscalls': [{'names': ['read', 'write'], 'action': "
		      "'SCMP_ACT_NOTIFY'}, {'names': ['clone'], 'action': 'SCMP_ACT_KILL', 'args': "
		      "[{'index': 1, 'value': 2114060288, 'valueTwo': 18446744073709551615, 'op': "
		      "'SCMP_CMP_MASKED_EQ'}]}]}"));
	const struct spec_seccomp *s = spec->linux_->seccomp;

	(void)state;
	assert_int_equal(s->default_action, SECCOMP_RET_ERRNO);
	assert_int_equal(s->default_errno_ret.v, 38);
	assert_int_equal(s->architectures.count, 2);
	assert_int_equal(s->architectures.items[0], SCMP_ARCH_X86_64);
	assert_true(s->flags_given);
	assert_int_equal(s->flags, 0);
	assert_int_equal(s->syscalls.items[0].names.count, 2);
	assert_int_equal(s->syscalls.items[0].action, SECCOMP_RET_USER_NOTIF);
	assert_int_equal(s->syscalls.items[1].action, SECCOMP_RET_KILL_THREAD);
	assert_false(s->syscalls.items[1].errno_ret.set);
	assert_int_equal(s->syscalls.items[1].args.items[0].index, 1);
	assert_true(s->syscalls.items[1].args.items[0].value_two == UINT64_MAX);
	assert_int_equal(s->syscalls.items[1].args.items[0].op, SCMP_CMP_MASKED_EQ);
}

static void test_seccomp_flags(void **state)
{
	auto_(spec) struct spec *absent = read_spec(SECCOMP("'x': 0"));
	auto_(spec) struct spec *given = read_spec(
		SECCOMP("'flags': ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']"));

	(void)state;
	assert_false(absent->linux_->seccomp->flags_given);
	assert_true(given->linux_->seccomp->flags_given);
	assert_int_equal(given->linux_->seccomp->flags,
		SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

static void test_vm_values(void **state)
{
	auto_(spec) struct spec *spec = read_spec(
		VM("'hypervisor': {'path': '/vmm', 'parameters': ['a', 'b']},"
		   "'kernel': {'path': '/k', 'parameters': ['q'], 'initrd': '/i'},"
		   "'image': {'path': '/img'}, 'hwConfig': {'vcpus': 2, 'memory': 4194304,"
		   "'deviceTree': 'd', 'dtdevs': ['x'], 'iomems': [{'firstMFN': 12288, 'nrMFNs': "
		   "1}, {'firstGFN': 0, 'firstMFN': 1, 'nrMFNs': 2}], 'irqs': [11, 22]}"));

	(void)state;
	assert_string_equal(spec->vm->hypervisor_path, "/vmm");
	assert_int_equal(spec->vm->hypervisor_parameters.count, 2);
	assert_string_equal(spec->vm->kernel_path, "/k");
	assert_string_equal(spec->vm->kernel_initrd, "/i");
	assert_string_equal(spec->vm->image_format, "raw");
	assert_int_equal(spec->vm->vcpus.v, 2);
	assert_int_equal(spec->vm->memory.v, 4194304);
	assert_false(spec->vm->iomems.items[0].first_gfn.set);
	assert_true(spec->vm->iomems.items[1].first_gfn.set);
	assert_int_equal(spec->vm->irqs.items[1], 22);
}

/* ---- the other documents ---- */

static void test_process_document(void **state)
{
	auto_free char *good = quotes("{'cwd': '/w', 'args': ['a'], 'user': {'uid': 1, 'gid': 2}}");
	auto_free char *bad = quotes("{'cwd': '/w',\n'args': [1]}");
	auto_(spec_process_doc) struct spec_process_doc *process = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(spec_process_parse(good, strlen(good), "p.json", &process, &err), 0);
	assert_string_equal(process->process.cwd, "/w");
	assert_int_equal(process->process.user.gid.v, 2);
	process->process.cwd = NULL;
	spec_process_free(process);
	process = NULL;
	assert_int_equal(spec_process_parse(bad, strlen(bad), "p.json", &process, &err), -EINVAL);
	assert_string_equal(err.msg, "p.json: line 2: args[0]: expected string, got number 1");
	assert_null(process);
}

static void test_resources_document(void **state)
{
	auto_free char *good = quotes("{'memory': {'limit': 5}, 'pids': {'limit': -1}}");
	auto_free char *bad = quotes("{'memory': 5}");
	auto_(spec_resources_doc) struct spec_resources_doc *resources = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(spec_resources_parse(good, strlen(good), "-", &resources, &err), 0);
	assert_int_equal(resources->resources.memory->limit.v, 5);
	assert_int_equal(resources->resources.pids_limit.v, -1);
	spec_resources_free(resources);
	resources = NULL;
	assert_int_equal(spec_resources_parse(bad, strlen(bad), "-", &resources, &err), -EINVAL);
	assert_string_equal(err.msg, "-: line 1: memory: expected object, got number 5");
}

static void test_copy(void **state)
{
	char text[] = "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"rootfs\"}}";
	auto_(spec) struct spec *spec = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(spec_parse(text, strlen(text), "c", &spec, &err), 0);
	memset(text, 'x', sizeof(text) - 1);
	assert_string_equal(spec->root->path, "rootfs");
}

static void test_too_large(void **state)
{
	auto_free char *text = xmalloc(SPEC_SIZE_MAX + 1);
	struct spec *spec = NULL;
	struct err err = { 0 };

	(void)state;
	memset(text, ' ', SPEC_SIZE_MAX + 1);
	assert_int_equal(spec_parse(text, SPEC_SIZE_MAX + 1, "c", &spec, &err), -EFBIG);
	assert_string_equal(err.msg, "c: larger than 16777216 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minimal),
		cmocka_unit_test(test_general_values),
		cmocka_unit_test(test_process_values),
		cmocka_unit_test(test_process_defaults),
		cmocka_unit_test(test_linux_values),
		cmocka_unit_test(test_resource_values),
		cmocka_unit_test(test_seccomp_values),
		cmocka_unit_test(test_seccomp_flags),
		cmocka_unit_test(test_vm_values),
		cmocka_unit_test(test_process_document),
		cmocka_unit_test(test_resources_document),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
