// SPDX-License-Identifier: Apache-2.0
/*
 * config.json as a structure: the table of its top level, and the life of the three documents that
 * are read (config, process, resources).
 *
 * A document's structures live in the arena of its JSON tree, so that freeing the tree frees all.
 */
#include "oci/spec.h"

#include <string.h>

#include "oci/json.h"
#include "oci/tables.h"
#include "oci/values.h"

/* ---- root, mounts ---- */

static const struct field root_rows[] = {
	FIELD_STR("path", struct spec_root, path, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_empty,
		.doc = "root file system, absolute or below the bundle"),
	FIELD_BOOLEAN("readonly", struct spec_root, readonly, .doc = "read-only in the container"),
};
static const struct fields root_fields = FIELDS(root_rows, struct spec_root, NULL);

static int check_mount(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct spec_mount *mount = object;
	int r;

	if (!mount->uid_mappings.count != !mount->gid_mappings.count)
		return json_error(doc, node, err,
			"\"uidMappings\" and \"gidMappings\" are only allowed together");
	r = idmaps_check(doc, json_get(node, "uidMappings"), &mount->uid_mappings, err);
	if (r < 0)
		return r;
	return idmaps_check(doc, json_get(node, "gidMappings"), &mount->gid_mappings, err);
}

static const struct field mount_rows[] = {
	FIELD_STR("destination", struct spec_mount, destination, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_empty, .doc = "where in the container"),
	FIELD_STR("type", struct spec_mount, type, .flags = FIELD_EMPTY_IS_ABSENT,
		.doc = "file system, as in /proc/filesystems; a dummy for bind mounts"),
	FIELD_STR("source", struct spec_mount, source, .flags = FIELD_EMPTY_IS_ABSENT,
		.doc = "device, or what is bind mounted, absolute or below the bundle"),
	FIELD_TEXTS("options", struct spec_mount, options,
		.doc = "mount options; unknown ones go to the file system"),
	FIELD_STRUCTS("uidMappings", struct spec_mount, uid_mappings, struct spec_idmap,
		&idmap_fields, .since = "1.1", .doc = "user ids of an id-mapped mount"),
	FIELD_STRUCTS("gidMappings", struct spec_mount, gid_mappings, struct spec_idmap,
		&idmap_fields, .since = "1.1", .doc = "group ids of an id-mapped mount"),
};
static const struct fields mount_fields = FIELDS(mount_rows, struct spec_mount, check_mount);

/* ---- config.json ---- */

static const struct field spec_rows[] = {
	FIELD_STR("ociVersion", struct spec, oci_version, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_version, .doc = "version of the specification"),
	FIELD_STRUCT("root", struct spec, root, struct spec_root, &root_fields,
		.flags = FIELD_REQUIRED, .doc = "root file system"),
	FIELD_STRUCTS("mounts", struct spec, mounts, struct spec_mount, &mount_fields,
		.doc = "mounts, in order"),
	FIELD_STRUCT("process", struct spec, process, struct spec_process, &process_fields,
		.doc = "the container's process; needed by start"),
	FIELD_STR("hostname", struct spec, hostname, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_host_name, .doc = "host name; needs a uts namespace"),
	FIELD_STR("domainname", struct spec, domainname, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_host_name, .since = "1.1",
		.doc = "NIS domain name; needs a uts namespace"),
	FIELD_EMBED("hooks", struct spec, hooks, spec_hook_list[HOOK_KIND_COUNT], &hooks_fields,
		.doc = "programs run at points of the life cycle"),
	FIELD_MAP("annotations", struct spec, annotations, .refuse_key = value_refuse_empty,
		.doc = "anything; some change what we do"),
	FIELD_STRUCT(
		"linux", struct spec, linux_, struct spec_linux, &linux_fields, .doc = "Linux"),
	FIELD_STRUCT("vm", struct spec, vm, struct spec_vm, &vm_fields, .since = "1.0.2",
		.doc = "virtual machine"),
};
const struct fields spec_fields = FIELDS(spec_rows, struct spec, NULL);

/* ---- documents ---- */

/* Reads @text into a new structure of @fields with @size bytes in the document's arena, at
 * @offset in it.  The document still refers to @text: json_seal() is left to the caller. */
static int document_read(const char *text, size_t len, const struct fields *fields, size_t size,
	size_t offset, struct json_doc **out_doc, void **out_object, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	char *object;
	int r = json_parse(text, len, SPEC_SIZE_MAX, &doc, err);

	if (r < 0)
		return r;
	object = json_alloc(doc, 1, size);
	r = fields_read(doc, json_root(doc), fields, object + offset, err);
	if (r < 0)
		return r;
	*out_object = object;
	*out_doc = take_ptr(&doc);
	return 0;
}

static int spec_read(const char *text, size_t len, struct spec **out_spec, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	struct spec *spec;
	void *object;
	int r = document_read(text, len, &spec_fields, sizeof(*spec), 0, &doc, &object, err);

	if (r < 0)
		return r;
	spec = object;
	if (!spec->linux_)
		spec->linux_ = json_alloc(doc, 1, sizeof(*spec->linux_));
	spec->doc = doc;
	r = spec_check(spec, err);
	if (r < 0)
		return r;
	json_seal(take_ptr(&doc)); /* the text is the caller's */
	*out_spec = spec;
	return 0;
}

int spec_parse(
	const char *text, size_t len, const char *name, struct spec **out_spec, struct err *err)
{
	return spec_read(text, len, out_spec, err) < 0 ? err_in(err, "%s", name) : 0;
}

void spec_free(struct spec *spec)
{
	if (spec)
		json_free(spec->doc);
}

int spec_process_parse(const char *text, size_t len, const char *name,
	struct spec_process_doc **out_process, struct err *err)
{
	struct spec_process_doc *process;
	struct json_doc *doc;
	void *object;

	if (document_read(text, len, &process_fields, sizeof(*process),
		    offsetof(struct spec_process_doc, process), &doc, &object, err) < 0)
		return err_in(err, "%s", name);
	process = object;
	process->doc = doc;
	json_seal(doc);
	*out_process = process;
	return 0;
}

void spec_process_free(struct spec_process_doc *process)
{
	if (process)
		json_free(process->doc);
}

int spec_resources_parse(const char *text, size_t len, const char *name,
	struct spec_resources_doc **out_resources, struct err *err)
{
	struct spec_resources_doc *resources;
	struct json_doc *doc;
	void *object;

	if (document_read(text, len, &resources_fields, sizeof(*resources),
		    offsetof(struct spec_resources_doc, resources), &doc, &object, err) < 0)
		return err_in(err, "%s", name);
	resources = object;
	resources->doc = doc;
	json_seal(doc);
	*out_resources = resources;
	return 0;
}

void spec_resources_free(struct spec_resources_doc *resources)
{
	if (resources)
		json_free(resources->doc);
}

const char *spec_annotation(const struct spec *spec, const char *key)
{
	for (size_t i = 0; i < spec->annotations.count; i++)
		if (strcmp(spec->annotations.items[i].key, key) == 0)
			return spec->annotations.items[i].value;
	return NULL;
}
