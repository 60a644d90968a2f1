// SPDX-License-Identifier: Apache-2.0
/* kvm/boot.c and kvm/acpi.c: kernels that are what they say, kernels that are not, and the tables. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <asm/bootparam.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "kvm/acpi.h"
#include "kvm/boot.h"

#define KERNEL 0x1000000ull
#define CODE_AT 0x1000

static struct memory memory;
static struct err err;

/* A kernel of one segment and the notes that Linux has. */
static struct image {
	Elf64_Ehdr header;
	Elf64_Phdr load, notes;
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint32_t desc[2];
	} first, entry;
	char code[16];
} image;

static const struct image good = {
	.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB },
		.e_machine = EM_X86_64,
		.e_phoff = offsetof(struct image, load),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2 },
	.load = { .p_type = PT_LOAD,
		.p_offset = offsetof(struct image, code),
		.p_paddr = KERNEL,
		.p_filesz = sizeof(((struct image *)0)->code),
		.p_memsz = 0x2000 },
	.notes = { .p_type = PT_NOTE,
		.p_offset = offsetof(struct image, first),
		.p_filesz = offsetof(struct image, code) - offsetof(struct image, first) },
	.first = { { 4, 8, 6 }, "Xen", { 1, 2 } },
	.entry = { { 4, 8, 18 }, "Xen", { KERNEL + CODE_AT, 0 } },
	.code = "kernel code here",
};

static int file_of(const void *data, size_t len)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_int_equal(write(fd, data, len), len);
	return fd;
}

static struct boot_entry entry;

/* Loads @data as a kernel with @count archives; returns what boot_load() did. */
static int load(const void *data, size_t len, const int *initrds, unsigned int count)
{
	auto_close int fd = file_of(data, len);
	const struct boot_source source = { .kernel_fd = fd,
		.initrd_fds = initrds,
		.initrd_count = count,
		.command_line = "a command line",
		.cpus = 2 };

	memory_release(&memory);
	assert_int_equal(memory_init(&memory, 64ull << 20, &err), 0);
	err = (struct err){ 0 };
	return boot_load(&source, &memory, &entry, &err);
}

static int load_image(void)
{
	return load(&image, sizeof(image), NULL, 0);
}

static uint32_t u32(uint64_t gpa)
{
	return *(uint32_t *)memory_ptr(&memory, gpa, 4);
}

static uint64_t u64(uint64_t gpa)
{
	return *(uint64_t *)memory_ptr(&memory, gpa, 8);
}

static void pvh(void **state)
{
	auto_close int one = file_of("070701-1", 9), two = file_of("070701-two", 10);
	const int archives[] = { one, two };
	uint64_t info = BOOT_START_INFO, module, map;

	(void)state;
	image = good;
	assert_int_equal(load(&image, sizeof(image), archives, 2), 0);
	assert_int_equal(entry.mode, BOOT_PVH);
	assert_true(entry.ip == KERNEL + CODE_AT && entry.info == info);
	assert_memory_equal(memory_ptr(&memory, KERNEL, 16), good.code, 16);
	assert_int_equal(u32(KERNEL + 16), 0);
	/* hvm_start_info, field by field. */
	assert_int_equal(u32(info), 0x336ec578);
	assert_int_equal(u32(info + 4), 1);
	assert_int_equal(u32(info + 8), 0);
	assert_int_equal(u32(info + 12), 1);
	module = u64(info + 16);
	assert_string_equal(memory_ptr(&memory, u64(info + 24), 1), "a command line");
	assert_memory_equal(memory_ptr(&memory, u64(info + 32), 8), "RSD PTR ", 8);
	map = u64(info + 40);
	assert_int_equal(u32(info + 48), 3);
	/* The archives, each at a multiple of four, and four zeros between them. */
	assert_true(u64(module) % 4096 == 0 && u64(module) + u64(module + 8) <= 64 << 20);
	assert_int_equal(u64(module + 8), 16 + 16);
	assert_memory_equal(memory_ptr(&memory, u64(module), 32),
		"070701-1\0\0\0\0\0\0\0\0"
		"070701-two\0\0\0\0\0",
		32);
	/* The memory map. */
	assert_true(u64(map) == 0 && u64(map + 8) == 0xa0000 && u32(map + 16) == 1);
	assert_true(u64(map + 24) == 0xe0000 && u64(map + 32) == 0x10000 && u32(map + 40) == 2);
	assert_true(u64(map + 48) == 0x100000 && u64(map + 56) == (63 << 20) && u32(map + 64) == 1);
}

