// SPDX-License-Identifier: Apache-2.0
/* oci/reference.c: every table is in the document, with paths as people write them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "oci/spec.h"

static void test_rows(void **state)
{
	static const char *const rows[] = {
		"| `ociVersion` | string, required | 1.0 | version of the specification |\n",
		"| `process.user.uid` | uint32, required | 1.0 | user id in the container (0 to "
		"4294967294) |\n",
		"| `process.consoleSize.width` | uint16, required |",
		"| `process.rlimits[].type` | name, required | 1.0 |",
		"| `process.capabilities.bounding` | list of names | 1.0 |",
		"| `hooks.createRuntime[].timeout` | int64 | 1.0.2 |",
		"| `linux.namespaces[].path` | string | 1.0 |",
		"| `linux.netDevices.*.name` | string |",
		"| `linux.timeOffsets.*.secs` | int64 |",
		"| `linux.resources.pids.limit` | int64 |",
		"| `linux.resources.unified` | object of strings | 1.1 |",
		"| `linux.personality.domain` | name, required | 1.0.2 | execution domain: "
		"`LINUX`, `LINUX32` |\n",
		"| `vm.kernel.path` | string, required | 1.0.2 |",
		"| `vm.hwConfig.vcpus` | int64 | 1.3 |",
		"| `rro` | whole tree | recursive ro |\n",
	};
	auto_free char *text = spec_reference_format();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strstr(text, rows[i]))
			fail_msg("not there: %s", rows[i]);
	assert_null(strstr(text, "(null)"));
}

/* A "|" in a text would break a row of the table. */
static void test_columns(void **state)
{
	auto_free char *text = spec_reference_format();
	char *rest = text, *line;

	(void)state;
	while ((line = strsep(&rest, "\n"))) {
		int bars = 0;

		for (const char *p = line; *p; p++)
			bars += *p == '|';
		assert_true(bars == 0 || bars == 4 || bars == 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
