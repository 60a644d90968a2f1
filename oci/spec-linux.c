// SPDX-License-Identifier: Apache-2.0
/* config-linux.md: the tables of `linux`, but for control groups and seccomp. */
#include "oci/tables.h"

#include <linux/mempolicy.h>
#include <string.h>
#include <sys/stat.h>

#include "oci/values.h"

/* ---- namespaces ---- */

struct namespace_entry {
	int type;
	const char *path;
};

static const struct field namespace_rows[] = {
	FIELD_NAME("type", struct namespace_entry, type, &ns_names, .flags = FIELD_REQUIRED,
		.doc = "which kind"),
	FIELD_STR("path", struct namespace_entry, path, .refuse = value_refuse_relative,
		.doc = "a namespace to join, absolute; unset: a new one"),
};
static const struct fields namespace_fields = FIELDS(namespace_rows, struct namespace_entry, NULL);

static int read_namespaces(const struct field_value *v, void *dst, struct err *err)
{
	struct spec_namespace *namespaces = dst;

	if (v->node->type != JSON_ARRAY)
		return fields_type_error(v->doc, v->node, "array", err);
	json_foreach (child, v->node) {
		struct namespace_entry entry = { 0 };
		int r = fields_read(v->doc, child, &namespace_fields, &entry, err);

		if (r < 0)
			return r;
		if (namespaces[entry.type].listed)
			return json_error(v->doc, child, err, "the namespace \"%s\" is given twice",
				names_of(&ns_names, entry.type));
		namespaces[entry.type] = (struct spec_namespace){ true, entry.path };
	}
	return 0;
}

/* ---- id mappings ---- */

/* The kernel takes at most 340 lines (user_namespaces(7)). */
#define IDMAP_LINES_MAX 340

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static int idmap_check(const struct json_doc *doc, const struct json_node *node,
	const spec_idmaps *maps, size_t index, struct err *err)
{
	const struct spec_idmap *map = &maps->items[index];

	if (map->size == 0)
		return json_error(doc, node, err, "the range is empty");
	if ((uint64_t)map->container_id + map->size > UINT32_MAX ||
		(uint64_t)map->host_id + map->size > UINT32_MAX)
		return json_error(doc, node, err, "the range ends above the highest id");
	for (size_t i = 0; i < index; i++) {
		const struct spec_idmap *other = &maps->items[i];

		if (overlap(map->container_id, map->size, other->container_id, other->size))
			return json_error(doc, node, err, "ids of the container are mapped twice");
		if (overlap(map->host_id, map->size, other->host_id, other->size))
			return json_error(doc, node, err, "ids of the host are mapped twice");
	}
	return 0;
}

