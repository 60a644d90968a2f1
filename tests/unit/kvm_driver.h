/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's side of a virtqueue, and of the modern PCI transport, for tests of devices. */
#pragma once

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/memory.h"
#include "kvm/virtio-pci.h"

/* Where a test's rings and buffers lie: queue @i has 64 KiB from here on, buffers from 16 MiB on. */
#define DRIVER_RINGS 0x100000ull
#define DRIVER_BUFFERS 0x1000000ull

struct driver_queue {
	uint16_t size;
	uint64_t gpa_desc, gpa_avail, gpa_used;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t seen; /* used entries that were looked at */
};

static inline void driver_queue_init(
	struct driver_queue *d, const struct memory *m, unsigned int index, uint16_t size)
{
	uint64_t at = DRIVER_RINGS + index * 0x10000ull;

	*d = (struct driver_queue){
		.size = size, .gpa_desc = at, .gpa_avail = at + 0x4000, .gpa_used = at + 0x8000
	};
	d->desc = memory_ptr(m, d->gpa_desc, 0x4000);
	d->avail = memory_ptr(m, d->gpa_avail, 0x4000);
	d->used = memory_ptr(m, d->gpa_used, 0x8000);
	memset(d->desc, 0, 0x4000);
	memset(d->avail, 0, 0x4000);
	memset(d->used, 0, 0x8000);
}

static inline void driver_desc(struct driver_queue *d, uint16_t i, uint64_t addr, uint32_t len,
	uint16_t flags, uint16_t next)
{
	d->desc[i] = (struct vring_desc){ addr, len, flags, next };
}

static inline void driver_offer(struct driver_queue *d, uint16_t head)
{
	d->avail->ring[d->avail->idx % d->size] = head;
	d->avail->idx++;
}

/* The next used entry, or NULL. */
static inline const struct vring_used_elem *driver_used(struct driver_queue *d)
{
	if (d->used->idx == d->seen)
		return NULL;
	return &d->used->ring[d->seen++ % d->size];
}

/* A device on a bus, with what interrupts it sent. */
struct driver {
	struct memory memory;
	struct pci pci;
	struct virtio_pci *transport;
	struct driver_queue queues[VIRTIO_QUEUES_MAX];
	uint64_t window;
	unsigned int interrupts;
	uint64_t last_address;
	uint32_t last_data;
};

static inline void driver_signal(void *arg, uint64_t address, uint32_t data)
{
	struct driver *d = arg;

	d->interrupts++;
	d->last_address = address;
	d->last_data = data;
}

static inline uint32_t driver_read(struct driver *d, uint32_t offset, uint32_t len)
{
	uint32_t value = 0;

	if (!pci_memory(&d->pci, d->window + offset, &value, len, false))
		abort();
	return value;
}

static inline void driver_write(struct driver *d, uint32_t offset, uint64_t value, uint32_t len)
{
	if (!pci_memory(&d->pci, d->window + offset, &value, len, true))
		abort();
}

static inline uint32_t driver_config(struct driver *d, unsigned int offset, uint32_t len)
{
	uint32_t address = 0x80000000u | 1 << 11 | (offset & 0xfc), value = 0;

	pci_port(&d->pci, PCI_PORT_ADDRESS, &address, 4, true);
	pci_port(&d->pci, PCI_PORT_DATA + (offset & 3), &value, len, false);
	return value;
}

static inline void driver_set_config(
	struct driver *d, unsigned int offset, uint32_t value, uint32_t len)
{
	uint32_t address = 0x80000000u | 1 << 11 | (offset & 0xfc);

	pci_port(&d->pci, PCI_PORT_ADDRESS, &address, 4, true);
	pci_port(&d->pci, PCI_PORT_DATA + (offset & 3), &value, len, true);
}

