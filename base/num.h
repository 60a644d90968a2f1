/* SPDX-License-Identifier: Apache-2.0 */
/* The one strict parser of numbers (security rule R8: CVE-2026-30892, CVE-2024-40635). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Decimal digits only, the whole string, no sign (num_i64 takes one '-'), no white space; the value
 * is stored only when it is within [min, max].  Returns 0 or -EINVAL (not a number) or -ERANGE.
 */
int num_u64(const char *s, uint64_t max, uint64_t *out_value);
int num_i64(const char *s, int64_t min, int64_t max, int64_t *out_value);
/* A user or group id: 0 .. 4294967294 (4294967295 means "no change" to the kernel). */
int num_id(const char *s, uint32_t *out_id);