static void expect(int result, const char *text)
{
	int r = load_image();

	if (r != result || !strstr(err.msg, text))
		print_message("%d, \"%s\"; expected %d, \"%s\"\n", r, err.msg, result, text);
	assert_int_equal(r, result);
	assert_non_null(strstr(err.msg, text));
}

static void bad_elf(void **state)
{
	(void)state;
	image = good;
	image.header.e_machine = EM_AARCH64;
	expect(-ENOEXEC, "no ELF file for x86-64");
	image = good;
	image.header.e_phnum = 0xffff;
	expect(-ENOEXEC, "no ELF file for x86-64");
	image = good;
	image.header.e_phoff = UINT64_MAX - 8;
	expect(-ENOEXEC, "cut short");
	image = good;
	image.load.p_offset = UINT64_MAX;
	expect(-ENOEXEC, "cut short");
	image = good;
	image.load.p_filesz = 0x4000;
	expect(-ENOEXEC, "larger in the file");
	image = good;
	image.load.p_filesz = 0x1000;
	expect(-ENOEXEC, "cut short");
	image = good;
	image.load.p_memsz = 64 << 20;
	expect(-ENOMEM, "does not fit");
	image = good;
	image.load.p_memsz = UINT64_MAX;
	expect(-ENOMEM, "does not fit");
	image = good;
	image.load.p_paddr = UINT64_MAX - 4;
	expect(-ENOMEM, "does not fit");
	/* Over the boot's own tables. */
	image = good;
	image.load.p_paddr = 0x6000;
	expect(-ENOMEM, "does not fit");
	image = good;
	image.entry.head.n_type = 17;
	expect(-ENOEXEC, "no PVH entry");
	image = good;
	memcpy(image.entry.name, "GNU", 4);
	expect(-ENOEXEC, "no PVH entry");
	image = good;
	image.entry.desc[1] = 1;
	expect(-ENOEXEC, "no PVH entry");
	image = good;
	image.entry.desc[0] = 0x7c00;
	expect(-ENOEXEC, "no PVH entry");
	/* Notes whose sizes lie. */
	image = good;
	image.first.head.n_descsz = UINT32_MAX;
	expect(-ENOEXEC, "no PVH entry");
	image = good;
	image.first.head.n_namesz = UINT32_MAX;
	expect(-ENOEXEC, "no PVH entry");
	image = good;
	image.entry.head.n_descsz = 12;
	expect(-ENOEXEC, "no PVH entry");
	image = good;
	image.notes.p_filesz = 1 << 20;
	expect(-ENOEXEC, "no PVH entry");
	assert_int_equal(load("\x7f"
			      "EL",
				 3, NULL, 0),
		-ENOEXEC);
	assert_int_equal(load("", 0, NULL, 0), -ENOEXEC);
}

static void bzimage(void **state)
{
	static uint8_t file[8192];
	struct setup_header *h = (void *)(file + offsetof(struct boot_params, hdr));
	const struct boot_params *zero;

	(void)state;
	memset(file, 0, sizeof(file));
	*h = (struct setup_header){ .setup_sects = 1,
		.header = 0x53726448,
		.version = 0x20f,
		.xloadflags = XLF_KERNEL_64,
		.pref_address = KERNEL,
		.init_size = 0x10000 };
	memset(file + 1024, 0x90, sizeof(file) - 1024);
	assert_int_equal(load(file, sizeof(file), NULL, 0), 0);
	assert_int_equal(entry.mode, BOOT_LONG_MODE);
	assert_true(entry.ip == KERNEL + 0x200 && entry.info == BOOT_ZERO_PAGE);
	assert_int_equal(u32(KERNEL), 0x90909090);
	zero = memory_ptr(&memory, BOOT_ZERO_PAGE, sizeof(*zero));
	assert_int_equal(zero->hdr.type_of_loader, 0xff);
	assert_int_equal(zero->hdr.cmd_line_ptr, BOOT_COMMAND_LINE);
	assert_int_equal(zero->e820_entries, 3);
	assert_true(zero->acpi_rsdp_addr == BOOT_TABLES);
	/* The pages map onto themselves. */
	assert_true(u64(u64(u64(BOOT_PAGE_TABLES) & ~4095ull) & ~4095ull) == 0x83);
	assert_true(u64(BOOT_PAGE_TABLES + 5 * 4096 + 4088) == (0xffe00000 | 0x83));

	h->xloadflags = 0;
	assert_int_equal(load(file, sizeof(file), NULL, 0), -ENOEXEC);
	h->xloadflags = XLF_KERNEL_64;
	h->version = 0x20b;
	assert_int_equal(load(file, sizeof(file), NULL, 0), -ENOEXEC);
	h->version = 0x20f;
	h->setup_sects = 255;
	assert_int_equal(load(file, sizeof(file), NULL, 0), -ENOEXEC);
	h->setup_sects = 1;
	h->init_size = 100;
	assert_int_equal(load(file, sizeof(file), NULL, 0), -ENOEXEC);
	h->init_size = 0xffffffff;
	assert_int_equal(load(file, sizeof(file), NULL, 0), -ENOMEM);
	h->init_size = 0x10000;
	h->pref_address = 0x8000;
	assert_int_equal(load(file, sizeof(file), NULL, 0), -ENOMEM);
}

