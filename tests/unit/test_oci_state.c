// SPDX-License-Identifier: Apache-2.0
/* The state document: runtime.md "State", and config-linux.md "The Container Process State". */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "oci/spec.h"

static void assert_freed(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	free(text);
}

static void test_everything(void **state)
{
	struct spec_pair pairs[] = { { "org.example.key", "value" }, { "empty", "" } };
	spec_pairs annotated = { pairs, 2 };
	struct spec_state s = {
		.id = "oci-container1",
		.status = "running",
		.pid = 4422,
		.bundle = "/containers/redis",
		.rootfs = "/containers/redis/rootfs",
		.created = "2026-11-22T12:34:56.123456789Z",
		.owner = "root",
		.annotations = &annotated,
	};

	(void)state;
	assert_freed(spec_state_format(&s, false),
		"{\"ociVersion\":\"1.3.0\",\"id\":\"oci-container1\",\"pid\":4422,"
		"\"status\":\"running\",\"bundle\":\"/containers/redis\","
		"\"rootfs\":\"/containers/redis/rootfs\","
		"\"created\":\"2026-11-22T12:34:56.123456789Z\","
		"\"annotations\":{\"org.example.key\":\"value\",\"empty\":\"\"},"
		"\"owner\":\"root\"}");
	assert_freed(spec_state_format(&s, true),
		"{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"oci-container1\",\n  \"pid\": 4422,\n"
		"  \"status\": \"running\",\n  \"bundle\": \"/containers/redis\",\n"
		"  \"rootfs\": \"/containers/redis/rootfs\",\n"
		"  \"created\": \"2026-11-22T12:34:56.123456789Z\",\n"
		"  \"annotations\": {\n    \"org.example.key\": \"value\",\n    \"empty\": \"\"\n  "
		"},\n"
		"  \"owner\": \"root\"\n}");
}

/* pid: "REQUIRED when status is created or running on Linux, OPTIONAL on other states" */
static void test_what_is_absent_is_left_out(void **state)
{
	spec_pairs none = { NULL, 0 };
	struct spec_state s = { .id = "c", .status = "stopped", .bundle = "/b" };

	(void)state;
	assert_freed(spec_state_format(&s, false),
		"{\"ociVersion\":\"1.3.0\",\"id\":\"c\",\"status\":\"stopped\",\"bundle\":\"/b\"}");
	s.annotations = &none;
	s.bundle = NULL; /* not known any more, but required */
	assert_freed(spec_state_format(&s, false),
		"{\"ociVersion\":\"1.3.0\",\"id\":\"c\",\"status\":\"stopped\",\"bundle\":\"\"}");
}

static void test_seccomp_state(void **state)
{
	struct spec_state s = { .id = "c", .status = "creating", .pid = 7, .bundle = "/b" };

	(void)state;
	assert_freed(spec_seccomp_state_format(&s, 4422, "MKNOD=/dev/null"),
		"{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":4422,"
		"\"metadata\":\"MKNOD=/dev/null\",\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"c\","
		"\"pid\":7,\"status\":\"creating\",\"bundle\":\"/b\"}}");
	assert_freed(spec_seccomp_state_format(&s, 1, NULL),
		"{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":1,"
		"\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"c\","
		"\"pid\":7,\"status\":\"creating\",\"bundle\":\"/b\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_what_is_absent_is_left_out),
		cmocka_unit_test(test_seccomp_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
