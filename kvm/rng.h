/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy device (virtio 1.2, 5.4).  For the files of kvm/ only. */
#pragma once

#include "kvm/virtio.h"

/* The result is given to vm_attach(). */
struct virtio_device *rng_new(void);
