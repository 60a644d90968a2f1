/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the guest sets a device up by registers in its window, with exits to a vCPU
 * thread; once it runs, a kick is an eventfd and an interrupt a message, and this file is passed by.
 *
 * The order of the driver's steps (virtio 1.2, 3.1.1) is enforced here, so that no device sees
 * another one: features only before FEATURES_OK, queues only between FEATURES_OK and DRIVER_OK, and
 * the registers of a queue are frozen once it is enabled.  Whatever comes out of order is ignored
 * (CVE-2026-5747 was a queue whose size changed under a running device).
 */
#include "kvm/virtio-pci.h"

#include <assert.h>
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define VENDOR_QUMRANET 0x1af4
#define DEVICE_BASE 0x1040 /* 4.1.2.1: plus the virtio device id */

/* The window.  Each part has a page of its own. */
#define AT_COMMON 0x0000
#define AT_ISR 0x1000
#define AT_DEVICE 0x2000
#define AT_NOTIFY 0x3000
#define AT_MSIX_TABLE 0x4000
#define AT_MSIX_PENDING 0x5000
#define WINDOW_SIZE 0x8000
#define PART_SIZE 0x1000
#define NOTIFY_MULTIPLIER 4

#define MSIX_ENTRY_SIZE 16
#define MSIX_MASKED 1u

#define RING_FEATURES                                                       \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC | \
		1ull << VIRTIO_RING_F_EVENT_IDX)

static struct virtio_pci *transport_of(struct virtio_device *dev)
{
	return dev->transport;
}

static uint64_t offered(const struct virtio_device *dev)
{
	return dev->offered | RING_FEATURES;
}

/* Interrupts. */

/* With msix_lock held. */
static void deliver(struct virtio_pci *t, uint16_t vector)
{
	const struct msix_entry *e = &t->vectors[vector];

	if (!t->msix_enabled)
		return;
	if (t->msix_masked || e->control & MSIX_MASKED) {
		t->pending |= 1ull << vector;
		return;
	}
	t->pending &= ~(1ull << vector);
	t->sink.signal(t->sink.arg, e->address, e->data);
}

static void interrupt(struct virtio_pci *t, uint16_t vector)
{
	if (vector >= t->vector_count)
		return;
	pthread_mutex_lock(&t->msix_lock);
	deliver(t, vector);
	pthread_mutex_unlock(&t->msix_lock);
}

/* With msix_lock held: what was held back goes out. */
static void deliver_pending(struct virtio_pci *t)
{
	for (unsigned int i = 0; i < t->vector_count; i++)
		if (t->pending & 1ull << i)
			deliver(t, i);
}

static void msix_config_written(struct pci_function *f)
{
	struct virtio_pci *t = (struct virtio_pci *)f;
	uint16_t control;

	memcpy(&control, f->config + t->msix_capability + PCI_MSIX_FLAGS, sizeof(control));
	pthread_mutex_lock(&t->msix_lock);
	t->msix_enabled = control & PCI_MSIX_FLAGS_ENABLE;
	t->msix_masked = control & PCI_MSIX_FLAGS_MASKALL;
	deliver_pending(t);
	pthread_mutex_unlock(&t->msix_lock);
}

static void msix_table_access(
	struct virtio_pci *t, uint32_t offset, void *data, uint32_t len, bool write)
{
	uint32_t end = t->vector_count * MSIX_ENTRY_SIZE;

	/* 6.8.2: aligned accesses of 4 or 8 bytes only. */
	if ((len != 4 && len != 8) || offset % len || offset >= end)
		return;
	pthread_mutex_lock(&t->msix_lock);
	if (write) {
		memcpy((uint8_t *)t->vectors + offset, data, len);
		deliver_pending(t);
	} else {
		memcpy(data, (uint8_t *)t->vectors + offset, len);
	}
	pthread_mutex_unlock(&t->msix_lock);
}

static void queue_interrupt(struct virtq *q)
{
	struct virtio_pci *t = transport_of(q->device);

	__atomic_fetch_or(&t->isr, 1, __ATOMIC_RELAXED);
	interrupt(t, __atomic_load_n(&q->state.vector, __ATOMIC_RELAXED));
}

