// SPDX-License-Identifier: Apache-2.0
/*
 * Filters of the machine's threads: see the header.
 *
 * What a thread needs is a table of system calls, with checks of what their arguments may be where
 * another value would reach further.  The tables become documents for the compiler of
 * linux.seccomp.
 *
 * Calls that are newer than libseccomp's oldest supported tables get ENOSYS instead of death: libc
 * tries new calls first, and takes the old ones then.
 *
 * A call that only some errors need is here as well: the reset of a device by a vCPU closes files,
 * abort() must leave its message, a process that was stopped and goes on may be told to go on with
 * restart_syscall(2), and a clock that the processor does not have is read by a system call.
 */
#include "runtime/kvm/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "oci/spec.h"
#include "runtime/kvm/jail.h"
#include "runtime/process/filter.h"

#define CHECKS_MAX 2
/* Stands for the process's own number. */
#define OWN_PID UINT64_MAX

/* Argument @arg & @mask must be @value; @mask 0: no check.  The whole word is compared: what the
 * kernel ignores of it is zero in calls of ours. */
struct check {
	uint32_t arg;
	uint64_t mask, value;
};

struct call {
	const char *name;
	struct check checks[CHECKS_MAX];
};

#define IS(arg, value)                     \
	{                                  \
		(arg), UINT64_MAX, (value) \
	}
#define HAS(arg, mask, value)          \
	{                              \
		(arg), (mask), (value) \
	}

/* What libc, the locks and the clocks take, and the way out. */
static const struct call common[] = {
	{ .name = "futex" },
	{ .name = "read" },
	{ .name = "write" },
	{ .name = "writev" },
	{ .name = "close" },
	{ .name = "poll" },
	{ .name = "restart_syscall" },
	{ .name = "clock_gettime" },
	{ .name = "gettimeofday" },
	{ .name = "sched_yield" },
	/* Memory that is no file's and no code. */
	{ "mmap", { HAS(2, PROT_EXEC, 0), HAS(3, MAP_ANONYMOUS, MAP_ANONYMOUS) } },
	{ "mprotect", { HAS(2, PROT_EXEC, 0) } },
	{ .name = "mremap" },
	{ .name = "munmap" },
	{ .name = "madvise" },
	{ .name = "brk" },
	/* A vCPU is kicked; a bug aborts. */
	{ .name = "getpid" },
	{ .name = "gettid" },
	{ "tgkill", { IS(0, OWN_PID) } },
	{ .name = "rt_sigprocmask" },
	{ .name = "rt_sigreturn" },
	{ "rt_sigaction", { IS(0, SIGABRT) } },
	{ .name = "exit" },
	{ .name = "exit_group" },
	/* What is logged, to the parent. */
	{ "sendmsg", { IS(2, MSG_NOSIGNAL) } },
	/* Interrupts of the guest: every thread that works a queue. */
	{ "ioctl", { IS(1, KVM_SIGNAL_MSI) } },
};

static const struct call vcpu[] = {
	{ "ioctl", { IS(1, KVM_RUN) } },
	{ "ioctl",
		{ IS(1, KVM_GET_REGS) } }, /* for the message about what KVM could not go on with */
	/* The guest's driver makes a network device ready. */
	{ "ioctl", { IS(1, TUNSETOFFLOAD) } },
	{ .name = "epoll_ctl" },
};

static const struct call io[] = {
	{ .name = "epoll_pwait" },
	{ .name = "epoll_ctl" },
	{ .name = "readv" },
	{ "sendmsg", { IS(2, MSG_NOSIGNAL | MSG_DONTWAIT) } },
	{ "recvmsg", { IS(2, MSG_DONTWAIT) } },
	{ .name = "getrandom" },
};

