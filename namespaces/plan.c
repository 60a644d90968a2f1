// SPDX-License-Identifier: Apache-2.0
/*
 * Plans which namespaces a process gets: from linux.namespaces for a new container, from a running
 * process for exec.  Runs in the parent; opens descriptors, changes nothing.
 */
#include "namespaces/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "namespaces/internal.h"

static struct ns_plan plan_empty(void)
{
	struct ns_plan plan = { .join_pidfd = FD_NONE, .procfd = FD_NONE };

	for (size_t type = 0; type < NS_COUNT; type++)
		plan.join_fds[type] = FD_NONE;
	return plan;
}

/* libcap is not needed for this one call, and its cap_get_proc() would use the heap. */
static uint64_t caller_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (capget(&header, data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

void idmap_caller_init(struct idmap_caller *out_caller)
{
	uint64_t caps = caller_capabilities();

	out_caller->uid = geteuid();
	out_caller->gid = getegid();
	out_caller->may_map_uids = caps & 1ull << CAP_SETUID;
	out_caller->may_map_gids = caps & 1ull << CAP_SETGID;
}

/* The clone flag of the namespace behind @fd, or -errno (-ENOTTY: it is none). */
static int fd_ns_type(int fd)
{
	int type = ioctl(fd, NS_GET_NSTYPE);

	return type < 0 ? -errno : type;
}

static const char *flag_name(int flag)
{
	for (size_t type = 0; type < NS_COUNT; type++)
		if (ns_kinds[type].clone_flag == (uint64_t)flag)
			return names_of(&ns_names, (int64_t)type);
	return "unknown";
}

/* config-linux.md: "The runtime MUST generate an error if `path` is not associated with a namespace
 * of type `type`." */
static int check_type(int fd, enum ns_type type, const char *path, struct err *err)
{
	int found = fd_ns_type(fd);

	if (found == -ENOTTY || found == -EINVAL || found == -EBADF)
		return err_bad(err, ERR_CONFIG, "\"%s\" is not a namespace", path);
	if (found < 0)
		return err_sys(err, -found, "ioctl (NS_GET_NSTYPE) \"%s\"", path);
	if ((uint64_t)found != ns_kinds[type].clone_flag)
		return err_bad(err, ERR_CONFIG, "\"%s\" is a %s namespace", path, flag_name(found));
	return 0;
}

/* 1 when @fd is the namespace that we are in ourselves (R10). */
static int is_own(int fd, enum ns_type type, int *nsdir, struct err *err)
{
	struct ns_id id;
	struct stat st;
	int r;

	if (*nsdir < 0) {
		auto_close int procfd = procfs_open(PROCFS_PIDS, err);
		if (procfd < 0)
			return procfd;
		*nsdir = nsdir_open(procfd, 0, err);
		if (*nsdir < 0)
			return *nsdir;
	}
	r = nsdir_id(*nsdir, type, &id, err);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "fstat a namespace");
	return r == 0 && st.st_dev == id.dev && st.st_ino == id.ino;
}

static int plan_path(
	struct ns_plan *plan, enum ns_type type, const char *path, int *nsdir, struct err *err)
{
	/* O_NONBLOCK: what is no namespace may be a FIFO. */
	auto_close int fd = host_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0, err);
	int r;

	if (fd < 0)
		return fd;
	r = check_type(fd, type, path, err);
	if (r == 0)
		r = is_own(fd, type, nsdir, err);
	if (r < 0)
		return r;
	if (r > 0)
		return 0; /* inherited: joining our own user namespace would even be EINVAL */
	plan->join_fds[type] = take_fd(&fd);
	plan->join_paths[type] = path;
	plan->own[type] = true;
	return 0;
}

static int plan_type(struct ns_plan *plan, enum ns_type type, const struct spec_namespace *ns,
	int *nsdir, struct err *err)
{
	int r;

	if (!ns->listed)
		return 0;
	if (!ns->path || !ns->path[0]) {
		plan->new_flags |= ns_kinds[type].clone_flag;
		plan->own[type] = plan->new_[type] = true;
		return 0;
	}
	r = plan_path(plan, type, ns->path, nsdir, err);
	if (r < 0)
		return err_in(err, "linux.namespaces (%s)", names_of(&ns_names, (int64_t)type));
	return 0;
}

static int plan_maps(struct ns_plan *plan, const struct spec_linux *linux_, struct err *err)
{
	struct idmap_caller caller;

	if (!plan->new_[NS_USER])
		return 0;
	plan->uid_mappings = linux_->uid_mappings;
	plan->gid_mappings = linux_->gid_mappings;
	if (plan->uid_mappings.count && plan->gid_mappings.count)
		return 0;
	idmap_caller_init(&caller);
	return subid_default_maps(&caller, plan, err);
}

static bool caller_is_unprivileged(void)
{
	return geteuid() != 0 || !(caller_capabilities() & 1ull << CAP_SYS_ADMIN);
}

/* `unshare -Ur` makes such a caller, root of a user namespace in a mount namespace of the
 * host's. */
