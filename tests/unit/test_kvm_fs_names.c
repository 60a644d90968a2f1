// SPDX-License-Identifier: Apache-2.0
/*
 * The file server's connection, names and nodes: requests as a guest's kernel makes them, and as it
 * never would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/unit/fs_tree.h"

static unsigned int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* ---- the connection ---- */

static void init_is_negotiated(void **state)
{
	struct fuse_init_in old = { .major = 7, .minor = 30 }, next = { .major = 8 };
	struct fuse_init_out *out = FUSE_BODY(c, struct fuse_init_out);
	struct fuse_getattr_in getattr = { 0 };

	(void)state;
	assert_int_equal(fuse_init(c, FUSE_ASYNC_READ | FUSE_EXPORT_SUPPORT), 0);
	assert_int_equal(out->major, 7);
	assert_int_equal(out->flags, FUSE_ASYNC_READ | FUSE_INIT_EXT);
	assert_int_equal(out->max_write, 1 << 20);
	assert_int_equal(out->max_pages, 256);
	/* No caches that delay writes where others write too. */
	assert_int_equal(fuse_init(c, ~0ull), 0);
	assert_false(out->flags & FUSE_WRITEBACK_CACHE);
	assert_true(out->flags & FUSE_HANDLE_KILLPRIV_V2);
	serve(&(struct fs_config){ .private_tree = true });
	assert_true(FUSE_BODY(c, struct fuse_init_out)->flags & FUSE_WRITEBACK_CACHE);
	assert_int_equal(FUSE_CALL(c, FUSE_INIT, 0, &old), -EPROTO);
	assert_int_equal(FUSE_CALL(c, FUSE_INIT, 0, &next), 0);
	assert_int_equal(FUSE_BODY(c, struct fuse_init_out)->major, 7);
	/* Nothing works before, or after the end. */
	fs_reset(c->fs);
	assert_int_equal(FUSE_CALL(c, FUSE_GETATTR, 1, &getattr), -EIO);
	assert_int_equal(fuse_init(c, 0), 0);
	assert_int_equal(FUSE_CALL(c, FUSE_GETATTR, 1, &getattr), 0);
	assert_int_equal(fuse_call(c, FUSE_DESTROY, 0, NULL, 0, NULL, 0, NULL, 0), 0);
	assert_int_equal(FUSE_CALL(c, FUSE_GETATTR, 1, &getattr), -EIO);
}

static void unknown_opcodes_are_said_to_be_so(void **state)
{
	(void)state;
	for (uint32_t op = 0; op < 70; op++) {
		int r = fuse_call(c, op, 1, NULL, 0, NULL, 0, NULL, 0);

		assert_int_not_equal(r, -EPROTO);
		if (op == FUSE_IOCTL || op == FUSE_POLL || op == FUSE_BMAP || op == 0 || op == 69 ||
			op == FUSE_ACCESS || op == FUSE_INTERRUPT || op == FUSE_SETUPMAPPING)
			assert_int_equal(r, -ENOSYS);
		if (op == FUSE_DESTROY)
			assert_int_equal(fuse_init(c, ~0ull), 0);
	}
	assert_int_equal(fuse_call(c, 0xffffffff, 1, NULL, 0, NULL, 0, NULL, 0), -ENOSYS);
	assert_int_equal(fuse_call(c, CUSE_INIT, 1, NULL, 0, NULL, 0, NULL, 0), -ENOSYS);
}

static void short_requests_and_replies(void **state)
{
	struct fuse_in_header head = {
		.len = sizeof(head), .opcode = FUSE_STATFS, .unique = 9, .nodeid = 1
	};
	char reply[256];
	struct iovec in = { &head, sizeof(head) }, out = { reply, sizeof(reply) };
	struct fuse_out_header got;

	(void)state;
	in.iov_len = sizeof(head) - 1;
	assert_int_equal(fs_serve(c->worker, &in, 1, &out, 1), 0);
	assert_int_equal(fs_serve(c->worker, NULL, 0, NULL, 0), 0);
	in.iov_len = sizeof(head);
	out.iov_len = sizeof(got) - 1;
	assert_int_equal(fs_serve(c->worker, &in, 1, &out, 1), 0);
	/* Room for the header only. */
	out.iov_len = sizeof(got) + 8;
	assert_int_equal(fs_serve(c->worker, &in, 1, &out, 1), sizeof(got));
	memcpy(&got, reply, sizeof(got));
	assert_int_equal(got.error, -ERANGE);
	assert_int_equal(got.len, sizeof(got));
	/* More than there is, less than a header. */
	out.iov_len = sizeof(reply);
	head.len = sizeof(head) + 1;
	fs_serve(c->worker, &in, 1, &out, 1);
	memcpy(&got, reply, sizeof(got));
	assert_int_equal(got.error, -EINVAL);
	head.len = 3;
	fs_serve(c->worker, &in, 1, &out, 1);
	memcpy(&got, reply, sizeof(got));
	assert_int_equal(got.error, -EINVAL);
}

