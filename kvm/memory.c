/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's memory is one private mapping; the guest sees its front below the hole and the rest
 * above 4 GiB.  The two are kept apart as regions so that no range is ever taken across the hole,
 * where host addresses go on and guest addresses do not.
 */
#include "kvm/memory.h"

#include <sys/mman.h>

#include "base/mem.h"

#define HUGE_PAGE (2ull << 20)
#define PAGE 4096ull

int memory_init(struct memory *m, uint64_t size, struct err *err)
{
	uint64_t low, room;
	uint8_t *host;

	*m = (struct memory){ 0 };
	if (size < MEMORY_MIN || size > MEMORY_MAX)
		return err_bad_errno(err, ERR_CONFIG, EINVAL,
			"guest memory of %llu bytes: a guest has from %llu MiB to %llu GiB",
			(unsigned long long)size, MEMORY_MIN >> 20, MEMORY_MAX >> 30);
	size = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	/* With room to align it, and with pages before and behind that nobody may touch: should a
	 * range ever be wrong, the process ends there. */
	room = size + 2 * HUGE_PAGE;
	host = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host == MAP_FAILED)
		return err_sys(
			err, errno, "mmap %llu bytes of guest memory", (unsigned long long)size);
	m->mapping = host;
	m->mapping_size = room;
	host += HUGE_PAGE - ((uintptr_t)host & (HUGE_PAGE - 1));
	if (mprotect(host, size, PROT_READ | PROT_WRITE) < 0) {
		int errnum = errno;

		munmap(m->mapping, room);
		*m = (struct memory){ 0 };
		return err_sys(err, errnum, "mprotect %llu bytes of guest memory",
			(unsigned long long)size);
	}
	/* A host without huge pages is slower and nothing else. */
	(void)madvise(host, size, MADV_HUGEPAGE);
	/* The guest's secrets do not belong into a core file of this process. */
	(void)madvise(host, size, MADV_DONTDUMP);

	low = size < MEMORY_LOW_END ? size : MEMORY_LOW_END;
	m->regions[m->count++] = (struct memory_region){ 0, low, host };
	if (size > low)
		m->regions[m->count++] =
			(struct memory_region){ MEMORY_HIGH, size - low, host + low };
	m->size = size;
	return 0;
}

void memory_release(struct memory *m)
{
	if (m->mapping)
		munmap(m->mapping, m->mapping_size);
	*m = (struct memory){ 0 };
}

void *memory_ptr(const struct memory *m, uint64_t gpa, uint64_t len)
{
	for (unsigned int i = 0; i < m->count; i++) {
		const struct memory_region *r = &m->regions[i];
		uint64_t offset = gpa - r->gpa;

		if (gpa >= r->gpa && offset < r->size && len <= r->size - offset)
			return r->host + offset;
	}
	return NULL;
}

int memory_discard(const struct memory *m, uint64_t gpa, uint64_t len)
{
	uint8_t *p = memory_ptr(m, gpa, len);
	uint64_t front = -gpa & (PAGE - 1);

	if (!p)
		return -EFAULT;
	if (len < front || !((len - front) & ~(PAGE - 1)))
		return 0;
	return madvise(p + front, (len - front) & ~(PAGE - 1), MADV_DONTNEED) < 0 ? -errno : 0;
}
