// SPDX-License-Identifier: Apache-2.0
/*
 * The names of the specification that have a fixed set of values: each table parses, prints, fills
 * `features` and is compared with the kernel's headers by tests/unit/test_oci_names.c.  In the
 * order of the specification; where two names share a value the first is the one that is printed.
 */
#include "oci/spec.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "base/num.h"
#include "base/sys.h"

/* clang-format off */
DEFINE_NAMES(ns_names, "namespace type",
	{ "pid", NS_PID },
	{ "network", NS_NETWORK },
	{ "mount", NS_MOUNT },
	{ "ipc", NS_IPC },
	{ "uts", NS_UTS },
	{ "user", NS_USER },
	{ "cgroup", NS_CGROUP },
	{ "time", NS_TIME });
/* clang-format on */

const struct ns_kind ns_kinds[NS_COUNT] = {
	[NS_USER] = { NS_USER, CLONE_NEWUSER, "user" },
	[NS_PID] = { NS_PID, CLONE_NEWPID, "pid" },
	[NS_NETWORK] = { NS_NETWORK, CLONE_NEWNET, "net" },
	[NS_IPC] = { NS_IPC, CLONE_NEWIPC, "ipc" },
	[NS_UTS] = { NS_UTS, CLONE_NEWUTS, "uts" },
	[NS_CGROUP] = { NS_CGROUP, CLONE_NEWCGROUP, "cgroup" },
	[NS_TIME] = { NS_TIME, CLONE_NEWTIME, "time" },
	[NS_MOUNT] = { NS_MOUNT, CLONE_NEWNS, "mnt" },
};

/* clang-format off */
#define ROW(name) { #name, name }

DEFINE_NAMES(capability_names, "capability",
	ROW(CAP_CHOWN),
	ROW(CAP_DAC_OVERRIDE),
	ROW(CAP_DAC_READ_SEARCH),
	ROW(CAP_FOWNER),
	ROW(CAP_FSETID),
	ROW(CAP_KILL),
	ROW(CAP_SETGID),
	ROW(CAP_SETUID),
	ROW(CAP_SETPCAP),
	ROW(CAP_LINUX_IMMUTABLE),
	ROW(CAP_NET_BIND_SERVICE),
	ROW(CAP_NET_BROADCAST),
	ROW(CAP_NET_ADMIN),
	ROW(CAP_NET_RAW),
	ROW(CAP_IPC_LOCK),
	ROW(CAP_IPC_OWNER),
	ROW(CAP_SYS_MODULE),
	ROW(CAP_SYS_RAWIO),
	ROW(CAP_SYS_CHROOT),
	ROW(CAP_SYS_PTRACE),
	ROW(CAP_SYS_PACCT),
	ROW(CAP_SYS_ADMIN),
	ROW(CAP_SYS_BOOT),
	ROW(CAP_SYS_NICE),
	ROW(CAP_SYS_RESOURCE),
	ROW(CAP_SYS_TIME),
	ROW(CAP_SYS_TTY_CONFIG),
	ROW(CAP_MKNOD),
	ROW(CAP_LEASE),
	ROW(CAP_AUDIT_WRITE),
	ROW(CAP_AUDIT_CONTROL),
	ROW(CAP_SETFCAP),
	ROW(CAP_MAC_OVERRIDE),
	ROW(CAP_MAC_ADMIN),
	ROW(CAP_SYSLOG),
	ROW(CAP_WAKE_ALARM),
	ROW(CAP_BLOCK_SUSPEND),
	ROW(CAP_AUDIT_READ),
	ROW(CAP_PERFMON),
	ROW(CAP_BPF),
	ROW(CAP_CHECKPOINT_RESTORE));

DEFINE_NAMES(rlimit_names, "resource limit",
	ROW(RLIMIT_CPU),
	ROW(RLIMIT_FSIZE),
	ROW(RLIMIT_DATA),
	ROW(RLIMIT_STACK),
	ROW(RLIMIT_CORE),
	ROW(RLIMIT_RSS),
	ROW(RLIMIT_NPROC),
	ROW(RLIMIT_NOFILE),
	ROW(RLIMIT_MEMLOCK),
	ROW(RLIMIT_AS),
	ROW(RLIMIT_LOCKS),
	ROW(RLIMIT_SIGPENDING),
	ROW(RLIMIT_MSGQUEUE),
	ROW(RLIMIT_NICE),
	ROW(RLIMIT_RTPRIO),
	ROW(RLIMIT_RTTIME));

DEFINE_NAMES(seccomp_action_names, "seccomp action",
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF });

DEFINE_NAMES(seccomp_operator_names, "seccomp operator",
	ROW(SCMP_CMP_NE),
	ROW(SCMP_CMP_LT),
	ROW(SCMP_CMP_LE),
	ROW(SCMP_CMP_EQ),
	ROW(SCMP_CMP_GE),
	ROW(SCMP_CMP_GT),
	ROW(SCMP_CMP_MASKED_EQ));