static bool mounts_belong_above(void)
{
	struct err ignored = { 0 };
	auto_close int fd = host_open(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY, 0, &ignored);
	auto_close int owner = FD_NONE;

	if (fd < 0) {
		err_drop(&ignored); /* no /proc here: nothing speaks for it */
		return false;
	}
	owner = ioctl(fd, NS_GET_USERNS);
	return owner < 0 && errno == EPERM;
}

static int read_hostname(char *buf, size_t size, struct err *err)
{
	if (gethostname(buf, size) < 0)
		return err_sys(err, errno, "gethostname");
	buf[size - 1] = '\0';
	return 0;
}

int ns_hostname(const struct ns_plan *plan, char *buf, size_t size, struct err *err)
{
	auto_close int procfd = FD_NONE, nsdir = FD_NONE, home = FD_NONE;
	int r;

	if (plan->join_fds[NS_UTS] < 0)
		return read_hostname(buf, size, err);
	procfd = procfs_open(PROCFS_PIDS, err);
	if (procfd < 0)
		return procfd;
	nsdir = nsdir_open(procfd, 0, err);
	if (nsdir < 0)
		return nsdir;
	home = nsdir_take(nsdir, ns_kinds[NS_UTS].proc_name, err);
	if (home < 0)
		return home;
	if (setns(plan->join_fds[NS_UTS], CLONE_NEWUTS) < 0)
		return err_sys(err, errno, "setns \"%s\"", plan->join_paths[NS_UTS]);
	r = read_hostname(buf, size, err);
	/* What follows must not happen in a namespace of others. */
	if (setns(home, CLONE_NEWUTS) < 0)
		BUG("setns to the UTS namespace of before");
	return r;
}

int ns_plan_create(const struct spec *spec, struct ns_plan *out_plan, struct err *err)
{
	const struct spec_linux *linux_ = spec->linux_;
	auto_close int nsdir = FD_NONE;
	auto_(ns_plan) struct ns_plan plan = plan_empty();
	int r;

	plan.unprivileged = caller_is_unprivileged() || mounts_belong_above();
	plan.hostname = spec->hostname;
	plan.keep_groups = spec_keeps_groups(spec);
	plan.domainname = spec->domainname;
	for (size_t type = 0; type < NS_COUNT; type++) {
		r = plan_type(&plan, (enum ns_type)type, &linux_->namespaces[type], &nsdir, err);
		if (r < 0)
			return r;
	}
	if (plan.new_[NS_TIME]) {
		plan.time_monotonic = linux_->time_monotonic;
		plan.time_boottime = linux_->time_boottime;
	}
	r = plan_maps(&plan, linux_, err);
	if (r < 0)
		return r;
	*out_plan = plan;
	plan = plan_empty(); /* handed over */
	return 0;
}

/* Which namespaces of the directory @theirs differ from those of @ours.  -ENOENT for a zombie,
 * which has left its namespaces: to take that for "no difference" would run an exec on the host. */
static int plan_differences(struct ns_plan *plan, int ours, int theirs, struct err *err)
{
	for (size_t type = 0; type < NS_COUNT; type++) {
		struct ns_id a, b;
		int r = nsdir_id(ours, (enum ns_type)type, &a, err);

		if (r > 0)
			continue;
		if (r == 0)
			r = nsdir_id(theirs, (enum ns_type)type, &b, err);
		if (r != 0)
			return r > 0 ? err_sys(err, ENOENT, "stat its namespaces") : r;
		if (a.dev == b.dev && a.ino == b.ino)
			continue;
		plan->join_flags |= ns_kinds[type].clone_flag;
		plan->own[type] = true;
	}
	return 0;
}

/* The process behind @pidfd has not been reaped, so its pid has been its own all the time. */
static int plan_process(struct ns_plan *plan, pid_t pid, struct err *err)
{
	auto_close int ours = nsdir_open(plan->procfd, 0, err);
	auto_close int theirs = FD_NONE;
	int r;

	if (ours < 0)
		return ours;
	theirs = nsdir_open(plan->procfd, pid, err);
	r = theirs < 0 ? theirs : plan_differences(plan, ours, theirs, err);
	if (r == -ENOENT || r == -ESRCH || sys_pidfd_send_signal(plan->join_pidfd, 0) == -ESRCH)
		return err_bad(err, ERR_NOT_RUNNING, "process %d has ended", pid);
	if (r == -EACCES || r == -EPERM)
		err_hint(err, "the process belongs to another user");
	return r < 0 ? err_in(err, "process %d", pid) : 0;
}

int ns_plan_join(int procfd, pid_t pid, int pidfd, struct ns_plan *out_plan, struct err *err)
{
	struct ns_plan plan = plan_empty();
	int r;

	plan.unprivileged = caller_is_unprivileged();
	plan.procfd = procfd;
	plan.join_pidfd = pidfd;
	r = plan_process(&plan, pid, err);
	if (r < 0)
		return r;
	*out_plan = plan;
	return 0;
}

void ns_plan_release(struct ns_plan *plan)
{
	for (size_t type = 0; type < NS_COUNT; type++)
		fd_close(&plan->join_fds[type]);
	for (size_t i = 0; i < ARRAY_SIZE(plan->map_storage); i++) {
		free(plan->map_storage[i]);
		plan->map_storage[i] = NULL;
	}
}
