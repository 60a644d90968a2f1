// SPDX-License-Identifier: Apache-2.0
/* Operations on open files: reading, writing, space, copies (see kvm/fs.h). */
#include "kvm/fs-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"

/* What one COPY_FILE_RANGE copies at most: the guest's process goes on from there. */
#define COPY_MAX (64u << 20)

uint32_t fs_open_hints(const struct fs *fs, const struct fs_node *node)
{
	bool private_node = fs->config.private_tree && node->mount == fs->root_mount;

	/* In a shared tree each open sees what others wrote before. */
	return private_node ? FOPEN_KEEP_CACHE : 0;
}

int fs_open_flags(const struct fs *fs, uint32_t wanted)
{
	/* O_DIRECT passes by the guest's cache; the host's stays between, or it would ask for
	 * buffers aligned to a block size that the guest does not know. */
	int flags = (int)wanted & (O_ACCMODE | O_APPEND | O_TRUNC | O_SYNC | O_DSYNC | O_NOATIME);

	if (fs->flags & FUSE_WRITEBACK_CACHE) {
		/* The guest's kernel fills pages before it writes them, and knows the end. */
		if ((flags & O_ACCMODE) == O_WRONLY)
			flags = (flags & ~O_ACCMODE) | O_RDWR;
		flags &= ~O_APPEND;
	}
	return flags | O_NOCTTY | O_NONBLOCK;
}

static ssize_t reply_open(struct fs_call *call, int fd)
{
	struct fuse_open_out *out = (struct fuse_open_out *)call->out;
	int r;

	if (fd < 0)
		return fd;
	*out = (struct fuse_open_out){ .open_flags = fs_open_hints(call->fs, call->node) };
	r = fs_handle_new(call->fs, fd, call->node, &out->fh);
	return r < 0 ? r : (ssize_t)sizeof(*out);
}

ssize_t fs_op_open(struct fs_call *call)
{
	const struct fuse_open_in *in = call->arg;
	bool changes = (in->flags & O_ACCMODE) != O_RDONLY || (in->flags & O_TRUNC);
	int fd;

	/* Devices, pipes and sockets are the guest's own: opening one here would be the host's. */
	if (call->node->type != S_IFREG)
		return call->node->type == S_IFDIR ? -EISDIR : -ENXIO;
	if (changes && call->fs->config.read_only)
		return -EROFS;
	if (in->open_flags & FUSE_OPEN_KILL_SUIDGID)
		fs_drop_fsetid(call);
	fd = fs_reopen(call->fs, call->node->fd, fs_open_flags(call->fs, in->flags));
	fs_regain_fsetid(call);
	return reply_open(call, fd);
}

