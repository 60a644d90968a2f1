// SPDX-License-Identifier: Apache-2.0
/* config.md, "Process": the tables of `process` and the rules inside it. */
#include "oci/tables.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "base/sys.h"
#include "oci/values.h"

/* The highest uid and gid: the next one means "no change" to the kernel. */
#define ID_MAX 4294967294

/* ---- consoleSize ---- */

static const struct field console_size_rows[] = {
	FIELD_UINT16(
		"height", struct spec_console_size, height, .flags = FIELD_REQUIRED, .doc = "rows"),
	FIELD_UINT16("width", struct spec_console_size, width, .flags = FIELD_REQUIRED,
		.doc = "columns"),
};
static const struct fields console_size_fields =
	FIELDS(console_size_rows, struct spec_console_size, NULL);

/* "Runtimes MUST ignore consoleSize if terminal is false or unset": even what is wrong with it. */
static int read_console_size(const struct field_value *v, void *dst, struct err *err)
{
	const struct json_node *terminal = json_get(v->node->parent, "terminal");
	struct spec_console_size *size;
	int r;

	if (!terminal || terminal->type != JSON_BOOL || !terminal->boolean)
		return 0;
	size = json_alloc(v->doc, 1, sizeof(*size));
	r = fields_read(v->doc, v->node, &console_size_fields, size, err);
	if (r == 0)
		*(struct spec_console_size **)dst = size;
	return r;
}

/* ---- user ---- */

static const struct field user_rows[] = {
	FIELD_MAYBE_U32("uid", struct spec_user, uid, .flags = FIELD_REQUIRED, .max = ID_MAX,
		.doc = "user id in the container"),
	FIELD_MAYBE_U32("gid", struct spec_user, gid, .flags = FIELD_REQUIRED, .max = ID_MAX,
		.doc = "group id in the container"),
	FIELD_MAYBE_U32("umask", struct spec_user, umask, .max = 0777, .since = "1.0.2",
		.doc = "file creation mask; unset: the caller's"),
	FIELD_NUMBERS("additionalGids", struct spec_user, additional_gids, .max = ID_MAX,
		.doc = "supplementary group ids"),
	FIELD_STR("username", struct spec_user, username, .doc = "Windows only; ignored"),
};
static const struct fields user_fields = FIELDS(user_rows, struct spec_user, NULL);

/* ---- capabilities ---- */

static void unknown_add(struct spec_capabilities *caps, const char *name, struct json_doc *doc)
{
	const char **items;

	list_foreach (known, &caps->unknown)
		if (strcmp(*known, name) == 0)
			return;
	items = json_alloc(doc, caps->unknown.count + 1, sizeof(*items));
	if (caps->unknown.count)
		memcpy(items, caps->unknown.items, caps->unknown.count * sizeof(*items));
	items[caps->unknown.count++] = name;
	caps->unknown.items = items;
}

/* A name that the kernel does not know is a warning (of runtime/process), not an error. */
static int read_capability_set(const struct field_value *v, void *dst, struct err *err)
{
	uint64_t set = 0;

	if (v->node->type != JSON_ARRAY)
		return fields_type_error(v->doc, v->node, "array", err);
	json_foreach (child, v->node) {
		const struct name *row;
		const char *name;
		int r = fields_text(v->doc, child, value_refuse_empty, &name, err);

		if (r < 0)
			return r;
		row = names_find(&capability_names, name);
		if (row)
			set |= UINT64_C(1) << row->value;
		else
			unknown_add(v->object, name, v->doc);
	}
	*(uint64_t *)dst = set;
	return 0;
}

#define CAPABILITY_SET(member, doc_)                                                \
	FIELD_OTHER(#member, struct spec_capabilities, member, read_capability_set, \
		.form = "list of names", .names = &capability_names, .doc = doc_)

