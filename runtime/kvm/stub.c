// SPDX-License-Identifier: Apache-2.0
/* The host's stand-in for a process of a guest: see the header. */
#include "runtime/kvm/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/kvm/control.h"
#include "runtime/kvm/jail.h"
#include "runtime/sync.h"

/* What the stub ends with when the machine ended without a word. */
#define EXIT_MACHINE_GONE (128 + SIGKILL)

void stub_close(struct stub *stub)
{
	fd_close(&stub->control);
	fd_close(&stub->body);
	fd_close(&stub->terminal);
}

int stub_prepare(const struct init_plan *plan, struct err *err)
{
	struct stub *stub = plan->stub;
	int keep[] = { stub->control, stub->body, stub->terminal, plan->sync_fd };

	fd_close_others(3, keep, ARRAY_SIZE(keep));
	if (setsid() < 0)
		return err_sys(err, errno, "setsid");
	if (chdir("/") < 0)
		return err_sys(err, errno, "chdir \"/\"");
	if (stub->terminal >= 0 && ioctl(stub->terminal, TIOCSCTTY, 0) < 0)
		return err_sys(err, errno, "ioctl TIOCSCTTY");
	return jail_drop_all(err);
}

static void send_window(const struct stub *stub)
{
	struct control_msg msg = { .type = CONTROL_WINDOW };
	struct winsize size;
	struct err lost;

	if (ioctl(stub->terminal, TIOCGWINSZ, &size) < 0)
		return;
	msg.window = (struct wire_window){ size.ws_row, size.ws_col };
	if (control_send(stub->control, &msg, NULL, 0, &lost) < 0)
		err_drop(&lost); /* its end shows when reading */
}

static void pass_signals(const struct stub *stub, int signals)
{
	struct signalfd_siginfo info;
	struct err lost;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		struct control_msg msg = { .type = CONTROL_SIGNAL };

		msg.signal.signal = (int32_t)info.ssi_signo;
		if (info.ssi_signo == SIGWINCH && stub->terminal >= 0)
			send_window(stub);
		else if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGPIPE &&
			control_send(stub->control, &msg, NULL, 0, &lost) < 0)
			err_drop(&lost);
	}
}

static _Noreturn void serve(const struct stub *stub, int signals)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = stub->control, .events = POLLIN },
			{ .fd = signals, .events = POLLIN } };
		struct control_msg msg;
		struct err lost;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[1].revents)
			pass_signals(stub, signals);
		if (!fds[0].revents)
			continue;
		if (control_wait(stub->control, &msg, &lost) < 0)
			_exit(EXIT_MACHINE_GONE);
		if (msg.type == CONTROL_EXITED)
			_exit(msg.exit.code == CLD_EXITED ? msg.exit.status & 0xff
							  : 128 + (msg.exit.status & 0x7f));
	}
}

int stub_serve(const struct init_plan *plan, struct err *err)
{
	struct stub *stub = plan->stub;
	bool terminal = stub->terminal >= 0;
	const struct control_msg request = { .type = CONTROL_EXEC, .value = terminal };
	const int fds[] = { stub->body, terminal ? stub->terminal : STDIN_FILENO,
		terminal ? stub->terminal : STDOUT_FILENO,
		terminal ? stub->terminal : STDERR_FILENO };
	sigset_t all;
	int null, signals, r = control_send(stub->control, &request, fds, ARRAY_SIZE(fds), err);

	if (r == 0)
		r = control_wait_done(stub->control, err);
	if (r < 0)
		return r;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_sys(err, errno, "signalfd");
	if (terminal)
		send_window(stub);
	r = sync_send_text(plan->sync_fd, SYNC_STEP, 0, "execute", err);
	if (r < 0)
		return r;
	close(plan->sync_fd);
	/* The streams are the monitor's now: their end must show to who reads them. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup3(null, fd, 0) < 0)
			close(fd);
	serve(stub, signals);
}
