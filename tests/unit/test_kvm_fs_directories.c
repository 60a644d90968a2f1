// SPDX-License-Identifier: Apache-2.0
/*
 * The file server's directories, and what it does as root: requests as a guest's kernel makes them,
 * and as it never would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/unit/fs_tree.h"

/* ---- directories ---- */

static unsigned int read_all(bool plus, uint32_t size, char *seen, unsigned int count)
{
	struct fuse_open_in open_in = { 0 };
	struct fuse_read_in in = { .size = size };
	struct fuse_release_in release = { 0 };
	unsigned int found = 0;
	uint64_t sub;

	assert_int_equal(fuse_lookup(c, 1, "many", &sub), 0);
	assert_int_equal(FUSE_CALL(c, FUSE_OPENDIR, sub, &open_in), 0);
	release.fh = in.fh = FUSE_BODY(c, struct fuse_open_out)->fh;
	for (;;) {
		uint32_t op = plus ? FUSE_READDIRPLUS : FUSE_READDIR;
		size_t at = 0;

		assert_int_equal(FUSE_CALL(c, op, sub, &in), 0);
		if (fuse_body_len(c) == 0)
			break;
		assert_true(fuse_body_len(c) <= size);
		while (at < fuse_body_len(c)) {
			struct fuse_direntplus *p = (void *)(FUSE_BODY(c, char) + at);
			struct fuse_dirent *d = plus ? &p->dirent : (void *)p;
			unsigned int n;
			char name[32];

			snprintf(name, sizeof(name), "%.*s", (int)d->namelen, d->name);
			if (name[0] != '.') {
				assert_int_equal(sscanf(name, "entry-%u", &n), 1);
				assert_true(n < count);
				seen[n]++;
				found++;
				if (plus) {
					assert_int_not_equal(p->entry_out.nodeid, 0);
					assert_int_equal(p->entry_out.attr.ino, d->ino);
				}
			} else if (plus) {
				assert_int_equal(p->entry_out.nodeid, 0);
			}
			in.offset = d->off;
			at += plus ? FUSE_DIRENTPLUS_SIZE(p) : FUSE_DIRENT_SIZE(d);
		}
		assert_int_equal(at, fuse_body_len(c));
	}
	assert_int_equal(FUSE_CALL(c, FUSE_RELEASEDIR, sub, &release), 0);
	return found;
}

static void large_directories(void **state)
{
	enum { COUNT = 2000 };
	char *seen = calloc(COUNT, 1);
	int fd;

	(void)state;
	assert_int_equal(mkdir(path("tree/many"), 0755), 0);
	fd = open(path("tree/many"), O_RDONLY | O_DIRECTORY);
	for (unsigned int i = 0; i < COUNT; i++) {
		char name[32];

		snprintf(name, sizeof(name), "entry-%u", i);
		close(openat(fd, name, O_CREAT | O_WRONLY, 0600));
	}
	close(fd);
	assert_int_equal(read_all(false, 4096, seen, COUNT), COUNT);
	assert_int_equal(read_all(false, 65536, seen, COUNT), COUNT);
	assert_int_equal(read_all(true, 4096, seen, COUNT), COUNT);
	assert_int_equal(read_all(true, 65536, seen, COUNT), COUNT);
	for (unsigned int i = 0; i < COUNT; i++)
		assert_int_equal(seen[i], 4);
	free(seen);
}

static void directory_positions(void **state)
{
	struct fuse_open_in open_in = { 0 };
	struct fuse_read_in in = { .size = 4096, .offset = UINT64_MAX };
	int r;

	(void)state;
	assert_int_equal(FUSE_CALL(c, FUSE_OPENDIR, 1, &open_in), 0);
	in.fh = FUSE_BODY(c, struct fuse_open_out)->fh;
	assert_int_equal(FUSE_CALL(c, FUSE_READDIR, 1, &in), -EINVAL);
	in.offset = 0;
	in.size = 10;
	assert_int_equal(FUSE_CALL(c, FUSE_READDIR, 1, &in), -EINVAL);
	in.offset = INT64_MAX;
	in.size = 4096;
	r = FUSE_CALL(c, FUSE_READDIRPLUS, 1, &in);
	assert_true(r == 0 || r == -EINVAL);
}

/* ---- as root: owners, privileged bits, mounts ---- */

