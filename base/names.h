/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of names and values: one table parses, prints, documents and is tested. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct name {
	const char *name;
	int64_t value;
};

/* A table: its rows and what one row is called in messages ("namespace type"). */
struct names {
	const struct name *rows;
	size_t count;
	const char *noun;
};

/* DEFINE_NAMES(signal_names, "signal", { "SIGHUP", 1 }, ...); */
#define DEFINE_NAMES(ident, noun_, ...)                                                            \
	static const struct name ident##_rows[] = { __VA_ARGS__ };                                 \
	const struct names ident = { ident##_rows, sizeof(ident##_rows) / sizeof(ident##_rows[0]), \
		noun_ }

/* The row called @name (case-sensitive), or NULL. */
const struct name *names_find(const struct names *names, const char *name);
/* The first name of @value, or NULL. */
const char *names_of(const struct names *names, int64_t value);
