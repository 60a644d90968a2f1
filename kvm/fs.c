// SPDX-License-Identifier: Apache-2.0
/* Reading requests, calling what serves them, replying: see kvm/fs.h. */
#include "kvm/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "kvm/fs-internal.h"
#include "kvm/iov.h"

/* Parts of the protocol that the headers of Debian 12 lack. */
#define INIT_IN_MIN 16 /* struct fuse_init_in up to its flags */
#define INIT_CREATE_SUPP_GROUP (1ull << 34)
#define INIT_DIRECT_IO_ALLOW_MMAP (1ull << 36)
#define EXT_GROUPS 32

/* What one BATCH_FORGET forgets at most; Linux sends none by this device. */
#define FORGETS_MAX 65536u

/* Extensions behind a request, each filled up to 8 bytes: so far the groups of the caller that
 * matter to what is made, of which there is at most one. */
struct ext_header {
	uint32_t size, type;
};
struct ext_group {
	struct ext_header head;
	uint32_t count, gid;
};

/* ---- what a guest may want ---- */

#define OP_CHANGES 1u /* refused in a read-only tree */
#define OP_NODELESS 2u /* the node number means nothing, or is looked up by the function */
#define OP_SILENT 4u /* no reply */
#define OP_DATA 8u /* what follows the fixed part is not copied */

struct op {
	const char *name;
	fs_op_fn *fn;
	uint16_t arg_size;
	uint8_t names; /* that follow the fixed part: components of paths */
	uint8_t flags;
};

static fs_op_fn op_init, op_destroy, op_forget, op_batch_forget;

