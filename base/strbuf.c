// SPDX-License-Identifier: Apache-2.0
/* A growing string: see the header. */
#include "base/strbuf.h"

#include <stdarg.h>
#include <string.h>

static void reserve(struct strbuf *b, size_t extra)
{
	size_t need = b->len + extra + 1;

	if (need <= b->size)
		return;
	b->size = need < 64 ? 64 : need * 2;
	b->data = xrealloc_array(b->data, b->size, 1);
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	strbuf_adds(b, text);
}

const char *strbuf_str(const struct strbuf *b)
{
	return b->data ? b->data : "";
}

char *strbuf_take(struct strbuf *b)
{
	char *data = b->data ? b->data : xstrdup("");

	*b = (struct strbuf)STRBUF_INIT;
	return data;
}

void strbuf_release(struct strbuf *b)
{
	free(b->data);
	*b = (struct strbuf)STRBUF_INIT;
}
