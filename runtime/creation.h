/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container while it is made: what create.c and the isolation modes fill in between them.
 * Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/stamp.h"
#include "cgroups/cgroup.h"
#include "namespaces/namespace.h"
#include "oci/spec.h"
#include "rootfs/rootfs.h"
#include "runtime/container-internal.h"
#include "runtime/launch.h"
#include "runtime/process/process.h"
#include "runtime/state.h"

struct creation {
	const struct runtime *rt;
	const struct container_create_options *options;
	bool gated; /* create: init waits at the gate; run: for us */
	char *bundle;
	char *config;
	size_t config_len;
	char created[STAMP_SIZE];
	char owner[16];
	char mark[PROCESS_MARK_SIZE];
	struct spec *spec;
	struct container container;
	struct ns_plan ns;
	struct rootfs_plan *rootfs;
	char *rootfs_path;
	const struct spec_resources
		*resources; /* of the host's cgroup: the spec's, or the mode's */
	const spec_devices *devices; /* likewise */
	struct process_plan process; /* native; kvm: what concerns the host alone */
	struct machine *machine; /* kvm; owned by that mode */
	struct launch launch;
	struct ns_net_devices *net_devices; /* moved into the container; NULL: none */
	bool notify; /* the caller waits for the container's READY=1 */
	bool pid_file_written;
};

/* For the modes: launch_clone(), with what the new process inherits of its parent (oom_score_adj). */
int creation_clone(struct creation *c, struct err *err) MUST_USE;
