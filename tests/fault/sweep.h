/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of fault-sweep share: see tests/fault/sweep.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SECONDS 15
#define TRACEES 64
#define WORDS 8

/* Words of a command line; "ID" and "BUNDLE" stand for ours. */
typedef const char *words[WORDS];

struct verb {
	const char *name;
	words prepare[3];
	words command;
	const char
		*before; /* the status that the preparation leads to in its time; NULL: at once */
	const char *promise; /* the status after success; "": there is no such container */
	bool undoes; /* an error leaves nothing; run also removes what has run, which may fail */
	bool fails; /* also without a fault: the guest of the machine has no agent */
	bool lasts; /* the container is as before, so that it serves for the next round */
	bool has_init; /* the container's first process works, too */
	words limits; /* puts the cgroup's limits to what the command changes: all or nothing */
};

/* What a sweep is. */
extern struct sweep {
	const char *ringwall, *root, *id, *bundle;
	const char *manager;
	char cgroup[256]; /* below the mount of cgroup v2 */
	const struct verb *verb;
	bool faults_kill; /* else they are errors */
	bool faults_child; /* else the runtime's */
	unsigned long rounds, injected, failures;
} sweep;

enum { IDLE, INJECT, RESULT_ONLY, DONE };

struct tracee {
	pid_t pid; /* 0: free */
	bool child; /* made by the runtime */
	bool in_call;
	int injecting; /* IDLE, INJECT or RESULT_ONLY: between entry and exit of the call */
	bool started; /* its first stop is over */
	bool executed; /* it is the runtime's program */
};

struct round {
	unsigned long wanted; /* the number of the call at fault, from 1 */
	unsigned long seen;
	int error; /* which of the errors that fit, counted from 0; when it has been made, the error */
	size_t errors; /* how many fit */
	long call; /* what the call was */
	bool hit;
	pid_t main;
	int status; /* of main, as of wait(2) */
	bool hangs;
	struct tracee tracees[TRACEES];
};

/* sweep.c */

/* Of a sweep that cannot go on: with errno. */
void die(const char *what) __attribute__((noreturn));
/* Seconds, of a clock that nobody sets. */
double now(void);

/* tracer.c */

/* The verb with a fault at the call that @r wants, to its end; with what it said. */
void run_traced(struct round *r);

/* commands.c */

/* What the last command said on standard error, once it was read. */
extern char stderr_text[4096];
void read_stderr(void);
void commands_init(void);
/* Begins it; @traced: it stops itself, until it is seized. */
pid_t spawn(const words command, bool traced);
/* -1: hangs; else as of wait(2).  Reaps whatever else ends meanwhile. */
int run_plain(const words command);
/* What has to succeed for the sweep to go on. */
void must(const words command);
/* The status that `state` tells, "" when there is no such container. */
void status_now(char out[32]);
/* A killed process may be on its way for a moment. */
bool comes_to(const char *wanted, char out_status[32]);

/* verdict.c */

/* A failure. */
void report(const struct round *r, const char *what);
/* All that are mounted; heap. */
char *read_mounts(void);
/* No state, cgroup or process is left, and @mounts are what is mounted. */
void check_nothing_left(const struct round *r, const char *mounts, const char *when);
/* How the verb ended. */
void judge(const struct round *r);

/* limits.c */

/* What a round begins with, if they are not so; before the first one, also what it ends with
 * without a fault. */
void set_limits(void);
/* The container, and its limits, as the round @r has left them.  The next round begins with limits
 * that an error has left alone, and so sees what cannot be read in the cgroup, too. */
void judge_update(const struct round *r);
/* The next round's container is another one, or its limits are not known. */
void forget_limits(void);
