// SPDX-License-Identifier: Apache-2.0
/*
 * floor [--bare] ROOTFS PROGRAM
 *
 * What a container start costs when nothing is read, checked, recorded or secured: one clone3 into
 * six namespaces, podman's seven mounts, the device nodes and links of /dev, its masked and
 * read-only paths, pivot_root, execve, wait.  --bare: only proc and pivot_root.  No runtime can be
 * faster.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *type, *target, *data;
	unsigned long flags;
} mounts[] = {
	{ "proc", "proc", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "tmpfs", "dev", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME },
	{ "devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC },
	{ "mqueue", "dev/mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "tmpfs", "dev/shm", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "sysfs", "sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY },
	{ "cgroup2", "sys/fs/cgroup", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY },
};

static const struct {
	const char *name;
	unsigned int major, minor;
} devices[] = {
	{ "dev/null", 1, 3 },
	{ "dev/zero", 1, 5 },
	{ "dev/full", 1, 7 },
	{ "dev/random", 1, 8 },
	{ "dev/urandom", 1, 9 },
	{ "dev/tty", 5, 0 },
};

static const struct {
	const char *target, *name;
} links[] = {
	{ "/proc/self/fd", "dev/fd" },
	{ "/proc/self/fd/0", "dev/stdin" },
	{ "/proc/self/fd/1", "dev/stdout" },
	{ "/proc/self/fd/2", "dev/stderr" },
	{ "pts/ptmx", "dev/ptmx" },
};

static const char *const masked_files[] = { "/proc/kcore", "/proc/keys", "/proc/timer_list",
	"/proc/sched_debug", "/proc/latency_stats", "/proc/timer_stats" };
static const char *const masked_dirs[] = { "/proc/acpi", "/proc/scsi", "/sys/firmware",
	"/sys/fs/selinux", "/sys/dev/block", "/sys/devices/virtual/powercap" };
static const char *const read_only[] = { "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq",
	"/proc/sys", "/proc/sysrq-trigger" };

static void check(long result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, strerrorname_np(errno));
	_exit(1);
}

static void make_dev(void)
{
	for (size_t i = 0; i < COUNT(devices); i++)
		check(mknod(devices[i].name, S_IFCHR | 0666,
			      makedev(devices[i].major, devices[i].minor)),
			devices[i].name);
	for (size_t i = 0; i < COUNT(links); i++)
		check(symlink(links[i].target, links[i].name), links[i].name);
}

static void make_mounts(int full)
{
	for (size_t i = 0; i < (full ? COUNT(mounts) : 1); i++) {
		if (strncmp(mounts[i].target, "dev/", 4) == 0)
			check(mkdir(mounts[i].target, 0755), mounts[i].target);
		check(mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			      mounts[i].data),
			mounts[i].target);
	}
}

/* Most of these do not exist on most machines: ENOENT is the usual answer. */
static void mask(void)
{
	for (size_t i = 0; i < COUNT(masked_files); i++)
		if (mount("/dev/null", masked_files[i], NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
			check(-1, masked_files[i]);
	for (size_t i = 0; i < COUNT(masked_dirs); i++)
		if (mount("tmpfs", masked_dirs[i], "tmpfs", MS_RDONLY, "size=0k,nr_inodes=2") < 0 &&
			errno != ENOENT)
			check(-1, masked_dirs[i]);
	for (size_t i = 0; i < COUNT(read_only); i++) {
		if (mount(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL) < 0) {
			if (errno != ENOENT)
				check(-1, read_only[i]);
			continue;
		}
		check(mount(NULL, read_only[i], NULL,
			      MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV,
			      NULL),
			read_only[i]);
	}
}

static _Noreturn void child(const char *rootfs, char **argv, int full)
{
	check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "/");
	check(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), rootfs);
	check(chdir(rootfs), rootfs);
	make_mounts(full);
	if (full)
		make_dev();
	check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "umount");
	check(chdir("/"), "chdir");
	if (full)
		mask();
	execv(argv[0], argv);
	check(-1, argv[0]);
	_exit(1);
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
			CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	int full = argc > 1 && strcmp(argv[1], "--bare") == 0 ? 0 : 1, status;
	long pid;

	argv += 2 - full;
	if (argc < 4 - full) {
		fprintf(stderr, "usage: floor [--bare] ROOTFS PROGRAM\n");
		return 2;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	check(pid, "clone3");
	if (pid == 0)
		child(argv[0], argv + 1, full);
	check(waitpid((pid_t)pid, &status, 0), "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
