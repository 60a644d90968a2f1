// SPDX-License-Identifier: Apache-2.0
/*
 * The first process of the guest, from the kernel's start of /init to the agent's loop: the kernel's
 * file systems, the modules, the tree that the host shares, the port.
 *
 * Nothing here is a container's yet, and nobody but the kernel and the host is there.  What goes
 * wrong is said on the console, which the monitor keeps and shows, and the machine is turned off.
 */
#include "runtime/guest/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "namespaces/namespace.h"
#include "runtime/guest/worker.h"
#include "runtime/kvm/config.h"

#define MAGIC_RAMFS 0x858458f6
#define MODULES "/m"
#define PORTS "/sys/class/virtio-ports"

bool guest_is_init(char **argv)
{
	struct statfs fs;

	return getpid() == 1 && argv[0] && strcmp(argv[0], "/init") == 0 && statfs("/", &fs) == 0 &&
		(fs.f_type == MAGIC_RAMFS || fs.f_type == MAGIC_TMPFS);
}

static const struct {
	const char *type, *source, *at, *data;
	unsigned long flags;
} mounts[] = {
	{ "devtmpfs", "devtmpfs", "/dev", "mode=0755", MS_NOSUID },
	{ "proc", "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "cgroup2", "cgroup2", "/sys/fs/cgroup", "nsdelegate,memory_recursiveprot",
		MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "tmpfs", "tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV },
};

static int mount_all(struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		int r = host_mkdir_parents(mounts[i].at, 0755, err);

		if (r < 0)
			return r;
		if (mount(mounts[i].source, mounts[i].at /* path: one of the literals above */,
			    mounts[i].type, mounts[i].flags, mounts[i].data) < 0)
			return err_sys(
				err, errno, "mount \"%s\" on \"%s\"", mounts[i].type, mounts[i].at);
	}
	return 0;
}

/* RLIMIT_NOFILE comes from the host, whose bound may be higher than the kernel's default. */
static int raise_bounds(struct err *err)
{
	static const char file[] = "/proc/sys/fs/nr_open", most[] = "2147483584";

	return host_write(AT_FDCWD, file, most, strlen(most), err);
}

/* ---- modules ---- */

static int load_module(const char *name, struct err *err)
{
	auto_free char *path = xasprintf(MODULES "/%s", name);
	auto_close int fd = host_open(AT_FDCWD, path, O_RDONLY, 0, err);
	int r;

	if (fd < 0)
		return fd;
	r = sys_finit_module(fd, "", 0);
	if (r < 0 && r != -EEXIST)
		return err_sys(err, -r, "finit_module \"%s\"", path);
	return 0;
}

static int is_module(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In the order of their names, which is that of their dependencies. */
static int load_modules(struct err *err)
{
	struct dirent **names;
	int count = scandir(MODULES /* path: a literal */, &names, is_module, alphasort), r = 0;

	if (count < 0)
		return 0; /* a kernel that needs none */
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = load_module(names[i]->d_name, err);
		free(names[i]);
	}
	free(names);
	return r;
}

/* ---- the shared tree, the cgroups, the port ---- */

static int mount_tree(const char *tag, const char *at, struct err *err)
{
	int r = host_mkdir_parents(at, 0755, err);

	if (r < 0)
		return r;
	if (mount(tag, at /* path: a literal */, "virtiofs", 0, NULL) < 0)
		return err_sys(err, errno, "mount the host's tree \"%s\"", tag);
	return 0;
}

static int mount_trees(struct err *err)
{
	int r = mount_tree(GUEST_IMAGE_TAG, GUEST_IMAGE, err);

	if (r < 0)
		return r;
	r = mount_tree(GUEST_VOLUMES_TAG, GUEST_VOLUMES, err);
	if (r == -EINVAL) {
		err_drop(err); /* no such device: the container has no volumes */
		r = 0;
	}
	return r;
}

/* Opens the port that the machine calls @name; its number is of no meaning. */
static int open_port(const char *name, struct err *err)
{
	auto_closedir DIR *dir = opendir(PORTS /* path: a literal */);
	const struct dirent *entry;

	if (!dir)
		return err_sys(err, errno, "opendir \"" PORTS "\"");
	while ((entry = readdir(dir))) {
		auto_free char *file = xasprintf(PORTS "/%s/name", entry->d_name);
		auto_free char *device = xasprintf("/dev/%s", entry->d_name);
		auto_free char *text = NULL;
		struct err none;

		if (entry->d_name[0] == '.' ||
			host_read(AT_FDCWD, file, 64, &text, NULL, &none) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, name) == 0)
			return host_open(AT_FDCWD, device, O_RDWR | O_NONBLOCK, 0, err);
	}
	return err_bad(err, ERR_OTHER, "the machine has no port \"%s\"", name);
}

/* The kernel's first file system can be neither left nor pivoted from: a tmpfs is put over it. */
static int change_root(struct err *err)
{
	static const char root[] = "/root";
	int r = host_mkdir(AT_FDCWD, root, 0755, err);

	if (r < 0)
		return r;
	if (mount("root", root /* path: a literal */, "tmpfs", MS_NODEV, "mode=0755") < 0 ||
		chdir(root /* path: a literal */) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
		chroot(".") < 0 || chdir("/") < 0)
		return err_sys(err, errno, "change to a root of our own");
	return 0;
}

static int prepare(int *out_port, struct err *err)
{
	int r = load_modules(err);

	if (r == 0)
		r = change_root(err);
	if (r == 0)
		r = mount_all(err);
	if (r == 0)
		r = raise_bounds(err);
	if (r == 0)
		r = mount_trees(err);
	if (r == 0)
		r = host_mkdir_parents(AGENT_DIR, 0700, err);
	if (r == 0)
		r = ns_loopback_up(err);
	if (r < 0)
		return r;
	r = open_port(GUEST_PORT, err);
	*out_port = r;
	return r < 0 ? r : 0;
}

/* The kernel gives /init the console as its streams; without one they are opened here. */
static void open_streams(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		/* cppcheck-suppress leakReturnValNotUsed ; it is the lowest free: the stream */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/console", O_RDWR) < 0)
			open("/dev/null", O_RDWR);
	}
}

noreturn void guest_main(void)
{
	struct err err = { 0 };
	int port, r;

	umask(022);
	r = prepare(&port, &err);
	open_streams();
	if (r == 0)
		r = guest_serve(port, &err);
	if (r < 0)
		fprintf(stderr, "ringwall agent: %s\n", err.msg);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
