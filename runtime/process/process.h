/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's process is: identity, credentials, limits, scheduling, labels, and the program
 * it executes.  Used alike by the first process of a container and by exec.  Planned in the parent
 * (plain data), applied in the child.  Private to runtime/.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "oci/spec.h"
#include "runtime/process/filter.h"

#define MEMORY_NODES_MAX 1024

/* A compiled filter where parent and child both see it: the parent compiles while the child
 * makes its mounts. */
struct filter_area {
	size_t count; /* 0: not compiled yet */
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* */
	bool notify; /* a listener is wanted */
	struct sock_filter insns[BPF_MAXINSNS];
};

struct process_plan {
	const struct spec_process *process; /* borrowed */
	const struct spec *spec; /* borrowed: personality, memory policy, seccomp */
	char **argv; /* owned, NULL-terminated */
	char **envp; /* owned, with LISTEN_FDS ...; has room for the HOME that the child adds */
	bool has_home;
	uint32_t uid, gid;
	const uint32_t *gids;
	size_t gid_count;
	bool keep_groups; /* the caller's supplementary groups stay instead */
	mode_t umask; /* process.user.umask, or that of the caller */
	bool no_new_privileges;
	/* What the configuration asks for, of what the kernel knows; what cannot be granted is left
	 * out by process_credentials(). */
	uint64_t caps_bounding, caps_effective, caps_permitted, caps_inheritable, caps_ambient;
	uint64_t caps_known; /* all that the kernel knows */
	cpu_set_t affinity_initial, affinity_final; /* of exec */
	bool has_affinity_initial, has_affinity_final;
	unsigned long memory_nodes[MEMORY_NODES_MAX / (8 * sizeof(unsigned long))];
	bool has_memory_nodes;
	struct filter_area *filter; /* shared mapping, owned; NULL: no filter is wanted */
	int64_t oom_score_own; /* the caller's, while it has the child's */
	bool oom_score_changed;
	bool new_session_keyring; /* not --no-new-keyring */
	bool is_exec;
	unsigned int preserved_fds; /* descriptors 3 .. 3+n-1 go to the program */
	/* ---- what the child finds out ---- */
	int root_fd; /* borrowed from process_resolve()'s caller */
	bool cwd_pending; /* only the container's user may enter it */
	char exe_path[4096]; /* what is given to execve(2) */
};

struct process_options {
	bool is_exec;
	bool new_session_keyring;
	unsigned int preserved_fds; /* LISTEN_FDS and --preserve-fds together */
	unsigned int listen_fds; /* LISTEN_FDS of the caller; sets LISTEN_FDS and LISTEN_PID=1 */
	const char *const *extra_env; /* "NAME=value", NULL-terminated, override; may be NULL */
	mode_t umask; /* when process.user.umask is not given: the caller's */
};

/*
 * Decides everything but the seccomp filter (process_compile_filter()).  Warnings (unknown
 * capabilities) go to the log. An exec whose process says nothing about noNewPrivileges inherits
 * that of the container's process.
 */
int process_plan_init(const struct spec *spec, const struct spec_process *process,
	const struct process_options *options, struct process_plan *out_plan,
	struct err *err) MUST_USE;
void process_plan_release(struct process_plan *plan);
DEFINE_AUTO(process_plan, process_plan_release);

/* Puts the labels of @process on the calling process, which has one thread and executes nothing:
 * in force at once, and for an execve all the same.  A label that cannot be had is an error. */
int process_label_self(const struct spec_process *process, int procfd, struct err *err) MUST_USE;

/* True when process_resolve() or process_credentials() need a procfs; else they take FD_NONE. */
bool process_needs_procfs(const struct process_plan *plan);

/* ---- in the parent ---- */

/* True when a rule of linux.seccomp may want a listener. */
bool process_may_notify(const struct process_plan *plan);

/* Compiles linux.seccomp, if there is one, for this process and for the child that was cloned with
 * the plan; before the child is told to go on. */
int process_compile_filter(struct process_plan *plan, struct err *err) MUST_USE;

/*
 * What the child inherits from the caller: oom_score_adj, which process_after_clone() sets back,
 * and for exec execCPUAffinity.initial.  @procfd: a procfs when process.oomScoreAdj is set.
 */
int process_before_clone(struct process_plan *plan, int procfd, struct err *err) MUST_USE;
void process_after_clone(struct process_plan *plan, int procfd);

/*
 * Hard limits above our own, I/O priority and scheduler of the child @pid, by the parent, which is
 * still privileged: a container's root may not raise them.
 */
int process_apply_outside(const struct process_plan *plan, pid_t pid, struct err *err) MUST_USE;

/* ---- in the child, in this order ---- */

/* setsid, session keyring, personality, memory policy, CPU affinity, umask, parent-death signal
 * off, signal dispositions and mask to default. */
int process_prepare(const struct process_plan *plan, const char *id, struct err *err) MUST_USE;

/* The first process of a container, before its root may become read-only: makes a missing working
 * directory.  @rootfd: the root. */
int process_make_cwd(const struct process_plan *plan, int rootfd, struct err *err) MUST_USE;

/*
 * What must be looked up inside the container's root: HOME from /etc/passwd when missing (R11), the
 * working directory (made when missing, but not for exec; then getcwd must start with "/": R7).
 * A directory that only the container's user may enter is left to process_credentials().
 * @rootfd: the root, borrowed until process_execute(); @procfd: private procfs.
 */
int process_resolve(struct process_plan *plan, int rootfd, int procfd, struct err *err) MUST_USE;

/*
 * Credentials: LSM labels (exec attributes, read back), bounding set, setgroups, setresgid,
 * setresuid, capabilities, no_new_privs; read back and compared (R8).  Then, as the container's
 * user: a pending working directory, and the program by execvp's rules (exe_path), with the kinds
 * ERR_NO_EXECUTABLE and ERR_NOT_EXECUTABLE where they fit.
 *
 * Without no_new_privs and with a filter CAP_SYS_ADMIN stays effective: the kernel wants it for
 * seccomp(2).  It ends with execve, see process_execute().
 */
int process_credentials(struct process_plan *plan, int procfd, struct err *err) MUST_USE;

/*
 * The point of no return: the resource limits, every descriptor above the
 * preserved ones close-on-exec, and the filter, if there is one.  To be called in any case.
 * *out_listener is the notification descriptor or FD_NONE.
 *
 * The preserved descriptors themselves are left alone: those of the caller come without
 * close-on-exec, and one of ours that has taken a free number among them has it and must not leak.
 */
int process_load_filter(
	const struct process_plan *plan, int *out_listener, struct err *err) MUST_USE;

/*
 * execve, and nothing before it, because a filter may be in force.  Returns only on failure.
 *
 * execve alone makes the final capability sets: of the earlier ones it keeps inheritable, ambient
 * and bounding, which are exact already, and recomputes permitted and effective from them.
 */
int process_execute(const struct process_plan *plan, struct err *err) MUST_USE;

/* Every disposition default, also of what the caller ignored (CLONE_CLEAR_SIGHAND leaves that), and
 * no signal blocked.  For any child that is going to execute a program. */
void process_reset_signals(void);
