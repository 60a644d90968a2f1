/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of D-Bus messages as bytes (D-Bus Specification, "Message Format"): in the order of
 * this machine, each aligned to its size, counted from the start of the buffer.  Pure.  Private to
 * cgroups/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/* ---- writing: the buffer is the whole header or the whole body ---- */

/* Zeros up to a multiple of @align (1, 2, 4 or 8). */
void wire_pad(struct strbuf *b, size_t align);
/* A number of @size bytes (1, 2, 4 or 8), the low ones of @value. */
void wire_number(struct strbuf *b, size_t size, uint64_t value);
/* A string or an object path. */
void wire_string(struct strbuf *b, const char *s);
/* A signature, at most 255 bytes. */
void wire_signature(struct strbuf *b, const char *s);

/* An array of elements that are aligned to @align; its length is filled in at the end. */
struct wire_array {
	size_t length_at;
	size_t start;
};
struct wire_array wire_array_begin(struct strbuf *b, size_t align);
void wire_array_end(struct strbuf *b, struct wire_array array);

/* ---- reading: what does not fit makes @bad true and all that follows 0 or "" ---- */

struct wire_reader {
	const char *data; /* borrowed */
	size_t size;
	size_t at;
	bool bad;
};

uint64_t wire_read_number(struct wire_reader *r, size_t size);
/* Borrowed from the data, which holds its NUL. */
const char *wire_read_string(struct wire_reader *r);
const char *wire_read_signature(struct wire_reader *r);
void wire_read_pad(struct wire_reader *r, size_t align);
