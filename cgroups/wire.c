// SPDX-License-Identifier: Apache-2.0
/* D-Bus values as bytes: see the header. */
#include "cgroups/wire.h"

#include <string.h>

#include "base/err.h"

void wire_pad(struct strbuf *b, size_t align)
{
	static const char zeros[8];

	strbuf_add(b, zeros, (align - b->len % align) % align);
}

/* The low bytes of a number, wherever this machine keeps them. */
static const char *low_bytes(const uint64_t *value, size_t size)
{
	const char *bytes = (const char *)value;

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? bytes : bytes + sizeof(*value) - size;
}

void wire_number(struct strbuf *b, size_t size, uint64_t value)
{
	wire_pad(b, size);
	strbuf_add(b, low_bytes(&value, size), size);
}

void wire_string(struct strbuf *b, const char *s)
{
	wire_number(b, 4, strlen(s));
	strbuf_add(b, s, strlen(s) + 1);
}

void wire_signature(struct strbuf *b, const char *s)
{
	size_t len = strlen(s);

	if (len > UINT8_MAX)
		BUG("a signature is too long");
	wire_number(b, 1, len);
	strbuf_add(b, s, len + 1);
}

struct wire_array wire_array_begin(struct strbuf *b, size_t align)
{
	struct wire_array array;

	wire_number(b, 4, 0);
	array.length_at = b->len - 4;
	wire_pad(b, align); /* before the first element, and no part of the length */
	array.start = b->len;
	return array;
}

void wire_array_end(struct strbuf *b, struct wire_array array)
{
	uint32_t length = (uint32_t)(b->len - array.start);

	memcpy(b->data + array.length_at, &length, sizeof(length));
}

static const char *take(struct wire_reader *r, size_t size)
{
	const char *bytes = r->data + r->at;

	if (r->bad || size > r->size - r->at) {
		r->bad = true;
		return NULL;
	}
	r->at += size;
	return bytes;
}

void wire_read_pad(struct wire_reader *r, size_t align)
{
	take(r, (align - r->at % align) % align);
}

uint64_t wire_read_number(struct wire_reader *r, size_t size)
{
	uint64_t value = 0;
	const char *bytes;

	wire_read_pad(r, size);
	bytes = take(r, size);
	if (bytes)
		memcpy((char *)&value + (low_bytes(&value, size) - (const char *)&value), bytes,
			size);
	return value;
}

static const char *read_text(struct wire_reader *r, size_t len)
{
	const char *text = take(r, len + 1);

	if (text && (text[len] != '\0' || memchr(text, '\0', len)))
		r->bad = true;
	return r->bad ? "" : text;
}

const char *wire_read_string(struct wire_reader *r)
{
	return read_text(r, wire_read_number(r, 4));
}

const char *wire_read_signature(struct wire_reader *r)
{
	return read_text(r, wire_read_number(r, 1));
}
