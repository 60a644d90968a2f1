// SPDX-License-Identifier: Apache-2.0
/* See the header.  Raw calls, as code that was brought along would make them. */
#include "tests/kvm/attacks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static char canary[PATH_MAX];

void attack_prepare(void)
{
	const char *path = getenv("CANARY");

	if (path)
		snprintf(canary, sizeof(canary), "%s", path);
}

/* ---- programs and processes ---- */

static bool execute(void)
{
	static char *const argv[] = { "sh", NULL };

	return syscall(SYS_execve, "/bin/sh", argv, NULL) == 0;
}

static bool execute_descriptor(void)
{
	static char *const argv[] = { "sh", NULL };

	return syscall(SYS_execveat, 0, "", argv, NULL, AT_EMPTY_PATH) == 0;
}

static bool fork_process(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static bool make_namespace(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER) == 0;
}

static bool signal_parent(void)
{
	return syscall(SYS_kill, syscall(SYS_getpid) == 1 ? -1 : getppid(), 0) == 0;
}

static bool signal_thread_of_other(void)
{
	return syscall(SYS_tgkill, 1 + (syscall(SYS_getpid) == 1), 1, 0) == 0;
}

static bool trace(void)
{
	return syscall(SYS_ptrace, PTRACE_SEIZE, getppid(), 0, 0) == 0;
}

static bool write_memory_of_other(void)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return syscall(SYS_process_vm_writev, getppid(), &here, 1, &there, 1, 0) == 1;
}

/* ---- code ---- */

static bool map_code(void)
{
	return (void *)syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool map_file(void)
{
	return (void *)syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, 0, 0) != MAP_FAILED;
}

