// SPDX-License-Identifier: Apache-2.0
/*
 * Files of the host: see the header.
 *
 * Paths here come from the command line or the configuration and are trusted; links are followed as
 * everywhere on the host.  Nothing below a root that an image controls may come this way: that is
 * base/path.c's work.  The AF_UNIX helpers change the working directory for a moment and therefore
 * belong to single-threaded processes.
 */
#include "base/hostfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/mem.h"
#include "base/procfs.h"

#define READ_START 16384 /* most files we read fit: config.json, a cgroup or proc file */

int host_open(int dirfd, const char *path, int flags, mode_t mode, struct err *err)
{
	int fd = openat(dirfd, path, flags | O_CLOEXEC | O_NOCTTY, mode);

	if (fd < 0)
		return err_sys(err, errno, "open \"%s\"", path);
	return fd;
}

int host_read_fd(
	int fd, const char *name, size_t max, char **out_data, size_t *out_len, struct err *err)
{
	size_t size = max < READ_START ? max + 1 : READ_START, len = 0;
	auto_free char *data = xmalloc(size + 1);

	for (;;) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read \"%s\"", name);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return err_sys(err, EFBIG, "read \"%s\" (limit: %zu bytes)", name, max);
		if (len == size) { /* one byte above the limit is enough to notice */
			size = size > max / 2 ? max + 1 : size * 2;
			data = xrealloc_array(data, size + 1, 1);
		}
	}
	data[len] = '\0';
	*out_data = take_ptr(&data);
	if (out_len)
		*out_len = len;
	return 0;
}

int host_read(
	int dirfd, const char *path, size_t max, char **out_data, size_t *out_len, struct err *err)
{
	auto_close int fd = host_open(dirfd, path, O_RDONLY, 0, err);

	if (fd < 0)
		return fd;
	return host_read_fd(fd, path, max, out_data, out_len, err);
}

static const char *file_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return NULL;
	case S_IFDIR:
		return "directory";
	case S_IFIFO:
		return "fifo";
	default:
		return "device";
	}
}

int host_read_regular(
	int dirfd, const char *path, size_t max, char **out_data, size_t *out_len, struct err *err)
{
	/* O_NONBLOCK: a fifo without a writer would be waited for. */
	auto_close int fd = host_open(dirfd, path, O_RDONLY | O_NONBLOCK, 0, err);

	return fd < 0 ? fd : host_read_regular_fd(fd, path, max, out_data, out_len, err);
}

int host_read_regular_fd(
	int fd, const char *path, size_t max, char **out_data, size_t *out_len, struct err *err)
{
	const char *type;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", path);
	type = file_type(st.st_mode);
	if (type)
		return err_bad_errno(err, ERR_OTHER, EINVAL,
			"\"%s\" is a %s and not a regular file", path, type);
	return host_read_fd(fd, path, max, out_data, out_len, err);
}

/* What was written is half of the explanation when the kernel refuses a value. */
static int write_failed(struct err *err, int errnum, const char *data, size_t len, const char *path)
{
	size_t shown = 0;

	while (shown < len && shown < 64 && data[shown] >= ' ' && data[shown] <= '~')
		shown++;
	return err_sys(err, errnum, "write \"%.*s%s\" to \"%s\"", (int)shown, data,
		shown + 1 < len ? "..." : "", path);
}

int host_write(int dirfd, const char *path, const char *data, size_t len, struct err *err)
{
	auto_close int fd = host_open(dirfd, path, O_WRONLY, 0, err);
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = write(fd, data, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return write_failed(err, errno, data, len, path);
	if ((size_t)n != len)
		return write_failed(err, EIO, data, len, path);
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int host_replace(
	int dirfd, const char *path, const char *data, size_t len, mode_t mode, struct err *err)
{
	auto_free char *temporary = xasprintf("%s.%d.tmp", path, (int)getpid());
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	auto_close int fd = openat(dirfd, temporary, flags, mode);
	int r;

	/* Left behind by a killed process that had our pid. */
	if (fd < 0 && errno == EEXIST && unlinkat(dirfd, temporary, 0) == 0)
		fd = openat(dirfd, temporary, flags, mode);
	if (fd < 0)
		return err_sys(err, errno, "create \"%s\"", temporary);
	r = write_all(fd, data, len);
	if (r < 0)
		err_sys(err, -r, "write \"%s\"", temporary);
	else if (renameat(dirfd, temporary, dirfd, path) < 0)
		r = err_sys(err, errno, "rename \"%s\" to \"%s\"", temporary, path);
	if (r < 0)
		unlinkat(dirfd, temporary, 0);
	return r;
}

int host_mkdir(int dirfd, const char *path, mode_t mode, struct err *err)
{
	if (mkdirat(dirfd, path, mode) == 0)
		return 0;
	if (errno == EEXIST)
		return 1;
	return err_sys(err, errno, "mkdir \"%s\"", path);
}

int host_mkdir_parents(const char *path, mode_t mode, struct err *err)
{
	auto_free char *prefix = NULL;

	if (mkdirat(AT_FDCWD, path, mode) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT || !*path)
		return err_sys(err, errno, "mkdir \"%s\"", path);
	prefix = xstrdup(path);
	for (char *end = prefix + strspn(prefix, "/"); *end;) {
		char saved;
		int r;

		end += strcspn(end, "/");
		saved = *end;
		*end = '\0';
		r = host_mkdir(AT_FDCWD, prefix, mode, err);
		if (r < 0)
			return r;
		*end = saved;
		end += strspn(end, "/");
	}
	return 0;
}

int host_unlink(int dirfd, const char *path, int flags, struct err *err)
{
	if (unlinkat(dirfd, path, flags) == 0)
		return 0;
	if (errno == ENOENT)
		return 1;
	return err_sys(err, errno, "%s \"%s\"", flags & AT_REMOVEDIR ? "rmdir" : "unlink", path);
}

int host_realpath(const char *path, char **out_path, struct err *err)
{
	char *real = realpath(path, NULL);

	if (!real)
		return err_sys(err, errno, "resolve \"%s\"", path);
	*out_path = real;
	return 0;
}

int host_stat(int dirfd, const char *path, struct stat *out_st, int flags, struct err *err)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, flags) < 0) {
		if (errno == ENOENT)
			return 1;
		return err_sys(err, errno, "stat \"%s\"", path);
	}
	*out_st = st;
	return 0;
}

