// SPDX-License-Identifier: Apache-2.0
/*
 * The monitor: see the header.  Runs in the machine's process, locked in.
 *
 * One thread and one poll(2).  The guest is not trusted, and neither is what it says about itself:
 * frames have a fixed largest size, a message of several frames has another; an answer must be to a
 * question that was asked, data for a session that exists and within its window; anything else
 * ends the machine.  Text of the guest is made printable; nothing the guest says becomes a path, an
 * id or a size of memory here.  The commands at the control socket are the host's own.
 *
 * The streams are shared with others and stay blocking: they are used when poll says so, in pieces
 * that a pipe takes whole.
 */
#include "runtime/kvm/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/clock.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "runtime/kvm/control.h"
#include "runtime/sync.h"

#define PEERS_MAX 1024
/* Bytes that wait for the guest: no input is read until they went. */
#define WRITER_FULL (512u << 10)
#define INPUT_PIECE 32768u
/* How long the guest may take over a SIGKILL before the machine itself is ended. */
#define KILL_SECONDS 10

/* A connection of a command. */
struct peer {
	struct peer *next;
	int fd;
	uint32_t session; /* of its EXEC; else 0 */
	bool wants_oom;
	bool closed; /* to be freed */
};

/* A request that the guest has not answered yet. */
struct request {
	struct request *next;
	uint32_t number;
	enum frame_type type;
	uint32_t session; /* EXEC */
	struct peer *peer; /* who is told; NULL: nobody, or it has gone */
	int output; /* file for the answer; owned */
	int starter; /* START: a channel of runtime/sync.h; owned */
	struct frame_parts answer;
	bool done; /* of monitor_request(): the owner looks at it */
	bool keep;
	struct err err;
};

struct output {
	int fd;
	uint8_t *data; /* FRAME_WINDOW bytes; owned */
	size_t start, len;
	bool ended; /* by the guest */
};

struct session {
	struct session *next;
	uint32_t id;
	struct peer *peer; /* who made it; NULL: the container's own, or gone */
	bool owned; /* the descriptors are ours to close */
	bool terminal;
	bool reading; /* the process runs: its input may be read */
	int in;
	uint64_t credit; /* what the guest takes of it */
	struct output out[2];
	bool exited, told;
	struct wire_exit exit;
};

struct monitor {
	struct monitor_config config;
	int signals;
	int gate;
	struct frame_reader reader;
	struct frame_writer writer;
	struct peer *peers;
	size_t peer_count;
	struct request *requests;
	struct session *sessions;
	uint32_t next_number, next_session;
	bool greeted;
	uint64_t oom_count;
	int64_t kill_at; /* milliseconds of the monotonic clock; 0: no SIGKILL is under way */
	bool failed_start; /* the container cannot be started any more */
};

/* ---- sessions ---- */

static struct session *find_session(struct monitor *m, uint32_t id)
{
	for (struct session *s = m->sessions; s; s = s->next)
		if (s->id == id)
			return s;
	return NULL;
}

static struct session *session_new(
	struct monitor *m, uint32_t id, const int fds[3], bool terminal, bool owned)
{
	struct session *s = xcalloc(1, sizeof(*s));

	*s = (struct session){
		.next = m->sessions,
		.id = id,
		.owned = owned,
		.terminal = terminal,
		.in = fds[0],
		.credit = FRAME_WINDOW,
		.out = { { .fd = fds[1] }, { .fd = terminal ? FD_NONE : fds[2] } },
	};
	if (terminal && owned && fds[2] >= 0)
		close(fds[2]);
	m->sessions = s;
	return s;
}

static void stream_close(const struct session *s, int *fd)
{
	if (s->owned)
		fd_close(fd);
	*fd = FD_NONE;
}

