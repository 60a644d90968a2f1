// SPDX-License-Identifier: Apache-2.0
/* HOME, working directory and program, in a small root directory.  Expectations from passwd(5),
 * execvp(3), execve(2) and the words that engines match (docs/errors.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/procfs.h"
#include "runtime/process/internal.h"

/* A root, and a plan that is looked up in it. */
struct fixture {
	char dir[64];
	int root, procfd, back;
	struct spec spec;
	struct spec_process process;
	struct process_plan plan;
	char *argv[2], *envp[4];
	struct err err;
};

static void put(const struct fixture *f, const char *name, const char *text, mode_t mode)
{
	int fd = openat(f->root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int root;

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_process_resolve.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	root = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->back = open(".", O_PATH | O_CLOEXEC);
	f->root = root;
	f->procfd = procfs_open(PROCFS_PIDS, &f->err);
	assert_true(f->root >= 0 && f->back >= 0 && f->procfd >= 0);
	assert_int_equal(mkdirat(root, "etc", 0755), 0);
	assert_int_equal(mkdirat(root, "bin", 0755), 0);
	assert_int_equal(mkdirat(root, "usr", 0755), 0);
	assert_int_equal(mkdirat(root, "work", 0755), 0);
	f->plan = (struct process_plan){ .process = &f->process,
		.spec = &f->spec,
		.argv = f->argv,
		.envp = f->envp,
		.has_home = true,
		.uid = 1000 };
	f->process.cwd = "/";
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[100];

	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	assert_int_equal(fchdir(f->back), 0);
	assert_int_equal(system(command), 0);
	close(f->root);
	close(f->procfd);
	close(f->back);
	free(f);
	return 0;
}

static int resolve(struct fixture *f)
{
	return process_resolve(&f->plan, f->root, f->procfd, &f->err);
}

/* ---- HOME ---- */

static void home_of_passwd_lines(void **state)
{
	static const struct {
		const char *text;
		uint32_t uid;
		const char *home;
	} rows[] = {
		{ "root:x:0:0:root:/r:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n", 1000,
			"/home/me" },
		{ "root:x:0:0:root:/r:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh", 0, "/r" },
		{ "me:x:1000:1000::/home/me", 1000, "/home/me" }, /* no shell */
		{ "a:x:1000:1::/first:\nb:x:1000:1::/second:\n", 1000, "/first" },
		{ "", 1000, "/" },
		{ "", 0, "/root" },
		{ "me:x:1000:1000::relative:/bin/sh\n", 1000, "/" },
		{ "me:x:1000:1000:::/bin/sh\n", 1000, "/" },
		{ "me:x: 1000:1000::/h:/bin/sh\n", 1000, "/" },
		{ "me:x:1000x:1000::/h:/bin/sh\n", 1000, "/" },
		{ "me:x:4294968296:1000::/h:/bin/sh\n", 1000, "/" }, /* 2^32 + 1000 */
		{ "::::\n\n:x\nme:x:1000:1000::/h:/bin/sh\n", 1000, "/h" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = xstrdup(rows[i].text);
		char home[64];

		home_find(text, rows[i].uid, home, sizeof(home));
		if (strcmp(home, rows[i].home) != 0)
			fail_msg("row %zu: \"%s\"", i, home);
	}
}

static void home_is_added_when_missing(void **state)
{
	struct fixture *f = *state;

	f->plan.has_home = false;
	f->envp[0] = xstrdup("A=1");
	put(f, "etc/passwd", "me:x:1000:1000::/home/me:/bin/sh\n", 0644);
	assert_int_equal(resolve(f), 0);
	assert_string_equal(f->envp[0], "A=1");
	assert_string_equal(f->envp[1], "HOME=/home/me");
	assert_null(f->envp[2]);
	free(f->envp[0]);
	free(f->envp[1]);
}

static void a_fifo_for_passwd_does_not_hang(void **state)
{
	struct fixture *f = *state;

	f->plan.has_home = false;
	assert_int_equal(mkfifoat(f->root, "etc/passwd", 0644), 0);
	alarm(5);
	assert_int_equal(resolve(f), 0);
	alarm(0);
	assert_string_equal(f->envp[0], "HOME=/");
	free(f->envp[0]);
}

/* ---- working directory ---- */

static void cwd_is(const struct fixture *f, const char *path)
{
	char cwd[256], wanted[256];

	snprintf(wanted, sizeof(wanted), "%s%s", f->dir, path);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_string_equal(cwd, wanted);
}

static void cwd_is_entered(void **state)
{
	struct fixture *f = *state;

	f->process.cwd = "/work";
	assert_int_equal(resolve(f), 0);
	cwd_is(f, "/work");
}

static void cwd_stays_in_the_root(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlinkat("/../../work", f->root, "link"), 0);
	f->process.cwd = "/../link";
	assert_int_equal(resolve(f), 0);
	cwd_is(f, "/work");
}

static void a_missing_cwd_is_made(void **state)
{
	struct fixture *f = *state;
	mode_t mask = umask(077);
	struct stat st;

	f->process.cwd = "/a/b";
	assert_int_equal(resolve(f), 0);
	assert_int_equal(umask(mask), 077);
	cwd_is(f, "/a/b");
	assert_int_equal(fstatat(f->root, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

static void exec_makes_no_cwd(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	f->process.cwd = "/a";
	f->plan.is_exec = true;
	assert_int_equal(resolve(f), -ENOENT);
	assert_non_null(strstr(f->err.msg, "process.cwd \"/a\""));
	assert_int_equal(fstatat(f->root, "a", &st, 0), -1);
}

static void bad_cwds(void **state)
{
	struct fixture *f = *state;

	put(f, "file", "", 0644);
	f->process.cwd = "/file";
	assert_int_equal(resolve(f), -ENOTDIR);
	f->process.cwd = "work";
	assert_int_equal(resolve(f), -EINVAL);
	assert_non_null(strstr(f->err.msg, "not an absolute path"));
}

/* CVE-2024-21626: a descriptor of a directory of the host as working directory. */
static void cwd_through_a_descriptor_is_refused(void **state)
{
	struct fixture *f = *state;
	int root = open("/", O_PATH | O_CLOEXEC), host = open("/usr", O_PATH | O_CLOEXEC);
	char cwd[64];

	snprintf(cwd, sizeof(cwd), "/proc/self/fd/%d", host);
	f->process.cwd = cwd;
	assert_true(process_resolve(&f->plan, root, f->procfd, &f->err) < 0);
	assert_int_equal(f->err.num, ELOOP);
	close(root);
	close(host);
}

/* ---- program ---- */

static int find(struct fixture *f, const char *name, const char *path)
{
	f->argv[0] = (char *)(uintptr_t)name;
	f->envp[0] = (char *)(uintptr_t)path;
	f->plan.root_fd = f->root;
	memset(&f->err, 0, sizeof(f->err));
	return program_find(&f->plan, &f->err);
}

static void expect(struct fixture *f, int r, int wanted, enum err_kind kind, const char *phrase)
{
	assert_int_equal(r, wanted);
	if (f->err.kind != (int)kind || !strstr(f->err.msg, phrase))
		fail_msg("kind %d: %s", f->err.kind, f->err.msg);
}

#define SCRIPT "#!/bin/sh\n"

static void a_path_is_taken_as_it_is(void **state)
{
	struct fixture *f = *state;

	put(f, "bin/sh", "", 0755);
	put(f, "bin/prog", SCRIPT, 0755);
	assert_int_equal(find(f, "/bin/prog", NULL), 0);
	assert_string_equal(f->plan.exe_path, "/bin/prog");
	assert_int_equal(find(f, "/bin/../bin//prog", NULL), 0);
	assert_string_equal(f->plan.exe_path, "/bin/../bin//prog");
}

static void links_stay_in_the_root(void **state)
{
	struct fixture *f = *state;

	put(f, "bin/sh", "", 0755);
	put(f, "bin/prog", SCRIPT, 0755);
	assert_int_equal(symlinkat("/bin/prog", f->root, "absolute"), 0);
	assert_int_equal(find(f, "/absolute", NULL), 0);
	assert_string_equal(f->plan.exe_path, "/absolute");
}

static void path_is_searched_in_order(void **state)
{
	struct fixture *f = *state;

	put(f, "bin/sh", "", 0755);
	put(f, "usr/prog", SCRIPT, 0755);
	assert_int_equal(find(f, "prog", "PATH=/none:/bin:/usr"), 0);
	assert_string_equal(f->plan.exe_path, "/usr/prog");
	put(f, "bin/prog", SCRIPT, 0644); /* may not be executed: the search goes on */
	assert_int_equal(find(f, "prog", "PATH=/none:/bin:/usr"), 0);
	assert_string_equal(f->plan.exe_path, "/usr/prog");
	put(f, "bin/prog", SCRIPT, 0755);
	assert_int_equal(find(f, "prog", "PATH=/none:/bin:/usr"), 0);
	assert_string_equal(f->plan.exe_path, "/bin/prog");
}

static void without_path_there_is_a_default(void **state)
{
	struct fixture *f = *state;

	put(f, "bin/sh", "", 0755);
	assert_int_equal(find(f, "sh", "HOME=/"), 0);
	assert_string_equal(f->plan.exe_path, "/bin/sh");
	expect(f, find(f, "sh", "PATH=/usr"), -ENOENT, ERR_NO_EXECUTABLE,
		"executable file not found in $PATH");
}

static void relative_names_start_at_the_working_directory(void **state)
{
	struct fixture *f = *state;
	int host;

	/* The root must be the process's own for getcwd: the host's will do here. */
	put(f, "work/prog", "", 0755);
	host = open("/", O_PATH | O_CLOEXEC);
	assert_int_equal(fchdir(f->root), 0);
	f->argv[0] = (char *)(uintptr_t) "work/prog";
	f->plan.root_fd = host;
	assert_int_equal(program_find(&f->plan, &f->err), 0);
	assert_string_equal(f->plan.exe_path, "work/prog");
	assert_int_equal(chdir("work"), 0);
	f->argv[0] = (char *)(uintptr_t) "prog";
	f->envp[0] = (char *)(uintptr_t) "PATH=/none:"; /* an empty entry: the working directory */
	assert_int_equal(program_find(&f->plan, &f->err), 0);
	assert_string_equal(f->plan.exe_path, "./prog");
	f->envp[0] = (char *)(uintptr_t) "PATH=../work";
	assert_int_equal(program_find(&f->plan, &f->err), 0);
	assert_string_equal(f->plan.exe_path, "../work/prog");
	close(host);
}

static void what_is_missing_or_not_executable(void **state)
{
	struct fixture *f = *state;

	put(f, "bin/data", "", 0644);
	assert_int_equal(mkfifoat(f->root, "bin/fifo", 0755), 0);
	expect(f, find(f, "prog", "PATH=/bin:/usr"), -ENOENT, ERR_NO_EXECUTABLE,
		"executable file not found in $PATH");
	expect(f, find(f, "", "PATH=/bin"), -EACCES, ERR_NOT_EXECUTABLE, "is a directory");
	expect(f, find(f, "/bin/prog", NULL), -ENOENT, ERR_NO_EXECUTABLE,
		"no such file or directory");
	expect(f, find(f, "/bin/data/x", NULL), -ENOTDIR, ERR_NO_EXECUTABLE, "not a directory");
	expect(f, find(f, "/bin/data", NULL), -EACCES, ERR_NOT_EXECUTABLE, "permission denied");
	assert_non_null(strstr(f->err.hint, "0644"));
	expect(f, find(f, "data", "PATH=/bin:/usr"), -EACCES, ERR_NOT_EXECUTABLE,
		"permission denied");
	expect(f, find(f, "/bin", NULL), -EACCES, ERR_NOT_EXECUTABLE, "is a directory");
	expect(f, find(f, "/bin/fifo", NULL), -EACCES, ERR_NOT_EXECUTABLE, "not a regular file");
}

static void a_missing_interpreter_is_told(void **state)
{
	struct fixture *f = *state;

	put(f, "bin/prog", "#! /bin/none -x\n", 0755);
	expect(f, find(f, "/bin/prog", NULL), -ENOENT, ERR_NO_EXECUTABLE,
		"interpreter \"/bin/none\": no such file or directory");
	put(f, "usr/prog", SCRIPT, 0755); /* not looked for: the first one was meant */
	expect(f, find(f, "prog", "PATH=/bin:/usr"), -ENOENT, ERR_NO_EXECUTABLE, "/bin/none");
	put(f, "bin/sh", "", 0755);
	put(f, "bin/prog", "#!/bin/sh\r\n", 0755);
	expect(f, find(f, "/bin/prog", NULL), -ENOENT, ERR_NO_EXECUTABLE, "/bin/sh");
	assert_non_null(strstr(f->err.hint, "CR LF"));
	put(f, "bin/prog", SCRIPT, 0755);
	assert_int_equal(find(f, "/bin/prog", NULL), 0);
}

/* This very program is dynamic, and its loader is not in the small root. */
static void a_missing_loader_is_told(void **state)
{
	struct fixture *f = *state;
	char command[256];

	snprintf(command, sizeof(command),
		"cp /bin/sh '%s/bin/dynamic' && chmod 755 '%s/bin/dynamic'", f->dir, f->dir);
	assert_int_equal(system(command), 0);
	expect(f, find(f, "/bin/dynamic", NULL), -ENOENT, ERR_NO_EXECUTABLE, "dynamic loader \"/");
}

/* Whatever the kernel is to judge is not judged here. */
static void odd_files_are_left_to_the_kernel(void **state)
{
	static const char *const heads[] = { "", "#", "#!", "#!\n", "#!   \n", "\177ELF", "MZ" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		put(f, "bin/prog", heads[i], 0755);
		assert_int_equal(find(f, "/bin/prog", NULL), 0);
	}
}

/* CVE-2019-5736: our own binary under the name of the container's program. */
static void our_own_binary_is_no_program(void **state)
{
	struct fixture *f = *state;
	int host = open("/", O_PATH | O_CLOEXEC);
	char path[100];

	f->argv[0] = (char *)(uintptr_t) "/proc/self/exe";
	f->plan.root_fd = host;
	assert_int_equal(program_find(&f->plan, &f->err), -ELOOP);
	put(f, "bin/prog", "#!/proc/self/exe\n", 0755);
	snprintf(path, sizeof(path), "%s/bin/prog", f->dir);
	f->argv[0] = path;
	assert_int_equal(program_find(&f->plan, &f->err), -ELOOP);
	assert_int_equal(f->err.kind, ERR_NOT_EXECUTABLE);
	close(host);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(home_of_passwd_lines),
		TEST(home_is_added_when_missing),
		TEST(a_fifo_for_passwd_does_not_hang),
		TEST(cwd_is_entered),
		TEST(cwd_stays_in_the_root),
		TEST(a_missing_cwd_is_made),
		TEST(exec_makes_no_cwd),
		TEST(bad_cwds),
		TEST(cwd_through_a_descriptor_is_refused),
		TEST(a_path_is_taken_as_it_is),
		TEST(links_stay_in_the_root),
		TEST(path_is_searched_in_order),
		TEST(without_path_there_is_a_default),
		TEST(relative_names_start_at_the_working_directory),
		TEST(what_is_missing_or_not_executable),
		TEST(a_missing_interpreter_is_told),
		TEST(a_missing_loader_is_told),
		TEST(odd_files_are_left_to_the_kernel),
		TEST(our_own_binary_is_no_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
