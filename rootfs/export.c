// SPDX-License-Identifier: Apache-2.0
/*
 * The tree for a container that runs on a kernel of its own: see rootfs_export() in the header.
 *
 * Runs in the child, in its own mount namespace.  The image and the sources of the bind mounts are
 * detached clones already; they are put into an empty tmpfs, which becomes the root.  What the
 * guest does can then reach these and nothing else, whatever becomes of the process that serves
 * it.  Attributes (read-only, id maps) are those of the host's mounts, so the host's kernel enforces
 * them.
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/procfs.h"

const struct rootfs_flag rootfs_flags[] = {
	{ ST_RDONLY, "rro", 0 },
	{ ST_NOSUID, "rnosuid", MOUNT_ATTR_NOSUID },
	{ ST_NODEV, "rnodev", MOUNT_ATTR_NODEV },
	{ ST_NOEXEC, "rnoexec", MOUNT_ATTR_NOEXEC },
	{ ST_NOATIME, "rnoatime", 0 },
	{ ST_NODIRATIME, "rnodiratime", 0 },
	{ ST_NOSYMFOLLOW, "rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW },
	{ 0, NULL, 0 },
};

bool rootfs_is_exported(const struct rootfs_plan *plan, size_t mount)
{
	return mount < plan->mount_count && plan->mounts[mount].kind == MOUNT_BIND;
}

unsigned long rootfs_source_flags(const struct rootfs_plan *plan, size_t mount)
{
	const struct mount_plan *m = &plan->mounts[mount];
	struct statfs fs;
	int r;

	if (m->source_fd >= 0)
		r = fstatfs(m->source_fd, &fs);
	else /* the child opens it, and says what is wrong with it */
		r = statfs(m->source /* path: the host's, of the configuration */, &fs);
	return r < 0 ? 0 : (unsigned long)fs.f_flags;
}

unsigned long rootfs_root_flags(const struct rootfs_plan *plan)
{
	struct statfs fs;

	/* The child opens it, and says what is wrong with it. */
	return statfs(plan->path /* path: the host's, of the configuration */, &fs) < 0
		? 0
		: (unsigned long)fs.f_flags;
}

/* An empty file system, detached. */
static int new_tmpfs(struct err *err)
{
	auto_close int fsfd = sys_fsopen("tmpfs");
	int r = fsfd;

	if (r >= 0)
		r = sys_fsconfig(fsfd, FSCONFIG_SET_STRING, "mode", "0555", 0);
	if (r >= 0)
		r = sys_fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r >= 0)
		r = sys_fsmount(fsfd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return r < 0 ? err_sys(err, -r, "mount a tmpfs") : r;
}

/* Puts @fd at "/", over what is there. */
static int cover_root(int fd, struct err *err)
{
	int r = sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	return r < 0 ? err_sys(err, -r, "move_mount to \"/\"") : 0;
}

static int clone_tree(int fd, struct err *err)
{
	int r = sys_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);

	return r < 0 ? err_sys(err, -r, "open_tree") : r;
}

static int make_dir(int dir, const char *name, struct err *err)
{
	int fd;

	if (mkdirat(dir, name /* path: a single name, of our own file system */, 0755) < 0)
		return err_sys(err, errno, "mkdir \"%s\"", name);
	fd = openat(dir, name /* path: a single name, of our own file system */,
		O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open \"%s\"", name) : fd;
}

static int make_file(int dir, const char *name, struct err *err)
{
	int fd;

	if (mknodat(dir, name /* path: a single name, of our own file system */, S_IFREG | 0644,
		    0) < 0)
		return err_sys(err, errno, "mknod \"%s\"", name);
	fd = openat(dir, name /* path: a single name, of our own file system */,
		O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open \"%s\"", name) : fd;
}

static int place_volume(const struct rootfs_plan *plan, int volumes, size_t i, struct err *err)
{
	const struct mount_plan *m = &plan->mounts[i];
	auto_close int target = FD_NONE;
	char name[24];
	int r;

	snprintf(name, sizeof(name), "%zu", i);
	target = m->source_type == S_IFDIR ? make_dir(volumes, name, err)
					   : make_file(volumes, name, err);
	r = target < 0 ? target : bind_configure(plan, m, err);
	if (r == 0)
		r = mount_place(m->source_fd, target, err);
	return r < 0 ? mount_err_in(m, err) : 0;
}

