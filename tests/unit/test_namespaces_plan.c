// SPDX-License-Identifier: Apache-2.0
/* namespaces/plan.c and shape.c: what a configuration, or a process to join, makes of the eight
 * namespaces.  Nothing here needs privileges: the namespaces joined by path are our own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/procfs.h"
#include "base/sys.h"
#include "namespaces/internal.h"
#include "namespaces/namespace.h"

struct fixture {
	struct spec spec;
	struct spec_linux linux_;
	struct ns_plan plan;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->spec.linux_ = &f->linux_;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void list(struct fixture *f, enum ns_type type, const char *path)
{
	f->linux_.namespaces[type] = (struct spec_namespace){ true, path };
}

static void assert_config_error(struct fixture *f, const char *text)
{
	assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), -EINVAL);
	assert_int_equal(f->err.kind, ERR_CONFIG);
	assert_string_equal(f->err.msg, text);
}

static void test_nothing_listed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), 0);
	assert_int_equal(f->plan.new_flags, 0);
	assert_int_equal(f->plan.join_flags, 0);
	for (int type = 0; type < NS_COUNT; type++) {
		assert_false(f->plan.own[type]);
		assert_false(f->plan.new_[type]);
		assert_int_equal(f->plan.join_fds[type], FD_NONE);
	}
	ns_plan_release(&f->plan);
}

static void test_new(void **state)
{
	static const uint64_t flags[NS_COUNT] = {
		[NS_USER] = CLONE_NEWUSER,
		[NS_PID] = CLONE_NEWPID,
		[NS_NETWORK] = CLONE_NEWNET,
		[NS_IPC] = CLONE_NEWIPC,
		[NS_UTS] = CLONE_NEWUTS,
		[NS_CGROUP] = CLONE_NEWCGROUP,
		[NS_TIME] = CLONE_NEWTIME,
		[NS_MOUNT] = CLONE_NEWNS,
	};
	struct spec_idmap map = { 0, 100000, 65536 };
	struct fixture *f = *state;

	f->linux_.uid_mappings.items = f->linux_.gid_mappings.items = &map;
	f->linux_.uid_mappings.count = f->linux_.gid_mappings.count = 1;
	for (int type = 0; type < NS_COUNT; type++) {
		memset(f->linux_.namespaces, 0, sizeof(f->linux_.namespaces));
		list(f, (enum ns_type)type, NULL);
		assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), 0);
		assert_int_equal(f->plan.new_flags, flags[type]);
		for (int other = 0; other < NS_COUNT; other++) {
			assert_int_equal(f->plan.own[other], other == type);
			assert_int_equal(f->plan.new_[other], other == type);
		}
		assert_int_equal(f->plan.uid_mappings.count, type == NS_USER);
		assert_int_equal(f->plan.gid_mappings.count, type == NS_USER);
		ns_plan_release(&f->plan);
	}
}

/* The empty path is what an absent one reads as in some engines' documents. */
static void test_empty_path_is_new(void **state)
{
	struct fixture *f = *state;

	list(f, NS_UTS, "");
	assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), 0);
	assert_int_equal(f->plan.new_flags, CLONE_NEWUTS);
	ns_plan_release(&f->plan);
}

/* A user namespace without maps gets one that holds the caller. */
static void test_default_maps(void **state)
{
	struct fixture *f = *state;

	list(f, NS_USER, NULL);
	assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), 0);
	assert_true(f->plan.uid_mappings.count >= 1);
	assert_true(f->plan.gid_mappings.count >= 1);
	assert_int_equal(f->plan.uid_mappings.items[0].container_id, 0);
	ns_plan_release(&f->plan);
}

static void test_time_offsets(void **state)
{
	struct spec_time_offset offset = { 100, 0 };
	struct fixture *f = *state;

	f->linux_.time_boottime = &offset;
	list(f, NS_TIME, NULL);
	assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), 0);
	assert_ptr_equal(f->plan.time_boottime, &offset);
	assert_null(f->plan.time_monotonic);
	ns_plan_release(&f->plan);
	/* One that exists has its offsets already. */
	list(f, NS_TIME, "/proc/self/ns/time");
	assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), 0);
	assert_null(f->plan.time_boottime);
	ns_plan_release(&f->plan);
}

/* R10: a path that leads to the namespace that we are in is no namespace of the container's own. */
static void test_own_path_is_inherited(void **state)
{
	struct fixture *f = *state;
	char path[64];

	for (int type = 0; type < NS_COUNT; type++) {
		memset(f->linux_.namespaces, 0, sizeof(f->linux_.namespaces));
		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_kinds[type].proc_name);
		list(f, (enum ns_type)type, path);
		assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), 0);
		assert_false(f->plan.own[type]);
		assert_int_equal(f->plan.join_fds[type], FD_NONE);
		assert_int_equal(f->plan.new_flags, 0);
		ns_plan_release(&f->plan);
	}
}

