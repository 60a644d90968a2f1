// SPDX-License-Identifier: Apache-2.0
/*
 * The configuration that `spec` writes: a shell in the directory rootfs of the bundle, with the
 * namespaces, mounts, masks and few capabilities that container engines give by default.  Rootless:
 * what a user without privileges may do, with the caller as root of the container.
 */
#include "oci/spec.h"

#include <string.h>

#include "oci/jsonw.h"

#define OPTIONS_MAX 6

struct default_mount {
	const char *destination;
	const char *type;
	const char *source;
	const char *options[OPTIONS_MAX + 1];
};

static const struct default_mount mounts[] = {
	{ "/proc", "proc", "proc", { NULL } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts", "devpts", "devpts",
		{ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

/* Group 5 (tty) is not in the id map of one user. */
static const struct default_mount rootless_pts = { "/dev/pts", "devpts", "devpts",
	{ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } };

/* sysfs belongs to the network namespace, which is the host's: it can only be bound. */
static const struct default_mount host_network_sys = { "/sys", "none", "/sys",
	{ "rbind", "nosuid", "noexec", "nodev", "ro" } };

static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE",
	NULL };

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger",
	NULL,
};

static void write_strings(struct jsonw *w, const char *key, const char *const *strings)
{
	jsonw_array(w, key);
	for (; *strings; strings++)
		jsonw_string(w, NULL, *strings);
	jsonw_end(w);
}

static void write_capabilities(struct jsonw *w)
{
	jsonw_object(w, "capabilities");
	write_strings(w, "bounding", capabilities);
	write_strings(w, "effective", capabilities);
	write_strings(w, "permitted", capabilities);
	jsonw_end(w);
}

static void write_process(struct jsonw *w)
{
	static const char *const args[] = { "sh", NULL };
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
		NULL
	};

	jsonw_object(w, "process");
	jsonw_bool(w, "terminal", true);
	jsonw_object(w, "user");
	jsonw_i64(w, "uid", 0);
	jsonw_i64(w, "gid", 0);
	jsonw_end(w);
	write_strings(w, "args", args);
	write_strings(w, "env", env);
	jsonw_string(w, "cwd", "/");
	write_capabilities(w);
	jsonw_array(w, "rlimits");
	jsonw_object(w, NULL);
	jsonw_string(w, "type", "RLIMIT_NOFILE");
	jsonw_i64(w, "hard", 1024);
	jsonw_i64(w, "soft", 1024);
	jsonw_end(w);
	jsonw_end(w);
	jsonw_bool(w, "noNewPrivileges", true);
	jsonw_end(w);
}

static void write_mount(struct jsonw *w, const struct default_mount *mount)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "destination", mount->destination);
	jsonw_string(w, "type", mount->type);
	jsonw_string(w, "source", mount->source);
	if (mount->options[0])
		write_strings(w, "options", mount->options);
	jsonw_end(w);
}

static void write_mounts(struct jsonw *w, bool rootless, bool host_network)
{
	jsonw_array(w, "mounts");
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const struct default_mount *mount = &mounts[i];

		if (rootless && strcmp(mount->destination, rootless_pts.destination) == 0)
			mount = &rootless_pts;
		else if (host_network &&
			strcmp(mount->destination, host_network_sys.destination) == 0)
			mount = &host_network_sys;
		write_mount(w, mount);
	}
	jsonw_end(w);
}

static void write_id_map(struct jsonw *w, const char *key, uint32_t id)
{
	jsonw_array(w, key);
	jsonw_object(w, NULL);
	jsonw_i64(w, "containerID", 0);
	jsonw_i64(w, "hostID", id);
	jsonw_i64(w, "size", 1);
	jsonw_end(w);
	jsonw_end(w);
}

static void write_namespaces(struct jsonw *w, bool rootless, bool host_network)
{
	static const enum ns_type types[] = { NS_PID, NS_NETWORK, NS_IPC, NS_UTS, NS_MOUNT,
		NS_CGROUP, NS_USER };

	jsonw_array(w, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if ((types[i] == NS_NETWORK && host_network) || (types[i] == NS_USER && !rootless))
			continue;
		jsonw_object(w, NULL);
		jsonw_string(w, "type", names_of(&ns_names, types[i]));
		jsonw_end(w);
	}
	jsonw_end(w);
}

/* No device but the default ones. */
static void write_resources(struct jsonw *w)
{
	jsonw_object(w, "resources");
	jsonw_array(w, "devices");
	jsonw_object(w, NULL);
	jsonw_bool(w, "allow", false);
	jsonw_string(w, "access", "rwm");
	jsonw_end(w);
	jsonw_end(w);
	jsonw_end(w);
}

static void write_linux(struct jsonw *w, bool rootless, bool host_network, uid_t uid, gid_t gid)
{
	jsonw_object(w, "linux");
	if (rootless) {
		write_id_map(w, "uidMappings", uid);
		write_id_map(w, "gidMappings", gid);
	} else {
		write_resources(w);
	}
	write_namespaces(w, rootless, host_network);
	write_strings(w, "maskedPaths", masked_paths);
	write_strings(w, "readonlyPaths", readonly_paths);
	jsonw_end(w);
}

char *spec_default_format(bool rootless, bool kvm, uid_t uid, gid_t gid)
{
	/* A user alone cannot connect a network: the host's is of more use, where it can be shared. */
	bool host_network = rootless && !kvm;
	struct jsonw *w = jsonw_new(true);

	jsonw_object(w, NULL);
	jsonw_string(w, "ociVersion", OCI_VERSION_MAX);
	write_process(w);
	jsonw_object(w, "root");
	jsonw_string(w, "path", "rootfs");
	jsonw_bool(w, "readonly", true);
	jsonw_end(w);
	jsonw_string(w, "hostname", "ringwall");
	write_mounts(w, rootless, host_network);
	write_linux(w, rootless, host_network, uid, gid);
	jsonw_end(w);
	return jsonw_take(w);
}