static void archives(void **state)
{
	auto_close int large = memfd_create("large", MFD_CLOEXEC);
	auto_close int other = STDIN_FILENO, end = FD_NONE;
	int fds[2];

	(void)state;
	image = good;
	other = FD_NONE;
	/* The kernel ends at 16 MiB + 8 KiB; one page is left between, and four zeros behind. */
	assert_int_equal(ftruncate(large, (48 << 20) - 0x3000 - 4), 0);
	assert_int_equal(load(&image, sizeof(image), &large, 1), 0);
	assert_int_equal(ftruncate(large, (48 << 20) - 0x3000), 0);
	assert_int_equal(load(&image, sizeof(image), &large, 1), -ENOMEM);
	/* Nor do they come over the tables when there is next to nothing of a kernel. */
	image.load.p_type = PT_NULL;
	assert_int_equal(ftruncate(large, (64 << 20) - 0x8000), 0);
	assert_int_equal(load(&image, sizeof(image), &large, 1), -ENOMEM);
	assert_int_equal(ftruncate(large, (63 << 20) - 0x1000 - 4), 0);
	assert_int_equal(load(&image, sizeof(image), &large, 1), 0);
	assert_int_equal(ftruncate(large, INT64_MAX), 0);
	assert_int_equal(load(&image, sizeof(image), &large, 1), -EINVAL);
	assert_int_equal(pipe(fds), 0);
	other = fds[0];
	end = fds[1];
	assert_int_equal(load(&image, sizeof(image), &other, 1), -EINVAL);
}

static void command_lines(void **state)
{
	char line[BOOT_COMMAND_LINE_SIZE], parameters[BOOT_COMMAND_LINE_SIZE + 1];
	struct boot_command_line o = { .parameters = "init=/x" };

	(void)state;
	assert_int_equal(boot_command_line(&o, line, &err), 0);
	assert_non_null(strstr(line, "initcall_blacklist=load_system_certificate_list,"));
	assert_non_null(strstr(line, "quiet"));
	assert_null(strstr(line, "ttyS0"));
	assert_null(strstr(line, "  "));
	assert_string_equal(line + strlen(line) - 8, " init=/x");
	o.full = o.serial = true;
	assert_int_equal(boot_command_line(&o, line, &err), 0);
	assert_null(strstr(line, "initcall_blacklist"));
	assert_null(strstr(line, "quiet"));
	assert_non_null(strstr(line, "ttyS0"));
	memset(parameters, 'x', sizeof(parameters));
	parameters[BOOT_COMMAND_LINE_SIZE] = '\0';
	o.parameters = parameters;
	assert_int_equal(boot_command_line(&o, line, &err), -E2BIG);
	parameters[BOOT_COMMAND_LINE_SIZE - 1 - (strlen(line) - 7)] = '\0';
	assert_int_equal(boot_command_line(&o, line, &err), 0);
	assert_int_equal(strlen(line), BOOT_COMMAND_LINE_SIZE - 1);
}

/* Sums to zero over its length. */
static void check_table(const uint8_t *p, const char *signature, uint32_t length)
{
	uint8_t sum = 0;

	assert_memory_equal(p, signature, 4);
	assert_int_equal(*(const uint32_t *)(p + 4), length);
	for (uint32_t i = 0; i < length; i++)
		sum += p[i];
	assert_int_equal(sum, 0);
}

