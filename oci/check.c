// SPDX-License-Identifier: Apache-2.0
/*
 * The rules between chapters of a configuration: what a table of one object cannot see.  Runs after
 * reading; does not look at the host.
 */
#include "oci/spec.h"

#include <assert.h>
#include <string.h>
#include <sys/mount.h>

#include "base/mem.h"
#include "oci/json.h"

/* The node of a property such as "linux.netDevices", which is there. */
static const struct json_node *property_node(const struct spec *spec, const char *property)
{
	const struct json_node *node = json_root(spec->doc);

	for (const char *name = property; *name;) {
		size_t len = strcspn(name, ".");
		auto_free char *key = xstrndup(name, len);

		node = json_get(node, key);
		assert(node);
		name += len + (name[len] == '.');
	}
	return node;
}

/* ---- mounts ---- */

struct mount_traits {
	bool bind;
	bool idmap;
	bool no_file_system; /* remount, or only a change of propagation */
};

static struct mount_traits mount_look(const struct spec_mount *mount)
{
	struct mount_traits traits = { 0 };

	for (size_t i = 0; i < mount->options.count; i++) {
		const struct mount_option *option = mount_option_find(mount->options.items[i]);

		if (!option)
			continue;
		traits.bind |= option->kind == MOUNT_OPTION_BIND;
		traits.idmap |= option->kind == MOUNT_OPTION_IDMAP;
		traits.no_file_system |= option->kind == MOUNT_OPTION_PROPAGATION ||
			(option->kind == MOUNT_OPTION_FLAG && (option->set & MS_REMOUNT));
	}
	return traits;
}

static int check_mount(const struct spec *spec, const struct spec_mount *mount,
	const struct json_node *node, struct err *err)
{
	struct mount_traits traits = mount_look(mount);

	/* config.md: "If there are no uidMappings and gidMappings specified and the container
	 * isn't using user namespaces, an error MUST be returned." */
	if (traits.idmap && !mount->uid_mappings.count && !spec_has_ns(spec, NS_USER))
		return json_error(spec->doc, node, err,
			"an id-mapped mount needs \"uidMappings\" and \"gidMappings\", or a user "
			"namespace");
	if (traits.bind && !mount->source)
		return json_error(spec->doc, node, err, "a bind mount needs a \"source\"");
	if (!mount->type && !traits.bind && !traits.no_file_system) {
		json_error(spec->doc, node, err, "the file system's \"type\" is missing");
		err_hint(err, "a bind mount has the option \"bind\" or \"rbind\"");
		return err_result(err);
	}
	return 0;
}

static int check_mounts(const struct spec *spec, struct err *err)
{
	const struct json_node *nodes = json_get(json_root(spec->doc), "mounts");
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->mounts.count; i++)
		r = check_mount(spec, &spec->mounts.items[i], json_at(nodes, i), err);
	return r;
}

/* What would change the mounts of the runtime itself without a mount namespace (security rule
 * R14). */
static const char *changes_mounts(const struct spec *spec)
{
	if (spec->mounts.count)
		return "mounts";
	if (spec->root->readonly)
		return "root.readonly";
	if (spec->linux_->masked_paths.count)
		return "linux.maskedPaths";
	if (spec->linux_->readonly_paths.count)
		return "linux.readonlyPaths";
	if (spec->linux_->rootfs_propagation)
		return "linux.rootfsPropagation";
	return NULL;
}

/* ---- namespaces ---- */

static int need_namespace(
	const struct spec *spec, enum ns_type type, const char *property, struct err *err)
{
	if (spec_has_ns(spec, type))
		return 0;
	json_error(spec->doc, property_node(spec, property), err,
		"needs a %s namespace in linux.namespaces", names_of(&ns_names, type));
	err_hint(err, "without one it would act on the host's");
	return err_result(err);
}

/* Init makes the container's files as its root; without one every new file is EOVERFLOW. */
static int need_root(const spec_idmaps *maps, const char *property, struct err *err)
{
	if (!maps->count)
		return 0;
	list_foreach (map, maps)
		if (map->container_id == 0)
			return 0;
	err_bad(err, ERR_CONFIG, "%s: no range holds id 0", property);
	err_hint(err, "the container is set up by its root; its process may be another user");
	return err_result(err);
}

static int check_namespaces(const struct spec *spec, struct err *err)
{
	const struct spec_linux *linux_ = spec->linux_;
	const char *mounts = changes_mounts(spec);
	int r = 0;

	if (mounts)
		r = need_namespace(spec, NS_MOUNT, mounts, err);
	if (r == 0 && linux_->net_devices.count)
		r = need_namespace(spec, NS_NETWORK, "linux.netDevices", err);
	/* The specification lets them act on the caller's namespace.  Other runtimes refuse it, so an
	 * engine that leaves a name in means nothing by it; here it would rename the machine. */
	if (r == 0 && spec->hostname)
		r = need_namespace(spec, NS_UTS, "hostname", err);
	if (r == 0 && spec->domainname)
		r = need_namespace(spec, NS_UTS, "domainname", err);
	if (r == 0 && linux_->uid_mappings.count)
		r = need_namespace(spec, NS_USER, "linux.uidMappings", err);
	if (r == 0 && linux_->gid_mappings.count)
		r = need_namespace(spec, NS_USER, "linux.gidMappings", err);
	if (r == 0)
		r = need_root(&linux_->uid_mappings, "linux.uidMappings", err);
	if (r == 0)
		r = need_root(&linux_->gid_mappings, "linux.gidMappings", err);
	return r;
}

/* Only a time namespace that nobody is in yet takes offsets (time_namespaces(7)). */
static int check_time(const struct spec *spec, struct err *err)
{
	const struct spec_namespace *ns = &spec->linux_->namespaces[NS_TIME];

	if (!spec->linux_->time_monotonic && !spec->linux_->time_boottime)
		return 0;
	if (!ns->listed)
		return need_namespace(spec, NS_TIME, "linux.timeOffsets", err);
	if (ns->path)
		return json_error(spec->doc, property_node(spec, "linux.timeOffsets"), err,
			"only a new time namespace has offsets, not one that is joined");
	return 0;
}

int spec_check(const struct spec *spec, struct err *err)
{
	int r;

	r = check_namespaces(spec, err);
	if (r == 0)
		r = check_time(spec, err);
	if (r == 0)
		r = check_mounts(spec, err);
	return r;
}
