// SPDX-License-Identifier: Apache-2.0
/* kvm/console.c, log-ring.c, rng.c, balloon.c: what they do for a driver, and a driver that lies. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_console.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "kvm/balloon.h"
#include "kvm/console.h"
#include "kvm/rng.h"
#include "tests/unit/kvm_driver.h"

#define SIZE 8

static struct driver d;
static struct io io;
static struct log_ring kernel_log;
static int peer = FD_NONE;

/* Serves what is ready now. */
static void turn(void)
{
	struct epoll_event events[8];
	int n = epoll_wait(io.epoll, events, 8, 0);

	for (int i = 0; i < n; i++) {
		struct io_source *source = events[i].data.ptr;

		source->ready(source, events[i].events);
	}
}

static uint8_t *buffer(unsigned int i)
{
	return memory_ptr(&d.memory, DRIVER_BUFFERS + i * 0x1000ull, 0x1000);
}

/* Gives buffer @i, one for each queue, to queue @i and kicks. */
static void give(unsigned int i, uint32_t len, bool writable)
{
	driver_desc(&d.queues[i], 0, DRIVER_BUFFERS + i * 0x1000ull, len,
		writable ? VRING_DESC_F_WRITE : 0, 0);
	driver_offer(&d.queues[i], 0);
	driver_kick(&d, i);
}

static int used_len(unsigned int i)
{
	const struct vring_used_elem *e = driver_used(&d.queues[i]);

	return e ? (int)e->len : -1;
}

static void begin(struct virtio_device *dev)
{
	struct err err = { 0 };

	assert_int_equal(io_init(&io, &err), 0);
	driver_attach(&d, dev);
	if (dev->ops->init)
		assert_int_equal(dev->ops->init(dev, &io, &err), 0);
	driver_start(&d, UINT64_MAX, SIZE);
}

static int end(void **state)
{
	(void)state;
	driver_detach(&d);
	io_release(&io);
	fd_close(&peer);
	return 0;
}

static int begin_console(void **state)
{
	struct vm_port port = { .name = "agent" };
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	peer = pair[0];
	port.fd = pair[1];
	log_ring_init(&kernel_log, FD_NONE);
	begin(console_new(&port, 1, &kernel_log));
	return 0;
}

static void tell(uint32_t id, uint16_t event, uint16_t value)
{
	*(struct virtio_console_control *)buffer(3) =
		(struct virtio_console_control){ id, event, value };
	give(3, sizeof(struct virtio_console_control), false);
	assert_int_equal(used_len(3), 0);
}

/* The device says this about a port. */
static void expect_told(uint32_t id, uint16_t event, uint16_t value, const char *name)
{
	const struct virtio_console_control *c = (void *)buffer(2);

	give(2, 64, true);
	assert_int_equal(used_len(2), sizeof(*c) + strlen(name));
	assert_int_equal(c->id, id);
	assert_int_equal(c->event, event);
	assert_int_equal(c->value, value);
	assert_memory_equal(c + 1, name, strlen(name));
}

