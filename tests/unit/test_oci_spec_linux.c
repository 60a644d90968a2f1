// SPDX-License-Identifier: Apache-2.0
/*
 * oci/spec*.c and oci/check.c: which configurations are accepted, and the exact words for those
 * that are not.  The rows follow config-linux.md and config-vm.md: a rule of them that is decided
 * while reading has its row here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/strbuf.h"
#include "tests/unit/spec_rows.h"

/* ---- config-linux.md ---- */

static void test_namespaces(void **state)
{
	static const struct row rows[] = {
		{ "type required", LINUX("'namespaces': [{'path': '/x'}]"),
			AT "linux.namespaces[0]: required property \"type\" is missing" },
		{ "unknown type", LINUX("'namespaces': [{'type': 'net'}]"),
			AT "linux.namespaces[0].type: unknown namespace type \"net\"" },
		{ "twice",
			LINUX("'namespaces': [{'type': 'pid'}, {'type': 'ipc'}, {'type': 'pid', "
			      "'path': '/x'}]"),
			AT "linux.namespaces[2]: the namespace \"pid\" is given twice" },
		{ "relative path", LINUX("'namespaces': [{'type': 'pid', 'path': 'x'}]"),
			AT "linux.namespaces[0].path: \"x\" is not an absolute path" },
		{ "empty path", LINUX("'namespaces': [{'type': 'pid', 'path': ''}]"),
			AT "linux.namespaces[0].path: \"\" is not an absolute path" },
		{ "offsets",
			LINUX("'namespaces': [{'type': 'time'}], 'timeOffsets': "
			      "{'monotonic': {'secs': -7}, 'boottime': {}}"),
			NULL },
		{ "unknown clock",
			LINUX("'namespaces': [{'type': 'time'}], 'timeOffsets': {'realtime': {}}"),
			AT "linux.timeOffsets.realtime: unknown clock (known are: monotonic, "
			   "boottime)" },
		{ "nanoseconds",
			LINUX("'namespaces': [{'type': 'time'}], 'timeOffsets': {'boottime': "
			      "{'nanosecs': 1000000000}}"),
			AT "linux.timeOffsets.boottime.nanosecs: 1000000000 is out of range (0 to "
			   "999999999)" },
		{ "offsets without a time namespace", LINUX("'timeOffsets': {'boottime': {}}"),
			AT "linux.timeOffsets: needs a time namespace in "
			   "linux.namespaces" },
		{ "offsets of a joined time namespace",
			LINUX("'namespaces': [{'type': 'time', 'path': '/x'}], 'timeOffsets': "
			      "{'boottime': {}}"),
			AT "linux.timeOffsets: only a new time namespace has offsets, "
			   "not "
			   "one that is joined" },
		{ "mappings without a user namespace",
			LINUX("'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}]"),
			AT "linux.uidMappings: needs a user namespace in "
			   "linux.namespaces" },
		{ "group mappings without a user namespace",
			LINUX("'gidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}]"),
			AT "linux.gidMappings: needs a user namespace in "
			   "linux.namespaces" },
	};

	(void)state;
	RUN(rows);
}

#define MAPS(entries) LINUX("'namespaces': [{'type': 'user'}], 'uidMappings': [" entries "]")
#define MAP(c, h, s) "{'containerID': " c ", 'hostID': " h ", 'size': " s "}"

