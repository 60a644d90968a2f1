// SPDX-License-Identifier: Apache-2.0
/*
 * New file systems, made detached by fsopen(2), fsconfig(2) and fsmount(2) in the child.
 *
 * The kernel says in words why it refuses a parameter; they can be read from the descriptor and
 * become part of the error.  A file system that names files of the host (a block device, overlay's
 * lowerdir) looks them up while it is made, so that happens with the runtime's tree as the root.
 * Kernel file systems that a user namespace may not mount anew are replaced by the runtime's own,
 * read-only where they would otherwise be more than the container's (sysfs).
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/path.h"
#include "base/procfs.h"

#define LOG_MESSAGES 4

/* ---- errors in the kernel's words ---- */

/* " (tmpfs: Unknown parameter 'sizee')" or "".  Messages are "e text\n", one a read. */
static void read_log(int fsfd, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < LOG_MESSAGES; i++) {
		char line[256];
		ssize_t n = read(fsfd, line, sizeof(line) - 1);

		if (n <= 2)
			break;
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		len += (size_t)snprintf(
			text + len, size - len, "%s%s", len ? ", " : " (", line + 2);
		if (len >= size - 2) {
			len = size - 2;
			break;
		}
	}
	if (len)
		snprintf(text + len, size - len, ")");
}

static int fs_failed(const struct mount_plan *m, int fsfd, int errnum, const char *key,
	const char *value, struct err *err)
{
	char text[512];

	read_log(fsfd, text, sizeof(text));
	if (!key)
		return err_sys(err, errnum, "mount \"%s\"%s", m->type, text);
	return err_sys(err, errnum, "mount \"%s\" with \"%s%s%.64s\"%s", m->type, key,
		value ? "=" : "", value ? value : "", text);
}

/* ---- configuration ---- */

static int fs_set(
	const struct mount_plan *m, int fsfd, const char *key, const char *value, struct err *err)
{
	int r = sys_fsconfig(fsfd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0);

	return r < 0 ? fs_failed(m, fsfd, -r, key, value, err) : 0;
}

static bool has_param(const struct mount_request *request, const char *key)
{
	for (size_t i = 0; i < request->param_count; i++)
		if (strcmp(request->params[i].key, key) == 0)
			return true;
	return false;
}

/*
 * A tmpfs takes over the mode of the directory that it covers (/tmp of the image is 1777) unless
 * the configuration gives one; so engines rely on runc.
 */
static int tmpfs_mode(
	const struct mount_plan *m, int fsfd, const struct fs_target *target, struct err *err)
{
	char mode[8];
	struct stat st;

	if (!target || strcmp(m->type, "tmpfs") != 0 || target->created ||
		has_param(&m->request, "mode"))
		return 0;
	if (fstat(target->fd, &st) < 0)
		return err_sys(err, errno, "stat the destination");
	snprintf(mode, sizeof(mode), "%04o", (unsigned int)st.st_mode & 07777);
	return fs_set(m, fsfd, "mode", mode, err);
}

static int fs_configure(const struct rootfs_plan *plan, const struct mount_plan *m,
	const struct fs_target *target, int fsfd, const char *skip, struct err *err)
{
	int r = 0;

	if (m->source && m->source[0] != '\0')
		r = fs_set(m, fsfd, "source", m->source, err);
	if (r == 0 && plan->mount_label && m->fs->labelled)
		r = fs_set(m, fsfd, "context", plan->mount_label, err);
	if (r == 0)
		r = tmpfs_mode(m, fsfd, target, err);
	/* The superblock of the other kinds belongs to more than this mount. */
	if (r == 0 && m->fs->names_files && (m->request.attr_set & MOUNT_ATTR_RDONLY))
		r = fs_set(m, fsfd, "ro", NULL, err);
	for (size_t i = 0; r == 0 && i < m->request.param_count; i++) {
		const struct fs_param *param = &m->request.params[i];

		if (!skip || strcmp(param->key, skip) != 0)
			r = fs_set(m, fsfd, param->key, param->value, err);
	}
	return r;
}

