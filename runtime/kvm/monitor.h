/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: the host's end of the agent's port, the container's streams, and the commands at the
 * control socket.  The control thread of the machine's process.  Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kvm/vm.h"
#include "runtime/kvm/frame.h"

struct monitor;

struct monitor_config {
	struct vm *vm; /* started; NULL: the agent is no guest's (tests) */
	int port; /* connected to the agent; non-blocking; borrowed */
	int control_fd; /* listening; borrowed; FD_NONE: none */
	int in, out, err; /* the container's streams; borrowed */
	bool terminal; /* @in and @out are a terminal, to be resized by SIGWINCH */
	bool start_hooks; /* the configuration has startContainer hooks */
};

/* Takes over the signals of the process. */
int monitor_new(const struct monitor_config *config, struct monitor **out_monitor,
	struct err *err) MUST_USE;
void monitor_free(struct monitor *m);

/*
 * Waits for the agent as long as the guest shows that it boots, however slow the host is: until it has
 * not left a vCPU for @silent_seconds, and at most @most_seconds.  ERR_TIMEOUT: it has not greeted.
 */
int monitor_greet(
	struct monitor *m, int silent_seconds, int most_seconds, struct err *err) MUST_USE;

/* One request and its answer, of which only the error is of interest; at most @seconds, 0: for
 * ever. */
int monitor_request(struct monitor *m, enum frame_type type, const void *body, size_t len,
	int seconds, struct err *err) MUST_USE;

/*
 * Serves until the container's process has ended and its output is through: *out_exit is how.
 * START comes by @gate (listening; owned), or has come already by @starter (a channel of
 * runtime/sync.h; owned), which is answered; the other one is FD_NONE.  An error: the machine has
 * failed.
 */
int monitor_serve(struct monitor *m, int gate, int starter, struct wire_exit *out_exit,
	struct err *err) MUST_USE;
