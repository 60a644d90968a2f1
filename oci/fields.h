/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed reader: tables of properties, each with its kind and its place in a structure, turn a
 * JSON object into that structure.  The same tables document the properties.  Private to oci/.
 *
 * Properties that no table knows are ignored (a debug message names them), null means absent, a
 * value of a wrong type, out of its range or not among its names is an error that names line and
 * path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/names.h"
#include "oci/json.h"
#include "oci/spec.h"

enum field_kind {
	FIELD_STRING, /* const char * */
	FIELD_BOOL, /* bool */
	FIELD_I64,
	FIELD_I32,
	FIELD_U64,
	FIELD_U32,
	FIELD_U16,
	FIELD_OPT_BOOL, /* struct opt_bool ... */
	FIELD_OPT_I64,
	FIELD_OPT_U64,
	FIELD_OPT_U32,
	FIELD_ENUM, /* a name of @names, in an integer of 4 or 8 bytes */
	FIELD_FLAGS, /* a list of names of @names, or-ed */
	FIELD_STRINGS, /* spec_strings */
	FIELD_U32S, /* LIST_OF(uint32_t) of numbers */
	FIELD_ENUMS, /* LIST_OF(uint32_t) of names of @names */
	FIELD_OBJECT, /* pointer to a new structure read by @fields */
	FIELD_INSIDE, /* structure in place, read by @fields */
	FIELD_LIST, /* LIST_OF a structure read by @fields */
	FIELD_BY_KEY, /* the same of an object of objects; the key goes to the first member */
	FIELD_STRING_MAP, /* spec_pairs */
	FIELD_CUSTOM, /* whatever @read makes of it */
};

#define FIELD_REQUIRED 1u
#define FIELD_EMPTY_IS_ABSENT 2u /* "" reads as NULL: encoders write it for "not set" */

struct field;
struct fields;

/* What a custom reader gets. */
struct field_value {
	struct json_doc *doc;
	const struct json_node *node; /* never null */
	const struct field *field;
	void *object; /* the structure being filled */
};

/* Why a text is not acceptable, as the words that follow it ("is not an absolute path"); NULL:
 * it is. See oci/values.h. */
typedef const char *value_refuse_fn(const char *text);

struct field {
	const char *key;
	enum field_kind kind;
	unsigned int flags; /* FIELD_* */
	size_t offset;
	size_t size; /* of the integer of an enum or of flags */
	int64_t min; /* of numbers, when @max is not 0; else the range of the kind */
	uint64_t max;
	const struct names *names;
	const struct fields *fields;
	const char
		*form; /* custom ones, for documents: what JSON it is, as a field of some kind is */
	value_refuse_fn *refuse; /* strings, each of a list, each value of a map */
	value_refuse_fn *refuse_key; /* keys of FIELD_BY_KEY and FIELD_STRING_MAP */
	int (*read)(const struct field_value *value, void *dst, struct err *err);
	const char *since; /* version of the specification; NULL: 1.0 */
	const char *doc;
};

struct fields {
	const struct field *rows;
	size_t count; /* at most 64 */
	size_t size; /* of the structure */
	/* Rules between the properties of one object, after all were read; may be NULL. */
	int (*check)(
		struct json_doc *doc, const struct json_node *node, void *object, struct err *err);
};

/* clang-format off */
#define FIELDS(rows_, type, check_) { rows_, ARRAY_SIZE(rows_), sizeof(type), check_ }

/* The offset of @member, and an error of the compiler when it is not a @ctype. */
#define FIELD_AT(owner, member, ctype) \
	(offsetof(owner, member) + 0 * sizeof(char[FIELD_IS(owner, member, ctype) ? 1 : -1]))
#define FIELD_IS(owner, member, ctype) \
	__builtin_types_compatible_p(__typeof__(((owner *)NULL)->member), ctype)
#define FIELD_SIZE(owner, member) sizeof(((owner *)NULL)->member)

#define FIELD(kind_, ctype, key_, owner, member, ...) \
	{ .key = key_, .kind = kind_, .offset = FIELD_AT(owner, member, ctype), __VA_ARGS__ }

