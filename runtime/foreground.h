/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting in the foreground for a container's process (`run`, `exec`): signals are passed on to it,
 * its terminal is relayed to the caller's streams, its exit status is fetched.  Private to
 * runtime/.
 */
#pragma once

#include <signal.h>

#include "base/err.h"
#include "base/mem.h"
#include "runtime/terminal.h"

struct foreground {
	int signals; /* signalfd for everything that can be blocked */
	/* Readable once a signal waits that asks us to end: until the program runs nobody passes
	 * it on, and what we wait for (a hook, a mount) may never come.  Never read: the signal acts
	 * when foreground_release() lets it through. */
	int interrupt;
	sigset_t saved_mask;
	struct terminal_mode terminal; /* the caller's terminal while it is raw */
};

#define FOREGROUND_INIT                                                                \
	{                                                                              \
		.signals = FD_NONE, .interrupt = FD_NONE, .terminal = {.fd = FD_NONE } \
	}

struct foreground_options {
	int pidfd; /* of a child of the caller */
	int terminal; /* master of its terminal, borrowed; FD_NONE: it has the caller's streams */
	bool raw_terminal; /* another one behind it, whose mode is not known here, reads the lines */
	int in, out; /* the caller's streams for the relay */
	int extra; /* another descriptor to watch, FD_NONE: none ... */
	/* ... and what to do when it is readable; > 0: watch it no longer.  A failure is a
	 * warning. */
	int (*on_extra)(void *arg, struct err *err);
	void *arg;
	/* What a person is told when this signal has ended the process; NULL, also from the
	 * function: nothing. */
	const char *(*explain)(int signal);
};

/*
 * Blocks all signals, so that none is lost from here on: to be called before the clone.
 * The child undoes it (process_reset_signals()).
 */
int foreground_open(struct foreground *fg, struct err *err) MUST_USE;

/* Back to the former signal mask and terminal mode, on every way out. */
void foreground_release(struct foreground *fg);
DEFINE_AUTO(foreground, foreground_release);

/*
 * Until the process has exited and its output is through.  *out_status: its exit status, or 128 + n
 * when signal n ended it.
 *
 * All signals go to the process, except SIGCHLD, SIGPIPE, SIGURG, SIGTTIN, SIGTTOU, which mean us,
 * and, with a terminal, SIGWINCH, which resizes it.  When the input that feeds a terminal ends, and
 * is not a terminal itself, the process gets the terminal's end-of-file character.
 */
int foreground_wait(struct foreground *fg, const struct foreground_options *options,
	int *out_status, struct err *err) MUST_USE;