/* Attributes that the mount gets at once. */
static unsigned int first_attrs(const struct mount_plan *m)
{
	uint64_t attrs = m->request.attr_set;

	if (m->fs->late_readonly || strcmp(m->clean, "/dev") == 0)
		attrs &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return (unsigned int)attrs;
}

static int fs_try(const struct rootfs_plan *plan, const struct mount_plan *m,
	const struct fs_target *target, const char *skip, struct err *err)
{
	const char *name = m->fs->name ? m->fs->name : m->type;
	auto_close int fsfd = sys_fsopen(name);
	int r;

	if (fsfd < 0)
		return err_sys(err, -fsfd, "fsopen \"%s\"", name);
	r = fs_configure(plan, m, target, fsfd, skip, err);
	if (r < 0)
		return r;
	r = sys_fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return fs_failed(m, fsfd, -r, NULL, NULL, err);
	r = sys_fsmount(fsfd, first_attrs(m));
	return r < 0 ? fs_failed(m, fsfd, -r, NULL, NULL, err) : r;
}

static int fs_make(const struct rootfs_plan *plan, const struct mount_plan *m,
	const struct fs_target *target, struct err *err)
{
	int r = fs_try(plan, m, target, NULL, err);

	/* Group tty has no meaning where it is not mapped. */
	if (r == -EINVAL && strcmp(m->type, "devpts") == 0 && has_param(&m->request, "gid")) {
		err_drop(err);
		r = fs_try(plan, m, target, "gid", err);
	}
	if (r == -EPERM && m->fs->host_path) {
		err_drop(err); /* the one below says more */
		return fs_clone_host(plan, m, err);
	}
	return r;
}

int fs_create(const struct rootfs_plan *plan, const struct mount_plan *m,
	const struct fs_target *target, struct err *err)
{
	auto_close int fd = FD_NONE;
	int r;

	if (!m->fs->names_files)
		return fs_make(plan, m, target, err);
	r = root_change(plan->old_root_fd, err);
	if (r < 0)
		return r;
	fd = fs_make(plan, m, target, err);
	if (fd < 0)
		return fd;
	r = root_change(plan->root_fd, err);
	return r < 0 ? r : take_fd(&fd);
}

int fs_open_device(const struct rootfs_plan *plan, struct mount_plan *m, struct err *err)
{
	auto_close int fd = fs_make(plan, m, NULL, err); /* only a tmpfs looks at its target */
	int r = fd < 0 ? fd : mount_idmap(m, fd, err);

	if (r < 0)
		return r;
	m->source_fd = take_fd(&fd);
	return 0;
}

/* The working directory is the target, whatever the root is: "." needs no path. */
int fs_create_long(const struct rootfs_plan *plan, const struct mount_plan *m,
	const struct fs_target *target, struct err *err)
{
	int r = root_change(plan->old_root_fd, err);

	if (r < 0)
		return r;
	if (fchdir(target->fd) < 0)
		return err_sys(err, errno, "chdir to the destination");
	if (mount(m->source /* path: the host's, of the configuration */, ".", m->type,
		    m->request.flags, m->data) < 0)
		return err_sys(err, errno, "mount \"%s\" with \"%.256s\"", m->type, m->data);
	r = root_change(plan->root_fd, err);
	return r < 0 ? r : path_open_in(plan->root_fd, m->destination, O_PATH | O_DIRECTORY, err);
}

/* ---- what stands in when a file system cannot be mounted anew ---- */

/* The container's own part of the cgroup tree below the mount @fd, or all of it when the
 * container's cgroup is not below. */