static const struct call fs[] = {
	{ .name = "epoll_pwait" },
	/* Files by descriptor, and names below one. */
	{ .name = "openat" },
	{ .name = "openat2" },
	{ .name = "statx" },
	{ .name = "fstatfs" },
	{ .name = "preadv" },
	{ .name = "pwritev" },
	{ .name = "lseek" },
	{ .name = "getdents64" },
	{ .name = "ftruncate" },
	{ .name = "fallocate" },
	{ .name = "copy_file_range" },
	{ .name = "fsync" },
	{ .name = "fdatasync" },
	{ .name = "syncfs" },
	{ .name = "mkdirat" },
	/* No devices: kvm/fs-names.c. */
	{ "mknodat", { HAS(2, S_IFMT, S_IFREG) } },
	{ "mknodat", { HAS(2, S_IFMT, S_IFIFO) } },
	{ "mknodat", { HAS(2, S_IFMT, S_IFSOCK) } },
	{ .name = "symlinkat" },
	{ .name = "linkat" },
	{ .name = "unlinkat" },
	{ .name = "renameat" }, /* what libc makes of renameat2() without flags */
	{ .name = "renameat2" },
	{ .name = "readlinkat" },
	{ .name = "fchmodat" },
	{ .name = "fchownat" },
	{ .name = "utimensat" },
	{ .name = "setxattr" },
	{ .name = "getxattr" },
	{ .name = "listxattr" },
	{ .name = "removexattr" },
	{ "fcntl", { IS(1, F_OFD_SETLK) } },
	{ "fcntl", { IS(1, F_OFD_GETLK) } },
	{ .name = "flock" },
	/* As the guest's process. */
	{ .name = "umask" },
	{ .name = "setfsuid" },
	{ .name = "setfsgid" },
	{ .name = "setgroups" },
	{ .name = "capset" },
};

/* The monitor, once the machine runs; and the machine's end. */
static const struct call control[] = {
	{ .name = "accept4" },
	{ "recvmsg", { IS(2, MSG_CMSG_CLOEXEC) } },
	/* Requests and answers that are too long for a message are files in memory. */
	{ .name = "lseek" },
	{ .name = "pwrite64" },
	/* Init's phase "ready", after the boot. */
	{ "prctl", { IS(0, PR_SET_DUMPABLE), IS(1, 0) } },
	{ "ioctl", { IS(1, TIOCGWINSZ) } },
	{ "ioctl", { IS(1, KVM_KVMCLOCK_CTRL) } },
	/* A network device that has come since: its tap from start, its queues from here. */
	{ "fcntl", { IS(1, F_GETFL) } },
	{ "fcntl", { IS(1, F_SETFL) } },
	{ "ioctl", { IS(1, TUNGETIFF) } },
	{ "ioctl", { IS(1, TUNSETVNETHDRSZ) } },
	{ "ioctl", { IS(1, TUNSETVNETLE) } },
	{ "eventfd2", { IS(0, 0), IS(1, EFD_CLOEXEC | EFD_NONBLOCK) } },
	{ "ioctl", { IS(1, KVM_IOEVENTFD) } },
	{ "epoll_ctl", { IS(1, EPOLL_CTL_ADD) } },
};

static const struct {
	const struct call *calls;
	size_t count;
} tables[VM_THREAD_COUNT] = {
	[VM_THREAD_CONTROL] = { control, ARRAY_SIZE(control) },
	[VM_THREAD_VCPU] = { vcpu, ARRAY_SIZE(vcpu) },
	[VM_THREAD_IO] = { io, ARRAY_SIZE(io) },
	[VM_THREAD_FS] = { fs, ARRAY_SIZE(fs) },
};

#define RULES_MAX 96
#define OLDEST_TABLES_END "futex_waitv"

/* A document of linux.seccomp; with its storage. */
struct document {
	struct spec_seccomp seccomp;
	struct spec_seccomp_rule rules[RULES_MAX];
	const char *names[RULES_MAX];
	struct spec_seccomp_arg args[RULES_MAX][CHECKS_MAX];
};

