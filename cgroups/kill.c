// SPDX-License-Identifier: Apache-2.0
/*
 * Signals to everything in a cgroup.
 *
 * cgroup.kill (5.14) kills a whole tree at once, fork bombs and frozen processes included.  Before
 * 5.14 the tree is frozen so that it cannot fork, every process gets its SIGKILL (which the v2
 * freezer lets through), and it is thawed on every way out.
 */
#include "cgroups/internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/hostfile.h"
#include "base/sys.h"

#define KILL_TIMEOUT_MS 10000
#define BATCH 64 /* descriptors that are open at a time */

static bool is_member(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/*
 * A number may pass to a stranger between reading the list and the signal.  So each process is
 * pinned by a pidfd first, and signalled only when its number is on the list that is read after
 * that.
 */
static int signal_batch(int dirfd, const pid_t *pids, size_t count, int sig, struct err *err)
{
	int fds[BATCH], r;
	auto_free pid_t *now = NULL;
	size_t now_count = 0;

	for (size_t i = 0; i < count; i++)
		fds[i] = sys_pidfd_open(pids[i]);
	r = pids_collect(dirfd, &now, &now_count, err);
	for (size_t i = 0; i < count; i++) {
		int sent;

		if (fds[i] < 0)
			continue;
		sent = r == 0 && is_member(now, now_count, pids[i])
			? sys_pidfd_send_signal(fds[i], sig)
			: 0;
		if (sent < 0 && sent != -ESRCH)
			r = err_sys(err, -sent, "signal process %d with %d", (int)pids[i], sig);
		fd_close(&fds[i]);
	}
	return r;
}

static int signal_all(int dirfd, int sig, struct err *err)
{
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	int r = pids_collect(dirfd, &pids, &count, err);

	for (size_t i = 0; r == 0 && i < count; i += BATCH)
		r = signal_batch(dirfd, pids + i, count - i < BATCH ? count - i : BATCH, sig, err);
	return r;
}

/* For kernels without cgroup.kill. */
static int kill_frozen(int dirfd, int64_t deadline_ms, struct err *err)
{
	struct err ignored; /* a cgroup that cannot be frozen or thawed is killed all the same */
	int r, left = 1;

	r = host_write(dirfd, "cgroup.freeze", "1", 1, &ignored);
	if (r == 0)
		(void)!events_wait(dirfd, EVENT_FROZEN, true, clock_ms() + 1000, &ignored);
	while (left > 0) {
		int64_t now = clock_ms(), round = now + 100;

		r = signal_all(dirfd, SIGKILL, err);
		if (r < 0 || now >= deadline_ms)
			break;
		/* What was forked before the freeze took hold is found in the next round. */
		left = events_wait(dirfd, EVENT_POPULATED, false,
			round < deadline_ms ? round : deadline_ms, err);
		if (left < 0)
			r = left;
	}
	(void)!host_write(dirfd, "cgroup.freeze", "0", 1, &ignored);
	return r;
}

int kill_all(int dirfd, int64_t deadline_ms, struct err *err)
{
	int r = host_write(dirfd, "cgroup.kill", "1", 1, err);

	if (r == -ENOENT) {
		err_drop(err); /* before 5.14, or gone */
		r = kill_frozen(dirfd, deadline_ms, err);
	}
	if (cgroup_is_gone(r)) {
		err_drop(err); /* gone: nothing to kill */
		r = 0;
	}
	return r;
}

int cgroup_kill(struct cgroup *cgroup, struct err *err)
{
	int r;

	if (cgroup->absence)
		return 1;
	r = cgroup_dirfd(cgroup, err);
	if (r == -ENOENT) {
		err_drop(err); /* gone: nothing to kill */
		return 0;
	}
	if (r >= 0)
		r = kill_all(cgroup->fd, clock_ms() + KILL_TIMEOUT_MS, err);
	return r < 0 ? err_in(err, "cgroup \"%s\"", cgroup->path) : 0;
}

int cgroup_signal(struct cgroup *cgroup, int sig, struct err *err)
{
	int r;

	if (cgroup->absence)
		return 1;
	if (sig == SIGKILL)
		return cgroup_kill(cgroup, err);
	r = cgroup_dirfd(cgroup, err);
	if (r == -ENOENT) {
		err_drop(err); /* likewise */
		return 0;
	}
	if (r >= 0)
		r = signal_all(cgroup->fd, sig, err);
	return r < 0 ? err_in(err, "cgroup \"%s\"", cgroup->path) : 0;
}
