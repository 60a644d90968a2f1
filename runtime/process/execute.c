// SPDX-License-Identifier: Apache-2.0
/*
 * The last acts before the container's program: descriptors, the filter, execve.
 *
 * Once the filter is loaded every system call of ours is at the mercy of a profile that was written
 * for the program, so nothing but execve happens after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sys.h"
#include "runtime/process/internal.h"

#define STDIO_FDS 3
#define NO_FLAG_FDS_MAX (1u << 20) /* the default of fs.nr_open */

/* Linux before 5.11 knows close_range(2) without the flag, or not at all. */
static int cloexec_each(unsigned int first, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_sys(err, errno, "getrlimit");
	if (limit.rlim_max > NO_FLAG_FDS_MAX)
		limit.rlim_max = NO_FLAG_FDS_MAX;
	for (unsigned int fd = first; fd < limit.rlim_max; fd++)
		if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 && errno != EBADF)
			return err_sys(err, errno, "fcntl of descriptor %u", fd);
	return 0;
}

/* Ours are close-on-exec anyway; this holds for those that somebody else left us (security rule R7,
 * CVE-2024-21626). */
static int cloexec_from(unsigned int first, struct err *err)
{
	int r = sys_close_range(first, ~0u, CLOSE_RANGE_CLOEXEC);

	if (r == -EINVAL || r == -ENOSYS || r == -EPERM)
		return cloexec_each(first, err);
	return r < 0 ? err_sys(err, -r, "close_range") : 0;
}

int process_load_filter(const struct process_plan *plan, int *out_listener, struct err *err)
{
	struct filter_area *filter = plan->filter;
	struct sock_fprog program;
	int r = cloexec_from(STDIO_FDS + plan->preserved_fds, err);

	*out_listener = FD_NONE;
	if (r == 0)
		r = limits_apply_inside(plan, err);
	if (r < 0 || !filter || filter->count == 0)
		return r;
	program = (struct sock_fprog){ (unsigned short)filter->count, filter->insns };
	r = sys_seccomp(SECCOMP_SET_MODE_FILTER, filter->flags, &program);
	if (r < 0) {
		r = err_sys(err, -r, "seccomp of linux.seccomp");
		if (r == -EACCES)
			err_hint(err, "without process.noNewPrivileges it needs CAP_SYS_ADMIN");
		if (r == -EINVAL)
			err_hint(err,
				"this kernel may lack seccomp filters or a flag of "
				"linux.seccomp.flags");
		if (r == -EBUSY)
			err_hint(err, "an outer filter has a listener already");
		return r;
	}
	if (filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		*out_listener = r;
	return 0;
}

int process_execute(const struct process_plan *plan, struct err *err)
{
	int num, r;

	execve(plan->exe_path /* path: as the container's user, in its root */, plan->argv,
		plan->envp);
	num = errno;
	r = err_sys(err, num, "exec \"%s\"", plan->exe_path);
	switch (num) {
	case ENOENT:
	case ENOTDIR:
		err->kind = ERR_NO_EXECUTABLE;
		err_hint(err, "if the file exists, its interpreter or dynamic loader is missing");
		break;
	case EACCES:
	case EPERM:
		err->kind = ERR_NOT_EXECUTABLE;
		err_hint(err,
			"its interpreter may not be executable, or linux.seccomp or an LSM "
			"forbids execve");
		break;
	case ENOEXEC:
		err->kind = ERR_NOT_EXECUTABLE;
		err_hint(err,
			"it was built for another architecture, or is a script without a "
			"\"#!\" line");
		break;
	case E2BIG:
		err_hint(err, "process.args and process.env together are too large");
		break;
	case EAGAIN:
		err_hint(err, "the user has more processes than RLIMIT_NPROC allows");
		break;
	default:
		break;
	}
	return r;
}
