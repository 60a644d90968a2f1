/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's memory: where it lies in the guest's physical address space, and the only way from
 * there to a host pointer.  For the files of kvm/ only.
 *
 * The guest may write any byte at any time, also from another vCPU while a device looks at it: what
 * decides anything is copied first and checked after.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Memory below this address and from MEMORY_HIGH on; the hole between them holds the PCI window,
 * the IOAPIC and the local APICs.
 */
#define MEMORY_LOW_END 0xc0000000ull
#define MEMORY_HIGH 0x100000000ull
/* A guest of less than 32 MiB does not boot; one of more than 1 TiB is a mistake. */
#define MEMORY_MIN (32ull << 20)
#define MEMORY_MAX (1ull << 40)

struct memory_region {
	uint64_t gpa; /* guest-physical address of its first byte */
	uint64_t size; /* bytes, a multiple of the page size */
	uint8_t *host; /* where it is mapped in this process for as long as the memory lives */
};

#define MEMORY_REGIONS_MAX 2

struct memory {
	struct memory_region regions[MEMORY_REGIONS_MAX]; /* ascending, never adjacent */
	unsigned int count;
	uint64_t size; /* bytes of all regions */
	void *mapping; /* the regions, with guard pages around them */
	uint64_t mapping_size;
};

/*
 * Maps @size bytes (rounded up to whole 2 MiB): private, anonymous, not reserved, in huge pages
 * where the host has them; touched pages only cost memory.  -EINVAL outside MEMORY_MIN..MEMORY_MAX.
 */
int memory_init(struct memory *m, uint64_t size, struct err *err) MUST_USE;
/* Unmaps it; no pointer into it may be used afterwards.  Accepts a zeroed struct. */
void memory_release(struct memory *m);

/*
 * The host's pointer to @len bytes at @gpa, or NULL when they do not lie wholly within one region
 * (also when @gpa + @len overflows).  A length of 0 gives a pointer if @gpa is within a region.
 * This is the one check: with its pointer, exactly @len bytes may be accessed, without a lock, as
 * long as the memory lives.
 */
void *memory_ptr(const struct memory *m, uint64_t gpa, uint64_t len);

/*
 * Gives the pages wholly within @len bytes at @gpa back to the host (they read as zero afterwards).
 * -EFAULT when the range is not the guest's memory; else 0 or the negative errno of madvise(2).
 */
int memory_discard(const struct memory *m, uint64_t gpa, uint64_t len);
