// SPDX-License-Identifier: Apache-2.0
/*
 * base/err.c and hints.c: texts, context, truncation, and the engines' own patterns over every
 * kind. The patterns are those of containerd, CRI-O, podman and docker, as they stand in their
 * sources; Go's regular expressions are written as POSIX extended ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"

static bool matches(const char *pattern, int flags, const char *text)
{
	regex_t re;
	bool found;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | flags), 0);
	found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

static void sys_appends_the_cause(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_sys(&e, ENOENT, "open \"%s\"", "/x"), -ENOENT);
	assert_string_equal(e.msg, "open \"/x\": no such file or directory");
	assert_int_equal(e.num, ENOENT);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_string_equal(e.hint, "");
}

static void sys_takes_no_zero(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_sys(&e, 0, "read"), -EIO);
	assert_string_equal(e.msg, "read: input/output error");
}

static void sys_names_unknown_numbers(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_sys(&e, 524, "bpf"), -524); /* the kernel's ENOTSUPP */
	assert_string_equal(e.msg, "bpf: unknown error 524");
	assert_string_equal(err_name(524), "E?");
}

static void sys_finds_the_hint(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_sys(&e, ENOSPC, "mount \"proc\" on \"/proc\"");
	assert_non_null(strstr(e.hint, "/proc/sys/fs/mount-max"));
	err_sys(&e, ENOSPC, "mount");
	assert_non_null(strstr(e.hint, "/proc/sys/fs/mount-max"));
	err_sys(&e, ENOSPC, "mounted \"proc\"");
	assert_string_equal(e.hint, "");
	err_hint(&e, "first");
	err_hint(&e, "second");
	assert_string_equal(e.hint, "first");
}

static void context_goes_in_front(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_bad(&e, ERR_CONFIG, "expected integer, got string");
	assert_int_equal(err_in(&e, "mounts[%d]", 3), -EINVAL);
	assert_int_equal(err_in(&e, "config"), -EINVAL);
	assert_string_equal(e.msg, "config: mounts[3]: expected integer, got string");
}

/* When the buffer is full the outermost context is dropped and the cause is kept. */
static void the_cause_survives(void **state)
{
	static const char cause[] = ": operation not permitted";
	struct err e = { 0 };
	char name[2000];
	size_t len;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	err_sys(&e, EPERM, "open %s", name);
	len = strlen(e.msg);
	assert_true(len < sizeof(e.msg));
	assert_string_equal(e.msg + len - strlen(cause), cause);
	for (int i = 0; i < 100; i++)
		assert_int_equal(err_in(&e, "context %d", i), -EPERM);
	len = strlen(e.msg);
	assert_true(len < sizeof(e.msg));
	assert_string_equal(e.msg + len - strlen(cause), cause);
	assert_null(strstr(e.msg, "context 99"));
	assert_non_null(strstr(e.msg, "context 0"));
	assert_int_equal(err_in(&e, "%s", name), -EPERM);
	assert_string_equal(e.msg + len - strlen(cause), cause);
}

static void dropping_forgets(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_sys(&e, ENOSPC, "mount");
	err_drop(&e);
	assert_int_equal(e.num, 0);
	assert_int_equal(e.kind, ERR_OTHER);
	assert_string_equal(e.msg, "");
	assert_string_equal(e.hint, "");
}

