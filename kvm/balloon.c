/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All queues carry addresses of the guest's own memory, and memory_discard() takes no other: the
 * worst that a guest can do here is to lose its own pages.
 *
 * Statistics: the driver gives one buffer, which the device keeps until it wants new ones; giving
 * it back is the question, the buffer's coming again the answer.
 */
#include "kvm/balloon.h"

#include <linux/virtio_balloon.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "base/mem.h"

#define QUEUE_SIZE 128
#define PAGE_SHIFT VIRTIO_BALLOON_PFN_SHIFT
#define PAGE_SIZE (1ull << PAGE_SHIFT)
/* Drivers send 256 page numbers at once. */
#define PAGES_MAX 1024
#define STATS_MAX 32

/* Without hints the reporting queue is the fourth in Linux, and the fifth in the specification. */
enum queue { INFLATE, DEFLATE, STATS, REPORTING, REPORTING_BY_SPECIFICATION, QUEUES };

struct balloon {
	struct virtio_device virtio; /* first */
	struct io_source ask; /* eventfd: someone wants statistics */
	bool stats_held;
	struct virtq_chain stats;
	/* Read by other threads, one by one. */
	uint64_t given_back, total, free, available;
};

static void discard(struct balloon *b, uint64_t gpa, uint64_t len)
{
	if (memory_discard(b->virtio.memory, gpa, len) == 0)
		__atomic_fetch_add(&b->given_back, len, __ATOMIC_RELAXED);
}

/* Gives back the pages of an array of page numbers, neighbours at once. */
static void inflate(struct balloon *b, const struct virtq_chain *chain)
{
	uint32_t pages[PAGES_MAX];
	size_t count = virtq_chain_read(chain, 0, pages, sizeof(pages)) / sizeof(pages[0]);
	size_t end;

	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && pages[end] == pages[end - 1] + 1; end++)
			;
		discard(b, (uint64_t)pages[i] << PAGE_SHIFT, (end - i) * PAGE_SIZE);
	}
}

/* The buffers themselves are what is free. */
static void report(struct balloon *b, const struct virtq_chain *chain)
{
	for (unsigned int i = 0; i < chain->writable; i++) {
		const struct iovec *v = &chain->iov[chain->readable + i];
		uintptr_t at = (uintptr_t)v->iov_base;

		if (at % PAGE_SIZE || v->iov_len % PAGE_SIZE)
			continue;
		if (madvise(v->iov_base, v->iov_len, MADV_DONTNEED) == 0)
			__atomic_fetch_add(&b->given_back, v->iov_len, __ATOMIC_RELAXED);
	}
}

static void read_stats(struct balloon *b, const struct virtq_chain *chain)
{
	struct virtio_balloon_stat stats[STATS_MAX];
	size_t count = virtq_chain_read(chain, 0, stats, sizeof(stats)) / sizeof(stats[0]);

	for (size_t i = 0; i < count; i++) {
		uint64_t *to = NULL;

		if (stats[i].tag == VIRTIO_BALLOON_S_MEMTOT)
			to = &b->total;
		else if (stats[i].tag == VIRTIO_BALLOON_S_MEMFREE)
			to = &b->free;
		else if (stats[i].tag == VIRTIO_BALLOON_S_AVAIL)
			to = &b->available;
		if (to)
			__atomic_store_n(to, stats[i].val, __ATOMIC_RELAXED);
	}
}

/* Keeps the buffer; a second one is against the rules and is given back. */
static void hold_stats(struct balloon *b, const struct virtq_chain *chain)
{
	struct virtq *q = &b->virtio.queues[STATS];

	read_stats(b, chain);
	if (b->stats_held)
		virtq_push(q, &b->stats, 0);
	b->stats = *chain;
	b->stats_held = true;
}

static void balloon_process(struct virtio_device *dev, unsigned int index)
{
	struct balloon *b = (struct balloon *)dev;
	struct virtq *q = &dev->queues[index];
	struct virtq_chain chain;

	do {
		virtq_kicks_off(q);
		while (virtq_pop(q, &chain) > 0) {
			if (index == STATS) {
				hold_stats(b, &chain);
				continue;
			}
			if (index == INFLATE)
				inflate(b, &chain);
			else if (index >= REPORTING)
				report(b, &chain);
			virtq_push(q, &chain, 0);
		}
		virtq_notify(q);
	} while (virtq_kicks_on(q));
}