static void session_free(struct monitor *m, struct session *s)
{
	struct session **at = &m->sessions;

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

static void end_stream(struct monitor *m, const struct session *s, enum session_stream which)
{
	frame_put(&m->writer, FRAME_END, 0, FRAME_STREAM(s->id, which), 0, NULL, 0);
}

static void read_input(struct monitor *m, struct session *s)
{
	uint8_t data[INPUT_PIECE];
	size_t most = s->credit < sizeof(data) ? s->credit : sizeof(data);
	ssize_t n = read(s->in, data, most);

	if (n > 0) {
		s->credit -= (size_t)n;
		frame_put(&m->writer, FRAME_DATA, 0, FRAME_STREAM(s->id, SESSION_IN), 0, data,
			(size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		stream_close(s, &s->in);
		end_stream(m, s, SESSION_IN);
		/* The other end of a terminal is gone: the container's is hung up. */
		if (s->terminal)
			end_stream(m, s, SESSION_OUT);
	}
}

static void give_credit(struct monitor *m, const struct session *s, int which, size_t n)
{
	uint32_t credit = (uint32_t)n;

	if (!s->out[which].ended)
		frame_put(&m->writer, FRAME_CREDIT, 0, FRAME_STREAM(s->id, SESSION_OUT + which), 0,
			&credit, sizeof(credit));
}

static void write_output(struct monitor *m, struct session *s, int which)
{
	struct output *out = &s->out[which];
	size_t most = out->len < PIPE_BUF ? out->len : PIPE_BUF;
	ssize_t n = write(out->fd, out->data + out->start, most);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		/* Nobody reads: so it shall be for the container's process. */
		stream_close(s, &out->fd);
		if (!out->ended)
			end_stream(m, s, (enum session_stream)(SESSION_OUT + which));
		n = (ssize_t)out->len;
	}
	out->start += (size_t)n;
	out->len -= (size_t)n;
	give_credit(m, s, which, (size_t)n);
}

static int take_output(struct monitor *m, const struct frame *frame, struct err *err)
{
	struct session *s = find_session(m, FRAME_SESSION(frame->stream));
	uint32_t which = FRAME_WHICH(frame->stream) - SESSION_OUT;
	struct output *out;

	if (!s || which > 1 || s->out[which].ended)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "data for a stream that is none");
	out = &s->out[which];
	if (out->fd < 0) {
		give_credit(m, s, (int)which, frame->len);
		return 0;
	}
	if (frame->len > FRAME_WINDOW - out->len)
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

/* ---- requests ---- */

static struct request *request_new(
	struct monitor *m, enum frame_type type, uint32_t stream, const void *body, size_t len)
{
	struct request *q = xcalloc(1, sizeof(*q));

	*q = (struct request){
		.next = m->requests,
		.number = ++m->next_number,
		.type = type,
		.output = FD_NONE,
		.starter = FD_NONE,
	};
	m->requests = q;
	frame_put_long(&m->writer, type, stream, q->number, body, len);
	return q;
}

static void request_free(struct monitor *m, struct request *q)
{
	struct request **at = &m->requests;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	fd_close(&q->output);
	fd_close(&q->starter);
	frame_parts_release(&q->answer);
	free(q);
}

/* A peer that has gone needs no answer. */
static void tell_peer(struct peer *peer, const struct control_msg *msg)
{
	struct err lost;

	if (peer && channel_send(peer->fd, msg, sizeof(*msg), NULL, 0, &lost) < 0)
		peer->closed = true;
}

static void fail_peer(struct peer *peer, const struct err *error)
{
	const struct control_msg msg = { .type = CONTROL_FAILED, .err = *error };

	tell_peer(peer, &msg);
}

static void please_peer(struct peer *peer)
{
	const struct control_msg msg = { .type = CONTROL_DONE };

	tell_peer(peer, &msg);
}

/* As init of the native mode does: STEP once only the program itself can fail, then the error or
 * the end of file. */
static void answer_start(struct monitor *m, struct request *q, const struct err *error)
{
	static const char hooks[] = "startContainer hooks";
	bool in_hooks = error && m->config.start_hooks &&
		strncmp(error->msg, hooks, sizeof(hooks) - 1) == 0;
	struct session *s = find_session(m, SESSION_CONTAINER);
	struct err lost;

	if (!in_hooks && sync_send_text(q->starter, SYNC_STEP, 0, "execute", &lost) < 0)
		err_drop(&lost); /* who started has gone; the program runs all the same */
	if (error)
		sync_send_error(q->starter, error);
	fd_close(&q->starter);
	m->failed_start = error != NULL;
	if (s && !error)
		s->reading = true;
}

static void exec_answered(struct monitor *m, struct request *q, const struct err *error)
{
	struct session *s = find_session(m, q->session);
	const struct wire_signal kill = { SIGKILL, 0 };

	if (!s)
		return;
	if (!error) {
		s->reading = true;
		if (!q->peer) /* it went meanwhile */
			request_new(m, FRAME_SIGNAL, s->id, &kill, sizeof(kill));
		return;
	}
	if (q->peer)
		q->peer->session = 0;
	session_free(m, s);
}

static void answered(struct monitor *m, struct request *q, const struct err *error)
{
	struct err bad = { 0 };

	if (q->type == FRAME_START)
		answer_start(m, q, error);
	if (q->type == FRAME_EXEC)
		exec_answered(m, q, error);
	if (!error && q->output >= 0 && q->answer.len > 0 &&
		pwrite(q->output, q->answer.data, q->answer.len, 0) != (ssize_t)q->answer.len) {
		err_sys(&bad, errno, "write the answer");
		error = &bad;
	}
	if (error)
		fail_peer(q->peer, error);
	else
		please_peer(q->peer);
	q->done = true;
	if (error)
		q->err = *error;
	if (!q->keep)
		request_free(m, q);
}

static int take_answer(struct monitor *m, const struct frame *frame, struct err *err)
{
	struct request *q = m->requests;
	struct err error;
	int r;

	while (q && (q->number != frame->number || q->done))
		q = q->next;
	if (!q)
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "an answer to a question that nobody asked");
	if (frame->type == FRAME_FAILED) {
		frame_get_err(frame, &error);
		answered(m, q, &error);
		return 0;
	}
	r = frame_collect(&q->answer, frame, FRAME_ANSWER_MAX, err);
	if (r > 0)
		answered(m, q, NULL);
	return r < 0 ? r : 0;
}

/* ---- what the guest says ---- */

static int take_exit(struct monitor *m, const struct frame *frame, struct err *err)
{
	struct session *s = find_session(m, frame->stream);
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

static int take_oom(struct monitor *m, const struct frame *frame, struct err *err)
{
	struct control_msg msg = { .type = CONTROL_OOM };

	if (frame->len != sizeof(m->oom_count))
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "an OOM count of %u bytes", frame->len);
	memcpy(&m->oom_count, frame->payload, sizeof(m->oom_count));
	msg.count = m->oom_count;
	for (struct peer *peer = m->peers; peer; peer = peer->next)
		if (peer->wants_oom)
			tell_peer(peer, &msg);
	return 0;
}

static int take_log(const struct frame *frame, struct err *err)
{
	char text[513];
	size_t len = frame->len - 4;

	if (frame->len < 4 || len >= sizeof(text))
		return err_bad_errno(
			err, ERR_OTHER, EPROTO, "a log message of %u bytes", frame->len);
	memcpy(text, frame->payload + 4, len);
	text[len] = '\0';
	frame_clean_text(text);
	if (frame->payload[0] >= LOG_LEVEL_DEBUG)
		log_debug("guest: %s", text);
	else
		log_warn("guest: %s", text);
	return 0;
}

static int take_credit(struct monitor *m, const struct frame *frame, struct err *err)
{
	struct session *s = find_session(m, FRAME_SESSION(frame->stream));
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

static int take_hello(struct monitor *m, const struct frame *frame, struct err *err)
{
	uint32_t version = 0;

	if (frame->len == sizeof(version))
		memcpy(&version, frame->payload, sizeof(version));
	if (m->greeted || version != FRAME_VERSION)
		return err_bad_errno(err, ERR_OTHER, EPROTO,
			"the agent greets with version %u, not %u", version, FRAME_VERSION);
	m->greeted = true;
	return 0;
}

static int take_end(struct monitor *m, const struct frame *frame, struct err *err)
{
	struct session *s = find_session(m, FRAME_SESSION(frame->stream));
	uint32_t which = FRAME_WHICH(frame->stream) - SESSION_OUT;

	if (!s || which > 1)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "the end of a stream that is none");
	s->out[which].ended = true;
	if (s->out[which].len == 0)
		stream_close(s, &s->out[which].fd);
	return 0;
}

static int take_frame(struct monitor *m, const struct frame *frame, struct err *err)
{
	if (!m->greeted && frame->type != FRAME_HELLO)
		return err_bad_errno(err, ERR_OTHER, EPROTO, "\"%s\" before the greeting",
			frame_name(frame->type));
	switch (frame->type) {
	case FRAME_HELLO:
		return take_hello(m, frame, err);
	case FRAME_DONE:
	case FRAME_FAILED:
		return take_answer(m, frame, err);
	case FRAME_DATA:
		return take_output(m, frame, err);
	case FRAME_END:
		return take_end(m, frame, err);
	case FRAME_CREDIT:
		return take_credit(m, frame, err);
	case FRAME_EXITED:
		return take_exit(m, frame, err);
	case FRAME_OOM:
		return take_oom(m, frame, err);
	case FRAME_LOG:
		return take_log(frame, err);
	default:
		return err_bad_errno(err, ERR_OTHER, EPROTO, "\"%s\" is not the guest's to say",
			frame_name(frame->type));
	}
}

static int hear_guest(struct monitor *m, struct err *err)
{
	struct frame frame;
	int r;

	while ((r = frame_read(&m->reader, m->config.port, &frame, err)) > 0) {
		r = take_frame(m, &frame, err);
		if (r < 0)
			return err_in(err, "the guest broke the protocol");
	}
	return r;
}

/* ---- commands ---- */

/* Nobody is to be told any more; its process goes with the one that stands for it on the host. */
static void peer_detach(struct monitor *m, const struct peer *peer)
{
	struct session *s = peer->session ? find_session(m, peer->session) : NULL;
	const struct wire_signal kill = { SIGKILL, 0 };

	for (struct request *q = m->requests; q; q = q->next)
		if (q->peer == peer)
			q->peer = NULL;
	if (!s)
		return;
	s->peer = NULL;
	if (!s->exited)
		request_new(m, FRAME_SIGNAL, s->id, &kill, sizeof(kill));
}

static int read_body(int fd, struct frame_parts *out_body, struct err *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "lseek a request");
	return host_read_fd(
		fd, "a request", FRAME_REQUEST_MAX, &out_body->data, &out_body->len, err);
}

