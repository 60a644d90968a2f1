// SPDX-License-Identifier: Apache-2.0
/*
 * Devices and the links of /dev (config-linux.md, "Devices", "Default Devices"; runtime-linux.md,
 * "Dev symbolic links").  Runs in the child, after the mounts.
 *
 * Nodes are made by mknod.  In a user namespace that is not possible, nor where an outer container
 * forbids it: then the node of the host is mounted on an empty file, after its numbers were
 * compared (rule R5).  Nothing is made in a /dev that is the host's.
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/path.h"

static const struct {
	const char *path;
	unsigned int major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },
	{ "/dev/zero", 1, 5 },
	{ "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 },
	{ "/dev/urandom", 1, 9 },
	{ "/dev/tty", 5, 0 },
};

#define DEV "/dev/"
#define DEV_LEN 5

static int open_dev(const struct rootfs_plan *plan, struct err *err)
{
	const struct path_node node = { .type = S_IFDIR, .mode = 0755 };

	return path_make_in(plan->root_fd, "/dev", &node, NULL, err);
}

/* A clone of the host's node, once it has proved to be the right device. */
static int clone_host_node(
	const struct rootfs_plan *plan, const struct node *node, const char *path, struct err *err)
{
	auto_close int host = path_open_in(plan->old_root_fd, path, O_PATH, err);
	auto_close int clone = FD_NONE;
	struct stat st;
	int r;

	if (host < 0) {
		r = err_sys(err, -host, "open \"%s\" of the host", path);
		err_hint(err, "no node can be made here: the host's is mounted instead");
		return r;
	}
	if (fstat(host, &st) < 0)
		return err_sys(err, errno, "stat \"%s\" of the host", path);
	if (!node_is(node, &st))
		return err_bad(err, ERR_CONFIG,
			"the host's \"%s\" is not device %u:%u, and no node can be made here", path,
			major(node->dev), minor(node->dev));
	clone = sys_open_tree(host, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	if (clone < 0)
		return err_sys(err, -clone, "open_tree \"%s\" of the host", path);
	r = mount_change(clone, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, MS_PRIVATE, err);
	return r < 0 ? r : take_fd(&clone);
}

static int device_bind(const struct rootfs_plan *plan, int dirfd, const struct node *node,
	const char *path, struct err *err)
{
	auto_close int target = FD_NONE, clone = FD_NONE;
	struct stat st;

	target = node_target(dirfd, node->name, &st, err);
	if (target < 0)
		return target;
	if (node_is(node, &st))
		return 0;
	if (!S_ISREG(st.st_mode) || st.st_size > 0)
		return err_sys(err, EEXIST, "mount on \"%s\" (another file is there)", path);
	clone = clone_host_node(plan, node, path, err);
	return clone < 0 ? clone : mount_place(clone, target, err);
}

/* What device_bind() has left in the image of a guest before: the file server makes no nodes. */
static bool is_empty_in_guest(int dirfd, const char *name)
{
	struct statfs fs;
	struct stat st;

	return fstatfs(dirfd, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC &&
		fstatat(dirfd, name /* path: a single name */, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode) && st.st_size == 0;
}

static int device_make(const struct rootfs_plan *plan, int dirfd, const struct node *node,
	const char *path, struct err *err)
{
	bool device = S_ISCHR(node->mode) || S_ISBLK(node->mode);
	int r = -EPERM;

	if (!device || !(plan->user_ns || plan->unprivileged)) {
		r = node_make(dirfd, node, err);
		if (!device ||
			(r != -EPERM && !(r == -EEXIST && is_empty_in_guest(dirfd, node->name))))
			return r;
		/* A container around us, or a shared tree: their nodes can still be mounted. */
		err_drop(err);
	}
	return device_bind(plan, dirfd, node, path, err);
}

/* ---- the defaults ---- */

static bool is_configured(const struct rootfs_plan *plan, const char *path)
{
	list_foreach (device, &plan->linux_->devices)
		if (strcmp(device->path, path) == 0)
			return true;
	return false;
}

static int make_defaults(const struct rootfs_plan *plan, int devfd, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		const char *path = default_devices[i].path;
		struct node node = {
			.name = path + DEV_LEN,
			.mode = S_IFCHR | 0666,
			.dev = makedev(default_devices[i].major, default_devices[i].minor),
		};
		int r;

		if (is_configured(plan, path))
			continue;
		r = device_make(plan, devfd, &node, path, err);
		if (r < 0)
			return err_in(err, "device \"%s\"", path);
	}
	return 0;
}

/* True when @path exists in the container, which says whether its procfs is there. */
static bool exists(const struct rootfs_plan *plan, const char *path)
{
	struct err ignored;
	auto_close int fd = path_open_in(plan->root_fd, path, O_PATH | O_NOFOLLOW, &ignored);

	return fd >= 0;
}

static int make_links(const struct rootfs_plan *plan, int devfd, struct err *err)
{
	static const struct {
		const char *source, *name, *target;
	} links[] = {
		{ "/proc/self/fd", "fd", "/proc/self/fd" },
		{ NULL, "stdin", "/proc/self/fd/0" },
		{ NULL, "stdout", "/proc/self/fd/1" },
		{ NULL, "stderr", "/proc/self/fd/2" },
		{ "/proc/kcore", "core", "/proc/kcore" },
	};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		int r;

		if (links[i].source) /* NULL: that of the row above */
			found = exists(plan, links[i].source);
		r = found ? node_link(devfd, links[i].name, links[i].target, err) : 0;
		if (r < 0)
			return err_in(err, "/dev");
	}
	return node_link_ptmx(devfd, err);
}

