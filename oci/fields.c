// SPDX-License-Identifier: Apache-2.0
/*
 * The typed reader: see the header.  One function a kind, chosen by a table; paths are computed
 * only when something is wrong.
 */
#include "oci/fields.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

/* ---- messages ---- */

static const char *describe(const struct json_node *node, char *buf, size_t size)
{
	static const char *const types[] = { "null", "boolean", "number", "string", "array",
		"object" };

	if (node->type != JSON_NUMBER)
		return types[node->type];
	snprintf(buf, size, "number %s", node->text);
	return buf;
}

int fields_type_error(const struct json_doc *doc, const struct json_node *node, const char *wanted,
	struct err *err)
{
	char buf[64];

	return json_error(
		doc, node, err, "expected %s, got %s", wanted, describe(node, buf, sizeof(buf)));
}

static int need(const struct json_doc *doc, const struct json_node *node, enum json_type type,
	const char *wanted, struct err *err)
{
	return node->type == type ? 0 : fields_type_error(doc, node, wanted, err);
}

/* ---- texts ---- */

int fields_text(const struct json_doc *doc, const struct json_node *node, value_refuse_fn *refuse,
	const char **out_text, struct err *err)
{
	char shown[160];
	const char *why;
	int r = need(doc, node, JSON_STRING, "string", err);

	if (r < 0)
		return r;
	why = refuse ? refuse(node->text) : NULL;
	if (why)
		return json_error(doc, node, err, "\"%s\" %s",
			json_printable(node->text, shown, sizeof(shown)), why);
	*out_text = node->text;
	return 0;
}

static void hint_names(const struct names *names, struct err *err)
{
	char list[sizeof(err->hint) - 16] = "";
	size_t len = 0;

	for (size_t i = 0; i < names->count; i++) {
		size_t more = strlen(names->rows[i].name) + 2;

		if (len + more >= sizeof(list))
			return; /* a cut list would mislead */
		len += (size_t)snprintf(
			list + len, sizeof(list) - len, "%s%s", i ? ", " : "", names->rows[i].name);
	}
	err_hint(err, "known are: %s", list);
}

int fields_name(const struct json_doc *doc, const struct json_node *node, const struct names *names,
	const struct name **out_row, struct err *err)
{
	const char *text;
	int r = fields_text(doc, node, NULL, &text, err);
	char shown[160];

	if (r < 0)
		return r;
	*out_row = names_find(names, text);
	if (*out_row)
		return 0;
	r = json_error(doc, node, err, "unknown %s \"%s\"", names->noun,
		json_printable(text, shown, sizeof(shown)));
	hint_names(names, err);
	return r;
}

static int read_string(const struct field_value *v, void *dst, struct err *err)
{
	const char *text = NULL;

	if (v->node->type == JSON_STRING && !*v->node->text &&
		(v->field->flags & FIELD_EMPTY_IS_ABSENT))
		return 0;
	if (fields_text(v->doc, v->node, v->field->refuse, &text, err) < 0)
		return err_result(err);
	memcpy(dst, &text, sizeof(text));
	return 0;
}

/* ---- numbers and booleans ---- */

static int read_bool(const struct field_value *v, void *dst, struct err *err)
{
	int r = need(v->doc, v->node, JSON_BOOL, "boolean", err);

	if (r == 0)
		*(bool *)dst = v->node->boolean;
	return r;
}

static int read_opt_bool(const struct field_value *v, void *dst, struct err *err)
{
	struct opt_bool value = { .set = true };
	int r = read_bool(v, &value.v, err);

	if (r == 0)
		*(struct opt_bool *)dst = value;
	return r;
}

static int range_error(const struct field_value *v, int64_t min, uint64_t max, struct err *err)
{
	return json_error(v->doc, v->node, err, "%s is out of range (%lld to %llu)", v->node->text,
		(long long)min, (unsigned long long)max);
}

/*
 * An integer within [min, max], by default that of its type, in two's complement.  Only plain
 * digits are integers: Go's decoder refuses 1e3 and 1.0 likewise.
 */
