/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The façade of rootfs/: the container's file tree.
 *
 * Plan in the parent, apply in the child.  The child first makes the container's root its own root
 * (clone of the rootfs mount, move_mount, chroot: rule R2), then makes mounts as objects (fsopen,
 * open_tree, mount_setattr on the detached mount, move_mount onto a descriptor: R1, R3), and pivots at the end,
 * when the hooks that must see the runtime's tree have run.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

struct rootfs_plan;

struct rootfs_options {
	const char *bundle; /* absolute path of the bundle, for relative sources */
	bool no_pivot; /* --no-pivot: MS_MOVE and chroot instead of pivot_root */
	bool new_mount_ns; /* the container has a mount namespace of its own */
	bool own_user_ns; /* its user namespace differs from ours */
	bool own_cgroup_ns;
	bool own_network_ns;
	bool unprivileged; /* the parent may not clone mounts: the child opens the sources */
	bool terminal; /* process.terminal: make /dev/console */
	/* Gives a user namespace descriptor (owned by the caller) with these maps, for id-mapped mounts;
	 * both NULL: the container's own maps. */
	int (*idmap_userns)(void *arg, const spec_idmaps *uid, const spec_idmaps *gid, struct err *err);
	void *idmap_arg;
	/* Extra mounts that the runtime itself adds (the sd_notify directory); NULL-terminated by count. */
	const struct rootfs_bind {
		const char *source; /* host path */
		const char *destination;
		bool readonly;
	} *binds;
	size_t bind_count;
};

/*
 * Decides everything that does not need the container: the resolved rootfs path, each mount's flags,
 * data and propagation, devices, masks; pins bind sources and device nodes of the host by descriptor.
 * Errors name the property (`mounts[3] "/data": ...`).
 */
int rootfs_plan_new(const struct spec *spec, const struct rootfs_options *options,
	struct rootfs_plan **out_plan, struct err *err) MUST_USE;
void rootfs_plan_free(struct rootfs_plan *plan);
DEFINE_AUTO_PTR(rootfs_plan, rootfs_plan_free);

/* The absolute host path of the container's root; borrowed. */
const char *rootfs_path(const struct rootfs_plan *plan);

/* ---- in the child, in its own mount namespace, in this order ---- */

/* Sets the propagation of the whole tree, clones the rootfs, attaches it, makes it this process's root
 * (chroot).  The runtime's tree stays reachable for this process only through the plan. */
int rootfs_enter(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* The mounts of the configuration, in order. */
int rootfs_mount(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* The default devices, linux.devices, /dev/ptmx and the /dev links (config-linux.md "Default Devices", runtime-linux.md
 * "Dev symbolic links"). */
int rootfs_devices(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* Opens a new terminal on the container's own devpts; both owned by the caller. */
int rootfs_open_terminal(struct rootfs_plan *plan, int *out_master, int *out_slave,
	struct err *err) MUST_USE;

/* Makes /dev/console of the terminal @slave. */
int rootfs_console(struct rootfs_plan *plan, int slave, struct err *err) MUST_USE;

/*
 * For createContainer hooks: makes the runtime's tree the root of *this* (forked) process, with the
 * container's tree visible at rootfs_path(), as before a pivot_root.
 */
int rootfs_leave(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* pivot_root (or move and chroot) and detach the runtime's tree; working directory "/". */
int rootfs_pivot(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* Masked paths, read-only paths, the read-only root, the final propagation of the root. */
int rootfs_seal(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* An O_PATH descriptor of the container's root as seen from the child; borrowed. */
int rootfs_fd(const struct rootfs_plan *plan);
