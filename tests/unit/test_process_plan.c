// SPDX-License-Identifier: Apache-2.0
/* The plan of a process: environment, identity, capabilities, lists of CPUs.  Expectations from
 * config.md "process", sd_listen_fds(3) and cpuset(7) (list format). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "runtime/process/internal.h"

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
	warnings[0] = '\0';
	log_set_sink(keep_warning, NULL);
	return 0;
}

/* A configuration whose process has @members besides the required ones. */
static struct spec *spec_of(const char *members)
{
	struct err err = { 0 };
	struct spec *spec = NULL;
	auto_free char *text = xasprintf(
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/"
		"\","
		"\"args\":[\"/bin/x\",\"a b\"],\"user\":{\"uid\":7,\"gid\":8}%s%s},\"linux\":{}}",
		*members ? "," : "", members);

	if (spec_parse(text, strlen(text), "config.json", &spec, &err) < 0)
		fail_msg("%s", err.msg);
	return spec;
}

static void plan_of(
	const struct spec *spec, const struct process_options *options, struct process_plan *plan)
{
	struct err err = { 0 };

	if (process_plan_init(spec, spec->process, options, plan, &err) < 0)
		fail_msg("%s", err.msg);
}

static const char *env_of(const struct process_plan *plan, const char *name)
{
	const char *found = NULL;
	size_t len = strlen(name);

	for (char **e = plan->envp; *e; e++) {
		if (strncmp(*e, name, len) != 0 || (*e)[len] != '=')
			continue;
		assert_null(found); /* never twice */
		found = *e + len + 1;
	}
	return found;
}

static void arguments_and_identity(void **state)
{
	auto_(spec) struct spec *spec = spec_of("");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { .preserved_fds = 2 };

	(void)state;
	plan_of(spec, &options, &plan);
	assert_string_equal(plan.argv[0], "/bin/x");
	assert_string_equal(plan.argv[1], "a b");
	assert_null(plan.argv[2]);
	assert_null(plan.envp[0]);
	assert_int_equal(plan.uid, 7);
	assert_int_equal(plan.gid, 8);
	assert_int_equal(plan.gid_count, 0);
	assert_int_equal(plan.preserved_fds, 2);
	assert_false(plan.has_home);
	assert_true(process_needs_procfs(&plan));
	assert_null(plan.filter);
}

static void a_home_needs_no_lookup(void **state)
{
	auto_(spec) struct spec *spec = spec_of("\"env\":[\"HOMER=x\",\"HOME=/h\"]");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { 0 };

	(void)state;
	plan_of(spec, &options, &plan);
	assert_true(plan.has_home);
	assert_false(process_needs_procfs(&plan));
}

static void a_label_needs_a_procfs(void **state)
{
	auto_(spec) struct spec *spec =
		spec_of("\"env\":[\"HOME=/h\"],\"selinuxLabel\":\"system_u:object_r:t:s0\"");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { 0 };

	(void)state;
	plan_of(spec, &options, &plan);
	assert_true(process_needs_procfs(&plan));
}

static void socket_activation_replaces_variables(void **state)
{
	auto_(spec) struct spec *spec =
		spec_of("\"env\":[\"A=1\",\"LISTEN_FDS=9\",\"LISTEN_PID=77\","
			"\"LISTEN_FDS=8\",\"B=2\",\"LISTEN_FDSX=1\"]");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { .preserved_fds = 2, .listen_fds = 2 };

	(void)state;
	setenv("LISTEN_FDNAMES", "web:admin", 1);
	plan_of(spec, &options, &plan);
	unsetenv("LISTEN_FDNAMES");
	assert_string_equal(env_of(&plan, "LISTEN_FDS"), "2");
	assert_string_equal(env_of(&plan, "LISTEN_PID"), "1");
	assert_string_equal(env_of(&plan, "LISTEN_FDNAMES"), "web:admin");
	assert_string_equal(env_of(&plan, "A"), "1");
	assert_string_equal(env_of(&plan, "B"), "2");
	assert_string_equal(env_of(&plan, "LISTEN_FDSX"), "1");
}

static void without_socket_activation_nothing_is_added(void **state)
{
	auto_(spec) struct spec *spec = spec_of("");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { .preserved_fds = 3 };

	(void)state;
	setenv("LISTEN_FDNAMES", "web", 1);
	plan_of(spec, &options, &plan);
	unsetenv("LISTEN_FDNAMES");
	assert_null(plan.envp[0]);
}

