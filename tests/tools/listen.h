/* SPDX-License-Identifier: Apache-2.0 */
/* What the listening test tools share: one connection of a Unix socket, with descriptors. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define LISTEN_FDS_MAX 16

/* Ends the program: "TOOL: WHAT: ENAME". */
_Noreturn void die(const char *what);

/* Binds @path (replacing what is there), waits for one connection, removes the socket; returns the
 * connection.  The socket file appears when it can be connected to. */
int listen_once(const char *path);

/* One recvmsg(): its length; descriptors to @fds, *fd_count of them. */
ssize_t listen_receive(int fd, void *buf, size_t size, int fds[LISTEN_FDS_MAX], size_t *fd_count);

/* A number from 0 to @max, or the end of the program. */
unsigned long listen_number(const char *text, unsigned long max);
