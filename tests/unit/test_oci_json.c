// SPDX-License-Identifier: Apache-2.0
/* oci/json.c: what is accepted, what is refused with which words, positions and paths. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "oci/json.h"

#define MAX (1u << 20)

static struct json_doc *parse(const char *text)
{
	struct json_doc *doc = NULL;
	struct err err = { 0 };

	if (json_parse(text, strlen(text), MAX, &doc, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return doc;
}

static void refuse(const char *text, size_t len, const char *message)
{
	struct json_doc *doc = NULL;
	struct err err = { 0 };

	assert_int_equal(json_parse(text, len, MAX, &doc, &err), -EINVAL);
	assert_null(doc);
	assert_string_equal(err.msg, message);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void test_types(void **state)
{
	static const char text[] =
		"{ \"n\": null, \"b\": true, \"i\": -12, \"f\": 1.50e3,\n"
		"  \"s\": \"a\\u00e9\\n\\\"\", \"a\": [1, [], {}], \"o\": {\"\": 0} }";
	auto_(json_doc) struct json_doc *doc = parse(text);
	const struct json_node *root = json_root(doc);

	(void)state;
	assert_int_equal(root->type, JSON_OBJECT);
	assert_int_equal(root->count, 7);
	assert_null(root->parent);
	assert_int_equal(json_get(root, "n")->type, JSON_NULL);
	assert_true(json_get(root, "b")->boolean);
	assert_string_equal(json_get(root, "i")->text, "-12");
	assert_string_equal(json_get(root, "f")->text, "1.50e3"); /* numbers stay text */
	assert_string_equal(json_get(root, "s")->text, "a\xc3\xa9\n\"");
	assert_int_equal(json_get(root, "a")->count, 3);
	assert_int_equal(json_at(json_get(root, "a"), 2)->type, JSON_OBJECT);
	assert_null(json_at(json_get(root, "a"), 3));
	assert_null(json_get(root, "N")); /* keys are case-sensitive */
	assert_string_equal(json_first(json_get(root, "o"))->key, "");
	assert_null(json_first(json_get(root, "s")));
	assert_null(json_get(json_get(root, "s"), "x"));
}

/* 2^64 - 1 is RLIM_INFINITY as engines write it; larger than a double holds. */
static void test_large_numbers(void **state)
{
	auto_(json_doc) struct json_doc *doc = parse(
		"[18446744073709551615, -9223372036854775808, 123456789012345678901234567890]");
	const struct json_node *root = json_root(doc);

	(void)state;
	assert_string_equal(json_at(root, 0)->text, "18446744073709551615");
	assert_string_equal(json_at(root, 1)->text, "-9223372036854775808");
	assert_string_equal(json_at(root, 2)->text, "123456789012345678901234567890");
}

static void test_paths(void **state)
{
	auto_(json_doc) struct json_doc *doc =
		parse("{\"linux\": {\"devices\": [{}, {\"path\": 1}]}, \"annotations\": {\"a.b\": "
		      "1, \"x\\ny\": 2}}");
	const struct json_node *root = json_root(doc);
	const struct json_node *devices = json_get(json_get(root, "linux"), "devices");
	const struct json_node *annotations = json_get(root, "annotations");
	char path[128], tiny[8];

	(void)state;
	json_path(root, path, sizeof(path));
	assert_string_equal(path, "");
	json_path(devices, path, sizeof(path));
	assert_string_equal(path, "linux.devices");
	json_path(json_get(json_at(devices, 1), "path"), path, sizeof(path));
	assert_string_equal(path, "linux.devices[1].path");
	json_path(json_get(annotations, "a.b"), path, sizeof(path));
	assert_string_equal(path, "annotations[\"a.b\"]");
	json_path(json_get(annotations, "x\ny"), path, sizeof(path));
	assert_string_equal(path, "annotations[\"x?y\"]");
	json_path(devices, tiny, sizeof(tiny));
	assert_string_equal(tiny, "linux.d");
}

static void test_lines(void **state)
{
	auto_(json_doc) struct json_doc *doc = parse("{\n\"a\": 1,\n\n\"b\": {\n\"c\": 2}}\n");
	const struct json_node *c = json_get(json_get(json_root(doc), "b"), "c");
	struct err err = { 0 };

	(void)state;
	assert_int_equal(json_error(doc, c, &err, "is %s", "bad"), -EINVAL);
	assert_string_equal(err.msg, "line 5: b.c: is bad");
	assert_int_equal(json_error(doc, json_root(doc), &err, "is bad"), -EINVAL);
	assert_string_equal(err.msg, "line 1: is bad");
	json_seal(doc);
	assert_int_equal(json_error(doc, c, &err, "is bad"), -EINVAL);
	assert_string_equal(err.msg, "b.c: is bad");
}

static void test_syntax(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "", "line 1: not valid JSON: premature EOF" },
		{ "{\n\"a\":\n", "line 3: not valid JSON: premature EOF" },
		{ "{\"a\": 1}\n{}", "line 2: not valid JSON: trailing garbage" },
		{ "{\"a\": 1} x", "line 1: not valid JSON: trailing garbage" },
		{ "{\n\n\"a\": tru }", "line 3: not valid JSON: invalid string in json text" },
		{ "[1,]", "line 1: not valid JSON: unallowed token at this point in JSON text" },
		{ "// x\n{}", NULL },
		{ "/* x */ {}", NULL },
		{ "\xef\xbb\xbf{}", "line 1: not valid JSON: invalid char in json text" },
		{ "[\"\xff\"]", "line 1: not valid JSON: invalid bytes in UTF8 string" },
		{ "[01]", NULL },
		{ "[.5]", NULL },
		{ "[+1]", NULL },
		{ "[0x10]", NULL },
		{ "['a']", NULL },
		{ "[\"a\nb\"]", NULL },
		{ "[NaN]", NULL },
		{ "{a: 1}", NULL },
	};
	struct json_doc *doc = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (json_parse(rows[i].text, strlen(rows[i].text), MAX, &doc, &err) != -EINVAL)
			fail_msg("accepted: %s", rows[i].text);
		if (rows[i].message)
			assert_string_equal(err.msg, rows[i].message);
		else
			assert_non_null(strstr(err.msg, "line 1: not valid JSON: "));
	}
}

