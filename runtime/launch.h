/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's half of a launch: makes init, serves it until it is ready, starts it.  Used alike by
 * create, run and exec.  Private to runtime/.
 */
#pragma once

#include "base/err.h"
#include "namespaces/namespace.h"
#include "runtime/init.h"

struct launch {
	struct init_plan init; /* filled in by the caller but for the channel and progress */
	struct ns_plan *ns;
	int cgroup_fd; /* FD_NONE: the caller's */
	/* What is to be done with init before it does anything (with its pid as we see it); NULL:
	 * nothing. */
	int (*on_clone)(void *arg, pid_t pid, struct err *err);
	/* What is to be done when init's mounts are there, before it pivots; NULL: nothing. */
	int (*on_hooks)(void *arg, struct err *err);
	void *arg;
	/* What a person is told when this signal has ended init; NULL, also from the function:
	 * nothing. */
	const char *(*explain)(int signal);

	/* Who is to get something from us; NULL: nobody.  Borrowed. */
	const char *console_socket;
	bool plain_output; /* its terminal leaves "\n" as it is */
	const char *pidfd_socket;
	const char *pid_file;

	int interrupt_fd; /* when it is readable, waiting is given up; FD_NONE: never.  Borrowed. */
	int console_fd; /* connected */
	int pidfd_fd;
	int keep_fds[INIT_KEEP_FDS];
	int sync_fd; /* our end of the channel */
	struct ns_child child; /* pidfd is owned here */
	int terminal; /* the master that init sent; owned; FD_NONE: none */
};

#define LAUNCH_INIT                                                                         \
	{                                                                                   \
		.cgroup_fd = FD_NONE, .interrupt_fd = FD_NONE, .sync_fd = FD_NONE,          \
		.terminal = FD_NONE, .console_fd = FD_NONE, .pidfd_fd = FD_NONE,            \
		.child = { .pidfd = FD_NONE },                                              \
		.init = { .sync_fd = FD_NONE, .gate_fd = FD_NONE, .listener_fd = FD_NONE }, \
	}

/* Calls whoever is to get something (the seccomp agent too), before anything is made: a failure
 * then leaves nothing. */
int launch_connect(struct launch *launch, struct err *err) MUST_USE;

/* Gives them the terminal and the pidfd. */
int launch_hand_over(struct launch *launch, struct err *err) MUST_USE;

/* Writes --pid-file: decimal without a newline, as engines convert the whole content. */
int launch_write_pid_file(const struct launch *launch, struct err *err) MUST_USE;

/* Clones init.  It works on its own until it needs us; should we die, it exits. */
int launch_clone(struct launch *launch, struct err *err) MUST_USE;

/* Serves init's requests and relays its warnings until it says that it is ready; an error of
 * init is returned as it is, its death is told with its phase; -EINTR when a signal asks us to
 * end meanwhile. */
int launch_wait_ready(struct launch *launch, struct err *err) MUST_USE;

/* Lets init go on to its gate (create). */
int launch_go(struct launch *launch, struct err *err) MUST_USE;

/* Init has died instead of answering launch_start(): adds to the error what its death may mean. */
void launch_explain(const struct launch *launch, struct err *err);

/* Closes what the parent does not need while the program runs, so that its end of each is no
 * longer held. */
void launch_drop_parent_half(struct launch *launch);

/* Kills init and reaps it; for error paths.  One that does not go (it waits for a file server that
 * does not answer) is left after some seconds. */
void launch_abort(struct launch *launch);

void launch_release(struct launch *launch);
DEFINE_AUTO(launch, launch_release);

/*
 * Tells an init that is ready, over @sync_fd, to execute its program (@pid: init as we see it), and
 * waits until it has done so or says why not.  *out_hooks_done (may be NULL): false when it failed
 * in its startContainer hooks.
 * @interrupt_fd (<= 0: none): as in struct launch.
 */
int launch_start(
	int sync_fd, int interrupt_fd, pid_t pid, bool *out_hooks_done, struct err *err) MUST_USE;