/* ---- names and nodes ---- */

static void lookups(void **state)
{
	struct fuse_entry_out *entry = FUSE_BODY(c, struct fuse_entry_out);
	uint64_t file, again, sub, inner;
	struct stat st;

	(void)state;
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	assert_int_equal(stat(path("tree/file"), &st), 0);
	assert_int_equal(entry->attr.ino, st.st_ino);
	assert_int_equal(entry->attr.size, 10);
	assert_int_equal(entry->attr.mode, S_IFREG | 0644);
	assert_int_equal(entry->entry_valid, 1);
	assert_int_equal(fuse_lookup(c, 1, "file", &again), 0);
	assert_int_equal(file, again);
	assert_int_equal(fuse_lookup(c, 1, "sub", &sub), 0);
	assert_int_equal(fuse_lookup(c, sub, "inner", &inner), 0);
	assert_int_equal(fuse_lookup(c, 1, "none", NULL), -ENOENT);
	assert_int_equal(fuse_lookup(c, file, "x", NULL), -ENOTDIR);
	/* Hard links are one node. */
	assert_int_equal(link(path("tree/file"), path("tree/hard")), 0);
	assert_int_equal(fuse_lookup(c, 1, "hard", &again), 0);
	assert_int_equal(file, again);
	/* Three look-ups have to be forgotten, and no number is used again. */
	fuse_forget(c, file, 2);
	assert_int_equal(fuse_lookup(c, file, "x", NULL), -ENOTDIR);
	fuse_forget(c, file, 1);
	assert_int_equal(fuse_lookup(c, file, "x", NULL), -ESTALE);
	assert_int_equal(fuse_lookup(c, 1, "file", &again), 0);
	assert_int_not_equal(file, again);
	assert_int_equal((uint32_t)file, (uint32_t)again);
}

static void a_private_tree_is_cached(void **state)
{
	struct fuse_entry_out *entry = FUSE_BODY(c, struct fuse_entry_out);

	(void)state;
	serve(&(struct fs_config){ .private_tree = true });
	assert_int_equal(fuse_lookup(c, 1, "file", NULL), 0);
	/* An engine that copies a file into it wants it seen. */
	assert_int_equal(entry->entry_valid, 1);
	assert_int_equal(entry->attr_valid, 1);
	/* What is not there, too. */
	assert_int_equal(fuse_lookup(c, 1, "none", NULL), 0);
	assert_int_equal(entry->nodeid, 0);
	assert_int_equal(entry->entry_valid, 1);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = { "", ".", "..", "/", "/etc", "sub/inner", "../secret",
		"sub/../../secret", "sub/" };
	static const uint32_t ops[] = { FUSE_LOOKUP, FUSE_UNLINK, FUSE_RMDIR };
	struct fuse_mkdir_in mkdir_in = { .mode = 0755 };
	struct fuse_mknod_in mknod_in = { .mode = S_IFREG | 0644 };
	struct fuse_create_in create_in = { .flags = O_RDWR, .mode = S_IFREG | 0644 };
	struct fuse_rename_in rename_in = { .newdir = 1 };
	struct fuse_link_in link_in = { 0 };
	uint64_t file;

	(void)state;
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	link_in.oldnodeid = file;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *name = names[i];

		for (size_t j = 0; j < sizeof(ops) / sizeof(ops[0]); j++)
			assert_int_equal(
				fuse_call(c, ops[j], 1, name, strlen(name) + 1, NULL, 0, NULL, 0),
				-EINVAL);
		assert_int_equal(FUSE_NAMED(c, FUSE_MKDIR, 1, &mkdir_in, name), -EINVAL);
		assert_int_equal(FUSE_NAMED(c, FUSE_MKNOD, 1, &mknod_in, name), -EINVAL);
		assert_int_equal(FUSE_NAMED(c, FUSE_CREATE, 1, &create_in, name), -EINVAL);
		assert_int_equal(FUSE_NAMED(c, FUSE_LINK, 1, &link_in, name), -EINVAL);
		assert_int_equal(
			fuse_call(c, FUSE_SYMLINK, 1, name, strlen(name) + 1, "x", 2, NULL, 0),
			-EINVAL);
		assert_int_equal(fuse_call(c, FUSE_RENAME, 1, &rename_in, sizeof(rename_in), "file",
					 5, name, strlen(name) + 1),
			-EINVAL);
		assert_int_equal(fuse_call(c, FUSE_RENAME, 1, &rename_in, sizeof(rename_in), name,
					 strlen(name) + 1, "new", 4),
			-EINVAL);
	}
	/* Without an end, and one that is too long. */
	assert_int_equal(fuse_call(c, FUSE_LOOKUP, 1, "file", 4, NULL, 0, NULL, 0), -EINVAL);
	{
		char name[300];

		memset(name, 'a', sizeof(name));
		name[256] = '\0';
		assert_int_equal(fuse_lookup(c, 1, name, NULL), -ENAMETOOLONG);
		name[255] = '\0';
		assert_int_equal(fuse_lookup(c, 1, name, NULL), -ENOENT);
	}
}

