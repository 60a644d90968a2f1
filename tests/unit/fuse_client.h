/* SPDX-License-Identifier: Apache-2.0 */
/* A FUSE client as small as tests need it: builds requests as a guest's kernel does, and hands them
 * to a file server (kvm/fs.h) in this process. */
#pragma once

#include <errno.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kvm/fs.h"

struct fuse_client {
	struct fs *fs;
	struct fs_worker *worker;
	uint64_t unique;
	uint32_t uid, gid;
	char reply[2 << 20]; /* of the last request */
	size_t reply_len; /* with its header */
};

/* The body of the last reply. */
#define FUSE_BODY(client, type) ((type *)((client)->reply + sizeof(struct fuse_out_header)))

static inline size_t fuse_body_len(const struct fuse_client *c)
{
	return c->reply_len - sizeof(struct fuse_out_header);
}

/*
 * Sends an opcode with up to three parts behind its header; the reply's buffers are cut in odd
 * places.  Returns the reply's error (0 or -errno); 1: there was no reply.
 */
static inline int fuse_call(struct fuse_client *c, uint32_t opcode, uint64_t node, const void *a,
	size_t a_len, const void *b, size_t b_len, const void *d, size_t d_len)
{
	struct fuse_in_header head = {
		.len = (uint32_t)(sizeof(head) + a_len + b_len + d_len),
		.opcode = opcode,
		.unique = ++c->unique,
		.nodeid = node,
		.uid = c->uid,
		.gid = c->gid,
		.pid = 1,
	};
	struct fuse_out_header out;
	struct iovec in[] = {
		{ &head, 7 },
		{ (char *)&head + 7, sizeof(head) - 7 },
		{ (void *)(uintptr_t)a, a_len },
		{ (void *)(uintptr_t)b, b_len },
		{ (void *)(uintptr_t)d, d_len },
	};
	struct iovec vec_out[] = {
		{ c->reply, 5 },
		{ c->reply + 5, 30 },
		{ c->reply + 35, sizeof(c->reply) - 35 },
	};

	c->reply_len = fs_serve(c->worker, in, 5, vec_out, 3);
	if (c->reply_len == 0)
		return 1;
	memcpy(&out, c->reply, sizeof(out));
	if (out.len != c->reply_len || out.unique != head.unique || (out.error && out.len != 16))
		return -EPROTO;
	return out.error;
}

#define FUSE_CALL(c, op, node, in) fuse_call(c, op, node, in, sizeof(*(in)), NULL, 0, NULL, 0)
#define FUSE_NAMED(c, op, node, in, name) \
	fuse_call(c, op, node, in, sizeof(*(in)), name, strlen(name) + 1, NULL, 0)

static inline int fuse_init(struct fuse_client *c, uint64_t flags)
{
	struct fuse_init_in in = { .major = 7,
		.minor = 38,
		.max_readahead = 1 << 17,
		.flags = (uint32_t)flags | FUSE_INIT_EXT,
		.flags2 = (uint32_t)(flags >> 32) };

	return FUSE_CALL(c, FUSE_INIT, 0, &in);
}

/* Looks a name up: its entry is the reply's body.  @out_node may be NULL. */
static inline int fuse_lookup(
	struct fuse_client *c, uint64_t dir, const char *name, uint64_t *out_node)
{
	int r = fuse_call(c, FUSE_LOOKUP, dir, name, strlen(name) + 1, NULL, 0, NULL, 0);

	if (out_node)
		*out_node = r ? 0 : FUSE_BODY(c, struct fuse_entry_out)->nodeid;
	return r;
}

static inline int fuse_open_file(
	struct fuse_client *c, uint64_t node, uint32_t flags, uint64_t *out_handle)
{
	struct fuse_open_in in = { .flags = flags };
	int r = FUSE_CALL(c, FUSE_OPEN, node, &in);

	*out_handle = r ? 0 : FUSE_BODY(c, struct fuse_open_out)->fh;
	return r;
}

static inline int fuse_create_file(struct fuse_client *c, uint64_t dir, const char *name,
	uint32_t flags, uint32_t mode, uint64_t *out_node, uint64_t *out_handle)
{
	struct fuse_create_in in = { .flags = flags, .mode = S_IFREG | mode, .umask = 022 };
	int r = FUSE_NAMED(c, FUSE_CREATE, dir, &in, name);

	*out_node = *out_handle = 0;
	if (r == 0) {
		struct fuse_entry_out *entry = FUSE_BODY(c, struct fuse_entry_out);

		*out_node = entry->nodeid;
		*out_handle = ((struct fuse_open_out *)(entry + 1))->fh;
	}
	return r;
}

static inline int fuse_write_file(struct fuse_client *c, uint64_t node, uint64_t handle,
	uint64_t at, const void *data, size_t len, uint32_t write_flags)
{
	struct fuse_write_in in = {
		.fh = handle, .offset = at, .size = (uint32_t)len, .write_flags = write_flags
	};

	return fuse_call(c, FUSE_WRITE, node, &in, sizeof(in), data, len, NULL, 0);
}

static inline int fuse_read_file(
	struct fuse_client *c, uint64_t node, uint64_t handle, uint64_t at, uint32_t len)
{
	struct fuse_read_in in = { .fh = handle, .offset = at, .size = len };

	return FUSE_CALL(c, FUSE_READ, node, &in);
}

static inline void fuse_forget(struct fuse_client *c, uint64_t node, uint64_t lookups)
{
	struct fuse_forget_in in = { .nlookup = lookups };

	(void)FUSE_CALL(c, FUSE_FORGET, node, &in);
}
