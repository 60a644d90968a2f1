// SPDX-License-Identifier: Apache-2.0
/*
 * The tracer: counts the calls of those whose calls are counted, and lets one of them fail or be the
 * last.
 */
#include "tests/fault/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- errors ---- */

/* Calls after which the resource is gone or changed whatever they return: only the result lies. */
static bool result_only(long nr)
{
	return nr == SYS_close || nr == SYS_close_range || nr == SYS_munmap;
}

/* Calls that cannot fail, or whose failure libc does not survive: at its own start, or anywhere. */
static bool cannot_fail(long nr)
{
	static const long calls[] = { SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_arch_prctl,
		SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_getpid, SYS_getppid,
		SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_gettid, SYS_umask, SYS_brk,
		SYS_restart_syscall, SYS_futex };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

/* Only a count near 2^64 keeps one from being woken (eventfd(2)). */
static bool wakes(pid_t pid, const struct user_regs_struct *regs)
{
	char path[64], target[64];
	ssize_t n;

	if (regs->orig_rax != SYS_write || regs->rdx != sizeof(uint64_t))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, (int)regs->rdi);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return strcmp(target, "anon_inode:[eventfd]") == 0;
}

/* What may well happen to any call; EINTR only where a call waits or moves data. */
static const int errors_any[] = { ENOMEM, EPERM, EIO };
static const int errors_file[] = { ENOSPC, EIO, EPERM, EMFILE, EINTR };
static const int errors_wait[] = { EINTR, ENOMEM };

static size_t errors_of(long nr, const int **out_errors)
{
	switch (nr) {
	case SYS_openat:
	case SYS_openat2:
	case SYS_mkdirat:
	case SYS_mkdir:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_rename:
	case SYS_write:
	case SYS_pwrite64:
	case SYS_symlinkat:
	case SYS_mknodat:
	case SYS_unlinkat:
		*out_errors = errors_file;
		return sizeof(errors_file) / sizeof(int);
	case SYS_poll:
	case SYS_waitid:
	case SYS_wait4:
	case SYS_recvmsg:
	case SYS_sendmsg:
	case SYS_accept4:
		*out_errors = errors_wait;
		return sizeof(errors_wait) / sizeof(int);
	default:
		*out_errors = errors_any;
		return sizeof(errors_any) / sizeof(int);
	}
}

/* ---- tracing ---- */

static struct tracee *tracee_find(struct round *r, pid_t pid)
{
	struct tracee *free_one = NULL;

	for (size_t i = 0; i < TRACEES; i++) {
		if (r->tracees[i].pid == pid)
			return &r->tracees[i];
		if (r->tracees[i].pid == 0 && !free_one)
			free_one = &r->tracees[i];
	}
	if (!free_one) {
		errno = ENFILE;
		die("too many processes");
	}
	*free_one = (struct tracee){
		.pid = pid,
		.child = pid != r->main,
		.executed = pid != r->main,
	};
	return free_one;
}

static void call_entered(struct round *r, struct tracee *t)
{
	struct user_regs_struct regs;
	const int *errors;
	long nr;

	if (!t->executed || ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) < 0)
		return;
	nr = (long)regs.orig_rax;
	if (!sweep.faults_kill && (cannot_fail(nr) || wakes(t->pid, &regs)))
		return;
	if (++r->seen != r->wanted)
		return;
	r->hit = true;
	r->call = nr;
	if (sweep.faults_kill) {
		kill(t->pid, SIGKILL);
		return;
	}
	r->errors = errors_of(nr, &errors);
	r->error = errors[(size_t)r->error % r->errors];
	t->injecting = result_only(nr) ? RESULT_ONLY : INJECT;
	if (t->injecting == INJECT) {
		regs.orig_rax = (unsigned long long)-1;
		ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
	}
}

static void call_left(struct round *r, struct tracee *t)
{
	struct user_regs_struct regs;

	if (t->injecting != IDLE && ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) == 0) {
		regs.rax = (unsigned long long)-(long long)r->error;
		ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
	}
	t->injecting = IDLE;
}

/* How it goes on.  A stop costs more than most calls, so only those stop at calls whose calls are
 * counted, and when the one at fault is over none does. */
