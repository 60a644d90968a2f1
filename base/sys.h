/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that libc lacks, and the constants that older headers lack: here and nowhere else.
 * Every sys_ function returns the call's result or -errno.  All descriptors are close-on-exec.
 */
#pragma once

#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* File system magics used to recognise what lies behind a descriptor. */
#define MAGIC_PROC 0x9fa0
#define MAGIC_SYSFS 0x62656572
#define MAGIC_CGROUP2 0x63677270
#define MAGIC_TMPFS 0x01021994
#define MAGIC_OVERLAY 0x794c7630
#define MAGIC_NSFS 0x6e736673
#define MAGIC_DEVPTS 0x1cd1

/* openat2(2).  Retries EAGAIN (a rename raced with "..") up to 128 times. */
int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
/* open_tree(2); OPEN_TREE_CLOEXEC is added. */
int sys_open_tree(int dirfd, const char *path, unsigned int flags);
int sys_move_mount(
	int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned int flags);
int sys_mount_setattr(
	int dirfd, const char *path, unsigned int flags, const struct mount_attr *attr);
/* fsopen(2), fsmount(2), fspick(2); the CLOEXEC flag is added. */
int sys_fsopen(const char *fsname);
int sys_fsconfig(int fsfd, unsigned int cmd, const char *key, const void *value, int aux);
int sys_fsmount(int fsfd, unsigned int attr_flags);
int sys_fspick(int dirfd, const char *path, unsigned int flags);
int sys_pivot_root(const char *new_root, const char *put_old);
/* clone3(2): returns 0 in the child, the pid in the parent. */
pid_t sys_clone3(struct clone_args *args);
int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int sig);
/* waitid(P_PIDFD, WEXITED); @options as for waitid. */
int sys_pidfd_wait(int pidfd, siginfo_t *out_info, int options);
int sys_close_range(unsigned int first, unsigned int last, unsigned int flags);
int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags);
int sys_keyctl_join_session(const char *name); /* NULL: anonymous; returns the key's serial */
int sys_keyctl_setperm(int key, unsigned int permissions);
int sys_seccomp(unsigned int op, unsigned int flags, void *args);
int sys_sched_setattr(pid_t pid, void *attr, unsigned int flags);
int sys_ioprio_set(int which, int who, int ioprio);
int sys_set_mempolicy(int mode, const unsigned long *nodemask, unsigned long maxnode);
int sys_finit_module(int fd, const char *params, int flags);
int sys_bpf(int cmd, void *attr, unsigned int size);
/* setresuid/setresgid/setgroups of this thread only: no libc synchronisation after clone. */
int sys_setresuid(uid_t ruid, uid_t euid, uid_t suid);
int sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid);
int sys_setgroups(size_t count, const gid_t *groups);
/* capget(2) and capset(2): @head and @data as <linux/capability.h> has them. */
int sys_capget(void *head, void *data);
int sys_capset(void *head, const void *data);
/* The default disposition of @sig, also of the signals that libc keeps to itself (32 and 33). */
int sys_signal_default(int sig);
int sys_getcwd(char *buf, size_t size); /* length with the NUL */
