// SPDX-License-Identifier: Apache-2.0
/* The file server's files: requests as a guest's kernel makes them, and as it never would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "tests/unit/fs_tree.h"

static void files_are_written_and_read(void **state)
{
	struct fuse_release_in release = { 0 };
	uint64_t node, handle;
	struct stat st;

	(void)state;
	assert_int_equal(fuse_create_file(c, 1, "new", O_RDWR | O_EXCL, 0666, &node, &handle), 0);
	assert_int_equal(stat(path("tree/new"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644); /* 022 was the mask */
	assert_int_equal(fuse_write_file(c, node, handle, 3, "hello", 5, 0), 0);
	assert_int_equal(FUSE_BODY(c, struct fuse_write_out)->size, 5);
	assert_int_equal(fuse_read_file(c, node, handle, 0, 100), 0);
	assert_int_equal(fuse_body_len(c), 8);
	assert_memory_equal(FUSE_BODY(c, char), "\0\0\0hello", 8);
	assert_int_equal(fuse_read_file(c, node, handle, 8, 100), 0);
	assert_int_equal(fuse_body_len(c), 0);
	assert_int_equal(fuse_read_file(c, node, handle, UINT64_MAX, 100), -EINVAL);
	/* It says more than it brings. */
	{
		struct fuse_write_in in = { .fh = handle, .size = 100 };

		assert_int_equal(fuse_call(c, FUSE_WRITE, node, &in, sizeof(in), "abc", 3, NULL, 0),
			-EINVAL);
		in.size = UINT32_MAX;
		assert_int_equal(fuse_call(c, FUSE_WRITE, node, &in, sizeof(in), "abc", 3, NULL, 0),
			-EINVAL);
	}
	/* Again: it exists. */
	assert_int_equal(
		fuse_create_file(c, 1, "new", O_RDWR | O_EXCL, 0666, &node, &handle), -EEXIST);
	assert_int_equal(fuse_create_file(c, 1, "new", O_RDWR, 0666, &node, &handle), 0);
	/* Removed while open. */
	assert_int_equal(fuse_call(c, FUSE_UNLINK, 1, "new", 4, NULL, 0, NULL, 0), 0);
	assert_int_equal(fuse_read_file(c, node, handle, 3, 5), 0);
	assert_memory_equal(FUSE_BODY(c, char), "hello", 5);
	release.fh = handle;
	assert_int_equal(FUSE_CALL(c, FUSE_RELEASE, node, &release), 0);
	assert_int_equal(FUSE_CALL(c, FUSE_RELEASE, node, &release), -EBADF);
	assert_int_equal(fuse_read_file(c, node, handle, 3, 5), -EBADF);
}

static void large_reads_and_writes(void **state)
{
	size_t len = 1 << 20;
	char *data = malloc(len);
	uint64_t node, handle;

	(void)state;
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 7 + i / 4096);
	assert_int_equal(fuse_create_file(c, 1, "big", O_RDWR, 0600, &node, &handle), 0);
	assert_int_equal(fuse_write_file(c, node, handle, 0, data, len, 0), 0);
	assert_int_equal(FUSE_BODY(c, struct fuse_write_out)->size, len);
	assert_int_equal(fuse_read_file(c, node, handle, 0, (uint32_t)len), 0);
	assert_int_equal(fuse_body_len(c), len);
	assert_memory_equal(FUSE_BODY(c, char), data, len);
	/* More than it ever wants in one go is cut. */
	assert_int_equal(fuse_read_file(c, node, handle, 0, UINT32_MAX), 0);
	assert_int_equal(fuse_body_len(c), len);
	free(data);
}

static void only_files_are_opened(void **state)
{
	struct fuse_open_in in = { .flags = O_RDWR };
	uint64_t fifo, node, handle;

	(void)state;
	assert_int_equal(mkfifo(path("tree/fifo"), 0666), 0);
	assert_int_equal(fuse_lookup(c, 1, "fifo", &fifo), 0);
	alarm(10); /* opening it would wait */
	assert_int_equal(FUSE_CALL(c, FUSE_OPEN, fifo, &in), -ENXIO);
	assert_int_equal(FUSE_CALL(c, FUSE_OPEN, 1, &in), -EISDIR);
	assert_int_equal(fuse_create_file(c, 1, "fifo", O_WRONLY, 0600, &node, &handle), -ESTALE);
	alarm(0);
}