static int read_integer(
	const struct field_value *v, int64_t min, uint64_t max, uint64_t *out_bits, struct err *err)
{
	const char *text = v->node->text;
	uint64_t magnitude = 0;
	int64_t negative;
	int r = need(v->doc, v->node, JSON_NUMBER, "integer", err);

	if (r < 0)
		return r;
	if (v->field->max != 0) {
		min = v->field->min;
		max = v->field->max;
	}
	r = num_u64(text + (*text == '-'), UINT64_MAX, &magnitude);
	if (r == -EINVAL)
		return fields_type_error(v->doc, v->node, "integer", err);
	if (r < 0)
		return range_error(v, min, max, err);
	if (*text != '-' || magnitude == 0) {
		if (magnitude > max || (min > 0 && magnitude < (uint64_t)min))
			return range_error(v, min, max, err);
		*out_bits = magnitude;
		return 0;
	}
	if (num_i64(text, min, -1, &negative) < 0)
		return range_error(v, min, max, err);
	*out_bits = (uint64_t)negative;
	return 0;
}

static int read_i64(const struct field_value *v, void *dst, struct err *err)
{
	uint64_t bits;
	int r = read_integer(v, INT64_MIN, INT64_MAX, &bits, err);

	if (r == 0)
		*(int64_t *)dst = (int64_t)bits;
	return r;
}

static int read_i32(const struct field_value *v, void *dst, struct err *err)
{
	uint64_t bits;
	int r = read_integer(v, INT32_MIN, INT32_MAX, &bits, err);

	if (r == 0)
		*(int32_t *)dst = (int32_t)(int64_t)bits;
	return r;
}

static int read_u64(const struct field_value *v, void *dst, struct err *err)
{
	uint64_t bits;
	int r = read_integer(v, 0, UINT64_MAX, &bits, err);

	if (r == 0)
		*(uint64_t *)dst = bits;
	return r;
}

static int read_u32(const struct field_value *v, void *dst, struct err *err)
{
	uint64_t bits = 0;
	int r = read_integer(v, 0, UINT32_MAX, &bits, err);

	if (r == 0)
		*(uint32_t *)dst = (uint32_t)bits;
	return r;
}

static int read_u16(const struct field_value *v, void *dst, struct err *err)
{
	uint64_t bits;
	int r = read_integer(v, 0, UINT16_MAX, &bits, err);

	if (r == 0)
		*(uint16_t *)dst = (uint16_t)bits;
	return r;
}

static int read_opt_i64(const struct field_value *v, void *dst, struct err *err)
{
	struct opt_i64 value = { .set = true };
	int r = read_i64(v, &value.v, err);

	if (r == 0)
		*(struct opt_i64 *)dst = value;
	return r;
}

static int read_opt_u64(const struct field_value *v, void *dst, struct err *err)
{
	struct opt_u64 value = { .set = true };
	int r = read_u64(v, &value.v, err);

	if (r == 0)
		*(struct opt_u64 *)dst = value;
	return r;
}

static int read_opt_u32(const struct field_value *v, void *dst, struct err *err)
{
	struct opt_u32 value = { .set = true };
	int r = read_u32(v, &value.v, err);

	if (r == 0)
		*(struct opt_u32 *)dst = value;
	return r;
}

/* ---- names ---- */

static void store(void *dst, size_t size, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	if (size == sizeof(narrow))
		memcpy(dst, &narrow, sizeof(narrow));
	else if (size == sizeof(value))
		memcpy(dst, &value, sizeof(value));
	else
		BUG("an enum member of an odd size");
}

static int read_enum(const struct field_value *v, void *dst, struct err *err)
{
	const struct name *row;
	int r;

	if (v->node->type == JSON_STRING && !*v->node->text &&
		(v->field->flags & FIELD_EMPTY_IS_ABSENT))
		return 0;
	r = fields_name(v->doc, v->node, v->field->names, &row, err);
	if (r == 0)
		store(dst, v->field->size, (uint64_t)row->value);
	return r;
}

