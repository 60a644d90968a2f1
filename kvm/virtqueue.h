/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7), written for a hostile driver: each
 * field of the rings is read once, each descriptor is copied and then checked, each range is
 * resolved by memory_ptr(), a chain is never longer than its queue.  What breaks a rule marks the
 * queue broken and tells the device (DEVICE_NEEDS_RESET): nothing is popped until the driver resets
 * the device.
 *
 * Any thread may pop and push: the queue locks itself.  A chain that was popped before a reset is
 * known by its generation, and pushing it does nothing.
 */
#pragma once

#include <linux/virtio_ring.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "kvm/memory.h"

/* A queue's largest size; a power of two, and what readv(2) takes at once. */
#define VIRTQ_SIZE_MAX 1024
/* MSI-X vector of a queue that has none (VIRTIO_MSI_NO_VECTOR). */
#define VIRTQ_NO_VECTOR 0xffff

/* A descriptor chain: copied, checked, resolved.  The buffers are still the guest's memory. */
struct virtq_chain {
	uint16_t head;
	uint32_t generation;
	/* iov[0 .. readable-1] is what the device reads, iov[readable .. readable+writable-1] what it
	 * writes.  Buffers of length 0 have been left out. */
	unsigned int readable, writable;
	uint64_t readable_len, writable_len; /* bytes */
	struct iovec iov[VIRTQ_SIZE_MAX];
};

struct virtq;

/* What a queue tells its device and transport; called with the queue unlocked. */
struct virtq_hooks {
	void (*interrupt)(struct virtq *q);
	void (*broken)(struct virtq *q, const char *why);
};

/* Plain data: what a snapshot of a queue has to hold. */
struct virtq_state {
	uint16_t size; /* of the driver's choice: a power of two, 1 .. size_max */
	uint16_t vector; /* MSI-X vector, or VIRTQ_NO_VECTOR */
	bool enabled;
	bool broken;
	bool event_idx, indirect; /* negotiated features */
	uint64_t desc, avail, used; /* guest-physical addresses */
	uint16_t next_avail; /* the entry of the available ring to pop next, modulo 2^16 */
	uint16_t next_used; /* the used ring's entry to fill next, modulo 2^16 */
	uint16_t signalled; /* published at the last decision about an interrupt */
	uint16_t published; /* the used ring's index as the driver sees it */
	uint16_t in_flight; /* chains that were popped and not pushed; at most size */
	uint32_t generation; /* counts resets */
};

struct virtq {
	struct virtq_state state;
	const struct memory *memory; /* borrowed */
	const struct virtq_hooks *hooks;
	void *device; /* the struct virtio_device it belongs to */
	uint16_t index; /* among its device's queues */
	uint16_t size_max;
	int kick; /* eventfd: the driver has made buffers available; owned */
	/* Host pointers of the rings, resolved when enabled. */
	const struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	pthread_mutex_t lock;
};

/* @size_max: a power of two up to VIRTQ_SIZE_MAX.  Makes the kick eventfd. */
int virtq_init(struct virtq *q, const struct memory *memory, uint16_t size_max,
	const struct virtq_hooks *hooks, struct err *err) MUST_USE;
void virtq_release(struct virtq *q);

/* For the transport: back to the state after power on; chains that are under way become stale. */
void virtq_reset(struct virtq *q);
/*
 * For the transport: the driver enables the queue.  Checks size, alignment and that all three rings
 * lie in memory.  -EINVAL leaves it disabled.
 */
int virtq_enable(struct virtq *q, bool event_idx, bool indirect);

/*
 * Takes the next chain.  1: @chain is filled; 0: nothing there (or not enabled); -EPROTO: the
 * driver broke a rule, the queue is now broken and the device told.  Every chain that was popped is
 * given back with virtq_push(); the queue holds the driver to its size of chains under way.
 */
int virtq_pop(struct virtq *q, struct virtq_chain *chain) MUST_USE;

/*
 * Gives a chain back, @written bytes (from the front of its writable part) having been written;
 * more than its writable length is cut.  Does nothing for a chain from before a reset.  The driver
 * sees it at once, and is interrupted only by virtq_notify().
 */
void virtq_push(struct virtq *q, const struct virtq_chain *chain, uint32_t written);

/*
 * virtq_push() in two steps, for what the driver must see at once (a packet over several chains):
 * fill each, then publish all.  Only for a queue that one thread pushes to.
 */
void virtq_fill(struct virtq *q, const struct virtq_chain *chain, uint32_t written);
void virtq_publish(struct virtq *q);

/* Interrupts the driver if something was pushed since the last call and the driver wants to know. */
void virtq_notify(struct virtq *q);

/*
 * Asks the driver not to kick while the device is busy with the queue.  virtq_kicks_on() returns
 * true when a chain came meanwhile: go on popping.  The way to empty a queue:
 *
 *	do {
 *		virtq_kicks_off(q);
 *		while (virtq_pop(q, &chain) > 0)
 *			... virtq_push(q, &chain, written);
 *		virtq_notify(q);
 *	} while (virtq_kicks_on(q));
 */
void virtq_kicks_off(struct virtq *q);
bool virtq_kicks_on(struct virtq *q) MUST_USE;

/*
 * Copies up to @len bytes from @offset of the readable part, or to @offset of the writable part.
 * Returns the bytes copied: less than @len at the end of the part.
 */
size_t virtq_chain_read(const struct virtq_chain *chain, uint64_t offset, void *buf, size_t len);
size_t virtq_chain_write(
	const struct virtq_chain *chain, uint64_t offset, const void *buf, size_t len);
