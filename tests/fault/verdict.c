// SPDX-License-Identifier: Apache-2.0
/* What must hold after a round: see tests/fault/sweep.c. */
#include "tests/fault/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILURES_SHOWN 20

static const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "?";
}

void report(const struct round *r, const char *what)
{
	sweep.failures++;
	if (sweep.failures > FAILURES_SHOWN)
		return;
	printf("%s, call %lu of the %s (number %ld), %s: %s\n", sweep.verb->name, r->wanted,
		sweep.faults_child ? "child" : "runtime", r->call,
		sweep.faults_kill ? "killed" : error_name(r->error), what);
	if (stderr_text[0])
		printf("\tit said: %s\n", stderr_text);
	fflush(stdout);
}

char *read_mounts(void)
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

void check_nothing_left(const struct round *r, const char *mounts, const char *when)
{
	char what[128], *after;

	snprintf(what, sizeof(what), "%s, a state is left", when);
	if (exists(sweep.root, sweep.id))
		report(r, what);
	snprintf(what, sizeof(what), "%s, a cgroup is left", when);
	if (exists("/sys/fs/cgroup", sweep.cgroup) ||
		exists("/sys/fs/cgroup/unified", sweep.cgroup))
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
	bool create = strcmp(sweep.verb->name, "create") == 0;

	if (!sweep.faults_child || (!sweep.faults_kill && !create))
		return false;
	for (size_t i = 0; i < 4; i++)
		if (r->call == (create ? waits[i] : executes[i]))
			return WEXITSTATUS(r->status) == 128 + SIGKILL ||
				WEXITSTATUS(r->status) == 0;
	return false;
}

/* Where an error comes in any case, its message may be what fails. */
static bool may_be_silent(const struct round *r)
{
	return is_later_end(r) || (sweep.verb->fails && r->call == SYS_write);
}

void judge(const struct round *r)
{
	char status[32], what[128];
	bool killed_main = sweep.faults_kill && !sweep.faults_child && r->hit;

	if (r->hangs)
		report(r, "it hangs");
	else if (WIFSIGNALED(r->status) && !killed_main)
		report(r, "it was ended by a signal");
	else if (is_sanitizer_report())
		report(r, "a sanitizer has found something");
	else if (WIFEXITED(r->status) && WEXITSTATUS(r->status) != 0 && !stderr_text[0] &&
		!may_be_silent(r))
		report(r, "it fails without a word");
	else if (WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0 && sweep.verb->fails)
		report(r, "it claims success");
	else if (WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0 && !is_later_end(r) &&
		!comes_to(sweep.verb->promise, status)) {
		snprintf(what, sizeof(what), "it claims success, and the status is \"%s\"", status);
		report(r, what);
	}
}
