// SPDX-License-Identifier: Apache-2.0
/*
 * The features document against features.md and features-linux.md, and against the reader: every
 * name that it lists is accepted in a configuration ("The runtime MUST recognize ...").
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "oci/json.h"
#include "oci/spec.h"

static char *document;
static struct json_doc *doc;

static int read_document(void **state)
{
	const struct features_options options = { .version = "0.1.0", .commit = "abcdef" };
	struct err err = { 0 };

	(void)state;
	document = spec_features_format(&options);
	if (json_parse(document, strlen(document), 1 << 20, &doc, &err) < 0)
		fail_msg("%s", err.msg);
	return 0;
}

static int free_document(void **state)
{
	(void)state;
	json_free(doc);
	free(document);
	return 0;
}

/* The node at "linux.seccomp.actions". */
static const struct json_node *find(const char *path)
{
	const struct json_node *node = json_root(doc);
	char copy[128], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key; (key = strsep(&rest, "."));) {
		node = json_get(node, key);
		if (!node)
			fail_msg("%s is missing", path);
	}
	return node;
}

static void assert_bool(const char *path, bool value)
{
	assert_int_equal(find(path)->type, JSON_BOOL);
	assert_int_equal(find(path)->boolean, value);
}

static bool lists(const char *path, const char *name)
{
	assert_int_equal(find(path)->type, JSON_ARRAY);
	json_foreach (child, find(path))
		if (strcmp(child->text, name) == 0)
			return true;
	return false;
}

static void assert_lists_names(const char *path, const struct names *names)
{
	assert_int_equal(find(path)->count, names->count);
	for (size_t i = 0; i < names->count; i++)
		assert_true(lists(path, names->rows[i].name));
}

static void test_versions(void **state)
{
	(void)state;
	assert_string_equal(find("ociVersionMin")->text, "1.0.0");
	assert_string_equal(find("ociVersionMax")->text, "1.3.0");
}

static void test_tables(void **state)
{
	(void)state;
	assert_lists_names("hooks", &hook_names);
	assert_lists_names("linux.namespaces", &ns_names);
	assert_lists_names("linux.capabilities", &capability_names);
	assert_lists_names("linux.seccomp.actions", &seccomp_action_names);
	assert_lists_names("linux.seccomp.operators", &seccomp_operator_names);
	assert_lists_names("linux.seccomp.archs", &seccomp_arch_names);
	assert_lists_names("linux.seccomp.knownFlags", &seccomp_flag_names);
	assert_lists_names("linux.seccomp.supportedFlags", &seccomp_flag_names);
	assert_lists_names("linux.memoryPolicy.modes", &memory_policy_mode_names);
	assert_lists_names("linux.memoryPolicy.flags", &memory_policy_flag_names);
	assert_int_equal(find("mountOptions")->count, mount_option_count);
	/* what engines look for */
	assert_true(lists("mountOptions", "rro"));
	assert_true(lists("linux.namespaces", "user"));
	assert_true(lists("linux.namespaces", "time"));
}

static void test_what_is_built(void **state)
{
	(void)state;
	assert_bool("linux.cgroup.v1", false);
	assert_bool("linux.cgroup.v2", true);
	assert_int_equal(find("linux.cgroup.systemd")->type, JSON_BOOL);
	assert_int_equal(find("linux.cgroup.systemdUser")->type, JSON_BOOL);
	assert_bool("linux.cgroup.rdma", true);
	assert_bool("linux.seccomp.enabled", true);
	assert_bool("linux.apparmor.enabled", true);
	assert_bool("linux.selinux.enabled", true);
	assert_int_equal(find("linux.intelRdt.enabled")->type, JSON_BOOL);
	assert_bool("linux.mountExtensions.idmap.enabled", true);
	assert_bool("linux.netDevices.enabled", true);
}

static void test_annotations(void **state)
{
	const struct scmp_version *version = seccomp_version();
	const struct json_node *map = find("annotations");
	const struct features_options options = { .version = "0.1.0", .commit = "" };
	char text[32];
	char *without;

	(void)state;
	snprintf(text, sizeof(text), "%u.%u.%u", version->major, version->minor, version->micro);
	assert_string_equal(json_get(map, "run.ringwall.version")->text, "0.1.0");
	assert_string_equal(json_get(map, "run.ringwall.commit")->text, "abcdef");
	assert_string_equal(json_get(map, "io.github.seccomp.libseccomp.version")->text, text);
	assert_string_equal(json_get(map, "run.ringwall.isolation")->text, "native");
	assert_string_equal(json_get(map, "run.ringwall.isolation.modes")->text, "native");
	without = spec_features_format(&options);
	assert_null(strstr(without, "run.ringwall.commit"));
	free(without);
}

/* What the KVM mode refuses is not in its document. */
static void test_kvm(void **state)
{
	static const char *const refused[] = { "SCMP_ACT_NOTIFY", "memoryPolicy", "copy-symlink" };
	const struct features_options options = {
		.version = "0.1.0", .has_kvm = true, .kvm = true
	};
	char *kvm = spec_features_format(&options);

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_non_null(strstr(document, refused[i]));
		assert_null(strstr(kvm, refused[i]));
	}
	assert_non_null(strstr(kvm, "\"run.ringwall.isolation\": \"kvm\""));
	assert_non_null(strstr(kvm, "\"run.ringwall.isolation.modes\": \"native,kvm\""));
	free(kvm);
}

static void test_unsafe_annotations(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < annotation_count; i++) {
		count += annotations[i].unsafe;
		assert_int_equal(annotations[i].unsafe,
			lists("potentiallyUnsafeConfigAnnotations", annotations[i].key));
	}
	assert_int_equal(find("potentiallyUnsafeConfigAnnotations")->count, count);
}

/* A configuration that uses every listed name of one list is read without an error. */
static void assert_accepted(const char *before, const char *path, const char *item_before,
	const char *item_after, const char *after)
{
	struct strbuf text = STRBUF_INIT;
	struct spec *spec = NULL;
	struct err err = { 0 };
	const char *comma = "";

	strbuf_adds(&text, "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},");
	strbuf_adds(&text, before);
	json_foreach (child, find(path)) {
		strbuf_addf(&text, "%s%s\"%s\"%s", comma, item_before, child->text, item_after);
		comma = ",";
	}
	strbuf_adds(&text, after);
	if (spec_parse(text.data, text.len, "config.json", &spec, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
	spec_free(spec);
	strbuf_release(&text);
}

static void test_listed_names_are_accepted(void **state)
{
	(void)state;
	assert_accepted("\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
			"\"architectures\":[",
		"linux.seccomp.archs", "", "", "]}}}");
	assert_accepted("\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[",
		"linux.seccomp.supportedFlags", "", "", "]}}}");
	assert_accepted("\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
			"\"listenerPath\":\"/run/l\",\"syscalls\":[",
		"linux.seccomp.actions", "{\"names\":[\"mount\"],\"action\":", "}", "]}}}");
	assert_accepted("\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
			"\"syscalls\":[",
		"linux.seccomp.operators",
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":0,"
		"\"value\":1,\"op\":",
		"}]}", "]}}}");
	assert_accepted(
		"\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],\"user\":{\"uid\":0,\"gid\":0},"
		"\"capabilities\":{\"bounding\":[",
		"linux.capabilities", "", "", "]}}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_what_is_built),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_kvm),
		cmocka_unit_test(test_unsafe_annotations),
		cmocka_unit_test(test_listed_names_are_accepted),
	};

	return cmocka_run_group_tests(tests, read_document, free_document);
}