static const struct field capabilities_rows[] = {
	CAPABILITY_SET(effective, "what the process may do"),
	CAPABILITY_SET(bounding, "what executing a program can ever give"),
	CAPABILITY_SET(inheritable, "kept by programs whose file has them inheritable"),
	CAPABILITY_SET(permitted, "what can be made effective"),
	CAPABILITY_SET(ambient, "kept by programs without file capabilities"),
};
static const struct fields capabilities_fields =
	FIELDS(capabilities_rows, struct spec_capabilities, NULL);

/* ---- rlimits ---- */

static int check_rlimit(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct spec_rlimit *limit = object;

	if (limit->soft <= limit->hard)
		return 0;
	return json_error(doc, node, err, "the soft limit is above the hard limit");
}

static const struct field rlimit_rows[] = {
	FIELD_NAME("type", struct spec_rlimit, type, &rlimit_names, .flags = FIELD_REQUIRED,
		.doc = "which limit, as getrlimit(2) names it"),
	FIELD_UINT64("soft", struct spec_rlimit, soft, .flags = FIELD_REQUIRED,
		.doc = "what is enforced; 18446744073709551615: no limit"),
	FIELD_UINT64("hard", struct spec_rlimit, hard, .flags = FIELD_REQUIRED,
		.doc = "how far the soft limit can be raised"),
};
const struct fields spec_rlimit_fields = FIELDS(rlimit_rows, struct spec_rlimit, check_rlimit);

/* ---- scheduler, ioPriority, execCPUAffinity ---- */

static const char *scheduler_refuse(const struct spec_scheduler *s)
{
	bool real_time = s->policy == SCHED_FIFO || s->policy == SCHED_RR;
	uint64_t period = s->period ? s->period : s->deadline;

	if (real_time && (s->priority < 1 || s->priority > 99))
		return "SCHED_FIFO and SCHED_RR need a priority from 1 to 99";
	if (!real_time && s->priority != 0)
		return "only SCHED_FIFO and SCHED_RR have a priority";
	if (s->policy != SCHED_DEADLINE)
		return s->runtime || s->deadline || s->period
			? "only SCHED_DEADLINE has runtime, deadline and period"
			: NULL;
	/* sched(7): 1024 <= runtime <= deadline <= period */
	if (s->runtime < 1024 || s->deadline < s->runtime || period < s->deadline)
		return "SCHED_DEADLINE needs 1024 <= runtime <= deadline <= period";
	return NULL;
}

static int check_scheduler(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const char *why = scheduler_refuse(object);

	return why ? json_error(doc, node, err, "%s", why) : 0;
}

static const struct field scheduler_rows[] = {
	FIELD_NAME("policy", struct spec_scheduler, policy, &scheduler_policy_names,
		.flags = FIELD_REQUIRED, .doc = "as sched(7) names it"),
	FIELD_INT32("nice", struct spec_scheduler, nice, .min = -20, .max = 19,
		.doc = "lower is more favourable"),
	FIELD_INT32("priority", struct spec_scheduler, priority, .doc = "of real-time policies"),
	FIELD_FLAGSET("flags", struct spec_scheduler, flags, &scheduler_flag_names,
		.doc = "of sched_setattr(2)"),
	FIELD_UINT64("runtime", struct spec_scheduler, runtime,
		.doc = "of SCHED_DEADLINE, in nanoseconds"),
	FIELD_UINT64("deadline", struct spec_scheduler, deadline,
		.doc = "of SCHED_DEADLINE, in nanoseconds"),
	FIELD_UINT64("period", struct spec_scheduler, period,
		.doc = "of SCHED_DEADLINE, in nanoseconds; 0: the deadline"),
};
static const struct fields scheduler_fields =
	FIELDS(scheduler_rows, struct spec_scheduler, check_scheduler);

static const struct field io_priority_rows[] = {
	FIELD_NAME("class", struct spec_io_priority, class_, &io_class_names,
		.flags = FIELD_REQUIRED, .doc = "as ioprio_set(2) names it"),
	FIELD_INT64("priority", struct spec_io_priority, priority, .flags = FIELD_REQUIRED,
		.max = 7, .doc = "0 is the highest"),
};
static const struct fields io_priority_fields =
	FIELDS(io_priority_rows, struct spec_io_priority, NULL);

