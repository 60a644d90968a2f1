// SPDX-License-Identifier: Apache-2.0
/*
 * Id maps of user namespaces: their text, and how it gets into the kernel (user_namespaces(7)).
 *
 * Runs in the parent, on a child that waits.  The kernel takes a map directly from a caller with
 * CAP_SETUID (CAP_SETGID) in its own user namespace, and from anybody when it is the caller's one
 * id, for groups only after setgroups was denied.  Everything else goes through newuidmap and
 * newgidmap, side by side, and is read back: a map that is not exactly what was asked for is an
 * error.
 */
#include "namespaces/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/procfs.h"
#include "base/sys.h"

/* The kernel takes 340 lines of at most 33 bytes. */
#define MAP_TEXT_MAX (64u << 10)

void idmap_format(const spec_idmaps *maps, struct strbuf *out)
{
	for (size_t i = 0; i < maps->count; i++)
		strbuf_addf(out, "%u %u %u\n", maps->items[i].container_id, maps->items[i].host_id,
			maps->items[i].size);
}

static bool has_map(const spec_idmaps *maps, const struct spec_idmap *wanted)
{
	for (size_t i = 0; i < maps->count; i++)
		if (memcmp(&maps->items[i], wanted, sizeof(*wanted)) == 0)
			return true;
	return false;
}

bool idmap_equals(const spec_idmaps *maps, const char *text)
{
	struct spec_idmap map;
	size_t lines = 0;
	int len;

	/* A container id stands in one line only, so equal counts and no strange line are
	 * enough. */
	for (; *text; text += len, lines++) {
		/* NOLINTNEXTLINE(cert-err34-c): numbers of the kernel, which fit */
		if (sscanf(text, "%u %u %u%n", &map.container_id, &map.host_id, &map.size, &len) !=
				3 ||
			!has_map(maps, &map))
			return false;
		len += text[len] == '\n';
	}
	return lines == maps->count;
}

static int write_proc(int procfd, pid_t pid, const char *file, const char *text, struct err *err)
{
	char path[48];

	snprintf(path, sizeof(path), "%d/%s", pid, file);
	return procfs_write(procfd, path, text, err);
}

static int write_map(
	int procfd, pid_t pid, const char *file, const spec_idmaps *maps, struct err *err)
{
	auto_(strbuf) struct strbuf text = STRBUF_INIT;
	int r;

	idmap_format(maps, &text);
	r = write_proc(procfd, pid, file, strbuf_str(&text), err);
	if (r == -EPERM)
		err_hint(err,
			"every id must be mapped in the user namespace of the caller: see "
			"/proc/self/%s and user_namespaces(7)",
			file);
	else if (r == -EINVAL)
		err_hint(err, "ranges overlap, are empty or too many: see user_namespaces(7)");
	return r;
}

static int check_map(
	int procfd, pid_t pid, const char *file, const spec_idmaps *maps, struct err *err)
{
	auto_free char *text = NULL;
	char path[48];
	int r;

	snprintf(path, sizeof(path), "%d/%s", pid, file);
	r = procfs_read(procfd, path, MAP_TEXT_MAX, &text, err);
	if (r < 0)
		return r;
	if (!idmap_equals(maps, text))
		return err_bad_errno(err, ERR_OTHER, EPERM,
			"the kernel's %s is not the one that was asked for", file);
	return 0;
}

static bool is_single(const spec_idmaps *maps, uint32_t id)
{
	return maps->count == 1 && maps->items[0].size == 1 && maps->items[0].host_id == id;
}

int idmap_write(const struct idmap_caller *caller, int procfd, pid_t pid, const spec_idmaps *uid,
	const spec_idmaps *gid, struct err *err)
{
	auto_(idmap_helper) struct idmap_helper uid_helper = IDMAP_HELPER("newuidmap");
	auto_(idmap_helper) struct idmap_helper gid_helper = IDMAP_HELPER("newgidmap");
	bool uid_direct = caller->may_map_uids || is_single(uid, caller->uid);
	bool gid_direct = caller->may_map_gids || is_single(gid, caller->gid);
	int r = 0;

	if (!uid_direct)
		r = idmap_helper_start(&uid_helper, pid, uid, err);
	if (r == 0 && !gid_direct)
		r = idmap_helper_start(&gid_helper, pid, gid, err);
	if (r == 0 && uid_direct)
		r = write_map(procfd, pid, "uid_map", uid, err);
	if (r == 0 && gid_direct && !caller->may_map_gids)
		r = write_proc(procfd, pid, "setgroups", "deny", err);
	if (r == 0 && gid_direct)
		r = write_map(procfd, pid, "gid_map", gid, err);
	if (r == 0 && !uid_direct)
		r = idmap_helper_finish(&uid_helper, err);
	if (r == 0 && !gid_direct)
		r = idmap_helper_finish(&gid_helper, err);
	if (r == 0 && !uid_direct)
		r = check_map(procfd, pid, "uid_map", uid, err);
	if (r == 0 && !gid_direct)
		r = check_map(procfd, pid, "gid_map", gid, err);
	return r;
}

/* The child of ns_idmap_userns(): stays until the pipe closes, which it does when the parent ends
 * too. */
_Noreturn static void hold(int read_fd, int write_fd)
{
	char byte;

	close(write_fd);
	while (read(read_fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int take_userns(pid_t pid, const spec_idmaps *uid, const spec_idmaps *gid, struct err *err)
{
	auto_close int procfd = procfs_open(PROCFS_PIDS, err);
	auto_close int nsdir = FD_NONE;
	struct idmap_caller caller;
	int r;

	if (procfd < 0)
		return procfd;
	idmap_caller_init(&caller);
	r = idmap_write(&caller, procfd, pid, uid, gid, err);
	if (r < 0)
		return r;
	nsdir = nsdir_open(procfd, pid, err);
	if (nsdir < 0)
		return nsdir;
	return nsdir_take(nsdir, "user", err);
}

int ns_idmap_userns(const spec_idmaps *uid, const spec_idmaps *gid, struct err *err)
{
	int pipe_fds[2], pidfd = FD_NONE, r;
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	siginfo_t info;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	pid = sys_clone3(&args);
	if (pid == 0)
		hold(pipe_fds[0], pipe_fds[1]);
	fd_close(&pipe_fds[0]);
	if (pid < 0)
		r = err_sys(err, -pid, "clone3 a user namespace for an id-mapped mount");
	else
		r = take_userns(pid, uid, gid, err);
	fd_close(&pipe_fds[1]); /* the child ends */
	if (pid > 0)
		sys_pidfd_wait(pidfd, &info, 0);
	fd_close(&pidfd);
	return r;
}
