// SPDX-License-Identifier: Apache-2.0
/* The file server: requests as a guest's kernel makes them, and as it never would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>

#include "tests/unit/fuse_client.h"

/* <dir>/tree is shared; <dir>/secret is what must stay out of reach. */
static char dir[64];
static struct fuse_client client, *const c = &client;
static struct err err;

static char *path(const char *name)
{
	static char text[8][512];
	static unsigned int next;
	char *p = text[next++ % 8];

	snprintf(p, sizeof(text[0]), "%s/%s", dir, name);
	return p;
}

static void write_text(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path(name), 0644), 0); /* whatever the mask of the server's thread */
}

static void serve(const struct fs_config *config)
{
	struct fs_config copy = *config;

	copy.descriptors_fd = FD_NONE;
	copy.tree_fd = open(path("tree"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(copy.tree_fd >= 0);
	fs_worker_free(c->worker);
	fs_free(c->fs);
	c->worker = NULL;
	c->fs = NULL;
	if (fs_new(&copy, &c->fs, &err) < 0 || fs_worker_new(c->fs, &c->worker, &err) < 0)
		fail_msg("%s", err.msg);
	c->uid = geteuid();
	c->gid = getegid();
	assert_int_equal(fuse_init(c, ~0ull), 0);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-fs.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(mkdir(path("tree"), 0755), 0);
	write_text("secret", "secret");
	write_text("tree/file", "0123456789");
	assert_int_equal(mkdir(path("tree/sub"), 0755), 0);
	write_text("tree/sub/inner", "inner");
	assert_int_equal(symlink("../secret", path("tree/link")), 0);
	assert_int_equal(symlink("..", path("tree/up")), 0);
	serve(&(struct fs_config){ 0 });
	return 0;
}

static int tear_down(void **state)
{
	char command[128];
	uint32_t nodes, handles;

	(void)state;
	fs_reset(c->fs);
	fs_counts(c->fs, &nodes, &handles);
	assert_int_equal(nodes, 1);
	assert_int_equal(handles, 0);
	fs_worker_free(c->worker);
	fs_free(c->fs);
	c->worker = NULL;
	c->fs = NULL;
	assert_int_equal(chdir("/"), 0); /* the server's thread stood in /proc */
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

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

/* ---- files ---- */

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
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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
		T(large_directories),
		T(directory_positions),
		T(owners_and_groups),
		T(privileged_bits_go_when_asked),
		T(mounts_are_crossed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
