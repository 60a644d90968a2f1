/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware-reduced ACPI tables (ACPI 6.4, 4.1) that tell the guest about its processors, its
 * PCI bus, and how to turn itself off.  For the files of kvm/ only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Ports that the tables name. */
#define ACPI_SLEEP_CONTROL 0x600
#define ACPI_SLEEP_STATUS 0x601
#define ACPI_RESET_PORT 0x64
#define ACPI_RESET_VALUE 0xfe
/* What the guest writes to ACPI_SLEEP_CONTROL to turn itself off: type 5 and the enable bit. */
#define ACPI_SLEEP_OFF (5 << 2 | 1 << 5)

/*
 * Writes all tables for @cpus processors into @buf, which the guest sees at @gpa; the RSDP comes
 * first.  Returns their size, or 0 when @size is too small (8 KiB is enough for 255 processors).
 */
size_t acpi_build(uint8_t *buf, size_t size, uint64_t gpa, unsigned int cpus);
