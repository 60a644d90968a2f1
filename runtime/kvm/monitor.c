// SPDX-License-Identifier: Apache-2.0
/*
 * The monitor: see the header.  Runs in the machine's process, locked in.
 *
 * One thread and one poll(2): the guest at the agent's port, the commands at the control socket, the
 * start at the gate, the signals, and the streams of the sessions.
 */
#include "runtime/kvm/monitor-internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/poll.h"

#define END_SECONDS 5 /* from the port's end to the machine's */

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
		if (info.ssi_signo == SIGWINCH && m->config.terminal)
			send_window(m);
		else if (!is_ours(info.ssi_signo) && m->greeted)
			request_signal(&m->requests, SESSION_CONTAINER, (int)info.ssi_signo);
	}
}

/* ---- the loop ---- */

enum { PORT, END, SIGNALS, CONTROL, GATE, POLLS_FIXED };

/* Tells the end of a session when its output is through; frees what nobody needs any more. */
static void finish_sessions(struct monitor *m)
{
	struct session *next;

	for (struct session *s = m->sessions.first; s; s = next) {
		struct control_msg msg = { .type = CONTROL_EXITED, .exit = s->exit };

		next = s->next;
		if (s->id == SESSION_CONTAINER || !s->exited || session_has_output(s))
			continue;
		if (!s->told)
			peer_tell(s->peer, &msg);
		s->told = true;
		if (s->peer)
			s->peer->session = 0;
		s->peer = NULL;
		/* What it has left behind may still write. */
		if (session_is_mute(s))
			session_free(&m->sessions, s);
	}
}

/* An agent that dies closes its port before the kernel has said why. */
static int machine_ended(struct monitor *m, struct err *err)
{
	struct pollfd end = { .fd = vm_end_fd(m->config.vm), .events = POLLIN };
	struct vm_result result;
	char tail[512];
	size_t len;

	if (m->kill_at)
		return err_bad_errno(err, ERR_OTHER, ECONNRESET, "the machine was killed");
	(void)!poll(&end, 1, END_SECONDS * 1000);
	vm_stop(m->config.vm); /* what the console has not yet taken says most */
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

/* The entries of POLLS_FIXED, then of the sessions, then of the peers, in the order of their lists. */
static struct pollfd *watch(const struct monitor *m, size_t *out_count)
{
	size_t count = POLLS_FIXED + m->peers.count, at = POLLS_FIXED;
	struct pollfd *p;

	for (const struct session *s = m->sessions.first; s; s = s->next)
		count += SESSION_STREAMS;
	p = xcalloc(count, sizeof(*p));
	p[PORT] = poll_entry(m->config.port, frame_pending(&m->writer) ? POLLIN | POLLOUT : POLLIN);
	p[END] = poll_entry(m->config.vm ? vm_end_fd(m->config.vm) : FD_NONE, POLLIN);
	p[SIGNALS] = poll_entry(m->signals, POLLIN);
	p[CONTROL] = poll_entry(m->config.control_fd, POLLIN);
	p[GATE] = poll_entry(m->caller >= 0 ? m->caller : m->gate, POLLIN);
	for (const struct session *s = m->sessions.first; s; s = s->next, at += SESSION_STREAMS)
		session_watch(s, &p[at]);
	for (const struct peer *peer = m->peers.first; peer; peer = peer->next, at++)
		p[at] = poll_entry(peer->fd, POLLIN);
	*out_count = count;
	return p;
}

/* Streams and commands.  New ones are put in front of their lists, and none is freed meanwhile. */
static void serve(struct monitor *m, const struct pollfd *p)
{
	p += POLLS_FIXED;
	for (struct session *s = m->sessions.first; s; s = s->next, p += SESSION_STREAMS)
		session_serve(s, p);
	for (struct peer *peer = m->peers.first; peer; peer = peer->next, p++)
		if (p->revents)
			command_hear(m, peer);
}

/* One round; @deadline (0: none) only bounds the wait. */
static int step(struct monitor *m, int64_t deadline, struct err *err)
{
	size_t count;
	auto_free struct pollfd *p = NULL;
	int r;

	start_in_turn(m);
	for (struct session *s = m->sessions.first; s; s = s->next)
		session_settle(s);
	p = watch(m, &count);
	if (poll(p, count, m->unheard ? 0 : timeout_of(m, deadline)) < 0)
		return errno == EINTR ? 0 : err_sys(err, errno, "poll");
	serve(m, p);
	if (p[SIGNALS].revents)
		pass_signals(m);
	r = m->unheard || p[PORT].revents & (POLLIN | POLLHUP) ? port_hear(m, err) : 0;
	if (r == 0)
		r = frame_flush(&m->writer, m->config.port, err);
	/* What it has said before its end is heard first. */
	if (m->config.vm && ((p[END].revents && !m->unheard) || r == -EPIPE || r == -ECONNRESET))
		return machine_ended(m, err);
	if (r < 0)
		return r;
	finish_sessions(m);
	command_free_closed(m);
	if (p[CONTROL].revents)
		peer_accept(&m->peers, m->config.control_fd);
	if (p[GATE].revents)
		start_hear(m);
	return m->kill_at && clock_ms() >= m->kill_at
		? err_bad_errno(err, ERR_OTHER, ETIMEDOUT,
			  "the guest has not ended %d seconds after SIGKILL", MONITOR_KILL_SECONDS)
		: 0;
}

/* ---- façade ---- */

int monitor_new(const struct monitor_config *config, struct monitor **out_monitor, struct err *err)
{
	const int fds[3] = { config->in, config->out, config->err };
	struct monitor *m = xcalloc(1, sizeof(*m));
	sigset_t all;

	m->config = *config;
	m->gate = m->caller = m->starter = m->notify = FD_NONE;
	m->requests = (struct requests){ .monitor = m, .writer = &m->writer };
	m->sessions = (struct sessions){ .writer = &m->writer };
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	m->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals < 0) {
		int r = err_sys(err, errno, "signalfd");

		free(m);
		return r;
	}
	session_new(&m->sessions, fds, config->terminal, false);
	*out_monitor = m;
	return 0;
}

