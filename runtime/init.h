/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation.  "init" is the container's process before it becomes the container's
 * program: first of a new container, or another one (exec).  It walks a static table of phases
 * (init.c), and only applies what the parent has planned: it parses nothing, looks up no user of
 * the host, loads no library.  A phase that fails sends its error up the channel with the phase's
 * name as context, and exits.
 *
 * Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <stdnoreturn.h>

#include "base/err.h"
#include "namespaces/namespace.h"
#include "oci/spec.h"
#include "rootfs/rootfs.h"
#include "runtime/process/process.h"

/* Shared between parent and init until execve: in which phase init is, so that its death can be
 * named without a message for each phase. */
struct init_progress {
	volatile unsigned int phase;
};

/* Which phases are walked: a row is for one or both. */
#define INIT_NATIVE 8u
#define INIT_KVM 16u

struct init_plan {
	const char *id;
	const struct spec *spec; /* borrowed */
	const struct ns_plan *ns; /* borrowed */
	struct rootfs_plan *rootfs; /* borrowed; NULL for exec */
	struct machine *machine; /* kvm; borrowed */
	struct stub *stub; /* exec in kvm; borrowed */
	struct process_plan
		*process; /* borrowed; NULL: config.json has no process (then start fails) */
	struct spec_state state; /* what hooks in the container are told; pid is set by init */
	bool is_exec;
	unsigned int mode; /* INIT_NATIVE or INIT_KVM */
	const char
		*chroot; /* exec: the root, when the mount namespace does not bring it; else NULL */
	unsigned int preserved_fds; /* descriptors from 3 on that are for the program */
	bool terminal;
	bool wait_first; /* for the parent, before anything else */
	bool ask_parent; /* something is to be done by the parent once the mounts are there */
	int sync_fd; /* init's end of the channel; owned by init after the clone */
	int gate_fd; /* listening socket for start; FD_NONE: SYNC_START comes by sync_fd */
	int listener_fd; /* connected to linux.seccomp.listenerPath; FD_NONE: none */
	struct init_progress *progress;
};

/* The descriptors of its parent that init needs beside the standard and the preserved ones. */
#define INIT_KEEP_FDS 3
void init_keep_fds(const struct init_plan *plan, int out_fds[INIT_KEEP_FDS]);

/* Runs in the child after ns_clone(). */
noreturn void init_main(struct init_plan *plan);

/* "rootfs": the phase that @progress shows, for the message about a dead init. */
const char *init_phase_name(const struct init_progress *progress);

/* The table's names in order, for docs and tests; NULL after the last. */
const char *init_phase_at(unsigned int index);
