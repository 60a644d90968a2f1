/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of rootfs/ share: the plan, and the steps that work on it.  Private to the folder
 * and to its unit tests.
 *
 * The plan is made in the parent.  In the child nothing of it is decided again: descriptors move
 * from "pinned" to "placed", and that is all that changes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "oci/spec.h"
#include "rootfs/rootfs.h"

/* ---- options.c: what the options of one mount ask for ---- */

/* One parameter of a file system as fsconfig(2) takes it; @value NULL: a flag.  Both owned. */
struct fs_param {
	char *key;
	char *value;
};

/* The longest value that fsconfig(2) takes; longer ones (overlay's lowerdir) need mount(2). */
#define FS_VALUE_MAX 255

#define MOUNT_PROPAGATIONS 4

struct mount_request {
	bool bind;
	bool recursive; /* rbind */
	bool remount;
	bool idmap;
	bool idmap_recursive;
	bool tmpcopyup;
	bool copy_symlink;
	bool src_nofollow;
	bool dest_nofollow;
	unsigned long flags; /* MS_* that are set in the end, as mount(2) takes them */
	uint64_t attr_set; /* MOUNT_ATTR_* of the mount itself, to set ... */
	uint64_t attr_clear; /* ... and to clear because the configuration says so */
	uint64_t tree_set; /* likewise of the whole tree (rro ...) */
	uint64_t tree_clear;
	unsigned long propagation[MOUNT_PROPAGATIONS]; /* in the order given: "rslave", "shared" */
	size_t propagation_count;
	struct fs_param *params; /* owned */
	size_t param_count;
};

/* Reads the options.  @out_request is owned by the caller, also after an error. */
int mount_request_parse(
	const spec_strings *options, struct mount_request *out_request, struct err *err) MUST_USE;
/* Folds the recursive attributes into the mount's own: for a mount that is no tree. */
void mount_request_flatten(struct mount_request *request);
void mount_request_release(struct mount_request *request);

/* ---- the plan ---- */

enum mount_kind {
	MOUNT_FS, /* a new file system */
	MOUNT_BIND, /* a part of the runtime's tree */
	MOUNT_HOST, /* a kernel file system that cannot be mounted anew: the runtime's own */
	MOUNT_REMOUNT, /* other attributes for what is mounted there */
	MOUNT_SYMLINK, /* copy-symlink with a source that is one */
};

/* What is special about a file system. */
struct fs_kind {
	const char *type; /* as in the configuration */
	const char *name; /* as the kernel knows it */
	const char *host_path; /* below the runtime's root: stands in when mounting is denied */
	long magic; /* of that */
	bool plain_dir; /* the target must be a directory that no link led to (CVE-2019-19921) */
	bool labelled; /* mountLabel applies */
	bool late_readonly; /* more is put into it: read-only comes last */
	bool names_files; /* its source or options are paths of the host */
};

struct mount_plan {
	char *label; /* "mounts[3]", for messages; owned */
	const char *destination; /* as configured */
	char *clean; /* textually normalised */
	enum mount_kind kind;
	const struct fs_kind *fs; /* MOUNT_FS, MOUNT_HOST */
	const char *type;
	char *source; /* MOUNT_BIND: absolute host path; NULL: none */
	char *link; /* MOUNT_SYMLINK: its text */
	char *data; /* the parameters as mount(2) takes them, when fsconfig(2) cannot; else NULL */
	struct mount_request request;
	int source_fd; /* MOUNT_BIND: the detached clone; MOUNT_FS: the mount that the parent made */
	mode_t source_type; /* MOUNT_BIND: S_IFDIR ... */
	int idmap_fd; /* user namespace for an id-mapped mount, until the map is set */
	bool idmapped; /* source_fd has it */
	int late_fd; /* the mount, kept until it is made read-only */
};

struct rootfs_plan {
	char *path; /* the rootfs on the host */
	bool has_ns; /* a mount namespace of its own, new or joined */
	bool joined_ns;
	bool no_pivot;
	bool user_ns;
	bool unprivileged;
	bool over_root; /* the rootfs path cannot be reached: attached over "/" */
	bool host_dev; /* /dev is a bind mount: nothing may be made in it */
	bool readonly;
	unsigned long propagation; /* linux.rootfsPropagation */
	const char *mount_label; /* NULL: none */
	const struct spec_linux *linux_; /* borrowed */
	struct mount_plan *mounts;
	size_t mount_count;
	int root_fd; /* the container's root: first a detached clone, then attached */
	int old_root_fd; /* the runtime's tree, between enter and pivot */
	int null_fd; /* a clone of the host's null device, for the masks */
};

/* The kind of @type, never NULL: unknown ones get the general row. */
const struct fs_kind *fs_kind_of(const char *type);

/* Textual rules on a destination (/, /proc and below), on the normalised @clean. */
int mount_check_destination(const struct mount_plan *m, struct err *err) MUST_USE;

/* "mounts[3] "/data": " before the message; returns its number. */
int mount_err_in(const struct mount_plan *m, struct err *err);

