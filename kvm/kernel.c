// SPDX-License-Identifier: Apache-2.0
/* Finding and unpacking kernels: see the header. */
#include "kvm/kernel.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "kvm/decompress.h"

/* An unpacked kernel of a distribution has 50 to 100 MB. */
#define ELF_MAX (1ull << 30)
#define NOTE_PHYS32_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY */

/* Offsets in a bzImage: Linux' Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header". */
#define SETUP_SECTS 0x1f1
#define SETUP_MAGIC 0x202
#define SETUP_VERSION 0x206
#define SETUP_KERNEL_VERSION 0x20e
#define SETUP_PAYLOAD_OFFSET 0x248
#define SETUP_PAYLOAD_LENGTH 0x24c
#define SETUP_LEN 0x250
#define SECTOR 512u

/* ---- which one ---- */

/* The release without the flavours: what tells old from new. */
static void version_of(const char *release, char *out)
{
	static const char *const flavours[] = { "-cloud", "-rt" };
	size_t len = 0;

	while (*release && len < KERNEL_RELEASE_MAX) {
		size_t skip = 0;

		for (size_t i = 0; i < ARRAY_SIZE(flavours); i++)
			if (strncmp(release, flavours[i], strlen(flavours[i])) == 0)
				skip = strlen(flavours[i]);
		if (skip == 0)
			out[len++] = *release++;
		release += skip;
	}
	out[len] = '\0';
}

static int flavour_rank(const char *release)
{
	return strstr(release, "-cloud") ? 2 : strstr(release, "-rt") ? 0 : 1;
}

bool kernel_is_better(const char *a, const char *b)
{
	char x[KERNEL_RELEASE_MAX + 1], y[KERNEL_RELEASE_MAX + 1];
	int order;

	version_of(a, x);
	version_of(b, y);
	order = strverscmp(x, y);
	return order != 0 ? order > 0 : flavour_rank(a) > flavour_rank(b);
}

struct search {
	const char *root;
	char release[KERNEL_RELEASE_MAX + 1];
	char *path; /* owned; NULL: none yet */
};

/* Takes the kernel at @path (heap, consumed) if it is there and better. */
static void search_offer(struct search *s, const char *release, char *path)
{
	auto_free char *owned = path;
	struct stat st;
	struct err err;

	if (strlen(release) > KERNEL_RELEASE_MAX ||
		(s->path && !kernel_is_better(release, s->release)))
		return;
	/* Whatever cannot be looked at is no candidate. */
	if (host_stat(AT_FDCWD, owned, &st, 0, &err) != 0 || !S_ISREG(st.st_mode))
		return;
	free(s->path);
	s->path = take_ptr(&owned);
	snprintf(s->release, sizeof(s->release), "%s", release);
}

static void search_folder(
	struct search *s, const char *folder, const char *prefix, const char *file)
{
	auto_free char *path = xasprintf("%s%s", s->root, folder);
	auto_closedir DIR *dir = opendir(path /* path: of the host's, ours */);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (name[0] == '.' || strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		search_offer(s, name + strlen(prefix), xasprintf("%s/%s%s", path, name, file));
	}
}

int kernel_find(const char *root, char **out_path, struct err *err)
{
	struct search s = { .root = root };
	auto_free char *configured = xasprintf("%s" KERNEL_CONFIGURED, root);
	struct stat st;
	int r = host_stat(AT_FDCWD, configured, &st, AT_SYMLINK_NOFOLLOW, err);

	if (r <= 0) {
		*out_path = r < 0 ? NULL : take_ptr(&configured);
		return r;
	}
	search_folder(&s, "/boot", "vmlinuz-", "");
	search_folder(&s, "/usr/lib/modules", "", "/vmlinuz");
	if (!s.path) {
		err_bad_errno(err, ERR_CONFIG, ENOENT,
			"no kernel for the guest: there is no " KERNEL_CONFIGURED
			", no /boot/vmlinuz-... and no /usr/lib/modules/.../vmlinuz");
		err_hint(err,
			"install one (Debian: linux-image-cloud-amd64), or name one: --kernel, "
			"vm.kernel.path of config.json, a link " KERNEL_CONFIGURED);
		return err_result(err);
	}
	*out_path = s.path;
	return 0;
}