void monitor_free(struct monitor *m)
{
	if (!m)
		return;
	while (m->requests.first)
		request_free(&m->requests, m->requests.first);
	while (m->sessions.first)
		session_free(&m->sessions, m->sessions.first);
	for (struct peer *peer = m->peers.first; peer; peer = peer->next)
		peer->closed = true;
	command_free_closed(m);
	fd_close(&m->signals);
	fd_close(&m->gate);
	fd_close(&m->caller);
	fd_close(&m->starter);
	fd_close(&m->notify);
	frame_writer_release(&m->writer);
	free(m);
}

static uint64_t exits_of(const struct monitor *m)
{
	struct vm_stats stats = { 0 };

	if (m->config.vm)
		vm_stats(m->config.vm, &stats);
	return stats.exits;
}

int monitor_greet(struct monitor *m, int silent_seconds, int most_seconds, struct err *err)
{
	/* Counted and not subtracted: while this process does not run, the guest does not either. */
	int64_t second = clock_ms() + 1000;
	uint64_t exits = 0;
	int silence = 0, seconds = 0;

	while (!m->greeted) {
		int r = step(m, second, err);

		if (r < 0)
			return r;
		if (m->greeted || clock_ms() < second)
			continue;
		second = clock_ms() + 1000;
		silence = exits_of(m) == exits ? silence + 1 : 0;
		exits = exits_of(m);
		seconds++;
		if (silence < silent_seconds && seconds < most_seconds)
			continue;
		err_bad(err, ERR_TIMEOUT,
			"the guest's agent has not greeted within %d seconds: its vCPUs "
			"have exited %llu times, and for the last %d seconds not once",
			seconds, (unsigned long long)exits, silence);
		err_hint(err, "--debug shows the guest's console; with --kernel another one boots");
		return err_result(err);
	}
	return 0;
}

int monitor_request(struct monitor *m, enum frame_type type, const void *body, size_t len,
	int seconds, struct err *err)
{
	int64_t deadline = seconds ? clock_ms() + (int64_t)seconds * 1000 : 0;
	struct request *q = request_new(&m->requests, type, 0, body, len);
	int r = 0;

	q->keep = true;
	while (r == 0 && !q->done) {
		r = step(m, deadline, err);
		/* cppcheck-suppress knownConditionTrueFalse ; the step may have done it */
		if (r == 0 && !q->done && deadline && clock_ms() >= deadline)
			r = err_bad(err, ERR_TIMEOUT,
				"the guest's agent has not answered within %d seconds", seconds);
	}
	if (r == 0 && q->err.num) {
		*err = q->err;
		r = err_result(err);
	}
	request_free(&m->requests, q);
	return r;
}

static bool has_pending(const struct monitor *m)
{
	for (const struct session *s = m->sessions.first; s; s = s->next)
		if (session_has_output(s))
			return true;
	return false;
}

int monitor_serve(
	struct monitor *m, int gate, int starter, struct wire_exit *out_exit, struct err *err)
{
	const struct session *s = session_find(&m->sessions, SESSION_CONTAINER);
	int r = 0;

	if (!s)
		BUG("there is no session of the container");
	m->gate = gate;
	send_window(m);
	m->starter = starter;
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
