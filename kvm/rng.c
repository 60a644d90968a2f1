/* SPDX-License-Identifier: Apache-2.0 */
/* One queue of buffers to fill from the host's getrandom(2), at most RNG_BYTES of each: a driver
 * asks again when it wants more. */
#include "kvm/rng.h"

#include <sys/random.h>

#include "base/mem.h"

#define RNG_BYTES 256
#define QUEUE_SIZE 8

static void rng_process(struct virtio_device *dev, unsigned int index)
{
	struct virtq *q = &dev->queues[index];
	struct virtq_chain chain;

	do {
		virtq_kicks_off(q);
		while (virtq_pop(q, &chain) > 0) {
			uint8_t bytes[RNG_BYTES];
			size_t len = 0;

			if (getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes))
				len = virtq_chain_write(&chain, 0, bytes, sizeof(bytes));
			virtq_push(q, &chain, len);
		}
		virtq_notify(q);
	} while (virtq_kicks_on(q));
}

static void rng_release(struct virtio_device *dev)
{
	free(dev);
}

static const struct virtio_device_ops rng_ops = {
	.name = "rng",
	.id = VIRTIO_ID_RNG,
	.pci_class = 0x00ff00,
	.release = rng_release,
	.process = rng_process,
};

struct virtio_device *rng_new(void)
{
	struct virtio_device *dev = xcalloc(1, sizeof(*dev));

	dev->ops = &rng_ops;
	dev->queue_count = 1;
	dev->queue_size = QUEUE_SIZE;
	return dev;
}
