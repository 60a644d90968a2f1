// SPDX-License-Identifier: Apache-2.0
/*
 * The annotations that change what we do; all others are only handed on (config.md, "Annotations").
 * "Unsafe" ones could weaken the isolation when an image's labels reach them: `features` tells
 * engines which (potentiallyUnsafeConfigAnnotations).  A row comes with the code that honours it.
 */
#include "oci/spec.h"

#include <string.h>

const struct annotation annotations[] = {
	{ ANNOTATION_KEEP_GROUPS, true,
		"`1`: the process keeps the supplementary groups of the runtime's caller; "
		"additionalGids is without effect (podman --group-add keep-groups)" },
	{ "org.systemd.property.", true,
		"a property of the container's systemd unit, by its name on the bus or, with "
		"...Sec, in seconds; the value is GVariant text: `true`, `uint64 5`, `'text'`" },
	{ "run.oci.systemd.subgroup", true,
		"the cgroup below the systemd unit in which the container lives; without it, or "
		"empty, the unit's own" },
	/* Neither can take a virtual machine away: requests that differ are an error. */
	{ ANNOTATION_ISOLATION, false,
		"what the container runs on: `native`, the host's kernel, or `kvm`, one of its "
		"own" },
	{ ANNOTATION_HANDLER, false, "`krun` is the same as `" ANNOTATION_ISOLATION "=kvm`" },
	{ ANNOTATION_CRI_TYPE, false,
		"`sandbox`: the container only holds a pod's namespaces; in a machine it gets no "
		"network device, so that the pod's container can have it; `container`: one of a "
		"pod, which in a machine may name the sandbox's IPC namespace and gets its own" },
	{ ANNOTATION_CRIO_TYPE, false, "the same, as CRI-O says it" },
};

const size_t annotation_count = sizeof(annotations) / sizeof(annotations[0]);

static bool say_type(const spec_pairs *pairs, const char *type)
{
	for (size_t i = 0; i < pairs->count; i++)
		if ((strcmp(pairs->items[i].key, ANNOTATION_CRI_TYPE) == 0 ||
			    strcmp(pairs->items[i].key, ANNOTATION_CRIO_TYPE) == 0) &&
			strcmp(pairs->items[i].value, type) == 0)
			return true;
	return false;
}

bool annotations_say_sandbox(const spec_pairs *pairs)
{
	return say_type(pairs, "sandbox");
}

bool annotations_say_in_pod(const spec_pairs *pairs)
{
	return say_type(pairs, "container");
}

bool spec_keeps_groups(const struct spec *spec)
{
	const char *value = spec_annotation(spec, ANNOTATION_KEEP_GROUPS);

	return value && strcmp(value, "1") == 0;
}
