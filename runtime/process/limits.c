// SPDX-License-Identifier: Apache-2.0
/*
 * process.rlimits and process.oomScoreAdj.
 *
 * The child sets its limits itself, as its last act: until then it needs descriptors and memory.
 * Only a hard limit above the runtime's own is raised by the parent, since that needs
 * CAP_SYS_RESOURCE over the host.  The oom_score_adj is inherited: the parent takes it on for the
 * moment of the clone, because the file of a child that has become another user, or cannot be
 * dumped, is only for privileged writers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/num.h"
#include "base/procfs.h"
#include "runtime/process/internal.h"

/* ---- oom_score_adj ---- */

#define OOM_FILE "self/oom_score_adj"

static int oom_score_read(int procfd, int64_t *out_score, struct err *err)
{
	auto_free char *text = NULL;
	int r = procfs_read(procfd, OOM_FILE, 32, &text, err);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (num_i64(text, -1000, 1000, out_score) < 0)
		return err_bad(err, ERR_OTHER, "\"/proc/%s\": \"%s\" is no number", OOM_FILE, text);
	return 0;
}

static int oom_score_write(int procfd, int64_t score, struct err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)score);
	return procfs_write(procfd, OOM_FILE, text, err);
}

int oom_score_before_clone(struct process_plan *plan, int procfd, struct err *err)
{
	const struct opt_i64 *wanted = &plan->process->oom_score_adj;
	int64_t own;
	int r;

	if (!wanted->set)
		return 0;
	r = oom_score_read(procfd, &own, err);
	if (r < 0)
		return err_in(err, "process.oomScoreAdj");
	if (own != wanted->v)
		r = oom_score_write(procfd, wanted->v, err);
	if (r == -EACCES || r == -EPERM) {
		/* It may not be lowered without CAP_SYS_RESOURCE; to run with less is safe. */
		err_drop(err);
		log_warn("process.oomScoreAdj: no permission to set %lld: it stays at %lld",
			(long long)wanted->v, (long long)own);
		return 0;
	}
	if (r < 0)
		return err_in(err, "process.oomScoreAdj");
	plan->oom_score_changed = own != wanted->v;
	plan->oom_score_own = own;
	return 0;
}

void oom_score_after_clone(struct process_plan *plan, int procfd)
{
	struct err err;

	if (plan->oom_score_changed && oom_score_write(procfd, plan->oom_score_own, &err) < 0)
		log_debug("the runtime keeps the container's oom_score_adj: %s", err.msg);
	plan->oom_score_changed = false;
}

/* ---- rlimits ---- */

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

int limits_apply_outside(const struct process_plan *plan, pid_t pid, struct err *err)
{
	for (size_t i = 0; i < plan->process->rlimits.count; i++) {
		int r = raise_hard(&plan->process->rlimits.items[i], pid, err);

		if (r < 0)
			return r;
	}
	return 0;
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
