// SPDX-License-Identifier: Apache-2.0
/* Sessions of the monitor: see the header. */
#include "runtime/kvm/session.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/poll.h"

/* Bytes that wait for the guest: no input is read until they went. */
#define WRITER_FULL (512u << 10)
#define INPUT_PIECE 32768u

static void stream_close(const struct session *s, int *fd)
{
	if (s->owned)
		fd_close(fd);
	*fd = FD_NONE;
}

static void stream_end(const struct session *s, enum session_stream which)
{
	frame_put(s->writer, FRAME_END, 0, FRAME_STREAM(s->id, which), 0, NULL, 0);
}

/* ---- input ---- */

static void read_input(struct session *s)
{
	uint8_t data[INPUT_PIECE];
	size_t most = s->credit < sizeof(data) ? s->credit : sizeof(data);
	ssize_t n = read(s->in, data, most);

	if (n > 0) {
		s->credit -= (size_t)n;
		frame_put(s->writer, FRAME_DATA, 0, FRAME_STREAM(s->id, SESSION_IN), 0, data,
			(size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		stream_close(s, &s->in);
		stream_end(s, SESSION_IN);
		/* The other end of a terminal is gone: the container's is hung up. */
		if (s->terminal)
			stream_end(s, SESSION_OUT);
	}
}

int session_take_credit(struct sessions *all, const struct frame *frame, struct err *err)
{
	struct session *s = session_find(all, FRAME_SESSION(frame->stream));
	uint32_t credit;

	if (frame->len != sizeof(credit) || FRAME_WHICH(frame->stream) != SESSION_IN)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "credit for a stream that is none");
	memcpy(&credit, frame->payload, sizeof(credit));
	if (!s)
		return 0; /* it has ended meanwhile */
	if (credit > FRAME_WINDOW - s->credit)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "credit for more than the window");
	s->credit += credit;
	return 0;
}

/* ---- output ---- */

/* A guest that sends and does not listen must not make us keep a message for each piece. */
static void give_credit(struct session *s, int which)
{
	struct session_output *out = &s->out[which];
	uint32_t credit = (uint32_t)out->owed;

	if (!credit || out->ended || frame_pending(s->writer) >= WRITER_FULL)
		return;
	frame_put(s->writer, FRAME_CREDIT, 0, FRAME_STREAM(s->id, SESSION_OUT + which), 0, &credit,
		sizeof(credit));
	out->owed = 0;
}

void session_settle(struct session *s)
{
	give_credit(s, 0);
	give_credit(s, 1);
}

static void write_output(struct session *s, int which)
{
	struct session_output *out = &s->out[which];
	size_t most = out->len < PIPE_BUF ? out->len : PIPE_BUF;
	ssize_t n = write(out->fd, out->data + out->start, most);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		/* Nobody reads: so it shall be for the container's process. */
		stream_close(s, &out->fd);
		if (!out->ended)
			stream_end(s, (enum session_stream)(SESSION_OUT + which));
		n = (ssize_t)out->len;
	}
	out->start += (size_t)n;
	out->len -= (size_t)n;
	out->owed += (size_t)n;
	give_credit(s, which);
}

int session_take_data(struct sessions *all, const struct frame *frame, struct err *err)
{
	struct session *s = session_find(all, FRAME_SESSION(frame->stream));
	uint32_t which = FRAME_WHICH(frame->stream) - SESSION_OUT;
	struct session_output *out;

	if (!s || which > 1 || s->out[which].ended)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "data for a stream that is none");
	out = &s->out[which];
	if (out->fd < 0) {
		/* What was under way; it was told, and gets no credit for more. */
		out->lost += frame->len;
		return out->lost <= FRAME_WINDOW
			? 0
			: err_bad_errno(err, ERR_OTHER, EPROTO, "data that nobody reads");
	}
	if (frame->len > FRAME_WINDOW - out->len - out->owed)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "more data than the window allows");
	if (!out->data)
		out->data = xmalloc(FRAME_WINDOW);
	if (out->start + out->len + frame->len > FRAME_WINDOW) {
		memmove(out->data, out->data + out->start, out->len);
		out->start = 0;
	}
	memcpy(out->data + out->start + out->len, frame->payload, frame->len);
	out->len += frame->len;
	return 0;
}

int session_take_end(struct sessions *all, const struct frame *frame, struct err *err)
{
	struct session *s = session_find(all, FRAME_SESSION(frame->stream));
	uint32_t which = FRAME_WHICH(frame->stream) - SESSION_OUT;

	if (!s || which > 1)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "the end of a stream that is none");
	s->out[which].ended = true;
	if (s->out[which].len == 0)
		stream_close(s, &s->out[which].fd);
	return 0;
}

bool session_has_output(const struct session *s)
{
	return s->out[0].len || s->out[1].len;
}

bool session_is_mute(const struct session *s)
{
	return s->out[0].ended && (s->terminal || s->out[1].ended);
}

/* ---- the process ---- */

int session_take_exit(struct sessions *all, const struct frame *frame, struct err *err)
{
	struct session *s = session_find(all, frame->stream);
	struct wire_exit wire;

	if (!s || s->exited || frame->len != sizeof(wire))
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "the end of a process that does not run");
	memcpy(&wire, frame->payload, sizeof(wire));
	if (wire.code != CLD_EXITED)
		wire = (struct wire_exit){ CLD_KILLED, wire.status & 0x7f };
	else
		wire.status &= 0xff;
	s->exit = wire;
	s->exited = true;
	return 0;
}

/* ---- the loop ---- */

void session_watch(const struct session *s, struct pollfd *p)
{
	bool room = frame_pending(s->writer) < WRITER_FULL;

	p[0] = poll_entry(s->in, s->reading && !s->exited && room && s->credit ? POLLIN : 0);
	for (int i = 0; i < 2; i++)
		p[1 + i] = poll_entry(s->out[i].fd, s->out[i].len ? POLLOUT : 0);
}

void session_serve(struct session *s, const struct pollfd *p)
{
	if (p[0].revents)
		read_input(s);
	for (int i = 0; i < 2; i++) {
		if (p[1 + i].revents)
			write_output(s, i);
		if (s->out[i].ended && s->out[i].len == 0)
			stream_close(s, &s->out[i].fd);
	}
}

/* ---- the list ---- */

struct session *session_find(const struct sessions *all, uint32_t id)
{
	for (struct session *s = all->first; s; s = s->next)
		if (s->id == id)
			return s;
	return NULL;
}

struct session *session_new(struct sessions *all, const int fds[3], bool terminal, bool owned)
{
	struct session *s = xcalloc(1, sizeof(*s));

	*s = (struct session){
		.next = all->first,
		.writer = all->writer,
		/* Used once; what a stream's number leaves for them is enough for years. */
		.id = ++all->last_id,
		.owned = owned,
		.terminal = terminal,
		.in = fds[0],
		.credit = FRAME_WINDOW,
		.out = { { .fd = fds[1] }, { .fd = terminal ? FD_NONE : fds[2] } },
	};
	if (terminal && owned && fds[2] >= 0)
		close(fds[2]);
	all->first = s;
	return s;
}

void session_free(struct sessions *all, struct session *s)
{
	struct session **at = &all->first;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	stream_close(s, &s->in);
	for (int i = 0; i < 2; i++) {
		stream_close(s, &s->out[i].fd);
		free(s->out[i].data);
	}
	free(s);
}
