// SPDX-License-Identifier: Apache-2.0
/* The JSON writer: exact texts, UTF-8 (RFC 3629) repaired, limits, and reading it back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/json.h"
#include "oci/jsonw.h"

static void assert_text(struct jsonw *w, const char *expected)
{
	char *text = jsonw_take(w);

	assert_string_equal(text, expected);
	free(text);
}

static struct jsonw *write_sample(bool pretty)
{
	struct jsonw *w = jsonw_new(pretty);

	jsonw_object(w, NULL);
	jsonw_string(w, "s", "a\"b\\c\n\x01");
	jsonw_i64(w, "i", INT64_MIN);
	jsonw_u64(w, "u", UINT64_MAX);
	jsonw_bool(w, "t", true);
	jsonw_array(w, "a");
	jsonw_string(w, NULL, "");
	jsonw_object(w, NULL);
	jsonw_bool(w, "f", false);
	jsonw_end(w);
	jsonw_end(w);
	jsonw_end(w);
	return w;
}

static void test_compact(void **state)
{
	(void)state;
	assert_text(write_sample(false),
		"{\"s\":\"a\\\"b\\\\c\\n\\u0001\",\"i\":-9223372036854775808,"
		"\"u\":18446744073709551615,\"t\":true,\"a\":[\"\",{\"f\":false}]}");
}

static void test_pretty(void **state)
{
	(void)state;
	assert_text(write_sample(true),
		"{\n  \"s\": \"a\\\"b\\\\c\\n\\u0001\",\n  \"i\": -9223372036854775808,\n"
		"  \"u\": 18446744073709551615,\n  \"t\": true,\n  \"a\": [\n    \"\",\n    {\n"
		"      \"f\": false\n    }\n  ]\n}");
}

static void test_a_bare_value(void **state)
{
	struct jsonw *w = jsonw_new(true);

	(void)state;
	jsonw_string(w, NULL, "x");
	assert_text(w, "\"x\"");
}

#define BAD "\xef\xbf\xbd"

static void test_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xef\xbf\xbf\xf4\x8f\xbf\xbf", "\xef\xbf\xbf\xf4\x8f\xbf\xbf" },
		{ "\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80" },
		{ "a\xff"
		  "b",
			"a" BAD "b" },
		{ "\x80", BAD },
		{ "\xc3", BAD }, /* cut off by the end */
		{ "\xc3(", BAD "(" },
		{ "\xe2\x82", BAD BAD },
		{ "\xf0\x9f\x98", BAD BAD BAD },
		{ "\xc0\x80", BAD BAD }, /* not the shortest form */
		{ "\xc1\xbf", BAD BAD },
		{ "\xe0\x9f\xbf", BAD BAD BAD },
		{ "\xf0\x8f\xbf\xbf", BAD BAD BAD BAD },
		{ "\xed\xa0\x80", BAD BAD BAD }, /* a surrogate */
		{ "\xf4\x90\x80\x80", BAD BAD BAD BAD }, /* above U+10FFFF */
		{ "\xf5\x80\x80\x80", BAD BAD BAD BAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jsonw *w = jsonw_new(false);
		char expected[64];

		jsonw_object(w, NULL);
		jsonw_bool(w, cases[i].in, true); /* as a key */
		jsonw_string(w, "v", cases[i].in);
		jsonw_end(w);
		snprintf(expected, sizeof(expected), "{\"%s\":true,\"v\":\"%s\"}", cases[i].out,
			cases[i].out);
		assert_text(w, expected);
	}
}

/* Our own reader takes what our writer writes. */
static void test_read_back(void **state)
{
	struct json_doc *doc = NULL;
	struct err err = { 0 };
	char *text = jsonw_take(write_sample(true));

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), 4096, &doc, &err), 0);
	assert_string_equal(json_get(json_root(doc), "s")->text, "a\"b\\c\n\x01");
	assert_string_equal(json_get(json_root(doc), "u")->text, "18446744073709551615");
	json_free(doc);
	free(text);
}

static void test_incomplete(void **state)
{
	struct jsonw *w = jsonw_new(false);
	struct err err = { 0 };
	char *text = NULL;

	(void)state;
	jsonw_object(w, NULL);
	assert_int_equal(jsonw_finish(w, &text, &err), -EINVAL);
	assert_null(text);
	assert_non_null(strstr(err.msg, "not a complete document"));
	assert_int_equal(jsonw_finish(jsonw_new(false), &text, &err), -EINVAL);
	assert_null(text);
	jsonw_free(NULL);
}

/* An error on the way sticks, and everything after it is harmless. */
static void test_too_deep(void **state)
{
	struct jsonw *w = jsonw_new(false);
	struct err err = { 0 };
	char *text = NULL;

	(void)state;
	for (int i = 0; i < 300; i++)
		jsonw_array(w, NULL);
	jsonw_string(w, NULL, "x");
	for (int i = 0; i < 300; i++)
		jsonw_end(w);
	assert_int_equal(jsonw_finish(w, &text, &err), -E2BIG);
	assert_null(text);
}

static void test_too_long(void **state)
{
	const size_t size = (1u << 20) + 1;
	struct jsonw *w = jsonw_new(false);
	struct err err = { 0 };
	char *text = NULL;
	char *chunk = malloc(size);

	(void)state;
	memset(chunk, 'x', size - 1);
	chunk[size - 1] = '\0';
	jsonw_array(w, NULL);
	for (int i = 0; i < 64; i++)
		jsonw_string(w, NULL, chunk);
	jsonw_end(w);
	assert_int_equal(jsonw_finish(w, &text, &err), -E2BIG);
	assert_null(text);
	free(chunk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_pretty),
		cmocka_unit_test(test_a_bare_value),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
