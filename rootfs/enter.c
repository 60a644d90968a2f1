// SPDX-License-Identifier: Apache-2.0
/*
 * Into the container's tree, and out of the runtime's.  Runs in the child, in its own mount
 * namespace, which begins as a copy of the runtime's tree.
 *
 *   enter   everything becomes slave: nothing that happens here reaches the host.  The clone of the
 *           rootfs is attached at its path and becomes this process's root.  From here on a wrong
 *           path leads at worst to another place of the container (rule R2).  The runtime's tree
 *           stays reachable through one descriptor.
 *   leave   a forked child goes back, for hooks that belong to the runtime's tree and still see the
 *           container's (runtime.md, createContainer).
 *   pivot   the container's tree becomes the root of the namespace; the runtime's tree is gone, and
 *           so is the descriptor.
 *
 * A namespace joined by path belongs to others as well: it is entered by chroot only, for
 * pivot_root would change their root, too.  Without a mount namespace nothing may be mounted at
 * all.
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/procfs.h"

#define MOUNTINFO_MAX (16u << 20)

int root_change(int fd, struct err *err)
{
	if (fchdir(fd) < 0)
		return err_sys(err, errno, "fchdir");
	if (chroot(".") < 0)
		return err_sys(err, errno, "chroot");
	return 0;
}

/* ---- enter ---- */

static int tree_isolate(struct err *err)
{
	const struct mount_attr attr = { .propagation = MS_SLAVE };
	int r = sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr);

	if (r == 0)
		return 0;
	r = err_sys(err, -r, "mount_setattr \"/\"");
	if (r == -ENOSYS)
		err_hint(err, "Linux 5.12 or newer is needed");
	return r;
}

/* The clones that the parent was not privileged to make, or that belong to a joined namespace. */
static int open_missing(struct rootfs_plan *plan, struct err *err)
{
	if (plan->root_fd < 0) {
		plan->root_fd = sys_open_tree(AT_FDCWD,
			plan->path /* path: the host's, of the configuration */,
			OPEN_TREE_CLONE | AT_RECURSIVE);
		if (plan->root_fd < 0)
			return err_sys(
				err, -plan->root_fd, "open_tree \"%s\" (root.path)", plan->path);
	}
	for (size_t i = 0; i < plan->mount_count; i++) {
		struct mount_plan *m = &plan->mounts[i];

		if (m->kind == MOUNT_BIND && m->source_fd < 0 && bind_open(m, err) < 0)
			return mount_err_in(m, err);
	}
	return 0;
}

/*
 * In a user namespace the parent's clones would lack a lock: the kernel locks the flags of a mount
 * (ro, nosuid, nodev, noexec) when it copies the tree into this namespace, not when a clone from
 * outside is attached here, and root of the container could take them off.  So what can be reached
 * from here is cloned again, from the locked copy.  The parent's clone stays for what only the
 * host's root can reach, and for id maps.
 */
static void clone_locked(const char *path, unsigned int flags, int *fd)
{
	struct stat parents, ours;
	auto_close int clone = sys_open_tree(AT_FDCWD,
		path /* path: the host's, of the configuration */, OPEN_TREE_CLONE | flags);

	if (clone < 0 || fstat(clone, &ours) < 0 || fstat(*fd, &parents) < 0 ||
		ours.st_dev != parents.st_dev || ours.st_ino != parents.st_ino)
		return;
	fd_close(fd);
	*fd = take_fd(&clone);
}

static void lock_clones(struct rootfs_plan *plan)
{
	if (!plan->user_ns)
		return;
	clone_locked(plan->path, AT_RECURSIVE, &plan->root_fd);
	for (size_t i = 0; i < plan->mount_count; i++) {
		struct mount_plan *m = &plan->mounts[i];

		if (m->kind == MOUNT_BIND && m->source_fd >= 0 && !m->idmapped)
			clone_locked(m->source,
				(m->request.recursive ? AT_RECURSIVE : 0) |
					(m->request.src_nofollow ? AT_SYMLINK_NOFOLLOW : 0),
				&m->source_fd);
	}
}

/*
 * The root itself is private unless "slave" is asked for: what is mounted in it while the container
 * is set up concerns nobody.  "shared" comes at the end, in rootfs_seal(), and the mounts below the
 * rootfs keep their peers then.
 */
static int root_propagation(const struct rootfs_plan *plan, struct err *err)
{
	bool keep_peers = (plan->propagation & MS_SHARED) && !plan->user_ns;

	return mount_change(plan->root_fd, !keep_peers, 0, 0,
		plan->propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE, err);
}

static int root_attach(struct rootfs_plan *plan, struct err *err)
{
	unsigned int flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS;
	int r = sys_move_mount(plan->root_fd, "", AT_FDCWD,
		plan->path /* path: the host's, of the configuration */, flags);

	/* The container's root may not be allowed to search the directories that lead there. */
	if (r == -EACCES) {
		plan->over_root = true;
		r = sys_move_mount(plan->root_fd, "", AT_FDCWD, "/", flags);
	}
	return r < 0 ? err_sys(err, -r, "move_mount \"%s\"", plan->path) : 0;
}

int enter_prepare(struct rootfs_plan *plan, struct err *err)
{
	int r = tree_isolate(err);

	if (r == 0)
		r = open_missing(plan, err);
	if (r < 0)
		return r;
	lock_clones(plan);
	return root_propagation(plan, err);
}

static int enter_ns(struct rootfs_plan *plan, struct err *err)
{
	int r = enter_prepare(plan, err);

	if (r < 0)
		return r;
	plan->old_root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (plan->old_root_fd < 0)
		return err_sys(err, errno, "open \"/\"");
	return root_attach(plan, err);
}

