// SPDX-License-Identifier: Apache-2.0
/* The protocol between a parent and its container's process: see the header.  Runs on both sides,
 * after clone too: no heap. */
#include "runtime/sync.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/channel.h"
#include "base/mem.h"
#include "base/names.h"

DEFINE_NAMES(sync_types, "message", { "error", SYNC_ERROR }, { "log", SYNC_LOG },
	{ "terminal", SYNC_TERMINAL }, { "hooks", SYNC_HOOKS }, { "ready", SYNC_READY },
	{ "step", SYNC_STEP }, { "go", SYNC_GO }, { "start", SYNC_START });

#define HEAD offsetof(struct sync_msg, text)

const char *sync_type_name(uint32_t type)
{
	const char *name = names_of(&sync_types, type);

	return name ? name : "unknown";
}

int sync_send(int fd, enum sync_type type, int32_t value, int passed_fd, struct err *err)
{
	struct sync_msg msg = { .type = type, .value = value };

	return channel_send(fd, &msg, HEAD, &passed_fd, passed_fd >= 0, err);
}

int sync_send_text(int fd, enum sync_type type, int32_t value, const char *text, struct err *err)
{
	struct sync_msg msg = { .type = type, .value = value };

	snprintf(msg.text, sizeof(msg.text), "%s", text);
	return channel_send(fd, &msg, HEAD + strlen(msg.text) + 1, NULL, 0, err);
}

void sync_send_error(int fd, const struct err *error)
{
	struct sync_msg msg = { .type = SYNC_ERROR, .err = *error };
	struct err unsent;

	if (channel_send(fd, &msg, sizeof(msg), NULL, 0, &unsent) < 0)
		err_drop(&unsent); /* the parent is gone, and with it who would read this */
}

int sync_recv(int fd, struct sync_msg *out_msg, int *out_fd, struct err *err)
{
	size_t fd_count = 1;
	int received = FD_NONE, r;

	memset(out_msg, 0, sizeof(*out_msg));
	r = channel_recv(fd, out_msg, sizeof(*out_msg), out_fd ? &received : NULL, &fd_count, err);
	if (out_fd)
		*out_fd = received;
	if (r <= 0)
		return r;
	if ((size_t)r < HEAD)
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "a message of %d bytes is too short", r);
	if (out_msg->type == SYNC_ERROR) {
		err_mend(&out_msg->err);
		if (out_msg->err.msg[0] == '\0')
			return err_bad_errno(
				err, ERR_OTHER, EPROTO, "an error without a text was received");
	} else {
		out_msg->text[sizeof(out_msg->text) - 1] = '\0';
	}
	return 1;
}

int sync_expect(int fd, enum sync_type type, struct sync_msg *out_msg, struct err *err)
{
	int r = sync_recv(fd, out_msg, NULL, err);

	if (r < 0)
		return r;
	if (r == 0)
		return err_bad_errno(
			err, ERR_OTHER, ECONNRESET, "the other side of the channel is gone");
	if (out_msg->type == SYNC_ERROR) {
		*err = out_msg->err;
		return err_result(err);
	}
	if (out_msg->type != type)
		return err_bad_errno(err, ERR_OTHER, EPROTO,
			"expected the message \"%s\", got \"%s\"", sync_type_name(type),
			sync_type_name(out_msg->type));
	return 0;
}
