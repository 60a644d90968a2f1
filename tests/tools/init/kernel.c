// SPDX-License-Identifier: Apache-2.0
/* Verbs about what the kernel keeps for the process: namespaces, names, scheduling, keys, clocks,
 * system calls. */
#include "init.h"

#include <errno.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static int verb_ns(int argc, char **argv)
{
	static const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user",
		"uts" };

	for (size_t i = 0; i < VERB_COUNT(names); i++) {
		char path[64], target[128];
		ssize_t len;

		if (argc > 1 && strcmp(argv[1], names[i]) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		len = readlink(path, target, sizeof(target));
		if (len < 0)
			answer(-1, "%s", names[i]);
		else
			printf("%s: %.*s\n", names[i], (int)len, target);
	}
	return 0;
}

static int verb_uname(int argc, char **argv)
{
	struct utsname name;

	(void)argc;
	(void)argv;
	if (uname(&name) < 0)
		return failed("uname");
	printf("hostname: %s\ndomainname: %s\nmachine: %s\n", name.nodename, name.domainname,
		name.machine);
	return 0;
}

static int verb_sethostname(int argc, char **argv)
{
	(void)argc;
	return answer(sethostname(argv[1], strlen(argv[1])), "sethostname %s", argv[1]);
}

/* struct sched_attr of the kernel's first version and its two later members. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static int verb_sched(int argc, char **argv)
{
	struct attr attr = { .size = sizeof(attr) };

	(void)argc;
	(void)argv;
	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) < 0)
		return failed("sched_getattr");
	printf("policy: %u\nflags: %llu\nnice: %d\npriority: %u\n", attr.policy,
		(unsigned long long)attr.flags, attr.nice, attr.priority);
	printf("runtime: %llu\ndeadline: %llu\nperiod: %llu\n", (unsigned long long)attr.runtime,
		(unsigned long long)attr.deadline, (unsigned long long)attr.period);
	return 0;
}

static int verb_ioprio(int argc, char **argv)
{
	long value = syscall(SYS_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, 0);

	(void)argc;
	(void)argv;
	if (value < 0)
		return answer(-1, "ioprio");
	printf("ioprio: class=%ld priority=%ld\n", value >> 13, value & 7);
	return 0;
}

static int verb_affinity(int argc, char **argv)
{
	cpu_set_t set;

	(void)argc;
	(void)argv;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return failed("sched_getaffinity");
	printf("cpus:");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			printf(" %d", cpu);
	printf("\n");
	return 0;
}

static int verb_mempolicy(int argc, char **argv)
{
	unsigned long nodes[16] = { 0 };
	int mode;

	(void)argc;
	(void)argv;
	if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof(nodes), NULL, 0) < 0)
		return answer(-1, "mempolicy");
	printf("mempolicy: mode=%d flags=%#x nodes=%#lx\n", mode & 0xfff, mode & 0xf000, nodes[0]);
	return 0;
}

static int verb_personality(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("personality: %#x\n", (unsigned int)personality(0xffffffff));
	return 0;
}

static int verb_keyring(int argc, char **argv)
{
	char text[256];
	long serial = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
	long len;

	(void)argc;
	(void)argv;
	if (serial < 0)
		return answer(-1, "keyring");
	len = syscall(SYS_keyctl, KEYCTL_DESCRIBE, serial, text, sizeof(text));
	printf("keyring: %ld %s\n", serial, len < 0 ? strerrorname_np(errno) : text);
	return 0;
}

/* Offsets as the kernel keeps them, and whole seconds of the clocks they act on. */
static int verb_timens(int argc, char **argv)
{
	struct timespec monotonic, boottime;

	(void)argc;
	(void)argv;
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_BOOTTIME, &boottime);
	printf("monotonic: %lld\nboottime: %lld\n", (long long)monotonic.tv_sec,
		(long long)boottime.tv_sec);
	return print_lines("/proc/self/timens_offsets", NULL, 0);
}

static int verb_cgroup(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print_lines("/proc/self/cgroup", NULL, 0);
}