/* Returns procfs_descriptors(). */
static int fill(struct rootfs_plan *plan, int base, int procfd, struct err *err)
{
	auto_close int image = make_dir(base, ROOTFS_EXPORT_IMAGE, err);
	auto_close int volumes = FD_NONE;
	auto_close int empty = FD_NONE;
	int r = image;

	if (r >= 0)
		r = mount_place(plan->root_fd, image, err);
	if (r >= 0)
		r = volumes = make_dir(base, ROOTFS_EXPORT_VOLUMES, err);
	for (size_t i = 0; r >= 0 && i < plan->mount_count; i++)
		if (rootfs_is_exported(plan, i))
			r = place_volume(plan, volumes, i, err);
	if (r >= 0) {
		empty = make_dir(base, ROOTFS_EXPORT_EMPTY, err);
		r = empty;
	}
	if (r >= 0)
		r = mount_change(base, false, MOUNT_ATTR_RDONLY, 0, 0, err);
	/* The system's procfs is still there, the host sees nothing of what is mounted here. */
	return r < 0 ? r : procfs_descriptors(procfd, empty, err);
}

/* ---- what others see ---- */

/*
 * A tmpfs without a mode takes that of the directory that it covers, and that kernel cannot know of
 * one which was made here that it was not there.
 */
static int open_for_all(int dir, struct err *err)
{
	auto_close int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, 01777) < 0)
		return err_sys(err, errno, "change the mode of the destination");
	return 0;
}

static int view_mount(const struct rootfs_plan *plan, struct mount_plan *m, struct err *err)
{
	struct fs_target target = { .fd = FD_NONE };
	auto_close int at = FD_NONE, fd = FD_NONE;
	int r;

	if (m->kind == MOUNT_REMOUNT || m->kind == MOUNT_SYMLINK)
		return 0;
	r = mount_target(plan, m, &target, err);
	at = target.fd; /* closes it */
	if (r == 0)
		r = mount_check_target(m, at, err);
	if (r == 0 && target.created && m->type && strcmp(m->type, "tmpfs") == 0)
		r = open_for_all(at, err);
	if (r == 0)
		r = fd = m->kind == MOUNT_BIND ? clone_tree(m->source_fd, err) : new_tmpfs(err);
	if (r >= 0)
		r = mount_place(fd, at, err);
	if (r == 0 && m->kind != MOUNT_BIND)
		m->late_fd = take_fd(&fd); /* others may have their destinations in it */
	return r;
}

/* As for the native mode, destinations that the image lacks are made in it. */
static int make_view(struct rootfs_plan *plan, struct err *err)
{
	int view = clone_tree(plan->root_fd, err), r = view;

	if (r < 0)
		return r;
	fd_close(&plan->root_fd);
	plan->root_fd = view;
	r = cover_root(view, err);
	for (size_t i = 0; r == 0 && i < plan->mount_count; i++) {
		r = view_mount(plan, &plan->mounts[i], err);
		if (r < 0)
			return mount_err_in(&plan->mounts[i], err);
	}
	for (size_t i = 0; r == 0 && i < plan->mount_count; i++)
		if (plan->mounts[i].late_fd >= 0)
			r = mount_change(
				plan->mounts[i].late_fd, false, MOUNT_ATTR_RDONLY, 0, 0, err);
	if (r == 0 && plan->readonly)
		r = mount_change(view, false, MOUNT_ATTR_RDONLY, 0, 0, err);
	return r;
}

int rootfs_export(struct rootfs_plan *plan, int procfd, int *out_descriptors, struct err *err)
{
	auto_close int base = FD_NONE, descriptors = FD_NONE;
	int r = enter_prepare(plan, err);

	if (r == 0)
		r = base = new_tmpfs(err);
	if (r >= 0)
		r = cover_root(base, err);
	if (r == 0)
		r = descriptors = fill(plan, base, procfd, err);
	if (r >= 0)
		r = enter_pivot(base, "/", err);
	if (r == 0)
		r = make_view(plan, err);
	enter_close_pins(plan);
	for (size_t i = 0; i < plan->mount_count; i++)
		fd_close(&plan->mounts[i].late_fd);
	fd_close(&plan->root_fd);
	if (r == 0 && chdir("/") < 0)
		r = err_sys(err, errno, "chdir \"/\"");
	if (r == 0)
		*out_descriptors = take_fd(&descriptors);
	return r;
}
