// SPDX-License-Identifier: Apache-2.0
/*
 * The sd_notify proxy: see the header.
 *
 * The peer is the container and not trusted: messages are bounded, descriptors that come with them
 * are never received, and only variables of a short list reach the service manager.
 */
#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/clock.h"
#include "base/hostfile.h"
#include "runtime/state.h"

#define MESSAGES_MAX 64 /* at a time: a container that floods us must not hold up the rest */
#define BARRIER_MSEC 5000 /* the service manager may be busy, or not know BARRIER */

/* The variables of sd_notify(3) that speak of the sender's own state. */
static const char *const allowed[] = {
	"READY=1",
	"RELOADING=1",
	"STOPPING=1",
	"MONOTONIC_USEC=",
	"STATUS=",
	"ERRNO=",
	"BUSERROR=",
	"VARLINKERROR=",
	"EXIT_STATUS=",
	"WATCHDOG=1",
	"EXTEND_TIMEOUT_USEC=",
};

int notify_prepare(int state_fd, struct err *err)
{
	/* Users of the container must be able to enter it; the state directory itself is closed. */
	mode_t mask = umask(022);
	int r = host_mkdir(state_fd, STATE_NOTIFY, 0755, err);

	umask(mask);
	return r < 0 ? r : 0;
}

/* ---- sockets ---- */

static int connect_abstract(const char *name, struct err *err)
{
	auto_close int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr /* path: an abstract name is none */ = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	if (sock < 0)
		return err_sys(err, errno, "socket");
	if (len >= sizeof(addr.sun_path))
		return err_sys(err, ENAMETOOLONG, "connect to the socket \"@%s\"", name);
	memcpy(addr.sun_path + 1, name, len); /* a leading NUL marks the name space */
	if (connect(sock, (const struct sockaddr *)&addr,
		    (socklen_t)(sizeof(addr.sun_family) + 1 + len)) < 0)
		return err_sys(err, errno, "connect to the socket \"@%s\"", name);
	return take_fd(&sock);
}

static int connect_host(const char *host_socket, struct err *err)
{
	if (host_socket[0] == '@')
		return connect_abstract(host_socket + 1, err);
	if (host_socket[0] == '/')
		return host_connect_unix(AT_FDCWD, host_socket, SOCK_DGRAM, err);
	return err_bad(
		err, ERR_CONFIG, "\"%s\" is neither a path nor an abstract socket", host_socket);
}

/* Everybody in the container may send; a socket left by an earlier start is replaced. */
int notify_bind(int state_fd, struct err *err)
{
	mode_t mask;
	int sock;

	if (host_unlink(state_fd, STATE_NOTIFY_SOCKET, 0, err) < 0)
		return err_in(err, "notify socket of the container");
	mask = umask(0);
	sock = host_bind_unix(state_fd, STATE_NOTIFY_SOCKET, SOCK_DGRAM | SOCK_NONBLOCK, err);
	umask(mask);
	return sock < 0 ? err_in(err, "notify socket of the container") : sock;
}

int notify_open(struct notify *notify, const char *host_socket, pid_t pid, struct err *err)
{
	*notify = (struct notify){ .sock = FD_NONE, .host = FD_NONE, .pid = pid };
	notify->host = connect_host(host_socket, err);
	return notify->host < 0 ? err_in(err, "NOTIFY_SOCKET") : 0;
}

void notify_release(struct notify *notify)
{
	fd_close(&notify->sock);
	fd_close(&notify->host);
}

/* ---- messages ---- */

static bool is_allowed(const char *line, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		size_t n = strlen(allowed[i]);

		/* "X=" takes any value, "X=1" that one. */
		if (allowed[i][n - 1] == '=' ? len >= n : len == n)
			if (strncmp(line, allowed[i], n) == 0)
				return true;
	}
	return false;
}

/* Keeps the allowed lines of @text, in place; returns the new length.  *ready: READY=1 is one. */
static size_t filter_lines(char *text, size_t len, bool *ready)
{
	size_t kept = 0;

	*ready = false;
	for (size_t at = 0; at < len;) {
		char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		if (is_allowed(text + at, n)) {
			*ready |= n == strlen("READY=1") && memcmp(text + at, "READY=1", n) == 0;
			memmove(text + kept, text + at, n);
			kept += n;
			text[kept++] =
				'\n'; /* there is room: the line had one, or the buffer has */
		}
		at += n + 1;
	}
	return kept;
}

static int tell_host(const struct notify *notify, const char *text, size_t len, struct err *err)
{
	int r = channel_send(notify->host, text, len, NULL, 0, err);

	return r < 0 ? err_in(err, "NOTIFY_SOCKET") : 0;
}

/* The service manager closes the pipe when it has worked through all messages before. */
static int barrier(const struct notify *notify, struct err *err)
{
	static const char text[] = "BARRIER=1";
	int64_t deadline = clock_ms() + BARRIER_MSEC;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe2");
	r = channel_send(notify->host, text, strlen(text), &ends[1], 1, err);
	close(ends[1]);
	while (r == 0) {
		struct pollfd fd = { .fd = ends[0] };
		int left = clock_left(deadline);

		if (left == 0 || poll(&fd, 1, left) > 0)
			break;
	}
	close(ends[0]);
	return r < 0 ? err_in(err, "NOTIFY_SOCKET") : 0;
}

/* MAINPID after READY: a manager that listens to the main process only would ignore a READY of ours
 * from a process that is it no longer. */
static int tell_ready(struct notify *notify, struct err *err)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "MAINPID=%d", (int)notify->pid);
	int r = notify->pid ? tell_host(notify, text, (size_t)len, err) : 0;

	if (r == 0)
		r = barrier(notify, err);
	if (r == 0)
		notify->ready = true;
	return r;
}

int notify_ready(const char *host_socket, pid_t pid, struct err *err)
{
	static const char text[] = "READY=1";
	auto_(notify) struct notify notify = { .sock = FD_NONE, .host = FD_NONE, .pid = pid };
	int r = notify.host = connect_host(host_socket, err);

	if (r < 0)
		return err_in(err, "NOTIFY_SOCKET");
	r = tell_host(&notify, text, strlen(text), err);
	return r < 0 ? r : tell_ready(&notify, err);
}

int notify_dispatch(struct notify *notify, struct err *err)
{
	for (int i = 0; i < MESSAGES_MAX; i++) {
		char text[NOTIFY_MESSAGE_MAX + 1];
		bool ready;
		ssize_t n = recv(notify->sock, text, NOTIFY_MESSAGE_MAX, MSG_DONTWAIT | MSG_TRUNC);
		size_t len;
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : err_sys(err, errno, "recv from the container");
		if (n > NOTIFY_MESSAGE_MAX)
			continue;
		len = filter_lines(text, (size_t)n, &ready);
		if (len == 0)
			continue;
		r = tell_host(notify, text, len, err);
		if (r == 0 && ready && !notify->ready)
			r = tell_ready(notify, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int notify_wait(struct notify *notify, int pidfd, struct err *err)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = notify->sock, .events = POLLIN },
			{ .fd = pidfd, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "poll");
		if (fds[0].revents && notify_dispatch(notify, err) < 0)
			return err_result(err);
		if (notify->ready)
			return 0;
		if (fds[1].revents)
			return 1;
	}
}