ssize_t fs_op_opendir(struct fs_call *call)
{
	int fd;

	if (call->node->type != S_IFDIR)
		return -ENOTDIR;
	fd = openat(call->node->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return reply_open(call, fd < 0 ? -errno : fd);
}

ssize_t fs_op_release(struct fs_call *call)
{
	const struct fuse_release_in *in = call->arg;

	if (call->fs->config.locks)
		fs_owner_release(call->fs, call->head.nodeid, in->lock_owner);
	return fs_handle_release(call->fs, in->fh, call->head.nodeid);
}

ssize_t fs_op_read(struct fs_call *call)
{
	const struct fuse_read_in *in = call->arg;
	struct fs_handle *handle = fs_handle_get(call->fs, in->fh, call->head.nodeid);
	uint32_t size = in->size < FS_IO_MAX ? in->size : FS_IO_MAX;
	ssize_t r;

	if (!handle)
		return -EBADF;
	/* Straight into the guest's memory. */
	r = preadv(handle->fd, call->worker->iov, fs_body_out(call, size), (off_t)in->offset);
	r = r < 0 ? -errno : r;
	fs_handle_put(call->fs, handle);
	call->placed = true;
	return r;
}

ssize_t fs_op_write(struct fs_call *call)
{
	const struct fuse_write_in *in = call->arg;
	struct fuse_write_out *out = (struct fuse_write_out *)call->out;
	struct fs_handle *handle;
	ssize_t r;
	int count;

	if (in->size > FS_IO_MAX)
		return -EINVAL;
	count = fs_body_in(call, 0, in->size);
	if (count < 0)
		return count;
	handle = fs_handle_get(call->fs, in->fh, call->head.nodeid);
	if (!handle)
		return -EBADF;
	if (in->write_flags & FUSE_WRITE_KILL_SUIDGID)
		fs_drop_fsetid(call);
	r = pwritev(handle->fd, call->worker->iov, count, (off_t)in->offset);
	r = r < 0 ? -errno : r;
	fs_regain_fsetid(call);
	fs_handle_put(call->fs, handle);
	if (r < 0)
		return r;
	*out = (struct fuse_write_out){ .size = (uint32_t)r };
	return sizeof(*out);
}

ssize_t fs_op_fsync(struct fs_call *call)
{
	const struct fuse_fsync_in *in = call->arg;
	struct fs_handle *handle = fs_handle_get(call->fs, in->fh, call->head.nodeid);
	ssize_t r = 0;

	if (!handle)
		return -EBADF;
	if ((in->fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(handle->fd) : fsync(handle->fd)) <
		0)
		r = -errno;
	fs_handle_put(call->fs, handle);
	return r;
}

ssize_t fs_op_flush(struct fs_call *call)
{
	const struct fuse_flush_in *in = call->arg;

	/* The guest's kernel then closes without asking; its own cache it writes back by itself. */
	if (!call->fs->config.locks)
		return -ENOSYS;
	fs_owner_release(call->fs, call->head.nodeid, in->lock_owner);
	return 0;
}

/* These two do not say whether privileged bits are to go: they do when another than root asks. */
static void begin_change(struct fs_call *call)
{
	if (call->head.uid != 0)
		fs_drop_fsetid(call);
}

ssize_t fs_op_fallocate(struct fs_call *call)
{
	const struct fuse_fallocate_in *in = call->arg;
	struct fs_handle *handle = fs_handle_get(call->fs, in->fh, call->head.nodeid);
	ssize_t r = 0;

	if (!handle)
		return -EBADF;
	begin_change(call);
	if (fallocate(handle->fd, (int)in->mode, (off_t)in->offset, (off_t)in->length) < 0)
		r = -errno;
	fs_regain_fsetid(call);
	fs_handle_put(call->fs, handle);
	return r;
}

ssize_t fs_op_lseek(struct fs_call *call)
{
	const struct fuse_lseek_in *in = call->arg;
	struct fuse_lseek_out *out = (struct fuse_lseek_out *)call->out;
	struct fs_handle *handle;
	off_t r;

	/* The other places the guest's kernel knows by itself; a directory's position is ours. */
	if (in->whence != SEEK_DATA && in->whence != SEEK_HOLE)
		return -EINVAL;
	handle = fs_handle_get(call->fs, in->fh, call->head.nodeid);
	if (!handle)
		return -EBADF;
	r = handle->type == S_IFREG ? lseek(handle->fd, (off_t)in->offset, (int)in->whence) : -1;
	r = r < 0 ? handle->type == S_IFREG ? -errno : -EINVAL : r;
	fs_handle_put(call->fs, handle);
	if (r < 0)
		return r;
	*out = (struct fuse_lseek_out){ .offset = (uint64_t)r };
	return sizeof(*out);
}

ssize_t fs_op_copy_file_range(struct fs_call *call)
{
	const struct fuse_copy_file_range_in *in = call->arg;
	struct fuse_write_out *out = (struct fuse_write_out *)call->out;
	struct fs_handle *from = fs_handle_get(call->fs, in->fh_in, call->head.nodeid);
	struct fs_handle *to = fs_handle_get(call->fs, in->fh_out, in->nodeid_out);
	off_t at_in = (off_t)in->off_in, at_out = (off_t)in->off_out;
	ssize_t r = -EBADF;

	if (from && to) {
		begin_change(call);
		r = copy_file_range(from->fd, &at_in, to->fd, &at_out,
			in->len < COPY_MAX ? (size_t)in->len : COPY_MAX, 0);
		r = r < 0 ? -errno : r;
		fs_regain_fsetid(call);
	}
	fs_handle_put(call->fs, from);
	fs_handle_put(call->fs, to);
	if (r < 0)
		return r;
	*out = (struct fuse_write_out){ .size = (uint32_t)r };
	return sizeof(*out);
}