/* config-linux.md: the path must be of the type that is listed. */
static void test_other_type(void **state)
{
	struct fixture *f = *state;

	list(f, NS_NETWORK, "/proc/self/ns/uts");
	assert_config_error(
		f, "linux.namespaces (network): \"/proc/self/ns/uts\" is a uts namespace");
	memset(f->linux_.namespaces, 0, sizeof(f->linux_.namespaces));
	list(f, NS_MOUNT, "/proc/self/ns/net");
	assert_config_error(
		f, "linux.namespaces (mount): \"/proc/self/ns/net\" is a network namespace");
}

static void test_no_namespace(void **state)
{
	char path[] = "/tmp/ns-plan-XXXXXX", fifo[64], text[160];
	struct fixture *f = *state;

	list(f, NS_IPC, "/dev/null");
	assert_config_error(f, "linux.namespaces (ipc): \"/dev/null\" is not a namespace");
	list(f, NS_IPC, "/proc/self/status");
	assert_config_error(f, "linux.namespaces (ipc): \"/proc/self/status\" is not a namespace");
	/* Nobody writes to this fifo: to open it must not block. */
	assert_non_null(mkdtemp(path));
	snprintf(fifo, sizeof(fifo), "%s/fifo", path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	list(f, NS_IPC, fifo);
	snprintf(text, sizeof(text), "linux.namespaces (ipc): \"%s\" is not a namespace", fifo);
	assert_config_error(f, text);
	unlink(fifo);
	rmdir(path);
}

static void test_missing_path(void **state)
{
	struct fixture *f = *state;

	list(f, NS_PID, "/proc/self/ns/none");
	assert_int_equal(ns_plan_create(&f->spec, &f->plan, &f->err), -ENOENT);
	assert_string_equal(f->err.msg,
		"linux.namespaces (pid): open \"/proc/self/ns/none\": "
		"no such file or directory");
}

/* ---- exec ---- */

static void test_join_like_us(void **state)
{
	struct fixture *f = *state;
	int procfd = procfs_open(PROCFS_PIDS, &f->err);
	int pidfd = sys_pidfd_open(getpid());

	assert_true(procfd >= 0 && pidfd >= 0);
	assert_int_equal(ns_plan_join(procfd, getpid(), pidfd, &f->plan, &f->err), 0);
	assert_int_equal(f->plan.join_flags, 0);
	assert_int_equal(f->plan.new_flags, 0);
	assert_int_equal(f->plan.join_pidfd, pidfd);
	for (int type = 0; type < NS_COUNT; type++)
		assert_false(f->plan.own[type]);
	ns_plan_release(&f->plan);
	close(pidfd);
	close(procfd);
}

/* A zombie has no namespaces any more: to find "no difference" would run an exec on the host. */
static void test_join_ended(void **state)
{
	struct fixture *f = *state;
	int procfd = procfs_open(PROCFS_PIDS, &f->err), pidfd;
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	pidfd = sys_pidfd_open(pid);
	assert_true(procfd >= 0 && pidfd >= 0);
	assert_int_equal(sys_pidfd_wait(pidfd, &info, WNOWAIT), 0);
	assert_int_equal(ns_plan_join(procfd, pid, pidfd, &f->plan, &f->err), -ESRCH);
	assert_int_equal(f->err.kind, ERR_NOT_RUNNING);
	assert_int_equal(sys_pidfd_wait(pidfd, &info, 0), 0);
	assert_int_equal(ns_plan_join(procfd, pid, pidfd, &f->plan, &f->err), -ESRCH);
	assert_int_equal(f->err.kind, ERR_NOT_RUNNING);
	/* The pid has gone to another process: ours. */
	assert_int_equal(ns_plan_join(procfd, getpid(), pidfd, &f->plan, &f->err), -ESRCH);
	assert_int_equal(f->err.kind, ERR_NOT_RUNNING);
	close(pidfd);
	close(procfd);
}

/* ---- stages ---- */

static struct ns_plan bare_plan(uint64_t new_flags)
{
	struct ns_plan plan = { .new_flags = new_flags, .join_pidfd = FD_NONE, .procfd = FD_NONE };

	for (int type = 0; type < NS_COUNT; type++)
		plan.join_fds[type] = FD_NONE;
	return plan;
}

#define USUAL (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS)

static void test_shape_usual(void **state)
{
	struct ns_plan plan = bare_plan(USUAL | CLONE_NEWCGROUP);
	struct ns_shape shape = ns_shape_of(&plan);

	(void)state;
	assert_false(shape.two_stages || shape.talks || shape.joins || shape.cgroup_late);
	/* The cgroup namespace must not take the parent's cgroup for its root. */
	assert_int_equal(shape.clone_flags, USUAL);
	assert_int_equal(shape.unshare_flags, 0);
}

static void test_shape_user(void **state)
{
	struct ns_plan plan = bare_plan(USUAL | CLONE_NEWUSER);
	struct ns_shape shape = ns_shape_of(&plan);

	(void)state;
	assert_false(shape.two_stages);
	assert_true(shape.talks);
	assert_int_equal(shape.clone_flags, USUAL | CLONE_NEWUSER);
}

static void test_shape_time(void **state)
{
	struct spec_time_offset offset = { 1, 0 };
	struct ns_plan plan = bare_plan(USUAL | CLONE_NEWTIME);
	struct ns_shape shape = ns_shape_of(&plan);

	(void)state;
	assert_false(shape.talks || shape.offsets);
	assert_int_equal(shape.clone_flags, USUAL | CLONE_NEWTIME);
	plan.time_monotonic = &offset;
	shape = ns_shape_of(&plan);
	assert_true(shape.talks && shape.offsets);
	assert_false(shape.two_stages);
	assert_int_equal(shape.clone_flags, USUAL);
}

static void test_shape_join(void **state)
{
	struct ns_plan plan = bare_plan(CLONE_NEWPID | CLONE_NEWNS);
	struct ns_shape shape;

	(void)state;
	/* A pod's container. */
	plan.join_fds[NS_NETWORK] = 1000;
	shape = ns_shape_of(&plan);
	assert_true(shape.joins && shape.talks);
	assert_false(shape.two_stages);
	assert_int_equal(shape.clone_flags, CLONE_NEWPID | CLONE_NEWNS);
	/* What is joined belongs to an outer user namespace: before the new one is made. */
	plan.new_flags |= CLONE_NEWUSER;
	shape = ns_shape_of(&plan);
	assert_true(shape.two_stages && shape.cgroup_late);
	assert_int_equal(shape.clone_flags, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS);
}

/* R7: who is born into a joined pid namespace has joined everything else before. */
static void test_shape_join_pid(void **state)
{
	struct ns_plan plan = bare_plan(0);
	struct ns_shape shape;

	(void)state;
	plan.join_flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP;
	shape = ns_shape_of(&plan);
	assert_true(shape.two_stages && shape.talks);
	assert_false(shape.cgroup_late);
	assert_int_equal(shape.clone_flags | shape.unshare_flags, 0);
	plan = bare_plan(CLONE_NEWNS);
	plan.join_fds[NS_PID] = 1000;
	shape = ns_shape_of(&plan);
	assert_true(shape.two_stages && shape.cgroup_late);
	assert_int_equal(shape.clone_flags, CLONE_NEWNS);
}

static void test_shape_join_user(void **state)
{
	struct ns_plan plan = bare_plan(CLONE_NEWNS | CLONE_NEWNET);
	struct ns_shape shape;

	(void)state;
	plan.join_fds[NS_USER] = 1000;
	/* The joined user namespace must own the new ones: made after joining. */
	shape = ns_shape_of(&plan);
	assert_false(shape.two_stages || shape.cgroup_late);
	assert_int_equal(shape.clone_flags, 0);
	assert_int_equal(shape.unshare_flags, CLONE_NEWNS | CLONE_NEWNET);
	plan.new_flags |= CLONE_NEWPID;
	shape = ns_shape_of(&plan);
	assert_true(shape.two_stages);
	assert_false(shape.cgroup_late);
	assert_int_equal(shape.clone_flags, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET);
	assert_int_equal(shape.unshare_flags, 0);
}

static void test_flags_text(void **state)
{
	char text[128];

	(void)state;
	assert_string_equal(
		ns_flags_text(CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET, text, sizeof(text)),
		"user, network, mount");
	assert_string_equal(ns_flags_text(0, text, sizeof(text)), "");
	ns_flags_text(~0ull, text, 10); /* cut, not overrun */
	assert_true(strlen(text) < 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_listed),
		TEST(test_new),
		TEST(test_empty_path_is_new),
		TEST(test_default_maps),
		TEST(test_time_offsets),
		TEST(test_own_path_is_inherited),
		TEST(test_other_type),
		TEST(test_no_namespace),
		TEST(test_missing_path),
		TEST(test_join_like_us),
		TEST(test_join_ended),
		TEST(test_shape_usual),
		TEST(test_shape_user),
		TEST(test_shape_time),
		TEST(test_shape_join),
		TEST(test_shape_join_pid),
		TEST(test_shape_join_user),
		TEST(test_flags_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
