// SPDX-License-Identifier: Apache-2.0
/*
 * fuse-silent deaf|mute|unread FOLDER
 *
 * A FUSE file system on FOLDER that does not answer, as a file server that has gone away:
 *
 *   deaf    does not even take requests: who waits for one can be killed
 *   mute    takes requests and never answers: who waits for one is in state D and cannot be killed
 *   unread  answers, but for reads: FOLDER holds the file "file", 4096 bytes long
 *
 * Prints "ready" when it is mounted.  Ends when it is killed, which aborts what waits; the mount
 * stays, for its maker to remove.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_NODE 2

static union {
	struct fuse_in_header header;
	char bytes[1 << 20];
} request;

static void die(const char *what)
{
	fprintf(stderr, "fuse-silent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void answer(int fd, int error, const void *body, size_t len)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + len),
		.error = -error,
		.unique = request.header.unique,
	};
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)(uintptr_t)body, len } };

	if (writev(fd, parts, 2) < 0 && errno != ENOENT)
		die("answer");
}

static void answer_init(int fd)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096
	};

	answer(fd, 0, &out, sizeof(out));
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = node == FILE_NODE ? 4096 : 0,
		.mode = node == FILE_NODE ? S_IFREG | 0644 : S_IFDIR | 0755,
		.nlink = 1,
	};
}

/* Whatever there is but the content of the file. */
static void answer_unread(int fd)
{
	struct fuse_attr_out attr = { .attr = attributes(request.header.nodeid) };
	struct fuse_entry_out entry = { .nodeid = FILE_NODE, .attr = attributes(FILE_NODE) };
	struct fuse_open_out open = { .open_flags = FOPEN_DIRECT_IO };
	const char *name = request.bytes + sizeof(request.header);

	switch (request.header.opcode) {
	case FUSE_GETATTR:
		answer(fd, 0, &attr, sizeof(attr));
		break;
	case FUSE_LOOKUP:
		if (strcmp(name, "file") == 0)
			answer(fd, 0, &entry, sizeof(entry));
		else
			answer(fd, ENOENT, NULL, 0);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer(fd, 0, &open, sizeof(open));
		break;
	case FUSE_READ:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(fd, ENOSYS, NULL, 0);
	}
}

static int mount_at(const char *folder)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];

	if (fd < 0)
		die("/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other",
		fd);
	if (mount("fuse-silent", folder, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		die(folder);
	return fd;
}

int main(int argc, char **argv)
{
	bool deaf = argc == 3 && strcmp(argv[1], "deaf") == 0;
	bool mute = argc == 3 && strcmp(argv[1], "mute") == 0;
	int fd;

	if (!deaf && !mute && !(argc == 3 && strcmp(argv[1], "unread") == 0))
		return 2;
	fd = mount_at(argv[2]);
	puts("ready");
	fflush(stdout);
	while (read(fd, request.bytes, sizeof(request.bytes)) > 0) {
		if (request.header.opcode == FUSE_INIT)
			answer_init(fd);
		else if (!mute)
			answer_unread(fd);
		while (deaf)
			pause();
	}
	return 0;
}