static bool make_code(void)
{
	void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return syscall(SYS_mprotect, data, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool make_file_in_memory(void)
{
	return syscall(SYS_memfd_create, "code", 0) >= 0;
}

/* ---- the network ---- */

static bool connect_inet(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool connect_unix(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool netlink(void)
{
	return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static bool connect_descriptor(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/notify" };

	return syscall(SYS_connect, 3, &to, sizeof(to)) == 0;
}

/* ---- the kernel ---- */

static bool load_bpf(void)
{
	uint64_t attr[16] = { 0 };

	return syscall(SYS_bpf, 0, attr, sizeof(attr)) >= 0;
}

static bool rings(void)
{
	uint64_t params[16] = { 0 };

	return syscall(SYS_io_uring_setup, 1, params) >= 0;
}

static bool faults(void)
{
	return syscall(SYS_userfaultfd, 0) >= 0;
}

static bool keys(void)
{
	return syscall(SYS_keyctl, 0, -3, 1) >= 0;
}

static bool mount_something(void)
{
	return syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL) == 0;
}

static bool change_root(void)
{
	return syscall(SYS_chroot, "..") == 0;
}

static bool make_machine(void)
{
	for (int fd = 0; fd < 256; fd++)
		if (syscall(SYS_ioctl, fd, KVM_CREATE_VM, 0) >= 0)
			return true;
	return false;
}

/* Memory of this process that the guest does not have yet. */
static bool give_memory(void)
{
	struct kvm_userspace_memory_region region = { .slot = 99 };

	for (int fd = 0; fd < 256; fd++)
		if (syscall(SYS_ioctl, fd, KVM_SET_USER_MEMORY_REGION, &region) == 0)
			return true;
	return false;
}

static bool type_for_user(void)
{
	return syscall(SYS_ioctl, 0, TIOCSTI, "x") == 0;
}

static bool make_device(void)
{
	return syscall(SYS_mknodat, AT_FDCWD, "disk", S_IFBLK | 0600, makedev(8, 0)) == 0;
}

static bool other_machine_words(void)
{
	return syscall(SYS_getpid | 0x40000000) > 0;
}

/* ---- files ---- */

/* Reads the file's first bytes: that is what is to be had. */
static bool is_canary(long fd)
{
	char text[16] = "";
	bool found = fd >= 0 && read((int)fd, text, sizeof(text) - 1) > 0 &&
		strncmp(text, "canary", 6) == 0;

	if (fd >= 0)
		close((int)fd);
	return found;
}

/* By its own path, below and upwards from every descriptor, and through what a procfs among them shows. */
static bool open_outside(void)
{
	static const char *const ways[] = { ".", "../../../../../../..", "../root", "../cwd",
		"../../1/root", "../task/1/root" };
	char path[2 * PATH_MAX];

	if (is_canary(syscall(SYS_openat, AT_FDCWD, canary, O_RDONLY)))
		return true;
	for (int fd = -1; fd < 256; fd++) {
		int at = fd < 0 ? AT_FDCWD : fd;

		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			struct open_how how = { .flags = O_RDONLY };

			snprintf(path, sizeof(path), "%s%s", ways[i], canary);
			if (is_canary(syscall(SYS_openat, at, path, O_RDONLY)) ||
				is_canary(syscall(SYS_openat2, at, path, &how, sizeof(how))))
				return true;
		}
	}
	return false;
}

/* What a procfs tells of the process itself: its memory, also where that is read-only; its environment; and
 * files by the names of other processes. */
static bool reach_procfs(void)
{
	static const char *const ways[] = { "../mem", "../environ", "../maps", "../status",
		"../task", "../../self/mem", "../../1/status", "mem", "environ", "self/mem" };

	for (int fd = -1; fd < 256; fd++)
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			struct open_how how = { .flags = O_RDONLY };
			int at = fd < 0 ? AT_FDCWD : fd;

			if (syscall(SYS_openat, at, ways[i], O_RDONLY) >= 0 ||
				syscall(SYS_openat2, at, ways[i], &how, sizeof(how)) >= 0)
				return true;
		}
	return false;
}

static bool link_outside(void)
{
	return syscall(SYS_linkat, AT_FDCWD, canary, AT_FDCWD, "here", 0) == 0;
}

static bool regain_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { ~0u, ~0u, 0 }, { ~0u, ~0u, 0 } };

	for (unsigned int cap = 0; cap < 32; cap++) {
		caps[0].permitted = caps[0].effective = 1u << cap;
		caps[1].permitted = caps[1].effective = 0;
		/* None that a file server has no use for. */
		if ((cap == CAP_SYS_ADMIN || cap == CAP_SYS_PTRACE || cap == CAP_NET_ADMIN ||
			    cap == CAP_SYS_CHROOT || cap == CAP_MKNOD || cap == CAP_KILL ||
			    cap == CAP_SYS_MODULE || cap == CAP_SETPCAP) &&
			syscall(SYS_capset, &head, caps) == 0)
			return true;
	}
	return false;
}

const struct attack attacks[] = {
	{ "execute", execute, false },
	{ "execute-descriptor", execute_descriptor, false },
	{ "fork", fork_process, false },
	{ "namespace", make_namespace, false },
	{ "signal", signal_parent, false },
	{ "signal-thread", signal_thread_of_other, false },
	{ "trace", trace, false },
	{ "memory-of-others", write_memory_of_other, false },
	{ "map-code", map_code, false },
	{ "map-file", map_file, false },
	{ "make-code", make_code, false },
	{ "file-in-memory", make_file_in_memory, false },
	{ "connect-inet", connect_inet, false },
	{ "connect-unix", connect_unix, false },
	{ "netlink", netlink, false },
	{ "connect-descriptor", connect_descriptor, false },
	{ "bpf", load_bpf, false },
	{ "io_uring", rings, false },
	{ "userfaultfd", faults, false },
	{ "keys", keys, false },
	{ "mount", mount_something, false },
	{ "chroot", change_root, false },
	{ "machine", make_machine, false },
	{ "guest-memory", give_memory, false },
	{ "type", type_for_user, false },
	{ "device", make_device, false },
	{ "x32", other_machine_words, false },
	{ "open", open_outside, true },
	{ "procfs", reach_procfs, true },
	{ "link", link_outside, true },
	{ "capabilities", regain_capabilities, true },
};
const unsigned int attack_count = sizeof(attacks) / sizeof(attacks[0]);

const struct attack *attack_find(const char *name)
{
	for (unsigned int i = 0; i < attack_count; i++)
		if (strcmp(attacks[i].name, name) == 0)
			return &attacks[i];
	return NULL;
}
