// SPDX-License-Identifier: Apache-2.0
/*
 * Protection of our own binary: see the header.
 *
 * A process that is in a container and still ours (init before its execve, or one that the image
 * makes execute "/proc/self/exe") has our binary behind /proc/<pid>/exe; root of the container
 * could open it for writing and own the host (CVE-2019-5736).  So we run from a file that cannot be
 * written at all:
 *  - an overlay without an upper layer, never attached anywhere: no copy, no memory, read-only as a
 *    superblock.  (A read-only bind mount does not do: a detached one can be made writable through
 *    its descriptor, with CAP_SYS_ADMIN, from any mount namespace.)
 *  - where overlays may not be mounted, a memfd with all seals;
 *  - where neither works, not at all.
 *
 * A variable in the environment tells the second start from the first; it keeps us from starting
 * for ever, but does not convince: the file is looked at.  /proc here is the host's, before any
 * container exists; where there is none a private procfs serves.
 */
#include "runtime/self.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys.h"

#define MARK "RINGWALL_SEALED"
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define FSCONFIG_STRING_MAX 256
#define UNMAPPED_ID 65534 /* kernel.overflowuid; another value costs only a start */

struct self {
	int fd; /* the binary, O_RDONLY */
	char path[PATH_MAX]; /* canonical */
};

/* ---- the binary that runs now ---- */

static int self_read(int procfd, const char *link, struct self *self, struct err *err)
{
	ssize_t len = readlinkat(
		procfd, link /* path: one of two literals */, self->path, sizeof(self->path) - 1);

	if (len < 0)
		return err_sys(err, errno, "readlink of the runtime's own binary");
	self->path[len] = '\0';
	self->fd = host_open(procfd, link, O_RDONLY, 0, err);
	return self->fd < 0 ? self->fd : 0;
}

static int self_open(struct self *self, struct err *err)
{
	auto_close int procfd = FD_NONE;

	if (self_read(AT_FDCWD, "/proc/self/exe", self, err) == 0)
		return 0;
	procfd = procfs_open(PROCFS_PIDS, err);
	return procfd < 0 ? procfd : self_read(procfd, "self/exe", self, err);
}

static bool is_sealed(int fd)
{
	struct statfs fs;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS)
		return true;
	return fstatfs(fd, &fs) == 0 && fs.f_type == MAGIC_OVERLAY && (fs.f_flags & ST_RDONLY);
}

static bool overrides_permissions(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return capget(&header, data) == 0 && (data[0].effective & 1u << CAP_DAC_OVERRIDE);
}

/*
 * Whether somebody whom this caller can put into a container can write the file, or make it so.  A
 * container has no users but those that the caller's user namespace maps:
 *  - an ordinary caller's containers can do to the file what the caller can;
 *  - for root of a user namespace the owner must be one without a mapping, and root must be
 *    refused in spite of its capabilities;
 *  - root of the host can always write it.
 * Only a refusal for want of permission counts: what is mounted read-only here may be writable
 * elsewhere.
 */
static bool is_writable_by_container(int fd)
{
	struct stat st;
	uid_t uid = geteuid();

	if (fstat(fd, &st) < 0 || st.st_uid == uid)
		return true;
	if (uid == 0 && (st.st_uid != UNMAPPED_ID || !overrides_permissions()))
		return true;
	return faccessat(fd, "", W_OK, AT_EMPTY_PATH | AT_EACCESS) == 0 || errno != EACCES;
}

/* ---- a file that cannot be written ---- */

/* @path as overlayfs wants it in "lowerdir". */
static bool escape(const char *path, size_t len, char out[FSCONFIG_STRING_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (n + 2 >= FSCONFIG_STRING_MAX)
			return false;
		if (path[i] == ':' || path[i] == '\\')
			out[n++] = '\\';
		out[n++] = path[i];
	}
	out[n] = '\0';
	return true;
}

