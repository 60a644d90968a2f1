/* SPDX-License-Identifier: Apache-2.0 */
/* One epoll set, level-triggered.  A source that was unwatched while its event waited in the batch
 * is passed over: that is why sources stay in memory until the loop has ended. */
#include "kvm/io.h"

#include <sys/eventfd.h>

#include "base/mem.h"

#define LAST_ROUNDS 64

static void wake_ready(struct io_source *source, uint32_t events)
{
	struct io *io = source->owner;

	(void)events;
	io->stop = true;
}

int io_init(struct io *io, struct err *err)
{
	*io = (struct io){ .epoll = FD_NONE, .wake = FD_NONE };
	io->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (io->epoll < 0)
		return err_sys(err, errno, "epoll_create1");
	io->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (io->wake < 0)
		return err_sys(err, errno, "eventfd");
	io->wake_source = (struct io_source){
		.fd = io->wake, .events = EPOLLIN, .ready = wake_ready, .owner = io
	};
	return io_watch(io, &io->wake_source, err);
}

void io_release(struct io *io)
{
	fd_close(&io->epoll);
	fd_close(&io->wake);
}

int io_watch(struct io *io, struct io_source *source, struct err *err)
{
	struct epoll_event event = { .events = source->events, .data.ptr = source };

	/* Before, for a loop that runs already. */
	source->watched = true;
	if (epoll_ctl(io->epoll, EPOLL_CTL_ADD, source->fd, &event) == 0)
		return 0;
	source->watched = false;
	return err_sys(err, errno, "epoll_ctl add");
}

void io_want(struct io *io, struct io_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (!source->watched || source->events == events)
		return;
	source->events = events;
	if (epoll_ctl(io->epoll, EPOLL_CTL_MOD, source->fd, &event) < 0)
		BUG("epoll_ctl of a watched source");
}

void io_unwatch(struct io *io, struct io_source *source)
{
	if (!source->watched)
		return;
	source->watched = false;
	(void)epoll_ctl(io->epoll, EPOLL_CTL_DEL, source->fd, NULL);
}

/* Serves one batch of what is ready within @timeout ms; returns how many there were. */
static int serve(struct io *io, int timeout)
{
	struct epoll_event events[16];
	/* epoll_pwait, not epoll_wait: one system call in the filters of both libcs. */
	int n = epoll_pwait(io->epoll, events, ARRAY_SIZE(events), timeout, NULL);

	if (n < 0 && errno != EINTR)
		BUG("epoll_pwait of the I/O thread");
	for (int i = 0; i < n; i++) {
		struct io_source *source = events[i].data.ptr;

		if (source->watched)
			source->ready(source, events[i].events);
	}
	return n;
}

void io_run(struct io *io)
{
	while (!io->stop)
		(void)serve(io, -1);
	/* What was asked for before the end is still done; the bound is for those that would always
	 * find more. */
	io_unwatch(io, &io->wake_source);
	for (unsigned int rounds = 0; rounds < LAST_ROUNDS && serve(io, 0) > 0; rounds++)
		;
}

void io_stop(struct io *io)
{
	uint64_t one = 1;

	/* Its only failure is a full counter: then the loop is woken already. */
	(void)!write(io->wake, &one, sizeof(one));
}
