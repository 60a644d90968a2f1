/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command on the host says to the monitor of a machine: messages over the socket "control"
 * in the container's state directory, which only its owner can reach.  A connection is for one
 * request; for CONTROL_EXEC and CONTROL_OOM it stays.  Private to runtime/.
 *
 *   command                                   monitor
 *     |  CONTROL_... (+ descriptors) ->          |
 *     |  <- CONTROL_DONE or CONTROL_FAILED       |
 *     |  CONTROL_SIGNAL, CONTROL_WINDOW ->       |  after EXEC: for that process, without answer
 *     |  <- CONTROL_EXITED                       |  after EXEC
 *     |  <- CONTROL_OOM                          |  after OOM: at each kill
 *
 * When the connection of an EXEC closes before CONTROL_EXITED, its process is killed.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "namespaces/namespace.h"
#include "runtime/container-internal.h"
#include "runtime/kvm/frame.h"

enum control_type {
	CONTROL_SIGNAL = 1, /* signal */
	CONTROL_EXEC, /* + the request's text, standard input, output, error; @value: a terminal */
	CONTROL_WINDOW, /* window */
	CONTROL_PS, /* + a file for the answer, a table of the guest's processes */
	CONTROL_STATS, /* + a file for the answer */
	CONTROL_UPDATE, /* + the resources' text */
	CONTROL_NETWORK, /* links; + the text for the guest, a tap for each link */
	CONTROL_PAUSE,
	CONTROL_RESUME,
	CONTROL_OOM, /* count: how many there have been */
	CONTROL_NOTIFY, /* + a socket for what the process says to NOTIFY_SOCKET; no answer */
	CONTROL_DONE,
	CONTROL_FAILED, /* err */
	CONTROL_EXITED, /* exit */
};

#define CONTROL_FDS_MAX (1 + NS_GUEST_LINKS_MAX)

/* A network device for the guest. */
struct control_link {
	uint8_t mac[6];
	uint16_t mtu;
};

struct control_msg {
	uint32_t type;
	int32_t value;
	union {
		struct err err;
		struct wire_exit exit;
		struct wire_signal signal;
		struct wire_window window;
		struct control_link links[NS_GUEST_LINKS_MAX];
		uint64_t count;
	};
};

/* Connects to the monitor of a container that has a process. */
int control_connect(const struct container *c, struct err *err) MUST_USE;

/* Sends a request with descriptors (borrowed). */
int control_send(int fd, const struct control_msg *msg, const int *fds, size_t fd_count,
	struct err *err) MUST_USE;

/* What the monitor says next; the error of CONTROL_FAILED; ERR_NOT_RUNNING when it has gone,
 * -ECONNRESET if without a word. */
int control_wait(int fd, struct control_msg *out_msg, struct err *err) MUST_USE;
/* Its answer, which nothing but CONTROL_DONE makes a success; -EPROTO. */
int control_wait_done(int fd, struct err *err) MUST_USE;

/* All of this for a request without more: connect, send, wait. */
int control_call(const struct container *c, const struct control_msg *msg, const int *fds,
	size_t fd_count, struct err *err) MUST_USE;

/* A file in memory with this content, for a request or an answer. */
int control_file(const void *data, size_t len, struct err *err) MUST_USE;
