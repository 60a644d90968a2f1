/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks (config.md, "POSIX-platform Hooks"): programs of the host that see the container's state on
 * stdin.  Usable in the runtime and in the container's init.  Private to runtime/.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "oci/spec.h"

/* In whose surroundings a list of hooks runs. */
struct hook_where {
	/* Called in the hook's process before it executes, for example to go back to the runtime's
	 * tree; NULL: none. */
	int (*enter)(void *arg, struct err *err);
	void *arg;
	const char *cwd; /* the bundle for hooks in the runtime's namespaces; NULL: "/" */
	int pidfd; /* > 0: the container's process; when it ends, the hook is killed and fails */
	int interrupt_fd; /* > 0: when it is readable, the hook is killed and fails */
	bool go_on; /* poststop: a failure is a warning, and the next hooks run */
};

/*
 * Runs the hooks of one kind in order, each until it exits.  A hook gets exactly: its arguments,
 * its environment (none if none is given), @state_json on stdin, its output caught, no other
 * descriptor, default signals, a process group of its own.
 *
 * A hook fails when it cannot be executed, exits with another status than 0, is killed, or runs
 * longer than its timeout (then its process group is killed).  Without a timeout there is no limit
 * (config.md).  Processes that a hook leaves behind are not waited for.  The error reads
 * `hooks.createRuntime[0] "/bin/x": exited with status 3: <the last of its output>`.
 */
int hook_run(const spec_hook_list *hooks, enum hook_kind kind, const char *state_json,
	const struct hook_where *where, struct err *err) MUST_USE;
