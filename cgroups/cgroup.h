/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The façade of cgroups/: a container's cgroup in the v2 hierarchy, found, limited, frozen, killed,
 * measured and removed.  Managers (cgroupfs, systemd) differ in who makes the directory and the
 * limits.  v1 controllers are out of scope; on a hybrid machine the v2 hierarchy is used as it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

enum cgroup_manager { CGROUP_MANAGER_CGROUPFS, CGROUP_MANAGER_SYSTEMD, CGROUP_MANAGER_DISABLED };
extern const struct names cgroup_manager_names;

struct cgroup; /* where it is and by whom it is managed; holds directory descriptors */

struct cgroup_where {
	enum cgroup_manager manager;
	const char *id; /* the container's */
	const char *cgroups_path; /* linux.cgroupsPath, or NULL */
	const spec_pairs *annotations; /* org.systemd.property.*, run.oci.systemd.* */
	bool rootless; /* the caller has no privileges on the host */
};

/*
 * Decides where the container's cgroup will be, makes nothing: the path is recorded first (R13).
 *
 * An absolute cgroupsPath is below the cgroup2 mount, a relative one below the mount's root as well
 * (always the same place); without one it is "ringwall-<id>" in the unit of systemd whose main
 * process the caller is, if that has Delegate=yes, else at the root.  @rootless, relative and absent
 * ones that have no such unit are beside the caller's own cgroup if the parent is delegated too,
 * else below it.  Components are checked (R9).
 *
 * There may be none: disabled; no cgroup2 file system; rootless, nothing delegated and no
 * cgroupsPath.  The path is "" then, and whether that is acceptable is for cgroup_create() to say.
 */
int cgroup_plan(
	const struct cgroup_where *where, struct cgroup **out_cgroup, struct err *err) MUST_USE;

/* The path below the cgroup2 mount ("/x/y"), "" without a cgroup; and the systemd unit,
 * NULL without one.  Both are what the state records, and both borrowed. */
const char *cgroup_path(const struct cgroup *cgroup);
const char *cgroup_unit(const struct cgroup *cgroup);

/* The cgroup that a state recorded.  It need not exist any more.  @path "": there was none. */
int cgroup_open(enum cgroup_manager manager, const char *path, const char *unit,
	struct cgroup **out_cgroup, struct err *err) MUST_USE;

/*
 * After cgroup_open() and before anything is killed or removed: 1 when it carries the id of another
 * container than @id, or, when no process of the container has been recorded (!@used), no id at all
 * and holds processes.  Nothing touches it then; all functions behave as without a cgroup.
 */
int cgroup_verify(struct cgroup *cgroup, const char *id, bool used, struct err *err) MUST_USE;

void cgroup_free(struct cgroup *cgroup);
DEFINE_AUTO_PTR(cgroup, cgroup_free);

/*
 * Makes the cgroup, enables the controllers that @resources needs in its parents, writes every
 * limit and attaches the device program, also when @resources is NULL (R14).  @nodes
 * (linux.devices) are allowed when @resources lists no device rules; may be NULL.  Refuses a cgroup
 * that is frozen or holds processes (config-linux.md); an empty one is used.  A missing controller
 * is an error that names controller, property and reason.  A failed call has removed what it made,
 * and the cgroup remains "not made": cgroup_destroy() and the others do not touch what is at the
 * path.
 *
 * Without a cgroup: 0 when nothing was asked that needs one (with a warning where the machine has
 * no cgroup2 at all), else an error; always 0 when disabled.
 */
int cgroup_create(struct cgroup *cgroup, const struct spec_resources *resources,
	const spec_devices *nodes, struct err *err) MUST_USE;

/* True when the systemd manager needs a process to start the scope (cgroup_adopt). */
bool cgroup_needs_process(const struct cgroup *cgroup);
/* systemd: starts the scope around @pid, then as cgroup_create(). */
int cgroup_adopt(struct cgroup *cgroup, pid_t pid, const struct spec_resources *resources,
	const spec_devices *nodes, struct err *err) MUST_USE;

/* A directory descriptor for CLONE_INTO_CGROUP; borrowed.  FD_NONE (and err untouched) without a
 * cgroup. */
int cgroup_fd(struct cgroup *cgroup, struct err *err) MUST_USE;

/*
 * How the next process gets into it: false, it is born there (cgroup_fd()); true, the caller may not
 * move one there itself, for the two have no delegated cgroup in common (a user's login session and
 * that user's systemd), and cgroup_attach() asks the manager to do it.
 */
