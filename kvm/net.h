/* SPDX-License-Identifier: Apache-2.0 */
/* The network device without the machine: for vm_attach_net() and tests.  For the files of kvm/
 * only. */
#pragma once

#include "kvm/virtio.h"
#include "kvm/vm.h"

/* A device whose frames go to and come from config->tap_fd, non-blocking, which it owns: each behind a
 * struct virtio_net_hdr_v1. */
struct virtio_device *net_new(const struct vm_net_config *config);
