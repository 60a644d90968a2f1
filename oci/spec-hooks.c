// SPDX-License-Identifier: Apache-2.0
/* config.md, "POSIX-platform Hooks". */
#include "oci/tables.h"

#include "oci/values.h"

static const struct field hook_rows[] = {
	FIELD_STR("path", struct spec_hook, path, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_relative, .doc = "program, absolute"),
	FIELD_TEXTS("args", struct spec_hook, args, .doc = "its arguments, with argv[0]"),
	FIELD_TEXTS("env", struct spec_hook, env, .refuse = value_refuse_environment,
		.doc = "its whole environment"),
	FIELD_MAYBE_I64("timeout", struct spec_hook, timeout, .min = 1, .max = INT32_MAX,
		.doc = "seconds, more than 0"),
};
static const struct fields hook_fields = FIELDS(hook_rows, struct spec_hook, NULL);

/* The structure that `hooks` is read into. */
struct hook_lists {
	spec_hook_list lists[HOOK_KIND_COUNT];
};

#define HOOKS(key, kind, ...) \
	FIELD_STRUCTS(        \
		key, struct hook_lists, lists[kind], struct spec_hook, &hook_fields, __VA_ARGS__)

static const struct field hooks_rows[] = {
	HOOKS("prestart", HOOK_PRESTART,
		.doc = "in the runtime's namespaces before createRuntime (deprecated)"),
	HOOKS("createRuntime", HOOK_CREATE_RUNTIME, .since = "1.0.2",
		.doc = "in the runtime's namespaces, before the root is changed"),
	HOOKS("createContainer", HOOK_CREATE_CONTAINER, .since = "1.0.2",
		.doc = "in the container's namespaces, before the root is changed"),
	HOOKS("startContainer", HOOK_START_CONTAINER, .since = "1.0.2",
		.doc = "in the container, before the program is executed"),
	HOOKS("poststart", HOOK_POSTSTART,
		.doc = "in the runtime's namespaces, after the program was executed"),
	HOOKS("poststop", HOOK_POSTSTOP,
		.doc = "in the runtime's namespaces, after the container was deleted"),
};
const struct fields hooks_fields = FIELDS(hooks_rows, struct hook_lists, NULL);
