// SPDX-License-Identifier: Apache-2.0
/*
 * Requests to the file server (kvm/fs.h), as a guest that is not trusted sends them.  The input is a
 * list of them: opcode, node, handle (a byte each), length of what follows (two), what follows.  A node
 * or handle byte chooses one that the server gave out earlier, or is made up; a handle not 0 is put
 * over the first eight bytes.  Nothing outside of the shared directory may change.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fuse.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kvm/fs.h"

#define KNOWN_MAX 64
#define REPLY_SIZE 8192
#define FILE_MAX (1 << 20)

static char dir[64], tree[80], secret[80];

struct run {
	struct fs *fs;
	struct fs_worker *worker;
	uint64_t unique;
	uint64_t nodes[KNOWN_MAX], handles[KNOWN_MAX];
	unsigned int node_count, handle_count;
	char reply[REPLY_SIZE];
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type;
	if (ftw->level > 0)
		remove(path);
	return 0;
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	FUZZ_CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void remove_all(void)
{
	if (chdir("/") == 0)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	rmdir(dir);
}

/* Once: the folders, and limits that keep a wild request from filling the disk. */
static void set_up(void)
{
	struct rlimit limit = { FILE_MAX, FILE_MAX };
	struct rlimit files = { 256, 256 };

	if (*dir)
		return;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	setrlimit(RLIMIT_NOFILE, &files);
	snprintf(dir, sizeof(dir), "/tmp/fuzz-fuse.XXXXXX");
	FUZZ_CHECK(mkdtemp(dir));
	snprintf(tree, sizeof(tree), "%s/tree", dir);
	snprintf(secret, sizeof(secret), "%s/secret", dir);
	atexit(remove_all);
}

static void make_tree(void)
{
	char path[256];

	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	FUZZ_CHECK(mkdir(tree, 0755) == 0);
	write_file(dir, "secret", "secret");
	write_file(tree, "f", "0123456789");
	snprintf(path, sizeof(path), "%s/d", tree);
	FUZZ_CHECK(mkdir(path, 0755) == 0);
	write_file(path, "g", "inner");
	snprintf(path, sizeof(path), "%s/l", tree);
	FUZZ_CHECK(symlink("../secret", path) == 0);
	snprintf(path, sizeof(path), "%s/p", tree);
	FUZZ_CHECK(mkfifo(path, 0600) == 0);
}

/* What lies beside the shared directory is as it was. */
static void check_outside(const struct stat *before)
{
	char text[16] = "";
	struct stat st;
	int fd = open(secret, O_RDONLY);

	FUZZ_CHECK(fd >= 0 && read(fd, text, sizeof(text)) == 6 && strcmp(text, "secret") == 0);
	FUZZ_CHECK(fstat(fd, &st) == 0);
	close(fd);
	FUZZ_CHECK(st.st_mode == before->st_mode && st.st_uid == before->st_uid &&
		st.st_gid == before->st_gid && st.st_nlink == before->st_nlink &&
		st.st_mtim.tv_sec == before->st_mtim.tv_sec &&
		st.st_mtim.tv_nsec == before->st_mtim.tv_nsec);
	FUZZ_CHECK(stat(dir, &st) == 0 && st.st_nlink == 3);
}

/* Remembers the numbers in a reply. */
static void learn(struct run *run, uint32_t opcode, size_t len)
{
	struct fuse_entry_out entry;
	struct fuse_open_out open;
	size_t at = sizeof(struct fuse_out_header);

	if (opcode == FUSE_OPEN || opcode == FUSE_OPENDIR) {
		memcpy(&open, run->reply + at, sizeof(open));
		if (len >= at + sizeof(open) && run->handle_count < KNOWN_MAX)
			run->handles[run->handle_count++] = open.fh;
		return;
	}
	if (len < at + sizeof(entry))
		return;
	memcpy(&entry, run->reply + at, sizeof(entry));
	if ((opcode == FUSE_LOOKUP || opcode == FUSE_CREATE || opcode == FUSE_MKDIR ||
		    opcode == FUSE_MKNOD || opcode == FUSE_SYMLINK || opcode == FUSE_LINK ||
		    opcode == FUSE_TMPFILE) &&
		entry.nodeid && run->node_count < KNOWN_MAX)
		run->nodes[run->node_count++] = entry.nodeid;
	if ((opcode == FUSE_CREATE || opcode == FUSE_TMPFILE) &&
		len >= at + sizeof(entry) + sizeof(open) && run->handle_count < KNOWN_MAX) {
		memcpy(&open, run->reply + at + sizeof(entry), sizeof(open));
		run->handles[run->handle_count++] = open.fh;
	}
}

