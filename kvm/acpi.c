/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each table is written behind the one before, and its checksum when it is complete.  RSDP -> XSDT
 * -> FADT (-> DSDT) and MADT.
 *
 * Hardware-reduced: no PM timer, no fixed events, no SCI, no 8259; the boot flags say that there is
 * neither VGA nor a CMOS clock, without which a kernel waits two seconds for one.
 */
#include "kvm/acpi.h"

#include <stdbool.h>
#include <string.h>

#include "kvm/pci.h"

#define HEADER_SIZE 36
#define RSDP_SIZE 36
#define LOCAL_APIC 0xfee00000u
#define IO_APIC 0xfec00000u

/* FADT flags (5.2.9). */
#define FADT_WBINVD (1u << 0)
#define FADT_NO_POWER_BUTTON (1u << 4)
#define FADT_NO_SLEEP_BUTTON (1u << 5)
#define FADT_RESET_REGISTER (1u << 10)
#define FADT_HARDWARE_REDUCED (1u << 20)
/* IA-PC boot flags. */
#define BOOT_NO_VGA (1u << 2)
#define BOOT_NO_CMOS_CLOCK (1u << 5)

/* A table under construction; a write past the end only sets overflow. */
struct builder {
	uint8_t *buf;
	size_t size, len;
	bool overflow;
};

static void add(struct builder *b, const void *data, size_t len)
{
	if (b->overflow || len > b->size - b->len) {
		b->overflow = true;
		return;
	}
	memcpy(b->buf + b->len, data, len);
	b->len += len;
}

static void add8(struct builder *b, uint8_t value)
{
	add(b, &value, sizeof(value));
}

static void add16(struct builder *b, uint16_t value)
{
	add(b, &value, sizeof(value));
}

static void add32(struct builder *b, uint32_t value)
{
	add(b, &value, sizeof(value));
}

static void add64(struct builder *b, uint64_t value)
{
	add(b, &value, sizeof(value));
}

static void add_zeros(struct builder *b, size_t count)
{
	while (count--)
		add8(b, 0);
}

static void align(struct builder *b)
{
	add_zeros(b, -b->len & 15);
}

static uint8_t checksum(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += *p++;
	return -sum;
}

/* Begins a table with its header; returns where. */
static size_t begin(struct builder *b, const char *signature, uint8_t revision)
{
	size_t start;

	align(b);
	start = b->len;
	add(b, signature, 4);
	add32(b, 0); /* length, by end() */
	add8(b, revision);
	add8(b, 0); /* checksum, by end() */
	add(b, "RINGWL", 6);
	add(b, "RINGWALL", 8);
	add32(b, 1);
	add(b, "RWLL", 4);
	add32(b, 1);
	return start;
}

static void end(struct builder *b, size_t start)
{
	uint32_t len = b->len - start;

	if (b->overflow)
		return;
	memcpy(b->buf + start + 4, &len, sizeof(len));
	b->buf[start + 9] = checksum(b->buf + start, len);
}

/* AML (ACPI 6.4, 20.2), as far as the one definition block needs it. */

#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_DWORD 0x0c
#define AML_SCOPE 0x10
#define AML_BUFFER 0x11
#define AML_PACKAGE 0x12
#define AML_EXTENSION 0x5b
#define AML_DEVICE 0x82

/* A package of a known kind of length: two bytes are kept for the length, which end_package()
 * fills in (20.2.4: up to 4095 bytes). */
static size_t begin_package(struct builder *b)
{
	add16(b, 0);
	return b->len - 2;
}

static void end_package(struct builder *b, size_t at)
{
	size_t len = b->len - at;

	if (b->overflow)
		return;
	b->buf[at] = 0x40 | (len & 0x0f);
	b->buf[at + 1] = len >> 4;
}

static void add_name(struct builder *b, const char *name)
{
	add8(b, AML_NAME);
	add(b, name, 4);
}

/* The resources of the host bridge: its bus number, its ports, its window (6.4.3.5). */
static void add_resources(struct builder *b)
{
	uint8_t resources[128];
	struct builder r = { resources, sizeof(resources), 0, false };
	size_t package;

	/* WordBusNumber: fixed minimum and maximum, bus 0 to 0. */
	add8(&r, 0x88);
	add16(&r, 13);
	add8(&r, 2);
	add8(&r, 0x0c);
	add8(&r, 0);
	add16(&r, 0);
	add16(&r, 0);
	add16(&r, 0);
	add16(&r, 0);
	add16(&r, 1);
	/* IO: the configuration ports, decoded with 16 bits. */
	add8(&r, 0x47);
	add8(&r, 1);
	add16(&r, PCI_PORT_ADDRESS);
	add16(&r, PCI_PORT_ADDRESS);
	add8(&r, 1);
	add8(&r, 8);
	/* DWordMemory: the window, not cacheable, read and write. */
	add8(&r, 0x87);
	add16(&r, 23);
	add8(&r, 0);
	add8(&r, 0x0c);
	add8(&r, 1);
	add32(&r, 0);
	add32(&r, PCI_WINDOW);
	add32(&r, PCI_WINDOW_END - 1);
	add32(&r, 0);
	add32(&r, PCI_WINDOW_END - PCI_WINDOW);
	/* End; a checksum of 0 is always right. */
	add16(&r, 0x0079);

	add8(b, AML_BUFFER);
	package = begin_package(b);
	add8(b, AML_BYTE);
	add8(b, r.len);
	add(b, resources, r.len);
	end_package(b, package);
}