/* ---- bind.c: clones of the runtime's tree ---- */

/* Opens the source by its host path: sets source_fd and source_type; applies the id map. */
int bind_open(struct mount_plan *m, struct err *err) MUST_USE;

/* Propagation and attributes of the clone. */
int bind_configure(
	const struct rootfs_plan *plan, const struct mount_plan *m, struct err *err) MUST_USE;

/* Applies the id map of @m to the detached mount @fd, once. */
int mount_idmap(struct mount_plan *m, int fd, struct err *err) MUST_USE;

/* The propagation that the options ask for, beginning with number @first. */
int mount_propagate(const struct mount_plan *m, int fd, size_t first, struct err *err) MUST_USE;

/* One mount_setattr(2) on a mount's own descriptor; all zero: nothing to do. */
int mount_change(int fd, bool recursive, uint64_t set, uint64_t clear, unsigned long propagation,
	struct err *err) MUST_USE;

/* ---- fs.c: new file systems ---- */

/* What is at the target already, which a new file system may take over. */
struct fs_target {
	int fd; /* O_PATH */
	bool created;
};

/* Makes the file system of @m, detached.  Returns the mount's descriptor. */
int fs_create(const struct rootfs_plan *plan, const struct mount_plan *m,
	const struct fs_target *target, struct err *err) MUST_USE;

/* The same in the parent, of a block device: sets source_fd, applies the id map. */
int fs_open_device(const struct rootfs_plan *plan, struct mount_plan *m, struct err *err) MUST_USE;

/* As fs_create() by mount(2) straight onto the target, for parameters that fsconfig(2) cannot take.
 * Returns an O_PATH descriptor of the mount. */
int fs_create_long(const struct rootfs_plan *plan, const struct mount_plan *m,
	const struct fs_target *target, struct err *err) MUST_USE;

/* The host's instance of a kernel file system, for MOUNT_HOST. */
int fs_clone_host(
	const struct rootfs_plan *plan, const struct mount_plan *m, struct err *err) MUST_USE;

/* New superblock options for the file system behind @fd. */
int fs_reconfigure(const struct mount_plan *m, int fd, struct err *err) MUST_USE;

/* An empty read-only tmpfs, detached. */
int fs_empty_dir(const struct rootfs_plan *plan, struct err *err) MUST_USE;

/* ---- copyup.c ---- */

/* Copies what is in directory @from to the empty directory @to, with owner of @from itself. */
int copyup(int from, int to, struct err *err) MUST_USE;

/* ---- enter.c ---- */

/* Makes the directory @fd the root of this process. */
int root_change(int fd, struct err *err) MUST_USE;

/* Makes the runtime's tree slave, opens what the parent could not, locks and detaches the clones:
 * after it the rootfs is a detached mount (root_fd), and so is every bind source. */
int enter_prepare(struct rootfs_plan *plan, struct err *err) MUST_USE;

/* pivot_root to the mount @fd, and detaches the runtime's tree; @name is for messages. */
int enter_pivot(int fd, const char *name, struct err *err) MUST_USE;

/* Closes the descriptors of the runtime's tree. */
void enter_close_pins(struct rootfs_plan *plan);

/* ---- node.c: single names below a directory of the container; umask 0 ---- */

struct node {
	const char *name;
	mode_t mode; /* type and permission bits, exact */
	dev_t dev;
	bool owned; /* uid and gid are to be set */
	uid_t uid;
	gid_t gid;
};

/* True when @st is the file that @node asks for. */
bool node_is(const struct node *node, const struct stat *st);

/* Makes it.  1 when the very same device was there; another file is an error. */
int node_make(int dirfd, const struct node *node, struct err *err) MUST_USE;

/*
 * Opens what a file is to be mounted over (O_PATH): an empty regular file is made when nothing is
 * there. Links and directories are errors.  Its state goes to @out_st.
 */
int node_target(int dirfd, const char *name, struct stat *out_st, struct err *err) MUST_USE;

/* The link @name -> @target, unless something of that name is there. */
int node_link(int dirfd, const char *name, const char *target, struct err *err) MUST_USE;

/* /dev/ptmx -> pts/ptmx, in place of what the image has there. */
int node_link_ptmx(int dirfd, struct err *err) MUST_USE;

/* ---- mount.c ---- */

/* Places the detached mount @fd onto the object @target. */
int mount_place(int fd, int target, struct err *err) MUST_USE;

/* Opens the destination below plan->root_fd, or makes what is missing. */
int mount_target(const struct rootfs_plan *plan, const struct mount_plan *m,
	struct fs_target *target, struct err *err) MUST_USE;

/* Refuses a target inside a procfs, but for what @m is allowed there. */
int mount_check_target(const struct mount_plan *m, int target, struct err *err) MUST_USE;

/* ---- seal.c ---- */

/* Pins the null device of the host; before the runtime's tree is left. */
int seal_prepare(struct rootfs_plan *plan, struct err *err) MUST_USE;
