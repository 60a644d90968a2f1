// SPDX-License-Identifier: Apache-2.0
/*
 * notify-listen SOCKET [--timeout SECONDS]
 *
 * A service manager as far as sd_notify(3) goes: binds the datagram socket SOCKET ("@NAME": an
 * abstract one), prints the lines of each message, and closes the descriptors that come with it,
 * which is what BARRIER=1 waits for.  Ends when time is up, or is killed.
 */
#include "listen.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int bind_datagram(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(name);

	if (fd < 0 || len >= sizeof(addr.sun_path))
		die(name);
	memcpy(addr.sun_path, name, len);
	if (name[0] == '@')
		addr.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&addr, (socklen_t)(sizeof(addr.sun_family) + len)) < 0)
		die(name);
	return fd;
}

int main(int argc, char **argv)
{
	int fds[LISTEN_FDS_MAX], fd;
	size_t count;
	char text[8192];

	if (argc != 2 && !(argc == 4 && strcmp(argv[2], "--timeout") == 0))
		return 2;
	alarm(argc == 4 ? (unsigned int)listen_number(argv[3], 3600) : 30);
	fd = bind_datagram(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("listening");
	for (;;) {
		ssize_t len = listen_receive(fd, text, sizeof(text) - 1, fds, &count);

		text[len] = '\0';
		printf("%s%s", text, len > 0 && text[len - 1] == '\n' ? "" : "\n");
		while (count > 0)
			close(fds[--count]);
	}
}
