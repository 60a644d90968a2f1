// SPDX-License-Identifier: Apache-2.0
/*
 * Our own small tree, built from the callbacks of yajl's streaming parser.
 *
 * yajl's ready-made tree is not used: it cuts strings at NUL, keeps duplicate keys, clamps numbers
 * over 2^63 (engines write RLIM_INFINITY so), knows neither positions nor parents, and frees itself
 * by recursion without a limit of depth.  Here lengths are given, numbers stay text until a field
 * says what they are, and all memory is one arena that is freed by a loop over its chunks.
 */
#include "oci/json.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char data[];
};

struct json_doc {
	struct chunk *chunks; /* the newest first; only it has room */
	const struct json_node *root;
	const char *text; /* borrowed; NULL after json_seal() */
	size_t chunk_size;
};

struct parser {
	struct json_doc *doc;
	yajl_handle yajl;
	const char *key; /* of the value that comes next */
	unsigned int depth;
	struct {
		struct json_node *node;
		struct json_node *last; /* child */
	} open[JSON_DEPTH_MAX];
	struct err *err; /* set by a callback that returned 0 */
};

/* ---- the arena ---- */

static void *arena_get(struct json_doc *doc, size_t size, size_t align)
{
	struct chunk *chunk = doc->chunks;
	size_t at = chunk ? (chunk->used + align - 1) & ~(align - 1) : 0;

	if (!chunk || at + size > chunk->size) {
		size_t room = size > doc->chunk_size ? size : doc->chunk_size;

		chunk = xmalloc(sizeof(*chunk) + room);
		chunk->next = doc->chunks;
		chunk->size = room;
		doc->chunks = chunk;
		at = 0;
	}
	chunk->used = at + size;
	return chunk->data + at;
}

