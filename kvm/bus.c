/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a vCPU's accesses go that leave the guest.  Ports and addresses that nobody answers read as
 * ones and take what is written, as on a real bus; nothing is logged, since a guest could do it for
 * ever.
 *
 * One lock for all: after boot hardly anything comes this way, and a device never sees two vCPUs.
 */
#include <string.h>

#include "base/mem.h"
#include "kvm/acpi.h"
#include "kvm/machine.h"

static void configuration(struct vm *vm, uint16_t port, void *data, uint32_t len, bool write)
{
	pci_port(&vm->pci, port, data, len, write);
}

static void serial(struct vm *vm, uint16_t port, void *data, uint32_t len, bool write)
{
	int byte;

	if (len != 1)
		return;
	byte = serial_access(&vm->serial, port - SERIAL_PORT, data, write);
	if (byte >= 0)
		log_ring_add(&vm->log, data, 1);
}

/* The keyboard controller's, of which only the reset line is there (reboot=k). */
static void reset(struct vm *vm, uint16_t port, void *data, uint32_t len, bool write)
{
	(void)port;
	if (len != 1)
		return;
	if (!write)
		*(uint8_t *)data = 0; /* ready to take a command */
	else if (*(uint8_t *)data == ACPI_RESET_VALUE)
		vm_ended(vm, VM_END_RESET, "the guest reset the machine");
}

static void sleep_control(struct vm *vm, uint16_t port, void *data, uint32_t len, bool write)
{
	if (len != 1)
		return;
	if (!write)
		*(uint8_t *)data = 0;
	else if (port == ACPI_SLEEP_CONTROL && *(uint8_t *)data == ACPI_SLEEP_OFF)
		vm_ended(vm, VM_END_POWEROFF, "the guest turned the machine off");
}

static const struct {
	uint16_t first, last;
	bool debug; /* only with the serial port */
	void (*access)(struct vm *vm, uint16_t port, void *data, uint32_t len, bool write);
} ports[] = {
	{ PCI_PORT_ADDRESS, PCI_PORT_DATA + 3, false, configuration },
	{ SERIAL_PORT, SERIAL_PORT + SERIAL_PORTS - 1, true, serial },
	{ ACPI_RESET_PORT, ACPI_RESET_PORT, false, reset },
	{ ACPI_SLEEP_CONTROL, ACPI_SLEEP_STATUS, false, sleep_control },
};

void bus_port(struct vm *vm, uint16_t port, void *data, uint32_t len, bool write)
{
	if (!write)
		memset(data, 0xff, len);
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		if (port < ports[i].first || port > ports[i].last ||
			(ports[i].debug && !vm->config.serial))
			continue;
		pthread_mutex_lock(&vm->bus_lock);
		ports[i].access(vm, port, data, len, write);
		pthread_mutex_unlock(&vm->bus_lock);
		return;
	}
}

void bus_memory(struct vm *vm, uint64_t gpa, void *data, uint32_t len, bool write)
{
	if (!write)
		memset(data, 0xff, len);
	pthread_mutex_lock(&vm->bus_lock);
	(void)pci_memory(&vm->pci, gpa, data, len, write);
	pthread_mutex_unlock(&vm->bus_lock);
}
