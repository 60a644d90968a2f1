/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals: handing one over by a console socket, and keeping the caller's in order while it is
 * relayed (runtime/foreground.h).  Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <termios.h>

#include "base/err.h"

/*
 * Sends the terminal's master @master over the console socket @sock: one message with the name
 * ("/dev/pts/0", as seen in the container) and the descriptor, as containerd and conmon expect it.
 */
int terminal_send(int sock, int master, struct err *err) MUST_USE;

/* Sends @pidfd over a --pidfd-socket likewise. */
int terminal_send_pidfd(int sock, int pidfd, struct err *err) MUST_USE;

/* The caller's terminal and how it was. */
struct terminal_mode {
	int fd; /* borrowed; FD_NONE: nothing was changed */
	struct termios saved;
};

/* Raw input for @fd, its output processing unchanged. */
int terminal_raw(int fd, struct terminal_mode *out_mode, struct err *err) MUST_USE;
/* Puts it back; may be called again. */
void terminal_restore(struct terminal_mode *mode);

/* Stops the container's terminal from turning "\n" into "\r\n": the caller's does that, and output
 * into a file must not have it. */
int terminal_disable_onlcr(int master, struct err *err) MUST_USE;

/* The first of the caller's streams @in, @out and standard error that is a terminal, or FD_NONE. */
int terminal_of_caller(int in, int out);

/*
 * Makes the container's terminal fit for a relay to the streams @in and @out: no "\r\n", the window
 * size of the caller's terminal if there is one.  To be called before anything is executed that
 * writes to it or asks for its size.
 */
int terminal_prepare(int master, int in, int out, struct err *err) MUST_USE;

/* Gives the window size of terminal @from to @to.  What is no terminal or has none is ignored. */
void terminal_copy_size(int from, int to);