/* ---- what it is ---- */

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int not_a_kernel(struct err *err, const char *name, const char *why)
{
	err_bad_errno(
		err, ERR_CONFIG, ENOEXEC, "\"%s\" is no kernel that can be booted: %s", name, why);
	err_hint(err, "a bzImage (vmlinuz) or an ELF vmlinux of x86-64 Linux is needed");
	return -ENOEXEC;
}

/* "6.1.0-50-cloud-amd64 (debian-kernel@...) #1 SMP ...": its first word.  It names a folder of
 * modules: never another one than that, nor one above. */
static void cut_release(char release[KERNEL_RELEASE_MAX + 1])
{
	static const char wanted[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_~";

	release[release[0] == '.' ? 0 : strspn(release, wanted)] = '\0';
}

static void read_release(int fd, uint64_t at, char out[KERNEL_RELEASE_MAX + 1])
{
	ssize_t n = pread(fd, out, KERNEL_RELEASE_MAX, (off_t)at);

	out[n > 0 ? n : 0] = '\0';
	cut_release(out);
}

int kernel_probe(
	int fd, uint64_t size, const char *name, struct kernel_image *out_image, struct err *err)
{
	uint8_t head[SETUP_LEN];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	uint32_t sectors, release;

	if (n < 0)
		return err_sys(err, errno, "read \"%s\"", name);
	*out_image = (struct kernel_image){ .form = KERNEL_ELF };
	if (n >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		return 0;
	if (n < (ssize_t)sizeof(head) || memcmp(head + SETUP_MAGIC, "HdrS", 4) != 0)
		return not_a_kernel(err, name, "it is neither a bzImage nor an ELF file");
	if ((head[SETUP_VERSION] | head[SETUP_VERSION + 1] << 8) < 0x208)
		return not_a_kernel(err, name, "its boot protocol is older than 2.08");
	out_image->form = KERNEL_BZIMAGE;
	sectors = head[SETUP_SECTS] ? head[SETUP_SECTS] : 4;
	out_image->payload = (uint64_t)(sectors + 1) * SECTOR + word(head + SETUP_PAYLOAD_OFFSET);
	out_image->payload_len = word(head + SETUP_PAYLOAD_LENGTH);
	if (out_image->payload_len < 16 || out_image->payload > size ||
		out_image->payload_len > size - out_image->payload)
		return not_a_kernel(err, name, "it is cut off");
	release = head[SETUP_KERNEL_VERSION] | (uint32_t)head[SETUP_KERNEL_VERSION + 1] << 8;
	if (release != 0)
		read_release(fd, release + 0x200, out_image->release);
	return 0;
}

int kernel_extract(const struct kernel_image *image, const uint8_t *data, size_t len,
	void **out_elf, size_t *out_len, struct err *err)
{
	const uint8_t *payload = data + image->payload;
	uint64_t size;
	void *elf;
	int r;

	if (image->payload > len || image->payload_len > len - image->payload)
		return err_bad_errno(
			err, ERR_CONFIG, ENOEXEC, "it was cut off while it was looked at");
	/* The build puts the unpacked size behind the compressed data. */
	size = word(payload + image->payload_len - 4);
	if (size < sizeof(Elf64_Ehdr) || size > ELF_MAX)
		return err_bad_errno(err, ERR_CONFIG, ENOEXEC,
			"its unpacked size is said to be %llu bytes", (unsigned long long)size);
	elf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (elf == MAP_FAILED)
		return err_sys(err, errno, "mmap %llu bytes", (unsigned long long)size);
	r = decompress(payload, image->payload_len, elf, size, out_len, err);
	if (r == 0 && *out_len != size)
		r = err_bad_errno(err, ERR_CONFIG, ENOEXEC, "it unpacks to %zu bytes and says %llu",
			*out_len, (unsigned long long)size);
	if (r < 0) {
		munmap(elf, size);
		return r;
	}
	*out_elf = elf;
	return 0;
}

/* ---- ELF ---- */

/* The program headers, of which *out_count lie within the file; NULL when it is no such file. */
static const uint8_t *program_headers(const uint8_t *elf, size_t len, size_t *out_count)
{
	Elf64_Ehdr head;

	if (len < sizeof(head))
		return NULL;
	memcpy(&head, elf, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
		head.e_ident[EI_DATA] != ELFDATA2LSB || head.e_phentsize != sizeof(Elf64_Phdr) ||
		head.e_phoff > len || head.e_phnum > (len - head.e_phoff) / sizeof(Elf64_Phdr))
		return NULL;
	*out_count = head.e_phnum;
	return elf + head.e_phoff;
}

static const uint8_t *note_in(
	const uint8_t *notes, size_t len, const char *owner, uint32_t type, uint32_t *out_len)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name, content;

		memcpy(&note, notes, sizeof(note));
		notes += sizeof(note);
		len -= sizeof(note);
		name = ((uint64_t)note.n_namesz + 3) & ~3ull;
		content = ((uint64_t)note.n_descsz + 3) & ~3ull;
		if (name > len || note.n_descsz > len - name)
			return NULL;
		if (note.n_type == type && note.n_namesz == strlen(owner) + 1 &&
			memcmp(notes, owner, note.n_namesz) == 0) {
			*out_len = note.n_descsz;
			return notes + name;
		}
		if (content > len - name)
			return NULL;
		notes += name + content;
		len -= (size_t)(name + content);
	}
	return NULL;
}

