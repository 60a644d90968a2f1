// SPDX-License-Identifier: Apache-2.0
/*
 * The start of the container, as init of the native mode does it: STEP once only the program itself
 * can fail, then the error or the end of file.
 */
#include "runtime/kvm/monitor-internal.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/poll.h"
#include "runtime/sync.h"

static void start_answered(struct monitor *m, struct request *q, const struct err *error)
{
	static const char hooks[] = "startContainer hooks";
	bool in_hooks = error && m->config.start_hooks &&
		strncmp(error->msg, hooks, sizeof(hooks) - 1) == 0;
	struct session *s = session_find(&m->sessions, SESSION_CONTAINER);
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

static bool is_readable(int fd)
{
	struct pollfd p = poll_entry(fd, POLLIN);

	return poll(&p, 1, 0) > 0;
}

void start_in_turn(struct monitor *m)
{
	struct request *q;

	if (m->starter < 0 || is_readable(m->config.control_fd))
		return;
	for (const struct peer *peer = m->peers.first; peer; peer = peer->next)
		if (is_readable(peer->fd))
			return;
	q = request_new(&m->requests, FRAME_START, 0, NULL, 0);
	q->starter = take_fd(&m->starter);
	q->on_answer = start_answered;
}

void start_hear(struct monitor *m)
{
	auto_close int caller = take_fd(&m->caller);
	struct sync_msg msg;
	struct err lost;

	if (caller < 0) {
		/* It speaks at once, unless it is stopped: that must not hold up the others. */
		m->caller = accept4(m->gate, NULL, NULL, SOCK_CLOEXEC);
		return;
	}
	/* A start that dies before it has said so leaves us waiting for the next one. */
	if (sync_recv(caller, &msg, NULL, &lost) <= 0 || msg.type != SYNC_START)
		return;
	fd_close(&m->gate);
	m->starter = take_fd(&caller);
}
