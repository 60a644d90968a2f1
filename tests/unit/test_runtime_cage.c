// SPDX-License-Identifier: Apache-2.0
/*
 * The filters of a machine's threads (runtime/kvm/cage.h), run by an interpreter: what each kind may
 * call, and that nothing else is left, call by call.
 */
#include "tests/unit/filter_machine.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/kvm/cage.h"

#define C (1u << VM_THREAD_CONTROL)
#define V (1u << VM_THREAD_VCPU)
#define I (1u << VM_THREAD_IO)
#define F (1u << VM_THREAD_FS)
#define ALL (C | V | I | F)

static struct cage *cage;

static uint32_t verdict(unsigned int kind, uint32_t arch, uint32_t nr, const uint64_t *args)
{
	const struct filter *filter = cage_filter(cage, (enum vm_thread)kind);
	const struct program p = { filter->insns, filter->count };
	struct call call = call_make(arch, nr, args);

	return program_run(&p, &call, NULL);
}

/* Calls with the arguments that our code gives, and by whom. */
static const struct allowed {
	const char *name;
	uint64_t args[6];
	unsigned int kinds;
} allowed[] = {
	{ "futex", { 0 }, ALL },
	{ "read", { 3 }, ALL },
	{ "mmap", { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1ull }, ALL },
	{ "mmap", { 0, 1 << 27, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1ull },
		ALL },
	{ "mprotect", { 4096, 4096, PROT_READ | PROT_WRITE }, ALL },
	{ "rt_sigaction", { SIGABRT }, ALL },
	{ "restart_syscall", { 0 }, ALL },
	{ "clock_gettime", { 0 }, ALL },
	{ "exit_group", { 0 }, ALL },
	{ "ioctl", { 3, KVM_RUN }, V },
	{ "ioctl", { 3, KVM_GET_REGS }, V },
	{ "ioctl", { 3, TUNSETOFFLOAD }, V },
	{ "ioctl", { 3, KVM_SIGNAL_MSI }, ALL },
	{ "ioctl", { 3, KVM_KVMCLOCK_CTRL }, C },
	{ "ioctl", { 3, TIOCGWINSZ }, C },
	{ "accept4", { 3, 0, 0, SOCK_CLOEXEC }, C },
	{ "sendmsg", { 3, 4096, MSG_NOSIGNAL | MSG_DONTWAIT }, I },
	{ "sendmsg", { 3, 4096, MSG_NOSIGNAL }, ALL },
	{ "recvmsg", { 3, 4096, MSG_DONTWAIT }, I },
	{ "recvmsg", { 3, 4096, MSG_CMSG_CLOEXEC }, C },
	{ "getrandom", { 0 }, I },
	{ "epoll_pwait", { 0 }, I | F },
	/* A network device that has come since the creation. */
	{ "eventfd2", { 0, EFD_CLOEXEC | EFD_NONBLOCK }, C },
	{ "epoll_ctl", { 3, EPOLL_CTL_ADD, 4 }, C | V | I },
	{ "epoll_ctl", { 3, EPOLL_CTL_DEL, 4 }, V | I },
	{ "fcntl", { 3, F_GETFL }, C },
	{ "fcntl", { 3, F_SETFL }, C },
	{ "ioctl", { 3, TUNGETIFF }, C },
	{ "ioctl", { 3, TUNSETVNETHDRSZ }, C },
	{ "ioctl", { 3, TUNSETVNETLE }, C },
	{ "ioctl", { 3, KVM_IOEVENTFD }, C },
	{ "openat", { 3 }, F },
	{ "openat2", { 3 }, F },
	{ "capset", { 0 }, F },
	{ "setfsuid", { 0 }, F },
	{ "fcntl", { 3, F_OFD_SETLK }, F },
	{ "fcntl", { 3, F_OFD_GETLK }, F },
	{ "mknodat", { 3, 4096, S_IFREG | 0644 }, F },
	{ "mknodat", { 3, 4096, S_IFIFO | 0644 }, F },
	{ "mknodat", { 3, 4096, S_IFSOCK | 0644 }, F },
};