/* What has no row is answered with ENOSYS, which tells the guest's kernel never to ask again. */
static const struct op ops[] = {
	[FUSE_LOOKUP] = { "LOOKUP", fs_op_lookup, 0, 1, 0 },
	[FUSE_FORGET] = { "FORGET", op_forget, sizeof(struct fuse_forget_in), 0,
		OP_NODELESS | OP_SILENT },
	[FUSE_GETATTR] = { "GETATTR", fs_op_getattr, sizeof(struct fuse_getattr_in), 0, 0 },
	[FUSE_SETATTR] = { "SETATTR", fs_op_setattr, sizeof(struct fuse_setattr_in), 0,
		OP_CHANGES },
	[FUSE_READLINK] = { "READLINK", fs_op_readlink, 0, 0, 0 },
	[FUSE_SYMLINK] = { "SYMLINK", fs_op_symlink, 0, 1, OP_CHANGES },
	[FUSE_MKNOD] = { "MKNOD", fs_op_mknod, sizeof(struct fuse_mknod_in), 1, OP_CHANGES },
	[FUSE_MKDIR] = { "MKDIR", fs_op_mkdir, sizeof(struct fuse_mkdir_in), 1, OP_CHANGES },
	[FUSE_UNLINK] = { "UNLINK", fs_op_unlink, 0, 1, OP_CHANGES },
	[FUSE_RMDIR] = { "RMDIR", fs_op_rmdir, 0, 1, OP_CHANGES },
	[FUSE_RENAME] = { "RENAME", fs_op_rename, sizeof(struct fuse_rename_in), 2, OP_CHANGES },
	[FUSE_LINK] = { "LINK", fs_op_link, sizeof(struct fuse_link_in), 1, OP_CHANGES },
	[FUSE_OPEN] = { "OPEN", fs_op_open, sizeof(struct fuse_open_in), 0, 0 },
	[FUSE_READ] = { "READ", fs_op_read, sizeof(struct fuse_read_in), 0, OP_NODELESS },
	[FUSE_WRITE] = { "WRITE", fs_op_write, sizeof(struct fuse_write_in), 0,
		OP_CHANGES | OP_NODELESS | OP_DATA },
	[FUSE_STATFS] = { "STATFS", fs_op_statfs, 0, 0, 0 },
	[FUSE_RELEASE] = { "RELEASE", fs_op_release, sizeof(struct fuse_release_in), 0,
		OP_NODELESS },
	[FUSE_FSYNC] = { "FSYNC", fs_op_fsync, sizeof(struct fuse_fsync_in), 0, OP_NODELESS },
	[FUSE_SETXATTR] = { "SETXATTR", fs_op_setxattr, FUSE_COMPAT_SETXATTR_IN_SIZE, 0,
		OP_CHANGES },
	[FUSE_GETXATTR] = { "GETXATTR", fs_op_getxattr, sizeof(struct fuse_getxattr_in), 0, 0 },
	[FUSE_LISTXATTR] = { "LISTXATTR", fs_op_listxattr, sizeof(struct fuse_getxattr_in), 0, 0 },
	[FUSE_REMOVEXATTR] = { "REMOVEXATTR", fs_op_removexattr, 0, 0, OP_CHANGES },
	[FUSE_FLUSH] = { "FLUSH", fs_op_flush, sizeof(struct fuse_flush_in), 0, OP_NODELESS },
	[FUSE_INIT] = { "INIT", op_init, INIT_IN_MIN, 0, OP_NODELESS },
	[FUSE_OPENDIR] = { "OPENDIR", fs_op_opendir, sizeof(struct fuse_open_in), 0, 0 },
	[FUSE_READDIR] = { "READDIR", fs_op_readdir, sizeof(struct fuse_read_in), 0, 0 },
	[FUSE_RELEASEDIR] = { "RELEASEDIR", fs_op_release, sizeof(struct fuse_release_in), 0,
		OP_NODELESS },
	[FUSE_FSYNCDIR] = { "FSYNCDIR", fs_op_fsync, sizeof(struct fuse_fsync_in), 0, OP_NODELESS },
	[FUSE_GETLK] = { "GETLK", fs_op_getlk, sizeof(struct fuse_lk_in), 0, 0 },
	[FUSE_SETLK] = { "SETLK", fs_op_setlk, sizeof(struct fuse_lk_in), 0, 0 },
	[FUSE_SETLKW] = { "SETLKW", fs_op_setlk, sizeof(struct fuse_lk_in), 0, 0 },
	[FUSE_CREATE] = { "CREATE", fs_op_create, sizeof(struct fuse_create_in), 1, OP_CHANGES },
	[FUSE_DESTROY] = { "DESTROY", op_destroy, 0, 0, OP_NODELESS },
	[FUSE_BATCH_FORGET] = { "BATCH_FORGET", op_batch_forget,
		sizeof(struct fuse_batch_forget_in), 0, OP_NODELESS | OP_SILENT | OP_DATA },
	[FUSE_FALLOCATE] = { "FALLOCATE", fs_op_fallocate, sizeof(struct fuse_fallocate_in), 0,
		OP_CHANGES | OP_NODELESS },
	[FUSE_READDIRPLUS] = { "READDIRPLUS", fs_op_readdirplus, sizeof(struct fuse_read_in), 0,
		0 },
	[FUSE_RENAME2] = { "RENAME2", fs_op_rename2, sizeof(struct fuse_rename2_in), 2,
		OP_CHANGES },
	[FUSE_LSEEK] = { "LSEEK", fs_op_lseek, sizeof(struct fuse_lseek_in), 0, OP_NODELESS },
	[FUSE_COPY_FILE_RANGE] = { "COPY_FILE_RANGE", fs_op_copy_file_range,
		sizeof(struct fuse_copy_file_range_in), 0, OP_CHANGES | OP_NODELESS },
	[FUSE_SYNCFS] = { "SYNCFS", fs_op_syncfs, sizeof(struct fuse_syncfs_in), 0, 0 },
	[FUSE_TMPFILE] = { "TMPFILE", fs_op_tmpfile, sizeof(struct fuse_create_in), 0, OP_CHANGES },
};

static const struct op *op_find(uint32_t opcode)
{
	return opcode < ARRAY_SIZE(ops) && ops[opcode].fn ? &ops[opcode] : NULL;
}

/* ---- a request's vectors ---- */

int fs_body_in(struct fs_call *call, size_t offset, uint64_t len)
{
	if (call->in_len < call->body + offset || call->in_len - call->body - offset < len)
		return -EINVAL;
	return (int)iov_part(
		call->in, call->in_count, call->body + offset, len, call->worker->iov, FS_IOV_MAX);
}

