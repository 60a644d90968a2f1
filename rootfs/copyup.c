// SPDX-License-Identifier: Apache-2.0
/*
 * tmpcopyup: a tmpfs begins with a copy of the directory that it covers.  Runs in the child.
 *
 * The source is what an image says, so every entry is opened below its directory's descriptor,
 * never followed, and looked at again once it is open; depth is bounded, size by the tmpfs itself.
 * Modes, owners, times, links and extended attributes are kept; files that were one by hard links
 * become separate.  No heap: entries are read into a buffer on the stack, one for each level.
 */
#include "rootfs/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEPTH_MAX 64
#define CHUNK (1u << 30)

static int copy_dir(int from, int to, unsigned int depth, struct err *err);

/* Attributes that tmpfs does not know, or that we may not set, are left out. */
static int copy_xattrs(int from, int to, const char *name, struct err *err)
{
	char names[4096], value[4096];
	ssize_t len = flistxattr(from, names, sizeof(names));

	if (len < 0)
		return errno == ENOTSUP ? 0 : err_sys(err, errno, "listxattr \"%s\"", name);
	for (const char *key = names; key < names + len; key += strlen(key) + 1) {
		ssize_t size = fgetxattr(from, key, value, sizeof(value));

		if (size < 0)
			return err_sys(err, errno, "getxattr \"%s\" of \"%s\"", key, name);
		if (fsetxattr(to, key, value, (size_t)size, 0) < 0 && errno != ENOTSUP &&
			errno != EPERM)
			return err_sys(err, errno, "setxattr \"%s\" of \"%s\"", key, name);
	}
	return 0;
}

/* Last of all for an object: what is written later would change the times. */
static int copy_times(int to, const char *name, const struct stat *st, struct err *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (utimensat(to, name /* path: an entry's name */, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "utimens \"%s\"", name);
	return 0;
}

/* Owner first: it takes set-id bits and file capabilities away. */
static int copy_owner(int to, const char *name, const struct stat *st, struct err *err)
{
	if (fchownat(to, name /* path: an entry's name */, st->st_uid, st->st_gid,
		    AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "chown \"%s\"", name);
	return 0;
}

static int copy_meta(
	int from, int to, int to_dir, const char *name, const struct stat *st, struct err *err)
{
	int r = copy_owner(to_dir, name, st, err);

	if (r == 0 && fchmod(to, st->st_mode & 07777) < 0)
		r = err_sys(err, errno, "chmod \"%s\"", name);
	if (r == 0)
		r = copy_xattrs(from, to, name, err);
	return r < 0 ? r : copy_times(to_dir, name, st, err);
}

static int copy_data(int from, int to, const char *name, struct err *err)
{
	ssize_t n;

	do {
		n = sendfile(to, from, NULL, CHUNK);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? err_sys(err, errno, "copy \"%s\"", name) : 0;
}

static int copy_file(int from_dir, int to_dir, const char *name, struct err *err)
{
	/* O_NONBLOCK: it may have become a FIFO since it was looked at. */
	auto_close int from = openat(from_dir, name /* path: an entry's name */,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	auto_close int to = FD_NONE;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(err, errno, "open \"%s\"", name);
	if (!S_ISREG(st.st_mode))
		return err_sys(err, EAGAIN, "open \"%s\" (it was exchanged meanwhile)", name);
	to = openat(to_dir, name /* path: an entry's name */,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(err, errno, "create \"%s\"", name);
	r = copy_data(from, to, name, err);
	return r < 0 ? r : copy_meta(from, to, to_dir, name, &st, err);
}

static int copy_subdir(
	int from_dir, int to_dir, const char *name, unsigned int depth, struct err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	auto_close int from = openat(from_dir, name /* path: an entry's name */, flags);
	auto_close int to = FD_NONE;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(err, errno, "open \"%s\"", name);
	if (mkdirat(to_dir, name /* path: an entry's name */, 0700) < 0)
		return err_sys(err, errno, "mkdir \"%s\"", name);
	to = openat(to_dir, name /* path: an entry's name */, flags);
	if (to < 0)
		return err_sys(err, errno, "open \"%s\"", name);
	r = copy_dir(from, to, depth, err);
	return r < 0 ? err_in(err, "%s", name) : copy_meta(from, to, to_dir, name, &st, err);
}

static int copy_link(
	int from_dir, int to_dir, const char *name, const struct stat *st, struct err *err)
{
	char text[PATH_MAX];
	ssize_t len =
		readlinkat(from_dir, name /* path: an entry's name */, text, sizeof(text) - 1);
	int r;

	if (len < 0)
		return err_sys(err, errno, "readlink \"%s\"", name);
	text[len] = '\0';
	if (symlinkat(text, to_dir, name /* path: an entry's name */) < 0)
		return err_sys(err, errno, "symlink \"%s\"", name);
	r = copy_owner(to_dir, name, st, err);
	return r < 0 ? r : copy_times(to_dir, name, st, err);
}

/* Devices, FIFOs and sockets: made again, not opened. */
static int copy_node(int to_dir, const char *name, const struct stat *st, struct err *err)
{
	int r;

	if (mknodat(to_dir, name /* path: an entry's name */, st->st_mode, st->st_rdev) < 0)
		return err_sys(err, errno, "mknod \"%s\"", name);
	r = copy_owner(to_dir, name, st, err);
	if (r == 0 &&
		fchmodat(to_dir, name /* path: an entry's name */, st->st_mode & 07777, 0) < 0)
		r = err_sys(err, errno, "chmod \"%s\"", name);
	return r < 0 ? r : copy_times(to_dir, name, st, err);
}

static int copy_entry(int from, int to, const char *name, unsigned int depth, struct err *err)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(from, name /* path: an entry's name */, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "stat \"%s\"", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from, to, name, err);
	case S_IFDIR:
		return copy_subdir(from, to, name, depth, err);
	case S_IFLNK:
		return copy_link(from, to, name, &st, err);
	default:
		return copy_node(to, name, &st, err);
	}
}

static int copy_dir(int from, int to, unsigned int depth, struct err *err)
{
	_Alignas(struct dirent64) char buffer[4096];

	if (depth >= DEPTH_MAX)
		return err_sys(err, ELOOP, "copy (more than %d levels)", DEPTH_MAX);
	for (;;) {
		ssize_t len = getdents64(from, buffer, sizeof(buffer));

		if (len < 0)
			return err_sys(err, errno, "read the directory");
		if (len == 0)
			return 0;
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *entry = (const void *)(buffer + at);
			int r = copy_entry(from, to, entry->d_name, depth + 1, err);

			if (r < 0)
				return r;
			at += entry->d_reclen;
		}
	}
}

int copyup(int from, int to, struct err *err)
{
	struct stat st;
	int r;

	if (fstat(from, &st) < 0)
		return err_sys(err, errno, "stat the directory to copy");
	r = copy_dir(from, to, 0, err);
	if (r == 0 && fchownat(to, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0)
		r = err_sys(err, errno, "chown the tmpfs");
	return r;
}
