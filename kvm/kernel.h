/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels: finding them on this host, and getting the ELF image out of what distributions install.
 * For the files of kvm/ only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Longest release: what uname(2) can say. */
#define KERNEL_RELEASE_MAX 64

/*
 * True when kernel release @a is to be preferred to @b: the newer one; of one version the cloud
 * flavour first, the real-time flavour last.
 */
bool kernel_is_better(const char *a, const char *b);

/* What an administrator has chosen for all guests: a kernel, or a link to one. */
#define KERNEL_CONFIGURED "/etc/ringwall/kernel"

/*
 * The path (heap) of KERNEL_CONFIGURED if there is such a file, even a link that leads nowhere; else
 * of the best kernel on this host: of /boot/vmlinuz-<release> and
 * /usr/lib/modules/<release>/vmlinuz.  Below @root ("" but in tests).
 */
int kernel_find(const char *root, char **out_path, struct err *err) MUST_USE;

enum kernel_form { KERNEL_BZIMAGE, KERNEL_ELF };

/* What the first bytes of an image say. */
struct kernel_image {
	enum kernel_form form;
	char release[KERNEL_RELEASE_MAX + 1]; /* "" of an ELF image */
	uint64_t payload,
		payload_len; /* of a bzImage: where in the file its compressed ELF image is */
};

/* Reads them from file @fd of @size bytes; @name is for messages. */
int kernel_probe(int fd, uint64_t size, const char *name, struct kernel_image *out_image,
	struct err *err) MUST_USE;

/*
 * Gets the ELF image out of a bzImage, which is @len bytes at @data: @out_elf is a mapping of
 * *out_len bytes, to be given back with munmap(2).
 */
int kernel_extract(const struct kernel_image *image, const uint8_t *data, size_t len,
	void **out_elf, size_t *out_len, struct err *err) MUST_USE;

/* Checks that an ELF image is one that the machine can enter by PVH (a note XEN_ELFNOTE_PHYS32_ENTRY).
 * -ENOEXEC with err set when it is not. */
int kernel_check_pvh(const uint8_t *elf, size_t len, struct err *err) MUST_USE;

/* The release that is in the text of an ELF kernel ("Linux version ..."), or "". */
void kernel_release_of(const uint8_t *elf, size_t len, char out[KERNEL_RELEASE_MAX + 1]);

/*
 * The first note of @type by @owner ("GNU", "Xen") in the program headers of a 64-bit little-endian
 * ELF file: its content and length, or NULL.  Safe for any bytes.
 */
const uint8_t *elf_note(
	const uint8_t *elf, size_t len, const char *owner, uint32_t type, uint32_t *out_len);

/* How much of such a file its segments need: what follows (symbols, debug information) is not used
 * to run it.  @len when it is no such file. */
size_t elf_loaded_len(const uint8_t *elf, size_t len);
