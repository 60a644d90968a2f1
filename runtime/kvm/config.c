// SPDX-License-Identifier: Apache-2.0
/*
 * What of a configuration is the host's, what the guest's, and what neither can do: see the header.
 *
 * The guest's configuration is the text itself with parts left out or written anew, by tables of
 * rules, so that what this build does not know reaches the guest as it is.  In the guest the same
 * program reads and applies it (oci/, rootfs/, runtime/).
 */
#include "runtime/kvm/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/num.h"
#include "oci/json.h"
#include "oci/jsonw.h"
#include "runtime/kvm/message.h"

/* ---- what is refused ---- */

static int refuse(struct err *err, const char *property, const char *why)
{
	err_bad_errno(err, ERR_CONFIG, EOPNOTSUPP, "%s: not possible with --isolation kvm: %s",
		property, why);
	return err_result(err);
}

static int refuse_namespaces(const struct spec *spec, struct err *err)
{
	static const struct {
		enum ns_type type;
		const char *why_shared, *why_joined;
	} rows[] = {
		{ NS_USER, NULL,
			"a user namespace of the host means nothing to the guest's kernel" },
		{ NS_PID, "the host's processes are not in the guest",
			"processes of another container are not in the guest" },
		{ NS_NETWORK, "the host's network cannot be handed to a guest", NULL },
		{ NS_IPC, "the host's IPC objects are not in the guest",
			"IPC objects of another container are not in the guest" },
		{ NS_CGROUP, NULL, "the host's cgroups are not in the guest" },
		{ NS_TIME, NULL, "the clocks of another container are not the guest's" },
		{ NS_MOUNT, "the host's mounts are not in the guest",
			"mounts of another container are not in the guest" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct spec_namespace *ns = &spec->linux_->namespaces[rows[i].type];
		const char *why = ns->listed ? NULL : rows[i].why_shared;
		char property[64];

		if (ns->listed && ns->path && ns->path[0])
			why = rows[i].why_joined;
		/* A pod's sandbox has none, and the pod's network lets in one machine. */
		if (why && rows[i].type == NS_IPC && ns->listed &&
			annotations_say_in_pod(&spec->annotations)) {
			log_warn("linux.namespaces (ipc): the machine has one of its own: IPC "
				 "objects of other containers of the pod are not in it");
			why = NULL;
		}
		snprintf(property, sizeof(property), "linux.namespaces (%s%s)",
			ns->listed ? "" : "no ", names_of(&ns_names, rows[i].type));
		if (why)
			return refuse(err, property, why);
	}
	return 0;
}

/* File systems that need nothing of the host. */
static const char *const guest_types[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup",
	"cgroup2", "ramfs" };

static bool has_option(const struct spec_mount *mount, const char *name)
{
	list_foreach (option, &mount->options)
		if (strcmp(*option, name) == 0)
			return true;
	return false;
}

static bool is_bind(const struct spec_mount *mount)
{
	return (mount->type && strcmp(mount->type, "bind") == 0) || has_option(mount, "bind") ||
		has_option(mount, "rbind");
}

static int refuse_mounts(const struct spec *spec, struct err *err)
{
	list_foreach (mount, &spec->mounts) {
		bool known = !mount->type || is_bind(mount);
		char property[300], why[300];

		for (size_t i = 0; !known && i < ARRAY_SIZE(guest_types); i++)
			known = strcmp(mount->type, guest_types[i]) == 0;
		snprintf(property, sizeof(property), "mounts[%zu] \"%.256s\"",
			(size_t)(mount - spec->mounts.items), mount->destination);
		if (!known && has_option(mount, "remount"))
			continue;
		if (!known) {
			snprintf(why, sizeof(why),
				"type \"%.200s\" needs a device or files of the host", mount->type);
			return refuse(err, property, why);
		}
		if (has_option(mount, "copy-symlink"))
			return refuse(err, property, "copy-symlink");
		if (is_bind(mount) &&
			(has_option(mount, "shared") || has_option(mount, "rshared") ||
				has_option(mount, "slave") || has_option(mount, "rslave")))
			return refuse(err, property,
				"mounts do not propagate between the host and the guest");
	}
	return 0;
}

/* The devices that every guest has; the numbers are the kernel's (admin-guide/devices.rst). */
static const struct {
	mode_t type;
	int64_t major, minor;
} guest_devices[] = {
	{ S_IFCHR, 1, 3 }, { S_IFCHR, 1, 5 }, { S_IFCHR, 1, 7 }, { S_IFCHR, 1, 8 },
	{ S_IFCHR, 1, 9 }, { S_IFCHR, 1, 11 }, { S_IFCHR, 5, 0 }, { S_IFCHR, 5, 1 },
	{ S_IFCHR, 5, 2 }, { S_IFCHR, 10, 229 }, /* fuse */
};

static int refuse_devices(const struct spec *spec, struct err *err)
{
	list_foreach (device, &spec->linux_->devices) {
		bool known = device->type == S_IFIFO;
		char property[300];

		for (size_t i = 0; !known && i < ARRAY_SIZE(guest_devices); i++)
			known = device->type == guest_devices[i].type &&
				device->major == guest_devices[i].major &&
				device->minor == guest_devices[i].minor;
		snprintf(property, sizeof(property), "linux.devices[%zu] \"%.256s\"",
			(size_t)(device - spec->linux_->devices.items), device->path);
		if (!known)
			return refuse(err, property, "the guest has no such device");
	}
	return 0;
}

static int refuse_vm(const struct spec_vm *vm, struct err *err)
{
	const struct {
		bool given;
		const char *property, *why;
	} rows[] = {
		{ vm->hypervisor_path != NULL, "vm.hypervisor",
			"the machine is this program's own; leave the object out" },
		{ vm->image_path != NULL, "vm.image",
			"the root file system is root.path, shared with the guest" },
		{ vm->device_tree != NULL, "vm.hwConfig.deviceTree", "the machine has ACPI" },
		{ vm->dtdevs.count > 0, "vm.hwConfig.dtdevs",
			"devices of the host are not passed through" },
		{ vm->iomems.count > 0, "vm.hwConfig.iomems",
			"devices of the host are not passed through" },
		{ vm->irqs.count > 0, "vm.hwConfig.irqs",
			"devices of the host are not passed through" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].given)
			return refuse(err, rows[i].property, rows[i].why);
	return 0;
}

int config_refuse_process(const struct spec_process *process, struct err *err)
{
	return process->exec_cpu_affinity ? refuse(err, "process.execCPUAffinity",
						    "processors of the host are not the guest's")
					  : 0;
}

int config_refuse(const struct spec *spec, struct err *err)
{
	int r = refuse_namespaces(spec, err);

	if (r == 0)
		r = refuse_mounts(spec, err);
	if (r == 0)
		r = refuse_devices(spec, err);
	if (r == 0 && spec->vm)
		r = refuse_vm(spec->vm, err);
	if (r == 0 && spec->linux_->seccomp && spec_seccomp_notifies(spec->linux_->seccomp))
		r = refuse(err, "linux.seccomp.listenerPath",
			"a descriptor of the guest cannot reach a process of the host");
	if (r == 0 && spec->linux_->rootfs_propagation & MS_SHARED)
		r = refuse(err, "linux.rootfsPropagation",
			"mounts of the guest do not propagate to the host");
	if (r == 0 && spec->linux_->memory_policy)
		r = refuse(err, "linux.memoryPolicy", "the guest has one memory node");
	if (r == 0 && spec->process)
		r = config_refuse_process(spec->process, err);
	if (r == 0 && spec_keeps_groups(spec))
		r = refuse(err, "annotations[\"" ANNOTATION_KEEP_GROUPS "\"]",
			"the caller's groups are the host's");
	return r;
}

/* ---- size ---- */

/* How many a list names ("0-3,7"); 0 for one that is empty or damaged, which the host's cgroup
 * refuses. */
static uint64_t cpus_of_set(const char *text)
{
	auto_free char *copy = xstrdup(text ? text : "");
	char *save = NULL;
	uint64_t count = 0;

	for (char *part = strtok_r(copy, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		char *dash = strchr(part, '-');
		uint64_t first, last;

		if (dash)
			*dash = '\0';
		if (num_u64(part, UINT16_MAX, &first) < 0 ||
			num_u64(dash ? dash + 1 : part, UINT16_MAX, &last) < 0 || last < first)
			return 0;
		count += last - first + 1;
	}
	return count;
}

static unsigned int cpus_of(
	const struct spec_resources *resources, unsigned int host_cpus, unsigned int cpus_max)
{
	const struct spec_cpu *cpu = resources ? resources->cpu : NULL;
	uint64_t period = cpu && cpu->period.set && cpu->period.v ? cpu->period.v : 100000;
	uint64_t count = CONFIG_CPUS_DEFAULT, allowed = cpu ? cpus_of_set(cpu->cpus) : 0;

	if (cpu && cpu->quota.set && cpu->quota.v > 0)
		count = ((uint64_t)cpu->quota.v + period - 1) / period;
	else if (allowed)
		count = allowed;
	if (allowed && count > allowed)
		count = allowed;
	if (count > host_cpus)
		count = host_cpus;
	return (unsigned int)(count > cpus_max ? cpus_max : count ? count : 1);
}

int config_size(const struct spec *spec, unsigned int host_cpus, unsigned int cpus_max,
	struct config_size *out_size, struct err *err)
{
	const struct spec_resources *resources = spec->linux_->resources;
	const struct spec_memory *memory = resources ? resources->memory : NULL;
	uint64_t limit =
		memory && memory->limit.set && memory->limit.v > 0 ? (uint64_t)memory->limit.v : 0;
	struct config_size size = {
		.cpus = cpus_of(resources, host_cpus, cpus_max),
		.memory = limit ? limit + CONFIG_GUEST_RESERVE : CONFIG_MEMORY_DEFAULT,
		.overhead = CONFIG_OVERHEAD,
	};

	if (spec->vm && spec->vm->vcpus.set) {
		if (spec->vm->vcpus.v > cpus_max)
			return err_bad(err, ERR_CONFIG,
				"vm.hwConfig.vcpus: %lld is more than the %u that a machine can "
				"have",
				(long long)spec->vm->vcpus.v, cpus_max);
		size.cpus = (unsigned int)spec->vm->vcpus.v;
	}
	if (spec->vm && spec->vm->memory.set)
		size.memory = (uint64_t)spec->vm->memory.v;
	if (limit && limit + CONFIG_GUEST_RESERVE > size.memory)
		return err_bad(err, ERR_CONFIG,
			"vm.hwConfig.memory: %llu bytes are too few for "
			"linux.resources.memory.limit, "
			"%llu, and the guest's kernel, %llu",
			(unsigned long long)size.memory, (unsigned long long)limit,
			CONFIG_GUEST_RESERVE);
	if (size.memory < CONFIG_GUEST_RESERVE + CONFIG_MEMORY_MIN)
		size.memory = CONFIG_GUEST_RESERVE + CONFIG_MEMORY_MIN;
	size.memory = (size.memory + (2u << 20) - 1) & ~(uint64_t)((2u << 20) - 1);
	*out_size = size;
	return 0;
}

/* As many stand-ins for processes of exec as the container can have processes, and the machine. */
static void limit_tasks(struct spec_resources *resources)
{
	if (resources->pids_limit.set && resources->pids_limit.v > 0 &&
		resources->pids_limit.v < INT32_MAX)
		resources->pids_limit.v += CONFIG_TASKS;
}

static struct spec_device host_nodes[] = {
	{ .path = "/dev/net/tun", .type = S_IFCHR, .major = 10, .minor = 200 },
};
const spec_devices config_host_devices = { host_nodes, ARRAY_SIZE(host_nodes) };

void config_host_resources(const struct spec_resources *resources, const struct config_size *size,
	struct spec_memory *out_memory, struct spec_resources *out_resources)
{
	static const struct spec_resources none = { 0 };
	bool limited = resources && resources->memory && resources->memory->limit.set &&
		resources->memory->limit.v > 0;

	*out_resources = resources ? *resources : none;
	*out_memory = (struct spec_memory){ 0 };
	if (limited)
		out_memory->limit =
			(struct opt_i64){ true, (int64_t)(size->memory + size->overhead) };
	out_resources->memory = limited ? out_memory : NULL;
	limit_tasks(out_resources);
	out_resources->devices.count = 0;
	out_resources->unified.count = 0;
}

void config_host_update(
	const struct spec_resources *resources, struct spec_resources *out_resources)
{
	*out_resources = *resources;
	out_resources->memory = NULL;
	limit_tasks(out_resources);
	out_resources->devices.count = 0;
	out_resources->unified.count = 0;
}

/* ---- rules ---- */

struct writer {
	struct jsonw *w;
	const struct config_guest *guest;
};

/* What becomes of a member: left out (neither), an object with rules of its own, or written anew. */
struct rule {
	const char *key;
	const struct rule *inside;
	void (*write)(struct writer *out, const char *key, const struct json_node *node);
};

static void write_object(
	struct writer *out, const struct json_node *node, const struct rule *rules);

static void write_member(struct writer *out, const struct json_node *node, const struct rule *rules)
{
	for (; rules->key; rules++)
		if (strcmp(rules->key, node->key) == 0)
			break;
	if (!rules->key) {
		jsonw_copy(out->w, node->key, node);
	} else if (rules->write) {
		rules->write(out, node->key, node);
	} else if (rules->inside && node->type == JSON_OBJECT) {
		jsonw_object(out->w, node->key);
		write_object(out, node, rules->inside);
		jsonw_end(out->w);
	}
}

/* The members only: the caller opens and ends the object. */
static void write_object(struct writer *out, const struct json_node *node, const struct rule *rules)
{
	json_foreach (child, node)
		write_member(out, child, rules);
}

/* ---- mounts ---- */

static bool is_host_option(const char *option)
{
	return strcmp(option, "idmap") == 0 || strcmp(option, "ridmap") == 0;
}

/*
 * A bind mount begins with the flags of its source.  Here as options, all of which those of the
 * configuration can take back.
 */
static void write_options(struct writer *out, const struct json_node *mount)
{
	unsigned long flags = rootfs_source_flags(out->guest->rootfs, mount->index);
	bool tree = has_option(&out->guest->spec->mounts.items[mount->index], "rbind");
	const struct json_node *options = json_get(mount, "options");

	jsonw_array(out->w, "options");
	for (const struct rootfs_flag *f = rootfs_flags; f->option; f++)
		if (flags & f->flag)
			jsonw_string(out->w, NULL, f->option + (tree ? 0 : 1));
	json_foreach (option, options)
		if (option->type != JSON_STRING || !is_host_option(option->text))
			jsonw_copy(out->w, NULL, option);
	jsonw_end(out->w);
}

/* The source is another one, and the id map is that of the host's mount. */
static const struct rule volume_rules[] = {
	{ "source", NULL, NULL },
	{ "uidMappings", NULL, NULL },
	{ "gidMappings", NULL, NULL },
	{ "options", NULL, NULL }, /* written anew */
	{ NULL, NULL, NULL },
};

static void write_mounts(struct writer *out, const char *key, const struct json_node *node)
{
	const struct rootfs_plan *rootfs = out->guest->rootfs;

	jsonw_array(out->w, key);
	json_foreach (mount, node) {
		char source[64];

		if (!rootfs || !rootfs_is_exported(rootfs, mount->index)) {
			jsonw_copy(out->w, NULL, mount);
			continue;
		}
		snprintf(source, sizeof(source), GUEST_VOLUMES "/%u", mount->index);
		jsonw_object(out->w, NULL);
		write_object(out, mount, volume_rules);
		jsonw_string(out->w, "source", source);
		write_options(out, mount);
		jsonw_end(out->w);
	}
	jsonw_end(out->w);
}

/* ---- linux ---- */

/* What counts or names things of the host stays there. */
static const struct rule cpu_rules[] = {
	{ "cpus", NULL, NULL },
	{ "mems", NULL, NULL },
	{ NULL, NULL, NULL },
};

static const struct rule resources_rules[] = {
	{ "cpu", cpu_rules, NULL },
	{ "blockIO", NULL, NULL },
	{ "network", NULL, NULL },
	{ "rdma", NULL, NULL },
	{ NULL, NULL, NULL },
};

/* All namespaces anew: paths are the host's.  The network is the container's alone, so that what is
 * handed over is moved into it. */
static void write_namespaces(struct writer *out)
{
	jsonw_array(out->w, "namespaces");
	for (int type = 0; type < NS_COUNT; type++) {
		if (!spec_has_ns(out->guest->spec, (enum ns_type)type) && type != NS_UTS &&
			type != NS_CGROUP)
			continue;
		jsonw_object(out->w, NULL);
		jsonw_string(out->w, "type", names_of(&ns_names, type));
		jsonw_end(out->w);
	}
	jsonw_end(out->w);
}

/*
 * The file server works in the host's user namespace and sees the container's ids, so the guest
 * has them, too: each id maps to itself.
 */
static void write_maps(struct writer *out, const char *key, const struct json_node *node)
{
	jsonw_array(out->w, key);
	json_foreach (map, node) {
		const struct json_node *id = json_get(map, "containerID");
		const struct json_node *size = json_get(map, "size");

		jsonw_object(out->w, NULL);
		if (id) {
			jsonw_copy(out->w, "containerID", id);
			jsonw_copy(out->w, "hostID", id);
		} else {
			jsonw_i64(out->w, "containerID", 0);
			jsonw_i64(out->w, "hostID", 0);
		}
		if (size)
			jsonw_copy(out->w, "size", size);
		jsonw_end(out->w);
	}
	jsonw_end(out->w);
}

static const struct rule linux_rules[] = {
	{ "namespaces", NULL, NULL }, /* written anew */
	{ "cgroupsPath", NULL, NULL },
	{ "uidMappings", NULL, write_maps },
	{ "gidMappings", NULL, write_maps },
	{ "netDevices", NULL, NULL }, /* moved on the host */
	{ "mountLabel", NULL, NULL }, /* the guest has no SELinux */
	{ "resources", resources_rules, NULL },
	{ NULL, NULL, NULL },
};

static void write_linux(struct writer *out, const struct json_node *node)
{
	jsonw_object(out->w, "linux");
	if (node)
		write_object(out, node, linux_rules);
	write_namespaces(out);
	jsonw_string(out->w, "cgroupsPath", GUEST_CGROUP);
	jsonw_end(out->w);
}

/* ---- the document ---- */

static bool has_limit(const struct json_node *limits, const char *name)
{
	json_foreach (limit, limits) {
		const struct json_node *type = json_get(limit, "type");

		if (type && type->type == JSON_STRING && strcmp(type->text, name) == 0)
			return true;
	}
	return false;
}

/* What is not given is the caller's, as it is without a machine. */
static void write_limits(struct writer *out, const struct json_node *given)
{
	const struct rlimit *limits = out->guest->limits;

	jsonw_array(out->w, "rlimits");
	json_foreach (limit, given)
		jsonw_copy(out->w, NULL, limit);
	for (int type = 0; limits && type < RLIM_NLIMITS; type++) {
		const struct spec_rlimit limit = { type, limits[type].rlim_cur,
			limits[type].rlim_max };
		const char *name = names_of(&rlimit_names, type);

		if (name && !has_limit(given, name))
			message_put_rlimit(out->w, &limit);
	}
	jsonw_end(out->w);
}

/* Labels are of the host's LSMs. */
static const struct rule process_rules[] = {
	{ "apparmorProfile", NULL, NULL },
	{ "selinuxLabel", NULL, NULL },
	{ "rlimits", NULL, NULL }, /* written anew */
	{ NULL, NULL, NULL },
};

static void write_process(struct writer *out, const char *key, const struct json_node *node)
{
	if (node->type != JSON_OBJECT) {
		jsonw_copy(out->w, key, node);
		return;
	}
	jsonw_object(out->w, key);
	write_object(out, node, process_rules);
	write_limits(out, json_get(node, "rlimits"));
	jsonw_end(out->w);
}

/* The others have run on the host. */
static void write_hooks(struct writer *out, const char *key, const struct json_node *node)
{
	const char *name = names_of(&hook_names, HOOK_START_CONTAINER);
	const struct json_node *hooks = json_get(node, name);

	jsonw_object(out->w, key);
	if (hooks)
		jsonw_copy(out->w, name, hooks);
	jsonw_end(out->w);
}

static void write_root(struct writer *out, const char *key, const struct json_node *node)
{
	static const struct rule members[] = { { "path", NULL, NULL }, { NULL, NULL, NULL } };

	jsonw_object(out->w, key);
	write_object(out, node, members);
	jsonw_string(out->w, "path", GUEST_IMAGE);
	jsonw_end(out->w);
}

static const struct rule annotation_rules[] = {
	{ ANNOTATION_ISOLATION, NULL, NULL },
	{ ANNOTATION_HANDLER, NULL, NULL },
	{ NULL, NULL, NULL },
};

static const struct rule rules[] = {
	{ "root", NULL, write_root },
	{ "mounts", NULL, write_mounts },
	{ "process", NULL, write_process },
	{ "hooks", NULL, write_hooks },
	{ "annotations", annotation_rules, NULL },
	{ "linux", NULL, NULL }, /* written anew */
	{ "hostname", NULL, NULL },
	{ "vm", NULL, NULL },
	{ NULL, NULL, NULL },
};

int config_for_guest(const struct config_guest *guest, char **out_text, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	struct writer out = { jsonw_new(false), guest };
	const struct json_node *root;
	int r = json_parse(guest->text, guest->len, SPEC_SIZE_MAX, &doc, err);

	if (r < 0) {
		jsonw_free(out.w);
		return r;
	}
	root = json_root(doc);
	jsonw_object(out.w, NULL);
	write_object(&out, root, rules);
	write_linux(&out, json_get(root, "linux"));
	if (guest->spec->hostname || guest->hostname)
		jsonw_string(out.w, "hostname",
			guest->spec->hostname ? guest->spec->hostname : guest->hostname);
	jsonw_end(out.w);
	return jsonw_finish(out.w, out_text, err);
}

/* A document of its own, called @name in messages, as @write writes it. */
static int rewrite(const char *text, size_t len, const char *name, const struct config_guest *guest,
	void (*write)(struct writer *out, const char *key, const struct json_node *node),
	char **out_text, struct err *err)
{
	auto_(json_doc) struct json_doc *doc = NULL;
	struct writer out = { NULL, guest };
	int r = json_parse(text, len, SPEC_SIZE_MAX, &doc, err);

	if (r < 0)
		return err_in(err, "%s", name);
	out.w = jsonw_new(false);
	write(&out, NULL, json_root(doc));
	return jsonw_finish(out.w, out_text, err);
}

int config_process_for_guest(const char *text, size_t len, const char *name,
	const struct rlimit *limits, char **out_text, struct err *err)
{
	const struct config_guest guest = { .limits = limits };

	return rewrite(text, len, name, &guest, write_process, out_text, err);
}

static void write_resources(struct writer *out, const char *key, const struct json_node *node)
{
	jsonw_object(out->w, key);
	write_object(out, node, resources_rules);
	jsonw_end(out->w);
}

int config_resources_for_guest(const char *text, size_t len, char **out_text, struct err *err)
{
	return rewrite(text, len, "resources", NULL, write_resources, out_text, err);
}
