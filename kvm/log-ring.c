/* SPDX-License-Identifier: Apache-2.0 */
#include "kvm/log-ring.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

void log_ring_init(struct log_ring *r, int copy_fd)
{
	pthread_mutex_init(&r->lock, NULL);
	r->total = 0;
	r->copy_fd = copy_fd;
}

/* Only what a descriptor takes without waiting, whether it is non-blocking or not: a terminal that
 * nobody reads must not stop the machine.  A pipe that polls writable takes PIPE_BUF bytes. */
static void copy_out(int fd, const char *data, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	while (len && poll(&p, 1, 0) == 1 && p.revents == POLLOUT) {
		ssize_t n = write(fd, data, len < 4096 ? len : 4096);

		if (n <= 0)
			return;
		data += n;
		len -= n;
	}
}

void log_ring_add(struct log_ring *r, const void *data, size_t len)
{
	const char *from = data;

	pthread_mutex_lock(&r->lock);
	if (r->copy_fd >= 0)
		copy_out(r->copy_fd, from, len);
	if (len > LOG_RING_SIZE) {
		r->total += len - LOG_RING_SIZE;
		from += len - LOG_RING_SIZE;
		len = LOG_RING_SIZE;
	}
	while (len) {
		size_t at = r->total % LOG_RING_SIZE;
		size_t n = LOG_RING_SIZE - at < len ? LOG_RING_SIZE - at : len;

		memcpy(r->bytes + at, from, n);
		r->total += n;
		from += n;
		len -= n;
	}
	pthread_mutex_unlock(&r->lock);
}

size_t log_ring_tail(struct log_ring *r, char *buf, size_t size)
{
	size_t len, out = 0;

	pthread_mutex_lock(&r->lock);
	len = r->total < LOG_RING_SIZE ? r->total : LOG_RING_SIZE;
	if (len >= size)
		len = size - 1;
	for (size_t i = 0; i < len; i++) {
		char c = r->bytes[(r->total - len + i) % LOG_RING_SIZE];

		if ((c < ' ' || c > '~') && c != '\n' && c != '\t' && c != '\r')
			c = '?';
		/* A console's lines end in two. */
		if (c != '\r')
			buf[out++] = c;
	}
	pthread_mutex_unlock(&r->lock);
	buf[out] = '\0';
	return out;
}
