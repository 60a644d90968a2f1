// SPDX-License-Identifier: Apache-2.0
/*
 * Locks that hold on the host too (fs_config.locks; see kvm/fs.h).
 *
 * POSIX locks belong to an owner, which the guest's kernel names; all its owners are one process
 * here.  Each owner of locks on a file is an open file description of its own, with locks of that
 * kind (F_OFD_...), and closing it releases them.  flock(2) locks belong to the guest's open file,
 * which is a descriptor here anyway.
 *
 * Waiting is refused (EAGAIN when the lock is held): the guest's kernel does not tell a virtio-fs
 * server when a process that waits is killed, so it would be there until the lock is free.
 */
#include "kvm/fs-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include "base/mem.h"

/* The owner's description of the node's file, made when @make.  With the lock held. */
static int owner_fd(struct fs_call *call, uint64_t owner, bool make)
{
	struct fs *fs = call->fs;
	struct fs_owner *o;
	int fd;

	for (o = fs->owners; o; o = o->next)
		if (o->owner == owner && o->node == call->head.nodeid)
			return o->fd;
	if (!make)
		return -ENOENT;
	if (fs->owner_count >= FS_OWNERS_MAX)
		return -ENOLCK;
	fd = fs_reopen(fs, call->node->fd, O_RDWR | O_NONBLOCK | O_NOCTTY);
	if (fd == -EROFS || fd == -EACCES || fd == -ETXTBSY)
		fd = fs_reopen(fs, call->node->fd, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	o = calloc(1, sizeof(*o));
	if (!o) {
		fd_close(&fd);
		return -ENOMEM;
	}
	*o = (struct fs_owner){ call->head.nodeid, owner, fd, fs->owners };
	fs->owners = o;
	fs->owner_count++;
	return fd;
}

static void owners_drop(struct fs *fs, bool all, uint64_t node, uint64_t owner)
{
	pthread_mutex_lock(&fs->owner_lock);
	for (struct fs_owner **at = &fs->owners; *at;) {
		struct fs_owner *o = *at;

		if (!all && (o->node != node || o->owner != owner)) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		fs->owner_count--;
		fd_close(&o->fd);
		free(o);
	}
	pthread_mutex_unlock(&fs->owner_lock);
}

void fs_owner_release(struct fs *fs, uint64_t node, uint64_t owner)
{
	owners_drop(fs, false, node, owner);
}

void fs_owners_clear(struct fs *fs)
{
	owners_drop(fs, true, 0, 0);
}

/* The kernel's whole-file range ends at OFFSET_MAX, fcntl's at length 0. */
static int flock_of(const struct fuse_file_lock *lock, struct flock *out)
{
	if (lock->start > INT64_MAX || lock->end < lock->start ||
		(lock->type != F_RDLCK && lock->type != F_WRLCK && lock->type != F_UNLCK))
		return -EINVAL;
	*out = (struct flock){
		.l_type = (short)lock->type, .l_whence = SEEK_SET, .l_start = (off_t)lock->start
	};
	if (lock->end < INT64_MAX)
		out->l_len = (off_t)(lock->end - lock->start + 1);
	return 0;
}

static ssize_t flock_whole(struct fs_call *call, const struct fuse_lk_in *in)
{
	static const int operations[] = {
		[F_RDLCK] = LOCK_SH, [F_WRLCK] = LOCK_EX, [F_UNLCK] = LOCK_UN
	};
	struct fs_handle *handle;
	ssize_t r = 0;

	if (in->lk.type >= ARRAY_SIZE(operations))
		return -EINVAL;
	handle = fs_handle_get(call->fs, in->fh, call->head.nodeid);
	if (!handle)
		return -EBADF;
	if (flock(handle->fd, operations[in->lk.type] | LOCK_NB) < 0)
		r = -errno;
	fs_handle_put(call->fs, handle);
	return r;
}

static ssize_t lock_range(
	struct fs_call *call, const struct fuse_lk_in *in, int command, struct flock *lock)
{
	struct fs *fs = call->fs;
	ssize_t r;
	int fd;

	if (!fs->config.locks)
		return -ENOSYS;
	if (call->node->type != S_IFREG)
		return -EINVAL;
	r = flock_of(&in->lk, lock);
	if (r < 0)
		return r;
	/* Also keeps the description from being closed by a release meanwhile. */
	pthread_mutex_lock(&fs->owner_lock);
	fd = owner_fd(call, in->owner, lock->l_type != F_UNLCK);
	if (fd >= 0)
		r = fcntl(fd, command, lock) < 0 ? -errno : 0;
	else /* who has no locks has nothing to release */
		r = fd == -ENOENT ? 0 : fd;
	pthread_mutex_unlock(&fs->owner_lock);
	return r;
}

ssize_t fs_op_setlk(struct fs_call *call)
{
	const struct fuse_lk_in *in = call->arg;
	struct flock lock;

	if (call->fs->config.locks && (in->lk_flags & FUSE_LK_FLOCK))
		return flock_whole(call, in);
	return lock_range(call, in, F_OFD_SETLK, &lock);
}

ssize_t fs_op_getlk(struct fs_call *call)
{
	const struct fuse_lk_in *in = call->arg;
	struct fuse_lk_out *out = (struct fuse_lk_out *)call->out;
	struct flock lock;
	ssize_t r = in->lk.type == F_UNLCK ? -EINVAL : lock_range(call, in, F_OFD_GETLK, &lock);

	if (r < 0)
		return r;
	*out = (struct fuse_lk_out){ .lk = { .type = (uint32_t)lock.l_type } };
	if (lock.l_type != F_UNLCK) {
		out->lk.start = (uint64_t)lock.l_start;
		out->lk.end = lock.l_len ? (uint64_t)(lock.l_start + lock.l_len - 1) : INT64_MAX;
	}
	return sizeof(*out);
}