static int verb_syscall(int argc, char **argv)
{
	long args[6] = { 0 };
	long result;

	for (int i = 2; i < argc; i++)
		args[i - 2] = (long)number(argv[i]);
	result = syscall(
		(long)number(argv[1]), args[0], args[1], args[2], args[3], args[4], args[5]);
	return answer(result, "syscall %s", argv[1]);
}

/* The 32-bit entry of x86-64, with arguments that fit; "none" on other machines. */
static int verb_int80(int argc, char **argv)
{
#ifdef __x86_64__
	long nr = (long)number(argv[1]), first = argc > 2 ? (long)number(argv[2]) : 0;
	long second = argc > 3 ? (long)number(argv[3]) : 0;
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(first), "c"(second), "d"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = result < 0 ? -result : 0;
	return answer(result < 0 ? -1 : 0, "int80 %s", argv[1]);
#else
	(void)argc;
	printf("int80 %s: none\n", argv[1]);
	return 0;
#endif
}

static int verb_socket(int argc, char **argv)
{
	int fd = socket((int)number(argv[1]), SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)argc;
	answer(fd, "socket %s", argv[1]);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int verb_unshare(int argc, char **argv)
{
	(void)argc;
	return answer(unshare((int)number(argv[1])), "unshare %s", argv[1]);
}

/* Touches every page: what counts for a memory limit. */
static int verb_allocate(int argc, char **argv)
{
	size_t size = (size_t)number(argv[1]);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)argc;
	if (p == MAP_FAILED)
		return answer(-1, "allocate %s", argv[1]);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	return answer(0, "allocate %s", argv[1]);
}

/* Maps so many huge pages of the default size, and touches each. */
static int verb_hugepages(int argc, char **argv)
{
	size_t page = 2u << 20, size = (size_t)number(argv[1]) * page;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	(void)argc;
	if (p == MAP_FAILED)
		return answer(-1, "hugepages %s", argv[1]);
	for (size_t i = 0; i < size; i += page)
		p[i] = 1;
	return answer(0, "hugepages %s", argv[1]);
}

/* Uses the CPU for so many milliseconds of its own time. */
static int verb_spin(int argc, char **argv)
{
	clock_t end = clock() + (clock_t)(number(argv[1]) * (CLOCKS_PER_SEC / 1000));

	(void)argc;
	while (clock() < end)
		;
	return 0;
}

const struct verb kernel_verbs[] = {
	{ "ns", "[NAME]", "the namespaces", 0, 1, verb_ns },
	{ "uname", "", "host name, domain name, machine", 0, 0, verb_uname },
	{ "sethostname", "NAME", "change the host name", 1, 1, verb_sethostname },
	{ "sched", "", "scheduling policy and its parameters", 0, 0, verb_sched },
	{ "ioprio", "", "I/O priority", 0, 0, verb_ioprio },
	{ "affinity", "", "the CPUs it may use", 0, 0, verb_affinity },
	{ "mempolicy", "", "NUMA memory policy", 0, 0, verb_mempolicy },
	{ "personality", "", "execution domain", 0, 0, verb_personality },
	{ "keyring", "", "the session keyring", 0, 0, verb_keyring },
	{ "timens", "", "clocks and their offsets", 0, 0, verb_timens },
	{ "cgroup", "", "/proc/self/cgroup", 0, 0, verb_cgroup },
	{ "syscall", "NR [ARGUMENT...]", "make a system call", 1, 7, verb_syscall },
	{ "int80", "NR [ARGUMENT...]", "make a 32-bit system call", 1, 3, verb_int80 },
	{ "socket", "FAMILY", "make a datagram socket", 1, 1, verb_socket },
	{ "unshare", "FLAGS", "unshare(2)", 1, 1, verb_unshare },
	{ "allocate", "BYTES", "use memory", 1, 1, verb_allocate },
	{ "hugepages", "N", "use huge pages of 2 MB", 1, 1, verb_hugepages },
	{ "spin", "MILLISECONDS", "use CPU time", 1, 1, verb_spin },
};
const size_t kernel_verb_count = VERB_COUNT(kernel_verbs);
