// SPDX-License-Identifier: Apache-2.0
/*
 * What is looked up inside the container before its user is taken on: HOME and the working
 * directory.
 *
 * Runs in the child, in the container's root, still privileged, so everything here goes through the
 * one resolver (security rule R1), reads no more than a bounded regular file (R11), and never holds
 * a directory of the host: a working directory by a descriptor of /proc is refused, and getcwd(2)
 * has the last word (R7, CVE-2024-21626).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/process/internal.h"

#define PASSWD_MAX (1u << 20)
#define HOME_MAX 4096

/* ---- HOME ---- */

/* Cuts @line (name:password:uid:gid:comment:home:shell); the home directory if it is @uid's. */
static const char *home_of_line(char *line, uint32_t uid)
{
	char *fields[7] = { NULL };
	uint32_t id;

	for (int i = 0; i < 7; i++)
		fields[i] = strsep(&line, ":");
	if (!fields[5] || num_id(fields[2], &id) < 0 || id != uid || fields[5][0] != '/')
		return NULL;
	return fields[5];
}

void home_find(char *text, uint32_t uid, char *home, size_t size)
{
	const char *found = NULL;

	while (text && !found) {
		char *line = strsep(&text, "\n");

		found = home_of_line(line, uid);
	}
	if (!found || strlen(found) >= size)
		found = uid == 0 ? "/root" : "/";
	snprintf(home, size, "%s", found);
}

/* An image without a usable passwd file is common and no error. */
static void home_add(struct process_plan *plan, int procfd)
{
	auto_free char *text = NULL;
	char home[HOME_MAX] = "", **end = plan->envp;
	struct err err;

	if (procfd >= 0 &&
		path_read_in(plan->root_fd, procfd, "/etc/passwd", PASSWD_MAX, &text, NULL, &err) <
			0)
		log_debug("no home directory of user %u: %s", plan->uid, err.msg);
	home_find(text, plan->uid, home, sizeof(home));
	while (*end)
		end++;
	*end = xasprintf("HOME=%s", home); /* process_plan_init() left room */
	plan->has_home = true;
}

/* ---- working directory ---- */

/* Made with the usual mode, whatever umask the container's process is to have. */
static int cwd_make(int rootfd, const char *cwd, struct err *err)
{
	mode_t mask = umask(022);
	int fd = path_mkdir_in(rootfd, cwd, 0755, NULL, err);

	umask(mask);
	return fd;
}

static int cwd_open(const struct process_plan *plan, const char *cwd, struct err *err)
{
	int fd = path_open_in(plan->root_fd, cwd, O_PATH | O_DIRECTORY, err);

	/* Another process is not what makes a container's directories. */
	if (fd == -ENOENT && !plan->is_exec)
		fd = cwd_make(plan->root_fd, cwd, err);
	return fd;
}

/* The kernel marks a directory outside of the root. */
static int cwd_check(struct err *err)
{
	char path[PATH_MAX];
	int r = sys_getcwd(path, sizeof(path));

	if (r < 0)
		return err_sys(err, -r, "getcwd");
	if (path[0] != '/')
		return err_bad_errno(err, ERR_OTHER, EACCES,
			"the directory lies outside of the container's root: permission denied");
	return 0;
}

static int cwd_enter(struct process_plan *plan, struct err *err)
{
	const char *cwd = plan->process->cwd ? plan->process->cwd : "/";
	auto_close int fd = FD_NONE;

	if (cwd[0] != '/')
		return err_bad(err, ERR_CONFIG, "process.cwd \"%s\": not an absolute path", cwd);
	fd = cwd_open(plan, cwd, err);
	if (fd == -ENOENT && plan->is_exec)
		err_hint(err, "exec makes no working directory: name one of the container");
	if (fd < 0)
		return err_in(err, "process.cwd \"%s\"", cwd);
	if (fchdir(fd) < 0)
		return err_sys(err, errno, "chdir to process.cwd \"%s\"", cwd);
	if (cwd_check(err) < 0)
		return err_in(err, "process.cwd \"%s\"", cwd);
	return 0;
}

int process_make_cwd(const struct process_plan *plan, int rootfd, struct err *err)
{
	const char *cwd = plan->process->cwd;
	auto_close int fd = FD_NONE;

	if (!cwd || cwd[0] != '/')
		return 0; /* the latter is process_resolve()'s to refuse */
	fd = path_open_in(rootfd, cwd, O_PATH | O_DIRECTORY, err);
	if (fd == -ENOENT)
		fd = cwd_make(rootfd, cwd, err);
	if (fd == -EACCES) {
		err_drop(err); /* it may be there for the container's user */
		return 0;
	}
	return fd < 0 ? err_in(err, "process.cwd \"%s\"", cwd) : 0;
}

int cwd_enter_pending(struct process_plan *plan, struct err *err)
{
	plan->cwd_pending = false;
	return cwd_enter(plan, err);
}

int process_resolve(struct process_plan *plan, int rootfd, int procfd, struct err *err)
{
	int r;

	plan->root_fd = rootfd;
	if (!plan->has_home)
		home_add(plan, procfd);
	r = cwd_enter(plan, err);
	if (r != -EACCES)
		return r;
	/* Our root may be nobody there (NFS, an unmapped owner) while the user is at home. */
	err_drop(err);
	plan->cwd_pending = true;
	return 0;
}
