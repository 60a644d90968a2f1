/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The façade of runtime/: a container's life cycle (runtime.md, "Lifecycle" and "Operations").
 *
 * Each call is one command: it finds the container below the state root, takes its lock where it
 * changes something, acts, and leaves no resource that the state does not name.  A failed create
 * leaves nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "cgroups/cgroup.h"

/* What a container runs on; runtime/isolation.h. */
enum isolation_mode {
	ISOLATION_NATIVE, /* the host's kernel */
	ISOLATION_KVM, /* a kernel of its own, in a virtual machine */
	ISOLATION_COUNT,
	ISOLATION_UNSPECIFIED = -1, /* whatever the configuration says */
};
extern const struct names isolation_names; /* "native", "kvm" */

/* Where containers live and how their cgroups are managed: the global options. */
struct runtime {
	const char *root; /* directory of the states, absolute; made when missing */
	enum cgroup_manager cgroup_manager;
	bool rootless; /* cgroups below the caller's own; set for callers without privileges */
	mode_t umask; /* the caller's, for processes that are given none */
	const char *kernel; /* of guests whose bundle names none; NULL: kvm/guest.h chooses */
};

/* Who tells the service manager that the container is ready; the words of --sdnotify. */
enum container_notify {
	NOTIFY_BY_CONTAINER, /* its process, when it thinks so */
	NOTIFY_BY_RUNTIME, /* the runtime, when the process runs */
};

struct container_create_options {
	const char *id;
	enum isolation_mode isolation; /* asked for by the command line */
	const char *bundle; /* NULL: the working directory */
	const char *config_file; /* NULL: config.json in the bundle */
	const char *console_socket; /* NULL: none */
	bool plain_output; /* the terminal that is sent leaves "\n" as it is, from its beginning */
	const char *pidfd_socket; /* NULL: none */
	const char *pid_file; /* relative to the working directory; NULL: none */
	bool no_pivot;
	bool no_new_keyring;
	unsigned int listen_fds; /* LISTEN_FDS: descriptors 3 and up, for the process */
	unsigned int preserve_fds; /* --preserve-fds: more of them after those */
	const char *notify_socket; /* NOTIFY_SOCKET: who waits for READY=1; NULL: nobody */
	enum container_notify notify; /* run: who says it */
	bool detach; /* run: return once it runs */
	bool keep; /* run: do not delete it when it has ended */
};

/* Makes the container and leaves its process waiting for container_start(). */
int container_create(const struct runtime *rt, const struct container_create_options *options,
	struct err *err) MUST_USE;

/*
 * Creates, starts and, unless detached, waits for the container, passing signals and the terminal
 * on, and deletes it.  *out_status: the exit status of its process, 128 + n when signal n ended it;
 * 0 when detached.
 */
int container_run(const struct runtime *rt, const struct container_create_options *options,
	int *out_status, struct err *err) MUST_USE;

/*
 * Executes the program of a created container; returns when it has been executed and the poststart
 * hooks have run, and, with @notify_socket (NOTIFY_SOCKET, at create too), when the container has
 * said that it is ready.
 */
int container_start(const struct runtime *rt, const char *id, const char *notify_socket,
	struct err *err) MUST_USE;

/* Sends @signal to the container's process, with @all to every process of its cgroup. */
int container_kill(
	const struct runtime *rt, const char *id, int signal, bool all, struct err *err) MUST_USE;

enum container_delete_flags {
	CONTAINER_DELETE_FORCE = 1u << 0, /* kill it first; content when there is none */
	CONTAINER_DELETE_STRICT = 1u << 1, /* only a stopped one, as runtime.md has it */
};

/* Removes a stopped container; a created one as well, which containerd relies on. */
int container_delete(
	const struct runtime *rt, const char *id, unsigned int flags, struct err *err) MUST_USE;

/* The state document (runtime.md, "State"), indented JSON; heap string. */
int container_state(
	const struct runtime *rt, const char *id, char **out_json, struct err *err) MUST_USE;

/* One row of `list`. */
struct container_info {
	char *id;
	const char *status; /* static */
	pid_t pid; /* 0 when stopped */
	char *bundle;
	char *created;
	char *owner;
	char *json; /* the state document */
};

/* All containers of the root, sorted by id.  A root that does not exist has none. */
int container_list(const struct runtime *rt, struct container_info **out_list, size_t *out_count,
	struct err *err) MUST_USE;
void container_list_free(struct container_info *list, size_t count);

/* The processes of a container in our pid namespace; heap array. */
int container_pids(const struct runtime *rt, const char *id, pid_t **out_pids, size_t *out_count,
	struct err *err) MUST_USE;

/* They as a table, like that of ps -ef: 0; 1: the host's ps is the one to ask. */
int container_ps_table(
	const struct runtime *rt, const char *id, char **out_text, struct err *err) MUST_USE;

int container_pause(const struct runtime *rt, const char *id, struct err *err) MUST_USE;
int container_resume(const struct runtime *rt, const char *id, struct err *err) MUST_USE;

/* Changes limits: @json is a linux.resources object (config-linux.md) of @len bytes. */
int container_update(const struct runtime *rt, const char *id, const char *json, size_t len,
	struct err *err) MUST_USE;

/*
 * Statistics and events in runc's form, a line of JSON each, given to @print: once, or every
 * @interval_ms (> 0) and at each OOM kill until the container has ended or @print fails.
 */
int container_events(const struct runtime *rt, const char *id, bool once, int interval_ms,
	int (*print)(void *arg, const char *line, struct err *err), void *arg,
	struct err *err) MUST_USE;

struct container_exec_options {
	const char *id;
	const char *
		process_file; /* an OCI process object; NULL: the container's, changed by the rest */
	const char *console_socket;
	bool plain_output; /* as for create */
	const char *pidfd_socket;
	const char *pid_file;
	bool tty; /* --tty */
	struct spec_console_size *window; /* of the terminal, at first; NULL: the process's */
	bool detach;
	bool no_new_privs;
	bool ignore_paused;
	const char *user; /* "uid[:gid]", numbers only (R8); NULL: unchanged */
	const char *cwd;
	const char *apparmor;
	const char *process_label;
	const char *cgroup; /* a path below the container's cgroup */
	const char *const *env; /* "NAME=value", added */
	size_t env_count;
	const char *const
		*caps; /* added to all sets but inheritable (CVE-2022-29162) and ambient */
	size_t cap_count;
	const uint32_t *additional_gids; /* added */
	size_t gid_count;
	const struct spec_rlimit *rlimits; /* instead of the container's; NULL: those */
	size_t rlimit_count;
	unsigned int preserve_fds; /* descriptors 3 and up, for the process */
	char *const *args;
	size_t arg_count;
};

/* Runs another process in a running container; *out_status as for container_run(). */
int container_exec(const struct runtime *rt, const struct container_exec_options *options,
	int *out_status, struct err *err) MUST_USE;
