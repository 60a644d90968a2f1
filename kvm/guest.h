/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest boots: a kernel of the distribution, decompressed, and an initramfs made of this
 * program and the modules that kernel needs.  Both are made once and kept in a cache.
 *
 * The cache is <cache>/kernel/<key>.vmlinux and <cache>/initramfs/<key>.cpio.  A key is a hash of
 * what the file was made from, so that a new kernel, a new program or a new list of modules is
 * another file.  Files are written under another name, synced and renamed, so that any number of
 * creators may work at once, and are used only if they belong to this user or to root and nobody
 * else may write to them.
 *
 * All paths are the host's and trusted (base/hostfile.h).  Public: runtime/ and cmd/ use it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

/* The order of loading is the order of the names in this directory of the initramfs:
 * "00-failover.ko", not compressed.  Nothing else is in it. */
#define GUEST_MODULE_DIR "m"

struct guest_request {
	/*
	 * The kernel: a bzImage or an ELF vmlinux with a PVH note.  NULL: /etc/ringwall/kernel, a
	 * link as a rule, if that is there; else the newest one that can be used, of /boot/vmlinuz-<release> and /usr/lib/modules/<release>/vmlinuz; of equal ones the
	 * cloud flavour.
	 */
	const char *kernel;
	/* The program that becomes /init; borrowed.  FD_NONE: no initramfs is made. */
	int agent_fd;
	/* The cache; NULL: /var/cache/ringwall for root, else $XDG_CACHE_HOME/ringwall or
	 * $HOME/.cache/ringwall. */
	const char *cache;
	/* Make the files anew even if they are there. */
	bool force;
	/* Called before what takes long ("decompressing /boot/vmlinuz-...").  NULL: silent. */
	void (*progress)(const char *text, void *arg);
	void *progress_arg;
};

struct guest_files {
	char *kernel; /* the kernel that was found or given */
	char *release; /* "6.12.107+deb13-cloud-amd64"; "" when an ELF image does not tell */
	char *vmlinux; /* path in the cache, or of the kernel itself when that is an ELF file */
	char *initramfs; /* path in the cache; NULL without an agent */
	int vmlinux_fd; /* open for reading */
	int initramfs_fd; /* open for reading, or FD_NONE */
	bool made_vmlinux, made_initramfs; /* by this call, not found in the cache */
};

#define GUEST_FILES_INIT                                       \
	{                                                      \
		.vmlinux_fd = FD_NONE, .initramfs_fd = FD_NONE \
	}

/*
 * Finds the kernel, and its files in the cache or makes them.  Errors: no kernel found, an image
 * that is none or has no PVH entry, a compression that is not supported, modules that the kernel
 * lacks, a cache that cannot be written; each with a hint.  @out_files is written only on success.
 */
int guest_prepare(const struct guest_request *request, struct guest_files *out_files,
	struct err *err) MUST_USE;
void guest_files_release(struct guest_files *files);

DEFINE_AUTO(guest_files, guest_files_release);