static void test_nul(void **state)
{
	static const char raw[] = "[\"a\0b\"]";

	(void)state;
	refuse("{\"p\": {\"cwd\": \"/etc\\u0000/shadow\"}}",
		strlen("{\"p\": {\"cwd\": \"/etc\\u0000/shadow\"}}"),
		"line 1: p.cwd: the string holds a NUL character");
	refuse("{\"p\": {\"c\\u0000d\": 1}}", strlen("{\"p\": {\"c\\u0000d\": 1}}"),
		"line 1: p: a property name holds a NUL character");
	refuse(raw, sizeof(raw) - 1, "line 1: not valid JSON: invalid character inside string");
}

static void test_duplicates(void **state)
{
	auto_(strbuf) struct strbuf large = STRBUF_INIT;

	(void)state;
	refuse("{\"a\": {\"b\": 1,\n\"c\": 2,\n\"b\": 1}}",
		strlen("{\"a\": {\"b\": 1,\n\"c\": 2,\n\"b\": 1}}"),
		"line 3: a.b: the property is given twice");
	/* Names that only look different. */
	refuse("{\"ab\": 1, \"\\u0061b\": 2}", strlen("{\"ab\": 1, \"\\u0061b\": 2}"),
		"line 1: ab: the property is given twice");
	strbuf_adds(&large, "{");
	for (int i = 0; i < 50; i++)
		strbuf_addf(&large, "\"key%d\": %d,\n", i, i);
	strbuf_adds(&large, "\"key7\": 0}");
	refuse(large.data, large.len, "line 51: key7: the property is given twice");
}

static void test_no_duplicate(void **state)
{
	auto_(json_doc) struct json_doc *doc =
		parse("{\"a\": {\"a\": 1, \"A\": 2}, \"b\": [{\"a\": 1}, {\"a\": 2}]}");

	(void)state;
	assert_int_equal(json_root(doc)->count, 2);
}

static void nest(struct strbuf *text, int depth)
{
	for (int i = 0; i < depth; i++)
		strbuf_adds(text, i % 2 ? "{\"k\":" : "[");
	strbuf_adds(text, depth % 2 ? "" : "0");
	for (int i = depth; i-- > 0;)
		strbuf_adds(text, i % 2 ? "}" : "]");
}

static void test_depth(void **state)
{
	auto_(strbuf) struct strbuf fits = STRBUF_INIT;
	auto_(strbuf) struct strbuf deep = STRBUF_INIT;
	auto_(strbuf) struct strbuf huge = STRBUF_INIT;
	struct json_doc *doc = NULL;
	struct err err = { 0 };

	(void)state;
	nest(&fits, JSON_DEPTH_MAX);
	json_free(parse(fits.data));
	nest(&deep, JSON_DEPTH_MAX + 1);
	assert_int_equal(json_parse(deep.data, deep.len, MAX, &doc, &err), -EINVAL);
	assert_non_null(strstr(err.msg, ": nested deeper than 32 levels"));
	for (int i = 0; i < 500000; i++)
		strbuf_adds(&huge, "[");
	assert_int_equal(json_parse(huge.data, huge.len, MAX, &doc, &err), -EINVAL);
	assert_non_null(strstr(err.msg, ": nested deeper than 32 levels"));
}

static void test_size(void **state)
{
	struct json_doc *doc = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(json_parse("[1, 2]", 6, 6, &doc, &err), 0);
	json_free(doc);
	doc = NULL;
	assert_int_equal(json_parse("[1, 2]", 6, 5, &doc, &err), -EFBIG);
	assert_string_equal(err.msg, "larger than 5 bytes");
	assert_null(doc);
}

/* More than one chunk of the arena, and a string larger than a chunk. */
static void test_arena(void **state)
{
	auto_(strbuf) struct strbuf text = STRBUF_INIT;
	auto_(json_doc) struct json_doc *doc = NULL;
	char expected[16];
	size_t count = 0;

	(void)state;
	strbuf_adds(&text, "[\"");
	for (int i = 0; i < 200000; i++)
		strbuf_adds(&text, "x");
	strbuf_adds(&text, "\"");
	for (int i = 1; i < 20000; i++)
		strbuf_addf(&text, ",\"%d\"", i);
	strbuf_adds(&text, "]");
	doc = parse(text.data);
	json_foreach (child, json_root(doc)) {
		assert_int_equal(child->index, count);
		snprintf(expected, sizeof(expected), "%zu", count);
		if (count > 0)
			assert_string_equal(child->text, expected);
		else
			assert_int_equal(strlen(child->text), 200000);
		count++;
	}
	assert_int_equal(count, 20000);
	for (int i = 1; i < 100; i++) {
		unsigned char *p = json_alloc(doc, (size_t)i, 7);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (int k = 0; k < i * 7; k++)
			assert_int_equal(p[k], 0);
		memset(p, 0xff, (size_t)i * 7);
	}
}

static void test_printable(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(json_printable("a\n\x1b\x7f"
					   "b",
				    buf, sizeof(buf)),
		"a???b");
	assert_string_equal(json_printable("0123456789", buf, sizeof(buf)), "0123456");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_large_numbers),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_no_duplicate),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
