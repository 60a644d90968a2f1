// SPDX-License-Identifier: Apache-2.0
/*
 * recvtty SOCKET [--timeout SECONDS] [--size ROWSxCOLS] [--input TEXT] [--termios] recvtty SOCKET
 * [--timeout SECONDS] --pidfd
 *
 * The engine's end of --console-socket: receives the master of a terminal and copies what comes
 * from it to standard output until the other side is closed (status 0) or time is up (status 3).
 * What it learns goes to standard error: "payload: NAME", "fds: 1", and with --termios "onlcr: 0".
 *
 * With --pidfd it is the end of --pidfd-socket: prints "pid: N", and waits until that process has
 * ended.
 */
#include "listen.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const struct option options[] = {
	{ "timeout", required_argument, NULL, 't' },
	{ "size", required_argument, NULL, 's' },
	{ "input", required_argument, NULL, 'i' },
	{ "termios", no_argument, NULL, 'T' },
	{ "pidfd", no_argument, NULL, 'p' },
	{ NULL, 0, NULL, 0 },
};

static int receive_fd(const char *path)
{
	int fds[LISTEN_FDS_MAX], connection = listen_once(path);
	size_t count;
	char name[4096];
	ssize_t len = listen_receive(connection, name, sizeof(name) - 1, fds, &count);

	name[len] = '\0';
	fprintf(stderr, "payload: %s\nfds: %zu\n", name, count);
	if (count != 1)
		exit(1);
	close(connection);
	return fds[0];
}

static void print_termios(int master)
{
	struct termios t;

	if (tcgetattr(master, &t) < 0)
		die("tcgetattr");
	fprintf(stderr, "onlcr: %d\n", (t.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR));
}

/* The kernel tells whose descriptor it is (pidfd_open(2), "Pid:" of fdinfo). */
static int watch_pidfd(int pidfd, int timeout_ms)
{
	struct pollfd poll_fd = { pidfd, POLLIN, 0 };
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	f = fopen(path, "re");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "Pid:", 4) == 0)
			printf("pid: %s", line + 4 + strspn(line + 4, " \t"));
	fclose(f);
	fflush(stdout);
	return poll(&poll_fd, 1, timeout_ms) == 1 ? 0 : 3;
}

/* The last close of the other side is EIO on Linux. */
static void copy(int master, int timeout_ms)
{
	char buf[4096];
	struct pollfd poll_fd = { master, POLLIN, 0 };

	for (;;) {
		int ready = poll(&poll_fd, 1, timeout_ms);
		ssize_t len;

		if (ready < 0)
			die("poll");
		if (ready == 0)
			exit(3);
		len = read(master, buf, sizeof(buf));
		if (len == 0 || (len < 0 && errno == EIO))
			return;
		if (len < 0 || fwrite(buf, 1, (size_t)len, stdout) != (size_t)len || fflush(stdout))
			die("copy");
	}
}

int main(int argc, char **argv)
{
	struct winsize size = { 0 };
	const char *input = NULL;
	unsigned int timeout = 10;
	int c, termios = 0, pidfd = 0, master;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 't':
			timeout = (unsigned int)listen_number(optarg, 3600);
			break;
		case 's':
			size.ws_row = (unsigned short)strtoul(optarg, NULL, 10);
			size.ws_col = (unsigned short)strtoul(
				optarg + strcspn(optarg, "x") + 1, NULL, 10);
			break;
		case 'i':
			input = optarg;
			break;
		case 'T':
			termios = 1;
			break;
		case 'p':
			pidfd = 1;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	alarm(2 * timeout); /* nobody connects */
	master = receive_fd(argv[optind]);
	if (pidfd)
		return watch_pidfd(master, (int)timeout * 1000);
	if (termios)
		print_termios(master);
	if (size.ws_row && ioctl(master, TIOCSWINSZ, &size) < 0)
		die("TIOCSWINSZ");
	if (input && write(master, input, strlen(input)) < 0)
		die("write");
	copy(master, (int)timeout * 1000);
	return 0;
}