static void test_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		const struct allowed *a = &allowed[i];
		int nr = seccomp_syscall_resolve_name(a->name);

		for (unsigned int kind = 0; kind < VM_THREAD_COUNT; kind++) {
			uint32_t got = verdict(kind, AUDIT_ARCH_X86_64, (uint32_t)nr, a->args);

			if (got !=
				(a->kinds & 1u << kind ? SECCOMP_RET_ALLOW
						       : SECCOMP_RET_KILL_PROCESS))
				fail_msg("%s (row %zu) of kind %u: 0x%x", a->name, i, kind, got);
		}
	}
}

/* Calls that reach further than what the thread may do with others of the same name, or at all. */
static const struct refused {
	const char *name;
	uint64_t args[6];
} refused[] = {
	{ "mmap", { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1ull } },
	{ "mmap", { 0, 4096, PROT_READ, MAP_PRIVATE, 3 } },
	{ "mmap", { 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3 } },
	{ "mprotect", { 4096, 4096, PROT_READ | PROT_EXEC } },
	{ "mprotect", { 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC } },
	{ "pkey_mprotect", { 4096, 4096, PROT_READ } },
	{ "ioctl", { 3, TIOCSTI } },
	{ "ioctl", { 3, TIOCSCTTY } },
	{ "ioctl", { 3, TUNSETIFF } },
	{ "ioctl", { 3, KVM_CREATE_VM } },
	{ "ioctl", { 3, KVM_CREATE_VCPU } },
	{ "ioctl", { 3, KVM_SET_USER_MEMORY_REGION } },
	{ "ioctl", { 3, KVM_RUN | 1ull << 32 } },
	{ "tgkill", { 1, 1, SIGKILL } },
	{ "rt_sigaction", { SIGSYS } },
	{ "mknodat", { 3, 4096, S_IFCHR | 0644 } },
	{ "mknodat", { 3, 4096, S_IFBLK | 0644 } },
	{ "fcntl", { 3, F_DUPFD } },
	{ "fcntl", { 3, F_SETOWN } },
	{ "fcntl", { 3, F_NOTIFY } },
	{ "prctl", { 4 /* PR_SET_DUMPABLE */, 1 } },
	{ "prctl", { 22 /* PR_SET_SECCOMP */ } },
	{ "sendmsg", { 3, 4096, 0x20000000 /* MSG_FASTOPEN connects */ } },
	{ "recvmsg", { 3, 4096, MSG_PEEK } },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int nr = seccomp_syscall_resolve_name(refused[i].name);

		for (unsigned int kind = 0; kind < VM_THREAD_COUNT; kind++)
			if (verdict(kind, AUDIT_ARCH_X86_64, (uint32_t)nr, refused[i].args) !=
				SECCOMP_RET_KILL_PROCESS)
				fail_msg("%s (row %zu) of kind %u", refused[i].name, i, kind);
	}
}

