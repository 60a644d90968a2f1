/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a kernel is not trusted more than the guest that it becomes: every offset and length
 * in it is checked before it is used, and what it names is read straight into guest memory, found
 * by memory_ptr().
 */
#include "kvm/boot.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "kvm/acpi.h"

#define PAGE 4096ull
/* Kernels take an initramfs below this address (initrd_addr_max of the boot protocol). */
#define INITRD_END 0x80000000ull
#define NOTES_MAX 65536
#define PROGRAM_HEADERS_MAX 128
#define XEN_NOTE_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY */

/* PVH: xen/include/public/arch-x86/hvm/start_info.h, version 1. */
#define START_INFO_MAGIC 0x336ec578

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, command_line, rsdp, memory_map;
	uint32_t memory_map_count, reserved;
};

struct start_module {
	uint64_t address, size, command_line, reserved;
};

struct start_memory {
	uint64_t address, size;
	uint32_t type, reserved;
};

#define MEMORY_USABLE 1
#define MEMORY_RESERVED 2
#define MEMORY_ROWS_MAX 8

/* What every way of booting needs to know. */
struct layout {
	const struct memory *m;
	uint64_t kernel_end;
	uint64_t initrd, initrd_size;
	struct start_memory map[MEMORY_ROWS_MAX];
	unsigned int map_count;
};

/* Reads exactly @len bytes. */
static int read_at(
	int fd, void *buf, size_t len, uint64_t offset, const char *what, struct err *err)
{
	uint8_t *at = buf;

	while (len) {
		ssize_t n = offset > INT64_MAX ? 0 : pread(fd, at, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read the %s", what);
		if (!n)
			return err_bad_errno(err, ERR_CONFIG, ENOEXEC, "the %s is cut short", what);
		at += n;
		offset += n;
		len -= n;
	}
	return 0;
}

static void *place(
	const struct layout *l, uint64_t gpa, uint64_t len, const char *what, struct err *err)
{
	/* Nothing is loaded over the tables below. */
	void *p = gpa >= BOOT_HIGH ? memory_ptr(l->m, gpa, len) : NULL;

	if (!p)
		err_bad_errno(err, ERR_CONFIG, ENOMEM,
			"the %s (%llu KiB at 0x%llx) does not fit into the guest's %llu MiB", what,
			(unsigned long long)len >> 10, (unsigned long long)gpa,
			(unsigned long long)l->m->size >> 20);
	return p;
}

static void note_end(struct layout *l, uint64_t end)
{
	if (l->kernel_end < end)
		l->kernel_end = end;
}

/* ELF and PVH. */

static int load_segment(int fd, const Elf64_Phdr *p, struct layout *l, struct err *err)
{
	void *to = place(l, p->p_paddr, p->p_memsz, "kernel", err);

	if (!to)
		return err_result(err);
	if (p->p_filesz > p->p_memsz)
		return err_bad_errno(err, ERR_CONFIG, ENOEXEC,
			"the kernel has a segment that is larger in the file than in memory");
	note_end(l, p->p_paddr + p->p_memsz);
	return read_at(fd, to, p->p_filesz, p->p_offset, "kernel", err);
}

/* Finds the PVH entry among the notes of @p; *out_entry stays as it is when it is not there. */
static int read_notes(int fd, const Elf64_Phdr *p, uint64_t *out_entry, struct err *err)
{
	auto_free uint8_t *notes = NULL;
	size_t at = 0, size = p->p_filesz;
	int r;

	if (size > NOTES_MAX)
		return 0;
	notes = xmalloc(size + 1);
	r = read_at(fd, notes, size, p->p_offset, "kernel", err);
	if (r < 0)
		return r;
	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name, desc, next;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		desc = name + (((uint64_t)note.n_namesz + 3) & ~3ull);
		next = desc + (((uint64_t)note.n_descsz + 3) & ~3ull);
		if (next > size)
			return 0;
		if (note.n_type == XEN_NOTE_ENTRY && note.n_namesz == 4 &&
			!memcmp(notes + name, "Xen", 4) &&
			(note.n_descsz == 4 || note.n_descsz == 8)) {
			*out_entry = 0;
			memcpy(out_entry, notes + desc, note.n_descsz);
		}
		at = next;
	}
	return 0;
}

