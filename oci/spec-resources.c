// SPDX-License-Identifier: Apache-2.0
/* config-linux.md, "Control groups": the tables of `linux.resources`.  cgroups/ decides what of it
 * this machine's cgroups can do. */
#include "oci/tables.h"

#include <string.h>

#include "oci/values.h"

/* ---- devices ---- */

static int check_device_rule(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	struct spec_device_rule *rule = object;

	(void)err;
	(void)doc;
	/* "Unset values mean all." */
	if (!rule->type)
		rule->type = 'a';
	if (!json_get(node, "major") || json_get(node, "major")->type == JSON_NULL)
		rule->major = -1;
	if (!json_get(node, "minor") || json_get(node, "minor")->type == JSON_NULL)
		rule->minor = -1;
	if (!rule->access)
		rule->access = DEVICE_ACCESS_READ | DEVICE_ACCESS_WRITE | DEVICE_ACCESS_MKNOD;
	return 0;
}

static int read_rule_type(const struct field_value *v, void *dst, struct err *err)
{
	const char *text;
	char shown[32];
	int r = fields_text(v->doc, v->node, NULL, &text, err);

	if (r < 0)
		return r;
	if (!*text || text[1] || !strchr("abc", *text))
		return json_error(v->doc, v->node, err, "\"%s\" is not a device type (a, b, c)",
			json_printable(text, shown, sizeof(shown)));
	*(char *)dst = *text;
	return 0;
}

static unsigned int access_of(char letter)
{
	switch (letter) {
	case 'r':
		return DEVICE_ACCESS_READ;
	case 'w':
		return DEVICE_ACCESS_WRITE;
	case 'm':
		return DEVICE_ACCESS_MKNOD;
	default:
		return 0;
	}
}

static int read_access(const struct field_value *v, void *dst, struct err *err)
{
	unsigned int access = 0;
	const char *text;
	char shown[32];
	int r = fields_text(v->doc, v->node, NULL, &text, err);

	if (r < 0)
		return r;
	for (const char *p = text; *p; p++) {
		access |= access_of(*p);
		if (!access_of(*p))
			access = 0;
		if (!access)
			break;
	}
	if (!access)
		return json_error(v->doc, v->node, err, "\"%s\" is not made of r, w and m",
			json_printable(text, shown, sizeof(shown)));
	*(unsigned int *)dst = access;
	return 0;
}

static const struct field device_rule_rows[] = {
	FIELD_BOOLEAN("allow", struct spec_device_rule, allow, .flags = FIELD_REQUIRED,
		.doc = "allowed or denied"),
	FIELD_OTHER("type", struct spec_device_rule, type, read_rule_type, .form = "string",
		.doc = "a (all), b or c; unset: a"),
	FIELD_INT64("major", struct spec_device_rule, major, .min = -1, .max = DEVICE_MAJOR_MAX,
		.doc = "unset or -1: all"),
	FIELD_INT64("minor", struct spec_device_rule, minor, .min = -1, .max = DEVICE_MINOR_MAX,
		.doc = "unset or -1: all"),
	FIELD_OTHER("access", struct spec_device_rule, access, read_access, .form = "string",
		.doc = "made of r (read), w (write), m (mknod); unset: all"),
};
static const struct fields device_rule_fields =
	FIELDS(device_rule_rows, struct spec_device_rule, check_device_rule);

/* ---- memory, cpu, pids ---- */

#define LIMIT(key, member, ...) \
	FIELD_MAYBE_I64(key, struct spec_memory, member, .min = -1, .max = INT64_MAX, __VA_ARGS__)

static const struct field memory_rows[] = {
	LIMIT("limit", limit, .doc = "bytes; -1: no limit"),
	LIMIT("reservation", reservation, .doc = "soft limit in bytes"),
	LIMIT("swap", swap, .doc = "memory and swap together, in bytes"),
	LIMIT("kernel", kernel, .doc = "kernel memory (not recommended)"),
	LIMIT("kernelTCP", kernel_tcp, .doc = "TCP buffers (not recommended)"),
	FIELD_MAYBE_U64("swappiness", struct spec_memory, swappiness, .max = 100,
		.doc = "0 to 100; cgroup v1"),
	FIELD_MAYBE_BOOL("disableOOMKiller", struct spec_memory, disable_oom_killer,
		.doc = "tasks wait instead; cgroup v1"),
	FIELD_MAYBE_BOOL("useHierarchy", struct spec_memory, use_hierarchy, .since = "1.0.2",
		.doc = "cgroup v1"),
	FIELD_MAYBE_BOOL("checkBeforeUpdate", struct spec_memory, check_before_update,
		.since = "1.1", .doc = "refuse a limit below the usage"),
};
static const struct fields memory_fields = FIELDS(memory_rows, struct spec_memory, NULL);