DEFINE_NAMES(seccomp_arch_names, "seccomp architecture",
	ROW(SCMP_ARCH_X86),
	ROW(SCMP_ARCH_X86_64),
	ROW(SCMP_ARCH_X32),
	ROW(SCMP_ARCH_ARM),
	ROW(SCMP_ARCH_AARCH64),
	ROW(SCMP_ARCH_MIPS),
	ROW(SCMP_ARCH_MIPS64),
	ROW(SCMP_ARCH_MIPS64N32),
	ROW(SCMP_ARCH_MIPSEL),
	ROW(SCMP_ARCH_MIPSEL64),
	ROW(SCMP_ARCH_MIPSEL64N32),
	ROW(SCMP_ARCH_PPC),
	ROW(SCMP_ARCH_PPC64),
	ROW(SCMP_ARCH_PPC64LE),
	ROW(SCMP_ARCH_S390),
	ROW(SCMP_ARCH_S390X),
	ROW(SCMP_ARCH_PARISC),
	ROW(SCMP_ARCH_PARISC64),
	ROW(SCMP_ARCH_RISCV64),
	{ "SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64 }, /* from here on: libseccomp 2.6 */
	{ "SCMP_ARCH_M68K", AUDIT_ARCH_M68K },
	{ "SCMP_ARCH_SH", AUDIT_ARCH_SHEL },
	{ "SCMP_ARCH_SHEB", AUDIT_ARCH_SH });

DEFINE_NAMES(seccomp_flag_names, "seccomp flag",
	ROW(SECCOMP_FILTER_FLAG_TSYNC),
	ROW(SECCOMP_FILTER_FLAG_LOG),
	ROW(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	ROW(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV));

/* SCHED_ISO has a number and no implementation in the kernel; the specification lists it. */
DEFINE_NAMES(scheduler_policy_names, "scheduling policy",
	ROW(SCHED_OTHER),
	ROW(SCHED_FIFO),
	ROW(SCHED_RR),
	ROW(SCHED_BATCH),
	{ "SCHED_ISO", 4 },
	ROW(SCHED_IDLE),
	ROW(SCHED_DEADLINE));

DEFINE_NAMES(scheduler_flag_names, "scheduling flag",
	ROW(SCHED_FLAG_RESET_ON_FORK),
	ROW(SCHED_FLAG_RECLAIM),
	ROW(SCHED_FLAG_DL_OVERRUN),
	ROW(SCHED_FLAG_KEEP_POLICY),
	ROW(SCHED_FLAG_KEEP_PARAMS),
	ROW(SCHED_FLAG_UTIL_CLAMP_MIN),
	ROW(SCHED_FLAG_UTIL_CLAMP_MAX));

DEFINE_NAMES(io_class_names, "I/O scheduling class",
	ROW(IOPRIO_CLASS_RT),
	ROW(IOPRIO_CLASS_BE),
	ROW(IOPRIO_CLASS_IDLE));

DEFINE_NAMES(propagation_names, "mount propagation",
	{ "shared", MS_SHARED },
	{ "slave", MS_SLAVE },
	{ "private", MS_PRIVATE },
	{ "unbindable", MS_UNBINDABLE },
	{ "rshared", MS_SHARED | MS_REC },
	{ "rslave", MS_SLAVE | MS_REC },
	{ "rprivate", MS_PRIVATE | MS_REC },
	{ "runbindable", MS_UNBINDABLE | MS_REC });

DEFINE_NAMES(memory_policy_mode_names, "memory policy mode",
	ROW(MPOL_DEFAULT),
	ROW(MPOL_BIND),
	ROW(MPOL_INTERLEAVE),
	{ "MPOL_WEIGHTED_INTERLEAVE", 6 }, /* since Linux 6.9 */
	ROW(MPOL_PREFERRED),
	ROW(MPOL_PREFERRED_MANY),
	ROW(MPOL_LOCAL));

DEFINE_NAMES(memory_policy_flag_names, "memory policy flag",
	ROW(MPOL_F_NUMA_BALANCING),
	ROW(MPOL_F_RELATIVE_NODES),
	ROW(MPOL_F_STATIC_NODES));

DEFINE_NAMES(personality_names, "execution domain",
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 });

DEFINE_NAMES(hook_names, "hook",
	{ "prestart", HOOK_PRESTART },
	{ "createRuntime", HOOK_CREATE_RUNTIME },
	{ "createContainer", HOOK_CREATE_CONTAINER },
	{ "startContainer", HOOK_START_CONTAINER },
	{ "poststart", HOOK_POSTSTART },
	{ "poststop", HOOK_POSTSTOP });
/* clang-format on */
