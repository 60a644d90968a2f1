/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command-line options as tables.  One row parses, checks, prints help, and is the source of the
 * manual page and the shell completions (cmd/tables.c).  Included by cmd/ only.
 *
 * The accepted forms are those of both peers: --name value, --name=value, -name value and
 * -name=value (Go's flag package), -n value, -nvalue, -n=value, bundled short flags; flags also
 * take =true and =false.  "--" ends the options.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OPTION_COUNT_MAX 65536

enum option_kind { /* and the type of the member at the row's offset */
	OPTION_FLAG, /* bool */
	OPTION_STRING, /* const char *, pointing into argv */
	OPTION_STRINGS, /* struct option_strings; each use adds one */
	OPTION_CHOICE, /* int: the index of the word in the row's argument "table|json" */
	OPTION_COUNT, /* unsigned int, at most OPTION_COUNT_MAX */
	OPTION_IDS, /* struct option_ids; repeated, or separated by commas */
	OPTION_I64, /* struct opt_i64 (oci/spec.h) */
	OPTION_U64, /* struct opt_u64 */
	OPTION_SIZE, /* struct opt_i64: bytes with a suffix b, k, m, g, t; -1 (no limit) */
	OPTION_DURATION, /* int: milliseconds; "100ms", "1m30s", "1.5s", a number of seconds */
	OPTION_HELP, /* no member: the parser returns OPTIONS_HELP */
	OPTION_USAGE,
	OPTION_VERSION,
};

struct option {
	const char *name; /* without dashes */
	char short_name; /* '\0': none */
	char alias; /* another short name, '\0': none */
	const char *arg; /* what help calls the argument; NULL for a flag */
	enum option_kind kind;
	size_t offset; /* of the member in the options struct */
	const char *help; /* one sentence without a full stop */
};

struct option_strings {
	const char **items; /* owned; the strings point into argv */
	size_t count;
};

struct option_ids {
	uint32_t *items; /* owned */
	size_t count;
};

struct option_table {
	const struct option *rows;
	size_t count;
	bool in_order; /* everything from the first positional argument on is positional */
};

/* --help and --usage, which every command takes. */
extern const struct option_table options_common;

/* Outcomes of options_parse() besides 0. */
enum { OPTIONS_HELP = 1, OPTIONS_USAGE, OPTIONS_VERSION };

/*
 * Parses @argv (NULL-terminated, without the command's own name) into @target.  The positional
 * arguments go to @out_args, which has room for all of @argv and gets a NULL at the end. Returns 0,
 * one of the outcomes above, or ERR_USAGE.  A value in error leaves the earlier ones set.
 */
int options_parse(const struct option_table *table, char *const *argv, void *target,
	char **out_args, size_t *out_count, struct err *err) MUST_USE;

/* Frees the lists in @target. */
void options_release(const struct option_table *table, void *target);

/* The row with this long name, or NULL. */
const struct option *option_find(const struct option_table *table, const char *name);

/*
 * The candidate that @word is most likely a misspelling of, or NULL when none is near.
 * @candidate gives the i-th of @count names.
 */
const char *spelling_nearest(const char *word, const char *(*candidate)(const void *arg, size_t i),
	const void *arg, size_t count);