static int check_cpu(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct spec_cpu *cpu = object;

	if (cpu->burst.set && cpu->quota.set && cpu->quota.v > 0 &&
		cpu->burst.v > (uint64_t)cpu->quota.v)
		return json_error(doc, json_get(node, "burst"), err, "larger than the quota");
	return 0;
}

static const struct field cpu_rows[] = {
	FIELD_MAYBE_U64("shares", struct spec_cpu, shares, .doc = "relative share"),
	FIELD_MAYBE_I64(
		"quota", struct spec_cpu, quota, .doc = "microseconds in a period; < 0: all"),
	FIELD_MAYBE_U64("burst", struct spec_cpu, burst, .since = "1.1",
		.doc = "microseconds saved up at most"),
	FIELD_MAYBE_U64("period", struct spec_cpu, period, .doc = "microseconds"),
	FIELD_MAYBE_I64("realtimeRuntime", struct spec_cpu, realtime_runtime,
		.doc = "microseconds; cgroup v1"),
	FIELD_MAYBE_U64("realtimePeriod", struct spec_cpu, realtime_period,
		.doc = "microseconds; cgroup v1"),
	FIELD_STR("cpus", struct spec_cpu, cpus, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_cpu_list, .doc = "CPUs, such as 0-3,7"),
	FIELD_STR("mems", struct spec_cpu, mems, .flags = FIELD_EMPTY_IS_ABSENT,
		.refuse = value_refuse_cpu_list, .doc = "memory nodes, such as 0-1"),
	FIELD_MAYBE_I64("idle", struct spec_cpu, idle, .max = 1, .since = "1.1",
		.doc = "1: only when nothing else runs"),
};
static const struct fields cpu_fields = FIELDS(cpu_rows, struct spec_cpu, check_cpu);

/* `pids` has one property, kept in spec_resources itself. */
static const struct field pids_rows[] = {
	FIELD_MAYBE_I64("limit", struct spec_resources, pids_limit, .min = -1, .max = INT64_MAX,
		.doc = "number of tasks; -1: no limit"),
};
static const struct fields pids_fields = FIELDS(pids_rows, struct spec_resources, NULL);

/* ---- blockIO ---- */

static int check_weight_device(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct spec_weight_device *device = object;

	if (device->weight.set || device->leaf_weight.set)
		return 0;
	return json_error(doc, node, err, "\"weight\" or \"leafWeight\" is needed");
}

#define DEVICE_NUMBERS(type)                                                                \
	FIELD_INT64("major", type, major, .flags = FIELD_REQUIRED, .max = DEVICE_MAJOR_MAX, \
		.doc = "device number"),                                                    \
		FIELD_INT64("minor", type, minor, .flags = FIELD_REQUIRED,                  \
			.max = DEVICE_MINOR_MAX, .doc = "device number")

static const struct field weight_device_rows[] = {
	DEVICE_NUMBERS(struct spec_weight_device),
	FIELD_MAYBE_U32("weight", struct spec_weight_device, weight, .max = UINT16_MAX,
		.doc = "weight on this device"),
	FIELD_MAYBE_U32("leafWeight", struct spec_weight_device, leaf_weight, .max = UINT16_MAX,
		.doc = "weight against child cgroups (gone from the kernel)"),
};
static const struct fields weight_device_fields =
	FIELDS(weight_device_rows, struct spec_weight_device, check_weight_device);

static const struct field throttle_device_rows[] = {
	DEVICE_NUMBERS(struct spec_throttle_device),
	FIELD_UINT64("rate", struct spec_throttle_device, rate, .flags = FIELD_REQUIRED,
		.doc = "bytes or operations a second"),
};
static const struct fields throttle_device_fields =
	FIELDS(throttle_device_rows, struct spec_throttle_device, NULL);

#define THROTTLE(key, member, ...)                                                    \
	FIELD_STRUCTS(key, struct spec_block_io, member, struct spec_throttle_device, \
		&throttle_device_fields, __VA_ARGS__)

