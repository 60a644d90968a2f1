// SPDX-License-Identifier: Apache-2.0
/*
 * The mounts of the configuration, in their order.  Runs in the child after rootfs_enter(): the
 * process's root is the container's, so that no path can lead to the host.
 *
 * One mount: open the target (made when missing), make the mount as a detached object with all its
 * attributes, put it onto the target's descriptor (rules R1, R3).  The target of a procfs and of
 * everything on /proc and /sys must be a plain directory, and nothing may be put inside a procfs,
 * because privileged code trusts what it finds there (CVE-2019-16884, -19921, CVE-2023-27561,
 * CVE-2025-52881).
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/path.h"

/* ---- the target ---- */

static bool wants_plain_dir(const struct mount_plan *m)
{
	return (m->fs && m->fs->plain_dir) || strcmp(m->clean, "/proc") == 0 ||
		strcmp(m->clean, "/sys") == 0;
}

/* What to make when nothing is there. */
static struct path_node missing_node(const struct mount_plan *m)
{
	bool is_dir = m->kind != MOUNT_BIND || m->source_type == S_IFDIR;

	return (struct path_node){
		.type = is_dir ? S_IFDIR : S_IFREG,
		.mode = is_dir ? 0755 : 0644,
	};
}

/* Opens what is at the destination without following a link in the last component. */
static int target_open_nofollow(
	const struct rootfs_plan *plan, const struct mount_plan *m, int flags, struct err *err)
{
	int fd = path_open_in(plan->root_fd, m->destination, O_PATH | O_NOFOLLOW | flags, err);

	if (fd == -ENOTDIR && (flags & O_DIRECTORY))
		err_hint(err, "it must be a directory of the image, not a symbolic link");
	return fd;
}

int mount_target(const struct rootfs_plan *plan, const struct mount_plan *m,
	struct fs_target *target, struct err *err)
{
	struct path_node node = missing_node(m);
	bool plain = wants_plain_dir(m);
	int fd = -ENOENT;

	target->created = false;
	if (m->kind == MOUNT_REMOUNT) {
		target->fd = path_open_in(plan->root_fd, m->destination, O_PATH, err);
		return target->fd < 0 ? target->fd : 0;
	}
	if (plain || m->request.dest_nofollow)
		fd = target_open_nofollow(plan, m, plain ? O_DIRECTORY : 0, err);
	if (fd == -ENOENT) /* in particular not a link that leads nowhere */
		fd = path_make_in(plan->root_fd, m->destination, &node, &target->created, err);
	if (fd < 0)
		return fd;
	target->fd = fd;
	return 0;
}

static int refuse_proc(struct err *err)
{
	return err_bad_errno(err, ERR_CONFIG, EPERM, "the destination is inside a procfs");
}

int mount_check_target(const struct mount_plan *m, int target, struct err *err)
{
	struct statfs fs;

	if (fstatfs(target, &fs) < 0)
		return err_sys(err, errno, "statfs the destination");
	if (strcmp(m->clean, "/proc") == 0 && m->kind == MOUNT_BIND) {
		struct statfs source;

		if (fstatfs(m->source_fd, &source) < 0)
			return err_sys(err, errno, "statfs \"%s\"", m->source);
		if (source.f_type != MAGIC_PROC)
			return err_bad(err, ERR_CONFIG, "only a procfs can be mounted on /proc");
		return 0;
	}
	if (fs.f_type != MAGIC_PROC)
		return 0;
	if (m->fs && m->fs->magic == MAGIC_PROC)
		return 0; /* a procfs over another one */
	/* mount_check_destination() has let only the short list pass; a link of the image may still
	 * have led here. */
	return strncmp(m->clean, "/proc/", 6) == 0 ? 0 : refuse_proc(err);
}

int mount_place(int fd, int target, struct err *err)
{
	int r = sys_move_mount(
		fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

	struct stat from, to;

	if (r == 0)
		return 0;
	/* The kernel says EINVAL here and ENOTDIR for mount(2), which is what engines know. */
	if (r == -EINVAL && fstat(fd, &from) == 0 && fstat(target, &to) == 0 &&
		S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode)) {
		r = err_sys(err, ENOTDIR, "mount a %s on a %s",
			S_ISDIR(from.st_mode) ? "directory" : "file",
			S_ISDIR(to.st_mode) ? "directory" : "file");
		err_hint(err, "source and destination must both be directories, or both be files");
		return r;
	}
	return err_sys(err, -r, "mount at the destination");
}

/* ---- the kinds ---- */

/* A message queue file system takes no context= option; its root is labelled instead. */
static int mqueue_label(
	const struct rootfs_plan *plan, const struct mount_plan *m, int fd, struct err *err)
{
	auto_close int dir = FD_NONE;

	if (!plan->mount_label || strcmp(m->type, "mqueue") != 0)
		return 0;
	dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 ||
		fsetxattr(dir, "security.selinux", plan->mount_label, strlen(plan->mount_label) + 1,
			0) < 0)
		return err_sys(err, errno, "label with \"%s\"", plan->mount_label);
	return 0;
}

