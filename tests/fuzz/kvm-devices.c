/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver that does anything to the devices of kvm/: registers of the bus and of the transport in
 * any order and size, any content of the rings, kicks, and the other end of a console's port.  The
 * first byte chooses the device; then each byte is an operation, followed by its arguments.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "kvm/balloon.h"
#include "kvm/console.h"
#include "kvm/rng.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/kvm_driver.h"

static struct memory memory;
static struct log_ring kernel_log;
static struct io io;
static struct driver d;
static int peer;

/* The input; what is missing at its end is zero. */
static const uint8_t *input;
static size_t left;

static uint64_t take(unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes && left; i++, left--)
		value |= (uint64_t)*input++ << (8 * i);
	return value;
}

/* Addresses that are worth trying: near the start, the end, the hole, and the rings. */
static uint64_t address(void)
{
	static const uint64_t bases[] = { DRIVER_BUFFERS, DRIVER_RINGS, 0, 64ull << 20,
		MEMORY_LOW_END, MEMORY_HIGH, UINT64_MAX, 0x7fffffff };

	return bases[take(1) % 8] + (int16_t)take(2);
}

static unsigned int queue(void)
{
	return take(1) % d.transport->dev->queue_count;
}

/* The rings' host pointers may not be set: queues that were never enabled have them all the same. */
static struct driver_queue *rings(unsigned int i)
{
	struct driver_queue *q = &d.queues[i];
	uint16_t size = q->size;

	if (size)
		return q;
	driver_queue_init(q, &memory, i, 8);
	return q;
}

static void serve(void)
{
	struct epoll_event events[8];
	int n = epoll_wait(io.epoll, events, 8, 0);

	for (int i = 0; i < n; i++) {
		struct io_source *source = events[i].data.ptr;

		if (source->watched)
			source->ready(source, events[i].events);
	}
}

static void operate(uint8_t op)
{
	static const uint8_t lengths[] = { 1, 2, 4, 8 };
	static char bytes[4096];
	struct driver_queue *q;
	uint64_t value;
	uint32_t offset, len;
	uint16_t i;

	switch (op % 14) {
	case 0:
		value = take(8);
		driver_start(&d, value, 1 << take(1) % 8);
		break;
	case 1:
		offset = take(2);
		len = lengths[take(1) % 4];
		value = take(8);
		(void)pci_memory(&d.pci, d.window + offset, &value, len, true);
		break;
	case 2:
		offset = take(2);
		len = lengths[take(1) % 4];
		(void)pci_memory(&d.pci, d.window + offset, &value, len, false);
		break;
	case 3:
		offset = take(1);
		driver_set_config(&d, offset, take(4), lengths[take(1) % 3]);
		break;
	case 4:
		q = rings(queue());
		i = take(1);
		value = address();
		len = take(4);
		if (i < 0x4000 / sizeof(*q->desc))
			driver_desc(q, i, value, len, take(1), take(2));
		break;
	case 5:
		q = rings(queue());
		driver_offer(q, take(1));
		break;
	case 6:
	case 7:
		driver_kick(&d, queue());
		break;
	case 8:
		rings(queue())->avail->idx = take(2);
		break;
	case 9:
		offset = take(2);
		((uint8_t *)memory_ptr(&memory, DRIVER_BUFFERS, 0x10000))[offset] = take(1);
		break;
	case 10:
		(void)!send(peer, bytes, take(1) * 16, MSG_DONTWAIT | MSG_NOSIGNAL);
		serve();
		break;
	case 11:
		(void)!recv(peer, bytes, sizeof(bytes), MSG_DONTWAIT);
		serve();
		break;
	case 12:
		fd_close(&peer);
		serve();
		break;
	default:
		serve();
		break;
	}
}

static void begin(uint8_t which)
{
	struct vm_port port = { .name = "agent" };
	struct msi_sink sink = { driver_signal, &d };
	struct virtio_device *dev;
	struct err err = { 0 };
	int pair[2];

	if (!memory.count && memory_init(&memory, 64ull << 20, &err) < 0)
		abort();
	memset(memory_ptr(&memory, DRIVER_RINGS, 0x60000), 0, 0x60000);
	memset(memory_ptr(&memory, DRIVER_BUFFERS, 0x10000), 0, 0x10000);
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	peer = pair[0];
	port.fd = pair[1];
	log_ring_init(&kernel_log, FD_NONE);
	FUZZ_CHECK(io_init(&io, &err) == 0);
	if (which % 3 == 0) {
		dev = console_new(&port, 1, &kernel_log);
	} else {
		dev = which % 3 == 1 ? rng_new() : balloon_new();
		close(pair[1]);
	}
	memset(&d, 0, sizeof(d));
	d.memory = memory;
	pci_init(&d.pci);
	FUZZ_CHECK(virtio_pci_new(dev, &memory, &d.pci, sink, &d.transport, &err) == 0);
	FUZZ_CHECK(!dev->ops->init || dev->ops->init(dev, &io, &err) == 0);
	driver_set_config(&d, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	d.window = driver_config(&d, PCI_BASE_ADDRESS_0, 4);
}

/* driver.h's own accesses must find the window. */
static void put_back(void)
{
	driver_set_config(&d, PCI_BASE_ADDRESS_0, d.window, 4);
	driver_set_config(&d, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	left = size;
	begin(take(1));
	while (left) {
		struct virtio_device *dev = d.transport->dev;

		put_back();
		operate(take(1));
		for (unsigned int i = 0; i < dev->queue_count; i++) {
			const struct virtq_state *s = &dev->queues[i].state;

			FUZZ_CHECK(!s->enabled || (s->size && s->size <= dev->queue_size));
			FUZZ_CHECK(s->in_flight <= s->size);
			FUZZ_CHECK(!dev->active || dev->status & VIRTIO_CONFIG_S_DRIVER_OK);
		}
	}
	virtio_pci_free(d.transport);
	io_release(&io);
	fd_close(&peer);
	return 0;
}
