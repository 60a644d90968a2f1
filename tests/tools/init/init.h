/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program inside test containers.  A verb prints facts in a fixed form or does one thing; what
 * the kernel answers is a fact too ("open /x r: EACCES") and no failure of the program.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct verb {
	const char *name;
	const char *args; /* for the usage text */
	const char *help;
	int args_min, args_max;
	int (*run)(int argc, char **argv); /* argv[0] is the verb; the result is the exit status */
};

extern const struct verb file_verbs[], process_verbs[], kernel_verbs[], signal_verbs[];
extern const size_t file_verb_count, process_verb_count, kernel_verb_count, signal_verb_count;

#define VERB_COUNT(verbs) (sizeof(verbs) / sizeof((verbs)[0]))
#define ANY 1000

/* The verb itself failed: "init: WHAT: ENAME" on standard error; returns 1. */
int failed(const char *what);

/* "WHAT: ok" or "WHAT: ENAME" on standard output, for a system call's @result; returns 0. */
int answer(long result, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A whole number in any base of strtoll(), or the end of the program. */
long long number(const char *text);

/* "PREFIX: line" for each line of a file of /proc that has one of the keys before ':' (all without
 * keys). */
int print_lines(const char *file, char **keys, int key_count);

/* A signal's number from "TERM", "SIGTERM" or "15"; and its name without SIG. */
int signal_number(const char *text);
const char *signal_name(int sig);
