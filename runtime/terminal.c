// SPDX-License-Identifier: Apache-2.0
/* Terminals: see the header.  Runs in the runtime, never in the container. */
#include "runtime/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/mem.h"

int terminal_send(int sock, int master, struct err *err)
{
	unsigned int number;
	char name[32];
	int r;

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return err_sys(err, errno, "ioctl TIOCGPTN");
	snprintf(name, sizeof(name), "/dev/pts/%u", number);
	r = channel_send(sock, name, strlen(name), &master, 1, err);
	return r < 0 ? err_in(err, "send the terminal to the console socket") : 0;
}

int terminal_send_pidfd(int sock, int pidfd, struct err *err)
{
	static const char name[] = "pidfd";
	int r = channel_send(sock, name, strlen(name), &pidfd, 1, err);

	return r < 0 ? err_in(err, "send the pidfd to the pidfd socket") : 0;
}

int terminal_raw(int fd, struct terminal_mode *out_mode, struct err *err)
{
	struct termios raw;

	if (tcgetattr(fd, &out_mode->saved) < 0)
		return err_sys(err, errno, "tcgetattr of the terminal");
	raw = out_mode->saved;
	cfmakeraw(&raw);
	/* The container's terminal sends bare "\n": see terminal_disable_onlcr(). */
	raw.c_oflag = out_mode->saved.c_oflag;
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return err_sys(err, errno, "tcsetattr of the terminal");
	out_mode->fd = fd;
	return 0;
}

void terminal_restore(struct terminal_mode *mode)
{
	/* Not TCSADRAIN: output may be stopped.  A terminal that has gone needs nothing. */
	if (mode->fd >= 0)
		tcsetattr(mode->fd, TCSANOW, &mode->saved);
	mode->fd = FD_NONE;
}

int terminal_disable_onlcr(int master, struct err *err)
{
	struct termios mode;

	if (tcgetattr(master, &mode) < 0)
		return err_sys(err, errno, "tcgetattr of the container's terminal");
	mode.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(master, TCSANOW, &mode) < 0)
		return err_sys(err, errno, "tcsetattr of the container's terminal");
	return 0;
}

void terminal_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0 && (size.ws_row || size.ws_col))
		ioctl(to, TIOCSWINSZ, &size); /* a size that cannot be set stays as it was */
}

int terminal_of_caller(int in, int out)
{
	const int streams[] = { in, out, STDERR_FILENO };

	for (size_t i = 0; i < ARRAY_SIZE(streams); i++)
		if (isatty(streams[i]))
			return streams[i];
	return FD_NONE;
}

int terminal_prepare(int master, int in, int out, struct err *err)
{
	int host = terminal_of_caller(in, out);
	int r = terminal_disable_onlcr(master, err);

	if (r == 0 && host >= 0)
		terminal_copy_size(host, master);
	return r;
}
