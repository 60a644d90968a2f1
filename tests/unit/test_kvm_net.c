// SPDX-License-Identifier: Apache-2.0
/* kvm/net.c: frames both ways, a driver without buffers, a driver that lies.  A datagram socket stands
 * for the tap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "kvm/net.h"
#include "tests/unit/kvm_driver.h"

#define SIZE 64
#define HEADER 12
#define RX 0
#define TX 1
#define MRG (1ull << VIRTIO_NET_F_MRG_RXBUF)

static struct driver d;
static struct io io;
static int peer = FD_NONE;

/* Serves what is ready now, as often as it takes. */
static void turn(void)
{
	for (int i = 0; i < 20; i++) {
		struct epoll_event events[8];
		int n = epoll_wait(io.epoll, events, 8, 0);

		for (int k = 0; k < n; k++) {
			struct io_source *source = events[k].data.ptr;

			source->ready(source, events[k].events);
		}
	}
}

static void start(uint64_t features)
{
	struct vm_net_config config = { .mac = { 2, 3, 4, 5, 6, 7 }, .mtu = 1400 };
	struct err err = { 0 };
	int ends[2], size = 1 << 20;

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	peer = ends[0];
	config.tap_fd = ends[1];
	assert_int_equal(io_init(&io, &err), 0);
	driver_attach(&d, net_new(&config));
	assert_int_equal(d.transport->dev->ops->init(d.transport->dev, &io, &err), 0);
	driver_start(&d, features, SIZE);
}

static int begin(void **state)
{
	(void)state;
	start(UINT64_MAX);
	return 0;
}

static int end(void **state)
{
	(void)state;
	driver_detach(&d);
	io_release(&io);
	fd_close(&peer);
	return 0;
}

static uint8_t *buffer(unsigned int i)
{
	return memory_ptr(&d.memory, DRIVER_BUFFERS + i * 0x20000ull, 0x20000);
}

/* Offers buffer @i of @len bytes to queue @q. */
static void offer(unsigned int q, uint16_t i, uint32_t len)
{
	driver_desc(&d.queues[q], i, DRIVER_BUFFERS + i * 0x20000ull, len,
		q == RX ? VRING_DESC_F_WRITE : 0, 0);
	driver_offer(&d.queues[q], i);
}

/* A frame from the network, header before it; every byte tells where it is. */
static void arrive(size_t len)
{
	uint8_t *frame = calloc(1, HEADER + len);

	for (size_t i = 0; i < len; i++)
		frame[HEADER + i] = (uint8_t)(i * 3 + i / 256);
	assert_int_equal(send(peer, frame, HEADER + len, 0), HEADER + len);
	free(frame);
}

static void check_bytes(const uint8_t *data, size_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(data[i], (uint8_t)((from + i) * 3 + (from + i) / 256));
}

static uint32_t used_len(unsigned int q)
{
	const struct vring_used_elem *e = driver_used(&d.queues[q]);

	return e ? e->len : UINT32_MAX;
}

static void what_the_driver_is_told(void **state)
{
	struct virtio_net_config config;

	(void)state;
	memcpy(&config, d.transport->dev->config, sizeof(config));
	assert_memory_equal(config.mac, "\2\3\4\5\6\7", 6);
	assert_int_equal(config.mtu, 1400);
	assert_int_equal(config.status, VIRTIO_NET_S_LINK_UP);
}

static void a_frame_in_one_buffer(void **state)
{
	(void)state;
	offer(RX, 0, 2000);
	driver_kick(&d, RX);
	arrive(100);
	turn();
	assert_int_equal(used_len(RX), HEADER + 100);
	check_bytes(buffer(0) + HEADER, 0, 100);
	assert_int_equal(buffer(0)[10], 1); /* num_buffers */
	assert_true(d.interrupts > 0);
}

static void a_frame_over_many_buffers(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 50; i++)
		offer(RX, i, 1536);
	driver_kick(&d, RX);
	arrive(60000);
	turn();
	assert_int_equal(d.queues[RX].used->idx, 40); /* 60012 / 1536 */
	assert_int_equal(buffer(0)[10], 40);
	assert_int_equal(used_len(RX), 1536);
	check_bytes(buffer(0) + HEADER, 0, 1536 - HEADER);
	check_bytes(buffer(1), 1536 - HEADER, 1536);
	for (int i = 0; i < 38; i++)
		assert_int_equal(used_len(RX), 1536);
	assert_int_equal(used_len(RX), 60012 - 39 * 1536);
}

/* FC CVE-2020-16843: what waits must come when there is room, and nothing is lost meanwhile. */
static void frames_wait_for_buffers(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		arrive(100);
	arrive(3000);
	turn();
	assert_int_equal(d.queues[RX].used->idx, 0);
	for (uint16_t i = 0; i < 6; i++) {
		offer(RX, i, 1600);
		driver_kick(&d, RX);
		turn();
		/* The last frame wants two. */
		assert_int_equal(d.queues[RX].used->idx, i < 5 ? i + 1 : 5);
	}
	offer(RX, 6, 1600);
	driver_kick(&d, RX);
	turn();
	assert_int_equal(d.queues[RX].used->idx, 7);
	check_bytes(buffer(5) + HEADER, 0, 1588);
	check_bytes(buffer(6), 1588, 3000 - 1588);
}