static int do_exec(struct monitor *m, struct peer *peer, const struct control_msg *msg, int *fds,
	size_t count, struct err *err)
{
	auto_(frame_parts) struct frame_parts body = { 0 };
	int r = count == 4 ? read_body(fds[0], &body, err)
			   : err_bad(err, ERR_OTHER, "exec wants 4 descriptors");
	struct session *s;
	struct request *q;

	if (r < 0)
		return r;
	/* Numbers are used once; what a stream's number leaves for them is enough for years. */
	s = session_new(m, ++m->next_session, fds + 1, msg->value, true);
	s->peer = peer;
	peer->session = s->id;
	fds[1] = fds[2] = fds[3] = FD_NONE;
	q = request_new(m, FRAME_EXEC, s->id, body.data, body.len);
	q->peer = peer;
	q->session = s->id;
	return 0;
}

static int do_query(struct monitor *m, struct peer *peer, enum frame_type type, const char *body,
	size_t len, int *fds, size_t count, struct err *err)
{
	struct request *q;

	if (count != 1)
		return err_bad(err, ERR_OTHER, "a query wants 1 descriptor");
	q = request_new(m, type, 0, body, len);
	q->peer = peer;
	q->output = fds[0];
	fds[0] = FD_NONE;
	return 0;
}

