// SPDX-License-Identifier: Apache-2.0
/* The tables of this folder as Markdown: what docs/reference.md is made of. */
#include "oci/spec.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "oci/tables.h"

static const char *form_of(const struct field *field)
{
	static const char *const forms[] = {
		[FIELD_STRING] = "string",
		[FIELD_BOOL] = "boolean",
		[FIELD_I64] = "int64",
		[FIELD_I32] = "int32",
		[FIELD_U64] = "uint64",
		[FIELD_U32] = "uint32",
		[FIELD_U16] = "uint16",
		[FIELD_OPT_BOOL] = "boolean",
		[FIELD_OPT_I64] = "int64",
		[FIELD_OPT_U64] = "uint64",
		[FIELD_OPT_U32] = "uint32",
		[FIELD_ENUM] = "name",
		[FIELD_FLAGS] = "list of names",
		[FIELD_STRINGS] = "list of strings",
		[FIELD_U32S] = "list of uint32",
		[FIELD_ENUMS] = "list of names",
		[FIELD_OBJECT] = "object",
		[FIELD_INSIDE] = "object",
		[FIELD_LIST] = "list of objects",
		[FIELD_BY_KEY] = "object of objects",
		[FIELD_STRING_MAP] = "object of strings",
	};

	return field->form ? field->form : forms[field->kind];
}

/* What stands between the path of a property and those of its parts. */
static const char *joint_of(const struct field *field)
{
	const char *form = form_of(field);

	if (strcmp(form, "list of objects") == 0)
		return "[].";
	return strcmp(form, "object of objects") == 0 ? ".*." : ".";
}

static void add_names(struct strbuf *out, const struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		strbuf_addf(out, "%s`%s`", i ? ", " : ": ", names->rows[i].name);
}

static void add_field(
	struct strbuf *out, const char *path, const char *since, const struct field *field)
{
	strbuf_addf(out, "| `%s%s` | %s%s | %s | %s", path, field->key, form_of(field),
		field->flags & FIELD_REQUIRED ? ", required" : "", since, field->doc);
	if (field->max)
		strbuf_addf(out, " (%lld to %llu)", (long long)field->min,
			(unsigned long long)field->max);
	if (field->names)
		add_names(out, field->names);
	strbuf_adds(out, " |\n");
}

/* What is in an object is as old as it when it does not say so.  The tables are static and a few
 * levels deep. */
static void add_fields(
	struct strbuf *out, const char *path, const char *above, const struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		auto_free char *below = NULL;
		const char *since = field->since ? field->since : above;

		add_field(out, path, since, field);
		if (!field->fields)
			continue;
		below = xasprintf("%s%s%s", path, field->key, joint_of(field));
		add_fields(out, below, since, field->fields);
	}
}

static const char *option_effect(const struct mount_option *option)
{
	switch (option->kind) {
	case MOUNT_OPTION_FLAG:
	case MOUNT_OPTION_BIND:
		return "mount";
	case MOUNT_OPTION_RECURSIVE:
		return "whole tree";
	case MOUNT_OPTION_PROPAGATION:
		return "propagation";
	case MOUNT_OPTION_IDMAP:
		return "id mapping";
	case MOUNT_OPTION_IGNORED:
		return "ignored";
	case MOUNT_OPTION_TMPCOPYUP:
	case MOUNT_OPTION_COPY_SYMLINK:
	case MOUNT_OPTION_SRC_NOFOLLOW:
	case MOUNT_OPTION_DEST_NOFOLLOW:
		return "preparation";
	}
	BUG("a mount option of no kind");
}

char *spec_reference_format(void)
{
	struct strbuf out = STRBUF_INIT;

	strbuf_adds(&out,
		"## Properties of config.json\n\n"
		"| property | type | since | meaning |\n|---|---|---|---|\n");
	add_fields(&out, "", "1.0", &spec_fields);
	strbuf_adds(&out,
		"\n## Mount options\n\n"
		"| option | concerns | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < mount_option_count; i++)
		strbuf_addf(&out, "| `%s` | %s | %s |\n", mount_options[i].name,
			option_effect(&mount_options[i]), mount_options[i].doc);
	if (annotation_count > 0)
		strbuf_adds(&out,
			"\n## Annotations\n\n"
			"| key | potentially unsafe | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < annotation_count; i++)
		strbuf_addf(&out, "| `%s` | %s | %s |\n", annotations[i].key,
			annotations[i].unsafe ? "yes" : "no", annotations[i].doc);
	return strbuf_take(&out);
}
