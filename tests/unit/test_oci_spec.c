// SPDX-License-Identifier: Apache-2.0
/*
 * oci/spec*.c and oci/check.c: which configurations are accepted, what they read as, and the exact
 * words for those that are not.  The rows follow config.md, config-linux.md and config-vm.md: a
 * rule of the specification that is decided while reading has its row here.
 *
 * JSON is written with ' for ".
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
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "oci/spec.h"

/* clang-format off */
#define CONF(members) "{'ociVersion': '1.3.0', 'root': {'path': 'rootfs'}, " members "}"
#define PROCESS(members) CONF("'process': {'cwd': '/', 'args': ['sh'], " members "}")
#define LINUX(members) CONF("'linux': {" members "}")
#define RESOURCES(members) LINUX("'resources': {" members "}")
#define SECCOMP(members) LINUX("'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', " members "}")
#define RULE(members) SECCOMP("'syscalls': [{'names': ['read'], " members "}]")
#define MOUNTED(members) CONF("'linux': {'namespaces': [{'type': 'mount'}]}, 'mounts': [" members "]")
#define VM(members) CONF("'vm': {" members "}")
#define HOOK(members) CONF("'hooks': {'poststop': [{" members "}]}")
#define AT "config.json: line 1: "
/* clang-format on */

struct row {
	const char *rule;
	const char *json;
	const char *error; /* NULL: accepted */
};

static char *quotes(const char *json)
{
	char *text = xstrdup(json);

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return text;
}

static void run_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		auto_free char *text = quotes(rows[i].json);
		auto_(spec) struct spec *spec = NULL;
		struct err err = { 0 };
		int r = spec_parse(text, strlen(text), "config.json", &spec, &err);

		if (!rows[i].error && r < 0)
			fail_msg("%s: refused: %s", rows[i].rule, err.msg);
		if (rows[i].error && r == 0)
			fail_msg("%s: accepted: %s", rows[i].rule, text);
		if (rows[i].error && strcmp(err.msg, rows[i].error) != 0)
			fail_msg("%s:\n got      %s\n expected %s", rows[i].rule, err.msg,
				rows[i].error);
		if (rows[i].error)
			assert_int_equal(err.kind, ERR_CONFIG);
	}
}

#define RUN(rows) run_rows(rows, ARRAY_SIZE(rows))

static struct spec *read_spec(const char *json)
{
	auto_free char *text = quotes(json);
	struct spec *spec = NULL;
	struct err err = { 0 };

	if (spec_parse(text, strlen(text), "config.json", &spec, &err) < 0)
		fail_msg("%s", err.msg);
	return spec;
}

/* ---- config.md ---- */

#define OCI_VERSION(version) "{'ociVersion': '" version "', 'root': {'path': 'r'}}"
#define NOT_SEMVER(version) \
	AT "ociVersion: \"" version "\" is not a semantic version (MAJOR.MINOR.PATCH)"
#define NOT_OURS(version)           \
	AT "ociVersion: \"" version \
	   "\" is not supported: only versions 1.x of the specification are"

