// SPDX-License-Identifier: Apache-2.0
/*
 * exec: another process in a running container.  It joins the namespaces of the container's process
 * by that process's pidfd, is born in its current cgroup, and walks the same phases as the first
 * process did.
 */
#include "runtime/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/num.h"
#include "base/procfs.h"
#include "runtime/execution.h"
#include "runtime/foreground.h"
#include "runtime/isolation.h"

static void execution_release(struct execution *e)
{
	launch_release(&e->launch);
	if (e->container.isolation && e->container.isolation->exec_release)
		e->container.isolation->exec_release(e);
	process_plan_release(&e->plan);
	ns_plan_release(&e->ns);
	cgroup_free(e->cgroup);
	container_release(&e->container);
	spec_process_free(e->doc);
	spec_free(e->spec);
	free(e->env);
	free(e->gids);
	fd_close(&e->procfd);
}
DEFINE_AUTO(execution, execution_release);

static int find_container(struct execution *e, const struct runtime *rt, struct err *err)
{
	enum container_status status = CONTAINER_STOPPED;
	/* Without the lock: what is joined is held by descriptors, and an exec that waits in a
	 * paused container must not keep resume and delete out. */
	int r = container_open(rt, e->options->id, STATE_UNLOCKED, &e->container, err);

	if (r == 0)
		r = container_require_process(&e->container, err);
	if (r == 0)
		r = container_status_full(&e->container, &status, err);
	if (r == 0 && status == CONTAINER_PAUSED && !e->options->ignore_paused)
		r = err_bad(err, ERR_STATE,
			"cannot exec in a paused container (use --ignore-paused to override)");
	return r == 0 ? state_load_config(&e->container.dir, &e->spec, err) : r;
}

static int read_process_file(struct execution *e, struct err *err)
{
	auto_free char *text = NULL;
	size_t len;
	int r = host_read(AT_FDCWD, e->options->process_file, SPEC_SIZE_MAX, &text, &len, err);

	if (r == 0)
		r = spec_process_parse(text, len, e->options->process_file, &e->doc, err);
	if (r == 0)
		e->process = e->doc->process;
	return r < 0 ? err_in(err, "--process") : 0;
}

/* "uid[:gid]": numbers only, names of the image are nothing to trust (CVE-2016-3697,
 * CVE-2026-30892). */
static int parse_user(const char *text, struct spec_user *user, struct err *err)
{
	auto_free char *copy = xstrdup(text);
	char *colon = strchr(copy, ':');
	uint32_t uid, gid = 0;

	if (colon)
		*colon = '\0';
	if (num_id(copy, &uid) < 0 || (colon && num_id(colon + 1, &gid) < 0)) {
		err_bad(err, ERR_USAGE, "--user \"%s\" is not uid[:gid]", text);
		err_hint(err,
			"numbers from 0 to 4294967294; names are not looked up in the container");
		return err_result(err);
	}
	user->uid = (struct opt_u32){ true, uid };
	user->gid = (struct opt_u32){ true, gid };
	return 0;
}

static int add_capabilities(struct execution *e, struct err *err)
{
	const struct container_exec_options *o = e->options;

	if (e->process.capabilities)
		e->capabilities = *e->process.capabilities;
	for (size_t i = 0; i < o->cap_count; i++) {
		const struct name *cap = names_find(&capability_names, o->caps[i]);

		if (!cap)
			return err_bad(
				err, ERR_USAGE, "--cap \"%s\": no such capability", o->caps[i]);
		e->capabilities.bounding |= 1ULL << cap->value;
		e->capabilities.effective |= 1ULL << cap->value;
		e->capabilities.permitted |= 1ULL << cap->value;
	}
	if (o->cap_count)
		e->process.capabilities = &e->capabilities;
	return 0;
}

static void add_lists(struct execution *e)
{
	const struct container_exec_options *o = e->options;
	size_t gids = e->process.user.additional_gids.count;

	if (o->env_count) {
		e->env = xcalloc(o->env_count + 1, sizeof(*e->env));
		memcpy(e->env, o->env, o->env_count * sizeof(*e->env));
	}
	if (o->gid_count) {
		e->gids = xcalloc(gids + o->gid_count, sizeof(*e->gids));
		if (gids)
			memcpy(e->gids, e->process.user.additional_gids.items,
				gids * sizeof(*e->gids));
		memcpy(e->gids + gids, o->additional_gids, o->gid_count * sizeof(*e->gids));
		e->process.user.additional_gids.items = e->gids;
		e->process.user.additional_gids.count = gids + o->gid_count;
	}
}

/* Without --process: the container's own process, changed by the options. */
static int derive_process(struct execution *e, struct err *err)
{
	const struct container_exec_options *o = e->options;
	int r;

	if (!e->spec->process)
		return err_bad(err, ERR_STATE,
			"config.json has no process to take environment and user from: use "
			"--process");
	if (o->arg_count == 0)
		return err_bad(err, ERR_USAGE, "exec needs a program to execute, or --process");
	e->process = *e->spec->process;
	e->process.terminal = o->tty;
	if (!o->tty)
		e->process.console_size = NULL;
	e->process.args.items = (const char **)(uintptr_t)o->args;
	e->process.args.count = o->arg_count;
	if (o->cwd && o->cwd[0] != '/')
		return err_bad(err, ERR_USAGE, "--cwd \"%s\" is not an absolute path", o->cwd);
	if (o->cwd)
		e->process.cwd = o->cwd;
	if (o->apparmor)
		e->process.apparmor_profile = o->apparmor;
	if (o->process_label)
		e->process.selinux_label = o->process_label;
	if (o->no_new_privs)
		e->process.no_new_privileges = (struct opt_bool){ true, true };
	if (o->rlimits) {
		e->process.rlimits.items = (struct spec_rlimit *)(uintptr_t)o->rlimits;
		e->process.rlimits.count = o->rlimit_count;
	}
	r = o->user ? parse_user(o->user, &e->process.user, err) : 0;
	if (r == 0)
		r = add_capabilities(e, err);
	if (r == 0)
		add_lists(e);
	return r;
}

