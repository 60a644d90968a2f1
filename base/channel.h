/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages over a SOCK_SEQPACKET pair: one struct a message, at most CHANNEL_FDS descriptors beside
 * it.  The one protocol between parent and init is built on this (runtime/sync.h).
 * Safe after clone: no heap.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

#define CHANNEL_FDS 16

/* A connected pair, close-on-exec. */
int channel_pair(int out_fds[2], struct err *err) MUST_USE;

/* Sends one message with descriptors (borrowed).  Never raises SIGPIPE: -EPIPE when the peer is
 * gone.  Retries EINTR. */
int channel_send(int fd, const void *msg, size_t len, const int *fds, size_t fd_count,
	struct err *err) MUST_USE;

/*
 * Receives one message into @msg of @size bytes.  Returns its length; 0 when the peer has closed;
 * -EMSGSIZE when it was longer.  Descriptors go to @fds (room for *fd_count, set to how many came;
 * owned by the caller; more than fit are closed); @fds may be NULL.
 */
int channel_recv(
	int fd, void *msg, size_t size, int *fds, size_t *fd_count, struct err *err) MUST_USE;