static void devices_are_not_made(void **state)
{
	struct fuse_mknod_in in = { .mode = S_IFCHR | 0666, .rdev = 0x0103 };
	struct stat st;

	(void)state;
	assert_int_equal(FUSE_NAMED(c, FUSE_MKNOD, 1, &in, "null"), -EPERM);
	in.mode = S_IFBLK | 0666;
	assert_int_equal(FUSE_NAMED(c, FUSE_MKNOD, 1, &in, "null"), -EPERM);
	in.mode = S_IFDIR | 0777;
	assert_int_equal(FUSE_NAMED(c, FUSE_MKNOD, 1, &in, "null"), -EINVAL);
	in.mode = S_IFLNK | 0777;
	assert_int_equal(FUSE_NAMED(c, FUSE_MKNOD, 1, &in, "null"), -EINVAL);
	assert_int_equal(lstat(path("tree/null"), &st), -1);
	in.mode = S_IFIFO | 0666;
	in.umask = 027;
	assert_int_equal(FUSE_NAMED(c, FUSE_MKNOD, 1, &in, "pipe"), 0);
	assert_int_equal(lstat(path("tree/pipe"), &st), 0);
	assert_int_equal(st.st_mode, S_IFIFO | 0640);
	in.mode = S_IFSOCK | 0666;
	assert_int_equal(FUSE_NAMED(c, FUSE_MKNOD, 1, &in, "socket"), 0);
}

static void a_read_only_tree_refuses_changes(void **state)
{
	struct fuse_mkdir_in mkdir_in = { .mode = 0755 };
	struct fuse_setattr_in mode = { .valid = FATTR_MODE, .mode = 0777 };
	uint64_t file, node, handle;

	(void)state;
	serve(&(struct fs_config){ .read_only = true });
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	assert_int_equal(fuse_open_file(c, file, O_RDONLY, &handle), 0);
	assert_int_equal(fuse_open_file(c, file, O_RDWR, &node), -EROFS);
	assert_int_equal(fuse_open_file(c, file, O_RDONLY | O_TRUNC, &node), -EROFS);
	assert_int_equal(fuse_write_file(c, file, handle, 0, "x", 1, 0), -EROFS);
	assert_int_equal(FUSE_NAMED(c, FUSE_MKDIR, 1, &mkdir_in, "d"), -EROFS);
	assert_int_equal(FUSE_CALL(c, FUSE_SETATTR, file, &mode), -EROFS);
	assert_int_equal(fuse_create_file(c, 1, "new", O_RDWR, 0600, &node, &handle), -EROFS);
	assert_int_equal(fuse_call(c, FUSE_UNLINK, 1, "file", 5, NULL, 0, NULL, 0), -EROFS);
}

