/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The façade of rootfs/: the container's file tree.
 *
 * Plan in the parent, apply in the child.  The child first makes the container's root its own root
 * (clone of the rootfs mount, move_mount, chroot: rule R2), then makes mounts as objects (fsopen,
 * open_tree, mount_setattr on the detached mount, move_mount onto a descriptor: R1, R3), and pivots
 * at the end, when the hooks that must see the runtime's tree have run.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

struct rootfs_plan;

/* A bind mount of the host's @source. */
struct rootfs_bind {
	const char *source;
	const char *destination;
	bool readonly;
};

struct rootfs_options {
	const char *bundle; /* absolute path of the bundle, for relative sources */
	bool no_pivot; /* --no-pivot: MS_MOVE and chroot instead of pivot_root */
	/* Its mount namespace differs from ours, by inode (R10): new, or joined by path.  In a
	 * joined one root.path is looked up and the mounts stay, and nothing is pivoted. */
	bool new_mount_ns;
	bool own_user_ns; /* its user namespace differs from ours */
	bool own_cgroup_ns;
	bool own_network_ns;
	bool unprivileged; /* the parent may not clone mounts: the child opens the sources */
	bool terminal; /* process.terminal: a devpts must be among the mounts */
	/* Gives a user namespace descriptor (owned by the caller) with these maps, for id-mapped
	 * mounts; both NULL: the container's own maps. */
	int (*idmap_userns)(
		void *arg, const spec_idmaps *uid, const spec_idmaps *gid, struct err *err);
	void *idmap_arg;
	/* Extra mounts of the runtime itself (the sd_notify directory), after the others. */
	const struct rootfs_bind *binds;
	size_t bind_count;
};

/*
 * Decides everything that does not need the container: the rootfs path, each mount's flags, data
 * and propagation; pins the rootfs and the bind sources of the host by descriptor.  Errors name the
 * property (`mounts[3] "/data": ...`).  The plan borrows from @spec and @options->binds.
 *
 * Linux 5.12 is the oldest kernel that will do (mount_setattr).
 */
int rootfs_plan_new(const struct spec *spec, const struct rootfs_options *options,
	struct rootfs_plan **out_plan, struct err *err) MUST_USE;
void rootfs_plan_free(struct rootfs_plan *plan);
DEFINE_AUTO_PTR(rootfs_plan, rootfs_plan_free);

/* The host path of the container's root, absolute as far as the bundle's is; borrowed. */
const char *rootfs_path(const struct rootfs_plan *plan);

/* ---- in the child, in its own mount namespace, in this order ---- */

/*
 * Makes the whole tree slave, attaches the clone of the rootfs at its path, makes it this process's
 * root (chroot).  The runtime's tree stays reachable for this process only through the plan.
 * Without a mount namespace: only chroot.
 */
int rootfs_enter(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* The mounts of the configuration, in order. */
int rootfs_mount(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* The default devices, linux.devices, /dev/ptmx and the /dev links (config-linux.md "Default
 * Devices", runtime-linux.md "Dev symbolic links"). */
int rootfs_devices(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* Opens a new terminal on the devpts at /dev/pts of the container whose root is @root_fd
 * (rootfs_fd(), or that of a container joined by exec); both owned by the caller. */
int rootfs_open_terminal(int root_fd, int *out_master, int *out_slave, struct err *err) MUST_USE;

/* Makes /dev/console of the terminal @slave. */
int rootfs_console(struct rootfs_plan *plan, int slave, struct err *err) MUST_USE;

/*
 * For createContainer hooks: makes the runtime's tree the root of *this* (forked) process, with the
 * container's tree visible at rootfs_path(), as before a pivot_root.  (Not visible there when a
 * user namespace's root may not search the directories on the way.)
 */
int rootfs_leave(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* pivot_root (or move and chroot) and detach the runtime's tree; working directory "/".  No
 * descriptor of the runtime's tree is open afterwards, also after an error. */
int rootfs_pivot(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* Masked paths, read-only paths, the read-only root, the final propagation of the root. */
int rootfs_seal(struct rootfs_plan *plan, struct err *err) MUST_USE;

/*
 * For another process of a container without a mount namespace of its own, which lives in a chroot:
 * setns(2) leads to the root of the namespace, or nowhere, and that is the host's tree.  Makes
 * @path, as rootfs_path() gave it, this process's root.
 */
int rootfs_join(const char *path, struct err *err) MUST_USE;

/*
 * Instead of all of this, for a container that runs on a kernel of its own: what of the host's files
 * it is to have, and nothing else, becomes this process's root and its mount namespace's.  An empty
 * read-only file system with the image at /rootfs and the source of each bind mount at
 * /vol/<number>, with the attributes that the configuration asks for, and an empty directory.  All
 * other mounts are that kernel's.  No descriptor of the plan is open afterwards, also after an error.
 * *out_descriptors: procfs_descriptors() of @procfd, owned by the caller.
 *
 * Who enters the mount namespace, as engines do to copy files, finds the container's tree, on top of
 * that root and out of this process's sight: the image with the bind mounts in their places, and an
 * empty read-only directory where that kernel has a file system of its own.
 */
int rootfs_export(
	struct rootfs_plan *plan, int procfd, int *out_descriptors, struct err *err) MUST_USE;

/* Whether rootfs_export() brings the configuration's mount of that number along. */
bool rootfs_is_exported(const struct rootfs_plan *plan, size_t mount);

/* What a mount takes from the one that its source lies on, which a guest's kernel cannot see. */
struct rootfs_flag {
	unsigned long flag; /* ST_*, statfs(2) */
	const char *option; /* for a whole tree; without its "r" for a mount; NULL ends the table */
	uint64_t
		attr; /* MOUNT_ATTR_*; 0: the host's kernel does it to its files for the guest as well */
};
extern const struct rootfs_flag rootfs_flags[];

/* The flags (ST_*, statfs(2)) that such a mount takes from the mount that its source lies on, unless
 * its options say otherwise. */
unsigned long rootfs_source_flags(const struct rootfs_plan *plan, size_t mount);

/* Likewise those of the mount that the image lies on, all of which are the container's root's. */
unsigned long rootfs_root_flags(const struct rootfs_plan *plan);

#define ROOTFS_EXPORT_IMAGE "rootfs"
#define ROOTFS_EXPORT_VOLUMES "vol"
#define ROOTFS_EXPORT_EMPTY "empty" /* a root for who holds the others by descriptors */

/* An O_PATH descriptor of the container's root as seen from the child; borrowed. */
int rootfs_fd(const struct rootfs_plan *plan);