static void test_version(void **state)
{
	static const struct row rows[] = {
		{ "required", "{'root': {'path': 'r'}}",
			AT "required property \"ociVersion\" is missing" },
		{ "string", "{'ociVersion': 1, 'root': {'path': 'r'}}",
			AT "ociVersion: expected string, got number 1" },
		{ "1.0.0", OCI_VERSION("1.0.0"), NULL },
		{ "our own", OCI_VERSION("1.3.0"), NULL },
		{ "later minor", OCI_VERSION("1.99.7"), NULL },
		{ "pre-release", OCI_VERSION("1.0.2-dev"), NULL },
		{ "build", OCI_VERSION("1.2.1+dev"), NULL },
		{ "both", OCI_VERSION("1.0.0-rc.5+20240101.x-y"), NULL },
		{ "major 2", OCI_VERSION("2.0.0"), NOT_OURS("2.0.0") },
		{ "major 0", OCI_VERSION("0.5.0"), NOT_OURS("0.5.0") },
		{ "major 11", OCI_VERSION("11.0.0"), NOT_OURS("11.0.0") },
		{ "empty", OCI_VERSION(""), NOT_SEMVER("") },
		{ "a word", OCI_VERSION("invalid"), NOT_SEMVER("invalid") },
		{ "two parts", OCI_VERSION("1.0"), NOT_SEMVER("1.0") },
		{ "four parts", OCI_VERSION("1.0.0.0"), NOT_SEMVER("1.0.0.0") },
		{ "v", OCI_VERSION("v1.0.0"), NOT_SEMVER("v1.0.0") },
		{ "leading zero", OCI_VERSION("1.02.0"), NOT_SEMVER("1.02.0") },
		{ "leading zero in a pre-release", OCI_VERSION("1.0.0-01"),
			NOT_SEMVER("1.0.0-01") },
		{ "empty pre-release", OCI_VERSION("1.0.0-"), NOT_SEMVER("1.0.0-") },
		{ "empty identifier", OCI_VERSION("1.0.0-a..b"), NOT_SEMVER("1.0.0-a..b") },
		{ "empty build", OCI_VERSION("1.0.0+"), NOT_SEMVER("1.0.0+") },
		{ "space", OCI_VERSION("1.0.0 "), NOT_SEMVER("1.0.0 ") },
	};

	(void)state;
	RUN(rows);
}

static void test_document(void **state)
{
	static const struct row rows[] = {
		{ "root is required", "{'ociVersion': '1.0.0'}",
			AT "required property \"root\" is missing" },
		{ "root null", "{'ociVersion': '1.0.0', 'root': null}",
			AT "required property \"root\" is missing" },
		{ "root.path is required", "{'ociVersion': '1.0.0', 'root': {}}",
			AT "root: required property \"path\" is missing" },
		{ "root.path empty", "{'ociVersion': '1.0.0', 'root': {'path': ''}}",
			AT "root.path: \"\" is empty" },
		{ "unknown properties are ignored",
			CONF("'xyz': [1, {'a': null}], 'linux': {'new': 1}, 'windows': {'a': {}}"),
			NULL },
		{ "keys are case-sensitive",
			"{'ociVersion': '1.0.0', 'root': {'path': 'r'}, 'Process': 7}", NULL },
		{ "null is absent",
			CONF("'process': null, 'mounts': null, 'linux': null, 'hooks': null,"
			     "'annotations': null, 'hostname': null, 'vm': null"),
			NULL },
		{ "an array", "[]", AT "expected object, got array" },
		{ "not JSON", "{", AT "not valid JSON: premature EOF" },
		{ "a key twice", "{'ociVersion': '1.0.0', 'ociVersion': '1.0.0'}",
			AT "ociVersion: the property is given twice" },
		{ "NUL", "{'ociVersion': '1.0.0\\u0000'}",
			AT "ociVersion: the string holds a NUL character" },
		{ "host name",
			CONF("'hostname': 'a23456789012345678901234567890123456789012345678"
			     "90123456789012345'"),
			AT "hostname: \"a2345678901234567890123456789012345678901234567890123456789"
			   "012345\" is longer than 64 bytes" },
		{ "annotations are strings", CONF("'annotations': {'a': 1}"),
			AT "annotations.a: expected string, got number 1" },
		{ "annotation keys are not empty", CONF("'annotations': {'': 'x'}"),
			AT "annotations: the name \"\" is empty" },
		{ "annotation values may be empty", CONF("'annotations': {'a': ''}"), NULL },
		{ "annotations are a map", CONF("'annotations': ['a']"),
			AT "annotations: expected object, got array" },
	};

	(void)state;
	RUN(rows);
}

