/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O thread's loop: one epoll over the kicks of queues and the descriptors of devices' other
 * ends.  For the files of kvm/ only.
 *
 * Every callback runs on the I/O thread, so the devices that do all their work there need no lock
 * among themselves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

struct io_source {
	int fd; /* borrowed; non-blocking */
	uint32_t events; /* EPOLLIN, EPOLLOUT; set with io_watch() and io_want() */
	void (*ready)(struct io_source *source, uint32_t events); /* EPOLL* that are true */
	void *owner;
	bool watched;
};

struct io {
	int epoll; /* owned */
	int wake; /* eventfd: io_stop() */
	struct io_source wake_source;
	bool stop;
};

int io_init(struct io *io, struct err *err) MUST_USE;
void io_release(struct io *io);

/* Adds a source, which stays where it is in memory until io_unwatch(). */
int io_watch(struct io *io, struct io_source *source, struct err *err) MUST_USE;
/* Changes the events that are waited for; 0 waits for none (but errors and hang-ups). */
void io_want(struct io *io, struct io_source *source, uint32_t events);
void io_unwatch(struct io *io, struct io_source *source);

/* Serves until io_stop(), which any thread may call, and then what is ready. */
void io_run(struct io *io);
void io_stop(struct io *io);
