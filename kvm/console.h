/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console device with several ports (virtio 1.2, 5.3): port 0 is the guest's hvc0, whose output
 * is kept in a ring; each further port is one end of a byte stream in the guest and a socket here.
 * For the files of kvm/ only.
 */
#pragma once

#include "kvm/log-ring.h"
#include "kvm/virtio.h"

/*
 * @ports are copied, their descriptors taken.  @log is borrowed.  The result is given to
 * vm_attach().
 */
struct virtio_device *console_new(
	const struct vm_port *ports, unsigned int count, struct log_ring *log);

/* No thread of the machine runs any more: closes the ports, so that the other ends read what is
 * left and then end of file. */
void console_close(struct virtio_device *dev);
