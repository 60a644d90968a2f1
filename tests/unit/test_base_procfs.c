// SPDX-License-Identifier: Apache-2.0
/*
 * base/procfs.c.  Each test runs four times: with the procfs that this user gets (detached for
 * root), and with the system's /proc as an unprivileged user gets it; each with openat2 and
 * without.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/procfs.h"

static struct err err;
static int proc = FD_NONE;

static int setup(void **state)
{
	(void)state;
	proc = procfs_open(PROCFS_PIDS, &err);
	return proc < 0;
}

static int setup_walk(void **state)
{
	path_force_walk(true);
	return setup(state);
}

/* What procfs_open() falls back to; its own checks of it are tested below. */
static int setup_system(void **state)
{
	(void)state;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return proc < 0;
}

static int setup_system_walk(void **state)
{
	path_force_walk(true);
	return setup_system(state);
}

static int teardown(void **state)
{
	(void)state;
	path_force_walk(false);
	fd_close(&proc);
	return 0;
}

static void it_is_a_procfs_of_ours(void **state)
{
	struct statfs fs;
	char link[16] = { 0 }, want[16];

	(void)state;
	assert_int_equal(fstatfs(proc, &fs), 0);
	assert_int_equal(fs.f_type, 0x9fa0); /* PROC_SUPER_MAGIC: statfs(2) */
	assert_true(fcntl(proc, F_GETFD) & FD_CLOEXEC);
	assert_true(readlinkat(proc, "self", link, sizeof(link) - 1) > 0);
	snprintf(want, sizeof(want), "%d", (int)getpid());
	assert_string_equal(link, want);
}

static void files_are_read_and_written(void **state)
{
	auto_free char *data = NULL, *thread = NULL;
	char name[17] = "", path[64];

	(void)state;
	assert_int_equal(procfs_write(proc, "self/comm", "written", &err), 0);
	assert_int_equal(prctl(PR_GET_NAME, name, 0, 0, 0), 0);
	assert_string_equal(name, "written");
	snprintf(path, sizeof(path), "%d/comm", (int)getpid());
	assert_int_equal(procfs_read(proc, path, 64, &data, &err), 0);
	assert_string_equal(data, "written\n");
	assert_int_equal(procfs_read(proc, "thread-self/comm", 64, &thread, &err), 0);
	assert_string_equal(thread, "written\n");
	assert_int_equal(procfs_read(proc, "self/comm", 4, &thread, &err), -EFBIG);
	assert_non_null(strstr(err.msg, "\"/proc/self/comm\""));
}

static void nothing_leads_out(void **state)
{
	static const struct {
		const char *path;
		int num;
	} rows[] = {
		{ "self/exe", ELOOP },
		{ "self/root", ELOOP },
		{ "self/cwd", ELOOP },
		{ "self/fd/0", ELOOP },
		{ "self/ns/mnt", ELOOP },
		{ "..", EXDEV },
		{ "../etc/passwd", EXDEV },
		{ "/proc/self/comm", EXDEV },
		{ "self/nothing", ENOENT },
		{ "nothing", ENOENT },
	};
	static const int flags[] = { O_RDONLY, O_PATH };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(flags); k++) {
			int r = procfs_file(proc, rows[i].path, flags[k], &err);

			if (r != -rows[i].num)
				fail_msg("\"%s\": got %d, want -%d", rows[i].path, r, rows[i].num);
		}
	}
	assert_true(procfs_file(proc, "self/root/etc/passwd", O_RDONLY, &err) < 0);
	assert_true(procfs_file(proc, "self/cwd/..", O_RDONLY, &err) < 0);
}

/* podman finds failed labels by the backquotes. */
static void labels_are_named_in_backquotes(void **state)
{
	(void)state;
	assert_int_equal(procfs_write(proc, "self/attr/nothing", "x", &err), -ENOENT);
	assert_string_equal(err.msg, "open `/proc/self/attr/nothing`: no such file or directory");
	assert_int_equal(procfs_write(proc, "self/nothing", "x", &err), -ENOENT);
	assert_string_equal(err.msg, "open \"/proc/self/nothing\": no such file or directory");
	assert_int_equal(procfs_write(proc, "self/oom_score_adj", "nonsense", &err), -EINVAL);
	assert_string_equal(err.msg, "write to \"/proc/self/oom_score_adj\": invalid argument");
}

