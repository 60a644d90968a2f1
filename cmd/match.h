/* SPDX-License-Identifier: Apache-2.0 */
/* `kill --regex` and `delete --regex`: one operation on every container whose id matches. */
#pragma once

#include "cmd/commands.h"

/*
 * Calls @act for each container whose id matches the extended regular expression @pattern (anywhere
 * in it, unless anchored).  All are tried; further failures are logged as warnings, the first one
 * is returned. *out_matched: how many matched.
 */
int match_each(const struct runtime *rt, const char *pattern,
	int (*act)(const struct runtime *rt, const char *id, void *arg, struct err *err), void *arg,
	size_t *out_matched, struct err *err) MUST_USE;
