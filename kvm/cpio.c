// SPDX-License-Identifier: Apache-2.0
/* The writer of newc archives: see the header. */
#include "kvm/cpio.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

static void fill_up(struct strbuf *out, size_t unit)
{
	static const char zeroes[512];

	strbuf_add(out, zeroes, (unit - out->len % unit) % unit);
}

static void add(struct strbuf *out, const char *name, mode_t mode, const void *data, size_t len,
	unsigned int major, unsigned int minor)
{
	/* magic, inode, mode, uid, gid, links, time, size, device (2), device node (2), length of
	 * the name with its NUL, checksum (none).  Inode numbers tie hard links together only. */
	strbuf_addf(out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0u, mode, 0u,
		0u, S_ISDIR(mode) ? 2u : 1u, 0u, (uint32_t)len, 0u, 0u, major, minor,
		(uint32_t)strlen(name) + 1, 0u);
	strbuf_add(out, name, strlen(name) + 1);
	fill_up(out, 4);
	strbuf_add(out, data, len);
	fill_up(out, 4);
}

void cpio_add(struct strbuf *out, const char *name, mode_t mode, const void *data, size_t len)
{
	add(out, name, mode, data, len, 0, 0);
}

void cpio_add_device(
	struct strbuf *out, const char *name, mode_t mode, unsigned int major, unsigned int minor)
{
	add(out, name, mode, "", 0, major, minor);
}

void cpio_end(struct strbuf *out)
{
	add(out, "TRAILER!!!", 0, "", 0, 0, 0);
	fill_up(out, 512);
}
