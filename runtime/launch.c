// SPDX-License-Identifier: Apache-2.0
/* The parent's half of a launch: see the header. */
#include "runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/sync.h"
#include "runtime/terminal.h"

/* How long a killed init may take to be gone, in milliseconds. */
#define ABORT_TIMEOUT_MS 10000

static int connect_to(const char *path, const char *what, int *out_fd, struct err *err)
{
	int fd = host_connect_unix(AT_FDCWD, path, SOCK_STREAM, err);

	if (fd < 0)
		return err_in(err, "%s", what);
	*out_fd = fd;
	return 0;
}

int launch_connect(struct launch *launch, struct err *err)
{
	const struct spec_seccomp *seccomp = launch->init.spec->linux_->seccomp;
	int r = 0;

	if (launch->console_socket)
		r = connect_to(
			launch->console_socket, "--console-socket", &launch->console_fd, err);
	if (r == 0 && launch->pidfd_socket)
		r = connect_to(launch->pidfd_socket, "--pidfd-socket", &launch->pidfd_fd, err);
	if (r == 0 && launch->init.process && process_may_notify(launch->init.process) &&
		seccomp->listener_path)
		r = connect_to(seccomp->listener_path, "linux.seccomp.listenerPath",
			&launch->init.listener_fd, err);
	return r;
}

int launch_hand_over(struct launch *launch, struct err *err)
{
	int r = 0;

	if (launch->console_fd >= 0) {
		if (launch->plain_output)
			r = terminal_disable_onlcr(launch->terminal, err);
		if (r == 0)
			r = terminal_send(launch->console_fd, launch->terminal, err);
		if (r < 0)
			return err_in(err, "--console-socket \"%s\"", launch->console_socket);
		fd_close(&launch->terminal);
		fd_close(&launch->console_fd);
	} else if (launch->terminal >= 0) {
		r = terminal_prepare(launch->terminal, STDIN_FILENO, STDOUT_FILENO, err);
		if (r < 0)
			return r;
	}
	if (launch->pidfd_fd >= 0) {
		r = terminal_send_pidfd(launch->pidfd_fd, launch->child.pidfd, err);
		if (r < 0)
			return err_in(err, "--pidfd-socket \"%s\"", launch->pidfd_socket);
		fd_close(&launch->pidfd_fd);
	}
	return 0;
}

int launch_write_pid_file(const struct launch *launch, struct err *err)
{
	char text[16];
	int len, r;

	if (!launch->pid_file)
		return 0;
	len = snprintf(text, sizeof(text), "%d", (int)launch->child.pid);
	r = host_replace(AT_FDCWD, launch->pid_file, text, (size_t)len, 0644, err);
	return r < 0 ? err_in(err, "--pid-file") : 0;
}

