// SPDX-License-Identifier: Apache-2.0
/*
 * The foreground loop: see the header.
 *
 * One poll(2) over signals, the process, and the relay's descriptors; poll and not epoll, which
 * refuses regular files.  The caller's streams are shared with others and stay blocking; they are
 * used only when poll says so, in pieces that a pipe takes whole.
 *
 * The relay keeps a descriptor of the terminal's slave: a process that closes its terminal, or
 * hangs it up, and opens it again (getty) is not the end.  The end is the process's exit, and then
 * everything that was written before is already there to be read.
 */
#include "runtime/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/poll.h"
#include "base/sys.h"

struct flow {
	char data[PIPE_BUF];
	size_t len, done;
};

struct relay {
	const struct foreground_options *options;
	int host; /* the caller's terminal, for the window size; FD_NONE: none */
	int slave;
	bool in_open, out_open, master_open;
	bool line_open; /* the last byte of the input was no end of line */
	struct flow in, out;
	bool extra_open;
	bool exited;
	bool given_up; /* a signal came after the exit */
	int status;
};

/* ---- open, release ---- */

int foreground_open(struct foreground *fg, struct err *err)
{
	sigset_t all, ends;
	int r;

	*fg = (struct foreground)FOREGROUND_INIT;
	sigfillset(&all);
	sigemptyset(&ends);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGQUIT);
	sigaddset(&ends, SIGTERM);
	r = pthread_sigmask(SIG_BLOCK, &all, &fg->saved_mask);
	if (r)
		return err_sys(err, r, "pthread_sigmask");
	fg->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fg->signals >= 0)
		fg->interrupt = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fg->interrupt < 0) {
		r = err_sys(err, errno, "signalfd");

		fd_close(&fg->signals);
		fg->signals = FD_NONE;
		fg->interrupt = FD_NONE;
		pthread_sigmask(SIG_SETMASK, &fg->saved_mask, NULL);
		return r;
	}
	return 0;
}

void foreground_release(struct foreground *fg)
{
	if (fg->signals < 0)
		return;
	terminal_restore(&fg->terminal);
	fd_close(&fg->signals);
	fd_close(&fg->interrupt);
	pthread_sigmask(SIG_SETMASK, &fg->saved_mask, NULL);
}

/* ---- the relay ---- */

static bool flow_empty(const struct flow *flow)
{
	return flow->done == flow->len;
}

/* Returns what read(2) does, or -errno; -EAGAIN: nothing there. */
static ssize_t flow_read(struct flow *flow, int fd)
{
	ssize_t n;

	do
		n = read(fd, flow->data, sizeof(flow->data));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	flow->done = 0;
	flow->len = (size_t)n;
	return n;
}

/* Returns 0 or -errno; a part may be left. */
static int flow_write(struct flow *flow, int fd)
{
	ssize_t n = write(fd, flow->data + flow->done, flow->len - flow->done);

	if (n >= 0)
		flow->done += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		return -errno;
	return 0;
}

/* The end-of-file character for a terminal in line mode: once to hand over an unfinished line, once
 * more to end. */
static void relay_end_input(struct relay *relay)
{
	struct termios mode;

	relay->in_open = false;
	if (isatty(relay->options->in) || tcgetattr(relay->options->terminal, &mode) < 0 ||
		!(mode.c_lflag & ICANON || relay->options->raw_terminal))
		return;
	relay->in.done = 0;
	relay->in.len = relay->line_open ? 2 : 1;
	memset(relay->in.data, mode.c_cc[VEOF], relay->in.len);
}

static void relay_read_input(struct relay *relay)
{
	ssize_t n = flow_read(&relay->in, relay->options->in);

	if (n > 0)
		relay->line_open = relay->in.data[n - 1] != '\n';
	else if (n != -EAGAIN)
		relay_end_input(relay);
}

/* Returns true when there was something to read. */
static bool relay_read_output(struct relay *relay)
{
	int master = relay->options->terminal;
	ssize_t n = flow_read(&relay->out, master);

	if (n > 0) {
		if (!relay->out_open)
			relay->out.done =
				relay->out
					.len; /* nobody wants it, but the process must not block */
		return true;
	}
	if (n != -EAGAIN)
		relay->master_open = false;
	return false;
}

static void relay_write_output(struct relay *relay)
{
	if (flow_write(&relay->out, relay->options->out) == 0)
		return;
	relay->out_open = false;
	relay->out.done = relay->out.len;
}

static void relay_write_input(struct relay *relay)
{
	if (flow_write(&relay->in, relay->options->terminal) < 0)
		relay->in.done = relay->in.len; /* its end shows when reading */
}

