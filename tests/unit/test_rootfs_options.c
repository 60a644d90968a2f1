// SPDX-License-Identifier: Apache-2.0
/*
 * rootfs/options.c: what a list of mount options asks for.  The expectations are those of config.md
 * ("Linux mount options"), mount(8) and mount_setattr(2): an option that is not given changes
 * nothing, the later of two that contradict each other wins, and a new access time must clear all
 * of MOUNT_ATTR__ATIME.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "rootfs/internal.h"

#define OPTIONS(...)                                                                   \
	&(const spec_strings)                                                          \
	{                                                                              \
		(const char *[]){ __VA_ARGS__ },                                       \
			sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *) \
	}

static struct mount_request parse(const spec_strings *options)
{
	struct mount_request request;
	struct err err = { 0 };

	assert_int_equal(mount_request_parse(options, &request, &err), 0);
	return request;
}

static void assert_param(
	const struct mount_request *request, size_t i, const char *key, const char *value)
{
	assert_true(i < request->param_count);
	assert_string_equal(request->params[i].key, key);
	if (value)
		assert_string_equal(request->params[i].value, value);
	else
		assert_null(request->params[i].value);
}

static void test_nothing(void **state)
{
	const spec_strings none = { NULL, 0 };
	struct mount_request request = parse(&none);

	(void)state;
	assert_int_equal(request.attr_set | request.attr_clear, 0);
	assert_int_equal(request.tree_set | request.tree_clear, 0);
	assert_int_equal(request.flags, 0);
	assert_int_equal(request.propagation_count, 0);
	assert_int_equal(request.param_count, 0);
	assert_false(request.bind || request.remount || request.idmap || request.tmpcopyup);
	mount_request_release(&request);
}

static void test_attributes(void **state)
{
	struct mount_request request =
		parse(OPTIONS("ro", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow"));

	(void)state;
	assert_int_equal(request.attr_set,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
			MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW);
	assert_int_equal(request.attr_clear, 0);
	assert_int_equal(request.param_count, 0);
	mount_request_release(&request);
}

static void test_cleared(void **state)
{
	struct mount_request request = parse(OPTIONS("rw", "suid", "dev", "exec"));

	(void)state;
	assert_int_equal(request.attr_set, 0);
	assert_int_equal(request.attr_clear,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	mount_request_release(&request);
}

static void test_later_wins(void **state)
{
	struct mount_request request = parse(OPTIONS("ro", "noexec", "rw", "exec", "noexec"));

	(void)state;
	assert_int_equal(request.attr_set, MOUNT_ATTR_NOEXEC);
	assert_int_equal(request.attr_clear, MOUNT_ATTR_RDONLY);
	mount_request_release(&request);
}

static void assert_atime(const spec_strings *options, uint64_t set, uint64_t clear)
{
	struct mount_request request = parse(options);

	assert_int_equal(request.attr_set, set);
	assert_int_equal(request.attr_clear, clear);
	mount_request_release(&request);
}

static void test_atime(void **state)
{
	(void)state;
	assert_atime(OPTIONS("noatime"), MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME);
	assert_atime(OPTIONS("strictatime"), MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME);
	assert_atime(OPTIONS("relatime"), MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME);
	assert_atime(OPTIONS("atime"), MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME);
	assert_atime(OPTIONS("noatime", "strictatime"), MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME);
	assert_atime(OPTIONS("strictatime", "relatime"), MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME);
	/* these only take something back */
	assert_atime(OPTIONS("norelatime"), 0, 0);
	assert_atime(OPTIONS("nostrictatime"), 0, 0);
	assert_atime(OPTIONS("relatime", "norelatime"), 0, 0);
	assert_atime(OPTIONS("strictatime", "nostrictatime"), 0, 0);
}