static void config_interrupt(struct virtio_device *dev)
{
	struct virtio_pci *t = transport_of(dev);

	__atomic_fetch_or(&t->isr, 2, __ATOMIC_RELAXED);
	interrupt(t, __atomic_load_n(&t->config_vector, __ATOMIC_RELAXED));
}

void virtio_config_changed(struct virtio_device *dev)
{
	__atomic_fetch_add(&dev->config_generation, 1, __ATOMIC_RELEASE);
	if (dev->active)
		dev->config_interrupt(dev);
}

void virtio_broken(struct virtio_device *dev, const char *why)
{
	uint8_t before =
		__atomic_fetch_or(&dev->status, VIRTIO_CONFIG_S_NEEDS_RESET, __ATOMIC_RELAXED);

	if (before & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	log_debug("virtual %s: the guest's driver broke a rule: %s", dev->ops->name, why);
	dev->config_interrupt(dev);
}

static void queue_broken(struct virtq *q, const char *why)
{
	virtio_broken(q->device, why);
}

static const struct virtq_hooks hooks = { queue_interrupt, queue_broken };

/* The driver's steps. */

static void reset(struct virtio_pci *t)
{
	struct virtio_device *dev = t->dev;

	pthread_mutex_lock(&dev->lock);
	/* The queues first: a thread of the device's own must not take a chain behind its reset. */
	for (unsigned int i = 0; i < dev->queue_count; i++)
		virtq_reset(&dev->queues[i]);
	if (dev->active && dev->ops->reset)
		dev->ops->reset(dev);
	dev->active = false;
	dev->features = 0;
	__atomic_store_n(&dev->status, 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&dev->lock);
	t->device_feature_select = t->driver_feature_select = 0;
	t->queue_select = 0;
	__atomic_store_n(&t->isr, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->config_vector, VIRTIO_MSI_NO_VECTOR, __ATOMIC_RELAXED);
}

static void activate(struct virtio_pci *t)
{
	struct virtio_device *dev = t->dev;
	uint64_t one = 1;

	pthread_mutex_lock(&dev->lock);
	dev->active = true;
	if (dev->ops->activate)
		dev->ops->activate(dev);
	pthread_mutex_unlock(&dev->lock);
	/* Drivers may have added buffers before; and kicked when nobody listened. */
	for (unsigned int i = 0; i < dev->queue_count; i++)
		if (dev->queues[i].state.enabled)
			(void)!write(dev->queues[i].kick, &one, sizeof(one));
}

static void write_status(struct virtio_pci *t, uint8_t value)
{
	struct virtio_device *dev = t->dev;
	uint8_t added;

	if (!value) {
		reset(t);
		return;
	}
	/* 2.1.2: the driver must not clear a bit. */
	added = value & ~dev->status;
	added &= VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
		VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FAILED;
	if (added & VIRTIO_CONFIG_S_FEATURES_OK &&
		(!(dev->features & 1ull << VIRTIO_F_VERSION_1) ||
			dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
		added &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	if (added & VIRTIO_CONFIG_S_DRIVER_OK && !(dev->status & VIRTIO_CONFIG_S_FEATURES_OK))
		added &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	__atomic_fetch_or(&dev->status, added, __ATOMIC_RELAXED);
	if (added & VIRTIO_CONFIG_S_DRIVER_OK)
		activate(t);
}

static void write_features(struct virtio_pci *t, uint32_t value)
{
	struct virtio_device *dev = t->dev;
	unsigned int shift = t->driver_feature_select * 32;

	if (t->driver_feature_select > 1 || dev->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	dev->features &= ~(0xffffffffull << shift);
	dev->features |= (uint64_t)value << shift & offered(dev);
}

/* The queue that is selected, NULL: there is none of that number. */
static struct virtq *selected(struct virtio_pci *t)
{
	return t->queue_select < t->dev->queue_count ? &t->dev->queues[t->queue_select] : NULL;
}

static void enable_queue(struct virtio_pci *t, struct virtq *q)
{
	struct virtio_device *dev = t->dev;

	if (dev->status & VIRTIO_CONFIG_S_DRIVER_OK || !(dev->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return;
	if (virtq_enable(q, dev->features & 1ull << VIRTIO_RING_F_EVENT_IDX,
		    dev->features & 1ull << VIRTIO_RING_F_INDIRECT_DESC) < 0 &&
		!q->state.enabled)
		virtio_broken(dev, "a queue whose rings are nowhere");
}

static void set_vector(struct virtio_pci *t, uint16_t *vector, uint16_t value)
{
	/* 4.1.5.1.2.1: what cannot be had reads back as "no vector". */
	__atomic_store_n(
		vector, value < t->vector_count ? value : VIRTIO_MSI_NO_VECTOR, __ATOMIC_RELAXED);
}

static void set_half(uint64_t *value, bool high, uint32_t half)
{
	*value = high ? (*value & 0xffffffff) | (uint64_t)half << 32
		      : (*value & ~0xffffffffull) | half;
}

/* One register of the selected queue. */
static void write_queue(struct virtio_pci *t, uint32_t offset, uint64_t value)
{
	struct virtq *q = selected(t);
	struct virtq_state *s;

	if (!q)
		return;
	s = &q->state;
	if (offset == VIRTIO_PCI_COMMON_Q_MSIX) {
		set_vector(t, &s->vector, value);
		return;
	}
	if (s->enabled)
		return;
	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		s->size = value;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		if (value == 1)
			enable_queue(t, q);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		set_half(&s->desc, offset == VIRTIO_PCI_COMMON_Q_DESCHI, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		set_half(&s->avail, offset == VIRTIO_PCI_COMMON_Q_AVAILHI, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		set_half(&s->used, offset == VIRTIO_PCI_COMMON_Q_USEDHI, value);
		break;
	default:
		break;
	}
}

/* Writes are whole registers; anything else changes nothing (4.1.3.1). */
static void common_write(struct virtio_pci *t, uint32_t offset, const void *data, uint32_t len)
{
	static const struct {
		uint8_t offset, len;
	} registers[] = {
		{ VIRTIO_PCI_COMMON_DFSELECT, 4 },
		{ VIRTIO_PCI_COMMON_GFSELECT, 4 },
		{ VIRTIO_PCI_COMMON_GF, 4 },
		{ VIRTIO_PCI_COMMON_MSIX, 2 },
		{ VIRTIO_PCI_COMMON_STATUS, 1 },
		{ VIRTIO_PCI_COMMON_Q_SELECT, 2 },
		{ VIRTIO_PCI_COMMON_Q_SIZE, 2 },
		{ VIRTIO_PCI_COMMON_Q_MSIX, 2 },
		{ VIRTIO_PCI_COMMON_Q_ENABLE, 2 },
		{ VIRTIO_PCI_COMMON_Q_DESCLO, 4 },
		{ VIRTIO_PCI_COMMON_Q_DESCHI, 4 },
		{ VIRTIO_PCI_COMMON_Q_AVAILLO, 4 },
		{ VIRTIO_PCI_COMMON_Q_AVAILHI, 4 },
		{ VIRTIO_PCI_COMMON_Q_USEDLO, 4 },
		{ VIRTIO_PCI_COMMON_Q_USEDHI, 4 },
	};
	uint32_t value = 0;
	size_t i;

	/* 64-bit registers may be written at once, too. */
	if (len == 8) {
		common_write(t, offset, data, 4);
		common_write(t, offset + 4, (const uint8_t *)data + 4, 4);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		if (registers[i].offset == offset && registers[i].len == len)
			break;
	if (i == ARRAY_SIZE(registers))
		return;
	memcpy(&value, data, len);
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		t->device_feature_select = value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		t->driver_feature_select = value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		write_features(t, value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		set_vector(t, &t->config_vector, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		write_status(t, value);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		t->queue_select = value;
		break;
	default:
		write_queue(t, offset, value);
		break;
	}
}

static void common_read(struct virtio_pci *t, uint32_t offset, void *data, uint32_t len)
{
	struct virtio_device *dev = t->dev;
	const struct virtq *q = selected(t);
	struct virtio_pci_common_cfg c = {
		.device_feature_select = t->device_feature_select,
		.guest_feature_select = t->driver_feature_select,
		.msix_config = t->config_vector,
		.num_queues = dev->queue_count,
		.device_status = __atomic_load_n(&dev->status, __ATOMIC_RELAXED),
		.config_generation = __atomic_load_n(&dev->config_generation, __ATOMIC_ACQUIRE),
		.queue_select = t->queue_select,
	};

	if (t->device_feature_select < 2)
		c.device_feature = offered(dev) >> (t->device_feature_select * 32);
	if (t->driver_feature_select < 2)
		c.guest_feature = dev->features >> (t->driver_feature_select * 32);
	if (q) {
		c.queue_size = q->state.size;
		c.queue_msix_vector = q->state.vector;
		c.queue_enable = q->state.enabled;
		c.queue_notify_off = q->index;
		c.queue_desc_lo = q->state.desc;
		c.queue_desc_hi = q->state.desc >> 32;
		c.queue_avail_lo = q->state.avail;
		c.queue_avail_hi = q->state.avail >> 32;
		c.queue_used_lo = q->state.used;
		c.queue_used_hi = q->state.used >> 32;
	}
	if (offset + len <= sizeof(c))
		memcpy(data, (const uint8_t *)&c + offset, len);
}

static void device_access(
	struct virtio_pci *t, uint32_t offset, void *data, uint32_t len, bool write)
{
	struct virtio_device *dev = t->dev;

	if (offset >= dev->config_len || len > dev->config_len - offset)
		return;
	pthread_mutex_lock(&dev->lock);
	if (!write)
		memcpy(data, dev->config + offset, len);
	else if (dev->ops->config_write && len <= 4)
		dev->ops->config_write(dev, offset, data, len);
	pthread_mutex_unlock(&dev->lock);
}

/* Where no eventfd takes the kick: a window that the guest has moved. */
static void notify_write(struct virtio_pci *t, uint32_t offset)
{
	unsigned int index = offset / NOTIFY_MULTIPLIER;
	uint64_t one = 1;

	if (index < t->dev->queue_count)
		(void)!write(t->dev->queues[index].kick, &one, sizeof(one));
}

static void window_access(
	struct pci_function *f, uint32_t offset, void *data, uint32_t len, bool write)
{
	struct virtio_pci *t = (struct virtio_pci *)f;
	uint32_t part = offset & ~(PART_SIZE - 1);
	uint32_t in = offset & (PART_SIZE - 1);

	if (!write)
		memset(data, 0, len);
	switch (part) {
	case AT_COMMON:
		if (write)
			common_write(t, in, data, len);
		else
			common_read(t, in, data, len);
		break;
	case AT_ISR:
		/* 4.1.4.5: reading clears. */
		if (!write && !in)
			*(uint8_t *)data = __atomic_exchange_n(&t->isr, 0, __ATOMIC_RELAXED);
		break;
	case AT_DEVICE:
		device_access(t, in, data, len, write);
		break;
	case AT_NOTIFY:
		if (write)
			notify_write(t, in);
		break;
	case AT_MSIX_TABLE:
		msix_table_access(t, in, data, len, write);
		break;
	case AT_MSIX_PENDING:
		if (!write && in + len <= sizeof(t->pending)) {
			uint64_t pending = __atomic_load_n(&t->pending, __ATOMIC_RELAXED);

			memcpy(data, (uint8_t *)&pending + in, len);
		}
		break;
	default:
		break;
	}
}

uint64_t virtio_pci_kick_address(const struct virtio_pci *t, unsigned int index)
{
	return pci_window(&t->function) + AT_NOTIFY + index * NOTIFY_MULTIPLIER;
}

static void add_capabilities(struct virtio_pci *t)
{
	static const struct {
		uint8_t type;
		uint32_t offset;
	} parts[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, AT_COMMON },
		{ VIRTIO_PCI_CAP_ISR_CFG, AT_ISR },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, AT_DEVICE },
	};
	struct virtio_pci_notify_cap notify = {
		.cap = { .cap_len = sizeof(notify),
			.cfg_type = VIRTIO_PCI_CAP_NOTIFY_CFG,
			.offset = AT_NOTIFY,
			.length = t->dev->queue_count * NOTIFY_MULTIPLIER },
		.notify_off_multiplier = NOTIFY_MULTIPLIER,
	};
	struct {
		uint8_t id, next;
		uint16_t control;
		uint32_t table, pending;
	} msix = {
		.control = t->vector_count - 1, .table = AT_MSIX_TABLE, .pending = AT_MSIX_PENDING
	};
	static_assert(sizeof(msix) == PCI_CAP_MSIX_SIZEOF, "the capability has no holes");

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct virtio_pci_cap cap = {
			.cap_len = sizeof(cap),
			.cfg_type = parts[i].type,
			.offset = parts[i].offset,
			.length = parts[i].type == VIRTIO_PCI_CAP_DEVICE_CFG ? t->dev->config_len
				: parts[i].type == VIRTIO_PCI_CAP_ISR_CFG
				? 1
				: sizeof(struct virtio_pci_common_cfg),
		};

		if (cap.length)
			pci_add_capability(&t->function, PCI_CAP_ID_VNDR, &cap, sizeof(cap));
	}
	pci_add_capability(&t->function, PCI_CAP_ID_VNDR, &notify, sizeof(notify));
	t->msix_capability = pci_add_capability(&t->function, PCI_CAP_ID_MSIX, &msix, sizeof(msix));
	/* Enable and mask-all are the high bits of the control word. */
	t->function.writable[t->msix_capability + PCI_MSIX_FLAGS + 1] =
		(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) >> 8;
}

static int make_queues(struct virtio_device *dev, const struct memory *memory, struct err *err)
{
	unsigned int wanted = dev->queue_count;

	dev->queues = xcalloc(wanted, sizeof(*dev->queues));
	for (dev->queue_count = 0; dev->queue_count < wanted; dev->queue_count++) {
		struct virtq *q = &dev->queues[dev->queue_count];
		int r = virtq_init(q, memory, dev->queue_size, &hooks, err);

		q->device = dev;
		q->index = dev->queue_count;
		if (r < 0) {
			virtq_release(q);
			return r;
		}
	}
	return 0;
}

int virtio_pci_new(struct virtio_device *dev, const struct memory *memory, struct pci *pci,
	struct msi_sink sink, struct virtio_pci **out_transport, struct err *err)
{
	struct virtio_pci *t = xcalloc(1, sizeof(*t));
	int r;

	t->dev = dev;
	t->sink = sink;
	t->config_vector = VIRTIO_MSI_NO_VECTOR;
	t->vector_count = dev->queue_count + 1;
	for (unsigned int i = 0; i < t->vector_count; i++)
		t->vectors[i].control = MSIX_MASKED;
	pthread_mutex_init(&t->msix_lock, NULL);
	pthread_mutex_init(&dev->lock, NULL);
	dev->transport = t;
	dev->memory = memory;
	dev->config_interrupt = config_interrupt;
	r = make_queues(dev, memory, err);
	if (r < 0)
		goto fail;
	pci_function_init(&t->function, VENDOR_QUMRANET, DEVICE_BASE + dev->ops->id,
		dev->ops->pci_class, VENDOR_QUMRANET, DEVICE_BASE + dev->ops->id);
	t->function.bar_size = WINDOW_SIZE;
	t->function.access = window_access;
	t->function.config_written = msix_config_written;
	add_capabilities(t);
	r = pci_attach(pci, &t->function, err);
	if (r < 0)
		goto fail;
	*out_transport = t;
	return 0;
fail:
	r = err_in(err, "virtual %s", dev->ops->name);
	virtio_pci_free(t); /* and the device */
	return r;
}

void virtio_pci_free(struct virtio_pci *t)
{
	struct virtq *queues = t->dev->queues;
	unsigned int count = t->dev->queue_count;

	/* The device first: it ends threads that may hold chains. */
	t->dev->ops->release(t->dev);
	for (unsigned int i = 0; i < count; i++)
		virtq_release(&queues[i]);
	free(queues);
	pthread_mutex_destroy(&t->msix_lock);
	free(t);
}
