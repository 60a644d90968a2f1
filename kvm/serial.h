/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 16550 at COM1 that can only transmit, for the guest kernel's first words when a person looks
 * for what goes wrong.  No interrupt: the kernel's log needs none.  For the files of kvm/ only; not
 * locked: the machine's bus lock is held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SERIAL_PORT 0x3f8
#define SERIAL_PORTS 8

struct serial {
	uint8_t interrupts, line, modem, scratch; /* IER, LCR, MCR, SCR */
	uint8_t divisor[2];
	bool fifo;
};

/* Register @index (0..7); returns the byte to transmit, or -1.  Reading fills *data. */
int serial_access(struct serial *s, unsigned int index, uint8_t *data, bool write);
