// SPDX-License-Identifier: Apache-2.0
/* The writer: see the header. */
#include "oci/jsonw.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/strbuf.h"
#include "oci/json.h"

#define DEPTH_MAX 100

struct jsonw {
	yajl_gen gen;
	struct strbuf text;
	bool arrays[DEPTH_MAX]; /* what is open, from the outside; false: an object */
	unsigned int depth;
	bool has_value; /* the document's own value has begun */
	int error; /* positive errno of what went wrong first */
};

static void fail(struct jsonw *w, int error)
{
	if (!w->error)
		w->error = error;
}

static void check(struct jsonw *w, yajl_gen_status status)
{
	if (status != yajl_gen_status_ok)
		fail(w, EINVAL);
}

static void *gen_malloc(void *ctx, size_t size)
{
	(void)ctx;
	return xmalloc(size);
}

static void *gen_realloc(void *ctx, void *p, size_t size)
{
	(void)ctx;
	return xrealloc_array(p, 1, size);
}

static void gen_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static void gen_print(void *ctx, const char *text, size_t len)
{
	struct jsonw *w = ctx;

	if (w->text.len + len > JSONW_SIZE_MAX)
		fail(w, E2BIG);
	if (!w->error)
		strbuf_add(&w->text, text, len);
}

struct jsonw *jsonw_new(bool pretty)
{
	static const yajl_alloc_funcs funcs = { gen_malloc, gen_realloc, gen_free, NULL };
	struct jsonw *w = xcalloc(1, sizeof(*w));

	w->gen = yajl_gen_alloc(&funcs);
	yajl_gen_config(w->gen, yajl_gen_print_callback, gen_print, w);
	if (pretty) {
		yajl_gen_config(w->gen, yajl_gen_beautify, 1);
		yajl_gen_config(w->gen, yajl_gen_indent_string, "  ");
	}
	return w;
}

void jsonw_free(struct jsonw *w)
{
	if (!w)
		return;
	yajl_gen_free(w->gen);
	strbuf_release(&w->text);
	free(w);
}

/* ---- strings ---- */

/* The length of the UTF-8 sequence that begins at @s (RFC 3629: shortest form, no surrogates, up to
 * U+10FFFF); 0: none does.  The NUL at the end is no continuation, so nothing reads past it. */
static size_t utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return length;
}

static size_t utf8_valid_prefix(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0, length;

	while (s[at] && (length = utf8_length(s + at)) > 0)
		at += length;
	return at;
}

static void put_text(struct jsonw *w, const char *text)
{
	struct strbuf fixed = STRBUF_INIT;
	size_t valid = utf8_valid_prefix(text);

	if (!text[valid]) {
		check(w, yajl_gen_string(w->gen, (const unsigned char *)text, valid));
		return;
	}
	while (text[valid]) {
		strbuf_add(&fixed, text, valid);
		strbuf_adds(&fixed, "\xef\xbf\xbd");
		text += valid + 1;
		valid = utf8_valid_prefix(text);
	}
	strbuf_add(&fixed, text, valid);
	check(w, yajl_gen_string(w->gen, (const unsigned char *)strbuf_str(&fixed), fixed.len));
	strbuf_release(&fixed);
}

/* ---- values ---- */

/* What stands before every value. */
static void begin_value(struct jsonw *w, const char *key)
{
	bool in_object = w->depth > 0 && w->depth <= DEPTH_MAX && !w->arrays[w->depth - 1];

	assert(w->depth > DEPTH_MAX || in_object == (key != NULL));
	assert(w->depth > 0 || !w->has_value);
	w->has_value = true;
	if (key)
		put_text(w, key);
}

static void open_container(struct jsonw *w, bool array)
{
	if (w->depth < DEPTH_MAX)
		w->arrays[w->depth] = array;
	else
		fail(w, E2BIG);
	w->depth++;
}

void jsonw_object(struct jsonw *w, const char *key)
{
	begin_value(w, key);
	check(w, yajl_gen_map_open(w->gen));
	open_container(w, false);
}

void jsonw_array(struct jsonw *w, const char *key)
{
	begin_value(w, key);
	check(w, yajl_gen_array_open(w->gen));
	open_container(w, true);
}

void jsonw_end(struct jsonw *w)
{
	assert(w->depth > 0);
	w->depth--;
	if (w->depth >= DEPTH_MAX)
		return;
	check(w, w->arrays[w->depth] ? yajl_gen_array_close(w->gen) : yajl_gen_map_close(w->gen));
}

void jsonw_string(struct jsonw *w, const char *key, const char *value)
{
	begin_value(w, key);
	put_text(w, value);
}

void jsonw_i64(struct jsonw *w, const char *key, int64_t value)
{
	begin_value(w, key);
	check(w, yajl_gen_integer(w->gen, value));
}

/* yajl's integers end at 2^63 - 1. */
void jsonw_u64(struct jsonw *w, const char *key, uint64_t value)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, value);

	begin_value(w, key);
	check(w, yajl_gen_number(w->gen, text, (size_t)len));
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	begin_value(w, key);
	check(w, yajl_gen_bool(w->gen, value));
}

void jsonw_copy(struct jsonw *w, const char *key, const struct json_node *node)
{
	switch (node->type) {
	case JSON_NULL:
		begin_value(w, key);
		check(w, yajl_gen_null(w->gen));
		break;
	case JSON_BOOL:
		jsonw_bool(w, key, node->boolean);
		break;
	case JSON_NUMBER:
		begin_value(w, key);
		check(w, yajl_gen_number(w->gen, node->text, strlen(node->text)));
		break;
	case JSON_STRING:
		jsonw_string(w, key, node->text);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		if (node->type == JSON_ARRAY)
			jsonw_array(w, key);
		else
			jsonw_object(w, key);
		json_foreach (child, node)
			jsonw_copy(w, child->key, child);
		jsonw_end(w);
		break;
	}
}

int jsonw_finish(struct jsonw *w, char **out_text, struct err *err)
{
	auto_(jsonw) struct jsonw *owned = w;
	size_t len;
	char *text;

	if (w->error == E2BIG)
		return err_bad_errno(err, ERR_OTHER, E2BIG,
			"write JSON: more than %u bytes or %d levels", JSONW_SIZE_MAX, DEPTH_MAX);
	if (w->error || w->depth > 0 || !w->has_value)
		return err_bad_errno(err, ERR_OTHER, EINVAL, "write JSON: not a complete document");
	text = strbuf_take(&owned->text);
	len = strlen(text);
	if (len > 0 && text[len - 1] == '\n') /* yajl ends a pretty document with one */
		text[len - 1] = '\0';
	*out_text = text;
	return 0;
}

char *jsonw_take(struct jsonw *w)
{
	struct err err = { 0 };
	char *text = NULL;

	if (jsonw_finish(w, &text, &err) < 0)
		BUG(err.msg);
	return text;
}
