// SPDX-License-Identifier: Apache-2.0
/*
 * The features document (features.md, features-linux.md): what this build knows, not what the host
 * can do, so all is known at compile time.  It walks the tables that parse the configuration; what
 * no table says is said in the constants below.
 *
 * A program that is called for the KVM mode tells what works there: an engine that has it as a second
 * runtime asks it by that name.
 */
#include "oci/spec.h"

#include <seccomp.h>
#include <string.h>

#include "oci/jsonw.h"

/* What is built and what is not.  */
#define HAS_CGROUP_V1 false
#define HAS_CGROUP_V2 true
#define HAS_SYSTEMD true
#define HAS_SYSTEMD_USER true
#define HAS_RDMA true
#define HAS_APPARMOR true
#define HAS_SELINUX true
#define HAS_INTEL_RDT false
#define HAS_IDMAP true
#define HAS_NET_DEVICES true

/* Without @but (NULL: all of them). */
static void write_names_but(
	struct jsonw *w, const char *key, const struct names *names, const char *but)
{
	jsonw_array(w, key);
	for (size_t i = 0; i < names->count; i++)
		if (!but || strcmp(names->rows[i].name, but) != 0)
			jsonw_string(w, NULL, names->rows[i].name);
	jsonw_end(w);
}

static void write_names(struct jsonw *w, const char *key, const struct names *names)
{
	write_names_but(w, key, names, NULL);
}

static void write_mount_options(struct jsonw *w, bool kvm)
{
	jsonw_array(w, "mountOptions");
	for (size_t i = 0; i < mount_option_count; i++)
		if (!kvm || strcmp(mount_options[i].name, "copy-symlink") != 0)
			jsonw_string(w, NULL, mount_options[i].name);
	jsonw_end(w);
}

static void write_enabled(struct jsonw *w, const char *key, bool enabled)
{
	jsonw_object(w, key);
	jsonw_bool(w, "enabled", enabled);
	jsonw_end(w);
}

static void write_cgroup(struct jsonw *w)
{
	jsonw_object(w, "cgroup");
	jsonw_bool(w, "v1", HAS_CGROUP_V1);
	jsonw_bool(w, "v2", HAS_CGROUP_V2);
	jsonw_bool(w, "systemd", HAS_SYSTEMD);
	jsonw_bool(w, "systemdUser", HAS_SYSTEMD_USER);
	jsonw_bool(w, "rdma", HAS_RDMA);
	jsonw_end(w);
}

static void write_seccomp(struct jsonw *w, bool kvm)
{
	jsonw_object(w, "seccomp");
	jsonw_bool(w, "enabled", true);
	/* It wants a process of the host that decides. */
	write_names_but(w, "actions", &seccomp_action_names, kvm ? "SCMP_ACT_NOTIFY" : NULL);
	write_names(w, "operators", &seccomp_operator_names);
	write_names(w, "archs", &seccomp_arch_names);
	write_names(w, "knownFlags", &seccomp_flag_names);
	write_names(w, "supportedFlags", &seccomp_flag_names);
	jsonw_end(w);
}

static void write_memory_policy(struct jsonw *w)
{
	jsonw_object(w, "memoryPolicy");
	write_names(w, "modes", &memory_policy_mode_names);
	write_names(w, "flags", &memory_policy_flag_names);
	jsonw_end(w);
}

static void write_linux(struct jsonw *w, bool kvm)
{
	jsonw_object(w, "linux");
	write_names(w, "namespaces", &ns_names);
	write_names(w, "capabilities", &capability_names);
	write_cgroup(w);
	write_seccomp(w, kvm);
	write_enabled(w, "apparmor", HAS_APPARMOR);
	write_enabled(w, "selinux", HAS_SELINUX);
	write_enabled(w, "intelRdt", HAS_INTEL_RDT);
	if (!kvm)
		write_memory_policy(w);
	jsonw_object(w, "mountExtensions");
	write_enabled(w, "idmap", HAS_IDMAP);
	jsonw_end(w);
	write_enabled(w, "netDevices", HAS_NET_DEVICES);
	jsonw_end(w);
}

static void write_annotations(struct jsonw *w, const struct features_options *options)
{
	const struct scmp_version *seccomp = seccomp_version();
	auto_free char *library =
		xasprintf("%u.%u.%u", seccomp->major, seccomp->minor, seccomp->micro);

	jsonw_object(w, "annotations");
	/* The key that the other runtimes use too. */
	jsonw_string(w, "io.github.seccomp.libseccomp.version", library);
	if (options->commit && *options->commit)
		jsonw_string(w, "run.ringwall.commit", options->commit);
	/* Of which mode this document is, and which there are. */
	jsonw_string(w, ANNOTATION_ISOLATION, options->kvm ? "kvm" : "native");
	jsonw_string(w, ANNOTATION_ISOLATION ".modes", options->has_kvm ? "native,kvm" : "native");
	jsonw_string(w, "run.ringwall.version", options->version);
	jsonw_end(w);
}

static void write_unsafe_annotations(struct jsonw *w)
{
	jsonw_array(w, "potentiallyUnsafeConfigAnnotations");
	for (size_t i = 0; i < annotation_count; i++)
		if (annotations[i].unsafe)
			jsonw_string(w, NULL, annotations[i].key);
	jsonw_end(w);
}

char *spec_features_format(const struct features_options *options)
{
	struct jsonw *w = jsonw_new(true);

	jsonw_object(w, NULL);
	jsonw_string(w, "ociVersionMin", OCI_VERSION_MIN);
	jsonw_string(w, "ociVersionMax", OCI_VERSION_MAX);
	write_names(w, "hooks", &hook_names);
	write_mount_options(w, options->kvm);
	write_linux(w, options->kvm);
	write_annotations(w, options);
	write_unsafe_annotations(w);
	jsonw_end(w);
	return jsonw_take(w);
}
