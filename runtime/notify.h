/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness of a container for a service manager (sd_notify(3)): when the caller was started by
 * systemd with NOTIFY_SOCKET, the container gets a socket of its own, and what it says there is
 * passed on.  Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"

/* In the container: STATE_NOTIFY of the state directory is to be bind-mounted there, read-only,
 * and the variable set. */
#define NOTIFY_CONTAINER_DIR "/run/notify"
#define NOTIFY_CONTAINER_ENV "NOTIFY_SOCKET=/run/notify/notify.sock"

#define NOTIFY_MESSAGE_MAX 4096 /* bytes; longer ones are dropped, as systemd does */

struct notify {
	int sock; /* the container's messages; FD_NONE: nothing to do */
	int host; /* connected to the service manager's socket */
	pid_t pid; /* the container's process as seen by the host; 0: the caller stays the main one */
	bool ready; /* READY=1 has been passed on */
};

/* create: makes STATE_NOTIFY, the directory for the bind mount below the state directory
 * @state_fd. */
int notify_prepare(int state_fd, struct err *err) MUST_USE;

/* Before the program is executed: binds the container's socket in that directory; non-blocking. */
int notify_bind(int state_fd, struct err *err) MUST_USE;

/*
 * start and run, before the program is executed: connects to @host_socket, the value of
 * NOTIFY_SOCKET ("/path" or "@abstract").  @pid: what MAINPID will say, 0: it is not said.  The
 * container's end, @notify->sock, is the caller's to add.
 */
int notify_open(
	struct notify *notify, const char *host_socket, pid_t pid, struct err *err) MUST_USE;
void notify_release(struct notify *notify);
DEFINE_AUTO(notify, notify_release);

/*
 * Takes the messages that are there.  After a READY=1 the service manager is also told MAINPID, if
 * it is to change, and has taken both in (BARRIER=1) when this returns, or a few seconds have passed.  Returns 0.
 * Only what describes the container's own state is passed on: MAINPID, FDSTORE, NOTIFYACCESS and
 * the like are not the container's to say.
 */
int notify_dispatch(struct notify *notify, struct err *err) MUST_USE;

/* Says READY=1 to the service manager at @host_socket, and MAINPID with a @pid that is not 0: for a
 * container that does not say so itself. */
int notify_ready(const char *host_socket, pid_t pid, struct err *err) MUST_USE;

/* Waits until the container is ready: 0; or its process @pidfd has ended before: 1. */
int notify_wait(struct notify *notify, int pidfd, struct err *err) MUST_USE;