/* Go's syscall texts, which engines compare with: lower case, no full stop. */
static void errno_texts(void **state)
{
	static const struct {
		int num;
		const char *name, *text;
	} want[] = {
		{ EPERM, "EPERM", "operation not permitted" },
		{ ENOENT, "ENOENT", "no such file or directory" },
		{ ESRCH, "ESRCH", "no such process" },
		{ EACCES, "EACCES", "permission denied" },
		{ EISDIR, "EISDIR", "is a directory" },
		{ ENOTDIR, "ENOTDIR", "not a directory" },
		{ ENOEXEC, "ENOEXEC", "exec format error" },
		{ EEXIST, "EEXIST", "file exists" },
		{ EBUSY, "EBUSY", "device or resource busy" },
		{ EINVAL, "EINVAL", "invalid argument" },
		{ ENOSPC, "ENOSPC", "no space left on device" },
		{ EROFS, "EROFS", "read-only file system" },
		{ ELOOP, "ELOOP", "too many levels of symbolic links" },
		{ ETIMEDOUT, "ETIMEDOUT", "connection timed out" },
		{ ECONNREFUSED, "ECONNREFUSED", "connection refused" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_string_equal(err_name(want[i].num), want[i].name);
		assert_string_equal(err_text(want[i].num), want[i].text);
	}
	for (int num = 1; num < 200; num++) {
		const char *name = err_name(num), *text = err_text(num);

		assert_true(name[0] == 'E');
		assert_false(isupper((unsigned char)text[0]));
		assert_true(text[strlen(text) - 1] != '.');
		/* Every name belongs to one number. */
		for (int other = 1; strcmp(name, "E?") != 0 && other < num; other++)
			assert_string_not_equal(err_name(other), name);
	}
}

/* The table is indexed by kind and every phrase appears once. */
static void kinds_are_complete(void **state)
{
	(void)state;
	for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
		const struct err_kind_info *info = err_kind_info((enum err_kind)kind);
		struct err e = { 0 };

		assert_int_equal(info->kind, kind);
		assert_true(info->num > 0);
		assert_int_equal(err_bad(&e, (enum err_kind)kind, "container \"c1\""), -info->num);
		assert_int_equal(e.kind, kind);
		if (!info->phrase) {
			assert_string_equal(e.msg, "container \"c1\"");
			continue;
		}
		assert_non_null(strstr(e.msg, info->phrase));
		assert_int_equal(
			err_bad(&e, (enum err_kind)kind, "c1: %s", info->phrase), -info->num);
		assert_null(strstr(strstr(e.msg, info->phrase) + 1, info->phrase));
	}
}

static void a_phrase_survives_long_names(void **state)
{
	char name[2000];
	struct err e = { 0 };

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
		const char *phrase = err_kind_info((enum err_kind)kind)->phrase;

		err_bad(&e, (enum err_kind)kind, "\"%s\"", name);
		if (phrase)
			assert_non_null(strstr(e.msg, phrase));
	}
}

/* ---- the engines ---- */

