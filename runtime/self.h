/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own binary, out of reach of containers (security rule R6).  Used by cmd/main.c. */
#pragma once

#include "base/err.h"

/*
 * Makes this process run from a copy of the binary that nobody can write, by executing it again
 * when it does not yet; then it does not return.  To be called first thing in main() of the
 * commands that bring a process of ours into a container (create, run, exec): @argv, environment
 * and descriptors stay as they are.
 *
 * Returns 0 when the binary is protected, or needs no protection because nobody in a container of
 * this caller could write it.
 */
int self_protect(char **argv, struct err *err) MUST_USE;
