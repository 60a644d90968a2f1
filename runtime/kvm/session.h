/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions, the host's side: a process in the guest and its streams (frame.h), between the
 * descriptors here and the agent's port.  Private to the monitor.
 *
 * The streams are shared with others and stay blocking: they are used when poll says so, in pieces
 * that a pipe takes whole.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "runtime/kvm/frame.h"

struct peer;

struct session_output {
	int fd;
	uint8_t *data; /* FRAME_WINDOW bytes; owned */
	size_t start, len;
	size_t owed; /* written, and the guest not yet told that it may send as much again */
	bool ended; /* by the guest */
	size_t lost; /* came after nobody read any more */
};

struct session {
	struct session *next;
	struct frame_writer *writer; /* borrowed */
	uint32_t id;
	struct peer *peer; /* who made it; NULL: the container's own, or gone */
	bool owned; /* the descriptors are ours to close */
	bool terminal;
	bool reading; /* the process runs: its input may be read */
	int in;
	uint64_t credit; /* what the guest takes of it */
	struct session_output out[2];
	bool exited, told;
	struct wire_exit exit;
};

struct sessions {
	struct frame_writer *writer; /* to the guest; borrowed */
	struct session *first;
	uint32_t last_id;
};

/*
 * The streams in @fds are input, output and error; a terminal's error is its output.  With @owned
 * they are closed by the session.  The first session is the container's, SESSION_CONTAINER.
 */
struct session *session_new(struct sessions *all, const int fds[3], bool terminal, bool owned);
void session_free(struct sessions *all, struct session *s);

/* NULL: none has this number. */
struct session *session_find(const struct sessions *all, uint32_t id);

/* Output that waits to be written. */
bool session_has_output(const struct session *s);

/* Both of its outputs have been ended by the guest. */
bool session_is_mute(const struct session *s);

/* ---- frames of the guest; -EPROTO: against the protocol ---- */

int session_take_data(struct sessions *all, const struct frame *frame, struct err *err) MUST_USE;
int session_take_end(struct sessions *all, const struct frame *frame, struct err *err) MUST_USE;
int session_take_credit(struct sessions *all, const struct frame *frame, struct err *err) MUST_USE;
int session_take_exit(struct sessions *all, const struct frame *frame, struct err *err) MUST_USE;

/* ---- the loop: SESSION_STREAMS entries for poll(2) each ---- */

/* Tells the guest what it may send again, if it has taken what it was told before. */
void session_settle(struct session *s);
void session_watch(const struct session *s, struct pollfd *p);
void session_serve(struct session *s, const struct pollfd *p);