static void links_are_not_followed(void **state)
{
	struct fuse_setattr_in size = { .valid = FATTR_SIZE };
	struct fuse_setattr_in mode = { .valid = FATTR_MODE, .mode = 0777 };
	struct fuse_open_in open_in = { .flags = O_RDONLY };
	uint64_t link, up, node, handle;
	struct stat st;

	(void)state;
	assert_int_equal(fuse_lookup(c, 1, "link", &link), 0);
	assert_int_equal(FUSE_BODY(c, struct fuse_entry_out)->attr.mode & S_IFMT, S_IFLNK);
	assert_int_equal(fuse_call(c, FUSE_READLINK, link, NULL, 0, NULL, 0, NULL, 0), 0);
	assert_memory_equal(FUSE_BODY(c, char), "../secret", 9);
	assert_int_equal(fuse_body_len(c), 9);
	assert_int_not_equal(FUSE_CALL(c, FUSE_OPEN, link, &open_in), 0);
	assert_int_not_equal(FUSE_CALL(c, FUSE_SETATTR, link, &size), 0);
	assert_int_not_equal(FUSE_CALL(c, FUSE_SETATTR, link, &mode), 0);
	/* Below a link, and creating through one. */
	assert_int_equal(fuse_lookup(c, 1, "up", &up), 0);
	assert_int_equal(fuse_lookup(c, up, "secret", NULL), -ENOTDIR);
	assert_int_equal(
		fuse_create_file(c, 1, "link", O_RDWR | O_TRUNC, 0644, &node, &handle), -ELOOP);
	assert_int_equal(FUSE_CALL(c, FUSE_OPENDIR, up, &open_in), -ENOTDIR);
	assert_int_equal(stat(path("secret"), &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void forged_numbers(void **state)
{
	static const uint64_t numbers[] = { 0, 2, 3, 1ull << 32 | 1, UINT64_MAX, UINT32_MAX,
		UINT64_MAX << 32, 256, 257, 0xffff };
	struct fuse_getattr_in getattr = { 0 };
	uint64_t file, handle;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_int_equal(FUSE_CALL(c, FUSE_GETATTR, numbers[i], &getattr), -ESTALE);
		assert_int_equal(fuse_read_file(c, 1, numbers[i], 0, 10), -EBADF);
		fuse_forget(c, numbers[i], UINT64_MAX);
	}
	fuse_forget(c, 1, UINT64_MAX); /* the root stays */
	assert_int_equal(FUSE_CALL(c, FUSE_GETATTR, 1, &getattr), 0);
	/* A handle of another file. */
	assert_int_equal(fuse_lookup(c, 1, "file", &file), 0);
	assert_int_equal(fuse_open_file(c, file, O_RDONLY, &handle), 0);
	assert_int_equal(fuse_read_file(c, 1, handle, 0, 10), -EBADF);
	assert_int_equal(fuse_read_file(c, file, handle, 0, 10), 0);
	/* Forgotten while it is open: the handle still reads. */
	fuse_forget(c, file, UINT64_MAX);
	assert_int_equal(FUSE_CALL(c, FUSE_GETATTR, file, &getattr), -ESTALE);
	assert_int_equal(fuse_read_file(c, file, handle, 0, 10), 0);
}

static void many_are_forgotten_at_once(void **state)
{
	struct fuse_batch_forget_in in = { .count = 200 };
	struct fuse_forget_one *list = calloc(200, sizeof(*list));
	uint32_t nodes, handles;

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof(name), "tree/n%u", i);
		write_text(name, "");
		assert_int_equal(fuse_lookup(c, 1, name + 5, &list[i].nodeid), 0);
		list[i].nlookup = 1;
	}
	fs_counts(c->fs, &nodes, &handles);
	assert_int_equal(nodes, 201);
	assert_int_equal(fuse_call(c, FUSE_BATCH_FORGET, 0, &in, sizeof(in), list,
				 150 * sizeof(*list), NULL, 0),
		1);
	fs_counts(c->fs, &nodes, &handles); /* it said 200 and sent 150 */
	assert_int_equal(nodes, 51);
	in.count = UINT32_MAX;
	assert_int_equal(fuse_call(c, FUSE_BATCH_FORGET, 0, &in, sizeof(in), list + 150,
				 50 * sizeof(*list), NULL, 0),
		1);
	fs_counts(c->fs, &nodes, &handles);
	assert_int_equal(nodes, 1);
	free(list);
}