static void test_idmaps(void **state)
{
	static const struct row rows[] = {
		{ "two ranges", MAPS(MAP("0", "1000", "1") ", " MAP("1", "100000", "65536")),
			NULL },
		{ "a range right below another",
			MAPS(MAP("10", "500", "5") ", " MAP("0", "490", "10")), NULL },
		{ "all ids", MAPS(MAP("0", "0", "4294967295")), NULL },
		{ "too many ids", MAPS(MAP("1", "0", "4294967295")),
			AT "linux.uidMappings[0]: the range ends above the highest id" },
		{ "too high on the host", MAPS(MAP("0", "4294967295", "1")),
			AT "linux.uidMappings[0]: the range ends above the highest id" },
		{ "empty", MAPS(MAP("0", "0", "0")),
			AT "linux.uidMappings[0]: the range is empty" },
		{ "overlap in the container",
			MAPS(MAP("0", "1000", "10") ", " MAP("9", "5000", "1")),
			AT "linux.uidMappings[1]: ids of the container are mapped twice" },
		{ "overlap on the host", MAPS(MAP("0", "1000", "10") ", " MAP("10", "1009", "1")),
			AT "linux.uidMappings[1]: ids of the host are mapped twice" },
		{ "size required", MAPS("{'containerID': 0, 'hostID': 0}"),
			AT "linux.uidMappings[0]: required property \"size\" is missing" },
	};

	(void)state;
	RUN(rows);
}

/* The kernel takes 340 lines. */
static void test_many_idmaps(void **state)
{
	(void)state;
	for (int count = 340; count <= 341; count++) {
		auto_(strbuf) struct strbuf maps = STRBUF_INIT;
		auto_free char *json = NULL, *text = NULL;
		auto_(spec) struct spec *spec = NULL;
		struct err err = { 0 };

		for (int i = 0; i < count; i++)
			strbuf_addf(&maps, "%s" MAP("%d", "%d", "1"), i ? "," : "", i * 2, i * 3);
		json = xasprintf(MAPS("%s"), maps.data);
		text = quotes(json);
		if (count == 340) {
			assert_int_equal(spec_parse(text, strlen(text), "c", &spec, &err), 0);
			continue;
		}
		assert_int_equal(spec_parse(text, strlen(text), "c", &spec, &err), -EINVAL);
		assert_string_equal(err.msg, "c: line 1: linux.uidMappings: more than 340 ranges");
	}
}

#define DEVICE(members) LINUX("'devices': [{'path': '/dev/x', " members "}]")

static void test_devices(void **state)
{
	static const struct row rows[] = {
		{ "type", DEVICE("'type': 'a', 'major': 1, 'minor': 3"),
			AT "linux.devices[0].type: \"a\" is not a device type (c, b, u, p)" },
		{ "type required", DEVICE("'major': 1, 'minor': 3"),
			AT "linux.devices[0]: required property \"type\" is missing" },
		{ "path absolute",
			LINUX("'devices': [{'path': 'dev/x', 'type': 'c', 'major': 1, 'minor': "
			      "3}]"),
			AT "linux.devices[0].path: \"dev/x\" is not an absolute path" },
		{ "major required", DEVICE("'type': 'c', 'minor': 3"),
			AT "linux.devices[0]: required property \"major\" is missing" },
		{ "minor required", DEVICE("'type': 'b', 'major': 3, 'minor': null"),
			AT "linux.devices[0]: required property \"minor\" is missing" },
		{ "a fifo needs none", DEVICE("'type': 'p'"), NULL },
		{ "a fifo may have them", DEVICE("'type': 'p', 'major': 5, 'minor': 6"), NULL },
		{ "what mknod would cut", DEVICE("'type': 'c', 'major': 4097, 'minor': 3"),
			AT "linux.devices[0].major: 4097 is out of range (0 to 4095)" },
		{ "minor too large", DEVICE("'type': 'c', 'major': 1, 'minor': 1048579"),
			AT "linux.devices[0].minor: 1048579 is out of range (0 to 1048575)" },
		{ "negative", DEVICE("'type': 'c', 'major': -1, 'minor': 3"),
			AT "linux.devices[0].major: -1 is out of range (0 to 4095)" },
		{ "mode with the type",
			DEVICE("'type': 'c', 'major': 1, 'minor': 3, 'fileMode': "
			       "8630"),
			NULL },
		{ "mode with another type",
			DEVICE("'type': 'b', 'major': 1, 'minor': 3, 'fileMode': 8630"),
			AT "linux.devices[0].fileMode: the file type in the mode is not that of "
			   "\"type\"" },
		{ "network device",
			LINUX("'namespaces': [{'type': 'network'}], 'netDevices': "
			      "{'eth0': {'name': 'con%d'}, 'eth1': {}}"),
			NULL },
		{ "network device without a namespace", LINUX("'netDevices': {'eth0': {}}"),
			AT "linux.netDevices: needs a network namespace in "
			   "linux.namespaces" },
		{ "name too long", LINUX("'netDevices': {'eth0': {'name': '0123456789abcdef'}}"),
			AT "linux.netDevices.eth0.name: \"0123456789abcdef\" is not the name of a "
			   "network interface" },
		{ "name of two parts", LINUX("'netDevices': {'a/b': {}}"),
			AT "linux.netDevices: the name \"a/b\" is not the name of a network "
			   "interface" },
		{ "template", LINUX("'netDevices': {'eth0': {'name': 'e%dx%d'}}"),
			AT
			"linux.netDevices.eth0.name: \"e%dx%d\" may hold one \"%d\" and no other "
			"\"%\"" },
		{ "format", LINUX("'netDevices': {'eth0': {'name': 'e%s'}}"),
			AT "linux.netDevices.eth0.name: \"e%s\" may hold one \"%d\" and no other "
			   "\"%\"" },
	};

	(void)state;
	RUN(rows);
}

