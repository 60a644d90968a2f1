/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of the file server (kvm/fs*.c); see kvm/fs.h. */
#pragma once

#include <linux/capability.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sys/stat.h>

#include "kvm/fs.h"

/* What READ and WRITE move at most: the guest's kernel asks for max_pages of these. */
#define FS_IO_MAX (1u << 20)
/* Largest reply that is built in memory of ours: a value of an extended attribute. */
#define FS_REPLY_MAX 65536u
/* Largest request but for the data of WRITE and BATCH_FORGET: SETXATTR with such a value. */
#define FS_REQUEST_MAX (FS_REPLY_MAX + 1024u)
#define FS_IOV_MAX 1024

/* ---- nodes and handles (fs-table.c) ---- */

/*
 * Slots with numbers that the guest holds: generation << 32 | index.  A slot's entry stays where it
 * is in memory; it lives while the guest holds it or a request uses it.
 */
struct fs_slot {
	uint32_t index, generation;
	uint32_t users; /* requests at work on it */
	bool used;
	uint32_t next; /* of the free list, or of the hash chain: index + 1; 0: the last */
};

struct fs_table {
	pthread_mutex_t lock;
	size_t entry_size; /* of an entry, which begins with a struct fs_slot */
	char **chunks;
	uint32_t max, made, free, count; /* free: index + 1 of the first free one */
};

struct fs_node {
	struct fs_slot slot;
	uint64_t lookups; /* that the guest has not forgotten; under the table's lock */
	int fd; /* O_PATH */
	mode_t type; /* S_IF... */
	uint64_t ino, mount;
	uint32_t dev_major, dev_minor;
	bool mount_root; /* the root of a mount within the tree */
};

struct fs_handle {
	struct fs_slot slot;
	bool released; /* by the guest; under the table's lock */
	int fd;
	mode_t type;
	uint64_t node; /* its number */
	pthread_mutex_t lock; /* of a directory's position */
};

/* ---- the server ---- */

/* A file system of the host that was met in the tree: see fs_ino(). */
struct fs_dev {
	uint32_t major, minor;
};

#define FS_DEVS_MAX 1024

/* The POSIX locks of one owner (a process or so of the guest) on one file: an open file
 * description of the host stands for the owner. */
struct fs_owner {
	uint64_t node, owner;
	int fd;
	struct fs_owner *next;
};

#define FS_OWNERS_MAX 1024

struct fs {
	struct fs_config config;
	int proc_fd; /* /proc/self/fd */
	struct fs_table nodes, handles;
	uint32_t *buckets; /* of the nodes by identity: index + 1; a power of two */
	uint32_t bucket_count;
	uint64_t root_mount;
	uint64_t flags; /* of INIT: FUSE_..., negotiated */
	bool started; /* INIT was answered */
	struct fs_dev devs[FS_DEVS_MAX];
	uint32_t dev_count; /* only grows; read without the lock */
	pthread_mutex_t dev_lock;
	struct fs_owner *owners;
	unsigned int owner_count;
	pthread_mutex_t owner_lock;
};

struct fs_worker {
	struct fs *fs;
	mode_t mask; /* the thread's umask */
	struct __user_cap_data_struct caps[2]; /* as the thread has them */
	uid_t uid; /* the thread's file system ids */
	gid_t gid;
	/* What a request may use while it is served. */
	char in[FS_REQUEST_MAX] __attribute__((aligned(8)));
	char out[FS_REPLY_MAX] __attribute__((aligned(8)));
	char entries[32768] __attribute__((aligned(8)));
	struct iovec iov[FS_IOV_MAX];
};

/* One request while it is served. */
struct fs_call {
	struct fs *fs;
	struct fs_worker *worker;
	struct fuse_in_header head;
	const void *arg; /* the fixed part, copied; of the size that its opcode's row says */
	const char *name, *name2; /* checked names */
	const char *rest; /* what follows in the copy */
	size_t rest_len;
	struct fs_node *node; /* of head.nodeid, held; NULL where the opcode has none */
	size_t body; /* offset of what follows the copied part in the request */
	const struct iovec *in, *vec_out;
	size_t in_count, vec_out_count;
	uint64_t in_len, out_len; /* of what the guest gave */
	char *out; /* FS_REPLY_MAX bytes to build the reply's body in */
	bool grouped; /* the thread has a supplementary group for this request */
	bool placed; /* the body has been written to vec_out already */
};

/* Serves an opcode: the length of the reply's body, or -errno. */
typedef ssize_t fs_op_fn(struct fs_call *call);

/* ---- fs-table.c ---- */

int fs_table_init(struct fs_table *table, size_t entry_size, uint32_t max);
void fs_table_release(struct fs_table *table);
/* Entry @index, which must have been made. */
void *fs_table_at(struct fs_table *table, uint32_t index);