static const struct field exec_cpu_affinity_rows[] = {
	FIELD_STR("initial", struct spec_exec_cpu_affinity, initial, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_cpu_list, .doc = "CPUs before the cgroup is joined"),
	FIELD_STR("final", struct spec_exec_cpu_affinity, final, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_cpu_list, .doc = "CPUs of the process"),
};
static const struct fields exec_cpu_affinity_fields =
	FIELDS(exec_cpu_affinity_rows, struct spec_exec_cpu_affinity, NULL);

/* ---- process ---- */

static int check_rlimits(const struct json_doc *doc, const struct json_node *node,
	const struct spec_process *process, struct err *err)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < process->rlimits.count; i++) {
		int type = process->rlimits.items[i].type;

		if (seen & UINT64_C(1) << type)
			return json_error(doc, json_at(json_get(node, "rlimits"), i), err,
				"%s is given twice", names_of(&rlimit_names, type));
		seen |= UINT64_C(1) << type;
	}
	return 0;
}

static int check_process(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct spec_process *process = object;

	if (process->args.count == 0)
		return json_error(doc, node, err, "\"args\" needs at least one entry");
	return check_rlimits(doc, node, process, err);
}

static const struct field process_rows[] = {
	FIELD_BOOLEAN("terminal", struct spec_process, terminal, .doc = "a terminal is attached"),
	FIELD_OTHER("consoleSize", struct spec_process, console_size, read_console_size,
		.form = "object", .fields = &console_size_fields, .doc = "size of the terminal"),
	FIELD_EMBED("user", struct spec_process, user, struct spec_user, &user_fields,
		.doc = "who the process runs as; unset: 0:0"),
	FIELD_TEXTS(
		"args", struct spec_process, args, .doc = "program and arguments, as execvp(3)"),
	FIELD_STR("commandLine", struct spec_process, command_line, .since = "1.0.2",
		.doc = "Windows only; ignored"),
	FIELD_TEXTS("env", struct spec_process, env, .refuse = value_refuse_environment,
		.doc = "environment, NAME=value"),
	FIELD_STR("cwd", struct spec_process, cwd, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_relative, .doc = "working directory, absolute"),
	FIELD_STRUCT("capabilities", struct spec_process, capabilities, struct spec_capabilities,
		&capabilities_fields, .doc = "capability sets; unset: none"),
	FIELD_STRUCTS("rlimits", struct spec_process, rlimits, struct spec_rlimit,
		&spec_rlimit_fields, .doc = "resource limits"),
	FIELD_MAYBE_BOOL("noNewPrivileges", struct spec_process, no_new_privileges,
		.doc = "no program can give more privileges"),
	FIELD_STR("apparmorProfile", struct spec_process, apparmor_profile,
		.flags = FIELD_EMPTY_IS_ABSENT, .doc = "AppArmor profile"),
	FIELD_MAYBE_I64("oomScoreAdj", struct spec_process, oom_score_adj, .min = -1000,
		.max = 1000, .doc = "the kernel's choice when memory is out; unset: untouched"),
	FIELD_STRUCT("scheduler", struct spec_process, scheduler, struct spec_scheduler,
		&scheduler_fields, .since = "1.1", .doc = "CPU scheduling"),
	FIELD_STR("selinuxLabel", struct spec_process, selinux_label,
		.flags = FIELD_EMPTY_IS_ABSENT, .doc = "SELinux label"),
	FIELD_STRUCT("ioPriority", struct spec_process, io_priority, struct spec_io_priority,
		&io_priority_fields, .since = "1.1", .doc = "I/O scheduling"),
	FIELD_STRUCT("execCPUAffinity", struct spec_process, exec_cpu_affinity,
		struct spec_exec_cpu_affinity, &exec_cpu_affinity_fields, .since = "1.2.1",
		.doc = "CPUs of exec"),
};
const struct fields process_fields = FIELDS(process_rows, struct spec_process, check_process);
