// SPDX-License-Identifier: Apache-2.0
/* Running hooks, with small shell scripts.  Expectations from config.md "POSIX-platform Hooks". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/hook.h"

#define STATE "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"creating\",\"pid\":1}"

static char dir[64];
static char warnings[4096];

static void keep_warning(enum log_level level, const char *text, void *arg)
{
	(void)arg;
	if (level == LOG_LEVEL_WARNING)
		strncat(warnings, text, sizeof(warnings) - strlen(warnings) - 1);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_hook.XXXXXX");
	assert_non_null(mkdtemp(dir));
	log_set_sink(keep_warning, NULL);
	warnings[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* Runs `/bin/sh -c @script` as the only hook; timeout in seconds, 0: none. */
static int run(const char *script, int64_t timeout, struct err *err)
{
	const char *args[] = { "sh", "-c", script };
	struct spec_hook hook = {
		.path = "/bin/sh",
		.args = { args, 3 },
		.timeout = { timeout > 0, timeout },
	};
	spec_hook_list list = { &hook, 1 };
	struct hook_where where = { .cwd = dir };

	memset(err, 0, sizeof(*err));
	return hook_run(&list, HOOK_CREATE_RUNTIME, STATE, &where, err);
}

/* What a hook has written to the file @name in its working directory. */
static char *file(const char *name)
{
	static char text[8192];
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void state_is_on_stdin(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run("cat > state", 0, &err), 0);
	assert_string_equal(file("state"), STATE);
}

static void a_large_state_and_no_reader(void **state)
{
	struct spec_hook hook = { .path = "/bin/true" };
	spec_hook_list list = { &hook, 1 };
	struct hook_where where = { 0 };
	auto_free char *large = xmalloc(1u << 20);
	struct err err = { 0 };

	(void)state;
	memset(large, 'x', (1u << 20) - 1);
	large[(1u << 20) - 1] = '\0';
	assert_int_equal(hook_run(&list, HOOK_POSTSTART, large, &where, &err), 0);
}

static void arguments_and_environment_are_exact(void **state)
{
	const char *args[] = { "other name", "-c",
		"printf '%s,' \"$0\" \"$@\" > args; /usr/bin/env > env", "zero", "one", "" };
	const char *envs[] = { "A=b c" };
	struct spec_hook hook = { .path = "/bin/sh", .args = { args, 6 }, .env = { envs, 1 } };
	spec_hook_list list = { &hook, 1 };
	struct hook_where where = { .cwd = dir };
	struct err err = { 0 };
	const char *env;

	(void)state;
	setenv("LEAK", "1", 1);
	assert_int_equal(hook_run(&list, HOOK_CREATE_RUNTIME, STATE, &where, &err), 0);
	assert_string_equal(file("args"), "zero,one,,");
	env = file("env");
	assert_non_null(strstr(env, "A=b c\n"));
	assert_null(strstr(env, "LEAK"));
	assert_null(strstr(env, "PATH=/")); /* sh exports PWD by itself, but not PATH */
	unsetenv("LEAK");
}

static void without_args_the_path_is_argv0(void **state)
{
	char script[128], path[100];
	struct spec_hook hook = { .path = path };
	spec_hook_list list = { &hook, 1 };
	struct hook_where where = { .cwd = dir };
	struct err err = { 0 };

	(void)state;
	snprintf(path, sizeof(path), "%s/hook", dir);
	snprintf(script, sizeof(script),
		"printf '#!/bin/sh\\necho $# > count\\n' > hook; chmod 755 hook");
	assert_int_equal(run(script, 0, &err), 0);
	assert_int_equal(hook_run(&list, HOOK_CREATE_RUNTIME, STATE, &where, &err), 0);
	assert_string_equal(file("count"), "0\n");
}

static void only_three_descriptors(void **state)
{
	int open_end[2];
	struct err err;

	(void)state;
	assert_int_equal(pipe(open_end), 0); /* not close-on-exec */
	assert_int_equal(run("ls /proc/self/fd > fds", 0, &err), 0);
	/* The fourth is ls's own, for the directory. */
	assert_string_equal(file("fds"), "0\n1\n2\n3\n");
	close(open_end[0]);
	close(open_end[1]);
}

static void signals_are_default(void **state)
{
	sigset_t blocked;
	struct err err;
	const char *text;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	assert_int_equal(
		run("exec grep -E 'Sig(Blk|Ign)' /proc/self/status > signals", 0, &err), 0);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	text = file("signals");
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(text, "SigIgn:\t0000000000000000\n"));
}

static void a_status_is_told_with_the_output(void **state)
{
	struct err err;

	(void)state;
	assert_true(run("echo first; echo second >&2; exit 3", 0, &err) < 0);
	assert_string_equal(
		err.msg, "hooks.createRuntime[0] \"/bin/sh\": exited with status 3: first|second");
}

static void a_signal_is_told(void **state)
{
	struct err err;

	(void)state;
	assert_true(run("kill -SEGV $$", 0, &err) < 0);
	assert_non_null(strstr(err.msg, "killed by SIGSEGV"));
}

