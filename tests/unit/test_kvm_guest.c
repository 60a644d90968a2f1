// SPDX-License-Identifier: Apache-2.0
/* The kernel and the initramfs of a guest: finding, unpacking, modules, archive, cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "kvm/cache.h"
#include "kvm/cpio.h"
#include "kvm/decompress.h"
#include "kvm/guest.h"
#include "kvm/kernel.h"
#include "kvm/modules.h"

static char dir[64];
static struct err err;

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-guest.XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static char *path(const char *name)
{
	static char text[4][256];
	static unsigned int next;
	char *p = text[next++ % 4];

	snprintf(p, sizeof(text[0]), "%s/%s", dir, name);
	return p;
}

static void write_bytes(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(path(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

/* ---- which kernel ---- */

static void the_best_kernel(void **state)
{
	static const char *const better[][2] = {
		{ "6.12.107+deb13-amd64", "6.1.0-50-amd64" },
		{ "6.12.107+deb13-amd64", "6.12.9+deb13-amd64" },
		{ "6.12.107+deb13-cloud-amd64", "6.12.107+deb13-amd64" },
		{ "6.12.107+deb13-amd64", "6.12.107+deb13-rt-amd64" },
		{ "6.12.107+deb13-amd64", "6.12.9+deb13-cloud-amd64" },
		{ "7.2.13+deb14-amd64", "6.12.107+deb13-cloud-amd64" },
		{ "6.1.0-50-cloud-amd64", "6.1.0-9-cloud-amd64" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(better); i++) {
		assert_true(kernel_is_better(better[i][0], better[i][1]));
		assert_false(kernel_is_better(better[i][1], better[i][0]));
	}
	assert_false(kernel_is_better("6.1", "6.1"));
}

static void kernels_are_found_in_both_places(void **state)
{
	char *found;

	(void)state;
	assert_int_equal(kernel_find(dir, &found, &err), -ENOENT);
	assert_non_null(strstr(err.hint, "linux-image-cloud-amd64"));
	assert_int_equal(mkdir(path("boot"), 0755), 0);
	write_bytes("boot/vmlinuz-6.1.0-50-amd64", "x", 1);
	write_bytes("boot/vmlinuz-6.12.1-amd64", "x", 1);
	assert_int_equal(mkdir(path("boot/vmlinuz-9.9"), 0755), 0);
	assert_int_equal(kernel_find(dir, &found, &err), 0);
	assert_string_equal(found, path("boot/vmlinuz-6.12.1-amd64"));
	free(found);
	mkdir(path("usr"), 0755), mkdir(path("usr/lib"), 0755);
	mkdir(path("usr/lib/modules"), 0755), mkdir(path("usr/lib/modules/7.2-amd64"), 0755);
	mkdir(path("usr/lib/modules/8.0-amd64"), 0755);
	write_bytes("usr/lib/modules/7.2-amd64/vmlinuz", "x", 1);
	assert_int_equal(kernel_find(dir, &found, &err), 0);
	assert_string_equal(found, path("usr/lib/modules/7.2-amd64/vmlinuz"));
	free(found);
	/* What was chosen, or the error that it is not there: no other one. */
	mkdir(path("etc"), 0755), mkdir(path("etc/ringwall"), 0755);
	assert_int_equal(symlink("nowhere", path("etc/ringwall/kernel")), 0);
	assert_int_equal(kernel_find(dir, &found, &err), 0);
	assert_string_equal(found, path("etc/ringwall/kernel"));
	free(found);
}

/* ---- modules ---- */

static const char dep[] =
	"kernel/net/core/failover.ko.xz:\n"
	"kernel/drivers/net/net_failover.ko.xz: kernel/net/core/failover.ko.xz\n"
	"kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz "
	"kernel/net/core/failover.ko.xz\n"
	"kernel/drivers/char/hw_random/virtio-rng.ko:\n"
	"kernel/a.ko: kernel/b.ko\n"
	"kernel/b.ko: kernel/a.ko\n";

static void modules_in_the_order_of_loading(void **state)
{
	static const struct module_wanted wanted[] = { { "virtio_net", true },
		{ "virtio_rng", true }, { "failover", false }, { "virtio_pci", true },
		{ "nothing", false }, { NULL, false } };
	static const struct module_wanted missing[] = { { "nothing", true }, { NULL, false } };
	static const struct module_wanted circle[] = { { "a", true }, { NULL, false } };
	struct module_list list;

	(void)state;
	assert_int_equal(
		modules_resolve(dep, "kernel/drivers/virtio/virtio_pci.ko\n", wanted, &list, &err),
		0);
	assert_int_equal(list.count, 4);
	assert_string_equal(list.paths[0], "kernel/net/core/failover.ko.xz");
	assert_string_equal(list.paths[1], "kernel/drivers/net/net_failover.ko.xz");
	assert_string_equal(list.paths[2], "kernel/drivers/net/virtio_net.ko.xz");
	assert_string_equal(list.paths[3], "kernel/drivers/char/hw_random/virtio-rng.ko");
	module_list_release(&list);
	assert_int_equal(modules_resolve(dep, "", missing, &list, &err), -ENOENT);
	assert_int_equal(modules_resolve(dep, "", circle, &list, &err), -ELOOP);
	assert_int_equal(modules_resolve("", "", wanted, &list, &err), -ENOENT);
	assert_int_equal(modules_resolve("no colon", "\n\n", circle, &list, &err), -ENOENT);
}

/* Two digits are all that their names have in the initramfs. */
static void modules_are_a_hundred_at_most(void **state)
{
	static const struct module_wanted wanted[] = { { "a", true }, { NULL, false } };
	struct strbuf text = STRBUF_INIT;
	struct module_list list;

	(void)state;
	for (int count = 99; count <= 100; count++) {
		strbuf_addf(&text, "a.ko:");
		for (int i = 0; i < count; i++)
			strbuf_addf(&text, " m%d.ko", i);
		strbuf_addf(&text, "\n");
		for (int i = 0; i < count; i++)
			strbuf_addf(&text, "m%d.ko:\n", i);
		assert_int_equal(modules_resolve(text.data, "", wanted, &list, &err),
			count == 99 ? 0 : -E2BIG);
		if (count == 99) {
			assert_int_equal(list.count, 100);
			assert_string_equal(list.paths[99], "a.ko");
			module_list_release(&list);
		}
		strbuf_release(&text);
	}
}

/* ---- the archive ---- */

static uint32_t hex(const char *p)
{
	char digits[9] = { 0 };

	memcpy(digits, p, 8);
	return (uint32_t)strtoul(digits, NULL, 16);
}

static void the_archive_is_newc(void **state)
{
	static const struct {
		const char *name;
		uint32_t mode, size;
	} want[] = { { "dev", S_IFDIR | 0755, 0 }, { "dev/console", S_IFCHR | 0600, 0 },
		{ "init", S_IFREG | 0755, 5 }, { "TRAILER!!!", 0, 0 } };
	struct strbuf b = STRBUF_INIT;
	size_t at = 0;

	(void)state;
	cpio_add(&b, "dev", S_IFDIR | 0755, "", 0);
	cpio_add_device(&b, "dev/console", S_IFCHR | 0600, 5, 1);
	cpio_add(&b, "init", S_IFREG | 0755, "hello", 5);
	cpio_end(&b);
	assert_int_equal(b.len % 512, 0);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const char *p = b.data + at;
		uint32_t size = hex(p + 54), name_len = hex(p + 94);

		assert_memory_equal(p, "070701", 6);
		assert_int_equal(hex(p + 14), want[i].mode);
		assert_int_equal(size, want[i].size);
		assert_string_equal(p + 110, want[i].name);
		assert_int_equal(name_len, strlen(want[i].name) + 1);
		if (i == 1) {
			assert_int_equal(hex(p + 78), 5);
			assert_int_equal(hex(p + 86), 1);
		}
		at = (at + 110 + name_len + 3) & ~3ul;
		if (size)
			assert_memory_equal(b.data + at, "hello", 5);
		at = (at + size + 3) & ~3ul;
	}
	assert_true(at <= b.len);
	strbuf_release(&b);
}

