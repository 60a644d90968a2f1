/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that was found on disk, with its process held by a pidfd.  Private to runtime/:
 * shared by the files that implement container.h.
 */
#pragma once

#include "base/err.h"
#include "cgroups/cgroup.h"
#include "runtime/container.h"
#include "runtime/state.h"

enum container_status { /* runtime.md "State", and paused */
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};

struct isolation;

struct container {
	struct state_dir dir;
	struct state state;
	const struct isolation
		*isolation; /* how it runs: of the record, or of the one being made */
	bool abandoned; /* its creator died: no usable state, or "creating" with nobody at work */
	bool rootless; /* the caller has no privileges on the host */
	int pidfd; /* FD_NONE: its process is gone or was never made */
	struct cgroup *cgroup; /* opened by container_cgroup() */
	int interrupt_fd; /* > 0: when it is readable, hooks and start are given up; borrowed */
};

/* Finds a container and pins its process if that is still the recorded one. */
int container_open(const struct runtime *rt, const char *id, enum state_lock lock,
	struct container *out_container, struct err *err) MUST_USE;
void container_release(struct container *c);
DEFINE_AUTO(container, container_release);

/* Without looking whether it is paused: CREATING, CREATED, RUNNING or STOPPED. */
enum container_status container_status(const struct container *c);
const char *container_status_name(enum container_status status);

/* Its cgroup, opened once; borrowed. */
int container_cgroup(struct container *c, struct cgroup **out_cgroup, struct err *err) MUST_USE;

/* container_status() with paused looked up. */
int container_status_full(
	struct container *c, enum container_status *out_status, struct err *err) MUST_USE;

/* An error unless the container has a process that is created or running. */
int container_require_process(const struct container *c, struct err *err) MUST_USE;

/*
 * Kills, waits (bounded), removes the cgroup, runs the poststop hooks and removes the state: what
 * the record names, in this order.  Idempotent: the error path of create, `delete` and `delete
 * --force` alike (R13).
 */
int container_destroy(struct container *c, struct err *err) MUST_USE;

/* The state document's members. */
struct spec_state container_describe(const struct container *c, enum container_status status);

/* Runs a list of hooks on the runtime's side with the state document as @status has it. */
int container_run_hooks(struct container *c, const struct spec *spec, enum hook_kind kind,
	enum container_status status, struct err *err) MUST_USE;
