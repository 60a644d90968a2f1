/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers on disk: <root>/<id>/ (0700) holds
 *   state.json   what is needed to find, kill and remove it; written before each resource is made
 *                (R13)
 *   config.json  the configuration as it was at create: later edits have no effect (runtime.md)
 *   control      the socket of a machine's monitor (kvm)
 *   gate         the socket at which a created container's init waits for start
 *   notify/      the sd_notify proxy's socket
 * The lock is an flock on the directory itself.  The directory's making (mkdir) is the lock against
 * a second creator.  Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "cgroups/cgroup.h"
#include "oci/spec.h"
#include "runtime/container.h"

#define STATE_FILE "state.json"
#define STATE_CONFIG "config.json"
#define STATE_GATE "gate"
#define STATE_CONTROL "control" /* kvm: the machine's monitor */
#define STATE_NOTIFY "notify"
#define STATE_NOTIFY_SOCKET STATE_NOTIFY "/notify.sock"

struct state_dir {
	int fd;
	char *id;
	char *path; /* for messages and for sockets that others bind-mount */
};

#define STATE_DIR_INIT              \
	{                           \
		FD_NONE, NULL, NULL \
	}

enum state_lock {
	STATE_UNLOCKED, /* state, list, exec, a plain kill: they read what is replaced atomically */
	STATE_EXCLUSIVE,
};

/* How long a command waits for another one's lock, in seconds. */
#define STATE_LOCK_SECONDS 10

/* Refuses ids that are no plain names (R9): [A-Za-z0-9_+-][A-Za-z0-9_+.-]{0,1023}. */
int state_check_id(const char *id, struct err *err) MUST_USE;

/* Makes the directory, locked; ERR_EXISTS when the id is taken. */
int state_create(const struct runtime *rt, const char *id, struct state_dir *out_dir,
	struct err *err) MUST_USE;

/* Opens the directory; ERR_NO_CONTAINER when there is none. */
int state_open(const struct runtime *rt, const char *id, enum state_lock lock,
	struct state_dir *out_dir, struct err *err) MUST_USE;

void state_unlock(struct state_dir *dir);
/* True when nobody holds the lock exclusively (it is not kept). */
bool state_try_lock(struct state_dir *dir);
int state_relock(struct state_dir *dir, enum state_lock lock, struct err *err) MUST_USE;

/* Removes the directory with all it holds. */
int state_remove(struct state_dir *dir, struct err *err) MUST_USE;

void state_dir_release(struct state_dir *dir);
DEFINE_AUTO(state_dir, state_dir_release);

/* The ids below the root, sorted; heap array of heap strings. */
int state_ids(
	const struct runtime *rt, char ***out_ids, size_t *out_count, struct err *err) MUST_USE;

enum state_phase { STATE_CREATING, STATE_CREATED, STATE_RUNNING };

/* The content of state.json. */
struct state {
	struct json_doc
		*doc; /* owns the strings of a state that was read; NULL for one being made */
	const char *id;
	enum state_phase phase;
	enum isolation_mode isolation;
	pid_t pid; /* 0: no process yet */
	const char *mark; /* process_mark() of it */
	const char *bundle;
	const char *rootfs;
	const char *created;
	const char *owner;
	enum cgroup_manager cgroup_manager;
	const char *cgroup_path; /* NULL: not decided yet */
	const char *cgroup_unit;
	bool shared_pid_namespace; /* its death does not take the others along */
	uint64_t memory_limit; /* kvm: what the machine can give the container, in bytes */
	bool has_process; /* else start is an error */
	bool has_keyring; /* a session keyring of its own */
	bool has_notify; /* its process has NOTIFY_SOCKET */
	bool has_poststart; /* the configuration has such hooks: only then it is read again */
	bool has_poststop;
	bool hooks_begun; /* a hook of create may have run, so the poststop hooks are due */
	bool poststop_begun;
	spec_pairs annotations;
};

int state_write(const struct state_dir *dir, const struct state *state, struct err *err) MUST_USE;
/* 1 when there is no state.json that can be read: a creator died before it had written one. */
int state_read(const struct state_dir *dir, struct state *out_state, struct err *err) MUST_USE;
void state_release(struct state *state);
DEFINE_AUTO(state, state_release);

/* The configuration's copy. */
int state_save_config(
	const struct state_dir *dir, const char *text, size_t len, struct err *err) MUST_USE;
int state_load_config(
	const struct state_dir *dir, struct spec **out_spec, struct err *err) MUST_USE;

/*
 * What tells a process from any other that ever had its pid, also after a reboot: boot id and pidfs
 * inode, or, before Linux 6.9, boot id and start time.
 */
#define PROCESS_MARK_SIZE 96
int process_mark(pid_t pid, int pidfd, char out_mark[PROCESS_MARK_SIZE], struct err *err) MUST_USE;
