// SPDX-License-Identifier: Apache-2.0
/* The commands' end of a machine's control socket: see the header. */
#include "runtime/kvm/control.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/hostfile.h"
#include "base/mem.h"

/* A monitor answers at once, but for what the guest has to do. */
#define ANSWER_SECONDS 60

static int gone(const struct container *c, struct err *err)
{
	return err_bad(err, ERR_NOT_RUNNING, "container \"%s\"", c->dir.id);
}

int control_connect(const struct container *c, struct err *err)
{
	struct timeval bound = { .tv_sec = ANSWER_SECONDS };
	int fd, r = container_require_process(c, err);

	if (r < 0)
		return r;
	fd = host_connect_unix(c->dir.fd, STATE_CONTROL, SOCK_SEQPACKET, err);
	if (fd == -ECONNREFUSED || fd == -ENOENT)
		return gone(c, err);
	if (fd < 0)
		return err_in(err, "the machine of container \"%s\"", c->dir.id);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
	return fd;
}

int control_send(
	int fd, const struct control_msg *msg, const int *fds, size_t fd_count, struct err *err)
{
	int r = channel_send(fd, msg, sizeof(*msg), fds, fd_count, err);

	return r == -EPIPE || r == -ECONNRESET ? err_bad(err, ERR_NOT_RUNNING, "the machine") : r;
}

int control_wait(int fd, struct control_msg *out_msg, struct err *err)
{
	int r = channel_recv(fd, out_msg, sizeof(*out_msg), NULL, NULL, err);

	if (r == -EAGAIN)
		return err_bad(err, ERR_TIMEOUT, "the machine has not answered for %d seconds",
			ANSWER_SECONDS);
	if (r == 0 || r == -ECONNRESET)
		return err_bad_errno(err, ERR_NOT_RUNNING, ECONNRESET, "the machine");
	if (r < 0)
		return r;
	if ((size_t)r != sizeof(*out_msg))
		return err_bad_errno(err, ERR_OTHER, EPROTO, "a message of %d bytes", r);
	if (out_msg->type == CONTROL_FAILED) {
		*err = out_msg->err;
		err_mend(err);
		return err_result(err);
	}
	return 0;
}

int control_wait_done(int fd, struct err *err)
{
	struct control_msg answer;
	int r = control_wait(fd, &answer, err);

	if (r == 0 && answer.type != CONTROL_DONE)
		r = err_bad_errno(err, ERR_OTHER, EPROTO, "an answer of type %u", answer.type);
	return r;
}

int control_call(const struct container *c, const struct control_msg *msg, const int *fds,
	size_t fd_count, struct err *err)
{
	auto_close int fd = control_connect(c, err);
	int r = fd < 0 ? fd : control_send(fd, msg, fds, fd_count, err);

	return r < 0 ? r : control_wait_done(fd, err);
}

int control_file(const void *data, size_t len, struct err *err)
{
	auto_close int fd = memfd_create("request", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "memfd_create");
	if (len && pwrite(fd, data, len, 0) != (ssize_t)len)
		return err_sys(err, errno, "write a request");
	return take_fd(&fd);
}