static void test_mounts(void **state)
{
	static const struct row rows[] = {
		{ "destination required", MOUNTED("{'type': 'proc'}"),
			AT "mounts[0]: required property \"destination\" is missing" },
		{ "relative destination is fine",
			MOUNTED("{'destination': 'proc', 'type': 'proc'}"), NULL },
		{ "unknown options are for the file system",
			MOUNTED("{'destination': '/x', 'type': 'tmpfs', 'options': ['foo=bar']}"),
			NULL },
		{ "bind needs no type",
			MOUNTED("{'destination': '/x', 'source': 'y', 'options': ['rbind', 'ro']}"),
			NULL },
		{ "bind without source",
			MOUNTED("{'destination': '/x', 'type': 'none', 'options': ['bind']}"),
			AT "mounts[0]: a bind mount needs a \"source\"" },
		{ "no type", MOUNTED("{'destination': '/x', 'source': '/y'}"),
			AT "mounts[0]: the file system's \"type\" is missing" },
		{ "remount needs no type",
			MOUNTED("{'destination': '/x', 'options': ['remount', 'ro']}"), NULL },
		{ "propagation needs no type",
			MOUNTED("{'destination': '/x', 'options': ['rslave']}"), NULL },
		{ "uidMappings alone",
			MOUNTED("{'destination': '/x', 'source': 'y', 'options': ['bind', 'idmap'],"
				"'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}]}"),
			AT "mounts[0]: \"uidMappings\" and \"gidMappings\" are only allowed "
			   "together" },
		{ "gidMappings alone",
			MOUNTED("{'destination': '/x', 'source': 'y', 'options': ['bind', 'idmap'],"
				"'gidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}]}"),
			AT "mounts[0]: \"uidMappings\" and \"gidMappings\" are only allowed "
			   "together" },
		{ "both, with idmap",
			MOUNTED("{'destination': '/x', 'source': 'y', 'options': ['bind', 'idmap'],"
				"'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}],"
				"'gidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}]}"),
			NULL },
		{ "idmap without anything",
			MOUNTED("{'destination': '/a', 'type': 'tmpfs'},"
				"{'destination': '/x', 'source': 'y', 'options': ['bind', "
				"'ridmap']}"),
			AT "mounts[1]: an id-mapped mount needs \"uidMappings\" and "
			   "\"gidMappings\", or a user namespace" },
		{ "idmap with a user namespace",
			CONF("'linux': {'namespaces': [{'type': 'mount'}, {'type': 'user'}]},"
			     "'mounts': [{'destination': '/x', 'source': 'y', 'options': ['bind', "
			     "'idmap']}]"),
			NULL },
		{ "empty range",
			MOUNTED("{'destination': '/x', 'source': 'y', 'options': ['bind', 'idmap'],"
				"'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 0}],"
				"'gidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}]}"),
			AT "mounts[0].uidMappings[0]: the range is empty" },
		{ "options are strings",
			MOUNTED("{'destination': '/x', 'type': 't', 'options': ['ro', 1]}"),
			AT "mounts[0].options[1]: expected string, got number 1" },
		{ "a host name without a uts namespace", CONF("'hostname': 'h'"),
			AT "hostname: needs a uts namespace in linux.namespaces" },
		{ "a domain name without a uts namespace", CONF("'domainname': 'd'"),
			AT "domainname: needs a uts namespace in linux.namespaces" },
		{ "mounts without a mount namespace",
			CONF("'mounts': [{'destination': '/proc', 'type': 'proc'}]"),
			AT "mounts: needs a mount namespace in linux.namespaces" },
		{ "read-only root without a mount namespace",
			"{'ociVersion': '1.0.0', 'root': {'path': 'r', 'readonly': true}}",
			AT "root.readonly: needs a mount namespace in linux.namespaces" },
		{ "masked without a mount namespace", LINUX("'maskedPaths': ['/proc/kcore']"),
			AT "linux.maskedPaths: needs a mount namespace in "
			   "linux.namespaces" },
		{ "read-only without a mount namespace", LINUX("'readonlyPaths': ['/proc/sys']"),
			AT "linux.readonlyPaths: needs a mount namespace in "
			   "linux.namespaces" },
		{ "propagation without a mount namespace", LINUX("'rootfsPropagation': 'shared'"),
			AT "linux.rootfsPropagation: needs a mount namespace in "
			   "linux.namespaces" },
		{ "empty lists need none",
			LINUX("'maskedPaths': [], 'readonlyPaths': [], 'rootfsPropagation': ''"),
			NULL },
	};

	(void)state;
	RUN(rows);
}

