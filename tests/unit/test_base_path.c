// SPDX-License-Identifier: Apache-2.0
/*
 * base/path.c: nothing leads out of the root, and both ways (openat2, and the walk that replaces
 * and completes it) give the same answers.  Every test runs once with each.  The expectations are
 * those of openat2(2) for RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/procfs.h"

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif

#define RACES 200

struct tree {
	char scratch[64];
	int root, outside;
	pid_t attacker; /* 0: none */
	struct err err;
};

static void make_file(int dir, const char *path, const char *content)
{
	auto_close int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

static int make_dir(int dir, const char *path)
{
	int fd;

	assert_int_equal(mkdirat(dir, path, 0755), 0);
	fd = openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void make_link(const struct tree *t, const char *path, const char *target)
{
	assert_int_equal(symlinkat(target, t->root, path), 0);
}

/* A chain of @count links: "<name>1" -> "<name>2" -> ... -> "etc/passwd". */
static void make_chain(const struct tree *t, const char *name, int count)
{
	for (int i = 1; i <= count; i++) {
		char path[32], target[32];

		snprintf(path, sizeof(path), "%s%d", name, i);
		snprintf(target, sizeof(target), "%s%d", name, i + 1);
		make_link(t, path, i == count ? "etc/passwd" : target);
	}
}

static int setup(void **state)
{
	struct tree *t = xcalloc(1, sizeof(*t));
	auto_close int scratch = FD_NONE;
	int fd;

	umask(022);
	snprintf(t->scratch, sizeof(t->scratch), "/tmp/ringwall-path-XXXXXX");
	assert_non_null(mkdtemp(t->scratch));
	scratch = open(t->scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	t->outside = make_dir(scratch, "outside");
	t->root = make_dir(scratch, "root");
	make_file(t->outside, "secret", "secret");
	make_file(scratch, "above", "above");
	fd = make_dir(t->root, "etc");
	fd_close(&fd);
	fd = make_dir(t->root, "dir");
	fd_close(&fd);
	fd = make_dir(t->root, "dir/sub");
	fd_close(&fd);
	make_file(t->root, "etc/passwd", "root:x:0:0\n");
	make_file(t->root, "dir/sub/file", "");
	make_link(t, "abs", "/etc");
	make_link(t, "absfile", "/etc/passwd");
	make_link(t, "up", "../../../../etc");
	make_link(t, "dir/rel", "../etc");
	make_link(t, "dir/sub/deep", "../../abs/passwd");
	make_link(t, "dir/sub/abs", "/dir/../etc");
	make_link(t, "slash", "/");
	make_link(t, "escape", "../outside");
	make_link(t, "escape_up", "../above");
	make_link(t, "host", "/tmp");
	make_link(t, "dangling", "/missing/file");
	make_link(t, "dangling_here", "nowhere");
	make_link(t, "dangling_up", "../../nowhere");
	make_link(t, "loop", "loop");
	make_link(t, "loop_a", "dir/loop_b");
	make_link(t, "dir/loop_b", "../loop_a");
	make_link(t, "tail", "etc/");
	*state = t;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void stop_attack(struct tree *t)
{
	if (t->attacker <= 0)
		return;
	kill(t->attacker, SIGKILL);
	waitpid(t->attacker, NULL, 0);
	t->attacker = 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;

	stop_attack(t); /* also when the test has failed */
	path_force_walk(false);
	nftw(t->scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	fd_close(&t->root);
	fd_close(&t->outside);
	free(t);
	return 0;
}

static int setup_walk(void **state)
{
	path_force_walk(true);
	return setup(state);
}

/* Is @fd the file that lies at @path (links not followed) below the root? */
static void assert_is(const struct tree *t, int fd, const char *path)
{
	struct stat got, want;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(fstatat(t->root, path, &want, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(got.st_dev == want.st_dev && got.st_ino == want.st_ino);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void assert_absent(int dir, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(errno, ENOENT);
}

static mode_t mode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_mode;
}

static void opening(void **state)
{
	static const struct {
		const char *path;
		int flags;
		int num; /* the errno, or 0 */
		const char *is; /* where it leads */
	} rows[] = {
		{ "/", O_PATH, 0, "." },
		{ ".", O_PATH, 0, "." },
		{ "..", O_PATH, 0, "." },
		{ "//./..///../.", O_PATH, 0, "." },
		{ "etc/passwd", O_PATH, 0, "etc/passwd" },
		{ "/etc/passwd", O_PATH, 0, "etc/passwd" },
		{ "///etc//./passwd", O_PATH, 0, "etc/passwd" },
		{ "/etc/passwd", O_RDONLY, 0, "etc/passwd" },
		{ "/dir", O_RDONLY | O_DIRECTORY, 0, "dir" },
		{ "/dir/", O_PATH, 0, "dir" },
		{ "/dir/sub/../../etc", O_PATH, 0, "etc" },
		{ "/dir/sub/../sub/../sub", O_PATH, 0, "dir/sub" },
		{ "/../../../etc/passwd", O_PATH, 0, "etc/passwd" },
		{ "/dir/../../../../tmp", O_PATH, ENOENT, NULL },
		/* links */
		{ "abs", O_PATH, 0, "etc" },
		{ "abs/passwd", O_RDONLY, 0, "etc/passwd" },
		{ "absfile", O_RDONLY, 0, "etc/passwd" },
		{ "up", O_PATH, 0, "etc" },
		{ "up/passwd", O_PATH, 0, "etc/passwd" },
		{ "dir/rel/passwd", O_PATH, 0, "etc/passwd" },
		{ "dir/sub/deep", O_PATH, 0, "etc/passwd" },
		{ "dir/rel/../dir", O_PATH, 0, "dir" },
		{ "abs/../dir", O_PATH, 0, "dir" },
		{ "dir/sub/abs", O_PATH, 0, "etc" },
		{ "dir/sub/abs/../dir/sub/abs/passwd", O_PATH, 0, "etc/passwd" },
		{ "slash", O_PATH, 0, "." },
		{ "slash/slash/etc", O_PATH, 0, "etc" },
		{ "tail", O_PATH, 0, "etc" },
		{ "tail/passwd", O_PATH, 0, "etc/passwd" },
		{ "ok1", O_PATH, 0, "etc/passwd" },
		{ "far1", O_PATH, ELOOP, NULL },
		{ "far2", O_PATH, 0, "etc/passwd" },
		/* ways out */
		{ "escape", O_PATH, ENOENT, NULL },
		{ "escape/secret", O_PATH, ENOENT, NULL },
		{ "escape_up", O_PATH, ENOENT, NULL },
		{ "host", O_PATH, ENOENT, NULL },
		/* links that lead nowhere */
		{ "dangling", O_PATH, ENOENT, NULL },
		{ "dangling_here", O_RDONLY, ENOENT, NULL },
		{ "loop", O_PATH, ELOOP, NULL },
		{ "loop_a", O_PATH, ELOOP, NULL },
		{ "loop/x", O_PATH, ELOOP, NULL },
		/* the link itself */
		{ "abs", O_PATH | O_NOFOLLOW, 0, "abs" },
		{ "abs/", O_PATH | O_NOFOLLOW, 0, "etc" },
		{ "abs/passwd", O_PATH | O_NOFOLLOW, 0, "etc/passwd" },
		{ "loop", O_PATH | O_NOFOLLOW, 0, "loop" },
		{ "dangling", O_PATH | O_NOFOLLOW, 0, "dangling" },
		{ "absfile", O_RDONLY | O_NOFOLLOW, ELOOP, NULL },
		{ "abs", O_PATH | O_NOFOLLOW | O_DIRECTORY, ENOTDIR, NULL },
		/* what is no directory */
		{ "etc/passwd/", O_PATH, ENOTDIR, NULL },
		{ "etc/passwd/.", O_PATH, ENOTDIR, NULL },
		{ "etc/passwd/..", O_PATH, ENOTDIR, NULL },
		{ "etc/passwd/x", O_PATH, ENOTDIR, NULL },
		{ "absfile/", O_PATH, ENOTDIR, NULL },
		{ "etc/passwd", O_PATH | O_DIRECTORY, ENOTDIR, NULL },
		{ "etc/passwd", O_RDONLY | O_DIRECTORY, ENOTDIR, NULL },
		{ "dir", O_WRONLY, EISDIR, NULL },
		{ "/", O_WRONLY, EISDIR, NULL },
		/* what is missing */
		{ "", O_PATH, ENOENT, NULL },
		{ "nothing", O_PATH, ENOENT, NULL },
		{ "nothing/..", O_PATH, ENOENT, NULL },
		{ "nothing/", O_PATH, ENOENT, NULL },
	};
	struct tree *t = *state;

	make_chain(t, "ok", 40); /* the kernel's limit */
	make_chain(t, "far", 41);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_close int fd = path_open_in(t->root, rows[i].path, rows[i].flags, &t->err);

		if (fd >= 0 ? rows[i].num != 0 : -fd != rows[i].num)
			fail_msg("row %zu \"%s\": got %d, want errno %d", i, rows[i].path, fd,
				rows[i].num);
		if (fd >= 0)
			assert_is(t, fd, rows[i].is);
		else
			assert_int_equal(t->err.num, rows[i].num);
	}
}

static void the_error_names_the_path(void **state)
{
	struct tree *t = *state;

	assert_int_equal(path_open_in(t->root, "/dir/none", O_PATH, &t->err), -ENOENT);
	assert_string_equal(
		t->err.msg, "open \"/dir/none\" in the container: no such file or directory");
}

/* Access modes and status flags reach the open file. */
static void the_flags_count(void **state)
{
	struct tree *t = *state;
	auto_close int rw = path_open_in(t->root, "absfile", O_RDWR | O_APPEND, &t->err);
	auto_close int ro = path_open_in(t->root, "/dir", O_RDONLY, &t->err);
	auto_close int path = path_open_in(t->root, "/dir", O_PATH, &t->err);

	assert_int_equal(fcntl(rw, F_GETFL) & (O_ACCMODE | O_APPEND | O_PATH), O_RDWR | O_APPEND);
	assert_int_equal(fcntl(ro, F_GETFL) & (O_ACCMODE | O_PATH), O_RDONLY);
	assert_int_equal(fcntl(path, F_GETFL) & O_PATH, O_PATH);
}

static void long_paths(void **state)
{
	struct tree *t = *state;
	char name[NAME_MAX + 2], path[PATH_MAX + 2];
	auto_close int fd = FD_NONE;

	memset(name, 'n', sizeof(name));
	name[NAME_MAX] = '\0';
	assert_int_equal(path_open_in(t->root, name, O_PATH, &t->err), -ENOENT);
	make_file(t->root, name, "");
	fd = path_open_in(t->root, name, O_PATH, &t->err);
	assert_is(t, fd, name);
	name[NAME_MAX] = 'n';
	name[NAME_MAX + 1] = '\0';
	assert_int_equal(path_open_in(t->root, name, O_PATH, &t->err), -ENAMETOOLONG);

	/* PATH_MAX counts the final NUL. */
	memset(path, '/', sizeof(path));
	memcpy(path + PATH_MAX - 4, "etc", 4);
	fd_close(&fd);
	fd = path_open_in(t->root, path, O_PATH, &t->err);
	assert_is(t, fd, "etc");
	memset(path, '/', sizeof(path));
	memcpy(path + PATH_MAX - 3, "etc", 4);
	assert_int_equal(path_open_in(t->root, path, O_PATH, &t->err), -ENAMETOOLONG);
}

/* Links to links with long texts: the walk's buffer must not overflow or change the answer. */
static void long_links(void **state)
{
	struct tree *t = *state;
	char text[PATH_MAX], path[PATH_MAX];
	auto_close int fd = FD_NONE;

	memset(text, '/', sizeof(text));
	memcpy(text + sizeof(text) - 4, "dir", 4);
	make_link(t, "long", text);
	memset(path, '/', sizeof(path));
	memcpy(path, "long", 4);
	memcpy(path + sizeof(path) - 4, "sub", 4);
	fd = path_open_in(t->root, path, O_PATH, &t->err);
	assert_is(t, fd, "dir/sub");
}

/* The links of /proc are followed or refused as their kind demands. */
static void magic_links(void **state)
{
	struct tree *t = *state;
	auto_close int proc = procfs_open(PROCFS_PIDS, &t->err), self = FD_NONE;

	assert_true(proc >= 0);
	assert_int_equal(path_open_in(proc, "self/root", O_PATH, &t->err), -ELOOP);
	assert_int_equal(path_open_in(proc, "self/cwd", O_PATH, &t->err), -ELOOP);
	assert_int_equal(path_open_in(proc, "self/exe", O_RDONLY, &t->err), -ELOOP);
	assert_int_equal(path_open_in(proc, "self/fd/0", O_PATH, &t->err), -ELOOP);
	assert_int_equal(path_open_in(proc, "self/ns/pid", O_RDONLY, &t->err), -ELOOP);
	assert_int_equal(path_open_in(proc, "self/root/etc", O_PATH, &t->err), -ELOOP);
	self = path_open_in(proc, "self/status", O_RDONLY, &t->err);
	assert_true(self >= 0);
}

static void making_directories(void **state)
{
	struct tree *t = *state;
	unsigned int made = 99;
	auto_close int a = path_mkdir_in(t->root, "/new/a/b", 0750, &made, &t->err), b = FD_NONE;
	struct stat st;

	assert_is(t, a, "new/a/b");
	assert_int_equal(made, 3);
	assert_int_equal(fstatat(t->root, "new/a", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	b = path_mkdir_in(t->root, "new//a/./b/", 0777, &made, &t->err);
	assert_is(t, b, "new/a/b");
	assert_int_equal(made, 0);
	fd_close(&b);
	b = path_mkdir_in(t->root, "one", 0777, NULL, &t->err);
	assert_int_equal(mode_of(b), S_IFDIR | 0755); /* the umask is 022 */
	assert_int_equal(path_mkdir_in(t->root, "etc/passwd", 0755, &made, &t->err), -ENOTDIR);
	assert_int_equal(path_mkdir_in(t->root, "etc/passwd/x", 0755, &made, &t->err), -ENOTDIR);
	assert_int_equal(path_mkdir_in(t->root, "loop/x", 0755, &made, &t->err), -ELOOP);
	assert_int_equal(path_mkdir_in(t->root, "", 0755, &made, &t->err), -ENOENT);
}

/* What a link points at is made inside the root, wherever it claims to lead. */
static void making_through_links(void **state)
{
	struct tree *t = *state;
	unsigned int made;
	auto_close int fd = path_mkdir_in(t->root, "escape/inner", 0755, &made, &t->err);

	assert_is(t, fd, "outside/inner");
	assert_int_equal(made, 2);
	assert_absent(t->outside, "inner");
	fd_close(&fd);
	fd = path_mkdir_in(t->root, "dangling/x", 0755, &made, &t->err);
	assert_is(t, fd, "missing/file/x");
	assert_int_equal(made, 3);
	fd_close(&fd);
	fd = path_mkdir_in(t->root, "dangling_up", 0755, &made, &t->err);
	assert_is(t, fd, "nowhere");
	assert_int_equal(made, 1);
	fd_close(&fd);
	fd = path_mkdir_in(t->root, "abs/sub", 0755, &made, &t->err);
	assert_is(t, fd, "etc/sub");
	assert_int_equal(made, 1);
	fd_close(&fd);
	fd = path_mkdir_in(t->root, "../../top/../second", 0755, &made, &t->err);
	assert_is(t, fd, "second");
	assert_int_equal(made, 2);
}

static void making_files(void **state)
{
	static const struct path_node file = { .type = S_IFREG, .mode = 0666 };
	struct tree *t = *state;
	bool created = false;
	auto_close int fd = path_make_in(t->root, "/a/b/file", &file, &created, &t->err);
	struct stat st;

	assert_is(t, fd, "a/b/file");
	assert_true(created);
	assert_int_equal(mode_of(fd), S_IFREG | 0666); /* exact, whatever the umask */
	assert_int_equal(fstatat(t->root, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(umask(022), 022);
	fd_close(&fd);

	fd = path_make_in(t->root, "/a/b/file/", &file, &created, &t->err);
	assert_is(t, fd, "a/b/file");
	assert_false(created);
	fd_close(&fd);

	/* A link to nowhere: its target, inside. */
	fd = path_make_in(t->root, "dangling", &file, &created, &t->err);
	assert_is(t, fd, "missing/file");
	assert_true(created);
	fd_close(&fd);
	fd = path_make_in(t->root, "escape_up", &file, NULL, &t->err);
	assert_is(t, fd, "above");
	fd_close(&fd);

	/* What exists is not changed or compared. */
	fd = path_make_in(t->root, "absfile", &file, &created, &t->err);
	assert_is(t, fd, "etc/passwd");
	assert_false(created);
	assert_int_equal(mode_of(fd), S_IFREG | 0644);
	fd_close(&fd);
	fd = path_make_in(t->root, "dir", &file, &created, &t->err);
	assert_is(t, fd, "dir");
	assert_false(created);
	assert_int_equal(path_make_in(t->root, "etc/passwd/x", &file, NULL, &t->err), -ENOTDIR);
	assert_int_equal(path_make_in(t->root, "loop", &file, NULL, &t->err), -ELOOP);
}

static void making_other_nodes(void **state)
{
	static const struct path_node fifo = { .type = S_IFIFO, .mode = 0622 };
	static const struct path_node dir = { .type = S_IFDIR, .mode = 01777 };
	static const struct path_node shared = { .type = S_IFDIR, .mode = 02775 };
	struct tree *t = *state;
	bool created;
	auto_close int a = path_make_in(t->root, "pipe", &fifo, &created, &t->err);
	auto_close int b = path_make_in(t->root, "x/tmp/", &dir, &created, &t->err);
	auto_close int c = path_make_in(t->root, "shared", &shared, &created, &t->err);

	assert_int_equal(mode_of(a), S_IFIFO | 0622);
	assert_int_equal(mode_of(b), S_IFDIR | 01777);
	assert_int_equal(mode_of(c), S_IFDIR | 02775);
	assert_int_equal(path_make_in(t->root, "etc/passwd", &dir, &created, &t->err), -ENOTDIR);
}

static void parents(void **state)
{
	static const char *const refused[] = { "/", "", ".", "..", "a/.", "a/..", "//", "/..//" };
	struct tree *t = *state;
	char name[NAME_MAX + 1] = "unchanged";
	auto_close int fd = FD_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(path_parent_in(t->root, refused[i], name, &t->err), -EINVAL);
	assert_string_equal(name, "unchanged");
	assert_absent(t->root, "a");
	fd = path_parent_in(t->root, "/p/q/last//", name, &t->err);
	assert_is(t, fd, "p/q");
	assert_string_equal(name, "last");
	assert_absent(t->root, "p/q/last");
	fd_close(&fd);
	fd = path_parent_in(t->root, "abs/loop", name, &t->err);
	assert_is(t, fd, "etc");
	assert_string_equal(name, "loop");
	fd_close(&fd);
	fd = path_parent_in(t->root, "top", name, &t->err);
	assert_is(t, fd, ".");
	assert_string_equal(name, "top");
}

static void symlinks(void **state)
{
	struct tree *t = *state;
	char text[64] = { 0 };

	assert_int_equal(path_symlink_in(t->root, "/dev/fd", "/proc/self/fd", &t->err), 0);
	assert_int_equal(readlinkat(t->root, "dev/fd", text, sizeof(text) - 1), 13);
	assert_string_equal(text, "/proc/self/fd");
	assert_int_equal(path_symlink_in(t->root, "/dev/fd", "elsewhere", &t->err), 1);
	assert_int_equal(path_symlink_in(t->root, "escape/link", "x", &t->err), 0);
	assert_absent(t->outside, "link");
	assert_int_equal(path_symlink_in(t->root, "dangling", "x", &t->err), 1);
}

static void reading(void **state)
{
	struct tree *t = *state;
	auto_close int proc = procfs_open(PROCFS_PIDS, &t->err);
	auto_free char *data = NULL;
	size_t len = 0;

	assert_true(proc >= 0);
	assert_int_equal(path_read_in(t->root, proc, "absfile", 11, &data, &len, &t->err), 0);
	assert_string_equal(data, "root:x:0:0\n");
	assert_int_equal(len, 11);
	assert_int_equal(path_read_in(t->root, proc, "absfile", 10, &data, &len, &t->err), -EFBIG);
	assert_string_equal(
		t->err.msg, "\"absfile\" in the container is larger than 10 bytes: file too large");
	assert_int_equal(path_read_in(t->root, proc, "dir", 10, &data, &len, &t->err), -EINVAL);
	/* A fifo must not hang us (a class of denial of service: rule R11). */
	assert_int_equal(mkfifoat(t->root, "fifo", 0644), 0);
	assert_int_equal(path_read_in(t->root, proc, "fifo", 10, &data, &len, &t->err), -EINVAL);
	assert_int_equal(
		path_read_in(t->root, proc, "escape/secret", 10, &data, &len, &t->err), -ENOENT);
}

/* Exchanges "swap" (a directory) and "trap" (a link to the outside) while its parent lives. */
static _Noreturn void attack(const struct tree *t, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (getppid() == parent)
		syscall(SYS_renameat2, t->root, "swap", t->root, "trap", RENAME_EXCHANGE);
	_exit(0);
}

/* CVE-2021-30465, CVE-2024-45310: the tree changes while it is used; nothing may leave it. */
static void races(void **state)
{
	static const struct path_node file = { .type = S_IFREG, .mode = 0644 };
	struct tree *t = *state;
	auto_close int swap = make_dir(t->root, "swap");
	char outside[PATH_MAX];
	pid_t self = getpid();

	snprintf(outside, sizeof(outside), "%s/outside", t->scratch);
	make_link(t, "trap", outside);
	t->attacker = fork();
	assert_true(t->attacker >= 0);
	if (t->attacker == 0)
		attack(t, self);
	for (int i = 0; i < RACES; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "swap/sub%d/f", i);
		fd = path_make_in(t->root, path, &file, NULL, &t->err);
		fd_close(&fd);
		fd = path_open_in(t->root, "swap/secret", O_RDONLY, &t->err);
		assert_true(fd < 0);
	}
	stop_attack(t);
	for (int i = 0; i < RACES; i++) {
		char path[64];

		snprintf(path, sizeof(path), "sub%d", i);
		assert_absent(t->outside, path);
	}
}

static void names(void **state)
{
	char name[NAME_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[NAME_MAX] = '\0';
	assert_true(path_is_name(name));
	name[NAME_MAX] = 'n';
	name[NAME_MAX + 1] = '\0';
	assert_false(path_is_name(name));
	assert_true(path_is_name("..."));
	assert_true(path_is_name(".a"));
	assert_false(path_is_name(""));
	assert_false(path_is_name("."));
	assert_false(path_is_name(".."));
	assert_false(path_is_name("a/b"));
	assert_false(path_is_name("/"));
}

static void cleaning(void **state)
{
	static const char *const rows[][2] = {
		{ "/", "/" },
		{ "", "/" },
		{ "a", "/a" },
		{ "//a///b/", "/a/b" },
		{ "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" },
		{ "/a/b/..", "/a" },
		{ "/..", "/" },
		{ "/../../a", "/a" },
		{ "/a/../../b", "/b" },
		{ "/a/...", "/a/..." },
		{ "/.a/..b", "/.a/..b" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *clean = path_clean(rows[i][0]);

		assert_string_equal(clean, rows[i][1]);
	}
}

#define BOTH(test)                                                \
	{ #test " (openat2)", test, setup, teardown, NULL },      \
	{                                                         \
#test " (walk)", test, setup_walk, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(opening),
		BOTH(the_error_names_the_path),
		BOTH(the_flags_count),
		BOTH(long_paths),
		BOTH(long_links),
		BOTH(magic_links),
		BOTH(making_directories),
		BOTH(making_through_links),
		BOTH(making_files),
		BOTH(making_other_nodes),
		BOTH(parents),
		BOTH(symlinks),
		BOTH(reading),
		BOTH(races),
		cmocka_unit_test(names),
		cmocka_unit_test(cleaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