int idmaps_check(const struct json_doc *doc, const struct json_node *node, const spec_idmaps *maps,
	struct err *err)
{
	if (maps->count > IDMAP_LINES_MAX)
		return json_error(doc, node, err, "more than %d ranges", IDMAP_LINES_MAX);
	for (size_t i = 0; i < maps->count; i++) {
		int r = idmap_check(doc, json_at(node, i), maps, i, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static const struct field idmap_rows[] = {
	FIELD_UINT32("containerID", struct spec_idmap, container_id, .flags = FIELD_REQUIRED,
		.doc = "first id in the container"),
	FIELD_UINT32("hostID", struct spec_idmap, host_id, .flags = FIELD_REQUIRED,
		.doc = "first id on the host"),
	FIELD_UINT32(
		"size", struct spec_idmap, size, .flags = FIELD_REQUIRED, .doc = "number of ids"),
};
const struct fields idmap_fields = FIELDS(idmap_rows, struct spec_idmap, NULL);

/* ---- timeOffsets ---- */

static const struct field time_offset_rows[] = {
	FIELD_INT64("secs", struct spec_time_offset, secs, .doc = "seconds"),
	FIELD_UINT32("nanosecs", struct spec_time_offset, nanosecs, .max = 999999999,
		.doc = "nanoseconds"),
};
static const struct fields time_offset_fields =
	FIELDS(time_offset_rows, struct spec_time_offset, NULL);

/* The keys are names of clocks: one that is unknown is an invalid value, not an unknown
 * property. */
static int read_time_offsets(const struct field_value *v, void *dst, struct err *err)
{
	struct spec_linux *linux_ = v->object;

	(void)dst;
	if (v->node->type != JSON_OBJECT)
		return fields_type_error(v->doc, v->node, "object", err);
	json_foreach (child, v->node) {
		struct spec_time_offset *offset;
		int r;

		if (strcmp(child->key, "monotonic") != 0 && strcmp(child->key, "boottime") != 0)
			return json_error(v->doc, child, err,
				"unknown clock (known are: monotonic, boottime)");
		if (child->type == JSON_NULL)
			continue;
		offset = json_alloc(v->doc, 1, sizeof(*offset));
		r = fields_read(v->doc, child, &time_offset_fields, offset, err);
		if (r < 0)
			return r;
		if (*child->key == 'm')
			linux_->time_monotonic = offset;
		else
			linux_->time_boottime = offset;
	}
	return 0;
}

/* ---- devices ---- */

static int read_device_type(const struct field_value *v, void *dst, struct err *err)
{
	static const struct {
		const char *letter;
		mode_t type;
	} types[] = { { "c", S_IFCHR }, { "u", S_IFCHR }, { "b", S_IFBLK }, { "p", S_IFIFO } };
	const char *text;
	char shown[32];
	int r = fields_text(v->doc, v->node, NULL, &text, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].letter, text) == 0) {
			*(mode_t *)dst = types[i].type;
			return 0;
		}
	}
	return json_error(v->doc, v->node, err, "\"%s\" is not a device type (c, b, u, p)",
		json_printable(text, shown, sizeof(shown)));
}

static int check_numbers(const struct json_doc *doc, const struct json_node *node,
	const struct spec_device *device, struct err *err)
{
	if (device->major < 0)
		return json_error(doc, node, err, "required property \"major\" is missing");
	if (device->minor < 0)
		return json_error(doc, node, err, "required property \"minor\" is missing");
	return 0;
}

/* Encoders write st_mode as it is: the type bits may be there, when they agree. */
static int check_device(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	struct spec_device *device = object;
	mode_t type_bits = device->file_mode.v & S_IFMT;
	const struct json_node *major = json_get(node, "major"), *minor = json_get(node, "minor");

	if (type_bits && type_bits != device->type)
		return json_error(doc, json_get(node, "fileMode"), err,
			"the file type in the mode is not that of \"type\"");
	device->file_mode.v &= 07777;
	if (device->type == S_IFIFO) {
		device->major = device->minor = 0;
		return 0;
	}
	if (!major || major->type == JSON_NULL)
		device->major = -1;
	if (!minor || minor->type == JSON_NULL)
		device->minor = -1;
	return check_numbers(doc, node, device, err);
}

static const struct field device_rows[] = {
	FIELD_OTHER("type", struct spec_device, type, read_device_type, .form = "string",
		.flags = FIELD_REQUIRED, .doc = "c or u (character), b (block), p (fifo)"),
	FIELD_STR("path", struct spec_device, path, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_relative, .doc = "where, absolute"),
	FIELD_INT64("major", struct spec_device, major, .max = DEVICE_MAJOR_MAX,
		.doc = "needed but for a fifo"),
	FIELD_INT64("minor", struct spec_device, minor, .max = DEVICE_MINOR_MAX,
		.doc = "needed but for a fifo"),
	FIELD_MAYBE_U32("fileMode", struct spec_device, file_mode, .max = S_IFMT | 07777,
		.doc = "permissions; unset: 0666"),
	FIELD_MAYBE_U32("uid", struct spec_device, uid, .max = UINT32_MAX - 1,
		.doc = "owner in the container"),
	FIELD_MAYBE_U32("gid", struct spec_device, gid, .max = UINT32_MAX - 1,
		.doc = "group in the container"),
};
static const struct fields device_fields = FIELDS(device_rows, struct spec_device, check_device);

