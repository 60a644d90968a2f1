// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks: see the header.
 *
 * The state is given as a file in memory, not a pipe: a hook may read it or not, in any piece, and
 * nobody waits or gets SIGPIPE.  The output (both streams) goes to a pipe that is read while the
 * hook runs, so that no amount of it stops the hook; only the end is kept.  The hook's exit, seen
 * through its pidfd, ends the wait: a daemon that keeps the pipe open does not.
 *
 * Runs in the parent and in the container's init (after clone: nothing here needs the heap but the
 * arrays for execve, in the hook's own process).
 */
#include "runtime/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/process/process.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define TAIL_SIZE 4096
#define MSEC 1000

/* The last bytes of a hook's output. */
struct tail {
	char data[TAIL_SIZE];
	size_t len;
};

struct running {
	const struct spec_hook *hook;
	pid_t pid;
	int pidfd;
	int output; /* read end, not blocking */
	int failure; /* read end: a struct err when the hook could not be executed */
	struct tail tail;
};

/* ---- the hook's process ---- */

/* A NULL-terminated copy; the specification's lists are not. */
static char **vector(const spec_strings *strings, const char *fallback)
{
	char **v = xcalloc(strings->count + 2, sizeof(*v));

	for (size_t i = 0; i < strings->count; i++)
		v[i] = xstrdup(strings->items[i]);
	if (strings->count == 0 && fallback)
		v[0] = xstrdup(fallback);
	return v;
}

static int streams_set(int state_fd, int output, struct err *err)
{
	if (dup2(state_fd, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
		dup2(output, STDERR_FILENO) < 0)
		return err_sys(err, errno, "dup2 of the streams");
	return 0;
}

static int hook_execute(const struct spec_hook *hook, const struct hook_where *where, int state_fd,
	int output, struct err *err)
{
	const char *cwd = where->cwd ? where->cwd : "/";
	int r;

	process_reset_signals();
	if (setpgid(0, 0) < 0)
		return err_sys(err, errno, "setpgid");
	r = streams_set(state_fd, output, err);
	if (r == 0 && where->enter)
		r = where->enter(where->arg, err);
	if (r < 0)
		return r;
	r = chdir(cwd /* path: the bundle, named by the engine */);
	/* Often closed to the root of a user namespace, which createContainer hooks run as. */
	if (r < 0 && errno == EACCES && where->enter)
		r = chdir("/");
	if (r < 0)
		return err_sys(err, errno, "chdir to \"%s\"", cwd);
	/* Exactly 0, 1, 2 (security rule R7). */
	r = sys_close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	if (r < 0 && r != -EINVAL && r != -ENOSYS) /* before Linux 5.11: ours are close-on-exec */
		return err_sys(err, -r, "close_range");
	execve(hook->path /* path: a hook of the configuration, trusted */,
		vector(&hook->args, hook->path), vector(&hook->env, NULL));
	return err_sys(err, errno, "exec");
}

_Noreturn static void hook_child(const struct spec_hook *hook, const struct hook_where *where,
	int state_fd, int output, int failure)
{
	struct err err = { 0 };

	if (hook_execute(hook, where, state_fd, output, &err) < 0 &&
		write(failure, &err, sizeof(err)) < 0) /* less than PIPE_BUF: whole or not at all */
		_exit(126);
	_exit(127);
}

/* ---- start ---- */

/* Descriptors of our own must not have the numbers 0 to 2, which streams_set() overwrites. */
static int fd_lift(int *fd, struct err *err)
{
	int low = *fd;

	if (low > STDERR_FILENO)
		return 0;
	*fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(low);
	return *fd < 0 ? err_sys(err, errno, "fcntl F_DUPFD_CLOEXEC") : 0;
}

static int pipe_make(int ends[2], struct err *err)
{
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe2");
	r = fd_lift(&ends[0], err);
	return r < 0 ? r : fd_lift(&ends[1], err);
}

static int state_file(const char *state_json, struct err *err)
{
	size_t len = strlen(state_json);
	auto_close int fd = memfd_create("state", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("state", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "memfd_create for the state");
	if (fd_lift(&fd, err) < 0)
		return err_result(err);
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, state_json + done, len - done, (off_t)done);

		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "write the state");
		done += n > 0 ? (size_t)n : 0;
	}
	return take_fd(&fd);
}

