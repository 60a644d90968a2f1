// SPDX-License-Identifier: Apache-2.0
/*
 * oci/spec*.c and oci/check.c: which configurations are accepted, and the exact words for those
 * that are not.  The rows follow config.md: a rule of it that is decided while reading has its row
 * here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/spec_rows.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