static int fill_tmpfs(const struct mount_plan *m, int fd, int target, struct err *err)
{
	auto_close int from = FD_NONE;
	int r;

	if (!m->request.tmpcopyup)
		return 0;
	from = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0)
		return err_sys(err, errno, "open the directory to copy");
	r = copyup(from, fd, err);
	return r < 0 ? err_in(err, "tmpcopyup") : 0;
}

/* Read-only that had to wait: rootfs_seal() does it on the mount's own descriptor. */
static bool is_late_readonly(const struct mount_plan *m)
{
	return (m->request.attr_set & MOUNT_ATTR_RDONLY) &&
		(m->fs->late_readonly || strcmp(m->clean, "/dev") == 0);
}

/* Where the host has none to clone, only a user namespace is in the way of a new one. */
static int mount_host(const struct rootfs_plan *plan, const struct mount_plan *m,
	const struct fs_target *target, struct err *err)
{
	int fd = fs_clone_host(plan, m, err);

	if (fd != -EPERM || plan->user_ns)
		return fd;
	err_drop(err);
	return fs_create(plan, m, target, err);
}

static int mount_fs(const struct rootfs_plan *plan, struct mount_plan *m,
	const struct fs_target *target, struct err *err)
{
	auto_close int fd = FD_NONE;
	int r;

	if (m->source_fd >= 0)
		fd = take_fd(&m->source_fd);
	else if (m->data)
		fd = fs_create_long(plan, m, target, err);
	else if (m->kind == MOUNT_HOST)
		fd = mount_host(plan, m, target, err);
	else
		fd = fs_create(plan, m, target, err);
	if (fd < 0)
		return fd;
	if (!m->data) {
		r = mount_idmap(m, fd, err);
		if (r == 0)
			r = mqueue_label(plan, m, fd, err);
		if (r == 0)
			r = fill_tmpfs(m, fd, target->fd, err);
		if (r == 0)
			r = mount_place(fd, target->fd, err);
		if (r < 0)
			return r;
	}
	r = mount_propagate(m, fd, 0, err);
	if (r == 0 && is_late_readonly(m))
		m->late_fd = take_fd(&fd);
	return r;
}

static int mount_bind(const struct rootfs_plan *plan, struct mount_plan *m,
	const struct fs_target *target, struct err *err)
{
	int r = bind_configure(plan, m, err);

	if (r == 0)
		r = mount_place(m->source_fd, target->fd, err);
	fd_close(&m->source_fd);
	return r;
}

static int mount_again(const struct mount_plan *m, const struct fs_target *target, struct err *err)
{
	int r = 0;

	if (!m->request.bind)
		r = fs_reconfigure(m, target->fd, err);
	if (r == 0)
		r = mount_change(target->fd, m->request.recursive, m->request.attr_set,
			m->request.attr_clear, 0, err);
	if (r == 0)
		r = mount_propagate(m, target->fd, 0, err);
	if (r == -EINVAL)
		err_hint(err, "remount needs a destination where something is mounted");
	return r;
}

static int mount_symlink(
	const struct rootfs_plan *plan, const struct mount_plan *m, struct err *err)
{
	char text[4096];
	auto_close int fd = FD_NONE;
	ssize_t len;
	int r = path_symlink_in(plan->root_fd, m->destination, m->link, err);

	if (r <= 0)
		return r;
	fd = path_open_in(plan->root_fd, m->destination, O_PATH | O_NOFOLLOW, err);
	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", text, sizeof(text) - 1);
	if (len >= 0 && (size_t)len == strlen(m->link) && memcmp(text, m->link, (size_t)len) == 0)
		return 0;
	return err_sys(err, EEXIST, "symlink to \"%s\"", m->link);
}

static int mount_one(const struct rootfs_plan *plan, struct mount_plan *m, struct err *err)
{
	struct fs_target target = { .fd = FD_NONE };
	auto_close int fd = FD_NONE;
	int r;

	if (m->kind == MOUNT_SYMLINK)
		return mount_symlink(plan, m, err);
	r = mount_target(plan, m, &target, err);
	if (r < 0)
		return r;
	fd = target.fd; /* closes it */
	r = mount_check_target(m, fd, err);
	if (r < 0)
		return r;
	switch (m->kind) {
	case MOUNT_BIND:
		return mount_bind(plan, m, &target, err);
	case MOUNT_REMOUNT:
		return mount_again(m, &target, err);
	case MOUNT_FS:
	case MOUNT_HOST:
	case MOUNT_SYMLINK:
		break;
	}
	return mount_fs(plan, m, &target, err);
}

int rootfs_mount(struct rootfs_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		int r = mount_one(plan, &plan->mounts[i], err);

		if (r < 0)
			return mount_err_in(&plan->mounts[i], err);
	}
	return 0;
}
