// SPDX-License-Identifier: Apache-2.0
/*
 * System calls that libc lacks: see the header.
 *
 * One wrapper each, nothing decided here: the result or -errno.  All are safe after clone (no heap,
 * no locks), which is also why the credential calls stand here: libc's versions signal every thread
 * and take locks that a parent's thread may have held at clone.
 */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A rename somewhere on the system can race with ".." and make openat2 answer EAGAIN. */
#define OPENAT2_TRIES 128

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	int r = -EAGAIN;

	for (int i = 0; i < OPENAT2_TRIES && r == -EAGAIN; i++)
		r = result(syscall(SYS_openat2, dirfd, path, &how, sizeof(how)));
	return r;
}

int sys_open_tree(int dirfd, const char *path, unsigned int flags)
{
	return result(syscall(SYS_open_tree, dirfd, path, flags | OPEN_TREE_CLOEXEC));
}

int sys_move_mount(
	int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned int flags)
{
	return result(syscall(SYS_move_mount, from_dirfd, from, to_dirfd, to, flags));
}

int sys_mount_setattr(
	int dirfd, const char *path, unsigned int flags, const struct mount_attr *attr)
{
	return result(syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr)));
}

int sys_fsopen(const char *fsname)
{
	return result(syscall(SYS_fsopen, fsname, FSOPEN_CLOEXEC));
}

int sys_fsconfig(int fsfd, unsigned int cmd, const char *key, const void *value, int aux)
{
	return result(syscall(SYS_fsconfig, fsfd, cmd, key, value, aux));
}

int sys_fsmount(int fsfd, unsigned int attr_flags)
{
	return result(syscall(SYS_fsmount, fsfd, FSMOUNT_CLOEXEC, attr_flags));
}

int sys_fspick(int dirfd, const char *path, unsigned int flags)
{
	return result(syscall(SYS_fspick, dirfd, path, flags | FSPICK_CLOEXEC));
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return result(syscall(SYS_pivot_root, new_root, put_old));
}

pid_t sys_clone3(struct clone_args *args)
{
	return result(syscall(SYS_clone3, args, sizeof(*args)));
}

int sys_pidfd_open(pid_t pid)
{
	return result(syscall(SYS_pidfd_open, pid, 0)); /* a pidfd is always close-on-exec */
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return result(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

int sys_pidfd_wait(int pidfd, siginfo_t *out_info, int options)
{
	int r;

	do {
		out_info->si_pid = 0; /* stays 0 when WNOHANG finds nothing */
		r = result(waitid((idtype_t)P_PIDFD, (id_t)pidfd, out_info, WEXITED | options));
	} while (r == -EINTR);
	return r;
}

int sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return result(syscall(SYS_close_range, first, last, flags));
}

int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return result(syscall(SYS_execveat, dirfd, path, argv, envp, flags));
}

int sys_keyctl_join_session(const char *name)
{
	return result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0));
}

int sys_keyctl_setperm(int key, unsigned int permissions)
{
	return result(syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions, 0, 0));
}

int sys_seccomp(unsigned int op, unsigned int flags, void *args)
{
	return result(syscall(SYS_seccomp, op, flags, args));
}

int sys_sched_setattr(pid_t pid, void *attr, unsigned int flags)
{
	return result(syscall(SYS_sched_setattr, pid, attr, flags));
}

int sys_ioprio_set(int which, int who, int ioprio)
{
	return result(syscall(SYS_ioprio_set, which, who, ioprio));
}

int sys_set_mempolicy(int mode, const unsigned long *nodemask, unsigned long maxnode)
{
	return result(syscall(SYS_set_mempolicy, mode, nodemask, maxnode));
}

int sys_bpf(int cmd, void *attr, unsigned int size)
{
	return result(syscall(SYS_bpf, cmd, attr, size));
}

int sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	return result(syscall(SYS_setresuid, ruid, euid, suid));
}

int sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	return result(syscall(SYS_setresgid, rgid, egid, sgid));
}

int sys_setgroups(size_t count, const gid_t *groups)
{
	return result(syscall(SYS_setgroups, count, groups));
}

int sys_capget(void *head, void *data)
{
	return result(syscall(SYS_capget, head, data));
}

int sys_capset(void *head, const void *data)
{
	return result(syscall(SYS_capset, head, data));
}

int sys_finit_module(int fd, const char *params, int flags)
{
	return result(syscall(SYS_finit_module, fd, params, flags));
}

int sys_signal_default(int sig)
{
	const struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} action = { 0 }; /* as the kernel wants it, not libc */

	return result(syscall(SYS_rt_sigaction, sig, &action, NULL, sizeof(action.mask)));
}

int sys_getcwd(char *buf, size_t size)
{
	return result(syscall(SYS_getcwd, buf, size));
}
