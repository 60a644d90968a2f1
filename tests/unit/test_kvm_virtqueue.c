// SPDX-License-Identifier: Apache-2.0
/* kvm/virtqueue.c: what a driver may do works, what it may not do breaks the queue and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "kvm/virtqueue.h"
#include "tests/unit/kvm_driver.h"

#define SIZE 8

static struct memory memory;
static struct virtq q;
static struct driver_queue d;
static struct virtq_chain chain;
static unsigned int interrupts;
static const char *why;

static void interrupt(struct virtq *queue)
{
	(void)queue;
	interrupts++;
}

static void broken(struct virtq *queue, const char *reason)
{
	(void)queue;
	why = reason;
}

static const struct virtq_hooks hooks = { interrupt, broken };

static void enable(bool event_idx, bool indirect)
{
	virtq_reset(&q);
	driver_queue_init(&d, &memory, 0, SIZE);
	q.state.size = SIZE;
	q.state.desc = d.gpa_desc;
	q.state.avail = d.gpa_avail;
	q.state.used = d.gpa_used;
	assert_int_equal(virtq_enable(&q, event_idx, indirect), 0);
	interrupts = 0;
	why = NULL;
}

static int setup(void **state)
{
	struct err err;

	(void)state;
	return memory_init(&memory, 64ull << 20, &err) ||
		virtq_init(&q, &memory, 256, &hooks, &err);
}

static int teardown(void **state)
{
	(void)state;
	virtq_release(&q);
	memory_release(&memory);
	return 0;
}

static void chains(void **state)
{
	char buf[32] = "";

	(void)state;
	enable(false, true);
	assert_int_equal(virtq_pop(&q, &chain), 0);
	memcpy(memory_ptr(&memory, DRIVER_BUFFERS, 16), "hello, world", 12);
	driver_desc(&d, 3, DRIVER_BUFFERS, 5, VRING_DESC_F_NEXT, 5);
	driver_desc(&d, 5, DRIVER_BUFFERS + 5, 0, VRING_DESC_F_NEXT, 0);
	driver_desc(&d, 0, DRIVER_BUFFERS + 5, 7, VRING_DESC_F_NEXT, 7);
	driver_desc(&d, 7, DRIVER_BUFFERS + 64, 4, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 6);
	driver_desc(&d, 6, DRIVER_BUFFERS + 128, 4, VRING_DESC_F_WRITE, 0);
	driver_offer(&d, 3);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	assert_int_equal(chain.readable, 2);
	assert_int_equal(chain.writable, 2);
	assert_int_equal(chain.readable_len, 12);
	assert_int_equal(chain.writable_len, 8);
	assert_int_equal(virtq_chain_read(&chain, 3, buf, sizeof(buf)), 9);
	assert_string_equal(buf, "lo, world");
	assert_int_equal(virtq_chain_read(&chain, 12, buf, 1), 0);
	assert_int_equal(virtq_chain_read(&chain, UINT64_MAX, buf, 1), 0);
	assert_int_equal(virtq_chain_write(&chain, 2, "abcdefgh", 8), 6);
	assert_memory_equal(memory_ptr(&memory, DRIVER_BUFFERS + 66, 2), "ab", 2);
	assert_memory_equal(memory_ptr(&memory, DRIVER_BUFFERS + 128, 4), "cdef", 4);
	virtq_push(&q, &chain, 1000);
	assert_int_equal(d.used->idx, 1);
	assert_int_equal(d.used->ring[0].id, 3);
	assert_int_equal(d.used->ring[0].len, 8);
	assert_int_equal(virtq_pop(&q, &chain), 0);
}

static void indirect_tables(void **state)
{
	struct vring_desc *table = memory_ptr(&memory, DRIVER_BUFFERS + 0x1008, 3 * sizeof(*table));

	(void)state;
	enable(false, true);
	/* A buffer, then a table, which need not be aligned. */
	driver_desc(&d, 0, DRIVER_BUFFERS, 4, VRING_DESC_F_NEXT, 1);
	driver_desc(&d, 1, DRIVER_BUFFERS + 0x1008, 48, VRING_DESC_F_INDIRECT, 0);
	table[0] = (struct vring_desc){ DRIVER_BUFFERS + 4, 4, VRING_DESC_F_NEXT, 2 };
	table[2] = (struct vring_desc){ DRIVER_BUFFERS + 8, 4, VRING_DESC_F_WRITE, 0 };
	driver_offer(&d, 0);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	assert_int_equal(chain.readable, 2);
	assert_int_equal(chain.writable, 1);
	virtq_push(&q, &chain, 0);
}