/* ---- compressions ---- */

static size_t pack_zstd(const char *in, size_t len, char *out, size_t max)
{
	return ZSTD_compress(out, max, in, len, 3);
}

static size_t pack_xz(const char *in, size_t len, char *out, size_t max)
{
	size_t pos = 0;

	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)in,
				 len, (uint8_t *)out, &pos, max),
		LZMA_OK);
	return pos;
}

static size_t pack_lz4(const char *in, size_t len, char *out, size_t max)
{
	int n = LZ4_compress_default(in, out + 8, (int)len, (int)max - 8);

	memcpy(out, "\x02\x21\x4c\x18", 4);
	memcpy(out + 4, &n, 4);
	return (size_t)n + 8;
}

static size_t pack_gzip(const char *in, size_t len, char *out, size_t max)
{
	z_stream s = { .next_in = (Bytef *)(uintptr_t)in,
		.avail_in = (uInt)len,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)max };

	assert_int_equal(
		deflateInit2(&s, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
	deflateEnd(&s);
	return max - s.avail_out;
}

static size_t (*const packers[])(
	const char *, size_t, char *, size_t) = { pack_zstd, pack_xz, pack_lz4, pack_gzip };

static void every_compression(void **state)
{
	static char in[100000], out[100000], packed[110000];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)(i * i >> 7);
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		size_t n = packers[i](in, sizeof(in), packed, sizeof(packed));

		/* As in a kernel: four bytes follow. */
		memset(packed + n, 0xff, 4);
		memset(out, 0, sizeof(out));
		if (decompress(packed, n + (i == 2 ? 0 : 4), out, sizeof(out), &len, &err) < 0)
			fail_msg("%zu: %s", i, err.msg);
		assert_int_equal(len, sizeof(in));
		assert_memory_equal(in, out, sizeof(in));
		/* No room, cut off, damaged: an error, never more than the room. */
		assert_int_equal(decompress(packed, n, out, 1000, &len, &err), -EFBIG);
		for (size_t cut = 0; cut < n; cut += n / 50 + 1)
			assert_true(decompress(packed, cut, out, sizeof(out), &len, &err) < 0 ||
				len < sizeof(in));
		for (size_t at = 0; at < n; at += n / 50 + 1) {
			packed[at] ^= 0x55;
			if (decompress(packed, n, out, sizeof(out), &len, &err) == 0)
				assert_true(len <= sizeof(out));
			packed[at] ^= 0x55;
		}
	}
	assert_int_equal(decompress("BZh9xxxx", 8, out, sizeof(out), &len, &err), -EINVAL);
	assert_null(decompress_format("", 0));
}