static int check_console(const struct execution *e, struct err *err)
{
	if (e->process.terminal && e->options->detach && !e->options->console_socket)
		return err_bad(err, ERR_USAGE,
			"a terminal is asked for, and with --detach only --console-socket can give "
			"it to somebody");
	if (!e->process.terminal && e->options->console_socket)
		return err_bad(err, ERR_USAGE,
			"--console-socket is given, and the process has no terminal to send");
	return 0;
}

static int attach(void *arg, pid_t pid, struct err *err)
{
	struct execution *e = arg;

	return cgroup_attach(e->cgroup, pid, err);
}

int execution_find_cgroup(struct execution *e, const char *below, struct err *err)
{
	const struct state *state = &e->container.state;
	auto_free char *current = NULL;
	auto_free char *path = NULL;
	int r;

	if (!state->cgroup_path || state->cgroup_path[0] == '\0')
		return 0; /* it has none of its own */
	r = cgroup_of_process(e->procfd, state->pid, &current, err);
	if (r < 0)
		return r;
	path = below ? xasprintf("%s/%s", current, below) : xstrdup(current);
	r = cgroup_open(state->cgroup_manager, path, state->cgroup_unit, &e->cgroup, err);
	if (r == 0) {
		r = cgroup_fd(e->cgroup, err);
		e->launch.cgroup_fd = r >= 0 ? r : FD_NONE;
	}
	if (r >= 0 && cgroup_needs_attach(e->cgroup)) {
		e->launch.cgroup_fd = FD_NONE;
		e->launch.on_clone = attach;
		e->launch.arg = e;
	}
	return r < 0 && r != FD_NONE ? err_in(err, "the cgroup of container \"%s\"", e->options->id)
				     : 0;
}

static int plan(struct execution *e, const struct runtime *rt, struct err *err)
{
	int r = e->options->process_file ? read_process_file(e, err) : derive_process(e, err);

	if (e->options->window)
		e->process.console_size = e->options->window;
	if (r == 0)
		r = check_console(e, err);
	if (r == 0)
		r = e->procfd = procfs_open(PROCFS_PIDS, err);
	return r < 0 ? r : e->container.isolation->exec_plan(e, rt, err);
}

static int launch(struct execution *e, struct err *err)
{
	const struct isolation *isolation = e->container.isolation;
	struct init_plan *init = &e->launch.init;
	int r;

	init->id = e->options->id;
	init->spec = e->spec;
	init->state = container_describe(&e->container, CONTAINER_RUNNING);
	init->is_exec = true;
	init->mode = isolation->phases;
	init->preserved_fds = e->options->preserve_fds;
	init->terminal = e->process.terminal;
	e->launch.ns = &e->ns;
	e->launch.console_socket = e->options->console_socket;
	e->launch.plain_output = e->options->plain_output;
	e->launch.pidfd_socket = e->options->pidfd_socket;
	e->launch.pid_file = e->options->pid_file;
	r = launch_connect(&e->launch, err);
	if (r == 0)
		r = isolation->exec_clone(e, err);
	if (r == 0)
		r = launch_wait_ready(&e->launch, err);
	if (r == 0 && isolation->exec_apply)
		r = isolation->exec_apply(e, err);
	if (r == 0)
		r = launch_hand_over(&e->launch, err);
	if (r == 0)
		r = launch_start(
			e->launch.sync_fd, e->launch.interrupt_fd, e->launch.child.pid, NULL, err);
	return r;
}

int container_exec(const struct runtime *rt, const struct container_exec_options *options,
	int *out_status, struct err *err)
{
	auto_(execution) struct execution e = {
		.options = options,
		.container = { .dir = STATE_DIR_INIT, .pidfd = FD_NONE },
		.launch = LAUNCH_INIT,
		.procfd = FD_NONE,
	};
	auto_(foreground) struct foreground fg = FOREGROUND_INIT;
	struct foreground_options wait = {
		.in = STDIN_FILENO, .out = STDOUT_FILENO, .extra = FD_NONE
	};
	int r;

	for (unsigned int i = 0; i < NS_COUNT; i++)
		e.ns.join_fds[i] = FD_NONE;
	r = find_container(&e, rt, err);
	if (r == 0)
		r = plan(&e, rt, err);
	if (r == 0 && !options->detach)
		r = foreground_open(&fg, err);
	e.launch.interrupt_fd = fg.interrupt;
	if (r == 0)
		r = launch(&e, err);
	/* Engines take the file as the sign that the program runs. */
	if (r == 0)
		r = launch_write_pid_file(&e.launch, err);
	if (r < 0) {
		launch_abort(&e.launch);
		return r;
	}
	*out_status = 0;
	if (options->detach)
		return 0;
	launch_drop_parent_half(&e.launch);
	wait.pidfd = e.launch.child.pidfd;
	wait.terminal = e.launch.terminal;
	wait.raw_terminal = e.container.isolation->own_terminals;
	return foreground_wait(&fg, &wait, out_status, err);
}