static void attributes_are_set(void **state)
{
	struct fuse_setattr_in in = { .valid = FATTR_MODE | FATTR_SIZE | FATTR_MTIME | FATTR_ATIME,
		.mode = S_IFREG | 0601,
		.size = 4,
		.mtime = 12345,
		.mtimensec = 6789,
		.atime = 99 };
	uint64_t file;
	struct stat st;

	(void)state;
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	assert_int_equal(FUSE_CALL(c, FUSE_SETATTR, file, &in), 0);
	assert_int_equal(FUSE_BODY(c, struct fuse_attr_out)->attr.size, 4);
	assert_int_equal(stat(path("tree/file"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0601);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(st.st_mtim.tv_sec, 12345);
	assert_int_equal(st.st_mtim.tv_nsec, 6789);
	assert_int_equal(st.st_atim.tv_sec, 99);
	in.valid = FATTR_SIZE;
	assert_int_equal(FUSE_CALL(c, FUSE_SETATTR, 1, &in), -EISDIR);
	in.valid = FATTR_SIZE | FATTR_FH;
	in.fh = 77;
	assert_int_equal(FUSE_CALL(c, FUSE_SETATTR, file, &in), -EBADF);
}

static void renames(void **state)
{
	struct fuse_rename2_in in = { .newdir = 1, .flags = RENAME_NOREPLACE };
	uint64_t sub, file, again;

	(void)state;
	assert_int_equal(fuse_lookup(c, 1, "sub", &sub), 0);
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	in.newdir = sub;
	assert_int_equal(
		fuse_call(c, FUSE_RENAME2, 1, &in, sizeof(in), "file", 5, "inner", 6), -EEXIST);
	in.flags = RENAME_EXCHANGE;
	assert_int_equal(fuse_call(c, FUSE_RENAME2, 1, &in, sizeof(in), "file", 5, "inner", 6), 0);
	assert_int_equal(fuse_lookup(c, sub, "inner", &again), 0);
	assert_int_equal(again, file);
	in.flags = RENAME_WHITEOUT;
	assert_int_equal(
		fuse_call(c, FUSE_RENAME2, 1, &in, sizeof(in), "file", 5, "w", 2), -EINVAL);
	in.flags = 0;
	in.newdir = 12345;
	assert_int_equal(
		fuse_call(c, FUSE_RENAME2, 1, &in, sizeof(in), "file", 5, "w", 2), -ESTALE);
}

static void extended_attributes(void **state)
{
	struct {
		struct fuse_setxattr_in in;
		char text[32];
	} set = { { .size = 5 }, "user.k\0value" };
	struct {
		struct fuse_getxattr_in in;
		char name[16];
	} get = { { .size = 100 }, "user.k" };
	struct fuse_getxattr_in list = { .size = 100 };
	uint64_t file;
	char value[16];

	(void)state;
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	if (setxattr(path("tree/file"), "user.probe", "x", 1, 0) < 0)
		return; /* this file system has none (tmpfs before Linux 6.6) */
	removexattr(path("tree/file"), "user.probe");
	assert_int_equal(FUSE_CALL(c, FUSE_SETXATTR, file, &set), 0);
	assert_int_equal(getxattr(path("tree/file"), "user.k", value, sizeof(value)), 5);
	assert_memory_equal(value, "value", 5);
	assert_int_equal(FUSE_CALL(c, FUSE_GETXATTR, file, &get), 0);
	assert_int_equal(fuse_body_len(c), 5);
	get.in.size = 0;
	assert_int_equal(FUSE_CALL(c, FUSE_GETXATTR, file, &get), 0);
	assert_int_equal(FUSE_BODY(c, struct fuse_getxattr_out)->size, 5);
	get.in.size = 3;
	assert_int_equal(FUSE_CALL(c, FUSE_GETXATTR, file, &get), -ERANGE);
	assert_int_equal(FUSE_CALL(c, FUSE_LISTXATTR, file, &list), 0);
	assert_memory_equal(FUSE_BODY(c, char), "user.k", 7);
	set.in.size = 10000; /* more than there is */
	assert_int_equal(FUSE_CALL(c, FUSE_SETXATTR, file, &set), -EINVAL);
	assert_int_equal(fuse_call(c, FUSE_REMOVEXATTR, file, "user.k", 7, NULL, 0, NULL, 0), 0);
	assert_int_equal(
		fuse_call(c, FUSE_REMOVEXATTR, file, "user.k", 7, NULL, 0, NULL, 0), -ENODATA);
	assert_int_equal(fuse_call(c, FUSE_REMOVEXATTR, file, "x", 1, NULL, 0, NULL, 0), -EINVAL);
	/* Of links, too: the link's own. */
	assert_int_equal(fuse_lookup(c, 1, "link", &file), 0);
	assert_int_not_equal(
		fuse_call(c, FUSE_REMOVEXATTR, file, "user.k", 7, NULL, 0, NULL, 0), 0);
}

static void places_and_holes(void **state)
{
	struct fuse_fallocate_in punch = {
		.mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, .offset = 4096, .length = 4096
	};
	struct fuse_copy_file_range_in copy = { .len = 5 };
	struct fuse_lseek_in seek = { .whence = SEEK_END };
	uint64_t node, handle;

	(void)state;
	assert_int_equal(fuse_create_file(c, 1, "holes", O_RDWR, 0600, &node, &handle), 0);
	seek.fh = punch.fh = copy.fh_in = copy.fh_out = handle;
	assert_int_equal(fuse_write_file(c, node, handle, 16384, "x", 1, 0), 0);
	assert_int_equal(FUSE_CALL(c, FUSE_LSEEK, node, &seek), -EINVAL);
	seek.whence = SEEK_DATA;
	assert_int_equal(FUSE_CALL(c, FUSE_LSEEK, node, &seek), 0);
	assert_true(FUSE_BODY(c, struct fuse_lseek_out)->offset <= 16384);
	seek.offset = 1 << 20;
	assert_int_equal(FUSE_CALL(c, FUSE_LSEEK, node, &seek), -ENXIO);
	assert_int_equal(FUSE_CALL(c, FUSE_FALLOCATE, node, &punch), 0);
	copy.off_in = 16384;
	copy.nodeid_out = node;
	copy.off_out = 100;
	assert_int_equal(FUSE_CALL(c, FUSE_COPY_FILE_RANGE, node, &copy), 0);
	assert_int_equal(FUSE_BODY(c, struct fuse_write_out)->size, 1);
	copy.nodeid_out = 1;
	assert_int_equal(FUSE_CALL(c, FUSE_COPY_FILE_RANGE, node, &copy), -EBADF);
}

static void a_temporary_file_gets_a_name(void **state)
{
	struct fuse_create_in in = { .flags = O_RDWR, .mode = S_IFREG | 0640 };
	struct fuse_link_in link_in = { 0 };
	int r = FUSE_CALL(c, FUSE_TMPFILE, 1, &in);
	struct fuse_entry_out entry;
	struct stat st;

	(void)state;
	if (r == -EOPNOTSUPP)
		return; /* this file system has none */
	assert_int_equal(r, 0);
	memcpy(&entry, FUSE_BODY(c, char), sizeof(entry));
	assert_int_equal(entry.attr.nlink, 0);
	link_in.oldnodeid = entry.nodeid;
	assert_int_equal(FUSE_NAMED(c, FUSE_LINK, 1, &link_in, "named"), 0);
	assert_int_equal(stat(path("tree/named"), &st), 0);
	assert_int_equal(st.st_ino, entry.attr.ino);
}

static void locks_of_owners(void **state)
{
	struct fuse_lk_in lock = { .owner = 1, .lk = { .end = INT64_MAX, .type = F_WRLCK } };
	struct fuse_flush_in flush = { .lock_owner = 1 };
	uint64_t file, handle;

	(void)state;
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	assert_int_equal(fuse_open_file(c, file, O_RDWR, &handle), 0);
	flush.fh = lock.fh = handle;
	/* The guest keeps its own. */
	assert_int_equal(FUSE_CALL(c, FUSE_SETLK, file, &lock), -ENOSYS);
	assert_int_equal(FUSE_CALL(c, FUSE_FLUSH, file, &flush), -ENOSYS);
	serve(&(struct fs_config){ .locks = true });
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	assert_int_equal(fuse_open_file(c, file, O_RDWR, &handle), 0);
	flush.fh = lock.fh = handle;
	assert_int_equal(FUSE_CALL(c, FUSE_SETLK, file, &lock), 0);
	lock.owner = 2;
	assert_int_equal(FUSE_CALL(c, FUSE_SETLK, file, &lock), -EAGAIN);
	assert_int_equal(FUSE_CALL(c, FUSE_GETLK, file, &lock), 0);
	assert_int_equal(FUSE_BODY(c, struct fuse_lk_out)->lk.type, F_WRLCK);
	assert_int_equal(FUSE_BODY(c, struct fuse_lk_out)->lk.end, INT64_MAX);
	/* Closing releases. */
	assert_int_equal(FUSE_CALL(c, FUSE_FLUSH, file, &flush), 0);
	assert_int_equal(FUSE_CALL(c, FUSE_SETLK, file, &lock), 0);
	lock.lk.start = UINT64_MAX;
	assert_int_equal(FUSE_CALL(c, FUSE_SETLK, file, &lock), -EINVAL);
	lock.lk = (struct fuse_file_lock){ .type = 77 };
	assert_int_equal(FUSE_CALL(c, FUSE_SETLK, file, &lock), -EINVAL);
	/* The other kind. */
	lock = (struct fuse_lk_in){
		.fh = handle, .lk_flags = FUSE_LK_FLOCK, .lk = { .type = F_WRLCK }
	};
	assert_int_equal(FUSE_CALL(c, FUSE_SETLK, file, &lock), 0);
	{
		int fd = open(path("tree/file"), O_RDWR);

		assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
		lock.lk.type = F_UNLCK;
		assert_int_equal(FUSE_CALL(c, FUSE_SETLK, file, &lock), 0);
		assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(files_are_written_and_read),
		T(large_reads_and_writes),
		T(only_files_are_opened),
		T(devices_are_not_made),
		T(a_read_only_tree_refuses_changes),
		T(attributes_are_set),
		T(renames),
		T(extended_attributes),
		T(places_and_holes),
		T(a_temporary_file_gets_a_name),
		T(locks_of_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