/* ---- images ---- */

static struct {
	Elf64_Ehdr head;
	Elf64_Phdr note, load;
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint32_t entry;
	} xen;
	char text[64];
} elf;

static void make_elf(void)
{
	memset(&elf, 0, sizeof(elf));
	memcpy(elf.head.e_ident, ELFMAG, SELFMAG);
	elf.head.e_ident[EI_CLASS] = ELFCLASS64;
	elf.head.e_ident[EI_DATA] = ELFDATA2LSB;
	elf.head.e_phentsize = sizeof(Elf64_Phdr);
	elf.head.e_phnum = 2;
	elf.head.e_phoff = sizeof(elf.head);
	elf.note.p_type = PT_NOTE;
	elf.note.p_offset = offsetof(__typeof__(elf), xen);
	elf.note.p_filesz = sizeof(elf.xen);
	elf.load.p_type = PT_LOAD;
	elf.load.p_filesz = offsetof(__typeof__(elf), text);
	elf.xen.head = (Elf64_Nhdr){ .n_namesz = 4, .n_descsz = 4, .n_type = 18 };
	memcpy(elf.xen.name, "Xen", 4);
	elf.xen.entry = 0x1000000;
	snprintf(elf.text, sizeof(elf.text), "Linux version 6.6.6-test (x@y) #1");
}

