/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where cgroups are: the cgroup2 mount, the rules of paths below it (security rule R9), and opening
 * them.  Private to cgroups/.
 */
#pragma once

#include "cgroups/cgroup.h"

/* Finds the cgroup2 mount and returns an O_PATH descriptor of it.  -ENOENT: none is mounted. */
int where_root_open(struct err *err) MUST_USE;

/* The mount point of the first whole cgroup2 file system in a mountinfo text; NULL: none.  Heap
 * string. */
char *where_mountinfo_find(const char *text);

/*
 * Joins @base ("" or "/x") and @path to a checked path: one "/" before each component, no empty
 * ones; ".", "..", control characters and components over 255 bytes are errors, and so is a path
 * without a component.  @property is for messages.
 */
int where_join(const char *base, const char *path, const char *property, char **out_path,
	struct err *err) MUST_USE;

/* The path of a container's cgroup: linux.cgroupsPath when it is given (absolute: below the mount;
 * relative: below @base), else "<base>/ringwall-<id>". */
int where_path(const struct cgroup_where *where, const char *base, char **out_path,
	struct err *err) MUST_USE;

/* The cgroup2 path in a /proc/<pid>/cgroup text; NULL: no such line.  Heap string. */
char *where_own_path(const char *text);

/*
 * For a caller without privileges: the cgroup below which it may make others.  Beside its own
 * where the parent is delegated to it too (there the "no internal processes" rule does not forbid
 * limits), else below its own.  1: nothing is delegated.
 */
int where_delegated(int rootfd, char **out_base, struct err *err) MUST_USE;

/*
 * For the main process of a unit of systemd that has Delegate=yes: the unit's cgroup, as only there
 * it may make others (CGROUP_DELEGATION.md).  *out_inside: the caller itself is in that one, alone,
 * and must leave it before its resources can be divided; else it is in a cgroup below it
 * (DelegateSubgroup=).  1: no such unit, or other processes are in its cgroup as well.
 */
int where_unit(int rootfd, char **out_base, bool *out_inside, struct err *err) MUST_USE;

/* True when the caller may move processes of its own to @path: it may write to cgroup.procs of the
 * cgroup that both have in common (cgroups(7), "delegation containment"). */
bool where_is_reachable(int rootfd, const char *path);

/* Opens directory @path ("/a/b"; "/" or "": the root itself) below @rootfd, following no link and
 * crossing no mount.  @flags: 0 or O_PATH. */
int where_openat(int rootfd, const char *path, int flags, struct err *err) MUST_USE;

/* The parent of @path ("/a/b": "/a"; "/a": "/").  Heap string.  The last component is what follows
 * its last slash. */
char *where_parent(const char *path);
