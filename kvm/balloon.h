/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory balloon (virtio 1.2, 5.5): the guest reports free pages, which go back to the host;
 * gives pages away when asked; and tells how much memory it has left.  For the files of kvm/ only.
 */
#pragma once

#include "kvm/virtio.h"

/* The result is given to vm_attach(). */
struct virtio_device *balloon_new(void);

/* Any thread: asks the guest for @bytes.  It gives what it can. */
void balloon_set(struct virtio_device *dev, uint64_t bytes);
/* Any thread: fills in the memory fields, and asks the guest for newer ones. */
void balloon_stats(struct virtio_device *dev, struct vm_stats *out_stats);