static void test_process(void **state)
{
	static const struct row rows[] = {
		{ "cwd required", CONF("'process': {'args': ['a']}"),
			AT "process: required property \"cwd\" is missing" },
		{ "cwd absolute", CONF("'process': {'args': ['a'], 'cwd': 'tmp'}"),
			AT "process.cwd: \"tmp\" is not an absolute path" },
		{ "args absent", CONF("'process': {'cwd': '/'}"),
			AT "process: \"args\" needs at least one entry" },
		{ "args empty", CONF("'process': {'cwd': '/', 'args': []}"),
			AT "process: \"args\" needs at least one entry" },
		{ "terminal", PROCESS("'terminal': 'yes'"),
			AT "process.terminal: expected boolean, got string" },
		{ "environment", PROCESS("'env': ['A=', 'B=x=y', 'C=\\n']"), NULL },
		{ "environment without =", PROCESS("'env': ['A=1', 'B']"),
			AT "process.env[1]: \"B\" is not of the form NAME=value" },
		{ "environment without a name", PROCESS("'env': ['=x']"),
			AT "process.env[0]: \"=x\" is not of the form NAME=value" },
		{ "console size is ignored without a terminal",
			PROCESS("'consoleSize': {'height': -1}"), NULL },
		{ "console size is ignored with terminal false",
			PROCESS("'consoleSize': 'x', 'terminal': false"), NULL },
		{ "console size", PROCESS("'consoleSize': {'height': 25}, 'terminal': true"),
			AT "process.consoleSize: required property \"width\" is missing" },
		{ "console size range",
			PROCESS("'terminal': true, 'consoleSize': {'height': 65536, 'width': 1}"),
			AT "process.consoleSize.height: 65536 is out of range (0 to 65535)" },
		{ "uid required", PROCESS("'user': {'gid': 0}"),
			AT "process.user: required property \"uid\" is missing" },
		{ "gid required", PROCESS("'user': {'uid': 0}"),
			AT "process.user: required property \"gid\" is missing" },
		{ "uid -1", PROCESS("'user': {'uid': 4294967295, 'gid': 0}"),
			AT "process.user.uid: 4294967295 is out of range (0 to 4294967294)" },
		{ "uid as a name", PROCESS("'user': {'uid': 'root', 'gid': 0}"),
			AT "process.user.uid: expected integer, got string" },
		{ "uid negative", PROCESS("'user': {'uid': -1, 'gid': 0}"),
			AT "process.user.uid: -1 is out of range (0 to 4294967294)" },
		{ "umask", PROCESS("'user': {'uid': 0, 'gid': 0, 'umask': 512}"),
			AT "process.user.umask: 512 is out of range (0 to 511)" },
		{ "groups", PROCESS("'user': {'uid': 0, 'gid': 0, 'additionalGids': [4294967295]}"),
			AT "process.user.additionalGids[0]: 4294967295 is out of range (0 to "
			   "4294967294)" },
		{ "unknown capability is no error",
			PROCESS("'capabilities': {'bounding': ['CAP_FUTURE', 'cap_chown']}"),
			NULL },
		{ "capabilities are lists", PROCESS("'capabilities': {'bounding': 'CAP_CHOWN'}"),
			AT "process.capabilities.bounding: expected array, got string" },
		{ "capabilities are names", PROCESS("'capabilities': {'ambient': [5]}"),
			AT "process.capabilities.ambient[0]: expected string, got number 5" },
		{ "oomScoreAdj low", PROCESS("'oomScoreAdj': -1001"),
			AT "process.oomScoreAdj: -1001 is out of range (-1000 to 1000)" },
		{ "oomScoreAdj high", PROCESS("'oomScoreAdj': 1001"),
			AT "process.oomScoreAdj: 1001 is out of range (-1000 to 1000)" },
		{ "ioPriority class",
			PROCESS("'ioPriority': {'class': 'IOPRIO_CLASS_NONE', 'priority': 0}"),
			AT "process.ioPriority.class: unknown I/O scheduling class "
			   "\"IOPRIO_CLASS_NONE\"" },
		{ "ioPriority priority",
			PROCESS("'ioPriority': {'class': 'IOPRIO_CLASS_BE', 'priority': 9}"),
			AT "process.ioPriority.priority: 9 is out of range (0 to 7)" },
		{ "ioPriority required", PROCESS("'ioPriority': {'class': 'IOPRIO_CLASS_BE'}"),
			AT "process.ioPriority: required property \"priority\" is missing" },
		{ "affinity", PROCESS("'execCPUAffinity': {'initial': '0-3,7', 'final': ''}"),
			NULL },
		{ "affinity backwards", PROCESS("'execCPUAffinity': {'initial': '3-1'}"),
			AT "process.execCPUAffinity.initial: \"3-1\" is not a list such as "
			   "\"0-3,7\"" },
		{ "affinity trailing comma", PROCESS("'execCPUAffinity': {'final': '1,'}"),
			AT
			"process.execCPUAffinity.final: \"1,\" is not a list such as \"0-3,7\"" },
		{ "affinity words", PROCESS("'execCPUAffinity': {'final': 'all'}"),
			AT
			"process.execCPUAffinity.final: \"all\" is not a list such as \"0-3,7\"" },
	};

	(void)state;
	RUN(rows);
}