static void test_resources(void **state)
{
	static const struct row rows[] = {
		{ "-1 is no limit", RESOURCES("'memory': {'limit': -1, 'swap': -1}"), NULL },
		{ "-2 is nothing", RESOURCES("'memory': {'limit': -2}"),
			AT "linux.resources.memory.limit: -2 is out of range (-1 to "
			   "9223372036854775807)" },
		{ "memory as text", RESOURCES("'memory': {'limit': '1M'}"),
			AT "linux.resources.memory.limit: expected integer, got string" },
		{ "swappiness", RESOURCES("'memory': {'swappiness': 101}"),
			AT "linux.resources.memory.swappiness: 101 is out of range (0 to 100)" },
		{ "burst within the quota", RESOURCES("'cpu': {'quota': 100, 'burst': 100}"),
			NULL },
		{ "burst above the quota", RESOURCES("'cpu': {'burst': 101, 'quota': 100}"),
			AT "linux.resources.cpu.burst: larger than the quota" },
		{ "burst without a quota", RESOURCES("'cpu': {'burst': 101, 'quota': -1}"), NULL },
		{ "cpus", RESOURCES("'cpu': {'cpus': '0-', 'mems': '0'}"),
			AT "linux.resources.cpu.cpus: \"0-\" is not a list such as \"0-3,7\"" },
		{ "idle", RESOURCES("'cpu': {'idle': 2}"),
			AT "linux.resources.cpu.idle: 2 is out of range (0 to 1)" },
		{ "pids 0", RESOURCES("'pids': {'limit': 0}"), NULL },
		{ "pids -2", RESOURCES("'pids': {'limit': -2}"),
			AT "linux.resources.pids.limit: -2 is out of range (-1 to "
			   "9223372036854775807)" },
		{ "weight", RESOURCES("'blockIO': {'weight': 65536}"),
			AT "linux.resources.blockIO.weight: 65536 is out of range (0 to 65535)" },
		{ "weight of a device",
			RESOURCES("'blockIO': {'weightDevice': [{'major': 8, 'minor': 0}]}"),
			AT
			"linux.resources.blockIO.weightDevice[0]: \"weight\" or \"leafWeight\" is "
			"needed" },
		{ "throttle",
			RESOURCES("'blockIO': {'throttleReadIOPSDevice': [{'major': 8, "
				  "'minor': 0}]}"),
			AT "linux.resources.blockIO.throttleReadIOPSDevice[0]: required property "
			   "\"rate\" is missing" },
		{ "page size", RESOURCES("'hugepageLimits': [{'pageSize': '2MB', 'limit': 0}]"),
			NULL },
		{ "page size with a path",
			RESOURCES("'hugepageLimits': [{'pageSize': '../2MB', 'limit': 0}]"),
			AT
			"linux.resources.hugepageLimits[0].pageSize: \"../2MB\" is not a page size "
			"such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ "page size without a number",
			RESOURCES("'hugepageLimits': [{'pageSize': 'MB', 'limit': 0}]"),
			AT "linux.resources.hugepageLimits[0].pageSize: \"MB\" is not a page size "
			   "such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ "page size with a leading zero",
			RESOURCES("'hugepageLimits': [{'pageSize': '02MB', 'limit': 0}]"),
			AT
			"linux.resources.hugepageLimits[0].pageSize: \"02MB\" is not a page size "
			"such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ "page size in bytes",
			RESOURCES("'hugepageLimits': [{'pageSize': '64', 'limit': 0}]"),
			AT "linux.resources.hugepageLimits[0].pageSize: \"64\" is not a page size "
			   "such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ "rdma", RESOURCES("'rdma': {'mlx5_1': {}}"),
			AT
			"linux.resources.rdma.mlx5_1: \"hcaHandles\" or \"hcaObjects\" is needed" },
		{ "rdma name", RESOURCES("'rdma': {'a b': {'hcaHandles': 1}}"),
			AT "linux.resources.rdma: the name \"a b\" is not a device name" },
		{ "priority", RESOURCES("'network': {'priorities': [{'name': 'eth0'}]}"),
			AT
			"linux.resources.network.priorities[0]: required property \"priority\" is "
			"missing" },
		{ "unified", RESOURCES("'unified': {'memory.high': '1', 'any.thing': ''}"), NULL },
		{ "unified with a path", RESOURCES("'unified': {'../memory.max': '1'}"),
			AT
			"linux.resources.unified: the name \"../memory.max\" is not the name of a "
			"cgroup file" },
		{ "unified ..", RESOURCES("'unified': {'..': '1'}"),
			AT "linux.resources.unified: the name \"..\" is not the name of a cgroup "
			   "file" },
		{ "unified value", RESOURCES("'unified': {'memory.high': 1}"),
			AT
			"linux.resources.unified[\"memory.high\"]: expected string, got number 1" },
		{ "device rule", RESOURCES("'devices': [{'access': 'rwm'}]"),
			AT "linux.resources.devices[0]: required property \"allow\" is missing" },
		{ "device rule access", RESOURCES("'devices': [{'allow': true, 'access': 'rx'}]"),
			AT "linux.resources.devices[0].access: \"rx\" is not made of r, w and m" },
		{ "device rule no access", RESOURCES("'devices': [{'allow': true, 'access': ''}]"),
			AT "linux.resources.devices[0].access: \"\" is not made of r, w and m" },
		{ "device rule type", RESOURCES("'devices': [{'allow': true, 'type': 'p'}]"),
			AT
			"linux.resources.devices[0].type: \"p\" is not a device type (a, b, c)" },
	};

	(void)state;
	RUN(rows);
}

