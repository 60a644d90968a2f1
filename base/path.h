/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a container: the one resolver (security rules R1, R2).
 *
 * A path below a root that an image controls is resolved exactly once, here, with
 * openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS); everything after that works on the descriptor.
 * Missing components are made one by one below a descriptor.  Paths of the host, which the
 * configuration names and which are trusted, are another matter: see base/hostfile.h.
 *
 * This file and hostfile.c are the only ones that may call path system calls with a path that is
 * not a literal (tests/checks/banned.sh).
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Opens @path below the root @rootfd ("/x" and "x" mean the same; links, absolute ones too, stay
 * inside).  @flags as for open(2); O_CLOEXEC is added; O_CREAT is refused (BUG).
 * Returns the descriptor or a negative errno with err set ("open "/x" in the container: ...").
 * Works without openat2 (ENOSYS or EPERM from an outer filter) by walking component by component.
 */
int path_open_in(int rootfd, const char *path, int flags, struct err *err) MUST_USE;

/* As path_open_in() with O_PATH, making missing directories with @mode (before umask).
 * @out_created (may be NULL) is how many were made. */
int path_mkdir_in(int rootfd, const char *path, mode_t mode, unsigned int *out_created,
	struct err *err) MUST_USE;

/* What path_make_in() makes when nothing is there. */
struct path_node {
	mode_t type; /* S_IFDIR, S_IFREG (empty file, by mknod), S_IFCHR, S_IFBLK, S_IFIFO */
	mode_t mode; /* permission bits, exact (not subject to umask) */
	dev_t dev; /* for S_IFCHR, S_IFBLK */
};

/*
 * Opens @path below @rootfd with O_PATH, following links inside the root; makes it (and its parent
 * directories, 0755) when it does not exist.  Returns the descriptor; *out_created (may be NULL)
 * says whether the last component was made.  What exists is not compared with @node: see the
 * caller.
 */
int path_make_in(int rootfd, const char *path, const struct path_node *node, bool *out_created,
	struct err *err) MUST_USE;

/*
 * Opens the parent directory of @path below @rootfd, making it (0755), and copies the last
 * component to @name (NAME_MAX + 1 bytes).  For mknodat, symlinkat, unlinkat of that name. "/" and
 * paths ending in "." or ".." are refused with EINVAL.
 */
int path_parent_in(int rootfd, const char *path, char *name, struct err *err) MUST_USE;

/* Makes the symbolic link @path -> @target below @rootfd; 1 when @path exists already. */
int path_symlink_in(int rootfd, const char *path, const char *target, struct err *err) MUST_USE;

/*
 * Reads a file that an image controls (R11): O_PATH first, S_ISREG, at most @max bytes, O_NONBLOCK.
 * @procfd: a private procfs (base/procfs.h), used to reopen the descriptor.
 * *out_data is a NUL-terminated heap string, *out_len its length (may be NULL).
 * -EFTYPE does not exist on Linux: "not a regular file" is -EINVAL, "too large" is -EFBIG.
 */
int path_read_in(int rootfd, int procfd, const char *path, size_t max, char **out_data,
	size_t *out_len, struct err *err) MUST_USE;

/* True when @name is one path component that can be made: not "", ".", "..", without "/", at most
 * NAME_MAX bytes. */
bool path_is_name(const char *name);

/* Joins and normalises an absolute path textually: collapses "//" and "/.", resolves "..", never
 * leaves "/".  For display and comparison of *trusted* paths only.  Heap string. */
char *path_clean(const char *path);

/* For tests: behave as on a system that hides openat2 (here and in base/procfs.c). */
void path_force_walk(bool force);
bool path_walk_forced(void);
