/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the archive that a kernel unpacks into its first root ("newc", Linux'
 * Documentation/driver-api/early-userspace/buffer-format.rst).  For the files of kvm/ only. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/strbuf.h"

/*
 * Adds a file to the archive in @out.  @name without a leading slash, its directory before it;
 * @mode with the type; @data of @len bytes (at most 4 GiB) for a regular file or a link.  Owner
 * root, time 0: the same content is the same archive.
 */
void cpio_add(struct strbuf *out, const char *name, mode_t mode, const void *data, size_t len);
/* Adds a device node. */
void cpio_add_device(
	struct strbuf *out, const char *name, mode_t mode, unsigned int major, unsigned int minor);
/* Ends the archive, filled up to 512 bytes. */
void cpio_end(struct strbuf *out);
