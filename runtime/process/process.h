/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's process is: identity, credentials, limits, scheduling, labels, and the program it
 * executes.  Used alike by the first process of a container and by exec.  Planned in the parent (plain data), applied in
 * the child.  Private to runtime/.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"
#include "runtime/process/filter.h"

struct process_plan {
	const struct spec_process *process; /* borrowed */
	const struct spec *spec; /* borrowed: personality, memory policy, seccomp */
	char **argv; /* owned, NULL-terminated */
	char **envp; /* owned; with HOME, LISTEN_FDS ... already in it; HOME is added in the child when missing */
	uint32_t uid, gid;
	const uint32_t *gids;
	size_t gid_count;
	bool no_new_privileges;
	uint64_t caps_bounding, caps_effective, caps_permitted, caps_inheritable, caps_ambient;
	cpu_set_t affinity_initial, affinity_final; /* of exec */
	bool has_affinity_initial, has_affinity_final;
	struct filter filter; /* count 0: none */
	bool new_session_keyring; /* not --no-new-keyring */
	bool is_exec;
	unsigned int preserved_fds; /* descriptors 3 .. 3+n-1 go to the program */
	int exe_fd; /* set by process_resolve() in the child */
	char exe_path[4096];
};

struct process_options {
	bool is_exec;
	bool new_session_keyring;
	unsigned int preserved_fds; /* LISTEN_FDS and --preserve-fds together */
	unsigned int listen_fds; /* LISTEN_FDS of the caller; sets LISTEN_FDS and LISTEN_PID=1 */
	const char *const *extra_env; /* "NAME=value", NULL-terminated, override; may be NULL */
};

/* Decides everything; compiles the seccomp filter.  Warnings (unknown capabilities) go to the log. */
int process_plan_init(const struct spec *spec, const struct spec_process *process,
	const struct process_options *options, struct process_plan *out_plan, struct err *err) MUST_USE;
void process_plan_release(struct process_plan *plan);
DEFINE_AUTO(process_plan, process_plan_release);

/* ---- in the parent, on the child, while the parent is still privileged ---- */

/* rlimits (prlimit), oom_score_adj, I/O priority and scheduler, which a container's root may not raise. */
int process_apply_outside(const struct process_plan *plan, int procfd, pid_t pid, struct err *err) MUST_USE;

/* ---- in the child, in this order ---- */

/* setsid, session keyring, personality, memory policy, umask, parent-death handling off, signal
 * dispositions and mask to default. */
int process_prepare(const struct process_plan *plan, const char *id, struct err *err) MUST_USE;

/*
 * Everything that must be resolved inside the container's root as seen by its user: HOME from
 * /etc/passwd when missing (R11), the working directory (made when missing, then getcwd must start with "/": R7), the
 * executable by execvp's rules (exe_fd, exe_path).  @procfd: private procfs; @rootfd: the root.
 */
int process_resolve(struct process_plan *plan, int rootfd, int procfd, struct err *err) MUST_USE;

/*
 * Credentials: bounding set, setgroups, setresgid, setresuid, capabilities, no_new_privs; read back
 * and compared (R8).  Without no_new_privileges and with a filter CAP_SYS_ADMIN stays effective until process_execute(), which drops it
 * right after the filter is loaded.  LSM labels (exec attributes) are written and read back.
 */
int process_credentials(const struct process_plan *plan, int procfd, struct err *err) MUST_USE;

/* Loads the filter; *out_listener is the notification descriptor or FD_NONE. */
int process_load_filter(const struct process_plan *plan, int *out_listener, struct err *err) MUST_USE;

/* Last: final capabilities, close every descriptor above the preserved ones on exec, execve.
 * Returns only on failure, with the kinds ERR_NO_EXECUTABLE and ERR_NOT_EXECUTABLE where they fit. */
int process_execute(const struct process_plan *plan, struct err *err) MUST_USE;