static void send_one(struct run *run, uint32_t opcode, uint64_t node, const void *body, size_t len)
{
	struct fuse_in_header head = { .len = (uint32_t)(sizeof(head) + len),
		.opcode = opcode,
		.unique = ++run->unique,
		.nodeid = node };
	/* Copies of the exact size, so that a sanitizer sees what is read beyond. */
	char *request = malloc(sizeof(head) + len);
	size_t cut = len ? run->unique % (sizeof(head) + len) : 0, got;
	struct iovec in[2], out[2];
	struct fuse_out_header reply;

	memcpy(request, &head, sizeof(head));
	memcpy(request + sizeof(head), body, len);
	in[0] = (struct iovec){ request, cut };
	in[1] = (struct iovec){ request + cut, sizeof(head) + len - cut };
	out[0] = (struct iovec){ run->reply, 20 };
	out[1] = (struct iovec){ run->reply + 20, sizeof(run->reply) - 20 };
	got = fs_serve(run->worker, in, 2, out, 2);
	free(request);
	FUZZ_CHECK(got <= sizeof(run->reply));
	if (opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET) {
		FUZZ_CHECK(got == 0);
		return;
	}
	FUZZ_CHECK(got >= sizeof(reply));
	memcpy(&reply, run->reply, sizeof(reply));
	FUZZ_CHECK(reply.len == got && reply.unique == run->unique);
	FUZZ_CHECK(reply.error <= 0 && reply.error > -4096);
	FUZZ_CHECK(reply.error == 0 || got == sizeof(reply));
	if (reply.error == 0)
		learn(run, opcode, got);
}

static void init(struct run *run)
{
	struct fuse_init_in in = { .major = 7, .minor = 38, .flags = ~0u, .flags2 = ~0u };

	send_one(run, FUSE_INIT, 0, &in, sizeof(in));
}

static uint64_t choose(const uint64_t *known, unsigned int count, uint8_t which)
{
	if (which < count)
		return known[which];
	return (uint64_t)(which & 15) << 32 | which >> 4;
}

static void play(struct run *run, const uint8_t *data, size_t size)
{
	run->nodes[run->node_count++] = FUSE_ROOT_ID;
	init(run);
	while (size >= 5) {
		uint32_t opcode = data[0];
		size_t len = data[3] | (size_t)data[4] << 8;
		uint64_t node = choose(run->nodes, run->node_count, data[1]);
		uint8_t body[4096];

		len = len < size - 5 ? len : size - 5;
		len = len < sizeof(body) ? len : sizeof(body);
		memcpy(body, data + 5, len);
		if (data[2] && len >= 8) {
			uint64_t handle = choose(run->handles, run->handle_count, data[2] - 1);

			memcpy(body, &handle, sizeof(handle));
		}
		data += 5 + len;
		size -= 5 + len;
		/* The disk's time is not what this is about. */
		if (opcode == FUSE_SYNCFS || opcode == FUSE_FSYNC || opcode == FUSE_FSYNCDIR)
			continue;
		send_one(run, opcode, node, body, len);
		if (opcode == FUSE_DESTROY || opcode == FUSE_INIT)
			init(run);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	struct fs_config config = { .descriptors_fd = FD_NONE,
		.locks = size & 1,
		.private_tree = size & 2,
		.submounts = size & 4,
		.max_nodes = 32,
		.max_handles = 16 };
	uint32_t nodes, handles;
	struct stat before;
	struct err err;

	set_up();
	make_tree();
	FUZZ_CHECK(stat(secret, &before) == 0);
	config.tree_fd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	run = (struct run){ 0 };
	FUZZ_CHECK(fs_new(&config, &run.fs, &err) == 0);
	FUZZ_CHECK(fs_worker_new(run.fs, &run.worker, &err) == 0);
	play(&run, data, size);
	fs_counts(run.fs, &nodes, &handles);
	FUZZ_CHECK(nodes >= 1 && nodes <= 32 && handles <= 16);
	fs_reset(run.fs);
	fs_counts(run.fs, &nodes, &handles);
	FUZZ_CHECK(nodes == 1 && handles == 0);
	fs_worker_free(run.worker);
	fs_free(run.fs);
	FUZZ_CHECK(chdir("/") == 0);
	check_outside(&before);
	return 0;
}
