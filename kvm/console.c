/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: each port has a receive queue (device to driver) and a transmit queue, and
 * the device a pair for control messages.  All of it happens on the I/O thread.
 *
 * A stream never waits in this process: of the guest's bytes one chain is held while the socket is
 * full, of the socket's bytes nothing is read before the guest has given a buffer.  What the device
 * has to say on the control queue is a few bits a port, so that a guest that asks and never listens
 * costs nothing.
 */
#include "kvm/console.h"

#include <fcntl.h>
#include <linux/virtio_console.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

#define PORTS_MAX (VM_PORTS_MAX + 1)
#define QUEUE_SIZE 128
#define CONTROL_RECEIVE 2
#define CONTROL_TRANSMIT 3
#define NAME_MAX_LENGTH 31

/* What the driver has still to be told of a port, in the order of telling. */
enum tell { TELL_ADD = 1, TELL_CONSOLE = 2, TELL_NAME = 4, TELL_OPEN = 8, TELL_CLOSE = 16 };

static const struct {
	enum tell tell;
	uint16_t event, value;
} messages[] = {
	{ TELL_ADD, VIRTIO_CONSOLE_PORT_ADD, 1 },
	{ TELL_CONSOLE, VIRTIO_CONSOLE_CONSOLE_PORT, 1 },
	{ TELL_NAME, VIRTIO_CONSOLE_PORT_NAME, 1 },
	{ TELL_OPEN, VIRTIO_CONSOLE_PORT_OPEN, 1 },
	{ TELL_CLOSE, VIRTIO_CONSOLE_PORT_OPEN, 0 },
};

/* A chain that was popped and is not done with. */
struct held {
	bool has;
	uint64_t done; /* bytes of it that are written out */
	struct virtq_chain chain;
};

struct port {
	struct console *console;
	unsigned int id;
	char name[NAME_MAX_LENGTH + 1];
	unsigned int tell;
	bool guest_open; /* the guest has it open: it wants to receive */
	bool ended; /* the other end of the socket has ended */
	struct io_source source; /* fd: FD_NONE for port 0 */
	struct held receive, transmit;
};

struct console {
	struct virtio_device virtio; /* first */
	struct io *io;
	struct log_ring *log;
	unsigned int count;
	struct port ports[PORTS_MAX];
};

static unsigned int receive_queue(const struct port *p)
{
	return p->id ? 2 * p->id + 2 : 0;
}

static struct virtq *queue_to_driver(const struct port *p)
{
	return &p->console->virtio.queues[receive_queue(p)];
}

static struct virtq *queue_from_driver(const struct port *p)
{
	return &p->console->virtio.queues[receive_queue(p) + 1];
}

/* Control. */

static const struct virtio_console_control blank;

/* Sends one message of port @p; false: the driver has no buffer for it. */
static bool tell(struct console *c, struct port *p, size_t row)
{
	struct virtq *q = &c->virtio.queues[CONTROL_RECEIVE];
	struct virtio_console_control message = blank;
	struct virtq_chain chain;
	size_t len = 0;

	if (virtq_pop(q, &chain) <= 0)
		return false;
	message.id = p->id;
	message.event = messages[row].event;
	message.value = messages[row].value;
	len = virtq_chain_write(&chain, 0, &message, sizeof(message));
	if (message.event == VIRTIO_CONSOLE_PORT_NAME)
		len += virtq_chain_write(&chain, len, p->name, strlen(p->name));
	virtq_push(q, &chain, len);
	p->tell &= ~messages[row].tell;
	return true;
}

static void tell_all(struct console *c)
{
	bool room = true;

	for (unsigned int i = 0; i < c->count && room; i++)
		for (size_t row = 0; row < ARRAY_SIZE(messages) && room; row++)
			if (c->ports[i].tell & messages[row].tell)
				room = tell(c, &c->ports[i], row);
	virtq_notify(&c->virtio.queues[CONTROL_RECEIVE]);
}

static void serve(struct port *p);

