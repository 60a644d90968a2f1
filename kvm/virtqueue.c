/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the driver owns the descriptor table and the available ring, the device the
 * used ring; all three lie in guest memory that the driver can write at any time.  So the device
 * keeps its own indices and never reads back what it wrote; of the driver's fields each is loaded
 * once, with an atomic load or into a copy, and only the copy is looked at.
 *
 * Nothing here trusts a length: an index is below the size of its table, a chain has at most
 * VIRTQ_SIZE_MAX descriptors, there is one level of indirection, and at most `size` chains are
 * under way, which bounds what a device can be made to hold.
 */
#include "kvm/virtqueue.h"

#include <string.h>
#include <sys/eventfd.h>

#include "base/mem.h"
#include "kvm/iov.h"

int virtq_init(struct virtq *q, const struct memory *memory, uint16_t size_max,
	const struct virtq_hooks *hooks, struct err *err)
{
	*q = (struct virtq){
		.memory = memory, .hooks = hooks, .size_max = size_max, .kick = FD_NONE
	};
	pthread_mutex_init(&q->lock, NULL);
	virtq_reset(q);
	q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->kick < 0)
		return err_sys(err, errno, "eventfd of a virtqueue");
	return 0;
}

void virtq_release(struct virtq *q)
{
	fd_close(&q->kick);
	pthread_mutex_destroy(&q->lock);
}

void virtq_reset(struct virtq *q)
{
	uint64_t count;

	pthread_mutex_lock(&q->lock);
	q->state = (struct virtq_state){
		.size = q->size_max,
		.vector = VIRTQ_NO_VECTOR,
		.generation = q->state.generation + 1,
	};
	q->desc = NULL;
	q->avail = NULL;
	q->used = NULL;
	/* A kick of the time before means nothing to the next driver. */
	if (q->kick >= 0)
		(void)!read(q->kick, &count, sizeof(count));
	pthread_mutex_unlock(&q->lock);
}

/* A ring of the driver's: aligned, and wholly in memory; else NULL. */
static void *ring(const struct virtq *q, uint64_t gpa, uint64_t len, uint64_t align)
{
	return gpa & (align - 1) ? NULL : memory_ptr(q->memory, gpa, len);
}

int virtq_enable(struct virtq *q, bool event_idx, bool indirect)
{
	struct virtq_state *s = &q->state;
	uint64_t size;
	int r = -EINVAL;

	pthread_mutex_lock(&q->lock);
	size = s->size;
	if (!size || size > q->size_max || size & (size - 1) || s->enabled)
		goto out;
	/* 2.7: each ring has flags, index, and the field of the other side's event index. */
	q->desc = ring(q, s->desc, size * sizeof(struct vring_desc), VRING_DESC_ALIGN_SIZE);
	q->avail = ring(q, s->avail, 6 + size * sizeof(uint16_t), VRING_AVAIL_ALIGN_SIZE);
	q->used =
		ring(q, s->used, 6 + size * sizeof(struct vring_used_elem), VRING_USED_ALIGN_SIZE);
	if (!q->desc || !q->avail || !q->used)
		goto out;
	s->event_idx = event_idx;
	s->indirect = indirect;
	s->enabled = true;
	r = 0;
out:
	pthread_mutex_unlock(&q->lock);
	return r;
}

static bool usable(const struct virtq *q)
{
	return q->state.enabled && !q->state.broken;
}

/* The event indices lie behind the rings' entries. */
static uint16_t *used_event(const struct virtq *q)
{
	return &q->avail->ring[q->state.size];
}

static uint16_t *avail_event(const struct virtq *q)
{
	return (uint16_t *)&q->used->ring[q->state.size];
}

/* Where a walk along a chain is: in the queue's table, or in one indirect table. */
struct walk {
	const struct vring_desc *table;
	uint32_t length; /* entries of the table */
	bool indirect;
};

static struct vring_desc copy_desc(const struct walk *walk, uint32_t index)
{
	struct vring_desc d;