static int hook_start(struct running *run, const char *state_json, const struct hook_where *where,
	struct err *err)
{
	auto_close int state_fd = state_file(state_json, err);
	int output[2] = { FD_NONE, FD_NONE }, failure[2] = { FD_NONE, FD_NONE };
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)&run->pidfd,
		.exit_signal = SIGCHLD,
	};
	int r = state_fd < 0 ? state_fd : pipe_make(output, err);

	if (r == 0)
		r = pipe_make(failure, err);
	if (r == 0) {
		run->pid = sys_clone3(&args);
		if (run->pid == 0)
			hook_child(run->hook, where, state_fd, output[1], failure[1]);
		if (run->pid < 0)
			r = err_sys(err, -run->pid, "clone3");
	}
	fd_close(&output[1]);
	fd_close(&failure[1]);
	run->output = output[0];
	run->failure = failure[0];
	if (r == 0)
		fcntl(run->output, F_SETFL, O_NONBLOCK);
	return r;
}

/* ---- wait ---- */

static void tail_add(struct tail *tail, const char *data, size_t len)
{
	size_t keep = TAIL_SIZE - len; /* len is at most TAIL_SIZE */

	if (tail->len > keep) {
		memmove(tail->data, tail->data + tail->len - keep, keep);
		tail->len = keep;
	}
	memcpy(tail->data + tail->len, data, len);
	tail->len += len;
}

/* Reads what is there, without waiting. */
static void output_drain(struct running *run, int rounds)
{
	char data[TAIL_SIZE];

	while (run->output >= 0 && rounds-- > 0) {
		ssize_t n = read(run->output, data, sizeof(data));

		if (n > 0) {
			tail_add(&run->tail, data, (size_t)n);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			fd_close(&run->output);
		return;
	}
}

enum { HOOK_EXITED, HOOK_TIMED_OUT, HOOK_ABANDONED, HOOK_INTERRUPTED };

/* Waits until the hook has exited, until @deadline (< 0: none), or until @where's process has ended
 * or a signal asks us to end. */
static int hook_wait(
	struct running *run, int64_t deadline, const struct hook_where *where, struct err *err)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = run->pidfd, .events = POLLIN },
			{ .fd = run->output, .events = POLLIN }, /* ignored once it is closed */
			{ .fd = where->pidfd > 0 ? where->pidfd : FD_NONE, .events = POLLIN },
			{ .fd = where->interrupt_fd > 0 ? where->interrupt_fd : FD_NONE,
				.events = POLLIN },
		};
		int n = poll(fds, ARRAY_SIZE(fds), deadline < 0 ? -1 : clock_left(deadline));

		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "poll");
		if (n > 0 && fds[1].revents)
			output_drain(run, 1);
		if (n > 0 && fds[0].revents)
			return HOOK_EXITED;
		if (n > 0 && fds[2].revents)
			return HOOK_ABANDONED;
		if (n > 0 && fds[3].revents)
			return HOOK_INTERRUPTED;
		if (deadline >= 0 && clock_left(deadline) == 0)
			return HOOK_TIMED_OUT;
	}
}

/* The bounds of a pipe's content and some more: a left-over process may go on writing. */
#define DRAIN_ROUNDS 64

static int hook_reap(struct running *run, siginfo_t *info, struct err *err)
{
	int r;

	output_drain(run, DRAIN_ROUNDS);
	do
		r = sys_pidfd_wait(run->pidfd, info, WEXITED);
	while (r == -EINTR);
	return r < 0 ? err_sys(err, -r, "waitid") : 0;
}

static void hook_kill(const struct running *run)
{
	siginfo_t info;

	/* Its number is its own until it is reaped.  The group may not exist yet. */
	kill(-run->pid, SIGKILL);
	sys_pidfd_send_signal(run->pidfd, SIGKILL);
	if (sys_pidfd_wait(run->pidfd, &info, WEXITED) < 0)
		log_debug("hook process %d was reaped by somebody else", (int)run->pid);
}

/* ---- outcome ---- */

/* One line of the caught output, without white space around it. */
static const char *tail_text(struct tail *tail, char text[TAIL_SIZE + 1])
{
	size_t start = 0, len = 0;

	while (start < tail->len && strchr(" \t\r\n", tail->data[start]))
		start++;
	while (tail->len > start && strchr(" \t\r\n", tail->data[tail->len - 1]))
		tail->len--;
	for (size_t i = start; i < tail->len; i++) {
		unsigned char c = (unsigned char)tail->data[i];

		text[len++] = (char)(c == '\n' ? '|' : c < ' ' || c == 0x7f ? ' ' : c);
	}
	text[len] = '\0';
	return text;
}

