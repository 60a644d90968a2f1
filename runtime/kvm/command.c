// SPDX-License-Identifier: Apache-2.0
/*
 * What the host's commands want of the monitor (control.h): most of it is a request to the guest,
 * whose answer is passed on.  They are the host's own and trusted, but each may die at any time.
 */
#include "runtime/kvm/monitor-internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/clock.h"
#include "base/hostfile.h"
#include "base/mem.h"

/* ---- answers ---- */

static void tell_answer(struct monitor *m, struct request *q, const struct err *error)
{
	struct err bad = { 0 };

	(void)m;
	if (!error && q->output >= 0 && q->answer.len > 0 &&
		pwrite(q->output, q->answer.data, q->answer.len, 0) != (ssize_t)q->answer.len) {
		err_sys(&bad, errno, "write the answer");
		error = &bad;
	}
	if (error)
		peer_tell_failed(q->peer, error);
	else
		peer_tell_done(q->peer);
}

/* A request whose answer goes to @peer. */
static struct request *ask(struct monitor *m, struct peer *peer, enum frame_type type,
	uint32_t stream, const void *body, size_t len)
{
	struct request *q = request_new(&m->requests, type, stream, body, len);

	q->peer = peer;
	q->on_answer = tell_answer;
	return q;
}

static void exec_answered(struct monitor *m, struct request *q, const struct err *error)
{
	struct session *s = session_find(&m->sessions, q->session);

	if (s && error) {
		if (q->peer)
			q->peer->session = 0;
		session_free(&m->sessions, s);
	} else if (s) {
		s->reading = true;
		if (!q->peer) /* it went meanwhile */
			request_signal(&m->requests, s->id, SIGKILL);
	}
	tell_answer(m, q, error);
}

/* ---- commands ---- */

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

	if (r == 0 && peer->session)
		r = err_bad(err, ERR_OTHER, "a connection is for one exec");
	if (r < 0)
		return r;
	s = session_new(&m->sessions, fds + 1, msg->value, true);
	s->peer = peer;
	peer->session = s->id;
	fds[1] = fds[2] = fds[3] = FD_NONE;
	q = ask(m, peer, FRAME_EXEC, s->id, body.data, body.len);
	q->session = s->id;
	q->on_answer = exec_answered;
	return 0;
}

static int do_query(struct monitor *m, struct peer *peer, enum frame_type type, int *fds,
	size_t count, struct err *err)
{
	if (count != 1)
		return err_bad(err, ERR_OTHER, "a query wants 1 descriptor");
	ask(m, peer, type, 0, NULL, 0)->output = take_fd(&fds[0]);
	return 0;
}

static int do_update(struct monitor *m, struct peer *peer, int *fds, size_t count, struct err *err)
{
	auto_(frame_parts) struct frame_parts body = { 0 };
	int r = count == 1 ? read_body(fds[0], &body, err)
			   : err_bad(err, ERR_OTHER, "update wants 1 descriptor");

	if (r == 0)
		ask(m, peer, FRAME_UPDATE, 0, body.data, body.len);
	return r;
}

/* New devices first: the guest is told of what is there. */
static int do_network(struct monitor *m, struct peer *peer, const struct control_msg *msg, int *fds,
	size_t count, struct err *err)
{
	auto_(frame_parts) struct frame_parts body = { 0 };
	int r = count > 1 ? read_body(fds[0], &body, err)
			  : err_bad(err, ERR_OTHER, "a network wants 2 descriptors or more");

	for (size_t i = 0; r == 0 && m->config.vm && i < count - 1; i++) {
		struct vm_net_config config = { .tap_fd = take_fd(&fds[1 + i]),
			.mtu = msg->links[i].mtu };

		memcpy(config.mac, msg->links[i].mac, sizeof(config.mac));
		r = vm_attach_net(m->config.vm, &config, err);
	}
	if (r == 0)
		ask(m, peer, FRAME_NETWORK, 0, body.data, body.len);
	return r;
}

static void do_signal(struct monitor *m, struct peer *peer, const struct wire_signal *wire)
{
	if (peer->session) {
		request_new(&m->requests, FRAME_SIGNAL, peer->session, wire, sizeof(*wire));
		return;
	}
	ask(m, peer, FRAME_SIGNAL, SESSION_CONTAINER, wire, sizeof(*wire));
	if (wire->signal == SIGKILL && m->kill_at == 0)
		m->kill_at = clock_ms() + (int64_t)MONITOR_KILL_SECONDS * 1000;
}

static int do_notify(struct monitor *m, int *fds, size_t count, struct err *err)
{
	if (count != 1)
		return err_bad(err, ERR_OTHER, "a notify socket is 1 descriptor");
	fd_close(&m->notify);
	m->notify = take_fd(&fds[0]);
	return 0;
}

static int set_paused(struct monitor *m, struct peer *peer, bool pause, struct err *err)
{
	int r = 0;

	if (m->config.vm)
		r = pause ? vm_pause(m->config.vm, err) : vm_resume(m->config.vm, err);
	if (r == 0)
		peer_tell_done(peer);
	return r;
}

static int serve(struct monitor *m, struct peer *peer, const struct control_msg *msg, int *fds,
	size_t count, struct err *err)
{
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
		return do_query(m, peer, FRAME_PS, fds, count, err);
	case CONTROL_STATS:
		return do_query(m, peer, FRAME_STATS, fds, count, err);
	case CONTROL_UPDATE:
		return do_update(m, peer, fds, count, err);
	case CONTROL_NETWORK:
		return do_network(m, peer, msg, fds, count, err);
	case CONTROL_PAUSE:
	case CONTROL_RESUME:
		return set_paused(m, peer, msg->type == CONTROL_PAUSE, err);
	case CONTROL_NOTIFY:
		return do_notify(m, fds, count, err);
	case CONTROL_OOM:
		peer->wants_oom = true;
		peer_tell(peer, &answer);
		return 0;
	default:
		return err_bad_errno(err, ERR_OTHER, EPROTO, "an unknown command %u", msg->type);
	}
}

void command_hear(struct monitor *m, struct peer *peer)
{
	int fds[CONTROL_FDS_MAX] = { [0 ... CONTROL_FDS_MAX - 1] = FD_NONE };
	size_t count = CONTROL_FDS_MAX;
	struct control_msg msg;
	struct err err = { 0 };
	int r = channel_recv(peer->fd, &msg, sizeof(msg), fds, &count, &err);

	if (r != (int)sizeof(msg)) {
		peer->closed = true;
	} else if (serve(m, peer, &msg, fds, count, &err) < 0) {
		peer_tell_failed(peer, &err);
	}
	for (size_t i = 0; i < CONTROL_FDS_MAX; i++)
		fd_close(&fds[i]);
}

/* Nobody is to be told any more; its process goes with the one that stands for it on the host. */
static void detach(struct monitor *m, const struct peer *peer)
{
	struct session *s = peer->session ? session_find(&m->sessions, peer->session) : NULL;

	for (struct request *q = m->requests.first; q; q = q->next)
		if (q->peer == peer)
			q->peer = NULL;
	if (!s)
		return;
	s->peer = NULL;
	if (!s->exited)
		request_signal(&m->requests, s->id, SIGKILL);
}

void command_free_closed(struct monitor *m)
{
	struct peer *peer;

	while ((peer = peer_take_closed(&m->peers))) {
		detach(m, peer);
		peer_free(peer);
	}
}
