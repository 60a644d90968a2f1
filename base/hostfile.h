/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the host: paths that the command line or the configuration names and that are trusted
 * (docs/security.md), and files below a directory descriptor of ours (state, cgroup).
 * All descriptors are close-on-exec.  @dirfd may be AT_FDCWD.
 */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

/* openat(2) with O_CLOEXEC | O_NOCTTY added; err: "open "path": ...". */
int host_open(int dirfd, const char *path, int flags, mode_t mode, struct err *err) MUST_USE;

/* Reads all of a file of at most @max bytes (-EFBIG above).  *out_data: NUL-terminated heap. */
int host_read(int dirfd, const char *path, size_t max, char **out_data, size_t *out_len,
	struct err *err) MUST_USE;

/* Reads all of descriptor @fd likewise; @name is for messages. */
int host_read_fd(int fd, const char *name, size_t max, char **out_data, size_t *out_len,
	struct err *err) MUST_USE;

/* host_read() of a file that others may have put there: what is no regular file is refused, and not
 * waited for. */
int host_read_regular(int dirfd, const char *path, size_t max, char **out_data, size_t *out_len,
	struct err *err) MUST_USE;
/* The same of what is open (with O_NONBLOCK, lest a fifo be waited for); @path is for messages. */
int host_read_regular_fd(int fd, const char *path, size_t max, char **out_data, size_t *out_len,
	struct err *err) MUST_USE;

/* Writes @len bytes to an existing file with a single write(2), as kernel files want it. */
int host_write(int dirfd, const char *path, const char *data, size_t len, struct err *err) MUST_USE;

/* Writes a new content atomically: a temporary file beside it (O_EXCL, @mode), then rename. */
int host_replace(int dirfd, const char *path, const char *data, size_t len, mode_t mode,
	struct err *err) MUST_USE;

/* mkdirat; 1 when it exists already (whatever it is). */
int host_mkdir(int dirfd, const char *path, mode_t mode, struct err *err) MUST_USE;

/* mkdir -p with @mode for what is missing. */
int host_mkdir_parents(const char *path, mode_t mode, struct err *err) MUST_USE;

/* unlinkat with @flags (0 or AT_REMOVEDIR); 1 when it did not exist. */
int host_unlink(int dirfd, const char *path, int flags, struct err *err) MUST_USE;

/* The canonical absolute path of something that exists.  Heap string. */
int host_realpath(const char *path, char **out_path, struct err *err) MUST_USE;

/* fstatat; 1 when it does not exist. */
int host_stat(
	int dirfd, const char *path, struct stat *out_st, int flags, struct err *err) MUST_USE;

/* How long a peer that does not answer may keep us, in seconds. */
#define HOST_PEER_SECONDS 10

/* Connects a close-on-exec AF_UNIX socket of @type to @path below @dirfd; paths longer than
 * sun_path work.  Returns the socket, on which sending is bounded as connecting is: by
 * HOST_PEER_SECONDS, -ETIMEDOUT (of a later send: -EAGAIN). */
int host_connect_unix(int dirfd, const char *path, int type, struct err *err) MUST_USE;

/* Binds and (for stream and seqpacket sockets) listens likewise.  Returns the socket. */
int host_bind_unix(int dirfd, const char *path, int type, struct err *err) MUST_USE;
