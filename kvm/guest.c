// SPDX-License-Identifier: Apache-2.0
/*
 * The files that a guest boots: see the header.
 *
 * When both are in the cache a call costs some twenty system calls: the kernel is known by its stat,
 * the program by its build id, the modules by the stat of modules.dep.
 */
#include "kvm/guest.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "kvm/cache.h"
#include "kvm/cpio.h"
#include "kvm/decompress.h"
#include "kvm/kernel.h"
#include "kvm/modules.h"

#define IMAGE_MAX (512ull << 20)
#define AGENT_MAX (256ull << 20)
#define MODULE_MAX (64u << 20)
#define MODULE_TEXT_MAX (16u << 20)
/* All modules of an initramfs, which have some MiB as a rule. */
#define MODULES_BYTES_MAX (128u << 20)
/* How many of each the cache keeps. */
#define KERNELS_KEPT 4
#define INITRAMFS_KEPT 16
/* Changes when this program makes other files of the same parts. */
#define LAYOUT "initramfs 1"

void guest_files_release(struct guest_files *files)
{
	free(files->kernel);
	free(files->release);
	free(files->vmlinux);
	free(files->initramfs);
	fd_close(&files->vmlinux_fd);
	fd_close(&files->initramfs_fd);
	*files = (struct guest_files)GUEST_FILES_INIT;
}

static void progress(const struct guest_request *request, const char *what, const char *of)
{
	auto_free char *text = xasprintf("%s %s", what, of);

	if (request->progress)
		request->progress(text, request->progress_arg);
}

/* ---- a file as memory ---- */

struct mapping {
	const uint8_t *data; /* NULL: nothing */
	size_t len;
};

static void mapping_release(struct mapping *m)
{
	if (m->data)
		munmap((void *)(uintptr_t)m->data, m->len);
	m->data = NULL;
}

DEFINE_AUTO(mapping, mapping_release);

static int mapping_open(struct mapping *m, int fd, uint64_t max, const char *name, struct err *err)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", name);
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > max)
		return err_bad_errno(err, ERR_CONFIG, EINVAL,
			"\"%s\" is not a regular file of 1 to %llu bytes", name,
			(unsigned long long)max);
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_sys(err, errno, "mmap \"%s\"", name);
	*m = (struct mapping){ data, (size_t)st.st_size };
	return 0;
}

/* ---- the kernel ---- */

/* Unpacks the image at @fd into the cache: the file there, opened. */
static int make_vmlinux(const struct guest_request *request, const char *path, int fd,
	const struct kernel_image *image, int folder, const char *name, struct err *err)
{
	auto_(mapping) struct mapping elf = { NULL, 0 };
	auto_free char *file = NULL;
	void *unpacked;
	size_t len;
	/* Not mapped: whose it is may cut it off meanwhile. */
	int r = host_read_fd(fd, path, IMAGE_MAX, &file, &len, err);

	if (r < 0)
		return r;
	progress(request, "unpacking", path);
	r = kernel_extract(image, (const uint8_t *)file, len, &unpacked, &elf.len, err);
	if (r < 0)
		return err_in(err, "kernel \"%s\"", path);
	elf.data = unpacked;
	r = kernel_check_pvh(elf.data, elf.len, err);
	if (r < 0)
		return err_in(err, "kernel \"%s\"", path);
	return cache_store(folder, name, elf.data, elf.len, KERNELS_KEPT, err);
}

static int find_vmlinux(const struct guest_request *request, int fd, const struct stat *st,
	const struct kernel_image *image, struct guest_files *files, struct err *err)
{
	struct cache_key key = CACHE_KEY_INIT;
	char text[CACHE_KEY_TEXT];
	auto_free char *folder_path = NULL, *name = NULL;
	auto_close int folder = cache_open(request->cache, "kernel", &folder_path, err);

	if (folder < 0)
		return folder;
	cache_key_add_stat(&key, st);
	cache_key_format(&key, text);
	name = xasprintf("%s.vmlinux", text);
	files->vmlinux = xasprintf("%s/%s", folder_path, name);
	files->vmlinux_fd = request->force ? -ENOENT : cache_find(folder, name, err);
	if (files->vmlinux_fd == -ENOENT) {
		files->made_vmlinux = true;
		files->vmlinux_fd =
			make_vmlinux(request, files->kernel, fd, image, folder, name, err);
	}
	return files->vmlinux_fd < 0 ? files->vmlinux_fd : 0;
}

/* An ELF image is what the machine loads; only its release has to be found. */
static int use_elf(int fd, struct guest_files *files, struct err *err)
{
	auto_(mapping) struct mapping elf = { NULL, 0 };
	char release[KERNEL_RELEASE_MAX + 1];
	int r = mapping_open(&elf, fd, IMAGE_MAX, files->kernel, err);

	if (r == 0)
		r = kernel_check_pvh(elf.data, elf.len, err);
	if (r < 0)
		return err_in(err, "kernel \"%s\"", files->kernel);
	kernel_release_of(elf.data, elf.len, release);
	files->release = xstrdup(release);
	files->vmlinux = xstrdup(files->kernel);
	return 0;
}