#define LIMIT(type, soft, hard) "{'type': '" type "', 'soft': " soft ", 'hard': " hard "}"

static void test_rlimits(void **state)
{
	static const struct row rows[] = {
		{ "no limit",
			PROCESS("'rlimits': [" LIMIT(
				"RLIMIT_CORE", "18446744073709551615", "18446744073709551615") "]"),
			NULL },
		{ "unknown type", PROCESS("'rlimits': [" LIMIT("RLIMIT_FOO", "1", "1") "]"),
			AT "process.rlimits[0].type: unknown resource limit \"RLIMIT_FOO\"" },
		{ "twice",
			PROCESS("'rlimits': [" LIMIT("RLIMIT_CPU", "1", "1") ", " LIMIT(
				"RLIMIT_NOFILE", "1", "1") ", " LIMIT("RLIMIT_CPU", "1", "1") "]"),
			AT "process.rlimits[2]: RLIMIT_CPU is given twice" },
		{ "hard required", PROCESS("'rlimits': [{'type': 'RLIMIT_CPU', 'soft': 1}]"),
			AT "process.rlimits[0]: required property \"hard\" is missing" },
		{ "negative", PROCESS("'rlimits': [" LIMIT("RLIMIT_CPU", "-1", "1") "]"),
			AT "process.rlimits[0].soft: -1 is out of range (0 to "
			   "18446744073709551615)" },
		{ "soft above hard", PROCESS("'rlimits': [" LIMIT("RLIMIT_CPU", "2", "1") "]"),
			AT "process.rlimits[0]: the soft limit is above the hard limit" },
	};

	(void)state;
	RUN(rows);
}

