// SPDX-License-Identifier: Apache-2.0
/*
 * The annotations that change what we do; all others are only handed on (config.md, "Annotations").
 * "Unsafe" ones could weaken the isolation when an image's labels reach them: `features` tells engines
 * which (potentiallyUnsafeConfigAnnotations).
 */
#include "oci/spec.h"

const struct annotation annotations[] = {
	{ "org.systemd.property.", true,
		"a property of the scope unit that systemd makes for the container, in GVariant "
		"text" },
	{ "run.oci.systemd.subgroup", true,
		"the sub-cgroup of the scope that holds the container's processes" },
	{ "run.oci.handler", true, "\"kvm\" runs the container in a virtual machine" },
};

const size_t annotation_count = sizeof(annotations) / sizeof(annotations[0]);
