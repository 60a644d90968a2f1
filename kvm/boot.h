/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a kernel, its initramfs and its boot tables into guest memory.  An ELF vmlinux is entered by
 * PVH (the Xen note of its entry in 32-bit mode), a bzImage by the 64-bit boot protocol, which
 * works as well but has the guest decompress it.  For the files of kvm/ only.
 */
#pragma once

#include "kvm/memory.h"

/* Where things lie below 1 MiB, in the guest's physical addresses. */
#define BOOT_START_INFO 0x6000
#define BOOT_COMMAND_LINE 0x7000
#define BOOT_ZERO_PAGE 0x8000
#define BOOT_PAGE_TABLES 0x9000 /* six pages */
#define BOOT_LOW_END 0xa0000 /* usable memory ends here */
#define BOOT_TABLES 0xe0000 /* ACPI */
#define BOOT_TABLES_SIZE 0x10000
#define BOOT_HIGH 0x100000

/* What x86 kernels take (COMMAND_LINE_SIZE), with the NUL. */
#define BOOT_COMMAND_LINE_SIZE 2048

struct boot_source {
	int kernel_fd;
	const int *initrd_fds;
	unsigned int initrd_count;
	const char *command_line;
	unsigned int cpus;
};

enum boot_mode { BOOT_PVH, BOOT_LONG_MODE };

/* How the first vCPU enters the kernel. */
struct boot_entry {
	enum boot_mode mode;
	uint64_t ip;
	uint64_t info; /* EBX (hvm_start_info) or RSI (boot_params) */
};

/* Errors name what is wrong with the kernel or archive, or that it does not fit. */
int boot_load(const struct boot_source *source, const struct memory *m,
	struct boot_entry *out_entry, struct err *err) MUST_USE;

struct boot_command_line {
	bool full; /* without the list of initcalls to leave out */
	bool serial; /* log to the serial port, and from the first line */
	const char *parameters; /* appended; NULL: none */
};

/* The kernel's command line; -E2BIG when it is longer than a kernel takes. */
int boot_command_line(const struct boot_command_line *options, char out[BOOT_COMMAND_LINE_SIZE],
	struct err *err) MUST_USE;
