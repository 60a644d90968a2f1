/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file server of a shared directory tree: it answers FUSE requests (protocol 7.31 and later,
 * linux/fuse.h) of a guest that is not trusted.  For the files of kvm/ only; kvm/fs-device.c makes
 * the virtio-fs device of it.
 *
 * Theory of operation.  The guest names files by node numbers, which this server gives out for each
 * answered look-up and takes back with FORGET, and open files by handles.  Both are an index and a
 * generation, checked at each use; neither is a pointer, and no path is ever composed.  A node holds
 * an O_PATH descriptor; a name is looked up as one component below the directory's descriptor, by
 * openat2() without links, and "/", NUL, "." and ".." in names are refused, so nothing outside of the
 * tree can be reached, whatever others do to the tree meanwhile.  Where a call wants a descriptor
 * for reading or writing, the node's is opened again through /proc/self/fd.  Mounts within the tree
 * are crossed; their read-only flags hold, because the host's kernel checks them.
 *
 * The guest's kernel checks permissions, as for its own file systems (the mount has
 * default_permissions); this server holds the capabilities to carry out what it decided.  What is
 * created is created with the ids that the request names, so that the owner, set-group-id
 * directories, default ACLs and quotas come out as they do natively.  Ids are those of this
 * process's user namespace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/mem.h"

struct fs;
struct fs_worker;

struct fs_config {
	int tree_fd; /* the directory to share, O_PATH will do; owned by the server from fs_new() on,
		      * also when that fails */
	int descriptors_fd; /* of procfs_descriptors(), borrowed; FD_NONE: /proc/self/fd, from which
			     * ".." leads to what else a procfs tells of this process */
	bool private_tree; /* nobody but the guest writes files that it uses: what they hold is cached
			    * and written back late, and absent names are remembered.
			    * Mounts within the tree are cached as if shared. */
	bool read_only; /* refuse all changes with EROFS, beside those that mounts refuse */
	bool locks; /* POSIX and flock locks are the host's; else the guest keeps its own */
	bool devices; /* allow the guest to make block and character device nodes */
	bool submounts; /* tell the guest which directories are mounts */
	uint32_t max_nodes; /* files that the guest may know at a time, each a descriptor; 0: 3/8
			     * of RLIMIT_NOFILE */
	uint32_t max_handles; /* files that it may have open; 0: 1/16 of RLIMIT_NOFILE */
};

/* In the process that is to serve. */
int fs_new(const struct fs_config *config, struct fs **out_fs, struct err *err) MUST_USE;
void fs_free(struct fs *fs);
DEFINE_AUTO_PTR(fs, fs_free);

/* Forgets all nodes and handles: the guest's driver was reset.  Nobody may be serving. */
void fs_reset(struct fs *fs);

/*
 * What a thread needs to serve; made by that thread itself, which thereby gets a file mode mask, a
 * working directory (/proc/self/fd), supplementary groups (none) and file system ids of its own:
 * it must do nothing else.
 */
int fs_worker_new(struct fs *fs, struct fs_worker **out_worker, struct err *err) MUST_USE;
void fs_worker_free(struct fs_worker *worker);
DEFINE_AUTO_PTR(fs_worker, fs_worker_free);

/*
 * Serves one request, which lies in @in, and writes the reply to @out.  Both may be memory that the
 * guest writes meanwhile; what decides anything is copied first.  Returns the length of the reply;
 * 0: there is none, because the request wants none (FORGET) or is too short to have one.
 * Never fails: errors are replies.  Any number of threads may serve at once, each with its worker.
 */
size_t fs_serve(struct fs_worker *worker, const struct iovec *in, size_t in_count,
	const struct iovec *out, size_t out_count);

/* For tests: how many nodes (with the root) and handles there are. */
void fs_counts(struct fs *fs, uint32_t *out_nodes, uint32_t *out_handles);
