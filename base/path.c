// SPDX-License-Identifier: Apache-2.0
/*
 * Paths inside a container: see the header (security rules R1, R2).
 *
 * Two ways lead to a descriptor.  openat2(RESOLVE_IN_ROOT) does in one call what can be opened.
 * The walk below goes component by component: it is what makes missing components, and what
 * replaces openat2 where an outer filter hides it.  It only ever *descends*: each component is
 * opened with O_NOFOLLOW below the descriptor of the one before, links are read from their own
 * descriptor and begin again at the root when they are absolute, and ".." is taken by descending
 * again from the root to the parent that was seen on the way, never by asking the kernel for ".."
 * (a directory that is moved away in a race would lead out of the root).
 *
 * Safe after clone: no heap (except in the functions that return heap data).
 */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/hostfile.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys.h"

#define LINKS_MAX 40 /* MAXSYMLINKS of the kernel */
#define MAKE_TRIES 16
#define MAGIC_SECURITYFS 0x73636673

#define OPEN_COMPONENT (O_PATH | O_NOFOLLOW | O_CLOEXEC)
#define OPEN_DIR (O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC)

static bool walk_forced; /* set by tests only */

void path_force_walk(bool force)
{
	walk_forced = force;
}

bool path_walk_forced(void)
{
	return walk_forced;
}

bool path_is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		!strchr(name, '/');
}

/* ---- the walk ---- */

struct walk {
	int rootfd;
	int dir; /* where the walk stands: a directory; owned */
	char done[PATH_MAX]; /* the real components that led to dir: "a/b", "" for the root */
	size_t done_len;
	char rest[2 * PATH_MAX]; /* what is left; links put their text in front */
	char *pos; /* in rest */
	unsigned int links;
	const struct path_node *make; /* what to make as the last component; NULL: make nothing */
	mode_t dir_mode; /* of missing directories on the way */
	unsigned int made;
	bool made_last;
};

static void walk_release(struct walk *w)
{
	fd_close(&w->dir);
}

DEFINE_AUTO(walk, walk_release);

static int walk_to_root(struct walk *w)
{
	int fd = openat(w->rootfd, ".", OPEN_DIR);

	if (fd < 0)
		return -errno;
	fd_close(&w->dir);
	w->dir = fd;
	w->done_len = 0;
	w->done[0] = '\0';
	return 0;
}

static int walk_init(struct walk *w, int rootfd, const char *path)
{
	size_t len = strlen(path);

	w->rootfd = rootfd;
	if (len == 0)
		return -ENOENT;
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w->rest, path, len + 1);
	w->pos = w->rest;
	return walk_to_root(w);
}

/* Steps down into directory @fd (consumed), called @name. */
static int walk_down(struct walk *w, int fd, const char *name)
{
	size_t len = strlen(name), slash = w->done_len > 0;

	fd_close(&w->dir);
	w->dir = fd;
	if (w->done_len + slash + len >= sizeof(w->done))
		return -ENAMETOOLONG;
	if (slash)
		w->done[w->done_len] = '/';
	memcpy(w->done + w->done_len + slash, name, len + 1);
	w->done_len += slash + len;
	return 0;
}

/* "..": from the root again to the parent; the root is its own parent. */
static int walk_up(struct walk *w)
{
	char *last = strrchr(w->done, '/');
	char *component = w->done, *end = last ? last : w->done;
	int r;

	*end = '\0';
	r = openat(w->rootfd, ".", OPEN_DIR);
	if (r < 0)
		return -errno;
	fd_close(&w->dir);
	w->dir = r;
	w->done_len = (size_t)(end - w->done);
	while (component < end) {
		char *slash = strchrnul(component, '/');
		char saved = *slash;
		int next;

		*slash = '\0';
		next = openat(w->dir, component, OPEN_DIR);
		*slash = saved;
		if (next < 0)
			return -errno;
		fd_close(&w->dir);
		w->dir = next;
		component = slash + (saved == '/');
	}
	return 0;
}

/*
 * Magic links (/proc/<pid>/root, fd/<n>, apparmorfs' policy) do not lead where their text says.
 * Their texts are absolute, "(unreachable)..." or "type:[inode]"; the ordinary links of procfs
 * ("self", "mounts") are relative and plain.
 */