static void test_seccomp(void **state)
{
	static const struct row rows[] = {
		{ "defaultAction required", LINUX("'seccomp': {}"),
			AT "linux.seccomp: required property \"defaultAction\" is missing" },
		{ "unknown action", LINUX("'seccomp': {'defaultAction': 'SCMP_ACT_FOO'}"),
			AT "linux.seccomp.defaultAction: unknown seccomp action \"SCMP_ACT_FOO\"" },
		{ "names required", SECCOMP("'syscalls': [{'action': 'SCMP_ACT_KILL'}]"),
			AT "linux.seccomp.syscalls[0]: required property \"names\" is missing" },
		{ "names not empty",
			SECCOMP("'syscalls': [{'names': [], 'action': 'SCMP_ACT_KILL'}]"),
			AT "linux.seccomp.syscalls[0]: \"names\" needs at least one entry" },
		{ "errno of ERRNO", RULE("'action': 'SCMP_ACT_ERRNO', 'errnoRet': 38"), NULL },
		{ "errno of TRACE", RULE("'action': 'SCMP_ACT_TRACE', 'errnoRet': 65535"), NULL },
		{ "errno of KILL", RULE("'action': 'SCMP_ACT_KILL', 'errnoRet': 1"),
			AT "linux.seccomp.syscalls[0].errnoRet: the action SCMP_ACT_KILL takes no "
			   "errno" },
		{ "errno of ALLOW", RULE("'errnoRet': 0, 'action': 'SCMP_ACT_ALLOW'"),
			AT "linux.seccomp.syscalls[0].errnoRet: the action SCMP_ACT_ALLOW takes no "
			   "errno" },
		{ "errno too large", RULE("'action': 'SCMP_ACT_ERRNO', 'errnoRet': 65536"),
			AT "linux.seccomp.syscalls[0].errnoRet: 65536 is no errno" },
		{ "default errno of ALLOW", SECCOMP("'defaultErrnoRet': 1"),
			AT
			"linux.seccomp.defaultErrnoRet: the action SCMP_ACT_ALLOW takes no errno" },
		{ "default errno of ERRNO",
			LINUX("'seccomp': {'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': "
			      "1}"),
			NULL },
		{ "metadata without path", SECCOMP("'listenerMetadata': 'x'"),
			AT "linux.seccomp.listenerMetadata: only allowed with \"listenerPath\"" },
		{ "metadata with path", SECCOMP("'listenerMetadata': 'x', 'listenerPath': '/s'"),
			NULL },
		{ "notify without listener", RULE("'action': 'SCMP_ACT_NOTIFY'"),
			AT "linux.seccomp: SCMP_ACT_NOTIFY needs \"listenerPath\"" },
		{ "notify by default without listener",
			LINUX("'seccomp': {'defaultAction': 'SCMP_ACT_NOTIFY'}"),
			AT "linux.seccomp: SCMP_ACT_NOTIFY needs \"listenerPath\"" },
		{ "unknown architecture", SECCOMP("'architectures': ['SCMP_ARCH_Z80']"),
			AT "linux.seccomp.architectures[0]: unknown seccomp architecture "
			   "\"SCMP_ARCH_Z80\"" },
		{ "unknown flag", SECCOMP("'flags': ['SECCOMP_FILTER_FLAG_NEW_LISTENER']"),
			AT "linux.seccomp.flags[0]: unknown seccomp flag "
			   "\"SECCOMP_FILTER_FLAG_NEW_LISTENER\"" },
		{ "argument 6",
			RULE("'action': 'SCMP_ACT_LOG', 'args': [{'index': 6, 'value': 0, 'op': "
			     "'SCMP_CMP_EQ'}]"),
			AT "linux.seccomp.syscalls[0].args[0].index: 6 is out of range (0 to 5)" },
		{ "operator",
			RULE("'action': 'SCMP_ACT_LOG', 'args': [{'index': 5, 'value': 0, "
			     "'op': '='}]"),
			AT "linux.seccomp.syscalls[0].args[0].op: unknown seccomp operator \"=\"" },
		{ "value required",
			RULE("'action': 'SCMP_ACT_LOG', 'args': [{'index': 5, 'op': "
			     "'SCMP_CMP_NE'}]"),
			AT "linux.seccomp.syscalls[0].args[0]: required property \"value\" is "
			   "missing" },
	};

	(void)state;
	RUN(rows);
}

