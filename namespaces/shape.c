// SPDX-License-Identifier: Apache-2.0
/*
 * How many processes it takes to get into the planned namespaces, and which clone flags each of
 * them uses.  Pure: clone.c does as it is told here.
 *
 * One clone3 with all CLONE_NEW* flags is enough for most containers: the kernel makes the user
 * namespace first, and it owns the others.  Three things break that:
 *  - A pid namespace that is joined.  setns(2) moves only later children into it, and by security
 *    rule R7 the process that is visible there must have joined everything else before it is born
 *    (a container with CAP_SYS_PTRACE could reach the host's files through /proc/<pid>/root).
 *  - Namespaces joined besides a new user namespace: they belong to another one, and the right to
 *    join them is lost in the new one.
 *  - A user namespace that is joined, and new ones that it shall own: the others can be made by
 *    unshare(2) after joining it, a pid namespace only by another clone.
 *
 * A time namespace with offsets is no reason: the process itself unshares it, writes the offsets
 * and joins it; clone3(CLONE_NEWTIME) would freeze the offsets at zero.  A new cgroup namespace is
 * made by ns_cgroup_unshare().
 */
#include "namespaces/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/sys.h"

static uint64_t join_flags(const struct ns_plan *plan)
{
	uint64_t flags = plan->join_flags;

	for (size_t type = 0; type < NS_COUNT; type++)
		if (plan->join_fds[type] >= 0)
			flags |= ns_kinds[type].clone_flag;
	return flags;
}

struct ns_shape ns_shape_of(const struct ns_plan *plan)
{
	uint64_t joins = join_flags(plan);
	uint64_t made = plan->new_flags & ~(uint64_t)CLONE_NEWCGROUP;
	bool new_user = made & CLONE_NEWUSER, joins_user = joins & CLONE_NEWUSER;
	struct ns_shape shape = {
		.joins = joins != 0,
		.offsets = (made & CLONE_NEWTIME) && (plan->time_monotonic || plan->time_boottime),
	};

	if (shape.offsets)
		made &= ~(uint64_t)CLONE_NEWTIME;
	shape.two_stages = (joins & CLONE_NEWPID) || (new_user && shape.joins) ||
		(joins_user && (made & CLONE_NEWPID));
	if (joins_user && !shape.two_stages)
		shape.unshare_flags = made;
	else
		shape.clone_flags = made;
	shape.talks = shape.joins || new_user || shape.offsets;
	/* The move into a cgroup is judged by the credentials and the cgroup namespace of the
	 * process that clones; where those stay the caller's, the first stage need not count in
	 * pids.max. */
	shape.cgroup_late = shape.two_stages && !(joins & (CLONE_NEWUSER | CLONE_NEWCGROUP));
	return shape;
}

const char *ns_flags_text(uint64_t flags, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t type = 0; type < NS_COUNT; type++) {
		if (!(flags & ns_kinds[type].clone_flag) || len >= size)
			continue;
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
			names_of(&ns_names, (int64_t)type));
	}
	return buf;
}
