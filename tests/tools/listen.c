// SPDX-License-Identifier: Apache-2.0
/* One connection with descriptors: see the header. */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerrorname_np(errno));
	exit(1);
}

/* Bound under another name first: who sees the final one can connect. */
int listen_once(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connection;

	if (fd < 0)
		die("socket");
	if ((size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s.new", path) >=
		sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	unlink(addr.sun_path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1) < 0 ||
		rename(addr.sun_path, path) < 0)
		die(path);
	connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0)
		die("accept");
	unlink(path);
	close(fd);
	return connection;
}

ssize_t listen_receive(int fd, void *buf, size_t size, int fds[LISTEN_FDS_MAX], size_t *fd_count)
{
	union {
		char buf[CMSG_SPACE(LISTEN_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { buf, size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	ssize_t len = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);

	if (len < 0)
		die("recvmsg");
	*fd_count = 0;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
		*fd_count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(cmsg), *fd_count * sizeof(int));
	}
	return len;
}

unsigned long listen_number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || value > max) {
		errno = errno ? errno : EINVAL;
		die(text);
	}
	return value;
}