/* How long one request keeps a thread busy is not for the guest to say. */
static void forgetting_is_bounded(void **state)
{
	const uint32_t many = 200000;
	struct fuse_batch_forget_in in = { .count = many };
	struct fuse_forget_one *list = calloc(many, sizeof(*list));
	struct fuse_in_header head = { .len = sizeof(head) + sizeof(in) + 10 * sizeof(*list),
		.opcode = FUSE_BATCH_FORGET };
	struct iovec parts[] = { { &head, sizeof(head) }, { &in, sizeof(in) },
		{ list, many * sizeof(*list) } };
	uint32_t nodes, handles;

	(void)state;
	assert_int_equal(fuse_lookup(c, 1, "file", &list[many - 1].nodeid), 0);
	list[many - 1].nlookup = 1;
	list[10] = list[many - 1];
	/* What lies behind the length that it says is none of it. */
	assert_int_equal(fs_serve(c->worker, parts, 3, NULL, 0), 0);
	fs_counts(c->fs, &nodes, &handles);
	assert_int_equal(nodes, 2);
	list[10].nodeid = 0;
	assert_int_equal(fuse_call(c, FUSE_BATCH_FORGET, 0, &in, sizeof(in), list,
				 many * sizeof(*list), NULL, 0),
		1);
	fs_counts(c->fs, &nodes, &handles);
	assert_int_equal(nodes, 2);
	free(list);
}

static void limits_hold(void **state)
{
	unsigned int before;
	uint64_t file, handle;
	int r = 0;

	(void)state;
	serve(&(struct fs_config){ .max_nodes = 20, .max_handles = 16 });
	before = open_descriptors();
	for (unsigned int i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "tree/n%u", i);
		write_text(name, "");
		r = fuse_lookup(c, 1, name + 5, &file);
		assert_int_equal(r, i < 19 ? 0 : -ENFILE);
	}
	assert_int_equal(open_descriptors(), before + 19);
	assert_int_equal(fuse_lookup(c, 1, "n0", &file), 0);
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(fuse_open_file(c, file, O_RDONLY, &handle), i < 16 ? 0 : -ENFILE);
	assert_int_equal(open_descriptors(), before + 19 + 16);
	fs_reset(c->fs);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(init_is_negotiated),
		T(unknown_opcodes_are_said_to_be_so),
		T(short_requests_and_replies),
		T(lookups),
		T(a_private_tree_is_cached),
		T(names_that_lead_elsewhere_are_refused),
		T(links_are_not_followed),
		T(forged_numbers),
		T(many_are_forgotten_at_once),
		T(forgetting_is_bounded),
		T(limits_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
