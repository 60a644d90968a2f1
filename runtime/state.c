// SPDX-License-Identifier: Apache-2.0
/* Containers on disk, the directories: see the header.  The documents in them are
 * state-file.c's. */
#include "runtime/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/hostfile.h"
#include "base/procfs.h"
#include "base/sys.h"

#define MAGIC_PIDFS 0x50494446

int state_check_id(const char *id, struct err *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
	size_t len = strlen(id);

	if (len == 0)
		return err_bad(err, ERR_USAGE, "the container id is empty");
	if (len > 1024)
		return err_bad(err, ERR_USAGE,
			"the container id has %zu bytes, at most 1024 are allowed", len);
	if (strspn(id, letters) != len || id[0] == '.')
		return err_bad(err, ERR_USAGE,
			"invalid container id \"%s\": letters, digits and _ + - . are allowed, and "
			"it must not "
			"start with a dot",
			id);
	return 0;
}

/* A handler is needed only so that flock returns EINTR: SIG_IGN and SIG_DFL would not do that. */
static void on_alarm(int sig)
{
	(void)sig;
}

/* flock(2) has no time-out: a timer interrupts it. */
static int lock_bounded(int fd, int how)
{
	struct itimerval bound = { .it_value = { .tv_sec = STATE_LOCK_SECONDS } }, off = { 0 };
	struct sigaction action = { .sa_handler = on_alarm }, saved;
	sigset_t alarm_only, saved_mask;
	int r;

	if (flock(fd, how | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return -errno;
	sigaction(SIGALRM, &action, &saved);
	/* The caller may have blocked it, and the foreground of run blocks all. */
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &alarm_only, &saved_mask);
	setitimer(ITIMER_REAL, &bound, NULL);
	r = flock(fd, how) < 0 ? -errno : 0;
	setitimer(ITIMER_REAL, &off, NULL);
	pthread_sigmask(SIG_SETMASK, &saved_mask, NULL);
	sigaction(SIGALRM, &saved, NULL);
	return r;
}

int state_relock(struct state_dir *dir, enum state_lock lock, struct err *err)
{
	struct stat st;
	int r;

	if (lock == STATE_UNLOCKED)
		return 0;
	r = lock_bounded(dir->fd, LOCK_EX);
	if (r == -EINTR) {
		err_bad(err, ERR_TIMEOUT,
			"container \"%s\": another command has held its lock for %d seconds",
			dir->id, STATE_LOCK_SECONDS);
		err_hint(err, "a hook that does not end holds it so: see ps for another ringwall");
		return err_result(err);
	}
	if (r < 0)
		return err_sys(err, -r, "flock \"%s\"", dir->path);
	if (fstat(dir->fd, &st) < 0)
		return err_sys(err, errno, "fstat \"%s\"", dir->path);
	if (st.st_nlink == 0) /* deleted while we waited */
		return err_bad(err, ERR_NO_CONTAINER, "container \"%s\"", dir->id);
	return 0;
}

void state_unlock(struct state_dir *dir)
{
	flock(dir->fd, LOCK_UN);
}

bool state_try_lock(struct state_dir *dir)
{
	if (flock(dir->fd, LOCK_SH | LOCK_NB) < 0)
		return false;
	flock(dir->fd, LOCK_UN);
	return true;
}

static int open_root(const struct runtime *rt, bool make, struct err *err)
{
	int r = host_open(AT_FDCWD, rt->root, O_RDONLY | O_DIRECTORY, 0, err);

	if (r == -ENOENT && make) {
		err_drop(err); /* the first container: made now */
		r = host_mkdir_parents(rt->root, 0700, err);
		if (r == 0)
			r = host_open(AT_FDCWD, rt->root, O_RDONLY | O_DIRECTORY, 0, err);
	}
	if (r == -EACCES || r == -EPERM)
		err_hint(err,
			"be the user whose containers these are, or choose another "
			"directory with --root");
	return r < 0 ? err_in(err, "the state root") : r;
}

static int open_dir(int root_fd, const struct runtime *rt, const char *id,
	struct state_dir *out_dir, struct err *err)
{
	int fd = host_open(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);

	if (fd < 0)
		return fd;
	out_dir->fd = fd;
	out_dir->id = xstrdup(id);
	out_dir->path = xasprintf("%s/%s", rt->root, id);
	return 0;
}

/*
 * Between our mkdir and our lock somebody may have deleted the directory (it looked abandoned), and
 * somebody else made it again: who writes the state first, under the lock, is the creator.
 */
static int claim(struct state_dir *dir, struct err *err)
{
	struct stat st;
	int r = state_relock(dir, STATE_EXCLUSIVE, err);

	if (r == 0)
		r = host_stat(dir->fd, STATE_FILE, &st, AT_SYMLINK_NOFOLLOW, err);
	if (r < 0)
		return r;
	return r > 0 ? 0 : err_bad(err, ERR_EXISTS, "container \"%s\"", dir->id);
}

int state_create(
	const struct runtime *rt, const char *id, struct state_dir *out_dir, struct err *err)
{
	auto_close int root_fd = FD_NONE;
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	root_fd = open_root(rt, true, err);
	if (root_fd < 0)
		return root_fd;
	r = host_mkdir(root_fd, id, 0700, err);
	if (r < 0)
		return err_in(err, "in the state root \"%s\"", rt->root);
	if (r > 0)
		return err_bad(err, ERR_EXISTS, "container \"%s\"", id);
	r = open_dir(root_fd, rt, id, out_dir, err);
	if (r < 0) {
		struct err ignored; /* the first error is the one to tell */

		(void)!host_unlink(root_fd, id, AT_REMOVEDIR, &ignored);
		return r;
	}
	r = claim(out_dir, err);
	if (r < 0) {
		struct err ignored;

		/* One that exists by now is somebody else's; and so is one that is not empty. */
		if (err->kind != ERR_EXISTS && err->kind != ERR_NO_CONTAINER)
			(void)!host_unlink(root_fd, id, AT_REMOVEDIR, &ignored);
		state_dir_release(out_dir);
	}
	return r;
}

int state_open(const struct runtime *rt, const char *id, enum state_lock lock,
	struct state_dir *out_dir, struct err *err)
{
	auto_close int root_fd = FD_NONE;
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	root_fd = open_root(rt, false, err);
	r = root_fd < 0 ? root_fd : open_dir(root_fd, rt, id, out_dir, err);
	if (r == -ENOENT) {
		err_bad(err, ERR_NO_CONTAINER, "container \"%s\"", id);
		err_hint(err, "the containers of \"%s\" are shown by: ringwall --root %s list",
			rt->root, rt->root);
		return err_result(err);
	}
	return r < 0 ? r : state_relock(out_dir, lock, err);
}

/* Removes what a directory holds, but for @keep (NULL: nothing is kept). */
static int remove_below(int dir_fd, const char *keep, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	int fd = host_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_sys(err, errno, "fdopendir of the state directory");
	}
	while ((entry = readdir(dir))) {
		int r;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			(keep && strcmp(entry->d_name, keep) == 0))
			continue;
		r = host_unlink(dir_fd, entry->d_name, 0, err);
		if (r == -EISDIR) {
			auto_close int sub = host_open(
				dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);

			r = sub < 0 ? sub : remove_below(sub, NULL, err);
			if (r == 0)
				r = host_unlink(dir_fd, entry->d_name, AT_REMOVEDIR, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int state_remove(struct state_dir *dir, struct err *err)
{
	/* state.json last: until then what is left is still found and named by it. */
	static const struct {
		const char *name;
		int flags;
	} usual[] = { { STATE_CONFIG, 0 }, { STATE_GATE, 0 }, { STATE_CONTROL, 0 },
		{ STATE_NOTIFY_SOCKET, 0 }, { STATE_NOTIFY, AT_REMOVEDIR }, { STATE_FILE, 0 } };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(usual) && r >= 0; i++)
		r = host_unlink(dir->fd, usual[i].name, usual[i].flags, err);
	if (r >= 0)
		r = host_unlink(AT_FDCWD, dir->path, AT_REMOVEDIR, err);
	if (r < 0) {
		err_drop(err); /* something unusual is there */
		r = remove_below(dir->fd, STATE_FILE, err);
		if (r == 0)
			r = host_unlink(dir->fd, STATE_FILE, 0, err);
		if (r >= 0)
			r = host_unlink(AT_FDCWD, dir->path, AT_REMOVEDIR, err);
	}
	return r < 0 ? err_in(err, "remove the state of container \"%s\"", dir->id) : 0;
}

void state_dir_release(struct state_dir *dir)
{
	fd_close(&dir->fd);
	free(dir->id);
	free(dir->path);
	*dir = (struct state_dir)STATE_DIR_INIT;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_ids(const struct runtime *rt, char ***out_ids, size_t *out_count, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	char **ids = NULL;
	size_t count = 0;
	int fd = open_root(rt, false, err);

	*out_ids = NULL;
	*out_count = 0;
	if (fd == -ENOENT) {
		err_drop(err); /* no container has ever been made here */
		return 0;
	}
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_sys(err, errno, "fdopendir \"%s\"", rt->root);
	}
	while ((entry = readdir(dir))) {
		struct err ignored;

		if (state_check_id(entry->d_name, &ignored) < 0)
			continue;
		if (count % 64 == 0)
			ids = xrealloc_array(ids, count + 64, sizeof(*ids));
		ids[count++] = xstrdup(entry->d_name);
	}
	if (count)
		qsort(ids, count, sizeof(*ids), by_name);
	*out_ids = ids;
	*out_count = count;
	return 0;
}

int process_mark(pid_t pid, int pidfd, char out_mark[PROCESS_MARK_SIZE], struct err *err)
{
	auto_free char *boot_id = NULL;
	struct process_id id;
	struct statfs fs;
	struct stat st;
	auto_close int procfd = FD_NONE;
	int r = host_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot_id, NULL, err);

	if (r < 0 && r != -ENOENT)
		return r; /* the mark would be another one than at the next look */
	if (r < 0)
		boot_id = xstrdup(
			"?\n"); /* no /proc: the rest still tells processes of one boot apart */
	boot_id[strcspn(boot_id, "\n")] = '\0';
	/* A failure must not lead to the other kind of mark, which would name another process. */
	if (fstatfs(pidfd, &fs) < 0 || fstat(pidfd, &st) < 0)
		return err_sys(err, errno, "fstat of the pidfd of process %d", (int)pid);
	if ((unsigned long)fs.f_type == MAGIC_PIDFS) {
		snprintf(out_mark, PROCESS_MARK_SIZE, "%s pidfs %llu", boot_id,
			(unsigned long long)st.st_ino);
		return 0;
	}
	procfd = procfs_open(PROCFS_PIDS, err);
	if (procfd < 0)
		return procfd;
	r = procfs_identify(procfd, pid, &id, err);
	if (r < 0)
		return r;
	snprintf(out_mark, PROCESS_MARK_SIZE, "%s start %llu", boot_id, id.start_time);
	return 0;
}