static void asked(struct io_source *source, uint32_t events)
{
	struct balloon *b = source->owner;
	uint64_t count;

	(void)events;
	(void)!read(source->fd, &count, sizeof(count));
	pthread_mutex_lock(&b->virtio.lock);
	if (b->virtio.active && b->stats_held) {
		b->stats_held = false;
		virtq_push(&b->virtio.queues[STATS], &b->stats, 0);
		virtq_notify(&b->virtio.queues[STATS]);
	}
	pthread_mutex_unlock(&b->virtio.lock);
}

static struct virtio_balloon_config *config_of(struct virtio_device *dev)
{
	return (struct virtio_balloon_config *)dev->config;
}

/* The driver says how many pages it has given. */
static void balloon_config_write(
	struct virtio_device *dev, uint32_t offset, const void *data, uint32_t len)
{
	if (offset == offsetof(struct virtio_balloon_config, actual) && len == 4)
		memcpy(&config_of(dev)->actual, data, 4);
}

static void balloon_reset(struct virtio_device *dev)
{
	struct balloon *b = (struct balloon *)dev;

	b->stats_held = false;
	config_of(dev)->actual = 0;
}

static int balloon_init(struct virtio_device *dev, struct io *io, struct err *err)
{
	return io_watch(io, &((struct balloon *)dev)->ask, err);
}

static void balloon_release(struct virtio_device *dev)
{
	fd_close(&((struct balloon *)dev)->ask.fd);
	free(dev);
}

static const struct virtio_device_ops balloon_ops = {
	.name = "balloon",
	.id = VIRTIO_ID_BALLOON,
	.pci_class = 0x00ff00,
	.init = balloon_init,
	.release = balloon_release,
	.reset = balloon_reset,
	.config_write = balloon_config_write,
	.process = balloon_process,
};

struct virtio_device *balloon_new(void)
{
	struct balloon *b = xcalloc(1, sizeof(*b));

	b->virtio.ops = &balloon_ops;
	b->virtio.offered = 1ull << VIRTIO_BALLOON_F_STATS_VQ |
		1ull << VIRTIO_BALLOON_F_DEFLATE_ON_OOM | 1ull << VIRTIO_BALLOON_F_REPORTING;
	/* Up to the number that gives hints, which are not offered. */
	b->virtio.config_len = offsetof(struct virtio_balloon_config, free_page_hint_cmd_id);
	b->virtio.queue_count = QUEUES;
	b->virtio.queue_size = QUEUE_SIZE;
	b->ask = (struct io_source){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.events = EPOLLIN,
		.ready = asked,
		.owner = b };
	return &b->virtio;
}

void balloon_set(struct virtio_device *dev, uint64_t bytes)
{
	uint64_t pages = bytes >> PAGE_SHIFT;

	pthread_mutex_lock(&dev->lock);
	config_of(dev)->num_pages = pages > UINT32_MAX ? UINT32_MAX : pages;
	virtio_config_changed(dev);
	pthread_mutex_unlock(&dev->lock);
}

void balloon_stats(struct virtio_device *dev, struct vm_stats *out_stats)
{
	struct balloon *b = (struct balloon *)dev;
	uint64_t one = 1;

	out_stats->memory_given_back = __atomic_load_n(&b->given_back, __ATOMIC_RELAXED);
	out_stats->guest_total = __atomic_load_n(&b->total, __ATOMIC_RELAXED);
	out_stats->guest_free = __atomic_load_n(&b->free, __ATOMIC_RELAXED);
	out_stats->guest_available = __atomic_load_n(&b->available, __ATOMIC_RELAXED);
	pthread_mutex_lock(&dev->lock);
	out_stats->balloon = (uint64_t)config_of(dev)->actual << PAGE_SHIFT;
	pthread_mutex_unlock(&dev->lock);
	(void)!write(b->ask.fd, &one, sizeof(one));
}
