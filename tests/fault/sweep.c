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
#include "tests/fault/sweep.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the table of verbs ---- */

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
	{ "machine", { { 0 } }, { "--isolation", "kvm", "run", "--bundle", "BUNDLE", "ID" },
		.promise = "", .fails = true },
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

/* ---- a sweep ---- */

struct sweep sweep = { .manager = "cgroupfs" };
static bool container_lasts; /* the one of the round before serves again */

void die(const char *what)
{
	fprintf(stderr, "fault-sweep: %s: %s\n", what, strerror(errno));
	exit(2);
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void prepare(void)
{
	char status[32];

	for (size_t i = 0; i < 3 && sweep.verb->prepare[i][0]; i++)
		must(sweep.verb->prepare[i]);
	if (sweep.verb->before && !comes_to(sweep.verb->before, status)) {
		fprintf(stderr, "fault-sweep: the container does not get %s\n", sweep.verb->before);
		exit(2);
	}
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
	if (sweep.verb->limits[0])
		set_limits();
	container_lasts = false;
	forget_limits();
	run_traced(&r);
	sweep.rounds++;
	sweep.injected += r.hit;
	judge(&r);
	if (sweep.verb->limits[0] && !r.hangs)
		judge_update(&r);
	if (!r.hit && r.status != 0 && !sweep.verb->fails)
		report(&r, "it fails without a fault");
	plain_failure = !r.hangs && !(sweep.faults_kill && !sweep.faults_child) &&
		WIFEXITED(r.status) && WEXITSTATUS(r.status) != 0;
	if (sweep.verb->undoes && plain_failure)
		check_nothing_left(&r, mounts, "without delete");
	if (sweep.verb->lasts) {
		status_now(status);
		if (strcmp(status, sweep.verb->promise) != 0)
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
	forget_limits();
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
	commands_init();
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
			sweep.manager = argv[2];
		else if (strcmp(argv[1], "--cgroup") == 0 && argv[2])
			snprintf(sweep.cgroup, sizeof(sweep.cgroup), "%s", argv[2]);
		else
			only = number(argv[2]);
		argc--;
		argv++;
	}
	if (argc != 8 || step == 0)
		return 2;
	sweep.ringwall = argv[1];
	sweep.root = argv[2];
	sweep.id = argv[3];
	sweep.bundle = argv[4];
	if (!sweep.cgroup[0])
		snprintf(sweep.cgroup, sizeof(sweep.cgroup), "ringwall-%s", sweep.id);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[5]) == 0)
			sweep.verb = &verbs[i];
	if (!sweep.verb)
		return 2;
	sweep.faults_kill = strcmp(argv[6], "kill") == 0;
	sweep.faults_child = strcmp(argv[7], "child") == 0;
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
	printf("%s: %lu rounds, %lu faults, %lu failures\n", sweep.verb->name, sweep.rounds,
		sweep.injected, sweep.failures);
	return sweep.failures > 0;
}