bool cgroup_needs_attach(struct cgroup *cgroup);
int cgroup_attach(struct cgroup *cgroup, pid_t pid, struct err *err) MUST_USE;

/* Gives the directory and the files of /sys/kernel/cgroup/delegate to @uid:@gid (config-linux.md,
 * "Cgroup ownership"); a file that is missing is no error. */
int cgroup_chown(struct cgroup *cgroup, uid_t uid, gid_t gid, struct err *err) MUST_USE;

/* What is to be changed elsewhere together with a cgroup's limits. */
struct cgroup_along {
	int (*change)(void *arg, struct err *err);
	void *arg;
};

/*
 * Changes limits, all or nothing: when a write fails the earlier values are put back.  Device
 * rules, when there are any, replace the earlier ones in one step; a @rootless caller may have
 * none (see cgroup_create()).  Without a cgroup an error, unless nothing is to be changed.
 * @along (NULL: nothing) is called when the limits are in force; its failure puts them back, too.
 */
int cgroup_update(struct cgroup *cgroup, const struct spec_resources *resources, bool rootless,
	const struct cgroup_along *along, struct err *err) MUST_USE;

/* cgroup.freeze, waiting (bounded, by events) until the kernel confirms; a freeze that does not
 * succeed is taken back.  Without a cgroup freezing is an error and thawing nothing. */
int cgroup_freeze(struct cgroup *cgroup, bool freeze, struct err *err) MUST_USE;
/* 1: frozen (it or a cgroup above it), 0: not, or gone. */
int cgroup_is_frozen(struct cgroup *cgroup, struct err *err) MUST_USE;

/* SIGKILL to everything in it (cgroup.kill; before 5.14 freeze, signal, thaw until empty).  Gone is
 * success; 1: there is no cgroup, the caller has only pids. */
int cgroup_kill(struct cgroup *cgroup, struct err *err) MUST_USE;
/* Sends @sig to every process in it and below it; outcomes as cgroup_kill(). */
int cgroup_signal(struct cgroup *cgroup, int sig, struct err *err) MUST_USE;

/* All processes in it and below it, in the caller's pid namespace; *out_pids is a heap array.  An
 * empty or vanished cgroup gives count 0. */
int cgroup_pids(
	struct cgroup *cgroup, pid_t **out_pids, size_t *out_count, struct err *err) MUST_USE;

/* 1: holds processes, 0: empty or gone. */
int cgroup_populated(struct cgroup *cgroup, struct err *err) MUST_USE;

/*
 * Removes it with everything below: thaws, kills, waits by events until it is empty (at most
 * @timeout_ms), removes.  Gone already is success.  On time-out the error names processes and what
 * they wait in (wchan).
 */
int cgroup_destroy(struct cgroup *cgroup, int timeout_ms, struct err *err) MUST_USE;

/* The "data" object of `events --stats` in runc's form (types/events.go), JSON, heap string.
 * Members whose file is missing are left out.  An error without a cgroup. */
int cgroup_stats_format(struct cgroup *cgroup, char **out_json, struct err *err) MUST_USE;

/* An inotify descriptor that polls POLLIN when memory.events changes (and when it is removed); an
 * error when the memory controller is not enabled for the cgroup.  cgroup_oom_count() reads how
 * many OOM kills there were; 0 without a counter. */
int cgroup_watch_memory(struct cgroup *cgroup, struct err *err) MUST_USE;
int cgroup_oom_count(struct cgroup *cgroup, uint64_t *out_count, struct err *err) MUST_USE;

/* The cgroup path (v2) of a process, below the cgroup2 mount.  Heap string. */
int cgroup_of_process(int procfd, pid_t pid, char **out_path, struct err *err) MUST_USE;

/* One row of the table of linux.resources (keys.c), for documentation: what becomes what. */
struct cgroup_key_info {
	const char *property; /* "linux.resources.memory.limit" */
	const char *file; /* "memory.max"; NULL: cgroup v2 has no such control */
	const char *controller; /* "memory"; NULL: none */
	const char *doc;
};

/* The row number @index, NULL after the last one. */
const struct cgroup_key_info *cgroup_key_info(size_t index);

/* What the systemd manager calls a file of the cgroup: one or several properties of units; NULL:
 * nothing. */
const char *cgroup_file_property(const char *file);