static void extra_variables_override(void **state)
{
	static const char *const extra[] = { "A=new", "NOTIFY_SOCKET=/run/notify/notify.sock",
		"HOME=/n", NULL };
	auto_(spec) struct spec *spec = spec_of("\"env\":[\"A=old\",\"AB=keep\"]");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { .extra_env = extra };

	(void)state;
	plan_of(spec, &options, &plan);
	assert_string_equal(env_of(&plan, "A"), "new");
	assert_string_equal(env_of(&plan, "AB"), "keep");
	assert_string_equal(env_of(&plan, "NOTIFY_SOCKET"), "/run/notify/notify.sock");
	assert_true(plan.has_home);
}

static void umask_is_the_callers_unless_given(void **state)
{
	auto_(spec) struct spec *unset = spec_of("");
	auto_(process_plan) struct process_plan plan = { 0 }, given = { 0 };
	struct process_options options = { .umask = 0031 };
	auto_(spec) struct spec *set = NULL;
	struct err err = { 0 };
	const char *text =
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\","
		"\"args\":[\"x\"],\"user\":{\"uid\":0,\"gid\":0,\"umask\":63}}}";

	(void)state;
	plan_of(unset, &options, &plan);
	assert_int_equal(plan.umask, 0031);
	assert_int_equal(spec_parse(text, strlen(text), "config.json", &set, &err), 0);
	plan_of(set, &options, &given);
	assert_int_equal(given.umask, 077);
}

static void no_new_privileges_is_inherited_by_exec(void **state)
{
	auto_(spec) struct spec *spec = spec_of("\"noNewPrivileges\":true");
	auto_(spec) struct spec *silent = spec_of("");
	auto_(spec) struct spec *denied = spec_of("\"noNewPrivileges\":false");
	struct process_options exec = { .is_exec = true }, first = { 0 };
	struct process_plan plan = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(process_plan_init(spec, silent->process, &exec, &plan, &err), 0);
	assert_true(plan.no_new_privileges);
	process_plan_release(&plan);
	assert_int_equal(process_plan_init(spec, denied->process, &exec, &plan, &err), 0);
	assert_false(plan.no_new_privileges);
	process_plan_release(&plan);
	assert_int_equal(process_plan_init(silent, silent->process, &first, &plan, &err), 0);
	assert_false(plan.no_new_privileges);
	process_plan_release(&plan);
}

#define BIT(n) (UINT64_C(1) << (n))

static void capabilities_default_to_none(void **state)
{
	auto_(spec) struct spec *spec = spec_of("");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { 0 };

	(void)state;
	plan_of(spec, &options, &plan);
	assert_true(plan.caps_known & BIT(0));
	assert_true(
		plan.caps_bounding == 0 && plan.caps_effective == 0 && plan.caps_permitted == 0);
	assert_true(plan.caps_inheritable == 0 && plan.caps_ambient == 0);
}

static void capabilities_are_what_is_given(void **state)
{
	/* CAP_CHOWN is 0, CAP_KILL 5, CAP_SETPCAP 8 (capability.h) */
	auto_(spec) struct spec *spec =
		spec_of("\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
			"\"permitted\":[\"CAP_KILL\",\"CAP_SETPCAP\"],"
			"\"inheritable\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]}");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { 0 };

	(void)state;
	plan_of(spec, &options, &plan);
	assert_true(plan.caps_bounding == (BIT(0) | BIT(5)));
	assert_true(plan.caps_permitted == (BIT(5) | BIT(8)));
	assert_true(plan.caps_inheritable == BIT(5) && plan.caps_ambient == BIT(5));
	assert_true(plan.caps_effective == 0);
	assert_string_equal(warnings, "");
}

/* capset(2), capabilities(7): effective needs permitted, inheritable needs bounding, ambient
 * needs permitted and inheritable. */
static void a_capability_without_its_other_set_is_a_warning(void **state)
{
	auto_(spec) struct spec *spec =
		spec_of("\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],"
			"\"permitted\":[\"CAP_KILL\"],\"effective\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
			"\"inheritable\":[\"CAP_CHOWN\",\"CAP_SETPCAP\"],"
			"\"ambient\":[\"CAP_CHOWN\",\"CAP_KILL\"]}");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { 0 };

	(void)state;
	plan_of(spec, &options, &plan);
	assert_true(plan.caps_effective == BIT(5));
	assert_true(plan.caps_inheritable == BIT(0) && plan.caps_ambient == 0);
	assert_non_null(strstr(warnings, ".effective: CAP_CHOWN left out"));
	assert_non_null(strstr(warnings, ".inheritable: CAP_SETPCAP left out"));
	assert_non_null(strstr(warnings, ".ambient: CAP_CHOWN, CAP_KILL left out"));
}

