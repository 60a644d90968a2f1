/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another process of a container while it is made (exec): what exec.c and the isolation modes fill
 * in between them.  Private to runtime/.
 */
#pragma once

#include <stdint.h>

#include "cgroups/cgroup.h"
#include "namespaces/namespace.h"
#include "oci/spec.h"
#include "runtime/container-internal.h"
#include "runtime/launch.h"
#include "runtime/process/process.h"

struct execution {
	const struct container_exec_options *options;
	struct container container;
	struct spec *spec;
	struct spec_process_doc *doc; /* of --process */
	struct spec_process process; /* what is executed */
	struct spec_capabilities capabilities;
	const char **env; /* with --env: NULL-terminated, owned array of borrowed strings */
	uint32_t *gids; /* with --additional-gids; owned */
	struct ns_plan ns;
	struct process_plan plan; /* native */
	struct stub *stub; /* kvm; owned by that mode */
	struct cgroup *cgroup; /* the container's current one, or one below it */
	struct launch launch;
	int procfd;
};

/*
 * Finds the cgroup in which the container's process is now (a systemd inside may have moved it),
 * not the recorded one, or @below of it (NULL: itself), for the new process to be born in.
 */
int execution_find_cgroup(struct execution *e, const char *below, struct err *err) MUST_USE;
