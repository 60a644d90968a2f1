/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A procfs that nobody can mount over (security rule R4): a detached instance made by fsopen, or,
 * where that is not allowed, the system's /proc after checks (file system magic and root inode;
 * each opened file must lie on the same mount).
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

enum procfs_scope {
	PROCFS_PIDS, /* subset=pid: /proc/<pid>, /proc/self */
	PROCFS_FULL, /* with /proc/sys: open it only to write sysctls, and close it at once */
};

/* Returns a directory descriptor of a procfs of the caller's pid namespace. */
int procfs_open(enum procfs_scope scope, struct err *err) MUST_USE;

/*
 * Opens @path ("self/uid_map", "<pid>/stat", "sys/kernel/...": no other links than self and
 * thread-self) below @procfd: no links out, no magic links (-ELOOP), no mount crossed (-EXDEV).
 * @flags as for open(2).  err: "open "/proc/<path>": ...".
 */
int procfs_file(int procfd, const char *path, int flags, struct err *err) MUST_USE;

/* Writes @data to such a file with one write(2).  In all errors the LSM files are named in
 * backquotes, as podman expects it ("write to `/proc/self/attr/exec`"). */
int procfs_write(int procfd, const char *path, const char *data, struct err *err) MUST_USE;

/* Reads such a file, at most @max bytes; NUL-terminated heap string. */
int procfs_read(
	int procfd, const char *path, size_t max, char **out_data, struct err *err) MUST_USE;

/* Reopens descriptor @fd of this process with other @flags, through @procfd (for example to read
 * what was opened with O_PATH).  Works without a mounted /proc. */
int procfs_reopen(int procfd, int fd, int flags, struct err *err) MUST_USE;

/*
 * The directory of this process's descriptors (O_PATH) as a mount of its own, which belongs to no
 * tree: ".." leads nowhere from it, where from /proc/self/fd it leads to the process's memory and
 * environment.  Its names are the descriptors' numbers, as there.
 * A kernel only copies what is in its caller's mount namespace: a detached @procfd lies on the directory
 * @at meanwhile, and the working directory is nowhere afterwards; the system's must still be there.
 */
int procfs_descriptors(int procfd, int at, struct err *err) MUST_USE;

/* What tells a process from a later one of the same pid. */
struct process_id {
	pid_t pid;
	unsigned long long start_time; /* field 22 of /proc/<pid>/stat: clock ticks after boot */
	char state; /* field 3: 'R', 'S', 'Z' ... */
};

/* Reads /proc/<pid>/stat of @procfd.  -ESRCH when the process is gone. */
int procfs_identify(int procfd, pid_t pid, struct process_id *out_id, struct err *err) MUST_USE;
