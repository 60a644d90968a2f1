// SPDX-License-Identifier: Apache-2.0
/*
 * Where cgroups are: see the header.
 *
 * The paths come from the configuration, a state file or the kernel; none may lead out of the
 * cgroup2 mount, whatever it holds.  So components are checked as text, and then opened with
 * openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS) below a descriptor whose file system is known.
 */
#include "cgroups/where.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/sys.h"

#define MOUNTINFO_MAX (16u << 20)
#define RESOLVE_BELOW \
	(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

/* Where distributions mount it: alone, and beside cgroup v1 (hybrid). */
static const char *const usual_mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

/* Returns the descriptor, or -ENOENT when @path is not a cgroup2 file system. */
static int root_try(const char *path, struct err *err)
{
	auto_close int fd = host_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, err);
	struct statfs fs;

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return err_sys(err, errno, "statfs \"%s\"", path);
	if ((unsigned long)fs.f_type != MAGIC_CGROUP2)
		return err_sys(err, ENOENT, "find a cgroup2 file system at \"%s\"", path);
	return take_fd(&fd);
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
		s[2] <= '7';
}

/* Undoes the \040 escapes of mountinfo. */
static char *unescape(const char *s, size_t len)
{
	char *out = xmalloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 3 < len && is_octal(s + i + 1)) {
			out[n++] = (char)((s[i + 1] - '0') << 6 | (s[i + 2] - '0') << 3 |
				(s[i + 3] - '0'));
			i += 3;
		} else {
			out[n++] = s[i];
		}
	}
	out[n] = '\0';
	return out;
}

/* "36 35 0:31 ROOT POINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS": a field by number, from @line. */
static const char *field(const char *line, int number, size_t *out_len)
{
	for (; number > 0; number--) {
		line += strcspn(line, " \n");
		if (*line == ' ')
			line++;
	}
	*out_len = strcspn(line, " \n");
	return line;
}

static char *mountinfo_point(const char *line, size_t len)
{
	const char *dash = memmem(line, len, " - ", 3), *root, *point;
	size_t n;

	if (!dash || strncmp(dash, " - cgroup2 ", 11) != 0)
		return NULL;
	root = field(line, 3, &n);
	if (n != 1 || *root != '/')
		return NULL; /* a bind mount of one cgroup: paths would not fit it */
	point = field(line, 4, &n);
	return unescape(point, n);
}

char *where_mountinfo_find(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *point = mountinfo_point(text, len);

		if (point)
			return point;
		text += len;
		if (*text == '\n')
			text++;
	}
	return NULL;
}

int where_root_open(struct err *err)
{
	auto_free char *text = NULL, *point = NULL;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(usual_mounts); i++) {
		r = root_try(usual_mounts[i], err);
		if (r != -ENOENT)
			return r;
		err_drop(err); /* not here: try the next place */
	}
	r = host_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	point = where_mountinfo_find(text);
	if (!point)
		return err_bad_errno(err, ERR_OTHER, ENOENT, "no cgroup2 file system is mounted");
	return root_try(point, err);
}

static int component_check(
	const char *name, size_t len, const char *path, const char *property, struct err *err)
{
	if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
		return err_bad(err, ERR_CONFIG, "%s: \"%s\" has a component \"%.*s\"", property,
			path, (int)len, name);
	if (len > NAME_MAX)
		return err_bad_errno(err, ERR_CONFIG, ENAMETOOLONG,
			"%s: a component of %zu bytes (the kernel allows %d)", property, len,
			NAME_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return err_bad(
				err, ERR_CONFIG, "%s: a control character in the path", property);
	return 0;
}

int where_join(
	const char *base, const char *path, const char *property, char **out_path, struct err *err)
{
	auto_(strbuf) struct strbuf joined = STRBUF_INIT;
	size_t count = 0;
	int r;

	strbuf_adds(&joined, strcmp(base, "/") == 0 ? "" : base);
	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");

		if (len > 0) {
			r = component_check(p, len, path, property, err);
			if (r < 0)
				return r;
			strbuf_add(&joined, "/", 1);
			strbuf_add(&joined, p, len);
			count++;
		}
		p += len;
		p += strspn(p, "/");
	}
	if (count == 0)
		return err_bad(err, ERR_CONFIG, "%s: \"%s\" names the root of the cgroup hierarchy",
			property, path);
	if (joined.len >= PATH_MAX)
		return err_bad_errno(
			err, ERR_CONFIG, ENAMETOOLONG, "%s: the path is too long", property);
	*out_path = strbuf_take(&joined);
	return 0;
}

int where_path(const struct cgroup_where *where, const char *base, char **out_path, struct err *err)
{
	const char *path = where->cgroups_path;
	auto_free char *name = NULL;

	if (path && *path)
		return where_join(
			*path == '/' ? "" : base, path, "linux.cgroupsPath", out_path, err);
	/* The prefix keeps an id from meaning a slice of systemd or a file of the cgroup. */
	name = xasprintf(PACKAGE_NAME "-%s", where->id);
	return where_join(base, name, "the container's id as a cgroup", out_path, err);
}