static void test_recursive(void **state)
{
	struct mount_request request = parse(OPTIONS("rbind", "rro", "rnoatime", "rexec", "ro"));

	(void)state;
	assert_true(request.bind);
	assert_true(request.recursive);
	assert_int_equal(request.tree_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	assert_int_equal(request.tree_clear, MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME);
	assert_int_equal(request.attr_set, MOUNT_ATTR_RDONLY);
	mount_request_release(&request);
}

static void test_recursive_later_wins(void **state)
{
	struct mount_request request = parse(OPTIONS("rro", "rrw", "rnoatime", "rrelatime"));

	(void)state;
	assert_int_equal(request.tree_set, MOUNT_ATTR_RELATIME);
	assert_int_equal(request.tree_clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR__ATIME);
	mount_request_release(&request);
}

/* A mount that is no tree has one set of attributes: the recursive ones are added to it. */
static void test_flatten(void **state)
{
	struct mount_request request =
		parse(OPTIONS("nosuid", "noexec", "strictatime", "rro", "rexec", "rnoatime"));

	(void)state;
	mount_request_flatten(&request);
	assert_int_equal(
		request.attr_set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	assert_int_equal(request.attr_clear, MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME);
	assert_int_equal(request.tree_set | request.tree_clear, 0);
	mount_request_release(&request);
}

static void test_propagation(void **state)
{
	struct mount_request request = parse(OPTIONS("rslave", "shared"));
	struct err err = { 0 };

	(void)state;
	assert_int_equal(request.propagation_count, 2);
	assert_int_equal(request.propagation[0], MS_SLAVE | MS_REC);
	assert_int_equal(request.propagation[1], MS_SHARED);
	mount_request_release(&request);

	assert_true(
		mount_request_parse(OPTIONS("shared", "slave", "private", "unbindable", "rshared"),
			&request, &err) < 0);
	assert_non_null(strstr(err.msg, "\"rshared\""));
	mount_request_release(&request);
}

/* Flags of the superblock are parameters in the new mount interface; mount(2) gets them as
 * flags. */
static void test_superblock(void **state)
{
	struct mount_request request =
		parse(OPTIONS("sync", "dirsync", "lazytime", "mand", "silent", "iversion"));

	(void)state;
	assert_int_equal(request.attr_set | request.attr_clear, 0);
	assert_int_equal(request.param_count, 4);
	assert_param(&request, 0, "sync", NULL);
	assert_param(&request, 1, "dirsync", NULL);
	assert_param(&request, 2, "mand", NULL);
	assert_param(&request, 3, "lazytime", NULL);
	assert_int_equal(request.flags,
		MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME | MS_MANDLOCK | MS_SILENT | MS_I_VERSION);
	mount_request_release(&request);

	request = parse(OPTIONS("sync", "lazytime", "async", "nolazytime"));
	assert_int_equal(request.param_count, 0);
	mount_request_release(&request);

	request = parse(OPTIONS("bind", "sync")); /* a bind mount has no superblock of its own */
	assert_int_equal(request.param_count, 0);
	mount_request_release(&request);
}

static void test_data(void **state)
{
	struct mount_request request = parse(
		OPTIONS("mode=755", "nosuid", "newinstance", "size=64m,nr_inodes=1k", "huge="));

	(void)state;
	assert_int_equal(request.attr_set, MOUNT_ATTR_NOSUID);
	assert_int_equal(request.param_count, 5);
	assert_param(&request, 0, "mode", "755");
	assert_param(&request, 1, "newinstance", NULL);
	assert_param(&request, 2, "size", "64m");
	assert_param(&request, 3, "nr_inodes", "1k");
	assert_param(&request, 4, "huge", "");
	mount_request_release(&request);
}

/* Commas of an SELinux context and escaped ones (overlay) belong to the value. */
static void test_commas(void **state)
{
	struct mount_request request = parse(
		OPTIONS("context=u:r:t:s0:c1,c2", "lowerdir=/a\\,b:/c,upperdir=/u", ",,xino=off,"));

	(void)state;
	assert_int_equal(request.param_count, 4);
	assert_param(&request, 0, "context", "u:r:t:s0:c1,c2");
	assert_param(&request, 1, "lowerdir", "/a\\,b:/c");
	assert_param(&request, 2, "upperdir", "/u");
	assert_param(&request, 3, "xino", "off");
	mount_request_release(&request);
}

static void test_others(void **state)
{
	struct mount_request request = parse(OPTIONS("bind", "tmpcopyup", "copy-symlink",
		"src-nofollow", "dest-nofollow", "ridmap", "defaults", "remount"));

	(void)state;
	assert_true(request.bind && !request.recursive && request.tmpcopyup);
	assert_true(request.copy_symlink && request.src_nofollow && request.dest_nofollow);
	assert_true(request.idmap && request.idmap_recursive && request.remount);
	assert_int_equal(request.param_count, 0);
	assert_int_equal(request.flags, 0);
	mount_request_release(&request);

	request = parse(OPTIONS("idmap"));
	assert_true(request.idmap && !request.idmap_recursive);
	mount_request_release(&request);
}

/* As data of a bind mount it would be ignored, and the files would have the wrong owners. */
static void test_foreign_idmap(void **state)
{
	struct mount_request request;
	struct err err = { 0 };

	(void)state;
	assert_true(mount_request_parse(OPTIONS("bind", "idmap=uids=0-1-10"), &request, &err) < 0);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.hint, "uidMappings"));
	mount_request_release(&request);
}

/* Every flag of the table must be known here as an attribute, a parameter, or one of the few that
 * the new mount interface does not have. */
static void test_every_flag(void **state)
{
	const unsigned long none = MS_I_VERSION | MS_SILENT | MS_RELATIME | MS_REMOUNT;

	(void)state;
	for (size_t i = 0; i < mount_option_count; i++) {
		const struct mount_option *option = &mount_options[i];
		struct mount_request request;

		if (option->kind != MOUNT_OPTION_FLAG || !option->set || (option->set & none))
			continue;
		request = parse(OPTIONS(option->name));
		if (!request.attr_set && !request.param_count)
			fail_msg("option \"%s\" has no effect", option->name);
		mount_request_release(&request);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_cleared),
		cmocka_unit_test(test_later_wins),
		cmocka_unit_test(test_atime),
		cmocka_unit_test(test_recursive),
		cmocka_unit_test(test_recursive_later_wins),
		cmocka_unit_test(test_flatten),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_superblock),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_commas),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_foreign_idmap),
		cmocka_unit_test(test_every_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