static struct spec_seccomp_rule *add_rule(struct document *d, const char *name, uint32_t action)
{
	size_t i = d->seccomp.syscalls.count++;

	if (i == RULES_MAX)
		BUG("a thread's table has too many rows");
	/* cppcheck-suppress arrayIndexOutOfBoundsCond ; BUG() does not return */
	d->names[i] = name;
	d->rules[i] = (struct spec_seccomp_rule){
		.names = { &d->names[i], 1 },
		.action = action,
		.args = { d->args[i], 0 },
	};
	return &d->rules[i];
}

static void add_calls(struct document *d, const struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct spec_seccomp_rule *rule = add_rule(d, calls[i].name, SECCOMP_RET_ALLOW);

		for (size_t j = 0; j < CHECKS_MAX && calls[i].checks[j].mask; j++) {
			const struct check *check = &calls[i].checks[j];

			rule->args.items[rule->args.count++] = (struct spec_seccomp_arg){
				.index = check->arg,
				.op = SCMP_CMP_MASKED_EQ,
				.value = check->mask,
				.value_two =
					check->value == OWN_PID ? (uint64_t)getpid() : check->value,
			};
		}
	}
}

struct cage {
	struct filter filters[VM_THREAD_COUNT];
};

static int compile(enum vm_thread kind, struct filter *out_filter, struct err *err)
{
	auto_free struct document *d = xcalloc(1, sizeof(*d));

	d->seccomp.default_action = SECCOMP_RET_KILL_PROCESS;
	d->seccomp.syscalls.items = d->rules;
	add_calls(d, common, ARRAY_SIZE(common));
	add_calls(d, tables[kind].calls, tables[kind].count);
	if (BUILD_SANITIZERS) /* their runtime does it when a thread ends */
		add_rule(d, "sigaltstack", SECCOMP_RET_ALLOW);
	/* A rule with the default action says how far the document knows the calls. */
	add_rule(d, OLDEST_TABLES_END, SECCOMP_RET_KILL_PROCESS);
	return filter_compile(&d->seccomp, out_filter, err);
}

int cage_new(struct cage **out_cage, struct err *err)
{
	auto_(cage) struct cage *cage = xcalloc(1, sizeof(*cage));

	for (unsigned int kind = 0; kind < VM_THREAD_COUNT; kind++) {
		int r = compile((enum vm_thread)kind, &cage->filters[kind], err);

		if (r < 0)
			return r;
	}
	*out_cage = take_ptr(&cage);
	return 0;
}

void cage_free(struct cage *cage)
{
	if (!cage)
		return;
	for (unsigned int kind = 0; kind < VM_THREAD_COUNT; kind++)
		filter_release(&cage->filters[kind]);
	free(cage);
}

const struct filter *cage_filter(const struct cage *cage, enum vm_thread kind)
{
	return &cage->filters[kind];
}

int cage_enter(const struct cage *cage, enum vm_thread kind, struct err *err)
{
	const struct filter *filter = cage_filter(cage, kind);
	struct sock_fprog program = {
		.len = (unsigned short)filter->count,
		.filter = filter->insns,
	};
	/* The file server acts for the guest's users; the others have no use for capabilities. */
	int r = kind == VM_THREAD_FS ? 0 : jail_drop_all(err);

	if (r < 0)
		return r;
	r = sys_seccomp(SECCOMP_SET_MODE_FILTER, filter->flags, &program);
	if (r < 0) {
		r = err_sys(err, -r, "seccomp of a machine's thread");
		err_hint(err, "this kernel may lack seccomp filters");
		return r;
	}
	return 0;
}

const char *cage_explain(int signal)
{
	if (signal != SIGSYS)
		return NULL;
	return "the machine's process made a system call that it never makes by itself, and was "
	       "ended for it: the guest may have taken it over; the kernel's log names the call "
	       "(dmesg | grep type=1326)";
}