static int do_update(struct monitor *m, struct peer *peer, int *fds, size_t count, struct err *err)
{
	auto_(frame_parts) struct frame_parts body = { 0 };
	int r = count == 1 ? read_body(fds[0], &body, err)
			   : err_bad(err, ERR_OTHER, "update wants 1 descriptor");

	if (r == 0)
		request_new(m, FRAME_UPDATE, 0, body.data, body.len)->peer = peer;
	return r;
}

static void do_signal(struct monitor *m, struct peer *peer, const struct wire_signal *wire)
{
	bool for_exec = peer->session != 0;
	struct request *q = request_new(
		m, FRAME_SIGNAL, for_exec ? peer->session : SESSION_CONTAINER, wire, sizeof(*wire));

	if (!for_exec)
		q->peer = peer;
	if (!for_exec && wire->signal == SIGKILL && m->kill_at == 0)
		m->kill_at = clock_ms() + KILL_SECONDS * 1000;
}

static int set_paused(struct monitor *m, struct peer *peer, bool pause, struct err *err)
{
	int r = 0;

	if (m->config.vm)
		r = pause ? vm_pause(m->config.vm, err) : vm_resume(m->config.vm, err);
	if (r == 0)
		please_peer(peer);
	return r;
}

static int serve_peer(struct monitor *m, struct peer *peer, const struct control_msg *msg, int *fds,
	size_t count, struct err *err)
{
	char kind = (char)msg->value;
	struct control_msg answer = { .type = CONTROL_OOM, .count = m->oom_count };

	switch (msg->type) {
	case CONTROL_SIGNAL:
		do_signal(m, peer, &msg->signal);
		return 0;
	case CONTROL_EXEC:
		return do_exec(m, peer, msg, fds, count, err);
	case CONTROL_WINDOW:
		frame_put(&m->writer, FRAME_WINDOW_SIZE, 0, peer->session, 0, &msg->window,
			sizeof(msg->window));
		return 0;
	case CONTROL_PS:
		return do_query(m, peer, FRAME_PS, &kind, 1, fds, count, err);
	case CONTROL_STATS:
		return do_query(m, peer, FRAME_STATS, NULL, 0, fds, count, err);
	case CONTROL_UPDATE:
		return do_update(m, peer, fds, count, err);
	case CONTROL_PAUSE:
	case CONTROL_RESUME:
		return set_paused(m, peer, msg->type == CONTROL_PAUSE, err);
	case CONTROL_OOM:
		peer->wants_oom = true;
		tell_peer(peer, &answer);
		return 0;
	default:
		return err_bad_errno(err, ERR_OTHER, EPROTO, "an unknown command %u", msg->type);
	}
}

