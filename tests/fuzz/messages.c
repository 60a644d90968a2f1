// SPDX-License-Identifier: Apache-2.0
/*
 * Messages between a parent and its container's process, and whatever else comes over such a
 * socket.  The first byte: how many descriptors come along (low bits), whether the reader takes
 * one; the rest is the message.  No descriptor is left over.
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "runtime/sync.h"

#define FDS_MAX 40

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

static int lowest_free(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

/* By hand, as a hostile peer would. */
static void send_raw(int sock, const uint8_t *data, size_t size, size_t fd_count)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd_count > 0) {
		int fds[FDS_MAX] = { 0 }; /* standard input, again and again */
		struct cmsghdr *cmsg;

		hdr.msg_control = control.room;
		hdr.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * fd_count);
	}
	(void)!sendmsg(sock, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = lowest_free(), ends[2], fd = FD_NONE, r;
	struct sync_msg msg;
	struct err err = { 0 };
	uint8_t how = size > 0 ? data[0] : 0;

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	if (size > 0)
		send_raw(ends[0], data + 1, size - 1, how % FDS_MAX);
	close(ends[0]);
	r = sync_recv(ends[1], &msg, how & 0x80 ? &fd : NULL, &err);
	fuzz_check_outcome(r, &err);
	if (r == 1) {
		const char *name = sync_type_name(msg.type);

		FUZZ_CHECK(name && *name);
		if (msg.type == SYNC_ERROR)
			fuzz_check_outcome(-msg.err.num, &msg.err);
		else
			FUZZ_CHECK(memchr(msg.text, '\0', sizeof(msg.text)));
	}
	fd_close(&fd);
	close(ends[1]);
	FUZZ_CHECK(lowest_free() == before);
	return 0;
}
