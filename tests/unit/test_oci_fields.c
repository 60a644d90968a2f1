// SPDX-License-Identifier: Apache-2.0
/* oci/fields.c: each kind of property: what it takes, its limits, its messages. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "oci/tables.h"
#include "oci/values.h"

struct inner {
	const char *name;
	uint32_t value;
};

struct outer {
	const char *text;
	bool flag;
	int64_t i64;
	int32_t i32;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	struct opt_bool opt_bool;
	struct opt_i64 opt_i64;
	struct opt_u64 opt_u64;
	struct opt_u32 opt_u32;
	int colour;
	unsigned long wide_colour;
	uint64_t colours;
	spec_strings texts;
	LIST_OF(uint32_t) numbers;
	LIST_OF(uint32_t) palette;
	struct inner *object;
	struct inner inside;
	LIST_OF(struct inner) list;
	LIST_OF(struct inner) keyed;
	spec_pairs map;
	int custom;
	int64_t ranged;
};

DEFINE_NAMES(colour_names, "colour", { "red", 1 }, { "green", 2 }, { "blue", 4 });

static int read_custom(const struct field_value *v, void *dst, struct err *err)
{
	if (v->node->type != JSON_STRING)
		return fields_type_error(v->doc, v->node, "something else", err);
	*(int *)dst = (int)strlen(v->node->text);
	return 0;
}

static int check_inner(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct inner *inner = object;

	return inner->value == 13 ? json_error(doc, node, err, "unlucky") : 0;
}

static const struct field inner_rows[] = {
	FIELD_UINT32("value", struct inner, value, .flags = FIELD_REQUIRED),
	FIELD_STR("name", struct inner, name),
};
static const struct fields inner_fields = FIELDS(inner_rows, struct inner, check_inner);

static const struct field outer_rows[] = {
	FIELD_STR("text", struct outer, text, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_relative),
	FIELD_BOOLEAN("flag", struct outer, flag),
	FIELD_INT64("i64", struct outer, i64),
	FIELD_INT32("i32", struct outer, i32),
	FIELD_UINT64("u64", struct outer, u64),
	FIELD_UINT32("u32", struct outer, u32),
	FIELD_UINT16("u16", struct outer, u16),
	FIELD_MAYBE_BOOL("optBool", struct outer, opt_bool),
	FIELD_MAYBE_I64("optI64", struct outer, opt_i64),
	FIELD_MAYBE_U64("optU64", struct outer, opt_u64),
	FIELD_MAYBE_U32("optU32", struct outer, opt_u32),
	FIELD_NAME("colour", struct outer, colour, &colour_names),
	FIELD_NAME("wideColour", struct outer, wide_colour, &colour_names),
	FIELD_FLAGSET("colours", struct outer, colours, &colour_names),
	FIELD_TEXTS("texts", struct outer, texts, .refuse = value_refuse_empty),
	FIELD_NUMBERS("numbers", struct outer, numbers, .max = 99),
	FIELD_NAMES("palette", struct outer, palette, &colour_names),
	FIELD_STRUCT("object", struct outer, object, struct inner, &inner_fields),
	FIELD_EMBED("inside", struct outer, inside, struct inner, &inner_fields),
	FIELD_STRUCTS("list", struct outer, list, struct inner, &inner_fields),
	FIELD_KEYED("keyed", struct outer, keyed, struct inner, &inner_fields,
		.refuse_key = value_refuse_empty),
	FIELD_MAP("map", struct outer, map, .refuse_key = value_refuse_empty,
		.refuse = value_refuse_relative),
	FIELD_OTHER("custom", struct outer, custom, read_custom),
	FIELD_INT64("ranged", struct outer, ranged, .min = -5, .max = 5),
};
static const struct fields outer_fields = FIELDS(outer_rows, struct outer, NULL);

static struct json_doc *doc;
static struct outer outer;

static int read_text(const char *text, struct err *err)
{
	int r;

	json_free(doc);
	doc = NULL;
	outer = (struct outer){ 0 };
	r = json_parse(text, strlen(text), 1 << 20, &doc, err);
	return r < 0 ? r : fields_read(doc, json_root(doc), &outer_fields, &outer, err);
}

static void accept(const char *text)
{
	struct err err = { 0 };

	if (read_text(text, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
}

static void refuse(const char *text, const char *message)
{
	struct err err = { 0 };

	if (read_text(text, &err) != -EINVAL)
		fail_msg("accepted: %s", text);
	assert_string_equal(err.msg, message);
}

static int teardown(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	return 0;
}

static void test_strings(void **state)
{
	(void)state;
	accept("{\"text\": \"/x\", \"texts\": [\"a\", \"b\"]}");
	assert_string_equal(outer.text, "/x");
	assert_int_equal(outer.texts.count, 2);
	assert_string_equal(outer.texts.items[1], "b");
	accept("{\"text\": \"\", \"texts\": []}");
	assert_null(outer.text);
	assert_int_equal(outer.texts.count, 0);
	refuse("{\"text\": \"x\\n\"}", "line 1: text: \"x?\" is not an absolute path");
	refuse("{\"text\": 7}", "line 1: text: expected string, got number 7");
	refuse("{\"text\": {}}", "line 1: text: expected string, got object");
	refuse("{\"texts\": \"a\"}", "line 1: texts: expected array, got string");
	refuse("{\"texts\": [\"a\", null]}", "line 1: texts[1]: expected string, got null");
	refuse("{\"texts\": [\"a\",\n\"\"]}", "line 2: texts[1]: \"\" is empty");
}

static void test_numbers(void **state)
{
	(void)state;
	accept("{\"i64\": -9223372036854775808, \"u64\": 18446744073709551615,"
	       "\"i32\": -2147483648, \"u32\": 4294967295, \"u16\": 65535, \"ranged\": -5}");
	assert_true(outer.i64 == INT64_MIN);
	assert_true(outer.u64 == UINT64_MAX);
	assert_int_equal(outer.i32, INT32_MIN);
	assert_int_equal(outer.u32, UINT32_MAX);
	assert_int_equal(outer.u16, 65535);
	assert_int_equal(outer.ranged, -5);
	accept("{\"i64\": 9223372036854775807, \"i32\": 2147483647, \"ranged\": 5, \"u16\": -0}");
	assert_true(outer.i64 == INT64_MAX);
	assert_int_equal(outer.i32, INT32_MAX);
	assert_int_equal(outer.ranged, 5);
	assert_int_equal(outer.u16, 0);
	accept("{\"numbers\": [0, 99]}");
	assert_int_equal(outer.numbers.count, 2);
	assert_int_equal(outer.numbers.items[1], 99);
}

static void test_number_errors(void **state)
{
	(void)state;
	refuse("{\"i64\": \"1\"}", "line 1: i64: expected integer, got string");
	refuse("{\"i64\": 1.0}", "line 1: i64: expected integer, got number 1.0");
	refuse("{\"u64\": 1e3}", "line 1: u64: expected integer, got number 1e3");
	refuse("{\"u64\": true}", "line 1: u64: expected integer, got boolean");
	refuse("{\"i64\": 9223372036854775808}",
		"line 1: i64: 9223372036854775808 is out of range (-9223372036854775808 to "
		"9223372036854775807)");
	refuse("{\"i64\": -9223372036854775809}",
		"line 1: i64: -9223372036854775809 is out of range (-9223372036854775808 to "
		"9223372036854775807)");
	refuse("{\"u64\": 18446744073709551616}",
		"line 1: u64: 18446744073709551616 is out of range (0 to 18446744073709551615)");
	refuse("{\"u64\": -1}", "line 1: u64: -1 is out of range (0 to 18446744073709551615)");
	refuse("{\"i32\": 2147483648}",
		"line 1: i32: 2147483648 is out of range (-2147483648 to 2147483647)");
	refuse("{\"u32\": 4294967296}",
		"line 1: u32: 4294967296 is out of range (0 to 4294967295)");
	refuse("{\"u16\": 65536}", "line 1: u16: 65536 is out of range (0 to 65535)");
	refuse("{\"ranged\": 6}", "line 1: ranged: 6 is out of range (-5 to 5)");
	refuse("{\"ranged\": -6}", "line 1: ranged: -6 is out of range (-5 to 5)");
	refuse("{\"numbers\": [1, 100]}", "line 1: numbers[1]: 100 is out of range (0 to 99)");
	refuse("{\"numbers\": [\"1\"]}", "line 1: numbers[0]: expected integer, got string");
}

static void test_optional(void **state)
{
	(void)state;
	accept("{}");
	assert_false(
		outer.opt_bool.set || outer.opt_i64.set || outer.opt_u64.set || outer.opt_u32.set);
	accept("{\"optBool\": null, \"optI64\": null, \"optU64\": null, \"optU32\": null,"
	       "\"text\": null, \"list\": null, \"object\": null, \"flag\": null}");
	assert_false(
		outer.opt_bool.set || outer.opt_i64.set || outer.opt_u64.set || outer.opt_u32.set);
	accept("{\"optBool\": false, \"optI64\": -1, \"optU64\": 0, \"optU32\": 0}");
	assert_true(
		outer.opt_bool.set && outer.opt_i64.set && outer.opt_u64.set && outer.opt_u32.set);
	assert_false(outer.opt_bool.v);
	assert_int_equal(outer.opt_i64.v, -1);
	refuse("{\"optU32\": 4294967296}",
		"line 1: optU32: 4294967296 is out of range (0 to 4294967295)");
	refuse("{\"optBool\": 0}", "line 1: optBool: expected boolean, got number 0");
	refuse("{\"flag\": \"true\"}", "line 1: flag: expected boolean, got string");
}

static void test_names(void **state)
{
	struct err err = { 0 };

	(void)state;
	accept("{\"colour\": \"blue\", \"wideColour\": \"green\", \"colours\": [\"red\", \"blue\"],"
	       "\"palette\": [\"green\", \"green\"]}");
	assert_int_equal(outer.colour, 4);
	assert_int_equal(outer.wide_colour, 2);
	assert_int_equal(outer.colours, 5);
	assert_int_equal(outer.palette.count, 2);
	assert_int_equal(outer.palette.items[1], 2);
	refuse("{\"colour\": \"Blue\"}", "line 1: colour: unknown colour \"Blue\"");
	refuse("{\"colour\": \"\"}", "line 1: colour: unknown colour \"\"");
	refuse("{\"colours\": [\"red\", \"pink\"]}", "line 1: colours[1]: unknown colour \"pink\"");
	refuse("{\"colours\": \"red\"}", "line 1: colours: expected array, got string");
	refuse("{\"palette\": [1]}", "line 1: palette[0]: expected string, got number 1");
	assert_int_equal(read_text("{\"colour\": \"pink\"}", &err), -EINVAL);
	assert_string_equal(err.hint, "known are: red, green, blue");
}

static void test_objects(void **state)
{
	(void)state;
	accept("{\"object\": {\"value\": 1, \"name\": \"n\"}, \"inside\": {\"value\": 2},"
	       "\"list\": [{\"value\": 3}, {\"value\": 4}]}");
	assert_int_equal(outer.object->value, 1);
	assert_string_equal(outer.object->name, "n");
	assert_int_equal(outer.inside.value, 2);
	assert_int_equal(outer.list.count, 2);
	assert_int_equal(outer.list.items[1].value, 4);
	accept("{\"list\": []}");
	assert_int_equal(outer.list.count, 0);
	assert_null(outer.object);
	refuse("{\"list\": [{\"value\": 3},\n {}]}",
		"line 2: list[1]: required property \"value\" is missing");
	refuse("{\"list\": [{\"value\": null}]}",
		"line 1: list[0]: required property \"value\" is missing");
	refuse("{\"list\": [[]]}", "line 1: list[0]: expected object, got array");
	refuse("{\"list\": {}}", "line 1: list: expected array, got object");
	refuse("{\"object\": {\"value\": 13}}", "line 1: object: unlucky");
	refuse("{\"inside\": []}", "line 1: inside: expected object, got array");
	refuse("[]", "line 1: expected object, got array");
}

static void test_maps(void **state)
{
	(void)state;
	accept("{\"map\": {\"b\": \"/1\", \"a\": \"/2\", \"n\": null},"
	       "\"keyed\": {\"y\": {\"value\": 1, \"name\": \"ignored\"}, \"x\": {\"value\": 2},"
	       "\"n\": null}}");
	assert_int_equal(outer.map.count, 2); /* in the order of the document */
	assert_string_equal(outer.map.items[0].key, "b");
	assert_string_equal(outer.map.items[1].value, "/2");
	assert_int_equal(outer.keyed.count, 2);
	assert_string_equal(outer.keyed.items[0].name, "y");
	assert_int_equal(outer.keyed.items[1].value, 2);
	refuse("{\"map\": {\"a.b\": 1}}", "line 1: map[\"a.b\"]: expected string, got number 1");
	refuse("{\"map\": {\"a\": \"x\"}}", "line 1: map.a: \"x\" is not an absolute path");
	refuse("{\"map\": {\"\": \"/x\"}}", "line 1: map: the name \"\" is empty");
	refuse("{\"map\": []}", "line 1: map: expected object, got array");
	refuse("{\"keyed\": {\"x\": {}}}",
		"line 1: keyed.x: required property \"value\" is missing");
	refuse("{\"keyed\": {\"\": {}}}", "line 1: keyed: the name \"\" is empty");
}