int rootfs_enter(struct rootfs_plan *plan, struct err *err)
{
	int r;

	if (plan->has_ns) {
		r = enter_ns(plan, err);
		if (r < 0)
			return r;
	} else {
		plan->root_fd = host_open(AT_FDCWD, plan->path, O_PATH | O_DIRECTORY, 0, err);
		if (plan->root_fd < 0)
			return plan->root_fd;
	}
	return root_change(plan->root_fd, err);
}

int rootfs_join(const char *path, struct err *err)
{
	auto_close int fd = host_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, err);

	return fd < 0 ? fd : root_change(fd, err);
}

/* ---- leave ---- */

int rootfs_leave(struct rootfs_plan *plan, struct err *err)
{
	return plan->old_root_fd < 0 ? 0 : root_change(plan->old_root_fd, err);
}

/* ---- pivot ---- */

int enter_pivot(int fd, const char *name, struct err *err)
{
	int r;

	if (fchdir(fd) < 0)
		return err_sys(err, errno, "fchdir");
	r = sys_pivot_root(".", ".");
	if (r < 0)
		return err_sys(err, -r, "pivot_root \"%s\"", name);
	/* The runtime's tree lies on top of the new root now.  It is slave throughout. */
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(err, errno, "umount the runtime's tree");
	return 0;
}

/* Decodes \040 and the like in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
			from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* Takes a mount of the runtime's tree away, or covers it when it is locked: out of sight for
 * programs, though not for the kernel's own check (mount_too_revealing), where only pivot_root
 * helps. */
static int hide_mount(struct rootfs_plan *plan, const char *path, struct err *err)
{
	auto_close int cover = FD_NONE;
	int r;

	if (umount2(path /* path: the host's, of mountinfo */, MNT_DETACH) == 0)
		return 0;
	cover = fs_empty_dir(plan, err);
	if (cover < 0)
		return cover;
	r = sys_move_mount(cover, "", AT_FDCWD, path /* path: the host's, of mountinfo */,
		MOVE_MOUNT_F_EMPTY_PATH);
	return r < 0 ? err_sys(err, -r, "mount over \"%s\"", path) : 0;
}

/*
 * The mount point of a line of mountinfo(5) when it is a whole procfs or sysfs, else NULL; cuts the
 * line.
 *	22 27 0:21 / /proc rw,relatime - proc proc rw
 */
static char *kernel_fs_of(char *line)
{
	const char *type = strstr(line, " - ");
	char *point = line;

	if (!type || (strncmp(type, " - proc ", 8) != 0 && strncmp(type, " - sysfs ", 9) != 0))
		return NULL;
	for (int field = 0; field < 3; field++) {
		point = strchr(point, ' ');
		if (!point)
			return NULL;
		point++;
	}
	if (strncmp(point, "/ ", 2) != 0)
		return NULL;
	point += 2;
	point[strcspn(point, " ")] = '\0';
	unescape(point);
	return point;
}

/* Where the container's tree is in the runtime's, as mountinfo has it; "" when it covers the root:
 * then the paths in mountinfo lead below it, where only the runtime's mounts are. */
static int own_prefix(const struct rootfs_plan *plan, char *path, size_t size, struct err *err)
{
	int r;

	path[0] = '\0';
	if (plan->over_root)
		return 0;
	if (fchdir(plan->root_fd) < 0)
		return err_sys(err, errno, "fchdir");
	r = sys_getcwd(path, size);
	return r < 0 ? err_sys(err, -r, "getcwd") : 0;
}

/*
 * Without pivot_root the runtime's mounts stay in the namespace.  A complete procfs or sysfs among
 * them would make the kernel let the container mount another one without the masks.
 */
static int hide_kernel_fs(struct rootfs_plan *plan, struct err *err)
{
	auto_close int procfd = procfs_open(PROCFS_PIDS, err);
	auto_free char *text = NULL;
	char own[PATH_MAX], *save = NULL;
	size_t len;
	int r;

	if (procfd < 0)
		return procfd;
	r = own_prefix(plan, own, sizeof(own), err);
	if (r < 0)
		return r;
	len = strlen(own);
	r = procfs_read(procfd, "self/mountinfo", MOUNTINFO_MAX, &text, err);
	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *point = kernel_fs_of(line);

		if (!point || (len > 0 && strncmp(point, own, len) == 0 && point[len] == '/'))
			continue; /* or the container's own */
		r = hide_mount(plan, point, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int move_over_root(struct rootfs_plan *plan, struct err *err)
{
	int r = hide_kernel_fs(plan, err);

	if (r < 0)
		return err_in(err, "--no-pivot");
	if (!plan->over_root) {
		r = sys_move_mount(plan->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
		if (r < 0)
			return err_sys(err, -r, "move_mount \"%s\" (--no-pivot)", plan->path);
	}
	return root_change(plan->root_fd, err);
}

void enter_close_pins(struct rootfs_plan *plan)
{
	fd_close(&plan->old_root_fd);
	for (size_t i = 0; i < plan->mount_count; i++) {
		fd_close(&plan->mounts[i].source_fd);
		fd_close(&plan->mounts[i].idmap_fd);
	}
}

int rootfs_pivot(struct rootfs_plan *plan, struct err *err)
{
	int r = 0;

	if (plan->has_ns)
		r = seal_prepare(plan, err);
	if (r == 0 && plan->has_ns && !plan->joined_ns) {
		r = root_change(plan->old_root_fd, err);
		if (r == 0)
			r = plan->no_pivot ? move_over_root(plan, err)
					   : enter_pivot(plan->root_fd, plan->path, err);
	}
	enter_close_pins(plan);
	if (r == 0 && chdir("/") < 0)
		r = err_sys(err, errno, "chdir \"/\"");
	return r;
}