/* ---- AF_UNIX: sun_path holds 107 bytes, our directories are often longer ---- */

static bool address_set(struct sockaddr_un *addr, const char *path)
{
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(addr->sun_path)) /* "" would be an abstract name */
		return false;
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(addr->sun_path, path, len + 1);
	return true;
}

/* connect(2) or bind(2) of @path as seen from directory @dirfd; returns 0 or -errno. */
static int call_in(int dirfd, const char *path, int sock, bool binding)
{
	auto_close int back = FD_NONE;
	struct sockaddr_un addr;
	int r = 0;

	if (!address_set(&addr, path))
		return *path ? -ENAMETOOLONG : -ENOENT;
	if (dirfd != AT_FDCWD) {
		back = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (back < 0 || fchdir(dirfd) < 0)
			return -errno;
	}
	do {
		int (*call)(int, const struct sockaddr *, socklen_t) = binding ? bind : connect;

		r = call(sock, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	} while (r == -EINTR);
	if (dirfd != AT_FDCWD && fchdir(back) < 0 && r == 0)
		r = -errno;
	return r;
}

/* A last component that alone is too long: connect through the descriptor of the socket's file. */
static int connect_long(int dirfd, const char *name, int sock)
{
	auto_close int file = openat(dirfd, name, O_PATH | O_CLOEXEC), procfd = FD_NONE;
	char link[40];
	struct err err; /* only its number is of use: the caller names the socket */

	if (file < 0)
		return -errno;
	procfd = procfs_open(PROCFS_PIDS, &err);
	if (procfd < 0)
		return procfd;
	snprintf(link, sizeof(link), "self/fd/%d", file);
	return call_in(procfd, link, sock, false);
}

/* Likewise: bind a short name and rename it, which the socket survives. */
static int bind_long(int dirfd, const char *name, int sock)
{
	char temporary[40];
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EADDRINUSE; /* as bind(2) would say */
	if (errno != ENOENT)
		return -errno;
	snprintf(temporary, sizeof(temporary), ".socket.%d.tmp", (int)getpid());
	r = call_in(dirfd, temporary, sock, true);
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0) {
		r = -errno;
		unlinkat(dirfd, temporary, 0);
	}
	return r;
}

/* Splits @path into its directory's descriptor and the last component, then connects or binds. */
static int attach_long(int dirfd, const char *path, int sock, bool binding)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	auto_free char *dir = slash ? xstrndup(path, (size_t)(name - path)) : xstrdup(".");
	auto_close int fd = openat(dirfd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct sockaddr_un addr;

	if (fd < 0)
		return -errno;
	if (strlen(name) < sizeof(addr.sun_path))
		return call_in(fd, name, sock, binding);
	return binding ? bind_long(fd, name, sock) : connect_long(fd, name, sock);
}

static int unix_socket(int dirfd, const char *path, int type, bool binding)
{
	auto_close int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	const struct timeval bound = { .tv_sec = HOST_PEER_SECONDS };
	struct sockaddr_un addr;
	bool absolute = path[0] == '/';
	int r;

	if (sock < 0)
		return -errno;
	/* connect(2) waits for room in the queue of a listener, as long as for sending. */
	if (!binding && setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound)) < 0)
		return -errno;
	if (strlen(path) < sizeof(addr.sun_path))
		r = call_in(absolute ? AT_FDCWD : dirfd, path, sock, binding);
	else
		r = attach_long(dirfd, path, sock, binding);
	if (r < 0)
		return r == -EAGAIN && !binding ? -ETIMEDOUT : r;
	return take_fd(&sock);
}

int host_connect_unix(int dirfd, const char *path, int type, struct err *err)
{
	int sock = unix_socket(dirfd, path, type, false);

	if (sock < 0)
		return err_sys(err, -sock, "connect to the socket \"%s\"", path);
	return sock;
}

int host_bind_unix(int dirfd, const char *path, int type, struct err *err)
{
	auto_close int sock = unix_socket(dirfd, path, type, true);

	if (sock < 0)
		return err_sys(err, -sock, "bind the socket \"%s\"", path);
	if ((type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != SOCK_DGRAM && listen(sock, SOMAXCONN) < 0)
		return err_sys(err, errno, "listen on the socket \"%s\"", path);
	return take_fd(&sock);
}
