// SPDX-License-Identifier: Apache-2.0
/* Verbs that wait, fork, and deal with signals and notifications. */
#include "init.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int signal_number(const char *text)
{
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int sig = 1; sig < 32; sig++)
		if (strcasecmp(text, sigabbrev_np(sig)) == 0)
			return sig;
	return (int)number(text);
}

const char *signal_name(int sig)
{
	static char buf[16];

	if (sig < 32 && sigabbrev_np(sig))
		return sigabbrev_np(sig);
	snprintf(buf, sizeof(buf), "%d", sig);
	return buf;
}

static int verb_sleep(int argc, char **argv)
{
	double seconds = strtod(argv[1], NULL);
	struct timespec left = { (time_t)seconds,
		(long)((seconds - (double)(time_t)seconds) * 1e9) };

	(void)argc;
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	return 0;
}

/* As a container's first process: reaps children, ends with 128 + n at TERM, INT or HUP.  The first
 * process of a pid namespace gets only signals that it blocks or handles. */
static int verb_pause(int argc, char **argv)
{
	sigset_t all;

	(void)argc;
	(void)argv;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;) {
		int sig = sigwaitinfo(&all, NULL);

		if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP)
			return 128 + sig;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* Prints "ready", then "signal: NAME" for each signal, and ends after the last of the list, or
 * after the first one without a list. */
static int verb_signal_wait(int argc, char **argv)
{
	int last = argc > 1 ? signal_number(argv[argc - 1]) : 0;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	puts("ready");
	for (;;) {
		int sig = sigwaitinfo(&all, NULL);

		if (sig < 0)
			continue;
		printf("signal: %s\n", signal_name(sig));
		if (!last || sig == last)
			return 0;
	}
}

static int verb_raise(int argc, char **argv)
{
	(void)argc;
	fflush(stdout);
	return answer(raise(signal_number(argv[1])), "raise %s", argv[1]);
}

static int verb_kill(int argc, char **argv)
{
	(void)argc;
	return answer(kill((pid_t)number(argv[1]), signal_number(argv[2])), "kill %s %s", argv[1],
		argv[2]);
}

/* Forks N children that wait for ever; how many could be made is the fact. */
static int verb_fork(int argc, char **argv)
{
	long long wanted = number(argv[1]);
	pid_t *pids = calloc((size_t)wanted, sizeof(*pids));
	long long made = 0;
	int error = 0;

	fflush(stdout);
	for (; pids && made < wanted; made++) {
		pids[made] = fork();
		if (pids[made] == 0)
			for (;;)
				pause();
		if (pids[made] < 0) {
			error = errno;
			break;
		}
	}
	printf("fork: %lld of %lld: %s\n", made, wanted, error ? strerrorname_np(error) : "ok");
	if (argc < 3) /* "fork N keep" leaves them */
		for (long long i = 0; i < made; i++) {
			kill(pids[i], SIGKILL);
			waitpid(pids[i], NULL, 0);
		}
	free(pids);
	return 0;
}

/* N processes of which each makes its successor and ends: as many as before, and always others.
 * Who kills by a list of pids never catches them. */
static int verb_churn(int argc, char **argv)
{
	long long count = number(argv[1]);

	(void)argc;
	signal(SIGCHLD, SIG_IGN);
	fflush(stdout);
	for (long long i = 0; i < count; i++) {
		if (fork() != 0)
			continue;
		for (;;)
			if (fork() > 0)
				_exit(0);
	}
	printf("churn: ok\n");
	return 0;
}

/* Everybody forks, for ever. */
static int verb_bomb(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		(void)!fork();
}

static int verb_sd_notify(int argc, char **argv)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len;

	(void)argc;
	if (!path || strlen(path) >= sizeof(addr.sun_path) || fd < 0) {
		printf("sd-notify: %s\n", path ? "bad socket" : "no socket");
		return 0;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + (*path != '@'));
	if (*path == '@')
		addr.sun_path[0] = '\0';
	answer(sendto(fd, argv[1], strlen(argv[1]), 0, (struct sockaddr *)&addr, len), "sd-notify");
	close(fd);
	return 0;
}

const struct verb signal_verbs[] = {
	{ "sleep", "SECONDS", "wait", 1, 1, verb_sleep },
	{ "pause", "", "wait for TERM, INT or HUP; reap children", 0, 0, verb_pause },
	{ "signal-wait", "[SIGNAL...]", "print signals until the last of the list", 0, ANY,
		verb_signal_wait },
	{ "raise", "SIGNAL", "send a signal to itself", 1, 1, verb_raise },
	{ "kill", "PID SIGNAL", "send a signal", 2, 2, verb_kill },
	{ "fork", "N [keep]", "make N children, then end them unless told to keep them", 1, 2,
		verb_fork },
	{ "churn", "N", "N processes, each soon replaced by its child", 1, 1, verb_churn },
	{ "bomb", "", "make processes that make processes, without an end", 0, 0, verb_bomb },
	{ "sd-notify", "TEXT", "send to $NOTIFY_SOCKET", 1, 1, verb_sd_notify },
};
const size_t signal_verb_count = VERB_COUNT(signal_verbs);