int fs_body_out(struct fs_call *call, uint64_t len)
{
	return (int)iov_part(call->vec_out, call->vec_out_count, sizeof(struct fuse_out_header),
		len, call->worker->iov, FS_IOV_MAX);
}

/* ---- ids, masks, capabilities of the serving thread ---- */

static void caps_set(struct fs_worker *w, uint32_t effective)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { w->caps[0], w->caps[1] };

	caps[0].effective = effective;
	/* Taking away what one has never fails, nor does taking it back. */
	sys_capset(&head, caps);
}

void fs_drop_fsetid(struct fs_call *call)
{
	struct fs_worker *w = call->worker;

	if (w->caps[0].effective & 1u << CAP_FSETID)
		caps_set(w, w->caps[0].effective & ~(1u << CAP_FSETID));
}

void fs_regain_fsetid(struct fs_call *call)
{
	struct fs_worker *w = call->worker;

	if (w->caps[0].effective & 1u << CAP_FSETID)
		caps_set(w, w->caps[0].effective);
}

/* The group of the directory that a new file is made in, when it is one of the caller's: without
 * it the set-group-id bit of the new file would be taken away (FUSE_CREATE_SUPP_GROUP). */
static bool extra_group(const struct fs_call *call, gid_t *out_gid)
{
	size_t len = call->head.total_extlen * (size_t)8;
	const char *ext;

	if (!(call->fs->flags & INIT_CREATE_SUPP_GROUP) || len > call->rest_len)
		return false;
	ext = call->rest + call->rest_len - len;
	for (size_t at = 0; len - at >= sizeof(struct ext_header);) {
		struct ext_group group;

		memcpy(&group.head, ext + at, sizeof(group.head));
		if (group.head.size < sizeof(group.head) || group.head.size > len - at)
			return false;
		if (group.head.type == EXT_GROUPS && group.head.size >= sizeof(group)) {
			memcpy(&group, ext + at, sizeof(group));
			*out_gid = group.gid;
			return group.count == 1;
		}
		at += group.head.size;
	}
	return false;
}

int fs_as_caller(struct fs_call *call, uint32_t mask)
{
	struct fs_worker *w = call->worker;
	uid_t uid = call->head.uid;
	gid_t gid = call->head.gid, group;

	if ((mask & 0777) != w->mask)
		umask(w->mask = mask & 0777);
	call->grouped = extra_group(call, &group) && sys_setgroups(1, &group) == 0;
	if (gid != w->gid) {
		setfsgid(gid);
		if ((gid_t)setfsgid((gid_t)-1) != gid)
			goto fail;
	}
	if (uid != w->uid) {
		setfsuid(uid);
		if ((uid_t)setfsuid((uid_t)-1) != uid)
			goto fail;
		/* The guest has checked the directory's permissions, with capabilities and groups
		 * that this process knows nothing of. */
		caps_set(w,
			w->caps[0].effective &
				(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH |
					1u << CAP_SETUID | 1u << CAP_SETGID));
	}
	return 0;
fail:
	fs_as_self(call);
	return -EPERM;
}

void fs_as_self(struct fs_call *call)
{
	struct fs_worker *w = call->worker;

	if (call->head.uid != w->uid) {
		setfsuid(w->uid);
		caps_set(w, w->caps[0].effective);
	}
	if (call->head.gid != w->gid)
		setfsgid(w->gid);
	if (call->grouped)
		sys_setgroups(0, NULL);
	call->grouped = false;
}

/* ---- descriptors ---- */

struct fs_fd_name fs_fd_name(int fd)
{
	struct fs_fd_name name;

	snprintf(name.text, sizeof(name.text), "%d", fd);
	return name;
}

int fs_reopen(struct fs *fs, int fd, int flags)
{
	struct fs_fd_name name = fs_fd_name(fd);
	int r = openat(fs->proc_fd, name.text /* path: a descriptor's number below /proc/self/fd */,
		flags | O_CLOEXEC);

	return r < 0 ? -errno : r;
}

