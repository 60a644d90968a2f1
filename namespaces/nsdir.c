// SPDX-License-Identifier: Apache-2.0
/*
 * /proc/<pid>/ns: the identities and descriptors of a process's namespaces.
 *
 * The directory is opened through a private procfs (security rule R4); the entries below it are
 * magic links, which base/procfs.h does not follow, so they are followed here, by a single
 * component below that directory.
 */
#include "namespaces/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/procfs.h"

int nsdir_open(int procfd, pid_t pid, struct err *err)
{
	char path[32] = "self/ns";

	if (pid)
		snprintf(path, sizeof(path), "%d/ns", pid);
	return procfs_file(procfd, path, O_PATH | O_DIRECTORY, err);
}

int nsdir_id(int dirfd, enum ns_type type, struct ns_id *out_id, struct err *err)
{
	const char *name = ns_kinds[type].proc_name;
	struct stat st;

	if (fstatat(dirfd, name /* path: of the table */, &st, 0) < 0) {
		if (errno == ENOENT)
			return 1;
		return err_sys(err, errno, "stat \"/proc/<pid>/ns/%s\"", name);
	}
	*out_id = (struct ns_id){ st.st_dev, st.st_ino };
	return 0;
}

int nsdir_take(int dirfd, const char *name, struct err *err)
{
	int fd = openat(dirfd, name /* path: of the table */, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open \"/proc/<pid>/ns/%s\"", name);
	return fd;
}
