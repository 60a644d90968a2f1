/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtio device is to the machine, whatever its transport.  A device embeds a struct
 * virtio_device as its first member, fills in ops and config, and is attached, as a rule before the
 * machine boots.  For the files of kvm/ only.
 *
 * Who calls what, on which thread:
 *
 *	init, release		the thread that made the machine; no vCPU runs, or none can see
 *				the device yet
 *	activate, reset,	a vCPU thread, with the device's lock held: one at a time, never
 *	config_write		together with process()
 *	process			the I/O thread, with the device's lock held, when queue @index was
 *				kicked; not called before activate() or after reset()
 *
 * A device with threads of its own (own_threads) gets no process() calls: its threads read the
 * queues' kick eventfds.  Its reset() returns only when no thread of it touches a chain any more.
 *
 * A sleeping guest must not stop the machine: no function here may block on something that the
 * guest or the other end of a descriptor decides.
 */
#pragma once

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "kvm/io.h"
#include "kvm/virtqueue.h"
#include "kvm/vm.h"

struct virtio_device;

#define VIRTIO_QUEUES_MAX 32
#define VIRTIO_CONFIG_MAX 256

struct virtio_device_ops {
	const char *name; /* in messages and thread names: at most 10 characters */
	uint16_t id; /* VIRTIO_ID_... */
	uint32_t pci_class; /* 24 bits: class, subclass, programming interface */
	bool own_threads;

	/* The machine is complete: watch descriptors in @io, make threads.  May be NULL. */
	int (*init)(struct virtio_device *dev, struct io *io, struct err *err);
	/* Ends the device's threads and frees the device; its queues live until this returns.  init()
	 * may not have been called. */
	void (*release)(struct virtio_device *dev);

	/* The driver has set DRIVER_OK: dev->features are the negotiated ones, queues may be popped.
	 * May be NULL. */
	void (*activate)(struct virtio_device *dev);
	/* The driver has reset the device and its queues, from which nothing can be popped any more.
	 * May be NULL. */
	void (*reset)(struct virtio_device *dev);
	/* The driver wrote @len bytes (1, 2, 4) at @offset of the configuration space, within
	 * config_len.  NULL: it is read-only. */
	void (*config_write)(
		struct virtio_device *dev, uint32_t offset, const void *data, uint32_t len);
	/* Queue @index was kicked. */
	void (*process)(struct virtio_device *dev, unsigned int index);
};

struct virtio_device {
	/* Set by the device before it is attached. */
	const struct virtio_device_ops *ops;
	uint64_t offered; /* feature bits of the device; the ring's and VERSION_1 are added */
	uint8_t config[VIRTIO_CONFIG_MAX]; /* the configuration space, little endian; see
					    * virtio_config_changed() */
	uint32_t config_len;
	unsigned int queue_count; /* 1 .. VIRTIO_QUEUES_MAX */
	uint16_t queue_size; /* largest size of each queue: a power of two */

	/* Kept by the transport. */
	uint64_t features; /* that the driver accepted */
	uint8_t status; /* VIRTIO_CONFIG_S_... */
	bool active; /* between activate() and reset() */
	uint8_t config_generation;
	struct virtq *queues;
	const struct memory *memory;
	struct vm *vm;
	pthread_mutex_t lock;
	void *transport;
	/* Raises the interrupt of configuration changes; the transport's. */
	void (*config_interrupt)(struct virtio_device *dev);
};

/*
 * Adds a device to the machine, before vm_boot() or, if it has no threads of its own, while it runs:
 * makes its queues, gives it a PCI slot.  The machine owns it from then on, also when this fails
 * (release() is called).  Devices are found in the guest in the order of attaching.
 */
int vm_attach(struct vm *vm, struct virtio_device *dev, struct err *err) MUST_USE;

/* What a thread does. */
struct vm_work {
	/* First, and uncaged: makes what only this thread can make for itself; NULL: nothing.  What
	 * it has made when it succeeds is there when the cage's error ends the thread. */
	int (*prepare)(void *arg, struct err *err);
	void (*run)(void *arg);
	void *arg;
};

/*
 * Makes a thread of the machine: prepares, is caged by vm_config.thread_enter(), then runs.  Waits
 * until it is about to run, and returns the error when it is not.  For init(); the device joins it
 * with pthread_join() in release().
 */
int vm_thread_start(struct vm *vm, enum vm_thread kind, const char *name,
	const struct vm_work *work, pthread_t *out_thread, struct err *err) MUST_USE;

/* The device changed its configuration space (with its lock held): tells the driver. */
void virtio_config_changed(struct virtio_device *dev);

/* The driver did what no driver may: DEVICE_NEEDS_RESET, no further process() until a reset.
 * Called with or without the lock held, from any thread. */
void virtio_broken(struct virtio_device *dev, const char *why);