static void test_scheduler(void **state)
{
	static const struct row rows[] = {
		{ "policy required", PROCESS("'scheduler': {'nice': 1}"),
			AT "process.scheduler: required property \"policy\" is missing" },
		{ "unknown policy", PROCESS("'scheduler': {'policy': 'SCHED_BEST'}"),
			AT "process.scheduler.policy: unknown scheduling policy \"SCHED_BEST\"" },
		{ "nice", PROCESS("'scheduler': {'policy': 'SCHED_OTHER', 'nice': -21}"),
			AT "process.scheduler.nice: -21 is out of range (-20 to 19)" },
		{ "real-time", PROCESS("'scheduler': {'policy': 'SCHED_FIFO', 'priority': 99}"),
			NULL },
		{ "real-time without priority", PROCESS("'scheduler': {'policy': 'SCHED_RR'}"),
			AT
			"process.scheduler: SCHED_FIFO and SCHED_RR need a priority from 1 to 99" },
		{ "real-time priority 100",
			PROCESS("'scheduler': {'policy': 'SCHED_RR', 'priority': 100}"),
			AT
			"process.scheduler: SCHED_FIFO and SCHED_RR need a priority from 1 to 99" },
		{ "priority of another",
			PROCESS("'scheduler': {'policy': 'SCHED_BATCH', "
				"'priority': 1}"),
			AT "process.scheduler: only SCHED_FIFO and SCHED_RR have a priority" },
		{ "deadline",
			PROCESS("'scheduler': {'policy': 'SCHED_DEADLINE', 'runtime': 1024, "
				"'deadline': 2000, 'period': 3000}"),
			NULL },
		{ "deadline without period",
			PROCESS("'scheduler': {'policy': 'SCHED_DEADLINE', 'runtime': 1024, "
				"'deadline': 2000}"),
			NULL },
		{ "deadline shorter than runtime",
			PROCESS("'scheduler': {'policy': 'SCHED_DEADLINE', 'runtime': 3000, "
				"'deadline': 2000, 'period': 4000}"),
			AT "process.scheduler: SCHED_DEADLINE needs 1024 <= runtime <= deadline <= "
			   "period" },
		{ "too short a runtime",
			PROCESS("'scheduler': {'policy': 'SCHED_DEADLINE', 'runtime': 1023, "
				"'deadline': 2000, 'period': 4000}"),
			AT "process.scheduler: SCHED_DEADLINE needs 1024 <= runtime <= deadline <= "
			   "period" },
		{ "runtime of another",
			PROCESS("'scheduler': {'policy': 'SCHED_IDLE', 'runtime': 1}"),
			AT
			"process.scheduler: only SCHED_DEADLINE has runtime, deadline and period" },
		{ "unknown flag",
			PROCESS("'scheduler': {'policy': 'SCHED_OTHER', 'flags': "
				"['SCHED_FLAG_X']}"),
			AT "process.scheduler.flags[0]: unknown scheduling flag \"SCHED_FLAG_X\"" },
	};

	(void)state;
	RUN(rows);
}

static void test_hooks(void **state)
{
	static const struct row rows[] = {
		{ "path required", HOOK("'args': ['x']"),
			AT "hooks.poststop[0]: required property \"path\" is missing" },
		{ "path absolute", HOOK("'path': 'bin/x'"),
			AT "hooks.poststop[0].path: \"bin/x\" is not an absolute path" },
		{ "timeout 0", HOOK("'path': '/x', 'timeout': 0"),
			AT "hooks.poststop[0].timeout: 0 is out of range (1 to 2147483647)" },
		{ "timeout -1", HOOK("'path': '/x', 'timeout': -1"),
			AT "hooks.poststop[0].timeout: -1 is out of range (1 to 2147483647)" },
		{ "timeout 1", HOOK("'path': '/x', 'timeout': 1"), NULL },
		{ "no timeout", HOOK("'path': '/x', 'timeout': null"), NULL },
		{ "unknown kind", CONF("'hooks': {'later': [1]}"), NULL },
		{ "a list", CONF("'hooks': {'poststart': {}}"),
			AT "hooks.poststart: expected array, got object" },
	};

	(void)state;
	RUN(rows);
}

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
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_rlimits),
		cmocka_unit_test(test_scheduler),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_idmaps),
		cmocka_unit_test(test_many_idmaps),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_linux_rest),
		cmocka_unit_test(test_vm),
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