static int read_flags(const struct field_value *v, void *dst, struct err *err)
{
	uint64_t flags = 0;
	int r = need(v->doc, v->node, JSON_ARRAY, "array", err);

	if (r < 0)
		return r;
	json_foreach (child, v->node) {
		const struct name *row;

		r = fields_name(v->doc, child, v->field->names, &row, err);
		if (r < 0)
			return r;
		flags |= (uint64_t)row->value;
	}
	store(dst, v->field->size, flags);
	return 0;
}

/* ---- lists and maps ---- */

/* Every LIST_OF() has this layout. */
struct any_list {
	void *items;
	size_t count;
};

static void store_list(void *dst, void *items, size_t count)
{
	struct any_list list = { items, count };

	memcpy(dst, &list, sizeof(list));
}

static int read_strings(const struct field_value *v, void *dst, struct err *err)
{
	const char **items;
	int r = need(v->doc, v->node, JSON_ARRAY, "array", err);

	if (r < 0)
		return r;
	items = json_alloc(v->doc, v->node->count, sizeof(*items));
	json_foreach (child, v->node) {
		r = fields_text(v->doc, child, v->field->refuse, &items[child->index], err);
		if (r < 0)
			return r;
	}
	store_list(dst, items, v->node->count);
	return 0;
}

static int read_u32_list(const struct field_value *v, void *dst, struct err *err)
{
	uint32_t *items;
	int r = need(v->doc, v->node, JSON_ARRAY, "array", err);

	if (r < 0)
		return r;
	items = json_alloc(v->doc, v->node->count, sizeof(*items));
	json_foreach (child, v->node) {
		struct field_value element = *v;

		element.node = child;
		r = read_u32(&element, &items[child->index], err);
		if (r < 0)
			return r;
	}
	store_list(dst, items, v->node->count);
	return 0;
}

static int read_enum_list(const struct field_value *v, void *dst, struct err *err)
{
	uint32_t *items;
	int r = need(v->doc, v->node, JSON_ARRAY, "array", err);

	if (r < 0)
		return r;
	items = json_alloc(v->doc, v->node->count, sizeof(*items));
	json_foreach (child, v->node) {
		const struct name *row;

		r = fields_name(v->doc, child, v->field->names, &row, err);
		if (r < 0)
			return r;
		items[child->index] = (uint32_t)row->value;
	}
	store_list(dst, items, v->node->count);
	return 0;
}

static int read_inside(const struct field_value *v, void *dst, struct err *err)
{
	return fields_read(v->doc, v->node, v->field->fields, dst, err);
}

static int read_object(const struct field_value *v, void *dst, struct err *err)
{
	void *object = json_alloc(v->doc, 1, v->field->fields->size);
	int r = fields_read(v->doc, v->node, v->field->fields, object, err);

	if (r == 0)
		memcpy(dst, &object, sizeof(object));
	return r;
}

static int read_list(const struct field_value *v, void *dst, struct err *err)
{
	size_t size = v->field->fields->size;
	char *items;
	int r = need(v->doc, v->node, JSON_ARRAY, "array", err);

	if (r < 0)
		return r;
	items = json_alloc(v->doc, v->node->count, size);
	json_foreach (child, v->node) {
		r = fields_read(v->doc, child, v->field->fields, items + child->index * size, err);
		if (r < 0)
			return r;
	}
	store_list(dst, items, v->node->count);
	return 0;
}

static int check_key(const struct field_value *v, const struct json_node *child, struct err *err)
{
	const char *why = v->field->refuse_key ? v->field->refuse_key(child->key) : NULL;
	char shown[160];

	if (!why)
		return 0;
	return json_error(v->doc, v->node, err, "the name \"%s\" %s",
		json_printable(child->key, shown, sizeof(shown)), why);
}