static void owners_and_groups(void **state)
{
	struct fuse_mkdir_in in = { .mode = 0755, .umask = 022 };
	uint64_t node, handle;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		return; /* only root can give files away */
	c->uid = 1234;
	c->gid = 2345;
	assert_int_equal(FUSE_NAMED(c, FUSE_MKDIR, 1, &in, "theirs"), 0);
	assert_int_equal(stat(path("tree/theirs"), &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 2345);
	assert_int_equal(fuse_create_file(c, 1, "file2", O_RDWR, 0600, &node, &handle), 0);
	assert_int_equal(stat(path("tree/file2"), &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(fuse_call(c, FUSE_SYMLINK, 1, "l2", 3, "t", 2, NULL, 0), 0);
	assert_int_equal(lstat(path("tree/l2"), &st), 0);
	assert_int_equal(st.st_gid, 2345);
	/* A set-group-id directory's group, as natively. */
	assert_int_equal(chown(path("tree/theirs"), 0, 77), 0);
	assert_int_equal(chmod(path("tree/theirs"), 02777), 0);
	assert_int_equal(fuse_lookup(c, 1, "theirs", &node), 0);
	assert_int_equal(fuse_create_file(c, node, "f", O_RDWR, 02755, &node, &handle), 0);
	assert_int_equal(stat(path("tree/theirs/f"), &st), 0);
	assert_int_equal(st.st_gid, 77);
	assert_int_equal(st.st_mode & 07777, 0755); /* CVE-2022-0358: not of that group */
	/* This thread is itself again. */
	c->uid = c->gid = 0;
	assert_int_equal(fuse_create_file(c, 1, "mine", O_RDWR, 0600, &node, &handle), 0);
	assert_int_equal(stat(path("tree/mine"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 0);
}

static void privileged_bits_go_when_asked(void **state)
{
	struct fuse_setattr_in size = { .valid = FATTR_SIZE | FATTR_KILL_SUIDGID, .size = 2 };
	struct fuse_setattr_in owner = { .valid = FATTR_UID, .uid = 1 };
	struct fuse_fallocate_in space = { .length = 100 };
	struct fuse_open_in open_in = { .flags = O_RDWR | O_TRUNC,
		.open_flags = FUSE_OPEN_KILL_SUIDGID };
	uint64_t file, handle;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		return; /* the kernel takes them away from others in any case */
#define EXPECT_MODE(mode)                                             \
	do {                                                          \
		assert_int_equal(stat(path("tree/file"), &st), 0);    \
		assert_int_equal(st.st_mode & 07777, mode);           \
		assert_int_equal(chmod(path("tree/file"), 06755), 0); \
	} while (0)
	assert_int_equal(chmod(path("tree/file"), 06755), 0);
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	assert_int_equal(fuse_open_file(c, file, O_RDWR, &handle), 0);
	space.fh = handle;
	/* The guest's process has CAP_FSETID: they stay. */
	assert_int_equal(fuse_write_file(c, file, handle, 0, "x", 1, 0), 0);
	EXPECT_MODE(06755);
	assert_int_equal(fuse_write_file(c, file, handle, 0, "x", 1, FUSE_WRITE_KILL_SUIDGID), 0);
	EXPECT_MODE(0755);
	assert_int_equal(FUSE_CALL(c, FUSE_SETATTR, file, &size), 0);
	EXPECT_MODE(0755);
	assert_int_equal(FUSE_CALL(c, FUSE_OPEN, file, &open_in), 0);
	EXPECT_MODE(0755);
	assert_int_equal(FUSE_CALL(c, FUSE_SETATTR, file, &owner), 0);
	EXPECT_MODE(0755);
	/* Space for another than root takes them away, for root not. */
	assert_int_equal(FUSE_CALL(c, FUSE_FALLOCATE, file, &space), 0);
	EXPECT_MODE(06755);
	c->uid = 1;
	assert_int_equal(FUSE_CALL(c, FUSE_FALLOCATE, file, &space), 0);
	EXPECT_MODE(0755);
	c->uid = 0;
	/* And this thread has it still. */
	assert_int_equal(fuse_write_file(c, file, handle, 0, "x", 1, 0), 0);
	EXPECT_MODE(06755);
}

static void mounts_are_crossed(void **state)
{
	struct fuse_entry_out *entry = FUSE_BODY(c, struct fuse_entry_out);
	struct fuse_mkdir_in in = { .mode = 0755 };
	struct fuse_rename_in rename_in = { .newdir = 1 };
	uint64_t sub, ro, inner, root_ino;
	struct stat st;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("t", path("tree/sub"), "tmpfs", 0, NULL) < 0)
		return; /* only root can mount */
	assert_int_equal(mkdir(path("tree/ro"), 0755), 0);
	assert_int_equal(mount(path("tree/sub"), path("tree/ro"), NULL, MS_BIND, NULL), 0);
	assert_int_equal(
		mount(NULL, path("tree/ro"), NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	write_text("tree/sub/inner", "");
	serve(&(struct fs_config){ .private_tree = true });
	assert_int_equal(fuse_lookup(c, 1, "sub", &sub), 0);
	root_ino = entry->attr.ino;
	assert_int_equal(stat(path("tree/sub"), &st), 0);
	assert_int_not_equal(root_ino, st.st_ino); /* made different from the tree's own */
	assert_int_equal(entry->attr_valid, 1); /* and not private */
	/* The same file by two mounts: two nodes, one inode number; one of them is read-only. */
	assert_int_equal(fuse_lookup(c, 1, "ro", &ro), 0);
	assert_int_not_equal(ro, sub);
	assert_int_equal(entry->attr.ino, root_ino);
	assert_int_equal(FUSE_NAMED(c, FUSE_MKDIR, ro, &in, "d"), -EROFS);
	assert_int_equal(FUSE_NAMED(c, FUSE_MKDIR, sub, &in, "d"), 0);
	assert_int_equal(fuse_lookup(c, sub, "inner", &inner), 0);
	assert_int_equal(
		fuse_call(c, FUSE_RENAME, sub, &rename_in, sizeof(rename_in), "inner", 6, "x", 2),
		-EXDEV);
	assert_int_equal(fuse_call(c, FUSE_RMDIR, 1, "ro", 3, NULL, 0, NULL, 0), -EBUSY);
	fs_reset(c->fs);
	umount2(path("tree/ro"), MNT_DETACH);
	umount2(path("tree/sub"), MNT_DETACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(large_directories),
		T(directory_positions),
		T(owners_and_groups),
		T(privileged_bits_go_when_asked),
		T(mounts_are_crossed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
