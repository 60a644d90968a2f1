// SPDX-License-Identifier: Apache-2.0
/* Operations on names: looking up, making, renaming, removing (see kvm/fs.h). */
#include "kvm/fs-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"

int fs_open_name(int dir, const char *name)
{
	return sys_openat2(dir, name /* path: a checked component */,
		O_PATH | O_NOFOLLOW | O_CLOEXEC, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

int fs_entry_of(struct fs *fs, int fd, struct fuse_entry_out *out_entry, struct fs_node **out_node)
{
	struct fs_node *node;
	struct statx st;
	int r = fs_node_of(fs, fd, &st, &node);

	if (r < 0)
		return r;
	*out_entry = (struct fuse_entry_out){
		.nodeid = fs_node_number(node),
		.entry_valid = FS_VALIDITY,
		.attr_valid = FS_VALIDITY,
	};
	fs_attr_fill(fs, &st, &out_entry->attr);
	if ((fs->flags & FUSE_SUBMOUNTS) && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) &&
		S_ISDIR(st.stx_mode))
		out_entry->attr.flags |= FUSE_ATTR_SUBMOUNT;
	if (out_node)
		*out_node = node;
	else
		fs_node_put(fs, node);
	return 0;
}

int fs_lookup(struct fs *fs, const struct fs_node *dir, const char *name,
	struct fuse_entry_out *out_entry, struct fs_node **out_node)
{
	int fd = fs_open_name(dir->fd, name);

	return fd < 0 ? fd : fs_entry_of(fs, fd, out_entry, out_node);
}

/* The reply is an entry: of what is there by the request's (first) name. */
static ssize_t reply_entry(struct fs_call *call)
{
	int r = fs_lookup(
		call->fs, call->node, call->name, (struct fuse_entry_out *)call->out, NULL);

	return r < 0 ? r : (ssize_t)sizeof(struct fuse_entry_out);
}

ssize_t fs_op_lookup(struct fs_call *call)
{
	ssize_t r = reply_entry(call);
	struct fuse_entry_out *entry = (struct fuse_entry_out *)call->out;

	/* That there is no such name may be remembered as long as what there is: node 0 says it. */
	if (r == -ENOENT && call->fs->config.private_tree &&
		call->node->mount == call->fs->root_mount) {
		*entry = (struct fuse_entry_out){ .entry_valid = FS_VALIDITY };
		r = sizeof(*entry);
	}
	return r;
}

ssize_t fs_op_symlink(struct fs_call *call)
{
	int r;

	if (call->rest_len == 0 || !memchr(call->rest, '\0', call->rest_len))
		return -EINVAL;
	r = fs_as_caller(call, call->worker->mask);
	if (r < 0)
		return r;
	if (symlinkat(call->rest, call->node->fd, call->name /* path: a checked component */) < 0)
		r = -errno;
	fs_as_self(call);
	return r < 0 ? r : reply_entry(call);
}

ssize_t fs_op_mknod(struct fs_call *call)
{
	const struct fuse_mknod_in *in = call->arg;
	unsigned int major = in->rdev >> 8 & 0xfff;
	unsigned int minor = (in->rdev & 0xff) | (in->rdev >> 12 & 0xfff00);
	dev_t dev = 0;
	int r;

	switch (in->mode & S_IFMT) {
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		/* It would be a device of the host. */
		if (!call->fs->config.devices)
			return -EPERM;
		dev = makedev(major, minor);
		break;
	default:
		return -EINVAL;
	}
	r = fs_as_caller(call, in->umask);
	if (r < 0)
		return r;
	if (mknodat(call->node->fd, call->name /* path: a checked component */, in->mode, dev) < 0)
		r = -errno;
	fs_as_self(call);
	return r < 0 ? r : reply_entry(call);
}

ssize_t fs_op_mkdir(struct fs_call *call)
{
	const struct fuse_mkdir_in *in = call->arg;
	int r = fs_as_caller(call, in->umask);

	if (r < 0)
		return r;
	if (mkdirat(call->node->fd, call->name /* path: a checked component */, in->mode & 07777) <
		0)
		r = -errno;
	fs_as_self(call);
	return r < 0 ? r : reply_entry(call);
}

ssize_t fs_op_unlink(struct fs_call *call)
{
	return unlinkat(call->node->fd, call->name /* path: a checked component */, 0) < 0 ? -errno
											   : 0;
}

ssize_t fs_op_rmdir(struct fs_call *call)
{
	return unlinkat(call->node->fd, call->name /* path: a checked component */, AT_REMOVEDIR) <
			0
		? -errno
		: 0;
}

static ssize_t rename_to(struct fs_call *call, uint64_t dir_number, unsigned int flags)
{
	struct fs_node *dir = fs_node_get(call->fs, dir_number);
	ssize_t r = 0;

	if (!dir)
		return -ESTALE;
	if (renameat2(call->node->fd, call->name, dir->fd, call->name2,
		    flags /* path: checked components */) < 0)
		r = -errno;
	fs_node_put(call->fs, dir);
	return r;
}

ssize_t fs_op_rename(struct fs_call *call)
{
	const struct fuse_rename_in *in = call->arg;

	return rename_to(call, in->newdir, 0);
}

ssize_t fs_op_rename2(struct fs_call *call)
{
	const struct fuse_rename2_in *in = call->arg;

	/* A whiteout is a device node. */
	if (in->flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	return rename_to(call, in->newdir, in->flags);
}

ssize_t fs_op_link(struct fs_call *call)
{
	const struct fuse_link_in *in = call->arg;
	struct fs_node *old = fs_node_get(call->fs, in->oldnodeid);
	struct fs_fd_name name;
	ssize_t r = 0;

	if (!old)
		return -ESTALE;
	name = fs_fd_name(old->fd);
	/* Following the descriptor's link leads to the file itself, also when that is a link. */
	if (linkat(call->fs->proc_fd, name.text, call->node->fd, call->name,
		    AT_SYMLINK_FOLLOW /* path: a descriptor's number and a checked component */) <
		0)
		r = -errno;
	fs_node_put(call->fs, old);
	return r < 0 ? r : reply_entry(call);
}

/* ---- making a file and opening it ---- */

/* The reply to what made the file behind @fd (consumed): its entry and a handle. */
static ssize_t reply_created(struct fs_call *call, int fd)
{
	struct fuse_entry_out *entry = (struct fuse_entry_out *)call->out;
	struct fuse_open_out *open = (struct fuse_open_out *)(entry + 1);
	auto_close int owned = fd;
	struct fs_node *node;
	int path = fs_reopen(call->fs, fd, O_PATH), r;

	if (path < 0)
		return path;
	r = fs_entry_of(call->fs, path, entry, &node);
	if (r < 0)
		return r;
	*open = (struct fuse_open_out){ .open_flags = fs_open_hints(call->fs, node) };
	r = fs_handle_new(call->fs, take_fd(&owned), node, &open->fh);
	if (r < 0)
		fs_node_forget(call->fs, entry->nodeid, 1);
	fs_node_put(call->fs, node);
	return r < 0 ? r : (ssize_t)(sizeof(*entry) + sizeof(*open));
}

/* Somebody else has made the file meanwhile; the guest did not ask for a new one. */
static int open_existing(struct fs_call *call, int flags)
{
	auto_close int path = fs_open_name(call->node->fd, call->name);
	struct statx st;
	int r;

	if (path < 0)
		return path;
	r = fs_stat(path, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.stx_mode)) /* devices and pipes are the guest's own */
		return S_ISLNK(st.stx_mode) ? -ELOOP : -ESTALE;
	return fs_reopen(call->fs, path, flags);
}

ssize_t fs_op_create(struct fs_call *call)
{
	const struct fuse_create_in *in = call->arg;
	int flags = fs_open_flags(call->fs, in->flags), fd = fs_as_caller(call, in->umask);

	if (fd < 0)
		return fd;
	fd = sys_openat2(call->node->fd, call->name /* path: a checked component */,
		(unsigned int)(flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC), in->mode & 07777,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	fs_as_self(call);
	if (fd == -EEXIST && !(in->flags & O_EXCL)) {
		if (in->open_flags & FUSE_OPEN_KILL_SUIDGID)
			fs_drop_fsetid(call);
		fd = open_existing(call, flags);
		fs_regain_fsetid(call);
	}
	return fd < 0 ? fd : reply_created(call, fd);
}

ssize_t fs_op_tmpfile(struct fs_call *call)
{
	const struct fuse_create_in *in = call->arg;
	int flags = fs_open_flags(call->fs, in->flags) & ~O_TRUNC,
	    fd = fs_as_caller(call, in->umask);

	if (fd < 0)
		return fd;
	if ((flags & O_ACCMODE) == O_RDONLY)
		flags |= O_RDWR;
	fd = openat(call->node->fd, ".", flags | O_TMPFILE | O_CLOEXEC | (int)(in->flags & O_EXCL),
		in->mode & 07777);
	if (fd < 0)
		fd = -errno;
	fs_as_self(call);
	return fd < 0 ? fd : reply_created(call, fd);
}
