// SPDX-License-Identifier: Apache-2.0
/*
 * Reading directories (see kvm/fs.h).
 *
 * The positions that the guest gets are those of the host's file system, so they are as stable as
 * natively, and nothing is kept between two requests: each begins by going to its position.
 */
#include "kvm/fs-internal.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* As getdents64(2) writes it. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Fills @room bytes at @out with the entry: the bytes used, 0 when there is no room. */
static size_t put_entry(
	struct fs_call *call, const struct entry *e, bool plus, char *out, size_t room)
{
	size_t name_len = strlen(e->name);
	size_t head = plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET;
	size_t size = FUSE_DIRENT_ALIGN(head + name_len);
	struct fuse_direntplus *p = (struct fuse_direntplus *)out;
	struct fuse_dirent *d = plus ? &p->dirent : (struct fuse_dirent *)out;

	if (size > room)
		return 0;
	memset(out, 0, size);
	/* One that cannot be looked up (gone since, too many nodes) is named without a node. */
	if (plus && !is_dots(e->name) &&
		fs_lookup(call->fs, call->node, e->name, &p->entry_out, NULL) < 0)
		memset(&p->entry_out, 0, sizeof(p->entry_out));
	d->ino = plus && p->entry_out.nodeid ? p->entry_out.attr.ino : e->ino;
	d->off = (uint64_t)e->off;
	d->namelen = (uint32_t)name_len;
	d->type = e->type;
	memcpy(d->name, e->name, name_len);
	return size;
}

/* With the handle's lock held. */
static ssize_t read_entries(
	struct fs_call *call, int fd, const struct fuse_read_in *in, bool plus, size_t room)
{
	struct fs_worker *w = call->worker;
	/* An entry of the reply is at least as long as one of the directory, with attributes about
	 * five times: what is read and not used would be read again. */
	size_t want = plus ? room / 4 : room;
	size_t used = 0;

	if (want > sizeof(w->entries))
		want = sizeof(w->entries);
	if (want < 1024) /* room for the longest name */
		want = 1024;
	if (lseek(fd, (off_t)in->offset, SEEK_SET) < 0)
		return -errno;
	for (;;) {
		ssize_t got = getdents64(fd, w->entries, want);

		if (got < 0)
			return used > 0 ? (ssize_t)used : -errno;
		if (got == 0)
			return (ssize_t)used;
		for (ssize_t at = 0; at < got;) {
			const struct entry *e = (const struct entry *)(w->entries + at);
			size_t size = put_entry(call, e, plus, call->out + used, room - used);

			if (size == 0)
				return used > 0 ? (ssize_t)used : -EINVAL;
			used += size;
			at += e->reclen;
		}
		if (plus || room - used < 512)
			return (ssize_t)used;
	}
}

static ssize_t readdir_reply(struct fs_call *call, bool plus)
{
	const struct fuse_read_in *in = call->arg;
	struct fs_handle *handle = fs_handle_get(call->fs, in->fh, call->head.nodeid);
	uint64_t room = call->out_len - sizeof(struct fuse_out_header);
	ssize_t r = -ENOTDIR;

	if (!handle)
		return -EBADF;
	room = room < in->size ? room : in->size;
	room = room < FS_REPLY_MAX ? room : FS_REPLY_MAX;
	if (handle->type == S_IFDIR) {
		pthread_mutex_lock(&handle->lock);
		r = read_entries(call, handle->fd, in, plus, (size_t)room);
		pthread_mutex_unlock(&handle->lock);
	}
	fs_handle_put(call->fs, handle);
	return r;
}

ssize_t fs_op_readdir(struct fs_call *call)
{
	return readdir_reply(call, false);
}

ssize_t fs_op_readdirplus(struct fs_call *call)
{
	return readdir_reply(call, true);
}