static void an_unknown_capability_is_a_warning(void **state)
{
	auto_(spec) struct spec *spec =
		spec_of("\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_FLY\"]}");
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { 0 };

	(void)state;
	plan_of(spec, &options, &plan);
	assert_true(plan.caps_bounding == BIT(0));
	assert_non_null(strstr(warnings, "CAP_FLY"));
}

static void affinity_is_for_exec_only(void **state)
{
	auto_(spec) struct spec *spec =
		spec_of("\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"1,3-4\"}");
	auto_(process_plan) struct process_plan first = { 0 }, exec = { 0 };
	struct process_options options = { 0 };

	(void)state;
	plan_of(spec, &options, &first);
	assert_false(first.has_affinity_initial || first.has_affinity_final);
	options.is_exec = true;
	plan_of(spec, &options, &exec);
	assert_true(exec.has_affinity_initial && exec.has_affinity_final);
	assert_int_equal(CPU_COUNT(&exec.affinity_initial), 1);
	assert_true(CPU_ISSET(0, &exec.affinity_initial));
	assert_int_equal(CPU_COUNT(&exec.affinity_final), 3);
	assert_true(CPU_ISSET(1, &exec.affinity_final) && CPU_ISSET(3, &exec.affinity_final) &&
		CPU_ISSET(4, &exec.affinity_final));
}

static void lists(void **state)
{
	static const struct {
		const char *text;
		int result;
		unsigned long low, high;
	} rows[] = {
		{ "0", 0, 1, 0 },
		{ "63-64", 0, 1ul << 63, 1 },
		{ "1,3,5-7", 0, 0xea, 0 },
		{ "127", 0, 0, 1ul << 63 },
		{ "128", -EINVAL, 0, 0 },
		{ "0-4294967295", -EINVAL, 0, 0 },
		{ "", -EINVAL, 0, 0 },
		{ ",", -EINVAL, 0, 0 },
		{ "1,", -EINVAL, 0, 0 },
		{ "3-1", -EINVAL, 0, 0 },
		{ "1-", -EINVAL, 0, 0 },
		{ "-1", -EINVAL, 0, 0 },
		{ " 1", -EINVAL, 0, 0 },
		{ "1-2-3", -EINVAL, 0, 0 },
		{ "0x1", -EINVAL, 0, 0 },
		{ "99999999999999999999", -EINVAL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned long mask[2] = { 0 };
		struct err err = { 0 };
		int r = schedule_parse_list(rows[i].text, mask, 128, "x.cpus", &err);

		if (r != rows[i].result)
			fail_msg("\"%s\": %d", rows[i].text, r);
		if (r == 0 && (mask[0] != rows[i].low || mask[1] != rows[i].high))
			fail_msg("\"%s\": %lx %lx", rows[i].text, mask[0], mask[1]);
		if (r < 0)
			assert_non_null(strstr(err.msg, "x.cpus"));
	}
}

static void a_filter_is_compiled(void **state)
{
	struct err err = { 0 };
	auto_(spec) struct spec *spec = NULL;
	auto_(process_plan) struct process_plan plan = { 0 };
	struct process_options options = { 0 };
	const char *text =
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\","
		"\"args\":[\"x\"],\"user\":{\"uid\":0,\"gid\":0}},\"linux\":{\"seccomp\":"
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],"
		"\"action\":\"SCMP_ACT_ERRNO\"}]}}}";

	(void)state;
	assert_int_equal(spec_parse(text, strlen(text), "config.json", &spec, &err), 0);
	plan_of(spec, &options, &plan);
	assert_int_equal(process_compile_filter(&plan, &err), 0);
	assert_true(plan.filter->count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(arguments_and_identity, setup),
		cmocka_unit_test_setup(a_home_needs_no_lookup, setup),
		cmocka_unit_test_setup(a_label_needs_a_procfs, setup),
		cmocka_unit_test_setup(socket_activation_replaces_variables, setup),
		cmocka_unit_test_setup(without_socket_activation_nothing_is_added, setup),
		cmocka_unit_test_setup(extra_variables_override, setup),
		cmocka_unit_test_setup(umask_is_the_callers_unless_given, setup),
		cmocka_unit_test_setup(no_new_privileges_is_inherited_by_exec, setup),
		cmocka_unit_test_setup(capabilities_default_to_none, setup),
		cmocka_unit_test_setup(capabilities_are_what_is_given, setup),
		cmocka_unit_test_setup(a_capability_without_its_other_set_is_a_warning, setup),
		cmocka_unit_test_setup(an_unknown_capability_is_a_warning, setup),
		cmocka_unit_test_setup(affinity_is_for_exec_only, setup),
		cmocka_unit_test_setup(lists, setup),
		cmocka_unit_test_setup(a_filter_is_compiled, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