/* FIELD_STR("cwd", struct spec_process, cwd, .flags = FIELD_REQUIRED, .doc = "...") */
#define FIELD_STR(...) FIELD(FIELD_STRING, const char *, __VA_ARGS__)
#define FIELD_BOOLEAN(...) FIELD(FIELD_BOOL, bool, __VA_ARGS__)
#define FIELD_INT64(...) FIELD(FIELD_I64, int64_t, __VA_ARGS__)
#define FIELD_INT32(...) FIELD(FIELD_I32, int32_t, __VA_ARGS__)
#define FIELD_UINT64(...) FIELD(FIELD_U64, uint64_t, __VA_ARGS__)
#define FIELD_UINT32(...) FIELD(FIELD_U32, uint32_t, __VA_ARGS__)
#define FIELD_UINT16(...) FIELD(FIELD_U16, uint16_t, __VA_ARGS__)
#define FIELD_MAYBE_BOOL(...) FIELD(FIELD_OPT_BOOL, struct opt_bool, __VA_ARGS__)
#define FIELD_MAYBE_I64(...) FIELD(FIELD_OPT_I64, struct opt_i64, __VA_ARGS__)
#define FIELD_MAYBE_U64(...) FIELD(FIELD_OPT_U64, struct opt_u64, __VA_ARGS__)
#define FIELD_MAYBE_U32(...) FIELD(FIELD_OPT_U32, struct opt_u32, __VA_ARGS__)
#define FIELD_TEXTS(...) FIELD(FIELD_STRINGS, spec_strings, __VA_ARGS__)
#define FIELD_MAP(...) FIELD(FIELD_STRING_MAP, spec_pairs, __VA_ARGS__)
/* FIELD_STRUCT("memory", struct spec_resources, memory, struct spec_memory, &memory_fields) */
#define FIELD_STRUCT(key_, owner, member, ctype, table, ...) \
	FIELD(FIELD_OBJECT, ctype *, key_, owner, member, .fields = table, __VA_ARGS__)
#define FIELD_EMBED(key_, owner, member, ctype, table, ...) \
	FIELD(FIELD_INSIDE, ctype, key_, owner, member, .fields = table, __VA_ARGS__)
/* An object whose properties are kept in the owner itself. */
#define FIELD_PART(key_, table, ...) \
	{ .key = key_, .kind = FIELD_INSIDE, .fields = table, __VA_ARGS__ }
/* Lists: FIELD_AT() looks at the type of @items, which is at the start. */
#define FIELD_STRUCTS(key_, owner, member, ctype, table, ...) \
	FIELD(FIELD_LIST, ctype *, key_, owner, member.items, .fields = table, __VA_ARGS__)
#define FIELD_KEYED(key_, owner, member, ctype, table, ...) \
	FIELD(FIELD_BY_KEY, ctype *, key_, owner, member.items, .fields = table, __VA_ARGS__)
#define FIELD_NUMBERS(key_, owner, member, ...) \
	FIELD(FIELD_U32S, uint32_t *, key_, owner, member.items, __VA_ARGS__)
#define FIELD_NAMES(key_, owner, member, table, ...) \
	FIELD(FIELD_ENUMS, uint32_t *, key_, owner, member.items, .names = table, __VA_ARGS__)
#define FIELD_NAME(key_, owner, member, table, ...) \
	{ .key = key_, .kind = FIELD_ENUM, .offset = offsetof(owner, member), \
	  .size = FIELD_SIZE(owner, member), .names = table, __VA_ARGS__ }
#define FIELD_FLAGSET(key_, owner, member, table, ...) \
	{ .key = key_, .kind = FIELD_FLAGS, .offset = offsetof(owner, member), \
	  .size = FIELD_SIZE(owner, member), .names = table, __VA_ARGS__ }
#define FIELD_OTHER(key_, owner, member, reader, ...) \
	{ .key = key_, .kind = FIELD_CUSTOM, .offset = offsetof(owner, member), .read = reader, \
	  __VA_ARGS__ }
/* A custom reader that finds its place in the owner itself. */
#define FIELD_ELSEWHERE(key_, reader, ...) \
	{ .key = key_, .kind = FIELD_CUSTOM, .read = reader, __VA_ARGS__ }
/* clang-format on */

/* Reads the object @node into the zeroed structure @object of @fields.  Strings and lists are
 * borrowed from @doc. */
int fields_read(struct json_doc *doc, const struct json_node *node, const struct fields *fields,
	void *object, struct err *err) MUST_USE;

/* `expected <wanted>, got string` at @node. */
int fields_type_error(const struct json_doc *doc, const struct json_node *node, const char *wanted,
	struct err *err);
/* The text of a string node; an error for other types and for texts that @refuse (may be NULL)
 * does not accept. */
int fields_text(const struct json_doc *doc, const struct json_node *node, value_refuse_fn *refuse,
	const char **out_text, struct err *err) MUST_USE;
/* The row of @names that a string node names; an error lists what is known. */
int fields_name(const struct json_doc *doc, const struct json_node *node, const struct names *names,
	const struct name **out_row, struct err *err) MUST_USE;