static void test_custom(void **state)
{
	(void)state;
	accept("{\"custom\": \"four\"}");
	assert_int_equal(outer.custom, 4);
	refuse("{\"custom\": 1}", "line 1: custom: expected something else, got number 1");
}

/* config.md, "Extensibility": unknown properties are no error, wherever and whatever they are. */
static void test_unknown(void **state)
{
	(void)state;
	accept("{\"new\": {\"deep\": [1, {\"x\": null}]}, \"TEXT\": 1, \"inside\": {\"value\": 1,"
	       "\"extra\": true}, \"flag\": true, \"\": 1}");
	assert_true(outer.flag);
	assert_null(outer.text);
}

/* Every table that can be reached: rows complete, keys unique, few enough for the mask of seen
 * ones. */
static void check_table(const struct fields *fields, int depth)
{
	assert_true(depth < 10);
	assert_true(fields->count > 0 && fields->count <= 64);
	assert_true(fields->size > 0);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		bool nested = row->kind == FIELD_OBJECT || row->kind == FIELD_INSIDE ||
			row->kind == FIELD_LIST || row->kind == FIELD_BY_KEY;
		bool named = row->kind == FIELD_ENUM || row->kind == FIELD_FLAGS ||
			row->kind == FIELD_ENUMS;

		assert_non_null(row->key);
		assert_non_null(row->doc);
		assert_true(row->offset < fields->size);
		assert_int_equal(row->kind == FIELD_CUSTOM, row->read != NULL);
		assert_int_equal(row->kind == FIELD_CUSTOM, row->form != NULL);
		if (row->kind != FIELD_CUSTOM) {
			assert_int_equal(nested, row->fields != NULL);
			assert_int_equal(named, row->names != NULL);
		}
		if (row->kind == FIELD_ENUM || row->kind == FIELD_FLAGS)
			assert_true(row->size == 4 || row->size == 8);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(fields->rows[k].key, row->key);
		if (nested)
			check_table(row->fields, depth + 1);
	}
}

static void test_tables(void **state)
{
	(void)state;
	check_table(&spec_fields, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_number_errors),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_custom),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