#define TEXT_MAX 640 /* of the output in a message: there must be room for what went before */

static int hook_failed(struct running *run, const char *what, struct err *err)
{
	char buffer[TAIL_SIZE + 1];
	const char *text = tail_text(&run->tail, buffer);
	size_t len = strlen(text);

	if (len > TEXT_MAX)
		text += len - TEXT_MAX;
	return err_bad_errno(err, ERR_OTHER, EIO, "%s%s%s", what, len ? ": " : "", text);
}

static int hook_judge(struct running *run, const siginfo_t *info, struct err *err)
{
	char what[80];
	const char *name;
	struct err failure;

	if (read(run->failure, &failure, sizeof(failure)) == (ssize_t)sizeof(failure)) {
		*err = failure;
		return err_result(err);
	}
	if (info->si_code == CLD_EXITED && info->si_status == 0)
		return 0;
	if (info->si_code == CLD_EXITED) {
		snprintf(what, sizeof(what), "exited with status %d", info->si_status);
		return hook_failed(run, what, err);
	}
	name = names_of(&signal_names, info->si_status);
	if (name)
		snprintf(what, sizeof(what), "killed by %s", name);
	else
		snprintf(what, sizeof(what), "killed by signal %d", info->si_status);
	return hook_failed(run, what, err);
}

static int hook_timed_out(struct running *run, struct err *err)
{
	char what[80];

	hook_kill(run);
	output_drain(run, DRAIN_ROUNDS);
	snprintf(what, sizeof(what), "still running after its timeout of %lld s, killed",
		(long long)run->hook->timeout.v);
	hook_failed(run, what, err);
	err->kind = ERR_TIMEOUT;
	err->num = ETIMEDOUT;
	return err_result(err);
}

static int hook_given_up(struct running *run, const char *why, struct err *err)
{
	hook_kill(run);
	output_drain(run, DRAIN_ROUNDS);
	return hook_failed(run, why, err);
}

static int64_t deadline_of(const struct spec_hook *hook)
{
	if (!hook->timeout.set)
		return -1;
	if (hook->timeout.v > INT32_MAX)
		return clock_ms() + (int64_t)INT32_MAX * MSEC;
	return clock_ms() + hook->timeout.v * MSEC;
}

static int hook_run_one(const struct spec_hook *hook, const char *state_json,
	const struct hook_where *where, struct err *err)
{
	struct running run = {
		.hook = hook, .output = FD_NONE, .failure = FD_NONE, .pidfd = FD_NONE
	};
	int64_t deadline = deadline_of(hook);
	siginfo_t info = { 0 };
	int r = hook_start(&run, state_json, where, err);

	if (r == 0)
		r = hook_wait(&run, deadline, where, err);
	if (r == HOOK_TIMED_OUT) {
		r = hook_timed_out(&run, err);
	} else if (r == HOOK_ABANDONED) {
		r = hook_given_up(&run, "killed, because the container's process has ended", err);
	} else if (r == HOOK_INTERRUPTED) {
		r = hook_given_up(&run, "killed, because a signal asks for the end", err);
	} else if (r == 0) {
		r = hook_reap(&run, &info, err);
		if (r == 0)
			r = hook_judge(&run, &info, err);
	} else if (run.pidfd >= 0) {
		hook_kill(&run);
	}
	fd_close(&run.output);
	fd_close(&run.failure);
	fd_close(&run.pidfd);
	return r;
}

int hook_run(const spec_hook_list *hooks, enum hook_kind kind, const char *state_json,
	const struct hook_where *where, struct err *err)
{
	const char *name = names_of(&hook_names, (int64_t)kind);

	for (size_t i = 0; i < hooks->count; i++) {
		const struct spec_hook *hook = &hooks->items[i];

		log_debug("hooks.%s[%zu] \"%s\"", name, i, hook->path);
		if (hook_run_one(hook, state_json, where, err) == 0)
			continue;
		err_in(err, "hooks.%s[%zu] \"%s\"", name, i, hook->path);
		if (!where->go_on)
			return err_result(err);
		log_warn("%s", err->msg);
		err_drop(err);
	}
	return 0;
}
