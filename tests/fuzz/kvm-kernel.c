/* SPDX-License-Identifier: Apache-2.0 */
/* Any file as a guest's kernel: it is refused with an error, or leaves the boot tables as they are. */
#include <sys/mman.h>
#include <unistd.h>

#include "kvm/boot.h"
#include "tests/fuzz/fuzz.h"

static struct memory memory;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_source source = { .command_line = "quiet", .cpus = 1 };
	struct boot_entry entry;
	struct err err = { 0 };
	int fd = memfd_create("kernel", MFD_CLOEXEC);
	int r;

	FUZZ_CHECK(fd >= 0 && (!size || write(fd, data, size) == (ssize_t)size));
	if (!memory.count)
		FUZZ_CHECK(memory_init(&memory, MEMORY_MIN, &err) == 0);
	source.kernel_fd = fd;
	r = boot_load(&source, &memory, &entry, &err);
	fuzz_check_outcome(r, &err);
	if (r == 0) {
		FUZZ_CHECK(entry.ip >= BOOT_HIGH);
		FUZZ_CHECK(!memcmp(memory_ptr(&memory, BOOT_COMMAND_LINE, 6), "quiet", 6));
		FUZZ_CHECK(!memcmp(memory_ptr(&memory, BOOT_TABLES, 8), "RSD PTR ", 8));
	}
	close(fd);
	return 0;
}
