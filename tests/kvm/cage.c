// SPDX-License-Identifier: Apache-2.0
/*
 * The cage of a machine's threads, from inside, on this host's /dev/kvm: tests/kvm/guest in the
 * machine of kvm/, each of whose threads is caged as in the program (runtime/kvm/cage.h).
 *
 *	cage GUEST
 *
 * One of the threads makes an attack (attacks.c), in a process of its own for each: it has to end by
 * SIGSYS, or the attack has to fail where the file server may make the call.  The harmless twin makes
 * none: the guest echoes lines, is paused and goes on, and ends.  What needs the program's own
 * namespaces and root is in tests/integration/cage.sh.
 *
 * Speaks TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/procfs.h"
#include "kvm/vm.h"
#include "runtime/kvm/cage.h"
#include "runtime/kvm/jail.h"
#include "tests/kvm/attacks.h"
#include "tests/kvm/tap.h"

#define SECONDS 60
#define TOOK_OVER 99

static const char *const kinds[VM_THREAD_COUNT] = {
	[VM_THREAD_CONTROL] = "control",
	[VM_THREAD_VCPU] = "vCPU",
	[VM_THREAD_IO] = "I/O",
	[VM_THREAD_FS] = "file server",
};

/* ---- in a process of its own ---- */

struct taken {
	struct cage *cage;
	enum vm_thread kind;
	const struct attack *attack; /* NULL: none */
};

static _Noreturn void give_up(const char *what, const struct err *err)
{
	fprintf(stderr, "# %s: %s\n", what, err ? err->msg : "");
	_exit(1);
}

static int enter(enum vm_thread kind, void *arg, struct err *err)
{
	const struct taken *taken = arg;
	int r = cage_enter(taken->cage, kind, err);

	if (r == 0 && taken->attack && kind == taken->kind && taken->attack->run())
		_exit(TOOK_OVER);
	return r;
}

/* Lines go to the guest and come back in capitals, also after a pause; "end" ends it. */
static void echo(struct vm *vm, int agent)
{
	static const char *const lines[] = { "hello", "end" };
	struct err err = { 0 };
	char answer[64];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct pollfd p = { agent, POLLIN, 0 };
		ssize_t n = 0;

		if (vm_pause(vm, &err) < 0 || vm_resume(vm, &err) < 0)
			give_up("pause", &err);
		if (write(agent, lines[i], strlen(lines[i])) > 0 &&
			poll(&p, 1, SECONDS * 1000) == 1)
			n = read(agent, answer, sizeof(answer) - 1);
		answer[n > 0 ? n : 0] = '\0';
		if (strcasecmp(answer, lines[i]) != 0)
			give_up("echo", NULL);
	}
}

static void wait_for_end(struct vm *vm)
{
	struct pollfd p = { vm_end_fd(vm), POLLIN, 0 };
	struct vm_result result;

	if (poll(&p, 1, SECONDS * 1000) != 1)
		give_up("the machine's end", NULL);
	vm_stop(vm);
	vm_result(vm, &result);
	if (result.end != VM_END_POWEROFF)
		give_up(vm_end_name(result.end), NULL);
}

/* As for the program's file server, in a mount namespace. */
static int descriptors(void)
{
	auto_close int tmp = FD_NONE, procfd = FD_NONE;
	struct err err = { 0 };
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		give_up("a mount namespace", NULL);
	tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	procfd = procfs_open(PROCFS_PIDS, &err);
	fd = procfd < 0 ? procfd : procfs_descriptors(procfd, tmp, &err);
	if (fd < 0 || chdir("/") < 0)
		give_up("the directory of descriptors", &err);
	return fd;
}

static _Noreturn void live(const char *guest, struct taken *taken)
{
	int pair[2], kernel = open(guest, O_RDONLY | O_CLOEXEC);
	struct vm_config config = {
		.cpus = 2,
		.memory = 64ull << 20,
		.kvm_fd = FD_NONE,
		.kernel_fd = kernel,
		.parameters = "echo",
		.console_fd = FD_NONE,
		.port_count = 1,
		.thread_enter = enter,
		.thread_arg = taken,
	};
	struct vm_fs_config files = {
		.tag = "tree",
		.tree_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.descriptors_fd = descriptors(),
		.read_only = true,
		.threads = 2,
	};
	struct err err = { 0 };
	struct vm *vm;

	if (kernel < 0 || files.tree_fd < 0 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		give_up("set up", NULL);
	config.ports[0] = (struct vm_port){ "agent", pair[1] };
	if (vm_create(&config, &vm, &err) < 0 || vm_attach_fs(vm, &files, &err) < 0)
		give_up("make a machine", &err);
	close(files.descriptors_fd);
	if (vm_boot(vm, &err) < 0 || jail_enter(&err) < 0 || cage_new(&taken->cage, &err) < 0 ||
		vm_start(vm, &err) < 0 || enter(VM_THREAD_CONTROL, taken, &err) < 0)
		give_up("make a machine", &err);
	echo(vm, pair[0]);
	wait_for_end(vm);
	_exit(0);
}

/* The status of the process that does it, as waitpid(2) gives it. */
static int in_process(const char *guest, enum vm_thread kind, const struct attack *attack)
{
	struct taken taken = { NULL, kind, attack };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		live(guest, &taken);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	return status;
}

/* ---- */

static void test_attack(const char *guest, enum vm_thread kind, const struct attack *attack)
{
	int status = in_process(guest, kind, attack);
	bool survives = attack->server_may_call && kind == VM_THREAD_FS;
	bool good = survives ? WIFEXITED(status) && WEXITSTATUS(status) == 0
			     : WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;

	if (!good)
		printf("# wait status 0x%x\n", (unsigned int)status);
	tap_report(good, kinds[kind], attack->name);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int kvm = vm_probe(&err);

	if (kvm < 0 || geteuid() != 0) {
		printf("1..0 # SKIP %s\n", kvm < 0 ? err.msg : "needs root");
		return 0;
	}
	close(kvm);
	if (argc != 2) {
		fprintf(stderr, "usage: cage GUEST\n");
		return 64;
	}
	attack_prepare();
	tap_report(in_process(argv[1], VM_THREAD_CONTROL, NULL) == 0, "all threads",
		"do their work in the cage");
	for (unsigned int kind = 0; kind < VM_THREAD_COUNT; kind++)
		for (unsigned int i = 0; i < attack_count; i++)
			/* Where files lead to is for the program's own root to bound. */
			if (strcmp(attacks[i].name, "open") != 0 || kind != VM_THREAD_FS)
				test_attack(argv[1], (enum vm_thread)kind, &attacks[i]);
	return tap_finish();
}