	/* An indirect table need not be aligned. */
	memcpy(&d, &walk->table[index], sizeof(d));
	/* The copy is made here; the compiler must not go back to the guest's memory for it. */
	__asm__ volatile("" : "+m"(d) : : "memory");
	return d;
}

/* Enters the table that @d points to.  Returns what is wrong, or NULL. */
static const char *enter_indirect(
	const struct virtq *q, const struct vring_desc *d, struct walk *walk)
{
	if (!q->state.indirect)
		return "indirect descriptor without the feature";
	if (walk->indirect)
		return "indirect descriptor in an indirect table";
	if (d->flags & VRING_DESC_F_NEXT)
		return "indirect descriptor that goes on";
	if (!d->len || d->len % sizeof(struct vring_desc))
		return "indirect table of an odd length";
	walk->table = memory_ptr(q->memory, d->addr, d->len);
	walk->length = d->len / sizeof(struct vring_desc);
	walk->indirect = true;
	return walk->table ? NULL : "indirect table outside of memory";
}

static const char *add_buffer(
	const struct virtq *q, const struct vring_desc *d, struct virtq_chain *chain)
{
	void *host = memory_ptr(q->memory, d->addr, d->len);
	struct iovec *iov = &chain->iov[chain->readable + chain->writable];

	if (d->len && !host)
		return "buffer outside of memory";
	if (!(d->flags & VRING_DESC_F_WRITE) && chain->writable)
		return "readable buffer behind a writable one";
	if (!d->len)
		return NULL;
	*iov = (struct iovec){ host, d->len };
	if (d->flags & VRING_DESC_F_WRITE) {
		chain->writable++;
		chain->writable_len += d->len;
	} else {
		chain->readable++;
		chain->readable_len += d->len;
	}
	return NULL;
}

/* Copies the chain that begins at @head.  Returns what is wrong with it, or NULL. */
static const char *copy_chain(const struct virtq *q, uint16_t head, struct virtq_chain *chain)
{
	struct walk walk = { q->desc, q->state.size, false };
	uint32_t index = head;
	const char *why;

	chain->head = head;
	chain->generation = q->state.generation;
	chain->readable = chain->writable = 0;
	chain->readable_len = chain->writable_len = 0;
	for (unsigned int steps = 0; steps < VIRTQ_SIZE_MAX; steps++) {
		struct vring_desc d;

		if (index >= walk.length)
			return "descriptor index outside of its table";
		d = copy_desc(&walk, index);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			why = enter_indirect(q, &d, &walk);
			if (why)
				return why;
			index = 0;
			continue;
		}
		why = add_buffer(q, &d, chain);
		if (why)
			return why;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return NULL;
		index = d.next;
	}
	return "endless chain";
}

/* Returns what is wrong, or NULL; *@out_found says whether there is a chain. */
static const char *pop_locked(struct virtq *q, struct virtq_chain *chain, bool *out_found)
{
	struct virtq_state *s = &q->state;
	uint16_t waiting, head;
	const char *why;

	*out_found = false;
	if (!usable(q))
		return NULL;
	/* Acquire: the ring's entries and descriptors are read after the index. */
	waiting = __atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE) - s->next_avail;
	if (!waiting)
		return NULL;
	if (waiting > s->size)
		return "available index jumps";
	if (s->in_flight >= s->size)
		return "more chains than descriptors";
	head = __atomic_load_n(&q->avail->ring[s->next_avail & (s->size - 1)], __ATOMIC_RELAXED);
	if (head >= s->size)
		return "available entry outside of the table";
	why = copy_chain(q, head, chain);
	if (why)
		return why;
	s->next_avail++;
	s->in_flight++;
	*out_found = true;
	return NULL;
}

int virtq_pop(struct virtq *q, struct virtq_chain *chain)
{
	const char *why;
	bool found;

	pthread_mutex_lock(&q->lock);
	why = pop_locked(q, chain, &found);
	if (why)
		q->state.broken = true;
	pthread_mutex_unlock(&q->lock);
	if (!why)
		return found;
	q->hooks->broken(q, why);
	return -EPROTO;
}

