// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup.freeze.  The kernel freezes asynchronously: the write asks, cgroup.events tells when every
 * process has stopped.  A freeze that is not reached is taken back, so that an error never leaves a
 * container half stopped.
 */
#include "cgroups/internal.h"

#include <errno.h>

#include "base/clock.h"
#include "base/hostfile.h"

#define FREEZE_TIMEOUT_MS 10000

static int not_reached(const struct cgroup *cgroup, bool freeze, struct err *err)
{
	auto_free char *pids = pids_describe(cgroup->fd);

	err_bad(err, ERR_TIMEOUT, "cgroup \"%s\" is not %s after %d s: %s", cgroup->path,
		freeze ? "frozen" : "thawed", FREEZE_TIMEOUT_MS / 1000, pids);
	err_hint(err, "%s",
		freeze ? "a process in an uninterruptible wait (state D) cannot be frozen"
		       : "a cgroup above it is frozen");
	return err_result(err);
}

int cgroup_freeze(struct cgroup *cgroup, bool freeze, struct err *err)
{
	int fd, r;

	if (cgroup->absence)
		return freeze ? cgroup_absent(cgroup, "pausing", err) : 0;
	fd = cgroup_dirfd(cgroup, err);
	if (fd < 0)
		return fd;
	r = host_write(fd, "cgroup.freeze", freeze ? "1" : "0", 1, err);
	if (r == 0)
		r = events_wait(fd, EVENT_FROZEN, freeze, clock_ms() + FREEZE_TIMEOUT_MS, err);
	if (r > 0)
		r = not_reached(cgroup, freeze, err);
	if (r < 0 && freeze) {
		struct err ignored; /* the first error is the one to tell */

		if (host_write(fd, "cgroup.freeze", "0", 1, &ignored) < 0)
			err_hint(err, "the cgroup may still be frozen: resume it");
	}
	return r < 0 ? err_in(err, "cgroup \"%s\"", cgroup->path) : 0;
}

/* cgroup.events and not cgroup.freeze: a container below a frozen cgroup stands still as well. */
int cgroup_is_frozen(struct cgroup *cgroup, struct err *err)
{
	struct cgroup_events events;
	int r;

	if (cgroup->absence)
		return 0;
	r = cgroup_dirfd(cgroup, err);
	if (r >= 0)
		r = events_read(cgroup->fd, &events, err);
	if (cgroup_is_gone(r)) {
		err_drop(err); /* nothing is left to be frozen */
		return 0;
	}
	return r < 0 ? r : events.frozen;
}