static int load_elf(int fd, struct layout *l, struct boot_entry *entry, struct err *err)
{
	Elf64_Ehdr header;
	uint64_t ip = UINT64_MAX;
	int r;

	r = read_at(fd, &header, sizeof(header), 0, "kernel", err);
	if (r < 0)
		return r;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 ||
		header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > PROGRAM_HEADERS_MAX)
		return err_bad_errno(
			err, ERR_CONFIG, ENOEXEC, "the kernel is no ELF file for x86-64");
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr p;

		r = read_at(fd, &p, sizeof(p), header.e_phoff + i * sizeof(p), "kernel", err);
		if (r < 0)
			return r;
		if (p.p_type == PT_LOAD && p.p_memsz)
			r = load_segment(fd, &p, l, err);
		else if (p.p_type == PT_NOTE)
			r = read_notes(fd, &p, &ip, err);
		if (r < 0)
			return r;
	}
	if (ip > UINT32_MAX || ip < BOOT_HIGH)
		return err_bad_errno(err, ERR_CONFIG, ENOEXEC,
			"the kernel has no PVH entry (it was built without CONFIG_PVH)");
	*entry = (struct boot_entry){ BOOT_PVH, ip, BOOT_START_INFO };
	return 0;
}

static void write_start_info(const struct layout *l)
{
	struct start_module module = { .address = l->initrd, .size = l->initrd_size };
	uint64_t at_module = BOOT_START_INFO + sizeof(struct start_info);
	uint64_t at_map = at_module + sizeof(module);
	struct start_info info = {
		.magic = START_INFO_MAGIC,
		.version = 1,
		.module_count = l->initrd_size ? 1 : 0,
		.modules = l->initrd_size ? at_module : 0,
		.command_line = BOOT_COMMAND_LINE,
		.rsdp = BOOT_TABLES,
		.memory_map = at_map,
		.memory_map_count = l->map_count,
	};

	memcpy(memory_ptr(l->m, BOOT_START_INFO, sizeof(info)), &info, sizeof(info));
	memcpy(memory_ptr(l->m, at_module, sizeof(module)), &module, sizeof(module));
	memcpy(memory_ptr(l->m, at_map, sizeof(l->map)), l->map, sizeof(l->map));
}

/* bzImage (Documentation/arch/x86/boot.rst). */

static int load_bzimage(int fd, struct layout *l, struct boot_entry *entry, struct err *err)
{
	struct boot_params *zero = memory_ptr(l->m, BOOT_ZERO_PAGE, sizeof(*zero));
	struct setup_header h;
	struct stat st;
	uint64_t code;
	uint8_t *to;
	int r;

	r = read_at(fd, &h, sizeof(h), offsetof(struct boot_params, hdr), "kernel", err);
	if (r < 0)
		return r;
	if (memcmp(&h.header, "HdrS", 4) != 0 || h.version < 0x20c ||
		!(h.xloadflags & XLF_KERNEL_64))
		return err_bad_errno(err, ERR_CONFIG, ENOEXEC,
			"the kernel is neither an ELF file nor a 64-bit bzImage");
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "fstat the kernel");
	code = ((uint64_t)(h.setup_sects ? h.setup_sects : 4) + 1) * 512;
	if ((uint64_t)st.st_size <= code || h.init_size < (uint64_t)st.st_size - code)
		return err_bad_errno(err, ERR_CONFIG, ENOEXEC, "the kernel is cut short");
	to = place(l, h.pref_address, h.init_size, "kernel", err);
	if (!to)
		return err_result(err);
	note_end(l, h.pref_address + h.init_size);
	r = read_at(fd, to, st.st_size - code, code, "kernel", err);
	if (r < 0)
		return r;
	zero->hdr = h;
	/* 64-bit entry: at 0x200 of the code. */
	*entry = (struct boot_entry){ BOOT_LONG_MODE, h.pref_address + 0x200, BOOT_ZERO_PAGE };
	return 0;
}

