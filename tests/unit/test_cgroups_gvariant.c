// SPDX-License-Identifier: Apache-2.0
/* GVariant text: the types and bytes it becomes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cgroups/gvariant.h"
#include "cgroups/wire.h"

static void expect_type(const char *text, const char *type)
{
	auto_free char *found = NULL;
	struct err err = { 0 };

	if (gvariant_type(text, &found, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	assert_string_equal(found, type);
}

static void expect_refused(const char *text, const char *why)
{
	auto_(strbuf) struct strbuf b = STRBUF_INIT;
	struct err err = { 0 };

	assert_true(gvariant_put(&b, text, &err) < 0);
	if (!strstr(err.msg, why))
		fail_msg("%s: \"%s\" is not in \"%s\"", text, why, err.msg);
}

/* The bytes after a signature of one or two types, which is padded to 4. */
static void expect_bytes(const char *text, const void *bytes, size_t len)
{
	auto_(strbuf) struct strbuf b = STRBUF_INIT;
	struct err err = { 0 };

	if (gvariant_put(&b, text, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	assert_true(b.len >= len);
	assert_memory_equal(b.data + b.len - len, bytes, len);
}

static void test_types(void **state)
{
	(void)state;
	expect_type("true", "b");
	expect_type(" false ", "b");
	expect_type("5", "i");
	expect_type("-5", "i");
	expect_type("0x1f", "i");
	expect_type("1.5", "d");
	expect_type("1e3", "d");
	expect_type("byte 0xff", "y");
	expect_type("int16 -3", "n");
	expect_type("uint16 3", "q");
	expect_type("int32 3", "i");
	expect_type("uint32 3", "u");
	expect_type("int64 3", "x");
	expect_type("uint64 18446744073709551615", "t");
	expect_type("double 3", "d");
	expect_type("'a'", "s");
	expect_type("\"it's\"", "s");
	expect_type("objectpath '/a/b_1'", "o");
	expect_type("signature 'a(st)'", "g");
}

static void test_containers(void **state)
{
	(void)state;
	expect_type("['a', 'b']", "as");
	expect_type("[1, 2, 3]", "ai");
	expect_type("[1, uint64 2, 3]", "at");
	expect_type("[uint64 1, 2]", "at");
	expect_type("@as []", "as");
	expect_type("@ay [1, 255]", "ay");
	expect_type("('a', uint64 5)", "(st)");
	expect_type("(1,)", "(i)");
	expect_type("[('/dev/null', 'rw')]", "a(ss)");
	expect_type("[(1, [true])]", "a(iab)");
	expect_type("@a(st) [('a', 5), ('b', 6)]", "a(st)");
	expect_type("[[1], [byte 2]]", "aay");
}

static void test_bytes(void **state)
{
	const uint64_t big = 1ull << 40;
	const uint32_t one = 1, three = 3;
	const int16_t minus = -2;
	const double half = 0.5;

	(void)state;
	expect_bytes("true", &one, 4);
	expect_bytes("int16 -2", &minus, 2);
	expect_bytes("uint64 1099511627776", &big, 8);
	expect_bytes("0.5", &half, 8);
	expect_bytes("'abc'", "abc", 4);
	expect_bytes("'a\\'\\n\\u00e9\\x'", "a'\n\303\251x", 7);
	expect_bytes("uint32 3", &three, 4);
	expect_bytes("byte 200", "\310", 1);
}

/* The length of an array does not count the padding before its first element. */
static void test_array_of_tuples(void **state)
{
	auto_(strbuf) struct strbuf b = STRBUF_INIT;
	struct wire_reader r;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(gvariant_put(&b, "[('ab', uint64 7), ('c', 8)]", &err), 0);
	r = (struct wire_reader){ .data = b.data, .size = b.len };
	assert_string_equal(wire_read_signature(&r), "a(st)");
	assert_int_equal(wire_read_number(&r, 4), 32);
	wire_read_pad(&r, 8);
	assert_string_equal(wire_read_string(&r), "ab");
	assert_int_equal(wire_read_number(&r, 8), 7);
	wire_read_pad(&r, 8);
	assert_string_equal(wire_read_string(&r), "c");
	assert_int_equal(wire_read_number(&r, 8), 8);
	assert_false(r.bad);
	assert_int_equal(r.at, r.size);
	assert_int_equal(wire_read_number(&r, 1), 0);
	assert_true(r.bad);
}

static void test_refused(void **state)
{
	static const char *const broken[] = { "", " ", "tru", "True", "uint8 1", "uint16", "[",
		"[1", "[1,", "[1 2]", "()", "(1", "'a", "\"a'", "'a' 'b'", "5x", "--5", "+", "0x",
		"0xg", "@s 5", "@z 5", "@", "byte 256", "byte -1", "int16 40000", "uint16 70000",
		"2147483648", "-2147483649", "uint64 18446744073709551616",
		"int64 9223372036854775808", "double 1e999", "double nan", "['a', 1]",
		"[true, 'a']", "@as ['a', 5]", "@(ss) ('a',)", "@(ss) ('a', 'b', 'c')", "[]",
		"'\\u12'", "'\\ud800'", "'\\u0000'", "objectpath 'a'", "objectpath '/a/'",
		"objectpath '/a//b'", "signature 'z'", "<5>", "{'a': 1}", "nothing", "b'abc'",
		"just 5" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
		expect_refused(broken[i], "");
	expect_refused("uint16 70000", "\"70000\" is no number of type uint16");
	expect_refused("5x", "\"5x\" is no number of type int32");
	expect_refused("['a', 1]", "a value of type \"i\" where \"s\" belongs");
	expect_refused("true false", "something after the value at \"false\"");
	expect_refused("[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "more levels");
}

static void test_quote(void **state)
{
	auto_free char *plain = gvariant_quote("a.slice");
	auto_free char *odd = gvariant_quote("it's\\x2d");
	auto_(strbuf) struct strbuf b = STRBUF_INIT;
	struct err err = { 0 };

	(void)state;
	assert_string_equal(plain, "'a.slice'");
	assert_string_equal(odd, "'it\\'s\\\\x2d'");
	assert_int_equal(gvariant_put(&b, odd, &err), 0);
	assert_string_equal(b.data + b.len - strlen("it's\\x2d") - 1, "it's\\x2d");
}

static void expect_seconds(const char *text, const char *microseconds)
{
	auto_free char *found = NULL;
	struct err err = { 0 };
	int r = gvariant_seconds(text, &found, &err);

	if (!microseconds) {
		assert_true(r < 0);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(found, microseconds);
}

static void test_seconds(void **state)
{
	(void)state;
	expect_seconds("5", "uint64 5000000");
	expect_seconds("uint64 5", "uint64 5000000");
	expect_seconds("@t 5", "uint64 5000000");
	expect_seconds("1.5", "uint64 1500000");
	expect_seconds("double 0.25", "uint64 250000");
	expect_seconds(" int16 3 ", "uint64 3000000");
	expect_seconds("0", "uint64 0");
	expect_seconds("-1", NULL);
	expect_seconds("1e300", NULL);
	expect_seconds("'5'", NULL);
	expect_seconds("true", NULL);
	expect_seconds("[5]", NULL);
	expect_seconds("", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_array_of_tuples),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
