/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: stderr as text, and a file as text or JSON (one object a line: {"level","msg","time"}
 * with an RFC 3339 time, as containerd and podman parse it).  The only file-level state of the
 * program.
 *
 * Errors are values (base/err.h) and are logged once, by cmd/main.c.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_options {
	const char *file; /* NULL: none; opened O_APPEND | O_CREAT, 0600 */
	bool json; /* format of the file */
	enum log_level level;
	bool level_set; /* false: warnings without a file, errors only with one (podman reads the
			 * whole file as one JSON value) */
};

/* Opens the file.  A log that cannot be opened is an error. */
int log_open(const struct log_options *options, struct err *err) MUST_USE;

/* These go to the file when there is one, else to stderr ("ringwall: warning: ..."): engines
 * read the standard streams of state and list together.  At most 2047 bytes of text.  Safe after
 * clone. */
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);
/* True when debug messages go anywhere: to skip work that only they need. */
bool log_debugging(void);

/* The one error at the end: "ringwall: <msg>" and "hint: <hint>" on stderr, and in the file as
 * well; in a JSON file one object with "errno" and "hint" as fields of their own. */
void log_error(const struct err *err) __attribute__((nonnull));

/* While a sink is set, messages that pass the level go to it instead of to stderr or the file (the
 * init hands its warnings to its parent, which logs them): NULL takes the sink away. */
void log_set_sink(void (*fn)(enum log_level level, const char *text, void *arg), void *arg);
