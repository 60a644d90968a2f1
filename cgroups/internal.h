/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of cgroups/ share.  Private to this folder. */
#pragma once

#include <dirent.h>

#include "cgroups/cgroup.h"
#include "cgroups/limits.h"

/* Why there is no cgroup to act upon.  In the first three cases it stays so: the path is "", in the
 * state too. */
enum cgroup_absence {
	CGROUP_PRESENT,
	CGROUP_DISABLED, /* asked for, or recorded so */
	CGROUP_NO_HIERARCHY, /* no cgroup2 file system is mounted */
	CGROUP_NOT_DELEGATED, /* rootless, and nothing here is ours to divide */
	CGROUP_NOT_MADE, /* planned: what is at the path may be another container's */
	CGROUP_FOREIGN, /* recorded, but it carries another container's id */
};

struct cgroup {
	enum cgroup_manager manager;
	enum cgroup_absence absence;
	bool rootless;
	char *id; /* NULL when opened from a state */
	char *path; /* below the cgroup2 mount: "/a/b", or "" */
	char *unit; /* NULL without one */
	char *own; /* the caller's, in which it must not stay; NULL: it may */
	int rootfd; /* O_PATH of the mount, FD_NONE until needed */
	int fd; /* its directory, FD_NONE until needed */
	struct systemd *systemd; /* what systemd.c keeps; NULL: nothing */
	unsigned int
		made; /* directories made by this very process, counted from the last component */
};

/* What differs between managers.  Everything else is done on the directory by the same code. */
struct cgroup_manager_ops {
	/* Sets path and unit, or absence; makes nothing. */
	int (*plan)(const struct cgroup_where *where, struct cgroup *cgroup, struct err *err);
	/*
	 * Makes the directory, with the controllers of @limits enabled in its parents, and opens it
	 * (cgroup->fd).  @pid: a process to start a scope with, or 0.  *out_made: how many
	 * directories, counted from the last component upwards, were made; on failure they are gone
	 * again.  *out_made 0: it existed, was empty and is used.
	 */
	int (*make)(struct cgroup *cgroup, pid_t pid, const struct limits *limits,
		unsigned int *out_made, struct err *err);
	/* Undoes make(): removes the last @made directories, as far as they are empty. */
	void (*unmake)(struct cgroup *cgroup, unsigned int made);
	/* Tells the manager what the cgroup's files already have; NULL: there is nobody to tell.
	 * What a call that fails has changed is put back by another with the earlier values. */
	int (*update)(struct cgroup *cgroup, const struct limits *limits, struct err *err);
	/* Moves @pid into it where the caller may not; NULL: nobody else may. */
	int (*attach)(struct cgroup *cgroup, pid_t pid, struct err *err);
	/* The processes are gone: ends what the manager runs for it; NULL: nothing. */
	int (*stop)(struct cgroup *cgroup, struct err *err);
	bool needs_process;
};

extern const struct cgroup_manager_ops cgroupfs_ops; /* cgroupfs.c */
extern const struct cgroup_manager_ops systemd_ops; /* systemd.c */

void systemd_free(struct systemd *systemd);

/* The manager's functions; NULL for "disabled". */
const struct cgroup_manager_ops *cgroup_manager_of(const struct cgroup *cgroup);

/* Whether a new process can live in it, by its fd and path: it is not frozen, not populated, not
 * threaded; @existed: and does not divide among children. */
int cgroup_fitness_check(const struct cgroup *cgroup, bool existed, struct err *err) MUST_USE;

/* The descriptor of the cgroup2 mount; borrowed. */
int cgroup_rootfd(struct cgroup *cgroup, struct err *err) MUST_USE;
/* The descriptor of its directory; borrowed.  -ENOENT: it is gone.  BUG when it is absent. */
int cgroup_dirfd(struct cgroup *cgroup, struct err *err) MUST_USE;
/* Removes the parents that this very process made, as far as they are empty. */
void cgroup_unmake_parents(struct cgroup *cgroup);
/* A cgroup that was removed answers ENOENT to open and ENODEV to read and write. */
bool cgroup_is_gone(int r);

/* Lists the directory @dirfd, whose own position stays; *out_dir is the caller's to close. */
int cgroup_list(int dirfd, DIR **out_dir, struct err *err) MUST_USE;
/* The next entry that is a child cgroup, or NULL. */
struct dirent *cgroup_next_child(DIR *dir);
/* "pausing needs a cgroup ...": for operations that cannot do without one. */
int cgroup_absent(const struct cgroup *cgroup, const char *what, struct err *err);

/* ---- enable.c ---- */

/* Enables the controllers of @limits from the root down to the parent of @path.  Nothing is
 * written unless the root has them all. */
int controllers_enable(
	int rootfd, const char *path, const struct limits *limits, struct err *err) MUST_USE;
/* True when the blank-separated @list holds @name. */
bool controllers_hold(const char *list, const char *name);

/* ---- events.c: cgroup.events ---- */

struct cgroup_events {
	bool populated;
	bool frozen;
};

struct cgroup_events events_parse(const char *text);
int events_read(int dirfd, struct cgroup_events *out_events, struct err *err) MUST_USE;

enum cgroup_event { EVENT_POPULATED, EVENT_FROZEN };

/* Waits until @event has @value: 0 then, 1 when @deadline_ms (of clock_ms) passed first.  A cgroup
 * that is removed meanwhile is neither populated nor frozen. */
int events_wait(int dirfd, enum cgroup_event event, bool value, int64_t deadline_ms,
	struct err *err) MUST_USE;

/* ---- pids.c ---- */

/* The processes in @dirfd and below; heap array. */
int pids_collect(int dirfd, pid_t **out_pids, size_t *out_count, struct err *err) MUST_USE;
/* "12 (sleep, S, do_nanosleep), 13 ...": the first of them and what they wait in.  Heap string. */
char *pids_describe(int dirfd);

/* ---- kill.c ---- */

/* Kills everything below @dirfd; without cgroup.kill (before 5.14) until @deadline_ms. */
int kill_all(int dirfd, int64_t deadline_ms, struct err *err) MUST_USE;