static int own_cgroup(int fd, struct err *err)
{
	auto_close int procfd = procfs_open(PROCFS_PIDS, err);
	auto_free char *text = NULL;
	const char *own = ".";
	char *line;
	int r;

	if (procfd < 0)
		return procfd;
	r = procfs_read(procfd, "self/cgroup", 1u << 16, &text, err);
	if (r < 0)
		return r;
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (line)
		line = strchr(line, '/');
	if (line) {
		line[strcspn(line, "\n")] = '\0';
		line += strspn(line, "/");
		if (*line != '\0')
			own = line;
	}
	r = sys_openat2(fd, own /* path: a cgroup, by RESOLVE_BENEATH */, O_PATH | O_DIRECTORY, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (r < 0)
		r = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r < 0 ? err_sys(err, errno, "open the cgroup below /sys/fs/cgroup") : r;
}

/* Where the runtime's tree has the file system: cgroup 2 may be one directory deeper. */
static int host_open_fs(const struct rootfs_plan *plan, const struct mount_plan *m, struct err *err)
{
	static const char *const suffixes[] = { "", "/unified" };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		char path[64];
		auto_close int fd = FD_NONE;

		snprintf(path, sizeof(path), "%s%s", m->fs->host_path, suffixes[i]);
		fd = sys_openat2(plan->old_root_fd, path /* path: one of two literals */,
			O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == m->fs->magic)
			return take_fd(&fd);
	}
	(void)err_bad_errno(err, ERR_SYSTEM, EPERM,
		"mount \"%s\": operation not permitted, and the host has none at /%s to use "
		"instead",
		m->type, m->fs->host_path);
	err_hint(err,
		"a user namespace can mount it only together with the namespace that it shows");
	return err_result(err);
}

int fs_clone_host(const struct rootfs_plan *plan, const struct mount_plan *m, struct err *err)
{
	auto_close int host = host_open_fs(plan, m, err);
	auto_close int part = FD_NONE, fd = FD_NONE;
	uint64_t set = m->request.attr_set;
	int r;

	if (host < 0)
		return host;
	if (m->fs->magic == MAGIC_CGROUP2 && plan->user_ns) {
		part = own_cgroup(host, err);
		if (part < 0)
			return part;
	}
	/* Locked mounts below can only come along. */
	fd = sys_open_tree(
		part >= 0 ? part : host, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
	if (fd < 0)
		return err_sys(err, -fd, "open_tree \"/%s\"", m->fs->host_path);
	/* Read-only is not recursive by itself: delegated cgroups below /sys would stay writable
	 * (CVE-2023-25809). */
	if (m->fs->magic == MAGIC_SYSFS)
		set |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	r = mount_change(fd, true, set & ~(uint64_t)MOUNT_ATTR__ATIME, 0, MS_PRIVATE, err);
	return r < 0 ? r : take_fd(&fd);
}

/* ---- others ---- */

int fs_reconfigure(const struct mount_plan *m, int fd, struct err *err)
{
	auto_close int fsfd = FD_NONE;
	int r;

	if (m->request.param_count == 0)
		return 0;
	fsfd = sys_fspick(fd, "", FSPICK_EMPTY_PATH);
	if (fsfd < 0)
		return err_sys(err, -fsfd, "fspick");
	for (size_t i = 0; i < m->request.param_count; i++) {
		r = fs_set(m, fsfd, m->request.params[i].key, m->request.params[i].value, err);
		if (r < 0)
			return r;
	}
	r = sys_fsconfig(fsfd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	return r < 0 ? fs_failed(m, fsfd, -r, NULL, NULL, err) : 0;
}

int fs_empty_dir(const struct rootfs_plan *plan, struct err *err)
{
	const struct mount_plan m = { .type = "tmpfs" };
	auto_close int fsfd = sys_fsopen("tmpfs");
	int r;

	if (fsfd < 0)
		return err_sys(err, -fsfd, "fsopen \"tmpfs\"");
	r = fs_set(&m, fsfd, "source", "tmpfs", err);
	if (r == 0)
		r = fs_set(&m, fsfd, "mode", "0555", err);
	if (r == 0 && plan->mount_label)
		r = fs_set(&m, fsfd, "context", plan->mount_label, err);
	if (r < 0)
		return r;
	r = sys_fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r == 0)
		r = sys_fsmount(fsfd,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				MOUNT_ATTR_NOEXEC);
	return r < 0 ? fs_failed(&m, fsfd, -r, NULL, NULL, err) : r;
}