/* The node with this number, held until fs_node_put(); NULL: there is none. */
struct fs_node *fs_node_get(struct fs *fs, uint64_t number);
void fs_node_put(struct fs *fs, struct fs_node *node);
uint64_t fs_node_number(const struct fs_node *node);
/*
 * The node of the file behind @fd (O_PATH, consumed), made or found, with one more look-up, held.
 * *out_stat gets its attributes.  -ENFILE: the guest knows too many.
 */
int fs_node_of(struct fs *fs, int fd, struct statx *out_stat, struct fs_node **out_node);
void fs_node_forget(struct fs *fs, uint64_t number, uint64_t lookups);

/* Makes a handle of @fd (consumed): *out_number.  -ENFILE: too many. */
int fs_handle_new(struct fs *fs, int fd, const struct fs_node *node, uint64_t *out_number);
/* The handle, held; NULL when there is none, or it is not one of node number @node. */
struct fs_handle *fs_handle_get(struct fs *fs, uint64_t number, uint64_t node);
void fs_handle_put(struct fs *fs, struct fs_handle *handle);
/* -EBADF when there is none of @node. */
int fs_handle_release(struct fs *fs, uint64_t number, uint64_t node);

/* Everything but the root goes, at the latest when the requests that hold it are through. */
void fs_nodes_clear(struct fs *fs);
void fs_handles_clear(struct fs *fs);

/* ---- fs-lock.c ---- */

/* The locks of @owner on @node are released. */
void fs_owner_release(struct fs *fs, uint64_t node, uint64_t owner);
void fs_owners_clear(struct fs *fs);

/* ---- fs-attr.c ---- */

/* Seconds for which the guest may believe what it was told: how long a change by others goes unseen.
 * Engines copy files into an image in use, too (podman cp). */
#define FS_VALIDITY 1

int fs_stat(int fd, struct statx *out_stat);
/* Inode numbers are the host's on the first file system of the tree, and made different on the
 * others: the guest sees one file system. */
uint64_t fs_ino(struct fs *fs, const struct statx *st);
void fs_attr_fill(struct fs *fs, const struct statx *st, struct fuse_attr *out_attr);

/* ---- fs-names.c ---- */

/* Opens @name, checked, below @dir (O_PATH) with O_PATH.  A descriptor or -errno. */
int fs_open_name(int dir, const char *name);
/* Looks @name up: fills @out_entry, one more look-up of its node, which is held if wanted. */
int fs_lookup(struct fs *fs, const struct fs_node *dir, const char *name,
	struct fuse_entry_out *out_entry, struct fs_node **out_node);
/* The entry of the file behind @fd (O_PATH, consumed) likewise. */
int fs_entry_of(struct fs *fs, int fd, struct fuse_entry_out *out_entry, struct fs_node **out_node);

/* ---- fs-file.c ---- */

/* The flags of the host's descriptor for what the guest asked for (O_...). */
int fs_open_flags(const struct fs *fs, uint32_t wanted);
/* FOPEN_...: what the guest may keep from one opening to the next. */
uint32_t fs_open_hints(const struct fs *fs, const struct fs_node *node);

/* ---- fs.c ---- */

/* Locks, nodes, handles of the guest: all gone, the connection closed. */
void fs_forget_all(struct fs *fs);

/* Opens the file behind @fd (O_PATH) with @flags. */
int fs_reopen(struct fs *fs, int fd, int flags);
/* A descriptor's name below /proc/self/fd, the worker's working directory. */
struct fs_fd_name {
	char text[12];
};
struct fs_fd_name fs_fd_name(int fd);

/* The request's ids and mask hold for what is created until fs_as_self().  -errno. */
int fs_as_caller(struct fs_call *call, uint32_t mask);
void fs_as_self(struct fs_call *call);
/* Without CAP_FSETID the kernel takes set-user-id and set-group-id bits away on a change. */
void fs_drop_fsetid(struct fs_call *call);
void fs_regain_fsetid(struct fs_call *call);

/* The data of the request from @offset of its body on, @len bytes: vectors in worker->iov.  Their
 * count, or -EINVAL when there is less. */
int fs_body_in(struct fs_call *call, size_t offset, uint64_t len);
/* Where the reply's body goes, at most @len bytes; their count. */
int fs_body_out(struct fs_call *call, uint64_t len);

extern fs_op_fn fs_op_lookup, fs_op_getattr, fs_op_setattr, fs_op_readlink, fs_op_symlink,
	fs_op_mknod, fs_op_mkdir, fs_op_unlink, fs_op_rmdir, fs_op_rename, fs_op_rename2,
	fs_op_link, fs_op_create, fs_op_tmpfile, fs_op_open, fs_op_opendir, fs_op_release,
	fs_op_read, fs_op_write, fs_op_readdir, fs_op_readdirplus, fs_op_statfs, fs_op_fsync,
	fs_op_syncfs, fs_op_flush, fs_op_setxattr, fs_op_getxattr, fs_op_listxattr,
	fs_op_removexattr, fs_op_fallocate, fs_op_lseek, fs_op_copy_file_range, fs_op_getlk,
	fs_op_setlk;