const uint8_t *elf_note(
	const uint8_t *elf, size_t len, const char *owner, uint32_t type, uint32_t *out_len)
{
	size_t count;
	const uint8_t *at = program_headers(elf, len, &count);

	for (size_t i = 0; at && i < count; i++) {
		const uint8_t *found;
		Elf64_Phdr head;

		memcpy(&head, at + i * sizeof(head), sizeof(head));
		if (head.p_type != PT_NOTE || head.p_offset > len ||
			head.p_filesz > len - head.p_offset)
			continue;
		found = note_in(elf + head.p_offset, head.p_filesz, owner, type, out_len);
		if (found)
			return found;
	}
	return NULL;
}

size_t elf_loaded_len(const uint8_t *elf, size_t len)
{
	size_t count, end = 0;
	const uint8_t *at = program_headers(elf, len, &count);

	for (size_t i = 0; at && i < count; i++) {
		Elf64_Phdr head;

		memcpy(&head, at + i * sizeof(head), sizeof(head));
		if (head.p_offset > len || head.p_filesz > len - head.p_offset)
			return len;
		if (head.p_offset + head.p_filesz > end)
			end = head.p_offset + head.p_filesz;
	}
	return end > 0 ? end : len;
}

int kernel_check_pvh(const uint8_t *elf, size_t len, struct err *err)
{
	uint32_t note_len;

	if (elf_note(elf, len, "Xen", NOTE_PHYS32_ENTRY, &note_len) && note_len >= 4)
		return 0;
	err_bad_errno(err, ERR_CONFIG, ENOEXEC, "it has no PVH entry");
	err_hint(err, "a kernel with CONFIG_PVH is needed, as those of distributions are");
	return -ENOEXEC;
}

void kernel_release_of(const uint8_t *elf, size_t len, char out[KERNEL_RELEASE_MAX + 1])
{
	static const char mark[] = "Linux version ";
	const uint8_t *at = memmem(elf, len, mark, sizeof(mark) - 1);
	size_t n = 0;

	if (at) {
		at += sizeof(mark) - 1;
		n = (size_t)(elf + len - at);
		n = n < KERNEL_RELEASE_MAX ? n : KERNEL_RELEASE_MAX;
		/* A copy, which nobody changes any more. */
		memcpy(out, at, n);
	}
	out[n] = '\0';
	cut_release(out);
}
