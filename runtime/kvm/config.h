/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration for a container in a virtual machine: what cannot be done there, how large the
 * machine is, and the configurations that the two halves work by.  Pure.  Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/err.h"
#include "kvm/vm.h"
#include "oci/spec.h"
#include "rootfs/rootfs.h"

/* Refuses, with the property's path, what a machine cannot do (R12). */
int config_refuse(const struct spec *spec, struct err *err) MUST_USE;
/* The same of a process alone, for exec. */
int config_refuse_process(const struct spec_process *process, struct err *err) MUST_USE;

/* ---- size ---- */

struct config_size {
	unsigned int cpus;
	uint64_t memory; /* bytes of guest memory */
	uint64_t overhead; /* bytes that the machine needs beside them */
};

/* What the guest's kernel and the agent take of the guest's memory, beside the container's. */
#define CONFIG_GUEST_RESERVE (96ull << 20)
/* What the machine's process takes beside the guest's memory. */
#define CONFIG_OVERHEAD (16ull << 20)
/* Threads that the machine has at most beside one for each of VM_CPUS_MAX processors: control, I/O,
 * and VM_FS_THREADS_MAX for each of the two trees. */
#define CONFIG_TASKS (VM_CPUS_MAX + 2 + 2 * VM_FS_THREADS_MAX)
/* Without a limit: used as it is touched. */
#define CONFIG_MEMORY_DEFAULT (1ull << 30)
#define CONFIG_CPUS_DEFAULT 1u
/* The container's at least: what a limit of less would leave a guest cannot run with. */
#define CONFIG_MEMORY_MIN (32ull << 20)

/*
 * The machine for @spec: vm.hwConfig; else the cpu quota, rounded up, bounded by the cpuset and
 * @host_cpus, and the memory limit with CONFIG_GUEST_RESERVE on top.  @cpus_max: what a machine can
 * have.
 */
int config_size(const struct spec *spec, unsigned int host_cpus, unsigned int cpus_max,
	struct config_size *out_size, struct err *err) MUST_USE;

/*
 * The limits of the host's cgroup, which holds the machine: those of the container, with memory and
 * tasks for the machine on top, but for what is the guest's own (devices, unified).  Borrows from
 * @resources and @out_memory, the caller's storage.
 */
void config_host_resources(const struct spec_resources *resources, const struct config_size *size,
	struct spec_memory *out_memory, struct spec_resources *out_resources);

/* The device nodes that the machine opens: those of the configuration are the guest's. */
extern const spec_devices config_host_devices;

/* What of an update is the host's: its size the machine keeps. */
void config_host_update(
	const struct spec_resources *resources, struct spec_resources *out_resources);

/* ---- what the guest gets ---- */

/* What the shared trees and the agent's port are called, and where the guest has the trees. */
#define GUEST_IMAGE_TAG "rootfs"
#define GUEST_VOLUMES_TAG "volumes"
#define GUEST_PORT "agent"
#define GUEST_IMAGE "/r/" ROOTFS_EXPORT_IMAGE
#define GUEST_VOLUMES "/r/" ROOTFS_EXPORT_VOLUMES
#define GUEST_CGROUP "/container"

struct config_guest {
	const struct spec *spec;
	const char *text; /* of the configuration */
	size_t len;
	const struct rootfs_plan *rootfs; /* which mounts are exported; NULL: none */
	const char *hostname; /* for a container that gives none; NULL: nor does the host */
	const struct rlimit
		*limits; /* the caller's, RLIM_NLIMITS, for those not given; NULL: none */
};

/*
 * The configuration for the runtime in the guest: the same container with its files below
 * GUEST_IMAGE, namespaces of the guest's own, and without what the host has done or does.  *out_text:
 * heap string.
 */
int config_for_guest(const struct config_guest *guest, char **out_text, struct err *err) MUST_USE;

/* A process object for the guest, of @len bytes of text, likewise; @limits as above. */
int config_process_for_guest(const char *text, size_t len, const char *name,
	const struct rlimit *limits, char **out_text, struct err *err) MUST_USE;

/* A linux.resources object for the guest, of @len bytes of text, likewise. */
int config_resources_for_guest(
	const char *text, size_t len, char **out_text, struct err *err) MUST_USE;
