// SPDX-License-Identifier: Apache-2.0
/* base/hostfile.c: limits, atomic replacement, and sockets whose paths are longer than sun_path. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/mem.h"

static struct err err;
static char scratch[64];
static int dir = FD_NONE;

static int setup(void **state)
{
	(void)state;
	umask(022);
	snprintf(scratch, sizeof(scratch), "/tmp/ringwall-host-XXXXXX");
	if (!mkdtemp(scratch))
		return -1;
	dir = open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	fd_close(&dir);
	return nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_file(const char *name, const char *data, size_t len)
{
	auto_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
}

static void opening(void **state)
{
	auto_close int fd = FD_NONE;

	(void)state;
	make_file("f", "x", 1);
	fd = host_open(dir, "f", O_RDWR, 0, &err);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(host_open(dir, "none", O_RDONLY, 0, &err), -ENOENT);
	assert_string_equal(err.msg, "open \"none\": no such file or directory");
}

/* Sizes around the first buffer and the limit; with zero bytes inside. */
static void reading(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 16383, 16384, 16385, 40000, 100000 };
	static char content[100000];

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * 7 % 251);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_free char *exact = NULL, *roomy = NULL;
		char *untouched = NULL;
		size_t len = 1, size = sizes[i];

		make_file("f", content, size);
		assert_int_equal(host_read(dir, "f", size, &exact, &len, &err), 0);
		assert_int_equal(len, size);
		assert_memory_equal(exact, content, size);
		assert_int_equal(exact[size], '\0');
		assert_int_equal(host_read(dir, "f", 1 << 20, &roomy, NULL, &err), 0);
		assert_memory_equal(roomy, content, size);
		if (size == 0)
			continue;
		assert_int_equal(host_read(dir, "f", size - 1, &untouched, &len, &err), -EFBIG);
		assert_null(untouched);
		assert_non_null(strstr(err.msg, "file too large"));
	}
}

static void reading_what_is_no_file(void **state)
{
	auto_free char *data = NULL;
	int pipes[2];

	(void)state;
	assert_int_equal(host_read(dir, ".", 100, &data, NULL, &err), -EISDIR);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(write(pipes[1], "from a pipe", 11), 11);
	fd_close(&pipes[1]);
	assert_int_equal(host_read_fd(pipes[0], "the pipe", 100, &data, NULL, &err), 0);
	assert_string_equal(data, "from a pipe");
	fd_close(&pipes[0]);
}

static void writing(void **state)
{
	auto_free char *data = NULL;

	(void)state;
	assert_int_equal(host_write(dir, "none", "x", 1, &err), -ENOENT);
	make_file("f", "", 0);
	assert_int_equal(host_write(dir, "f", "100000 1000", 11, &err), 0);
	assert_int_equal(host_read(dir, "f", 100, &data, NULL, &err), 0);
	assert_string_equal(data, "100000 1000");
	/* The value is half of the explanation. */
	assert_int_equal(host_write(AT_FDCWD, "/dev/full", "max\n", 4, &err), -ENOSPC);
	assert_string_equal(err.msg, "write \"max\" to \"/dev/full\": no space left on device");
}

static unsigned int entries(void)
{
	auto_close int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = fdopendir(take_fd(&fd));
	unsigned int count = 0;

	assert_non_null(d);
	while (readdir(d))
		count++;
	return count - 2;
}

static void replacing(void **state)
{
	auto_free char *data = NULL, *second = NULL;
	char stale[64];
	struct stat before, after;

	(void)state;
	assert_int_equal(host_replace(dir, "state.json", "first", 5, 0600, &err), 0);
	assert_int_equal(fstatat(dir, "state.json", &before, 0), 0);
	assert_int_equal(before.st_mode, S_IFREG | 0600);
	/* A reader of the old file keeps it: another inode takes the name. */
	snprintf(stale, sizeof(stale), "state.json.%d.tmp", (int)getpid());
	make_file(stale, "left behind by a killed process", 10);
	assert_int_equal(host_replace(dir, "state.json", "2nd", 3, 0644, &err), 0);
	assert_int_equal(fstatat(dir, "state.json", &after, 0), 0);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(after.st_mode, S_IFREG | 0644);
	assert_int_equal(host_read(dir, "state.json", 100, &data, NULL, &err), 0);
	assert_string_equal(data, "2nd");
	assert_int_equal(entries(), 1);
	/* What fails leaves nothing and changes nothing. */
	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	assert_int_equal(host_replace(dir, "d", "x", 1, 0600, &err), -EISDIR);
	assert_int_equal(host_replace(dir, "none/f", "x", 1, 0600, &err), -ENOENT);
	assert_int_equal(entries(), 2);
}

