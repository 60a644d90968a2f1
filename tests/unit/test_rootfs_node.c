// SPDX-License-Identifier: Apache-2.0
/*
 * rootfs/node.c and rootfs/copyup.c: files made below a directory that an image has filled first.
 * Whatever stands there already, nothing is followed, and another file than the one asked for is an
 * error (config-linux.md, "Devices").  Needs no privilege: FIFOs stand in for devices.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "rootfs/internal.h"

/* A directory "in" of the image, a file "outside" that must stay as it is. */
struct scratch {
	char path[64];
	int top, in, out;
	struct err err;
};

static int setup(void **state)
{
	struct scratch *s = xcalloc(1, sizeof(*s));

	umask(0);
	snprintf(s->path, sizeof(s->path), "/tmp/test-rootfs-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->top = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(s->top, "in", 0755), 0);
	assert_int_equal(mkdirat(s->top, "out", 0755), 0);
	assert_int_equal(mknodat(s->top, "outside", S_IFREG | 0640, 0), 0);
	s->in = openat(s->top, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->out = openat(s->top, "out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->in >= 0 && s->out >= 0);
	*state = s;
	return 0;
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
	struct scratch *s = *state;

	close(s->in);
	close(s->out);
	close(s->top);
	nftw(s->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(s);
	return 0;
}

static mode_t mode_of(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode;
}

static void assert_link(int dir, const char *name, const char *target)
{
	char text[256];
	ssize_t len = readlinkat(dir, name, text, sizeof(text) - 1);

	assert_true(len >= 0);
	text[len] = '\0';
	assert_string_equal(text, target);
}

static void write_file(int dir, const char *name, mode_t mode, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_make(void **state)
{
	struct scratch *s = *state;
	struct node fifo = { .name = "pipe", .mode = S_IFIFO | 0622 };

	assert_int_equal(node_make(s->in, &fifo, &s->err), 0);
	assert_int_equal(mode_of(s->in, "pipe"), S_IFIFO | 0622);
	/* the same again, with the mode that is asked for now */
	fifo.mode = S_IFIFO | 0600;
	assert_int_equal(node_make(s->in, &fifo, &s->err), 1);
	assert_int_equal(mode_of(s->in, "pipe"), S_IFIFO | 0600);
}

static void test_make_other(void **state)
{
	struct scratch *s = *state;
	const struct node fifo = { .name = "x", .mode = S_IFIFO | 0600 };

	assert_int_equal(mknodat(s->in, "x", S_IFREG | 0644, 0), 0);
	assert_int_equal(node_make(s->in, &fifo, &s->err), -EEXIST);
	assert_int_equal(mode_of(s->in, "x"), S_IFREG | 0644);
	assert_int_equal(unlinkat(s->in, "x", 0), 0);
	/* a link to what would fit is another file as well */
	assert_int_equal(mkfifoat(s->top, "fifo", 0644), 0);
	assert_int_equal(symlinkat("../fifo", s->in, "x"), 0);
	assert_int_equal(node_make(s->in, &fifo, &s->err), -EEXIST);
	assert_int_equal(mode_of(s->top, "fifo"), S_IFIFO | 0644);
}

/* R5: rdev 0 is that of every pipe and file; the type must fit, too. */
static void test_is(void **state)
{
	const struct node null = { .name = "null", .mode = S_IFCHR | 0666, .dev = makedev(1, 3) };
	const struct node zero = { .name = "zero", .mode = S_IFCHR | 0666, .dev = makedev(1, 5) };
	const struct node none = { .name = "none", .mode = S_IFCHR | 0666 };
	struct scratch *s = *state;
	struct stat st;

	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(node_is(&null, &st));
	assert_false(node_is(&zero, &st));
	assert_int_equal(fstatat(s->top, "outside", &st, 0), 0);
	assert_false(node_is(&none, &st));
}

static void test_target(void **state)
{
	struct scratch *s = *state;
	struct stat st;
	int fd = node_target(s->in, "console", &st, &s->err);

	assert_true(fd >= 0);
	assert_true(S_ISREG(st.st_mode) && st.st_size == 0);
	close(fd);
	fd = node_target(s->in, "console", &st, &s->err); /* it may be there */
	assert_true(fd >= 0);
	close(fd);
	/* CVE-2026-88264: never through a link */
	assert_int_equal(symlinkat("../outside", s->in, "link"), 0);
	assert_int_equal(symlinkat("../made", s->in, "dangling"), 0);
	assert_int_equal(mkdirat(s->in, "dir", 0755), 0);
	assert_int_equal(node_target(s->in, "link", &st, &s->err), -ELOOP);
	assert_int_equal(node_target(s->in, "dangling", &st, &s->err), -ELOOP);
	assert_int_equal(faccessat(s->top, "made", F_OK, 0), -1);
	assert_int_equal(node_target(s->in, "dir", &st, &s->err), -EISDIR);
}

static void test_ptmx(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(node_link_ptmx(s->in, &s->err), 0);
	assert_link(s->in, "ptmx", "pts/ptmx");
	assert_int_equal(node_link_ptmx(s->in, &s->err), 0);
	/* CVE-2026-41579: what the image has there is replaced, what it points to is not touched */
	assert_int_equal(unlinkat(s->in, "ptmx", 0), 0);
	assert_int_equal(symlinkat("../outside", s->in, "ptmx"), 0);
	assert_int_equal(node_link_ptmx(s->in, &s->err), 0);
	assert_link(s->in, "ptmx", "pts/ptmx");
	assert_int_equal(mode_of(s->top, "outside"), S_IFREG | 0640);
	assert_int_equal(unlinkat(s->in, "ptmx", 0), 0);
	assert_int_equal(mkdirat(s->in, "ptmx", 0755), 0);
	assert_int_equal(node_link_ptmx(s->in, &s->err), -EISDIR);
}

static void test_link(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(node_link(s->in, "fd", "/proc/self/fd", &s->err), 0);
	assert_link(s->in, "fd", "/proc/self/fd");
	assert_int_equal(node_link(s->in, "fd", "/elsewhere", &s->err), 0);
	assert_link(s->in, "fd", "/proc/self/fd");
}

static void test_copyup(void **state)
{
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };
	struct scratch *s = *state;
	char text[16] = "";
	struct stat st;
	int fd;

	write_file(s->in, "file", 04711, "hello");
	assert_int_equal(mkdirat(s->in, "dir", 02750), 0);
	assert_int_equal(fchmodat(s->in, "dir", 02750, 0), 0);
	write_file(s->in, "dir/inner", 0400, "");
	assert_int_equal(symlinkat("../outside", s->in, "link"), 0);
	assert_int_equal(mkfifoat(s->in, "fifo", 0620), 0); /* must not be opened: that blocks */
	assert_int_equal(utimensat(s->in, "file", times, 0), 0);
	assert_int_equal(utimensat(s->in, "dir", times, 0), 0);
	assert_int_equal(copyup(s->in, s->out, &s->err), 0);

	assert_int_equal(mode_of(s->out, "file"), S_IFREG | 04711);
	assert_int_equal(mode_of(s->out, "dir"), S_IFDIR | 02750);
	assert_int_equal(mode_of(s->out, "dir/inner"), S_IFREG | 0400);
	assert_int_equal(mode_of(s->out, "fifo"), S_IFIFO | 0620);
	assert_link(s->out, "link", "../outside");
	assert_int_equal(fstatat(s->out, "file", &st, 0), 0);
	assert_int_equal(st.st_mtime, 2000);
	assert_int_equal(fstatat(s->out, "dir", &st, 0), 0);
	assert_int_equal(st.st_mtime, 2000);
	fd = openat(s->out, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	close(fd);
}

/* More entries than one buffer of getdents64(2) holds. */
static void test_copyup_many(void **state)
{
	struct scratch *s = *state;
	char name[64];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "a-rather-long-name-of-a-file-%d", i);
		assert_int_equal(mknodat(s->in, name, S_IFREG | 0600, 0), 0);
	}
	assert_int_equal(copyup(s->in, s->out, &s->err), 0);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "a-rather-long-name-of-a-file-%d", i);
		assert_int_equal(mode_of(s->out, name), S_IFREG | 0600);
	}
}

static void test_copyup_deep(void **state)
{
	struct scratch *s = *state;
	int dir = openat(s->in, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < 200; i++) {
		int next;

		assert_int_equal(mkdirat(dir, "d", 0755), 0);
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = next;
	}
	close(dir);
	assert_int_equal(copyup(s->in, s->out, &s->err), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_make, setup, teardown),
		cmocka_unit_test_setup_teardown(test_make_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is, setup, teardown),
		cmocka_unit_test_setup_teardown(test_target, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ptmx, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copyup, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copyup_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copyup_deep, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