/* ---- the connection ---- */

/* What this server can do, and when. */
static uint64_t wanted_flags(const struct fs_config *config)
{
	uint64_t flags = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_DONT_MASK |
		FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_ASYNC_DIO |
		FUSE_PARALLEL_DIROPS | FUSE_HANDLE_KILLPRIV_V2 | FUSE_POSIX_ACL | FUSE_MAX_PAGES |
		FUSE_INIT_EXT | FUSE_SETXATTR_EXT | INIT_CREATE_SUPP_GROUP | FUSE_AUTO_INVAL_DATA |
		INIT_DIRECT_IO_ALLOW_MMAP;

	if (config->private_tree)
		flags |= FUSE_WRITEBACK_CACHE | FUSE_CACHE_SYMLINKS;
	if (config->locks)
		flags |= FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS;
	if (config->submounts)
		flags |= FUSE_SUBMOUNTS;
	return flags;
}

static ssize_t op_init(struct fs_call *call)
{
	struct fs *fs = call->fs;
	struct fuse_init_in in = { 0 };
	struct fuse_init_out *out = (struct fuse_init_out *)call->out;
	uint64_t offered;
	size_t more = sizeof(in) - INIT_IN_MIN;

	memcpy(&in, call->arg, INIT_IN_MIN);
	memcpy((char *)&in + INIT_IN_MIN, call->rest,
		call->rest_len < more ? call->rest_len : more);
	if (in.major < FUSE_KERNEL_VERSION)
		return -EPROTO;
	*out = (struct fuse_init_out){ .major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION };
	if (in.major > FUSE_KERNEL_VERSION) /* it will ask again with ours */
		return sizeof(*out);
	/* Older ones have other structures; every kernel with virtio-fs is newer. */
	if (in.minor < 31)
		return -EPROTO;
	fs_forget_all(fs);
	offered = in.flags;
	if (in.flags & FUSE_INIT_EXT)
		offered |= (uint64_t)in.flags2 << 32;
	fs->flags = wanted_flags(&fs->config) & offered;
	out->max_readahead = in.max_readahead;
	out->flags = (uint32_t)fs->flags;
	out->flags2 = (uint32_t)(fs->flags >> 32);
	out->max_background = 64;
	out->congestion_threshold = 48;
	out->max_write = FS_IO_MAX;
	out->max_pages = FS_IO_MAX / 4096;
	out->time_gran = 1;
	__atomic_store_n(&fs->started, true, __ATOMIC_RELEASE);
	return sizeof(*out);
}

static ssize_t op_destroy(struct fs_call *call)
{
	/* Others may still be serving: what they hold goes when they are through. */
	fs_forget_all(call->fs);
	return 0;
}

static ssize_t op_forget(struct fs_call *call)
{
	const struct fuse_forget_in *in = call->arg;

	fs_node_forget(call->fs, call->head.nodeid, in->nlookup);
	return 0;
}

static ssize_t op_batch_forget(struct fs_call *call)
{
	const struct fuse_batch_forget_in *in = call->arg;
	struct fuse_forget_one one;
	uint64_t at = call->body;

	/* No more than the request holds, and than one request may keep a thread busy with. */
	for (uint32_t i = 0; i < in->count && i < FORGETS_MAX && at + sizeof(one) <= call->in_len;
		i++, at += sizeof(one)) {
		iov_read(call->in, call->in_count, at, &one, sizeof(one));
		fs_node_forget(call->fs, one.nodeid, one.nlookup);
	}
	return 0;
}

/* ---- one request ---- */

/* Takes a name: a path's single component, and nothing that leads elsewhere. */
static int take_name(struct fs_call *call, const char **out_name)
{
	const char *end = memchr(call->rest, '\0', call->rest_len);
	size_t len;

	if (!end)
		return -EINVAL;
	len = (size_t)(end - call->rest);
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	if (len == 0 || memchr(call->rest, '/', len) || strcmp(call->rest, ".") == 0 ||
		strcmp(call->rest, "..") == 0)
		return -EINVAL;
	*out_name = call->rest;
	call->rest += len + 1;
	call->rest_len -= len + 1;
	return 0;
}

