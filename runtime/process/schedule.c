// SPDX-License-Identifier: Apache-2.0
/*
 * When and where a process runs: process.scheduler, process.ioPriority, process.execCPUAffinity,
 * linux.memoryPolicy.
 *
 * Policy and I/O priority are set by the parent on the child.  The memory policy belongs to a
 * thread and is set by the child itself, as is the final CPU affinity, which must come after the
 * child has entered the container's cgroup.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/sys.h"
#include "runtime/process/internal.h"

#define LONG_BITS (8 * sizeof(unsigned long))
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

/* sched_setattr(2)'s own: libc and kernel headers do not agree on who declares it. */
struct scheduler_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

/* ---- lists ---- */

/* Parses the number at *@text up to one of "-," or the end. */
static int parse_number(const char **text, uint64_t *out_value)
{
	char digits[16];
	size_t len = strcspn(*text, "-,\n");

	if (len == 0 || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, *text, len);
	digits[len] = '\0';
	*text += len;
	return num_u64(digits, UINT32_MAX, out_value);
}

int schedule_parse_list(
	const char *text, unsigned long *mask, size_t bits, const char *name, struct err *err)
{
	const char *at = text;

	memset(mask, 0, bits / 8);
	for (;;) {
		uint64_t first, last;

		if (parse_number(&at, &first) < 0)
			break;
		last = first;
		if (*at == '-' && (at++, parse_number(&at, &last) < 0 || last < first))
			break;
		if (last >= bits)
			return err_bad(err, ERR_CONFIG, "%s: \"%s\": the highest number is %zu",
				name, text, bits - 1);
		for (; first <= last; first++)
			mask[first / LONG_BITS] |= 1ul << (first % LONG_BITS);
		if (*at == '\0')
			return 0;
		if (*at++ != ',')
			break;
	}
	return err_bad(err, ERR_CONFIG, "%s: \"%s\" is not a list such as \"0-3,7\"", name, text);
}

/* ---- plan ---- */

static int affinity_plan(
	const char *list, const char *name, cpu_set_t *set, bool *has, struct err *err)
{
	*has = list && *list;
	if (!*has)
		return 0;
	return schedule_parse_list(list, set->__bits, CPU_SETSIZE, name, err);
}

int schedule_plan(struct process_plan *plan, struct err *err)
{
	const struct spec_exec_cpu_affinity *affinity = plan->process->exec_cpu_affinity;
	const struct spec_memory_policy *policy = plan->spec->linux_->memory_policy;
	int r = 0;

	if (plan->is_exec && affinity) { /* config.md: not for the container's first process */
		r = affinity_plan(affinity->initial, "process.execCPUAffinity.initial",
			&plan->affinity_initial, &plan->has_affinity_initial, err);
		if (r == 0)
			r = affinity_plan(affinity->final, "process.execCPUAffinity.final",
				&plan->affinity_final, &plan->has_affinity_final, err);
	}
	plan->has_memory_nodes = policy && policy->nodes && *policy->nodes;
	if (r == 0 && plan->has_memory_nodes)
		r = schedule_parse_list(policy->nodes, plan->memory_nodes, MEMORY_NODES_MAX,
			"linux.memoryPolicy.nodes", err);
	return r;
}

/* ---- apply ---- */

static int affinity_set(const cpu_set_t *set, const char *name, struct err *err)
{
	int r;

	if (sched_setaffinity(0, sizeof(*set), set) == 0)
		return 0;
	r = err_sys(err, errno, "sched_setaffinity to process.execCPUAffinity.%s", name);
	if (r == -EINVAL)
		err_hint(err, "none of these CPUs is online and in the cgroup's cpuset");
	return r;
}

static int affinity_reset(struct err *err)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(0, sizeof(all), &all) < 0)
		return err_sys(err, errno, "sched_setaffinity to all CPUs");
	return 0;
}

int schedule_before_clone(const struct process_plan *plan, struct err *err)
{
	if (!plan->has_affinity_initial)
		return 0;
	return affinity_set(&plan->affinity_initial, "initial", err);
}

static int scheduler_set(const struct spec_scheduler *scheduler, pid_t pid, struct err *err)
{
	struct scheduler_attr attr = {
		.size = sizeof(attr),
		.policy = (uint32_t)scheduler->policy,
		.flags = scheduler->flags,
		.nice = scheduler->nice,
		.priority = (uint32_t)scheduler->priority,
		.runtime = scheduler->runtime,
		.deadline = scheduler->deadline,
		.period = scheduler->period,
		/* The specification has the clamp's flags but no values: -1 is the default one. */
		.util_min = UINT32_MAX,
		.util_max = UINT32_MAX,
	};
	int r = sys_sched_setattr(pid, &attr, 0);

	if (r == 0)
		return 0;
	r = err_sys(err, -r, "sched_setattr of process.scheduler");
	if (r == -EPERM)
		err_hint(err,
			"it needs CAP_SYS_NICE; a real-time policy may need cpu.rt_runtime_us, "
			"a deadline all CPUs of its domain");
	return r;
}

static int io_priority_set(const struct spec_io_priority *priority, pid_t pid, struct err *err)
{
	int value = priority->class_ << IOPRIO_CLASS_SHIFT | (int)priority->priority;
	int r = sys_ioprio_set(IOPRIO_WHO_PROCESS, pid, value);

	if (r == 0)
		return 0;
	r = err_sys(err, -r, "ioprio_set of process.ioPriority");
	if (r == -EPERM)
		err_hint(err, "IOPRIO_CLASS_RT needs CAP_SYS_NICE or CAP_SYS_ADMIN");
	return r;
}

int schedule_apply_outside(const struct process_plan *plan, pid_t pid, struct err *err)
{
	const struct spec_process *process = plan->process;
	int r = 0;

	if (process->io_priority)
		r = io_priority_set(process->io_priority, pid, err);
	if (r == 0 && process->scheduler)
		r = scheduler_set(process->scheduler, pid, err);
	return r;
}

static int memory_policy_set(const struct process_plan *plan, struct err *err)
{
	const struct spec_memory_policy *policy = plan->spec->linux_->memory_policy;
	int r;

	if (!policy)
		return 0;
	/* The kernel counts one bit less than it is told. */
	r = sys_set_mempolicy(policy->mode | (int)policy->flags,
		plan->has_memory_nodes ? plan->memory_nodes : NULL,
		plan->has_memory_nodes ? MEMORY_NODES_MAX + 1 : 0);
	if (r == 0)
		return 0;
	r = err_sys(err, -r, "set_mempolicy of linux.memoryPolicy");
	if (r == -EINVAL)
		err_hint(err,
			"mode, flags and nodes must fit (set_mempolicy(2)), and the nodes must "
			"exist and be in the cgroup's cpuset");
	return r;
}

int schedule_apply_inside(const struct process_plan *plan, struct err *err)
{
	int r = memory_policy_set(plan, err);

	if (r == 0 && plan->has_affinity_final)
		return affinity_set(&plan->affinity_final, "final", err);
	/* config.md: without "final" it is the container's default.  All CPUs are those of its
	 * cpuset; since Linux 6.2 the initial ones would outlive the move into the cgroup. */
	if (r == 0 && plan->has_affinity_initial)
		return affinity_reset(err);
	return r;
}