/* Maps the first 4 GiB onto themselves: PML4, PDPT, and four directories of 2 MiB pages. */
static void write_page_tables(const struct memory *m)
{
	uint64_t *tables = memory_ptr(m, BOOT_PAGE_TABLES, 6 * PAGE);
	const uint64_t present = 3, large = 0x80 | present;

	tables[0] = (BOOT_PAGE_TABLES + PAGE) | present;
	for (uint64_t i = 0; i < 4; i++)
		tables[512 + i] = (BOOT_PAGE_TABLES + (2 + i) * PAGE) | present;
	for (uint64_t i = 0; i < 4 * 512ull; i++)
		tables[1024 + i] = i << 21 | large;
}

static void write_zero_page(const struct layout *l)
{
	struct boot_params *zero = memory_ptr(l->m, BOOT_ZERO_PAGE, sizeof(*zero));

	zero->hdr.type_of_loader = 0xff;
	zero->hdr.loadflags |= LOADED_HIGH;
	zero->hdr.cmd_line_ptr = BOOT_COMMAND_LINE;
	zero->hdr.ramdisk_image = l->initrd;
	zero->hdr.ramdisk_size = l->initrd_size;
	zero->acpi_rsdp_addr = BOOT_TABLES;
	zero->e820_entries = l->map_count;
	for (unsigned int i = 0; i < l->map_count; i++) {
		zero->e820_table[i].addr = l->map[i].address;
		zero->e820_table[i].size = l->map[i].size;
		zero->e820_table[i].type = l->map[i].type;
	}
	write_page_tables(l->m);
}

/* Both. */

/* An archive begins at a multiple of four, and behind the one before are four zeros, by which the
 * kernel's LZ4 sees the end of that. */
static uint64_t archive_room(uint64_t size)
{
	return (size + 7) & ~3ull;
}

/* At the end of low memory, behind the kernel. */
static int load_initrd(const struct boot_source *s, struct layout *l, struct err *err)
{
	uint64_t end = l->m->regions[0].size < INITRD_END ? l->m->regions[0].size : INITRD_END;
	uint64_t size = 0, sizes[16], at;
	const unsigned int count = s->initrd_count;

	if (!count)
		return 0;
	if (count > ARRAY_SIZE(sizes))
		BUG("too many archives");
	for (unsigned int i = 0; i < count; i++) {
		struct stat st;

		if (fstat(s->initrd_fds[i], &st) < 0)
			return err_sys(err, errno, "fstat the initramfs");
		if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > end)
			return err_bad_errno(err, ERR_CONFIG, EINVAL,
				"the initramfs is no regular file, or too large");
		sizes[i] = st.st_size;
		size += archive_room(sizes[i]);
	}
	if (size > end || end - size < l->kernel_end + PAGE)
		return err_bad_errno(err, ERR_CONFIG, ENOMEM,
			"the kernel and the initramfs do not fit into the guest's %llu MiB",
			(unsigned long long)l->m->size >> 20);
	l->initrd = (end - size) & ~(PAGE - 1);
	l->initrd_size = size;
	at = l->initrd;
	for (unsigned int i = 0; i < count; i++) {
		int r = read_at(s->initrd_fds[i], memory_ptr(l->m, at, sizes[i]), sizes[i], 0,
			"initramfs", err);

		if (r < 0)
			return r;
		at += archive_room(sizes[i]);
	}
	return 0;
}

static void map_memory(struct layout *l)
{
	const struct memory *m = l->m;

	l->map[l->map_count++] = (struct start_memory){ 0, BOOT_LOW_END, MEMORY_USABLE, 0 };
	l->map[l->map_count++] =
		(struct start_memory){ BOOT_TABLES, BOOT_TABLES_SIZE, MEMORY_RESERVED, 0 };
	l->map[l->map_count++] = (struct start_memory){ BOOT_HIGH, m->regions[0].size - BOOT_HIGH,
		MEMORY_USABLE, 0 };
	for (unsigned int i = 1; i < m->count; i++)
		l->map[l->map_count++] = (struct start_memory){ m->regions[i].gpa,
			m->regions[i].size, MEMORY_USABLE, 0 };
}

