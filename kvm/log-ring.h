/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest bytes of the guest's kernel log.  The guest writes as much as it likes; the ring keeps
 * its size.  For the files of kvm/ only; any thread may call.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_RING_SIZE 65536

struct log_ring {
	pthread_mutex_t lock;
	uint64_t total; /* bytes ever written */
	int copy_fd; /* everything is also written there, as far as it takes it; FD_NONE: nowhere */
	char bytes[LOG_RING_SIZE];
};

void log_ring_init(struct log_ring *r, int copy_fd);
void log_ring_add(struct log_ring *r, const void *data, size_t len);
/* The newest @size - 1 bytes, without carriage returns, and a NUL; what is neither printable nor a
 * line end becomes '?'. */
size_t log_ring_tail(struct log_ring *r, char *buf, size_t size);
