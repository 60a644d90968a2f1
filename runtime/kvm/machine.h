/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's machine: planned in the parent, made and run by init.  Private to runtime/.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "kvm/guest.h"
#include "kvm/vm.h"
#include "namespaces/namespace.h"
#include "runtime/init.h"
#include "runtime/kvm/config.h"

struct machine {
	struct config_size size;
	struct spec_memory host_memory; /* storage for host_resources */
	struct spec_resources host_resources;
	int kvm_fd;
	struct guest_files files;
	char *parameters; /* vm.kernel.parameters as one string; owned */
	int initrd_fd; /* vm.kernel.initrd; FD_NONE: none */
	int control_fd; /* listening */
	int terminal; /* the slave of the host's terminal; FD_NONE: none */
	char *request; /* FRAME_CREATE */
	/* ---- in init ---- */
	bool has_volumes;
	int descriptors_fd; /* base/procfs.h; until the file servers have it */
	struct ns_guest_network network;
	struct vm *vm;
	struct cage *cage; /* until all threads are in it */
	int port; /* our end of the agent's port */
};

/* ---- the phases of init (runtime/init.c) ---- */

/* What the hooks have put into the network namespace is joined to taps. */
int machine_network(const struct init_plan *plan, struct err *err) MUST_USE;
/* The tree that the guest will share becomes the root; of the descriptors @procfd stays beside the
 * machine's own. */
int machine_export(const struct init_plan *plan, int procfd, struct err *err) MUST_USE;
/* The machine is made and the process locked in. */
int machine_make(const struct init_plan *plan, struct err *err) MUST_USE;
/* The threads are made and caged; the guest boots, and makes the container up to its gate. */
int machine_boot(const struct init_plan *plan, struct err *err) MUST_USE;
/* Serves the container until its end; does not return but for an error. */
int machine_serve(const struct init_plan *plan, struct err *err) MUST_USE;
