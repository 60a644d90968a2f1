/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON texts as trees that know where they came from: every node has its parent, its key or index
 * and its offset, so that a message can name the line and the property path.  Private to oci/ (and
 * to tests/tools, which edit configurations with it).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* Containers within containers that are read; the OCI documents need about 8. */
#define JSON_DEPTH_MAX 32

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
	const struct json_node *parent; /* NULL: the root */
	struct json_node *next; /* sibling */
	const char *key; /* in an object; else NULL */
	union {
		struct json_node *first; /* array, object */
		const char *text; /* string: its value, number: as written; NUL-terminated */
		bool boolean;
	};
	uint32_t index; /* among its siblings */
	uint32_t count; /* children of an array or object */
	uint32_t offset; /* in the text: behind the value's (or container's first) token */
	enum json_type type;
};

struct json_doc;

/* for each child pointer @child of the array or object @node; nothing for other types, and NULL */
#define json_foreach(child, node) \
	for (const struct json_node *child = json_first(node); child; child = child->next)

/*
 * Reads @len bytes of JSON (RFC 8259, UTF-8).  Refused besides what the grammar refuses: more than
 * @max bytes, depth over JSON_DEPTH_MAX, a NUL in a string or key, a key given twice in one object
 * (Go keeps the last, others the first: engine and runtime must not disagree), text behind the
 * value. @text is borrowed until json_seal() or json_free(); the tree does not point into it.
 */
int json_parse(const char *text, size_t len, size_t max, struct json_doc **out_doc,
	struct err *err) MUST_USE;
void json_free(struct json_doc *doc);
DEFINE_AUTO_PTR(json_doc, json_free);

/* Lets go of the text: messages have no line numbers from here on. */
void json_seal(struct json_doc *doc);

const struct json_node *json_root(const struct json_doc *doc);
const struct json_node *json_first(const struct json_node *node);
/* The member of an object, or NULL. */
const struct json_node *json_get(const struct json_node *object, const char *key);
/* The child of that index, or NULL. */
const struct json_node *json_at(const struct json_node *node, size_t index);

/* Zeroed memory, aligned for any type, that lives as long as @doc. */
void *json_alloc(struct json_doc *doc, size_t count, size_t size);

/* "linux.devices[3].path", "annotations["a.b"]", "" for the root; cut when @size is short. */
void json_path(const struct json_node *node, char *buf, size_t size);

/* A configuration error at @node: `line 3: mounts[0].type: <text>`.  Returns the negative errno. */
int json_error(const struct json_doc *doc, const struct json_node *node, struct err *err,
	const char *fmt, ...) PRINTF(4, 5);

/* Copies @text to @buf for a message: control characters become '?', the end is cut. */
const char *json_printable(const char *text, char *buf, size_t size);