static const char *arena_string(struct json_doc *doc, const void *text, size_t len)
{
	char *copy = arena_get(doc, len + 1, 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void *json_alloc(struct json_doc *doc, size_t count, size_t size)
{
	size_t bytes;

	/* Counts are those of nodes of a text of bounded size. */
	if (__builtin_mul_overflow(count, size, &bytes))
		BUG("json_alloc: size overflow");
	return memset(arena_get(doc, bytes, alignof(max_align_t)), 0, bytes);
}

/* ---- messages ---- */

const char *json_printable(const char *text, char *buf, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		buf[i] = (char)((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
	buf[i] = '\0';
	return buf;
}

static bool key_is_plain(const char *key)
{
	return *key &&
		key[strspn(
			key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
		'\0';
}

static size_t path_step(const struct json_node *node, char *buf, size_t size)
{
	char key[128];
	int len;

	if (!node->key)
		len = snprintf(buf, size, "[%u]", (unsigned int)node->index);
	else if (key_is_plain(node->key))
		len = snprintf(buf, size, "%s%s", node->parent->parent ? "." : "", node->key);
	else
		len = snprintf(buf, size, "[\"%s\"]", json_printable(node->key, key, sizeof(key)));
	return (size_t)len < size ? (size_t)len : size - 1;
}

void json_path(const struct json_node *node, char *buf, size_t size)
{
	const struct json_node *steps[JSON_DEPTH_MAX + 1];
	size_t count = 0, len = 0;

	for (; node->parent; node = node->parent)
		steps[count++] = node;
	buf[0] = '\0';
	while (count > 0)
		len += path_step(steps[--count], buf + len, size - len);
}

static unsigned int line_of(const char *text, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

int json_error(const struct json_doc *doc, const struct json_node *node, struct err *err,
	const char *fmt, ...)
{
	char text[512], path[384], line[32] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_path(node, path, sizeof(path));
	if (doc->text)
		snprintf(line, sizeof(line), "line %u: ", line_of(doc->text, node->offset));
	return err_bad(err, ERR_CONFIG, "%s%s%s%s", line, path, *path ? ": " : "", text);
}

/* ---- building: yajl's callbacks return 0 to stop, with parser->err set ---- */

static struct json_node *node_add(struct parser *parser, enum json_type type)
{
	struct json_node *node = arena_get(parser->doc, sizeof(*node), alignof(struct json_node));

	*node = (struct json_node){
		.key = parser->key,
		.offset = (uint32_t)yajl_get_bytes_consumed(parser->yajl),
		.type = type,
	};
	parser->key = NULL;
	if (parser->depth == 0) {
		parser->doc->root = node;
	} else {
		struct json_node *parent = parser->open[parser->depth - 1].node;
		struct json_node *last = parser->open[parser->depth - 1].last;

		node->parent = parent;
		node->index = parent->count++;
		if (last)
			last->next = node;
		else
			parent->first = node;
		parser->open[parser->depth - 1].last = node;
	}
	return node;
}

static int on_null(void *arg)
{
	node_add(arg, JSON_NULL);
	return 1;
}

static int on_boolean(void *arg, int value)
{
	node_add(arg, JSON_BOOL)->boolean = value != 0;
	return 1;
}

static int on_number(void *arg, const char *text, size_t len)
{
	struct parser *parser = arg;

	node_add(parser, JSON_NUMBER)->text = arena_string(parser->doc, text, len);
	return 1;
}

static int on_string(void *arg, const unsigned char *text, size_t len)
{
	struct parser *parser = arg;
	struct json_node *node = node_add(parser, JSON_STRING);

	node->text = arena_string(parser->doc, text, len);
	if (!memchr(text, '\0', len))
		return 1;
	json_error(parser->doc, node, parser->err, "the string holds a NUL character");
	return 0;
}

static int on_key(void *arg, const unsigned char *text, size_t len)
{
	struct parser *parser = arg;

	parser->key = arena_string(parser->doc, text, len);
	if (!memchr(text, '\0', len))
		return 1;
	json_error(parser->doc, parser->open[parser->depth - 1].node, parser->err,
		"a property name holds a NUL character");
	return 0;
}

static int container_open(struct parser *parser, enum json_type type)
{
	struct json_node *node = node_add(parser, type);

	if (parser->depth == JSON_DEPTH_MAX) {
		json_error(parser->doc, node, parser->err, "nested deeper than %d levels",
			JSON_DEPTH_MAX);
		return 0;
	}
	parser->open[parser->depth].node = node;
	parser->open[parser->depth++].last = NULL;
	return 1;
}

static int on_object(void *arg)
{
	return container_open(arg, JSON_OBJECT);
}

static int on_array(void *arg)
{
	return container_open(arg, JSON_ARRAY);
}

static int on_array_end(void *arg)
{
	struct parser *parser = arg;

	parser->depth--;
	return 1;
}

static int by_key(const void *a, const void *b)
{
	const struct json_node *const *left = a, *const *right = b;
	int order = strcmp((*left)->key, (*right)->key);

	return order ? order : (int)(*left)->index - (int)(*right)->index;
}

/* Sorting keeps an object of very many keys from taking quadratic time. */
static const struct json_node *duplicate_in_large(const struct json_node *object)
{
	auto_free const struct json_node **nodes =
		xcalloc(object->count, sizeof(const struct json_node *));
	size_t count = 0;

	json_foreach (child, object)
		nodes[count++] = child;
	qsort(nodes, count, sizeof(const struct json_node *), by_key);
	for (size_t i = 1; i < count; i++)
		if (strcmp(nodes[i - 1]->key, nodes[i]->key) == 0)
			return nodes[i];
	return NULL;
}

static const struct json_node *duplicate_in(const struct json_node *object)
{
	if (object->count > 16)
		return duplicate_in_large(object);
	json_foreach (child, object)
		for (const struct json_node *other = child->next; other; other = other->next)
			if (strcmp(child->key, other->key) == 0)
				return other;
	return NULL;
}

static int on_object_end(void *arg)
{
	struct parser *parser = arg;
	const struct json_node *twice = duplicate_in(parser->open[--parser->depth].node);

	if (!twice)
		return 1;
	json_error(parser->doc, twice, parser->err, "the property is given twice");
	return 0;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_object_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_array_end,
};

/* The grammar was broken: yajl's words, without its prefix, at the line where it stopped. */
static int syntax_error(struct parser *parser, const char *text, size_t stop)
{
	yajl_handle yajl = parser->yajl;
	unsigned char *reason = yajl_get_error(yajl, 0, (const unsigned char *)text, stop);
	char *words = reason ? strstr((char *)reason, ": ") : NULL;
	int r;

	words = words ? words + 2 : (char *)reason;
	if (words)
		words[strcspn(words, ".\n")] = '\0';
	r = err_bad(parser->err, ERR_CONFIG, "line %u: not valid JSON: %s", line_of(text, stop),
		words ? words : "syntax error");
	yajl_free_error(yajl, reason);
	return r;
}

static int parse(struct parser *parser, const char *text, size_t len)
{
	yajl_status status = yajl_parse(parser->yajl, (const unsigned char *)text, len);
	size_t stop = yajl_get_bytes_consumed(parser->yajl);

	if (status == yajl_status_ok) {
		status = yajl_complete_parse(parser->yajl);
		stop = len;
	}
	if (status == yajl_status_ok)
		return 0;
	if (status == yajl_status_client_canceled)
		return err_result(parser->err);
	return syntax_error(parser, text, stop < len ? stop : len);
}

/* ---- public ---- */

int json_parse(const char *text, size_t len, size_t max, struct json_doc **out_doc, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	struct parser parser = { .err = err };
	int r;

	if (len > max)
		return err_bad_errno(err, ERR_CONFIG, EFBIG, "larger than %zu bytes", max);
	doc = xcalloc(1, sizeof(*doc));
	doc->text = text;
	/* A node per ten bytes of text is usual; below malloc's threshold for mmap. */
	doc->chunk_size = len < 1024 ? 4096 : len < 30000 ? len * 4 : 120000;
	parser.doc = doc;
	parser.yajl = yajl_alloc(&callbacks, NULL, &parser);
	if (!parser.yajl)
		return err_sys(err, ENOMEM, "parse JSON");
	r = parse(&parser, text, len);
	yajl_free(parser.yajl);
	if (r < 0)
		return r;
	*out_doc = take_ptr(&doc);
	return 0;
}

void json_free(struct json_doc *doc)
{
	if (!doc)
		return;
	for (struct chunk *chunk = doc->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(doc);
}

void json_seal(struct json_doc *doc)
{
	doc->text = NULL;
}

const struct json_node *json_root(const struct json_doc *doc)
{
	return doc->root;
}

const struct json_node *json_first(const struct json_node *node)
{
	return node && (node->type == JSON_ARRAY || node->type == JSON_OBJECT) ? node->first : NULL;
}

const struct json_node *json_get(const struct json_node *object, const char *key)
{
	if (object->type != JSON_OBJECT)
		return NULL;
	json_foreach (child, object)
		if (strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

const struct json_node *json_at(const struct json_node *node, size_t index)
{
	json_foreach (child, node)
		if (child->index == index)
			return child;
	return NULL;
}