static void tables(void **state)
{
	static const uint8_t gas_sleep[] = { 1, 8, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0 };
	static uint8_t buf[8192] __attribute__((aligned(16)));
	const uint64_t at = 0xe0000;
	const uint8_t *xsdt, *fadt, *madt;
	uint8_t sum = 0;
	uint64_t address;
	size_t size;

	(void)state;
	size = acpi_build(buf, sizeof(buf), at, 3);
	assert_true(size > 0 && size < sizeof(buf));
	assert_memory_equal(buf, "RSD PTR ", 8);
	assert_int_equal(buf[15], 2);
	for (unsigned int i = 0; i < 36; i++) {
		sum += buf[i];
		if (i == 19)
			assert_int_equal(sum, 0);
	}
	assert_int_equal(sum, 0);
	memcpy(&address, buf + 24, 8);
	xsdt = buf + (address - at);
	check_table(xsdt, "XSDT", 36 + 16);
	memcpy(&address, xsdt + 36, 8);
	fadt = buf + (address - at);
	check_table(fadt, "FACP", 276);
	assert_int_equal(fadt[8], 6);
	/* No VGA, no CMOS clock; hardware-reduced, with a reset register. */
	assert_int_equal(fadt[109] | fadt[110] << 8, 1 << 2 | 1 << 5);
	assert_int_equal(*(const uint32_t *)(fadt + 112) & (1 << 20 | 1 << 10), 1 << 20 | 1 << 10);
	assert_int_equal(fadt[116 + 4], 0x64);
	assert_int_equal(fadt[128], 0xfe);
	assert_memory_equal(fadt + 244, gas_sleep, sizeof(gas_sleep));
	memcpy(&address, fadt + 140, 8);
	assert_memory_equal(buf + (address - at), "DSDT", 4);
	check_table(buf + (address - at), "DSDT", *(uint32_t *)(buf + (address - at) + 4));
	memcpy(&address, xsdt + 44, 8);
	madt = buf + (address - at);
	check_table(madt, "APIC", 44 + 3 * 8 + 12);
	assert_int_equal(*(const uint32_t *)(madt + 40), 0);
	for (unsigned int i = 0; i < 3; i++) {
		const uint8_t apic[] = { 0, 8, i, i, 1, 0, 0, 0 };

		assert_memory_equal(madt + 44 + i * 8, apic, 8);
	}
	assert_int_equal(madt[68], 1);
	assert_int_equal(*(const uint32_t *)(madt + 72), 0xfec00000);
	/* Too small, at every size. */
	for (size_t i = 0; i < size; i++)
		assert_int_equal(acpi_build(buf, i, at, 3), 0);
	assert_true(acpi_build(buf, sizeof(buf), at, 255));
}

/* The definition block, byte by byte: what iasl makes of it was read once. */
static void definition_block(void **state)
{
	static const uint8_t expected[] = { /* Name (_S5, Package (4) { 5, 0, 0, 0 }) */
		0x08, '_', 'S', '5', '_', 0x12, 0x48, 0x00, 4, 0x0a, 5, 0, 0, 0,
		/* Scope (\_SB) { Device (PCI0) { */
		0x10, 0x4d, 0x05, '\\', '_', 'S', 'B', '_', 0x5b, 0x82, 0x44, 0x05, 'P', 'C', 'I',
		'0',
		/* Name (_HID, EisaId ("PNP0A03")) Name (_UID, 0) Name (_CRS, */
		0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x0a, 0x03, 0x08, '_', 'U', 'I', 'D', 0,
		0x08, '_', 'C', 'R', 'S', 0x11, 0x48, 0x03, 0x0a, 0x34,
		/* bus 0 */
		0x88, 13, 0, 2, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
		/* ports 0xcf8 to 0xcff */
		0x47, 1, 0xf8, 0x0c, 0xf8, 0x0c, 1, 8,
		/* 0xd0000000 to 0xdfffffff */
		0x87, 23, 0, 0, 0x0c, 1, 0, 0, 0, 0, 0, 0, 0, 0xd0, 0xff, 0xff, 0xff, 0xdf, 0, 0, 0,
		0, 0, 0, 0, 0x10, 0x79, 0
	};
	static uint8_t buf[8192];

	(void)state;
	assert_true(acpi_build(buf, sizeof(buf), 0, 1) > 0);
	assert_memory_equal(buf + 48, "DSDT", 4);
	assert_int_equal(*(uint32_t *)(buf + 52), 36 + sizeof(expected));
	assert_memory_equal(buf + 48 + 36, expected, sizeof(expected));
}

static int teardown(void **state)
{
	(void)state;
	memory_release(&memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pvh),
		cmocka_unit_test(bad_elf),
		cmocka_unit_test(bzimage),
		cmocka_unit_test(archives),
		cmocka_unit_test(command_lines),
		cmocka_unit_test(tables),
		cmocka_unit_test(definition_block),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