static void console_control(void **state)
{
	(void)state;
	assert_int_equal(driver_read(&d, 0x2004, 4), 2);
	tell(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect_told(0, VIRTIO_CONSOLE_PORT_ADD, 1, "");
	expect_told(1, VIRTIO_CONSOLE_PORT_ADD, 1, "");
	tell(1, VIRTIO_CONSOLE_PORT_READY, 1);
	expect_told(1, VIRTIO_CONSOLE_PORT_NAME, 1, "agent");
	expect_told(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
	tell(0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect_told(0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, "");
	expect_told(0, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
	/* Asking without end costs nothing, and ports that are not there are nobody's. */
	for (unsigned int i = 0; i < 10000; i++)
		tell(i, VIRTIO_CONSOLE_PORT_READY, 1);
	tell(UINT32_MAX, VIRTIO_CONSOLE_PORT_OPEN, 1);
	tell(0, 0xffff, 0xffff);
	expect_told(0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, "");
	expect_told(0, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
	expect_told(1, VIRTIO_CONSOLE_PORT_NAME, 1, "agent");
	expect_told(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
	give(2, 64, true);
	assert_int_equal(used_len(2), -1);
	/* Half a message. */
	give(3, 3, false);
	assert_int_equal(used_len(3), 0);
}

static void console_streams(void **state)
{
	char buf[64] = "";

	(void)state;
	/* To the guest: only once it has opened its end. */
	assert_int_equal(write(peer, "early", 5), 5);
	turn();
	give(4, 3, true);
	turn();
	assert_int_equal(used_len(4), -1);
	tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(used_len(4), 3);
	assert_memory_equal(buffer(4), "ear", 3);
	give(4, 64, true);
	assert_int_equal(used_len(4), 2);
	/* A buffer waits for what comes. */
	give(4, 64, true);
	assert_int_equal(used_len(4), -1);
	assert_int_equal(write(peer, "later", 5), 5);
	turn();
	assert_int_equal(used_len(4), 5);
	/* A buffer that cannot be written is given back and loses nothing. */
	assert_int_equal(write(peer, "more", 4), 4);
	give(4, 64, false);
	assert_int_equal(used_len(4), 0);
	give(4, 64, true);
	assert_int_equal(used_len(4), 4);
	/* From the guest. */
	memcpy(buffer(5), "from the guest", 14);
	give(5, 14, false);
	assert_int_equal(used_len(5), 0);
	assert_int_equal(read(peer, buf, sizeof(buf)), 14);
	assert_string_equal(buf, "from the guest");
}

static void console_full(void **state)
{
	static char buf[1 << 20];
	size_t sent = 0, got = 0;

	(void)state;
	tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	memset(buffer(5), 'x', 0x1000);
	for (;; sent += 0x1000) {
		give(5, 0x1000, false);
		if (used_len(5) < 0)
			break;
		assert_true(sent < sizeof(buf));
	}
	sent += 0x1000;
	/* The one that waits goes on when there is room. */
	while (used_len(5) < 0) {
		ssize_t n = recv(peer, buf, sizeof(buf), MSG_DONTWAIT);

		assert_true(n > 0);
		got += n;
		turn();
	}
	for (ssize_t n; (n = recv(peer, buf, sizeof(buf), MSG_DONTWAIT)) > 0;)
		got += n;
	assert_int_equal(got, sent);
}

static void console_ends(void **state)
{
	(void)state;
	tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	give(4, 64, true);
	assert_int_equal(write(peer, "last", 4), 4);
	fd_close(&peer);
	turn();
	assert_int_equal(used_len(4), 4);
	give(4, 64, true);
	turn();
	expect_told(1, VIRTIO_CONSOLE_PORT_OPEN, 0, "");
	/* What the guest says now is thrown away. */
	give(5, 64, false);
	assert_int_equal(used_len(5), 0);
	/* A reset in the middle of it all. */
	driver_start(&d, UINT64_MAX, SIZE);
	give(5, 64, false);
	assert_int_equal(used_len(5), 0);
}

static void console_reset_while_full(void **state)
{
	(void)state;
	memset(buffer(5), 'x', 0x1000);
	do
		give(5, 0x1000, false);
	while (used_len(5) == 0);
	driver_start(&d, UINT64_MAX, SIZE);
	turn();
	assert_int_equal(d.queues[5].used->idx, 0);
	give(5, 0x1000, false);
	assert_int_equal(used_len(5), -1);
}

static void kernel_log_ring(void **state)
{
	char tail[64];

	(void)state;
	memcpy(buffer(1), "[1.0] line\r\n\x1b[31mred", 20);
	give(1, 20, false);
	assert_int_equal(used_len(1), 0);
	assert_int_equal(log_ring_tail(&kernel_log, tail, sizeof(tail)), 19);
	assert_string_equal(tail, "[1.0] line\n?[31mred");
	assert_int_equal(log_ring_tail(&kernel_log, tail, 4), 3);
	assert_string_equal(tail, "red");
	for (unsigned int i = 0; i < 100; i++) {
		memset(buffer(1), 'a' + i % 26, 0x1000);
		give(1, 0x1000, false);
		assert_int_equal(used_len(1), 0);
	}
	log_ring_tail(&kernel_log, tail, 9);
	assert_string_equal(tail, "vvvvvvvv");
}

static void copied_log(void **state)
{
	static char big[200000], back[300000];
	struct log_ring ring;
	int fds[2];

	(void)state;
	/* A pipe that nobody reads takes what it can and stops nobody. */
	assert_int_equal(pipe(fds), 0);
	log_ring_init(&ring, fds[1]);
	memset(big, 'b', sizeof(big));
	log_ring_add(&ring, big, sizeof(big));
	log_ring_add(&ring, big, sizeof(big));
	assert_true(ring.total == 2 * sizeof(big));
	assert_int_equal(read(fds[0], back, sizeof(back)), 65536);
	close(fds[0]);
	close(fds[1]);
}

static int begin_rng(void **state)
{
	(void)state;
	begin(rng_new());
	return 0;
}

static void entropy(void **state)
{
	static const uint8_t none[64];

	(void)state;
	give(0, 64, true);
	assert_int_equal(used_len(0), 64);
	assert_memory_not_equal(buffer(0), none, 64);
	give(0, 0x1000, true);
	assert_int_equal(used_len(0), 256);
	give(0, 64, false);
	assert_int_equal(used_len(0), 0);
}

static struct virtio_device *balloon;

static int begin_balloon(void **state)
{
	(void)state;
	balloon = balloon_new();
	begin(balloon);
	return 0;
}

static void balloon_pages(void **state)
{
	uint8_t *pages = memory_ptr(&d.memory, 0x2000000, 16 * 4096);
	uint32_t *list = (uint32_t *)buffer(0);
	struct vm_stats stats;

	(void)state;
	memset(pages, 1, 16 * 4096);
	/* Three neighbours, one alone, and some that are not the guest's. */
	list[0] = 0x2000;
	list[1] = 0x2001;
	list[2] = 0x2002;
	list[3] = 0x2008;
	list[4] = 0xffffffff;
	list[5] = 0x4000;
	give(0, 6 * 4 + 3, false);
	assert_int_equal(used_len(0), 0);
	assert_int_equal(pages[0] + pages[4096] + pages[2 * 4096] + pages[8 * 4096], 0);
	assert_int_equal(pages[3 * 4096], 1);
	assert_int_equal(pages[9 * 4096], 1);
	balloon_stats(balloon, &stats);
	assert_true(stats.memory_given_back == 4 * 4096);
	/* Reported free pages: the buffers themselves, whole pages only. */
	driver_desc(&d.queues[3], 0, 0x2003000, 4096, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	driver_desc(&d.queues[3], 1, 0x2004800, 4096, VRING_DESC_F_WRITE, 0);
	driver_offer(&d.queues[3], 0);
	driver_kick(&d, 3);
	assert_int_equal(used_len(3), 0);
	assert_int_equal(pages[3 * 4096], 0);
	assert_int_equal(pages[4 * 4096 + 0x800], 1);
	/* A size to reach. */
	balloon_set(balloon, 8 << 20);
	assert_int_equal(driver_read(&d, 0x2000, 4), 2048);
	driver_write(&d, 0x2000, 1, 4);
	assert_int_equal(driver_read(&d, 0x2000, 4), 2048);
	driver_write(&d, 0x2004, 100, 4);
	balloon_stats(balloon, &stats);
	assert_true(stats.balloon == 100 * 4096);
}

static void balloon_statistics(void **state)
{
	struct virtio_balloon_stat *s = (void *)buffer(2);
	struct vm_stats stats;

	(void)state;
	s[0] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_MEMTOT, 1000 };
	s[1] = (struct virtio_balloon_stat){ 0xfff, 7 };
	s[2] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_AVAIL, 600 };
	give(2, 30, false);
	assert_int_equal(used_len(2), -1);
	balloon_stats(balloon, &stats);
	assert_true(stats.guest_total == 1000 && stats.guest_available == 600);
	/* Which asks for newer ones. */
	turn();
	assert_int_equal(used_len(2), 0);
	/* A guest that gives buffers all the time holds no more than one here. */
	for (unsigned int i = 0; i < 100; i++)
		give(2, 10, false);
	assert_int_equal(balloon->queues[2].state.in_flight, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(console_control, begin_console, end),
		cmocka_unit_test_setup_teardown(console_streams, begin_console, end),
		cmocka_unit_test_setup_teardown(console_full, begin_console, end),
		cmocka_unit_test_setup_teardown(console_ends, begin_console, end),
		cmocka_unit_test_setup_teardown(console_reset_while_full, begin_console, end),
		cmocka_unit_test_setup_teardown(kernel_log_ring, begin_console, end),
		cmocka_unit_test(copied_log),
		cmocka_unit_test_setup_teardown(entropy, begin_rng, end),
		cmocka_unit_test_setup_teardown(balloon_pages, begin_balloon, end),
		cmocka_unit_test_setup_teardown(balloon_statistics, begin_balloon, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