/* By number, so that none is forgotten: these may be more than the table's words, but no others. */
static const struct reachable {
	const char *name;
	unsigned int kinds;
} reachable[] = {
	{ "futex", ALL },
	{ "read", ALL },
	{ "write", ALL },
	{ "writev", ALL },
	{ "close", ALL },
	{ "poll", ALL },
	{ "restart_syscall", ALL },
	{ "clock_gettime", ALL },
	{ "gettimeofday", ALL },
	{ "sched_yield", ALL },
	{ "mremap", ALL },
	{ "munmap", ALL },
	{ "madvise", ALL },
	{ "brk", ALL },
	{ "getpid", ALL },
	{ "gettid", ALL },
	{ "rt_sigprocmask", ALL },
	{ "rt_sigreturn", ALL },
	{ "exit", ALL },
	{ "exit_group", ALL },
	{ "epoll_ctl", V | I },
	{ "epoll_pwait", I | F },
	{ "readv", I },
	{ "getrandom", I },
	{ "accept4", C },
	{ "lseek", C | F },
	{ "pwrite64", C },
	{ "openat", F },
	{ "openat2", F },
	{ "statx", F },
	{ "fstatfs", F },
	{ "preadv", F },
	{ "pwritev", F },
	{ "getdents64", F },
	{ "ftruncate", F },
	{ "fallocate", F },
	{ "copy_file_range", F },
	{ "fsync", F },
	{ "fdatasync", F },
	{ "syncfs", F },
	{ "mkdirat", F },
	{ "symlinkat", F },
	{ "linkat", F },
	{ "unlinkat", F },
	{ "renameat", F },
	{ "renameat2", F },
	{ "readlinkat", F },
	{ "fchmodat", F },
	{ "fchownat", F },
	{ "utimensat", F },
	{ "setxattr", F },
	{ "getxattr", F },
	{ "listxattr", F },
	{ "removexattr", F },
	{ "flock", F },
	{ "umask", F },
	{ "setfsuid", F },
	{ "setfsgid", F },
	{ "setgroups", F },
	{ "capset", F },
	{ "sigaltstack", BUILD_SANITIZERS ? ALL : 0 },
};

static unsigned int kinds_that_reach(uint32_t nr)
{
	for (size_t i = 0; i < sizeof(reachable) / sizeof(reachable[0]); i++)
		if (seccomp_syscall_resolve_name(reachable[i].name) == (int)nr)
			return reachable[i].kinds;
	return 0;
}

/* Arguments that no check accepts. */
static const uint64_t absurd[6] = { -2ull, -2ull, -2ull, -2ull, -2ull, -2ull };

static void test_every_number(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < VM_THREAD_COUNT; kind++) {
		for (uint32_t nr = 0; nr < 450; nr++) {
			uint32_t want = kinds_that_reach(nr) & 1u << kind
				? SECCOMP_RET_ALLOW
				: SECCOMP_RET_KILL_PROCESS;
			uint32_t got = verdict(kind, AUDIT_ARCH_X86_64, nr, absurd);

			if (got != want)
				fail_msg("call %u of kind %u: 0x%x", nr, kind, got);
			/* No other way to the same calls. */
			assert_int_equal(verdict(kind, AUDIT_ARCH_X86_64, nr | X32, absurd),
				SECCOMP_RET_KILL_PROCESS);
			assert_int_equal(verdict(kind, AUDIT_ARCH_I386, nr, absurd),
				SECCOMP_RET_KILL_PROCESS);
		}
		/* What is newer than all tables: libc falls back. */
		assert_int_equal(verdict(kind, AUDIT_ARCH_X86_64, 450, absurd), ENOSYS_RET);
		assert_int_equal(verdict(kind, AUDIT_ARCH_X86_64, 1000, absurd), ENOSYS_RET);
	}
}

/* Signals go to this process only. */
static void test_signals(void **state)
{
	const uint64_t own[6] = { (uint64_t)getpid(), 5, SIGRTMIN },
		       parent[6] = { (uint64_t)getppid(), 5, SIGRTMIN };

	(void)state;
	for (unsigned int kind = 0; kind < VM_THREAD_COUNT; kind++) {
		assert_int_equal(
			verdict(kind, AUDIT_ARCH_X86_64, SYS_tgkill, own), SECCOMP_RET_ALLOW);
		assert_int_equal(verdict(kind, AUDIT_ARCH_X86_64, SYS_tgkill, parent),
			SECCOMP_RET_KILL_PROCESS);
	}
}

static void test_explained(void **state)
{
	(void)state;
	assert_non_null(strstr(cage_explain(SIGSYS), "type=1326"));
	assert_null(cage_explain(SIGKILL));
}

static int make_cage(void **state)
{
	struct err err = { 0 };

	(void)state;
	return cage_new(&cage, &err);
}

static int free_cage(void **state)
{
	(void)state;
	cage_free(cage);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_number),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_explained),
	};

	return cmocka_run_group_tests(tests, make_cage, free_cage);
}
