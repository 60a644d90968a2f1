// SPDX-License-Identifier: Apache-2.0
/*
 * Removing a container's cgroup with everything in and below it.
 *
 * The directory is removed at once when it is empty, which is the usual case.  Otherwise: thaw,
 * kill, wait for "populated 0" by events, remove the cgroups that the container made below it, and
 * try again; never longer than the caller allows (crun once looped for ever on EBUSY).  What still
 * lives then is named, with what it waits in, and the cgroup stays for the next delete.
 *
 * Parents are left alone, for another container may be about to use them; unless this very process
 * made them, for a create that fails leaves nothing behind.
 */
#include "cgroups/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "cgroups/where.h"

#define DEPTH_MAX 128
#define MANAGER_LOOKS_MS 1000

/* Removes the cgroups below @dirfd, the deepest first; those in use stay and the next round sees
 * them. */
static int remove_below(int dirfd, unsigned int depth, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	int r = cgroup_list(dirfd, &dir, err);

	while (r == 0 && (entry = cgroup_next_child(dir))) {
		auto_close int child = FD_NONE;

		r = host_unlink(dirfd, entry->d_name, AT_REMOVEDIR, err);
		if (r == -EBUSY && depth < DEPTH_MAX) {
			child = host_open(
				dirfd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
			r = child < 0 ? child : remove_below(child, depth + 1, err);
			if (r == 0)
				r = host_unlink(dirfd, entry->d_name, AT_REMOVEDIR, err);
		}
		if (r > 0 || r == -EBUSY || cgroup_is_gone(r)) {
			err_drop(err); /* removed by somebody, or for the next round */
			r = 0;
		}
	}
	return r;
}

static int still_alive(const struct cgroup *cgroup, int timeout_ms, struct err *err)
{
	auto_free char *pids = pids_describe(cgroup->fd);

	err_bad_errno(err, ERR_TIMEOUT, EBUSY,
		"cgroup \"%s\" is still in use %d ms after its processes were killed: %s",
		cgroup->path, timeout_ms, pids);
	err_hint(err,
		"processes in state D cannot be killed before the kernel lets them go; delete the "
		"container again later");
	return err_result(err);
}

/* Empties the tree; 1: the deadline passed. */
static int clear(struct cgroup *cgroup, int64_t deadline_ms, struct err *err)
{
	struct err ignored; /* cgroup.kill does not need the thaw; older kernels do */
	int r = cgroup_dirfd(cgroup, err);

	if (r < 0)
		return r;
	(void)!host_write(cgroup->fd, "cgroup.freeze", "0", 1, &ignored);
	r = kill_all(cgroup->fd, deadline_ms, err);
	if (r == 0)
		r = events_wait(cgroup->fd, EVENT_POPULATED, false, deadline_ms, err);
	if (r != 0)
		return r;
	return remove_below(cgroup->fd, 0, err);
}

/*
 * systemd ends a unit by itself when it reads in the unit's cgroup that it is empty; one whose
 * directory is removed before that stays for ever.  So a manager that could not be told gets the
 * time to look and to remove the directory itself.
 */
static void await_manager(const struct cgroup *cgroup)
{
	int64_t deadline = clock_ms() + MANAGER_LOOKS_MS;
	auto_free char *parent = where_parent(cgroup->path);
	auto_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct err ignored = { 0 };
	auto_close int parentfd = where_openat(cgroup->rootfd, parent, O_PATH, &ignored);
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	const char *name = strrchr(cgroup->path, '/') + 1;

	err_drop(&ignored);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", parentfd);
	if (watch < 0 || parentfd < 0 ||
		inotify_add_watch(watch, path /* path: our descriptor's */, IN_DELETE) < 0)
		return;
	while (faccessat(parentfd, name /* path: one component */, F_OK, 0) == 0) {
		struct pollfd poller = { .fd = watch, .events = POLLIN };
		char events[4096];
		int left = clock_left(deadline);

		if (left == 0 || (poll(&poller, 1, left) < 0 && errno != EINTR))
			return;
		(void)!read(watch, events, sizeof(events));
	}
}

/* The manager's part.  It may be out of reach; what is left is removed all the same. */
static int stop(struct cgroup *cgroup, int64_t deadline_ms, struct err *err)
{
	const struct cgroup_manager_ops *ops = cgroup_manager_of(cgroup);
	int r;

	if (!ops->stop)
		return 0;
	r = clear(cgroup, deadline_ms, err);
	if (r > 0 || (r < 0 && !cgroup_is_gone(r)))
		return r;
	r = ops->stop(cgroup, err);
	if (r < 0) {
		log_warn("%s", err->msg);
		await_manager(cgroup);
	}
	err_drop(err); /* gone, or told */
	return 0;
}

int cgroup_destroy(struct cgroup *cgroup, int timeout_ms, struct err *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	auto_free char *parent = NULL;
	auto_close int parentfd = FD_NONE;
	int r;

	if (cgroup->absence)
		return 0;
	r = cgroup_rootfd(cgroup, err);
	if (r >= 0)
		r = stop(cgroup, deadline, err);
	if (r > 0)
		return still_alive(cgroup, timeout_ms, err);
	if (r < 0)
		return r;
	parent = where_parent(cgroup->path);
	parentfd = where_openat(cgroup->rootfd, parent, O_PATH, err);
	r = parentfd;
	for (bool late = false;;) {
		if (r >= 0)
			r = host_unlink(
				parentfd, strrchr(cgroup->path, '/') + 1, AT_REMOVEDIR, err);
		if (r != -EBUSY)
			break;
		/* Even without any time left everything is killed once. */
		r = late ? 1 : clear(cgroup, deadline, err);
		late = clock_ms() > deadline;
		if (r > 0)
			return still_alive(cgroup, timeout_ms, err);
	}
	if (r < 0 && !cgroup_is_gone(r))
		return err_in(err, "cgroup \"%s\"", cgroup->path);
	if (r < 0)
		err_drop(err); /* gone, by whom ever */
	fd_close(&cgroup->fd);
	cgroup_unmake_parents(cgroup);
	return 0;
}
