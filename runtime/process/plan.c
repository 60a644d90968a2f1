// SPDX-License-Identifier: Apache-2.0
/*
 * Plans a process: argv, environment, identity and the compiled filter as plain data.
 *
 * Runs in the parent, before the clone, so that whatever is wrong with the configuration is an
 * error of create, and the child has nothing to parse.
 */
#include "runtime/process/process.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "runtime/process/internal.h"

/* ---- argv and environment ---- */

static char **copy_strings(const spec_strings *strings, size_t spare)
{
	char **copy = xcalloc(strings->count + spare + 1, sizeof(*copy));

	for (size_t i = 0; i < strings->count; i++)
		copy[i] = xstrdup(strings->items[i]);
	return copy;
}

static void free_strings(char **strings)
{
	for (char **s = strings; s && *s; s++)
		free(*s);
	free(strings);
}

/* Takes the heap string @entry ("NAME=value"): replaces the variable of that name or adds it. 
 * Later entries of the same name are removed, as programs differ in which of two they see. */
static void env_set_take(char **envp, char *entry)
{
	size_t name_len = strcspn(entry, "=") + 1;
	bool placed = false;
	char **to = envp;

	for (char **from = envp; *from; from++) {
		if (strncmp(*from, entry, name_len) != 0) {
			*to++ = *from;
			continue;
		}
		free(*from);
		if (!placed)
			*to++ = entry;
		placed = true;
	}
	if (!placed)
		*to++ = entry;
	*to = NULL;
}

static bool env_has(char **envp, const char *name)
{
	size_t len = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return true;
	return false;
}

#define LISTEN_VARIABLES 3

/* sd_listen_fds(3).  The process is 1 in its pid namespace; where it is not, it still must accept
 * the descriptors, and runc has set 1 for years. */
static void env_set_listen(char **envp, unsigned int count)
{
	const char *names = getenv("LISTEN_FDNAMES");

	if (count == 0)
		return;
	env_set_take(envp, xasprintf("LISTEN_FDS=%u", count));
	env_set_take(envp, xstrdup("LISTEN_PID=1"));
	if (names)
		env_set_take(envp, xasprintf("LISTEN_FDNAMES=%s", names));
}

static void env_plan(const struct process_options *options, struct process_plan *plan)
{
	size_t spare = LISTEN_VARIABLES + 1; /* HOME */

	for (const char *const *e = options->extra_env; e && *e; e++)
		spare++;
	plan->envp = copy_strings(&plan->process->env, spare);
	env_set_listen(plan->envp, options->listen_fds);
	for (const char *const *e = options->extra_env; e && *e; e++)
		env_set_take(plan->envp, xstrdup(*e));
	plan->has_home = env_has(plan->envp, "HOME");
}

/* ---- identity ---- */

static void identity_plan(const struct process_options *options, struct process_plan *plan)
{
	const struct spec_user *user = &plan->process->user;

	plan->uid = user->uid.v;
	plan->gid = user->gid.v;
	plan->gids = user->additional_gids.items;
	plan->gid_count = user->additional_gids.count;
	plan->keep_groups = spec_keeps_groups(plan->spec);
	plan->umask = user->umask.set ? (mode_t)user->umask.v & 0777 : options->umask;
}

/* An exec that does not mention it (Go leaves a false out) must not be a way around it. */
static bool no_new_privileges(const struct process_plan *plan)
{
	const struct spec_process *first = plan->spec->process;

	if (plan->process->no_new_privileges.set)
		return plan->process->no_new_privileges.v;
	return plan->is_exec && first && first->no_new_privileges.v;
}

static int filter_area_map(struct process_plan *plan, struct err *err)
{
	if (!plan->spec->linux_->seccomp)
		return 0;
	plan->filter = mmap(NULL, sizeof(*plan->filter), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (plan->filter != MAP_FAILED)
		return 0;
	plan->filter = NULL;
	return err_sys(err, errno, "mmap of the seccomp filter");
}

int process_plan_init(const struct spec *spec, const struct spec_process *process,
	const struct process_options *options, struct process_plan *out_plan, struct err *err)
{
	auto_(process_plan) struct process_plan plan = {
		.process = process,
		.spec = spec,
		.is_exec = options->is_exec,
		.new_session_keyring = options->new_session_keyring,
		.preserved_fds = options->preserved_fds,
		.root_fd = FD_NONE,
	};
	int r;

	if (process->args.count == 0 || process->args.items[0][0] == '\0')
		return err_bad(err, ERR_CONFIG, "process.args: the name of a program is missing");
	plan.argv = copy_strings(&process->args, 0);
	env_plan(options, &plan);
	identity_plan(options, &plan);
	plan.no_new_privileges = no_new_privileges(&plan);
	caps_plan(process->capabilities, &plan);
	r = schedule_plan(&plan, err);
	if (r < 0)
		return r;
	r = filter_area_map(&plan, err);
	if (r < 0)
		return r;
	*out_plan = plan;
	plan = (struct process_plan){ 0 };
	return 0;
}

void process_plan_release(struct process_plan *plan)
{
	free_strings(plan->argv);
	free_strings(plan->envp);
	if (plan->filter)
		munmap(plan->filter, sizeof(*plan->filter));
	plan->argv = plan->envp = NULL;
	plan->filter = NULL;
}

bool process_may_notify(const struct process_plan *plan)
{
	const struct spec_seccomp *seccomp = plan->spec->linux_->seccomp;

	if (!seccomp)
		return false;
	list_foreach (rule, &seccomp->syscalls)
		if (rule->action == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

int process_compile_filter(struct process_plan *plan, struct err *err)
{
	auto_(filter) struct filter filter = { 0 };
	struct filter_area *area = plan->filter;
	int r;

	if (!area)
		return 0;
	r = filter_compile(plan->spec->linux_->seccomp, &filter, err);
	if (r < 0)
		return r;
	memcpy(area->insns, filter.insns, filter.count * sizeof(filter.insns[0]));
	area->flags = filter.flags;
	area->notify = filter.notify;
	area->count = filter.count;
	return 0;
}

bool process_needs_procfs(const struct process_plan *plan)
{
	return !plan->has_home || plan->process->selinux_label || plan->process->apparmor_profile;
}