static void add_host_bridge(struct builder *b)
{
	size_t scope, device;

	add8(b, AML_SCOPE);
	scope = begin_package(b);
	add(b, "\\_SB_", 5);
	add8(b, AML_EXTENSION);
	add8(b, AML_DEVICE);
	device = begin_package(b);
	add(b, "PCI0", 4);
	add_name(b, "_HID");
	add8(b, AML_DWORD);
	add32(b, 0x030ad041); /* EISAID("PNP0A03") */
	add_name(b, "_UID");
	add8(b, 0);
	add_name(b, "_CRS");
	add_resources(b);
	end_package(b, device);
	end_package(b, scope);
}

static size_t add_dsdt(struct builder *b)
{
	size_t start = begin(b, "DSDT", 2);
	size_t package;

	/* Name (_S5, Package () { 5, 0, 0, 0 }) */
	add_name(b, "_S5_");
	add8(b, AML_PACKAGE);
	package = begin_package(b);
	add8(b, 4);
	add8(b, AML_BYTE);
	add8(b, ACPI_SLEEP_OFF >> 2 & 7);
	add_zeros(b, 3);
	end_package(b, package);
	add_host_bridge(b);
	end(b, start);
	return start;
}

/* A generic address (5.2.3.2): one byte at an I/O port. */
static void add_port(struct builder *b, uint16_t port)
{
	add8(b, 1);
	add8(b, 8);
	add8(b, 0);
	add8(b, 1);
	add64(b, port);
}

static size_t add_fadt(struct builder *b, uint64_t dsdt)
{
	size_t start = begin(b, "FACP", 6);

	add_zeros(b, 109 - HEADER_SIZE);
	add16(b, BOOT_NO_VGA | BOOT_NO_CMOS_CLOCK);
	add8(b, 0);
	add32(b,
		FADT_WBINVD | FADT_NO_POWER_BUTTON | FADT_NO_SLEEP_BUTTON | FADT_RESET_REGISTER |
			FADT_HARDWARE_REDUCED);
	add_port(b, ACPI_RESET_PORT);
	add8(b, ACPI_RESET_VALUE);
	add_zeros(b, 2);
	add8(b, 4); /* minor version: 6.4 */
	add64(b, 0);
	add64(b, dsdt);
	add_zeros(b, 244 - 148); /* the registers that reduced hardware has not */
	add_port(b, ACPI_SLEEP_CONTROL);
	add_port(b, ACPI_SLEEP_STATUS);
	add(b, "RINGWALL", 8); /* hypervisor vendor */
	end(b, start);
	return start;
}

static size_t add_madt(struct builder *b, unsigned int cpus)
{
	size_t start = begin(b, "APIC", 5);

	add32(b, LOCAL_APIC);
	add32(b, 0); /* no 8259 */
	for (unsigned int i = 0; i < cpus; i++) {
		add8(b, 0); /* processor local APIC */
		add8(b, 8);
		add8(b, i);
		add8(b, i);
		add32(b, 1); /* enabled */
	}
	add8(b, 1); /* I/O APIC */
	add8(b, 12);
	add8(b, cpus);
	add8(b, 0);
	add32(b, IO_APIC);
	add32(b, 0);
	end(b, start);
	return start;
}

size_t acpi_build(uint8_t *buf, size_t size, uint64_t gpa, unsigned int cpus)
{
	struct builder b = { buf, size, 0, false };
	size_t dsdt, fadt, madt, xsdt;
	uint64_t at;
	uint32_t length = RSDP_SIZE;

	add_zeros(&b, RSDP_SIZE); /* filled in last */
	dsdt = add_dsdt(&b);
	fadt = add_fadt(&b, gpa + dsdt);
	madt = add_madt(&b, cpus);
	xsdt = begin(&b, "XSDT", 1);
	add64(&b, gpa + fadt);
	add64(&b, gpa + madt);
	end(&b, xsdt);
	if (b.overflow)
		return 0;
	at = gpa + xsdt;
	/* NOLINTBEGIN(bugprone-not-null-terminated-result): names of a fixed length */
	memcpy(buf, "RSD PTR ", 8);
	memcpy(buf + 9, "RINGWL", 6);
	/* NOLINTEND(bugprone-not-null-terminated-result) */
	buf[15] = 2;
	memcpy(buf + 20, &length, sizeof(length));
	memcpy(buf + 24, &at, sizeof(at));
	buf[8] = checksum(buf, 20);
	buf[32] = checksum(buf, RSDP_SIZE);
	return b.len;
}
