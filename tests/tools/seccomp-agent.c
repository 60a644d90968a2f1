// SPDX-License-Identifier: Apache-2.0
/*
 * seccomp-agent SOCKET [--errno N | --value N | --continue] [--count N] [--timeout SECONDS]
 *
 * The listener of linux.seccomp.listenerPath: receives the container process state, prints it
 * ("fds: N" and the JSON), then prints each notification ("syscall: NR") and answers it: with an
 * errno, with a return value, or by letting the call go on (default).  Ends after N notifications
 * (default 1), when the filter has no process left, or when time is up (status 3).
 */
#include "listen.h"

#include <errno.h>
#include <getopt.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct option options[] = {
	{ "errno", required_argument, NULL, 'e' },
	{ "value", required_argument, NULL, 'v' },
	{ "continue", no_argument, NULL, 'c' },
	{ "count", required_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 },
};

/* The descriptors come with the first message only; the JSON may come in pieces until the end. */
static int receive_state(const char *path)
{
	int fds[LISTEN_FDS_MAX], more[LISTEN_FDS_MAX], connection = listen_once(path);
	size_t count, later;
	static char state[1 << 20];
	size_t len = 0;
	ssize_t n = listen_receive(connection, state, sizeof(state), fds, &count);

	while (n > 0) {
		len += (size_t)n;
		n = listen_receive(connection, state + len, sizeof(state) - len, more, &later);
		if (later > 0)
			printf("late fds: %zu\n", later);
	}
	close(connection);
	printf("fds: %zu\n%.*s\n", count, (int)len, state);
	fflush(stdout);
	if (count != 1)
		exit(1);
	return fds[0];
}

static void answer(int listener, const struct seccomp_notif_sizes *sizes,
	const struct seccomp_notif_resp *template)
{
	/* the kernel's structures may be larger than those of our headers */
	struct seccomp_notif *request = calloc(1, sizes->seccomp_notif + sizeof(*request));
	struct seccomp_notif_resp *response =
		calloc(1, sizes->seccomp_notif_resp + sizeof(*response));

	if (!request || !response)
		die("calloc");
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, request) < 0) {
		if (errno != ENOENT) /* ENOENT: the caller was killed meanwhile */
			die("SECCOMP_IOCTL_NOTIF_RECV");
	} else {
		printf("syscall: %d\n", request->data.nr);
		fflush(stdout);
		*response = *template;
		response->id = request->id;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response) < 0 && errno != ENOENT)
			die("SECCOMP_IOCTL_NOTIF_SEND");
	}
	free(request);
	free(response);
}

int main(int argc, char **argv)
{
	struct seccomp_notif_resp response = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	struct seccomp_notif_sizes sizes;
	unsigned long count = 1, timeout = 10;
	struct pollfd poll_fd = { .events = POLLIN };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'e':
			response.flags = 0;
			response.error = -(int)listen_number(optarg, 4095);
			break;
		case 'v':
			response.flags = 0;
			response.val = (long long)listen_number(optarg, 1u << 30);
			break;
		case 'c':
			break;
		case 'n':
			count = listen_number(optarg, 1u << 20);
			break;
		case 't':
			timeout = listen_number(optarg, 3600);
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	alarm(2 * (unsigned int)timeout); /* nobody connects */
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		die("SECCOMP_GET_NOTIF_SIZES");
	poll_fd.fd = receive_state(argv[optind]);
	for (unsigned long i = 0; i < count; i++) {
		int ready = poll(&poll_fd, 1, (int)timeout * 1000);

		if (ready < 0)
			die("poll");
		if (ready == 0)
			return 3;
		if (!(poll_fd.revents & POLLIN))
			return 0;
		answer(poll_fd.fd, &sizes, &response);
	}
	return 0;
}
