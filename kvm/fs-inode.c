// SPDX-License-Identifier: Apache-2.0
/* Operations on what a file is: attributes, links' texts, extended attributes, its file system (see
 * kvm/fs.h). */
#include "kvm/fs-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mem.h"

/* FUSE_SETXATTR_ACL_KILL_SGID comes in this longer structure. */
#define SETXATTR_MORE (sizeof(struct fuse_setxattr_in) - FUSE_COMPAT_SETXATTR_IN_SIZE)

static ssize_t reply_attr(struct fs_call *call)
{
	struct fuse_attr_out *out = (struct fuse_attr_out *)call->out;
	struct statx st;
	int r = fs_stat(call->node->fd, &st);

	if (r < 0)
		return r;
	*out = (struct fuse_attr_out){ .attr_valid = FS_VALIDITY };
	fs_attr_fill(call->fs, &st, &out->attr);
	return sizeof(*out);
}

ssize_t fs_op_getattr(struct fs_call *call)
{
	return reply_attr(call);
}

/* ---- SETATTR ---- */

static int set_size(struct fs_call *call, const struct fuse_setattr_in *in)
{
	struct fs_handle *handle = NULL;
	auto_close int fd = FD_NONE;
	int r = 0;

	if (call->node->type != S_IFREG)
		return call->node->type == S_IFDIR ? -EISDIR : -EINVAL;
	if (in->valid & FATTR_FH) {
		handle = fs_handle_get(call->fs, in->fh, call->head.nodeid);
		if (!handle)
			return -EBADF;
	} else {
		fd = fs_reopen(call->fs, call->node->fd, O_WRONLY | O_NONBLOCK | O_NOCTTY);
		if (fd < 0)
			return fd;
	}
	if (in->valid & FATTR_KILL_SUIDGID)
		fs_drop_fsetid(call);
	if (ftruncate(handle ? handle->fd : fd, (off_t)in->size) < 0)
		r = -errno;
	fs_regain_fsetid(call);
	fs_handle_put(call->fs, handle);
	return r;
}

