/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as text: RFC 3339, UTC, nanoseconds, as Go's time.Time decodes it.  For the log
 * and the state.  Computed here, because libc's gmtime() opens the time zone file. */
#pragma once

#include <time.h>

#define STAMP_SIZE sizeof("2026-11-22T12:34:56.123456789Z")

/* Formats @time (not before 1970, not after 9999). */
void stamp_format(const struct timespec *time, char out[STAMP_SIZE]);

/* The present. */
void stamp_now(char out[STAMP_SIZE]);
