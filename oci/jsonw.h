/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON: nested objects and arrays over yajl's generator.  Errors stick and are asked for
 * once, at the end.  Strings that are not UTF-8 (names of files, environment of a container) do not
 * lose the document: each bad byte becomes U+FFFD.  For oci/, and for what runtime/ and cmd/ store
 * and print.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct jsonw;

/* A new document; @pretty: one member a line, indented by two spaces. */
struct jsonw *jsonw_new(bool pretty);
void jsonw_free(struct jsonw *w);
DEFINE_AUTO_PTR(jsonw, jsonw_free);

/* @key is NULL in arrays and for the document's own value, and only there. */
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_array(struct jsonw *w, const char *key);
/* Ends the innermost object or array. */
void jsonw_end(struct jsonw *w);

void jsonw_string(struct jsonw *w, const char *key, const char *value);
void jsonw_i64(struct jsonw *w, const char *key, int64_t value);
void jsonw_u64(struct jsonw *w, const char *key, uint64_t value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);

/* A value that was read, with all that is in it, numbers as they were written. */
struct json_node;
void jsonw_copy(struct jsonw *w, const char *key, const struct json_node *node);

/*
 * The text, without a newline at its end, as a heap string.  Frees @w in any case.  An error when
 * something went wrong on the way: a document over JSONW_SIZE_MAX bytes or nested too deep, or
 * one that is not complete.
 */
int jsonw_finish(struct jsonw *w, char **out_text, struct err *err) MUST_USE;

/* For documents whose size is ours to say: an error is a bug. */
char *jsonw_take(struct jsonw *w);

#define JSONW_SIZE_MAX (64u << 20)