static bool is_magic_link(int fd, const char *text)
{
	struct statfs fs;

	if (text[0] != '/' && text[0] != '(' && !strchr(text, ':'))
		return false;
	if (fstatfs(fd, &fs) < 0)
		return true;
	return fs.f_type == MAGIC_PROC || fs.f_type == MAGIC_SECURITYFS;
}

/* Puts the text of the link @fd in front of what is left. */
static int walk_link(struct walk *w, int fd)
{
	char text[PATH_MAX];
	size_t rest_len = strlen(w->pos) + 1;
	ssize_t len;

	if (w->links++ >= LINKS_MAX)
		return -ELOOP;
	len = readlinkat(fd, "", text, sizeof(text));
	if (len < 0)
		return -errno;
	if (len == 0)
		return -ENOENT;
	if (len == sizeof(text) || (size_t)len + rest_len > sizeof(w->rest))
		return -ENAMETOOLONG;
	text[len] = '\0';
	if (is_magic_link(fd, text))
		return -ELOOP;
	memmove(w->rest + len, w->pos, rest_len);
	memcpy(w->rest, text, (size_t)len);
	w->pos = w->rest;
	return text[0] == '/' ? walk_to_root(w) : 0;
}

/* Takes the next component; 1 when there is one, 0 at the end.  Slashes after it stay. */
static int walk_next(struct walk *w, char *name)
{
	size_t len;

	w->pos += strspn(w->pos, "/");
	len = strcspn(w->pos, "/");
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, w->pos, len);
	name[len] = '\0';
	w->pos += len;
	return len > 0;
}

static int make_node(int dir, const char *name, const struct path_node *node)
{
	auto_close int fd = FD_NONE;

	if (node->type != S_IFDIR)
		return mknodat(dir, name, node->type | node->mode, node->dev) < 0 ? -errno : 0;
	if (mkdirat(dir, name, node->mode) < 0)
		return -errno;
	if (!(node->mode & (S_ISUID | S_ISGID))) /* mkdir leaves these two out */
		return 0;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fchmod(fd, node->mode) < 0 ? -errno : 0;
}

/* Makes what is missing at @name; it is then opened like anything that was there. */
static int walk_make(struct walk *w, const char *name)
{
	struct path_node parent = { .type = S_IFDIR, .mode = w->dir_mode };
	bool last = w->pos[strspn(w->pos, "/")] == '\0';
	int r = make_node(w->dir, name, last ? w->make : &parent);

	if (r < 0)
		return r == -EEXIST ? 0 : r; /* somebody else was faster */
	w->made++;
	w->made_last = last;
	return 0;
}

static int open_component(struct walk *w, const char *name)
{
	for (int tries = 0; tries < MAKE_TRIES; tries++) {
		int fd = openat(w->dir, name, OPEN_COMPONENT), r;

		if (fd >= 0)
			return fd;
		if (errno != ENOENT || !w->make)
			return -errno;
		r = walk_make(w, name);
		if (r < 0)
			return r;
	}
	return -EAGAIN; /* somebody removes it as fast as it is made */
}

