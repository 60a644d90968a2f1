/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration space is two arrays, the value of each byte and the bits of it that the guest may
 * change: sizing a window, switching decoding on and MSI-X control are then one rule, and every
 * other write changes nothing.  (PCI Local Bus Specification 3.0, 3.2.2.3.2 and 6.)
 */
#include "kvm/pci.h"

#include <linux/pci_regs.h>
#include <string.h>

#include "base/mem.h"

#define CONFIG_ENABLE 0x80000000u
#define FIRST_CAPABILITY 0x40
/* Red Hat's generic host bridge: no driver and no quirk looks at it. */
#define BRIDGE_VENDOR 0x1b36
#define BRIDGE_DEVICE 0x0008

static void put16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

void pci_function_init(struct pci_function *f, uint16_t vendor, uint16_t device,
	uint32_t class_code, uint16_t subsystem_vendor, uint16_t subsystem)
{
	memset(f, 0, sizeof(*f));
	put16(f->config + PCI_VENDOR_ID, vendor);
	put16(f->config + PCI_DEVICE_ID, device);
	f->config[PCI_REVISION_ID] = 1;
	f->config[PCI_CLASS_PROG] = class_code;
	put16(f->config + PCI_CLASS_DEVICE, class_code >> 8);
	put16(f->config + PCI_SUBSYSTEM_VENDOR_ID, subsystem_vendor);
	put16(f->config + PCI_SUBSYSTEM_ID, subsystem);
	put16(f->writable + PCI_COMMAND,
		PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	/* A place for the guest's own notes, which kernels write and read back. */
	f->writable[PCI_INTERRUPT_LINE] = 0xff;
	f->capabilities_end = FIRST_CAPABILITY;
}

void pci_init(struct pci *pci)
{
	memset(pci, 0, sizeof(*pci));
	pci->next_window = PCI_WINDOW;
	pci_function_init(&pci->bridge, BRIDGE_VENDOR, BRIDGE_DEVICE, 0x060000, 0, 0);
	pci->functions[pci->count++] = &pci->bridge;
}

uint8_t pci_add_capability(struct pci_function *f, uint8_t id, const void *data, uint8_t len)
{
	uint8_t at = f->capabilities_end;

	if (len < 2 || at + len > PCI_CONFIG_SIZE - 4)
		BUG("PCI capabilities do not fit");
	memcpy(f->config + at, data, len);
	f->config[at] = id;
	f->config[at + 1] = 0;
	f->config[f->capability ? f->capability + 1 : PCI_CAPABILITY_LIST] = at;
	f->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	f->capability = at;
	f->capabilities_end = (at + len + 3) & ~3;
	return at;
}

int pci_attach(struct pci *pci, struct pci_function *f, struct err *err)
{
	uint32_t size = f->bar_size;
	uint32_t base = size ? (pci->next_window + size - 1) & ~(size - 1) : 0;

	if (pci->count == PCI_SLOTS || (size && base > PCI_WINDOW_END - size))
		return err_bad_errno(
			err, ERR_OTHER, ENOSPC, "the machine has no room for another device");
	if (size) {
		put32(f->config + PCI_BASE_ADDRESS_0, base);
		put32(f->writable + PCI_BASE_ADDRESS_0, ~(size - 1));
		pci->next_window = base + size;
	}
	pci->functions[pci->count++] = f;
	return 0;
}

uint32_t pci_window(const struct pci_function *f)
{
	return get32(f->config + PCI_BASE_ADDRESS_0);
}

static void config_write(struct pci_function *f, uint32_t offset, const uint8_t *data, uint32_t len)
{
	for (uint32_t i = offset; i < offset + len; i++, data++)
		f->config[i] = (f->config[i] & ~f->writable[i]) | (*data & f->writable[i]);
	if (f->config_written)
		f->config_written(f);
}

/* The function and register that the address names; NULL: none answers. */
static struct pci_function *selected(const struct pci *pci, uint32_t *out_offset)
{
	uint32_t a = pci->address;
	uint32_t slot = a >> 11 & 0x1f;

	*out_offset = a & 0xfc;
	/* Bus 0 only, function 0 only. */
	if (!(a & CONFIG_ENABLE) || a & 0x00ff0700 || slot >= pci->count)
		return NULL;
	return pci->functions[slot];
}

void pci_port(struct pci *pci, uint16_t port, void *data, uint32_t len, bool write)
{
	uint32_t offset;
	struct pci_function *f;

	if (!write)
		memset(data, 0xff, len);
	if (port < PCI_PORT_DATA) {
		if (port != PCI_PORT_ADDRESS || len != 4)
			return;
		if (write)
			memcpy(&pci->address, data, 4);
		else
			memcpy(data, &pci->address, 4);
		return;
	}
	f = selected(pci, &offset);
	offset += port - PCI_PORT_DATA;
	if (!f || offset + len > PCI_CONFIG_SIZE)
		return;
	if (write)
		config_write(f, offset, data, len);
	else
		memcpy(data, f->config + offset, len);
}

bool pci_memory(struct pci *pci, uint64_t gpa, void *data, uint32_t len, bool write)
{
	for (unsigned int i = 0; i < pci->count; i++) {
		struct pci_function *f = pci->functions[i];
		uint64_t base = pci_window(f);

		if (!f->bar_size || !(get16(f->config + PCI_COMMAND) & PCI_COMMAND_MEMORY))
			continue;
		if (gpa < base || gpa - base >= f->bar_size || len > f->bar_size - (gpa - base))
			continue;
		f->access(f, gpa - base, data, len, write);
		return true;
	}
	return false;
}