static int relay_open(struct relay *relay, struct foreground *fg, struct err *err)
{
	const struct foreground_options *options = relay->options;
	int flags, r = 0;

	if (options->terminal < 0)
		return 0;
	relay->host = terminal_of_caller(options->in, options->out);
	flags = fcntl(options->terminal, F_GETFL);
	if (flags < 0 || fcntl(options->terminal, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_sys(err, errno, "fcntl of the container's terminal");
	relay->slave = ioctl(options->terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (relay->slave < 0)
		return err_sys(err, errno, "ioctl TIOCGPTPEER");
	if (relay->host >= 0)
		r = terminal_raw(relay->host, &fg->terminal, err);
	relay->in_open = relay->out_open = relay->master_open = true;
	return r;
}

/* ---- signals and the process ---- */

static bool is_ours(uint32_t sig)
{
	return sig == SIGCHLD || sig == SIGPIPE || sig == SIGURG || sig == SIGTTIN ||
		sig == SIGTTOU;
}

static void pass_signals(struct relay *relay, int signals)
{
	const struct foreground_options *options = relay->options;
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (is_ours(info.ssi_signo))
			continue;
		if (info.ssi_signo == SIGWINCH && options->terminal >= 0) {
			if (relay->host >= 0)
				terminal_copy_size(relay->host, options->terminal);
			continue;
		}
		relay->given_up |= relay->exited;
		/* One that has just exited needs none. */
		if (!relay->exited)
			sys_pidfd_send_signal(options->pidfd, (int)info.ssi_signo);
	}
}

static int fetch_status(struct relay *relay, struct err *err)
{
	siginfo_t info = { 0 };
	int r;

	do
		r = sys_pidfd_wait(relay->options->pidfd, &info, WEXITED);
	while (r == -EINTR);
	if (r < 0)
		return err_sys(err, -r, "waitid for the container's process");
	if (info.si_code != CLD_EXITED && relay->options->explain &&
		relay->options->explain(info.si_status))
		log_warn("%s", relay->options->explain(info.si_status));
	relay->exited = true;
	relay->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

static void call_extra(struct relay *relay)
{
	struct err err = { 0 };
	int r = relay->options->on_extra(relay->options->arg, &err);

	if (r < 0)
		log_warn("%s", err.msg);
	if (r != 0)
		relay->extra_open = false;
}

/* ---- the loop ---- */

enum { SIGNALS, PROCESS, EXTRA, INPUT, OUTPUT, MASTER, POLL_COUNT };

static int wait_for_events(
	const struct relay *relay, int signals, struct pollfd fds[POLL_COUNT], struct err *err)
{
	const struct foreground_options *options = relay->options;
	short master = 0;

	if (relay->master_open && flow_empty(&relay->out))
		master |= POLLIN;
	if (relay->master_open && !flow_empty(&relay->in))
		master |= POLLOUT;
	if (relay->exited)
		master = 0;
	fds[SIGNALS] = poll_entry(signals, POLLIN);
	fds[PROCESS] = poll_entry(options->pidfd, relay->exited ? 0 : POLLIN);
	fds[EXTRA] = poll_entry(options->extra, relay->extra_open ? POLLIN : 0);
	fds[INPUT] = poll_entry(options->in,
		relay->in_open && !relay->exited && flow_empty(&relay->in) ? POLLIN : 0);
	fds[OUTPUT] = poll_entry(options->out, flow_empty(&relay->out) ? 0 : POLLOUT);
	fds[MASTER] = poll_entry(options->terminal, master);
	if (poll(fds, POLL_COUNT, -1) < 0 && errno != EINTR)
		return err_sys(err, errno, "poll");
	return 0;
}

/* After the exit only what is there already counts: others may keep the terminal. */
static bool finished(struct relay *relay)
{
	if (!relay->exited)
		return false;
	if (relay->given_up || !relay->master_open)
		return true;
	while (flow_empty(&relay->out))
		if (!relay_read_output(relay))
			return true;
	return false;
}

static int step(struct relay *relay, int signals, struct err *err)
{
	struct pollfd fds[POLL_COUNT] = { 0 };
	int r = wait_for_events(relay, signals, fds, err);

	if (r < 0)
		return r;
	if (fds[SIGNALS].revents)
		pass_signals(relay, signals);
	if (fds[OUTPUT].revents)
		relay_write_output(relay);
	if (fds[MASTER].revents & POLLOUT)
		relay_write_input(relay);
	if (fds[MASTER].revents & (POLLIN | POLLHUP | POLLERR) && flow_empty(&relay->out))
		relay_read_output(relay);
	if (fds[INPUT].revents)
		relay_read_input(relay);
	if (fds[EXTRA].revents)
		call_extra(relay);
	if (fds[PROCESS].revents)
		r = fetch_status(relay, err);
	return r;
}

int foreground_wait(struct foreground *fg, const struct foreground_options *options,
	int *out_status, struct err *err)
{
	struct relay relay = {
		.options = options,
		.host = FD_NONE,
		.slave = FD_NONE,
		.extra_open = options->extra >= 0,
	};
	int r = relay_open(&relay, fg, err);

	while (r == 0 && !finished(&relay))
		r = step(&relay, fg->signals, err);
	fd_close(&relay.slave);
	terminal_restore(&fg->terminal);
	if (r == 0)
		*out_status = relay.status;
	return r;
}