static void go_on(const struct round *r, const struct tracee *t, int signal)
{
	bool calls = t->injecting != IDLE || (t->child == sweep.faults_child && !r->hit);

	ptrace(calls ? PTRACE_SYSCALL : PTRACE_CONT, t->pid, NULL, (void *)(uintptr_t)signal);
}

/* A tracee has stopped: what it is told. */
static void stopped(struct round *r, struct tracee *t, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		t->in_call = !t->in_call;
		if (t->in_call)
			call_entered(r, t);
		else
			call_left(r, t);
		go_on(r, t, 0);
	} else if (event == PTRACE_EVENT_EXEC && t->child) {
		ptrace(PTRACE_DETACH, t->pid, NULL, NULL); /* another program */
		t->pid = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		t->executed = true;
		go_on(r, t, 0);
	} else if (event == PTRACE_EVENT_STOP && t->started && signal != SIGTRAP) {
		ptrace(PTRACE_LISTEN, t->pid, NULL, NULL);
	} else {
		t->started = true;
		go_on(r, t, event ? 0 : signal);
	}
}

/* A process whose maker was killed while making it is traced before anybody has told us of it. */
static void adopt_unknown(struct round *r)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (!file)
		die(path);
	while (fscanf(file, "%d", &pid) == 1)
		if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0)
			tracee_find(r, pid);
	fclose(file);
}

/* Threads are no children, and who leads them has not ended before they are waited for. */
static void detach_all(struct round *r)
{
	size_t left = 0;

	adopt_unknown(r);
	for (size_t i = 0; i < TRACEES; i++) {
		if (r->tracees[i].pid == 0)
			continue;
		ptrace(PTRACE_INTERRUPT, r->tracees[i].pid, NULL, NULL);
		left++;
	}
	while (left > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			die("waitpid of who is left");
		if (WIFSTOPPED(status))
			ptrace(PTRACE_DETACH, pid, NULL, NULL);
		for (size_t i = 0; i < TRACEES; i++) {
			if (r->tracees[i].pid != pid)
				continue;
			r->tracees[i].pid = 0;
			left--;
		}
	}
}

/* Until the verb has ended.  What it leaves behind goes on untraced. */
static void trace(struct round *r)
{
	double deadline = now() + SECONDS;
	bool ended = false;

	while (!ended) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR) {
			if (now() < deadline)
				continue;
			r->hangs = true;
			kill(r->main, SIGKILL);
			deadline += SECONDS;
			continue;
		}
		if (pid < 0)
			die("waitpid");
		if (WIFSTOPPED(status)) {
			stopped(r, tracee_find(r, pid), status);
			continue;
		}
		tracee_find(r, pid)->pid = 0;
		if (pid == r->main) {
			r->status = status;
			ended = true;
		}
	}
	detach_all(r);
}

static pid_t init_pid(void)
{
	char path[512], text[4096], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/state.json", sweep.root, sweep.id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, "\"pid\"");
	at = at ? strchr(at, ':') : NULL;
	return at ? (pid_t)strtol(at + 1, NULL, 10) : 0;
}

#define TRACE_OPTIONS                                                                             \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		PTRACE_O_TRACEEXEC)

void run_traced(struct round *r)
{
	pid_t init = sweep.verb->has_init ? init_pid() : 0;
	int status;

	r->main = spawn(sweep.verb->command, true);
	while (waitpid(r->main, &status, WUNTRACED) < 0)
		if (errno != EINTR)
			die("the start of the command");
	if (!WIFSTOPPED(status))
		die("the command does not stop");
	if (ptrace(PTRACE_SEIZE, r->main, NULL, (void *)TRACE_OPTIONS) < 0)
		die("PTRACE_SEIZE");
	kill(r->main, SIGCONT);
	tracee_find(r, r->main);
	if (init > 0) {
		if (ptrace(PTRACE_SEIZE, init, NULL, (void *)TRACE_OPTIONS) < 0 ||
			ptrace(PTRACE_INTERRUPT, init, NULL, NULL) < 0)
			die("PTRACE_SEIZE of the container's process");
		/* It waits in accept4(2), which it enters anew. */
		tracee_find(r, init);
	}
	trace(r);
	read_stderr();
}
