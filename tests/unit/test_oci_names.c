// SPDX-License-Identifier: Apache-2.0
/*
 * The name tables of oci/names.c, mount-options.c and annotations.c: unique, and complete against
 * the kernel's headers, libcap, libseccomp and the lists of the specification.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <linux/capability.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "oci/spec.h"

static int64_t value_of(const struct names *names, const char *name)
{
	const struct name *row = names_find(names, name);

	if (!row)
		fail_msg("no %s \"%s\"", names->noun, name);
	return row->value;
}

static void test_unique(void **state)
{
	static const struct {
		const struct names *names;
		size_t aliases; /* rows whose value another row has as well */
	} tables[] = {
		{ &ns_names, 0 },
		{ &capability_names, 0 },
		{ &rlimit_names, 0 },
		{ &signal_names, 4 },
		{ &seccomp_action_names, 1 }, /* KILL is KILL_THREAD */
		{ &seccomp_operator_names, 0 },
		{ &seccomp_arch_names, 0 },
		{ &seccomp_flag_names, 0 },
		{ &scheduler_policy_names, 0 },
		{ &scheduler_flag_names, 0 },
		{ &io_class_names, 0 },
		{ &propagation_names, 0 },
		{ &memory_policy_mode_names, 0 },
		{ &memory_policy_flag_names, 0 },
		{ &personality_names, 0 },
		{ &hook_names, 0 },
	};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		const struct names *names = tables[t].names;
		size_t aliases = 0;

		assert_true(names->count > 0);
		assert_true(names->noun && *names->noun);
		for (size_t i = 0; i < names->count; i++) {
			assert_true(names->rows[i].name && *names->rows[i].name);
			for (size_t k = 0; k < i; k++) {
				assert_string_not_equal(names->rows[i].name, names->rows[k].name);
				aliases += names->rows[i].value == names->rows[k].value;
			}
		}
		assert_int_equal(aliases, tables[t].aliases);
	}
}

/* config-linux.md, "Namespaces"; /proc/<pid>/ns; clone(2). */
static void test_namespaces(void **state)
{
	static const struct {
		const char *name;
		const char *proc_name;
		uint64_t flag;
	} rows[] = {
		{ "pid", "pid", 0x20000000 },
		{ "network", "net", 0x40000000 },
		{ "mount", "mnt", 0x00020000 },
		{ "ipc", "ipc", 0x08000000 },
		{ "uts", "uts", 0x04000000 },
		{ "user", "user", 0x10000000 },
		{ "cgroup", "cgroup", 0x02000000 },
		{ "time", "time", 0x00000080 },
	};

	(void)state;
	assert_int_equal(ns_names.count, NS_COUNT);
	assert_int_equal(ARRAY_SIZE(rows), NS_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct ns_kind *kind = &ns_kinds[value_of(&ns_names, rows[i].name)];

		assert_int_equal(kind->type, value_of(&ns_names, rows[i].name));
		assert_string_equal(kind->proc_name, rows[i].proc_name);
		assert_true(kind->clone_flag == rows[i].flag);
	}
}

static void test_capabilities(void **state)
{
	(void)state;
	assert_int_equal(capability_names.count, CAP_LAST_CAP + 1);
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		const char *name = names_of(&capability_names, cap);
		cap_value_t value;

		assert_non_null(name);
		assert_int_equal(cap_from_name(name, &value), 0); /* libcap's word */
		assert_int_equal(value, cap);
		for (const char *p = name; *p; p++)
			assert_true(isupper((unsigned char)*p) || *p == '_');
	}
}

static void test_rlimits(void **state)
{
	(void)state;
	assert_int_equal(rlimit_names.count, RLIM_NLIMITS);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		assert_non_null(names_of(&rlimit_names, i));
	assert_int_equal(value_of(&rlimit_names, "RLIMIT_NOFILE"), 7);
	assert_int_equal(value_of(&rlimit_names, "RLIMIT_MSGQUEUE"), 12);
}

