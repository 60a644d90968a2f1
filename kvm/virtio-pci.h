/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modern PCI transport of a virtio device (virtio 1.2, 4.1) with MSI-X and nothing else: no
 * legacy registers, no INTx, no access window in configuration space.  For the files of kvm/ only.
 */
#pragma once

#include "kvm/pci.h"
#include "kvm/virtio.h"

/* Where interrupts go: a message at an address. */
struct msi_sink {
	void (*signal)(void *arg, uint64_t address, uint32_t data);
	void *arg;
};

#define VIRTIO_PCI_VECTORS_MAX (VIRTIO_QUEUES_MAX + 1)

struct msix_entry {
	uint64_t address;
	uint32_t data;
	uint32_t control; /* bit 0: masked */
};

struct virtio_pci {
	struct pci_function function; /* first */
	struct virtio_device *dev; /* owned */
	struct msi_sink sink;

	/* Registers. */
	uint32_t device_feature_select, driver_feature_select;
	uint16_t queue_select;
	uint8_t isr;
	uint16_t config_vector;

	/* MSI-X; with a lock of its own, since any thread interrupts. */
	pthread_mutex_t msix_lock;
	struct msix_entry vectors[VIRTIO_PCI_VECTORS_MAX];
	uint64_t pending; /* a bit a vector */
	unsigned int vector_count;
	bool msix_enabled, msix_masked;
	uint8_t msix_capability; /* offset of the capability */
};

/*
 * Puts @dev on the bus: makes its queues and its lock.  The transport owns the device from then on,
 * also when this fails.  The result belongs to the caller: virtio_pci_free().
 */
int virtio_pci_new(struct virtio_device *dev, const struct memory *memory, struct pci *pci,
	struct msi_sink sink, struct virtio_pci **out_transport, struct err *err) MUST_USE;
void virtio_pci_free(struct virtio_pci *t);

/* The guest-physical address whose writing kicks queue @index. */
uint64_t virtio_pci_kick_address(const struct virtio_pci *t, unsigned int index);