/* Copies and checks everything but data. */
static int decode(struct fs_call *call, const struct op *op)
{
	struct fs_worker *w = call->worker;
	size_t want = op->arg_size, got;
	int r = 0;

	/* What the header says must be there; what lies beyond is not the request. */
	if (call->head.len < sizeof(call->head) || call->head.len > call->in_len)
		return -EINVAL;
	call->in_len = call->head.len;
	if (!(op->flags & OP_DATA)) {
		want = call->in_len - sizeof(call->head);
		if (want > sizeof(w->in))
			return -E2BIG;
	}
	got = iov_read(call->in, call->in_count, sizeof(call->head), w->in, want);
	if (got < want || want < op->arg_size)
		return -EINVAL;
	call->arg = w->in;
	call->rest = w->in + op->arg_size;
	call->rest_len = want - op->arg_size;
	call->body = sizeof(call->head) + op->arg_size;
	if (op->names > 0)
		r = take_name(call, &call->name);
	if (r == 0 && op->names > 1)
		r = take_name(call, &call->name2);
	return r;
}

static ssize_t run(struct fs_call *call, const struct op *op)
{
	struct fs *fs = call->fs;
	ssize_t r = decode(call, op);

	if (r < 0)
		return r;
	if (!__atomic_load_n(&fs->started, __ATOMIC_ACQUIRE) && op->fn != op_init)
		return -EIO;
	if ((op->flags & OP_CHANGES) && fs->config.read_only)
		return -EROFS;
	if (!(op->flags & OP_NODELESS)) {
		call->node = fs_node_get(fs, call->head.nodeid);
		if (!call->node)
			return -ESTALE;
	}
	r = op->fn(call);
	fs_node_put(fs, call->node);
	return r;
}

size_t fs_serve(struct fs_worker *worker, const struct iovec *in, size_t in_count,
	const struct iovec *out, size_t out_count)
{
	struct fs_call call = {
		.fs = worker->fs,
		.worker = worker,
		.in = in,
		.in_count = in_count,
		.vec_out = out,
		.vec_out_count = out_count,
		.in_len = iov_len(in, in_count),
		.out_len = iov_len(out, out_count),
		.out = worker->out,
	};
	struct fuse_out_header head = { .len = sizeof(head) };
	const struct op *op;
	ssize_t r = -ENOSYS;

	if (iov_read(in, in_count, 0, &call.head, sizeof(call.head)) < sizeof(call.head))
		return 0;
	op = op_find(call.head.opcode);
	/* A request whose answer has no room is not carried out. */
	if (call.out_len < sizeof(head) && !(op && op->flags & OP_SILENT))
		return 0;
	if (op)
		r = run(&call, op);
	if (op && op->flags & OP_SILENT)
		return 0;
	if (r >= 0 && (uint64_t)r > call.out_len - sizeof(head))
		r = -ERANGE;
	head.unique = call.head.unique;
	/* Both are "too many open files"; the guest's process is not who has too many. */
	head.error = r < 0 ? (int32_t)(r == -EMFILE ? -ENFILE : r) : 0;
	head.len += r > 0 ? (uint32_t)r : 0;
	if (r > 0 && !call.placed)
		iov_write(out, out_count, sizeof(head), call.out, (size_t)r);
	iov_write(out, out_count, 0, &head, sizeof(head));
	return head.len;
}

/* ---- life cycle ---- */

static int root_init(struct fs *fs, struct err *err)
{
	int fd = openat(fs->config.tree_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), r;
	struct fs_node *root;
	struct statx st;

	if (fd < 0)
		return err_sys(err, errno, "open the shared directory");
	r = fs_node_of(fs, fd, &st, &root);
	if (r < 0)
		return err_sys(err, -r, "stat the shared directory");
	fs->root_mount = root->mount;
	fs_ino(fs, &st); /* its file system is the first */
	fs_node_put(fs, root);
	return 0;
}