static void fill_locked(struct virtq *q, const struct virtq_chain *chain, uint32_t written)
{
	struct virtq_state *s = &q->state;
	struct vring_used_elem *entry;

	if (!usable(q) || chain->generation != s->generation)
		return;
	entry = &q->used->ring[s->next_used++ & (s->size - 1)];
	entry->id = chain->head;
	entry->len = written < chain->writable_len ? written : chain->writable_len;
	s->in_flight--;
}

static void publish_locked(struct virtq *q)
{
	struct virtq_state *s = &q->state;

	if (!usable(q) || s->published == s->next_used)
		return;
	s->published = s->next_used;
	/* Release: the driver sees the entries, and the buffers' content, before the index. */
	__atomic_store_n(&q->used->idx, s->published, __ATOMIC_RELEASE);
}

void virtq_push(struct virtq *q, const struct virtq_chain *chain, uint32_t written)
{
	pthread_mutex_lock(&q->lock);
	fill_locked(q, chain, written);
	publish_locked(q);
	pthread_mutex_unlock(&q->lock);
}

void virtq_fill(struct virtq *q, const struct virtq_chain *chain, uint32_t written)
{
	pthread_mutex_lock(&q->lock);
	fill_locked(q, chain, written);
	pthread_mutex_unlock(&q->lock);
}

void virtq_publish(struct virtq *q)
{
	pthread_mutex_lock(&q->lock);
	publish_locked(q);
	pthread_mutex_unlock(&q->lock);
}

/* Does the driver want to hear of what was pushed since the last decision?  (2.7.7) */
static bool wants_interrupt(struct virtq *q)
{
	struct virtq_state *s = &q->state;
	uint16_t old = s->signalled;

	if (!usable(q) || old == s->published)
		return false;
	s->signalled = s->published;
	/* The index that was published and the driver's answer to it: a store before a load. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (s->event_idx)
		return vring_need_event(
			__atomic_load_n(used_event(q), __ATOMIC_RELAXED), s->published, old);
	return !(__atomic_load_n(&q->avail->flags, __ATOMIC_RELAXED) & VRING_AVAIL_F_NO_INTERRUPT);
}

void virtq_notify(struct virtq *q)
{
	bool wanted;

	pthread_mutex_lock(&q->lock);
	wanted = wants_interrupt(q);
	pthread_mutex_unlock(&q->lock);
	if (wanted)
		q->hooks->interrupt(q);
}

void virtq_kicks_off(struct virtq *q)
{
	pthread_mutex_lock(&q->lock);
	/* With event indices nothing is to be said: the driver kicks when its index passes the one
	 * that virtq_kicks_on() wrote. */
	if (usable(q) && !q->state.event_idx)
		__atomic_store_n(&q->used->flags, VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&q->lock);
}

bool virtq_kicks_on(struct virtq *q)
{
	bool more = false;

	pthread_mutex_lock(&q->lock);
	if (usable(q)) {
		if (q->state.event_idx)
			__atomic_store_n(avail_event(q), q->state.next_avail, __ATOMIC_RELAXED);
		else
			__atomic_store_n(&q->used->flags, 0, __ATOMIC_RELAXED);
		/* What the driver added before it saw this, it did not kick for. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		more = __atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE) != q->state.next_avail;
	}
	pthread_mutex_unlock(&q->lock);
	return more;
}

size_t virtq_chain_read(const struct virtq_chain *chain, uint64_t offset, void *buf, size_t len)
{
	return iov_read(chain->iov, chain->readable, offset, buf, len);
}

size_t virtq_chain_write(
	const struct virtq_chain *chain, uint64_t offset, const void *buf, size_t len)
{
	return iov_write(chain->iov + chain->readable, chain->writable, offset, buf, len);
}
