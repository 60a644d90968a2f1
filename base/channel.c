// SPDX-License-Identifier: Apache-2.0
/*
 * Messages over a SOCK_SEQPACKET pair: see the header.
 *
 * When one end is closed while messages wait unread in its queue, the kernel gives the other end
 * one ECONNRESET *before* the messages that are still there for it: a dying init's last words would
 * be lost.  The error is cleared by being reported, so both directions simply try again.
 */
#include "base/channel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * CHANNEL_FDS)];
};

int channel_pair(int out_fds[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out_fds) < 0)
		return err_sys(err, errno, "socketpair for messages");
	return 0;
}

static bool again(ssize_t n)
{
	return n < 0 && (errno == EINTR || errno == ECONNRESET);
}

int channel_send(
	int fd, const void *msg, size_t len, const int *fds, size_t fd_count, struct err *err)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)msg, .iov_len = len };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (len == 0 || fd_count > CHANNEL_FDS)
		BUG("a message is empty or has too many descriptors");
	if (fd_count > 0) {
		struct cmsghdr *cmsg;

		hdr.msg_control = control.room;
		hdr.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		cmsg = CMSG_FIRSTHDR(&hdr);
		if (!cmsg)
			BUG("no room for descriptors");
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * fd_count);
	}
	do {
		n = sendmsg(fd, &hdr, MSG_NOSIGNAL);
	} while (again(n));
	if (n < 0)
		return err_sys(err, errno, "send a message");
	return 0;
}

/* Moves up to *fd_count received descriptors to @fds and closes the others. */
static void take_fds(struct msghdr *hdr, int *fds, size_t *fd_count)
{
	size_t room = fds ? *fd_count : 0, got = 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
		size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (got < room)
				fds[got++] = fd;
			else
				fd_close(&fd);
		}
	}
	if (fds)
		*fd_count = got;
}

int channel_recv(int fd, void *msg, size_t size, int *fds, size_t *fd_count, struct err *err)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = msg, .iov_len = size };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do {
		/* The kernel shortens these to what came: set them anew for each try. */
		hdr.msg_control = control.room;
		hdr.msg_controllen = sizeof(control.room);
		n = recvmsg(fd, &hdr, MSG_CMSG_CLOEXEC);
	} while (again(n));
	if (n < 0)
		return err_sys(err, errno, "receive a message");
	if (hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		take_fds(&hdr, NULL, NULL);
		if (hdr.msg_flags & MSG_TRUNC)
			return err_sys(err, EMSGSIZE, "receive a message of %zu bytes", size);
		/* Lost descriptors: more than the protocol allows, or RLIMIT_NOFILE. */
		return err_sys(err, EMFILE, "receive the descriptors of a message");
	}
	take_fds(&hdr, fds, fd_count);
	return (int)n;
}