/* ---- netDevices ---- */

static const struct field net_device_rows[] = {
	FIELD_STR("name", struct spec_net_device, name, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_interface_template,
		.doc = "name in the container, %d becomes a free number; unset: unchanged"),
};
static const struct fields net_device_fields =
	FIELDS(net_device_rows, struct spec_net_device, NULL);

/* ---- intelRdt, memoryPolicy, personality ---- */

static const struct field intel_rdt_rows[] = {
	FIELD_STR("closID", struct spec_intel_rdt, clos_id, .since = "1.0.2",
		.flags = FIELD_EMPTY_IS_ABSENT, .refuse = value_refuse_clos,
		.doc = "class of service; unset: the container's id"),
	FIELD_STR("l3CacheSchema", struct spec_intel_rdt, l3_cache_schema,
		.flags = FIELD_EMPTY_IS_ABSENT, .doc = "L3 cache"),
	FIELD_STR("memBwSchema", struct spec_intel_rdt, mem_bw_schema, .since = "1.0.2",
		.flags = FIELD_EMPTY_IS_ABSENT, .refuse = value_refuse_mb_schema,
		.doc = "memory bandwidth"),
	FIELD_TEXTS("schemata", struct spec_intel_rdt, schemata, .refuse = value_refuse_lines,
		.since = "1.3", .doc = "lines for the schemata file"),
	FIELD_MAYBE_BOOL("enableMonitoring", struct spec_intel_rdt, enable_monitoring,
		.since = "1.3", .doc = "a monitoring group of its own"),
};
static const struct fields intel_rdt_fields = FIELDS(intel_rdt_rows, struct spec_intel_rdt, NULL);

/* set_mempolicy(2) */
static const char *memory_policy_refuse(const struct spec_memory_policy *policy)
{
	const unsigned int which = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;

	if ((policy->flags & which) == which)
		return "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other";
	if ((policy->flags & MPOL_F_NUMA_BALANCING) && policy->mode != MPOL_BIND &&
		policy->mode != MPOL_PREFERRED_MANY)
		return "MPOL_F_NUMA_BALANCING needs MPOL_BIND or MPOL_PREFERRED_MANY";
	if (policy->mode == MPOL_DEFAULT)
		return policy->nodes ? "the mode takes no nodes" : NULL;
	if (policy->mode == MPOL_LOCAL)
		return policy->nodes || (policy->flags & which) ? "the mode takes no nodes" : NULL;
	if (policy->mode == MPOL_PREFERRED) /* without nodes: the local one */
		return !policy->nodes && (policy->flags & which) ? "the flags need nodes" : NULL;
	return policy->nodes ? NULL : "the mode needs nodes";
}

static int check_memory_policy(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const char *why = memory_policy_refuse(object);

	return why ? json_error(doc, node, err, "%s", why) : 0;
}

static const struct field memory_policy_rows[] = {
	FIELD_NAME("mode", struct spec_memory_policy, mode, &memory_policy_mode_names,
		.flags = FIELD_REQUIRED, .doc = "as set_mempolicy(2) names it"),
	FIELD_STR("nodes", struct spec_memory_policy, nodes, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_cpu_list, .doc = "memory nodes, such as 0-1"),
	FIELD_FLAGSET("flags", struct spec_memory_policy, flags, &memory_policy_flag_names,
		.doc = "of set_mempolicy(2)"),
};
static const struct fields memory_policy_fields =
	FIELDS(memory_policy_rows, struct spec_memory_policy, check_memory_policy);

/* "Currently no flag values are supported." */
static int read_personality_flags(const struct field_value *v, void *dst, struct err *err)
{
	(void)dst;
	if (v->node->type != JSON_ARRAY)
		return fields_type_error(v->doc, v->node, "array", err);
	return v->node->count ? json_error(v->doc, v->node, err, "no flag is supported") : 0;
}

