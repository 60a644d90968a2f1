// SPDX-License-Identifier: Apache-2.0
/*
 * process.rlimits and process.oomScoreAdj.
 *
 * The child sets its limits itself, as its last act: until then it needs descriptors and memory.  Only a
 * hard limit above the runtime's own is raised by the parent, since that needs CAP_SYS_RESOURCE over
 * the host.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/num.h"
#include "base/procfs.h"
#include "runtime/process/internal.h"

static struct rlimit rlimit_of(const struct spec_rlimit *limit)
{
	return (struct rlimit){ .rlim_cur = limit->soft, .rlim_max = limit->hard };
}

static int failed(struct err *err, int errnum, const struct spec_rlimit *limit)
{
	int r = err_sys(err, errnum, "prlimit of process.rlimits %s to %llu:%llu",
		names_of(&rlimit_names, limit->type), (unsigned long long)limit->soft,
		(unsigned long long)limit->hard);

	if (errnum == EPERM)
		err_hint(err,
			"a hard limit above the runtime's own needs CAP_SYS_RESOURCE, and "
			"RLIMIT_NOFILE may not exceed /proc/sys/fs/nr_open");
	if (errnum == EINVAL)
		err_hint(err, "the soft limit may not exceed the hard limit");
	return r;
}

/* Leaves to the child what it may do alone: it has our limits now. */
static int raise_hard(const struct spec_rlimit *limit, pid_t pid, struct err *err)
{
	struct rlimit value = rlimit_of(limit), own;

	if (prlimit(0, limit->type, NULL, &own) < 0)
		return failed(err, errno, limit);
	if (value.rlim_max <= own.rlim_max)
		return 0;
	if (value.rlim_cur < own.rlim_cur)
		value.rlim_cur = own.rlim_cur;
	return prlimit(pid, limit->type, &value, NULL) < 0 ? failed(err, errno, limit) : 0;
}

static int oom_score_apply(const struct process_plan *plan, int procfd, pid_t pid, struct err *err)
{
	char file[64], value[32];
	auto_free char *is = NULL;
	struct err lost;
	int64_t current;
	int r;

	if (!plan->process->oom_score_adj.set)
		return 0;
	snprintf(file, sizeof(file), "%d/oom_score_adj", (int)pid);
	snprintf(value, sizeof(value), "%lld", (long long)plan->process->oom_score_adj.v);
	r = procfs_write(procfd, file, value, err);
	if (r != -EACCES && r != -EPERM)
		return r < 0 ? err_in(err, "process.oomScoreAdj") : 0;
	/* Less privileged callers may not lower it, nor write that of a child of another user. */
	if (procfs_read(procfd, file, sizeof(value), &is, &lost) == 0) {
		is[strcspn(is, "\n")] = '\0';
		if (num_i64(is, INT16_MIN, INT16_MAX, &current) == 0 &&
			current == plan->process->oom_score_adj.v)
			return 0;
	}
	log_warn("process.oomScoreAdj: no permission to set %s: it stays at %s", value,
		is ? is : "the runtime's");
	return 0;
}

int limits_apply_outside(const struct process_plan *plan, int procfd, pid_t pid, struct err *err)
{
	for (size_t i = 0; i < plan->process->rlimits.count; i++) {
		int r = raise_hard(&plan->process->rlimits.items[i], pid, err);

		if (r < 0)
			return r;
	}
	return oom_score_apply(plan, procfd, pid, err);
}

int limits_apply_inside(const struct process_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->process->rlimits.count; i++) {
		const struct spec_rlimit *limit = &plan->process->rlimits.items[i];
		struct rlimit value = rlimit_of(limit), is;

		if (prlimit(0, limit->type, NULL, &is) < 0)
			return failed(err, errno, limit);
		if (is.rlim_cur == value.rlim_cur && is.rlim_max == value.rlim_max)
			continue;
		if (prlimit(0, limit->type, &value, NULL) < 0)
			return failed(err, errno, limit);
	}
	return 0;
}