/* Puts @dev into slot 1 and switches its window on. */
static inline void driver_attach(struct driver *d, struct virtio_device *dev)
{
	struct msi_sink sink = { driver_signal, d };
	struct err err = { 0 };

	memset(d, 0, sizeof(*d));
	if (memory_init(&d->memory, 64ull << 20, &err) < 0)
		abort();
	pci_init(&d->pci);
	if (virtio_pci_new(dev, &d->memory, &d->pci, sink, &d->transport, &err) < 0)
		abort();
	driver_set_config(d, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	d->window = driver_config(d, PCI_BASE_ADDRESS_0, 4);
}

static inline void driver_detach(struct driver *d)
{
	virtio_pci_free(d->transport);
	memory_release(&d->memory);
}

/* Makes vector @i send data 0x100 + i, and switches MSI-X on. */
static inline void driver_vectors(struct driver *d, unsigned int count)
{
	unsigned int at;

	for (unsigned int i = 0; i < count; i++) {
		driver_write(d, 0x4000 + i * 16, 0xfee00000, 4);
		driver_write(d, 0x4004 + i * 16, 0, 4);
		driver_write(d, 0x4008 + i * 16, 0x100 + i, 4);
		driver_write(d, 0x400c + i * 16, 0, 4);
	}
	for (at = driver_config(d, PCI_CAPABILITY_LIST, 1); at; at = driver_config(d, at + 1, 1))
		if (driver_config(d, at, 1) == PCI_CAP_ID_MSIX)
			driver_set_config(d, at + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
}

/* Accepts @features (and VERSION_1), up to FEATURES_OK; returns the status. */
static inline uint8_t driver_negotiate(struct driver *d, uint64_t features)
{
	features |= 1ull << VIRTIO_F_VERSION_1;
	driver_write(d, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	driver_write(d, VIRTIO_PCI_COMMON_STATUS, 3, 1);
	for (unsigned int i = 0; i < 2; i++) {
		driver_write(d, VIRTIO_PCI_COMMON_GFSELECT, i, 4);
		driver_write(d, VIRTIO_PCI_COMMON_GF, features >> (32 * i), 4);
	}
	driver_write(d, VIRTIO_PCI_COMMON_STATUS, 3 | VIRTIO_CONFIG_S_FEATURES_OK, 1);
	return driver_read(d, VIRTIO_PCI_COMMON_STATUS, 1);
}

/* Queue @i with @size entries and vector @i + 1; returns whether the device enabled it. */
static inline bool driver_enable(struct driver *d, unsigned int i, uint16_t size)
{
	struct driver_queue *q = &d->queues[i];
	const uint64_t rings[] = { DRIVER_RINGS + i * 0x10000ull,
		DRIVER_RINGS + i * 0x10000ull + 0x4000, DRIVER_RINGS + i * 0x10000ull + 0x8000 };

	driver_queue_init(q, &d->memory, i, size);
	driver_write(d, VIRTIO_PCI_COMMON_Q_SELECT, i, 2);
	driver_write(d, VIRTIO_PCI_COMMON_Q_SIZE, size, 2);
	driver_write(d, VIRTIO_PCI_COMMON_Q_MSIX, i + 1, 2);
	for (unsigned int k = 0; k < 3; k++) {
		driver_write(d, VIRTIO_PCI_COMMON_Q_DESCLO + 8 * k, rings[k], 4);
		driver_write(d, VIRTIO_PCI_COMMON_Q_DESCHI + 8 * k, rings[k] >> 32, 4);
	}
	driver_write(d, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	return driver_read(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2);
}

/* The whole way to DRIVER_OK with all queues. */
static inline void driver_start(struct driver *d, uint64_t features, uint16_t size)
{
	driver_vectors(d, d->transport->dev->queue_count + 1);
	driver_negotiate(d, features);
	for (unsigned int i = 0; i < d->transport->dev->queue_count; i++)
		driver_enable(d, i, size);
	driver_write(d, VIRTIO_PCI_COMMON_STATUS, 15, 1);
}

/* What the I/O thread does on a kick. */
static inline void driver_kick(struct driver *d, unsigned int i)
{
	struct virtio_device *dev = d->transport->dev;

	pthread_mutex_lock(&dev->lock);
	if (dev->active && !(dev->status & VIRTIO_CONFIG_S_NEEDS_RESET))
		dev->ops->process(dev, i);
	pthread_mutex_unlock(&dev->lock);
}
