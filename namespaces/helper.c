// SPDX-License-Identifier: Apache-2.0
/*
 * newuidmap and newgidmap: the distribution's setuid helpers that write maps of more than one id
 * for a user whom /etc/subuid and /etc/subgid grant them.
 *
 * Runs in the parent.  The programs are looked up in a fixed path and executed with an empty
 * environment, no descriptors but 0 to 2 and no ignored signals (docs/security.md).  What
 * they print becomes the error.  Their success is not believed: idmap.c reads the map back.
 */
#include "namespaces/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/hostfile.h"
#include "base/sys.h"

/* The helpers ask the name service for the user, which may be a slow directory on the net. */
#define HELPER_TIMEOUT_MS 30000

#define HELPER_OUTPUT_MAX 300

/* How a child ends that could not become the helper (as of shells). */
#define EXIT_NOT_EXECUTED 126
#define EXIT_NOT_FOUND 127

static const char *const helper_dirs[] = { "/usr/bin", "/bin" };

_Noreturn static void helper_exec_failed(int num)
{
	const char *text = err_text(num);

	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(EXIT_NOT_EXECUTED);
	_exit(EXIT_NOT_EXECUTED);
}

/* The child: ends in execve or _exit. */
_Noreturn static void helper_exec(
	const struct idmap_helper *helper, char *const argv[], int null_fd, int output_fd)
{
	char *const envp[] = { NULL };
	char path[64];
	sigset_t none;

	sigemptyset(&none);
	if (dup3(output_fd, STDERR_FILENO, 0) < 0 || dup3(null_fd, STDIN_FILENO, 0) < 0 ||
		dup3(null_fd, STDOUT_FILENO, 0) < 0)
		helper_exec_failed(errno);
	sys_close_range(3, ~0u, 0);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(helper_dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", helper_dirs[i], helper->name);
		execve(path /* path: of two literals */, argv, envp);
		if (errno != ENOENT)
			helper_exec_failed(errno);
	}
	_exit(EXIT_NOT_FOUND);
}

/* NAME PID (CONTAINER HOST SIZE)...  Heap: the array, and one text behind all strings. */
static char **helper_argv(const char *name, pid_t pid, const spec_idmaps *maps, char **out_text)
{
	char **argv = xcalloc(2 + 3 * maps->count + 1, sizeof(*argv));
	auto_(strbuf) struct strbuf text = STRBUF_INIT;
	size_t count = 0;

	strbuf_addf(&text, "%s %d", name, pid);
	for (size_t i = 0; i < maps->count; i++)
		strbuf_addf(&text, " %u %u %u", maps->items[i].container_id, maps->items[i].host_id,
			maps->items[i].size);
	*out_text = strbuf_take(&text);
	for (char *word = *out_text; word; count++) {
		char *space = strchr(word, ' ');

		argv[count] = word;
		if (space)
			*space++ = '\0';
		word = space;
	}
	return argv;
}

int idmap_helper_start(
	struct idmap_helper *helper, pid_t pid, const spec_idmaps *maps, struct err *err)
{
	auto_free char *text = NULL;
	auto_free char **argv = helper_argv(helper->name, pid, maps, &text);
	auto_close int null_fd = host_open(AT_FDCWD, "/dev/null", O_RDWR, 0, err);
	int output[2], pidfd = FD_NONE;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t child;

	if (null_fd < 0)
		return null_fd;
	if (pipe2(output, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe for %s", helper->name);
	child = sys_clone3(&args);
	if (child == 0)
		helper_exec(helper, argv, null_fd, output[1]);
	fd_close(&output[1]);
	helper->output = output[0];
	if (child < 0)
		return err_sys(err, -child, "clone3 for %s", helper->name);
	helper->pid = child;
	helper->pidfd = pidfd;
	return 0;
}

/* The first line that it printed, without its own name: errors have that already. */
static const char *read_output(const struct idmap_helper *helper, char *buf, size_t size)
{
	ssize_t len = read(helper->output, buf, size - 1);
	size_t name_len = strlen(helper->name);

	buf[len > 0 ? len : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	if (strncmp(buf, helper->name, name_len) == 0 && strncmp(buf + name_len, ": ", 2) == 0)
		return buf + name_len + 2;
	return buf;
}

static int judge(
	const struct idmap_helper *helper, const siginfo_t *info, const char *text, struct err *err)
{
	if (info->si_code != CLD_EXITED)
		return err_bad_errno(err, ERR_OTHER, EIO, "%s: killed by signal %d", helper->name,
			info->si_status);
	if (info->si_status == 0)
		return 0;
	if (info->si_status == EXIT_NOT_FOUND) {
		err_sys(err, ENOENT, "execute \"/usr/bin/%s\"", helper->name);
		err_hint(err,
			"maps of more than one id need newuidmap and newgidmap: install "
			"the package uidmap (or shadow-utils)");
		return -ENOENT;
	}
	err_bad_errno(err, ERR_OTHER, EPERM, "%s: %s", helper->name,
		text[0] ? text : "failed without a word");
	err_hint(err,
		"the user needs ranges in /etc/subuid and /etc/subgid that hold every id of "
		"linux.uidMappings and linux.gidMappings: see subuid(5)");
	return -EPERM;
}

int idmap_helper_finish(struct idmap_helper *helper, struct err *err)
{
	struct pollfd event = { .fd = helper->pidfd, .events = POLLIN };
	char text[HELPER_OUTPUT_MAX];
	siginfo_t info;
	int r;

	do {
		r = poll(&event, 1, HELPER_TIMEOUT_MS);
	} while (r < 0 && errno == EINTR);
	if (r == 0)
		return err_bad(err, ERR_TIMEOUT, "%s does not answer", helper->name);
	r = sys_pidfd_wait(helper->pidfd, &info, 0);
	if (r < 0)
		return err_sys(err, -r, "wait for %s", helper->name);
	helper->pid = 0;
	return judge(helper, &info, read_output(helper, text, sizeof(text)), err);
}

void idmap_helper_release(struct idmap_helper *helper)
{
	siginfo_t info;

	if (helper->pid > 0) {
		/* Refused when the helper has left our user's ids: then it ends by itself. */
		if (sys_pidfd_send_signal(helper->pidfd, SIGKILL) == 0)
			sys_pidfd_wait(helper->pidfd, &info, 0);
		helper->pid = 0;
	}
	fd_close(&helper->pidfd);
	fd_close(&helper->output);
}
