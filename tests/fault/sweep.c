// SPDX-License-Identifier: Apache-2.0
/*
 * Makes system calls of the runtime fail, or kills it at them, one at a time, and looks at what
 * comes of it.
 *
 *   fault-sweep [--all] [--step N] [--offset N] [--only N] [--manager NAME] [--cgroup PATH]
 *           RINGWALL ROOT ID BUNDLE VERB FAULT ROLE
 *
 * VERB is a row of the table below.  FAULT: "error" (the call fails, without having been made) or
 * "kill" (SIGKILL as it is entered).  ROLE says whose calls: of the "runtime", or of the "child"
 * processes that it makes, until they execute a program.  --manager is ringwall's --cgroup-manager,
 * and PATH where the cgroup then is.  For n = 1, 2, ... the container is
 * prepared, the verb runs with its n-th call at fault, until there is no n-th call.  Every time:
 *
 *  - it returns, within SECONDS, and is not ended by a signal of its own;
 *  - success means that the container is in the state which the verb promises;
 *  - failure is told on standard error;
 *  - an error in create leaves nothing;
 *  - update changes all that was asked for, or after an error nothing; killed, it leaves each limit
 *    as it was or as it was to be;
 *  - "delete --force" then succeeds, and no state, cgroup, process or mount is left.
 *
 * The id is used again and again, so that it is free afterwards is seen as well.  A tracer
 * (ptrace(2)) that lives as long as the sweep is some hundred times as fast as strace --inject.
 * Mounts are compared in the caller's mount namespace, which should be its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 15
#define TRACEES 64
#define WORDS 8
#define FAILURES_SHOWN 20

/* ---- the table of verbs ---- */

/* Words of a command line; "ID" and "BUNDLE" stand for ours. */
typedef const char *words[WORDS];

struct verb {
	const char *name;
	words prepare[3];
	words command;
	const char
		*before; /* the status that the preparation leads to in its time; NULL: at once */
	const char *promise; /* the status after success; "": there is no such container */
	bool undoes; /* an error leaves nothing; run also removes what has run, which may fail */
	bool lasts; /* the container is as before, so that it serves for the next round */
	bool has_init; /* the container's first process works, too */
	words limits; /* puts the cgroup's limits to what the command changes: all or nothing */
};

#define CREATE                                       \
	{                                            \
		"create", "--bundle", "BUNDLE", "ID" \
	}
#define START                 \
	{                     \
		"start", "ID" \
	}
#define KILL                         \
	{                            \
		"kill", "ID", "KILL" \
	}

static const struct verb verbs[] = {
	{ "create", { { 0 } }, CREATE, .promise = "created", .undoes = true },
	{ "run", { { 0 } }, { "run", "--bundle", "BUNDLE", "ID" }, .promise = "" },
	{ "start", { CREATE }, START, .promise = "running", .has_init = true },
	{ "exec", { CREATE, START }, { "exec", "ID", "/init", "true" }, .promise = "running",
		.lasts = true },
	{ "kill", { CREATE, START }, KILL, .promise = "stopped" },
	{ "delete", { CREATE, KILL }, { "delete", "ID" }, .before = "stopped", .promise = "" },
	{ "delete-force", { CREATE, START }, { "delete", "--force", "ID" }, .promise = "" },
	{ "pause", { CREATE, START }, { "pause", "ID" }, .promise = "paused" },
	{ "resume", { CREATE, START, { "pause", "ID" } }, { "resume", "ID" },
		.promise = "running" },
	{ "update", { CREATE, START }, { "update", "--resources", "later.json", "ID" },
		.promise = "running", .lasts = true,
		.limits = { "update", "--resources", "earlier.json", "ID" } },
};

/* ---- what a sweep is ---- */

static const char *ringwall, *root, *id, *bundle;
static const char *manager = "cgroupfs";
static char cgroup[256]; /* below the mount of cgroup v2 */
static const struct verb *verb;
static bool faults_kill; /* else they are errors */
static bool faults_child; /* else the runtime's */
static unsigned long rounds, injected, failures;
static int errors_fd; /* a file in memory: standard error of the verb */

enum { IDLE, INJECT, RESULT_ONLY, DONE };

struct tracee {
	pid_t pid; /* 0: free */
	bool child; /* made by the runtime */
	bool in_call;
	int injecting; /* IDLE, INJECT or RESULT_ONLY: between entry and exit of the call */
	bool started; /* its first stop is over */
	bool executed; /* it is the runtime's program */
};