/* The descriptor that the caller wants of the last component, seen as @fd in w->dir. */
static int open_last(struct walk *w, int fd, const char *name, mode_t type, int flags)
{
	int r;

	if ((flags & O_DIRECTORY) && !S_ISDIR(type))
		return -ENOTDIR;
	if (!(flags & O_PATH) && S_ISLNK(type))
		return -ELOOP;
	if (flags & O_PATH)
		r = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	else if (S_ISDIR(type))
		r = openat(fd, ".", flags | O_CLOEXEC);
	else /* a link put here since fails with ELOOP */
		r = openat(w->dir, name, flags | O_NOFOLLOW | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

static int walk_open(struct walk *w, int flags)
{
	char name[NAME_MAX + 1];
	int r;

	while ((r = walk_next(w, name)) > 0) {
		bool last = w->pos[0] == '\0'; /* "link/" is followed even with O_NOFOLLOW */
		auto_close int fd = FD_NONE;
		struct stat st;

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			r = walk_up(w);
			if (r < 0)
				return r;
			continue;
		}
		fd = open_component(w, name);
		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (S_ISLNK(st.st_mode) && !(last && (flags & O_NOFOLLOW)))
			r = walk_link(w, fd);
		else if (last && !S_ISDIR(st.st_mode))
			return open_last(w, fd, name, st.st_mode, flags);
		else if (!S_ISDIR(st.st_mode))
			return -ENOTDIR;
		else
			r = walk_down(w, take_fd(&fd), name);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : open_last(w, w->dir, ".", S_IFDIR, flags);
}

/* ---- the two ways together; these return a descriptor or -errno ---- */

static int walk_in(int rootfd, const char *path, int flags)
{
	auto_(walk) struct walk w = { .dir = FD_NONE };
	int r = walk_init(&w, rootfd, path);

	return r < 0 ? r : walk_open(&w, flags);
}

static int open_in(int rootfd, const char *path, int flags)
{
	int r = -ENOSYS;

	if (!(flags & O_PATH)) /* with which openat2 takes it for a mistake */
		flags |= O_NOCTTY;
	if (!walk_forced)
		r = sys_openat2(rootfd, path, (unsigned int)flags, 0,
			RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	/* EPERM: an outer seccomp filter may hide openat2 that way; if it was meant, the walk
	 * meets it again. */
	return r == -ENOSYS || r == -EPERM ? walk_in(rootfd, path, flags) : r;
}

/* What a making call has made, for its caller's outputs. */
struct made {
	unsigned int count;
	bool last;
};

static int make_by_walk(int rootfd, const char *path, const struct path_node *node, mode_t dir_mode,
	struct made *made)
{
	auto_(walk) struct walk w = { .dir = FD_NONE };
	int r = walk_init(&w, rootfd, path);

	if (r < 0)
		return r;
	w.make = node;
	w.dir_mode = dir_mode;
	r = walk_open(&w, O_PATH | (node->type == S_IFDIR ? O_DIRECTORY : 0));
	*made = (struct made){ w.made, w.made_last };
	return r;
}

/* Textual: "a/b//" -> "a/" and "b".  -EINVAL when the last component is no name. */
static int split(const char *path, char parent[PATH_MAX], char name[NAME_MAX + 1])
{
	size_t len = strlen(path), start;

	while (len > 0 && path[len - 1] == '/')
		len--;
	for (start = len; start > 0 && path[start - 1] != '/'; start--)
		;
	if (start >= PATH_MAX || len - start > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(parent, path, start);
	parent[start] = '\0';
	memcpy(name, path + start, len - start);
	name[len - start] = '\0';
	return path_is_name(name) ? 0 : -EINVAL;
}

/*
 * The usual case: only the last component is missing.  -EAGAIN means that it is not that case (a
 * parent is missing too, or the name is a link to nowhere): then the walk decides.
 */
static int make_directly(
	int rootfd, const char *path, const struct path_node *node, struct made *made)
{
	char parent[PATH_MAX], name[NAME_MAX + 1];
	auto_close int parent_fd = FD_NONE, fd = FD_NONE;
	struct stat st;
	int dir = rootfd, r;

	if (split(path, parent, name) < 0)
		return -EAGAIN;
	if (parent[0]) {
		parent_fd = open_in(rootfd, parent, O_PATH | O_DIRECTORY);
		if (parent_fd < 0)
			return -EAGAIN;
		dir = parent_fd;
	}
	r = make_node(dir, name, node);
	if (r < 0)
		return r == -EEXIST ? -EAGAIN : r;
	*made = (struct made){ 1, true };
	fd = openat(dir, name, OPEN_COMPONENT);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != node->type) /* somebody has exchanged it */
		return -EAGAIN;
	return take_fd(&fd);
}

static int open_or_make(int rootfd, const char *path, const struct path_node *node, mode_t dir_mode,
	struct made *made)
{
	int r = open_in(rootfd, path, O_PATH | (node->type == S_IFDIR ? O_DIRECTORY : 0));

	*made = (struct made){ 0, false };
	if (r != -ENOENT)
		return r;
	r = make_directly(rootfd, path, node, made);
	return r == -EAGAIN ? make_by_walk(rootfd, path, node, dir_mode, made) : r;
}

/* With exact modes. */
static int open_or_make_exactly(
	int rootfd, const char *path, const struct path_node *node, struct made *made)
{
	mode_t saved = umask(0);
	int r = open_or_make(rootfd, path, node, 0755, made);

	umask(saved);
	return r;
}

/* ---- the public functions ---- */

static int open_failed(struct err *err, int r, const char *path)
{
	r = err_sys(err, -r, "open \"%s\" in the container", path);
	if (r == -ELOOP)
		err_hint(err, "the path leads in a circle of links, or through a link of /proc");
	return r;
}

static int make_failed(struct err *err, int r, const char *path)
{
	r = err_sys(err, -r, "create \"%s\" in the container", path);
	if (r == -ENOTDIR)
		err_hint(err, "this path, or a part of it, is a file in the image");
	if (r == -EROFS)
		err_hint(
			err, "it is missing and its file system is read-only: add it to the image");
	return r;
}

int path_open_in(int rootfd, const char *path, int flags, struct err *err)
{
	int fd;

	if (flags & O_CREAT)
		BUG("path_open_in() must not create");
	fd = open_in(rootfd, path, flags);
	return fd < 0 ? open_failed(err, fd, path) : fd;
}

int path_mkdir_in(
	int rootfd, const char *path, mode_t mode, unsigned int *out_created, struct err *err)
{
	struct path_node node = { .type = S_IFDIR, .mode = mode };
	struct made made;
	int fd = open_or_make(rootfd, path, &node, mode, &made);

	if (fd < 0)
		return make_failed(err, fd, path);
	if (out_created)
		*out_created = made.count;
	return fd;
}

int path_make_in(int rootfd, const char *path, const struct path_node *node, bool *out_created,
	struct err *err)
{
	char trimmed[PATH_MAX];
	size_t len = strnlen(path, sizeof(trimmed));
	struct made made;
	int fd;

	/* Configurations write "/etc/hosts/" for a file, too. */
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len == sizeof(trimmed))
		return make_failed(err, -ENAMETOOLONG, path);
	memcpy(trimmed, path, len);
	trimmed[len] = '\0';
	fd = open_or_make_exactly(rootfd, trimmed, node, &made);
	if (fd < 0)
		return make_failed(err, fd, path);
	if (out_created)
		*out_created = made.last;
	return fd;
}

int path_parent_in(int rootfd, const char *path, char *name, struct err *err)
{
	static const struct path_node dir = { .type = S_IFDIR, .mode = 0755 };
	char parent[PATH_MAX], last[NAME_MAX + 1];
	struct made made;
	int r = split(path, parent, last);

	if (r == 0)
		r = open_or_make_exactly(rootfd, parent[0] ? parent : ".", &dir, &made);
	if (r < 0)
		return make_failed(err, r, path);
	memcpy(name, last, sizeof(last));
	return r;
}

int path_symlink_in(int rootfd, const char *path, const char *target, struct err *err)
{
	char name[NAME_MAX + 1];
	auto_close int dir = path_parent_in(rootfd, path, name, err);

	if (dir < 0)
		return dir;
	if (symlinkat(target, dir, name) == 0)
		return 0;
	if (errno == EEXIST)
		return 1;
	return err_sys(err, errno, "symlink \"%s\" to \"%s\" in the container", path, target);
}

int path_read_in(int rootfd, int procfd, const char *path, size_t max, char **out_data,
	size_t *out_len, struct err *err)
{
	auto_close int held = path_open_in(rootfd, path, O_PATH, err), fd = FD_NONE;
	struct stat st;

	if (held < 0)
		return held;
	if (fstat(held, &st) < 0)
		return err_sys(err, errno, "stat \"%s\" in the container", path);
	if (!S_ISREG(st.st_mode))
		return err_bad_errno(err, ERR_OTHER, EINVAL,
			"\"%s\" in the container is not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return err_bad_errno(err, ERR_OTHER, EFBIG,
			"\"%s\" in the container is larger than %zu bytes: file too large", path,
			max);
	fd = procfs_reopen(procfd, held, O_RDONLY | O_NONBLOCK, err);
	if (fd < 0)
		return err_in(err, "\"%s\" in the container", path);
	return host_read_fd(fd, path, max, out_data, out_len, err);
}

char *path_clean(const char *path)
{
	char *clean = xmalloc(strlen(path) + 2);
	size_t len = 0;

	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && clean[--len] != '/')
				;
		} else if (n != 1 || path[0] != '.') {
			clean[len++] = '/';
			memcpy(clean + len, path, n);
			len += n;
		}
		path += n;
	}
	if (len == 0)
		clean[len++] = '/';
	clean[len] = '\0';
	return clean;
}
