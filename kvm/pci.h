/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI bus as the guest sees it: one bus, one function a slot, found and set up through ports
 * 0xcf8 and 0xcfc, each function with at most one 32-bit memory window.  Addresses are given at
 * attaching, so a guest only has to switch decoding on.  For the files of kvm/ only; not locked:
 * the machine's bus lock is held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define PCI_SLOTS 32
#define PCI_CONFIG_SIZE 256
#define PCI_PORT_ADDRESS 0xcf8
#define PCI_PORT_DATA 0xcfc
/* The window of guest-physical addresses that the tables name for the bus. */
#define PCI_WINDOW 0xd0000000u
#define PCI_WINDOW_END 0xe0000000u

struct pci_function {
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE]; /* the bits of each byte that the guest may change */
	uint32_t bar_size; /* of window 0: a power of two of at least 4096, or 0 */
	uint8_t capability; /* offset of the last capability, 0: none */
	uint8_t capabilities_end; /* where the next one goes */
	/* @len (1, 2, 4, 8) bytes at @offset of the window, wholly within it. */
	void (*access)(
		struct pci_function *f, uint32_t offset, void *data, uint32_t len, bool write);
	/* The guest has written to its configuration.  NULL: not interested. */
	void (*config_written)(struct pci_function *f);
};

struct pci {
	uint32_t address; /* the register at 0xcf8 */
	uint32_t next_window; /* address for the next function's window */
	struct pci_function bridge;
	struct pci_function *functions[PCI_SLOTS]; /* borrowed */
	unsigned int count;
};

/* An empty bus: the host bridge at slot 0. */
void pci_init(struct pci *pci);

/* @class: 24 bits.  Fills in a function without window and capabilities. */
void pci_function_init(struct pci_function *f, uint16_t vendor, uint16_t device,
	uint32_t class_code, uint16_t subsystem_vendor, uint16_t subsystem);
/* Appends a capability of @len bytes (with the two of its header, which are filled in) and returns
 * its offset.  Capabilities that do not fit are a programmer's error. */
uint8_t pci_add_capability(struct pci_function *f, uint8_t id, const void *data, uint8_t len);
/* Puts a function into the next slot, its window at the next free address.  -ENOSPC when full. */
int pci_attach(struct pci *pci, struct pci_function *f, struct err *err) MUST_USE;

/* Where window 0 is now. */
uint32_t pci_window(const struct pci_function *f);

/* The guest accesses ports 0xcf8..0xcff: @len 1, 2 or 4 bytes.  Fills @data when reading. */
void pci_port(struct pci *pci, uint16_t port, void *data, uint32_t len, bool write);
/* The guest accesses memory that is not RAM.  False: no function's window is there. */
bool pci_memory(struct pci *pci, uint64_t gpa, void *data, uint32_t len, bool write);