/* A bzImage of it; its length. */
static size_t make_image(char *out, size_t max)
{
	size_t at = 5 * 512 + 64, n;
	uint32_t word;

	memset(out, 0, max);
	out[0x1f1] = 4;
	memcpy(out + 0x202, "HdrS\x0f\x02", 6);
	memcpy(out + 0x20e, "\x00\x04", 2);
	memcpy(out + 0x600, "6.6.6-test (x@y) #1", 20);
	word = 64;
	memcpy(out + 0x248, &word, 4);
	n = pack_zstd((const char *)&elf, sizeof(elf), out + at, max - at);
	word = sizeof(elf);
	memcpy(out + at + n, &word, 4);
	word = (uint32_t)n + 4;
	memcpy(out + 0x24c, &word, 4);
	return at + n + 4;
}

static int probe(const char *image, size_t len, struct kernel_image *out)
{
	int fd = memfd_create("image", 0), r;

	assert_int_equal(write(fd, image, len), len);
	r = kernel_probe(fd, len, "image", out, &err);
	close(fd);
	return r;
}

static void images_are_unpacked(void **state)
{
	static char image[8192];
	struct kernel_image info;
	void *unpacked;
	size_t len, n;

	(void)state;
	make_elf();
	n = make_image(image, sizeof(image));
	assert_int_equal(probe(image, n, &info), 0);
	assert_int_equal(info.form, KERNEL_BZIMAGE);
	assert_string_equal(info.release, "6.6.6-test");
	assert_int_equal(kernel_extract(&info, (uint8_t *)image, n, &unpacked, &len, &err), 0);
	assert_int_equal(len, sizeof(elf));
	assert_memory_equal(unpacked, &elf, len);
	assert_int_equal(kernel_check_pvh(unpacked, len, &err), 0);
	munmap(unpacked, len);
	memcpy(image + 0x600, "..", 3);
	assert_int_equal(probe(image, n, &info), 0);
	assert_string_equal(info.release, "");
	/* The size it says is not what it holds. */
	image[n - 4] ^= 1;
	assert_true(kernel_extract(&info, (uint8_t *)image, n, &unpacked, &len, &err) < 0);
	image[n - 4] ^= 1;
	image[n - 20] ^= 0x40;
	assert_true(kernel_extract(&info, (uint8_t *)image, n, &unpacked, &len, &err) < 0);
	/* Cut off, since it was probed or before; too old; nothing of the kind. */
	assert_int_equal(
		kernel_extract(&info, (uint8_t *)image, n - 1, &unpacked, &len, &err), -ENOEXEC);
	assert_int_equal(
		kernel_extract(&info, (uint8_t *)image, 100, &unpacked, &len, &err), -ENOEXEC);
	assert_int_equal(probe(image, n - 1, &info), -ENOEXEC);
	assert_int_equal(probe(image, 100, &info), -ENOEXEC);
	image[0x206] = 1;
	assert_int_equal(probe(image, n, &info), -ENOEXEC);
	assert_int_equal(probe("#!/bin/sh\n", 10, &info), -ENOEXEC);
	assert_int_equal(probe((char *)&elf, sizeof(elf), &info), 0);
	assert_int_equal(info.form, KERNEL_ELF);
}

