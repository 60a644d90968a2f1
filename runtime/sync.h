/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one protocol between a parent and its container's process ("init", also of exec), over
 * base/channel.h.  Who says what, when:
 *
 *   parent                                    init
 *     |     (puts it into its cgroup)           |   only when systemd makes the cgroup
 *     |  SYNC_GO ->                             |
 *     |  <- SYNC_TERMINAL + master fd           |   process.terminal
 *     |  <- SYNC_HOOKS                          |   only with prestart/createRuntime hooks, netDevices
 *     |     (runs them)                         |
 *     |  SYNC_GO ->                             |
 *     |  <- SYNC_LOG                            |   a warning of the child, at any time
 *     |  <- SYNC_READY                          |   everything that can fail before start is done
 *     |     (limits, state, pid file)           |
 *     |  SYNC_GO ->                             |   create: init now listens at its gate
 *
 *   start (or the same parent, for run)
 *     |  SYNC_START ->                          |
 *     |  <- SYNC_STEP "..."                     |   the last phase, so that a death can be told
 *     |  <- end of file                         |   execve closed the channel: it worked
 *
 * At any time init may send SYNC_ERROR, which carries its struct err, and exits.  End of file at
 * any other time: init died; init exits when the parent's end closes before SYNC_GO.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum sync_type {
	SYNC_ERROR = 1,
	SYNC_LOG,
	SYNC_TERMINAL,
	SYNC_HOOKS,
	SYNC_READY,
	SYNC_STEP,
	SYNC_GO,
	SYNC_START,
};

struct sync_msg {
	uint32_t type; /* enum sync_type */
	int32_t value; /* SYNC_LOG: level; SYNC_GO: init's pid as the runtime sees it */
	union {
		char text[512]; /* SYNC_LOG, SYNC_STEP; NUL-terminated */
		struct err err; /* SYNC_ERROR */
	};
};

/* "ready" for SYNC_READY: for --debug. */
const char *sync_type_name(uint32_t type);

/* Sends a message without text, with an optional descriptor (FD_NONE: none; borrowed). */
int sync_send(int fd, enum sync_type type, int32_t value, int passed_fd, struct err *err) MUST_USE;
int sync_send_text(
	int fd, enum sync_type type, int32_t value, const char *text, struct err *err) MUST_USE;
/* Sends SYNC_ERROR; what cannot be delivered is lost (the parent is gone). */
void sync_send_error(int fd, const struct err *error);

/*
 * Receives one message: 1 with *out_msg (text terminated, errors bounded) and *out_fd (FD_NONE or
 * owned by the caller; NULL refuses descriptors); 0 at the end of file.
 */
int sync_recv(int fd, struct sync_msg *out_msg, int *out_fd, struct err *err) MUST_USE;

/* As sync_recv(), but anything other than @type is an error: SYNC_ERROR becomes *err, the end of
 * file -ECONNRESET. */
int sync_expect(int fd, enum sync_type type, struct sync_msg *out_msg, struct err *err) MUST_USE;
