// SPDX-License-Identifier: Apache-2.0
/*
 * Files of one name below a directory of the container that is held by a descriptor: device nodes,
 * the files that devices are mounted on, the links of /dev.  Runs in the child, inside the
 * container's root.
 *
 * Names are single components; the last one is never followed.  mknod makes without opening, so
 * nothing that the image put there in advance can take effect (CVE-2024-45310, CVE-2026-47766).
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

bool node_is(const struct node *node, const struct stat *st)
{
	/* rdev of a file that is no device is 0, as is that of a pipe: the type decides as well. */
	return (st->st_mode & S_IFMT) == (node->mode & S_IFMT) && st->st_rdev == node->dev;
}

static int node_own(int dirfd, const struct node *node, bool found, struct err *err)
{
	if (node->owned &&
		fchownat(dirfd, node->name /* path: a single name */, node->uid, node->gid,
			AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "chown \"%s\"", node->name);
	if (found &&
		fchmodat(dirfd, node->name /* path: a single name */, node->mode & 07777, 0) < 0)
		return err_sys(err, errno, "chmod \"%s\"", node->name);
	return 0;
}

int node_make(int dirfd, const struct node *node, struct err *err)
{
	struct stat st;
	bool found = false;
	int r;

	if (mknodat(dirfd, node->name /* path: a single name */, node->mode, node->dev) < 0) {
		if (errno != EEXIST)
			return err_sys(err, errno, "mknod \"%s\"", node->name);
		if (fstatat(dirfd, node->name /* path: a single name */, &st, AT_SYMLINK_NOFOLLOW) <
			0)
			return err_sys(err, errno, "stat \"%s\"", node->name);
		if (!node_is(node, &st))
			return err_sys(
				err, EEXIST, "mknod \"%s\" (another file is there)", node->name);
		found = true;
	}
	r = node_own(dirfd, node, found, err);
	return r < 0 ? r : found;
}

int node_target(int dirfd, const char *name, struct stat *out_st, struct err *err)
{
	auto_close int fd = FD_NONE;

	if (mknodat(dirfd, name /* path: a single name */, S_IFREG | 0600, 0) < 0 &&
		errno != EEXIST)
		return err_sys(err, errno, "mknod \"%s\"", name);
	fd = openat(dirfd, name /* path: a single name */, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, out_st) < 0)
		return err_sys(err, errno, "open \"%s\"", name);
	if (S_ISLNK(out_st->st_mode))
		return err_sys(err, ELOOP, "open \"%s\"", name);
	if (S_ISDIR(out_st->st_mode))
		return err_sys(err, EISDIR, "open \"%s\"", name);
	return take_fd(&fd);
}

int node_link(int dirfd, const char *name, const char *target, struct err *err)
{
	if (symlinkat(target, dirfd, name /* path: a single name */) < 0 && errno != EEXIST)
		return err_sys(err, errno, "symlink \"%s\"", name);
	return 0;
}

/* A node of the multiplexer itself looks for "pts" beside it, as the link does. */
static bool is_ptmx(int dirfd)
{
	char text[16];
	struct stat st;
	ssize_t len = readlinkat(dirfd, "ptmx", text, sizeof(text) - 1);

	if (len >= 0) {
		text[len] = '\0';
		return strcmp(text, "pts/ptmx") == 0 || strcmp(text, "/dev/pts/ptmx") == 0;
	}
	return fstatat(dirfd, "ptmx", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
		st.st_rdev == makedev(5, 2);
}

int node_link_ptmx(int dirfd, struct err *err)
{
	if (symlinkat("pts/ptmx", dirfd, "ptmx") == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(err, errno, "symlink \"ptmx\"");
	if (is_ptmx(dirfd))
		return 0;
	if (unlinkat(dirfd, "ptmx", 0) < 0)
		return err_sys(err, errno, "unlink \"ptmx\"");
	if (symlinkat("pts/ptmx", dirfd, "ptmx") < 0)
		return err_sys(err, errno, "symlink \"ptmx\"");
	return 0;
}
