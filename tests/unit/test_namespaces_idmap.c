// SPDX-License-Identifier: Apache-2.0
/* namespaces/idmap.c and subid.c: the text of id maps, and the default maps of odd files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "namespaces/internal.h"

static struct spec_idmap two[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };
static const spec_idmaps two_maps = { two, 2 };

static void test_format(void **state)
{
	auto_(strbuf) struct strbuf text = STRBUF_INIT;
	struct spec_idmap whole = { 0, 0, 4294967295u };
	const spec_idmaps whole_map = { &whole, 1 };

	(void)state;
	idmap_format(&two_maps, &text);
	assert_string_equal(strbuf_str(&text), "0 1000 1\n1 100000 65536\n");
	idmap_format(&whole_map, &text);
	assert_string_equal(strbuf_str(&text), "0 1000 1\n1 100000 65536\n0 0 4294967295\n");
}

/* The kernel pads to columns (user_namespaces(7)), and sorts when there are more than five. */
static void test_equals(void **state)
{
	(void)state;
	assert_true(idmap_equals(&two_maps,
		"         0       1000          1\n"
		"         1     100000      65536\n"));
	assert_true(idmap_equals(&two_maps, "1 100000 65536\n0 1000 1\n"));
	assert_false(idmap_equals(&two_maps, ""));
	assert_false(idmap_equals(&two_maps, "0 1000 1\n"));
	assert_false(idmap_equals(&two_maps, "0 1000 1\n1 100000 65535\n"));
	assert_false(idmap_equals(&two_maps, "0 1000 1\n1 100000 65536\n65537 5 1\n"));
	assert_false(idmap_equals(&two_maps, "0 0 4294967295\n"));
	assert_false(idmap_equals(&two_maps, "nonsense\n"));
	assert_false(idmap_equals(&two_maps, "0 1000 1\n1 100000 65536\nx"));
}

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "short:x\n"
			     "\n"
			     ":x:1000:1000::/:/bin/sh\n" /* no name */
			     "bad:x:01x0:1000::/:/bin/sh\n"
			     "alice:x:1000:1000:Alice,,,:/home/alice:/bin/sh\n"
			     "second:x:1000:1000::/:/bin/sh\n"
			     "last:x:4294967294:1::/:";

static void assert_user(uid_t uid, const char *expected)
{
	auto_free char *name = subid_user_name(passwd, uid);

	if (!expected) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_string_equal(name, expected);
}

static void test_user_name(void **state)
{
	(void)state;
	assert_user(0, "root");
	assert_user(1000, "alice");
	assert_user(4294967294u, "last"); /* without a newline */
	assert_user(100, NULL);
	assert_null(subid_user_name("", 0));
}

/* @expected: the map as text. */
static void assert_map(const char *text, const char *expected)
{
	auto_free struct spec_idmap *items = NULL;
	auto_(strbuf) struct strbuf got = STRBUF_INIT;
	spec_idmaps maps = { NULL, 0 };

	maps.count = subid_map(text, "alice", 1000, 1000, &items);
	maps.items = items;
	idmap_format(&maps, &got);
	assert_string_equal(strbuf_str(&got), expected);
}

static void test_subid(void **state)
{
	(void)state;
	assert_map("alice:100000:65536\n", "0 1000 1\n1 100000 65536\n");
	assert_map("1000:100000:65536", "0 1000 1\n1 100000 65536\n"); /* by number, no newline */
	assert_map("bob:100000:65536\nalice:200000:10\n1000:300000:5\n",
		"0 1000 1\n1 200000 10\n11 300000 5\n");
}

static void test_subid_nothing(void **state)
{
	(void)state;
	assert_map(NULL, "0 1000 1\n");
	assert_map("", "0 1000 1\n");
	assert_map("\n\n\n", "0 1000 1\n");
	assert_map("alicea:1:2\nalic:1:2\n10000:1:2\nALICE:1:2\n", "0 1000 1\n");
}

static void test_subid_odd_lines(void **state)
{
	(void)state;
	assert_map("alice\nalice:\nalice:1\nalice:1:2:3\nalice::\n:1:2\n", "0 1000 1\n");
	assert_map("alice:-1:5\nalice:5:-1\nalice:0x10:5\nalice: 7:5\nalice:7:5 \n", "0 1000 1\n");
	assert_map("alice:500:0\n", "0 1000 1\n");
	assert_map("alice:99999999999999999999:1\n", "0 1000 1\n");
	/* 4294967295 is no id, so this one is the last that fits. */
	assert_map("alice:4294967294:1\n", "0 1000 1\n1 4294967294 1\n");
	assert_map("alice:4294967294:2\nalice:4294967295:1\n", "0 1000 1\n");
	/* The good ones among them count. */
	assert_map("alice:x:y\nalice:300:5\nalice\n", "0 1000 1\n1 300 5\n");
}

/* The kernel refuses (EINVAL) a map that names a host id twice. */
static void test_subid_overlap(void **state)
{
	(void)state;
	assert_map("alice:100000:10\n1000:100000:10\n", "0 1000 1\n1 100000 10\n");
	assert_map("alice:100000:10\nalice:100009:10\nalice:99991:9\n",
		"0 1000 1\n1 100000 10\n11 99991 9\n");
	assert_map("alice:990:20\n", "0 1000 1\n"); /* the user's own id */
}

/* Container ids end at 4294967294 too. */
static void test_subid_too_many(void **state)
{
	(void)state;
	assert_map("alice:2000:4294960000\nalice:0:900\n",
		"0 1000 1\n1 2000 4294960000\n4294960001 0 900\n");
	assert_map("alice:2000:4294965295\n", "0 1000 1\n1 2000 4294965295\n");
	assert_map("alice:2000:4294965295\nalice:0:999\nalice:1001:999\n",
		"0 1000 1\n1 2000 4294965295\n4294965296 0 999\n4294966295 1001 999\n");
}

static void test_identity(void **state)
{
	struct spec_idmap *items = NULL;

	(void)state;
	assert_int_equal(subid_identity("         0          0 4294967295\n", &items), 1);
	assert_int_equal(items[0].container_id, 0);
	assert_int_equal(items[0].host_id, 0);
	assert_int_equal(items[0].size, 4294967295u);
	free(items);
	/* In a user namespace of podman's: ids as seen inside. */
	assert_int_equal(subid_identity("0 1000 1\n1 100000 65536\n", &items), 2);
	assert_int_equal(items[1].container_id, 1);
	assert_int_equal(items[1].host_id, 1);
	assert_int_equal(items[1].size, 65536);
	free(items);
	assert_int_equal(subid_identity("", &items), 0);
	assert_null(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_equals),
		cmocka_unit_test(test_user_name),
		cmocka_unit_test(test_subid),
		cmocka_unit_test(test_subid_nothing),
		cmocka_unit_test(test_subid_odd_lines),
		cmocka_unit_test(test_subid_overlap),
		cmocka_unit_test(test_subid_too_many),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