static void without_merging_a_frame_has_one_buffer(void **state)
{
	(void)state;
	end(NULL);
	start(UINT64_MAX & ~MRG);
	offer(RX, 0, 1000);
	offer(RX, 1, 65562);
	driver_kick(&d, RX);
	arrive(3000); /* too long for the first: dropped, with its buffer */
	arrive(3001);
	turn();
	assert_int_equal(used_len(RX), 0);
	assert_int_equal(used_len(RX), HEADER + 3001);
	check_bytes(buffer(1) + HEADER, 0, 3001);
}

static void tiny_buffers_hold_no_header(void **state)
{
	(void)state;
	offer(RX, 0, 5);
	offer(RX, 1, 2000);
	driver_kick(&d, RX);
	arrive(100);
	arrive(101);
	turn();
	assert_int_equal(used_len(RX), 0);
	assert_int_equal(used_len(RX), HEADER + 101);
	/* More of them than a frame may take: it is dropped, the next one comes. */
	for (uint16_t i = 2; i < 60; i++)
		offer(RX, i, 12);
	offer(RX, 60, 12), offer(RX, 61, 12), offer(RX, 62, 12), offer(RX, 63, 12);
	offer(RX, 0, 12), offer(RX, 1, 12);
	driver_kick(&d, RX);
	arrive(2000);
	turn();
	assert_int_equal(d.queues[RX].used->idx, 2 + 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(used_len(RX), 0);
	offer(RX, 2, 2000);
	driver_kick(&d, RX);
	arrive(50);
	turn();
	assert_int_equal(used_len(RX), HEADER + 50);
}

static void frames_are_sent(void **state)
{
	static uint8_t got[70000];

	(void)state;
	memset(buffer(0), 0x5a, 1000);
	offer(TX, 0, 1000);
	/* In three parts: header, and two of the frame. */
	driver_desc(&d.queues[TX], 1, DRIVER_BUFFERS, HEADER, VRING_DESC_F_NEXT, 2);
	driver_desc(&d.queues[TX], 2, DRIVER_BUFFERS + 100, 30, VRING_DESC_F_NEXT, 3);
	driver_desc(&d.queues[TX], 3, DRIVER_BUFFERS + 200, 50, 0, 0);
	driver_offer(&d.queues[TX], 1);
	driver_kick(&d, TX);
	assert_int_equal(recv(peer, got, sizeof(got), 0), 1000);
	assert_int_equal(got[999], 0x5a);
	assert_int_equal(recv(peer, got, sizeof(got), 0), HEADER + 80);
	assert_int_equal(used_len(TX), 0);
	assert_int_equal(used_len(TX), 0);
}

static void frames_that_are_none(void **state)
{
	static uint8_t got[70000];

	(void)state;
	offer(TX, 0, 5); /* not even a header */
	offer(TX, 1, HEADER);
	offer(TX, 2, 0x20000); /* longer than any */
	driver_kick(&d, TX);
	assert_int_equal(recv(peer, got, sizeof(got), 0), -1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(used_len(TX), 0); /* given back all the same */
	/* Writable where it is to be read; beyond the memory. */
	driver_desc(&d.queues[TX], 3, DRIVER_BUFFERS, 100, VRING_DESC_F_WRITE, 0);
	driver_offer(&d.queues[TX], 3);
	driver_kick(&d, TX);
	assert_int_equal(recv(peer, got, sizeof(got), 0), -1);
	driver_desc(&d.queues[TX], 4, 1ull << 60, 100, 0, 0);
	driver_offer(&d.queues[TX], 4);
	driver_kick(&d, TX);
	assert_true(d.transport->dev->status & VIRTIO_CONFIG_S_NEEDS_RESET);
	/* After a reset it works again. */
	driver_start(&d, UINT64_MAX, SIZE);
	offer(TX, 0, 500);
	driver_kick(&d, TX);
	assert_int_equal(recv(peer, got, sizeof(got), 0), 500);
}

static void a_reset_in_the_middle_of_a_frame(void **state)
{
	(void)state;
	offer(RX, 0, 1536);
	driver_kick(&d, RX);
	arrive(3000);
	turn();
	assert_int_equal(d.queues[RX].used->idx, 0);
	driver_start(&d, UINT64_MAX, SIZE);
	offer(RX, 0, 1536);
	driver_kick(&d, RX);
	arrive(200);
	turn();
	assert_int_equal(d.queues[RX].used->idx, 1);
	assert_int_equal(used_len(RX), HEADER + 200);
}

/* A flood of one queue is cut into turns. */
static void floods_come_in_turns(void **state)
{
	static uint8_t got[70000];
	unsigned int sent = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint16_t i = 0; i < SIZE; i++)
			offer(TX, i, 100);
		driver_kick(&d, TX);
		while (recv(peer, got, sizeof(got), 0) > 0)
			sent++;
	}
	assert_int_equal(sent, 2 * SIZE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(what_the_driver_is_told),
		T(a_frame_in_one_buffer),
		T(a_frame_over_many_buffers),
		T(frames_wait_for_buffers),
		T(without_merging_a_frame_has_one_buffer),
		T(tiny_buffers_hold_no_header),
		T(frames_are_sent),
		T(frames_that_are_none),
		T(a_reset_in_the_middle_of_a_frame),
		T(floods_come_in_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