/* config-linux.md, "Seccomp"; the numbers are those of linux/seccomp.h. */
static void test_seccomp_actions(void **state)
{
	static const struct name rows[] = {
		{ "SCMP_ACT_KILL", 0 },
		{ "SCMP_ACT_KILL_PROCESS", 0x80000000 },
		{ "SCMP_ACT_KILL_THREAD", 0 },
		{ "SCMP_ACT_TRAP", 0x00030000 },
		{ "SCMP_ACT_ERRNO", 0x00050000 },
		{ "SCMP_ACT_TRACE", 0x7ff00000 },
		{ "SCMP_ACT_ALLOW", 0x7fff0000 },
		{ "SCMP_ACT_LOG", 0x7ffc0000 },
		{ "SCMP_ACT_NOTIFY", 0x7fc00000 },
	};

	(void)state;
	assert_int_equal(seccomp_action_names.count, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_true(value_of(&seccomp_action_names, rows[i].name) == rows[i].value);
	assert_string_equal(names_of(&seccomp_action_names, 0), "SCMP_ACT_KILL");
}

static void test_seccomp_rest(void **state)
{
	static const char *const operators[] = { "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };
	/* linux/audit.h; libseccomp 2.5 does not know them. */
	static const struct name newer[] = {
		{ "SCMP_ARCH_LOONGARCH64", 0xc0000102 },
		{ "SCMP_ARCH_M68K", 4 },
		{ "SCMP_ARCH_SH", 0x4000002a },
		{ "SCMP_ARCH_SHEB", 42 },
	};
	char name[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
		assert_true(value_of(&seccomp_arch_names, newer[i].name) == newer[i].value);
	assert_int_equal(seccomp_operator_names.count, ARRAY_SIZE(operators));
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		snprintf(name, sizeof(name), "SCMP_CMP_%s", operators[i]);
		assert_int_equal(value_of(&seccomp_operator_names, name), SCMP_CMP_NE + (int)i);
	}
	assert_int_equal(seccomp_arch_names.count, 19 + ARRAY_SIZE(newer));
	for (size_t i = 0; i < 19; i++) {
		snprintf(name, sizeof(name), "%s",
			seccomp_arch_names.rows[i].name + strlen("SCMP_ARCH_"));
		for (char *p = name; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		assert_true(seccomp_arch_resolve_name(name) == seccomp_arch_names.rows[i].value);
	}
	assert_int_equal(seccomp_flag_names.count, 4);
	assert_int_equal(value_of(&seccomp_flag_names, "SECCOMP_FILTER_FLAG_TSYNC"), 1);
	assert_int_equal(value_of(&seccomp_flag_names, "SECCOMP_FILTER_FLAG_LOG"), 2);
	assert_int_equal(value_of(&seccomp_flag_names, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"), 4);
	assert_int_equal(
		value_of(&seccomp_flag_names, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"), 32);
}

static void test_scheduling(void **state)
{
	static const char *const policies[] = { "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",
		"SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE" };
	int64_t flags = 0;

	(void)state;
	assert_int_equal(scheduler_policy_names.count, ARRAY_SIZE(policies));
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		assert_int_equal(value_of(&scheduler_policy_names, policies[i]), i);
	assert_int_equal(scheduler_flag_names.count, 7);
	for (size_t i = 0; i < scheduler_flag_names.count; i++)
		flags |= scheduler_flag_names.rows[i].value;
	assert_int_equal(flags, SCHED_FLAG_ALL);
	assert_int_equal(io_class_names.count, 3);
	assert_int_equal(value_of(&io_class_names, "IOPRIO_CLASS_RT"), 1);
	assert_int_equal(value_of(&io_class_names, "IOPRIO_CLASS_BE"), 2);
	assert_int_equal(value_of(&io_class_names, "IOPRIO_CLASS_IDLE"), 3);
}

static void test_memory_policy(void **state)
{
	static const char *const modes[] = { "MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND",
		"MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY",
		"MPOL_WEIGHTED_INTERLEAVE" };
	int64_t flags = 0;

	(void)state;
	assert_int_equal(memory_policy_mode_names.count, ARRAY_SIZE(modes));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		assert_int_equal(value_of(&memory_policy_mode_names, modes[i]), i);
	assert_int_equal(memory_policy_flag_names.count, 3);
	for (size_t i = 0; i < memory_policy_flag_names.count; i++)
		flags |= memory_policy_flag_names.rows[i].value;
	assert_int_equal(flags, MPOL_MODE_FLAGS);
}

static void test_small_tables(void **state)
{
	static const char *const hooks[] = { "prestart", "createRuntime", "createContainer",
		"startContainer", "poststart", "poststop" };

	(void)state;
	assert_int_equal(hook_names.count, HOOK_KIND_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		assert_int_equal(value_of(&hook_names, hooks[i]), i); /* the order they run in */
	assert_int_equal(personality_names.count, 2);
	assert_int_equal(value_of(&personality_names, "LINUX"), 0);
	assert_int_equal(value_of(&personality_names, "LINUX32"), 8);
	assert_int_equal(propagation_names.count, 8);
	assert_true(value_of(&propagation_names, "unbindable") == 1 << 17);
	assert_true(value_of(&propagation_names, "private") == 1 << 18);
	assert_true(value_of(&propagation_names, "slave") == 1 << 19);
	assert_true(value_of(&propagation_names, "rshared") == (1 << 20 | 1 << 14));
}

/* ---- mount options ---- */

/* config.md, "Linux mount options": the 37 MUST, the 19 SHOULD of flags, idmap, ridmap,
 * tmpcopyup. */
static void test_mount_option_names(void **state)
{
	static const char *const names[] = { "async", "atime", "bind", "defaults", "dev",
		"diratime", "dirsync", "exec", "iversion", "lazytime", "loud", "noatime", "nodev",
		"nodiratime", "noexec", "noiversion", "nolazytime", "norelatime", "nostrictatime",
		"nosuid", "private", "rbind", "relatime", "remount", "ro", "rprivate", "rshared",
		"rslave", "runbindable", "rw", "shared", "silent", "slave", "strictatime", "suid",
		"sync", "unbindable",
		/* SHOULD */
		"nosymfollow", "ratime", "rdev", "rdiratime", "rexec", "rnoatime", "rnodiratime",
		"rnoexec", "rnorelatime", "rnostrictatime", "rnosuid", "rnosymfollow", "rrelatime",
		"rro", "rrw", "rstrictatime", "rsuid", "rsymfollow", "symfollow", "idmap", "ridmap",
		/* MAY, and rnodev beside rdev */
		"mand", "nomand", "tmpcopyup", "rnodev" };

	(void)state;
	assert_int_equal(ARRAY_SIZE(names), 37 + 19 + 2 + 4);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!mount_option_find(names[i]))
			fail_msg("no mount option \"%s\"", names[i]);
	assert_null(mount_option_find("size=5"));
	assert_null(mount_option_find("mode"));
	assert_null(mount_option_find(""));
	assert_null(mount_option_find("RO"));
}

static void test_mount_option_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < mount_option_count; i++) {
		const struct mount_option *row = &mount_options[i];

		assert_true(*row->name && *row->doc);
		assert_ptr_equal(mount_option_find(row->name), row); /* unique */
		if (row->kind == MOUNT_OPTION_FLAG)
			assert_true((row->set || row->clear) && !(row->set & row->clear));
		if (row->kind == MOUNT_OPTION_PROPAGATION) /* as linux.rootfsPropagation */
			assert_true(row->set == (uint64_t)value_of(&propagation_names, row->name));
		/* mount_setattr(2): a new access time needs the whole field cleared. */
		if (row->kind == MOUNT_OPTION_RECURSIVE && ((row->set | row->clear) & 0x70))
			assert_int_equal(row->clear & 0x70, 0x70);
	}
}

static uint64_t apply(const char *const *names)
{
	uint64_t flags = 0;

	for (; *names; names++) {
		const struct mount_option *row = mount_option_find(*names);

		flags = (flags & ~row->clear) | row->set;
	}
	return flags;
}

/* The bits are those of linux/mount.h. */
static void test_mount_option_effects(void **state)
{
	static const struct {
		const char *names[6];
		uint64_t flags;
	} rows[] = {
		{ { "ro", "nosuid", "nodev", "noexec", "sync" }, 1 | 2 | 4 | 8 | 16 },
		{ { "remount", "mand", "dirsync", "nosymfollow" }, 32 | 64 | 128 | 256 },
		{ { "noatime", "nodiratime" }, 1024 | 2048 },
		{ { "bind" }, 4096 },
		{ { "rbind" }, 4096 | 16384 },
		{ { "silent" }, 32768 },
		{ { "relatime" }, 1 << 21 },
		{ { "iversion" }, 1 << 23 },
		{ { "strictatime" }, 1 << 24 },
		{ { "lazytime" }, 1 << 25 },
		{ { "ro", "rw" }, 0 },
		{ { "nosuid", "suid", "nodev", "dev" }, 0 },
		{ { "noexec", "exec", "sync", "async" }, 0 },
		{ { "mand", "nomand", "nosymfollow", "symfollow" }, 0 },
		{ { "noatime", "atime", "nodiratime", "diratime" }, 0 },
		{ { "silent", "loud", "iversion", "noiversion" }, 0 },
		{ { "lazytime", "nolazytime", "defaults" }, 0 },
		{ { "relatime", "norelatime", "strictatime", "nostrictatime" }, 0 },
		{ { "noatime", "strictatime" }, 1 << 24 }, /* the last one counts */
		{ { "strictatime", "noatime" }, 1024 },
		{ { "noatime", "relatime" }, 1 << 21 },
		{ { "rw", "ro" }, 1 },
		/* MOUNT_ATTR_* */
		{ { "rro", "rnosuid", "rnodev", "rnoexec" }, 1 | 2 | 4 | 8 },
		{ { "rnoatime", "rnodiratime", "rnosymfollow" }, 0x10 | 0x80 | 0x200000 },
		{ { "rstrictatime" }, 0x20 },
		{ { "rnoatime", "rstrictatime" }, 0x20 },
		{ { "rstrictatime", "rrelatime" }, 0 },
		{ { "rnoatime", "ratime" }, 0 },
		{ { "rro", "rrw", "rnosuid", "rsuid" }, 0 },
		{ { "rnodev", "rdev", "rnoexec", "rexec" }, 0 },
		{ { "rnodiratime", "rdiratime", "rnosymfollow", "rsymfollow" }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (apply(rows[i].names) != rows[i].flags)
			fail_msg("%s ...: %#llx", rows[i].names[0],
				(unsigned long long)apply(rows[i].names));
}

static void test_mount_option_kinds(void **state)
{
	static const struct {
		const char *name;
		enum mount_option_kind kind;
	} rows[] = {
		{ "ro", MOUNT_OPTION_FLAG },
		{ "remount", MOUNT_OPTION_FLAG },
		{ "rro", MOUNT_OPTION_RECURSIVE },
		{ "shared", MOUNT_OPTION_PROPAGATION },
		{ "rbind", MOUNT_OPTION_BIND },
		{ "ridmap", MOUNT_OPTION_IDMAP },
		{ "tmpcopyup", MOUNT_OPTION_TMPCOPYUP },
		{ "copy-symlink", MOUNT_OPTION_COPY_SYMLINK },
		{ "src-nofollow", MOUNT_OPTION_SRC_NOFOLLOW },
		{ "dest-nofollow", MOUNT_OPTION_DEST_NOFOLLOW },
		{ "defaults", MOUNT_OPTION_IGNORED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(mount_option_find(rows[i].name)->kind, rows[i].kind);
	assert_int_equal(mount_option_find("ridmap")->set, MS_REC);
	assert_int_equal(mount_option_find("idmap")->set, 0);
}

static void test_annotations(void **state)
{
	(void)state;
	for (size_t i = 0; i < annotation_count; i++) {
		assert_true(*annotations[i].key && *annotations[i].doc);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(annotations[i].key, annotations[k].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_rlimits),
		cmocka_unit_test(test_seccomp_actions),
		cmocka_unit_test(test_seccomp_rest),
		cmocka_unit_test(test_scheduling),
		cmocka_unit_test(test_memory_policy),
		cmocka_unit_test(test_small_tables),
		cmocka_unit_test(test_mount_option_names),
		cmocka_unit_test(test_mount_option_rows),
		cmocka_unit_test(test_mount_option_effects),
		cmocka_unit_test(test_mount_option_kinds),
		cmocka_unit_test(test_annotations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
