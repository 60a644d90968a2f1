// SPDX-License-Identifier: Apache-2.0
/* What a file is, as the guest is told (see kvm/fs.h). */
#include "kvm/fs-internal.h"

#include <errno.h>
#include <fcntl.h>

/* The guest's inode numbers: those of other file systems than the tree's own get a mark above. */
#define INO_BITS 48

int fs_stat(int fd, struct statx *out_stat)
{
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_AS_STAT,
		    STATX_BASIC_STATS | STATX_MNT_ID, out_stat) < 0)
		return -errno;
	return 0;
}

/* A place of its own for each file system; the tree's is the first. */
static uint32_t dev_index(struct fs *fs, uint32_t major, uint32_t minor)
{
	uint32_t i, count = __atomic_load_n(&fs->dev_count, __ATOMIC_ACQUIRE);

	for (i = 0; i < count; i++)
		if (fs->devs[i].major == major && fs->devs[i].minor == minor)
			return i;
	pthread_mutex_lock(&fs->dev_lock);
	for (; i < fs->dev_count; i++)
		if (fs->devs[i].major == major && fs->devs[i].minor == minor)
			break;
	if (i == fs->dev_count && i < FS_DEVS_MAX) {
		fs->devs[i] = (struct fs_dev){ major, minor };
		__atomic_store_n(&fs->dev_count, i + 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&fs->dev_lock);
	return i; /* FS_DEVS_MAX for all that came too late */
}

uint64_t fs_ino(struct fs *fs, const struct statx *st)
{
	uint64_t index = dev_index(fs, st->stx_dev_major, st->stx_dev_minor), ino = st->stx_ino;

	if (index == 0)
		return ino;
	/* A long number of another file system loses its upper half: equal ones are unlikely. */
	ino ^= ino >> INO_BITS << (INO_BITS / 2);
	return (ino & ((1ull << INO_BITS) - 1)) | index << INO_BITS;
}

/* The kernel's encoding of device numbers (new_encode_dev). */
static uint32_t encode_dev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

void fs_attr_fill(struct fs *fs, const struct statx *st, struct fuse_attr *out_attr)
{
	*out_attr = (struct fuse_attr){
		.ino = fs_ino(fs, st),
		.size = st->stx_size,
		.blocks = st->stx_blocks,
		.atime = (uint64_t)st->stx_atime.tv_sec,
		.mtime = (uint64_t)st->stx_mtime.tv_sec,
		.ctime = (uint64_t)st->stx_ctime.tv_sec,
		.atimensec = st->stx_atime.tv_nsec,
		.mtimensec = st->stx_mtime.tv_nsec,
		.ctimensec = st->stx_ctime.tv_nsec,
		.mode = st->stx_mode,
		.nlink = st->stx_nlink,
		.uid = st->stx_uid,
		.gid = st->stx_gid,
		.rdev = encode_dev(st->stx_rdev_major, st->stx_rdev_minor),
		.blksize = st->stx_blksize,
	};
}