static int find_kernel(
	const struct guest_request *request, struct guest_files *files, struct err *err)
{
	struct kernel_image image;
	auto_close int fd = FD_NONE;
	struct stat st;
	int r = 0;

	if (request->kernel)
		files->kernel = xstrdup(request->kernel);
	else
		r = kernel_find("", &files->kernel, err);
	if (r < 0)
		return r;
	fd = host_open(AT_FDCWD, files->kernel, O_RDONLY | O_NONBLOCK, 0, err);
	if (fd < 0)
		return err_in(err, "the guest's kernel");
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", files->kernel);
	if (!S_ISREG(st.st_mode))
		return err_bad_errno(err, ERR_CONFIG, EINVAL,
			"the guest's kernel \"%s\" is not a regular file", files->kernel);
	r = kernel_probe(fd, (uint64_t)st.st_size, files->kernel, &image, err);
	if (r < 0)
		return r;
	if (image.form == KERNEL_ELF) {
		r = use_elf(fd, files, err);
		if (r == 0)
			files->vmlinux_fd = take_fd(&fd);
		return r;
	}
	files->release = xstrdup(image.release);
	return find_vmlinux(request, fd, &st, &image, files, err);
}

/* ---- the initramfs ---- */

/* The modules of a kernel. */
struct module_tree {
	int folder; /* FD_NONE: there are none */
	char *path;
	/* Beside the kernel, in a tree that was unpacked elsewhere, by whomever: nothing in it leads
	 * out of it. */
	bool beside;
};

static void module_tree_release(struct module_tree *tree)
{
	fd_close(&tree->folder);
	free(tree->path);
}

DEFINE_AUTO(module_tree, module_tree_release);

/* The system's folder of them, or the one beside the kernel. */
static int module_tree_open(
	const struct guest_files *files, struct module_tree *tree, struct err *err)
{
	const char *slash = strrchr(files->kernel, '/');
	auto_free char *top = slash
		? xasprintf("%.*s/..", (int)(slash - files->kernel), files->kernel)
		: xstrdup("..");
	const struct {
		const char *top, *folder;
		bool beside;
	} places[] = {
		{ "", "/usr/lib/modules", false },
		{ "", "/lib/modules", false },
		{ top, "/usr/lib/modules", true },
		{ top, "/lib/modules", true },
	};
	int fd = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(places) && fd == -ENOENT && *files->release; i++) {
		free(tree->path);
		tree->path = xasprintf("%s%s/%s", places[i].top, places[i].folder, files->release);
		tree->beside = places[i].beside;
		fd = host_open(AT_FDCWD, tree->path, O_RDONLY | O_DIRECTORY, 0, err);
	}
	tree->folder = fd < 0 ? FD_NONE : fd;
	return fd < 0 && fd != -ENOENT ? fd : 0;
}

static int module_tree_read(const struct module_tree *tree, const char *path, size_t max,
	char **out_data, size_t *out_len, struct err *err)
{
	auto_close int fd = FD_NONE;

	if (!tree->beside)
		return host_read_regular(tree->folder, path, max, out_data, out_len, err);
	fd = path_open_in(tree->folder, path, O_RDONLY | O_NONBLOCK, err);
	if (fd < 0)
		return err_sys(err, -fd, "open \"%s\"", path);
	return host_read_regular_fd(fd, path, max, out_data, out_len, err);
}

/* The program without what it does not need to run. */
static void add_agent(struct strbuf *out, const struct mapping *agent)
{
	size_t len = elf_loaded_len(agent->data, agent->len);
	auto_free uint8_t *copy = xmalloc(len);

	memcpy(copy, agent->data, len);
	if (len < agent->len && len >= sizeof(Elf64_Ehdr)) {
		Elf64_Ehdr head;

		/* The sections' table was behind. */
		memcpy(&head, copy, sizeof(head));
		head.e_shoff = head.e_shnum = head.e_shstrndx = 0;
		memcpy(copy, &head, sizeof(head));
	}
	cpio_add(out, "init", S_IFREG | 0755, copy, len);
}