static void heard(struct console *c, const struct virtio_console_control *m)
{
	struct port *p = m->id < c->count ? &c->ports[m->id] : NULL;

	switch (m->event) {
	case VIRTIO_CONSOLE_DEVICE_READY:
		for (unsigned int i = 0; i < c->count && m->value; i++)
			c->ports[i].tell |= TELL_ADD;
		break;
	case VIRTIO_CONSOLE_PORT_READY:
		if (p && m->value)
			p->tell |= p->id ? TELL_NAME | TELL_OPEN : TELL_CONSOLE | TELL_OPEN;
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		if (p && p->id) {
			p->guest_open = m->value;
			serve(p);
		}
		break;
	default:
		break;
	}
}

static void control(struct console *c)
{
	struct virtq *q = &c->virtio.queues[CONTROL_TRANSMIT];
	struct virtq_chain chain;

	do {
		virtq_kicks_off(q);
		while (virtq_pop(q, &chain) > 0) {
			struct virtio_console_control m = blank;

			if (virtq_chain_read(&chain, 0, &m, sizeof(m)) == sizeof(m))
				heard(c, &m);
			virtq_push(q, &chain, 0);
		}
		virtq_notify(q);
	} while (virtq_kicks_on(q));
	tell_all(c);
}

/* Port 0: the kernel's log. */

static void log_out(struct port *p)
{
	struct virtq *q = queue_from_driver(p);
	struct virtq_chain chain;

	do {
		virtq_kicks_off(q);
		while (virtq_pop(q, &chain) > 0) {
			for (unsigned int i = 0; i < chain.readable; i++)
				log_ring_add(p->console->log, chain.iov[i].iov_base,
					chain.iov[i].iov_len);
			virtq_push(q, &chain, 0);
		}
		virtq_notify(q);
	} while (virtq_kicks_on(q));
}

/* The other ports. */

/* The socket is gone: what the guest sends is thrown away, and the guest is told. */
static void end_stream(struct port *p)
{
	p->ended = true;
	p->tell |= TELL_CLOSE;
	io_unwatch(p->console->io, &p->source);
	tell_all(p->console);
}

/* Writes the held chain out; false: the socket is full. */
static bool write_out(struct port *p)
{
	struct held *h = &p->transmit;

	while (!p->ended && h->done < h->chain.readable_len) {
		struct iovec iov[VIRTQ_SIZE_MAX];
		struct msghdr message = { .msg_iov = iov };
		uint64_t skip = h->done;
		ssize_t n;

		for (unsigned int i = 0; i < h->chain.readable; i++) {
			const struct iovec *v = &h->chain.iov[i];

			if (skip >= v->iov_len) {
				skip -= v->iov_len;
				continue;
			}
			iov[message.msg_iovlen++] =
				(struct iovec){ (char *)v->iov_base + skip, v->iov_len - skip };
			skip = 0;
		}
		n = sendmsg(p->source.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0 && errno != EINTR)
			end_stream(p);
		if (n > 0)
			h->done += n;
	}
	return true;
}

/* Guest to socket.  True: the socket must take something first. */
static bool transmit(struct port *p)
{
	struct virtq *q = queue_from_driver(p);
	struct held *h = &p->transmit;
	bool full = false;

	do {
		virtq_kicks_off(q);
		while (!full && (h->has || virtq_pop(q, &h->chain) > 0)) {
			if (!h->has)
				h->done = 0;
			h->has = true;
			full = !write_out(p);
			if (full)
				break;
			h->has = false;
			virtq_push(q, &h->chain, 0);
		}
		virtq_notify(q);
	} while (!full && virtq_kicks_on(q));
	return full;
}

/* Socket to guest.  True: there may be more to come, and there is a buffer for it. */
static bool receive(struct port *p)
{
	struct virtq *q = queue_to_driver(p);
	struct held *h = &p->receive;
	bool more = false;

	while (!p->ended && p->guest_open) {
		struct msghdr message;
		ssize_t n;

		if (!h->has && virtq_pop(q, &h->chain) <= 0) {
			/* No buffer: the guest's next one is announced by a kick. */
			if (virtq_kicks_on(q))
				continue;
			break;
		}
		h->has = true;
		message = (struct msghdr){ .msg_iov = h->chain.iov + h->chain.readable,
			.msg_iovlen = h->chain.writable };
		n = h->chain.writable ? recvmsg(p->source.fd, &message, MSG_DONTWAIT) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			more = true;
			break;
		}
		if (n <= 0 && h->chain.writable) {
			end_stream(p);
			break;
		}
		h->has = false;
		virtq_push(q, &h->chain, n);
	}
	virtq_notify(q);
	return more;
}

