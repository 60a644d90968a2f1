/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string.  Starts empty as STRBUF_INIT; always NUL-terminated once something was
 * added. */
#pragma once

#include <stddef.h>

#include "base/mem.h"

struct strbuf {
	char *data; /* NULL while empty; owned */
	size_t len; /* without the NUL */
	size_t size;
};

#define STRBUF_INIT        \
	{                  \
		NULL, 0, 0 \
	}

void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The content as a string, "" when empty; borrowed. */
const char *strbuf_str(const struct strbuf *b) __attribute__((returns_nonnull));
/* Hands the content over as a heap string (never NULL) and empties the buffer. */
char *strbuf_take(struct strbuf *b) __attribute__((returns_nonnull));
void strbuf_release(struct strbuf *b);

DEFINE_AUTO(strbuf, strbuf_release);