#define POLICY(members) LINUX("'memoryPolicy': {" members "}")

static void test_linux_rest(void **state)
{
	static const struct row rows[] = {
		{ "propagation", LINUX("'rootfsPropagation': 'bogus'"),
			AT "linux.rootfsPropagation: unknown mount propagation \"bogus\"" },
		{ "masked path", LINUX("'maskedPaths': ['/a', 'proc/kcore']"),
			AT "linux.maskedPaths[1]: \"proc/kcore\" is not an absolute path" },
		{ "read-only path", LINUX("'readonlyPaths': ['']"),
			AT "linux.readonlyPaths[0]: \"\" is not an absolute path" },
		{ "personality", LINUX("'personality': {'domain': 'LINUX32', 'flags': []}"), NULL },
		{ "domain required", LINUX("'personality': {}"),
			AT "linux.personality: required property \"domain\" is missing" },
		{ "domain", LINUX("'personality': {'domain': 'BSD'}"),
			AT "linux.personality.domain: unknown execution domain \"BSD\"" },
		{ "personality flags",
			LINUX("'personality': {'domain': 'LINUX', 'flags': ['ADDR_NO_RANDOMIZE']}"),
			AT "linux.personality.flags: no flag is supported" },
		{ "sysctl", LINUX("'sysctl': {'net.ipv4.conf.eth0/1.forwarding': '1'}"), NULL },
		{ "sysctl ..", LINUX("'sysctl': {'net.../../kernel.sysrq': '1'}"),
			AT "linux.sysctl: the name \"net.../../kernel.sysrq\" is not the name of a "
			   "kernel parameter" },
		{ "sysctl absolute", LINUX("'sysctl': {'/kernel/sysrq': '1'}"),
			AT "linux.sysctl: the name \"/kernel/sysrq\" is not the name of a kernel "
			   "parameter" },
		{ "sysctl empty", LINUX("'sysctl': {'': '1'}"),
			AT "linux.sysctl: the name \"\" is not the name of a kernel parameter" },
		{ "sysctl trailing dot", LINUX("'sysctl': {'kernel.': '1'}"),
			AT "linux.sysctl: the name \"kernel.\" is not the name of a kernel "
			   "parameter" },
		{ "sysctl value", LINUX("'sysctl': {'kernel.msgmax': 1}"),
			AT "linux.sysctl[\"kernel.msgmax\"]: expected string, got number 1" },
		{ "bind",
			POLICY("'mode': 'MPOL_BIND', 'nodes': '0-1', 'flags': "
			       "['MPOL_F_NUMA_BALANCING', 'MPOL_F_STATIC_NODES']"),
			NULL },
		{ "weighted", POLICY("'mode': 'MPOL_WEIGHTED_INTERLEAVE', 'nodes': '0'"), NULL },
		{ "default", POLICY("'mode': 'MPOL_DEFAULT', 'nodes': ''"), NULL },
		{ "default with nodes", POLICY("'mode': 'MPOL_DEFAULT', 'nodes': '0'"),
			AT "linux.memoryPolicy: the mode takes no nodes" },
		{ "local with nodes", POLICY("'mode': 'MPOL_LOCAL', 'nodes': '0'"),
			AT "linux.memoryPolicy: the mode takes no nodes" },
		{ "preferred without nodes", POLICY("'mode': 'MPOL_PREFERRED'"), NULL },
		{ "interleave without nodes", POLICY("'mode': 'MPOL_INTERLEAVE'"),
			AT "linux.memoryPolicy: the mode needs nodes" },
		{ "both kinds of nodes",
			POLICY("'mode': 'MPOL_BIND', 'nodes': '0', 'flags': "
			       "['MPOL_F_STATIC_NODES', "
			       "'MPOL_F_RELATIVE_NODES']"),
			AT
			"linux.memoryPolicy: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude "
			"each other" },
		{ "balancing",
			POLICY("'mode': 'MPOL_INTERLEAVE', 'nodes': '0', 'flags': "
			       "['MPOL_F_NUMA_BALANCING']"),
			AT "linux.memoryPolicy: MPOL_F_NUMA_BALANCING needs MPOL_BIND or "
			   "MPOL_PREFERRED_MANY" },
		{ "nodes", POLICY("'mode': 'MPOL_BIND', 'nodes': 'x'"),
			AT "linux.memoryPolicy.nodes: \"x\" is not a list such as \"0-3,7\"" },
		{ "mode", POLICY("'mode': 'MPOL_BEST'"),
			AT "linux.memoryPolicy.mode: unknown memory policy mode \"MPOL_BEST\"" },
		{ "default class", LINUX("'intelRdt': {'closID': '/'}"), NULL },
		{ "class with a path", LINUX("'intelRdt': {'closID': '../x'}"),
			AT
			"linux.intelRdt.closID: \"../x\" is not the name of a resctrl directory" },
		{ "bandwidth", LINUX("'intelRdt': {'memBwSchema': 'L3:0=1'}"),
			AT
			"linux.intelRdt.memBwSchema: \"L3:0=1\" is not one line that starts with "
			"\"MB:\"" },
		{ "schemata on two lines", LINUX("'intelRdt': {'schemata': ['L3:0=1', 'a\\nb']}"),
			AT "linux.intelRdt.schemata[1]: \"a?b\" is more than one line" },
		{ "bandwidth on two lines", LINUX("'intelRdt': {'memBwSchema': 'MB:0=1\\nL3:0=1'}"),
			AT
			"linux.intelRdt.memBwSchema: \"MB:0=1?L3:0=1\" is not one line that starts "
			"with \"MB:\"" },
	};

	(void)state;
	RUN(rows);
}