static void reopening(void **state)
{
	char path[] = "/tmp/ringwall-proc-XXXXXX", got[8] = "";
	auto_close int made = mkstemp(path), held = FD_NONE, again = FD_NONE;

	(void)state;
	assert_true(made >= 0);
	assert_int_equal(write(made, "data", 4), 4);
	held = open(path, O_PATH | O_CLOEXEC);
	assert_int_equal(unlink(path), 0); /* the descriptor counts, not the name */
	again = procfs_reopen(proc, held, O_RDONLY, &err);
	assert_true(again >= 0);
	assert_int_equal(read(again, got, sizeof(got)), 4);
	assert_string_equal(got, "data");
	assert_true(fcntl(again, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(again, "x", 1), -1);
	assert_int_equal(procfs_reopen(proc, 9999, O_RDONLY, &err), -ENOENT);
}

static pid_t spawn_waiting(int *out_hold)
{
	int hold[2], ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(hold[1]);
		/* A name made to mislead who counts fields from the left. */
		prctl(PR_SET_NAME, "x) Z 1\n(y) R 2", 0, 0, 0);
		c = 'r';
		_exit(write(ready[1], &c, 1) == 1 && read(hold[0], &c, 1) == 0 ? 0 : 1);
	}
	close(hold[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*out_hold = hold[1];
	return pid;
}

static void processes_are_identified(void **state)
{
	struct process_id self, child, again;
	struct timespec now;
	siginfo_t info;
	int hold;
	pid_t pid = spawn_waiting(&hold);

	(void)state;
	assert_int_equal(procfs_identify(proc, getpid(), &self, &err), 0);
	assert_int_equal(self.pid, getpid());
	assert_int_equal(self.state, 'R');
	assert_int_equal(procfs_identify(proc, pid, &child, &err), 0);
	assert_int_equal(child.pid, pid);
	assert_true(child.state == 'S' || child.state == 'R');
	assert_true(child.start_time >= self.start_time);
	/* "expressed in clock ticks" since boot: proc_pid_stat(5) */
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
	assert_true(child.start_time / (unsigned long long)sysconf(_SC_CLK_TCK) + 60 >
		(unsigned long long)now.tv_sec);

	close(hold);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(procfs_identify(proc, pid, &again, &err), 0);
	assert_int_equal(again.state, 'Z');
	assert_true(again.start_time == child.start_time);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(procfs_identify(proc, pid, &again, &err), -ESRCH);
	assert_non_null(strstr(err.msg, "no such process"));
	assert_int_equal(procfs_identify(proc, 0, &again, &err), -ESRCH);
	assert_int_equal(procfs_identify(proc, -1, &again, &err), -ESRCH);
}

/* ---- children: 0 is success, otherwise the line that failed ---- */

#define MUST(condition)                            \
	do {                                       \
		if (!(condition))                  \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

static void run_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void without_privileges(void)
{
	struct process_id id;
	char *data;
	int fd;

	if (geteuid() == 0)
		MUST(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	MUST(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	for (int walk = 0; walk < 2; walk++) {
		path_force_walk(walk);
		fd = procfs_open(walk ? PROCFS_FULL : PROCFS_PIDS, &err);
		MUST(fd >= 0);
		MUST(procfs_read(fd, "self/comm", 64, &data, &err) == 0);
		MUST(procfs_identify(fd, getpid(), &id, &err) == 0);
		MUST(procfs_file(fd, "self/root", O_PATH, &err) == -ELOOP);
		MUST(procfs_reopen(fd, STDIN_FILENO, O_PATH, &err) >= 0);
	}
}

static void an_unprivileged_user_gets_one(void **state)
{
	(void)state;
	run_child(without_privileges);
}

/* Where namespaces can be had (as root, or by a user namespace): mounts over /proc are noticed
 * in the system's procfs and do not matter to a detached one. */
static void with_mounts_over_proc(void)
{
	char *data;
	int system_proc, own;

	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return;
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	MUST(prctl(PR_SET_NAME, "genuine", 0, 0, 0) == 0);
	system_proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	MUST(mount("/dev/null", "/proc/self/comm", NULL, MS_BIND, NULL) == 0);
	MUST(mount("/proc/self/status", "/proc/self/limits", NULL, MS_BIND, NULL) == 0);
	MUST(mount("none", "/proc/self/attr", "tmpfs", 0, NULL) == 0);
	own = procfs_open(PROCFS_PIDS, &err);
	MUST(own >= 0);
	for (int walk = 0; walk < 2; walk++) {
		path_force_walk(walk);
		MUST(procfs_read(system_proc, "self/comm", 64, &data, &err) == -EXDEV);
		MUST(procfs_read(system_proc, "self/limits", 64, &data, &err) == -EXDEV);
		MUST(procfs_write(system_proc, "self/attr/exec", "x", &err) == -EXDEV);
		if (procfs_read(own, "self/comm", 64, &data, &err) == 0)
			MUST(strcmp(data, "genuine\n") == 0);
		else
			MUST(err.num == EXDEV);
	}
}

static void mounts_over_proc_are_noticed(void **state)
{
	(void)state;
	run_child(with_mounts_over_proc);
}

/* What else may lie at /proc is refused by the fallback; a detached procfs needs no /proc. */
static void with_a_false_proc(const char *source, const char *type, unsigned long flags)
{
	auto_free char *data = NULL;
	int fd;

	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return;
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	MUST(mount(source, "/proc", type, flags, NULL) == 0);
	fd = procfs_open(PROCFS_PIDS, &err);
	if (fd >= 0)
		MUST(procfs_read(fd, "self/comm", 64, &data, &err) == 0);
	/* Fails in a user namespace, which has lost the right to a procfs already. */
	if (setresuid(65534, 65534, 65534) < 0)
		MUST(fd < 0);
	MUST(procfs_open(PROCFS_PIDS, &err) < 0);
	MUST(strstr(err.msg, "not the root of a procfs"));
}

static void with_a_tmpfs(void)
{
	with_a_false_proc("none", "tmpfs", 0);
}

static void with_a_part_of_procfs(void)
{
	with_a_false_proc("/proc/self", NULL, MS_BIND);
}

static void a_false_proc_is_refused(void **state)
{
	(void)state;
	run_child(with_a_tmpfs);
	run_child(with_a_part_of_procfs);
}

/* The system's is copied where it is, one of our own is placed for that. */
static void descriptors_alone(enum procfs_scope scope)
{
	auto_close int tmp = FD_NONE, procfd = FD_NONE, fds = FD_NONE, held = FD_NONE, up = FD_NONE;
	char number[16];
	struct stat st;

	MUST(unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	procfd = scope == PROCFS_PIDS ? procfs_open(scope, &err)
				      : open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	MUST(tmp >= 0 && procfd >= 0);
	fds = procfs_descriptors(procfd, tmp, &err);
	MUST(fds >= 0);
	held = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(number, sizeof(number), "%d", held);
	up = openat(fds, number, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(up >= 0); /* what is opened later is there too */
	MUST(fstatat(fds, "../environ", &st, 0) < 0 && errno == ENOENT);
	MUST(fstatat(fds, "../../self", &st, 0) < 0);
	MUST(faccessat(fds, number, F_OK, 0) == 0);
	MUST(faccessat(fds, "..", F_OK, 0) == 0);
	MUST(faccessat(tmp, "self", F_OK, 0) < 0); /* nothing stays behind */
}

static void descriptors_of_own(void)
{
	descriptors_alone(PROCFS_PIDS);
}

static void descriptors_of_system(void)
{
	descriptors_alone(PROCFS_FULL);
}

static void descriptors_have_nothing_above(void **state)
{
	(void)state;
	run_child(descriptors_of_own);
	run_child(descriptors_of_system);
}

#define FOUR_WAYS(test)                                                                \
	{ #test " (own)", test, setup, teardown, NULL },                               \
		{ #test " (own, no openat2)", test, setup_walk, teardown, NULL },      \
		{ #test " (system)", test, setup_system, teardown, NULL },             \
	{                                                                              \
#test " (system, no openat2)", test, setup_system_walk, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOUR_WAYS(it_is_a_procfs_of_ours),
		FOUR_WAYS(files_are_read_and_written),
		FOUR_WAYS(nothing_leads_out),
		FOUR_WAYS(labels_are_named_in_backquotes),
		FOUR_WAYS(reopening),
		FOUR_WAYS(processes_are_identified),
		cmocka_unit_test(an_unprivileged_user_gets_one),
		cmocka_unit_test(mounts_over_proc_are_noticed),
		cmocka_unit_test(a_false_proc_is_refused),
		cmocka_unit_test(descriptors_have_nothing_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