char *where_own_path(const char *text)
{
	const char *line = text;
	size_t len;

	while (strncmp(line, "0::/", 4) != 0) {
		line = strchr(line, '\n');
		if (!line)
			return NULL;
		line++;
	}
	line += 3;
	len = strcspn(line, "\n");
	if (len > 10 && memcmp(line + len - 10, " (deleted)", 10) == 0)
		len -= 10;
	return xstrndup(line, len);
}

char *where_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return xstrdup("/");
	return xstrndup(path, (size_t)(slash - path));
}

/* Delegation is write access to the directory and these two files (cgroups(7)). */
static bool is_delegated(int rootfd, const char *path)
{
	struct err err; /* the answer is no: the reason does not matter */
	auto_close int fd = where_openat(rootfd, path, O_PATH, &err);

	return fd >= 0 && faccessat(fd, ".", W_OK, AT_EACCESS) == 0 &&
		faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) == 0 &&
		faccessat(fd, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
}

/* The cgroup of this process: 0, or 1 when it has none. */
static int own_cgroup(char **out_path, struct err *err)
{
	auto_free char *text = NULL;
	int r = host_read(AT_FDCWD, "/proc/self/cgroup", MOUNTINFO_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	*out_path = where_own_path(text);
	return *out_path ? 0 : 1;
}

/* systemd writes it on what it delegates: the first the system's manager, the second a user's. */
static bool is_marked(int rootfd, const char *path)
{
	static const char *const attributes[] = { "trusted.delegate", "user.delegate" };
	struct err ignored;
	auto_close int fd = where_openat(rootfd, path, O_RDONLY, &ignored);
	char value[2];

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(attributes); i++)
		if (fgetxattr(fd, attributes[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	return false;
}

/* Whether this process is the only one there. */
static bool is_alone(int rootfd, const char *path)
{
	auto_free char *text = NULL, *only = xasprintf("%d\n", getpid());
	struct err ignored;
	auto_close int fd = where_openat(rootfd, path, O_PATH, &ignored);

	return fd >= 0 &&
		host_read(fd, "cgroup.procs", MOUNTINFO_MAX, &text, NULL, &ignored) == 0 &&
		strcmp(text, only) == 0;
}

int where_unit(int rootfd, char **out_base, bool *out_inside, struct err *err)
{
	auto_free char *own = NULL, *parent = NULL;
	int r = own_cgroup(&own, err);

	if (r != 0)
		return r;
	parent = where_parent(own);
	if (is_marked(rootfd, own) && is_alone(rootfd, own)) {
		*out_inside = true;
		*out_base = take_ptr(&own);
	} else if (is_marked(rootfd, parent)) {
		*out_inside = false;
		*out_base = take_ptr(&parent);
	} else {
		return 1;
	}
	return 0;
}

int where_delegated(int rootfd, char **out_base, struct err *err)
{
	auto_free char *own = NULL, *parent = NULL;
	int r = own_cgroup(&own, err);

	if (r != 0)
		return r;
	parent = where_parent(own);
	if (strcmp(parent, "/") != 0 && is_delegated(rootfd, parent))
		*out_base = take_ptr(&parent);
	else if (is_delegated(rootfd, own))
		*out_base = take_ptr(&own);
	else
		return 1;
	return 0;
}

bool where_is_reachable(int rootfd, const char *path)
{
	auto_free char *text = NULL, *own = NULL, *common = NULL;
	struct err err; /* the answer is no: the move will say why */
	auto_close int fd = FD_NONE;
	size_t end = 0;

	if (host_read(AT_FDCWD, "/proc/self/cgroup", MOUNTINFO_MAX, &text, NULL, &err) < 0)
		return false;
	own = where_own_path(text);
	if (!own)
		return false;
	for (size_t i = 0;; i++) {
		bool own_ends = own[i] == '/' || own[i] == '\0';
		bool path_ends = path[i] == '/' || path[i] == '\0';

		if (own_ends && path_ends)
			end = i;
		if (own[i] != path[i] || own[i] == '\0')
			break;
	}
	common = xstrndup(path, end);
	fd = where_openat(rootfd, common, O_PATH, &err);
	return fd >= 0 && faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

/* For kernels and outer seccomp filters without openat2: one component after the other, no links.
 */
static int walk(int rootfd, const char *relative, int flags)
{
	auto_close int fd = openat(rootfd, ".", flags | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];

	while (fd >= 0 && *relative) {
		size_t len = strcspn(relative, "/");
		int next;

		if (len >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, relative, len);
		name[len] = '\0';
		if (!path_is_name(name))
			return -EXDEV;
		next = openat(fd, name /* path: a checked name */,
			flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		fd_close(&fd);
		fd = next;
		relative += len;
		relative += strspn(relative, "/");
	}
	return fd < 0 ? -errno : take_fd(&fd);
}

int where_openat(int rootfd, const char *path, int flags, struct err *err)
{
	const char *relative = path + strspn(path, "/");
	int fd = sys_openat2(rootfd, *relative ? relative : "." /* path: by RESOLVE_BELOW */,
		(uint64_t)(flags | O_DIRECTORY), 0, RESOLVE_BELOW);

	if (fd == -ENOSYS || fd == -EPERM)
		fd = walk(rootfd, relative, flags);
	if (fd < 0)
		return err_sys(err, -fd, "open cgroup \"%s\"", path);
	return fd;
}