static void elf_files_of_any_bytes(void **state)
{
	char release[KERNEL_RELEASE_MAX + 1];
	uint8_t copy[sizeof(elf)];
	uint32_t len;

	(void)state;
	make_elf();
	assert_int_equal(kernel_check_pvh((uint8_t *)&elf, sizeof(elf), &err), 0);
	assert_int_equal(elf_loaded_len((uint8_t *)&elf, sizeof(elf)), elf.load.p_filesz);
	kernel_release_of((uint8_t *)&elf, sizeof(elf), release);
	assert_string_equal(release, "6.6.6-test");
	/* No way to another folder. */
	snprintf(elf.text, sizeof(elf.text), "Linux version ../../x");
	kernel_release_of((uint8_t *)&elf, sizeof(elf), release);
	assert_string_equal(release, "");
	snprintf(elf.text, sizeof(elf.text), "Linux version 6/../x");
	kernel_release_of((uint8_t *)&elf, sizeof(elf), release);
	assert_string_equal(release, "6");
	/* The text ends with the file. */
	memset(elf.text, '7', sizeof(elf.text));
	memcpy(elf.text + 42, "Linux version ", 14);
	kernel_release_of((uint8_t *)&elf, sizeof(elf), release);
	assert_string_equal(release, "77777777");
	elf.xen.head.n_type = 17;
	assert_int_equal(kernel_check_pvh((uint8_t *)&elf, sizeof(elf), &err), -ENOEXEC);
	/* Every byte of the headers and the note wrong in some way, every length: no access outside
	 * (the sanitizers look). */
	for (size_t at = 0; at < offsetof(__typeof__(elf), text); at++)
		for (int value = 0; value < 256; value += 51) {
			uint8_t *exact = malloc(sizeof(copy) - at);

			make_elf();
			memcpy(copy, &elf, sizeof(copy));
			copy[at] = (uint8_t)value;
			elf_note(copy, sizeof(copy), "Xen", 18, &len);
			elf_loaded_len(copy, sizeof(copy));
			memcpy(exact, copy, sizeof(copy) - at);
			elf_note(exact, sizeof(copy) - at, "Xen", 18, &len);
			free(exact);
		}
}

/* ---- the cache ---- */

static void the_cache_keeps_what_is_ours(void **state)
{
	const struct timespec tomorrow[] = { { .tv_sec = time(NULL) + 86400 },
		{ .tv_sec = time(NULL) + 86400 } };
	char *where = NULL, text[64];
	int folder = cache_open(dir, "kernel", &where, &err), fd;

	(void)state;
	assert_true(folder >= 0);
	assert_string_equal(where, path("kernel"));
	assert_int_equal(cache_find(folder, "a.x", &err), -ENOENT);
	fd = cache_store(folder, "a.x", "content", 7, 2, &err);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 7);
	assert_int_equal(write(fd, "x", 1), -1);
	close(fd);
	fd = cache_find(folder, "a.x", &err);
	assert_true(fd >= 0);
	close(fd);
	/* Others could have changed it; a link leads elsewhere. */
	assert_int_equal(chmod(path("kernel/a.x"), 0666), 0);
	assert_int_equal(cache_find(folder, "a.x", &err), -EPERM);
	assert_int_equal(symlink("/etc/passwd", path("kernel/l.x")), 0);
	assert_int_equal(cache_find(folder, "l.x", &err), -ELOOP);
	unlink(path("kernel/l.x"));
	/* The newest two stay, and other kinds of files. */
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "%d.x", i);
		usleep(10000);
		close(cache_store(folder, text, "", 0, 2, &err));
	}
	close(cache_store(folder, "k.y", "", 0, 2, &err));
	assert_int_equal(cache_find(folder, "1.x", &err), -ENOENT);
	assert_int_equal(access(path("kernel/2.x"), F_OK), 0);
	assert_int_equal(access(path("kernel/3.x"), F_OK), 0);
	assert_int_equal(access(path("kernel/k.y"), F_OK), 0);
	/* A clock that was set back makes what is new the oldest of all. */
	assert_int_equal(utimensat(folder, "2.x", tomorrow, 0), 0);
	assert_int_equal(utimensat(folder, "3.x", tomorrow, 0), 0);
	fd = cache_store(folder, "now.x", "content", 7, 2, &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(access(path("kernel/now.x"), F_OK), 0);
	assert_int_not_equal(
		access(path("kernel/2.x"), F_OK) == 0, access(path("kernel/3.x"), F_OK) == 0);
	close(folder);
	free(where);
	assert_int_equal(chmod(path("kernel"), 0777), 0);
	assert_int_equal(cache_open(dir, "kernel", &where, &err), -EPERM);
}

