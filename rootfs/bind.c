// SPDX-License-Identifier: Apache-2.0
/*
 * Bind mounts: detached clones of parts of the runtime's tree, and the attributes of mounts.
 *
 * bind_open() runs in the parent (or in an unprivileged child, before it leaves the runtime's
 * tree); everything else works on the mount's own descriptor while nobody can see it yet (rule R3).
 * The id map must come from the parent: only who is privileged over the file system may set it.
 */
#include "rootfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- attributes ---- */

int mount_change(int fd, bool recursive, uint64_t set, uint64_t clear, unsigned long propagation,
	struct err *err)
{
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clear,
		.propagation = propagation & ~(unsigned long)MS_REC,
	};
	int r;

	if (!set && !clear && !attr.propagation)
		return 0;
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr);
	if (r == 0)
		return 0;
	r = err_sys(err, -r, "mount_setattr");
	if (r == -ENOSYS)
		err_hint(err, "Linux 5.12 or newer is needed");
	return r;
}

int mount_propagate(const struct mount_plan *m, int fd, size_t first, struct err *err)
{
	for (size_t i = first; i < m->request.propagation_count; i++) {
		unsigned long flags = m->request.propagation[i];
		int r = mount_change(fd, flags & MS_REC, 0, 0, flags, err);

		if (r < 0)
			return err_in(err, "propagation");
	}
	return 0;
}

/* Flags that are locked come from the user namespace that owns the mount, and stay. */
static int explain_locked(const struct mount_plan *m, int fd, struct err *err)
{
	static const struct {
		uint64_t attr;
		unsigned long flag;
		const char *option, *locked;
	} rows[] = {
		{ MOUNT_ATTR_RDONLY, ST_RDONLY, "rw", "read-only" },
		{ MOUNT_ATTR_NOSUID, ST_NOSUID, "suid", "nosuid" },
		{ MOUNT_ATTR_NODEV, ST_NODEV, "dev", "nodev" },
		{ MOUNT_ATTR_NOEXEC, ST_NOEXEC, "exec", "noexec" },
	};
	uint64_t cleared = m->request.attr_clear | m->request.tree_clear;
	struct statfs fs;

	err_hint(err, "the mount cannot have more rights than its source: leave the option out");
	if (fstatfs(fd, &fs) < 0)
		return err_result(err);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((cleared & rows[i].attr) && ((unsigned long)fs.f_flags & rows[i].flag))
			return err_in(err,
				"option \"%s\" (\"%s\" is mounted %s, locked by another user "
				"namespace)",
				rows[i].option, m->source, rows[i].locked);
	if (cleared & MOUNT_ATTR__ATIME)
		return err_in(err, "access time option (that of \"%s\" is locked)", m->source);
	return err_result(err);
}

/* ---- the source ---- */

int mount_idmap(struct mount_plan *m, int fd, struct err *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)m->idmap_fd,
	};
	unsigned int flags = AT_EMPTY_PATH | (m->request.idmap_recursive ? AT_RECURSIVE : 0);
	int r;

	if (m->idmap_fd < 0)
		return 0;
	r = sys_mount_setattr(fd, "", flags, &attr);
	fd_close(&m->idmap_fd);
	m->idmapped = r == 0;
	if (r == 0)
		return 0;
	r = err_sys(err, -r, "mount_setattr (id map)");
	if (r == -EINVAL)
		err_hint(err, "the file system does not support id-mapped mounts on this kernel");
	return r;
}

static int source_failed(const struct mount_plan *m, int errnum, struct err *err)
{
	int r = err_sys(err, errnum, "open_tree \"%s\"", m->source);

	if (errnum == ENOENT)
		err_hint(err, "the source of a bind mount must exist on the host");
	else if (errnum == EINVAL && !m->request.recursive)
		err_hint(err, "mounts below it are locked by another user namespace: use rbind");
	else if (errnum == EMFILE)
		err_hint(err, "each bind mount takes a descriptor: raise the limit (ulimit -n)");
	return r;
}

int bind_open(struct mount_plan *m, struct err *err)
{
	unsigned int flags = OPEN_TREE_CLONE | (m->request.recursive ? AT_RECURSIVE : 0) |
		(m->request.src_nofollow ? AT_SYMLINK_NOFOLLOW : 0);
	auto_close int fd = sys_open_tree(
		AT_FDCWD, m->source /* path: the host's, of the configuration */, flags);
	struct stat st;
	int r;

	if (fd < 0)
		return source_failed(m, -fd, err);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", m->source);
	r = mount_idmap(m, fd, err);
	if (r < 0)
		return r;
	m->source_type = st.st_mode & S_IFMT;
	m->source_fd = take_fd(&fd);
	return 0;
}

/* ---- the clone ---- */

/*
 * What a clone of the runtime's tree begins with: as if the tree had the propagation of the rootfs
 * first.  0: it stays in the peer group of its source.  Never so in another user namespace: the
 * kernel makes such copies slaves itself, but it cannot know for whom the parent has cloned.
 */
static unsigned long base_propagation(const struct rootfs_plan *plan)
{
	if (plan->propagation & MS_SHARED)
		return plan->user_ns ? MS_SLAVE : 0;
	return plan->propagation & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE;
}

int bind_configure(const struct rootfs_plan *plan, const struct mount_plan *m, struct err *err)
{
	const struct mount_request *request = &m->request;
	unsigned long base = base_propagation(plan);
	size_t first = 0;
	int fd = m->source_fd, r;

	/* The first wish may replace the base, when it is for the whole clone.  Not "shared": that
	 * of a slave is one towards the container alone. */
	if (request->propagation_count > 0 && !(request->propagation[0] & MS_SHARED) &&
		(!request->recursive || (request->propagation[0] & MS_REC)))
		base = request->propagation[first++];
	if (request->recursive) {
		r = mount_change(fd, true, request->tree_set, request->tree_clear, base, err);
		if (r == 0)
			r = mount_change(fd, false, request->attr_set, request->attr_clear, 0, err);
	} else {
		r = mount_change(fd, false, request->attr_set, request->attr_clear, base, err);
	}
	if (r == -EPERM)
		return explain_locked(m, fd, err);
	return r < 0 ? r : mount_propagate(m, fd, first, err);
}