struct round {
	unsigned long wanted; /* the number of the call at fault, from 1 */
	unsigned long seen;
	int error; /* which of the errors that fit, counted from 0; when it has been made, the error */
	size_t errors; /* how many fit */
	long call; /* what the call was */
	bool hit;
	pid_t main;
	int status; /* of main, as of wait(2) */
	bool hangs;
	struct tracee tracees[TRACEES];
};

static void die(const char *what)
{
	fprintf(stderr, "fault-sweep: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "?";
}

static char stderr_text[4096];

static void read_stderr(void)
{
	ssize_t n = pread(errors_fd, stderr_text, sizeof(stderr_text) - 1, 0);

	stderr_text[n > 0 ? n : 0] = '\0';
}

static void report(const struct round *r, const char *what)
{
	failures++;
	if (failures > FAILURES_SHOWN)
		return;
	printf("%s, call %lu of the %s (number %ld), %s: %s\n", verb->name, r->wanted,
		faults_child ? "child" : "runtime", r->call,
		faults_kill ? "killed" : error_name(r->error), what);
	if (stderr_text[0])
		printf("\tit said: %s\n", stderr_text);
	fflush(stdout);
}

/* ---- errors ---- */

/* Calls after which the resource is gone or changed whatever they return: only the result lies. */
static bool result_only(long nr)
{
	return nr == SYS_close || nr == SYS_close_range || nr == SYS_munmap;
}

/* Calls that cannot fail, or whose failure libc's own start does not survive. */
static bool cannot_fail(long nr)
{
	static const long calls[] = { SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_arch_prctl,
		SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_getpid, SYS_getppid,
		SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_gettid, SYS_umask, SYS_brk,
		SYS_restart_syscall };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return true;
	return false;
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
	if (!faults_kill && cannot_fail(nr))
		return;
	if (++r->seen != r->wanted)
		return;
	r->hit = true;
	r->call = nr;
	if (faults_kill) {
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
	bool calls = t->injecting != IDLE || (t->child == faults_child && !r->hit);

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
		tracee_find(r, pid);
	fclose(file);
}

static void detach_all(struct round *r)
{
	adopt_unknown(r);
	for (size_t i = 0; i < TRACEES; i++) {
		struct tracee *t = &r->tracees[i];
		int status;

		if (t->pid == 0 || t->pid == r->main)
			continue;
		if (ptrace(PTRACE_INTERRUPT, t->pid, NULL, NULL) == 0) {
			while (waitpid(t->pid, &status, __WALL) < 0 && errno == EINTR)
				continue;
			if (WIFSTOPPED(status))
				ptrace(PTRACE_DETACH, t->pid, NULL, NULL);
		}
		t->pid = 0;
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

/* ---- running commands ---- */

static void execute(const words command, bool traced)
{
	const char *argv[WORDS + 6] = { ringwall, "--root", root, "--cgroup-manager", manager };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), n = 5;

	for (int i = 0; i < WORDS && command[i]; i++)
		argv[n++] = strcmp(command[i], "ID") == 0   ? id
			: strcmp(command[i], "BUNDLE") == 0 ? bundle
							    : command[i];
	dup2(null, 0);
	dup2(null, 1);
	dup2(errors_fd, 2);
	if (traced)
		raise(SIGSTOP); /* until it is seized */
	execv(ringwall, (char **)(uintptr_t)argv);
	_exit(127);
}

static pid_t spawn(const words command, bool traced)
{
	pid_t pid;

	if (ftruncate(errors_fd, 0) < 0 || lseek(errors_fd, 0, SEEK_SET) < 0)
		die("the file for standard error");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		execute(command, traced);
	return pid;
}

/* -1: hangs; else as of wait(2).  Reaps whatever else ends meanwhile. */
static int run_plain(const words command)
{
	pid_t pid = spawn(command, false);
	double deadline = now() + SECONDS;

	for (;;) {
		int status;
		pid_t ended = waitpid(-1, &status, __WALL);

		if (ended == pid)
			return status;
		if (ended < 0 && errno != EINTR)
			die("waitpid");
		if (ended < 0 && now() > deadline) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
	}
}

static pid_t init_pid(void)
{
	char path[512], text[4096], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/state.json", root, id);
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

static void run_traced(struct round *r)
{
	pid_t init = verb->has_init ? init_pid() : 0;
	int status;

	r->main = spawn(verb->command, true);
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

/* ---- judging ---- */

static char *read_mounts(void)
{
	size_t size = 1u << 20, len = 0;
	char *text = malloc(size);
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || !text)
		die("/proc/self/mountinfo");
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return text;
}

static bool exists(const char *folder, const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return lstat(path, &st) == 0;
}

/* Processes that outlived the runtime are ours by now; only they. */
static bool processes_left(void)
{
	double deadline = now() + SECONDS;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == ECHILD)
			return false;
		if (pid < 0 && errno == EINTR && now() > deadline)
			return true;
	}
}

static void check_nothing_left(const struct round *r, const char *mounts, const char *when)
{
	char what[128], *after;

	snprintf(what, sizeof(what), "%s, a state is left", when);
	if (exists(root, id))
		report(r, what);
	snprintf(what, sizeof(what), "%s, a cgroup is left", when);
	if (exists("/sys/fs/cgroup", cgroup) || exists("/sys/fs/cgroup/unified", cgroup))
		report(r, what);
	snprintf(what, sizeof(what), "%s, processes are left", when);
	if (processes_left())
		report(r, what);
	snprintf(what, sizeof(what), "%s, the mounts have changed", when);
	after = read_mounts();
	if (strcmp(mounts, after) != 0)
		report(r, what);
	free(after);
}

/* The status that `state` tells, "" when there is no such container. */
static void status_now(char out[32])
{
	static const words state = { "state", "ID" };
	const char *key = "\"status\":";
	int pipe_fds[2], status;
	char text[8192], *at;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	out[0] = '\0';
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		die("pipe2");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		const char *argv[] = { ringwall, "--root", root, state[0], id, NULL };

		dup2(pipe_fds[1], 1);
		dup2(errors_fd, 2);
		execv(ringwall, (char **)(uintptr_t)argv);
		_exit(127);
	}
	close(pipe_fds[1]);
	while (len < sizeof(text) - 1 &&
		((n = read(pipe_fds[0], text + len, sizeof(text) - 1 - len)) > 0 ||
			(n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	close(pipe_fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	text[len] = '\0';
	at = strstr(text, key);
	if (at)
		sscanf(at + strlen(key), " \"%31[^\"]", out);
}

/* A killed process may be on its way for a moment. */
static bool comes_to(const char *wanted, char out_status[32])
{
	double deadline = now() + 5;

	for (;;) {
		status_now(out_status);
		if (strcmp(out_status, wanted) == 0)
			return true;
		if (now() > deadline)
			return false;
		usleep(5000);
	}
}

static bool is_sanitizer_report(void)
{
	return strstr(stderr_text, "Sanitizer") || strstr(stderr_text, "runtime error:");
}

/*
 * A child whose end comes when the verb is done with it.  One that is killed just before it executes
 * cannot be told from a program that is killed as its first act: 128 + SIGKILL for who waits, a
 * stopped container else.  One that waits for start has let create succeed.
 */
static bool is_later_end(const struct round *r)
{
	static const long executes[] = { SYS_execve, SYS_close_range, SYS_prlimit64, SYS_seccomp };
	static const long waits[] = { SYS_recvmsg, SYS_prctl, SYS_accept4, SYS_close };
	bool create = strcmp(verb->name, "create") == 0;

	if (!faults_child || (!faults_kill && !create))
		return false;
	for (size_t i = 0; i < 4; i++)
		if (r->call == (create ? waits[i] : executes[i]))
			return WEXITSTATUS(r->status) == 128 + SIGKILL ||
				WEXITSTATUS(r->status) == 0;
	return false;
}

static void judge(const struct round *r)
{
	char status[32], what[128];
	bool killed_main = faults_kill && !faults_child && r->hit;

	if (r->hangs)
		report(r, "it hangs");
	else if (WIFSIGNALED(r->status) && !killed_main)
		report(r, "it was ended by a signal");
	else if (is_sanitizer_report())
		report(r, "a sanitizer has found something");
	else if (WIFEXITED(r->status) && WEXITSTATUS(r->status) != 0 && !stderr_text[0] &&
		!is_later_end(r))
		report(r, "it fails without a word");
	else if (WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0 && !is_later_end(r) &&
		!comes_to(verb->promise, status)) {
		snprintf(what, sizeof(what), "it claims success, and the status is \"%s\"", status);
		report(r, what);
	}
}

/* ---- limits ---- */

/* One of each: a value, several in a file, what is written late, and what the other two change. */
static const char *const limit_files[] = { "pids.max", "memory.max", "memory.high", "cpu.max",
	"cpu.weight", "cpuset.cpus" };

#define LIMITS (sizeof(limit_files) / sizeof(limit_files[0]))

struct limits {
	char values[LIMITS][64];
	uint32_t programs[8]; /* the numbers of those that decide on devices */
	uint32_t program_count;
};

static struct limits limits_before, limits_after; /* without a fault */
static bool limits_are_before; /* those of the container that lasts */
static bool container_lasts; /* the one of the round before serves again */

static void read_limits(struct limits *out)
{
	union bpf_attr attr = { .query = { .attach_type = BPF_CGROUP_DEVICE } };
	char path[512];
	int fd;

	*out = (struct limits){ 0 };
	attr.query.prog_ids = (uintptr_t)out->programs;
	attr.query.prog_cnt = sizeof(out->programs) / sizeof(uint32_t);
	for (size_t i = 0; i < LIMITS; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s", cgroup, limit_files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, out->values[i], sizeof(out->values[i]) - 1);
		if (n < 0)
			die(path);
		close(fd);
		out->values[i][n] = '\0';
		out->values[i][strcspn(out->values[i], "\n")] = '\0';
	}
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", cgroup);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attr.query.target_fd = (uint32_t)fd;
	if (fd < 0 || syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		die("BPF_PROG_QUERY");
	close(fd);
	out->program_count = attr.query.prog_cnt;
}

/* @wanted: what holds then; NULL: for each limit either will do. */
static void judge_limits(const struct round *r, const struct limits *wanted)
{
	struct limits now;
	char what[256];
	bool same_rules;

	read_limits(&now);
	for (size_t i = 0; i < LIMITS; i++) {
		if (wanted ? strcmp(now.values[i], wanted->values[i]) == 0
			   : strcmp(now.values[i], limits_before.values[i]) == 0 ||
					strcmp(now.values[i], limits_after.values[i]) == 0)
			continue;
		snprintf(what, sizeof(what), "exit status %d, and %s is \"%s\"",
			WEXITSTATUS(r->status), limit_files[i], now.values[i]);
		report(r, what);
	}
	same_rules = memcmp(now.programs, limits_before.programs, sizeof(now.programs)) == 0;
	if (now.program_count != limits_before.program_count)
		report(r, "another number of programs decides on devices");
	else if (wanted && same_rules != (wanted == &limits_before))
		report(r, "the device rules are not those of the other limits");
}

/* ---- a sweep ---- */

static void must(const words command)
{
	int status = run_plain(command);

	if (status == 0)
		return;
	read_stderr();
	fprintf(stderr, "fault-sweep: %s without a fault fails: %s\n", command[0], stderr_text);
	exit(2);
}

static void prepare(void)
{
	char status[32];

	for (size_t i = 0; i < 3 && verb->prepare[i][0]; i++)
		must(verb->prepare[i]);
	if (verb->before && !comes_to(verb->before, status)) {
		fprintf(stderr, "fault-sweep: the container does not get %s\n", verb->before);
		exit(2);
	}
}

/* What a round begins with, if they are not so; before the first one, also what it ends with
 * without a fault. */
static void set_limits(void)
{
	if (limits_are_before)
		return;
	must(verb->limits);
	if (!limits_after.program_count) {
		must(verb->command);
		read_limits(&limits_after);
		must(verb->limits);
		read_limits(&limits_before);
		for (size_t i = 0; i < LIMITS; i++)
			if (strcmp(limits_before.values[i], limits_after.values[i]) == 0) {
				errno = EINVAL;
				die(limit_files[i]); /* nothing could be told from it */
			}
	}
	read_limits(&limits_before);
}

/* The container, and its limits, as the round @r has left them.  The next round begins with limits
 * that an error has left alone, and so sees what cannot be read in the cgroup, too. */
static void judge_update(const struct round *r)
{
	unsigned long earlier = failures;
	bool killed = WIFSIGNALED(r->status), error = !killed && WEXITSTATUS(r->status) != 0;

	judge_limits(r, killed ? NULL : error ? &limits_before : &limits_after);
	limits_are_before = error && failures == earlier;
}

/* How many errors fit the n-th call; 0: there was none. */
static size_t round_do(unsigned long n, int error, const char *mounts)
{
	static const words delete = { "delete", "--force", "ID" };
	struct round r = { .wanted = n, .error = error, .errors = 1 };
	bool plain_failure;
	char status[32];
	int forced;

	if (!container_lasts)
		prepare();
	if (verb->limits[0])
		set_limits();
	container_lasts = limits_are_before = false;
	run_traced(&r);
	rounds++;
	injected += r.hit;
	judge(&r);
	if (verb->limits[0] && !r.hangs)
		judge_update(&r);
	if (!r.hit && r.status != 0)
		report(&r, "it fails without a fault");
	plain_failure = !r.hangs && !(faults_kill && !faults_child) && WIFEXITED(r.status) &&
		WEXITSTATUS(r.status) != 0;
	if (verb->undoes && plain_failure)
		check_nothing_left(&r, mounts, "without delete");
	if (verb->lasts) {
		status_now(status);
		if (strcmp(status, verb->promise) != 0)
			report(&r, "the container itself is no longer running");
		else if (r.hit && !r.hangs)
			container_lasts = true;
		if (container_lasts)
			return r.errors;
	}
	forced = run_plain(delete);
	read_stderr();
	if (forced == -1)
		report(&r, "delete --force hangs");
	else if (forced != 0)
		report(&r, "delete --force fails");
	check_nothing_left(&r, mounts, "after delete --force");
	limits_are_before = false;
	return r.hit ? r.errors : 0;
}

static void tick(int signal)
{
	(void)signal;
}

/* Tracer and traced take turns, hundreds of times a round: waking another processor each time takes
 * ten times as long where others use the machine. */
static void stay_on_one_processor(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)(cpu > 0 ? cpu : 0), &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("sched_setaffinity");
}

static void set_up(void)
{
	struct sigaction action = { .sa_handler = tick }; /* interrupts waitpid(2) */
	struct itimerval timer = { { 0, 500000 }, { 0, 500000 } };

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || sigaction(SIGALRM, &action, NULL) < 0 ||
		setitimer(ITIMER_REAL, &timer, NULL) < 0)
		die("set up");
	errors_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (errors_fd < 0)
		die("memfd_create");
}

/* Sandboxes forbid it. */
static bool can_trace(void)
{
	pid_t pid = fork();
	bool can;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		pause();
		_exit(0);
	}
	can = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return can;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	if (!text || *end || n > 1000000) {
		errno = EINVAL;
		die("a number is expected");
	}
	return n;
}

int main(int argc, char **argv)
{
	unsigned long step = 1, offset = 0, only = 0;
	bool all = false;
	char *mounts;

	if (argc == 2 && strcmp(argv[1], "--can-trace") == 0)
		return !can_trace();
	for (; argc > 1 && strncmp(argv[1], "--", 2) == 0; argc--, argv++) {
		if (strcmp(argv[1], "--all") == 0) {
			all = true;
			continue;
		}
		if (strcmp(argv[1], "--step") == 0)
			step = number(argv[2]);
		else if (strcmp(argv[1], "--offset") == 0)
			offset = number(argv[2]);
		else if (strcmp(argv[1], "--manager") == 0 && argv[2])
			manager = argv[2];
		else if (strcmp(argv[1], "--cgroup") == 0 && argv[2])
			snprintf(cgroup, sizeof(cgroup), "%s", argv[2]);
		else
			only = number(argv[2]);
		argc--;
		argv++;
	}
	if (argc != 8 || step == 0)
		return 2;
	ringwall = argv[1];
	root = argv[2];
	id = argv[3];
	bundle = argv[4];
	if (!cgroup[0])
		snprintf(cgroup, sizeof(cgroup), "ringwall-%s", id);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[5]) == 0)
			verb = &verbs[i];
	if (!verb)
		return 2;
	faults_kill = strcmp(argv[6], "kill") == 0;
	faults_child = strcmp(argv[7], "child") == 0;
	set_up();
	stay_on_one_processor();
	mounts = read_mounts();
	for (unsigned long n = only ? only : 1 + offset % step;; n += step) {
		/* Each error that fits; else they take turns. */
		size_t fit = round_do(n, all ? 0 : (int)(n / step), mounts);

		for (size_t i = 1; all && i < fit; i++)
			fit = round_do(n, (int)i, mounts);
		if (fit == 0 || only)
			break;
	}
	printf("%s: %lu rounds, %lu faults, %lu failures\n", verb->name, rounds, injected,
		failures);
	return failures > 0;
}