static void keys_differ(void **state)
{
	struct cache_key a = CACHE_KEY_INIT, b = CACHE_KEY_INIT;
	char x[CACHE_KEY_TEXT], y[CACHE_KEY_TEXT];

	(void)state;
	cache_key_add(&a, "ab", 2);
	cache_key_add(&b, "ba", 2);
	cache_key_format(&a, x);
	cache_key_format(&b, y);
	assert_string_not_equal(x, y);
	assert_int_equal(strlen(x), 32);
}

/* ---- all of it ---- */

static void guests_files_are_made_once(void **state)
{
	static char image[8192];
	int agent = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct guest_request request = {
		.kernel = path("vmlinuz"), .agent_fd = agent, .cache = dir
	};
	struct guest_files first = GUEST_FILES_INIT, second = GUEST_FILES_INIT;
	char head[110];

	(void)state;
	make_elf();
	write_bytes("vmlinuz", image, make_image(image, sizeof(image)));
	if (guest_prepare(&request, &first, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(first.made_vmlinux && first.made_initramfs);
	assert_string_equal(first.release, "6.6.6-test");
	assert_int_equal(read(first.initramfs_fd, head, sizeof(head)), sizeof(head));
	assert_memory_equal(head, "070701", 6);
	assert_int_equal(guest_prepare(&request, &second, &err), 0);
	assert_false(second.made_vmlinux || second.made_initramfs);
	assert_string_equal(first.vmlinux, second.vmlinux);
	assert_string_equal(first.initramfs, second.initramfs);
	guest_files_release(&second);
	/* Another kernel of the same name. */
	elf.xen.entry++;
	write_bytes("vmlinuz", image, make_image(image, sizeof(image)));
	assert_int_equal(guest_prepare(&request, &second, &err), 0);
	assert_true(second.made_vmlinux);
	assert_string_not_equal(first.vmlinux, second.vmlinux);
	guest_files_release(&first);
	guest_files_release(&second);
	/* An ELF image is used where it is. */
	write_bytes("vmlinux", &elf, sizeof(elf));
	request.kernel = path("vmlinux");
	assert_int_equal(guest_prepare(&request, &first, &err), 0);
	assert_false(first.made_vmlinux);
	assert_string_equal(first.vmlinux, path("vmlinux"));
	assert_string_equal(first.release, "6.6.6-test");
	guest_files_release(&first);
	request.kernel = path("none");
	assert_int_equal(guest_prepare(&request, &first, &err), -ENOENT);
	request.kernel = dir;
	assert_int_equal(guest_prepare(&request, &first, &err), -EINVAL);
	close(agent);
}

static void cut_off(const char *text, void *arg)
{
	(void)text;
	assert_int_equal(truncate(arg, 0), 0);
}

/* Whose it is may change it at any time. */
static void a_kernel_is_cut_off_meanwhile(void **state)
{
	static char image[8192];
	struct guest_request request = { .kernel = path("vmlinuz"),
		.agent_fd = FD_NONE,
		.cache = dir,
		.progress = cut_off,
		.progress_arg = path("vmlinuz") };
	struct guest_files files = GUEST_FILES_INIT;

	(void)state;
	make_elf();
	write_bytes("vmlinuz", image, make_image(image, sizeof(image)));
	assert_int_equal(guest_prepare(&request, &files, &err), 0);
	assert_true(files.made_vmlinux);
	guest_files_release(&files);
	assert_int_equal(guest_prepare(&request, &files, &err), -ENOEXEC);
}

/* Each is within its bound, and packed a few KiB; links stay in the tree. */
static void modules_beside_a_kernel(void **state)
{
	static const char needs[] = "virtio_pci.ko:\nvirtiofs.ko:\nvirtio_console.ko:\n";
	static char image[8192], packed[16384];
	const size_t size = 60 << 20;
	auto_free char *zeros = calloc(1, size);
	int agent = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_free char *kernel = xstrdup(path("boot/vmlinuz"));
	struct guest_request request = { .kernel = kernel, .agent_fd = agent, .cache = dir };
	struct guest_files files = GUEST_FILES_INIT;
	size_t len = pack_zstd(zeros, size, packed, sizeof(packed));

	(void)state;
	make_elf();
	mkdir(path("boot"), 0755), mkdir(path("lib"), 0755), mkdir(path("lib/modules"), 0755);
	mkdir(path("lib/modules/6.6.6-test"), 0755);
	write_bytes("boot/vmlinuz", image, make_image(image, sizeof(image)));
	write_bytes("lib/modules/6.6.6-test/modules.builtin", "", 0);
	write_bytes("lib/modules/6.6.6-test/virtio_pci.ko", packed, len);
	write_bytes("lib/modules/6.6.6-test/virtiofs.ko", packed, len);
	write_bytes("lib/modules/6.6.6-test/virtio_console.ko", packed, len);
	write_bytes("lib/modules/6.6.6-test/modules.dep", needs, strlen(needs));
	assert_int_equal(guest_prepare(&request, &files, &err), -EFBIG);
	assert_non_null(strstr(err.msg, "more than 128 MiB"));
	/* The others are small ones. */
	write_bytes("lib/modules/6.6.6-test/virtio_console.ko", &elf, sizeof(elf));
	write_bytes("lib/modules/6.6.6-test/virtiofs.ko", &elf, sizeof(elf));
	assert_int_equal(guest_prepare(&request, &files, &err), 0);
	guest_files_release(&files);
	/* What only we may read does not get into an archive that everybody may. */
	write_bytes("secret", &elf, sizeof(elf));
	unlink(path("lib/modules/6.6.6-test/virtiofs.ko"));
	assert_int_equal(symlink(path("secret"), path("lib/modules/6.6.6-test/virtiofs.ko")), 0);
	request.force = true;
	assert_int_equal(guest_prepare(&request, &files, &err), -ENOENT);
	unlink(path("lib/modules/6.6.6-test/virtiofs.ko"));
	assert_int_equal(
		symlink("virtio_console.ko", path("lib/modules/6.6.6-test/virtiofs.ko")), 0);
	assert_int_equal(guest_prepare(&request, &files, &err), 0);
	guest_files_release(&files);
	close(agent);
}

/* Whatever kernel this machine has. */
static void a_real_kernel(void **state)
{
	struct guest_request request = { .agent_fd = FD_NONE, .cache = dir };
	struct guest_files files;
	char *found;

	(void)state;
	if (kernel_find("", &found, &err) < 0)
		return;
	request.kernel = found;
	if (guest_prepare(&request, &files, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(strlen(files.release) > 3);
	guest_files_release(&files);
	free(found);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(the_best_kernel),
		T(kernels_are_found_in_both_places),
		T(modules_in_the_order_of_loading),
		T(modules_are_a_hundred_at_most),
		T(the_archive_is_newc),
		T(every_compression),
		T(images_are_unpacked),
		T(elf_files_of_any_bytes),
		T(the_cache_keeps_what_is_ours),
		T(keys_differ),
		T(guests_files_are_made_once),
		T(a_kernel_is_cut_off_meanwhile),
		T(modules_beside_a_kernel),
		T(a_real_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
