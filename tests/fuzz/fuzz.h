/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share.  A target is one function, LLVMFuzzerTestOneInput(), over bytes; it
 * ends the process when it finds a fault: a sanitizer does, or FUZZ_CHECK().  libFuzzer drives it
 * (tests/fuzz/run), or driver.c, which only plays the corpus back (make check).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input, in every build. */
#define FUZZ_CHECK(condition)                                                            \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, \
				#condition);                                             \
			abort();                                                         \
		}                                                                        \
	} while (0)

/* The contract of base/err.h: a failure has set an error that can be told, and nothing else has. */
static inline void fuzz_check_outcome(int r, const struct err *err)
{
	if (r >= 0) {
		FUZZ_CHECK(err->num == 0);
		return;
	}
	FUZZ_CHECK(r == -err->num);
	FUZZ_CHECK(err->kind >= 0 && err->kind < ERR_KIND_COUNT);
	FUZZ_CHECK(err->msg[0] != '\0');
	FUZZ_CHECK(memchr(err->msg, '\0', sizeof(err->msg)));
	FUZZ_CHECK(memchr(err->hint, '\0', sizeof(err->hint)));
}

/* The bytes as a string of its own, so that a sanitizer sees every read beyond it; NULs end it. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_CHECK(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/*
 * Takes the next line from *data, without its newline: a heap string, or NULL at the end.  So an
 * input of several parts stays a text that can be read and written by hand.
 */
static inline char *fuzz_line(const uint8_t **data, size_t *size)
{
	const uint8_t *end;
	size_t len;
	char *line;

	if (*size == 0)
		return NULL;
	end = memchr(*data, '\n', *size);
	len = end ? (size_t)(end - *data) : *size;
	line = fuzz_string(*data, len);
	*data += len + (end != NULL);
	*size -= len + (end != NULL);
	return line;
}
