/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the file server share: a tree, a server of it, and its client. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fuse_client.h"

/* <dir>/tree is shared; <dir>/secret is what must stay out of reach. */
static char dir[64];
static struct fuse_client client, *const c = &client;
static struct err err;

static inline char *path(const char *name)
{
	static char text[8][512];
	static unsigned int next;
	char *p = text[next++ % 8];

	snprintf(p, sizeof(text[0]), "%s/%s", dir, name);
	return p;
}

static inline void write_text(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path(name), 0644), 0); /* whatever the mask of the server's thread */
}

static inline void serve(const struct fs_config *config)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

/* A test with a tree and a server of its own. */
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