static int read_by_key(const struct field_value *v, void *dst, struct err *err)
{
	size_t size = v->field->fields->size, count = 0;
	char *items;
	int r = need(v->doc, v->node, JSON_OBJECT, "object", err);

	if (r < 0)
		return r;
	items = json_alloc(v->doc, v->node->count, size);
	json_foreach (child, v->node) {
		char *item = items + count * size;

		if (child->type == JSON_NULL)
			continue;
		r = check_key(v, child, err);
		if (r == 0)
			r = fields_read(v->doc, child, v->field->fields, item, err);
		if (r < 0)
			return r;
		memcpy(item, &child->key, sizeof(child->key));
		count++;
	}
	store_list(dst, items, count);
	return 0;
}

static int read_string_map(const struct field_value *v, void *dst, struct err *err)
{
	struct spec_pair *items;
	size_t count = 0;
	int r = need(v->doc, v->node, JSON_OBJECT, "object", err);

	if (r < 0)
		return r;
	items = json_alloc(v->doc, v->node->count, sizeof(*items));
	json_foreach (child, v->node) {
		if (child->type == JSON_NULL)
			continue;
		r = check_key(v, child, err);
		if (r == 0)
			r = fields_text(v->doc, child, v->field->refuse, &items[count].value, err);
		if (r < 0)
			return r;
		items[count++].key = child->key;
	}
	store_list(dst, items, count);
	return 0;
}

/* ---- objects ---- */

typedef int reader_fn(const struct field_value *value, void *dst, struct err *err);

static reader_fn *const readers[] = {
	[FIELD_STRING] = read_string,
	[FIELD_BOOL] = read_bool,
	[FIELD_I64] = read_i64,
	[FIELD_I32] = read_i32,
	[FIELD_U64] = read_u64,
	[FIELD_U32] = read_u32,
	[FIELD_U16] = read_u16,
	[FIELD_OPT_BOOL] = read_opt_bool,
	[FIELD_OPT_I64] = read_opt_i64,
	[FIELD_OPT_U64] = read_opt_u64,
	[FIELD_OPT_U32] = read_opt_u32,
	[FIELD_ENUM] = read_enum,
	[FIELD_FLAGS] = read_flags,
	[FIELD_STRINGS] = read_strings,
	[FIELD_U32S] = read_u32_list,
	[FIELD_ENUMS] = read_enum_list,
	[FIELD_OBJECT] = read_object,
	[FIELD_INSIDE] = read_inside,
	[FIELD_LIST] = read_list,
	[FIELD_BY_KEY] = read_by_key,
	[FIELD_STRING_MAP] = read_string_map,
};

static const struct field *field_find(const struct fields *fields, const char *key)
{
	for (const struct field *row = fields->rows; row < fields->rows + fields->count; row++)
		if (row->key[0] == key[0] && strcmp(row->key, key) == 0)
			return row;
	return NULL;
}

static void log_unknown(const struct json_node *node)
{
	char path[384];

	if (!log_debugging())
		return;
	json_path(node, path, sizeof(path));
	log_debug("ignoring the unknown property %s", path);
}

static int check_required(const struct json_doc *doc, const struct json_node *node,
	const struct fields *fields, uint64_t seen, struct err *err)
{
	for (size_t i = 0; i < fields->count; i++)
		if ((fields->rows[i].flags & FIELD_REQUIRED) && !(seen & UINT64_C(1) << i))
			return json_error(doc, node, err, "required property \"%s\" is missing",
				fields->rows[i].key);
	return 0;
}

int fields_read(struct json_doc *doc, const struct json_node *node, const struct fields *fields,
	void *object, struct err *err)
{
	uint64_t seen = 0;
	int r = need(doc, node, JSON_OBJECT, "object", err);

	if (r < 0)
		return r;
	json_foreach (child, node) {
		const struct field *field = field_find(fields, child->key);
		struct field_value value = { doc, child, field, object };

		if (!field) {
			log_unknown(child);
			continue;
		}
		if (child->type == JSON_NULL)
			continue;
		seen |= UINT64_C(1) << (field - fields->rows);
		r = (field->kind == FIELD_CUSTOM ? field->read : readers[field->kind])(
			&value, (char *)object + field->offset, err);
		if (r < 0)
			return r;
	}
	r = check_required(doc, node, fields, seen, err);
	if (r < 0 || !fields->check)
		return r;
	return fields->check(doc, node, object, err);
}
