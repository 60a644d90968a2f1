// SPDX-License-Identifier: Apache-2.0
/*
 * The last touches, after pivot_root: read-only paths, masked paths, read-only mounts that had to
 * wait, the read-only root, the propagation of the root.
 *
 * Masks are clones of the host's null device, whose numbers were checked (rule R5; CVE-2025-31133:
 * the container's own /dev/null may be a link), and of one empty read-only tmpfs.  A clone can only
 * be made of a mount that is attached, so the first place gets the object itself.
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/path.h"

/* A mount that goes to several places. */
struct cover {
	int fd; /* owned */
	bool placed;
};

static int cover_place(struct cover *cover, int target, struct err *err)
{
	auto_close int clone = FD_NONE;

	if (!cover->placed) {
		cover->placed = true;
		return mount_place(cover->fd, target, err);
	}
	clone = sys_open_tree(cover->fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	if (clone < 0)
		return err_sys(err, -clone, "open_tree");
	return mount_place(clone, target, err);
}

int seal_prepare(struct rootfs_plan *plan, struct err *err)
{
	struct stat st;

	if (plan->linux_->masked_paths.count == 0)
		return 0;
	plan->null_fd =
		sys_open_tree(plan->old_root_fd, "dev/null", OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
	if (plan->null_fd < 0)
		return err_sys(err, -plan->null_fd, "open_tree \"/dev/null\" of the host");
	if (fstat(plan->null_fd, &st) < 0)
		return err_sys(err, errno, "stat \"/dev/null\" of the host");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_bad(err, ERR_SYSTEM, "/dev/null of the host is not the null device");
	return mount_change(plan->null_fd, false, 0, 0, MS_PRIVATE, err);
}

static int mask_path(const struct rootfs_plan *plan, const char *path, struct cover *null,
	struct cover *empty, struct err *err)
{
	auto_close int target = path_open_in(plan->root_fd, path, O_PATH, err);
	struct stat st;

	if (target == -ENOENT || target == -ENOTDIR) {
		err_drop(err); /* what is not there needs no mask */
		return 0;
	}
	if (target < 0)
		return target;
	if (fstat(target, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", path);
	if (!S_ISDIR(st.st_mode))
		return cover_place(null, target, err);
	if (empty->fd < 0) {
		empty->fd = fs_empty_dir(plan, err);
		if (empty->fd < 0)
			return empty->fd;
	}
	return cover_place(empty, target, err);
}

static int mask_paths(struct rootfs_plan *plan, struct err *err)
{
	struct cover null = { .fd = plan->null_fd }, empty = { .fd = FD_NONE };
	const spec_strings *paths = &plan->linux_->masked_paths;
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->count; i++) {
		r = mask_path(plan, paths->items[i], &null, &empty, err);
		if (r < 0)
			(void)err_in(err, "linux.maskedPaths[%zu] \"%s\"", i, paths->items[i]);
	}
	fd_close(&plan->null_fd);
	fd_close(&empty.fd);
	return r;
}

/* Onto itself, with everything below: a recursive bind mount whose mounts are all read-only. */
static int readonly_path(const struct rootfs_plan *plan, const char *path, struct err *err)
{
	auto_close int target = path_open_in(plan->root_fd, path, O_PATH, err);
	auto_close int clone = FD_NONE;
	int r;

	if (target == -ENOENT || target == -ENOTDIR) {
		err_drop(err); /* nothing there to protect */
		return 0;
	}
	if (target < 0)
		return target;
	clone = sys_open_tree(target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
	if (clone < 0)
		return err_sys(err, -clone, "open_tree");
	r = mount_change(clone, true, MOUNT_ATTR_RDONLY, 0, 0, err);
	return r < 0 ? r : mount_place(clone, target, err);
}

static int readonly_paths(const struct rootfs_plan *plan, struct err *err)
{
	const spec_strings *paths = &plan->linux_->readonly_paths;

	for (size_t i = 0; i < paths->count; i++) {
		int r = readonly_path(plan, paths->items[i], err);

		if (r < 0)
			return err_in(err, "linux.readonlyPaths[%zu] \"%s\"", i, paths->items[i]);
	}
	return 0;
}

static int late_readonly(struct rootfs_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		struct mount_plan *m = &plan->mounts[i];
		int r;

		if (m->late_fd < 0)
			continue;
		r = mount_change(m->late_fd, false, MOUNT_ATTR_RDONLY, 0, 0, err);
		fd_close(&m->late_fd);
		if (r < 0)
			return mount_err_in(m, err);
	}
	return 0;
}

/* The root was attached as private or slave; only the other kinds are left to do. */
static int final_root(const struct rootfs_plan *plan, struct err *err)
{
	unsigned long propagation = plan->propagation & (MS_SHARED | MS_UNBINDABLE);
	int r;

	r = mount_change(plan->root_fd, false, plan->readonly ? MOUNT_ATTR_RDONLY : 0, 0, 0, err);
	if (r < 0)
		return err_in(err, "root.readonly");
	r = mount_change(plan->root_fd, plan->propagation & MS_REC, 0, 0, propagation, err);
	return r < 0 ? err_in(err, "linux.rootfsPropagation") : 0;
}

int rootfs_seal(struct rootfs_plan *plan, struct err *err)
{
	int r;

	if (!plan->has_ns)
		return 0;
	r = readonly_paths(plan, err);
	if (r == 0)
		r = mask_paths(plan, err);
	if (r == 0)
		r = late_readonly(plan, err);
	return r < 0 ? r : final_root(plan, err);
}