static void a_missing_program_is_told(void **state)
{
	struct spec_hook hook = { .path = "/none/hook" };
	spec_hook_list list = { &hook, 1 };
	struct hook_where where = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(hook_run(&list, HOOK_PRESTART, STATE, &where, &err), -ENOENT);
	assert_string_equal(
		err.msg, "hooks.prestart[0] \"/none/hook\": exec: no such file or directory");
}

static void much_output_is_read_and_its_end_kept(void **state)
{
	struct err err;

	(void)state;
	assert_true(run("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1", 0,
			    &err) < 0);
	assert_non_null(strstr(err.msg, "exited with status 1: xxxx"));
	assert_string_equal(err.msg + strlen(err.msg) - strlen("x|the end"), "x|the end");
}

/* Gone, or a zombie that whoever adopts orphans here has not reaped. */
static bool has_ended(pid_t pid)
{
	char command[64];

	snprintf(command, sizeof(command), "grep -q '^State:.[^ZX]' /proc/%d/status 2>&-", pid);
	return system(command) != 0;
}

/* Longer than any machine takes for all the rest: who waits for it is told by that. */
#define LONG_SLEEP "sleep 600"
#define LONG_SECONDS 500

/* SIGKILL takes its time. */
static bool comes_to_end(int pid)
{
	for (double before = seconds(); seconds() - before < LONG_SECONDS; usleep(1000))
		if (has_ended(pid))
			return true;
	return false;
}

static void a_timeout_kills_the_group(void **state)
{
	struct err err;
	double before = seconds();

	(void)state;
	/* The inner sleep has the pipe and would keep a reader of it waiting. */
	assert_int_equal(
		run("echo here; " LONG_SLEEP " & echo $! > pid; wait", 1, &err), -ETIMEDOUT);
	assert_true(seconds() - before >= 1.0 && seconds() - before < LONG_SECONDS);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_non_null(strstr(err.msg, "timeout of 1 s"));
	assert_non_null(strstr(err.msg, "here"));
	assert_true(comes_to_end(atoi(file("pid"))));
}

static void a_daemon_is_not_waited_for(void **state)
{
	double before = seconds();
	struct err err;

	(void)state;
	assert_int_equal(run(LONG_SLEEP " & echo $! > pid", 0, &err), 0);
	assert_true(seconds() - before < LONG_SECONDS);
	kill(atoi(file("pid")), SIGKILL);
}

static void the_first_failure_ends_the_list(void **state)
{
	const char *one[] = { "sh", "-c", "echo 1 >> log" };
	const char *two[] = { "sh", "-c", "echo 2 >> log; exit 1" };
	const char *three[] = { "sh", "-c", "echo 3 >> log" };
	struct spec_hook hooks[] = {
		{ .path = "/bin/sh", .args = { one, 3 } },
		{ .path = "/bin/sh", .args = { two, 3 } },
		{ .path = "/bin/sh", .args = { three, 3 } },
	};
	spec_hook_list list = { hooks, 3 };
	struct hook_where where = { .cwd = dir };
	struct err err = { 0 };

	(void)state;
	assert_true(hook_run(&list, HOOK_POSTSTART, STATE, &where, &err) < 0);
	assert_string_equal(file("log"), "1\n2\n");
	assert_non_null(strstr(err.msg, "hooks.poststart[1] "));
	/* poststop: a warning, and on */
	where.go_on = true;
	assert_int_equal(hook_run(&list, HOOK_POSTSTOP, STATE, &where, &err), 0);
	assert_string_equal(file("log"), "1\n2\n1\n2\n3\n");
	assert_non_null(strstr(warnings, "hooks.poststop[1] \"/bin/sh\": exited with status 1"));
}

static int enter(void *arg, struct err *err)
{
	if (*(int *)arg)
		return err_sys(err, EXDEV, "enter the tree");
	return chdir("/") < 0 ? -1 : setenv("ENTERED", "1", 1);
}

static void the_surroundings_are_entered_in_the_hooks_process(void **state)
{
	struct spec_hook hook = { .path = "/bin/true" };
	spec_hook_list list = { &hook, 1 };
	int refuse = 0;
	struct hook_where where = { .enter = enter, .arg = &refuse };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(hook_run(&list, HOOK_CREATE_CONTAINER, STATE, &where, &err), 0);
	assert_null(getenv("ENTERED"));
	refuse = 1;
	assert_int_equal(hook_run(&list, HOOK_CREATE_CONTAINER, STATE, &where, &err), -EXDEV);
	assert_non_null(strstr(err.msg, "hooks.createContainer[0] \"/bin/true\": enter the tree"));
}

static void no_child_is_left(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run("true", 0, &err), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(state_is_on_stdin),
		TEST(a_large_state_and_no_reader),
		TEST(arguments_and_environment_are_exact),
		TEST(without_args_the_path_is_argv0),
		TEST(only_three_descriptors),
		TEST(signals_are_default),
		TEST(a_status_is_told_with_the_output),
		TEST(a_signal_is_told),
		TEST(a_missing_program_is_told),
		TEST(much_output_is_read_and_its_end_kept),
		TEST(a_timeout_kills_the_group),
		TEST(a_daemon_is_not_waited_for),
		TEST(the_first_failure_ends_the_list),
		TEST(the_surroundings_are_entered_in_the_hooks_process),
		TEST(no_child_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
