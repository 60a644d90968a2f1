// SPDX-License-Identifier: Apache-2.0
/* Runs the runtime's commands, and asks it for the container's status. */
#include "tests/fault/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

char stderr_text[4096];
static int errors_fd; /* a file in memory: standard error of the command */

void commands_init(void)
{
	errors_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (errors_fd < 0)
		die("memfd_create");
}

void read_stderr(void)
{
	ssize_t n = pread(errors_fd, stderr_text, sizeof(stderr_text) - 1, 0);

	stderr_text[n > 0 ? n : 0] = '\0';
}

static void execute(const words command, bool traced)
{
	const char *argv[WORDS + 6] = { sweep.ringwall, "--root", sweep.root, "--cgroup-manager",
		sweep.manager };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), n = 5;

	for (int i = 0; i < WORDS && command[i]; i++)
		argv[n++] = strcmp(command[i], "ID") == 0   ? sweep.id
			: strcmp(command[i], "BUNDLE") == 0 ? sweep.bundle
							    : command[i];
	dup2(null, 0);
	dup2(null, 1);
	dup2(errors_fd, 2);
	if (traced)
		raise(SIGSTOP); /* until it is seized */
	execv(sweep.ringwall, (char **)(uintptr_t)argv);
	_exit(127);
}

pid_t spawn(const words command, bool traced)
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

int run_plain(const words command)
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

void must(const words command)
{
	int status = run_plain(command);

	if (status == 0)
		return;
	read_stderr();
	fprintf(stderr, "fault-sweep: %s without a fault fails: %s\n", command[0], stderr_text);
	exit(2);
}

void status_now(char out[32])
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
		const char *argv[] = { sweep.ringwall, "--root", sweep.root, state[0], sweep.id,
			NULL };

		dup2(pipe_fds[1], 1);
		dup2(errors_fd, 2);
		execv(sweep.ringwall, (char **)(uintptr_t)argv);
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

bool comes_to(const char *wanted, char out_status[32])
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
