// SPDX-License-Identifier: Apache-2.0
/*
 * A procfs that nobody can mount over: see the header (security rule R4).
 *
 * The detached instance needs fsopen and the right to mount procfs.  Where either is missing the
 * system's /proc serves, and then every component on the way to a file is checked to lie on the
 * very mount that was verified at the start: by openat2(RESOLVE_NO_XDEV), or without openat2 by the
 * mount id of each component.
 */
#include "base/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/path.h"
#include "base/sys.h"

#define ROOT_INODE 1 /* PROC_ROOT_INO: a bind mount of a directory below /proc has another */

/* Returns the descriptor or -errno. */
static int open_detached(enum procfs_scope scope)
{
	auto_close int fs = sys_fsopen("proc");
	int r;

	if (fs < 0)
		return fs;
	if (scope == PROCFS_PIDS) {
		/* Linux before 5.8 does not know it (EINVAL): a full one is no less trustworthy. */
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0);
		if (r < 0 && r != -EINVAL)
			return r;
	}
	r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return r;
	return sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int open_system(struct err *err)
{
	auto_close int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return err_sys(err, errno, "open \"/proc\"");
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat \"/proc\"");
	if (fs.f_type != MAGIC_PROC || st.st_ino != ROOT_INODE)
		return err_bad(err, ERR_OTHER, "\"/proc\" is not the root of a procfs");
	return take_fd(&fd);
}

int procfs_open(enum procfs_scope scope, struct err *err)
{
	int fd = open_detached(scope);

	if (fd >= 0)
		return fd;
	fd = open_system(err);
	if (fd < 0)
		err_hint(err, "a procfs of its own could not be mounted either");
	return fd;
}

/* ---- files ---- */

static int mount_id(int fd, uint64_t *out_id)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return -errno;
	if (!(stx.stx_mask & STATX_MNT_ID))
		return -ENOSYS;
	*out_id = stx.stx_mnt_id;
	return 0;
}

static int check_component(int fd, uint64_t mount)
{
	uint64_t id;
	struct statfs fs;
	struct stat st;
	int r = mount_id(fd, &id);

	if (r < 0)
		return r;
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (id != mount || fs.f_type != MAGIC_PROC)
		return -EXDEV;
	return S_ISLNK(st.st_mode) ? -ELOOP : 0;
}

/*
 * "self" and "thread-self" are the only links that our paths may begin with; their texts are
 * "<pid>" and "<pid>/task/<tid>".  Copies @path with the link replaced to @buf.
 */
static int expand_self(int procfd, const char *path, char buf[PATH_MAX])
{
	size_t first = strcspn(path, "/");
	char name[16] = "", text[64];
	ssize_t len;

	if (first < sizeof(name))
		memcpy(name, path, first);
	if (strcmp(name, "self") != 0 && strcmp(name, "thread-self") != 0)
		return snprintf(buf, PATH_MAX, "%s", path) < PATH_MAX ? 0 : -ENAMETOOLONG;
	len = readlinkat(procfd, name, text, sizeof(text)); /* path: one of the two links */
	if (len < 0)
		return -errno;
	if (len == 0 || len == sizeof(text))
		return -ELOOP;
	text[len] = '\0';
	if (text[0] == '/' || strspn(text, "0123456789/task") != (size_t)len)
		return -ELOOP;
	return snprintf(buf, PATH_MAX, "%s%s", text, path + first) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Opens component @name below @dir, unless something is mounted on it. */
static int open_component(int dir, const char *name, int flags, uint64_t mount)
{
	auto_close int fd = FD_NONE;
	int r;

	if (!path_is_name(name))
		return -EXDEV;
	fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC); /* path: a checked name */
	if (fd < 0)
		return -errno;
	r = check_component(fd, mount);
	return r < 0 ? r : take_fd(&fd);
}

/* The way without openat2. */
static int walk(int procfd, const char *path, int flags)
{
	auto_close int dir = FD_NONE, seen = FD_NONE;
	char rest[PATH_MAX], *name = rest, *slash;
	uint64_t mount = 0;
	int r = mount_id(procfd, &mount);

	if (r == 0)
		r = expand_self(procfd, path, rest);
	if (r < 0)
		return r;
	for (; (slash = strchr(name, '/')); name = slash + 1) {
		*slash = '\0';
		r = open_component(dir < 0 ? procfd : dir, name, O_PATH | O_DIRECTORY, mount);
		if (r < 0)
			return r;
		fd_close(&dir);
		dir = r;
	}
	/* Looked at before it is opened: what may be mounted on the name is perhaps a fifo. */
	seen = open_component(dir < 0 ? procfd : dir, name, O_PATH, mount);
	if (seen < 0)
		return seen;
	return open_component(dir < 0 ? procfd : dir, name, flags, mount);
}

/* podman recognises a failed LSM label by its file's name in backquotes. */
static char quote_of(const char *path)
{
	return strstr(path, "/attr/") ? '`' : '"';
}