/* containerd, cmd/containerd-shim-runc-v2/process/utils.go: checkKillError */
static const char *containerd_kill(const char *msg)
{
	char lower[1024];
	size_t i;

	for (i = 0; msg[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)tolower((unsigned char)msg[i]);
	lower[i] = '\0';
	if (strstr(msg, "os: process already finished") || strstr(msg, "container not running") ||
		strstr(lower, "no such process"))
		return "process already finished";
	if (strstr(msg, "does not exist"))
		return "no such container";
	return "unknown error after kill";
}

/* CRI-O, internal/oci/runtime_oci.go: case-sensitive, on stderr */
static bool crio_gone(const char *msg)
{
	return strstr(msg, "container not running") || strstr(msg, "no such process");
}

enum podman {
	PODMAN_PERMISSION,
	PODMAN_NOT_FOUND,
	PODMAN_SET_LABEL,
	PODMAN_GET_LABEL,
	PODMAN_OTHER
};

/* podman, libpod/oci_util.go: getOCIRuntimeError; the order counts */
static enum podman podman_class(const char *msg)
{
	if (matches("permission denied|operation not permitted", REG_ICASE, msg))
		return PODMAN_PERMISSION;
	if (matches("executable file not found in|no such file or directory|open executable",
		    REG_ICASE, msg))
		return PODMAN_NOT_FOUND;
	if (matches("`/proc/[a-z0-9-].+/attr.*/exec`", 0, msg))
		return PODMAN_SET_LABEL;
	if (matches("`/proc/[a-z0-9-].+/attr.*/current`", 0, msg))
		return PODMAN_GET_LABEL;
	return PODMAN_OTHER;
}

/* docker, daemon/errors.go: setExitCodeFromError compares in lower case; 0: other */
static int docker_exit_code(const char *msg)
{
	if (matches("executable file not found|no such file or directory|"
		    "system cannot find the file specified",
		    REG_ICASE, msg))
		return 127;
	if (matches("permission denied|is a directory", REG_ICASE, msg))
		return 126;
	return 0;
}

static void engines_know_a_dead_container(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_bad(&e, ERR_NOT_RUNNING, "kill \"c1\"");
	assert_string_equal(containerd_kill(e.msg), "process already finished");
	assert_true(crio_gone(e.msg));
	err_sys(&e, ESRCH, "signal process 5");
	assert_string_equal(containerd_kill(e.msg), "process already finished");
	assert_true(crio_gone(e.msg));
}

static void engines_know_a_missing_container(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_bad(&e, ERR_NO_CONTAINER, "\"c1\"");
	assert_string_equal(containerd_kill(e.msg), "no such container");
	assert_false(crio_gone(e.msg));
	assert_int_equal(podman_class(e.msg), PODMAN_OTHER);
	assert_int_equal(docker_exit_code(e.msg), 0);
	err_bad(&e, ERR_EXISTS, "\"c1\"");
	assert_non_null(strstr(e.msg, "container with given ID already exists")); /* as runc's */
}

static void engines_know_a_missing_executable(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_bad(&e, ERR_NO_EXECUTABLE, "exec \"nothere\"");
	assert_non_null(strstr(e.msg, "executable file not found in $PATH"));
	assert_int_equal(podman_class(e.msg), PODMAN_NOT_FOUND);
	assert_int_equal(docker_exit_code(e.msg), 127);
	err_in(&e, "container \"c1\": create");
	assert_int_equal(podman_class(e.msg), PODMAN_NOT_FOUND);
}

static void engines_know_what_cannot_be_executed(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_bad(&e, ERR_NOT_EXECUTABLE, "exec \"/etc/passwd\"");
	assert_int_equal(podman_class(e.msg), PODMAN_PERMISSION);
	assert_int_equal(docker_exit_code(e.msg), 126);
	err_bad_errno(&e, ERR_NOT_EXECUTABLE, EISDIR, "exec \"/etc\": is a directory");
	assert_int_equal(e.num, EISDIR);
	assert_int_equal(docker_exit_code(e.msg), 126);
	assert_int_equal(podman_class(e.msg), PODMAN_PERMISSION);
}

static void podman_knows_labels(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_sys(&e, EINVAL, "write to `/proc/%s`", "self/attr/exec");
	assert_int_equal(podman_class(e.msg), PODMAN_SET_LABEL);
	err_sys(&e, EINVAL, "read `/proc/%s`", "thread-self/attr/apparmor/current");
	assert_int_equal(podman_class(e.msg), PODMAN_GET_LABEL);
	err_sys(&e, EINVAL, "write to \"/proc/%s\"", "self/attr/exec");
	assert_int_equal(podman_class(e.msg), PODMAN_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sys_appends_the_cause),
		cmocka_unit_test(sys_takes_no_zero),
		cmocka_unit_test(sys_names_unknown_numbers),
		cmocka_unit_test(sys_finds_the_hint),
		cmocka_unit_test(context_goes_in_front),
		cmocka_unit_test(the_cause_survives),
		cmocka_unit_test(dropping_forgets),
		cmocka_unit_test(errno_texts),
		cmocka_unit_test(kinds_are_complete),
		cmocka_unit_test(a_phrase_survives_long_names),
		cmocka_unit_test(engines_know_a_dead_container),
		cmocka_unit_test(engines_know_a_missing_container),
		cmocka_unit_test(engines_know_a_missing_executable),
		cmocka_unit_test(engines_know_what_cannot_be_executed),
		cmocka_unit_test(podman_knows_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