/* A link in the way of the temporary file is not followed. */
static void replacing_follows_no_link(void **state)
{
	char temporary[64];
	auto_free char *data = NULL;

	(void)state;
	make_file("precious", "kept", 4);
	snprintf(temporary, sizeof(temporary), "f.%d.tmp", (int)getpid());
	assert_int_equal(symlinkat("precious", dir, temporary), 0);
	assert_int_equal(host_replace(dir, "f", "new", 3, 0600, &err), 0);
	assert_int_equal(host_read(dir, "precious", 100, &data, NULL, &err), 0);
	assert_string_equal(data, "kept");
}

static void directories(void **state)
{
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	assert_int_equal(host_mkdir(dir, "a", 0700, &err), 0);
	assert_int_equal(host_mkdir(dir, "a", 0700, &err), 1);
	assert_int_equal(host_mkdir(dir, "b/c", 0700, &err), -ENOENT);
	snprintf(path, sizeof(path), "%s//x/y/./z/", scratch);
	assert_int_equal(host_mkdir_parents(path, 0711, &err), 0);
	assert_int_equal(host_mkdir_parents(path, 0711, &err), 0);
	assert_int_equal(fstatat(dir, "x/y", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0711);
	assert_int_equal(fstatat(dir, "x/y/z", &st, 0), 0);
	make_file("f", "", 0);
	snprintf(path, sizeof(path), "%s/f/below", scratch);
	assert_int_equal(host_mkdir_parents(path, 0711, &err), -ENOTDIR);
	assert_int_equal(host_mkdir_parents("", 0711, &err), -ENOENT);
}

static void removing_and_looking(void **state)
{
	struct stat st = { .st_size = 77 };

	(void)state;
	make_file("f", "four", 4);
	assert_int_equal(host_stat(dir, "none", &st, 0, &err), 1);
	assert_int_equal(st.st_size, 77);
	assert_int_equal(host_stat(dir, "f", &st, 0, &err), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(host_stat(dir, "f/x", &st, 0, &err), -ENOTDIR);
	assert_int_equal(host_unlink(dir, "f", 0, &err), 0);
	assert_int_equal(host_unlink(dir, "f", 0, &err), 1);
	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	make_file("d/f", "", 0);
	assert_int_equal(host_unlink(dir, "d", AT_REMOVEDIR, &err), -ENOTEMPTY);
	assert_string_equal(err.msg, "rmdir \"d\": directory not empty");
}

static void canonical_paths(void **state)
{
	auto_free char *real = NULL, *want = realpath(scratch, NULL);
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	assert_int_equal(symlinkat("d", dir, "link"), 0);
	snprintf(path, sizeof(path), "%s/link/../link/.", scratch);
	assert_int_equal(host_realpath(path, &real, &err), 0);
	assert_memory_equal(real, want, strlen(want));
	assert_string_equal(real + strlen(want), "/d");
	snprintf(path, sizeof(path), "%s/none", scratch);
	assert_int_equal(host_realpath(path, &real, &err), -ENOENT);
}

/* ---- sockets ---- */

static void talk(int at, const char *path, int type)
{
	char before[PATH_MAX], after[PATH_MAX], got[8];
	auto_close int server = FD_NONE, client = FD_NONE, peer = FD_NONE;
	socklen_t size = sizeof(struct timeval);
	struct timeval bound;
	struct stat st;

	assert_non_null(getcwd(before, sizeof(before)));
	server = host_bind_unix(at, path, type, &err);
	if (server < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISSOCK(st.st_mode));
	client = host_connect_unix(at, path, type, &err);
	if (client < 0)
		fail_msg("%s", err.msg);
	assert_true(fcntl(server, F_GETFD) & fcntl(client, F_GETFD) & FD_CLOEXEC);
	/* A peer that does not read keeps nobody for ever. */
	assert_int_equal(getsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &bound, &size), 0);
	assert_int_equal(bound.tv_sec, HOST_PEER_SECONDS);
	if (type == SOCK_DGRAM) {
		peer = dup(server);
	} else {
		peer = accept(server, NULL, NULL);
	}
	assert_true(peer >= 0);
	assert_int_equal(send(client, "hello", 5, 0), 5);
	assert_int_equal(recv(peer, got, sizeof(got), 0), 5);
	assert_memory_equal(got, "hello", 5);
	assert_int_equal(host_bind_unix(at, path, type, &err), -EADDRINUSE);
	assert_non_null(getcwd(after, sizeof(after)));
	assert_string_equal(before, after);
}

static void sockets_of_short_paths(void **state)
{
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/absolute", scratch);
	talk(AT_FDCWD, path, SOCK_STREAM);
	talk(dir, "relative", SOCK_SEQPACKET);
	talk(dir, "datagram", SOCK_DGRAM);
}

static char *long_directory(void)
{
	auto_free char *name = xmalloc(151), *path = NULL;

	memset(name, 'd', 150);
	name[150] = '\0';
	path = xasprintf("%s/%s/%s", scratch, name, name);
	assert_int_equal(host_mkdir_parents(path, 0755, &err), 0);
	return take_ptr(&path);
}

static void sockets_of_long_directories(void **state)
{
	auto_free char *directory = long_directory();
	auto_free char *path = xasprintf("%s/socket", directory);
	auto_free char *relative = xasprintf("%s/other", directory + strlen(scratch) + 1);

	(void)state;
	talk(AT_FDCWD, path, SOCK_STREAM);
	talk(dir, relative, SOCK_SEQPACKET);
	assert_int_equal(entries(), 1);
}

/* sun_path has room for 107 bytes: on both sides of that, and up to NAME_MAX. */
static void sockets_of_long_names(void **state)
{
	static const size_t lengths[] = { 106, 107, 108, 109, 200, NAME_MAX };
	char name[NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(name, 'n', sizeof(name));
		name[lengths[i]] = '\0';
		talk(dir, name, i % 2 ? SOCK_STREAM : SOCK_DGRAM);
	}
	assert_int_equal(entries(), ARRAY_SIZE(lengths));
}

static void sockets_that_fail(void **state)
{
	auto_free char *directory = long_directory();
	auto_free char *path = xasprintf("%s/none", directory);

	(void)state;
	assert_int_equal(host_connect_unix(dir, "none", SOCK_STREAM, &err), -ENOENT);
	assert_string_equal(err.msg, "connect to the socket \"none\": no such file or directory");
	assert_int_equal(host_connect_unix(AT_FDCWD, path, SOCK_STREAM, &err), -ENOENT);
	/* An empty name must not become an abstract socket. */
	assert_int_equal(host_connect_unix(dir, "", SOCK_STREAM, &err), -ENOENT);
	assert_int_equal(host_bind_unix(dir, "", SOCK_STREAM, &err), -ENOENT);
	assert_int_equal(host_bind_unix(dir, "none/s", SOCK_STREAM, &err), -ENOENT);
	make_file("f", "", 0);
	assert_int_equal(host_connect_unix(dir, "f", SOCK_STREAM, &err), -ECONNREFUSED);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(opening),
		WITH_DIR(reading),
		WITH_DIR(reading_what_is_no_file),
		WITH_DIR(writing),
		WITH_DIR(replacing),
		WITH_DIR(replacing_follows_no_link),
		WITH_DIR(directories),
		WITH_DIR(removing_and_looking),
		WITH_DIR(canonical_paths),
		WITH_DIR(sockets_of_short_paths),
		WITH_DIR(sockets_of_long_directories),
		WITH_DIR(sockets_of_long_names),
		WITH_DIR(sockets_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
