/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.devices as an eBPF program of the cgroup (cgroup v2 has no other device control).
 * Private to cgroups/.
 */
#pragma once

#include <linux/bpf.h>

#include "cgroups/cgroup.h"

struct devices_program {
	struct bpf_insn *insns;
	size_t count;
	size_t size;
};
void devices_program_release(struct devices_program *program);
DEFINE_AUTO(devices_program, devices_program_release);

/*
 * Makes the program: deny everything, allow the default devices, then @rules in their order, the
 * last one that speaks of a device and an access deciding.
 *
 * A rule that denies everything ({"allow": false} for all types, numbers and accesses: every
 * engine's first) takes back the rules before it and leaves the default devices, which the
 * container MUST have (config-linux.md, "Default Devices").  A denial that names a type or a number
 * means what it says, of a default device too.
 *
 * @nodes (linux.devices) are allowed only when there is no rule at all: rules may grant less than
 * everything on such a device, as podman's --device /dev/sda:r does.
 */
void devices_program_build(const struct spec_device_rule *rules, size_t rule_count,
	const struct spec_device *nodes, size_t node_count, struct devices_program *out_program);

/* Loads it into the kernel; the descriptor is the caller's.  -EPERM: not allowed to. */
int devices_load(const struct devices_program *program, struct err *err) MUST_USE;

/* Attaches a loaded one to cgroup @fd; @replace: takes the place of an earlier one of ours, if
 * there is one, in one step. */
int devices_attach(int fd, bool replace, int prog, struct err *err) MUST_USE;
