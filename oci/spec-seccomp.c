// SPDX-License-Identifier: Apache-2.0
/* config-linux.md, "Seccomp".  The filter itself is compiled by runtime/process/filter.c. */
#include "oci/tables.h"

#include <linux/seccomp.h>

#include "oci/values.h"

/* The kernel takes errnos up to MAX_ERRNO, and 16 bits for a tracer; what does not fit would be
 * cut to another number, 0 perhaps. */
#define ERRNO_MAX 4095
#define TRACE_MAX 65535

static int check_errno(const struct json_doc *doc, const struct json_node *errno_ret,
	uint32_t action, const struct opt_u32 *value, struct err *err)
{
	if (!value->set)
		return 0;
	if (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE)
		return json_error(doc, errno_ret, err, "the action %s takes no errno",
			names_of(&seccomp_action_names, action));
	if (value->v > (action == SECCOMP_RET_ERRNO ? ERRNO_MAX : TRACE_MAX))
		return json_error(doc, errno_ret, err, "%u is no errno", (unsigned int)value->v);
	return 0;
}

static const struct field arg_rows[] = {
	FIELD_UINT32("index", struct spec_seccomp_arg, index, .flags = FIELD_REQUIRED, .max = 5,
		.doc = "which argument, from 0"),
	FIELD_UINT64("value", struct spec_seccomp_arg, value, .flags = FIELD_REQUIRED,
		.doc = "compared with; the mask of SCMP_CMP_MASKED_EQ"),
	FIELD_UINT64("valueTwo", struct spec_seccomp_arg, value_two,
		.doc = "compared with by SCMP_CMP_MASKED_EQ"),
	FIELD_NAME("op", struct spec_seccomp_arg, op, &seccomp_operator_names,
		.flags = FIELD_REQUIRED, .doc = "comparison"),
};
static const struct fields arg_fields = FIELDS(arg_rows, struct spec_seccomp_arg, NULL);

static int check_rule(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct spec_seccomp_rule *rule = object;

	if (rule->names.count == 0)
		return json_error(doc, node, err, "\"names\" needs at least one entry");
	return check_errno(doc, json_get(node, "errnoRet"), rule->action, &rule->errno_ret, err);
}

static const struct field rule_rows[] = {
	FIELD_TEXTS("names", struct spec_seccomp_rule, names, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_empty, .doc = "system calls, at least one"),
	FIELD_NAME("action", struct spec_seccomp_rule, action, &seccomp_action_names,
		.flags = FIELD_REQUIRED, .doc = "what happens"),
	FIELD_MAYBE_U32("errnoRet", struct spec_seccomp_rule, errno_ret, .since = "1.1",
		.doc = "errno of SCMP_ACT_ERRNO and SCMP_ACT_TRACE; unset: EPERM"),
	FIELD_STRUCTS("args", struct spec_seccomp_rule, args, struct spec_seccomp_arg, &arg_fields,
		.doc = "only when all arguments match"),
};
static const struct fields rule_fields = FIELDS(rule_rows, struct spec_seccomp_rule, check_rule);

bool spec_seccomp_notifies(const struct spec_seccomp *seccomp)
{
	if (seccomp->default_action == SECCOMP_RET_USER_NOTIF)
		return true;
	for (size_t i = 0; i < seccomp->syscalls.count; i++)
		if (seccomp->syscalls.items[i].action == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

static int check_seccomp(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	struct spec_seccomp *seccomp = object;
	const struct json_node *flags = json_get(node, "flags");

	seccomp->flags_given = flags && flags->type == JSON_ARRAY;
	if (seccomp->listener_metadata && !seccomp->listener_path)
		return json_error(doc, json_get(node, "listenerMetadata"), err,
			"only allowed with \"listenerPath\"");
	if (spec_seccomp_notifies(seccomp) && !seccomp->listener_path)
		return json_error(doc, node, err, "SCMP_ACT_NOTIFY needs \"listenerPath\"");
	return check_errno(doc, json_get(node, "defaultErrnoRet"), seccomp->default_action,
		&seccomp->default_errno_ret, err);
}

static const struct field seccomp_rows[] = {
	FIELD_NAME("defaultAction", struct spec_seccomp, default_action, &seccomp_action_names,
		.flags = FIELD_REQUIRED, .doc = "for system calls that no rule matches"),
	FIELD_MAYBE_U32("defaultErrnoRet", struct spec_seccomp, default_errno_ret, .since = "1.1",
		.doc = "its errno; unset: EPERM"),
	FIELD_NAMES("architectures", struct spec_seccomp, architectures, &seccomp_arch_names,
		.doc = "whose system calls are known"),
	FIELD_FLAGSET("flags", struct spec_seccomp, flags, &seccomp_flag_names, .since = "1.0.2",
		.doc = "of seccomp(2)"),
	FIELD_STR("listenerPath", struct spec_seccomp, listener_path,
		.flags = FIELD_EMPTY_IS_ABSENT, .since = "1.1",
		.doc = "UNIX socket that gets the notification descriptor"),
	FIELD_STR("listenerMetadata", struct spec_seccomp, listener_metadata,
		.flags = FIELD_EMPTY_IS_ABSENT, .since = "1.1", .doc = "handed to the listener"),
	FIELD_STRUCTS("syscalls", struct spec_seccomp, syscalls, struct spec_seccomp_rule,
		&rule_fields, .doc = "rules"),
};
const struct fields seccomp_fields = FIELDS(seccomp_rows, struct spec_seccomp, check_seccomp);