/* ---- config-vm.md ---- */

static void test_vm(void **state)
{
	static const struct row rows[] = {
		{ "kernel required", VM("'hwConfig': {}"),
			AT "vm: required property \"kernel\" is missing" },
		{ "kernel.path required", VM("'kernel': {}"),
			AT "vm.kernel: required property \"path\" is missing" },
		{ "kernel.path absolute", VM("'kernel': {'path': 'vmlinux'}"),
			AT "vm.kernel.path: \"vmlinux\" is not an absolute path" },
		{ "initrd absolute", VM("'kernel': {'path': '/k', 'initrd': 'i'}"),
			AT "vm.kernel.initrd: \"i\" is not an absolute path" },
		{ "hypervisor.path required", VM("'kernel': {'path': '/k'}, 'hypervisor': {}"),
			AT "vm.hypervisor: required property \"path\" is missing" },
		{ "hypervisor.path absolute",
			VM("'kernel': {'path': '/k'}, 'hypervisor': {'path': 'qemu'}"),
			AT "vm.hypervisor.path: \"qemu\" is not an absolute path" },
		{ "image.path absolute", VM("'kernel': {'path': '/k'}, 'image': {'path': 'i'}"),
			AT "vm.image.path: \"i\" is not an absolute path" },
		{ "image.format",
			VM("'kernel': {'path': '/k'}, 'image': {'path': '/i', 'format': 'iso'}"),
			AT
			"vm.image.format: \"iso\" is not an image format (raw, qcow2, vdi, vmdk, "
			"vhd)" },
		{ "no CPU", VM("'kernel': {'path': '/k'}, 'hwConfig': {'vcpus': 0}"),
			AT "vm.hwConfig.vcpus: 0 is out of range (1 to 4294967295)" },
		{ "iomem", VM("'kernel': {'path': '/k'}, 'hwConfig': {'iomems': [{'nrMFNs': 1}]}"),
			AT "vm.hwConfig.iomems[0]: required property \"firstMFN\" is missing" },
	};

	(void)state;
	RUN(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_idmaps),
		cmocka_unit_test(test_many_idmaps),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_linux_rest),
		cmocka_unit_test(test_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