/* An overlay of @dirs ("/usr/bin:/sys/class"); returns the mount or -errno. */
static int overlay_mount(const char *dirs)
{
	auto_close int fs = sys_fsopen("overlay");
	int r;

	if (fs < 0)
		return fs;
	r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", dirs, 0);
	if (r == 0)
		r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	return r < 0 ? r : sys_fsmount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
}

/* Without an upper layer the kernel wants two lower ones.  The second is any small directory that
 * exists everywhere and neither holds the binary nor lies below its directory. */
static int overlay_open(const struct self *self)
{
	static const char *const others[] = { "/sys/class", "/dev", "/etc" };
	const char *name = strrchr(self->path, '/');
	char dir[FSCONFIG_STRING_MAX], dirs[FSCONFIG_STRING_MAX];
	int r = -EINVAL;

	if (!name || !escape(self->path, (size_t)(name - self->path), dir))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		auto_close int mount = FD_NONE;

		if (snprintf(dirs, sizeof(dirs), "%s:%s", *dir ? dir : "/", others[i]) >=
			(int)sizeof(dirs))
			return -ENAMETOOLONG;
		mount = overlay_mount(dirs);
		if (mount >= 0)
			return sys_openat2(mount, name + 1 /* path: a single name, of our binary */,
				O_PATH | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		r = mount;
		if (r == -EPERM || r == -ENODEV)
			break;
	}
	return r;
}

static int memfd_make(void)
{
	int fd = memfd_create("ringwall", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("ringwall", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int memfd_open(const struct self *self)
{
	auto_close int fd = memfd_make();
	struct stat st;
	off_t done = 0;

	if (fd < 0)
		return fd;
	if (fstat(self->fd, &st) < 0)
		return -errno;
	while (done < st.st_size) {
		ssize_t n = sendfile(fd, self->fd, &done, (size_t)(st.st_size - done));

		if (n == 0)
			return -EIO; /* it has become shorter */
		if (n < 0 && errno != EINTR)
			return -errno;
	}
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return -errno;
	return take_fd(&fd);
}

/* ---- the second start ---- */

static int execute(int fd, char **argv)
{
	size_t count = 0;
	auto_free char **envp = NULL;

	while (environ[count])
		count++;
	envp = xcalloc(count + 2, sizeof(*envp));
	memcpy(envp, environ, count * sizeof(*envp));
	envp[count] = (char[]){ MARK "=1" };
	return sys_execveat(fd, "", argv, envp, AT_EMPTY_PATH);
}

static int start_again(const struct self *self, char **argv, struct err *err)
{
	auto_close int overlay = overlay_open(self), memfd = FD_NONE;
	int r = overlay;

	if (overlay >= 0)
		r = execute(overlay, argv);
	log_debug("execute from an overlay: %s", err_text(-r));
	memfd = memfd_open(self);
	r = memfd;
	if (memfd >= 0)
		r = execute(memfd, argv);
	r = err_sys(err, -r, "execute a protected copy of \"%s\"", self->path);
	err_hint(err,
		"neither an overlay nor a sealed memory file can be executed: see "
		"vm.memfd_noexec, an LSM or an outer seccomp filter may forbid it");
	return r;
}

/* Before Linux 6.14 a program executed by descriptor is named after the descriptor. */
static void name_set(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	prctl(PR_SET_NAME, slash ? slash + 1 : argv0, 0, 0, 0);
}

int self_protect(char **argv, struct err *err)
{
	bool again = getenv(MARK) != NULL;
	struct self self = { .fd = FD_NONE };
	int r = self_open(&self, err);

	unsetenv(MARK); /* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	if (r == 0 && again) {
		if (!is_sealed(self.fd))
			r = err_bad(err, ERR_OTHER,
				"\"%s\" was executed as a protected copy and is none", self.path);
		else if (argv[0])
			name_set(argv[0]);
	} else if (r == 0 && is_writable_by_container(self.fd)) {
		r = start_again(&self, argv, err);
	}
	fd_close(&self.fd);
	return r;
}