static struct timespec time_of(
	uint32_t valid, uint32_t set, uint32_t now, uint64_t sec, uint32_t nsec)
{
	if (valid & now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	if (valid & set)
		return (struct timespec){ .tv_sec = (time_t)sec, .tv_nsec = nsec };
	return (struct timespec){ .tv_nsec = UTIME_OMIT };
}

static int set_times(struct fs_call *call, const struct fuse_setattr_in *in)
{
	struct timespec times[2] = {
		time_of(in->valid, FATTR_ATIME, FATTR_ATIME_NOW, in->atime, in->atimensec),
		time_of(in->valid, FATTR_MTIME, FATTR_MTIME_NOW, in->mtime, in->mtimensec),
	};

	return utimensat(call->node->fd, "", times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int set_owner(struct fs_call *call, const struct fuse_setattr_in *in)
{
	uid_t uid = in->valid & FATTR_UID ? in->uid : (uid_t)-1;
	gid_t gid = in->valid & FATTR_GID ? in->gid : (gid_t)-1;

	return fchownat(call->node->fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int set_mode(struct fs_call *call, const struct fuse_setattr_in *in)
{
	struct fs_fd_name name = fs_fd_name(call->node->fd);

	if (call->node->type == S_IFLNK)
		return -EOPNOTSUPP;
	return fchmodat(call->fs->proc_fd, name.text /* path: a descriptor's number */,
		       in->mode & 07777, 0) < 0
		? -errno
		: 0;
}

static const struct {
	uint32_t valid;
	int (*set)(struct fs_call *call, const struct fuse_setattr_in *in);
} setters[] = {
	/* The owner first: changing it takes set-user-id bits away that the mode may set. */
	{ FATTR_UID | FATTR_GID, set_owner },
	{ FATTR_MODE, set_mode },
	{ FATTR_SIZE, set_size },
	{ FATTR_ATIME | FATTR_MTIME | FATTR_ATIME_NOW | FATTR_MTIME_NOW, set_times },
};

ssize_t fs_op_setattr(struct fs_call *call)
{
	const struct fuse_setattr_in *in = call->arg;

	for (size_t i = 0; i < ARRAY_SIZE(setters); i++) {
		int r = in->valid & setters[i].valid ? setters[i].set(call, in) : 0;

		if (r < 0)
			return r;
	}
	return reply_attr(call);
}

/* ---- links and file systems ---- */

ssize_t fs_op_readlink(struct fs_call *call)
{
	ssize_t len;

	if (call->node->type != S_IFLNK) /* of others readlinkat() says that there is no file */
		return -EINVAL;
	len = readlinkat(call->node->fd, "", call->out, FS_REPLY_MAX);
	return len < 0 ? -errno : len;
}

ssize_t fs_op_statfs(struct fs_call *call)
{
	struct fuse_statfs_out *out = (struct fuse_statfs_out *)call->out;
	struct statfs st;

	if (fstatfs(call->node->fd, &st) < 0)
		return -errno;
	*out = (struct fuse_statfs_out){ .st = {
						 .blocks = st.f_blocks,
						 .bfree = st.f_bfree,
						 .bavail = st.f_bavail,
						 .files = st.f_files,
						 .ffree = st.f_ffree,
						 .bsize = (uint32_t)st.f_bsize,
						 .namelen = (uint32_t)st.f_namelen,
						 .frsize = (uint32_t)st.f_frsize,
					 } };
	return sizeof(*out);
}

ssize_t fs_op_syncfs(struct fs_call *call)
{
	auto_close int fd = FD_NONE;

	if (call->node->type != S_IFDIR)
		return -EINVAL;
	fd = openat(call->node->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

/* ---- extended attributes ---- */

/*
 * These calls take no O_PATH descriptor; through its name in /proc/self/fd, the thread's working
 * directory, they reach any kind of file, links too.
 */

/* Takes a name and its NUL off the rest. */
static const char *take_attribute(struct fs_call *call)
{
	const char *name = call->rest, *end = memchr(name, '\0', call->rest_len);

	if (!end || end == name || end - name > XATTR_NAME_MAX)
		return NULL;
	call->rest_len -= (size_t)(end + 1 - name);
	call->rest = end + 1;
	return name;
}

ssize_t fs_op_setxattr(struct fs_call *call)
{
	const struct fuse_setxattr_in *in = call->arg; /* its first part */
	struct fs_fd_name path = fs_fd_name(call->node->fd);
	uint32_t more[2] = { 0, 0 };
	const char *name;
	ssize_t r = 0;

	if (call->fs->flags & FUSE_SETXATTR_EXT) {
		if (call->rest_len < SETXATTR_MORE)
			return -EINVAL;
		memcpy(more, call->rest, sizeof(more));
		call->rest += SETXATTR_MORE;
		call->rest_len -= SETXATTR_MORE;
	}
	name = take_attribute(call);
	if (!name || in->size > call->rest_len)
		return -EINVAL;
	if (more[0] & FUSE_SETXATTR_ACL_KILL_SGID)
		fs_drop_fsetid(call);
	if (setxattr(path.text /* path: a descriptor's number */, name, call->rest, in->size,
		    (int)in->flags) < 0)
		r = -errno;
	fs_regain_fsetid(call);
	return r;
}

/* The reply is @len bytes, or how long they would be when the guest only asks for that. */
static ssize_t reply_sized(struct fs_call *call, const struct fuse_getxattr_in *in, ssize_t len)
{
	struct fuse_getxattr_out *out = (struct fuse_getxattr_out *)call->out;

	if (len < 0)
		return -errno;
	if (in->size > 0)
		return (size_t)len > in->size ? -ERANGE : len;
	*out = (struct fuse_getxattr_out){ .size = (uint32_t)len };
	return sizeof(*out);
}

static size_t reply_room(const struct fuse_getxattr_in *in)
{
	return in->size < FS_REPLY_MAX ? in->size : FS_REPLY_MAX;
}

ssize_t fs_op_getxattr(struct fs_call *call)
{
	const struct fuse_getxattr_in *in = call->arg;
	struct fs_fd_name path = fs_fd_name(call->node->fd);
	const char *name = take_attribute(call);

	if (!name)
		return -EINVAL;
	return reply_sized(call, in,
		getxattr(path.text /* path: a descriptor's number */, name, call->out,
			reply_room(in)));
}

ssize_t fs_op_listxattr(struct fs_call *call)
{
	const struct fuse_getxattr_in *in = call->arg;
	struct fs_fd_name path = fs_fd_name(call->node->fd);

	return reply_sized(call, in,
		listxattr(path.text /* path: a descriptor's number */, call->out, reply_room(in)));
}

ssize_t fs_op_removexattr(struct fs_call *call)
{
	struct fs_fd_name path = fs_fd_name(call->node->fd);
	const char *name = take_attribute(call);

	if (!name)
		return -EINVAL;
	return removexattr(path.text /* path: a descriptor's number */, name) < 0 ? -errno : 0;
}