static void hear_peer(struct monitor *m, struct peer *peer)
{
	int fds[CONTROL_FDS_MAX] = { FD_NONE, FD_NONE, FD_NONE, FD_NONE };
	size_t count = CONTROL_FDS_MAX;
	struct control_msg msg;
	struct err err = { 0 };
	int r = channel_recv(peer->fd, &msg, sizeof(msg), fds, &count, &err);

	if (r != (int)sizeof(msg)) {
		peer->closed = true;
	} else if (serve_peer(m, peer, &msg, fds, count, &err) < 0) {
		fail_peer(peer, &err);
	}
	for (size_t i = 0; i < CONTROL_FDS_MAX; i++)
		fd_close(&fds[i]);
}

static void accept_peer(struct monitor *m)
{
	/* A command that does not listen must not hold up the container. */
	int fd = accept4(m->config.control_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer;

	if (fd < 0)
		return;
	if (m->peer_count >= PEERS_MAX) {
		close(fd);
		return;
	}
	peer = xcalloc(1, sizeof(*peer));
	*peer = (struct peer){ .next = m->peers, .fd = fd };
	m->peers = peer;
	m->peer_count++;
}

static void free_closed(struct monitor *m)
{
	struct peer **at = &m->peers;

	while (*at) {
		struct peer *peer = *at;

		if (!peer->closed) {
			at = &peer->next;
			continue;
		}
		*at = peer->next;
		peer_detach(m, peer);
		close(peer->fd);
		free(peer);
		m->peer_count--;
	}
}

/* ---- start ---- */

static void begin_start(struct monitor *m, int starter)
{
	request_new(m, FRAME_START, 0, NULL, 0)->starter = starter;
}

/* A start that dies before it has said so leaves us waiting for the next one. */
static void accept_start(struct monitor *m)
{
	auto_close int fd = accept4(m->gate, NULL, NULL, SOCK_CLOEXEC);
	struct sync_msg msg;
	struct err lost;

	if (fd < 0 || sync_recv(fd, &msg, NULL, &lost) <= 0 || msg.type != SYNC_START)
		return;
	fd_close(&m->gate);
	begin_start(m, take_fd(&fd));
}

/* ---- signals ---- */

static void send_window(struct monitor *m)
{
	struct winsize size;
	struct wire_window wire;

	if (!m->config.terminal || ioctl(m->config.in, TIOCGWINSZ, &size) < 0)
		return;
	wire = (struct wire_window){ size.ws_row, size.ws_col };
	frame_put(&m->writer, FRAME_WINDOW_SIZE, 0, SESSION_CONTAINER, 0, &wire, sizeof(wire));
}

static bool is_ours(uint32_t signal)
{
	return signal == SIGCHLD || signal == SIGPIPE || signal == SIGURG || signal == SIGTTIN ||
		signal == SIGTTOU;
}

/* What reaches this process is meant for the container's. */
static void pass_signals(struct monitor *m)
{
	struct signalfd_siginfo info;

	while (read(m->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		struct wire_signal wire = { (int32_t)info.ssi_signo, 0 };

		if (info.ssi_signo == SIGWINCH && m->config.terminal)
			send_window(m);
		else if (!is_ours(info.ssi_signo) && m->greeted)
			request_new(m, FRAME_SIGNAL, SESSION_CONTAINER, &wire, sizeof(wire));
	}
}

/* ---- the loop ---- */

enum { PORT, END, SIGNALS, CONTROL, GATE, POLLS_FIXED };

static void watch(struct pollfd *p, int fd, short events)
{
	*p = (struct pollfd){ .fd = fd >= 0 && events ? fd : -1, .events = events };
}

static void watch_session(const struct monitor *m, const struct session *s, struct pollfd *p)
{
	bool room = frame_pending(&m->writer) < WRITER_FULL;

	watch(&p[0], s->in, s->reading && !s->exited && room && s->credit ? POLLIN : 0);
	for (int i = 0; i < 2; i++)
		watch(&p[1 + i], s->out[i].fd, s->out[i].len ? POLLOUT : 0);
}

static void serve_session(struct monitor *m, struct session *s, const struct pollfd *p)
{
	if (p[0].revents)
		read_input(m, s);
	for (int i = 0; i < 2; i++) {
		if (p[1 + i].revents)
			write_output(m, s, i);
		if (s->out[i].ended && s->out[i].len == 0)
			stream_close(s, &s->out[i].fd);
	}
}

/* Tells the end of a session when its output is through; frees what nobody needs any more. */
static void finish_sessions(struct monitor *m)
{
	struct session *next;

	for (struct session *s = m->sessions; s; s = next) {
		struct control_msg msg = { .type = CONTROL_EXITED, .exit = s->exit };

		next = s->next;
		if (s->id == SESSION_CONTAINER || !s->exited || s->out[0].len || s->out[1].len)
			continue;
		if (!s->told)
			tell_peer(s->peer, &msg);
		s->told = true;
		if (s->peer)
			s->peer->session = 0;
		s->peer = NULL;
		/* What it has left behind may still write. */
		if (s->out[0].ended && (s->terminal || s->out[1].ended))
			session_free(m, s);
	}
}

static int machine_ended(struct monitor *m, struct err *err)
{
	struct vm_result result;
	char tail[512];
	size_t len;

	if (m->kill_at)
		return err_bad_errno(err, ERR_OTHER, ECONNRESET, "the machine was killed");
	vm_result(m->config.vm, &result);
	len = vm_console_tail(m->config.vm, tail, sizeof(tail));
	while (len > 0 && (tail[len - 1] == '\n' || tail[len - 1] == '\r'))
		tail[--len] = '\0';
	for (char *p = tail; *p; p++)
		if (*p == '\n' || *p == '\r')
			*p = '|';
	return err_bad_errno(err, ERR_OTHER, ECONNRESET,
		"the machine has ended: %s%s%s; its console ends with: %s", vm_end_name(result.end),
		result.text[0] ? ": " : "", result.text, tail);
}

static int timeout_of(const struct monitor *m, int64_t deadline)
{
	int64_t at = deadline;

	if (m->kill_at && (!at || m->kill_at < at))
		at = m->kill_at;
	return at ? clock_left(at) : -1;
}

/* One round; @deadline (0: none) only bounds the wait. */
static int step(struct monitor *m, int64_t deadline, struct err *err)
{
	size_t sessions = 0, at = POLLS_FIXED;
	auto_free struct pollfd *p = NULL;
	struct session *s;
	struct peer *peer;
	int r;

	for (s = m->sessions; s; s = s->next)
		sessions++;
	p = xcalloc(POLLS_FIXED + 3 * sessions + m->peer_count, sizeof(*p));
	watch(&p[PORT], m->config.port, frame_pending(&m->writer) ? POLLIN | POLLOUT : POLLIN);
	watch(&p[END], m->config.vm ? vm_end_fd(m->config.vm) : FD_NONE, POLLIN);
	watch(&p[SIGNALS], m->signals, POLLIN);
	watch(&p[CONTROL], m->config.control_fd, POLLIN);
	watch(&p[GATE], m->gate, POLLIN);
	for (s = m->sessions; s; s = s->next, at += 3)
		watch_session(m, s, &p[at]);
	for (peer = m->peers; peer; peer = peer->next, at++)
		watch(&p[at], peer->fd, POLLIN);
	if (poll(p, at, timeout_of(m, deadline)) < 0)
		return errno == EINTR ? 0 : err_sys(err, errno, "poll");
	at = POLLS_FIXED;
	for (s = m->sessions; s; s = s->next, at += 3)
		serve_session(m, s, &p[at]);
	/* New ones are put in front, and none is freed before free_closed(). */
	for (peer = m->peers; peer; peer = peer->next, at++)
		if (p[at].revents)
			hear_peer(m, peer);
	if (p[SIGNALS].revents)
		pass_signals(m);
	r = p[PORT].revents & (POLLIN | POLLHUP) ? hear_guest(m, err) : 0;
	if (r == 0)
		r = frame_flush(&m->writer, m->config.port, err);
	if (m->config.vm && (p[END].revents || r == -EPIPE || r == -ECONNRESET))
		return machine_ended(m, err);
	if (r < 0)
		return r;
	finish_sessions(m);
	free_closed(m);
	if (p[CONTROL].revents)
		accept_peer(m);
	if (p[GATE].revents)
		accept_start(m);
	return m->kill_at && clock_ms() >= m->kill_at
		? err_bad_errno(err, ERR_OTHER, ETIMEDOUT,
			  "the guest has not ended %d seconds after SIGKILL", KILL_SECONDS)
		: 0;
}

/* ---- façade ---- */

struct monitor *monitor_new(const struct monitor_config *config)
{
	const int fds[3] = { config->in, config->out, config->err };
	struct monitor *m = xcalloc(1, sizeof(*m));
	sigset_t all;

	m->config = *config;
	m->gate = FD_NONE;
	m->next_session = SESSION_CONTAINER;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	m->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	session_new(m, SESSION_CONTAINER, fds, config->terminal, false);
	return m;
}

void monitor_free(struct monitor *m)
{
	if (!m)
		return;
	while (m->requests)
		request_free(m, m->requests);
	while (m->sessions)
		session_free(m, m->sessions);
	for (struct peer *peer = m->peers; peer; peer = peer->next)
		peer->closed = true;
	free_closed(m);
	fd_close(&m->signals);
	fd_close(&m->gate);
	frame_writer_release(&m->writer);
	free(m);
}

static int silent(int seconds, const char *what, struct err *err)
{
	return err_bad(
		err, ERR_TIMEOUT, "the guest's agent has not %s within %d seconds", what, seconds);
}

int monitor_greet(struct monitor *m, int seconds, struct err *err)
{
	int64_t deadline = clock_ms() + (int64_t)seconds * 1000;

	while (!m->greeted) {
		int r = step(m, deadline, err);

		if (r < 0)
			return r;
		if (!m->greeted && clock_ms() >= deadline)
			return silent(seconds, "greeted", err);
	}
	return 0;
}

int monitor_request(struct monitor *m, enum frame_type type, const void *body, size_t len,
	int seconds, struct err *err)
{
	int64_t deadline = seconds ? clock_ms() + (int64_t)seconds * 1000 : 0;
	struct request *q = request_new(m, type, 0, body, len);
	int r = 0;

	q->keep = true;
	while (r == 0 && !q->done) {
		r = step(m, deadline, err);
		if (r == 0 && !q->done && deadline && clock_ms() >= deadline)
			r = silent(seconds, "answered", err);
	}
	if (r == 0 && q->err.num) {
		*err = q->err;
		r = -err->num;
	}
	request_free(m, q);
	return r;
}

static bool has_pending(const struct monitor *m)
{
	for (const struct session *s = m->sessions; s; s = s->next)
		if (s->out[0].len || s->out[1].len)
			return true;
	return false;
}

int monitor_serve(
	struct monitor *m, int gate, int starter, struct wire_exit *out_exit, struct err *err)
{
	const struct session *s = find_session(m, SESSION_CONTAINER);
	int r = 0;

	m->gate = gate;
	send_window(m);
	if (starter >= 0)
		begin_start(m, starter);
	while (r == 0 && !s->exited && !m->failed_start)
		r = step(m, 0, err);
	if (r == 0 && m->failed_start) {
		*out_exit = (struct wire_exit){ CLD_EXITED, 1 };
		return 0;
	}
	if (r < 0 && m->kill_at) {
		err_drop(err); /* as it was asked for, though not by the guest */
		*out_exit = (struct wire_exit){ CLD_KILLED, SIGKILL };
		return 0;
	}
	/* What it wrote is handed on, however slow its reader is. */
	while (r == 0 && has_pending(m))
		r = step(m, 0, err);
	*out_exit = s->exit;
	return r;
}
