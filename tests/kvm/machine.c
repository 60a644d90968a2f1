/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tests/kvm/guest in the machine of kvm/ on this host's /dev/kvm: vCPU, memory, boot, PCI,
 * a virtqueue with its interrupt, what a hostile driver does, and every way to end.
 *
 *	machine GUEST
 *
 * Speaks TAP; skips everything where there is no usable /dev/kvm.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kvm/vm.h"
#include "tests/kvm/tap.h"

#define SECONDS 60

/* One run of the guest. */
struct run {
	const char *deed; /* what the guest is told to do */
	int guest; /* its file */
	unsigned int cpus;
	bool refuse; /* let the filter of the I/O thread fail */
	unsigned int entered[VM_THREAD_COUNT]; /* calls of enter() */
	struct vm *vm;
	int agent; /* our end of its port */
};

static int enter(enum vm_thread thread, void *arg, struct err *err)
{
	struct run *run = arg;

	__atomic_fetch_add(&run->entered[thread], 1, __ATOMIC_RELAXED);
	if (run->refuse && thread == VM_THREAD_IO)
		return err_bad_errno(err, ERR_OTHER, EPERM, "no filter for this one");
	return 0;
}

static int file_of(const char *text, size_t len)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	return fd;
}

static int begin(struct run *run, struct err *err)
{
	struct vm_config config = {
		.cpus = run->cpus ? run->cpus : 1,
		.memory = 64ull << 20,
		.kvm_fd = FD_NONE,
		.kernel_fd = run->guest,
		.initrd_fds = { file_of("one", 4), file_of("second", 7) },
		.initrd_count = 2,
		.parameters = run->deed,
		.serial = true,
		.console_fd = FD_NONE,
		.thread_enter = enter,
		.thread_arg = run,
	};
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	run->agent = pair[0];
	config.ports[config.port_count++] = (struct vm_port){ "agent", pair[1] };
	r = vm_create(&config, &run->vm, err);
	if (r == 0)
		r = vm_boot(run->vm, err);
	if (r == 0)
		r = vm_start(run->vm, err);
	close(config.initrd_fds[0]);
	close(config.initrd_fds[1]);
	return r;
}

/* Waits until @fd is readable. */
static bool readable(int fd, int milliseconds)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, milliseconds) == 1;
}

/* Passes on the lines "ok" and "not ok" of the guest; true: it came to its end. */
static bool report_guest(struct run *run)
{
	static char log[65536];
	bool ended = false;
	char *at = NULL;

	vm_console_tail(run->vm, log, sizeof(log));
	for (char *line = strtok_r(log, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		if (!strncmp(line, "ok ", 3))
			tap_report(true, run->deed, line + 3);
		else if (!strncmp(line, "not ok ", 7))
			tap_report(false, run->deed, line + 7);
		ended = ended || !strcmp(line, "end");
	}
	return ended;
}

/* Stops the machine, if it has not ended by itself, and looks at how it ended. */
static void end(struct run *run, enum vm_end expected)
{
	struct vm_result result;
	char byte;

	vm_stop(run->vm);
	vm_result(run->vm, &result);
	if (result.end != expected)
		printf("# %s: %s\n", vm_end_name(result.end), result.text);
	tap_report(result.end == expected, run->deed, vm_end_name(expected));
	if (expected == VM_END_TRIPLE_FAULT)
		tap_report(strstr(result.text, "vCPUs at 0x") &&
				strstr(result.text, ", 0xfff0; vCPU 0"),
			run->deed, "where the vCPUs were");
	if (expected == VM_END_POWEROFF)
		tap_report(report_guest(run), run->deed, "the guest came to its end");
	tap_report(read(run->agent, &byte, 1) == 0, run->deed, "the port has ended");
	vm_free(run->vm);
	close(run->agent);
}

static void start(struct run *run)
{
	struct err err = { 0 };

	if (begin(run, &err) < 0) {
		printf("Bail out! %s: %s\n", run->deed, err.msg);
		exit(1);
	}
}

/* The guest does its deed and turns the machine off. */
static void test_deed(struct run run)
{
	start(&run);
	tap_report(readable(vm_end_fd(run.vm), SECONDS * 1000), run.deed, "it ends");
	end(&run, VM_END_POWEROFF);
}

/* Lines go to the guest and come back in capitals, also over a pause. */
static void test_echo(struct run run)
{
	static const char *const lines[] = { "hello", "again", "end" };
	struct err err = { 0 };
	char answer[64];

	start(&run);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		ssize_t n;

		tap_report(vm_pause(run.vm, &err) == 0, run.deed, "pause");
		tap_report(write(run.agent, lines[i], strlen(lines[i])) > 0, run.deed, lines[i]);
		tap_report(!readable(run.agent, 50), run.deed, "nothing comes from a paused guest");
		tap_report(vm_resume(run.vm, &err) == 0, run.deed, "resume");
		if (!readable(run.agent, SECONDS * 1000))
			break;
		n = read(run.agent, answer, sizeof(answer) - 1);
		answer[n > 0 ? n : 0] = '\0';
		tap_report(!strcasecmp(answer, lines[i]) && strcmp(answer, lines[i]), run.deed,
			answer);
	}
	tap_report(readable(vm_end_fd(run.vm), SECONDS * 1000), run.deed, "it ends");
	tap_report(run.entered[VM_THREAD_IO] == 1 && run.entered[VM_THREAD_VCPU] == 1, run.deed,
		"each thread has entered its filter");
	end(&run, VM_END_POWEROFF);
}

/* The guest ends in another way, or has to be stopped. */
static void test_end(struct run run, enum vm_end expected)
{
	struct err err = { 0 };

	start(&run);
	if (expected == VM_END_STOPPED) {
		tap_report(!readable(vm_end_fd(run.vm), 50), run.deed, "it runs");
		/* Twice is once. */
		tap_report(!vm_pause(run.vm, &err) && !vm_pause(run.vm, &err) &&
				!vm_resume(run.vm, &err) && !vm_resume(run.vm, &err) &&
				!vm_pause(run.vm, &err),
			run.deed, "pause and resume");
	} else {
		tap_report(readable(vm_end_fd(run.vm), SECONDS * 1000), run.deed, "it ends");
	}
	end(&run, expected);
}

static void test_refused(struct run run)
{
	struct err err = { 0 };

	tap_report(begin(&run, &err) == -EPERM && strstr(err.msg, "no filter for this one"),
		run.deed, "a thread without its filter does not run");
	vm_free(run.vm);
	close(run.agent);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int guest, kvm = vm_probe(&err);

	if (kvm < 0) {
		printf("1..0 # SKIP %s\n", err.msg);
		return 0;
	}
	close(kvm);
	guest = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (guest < 0) {
		fprintf(stderr, "usage: machine GUEST\n");
		return 64;
	}
	test_deed((struct run){ .deed = "boot", .guest = guest });
	test_deed((struct run){ .deed = "pci", .guest = guest });
	test_echo((struct run){ .deed = "echo", .guest = guest });
	test_deed((struct run){ .deed = "hostile", .guest = guest });
	test_end((struct run){ .deed = "reset", .guest = guest }, VM_END_RESET);
	test_end((struct run){ .deed = "fault", .guest = guest, .cpus = 2 }, VM_END_TRIPLE_FAULT);
	test_end((struct run){ .deed = "spin", .guest = guest, .cpus = 3 }, VM_END_STOPPED);
	test_end((struct run){ .deed = "sleep", .guest = guest, .cpus = 2 }, VM_END_STOPPED);
	test_refused((struct run){ .deed = "refused", .guest = guest, .refuse = true });
	return tap_finish();
}