static const struct field personality_rows[] = {
	FIELD_NAME("domain", struct spec_personality, domain, &personality_names,
		.flags = FIELD_REQUIRED, .doc = "execution domain"),
	FIELD_ELSEWHERE("flags", read_personality_flags, .form = "list of strings",
		.doc = "none is supported"),
};
static const struct fields personality_fields =
	FIELDS(personality_rows, struct spec_personality, NULL);

/* ---- linux ---- */

static int check_linux(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct spec_linux *linux_ = object;
	int r = idmaps_check(doc, json_get(node, "uidMappings"), &linux_->uid_mappings, err);

	if (r < 0)
		return r;
	return idmaps_check(doc, json_get(node, "gidMappings"), &linux_->gid_mappings, err);
}

static const struct field linux_rows[] = {
	FIELD_OTHER("namespaces", struct spec_linux, namespaces, read_namespaces,
		.form = "list of objects", .fields = &namespace_fields,
		.doc = "new or joined namespaces; others are the runtime's"),
	FIELD_STRUCTS("uidMappings", struct spec_linux, uid_mappings, struct spec_idmap,
		&idmap_fields, .doc = "user ids of a new user namespace"),
	FIELD_STRUCTS("gidMappings", struct spec_linux, gid_mappings, struct spec_idmap,
		&idmap_fields, .doc = "group ids of a new user namespace"),
	FIELD_ELSEWHERE("timeOffsets", read_time_offsets, .form = "object of objects",
		.fields = &time_offset_fields, .since = "1.1",
		.doc = "clocks of a new time namespace: monotonic, boottime"),
	FIELD_STRUCTS("devices", struct spec_linux, devices, struct spec_device, &device_fields,
		.doc = "device nodes"),
	FIELD_KEYED("netDevices", struct spec_linux, net_devices, struct spec_net_device,
		&net_device_fields, .refuse_key = value_refuse_interface, .since = "1.3",
		.doc = "network devices to move in, by name on the host"),
	FIELD_STR("cgroupsPath", struct spec_linux, cgroups_path, .flags = FIELD_EMPTY_IS_ABSENT,
		.doc = "the container's cgroup"),
	FIELD_STRUCT("resources", struct spec_linux, resources, struct spec_resources,
		&resources_fields, .doc = "limits of the cgroup"),
	FIELD_STRUCT("intelRdt", struct spec_linux, intel_rdt, struct spec_intel_rdt,
		&intel_rdt_fields, .doc = "Intel Resource Director Technology"),
	FIELD_STRUCT("memoryPolicy", struct spec_linux, memory_policy, struct spec_memory_policy,
		&memory_policy_fields, .since = "1.3", .doc = "NUMA policy"),
	FIELD_MAP("sysctl", struct spec_linux, sysctl, .refuse_key = value_refuse_sysctl,
		.doc = "kernel parameters of the container's namespaces"),
	FIELD_STRUCT("seccomp", struct spec_linux, seccomp, struct spec_seccomp, &seccomp_fields,
		.doc = "filter of system calls"),
	FIELD_NAME("rootfsPropagation", struct spec_linux, rootfs_propagation, &propagation_names,
		.flags = FIELD_EMPTY_IS_ABSENT, .doc = "propagation of the root mount"),
	FIELD_TEXTS("maskedPaths", struct spec_linux, masked_paths, .refuse = value_refuse_relative,
		.doc = "made unreadable, absolute"),
	FIELD_TEXTS("readonlyPaths", struct spec_linux, readonly_paths,
		.refuse = value_refuse_relative, .doc = "made read-only, absolute"),
	FIELD_STR("mountLabel", struct spec_linux, mount_label, .flags = FIELD_EMPTY_IS_ABSENT,
		.doc = "SELinux label of mounts"),
	FIELD_STRUCT("personality", struct spec_linux, personality, struct spec_personality,
		&personality_fields, .since = "1.0.2", .doc = "execution domain"),
};
const struct fields linux_fields = FIELDS(linux_rows, struct spec_linux, check_linux);
