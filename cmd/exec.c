// SPDX-License-Identifier: Apache-2.0
/* `exec`: another process in a running container. */
#include "cmd/commands.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

struct exec_options {
	struct container_exec_options exec; /* what the runtime takes */
	struct option_strings env;
	struct option_strings caps;
	struct option_ids gids;
};

#define O(member) offsetof(struct exec_options, member)

static const struct option rows[] = {
	{ "process", 'p', '\0', "FILE", OPTION_STRING, O(exec.process_file),
		"take the process object (JSON) in FILE instead of COMMAND and the options about "
		"the process" },
	{ "tty", 't', '\0', NULL, OPTION_FLAG, O(exec.tty), "give the process a terminal" },
	{ "user", 'u', '\0', "UID[:GID]", OPTION_STRING, O(exec.user), "run as this user" },
	{ "additional-gids", 'g', '\0', "GID", OPTION_IDS, O(gids),
		"add supplementary groups; may be repeated" },
	{ "cwd", '\0', '\0', "PATH", OPTION_STRING, O(exec.cwd),
		"the working directory in the container" },
	{ "env", 'e', '\0', "NAME=VALUE", OPTION_STRINGS, O(env),
		"set an environment variable; may be repeated" },
	{ "cap", 'c', '\0', "CAP", OPTION_STRINGS, O(caps),
		"add a capability, for example CAP_NET_RAW; may be repeated" },
	{ "no-new-privs", '\0', '\0', NULL, OPTION_FLAG, O(exec.no_new_privs),
		"forbid the process to gain privileges" },
	{ "apparmor", '\0', '\0', "PROFILE", OPTION_STRING, O(exec.apparmor),
		"the AppArmor profile" },
	{ "process-label", '\0', '\0', "LABEL", OPTION_STRING, O(exec.process_label),
		"the SELinux label" },
	{ "cgroup", '\0', '\0', "PATH", OPTION_STRING, O(exec.cgroup),
		"run it in this cgroup, which must exist below the container's" },
	{ "detach", 'd', '\0', NULL, OPTION_FLAG, O(exec.detach), "return once the program runs" },
	{ "pid-file", '\0', '\0', "FILE", OPTION_STRING, O(exec.pid_file),
		"write the pid of the process to FILE" },
	{ "console-socket", '\0', '\0', "SOCKET", OPTION_STRING, O(exec.console_socket),
		"send the master end of the terminal to this Unix socket" },
	{ "pidfd-socket", '\0', '\0', "SOCKET", OPTION_STRING, O(exec.pidfd_socket),
		"send a pidfd of the process to this Unix socket" },
	{ "preserve-fds", '\0', '\0', "N", OPTION_COUNT, O(exec.preserve_fds),
		"pass N more descriptors on, those after standard error" },
	{ "ignore-paused", '\0', '\0', NULL, OPTION_FLAG, O(exec.ignore_paused),
		"allow exec in a paused container; the process waits until it is resumed" },
};

static unsigned int exec_preserved_fds(void *options)
{
	return ((const struct exec_options *)options)->exec.preserve_fds;
}

static int exec_run(struct invocation *in, struct err *err)
{
	struct exec_options *options = in->options;
	struct container_exec_options *exec = &options->exec;
	/* "exec ID -- COMMAND" and "exec ID COMMAND" are the same */
	size_t skip = in->arg_count > 1 && strcmp(in->args[1], "--") == 0 ? 2 : 1;

	exec->id = in->args[0];
	exec->args = in->args + skip;
	exec->arg_count = in->arg_count - skip;
	exec->env = options->env.items;
	exec->env_count = options->env.count;
	exec->caps = options->caps.items;
	exec->cap_count = options->caps.count;
	exec->additional_gids = options->gids.items;
	exec->gid_count = options->gids.count;
	if (!exec->process_file && exec->arg_count == 0) {
		err_bad(err, ERR_USAGE, "exec: no command given");
		err_hint(
			err, "ringwall exec [OPTIONS] ID COMMAND [ARGUMENT...], or --process FILE");
		return err_result(err);
	}
	return container_exec(&in->runtime, exec, &in->status, err);
}

const struct verb verb_exec = {
	.name = "exec",
	.args = "ID [COMMAND [ARGUMENT...]]",
	.summary = "run another process in a running container",
	.about = "Runs COMMAND in the container ID, as the container's own process is run but for "
		 "what the options change.  Options end at ID.  Unless detached, signals and the "
		 "terminal are passed on, and the exit status is the command's, or 128 plus the "
		 "number of the signal that ended it; 255 when it could not be run.",
	.options = { rows, ARRAY_SIZE(rows), true },
	.options_size = sizeof(struct exec_options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.flags = VERB_RUNTIME | VERB_PROTECT,
	.failure_status = EXIT_EXEC_FAILED,
	.preserved_fds = exec_preserved_fds,
	.run = exec_run,
};