/* Moves what can be moved both ways and waits for the rest. */
static void serve(struct port *p)
{
	uint32_t events = 0;

	if (transmit(p))
		events |= EPOLLOUT;
	if (receive(p))
		events |= EPOLLIN;
	io_want(p->console->io, &p->source, events);
}

static void socket_ready(struct io_source *source, uint32_t events)
{
	struct port *p = source->owner;
	struct console *c = p->console;

	pthread_mutex_lock(&c->virtio.lock);
	/* A hang-up is reported whatever is waited for, and again and again: what the other end
	 * sent before it is still read if the guest has room for it at once. */
	if (c->virtio.active)
		serve(p);
	if (events & (EPOLLHUP | EPOLLERR) && !p->ended)
		end_stream(p);
	pthread_mutex_unlock(&c->virtio.lock);
}

/* The device. */

static void console_process(struct virtio_device *dev, unsigned int index)
{
	struct console *c = (struct console *)dev;

	if (index == CONTROL_TRANSMIT)
		control(c);
	else if (index == CONTROL_RECEIVE)
		tell_all(c);
	else if (index == 1)
		log_out(&c->ports[0]);
	else if (index > CONTROL_TRANSMIT)
		serve(&c->ports[index / 2 - 1]);
}

static void console_reset(struct virtio_device *dev)
{
	struct console *c = (struct console *)dev;

	for (unsigned int i = 0; i < c->count; i++) {
		struct port *p = &c->ports[i];

		p->tell = 0;
		p->guest_open = false;
		p->receive.has = p->transmit.has = false;
		if (p->id)
			io_want(c->io, &p->source, 0);
	}
}

static int console_init(struct virtio_device *dev, struct io *io, struct err *err)
{
	struct console *c = (struct console *)dev;

	c->io = io;
	for (unsigned int i = 1; i < c->count; i++) {
		struct port *p = &c->ports[i];
		int r;

		if (fcntl(p->source.fd, F_SETFL, O_NONBLOCK) < 0)
			return err_sys(err, errno, "fcntl of port \"%s\"", p->name);
		r = io_watch(io, &p->source, err);
		if (r < 0)
			return err_in(err, "port \"%s\"", p->name);
	}
	return 0;
}

void console_close(struct virtio_device *dev)
{
	struct console *c = (struct console *)dev;

	for (unsigned int i = 0; i < c->count; i++)
		fd_close(&c->ports[i].source.fd);
}

static void console_release(struct virtio_device *dev)
{
	console_close(dev);
	free(dev);
}

static const struct virtio_device_ops console_ops = {
	.name = "console",
	.id = VIRTIO_ID_CONSOLE,
	.pci_class = 0x078000,
	.init = console_init,
	.release = console_release,
	.reset = console_reset,
	.process = console_process,
};

struct virtio_device *console_new(
	const struct vm_port *ports, unsigned int count, struct log_ring *log)
{
	struct console *c = xcalloc(1, sizeof(*c));
	struct virtio_console_config config = { .max_nr_ports = count + 1 };

	if (count > VM_PORTS_MAX)
		BUG("too many ports");
	c->virtio.ops = &console_ops;
	c->virtio.offered = 1ull << VIRTIO_CONSOLE_F_MULTIPORT;
	memcpy(c->virtio.config, &config, sizeof(config));
	c->virtio.config_len = sizeof(config);
	c->virtio.queue_count = 2 * (count + 2);
	c->virtio.queue_size = QUEUE_SIZE;
	c->log = log;
	c->count = count + 1;
	for (unsigned int i = 0; i < c->count; i++) {
		struct port *p = &c->ports[i];

		p->console = c;
		p->id = i;
		p->source.fd = i ? ports[i - 1].fd : FD_NONE;
		p->source.ready = socket_ready;
		p->source.owner = p;
		if (i)
			strncpy(p->name, ports[i - 1].name, NAME_MAX_LENGTH);
	}
	return &c->virtio;
}
