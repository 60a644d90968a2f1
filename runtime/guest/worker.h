/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's workers: each request is served in a process of its own, by the functions that serve
 * it natively; so one that takes long, or dies, is nobody else's concern.  A worker that makes a
 * process stays as its parent until it ends.  Private to runtime/guest/.
 *
 * A worker talks to the agent by a channel: WORKER_TERMINAL (with the master), then WORKER_DONE or
 * WORKER_FAILED, then, when it has made a process, WORKER_EXITED; WORKER_LOG at any time.  The agent
 * sends it WORKER_SIGNAL for that process.
 */
#pragma once

#include <stdint.h>
#include <stdnoreturn.h>

#include "base/err.h"
#include "runtime/kvm/frame.h"

enum worker_type {
	WORKER_TERMINAL = 1,
	WORKER_DONE,
	WORKER_FAILED,
	WORKER_EXITED,
	WORKER_LOG,
	WORKER_SIGNAL,
};

struct worker_msg {
	uint32_t type;
	int32_t value; /* WORKER_LOG: level; WORKER_SIGNAL: the signal */
	union {
		struct err err;
		struct wire_exit exit;
		char text[512];
	};
};

struct worker {
	enum frame_type request;
	uint32_t session; /* for what makes a process; else 0 */
	const char *body; /* the request, NUL-terminated */
	size_t len;
	int channel;
	int output; /* a file for the answer's content */
};

/* Where the agent keeps its files, and the state of the container. */
#define AGENT_DIR "/run/ringwall"
#define AGENT_STATE AGENT_DIR "/state"

/*
 * Serves the request in this process, which the agent has forked: standard streams are those of
 * what it makes, no other descriptor is open but the worker's own.
 */
noreturn void worker_main(struct worker *worker);

/* The only container of this guest: its id, from CREATE on; kept by the agent for the workers. */
extern char *guest_container_id;

/* True for requests that make a process. */
bool worker_makes_process(enum frame_type request);

/* ---- ps.c ---- */

/* The processes as ps -ef shows them, from /proc; heap string. */
int guest_process_table(const pid_t *pids, size_t count, char **out_text, struct err *err) MUST_USE;