/* Offers a chain of one or two descriptors and expects the queue to break for @reason. */
static void expect_broken(struct vring_desc first, struct vring_desc second, const char *reason)
{
	d.desc[0] = first;
	d.desc[1] = second;
	driver_offer(&d, 0);
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	assert_string_equal(why, reason);
	/* And so it stays. */
	why = NULL;
	assert_int_equal(virtq_pop(&q, &chain), 0);
	assert_null(why);
	virtq_push(&q, &chain, 0);
	assert_int_equal(d.used->idx, 0);
	assert_false(virtq_kicks_on(&q));
}

static void bad_buffers(void **state)
{
	const uint64_t here = DRIVER_BUFFERS, end = 64ull << 20;
	const struct {
		struct vring_desc first, second;
		const char *reason;
	} rows[] = {
		{ { end - 4, 8, 0, 0 }, { 0 }, "buffer outside of memory" },
		{ { end, 1, 0, 0 }, { 0 }, "buffer outside of memory" },
		{ { UINT64_MAX - 3, 8, 0, 0 }, { 0 }, "buffer outside of memory" },
		{ { here, UINT32_MAX, 0, 0 }, { 0 }, "buffer outside of memory" },
		{ { here, 8, VRING_DESC_F_WRITE, 0 }, { 0 }, NULL },
		{ { here, 8, VRING_DESC_F_NEXT, SIZE }, { 0 },
			"descriptor index outside of its table" },
		{ { here, 8, VRING_DESC_F_NEXT, 0xffff }, { 0 },
			"descriptor index outside of its table" },
		{ { here, 8, VRING_DESC_F_NEXT, 0 }, { 0 }, "endless chain" },
		{ { here, 0, VRING_DESC_F_NEXT, 1 }, { here, 0, VRING_DESC_F_NEXT, 0 },
			"endless chain" },
		{ { here, 8, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1 }, { here, 8, 0, 0 },
			"readable buffer behind a writable one" },
		{ { here, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1 }, { 0 },
			"indirect descriptor that goes on" },
		{ { here, 17, VRING_DESC_F_INDIRECT, 0 }, { 0 },
			"indirect table of an odd length" },
		{ { here, 0, VRING_DESC_F_INDIRECT, 0 }, { 0 }, "indirect table of an odd length" },
		{ { end - 16, 32, VRING_DESC_F_INDIRECT, 0 }, { 0 },
			"indirect table outside of memory" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enable(false, true);
		if (rows[i].reason) {
			expect_broken(rows[i].first, rows[i].second, rows[i].reason);
			continue;
		}
		d.desc[0] = rows[i].first;
		driver_offer(&d, 0);
		assert_int_equal(virtq_pop(&q, &chain), 1);
	}
}

static void bad_tables(void **state)
{
	struct vring_desc *table = memory_ptr(&memory, DRIVER_BUFFERS, 32);
	const struct vring_desc first = { DRIVER_BUFFERS, 32, VRING_DESC_F_INDIRECT, 0 };

	(void)state;
	enable(false, false);
	expect_broken(first, first, "indirect descriptor without the feature");
	enable(false, true);
	table[0] = first;
	expect_broken(first, first, "indirect descriptor in an indirect table");
	enable(false, true);
	table[0] = (struct vring_desc){ DRIVER_BUFFERS, 1, VRING_DESC_F_NEXT, 2 };
	expect_broken(first, first, "descriptor index outside of its table");
	enable(false, true);
	table[0] = (struct vring_desc){ DRIVER_BUFFERS, 1, VRING_DESC_F_NEXT, 0 };
	expect_broken(first, first, "endless chain");
}

static void bad_rings(void **state)
{
	(void)state;
	enable(false, true);
	d.avail->idx = SIZE + 1;
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	assert_string_equal(why, "available index jumps");
	enable(false, true);
	driver_offer(&d, SIZE);
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	assert_string_equal(why, "available entry outside of the table");
	/* One descriptor again and again, never used: what a device holds stays bounded. */
	enable(false, true);
	driver_desc(&d, 0, DRIVER_BUFFERS, 4, 0, 0);
	for (unsigned int i = 0; i < SIZE; i++) {
		driver_offer(&d, 0);
		assert_int_equal(virtq_pop(&q, &chain), 1);
	}
	driver_offer(&d, 0);
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	assert_string_equal(why, "more chains than descriptors");
}

static void enabling(void **state)
{
	static const uint16_t sizes[] = { 0, 3, 7, 257, 512, 0x8000, 0xffff };
	const uint64_t end = 64ull << 20;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		virtq_reset(&q);
		q.state.size = sizes[i];
		q.state.desc = q.state.avail = q.state.used = DRIVER_RINGS;
		assert_int_equal(virtq_enable(&q, false, false), -EINVAL);
		assert_int_equal(virtq_pop(&q, &chain), 0);
	}
	const struct {
		uint64_t desc, avail, used;
		int result;
	} rows[] = {
		{ DRIVER_RINGS + 8, DRIVER_RINGS, DRIVER_RINGS, -EINVAL },
		{ DRIVER_RINGS, DRIVER_RINGS + 1, DRIVER_RINGS, -EINVAL },
		{ DRIVER_RINGS, DRIVER_RINGS, DRIVER_RINGS + 2, -EINVAL },
		{ end - 128 + 16, DRIVER_RINGS, DRIVER_RINGS, -EINVAL },
		{ DRIVER_RINGS, end - 20, DRIVER_RINGS, -EINVAL },
		{ DRIVER_RINGS, DRIVER_RINGS, end - 68, -EINVAL },
		{ ~15ull, DRIVER_RINGS, DRIVER_RINGS, -EINVAL },
		{ end - 128, end - 22, end - 72, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		virtq_reset(&q);
		q.state.size = SIZE;
		q.state.desc = rows[i].desc;
		q.state.avail = rows[i].avail;
		q.state.used = rows[i].used;
		assert_int_equal(virtq_enable(&q, false, false), rows[i].result);
	}
	/* Once only. */
	assert_int_equal(virtq_enable(&q, false, false), -EINVAL);
}

static void use(void)
{
	driver_desc(&d, 0, DRIVER_BUFFERS, 4, VRING_DESC_F_WRITE, 0);
	driver_offer(&d, 0);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	virtq_push(&q, &chain, 4);
}

static void interrupts_and_flags(void **state)
{
	(void)state;
	enable(false, false);
	virtq_notify(&q);
	assert_int_equal(interrupts, 0);
	use();
	virtq_notify(&q);
	virtq_notify(&q);
	assert_int_equal(interrupts, 1);
	d.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	use();
	virtq_notify(&q);
	assert_int_equal(interrupts, 1);
	virtq_kicks_off(&q);
	assert_int_equal(d.used->flags, VRING_USED_F_NO_NOTIFY);
	assert_false(virtq_kicks_on(&q));
	assert_int_equal(d.used->flags, 0);
	driver_offer(&d, 0);
	assert_true(virtq_kicks_on(&q));
}

static void interrupts_and_events(void **state)
{
	uint16_t *used_event = &d.avail->ring[SIZE];

	(void)state;
	enable(true, false);
	used_event = &d.avail->ring[SIZE];
	*used_event = 1;
	use();
	virtq_notify(&q);
	assert_int_equal(interrupts, 0);
	use();
	virtq_notify(&q);
	assert_int_equal(interrupts, 1);
	/* Past the end of the index. */
	for (unsigned int i = 2; i < 0x10000; i++)
		use();
	*used_event = 0xffff;
	virtq_notify(&q);
	assert_int_equal(interrupts, 2);
	assert_int_equal(d.used->idx, 0);
	assert_false(virtq_kicks_on(&q));
	assert_int_equal(*(uint16_t *)&d.used->ring[SIZE], 0);
	use();
	assert_false(virtq_kicks_on(&q));
	assert_int_equal(*(uint16_t *)&d.used->ring[SIZE], 1);
}

static void stale_chains(void **state)
{
	(void)state;
	enable(false, false);
	driver_desc(&d, 0, DRIVER_BUFFERS, 4, VRING_DESC_F_WRITE, 0);
	driver_offer(&d, 0);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	enable(false, false);
	virtq_push(&q, &chain, 4);
	virtq_notify(&q);
	assert_int_equal(d.used->idx, 0);
	assert_int_equal(interrupts, 0);
	assert_int_equal(q.state.in_flight, 0);
}

static void filling(void **state)
{
	struct virtq_chain second;

	(void)state;
	enable(false, false);
	driver_desc(&d, 0, DRIVER_BUFFERS, 4, VRING_DESC_F_WRITE, 0);
	driver_desc(&d, 1, DRIVER_BUFFERS, 4, VRING_DESC_F_WRITE, 0);
	driver_offer(&d, 0);
	driver_offer(&d, 1);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	assert_int_equal(virtq_pop(&q, &second), 1);
	virtq_fill(&q, &chain, 4);
	virtq_fill(&q, &second, 2);
	assert_int_equal(d.used->idx, 0);
	virtq_notify(&q);
	assert_int_equal(interrupts, 0);
	virtq_publish(&q);
	assert_int_equal(d.used->idx, 2);
	assert_int_equal(d.used->ring[1].id, 1);
	assert_int_equal(d.used->ring[1].len, 2);
	virtq_notify(&q);
	assert_int_equal(interrupts, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains),
		cmocka_unit_test(indirect_tables),
		cmocka_unit_test(bad_buffers),
		cmocka_unit_test(bad_tables),
		cmocka_unit_test(bad_rings),
		cmocka_unit_test(enabling),
		cmocka_unit_test(interrupts_and_flags),
		cmocka_unit_test(interrupts_and_events),
		cmocka_unit_test(stale_chains),
		cmocka_unit_test(filling),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