int launch_clone(struct launch *launch, struct err *err)
{
	int ends[2], r;
	pid_t pid;

	launch->init.progress = mmap(NULL, sizeof(*launch->init.progress), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (launch->init.progress == MAP_FAILED) {
		launch->init.progress = NULL;
		return err_sys(err, errno, "mmap of the progress page");
	}
	launch->init.progress->phase = ~0u;
	r = channel_pair(ends, err);
	if (r < 0)
		return r;
	launch->sync_fd = ends[0];
	launch->init.sync_fd = ends[1];
	launch->init.ns = launch->ns;
	launch->init.wait_first = launch->on_clone != NULL;
	init_keep_fds(&launch->init, launch->keep_fds);
	launch->ns->keep_fds = launch->init.is_exec ? launch->keep_fds : NULL;
	launch->ns->keep_count = INIT_KEEP_FDS;
	launch->ns->keep_from = 3 + (int)launch->init.preserved_fds;
	pid = ns_clone(launch->ns, launch->cgroup_fd, &launch->child, err);
	if (pid == 0) {
		/* Our copy of the parent's end: its closing is how we learn of its death. */
		fd_close(&launch->sync_fd);
		fd_close(&launch->cgroup_fd); /* a directory of the host (R7) */
		init_main(&launch->init);
	}
	fd_close(&launch->init.sync_fd);
	/* The agent may read until the end, before it answers for the program that we wait for. */
	fd_close(&launch->init.listener_fd);
	if (pid < 0 || !launch->on_clone)
		return pid < 0 ? (int)pid : 0;
	r = launch->on_clone(launch->arg, pid, err);
	return r < 0 ? r : launch_go(launch, err);
}

static void relay_log(const struct sync_msg *msg)
{
	switch (msg->value) {
	case LOG_LEVEL_DEBUG:
		log_debug("%s", msg->text);
		break;
	case LOG_LEVEL_INFO:
		log_info("%s", msg->text);
		break;
	default:
		log_warn("%s", msg->text);
	}
}

static void explain_signal(const struct launch *launch, int signal, struct err *err)
{
	const char *text = launch->explain ? launch->explain(signal) : NULL;

	if (text)
		err_hint(err, "%s", text);
	else if (signal == SIGKILL)
		err_hint(err,
			"the kernel kills it so when the memory limit is too small for a start");
}

/* The signal that has ended init, or is ending it; 0: it exits by itself. */
static int death_signal(const struct launch *launch)
{
	siginfo_t info = { 0 };

	if (sys_pidfd_wait(launch->child.pidfd, &info, WEXITED | WNOWAIT) < 0 ||
		info.si_code == CLD_EXITED)
		return 0;
	return info.si_status;
}

/* Init has closed the channel without a word: says how it died and in which phase. */
static int died(struct launch *launch, struct err *err)
{
	const char *phase = init_phase_name(launch->init.progress);
	int signal = death_signal(launch);

	if (!signal)
		return err_bad_errno(
			err, ERR_OTHER, ECONNRESET, "init: exited during \"%s\"", phase);
	err_bad_errno(err, ERR_OTHER, ECONNRESET, "init: killed by signal %d during \"%s\"", signal,
		phase);
	explain_signal(launch, signal, err);
	return err_result(err);
}

static int serve_hooks(struct launch *launch, struct err *err)
{
	int r = launch->on_hooks ? launch->on_hooks(launch->arg, err) : 0;

	return r < 0 ? r : launch_go(launch, err);
}

/* sync_recv(), unless a signal asks us to end before there is something. */
static int receive(
	int sync_fd, int interrupt_fd, struct sync_msg *out_msg, int *out_fd, struct err *err)
{
	struct pollfd fds[] = {
		{ .fd = sync_fd, .events = POLLIN },
		{ .fd = interrupt_fd > 0 ? interrupt_fd : FD_NONE, .events = POLLIN },
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "poll");
	if (fds[1].revents && !fds[0].revents)
		return err_bad_errno(err, ERR_OTHER, EINTR,
			"a signal has ended the wait for the container's process");
	return sync_recv(sync_fd, out_msg, out_fd, err);
}

int launch_wait_ready(struct launch *launch, struct err *err)
{
	for (;;) {
		struct sync_msg msg;
		auto_close int fd = FD_NONE;
		int r = receive(launch->sync_fd, launch->interrupt_fd, &msg, &fd, err);

		if (r < 0)
			return r;
		if (r == 0)
			return died(launch, err);
		switch (msg.type) {
		case SYNC_LOG:
			relay_log(&msg);
			break;
		case SYNC_TERMINAL:
			fd_close(&launch->terminal);
			launch->terminal = take_fd(&fd);
			break;
		case SYNC_HOOKS:
			r = serve_hooks(launch, err);
			if (r < 0)
				return r;
			break;
		case SYNC_READY:
			return 0;
		case SYNC_ERROR:
			*err = msg.err;
			return err_result(err);
		default:
			return err_bad_errno(err, ERR_OTHER, EPROTO,
				"unexpected message \"%s\" from init", sync_type_name(msg.type));
		}
	}
}

int launch_go(struct launch *launch, struct err *err)
{
	return sync_send(launch->sync_fd, SYNC_GO, launch->child.pid, FD_NONE, err);
}

void launch_explain(const struct launch *launch, struct err *err)
{
	explain_signal(launch, death_signal(launch), err);
}

void launch_drop_parent_half(struct launch *launch)
{
	fd_close(&launch->sync_fd);
	fd_close(&launch->console_fd);
	fd_close(&launch->pidfd_fd);
}

void launch_abort(struct launch *launch)
{
	struct pollfd gone = { .fd = launch->child.pidfd, .events = POLLIN };
	siginfo_t info;

	if (launch->child.pidfd < 0)
		return;
	sys_pidfd_send_signal(launch->child.pidfd, SIGKILL);
	while (poll(&gone, 1, ABORT_TIMEOUT_MS) < 0 && errno == EINTR)
		continue;
	sys_pidfd_wait(launch->child.pidfd, &info, WEXITED | WNOHANG);
	fd_close(&launch->child.pidfd);
}

void launch_release(struct launch *launch)
{
	fd_close(&launch->console_fd);
	fd_close(&launch->pidfd_fd);
	fd_close(&launch->sync_fd);
	fd_close(&launch->init.sync_fd);
	fd_close(&launch->init.gate_fd);
	fd_close(&launch->init.listener_fd);
	fd_close(&launch->child.pidfd);
	fd_close(&launch->terminal);
	if (launch->init.progress)
		munmap(launch->init.progress, sizeof(*launch->init.progress));
	launch->init.progress = NULL;
}

/* The channel's error of a peer that has died, unix(7); what it had said can still be read. */
static bool has_died(int r, struct err *err)
{
	if (r != -EPIPE && r != -ECONNRESET)
		return false;
	err_drop(err);
	return true;
}

int launch_start(int sync_fd, int interrupt_fd, pid_t pid, bool *out_hooks_done, struct err *err)
{
	bool reached = false;
	int r = sync_send(sync_fd, SYNC_START, pid, FD_NONE, err);

	if (has_died(r, err))
		r = 0;
	while (r == 0) {
		struct sync_msg msg;

		do
			r = receive(sync_fd, interrupt_fd, &msg, NULL, err);
		while (has_died(r, err));
		if (r <= 0)
			break;
		r = 0;
		if (msg.type == SYNC_ERROR) {
			*err = msg.err;
			r = err_result(err);
		} else if (msg.type == SYNC_LOG) {
			relay_log(&msg);
		} else if (msg.type == SYNC_STEP) {
			reached = true; /* "execute": what remains is the filter and execve */
		}
	}
	if (out_hooks_done)
		*out_hooks_done = reached;
	if (r == 0 && !reached)
		return err_bad_errno(
			err, ERR_OTHER, ECONNRESET, "init: died before it executed the program");
	return r;
}