static int add_module(struct strbuf *out, const struct module_tree *tree, const char *path,
	size_t number, struct err *err)
{
	auto_free char *name = module_name(path), *data = NULL, *file = NULL;
	auto_(mapping) struct mapping unpacked = { NULL, MODULE_MAX };
	size_t len;
	int r = module_tree_read(tree, path, MODULE_MAX, &data, &len, err);

	if (r < 0)
		return r;
	file = xasprintf(GUEST_MODULE_DIR "/%02zu-%s.ko", number, name);
	if (len >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0) {
		cpio_add(out, file, S_IFREG | 0644, data, len);
		return 0;
	}
	unpacked.data = mmap(NULL, MODULE_MAX, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (unpacked.data == MAP_FAILED) {
		unpacked.data = NULL;
		return err_sys(err, errno, "mmap");
	}
	r = decompress(data, len, (void *)(uintptr_t)unpacked.data, MODULE_MAX, &len, err);
	if (r < 0)
		return err_in(err, "\"%s\"", path);
	cpio_add(out, file, S_IFREG | 0644, unpacked.data, len);
	return 0;
}

static int add_modules(struct strbuf *out, const struct module_tree *tree, struct err *err)
{
	auto_(module_list) struct module_list list = { NULL, 0 };
	auto_free char *dep = NULL, *builtin = NULL;
	const size_t start = out->len;
	int r = module_tree_read(tree, "modules.dep", MODULE_TEXT_MAX, &dep, NULL, err);

	if (r == -ENOENT)
		err_hint(err, "\"depmod -a RELEASE\" makes it");
	if (r == 0)
		r = module_tree_read(tree, "modules.builtin", MODULE_TEXT_MAX, &builtin, NULL, err);
	if (r == 0)
		r = modules_resolve(dep, builtin, modules_wanted, &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		r = add_module(out, tree, list.paths[i], i, err);
		if (r == 0 && out->len - start > MODULES_BYTES_MAX)
			r = err_bad_errno(err, ERR_CONFIG, EFBIG, "they hold more than %u MiB",
				MODULES_BYTES_MAX >> 20);
	}
	return r;
}

static int make_initramfs(const struct mapping *agent, const struct module_tree *tree,
	struct strbuf *out, struct err *err)
{
	static const char *const folders[] = { "dev", "proc", "sys", "run", "r", GUEST_MODULE_DIR };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		cpio_add(out, folders[i], S_IFDIR | 0755, "", 0);
	cpio_add_device(out, "dev/console", S_IFCHR | 0600, 5, 1);
	add_agent(out, agent);
	if (tree->folder >= 0)
		r = add_modules(out, tree, err);
	if (r < 0)
		return err_in(err, "modules in \"%s\"", tree->path);
	cpio_end(out);
	return 0;
}

/* Which program it is: its build id, or else all of it. */
static void key_add_agent(struct cache_key *key, const struct mapping *agent)
{
	uint32_t len;
	const uint8_t *id = elf_note(agent->data, agent->len, "GNU", NT_GNU_BUILD_ID, &len);

	if (id)
		cache_key_add(key, id, len);
	else
		cache_key_add(key, agent->data, agent->len);
}

static void key_add_modules(struct cache_key *key, const char *release, int modules)
{
	struct stat st;

	cache_key_add(key, release, strlen(release) + 1);
	if (modules >= 0 && fstatat(modules, "modules.dep", &st, 0) == 0)
		cache_key_add_stat(key, &st);
	for (const struct module_wanted *wanted = modules_wanted; wanted->name; wanted++)
		cache_key_add(key, wanted->name, strlen(wanted->name) + 1);
}

static int find_initramfs(
	const struct guest_request *request, struct guest_files *files, struct err *err)
{
	struct cache_key key = CACHE_KEY_INIT;
	char text[CACHE_KEY_TEXT];
	auto_free char *folder_path = NULL, *name = NULL;
	auto_close int folder = FD_NONE;
	auto_(module_tree) struct module_tree tree = { .folder = FD_NONE };
	auto_(mapping) struct mapping agent = { NULL, 0 };
	auto_(strbuf) struct strbuf archive = STRBUF_INIT;
	int r = mapping_open(&agent, request->agent_fd, AGENT_MAX, "the guest's init", err);

	if (r < 0)
		return r;
	r = module_tree_open(files, &tree, err);
	if (r < 0)
		return r;
	folder = cache_open(request->cache, "initramfs", &folder_path, err);
	if (folder < 0)
		return folder;
	cache_key_add(&key, LAYOUT, sizeof(LAYOUT));
	key_add_agent(&key, &agent);
	key_add_modules(&key, files->release, tree.folder);
	cache_key_format(&key, text);
	name = xasprintf("%s.cpio", text);
	files->initramfs = xasprintf("%s/%s", folder_path, name);
	files->initramfs_fd = request->force ? -ENOENT : cache_find(folder, name, err);
	if (files->initramfs_fd == -ENOENT) {
		files->made_initramfs = true;
		progress(request, "making the initramfs for", files->kernel);
		if (tree.folder < 0)
			log_warn(
				"there are no modules of kernel \"%s\" (%s): the guest has what is "
				"built in",
				files->kernel, files->release);
		r = make_initramfs(&agent, &tree, &archive, err);
		if (r < 0)
			return r;
		files->initramfs_fd =
			cache_store(folder, name, archive.data, archive.len, INITRAMFS_KEPT, err);
	}
	return files->initramfs_fd < 0 ? files->initramfs_fd : 0;
}

int guest_prepare(
	const struct guest_request *request, struct guest_files *out_files, struct err *err)
{
	auto_(guest_files) struct guest_files files = GUEST_FILES_INIT;
	int r = find_kernel(request, &files, err);

	if (r == 0 && request->agent_fd >= 0)
		r = find_initramfs(request, &files, err);
	if (r < 0)
		return r;
	*out_files = files;
	files = (struct guest_files)GUEST_FILES_INIT;
	return 0;
}