/* ---- linux.devices ---- */

static int make_configured(const struct rootfs_plan *plan, const struct spec_device *device,
	int devfd, struct err *err)
{
	const char *name = device->path + DEV_LEN;
	mode_t mode = device->file_mode.set ? device->file_mode.v & 07777 : 0666;
	struct node node = {
		.mode = device->type | mode,
		.owned = device->uid.set || device->gid.set,
		.uid = device->uid.set ? device->uid.v : (uid_t)-1,
		.gid = device->gid.set ? device->gid.v : (gid_t)-1,
	};
	bool in_dev = strncmp(device->path, DEV, DEV_LEN) == 0;
	char last[NAME_MAX + 1];
	auto_close int parent = FD_NONE;

	if (in_dev && plan->host_dev)
		return 0; /* the host has it or not */
	/* A host's node, as `podman run --privileged` lists it, would be the host's devpts; the
	 * container's is there already, as a link. */
	if (in_dev && strcmp(name, "ptmx") == 0)
		return 0;
	if (device->type != S_IFIFO)
		node.dev = makedev((unsigned int)device->major, (unsigned int)device->minor);
	if (in_dev && path_is_name(name)) {
		node.name = name;
		return device_make(plan, devfd, &node, device->path, err);
	}
	parent = path_parent_in(plan->root_fd, device->path, last, err);
	if (parent < 0)
		return parent;
	node.name = last;
	return device_make(plan, parent, &node, device->path, err);
}

static int make_all(const struct rootfs_plan *plan, struct err *err)
{
	auto_close int devfd = plan->host_dev ? FD_NONE : open_dev(plan, err);
	int r = 0;

	if (!plan->host_dev) {
		if (devfd < 0)
			return devfd;
		r = make_defaults(plan, devfd, err);
		if (r == 0)
			r = make_links(plan, devfd, err);
	}
	for (size_t i = 0; r >= 0 && i < plan->linux_->devices.count; i++) {
		const struct spec_device *device = &plan->linux_->devices.items[i];

		r = make_configured(plan, device, devfd, err);
		if (r < 0)
			return err_in(err, "linux.devices[%zu] \"%s\"", i, device->path);
	}
	return r < 0 ? r : 0;
}

int rootfs_devices(struct rootfs_plan *plan, struct err *err)
{
	mode_t mask;
	int r;

	if (!plan->has_ns)
		return 0;
	mask = umask(0); /* modes are exact */
	r = make_all(plan, err);
	umask(mask);
	return r;
}