int boot_load(const struct boot_source *s, const struct memory *m, struct boot_entry *out_entry,
	struct err *err)
{
	/* Below are the tables, of whatever the kernel is made. */
	struct layout l = { .m = m, .kernel_end = BOOT_HIGH };
	size_t length = strlen(s->command_line) + 1;
	char magic[SELFMAG];
	int r;

	if (length > BOOT_COMMAND_LINE_SIZE)
		return err_bad_errno(
			err, ERR_CONFIG, E2BIG, "the kernel's command line is too long");
	r = read_at(s->kernel_fd, magic, sizeof(magic), 0, "kernel", err);
	if (r < 0)
		return r;
	if (memcmp(magic, ELFMAG, SELFMAG) != 0)
		r = load_bzimage(s->kernel_fd, &l, out_entry, err);
	else
		r = load_elf(s->kernel_fd, &l, out_entry, err);
	if (r < 0)
		return r;
	r = load_initrd(s, &l, err);
	if (r < 0)
		return r;
	map_memory(&l);
	memcpy(memory_ptr(m, BOOT_COMMAND_LINE, length), s->command_line, length);
	if (!acpi_build(memory_ptr(m, BOOT_TABLES, BOOT_TABLES_SIZE), BOOT_TABLES_SIZE, BOOT_TABLES,
		    s->cpus))
		BUG("the ACPI tables do not fit");
	if (out_entry->mode == BOOT_PVH)
		write_start_info(&l);
	else
		write_zero_page(&l);
	return 0;
}

/* The command line. */

/*
 * Initcalls that a container's guest does not need and that were measured to take two thirds of a
 * stock kernel's boot: parsing the certificates of modules, a jitter entropy self-test, and setting
 * up events and checks of tracing.  Kernels pass over names that they do not know.
 */
#define INITCALLS                                                                          \
	"initcall_blacklist=load_system_certificate_list,jent_mod_init,init_kprobe_trace," \
	"bpf_tcp_ca_kfunc_init,trace_eval_init,trace_eval_sync,"                           \
	"ftrace_check_for_weak_functions,ftrace_check_sync"

enum when { ALWAYS, TUNED, QUIET, SERIAL };

static const struct {
	enum when when;
	const char *text;
} parameters[] = {
	{ QUIET, "quiet 8250.nr_uarts=0" },
	{ SERIAL, "earlycon=uart8250,io,0x3f8,115200 console=ttyS0 ignore_loglevel" },
	{ ALWAYS, "console=hvc0" },
	/* A panic ends the machine at once, by the port that the machine watches. */
	{ ALWAYS, "reboot=k panic=-1" },
	/* There is no timer but the local APIC's, whose rate kvmclock tells. */
	{ ALWAYS, "no_timer_check tsc=reliable nowatchdog audit=0" },
	{ TUNED, "cryptomgr.notests" },
	{ TUNED, INITCALLS },
};

int boot_command_line(
	const struct boot_command_line *options, char out[BOOT_COMMAND_LINE_SIZE], struct err *err)
{
	const bool wanted[] = {
		[ALWAYS] = true,
		[TUNED] = !options->full,
		[QUIET] = !options->serial,
		[SERIAL] = options->serial,
	};
	auto_(strbuf) struct strbuf line = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
		if (wanted[parameters[i].when])
			strbuf_addf(&line, "%s%s", line.len ? " " : "", parameters[i].text);
	if (options->parameters && *options->parameters)
		strbuf_addf(&line, " %s", options->parameters);
	if (line.len >= BOOT_COMMAND_LINE_SIZE)
		return err_bad_errno(err, ERR_CONFIG, E2BIG,
			"the kernel's command line has %zu bytes; it takes %d", line.len,
			BOOT_COMMAND_LINE_SIZE - 1);
	memcpy(out, strbuf_str(&line), line.len + 1);
	return 0;
}