static int descriptors(int given, struct err *err)
{
	auto_close int procfd = FD_NONE;
	int fd;

	if (given >= 0) {
		fd = fcntl(given, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? err_sys(err, errno, "fcntl F_DUPFD_CLOEXEC") : fd;
	}
	procfd = procfs_open(PROCFS_PIDS, err);
	return procfd < 0 ? procfd : procfs_file(procfd, "self/fd", O_PATH | O_DIRECTORY, err);
}

static uint32_t limit(uint32_t wanted, uint64_t fallback)
{
	uint64_t max = wanted ? wanted : fallback;

	return (uint32_t)(max < 16 ? 16 : max > 16u << 20 ? 16u << 20 : max);
}

int fs_new(const struct fs_config *config, struct fs **out_fs, struct err *err)
{
	auto_(fs) struct fs *fs = xcalloc(1, sizeof(*fs));
	struct rlimit files = { 1024, 1024 };
	int r;

	fs->config = *config;
	pthread_mutex_init(&fs->dev_lock, NULL);
	pthread_mutex_init(&fs->owner_lock, NULL);
	getrlimit(RLIMIT_NOFILE, &files);
	fs->proc_fd = FD_NONE;
	fs->bucket_count = 256;
	fs->buckets = xcalloc(fs->bucket_count, sizeof(*fs->buckets));
	if (fs_table_init(&fs->nodes, sizeof(struct fs_node),
		    limit(config->max_nodes, files.rlim_cur / 8 * 3)) < 0 ||
		fs_table_init(&fs->handles, sizeof(struct fs_handle),
			limit(config->max_handles, files.rlim_cur / 16)) < 0)
		return err_sys(err, ENOMEM, "make the tables of the file server");
	fs->proc_fd = descriptors(config->descriptors_fd, err);
	if (fs->proc_fd < 0)
		return fs->proc_fd;
	r = root_init(fs, err);
	if (r < 0)
		return r;
	*out_fs = take_ptr(&fs);
	return 0;
}

void fs_forget_all(struct fs *fs)
{
	__atomic_store_n(&fs->started, false, __ATOMIC_RELEASE);
	fs_handles_clear(fs);
	fs_nodes_clear(fs);
	fs_owners_clear(fs);
}

void fs_reset(struct fs *fs)
{
	fs_forget_all(fs);
}

void fs_free(struct fs *fs)
{
	if (!fs)
		return;
	if (fs->nodes.chunks && fs->handles.chunks) {
		fs_forget_all(fs);
		if (fs->nodes.count > 0)
			fd_close(&((struct fs_node *)fs_table_at(&fs->nodes, 0))->fd);
	}
	fs_table_release(&fs->nodes);
	fs_table_release(&fs->handles);
	pthread_mutex_destroy(&fs->dev_lock);
	pthread_mutex_destroy(&fs->owner_lock);
	fd_close(&fs->proc_fd);
	fd_close(&fs->config.tree_fd);
	free(fs->buckets);
	free(fs);
}

int fs_worker_new(struct fs *fs, struct fs_worker **out_worker, struct err *err)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	auto_(fs_worker) struct fs_worker *w = xcalloc(1, sizeof(*w));

	w->fs = fs;
	if (unshare(CLONE_FS) < 0)
		return err_sys(err, errno, "unshare the working directory");
	if (fchdir(fs->proc_fd) < 0)
		return err_sys(err, errno, "enter \"/proc/self/fd\"");
	umask(0); /* as w->mask */
	/* Groups of the host's user would let requests do more than they may; a user namespace may
	 * deny changing them, and then maps none that matter. */
	sys_setgroups(0, NULL);
	w->uid = (uid_t)setfsuid((uid_t)-1);
	w->gid = (gid_t)setfsgid((gid_t)-1);
	if (sys_capget(&head, w->caps) < 0)
		return err_sys(err, errno, "capget");
	*out_worker = take_ptr(&w);
	return 0;
}

void fs_worker_free(struct fs_worker *worker)
{
	free(worker);
}

void fs_counts(struct fs *fs, uint32_t *out_nodes, uint32_t *out_handles)
{
	*out_nodes = fs->nodes.count;
	*out_handles = fs->handles.count;
}