int procfs_file(int procfd, const char *path, int flags, struct err *err)
{
	int fd = -ENOSYS;

	if (!path_walk_forced())
		fd = sys_openat2(procfd, path, (unsigned int)flags, 0, /* path: stays in procfs */
			RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	/* EPERM: an outer seccomp filter may hide openat2 that way. */
	if (fd == -ENOSYS || fd == -EPERM)
		fd = walk(procfd, path, flags);
	if (fd < 0)
		return err_sys(err, -fd, "open %c/proc/%s%c", quote_of(path), path, quote_of(path));
	return fd;
}

int procfs_write(int procfd, const char *path, const char *data, struct err *err)
{
	auto_close int fd = procfs_file(procfd, path, O_WRONLY, err);
	char quote = quote_of(path);
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = write(fd, data, strlen(data));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, errno, "write to %c/proc/%s%c", quote, path, quote);
	if ((size_t)n != strlen(data))
		return err_sys(err, EIO, "write to %c/proc/%s%c", quote, path, quote);
	return 0;
}

int procfs_read(int procfd, const char *path, size_t max, char **out_data, struct err *err)
{
	auto_close int fd = procfs_file(procfd, path, O_RDONLY, err);
	char name[128];

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "/proc/%s", path);
	return host_read_fd(fd, name, max, out_data, NULL, err);
}

int procfs_reopen(int procfd, int fd, int flags, struct err *err)
{
	auto_close int dir = procfs_file(procfd, "self/fd", O_PATH | O_DIRECTORY, err);
	auto_close int again = FD_NONE;
	struct stat held, opened;
	char number[16];

	if (dir < 0)
		return dir;
	snprintf(number, sizeof(number), "%d", fd);
	again = openat(dir, number, flags | O_CLOEXEC | O_NOCTTY); /* path: a number */
	if (again < 0)
		return err_sys(err, errno, "reopen descriptor %d", fd);
	/* On the system's /proc the link itself can be mounted over. */
	if (fstat(fd, &held) < 0 || fstat(again, &opened) < 0)
		return err_sys(err, errno, "stat descriptor %d", fd);
	if (held.st_dev != opened.st_dev || held.st_ino != opened.st_ino)
		return err_sys(err, EXDEV, "reopen descriptor %d", fd);
	return take_fd(&again);
}

static int copy_mount(int dir)
{
	return sys_open_tree(dir, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
}

/* As copy_mount() of what is in no mount namespace. */
static int copy_placed(int procfd, int dir, int at)
{
	int r = sys_move_mount(
		procfd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	int copy;

	if (r < 0)
		return r;
	copy = copy_mount(dir);
	if (fchdir(procfd) < 0 || umount2(".", MNT_DETACH) < 0) {
		r = -errno;
		fd_close(&copy);
		return r;
	}
	return copy;
}

int procfs_descriptors(int procfd, int at, struct err *err)
{
	auto_close int dir = procfs_file(procfd, "self/fd", O_PATH | O_DIRECTORY, err);
	int copy;

	if (dir < 0)
		return dir;
	copy = copy_mount(dir);
	if (copy == -EINVAL)
		copy = copy_placed(procfd, dir, at);
	return copy < 0 ? err_sys(err, -copy, "copy the mount of \"/proc/self/fd\"") : copy;
}

/* ---- processes ---- */

/*
 * "pid (comm) S ppid ...": comm is the process's own choice and may hold anything, ") R 1" too, so
 * the fields are counted from the last parenthesis.  Field 3 is the state, field 22 the start time.
 */
static bool parse_stat(char *line, struct process_id *id)
{
	char *field = strrchr(line, ')');
	char *saved = NULL;
	uint64_t ticks;

	if (!field || field[1] != ' ' || field[2] == '\0')
		return false;
	field += 2;
	id->state = *field;
	field = strtok_r(field, " \n", &saved);
	for (int i = 3; field && i < 22; i++)
		field = strtok_r(NULL, " \n", &saved);
	if (!field || num_u64(field, UINT64_MAX, &ticks) < 0)
		return false;
	id->start_time = ticks;
	return true;
}

int procfs_identify(int procfd, pid_t pid, struct process_id *out_id, struct err *err)
{
	struct process_id id = { .pid = pid };
	auto_close int fd = FD_NONE;
	char path[32], line[2048]; /* 52 fields of at most 20 characters */
	ssize_t n;

	if (pid <= 0)
		return err_sys(err, ESRCH, "identify process %d", (int)pid);
	snprintf(path, sizeof(path), "%d/stat", (int)pid);
	fd = procfs_file(procfd, path, O_RDONLY, err);
	if (fd == -ENOENT)
		return err_sys(err, ESRCH, "identify process %d", (int)pid);
	if (fd < 0)
		return fd;
	n = read(fd, line, sizeof(line) - 1);
	if (n < 0) /* ESRCH when it has gone since */
		return err_sys(err, errno, "identify process %d", (int)pid);
	line[n] = '\0';
	if (!parse_stat(line, &id))
		return err_bad(err, ERR_OTHER, "\"/proc/%s\" is not understood", path);
	*out_id = id;
	return 0;
}