static const struct field block_io_rows[] = {
	FIELD_MAYBE_U32("weight", struct spec_block_io, weight, .max = UINT16_MAX,
		.doc = "weight on all devices"),
	FIELD_MAYBE_U32("leafWeight", struct spec_block_io, leaf_weight, .max = UINT16_MAX,
		.doc = "weight against child cgroups (gone from the kernel)"),
	FIELD_STRUCTS("weightDevice", struct spec_block_io, weight_device,
		struct spec_weight_device, &weight_device_fields,
		.doc = "weights of single devices"),
	THROTTLE("throttleReadBpsDevice", throttle_read_bps_device, .doc = "bytes read a second"),
	THROTTLE("throttleWriteBpsDevice", throttle_write_bps_device,
		.doc = "bytes written a second"),
	THROTTLE("throttleReadIOPSDevice", throttle_read_iops_device, .doc = "reads a second"),
	THROTTLE("throttleWriteIOPSDevice", throttle_write_iops_device, .doc = "writes a second"),
};
static const struct fields block_io_fields = FIELDS(block_io_rows, struct spec_block_io, NULL);

/* ---- hugepageLimits, network, rdma ---- */

static const struct field hugepage_rows[] = {
	FIELD_STR("pageSize", struct spec_hugepage_limit, page_size, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_page_size, .doc = "such as 64KB, 2MB, 1GB"),
	FIELD_UINT64("limit", struct spec_hugepage_limit, limit, .flags = FIELD_REQUIRED,
		.doc = "bytes"),
};
static const struct fields hugepage_fields =
	FIELDS(hugepage_rows, struct spec_hugepage_limit, NULL);

static const struct field priority_rows[] = {
	FIELD_STR("name", struct spec_interface_priority, name, .flags = FIELD_REQUIRED,
		.refuse = value_refuse_interface, .doc = "network interface"),
	FIELD_UINT32("priority", struct spec_interface_priority, priority, .flags = FIELD_REQUIRED,
		.doc = "priority of what is sent there"),
};
static const struct fields priority_fields =
	FIELDS(priority_rows, struct spec_interface_priority, NULL);

static const struct field network_rows[] = {
	FIELD_MAYBE_U32(
		"classID", struct spec_network, class_id, .doc = "class of the packets; cgroup v1"),
	FIELD_STRUCTS("priorities", struct spec_network, priorities, struct spec_interface_priority,
		&priority_fields, .doc = "priorities by interface; cgroup v1"),
};
static const struct fields network_fields = FIELDS(network_rows, struct spec_network, NULL);

static int check_rdma(
	struct json_doc *doc, const struct json_node *node, void *object, struct err *err)
{
	const struct spec_rdma *rdma = object;

	if (rdma->hca_handles.set || rdma->hca_objects.set)
		return 0;
	return json_error(doc, node, err, "\"hcaHandles\" or \"hcaObjects\" is needed");
}

static const struct field rdma_rows[] = {
	FIELD_MAYBE_U32("hcaHandles", struct spec_rdma, hca_handles, .doc = "handles at most"),
	FIELD_MAYBE_U32("hcaObjects", struct spec_rdma, hca_objects, .doc = "objects at most"),
};
static const struct fields rdma_fields = FIELDS(rdma_rows, struct spec_rdma, check_rdma);

/* ---- resources ---- */

static const struct field resources_rows[] = {
	FIELD_STRUCTS("devices", struct spec_resources, devices, struct spec_device_rule,
		&device_rule_fields, .doc = "which devices may be used, in order"),
	FIELD_STRUCT("memory", struct spec_resources, memory, struct spec_memory, &memory_fields,
		.doc = "memory"),
	FIELD_STRUCT(
		"cpu", struct spec_resources, cpu, struct spec_cpu, &cpu_fields, .doc = "CPUs"),
	FIELD_PART("pids", &pids_fields, .doc = "tasks"),
	FIELD_STRUCT("blockIO", struct spec_resources, block_io, struct spec_block_io,
		&block_io_fields, .doc = "block devices"),
	FIELD_STRUCTS("hugepageLimits", struct spec_resources, hugepage_limits,
		struct spec_hugepage_limit, &hugepage_fields, .doc = "huge pages"),
	FIELD_STRUCT("network", struct spec_resources, network, struct spec_network,
		&network_fields, .doc = "network classes and priorities"),
	FIELD_KEYED("rdma", struct spec_resources, rdma, struct spec_rdma, &rdma_fields,
		.refuse_key = value_refuse_word, .since = "1.0.2", .doc = "RDMA, by device"),
	FIELD_MAP("unified", struct spec_resources, unified, .refuse_key = value_refuse_cgroup_file,
		.since = "1.1", .doc = "cgroup v2 files and what to write to them"),
};
const struct fields resources_fields = FIELDS(resources_rows, struct spec_resources, NULL);
